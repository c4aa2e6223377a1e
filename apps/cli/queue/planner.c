/* Quotes, by a child that reads job.json and times some of the job's steps. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spool/at.h"
#include "queue/inputs.h"

#define SECONDS_MAX 60.0 /* of planning */
#define DEATHS_MAX 3u    /* of the planner, by signals or for want of memory */
#define OUTPUT_BYTES_MAX ((size_t)1 << 20)

/* ---- its output ---------------------------------------------------------- */

static double number(const cJSON *o, const char *key, bool *good)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    *good &= cJSON_IsNumber(v);
    return *good ? v->valuedouble : 0;
}

bool queue_quote_read(queue_quote *out, const char *text)
{
    cJSON *o = cJSON_Parse(text);
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(o, "bytes");
    const cJSON *seconds =
        cJSON_GetObjectItemCaseSensitive(o, "server_seconds_estimate");
    const cJSON *packed =
        cJSON_GetObjectItemCaseSensitive(o, "packed_memory_bytes");
    const cJSON *owners = cJSON_GetObjectItemCaseSensitive(o, "owners");
    bool good = true;
    queue_quote made = {
        .known = true,
        .seconds = cJSON_IsNumber(seconds) ? seconds->valuedouble : NAN,
        .memory_bytes = number(o, "memory_bytes", &good),
        .packed_memory_bytes = cJSON_IsNumber(packed) ? packed->valuedouble : 0,
        .upload_bytes = number(bytes, "upload", &good),
        .keys_bytes = number(bytes, "keys", &good),
        .model_bytes = number(bytes, "model", &good),
        .checkpoint_bytes = number(bytes, "checkpoint", &good),
        .samples = number(o, "samples", &good),
        .features = number(o, "features", &good),
        .classes = number(o, "classes", &good),
        .iterations = number(o, "iterations", &good),
        .owners = cJSON_IsNumber(owners) ? owners->valuedouble : 1,
    };
    cJSON_Delete(o);
    made.text = good ? strdup(text) : NULL;
    if (!made.text) return false;
    free(out->text);
    *out = made;
    return true;
}

/* ---- the child ----------------------------------------------------------- */

static void no_progress(void *user, const char *phase, double done,
                        double total)
{
    (void)user;
    (void)phase;
    (void)done;
    (void)total;
}

static void no_note(void *user, const char *text)
{
    (void)user;
    (void)text;
}

static bf_status start(queue *q, int folder)
{
    char threads[16];
    const char *argv[] = {q->program, "plan", "job.json", "--json", "--quiet",
                          "--threads", threads, NULL};
    child_start s = {.program = q->program,
                     .argv = argv,
                     .folder = folder,
                     .output = "plan.json",
                     .kept = &q->lock,
                     .kept_count = 1,
                     .death = SIGKILL};
    snprintf(threads, sizeof threads, "%u", bf_env_threads(NULL));
    q->planner.child.relay.progress = no_progress;
    q->planner.child.relay.note = no_note;
    return child_begin(&q->planner.child, &s);
}

/* Copies job.json to where the owner cannot change it. */
static bool copy_job(queue *q, const queue_job *j, int to)
{
    int jobs, folder, err = queue_owner_folder(&jobs, q, j->owner, "jobs");
    char *text;
    size_t bytes;
    if (err) return false;
    err = at_folder(&folder, jobs, j->name);
    close(jobs);
    if (err) return false;
    bf_status s = queue_job_text(&text, &bytes, folder);
    close(folder);
    if (s != BF_OK) return false;
    queue_digest(q->planner.digest, text, bytes);
    err = at_write_lazy(to, "job.json", text, bytes);
    free(text);
    if (err) queue_unwritten(q, j, "cannot be planned", err);
    return err == 0;
}

static void plan(queue *q, queue_job *j)
{
    queue_planner *p = &q->planner;
    int folder, err = at_make_folder(&folder, q->own, "plan", 0700);
    if (err) {
        queue_unwritten(q, j, "cannot be planned", err);
        return;
    }
    memcpy(p->turn, j->owner, sizeof p->turn);
    bool copied = copy_job(q, j, folder);
    if (copied && start(q, folder) == BF_OK) {
        p->busy = true;
        p->job = j;
        p->begin = cli_now();
        p->too_long = false;
    } else if (copied) {
        queue_log("%s", bf_last_error());
    } else {
        j->wants_quote = false; /* until the next look */
        j->look_again = true;
    }
    close(folder);
}

/* An owner who sends a job.json again, for other rows, waits for no planner. */
static bool take_known(queue *q, queue_job *j)
{
    for (size_t i = 0; i < q->count; i++) {
        const queue_job *o = q->jobs[i];
        if (o == j || !o->quote.text || strcmp(o->owner, j->owner) != 0 ||
            memcmp(o->quote.job, j->wanted, sizeof j->wanted) != 0 ||
            !queue_quote_read(&j->quote, o->quote.text))
            continue;
        memcpy(j->quote.job, j->wanted, sizeof j->wanted);
        j->wants_quote = false;
        queue_look_at(q, j);
        return true;
    }
    return false;
}

/* Owners take turns. */
void queue_plan_next(queue *q)
{
    queue_job *first = NULL, *behind = NULL;
    if (q->planner.busy) return;
    for (size_t i = 0; i < q->count; i++) {
        queue_job *j = q->jobs[i];
        if (!j->wants_quote || take_known(q, j)) continue;
        if (!first) first = j;
        if (!behind && strcmp(j->owner, q->planner.turn) > 0) behind = j;
    }
    if (behind)
        plan(q, behind);
    else if (first)
        plan(q, first);
}

/* ---- its end ------------------------------------------------------------- */

static char *output(queue *q)
{
    int folder;
    char *text = NULL;
    size_t bytes;
    if (at_folder(&folder, q->own, "plan") != 0) return NULL;
    if (at_read(&text, &bytes, folder, "plan.json", OUTPUT_BYTES_MAX) != 0)
        text = NULL;
    close(folder);
    return text;
}

static void take_error(queue_quote *f, const char *error)
{
    free(f->text);
    *f = (queue_quote){.known = true};
    snprintf(f->error, sizeof f->error, "%.*s", (int)sizeof f->error - 1,
             error);
}

static void take(queue *q, queue_job *j, int status)
{
    queue_planner *p = &q->planner;
    bool died = WIFSIGNALED(status) ||
                (WIFEXITED(status) && WEXITSTATUS(status) == CLI_EXIT_MEMORY);
    if (died && !p->too_long && ++j->plan_deaths < DEATHS_MAX) return;
    char *text = status == 0 ? output(q) : NULL;
    if (p->too_long)
        take_error(&j->quote, "job.json: takes too long to plan");
    else if (!text || !queue_quote_read(&j->quote, text))
        take_error(&j->quote, *p->child.relay.message
                                  ? p->child.relay.message
                                  : "job.json: cannot be planned");
    free(text);
    memcpy(j->quote.job, p->digest, sizeof p->digest);
    j->wants_quote = false;
    queue_look_at(q, j);
}

void queue_plan_ended(queue *q)
{
    queue_planner *p = &q->planner;
    int status = child_end(&p->child);
    p->busy = false;
    if (p->job) take(q, p->job, status);
    p->job = NULL;
}

void queue_watch_time(queue *q)
{
    queue_planner *p = &q->planner;
    queue_trainer *t = &q->trainer;
    double now = cli_now();
    if (p->busy && !p->too_long && now - p->begin > SECONDS_MAX) {
        p->too_long = true;
        kill(p->child.pid, SIGKILL);
    }
    if (t->job && t->stop == QUEUE_GO && t->max_seconds > 0 &&
        now - t->begin > t->max_seconds)
        queue_train_stop(q, QUEUE_TOO_LONG);
    if (t->job && t->stop != QUEUE_GO) queue_train_stop(q, t->stop);
}
