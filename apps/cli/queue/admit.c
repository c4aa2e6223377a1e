#include <math.h>
#include <string.h>
#include <unistd.h>

#include "spool/at.h"
#include "queue/queue.h"

static double least(double a, double b) /* 0: none */
{
    return a > 0 && (b <= 0 || a < b) ? a : b;
}

double queue_memory_allowed(const queue *q, const queue_job *j)
{
    double limit = queue_limits_of(&q->o.limits, j->owner).memory_bytes;
    return least(limit, (double)q->o.max_memory);
}

double queue_time_allowed(const queue *q, const queue_job *j)
{
    double limit = queue_limits_of(&q->o.limits, j->owner).seconds;
    return least(limit, q->o.max_time);
}

static double made_bytes(const queue_quote *f)
{
    return f->model_bytes + 2 * f->checkpoint_bytes;
}

double queue_disk_bytes(const queue_quote *f)
{
    return f->upload_bytes + f->keys_bytes + made_bytes(f);
}

static bf_status check_memory(const queue *q, const queue_job *j)
{
    const queue_quote *f = &j->quote;
    double need = least(f->packed_memory_bytes, f->memory_bytes);
    double allowed = queue_memory_allowed(q, j);
    if (need <= allowed) return BF_OK;
    return bf_fail(BF_ERR_RANGE, "needs %s of memory, %s are allowed",
                   bf_text_size(need).s, bf_text_size(allowed).s);
}

static bf_status check_time(const queue *q, const queue_job *j)
{
    double allowed = queue_time_allowed(q, j), need = j->quote.seconds;
    if (allowed <= 0 || isnan(need) || need <= allowed) return BF_OK;
    return bf_fail(BF_ERR_RANGE, "takes about %s, %s are allowed",
                   bf_text_time(need).s, bf_text_time(allowed).s);
}

/* What the owner has on the disk, which is nothing where it can't be seen. */
static double used_bytes(const queue *q, const queue_job *j)
{
    int owner;
    if (at_folder(&owner, q->spool, j->owner) != 0) return 0;
    uint64_t bytes = at_disk_bytes(owner, "jobs") +
                     at_disk_bytes(owner, "results");
    close(owner);
    return (double)bytes;
}

static bf_status check_disk(const queue *q, const queue_job *j, bool submitted)
{
    double need = queue_disk_bytes(&j->quote), most = (double)q->o.max_disk;
    double quota = queue_limits_of(&q->o.limits, j->owner).disk_bytes;
    if (most > 0 && need > most)
        return bf_fail(BF_ERR_RANGE, "takes %s of disk, %s are allowed",
                       bf_text_size(need).s, bf_text_size(most).s);
    if (quota <= 0) return BF_OK;
    if (need > quota)
        return bf_fail(BF_ERR_RANGE, "takes %s of disk, %s are this owner's",
                       bf_text_size(need).s, bf_text_size(quota).s);
    double all = submitted ? used_bytes(q, j) + made_bytes(&j->quote) : 0;
    if (all <= quota) return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "with this job all files would take %s of disk, %s are this "
                   "owner's (remove jobs that are done)",
                   bf_text_size(all).s, bf_text_size(quota).s);
}

static bf_status check_count(const queue *q, const queue_job *j)
{
    double most = queue_limits_of(&q->o.limits, j->owner).jobs;
    size_t count = 0;
    for (size_t i = 0; i < q->count; i++)
        if (q->jobs[i]->sequence && strcmp(q->jobs[i]->owner, j->owner) == 0)
            count++;
    if (most <= 0 || (double)count < most) return BF_OK;
    return bf_fail(BF_ERR_RANGE, "%zu jobs wait already, %.0f are allowed",
                   count, most);
}

bf_status queue_check_limits(const queue *q, const queue_job *j, bool submitted)
{
    if (j->quote.owners > 1)
        return bf_fail(BF_ERR_RANGE,
                       "job.json: of %.0f owners; a queue trains jobs of one",
                       j->quote.owners);
    BF_TRY(check_memory(q, j));
    BF_TRY(check_time(q, j));
    BF_TRY(check_disk(q, j, submitted));
    return submitted ? check_count(q, j) : BF_OK;
}
