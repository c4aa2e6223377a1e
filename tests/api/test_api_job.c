/* A whole job through the public headers alone, as in another program. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "blindfit/files.h"
#include "blindfit/owner.h"
#include "blindfit/server.h"

#include "api/api_testing.h"

enum { ROWS = 120, FEATURES = 6, CLASSES = 3, ITERATIONS = 2 };

static struct {
    double x[ROWS][FEATURES];
    int32_t labels[ROWS];
    bf_job *job;
} t;

static bf_view view(void)
{
    return (bf_view){t.x, ROWS, FEATURES, FEATURES, BF_FLOAT64};
}

static int setup(void **state)
{
    (void)state;
    bf_recipe recipe;
    make_folder();
    for (size_t i = 0; i < ROWS; i++) {
        t.labels[i] = (int32_t)(i % CLASSES);
        for (size_t j = 0; j < FEATURES; j++) /* float holds all of them */
            t.x[i][j] = (double)((i * 37 + j * 11 + i * j) % 32) / 32 +
                        (j % CLASSES == i % CLASSES);
    }
    OK(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, ITERATIONS, ROWS,
                         FEATURES));
    OK(bf_job_plan(&t.job, &recipe, ROWS, FEATURES, CLASSES, NULL, NULL));
    OK(bf_job_write(t.job, in("job.json")));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bf_job_destroy(t.job);
    return remove_folder();
}

/* ---- jobs ---------------------------------------------------------------- */

static void jobs_are_read_as_written(void **state)
{
    (void)state;
    bf_job *again;
    bf_job_figures f, g;
    uint8_t id[BF_JOB_ID_BYTES], other[BF_JOB_ID_BYTES];
    OK(bf_job_read(&again, in("job.json")));
    assert_memory_equal(bf_job_id(again), bf_job_id(t.job), BF_JOB_ID_BYTES);
    bf_file_info info;
    struct stat st;
    OK(bf_file_inspect(&info, in("job.json"), NULL));
    assert_int_equal(stat(in("job.json"), &st), 0);
    assert_int_equal(info.type, BF_FILE_JOB);
    assert_int_equal(info.bytes, st.st_size);
    bf_job_data_set_id(again, id);
    bf_job_data_set_id(t.job, other);
    assert_memory_equal(id, other, sizeof id);
    OK(bf_job_figures_of(&f, t.job, NULL));
    OK(bf_job_figures_of(&g, again, NULL));
    assert_int_equal(f.shape.rows, ROWS);
    assert_int_equal(f.shape.features, FEATURES);
    assert_int_equal(f.shape.classes, CLASSES);
    assert_int_equal(f.shape.columns, FEATURES + 1);
    assert_true(f.security_bits >= 128 && f.log2_qp <= f.log2_qp_limit);
    assert_int_equal(f.key_bytes, g.key_bytes);
    assert_int_equal(f.key_switches, g.key_switches);
    assert_true(f.weight_error > 0 && f.weight_error == g.weight_error);
    /* A job that was read is written as the same bytes, spaces included. */
    char command[512];
    snprintf(command, sizeof command, "{ cat '%s'; echo; } >'%s'",
             in("job.json"), in("spaced.json"));
    assert_int_equal(system(command), 0);
    bf_job_destroy(again);
    OK(bf_job_read(&again, in("spaced.json")));
    assert_memory_not_equal(bf_job_id(again), bf_job_id(t.job),
                            BF_JOB_ID_BYTES);
    OK(bf_job_write(again, in("rewritten.json")));
    snprintf(command, sizeof command, "cmp '%s' '%s'", in("spaced.json"),
             in("rewritten.json"));
    assert_int_equal(system(command), 0);
    bf_job_destroy(again);
}

static void steps_lose_limbs(void **state)
{
    (void)state;
    bf_job_step first, last;
    OK(bf_job_step_of(&first, t.job, 1, NULL));
    OK(bf_job_step_of(&last, t.job, ITERATIONS, NULL));
    assert_true(first.limbs > last.limbs && last.limbs >= 1);
    bf_job_figures f;
    OK(bf_job_figures_of(&f, t.job, NULL));
    assert_true(f.log2_qp > f.log2_q && f.log2_q > first.log2_q);
    /* Primes have 20 to 60 bits. */
    double lost = first.log2_q - last.log2_q;
    unsigned primes = first.limbs - last.limbs;
    assert_true(lost > 20 * primes && lost < 60 * primes);
    assert_true(first.error > 0 && last.error > 0);
    FAILS(BF_ERR_ARGUMENT, "iteration 3: the job has 2",
          bf_job_step_of(&last, t.job, ITERATIONS + 1, NULL));
    FAILS(BF_ERR_ARGUMENT, "iteration 0",
          bf_job_step_of(&last, t.job, 0, NULL));
}

static void times_are_estimated(void **state)
{
    (void)state;
    double seconds;
    OK(bf_job_estimate(&seconds, t.job, NULL));
    assert_true(isnan(seconds) || (seconds > 0 && seconds < 3600));
}

static void plans_say_why_not(void **state)
{
    (void)state;
    bf_job *job = NULL;
    bf_recipe r = *bf_job_recipe(t.job);
    bf_plan_options o = {.max_memory = 1000};
    FAILS(BF_ERR_ARGUMENT, "1 classes",
          bf_job_plan(&job, &r, ROWS, FEATURES, 1, NULL, NULL));
    FAILS(BF_ERR_ARGUMENT, "memory allowed",
          bf_job_plan(&job, &r, ROWS, FEATURES, CLASSES, &o, NULL));
    FAILS(BF_ERR_IO, "nowhere.json", bf_job_read(&job, in("nowhere.json")));
    assert_null(job);
    bf_job_destroy(NULL);
}

static void data_plan_themselves(void **state)
{
    (void)state;
    bf_job *job;
    bf_dataset d = {.classes = CLASSES, .labels = t.labels};
    bf_view x = view();
    OK(bf_matrix_from(&d.x, &x));
    OK(bf_job_plan_for(&job, NULL, &d, NULL, NULL));
    assert_memory_equal(bf_job_id(job), bf_job_id(t.job), BF_JOB_ID_BYTES);
    bf_job_destroy(job);
    d.x.data[7] = NAN;
    FAILS(BF_ERR_RANGE, "row 2, column 2",
          bf_job_plan_for(&job, NULL, &d, NULL, NULL));
    bf_matrix_clear(&d.x);
}

/* ---- views --------------------------------------------------------------- */

static void views_are_read_where_they_lie(void **state)
{
    (void)state;
    enum { STRIDE = FEATURES + 3 };
    static float wide[ROWS][STRIDE];
    bf_prepared a, b;
    bf_view x = view(), narrow = {wide, ROWS, FEATURES, STRIDE, BF_FLOAT32};
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < STRIDE; j++)
            wide[i][j] = j < FEATURES ? (float)t.x[i][j] : -1e30f;
    OK(bf_prepare(&a, t.job, &x, NULL, NULL));
    OK(bf_prepare(&b, t.job, &narrow, NULL, NULL));
    assert_int_equal(a.rows.rows * a.rows.cols, b.rows.rows * b.rows.cols);
    assert_memory_equal(a.rows.data, b.rows.data,
                        a.rows.rows * a.rows.cols * sizeof *a.rows.data);
    bf_prepared_clear(&a);
    bf_prepared_clear(&b);
    narrow.rows--;
    FAILS(BF_ERR_MISMATCH, "119 rows of 6 features, the job is for 120 of 6",
          bf_prepare(&b, t.job, &narrow, NULL, NULL));
    narrow.rows++;
    narrow.stride = FEATURES - 1;
    FAILS(BF_ERR_ARGUMENT, "5 elements apart",
          bf_prepare(&b, t.job, &narrow, NULL, NULL));
}

/* ---- the protocol -------------------------------------------------------- */

static const char *const names[CLASSES] = {"ant", "bee", "cow"};

static void send_all(bf_owner *owner, bf_prepared *p)
{
    const bf_encrypt_options o = {.upload = in("upload.bf"),
                                  .transform = in("transform.bf"),
                                  .class_names = names};
    OK(bf_owner_save(owner, in("secret.key"), in("eval.keys"), NULL));
    OK(bf_owner_encrypt(owner, p, t.labels, &o, NULL));
    FAILS(BF_ERR_ARGUMENT, "transform.bf: is there already",
          bf_owner_encrypt(owner, p, t.labels, &o, NULL));
    FAILS(BF_ERR_ARGUMENT, "secret.key: is there already",
          bf_owner_save(owner, in("secret.key"), NULL, NULL));
}

static bf_status train(const char *upload, const char *more, const char *model,
                       bf_serve_report *r, bf_env *env)
{
    char job[128], keys[128];
    const char *uploads[] = {upload, more}, *key_files[] = {keys};
    snprintf(job, sizeof job, "%s", in("job.json"));
    snprintf(keys, sizeof keys, "%s", in("eval.keys"));
    const bf_serve_options o = {.job = job,
                                .keys = key_files,
                                .key_count = 1,
                                .uploads = uploads,
                                .upload_count = more ? 2 : 1,
                                .model = model};
    return bf_serve_train(r, &o, env);
}

static void is_close_to_twin(const bf_model *m, const bf_prepared *p)
{
    bf_view x = view();
    assert_int_equal(m->weights.cols, FEATURES + 1);
    close_to_twin(m, &(training){t.job, &x, p, &p->schedule, t.labels,
                                 CLASSES});
}

static void a_job_from_end_to_end(void **state)
{
    (void)state;
    bf_owner *owner, *again;
    bf_prepared p;
    bf_model model, first;
    bf_serve_report r;
    bf_job_figures f;
    bf_view x = view();
    OK(bf_owner_create(&owner, t.job, NULL));
    OK(bf_prepare(&p, t.job, &x, NULL, NULL));
    send_all(owner, &p);
    OK(train(in("upload.bf"), NULL, in("model.enc"), &r, NULL));
    OK(bf_job_figures_of(&f, t.job, NULL));
    assert_int_equal(r.key_switches, f.key_switches);
    assert_int_equal(r.ciphertext_products, f.ciphertext_products);
    assert_int_equal(r.job.shape.rows, ROWS);
    /* The key from its file decrypts the same as the key in memory. */
    OK(bf_owner_open(&again, t.job, in("secret.key"), NULL));
    OK(bf_owner_decrypt(&model, again, in("model.enc"), in("transform.bf"), 0,
                        NULL));
    OK(bf_owner_decrypt(&first, owner, in("model.enc"), in("transform.bf"), 1,
                        NULL));
    assert_non_null(model.class_names);
    assert_string_equal(model.class_names[2], "cow");
    assert_true(model.weights.data[0] != first.weights.data[0]);
    is_close_to_twin(&model, &p);
    bf_model_clear(&model);
    bf_model_clear(&first);
    FAILS(BF_ERR_ARGUMENT, "iteration 3",
          bf_owner_decrypt(&model, owner, in("model.enc"), in("transform.bf"),
                           3, NULL));
    bf_review seen;
    OK(bf_owner_review(&seen, owner, in("model.enc"), in("transform.bf"), &x, 2,
                       NULL));
    FAILS(BF_ERR_ARGUMENT, "iteration 3",
          bf_owner_review(&seen, owner, in("model.enc"), in("transform.bf"),
                          &x, 3, NULL));
    bf_owner_destroy(again);

    /* Another key is told. */
    OK(bf_owner_create(&again, t.job, NULL));
    FAILS(BF_ERR_MISMATCH, "model.enc",
          bf_owner_decrypt(&model, again, in("model.enc"), in("transform.bf"),
                           0, NULL));
    bf_owner_destroy(again);
    bf_prepared_clear(&p);
    bf_owner_destroy(owner);
}

static void rows_and_labels_apart(void **state)
{
    (void)state;
    bf_owner *owner;
    bf_prepared p;
    bf_model model;
    bf_serve_report r;
    bf_view x = view();
    int32_t wrong[ROWS];
    OK(bf_owner_open(&owner, t.job, in("secret.key"), NULL));
    OK(bf_prepare(&p, t.job, &x, in("transform.bf"), NULL));
    OK(bf_owner_encrypt(owner, &p, t.labels,
                        &(bf_encrypt_options){.part = BF_UPLOAD_ROWS,
                                              .upload = in("rows.bf"),
                                              .transform = in("rows.t")},
                        NULL));
    bf_encrypt_options labels = {.part = BF_UPLOAD_LABELS,
                                 .upload = in("labels.bf")};
    OK(bf_owner_encrypt(owner, &p, t.labels, &labels, NULL));
    FAILS(BF_ERR_MISMATCH, "labels",
          train(in("rows.bf"), NULL, in("apart.enc"), &r, NULL));
    OK(train(in("rows.bf"), in("labels.bf"), in("apart.enc"), &r, NULL));
    OK(bf_owner_decrypt(&model, owner, in("apart.enc"), in("rows.t"), 0,
                        NULL));
    is_close_to_twin(&model, &p);
    bf_model_clear(&model);
    memcpy(wrong, t.labels, sizeof wrong);
    wrong[4] = CLASSES;
    labels.upload = in("wrong.bf");
    FAILS(BF_ERR_ARGUMENT, "row 5 has label 3",
          bf_owner_encrypt(owner, &p, wrong, &labels, NULL));
    assert_int_not_equal(access(in("wrong.bf"), F_OK), 0);
    bf_prepared_clear(&p);
    bf_owner_destroy(owner);
}

/* ---- two jobs at a time -------------------------------------------------- */

typedef struct running {
    bf_env env;
    char upload[128], model[128];
    bf_status status;
} running;

static int stop_at_once(void *user, const char *phase, double done,
                        double total)
{
    (void)user;
    (void)done;
    (void)total;
    return strcmp(phase, "read upload") != 0;
}

static void *run(void *user)
{
    running *r = user;
    bf_serve_report report;
    r->status = train(r->upload, NULL, r->model, &report, &r->env);
    return NULL;
}

static void each_job_is_stopped_by_its_own_env(void **state)
{
    (void)state;
    pthread_t thread[2];
    running r[2] = {{.env = {.threads = 1, .progress = stop_at_once}},
                    {.env = {.threads = 1}}};
    for (int i = 0; i < 2; i++) {
        snprintf(r[i].upload, sizeof r[i].upload, "%s/upload.bf", test_folder);
        snprintf(r[i].model, sizeof r[i].model, "%s/model-%d.enc", test_folder,
                 i);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run, &r[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(thread[i], NULL);
    assert_int_equal(r[0].status, BF_ERR_INTERRUPTED);
    assert_int_not_equal(access(r[0].model, F_OK), 0);
    assert_int_equal(r[1].status, BF_OK);
    assert_int_equal(access(r[1].model, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_read_as_written),
        cmocka_unit_test(steps_lose_limbs),
        cmocka_unit_test(times_are_estimated),
        cmocka_unit_test(plans_say_why_not),
        cmocka_unit_test(data_plan_themselves),
        cmocka_unit_test(views_are_read_where_they_lie),
        cmocka_unit_test(a_job_from_end_to_end),
        cmocka_unit_test(rows_and_labels_apart),
        cmocka_unit_test(each_job_is_stopped_by_its_own_env),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
