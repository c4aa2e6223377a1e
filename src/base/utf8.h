/* UTF-8 in text from elsewhere: names of files and classes. */
#ifndef BF_BASE_UTF8_H
#define BF_BASE_UTF8_H

#include <stdbool.h>

#include "blindfit/blindfit.h"

/* True if the whole text is valid UTF-8. */
bool bf_utf8_valid(const char *text);

#endif
