/* The owner's three steps, keygen, encrypt and decrypt, with the server's
 * between: afterwards no memory of this process holds the secret key, the
 * encrypted data, or the exact decryption, which together with its ciphertext
 * determines the key. Freed memory stays with the process, so that the search
 * covers it. */
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "ckks/owner/internal.h"
#include "support/memory_witness.h"
#include "train/circuit.h"
#include "support/owner_files.h"
#include "train/owner/seal.h"
#include "train/serve.h"
#include "train/train_testing.h"
#include "train/upload.h"
#include "wire/owner/owner_wire.h"
#include "wire/pack.h"

enum { ROWS = 48, FEATURES = 10, CLASSES = 3 };
/* Where patterns are taken; doubles of -1, 0, 1 need more to be unlike. */
enum { AT = 1000, PIECE = 4 * sizeof(double), TERNARY = 40 };

static char folder[] = "/tmp/bf_test_wipe_XXXXXX";
static char job_path[64], secret[64], keys[64], upload[64], model[64];
static bf_job job;
static uint8_t id[BF_HASH_BYTES];

static void remember_doubles(const char *name, const double *x)
{
    remember(name, x + AT, PIECE);
}

/* ---- what must not stay: frames of their own, gone when the search begins  */

static __attribute__((noinline)) void remember_key(const bf_context *ctx)
{
    bf_secret_key *sk;
    const bf_ring *ring = bf_context_ring(ctx);
    size_t n = ring->n, first = known;
    check_ok(bf_wire_read_secret_key(&sk, secret, ctx));
    uint8_t *packed = bf_secret_alloc(n / 4);
    double *x = bf_secret_alloc(3 * n * sizeof *x), *s = x + n, *square = s + n;
    bf_pack_ternary(packed, bf_secret_key_coeffs(sk), n);
    bf_limb_from_i8(ring, 0, x, bf_secret_key_coeffs(sk));
    bf_limb_neg(ring, 0, s, bf_secret_neg(sk, 0));
    bf_limb_mul(ring, 0, square, s, s);
    remember("packed key", packed + AT / 4, PIECE);
    remember("key", bf_secret_key_coeffs(sk) + AT, PIECE);
    remember("key as doubles", x + AT, TERNARY * sizeof *x);
    remember_doubles("evaluated key", s);
    remember_doubles("evaluated square", square);
    for (unsigned m = 0; m < ring->count; m++)
        remember_doubles("evaluated negative key", bf_secret_neg(sk, m));
    all_alive(first);
    bf_secret_free(packed);
    bf_secret_free(x);
    bf_secret_key_destroy(sk);
    bf_wipe_stack();
}

/* Integer coefficients, as scaled doubles and by the scale, and all limbs. */
static void remember_plain(const char *what, const bf_pt *pt, double *x)
{
    const bf_params *p = bf_context_params(pt->ctx);
    size_t n = (size_t)1 << p->log_n;
    for (unsigned i = 0; i < pt->limbs; i += 4)
        remember_doubles(what, pt->data + i * n);
    check_ok(bf_decode_coeffs(x, pt));
    remember_doubles(what, x);
    for (size_t i = 0; i < n; i++) x[n + i] = rint(x[i] * pt->scale);
    remember_doubles(what, x + n);
}

static __attribute__((noinline)) void remember_messages(const bf_context *ctx,
                                                        const bf_matrix *u,
                                                        const int32_t *labels)
{
    const bf_layout *l = &job.layout;
    const bf_circuit *circuit = bf_job_circuit(&job);
    bf_input of_rows = circuit->input(&job, BF_INPUT_ROWS);
    bf_input of_labels = circuit->input(&job, BF_INPUT_LABELS);
    size_t n = 2 * l->f * l->t, first = known;
    bf_pt rows = {.secret = true}, hits = {.secret = true};
    double *x = bf_secret_alloc(6 * n * sizeof *x), *slots = x + 4 * n;
    bf_layout_x(l, u, 0, 0, (double complex *)slots);
    remember("slots of rows", slots, PIECE);
    check_ok(bf_encode_slots(&rows, ctx, (double complex *)slots, l->f * l->t,
                             of_rows.scale, of_rows.limbs));
    remember_plain("rows", &rows, x);
    bf_layout_y(l, &(bf_labels){labels, job.labels.count, job.labels.classes},
                0, slots + n);
    check_ok(bf_encode_real(&hits, ctx, slots + n, l->f * l->t,
                            of_labels.scale, of_labels.limbs));
    remember_plain("labels", &hits, x + 2 * n);
    all_alive(first);
    bf_pt_clear(&rows);
    bf_pt_clear(&hits);
    bf_secret_free(x);
    bf_wipe_stack();
}

static __attribute__((noinline)) void remember_decryption(
    const bf_context *ctx)
{
    size_t n = (size_t)1 << job.ring[0].log_n, first = known;
    bf_secret_key *sk;
    bf_wire_reader *r;
    bf_wire_item item;
    bf_ct ct = {0};
    bf_pt pt = {0};
    double *x = bf_secret_alloc(2 * n * sizeof *x);
    check_ok(bf_wire_read_secret_key(&sk, secret, ctx));
    check_ok(bf_wire_open(&r, model, BF_WIRE_MODEL, bf_one_ring(ctx),
                          (bf_wire_ids){bf_secret_key_id(sk), id, NULL}));
    check_ok(bf_wire_find(r, BF_WIRE_CIPHERTEXT, (bf_label){BF_MODEL_FINAL, 0},
                          &item));
    check_ok(bf_wire_get_ct(r, &ct));
    check_ok(bf_decrypt(&pt, sk, &ct));
    remember_plain("exact decryption", &pt, x);
    all_alive(first);
    bf_wire_close(r);
    bf_ct_clear(&ct);
    bf_pt_clear(&pt);
    bf_secret_free(x);
    bf_secret_key_destroy(sk);
    bf_wipe_stack();
}

/* ---- the job ------------------------------------------------------------- */

static void make_job(bf_matrix *u, bf_schedule *schedule, int32_t *labels)
{
    uint64_t seed = test_seed(91);
    bf_dataset data;
    bf_recipe recipe;
    bf_transform *t;
    bf_plan plan;
    random_dataset(&data, ROWS, FEATURES, CLASSES, &seed);
    memcpy(labels, data.labels, ROWS * sizeof *labels);
    check_ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 1, ROWS, FEATURES));
    check_ok(bf_transform_fit(&t, &recipe, &data.x, NULL));
    check_ok(bf_transform_apply(u, t, &data.x, true, NULL));
    check_ok(bf_schedule_make(schedule, &recipe, ROWS));
    check_ok(bf_job_search(&job, &plan, &recipe, ROWS, FEATURES, CLASSES,
                         &(bf_plan_options){0}));
    check_ok(bf_job_save(&job, job_path));
    check_ok(bf_job_load(&job, job_path, id));
    bf_plan_clear(&plan);
    bf_transform_destroy(t);
    free_dataset(&data);
}

static void serve(void)
{
    bf_serve_report report;
    const char *const uploads[] = {upload};
    bf_serve_options o = {.job = job_path,
                          .keys = (const char *const[]){keys},
                          .key_count = 1,
                          .uploads = uploads,
                          .upload_count = 1,
                          .model = model};
    check_ok(bf_serve_train(&report, &o, NULL));
}

static void a_job_leaves_nothing(void **state)
{
    (void)state;
    int32_t labels[ROWS];
    bf_matrix u = {0}, weights = {0};
    bf_schedule schedule;
    bf_context *ctx;
    make_job(&u, &schedule, labels);
    check_ok(bf_context_create(&ctx, &job.ring[0], BF_BACKEND_AUTO));
    check_ok(owner_keygen(&job, id, secret, keys));
    remember_key(ctx);
    nothing_left("keygen");
    check_ok(owner_encrypt(&job, id, secret, &u, labels, &schedule,
                           BF_UPLOAD_ALL, upload));
    remember_messages(ctx, &u, labels);
    nothing_left("encrypt");
    serve();
    nothing_left("train");
    check_ok(owner_decrypt(&weights, &job, id, secret, model, 0));
    remember_decryption(ctx);
    nothing_left("decrypt");
    bf_matrix_clear(&weights);
    bf_matrix_clear(&u);
    bf_context_destroy(ctx);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return 1;
    snprintf(job_path, sizeof job_path, "%s/job.json", folder);
    snprintf(secret, sizeof secret, "%s/secret.key", folder);
    snprintf(keys, sizeof keys, "%s/eval.keys", folder);
    snprintf(upload, sizeof upload, "%s/upload.bf", folder);
    snprintf(model, sizeof model, "%s/model.enc", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return bf_remove_tree(folder) != BF_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_leaves_nothing),
    };
    memory_keep_freed();
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
