/* The canonical embedding as a fast Fourier transform.
 *
 * A real polynomial a of degree below N = 2n packs into n complex numbers
 * c_k = a_k + i a_{k+n}: at every root zeta^{5^j}, zeta = exp(i pi/N), the
 * power X^n is i^{5^j} = i, so a(zeta^{5^j}) = sum_k c_k zeta^{5^j k}. These n
 * roots are those of X^n = i. Their squares are the roots of X^{n/2} = i, each
 * met twice, at j and j + n/2 with opposite signs, because 5^{n/2} = 1 + 2n
 * mod 4n. That is a decimation in time: with even and odd parts E, O of c,
 *     value_j = E_j + zeta^{5^j} O_j,  value_{j+n/2} = E_j - zeta^{5^j} O_j.
 * The twiddles of the stage of length `len`, exp(2 pi i 5^j/(4 len)), do not
 * depend on n, so one table per stage serves every size.
 * Source: [CHKKS18a] for the order of the slots; the derivation is above. */
#include <math.h>
#include <stdatomic.h>

#include "ckks/internal.h"

#define LOG_SLOTS_MAX (BF_LOG_N_MAX - 1)

/* stage[s], len = 2^s: len/2 real parts, then len/2 imaginary parts. Built on
 * first use, kept for the life of the process (1 MiB in all). */
static double *_Atomic stage[LOG_SLOTS_MAX + 1];

/* exp(2 pi i k/m), m a power of two >= 8, reduced to the first octant, so that
 * both parts are correctly rounded but for rare ties. The long double functions
 * give the same results on all vector units. */
static void unit_root(double *re, double *im, uint64_t k, uint64_t m)
{
    const long double tau = 6.283185307179586476925286766559L;
    uint64_t octant = k / (m / 8), r = k % (m / 8);
    if (octant & 1) r = m / 8 - r;
    long double angle = tau * (long double)r / (long double)m;
    double c = (double)cosl(angle), s = (double)sinl(angle);
    static const int sign_re[8] = {1, 1, -1, -1, -1, -1, 1, 1};
    static const int sign_im[8] = {1, 1, 1, 1, -1, -1, -1, -1};
    bool swapped = ((octant + 1) & 2) != 0; /* octants 1, 2, 5, 6 */
    *re = sign_re[octant] * (swapped ? s : c);
    *im = sign_im[octant] * (swapped ? c : s);
}

const double *bf_embed_stage(unsigned s)
{
    double *t = atomic_load_explicit(&stage[s], memory_order_acquire);
    if (t) return t;
    size_t half = (size_t)1 << (s - 1);
    double *fresh = bf_alloc(2 * half * sizeof(double));
    if (!fresh) return NULL;
    uint64_t m = (uint64_t)8 * half, power = 1;
    for (size_t j = 0; j < half; j++) {
        unit_root(&fresh[j], &fresh[half + j], power, m);
        power = power * 5 % m;
    }
    if (atomic_compare_exchange_strong(&stage[s], &t, fresh)) return fresh;
    bf_free(fresh); /* another thread was first */
    return t;
}

static bf_status load_stages(const double **tables, unsigned log_slots)
{
    for (unsigned s = 1; s <= log_slots; s++) {
        tables[s] = bf_embed_stage(s);
        if (!tables[s]) return BF_ERR_MEMORY;
    }
    return BF_OK;
}

static void reverse_order(double *re, double *im, size_t n)
{
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            double r = re[i], m = im[i];
            re[i] = re[j];
            im[i] = im[j];
            re[j] = r;
            im[j] = m;
        }
    }
}

/* One block: (u, v) -> (u + w v, u - w v). */
static void butterflies(double *restrict ur, double *restrict ui,
                        double *restrict vr, double *restrict vi,
                        const double *restrict wr, const double *restrict wi,
                        size_t half)
{
    for (size_t j = 0; j < half; j++) {
        double tr = vr[j] * wr[j] - vi[j] * wi[j];
        double ti = vr[j] * wi[j] + vi[j] * wr[j];
        vr[j] = ur[j] - tr;
        vi[j] = ui[j] - ti;
        ur[j] = ur[j] + tr;
        ui[j] = ui[j] + ti;
    }
}

/* The reverse, times two: (u, v) -> (u + v, (u - v) conj(w)). */
static void unbutterflies(double *restrict ur, double *restrict ui,
                          double *restrict vr, double *restrict vi,
                          const double *restrict wr, const double *restrict wi,
                          size_t half)
{
    for (size_t j = 0; j < half; j++) {
        double dr = ur[j] - vr[j], di = ui[j] - vi[j];
        ur[j] = ur[j] + vr[j];
        ui[j] = ui[j] + vi[j];
        vr[j] = dr * wr[j] + di * wi[j];
        vi[j] = di * wr[j] - dr * wi[j];
    }
}

bf_status bf_embed_split_forward(double *re, double *im, unsigned log_slots)
{
    const double *tables[LOG_SLOTS_MAX + 1];
    BF_TRY(load_stages(tables, log_slots));
    size_t n = (size_t)1 << log_slots;
    reverse_order(re, im, n);
    for (unsigned s = 1; s <= log_slots; s++) {
        size_t half = (size_t)1 << (s - 1);
        for (size_t i = 0; i < n; i += 2 * half)
            butterflies(re + i, im + i, re + i + half, im + i + half,
                        tables[s], tables[s] + half, half);
    }
    return BF_OK;
}

bf_status bf_embed_split_inverse(double *re, double *im, unsigned log_slots)
{
    const double *tables[LOG_SLOTS_MAX + 1];
    BF_TRY(load_stages(tables, log_slots));
    size_t n = (size_t)1 << log_slots;
    for (unsigned s = log_slots; s >= 1; s--) {
        size_t half = (size_t)1 << (s - 1);
        for (size_t i = 0; i < n; i += 2 * half)
            unbutterflies(re + i, im + i, re + i + half, im + i + half,
                          tables[s], tables[s] + half, half);
    }
    reverse_order(re, im, n);
    return BF_OK;
}

static bf_status check_size(unsigned log_n)
{
    if (log_n < 1 || log_n > BF_LOG_N_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "embedding of degree 2^%u: must be 2^1 "
                       "to 2^%d", log_n, BF_LOG_N_MAX);
    return BF_OK;
}

bf_status bf_embed_forward(double complex *slots, const double *coeffs,
                           unsigned log_n)
{
    BF_TRY(check_size(log_n));
    size_t n = (size_t)1 << log_n, half = n / 2;
    double *work = bf_secret_alloc(n * sizeof(double));
    if (!work) return BF_ERR_MEMORY;
    memcpy(work, coeffs, n * sizeof(double));
    bf_status status = bf_embed_split_forward(work, work + half, log_n - 1);
    double *parts = (double *)slots; /* real and imaginary alternate */
    for (size_t j = 0; status == BF_OK && j < half; j++) {
        parts[2 * j] = work[j];
        parts[2 * j + 1] = work[half + j];
    }
    bf_secret_free(work);
    return status;
}

bf_status bf_embed_inverse(double *coeffs, const double complex *slots,
                           unsigned log_n)
{
    BF_TRY(check_size(log_n));
    size_t n = (size_t)1 << log_n, half = n / 2;
    double *work = bf_secret_alloc(n * sizeof(double));
    if (!work) return BF_ERR_MEMORY;
    for (size_t j = 0; j < half; j++) {
        work[j] = creal(slots[j]);
        work[half + j] = cimag(slots[j]);
    }
    bf_status status = bf_embed_split_inverse(work, work + half, log_n - 1);
    for (size_t k = 0; status == BF_OK && k < n; k++)
        coeffs[k] = work[k] / (double)half;
    bf_secret_free(work);
    return status;
}
