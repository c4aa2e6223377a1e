#include "remote/fit.h"

#include <math.h>

/* After Ctrl-C while the server has the job. */
static bf_status explain(const remote_fit *f, bf_status s)
{
    if (s != BF_ERR_INTERRUPTED) return s;
    return bf_fail(s, "interrupted; job '%s' is at %s, and the same command "
                   "continues", f->folder.name, f->folder.url);
}

static bf_status note_cost(remote_fit *f)
{
    cJSON *status;
    BF_TRY(remote_job_status(&status, f->http, f->folder.name));
    f->seconds = remote_number(status, "seconds");
    f->peak_rss_bytes = remote_number(status, "peak_rss_bytes");
    cJSON_Delete(status);
    return BF_OK;
}

/* A job that was submitted is not submitted again: whether it failed is the
 * owner's to see first. */
static bf_status train(remote_fit *f, const char *model)
{
    remote_folder *folder = &f->folder;
    if (folder->pulled) return BF_OK;
    if (!remote_exists(model)) {
        if (!folder->submitted) BF_TRY(remote_push(f->http, folder, &f->sent));
        BF_TRY(explain(f, remote_job_wait(f->http, folder->name)));
        BF_TRY(note_cost(f));
    }
    return remote_pull(f->http, folder, false);
}

/* The server has nothing of the job any more, and the folder is marked, before
 * anything is decrypted. */
static bf_status open_model(remote_fit *f, const char *model)
{
    char transform[PATH_MAX];
    bf_view x = bf_view_of(&f->train.x);
    BF_TRY(remote_path(transform, f->folder.path, "transform.bf"));
    BF_TRY(remote_opened_mark(model));
    BF_TRY(bf_owner_decrypt(&f->model, f->owner, model, transform, 0,
                            &cli_env));
    BF_TRY(bf_model_save(&f->model, f->output));
    return cli_findings_make(&f->found, f->owner, f->job, model, transform, &x,
                             0);
}

bf_status remote_fit_run(remote_fit *f)
{
    char model[PATH_MAX];
    f->seconds = f->peak_rss_bytes = NAN;
    BF_TRY(remote_path(model, f->folder.path, REMOTE_MODEL));
    BF_TRY(train(f, model));
    BF_TRY(open_model(f, model));
    const bf_dataset *judge = f->test.x.data ? &f->test : &f->train;
    return bf_model_evaluate(&f->metrics, &f->model, judge, true);
}
