#include <math.h>
#include <sodium.h>
#include <string.h>

#include "cli.h"
#include "job_report.h"

/* ---- files of keys and ciphertexts --------------------------------------- */

static cJSON *range_json(double least, double most)
{
    double v[] = {least, most};
    return cJSON_CreateDoubleArray(v, 2);
}

static bf_status wire_json(const char *path, const bf_file_info *i)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "file", path);
    cJSON_AddStringToObject(o, "type", i->name);
    cJSON_AddNumberToObject(o, "version", i->version);
    cJSON_AddNumberToObject(o, "bytes", (double)i->bytes);
    cJSON_AddNumberToObject(o, "ring_degree",
                            (double)i->ring_degree);
    cJSON_AddNumberToObject(o, "limbs", i->limbs);
    cJSON_AddNumberToObject(o, "special_primes", i->special_limbs);
    cJSON_AddNumberToObject(o, "log2_q", i->log2_q);
    cJSON_AddNumberToObject(o, "log2_qp",
                            i->log2_q + i->log2_p);
    cJSON_AddNumberToObject(o, "security_bits", i->security_bits);
    cJSON_AddBoolToObject(o, "insecure", i->insecure);
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
    cli_json_hex(o, "context", i->context, BF_FILE_ID_BYTES);
    cli_json_hex(o, "key_id", i->key, BF_FILE_KEY_BYTES);
    cli_json_hex(o, "job_id", i->job, BF_FILE_ID_BYTES);
    if (!i->secret)
        cli_json_hex(o, "digest", i->digest, BF_FILE_ID_BYTES);
    return cli_json(o);
}

static void hex_row(const char *name, const uint8_t *data, size_t bytes)
{
    char text[2 * BF_FILE_ID_BYTES + 1];
    cli_row(
        name, "%s",
        sodium_bin2hex(text, sizeof text, data,
                       bytes < BF_FILE_ID_BYTES ? bytes : BF_FILE_ID_BYTES));
}

static bf_status wire_table(const char *path, const bf_file_info *i)
{
    cli_progress_end();
    cli_print(stdout, "%s: %s, %s, whole and undamaged", path, i->name,
              bf_text_size((double)i->bytes).s);
    cli_row("ring degree", "%s", bf_text_count((double)i->ring_degree).s);
    cli_row("modulus", "%u limbs of %.0f bits in all, and %u special of %.0f",
            i->limbs, i->log2_q, i->special_limbs, i->log2_p);
    cli_row("security", "%.0f bits%s", i->security_bits,
            i->insecure ? ": marked as insecure, for tests only" : "");
    if (i->ciphertexts) {
        cli_row("ciphertexts", "%s, %s, %u to %u limbs",
                bf_text_count((double)i->ciphertexts).s,
                bf_text_size((double)i->ciphertext_bytes).s, i->limbs_min,
                i->limbs_max);
        cli_row("scales", "2^%.2f to 2^%.2f", log2(i->scale_min),
                log2(i->scale_max));
    }
    if (i->keys && !i->secret)
        cli_row("keys", "%s, %s", bf_text_count((double)i->keys).s,
                bf_text_size((double)i->key_bytes).s);
    hex_row("parameters", i->context, BF_FILE_ID_BYTES);
    hex_row("key", i->key, BF_FILE_KEY_BYTES);
    /* Secret keys belong to no job. */
    if (!sodium_is_zero(i->job, BF_FILE_ID_BYTES))
        hex_row("job", i->job, BF_FILE_ID_BYTES);
    if (!i->secret)
        hex_row("digest", i->digest, BF_FILE_ID_BYTES);
    return BF_OK;
}

static bf_status report_wire(const char *path, const bf_file_info *i)
{
    if (i->insecure)
        fprintf(stderr,
                "%s: warning: %s is marked as insecure: parameters for tests, "
                "which protect nothing\n",
                cli_program(), path);
    return cli_common_options.json ? wire_json(path, i) : wire_table(path, i);
}

/* ---- jobs ---------------------------------------------------------------- */

static bf_status inspect_job(const char *path)
{
    bf_job *job;
    BF_TRY(bf_job_read(&job, path));
    bf_status s = cli_report_plan(job, NULL, 0, NULL);
    if (s == BF_OK && !cli_common_options.json)
        hex_row("job", bf_job_id(job), BF_JOB_ID_BYTES);
    bf_job_destroy(job);
    return s;
}

/* ---- transforms ---------------------------------------------------------- */

/* A transform is made from the training rows, so nothing of its content is
 * shown. */
static bf_status report_transform(const char *path, const bf_file_info *i)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "file", path);
        cJSON_AddStringToObject(o, "type", i->name);
        cJSON_AddNumberToObject(o, "bytes", (double)i->bytes);
        return cli_json(o);
    }
    cli_print(stdout, "%s: %s, %s, whole and undamaged", path, i->name,
              bf_text_size((double)i->bytes).s);
    cli_row("for", "the owner alone: as private as the training rows");
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {{0}};
    bf_file_info info;
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    bool known = false;
    if (cli_inspect_data) BF_TRY(cli_inspect_data(&known, operands[0]));
    if (known) return BF_OK;
    BF_TRY(bf_file_inspect(&info, operands[0], &cli_env));
    switch (info.type) {
    case BF_FILE_JOB: return inspect_job(operands[0]);
    case BF_FILE_TRANSFORM: return report_transform(operands[0], &info);
    case BF_FILE_CIPHERTEXTS: break;
    }
    return report_wire(operands[0], &info);
}

const cli_command cli_inspect = {
    .name = "inspect",
    .summary = "show and verify a file, without its secrets",
    .synopsis = "FILE",
    .examples = "  blindfit inspect upload.bf\n"
                "  blindfit inspect job.json\n"
                "  # the owner's own files\n"
                "  blindfit inspect model.npy\n",
    .run = run,
};
