/* Any bytes as a job.json. An accepted job is within the bounds, is the same
 * job when written and read again, and if small can be walked, as the server
 * does. */
#include "memory_file.h"
#include "train/circuit.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Owners' rows follow each other in the places of the layout. */
static void check_places(const bf_job *job)
{
    const bf_layout *l = &job->layout;
    size_t next = 0, rows = 0;
    for (unsigned k = 0; k < job->owners && job->owner_rows[0]; k++) {
        size_t first = bf_layout_first(l, job->owner_rows, k);
        if (first < next || first - next >= l->t) abort();
        next = first + job->owner_rows[k];
        rows += job->owner_rows[k];
    }
    if (rows && (rows != l->n || next != l->places)) abort();
}

static void check_job(const bf_job *job)
{
    const bf_layout *l = &job->layout;
    if (l->n < 2 || l->n > BF_JOB_SAMPLES_MAX || l->classes < 2 ||
        l->classes > BF_CLASSES_MAX || job->features < 1 ||
        job->features > BF_JOB_FEATURES_MAX)
        abort();
    if (job->ring[0].insecure || job->ring[0].n_q < bf_job_used_limbs(job) ||
        job->ring[0].n_q > BF_MAX_Q || job->ring[0].n_p > BF_MAX_P)
        abort();
    if (bf_job_inputs(job) == 0) abort();
    check_places(job);
}

/* The text of a job as we write it; freed with bf_free. */
static uint8_t *text_of(const bf_job *job, size_t *bytes)
{
    char path[64];
    uint8_t *text;
    fuzz_path(path, "job.json");
    if (bf_job_save(job, path) != BF_OK ||
        bf_read_file(path, 1 << 20, &text, bytes) != BF_OK)
        abort();
    return text;
}

static void write_and_read(const bf_job *job)
{
    char path[64];
    bf_job again;
    uint8_t id[BF_HASH_BYTES];
    size_t bytes, bytes2;
    uint8_t *text = text_of(job, &bytes);
    fuzz_path(path, "job.json");
    if (bf_job_load(&again, path, id) != BF_OK) abort();
    uint8_t *text2 = text_of(&again, &bytes2);
    if (bytes != bytes2 || memcmp(text, text2, bytes) != 0) abort();
    bf_free(text);
    bf_free(text2);
}

/* A walk takes time by the number of inputs and iterations. */
static void walk(const bf_job *job)
{
    bf_plan plan;
    if (bf_job_inputs(job) > 100 || job->recipe.iterations > 4) return;
    if (bf_job_walk(&plan, job) != BF_OK) return;
    if (plan.ciphertexts != bf_job_inputs(job) || plan.key_count == 0) abort();
    bf_plan_clear(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_file f = memory_file_open(data, size);
    bf_job job;
    uint8_t id[BF_HASH_BYTES];
    if (bf_job_load(&job, f.path, id) == BF_OK) {
        check_job(&job);
        write_and_read(&job);
        walk(&job);
    }
    memory_file_close(&f);
    return 0;
}
