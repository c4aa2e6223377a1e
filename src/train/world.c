#include "train/world.h"

#include <string.h>

#include "base/memory.h"

bf_status bf_world_open(bf_world *w, const bf_job *job, bf_backend backend)
{
    w->count = job->rings;
    for (unsigned r = 0; r < w->count; r++) {
        BF_TRY(bf_context_create(&w->ctx[r], &job->ring[r], backend));
        bf_context_set_owners(w->ctx[r], bf_job_owners(job));
    }
    return BF_OK;
}

/* Rings are at work in turn, so that their evaluators share memory. */
static bf_status create_eval(bf_world *w, unsigned r, const bf_eval_keys *keys)
{
    BF_TRY(bf_eval_create(&w->ev[r], w->ctx[r], keys));
    if (r > 0) bf_eval_share_memory(w->ev[r], w->ev[0]);
    return BF_OK;
}

bf_status bf_world_evaluators(bf_world *w)
{
    for (unsigned r = 0; r < w->count; r++)
        BF_TRY(create_eval(w, r, &w->keys[r]));
    return BF_OK;
}

bf_status bf_world_open_symbolic(bf_world *w, const bf_job *job)
{
    w->count = job->rings;
    for (unsigned r = 0; r < w->count; r++) {
        BF_TRY(bf_context_create_symbolic(&w->ctx[r], &job->ring[r]));
        bf_context_set_owners(w->ctx[r], bf_job_owners(job));
        BF_TRY(create_eval(w, r, NULL));
    }
    return BF_OK;
}

void bf_world_close(bf_world *w)
{
    for (unsigned r = w->count; r-- > 0;) {
        bf_eval_destroy(w->ev[r]);
        bf_eval_keys_clear(&w->keys[r]);
        bf_context_destroy(w->ctx[r]);
    }
    *w = (bf_world){0};
}

bf_rings bf_world_rings(const bf_world *w)
{
    bf_rings rings = {.count = w->count};
    for (unsigned r = 0; r < w->count; r++) rings.ring[r] = w->ctx[r];
    return rings;
}

double bf_world_work(const bf_world *w)
{
    double work = 0;
    for (unsigned r = 0; r < w->count; r++) {
        bf_counters c;
        bf_eval_counters(w->ev[r], &c);
        work += bf_job_work(bf_context_params(w->ctx[r]), &c);
    }
    return work;
}

uint64_t bf_world_peak_bytes(const bf_world *w)
{
    return bf_eval_peak_bytes(w->ev[0]);
}

bf_status bf_world_key_needs(const bf_world *w, bf_key_need **needs,
                             size_t *count)
{
    const bf_key_need *of_ring;
    size_t n = 0;
    for (unsigned r = 0; r < w->count; r++)
        n += bf_eval_key_needs(w->ev[r], &of_ring);
    *needs = n ? bf_alloc(n * sizeof **needs) : NULL;
    if (n && !*needs) return BF_ERR_MEMORY;
    *count = 0;
    for (unsigned r = 0; r < w->count; r++) {
        size_t some = bf_eval_key_needs(w->ev[r], &of_ring);
        for (size_t i = 0; i < some; i++) {
            (*needs)[*count] = of_ring[i];
            (*needs)[(*count)++].name.ring = r;
        }
    }
    return BF_OK;
}
