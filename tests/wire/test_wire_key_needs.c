/* Evaluation keys are exactly those that a circuit needs: a file of others is
 * refused, however sound it is. */
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
    bf_wire_ids ids = {sample_key_id, sample_job_id};
    assert_int_equal(bf_wire_create(&w, path, BF_WIRE_EVAL_KEYS, ctx, ids),
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
    bf_wire_ids ids = {sample_key_id, sample_job_id};
    return bf_wire_read_eval_keys(out, path, ctx, ids, sample_needs, 2, NULL);
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
    const bf_key_name square = bf_key_from_square(1), five = bf_key_galois(5),
                      other = {BF_KEY_OTHER, 0, 0};
    const bf_key_need more[] = {{square, 2}, {five, 1}, {bf_key_galois(25), 1}},
                      any[] = {{other, 3}, {other, 3}, {square, 2}, {five, 1}},
                      turned[] = {{square, 2}, {bf_key_from_square(5), 1}},
                      high[] = {{square, 2}, {five, 3}},
                      low[] = {{square, 1}, {five, 1}},
                      twice[] = {{square, 2}, {five, 1}, {five, 1}};
    refuses(BF_ERR_MISMATCH, "not needed", more, 3);
    refuses(BF_ERR_MISMATCH, "not needed", any, 4);
    refuses(BF_ERR_MISMATCH, "not needed", turned, 2);
    refuses(BF_ERR_MISMATCH, "3 limbs, 1 are needed", high, 2);
    refuses(BF_ERR_MISMATCH, "1 limbs, 2 are needed", low, 2);
    refuses(BF_ERR_FORMAT, "again", twice, 3);
    refuses(BF_ERR_MISMATCH, "element 5 is missing", twice, 1);
    refuses(BF_ERR_MISMATCH, "relinearisation key is missing", twice, 0);
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
        cmocka_unit_test(any_order_is_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
