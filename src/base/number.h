/* Decimal numbers in files: the same bytes whatever locale the process runs
 * in. Read correctly rounded, and fast where they are short. */
#ifndef BF_BASE_NUMBER_H
#define BF_BASE_NUMBER_H

#include <stdbool.h>

/* Reads [+-]digits[.digits][e[+-]digits] at *text and moves *text behind it.
 * The text ends in a byte that is no part of a number. false, with *text
 * unmoved, when none stands there; infinity when it is too large. */
bool bf_number_read(const char **text, double *out);

/* -1.2345678901234567e-308 and the NUL. */
#define BF_NUMBER_BYTES 32

/* With 17 digits, which bring every finite double back. Returns out. */
char *bf_number_print(char out[BF_NUMBER_BYTES], double v);

#endif
