/* Every kernel on every backend of this machine, beside its scalar twin.
 *
 * Pointwise kernels run on slices of 1024 residues, as their callers use them;
 * the transforms on whole limbs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring/backend.h"
#include "ring/ntt.h"
#include "support/timing.h"

#define SLICE ((size_t)1024)
#define BLOCK_SLICE ((size_t)256) /* keeps all operands of a block in L2 */
#define TERMS 16
#define COUNT 10
#define SOURCES 8

typedef struct work {
    const bf_kernels *k;
    const bf_ntt *ntt;
    bf_modulus mod;
    bf_mulc c;
    size_t n;
    double *o[3 * COUNT];         /* outputs */
    double *x[2 * TERMS];         /* left inputs */
    double *y[2 * TERMS * COUNT]; /* right inputs */
    double constants[SOURCES + 1];
    uint32_t perm[SLICE];
    bf_tensor_sum tensor;
} work;

static void run_forward(void *arg)
{
    work *w = arg;
    w->k->ntt_forward(w->o[0], w->ntt);
}

static void run_inverse(void *arg)
{
    work *w = arg;
    w->k->ntt_inverse(w->o[0], w->ntt, 1);
}

static void run_add(void *arg)
{
    work *w = arg;
    w->k->add(w->o[0], w->x[0], w->x[1], w->n, &w->mod);
}

static void run_sub(void *arg)
{
    work *w = arg;
    w->k->sub(w->o[0], w->x[0], w->x[1], w->n, &w->mod);
}

static void run_butterfly(void *arg)
{
    work *w = arg;
    w->k->butterfly(w->o[0], w->o[1], w->n, &w->mod);
}

static void run_mul(void *arg)
{
    work *w = arg;
    w->k->mul(w->o[0], w->x[0], w->x[1], w->n, &w->mod);
}

static void run_mul_add(void *arg)
{
    work *w = arg;
    w->k->mul_add(w->o[0], w->x[0], w->x[1], w->n, &w->mod);
}

static void run_mul_const(void *arg)
{
    work *w = arg;
    w->k->mul_const(w->o[0], w->x[0], w->c, w->n, &w->mod);
}

static void run_mul_const_add(void *arg)
{
    work *w = arg;
    w->k->mul_const_add(w->o[0], w->x[0], w->c, w->n, &w->mod);
}

static void run_sub_mul_const(void *arg)
{
    work *w = arg;
    w->k->sub_mul_const(w->o[0], w->x[0], w->x[1], w->c, w->n, &w->mod);
}

static void run_reduce(void *arg)
{
    work *w = arg;
    w->k->reduce(w->o[0], w->x[0], w->n, &w->mod);
}

static void run_permute(void *arg)
{
    work *w = arg;
    w->k->permute(w->o[0], w->x[0], w->perm, w->n);
}

static void run_dot2(void *arg)
{
    work *w = arg;
    w->k->dot2(w->o[0], w->o[1], (const double *const *)w->x,
               (const double *const *)w->y,
               (const double *const *)(w->y + TERMS), 3, w->n, &w->mod);
}

static void run_tensor(void *arg)
{
    work *w = arg;
    w->k->tensor_sum(&w->tensor, w->n, &w->mod);
}

static void run_convert(void *arg)
{
    work *w = arg;
    w->k->convert(w->o[0], (const double *const *)w->x, w->x[SOURCES],
                  w->constants, SOURCES, w->n, w->mod.lazy, &w->mod);
}

static void run_overflow(void *arg)
{
    work *w = arg;
    w->k->overflow(w->o[0], (const double *const *)w->x, w->constants, SOURCES,
                   w->n);
}

static double *random_residues(size_t n, double p)
{
    double *x = bf_alloc(n * sizeof *x);
    if (!x) exit(1);
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(int64_t)((random() / (double)RAND_MAX - 0.5) * (p - 1));
    return x;
}

static void work_init(work *w, size_t n, uint64_t p)
{
    memset(w, 0, sizeof *w);
    w->mod = bf_modulus_make(p);
    w->c = bf_mulc_make(p / 3, p);
    w->n = n;
    const bool slice = n == SLICE;
    for (size_t i = 0; i < (slice ? 3 * COUNT : 1); i++)
        w->o[i] = random_residues(n, w->mod.p);
    if (!slice) return;
    for (size_t i = 0; i < 2 * TERMS; i++)
        w->x[i] = random_residues(n, w->mod.p);
    for (size_t i = 0; i < 2 * TERMS * COUNT; i++)
        w->y[i] = random_residues(n, w->mod.p);
    for (size_t i = 0; i <= SOURCES; i++) w->constants[i] = w->x[0][i];
    bf_ring_automorphism(10, 5, w->perm);
    w->tensor = (bf_tensor_sum){w->o,
                                w->o + COUNT,
                                w->o + 2 * COUNT,
                                (const double *const *)w->x,
                                (const double *const *)(w->x + TERMS),
                                (const double *const *)w->y,
                                (const double *const *)(w->y + TERMS * COUNT),
                                TERMS,
                                COUNT};
}

static void work_free(work *w)
{
    for (size_t i = 0; i < 3 * COUNT; i++) bf_free(w->o[i]);
    for (size_t i = 0; i < 2 * TERMS; i++) bf_free(w->x[i]);
    for (size_t i = 0; i < 2 * TERMS * COUNT; i++) bf_free(w->y[i]);
}

/* One row per backend; the first is the scalar twin. */
static void compare(bf_bench *b, const char *name, const char *what, work *w,
                    void (*fn)(void *))
{
    bf_timing scalar = {0};
    if (!bf_bench_wants(b, name)) return;
    for (bf_backend e = BF_BACKEND_SCALAR; e <= BF_BACKEND_AVX512; e++) {
        char variant[64];
        w->k = bf_backend_kernels(e);
        if (!w->k) continue;
        const bf_timing t = bf_bench_time(b, fn, w);
        snprintf(variant, sizeof variant, "%s %s", what, w->k->name);
        if (e == BF_BACKEND_SCALAR) scalar = t;
        bf_bench_row(b, name, variant, t,
                     e == BF_BACKEND_SCALAR ? NULL : &scalar);
    }
}

static int bench_ntt(bf_bench *b, unsigned log_n)
{
    const uint64_t p = bf_prime_below(1ULL << 49, log_n, NULL, 0);
    char what[32];
    work w;
    bf_ntt *t;
    snprintf(what, sizeof what, "N=2^%u", log_n);
    if (bf_ntt_create(&t, log_n, p) != BF_OK) return 1;
    work_init(&w, (size_t)1 << log_n, p);
    w.ntt = t;
    compare(b, "ntt_forward", what, &w, run_forward);
    compare(b, "ntt_inverse", what, &w, run_inverse);
    work_free(&w);
    bf_ntt_destroy(t);
    return 0;
}

static void bench_tensor(bf_bench *b, unsigned bits)
{
    char what[48];
    work w;
    work_init(&w, SLICE, bf_prime_below(1ULL << bits, 14, NULL, 0));
    snprintf(what, sizeof what, "%zu %u bits %ux1", SLICE, bits, TERMS);
    w.tensor.count = 1;
    compare(b, "tensor_sum", what, &w, run_tensor);
    snprintf(what, sizeof what, "%zu %u bits %ux%u", BLOCK_SLICE, bits, TERMS,
             COUNT);
    w.tensor.count = COUNT;
    w.n = BLOCK_SLICE;
    compare(b, "tensor_sum_block", what, &w, run_tensor);
    work_free(&w);
}

static void bench_slices(bf_bench *b)
{
    static const struct {
        const char *name, *what;
        void (*fn)(void *);
    } kernels[] = {
        {"add", "1024", run_add},
        {"sub", "1024", run_sub},
        {"butterfly", "1024", run_butterfly},
        {"mul", "1024", run_mul},
        {"mul_add", "1024", run_mul_add},
        {"mul_const", "1024", run_mul_const},
        {"mul_const_add", "1024", run_mul_const_add},
        {"sub_mul_const", "1024", run_sub_mul_const},
        {"reduce", "1024", run_reduce},
        {"permute", "1024", run_permute},
        {"dot2", "1024 3 terms", run_dot2},
        {"convert", "1024 8+1 terms", run_convert},
        {"overflow", "1024 8 terms", run_overflow},
    };
    work w;
    work_init(&w, SLICE, bf_prime_below(1ULL << 49, 14, NULL, 0));
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        compare(b, kernels[i].name, kernels[i].what, &w, kernels[i].fn);
    work_free(&w);
}

int main(int argc, char **argv)
{
    bf_bench b;
    bf_bench_begin(&b, argc, argv);
    for (unsigned log_n = 12; log_n <= 17; log_n++)
        if (bench_ntt(&b, log_n)) return 1;
    bench_slices(&b);
    bench_tensor(&b, 36);
    bench_tensor(&b, 49);
    return bf_bench_end(&b);
}
