/* Sums over the rows of all owners, and the transform that follows from the
 * sums. */
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/owner/party_part.h"
#include "train/owner/sealed.h"
#include "train/owner/session_check.h"

static size_t bytes_of(const bf_pooling *pool, bf_pooled_sum sum)
{
    return bf_pooled_count(pool, sum) * bf_pooled_width(sum);
}

/* ---- this owner's -------------------------------------------------------- */

bf_status bf_party_mask(uint8_t *vector, size_t count, unsigned width,
                        const bf_party_run *p, const char *name)
{
    bf_sum_owner own = {.secret = p->id.seal, .owners = p->session->owners,
                        .number = p->me, .session = p->session->id};
    for (unsigned k = 0; k < own.owners; k++)
        own.publics[k] = p->session->owner[k].party.seal;
    return bf_sum_mask(vector, count, width, &own, name);
}

static bf_status mask(uint8_t *vector, const bf_party_run *p,
                      const bf_pooling *pool, bf_pooled_sum sum)
{
    return bf_party_mask(vector, bf_pooled_count(pool, sum),
                         bf_pooled_width(sum), p,
                         sum == BF_POOLED_MOMENTS ? "moments" : "products");
}

static bf_status read_part(uint8_t **out, size_t *bytes, const bf_party_run *p,
                           unsigned round, unsigned owner, bf_part_kind kind,
                           size_t want)
{
    bf_path path;
    BF_TRY(bf_party_part(&path, p, round, owner, kind));
    return bf_sealed_read(out, bytes, path.s, p->session, false, &p->id, p->me,
                          want);
}

bf_status bf_party_total(uint8_t **out, const bf_party_run *p, unsigned round,
                         bf_part_kind kind, size_t count, unsigned width)
{
    size_t got;
    *out = NULL;
    for (unsigned k = 0; k < p->session->owners; k++) {
        uint8_t *one = NULL;
        bf_status s = read_part(&one, &got, p, round, k, kind, count * width);
        if (s != BF_OK) {
            bf_secret_free(*out);
            *out = NULL;
            return s;
        }
        if (*out) {
            bf_sum_add(*out, one, count, width);
            bf_secret_free(one);
        } else {
            *out = one;
        }
    }
    return BF_OK;
}

/* NULL if the recipe has no such sum. */
static bf_status total(uint8_t **out, const bf_party_run *p,
                       const bf_pooling *pool, bf_pooled_sum sum)
{
    size_t count = bf_pooled_count(pool, sum);
    *out = NULL;
    return count ? bf_party_total(out, p, 1 + (unsigned)sum, BF_PART_SUMS,
                                  count, bf_pooled_width(sum))
                 : BF_OK;
}

static bf_status fill(uint8_t *vector, const bf_party_run *p,
                      const bf_pooling *pool, bf_pooled_sum sum)
{
    const bf_view *x = p->o->x;
    uint8_t *moments;
    if (sum == BF_POOLED_MOMENTS)
        return bf_pooled_moments(vector, pool, p->me, x, NULL);
    BF_TRY(total(&moments, p, pool, BF_POOLED_MOMENTS));
    bf_status s = bf_pooled_products(vector, pool, p->me, x, moments, NULL);
    bf_secret_free(moments);
    return s;
}

bf_status bf_party_make_sums(bf_party_run *p, unsigned round, const char *path)
{
    bf_pooled_sum sum = round == 1 ? BF_POOLED_MOMENTS : BF_POOLED_PRODUCTS;
    bf_pooling pool = bf_session_pooling(p->session);
    size_t bytes = bytes_of(&pool, sum);
    if (round > 1) BF_TRY(bf_party_check_data(p, round));
    uint8_t *vector = bf_secret_alloc(bytes);
    bf_status s = vector ? fill(vector, p, &pool, sum) : BF_ERR_MEMORY;
    if (s == BF_OK) s = mask(vector, p, &pool, sum);
    if (s == BF_OK) s = bf_sealed_write(path, p->session, false, vector, bytes);
    bf_secret_free(vector);
    return s;
}

/* ---- the transform ------------------------------------------------------- */

typedef struct totals {
    bf_pooling pool;
    uint8_t *moments, *products;
} totals;

static void clear_totals(totals *t)
{
    bf_secret_free(t->moments);
    bf_secret_free(t->products);
}

static bf_status read_sums(totals *t, const bf_party_run *p)
{
    BF_TRY(total(&t->moments, p, &t->pool, BF_POOLED_MOMENTS));
    return total(&t->products, p, &t->pool, BF_POOLED_PRODUCTS);
}

/* Of the rows that one owner whitens by. */
static bf_status make_sums(totals *t, const bf_view *x)
{
    t->moments = bf_secret_alloc(bytes_of(&t->pool, BF_POOLED_MOMENTS));
    t->products = bf_secret_alloc(bytes_of(&t->pool, BF_POOLED_PRODUCTS));
    if (!t->moments || !t->products) return BF_ERR_MEMORY;
    BF_TRY(bf_pooled_moments(t->moments, &t->pool, 0, x, NULL));
    return bf_pooled_products(t->products, &t->pool, 0, x, t->moments, NULL);
}

static bf_status read_totals(totals *t, const bf_party_run *p)
{
    const bf_view *x = p->session->options.sample_rows ? p->o->sample : p->o->x;
    *t = (totals){.pool = bf_session_pooling(p->session)};
    bf_status s = bf_session_whitener(p->session) ? make_sums(t, x)
                                                  : read_sums(t, p);
    if (s != BF_OK) clear_totals(t);
    return s;
}

static bf_status fit(bf_transform **out, const bf_party_run *p)
{
    totals t;
    BF_TRY(read_totals(&t, p));
    bf_status s = bf_pooled_fit(out, &t.pool, t.moments, t.products, NULL);
    clear_totals(&t);
    return s;
}

/* Saves the transform at new/transform, seals the bytes of that file into
 * `path`, and removes new/transform. */
static bf_status seal_transform(const bf_party_run *p, const bf_transform *t,
                                const char *path)
{
    bf_path plain;
    uint8_t *data;
    size_t bytes;
    BF_TRY(bf_box_path(&plain, p, "new", "transform"));
    BF_TRY(bf_transform_save(t, plain.s));
    bf_status s = bf_read_file(plain.s, (size_t)1 << 30, &data, &bytes);
    if (s == BF_OK) {
        s = bf_sealed_write(path, p->session, false, data, bytes);
        bf_wipe(data, bytes);
        bf_free(data);
    }
    bf_status removed = bf_remove_tree(plain.s);
    return s == BF_OK ? removed : s;
}

/* Checks that the rows are there to which this owner fits the transform, if it
 * does so alone. */
static bf_status check_fitted(bf_party_run *p)
{
    size_t sample = p->session->options.sample_rows;
    if (!bf_session_whitener(p->session)) return BF_OK;
    if (!sample) return bf_party_check_data(p, 3);
    if (p->o->sample) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "round 3 wants the public sample of %zu rows", sample);
}

bf_status bf_party_make_transform(bf_party_run *p, const char *path)
{
    bf_transform *t;
    BF_TRY(check_fitted(p));
    BF_TRY(fit(&t, p));
    bf_status s = seal_transform(p, t, path);
    bf_transform_destroy(t);
    return s;
}

static bf_status open_transform(bf_transform **out, const bf_party_run *p)
{
    uint8_t *data;
    size_t bytes;
    unsigned from = bf_session_transforms(p->session);
    BF_TRY(read_part(&data, &bytes, p, 3, from, BF_PART_TRANSFORM, 0));
    bf_status s = bf_transform_parse(out, data, bytes, "transform of the rows");
    bf_secret_free(data);
    return s;
}

bf_status bf_party_pooled_again(bf_transform **out, const bf_party_run *p)
{
    return p->session->job->recipe.kind == BF_RECIPE_PAPER
               ? fit(out, p)
               : open_transform(out, p);
}

/* True if this owner can compute the sums that give the transform. */
static bool has_totals(const bf_party_run *p)
{
    return !bf_session_whitener(p->session) || p->o->sample;
}

static bf_status check_transform(bf_party_run *p, const bf_transform *made)
{
    const bf_session_owner *by = bf_session_whitener(p->session);
    totals t;
    BF_TRY(read_totals(&t, p));
    bf_status s = bf_pooled_check(made, &t.pool, t.moments, t.products, NULL);
    clear_totals(&t);
    if (s != BF_ERR_MISMATCH) return s;
    /* Here the sample may be the wrong one, and the session can go on. */
    if (by)
        return bf_fail_in(s, "the transform of %s and the sample",
                          by->party.name);
    return bf_party_over(p, "round 3: the transform of %s is not that of the "
                         "sums (%s)",
                         p->session->owner[0].party.name, bf_last_error());
}

bf_status bf_party_pooled_transform(bf_transform **out, bf_party_run *p)
{
    bf_transform *made;
    if (p->session->job->recipe.kind == BF_RECIPE_PAPER) return fit(out, p);
    BF_TRY(open_transform(&made, p));
    bf_status s = has_totals(p) ? check_transform(p, made) : BF_OK;
    if (s == BF_OK)
        *out = made;
    else
        bf_transform_destroy(made);
    return s;
}
