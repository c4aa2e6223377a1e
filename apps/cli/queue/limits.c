#include "queue/limits.h"

#include <string.h>

#include "queue/queue.h"

#define FILE_MAX ((size_t)1 << 20)

static const struct {
    const char *name;
    size_t offset;
} fields[] = {
    {"disk_bytes", offsetof(queue_owner_limits, disk_bytes)},
    {"jobs", offsetof(queue_owner_limits, jobs)},
    {"memory_bytes", offsetof(queue_owner_limits, memory_bytes)},
    {"seconds", offsetof(queue_owner_limits, seconds)},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static bool known(const char *name)
{
    for (int i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].name, name) == 0) return true;
    return false;
}

static bf_status check_entry(const cJSON *entry, const char *path)
{
    const cJSON *v;
    if (!cJSON_IsObject(entry))
        return bf_fail(BF_ERR_FORMAT, "%s: %s: not an object", path,
                       entry->string);
    cJSON_ArrayForEach(v, entry)
    {
        if (!known(v->string))
            return bf_fail(BF_ERR_FORMAT,
                           "%s: %s: no limit '%s' (disk_bytes, jobs, "
                           "memory_bytes, seconds)",
                           path, entry->string, v->string);
        if (!cJSON_IsNumber(v) || !(v->valuedouble > 0))
            return bf_fail(BF_ERR_FORMAT, "%s: %s: %s: not a number above 0",
                           path, entry->string, v->string);
    }
    return BF_OK;
}

static bf_status check(const cJSON *o, const char *path)
{
    const cJSON *v, *owner;
    cJSON_ArrayForEach(v, o)
    {
        if (strcmp(v->string, "default") == 0) {
            BF_TRY(check_entry(v, path));
            continue;
        }
        if (strcmp(v->string, "owners") != 0 || !cJSON_IsObject(v))
            return bf_fail(BF_ERR_FORMAT,
                           "%s: %s: only the objects default and owners are "
                           "known",
                           path, v->string);
        cJSON_ArrayForEach(owner, v)
        {
            if (!spool_owner_valid(owner->string))
                return bf_fail(BF_ERR_FORMAT, "%s: '%s' is no name of an owner",
                               path, owner->string);
            BF_TRY(check_entry(owner, path));
        }
    }
    return BF_OK;
}

bf_status queue_limits_read(queue_limits *out, const char *path)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(path, FILE_MAX, &text, &bytes));
    cJSON *o = cJSON_ParseWithOpts((char *)text, NULL, true);
    bf_free(text);
    bf_status s = cJSON_IsObject(o)
                      ? check(o, path)
                      : bf_fail(BF_ERR_FORMAT, "%s: no JSON object", path);
    if (s == BF_OK)
        out->json = o;
    else
        cJSON_Delete(o);
    return s;
}

void queue_limits_clear(queue_limits *l)
{
    cJSON_Delete(l->json);
    l->json = NULL;
}

static void take(queue_owner_limits *out, const cJSON *entry)
{
    for (int i = 0; entry && i < FIELDS; i++) {
        const cJSON *v =
            cJSON_GetObjectItemCaseSensitive(entry, fields[i].name);
        double *to = (double *)((char *)out + fields[i].offset);
        if (v) *to = v->valuedouble;
    }
}

queue_owner_limits queue_limits_of(const queue_limits *l, const char *owner)
{
    queue_owner_limits made = {0};
    const cJSON *owners = cJSON_GetObjectItemCaseSensitive(l->json, "owners");
    take(&made, cJSON_GetObjectItemCaseSensitive(l->json, "default"));
    take(&made, cJSON_GetObjectItemCaseSensitive(owners, owner));
    return made;
}
