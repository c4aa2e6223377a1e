#include "features/folder_names.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Compares the numbers of any length at the start of *a and *b, and advances
 * both past them. */
static int compare_numbers(const char **a, const char **b)
{
    const char *x = *a, *y = *b;
    while (*x == '0') x++;
    while (*y == '0') y++;
    int order = 0;
    for (; is_digit(*x) && is_digit(*y); x++, y++)
        if (order == 0) order = *x - *y;
    if (is_digit(*x) || is_digit(*y)) return is_digit(*x) ? 1 : -1;
    *a = x;
    *b = y;
    return order;
}

int bf_folder_order(const char *a, const char *b)
{
    const char *x = a, *y = b;
    while (*x && *y) {
        if (is_digit(*x) && is_digit(*y)) {
            int order = compare_numbers(&x, &y);
            if (order != 0) return order;
        } else if (*x != *y) {
            break;
        } else {
            x++;
            y++;
        }
    }
    if (*x != *y) return (unsigned char)*x - (unsigned char)*y;
    return strcmp(a, b); /* equal numbers differ by their leading zeros */
}

bool bf_folder_is_systems(const char *name)
{
    static const char *const names[] = {
        "@eaDir",      "#recycle",     "@Recycle", "@Recently-Snapshot",
        "lost+found",  "$RECYCLE.BIN", "__MACOSX", "System Volume Information",
        "__pycache__",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}
