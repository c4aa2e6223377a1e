/* Any bytes as a checkpoint: with corrected digests, lengths and context hash,
 * read as by a server that resumes. */
#include "../train/checkpoint_sample.h"
#include "train/training.h"
#include "wire_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_state(const bf_run_state *s)
{
    unsigned done = s->circuit.step;
    if (done < 1 || done > 3 || !s->circuit.carried[0].data) abort();
    for (unsigned t = 0; t < done; t++)
        if (!s->models[t].data) abort();
}

static bf_status read_checkpoint(const uint8_t *bytes, size_t size, bf_eval *ev,
                                 const bf_plan *plan)
{
    bf_run_state s = {0};
    char name[64];
    int fd = image_fd(bytes, size);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    bf_status status = bf_checkpoint_read(
        &s, name, ev, (bf_run_ids){.upload = sample_upload_digest},
        &bf_training, plan);
    if (status == BF_OK) check_state(&s);
    bf_run_state_release(ev, &s);
    close(fd);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bf_context *ctx;
    static bf_eval_keys none;
    static bf_eval *ev;
    static bf_plan plan;
    bf_wire_type type;
    if (!ctx) {
        bf_run_state s = {0};
        if (sample_context(&ctx) != BF_OK || sample_state(&s, ctx) != BF_OK)
            abort();
        plan = sample_plan(&s);
        sample_state_clear(&s);
        none.ctx = ctx;
        if (bf_eval_create(&ev, ctx, &none) != BF_OK) abort();
    }
    uint8_t *bytes = malloc(size + 64);
    if (!bytes) return 0;
    if (size) memcpy(bytes, data, size);
    if (repair(bytes, &size, ctx, &type))
        (void)read_checkpoint(bytes, size, ev, &plan);
    free(bytes);
    return 0;
}
