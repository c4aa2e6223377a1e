/* Any bytes as an owner's upload, with corrected digests and ids, imported
 * together with itself, as in `train --box`. What is imported are inputs of the
 * job. */
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

static void check_inputs(const bf_ct *inputs, const party_stub *stub)
{
    for (size_t i = 0; i < bf_job_inputs(&stub->job); i++) {
        size_t index;
        bf_input_kind kind = bf_job_input_kind(&stub->job, i, &index);
        bf_input want = bf_job_circuit(&stub->job)->input(&stub->job, kind);
        bf_plan_ct planned = {want.limbs, want.scale};
        if (bf_plan_check_ct(&inputs[i], planned) != BF_OK ||
            inputs[i].seeded || inputs[i].bound != want.typical)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bf_context *ctx;
    static bf_eval_keys keys;
    const party_stub *stub = stub_session();
    bf_upload_digests digests;
    uint8_t *bytes;
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
                           .owners = STUB_OWNERS};
    size_t count = bf_job_inputs(&stub->job);
    bf_ct *inputs = bf_alloc_zero(count * sizeof *inputs);
    if (!inputs) abort();
    if (bf_import_inputs(inputs, &digests, &o) == BF_OK)
        check_inputs(inputs, stub);
    for (size_t i = 0; i < count; i++) bf_ct_clear(&inputs[i]);
    bf_free(inputs);
    memory_file_close(&f);
    free(bytes);
    return 0;
}
