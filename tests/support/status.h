/* Assertions about a bf_status, behind cmocka.h. */
#ifndef BF_TESTS_SUPPORT_STATUS_H
#define BF_TESTS_SUPPORT_STATUS_H

#include <string.h>

#include "blindfit/blindfit.h"

#define assert_ok(call)                                                  \
    do {                                                                 \
        bf_status ok_s_ = (call);                                        \
        if (ok_s_ != BF_OK) fail_msg("%s: %s", #call, bf_last_error()); \
    } while (0)

/* The status, and a message that holds `words`. */
#define assert_fails(call, status, words)                                \
    do {                                                                 \
        assert_int_equal((call), (status));                              \
        if (!strstr(bf_last_error(), (words)))                           \
            fail_msg("\"%s\" is not in \"%s\"", (words), bf_last_error()); \
    } while (0)

#endif
