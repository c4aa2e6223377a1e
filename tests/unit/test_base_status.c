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

static void names_are_distinct_words(void **state)
{
    (void)state;
    for (int a = BF_OK; a <= BF_ERR_INTERNAL; a++) {
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
                        "a?b??31m \xc3\x9b \xc2\xa0 \xc2");
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
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(errno_maps_to_status),
        cmocka_unit_test(errors_belong_to_threads),
        cmocka_unit_test(time_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
