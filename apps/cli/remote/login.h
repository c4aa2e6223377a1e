/* The server that an owner rents: its URL, the token, and whom to trust. */
#ifndef BF_REMOTE_LOGIN_H
#define BF_REMOTE_LOGIN_H

#include <stdbool.h>

#include "blindfit/blindfit.h"

typedef struct remote_login {
    char *url;   /* without a slash at its end */
    char *token; /* as docs/server.md defines it */
    char *ca;    /* certificates of authorities, PEM; NULL: the system's */
} remote_login;
void remote_login_clear(remote_login *l); /* wipes the token */

/* $XDG_CONFIG_HOME/blindfit/server.json, or below ~/.config; mode 0600. */
BF_MUST_CHECK bf_status remote_login_read(remote_login *out);
BF_MUST_CHECK bf_status remote_login_write(const remote_login *l);
/* From a file, or NULL: from standard input. BF_ERR_ARGUMENT if it holds
 * anything but a token. */
BF_MUST_CHECK bf_status remote_token_read(char **out, const char *path);

/* ---- URLs (url.c) -------------------------------------------------------- */

/* Without a slash at the end; fails as remote_url_check. */
BF_MUST_CHECK bf_status remote_url_read(char **out, const char *text);
/* BF_ERR_ARGUMENT unless it has a scheme, a host, and no more than a port and a
 * path; BF_ERR_SECURITY for plaintext to another machine. */
BF_MUST_CHECK bf_status remote_url_check(const char *url);
/* http://, which only this machine itself may have. */
bool remote_url_plaintext(const char *url);

#endif
