#include <math.h>
#include <stdio.h>

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
    bf_svg_text(to, "soft", 0, y + ROW / 2 + 4, "%s", name);
    bf_svg_rect(to, "f0", BARS, y + 3,
                (LIMIT - BARS) * bf_svg_share(bits, limit), ROW - 6);
    bf_svg_text(to, "end", BITS_END, y + ROW / 2 + 4, "%.0f bits", bits);
}

static void iteration(FILE *to, size_t i, const cJSON *step, double limit)
{
    char name[32];
    snprintf(name, sizeof name, "after iteration %.0f",
             bf_run_number(step, "iteration"));
    row(to, i, name, bf_run_number(step, "log2_q"), limit);
    if (bf_run_find(step, "weight_noise"))
        bf_svg_text(to, "end", BF_SVG_WIDTH, TOP + ((double)i + 0.5) * ROW + 4,
                    "%.1e", bf_run_number(step, "weight_noise"));
}

/* Rows and weights lose primes with every multiplication, until an iteration
 * more would have none left. */
static void ladder(FILE *to, const cJSON *run, const cJSON *levels)
{
    double limit = bf_run_number(run, "log2_qp_limit");
    size_t count = (size_t)cJSON_GetArraySize(levels), at = 2, i = 0;
    size_t stride = (count + STEPS_MAX - 1) / STEPS_MAX;
    size_t drawn = 2 + (count + stride - 1) / stride;
    const cJSON *step;
    bf_svg_begin(to, TOP + (double)drawn * ROW + 2,
                 "Bits of the modulus, and the limit for 128 bits of security");
    bf_svg_text(to, "end", LIMIT + WALL, 12, "128-bit limit: %.0f bits", limit);
    bf_svg_rect(to, "f1", LIMIT, TOP, WALL, (double)drawn * ROW);
    bf_svg_text(to, "end", BF_SVG_WIDTH, 12, "error");
    row(to, 0, "keys, with P", bf_run_number(run, "log2_qp"), limit);
    row(to, 1, "at the start", bf_run_number(run, "log2_q"), limit);
    cJSON_ArrayForEach(step, levels)
    {
        /* The last iteration is always among them. */
        if (++i % stride == count % stride) iteration(to, at++, step, limit);
    }
    bf_svg_end(to);
}

/* The noise of the last iteration: the model's. */
static void noise(FILE *to, const cJSON *run, const cJSON *levels)
{
    const cJSON *last =
        cJSON_GetArrayItem(levels, cJSON_GetArraySize(levels) - 1);
    double error = bf_run_number(last, "weight_noise");
    double typical = bf_run_number(run, "typical_weight");
    if (!(error > 0) || !(typical > 0)) return;
    bf_html_element(to, "p",
                    "Noise: the error expected of a weight is %.2g, and a "
                    "typical weight is %.2g. Noise leaves %.1f bits of it.",
                    error, typical, log2(typical) - log2(error));
}

void bf_part_levels(FILE *to, const cJSON *run)
{
    const cJSON *levels = bf_run_list(run, "levels");
    fputs("<h2>Levels and noise</h2>\n", to);
    if (!cJSON_GetArraySize(levels) || !bf_run_find(run, "log2_qp_limit") ||
        !bf_run_find(run, "log2_q")) {
        bf_html_element(to, "p",
                        "This report does not have the levels of "
                        "iterations.");
        return;
    }
    bf_html_element(to, "p",
                    "Each multiplication takes a prime off the modulus. "
                    "A larger modulus has room for more of them, until at this "
                    "ring degree, %s, it would be too weak.",
                    bf_text_count(bf_run_number(run, "ring_degree")).s);
    if (bf_run_true(run, "refreshed"))
        bf_html_element(to, "p",
                        "Weights are refreshed after each iteration, "
                        "which gives them new primes.");
    ladder(to, run, levels);
    noise(to, run, levels);
}
