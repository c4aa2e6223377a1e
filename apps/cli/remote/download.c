/* The model comes into model.enc.part, with the server's ETag in remote.json,
 * so that another command continues, and gets its name when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "remote/transfer.h"

#define PART REMOTE_MODEL ".part"

typedef struct pull {
    remote_http *h;
    remote_folder *f;
    char part[PATH_MAX], model[PATH_MAX];
    int fd;
    uint64_t at;       /* bytes that are here */
    uint64_t expected; /* by the job's plan, whatever the server says */
    uint64_t first;    /* of the request that runs */
    bool begun;        /* its first bytes came */
} pull;

/* ---- receiving ----------------------------------------------------------- */

/* At the first bytes of an answer. */
static bf_status begin(pull *p, const remote_answer *a)
{
    p->begun = true;
    if (a->code == 206) {
        if (a->range_start == (int64_t)p->at) return BF_OK;
        return bf_fail(BF_ERR_FORMAT, "the server sent another range than was "
                                      "asked for");
    }
    p->at = p->first = 0;
    if (ftruncate(p->fd, 0) != 0) return bf_fail_errno(errno, "%s", p->part);
    snprintf(p->f->etag, sizeof p->f->etag, "%s", a->etag);
    return remote_folder_save(p->f);
}

static bf_status take(void *user, const remote_answer *a, const void *data,
                      size_t bytes)
{
    pull *p = user;
    const uint8_t *from = data;
    if (!p->begun) BF_TRY(begin(p, a));
    if (bytes > p->expected - p->at)
        return bf_fail(BF_ERR_FORMAT, "the server sends more than a model of "
                                      "this job has");
    while (bytes > 0) {
        ssize_t n = pwrite(p->fd, from, bytes, (off_t)p->at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return bf_fail_errno(errno, "%s", p->part);
        from += n;
        bytes -= (size_t)n;
        p->at += (uint64_t)n;
    }
    return BF_OK;
}

static void moved(void *user, uint64_t bytes)
{
    pull *p = user;
    (void)bytes;
    cli_progress_bytes("receiving", p->at, p->expected);
}

static bf_status ask_rest(pull *p, bool *again, double *retry_after)
{
    char path[128], range[64], etag[REMOTE_ETAG_BYTES + 16];
    remote_answer a = {0};
    snprintf(path, sizeof path, "/v1/jobs/%s/model.enc", p->f->name);
    snprintf(range, sizeof range, "Range: bytes=%llu-",
             (unsigned long long)p->at);
    snprintf(etag, sizeof etag, "If-Range: \"%s\"", p->f->etag);
    remote_request r = {
        .method = "GET", .path = path, .take = take, .moved = moved, .user = p};
    if (p->at > 0) {
        r.header[0] = range;
        r.header[1] = etag;
    }
    p->begun = false;
    p->first = p->at;
    bf_status s = remote_http_once(p->h, &r, &a);
    /* A job's state is `done` a moment before its model is there. */
    *again = a.again || a.code == 409;
    *retry_after = a.retry_after;
    if (s == BF_OK && a.code >= 400) s = remote_http_refusal(p->h, &a);
    remote_answer_clear(&a);
    return s;
}

static bf_status receive(pull *p)
{
    remote_tries tries = {0};
    while (p->at < p->expected) {
        bool again;
        double retry_after;
        uint64_t before = p->at;
        bf_status s = ask_rest(p, &again, &retry_after);
        if (s == BF_OK && p->at < p->expected)
            return bf_fail(BF_ERR_FORMAT, "the server's model has %llu bytes "
                           "instead of %llu", (unsigned long long)p->at,
                           (unsigned long long)p->expected);
        if (s == BF_OK) break;
        if (!again) return s;
        if (p->at > before) tries = (remote_tries){0};
        BF_TRY(remote_again(p->h, &tries, s, retry_after));
    }
    if (fsync(p->fd) != 0) return bf_fail_errno(errno, "%s", p->part);
    return BF_OK;
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

static bf_status open_part(pull *p)
{
    struct stat st;
    p->fd = open(p->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (p->fd < 0 || fstat(p->fd, &st) != 0)
        return bf_fail_errno(errno, "%s", p->part);
    p->at = (uint64_t)st.st_size;
    if ((p->f->etag[0] && p->at <= p->expected) || p->at == 0) return BF_OK;
    p->at = 0;
    if (ftruncate(p->fd, 0) != 0) return bf_fail_errno(errno, "%s", p->part);
    return BF_OK;
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

static bf_status fetch(pull *p)
{
    cJSON *status;
    BF_TRY(remote_job_status(&status, p->h, p->f->name));
    bf_status s = remote_job_verdict(status, p->f->name);
    cJSON_Delete(status);
    BF_TRY(s);
    s = open_part(p);
    if (s == BF_OK) s = receive(p);
    if (p->fd >= 0) close(p->fd);
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
    pull p = {.h = h, .f = f, .fd = -1};
    BF_TRY(remote_opened_refuse(f->path));
    BF_TRY(remote_path(p.part, f->path, PART));
    BF_TRY(remote_path(p.model, f->path, REMOTE_MODEL));
    if (!remote_exists(p.model)) {
        BF_TRY(model_bytes(&p.expected, f));
        BF_TRY(fetch(&p));
    }
    if (!f->pulled) {
        if (!keep) BF_TRY(remote_job_delete(h, f->name));
        f->pulled = true;
    }
    return remote_folder_save(f);
}
