#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"

/* One JSON object a line. */
static void print_json(cJSON *o)
{
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (text) printf("%s\n", text);
    cJSON_free(text);
    fflush(stdout);
}

static void log_job(const queue_job *j, const char *state)
{
    if (!cli_common_options.json) {
        cli_print(stderr, "%s/%s: %s%s%s", j->owner, j->name, state,
                  *j->line ? ": " : "", j->line);
        return;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "owner", j->owner);
    cJSON_AddStringToObject(o, "job", j->name);
    cJSON_AddStringToObject(o, "state", state);
    if (*j->line) cJSON_AddStringToObject(o, "line", j->line);
    print_json(o);
}

void queue_log_job(queue_job *j)
{
    char line[BF_MESSAGE_BYTES + 16];
    snprintf(line, sizeof line, "%s %s", queue_state_name(j->state), j->line);
    if (j->logged && strcmp(j->logged, line) == 0) return;
    free(j->logged);
    j->logged = strdup(line);
    log_job(j, queue_state_name(j->state));
}

void queue_log_removed(queue_job *j)
{
    j->line[0] = 0;
    log_job(j, "removed");
}

/* Lines of every scan are printed once, until so many others follow. */
#define REMEMBERED 64

static bool is_news(const char *line)
{
    static char *last[REMEMBERED];
    static size_t next;
    for (size_t i = 0; i < REMEMBERED; i++)
        if (last[i] && strcmp(last[i], line) == 0) return false;
    free(last[next]);
    last[next] = strdup(line);
    next = (next + 1) % REMEMBERED;
    return true;
}

void queue_log(const char *fmt, ...)
{
    char line[BF_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    bf_printable(line);
    if (!is_news(line)) return;
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "line", line);
        print_json(o);
    } else {
        cli_print(stderr, "%s", line);
    }
}
