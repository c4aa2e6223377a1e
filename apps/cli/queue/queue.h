/* The queue of a spool (docs/server.md): one process that admits jobs of
 * owners, trains one after the other in a child, and tells owners by files.
 *
 * What must survive a crash is in names of files and folders, each made by one
 * rename: an admitted job is a folder in SPOOL/.queue, a finished job has a
 * marker in its results. Everything in memory is found again by the first scan.
 *
 * All text and all files in SPOOL/OWNER/jobs are an attacker's. This process
 * copies, measures and compares them; only children parse them. */
#ifndef BF_CLI_QUEUE_H
#define BF_CLI_QUEUE_H

#include <limits.h>
#include <sys/types.h>

#include "cli.h"
#include "queue/child.h"
#include "queue/limits.h"
#include "spool/names.h"

#define QUEUE_DIGEST_BYTES 32u
#define QUEUE_JOBS_SEEN_MAX 1000u /* folders of an owner; others are ignored */

typedef enum queue_state {
    QUEUE_UPLOADING,
    QUEUE_WAITING,
    QUEUE_RUNNING,
    QUEUE_PAUSED,
    QUEUE_DONE,
    QUEUE_FAILED,
    QUEUE_REFUSED
} queue_state;

/* What the planner said of a job.json. */
typedef struct queue_quote {
    bool known;
    uint8_t job[QUEUE_DIGEST_BYTES]; /* of that job.json */
    char error[BF_MESSAGE_BYTES];    /* why it can't be planned; or empty */
    double seconds;                  /* or NaN */
    double memory_bytes, packed_memory_bytes; /* the latter 0: can't be */
    double upload_bytes, keys_bytes, model_bytes, checkpoint_bytes;
    double samples, features, classes, iterations, owners;
    char *text; /* its output; owned */
} queue_quote;

typedef struct queue_job {
    char owner[SPOOL_OWNER_MAX + 1], name[SPOOL_JOB_MAX + 1];
    queue_state state;
    char line[BF_MESSAGE_BYTES]; /* for the owner; or empty */
    queue_quote quote;
    uint64_t sequence; /* of admission; 0: not admitted */
    uint8_t stamp[QUEUE_DIGEST_BYTES]; /* of the submission that was admitted
                                        * or refused */
    bool started;      /* has a checkpoint */
    unsigned deaths;   /* of trainers, since the last checkpoint */
    double not_before; /* when it may be started again; cli_now */
    bool wants_quote; /* of `wanted` */
    uint8_t wanted[QUEUE_DIGEST_BYTES]; /* a job.json */
    unsigned plan_deaths; /* of planners */
    bool seen;     /* by this scan */
    bool told;     /* what is final is on disk */
    uint8_t look[QUEUE_DIGEST_BYTES]; /* of what the last look was at */
    bool look_again;
    size_t ahead; /* jobs before this one */
    char phase[64];
    double progress, seconds_left; /* or NaN */
    double run_seconds, peak_rss_bytes; /* of the run that ended it */
    char *published; /* the text of status.json; owned */
    double published_at;
    char *logged; /* the last line about this job; owned */
} queue_job;

typedef struct queue_options {
    const char *spool;
    uint64_t max_memory, max_disk; /* of a job; 0: none */
    double max_time;               /* seconds; 0: none */
    size_t retries;
    bool once; /* end when there is nothing to do */
    queue_limits limits;
} queue_options;

/* The child that trains. */
typedef enum queue_stop {
    QUEUE_GO,
    QUEUE_WITHDRAWN,
    QUEUE_TOO_LONG,
    QUEUE_END
} queue_stop;

typedef struct queue_trainer {
    queue_job *job; /* NULL: none */
    child child;
    queue_stop stop; /* why it was told to end */
    double begin, told_at;
    double max_seconds;
    ino_t checkpoint; /* that it began with; 0: none */
    double phase_begin, phase_first;
} queue_trainer;

typedef struct queue_planner {
    bool busy;
    queue_job *job; /* NULL: gone meanwhile */
    uint8_t digest[QUEUE_DIGEST_BYTES];
    child child;
    double begin;
    bool too_long;
    char turn[SPOOL_OWNER_MAX + 1]; /* the owner who had the last turn */
} queue_planner;

typedef struct queue {
    queue_options o;
    char program[PATH_MAX]; /* this one */
    int spool, own;         /* folders: SPOOL, SPOOL/.queue */
    int lock;
    queue_job **jobs;
    size_t count, room;
    uint64_t last_sequence;
    char turn[SPOOL_OWNER_MAX + 1]; /* the owner whose job was started last */
    queue_trainer trainer;
    queue_planner planner;
    char unwritten[BF_MESSAGE_BYTES]; /* why something is still to be written;
                                       * or empty */
} queue;

/* ---- names and jobs (job.c) ---------------------------------------------- */

const char *queue_state_name(queue_state s);
bool queue_final(queue_state s);
/* NULL if there is none. */
queue_job *queue_find(const queue *q, const char *owner, const char *name);
/* Finds or adds; NULL without memory. */
queue_job *queue_add(queue *q, const char *owner, const char *name);
void queue_forget(queue *q, queue_job *j);
/* Sets state and line, and logs both if they are news. What is final is logged
 * when it is settled. */
void queue_tell(queue_job *j, queue_state s, const char *fmt, ...)
    BF_PRINTF(3, 4);

/* ---- log (log.c) --------------------------------------------------------- */

/* A line about a job, unless it is the last one about this job; or about the
 * spool, unless it was printed not long ago. */
void queue_log_job(queue_job *j);
void queue_log_removed(queue_job *j);
void queue_log(const char *fmt, ...) BF_PRINTF(1, 2);

/* ---- owners' files (scan.c, look.c) -------------------------------------- */

/* Folders of an owner, "jobs" or "results"; 0 or an errno. */
BF_MUST_CHECK int queue_owner_folder(int *out, const queue *q,
                                     const char *owner, const char *which);
/* Looks at all owners and jobs. */
void queue_scan(queue *q);
/* Looks at a job, in the folder of the owner's jobs: admits it, refuses it,
 * asks for its quote, or withdraws it. */
void queue_look(queue *q, queue_job *j, int jobs);
/* The same, opening the folder. */
void queue_look_at(queue *q, queue_job *j);
/* Takes back what was admitted or finished, for a submission that is no more.
 * False: not yet, as the trainer must end first. gone: the results' folder
 * goes too. */
bool queue_withdraw(queue *q, queue_job *j, bool gone);

/* ---- admission (admit.c) ------------------------------------------------- */

/* BF_ERR_RANGE with the reason, if limits forbid the job. submitted: all of its
 * files are here. */
BF_MUST_CHECK bf_status queue_check_limits(const queue *q, const queue_job *j,
                                           bool submitted);
/* Most memory that the job's trainer may take. */
double queue_memory_allowed(const queue *q, const queue_job *j);
double queue_time_allowed(const queue *q, const queue_job *j); /* 0: any */
/* What the job's files take: upload, keys, model, two checkpoints. */
double queue_disk_bytes(const queue_quote *quote);

/* ---- order (order.c) ----------------------------------------------------- */

/* The job to start next, or NULL: one that has a checkpoint; otherwise owners
 * take turns, each with its oldest job. */
queue_job *queue_next(const queue *q, double now);
/* Counts, for each waiting job, the jobs that are before it. */
void queue_count_ahead(queue *q);

/* Puts on disk that a job has ended: model, status, marker. Repeated until it
 * succeeds, and after a crash (settle.c). */
void queue_settle(queue *q, queue_job *j);
/* Notes what could not be written, for another try. */
void queue_unwritten(queue *q, const queue_job *j, const char *what, int err);

/* ---- children (planner.c, trainer.c) ------------------------------------- */

void queue_plan_next(queue *q);
void queue_plan_ended(queue *q); /* its pipe is closed */
/* Reads a quote from the output of `plan --json`; false if it is none. */
bool queue_quote_read(queue_quote *out, const char *text);
void queue_train_next(queue *q);
void queue_train_heard(queue *q);
void queue_train_ended(queue *q);
void queue_train_stop(queue *q, queue_stop why);
/* Time limits of both children. */
void queue_watch_time(queue *q);

/* ---- loop (loop.c) ------------------------------------------------------- */

BF_MUST_CHECK bf_status queue_run(const queue_options *o);

#endif
