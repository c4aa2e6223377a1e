/* The golden checkpoint, after two iterations, and the plan that it fits. */
#ifndef BF_TESTS_TRAIN_CHECKPOINT_SAMPLE_H
#define BF_TESTS_TRAIN_CHECKPOINT_SAMPLE_H

#include "../wire/wire_sample.h"

#include "train/checkpoint.h"

static const uint8_t sample_upload_digest[BF_HASH_BYTES] = {0};
static const bf_run_ids sample_run_ids = {{sample_key_id, sample_job_id},
                                          sample_upload_digest};

static inline bf_status sample_state(bf_run_state *s, const bf_context *ctx)
{
    s->train.iteration = 2;
    BF_TRY(sample_ct(&s->train.v, ctx, 2, 2, false, 11));
    BF_TRY(sample_ct(&s->train.previous, ctx, 3, 2, false, 12));
    BF_TRY(sample_ct(&s->models[0], ctx, 2, 2, false, 13));
    return sample_ct(&s->models[1], ctx, 1, 2, false, 14);
}

static inline bf_plan sample_plan(const bf_run_state *s)
{
    bf_plan plan = {0};
    plan.v[1] = (bf_plan_ct){s->train.previous.limbs, s->train.previous.scale};
    plan.v[2] = (bf_plan_ct){s->train.v.limbs, s->train.v.scale};
    for (unsigned t = 0; t < 2; t++)
        plan.weights[t] = (bf_plan_weights){.limbs = s->models[t].limbs,
                                            .kept = s->models[t].limbs,
                                            .scale = s->models[t].scale};
    return plan;
}

#endif
