/* The golden checkpoint, after two iterations, and the plan that it fits. */
#ifndef BF_TESTS_TRAIN_CHECKPOINT_SAMPLE_H
#define BF_TESTS_TRAIN_CHECKPOINT_SAMPLE_H

#include "../wire/wire_sample.h"

#include "train/checkpoint.h"

static const uint8_t sample_upload_digest[BF_HASH_BYTES] = {0};
static const bf_run_ids sample_run_ids = {
    {sample_key_id, sample_job_id, sample_data_id}, sample_upload_digest};

static inline bf_status sample_state(bf_run_state *s, const bf_context *ctx)
{
    s->circuit.step = 2;
    BF_TRY(sample_ct(&s->circuit.carried[0], ctx, 2, 2, false, 11));
    BF_TRY(sample_ct(&s->circuit.carried[1], ctx, 3, 2, false, 12));
    BF_TRY(sample_ct(&s->models[0], ctx, 2, 2, false, 13));
    return sample_ct(&s->models[1], ctx, 1, 2, false, 14);
}

static inline bf_plan_ct sample_planned(const bf_ct *ct)
{
    return (bf_plan_ct){ct->limbs, ct->scale};
}

static inline bf_plan sample_plan(const bf_run_state *s)
{
    bf_plan plan = {.step_count = 3};
    for (unsigned i = 0; i < BF_CARRIED_MAX; i++)
        plan.steps[1].carried[i] = sample_planned(&s->circuit.carried[i]);
    for (unsigned t = 0; t < 2; t++) {
        plan.steps[t].model_limbs = s->models[t].limbs;
        plan.steps[t].output = sample_planned(&s->models[t]);
    }
    return plan;
}

/* The sample was not made by an evaluator. */
static inline void sample_state_clear(bf_run_state *s)
{
    for (unsigned i = 0; i < BF_CARRIED_MAX; i++)
        bf_ct_clear(&s->circuit.carried[i]);
    bf_run_state_release(NULL, s);
}

#endif
