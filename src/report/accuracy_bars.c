#include <stdio.h>

#include "report/parts.h"

/* Labels, bars up to 100 %, values. */
#define BARS 170.0
#define BARS_END 318.0
#define ROW 20.0

static const struct {
    const char *label, *key, *style;
} bars[] = {
    {"encrypted", "accuracy.encrypted", "f"},
    {"same recipe, plaintext", "accuracy.plaintext_same_recipe", "s"},
    {"logistic regression", "accuracy.plaintext_lr", "s"},
};
#define COUNT (sizeof bars / sizeof *bars)

static size_t rows_of(const bf_report *r)
{
    size_t rows = 0;
    for (size_t i = 0; i < r->count; i++)
        for (size_t j = 0; j < COUNT; j++)
            rows += bf_run_find(r->run[i], bars[j].key) != NULL;
    return rows;
}

static void bar(FILE *to, const bf_report *r, size_t i, size_t j, size_t row)
{
    char label[80], style[32];
    double share = bf_run_number(r->run[i], bars[j].key);
    double y = (double)row * ROW, middle = y + ROW / 2 + 4;
    if (j == 0)
        snprintf(label, sizeof label, "%.11s, %s",
                 bf_run_string(r->run[i], "recipe").s, bars[j].label);
    else
        snprintf(label, sizeof label, "%s", bars[j].label);
    snprintf(style, sizeof style, "%s%zu%s", bars[j].style, i,
             j == COUNT - 1 ? " dash" : "");
    bf_svg_text(to, "soft", 0, middle, "%s", label);
    bf_svg_rect(to, style, BARS, y + 4,
                (BARS_END - BARS) * bf_svg_share(share, 1), ROW - 8);
    bf_svg_text(to, "end", BF_SVG_WIDTH, middle, "%s",
                bf_text_percent(share).s);
}

void bf_accuracy_bars(FILE *to, const bf_report *r)
{
    size_t row = 0;
    bf_svg_begin(to, (double)rows_of(r) * ROW, "Accuracy");
    for (size_t i = 0; i < r->count; i++)
        for (size_t j = 0; j < COUNT; j++)
            if (bf_run_find(r->run[i], bars[j].key)) bar(to, r, i, j, row++);
    bf_svg_end(to);
}
