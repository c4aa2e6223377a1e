/* Any bytes as an owner's state, unchanged and with a corrected digest. An
 * accepted state is written as the same bytes. */
#include "party_stub.h"

#include "memory_file.h"
#include "train/owner/party_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(bf_party_state *st, const bf_session *s,
                       const uint8_t *data, size_t size)
{
    char path[64];
    uint8_t *again;
    size_t bytes;
    fuzz_path(path, "state");
    if (bf_party_state_write(st, s, path) != BF_OK ||
        bf_read_file(path, size, &again, &bytes) != BF_OK)
        abort();
    if (bytes != size || memcmp(again, data, size) != 0) abort();
    bf_free(again);
}

static void read_state(const bf_session *s, const bf_context *ctx,
                       const uint8_t *data, size_t size)
{
    bf_party_state st = {0};
    memory_file f = memory_file_open(data, size);
    if (bf_party_state_read(&st, s, 0, ctx, f.path) == BF_OK) {
        same_again(&st, s, data, size);
        bf_party_state_clear(&st);
    }
    memory_file_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bf_context *ctx;
    const bf_session *s = &stub_session()->session;
    if (!ctx && sample_context(&ctx) != BF_OK) abort();
    read_state(s, ctx, data, size);
    if (size < BF_HASH_BYTES) return 0;
    uint8_t *repaired = malloc(size);
    if (!repaired) return 0;
    memcpy(repaired, data, size);
    bf_hash(repaired, size - BF_HASH_BYTES, repaired + size - BF_HASH_BYTES);
    read_state(s, ctx, repaired, size);
    free(repaired);
    return 0;
}
