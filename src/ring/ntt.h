/* Twiddle tables of one prime, shared by all backends.
 *
 * With W[k] = psi^brev(k), brev the reversal of log_n bits, level l of the
 * forward transform has 2^l blocks and block j multiplies by W[2^l + j]: node
 * k = 2^l + j of a heap, with children 2k and 2k + 1. The inverse uses the
 * inverses of the same powers and runs from the last level to the first.
 *
 * Nodes below N/16 (levels up to log_n - 5, the head) keep w with its quotient
 * w/p. The last four levels hold 15/16 of all nodes; there only w is kept, to
 * halve the traffic, and the kernels form the quotient as w * pinv. One entry
 * of sixteen doubles serves one group of sixteen residues: */
#ifndef BF_RING_NTT_H
#define BF_RING_NTT_H

#include "ring/ring.h"

typedef struct bf_ntt_tail {
    double last[3][4]; /* r < 4: W[4k+r], W[2(4k+r)], W[2(4k+r)+1] */
    double first[4];   /* W[k], W[2k], W[2k+1], 0, for k = N/16 + group */
} bf_ntt_tail;

typedef struct bf_ntt_table {
    bf_mulc *head;     /* [N/16], entry 0 unused */
    bf_ntt_tail *tail; /* [N/16] */
} bf_ntt_table;

/* N residues are also seen as N/1024 rows of 1024. The first log_n - 10 levels
 * couple equal columns of all rows; they run on blocks of columns, 2048
 * residues (or N) each. The last ten levels run row by row. */
#define BF_NTT_LOG_ROW 10
#define BF_NTT_ROW ((size_t)1 << BF_NTT_LOG_ROW)
#define BF_NTT_BLOCK ((size_t)BF_BLOCK_LEN_MAX)

struct bf_ntt {
    unsigned log_n;
    bf_modulus mod;
    uint64_t psi;   /* primitive 2N-th root of unity */
    uint64_t n_inv; /* 1/N */
    bf_ntt_table forward, inverse;
};

static inline unsigned bf_ntt_column_levels(const bf_ntt *t)
{
    return t->log_n - BF_NTT_LOG_ROW;
}

/* Columns of a block. */
static inline size_t bf_ntt_block_columns(const bf_ntt *t)
{
    const size_t cols = BF_NTT_BLOCK >> bf_ntt_column_levels(t);
    return cols < BF_NTT_ROW ? cols : BF_NTT_ROW;
}

/* The forward transform reduces the first quarter of every block before this
 * level, and nowhere else before its end (RANGES.md). */
static inline unsigned bf_ntt_reduce_level(const bf_ntt *t)
{
    return t->log_n - 8;
}

/* Factors of the top level of the inverse with 1/N and the caller's scale
 * folded in: of the sums, and of the differences. */
typedef struct bf_ntt_top {
    bf_mulc sum, diff;
} bf_ntt_top;
bf_ntt_top bf_ntt_inverse_top(const bf_ntt *t, uint64_t scale);

BF_MUST_CHECK bf_status bf_ntt_create(bf_ntt **out, unsigned log_n, uint64_t p);
void bf_ntt_destroy(bf_ntt *t);

#endif
