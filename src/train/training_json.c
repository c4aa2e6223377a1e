/* Training's part of job.json: the recipe, and the scales that the search chose
 * for it. */
#include "train/expansion.h"
#include "train/json_fields.h"
#include "train/names.h"
#include "train/training.h"

static const char *const divisions[] = {"each", "joined", "late", "paired"};
static const char *const bases[] = {"power", "chebyshev"};

void bf_training_write_recipe(cJSON *o, const bf_job *job)
{
    const bf_recipe *r = &job->recipe;
    cJSON_AddNumberToObject(o, "iterations", r->iterations);
    cJSON_AddStringToObject(o, "feature_map", bf_feature_map_name(r->map));
    if (r->expand.count)
        cJSON_AddItemToObject(o, "expand", bf_relu_to_json(r->expand));
    bf_put_numbers(o, "sigmoid", r->sigmoid.odd, (r->sigmoid.degree + 1) / 2);
    bf_put_number(o, "sigmoid_range", r->sigmoid.range);
    if (r->sigmoid.chebyshev)
        cJSON_AddStringToObject(o, "sigmoid_basis", bases[1]);
    if (r->safe) cJSON_AddTrueToObject(o, "safe");
    bf_put_number(o, "lambda", r->lambda);
    bf_put_number(o, "clip", r->clip);
    cJSON_AddNumberToObject(o, "components", (double)r->components);
    bf_put_numbers(o, "steps", r->steps, r->step_count);
    cJSON_AddNumberToObject(o, "batch", (double)r->batch);
}

static void write_refresh(cJSON *o, const bf_refresh *r)
{
    bf_put_number(o, "ratio", r->ratio);
    bf_put_number(o, "log2_scale", r->log_scale);
    bf_put_number(o, "precision", r->precision);
    cJSON_AddBoolToObject(o, "few_keys", r->few_keys);
    if (r->log_slots) cJSON_AddNumberToObject(o, "log2_slots", r->log_slots);
}

void bf_training_write_scales(cJSON *o, const bf_job *job)
{
    cJSON *s = cJSON_AddObjectToObject(o, "log2_scales");
    bf_put_number(s, "rows", job->log_x);
    bf_put_number(s, "mask", job->log_mask);
    bf_put_number(s, "labels", job->log_labels);
    bf_put_number(s, "dense", job->log_dense);
    bf_put_number(s, "start", job->log_v0);
    cJSON *d = cJSON_AddObjectToObject(o, "polynomial");
    cJSON_AddStringToObject(d, "division", divisions[job->form.division]);
    cJSON_AddNumberToObject(d, "primes", job->form.primes);
    if (job->certificate) cJSON_AddTrueToObject(o, "certificate");
    if (job->refresh.on)
        write_refresh(cJSON_AddObjectToObject(o, "refresh"), &job->refresh);
}

void bf_training_read_recipe(bf_fields *r, const cJSON *o, bf_job *job)
{
    bf_recipe *out = &job->recipe;
    out->iterations =
        (unsigned)bf_get_whole(r, o, "iterations", 1, BF_MAX_ITERATIONS);
    out->map = (bf_feature_map)bf_get_word(
        r, o, "feature_map", bf_feature_map_names, BF_FEATURE_MAPS);
    const cJSON *expand = cJSON_GetObjectItemCaseSensitive(o, "expand");
    if (expand && r->status == BF_OK)
        r->status = bf_relu_from_json(&out->expand, expand, r->path);
    if (cJSON_HasObjectItem(o, "sigmoid_basis"))
        out->sigmoid.chebyshev = bf_get_word(r, o, "sigmoid_basis", bases, 2);
    unsigned degree =
        out->sigmoid.chebyshev ? BF_CHEBYSHEV_DEGREE_MAX : BF_POLY_DEGREE_MAX;
    unsigned odd =
        bf_get_list(r, o, "sigmoid", out->sigmoid.odd, (degree + 1) / 2);
    out->sigmoid.degree = odd ? 2 * odd - 1 : 0;
    if (cJSON_HasObjectItem(o, "safe")) out->safe = bf_get_flag(r, o, "safe");
    out->sigmoid.range =
        bf_get_real(r, o, "sigmoid_range", 0, BF_SIGMOID_RANGE_MAX);
    out->lambda = bf_get_real(r, o, "lambda", 0, BF_RIDGE_MAX);
    out->clip = bf_get_real(r, o, "clip", 0, BF_CLIP_MAX);
    out->components = bf_get_whole(r, o, "components", 0, BF_JOB_FEATURES_MAX);
    out->step_count = bf_get_list(r, o, "steps", out->steps, BF_MAX_ITERATIONS);
    out->batch = bf_get_whole(r, o, "batch", 0, BF_JOB_SAMPLES_MAX);
}

/* Only jobs with refreshed weights have this member. */
static void read_refresh(bf_fields *r, const cJSON *o, bf_refresh *out)
{
    if (r->status != BF_OK || !cJSON_HasObjectItem(o, "refresh")) return;
    const cJSON *m = bf_get_object(r, o, "refresh");
    out->on = true;
    out->ratio = bf_get_real(r, m, "ratio", 5, 12);
    out->log_scale = bf_get_real(r, m, "log2_scale", 10, 60);
    out->precision = bf_get_real(r, m, "precision", 1, 40);
    if (cJSON_HasObjectItem(m, "log2_slots"))
        out->log_slots = (unsigned)bf_get_whole(r, m, "log2_slots", 1, 16);
    out->few_keys = bf_get_flag(r, m, "few_keys");
}

void bf_training_read_scales(bf_fields *r, const cJSON *o, bf_job *job)
{
    const cJSON *s = bf_get_object(r, o, "log2_scales"),
                *d = bf_get_object(r, o, "polynomial");
    job->log_x = bf_get_real(r, s, "rows", 0, BF_SCALE_LOG_MAX);
    job->log_mask = bf_get_real(r, s, "mask", 0, BF_MASK_LOG_MAX);
    job->log_labels =
        bf_get_real(r, s, "labels", BF_LABELS_LOG_MIN, BF_SCALE_LOG_MAX);
    job->log_dense = bf_get_real(r, s, "dense", 10, 60);
    job->log_v0 = bf_get_real(r, s, "start", 0, BF_SCALE_LOG_MAX);
    job->form.division =
        (bf_division)bf_get_word(r, d, "division", divisions, 4);
    job->form.primes = (unsigned)bf_get_whole(r, d, "primes", 0, BF_MAX_Q);
    if (cJSON_HasObjectItem(o, "certificate"))
        job->certificate = bf_get_flag(r, o, "certificate");
    read_refresh(r, o, &job->refresh);
}
