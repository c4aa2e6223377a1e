/* One model for several owners, without messages: each owner encrypts its rows
 * under its own key, keys are made of shares, parts are imported and added, the
 * circuit runs, and shares open the model; against the plaintext twin of all
 * rows. */
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "ckks/owner/key_share.h"
#include "ckks/owner/open_share.h"
#include "train/import.h"
#include "train/owner/protocol.h"
#include "train/owner/seal.h"
#include "train/train_testing.h"
#include "train/upload.h"

#define OK check_ok

enum { OWNERS_MAX = 8 };

static const uint8_t crs[BF_SEED_BYTES] = {7}, job_id[BF_HASH_BYTES] = {8},
                     joint[BF_KEY_ID_BYTES] = {9};
static char folder[] = "/tmp/blindfit-owners-XXXXXX";

typedef struct session {
    bf_job job;
    bf_plan plan;
    unsigned owners;
    bool by_ranks;           /* two ranks import, too */
    size_t rows[OWNERS_MAX]; /* of each owner */
    bf_world world; /* of the server */
    bf_secret_key *s[OWNERS_MAX], *u[OWNERS_MAX];
    char upload[OWNERS_MAX][80];
    bf_matrix u_rows; /* all of them, transformed */
    const int32_t *labels;
    bf_schedule schedule;
} session;

static size_t first_row(const session *t, unsigned k)
{
    return t->job.layout.n * k / t->owners;
}

/* Needs of one kind; at most 64 of them. */
static size_t needs_of(const session *t, bool square, bf_key_need *out)
{
    size_t count = 0;
    for (size_t i = 0; i < t->plan.key_count; i++)
        if ((t->plan.keys[i].name.use == BF_KEY_FROM_SQUARE) == square)
            out[count++] = t->plan.keys[i];
    for (unsigned k = 0; !square && k < t->owners; k++)
        out[count++] = bf_import_need(&t->job, k);
    assert_true(count <= 64);
    return count;
}

static void make_keys(session *t)
{
    bf_key_need linear[64], squares[64];
    size_t lines = needs_of(t, false, linear);
    size_t count = needs_of(t, true, squares);
    bf_eval_keys share = {0}, first = {0}, second = {0};
    bf_eval_keys *keys = &t->world.keys[0];
    for (unsigned k = 0; k < t->owners; k++) {
        bf_share_secrets own = {t->s[k], t->u[k], k};
        OK(bf_share_linear(&share, own, linear, lines, crs, NULL));
        OK(bf_shares_add(keys, &share));
        OK(bf_share_squares(&share, own, squares, count, crs, NULL));
        OK(bf_shares_add(&first, &share));
    }
    for (unsigned k = 0; k < t->owners; k++) {
        bf_share_secrets own = {t->s[k], t->u[k], k};
        OK(bf_share_squares_second(&share, own, &first, NULL));
        OK(bf_shares_add(&second, &share));
    }
    OK(bf_shares_finish_squares(&second, &first));
    for (size_t i = 0; i < count; i++)
        OK(bf_eval_keys_add(keys, &second.keys[i]));
    bf_eval_keys_clear(&share);
    bf_eval_keys_clear(&first);
    bf_eval_keys_clear(&second);
    memcpy(keys->key_id, joint, sizeof joint);
}

static void upload(session *t, unsigned k)
{
    size_t first = first_row(t, k), cols = t->u_rows.cols;
    bf_matrix u = {.rows = first_row(t, k + 1) - first,
                   .cols = cols,
                   .data = t->u_rows.data + first * cols};
    bool planned = t->job.owner_rows[0];
    bf_rows_held own = {.u = &u,
                        .labels = t->labels + first,
                        .v0 = &t->schedule.v0,
                        .first = planned ? bf_layout_first(&t->job.layout,
                                                           t->rows, k)
                                         : first,
                        .count = u.rows,
                        .start = k == 0};
    bf_outfile *f;
    snprintf(t->upload[k], sizeof t->upload[k], "%s/upload-%u", folder, k);
    OK(bf_protocol_upload_part(&f, &t->job, job_id, t->s[k], &own,
                               t->upload[k]));
    OK(bf_outfile_commit(f));
}

static bf_import_options import_options(const session *t,
                                        bf_owner_upload *uploads)
{
    for (unsigned k = 0; k < t->owners; k++)
        uploads[k] = (bf_owner_upload){t->upload[k], bf_secret_key_id(t->s[k])};
    return (bf_import_options){.job = &t->job,
                               .job_id = job_id,
                               .ctx = t->world.ctx[0],
                               .keys = &t->world.keys[0],
                               .uploads = uploads,
                               .owners = t->owners};
}

static void clear_inputs(bf_ct *cts, const bf_job *job)
{
    for (size_t i = 0; i < bf_job_inputs(job); i++) bf_ct_clear(&cts[i]);
}

static bf_status import(bf_ct *cts, const bf_import_options *o)
{
    bf_upload_digests digests;
    return bf_import_inputs(cts, &digests, o);
}

static void check_refusals(session *t)
{
    bf_ct *cts = bf_alloc_zero(bf_job_inputs(&t->job) * sizeof *cts);
    bf_owner_upload uploads[OWNERS_MAX], swapped[OWNERS_MAX];
    bf_import_options o = import_options(t, uploads);
    memcpy(swapped, uploads, sizeof uploads);
    o.uploads = swapped;
    swapped[0].path = uploads[1].path;
    check_fails(BF_ERR_MISMATCH, "key", import(cts, &o));
    swapped[0] = uploads[0];
    swapped[t->owners - 1] = uploads[0]; /* the last rows are missing */
    if (t->job.layout.chunks > t->owners)
        check_fails(BF_ERR_FORMAT, "no part of input", import(cts, &o));
    o.uploads = uploads;
    o.job_id = crs;
    check_fails(BF_ERR_MISMATCH, "job", import(cts, &o));
    clear_inputs(cts, &t->job);
    bf_free(cts);
}

static void check_opened(session *t, const bf_ct *ct, const bf_matrix *twin)
{
    const bf_layout *l = &t->job.layout;
    size_t count = 2 * l->f * l->m, n = (size_t)1 << l->log_n;
    uint32_t *at = bf_alloc(count * sizeof *at);
    uint64_t *values[OWNERS_MAX] = {NULL};
    double *coeffs = bf_secret_alloc(n * sizeof *coeffs);
    const bf_plan_step *planned = &t->plan.steps[t->plan.step_count - 1];
    bf_matrix w = {0};
    bf_pt pt = {0};
    bf_layout_weight_places(l, at);
    bf_places places = {at, count};
    for (unsigned k = 0; k < t->owners; k++) {
        values[k] = bf_secret_alloc(ct->limbs * count * sizeof *values[k]);
        OK(bf_open_share(values[k], t->s[k], ct, places, 1));
    }
    OK(bf_open_combine(&pt, ct, places, (const uint64_t *const *)values,
                       t->owners));
    OK(bf_decode_coeffs(coeffs, &pt));
    OK(bf_layout_unpack_weights(l, coeffs, &w));
    double sum = 0;
    for (size_t i = 0; i < w.rows * w.cols; i++) {
        double e = w.data[i] - twin->data[i];
        sum += e * e;
    }
    double ratio = sqrt(sum / (double)(w.rows * w.cols)) / planned->noise;
    printf("  %u owners: rms error %.3f times the expected %.2e\n", t->owners,
           ratio, planned->noise);
    assert_true(ratio > 0.3 && ratio < 2);
    for (unsigned k = 0; k < t->owners; k++) bf_secret_free(values[k]);
    bf_secret_free(coeffs);
    bf_free(at);
    bf_matrix_clear(&w);
    bf_pt_clear(&pt);
}

static bool same_ct(const bf_ct *a, const bf_ct *b)
{
    return a->bytes == b->bytes && a->data && b->data &&
           memcmp(a->data, b->data, a->bytes) == 0;
}

/* Two ranks have each input once or twice, and the same. */
static void check_import_by_ranks(const bf_ct *all, bf_import_options o)
{
    size_t count = bf_job_inputs(o.job), found = 0;
    bf_ct *cts = bf_alloc_zero(count * sizeof *cts);
    for (unsigned r = 0; r < 2; r++) {
        bf_ranks rank = {.own = r, .count = 2};
        o.ranks = &rank;
        OK(import(cts, &o));
        for (size_t i = 0, within; i < count; i++) {
            bf_input_kind kind = bf_job_input_kind(o.job, i, &within);
            bool has = bf_job_circuit(o.job)->has(o.job, &rank, kind, within);
            assert_int_equal(has, cts[i].data != NULL);
            if (has) assert_true(same_ct(&cts[i], &all[i]));
            found += has;
        }
        clear_inputs(cts, o.job);
    }
    assert_true(found >= count);
    bf_free(cts);
}

static void train(session *t, const bf_matrix *twin)
{
    bf_ct *cts = bf_alloc_zero(bf_job_inputs(&t->job) * sizeof *cts);
    bf_owner_upload uploads[OWNERS_MAX];
    bf_import_options o = import_options(t, uploads);
    bf_state state = {0};
    OK(import(cts, &o));
    if (t->by_ranks) check_import_by_ranks(cts, o);
    OK(bf_world_evaluators(&t->world));
    bf_inputs in = bf_job_inputs_by_kind(&t->job, cts);
    OK(bf_circuit_run(&t->world, &t->job, &in, &state, NULL, NULL, 0, NULL));
    check_opened(t, &state.output, twin);
    bf_state_release(t->world.ev[0], &state);
    clear_inputs(cts, &t->job);
    bf_free(cts);
}

/* `planned`: the job says how many rows each owner has, and some begin with a
 * ciphertext of their own. */
static void run_session(bf_recipe_kind kind, unsigned owners, size_t n,
                        size_t d, size_t batch, bool planned)
{
    enum { CLASSES = 3, ITERATIONS = 2 };
    session t = {.owners = owners};
    bf_recipe recipe;
    bf_dataset data;
    bf_matrix twin = {0};
    bf_transform *transform;
    /* Few rows in a ciphertext, so that owners have ciphertexts of their own.
     */
    bf_plan_options options = {.owners = owners, .f = 32};
    if (kind == BF_RECIPE_WHITENED && owners == 2) {
        t.by_ranks = true;
        options.k = 1; /* every chunk has groups of its own */
    }
    for (unsigned k = 0; k < owners; k++)
        t.rows[k] = n * (k + 1) / owners - n * k / owners;
    if (planned) options.owner_rows = t.rows;
    uint64_t seed = test_seed(70 + owners);
    bf_random_fix_for_tests(seed);
    random_dataset(&data, n, d, CLASSES, &seed);
    for (size_t i = 0; kind == BF_RECIPE_PAPER && i < n * d; i++) {
        double x = fabs(data.x.data[i]);
        data.x.data[i] = x / (1 + x);
    }
    t.labels = data.labels;
    OK(bf_recipe_default(&recipe, kind, ITERATIONS, n, d));
    recipe.batch = batch;
    OK(bf_job_search(&t.job, &t.plan, &recipe, n, d, CLASSES, &options));
    assert_int_equal(bf_job_owners(&t.job), owners);
    assert_int_equal(t.job.layout.places > n, planned);
    OK(bf_transform_fit(&transform, &recipe, &data.x, NULL));
    OK(bf_transform_apply(&t.u_rows, transform, &data.x, true, NULL));
    OK(bf_schedule_make(&t.schedule, &recipe, n));
    OK(bf_transform_start(&t.schedule, transform, CLASSES));
    OK(bf_protocol_check_bounds(&t.job, &t.u_rows, data.labels, &t.schedule));
    OK(bf_twin_run(&twin, &t.schedule, &t.u_rows, data.labels, CLASSES, NULL,
                   NULL, NULL));

    OK(bf_world_open(&t.world, &t.job, BF_BACKEND_AUTO));
    for (unsigned k = 0; k < owners; k++) {
        OK(bf_secret_key_generate(&t.s[k], t.world.ctx[0], 0));
        OK(bf_secret_key_generate(&t.u[k], t.world.ctx[0], 0));
    }
    make_keys(&t);
    for (unsigned k = 0; k < owners; k++) upload(&t, k);
    check_refusals(&t);
    train(&t, &twin);

    for (unsigned k = 0; k < owners; k++) {
        unlink(t.upload[k]);
        bf_secret_key_destroy(t.s[k]);
        bf_secret_key_destroy(t.u[k]);
    }
    bf_world_close(&t.world);
    bf_plan_clear(&t.plan);
    bf_schedule_clear(&t.schedule);
    bf_transform_destroy(transform);
    bf_matrix_clear(&t.u_rows);
    bf_matrix_clear(&twin);
    free_dataset(&data);
}

static void parts_become_one_model(void **state)
{
    (void)state;
    run_session(BF_RECIPE_WHITENED, 2, 400, 20, 0, false);
    run_session(BF_RECIPE_WHITENED, 3, 500, 9, 200, false);
    run_session(BF_RECIPE_WHITENED, 8, 400, 9, 0, true);
    run_session(BF_RECIPE_PAPER, 2, 120, 30, 0, false);
}

/* One owner's job says nothing of owners; the number is bounded. */
static void plans_name_owners(void **state)
{
    (void)state;
    bf_recipe recipe;
    bf_job job, back;
    bf_plan plan = {0};
    char *text;
    bf_plan_options options = {.owners = 1};
    OK(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, 300, 20));
    OK(bf_job_search(&job, &plan, &recipe, 300, 20, 3, &options));
    OK(bf_job_print(&text, &job));
    assert_null(strstr(text, "owners"));
    bf_free(text);
    bf_plan_clear(&plan);
    options.owners = 2;
    OK(bf_job_search(&job, &plan, &recipe, 300, 20, 3, &options));
    OK(bf_job_print(&text, &job));
    assert_non_null(strstr(text, "\"owners\":\t2"));
    OK(bf_job_parse(&back, text, strlen(text), "job.json"));
    assert_int_equal(bf_job_owners(&back), 2);
    bf_free(text);
    bf_plan_clear(&plan);
    options.owner_rows = (size_t[]){100, 200};
    OK(bf_job_search(&job, &plan, &recipe, 300, 20, 3, &options));
    OK(bf_job_print(&text, &job));
    assert_non_null(strstr(text, "\"owner_rows\":\t[100, 200]"));
    OK(bf_job_parse(&back, text, strlen(text), "job.json"));
    assert_memory_equal(back.owner_rows, job.owner_rows, sizeof job.owner_rows);
    bf_free(text);
    bf_plan_clear(&plan);
    options.owner_rows = (size_t[]){100, 199};
    check_fails(BF_ERR_ARGUMENT, "fewer than the job's 300 rows",
                bf_job_search(&job, &plan, &recipe, 300, 20, 3, &options));
    options.owner_rows = (size_t[]){300, 0};
    check_fails(BF_ERR_ARGUMENT, "owner 2 of 2 has no rows",
                bf_job_search(&job, &plan, &recipe, 300, 20, 3, &options));
    options.owner_rows = (size_t[]){100, 200};
    recipe.batch = 100;
    check_fails(BF_ERR_ARGUMENT, "batches of rows that are split",
                bf_job_search(&job, &plan, &recipe, 300, 20, 3, &options));
    recipe.batch = 0;
    options.owners = 1;
    check_fails(BF_ERR_ARGUMENT, "1 owners",
                bf_job_search(&job, &plan, &recipe, 300, 20, 3, &options));
    options.owners = BF_OWNERS_MAX + 1;
    check_fails(BF_ERR_ARGUMENT, "17 owners",
                bf_job_search(&job, &plan, &recipe, 300, 20, 3, &options));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_name_owners),
        cmocka_unit_test(parts_become_one_model),
    };
    if (bf_random_init() != BF_OK || !mkdtemp(folder)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
