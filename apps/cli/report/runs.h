/* Reports of fit --json, as report reads them. */
#ifndef BF_CLI_RUNS_H
#define BF_CLI_RUNS_H

#include "cli.h"

#define REPORT_RUNS_MAX CLI_OPERANDS_MAX

typedef struct report_runs {
    const char *path[REPORT_RUNS_MAX];
    cJSON *run[REPORT_RUNS_MAX];
    size_t count;
} report_runs;

/* Appends the report in a file. BF_ERR_FORMAT unless the file is one: other
 * commands' JSON has no encrypted accuracy beside a recipe. */
BF_MUST_CHECK bf_status report_read(report_runs *r, const char *path);
void report_clear(report_runs *r);

/* Finds "group.key" or "key"; NULL if it is missing, or no number that
 * a run can have. */
const cJSON *report_find(const cJSON *run, const char *key);
double report_number(const cJSON *run, const char *key); /* 0 if missing */
/* An array, or NULL. */
const cJSON *report_list(const cJSON *run, const char *key);
/* Printable; "" if missing. */
cli_text report_string(const cJSON *run, const char *key);
/* "test", "training" or "-". */
const char *report_judged_on(const cJSON *run);

/* Accuracies, from 0 to 1, after the iterations that the report knows, at least
 * the last: all if fit had --every-iteration. The twin's is NaN if missing. */
typedef struct report_point {
    double iteration, encrypted, twin;
} report_point;
typedef struct report_curve {
    size_t count;
    report_point at[BF_MAX_ITERATIONS];
} report_curve;
void report_curve_of(report_curve *out, const cJSON *run);

#endif
