/* CKKS operations: key switches, rotations, products, encoding, encryption,
 * packing trees; every backend of this machine, on one thread and two.
 *
 * The speedup column is against the scalar backend on one thread. Chains are of
 * 46-bit primes, special primes of 47 bits, three key-switching digits but for
 * N=2^14 6+3, which has two: all within the 128-bit limits. Plain encryption of
 * bench data: nothing here is secret. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/owner/owner.h"
#include "support/timing.h"

enum { HOISTED = 4, THREADS_MAX = 2, PACKED = 35, LOG_PACKED = 6, PERIOD = 64 };

typedef struct setup {
    unsigned log_n, n_q, n_p;
} setup;

typedef struct work {
    setup s;
    bf_context *ctx;
    bf_secret_key *sk;
    bf_public_key pk;
    bf_eval_keys keys;
    bf_eval *ev;
    double complex *slots;
    bf_pt pt, plain;
    bf_ct a, b, product, out, many[HOISTED];
    bf_ct tree[PACKED];
} work;

static void require(bf_status s)
{
    if (s == BF_OK) return;
    fprintf(stderr, "bench_ckks: %s: %s\n", bf_status_name(s), bf_last_error());
    exit(1);
}

static const int hoisted[HOISTED] = {1, 2, 3, 4};

static void run_trees(work *w)
{
    require(bf_expand(w->ev, w->tree, &w->a, PACKED, LOG_PACKED, PERIOD, 1));
    require(bf_pack(w->ev, &w->out, w->tree, PACKED, LOG_PACKED, PERIOD, 1));
}

/* Keys for all operations below, from the needs of a symbolic walk. */
static void make_keys(work *w)
{
    const bf_key_need *needs;
    require(bf_eval_create(&w->ev, w->ctx, NULL));
    w->a = (bf_ct){.ctx = w->ctx, .limbs = w->s.n_q, .polys = 2, .scale = 1};
    require(bf_mul(w->ev, &w->out, &w->a, &w->a));
    require(bf_rotate_many(w->ev, w->many, &w->a, hoisted, HOISTED));
    if (w->s.log_n == 14) run_trees(w);
    bf_eval_release(w->ev, &w->out);
    for (size_t i = 0; i < HOISTED; i++) bf_eval_release(w->ev, &w->many[i]);
    memset(&w->a, 0, sizeof w->a);
    size_t count = bf_eval_key_needs(w->ev, &needs);
    require(bf_eval_keys_generate(&w->keys, w->sk, needs, count,
                                  NULL));
    bf_eval_destroy(w->ev);
    require(bf_eval_create(&w->ev, w->ctx, &w->keys));
}

static void make_inputs(work *w)
{
    size_t n = (size_t)1 << (w->s.log_n - 1);
    w->slots = bf_alloc(n * sizeof *w->slots);
    if (!w->slots) exit(1);
    for (size_t i = 0; i < n; i++)
        w->slots[i] = (double)random() / RAND_MAX - 0.5 +
                      I * ((double)random() / RAND_MAX - 0.5);
    require(bf_encode_slots(&w->pt, w->ctx, w->slots, n, 0x1p40, w->s.n_q));
    require(bf_encrypt_symmetric(&w->a, w->sk, &w->pt));
    require(bf_encrypt_symmetric(&w->b, w->sk, &w->pt));
    require(bf_tensor(w->ev, &w->product, &w->a, &w->b));
}

static void work_open(work *w, setup s, bf_backend backend)
{
    unsigned q[BF_MAX_Q], p[BF_MAX_P];
    bf_params params;
    memset(w, 0, sizeof *w);
    w->s = s;
    for (unsigned i = 0; i < s.n_q; i++) q[i] = 46;
    for (unsigned i = 0; i < s.n_p; i++) p[i] = 47;
    require(bf_params_make(&params, s.log_n, q, s.n_q, p, s.n_p, s.n_p));
    require(bf_context_create(&w->ctx, &params, backend));
    require(bf_secret_key_generate(&w->sk, w->ctx, 0));
    require(bf_public_key_generate(&w->pk, w->sk));
    make_keys(w);
    make_inputs(w);
}

static void work_close(work *w)
{
    bf_eval_release(w->ev, &w->out);
    bf_eval_release(w->ev, &w->product);
    for (size_t i = 0; i < HOISTED; i++) bf_eval_release(w->ev, &w->many[i]);
    for (size_t i = 0; i < PACKED; i++) bf_eval_release(w->ev, &w->tree[i]);
    bf_ct_clear(&w->a);
    bf_ct_clear(&w->b);
    bf_pt_clear(&w->pt);
    bf_pt_clear(&w->plain);
    bf_free(w->slots);
    bf_eval_destroy(w->ev);
    bf_eval_keys_clear(&w->keys);
    bf_public_key_clear(&w->pk);
    bf_secret_key_destroy(w->sk);
    bf_context_destroy(w->ctx);
}

static void run_key_switch(void *arg)
{
    work *w = arg;
    require(bf_relinearize(w->ev, &w->out, &w->product));
}

static void run_rotate(void *arg)
{
    work *w = arg;
    require(bf_rotate(w->ev, &w->out, &w->a, 1));
}

static void run_hoisted(void *arg)
{
    work *w = arg;
    require(bf_rotate_many(w->ev, w->many, &w->a, hoisted, HOISTED));
}

static void run_mul(void *arg)
{
    work *w = arg;
    require(bf_tensor(w->ev, &w->out, &w->a, &w->b));
    require(bf_relinearize_rescale(w->ev, &w->out, &w->out));
}

static void run_tensor(void *arg)
{
    work *w = arg;
    require(bf_tensor(w->ev, &w->out, &w->a, &w->b));
}

static void run_rescale(void *arg)
{
    work *w = arg;
    require(bf_rescale(w->ev, &w->out, &w->a));
}

static void run_encode(void *arg)
{
    work *w = arg;
    require(bf_encode_slots(&w->plain, w->ctx, w->slots,
                            (size_t)1 << (w->s.log_n - 1), 0x1p40, w->s.n_q));
}

static void run_encrypt(void *arg)
{
    work *w = arg;
    require(bf_encrypt_symmetric(&w->a, w->sk, &w->pt));
}

static void run_encrypt_public(void *arg)
{
    work *w = arg;
    require(bf_encrypt_public(&w->b, &w->pk, &w->pt));
}

static void run_decrypt(void *arg)
{
    work *w = arg;
    require(bf_decrypt(&w->plain, w->sk, &w->a));
}

static void run_expand(void *arg)
{
    work *w = arg;
    require(bf_expand(w->ev, w->tree, &w->a, PACKED, LOG_PACKED, PERIOD, 1));
}

/* Packing consumes its inputs: the copies are part of the time. */
static void run_pack(void *arg)
{
    work *w = arg;
    for (size_t i = 0; i < PACKED; i++)
        require(bf_copy(w->ev, &w->tree[i], &w->a));
    require(bf_pack(w->ev, &w->out, w->tree, PACKED, LOG_PACKED, PERIOD, 1));
}

typedef struct operation {
    const char *name;
    void (*fn)(void *);
    unsigned per_call; /* results of one call: times are per result */
    bool small_only;   /* N = 2^14 */
} operation;

static const operation operations[] = {
    {"key_switch", run_key_switch, 1, false},
    {"rotate", run_rotate, 1, false},
    {"rotate_hoisted_of_4", run_hoisted, HOISTED, false},
    {"tensor", run_tensor, 1, false},
    {"mul_relin_rescale", run_mul, 1, false},
    {"rescale", run_rescale, 1, false},
    {"encode", run_encode, 1, false},
    {"encrypt_seeded", run_encrypt, 1, false},
    {"encrypt_public", run_encrypt_public, 1, false},
    {"decrypt", run_decrypt, 1, false},
    {"expand_35_of_64", run_expand, 1, true},
    {"pack_35_of_64", run_pack, 1, true},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static bool runs(const bf_bench *b, const operation *op, setup s)
{
    return bf_bench_wants(b, op->name) && (!op->small_only || s.log_n == 14);
}

static void bench_backend(bf_bench *b, setup s, bf_backend backend,
                          bf_timing scalar[OPERATIONS])
{
    static work w;
    work_open(&w, s, backend);
    for (size_t i = 0; i < OPERATIONS; i++) {
        const operation *op = &operations[i];
        if (!runs(b, op, s)) continue;
        for (unsigned threads = 1; threads <= THREADS_MAX; threads++) {
            char variant[64];
            bf_bench_threads(threads);
            bf_timing t = bf_bench_time(b, op->fn, &w);
            t.median /= op->per_call;
            t.min /= op->per_call;
            bool first = backend == BF_BACKEND_SCALAR && threads == 1;
            if (first) scalar[i] = t;
            snprintf(variant, sizeof variant, "2^%u %u+%u %s x%u", s.log_n,
                     s.n_q, s.n_p, bf_backend_name(backend), threads);
            bf_bench_row(b, op->name, variant, t, first ? NULL : &scalar[i]);
        }
    }
    work_close(&w);
}

static void bench_setup(bf_bench *b, setup s)
{
    bf_timing scalar[OPERATIONS];
    bool any = false;
    for (size_t i = 0; i < OPERATIONS; i++) any |= runs(b, &operations[i], s);
    for (bf_backend e = BF_BACKEND_SCALAR; any && e <= BF_BACKEND_AVX512; e++) {
        bf_backend got;
        if (bf_backend_resolve(e, &got) == BF_OK && got == e)
            bench_backend(b, s, e, scalar);
    }
}

int main(int argc, char **argv)
{
    static const setup setups[] = {
        {14, 6, 3}, {15, 10, 4}, {16, 10, 4}, {16, 21, 7}};
    bf_bench b;
    bf_bench_begin(&b, argc, argv);
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++)
        bench_setup(&b, setups[i]);
    return bf_bench_end(&b);
}
