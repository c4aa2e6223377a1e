/* Decimal numbers in files, independent of the process's locale. Reading rounds
 * correctly, and is fast for short numbers. */
#ifndef BF_BASE_NUMBER_H
#define BF_BASE_NUMBER_H

#include <stdbool.h>

/* Reads [+-]digits[.digits][e[+-]digits] at *text and advances *text. The text
 * must end in a byte that is not part of a number. Returns false, with *text
 * unchanged, if there is no number; *out is infinity for a number too large. */
bool bf_number_read(const char **text, double *out);

/* -1.2345678901234567e-308 and the NUL. */
#define BF_NUMBER_BYTES 32

/* Prints 17 digits, from which every finite double can be read back. Returns
 * out. */
char *bf_number_print(char out[BF_NUMBER_BYTES], double v);

#endif
