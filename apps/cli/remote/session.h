/* What every command at a server begins with. */
#ifndef BF_REMOTE_SESSION_H
#define BF_REMOTE_SESSION_H

#include "remote/http.h"

/* --rate and --patience */
extern const cli_option remote_transfer_options[];

typedef struct remote_session {
    remote_login login;
    remote_http *http;
} remote_session;
/* With the login of this user and the options above. */
BF_MUST_CHECK bf_status remote_session_open(remote_session *out);
void remote_session_close(remote_session *s);

#endif
