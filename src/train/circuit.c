#include "train/circuit.h"

#include "base/env.h"
#include "train/training.h"

static const bf_circuit *const circuits[BF_RECIPE_KINDS] = {
    [BF_RECIPE_PAPER] = &bf_training,
    [BF_RECIPE_WHITENED] = &bf_training};

const bf_circuit *bf_job_circuit(const bf_job *job)
{
    return circuits[job->recipe.kind];
}

unsigned bf_job_used_limbs(const bf_job *job)
{
    return bf_job_circuit(job)->limbs(job);
}

size_t bf_job_inputs(const bf_job *job)
{
    const bf_circuit *c = bf_job_circuit(job);
    size_t count = 0;
    for (int kind = 0; kind < BF_INPUT_KINDS; kind++)
        count += c->inputs(job, (bf_input_kind)kind);
    return count;
}

size_t bf_job_rank_inputs(const bf_job *job, bf_input_kind kind,
                          const bf_ranks *ranks)
{
    const bf_circuit *c = bf_job_circuit(job);
    size_t all = c->inputs(job, kind), count = 0;
    if (!ranks) return all;
    for (size_t i = 0; i < all; i++) count += c->has(job, ranks, kind, i);
    return count;
}

bf_status bf_job_check_ranks(const bf_job *job, unsigned count)
{
    unsigned owners = bf_job_owners(job);
    if (owners == 1 || count == 1 || count == job->parts)
        return bf_job_circuit(job)->check_ranks(job, count);
    if (job->parts > 1)
        return bf_fail(
            BF_ERR_ARGUMENT,
            "%u ranks, but %u owners, who recheck the model, planned "
            "it for %u ranks (or one)",
            count, owners, job->parts);
    return bf_fail(BF_ERR_ARGUMENT,
                   "%u ranks, but %u owners, who recheck the model, planned it "
                   "for one (plan --ranks)",
                   count, owners);
}

bf_ranks bf_job_busiest(const bf_job *job, unsigned count)
{
    return (bf_ranks){.own = bf_job_circuit(job)->busiest(job, count),
                      .count = count};
}

bf_input_kind bf_job_input_kind(const bf_job *job, size_t i, size_t *index)
{
    const bf_circuit *c = bf_job_circuit(job);
    int kind = 0;
    for (size_t count; kind + 1 < BF_INPUT_KINDS; kind++, i -= count) {
        count = c->inputs(job, (bf_input_kind)kind);
        if (i < count) break;
    }
    *index = i;
    return (bf_input_kind)kind;
}

bf_inputs bf_job_inputs_by_kind(const bf_job *job, const bf_ct *all)
{
    bf_inputs in = {0};
    for (int kind = 0; kind < BF_INPUT_KINDS; kind++) {
        in.at[kind] = all;
        all += bf_job_circuit(job)->inputs(job, (bf_input_kind)kind);
    }
    return in;
}

void bf_state_release(bf_eval *ev, bf_state *s)
{
    for (unsigned i = 0; i < BF_CARRIED_MAX; i++)
        bf_eval_release(ev, &s->carried[i]);
    bf_eval_release(ev, &s->output);
    bf_eval_release(ev, &s->certificate);
    s->step = 0;
}

bf_status bf_circuit_run(bf_world *w, const bf_job *job, const bf_inputs *in,
                         bf_state *state, bf_step_fn each, void *user,
                         double total, bf_env *env)
{
    BF_UNDER(env);
    const bf_circuit *c = bf_job_circuit(job);
    void *run;
    bf_status status;
    BF_TRY(c->open(&run, w, job, in, total));
    status = BF_OK;
    while (state->step < c->steps(job)) {
        BF_GOTO(bf_check_interrupt(), done);
        BF_GOTO(c->step(run, state), done);
        if (each) BF_GOTO(each(user, state), done);
    }
done:
    c->close(run);
    return status;
}
