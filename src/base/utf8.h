/* Text of other people: names of files and of classes. */
#ifndef BF_BASE_UTF8_H
#define BF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes, 1 to 4, of the character that the NUL-terminated text begins with; 0
 * where it begins with none of UTF-8 (RFC 3629: shortest forms up to U+10FFFF,
 * no surrogates) or is empty. */
size_t bf_utf8_length(const char *text);
bool bf_utf8_valid(const char *text); /* the whole of it */

#endif
