/* Decimal numbers, correctly rounded and fast where they are short. */
#ifndef BF_FEATURES_CSV_NUMBER_H
#define BF_FEATURES_CSV_NUMBER_H

#include <stdbool.h>

/* Reads [+-]digits[.digits][e[+-]digits] at *text and moves *text behind it.
 * The text ends in a byte that is no part of a number. false, with *text
 * unmoved, when none stands there; infinity when it is too large. The locale
 * plays no part. */
bool bf_csv_number(const char **text, double *out);

#endif
