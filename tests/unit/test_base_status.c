#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/cpu.h"
#include "base/status.h"
#include "base/utf8.h"

static void names_are_distinct_words(void **state)
{
    (void)state;
    for (int a = BF_OK; a <= BF_ERR_WAITING; a++) {
        const char *name = bf_status_name((bf_status)a);
        assert_non_null(name);
        assert_true(strlen(name) > 0 && !strchr(name, ' '));
        for (int b = BF_OK; b < a; b++)
            assert_string_not_equal(name, bf_status_name((bf_status)b));
    }
    assert_string_equal(bf_status_name((bf_status)999), "unknown");
}

static void message_and_context(void **state)
{
    (void)state;
    assert_int_equal(bf_fail(BF_ERR_FORMAT, "row %d", 7), BF_ERR_FORMAT);
    assert_string_equal(bf_last_error(), "row 7");
    assert_int_equal(bf_fail_in(BF_ERR_FORMAT, "%s", "a.csv"), BF_ERR_FORMAT);
    assert_string_equal(bf_last_error(), "a.csv: row 7");
    bf_fail(BF_ERR_IO, "again (%s)", bf_last_error());
    assert_string_equal(bf_last_error(), "again (a.csv: row 7)");
    bf_fail(BF_ERR_FORMAT, "name\n\x1b[2J\x7f.");
    assert_string_equal(bf_last_error(), "name??[2J?.");
    char text[] = "a\tb\xc2\x9b" "31m \xc3\x9b \xc2\xa0 \xc2";
    assert_string_equal(bf_printable(text),
                        "a?b??31m \xc3\x9b \xc2\xa0 ?");
    /* As Latin-1, and for terminals that take 0x9b alone for a control. */
    char latin[] = "caf\xe9/\x9b" "2J";
    assert_string_equal(bf_printable(latin), "caf?/?2J");
    bf_fail(BF_ERR_FORMAT, "%s", "caf\xe9");
    assert_string_equal(bf_last_error(), "caf?");
}

/* Every character in the form of RFC 3629, section 3 is accepted if complete;
 * of all sequences of up to three bytes only these are accepted. */
static void utf8_is_told_from_other_bytes(void **state)
{
    (void)state;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (uint32_t u = 1; u <= 0x10ffff; u++) {
        char c[5] = {0};
        size_t n = u < 0x80 ? 1 : u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
        c[0] = (char)(lead[n] | u >> 6 * (n - 1));
        for (size_t i = 1; i < n; i++)
            c[i] = (char)(0x80 | (u >> 6 * (n - 1 - i) & 0x3f));
        bool surrogate = u >= 0xd800 && u <= 0xdfff;
        assert_int_equal(bf_utf8_length(c), surrogate ? 0 : n);
        c[n - 1] = 0;
        assert_int_equal(bf_utf8_length(c), 0);
    }
    /* below U+0080, U+0800 and U+10000, without NUL and surrogates */
    unsigned taken = 0;
    for (uint32_t bits = 0; bits < 1u << 24; bits++) {
        char c[4] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits, 0};
        size_t n = bf_utf8_length(c);
        taken += n > 0 && (bits & (0xffffffu >> 8 * n)) == 0;
    }
    assert_int_equal(taken, 127 + 1920 + 61440);
    assert_false(bf_utf8_valid("\xc0\x80"));
    assert_false(bf_utf8_valid("\xf4\x90\x80\x80"));
    assert_false(bf_utf8_valid("\xf0\x8f\xbf\xbf"));
    assert_false(bf_utf8_valid("a\xff"));
    assert_true(bf_utf8_valid("") && bf_utf8_valid("\xc3\xa9t\xc3\xa9"));
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    bf_fail(BF_ERR_IO, "%s", text);
    assert_int_equal(strlen(bf_last_error()), BF_MESSAGE_BYTES - 1);
    bf_fail_in(BF_ERR_IO, "%s", text);
    bf_fail_errno(EIO, "%s", text);
    assert_int_equal(strlen(bf_last_error()), BF_MESSAGE_BYTES - 1);
}

static void errno_maps_to_status(void **state)
{
    (void)state;
    assert_int_equal(bf_fail_errno(ENOSPC, "f"), BF_ERR_SPACE);
    assert_int_equal(bf_fail_errno(EDQUOT, "f"), BF_ERR_SPACE);
    assert_int_equal(bf_fail_errno(ENOMEM, "f"), BF_ERR_MEMORY);
    assert_int_equal(bf_fail_errno(EACCES, "x/%s", "f"), BF_ERR_IO);
    assert_string_equal(bf_last_error(), "x/f: Permission denied");
}

static void *fail_in_thread(void *first)
{
    assert_string_equal(bf_last_error(), "");
    bf_first_error_keep(first, BF_OK);
    assert_false(bf_first_error_seen(first));
    bf_first_error_keep(first, bf_fail(BF_ERR_RANGE, "in the worker"));
    bf_first_error_keep(first, bf_fail(BF_ERR_IO, "later"));
    return NULL;
}

static void errors_belong_to_threads(void **state)
{
    (void)state;
    bf_first_error first = {0};
    pthread_t t;
    bf_fail(BF_ERR_IO, "mine");
    assert_int_equal(bf_first_error_raise(&first), BF_OK);
    assert_int_equal(pthread_create(&t, NULL, fail_in_thread, &first), 0);
    pthread_join(t, NULL);
    assert_string_equal(bf_last_error(), "mine");
    assert_true(bf_first_error_seen(&first));
    assert_int_equal(bf_first_error_raise(&first), BF_ERR_RANGE);
    assert_string_equal(bf_last_error(), "in the worker");
}

static void time_goes_on(void **state)
{
    (void)state;
    double a = bf_now(), b = bf_now();
    assert_true(a > 0 && b >= a && b - a < 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_distinct_words),
        cmocka_unit_test(message_and_context),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(errno_maps_to_status),
        cmocka_unit_test(errors_belong_to_threads),
        cmocka_unit_test(time_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
