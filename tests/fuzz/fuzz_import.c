/* Any bytes as an owner's upload, with corrected digests and ids, imported
 * alone and together with itself, as in `gather`. The resulting upload can be
 * read. */
#include "party_stub.h"

#include "memory_file.h"
#include "train/import.h"
#include "train/upload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_keys(bf_eval_keys *keys, const bf_context *ctx)
{
    *keys = (bf_eval_keys){.ctx = ctx, .count = STUB_OWNERS};
    keys->keys = bf_alloc_zero(STUB_OWNERS * sizeof *keys->keys);
    if (!keys->keys) abort();
    for (unsigned k = 0; k < STUB_OWNERS; k++)
        if (sample_switch_key(&keys->keys[k], ctx,
                              (bf_key_name){BF_KEY_IMPORT, 0, k}, 3) != BF_OK)
            abort();
}

static void check_output(const char *path, const bf_context *ctx,
                         const party_stub *stub)
{
    bf_wire_ids ids = {sample_key_id, stub->handle.id, NULL};
    if (consume_set(path, BF_WIRE_UPLOAD, ctx, ids) != BF_OK) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bf_context *ctx;
    static bf_eval_keys keys;
    const party_stub *stub = stub_session();
    char path[64];
    uint8_t *bytes;
    bf_outfile *out;
    if (!ctx) {
        if (sample_context(&ctx) != BF_OK) abort();
        make_keys(&keys, ctx);
    }
    if (!stub_container(&bytes, &size, stub, BF_WIRE_UPLOAD, ctx, data))
        return 0;
    memory_file f = memory_file_open(bytes, size);
    const bf_owner_upload uploads[] = {{f.path, NULL}, {f.path, NULL}};
    bf_import_options o = {.job = &stub->job, .job_id = stub->handle.id,
                           .ctx = ctx, .keys = &keys, .uploads = uploads,
                           .owners = STUB_OWNERS, .key_id = sample_key_id};
    fuzz_path(path, "upload.bf");
    if (bf_import_uploads(&out, &o, path, NULL) == BF_OK) {
        if (bf_outfile_commit(out) != BF_OK) abort();
        check_output(path, ctx, stub);
    }
    memory_file_close(&f);
    free(bytes);
    return 0;
}
