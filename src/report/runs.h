/* Runs and plans, as reports read them: the JSON of fit and plan. */
#ifndef BF_REPORT_RUNS_H
#define BF_REPORT_RUNS_H

#include <cjson/cJSON.h>

#include "blindfit/report.h"
#include "blindfit/text.h"

typedef struct bf_weights bf_weights; /* weights.h */

struct bf_report {
    char *name[BF_REPORT_RUNS_MAX];
    cJSON *run[BF_REPORT_RUNS_MAX];
    bf_weights *weights[BF_REPORT_RUNS_MAX]; /* or NULL */
    size_t count;
};

/* Whether the report knows the accuracy of a model; else it is a plan. */
bool bf_run_judged(const cJSON *run);

/* The file's name without folders. */
const char *bf_run_name(const bf_report *r, size_t i);

/* Finds "group.key" or "key"; NULL if it is missing, or no number that
 * a run can have. */
const cJSON *bf_run_find(const cJSON *run, const char *key);
double bf_run_number(const cJSON *run, const char *key); /* 0 if missing */
bool bf_run_true(const cJSON *run, const char *key);
/* An array, or NULL. */
const cJSON *bf_run_list(const cJSON *run, const char *key);
/* Printable; "" if missing. */
bf_text bf_run_string(const cJSON *run, const char *key);
/* "test", "training" or "-". */
const char *bf_run_judged_on(const cJSON *run);

/* At most so many characters, not bytes, of the name of a class in a list of
 * names, or its number; returns how many. */
#define BF_CLASS_BYTES 64
int bf_run_class(char out[BF_CLASS_BYTES], const cJSON *names, size_t i,
                 int most);

/* Accuracies, from 0 to 1, after the iterations that the report knows, at least
 * the last: all if fit had --every-iteration. One of the two may be missing,
 * and is NaN. Plans have none. */
typedef struct bf_run_point {
    double iteration, encrypted, twin;
} bf_run_point;
typedef struct bf_run_curve {
    size_t count;
    bf_run_point at[BF_MAX_ITERATIONS];
} bf_run_curve;
void bf_run_curve_of(bf_run_curve *out, const cJSON *run);

#endif
