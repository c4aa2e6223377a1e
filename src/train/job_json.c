/* job.json: the choices that fix a job; the rest is derived from them. */
#include <cjson/cJSON.h>
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/random.h"
#include "train/expansion.h"
#include "train/job.h"
#include "train/names.h"

enum { JOB_VERSION = 2, JOB_BYTES_MAX = 1 << 20 };

static const char *const divisions[] = {"each", "joined", "late", "paired"};
static const char *const bases[] = {"power", "chebyshev"};

/* ---- writing ------------------------------------------------------------- */

/* Prints exactly: cJSON's own printing may lose the last bit, which would
 * change the id of the data set. */
static cJSON *number(double v)
{
    char text[BF_NUMBER_BYTES];
    return cJSON_CreateRaw(bf_number_print(text, v));
}

static void add_number(cJSON *o, const char *name, double v)
{
    cJSON_AddItemToObject(o, name, number(v));
}

static cJSON *numbers(const double *v, unsigned count)
{
    cJSON *list = cJSON_CreateArray();
    for (unsigned i = 0; i < count; i++)
        cJSON_AddItemToArray(list, number(v[i]));
    return list;
}

static cJSON *primes(const uint64_t *p, unsigned count)
{
    double v[BF_MAX_Q]; /* below 2^49: exact */
    for (unsigned i = 0; i < count; i++) v[i] = (double)p[i];
    return numbers(v, count);
}

static cJSON *recipe_json(const bf_recipe *r)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "kind", bf_recipe_kind_name(r->kind));
    cJSON_AddNumberToObject(o, "iterations", r->iterations);
    cJSON_AddStringToObject(o, "feature_map", bf_feature_map_name(r->map));
    if (r->expand.count)
        cJSON_AddItemToObject(o, "expand", bf_relu_to_json(r->expand));
    cJSON_AddItemToObject(o, "sigmoid",
                          numbers(r->sigmoid.odd, (r->sigmoid.degree + 1) / 2));
    add_number(o, "sigmoid_range", r->sigmoid.range);
    if (r->sigmoid.chebyshev)
        cJSON_AddStringToObject(o, "sigmoid_basis", bases[1]);
    if (r->safe) cJSON_AddTrueToObject(o, "safe");
    add_number(o, "lambda", r->lambda);
    add_number(o, "clip", r->clip);
    cJSON_AddNumberToObject(o, "components", (double)r->components);
    cJSON_AddItemToObject(o, "steps", numbers(r->steps, r->step_count));
    cJSON_AddNumberToObject(o, "batch", (double)r->batch);
    return o;
}

static cJSON *ring_json(const bf_params *p)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "log2_ring_degree", p->log_n);
    cJSON_AddNumberToObject(o, "digit_limbs", p->digit_limbs);
    cJSON_AddItemToObject(o, "primes", primes(p->q, p->n_q));
    cJSON_AddItemToObject(o, "special_primes", primes(p->p, p->n_p));
    return o;
}

static cJSON *refresh_json(const bf_refresh *r)
{
    cJSON *o = cJSON_CreateObject();
    add_number(o, "ratio", r->ratio);
    add_number(o, "log2_scale", r->log_scale);
    add_number(o, "precision", r->precision);
    cJSON_AddBoolToObject(o, "few_keys", r->few_keys);
    if (r->log_slots) cJSON_AddNumberToObject(o, "log2_slots", r->log_slots);
    return o;
}

static cJSON *columns_json(const bf_label_columns *c)
{
    double classes[BF_LABEL_COLUMNS_MAX];
    for (unsigned i = 0; i < c->count; i++) classes[i] = c->classes[i];
    return numbers(classes, c->count);
}

static cJSON *job_json(const bf_job *job)
{
    uint8_t id[BF_HASH_BYTES];
    char hex[2 * BF_HASH_BYTES + 1];
    cJSON *o = cJSON_CreateObject();
    bf_job_data_id(job, id);
    sodium_bin2hex(hex, sizeof hex, id, sizeof id);
    cJSON_AddNumberToObject(o, "blindfit_job", JOB_VERSION);
    cJSON_AddStringToObject(o, "data_set", hex);
    cJSON_AddNumberToObject(o, "samples", (double)job->layout.n);
    cJSON_AddNumberToObject(o, "features", (double)job->features);
    cJSON_AddNumberToObject(o, "classes", (double)job->layout.classes);
    if (job->labels.count > 1)
        cJSON_AddItemToObject(o, "label_columns", columns_json(&job->labels));
    if (job->owners > 1)
        cJSON_AddNumberToObject(o, "owners", job->owners);
    cJSON_AddItemToObject(o, "recipe", recipe_json(&job->recipe));
    cJSON *l = cJSON_AddObjectToObject(o, "layout");
    cJSON_AddNumberToObject(l, "features_per_ciphertext",
                            (double)job->layout.f);
    cJSON_AddNumberToObject(l, "dense_places", (double)job->layout.k);
    if (job->log_places)
        cJSON_AddNumberToObject(l, "log2_places", job->log_places);
    cJSON *s = cJSON_AddObjectToObject(o, "log2_scales");
    add_number(s, "rows", job->log_x);
    add_number(s, "mask", job->log_mask);
    add_number(s, "labels", job->log_labels);
    add_number(s, "dense", job->log_dense);
    add_number(s, "start", job->log_v0);
    cJSON *d = cJSON_AddObjectToObject(o, "polynomial");
    cJSON_AddStringToObject(d, "division", divisions[job->form.division]);
    cJSON_AddNumberToObject(d, "primes", job->form.primes);
    if (job->certificate) cJSON_AddTrueToObject(o, "certificate");
    if (job->refresh.on)
        cJSON_AddItemToObject(o, "refresh", refresh_json(&job->refresh));
    cJSON *rings = cJSON_AddArrayToObject(o, "rings");
    for (unsigned r = 0; r < job->rings; r++)
        cJSON_AddItemToArray(rings, ring_json(&job->ring[r]));
    return o;
}

bf_status bf_job_print(char **text, const bf_job *job)
{
    cJSON *o = job_json(job);
    char *json = o ? cJSON_Print(o) : NULL;
    cJSON_Delete(o);
    size_t bytes = json ? strlen(json) : 0;
    char *line = json ? bf_alloc(bytes + 2) : NULL;
    if (line) {
        memcpy(line, json, bytes);
        memcpy(line + bytes, "\n", 2);
    }
    cJSON_free(json);
    if (!line) return bf_fail(BF_ERR_MEMORY, "no memory for the job's text");
    *text = line;
    return BF_OK;
}

bf_status bf_job_text_write(const char *text, size_t bytes, const char *path)
{
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, path, 0644));
    bf_status s = bf_outfile_write(f, text, bytes);
    if (s == BF_OK) return bf_outfile_commit(f);
    bf_outfile_abort(f);
    return s;
}

bf_status bf_job_save(const bf_job *job, const char *path)
{
    char *text;
    BF_TRY(bf_job_print(&text, job));
    bf_status s = bf_job_text_write(text, strlen(text), path);
    bf_free(text);
    return s;
}

/* ---- reading ------------------------------------------------------------- */

typedef struct reader {
    const char *path;
    bf_status status; /* status of the first failure; later reads do nothing */
} reader;

static const cJSON *member(reader *r, const cJSON *o, const char *name)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);
    if (!m && r->status == BF_OK)
        r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\" is missing", r->path,
                            name);
    return m;
}

static const cJSON *object(reader *r, const cJSON *o, const char *name)
{
    const cJSON *m = member(r, o, name);
    if (m && !cJSON_IsObject(m) && r->status == BF_OK)
        r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\" must be an object",
                            r->path, name);
    return m;
}

static double real(reader *r, const cJSON *o, const char *name, double low,
                   double high)
{
    const cJSON *m = member(r, o, name);
    if (r->status != BF_OK) return 0;
    if (!cJSON_IsNumber(m) || !(m->valuedouble >= low) ||
        !(m->valuedouble <= high)) {
        r->status = bf_fail(BF_ERR_FORMAT,
                            "%s: \"%s\" must be a number from %g to %g",
                            r->path, name, low, high);
        return 0;
    }
    return m->valuedouble;
}

static size_t whole(reader *r, const cJSON *o, const char *name, double low,
                    double high)
{
    double v = real(r, o, name, low, high);
    if (r->status == BF_OK && v != floor(v))
        r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\" must be a whole number",
                            r->path, name);
    return r->status == BF_OK ? (size_t)v : 0;
}

static unsigned word(reader *r, const cJSON *o, const char *name,
                     const char *const *words, unsigned count)
{
    const cJSON *m = member(r, o, name);
    for (unsigned i = 0; m && cJSON_IsString(m) && i < count; i++)
        if (strcmp(m->valuestring, words[i]) == 0) return i;
    if (r->status == BF_OK)
        r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\" has an unknown value",
                            r->path, name);
    return 0;
}

static bool flag(reader *r, const cJSON *o, const char *name)
{
    const cJSON *m = member(r, o, name);
    if (r->status == BF_OK && !cJSON_IsBool(m))
        r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\" must be true or false",
                            r->path, name);
    return cJSON_IsTrue(m);
}

/* Reads 1..most finite numbers; returns their number. */
static unsigned list(reader *r, const cJSON *o, const char *name, double *out,
                     unsigned most)
{
    const cJSON *m = member(r, o, name), *item;
    unsigned count = 0;
    bool good = m && cJSON_IsArray(m);
    if (r->status != BF_OK) return 0;
    if (good)
        cJSON_ArrayForEach(item, m) {
            good = good && count < most && cJSON_IsNumber(item) &&
                   isfinite(item->valuedouble);
            if (good) out[count++] = item->valuedouble;
        }
    if (good && count > 0) return count;
    r->status = bf_fail(BF_ERR_FORMAT,
                        "%s: \"%s\" must be a list of 1 to %u numbers", r->path,
                        name, most);
    return 0;
}

static unsigned prime_list(reader *r, const cJSON *o, const char *name,
                           uint64_t *out, unsigned most)
{
    double v[BF_MAX_Q];
    unsigned count = list(r, o, name, v, most);
    for (unsigned i = 0; i < count && r->status == BF_OK; i++) {
        if (!(v[i] >= 3 && v[i] < 0x1p49 && v[i] == floor(v[i])))
            r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\": %g is no prime",
                                r->path, name, v[i]);
        else
            out[i] = (uint64_t)v[i];
    }
    return count;
}

static void read_recipe(reader *r, const cJSON *o, bf_recipe *out)
{
    out->kind = (bf_recipe_kind)word(r, o, "kind", bf_recipe_kind_names,
                                    BF_RECIPE_KINDS);
    out->iterations =
        (unsigned)whole(r, o, "iterations", 1, BF_MAX_ITERATIONS);
    out->map = (bf_feature_map)word(r, o, "feature_map",
                                    bf_feature_map_names, BF_FEATURE_MAPS);
    const cJSON *expand = cJSON_GetObjectItemCaseSensitive(o, "expand");
    if (expand && r->status == BF_OK)
        r->status = bf_relu_from_json(&out->expand, expand, r->path);
    if (cJSON_HasObjectItem(o, "sigmoid_basis"))
        out->sigmoid.chebyshev = word(r, o, "sigmoid_basis", bases, 2);
    unsigned degree = out->sigmoid.chebyshev ? BF_CHEBYSHEV_DEGREE_MAX
                                             : BF_POLY_DEGREE_MAX;
    unsigned odd =
        list(r, o, "sigmoid", out->sigmoid.odd, (degree + 1) / 2);
    out->sigmoid.degree = odd ? 2 * odd - 1 : 0;
    if (cJSON_HasObjectItem(o, "safe")) out->safe = flag(r, o, "safe");
    out->sigmoid.range = real(r, o, "sigmoid_range", 0, BF_SIGMOID_RANGE_MAX);
    out->lambda = real(r, o, "lambda", 0, BF_RIDGE_MAX);
    out->clip = real(r, o, "clip", 0, BF_CLIP_MAX);
    out->components = whole(r, o, "components", 0, BF_JOB_FEATURES_MAX);
    out->step_count = list(r, o, "steps", out->steps, BF_MAX_ITERATIONS);
    out->batch = whole(r, o, "batch", 0, BF_JOB_SAMPLES_MAX);
}

static void read_numbers(reader *r, const cJSON *o, bf_job *job)
{
    const cJSON *s = object(r, o, "log2_scales"),
                *d = object(r, o, "polynomial");
    job->log_x = real(r, s, "rows", 0, BF_SCALE_LOG_MAX);
    job->log_mask = real(r, s, "mask", 0, BF_MASK_LOG_MAX);
    job->log_labels = real(r, s, "labels", BF_LABELS_LOG_MIN, BF_SCALE_LOG_MAX);
    job->log_dense = real(r, s, "dense", 10, 60);
    job->log_v0 = real(r, s, "start", 0, BF_SCALE_LOG_MAX);
    job->form.division = (bf_division)word(r, d, "division", divisions, 4);
    job->form.primes = (unsigned)whole(r, d, "primes", 0, BF_MAX_Q);
}

/* Refused here, with the file's name, and not later when a context is made. */
static bf_status check_primes(const bf_params *p, const char *path)
{
    uint64_t all[BF_MAX_Q + BF_MAX_P];
    memcpy(all, p->q, p->n_q * sizeof *all);
    memcpy(all + p->n_q, p->p, p->n_p * sizeof *all);
    bf_status s = bf_primes_check(p->log_n, all, p->n_q + p->n_p);
    if (s == BF_ERR_ARGUMENT) s = BF_ERR_FORMAT;
    return s == BF_OK ? s : bf_fail_in(s, "%s", path);
}

static void read_ring(reader *r, const cJSON *k, bf_params *p)
{
    p->log_n = (unsigned)whole(r, k, "log2_ring_degree", BF_PLAN_LOG_N_MIN,
                               BF_PLAN_LOG_N_MAX);
    p->digit_limbs = (unsigned)whole(r, k, "digit_limbs", 1, BF_MAX_Q);
    p->n_q = prime_list(r, k, "primes", p->q, BF_MAX_Q);
    p->n_p = prime_list(r, k, "special_primes", p->p, BF_MAX_P);
    if (r->status == BF_OK) r->status = check_primes(p, r->path);
}

/* Only jobs with refreshed weights have this member. */
static void read_refresh(reader *r, const cJSON *o, bf_refresh *out)
{
    if (r->status != BF_OK || !cJSON_HasObjectItem(o, "refresh")) return;
    const cJSON *m = object(r, o, "refresh");
    out->on = true;
    out->ratio = real(r, m, "ratio", 5, 12);
    out->log_scale = real(r, m, "log2_scale", 10, 60);
    out->precision = real(r, m, "precision", 1, 40);
    if (cJSON_HasObjectItem(m, "log2_slots"))
        out->log_slots = (unsigned)whole(r, m, "log2_slots", 1, 16);
    out->few_keys = flag(r, m, "few_keys");
}

/* Only jobs with several columns of labels have this member. */
static void read_columns(reader *r, const cJSON *o, bf_label_columns *out)
{
    double classes[BF_LABEL_COLUMNS_MAX];
    if (r->status != BF_OK || !cJSON_HasObjectItem(o, "label_columns")) return;
    out->count = list(r, o, "label_columns", classes, BF_LABEL_COLUMNS_MAX);
    for (unsigned i = 0; i < out->count; i++) {
        bool whole = classes[i] >= 0 && classes[i] <= BF_CLASSES_MAX &&
                     classes[i] == floor(classes[i]);
        if (whole)
            out->classes[i] = (unsigned)classes[i];
        else if (r->status == BF_OK)
            r->status =
                bf_fail(BF_ERR_FORMAT, "%s: \"label_columns\": %g classes",
                        r->path, classes[i]);
    }
}

static void read_rings(reader *r, const cJSON *o, bf_job *job)
{
    const cJSON *m = member(r, o, "rings"), *item;
    int count = cJSON_IsArray(m) ? cJSON_GetArraySize(m) : 0;
    if (r->status == BF_OK && (count < 1 || count > BF_RINGS_MAX))
        r->status = bf_fail(BF_ERR_FORMAT,
                            "%s: \"rings\" must be a list of 1 to %d", r->path,
                            BF_RINGS_MAX);
    if (r->status != BF_OK) return;
    cJSON_ArrayForEach(item, m) read_ring(r, item, &job->ring[job->rings++]);
}

/* The id of the data set in the file must equal the id that follows from the
 * other members. */
static void check_data_id(reader *r, const cJSON *o, const bf_job *job)
{
    uint8_t id[BF_HASH_BYTES];
    char hex[2 * BF_HASH_BYTES + 1];
    const char *named = cJSON_GetStringValue(member(r, o, "data_set"));
    if (r->status != BF_OK) return;
    bf_job_data_id(job, id);
    sodium_bin2hex(hex, sizeof hex, id, sizeof id);
    if (!named || strcmp(named, hex) != 0)
        r->status = bf_fail(BF_ERR_FORMAT,
                            "%s: \"data_set\" is not the one described (%s)",
                            r->path, hex);
}

static bf_status parse_job(bf_job *job, const cJSON *o, const char *path)
{
    reader r = {path, BF_OK};
    if (!cJSON_IsObject(o) || !cJSON_HasObjectItem(o, "blindfit_job"))
        return bf_fail(BF_ERR_FORMAT, "%s: not a blindfit job", path);
    if (whole(&r, o, "blindfit_job", 1, 1e6) != JOB_VERSION &&
        r.status == BF_OK)
        return bf_fail(BF_ERR_UNSUPPORTED,
                       "%s: a job of another version than %d: plan it again "
                       "with this build", path, JOB_VERSION);
    size_t n = whole(&r, o, "samples", 2, BF_JOB_SAMPLES_MAX);
    size_t classes = whole(&r, o, "classes", 2, BF_CLASSES_MAX);
    read_columns(&r, o, &job->labels);
    job->features = whole(&r, o, "features", 1, BF_JOB_FEATURES_MAX);
    if (cJSON_HasObjectItem(o, "owners"))
        job->owners = (unsigned)whole(&r, o, "owners", 2, BF_OWNERS_MAX);
    const cJSON *recipe = object(&r, o, "recipe"), *l = object(&r, o, "layout");
    read_recipe(&r, recipe, &job->recipe);
    size_t f = whole(&r, l, "features_per_ciphertext", 1, 1 << 16);
    size_t k = whole(&r, l, "dense_places", 1, 1 << 16);
    if (cJSON_HasObjectItem(l, "log2_places"))
        job->log_places = (unsigned)whole(&r, l, "log2_places", 1, 16);
    read_numbers(&r, o, job);
    if (cJSON_HasObjectItem(o, "certificate"))
        job->certificate = flag(&r, o, "certificate");
    read_refresh(&r, o, &job->refresh);
    read_rings(&r, o, job);
    if (r.status != BF_OK) return r.status;
    bf_status s = bf_job_derive(job, n, classes, f, k);
    if (s != BF_OK) return bf_fail_in(s, "%s", path);
    check_data_id(&r, o, job);
    return r.status;
}

bf_status bf_job_parse(bf_job *job, const char *text, size_t bytes,
                       const char *name)
{
    bf_job made = {0};
    cJSON *o = cJSON_ParseWithLength(text, bytes);
    bf_status s = o ? parse_job(&made, o, name)
                    : bf_fail(BF_ERR_FORMAT, "%s: not JSON", name);
    cJSON_Delete(o);
    if (s == BF_OK) *job = made;
    return s;
}

bf_status bf_job_text_read(char **text, size_t *bytes, const char *path)
{
    uint8_t *data;
    BF_TRY(bf_read_file(path, JOB_BYTES_MAX, &data, bytes));
    *text = (char *)data;
    return BF_OK;
}

bf_status bf_job_load(bf_job *job, const char *path, uint8_t id[BF_HASH_BYTES])
{
    char *text;
    size_t bytes;
    BF_TRY(bf_random_init());
    BF_TRY(bf_job_text_read(&text, &bytes, path));
    bf_status s = bf_job_parse(job, text, bytes, path);
    if (s == BF_OK) bf_hash(text, bytes, id);
    bf_free(text);
    return s;
}
