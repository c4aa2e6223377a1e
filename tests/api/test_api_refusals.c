/* What the command line never hands to the library: choices that are no
 * choices, data without labels, outputs that are each other. Every call is
 * refused with a message, and leaves no file. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "blindfit/features.h"
#include "blindfit/files.h"
#include "blindfit/party.h"
#include "blindfit/server.h"

#include "api/api_testing.h"

enum { ROWS = 24, FEW_ROWS = 12, FEATURES = 4, CLASSES = 3 };

static struct {
    double x[ROWS][FEATURES];
    int32_t labels[ROWS];
    bf_recipe recipe;
    bf_job *job;
    bf_owner *owner;
    bf_prepared rows;
} t;

static int setup(void **state)
{
    (void)state;
    make_folder();
    for (size_t i = 0; i < ROWS; i++) {
        t.labels[i] = (int32_t)(i % CLASSES);
        for (size_t j = 0; j < FEATURES; j++)
            t.x[i][j] = (double)((i * 37 + j * 11 + i * j) % 32) / 32;
    }
    const bf_view x = {t.x, ROWS, FEATURES, FEATURES, BF_FLOAT64};
    OK(bf_recipe_default(&t.recipe, BF_RECIPE_WHITENED, 1, ROWS, FEATURES));
    OK(bf_job_plan(&t.job, &t.recipe, ROWS, FEATURES, CLASSES, NULL, NULL));
    OK(bf_job_write(t.job, in("job.json")));
    OK(bf_owner_create(&t.owner, t.job, NULL));
    OK(bf_prepare(&t.rows, t.job, &x, NULL, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bf_prepared_clear(&t.rows);
    bf_owner_destroy(t.owner);
    bf_job_destroy(t.job);
    return remove_folder();
}

#define REFUSED(words, expr) FAILS(BF_ERR_ARGUMENT, words, expr)

/* ---- plans and recipes --------------------------------------------------- */

static bf_status plan(bf_plan_options o)
{
    bf_job *job;
    bf_status s = bf_job_plan(&job, &t.recipe, ROWS, FEATURES, CLASSES, &o,
                              NULL);
    if (s == BF_OK) bf_job_destroy(job);
    return s;
}

static void plans(void **state)
{
    (void)state;
    REFUSED("a ring of 2^12", plan((bf_plan_options){.log_n = 12}));
    REFUSED("a ring of 2^40", plan((bf_plan_options){.log_n = 40}));
    REFUSED("3 features of a ciphertext", plan((bf_plan_options){.f = 3}));
    REFUSED("6 dense places", plan((bf_plan_options){.k = 6}));
    REFUSED("choice 9 of refreshes",
            plan((bf_plan_options){.refresh = (bf_refresh_choice)9}));
    REFUSED("99 columns of labels",
            plan((bf_plan_options){.labels = {.count = 99}}));
    /* The least one, whose inverse is infinite. */
    REFUSED("no 128-bit parameters",
            plan((bf_plan_options){.max_error = 0x1p-1074}));
}

static void recipes(void **state)
{
    (void)state;
    bf_recipe r = t.recipe;
    bf_magnitudes m = {0};
    REFUSED("unknown aim 9", bf_recipe_aim(&r, (bf_aim)9, ROWS, FEATURES));
    REFUSED("at least nan", bf_recipe_make_safe(&r, NAN, ROWS, FEATURES));
    REFUSED("at least 2", bf_recipe_make_safe(&r, 2, ROWS, FEATURES));
    REFUSED("5000 iterations", bf_magnitudes_check(&m, &m, 5000));
    assert_string_equal(bf_recipe_kind_name((bf_recipe_kind)9), "unknown");
    assert_string_equal(bf_feature_map_name((bf_feature_map)9), "unknown");
    assert_string_equal(bf_split_name((bf_split)9), "unknown");
}

/* ---- data ---------------------------------------------------------------- */

static void data_without_labels(void **state)
{
    (void)state;
    bf_dataset d = {.x = {ROWS, FEATURES, &t.x[0][0]}, .classes = CLASSES};
    bf_matrix weights = {0};
    bf_model model = {0};
    bf_metrics metrics;
    OK(bf_matrix_init(&weights, CLASSES,
                      bf_transform_outputs(t.rows.transform)));
    OK(bf_model_of(&model, t.rows.transform, &weights, NULL));
    REFUSED("no labels", bf_model_evaluate(&metrics, &model, &d, false));
    REFUSED("no labels", bf_dataset_match(&d, NULL, CLASSES));
    REFUSED("no labelled rows", bf_dataset_check(&d));
    REFUSED("y.npy: no labels",
            bf_dataset_save_npy(&d, in("x.npy"), in("y.npy"), false));
    assert_false(bf_dataset_labels_number_rows(&d));
    int32_t far[ROWS] = {-1, 1 << 30};
    d.labels = far;
    assert_false(bf_dataset_labels_number_rows(&d));
    d.labels = t.labels;
    d.classes = 0;
    REFUSED("0 classes", bf_dataset_check(&d));
    d.classes = CLASSES;
    REFUSED("no classes",
            bf_model_evaluate(&metrics, &(bf_model){0}, &d, false));
    REFUSED("x.npy: to be written, but",
            bf_dataset_save_npy(&d, in("x.npy"), in("./x.npy"), false));
    REFUSED("column 17 of labels: there are 99",
            bf_model_column(&model, &model,
                            &(bf_label_columns){.count = 99}, 16));
    REFUSED("no backbone",
            bf_backbone_create(&(bf_backbone *){NULL},
                               &(bf_backbone_options){.name = NULL}));
    bf_model_clear(&model);
    bf_matrix_clear(&weights);
}

/* ---- files --------------------------------------------------------------- */

static bf_status encrypt(const int32_t *labels, bf_encrypt_options o)
{
    return bf_owner_encrypt(t.owner, &t.rows, labels, &o, NULL);
}

static void owners(void **state)
{
    (void)state;
    const int32_t same[ROWS] = {0};
    const char *const names[CLASSES] = {"a", "b", "c"};
    const char *u = in("u"), *link = in("link");
    struct stat st;
    REFUSED("to be written, but", bf_owner_save(t.owner, u, u, NULL));
    REFUSED("to be written, but", bf_owner_save(t.owner, u, in("./u"), NULL));
    REFUSED("to be written, but", bf_identity_create(u, in("./u"), "a"));
    REFUSED("every row has label 0",
            encrypt(same, (bf_encrypt_options){.upload = u,
                                               .transform = in("t")}));
    REFUSED("no upload", encrypt(t.labels, (bf_encrypt_options){0}));
    REFUSED("no transform",
            encrypt(t.labels, (bf_encrypt_options){.upload = u}));
    REFUSED("part 9", encrypt(t.labels, (bf_encrypt_options){
                                            .part = (bf_upload_part)9,
                                            .upload = u,
                                            .transform = in("t")}));
    REFUSED("rehearsal 9", encrypt(t.labels, (bf_encrypt_options){
                                                 .rehearse = (bf_rehearsal)9,
                                                 .upload = u,
                                                 .transform = in("t")}));
    REFUSED("to be written, but",
            encrypt(t.labels,
                    (bf_encrypt_options){.upload = u, .transform = in("./u")}));
    REFUSED("t.json: to be written, but",
            encrypt(t.labels, (bf_encrypt_options){.upload = in("t.json"),
                                                   .transform = in("t"),
                                                   .class_names = names}));
    assert_int_not_equal(stat(u, &st), 0);
    assert_int_not_equal(stat(in("t"), &st), 0);

    /* A link and the file that it leads to. */
    OK(bf_job_write(t.job, u));
    assert_int_equal(symlink("u", link), 0);
    const char *const others[] = {NULL, u};
    REFUSED("link: to be written, but", bf_outfile_check(link, others, 2));
    OK(bf_outfile_check(link, others, 1));
    assert_int_equal(unlink(link) + unlink(u), 0);
}

/* Encrypts rows that were prepared for a job of kind `a`, for one of FEW_ROWS
 * and kind `b`. */
static bf_status encrypt_for(bf_recipe_kind a, size_t rows, size_t a_classes,
                             bf_recipe_kind b, size_t b_classes)
{
    const bf_view x = {t.x, rows, FEATURES, FEATURES, BF_FLOAT64};
    const bf_encrypt_options o = {
        .rehearse = BF_REHEARSE_ALWAYS, .upload = in("u"),
        .transform = in("t")};
    bf_recipe recipe;
    bf_job *from, *to;
    bf_owner *owner;
    bf_prepared p = {0};
    OK(bf_recipe_default(&recipe, a, 1, rows, FEATURES));
    OK(bf_job_plan(&from, &recipe, rows, FEATURES, a_classes, NULL, NULL));
    OK(bf_recipe_default(&recipe, b, 1, FEW_ROWS, FEATURES));
    OK(bf_job_plan(&to, &recipe, FEW_ROWS, FEATURES, b_classes, NULL, NULL));
    OK(bf_owner_create(&owner, to, NULL));
    OK(bf_prepare(&p, from, &x, NULL, NULL));
    bf_status s = bf_owner_encrypt(owner, &p, t.labels, &o, NULL);
    bf_prepared_clear(&p);
    bf_owner_destroy(owner);
    bf_job_destroy(to);
    bf_job_destroy(from);
    return s;
}

/* Rows are compared with the job before anything reads them. */
static void rows_of_another_job(void **state)
{
    (void)state;
    const bf_recipe_kind paper = BF_RECIPE_PAPER, white = BF_RECIPE_WHITENED;
    FAILS(BF_ERR_MISMATCH, "the data are 24 x 5",
          encrypt_for(white, ROWS, CLASSES, white, CLASSES));
    FAILS(BF_ERR_MISMATCH, "initial weights are 2 x 5, the job is for 3 x 5",
          encrypt_for(paper, FEW_ROWS, 2, paper, CLASSES));
    FAILS(BF_ERR_MISMATCH, "initial weights are 2 x 5, the job is for 3 x 5",
          encrypt_for(paper, FEW_ROWS, 2, white, CLASSES));
}

static bf_status train(bf_serve_options o)
{
    bf_serve_report report;
    return bf_serve_train(&report, &o, NULL);
}

static void servers(void **state)
{
    (void)state;
    const char *const job = in("job.json"), *const file = in("file");
    bf_serve_options o = {.model = file};
    REFUSED("no job is named", train(o));
    o.job = job;
    REFUSED("no file of keys is named", train(o));
    o.keys = &file;
    o.key_count = 1;
    REFUSED("no upload is named", train(o));
    o.uploads = &file;
    o.upload_count = 1;
    REFUSED("file: to be written, but", train(o));
    o.model = NULL;
    REFUSED("no model is named", train(o));
    o.model = job;
    REFUSED("job.json: to be written, but", train(o));
    o.model = o.checkpoint = in("model.enc");
    REFUSED("model.enc: to be written, but", train(o));
    o.checkpoint = job;
    REFUSED("job.json: to be written, but", train(o));
    o.checkpoint = NULL;
    o.resume = true;
    REFUSED("no checkpoint is named", train(o));
    o.resume = false;
    o.pack_rows = (bf_pack_choice)9;
    REFUSED("choice 9 of packing", train(o));
}

static void parties(void **state)
{
    (void)state;
    bf_party_report report;
    bf_party_options o = {.session = "s", .identity = "i"};
    REFUSED("a session, an identity and a box",
            bf_party_step(&report, &o, NULL));
    o.box = in("box");
    o.recheck = (bf_recheck)9;
    REFUSED("choice 9 of rechecks", bf_party_step(&report, &o, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans),
        cmocka_unit_test(recipes),
        cmocka_unit_test(data_without_labels),
        cmocka_unit_test(owners),
        cmocka_unit_test(rows_of_another_job),
        cmocka_unit_test(servers),
        cmocka_unit_test(parties),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
