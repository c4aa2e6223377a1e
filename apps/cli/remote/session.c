#include "remote/session.h"

static remote_options given = {.patience = REMOTE_PATIENCE};

const cli_option remote_transfer_options[] = {
    {"rate", 0, CLI_BYTES, &given.rate, "SIZE",
     "bytes a second at most, such as 5M (default: no limit)"},
    {"patience", 0, CLI_TIME, &given.patience, "TIME",
     "give up after so long without progress (default: 10m)"},
    {0},
};

bf_status remote_session_open(remote_session *out)
{
    *out = (remote_session){.http = NULL};
    BF_TRY(remote_login_read(&out->login));
    bf_status s = remote_http_open(&out->http, &out->login, &given);
    if (s != BF_OK) remote_login_clear(&out->login);
    return s;
}

void remote_session_close(remote_session *s)
{
    remote_http_close(s->http);
    remote_login_clear(&s->login);
    s->http = NULL;
}
