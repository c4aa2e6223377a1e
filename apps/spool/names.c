#include "spool/names.h"

#include <stdio.h>
#include <string.h>

#include "blindfit/job.h"

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

bool spool_file_valid(const char *name)
{
    static const char *const names[] = {"job.json", "eval.keys", "upload.bf",
                                        "uses", "labels.bf"};
    char part[SPOOL_FILE_MAX + 1];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    for (unsigned i = 0; i < BF_UPLOAD_PARTS_MAX; i++) {
        snprintf(part, sizeof part, "upload.bf.%u", i);
        if (strcmp(name, part) == 0) return true;
    }
    return false;
}

bool spool_session_valid(const char *name)
{
    return strlen(name) == SPOOL_SESSION_CHARS &&
           strspn(name, "0123456789abcdef") == SPOOL_SESSION_CHARS;
}

bool spool_message_read(spool_message *out, const char *name)
{
    char again[SPOOL_FILE_MAX + 1], part[17];
    *out = (spool_message){.round = 0};
    if (strcmp(name, "session.bf") == 0) return true;
    out->model = strcmp(name, "model.enc") == 0;
    if (out->model) return true;
    /* Written again, so that only one name has a round and an owner. */
    if (sscanf(name, "r%2u-%2u.%16[a-z]", &out->round, &out->from, part) != 3)
        return false;
    snprintf(again, sizeof again, "r%u-%02u.%s", out->round, out->from, part);
    return strcmp(name, again) == 0 && out->round >= 1 &&
           out->from < SPOOL_MEMBERS_MAX;
}
