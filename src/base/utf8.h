/* UTF-8 in text from elsewhere: names of files and classes, tables, lists. */
#ifndef BF_BASE_UTF8_H
#define BF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "blindfit/blindfit.h"

/* True if the whole text is valid UTF-8. */
bool bf_utf8_valid(const char *text);
/* Bytes of the byte-order mark with which text may begin: 3, or 0 without. */
size_t bf_utf8_mark(const void *text, size_t bytes);

#endif
