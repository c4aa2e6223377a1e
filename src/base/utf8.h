/* Text of other people: names of files and of classes. */
#ifndef BF_BASE_UTF8_H
#define BF_BASE_UTF8_H

#include <stdbool.h>

#include "blindfit/blindfit.h"

/* Whether bf_utf8_length finds a character wherever it looks. */
bool bf_utf8_valid(const char *text);

#endif
