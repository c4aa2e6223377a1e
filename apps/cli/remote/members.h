/* A session at a gateway: who is who there. */
#ifndef BF_REMOTE_MEMBERS_H
#define BF_REMOTE_MEMBERS_H

#include "remote/sync.h"

/* What the gateway says of the session, which begins if it is not there yet;
 * deleted by the caller. *own: this owner's messages, as remote_box_own. Sets
 * s->me. BF_ERR_MISMATCH if the session has other owners there. */
BF_MUST_CHECK bf_status remote_members_find(cJSON **out, remote_messages *own,
                                            remote_sync *s);

#define REMOTE_SESSION_BYTES 96
/* "/v1/sessions/ID" */
void remote_session_url(char out[REMOTE_SESSION_BYTES], const bf_session *s);

#endif
