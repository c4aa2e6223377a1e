/* Any bytes as boxes to owners; and any bytes sealed to owners as shares of an
 * opening: the boxes hold the sealed bytes, and accepted shares open. */
#include "party_stub.h"

#include "memory_file.h"
#include "ckks/owner/open_share.h"
#include "train/owner/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_boxes(const party_stub *stub, const uint8_t *data, size_t size)
{
    memory_file f = memory_file_open(data, size);
    for (int receivers = 0; receivers < 2; receivers++)
        for (size_t want = 0; want < 2; want++) {
            uint8_t *plain;
            size_t bytes;
            if (bf_sealed_read(&plain, &bytes, f.path, &stub->session,
                               receivers, &stub->id[0], 0,
                               want * (size / 2)) == BF_OK)
                bf_secret_free(plain);
        }
    memory_file_close(&f);
}

static void seal_and_open(const party_stub *stub, const uint8_t *data,
                          size_t size)
{
    char path[64];
    uint8_t *plain;
    size_t bytes;
    fuzz_path(path, "sealed");
    if (bf_sealed_write(path, &stub->session, false, data, size) != BF_OK ||
        bf_sealed_read(&plain, &bytes, path, &stub->session, false,
                       &stub->id[1], 1, size) != BF_OK)
        abort();
    if (bytes != size || memcmp(plain, data, size) != 0) abort();
    bf_secret_free(plain);
}

/* The same of boxes that differ: both owners receive. Any file of a possible
 * length is divided into two boxes. */
static bf_session both_receive(const party_stub *stub)
{
    bf_session s = stub->session;
    s.owner[1].receives = true;
    return s;
}

static void open_each(const party_stub *stub, const uint8_t *data, size_t size)
{
    const size_t fixed = 2 * (crypto_secretbox_KEYBYTES + crypto_box_SEALBYTES +
                              crypto_secretbox_MACBYTES);
    const bf_session s = both_receive(stub);
    size_t bytes[BF_OWNERS_MAX] = {0};
    if (size < fixed + 2) return;
    bytes[0] = (size - fixed) / 3;
    bytes[1] = size - fixed - bytes[0];
    memory_file f = memory_file_open(data, size);
    for (unsigned k = 0; k < STUB_OWNERS; k++) {
        uint8_t *plain;
        if (bf_sealed_read_each(&plain, f.path, &s, &stub->id[k], k, bytes) ==
            BF_OK)
            bf_secret_free(plain);
    }
    memory_file_close(&f);
}

static void seal_each(const party_stub *stub, const uint8_t *data, size_t size)
{
    const bf_session s = both_receive(stub);
    const size_t first = 1 + data[0] % (size - 1);
    const uint8_t *const part[BF_OWNERS_MAX] = {data, data + first};
    const size_t bytes[BF_OWNERS_MAX] = {first, size - first};
    char path[64];
    fuzz_path(path, "each");
    if (bf_sealed_write_each(path, &s, part, bytes) != BF_OK) abort();
    for (unsigned k = 0; k < STUB_OWNERS; k++) {
        uint8_t *plain;
        if (bf_sealed_read_each(&plain, path, &s, &stub->id[k], k, bytes) !=
                BF_OK ||
            memcmp(plain, part[k], bytes[k]) != 0)
            abort();
        bf_secret_free(plain);
        if (bf_sealed_read_each(&plain, path, &s, &stub->id[1 - k], k, bytes) ==
            BF_OK)
            abort(); /* the other's */
    }
}

/* Numbers of both owners, at as many places as there are. */
static void open_shares(const bf_context *ctx, const uint8_t *data, size_t size)
{
    uint32_t at[64];
    uint64_t share[STUB_OWNERS][64];
    bf_ct ct;
    bf_pt pt = {0};
    const bf_places places = {at, size / 16 < 64 ? size / 16 : 64};
    for (uint32_t i = 0; i < places.count; i++) {
        at[i] = 3 * i;
        memcpy(&share[0][i], data + 16 * i, 8);
        memcpy(&share[1][i], data + 16 * i + 8, 8);
    }
    if (sample_ct(&ct, ctx, 1, 2, false, 1) != BF_OK) abort();
    bf_status s = bf_open_combine(
        &pt, &ct, places, (const uint64_t *const[]){share[0], share[1]},
        STUB_OWNERS);
    for (size_t i = 0; i < places.count; i++)
        if (s == BF_OK && share[0][i] >= bf_context_params(ctx)->q[0]) abort();
    bf_ct_clear(&ct);
    bf_pt_clear(&pt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bf_context *ctx;
    const party_stub *stub = stub_session();
    if (!ctx && sample_context(&ctx) != BF_OK) abort();
    open_boxes(stub, data, size);
    open_each(stub, data, size);
    if (size) seal_and_open(stub, data, size);
    if (size > 1) seal_each(stub, data, size);
    open_shares(ctx, data, size);
    return 0;
}
