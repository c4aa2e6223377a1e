#include "ring/kernels/simd/simd.h"

static void add(double *o, const double *a, const double *b, size_t n,
                const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    for (size_t i = 0; i < n; i += BF_LANES)
        v_store(o + i, v_red(v_add(v_load(a + i), v_load(b + i)), &m));
}

static void sub(double *o, const double *a, const double *b, size_t n,
                const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    for (size_t i = 0; i < n; i += BF_LANES)
        v_store(o + i, v_red(v_sub(v_load(a + i), v_load(b + i)), &m));
}

static void butterfly(double *a, double *b, size_t n, const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    for (size_t i = 0; i < n; i += BF_LANES) {
        const bf_v x = v_load(a + i), y = v_load(b + i);
        v_store(a + i, v_red(v_add(x, y), &m));
        v_store(b + i, v_red(v_sub(x, y), &m));
    }
}

static void mul(double *o, const double *a, const double *b, size_t n,
                const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    for (size_t i = 0; i < n; i += BF_LANES)
        v_store(o + i, v_mul_r(v_load(a + i), v_load(b + i), &m));
}

static void mul_add(double *o, const double *a, const double *b, size_t n,
                    const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    for (size_t i = 0; i < n; i += BF_LANES) {
        const bf_v ab = v_mul_r(v_load(a + i), v_load(b + i), &m);
        v_store(o + i, v_red(v_add(v_load(o + i), ab), &m));
    }
}

static void mul_const(double *o, const double *a, bf_mulc c, size_t n,
                      const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    const bf_vmulc w = v_mulc(c);
    for (size_t i = 0; i < n; i += BF_LANES)
        v_store(o + i, v_mul_c(v_load(a + i), w, &m));
}

static void mul_const_add(double *o, const double *a, bf_mulc c, size_t n,
                          const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    const bf_vmulc w = v_mulc(c);
    for (size_t i = 0; i < n; i += BF_LANES) {
        const bf_v ac = v_mul_c(v_load(a + i), w, &m);
        v_store(o + i, v_red(v_add(v_load(o + i), ac), &m));
    }
}

static void sub_mul_const(double *o, const double *a, const double *b,
                          bf_mulc c, size_t n, const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    const bf_vmulc w = v_mulc(c);
    for (size_t i = 0; i < n; i += BF_LANES) {
        const bf_v d = v_sub(v_load(a + i), v_load(b + i));
        v_store(o + i, v_red(v_mul_c(d, w, &m), &m));
    }
}

static void reduce(double *o, const double *a, size_t n, const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    for (size_t i = 0; i < n; i += BF_LANES)
        v_store(o + i, v_red(v_load(a + i), &m));
}

static void permute(double *o, const double *a, const uint32_t *perm, size_t n)
{
    for (size_t i = 0; i < n; i += 16)
        v_permute_group(o + i, a + (perm[i] & (n - 16)), perm + i);
}

const bf_kernels BF_SIMD_TABLE = {
    .name = BF_SIMD_NAME,
    .ntt_forward = BF_SIMD(ntt_forward),
    .ntt_inverse = BF_SIMD(ntt_inverse),
    .ntt_forward_block = BF_SIMD(ntt_forward_block),
    .ntt_forward_row = BF_SIMD(ntt_forward_row),
    .ntt_inverse_row = BF_SIMD(ntt_inverse_row),
    .ntt_inverse_block = BF_SIMD(ntt_inverse_block),
    .add = add,
    .sub = sub,
    .butterfly = butterfly,
    .mul = mul,
    .mul_add = mul_add,
    .mul_const = mul_const,
    .mul_const_add = mul_const_add,
    .sub_mul_const = sub_mul_const,
    .reduce = reduce,
    .dot2 = BF_SIMD(dot2),
    .tensor_sum = BF_SIMD(tensor_sum),
    .permute = permute,
    .convert = BF_SIMD(convert),
    .overflow = BF_SIMD(overflow),
};
