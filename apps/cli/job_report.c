#include "job_report.h"
#include "blindfit/server.h"

#include <math.h>
#include <stdio.h>

void cli_json_job(cJSON *o, const bf_recipe *recipe, const bf_job_figures *f)
{
    cJSON_AddStringToObject(o, "recipe", bf_recipe_kind_name(recipe->kind));
    cJSON_AddNumberToObject(o, "iterations", f->shape.iterations);
    cJSON_AddNumberToObject(o, "samples", (double)f->shape.rows);
    cJSON_AddNumberToObject(o, "features", (double)f->shape.features);
    cJSON_AddNumberToObject(o, "classes", (double)f->shape.classes);
    if (recipe->expand.count)
        cJSON_AddNumberToObject(o, "random_features",
                                (double)recipe->expand.count);
    cJSON_AddNumberToObject(o, "ring_degree", (double)f->ring_degree);
    cJSON_AddNumberToObject(o, "limbs", f->limbs);
    cJSON_AddNumberToObject(o, "special_primes", f->special_limbs);
}

bf_status cli_json_levels(cJSON *o, const bf_job *job, const bf_job_figures *f)
{
    cJSON_AddNumberToObject(o, "typical_weight", f->typical_weight);
    cJSON *list = cJSON_AddArrayToObject(o, "levels");
    for (unsigned t = 1; t <= f->shape.iterations; t++) {
        bf_job_step step;
        BF_TRY(bf_job_step_of(&step, job, t, &cli_env));
        cJSON *item = cJSON_CreateObject();
        cJSON_AddNumberToObject(item, "iteration", t);
        cJSON_AddNumberToObject(item, "limbs", step.limbs);
        cJSON_AddNumberToObject(item, "log2_q", step.log2_q);
        cJSON_AddNumberToObject(item, "weight_noise", step.error);
        cJSON_AddItemToArray(list, item);
    }
    return BF_OK;
}

/* A plan and its costs. */
typedef struct cost {
    bf_job_figures f;
    double seconds; /* of the server, or NaN */
} cost;

static bf_status measure(cost *out, const bf_job *job)
{
    BF_TRY(bf_job_figures_of(&out->f, job, &cli_env));
    return bf_job_estimate(&out->seconds, job, &cli_env);
}

/* Steps of one of the two are timed; a job with refreshes takes a gigabyte and
 * seconds to time. */
static bf_status compare(cost *out, const bf_job *job, const cost *measured)
{
    BF_TRY(bf_job_figures_of(&out->f, job, &cli_env));
    out->seconds = measured->seconds * out->f.work / measured->f.work;
    return BF_OK;
}

static cJSON *alternative_json(const cost *c)
{
    cJSON *o = cJSON_CreateObject(), *bytes;
    cJSON_AddBoolToObject(o, "refreshed", c->f.refreshed);
    cJSON_AddNumberToObject(o, "ring_degree", (double)c->f.ring_degree);
    cJSON_AddNumberToObject(o, "limbs", c->f.limbs);
    bytes = cJSON_AddObjectToObject(o, "bytes");
    cJSON_AddNumberToObject(bytes, "keys", (double)c->f.key_bytes);
    cJSON_AddNumberToObject(bytes, "upload", (double)c->f.upload_bytes);
    cJSON_AddNumberToObject(o, "memory_bytes", (double)c->f.memory_bytes);
    cJSON_AddNumberToObject(o, "weight_noise", c->f.weight_error);
    cJSON_AddNumberToObject(o, "server_seconds_estimate", c->seconds);
    return o;
}

/* Costs of a job over encrypted rows, beside the rows. */
typedef struct more {
    bool over;
    size_t keys;
    uint64_t key_bytes;
} more;

/* Costs of the busiest of several ranks; count 0: nobody asks. */
typedef struct rank_cost {
    size_t count;
    bf_rank_figures f;
    double work_part, seconds; /* of one server's work; or NaN */
} rank_cost;

static bf_status measure_rank(rank_cost *out, const bf_job *job, size_t ranks,
                              const cost *alone)
{
    *out = (rank_cost){.count = ranks};
    if (!ranks) return BF_OK;
    BF_TRY(bf_rank_figures_of(&out->f, job, (unsigned)ranks, &cli_env));
    out->work_part = out->f.work / alone->f.work;
    out->seconds = alone->seconds * out->work_part;
    return BF_OK;
}

/* By a ring of ranks, each sends all parts of the sum but one, and then all
 * sums of parts but one. */
static double sent_bytes(const rank_cost *r)
{
    double count = (double)r->count;
    return 2 * (count - 1) / count * (double)r->f.added_bytes;
}

static cJSON *rank_json(const rank_cost *r)
{
    cJSON *o = cJSON_CreateObject();
    const bf_rank_figures *f = &r->f;
    cJSON_AddNumberToObject(o, "row_ciphertexts", (double)f->row_ciphertexts);
    cJSON_AddNumberToObject(o, "upload_bytes", (double)f->upload_bytes);
    cJSON_AddNumberToObject(o, "memory_bytes", (double)f->memory_bytes);
    cJSON_AddNumberToObject(o, "added_bytes", (double)f->added_bytes);
    cJSON_AddNumberToObject(o, "sent_bytes", sent_bytes(r));
    cJSON_AddNumberToObject(o, "work_part", r->work_part);
    cJSON_AddNumberToObject(o, "seconds_estimate", r->seconds);
    return o;
}

void cli_json_costs(cJSON *o, const bf_job *job, const bf_job_figures *f)
{
    if (f->shape.owners > 1)
        cJSON_AddNumberToObject(o, "owners", f->shape.owners);
    cJSON_AddNumberToObject(o, "columns", (double)f->shape.columns);
    cJSON_AddNumberToObject(o, "features_per_ciphertext",
                            (double)f->features_per_ciphertext);
    cJSON_AddNumberToObject(o, "samples_per_ciphertext",
                            (double)f->rows_per_ciphertext);
    cJSON_AddNumberToObject(o, "log2_q", f->log2_q);
    cJSON_AddNumberToObject(o, "log2_qp", f->log2_qp);
    cJSON_AddNumberToObject(o, "log2_qp_limit", f->log2_qp_limit);
    cJSON_AddNumberToObject(o, "security_bits", f->security_bits);
    cJSON_AddNumberToObject(o, "evaluation_keys", (double)f->keys);
    cJSON_AddNumberToObject(
        o, "ciphertexts_uploaded",
        (double)(f->shape.row_ciphertexts + f->shape.other_ciphertexts));
    cJSON *bytes = cJSON_AddObjectToObject(o, "bytes");
    cJSON_AddNumberToObject(bytes, "keys", (double)f->key_bytes);
    cJSON_AddNumberToObject(bytes, "upload", (double)f->upload_bytes);
    cJSON_AddNumberToObject(bytes, "model", (double)f->model_bytes);
    cJSON_AddNumberToObject(bytes, "checkpoint", (double)f->checkpoint_bytes);
    cJSON_AddNumberToObject(o, "memory_bytes", (double)f->memory_bytes);
    cJSON_AddBoolToObject(o, "rows_packed", f->rows_packed);
    if (f->packed_memory_bytes)
        cJSON_AddNumberToObject(o, "packed_memory_bytes",
                                (double)f->packed_memory_bytes);
    cJSON_AddNumberToObject(o, "key_switches", (double)f->key_switches);
    cJSON_AddNumberToObject(o, "tensor_products",
                            (double)f->ciphertext_products);
    cJSON_AddNumberToObject(o, "weight_noise", f->weight_error);
    cJSON_AddBoolToObject(o, "refreshed", f->refreshed);
    cJSON_AddBoolToObject(o, "safe", bf_job_recipe(job)->safe);
    cJSON_AddBoolToObject(o, "certified", f->certified);
}

static bf_status report_json(const bf_job *job, const bf_job_figures *f,
                             const more *m, double seconds, const cost *other,
                             const rank_cost *ranks)
{
    cJSON *o = cJSON_CreateObject();
    cli_json_job(o, bf_job_recipe(job), f);
    cli_json_costs(o, job, f);
    if (m->over) {
        cJSON *bytes = cJSON_GetObjectItem(o, "bytes");
        cJSON_AddNumberToObject(o, "more_keys", (double)m->keys);
        cJSON_AddNumberToObject(bytes, "more_keys", (double)m->key_bytes);
        cJSON_AddNumberToObject(bytes, "labels", (double)f->labels_bytes);
    }
    cJSON_AddNumberToObject(o, "threads", bf_env_threads(NULL));
    cJSON_AddNumberToObject(o, "server_seconds_estimate", seconds);
    if (other) cJSON_AddItemToObject(o, "alternative", alternative_json(other));
    if (ranks->count) {
        cJSON_AddNumberToObject(o, "ranks", (double)ranks->count);
        cJSON_AddItemToObject(o, "each_rank", rank_json(ranks));
    }
    bf_status s = cli_json_levels(o, job, f);
    if (s == BF_OK) return cli_json(o);
    cJSON_Delete(o);
    return s;
}

static void print_more(const bf_job_figures *f, const more *m)
{
    size_t count = f->shape.other_ciphertexts;
    cli_row("upload", "labels in %zu ciphertext%s, %s; the server has the rows",
            count, count > 1 ? "s" : "",
            bf_text_size((double)f->labels_bytes).s);
    if (m->keys)
        cli_row("evaluation keys", "%zu more, %s (keygen --beyond)", m->keys,
                bf_text_size((double)m->key_bytes).s);
    else
        cli_row("evaluation keys", "the server has all keys");
}

static const char *about(char text[64], double seconds)
{
    if (isnan(seconds)) return "time not measured";
    snprintf(text, 64, "about %s", bf_text_time(seconds).s);
    return text;
}

/* Prints the alternative, with or without refreshes. */
static void print_alternative(const cost *c)
{
    char time[64];
    cli_row(c->f.refreshed ? "with refreshes" : "without refreshes",
            "%s, %s of memory, upload %s, keys %s", about(time, c->seconds),
            bf_text_size((double)c->f.memory_bytes).s,
            bf_text_size((double)c->f.upload_bytes).s,
            bf_text_size((double)c->f.key_bytes).s);
}

static void print_safe(const bf_recipe *r)
{
    if (r->iterations == 1)
        cli_row("range", "proved for any rows and labels: there are no scores");
    else
        cli_row("range",
                "proved for any rows and labels: scores to %.0f by degree %u, "
                "steps from %.2f to %.2f",
                r->sigmoid.range, r->sigmoid.degree, r->steps[0],
                r->steps[r->step_count - 1]);
}

static void print_memory(const bf_job_figures *f)
{
    bf_text most = bf_text_size((double)f->memory_bytes);
    if (f->rows_packed)
        cli_row("server's memory", "about %s, with packed rows", most.s);
    else if (f->packed_memory_bytes)
        cli_row("server's memory", "about %s, or %s with packed rows", most.s,
                bf_text_size((double)f->packed_memory_bytes).s);
    else
        cli_row("server's memory", "about %s", most.s);
}

static void print_ranks(const rank_cost *r)
{
    char time[64];
    cli_row("each of the ranks",
            "%s, %.0f %% of one server; %s of memory; %s of upload",
            about(time, r->seconds), 100 * r->work_part,
            bf_text_size((double)r->f.memory_bytes).s,
            bf_text_size((double)r->f.upload_bytes).s);
    if (r->count == 1) return;
    cli_row("network", "each rank sends up to %s in an iteration",
            bf_text_size(sent_bytes(r)).s);
}

static void print_plan(const bf_job *job, const bf_job_figures *f,
                       const more *m, double seconds, const cost *other)
{
    unsigned threads = bf_env_threads(NULL);
    size_t uploaded = f->shape.row_ciphertexts + f->shape.other_ciphertexts;
    cli_progress_end();
    printf("Recipe %s, %u iteration%s over %s rows of %s features, %zu "
           "classes\n",
           bf_recipe_kind_name(bf_job_recipe(job)->kind), f->shape.iterations,
           f->shape.iterations == 1 ? "" : "s",
           bf_text_count((double)f->shape.rows).s,
           bf_text_count((double)f->shape.features).s, f->shape.classes);
    size_t random = bf_job_recipe(job)->expand.count;
    if (random)
        cli_row("random features", "%s, in place of the %s of a row",
                bf_text_count((double)random).s,
                bf_text_count((double)f->shape.features).s);
    cli_row("ring degree", "%s", bf_text_count((double)f->ring_degree).s);
    cli_row("modulus", "%u level%s, log2(QP) = %.0f of at most %.0f",
            f->limbs - 1, f->limbs == 2 ? "" : "s", f->log2_qp,
            f->log2_qp_limit);
    if (f->refreshed)
        cli_row("weights", "refreshed by bootstrapping after each iteration");
    if (bf_job_recipe(job)->safe) print_safe(bf_job_recipe(job));
    if (f->certified)
        cli_row("certificate", "sums of squared residuals come with the model");
    cli_row("security", "%.0f bits", f->security_bits);
    cli_row("expected error", "%.2g of a typical weight",
            f->weight_error / f->typical_weight);
    cli_row("layout", "%zu features by %zu rows a ciphertext, in %zu + %zu",
            f->features_per_ciphertext, f->rows_per_ciphertext,
            f->shape.row_ciphertexts, f->shape.other_ciphertexts);
    if (m->over) {
        print_more(f, m);
    } else {
        cli_row("upload", "%s ciphertexts, %s",
                bf_text_count((double)uploaded).s,
                bf_text_size((double)f->upload_bytes).s);
        cli_row("evaluation keys", "%zu, %s, uploaded once", f->keys,
                bf_text_size((double)f->key_bytes).s);
    }
    cli_row("encrypted model", "%s", bf_text_size((double)f->model_bytes).s);
    cli_row("server's work", "%s key switches, %s ciphertext products",
            bf_text_count((double)f->key_switches).s,
            bf_text_count((double)f->ciphertext_products).s);
    print_memory(f);
    if (isnan(seconds))
        cli_row("server's time",
                "not measured: the job's steps are too large here");
    else
        cli_row("server's time", "about %s on this machine, %u thread%s",
                bf_text_time(seconds).s, threads, threads == 1 ? "" : "s");
    if (other) print_alternative(other);
}

bf_status cli_report_plan(const bf_job *job, const bf_job *over, size_t ranks,
                          const char *path)
{
    cost own, other, *compared = NULL;
    more m = {.over = over};
    if (over)
        BF_TRY(bf_job_more_keys(&m.keys, &m.key_bytes, job,
                                (const bf_job *const *)&over, 1, &cli_env));
    rank_cost r;
    BF_TRY(measure(&own, job));
    BF_TRY(measure_rank(&r, job, ranks, &own));
    if (bf_job_alternative(job)) {
        BF_TRY(compare(&other, bf_job_alternative(job), &own));
        compared = &other;
    }
    if (path) BF_TRY(bf_job_write(job, path));
    if (cli_common_options.json)
        return report_json(job, &own.f, &m, own.seconds, compared, &r);
    print_plan(job, &own.f, &m, own.seconds, compared);
    if (ranks) print_ranks(&r);
    return BF_OK;
}
