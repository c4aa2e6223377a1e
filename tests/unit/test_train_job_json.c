/* job.json from an untrusted source: for every member, a missing value, a value
 * of another type and a value out of bounds is refused in one line that names
 * the member and the file. The test alters the golden job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/circuit.h"
#include "train/names.h"

typedef enum kind {
    WHOLE, REAL, WORD, LIST, PRIMES, OBJECT, VERSION, RINGS
} kind;

/* The bounds are repeated here, as they belong to the format. */
typedef struct field {
    const char *in, *name; /* in NULL: at the top */
    kind kind;
    double low, high; /* of a list: its least and largest length */
} field;

static const field fields[] = {
    {NULL, "blindfit_job", VERSION, 2, 2},
    {NULL, "data_set", WORD, 0, 0},
    {NULL, "samples", WHOLE, 2, 1 << 30},
    {NULL, "features", WHOLE, 1, 1 << 20},
    {NULL, "classes", WHOLE, 2, 100},
    {NULL, "recipe", OBJECT, 0, 0},
    {"recipe", "kind", WORD, 0, 0},
    {"recipe", "iterations", WHOLE, 1, BF_MAX_ITERATIONS},
    {"recipe", "feature_map", WORD, 0, 0},
    {"recipe", "sigmoid", LIST, 1, 8},
    {"recipe", "sigmoid_range", REAL, 0, 1e6},
    {"recipe", "lambda", REAL, 0, 1e12},
    {"recipe", "clip", REAL, 0, 1e6},
    {"recipe", "components", WHOLE, 0, 1 << 20},
    {"recipe", "steps", LIST, 1, BF_MAX_ITERATIONS},
    {"recipe", "batch", WHOLE, 0, 1 << 30},
    {NULL, "layout", OBJECT, 0, 0},
    {"layout", "features_per_ciphertext", WHOLE, 1, 1 << 16},
    {"layout", "dense_places", WHOLE, 1, 1 << 16},
    {NULL, "log2_scales", OBJECT, 0, 0},
    {"log2_scales", "rows", REAL, 0, 60},
    {"log2_scales", "mask", REAL, 0, 40},
    {"log2_scales", "labels", REAL, 10, 60},
    {"log2_scales", "dense", REAL, 10, 60},
    {"log2_scales", "start", REAL, 0, 60},
    {NULL, "polynomial", OBJECT, 0, 0},
    {"polynomial", "division", WORD, 0, 0},
    {"polynomial", "primes", WHOLE, 0, BF_MAX_Q},
    {NULL, "rings", RINGS, 1, BF_RINGS_MAX},
    {"rings", "log2_ring_degree", WHOLE, 13, 17},
    {"rings", "digit_limbs", WHOLE, 1, BF_MAX_Q},
    {"rings", "primes", PRIMES, 1, BF_MAX_Q},
    {"rings", "special_primes", PRIMES, 1, BF_MAX_P},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static char folder[] = "/tmp/blindfit-job-XXXXXX";
static char path[64];
static cJSON *golden;

static int start(void **state)
{
    (void)state;
    uint8_t *text;
    size_t bytes;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/stranger.json", folder);
    if (bf_read_file("tests/golden/train-v2/job.json", 1 << 20, &text,
                     &bytes) != BF_OK)
        return -1;
    golden = cJSON_ParseWithLength((const char *)text, bytes);
    bf_free(text);
    return golden ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    cJSON_Delete(golden);
    return bf_remove_tree(folder) == BF_OK ? 0 : -1;
}

static bf_status read_text(const char *text)
{
    bf_job job = {.features = 77};
    uint8_t id[BF_HASH_BYTES];
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    bf_status s = bf_job_load(&job, path, id);
    if (s != BF_OK) assert_int_equal(job.features, 77); /* left alone */
    return s;
}

/* Frees job. */
static bf_status read_object(cJSON *job)
{
    char *text = cJSON_PrintUnformatted(job);
    cJSON_Delete(job);
    assert_non_null(text);
    bf_status s = read_text(text);
    cJSON_free(text);
    return s;
}

/* The golden job with `value` for the field, or without it. */
static bf_status read_with(const field *f, const char *value)
{
    cJSON *job = cJSON_Duplicate(golden, true);
    cJSON *in = f->in ? cJSON_GetObjectItem(job, f->in) : job;
    if (cJSON_IsArray(in)) in = cJSON_GetArrayItem(in, 0);
    assert_true(cJSON_HasObjectItem(in, f->name));
    if (value)
        cJSON_ReplaceItemInObjectCaseSensitive(in, f->name,
                                               cJSON_CreateRaw(value));
    else
        cJSON_DeleteItemFromObjectCaseSensitive(in, f->name);
    return read_object(job);
}

static void refused(const field *f, const char *value)
{
    char quoted[64];
    bf_status s = read_with(f, value);
    const char *shown = value ? value : "nothing";
    if (s != BF_ERR_FORMAT)
        fail_msg("\"%s\" of %.60s: %s", f->name, shown, bf_status_name(s));
    snprintf(quoted, sizeof quoted, "\"%s\"", f->name);
    /* Without its version it is some other JSON. */
    bool foreign = !value && strcmp(f->name, "blindfit_job") == 0;
    if (!strstr(bf_last_error(), foreign ? "not a blindfit job" : quoted) ||
        !strstr(bf_last_error(), "stranger.json"))
        fail_msg("\"%s\" of %.60s: %s", f->name, shown, bf_last_error());
}

static void a_number(const field *f, const char *format, double v)
{
    char text[64];
    snprintf(text, sizeof text, format, v);
    refused(f, text);
}

static void test_missing(void **state)
{
    (void)state;
    for (int i = 0; i < FIELDS; i++) refused(&fields[i], NULL);
}

static void test_types(void **state)
{
    (void)state;
    static const char *const values[] = {"null", "true", "false", "\"\"",
                                         "\"4\"", "[]", "{}", "7"};
    for (int i = 0; i < FIELDS; i++)
        for (int v = 0; v < 8; v++) {
            kind k = fields[i].kind;
            bool number = v == 7 && (k == WHOLE || k == REAL || k == VERSION);
            /* An empty object lacks what it should hold; said so below. */
            if (!number && !(v == 6 && k == OBJECT))
                refused(&fields[i], values[v]);
        }
}

static void test_empty_objects(void **state)
{
    (void)state;
    for (int i = 0; i < FIELDS; i++) {
        if (fields[i].kind != OBJECT) continue;
        assert_int_equal(read_with(&fields[i], "{}"), BF_ERR_FORMAT);
        assert_non_null(strstr(bf_last_error(), "is missing"));
    }
}

/* Numbers that JSON can express; NaN is no JSON. */
static void test_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < FIELDS; i++) {
        const field *f = &fields[i];
        if (f->kind != WHOLE && f->kind != REAL) continue;
        a_number(f, "%.17g", f->low - 1);
        a_number(f, "%.17g", -f->high - 1);
        a_number(f, "%.17g", f->high + (f->kind == WHOLE ? 1 : f->high * 1e-9));
        static const char *const huge[] = {"1e999", "-1e999", "1e308",
                                           "18446744073709551616", "-1e-300"};
        for (int k = 0; k < 5; k++)
            if (k < 4 || f->kind == WHOLE || f->low >= 0) refused(f, huge[k]);
        if (f->kind == WHOLE && f->high > f->low)
            a_number(f, "%.17g", f->low + 0.5);
        assert_int_equal(read_with(f, "NaN"), BF_ERR_FORMAT);
        assert_non_null(strstr(bf_last_error(), "stranger.json: not JSON"));
    }
}

static void test_words(void **state)
{
    (void)state;
    static const char *const values[] = {"\"Whitened\"", "\"paper \"",
                                         "\"LATE\"", "[\"none\"]"};
    for (int i = 0; i < FIELDS; i++)
        for (int v = 0; v < 4 && fields[i].kind == WORD; v++)
            refused(&fields[i], values[v]);
}

/* A list of `count` times the item. */
static void a_list(const field *f, const char *item, int count)
{
    static char text[1 << 16];
    strcpy(text, "[");
    for (int i = 0; i < count; i++) {
        strcat(text, i ? "," : "");
        strcat(text, item);
    }
    refused(f, strcat(text, "]"));
}

static void test_lists(void **state)
{
    (void)state;
    static const char *const items[] = {"null", "\"3\"", "[3]", "{}",
                                        "1e999", "-1e999"};
    static const char *const primes[] = {"2",    "-65537", "65537.5", "0",
                                         "1e18", "5.7e14", "562949953421312"};
    for (int i = 0; i < FIELDS; i++) {
        const field *f = &fields[i];
        if (f->kind != LIST && f->kind != PRIMES) continue;
        a_list(f, "3", 0);
        a_list(f, "3", (int)f->high + 1);
        a_list(f, "3", BF_MAX_ITERATIONS + 1000);
        for (int k = 0; k < 6; k++) a_list(f, items[k], 1);
        for (int k = 0; k < 7 && f->kind == PRIMES; k++)
            a_list(f, primes[k], 1);
    }
}

/* Every kind that a file can name has a circuit with a part of the file, and no
 * other is read. */
static void test_circuits(void **state)
{
    (void)state;
    const field named = {"recipe", "kind", WORD, 0, 0};
    for (int k = 0; k < BF_RECIPE_KINDS; k++) {
        const bf_job job = {.recipe.kind = (bf_recipe_kind)k};
        const bf_circuit *c = bf_job_circuit(&job);
        assert_non_null(bf_recipe_kind_names[k]);
        assert_non_null(c);
        assert_true(c->read_recipe && c->read_scales);
        assert_true(c->write_recipe && c->write_scales);
    }
    refused(&named, "\"inference\"");
    assert_non_null(strstr(bf_last_error(), "unknown value"));
}

/* Within their bounds, but together no job that can be run. */
static void impossible(const char *in, const char *name, const char *value,
                       const char *words)
{
    field f = {.in = in, .name = name};
    bf_status s = read_with(&f, value);
    if (s == BF_OK || !strstr(bf_last_error(), words) ||
        !strstr(bf_last_error(), "stranger.json"))
        fail_msg("%s of %s: %s: %s", name, value, bf_status_name(s),
                 bf_last_error());
}

static void test_combinations(void **state)
{
    (void)state;
    impossible("recipe", "sigmoid_range", "0", "sigmoid range");
    impossible("recipe", "sigmoid", "[0.1, 0]", "leading coefficient");
    impossible("recipe", "steps", "[4, 0]", "step 2");
    impossible("recipe", "steps", "[-1]", "step 1");
    impossible("recipe", "iterations", "3", "primes");
    impossible("recipe", "kind", "\"paper\"", "primes");
    impossible("layout", "features_per_ciphertext", "3", "F=3");
    impossible("layout", "dense_places", "16", "K=16");
    impossible("polynomial", "primes", "2", "polynomial");
    impossible("polynomial", "division", "\"each\"", "polynomial");
    impossible("rings", "log2_ring_degree", "13", "bits");
    impossible("rings", "primes", "[33128449]", "primes");
}

/* A member that the golden job has not. */
static bf_status read_certified(const char *value)
{
    cJSON *job = cJSON_Duplicate(golden, true);
    cJSON_AddItemToObject(job, "certificate", cJSON_CreateRaw(value));
    return read_object(job);
}

static void test_certificate(void **state)
{
    (void)state;
    assert_int_equal(read_certified("true"), BF_OK);
    assert_int_equal(read_certified("false"), BF_OK);
    assert_int_equal(read_certified("\"yes\""), BF_ERR_FORMAT);
    assert_non_null(strstr(bf_last_error(), "\"certificate\""));
}

static bf_status read_owned(const char *owners, const char *rows)
{
    cJSON *job = cJSON_Duplicate(golden, true);
    cJSON_AddItemToObject(job, "owners", cJSON_CreateRaw(owners));
    cJSON_AddItemToObject(job, "owner_rows", cJSON_CreateRaw(rows));
    return read_object(job);
}

/* 40 rows. */
static void test_owners(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "7",           "\"x\"",      "[]",        "[40]",    "[20, 10, 10]",
        "[20, null]",  "[20, 20.5]", "[60, -20]", "[0, 40]", "[0, 0]",
        "[20, 1e300]", "[20, {}]"};
    assert_int_equal(read_owned("2", "[15, 25]"), BF_OK);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(read_owned("2", lists[i]), BF_ERR_FORMAT);
        assert_non_null(strstr(bf_last_error(), "\"owner_rows\""));
    }
    assert_int_equal(read_owned("1", "[40]"), BF_ERR_FORMAT);
    assert_int_not_equal(read_owned("2", "[15, 24]"), BF_OK);
    assert_non_null(strstr(bf_last_error(), "fewer than the job's 40 rows"));
    assert_int_not_equal(read_owned("3", "[15, 25, 0]"), BF_OK);
    assert_non_null(strstr(bf_last_error(), "owner 3 of 3 has no rows"));
    assert_int_not_equal(read_owned("2", "[15, 1073741824]"), BF_OK);
    assert_non_null(strstr(bf_last_error(), "more than the job's 40 rows"));
}

/* Choices that change the rows change the data set. */
static void test_data_set(void **state)
{
    (void)state;
    impossible("log2_scales", "rows", "20", "data_set");
    impossible("recipe", "lambda", "0.5", "data_set");
    impossible("recipe", "feature_map", "\"sqrt\"", "data_set");
    impossible(NULL, "samples", "41", "data_set");
    impossible(NULL, "data_set", "\"00\"", "data_set");
    const field steps = {"recipe", "steps", LIST, 1, BF_MAX_ITERATIONS};
    assert_int_equal(read_with(&steps, "[3, 2]"), BF_OK);
}

static void test_rings(void **state)
{
    (void)state;
    char text[8192] = "[", *ring = cJSON_PrintUnformatted(
        cJSON_GetArrayItem(cJSON_GetObjectItem(golden, "rings"), 0));
    for (int count = 1; count <= BF_RINGS_MAX + 1; count++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s",
                 count > 1 ? "," : "", ring);
        strcat(text, "]");
        if (count > 1)
            impossible(NULL, "rings", text, "ring");
        text[strlen(text) - 1] = 0;
    }
    cJSON_free(ring);
    impossible(NULL, "rings", "[7]", "log2_ring_degree");
}

static void test_versions(void **state)
{
    (void)state;
    const field version = {NULL, "blindfit_job", VERSION, 2, 2};
    static const char *const others[] = {"1", "3", "1000000"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(read_with(&version, others[i]), BF_ERR_UNSUPPORTED);
        assert_non_null(strstr(bf_last_error(), "plan it again"));
    }
    uint8_t id[BF_HASH_BYTES];
    bf_job job;
    assert_int_equal(bf_job_load(&job, "tests/golden/v1/job.json", id),
                     BF_ERR_UNSUPPORTED);
}

static void test_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "[]", "7", "null", "\"\"",
                                        "{\"blindfit_job\"}", "\xff\xfe{}"};
    for (int i = 0; i < 8; i++) {
        assert_int_equal(read_text(texts[i]), BF_ERR_FORMAT);
        assert_non_null(strstr(bf_last_error(), "stranger.json: not "));
    }
    char *deep = calloc(1, 200001);
    memset(deep, '[', 200000);
    assert_int_equal(read_text(deep), BF_ERR_FORMAT);
    free(deep);
    char *large = calloc(1, (1 << 20) + 2);
    memset(large, ' ', (1 << 20) + 1);
    assert_int_equal(read_text(large), BF_ERR_FORMAT);
    assert_non_null(strstr(bf_last_error(), "stranger.json"));
    free(large);
}

/* What follows the job would go unread, be it the job that was meant. NUL ends
 * no file. */
static void test_more(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } more[] = {{" \n\t\r\n", 5}, {"x", 1}, {"\n{}", 3}, {"\0", 1}};
    char *text = cJSON_PrintUnformatted(golden);
    size_t bytes = strlen(text);
    for (int i = 0; i < 4; i++) {
        bf_job job;
        char *longer = malloc(bytes + more[i].bytes);
        memcpy(longer, text, bytes);
        memcpy(longer + bytes, more[i].text, more[i].bytes);
        assert_int_equal(
            bf_job_parse(&job, longer, bytes + more[i].bytes, "job.json"),
            i == 0 ? BF_OK : BF_ERR_FORMAT);
        free(longer);
    }
    cJSON_free(text);
}

/* The table is whole: no member of the golden job is left out. */
static void test_every_member(void **state)
{
    (void)state;
    int members = 0;
    const cJSON *m, *inner;
    cJSON_ArrayForEach(m, golden) {
        members++;
        const cJSON *in = cJSON_IsArray(m) ? cJSON_GetArrayItem(m, 0) : m;
        if (cJSON_IsObject(in))
            cJSON_ArrayForEach(inner, in) members++;
    }
    assert_int_equal(members, FIELDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_member),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_empty_objects),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_circuits),
        cmocka_unit_test(test_combinations),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_data_set),
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_more),
    };
    return cmocka_run_group_tests(tests, start, leave);
}
