#include "spool/names.h"

#include <string.h>

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

static bool is_valid(const char *name, size_t most)
{
    size_t n = strnlen(name, most + 1);
    if (n == 0 || n > most || !is_letter_or_digit(name[0])) return false;
    for (size_t i = 1; i < n; i++)
        if (!is_letter_or_digit(name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return true;
}

bool spool_owner_valid(const char *name)
{
    return is_valid(name, SPOOL_OWNER_MAX);
}

bool spool_job_valid(const char *name)
{
    return is_valid(name, SPOOL_JOB_MAX);
}
