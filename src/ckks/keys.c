#include <stdio.h>

#include "base/bits.h"
#include "ckks/internal.h"

#define USE_SHIFT 24

bool bf_key_is_name(bf_key_name name, unsigned log_n)
{
    uint32_t x = name.element, n = (uint32_t)1 << log_n;
    switch (name.use) {
    case BF_KEY_OTHER: return x == 0;
    case BF_KEY_GALOIS: return x % 2 == 1 && x != 1 && x < 2 * n;
    case BF_KEY_FROM_SQUARE: return x % 2 == 1 && x < 2 * n;
    case BF_KEY_DECAPSULATE: return x == 1;
    case BF_KEY_ENCAPSULATE: return x < n && bf_is_power_of_two(x);
    case BF_KEY_RING_DOWN:
    case BF_KEY_RING_UP: return x >= 2 && x < n && bf_is_power_of_two(x);
    case BF_KEY_IMPORT: return x < (uint32_t)1 << USE_SHIFT;
    }
    return false;
}

uint32_t bf_key_label(bf_key_name name)
{
    uint32_t x = name.element;
    if (name.use == BF_KEY_OTHER || name.use == BF_KEY_GALOIS) return x;
    if (name.use == BF_KEY_FROM_SQUARE)
        return x == 1 ? x : x | BF_KEY_LABEL_SQUARE;
    return (uint32_t)name.use << USE_SHIFT | x;
}

bool bf_key_from_label(bf_key_name *out, uint32_t label, unsigned log_n)
{
    bf_key_name name = {BF_KEY_OTHER, 0, label};
    if (label == 1 || label & BF_KEY_LABEL_SQUARE)
        name = bf_key_from_square(label & ~BF_KEY_LABEL_SQUARE);
    else if (label >> USE_SHIFT)
        name = (bf_key_name){(bf_key_use)(label >> USE_SHIFT), 0,
                             label & ((UINT32_C(1) << USE_SHIFT) - 1)};
    else if (label)
        name = bf_key_galois(label);
    /* Each name has one label: a label that decodes to a name with another
     * label is invalid. */
    if (!bf_key_is_name(name, log_n) || bf_key_label(name) != label)
        return false;
    *out = name;
    return true;
}

const char *bf_key_text(bf_key_name name)
{
    static const char *const kind[] = {
        [BF_KEY_OTHER] = "a key without a name, element",
        [BF_KEY_GALOIS] = "the key of Galois element",
        [BF_KEY_FROM_SQUARE] = "the key from the square, Galois element",
        [BF_KEY_ENCAPSULATE] = "the encapsulation key, stride",
        [BF_KEY_DECAPSULATE] = "the decapsulation key, stride",
        [BF_KEY_RING_DOWN] = "the key to a smaller ring, stride",
        [BF_KEY_RING_UP] = "the key from a smaller ring, stride",
        [BF_KEY_IMPORT] = "the import key of owner",
    };
    static _Thread_local char text[64];
    if (name.use == BF_KEY_FROM_SQUARE && name.element == 1)
        return "the relinearisation key";
    snprintf(text, sizeof text, "%s %u", kind[name.use], name.element);
    return text;
}

const bf_switch_key *bf_eval_keys_find(const bf_eval_keys *keys,
                                       bf_key_name name)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (bf_key_same(keys->keys[i].name, name)) return &keys->keys[i];
    }
    return NULL;
}

bf_status bf_eval_keys_add(bf_eval_keys *keys, bf_switch_key *k)
{
    if (!bf_context_same(keys->ctx, k->ctx))
        return bf_fail(BF_ERR_MISMATCH,
                       "%s is of other parameters than the set",
                       bf_key_text(k->name));
    if (bf_eval_keys_find(keys, k->name))
        return bf_fail(BF_ERR_ARGUMENT, "%s is in the set already",
                       bf_key_text(k->name));
    bf_switch_key *grown = bf_alloc((keys->count + 1) * sizeof *grown);
    if (!grown) return BF_ERR_MEMORY;
    if (keys->count) memcpy(grown, keys->keys, keys->count * sizeof *grown);
    grown[keys->count++] = *k;
    *k = (bf_switch_key){0};
    bf_free(keys->keys);
    keys->keys = grown;
    return BF_OK;
}

void bf_switch_key_clear(bf_switch_key *k)
{
    bf_free(k->data);
    *k = (bf_switch_key){0};
}

void bf_eval_keys_clear(bf_eval_keys *keys)
{
    for (size_t i = 0; keys->keys && i < keys->count; i++)
        bf_switch_key_clear(&keys->keys[i]);
    bf_free(keys->keys);
    *keys = (bf_eval_keys){0};
}
