#include "job_report.h"

#include <math.h>

uint64_t cli_key_switches(const bf_counters c[BF_RINGS_MAX])
{
    uint64_t sum = 0;
    for (size_t r = 0; r < BF_RINGS_MAX; r++)
        for (size_t i = 0; i <= BF_MAX_Q; i++) sum += c[r].key_switches[i];
    return sum;
}

void cli_json_job(cJSON *o, const bf_job *job)
{
    const bf_layout *l = &job->layout;
    cJSON_AddStringToObject(o, "recipe", cli_recipe_name(job->recipe.kind));
    cJSON_AddNumberToObject(o, "iterations", job->recipe.iterations);
    cJSON_AddNumberToObject(o, "samples", (double)l->n);
    cJSON_AddNumberToObject(o, "features", (double)job->features);
    cJSON_AddNumberToObject(o, "classes", (double)l->classes);
    cJSON_AddNumberToObject(o, "ring_degree",
                            (double)((uint64_t)1 << job->ring[0].log_n));
    cJSON_AddNumberToObject(o, "limbs", job->ring[0].n_q);
    cJSON_AddNumberToObject(o, "special_primes", job->ring[0].n_p);
}

static bf_status report_json(const bf_job *job, const bf_plan *plan,
                             double seconds)
{
    cJSON *o = cJSON_CreateObject();
    cli_json_job(o, job);
    cJSON_AddNumberToObject(o, "columns", (double)job->layout.cols);
    cJSON_AddNumberToObject(o, "features_per_ciphertext",
                            (double)job->layout.f);
    cJSON_AddNumberToObject(o, "samples_per_ciphertext", (double)job->layout.t);
    cJSON_AddNumberToObject(o, "log2_qp", plan->log2_qp);
    cJSON_AddNumberToObject(
        o, "log2_qp_limit", bf_security_log2_qp_limit(job->ring[0].log_n, 128));
    cJSON_AddNumberToObject(o, "security_bits", plan->security_bits);
    cJSON_AddNumberToObject(o, "evaluation_keys", (double)plan->key_count);
    cJSON_AddNumberToObject(o, "ciphertexts_uploaded",
                            (double)plan->ciphertexts);
    cJSON *bytes = cJSON_AddObjectToObject(o, "bytes");
    cJSON_AddNumberToObject(bytes, "keys", (double)plan->key_bytes);
    cJSON_AddNumberToObject(bytes, "upload", (double)plan->upload_bytes);
    cJSON_AddNumberToObject(bytes, "model", (double)plan->model_bytes);
    cJSON_AddNumberToObject(o, "memory_bytes", (double)plan->memory_bytes);
    cJSON_AddNumberToObject(
        o, "key_switches", (double)cli_key_switches(plan->counters));
    cJSON_AddNumberToObject(o, "tensor_products",
                            (double)plan->counters[0].tensor_products);
    cJSON_AddNumberToObject(o, "weight_noise", plan->weight_noise);
    cJSON_AddNumberToObject(o, "threads", bf_env_threads(NULL));
    cJSON_AddNumberToObject(o, "server_seconds_estimate", seconds);
    return cli_json(o);
}

bf_status cli_report_plan(const bf_job *job, const bf_plan *plan,
                          double seconds)
{
    const bf_layout *l = &job->layout;
    if (cli_common_options.json) return report_json(job, plan, seconds);
    cli_progress_end();
    printf("Recipe %s, %u iteration%s over %s rows of %s features, %zu "
           "classes\n",
           cli_recipe_name(job->recipe.kind), job->recipe.iterations,
           job->recipe.iterations == 1 ? "" : "s",
           cli_count((double)l->n).s, cli_count((double)job->features).s,
           l->classes);
    cli_row("ring degree", "%s",
            cli_count((double)((uint64_t)1 << job->ring[0].log_n)).s);
    cli_row("modulus", "%u levels, log2(QP) = %.0f of at most %.0f",
            job->ring[0].n_q - 1, plan->log2_qp,
            bf_security_log2_qp_limit(job->ring[0].log_n, 128));
    cli_row("security", "%.0f bits", plan->security_bits);
    cli_row("expected error", "%.2g of a typical weight",
            plan->weight_noise / job->typical.weight);
    cli_row("layout", "%zu features by %zu rows a ciphertext, in %zu + %zu",
            l->f, l->t, l->chunks * l->pairs,
            plan->ciphertexts - l->chunks * l->pairs);
    cli_row("upload", "%s ciphertexts, %s",
            cli_count((double)plan->ciphertexts).s,
            cli_size((double)plan->upload_bytes).s);
    cli_row("evaluation keys", "%zu, %s, uploaded once", plan->key_count,
            cli_size((double)plan->key_bytes).s);
    cli_row("encrypted model", "%s",
            cli_size((double)plan->model_bytes).s);
    cli_row("server's work", "%s key switches, %s ciphertext products",
            cli_count((double)cli_key_switches(plan->counters)).s,
            cli_count((double)plan->counters[0].tensor_products).s);
    cli_row("server's memory", "about %s",
            cli_size((double)plan->memory_bytes).s);
    if (isnan(seconds))
        cli_row("server's time", "not measured: its steps are too large here");
    else
        cli_row("server's time", "about %s on this machine, %u thread%s",
                cli_time(seconds).s, bf_env_threads(NULL),
                bf_env_threads(NULL) == 1 ? "" : "s");
    return BF_OK;
}
