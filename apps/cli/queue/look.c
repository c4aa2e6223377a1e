#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/at.h"
#include "queue/entry.h"
#include "queue/inputs.h"
#include "queue/results.h"

/* What there is to see in the folder of a job. */
typedef struct view {
    int jobs, folder;
    bool ready;
    char *text; /* job.json */
    size_t bytes;
    uint8_t digest[QUEUE_DIGEST_BYTES]; /* of job.json */
    uint8_t stamp[QUEUE_DIGEST_BYTES];  /* if ready */
} view;

/* ---- back ---------------------------------------------------------------- */

bool queue_withdraw(queue *q, queue_job *j, bool gone)
{
    if (q->trainer.job == j) {
        queue_train_stop(q, QUEUE_WITHDRAWN);
        return false;
    }
    int err = entry_remove(q, j);
    if (!err)
        err = gone ? results_remove(q, j->owner, j->name) : results_clear(q, j);
    if (err) {
        queue_unwritten(q, j, "cannot be withdrawn", err);
        return false;
    }
    j->told = false;
    j->state = QUEUE_UPLOADING;
    j->line[0] = 0;
    return true;
}

/* ---- forward ------------------------------------------------------------- */

static void refuse(queue *q, queue_job *j, const view *v, const char *line)
{
    memcpy(j->stamp, v->stamp, sizeof j->stamp);
    queue_tell(j, QUEUE_REFUSED, "%s", line);
    queue_settle(q, j);
}

/* After the start: what a marker says of this submission. A queue that was
 * killed between the marker and the removal of the entry left both. */
static bool find_marker(queue *q, queue_job *j, const view *v)
{
    queue_state s;
    uint8_t stamp[QUEUE_DIGEST_BYTES];
    if (!results_marked(&s, stamp, q, j) ||
        memcmp(stamp, v->stamp, sizeof stamp) != 0)
        return false;
    memcpy(j->stamp, stamp, sizeof stamp);
    j->state = s;
    j->told = entry_remove(q, j) == 0;
    return true;
}

/* Whether this submission was admitted, or has ended. */
static bool same_submission(queue *q, queue_job *j, const view *v)
{
    if (!j->published && !j->told && find_marker(q, j, v)) return true;
    return (j->sequence || queue_final(j->state)) &&
           memcmp(j->stamp, v->stamp, sizeof j->stamp) == 0;
}

static bool has_quote(queue_job *j, const view *v)
{
    if (j->quote.known &&
        memcmp(j->quote.job, v->digest, sizeof v->digest) == 0)
        return true;
    j->wants_quote = true;
    memcpy(j->wanted, v->digest, sizeof j->wanted);
    j->plan_deaths = 0;
    queue_tell(j, QUEUE_UPLOADING, "%s", "");
    return false;
}

/* Why the job would be refused; BF_OK: it would not. */
static bf_status check(const queue *q, const queue_job *j, const view *v)
{
    queue_inputs in;
    if (*j->quote.error) return bf_fail(BF_ERR_FORMAT, "%s", j->quote.error);
    BF_TRY(queue_check_limits(q, j, v->ready));
    if (!v->ready) return BF_OK;
    BF_TRY(queue_inputs_open(&in, v->jobs, v->folder));
    queue_inputs_close(&in);
    return BF_OK;
}

static void consider(queue *q, queue_job *j, const view *v)
{
    bf_status s = check(q, j, v);
    if (!v->ready) {
        bool limits = s == BF_ERR_RANGE;
        queue_tell(j, QUEUE_UPLOADING, "%s%s",
                   limits ? "will be refused: " : "",
                   s == BF_OK ? "" : bf_last_error());
        return;
    }
    if (s != BF_OK) {
        refuse(q, j, v, bf_last_error());
        return;
    }
    int err = entry_make(q, j, v->text, v->bytes, v->stamp);
    if (err) {
        j->look_again = true;
        queue_unwritten(q, j, "cannot be admitted", err);
        queue_tell(j, QUEUE_UPLOADING, "cannot be admitted yet: %s",
                   strerror(err));
        return;
    }
    queue_tell(j, QUEUE_WAITING, "%s", "");
}

/* ---- the look ------------------------------------------------------------ */

/* A failure to see READY is no withdrawal. */
static bool see_ready(view *v)
{
    struct stat st;
    v->ready = fstatat(v->folder, "READY", &st, AT_SYMLINK_NOFOLLOW) == 0;
    return v->ready || errno == ENOENT;
}

static void look_inside(queue *q, queue_job *j, view *v)
{
    bool first = !j->published;
    bf_status s = queue_job_text(&v->text, &v->bytes, v->folder);
    if (s == BF_OK) queue_digest(v->digest, v->text, v->bytes);
    if (v->ready) {
        queue_inputs_stamp(v->stamp, v->jobs, v->folder);
        if (same_submission(q, j, v)) return;
    }
    if (j->sequence || queue_final(j->state) || first)
        if (!queue_withdraw(q, j, false)) {
            j->look_again = true;
            return;
        }
    if (s != BF_OK && v->ready)
        refuse(q, j, v, bf_last_error());
    else if (s != BF_OK)
        queue_tell(j, QUEUE_UPLOADING, "%s", "");
    else if (has_quote(j, v))
        consider(q, j, v);
}

/* What an owner changes while a job runs, or after it has ended, does not
 * matter until READY is put anew. */
static bool has_changed(queue_job *j, int folder)
{
    uint8_t seen[QUEUE_DIGEST_BYTES];
    bool settled = j->state == QUEUE_RUNNING || j->state == QUEUE_DONE ||
                   j->state == QUEUE_FAILED;
    queue_inputs_look(seen, folder, !settled);
    bool changed = j->look_again || memcmp(seen, j->look, sizeof seen) != 0;
    memcpy(j->look, seen, sizeof seen);
    j->look_again = false;
    return changed;
}

/* The folder is none, or can't be read. What was admitted before goes on. */
static void refuse_folder(queue *q, queue_job *j, int err)
{
    view v = {.ready = true};
    bf_status s;
    if (j->sequence || queue_final(j->state)) return;
    if (err == EACCES)
        s = bf_fail(BF_ERR_FORMAT,
                    "jobs/%s: the server may not read the folder (chmod 755)",
                    j->name);
    else
        s = queue_bad_file(err, j->name);
    if (s != BF_OK) refuse(q, j, &v, bf_last_error());
}

void queue_look(queue *q, queue_job *j, int jobs)
{
    view v = {.jobs = jobs};
    int err = at_folder(&v.folder, jobs, j->name);
    if (err == ENOENT) return;
    j->seen = true;
    if (err) {
        refuse_folder(q, j, err);
        return;
    }
    if (has_changed(j, v.folder)) {
        if (see_ready(&v))
            look_inside(q, j, &v);
        else
            j->look_again = true;
    }
    free(v.text);
    close(v.folder);
}

void queue_look_at(queue *q, queue_job *j)
{
    int jobs;
    if (queue_owner_folder(&jobs, q, j->owner, "jobs") != 0) return;
    j->look_again = true;
    queue_look(q, j, jobs);
    close(jobs);
}
