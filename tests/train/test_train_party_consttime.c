/* What an owner keeps and sends branches on none of its secrets and indexes by
 * none: its state, its signatures, the boxes that it opens, the tags of its
 * rows. Masks and shares: test_ckks_constant_time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "support/memcheck.h"

#ifdef HAVE_MEMCHECK

#include "../fuzz/memory_file.h"
#include "../fuzz/party_stub.h"
#include "ckks/owner/internal.h"
#include "train/owner/party_part.h"
#include "train/owner/sealed.h"

static unsigned errors_before;

static void hide(void *secret, size_t bytes)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(secret, bytes);
    errors_before = VALGRIND_COUNT_ERRORS;
}

static void assert_reports(unsigned expected)
{
    assert_int_equal(VALGRIND_COUNT_ERRORS - errors_before, expected);
}

/* The outcome is secret, so that nothing above was vacuous. */
static void assert_tainted(const void *data, size_t bytes)
{
    assert_true(VALGRIND_CHECK_MEM_IS_DEFINED(data, bytes) != 0);
}

static void a_leak_is_seen(void **state)
{
    (void)state;
    volatile int taken = 0;
    uint8_t secret = 1;
    hide(&secret, 1);
    if (*(volatile uint8_t *)&secret) taken = 1;
    assert_reports(1);
    (void)taken;
}

static bf_secret_key *hidden_key(const bf_context *ctx)
{
    int8_t c[SAMPLE_N];
    bf_secret_key *sk;
    sample_coeffs(c);
    assert_int_equal(bf_secret_key_import(&sk, ctx, c, 0, sample_key_id),
                     BF_OK);
    hide(sk->coeffs, SAMPLE_N);
    return sk;
}

/* The one report is the write to the file itself. */
static void states(void **state)
{
    (void)state;
    bf_context *ctx;
    bf_party_state st = {.owner = 0};
    char path[64];
    assert_int_equal(sample_context(&ctx), BF_OK);
    fuzz_path(path, "state");
    st.s = hidden_key(ctx);
    st.u = hidden_key(ctx);
    bf_status status =
        bf_party_state_write(&st, &stub_session()->session, path);
    assert_reports(1);
    assert_int_equal(status, BF_OK);
    bf_party_state_clear(&st);
    bf_context_destroy(ctx);
}

static void signatures(void **state)
{
    (void)state;
    party_stub *stub = stub_session();
    bf_head h = {.round = 4, .parts = 1, .part = {{.kind = BF_PART_UPLOAD}}};
    uint8_t out[BF_HEAD_BYTES_MAX];
    hide(stub->id[0].sign, 32); /* its seed; the public key is behind */
    size_t bytes = bf_identity_sign(out, &stub->id[0], &stub->session, &h);
    assert_reports(0);
    assert_tainted(out + bytes - BF_SIGNATURE_BYTES, BF_SIGNATURE_BYTES);
}

/* The reports are verdicts: the product of keys is not zero, the sealed key is
 * whole, the box is whole, and twice that libsodium returned success. */
static void boxes(void **state)
{
    (void)state;
    party_stub *stub = stub_session();
    const uint8_t text[100] = {1, 2, 3};
    uint8_t *plain;
    size_t bytes;
    char path[64];
    fuzz_path(path, "box");
    assert_int_equal(bf_sealed_write(path, &stub->session, false, text,
                                     sizeof text), BF_OK);
    hide(stub->id[1].seal, 32);
    bf_status status = bf_sealed_read(&plain, &bytes, path, &stub->session,
                                      false, &stub->id[1], 1, sizeof text);
    assert_reports(5);
    assert_int_equal(status, BF_OK);
    assert_tainted(plain, bytes);
    bf_secret_free(plain);
}

/* The same verdicts. */
static void boxes_that_differ(void **state)
{
    (void)state;
    party_stub *stub = stub_session();
    bf_session s = stub->session;
    const uint8_t text[100] = {1, 2, 3};
    const uint8_t *const part[BF_OWNERS_MAX] = {text, text + 40};
    const size_t sizes[BF_OWNERS_MAX] = {40, 60};
    uint8_t *plain;
    char path[64];
    s.owner[1].receives = true;
    fuzz_path(path, "each");
    assert_int_equal(bf_sealed_write_each(path, &s, part, sizes), BF_OK);
    hide(stub->id[0].seal, 32);
    bf_status status =
        bf_sealed_read_each(&plain, path, &s, &stub->id[0], 0, sizes);
    assert_reports(5);
    assert_int_equal(status, BF_OK);
    assert_tainted(plain, sizes[0]);
    bf_secret_free(plain);
}

/* For the tag that is sent and the one that is expected: whether the secret is
 * that of the public key, whether the product of keys is zero, and the write to
 * a file. */
static void tags_of_rows(void **state)
{
    (void)state;
    party_stub *stub = stub_session();
    bf_session s = stub->session;
    const double x[8] = {0};
    const bf_view rows = {x, 4, 2, 2, BF_FLOAT64};
    char box[64], tags[64];
    fuzz_path(box, "owner");
    fuzz_path(tags, "tags");
    assert_int_equal(bf_make_dir(box, 0700), BF_OK);
    s.options.split = BF_SPLIT_LABELS;
    for (unsigned k = 0; k < STUB_OWNERS; k++) {
        s.owner[k].first = 0;
        s.owner[k].count = 4;
        s.owner[k].features = k == 0 ? 2 : 0;
    }
    const bf_party_options o = {.box = box, .x = &rows};
    bf_party_run p = {.o = &o, .session = &s, .id = stub->id[0]};
    hide(stub->id[0].seal, 32);
    bf_status status = bf_party_make_rows(&p, tags);
    assert_reports(6);
    assert_int_equal(status, BF_OK);
}

int main(int argc, char **argv)
{
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leak_is_seen),
        cmocka_unit_test(states),
        cmocka_unit_test(signatures),
        cmocka_unit_test(boxes),
        cmocka_unit_test(boxes_that_differ),
        cmocka_unit_test(tags_of_rows),
    };
    if (!RUNNING_ON_VALGRIND) return run_under_valgrind(argv[0]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    puts("skipped: built without valgrind's headers, or with a sanitizer");
    return 77;
}

#endif
