#include "queue/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/at.h"
#include "queue/inputs.h"

/* Names without a '.', and so none of a job that is admitted. */
#define MADE "new" /* under construction */
#define GONE "old" /* to be removed */

#define NAME_BYTES (SPOOL_OWNER_MAX + SPOOL_JOB_MAX + 24)
#define TEXT_BYTES_MAX ((size_t)1 << 20)

static void entry_name(char out[NAME_BYTES], const queue_job *j)
{
    snprintf(out, NAME_BYTES, "%016" PRIu64 ".%s.%s", j->sequence, j->owner,
             j->name);
}

int entry_open(int *out, const queue *q, const queue_job *j)
{
    char name[NAME_BYTES];
    entry_name(name, j);
    return at_folder(out, q->own, name);
}

/* ---- admission ----------------------------------------------------------- */

static int fill(int entry, const queue_job *j, const char *job_text,
                size_t bytes, const uint8_t stamp[QUEUE_DIGEST_BYTES])
{
    char hex[2 * QUEUE_DIGEST_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, stamp, QUEUE_DIGEST_BYTES);
    int err = at_write(entry, "job.json", job_text, bytes);
    if (!err) err = at_write(entry, "stamp.txt", hex, strlen(hex));
    if (!err)
        err = at_write(entry, "quote.json", j->quote.text,
                       strlen(j->quote.text));
    return err;
}

int entry_make(queue *q, queue_job *j, const char *job_text, size_t bytes,
               const uint8_t stamp[QUEUE_DIGEST_BYTES])
{
    char name[NAME_BYTES];
    int entry, err = at_remove(q->own, MADE);
    if (!err) err = at_make_folder(&entry, q->own, MADE, 0700);
    if (err) return err;
    err = fill(entry, j, job_text, bytes, stamp);
    close(entry);
    if (err) return err;
    j->sequence = q->last_sequence + 1;
    entry_name(name, j);
    err = at_move(q->own, MADE, q->own, name);
    if (err) {
        j->sequence = 0;
        return err;
    }
    q->last_sequence++;
    memcpy(j->stamp, stamp, QUEUE_DIGEST_BYTES);
    j->deaths = 0;
    j->started = false;
    j->not_before = 0;
    return 0;
}

/* ---- removal ------------------------------------------------------------- */

int entry_remove(const queue *q, queue_job *j)
{
    char name[NAME_BYTES];
    if (!j->sequence) return 0;
    entry_name(name, j);
    int err = at_remove(q->own, GONE);
    if (!err) err = at_move(q->own, name, q->own, GONE);
    if (err && err != ENOENT) return err;
    j->sequence = 0;
    j->started = false;
    return at_remove(q->own, GONE);
}

/* ---- while it is there --------------------------------------------------- */

int entry_keep_deaths(const queue *q, const queue_job *j)
{
    char text[16];
    int entry, err = entry_open(&entry, q, j);
    if (err) return err;
    int n = snprintf(text, sizeof text, "%u", j->deaths);
    err = at_write(entry, "deaths.txt", text, (size_t)n);
    close(entry);
    return err;
}

ino_t entry_checkpoint(int entry)
{
    struct stat st;
    return fstatat(entry, "state.bf", &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_ino
                                                                     : 0;
}

/* ---- after a start ------------------------------------------------------- */

static void read_stamp(queue_job *j, int entry)
{
    char *text;
    size_t bytes, got;
    if (at_read(&text, &bytes, entry, "stamp.txt", TEXT_BYTES_MAX) != 0) return;
    if (sodium_hex2bin(j->stamp, sizeof j->stamp, text, bytes, NULL, &got,
                       NULL) != 0)
        memset(j->stamp, 0, sizeof j->stamp);
    free(text);
}

static void read_quote(queue_job *j, int entry)
{
    char *text;
    size_t bytes;
    if (at_read(&text, &bytes, entry, "quote.json", TEXT_BYTES_MAX) != 0)
        return;
    if (queue_quote_read(&j->quote, text)) {
        free(text);
        if (at_read(&text, &bytes, entry, "job.json", SIZE_MAX) != 0) return;
        queue_digest(j->quote.job, text, bytes);
    }
    free(text);
}

static void read_deaths(queue_job *j, int entry)
{
    char *text;
    size_t bytes;
    if (at_read(&text, &bytes, entry, "deaths.txt", TEXT_BYTES_MAX) != 0)
        return;
    j->deaths = (unsigned)strtoul(text, NULL, 10);
    free(text);
}

/* Splits "SEQUENCE.OWNER.JOB", in place. */
static bool split(char *name, uint64_t *sequence, char **owner, char **job)
{
    char *end;
    *sequence = strtoull(name, &end, 10);
    if (*sequence == 0 || *end != '.') return false;
    *owner = end + 1;
    char *dot = strchr(*owner, '.');
    if (!dot) return false;
    *dot = 0;
    *job = dot + 1;
    return spool_owner_valid(*owner) && spool_job_valid(*job);
}

static void load_one(void *user, const char *entry_name)
{
    queue *q = user;
    char name[256], *owner, *job;
    uint64_t sequence;
    int entry;
    snprintf(name, sizeof name, "%s", entry_name);
    if (!split(name, &sequence, &owner, &job)) return;
    if (sequence > q->last_sequence) q->last_sequence = sequence;
    queue_job *j = queue_add(q, owner, job);
    if (!j || at_folder(&entry, q->own, entry_name) != 0) return;
    j->sequence = sequence;
    j->state = QUEUE_WAITING;
    read_stamp(j, entry);
    read_quote(j, entry);
    read_deaths(j, entry);
    j->started = entry_checkpoint(entry) != 0;
    close(entry);
}

int entries_load(queue *q)
{
    int err = at_remove(q->own, MADE);
    if (!err) err = at_remove(q->own, GONE);
    return err ? err : at_each(q->own, SIZE_MAX, load_one, q);
}
