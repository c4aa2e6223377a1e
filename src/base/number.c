#include "base/number.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define EXACT_POWER_MAX 22 /* 10^22 is exact in a double */
#define EXACT_INTEGER_MAX ((uint64_t)1 << 53)
#define DIGITS_MAX 19       /* always fit 64 bits */
#define EXPONENT_MAX 100000 /* beyond any double; counting stops */

static const double powers[EXACT_POWER_MAX + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The locale "C" is part of the C library, so that newlocale allocates nothing
 * and cannot fail. */
static locale_t enter_c_locale(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

static double long_number(const char *text)
{
    locale_t before = enter_c_locale();
    double v = strtod(text, NULL);
    uselocale(before);
    return v;
}

char *bf_number_print(char out[BF_NUMBER_BYTES], double v)
{
    locale_t before = enter_c_locale();
    snprintf(out, BF_NUMBER_BYTES, "%.17g", v);
    uselocale(before);
    return out;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits into *m, at most DIGITS_MAX of them; returns the number of all
 * digits. */
static unsigned take_digits(const char **p, uint64_t *m, unsigned *significant)
{
    const char *start = *p;
    for (; is_digit(**p); (*p)++) {
        if (*significant == 0 && **p == '0') continue;
        if (++*significant <= DIGITS_MAX) *m = *m * 10 + (uint64_t)(**p - '0');
    }
    return (unsigned)(*p - start);
}

/* Reads a complete exponent; otherwise leaves *p unchanged. */
static int take_exponent(const char **p)
{
    const char *q = *p;
    if (*q != 'e' && *q != 'E') return 0;
    q++;
    bool negative = *q == '-';
    if (*q == '-' || *q == '+') q++;
    if (!is_digit(*q)) return 0;
    int e = 0;
    for (; is_digit(*q); q++)
        if (e < EXPONENT_MAX) e = e * 10 + (*q - '0');
    *p = q;
    return negative ? -e : e;
}

bool bf_number_read(const char **text, double *out)
{
    const char *p = *text;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    uint64_t m = 0;
    unsigned significant = 0, fraction = 0;
    unsigned digits = take_digits(&p, &m, &significant);
    if (*p == '.') {
        p++;
        fraction = take_digits(&p, &m, &significant);
    }
    if (digits + fraction == 0) return false;
    long exponent = (long)take_exponent(&p) - (long)fraction;
    /* Both factors exact, one rounding: [Clinger90]. */
    if (significant <= DIGITS_MAX && m <= EXACT_INTEGER_MAX &&
        exponent >= -EXACT_POWER_MAX && exponent <= EXACT_POWER_MAX) {
        double v = (double)m;
        v = exponent < 0 ? v / powers[-exponent] : v * powers[exponent];
        *out = negative ? -v : v;
    } else {
        *out = long_number(*text);
    }
    *text = p;
    return true;
}
