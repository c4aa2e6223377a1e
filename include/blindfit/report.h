/* Reports of runs and plans: as a page with pictures, as a part of another
 * page, or as text.
 *
 *   bf_report *r;
 *   char *page;
 *   bf_report_create(&r);
 *   bf_report_add(r, "fit.json", text, bytes);
 *   bf_report_render(&page, r, BF_REPORT_PAGE);
 *
 * A run is the JSON object that `fit --json` prints, and a plan that of `plan
 * --json`, or of `party show --json` (docs/json.md). Any may come from
 * elsewhere: text in it is escaped, numbers that no run can have count as
 * missing, and a report says what it lacks. */
#ifndef BLINDFIT_REPORT_H
#define BLINDFIT_REPORT_H

#include "blindfit/train.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BF_REPORT_RUNS_MAX 4

typedef struct bf_report bf_report;
BF_OWNER_API BF_MUST_CHECK bf_status bf_report_create(bf_report **out);
BF_OWNER_API void bf_report_destroy(bf_report *r);

/* Appends a run, or a plan, and copies its name, by which the report and its
 * errors call it: a file's. BF_ERR_FORMAT unless the text is JSON with a recipe
 * and the accuracy of a run or the keys of a plan; BF_ERR_ARGUMENT for more
 * than BF_REPORT_RUNS_MAX. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_report_add(bf_report *r,
                                                   const char *name,
                                                   const char *json,
                                                   size_t bytes);

/* The features of a row are the pixels of an image, [height][width][channels]
 * or, with channels_first, [channels][height][width]. channels: 1 or 3. */
typedef struct bf_pixels {
    unsigned height, width, channels;
    bool channels_first;
} bf_pixels;
/* Pages show the weights of a run, from 0, as pictures. The model is copied.
 * BF_ERR_ARGUMENT for no such run, and for weights of random features;
 * BF_ERR_MISMATCH unless the model has the run's number of classes and
 * features, and an image as many pixels. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_report_weights(bf_report *r, size_t run,
                                                       const bf_model *m,
                                                       const bf_pixels *pixels);

typedef enum bf_report_form {
    BF_REPORT_PAGE, /* HTML: a file without scripts, and without anything from
                     * elsewhere, of less than 300 kB */
    BF_REPORT_FRAGMENT, /* HTML: the same as a <div> with a style of its own */
    BF_REPORT_TABLE,    /* text: figures of the runs side by side */
    BF_REPORT_CURVE     /* text: accuracy by iteration, for gnuplot.
                         * BF_ERR_FORMAT naming a run without it */
} bf_report_form;
/* At least one run or plan. Free *text with bf_free. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_report_render(char **text,
                                                      const bf_report *r,
                                                      bf_report_form form);
/* The same to a file, which appears whole or not at all. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_report_save(const bf_report *r,
                                                    bf_report_form form,
                                                    const char *path);

#ifdef __cplusplus
}
#endif

#endif
