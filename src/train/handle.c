/* Jobs of the public interface (blindfit/job.h). */
#include "train/handle.h"
#include "train/plan.h"

#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "base/random.h"
#include "train/checkpoint.h"
#include "train/circuit.h"
#include "train/usual.h"
#include "wire/wire.h"

_Static_assert(BF_JOB_ID_BYTES == BF_HASH_BYTES, "the id is a digest");

void bf_job_destroy(bf_job *job)
{
    if (!job) return;
    if (job->handle) {
        bf_job_destroy(job->handle->alternative);
        bf_plan_clear(&job->handle->plan);
        pthread_mutex_destroy(&job->handle->lock);
        bf_free(job->handle->text);
        bf_free(job->handle);
    }
    bf_free(job);
}

/* Takes ownership of the text, also on failure. */
static bf_status create(bf_job **out, const bf_job *choices, char *text,
                        size_t bytes)
{
    bf_job *job = bf_alloc_zero(sizeof *job);
    bf_job_handle *h = job ? bf_alloc_zero(sizeof *h) : NULL;
    if (!h) {
        bf_free(job);
        bf_free(text);
        return BF_ERR_MEMORY;
    }
    *job = *choices;
    job->handle = h;
    h->text = text;
    h->bytes = bytes;
    pthread_mutex_init(&h->lock, NULL);
    bf_hash(text, bytes, h->id);
    *out = job;
    return BF_OK;
}

/* Makes a handle from a plan, and takes ownership of the plan. */
static bf_status create_planned(bf_job **out, const bf_job *choices,
                                bf_plan *plan)
{
    char *text;
    bf_status s = bf_job_print(&text, choices);
    if (s == BF_OK) s = create(out, choices, text, strlen(text));
    if (s != BF_OK) {
        bf_plan_clear(plan);
        return s;
    }
    (*out)->handle->plan = *plan;
    (*out)->handle->walked = true;
    return BF_OK;
}

bf_status bf_job_plan(bf_job **out, const bf_recipe *recipe, size_t rows,
                      size_t features, size_t classes,
                      const bf_plan_options *options, bf_env *env)
{
    BF_UNDER(env);
    const bf_plan_options none = {0};
    bf_choice best[2];
    bf_job *job = NULL, *other = NULL;
    BF_TRY(bf_random_init());
    BF_TRY(bf_job_search_both(best, recipe, rows, features, classes,
                              options ? options : &none));
    bf_status s = create_planned(&job, &best[0].job, &best[0].plan);
    if (s == BF_OK && best[1].found)
        s = create_planned(&other, &best[1].job, &best[1].plan);
    else
        bf_plan_clear(&best[1].plan);
    if (s != BF_OK) {
        bf_job_destroy(job);
        return s;
    }
    job->handle->alternative = other;
    *out = job;
    return BF_OK;
}

bf_status bf_job_plan_over(bf_job **out, const bf_recipe *recipe,
                           size_t classes, const bf_label_columns *labels,
                           const bf_job *over, bf_env *env)
{
    BF_UNDER(env);
    bf_job choices;
    bf_plan plan;
    BF_TRY(bf_random_init());
    BF_TRY(bf_job_search_over(&choices, &plan, recipe, classes, labels, over));
    return create_planned(out, &choices, &plan);
}

const bf_job *bf_job_alternative(const bf_job *job)
{
    return job->handle->alternative;
}

#define ITERATIONS 2 /* default without a recipe */

bf_status bf_job_plan_for(bf_job **out, const bf_recipe *recipe,
                          const bf_dataset *data,
                          const bf_plan_options *options, bf_env *env)
{
    bf_recipe usual;
    BF_TRY(bf_dataset_check(data));
    if (!recipe)
        BF_TRY(bf_recipe_default(&usual, BF_RECIPE_WHITENED, ITERATIONS,
                                 data->x.rows, data->x.cols));
    return bf_job_plan(out, recipe ? recipe : &usual, data->x.rows,
                       data->x.cols, data->classes, options, env);
}

/* Takes ownership of the text. */
static bf_status parse(bf_job **out, char *text, size_t bytes, const char *name)
{
    bf_job choices;
    bf_status s = bf_job_parse(&choices, text, bytes, name);
    if (s == BF_OK) return create(out, &choices, text, bytes);
    bf_free(text);
    return s;
}

bf_status bf_job_of_text(bf_job **out, const char *text, size_t bytes,
                         const char *name)
{
    char *copy = bf_alloc(bytes + 1);
    if (!copy) return BF_ERR_MEMORY;
    memcpy(copy, text, bytes);
    copy[bytes] = 0;
    return parse(out, copy, bytes, name);
}

bf_status bf_job_read(bf_job **out, const char *path)
{
    char *text;
    size_t bytes;
    BF_TRY(bf_random_init());
    BF_TRY(bf_job_text_read(&text, &bytes, path));
    return parse(out, text, bytes, path);
}

bf_status bf_job_write(const bf_job *job, const char *path)
{
    return bf_job_text_write(job->handle->text, job->handle->bytes, path);
}

const uint8_t *bf_job_id(const bf_job *job)
{
    return job->handle->id;
}

void bf_job_data_set_id(const bf_job *job, uint8_t id[BF_JOB_ID_BYTES])
{
    bf_job_data_id(job, id);
}

const bf_recipe *bf_job_recipe(const bf_job *job)
{
    return &job->recipe;
}

bf_job_shape bf_job_shape_of(const bf_job *job)
{
    const bf_layout *l = &job->layout;
    size_t rows = bf_job_circuit(job)->inputs(job, BF_INPUT_ROWS);
    bf_job_shape shape = {
        .rows = l->n,
        .features = job->features,
        .classes = l->classes,
        .labels = job->labels,
        .columns = l->cols,
        .iterations = job->recipe.iterations,
        .row_ciphertexts = rows,
        .other_ciphertexts = bf_job_inputs(job) - rows,
        .owners = bf_job_owners(job),
    };
    memcpy(shape.owner_rows, job->owner_rows, sizeof shape.owner_rows);
    return shape;
}

/* ---- figures ------------------------------------------------------------- */

bf_status bf_job_walked(const bf_plan **plan, const bf_job *job)
{
    bf_job_handle *h = job->handle;
    bf_status s = BF_OK;
    pthread_mutex_lock(&h->lock);
    if (!h->walked) {
        s = bf_job_walk(&h->plan, job);
        h->walked = s == BF_OK;
    }
    pthread_mutex_unlock(&h->lock);
    *plan = &h->plan;
    return s;
}

bf_status bf_job_plan_get(const bf_plan **plan, bf_plan *own, const bf_job *job)
{
    *own = (bf_plan){0};
    if (job->handle) return bf_job_walked(plan, job);
    *plan = own;
    return bf_job_walk(own, job);
}

uint64_t bf_counters_key_switches(const bf_counters rings[BF_RINGS_MAX])
{
    uint64_t sum = 0;
    for (size_t r = 0; r < BF_RINGS_MAX; r++)
        for (size_t i = 0; i <= BF_MAX_Q; i++) sum += rings[r].key_switches[i];
    return sum;
}

void bf_job_describe(bf_job_figures *out, const bf_job *job,
                     const bf_plan *plan)
{
    const bf_layout *l = &job->layout;
    const bf_params *p = &job->ring[0];
    *out = (bf_job_figures){
        .shape = bf_job_shape_of(job),
        .ring_degree = (size_t)1 << p->log_n,
        .limbs = p->n_q,
        .special_limbs = p->n_p,
        .log2_q = bf_params_log2_q(p, p->n_q),
        .log2_qp = plan->log2_qp,
        .log2_qp_limit = bf_security_log2_qp_limit(p->log_n, 128),
        .security_bits = plan->security_bits,
        .features_per_ciphertext = l->f,
        .rows_per_ciphertext = l->t,
        .keys = plan->key_count,
        .refreshed = job->refresh.on,
        .certified = job->certificate,
        .upload_bytes = plan->upload_bytes,
        .labels_bytes = plan->labels_bytes,
        .key_bytes = plan->key_bytes,
        .model_bytes = plan->model_bytes,
        .checkpoint_bytes = bf_checkpoint_bytes(plan, p),
        .memory_bytes = plan->memory_bytes,
        .rows_packed = plan->packed,
        .key_switches = bf_counters_key_switches(plan->counters),
        .ciphertext_products = plan->counters[0].tensor_products,
        .work = plan->work,
        .weight_error =
            plan->weight_noise * bf_opening_error(bf_job_owners(job)),
        .typical_weight = bf_usual_weight(job),
    };
}

bf_status bf_job_figures_of(bf_job_figures *out, const bf_job *job, bf_env *env)
{
    BF_UNDER(env);
    const bf_plan *plan;
    bf_plan packed = {0};
    BF_TRY(bf_job_walked(&plan, job));
    if (!plan->packed && bf_job_packs(job))
        BF_TRY(bf_job_walk_packed(&packed, job));
    bf_job_describe(out, job, plan);
    out->packed_memory_bytes =
        plan->packed ? plan->memory_bytes : packed.memory_bytes;
    bf_plan_clear(&packed);
    return BF_OK;
}

bf_status bf_rank_figures_of(bf_rank_figures *out, const bf_job *job,
                             unsigned ranks, bf_env *env)
{
    BF_UNDER(env);
    bf_plan plan;
    if (ranks < 1 || ranks > BF_RANKS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u ranks; 1 to %d are possible", ranks,
                       BF_RANKS_MAX);
    BF_TRY(bf_job_check_ranks(job, ranks));
    bf_ranks most = bf_job_busiest(job, ranks);
    BF_TRY(bf_job_walk_rank(&plan, job, false, &most));
    *out = (bf_rank_figures){
        .row_ciphertexts = bf_job_rank_inputs(job, BF_INPUT_ROWS, &most),
        .upload_bytes = plan.read_bytes,
        .memory_bytes = plan.memory_bytes,
        .added_bytes = plan.added_bytes,
        .work = plan.work,
    };
    bf_plan_clear(&plan);
    return BF_OK;
}

/* True if a key of this job serves `need`. */
static bf_status holds(bool *found, const bf_job *job, const bf_key_need *need)
{
    const bf_plan *plan;
    BF_TRY(bf_job_walked(&plan, job));
    for (size_t i = 0; i < plan->key_count && !*found; i++) {
        const bf_key_need *k = &plan->keys[i];
        *found = k->name.ring == need->name.ring &&
                 bf_key_same(k->name, need->name) && k->limbs >= need->limbs;
    }
    return BF_OK;
}

static bf_status check_same_data(const bf_job *job, const bf_job *other)
{
    uint8_t a[BF_HASH_BYTES], b[BF_HASH_BYTES];
    bf_job_data_id(job, a);
    bf_job_data_id(other, b);
    if (memcmp(a, b, sizeof a) == 0) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "keys of a job over another data set are of no use");
}

bf_status bf_job_lacking(bf_key_need **needs, size_t *count, const bf_job *job,
                         const bf_job *const *have, size_t jobs)
{
    const bf_plan *plan;
    bf_status status = BF_OK;
    for (size_t j = 0; j < jobs; j++) BF_TRY(check_same_data(job, have[j]));
    BF_TRY(bf_job_walked(&plan, job));
    bf_key_need *lacking =
        bf_alloc((plan->key_count ? plan->key_count : 1) * sizeof *lacking);
    if (!lacking) return BF_ERR_MEMORY;
    *count = 0;
    for (size_t i = 0; i < plan->key_count && status == BF_OK; i++) {
        bool found = false;
        for (size_t j = 0; j < jobs && status == BF_OK; j++)
            status = holds(&found, have[j], &plan->keys[i]);
        if (!found) lacking[(*count)++] = plan->keys[i];
    }
    if (status == BF_OK)
        *needs = lacking;
    else
        bf_free(lacking);
    return status;
}

bf_status bf_job_more_keys(size_t *keys, uint64_t *bytes, const bf_job *job,
                           const bf_job *const *have, size_t count, bf_env *env)
{
    BF_UNDER(env);
    bf_key_need *needs;
    BF_TRY(bf_job_lacking(&needs, keys, job, have, count));
    *bytes = *keys ? bf_wire_file_bytes(job->ring, job->rings) : 0;
    for (size_t i = 0; i < *keys; i++)
        *bytes += bf_job_key_bytes(job, &needs[i]);
    bf_free(needs);
    return BF_OK;
}

bf_status bf_job_step_of(bf_job_step *out, const bf_job *job,
                         unsigned iteration, bf_env *env)
{
    BF_UNDER(env);
    const bf_plan *plan;
    if (iteration < 1 || iteration > job->recipe.iterations)
        return bf_fail(BF_ERR_ARGUMENT, "iteration %u: the job has %u",
                       iteration, job->recipe.iterations);
    BF_TRY(bf_job_walked(&plan, job));
    const bf_plan_step *s = &plan->steps[iteration - 1];
    *out = (bf_job_step){.limbs = s->output.limbs,
                         .log2_q = bf_params_log2_q(&job->ring[0],
                                                    s->output.limbs),
                         .error = s->noise,
                         .certified = s->certificate.limbs > 0};
    return BF_OK;
}

bf_status bf_job_check_server(const bf_job *job, bf_env *env)
{
    BF_UNDER(env);
    const bf_plan *plan;
    bf_plan packed;
    BF_TRY(bf_job_walked(&plan, job));
    bf_status status = bf_plan_check_memory(plan, 0);
    if (status != BF_ERR_MEMORY || plan->packed || !bf_job_packs(job))
        return status;
    BF_TRY(bf_job_walk_packed(&packed, job));
    status = bf_plan_check_memory(&packed, 0);
    bf_plan_clear(&packed);
    return status;
}
