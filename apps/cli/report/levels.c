#include <math.h>

#include "report/parts.h"

/* Labels, bars up to the limit, the wall behind it, bits, and errors. */
#define BARS 104.0
#define LIMIT 258.0
#define BITS_END 318.0
#define WALL 8.0
#define ROW 20.0
#define TOP 18.0
#define STEPS_MAX 16 /* of iterations in the picture */

static void row(FILE *to, size_t i, const char *name, double bits, double limit)
{
    double y = TOP + (double)i * ROW;
    svg_text(to, "soft", 0, y + ROW / 2 + 4, "%s", name);
    svg_rect(to, "f0", BARS, y + 3, (LIMIT - BARS) * svg_share(bits, limit),
             ROW - 6);
    svg_text(to, "end", BITS_END, y + ROW / 2 + 4, "%.0f bits", bits);
}

static void iteration(FILE *to, size_t i, const cJSON *step, double limit)
{
    char name[32];
    snprintf(name, sizeof name, "after iteration %.0f",
             report_number(step, "iteration"));
    row(to, i, name, report_number(step, "log2_q"), limit);
    if (report_find(step, "weight_noise"))
        svg_text(to, "end", SVG_WIDTH, TOP + ((double)i + 0.5) * ROW + 4,
                 "%.1e", report_number(step, "weight_noise"));
}

/* Rows and weights lose primes with every multiplication, until an iteration
 * more would have none left. */
static void ladder(FILE *to, const cJSON *run, const cJSON *levels)
{
    double limit = report_number(run, "log2_qp_limit");
    size_t count = (size_t)cJSON_GetArraySize(levels), at = 2, i = 0;
    size_t stride = (count + STEPS_MAX - 1) / STEPS_MAX;
    size_t drawn = 2 + (count + stride - 1) / stride;
    const cJSON *step;
    svg_begin(to, TOP + (double)drawn * ROW + 2,
              "Bits of the modulus, and the limit for 128 bits of security");
    svg_text(to, "end", LIMIT + WALL, 12, "128-bit limit: %.0f bits", limit);
    svg_rect(to, "f1", LIMIT, TOP, WALL, (double)drawn * ROW);
    svg_text(to, "end", SVG_WIDTH, 12, "error");
    row(to, 0, "keys, with P", report_number(run, "log2_qp"), limit);
    row(to, 1, "at the start", report_number(run, "log2_q"), limit);
    cJSON_ArrayForEach(step, levels)
    {
        /* The last iteration is always among them. */
        if (++i % stride == count % stride) iteration(to, at++, step, limit);
    }
    svg_end(to);
}

/* The noise of the last iteration: the model's. */
static void noise(FILE *to, const cJSON *run, const cJSON *levels)
{
    const cJSON *last =
        cJSON_GetArrayItem(levels, cJSON_GetArraySize(levels) - 1);
    double error = report_number(last, "weight_noise");
    double typical = report_number(run, "typical_weight");
    if (!(error > 0) || !(typical > 0)) return;
    html_element(to, "p",
                 "Noise: the error expected of a weight is %.2g, and a "
                 "typical weight is %.2g. Noise leaves %.1f bits of it.",
                 error, typical, log2(typical) - log2(error));
}

void report_levels(FILE *to, const cJSON *run)
{
    const cJSON *levels = report_list(run, "levels");
    fputs("<h2>Levels and noise</h2>\n", to);
    if (!cJSON_GetArraySize(levels) || !report_find(run, "log2_qp_limit") ||
        !report_find(run, "log2_q")) {
        html_element(to, "p",
                     "This report does not have the levels of "
                     "iterations.");
        return;
    }
    html_element(to, "p",
                 "Each multiplication takes a prime off the modulus. "
                 "A larger modulus has room for more of them, until at this "
                 "ring degree, %s, it would be too weak.",
                 cli_count(report_number(run, "ring_degree")).s);
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(run, "refreshed")))
        html_element(to, "p",
                     "Weights are refreshed after each iteration, "
                     "which gives them new primes.");
    ladder(to, run, levels);
    noise(to, run, levels);
}
