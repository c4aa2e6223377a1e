#include <sys/stat.h>

#include "base/cpu.h"
#include "fit.h"
#include "scratch.h"
#include "train/owner/deal.h"

static double file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

/* The planned job, as both sides will read it. */
static bf_status plan(fit *f)
{
    const char *path = cli_scratch_file("job.json");
    char server[PATH_MAX];
    BF_TRY(cli_server_find(server)); /* before the work for it */
    BF_TRY(cli_plan_job(&f->job, &f->plan, f->train.x.rows, f->train.x.cols,
                        f->train.classes));
    /* The server will run here: what it would refuse costs no keys. */
    BF_TRY(bf_plan_check_memory(&f->plan, 0));
    BF_TRY(bf_job_write(&f->job, path));
    return bf_job_read(&f->job, path, f->job_id);
}

static bf_status keygen(fit *f)
{
    double start = bf_now();
    const char *keys = cli_scratch_file("eval.keys");
    BF_TRY(bf_deal_keygen(&f->job, f->job_id, cli_scratch_file("secret.key"),
                          keys, &cli_env));
    f->seconds.keygen = bf_now() - start;
    f->bytes.keys = file_bytes(keys);
    return BF_OK;
}

static bf_status whiten(fit *f)
{
    double start = bf_now();
    BF_TRY(cli_prepare(&f->prepared, &f->job, &f->train, NULL));
    f->seconds.whiten = bf_now() - start;
    return BF_OK;
}

static bf_status encrypt(fit *f)
{
    double start = bf_now();
    const char *upload = cli_scratch_file("upload.bf");
    BF_TRY(bf_deal_encrypt(&f->job, f->job_id, cli_scratch_file("secret.key"),
                           &f->prepared.rows, f->train.labels,
                           &f->prepared.schedule, BF_UPLOAD_ALL, upload,
                           &cli_env));
    f->seconds.encrypt = bf_now() - start;
    f->bytes.upload = file_bytes(upload);
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
    };
    BF_TRY(cli_server_run_job(&f->server, &run));
    f->seconds.train = f->server.train_seconds;
    f->seconds.server_wall = f->server.wall_seconds;
    f->bytes.model = file_bytes(run.model);
    return BF_OK;
}

/* The model after an iteration (0: the last). */
static bf_status open_model(const fit *f, bf_model *out, unsigned iteration)
{
    bf_matrix weights;
    BF_TRY(bf_deal_decrypt(&weights, NULL, &f->job, f->job_id,
                           cli_scratch_file("secret.key"),
                           cli_scratch_file("model.enc"), iteration));
    bf_status s = cli_make_model(out, f->prepared.transform, &weights,
                                 f->train.class_names);
    bf_matrix_clear(&weights);
    return s;
}

static bf_status decrypt(fit *f)
{
    double start = bf_now();
    BF_TRY(open_model(f, &f->model, 0));
    f->seconds.decrypt = bf_now() - start;
    return BF_OK;
}

static bf_status judge_iterations(fit *f)
{
    for (unsigned t = 0; f->every_iteration && t < f->job.recipe.iterations;
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
    double start = bf_now();
    BF_TRY(whiten(f));
    BF_TRY(keygen(f));
    BF_TRY(encrypt(f));
    BF_TRY(train(f));
    BF_TRY(decrypt(f));
    f->seconds.total = bf_now() - start;
    return judge_iterations(f);
}

bf_status fit_run(fit *f)
{
    BF_TRY(cli_scratch_make(f->work));
    bf_status s = protocol(f);
    cli_scratch_remove();
    return s;
}
