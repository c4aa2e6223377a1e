/* Models on disk: .npy and .csv with the feature map beside them in PATH.json,
 * .safetensors with it in the metadata. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/number.h"
#include "features/class_names.h"
#include "features/csv.h"
#include "features/dataset.h"
#include "features/npy.h"
#include "features/safetensors.h"
#include "train/expansion.h"

#define KEY_MAP "feature_map"
#define KEY_NAMES BF_CLASS_NAMES_KEY
#define KEY_EXPAND "expand"

/* Twice BF_JOB_FEATURES_MAX numbers of an expansion, and names. */
#define SIDE_MAX ((size_t)1 << 26)

typedef enum model_format { NPY, CSV, SAFETENSORS } model_format;

static bf_status format_of(model_format *out, const char *path)
{
    static const char *const endings[] = {".npy", ".csv", ".safetensors"};
    for (int i = 0; i < 3; i++)
        if (bf_path_has_extension(path, endings[i])) {
            *out = (model_format)i;
            return BF_OK;
        }
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: models end in .npy, .csv or .safetensors", path);
}

/* ---- what is not numbers ------------------------------------------------ */

static const char *map_name(bf_feature_map map)
{
    return bf_feature_map_name(map);
}

static bf_status map_of(bf_feature_map *out, const char *name, const char *path)
{
    if (name && strcmp(name, bf_feature_map_name(BF_MAP_SQRT)) == 0)
        *out = BF_MAP_SQRT;
    else if (name && strcmp(name, "none") == 0)
        *out = BF_MAP_NONE;
    else
        return bf_fail(BF_ERR_FORMAT, "%s: no " KEY_MAP " none or sqrt", path);
    return BF_OK;
}

/* NULL when out of memory, or if the model has no names. */
static cJSON *names_to_json(const bf_model *m)
{
    if (!m->class_names) return NULL;
    return cJSON_CreateStringArray((const char *const *)m->class_names,
                                   (int)m->weights.rows);
}

static bf_status names_from_json(bf_model *m, const cJSON *names,
                                 const char *path)
{
    size_t count;
    char **read;
    if (!names || cJSON_IsNull(names)) return BF_OK;
    BF_TRY(bf_class_names_from_json(&read, &count, names, path));
    if (count != m->weights.rows) {
        bf_class_names_free(read, count);
        return bf_fail(BF_ERR_FORMAT, "%s: " KEY_NAMES " are not %zu names",
                       path, m->weights.rows);
    }
    m->class_names = read;
    return BF_OK;
}

static bf_status expansion_from_json(bf_model *m, const cJSON *o,
                                     const char *path)
{
    if (!o) return BF_OK;
    BF_TRY(bf_expansion_from_json(&m->expansion, o, path));
    if (m->expansion->of.count + 1 == m->weights.cols) return BF_OK;
    return bf_fail(BF_ERR_FORMAT,
                   "%s: %zu random features, the model has weights for %zu",
                   path, m->expansion->of.count, m->weights.cols - 1);
}

static bool is_sidecar(const cJSON *o)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, o)
    {
        if (!item->string || (strcmp(item->string, KEY_MAP) != 0 &&
                              strcmp(item->string, KEY_NAMES) != 0 &&
                              strcmp(item->string, KEY_EXPAND) != 0))
            return false;
    }
    return cJSON_HasObjectItem(o, KEY_MAP);
}

/* Where a model's JSON goes; it may replace only that of another model. */
static bf_status sidecar_place(char side[PATH_MAX], const char *path)
{
    BF_TRY(bf_sidecar_path(side, path));
    return bf_sidecar_check(side, SIDE_MAX, is_sidecar,
                            "feature map of a model");
}

static bf_status write_sidecar(bf_outfile *f, const bf_model *m)
{
    cJSON *root = cJSON_CreateObject(), *names = names_to_json(m);
    cJSON_AddStringToObject(root, KEY_MAP, map_name(m->map));
    if (names) cJSON_AddItemToObject(root, KEY_NAMES, names);
    if (m->expansion)
        cJSON_AddItemToObject(root, KEY_EXPAND,
                              bf_expansion_to_json(m->expansion));
    bool whole = cJSON_HasObjectItem(root, KEY_MAP) &&
                 (names || !m->class_names) &&
                 (cJSON_HasObjectItem(root, KEY_EXPAND) || !m->expansion);
    char *text = whole ? cJSON_Print(root) : NULL;
    bf_status status =
        text ? bf_outfile_write(f, text, strlen(text))
             : bf_fail(BF_ERR_MEMORY, "%s", bf_outfile_path(f));
    if (status == BF_OK) status = bf_outfile_write(f, "\n", 1);
    cJSON_free(text);
    cJSON_Delete(root);
    return status;
}

static bf_status load_sidecar(bf_model *m, const char *path)
{
    char side[PATH_MAX];
    uint8_t *data = NULL;
    size_t bytes;
    cJSON *root = NULL;
    BF_TRY(bf_sidecar_path(side, path));
    BF_TRY(bf_refuse_pipe(side)); /* nobody would fill it */
    if (access(side, F_OK) != 0)
        return bf_fail(BF_ERR_IO,
                       "%s: is no model, or is one without its feature map: "
                       "there is no %s",
                       path, side);
    bf_status status;
    BF_GOTO(bf_read_file(side, SIDE_MAX, &data, &bytes), done);
    root = bf_json_parse((const char *)data, bytes);
    BF_GOTO(map_of(&m->map,
                   cJSON_GetStringValue(cJSON_GetObjectItem(root, KEY_MAP)),
                   side),
            done);
    BF_GOTO(names_from_json(m, cJSON_GetObjectItem(root, KEY_NAMES), side),
            done);
    BF_GOTO(expansion_from_json(m, cJSON_GetObjectItem(root, KEY_EXPAND), side),
            done);
done:
    cJSON_Delete(root);
    bf_free(data);
    return status;
}

/* ---- numbers ------------------------------------------------------------ */

/* Failures show at commit. */
static void write_csv(bf_outfile *f, const bf_matrix *w)
{
    char text[BF_NUMBER_BYTES];
    FILE *stream = bf_outfile_stream(f);
    for (size_t i = 0; i < w->rows * w->cols; i++)
        fprintf(stream, "%s%c", bf_number_print(text, w->data[i]),
                (i + 1) % w->cols ? ',' : '\n');
}

/* Whether floats score as the doubles do. Weights of features that are very
 * small or very large are beyond the range of floats. A large bias, as of a
 * feature far from zero, loses digits: 2^-24 of it may not matter to a score.
 */
static bool floats_suffice(const bf_matrix *w)
{
    for (size_t i = 0; i < w->rows * w->cols; i++) {
        double size = fabs(w->data[i]);
        if (size > FLT_MAX || (size > 0 && size < FLT_MIN)) return false;
        if (i % w->cols == 0 && size * 0x1p-24 > 0.01) return false;
    }
    return true;
}

static void split(double *bias, double *weight, const bf_matrix *w)
{
    size_t d = w->cols - 1;
    for (size_t c = 0; c < w->rows; c++) {
        bias[c] = w->data[c * (d + 1)];
        memcpy(weight + c * d, w->data + c * (d + 1) + 1, d * sizeof *weight);
    }
}

static bf_status write_rounded(const char *path, bf_tensor_view tensors[2],
                               const double *const wide[2],
                               const char *const *metadata)
{
    size_t classes = tensors[1].shape[0], count = classes * tensors[1].shape[1];
    float *bias = bf_alloc(classes * sizeof *bias);
    float *weight = bf_alloc(count * sizeof *weight);
    bf_status status = BF_ERR_MEMORY;
    if (bias && weight) {
        for (size_t i = 0; i < classes; i++) bias[i] = (float)wide[0][i];
        for (size_t i = 0; i < count; i++) weight[i] = (float)wide[1][i];
        tensors[0].data = bias;
        tensors[1].data = weight;
        status = bf_safetensors_write(path, tensors, 2, metadata);
    }
    bf_free(bias);
    bf_free(weight);
    return status;
}

static bf_status write_weights(const char *path, const bf_matrix *w,
                               const char *const *metadata)
{
    size_t classes = w->rows, d = w->cols - 1;
    double *bias = bf_alloc(classes * sizeof *bias);
    double *weight = bf_alloc(classes * d * sizeof *weight);
    const double *const wide[2] = {bias, weight};
    bf_tensor_view tensors[2] = {{"bias", 1, {classes}, NULL},
                                 {"weight", 2, {classes, d}, NULL}};
    bf_status status = BF_ERR_MEMORY;
    if (bias && weight) {
        split(bias, weight, w);
        status = floats_suffice(w)
                     ? write_rounded(path, tensors, wide, metadata)
                     : bf_safetensors_write_wide(path, tensors, wide, 2,
                                                 metadata);
    }
    bf_free(bias);
    bf_free(weight);
    return status;
}

static bf_status save_safetensors(const bf_model *m, const char *path)
{
    cJSON *names = names_to_json(m);
    cJSON *expand = m->expansion ? bf_expansion_to_json(m->expansion) : NULL;
    char *text = names ? cJSON_PrintUnformatted(names) : NULL;
    char *expansion = expand ? cJSON_PrintUnformatted(expand) : NULL;
    bf_status status = BF_ERR_MEMORY;
    if ((m->class_names && !text) || (m->expansion && !expansion)) goto done;
    const char *metadata[7] = {KEY_MAP, map_name(m->map)};
    size_t at = 2;
    if (text) {
        metadata[at++] = KEY_NAMES;
        metadata[at++] = text;
    }
    if (expansion) {
        metadata[at++] = KEY_EXPAND;
        metadata[at] = expansion;
    }
    status = write_weights(path, &m->weights, metadata);
done:
    cJSON_free(text);
    cJSON_free(expansion);
    cJSON_Delete(names);
    cJSON_Delete(expand);
    return status;
}

static bf_status fill_from_tensors(bf_model *m, const bf_tensor *weight,
                                   const bf_tensor *bias)
{
    size_t classes = weight->shape[0], d = weight->shape[1];
    double *w = bf_alloc(weight->count * sizeof *w);
    double *b = bf_alloc(bias->count * sizeof *b);
    bf_status status = BF_ERR_MEMORY;
    if (!w || !b) goto done;
    BF_GOTO(bf_tensor_to_double(weight, w), done);
    BF_GOTO(bf_tensor_to_double(bias, b), done);
    BF_GOTO(bf_matrix_init(&m->weights, classes, d + 1), done);
    for (size_t c = 0; c < classes; c++) {
        double *row = m->weights.data + c * (d + 1);
        row[0] = b[c];
        memcpy(row + 1, w + c * d, d * sizeof *row);
    }
done:
    bf_free(w);
    bf_free(b);
    return status;
}

/* A value of the metadata that is the text of JSON. */
static bf_status read_metadata(bf_model *m, const bf_safetensors *st,
                               const char *key,
                               bf_status (*read)(bf_model *m, const cJSON *o,
                                                 const char *path),
                               const char *path)
{
    const char *text = bf_safetensors_metadata(st, key);
    if (!text) return BF_OK;
    cJSON *o = bf_json_parse(text, strlen(text));
    bf_status status = o ? read(m, o, path)
                         : bf_fail(BF_ERR_FORMAT, "%s: bad %s", path, key);
    cJSON_Delete(o);
    return status;
}

static bf_status read_tensors(bf_model *m, const bf_safetensors *st,
                              const char *path)
{
    const bf_tensor *weight = bf_safetensors_find(st, "weight");
    const bf_tensor *bias = bf_safetensors_find(st, "bias");
    if (!weight || !bias || weight->dims != 2 || bias->dims != 1 ||
        weight->count == 0 || bias->count != weight->shape[0])
        return bf_fail(BF_ERR_FORMAT, "%s: not a linear model (weight, bias)",
                       path);
    bf_status filled = fill_from_tensors(m, weight, bias);
    if (filled != BF_OK) return bf_fail_in(filled, "%s", path);
    BF_TRY(map_of(&m->map, bf_safetensors_metadata(st, KEY_MAP), path));
    BF_TRY(read_metadata(m, st, KEY_NAMES, names_from_json, path));
    return read_metadata(m, st, KEY_EXPAND, expansion_from_json, path);
}

static bf_status load_safetensors(bf_model *m, const char *path)
{
    bf_safetensors *st;
    BF_TRY(bf_safetensors_open(&st, path));
    bf_status status = read_tensors(m, st, path);
    bf_safetensors_close(st);
    return status;
}

/* ---- both --------------------------------------------------------------- */

static bf_status check(const bf_model *m, const char *path)
{
    size_t classes = m->weights.rows, columns = m->weights.cols;
    if (classes < 2 || classes > BF_CLASSES_MAX || columns < 2)
        return bf_fail(BF_ERR_FORMAT, "%s: a model of %zu x %zu weights", path,
                       classes, columns);
    for (size_t i = 0; i < classes * columns; i++)
        if (!isfinite(m->weights.data[i]))
            return bf_fail(BF_ERR_RANGE,
                           "%s: weight %zu of class %zu is not finite", path,
                           i % columns, i / columns);
    return BF_OK;
}

static bf_status write_numbers(bf_outfile *f, const bf_model *m,
                               model_format format)
{
    if (format == NPY) return bf_npy_write_to(f, &m->weights, false);
    write_csv(f, &m->weights);
    return BF_OK;
}

/* Writes both files or none, as weights with the map of another model would be
 * misread. */
static bf_status save_pair(const bf_model *m, const char *path,
                           const char *side, model_format format)
{
    enum { MAP, NUMBERS, FILES };
    bf_outfile *f[FILES] = {NULL};
    bf_status status;
    BF_GOTO(bf_outfile_open(&f[MAP], side, 0644), fail);
    BF_GOTO(bf_outfile_open(&f[NUMBERS], path, 0644), fail);
    BF_GOTO(write_sidecar(f[MAP], m), fail);
    BF_GOTO(write_numbers(f[NUMBERS], m, format), fail);
    return bf_outfile_commit_all(f, FILES);
fail:
    for (int i = 0; i < FILES; i++) bf_outfile_abort(f[i]);
    return status;
}

bf_status bf_model_check_path(const char *path)
{
    model_format format = NPY;
    char side[PATH_MAX];
    BF_TRY(format_of(&format, path));
    return format == SAFETENSORS ? BF_OK : sidecar_place(side, path);
}

bf_status bf_model_save(const bf_model *m, const char *path)
{
    model_format format = NPY;
    char side[PATH_MAX];
    BF_TRY(format_of(&format, path));
    BF_TRY(check(m, path));
    if (m->class_names)
        BF_TRY(bf_class_names_check((const char *const *)m->class_names,
                                    m->weights.rows, path));
    if (m->map == BF_MAP_AUTO)
        return bf_fail(BF_ERR_ARGUMENT, "%s: the feature map is not known",
                       path);
    if (format == SAFETENSORS) return save_safetensors(m, path);
    BF_TRY(sidecar_place(side, path));
    return save_pair(m, path, side, format);
}

static bf_status load(bf_model *m, model_format format, const char *path)
{
    BF_SILENT(); /* reading a model is fast */
    if (format == SAFETENSORS) {
        BF_TRY(load_safetensors(m, path));
        return check(m, path);
    }
    if (format == CSV)
        BF_TRY(bf_csv_load(&m->weights, NULL, NULL, path, (bf_rows){0, 0},
                           NULL));
    else
        BF_TRY(bf_npy_read(&m->weights, path));
    BF_TRY(check(m, path));
    return load_sidecar(m, path);
}

bf_status bf_model_load(bf_model *m, const char *path)
{
    model_format format = NPY;
    BF_TRY(format_of(&format, path));
    bf_model loaded = {0};
    bf_status status = load(&loaded, format, path);
    if (status != BF_OK) {
        bf_model_clear(&loaded);
        return status;
    }
    *m = loaded;
    return BF_OK;
}
