/* Format stability: the files in tests/golden/wire-v2 define version 2. Writing
 * their content again must give the same bytes, and reading them the same
 * objects. After an intended change of format (a new version number),
 * `test_wire_golden --write` writes them anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "wire/wire_sample.h"

static const char folder[] = "tests/golden/wire-v2";
static bf_context *ctx;

static int start(void **state)
{
    (void)state;
    return sample_context(&ctx) == BF_OK ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    bf_context_destroy(ctx);
    return 0;
}

static void path_of(char path[256], const char *in, int type)
{
    snprintf(path, 256, "%s/%s", in, sample_name[type - 1]);
}

static void writing_gives_the_golden_bytes(void **state)
{
    (void)state;
    char temp[] = "/tmp/bf_test_golden_XXXXXX", path[256];
    uint8_t *golden, *fresh;
    size_t golden_bytes, fresh_bytes;
    assert_non_null(mkdtemp(temp));
    for (int t = BF_WIRE_SECRET_KEY; t <= BF_WIRE_CHECKPOINT; t++) {
        path_of(path, temp, t);
        assert_int_equal(sample_file(path, (bf_wire_type)t, ctx), BF_OK);
        assert_int_equal(bf_read_file(path, 1 << 20, &fresh, &fresh_bytes),
                         BF_OK);
        path_of(path, folder, t);
        assert_int_equal(bf_read_file(path, 1 << 20, &golden, &golden_bytes),
                         BF_OK);
        assert_int_equal(golden_bytes, fresh_bytes);
        assert_memory_equal(golden, fresh, golden_bytes);
        bf_free(golden);
        bf_free(fresh);
    }
    assert_int_equal(bf_remove_tree(temp), BF_OK);
}

static void golden_ciphertexts_read_back(void **state)
{
    (void)state;
    char path[256];
    bf_wire_reader *r;
    bf_wire_item item;
    bf_ct got = {0}, want;
    path_of(path, folder, BF_WIRE_UPLOAD);
    bf_wire_ids ids = {sample_key_id, sample_job_id, sample_data_id};
    assert_int_equal(
        bf_wire_open(&r, path, BF_WIRE_UPLOAD, bf_one_ring(ctx), ids), BF_OK);
    for (unsigned i = 0; i < 2; i++) {
        unsigned limbs = 3 - i, polys = 2 + i;
        assert_int_equal(bf_wire_find(r, BF_WIRE_CIPHERTEXT, (bf_label){1, i},
                                      &item), BF_OK);
        assert_int_equal(bf_wire_get_ct(r, &got), BF_OK);
        assert_int_equal(sample_ct(&want, ctx, limbs, polys, i == 0, i + 1),
                         BF_OK);
        assert_int_equal(got.limbs, limbs);
        assert_int_equal(got.polys, polys);
        assert_memory_equal(got.data, want.data, want.bytes);
        bf_ct_clear(&want);
    }
    bf_ct_clear(&got);
    bf_wire_close(r);
}

/* The expansion of seeds belongs to the format: uniform residues by the stream
 * of docs/formats.md, here digested as 64-bit integers 0..p-1. */
static void seeds_expand_as_ever(void **state)
{
    (void)state;
    static const uint8_t expect[BF_HASH_BYTES] = {
        0x11, 0x1c, 0xcc, 0x03, 0xe0, 0x76, 0xc0, 0x4b,
        0x49, 0x88, 0x34, 0x7c, 0xb6, 0x75, 0x30, 0x7c,
        0x4f, 0x1a, 0x47, 0xb7, 0x18, 0x87, 0x8d, 0x61,
        0x90, 0xb3, 0xc1, 0x81, 0xe9, 0xfa, 0xac, 0x99};
    static uint8_t text[3 * SAMPLE_N * 8];
    static double row[SAMPLE_N];
    uint8_t seed[BF_SEED_BYTES], digest[BF_HASH_BYTES];
    const bf_params *p = bf_context_params(ctx);
    memset(seed, 2, sizeof seed);
    for (unsigned l = 0; l < 3; l++) {
        bf_expand_a(ctx, seed, 1, 2, l, row);
        for (size_t i = 0; i < SAMPLE_N; i++) {
            uint64_t v = bf_uncentre(row[i], p->q[l]);
            for (unsigned b = 0; b < 8; b++)
                text[(l * SAMPLE_N + i) * 8 + b] = (uint8_t)(v >> 8 * b);
        }
    }
    bf_hash(text, sizeof text, digest);
    assert_memory_equal(digest, expect, sizeof digest);
}

static void version_1_is_refused(void **state)
{
    (void)state;
    bf_wire_info info;
    assert_int_equal(bf_wire_inspect(&info, "tests/golden/v1/upload.enc", NULL),
                     BF_ERR_UNSUPPORTED);
    assert_non_null(strstr(bf_last_error(), "upload.enc: format version 1, "
                           "this build reads version 2"));
}

static int write_golden(void)
{
    char path[256];
    if (start(NULL) != 0 || bf_make_dir(folder, 0755) != BF_OK) return 1;
    for (int t = BF_WIRE_SECRET_KEY; t <= BF_WIRE_CHECKPOINT; t++) {
        path_of(path, folder, t);
        if (sample_file(path, (bf_wire_type)t, ctx) != BF_OK) {
            fprintf(stderr, "%s\n", bf_last_error());
            return 1;
        }
    }
    return leave(NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_gives_the_golden_bytes),
        cmocka_unit_test(golden_ciphertexts_read_back),
        cmocka_unit_test(seeds_expand_as_ever),
        cmocka_unit_test(version_1_is_refused),
    };
    if (argc > 1 && strcmp(argv[1], "--write") == 0) return write_golden();
    return cmocka_run_group_tests(tests, start, leave);
}
