/* Any bytes as totals of the owners' sums, followed by owner 0's transform,
 * processed as owners do after opening their boxes. Owners accept a transform
 * that was computed from the same totals. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/owner/pooled.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FEATURES = 3, ROWS = 6, MOMENTS = 16 * 2 * FEATURES,
       PRODUCTS = 8 * FEATURES * (FEATURES + 1) / 2 };

static const double own_rows[ROWS * FEATURES] = {1, 0, 2, 0, 1, 1, 2, 2, 0,
                                                 1, 1, 0, 0, 2, 1, 1, 0, 2};

static void fit(const bf_pooling *pool, const uint8_t *moments,
                const uint8_t *products)
{
    bf_transform *t;
    if (bf_pooled_fit(&t, pool, moments, products, NULL) != BF_OK) return;
    if (bf_pooled_check(t, pool, moments, products, NULL) != BF_OK) abort();
    bf_transform_destroy(t);
}

static void check_given(const bf_pooling *pool, const uint8_t *moments,
                        const uint8_t *products, const uint8_t *data,
                        size_t size)
{
    bf_transform *t;
    if (size < BF_HASH_BYTES) return;
    uint8_t *text = malloc(size);
    if (!text) return;
    memcpy(text, data, size);
    bf_hash(text, size - BF_HASH_BYTES, text + size - BF_HASH_BYTES);
    if (bf_transform_parse(&t, text, size, "input") == BF_OK) {
        (void)!bf_pooled_check(t, pool, moments, products, NULL);
        bf_transform_destroy(t);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bf_matrix x = {ROWS, FEATURES, (double *)own_rows};
    bf_recipe recipe;
    uint8_t out[PRODUCTS];
    if (size < 1 + MOMENTS + PRODUCTS || bf_random_init() != BF_OK) return 0;
    bool paper = data[0] & 1;
    const uint8_t *moments = data + 1;
    const uint8_t *products = paper ? NULL : moments + MOMENTS;
    if (bf_recipe_default(&recipe,
                          paper ? BF_RECIPE_PAPER : BF_RECIPE_WHITENED, 1,
                          2 * ROWS, FEATURES) != BF_OK)
        abort();
    recipe.map = BF_MAP_NONE;
    recipe.lambda = 0.25;
    bf_pooling pool = {.recipe = &recipe, .features = FEATURES, .owners = 2,
                       .rows = {ROWS, ROWS}};
    bf_view rows = bf_view_of(&x);
    fit(&pool, moments, products);
    if (!paper)
        (void)!bf_pooled_products(out, &pool, 0, &rows, moments, NULL);
    check_given(&pool, moments, products, data + 1 + MOMENTS + PRODUCTS,
                size - 1 - MOMENTS - PRODUCTS);
    return 0;
}
