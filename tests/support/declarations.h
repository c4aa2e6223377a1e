/* For tests that are to have every operation that headers declare. */
#ifndef BF_TESTS_SUPPORT_DECLARATIONS_H
#define BF_TESTS_SUPPORT_DECLARATIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Fails unless `tested` names exactly the functions of these headers (NULL ends
 * the list) that return a bf_status and whose parameters make them operations.
 * tested(i): the i-th name, NULL after the last. */
void check_declared(const char *const *headers,
                    bool (*is_operation)(const char *parameters),
                    const char *(*tested)(size_t i));

#endif
