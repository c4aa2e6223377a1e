#include "linalg/layout.h"

#include <string.h>

#include "base/bits.h"
#include "base/memory.h"

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

bf_block bf_layout_block(const bf_layout *l, size_t block)
{
    bf_block b;
    size_t full = ceil_div(l->batch, l->t);
    size_t left = l->places - block * l->batch;
    b.first_chunk = block * full;
    b.chunks = left < l->batch ? ceil_div(left, l->t) : full;
    b.first_group = block * ceil_div(full * l->classes, l->k);
    b.outs = b.chunks * l->classes;
    b.groups = ceil_div(b.outs, l->k);
    return b;
}

static size_t gcd(size_t a, size_t b)
{
    return b ? gcd(b, a % b) : a;
}

size_t bf_layout_period(const bf_layout *l)
{
    return l->classes / gcd(l->classes, l->k);
}

static size_t period_chunks(const bf_layout *l)
{
    return l->k / gcd(l->classes, l->k);
}

size_t bf_layout_most_parts(const bf_layout *l)
{
    return ceil_div(bf_layout_block(l, 0).chunks, period_chunks(l));
}

/* Periods of the last part may be of fewer chunks, so that the part gets no
 * fewer periods than others. */
bf_block bf_layout_part(const bf_layout *l, size_t block, size_t part,
                        size_t parts)
{
    bf_block all = bf_layout_block(l, block), b = all;
    size_t chunks = period_chunks(l), periods = ceil_div(all.chunks, chunks);
    size_t first = part * periods / parts, end = (part + 1) * periods / parts;
    size_t end_chunk = end == periods ? all.chunks : end * chunks;
    b.first_chunk += first * chunks;
    b.chunks = end_chunk - first * chunks;
    b.first_group += first * bf_layout_period(l);
    b.outs = b.chunks * l->classes;
    b.groups = ceil_div(b.outs, l->k);
    return b;
}

size_t bf_layout_chunk_block(const bf_layout *l, size_t chunk)
{
    return chunk / ceil_div(l->batch, l->t);
}

size_t bf_layout_group_block(const bf_layout *l, size_t group)
{
    return group / bf_layout_block(l, 0).groups;
}

void bf_layout_rows(const bf_layout *l, size_t chunk, size_t *first,
                    size_t *count)
{
    size_t full = ceil_div(l->batch, l->t);
    size_t block = bf_layout_chunk_block(l, chunk);
    size_t begin = block * l->batch, within = chunk % full * l->t;
    size_t left = l->places - begin, rows = left < l->batch ? left : l->batch;
    *first = begin + within;
    *count = rows - within < l->t ? rows - within : l->t;
}

static bf_status count_chunks(bf_layout *l)
{
    l->blocks = ceil_div(l->places, l->batch);
    bf_block last = bf_layout_block(l, l->blocks - 1);
    l->chunks = last.first_chunk + last.chunks;
    l->groups = last.first_group + last.groups;
    if (l->chunks <= BF_LAYOUT_MOST / (l->pairs + l->classes)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "layout: %zu chunks of rows, %zu ciphertexts each and "
                   "scores of %zu classes, are too many",
                   l->chunks, l->pairs, l->classes);
}

bf_status bf_layout_make(bf_layout *out, unsigned log_n, size_t n, size_t cols,
                         size_t classes, size_t batch, size_t f, size_t k)
{
    size_t half = (size_t)1 << (log_n - 1);
    if (n == 0 || cols == 0 || classes < 2)
        return bf_fail(BF_ERR_ARGUMENT,
                       "layout of %zu samples, %zu columns, %zu classes", n,
                       cols, classes);
    if (!bf_is_power_of_two(f) || !bf_is_power_of_two(k) || k > f || f > half)
        return bf_fail(BF_ERR_ARGUMENT, "layout with F=%zu, K=%zu", f, k);
    bf_layout l = {.n = n, .cols = cols, .classes = classes, .log_n = log_n};
    l.f = f;
    l.k = k;
    l.t = half / f;
    l.places = n;
    l.batch = batch && batch < n ? batch : n;
    l.pairs = ceil_div(cols, 2 * f);
    l.m = l.pairs * classes;
    l.log_m = bf_log2_ceil(l.m);
    if (((size_t)1 << l.log_m) > l.t)
        return bf_fail(BF_ERR_ARGUMENT,
                       "layout: %zu weight elements do not fit %zu places",
                       l.m, l.t);
    BF_TRY(count_chunks(&l));
    *out = l;
    return BF_OK;
}

/* Where an owner begins of whose `left` rows, with those of later owners, `own`
 * are its own, if the next free place is `at`. */
static size_t next_first(const bf_layout *l, size_t at, size_t own, size_t left)
{
    size_t whole = ceil_div(l->n, l->t), most = whole + whole / 4;
    size_t next = ceil_div(at, l->t) * l->t;
    size_t reached = ceil_div(at + own, l->t) - at / l->t;
    bool fits = next + left <= most * l->t;
    return reached > ceil_div(own, l->t) && fits ? next : at;
}

size_t bf_layout_first(const bf_layout *l, const size_t *rows, unsigned owner)
{
    size_t left = l->n, first = next_first(l, 0, rows[0], left);
    for (unsigned i = 0; i < owner; i++) {
        left -= rows[i];
        first = next_first(l, first + rows[i], rows[i + 1], left);
    }
    return first;
}

bf_status bf_layout_check_owners(size_t n, const size_t *rows, unsigned owners)
{
    size_t sum = 0;
    for (unsigned i = 0; i < owners; i++) {
        if (rows[i] == 0)
            return bf_fail(BF_ERR_ARGUMENT, "owner %u of %u has no rows", i + 1,
                           owners);
        sum = rows[i] <= n - sum ? sum + rows[i] : SIZE_MAX;
        if (sum == SIZE_MAX) break;
    }
    if (sum == n) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "owners have %s than the job's %zu rows",
                   sum < n ? "fewer" : "more", n);
}

bf_status bf_layout_divide(bf_layout *l, const size_t *rows, unsigned owners)
{
    bf_layout made = *l;
    BF_TRY(bf_layout_check_owners(l->n, rows, owners));
    if (l->blocks > 1)
        return bf_fail(BF_ERR_ARGUMENT, "layout: batches of rows that are "
                       "split among owners");
    made.places = bf_layout_first(l, rows, owners - 1) + rows[owners - 1];
    made.batch = made.places;
    BF_TRY(count_chunks(&made));
    *l = made;
    return BF_OK;
}

bf_status bf_layout_widen(bf_layout *l, unsigned log_m)
{
    if (log_m <= l->log_m) return BF_OK;
    if (log_m >= l->log_n || (size_t)1 << log_m > l->t)
        return bf_fail(BF_ERR_ARGUMENT,
                       "layout: 2^%u weight elements do not fit %zu places",
                       log_m, l->t);
    l->log_m = log_m;
    return BF_OK;
}

void bf_layout_group_rows(const bf_layout *l, size_t group, size_t *first,
                          size_t *count)
{
    size_t per_block = bf_layout_block(l, 0).groups, g = group % per_block;
    bf_block b = bf_layout_block(l, group / per_block);
    size_t out = g * l->k, last = out + bf_block_group_size(l, &b, g) - 1;
    size_t end;
    bf_layout_rows(l, b.first_chunk + out / l->classes, first, count);
    bf_layout_rows(l, b.first_chunk + last / l->classes, &end, count);
    *count += end - *first;
}

void bf_layout_x_part(const bf_layout *l, const bf_matrix *u, size_t first,
                      size_t chunk, size_t pair, double complex *slots)
{
    size_t begin, rows, column = 2 * pair * l->f;
    bf_layout_rows(l, chunk, &begin, &rows);
    memset(slots, 0, l->f * l->t * sizeof *slots);
    for (size_t s = 0; s < rows; s++) {
        size_t own = begin + s - first; /* wraps for rows before the first */
        if (own >= u->rows) continue;
        const double *row = u->data + own * l->cols;
        for (size_t f = 0; f < l->f; f++) {
            size_t re = column + f, im = re + l->f;
            slots[s * l->f + f] = CMPLX(re < l->cols ? row[re] : 0,
                                        im < l->cols ? row[im] : 0);
        }
    }
}

void bf_layout_x(const bf_layout *l, const bf_matrix *u, size_t chunk,
                 size_t pair, double complex *slots)
{
    bf_layout_x_part(l, u, 0, chunk, pair, slots);
}

/* Labels of the column that class *c belongs to; *c becomes its number there.
 */
static const int32_t *column_of(const bf_labels *labels, size_t n, size_t *c)
{
    unsigned column = 0;
    for (; *c >= labels->classes[column]; column++)
        *c -= labels->classes[column];
    return labels->at + column * n;
}

void bf_layout_y_part(const bf_layout *l, const bf_labels *labels,
                      size_t first, size_t count, size_t group, double *slots)
{
    size_t per_block = bf_layout_block(l, 0).groups, g = group % per_block;
    bf_block b = bf_layout_block(l, group / per_block);
    memset(slots, 0, l->f * l->t * sizeof *slots);
    for (size_t i = 0; i < bf_block_group_size(l, &b, g); i++) {
        size_t out = g * l->k + i, c = out % l->classes, begin, rows;
        bf_layout_rows(l, b.first_chunk + out / l->classes, &begin, &rows);
        const int32_t *column = column_of(labels, count, &c);
        for (size_t s = 0; s < rows; s++) {
            size_t own = begin + s - first; /* as above */
            if (own >= count) continue;
            bool hit = column[own] == (int32_t)c;
            for (size_t f = i; f < l->f; f += l->k)
                slots[s * l->f + f] = hit ? 0.5 : -0.5;
        }
    }
}

void bf_layout_y(const bf_layout *l, const bf_labels *labels, size_t group,
                 double *slots)
{
    bf_layout_y_part(l, labels, 0, l->n, group, slots);
}

/* Elements of period F are the ring of degree 2F in Y = X^T: coefficient
 * Y^j X^{u m} is coefficient j*T + u*m of the packed polynomial. */
static size_t weight_place(const bf_layout *l, size_t m, size_t j)
{
    return j * l->t + (l->t >> l->log_m) * m;
}

void bf_layout_weight_places(const bf_layout *l, uint32_t *places)
{
    for (size_t m = 0; m < l->m; m++)
        for (size_t j = 0; j < 2 * l->f; j++)
            places[m * 2 * l->f + j] = (uint32_t)weight_place(l, m, j);
}

bf_status bf_layout_pack_weights(const bf_layout *l, const bf_matrix *weights,
                                 double *coeffs)
{
    double complex *slots = bf_secret_alloc(l->f * sizeof *slots);
    double *small = bf_secret_alloc(2 * l->f * sizeof *small);
    bf_status status = slots && small ? BF_OK : BF_ERR_MEMORY;
    memset(coeffs, 0, 2 * l->f * l->t * sizeof *coeffs);
    for (size_t m = 0; m < l->m && status == BF_OK; m++) {
        const double *row = weights->data + m % l->classes * l->cols;
        for (size_t f = 0; f < l->f; f++) {
            size_t re = 2 * (m / l->classes) * l->f + f, im = re + l->f;
            slots[f] = CMPLX(re < l->cols ? row[re] : 0,
                             im < l->cols ? row[im] : 0);
        }
        status = bf_embed_inverse(small, slots, bf_log2_ceil(2 * l->f));
        for (size_t j = 0; j < 2 * l->f && status == BF_OK; j++)
            coeffs[weight_place(l, m, j)] = small[j];
    }
    bf_secret_free(slots);
    bf_secret_free(small);
    return status;
}

bf_status bf_layout_unpack_weights(const bf_layout *l, const double *coeffs,
                                   bf_matrix *weights)
{
    double complex *slots = bf_secret_alloc(l->f * sizeof *slots);
    double *small = bf_secret_alloc(2 * l->f * sizeof *small);
    bf_matrix made = {0};
    bf_status status = slots && small ? BF_OK : BF_ERR_MEMORY;
    if (status == BF_OK) status = bf_matrix_init(&made, l->classes, l->cols);
    for (size_t m = 0; m < l->m && status == BF_OK; m++) {
        double *row = made.data + m % l->classes * l->cols;
        for (size_t j = 0; j < 2 * l->f; j++)
            small[j] = coeffs[weight_place(l, m, j)];
        status = bf_embed_forward(slots, small, bf_log2_ceil(2 * l->f));
        for (size_t f = 0; f < l->f && status == BF_OK; f++) {
            size_t re = 2 * (m / l->classes) * l->f + f, im = re + l->f;
            if (re < l->cols) row[re] = creal(slots[f]);
            if (im < l->cols) row[im] = cimag(slots[f]);
        }
    }
    bf_secret_free(slots);
    bf_secret_free(small);
    if (status == BF_OK)
        *weights = made;
    else
        bf_matrix_clear(&made);
    return status;
}
