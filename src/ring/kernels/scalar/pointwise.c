#include "ring/kernels/scalar/scalar.h"

static void add(double *o, const double *a, const double *b, size_t n,
                const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++) o[i] = bf_red(a[i] + b[i], m);
}

static void sub(double *o, const double *a, const double *b, size_t n,
                const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++) o[i] = bf_red(a[i] - b[i], m);
}

static void butterfly(double *a, double *b, size_t n, const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++) {
        const double x = a[i], y = b[i];
        a[i] = bf_red(x + y, m);
        b[i] = bf_red(x - y, m);
    }
}

static void mul(double *o, const double *a, const double *b, size_t n,
                const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++) o[i] = bf_mul_r(a[i], b[i], m);
}

static void mul_add(double *o, const double *a, const double *b, size_t n,
                    const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        o[i] = bf_red(o[i] + bf_mul_r(a[i], b[i], m), m);
}

static void mul_const(double *o, const double *a, bf_mulc c, size_t n,
                      const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++) o[i] = bf_mul_c(a[i], c, m);
}

static void mul_const_add(double *o, const double *a, bf_mulc c, size_t n,
                          const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        o[i] = bf_red(o[i] + bf_mul_c(a[i], c, m), m);
}

static void sub_mul_const(double *o, const double *a, const double *b,
                          bf_mulc c, size_t n, const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        o[i] = bf_red(bf_mul_c(a[i] - b[i], c, m), m);
}

static void reduce(double *o, const double *a, size_t n, const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++) o[i] = bf_red(a[i], m);
}

static void permute(double *o, const double *a, const uint32_t *perm, size_t n)
{
    for (size_t i = 0; i < n; i++) o[i] = a[perm[i] & (n - 1)];
}

const bf_kernels bf_kernels_scalar = {
    .name = "scalar",
    .ntt_forward = bf_scalar_ntt_forward,
    .ntt_inverse = bf_scalar_ntt_inverse,
    .ntt_forward_block = bf_scalar_ntt_forward_block,
    .ntt_forward_row = bf_scalar_ntt_forward_row,
    .ntt_inverse_row = bf_scalar_ntt_inverse_row,
    .ntt_inverse_block = bf_scalar_ntt_inverse_block,
    .add = add,
    .sub = sub,
    .butterfly = butterfly,
    .mul = mul,
    .mul_add = mul_add,
    .mul_const = mul_const,
    .mul_const_add = mul_const_add,
    .sub_mul_const = sub_mul_const,
    .reduce = reduce,
    .dot2 = bf_scalar_dot2,
    .tensor_sum = bf_scalar_tensor_sum,
    .permute = permute,
    .convert = bf_scalar_convert,
    .overflow = bf_scalar_overflow,
};
