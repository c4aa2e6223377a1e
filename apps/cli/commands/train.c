#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blindfit/server.h"
#include "cli.h"
#include "job_report.h"
#include "ranks.h"

static bf_status report_json(const bf_serve_options *o,
                             const bf_serve_report *r, double model_bytes)
{
    cJSON *j = cJSON_CreateObject();
    cli_json_job(j, &r->recipe, &r->job);
    cJSON_AddStringToObject(j, "model", o->model);
    cJSON_AddNumberToObject(j, "threads", bf_env_threads(NULL));
    if (o->ranks) cJSON_AddNumberToObject(j, "ranks", o->ranks->count);
    cJSON *s = cJSON_AddObjectToObject(j, "seconds");
    cJSON_AddNumberToObject(s, "read", r->read_seconds);
    cJSON_AddNumberToObject(s, "train", r->train_seconds);
    cJSON_AddNumberToObject(s, "write", r->write_seconds);
    cJSON *b = cJSON_AddObjectToObject(j, "bytes");
    cJSON_AddNumberToObject(b, "model", model_bytes);
    cJSON_AddNumberToObject(j, "peak_rss_bytes", (double)cli_peak_rss());
    cJSON_AddNumberToObject(j, "peak_ciphertext_bytes",
                            (double)r->peak_ciphertext_bytes);
    cJSON_AddNumberToObject(j, "key_switches",
                            (double)r->key_switches);
    cJSON_AddNumberToObject(j, "tensor_products",
                            (double)r->ciphertext_products);
    return cli_json(j);
}

static bf_status report(const bf_serve_options *o, const bf_serve_report *r)
{
    struct stat st;
    double bytes = stat(o->model, &st) == 0 ? (double)st.st_size : 0;
    if (cli_common_options.json) return report_json(o, r, bytes);
    cli_row("encrypted model", "%s: %s, back to the owner", o->model,
            bf_text_size(bytes).s);
    cli_row("time", "%s reading, %s training, %s writing",
            bf_text_time(r->read_seconds).s, bf_text_time(r->train_seconds).s,
            bf_text_time(r->write_seconds).s);
    cli_row("work", "%s key switches, %s ciphertext products",
            bf_text_count((double)r->key_switches).s,
            bf_text_count((double)r->ciphertext_products).s);
    cli_row("memory", "%s", bf_text_size((double)cli_peak_rss()).s);
    return BF_OK;
}

/* A child of `fit` ends with its parent. If the parent ended before prctl, the
 * pipe shows it: nobody reads stderr. */
static bf_status end_with_parent(void)
{
    struct pollfd reader = {.fd = STDERR_FILENO};
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
        return bf_fail_errno(errno, "watching the process that started this");
    if (poll(&reader, 1, 0) > 0 && reader.revents & (POLLERR | POLLNVAL))
        return bf_fail(BF_ERR_INTERRUPTED,
                       "the process that started this one is gone");
    return BF_OK;
}

static const bf_pack_choice choices[] = {[CLI_AUTO] = BF_PACK_AUTO,
                                         [CLI_NO] = BF_PACK_NEVER,
                                         [CLI_YES] = BF_PACK_ALWAYS};

static bf_status run(const cli_command *self, int argc, char **argv)
{
    bf_serve_options o = {0};
    bf_serve_report r;
    cli_texts uploads = {0}, keys = {0};
    bool relay = false;
    size_t parts = 0;
    cli_when pack_rows = CLI_AUTO;
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"keys", 0, CLI_TEXTS, &keys, "FILE",
         "the owner's evaluation keys; may be repeated"},
        {"upload", 'u', CLI_TEXTS, &uploads, "FILE",
         "the owner's upload; repeat for separate uploads"},
        {"parts", 0, CLI_COUNT, &parts, "R",
         "uploads are in so many parts: FILE.0, FILE.1.. (encrypt --parts)"},
        {"box", 0, CLI_TEXT, &o.box, "DIR",
         "of several owners: the folder whose inbox holds their uploads"},
        {"output", 'o', CLI_TEXT, &o.model, "FILE", "encrypted model to write"},
        {"checkpoint", 0, CLI_TEXT, &o.checkpoint, "FILE",
         "write the state to this file after each iteration"},
        {"resume", 0, CLI_FLAG, &o.resume, NULL,
         "continue from the checkpoint; without, one that is there is refused"},
        {"max-memory", 0, CLI_BYTES, &o.max_memory, "SIZE",
         "refuse a job that needs more memory, such as 12G (10^9; Gi: 2^30)"},
        {"pack-rows", 0, CLI_WHEN, &pack_rows, "WHEN",
         "keep rows packed, which takes less memory and some more time: yes, "
         "no, or auto, if memory is short (default)"},
        {"relay", 0, CLI_FLAG, &relay, NULL, NULL},
        {0},
    };
    bf_keep_freed_memory();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    BF_TRY(cli_need(keys.at[0], "keys"));
    if (!o.box) BF_TRY(cli_need(uploads.at[0], "upload"));
    if (o.box && uploads.count)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--upload and --box exclude each other");
    o.keys = keys.at;
    o.key_count = keys.count;
    o.uploads = uploads.at;
    o.upload_count = uploads.count;
    BF_TRY(cli_parts(&o.parts, parts));
    BF_TRY(cli_need(o.model, "output"));
    if (o.resume) BF_TRY(cli_need(o.checkpoint, "checkpoint"));
    if (relay) {
        BF_TRY(end_with_parent());
        cli_progress_relay();
    }
    o.job = operands[0];
    o.pack_rows = choices[pack_rows];
    if (cli_ranks.count) o.ranks = &cli_ranks;
    BF_TRY(bf_serve_train(&r, &o, &cli_env));
    return cli_speaks() ? report(&o, &r) : BF_OK;
}

const cli_command cli_train = {
    .name = "train",
    .summary = "train on encrypted rows, without a secret",
    .synopsis = "JOB --keys FILE --upload FILE -o MODEL",
    .examples =
        "  blindfit-server train job.json --keys eval.keys \\\n"
        "      --upload upload.bf -o model.enc\n"
        "  # a long run with checkpoints\n"
        "  blindfit-server train job.json --keys eval.keys \\\n"
        "      --upload upload.bf -o model.enc --checkpoint state.bf\n"
        "  # continue the run after a crash\n"
        "  blindfit-server train job.json --keys eval.keys \\\n"
        "      --upload upload.bf -o model.enc --checkpoint state.bf "
        "--resume\n"
        "  # a further job over the same rows, with other labels\n"
        "  blindfit-server train job-2.json --keys eval.keys \\\n"
        "      --upload rows.bf --upload labels-2.bf -o model-2.enc\n"
        "  # on several machines (docs/scale-out.md)\n"
        "  mpirun -n 4 blindfit-server-mpi train job.json --keys eval.keys \\\n"
        "      --upload upload.bf -o model.enc\n"
        "  # each machine has its own part, upload.bf.0 to upload.bf.3\n"
        "  mpirun -n 4 blindfit-server-mpi train job.json --keys eval.keys \\\n"
        "      --upload upload.bf --parts 4 -o model.enc\n"
        "  # of several owners, behind gather\n"
        "  blindfit-server train job/job.json --keys job/eval.keys \\\n"
        "      --box server -o model.enc\n",
    .run = run,
};
