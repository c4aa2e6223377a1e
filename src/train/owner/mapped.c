#include "train/owner/mapped.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "train/owner/product.h"

/* A centred binomial of 64 coins: variance 16. */
static double coins(bf_stream *s)
{
    return (double)__builtin_popcountll(bf_stream_u64(s)) - 32;
}

/* Feature i has its own stream, so that a smaller expansion is the beginning of
 * a larger expansion. */
static void draw(void *user, size_t i)
{
    bf_mapped *m = user;
    uint8_t seed[BF_SEED_BYTES] = {0};
    size_t d = m->x.cols;
    bf_stream s;
    bf_put_u64(seed, m->expansion->of.seed);
    bf_stream_init(&s, seed, "blindfit-relu", i, 0);
    for (size_t j = 0; j < d; j++) m->random[i * d + j] = coins(&s) / 4;
    m->offset[i] = coins(&s) / 8;
}

bf_status bf_mapped_init(bf_mapped *m, bf_feature_map map, const bf_view *x,
                         const bf_expansion *expansion)
{
    *m = (bf_mapped){.map = map,
                     .x = *x,
                     .cols = expansion ? expansion->of.count : x->cols,
                     .expansion = expansion};
    if (!expansion) return BF_OK;
    size_t values;
    BF_TRY(bf_random_init());
    if (!bf_mul_size(m->cols, x->cols * sizeof(double), &values))
        return BF_ERR_MEMORY;
    m->random = bf_alloc(values);
    m->offset = bf_alloc(m->cols * sizeof(double));
    m->block = bf_alloc(bf_block_rows(x->rows, 0) * x->cols * sizeof(double));
    if (!m->random || !m->offset || !m->block) {
        bf_mapped_clear(m);
        return BF_ERR_MEMORY;
    }
    bf_parallel(m->cols, draw, m);
    return BF_OK;
}

void bf_mapped_clear(bf_mapped *m)
{
    bf_free(m->random);
    bf_free(m->offset);
    bf_free(m->block);
    *m = (bf_mapped){0};
}

static void standardise(double *block, const bf_expansion *e, size_t rows)
{
    for (size_t i = 0; i < rows; i++, block += e->inputs)
        for (size_t j = 0; j < e->inputs; j++)
            block[j] = (block[j] - e->mean[j]) * e->scale[j];
}

static void rectify(double *out, const double *offset, size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows; i++, out += cols)
        for (size_t j = 0; j < cols; j++) {
            double v = out[j] + offset[j];
            out[j] = v < 0 ? 0 : v; /* NaN stays NaN */
        }
}

void bf_mapped_rows(double *out, const bf_mapped *m, size_t first, size_t count)
{
    size_t d = m->x.cols;
    if (!m->expansion) {
        bf_map_rows(out, m->map, &m->x, first, count);
        return;
    }
    bf_map_rows(m->block, m->map, &m->x, first, count);
    standardise(m->block, m->expansion, count);
    bf_multiply(&(bf_product){.rows = count,
                              .cols = m->cols,
                              .depth = d,
                              .alpha = 1,
                              .a = {m->block, d, false},
                              .b = {m->random, d, true},
                              .c = out,
                              .stride = m->cols});
    rectify(out, m->offset, count, m->cols);
}

bf_status bf_model_expansion(bf_matrix *layer, const bf_model *m)
{
    const bf_expansion *e = m->expansion;
    if (!e) return bf_fail(BF_ERR_ARGUMENT, "the model has no random features");
    size_t d = e->inputs;
    bf_matrix out = {0};
    bf_mapped drawn;
    BF_TRY(bf_mapped_init(&drawn, m->map, &(bf_view){.rows = 1, .cols = d}, e));
    bf_status s = bf_matrix_init(&out, drawn.cols, d + 1);
    for (size_t i = 0; i < out.rows; i++) {
        double *row = out.data + i * (d + 1);
        row[0] = drawn.offset[i];
        for (size_t j = 0; j < d; j++) {
            row[j + 1] = drawn.random[i * d + j] * e->scale[j];
            row[0] -= row[j + 1] * e->mean[j];
        }
    }
    bf_mapped_clear(&drawn);
    if (s == BF_OK) *layer = out;
    return s;
}

bf_status bf_expansion_fit(bf_expansion *e, bf_feature_map map,
                           const bf_view *x)
{
    bf_mapped m;
    size_t vary = 0;
    BF_TRY(bf_mapped_init(&m, map, x, NULL));
    bf_status s = bf_column_moments(e->mean, e->scale, &m);
    bf_mapped_clear(&m);
    BF_TRY(s);
    for (size_t j = 0; j < e->inputs; j++) vary += e->scale[j] > 0;
    for (size_t j = 0; j < e->inputs; j++)
        if (e->scale[j] > 0)
            e->scale[j] = 1 / (e->scale[j] * sqrt((double)vary));
    return BF_OK;
}

uint64_t bf_fingerprint(const bf_view *x)
{
    uint64_t h = x->rows, bits;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++) {
            double v = bf_view_at(x, i, j);
            memcpy(&bits, &v, sizeof bits);
            h = (h ^ bits) * 0x9e3779b97f4a7c15; /* odd: a bijection of h */
            h = h << 31 | h >> 33;
        }
    return h ? h : 1;
}
