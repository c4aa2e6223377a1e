#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "cli.h"
#include "job_report.h"
#include "wire/wire.h"

/* ---- files of keys and ciphertexts --------------------------------------- */

static cJSON *range_json(double least, double most)
{
    double v[] = {least, most};
    return cJSON_CreateDoubleArray(v, 2);
}

static double security_of(const bf_params *p)
{
    return bf_security_bits(p->log_n, bf_params_log2_q(p, p->n_q) +
                                          bf_params_log2_p(p));
}

static bf_status wire_json(const char *path, const bf_wire_info *i)
{
    const bf_params *p = &i->ring[0];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "file", path);
    cJSON_AddStringToObject(o, "type", bf_wire_type_name(i->type));
    cJSON_AddNumberToObject(o, "version", i->version);
    cJSON_AddNumberToObject(o, "bytes", (double)i->file_bytes);
    cJSON_AddNumberToObject(o, "ring_degree",
                            (double)((uint64_t)1 << p->log_n));
    cJSON_AddNumberToObject(o, "limbs", p->n_q);
    cJSON_AddNumberToObject(o, "special_primes", p->n_p);
    cJSON_AddNumberToObject(o, "log2_q", bf_params_log2_q(p, p->n_q));
    cJSON_AddNumberToObject(o, "log2_qp",
                            bf_params_log2_q(p, p->n_q) + bf_params_log2_p(p));
    cJSON_AddNumberToObject(o, "security_bits", security_of(p));
    cJSON_AddBoolToObject(o, "insecure", p->insecure);
    cJSON_AddNumberToObject(o, "ciphertexts", (double)i->ciphertexts);
    cJSON_AddNumberToObject(o, "keys", (double)i->keys);
    if (i->ciphertexts + i->keys) {
        cJSON_AddItemToObject(o, "limbs_used",
                              range_json(i->limbs_min, i->limbs_max));
    }
    if (i->ciphertexts)
        cJSON_AddItemToObject(
            o, "log2_scale",
            range_json(log2(i->scale_min), log2(i->scale_max)));
    cli_json_hex(o, "context", i->context_hash, BF_HASH_BYTES);
    cli_json_hex(o, "key_id", i->key_id, BF_KEY_ID_BYTES);
    cli_json_hex(o, "job_id", i->job_id, BF_HASH_BYTES);
    if (i->type != BF_WIRE_SECRET_KEY)
        cli_json_hex(o, "digest", i->digest, BF_HASH_BYTES);
    return cli_json(o);
}

static void hex_row(const char *name, const uint8_t *data, size_t bytes)
{
    char text[2 * BF_HASH_BYTES + 1];
    cli_row(name, "%s",
            sodium_bin2hex(text, sizeof text, data,
                           bytes < BF_HASH_BYTES ? bytes : BF_HASH_BYTES));
}

static bf_status wire_table(const char *path, const bf_wire_info *i)
{
    const bf_params *p = &i->ring[0];
    cli_progress_end();
    cli_print(stdout, "%s: %s, %s, whole and undamaged", path,
              bf_wire_type_name(i->type), cli_size((double)i->file_bytes).s);
    cli_row("ring degree", "%s", cli_count((double)((uint64_t)1 << p->log_n)).s);
    cli_row("modulus", "%u limbs of %.0f bits in all, and %u special of %.0f",
            p->n_q, bf_params_log2_q(p, p->n_q), p->n_p, bf_params_log2_p(p));
    cli_row("security", "%.0f bits%s", security_of(p),
            p->insecure ? ": marked as insecure, for tests only" : "");
    if (i->ciphertexts) {
        cli_row("ciphertexts", "%s, %s, %u to %u limbs",
                cli_count((double)i->ciphertexts).s,
                cli_size((double)i->ciphertext_bytes).s, i->limbs_min,
                i->limbs_max);
        cli_row("scales", "2^%.2f to 2^%.2f", log2(i->scale_min),
                log2(i->scale_max));
    }
    if (i->keys && i->type != BF_WIRE_SECRET_KEY)
        cli_row("keys", "%s, %s", cli_count((double)i->keys).s,
                cli_size((double)i->key_bytes).s);
    hex_row("parameters", i->context_hash, BF_HASH_BYTES);
    hex_row("key", i->key_id, BF_KEY_ID_BYTES);
    hex_row("job", i->job_id, BF_HASH_BYTES);
    if (i->type != BF_WIRE_SECRET_KEY)
        hex_row("digest", i->digest, BF_HASH_BYTES);
    return BF_OK;
}

static bf_status inspect_wire(const char *path)
{
    bf_wire_info info;
    BF_TRY(bf_wire_inspect(&info, path, &cli_env));
    if (info.ring[0].insecure)
        fprintf(stderr,
                "%s: warning: %s is marked as insecure: parameters for tests, "
                "which protect nothing\n",
                cli_program(), path);
    return cli_common_options.json ? wire_json(path, &info)
                                   : wire_table(path, &info);
}

/* ---- jobs ------------------------------------------------------------------ */

static bf_status inspect_job(const char *path)
{
    bf_job *job;
    BF_TRY(bf_job_read(&job, path));
    bf_status s = cli_report_plan(job);
    if (s == BF_OK && !cli_common_options.json)
        hex_row("job", bf_job_id(job), BF_JOB_ID_BYTES);
    bf_job_destroy(job);
    return s;
}

/* ---- transforms ------------------------------------------------------------ */

#define TRANSFORM_MAX ((size_t)1 << 35)

/* Ends with the digest of what comes before (docs/formats.md, 8). */
static bf_status check_transform(const char *path, size_t *bytes)
{
    uint8_t *data, digest[BF_HASH_BYTES];
    BF_TRY(bf_read_file(path, TRANSFORM_MAX, &data, bytes));
    bool whole = *bytes > BF_HASH_BYTES;
    if (whole) {
        const uint8_t *end = data + *bytes - BF_HASH_BYTES;
        bf_hash(data, *bytes - BF_HASH_BYTES, digest);
        whole = memcmp(digest, end, BF_HASH_BYTES) == 0;
    }
    bf_free(data);
    if (whole) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: digest does not match (transform cut "
                   "short, damaged or altered)", path);
}

/* Made from the training rows: nothing of it is shown. */
static bf_status inspect_transform(const char *path)
{
    size_t bytes;
    BF_TRY(check_transform(path, &bytes));
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "file", path);
        cJSON_AddStringToObject(o, "type", "transform");
        cJSON_AddNumberToObject(o, "bytes", (double)bytes);
        return cli_json(o);
    }
    cli_print(stdout, "%s: transform, %s, whole and undamaged", path,
              cli_size((double)bytes).s);
    cli_row("for", "the owner alone: as private as the training rows");
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {{0}};
    char head[8] = "";
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    BF_TRY(bf_refuse_pipe(operands[0])); /* opened again by what it is */
    FILE *f = fopen(operands[0], "rb");
    if (!f) return bf_fail_errno(errno, "%s: cannot open", operands[0]);
    size_t got = fread(head, 1, sizeof head, f);
    fclose(f);
    if (got && head[0] == '{') return inspect_job(operands[0]);
    if (got == sizeof head && memcmp(head, "BFTRANSF", sizeof head) == 0)
        return inspect_transform(operands[0]);
    return inspect_wire(operands[0]);
}

const cli_command cli_inspect = {
    .name = "inspect",
    .summary = "what a file is, and whether it is whole; never a secret",
    .synopsis = "FILE",
    .examples = "  blindfit inspect upload.bf\n"
                "  blindfit inspect job.json\n",
    .run = run,
};
