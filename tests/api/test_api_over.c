/* One upload of rows, many trainings: jobs over a data set, each compared with
 * the plaintext twin of its own recipe. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "blindfit/owner.h"
#include "blindfit/server.h"

#include "api/api_testing.h"

enum { ROWS = 120, FEATURES = 6, CLASSES = 3, ITERATIONS = 3 };

/* A data set on a server: its job, its key, rows, keys. */
typedef struct data_set {
    const char *name;
    bf_job *job;
    bf_owner *owner;
} data_set;

static struct {
    double x[ROWS][FEATURES];
    int32_t thirds[ROWS], halves[ROWS], fives[ROWS];
    int32_t batches[ROWS]; /* mostly the number of the batch of 64 rows */
    data_set plain, refreshed, brief;
} t;

static const char *file(const data_set *d, const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", d->name, what);
    return in(name);
}

static bf_view view(void)
{
    return (bf_view){t.x, ROWS, FEATURES, FEATURES, BF_FLOAT64};
}

/* The owner belongs to the data set, whatever the job over it. */
static void send_rows(data_set *d, unsigned iterations,
                      const bf_plan_options *o)
{
    bf_recipe r;
    bf_prepared p;
    bf_view x = view();
    OK(bf_recipe_default(&r, BF_RECIPE_WHITENED, iterations, ROWS, FEATURES));
    OK(bf_job_plan(&d->job, &r, ROWS, FEATURES, CLASSES, o, NULL));
    OK(bf_owner_create(&d->owner, d->job, NULL));
    OK(bf_owner_save(d->owner, file(d, "key"), file(d, "keys"), NULL));
    OK(bf_prepare(&p, d->job, &x, NULL, NULL));
    OK(bf_owner_encrypt(d->owner, &p, t.thirds,
                        &(bf_encrypt_options){.part = BF_UPLOAD_ROWS,
                                              .upload = file(d, "rows"),
                                              .transform = file(d, "t")},
                        NULL));
    bf_prepared_clear(&p);
}

static int setup(void **state)
{
    (void)state;
    make_folder();
    for (size_t i = 0; i < ROWS; i++) {
        t.thirds[i] = (int32_t)(i % 3);
        t.halves[i] = (int32_t)(i % 2);
        t.fives[i] = (int32_t)(i % 5);
        t.batches[i] = (int32_t)(i % 4 ? i / 64 : 1 - i / 64);
        for (size_t j = 0; j < FEATURES; j++)
            t.x[i][j] = (double)((i * 37 + j * 11 + i * j) % 32) / 32 +
                        (j % 3 == i % 3) + (j % 2 == i % 2) + (j == i % 5);
    }
    t.plain.name = "plain";
    t.refreshed.name = "refreshed";
    t.brief.name = "brief";
    send_rows(&t.plain, ITERATIONS,
              &(bf_plan_options){.log_n = 14, .f = 128});
    send_rows(&t.refreshed, 2,
              &(bf_plan_options){
                  .log_n = 14, .f = 128, .refresh = BF_REFRESH_ALWAYS});
    send_rows(&t.brief, 2, &(bf_plan_options){.refresh = BF_REFRESH_NEVER});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bf_owner_destroy(t.plain.owner);
    bf_owner_destroy(t.refreshed.owner);
    bf_owner_destroy(t.brief.owner);
    bf_job_destroy(t.plain.job);
    bf_job_destroy(t.refreshed.job);
    bf_job_destroy(t.brief.job);
    return remove_folder();
}

/* ---- training over a data set -------------------------------------------- */

static bf_status serve(const char *rows, const char *keys, const char *more,
                       const char *model)
{
    char job[128], labels[128];
    snprintf(job, sizeof job, "%s", in("job"));
    snprintf(labels, sizeof labels, "%s", in("labels"));
    const char *key_files[] = {keys, more}, *uploads[] = {rows, labels};
    bf_serve_report r;
    return bf_serve_train(&r,
                          &(bf_serve_options){.job = job,
                                              .keys = key_files,
                                              .key_count = more ? 2 : 1,
                                              .uploads = uploads,
                                              .upload_count = 2,
                                              .model = model},
                          NULL);
}

/* Labels of this job, for the rows that the server has. */
static void send_labels(const data_set *d, const bf_job *job,
                        const int32_t *labels, bf_owner **owner, bf_prepared *p)
{
    bf_view x = view();
    OK(bf_job_write(job, in("job")));
    OK(bf_owner_open(owner, job, file(d, "key"), NULL));
    OK(bf_prepare(p, job, &x, file(d, "t"), NULL));
    OK(bf_owner_encrypt(
        *owner, p, labels,
        &(bf_encrypt_options){.part = BF_UPLOAD_LABELS, .upload = in("labels")},
        NULL));
}

static void trains(const data_set *d, const bf_recipe *r, const int32_t *labels,
                   unsigned classes)
{
    bf_job *job;
    bf_owner *owner;
    bf_prepared p;
    bf_model model;
    bf_job_figures f;
    size_t keys;
    uint64_t bytes;
    uint8_t id[BF_JOB_ID_BYTES], rows[BF_JOB_ID_BYTES];
    OK(bf_job_plan_over(&job, r, classes, NULL, d->job, NULL));
    bf_job_data_set_id(job, id);
    bf_job_data_set_id(d->job, rows);
    assert_memory_equal(id, rows, sizeof id);
    OK(bf_job_more_keys(&keys, &bytes, job, (const bf_job *const *)&d->job, 1,
                        NULL));
    send_labels(d, job, labels, &owner, &p);
    OK(bf_job_figures_of(&f, job, NULL));
    FILE *sent = fopen(in("labels"), "rb");
    assert_non_null(sent);
    fseek(sent, 0, SEEK_END);
    assert_int_equal(ftell(sent), f.labels_bytes);
    fclose(sent);
    if (keys) {
        FAILS(BF_ERR_MISMATCH, "keys: the key of Galois element",
              serve(file(d, "rows"), file(d, "keys"), NULL, in("model")));
        OK(bf_owner_save_more(owner, in("more"), (const bf_job *const *)&d->job,
                              1, NULL));
        FILE *made = fopen(in("more"), "rb");
        assert_non_null(made);
        fseek(made, 0, SEEK_END);
        assert_int_equal(ftell(made), bytes);
        fclose(made);
    } else {
        FAILS(BF_ERR_ARGUMENT, "needs no keys beyond",
              bf_owner_save_more(owner, in("more"),
                                 (const bf_job *const *)&d->job, 1, NULL));
        assert_int_equal(bytes, 0);
    }
    OK(serve(file(d, "rows"), file(d, "keys"), keys ? in("more") : NULL,
             in("model")));
    OK(bf_owner_decrypt(&model, owner, in("model"), file(d, "t"), 0, NULL));
    bf_view x = view();
    close_to_twin(&model,
                  &(training){job, &x, &p, &p.schedule, labels, classes});
    if (keys) unlink(in("more"));
    unlink(in("model"));
    bf_model_clear(&model);
    bf_prepared_clear(&p);
    bf_owner_destroy(owner);
    bf_job_destroy(job);
}

static bf_recipe recipe_of(const data_set *d, unsigned iterations)
{
    bf_recipe r = *bf_job_recipe(d->job);
    r.iterations = iterations;
    return r;
}

static void other_labels(void **state)
{
    (void)state;
    bf_recipe r = recipe_of(&t.plain, ITERATIONS);
    trains(&t.plain, &r, t.halves, 2);
    trains(&t.plain, &r, t.fives, 5); /* and more keys */
}

static void fewer_iterations(void **state)
{
    (void)state;
    for (unsigned i = 1; i < ITERATIONS; i++) {
        bf_recipe r = recipe_of(&t.plain, i);
        trains(&t.plain, &r, t.thirds, 3);
    }
    /* Labels whose scale would leave its range. */
    bf_recipe r = recipe_of(&t.brief, 1);
    trains(&t.brief, &r, t.thirds, 3);
}

static void other_steps_and_batches(void **state)
{
    (void)state;
    bf_recipe r = recipe_of(&t.plain, ITERATIONS);
    r.step_count = 2;
    r.steps[0] = 2.5;
    r.steps[1] = 0.5;
    trains(&t.plain, &r, t.thirds, 3);
    r.batch = 64; /* the layout's rows of a ciphertext, 2^13/128 */
    trains(&t.plain, &r, t.batches, 2);
}

static void refreshed_rows_serve_any_number(void **state)
{
    (void)state;
    bf_recipe r = recipe_of(&t.refreshed, 3);
    r.steps[0] = 2;
    r.batch = 64;
    trains(&t.refreshed, &r, t.batches, 2);
    r.batch = 0;
    /* Steps far apart, which leave weights at scales far apart. */
    r.step_count = 3;
    r.steps[1] = 3;
    r.steps[2] = 0.4;
    trains(&t.refreshed, &r, t.halves, 2);
    r.iterations = 1;
    trains(&t.refreshed, &r, t.fives, 5); /* in twice the places */
}

/* ---- what does not fit --------------------------------------------------- */

static void refused(const data_set *d, const bf_recipe *r, size_t classes,
                    bf_status status, const char *words)
{
    bf_job *job = NULL;
    FAILS(status, words,
          bf_job_plan_over(&job, r, classes, NULL, d->job, NULL));
    assert_null(job);
}

static void other_rows_are_refused(void **state)
{
    (void)state;
    const data_set *d = &t.plain;
    bf_recipe r = recipe_of(d, 2);
    r.lambda *= 2;
    refused(d, &r, 3, BF_ERR_MISMATCH, "the recipe's lambda");
    r = recipe_of(d, 2);
    r.map = BF_MAP_NONE;
    refused(d, &r, 3, BF_ERR_MISMATCH, "the recipe's feature map");
    OK(bf_recipe_default(&r, BF_RECIPE_PAPER, 2, ROWS, FEATURES));
    refused(d, &r, 3, BF_ERR_MISMATCH, "the recipe's kind");
    r = recipe_of(d, 2);
    r.batch = 50;
    refused(d, &r, 3, BF_ERR_MISMATCH, "encrypted 64 to a ciphertext");
}

static void chains_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    bf_recipe r = recipe_of(&t.plain, ITERATIONS + 1);
    refused(&t.plain, &r, 3, BF_ERR_ARGUMENT,
            "4 iterations take 14 primes, the rows are encrypted to 10");
    r = recipe_of(&t.plain, 2);
    refused(&t.plain, &r, 1, BF_ERR_ARGUMENT, "1 classes");
    refused(&t.plain, &r, 100, BF_ERR_ARGUMENT, "do not fit");
    /* Another polynomial, whose degree does not fit the primes. */
    r = recipe_of(&t.refreshed, 2);
    r.sigmoid = (bf_sigmoid){
        .degree = 9, .range = 20, .odd = {0.19, -3e-3, 2e-5, -5e-8, 5e-11}};
    bf_job *job = NULL;
    bf_status s = bf_job_plan_over(&job, &r, 3, NULL, t.refreshed.job, NULL);
    assert_true(s == BF_ERR_ARGUMENT && !job);
}

static void foreign_data_sets_are_refused(void **state)
{
    (void)state;
    bf_job *job;
    bf_owner *owner;
    bf_prepared p;
    size_t keys;
    uint64_t bytes;
    bf_recipe r = recipe_of(&t.plain, 2);
    OK(bf_job_plan_over(&job, &r, 3, NULL, t.plain.job, NULL));
    send_labels(&t.plain, job, t.thirds, &owner, &p);
    FAILS(BF_ERR_MISMATCH, "keys of a job over another data set",
          bf_job_more_keys(&keys, &bytes, job,
                           (const bf_job *const *)&t.refreshed.job, 1, NULL));
    FAILS(BF_ERR_MISMATCH, "refreshed.keys",
          serve(file(&t.plain, "rows"), file(&t.refreshed, "keys"), NULL,
                in("model")));
    FAILS(BF_ERR_MISMATCH, "refreshed.rows",
          serve(file(&t.refreshed, "rows"), file(&t.plain, "keys"), NULL,
                in("model")));
    assert_int_not_equal(access(in("model"), F_OK), 0);
    bf_prepared_clear(&p);
    bf_owner_destroy(owner);
    bf_job_destroy(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_labels),
        cmocka_unit_test(fewer_iterations),
        cmocka_unit_test(other_steps_and_batches),
        cmocka_unit_test(refreshed_rows_serve_any_number),
        cmocka_unit_test(other_rows_are_refused),
        cmocka_unit_test(chains_that_do_not_fit_are_refused),
        cmocka_unit_test(foreign_data_sets_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
