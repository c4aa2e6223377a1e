/* Two columns of labels trained in one pass: each model equals that of a twin
 * with one column alone. */
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

enum { ROWS = 90, FEATURES = 5, COLUMNS = 2, ALL = 3 + 2 };

static const bf_label_columns columns = {COLUMNS, {3, 2}};
static const char *const names[ALL] = {"ant", "bee", "cow", "odd", "even"};
static double x[ROWS][FEATURES];
static int32_t labels[COLUMNS][ROWS];

static int setup(void **state)
{
    (void)state;
    make_folder();
    for (size_t i = 0; i < ROWS; i++) {
        labels[0][i] = (int32_t)(i % 3);
        labels[1][i] = (int32_t)(i / 2 % 2);
        for (size_t j = 0; j < FEATURES; j++)
            x[i][j] = (double)((i * 29 + j * 13 + i * j) % 32) / 32 +
                      (j % 3 == i % 3) + (j % 2 == i / 2 % 2);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return remove_folder();
}

/* Of one column: its own start, where the recipe has one. */
static void is_the_twins(const bf_model *m, const bf_job *job,
                         const bf_prepared *p, unsigned column)
{
    bf_view view = {x, ROWS, FEATURES, FEATURES, BF_FLOAT64};
    bf_schedule s = p->schedule;
    unsigned classes = columns.classes[column];
    if (s.v0.data) {
        s.v0.data += column * 3 * s.v0.cols;
        s.v0.rows = classes;
    }
    close_to_twin(m, &(training){job, &view, p, &s, labels[column], classes});
}

static void serve(void)
{
    char job[128], keys[128], upload[128], model[128];
    snprintf(job, sizeof job, "%s", in("job"));
    snprintf(keys, sizeof keys, "%s", in("keys"));
    snprintf(upload, sizeof upload, "%s", in("upload"));
    snprintf(model, sizeof model, "%s", in("model"));
    bf_serve_report r;
    OK(bf_serve_train(
        &r,
        &(bf_serve_options){.job = job,
                            .keys = (const char *const[]){keys},
                            .key_count = 1,
                            .uploads = (const char *const[]){upload},
                            .upload_count = 1,
                            .model = model},
        NULL));
}

static bf_job *planned(bf_recipe_kind kind)
{
    bf_recipe r;
    bf_job *job, *read;
    bf_plan_options o = {.labels = columns};
    OK(bf_recipe_default(&r, kind, 2, ROWS, FEATURES));
    OK(bf_job_plan(&job, &r, ROWS, FEATURES, ALL, &o, NULL));
    OK(bf_job_write(job, in("job")));
    bf_job_destroy(job);
    OK(bf_job_read(&read, in("job")));
    bf_job_shape shape = bf_job_shape_of(read);
    assert_int_equal(shape.classes, ALL);
    assert_int_equal(shape.labels.count, COLUMNS);
    assert_int_equal(shape.labels.classes[1], 2);
    return read;
}

static void trained_in_one_pass(bf_recipe_kind kind)
{
    bf_owner *owner;
    bf_prepared p;
    bf_model all, one;
    bf_view view = {x, ROWS, FEATURES, FEATURES, BF_FLOAT64};
    bf_job *job = planned(kind);
    OK(bf_owner_create(&owner, job, NULL));
    OK(bf_owner_save(owner, NULL, in("keys"), NULL));
    OK(bf_prepare(&p, job, &view, NULL, NULL));
    labels[1][7] += 2;
    const bf_encrypt_options o = {.upload = in("upload"),
                                  .transform = in("transform"),
                                  .rehearse = BF_REHEARSE_ALWAYS,
                                  .class_names = names};
    FAILS(BF_ERR_ARGUMENT, "row 8 has label 3, the job is for 0 to 1",
          bf_owner_encrypt(owner, &p, labels[0], &o, NULL));
    labels[1][7] -= 2;
    OK(bf_owner_encrypt(owner, &p, labels[0], &o, NULL));
    serve();
    OK(bf_owner_decrypt(&all, owner, in("model"), in("transform"), 0, NULL));
    for (unsigned c = 0; c < COLUMNS; c++) {
        OK(bf_model_column(&one, &all, &columns, c));
        is_the_twins(&one, job, &p, c);
        assert_string_equal(one.class_names[1], names[3 * c + 1]);
        bf_model_clear(&one);
    }
    FAILS(BF_ERR_ARGUMENT, "column 3 of labels: there are 2",
          bf_model_column(&one, &all, &columns, 2));
    bf_model_clear(&all);
    bf_prepared_clear(&p);
    bf_owner_destroy(owner);
    bf_job_destroy(job);
    unlink(in("keys"));
    unlink(in("transform"));
    unlink(in("transform.json"));
}

static void whitened_columns(void **state)
{
    (void)state;
    trained_in_one_pass(BF_RECIPE_WHITENED);
}

static void paper_columns(void **state)
{
    (void)state;
    trained_in_one_pass(BF_RECIPE_PAPER);
}

static void columns_that_are_none(void **state)
{
    (void)state;
    bf_recipe r;
    bf_job *job = NULL, *over = planned(BF_RECIPE_WHITENED);
    OK(bf_recipe_default(&r, BF_RECIPE_WHITENED, 2, ROWS, FEATURES));
    FAILS(BF_ERR_ARGUMENT, "have 5 classes in all, the job 6",
          bf_job_plan(&job, &r, ROWS, FEATURES, ALL + 1,
                      &(bf_plan_options){.labels = columns}, NULL));
    FAILS(BF_ERR_ARGUMENT, "labels of 1 classes; at least 2",
          bf_job_plan(&job, &r, ROWS, FEATURES, 4,
                      &(bf_plan_options){.labels = {2, {3, 1}}}, NULL));
    FAILS(BF_ERR_ARGUMENT, "17 columns of labels",
          bf_job_plan(&job, &r, ROWS, FEATURES, 34,
                      &(bf_plan_options){.labels = {.count = 17}}, NULL));
    r = *bf_job_recipe(over);
    FAILS(BF_ERR_ARGUMENT, "have 5 classes in all, the job 4",
          bf_job_plan_over(&job, &r, 4, &columns, over, NULL));
    assert_null(job);
    OK(bf_job_plan_over(&job, &r, 4, &(bf_label_columns){2, {2, 2}}, over,
                        NULL));
    assert_int_equal(bf_job_shape_of(job).labels.count, 2);
    bf_job_destroy(job);
    bf_job_destroy(over);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whitened_columns),
        cmocka_unit_test(paper_columns),
        cmocka_unit_test(columns_that_are_none),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
