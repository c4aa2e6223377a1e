/* Ciphertexts, the pools that hold their data, and the frame of every
 * operation. */
#include <math.h>
#include <string.h>

#include "api/api.h"
#include "ckks/internal.h"

/* ---- evaluators and their pools ------------------------------------------ */

static void leave_home(bf_home *home)
{
    if (!home || __atomic_sub_fetch(&home->users, 1, __ATOMIC_ACQ_REL)) return;
    bf_eval_destroy(home->eval);
    bf_eval_destroy(home->encapsulation);
    bf_free(home);
}

static bf_status create_evals(bf_home *home, const bf_ckks *c,
                              const bf_keys *keys, bool dry)
{
    const bf_eval_keys *set = keys ? keys->set : home->none;
    home->none[0].ctx = c->ctx;
    home->none[1].ctx = c->encapsulation;
    BF_TRY(bf_eval_create(&home->eval, c->ctx, dry ? NULL : &set[0]));
    if (!c->encapsulation) return BF_OK;
    return bf_eval_create(&home->encapsulation, c->encapsulation,
                          dry ? NULL : &set[1]);
}

static bf_status create(bf_evaluator **out, const bf_ckks *c,
                        const bf_keys *keys, bool dry)
{
    if (keys) BF_TRY(bf_api_same(keys->ckks, c, "evaluator"));
    bf_evaluator *ev = bf_alloc_zero(sizeof *ev);
    bf_home *home = bf_alloc_zero(sizeof *home);
    bf_status status = BF_ERR_MEMORY;
    if (!ev || !home) goto fail;
    home->users = 1;
    BF_GOTO(create_evals(home, c, keys, dry), fail);
    *ev = (bf_evaluator){.ckks = c,
                         .home = home,
                         .lowest = c->top,
                         .key_id = keys ? keys->set[0].key_id : NULL,
                         .smaller = keys ? &keys->smaller : NULL};
    bf_evaluator_destroy(*out);
    *out = ev;
    return BF_OK;
fail:
    if (home) bf_eval_destroy(home->eval);
    bf_free(home);
    bf_free(ev);
    return status;
}

bf_status bf_evaluator_create(bf_evaluator **out, const bf_ckks *c,
                              const bf_keys *keys)
{
    return create(out, c, keys, false);
}

bf_status bf_evaluator_create_dry(bf_evaluator **out, const bf_ckks *c)
{
    return create(out, c, NULL, true);
}

void bf_evaluator_destroy(bf_evaluator *ev)
{
    if (!ev) return;
    leave_home(ev->home);
    bf_free(ev);
}

/* ---- what they did ------------------------------------------------------- */

static uint64_t sum_of(const uint64_t by_limbs[BF_MAX_Q + 1])
{
    uint64_t sum = 0;
    for (unsigned l = 0; l <= BF_MAX_Q; l++) sum += by_limbs[l];
    return sum;
}

/* Adds the work and the key needs of an evaluator of one ring. */
static void add_facts(bf_evaluator_facts *f, const bf_eval *eval)
{
    bf_counters c;
    const bf_key_need *needs;
    bf_eval_counters(eval, &c);
    f->key_switches += sum_of(c.key_switches);
    f->decompositions += sum_of(c.mod_ups);
    f->divisions += sum_of(c.mod_downs);
    f->products += c.tensor_products;
    f->plain_products += c.plain_products;
    f->rescales += c.rescales;
    f->peak_bytes += bf_eval_peak_bytes(eval);
    if (!bf_eval_is_symbolic(eval)) return;
    size_t count = bf_eval_key_needs(eval, &needs);
    const bf_params *p = bf_context_params(bf_eval_context(eval));
    f->keys += count;
    for (size_t i = 0; i < count; i++)
        f->key_bytes += bf_switch_key_data_bytes(p, needs[i].limbs);
}

bf_evaluator_facts bf_evaluator_describe(const bf_evaluator *ev)
{
    bf_evaluator_facts f = {.lowest_level = bf_api_level(ev->ckks, ev->lowest)};
    add_facts(&f, ev->home->eval);
    if (ev->home->encapsulation) add_facts(&f, ev->home->encapsulation);
    return f;
}

/* ---- ciphertexts --------------------------------------------------------- */

static void clear(bf_ct *ct, bf_home *home)
{
    if (home)
        bf_eval_release(home->eval, ct);
    else
        bf_ct_clear(ct);
    leave_home(home);
}

bf_status bf_api_put(bf_cipher **out, const bf_ckks *c, bf_ct *ct,
                     bf_home *home, const uint8_t *key_id)
{
    bf_cipher *made = *out ? *out : bf_alloc_zero(sizeof *made);
    if (home) __atomic_add_fetch(&home->users, 1, __ATOMIC_RELAXED);
    if (!made) {
        clear(ct, home);
        return BF_ERR_MEMORY;
    }
    clear(&made->ct, made->home);
    /* key_id may point into *out, which is replaced. */
    uint8_t id[BF_KEY_ID_BYTES] = {0};
    if (key_id) memcpy(id, key_id, sizeof id);
    *made = (bf_cipher){
        .ckks = c, .ct = *ct, .home = home, .owned = key_id != NULL};
    memcpy(made->key_id, id, sizeof id);
    /* By contract no value ever exceeds the parameters' largest value. */
    if (made->ct.bound > c->largest) made->ct.bound = c->largest;
    memset(ct, 0, sizeof *ct);
    *out = made;
    return BF_OK;
}

bf_status bf_api_fill(bf_cipher **out, size_t count, bf_status status)
{
    size_t made = 0;
    while (status == BF_OK && made < count) {
        if (!out[made]) out[made] = bf_alloc_zero(sizeof **out);
        if (!out[made])
            status = BF_ERR_MEMORY;
        else
            made++;
    }
    for (size_t i = 0; i < made && status != BF_OK; i++) {
        if (out[i]->ckks) continue;
        bf_free(out[i]);
        out[i] = NULL;
    }
    return status;
}

void bf_cipher_destroy(bf_cipher *a)
{
    if (!a) return;
    clear(&a->ct, a->home);
    bf_free(a);
}

bf_status bf_cipher_stand_in(bf_cipher **out, const bf_ckks *c, unsigned level)
{
    BF_TRY(bf_api_check_level(c, level, "stand-in"));
    unsigned limbs = bf_api_limbs(c, level);
    bf_ct ct = {.ctx = c->ctx,
                .limbs = limbs,
                .polys = 2,
                .scale = c->scale[limbs],
                .bound = c->largest,
                .noise = 1};
    return bf_api_put(out, c, &ct, NULL, NULL);
}

bf_cipher_facts bf_cipher_describe(const bf_cipher *a)
{
    double n = 2 * (double)bf_ckks_slots(a->ckks);
    return (bf_cipher_facts){
        .level = bf_api_level(a->ckks, a->ct.limbs),
        .limbs = a->ct.limbs,
        .polys = a->ct.polys,
        .scale = a->ct.scale,
        .error = a->ct.noise * sqrt(n) / a->ct.scale,
        .bound = a->ct.bound,
    };
}

/* ---- operations ---------------------------------------------------------- */

bf_op bf_api_op(bf_evaluator *ev, const char *what)
{
    return (bf_op){.ev = ev,
                   .what = what,
                   .eval = ev->home->eval,
                   .ckks = ev->ckks,
                   .key_id = ev->key_id};
}

bf_status bf_api_take(bf_op *op, const bf_cipher *a)
{
    BF_TRY(bf_api_same(op->ckks, a->ckks, op->what));
    if (!a->owned) return BF_OK;
    if (op->key_id && memcmp(op->key_id, a->key_id, BF_KEY_ID_BYTES))
        return bf_fail(BF_ERR_MISMATCH, "%s: objects of different keys",
                       op->what);
    op->key_id = a->key_id;
    return BF_OK;
}

bf_status bf_api_begin(bf_op *op, bf_evaluator *ev, const char *what,
                       const bf_cipher *a, const bf_cipher *b, unsigned levels)
{
    *op = bf_api_op(ev, what);
    BF_TRY(bf_api_take(op, a));
    if (b) BF_TRY(bf_api_take(op, b));
    bool b_is_lower = b && b->ct.limbs < a->ct.limbs;
    return bf_api_need(op, b_is_lower ? &b->ct : &a->ct, levels);
}

static void note_limbs(const bf_op *op, const bf_ct *result)
{
    if (result->limbs < op->ev->lowest) op->ev->lowest = result->limbs;
}

bf_status bf_api_give(bf_op *op, bf_cipher **out, bf_ct *res, bf_status status)
{
    if (status != BF_OK) {
        bf_eval_release(op->eval, res);
        return status;
    }
    note_limbs(op, res);
    return bf_api_put(out, op->ckks, res, op->ev->home, op->key_id);
}

void bf_api_changed(const bf_op *op, bf_cipher *out)
{
    note_limbs(op, &out->ct);
    if (op->key_id) {
        memmove(out->key_id, op->key_id, BF_KEY_ID_BYTES);
        out->owned = true;
    }
    if (out->ct.bound > op->ckks->largest) out->ct.bound = op->ckks->largest;
}

bf_status bf_api_one(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                     bf_status (*f)(bf_eval *, bf_ct *, const bf_ct *),
                     const char *what)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, what, a, NULL, 0));
    return bf_api_give(&op, out, &res, f(op.eval, &res, &a->ct));
}

bf_status bf_api_need(const bf_op *op, const bf_ct *ct, unsigned levels)
{
    unsigned level = bf_api_level(op->ckks, ct->limbs);
    if (level >= levels) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: takes %u level%s, and %u of %u %s left", op->what,
                   levels, levels == 1 ? "" : "s", level,
                   bf_ckks_levels(op->ckks), level == 1 ? "is" : "are");
}

bool bf_api_has(const bf_ct *a, double scale, unsigned limbs)
{
    return a->limbs == limbs && fabs(a->scale / scale - 1) <= 0x1p-20;
}

bf_status bf_api_lower(bf_op *op, const bf_ct **out, bf_ct *tmp, const bf_ct *a,
                       double scale, unsigned limbs)
{
    *out = a;
    if (bf_api_has(a, scale, limbs)) return BF_OK;
    BF_TRY(bf_adjust(op->eval, tmp, a, 1, scale, limbs));
    *out = tmp;
    return BF_OK;
}
