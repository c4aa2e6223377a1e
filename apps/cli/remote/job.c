#include "remote/job.h"

#include <math.h>
#include <string.h>

/* ---- status -------------------------------------------------------------- */

const char *remote_text(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

double remote_number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

bool remote_state_is(const cJSON *status, const char *state)
{
    return strcmp(remote_text(status, "state"), state) == 0;
}

bool remote_is_submitted(const cJSON *status)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(status, "submitted"));
}

static bf_status ask(cJSON **out, remote_http *h, const char *method,
                     const char *name, const char *what)
{
    char path[128];
    remote_answer a = {0};
    snprintf(path, sizeof path, "/v1/jobs/%s%s%s", name, *what ? "/" : "",
             what);
    const remote_request r = {.method = method, .path = path};
    if (out) return remote_http_json(out, h, &r, 404);
    bf_status s = remote_http_ask(h, &r, &a, *what ? 0 : 404);
    remote_answer_clear(&a);
    return s;
}

bf_status remote_jobs(cJSON **out, remote_http *h)
{
    const remote_request r = {.method = "GET", .path = "/v1/jobs"};
    return remote_http_json(out, h, &r, 0);
}

bf_status remote_job_status(cJSON **out, remote_http *h, const char *name)
{
    return ask(out, h, "GET", name, "");
}

bf_status remote_job_do(remote_http *h, const char *name, const char *what)
{
    return ask(NULL, h, "POST", name, what);
}

bf_status remote_job_delete(remote_http *h, const char *name)
{
    return ask(NULL, h, "DELETE", name, "");
}

void remote_status_line(char *out, size_t room, const cJSON *status)
{
    const char *state = remote_text(status, "state");
    const char *line = remote_text(status, "line");
    double ahead = remote_number(status, "jobs_ahead");
    double share = remote_number(status, "progress");
    double left = remote_number(status, "seconds_left");
    char more[160] = "";
    if (remote_state_is(status, "uploading") && remote_is_submitted(status))
        state = "submitted";
    if (remote_state_is(status, "waiting") && ahead > 0)
        snprintf(more, sizeof more, ", %.0f job%s ahead", ahead,
                 ahead == 1 ? "" : "s");
    if (remote_state_is(status, "running") && share >= 0)
        snprintf(more, sizeof more, ", %s%s%s", bf_text_percent(share).s,
                 left >= 0 ? ", " : "",
                 left >= 0 ? bf_text_time(left).s : "");
    snprintf(out, room, "%s%s%s%s", state, more, *line ? ": " : "", line);
}

/* ---- waiting ------------------------------------------------------------- */

#define LOOK_EVERY 1.0
#define LOOK_EVERY_LATER 5.0 /* after so many looks as a job of minutes takes */
#define LOOKS_SOON 120
#define QUEUE_SECONDS 60.0 /* a queue that is at work looks every second */

bf_status remote_job_await_uploading(remote_http *h, const char *name)
{
    for (double end = cli_now() + QUEUE_SECONDS;;) {
        cJSON *status;
        BF_TRY(remote_job_status(&status, h, name));
        bool ready = remote_state_is(status, "uploading");
        cJSON_Delete(status);
        if (ready) return BF_OK;
        if (cli_now() > end)
            return bf_fail(BF_ERR_IO, "job '%s': the server still shows how an "
                           "earlier submission ended; is its queue at work?",
                           name);
        BF_TRY(remote_sleep(LOOK_EVERY));
    }
}

bf_status remote_job_verdict(const cJSON *status, const char *name)
{
    char line[BF_MESSAGE_BYTES];
    if (!status)
        return bf_fail(BF_ERR_IO, "the server has no job '%s'; it was "
                       "cancelled, or removed there", name);
    if (remote_state_is(status, "done")) return BF_OK;
    remote_status_line(line, sizeof line, status);
    if (remote_state_is(status, "failed") || remote_state_is(status, "refused"))
        return bf_fail(BF_ERR_IO, "job '%s' at the server: %s", name, line);
    if (!remote_is_submitted(status))
        return bf_fail(BF_ERR_IO, "job '%s' is not submitted; blindfit remote "
                       "push submits it", name);
    return bf_fail(BF_ERR_WAITING, "job '%s' at the server: %s", name, line);
}

/* Shows a state when it begins, and progress of one that has some. */
static void show(const cJSON *status, const char *name, char shown[256])
{
    char line[256];
    if (remote_state_is(status, "running")) {
        double share = remote_number(status, "progress");
        shown[0] = 0;
        if (share >= 0) cli_env.progress(NULL, "training there", share, 1);
        return;
    }
    remote_status_line(line, sizeof line, status);
    if (strcmp(line, shown) == 0) return;
    snprintf(shown, 256, "%s", line);
    cli_note("%s: job '%s': %s", cli_program(), name, line);
}

bf_status remote_job_wait(remote_http *h, const char *name)
{
    char shown[256] = "";
    for (int looks = 0;; looks++) {
        cJSON *status;
        BF_TRY(remote_job_status(&status, h, name));
        bf_status s = remote_job_verdict(status, name);
        if (s == BF_ERR_WAITING) show(status, name, shown);
        cJSON_Delete(status);
        if (s != BF_ERR_WAITING) return s;
        BF_TRY(remote_sleep(looks < LOOKS_SOON ? LOOK_EVERY
                                               : LOOK_EVERY_LATER));
    }
}
