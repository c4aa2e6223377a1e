#include <errno.h>
#include <stdio.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "spool/at.h"

#define READY "READY"

/* ---- folders ------------------------------------------------------------- */

static void count_one(void *user, const char *name)
{
    (void)name;
    ++*(size_t *)user;
}

/* A further job, unless the owner has too many. */
static unsigned make_job(int *out, request *r, int jobs)
{
    size_t count = 0;
    int err = at_each(jobs, SIZE_MAX, count_one, &count);
    if (!err && count >= r->g->o.jobs)
        return refuse(r, 413, "at most %zu jobs: remove one", r->g->o.jobs);
    if (!err) err = at_make_folder(out, jobs, r->to.job, 0750);
    r->made_job = !err;
    return err ? refuse_errno(r, err, r->to.job) : 0;
}

unsigned job_folder(int *out, request *r, bool make)
{
    int jobs, err = owner_folder(&jobs, r->g, r->owner, "jobs");
    if (err) return refuse_errno(r, err, "the owner's folder");
    err = at_folder(out, jobs, r->to.job);
    unsigned status = !err                    ? 0
                      : make && err == ENOENT ? make_job(out, r, jobs)
                                              : refuse_errno(r, err, r->to.job);
    close(jobs);
    return status;
}

bool job_is_submitted(int folder)
{
    return at_exists(folder, READY);
}

/* ---- submission ---------------------------------------------------------- */

static void find_part(void *user, const char *file)
{
    char *found = user, name[SPOOL_FILE_MAX + 1];
    if (!*found && upload_part_name(name, file))
        memcpy(found, name, sizeof name);
}

/* No file of a submitted job is begun anew, or removed. */
static unsigned submit(request *r)
{
    char part[SPOOL_FILE_MAX + 1] = "";
    unsigned status = job_folder(&r->folder, r, false);
    if (status || job_is_submitted(r->folder)) return status;
    int err = at_each_hidden(r->folder, find_part, part);
    if (err) return refuse_errno(r, err, r->to.job);
    if (*part) return refuse(r, 409, "%s: is not complete", part);
    if (!at_exists(r->folder, "job.json"))
        return refuse(r, 409, "job.json is missing");
    int fd = openat(r->folder, READY,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0 && errno != EEXIST) return refuse_errno(r, errno, READY);
    if (fd >= 0) close(fd);
    return fsync(r->folder) == 0 ? 0 : refuse_errno(r, errno, READY);
}

static unsigned withdraw(request *r)
{
    unsigned status = job_folder(&r->folder, r, false);
    if (status) return status;
    int err = at_remove(r->folder, READY);
    if (!err && fsync(r->folder) != 0) err = errno;
    return err ? refuse_errno(r, err, READY) : 0;
}

static enum MHD_Result reply_status(request *r, unsigned good)
{
    int jobs, results;
    int err = owner_folder(&jobs, r->g, r->owner, "jobs");
    if (err && refuse_errno(r, err, r->to.job)) return reply_error(r);
    if (owner_folder(&results, r->g, r->owner, "results") != 0) results = -1;
    cJSON *o = status_of_job(r, r->to.job, jobs, results);
    close(jobs);
    if (results >= 0) close(results);
    if (o) return reply_json(r, good, o);
    return refuse(r, 404, "%s: is no job", r->to.job) ? reply_error(r) : MHD_NO;
}

enum MHD_Result job_submit(request *r)
{
    return owner_locked(r, submit) ? reply_error(r) : reply_status(r, 202);
}

enum MHD_Result job_withdraw(request *r)
{
    return withdraw(r) ? reply_error(r) : reply_status(r, 202);
}

/* ---- one job, all jobs --------------------------------------------------- */

static unsigned remove_job(request *r)
{
    int jobs, err = owner_folder(&jobs, r->g, r->owner, "jobs");
    if (err) return refuse_errno(r, err, r->to.job);
    if (!at_exists(jobs, r->to.job)) err = ENOENT;
    if (!err) err = at_remove(jobs, r->to.job);
    /* An upload may have put a file there meanwhile. */
    if (err == ENOTEMPTY) err = at_remove(jobs, r->to.job);
    close(jobs);
    return err ? refuse_errno(r, err, r->to.job) : 0;
}

enum MHD_Result job_end(request *r)
{
    if (r->method != METHOD_DELETE) return reply_status(r, 200);
    return remove_job(r) ? reply_error(r) : reply_empty(r, 204);
}

enum MHD_Result jobs_list(request *r)
{
    cJSON *o = status_of_owner(r);
    return o ? reply_json(r, 200, o) : reply_error(r);
}
