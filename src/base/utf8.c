#include "base/utf8.h"

#include <string.h>

/* A byte that continues a character. NUL is no such byte, so that reading stops
 * at NUL. */
static bool continues(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t bf_utf8_length(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] == 0) return 0;
    if (c[0] < 0x80) return 1;
    if (c[0] < 0xc2 || c[0] > 0xf4 || !continues(c[1])) return 0;
    if (c[0] < 0xe0) return 2;
    if (!continues(c[2])) return 0;
    if (c[0] < 0xf0) {
        bool overlong = c[0] == 0xe0 && c[1] < 0xa0;
        bool surrogate = c[0] == 0xed && c[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = c[0] == 0xf0 && c[1] < 0x90;
    bool beyond = c[0] == 0xf4 && c[1] > 0x8f;
    return overlong || beyond || !continues(c[3]) ? 0 : 4;
}

bool bf_utf8_valid(const char *text)
{
    while (*text) {
        size_t n = bf_utf8_length(text);
        if (n == 0) return false;
        text += n;
    }
    return true;
}

size_t bf_utf8_mark(const void *text, size_t bytes)
{
    return bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}
