/* The server's run over files: uploads that do not fit the job are refused
 * before training; the model file depends on neither threads nor kernels; the
 * owner refuses models that no run of the job made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/circuit.h"
#include "support/owner_files.h"
#include "train/serve.h"
#include "train/upload.h"
#include "wire/wire.h"
#include "support/env.h"

#define OK assert_ok

enum { ROWS = 700, FEATURES = 33, CLASSES = 2 };

static job_files at;
static struct {
    char again[96], rows[96], labels[96], other[96], other_labels[96], bad[96];
    bf_job made;
    uint8_t id[BF_HASH_BYTES], other_id[BF_HASH_BYTES];
    size_t uploads;
} files;

static void encrypt(const char *path, const bf_matrix *u, const int32_t *labels,
                    const bf_schedule *schedule, bf_upload_part part)
{
    OK(owner_encrypt(&files.made, files.id, at.secret, u, labels, schedule,
                     part, path));
}

/* Another job over the same rows: every class has the number of the next class,
 * and the second step differs. */
static void make_other_job(const bf_matrix *u, const int32_t *labels,
                           const bf_schedule *schedule)
{
    int32_t turned[ROWS];
    bf_job other = files.made;
    other.recipe.step_count = 2;
    other.recipe.steps[1] = other.recipe.steps[0] / 2;
    for (size_t i = 0; i < ROWS; i++) turned[i] = (labels[i] + 1) % CLASSES;
    OK(bf_job_save(&other, files.other));
    OK(bf_job_load(&other, files.other, files.other_id));
    OK(owner_encrypt(&other, files.other_id, at.secret, u, turned, schedule,
                     BF_UPLOAD_LABELS, files.other_labels));
}

/* Two uploads of one job and key. */
static void make_uploads(void)
{
    bf_matrix x;
    bf_prepared p;
    int32_t labels[ROWS];
    OK(bf_matrix_init(&x, ROWS, FEATURES));
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (int32_t)(i % CLASSES);
        for (size_t j = 0; j < FEATURES; j++) {
            uint32_t bits;
            bf_random_bytes(&bits, sizeof bits);
            x.data[i * FEATURES + j] = bits * 0x1p-32 + (j < 5) * labels[i];
        }
    }
    owner_prepare(&p, &files.made, &x);
    encrypt(at.upload, &p.rows, labels, &p.schedule, BF_UPLOAD_ALL);
    encrypt(files.again, &p.rows, labels, &p.schedule, BF_UPLOAD_ALL);
    encrypt(files.rows, &p.rows, labels, &p.schedule, BF_UPLOAD_ROWS);
    encrypt(files.labels, &p.rows, labels, &p.schedule, BF_UPLOAD_LABELS);
    make_other_job(&p.rows, labels, &p.schedule);
    bf_prepared_clear(&p);
    bf_matrix_clear(&x);
}

static int setup(void **state)
{
    (void)state;
    bf_recipe recipe;
    bf_plan plan;
    bf_plan_options options = {0};
    job_files_open(&at);
    path_in(files.again, at.dir, "again.bf");
    path_in(files.rows, at.dir, "rows.bf");
    path_in(files.labels, at.dir, "labels.bf");
    path_in(files.other, at.dir, "other.json");
    path_in(files.other_labels, at.dir, "other-labels.bf");
    path_in(files.bad, at.dir, "bad.bf");
    OK(bf_random_init());
    OK(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, ROWS, FEATURES));
    OK(bf_job_search(&files.made, &plan, &recipe, ROWS, FEATURES, CLASSES,
                   &options));
    bf_plan_clear(&plan);
    owner_start(&files.made, files.id, &at);
    make_uploads();
    files.uploads = bf_job_inputs(&files.made);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    OK(bf_remove_tree(at.dir));
    return 0;
}

static bf_status serve(const char *upload, const char *model,
                       bf_backend backend)
{
    bf_serve_report report;
    bf_serve_options o = {.job = at.job,
                          .keys = (const char *const[]){at.keys},
                          .key_count = 1,
                          .uploads = &upload,
                          .upload_count = 1,
                          .model = model};
    return bf_serve_train_on(&report, &o, backend, NULL);
}

static void refused(bf_status status, const char *words)
{
    bf_status s = serve(files.bad, at.model, BF_BACKEND_AUTO);
    if (s != status || !strstr(bf_last_error(), words) ||
        !strstr(bf_last_error(), "bad.bf"))
        fail_msg("wanted %s '%s', got %s: %s", bf_status_name(status), words,
                 bf_status_name(s), bf_last_error());
    assert_int_not_equal(access(at.model, F_OK), 0);
}

/* ---- uploads whose digests are right ------------------------------------- */

typedef struct pick {
    const char *from;
    size_t input;
    bf_label label;
} pick;

/* Of input i, numbered through all kinds. */
static bf_label label_of(size_t i)
{
    bf_label label;
    label.kind = BF_UPLOAD_INPUT +
                 bf_job_input_kind(&files.made, i, &label.index);
    return label;
}

static void put_pick(bf_wire_writer *w, const bf_context *ctx, const pick *p)
{
    bf_wire_reader *r;
    bf_wire_item item;
    bf_ct ct = {0};
    bf_label label = label_of(p->input);
    OK(bf_wire_open(&r, p->from, BF_WIRE_UPLOAD, bf_one_ring(ctx),
                    (bf_wire_ids){0}));
    OK(bf_wire_find(r, BF_WIRE_CIPHERTEXT, label, &item));
    OK(bf_wire_get_ct(r, &ct));
    OK(bf_wire_put_ct(w, p->label, &ct));
    bf_ct_clear(&ct);
    bf_wire_close(r);
}

/* An upload of these records with recomputed digests. */
static void rewrite(const pick *picks, size_t count)
{
    bf_context *ctx;
    bf_wire_reader *r;
    bf_wire_writer *w;
    OK(bf_context_create(&ctx, &files.made.ring[0], BF_BACKEND_AUTO));
    OK(bf_wire_open(&r, at.upload, BF_WIRE_UPLOAD, bf_one_ring(ctx),
                    (bf_wire_ids){0}));
    const bf_frame_header *h = bf_wire_header(r);
    OK(bf_wire_create(&w, files.bad, BF_WIRE_UPLOAD, bf_one_ring(ctx),
                      (bf_wire_ids){h->key_id, h->job_id, h->data_id}));
    bf_wire_close(r);
    for (size_t i = 0; i < count; i++) put_pick(w, ctx, &picks[i]);
    OK(bf_wire_commit(w));
    bf_context_destroy(ctx);
}

static void fill(pick *picks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        picks[i] = (pick){at.upload, i, label_of(i)};
}

static void test_rewritten(void **state)
{
    (void)state;
    size_t n = files.uploads;
    assert_true(n >= 3);
    pick *p = calloc(n + 1, sizeof *p);
    assert_non_null(p);

    fill(p, n);
    for (size_t i = 1; i + 1 < n; i++) p[i] = p[i + 1];
    rewrite(p, n - 1);
    refused(BF_ERR_FORMAT, "rows 3 of 3: missing, doubled or out of order");

    rewrite((fill(p, n), p), n - 1);
    refused(BF_ERR_MISMATCH, "ciphertexts of labels for this job");

    fill(p, n);
    p[1] = p[0];
    rewrite(p, n);
    refused(BF_ERR_FORMAT, "rows 1 of 3: missing, doubled");

    fill(p, n);
    p[n] = p[n - 1];
    rewrite(p, n + 1);
    refused(BF_ERR_FORMAT, "labels");

    fill(p, n);
    p[0] = (pick){at.upload, 1, {BF_UPLOAD_INPUT, 1}};
    p[1] = (pick){at.upload, 0, {BF_UPLOAD_INPUT, 0}};
    rewrite(p, n);
    refused(BF_ERR_FORMAT, "rows 2 of 3: missing, doubled");

    /* Labels in place of rows: in order, but not of that kind. */
    fill(p, n);
    p[0].input = n - 1;
    rewrite(p, n);
    refused(BF_ERR_MISMATCH, "the job wants");
    free(p);
}

/* ---- uploads pasted together byte by byte -------------------------------- */

static void read_all(const char *path, uint8_t **data, size_t *bytes)
{
    OK(bf_read_file(path, (size_t)1 << 30, data, bytes));
}

static void write_all(const uint8_t *data, size_t bytes)
{
    FILE *f = fopen(files.bad, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

/* Offset of input i; all of rows are equally long. */
static size_t offset_of(size_t bytes, size_t i)
{
    const bf_params *p = &files.made.ring[0];
    const bf_layout *l = &files.made.layout;
    size_t x = bf_wire_ct_bytes(p, bf_job_x_limbs(&files.made), 2, true);
    size_t y = bf_wire_ct_bytes(p, bf_job_y_limbs(&files.made), 2, true);
    size_t end = BF_FRAME_RECORD_BYTES + BF_HASH_BYTES;
    return bytes - end - l->groups * y - (l->chunks * l->pairs - i) * x;
}

static void test_pasted(void **state)
{
    (void)state;
    uint8_t *a, *b;
    size_t bytes, other;
    assert_true(files.made.layout.chunks * files.made.layout.pairs >= 2);
    read_all(at.upload, &a, &bytes);
    read_all(files.again, &b, &other);
    assert_int_equal(bytes, other);
    size_t first = offset_of(bytes, 0), second = offset_of(bytes, 1);
    size_t record = second - first;
    uint8_t *made = malloc(bytes + record);
    assert_non_null(made);

    /* Of another upload: one record, then all up to the last. */
    memcpy(made, a, bytes);
    memcpy(made + first, b + first, record);
    write_all(made, bytes);
    refused(BF_ERR_FORMAT, "digest");
    memcpy(made, b, bytes);
    memcpy(made + second, a + second, bytes - second);
    write_all(made, bytes);
    refused(BF_ERR_FORMAT, "digest");

    /* Swapped, doubled, left out. */
    memcpy(made, a, bytes);
    memcpy(made + first, a + second, record);
    memcpy(made + second, a + first, record);
    write_all(made, bytes);
    refused(BF_ERR_FORMAT, "out of order");
    memcpy(made, a, second);
    memcpy(made + second, a + first, bytes - first);
    write_all(made, bytes + record);
    refused(BF_ERR_FORMAT, "bytes, its header tells");
    memcpy(made + first, a + second, bytes - second);
    write_all(made, bytes - record);
    refused(BF_ERR_FORMAT, "bytes, its header tells");

    write_all(a, second + 100);
    refused(BF_ERR_FORMAT, "cut short");
    free(made);
    bf_free(a);
    bf_free(b);
}

/* ---- the same file whoever computes it ----------------------------------- */

static void test_same_model(void **state)
{
    (void)state;
    char path[96];
    uint8_t *want, *got;
    size_t bytes, other;
    unsigned before = bf_env_threads(NULL);
    path_in(path, at.dir, "reference.enc");
    OK(serve(at.upload, path, BF_BACKEND_AUTO));
    read_all(path, &want, &bytes);
    for (unsigned threads = 1; threads <= 3; threads++) {
        bool scalar = threads == 3;
        env_threads(scalar ? before : threads);
        OK(serve(at.upload, at.model,
                 scalar ? BF_BACKEND_SCALAR : BF_BACKEND_AUTO));
        read_all(at.model, &got, &other);
        assert_int_equal(bytes, other);
        assert_memory_equal(want, got, bytes);
        bf_free(got);
        assert_int_equal(unlink(at.model), 0);
    }
    env_threads(before);
    bf_free(want);
}

/* ---- what comes out of a decryption -------------------------------------- */

/* Two decryptions are the same multiples of a step, just below the expected
 * error of this iteration, plus different random parts: they differ by less
 * than the step, and on average by a third of the step, as two uniform numbers
 * do. */
static void test_rounded(void **state)
{
    (void)state;
    bf_plan plan;
    OK(serve(at.upload, at.model, BF_BACKEND_AUTO));
    OK(bf_job_walk(&plan, &files.made));
    for (unsigned i = 0; i <= files.made.recipe.iterations; i++) {
        bf_matrix w, again;
        double sum = 0;
        double noise = i ? plan.steps[i - 1].noise : plan.weight_noise;
        double step = exp2(floor(log2(noise)));
        assert_true(step > 0);
        OK(owner_decrypt(&w, &files.made, files.id, at.secret, at.model,
                         i));
        OK(owner_decrypt(&again, &files.made, files.id, at.secret,
                         at.model, i));
        size_t count = w.rows * w.cols;
        for (size_t k = 0; k < count; k++) {
            double apart = fabs(w.data[k] - again.data[k]);
            assert_true(apart < step);
            sum += apart;
        }
        /* 68 weights: the average is within 0.03 steps. */
        assert_true(fabs(sum / (double)count / step - 1.0 / 3) < 0.15);
        bf_matrix_clear(&w);
        bf_matrix_clear(&again);
    }
    bf_plan_clear(&plan);
    assert_int_equal(unlink(at.model), 0);
}

/* ---- models of a server that did something else -------------------------- */

static void as_it_was(bf_ct *ct)
{
    (void)ct;
}

static void other_scale(bf_ct *ct)
{
    ct->scale *= 2;
}

/* Weights as from another circuit, or beyond the modulus. */
static void noise_alone(bf_ct *ct)
{
    size_t n = (size_t)1 << files.made.ring[0].log_n;
    for (unsigned l = 0; l < ct->limbs; l++)
        for (size_t i = 0; i < ct->polys * n; i++) {
            uint64_t bits;
            bf_random_bytes(&bits, sizeof bits);
            ct->data[l * ct->polys * n + i] =
                (double)(bits % files.made.ring[0].q[l]);
        }
}

static void put_changed(bf_wire_reader *r, bf_wire_writer *w,
                        void (*change)(bf_ct *ct))
{
    for (;;) {
        bf_wire_item item;
        bf_ct ct = {0};
        OK(bf_wire_next(r, &item));
        if (item.kind == BF_FRAME_END) return;
        if (item.kind == BF_WIRE_JSON) {
            char *text;
            size_t bytes;
            OK(bf_wire_get_json(r, &text, &bytes));
            OK(bf_wire_put_json(w, item.label, text, bytes));
            bf_free(text);
            continue;
        }
        OK(bf_wire_get_ct(r, &ct));
        change(&ct);
        OK(bf_wire_put_ct(w, item.label, &ct));
        bf_ct_clear(&ct);
    }
}

static void rewrite_model(void (*change)(bf_ct *ct))
{
    bf_context *ctx;
    bf_wire_reader *r;
    bf_wire_writer *w;
    OK(bf_context_create(&ctx, &files.made.ring[0], BF_BACKEND_AUTO));
    OK(bf_wire_open(&r, at.model, BF_WIRE_MODEL, bf_one_ring(ctx),
                    (bf_wire_ids){0}));
    const bf_frame_header *h = bf_wire_header(r);
    OK(bf_wire_create(&w, files.bad, BF_WIRE_MODEL, bf_one_ring(ctx),
                      (bf_wire_ids){h->key_id, h->job_id, h->data_id}));
    put_changed(r, w, change);
    OK(bf_wire_commit(w));
    bf_wire_close(r);
    bf_context_destroy(ctx);
}

static void test_foreign_models(void **state)
{
    (void)state;
    static const struct {
        void (*change)(bf_ct *ct);
        bf_status status;
        const char *words;
    } cases[] = {{as_it_was, BF_OK, ""},
                 {other_scale, BF_ERR_MISMATCH, "bad.bf: the model after"},
                 {noise_alone, BF_ERR_RANGE, "bad.bf: the opened weights"}};
    OK(serve(at.upload, at.model, BF_BACKEND_AUTO));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rewrite_model(cases[i].change);
        for (unsigned t = 0; t <= files.made.recipe.iterations; t++) {
            bf_matrix w = {0};
            bf_status s = owner_decrypt(&w, &files.made, files.id, at.secret,
                                        files.bad, t);
            if (s != cases[i].status ||
                (s != BF_OK && !strstr(bf_last_error(), cases[i].words)))
                fail_msg("change %zu, iteration %u: %s: %s", i, t,
                         bf_status_name(s), bf_last_error());
            assert_true((s == BF_OK) == (w.data != NULL));
            bf_matrix_clear(&w);
        }
    }
    assert_int_equal(unlink(at.model), 0);
}

/* ---- uploads apart ------------------------------------------------------- */

static bf_status serve_files(const char *job, const char *a, const char *b)
{
    bf_serve_report report;
    const char *const uploads[] = {a, b};
    bf_serve_options o = {.job = job,
                          .keys = (const char *const[]){at.keys},
                          .key_count = 1,
                          .uploads = uploads,
                          .upload_count = b ? 2 : 1,
                          .model = at.model};
    return bf_serve_train(&report, &o, NULL);
}

static bf_matrix weights_after(const bf_job *job, const uint8_t *id,
                               unsigned iteration)
{
    bf_matrix w = {0};
    OK(owner_decrypt(&w, job, id, at.secret, at.model, iteration));
    return w;
}

/* Largest difference between a's weights of class c and b's of class c + turn.
 */
static double apart(const bf_matrix *a, const bf_matrix *b, size_t turn)
{
    double most = 0;
    for (size_t c = 0; c < a->rows; c++)
        for (size_t k = 0; k < a->cols; k++)
            most =
                fmax(most, fabs(a->data[c * a->cols + k] -
                                b->data[(c + turn) % b->rows * a->cols + k]));
    return most;
}

/* The same rows train with labels of two jobs, from an upload of rows alone or
 * beside labels that are another job's. */
static void test_apart(void **state)
{
    (void)state;
    bf_job other;
    uint8_t id[BF_HASH_BYTES];
    bf_plan plan;
    OK(bf_job_load(&other, files.other, id));
    OK(bf_job_walk(&plan, &files.made));
    double noise = 12 * plan.steps[0].noise;
    bf_plan_clear(&plan);
    OK(serve_files(at.job, at.upload, NULL));
    bf_matrix whole = weights_after(&files.made, files.id, 1);
    OK(serve_files(at.job, files.labels, files.rows));
    bf_matrix parts = weights_after(&files.made, files.id, 1);
    assert_true(apart(&whole, &parts, 0) < noise);
    assert_true(apart(&whole, &parts, 1) > 2 * noise);
    bf_matrix_clear(&parts);
    const char *const rows[] = {files.rows, at.upload};
    for (int i = 0; i < 2; i++) {
        OK(serve_files(files.other, rows[i], files.other_labels));
        bf_matrix turned = weights_after(&other, id, 1);
        assert_true(apart(&whole, &turned, 1) < noise);
        bf_matrix_clear(&turned);
    }
    bf_matrix_clear(&whole);
    assert_int_equal(unlink(at.model), 0);
}

static void test_parts_that_do_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *job, *a, *b, *words;
        bf_status status;
    } cases[] = {
        {at.job, files.rows, NULL, "ciphertexts of labels",
         BF_ERR_MISMATCH},
        {at.job, files.labels, NULL, "ciphertexts of rows", BF_ERR_MISMATCH},
        {at.job, files.rows, files.other_labels,
         "other-labels.bf: of another job", BF_ERR_MISMATCH},
        {files.other, at.upload, NULL, "upload.bf: of another job",
         BF_ERR_MISMATCH},
        {at.job, files.rows, at.upload, "rows 1 of", BF_ERR_FORMAT},
        {at.job, at.upload, files.labels, "labels 1 of", BF_ERR_FORMAT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_status s = serve_files(cases[i].job, cases[i].a, cases[i].b);
        if (s != cases[i].status || !strstr(bf_last_error(), cases[i].words))
            fail_msg("case %zu: %s: %s", i, bf_status_name(s), bf_last_error());
        assert_int_not_equal(access(at.model, F_OK), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounded),
        cmocka_unit_test(test_foreign_models),
        cmocka_unit_test(test_rewritten),
        cmocka_unit_test(test_pasted),
        cmocka_unit_test(test_same_model),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_parts_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
