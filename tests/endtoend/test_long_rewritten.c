/* Files of a real run, rewritten with correct digests: owner and server refuse
 * content that does not belong to the job. */
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/checkpoint.h"
#include "train/serve.h"
#include "train/train_testing.h"
#include "support/owner_files.h"
#include "train/upload.h"
#include "wire/wire.h"

#define OK check_ok
#define REFUSED check_fails

enum { ROWS = 40, FEATURES = 9, CLASSES = 2, ITERATIONS = 2 };

static job_files at;
static struct {
    char bad[96], early[96];
    bf_job made;
    bf_plan plan;
    uint8_t id[BF_HASH_BYTES];
    bf_context *ctx;
} files;

/* The paper's recipe has initial weights and momentum. */
static void make_upload(void)
{
    bf_matrix x;
    bf_prepared p;
    int32_t labels[ROWS];
    OK(bf_matrix_init(&x, ROWS, FEATURES));
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (int32_t)(i % CLASSES);
        for (size_t j = 0; j < FEATURES; j++)
            x.data[i * FEATURES + j] =
                (double)((i * 7 + j * 5 + i * i * j) % 11) / 11 +
                (j < 3) * labels[i];
    }
    owner_prepare(&p, &files.made, &x);
    OK(owner_encrypt(&files.made, files.id, at.secret, &p.rows, labels,
                     &p.schedule, BF_UPLOAD_ALL, at.upload));
    bf_prepared_clear(&p);
    bf_matrix_clear(&x);
}

static bf_status serve(const char *model, const char *checkpoint, bool resume,
                       bf_env *env)
{
    bf_serve_report report;
    const char *const uploads[] = {at.upload};
    bf_serve_options o = {.job = at.job,
                          .keys = (const char *const[]){at.keys},
                          .key_count = 1,
                          .uploads = uploads,
                          .upload_count = 1,
                          .model = model,
                          .checkpoint = checkpoint,
                          .resume = resume};
    return bf_serve_train(&report, &o, env);
}

static int setup(void **state)
{
    (void)state;
    bf_recipe recipe;
    bf_plan_options options = {0};
    job_files_open(&at);
    path_in(files.bad, at.dir, "bad.enc");
    path_in(files.early, at.dir, "early.enc");
    OK(bf_random_init());
    OK(bf_recipe_default(&recipe, BF_RECIPE_PAPER, ITERATIONS, ROWS, FEATURES));
    OK(bf_job_search(&files.made, &files.plan, &recipe, ROWS, FEATURES, CLASSES,
                   &options));
    bf_plan_clear(&files.plan);
    owner_start(&files.made, files.id, &at);
    OK(bf_job_walk(&files.plan, &files.made));
    OK(bf_context_create(&files.ctx, &files.made.ring[0], BF_BACKEND_AUTO));
    make_upload();
    OK(serve(at.model, at.checkpoint, false, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bf_plan_clear(&files.plan);
    bf_context_destroy(files.ctx);
    OK(bf_remove_tree(at.dir));
    return 0;
}

/* ---- other files of the same records ------------------------------------- */

static const bf_label final = {BF_MODEL_FINAL, 0},
                      first = {BF_MODEL_ITERATION, 1},
                      second = {BF_MODEL_ITERATION, 2};

/* Writes files.bad: as `path`, but record `to` has the content of record
 * `from`, at `factor` times the scale; without `from`, record `to` is missing.
 */
static void rewrite(const char *path, bf_wire_type type, bf_label to,
                    const bf_label *from, double factor)
{
    bf_wire_reader *r, *again;
    bf_wire_writer *w;
    bf_wire_item item;
    OK(bf_wire_open(&r, path, type, bf_one_ring(files.ctx), (bf_wire_ids){0}));
    const bf_frame_header *h = bf_wire_header(r);
    OK(bf_wire_create(&w, files.bad, type, bf_one_ring(files.ctx),
                      (bf_wire_ids){h->key_id, h->job_id, h->data_id}));
    for (;;) {
        bf_ct ct = {0};
        OK(bf_wire_next(r, &item));
        if (item.kind == BF_FRAME_END) break;
        if (item.kind == BF_WIRE_JSON) {
            char *text;
            size_t bytes;
            OK(bf_wire_get_json(r, &text, &bytes));
            OK(bf_wire_put_json(w, item.label, text, bytes));
            bf_free(text);
            continue;
        }
        OK(bf_wire_get_ct(r, &ct));
        if (item.label.kind == to.kind && item.label.index == to.index) {
            bf_ct_clear(&ct);
            if (!from) continue;
            OK(bf_wire_open(&again, path, type, bf_one_ring(files.ctx),
                            (bf_wire_ids){0}));
            bf_wire_item found;
            OK(bf_wire_find(again, BF_WIRE_CIPHERTEXT, *from, &found));
            OK(bf_wire_get_ct(again, &ct));
            bf_wire_close(again);
            ct.scale *= factor;
        }
        OK(bf_wire_put_ct(w, item.label, &ct));
        bf_ct_clear(&ct);
    }
    bf_wire_close(r);
    OK(bf_wire_commit(w));
}

/* ---- models -------------------------------------------------------------- */

static bf_status decrypt(const char *path, unsigned iteration)
{
    bf_matrix w = {0};
    bf_status s =
        owner_decrypt(&w, &files.made, files.id, at.secret, path, iteration);
    bf_matrix_clear(&w);
    return s;
}

static void test_models(void **state)
{
    (void)state;
    const bf_plan_step *w = files.plan.steps;
    assert_true(w[0].noise > 0 && w[0].noise != w[1].noise);
    assert_true(w[1].noise == files.plan.weight_noise);
    for (unsigned t = 0; t <= ITERATIONS; t++) OK(decrypt(at.model, t));
    REFUSED(BF_ERR_ARGUMENT, "the job has 2", decrypt(at.model, 3));

    rewrite(at.model, BF_WIRE_MODEL, first, &final, 1);
    REFUSED(BF_ERR_MISMATCH, "after iteration 1", decrypt(files.bad, 1));
    OK(decrypt(files.bad, 2));
    rewrite(at.model, BF_WIRE_MODEL, second, &first, 1);
    REFUSED(BF_ERR_MISMATCH, "after iteration 2", decrypt(files.bad, 2));
    OK(decrypt(files.bad, 0));
    rewrite(at.model, BF_WIRE_MODEL, final, &first, 1);
    REFUSED(BF_ERR_MISMATCH, "after iteration 2", decrypt(files.bad, 0));
    rewrite(at.model, BF_WIRE_MODEL, first, &first, 2);
    REFUSED(BF_ERR_MISMATCH, "after iteration 1", decrypt(files.bad, 1));
}

/* ---- checkpoints --------------------------------------------------------- */

/* As the server reads it, without keys. */
static bf_status read_checkpoint(const char *path)
{
    bf_wire_info upload;
    bf_wire_ids ids = {upload.key_id, files.id, upload.data_id};
    bf_run_state state = {0};
    bf_eval_keys none = {.ctx = files.ctx};
    bf_eval *ev;
    OK(bf_wire_inspect(&upload, at.upload, NULL));
    OK(bf_eval_create(&ev, files.ctx, &none));
    bf_status s =
        bf_checkpoint_read(&state, path, ev, (bf_run_ids){ids, upload.digest},
                           bf_job_circuit(&files.made), &files.plan);
    bf_run_state_release(ev, &state);
    bf_eval_destroy(ev);
    return s;
}

/* Each part missing, at another scale, or replaced by another part. */
static void test_checkpoints(void **state)
{
    (void)state;
    const bf_label parts[] = {
        {BF_STATE_CARRIED, 0}, {BF_STATE_CARRIED, 1}, first, second};
    OK(read_checkpoint(at.checkpoint));
    for (size_t i = 0; i < 4; i++) {
        rewrite(at.checkpoint, BF_WIRE_CHECKPOINT, parts[i], NULL, 1);
        REFUSED(BF_ERR_FORMAT, "incomplete", read_checkpoint(files.bad));
        for (size_t k = 0; k < 4; k++) {
            rewrite(at.checkpoint, BF_WIRE_CHECKPOINT, parts[i], &parts[k],
                    k == i ? 2 : 1);
            REFUSED(BF_ERR_MISMATCH, "the job wants",
                    read_checkpoint(files.bad));
        }
    }
}

static int stop_behind_checkpoint(void *user, const char *phase, double done,
                                   double total)
{
    (void)phase, (void)done, (void)total;
    return access(user, F_OK) == 0;
}

/* After one iteration, V_{t-1} is the initial weights. */
static void test_resumed(void **state)
{
    (void)state;
    uint8_t *want, *got;
    size_t bytes, other;
    bf_env stop = {.progress = stop_behind_checkpoint, .user = files.early};
    REFUSED(BF_ERR_INTERRUPTED, "keeps 1 of 2",
            serve(files.bad, files.early, false, &stop));
    OK(serve(files.bad, files.early, true, NULL));
    OK(bf_read_file(at.model, 1 << 30, &want, &bytes));
    OK(bf_read_file(files.bad, 1 << 30, &got, &other));
    assert_int_equal(bytes, other);
    assert_memory_equal(want, got, bytes);
    bf_free(want);
    bf_free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_checkpoints),
        cmocka_unit_test(test_resumed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
