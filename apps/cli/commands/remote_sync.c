/* remote sync: an owner's messages of a session through a server */
#include "remote/session.h"
#include "remote/sync.h"

static bf_status report_json(const remote_sync *s)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "session", s->session_path);
    cli_json_hex(o, "id", bf_session_id(s->session), 32);
    cJSON_AddNumberToObject(o, "owner", s->me);
    cJSON_AddNumberToObject(o, "round", s->round);
    cJSON_AddNumberToObject(o, "sent", (double)s->sent);
    cJSON_AddNumberToObject(o, "bytes_sent", (double)s->bytes_sent);
    cJSON_AddNumberToObject(o, "received", (double)s->received);
    cJSON_AddNumberToObject(o, "bytes_received", (double)s->bytes_received);
    cJSON_AddItemToObject(o, "missing", cJSON_Duplicate(s->missing, true));
    return cli_json(o);
}

/* "2 files (1.2 MB)" */
static bf_text files(size_t count, uint64_t bytes)
{
    bf_text text;
    snprintf(text.s, sizeof text.s, "%zu file%s (%.18s)", count,
             count == 1 ? "" : "s", bf_text_size((double)bytes).s);
    return text;
}

/* status: of the exchange, BF_OK or BF_ERR_WAITING, which this returns. */
static bf_status report(const remote_sync *s, bf_status status)
{
    bf_text sent = files(s->sent, s->bytes_sent);
    bf_text received = files(s->received, s->bytes_received);
    if (cli_common_options.json) BF_TRY(report_json(s));
    if (status != BF_OK)
        return bf_fail(status, "%s; sent %s, received %s", s->line, sent.s,
                       received.s);
    if (!cli_common_options.json)
        cli_row("session", "sent %s, received %s; all of round %u is here",
                sent.s, received.s, s->round);
    return BF_OK;
}

static bf_status sync_box(remote_sync *s, const char *box, bool wait)
{
    BF_TRY(remote_box_open(&s->box, box));
    bf_status status = wait ? remote_sync_wait(s) : remote_sync_run(s);
    if (status == BF_OK || status == BF_ERR_WAITING)
        status = report(s, status);
    remote_sync_clear(s);
    return status;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX], *box = NULL;
    bool wait = false;
    remote_sync sync = {.line = ""};
    remote_session server;
    bf_session *session;
    const cli_option options[] = {
        {"box", 0, CLI_TEXT, &box, "DIR",
         "this owner's folder of the session, as of party step"},
        {"wait", 0, CLI_FLAG, &wait, NULL,
         "until what party step waits for has come"},
        {"members", 0, CLI_TEXT, &sync.members, "NAME,..",
         "what the server calls the owners, in the session's order (default: "
         "as the session does)"},
        {"recheck", 0, CLI_WHEN, &sync.recheck, "WHEN",
         "fetch the long files too, from which party step --recheck trains "
         "once more: yes, no, or auto, as party step decides by default"},
        {"", 0, CLI_TABLE, (void *)remote_transfer_options, NULL, NULL},
        {0},
    };
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    BF_TRY(cli_need(box, "box"));
    BF_TRY(bf_session_read(&session, operands[0]));
    bf_status s = remote_session_open(&server);
    if (s == BF_OK) {
        sync.http = server.http;
        sync.session = session;
        sync.session_path = operands[0];
        s = sync_box(&sync, box, wait);
        remote_session_close(&server);
    }
    bf_session_destroy(session);
    return s;
}

const cli_command cli_remote_sync = {
    .name = "remote sync",
    .summary = "carry the messages of a session of several owners",
    .synopsis = "SESSION --box DIR [--wait]",
    .examples =
        "  # in turns, until both end with 0; 75: others are awaited\n"
        "  blindfit party step session.bf --id me.id --box box x.npy \\\n"
        "      --labels y.npy -o model.npy\n"
        "  blindfit remote sync session.bf --box box --wait\n"
        "  # the first call, where the server has other names for the owners\n"
        "  blindfit remote sync session.bf --box box --members alice,bob\n",
    .run = run,
};
