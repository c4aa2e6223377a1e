/* Format stability of the files of docs/formats.md section 8 and of
 * checkpoints: the files in tests/golden/train-v2 define version 2, that of
 * transforms is 3. Writing their content again must give the same bytes, and
 * reading them the same content. After an intended change of format (a new
 * version number), `test_train_golden --write` writes them anew. */
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/checkpoint_sample.h"
#include "train/job.h"
#include "train/owner/transform.h"
#include "train/train_testing.h"
#include "train/training.h"

static const char folder[] = "tests/golden/train-v2";

static const char *path_of(const char *in, const char *name)
{
    static char path[2][256];
    static unsigned turn;
    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", in, name);
    return path[turn];
}

/* ---- jobs: chosen numbers only, as `plan` chose them --------------------- */

static const bf_job whitened_job = {
    .recipe = {.kind = BF_RECIPE_WHITENED,
               .iterations = 2,
               .map = BF_MAP_AUTO,
               .sigmoid = {3, {0.12112193, -0.00063518}, 12},
               .lambda = 0.072,
               .clip = 1.25,
               .step_count = 3,
               .steps = {4, 4, 4}},
    .form = {.division = BF_DIVIDE_JOINED, .primes = 1},
    .features = 9,
    .layout = {.n = 40, .classes = 3, .f = 8, .k = 2},
    .rings = 1,
    .ring[0] = {.log_n = 14, .n_q = 5, .n_p = 4, .digit_limbs = 5,
               .q = {851964690433, 33128449, 525250877685761, 103506112217089,
                     33292289},
               .p = {92194184888321, 92194184790017, 92194184626177,
                     92194184593409}},
    .log_x = 20.4005131924386,
    .log_mask = 11.4411286218047,
    .log_labels = 24.45,
    .log_dense = 24.45};

static const bf_job paper_job = {
    .recipe = {.kind = BF_RECIPE_PAPER,
               .iterations = 2,
               .map = BF_MAP_NONE,
               .sigmoid = {3, {0.106795345, -0.000385032567984195}, 9.6},
               .step_count = 1,
               .steps = {1}},
    .form = {.division = BF_DIVIDE_EACH, .primes = 2},
    .features = 9,
    .layout = {.n = 40, .classes = 3, .f = 4, .k = 1},
    .rings = 1,
    .ring[0] = {.log_n = 14, .n_q = 9, .n_p = 2, .digit_limbs = 2,
               .q = {516223461425153, 1309081601, 8589279233, 8590458881,
                     516225532100609, 64392527873, 8589475841, 8590163969,
                     31357207216129},
               .p = {6856381530113, 6856381562881}},
    .log_x = 25.856957860553582,
    .log_mask = 11,
    .log_labels = 33,
    .log_dense = 33,
    .log_v0 = 33.1959938131099};

/* With the derived fields that the data set's id covers. */
static bf_status write_job(const bf_job *choices, const char *path)
{
    bf_job job = *choices;
    const bf_layout *l = &choices->layout;
    BF_TRY(bf_job_derive(&job, l->n, l->classes, l->f, l->k));
    return bf_job_save(&job, path);
}

static bf_status write_jobs(const char *in)
{
    BF_TRY(write_job(&whitened_job, path_of(in, "job.json")));
    return write_job(&paper_job, path_of(in, "job-paper.json"));
}

static void check_same_choices(const bf_job *got, const bf_job *want)
{
    assert_int_equal(got->recipe.kind, want->recipe.kind);
    assert_int_equal(got->recipe.iterations, want->recipe.iterations);
    assert_int_equal(got->recipe.map, want->recipe.map);
    assert_int_equal(got->recipe.step_count, want->recipe.step_count);
    assert_int_equal(got->features, want->features);
    assert_int_equal(got->layout.n, want->layout.n);
    assert_int_equal(got->layout.classes, want->layout.classes);
    assert_int_equal(got->layout.f, want->layout.f);
    assert_int_equal(got->layout.k, want->layout.k);
    assert_int_equal(got->form.division, want->form.division);
    assert_int_equal(got->ring[0].n_q, want->ring[0].n_q);
    assert_int_equal(got->ring[0].n_p, want->ring[0].n_p);
    assert_memory_equal(got->ring[0].q, want->ring[0].q,
                        sizeof want->ring[0].q);
    assert_memory_equal(got->ring[0].p, want->ring[0].p,
                        sizeof want->ring[0].p);
    assert_true(got->log_x == want->log_x && got->log_v0 == want->log_v0);
    assert_true(got->recipe.lambda == want->recipe.lambda);
    assert_true(got->recipe.sigmoid.odd[1] == want->recipe.sigmoid.odd[1]);
}

/* Derived fields are part of the format: another schedule or layout would
 * misread old files. */
static void jobs_read_back(void **state)
{
    (void)state;
    bf_job job;
    uint8_t id[BF_HASH_BYTES];
    check_ok(bf_job_load(&job, path_of(folder, "job.json"), id));
    check_same_choices(&job, &whitened_job);
    assert_int_equal(job.layout.cols, 10);
    assert_int_equal(job.layout.t, 1024);
    assert_int_equal(job.layout.pairs, 1);
    assert_int_equal(job.layout.log_m, 2);
    assert_int_equal(bf_job_inputs(&job), 1 + 2); /* 3 outputs by twos */
    assert_int_equal(bf_job_x_limbs(&job), 5);
    assert_true(job.schedule.zero_start && !job.schedule.momentum);
    assert_true(fabs(job.schedule.step[0] - 4 * 4 / 40.0) < 1e-15);
    check_ok(bf_job_load(&job, path_of(folder, "job-paper.json"), id));
    check_same_choices(&job, &paper_job);
    assert_int_equal(bf_job_inputs(&job), 2 + 3 + 1); /* pairs, outputs, V0 */
    assert_int_equal(bf_job_x_limbs(&job), 9);
    assert_true(!job.schedule.zero_start && job.schedule.momentum);
    assert_true(fabs(job.schedule.step[0] - 4 / 40.0 * (1 + 1 / 40.0)) < 1e-15);
}

/* ---- transforms ---------------------------------------------------------- */

enum { INPUTS = 3, OUTPUTS = 3 };

static void fill(double *v, size_t count, double from)
{
    for (size_t i = 0; i < count; i++) v[i] = from + (double)i / 8;
}

static bf_status sample_transform(bf_transform **t, bf_recipe_kind kind)
{
    bool paper = kind == BF_RECIPE_PAPER;
    BF_TRY(bf_transform_create(t, kind, (bf_relu){0}, INPUTS,
                               paper ? INPUTS + 1 : OUTPUTS));
    (*t)->map = paper ? BF_MAP_NONE : BF_MAP_SQRT;
    memset((*t)->of.key, 0x11, sizeof (*t)->of.key);
    memset((*t)->of.data, 0x22, sizeof (*t)->of.data);
    memset((*t)->of.digest, 0x33, sizeof (*t)->of.digest);
    (*t)->rows = 0x0123456789abcdef;
    if (paper) {
        fill((*t)->scale, INPUTS + 1, 0);
        return BF_OK;
    }
    (*t)->clip_norm = 2.5;
    fill((*t)->mean, INPUTS, 0.5);
    fill((*t)->linear, INPUTS * (OUTPUTS - 1), -0.25);
    return BF_OK;
}

static const char *const transform_name[] = {"transform-paper.bf",
                                             "transform.bf"};

static bf_status write_transforms(const char *in)
{
    for (int kind = 0; kind < 2; kind++) {
        bf_transform *t;
        BF_TRY(sample_transform(&t, (bf_recipe_kind)kind));
        bf_status s = bf_transform_save(t, path_of(in, transform_name[kind]));
        bf_transform_destroy(t);
        BF_TRY(s);
    }
    return BF_OK;
}

static void check_transforms(const char *in, uint64_t rows)
{
    bf_transform *t;
    bf_matrix x = {1, INPUTS, (double[]){4, 9, 16}}, u;
    check_ok(bf_transform_load(&t, path_of(in, "transform.bf")));
    assert_true(t->clip_norm == 2.5);
    assert_true(t->rows == rows);
    check_ok(bf_transform_apply(&u, t, &x, false, NULL));
    /* (2, 3, 4) - (0.5, 0.625, 0.75) times the 3 x 2 from -0.25 by eighths */
    double a = 1.5, b = 2.375, c = 3.25;
    assert_true(u.data[0] == 1);
    assert_true(fabs(u.data[1] - (a * -0.25 + c * 0.25)) < 1e-12);
    assert_true(fabs(u.data[2] - (a * -0.125 + b * 0.125 + c * 0.375)) < 1e-12);
    bf_matrix_clear(&u);
    bf_transform_destroy(t);
    check_ok(bf_transform_load(&t, path_of(in, "transform-paper.bf")));
    check_ok(bf_transform_apply(&u, t, &x, false, NULL));
    assert_true(u.data[0] == 0 && u.data[1] == 0.5 && u.data[2] == 2.25);
    bf_matrix_clear(&u);
    bf_transform_destroy(t);
}

static void transforms_read_back(void **state)
{
    (void)state;
    check_transforms(folder, 0x0123456789abcdef);
    check_transforms("tests/golden/transform-v2", 0); /* had no fingerprint */
}

static void transforms_know_their_upload(void **state)
{
    (void)state;
    bf_transform *t;
    const char *path = path_of(folder, "transform.bf");
    check_ok(bf_transform_load(&t, path));
    bf_upload_id of = t->of;
    assert_int_equal(of.key[0] + of.data[31] + of.digest[0], 0x66);
    check_ok(bf_transform_check_of(t, path, &of));
    of.digest[31] ^= 1;
    check_fails(BF_ERR_MISMATCH, "transform.bf: of another upload",
                bf_transform_check_of(t, path, &of));
    of.key[15] ^= 1;
    check_fails(BF_ERR_MISMATCH, "transform.bf: of another key",
                bf_transform_check_of(t, path, &of));
    of.data[0] ^= 1;
    check_fails(BF_ERR_MISMATCH, "transform.bf: of another data set",
                bf_transform_check_of(t, path, &of));
    bf_transform_destroy(t);
}

/* Version 1 had no upload; the message says so, and does not report damage. */
static void older_transforms_are_refused(void **state)
{
    (void)state;
    bf_transform *t = NULL;
    check_fails(BF_ERR_UNSUPPORTED, "of version 1, which does not say",
                bf_transform_load(&t, "tests/golden/v1/transform.bf"));
    assert_null(t);
}

/* ---- models -------------------------------------------------------------- */

static const char *const model_name[] = {"model.npy", "model.csv",
                                         "model.safetensors"};

static bf_model sample_model(void)
{
    static double weights[] = {0.5, -1, 0.125, 2,     3e-5, 0,
                               -7,  1,  0.75,  0.375, -0.5, 1e10};
    static char boot[] = "boot, \"ankle\"", summer[] = "\xc3\xa9t\xc3\xa9";
    static char empty[] = "", *names[] = {boot, summer, empty};
    return (bf_model){
        .weights = {3, 4, weights}, .map = BF_MAP_SQRT, .class_names = names};
}

static bf_status write_models(const char *in)
{
    bf_model m = sample_model();
    for (int i = 0; i < 3; i++)
        BF_TRY(bf_model_save(&m, path_of(in, model_name[i])));
    return BF_OK;
}

static void models_read_back(void **state)
{
    (void)state;
    bf_model want = sample_model(), got;
    for (int i = 0; i < 3; i++) {
        check_ok(bf_model_load(&got, path_of(folder, model_name[i])));
        assert_int_equal(got.weights.rows, 3);
        assert_int_equal(got.weights.cols, 4);
        assert_int_equal(got.map, BF_MAP_SQRT);
        for (int j = 0; j < 12; j++) {
            double w = want.weights.data[j];
            assert_true(got.weights.data[j] == (i == 2 ? (float)w : w));
        }
        for (int c = 0; c < 3; c++)
            assert_string_equal(got.class_names[c], want.class_names[c]);
        bf_model_clear(&got);
    }
}

/* ---- a checkpoint after two iterations ----------------------------------- */

static bf_status write_checkpoint(const char *in)
{
    bf_context *ctx;
    bf_run_state s = {0};
    BF_TRY(sample_context(&ctx));
    bf_status status = sample_state(&s, ctx);
    if (status == BF_OK)
        status = bf_checkpoint_write(path_of(in, "checkpoint.enc"),
                                     bf_one_ring(ctx),
                                     sample_run_ids, &s);
    sample_state_clear(&s);
    bf_context_destroy(ctx);
    return status;
}

static void check_ct(const bf_ct *got, const bf_ct *want)
{
    assert_int_equal(got->limbs, want->limbs);
    assert_true(got->scale == want->scale && got->noise == want->noise);
    assert_memory_equal(got->data, want->data,
                        2 * want->limbs * SAMPLE_N * sizeof(double));
}

static void checkpoint_reads_back(void **state)
{
    (void)state;
    bf_context *ctx;
    bf_eval *ev;
    bf_run_state got = {0}, want = {0};
    check_ok(sample_context(&ctx));
    bf_eval_keys none = {.ctx = ctx};
    check_ok(bf_eval_create(&ev, ctx, &none));
    check_ok(sample_state(&want, ctx));
    bf_plan plan = sample_plan(&want);
    check_ok(bf_checkpoint_read(&got, path_of(folder, "checkpoint.enc"), ev,
                                sample_run_ids, &bf_training, &plan));
    assert_int_equal(got.circuit.step, 2);
    for (unsigned i = 0; i < BF_CARRIED_MAX; i++)
        check_ct(&got.circuit.carried[i], &want.circuit.carried[i]);
    check_ct(&got.models[0], &want.models[0]);
    check_ct(&got.models[1], &want.models[1]);
    sample_state_clear(&want);
    bf_run_state_release(ev, &got);
    bf_eval_destroy(ev);
    bf_context_destroy(ctx);
}

/* ---- all of them --------------------------------------------------------- */

static bf_status write_all(const char *in)
{
    BF_TRY(write_jobs(in));
    BF_TRY(write_models(in));
    BF_TRY(write_transforms(in));
    return write_checkpoint(in);
}

static void writing_gives_the_golden_bytes(void **state)
{
    (void)state;
    static const char *const files[] = {
        "job.json",     "job-paper.json",    "model.npy",
        "model.npy.json", "model.csv",       "model.csv.json",
        "model.safetensors", "checkpoint.enc", "transform.bf",
        "transform-paper.bf"};
    char temp[] = "/tmp/bf_test_golden_XXXXXX";
    assert_non_null(mkdtemp(temp));
    check_ok(write_all(temp));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        uint8_t *golden, *fresh;
        size_t golden_bytes, fresh_bytes;
        check_ok(bf_read_file(path_of(folder, files[i]), 1 << 20,
                              &golden, &golden_bytes));
        check_ok(bf_read_file(path_of(temp, files[i]), 1 << 20, &fresh,
                              &fresh_bytes));
        assert_int_equal(golden_bytes, fresh_bytes);
        assert_memory_equal(golden, fresh, golden_bytes);
        bf_free(golden);
        bf_free(fresh);
    }
    check_ok(bf_remove_tree(temp));
}

static int write_golden(void)
{
    if (bf_make_dir(folder, 0755) == BF_OK && write_all(folder) == BF_OK)
        return 0;
    fprintf(stderr, "%s\n", bf_last_error());
    return 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_gives_the_golden_bytes),
        cmocka_unit_test(jobs_read_back),
        cmocka_unit_test(transforms_read_back),
        cmocka_unit_test(transforms_know_their_upload),
        cmocka_unit_test(older_transforms_are_refused),
        cmocka_unit_test(models_read_back),
        cmocka_unit_test(checkpoint_reads_back),
    };
    if (argc > 1 && strcmp(argv[1], "--write") == 0) return write_golden();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
