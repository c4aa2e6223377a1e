/* What the queue says of its jobs, as numbers for Prometheus. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "spool/at.h"

/* Status files that a scrape reads at most. */
#define LOOKS_MAX 2000u

static const char *const states[] = {"uploading", "waiting", "running",
                                     "paused",    "done",    "failed",
                                     "refused"};
#define STATES (sizeof states / sizeof *states)

typedef struct gauges {
    const gateway *g;
    int results;  /* of an owner */
    size_t looks; /* that are left */
    bool cut;     /* not all were read */
    uint64_t jobs[STATES];
    double disk_bytes, running_memory_bytes;
} gauges;

/* 0 without it. */
static double number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) && isfinite(v->valuedouble) ? v->valuedouble : 0;
}

/* False when all looks are used up. */
static bool may_look(gauges *all)
{
    if (all->looks == 0) {
        all->cut = true;
        return false;
    }
    all->looks--;
    return true;
}

static void add_state(gauges *all, const cJSON *status)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(status, "state");
    const char *state = cJSON_IsString(v) ? v->valuestring : "";
    for (size_t i = 0; i < STATES; i++)
        if (strcmp(state, states[i]) == 0) all->jobs[i]++;
    if (strcmp(state, "running") == 0)
        all->running_memory_bytes +=
            number(cJSON_GetObjectItemCaseSensitive(status, "quote"),
                   "memory_bytes");
}

static void add_job(void *user, const char *job)
{
    gauges *all = user;
    int folder;
    if (!spool_job_valid(job) || !may_look(all) ||
        at_folder(&folder, all->results, job) != 0)
        return;
    cJSON *status = status_read(folder, "status.json");
    close(folder);
    if (status) add_state(all, status);
    cJSON_Delete(status);
}

static void add_owner(void *user, const char *owner)
{
    gauges *all = user;
    if (!spool_owner_valid(owner) || !may_look(all) ||
        owner_folder(&all->results, all->g, owner, "results") != 0)
        return;
    cJSON *status = status_read(all->results, "status.json");
    all->disk_bytes += number(status, "disk_bytes");
    cJSON_Delete(status);
    if (at_each(all->results, SIZE_MAX, add_job, all) != 0) all->cut = true;
    close(all->results);
}

/* A gateway that may not list the spool counts the owners whose names the sweep
 * keeps: those that have or had tokens. */
static void add_owners(gauges *all)
{
    int names, err = at_each(all->g->spool, SIZE_MAX, add_owner, all);
    if (err == EACCES && at_folder(&names, all->g->own, "owners") == 0) {
        if (at_each(names, SIZE_MAX, add_owner, all) != 0) all->cut = true;
        close(names);
    }
    if (err) all->cut = true;
}

static void put_gauge(FILE *f, const char *name, const char *help, double value)
{
    fprintf(f,
            "# HELP blindfit_queue_%s %s\n# TYPE blindfit_queue_%s gauge\n"
            "blindfit_queue_%s %.0f\n",
            name, help, name, name, value);
}

void gauges_put(FILE *f, const gateway *g)
{
    gauges all = {.g = g, .looks = LOOKS_MAX};
    add_owners(&all);
    fputs("# HELP blindfit_queue_jobs jobs by the state that the queue gave "
          "them\n# TYPE blindfit_queue_jobs gauge\n", f);
    for (size_t i = 0; i < STATES; i++)
        fprintf(f, "blindfit_queue_jobs{state=\"%s\"} %llu\n", states[i],
                (unsigned long long)all.jobs[i]);
    put_gauge(f, "disk_bytes", "all files of owners, as the queue counted them",
              all.disk_bytes);
    put_gauge(f, "running_memory_bytes", "planned for the job that runs",
              all.running_memory_bytes);
    put_gauge(f, "incomplete", "1 if there may be jobs that are not counted",
              all.cut);
}
