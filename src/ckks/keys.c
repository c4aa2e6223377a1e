#include "ckks/ckks.h"

const bf_switch_key *bf_eval_keys_find(const bf_eval_keys *keys,
                                       uint32_t galois)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].galois == galois) return &keys->keys[i];
    }
    return NULL;
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
