#include <math.h>
#include <string.h>

#include "remote/fit.h"

typedef struct fit_args {
    cli_data_files data;
    const char *folder;
} fit_args;

/* ---- report -------------------------------------------------------------- */

static const char *judged_on(const remote_fit *f)
{
    return f->test.x.data ? "test" : "training";
}

static bf_status report_json(const remote_fit *f)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "url", f->folder.url);
    cJSON_AddStringToObject(o, "job", f->folder.name);
    cJSON_AddNumberToObject(o, "bytes_sent", (double)f->sent);
    cJSON_AddNumberToObject(o, "server_seconds", f->seconds);
    cJSON_AddNumberToObject(o, "server_peak_rss_bytes", f->peak_rss_bytes);
    cJSON_AddStringToObject(o, "model", f->output);
    cJSON_AddStringToObject(o, "judged_on", judged_on(f));
    cJSON_AddNumberToObject(o, "accuracy", f->metrics.accuracy);
    cli_findings_json(o, &f->found);
    cli_json_confusion(o, &f->metrics, f->model.class_names);
    return cli_json(o);
}

static bf_status report(const remote_fit *f)
{
    if (cli_common_options.json) return report_json(f);
    cli_row("job", "'%s' at %s, which has nothing of it any more",
            f->folder.name, f->folder.url);
    if (f->sent) cli_row("sent", "%s", bf_text_size((double)f->sent).s);
    if (f->seconds >= 0)
        cli_row("training there", "%s, %s of memory",
                bf_text_time(f->seconds).s, bf_text_size(f->peak_rss_bytes).s);
    cli_row("model", "%s", f->output);
    cli_row("accuracy", "%s of %zu %s rows",
            bf_text_percent(f->metrics.accuracy).s,
            f->test.x.data ? f->test.x.rows : f->train.x.rows, judged_on(f));
    cli_findings_print(&f->found, false);
    return BF_OK;
}

/* ---- command ------------------------------------------------------------- */

static bf_status check(const fit_args *a, const char *output)
{
    BF_TRY(cli_need(a->folder, "job"));
    BF_TRY(cli_need(output, "output"));
    if (a->data.test_labels && !a->data.test)
        return bf_fail(BF_ERR_ARGUMENT, "--test-labels needs --test");
    return cli_check_model(output,
                           CLI_FILES(a->data.train, a->data.labels,
                                     a->data.test, a->data.test_labels));
}

static bf_status fit_in_folder(remote_fit *f, const fit_args *a,
                               const char *url)
{
    BF_TRY(remote_opened_refuse(a->folder));
    BF_TRY(cli_load_data(&f->train, &f->test, &a->data));
    bf_status s = remote_fit_prepare(f);
    if (s == BF_ERR_RANGE) s = bf_fail_in(s, "%s", a->data.train);
    BF_TRY(s);
    BF_TRY(remote_folder_name(&f->folder, url, f->name));
    return remote_fit_run(f);
}

static bf_status fit_all(remote_fit *f, const fit_args *a)
{
    remote_session session;
    BF_TRY(check(a, f->output));
    BF_TRY(remote_session_open(&session));
    f->http = session.http;
    bf_status s = bf_make_dir(a->folder, 0700);
    if (s == BF_OK) s = remote_folder_open(&f->folder, a->folder);
    if (s == BF_OK) {
        s = fit_in_folder(f, a, session.login.url);
        if (s == BF_OK) s = report(f);
        remote_folder_close(&f->folder);
    }
    remote_session_close(&session);
    return s;
}

static void clear(remote_fit *f)
{
    bf_dataset_clear(&f->train);
    bf_dataset_clear(&f->test);
    bf_owner_destroy(f->owner);
    bf_job_destroy(f->job);
    bf_model_clear(&f->model);
    bf_metrics_clear(&f->metrics);
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    fit_args a = {0};
    remote_fit f = {.folder.lock = -1};
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"job", 0, CLI_TEXT, &a.folder, "FOLDER",
         "folder of the job, made if missing; the same command with the same "
         "folder continues"},
        {"name", 0, CLI_TEXT, &f.name, "JOB",
         "name of the job at the server (default: the folder's)"},
        {"labels", 'l', CLI_TEXT, &a.data.labels, "FILE",
         "labels, if TRAIN has none"},
        {"rows", 0, CLI_ROWS, &a.data.rows, "A:B", "rows to train on, from 1"},
        {"test", 't', CLI_TEXT, &a.data.test, "FILE",
         "rows to test the model on"},
        {"test-labels", 0, CLI_TEXT, &a.data.test_labels, "FILE",
         "labels of TEST, if TEST has none"},
        {"test-rows", 0, CLI_ROWS, &a.data.test_rows, "A:B",
         "rows of TEST, or without TEST of TRAIN, from 1"},
        {"output", 'o', CLI_TEXT, &f.output, "FILE",
         "model to write: .npy, .csv or .safetensors"},
        {"", 0, CLI_TABLE, (void *)remote_transfer_options, NULL, NULL},
        {"", 0, CLI_TABLE, (void *)cli_recipe_options, NULL, NULL},
        {0},
    };
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    a.data.train = operands[0];
    bf_status s = fit_all(&f, &a);
    clear(&f);
    return s;
}

const cli_command cli_remote_fit = {
    .name = "remote fit",
    .summary = "train at the server: everything, to the opened model",
    .synopsis = "TRAIN --job FOLDER -o MODEL [--test TEST]",
    .examples =
        "  blindfit remote fit train.csv --job digits -o model.npy\n"
        "  # after Ctrl-C, or without a network: the same command continues\n"
        "  blindfit remote fit train.csv --job digits -o model.npy\n",
    .run = run,
};
