/* The id of a data set: jobs with the same id have the same encrypted rows. */
#include <string.h>

#include "base/bytes.h"
#include "base/random.h"
#include "train/circuit.h"

static const char scheme[] = "blindfit-data-set-2";

/* Rows of a block, if blocks begin with a chunk of their own; 0 if all chunks
 * are full, as with a single block. */
static size_t broken_blocks(const bf_layout *l)
{
    return l->blocks > 1 && l->batch % l->t != 0 ? l->batch : 0;
}

void bf_job_data_id(const bf_job *job, uint8_t id[BF_HASH_BYTES])
{
    const bf_layout *l = &job->layout;
    const bf_recipe *r = &job->recipe;
    bf_input rows = bf_job_circuit(job)->input(job, BF_INPUT_ROWS);
    const uint64_t whole[] = {l->n, job->features, l->cols, l->f,
                              broken_blocks(l), r->kind, r->map,
                              r->components, rows.limbs};
    const double real[] = {r->lambda, r->clip, rows.scale};
    enum { WHOLE = sizeof whole / 8, REAL = sizeof real / 8 };
    enum { MORE = 2 + BF_OWNERS_MAX };
    uint8_t text[sizeof scheme + 8 * (WHOLE + REAL + MORE) + BF_HASH_BYTES];
    memcpy(text, scheme, sizeof scheme);
    uint8_t *at = text + sizeof scheme;
    for (size_t i = 0; i < WHOLE; i++, at += 8) bf_put_u64(at, whole[i]);
    for (size_t i = 0; i < REAL; i++, at += 8) bf_put_f64(at, real[i]);
    bf_params_hash(&job->ring[0], at);
    at += BF_HASH_BYTES;
    if (r->expand.count) {
        bf_put_u64(at, r->expand.count);
        bf_put_u64(at + 8, r->expand.seed);
        at += 16;
    }
    if (l->places > l->n)
        for (unsigned i = 0; i < job->owners; i++, at += 8)
            bf_put_u64(at, job->owner_rows[i]);
    bf_hash(text, (size_t)(at - text), id);
}
