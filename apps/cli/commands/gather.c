#include "blindfit/session.h"
#include "cli.h"

static bf_status report(const bf_gather_report *r, const char *out)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "owners", r->owners);
        cJSON_AddNumberToObject(o, "keys", (double)r->keys);
        cJSON_AddNumberToObject(o, "bytes", (double)r->bytes_read);
        return cli_json(o);
    }
    cli_row("shares", "%s of %u owners", bf_text_size((double)r->bytes_read).s,
            r->owners);
    cli_row("evaluation keys", "%s/eval.keys: %zu keys", out, r->keys);
    cli_row("job", "%s/job.json", out);
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX], *box = NULL, *out = NULL;
    bf_gather_report r;
    const cli_option options[] = {
        {"box", 0, CLI_TEXT, &box, "DIR",
         "folder whose inbox holds the messages of all owners"},
        {"output", 'o', CLI_TEXT, &out, "DIR",
         "folder for job.json and eval.keys"},
        {0},
    };
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    BF_TRY(cli_need(box, "box"));
    BF_TRY(cli_need(out, "output"));
    BF_TRY(bf_session_gather(&r, operands[0], box, out, &cli_env));
    return report(&r, out);
}

const cli_command cli_gather = {
    .name = "gather",
    .summary = "combine the messages of a session's owners",
    .synopsis = "SESSION --box DIR -o DIR",
    .examples =
        "  # the messages of all owners are in server/inbox\n"
        "  blindfit-server gather session.bf --box server -o job\n"
        "  blindfit-server train job/job.json --keys job/eval.keys \\\n"
        "      --box server -o model.enc\n",
    .run = run,
};
