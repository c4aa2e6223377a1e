/* What the queue says of jobs, and which files are here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "spool/at.h"

#define STATUS_BYTES_MAX ((size_t)1 << 18)

cJSON *status_read(int folder, const char *name)
{
    char *text;
    size_t bytes;
    if (at_read(&text, &bytes, folder, name, STATUS_BYTES_MAX) != 0)
        return NULL;
    cJSON *o = cJSON_ParseWithLength(text, bytes);
    free(text);
    if (cJSON_IsObject(o)) return o;
    cJSON_Delete(o);
    return NULL;
}

/* ---- files --------------------------------------------------------------- */

typedef struct listing {
    const request *r;
    int folder;
    cJSON *files;
} listing;

static void list_file(void *user, const char *file)
{
    listing *l = user;
    char name[SPOOL_FILE_MAX + 1];
    upload u;
    if (spool_file_valid(file))
        snprintf(name, sizeof name, "%s", file);
    else if (!upload_part_name(name, file) || !spool_file_valid(name))
        return;
    if (upload_look(&u, l->folder, name) != 0) return;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", name);
    cJSON_AddNumberToObject(o, "bytes", (double)u.length);
    cJSON_AddNumberToObject(o, "offset", (double)u.offset);
    if (!u.complete)
        cJSON_AddNumberToObject(o, "expires",
                                (double)u.changed + l->r->g->o.expire);
    cJSON_AddItemToArray(l->files, o);
}

/* ---- jobs ---------------------------------------------------------------- */

/* As the queue says it, or what can be said before. */
static cJSON *read_status(const request *r, const char *job, int results)
{
    int folder;
    cJSON *o = NULL;
    if (results >= 0 && at_folder(&folder, results, job) == 0) {
        o = status_read(folder, "status.json");
        close(folder);
    }
    if (o) return o;
    o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "owner", r->owner);
    cJSON_AddStringToObject(o, "job", job);
    cJSON_AddStringToObject(o, "state", "uploading");
    return o;
}

cJSON *status_of_job(request *r, const char *job, int jobs, int results)
{
    listing l = {.r = r};
    if (at_folder(&l.folder, jobs, job) != 0) return NULL;
    cJSON *o = read_status(r, job, results);
    cJSON_AddBoolToObject(o, "submitted", job_is_submitted(l.folder));
    l.files = cJSON_AddArrayToObject(o, "files");
    /* A folder that is being removed has fewer files. */
    if (l.files && at_each_hidden(l.folder, list_file, &l) != 0)
        cJSON_AddNullToObject(o, "files");
    close(l.folder);
    return o;
}

/* ---- all jobs of an owner ------------------------------------------------ */

typedef struct jobs_listing {
    request *r;
    int jobs, results;
    cJSON *list;
} jobs_listing;

static void list_job(void *user, const char *job)
{
    jobs_listing *l = user;
    if (!spool_job_valid(job)) return;
    cJSON *o = status_of_job(l->r, job, l->jobs, l->results);
    if (o) cJSON_AddItemToArray(l->list, o);
}

static void add_limits(cJSON *o, int results)
{
    cJSON *status = results >= 0 ? status_read(results, "status.json") : NULL;
    cJSON *limits = cJSON_DetachItemFromObject(status, "limits");
    if (limits) cJSON_AddItemToObject(o, "limits", limits);
    cJSON_Delete(status);
}

cJSON *status_of_owner(request *r)
{
    jobs_listing l = {.r = r, .results = -1};
    int err = owner_folder(&l.jobs, r->g, r->owner, "jobs");
    if (err && refuse_errno(r, err, "the owner's folder")) return NULL;
    if (owner_folder(&l.results, r->g, r->owner, "results") != 0)
        l.results = -1;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "owner", r->owner);
    cJSON_AddNumberToObject(o, "quota_bytes", r->quota_bytes);
    cJSON_AddNumberToObject(o, "used_bytes",
                            (double)quota_used(r->g, r->owner, l.jobs));
    add_limits(o, l.results);
    l.list = cJSON_AddArrayToObject(o, "jobs");
    err = at_each(l.jobs, SIZE_MAX, list_job, &l);
    close(l.jobs);
    if (l.results >= 0) close(l.results);
    if (!err || !refuse_errno(r, err, "jobs")) return o;
    cJSON_Delete(o);
    return NULL;
}
