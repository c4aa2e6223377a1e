/* The run of a job, by a child that reads what owners sent. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spool/at.h"
#include "queue/entry.h"
#include "queue/inputs.h"
#include "queue/results.h"

#define PATIENCE 10.0     /* seconds from SIGTERM to SIGKILL */
#define LOOK_AGAIN 3.0    /* seconds until a full disk is looked at again */
#define DELAY_MAX 60.0    /* seconds until a job that died is started again */

/* ---- files of the run ---------------------------------------------------- */

/* The owner's files get names in the run's folder: links to descriptors that
 * the child inherits, so that it reads the files that were checked. */
static int link_file(int entry, const queue_input *file)
{
    char target[64];
    const char *name = file->name, *slash = strchr(name, '/');
    int folder = entry, err = 0;
    if (slash) {
        char of[sizeof file->name];
        snprintf(of, sizeof of, "%.*s", (int)(slash - name), name);
        name = slash + 1;
        err = at_make_folder(&folder, entry, of, 0700);
        if (err) return err;
    }
    snprintf(target, sizeof target, "/proc/self/fd/%d", file->fd);
    err = at_remove(folder, name);
    if (!err && symlinkat(target, folder, name) != 0) err = errno;
    if (slash) close(folder);
    return err;
}

static int link_all(int entry, const queue_inputs *in)
{
    for (size_t i = 0; i < in->count; i++) {
        int err = link_file(entry, &in->file[i]);
        if (err) return err;
    }
    return 0;
}

static void remove_unfinished(void *user, const char *name)
{
    int err = strncmp(name, ".blindfit-", 10) == 0
                  ? at_remove(*(int *)user, name)
                  : 0;
    (void)err; /* it only takes room */
}

/* ---- the child ----------------------------------------------------------- */

#define ARGS_MAX 32

typedef struct args {
    const char *at[ARGS_MAX];
    size_t count;
    char threads[16], memory[32], parts[16];
} args;

static void add(args *a, const char *name, const char *value)
{
    a->at[a->count++] = name;
    if (value) a->at[a->count++] = value;
}

static void add_files(args *a, const queue_inputs *in)
{
    if (!*in->uses) {
        add(a, "--keys", "eval.keys");
        add(a, "--upload", "upload.bf");
        if (in->parts) add(a, "--parts", a->parts);
        return;
    }
    /* In the order of queue_inputs_open. */
    add(a, "--keys", in->file[0].name);
    if (in->more_keys) add(a, "--keys", "eval.keys");
    add(a, "--upload", in->file[1].name);
    add(a, "--upload", "labels.bf");
}

static void make_args(args *a, const queue *q, const queue_job *j,
                      const queue_inputs *in, bool resume)
{
    *a = (args){.count = 0};
    snprintf(a->threads, sizeof a->threads, "%u", bf_env_threads(NULL));
    snprintf(a->memory, sizeof a->memory, "%.0f", queue_memory_allowed(q, j));
    snprintf(a->parts, sizeof a->parts, "%u", in->parts);
    add(a, q->program, "train");
    add(a, "job.json", NULL);
    add_files(a, in);
    add(a, "--output", "model.enc");
    add(a, "--checkpoint", "state.bf");
    if (resume) add(a, "--resume", NULL);
    add(a, "--max-memory", a->memory);
    add(a, "--threads", a->threads);
    add(a, "--json", "--relay");
}

static void take_progress(void *user, const char *phase, double done,
                          double total)
{
    queue *q = user;
    queue_trainer *t = &q->trainer;
    queue_job *j = t->job;
    double now = cli_now();
    if (!(total > 0)) return;
    if (strcmp(phase, j->phase) != 0) {
        snprintf(j->phase, sizeof j->phase, "%s", phase);
        t->phase_begin = now;
        t->phase_first = done;
    }
    double made = done - t->phase_first, missing = total - done;
    j->progress = done / total;
    j->seconds_left = NAN;
    if (made > 0.01 * total)
        j->seconds_left = (now - t->phase_begin) * missing / made;
    j->line[0] = 0; /* a note holds until the run goes on */
}

static void take_note(void *user, const char *text)
{
    queue *q = user;
    queue_tell(q->trainer.job, QUEUE_RUNNING, "%s", text);
}

static bf_status begin(queue *q, queue_job *j, const queue_inputs *in,
                       int entry)
{
    queue_trainer *t = &q->trainer;
    int kept[QUEUE_INPUTS_MAX + 1] = {q->lock};
    args a;
    t->checkpoint = entry_checkpoint(entry);
    make_args(&a, q, j, in, t->checkpoint != 0);
    for (size_t i = 0; i < in->count; i++) kept[i + 1] = in->file[i].fd;
    child_start s = {.program = q->program,
                     .argv = a.at,
                     .folder = entry,
                     .output = "run.json",
                     .kept = kept,
                     .kept_count = in->count + 1,
                     .death = SIGKILL};
    t->child.relay = (cli_relay){.progress = take_progress,
                                 .note = take_note,
                                 .user = q};
    BF_TRY(child_begin(&t->child, &s));
    t->job = j;
    t->stop = QUEUE_GO;
    t->begin = cli_now();
    t->max_seconds = queue_time_allowed(q, j);
    return BF_OK;
}

/* ---- starting ------------------------------------------------------------ */

static void end(queue *q, queue_job *j, queue_state s, const char *line)
{
    queue_tell(j, s, "%s", line);
    queue_settle(q, j);
}

static void wait_a_little(queue_job *j, const char *line)
{
    j->not_before = cli_now() + LOOK_AGAIN;
    queue_tell(j, QUEUE_WAITING, "%s", line);
}

static bool has_room(queue *q, queue_job *j)
{
    double need = j->quote.model_bytes + 2 * j->quote.checkpoint_bytes;
    double room = (double)at_disk_free(q->own);
    char line[160];
    if (room >= need) return true;
    snprintf(line, sizeof line, "the server's disk has %s, the job needs %s",
             bf_text_size(room).s, bf_text_size(need).s);
    wait_a_little(j, line);
    return false;
}

/* The owner's files are those that were admitted. */
static bool is_unchanged(queue_job *j, int jobs, int folder)
{
    uint8_t stamp[QUEUE_DIGEST_BYTES];
    queue_inputs_stamp(stamp, jobs, folder);
    if (memcmp(stamp, j->stamp, sizeof stamp) == 0) return true;
    j->not_before = cli_now() + 1; /* the next scan decides */
    j->look_again = true;
    return false;
}

static void train_in(queue *q, queue_job *j, const queue_inputs *in, int entry)
{
    int err = at_each_hidden(entry, remove_unfinished, &entry);
    if (!err) err = link_all(entry, in);
    if (!err)
        err = at_write_lazy(q->own, "turn", j->owner, strlen(j->owner));
    if (err) {
        queue_unwritten(q, j, "cannot be started", err);
        wait_a_little(j, strerror(err));
        return;
    }
    memcpy(q->turn, j->owner, sizeof q->turn);
    j->phase[0] = 0;
    j->progress = 0;
    j->seconds_left = NAN;
    if (begin(q, j, in, entry) == BF_OK)
        queue_tell(j, QUEUE_RUNNING, "%s", "");
    else
        wait_a_little(j, bf_last_error());
}

static void train(queue *q, queue_job *j, int jobs, int folder, int entry)
{
    queue_inputs in;
    if (!is_unchanged(j, jobs, folder)) return;
    if (queue_inputs_open(&in, jobs, folder) != BF_OK) {
        end(q, j, QUEUE_FAILED, bf_last_error());
        return;
    }
    train_in(q, j, &in, entry);
    queue_inputs_close(&in);
}

/* A trainer that ended with its queue has left its model in either place. */
static bool is_trained(const queue *q, const queue_job *j, int entry)
{
    int results;
    if (at_exists(entry, "model.enc")) return true;
    if (results_open(&results, q, j) != 0) return false;
    bool there = at_exists(results, "model.enc");
    close(results);
    return there;
}

void queue_train_next(queue *q)
{
    int jobs, folder, entry;
    queue_job *j = q->trainer.job ? NULL : queue_next(q, cli_now());
    if (!j) return;
    j->not_before = cli_now() + 1; /* unless it is started now */
    if (entry_open(&entry, q, j) != 0) return;
    if (is_trained(q, j, entry)) {
        end(q, j, QUEUE_DONE, "");
    } else if (has_room(q, j) &&
               queue_owner_folder(&jobs, q, j->owner, "jobs") == 0) {
        if (at_folder(&folder, jobs, j->name) == 0) {
            train(q, j, jobs, folder, entry);
            close(folder);
        }
        close(jobs);
    }
    close(entry);
}

/* ---- ending -------------------------------------------------------------- */

void queue_train_stop(queue *q, queue_stop why)
{
    queue_trainer *t = &q->trainer;
    double now = cli_now();
    if (t->stop == QUEUE_GO) {
        kill(t->child.pid, SIGTERM);
        kill(t->child.pid, SIGCONT); /* a suspended one hears nothing */
        t->told_at = now;
    } else if (now - t->told_at > PATIENCE) {
        kill(t->child.pid, SIGKILL);
    }
    if (t->stop == QUEUE_GO || why == QUEUE_WITHDRAWN) t->stop = why;
}

void queue_train_heard(queue *q)
{
    if (!child_listen(&q->trainer.child)) queue_train_ended(q);
}

/* How a run ended that was not told to. */
static void describe(char out[BF_MESSAGE_BYTES], int status,
                     const char *message)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal)
        snprintf(out, BF_MESSAGE_BYTES,
                 "the training was ended by signal %d%s", signal,
                 signal == SIGKILL ? " (out of memory?)" : "");
    else
        snprintf(out, BF_MESSAGE_BYTES, "%.900s",
                 *message ? message : "the training failed without a word");
}

/* Whether another run may end differently. */
static bool is_worth_retrying(int status)
{
    if (WIFSIGNALED(status)) return true;
    switch (WEXITSTATUS(status)) {
    case CLI_EXIT_USAGE:
    case CLI_EXIT_FORMAT:
    case CLI_EXIT_SECURITY:
    case CLI_EXIT_RANGE:
    case CLI_EXIT_UNSUPPORTED: return false;
    default: return true;
    }
}

/* Seconds until the next start: 0, 5, 25, 60 .. */
static double delay(unsigned deaths)
{
    double seconds = deaths > 1 ? pow(5, deaths - 1) : 0;
    return seconds < DELAY_MAX ? seconds : DELAY_MAX;
}

static void retry(queue *q, queue_job *j, const char *why)
{
    char line[BF_MESSAGE_BYTES];
    j->deaths++;
    int err = entry_keep_deaths(q, j);
    if (err) queue_unwritten(q, j, "deaths.txt", err);
    if (j->deaths > q->o.retries) {
        snprintf(line, sizeof line, "%.900s, %u times", why, j->deaths);
        end(q, j, QUEUE_FAILED, j->deaths > 1 ? line : why);
        return;
    }
    j->not_before = cli_now() + delay(j->deaths);
    queue_tell(j, QUEUE_WAITING, "%.900s; will be tried again", why);
}

/* A checkpoint that a run refuses is dropped, once: without one the job begins
 * anew. */
static bool drop_checkpoint(queue_job *j, int entry)
{
    if (!j->started) return false;
    j->started = false;
    return at_remove(entry, "state.bf") == 0;
}

static void outcome(queue *q, queue_job *j, int entry, int status)
{
    char why[BF_MESSAGE_BYTES];
    describe(why, status, q->trainer.child.relay.message);
    bool format = WIFEXITED(status) && WEXITSTATUS(status) == CLI_EXIT_FORMAT;
    if (is_worth_retrying(status) || (format && drop_checkpoint(j, entry)))
        retry(q, j, why);
    else
        end(q, j, QUEUE_FAILED, why);
}

static void stopped(queue *q, queue_job *j, queue_stop stop)
{
    char line[128];
    switch (stop) {
    case QUEUE_TOO_LONG:
        snprintf(line, sizeof line, "took longer than the %s that are allowed",
                 bf_text_time(q->trainer.max_seconds).s);
        end(q, j, QUEUE_FAILED, line);
        break;
    case QUEUE_END:
        queue_tell(j, j->started ? QUEUE_PAUSED : QUEUE_WAITING, "%s",
                   "the queue was stopped");
        break;
    default:
        queue_tell(j, QUEUE_WAITING, "%s", "");
        queue_look_at(q, j);
    }
}

void queue_train_ended(queue *q)
{
    queue_trainer *t = &q->trainer;
    queue_job *j = t->job;
    int entry, status = child_end(&t->child);
    t->job = NULL;
    if (entry_open(&entry, q, j) != 0) {
        queue_tell(j, QUEUE_WAITING, "%s", "");
        return;
    }
    ino_t checkpoint = entry_checkpoint(entry);
    j->started = checkpoint != 0;
    if (checkpoint != t->checkpoint) j->deaths = 0;
    if (status == 0 && t->stop != QUEUE_WITHDRAWN)
        end(q, j, QUEUE_DONE, "");
    else if (t->stop == QUEUE_GO)
        outcome(q, j, entry, status);
    else
        stopped(q, j, t->stop);
    close(entry);
}
