#include "blindfit/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bf_text bf_text_size(double bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    bf_text t;
    size_t u = 0;
    while (bytes >= 999.5 && u < 4) {
        bytes /= 1000;
        u++;
    }
    snprintf(t.s, sizeof t.s, "%.*f %s", u == 0 || bytes >= 99.5 ? 0 : 1, bytes,
             units[u]);
    return t;
}

bf_text bf_text_time(double seconds)
{
    bf_text t;
    if (!(seconds >= 0) || seconds > 1e9)
        snprintf(t.s, sizeof t.s, "?");
    else if (seconds < 0.995e-3)
        snprintf(t.s, sizeof t.s, "%.0f us", 1e6 * seconds);
    else if (seconds < 0.0995)
        snprintf(t.s, sizeof t.s, "%.1f ms", 1e3 * seconds);
    else if (seconds < 9.95)
        snprintf(t.s, sizeof t.s, "%.2f s", seconds);
    else if (seconds < 99.5)
        snprintf(t.s, sizeof t.s, "%.0f s", seconds);
    else if (seconds < 5999.5)
        snprintf(t.s, sizeof t.s, "%.0f min %02.0f s",
                 floor(round(seconds) / 60), fmod(round(seconds), 60));
    else
        snprintf(t.s, sizeof t.s, "%.0f h %02.0f min",
                 floor(round(seconds / 60) / 60),
                 fmod(round(seconds / 60), 60));
    return t;
}

bf_text bf_text_percent(double share)
{
    bf_text t;
    snprintf(t.s, sizeof t.s, "%.1f %%", 100 * share);
    return t;
}

bf_text bf_text_count(double number)
{
    char digits[32];
    bf_text t;
    snprintf(digits, sizeof digits, "%.0f", number);
    size_t n = strlen(digits), at = 0;
    for (size_t i = 0; i < n && at + 2 < sizeof t.s; i++) {
        if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-') t.s[at++] = ',';
        t.s[at++] = digits[i];
    }
    t.s[at] = 0;
    return t;
}
