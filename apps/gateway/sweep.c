#include "gateway/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "spool/at.h"

typedef struct walk {
    gateway *g;
    int at;
    ages ages;
} walk;

static void warn(int err, const char *name)
{
    if (err && err != EBUSY && err != ENOENT)
        cli_warn("%s: cannot be removed: %s", name, strerror(err));
}

static void sweep_file(void *user, const char *file)
{
    walk *w = user;
    char name[SPOOL_FILE_MAX + 1];
    if (!upload_part_name(name, file)) return;
    int err = upload_expire(w->at, name, &w->ages, w->g->o.expire);
    warn(err, file);
    if (!err && !at_exists(w->at, file))
        atomic_fetch_add(&w->g->metrics.expired, 1);
}

static void sweep_folder(const walk *w, int folder)
{
    walk files = {.g = w->g, .at = folder, .ages = w->ages};
    warn(at_each_hidden(folder, sweep_file, &files), "a folder");
}

static void sweep_job(void *user, const char *job)
{
    walk *w = user;
    int folder;
    if (!spool_job_valid(job) || at_folder(&folder, w->at, job) != 0) return;
    bool old = ages_over(&w->ages, folder, w->g->o.expire);
    sweep_folder(w, folder);
    close(folder);
    /* A job without files is none; this fails if there are some. */
    if (old) unlinkat(w->at, job, AT_REMOVEDIR);
}

static void sweep_owner(void *user, const char *owner)
{
    const walk *all = user;
    walk w = {.g = all->g, .ages = all->ages};
    /* Nobody begins a file in a job's folder that is about to be removed. */
    int err = owner_lock(&w.at, w.g, owner);
    if (err == ENOENT) unlinkat(all->at, owner, AT_REMOVEDIR);
    if (err) return;
    warn(at_each(w.at, SIZE_MAX, sweep_job, &w), owner);
    close(w.at);
}

static void sweep_session(void *user, const char *id)
{
    walk *w = user;
    int session, inbox;
    if (at_folder(&session, w->g->sessions, id) != 0) return;
    int err = at_folder(&inbox, session, "inbox");
    close(session);
    if (err) return;
    sweep_folder(w, inbox);
    /* A message that is completed changes the folder. */
    bool old = ages_over(&w->ages, inbox, w->g->o.expire_sessions);
    close(inbox);
    if (!old) return;
    warn(at_remove(w->g->sessions, id), id);
    atomic_fetch_add(&w->g->metrics.expired, 1);
}

/* Copies the name of an owner; false behind the last one. */
static bool owner_at(char out[SPOOL_OWNER_MAX + 1], gateway *g, size_t i)
{
    pthread_mutex_lock(&g->lock);
    bool there = i < g->tokens.count;
    if (there) memcpy(out, g->tokens.at[i].owner, SPOOL_OWNER_MAX + 1);
    pthread_mutex_unlock(&g->lock);
    return there;
}

/* Owners lose their tokens, and a gateway may not be able to list the spool: it
 * keeps their names, as folders in .gateway/owners. */
static void sweep_owners(walk *w)
{
    char owner[SPOOL_OWNER_MAX + 1];
    int err = at_make_folder(&w->at, w->g->own, "owners", 0700);
    if (err) {
        cli_warn("%s/.gateway/owners: %s", w->g->o.spool, strerror(err));
        return;
    }
    for (size_t i = 0; owner_at(owner, w->g, i); i++)
        if (*owner && mkdirat(w->at, owner, 0700) != 0 && errno != EEXIST)
            warn(errno, owner);
    warn(at_each(w->at, SIZE_MAX, sweep_owner, w), "owners");
    close(w->at);
}

void sweep(gateway *g)
{
    walk w = {.g = g};
    ages_begin(&w.ages, g->own, SWEEP_EVERY);
    sweep_owners(&w);
    warn(at_each(g->sessions, SIZE_MAX, sweep_session, &w), "sessions");
    int err = ages_end(&w.ages, g->own);
    if (err) cli_warn("%s/.gateway/swept: %s", g->o.spool, strerror(err));
}
