/* Refreshes on real keys: seconds, precision of at least twenty runs, bytes of
 * keys and maps. --filter: "sparse" (4,096 coefficients in 2^15, 2 GB of
 * memory), "few keys"; only on request: "full" (2^15 complex slots in 2^16, 10
 * GB), "other slots" (2^3 to 2^13 of them in 2^15), "trials" (a thousand, of
 * "sparse" in an insecure ring of a quarter). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ckks/boot_internal.h"
#include "ckks/owner/boot_keys.h"
#include "support/boot_request.h"
#include "support/timing.h"
#include "wire/wire.h"

enum { RUNS = 20, TRIALS = 1000 };

typedef struct work {
    bf_boot_params p;
    bf_context *ctx, *there;
    bf_secret_key *sk;
    bf_eval_keys keys, keys_there;
    bf_eval *ev, *ev_there;
    bf_boot *boot;
    size_t n, count, gap;
    double *message, *got;
    bf_ct in, out;
} work;

static void require(bf_status s)
{
    if (s == BF_OK) return;
    fprintf(stderr, "bench_bootstrap: %s: %s\n", bf_status_name(s),
            bf_last_error());
    exit(1);
}

static bf_boot *walk(work *w, bf_eval *ev, bf_eval *there)
{
    bf_boot *b;
    bf_ct a = {.ctx = w->ctx,
               .limbs = 1,
               .polys = 2,
               .bound = 1,
               .scale = bf_boot_scale_in(&w->p)};
    require(bf_boot_create(&b, w->ctx, w->there, &w->p, true));
    require(bf_boot_refresh(ev, there, &w->out, &a, b));
    bf_eval_release(ev, &w->out);
    return b;
}

static void make_keys(work *w)
{
    const bf_key_need *needs, *needs_there;
    require(bf_eval_create(&w->ev, w->ctx, NULL));
    require(bf_eval_create(&w->ev_there, w->there, NULL));
    bf_boot *symbolic = walk(w, w->ev, w->ev_there);
    size_t count = bf_eval_key_needs(w->ev, &needs), bytes = 0;
    size_t count_there = bf_eval_key_needs(w->ev_there, &needs_there);
    for (size_t i = 0; i < count; i++)
        bytes += bf_wire_switch_key_bytes(&w->p.ring, needs[i].limbs, false);
    for (size_t i = 0; i < count_there; i++)
        bytes += bf_wire_switch_key_bytes(&w->p.encapsulation,
                                          needs_there[i].limbs, false);
    require(bf_boot_keys_generate(&w->keys, &w->keys_there, w->there,
                                  (bf_boot_secrets){w->sk, NULL}, needs, count,
                                  needs_there, count_there, NULL));
    printf("  %zu keys of %.0f MB in a file; maps of %.0f MB in memory\n",
           count + count_there, (double)bytes / 1e6,
           (double)bf_boot_bytes(symbolic) / 1e6);
    bf_eval_destroy(w->ev);
    bf_eval_destroy(w->ev_there);
    bf_boot_destroy(symbolic);
}

static void open_work(work *w, const bf_boot_request *r)
{
    memset(w, 0, sizeof *w);
    require(bf_boot_params_make(&w->p, r));
    const bf_params *p = &w->p.ring;
    printf("N = 2^%u, %u coefficients, %u + %u limbs, digits of %u, log QP "
           "%.1f; %u limbs left\n",
           r->log_n, 2u << r->log_slots, p->n_q, p->n_p, p->digit_limbs,
           bf_params_log2_q(p, p->n_q) + bf_params_log2_p(p), r->limbs);
    require(bf_context_create(&w->ctx, p, BF_BACKEND_AUTO));
    require(bf_context_create(&w->there, &w->p.encapsulation, BF_BACKEND_AUTO));
    require(bf_secret_key_generate(&w->sk, w->ctx, 0));
    make_keys(w);
    require(bf_boot_create(&w->boot, w->ctx, w->there, &w->p, false));
    require(bf_eval_create(&w->ev, w->ctx, &w->keys));
    require(bf_eval_create(&w->ev_there, w->there, &w->keys_there));
    w->n = (size_t)1 << r->log_n;
    w->count = (size_t)2 << r->log_slots;
    w->gap = w->n / w->count;
    w->message = bf_alloc_zero(w->n * sizeof *w->message);
    w->got = bf_alloc_zero(w->n * sizeof *w->got);
    if (!w->message || !w->got) require(BF_ERR_MEMORY);
}

static void close_work(work *w)
{
    bf_eval_release(w->ev, &w->out);
    bf_ct_clear(&w->in);
    bf_eval_destroy(w->ev);
    bf_eval_destroy(w->ev_there);
    bf_eval_keys_clear(&w->keys);
    bf_eval_keys_clear(&w->keys_there);
    bf_boot_destroy(w->boot);
    bf_secret_key_destroy(w->sk);
    bf_context_destroy(w->ctx);
    bf_context_destroy(w->there);
    bf_free(w->message);
    bf_free(w->got);
}

static double unit(uint64_t *seed)
{
    *seed =
        *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(*seed >> 11) + 0.5) * 0x1p-53;
}

/* Gaussian of a sixteenth of the bound, or uniform up to it. */
static void draw(work *w, uint64_t *seed)
{
    bf_pt pt = {0};
    bool uniform = w->p.typical > w->p.bound / 4;
    for (size_t i = 0; i < w->count; i++) {
        double u = unit(seed), v = unit(seed);
        w->message[i * w->gap] =
            uniform ? w->p.bound * (2 * u - 1)
                    : w->p.typical * sqrt(-2 * log(u)) * cos(2 * M_PI * v);
    }
    require(bf_encode_coeffs(&pt, w->ctx, w->message, w->n,
                             bf_boot_scale_in(&w->p), 1));
    require(bf_encrypt_symmetric(&w->in, w->sk, &pt));
    bf_pt_clear(&pt);
}

static void run(void *user)
{
    work *w = user;
    require(bf_boot_refresh(w->ev, w->ev_there, &w->out, &w->in, w->boot));
}

/* Square of the rms error of the message's coefficients; the largest. */
static double measure_one(work *w, double *worst)
{
    bf_pt pt = {0};
    double sum = 0;
    run(w);
    require(bf_decrypt(&pt, w->sk, &w->out));
    require(bf_decode_coeffs(w->got, &pt));
    bf_pt_clear(&pt);
    for (size_t k = 0; k < w->n; k += w->gap) {
        double e = w->got[k] - w->message[k];
        sum += e * e / (double)w->count;
        *worst = fmax(*worst, fabs(e));
    }
    return sum;
}

static void measure_precision(work *w, unsigned runs)
{
    uint64_t seed = 12345;
    double sum = 0, worst = 0, least = INFINITY, most = 0;
    double declared =
        bf_boot_errors_of(w->boot, bf_boot_scale_in(&w->p)).inside;
    for (unsigned i = 0; i < runs; i++) {
        draw(w, &seed);
        double square = measure_one(w, &worst);
        sum += square / runs;
        least = fmin(least, square);
        most = fmax(most, square);
    }
    printf("  below the bound, %u runs: rms %.2f bits (of single runs %.2f to "
           "%.2f), worst %.2f; declared %.2f\n",
           runs, -log2(sum) / 2, -log2(most) / 2, -log2(least) / 2,
           -log2(worst), -log2(declared));
}

static void bench(bf_bench *b, const char *name, bf_boot_request r,
                  unsigned runs, bool always)
{
    static work w;
    bf_timing one = {0};
    if (b->filter ? !bf_bench_wants(b, name) : !always) return;
    open_work(&w, &r);
    for (unsigned threads = 1; threads <= 2; threads++) {
        char variant[48];
        uint64_t seed = 1;
        bf_bench_threads(threads);
        draw(&w, &seed);
        bf_timing t = bf_bench_time(b, run, &w);
        snprintf(variant, sizeof variant, "N=2^%u %u thread%s", r.log_n,
                 threads, threads > 1 ? "s" : "");
        bf_bench_row(b, name, variant, t, threads > 1 ? &one : NULL);
        one = t;
    }
    measure_precision(&w, runs);
    close_work(&w);
}

int main(int argc, char **argv)
{
    bf_bench b;
    bf_boot_request sparse = bf_boot_test_request(15, 11), few = sparse;
    bf_boot_request full = {.log_n = 16,
                            .log_slots = 15,
                            .limbs = 11,
                            .q0_bits = 48.5,
                            .limb_bits = 48.5,
                            .bound = 1,
                            .typical = 0.577,
                            .ratio = 6.5,
                            .scale = 0x1p40,
                            .precision = 20.2,
                            .arcsine = true};
    few.few_keys = true;
    bf_keep_freed_memory();
    bf_bench_begin(&b, argc, argv);
    bench(&b, "refresh, sparse", sparse, RUNS, true);
    bench(&b, "refresh, few keys", few, RUNS, true);
    bench(&b, "refresh, full", full, RUNS, false);
    bench(&b, "refresh, trials", bf_boot_test_request(13, 9), TRIALS, false);
    for (unsigned log_slots = 3; log_slots <= 13; log_slots += 5) {
        sparse.log_slots = log_slots;
        bench(&b, "refresh, other slots", sparse, RUNS, false);
    }
    return bf_bench_end(&b);
}
