#include "report/weights.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "report/html.h"

#define SIDE_MAX 32768u
#define SHADES 5 /* of either sign */
#define NAME_MAX 16
/* The part of weights that is beyond the scale, in its strongest colours:
 * pixels that are seldom inked have weights that are many times larger than
 * most. */
#define LARGER 0.1

struct bf_weights {
    bf_pixels shape;
    bool roots; /* of pixels */
    size_t classes, features;
    float *at; /* [classes][features] */
};

/* ---- weights ------------------------------------------------------------- */

static bf_status check(const bf_model *m, const bf_pixels *p)
{
    if (p->height < 1 || p->height > SIDE_MAX || p->width < 1 ||
        p->width > SIDE_MAX || (p->channels != 1 && p->channels != 3))
        return bf_fail(BF_ERR_ARGUMENT,
                       "pixels: sides of 1 to %u and 1 or 3 colours are "
                       "possible, not %u x %u x %u",
                       SIDE_MAX, p->height, p->width, p->channels);
    if (m->expansion)
        return bf_fail(BF_ERR_ARGUMENT, "weights of random features, which are "
                                        "no pixels");
    size_t pixels = (size_t)p->height * p->width * p->channels;
    if (pixels != m->weights.cols - 1)
        return bf_fail(BF_ERR_MISMATCH,
                       "%zu features, but images of %u x %u x %u have %zu",
                       m->weights.cols - 1, p->height, p->width, p->channels,
                       pixels);
    return BF_OK;
}

bf_status bf_weights_create(bf_weights **out, const bf_model *m,
                            const bf_pixels *pixels)
{
    BF_TRY(check(m, pixels));
    bf_weights *w = bf_alloc_zero(sizeof *w);
    if (!w) return BF_ERR_MEMORY;
    w->shape = *pixels;
    w->roots = m->map == BF_MAP_SQRT;
    w->classes = m->weights.rows;
    w->features = m->weights.cols - 1;
    w->at = bf_alloc(w->classes * w->features * sizeof *w->at);
    if (!w->at) {
        bf_free(w);
        return BF_ERR_MEMORY;
    }
    for (size_t c = 0; c < w->classes; c++)
        for (size_t j = 0; j < w->features; j++)
            w->at[c * w->features + j] =
                (float)m->weights.data[c * m->weights.cols + 1 + j];
    *out = w;
    return BF_OK;
}

void bf_weights_destroy(bf_weights *w)
{
    if (!w) return;
    bf_free(w->at);
    bf_free(w);
}

static double weight(const bf_weights *w, size_t c, size_t channel, size_t y,
                     size_t x)
{
    const bf_pixels *p = &w->shape;
    size_t j = p->channels_first ? (channel * p->height + y) * p->width + x
                                 : (y * p->width + x) * p->channels + channel;
    return w->at[c * w->features + j];
}

/* ---- cells --------------------------------------------------------------- */

/* Means of squares of pixels, or of what is left of them at the edges. */
typedef struct cells {
    size_t side; /* pixels of a cell */
    size_t height, width, classes, channels;
    double scale; /* of the strongest colours */
    double *at;   /* [classes][channels][height][width] */
} cells;

static size_t over(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static double mean(const bf_weights *w, size_t c, size_t channel, size_t y0,
                   size_t x0, size_t side)
{
    double sum = 0, count = 0;
    for (size_t y = y0; y < y0 + side && y < w->shape.height; y++)
        for (size_t x = x0; x < x0 + side && x < w->shape.width; x++) {
            sum += weight(w, c, channel, y, x);
            count++;
        }
    return sum / count;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* From the weights that are not 0, as those of constant pixels are. */
static bf_status find_scale(cells *s, size_t count)
{
    double *sizes = bf_alloc(count * sizeof *sizes);
    size_t n = 0;
    if (!sizes) return BF_ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        if (s->at[i] != 0) sizes[n++] = fabs(s->at[i]);
    qsort(sizes, n, sizeof *sizes, by_size);
    if (n) s->scale = sizes[n - 1 - (size_t)(LARGER * (double)n)];
    bf_free(sizes);
    return BF_OK;
}

static bf_status make_cells(cells *s, const bf_weights *w, size_t most)
{
    size_t pictures = w->classes * w->shape.channels, side = 1, count, i = 0;
    while ((count = pictures * over(w->shape.height, side) *
                    over(w->shape.width, side)) > most &&
           side < SIDE_MAX)
        side++;
    *s = (cells){.side = side,
                 .height = over(w->shape.height, side),
                 .width = over(w->shape.width, side),
                 .classes = w->classes,
                 .channels = w->shape.channels};
    s->at = bf_alloc(count * sizeof *s->at);
    if (!s->at) return BF_ERR_MEMORY;
    for (size_t c = 0; c < s->classes; c++)
        for (size_t k = 0; k < s->channels; k++)
            for (size_t y = 0; y < s->height; y++)
                for (size_t x = 0; x < s->width; x++)
                    s->at[i++] = mean(w, c, k, y * side, x * side, side);
    return find_scale(s, count);
}

/* From -SHADES to SHADES. */
static int shade_of(const cells *s, double v)
{
    double shade = round(SHADES * bf_svg_share(fabs(v), s->scale));
    return (int)copysign(shade, v);
}

/* ---- pictures ------------------------------------------------------------ */

/* Cells of a shade in one path, as strokes of their height; neighbours are
 * joined. */
static void draw_shade(FILE *to, const cells *s, const double *at, int shade)
{
    bool any = false;
    for (size_t y = 0; y < s->height; y++)
        for (size_t x = 0; x < s->width; x++) {
            size_t end = x;
            while (end < s->width &&
                   shade_of(s, at[y * s->width + end]) == shade)
                end++;
            if (end == x) continue;
            if (!any)
                fprintf(to, "<path class=\"s%d\" stroke-opacity=\"%.2g\" d=\"",
                        shade < 0, abs(shade) / (double)SHADES);
            any = true;
            fprintf(to, "M%zu %zuh%zu", x, y, end - x);
            x = end - 1;
        }
    if (any) fputs("\"/>\n", to);
}

static void draw(FILE *to, const cells *s, size_t c, const char *name)
{
    static const char *const colours[] = {"red", "green", "blue"};
    for (size_t k = 0; k < s->channels; k++) {
        const double *at = s->at + (c * s->channels + k) * s->height * s->width;
        fprintf(to,
                "<svg class=\"px\" viewBox=\"0 -0.5 %zu %zu\" role=\"img\" "
                "aria-label=\"weights of ",
                s->width, s->height);
        bf_html_print(to, "%s%s%s", name, s->channels > 1 ? ", " : "",
                      s->channels > 1 ? colours[k] : "");
        fputs("\">\n", to);
        for (int shade = -SHADES; shade <= SHADES; shade++)
            if (shade) draw_shade(to, s, at, shade);
        fputs("</svg>\n", to);
    }
}

static void draw_scale(FILE *to, const cells *s)
{
    const double left = 106, cell = 17, middle = left + SHADES * cell;
    bf_svg_begin(to, 34, "Scale of the weights");
    for (int shade = 1; shade <= SHADES; shade++)
        for (int sign = -1; sign <= 1; sign += 2) {
            double x = middle + (sign > 0 ? shade - 1 : -shade) * cell;
            fprintf(to,
                    "<rect class=\"f%d\" fill-opacity=\"%.2g\" x=\"%.4g\" "
                    "y=\"2\" width=\"%g\" height=\"12\"/>\n",
                    sign < 0, shade / (double)SHADES, x, cell);
        }
    bf_svg_text(to, "soft end", left - 6, 12, "against the class");
    bf_svg_text(to, "soft", middle + SHADES * cell + 6, 12, "for the class");
    bf_svg_text(to, "mid", left, 29, "%.2g", -s->scale);
    bf_svg_text(to, "mid", middle, 29, "0");
    bf_svg_text(to, "mid", middle + SHADES * cell, 29, "%.2g", s->scale);
    bf_svg_end(to);
}

static void describe(FILE *to, const bf_weights *w, const cells *s)
{
    fputs("<p>", to);
    bf_html_print(to, "A picture for each class has a square for ");
    if (s->side == 1)
        bf_html_print(to, "each pixel");
    else
        bf_html_print(to, "the mean of %zu x %zu pixels", s->side, s->side);
    bf_html_print(to, "%s. One weight in ten is beyond the scale.%s",
                  w->roots ? "; weights are of the pixels' square roots" : "",
                  s->channels > 1 ? " Red, green and blue have pictures of "
                                    "their own, from above."
                                  : "");
    fputs("</p>\n", to);
}

bf_status bf_part_weights(FILE *to, const bf_weights *w, const cJSON *names,
                          size_t cells_max)
{
    cells s;
    char name[BF_CLASS_BYTES];
    bf_status status = make_cells(&s, w, cells_max);
    if (status == BF_OK) {
        fputs("<h2>Weights of the pixels</h2>\n", to);
        describe(to, w, &s);
        draw_scale(to, &s);
        fputs("<div class=\"pictures\">\n", to);
        for (size_t c = 0; c < s.classes; c++) {
            bf_run_class(name, names, c, NAME_MAX);
            fputs("<figure>\n", to);
            draw(to, &s, c, name);
            bf_html_element(to, "figcaption", "%s", name);
            fputs("</figure>\n", to);
        }
        fputs("</div>\n", to);
    }
    bf_free(s.at);
    return status;
}
