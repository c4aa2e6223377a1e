/* A circuit takes the keys that it needs from a file of evaluation keys; all of
 * them must be there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "wire_sample.h"

static bf_context *ctx;
static char path[64];


/* A file of these keys (element, limbs), with the sample's ids. */
static void write_keys(const bf_key_need *keys, size_t count)
{
    bf_wire_writer *w;
    bf_wire_ids ids = {sample_key_id, sample_job_id, sample_data_id};
    assert_int_equal(
        bf_wire_create(&w, path, BF_WIRE_EVAL_KEYS, bf_one_ring(ctx), ids),
        BF_OK);
    for (size_t i = 0; i < count; i++) {
        bf_switch_key key;
        assert_int_equal(
            sample_switch_key(&key, ctx, keys[i].name, keys[i].limbs), BF_OK);
        assert_int_equal(bf_wire_put_switch_key(w, &key), BF_OK);
        bf_switch_key_clear(&key);
    }
    assert_int_equal(bf_wire_commit(w), BF_OK);
}

static bf_status read_keys(bf_eval_keys *out)
{
    bf_wire_ids ids = {sample_key_id, sample_job_id, sample_data_id};
    return bf_wire_read_eval_keys(out, &(const char *){path}, 1,
                                  bf_one_ring(ctx), ids, sample_needs, 2, NULL);
}

static void refuses(bf_status status, const char *words,
                    const bf_key_need *keys, size_t count)
{
    bf_eval_keys got = {0};
    write_keys(keys, count);
    bf_status s = read_keys(&got);
    if (s != status || !strstr(bf_last_error(), words))
        fail_msg("wanted %s '%s', got %s: %s", bf_status_name(status), words,
                 bf_status_name(s), bf_last_error());
    assert_true(!got.keys && !got.count);
}

static void other_keys_are_refused(void **state)
{
    (void)state;
    const bf_key_name square = bf_key_from_square(1), five = bf_key_galois(5);
    const bf_key_need turned[] = {{square, 2}, {bf_key_from_square(5), 1}},
                      low[] = {{square, 1}, {five, 1}},
                      twice[] = {{square, 2}, {five, 1}, {five, 1}};
    refuses(BF_ERR_MISMATCH, "element 5 is missing", turned, 2);
    refuses(BF_ERR_MISMATCH, "1 limbs, 2 are needed", low, 2);
    refuses(BF_ERR_FORMAT, "again", twice, 3);
    refuses(BF_ERR_MISMATCH, "element 5 is missing", twice, 1);
    refuses(BF_ERR_MISMATCH, "relinearisation key is missing", twice, 0);
}

/* Row m of a digit of a key with this number of limbs: special primes follow
 * the limbs. */
static const double *row_of(const bf_switch_key *key, unsigned digit,
                            unsigned m, unsigned half)
{
    return bf_switch_key_limb(key, digit, m, half, SAMPLE_N, 1);
}

/* Keys of other jobs are skipped, and needed keys are cut to the needed limbs:
 * digits, moduli, and both halves. */
static void what_is_needed_is_taken(void **state)
{
    (void)state;
    const bf_key_name square = bf_key_from_square(1), five = bf_key_galois(5),
                      other = {BF_KEY_OTHER, 0, 0};
    const bf_key_need file[] = {{other, 3}, {bf_key_galois(25), 1},
                                {square, 3}, {other, 3}, {five, 3}};
    bf_eval_keys got = {0};
    write_keys(file, 5);
    assert_int_equal(read_keys(&got), BF_OK);
    assert_int_equal(got.count, 2);
    for (size_t i = 0; i < 2; i++) {
        bf_switch_key want;
        const bf_key_need *need = &sample_needs[i];
        const bf_switch_key *key = bf_eval_keys_find(&got, need->name);
        assert_non_null(key);
        assert_int_equal(key->limbs, need->limbs);
        assert_int_equal(sample_switch_key(&want, ctx, need->name, 3), BF_OK);
        for (unsigned d = 0; d < key->digits; d++)
            for (unsigned m = 0; m < 2 * (key->limbs + 1); m++) {
                unsigned here = m / 2;
                unsigned there = here < key->limbs ? here : 3;
                assert_memory_equal(row_of(key, d, here, m % 2),
                                    row_of(&want, d, there, m % 2),
                                    SAMPLE_N * sizeof(double));
            }
        bf_switch_key_clear(&want);
    }
    bf_eval_keys_clear(&got);
}

static void any_order_is_read(void **state)
{
    (void)state;
    bf_eval_keys got = {0};
    const bf_key_need turned[] = {{bf_key_galois(5), 1},
                                  {bf_key_from_square(1), 2}};
    write_keys(turned, 2);
    assert_int_equal(read_keys(&got), BF_OK);
    for (size_t i = 0; i < 2; i++) {
        const bf_switch_key *key = bf_eval_keys_find(&got, turned[i].name);
        assert_non_null(key);
        assert_int_equal(key->limbs, turned[i].limbs);
    }
    assert_int_equal(got.count, 2);
    bf_eval_keys_clear(&got);
}

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/bf-needs-%ld.keys", (long)getpid());
    return sample_context(&ctx) != BF_OK;
}

static int teardown(void **state)
{
    (void)state;
    bf_context_destroy(ctx);
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(what_is_needed_is_taken),
        cmocka_unit_test(any_order_is_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
