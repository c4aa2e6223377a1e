/* inspect, of an owner's own files: features, labels and models. */
#include <math.h>
#include <sys/stat.h>

#include "cli.h"

#define SIDE_MAX ((size_t)1 << 24)

/* A file of numbers is a model's if the file beside it has a feature map. */
static bf_status find_map(bool *found, const char *path)
{
    char side[BF_PATH_BYTES];
    uint8_t *text;
    size_t bytes;
    *found = false;
    BF_TRY(bf_sidecar_path(side, path));
    BF_TRY(bf_refuse_pipe(side));
    if (bf_read_file(side, SIDE_MAX, &text, &bytes) != BF_OK) return BF_OK;
    cJSON *o = cJSON_ParseWithLength((char *)text, bytes);
    *found = cJSON_HasObjectItem(o, "feature_map");
    cJSON_Delete(o);
    bf_free(text);
    return BF_OK;
}

static double file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static cJSON *object(const char *path, const char *type)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "file", path);
    cJSON_AddStringToObject(o, "type", type);
    cJSON_AddNumberToObject(o, "bytes", file_bytes(path));
    return o;
}

static void title(const char *path, const char *type)
{
    cli_print(stdout, "%s: %s, %s, not encrypted", path, type,
              bf_text_size(file_bytes(path)).s);
}

static void add_names(cJSON *o, char *const *names, size_t count)
{
    if (names)
        cJSON_AddItemToObject(
            o, "class_names",
            cJSON_CreateStringArray((const char *const *)names, (int)count));
}

static void print_names(char *const *names, size_t count)
{
    for (size_t i = 0; names && i < count; i++)
        cli_row(i ? "" : "class names", "%zu: %s", i, names[i]);
}

/* ---- models -------------------------------------------------------------- */

static bf_status report_model(const char *path, const bf_model *m)
{
    size_t inputs = bf_model_inputs(m), weighed = m->weights.cols - 1;
    if (cli_common_options.json) {
        cJSON *o = object(path, "model");
        cJSON_AddNumberToObject(o, "classes", (double)m->weights.rows);
        cJSON_AddNumberToObject(o, "features", (double)inputs);
        cJSON_AddStringToObject(o, "feature_map", bf_feature_map_name(m->map));
        if (m->expansion)
            cJSON_AddNumberToObject(o, "random_features", (double)weighed);
        add_names(o, m->class_names, m->weights.rows);
        return cli_json(o);
    }
    title(path, "model");
    cli_row("classes", "%zu", m->weights.rows);
    cli_row("features", "%s, %s", bf_text_count((double)inputs).s,
            m->map == BF_MAP_SQRT ? "of which it takes square roots"
                                  : "as they are");
    if (m->expansion)
        cli_row("random features", "%s", bf_text_count((double)weighed).s);
    print_names(m->class_names, m->weights.rows);
    return BF_OK;
}

static bf_status inspect_model(const char *path)
{
    bf_model m;
    BF_TRY(bf_model_load(&m, path));
    bf_status s = report_model(path, &m);
    bf_model_clear(&m);
    return s;
}

/* ---- rows and labels ----------------------------------------------------- */

static bf_status report_rows(const char *path, const bf_dataset *d)
{
    const bf_matrix *x = &d->x;
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < x->rows * x->cols; i++) {
        least = fmin(least, x->data[i]);
        most = fmax(most, x->data[i]);
    }
    const char *type = d->labels ? "labelled rows" : "features";
    if (cli_common_options.json) {
        cJSON *o = object(path, type);
        cJSON_AddNumberToObject(o, "samples", (double)x->rows);
        cJSON_AddNumberToObject(o, "features", (double)x->cols);
        if (d->labels) cJSON_AddNumberToObject(o, "classes", d->classes);
        cJSON_AddNumberToObject(o, "least", least);
        cJSON_AddNumberToObject(o, "most", most);
        return cli_json(o);
    }
    title(path, type);
    cli_row("rows", "%s", bf_text_count((double)x->rows).s);
    cli_row("features", "%s, from %.4g to %.4g",
            bf_text_count((double)x->cols).s, least, most);
    if (d->labels) cli_row("classes", "%u", d->classes);
    return BF_OK;
}

static bf_status report_labels(const char *path, const int32_t *labels,
                               size_t count)
{
    char **names = NULL;
    size_t named = 0;
    int32_t most = 0;
    for (size_t i = 0; i < count; i++)
        if (labels[i] > most) most = labels[i];
    BF_TRY(bf_class_names_beside(&names, &named, path));
    if (cli_common_options.json) {
        cJSON *o = object(path, "labels");
        cJSON_AddNumberToObject(o, "samples", (double)count);
        cJSON_AddNumberToObject(o, "classes",
                                names ? (double)named : most + 1.0);
        add_names(o, names, named);
        bf_class_names_free(names, named);
        return cli_json(o);
    }
    title(path, "labels");
    cli_row("rows", "%s", bf_text_count((double)count).s);
    cli_row("classes", "%.0f", names ? (double)named : most + 1.0);
    print_names(names, named);
    bf_class_names_free(names, named);
    return BF_OK;
}

/* Whole numbers in one column are labels. */
static bf_status inspect_rows(const char *path)
{
    bf_dataset d = {0};
    int32_t *labels;
    size_t count;
    if (bf_path_has_extension(path, ".npy") &&
        bf_labels_read(&labels, &count, path) == BF_OK) {
        bf_status s = report_labels(path, labels, count);
        bf_free(labels);
        return s;
    }
    BF_TRY(bf_dataset_load(&d, path, NULL, (bf_rows){0, 0}, &cli_env));
    bf_status s = report_rows(path, &d);
    bf_dataset_clear(&d);
    return s;
}

bf_status cli_inspect_owned(bool *known, const char *path)
{
    bool tensors = bf_path_has_extension(path, ".safetensors");
    *known = tensors || bf_path_has_extension(path, ".npy") ||
             bf_path_has_extension(path, ".csv");
    if (!*known) return BF_OK;
    BF_TRY(bf_refuse_pipe(path));
    bool model = tensors;
    if (!tensors) BF_TRY(find_map(&model, path));
    return model ? inspect_model(path) : inspect_rows(path);
}
