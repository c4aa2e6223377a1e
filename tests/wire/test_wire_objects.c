/* Keys and ciphertexts through files, and wrong files with correct digests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "fuzz/wire_image.h"
#include "wire/internal.h"
#include "wire/pack.h"
#include "wire/wire_sample.h"
#include "support/env.h"

static char folder[] = "/tmp/bf_test_wire_XXXXXX";
static char path[256];
static const char *const files[] = {path};
static bf_context *ctx;
static const bf_wire_ids ids = {sample_key_id, sample_job_id, sample_data_id};

static int start(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || sample_context(&ctx) != BF_OK) return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    bf_context_destroy(ctx);
    return bf_remove_tree(folder) == BF_OK ? 0 : -1;
}

static void assert_same_ct(const bf_ct *a, const bf_ct *b)
{
    assert_int_equal(a->limbs, b->limbs);
    assert_int_equal(a->polys, b->polys);
    assert_true(a->scale == b->scale && a->noise == b->noise &&
                a->bound == b->bound);
    assert_int_equal(a->seeded, b->seeded);
    if (a->seeded) {
        assert_memory_equal(a->seed, b->seed, sizeof a->seed);
        assert_int_equal(a->seed_index, b->seed_index);
    }
    assert_memory_equal(a->data, b->data,
                        (size_t)a->limbs * a->polys * SAMPLE_N * 8);
}

/* Every shape, read into one object that changes its shape each time. */
static void ciphertexts_round_trip(void **state)
{
    (void)state;
    bf_wire_writer *w;
    bf_wire_reader *r;
    bf_wire_item item;
    bf_ct want[9], got = {0};
    size_t bytes = bf_wire_file_bytes(bf_context_params(ctx), 1), n = 0;
    struct stat st;
    assert_int_equal(
        bf_wire_create(&w, path, BF_WIRE_MODEL, bf_one_ring(ctx), ids), BF_OK);
    for (unsigned limbs = 1; limbs <= 3; limbs++)
        for (unsigned shape = 0; shape < 3; shape++, n++) {
            unsigned polys = shape == 2 ? 3 : 2;
            assert_int_equal(sample_ct(&want[n], ctx, limbs, polys, shape == 0,
                                       n), BF_OK);
            assert_int_equal(bf_wire_put_ct(w, (bf_label){5, n}, &want[n]),
                             BF_OK);
            bytes += bf_wire_ct_bytes(bf_context_params(ctx), limbs, polys,
                                      shape == 0);
        }
    assert_int_equal(bf_wire_commit(w), BF_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, bytes);
    assert_int_equal(
        bf_wire_open(&r, path, BF_WIRE_MODEL, bf_one_ring(ctx), ids), BF_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(bf_wire_next(r, &item), BF_OK);
        assert_int_equal(item.kind, BF_WIRE_CIPHERTEXT);
        assert_int_equal(item.label.kind, 5);
        assert_int_equal(item.label.index, i);
        assert_int_equal(bf_wire_get_ct(r, &got), BF_OK);
        assert_same_ct(&got, &want[i]);
    }
    assert_int_equal(bf_wire_next(r, &item), BF_OK);
    assert_int_equal(item.kind, BF_FRAME_END);
    for (size_t i = n; i-- > 0;) {
        assert_int_equal(bf_wire_find(r, BF_WIRE_CIPHERTEXT,
                                      (bf_label){5, i}, &item), BF_OK);
        assert_int_equal(bf_wire_get_ct(r, &got), BF_OK);
        assert_same_ct(&got, &want[i]);
        bf_ct_clear(&want[i]);
    }
    bf_wire_close(r);
    bf_ct_clear(&got);
}

static bool has_limbs_of(const bf_ct *a, const bf_ct *b)
{
    return memcmp(a->data, b->data,
                  (size_t)a->limbs * a->polys * SAMPLE_N * 8) == 0;
}

/* Of what stays packed, any number of limbs can be had. */
static void packed_ciphertexts_are_filled_in(void **state)
{
    (void)state;
    bf_wire_writer *w;
    bf_wire_reader *r;
    bf_wire_item item;
    bf_packed_ct packed = {0};
    bf_rings rings = bf_one_ring(ctx);
    for (unsigned shape = 0; shape < 3; shape++) {
        bf_ct want, like = {0}, got = {0};
        unsigned polys = shape == 2 ? 3 : 2;
        assert_int_equal(sample_ct(&want, ctx, 3, polys, shape == 0, 7), BF_OK);
        assert_int_equal(bf_wire_create(&w, path, BF_WIRE_MODEL, rings, ids),
                         BF_OK);
        assert_int_equal(bf_wire_put_ct(w, (bf_label){5, 0}, &want), BF_OK);
        assert_int_equal(bf_wire_commit(w), BF_OK);
        assert_int_equal(bf_wire_open(&r, path, BF_WIRE_MODEL, rings, ids),
                         BF_OK);
        assert_int_equal(bf_wire_next(r, &item), BF_OK);
        assert_int_equal(bf_wire_get_packed_ct(r, &packed), BF_OK);
        bf_wire_close(r);
        assert_int_equal(bf_wire_describe_ct(&like, rings, &packed), BF_OK);
        assert_null(like.data);
        assert_true(like.ctx == ctx && like.limbs == 3 && like.polys == polys);
        assert_true(like.scale == want.scale && like.noise == want.noise &&
                    like.bound == want.bound);
        for (unsigned limbs = 1; limbs <= 3; limbs++) {
            assert_int_equal(bf_ct_init(&got, ctx, limbs, polys), BF_OK);
            assert_int_equal(bf_wire_fill_ct(&got, &packed), BF_OK);
            assert_true(has_limbs_of(&got, &want));
            bf_ct_clear(&got);
        }
        assert_int_equal(bf_ct_init(&got, ctx, 3, 5 - polys), BF_OK);
        assert_int_equal(bf_wire_fill_ct(&got, &packed), BF_ERR_ARGUMENT);
        bf_ct_clear(&got);
        bf_ct_clear(&want);
    }
    bf_free(packed.data);
}

static void texts_round_trip(void **state)
{
    (void)state;
    bf_wire_writer *w;
    bf_wire_reader *r;
    bf_wire_item item;
    char *text;
    size_t bytes;
    bf_ct ct = {0};
    assert_int_equal(
        bf_wire_create(&w, path, BF_WIRE_UPLOAD, bf_one_ring(ctx), ids), BF_OK);
    assert_int_equal(bf_wire_put_json(w, (bf_label){0, 1}, "{}", 2), BF_OK);
    assert_int_equal(bf_wire_put_json(w, (bf_label){0, 2}, "", 0), BF_OK);
    assert_int_equal(bf_wire_put_json(w, (bf_label){0, 3}, "", SIZE_MAX),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_wire_commit(w), BF_OK);
    assert_int_equal(
        bf_wire_open(&r, path, BF_WIRE_UPLOAD, bf_one_ring(ctx), ids), BF_OK);
    assert_int_equal(bf_wire_next(r, &item), BF_OK);
    assert_int_equal(bf_wire_get_ct(r, &ct), BF_ERR_FORMAT);
    assert_int_equal(bf_wire_get_json(r, &text, &bytes), BF_OK);
    assert_string_equal(text, "{}");
    bf_free(text);
    assert_int_equal(bf_wire_next(r, &item), BF_OK);
    assert_int_equal(bf_wire_get_json(r, &text, &bytes), BF_OK);
    assert_int_equal(bytes, 0);
    assert_string_equal(text, "");
    bf_free(text);
    bf_wire_close(r);
}

static void eval_keys_round_trip(void **state)
{
    (void)state;
    const bf_params *p = bf_context_params(ctx);
    bf_eval_keys want, got = {0};
    struct stat st;
    assert_int_equal(sample_eval_keys(&want, ctx), BF_OK);
    assert_int_equal(bf_wire_write_eval_keys(path, &want, bf_one_ring(ctx),
                                             (bf_wire_ids){0}, NULL), BF_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, bf_wire_file_bytes(p, 1) +
                                     bf_wire_switch_key_bytes(p, 2, false) +
                                     bf_wire_switch_key_bytes(p, 1, false));
    bf_wire_ids own = {.key_id = sample_key_id};
    for (int again = 0; again < 2; again++)
        assert_int_equal(bf_wire_read_eval_keys(&got, files, 1,
                                                bf_one_ring(ctx), own,
                                                sample_needs, 2, NULL),
                         BF_OK);
    assert_int_equal(got.count, want.count);
    assert_memory_equal(got.key_id, want.key_id, sizeof got.key_id);
    for (size_t i = 0; i < got.count; i++) {
        const bf_switch_key *a = &got.keys[i], *b = &want.keys[i];
        assert_true(bf_key_same(a->name, b->name));
        assert_int_equal(a->limbs, b->limbs);
        assert_int_equal(a->digits, b->digits);
        assert_memory_equal(a->data, b->data, (size_t)a->digits *
                            (a->limbs + p->n_p) * 2 * SAMPLE_N * 8);
    }
    bf_eval_keys_clear(&want);
    bf_eval_keys_clear(&got);
}

/* Objects of two rings in one file, and a key with stored a halves. */
static void rings_and_whole_keys_round_trip(void **state)
{
    (void)state;
    bf_params small = sample_params();
    bf_context *second;
    small.n_q = 2;
    assert_int_equal(bf_context_create(&second, &small, BF_BACKEND_AUTO),
                     BF_OK);
    bf_rings rings = {2, {ctx, second}};
    bf_eval_keys want[2] = {{.ctx = ctx, .count = 1},
                            {.ctx = second, .count = 1}}, got[2] = {{0}};
    const bf_key_name name = bf_key_galois(5);
    const bf_key_need needs[] = {{{BF_KEY_GALOIS, 1, 5}, 1},
                                 {{BF_KEY_GALOIS, 0, 5}, 2}};
    for (unsigned r = 0; r < 2; r++) {
        want[r].keys = bf_alloc_zero(sizeof *want[r].keys);
        assert_int_equal(sample_switch_key(&want[r].keys[0], rings.ring[r],
                                           name, 2), BF_OK);
    }
    bf_switch_key *whole = &want[1].keys[0];
    whole->a = BF_KEY_A_WHOLE;
    for (unsigned m = 0; m < 3; m++)
        sample_row(bf_switch_key_limb(whole, 0, m, 1, SAMPLE_N, 1),
                   m < 2 ? small.q[m] : small.p[0], 7 + m);
    assert_int_equal(bf_wire_write_eval_keys(path, want, rings,
                                             (bf_wire_ids){0}, NULL), BF_OK);
    assert_int_equal(bf_wire_read_eval_keys(got, files, 1, rings,
                                            (bf_wire_ids){0}, needs, 2, NULL),
                     BF_OK);
    assert_int_equal(got[0].count, 1);
    assert_int_equal(got[1].count, 1);
    assert_true(got[0].keys[0].ctx == ctx && got[1].keys[0].ctx == second);
    assert_memory_equal(got[0].keys[0].data, want[0].keys[0].data,
                        2 * 3 * 2 * SAMPLE_N * sizeof(double));
    for (unsigned half = 0; half < 2; half++) {
        const bf_switch_key *key = &got[1].keys[0];
        assert_memory_equal(bf_switch_key_limb(key, 0, 0, half, SAMPLE_N, 1),
                            bf_switch_key_limb(whole, 0, 0, half, SAMPLE_N, 1),
                            SAMPLE_N * sizeof(double));
        assert_memory_equal(bf_switch_key_limb(key, 0, 1, half, SAMPLE_N, 1),
                            bf_switch_key_limb(whole, 0, 2, half, SAMPLE_N, 1),
                            SAMPLE_N * sizeof(double));
    }
    /* A share without a halves: read one by one, but no key. */
    whole->a = BF_KEY_A_APART;
    assert_int_equal(bf_wire_write_eval_keys(path, want, rings,
                                             (bf_wire_ids){0}, NULL), BF_OK);
    bf_wire_reader *reader;
    bf_wire_item item;
    bf_switch_key one = {0};
    assert_int_equal(bf_wire_open(&reader, path, BF_WIRE_EVAL_KEYS, rings,
                                  (bf_wire_ids){0}), BF_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(bf_wire_next(reader, &item), BF_OK);
        assert_int_equal(bf_wire_get_switch_key(reader, &one), BF_OK);
    }
    bf_wire_close(reader);
    assert_int_equal(one.a, BF_KEY_A_APART);
    assert_memory_equal(bf_switch_key_limb(&one, 0, 0, 0, SAMPLE_N, 1),
                        bf_switch_key_limb(whole, 0, 0, 0, SAMPLE_N, 1),
                        SAMPLE_N * sizeof(double));
    assert_true(bf_switch_key_limb(&one, 0, 0, 1, SAMPLE_N, 1)[0] == 0);
    bf_switch_key_clear(&one);
    assert_int_equal(bf_wire_read_eval_keys(got, files, 1, rings,
                                            (bf_wire_ids){0}, needs, 2, NULL),
                     BF_ERR_MISMATCH);
    assert_non_null(strstr(bf_last_error(), "a share of"));
    /* Other rings than the file's, or the same in another order. */
    bf_rings turned = {2, {second, ctx}};
    assert_int_equal(bf_wire_read_eval_keys(got, files, 1, turned,
                                            (bf_wire_ids){0}, needs, 2, NULL),
                     BF_ERR_MISMATCH);
    assert_int_equal(bf_wire_read_eval_keys(got, files, 1, bf_one_ring(ctx),
                                            (bf_wire_ids){0}, needs, 2, NULL),
                     BF_ERR_MISMATCH);
    for (unsigned r = 0; r < 2; r++) {
        bf_eval_keys_clear(&want[r]);
        bf_eval_keys_clear(&got[r]);
    }
    bf_context_destroy(second);
}

static void public_keys_round_trip(void **state)
{
    (void)state;
    const bf_params *p = bf_context_params(ctx);
    bf_public_key want, got = {0};
    struct stat st;
    assert_int_equal(sample_public_key(&want, ctx), BF_OK);
    assert_int_equal(bf_wire_write_public_key(path, &want, NULL), BF_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size,
                     bf_wire_file_bytes(p, 1) + bf_wire_public_key_bytes(p));
    bf_wire_ids own = {.key_id = sample_key_id};
    assert_int_equal(bf_wire_read_public_key(&got, path, ctx, own), BF_OK);
    assert_memory_equal(got.key_id, want.key_id, sizeof got.key_id);
    assert_memory_equal(got.data, want.data, 6 * SAMPLE_N * 8);
    bf_public_key_clear(&want);
    bf_public_key_clear(&got);
}

/* Through real keys and encryption, and with the context made from the file. */
static void owner_round_trip(void **state)
{
    (void)state;
    bf_secret_key *sk, *back;
    bf_context *own;
    bf_params params;
    bf_pt pt = {0}, clear = {0};
    bf_ct ct = {0};
    struct stat st;
    double values[4] = {1, -0.5, 0.25, 3}, slots[2 * SAMPLE_N];
    assert_int_equal(bf_secret_key_generate(&sk, ctx, 0), BF_OK);
    mode_t mask = umask(0);
    assert_int_equal(bf_wire_write_secret_key(path, sk, NULL), BF_OK);
    umask(mask);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(bf_encode_real(&pt, ctx, values, 4, 0x1p30, 3), BF_OK);
    assert_int_equal(bf_encrypt_symmetric(&ct, sk, &pt), BF_OK);

    assert_int_equal(bf_wire_read_params(&params, path), BF_OK);
    assert_int_equal(bf_context_create(&own, &params, BF_BACKEND_AUTO), BF_OK);
    assert_int_equal(bf_wire_read_secret_key(&back, path, own), BF_OK);
    assert_memory_equal(bf_secret_key_coeffs(back), bf_secret_key_coeffs(sk),
                        SAMPLE_N);
    assert_memory_equal(bf_secret_key_id(back), bf_secret_key_id(sk),
                        BF_KEY_ID_BYTES);
    bf_wire_ids key = {.key_id = bf_secret_key_id(sk)};
    bf_wire_writer *w;
    bf_wire_reader *r;
    bf_wire_item item;
    assert_int_equal(
        bf_wire_create(&w, path, BF_WIRE_MODEL, bf_one_ring(ctx), key), BF_OK);
    assert_int_equal(bf_wire_put_ct(w, (bf_label){0, 0}, &ct), BF_OK);
    assert_int_equal(bf_wire_commit(w), BF_OK);
    bf_ct_clear(&ct);
    assert_int_equal(
        bf_wire_open(&r, path, BF_WIRE_MODEL, bf_one_ring(own), key), BF_OK);
    assert_int_equal(bf_wire_next(r, &item), BF_OK);
    assert_int_equal(bf_wire_get_ct(r, &ct), BF_OK);
    bf_wire_close(r);
    assert_int_equal(bf_decrypt(&clear, back, &ct), BF_OK);
    assert_int_equal(bf_decode_slots((double complex *)slots, &clear), BF_OK);
    for (size_t j = 0; j < SAMPLE_N / 2; j++)
        assert_true(fabs(slots[2 * j] - values[j % 4]) < 1e-4);
    bf_pt_clear(&pt);
    bf_pt_clear(&clear);
    bf_ct_clear(&ct);
    bf_secret_key_destroy(sk);
    bf_secret_key_destroy(back);
    bf_context_destroy(own);
}

static void sparse_secrets_keep_their_weight(void **state)
{
    (void)state;
    bf_secret_key *sk, *back;
    assert_int_equal(bf_secret_key_generate(&sk, ctx, 32), BF_OK);
    assert_int_equal(bf_wire_write_secret_key(path, sk, NULL), BF_OK);
    assert_int_equal(bf_wire_read_secret_key(&back, path, ctx), BF_OK);
    assert_int_equal(bf_secret_key_weight(back), 32);
    assert_memory_equal(bf_secret_key_coeffs(back), bf_secret_key_coeffs(sk),
                        SAMPLE_N);
    bf_secret_key_destroy(sk);
    bf_secret_key_destroy(back);
}

static void files_do_not_depend_on_threads(void **state)
{
    (void)state;
    uint8_t *one, *many;
    size_t bytes, same;
    const bf_wire_type types[] = {BF_WIRE_EVAL_KEYS, BF_WIRE_PUBLIC_KEY,
                                  BF_WIRE_UPLOAD};
    for (int i = 0; i < 3; i++) {
        env_threads(1);
        assert_int_equal(sample_file(path, types[i], ctx), BF_OK);
        assert_int_equal(bf_read_file(path, SIZE_MAX, &one, &bytes), BF_OK);
        env_threads(4);
        assert_int_equal(sample_file(path, types[i], ctx), BF_OK);
        assert_int_equal(bf_read_file(path, SIZE_MAX, &many, &same), BF_OK);
        env_threads(0);
        assert_int_equal(bytes, same);
        assert_memory_equal(one, many, bytes);
        bf_free(one);
        bf_free(many);
    }
}

/* ---- sound files of something else ------------------------------------ */

static void mix_ups_are_refused(void **state)
{
    (void)state;
    bf_params p = sample_params();
    bf_context *other;
    uint8_t wrong[32] = "some other identity, 32 bytes..";
    p.digit_limbs = 1;
    p.q[2] = 2056193;
    p.q[1] = 1038337;
    assert_int_equal(bf_context_create(&other, &p, BF_BACKEND_AUTO), BF_OK);
    for (int t = BF_WIRE_SECRET_KEY; t <= BF_WIRE_CHECKPOINT; t++) {
        bf_wire_type type = (bf_wire_type)t;
        bool secret = type == BF_WIRE_SECRET_KEY;
        bool jobless = secret || type == BF_WIRE_PUBLIC_KEY;
        bf_wire_ids right = {sample_key_id, jobless ? NULL : sample_job_id,
                             jobless ? NULL : sample_data_id};
        bf_wire_ids key = right, job = right, data = right;
        key.key_id = wrong;
        job.job_id = wrong;
        data.data_id = wrong;
        assert_int_equal(sample_file(path, type, ctx), BF_OK);
        assert_int_equal(consume_file(path, type, ctx, right), BF_OK);
        assert_int_equal(consume_file(path, type, other, right),
                         BF_ERR_MISMATCH);
        assert_non_null(strstr(bf_last_error(), "parameter set"));
        if (!secret) {
            assert_int_equal(consume_file(path, type, ctx, key),
                             BF_ERR_MISMATCH);
            assert_int_equal(consume_file(path, type, ctx, data),
                             BF_ERR_MISMATCH);
            assert_non_null(strstr(bf_last_error(), "data set"));
            assert_int_equal(consume_file(path, type, ctx, job),
                             BF_ERR_MISMATCH);
            assert_non_null(strstr(bf_last_error(), path));
        }
        for (int u = BF_WIRE_SECRET_KEY; u <= BF_WIRE_CHECKPOINT; u++)
            if (u != t)
                assert_int_equal(consume_file(path, (bf_wire_type)u, ctx,
                                              right), BF_ERR_MISMATCH);
    }
    bf_context_destroy(other);
}

static void writers_refuse_what_does_not_belong(void **state)
{
    (void)state;
    bf_wire_writer *w, *keys;
    bf_switch_key key;
    bf_ct ct, bad, empty = {.ctx = ctx, .limbs = 1, .polys = 2, .scale = 1};
    char keys_path[300];
    snprintf(keys_path, sizeof keys_path, "%s.keys", path);
    remove(path);
    const bf_rings rings = bf_one_ring(ctx);
    assert_int_equal(bf_wire_create(&w, path, BF_WIRE_SECRET_KEY, rings, ids),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_wire_create(&w, path, BF_WIRE_UPLOAD, rings, ids),
                     BF_OK);
    assert_int_equal(bf_wire_create(&keys, keys_path, BF_WIRE_EVAL_KEYS, rings,
                                    ids), BF_OK);
    assert_int_equal(sample_ct(&ct, ctx, 2, 2, true, 1), BF_OK);
    assert_int_equal(sample_switch_key(&key, ctx, bf_key_galois(5), 1), BF_OK);
    const bf_label label = {0, 0};
    assert_int_equal(bf_wire_put_switch_key(w, &key), BF_ERR_ARGUMENT);
    assert_int_equal(bf_wire_put_ct(keys, label, &ct), BF_ERR_ARGUMENT);
    assert_int_equal(bf_wire_put_ct(w, label, &empty), BF_ERR_ARGUMENT);
    bad = ct;
    bad.scale = NAN;
    assert_int_equal(bf_wire_put_ct(w, label, &bad), BF_ERR_ARGUMENT);
    bad = ct;
    bad.polys = 3;
    assert_int_equal(bf_wire_put_ct(w, label, &bad), BF_ERR_ARGUMENT);
    ct.data[5] += 0.5;
    assert_int_equal(bf_wire_put_ct(w, label, &ct), BF_ERR_INTERNAL);
    const bf_key_name no_names[] = {
        bf_key_galois(6), bf_key_galois(1), bf_key_from_square(6),
        bf_key_galois(2 * SAMPLE_N + 1), bf_key_from_square(2 * SAMPLE_N + 1),
        {BF_KEY_DECAPSULATE, 0, 2}, {(bf_key_use)100, 0, 1}};
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++) {
        key.name = no_names[i];
        assert_int_equal(bf_wire_put_switch_key(keys, &key), BF_ERR_ARGUMENT);
    }
    bf_wire_abort(w);
    bf_wire_abort(keys);
    assert_true(access(path, F_OK) != 0 && access(keys_path, F_OK) != 0);
    bf_ct_clear(&ct);
    bf_switch_key_clear(&key);
}

/* ---- damage ------------------------------------------------------------- */

static void random_flips_are_refused(void **state)
{
    (void)state;
    const unsigned flips = 2000; /* times six types */
    uint8_t seed[BF_SEED_BYTES] = {0};
    const char *given = getenv("BF_TEST_SEED");
    uint64_t number = given ? strtoull(given, NULL, 0) : 11;
    printf("seed %llu (BF_TEST_SEED)\n", (unsigned long long)number);
    memcpy(seed, &number, sizeof number);
    bf_stream rng;
    bf_stream_init(&rng, seed, "test-flips", 0, 0);
    env_threads(1);
    for (int t = BF_WIRE_SECRET_KEY; t <= BF_WIRE_CHECKPOINT; t++) {
        uint8_t *bytes;
        size_t size;
        char name[64];
        assert_int_equal(sample_file(path, (bf_wire_type)t, ctx), BF_OK);
        assert_int_equal(bf_read_file(path, SIZE_MAX, &bytes, &size), BF_OK);
        int fd = image_fd(bytes, size);
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        for (unsigned k = 0; k < flips; k++) {
            off_t at = (off_t)(BF_FRAME_HEADER_BYTES + bf_stream_u64(&rng) %
                               (size - BF_FRAME_HEADER_BYTES));
            uint8_t b = bytes[at] ^ (uint8_t)(1 << bf_stream_u64(&rng) % 8);
            assert_int_equal(pwrite(fd, &b, 1, at), 1);
            bf_status s = consume_file(name, (bf_wire_type)t, ctx,
                                       (bf_wire_ids){0});
            assert_true(s == BF_ERR_FORMAT || s == BF_ERR_MISMATCH);
            assert_int_equal(pwrite(fd, bytes + at, 1, at), 1);
        }
        assert_int_equal(consume_file(name, (bf_wire_type)t, ctx,
                                      (bf_wire_ids){0}), BF_OK);
        close(fd);
        bf_free(bytes);
    }
    env_threads(0);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (int t = BF_WIRE_SECRET_KEY; t <= BF_WIRE_CHECKPOINT; t++) {
        uint8_t *bytes;
        size_t size;
        char name[64];
        assert_int_equal(sample_file(path, (bf_wire_type)t, ctx), BF_OK);
        assert_int_equal(bf_read_file(path, SIZE_MAX, &bytes, &size), BF_OK);
        int fd = image_fd(bytes, size);
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        while (size-- > 0) {
            assert_int_equal(ftruncate(fd, (off_t)size), 0);
            assert_int_equal(consume_file(name, (bf_wire_type)t, ctx,
                                          (bf_wire_ids){0}), BF_ERR_FORMAT);
        }
        close(fd);
        bf_free(bytes);
    }
}

/* ---- wrong content under right digests --------------------------------- */

static wire_image image_with_params(bf_wire_type type)
{
    wire_image m;
    bf_frame_header h;
    uint8_t bytes[BF_WIRE_PARAMS_MAX];
    size_t n = bf_wire_params_encode(bytes, bf_context_params(ctx), 1);
    bf_wire_header_make(&h, type, bf_one_ring(ctx), ids);
    image_start(&m, &h);
    image_put(&m, BF_WIRE_PARAMS, (bf_label){0}, bytes, n);
    return m;
}

/* Ends the image and reads it. */
static bf_status consume_image(wire_image *m, bf_wire_type type)
{
    char name[64];
    image_finish(m);
    int fd = image_fd(m->bytes, m->size);
    image_free(m);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    bf_status s = consume_file(name, type, ctx, (bf_wire_ids){0});
    close(fd);
    return s;
}

static bf_status consume_record(bf_wire_type type, uint32_t kind,
                                bf_label label, const uint8_t *payload,
                                size_t bytes)
{
    wire_image m = image_with_params(type);
    image_put(&m, kind, label, payload, bytes);
    return consume_image(&m, type);
}

/* The payload of the first record of a kind, written by the library. */
static uint8_t *payload_of(bf_wire_type type, uint32_t kind, size_t *bytes)
{
    bf_frame_reader *r;
    bf_frame_record rec;
    assert_int_equal(sample_file(path, type, ctx), BF_OK);
    assert_int_equal(bf_frame_open(&r, path), BF_OK);
    do
        assert_int_equal(bf_frame_next(r, &rec), BF_OK);
    while (rec.kind != kind);
    uint8_t *payload = bf_alloc(rec.bytes + 64);
    assert_int_equal(bf_frame_read(r, payload), BF_OK);
    bf_frame_close(r);
    *bytes = rec.bytes;
    return payload;
}

static void put_bytes(uint8_t *p, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) p[i] = (uint8_t)(v >> 8 * i);
}

typedef struct change {
    size_t at;
    unsigned bytes;
    uint64_t value;
} change;

/* Each single change must be refused, and the original payload accepted. */
static void assert_changes(bf_wire_type type, uint32_t kind, bf_label label,
                           const change *list, size_t count)
{
    size_t bytes;
    uint8_t *payload = payload_of(type, kind, &bytes), old[8];
    assert_int_equal(consume_record(type, kind, label, payload, bytes), BF_OK);
    for (size_t i = 0; i < count; i++) {
        const change *c = &list[i];
        memcpy(old, payload + c->at, c->bytes);
        put_bytes(payload + c->at, c->value, c->bytes);
        bf_status s = consume_record(type, kind, label, payload, bytes);
        if (s != BF_ERR_FORMAT) print_message("change %zu: %d\n", i, (int)s);
        assert_int_equal(s, BF_ERR_FORMAT);
        memcpy(payload + c->at, old, c->bytes);
    }
    for (size_t n = bytes; n-- > 0 && bytes - n < 100;)
        assert_int_equal(consume_record(type, kind, label, payload, n),
                         BF_ERR_FORMAT);
    for (size_t n = 0; n < 100 && n < bytes; n++)
        assert_int_equal(consume_record(type, kind, label, payload, n),
                         BF_ERR_FORMAT);
    memset(payload + bytes, 0, 64);
    assert_int_equal(consume_record(type, kind, label, payload, bytes + 8),
                     BF_ERR_FORMAT);
    bf_free(payload);
}

static uint64_t bits(double d)
{
    uint64_t v;
    memcpy(&v, &d, sizeof v);
    return v;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void bad_ciphertexts_are_refused(void **state)
{
    (void)state;
    const change list[] = {
        {0, 2, 0}, {0, 2, 2}, {0, 2, 4}, {0, 2, 65535}, /* limbs */
        {2, 1, 0}, {2, 1, 1}, {2, 1, 3}, {2, 1, 255},   /* polynomials */
        {3, 1, 0}, {3, 1, 2}, {3, 1, 255}, {6, 2, 1},   /* flags */
        {4, 2, 1}, {4, 2, 65535},                       /* ring */
        {8, 8, bits(0)}, {8, 8, bits(-1)}, {8, 8, bits(NAN)},
        {8, 8, bits(INFINITY)}, {16, 8, bits(-1)}, {16, 8, bits(NAN)},
        {24, 8, bits(-1)}, {24, 8, bits(INFINITY)},
        /* 25, 21 and 20 bits of ones are not below the primes. */
        {72, 4, 0xffffffff}, {72 + 3200, 4, 0xffffffff},
        {72 + 3200 + 2688 + 2556, 4, 0xffffffff}};
    assert_changes(BF_WIRE_UPLOAD, BF_WIRE_CIPHERTEXT, (bf_label){1, 0}, list,
                   COUNT(list));
    /* Without a seed: no other seed field, no length of a seeded one. */
    bf_ct ct;
    bf_wire_writer *w;
    assert_int_equal(sample_ct(&ct, ctx, 1, 2, false, 3), BF_OK);
    assert_int_equal(
        bf_wire_create(&w, path, BF_WIRE_MODEL, bf_one_ring(ctx), ids), BF_OK);
    assert_int_equal(bf_wire_put_ct(w, (bf_label){0, 0}, &ct), BF_OK);
    assert_int_equal(bf_wire_commit(w), BF_OK);
    bf_ct_clear(&ct);
    uint8_t payload[72 + 6400];
    bf_frame_reader *r;
    bf_frame_record rec;
    assert_int_equal(bf_frame_open(&r, path), BF_OK);
    assert_int_equal(bf_frame_next(r, &rec), BF_OK);
    assert_int_equal(bf_frame_next(r, &rec), BF_OK);
    assert_int_equal(rec.bytes, sizeof payload);
    assert_int_equal(bf_frame_read(r, payload), BF_OK);
    bf_frame_close(r);
    for (unsigned at = 32; at < 72; at++) {
        payload[at] = 1;
        assert_int_equal(consume_record(BF_WIRE_MODEL, BF_WIRE_CIPHERTEXT,
                                        (bf_label){0, 0}, payload,
                                        sizeof payload), BF_ERR_FORMAT);
        payload[at] = 0;
    }
}

static void bad_eval_keys_are_refused(void **state)
{
    (void)state;
    const bf_label label = {BF_KEY_FROM_SQUARE, 1};
    const change list[] = {
        {0, 2, 0}, {0, 2, 1}, {0, 2, 3}, {0, 2, 100}, {0, 2, 65535}, /* use */
        {2, 2, 1}, {2, 2, 65535},                                    /* ring */
        {4, 4, 0}, {4, 4, 2}, {4, 4, 5}, {4, 4, 2049}, {4, 4, 0xffffffff},
        {8, 2, 0}, {8, 2, 1}, {8, 2, 3}, {8, 2, 4}, {8, 2, 65535},
        {10, 2, 0}, {10, 2, 1}, {10, 2, 3}, {10, 2, 65535},
        {12, 4, 1}, {12, 4, 2}, {16, 8, 1}, /* flags */
        {64, 4, 0xffffffff}, {64 + 3200, 4, 0xffffffff},
        {64 + 3200 + 2688, 4, 0xffffffff}};
    assert_changes(BF_WIRE_EVAL_KEYS, BF_WIRE_SWITCH_KEY, label, list,
                   COUNT(list));
    size_t bytes;
    uint8_t *p = payload_of(BF_WIRE_EVAL_KEYS, BF_WIRE_SWITCH_KEY, &bytes);
    wire_image m = image_with_params(BF_WIRE_EVAL_KEYS);
    image_put(&m, BF_WIRE_JSON, (bf_label){0, 0}, "{}", 2);
    image_put(&m, BF_WIRE_SWITCH_KEY, label, p, bytes);
    assert_int_equal(consume_image(&m, BF_WIRE_EVAL_KEYS), BF_OK);
    m = image_with_params(BF_WIRE_EVAL_KEYS);
    for (int i = 0; i < 2; i++)
        image_put(&m, BF_WIRE_SWITCH_KEY, label, p, bytes);
    assert_int_equal(consume_image(&m, BF_WIRE_EVAL_KEYS), BF_ERR_FORMAT);
    assert_non_null(strstr(bf_last_error(), "again"));
    const bf_label other[] = {{BF_KEY_FROM_SQUARE, 3}, {BF_KEY_GALOIS, 1}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(consume_record(BF_WIRE_EVAL_KEYS, BF_WIRE_SWITCH_KEY,
                                        other[i], p, bytes), BF_ERR_FORMAT);
    bf_free(p);
}

static void bad_public_and_secret_keys_are_refused(void **state)
{
    (void)state;
    const bf_label none = {0, 0};
    const change pub[] = {{0, 4, 0xffffffff}, {3200, 4, 0xffffffff}};
    assert_changes(BF_WIRE_PUBLIC_KEY, BF_WIRE_PUBLIC_KEY_DATA, none, pub,
                   COUNT(pub));
    const change sec[] = {{0, 4, 1}, {0, 4, 1024}, {0, 4, 0xffffffff},
                          {4, 4, 1}, {8, 1, 2}, {8, 1, 0x80}, {263, 1, 0x20}};
    assert_changes(BF_WIRE_SECRET_KEY, BF_WIRE_SECRET_KEY_DATA, none, sec,
                   COUNT(sec));
    const bf_wire_type types[] = {BF_WIRE_PUBLIC_KEY, BF_WIRE_SECRET_KEY};
    for (int i = 0; i < 2; i++) {
        uint32_t kind = i ? BF_WIRE_SECRET_KEY_DATA : BF_WIRE_PUBLIC_KEY_DATA;
        size_t bytes;
        uint8_t *p = payload_of(types[i], kind, &bytes);
        wire_image m = image_with_params(types[i]);
        image_put(&m, kind, none, p, bytes);
        image_put(&m, kind, none, p, bytes);
        assert_int_equal(consume_image(&m, types[i]), BF_ERR_FORMAT);
        m = image_with_params(types[i]);
        assert_int_equal(consume_image(&m, types[i]), BF_ERR_FORMAT);
        bf_free(p);
    }
}

static bf_status consume_params(const uint8_t *bytes, size_t n)
{
    wire_image m;
    bf_frame_header h;
    bf_wire_header_make(&h, BF_WIRE_UPLOAD, bf_one_ring(ctx), ids);
    image_start(&m, &h);
    image_put(&m, BF_WIRE_PARAMS, (bf_label){0}, bytes, n);
    return consume_image(&m, BF_WIRE_UPLOAD);
}

static void bad_parameters_are_refused(void **state)
{
    (void)state;
    uint8_t good[BF_WIRE_PARAMS_MAX], bytes[BF_WIRE_PARAMS_MAX + 1] = {0};
    size_t n = bf_wire_params_encode(good, bf_context_params(ctx), 1);
    const change list[] = {
        {0, 4, 0}, {0, 4, 2}, {0, 4, 5}, {4, 4, 1}, /* rings */
        {8, 4, 9}, {8, 4, 18}, {8, 4, 0xffffffff}, {12, 2, 0}, {12, 2, 4},
        {12, 2, 49}, {12, 2, 65535}, {14, 2, 0}, {14, 2, 17}, {16, 4, 0},
        {16, 4, 4}, {20, 4, 2}, {24, 8, 0}, {24, 8, 524287},
        {24, 8, UINT64_C(1) << 49}, {48, 8, UINT64_MAX}};
    assert_int_equal(consume_params(good, n), BF_OK);
    for (size_t i = 0; i < COUNT(list); i++) {
        memcpy(bytes, good, n);
        put_bytes(bytes + list[i].at, list[i].value, list[i].bytes);
        assert_int_equal(consume_params(bytes, n), BF_ERR_FORMAT);
    }
    memcpy(bytes, good, n);
    for (size_t k = 0; k < n; k++)
        assert_int_equal(consume_params(bytes, k), BF_ERR_FORMAT);
    assert_int_equal(consume_params(bytes, n + 1), BF_ERR_FORMAT);
    /* In bounds, but not those that the header's hash is of. */
    put_bytes(bytes + 24, 33550337 - 2048, 8);
    assert_int_equal(consume_params(bytes, n), BF_ERR_MISMATCH);
    put_bytes(bytes + 24, 33550337, 8);
    bytes[20] = 0; /* the mark of insecure parameters taken off */
    assert_int_equal(consume_params(bytes, n), BF_ERR_MISMATCH);
}

static void kinds_have_their_place(void **state)
{
    (void)state;
    for (int t = BF_WIRE_SECRET_KEY; t <= BF_WIRE_CHECKPOINT; t++)
        for (uint32_t kind = 0; kind < 9; kind++)
            if (!bf_wire_holds((unsigned)t, kind))
                assert_int_equal(
                    consume_record((bf_wire_type)t, kind, (bf_label){0, 0},
                                   (const uint8_t *)"x", 1), BF_ERR_FORMAT);
    /* The parameters are not optional. */
    wire_image m;
    bf_frame_header h;
    bf_wire_header_make(&h, BF_WIRE_UPLOAD, bf_one_ring(ctx), ids);
    image_start(&m, &h);
    assert_int_equal(consume_image(&m, BF_WIRE_UPLOAD), BF_ERR_FORMAT);
    image_start(&m, &h);
    image_put(&m, BF_WIRE_JSON, (bf_label){0, 0}, "{}", 2);
    assert_int_equal(consume_image(&m, BF_WIRE_UPLOAD), BF_ERR_FORMAT);
}

/* Through a pipe, where no length of a file contradicts. */
static void huge_claims_cost_no_memory(void **state)
{
    (void)state;
    const uint32_t kinds[] = {BF_WIRE_CIPHERTEXT, BF_WIRE_JSON};
    const uint64_t claims[] = {1 << 25, UINT64_C(1) << 40, INT64_MAX / 4};
    size_t before = bf_peak_rss();
    for (unsigned i = 0; i < 6; i++) {
        wire_image m = image_with_params(BF_WIRE_UPLOAD);
        bf_frame_record rec = {kinds[i % 2], {0, 0}, 1, claims[i / 2]};
        image_record(&m, &rec, "x", 1);
        m.header.records = 2;
        image_finish(&m);
        m.header.bytes = INT64_MAX / 3;
        image_set_header(&m);
        int ends[2];
        bf_wire_reader *r;
        bf_wire_item item;
        bf_ct ct = {0};
        char *text;
        size_t bytes;
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], m.bytes, m.size), m.size);
        close(ends[1]);
        assert_int_equal(bf_wire_open_fd(&r, ends[0], "pipe", BF_WIRE_UPLOAD,
                                         bf_one_ring(ctx), ids), BF_OK);
        assert_int_equal(bf_wire_next(r, &item), BF_OK);
        assert_true(item.bytes == claims[i / 2]);
        if (i % 2 == 0)
            assert_int_equal(bf_wire_get_ct(r, &ct), BF_ERR_FORMAT);
        else
            assert_int_equal(bf_wire_get_json(r, &text, &bytes), BF_ERR_FORMAT);
        bf_wire_close(r);
        close(ends[0]);
        image_free(&m);
    }
    assert_true(bf_peak_rss() - before < (size_t)4 << 20);
}

/* ---- inspection ---------------------------------------------------------- */

static void inspection_tells_what_a_file_is(void **state)
{
    (void)state;
    for (int t = BF_WIRE_SECRET_KEY; t <= BF_WIRE_CHECKPOINT; t++) {
        bf_wire_info info;
        struct stat st;
        static const uint8_t zero[BF_HASH_BYTES];
        bool secret = t == BF_WIRE_SECRET_KEY, set = t >= BF_WIRE_UPLOAD;
        assert_int_equal(sample_file(path, (bf_wire_type)t, ctx), BF_OK);
        memset(&info, 0xff, sizeof info);
        assert_int_equal(bf_wire_inspect(&info, path, NULL), BF_OK);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(info.type, t);
        assert_int_equal(info.version, BF_FRAME_VERSION);
        assert_int_equal(info.file_bytes, st.st_size);
        uint8_t hash[BF_HASH_BYTES];
        bf_wire_rings_hash(bf_one_ring(ctx), hash);
        assert_memory_equal(info.context_hash, hash, 32);
        assert_memory_equal(info.key_id, sample_key_id, BF_KEY_ID_BYTES);
        assert_int_equal(info.rings, 1);
        assert_memory_equal(info.ring[0].q, bf_context_params(ctx)->q,
                            sizeof info.ring[0].q);
        assert_int_equal(memcmp(info.digest, zero, 32) == 0, secret);
        assert_int_equal(info.ciphertexts, set ? 2 : 0);
        assert_int_equal(info.seeded, set ? 1 : 0);
        assert_int_equal(info.texts, set ? 1 : 0);
        assert_int_equal(info.keys, set ? 0 : t == BF_WIRE_EVAL_KEYS ? 2 : 1);
        assert_int_equal(info.polys_max, set ? 3 : 0);
        assert_int_equal(info.limbs_max, set ? 3 : info.keys == 2 ? 2 : 0);
        assert_true(info.scale_min == (set ? 1048577.0 : 0) &&
                    info.scale_max == (set ? 1048578.0 : 0));
    }
    uint8_t *bytes;
    size_t size;
    bf_wire_info info;
    assert_int_equal(bf_read_file(path, SIZE_MAX, &bytes, &size), BF_OK);
    bytes[size / 2] ^= 1;
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, size, f);
    fclose(f);
    bf_free(bytes);
    assert_int_equal(bf_wire_inspect(&info, path, NULL), BF_ERR_FORMAT);
    assert_int_equal(bf_wire_inspect(&info, "/nowhere", NULL), BF_ERR_IO);
}

/* ---- memory that runs out ------------------------------------------------ */

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    for (int t = BF_WIRE_SECRET_KEY; t <= BF_WIRE_CHECKPOINT; t++) {
        for (int reading = 0; reading < 2; reading++) {
            bf_status s = BF_ERR_MEMORY;
            for (long k = 0; s != BF_OK; k++) {
                bf_alloc_fail_for_tests(k);
                s = reading ? consume_file(path, (bf_wire_type)t, ctx,
                                           (bf_wire_ids){0})
                            : sample_file(path, (bf_wire_type)t, ctx);
                bf_alloc_fail_for_tests(-1);
                if (s != BF_OK) assert_int_equal(s, BF_ERR_MEMORY);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ciphertexts_round_trip),
        cmocka_unit_test(packed_ciphertexts_are_filled_in),
        cmocka_unit_test(texts_round_trip),
        cmocka_unit_test(eval_keys_round_trip),
        cmocka_unit_test(rings_and_whole_keys_round_trip),
        cmocka_unit_test(public_keys_round_trip),
        cmocka_unit_test(owner_round_trip),
        cmocka_unit_test(sparse_secrets_keep_their_weight),
        cmocka_unit_test(files_do_not_depend_on_threads),
        cmocka_unit_test(mix_ups_are_refused),
        cmocka_unit_test(writers_refuse_what_does_not_belong),
        cmocka_unit_test(random_flips_are_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(bad_ciphertexts_are_refused),
        cmocka_unit_test(bad_eval_keys_are_refused),
        cmocka_unit_test(bad_public_and_secret_keys_are_refused),
        cmocka_unit_test(bad_parameters_are_refused),
        cmocka_unit_test(kinds_have_their_place),
        cmocka_unit_test(huge_claims_cost_no_memory),
        cmocka_unit_test(inspection_tells_what_a_file_is),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, start, leave);
}
