/* job.json: the choices that fix a job; the rest is derived from them. Here is
 * what every job has; the circuit writes and reads its own part. */
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/random.h"
#include "blindfit/server.h"
#include "train/circuit.h"
#include "train/json_fields.h"
#include "train/names.h"

enum { JOB_VERSION = 2, JOB_BYTES_MAX = 1 << 20 };

/* ---- writing ------------------------------------------------------------- */

static void put_primes(cJSON *o, const char *name, const uint64_t *p,
                       unsigned count)
{
    double v[BF_MAX_Q]; /* below 2^49: exact */
    for (unsigned i = 0; i < count; i++) v[i] = (double)p[i];
    bf_put_numbers(o, name, v, count);
}

static cJSON *ring_json(const bf_params *p)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "log2_ring_degree", p->log_n);
    cJSON_AddNumberToObject(o, "digit_limbs", p->digit_limbs);
    put_primes(o, "primes", p->q, p->n_q);
    put_primes(o, "special_primes", p->p, p->n_p);
    return o;
}

static void put_columns(cJSON *o, const bf_label_columns *c)
{
    double classes[BF_LABEL_COLUMNS_MAX];
    for (unsigned i = 0; i < c->count; i++) classes[i] = c->classes[i];
    bf_put_numbers(o, "label_columns", classes, c->count);
}

static void put_owners(cJSON *o, const bf_job *job)
{
    double rows[BF_OWNERS_MAX]; /* at most BF_JOB_SAMPLES_MAX: exact */
    if (job->owners < 2) return;
    cJSON_AddNumberToObject(o, "owners", job->owners);
    for (unsigned i = 0; i < job->owners; i++)
        rows[i] = (double)job->owner_rows[i];
    if (job->owner_rows[0]) bf_put_numbers(o, "owner_rows", rows, job->owners);
}

static cJSON *job_json(const bf_job *job)
{
    const bf_circuit *circuit = bf_job_circuit(job);
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
    if (job->labels.count > 1) put_columns(o, &job->labels);
    put_owners(o, job);
    if (job->parts > 1) cJSON_AddNumberToObject(o, "parts", job->parts);
    cJSON *recipe = cJSON_AddObjectToObject(o, "recipe");
    cJSON_AddStringToObject(recipe, "kind",
                            bf_recipe_kind_name(job->recipe.kind));
    circuit->write_recipe(recipe, job);
    cJSON *l = cJSON_AddObjectToObject(o, "layout");
    cJSON_AddNumberToObject(l, "features_per_ciphertext",
                            (double)job->layout.f);
    cJSON_AddNumberToObject(l, "dense_places", (double)job->layout.k);
    if (job->log_places)
        cJSON_AddNumberToObject(l, "log2_places", job->log_places);
    circuit->write_scales(o, job);
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

static unsigned prime_list(bf_fields *r, const cJSON *o, const char *name,
                           uint64_t *out, unsigned most)
{
    double v[BF_MAX_Q];
    unsigned count = bf_get_list(r, o, name, v, most);
    for (unsigned i = 0; i < count && r->status == BF_OK; i++) {
        if (!(v[i] >= 3 && v[i] < 0x1p49 && v[i] == floor(v[i])))
            r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\": %g is no prime",
                                r->path, name, v[i]);
        else
            out[i] = (uint64_t)v[i];
    }
    return count;
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

static void read_ring(bf_fields *r, const cJSON *k, bf_params *p)
{
    p->log_n = (unsigned)bf_get_whole(r, k, "log2_ring_degree",
                                      BF_PLAN_LOG_N_MIN, BF_PLAN_LOG_N_MAX);
    p->digit_limbs = (unsigned)bf_get_whole(r, k, "digit_limbs", 1, BF_MAX_Q);
    p->n_q = prime_list(r, k, "primes", p->q, BF_MAX_Q);
    p->n_p = prime_list(r, k, "special_primes", p->p, BF_MAX_P);
    if (r->status == BF_OK) r->status = check_primes(p, r->path);
}

/* Only jobs with several columns of labels have this member. */
static void read_columns(bf_fields *r, const cJSON *o, bf_label_columns *out)
{
    size_t classes[BF_LABEL_COLUMNS_MAX];
    if (r->status != BF_OK || !cJSON_HasObjectItem(o, "label_columns")) return;
    out->count = bf_get_wholes(r, o, "label_columns", classes,
                               BF_LABEL_COLUMNS_MAX, BF_CLASSES_MAX);
    for (unsigned i = 0; i < out->count; i++)
        out->classes[i] = (unsigned)classes[i];
}

/* Jobs of one owner have neither member, and others may lack `owner_rows`. */
static void read_owners(bf_fields *r, const cJSON *o, bf_job *job)
{
    if (!cJSON_HasObjectItem(o, "owners")) return;
    job->owners = (unsigned)bf_get_whole(r, o, "owners", 2, BF_OWNERS_MAX);
    if (r->status != BF_OK || !cJSON_HasObjectItem(o, "owner_rows")) return;
    unsigned count = bf_get_wholes(r, o, "owner_rows", job->owner_rows,
                                   BF_OWNERS_MAX, BF_JOB_SAMPLES_MAX);
    if (r->status == BF_OK && (count != job->owners || !job->owner_rows[0]))
        r->status = bf_fail(BF_ERR_FORMAT,
                            "%s: \"owner_rows\": not the rows of %u owners",
                            r->path, job->owners);
}

/* Only jobs whose gradients are packed in parts have this member. */
static void read_parts(bf_fields *r, const cJSON *o, bf_job *job)
{
    if (r->status != BF_OK || !cJSON_HasObjectItem(o, "parts")) return;
    job->parts = (unsigned)bf_get_whole(r, o, "parts", 2, BF_RANKS_MAX);
}

static void read_rings(bf_fields *r, const cJSON *o, bf_job *job)
{
    const cJSON *m = bf_get_member(r, o, "rings"), *item;
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
static void check_data_id(bf_fields *r, const cJSON *o, const bf_job *job)
{
    uint8_t id[BF_HASH_BYTES];
    char hex[2 * BF_HASH_BYTES + 1];
    const char *named = cJSON_GetStringValue(bf_get_member(r, o, "data_set"));
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
    bf_fields r = {path, BF_OK};
    if (!cJSON_IsObject(o) || !cJSON_HasObjectItem(o, "blindfit_job"))
        return bf_fail(BF_ERR_FORMAT, "%s: not a blindfit job", path);
    if (bf_get_whole(&r, o, "blindfit_job", 1, 1e6) != JOB_VERSION &&
        r.status == BF_OK)
        return bf_fail(BF_ERR_UNSUPPORTED,
                       "%s: a job of another version than %d: plan it again "
                       "with this build", path, JOB_VERSION);
    size_t n = bf_get_whole(&r, o, "samples", 2, BF_JOB_SAMPLES_MAX);
    size_t classes = bf_get_whole(&r, o, "classes", 2, BF_CLASSES_MAX);
    read_columns(&r, o, &job->labels);
    job->features = bf_get_whole(&r, o, "features", 1, BF_JOB_FEATURES_MAX);
    read_owners(&r, o, job);
    read_parts(&r, o, job);
    const cJSON *recipe = bf_get_object(&r, o, "recipe"),
                *l = bf_get_object(&r, o, "layout");
    job->recipe.kind = (bf_recipe_kind)bf_get_word(
        &r, recipe, "kind", bf_recipe_kind_names, BF_RECIPE_KINDS);
    const bf_circuit *circuit = bf_job_circuit(job);
    circuit->read_recipe(&r, recipe, job);
    size_t f = bf_get_whole(&r, l, "features_per_ciphertext", 1, 1 << 16);
    size_t k = bf_get_whole(&r, l, "dense_places", 1, 1 << 16);
    if (cJSON_HasObjectItem(l, "log2_places"))
        job->log_places = (unsigned)bf_get_whole(&r, l, "log2_places", 1, 16);
    circuit->read_scales(&r, o, job);
    read_rings(&r, o, job);
    if (r.status != BF_OK) return r.status;
    bf_status s = bf_job_derive(job, n, classes, f, k);
    if (s == BF_OK && job->parts) s = circuit->check_ranks(job, job->parts);
    if (s != BF_OK) return bf_fail_in(s, "%s", path);
    check_data_id(&r, o, job);
    return r.status;
}

bf_status bf_job_parse(bf_job *job, const char *text, size_t bytes,
                       const char *name)
{
    bf_job made = {0};
    cJSON *o = bf_json_parse(text, bytes);
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
