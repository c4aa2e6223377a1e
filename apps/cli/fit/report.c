#include "fit/fit.h"
#include "job_report.h"

static size_t uploaded(const fit *f)
{
    return f->figures.shape.row_ciphertexts +
           f->figures.shape.other_ciphertexts;
}

static void add_history(cJSON *o, const fit *f)
{
    if (!f->every_iteration) return;
    cJSON *list = cJSON_AddArrayToObject(o, "accuracy_by_iteration");
    for (unsigned t = 0; t < f->figures.shape.iterations; t++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddNumberToObject(item, "iteration", t + 1);
        cJSON_AddNumberToObject(item, "encrypted", f->history[t].encrypted);
        cJSON_AddNumberToObject(item, "plaintext_same_recipe",
                                f->history[t].plaintext);
        cJSON_AddItemToArray(list, item);
    }
}

static void add_starts(cJSON *o, const fit *f)
{
    cJSON *s = cJSON_AddObjectToObject(o, "starts");
    cJSON_AddNumberToObject(s, "whiten", f->starts.whiten);
    cJSON_AddNumberToObject(s, "keygen", f->starts.keygen);
    cJSON_AddNumberToObject(s, "encrypt", f->starts.encrypt);
    cJSON_AddNumberToObject(s, "server", f->starts.server);
    cJSON_AddNumberToObject(s, "decrypt", f->starts.decrypt);
}

static void add_seconds(cJSON *o, const fit *f)
{
    cJSON *s = cJSON_AddObjectToObject(o, "seconds");
    cJSON_AddNumberToObject(s, "whiten", f->seconds.whiten);
    cJSON_AddNumberToObject(s, "keygen", f->seconds.keygen);
    cJSON_AddNumberToObject(s, "encrypt", f->seconds.encrypt);
    cJSON_AddNumberToObject(s, "train", f->seconds.train);
    cJSON_AddNumberToObject(s, "decrypt", f->seconds.decrypt);
    cJSON_AddNumberToObject(s, "total", f->seconds.total);
    cJSON_AddNumberToObject(s, "server_read", f->server.read_seconds);
    cJSON_AddNumberToObject(s, "server_write", f->server.write_seconds);
    cJSON_AddNumberToObject(s, "server_wall", f->seconds.server_wall);
    if (f->compare)
        cJSON_AddNumberToObject(s, "plaintext_lr", f->seconds.regression);
}

static bf_status report_json(const fit *f)
{
    cJSON *o = cJSON_CreateObject();
    cli_json_job(o, bf_job_recipe(f->job), &f->figures);
    cJSON_AddNumberToObject(o, "threads", bf_env_threads(NULL));
    cJSON_AddNumberToObject(o, "log2_q", f->figures.log2_q);
    cJSON_AddNumberToObject(o, "log2_qp", f->figures.log2_qp);
    cJSON_AddNumberToObject(o, "log2_qp_limit", f->figures.log2_qp_limit);
    cJSON_AddNumberToObject(o, "security_bits", f->figures.security_bits);
    cJSON_AddNumberToObject(o, "ciphertexts_uploaded", (double)uploaded(f));
    cJSON_AddStringToObject(o, "feature_map",
                            bf_feature_map_name(f->model.map));
    add_starts(o, f);
    add_seconds(o, f);
    cJSON *b = cJSON_AddObjectToObject(o, "bytes");
    cJSON_AddNumberToObject(b, "upload", f->bytes.upload);
    cJSON_AddNumberToObject(b, "keys", f->bytes.keys);
    cJSON_AddNumberToObject(b, "model", f->bytes.model);
    cJSON *r = cJSON_AddObjectToObject(o, "peak_rss_bytes");
    cJSON_AddNumberToObject(r, "owner", (double)cli_peak_rss());
    cJSON_AddNumberToObject(r, "server", f->server.peak_rss_bytes);
    cJSON_AddStringToObject(o, "judged_on",
                            f->test.x.data ? "test" : "training");
    cJSON_AddNumberToObject(o, "judged_rows", (double)fit_judge(f)->x.rows);
    cJSON *a = cJSON_AddObjectToObject(o, "accuracy");
    cJSON_AddNumberToObject(a, "encrypted", f->encrypted.accuracy);
    cJSON_AddNumberToObject(a, "plaintext_same_recipe", f->twin.accuracy);
    if (f->compare)
        cJSON_AddNumberToObject(a, "plaintext_lr", f->regression.accuracy);
    else
        cJSON_AddNullToObject(a, "plaintext_lr");
    if (f->reduced.classes)
        cJSON_AddNumberToObject(a, "plaintext_lr_encrypted_columns",
                                f->reduced.accuracy);
    cJSON *l = cJSON_AddObjectToObject(o, "loss");
    cJSON_AddNumberToObject(l, "sle", f->encrypted.sle);
    cJSON_AddNumberToObject(l, "cross_entropy", f->encrypted.cross_entropy);
    cJSON_AddNumberToObject(o, "max_weight_error", f->max_weight_error);
    cJSON_AddNumberToObject(o, "key_switches", f->server.key_switches);
    cJSON_AddNumberToObject(o, "tensor_products", f->server.tensor_products);
    cJSON_AddNumberToObject(o, "memory_bytes_planned",
                            (double)f->figures.memory_bytes);
    cli_findings_json(o, &f->found);
    add_history(o, f);
    cli_json_confusion(o, &f->encrypted, f->model.class_names);
    cJSON_AddBoolToObject(o, "refreshed", f->figures.refreshed);
    bf_status s = cli_json_levels(o, f->job, &f->figures);
    if (s == BF_OK) return cli_json(o);
    cJSON_Delete(o);
    return s;
}

static void phase(const char *who, const char *what, double seconds,
                  const char *detail)
{
    printf("  %-7s %-9s %10s   %s\n", who, what, bf_text_time(seconds).s,
           detail);
}

static void print_phases(const fit *f)
{
    char text[128];
    phase("owner", "whiten", f->seconds.whiten, "in plaintext, stays here");
    snprintf(text, sizeof text, "%s of evaluation keys to the server",
             bf_text_size(f->bytes.keys).s);
    phase("owner", "keygen", f->seconds.keygen, text);
    snprintf(text, sizeof text, "%zu ciphertexts, %s to the server",
             uploaded(f), bf_text_size(f->bytes.upload).s);
    phase("owner", "encrypt", f->seconds.encrypt, text);
    snprintf(text, sizeof text, "%.0f key switches, %s of memory",
             f->server.key_switches, bf_text_size(f->server.peak_rss_bytes).s);
    phase("server", "train", f->seconds.train, text);
    snprintf(text, sizeof text, "%s back to the owner",
             bf_text_size(f->bytes.model).s);
    phase("owner", "decrypt", f->seconds.decrypt, text);
    snprintf(text, sizeof text, "with the server's start and files, %s",
             bf_text_time(f->seconds.server_wall).s);
    phase("", "in all", f->seconds.total, text);
}

static void print_accuracies(const fit *f)
{
    printf("\nAccuracy on %s %s rows\n",
           bf_text_count((double)fit_judge(f)->x.rows).s,
           f->test.x.data ? "test" : "training");
    cli_row("encrypted", "%s", bf_text_percent(f->encrypted.accuracy).s);
    cli_row("same in plaintext", "%s   (largest difference of a weight %.1e)",
            bf_text_percent(f->twin.accuracy).s, f->max_weight_error);
    if (f->compare)
        cli_row("logistic regression", "%s   (plaintext, converged)",
                bf_text_percent(f->regression.accuracy).s);
    if (f->reduced.classes)
        cli_row("", "%s   (on the %zu columns that were encrypted)",
                bf_text_percent(f->reduced.accuracy).s,
                f->figures.shape.columns - 1);
    for (unsigned t = 0; f->every_iteration && t < f->figures.shape.iterations;
         t++)
        cli_row(t ? "" : "by iteration", "%u: %s encrypted, %s in plaintext",
                t + 1, bf_text_percent(f->history[t].encrypted).s,
                bf_text_percent(f->history[t].plaintext).s);
}

bf_status fit_report(const fit *f)
{
    if (cli_common_options.json) return report_json(f);
    const bf_job_shape *shape = &f->figures.shape;
    cli_progress_end();
    printf("Recipe %s, %u iteration%s on %s encrypted rows of %s features, "
           "%zu classes\n"
           "Ring degree %s, log2(QP) %.0f, %.0f-bit security, %u thread%s\n\n",
           bf_recipe_kind_name(bf_job_recipe(f->job)->kind),
           f->figures.shape.iterations,
           f->figures.shape.iterations == 1 ? "" : "s",
           bf_text_count((double)shape->rows).s,
           bf_text_count((double)shape->features).s, shape->classes,
           bf_text_count((double)f->figures.ring_degree).s, f->figures.log2_qp,
           f->figures.security_bits, bf_env_threads(NULL),
           bf_env_threads(NULL) == 1 ? "" : "s");
    print_phases(f);
    print_accuracies(f);
    printf("\nRanges of the run\n");
    cli_findings_print(&f->found, f->every_iteration);
    return BF_OK;
}
