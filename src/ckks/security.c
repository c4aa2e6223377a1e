/* Security levels from the published table.
 *
 * [BCC+24] Bossuat et al., "Security Guidelines for Implementing Homomorphic
 * Encryption", ePrint 2024/463, Table 5.2: the largest log2(QP) for a uniform
 * ternary secret, sd 3.19, classical attacks. The noise of blindfit has sd
 * 3.24, which is at least as hard. */
#include "ckks/ckks.h"

#include <math.h>

#define ROW_FIRST 13 /* log2 N of the first row */
#define ROW_LAST 17
#define LEVELS 3
#define SPARSE_WEIGHT 32
#define SPARSE_LOG2_QP 121.0
#define SPARSE_LOG_N_MIN 15

static const unsigned level_bits[LEVELS] = {128, 192, 256};
static const double limits[ROW_LAST - ROW_FIRST + 1][LEVELS] = {
    {214, 147, 114}, {430, 297, 230},    {868, 597, 462},
    {1747, 1199, 929}, {3523, 2411, 1866},
};

static const double *row_of(unsigned log_n)
{
    if (log_n < ROW_FIRST || log_n > ROW_LAST) return NULL;
    return limits[log_n - ROW_FIRST];
}

double bf_security_log2_qp_limit(unsigned log_n, unsigned bits)
{
    const double *row = row_of(log_n);
    for (unsigned i = 0; row && i < LEVELS; i++) {
        if (level_bits[i] == bits) return row[i];
    }
    return 0;
}

/* Attack cost falls faster than 1/log2(QP): in every row of the table the
 * product bits * limit shrinks from one column to the next lower level. So a
 * column (b, l) gives the lower estimate b*l/x for x up to the next column,
 * and beyond the 128-bit column, where that product would overstate, the
 * steeper power 5/4 is used (the rows themselves fall with powers 1.07 to
 * 1.13). */
double bf_security_bits(unsigned log_n, double log2_qp)
{
    const double *row = row_of(log_n);
    if (!row || !(log2_qp > 0)) return 0;
    if (log2_qp <= row[LEVELS - 1]) return level_bits[LEVELS - 1];
    for (unsigned i = LEVELS - 1; i-- > 0;) {
        if (log2_qp <= row[i]) return level_bits[i] * row[i] / log2_qp;
    }
    return level_bits[0] * pow(row[0] / log2_qp, 1.25);
}

static bf_status check_sparse(unsigned log_n, double log2_qp, unsigned weight)
{
    if (weight != SPARSE_WEIGHT)
        return bf_fail(BF_ERR_SECURITY, "a secret of weight %u: only uniform "
                       "ternary ones, and weight %d for encapsulation, are "
                       "allowed", weight, SPARSE_WEIGHT);
    if (log_n < SPARSE_LOG_N_MIN || log_n > ROW_LAST)
        return bf_fail(BF_ERR_SECURITY, "a secret of weight %u needs N of 2^%d "
                       "to 2^%d, not 2^%u", weight, SPARSE_LOG_N_MIN, ROW_LAST,
                       log_n);
    if (!(log2_qp <= SPARSE_LOG2_QP))
        return bf_fail(BF_ERR_SECURITY, "a key of log2(QP) = %.2f under a "
                       "secret of weight %u: at most %.0f", log2_qp, weight,
                       SPARSE_LOG2_QP);
    return BF_OK;
}

bf_status bf_security_check(unsigned log_n, double log2_qp, unsigned weight)
{
    if (!(log2_qp > 0))
        return bf_fail(BF_ERR_SECURITY, "log2(QP) = %f is not positive",
                       log2_qp);
    if (weight != 0) return check_sparse(log_n, log2_qp, weight);
    double limit = bf_security_log2_qp_limit(log_n, 128);
    if (!(log2_qp <= limit))
        return bf_fail(BF_ERR_SECURITY, "log2(QP) = %.2f at N = 2^%u: at most "
                       "%.0f for 128 bits", log2_qp, log_n, limit);
    return BF_OK;
}
