/* Any bytes as an owner's shares of keys, with corrected digests and ids: read
 * and added as by an owner and the server, for each of the three kinds of
 * shares. */
#include "party_stub.h"

#include "memory_file.h"
#include "train/share_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bf_key_need linear[] = {{{BF_KEY_GALOIS, 0, 5}, 1},
                               {{BF_KEY_IMPORT, 0, 1}, 1}};
static bf_key_need square[] = {{{BF_KEY_FROM_SQUARE, 0, 1}, 1}};

/* Residues of sums are reduced. */
static void check_sum(const bf_eval_keys *sum, bf_key_need need)
{
    const bf_switch_key *k = &sum->keys[0];
    const bf_params *p = bf_context_params(k->ctx);
    if (sum->count != 1 || !bf_key_same(k->name, need.name) ||
        k->limbs != need.limbs)
        abort();
    for (unsigned i = 0; i < k->limbs + p->n_p; i++) {
        uint64_t prime = i < k->limbs ? p->q[i] : p->p[i - k->limbs];
        const double *row = bf_switch_key_limb(k, 0, i, 0, SAMPLE_N, p->n_p);
        for (size_t j = 0; j < SAMPLE_N; j++)
            if (!(row[j] >= -(double)prime && row[j] <= (double)prime)) abort();
    }
}

/* Of two owners who sent the same. */
static bf_status read_shares(const bf_session *s, const bf_context *ctx,
                             const bf_share_needs *needs, bf_key_a a,
                             const char *path)
{
    bf_share_reader reader[STUB_OWNERS] = {{0}};
    bf_status status = BF_OK;
    for (int k = 0; k < STUB_OWNERS && status == BF_OK; k++)
        status = bf_share_open(&reader[k], s, ctx, needs, a, path);
    for (size_t i = 0; i < needs->count && status == BF_OK; i++) {
        bf_eval_keys sum = {0};
        status = bf_share_next_sum(reader, STUB_OWNERS, &sum);
        if (status == BF_OK) check_sum(&sum, needs->need[i]);
        bf_eval_keys_clear(&sum);
    }
    for (int k = 0; k < STUB_OWNERS; k++) {
        if (status == BF_OK) status = bf_share_end(&reader[k]);
        bf_share_close(&reader[k]);
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bf_context *ctx;
    const party_stub *stub = stub_session();
    const bf_session *s = &stub->session;
    const bf_share_needs lines = {linear, 2}, squares = {square, 1};
    uint8_t *bytes;
    if (!ctx && sample_context(&ctx) != BF_OK) abort();
    if (!stub_container(&bytes, &size, stub, BF_WIRE_EVAL_KEYS, ctx, data))
        return 0;
    memory_file f = memory_file_open(bytes, size);
    int kinds =
        (read_shares(s, ctx, &lines, BF_KEY_A_SEED, f.path) == BF_OK) +
        (read_shares(s, ctx, &squares, BF_KEY_A_WHOLE, f.path) == BF_OK) +
        (read_shares(s, ctx, &squares, BF_KEY_A_APART, f.path) == BF_OK);
    if (kinds > 1) abort();
    memory_file_close(&f);
    free(bytes);
    return 0;
}
