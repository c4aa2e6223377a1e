/* The model comes into model.enc.part, with the server's ETag in remote.json,
 * so that another command continues, and gets its name when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "remote/receive.h"
#include "remote/transfer.h"

#define PART REMOTE_MODEL ".part"

typedef struct pull {
    remote_folder *f;
    char part[PATH_MAX], model[PATH_MAX];
    remote_receive r;
} pull;

static bf_status anew(void *user)
{
    pull *p = user;
    snprintf(p->f->etag, sizeof p->f->etag, "%s", p->r.etag);
    return remote_folder_save(p->f);
}

static void moved(void *user, uint64_t here)
{
    const pull *p = user;
    cli_progress_bytes("receiving", here, p->r.expected);
}

/* ---- a file -------------------------------------------------------------- */

/* The id of a job is the digest of job.json. */
static bf_status job_id(uint8_t out[BF_FILE_ID_BYTES], const char *path)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(path, (size_t)1 << 20, &text, &bytes));
    crypto_generichash(out, BF_FILE_ID_BYTES, text, bytes, NULL, 0);
    bf_free(text);
    return BF_OK;
}

/* By what is public in it, all of which the server knows too. */
static bf_status verify(const pull *p)
{
    char job[PATH_MAX];
    uint8_t id[BF_FILE_ID_BYTES];
    bf_file_info info;
    BF_TRY(remote_path(job, p->f->path, "job.json"));
    BF_TRY(job_id(id, job));
    BF_TRY(bf_file_inspect(&info, p->part, &cli_env));
    if (memcmp(info.job, id, sizeof id) == 0) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "%s: is the model of another job than %s",
                   p->part, job);
}

/* A part that is whole and wrong would not get better by what follows it. */
static bf_status keep_or_drop(pull *p)
{
    bf_status s = verify(p);
    if (s == BF_ERR_INTERRUPTED) return s;
    if (s != BF_OK) {
        unlink(p->part);
        return s;
    }
    if (rename(p->part, p->model) != 0)
        return bf_fail_errno(errno, "%s", p->model);
    int folder = open(p->f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fsync(folder) != 0)
        s = bf_fail_errno(errno, "%s", p->f->path);
    if (folder >= 0) close(folder);
    return s;
}

static bf_status fetch(remote_http *h, pull *p)
{
    cJSON *status;
    char from[128];
    BF_TRY(remote_job_status(&status, h, p->f->name));
    bf_status s = remote_job_verdict(status, p->f->name);
    cJSON_Delete(status);
    BF_TRY(s);
    snprintf(from, sizeof from, "/v1/jobs/%s/model.enc", p->f->name);
    /* A job's state is `done` a moment before its model is there. */
    p->r = (remote_receive){.from = from,
                            .path = p->part,
                            .expected = p->r.expected,
                            .soon = true,
                            .anew = anew,
                            .moved = moved,
                            .user = p};
    snprintf(p->r.etag, sizeof p->r.etag, "%s", p->f->etag);
    s = remote_receive_open(&p->r);
    if (s == BF_OK) s = remote_receive_rest(h, &p->r);
    if (p->r.fd >= 0) close(p->r.fd);
    cli_progress_end();
    return s == BF_OK ? keep_or_drop(p) : s;
}

static bf_status model_bytes(uint64_t *out, const remote_folder *f)
{
    char path[PATH_MAX];
    bf_job *job;
    bf_job_figures figures;
    BF_TRY(remote_path(path, f->path, "job.json"));
    BF_TRY(bf_job_read(&job, path));
    bf_status s = bf_job_figures_of(&figures, job, &cli_env);
    bf_job_destroy(job);
    if (s == BF_OK) *out = figures.model_bytes;
    return s;
}

bf_status remote_pull(remote_http *h, remote_folder *f, bool keep)
{
    pull p = {.f = f};
    BF_TRY(remote_opened_refuse(f->path));
    BF_TRY(remote_path(p.part, f->path, PART));
    BF_TRY(remote_path(p.model, f->path, REMOTE_MODEL));
    if (!remote_exists(p.model)) {
        BF_TRY(model_bytes(&p.r.expected, f));
        BF_TRY(fetch(h, &p));
    }
    if (!f->pulled) {
        if (!keep) BF_TRY(remote_job_delete(h, f->name));
        f->pulled = true;
    }
    return remote_folder_save(f);
}
