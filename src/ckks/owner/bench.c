/* How fast this machine is (blindfit/bench.h). */
#include "blindfit/bench.h"

#include "base/env.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/timing.h"
#include "ckks/owner/owner.h"

typedef struct row {
    const char *what;
    unsigned log_n, limbs, special, threads;
    bf_backend backend;
    double seconds;
} row;

typedef struct listener {
    void (*fn)(void *user, const bf_bench_row *row);
    void *user;
} listener;

/* ---- transform ----------------------------------------------------------- */

typedef struct transform_work {
    const bf_ring *ring;
    double *a;
} transform_work;

#define TRANSFORMS 16

static bf_status call_transform(void *user)
{
    transform_work *w = user;
    for (int i = 0; i < TRANSFORMS; i++) bf_ntt_forward(w->ring, 0, w->a);
    return bf_check_interrupt();
}

static bf_status time_transform(row *r)
{
    bf_ring *ring;
    uint64_t prime = bf_prime_below((uint64_t)1 << 46, r->log_n, NULL, 0);
    BF_TRY(bf_ring_create(&ring, r->log_n, &prime, 1, r->backend));
    transform_work w = {ring, bf_alloc_zero(ring->n * sizeof(double))};
    bf_status s = w.a ? bf_time_calls(&r->seconds, 0.2, call_transform, &w)
                      : BF_ERR_MEMORY;
    r->seconds /= TRANSFORMS;
    bf_free(w.a);
    bf_ring_destroy(ring);
    return s;
}

/* ---- key switch ---------------------------------------------------------- */

typedef struct rotation {
    bf_eval *ev;
    bf_ct in, out;
} rotation;

static bf_status call_rotation(void *user)
{
    rotation *w = user;
    BF_TRY(bf_check_interrupt());
    return bf_rotate(w->ev, &w->out, &w->in, 1);
}

static bf_status make_params(bf_params *p, const row *r)
{
    unsigned q[BF_MAX_Q], special[BF_MAX_P];
    for (unsigned i = 0; i < r->limbs; i++) q[i] = 40;
    for (unsigned i = 0; i < r->special; i++) special[i] = 41;
    BF_TRY(bf_params_make(p, r->log_n, q, r->limbs, special, r->special,
                          r->special));
    return BF_OK;
}

static bf_status encrypt_zero(bf_ct *out, const bf_context *ctx,
                              const bf_secret_key *sk, unsigned limbs)
{
    bf_pt pt = {0};
    double zero = 0;
    BF_TRY(bf_encode_real(&pt, ctx, &zero, 1, 0x1p36, limbs));
    bf_status s = bf_encrypt_symmetric(out, sk, &pt);
    bf_pt_clear(&pt);
    return s;
}

static bf_status time_key_switch(row *r)
{
    bf_params p;
    bf_context *ctx = NULL;
    bf_secret_key *sk = NULL;
    bf_eval_keys keys = {0};
    rotation w = {0};
    bf_status status;
    BF_TRY(make_params(&p, r));
    BF_TRY(bf_context_create(&ctx, &p, r->backend));
    bf_key_need need = {bf_key_galois(bf_galois_rotation(ctx, 1)), r->limbs};
    BF_GOTO(bf_secret_key_generate(&sk, ctx, 0), done);
    BF_GOTO(bf_eval_keys_generate(&keys, sk, &need, 1, NULL), done);
    BF_GOTO(encrypt_zero(&w.in, ctx, sk, r->limbs), done);
    BF_GOTO(bf_eval_create(&w.ev, ctx, &keys), done);
    BF_GOTO(bf_time_calls(&r->seconds, 0.2, call_rotation, &w), done);
done:
    if (w.ev) bf_eval_release(w.ev, &w.out);
    bf_ct_clear(&w.in);
    bf_eval_destroy(w.ev);
    bf_eval_keys_clear(&keys);
    bf_secret_key_destroy(sk);
    bf_context_destroy(ctx);
    return status;
}

static bf_status time_under(bf_status (*timer)(row *), row *r)
{
    bf_env few = {0}, *outer = bf_run_now().env;
    if (outer) few = *outer;
    few.threads = r->threads;
    BF_UNDER(&few);
    return timer(r);
}

static void tell(const listener *l, const row *r, bool first)
{
    const bf_bench_row told = {.operation = r->what,
                               .backend = bf_backend_name(r->backend),
                               .ring_degree = (size_t)1 << r->log_n,
                               .limbs = r->limbs,
                               .special_limbs = r->special,
                               .threads = r->threads,
                               .baseline = first,
                               .seconds = r->seconds};
    l->fn(l->user, &told);
}

/* Times the scalar kernels on one thread, and the best kernels on one thread
 * and on all threads. */
static bf_status measure(row r, bf_status (*timer)(row *), const listener *l)
{
    bf_backend best;
    unsigned all = bf_env_threads(NULL);
    BF_TRY(bf_backend_resolve(BF_BACKEND_AUTO, &best));
    bool transform = timer == time_transform; /* one limb: one thread */
    for (int i = 0; i < 3; i++) {
        r.backend = i == 0 ? BF_BACKEND_SCALAR : best;
        r.threads = i == 2 ? all : 1;
        if (i == 1 && best == BF_BACKEND_SCALAR) continue;
        if (i == 2 && (transform || all == 1)) continue;
        BF_TRY(time_under(timer, &r));
        tell(l, &r, i == 0);
    }
    return BF_OK;
}

static bf_status measure_all(const listener *l)
{
    for (unsigned log_n = 13; log_n <= 16; log_n++)
        BF_TRY(measure((row){.what = "transform", .log_n = log_n, .limbs = 1},
                       time_transform, l));
    static const row switches[] = {
        {.what = "key switch", .log_n = 14, .limbs = 6, .special = 3},
        {.what = "key switch", .log_n = 15, .limbs = 10, .special = 4},
        {.what = "key switch", .log_n = 16, .limbs = 10, .special = 4},
        {.what = "key switch", .log_n = 16, .limbs = 21, .special = 7},
    };
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        BF_TRY(measure(switches[i], time_key_switch, l));
    return BF_OK;
}

bf_status bf_bench(void (*fn)(void *user, const bf_bench_row *row), void *user,
                   bf_env *env)
{
    BF_UNDER(env);
    const listener l = {fn, user};
    BF_TRY(bf_random_init());
    return measure_all(&l);
}
