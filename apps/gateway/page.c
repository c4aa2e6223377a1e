/* The owner's status for people: HTML that needs no script. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blindfit/text.h"
#include "gateway/gateway.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"refresh\" content=\"10\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>blindfit</title>\n<style>\n"
    "body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto;"
    " padding: 0 1em; }\n"
    "table { border-collapse: collapse; width: 100%; }\n"
    "th, td { text-align: left; padding: .3em .8em .3em 0;"
    " border-bottom: 1px solid #ccc; vertical-align: top; }\n"
    "progress { width: 10em; }\n"
    "@media (prefers-color-scheme: dark) {"
    " body { background: #181818; color: #ddd; } }\n"
    "</style>\n</head>\n<body>\n";

/* ---- values -------------------------------------------------------------- */

static void put(FILE *f, const char *text)
{
    for (; text && *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", f);
            break;
        case '>':
            fputs("&gt;", f);
            break;
        case '&':
            fputs("&amp;", f);
            break;
        case '"':
            fputs("&quot;", f);
            break;
        default:
            putc(*text, f);
        }
    }
}

static const char *text_of(const cJSON *o, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
}

/* NaN if there is none. */
static double number_of(const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

static void put_size(FILE *f, const char *what, double bytes)
{
    if (bytes >= 0) fprintf(f, "%s%s", what, bf_text_size(bytes).s);
}

static void put_time(FILE *f, const char *what, double seconds)
{
    if (seconds >= 0) fprintf(f, "%s%s", what, bf_text_time(seconds).s);
}

/* ---- a job --------------------------------------------------------------- */

static void put_state(FILE *f, const cJSON *job)
{
    double ahead = number_of(job, "jobs_ahead");
    double progress = number_of(job, "progress");
    put(f, text_of(job, "state"));
    if (ahead >= 0) fprintf(f, ", %.0f ahead", ahead);
    if (progress >= 0 && progress <= 1)
        fprintf(f, "<br><progress max=\"1\" value=\"%.3f\"></progress> %s",
                progress, bf_text_percent(progress).s);
    if (text_of(job, "phase")) fputs("<br>", f);
    put(f, text_of(job, "phase"));
    put_time(f, "<br>left: ", number_of(job, "seconds_left"));
    if (text_of(job, "line")) fputs("<br>", f);
    put(f, text_of(job, "line"));
}

/* What it takes, or took. */
static void put_needs(FILE *f, const cJSON *job)
{
    const cJSON *quote = cJSON_GetObjectItemCaseSensitive(job, "quote");
    if (number_of(job, "seconds") >= 0) {
        put_time(f, "took ", number_of(job, "seconds"));
        put_size(f, "<br>memory ", number_of(job, "peak_rss_bytes"));
        return;
    }
    put_time(f, "about ", number_of(quote, "seconds"));
    put_size(f, "<br>memory ", number_of(quote, "memory_bytes"));
    put_size(f, "<br>disk ", number_of(quote, "disk_bytes"));
}

static void put_files(FILE *f, const cJSON *job)
{
    const cJSON *file;
    cJSON_ArrayForEach(file, cJSON_GetObjectItemCaseSensitive(job, "files"))
    {
        double bytes = number_of(file, "bytes");
        double offset = number_of(file, "offset");
        put(f, text_of(file, "name"));
        put_size(f, " ", bytes);
        if (offset < bytes)
            fprintf(f, ", %s here", bf_text_percent(offset / bytes).s);
        fputs("<br>", f);
    }
}

static void put_job(FILE *f, const cJSON *job)
{
    fputs("<tr><td>", f);
    put(f, text_of(job, "job"));
    fputs("</td><td>", f);
    put_state(f, job);
    fputs("</td><td>", f);
    put_needs(f, job);
    fputs("</td><td>", f);
    put_files(f, job);
    fputs("</td></tr>\n", f);
}

/* ---- the page ------------------------------------------------------------ */

static void put_limit(FILE *f, const cJSON *o)
{
    const cJSON *l = cJSON_GetObjectItemCaseSensitive(o, "limits");
    put_size(f, "<p>A job may take memory of ", number_of(l, "memory_bytes"));
    put_time(f, "<p>A job may train for ", number_of(l, "seconds"));
    if (number_of(l, "jobs") >= 0)
        fprintf(f, "<p>Jobs at a time: %.0f", number_of(l, "jobs"));
}

static void put_page(FILE *f, const cJSON *o)
{
    const cJSON *job;
    const cJSON *jobs = cJSON_GetObjectItemCaseSensitive(o, "jobs");
    fputs(head, f);
    fputs("<h1>Jobs of ", f);
    put(f, text_of(o, "owner"));
    fprintf(f, "</h1>\n<p>%s of %s used.\n",
            bf_text_size(number_of(o, "used_bytes")).s,
            bf_text_size(number_of(o, "quota_bytes")).s);
    put_limit(f, o);
    fputs("<table>\n<tr><th>job</th><th>state</th><th>needs</th>"
          "<th>files</th></tr>\n",
          f);
    cJSON_ArrayForEach(job, jobs) put_job(f, job);
    fputs("</table>\n</body>\n</html>\n", f);
}

enum MHD_Result page_end(request *r)
{
    char *text = NULL;
    size_t bytes;
    cJSON *o = status_of_owner(r);
    if (!o) return reply_error(r);
    FILE *f = open_memstream(&text, &bytes);
    if (f) put_page(f, o);
    cJSON_Delete(o);
    if (!f || fclose(f) != 0) {
        free(text);
        return MHD_NO;
    }
    add_header(r, "Content-Security-Policy",
               "default-src 'none'; style-src 'unsafe-inline'");
    return reply_text(r, 200, "text/html; charset=utf-8", text);
}
