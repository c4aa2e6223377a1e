/* Type and content of a file (blindfit/files.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "wire/wire.h"

_Static_assert(BF_FILE_ID_BYTES == BF_HASH_BYTES &&
                   BF_FILE_KEY_BYTES == BF_KEY_ID_BYTES,
               "as they are in the files");

#define TRANSFORM_MAX ((size_t)1 << 35)

/* A transform ends with the digest of all bytes before (docs/formats.md, 8). */
static bf_status inspect_transform(bf_file_info *out, const char *path)
{
    uint8_t *data, digest[BF_HASH_BYTES];
    size_t bytes;
    BF_TRY(bf_read_file(path, TRANSFORM_MAX, &data, &bytes));
    bool whole = bytes > BF_HASH_BYTES;
    if (whole) {
        const uint8_t *end = data + bytes - BF_HASH_BYTES;
        bf_hash(data, bytes - BF_HASH_BYTES, digest);
        whole = memcmp(digest, end, BF_HASH_BYTES) == 0;
    }
    bf_free(data);
    if (!whole)
        return bf_fail(
            BF_ERR_FORMAT,
            "%s: digest does not match (transform cut short, damaged "
            "or altered)",
            path);
    *out = (bf_file_info){
        .type = BF_FILE_TRANSFORM, .name = "transform", .bytes = bytes};
    return BF_OK;
}

static bf_status inspect_frames(bf_file_info *out, const char *path)
{
    bf_wire_info i;
    BF_TRY(bf_wire_inspect(&i, path, NULL));
    const bf_params *p = &i.ring[0];
    double log2_q = bf_params_log2_q(p, p->n_q), log2_p = bf_params_log2_p(p);
    *out = (bf_file_info){
        .type = BF_FILE_CIPHERTEXTS,
        .name = bf_wire_type_name(i.type),
        .bytes = i.file_bytes,
        .version = i.version,
        .secret = i.type == BF_WIRE_SECRET_KEY,
        .insecure = p->insecure,
        .ring_degree = (size_t)1 << p->log_n,
        .limbs = p->n_q,
        .special_limbs = p->n_p,
        .log2_q = log2_q,
        .log2_p = log2_p,
        .security_bits = bf_security_bits(p->log_n, log2_q + log2_p),
        .ciphertexts = i.ciphertexts,
        .ciphertext_bytes = i.ciphertext_bytes,
        .keys = i.keys,
        .key_bytes = i.key_bytes,
        .limbs_min = i.limbs_min,
        .limbs_max = i.limbs_max,
        .scale_min = i.scale_min,
        .scale_max = i.scale_max,
    };
    memcpy(out->context, i.context_hash, sizeof out->context);
    memcpy(out->key, i.key_id, sizeof out->key);
    memcpy(out->job, i.job_id, sizeof out->job);
    memcpy(out->digest, i.digest, sizeof out->digest);
    return BF_OK;
}

bf_status bf_file_inspect(bf_file_info *out, const char *path, bf_env *env)
{
    BF_UNDER(env);
    static const char transform[8] = "BFTRANSF";
    char head[256] = "";
    struct stat st;
    BF_TRY(bf_random_init());
    BF_TRY(bf_refuse_pipe(path)); /* opened again according to its type */
    FILE *f = fopen(path, "rb");
    if (!f) return bf_fail_errno(errno, "%s: cannot open", path);
    size_t got = fread(head, 1, sizeof head, f);
    int failed = fstat(fileno(f), &st) != 0 ? errno : 0;
    fclose(f);
    if (failed) return bf_fail_errno(failed, "%s: cannot read", path);
    if (memcmp(head, transform, sizeof transform) == 0)
        return inspect_transform(out, path);
    if (!bf_json_begins_object(head, got)) return inspect_frames(out, path);
    *out = (bf_file_info){.type = BF_FILE_JOB,
                          .name = "job",
                          .bytes = (uint64_t)st.st_size};
    return BF_OK;
}
