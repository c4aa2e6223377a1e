/* A server that keeps rows packed: the same model, byte for byte, in less
 * memory, as planned; chosen where memory is short; a run goes on either way.
 * The job has products of several rows at a time, and a rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "support/owner_files.h"
#include "train/circuit.h"
#include "train/serve.h"

#define OK assert_ok

enum { ROWS = 8200, FEATURES = 130, CLASSES = 2, F = 8, LINES = 9 };

static job_files at;
static struct {
    bf_job made;
    uint8_t id[BF_HASH_BYTES];
    bf_plan plan, packed;
    uint8_t *model_of_unpacked;
    size_t bytes;
} files;

static void make_upload(void)
{
    bf_matrix x;
    bf_prepared p;
    int32_t *labels = malloc(ROWS * sizeof *labels);
    assert_non_null(labels);
    OK(bf_matrix_init(&x, ROWS, FEATURES));
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (int32_t)(i % CLASSES);
        for (size_t j = 0; j < FEATURES; j++)
            x.data[i * FEATURES + j] = rand() * 0x1p-31 + (j < 5) * labels[i];
    }
    owner_prepare(&p, &files.made, &x);
    OK(owner_encrypt(&files.made, files.id, at.secret, &p.rows, labels,
                     &p.schedule, BF_UPLOAD_ALL, at.upload));
    bf_prepared_clear(&p);
    bf_matrix_clear(&x);
    free(labels);
}

static int setup(void **state)
{
    (void)state;
    bf_recipe recipe;
    bf_plan_options options = {
        .log_n = 14, .f = F, .refresh = BF_REFRESH_NEVER};
    job_files_open(&at);
    OK(bf_random_init());
    OK(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, ROWS, FEATURES));
    OK(bf_job_search(&files.made, &files.plan, &recipe, ROWS, FEATURES, CLASSES,
                     &options));
    OK(bf_job_walk_packed(&files.packed, &files.made));
    assert_int_equal(files.made.layout.chunks, LINES);
    assert_int_equal(files.made.layout.pairs, LINES);
    owner_start(&files.made, files.id, &at);
    make_upload();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bf_plan_clear(&files.plan);
    bf_plan_clear(&files.packed);
    bf_free(files.model_of_unpacked);
    OK(bf_remove_tree(at.dir));
    return 0;
}

/* Options that a test changes. */
static bf_serve_options usual(void)
{
    static const char *const keys[] = {at.keys}, *uploads[] = {at.upload};
    return (bf_serve_options){.job = at.job,
                              .keys = keys,
                              .key_count = 1,
                              .uploads = uploads,
                              .upload_count = 1,
                              .model = at.model};
}

/* Notes of a run are kept; it is interrupted in phase `stop`. */
typedef struct listener {
    bf_env env;
    const char *stop;
    char note[200];
} listener;

static void on_note(void *user, const char *text)
{
    listener *l = user;
    snprintf(l->note, sizeof l->note, "%s", text);
}

static int on_progress(void *user, const char *phase, double done, double total)
{
    const listener *l = user;
    (void)done;
    (void)total;
    return l->stop && strcmp(phase, l->stop) == 0;
}

static bf_status serve(bf_serve_report *report, const bf_serve_options *o,
                       listener *l)
{
    l->env = (bf_env){.user = l, .note = on_note, .progress = on_progress};
    return bf_serve_train(report, o, &l->env);
}

static void same_model(void)
{
    uint8_t *got;
    size_t bytes;
    OK(bf_read_file(at.model, (size_t)1 << 30, &got, &bytes));
    assert_int_equal(bytes, files.bytes);
    assert_memory_equal(got, files.model_of_unpacked, bytes);
    bf_free(got);
    assert_int_equal(unlink(at.model), 0);
}

/* The peak that a plan counts is that of ciphertexts; the pool rounds up. */
static void within_plan(const bf_serve_report *r, const bf_plan *plan)
{
    double peak = (double)r->peak_ciphertext_bytes;
    double planned = (double)plan->circuit_bytes;
    assert_true(peak >= planned);
    assert_true(peak <= 1.25 * planned + (192 << 20));
}

static void test_unpacked(void **state)
{
    (void)state;
    bf_serve_options o = usual();
    bf_serve_report r;
    listener l = {0};
    OK(serve(&r, &o, &l));
    assert_false(r.job.rows_packed);
    assert_string_equal(l.note, "");
    within_plan(&r, &files.plan);
    OK(bf_read_file(at.model, (size_t)1 << 30, &files.model_of_unpacked,
                    &files.bytes));
    assert_int_equal(unlink(at.model), 0);
}

static void test_packed(void **state)
{
    (void)state;
    bf_serve_options o = usual();
    bf_serve_report r;
    listener l = {0};
    o.pack_rows = BF_PACK_ALWAYS;
    OK(serve(&r, &o, &l));
    assert_true(r.job.rows_packed);
    assert_string_equal(l.note, "");
    within_plan(&r, &files.packed);
    assert_int_equal(r.job.memory_bytes, files.packed.memory_bytes);
    same_model();
}

/* Rows are unpacked to the limbs that a product uses: all rows to all limbs for
 * the first gradient, and for the second iteration twice to fewer. */
static void test_plan(void **state)
{
    (void)state;
    uint64_t rows = (uint64_t)LINES * LINES;
    uint64_t unpacked = files.packed.counters[0].unpacked_limbs;
    unsigned limbs = bf_job_x_limbs(&files.made);
    assert_true(files.packed.packed && !files.plan.packed);
    assert_true(files.packed.memory_bytes < files.plan.memory_bytes);
    assert_int_equal(files.plan.counters[0].unpacked_limbs, 0);
    assert_true(unpacked > rows * limbs && unpacked < 3 * rows * limbs);
    assert_int_equal(unpacked % rows, 0);
    assert_true(files.packed.work > files.plan.work);
}

/* Where memory is short, rows are packed, unless the caller says no. */
static void test_short_memory(void **state)
{
    (void)state;
    bf_serve_options o = usual();
    bf_serve_report r;
    listener l = {0};
    o.max_memory = files.plan.memory_bytes;
    OK(serve(&r, &o, &l));
    assert_false(r.job.rows_packed);
    same_model();
    o.max_memory = files.plan.memory_bytes - 1;
    OK(serve(&r, &o, &l));
    assert_true(r.job.rows_packed);
    assert_non_null(strstr(l.note, "rows stay packed"));
    same_model();
    o.pack_rows = BF_PACK_NEVER;
    assert_int_equal(serve(&r, &o, &l), BF_ERR_MEMORY);
    assert_null(strstr(bf_last_error(), "packed"));
    o.pack_rows = BF_PACK_AUTO;
    o.max_memory = files.packed.memory_bytes - 1;
    assert_int_equal(serve(&r, &o, &l), BF_ERR_MEMORY);
    assert_non_null(strstr(bf_last_error(), "packed"));
    assert_int_equal(access(at.model, F_OK), -1);
}

/* A run that was interrupted with rows packed one way goes on the other way. */
static void test_resume(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        bf_serve_options o = usual();
        bf_serve_report r;
        listener l = {.stop = "scores"};
        o.checkpoint = at.checkpoint;
        o.pack_rows = first ? BF_PACK_ALWAYS : BF_PACK_NEVER;
        assert_int_equal(serve(&r, &o, &l), BF_ERR_INTERRUPTED);
        assert_int_equal(access(at.checkpoint, F_OK), 0);
        o.resume = true;
        o.pack_rows = first ? BF_PACK_NEVER : BF_PACK_ALWAYS;
        l.stop = NULL;
        OK(serve(&r, &o, &l));
        same_model();
        assert_int_equal(unlink(at.checkpoint), 0);
    }
}

/* The search takes a plan with packed rows if no other fits. */
static void test_search(void **state)
{
    (void)state;
    bf_job job;
    bf_plan plan;
    bf_plan_options options = {
        .log_n = 14, .f = F, .refresh = BF_REFRESH_NEVER};
    options.max_memory = files.plan.memory_bytes;
    OK(bf_job_search(&job, &plan, &files.made.recipe, ROWS, FEATURES, CLASSES,
                     &options));
    assert_false(plan.packed);
    bf_plan_clear(&plan);
    options.max_memory = files.packed.memory_bytes;
    options.k = files.made.layout.k;
    OK(bf_job_search(&job, &plan, &files.made.recipe, ROWS, FEATURES, CLASSES,
                     &options));
    assert_true(plan.packed);
    assert_true(plan.memory_bytes <= options.max_memory);
    bf_plan_clear(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpacked), cmocka_unit_test(test_packed),
        cmocka_unit_test(test_plan),     cmocka_unit_test(test_short_memory),
        cmocka_unit_test(test_resume),   cmocka_unit_test(test_search),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
