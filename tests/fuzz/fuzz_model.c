/* Any bytes as a plaintext model: as .npy, .csv and .safetensors, and as the
 * JSON beside a model. An accepted model is written and read again. */
#include "memory_file.h"

#include <math.h>
#include <string.h>

#include "blindfit/train.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sidecar[] = "{\"feature_map\": \"sqrt\"}";
static const char table[] = "0.5,1,2\n-0.5,0,3\n1,1,1\n";

static void check_model(const bf_model *m)
{
    size_t count = m->weights.rows * m->weights.cols;
    if (m->weights.rows < 2 || m->weights.rows > BF_CLASSES_MAX ||
        m->weights.cols < 2 ||
        (m->map != BF_MAP_NONE && m->map != BF_MAP_SQRT))
        abort();
    for (size_t i = 0; i < count; i++)
        if (!isfinite(m->weights.data[i])) abort();
}

static void compare(const bf_model *a, const bf_model *b)
{
    size_t count = a->weights.rows * a->weights.cols;
    if (a->weights.rows != b->weights.rows ||
        a->weights.cols != b->weights.cols || a->map != b->map ||
        !a->class_names != !b->class_names)
        abort();
    for (size_t i = 0; i < count; i++)
        if (a->weights.data[i] != b->weights.data[i]) abort();
    for (size_t c = 0; a->class_names && c < a->weights.rows; c++)
        if (strcmp(a->class_names[c], b->class_names[c]) != 0) abort();
}

static void read_model(const char *path, const char *other)
{
    bf_model m, again;
    if (bf_model_load(&m, path) != BF_OK) return;
    check_model(&m);
    if (bf_model_save(&m, other) != BF_OK ||
        bf_model_load(&again, other) != BF_OK)
        abort();
    compare(&m, &again);
    bf_model_clear(&m);
    bf_model_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"m.npy", "m.csv", "m.safetensors"};
    static const char *const others[] = {"n.npy", "n.csv", "n.safetensors"};
    char path[64], side[64], other[64];
    for (unsigned i = 0; i < 3; i++) {
        fuzz_path(path, names[i]);
        fuzz_path(other, others[i]);
        snprintf(side, sizeof side, "%.50s.json", path);
        fuzz_write(path, data, size);
        fuzz_write(side, (const uint8_t *)sidecar, sizeof sidecar - 1);
        read_model(path, other);
    }
    fuzz_path(path, "t.csv");
    fuzz_path(side, "t.csv.json");
    fuzz_path(other, "u.npy");
    fuzz_write(path, (const uint8_t *)table, sizeof table - 1);
    fuzz_write(side, data, size);
    read_model(path, other);
    return 0;
}
