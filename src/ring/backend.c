#include "ring/backend.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

static const char *const names[] = {"auto", "scalar", "neon", "avx2",
                                    "avx512"};

const char *bf_backend_name(bf_backend b)
{
    return names[b];
}

const bf_kernels *bf_backend_kernels(bf_backend b)
{
    switch (b) {
    case BF_BACKEND_SCALAR:
        return &bf_kernels_scalar;
#ifdef BF_HAVE_NEON
    case BF_BACKEND_NEON: /* part of arm64 */
        return &bf_kernels_neon;
#endif
#ifdef BF_HAVE_AVX
    case BF_BACKEND_AVX2:
        return bf_cpu_has_avx2_fma() ? &bf_kernels_avx2 : NULL;
    case BF_BACKEND_AVX512:
        return bf_cpu_has_avx512() ? &bf_kernels_avx512 : NULL;
#endif
    default:
        return NULL;
    }
}

static bf_status from_environment(const char *name, bf_backend *out)
{
    for (bf_backend b = BF_BACKEND_AUTO; b <= BF_BACKEND_AVX512; b++) {
        if (strcmp(name, names[b]) == 0) {
            *out = b;
            return BF_OK;
        }
    }
    return bf_fail(BF_ERR_ARGUMENT,
                   "BLINDFIT_BACKEND=%s is none of auto, scalar, neon, avx2, "
                   "avx512",
                   name);
}

bf_status bf_backend_resolve(bf_backend wanted, bf_backend *out)
{
    const char *forced = getenv("BLINDFIT_BACKEND");
    if (wanted == BF_BACKEND_AUTO && forced && *forced)
        BF_TRY(from_environment(forced, &wanted));
    if (wanted == BF_BACKEND_AUTO) {
        for (wanted = BF_BACKEND_AVX512; !bf_backend_kernels(wanted);) wanted--;
    }
    if (!bf_backend_kernels(wanted))
        return bf_fail(BF_ERR_UNSUPPORTED,
                       "this machine or build has no %s kernels",
                       bf_backend_name(wanted));
    *out = wanted;
    return BF_OK;
}
