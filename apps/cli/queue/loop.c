#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "spool/at.h"
#include "queue/entry.h"
#include "queue/results.h"

#define SCAN_EVERY 1.0 /* seconds */
#define POLL_MS 200

/* ---- opening ------------------------------------------------------------- */

static bf_status find_program(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (n < 0) return bf_fail_errno(errno, "/proc/self/exe");
    out[n] = 0;
    return BF_OK;
}

/* SPOOL/.queue is believed, so nobody else may write to it. */
static bf_status check_own(int own, const char *spool)
{
    struct stat st;
    if (fstat(own, &st) != 0) return bf_fail_errno(errno, "%s/.queue", spool);
    if (st.st_uid == geteuid() && (st.st_mode & 022) == 0) return BF_OK;
    return bf_fail(BF_ERR_IO,
                   "%s/.queue: belongs to another user, or others may write to "
                   "it",
                   spool);
}

static bf_status open_lock(int *out, int own, const char *name,
                           const char *spool)
{
    *out = openat(own, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return *out < 0 ? bf_fail_errno(errno, "%s/.queue/%s", spool, name) : BF_OK;
}

/* Children inherit this lock, so that none of an earlier queue works beside
 * those of this one. The kernel ends them with their queue. */
static bf_status await_children(int lock)
{
    while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return bf_fail_errno(errno, ".queue/children: cannot be locked");
        if (cli_env.interrupted) return bf_fail(BF_ERR_INTERRUPTED, "stopped");
        queue_log("waiting for the end of an earlier queue's training");
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return BF_OK;
}

/* The first lock is the queue's own: a second queue is told at once. */
static bf_status lock_spool(queue *q, int *first)
{
    BF_TRY(open_lock(first, q->own, "lock", q->o.spool));
    if (flock(*first, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? bf_fail(BF_ERR_ARGUMENT,
                             "%s: another queue works on this spool",
                             q->o.spool)
                   : bf_fail_errno(errno, "%s/.queue/lock: cannot be locked",
                                   q->o.spool);
    BF_TRY(open_lock(&q->lock, q->own, "children", q->o.spool));
    return await_children(q->lock);
}

static void load_turn(queue *q)
{
    char *text;
    size_t bytes;
    if (at_read(&text, &bytes, q->own, "turn", SPOOL_OWNER_MAX) != 0) return;
    snprintf(q->turn, sizeof q->turn, "%s", text);
    free(text);
}

typedef struct result_scan {
    queue *q;
    const char *owner;
} result_scan;

static void load_result(void *user, const char *name)
{
    result_scan *s = user;
    if (spool_job_valid(name)) queue_add(s->q, s->owner, name);
}

/* Results whose job is gone are found, and removed, as all jobs are. */
static void load_results(void *user, const char *owner)
{
    result_scan s = {user, owner};
    int folder;
    if (!spool_owner_valid(owner)) return;
    if (queue_owner_folder(&folder, s.q, owner, "results") != 0) return;
    int err = at_each(folder, SIZE_MAX, load_result, &s);
    if (err) queue_log("%s/results: %s", owner, strerror(err));
    close(folder);
}

static bf_status open_spool(queue *q, int *first)
{
    const char *spool = q->o.spool;
    q->spool = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (q->spool < 0) return bf_fail_errno(errno, "%s", spool);
    int err = at_make_folder(&q->own, q->spool, ".queue", 0700);
    if (err) return bf_fail_errno(err, "%s/.queue", spool);
    BF_TRY(check_own(q->own, spool));
    BF_TRY(lock_spool(q, first));
    err = entries_load(q);
    if (err) return bf_fail_errno(err, "%s/.queue", spool);
    load_turn(q);
    err = at_each(q->spool, SIZE_MAX, load_results, q);
    return err ? bf_fail_errno(err, "%s", spool) : BF_OK;
}

/* ---- running ------------------------------------------------------------- */

static void publish(queue *q)
{
    queue_count_ahead(q);
    for (size_t i = 0; i < q->count; i++) {
        queue_job *j = q->jobs[i];
        queue_settle(q, j);
        int err = results_publish(q, j, false);
        if (err) queue_unwritten(q, j, "status.json", err);
    }
}

static bool is_idle(const queue *q)
{
    if (q->trainer.job || q->planner.busy) return false;
    for (size_t i = 0; i < q->count; i++) {
        const queue_job *j = q->jobs[i];
        if (j->wants_quote || (j->sequence && !queue_final(j->state)))
            return false;
    }
    return true;
}

static void listen_to_children(queue *q)
{
    struct pollfd p[2] = {{.fd = -1}, {.fd = -1}};
    if (q->trainer.job)
        p[0] = (struct pollfd){.fd = q->trainer.child.errors, .events = POLLIN};
    if (q->planner.busy)
        p[1] = (struct pollfd){.fd = q->planner.child.errors, .events = POLLIN};
    if (poll(p, 2, POLL_MS) <= 0) return;
    if (p[0].revents) queue_train_heard(q);
    if (p[1].revents && !child_listen(&q->planner.child)) queue_plan_ended(q);
}

static bf_status serve(queue *q)
{
    double scanned = -SCAN_EVERY;
    while (!cli_env.interrupted) {
        double now = cli_now();
        bool scans = now - scanned >= SCAN_EVERY;
        if (scans) {
            q->unwritten[0] = 0;
            queue_scan(q);
            scanned = now;
        }
        queue_plan_next(q);
        queue_train_next(q);
        publish(q);
        if (q->o.once && is_idle(q)) {
            if (!scans)
                scanned = -SCAN_EVERY; /* for what came in between */
            else
                return *q->unwritten ? bf_fail(BF_ERR_IO, "%s", q->unwritten)
                                     : BF_OK;
            continue;
        }
        listen_to_children(q);
        queue_watch_time(q);
    }
    return BF_OK;
}

/* What this queue would refuse, by its limits or its disk, the next one may
 * take: owners should not read it when no queue is at work. One with --once
 * comes again as it is. */
static void take_back_lines(queue *q)
{
    for (size_t i = 0; i < q->count && !q->o.once; i++) {
        queue_job *j = q->jobs[i];
        if (j->state == QUEUE_UPLOADING && !*j->quote.error) j->line[0] = 0;
    }
}

/* Ends children, and tells owners. The trainer keeps its checkpoint. */
static void stop(queue *q)
{
    if (q->planner.busy) {
        q->planner.job = NULL;
        kill(q->planner.child.pid, SIGKILL);
    }
    if (q->trainer.job) queue_train_stop(q, QUEUE_END);
    while (q->trainer.job || q->planner.busy) {
        listen_to_children(q);
        queue_watch_time(q);
    }
    take_back_lines(q);
    publish(q);
}

bf_status queue_run(const queue_options *o)
{
    queue q = {.o = *o, .spool = -1, .own = -1, .lock = -1};
    int first = -1;
    umask(022);
    bf_status s = find_program(q.program);
    if (s == BF_OK) s = open_spool(&q, &first);
    if (s == BF_OK) {
        s = serve(&q);
        stop(&q);
    }
    while (q.count) queue_forget(&q, q.jobs[0]);
    free(q.jobs);
    const int open[] = {q.lock, first, q.own, q.spool};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (open[i] >= 0) close(open[i]);
    return s;
}
