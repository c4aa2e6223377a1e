#include <sys/stat.h>

#include "fit/fit.h"
#include "fit/scratch.h"

static double file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static double since(const fit *f)
{
    return cli_now() - f->began;
}

/* Plans the job and writes the file that both sides read. */
static bf_status plan(fit *f)
{
    const char *path = cli_scratch_file("job.json");
    char server[PATH_MAX];
    BF_TRY(cli_server_find(server)); /* checked before the work */
    BF_TRY(cli_plan_job(&f->job, &(cli_shape){.rows = f->train.x.rows,
                                              .features = f->train.x.cols,
                                              .classes = f->train.classes}));
    BF_TRY(bf_job_figures_of(&f->figures, f->job, &cli_env));
    /* The server will run here: checks before key generation what the server
     * would refuse. */
    BF_TRY(bf_job_check_server(f->job, &cli_env));
    return bf_job_write(f->job, path);
}

static bf_status keygen(fit *f)
{
    f->starts.keygen = since(f);
    const char *keys = cli_scratch_file("eval.keys");
    BF_TRY(bf_owner_create(&f->owner, f->job, &cli_env));
    BF_TRY(bf_owner_save(f->owner, cli_scratch_file("secret.key"), keys,
                         &cli_env));
    f->seconds.keygen = since(f) - f->starts.keygen;
    f->bytes.keys = file_bytes(keys);
    return BF_OK;
}

static bf_status whiten(fit *f)
{
    f->starts.whiten = since(f);
    bf_view x = bf_view_of(&f->train.x);
    BF_TRY(bf_prepare(&f->prepared, f->job, &x, NULL, &cli_env));
    cli_warn_dropped(f->prepared.transform);
    BF_TRY(cli_check_mapped(f->prepared.transform, &f->test));
    f->seconds.whiten = since(f) - f->starts.whiten;
    return BF_OK;
}

static bf_status encrypt(fit *f)
{
    f->starts.encrypt = since(f);
    /* Registers the names of files for removal in a signal handler. */
    if (f->train.class_names) (void)cli_scratch_file("transform.bf.json");
    const bf_encrypt_options o = {
        .upload = cli_scratch_file("upload.bf"),
        .transform = cli_scratch_file("transform.bf"),
        .class_names = (const char *const *)f->train.class_names};
    BF_TRY(bf_owner_encrypt(f->owner, &f->prepared, f->train.labels, &o,
                            &cli_env));
    f->seconds.encrypt = since(f) - f->starts.encrypt;
    f->bytes.upload = file_bytes(o.upload);
    return BF_OK;
}

static bf_status train(fit *f)
{
    cli_server_run run = {
        .job = cli_scratch_file("job.json"),
        .keys = cli_scratch_file("eval.keys"),
        .upload = cli_scratch_file("upload.bf"),
        .model = cli_scratch_file("model.enc"),
        .report = cli_scratch_file("server.json"),
        .pack_rows = f->figures.rows_packed,
    };
    f->starts.server = since(f);
    BF_TRY(cli_server_run_job(&f->server, &run));
    f->seconds.train = f->server.train_seconds;
    f->seconds.server_wall = f->server.wall_seconds;
    f->bytes.model = file_bytes(run.model);
    return BF_OK;
}

/* The model after an iteration (0: the last). */
static bf_status open_model(const fit *f, bf_model *out, unsigned iteration)
{
    return bf_owner_decrypt(out, f->owner, cli_scratch_file("model.enc"),
                            cli_scratch_file("transform.bf"), iteration,
                            &cli_env);
}

static bf_status decrypt(fit *f)
{
    f->starts.decrypt = since(f);
    BF_TRY(open_model(f, &f->model, 0));
    f->seconds.decrypt = since(f) - f->starts.decrypt;
    return BF_OK;
}

/* Checks weights and scores of all iterations: rows need not have been
 * rehearsed before encryption. */
static bf_status review(fit *f)
{
    bf_view x = bf_view_of(&f->train.x);
    return cli_findings_make(&f->found, f->owner, f->job,
                             cli_scratch_file("model.enc"),
                             cli_scratch_file("transform.bf"), &x, 0);
}

static bf_status judge_iterations(fit *f)
{
    for (unsigned t = 0; f->every_iteration && t < f->figures.shape.iterations;
         t++) {
        bf_model m;
        bf_metrics metrics;
        BF_TRY(open_model(f, &m, t + 1));
        bf_status s = bf_model_evaluate(&metrics, &m, fit_judge(f), false);
        bf_model_clear(&m);
        BF_TRY(s);
        f->history[t].encrypted = metrics.accuracy;
        bf_metrics_clear(&metrics);
    }
    return BF_OK;
}

static bf_status protocol(fit *f)
{
    BF_TRY(plan(f));
    f->began = cli_now();
    BF_TRY(whiten(f));
    BF_TRY(keygen(f));
    BF_TRY(encrypt(f));
    BF_TRY(train(f));
    BF_TRY(decrypt(f));
    f->seconds.total = since(f);
    BF_TRY(review(f));
    return judge_iterations(f);
}

bf_status fit_run(fit *f)
{
    BF_TRY(cli_scratch_make(f->work));
    bf_status s = protocol(f);
    cli_scratch_remove();
    return s;
}
