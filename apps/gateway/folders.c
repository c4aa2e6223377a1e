#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/sessions.h"
#include "spool/at.h"

int owner_folder(int *out, const gateway *g, const char *owner,
                 const char *which)
{
    int folder, err = at_folder(&folder, g->spool, owner);
    if (err) return err;
    err = at_folder(out, folder, which);
    close(folder);
    return err;
}

int owner_lock(int *out, const gateway *g, const char *owner)
{
    int err = owner_folder(out, g, owner, "jobs");
    if (err) return err;
    if (flock(*out, LOCK_EX) == 0) return 0;
    err = errno;
    close(*out);
    return err;
}

unsigned owner_locked(request *r, unsigned (*work)(request *r))
{
    int jobs, err = owner_lock(&jobs, r->g, r->owner);
    if (err) return refuse_errno(r, err, "the owner's folder");
    unsigned status = work(r);
    close(jobs);
    return status;
}

/* ---- quota --------------------------------------------------------------- */

typedef struct sum {
    int at;
    uint64_t bytes;
} sum;

static void add_file(void *user, const char *file)
{
    sum *s = user;
    char name[SPOOL_FILE_MAX + 1];
    upload u;
    struct stat st;
    if (upload_part_name(name, file) && upload_look(&u, s->at, name) == 0)
        s->bytes += u.length;
    /* What the gateway adds is not the owner's. */
    else if (*file != '.' &&
             fstatat(s->at, file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
             S_ISREG(st.st_mode))
        s->bytes += (uint64_t)st.st_size;
}

static void add_job(void *user, const char *job)
{
    sum *s = user, files = {.bytes = 0};
    if (at_folder(&files.at, s->at, job) != 0) return;
    if (at_each_hidden(files.at, add_file, &files) == 0)
        s->bytes += files.bytes;
    close(files.at);
}

uint64_t quota_used(const gateway *g, const char *owner, int jobs)
{
    sum s = {.at = jobs};
    if (at_each(jobs, SIZE_MAX, add_job, &s) != 0) return UINT64_MAX;
    return s.bytes + sessions_bytes(g, owner);
}
