/* The safetensors reader on files made byte by byte. */
#include "regnet_testing.h"

static char folder[] = "/tmp/bf_test_safetensors_XXXXXX";

static int enter(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    return bf_remove_tree(folder) == BF_OK ? 0 : -1;
}

/* A file of this header and `data` bytes 0, 1, 2, .. behind it. */
static uint8_t *make_file(const char *json, size_t data, size_t *bytes)
{
    size_t length = strlen(json);
    uint8_t *file = must_alloc(8 + length + data);
    for (unsigned i = 0; i < 8; i++)
        file[i] = (uint8_t)((uint64_t)length >> (8 * i));
    memcpy(file + 8, json, length);
    for (size_t i = 0; i < data; i++) file[8 + length + i] = (uint8_t)i;
    *bytes = 8 + length + data;
    return file;
}

static void accepted(const char *json, size_t data)
{
    size_t bytes;
    bf_safetensors *st = NULL;
    uint8_t *file = make_file(json, data, &bytes);
    check_ok(bf_safetensors_parse(&st, file, bytes));
    bf_safetensors_close(st);
    bf_free(file);
}

static void refused(const char *word, const char *json, size_t data)
{
    size_t bytes;
    bf_safetensors *st = NULL;
    uint8_t *file = make_file(json, data, &bytes);
    check_fails(BF_ERR_FORMAT, word, "",
                bf_safetensors_parse(&st, file, bytes));
    assert_null(st);
    bf_free(file);
}

#define TENSOR(name, dtype, shape, range)                                      \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape                   \
    ",\"data_offsets\":" range "}"

static void test_contents(void **state)
{
    (void)state;
    size_t bytes;
    bf_safetensors *st = NULL;
    char text[64];
    uint8_t *file = make_file(
        "{\"__metadata__\":{\"made by\":\"hand\"}," TENSOR(
            "z", "U8", "[2,3]",
            "[0,6]") "," TENSOR("a", "I64", "[]",
                                "[6,14]") "," TENSOR("none", "F32", "[4,0]",
                                                     "[6,6]") "}  ",
        14, &bytes);
    check_ok(bf_safetensors_parse(&st, file, bytes));
    assert_int_equal(bf_safetensors_count(st), 3);
    assert_string_equal(bf_safetensors_get(st, 0)->name, "a");
    assert_string_equal(bf_safetensors_get(st, 1)->name, "none");
    const bf_tensor *z = bf_safetensors_find(st, "z");
    assert_string_equal(z->dtype, "U8");
    assert_int_equal(z->count, 6);
    assert_int_equal(z->data[5], 5);
    assert_string_equal(bf_tensor_shape_text(z->dims, z->shape, text, 64),
                        "[2, 3]");
    assert_int_equal(bf_safetensors_find(st, "a")->data[0], 6);
    assert_int_equal(bf_safetensors_find(st, "a")->count, 1);
    assert_null(bf_safetensors_find(st, "b"));
    assert_string_equal(bf_safetensors_metadata(st, "made by"), "hand");
    assert_null(bf_safetensors_metadata(st, "other"));
    float unused[6];
    check_fails(BF_ERR_UNSUPPORTED, "z", "U8", bf_tensor_to_float(z, unused));
    bf_safetensors_close(st);
    bf_free(file);
}

static void test_no_metadata(void **state)
{
    (void)state;
    size_t bytes;
    bf_safetensors *st = NULL;
    uint8_t *file = make_file("{}", 0, &bytes);
    check_ok(bf_safetensors_parse(&st, file, bytes));
    assert_int_equal(bf_safetensors_count(st), 0);
    assert_null(bf_safetensors_find(st, "a"));
    assert_null(bf_safetensors_metadata(st, "a"));
    bf_safetensors_close(st);
    bf_free(file);
}

static void test_places(void **state)
{
    (void)state;
    accepted("{" TENSOR("a", "U8", "[4]", "[4,8]") "," TENSOR("b", "F32", "[1]",
                                                              "[0,4]") "}",
             8);
    refused("overlap",
            "{" TENSOR("a", "U8", "[4]", "[0,4]") "," TENSOR("b", "U8", "[4]",
                                                             "[3,7]") "}",
            7);
    refused("overlap",
            "{" TENSOR("a", "U8", "[4]", "[0,4]") "," TENSOR("b", "U8", "[4]",
                                                             "[0,4]") "}",
            4);
    refused("hole",
            "{" TENSOR("a", "U8", "[4]", "[0,4]") "," TENSOR("b", "U8", "[2]",
                                                             "[5,7]") "}",
            7);
    refused("hole", "{" TENSOR("a", "U8", "[4]", "[1,5]") "}", 5);
    refused("behind the last", "{" TENSOR("a", "U8", "[4]", "[0,4]") "}", 5);
    refused("outside", "{" TENSOR("a", "U8", "[4]", "[0,4]") "}", 3);
    refused("outside", "{" TENSOR("a", "U8", "[4]", "[4,0]") "}", 4);
    refused(
        "outside",
        "{" TENSOR("a", "U8", "[4]", "[9007199254740988,9007199254740992]") "}",
        4);
    refused("overlap",
            "{" TENSOR("a", "U8", "[4]",
                       "[0,4]") "," TENSOR("none", "U8", "[0]", "[2,2]") "}",
            4);
}

static void test_shapes(void **state)
{
    (void)state;
    accepted("{" TENSOR("a", "F16", "[1,1,1,1,1,1,1,2]", "[0,4]") "}", 4);
    refused("dimensions",
            "{" TENSOR("a", "F16", "[1,1,1,1,1,1,1,1,2]", "[0,4]") "}", 4);
    refused("do not fill", "{" TENSOR("a", "F32", "[2]", "[0,4]") "}", 4);
    refused("do not fill", "{" TENSOR("a", "F32", "[4]", "[0,4]") "}", 4);
    refused("shape", "{" TENSOR("a", "U8", "[-1]", "[0,4]") "}", 4);
    refused("shape", "{" TENSOR("a", "U8", "[1.5]", "[0,4]") "}", 4);
    refused("shape", "{" TENSOR("a", "U8", "[1e400]", "[0,4]") "}", 4);
    refused("shape", "{" TENSOR("a", "U8", "[\"4\"]", "[0,4]") "}", 4);
    refused("shape", "{" TENSOR("a", "U8", "4", "[0,4]") "}", 4);
    /* 2^32 * 2^32 wraps to 0, and 2^62 * 4 bytes does */
    refused("shape",
            "{" TENSOR("a", "U8", "[4294967296,4294967296]", "[0,0]") "}", 0);
    refused("do not fill",
            "{" TENSOR("a", "F32", "[1073741824,4294967296]", "[0,0]") "}", 0);
}

static void test_headers(void **state)
{
    (void)state;
    refused("not a safetensors", "", 0);
    refused("not a safetensors", "[]", 0);
    refused("not a safetensors", " {}", 0);
    refused("not JSON", "{", 0);
    refused("not JSON", "{\"a\":}", 0);
    refused("behind", "{}x", 0);
    refused("behind", "{}\n", 0);
    refused("not an object", "{\"a\":1}", 0);
    refused("dtype", "{\"a\":{\"shape\":[],\"data_offsets\":[0,0]}}", 0);
    refused("unknown dtype X1", "{" TENSOR("a", "X1", "[]", "[0,1]") "}", 1);
    refused("shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1);
    refused("data_offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 1);
    refused("data_offsets", "{" TENSOR("a", "U8", "[]", "[0]") "}", 1);
    refused("data_offsets", "{" TENSOR("a", "U8", "[]", "[0,1,2]") "}", 1);
    refused("data_offsets", "{" TENSOR("a", "U8", "[]", "[0,null]") "}", 1);
    refused("twice",
            "{" TENSOR("a", "U8", "[]", "[0,1]") "," TENSOR("a", "U8", "[]",
                                                            "[1,2]") "}",
            2);
    /* nor with the same data both times, which is no overlap */
    refused("tensor a: appears twice",
            "{" TENSOR("a", "U8", "[]", "[0,1]") "," TENSOR("a", "U8", "[]",
                                                            "[0,1]") "}",
            1);
    refused("__metadata__", "{\"__metadata__\":[]}", 0);
    refused("__metadata__", "{\"__metadata__\":{\"a\":1}}", 0);
    refused("__metadata__", "{\"__metadata__\":{},\"__metadata__\":{}}", 0);
}

static void test_deep_header(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    char *json = must_alloc(DEPTH + 8);
    memcpy(json, "{\"a\":", 5);
    memset(json + 5, '[', DEPTH);
    json[5 + DEPTH] = '\0';
    refused("not JSON", json, 0);
    bf_free(json);
}

static void test_lengths(void **state)
{
    (void)state;
    size_t bytes;
    bf_safetensors *st = NULL;
    uint8_t *file =
        make_file("{" TENSOR("a", "F32", "[4]", "[0,16]") "}", 16, &bytes);
    for (size_t cut = 0; cut < bytes; cut++) {
        uint8_t *exact = must_alloc(cut + 1); /* for the address checker */
        memcpy(exact, file, cut);
        assert_int_equal(bf_safetensors_parse(&st, exact, cut), BF_ERR_FORMAT);
        bf_free(exact);
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(bf_safetensors_parse(&st, file, bytes), BF_ERR_FORMAT);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    check_ok(bf_safetensors_parse(&st, file, bytes));
    bf_safetensors_close(st);
    bf_free(file);
}

static void convert(const char *dtype, const void *bits, size_t bytes,
                    float *out, size_t count)
{
    const bf_tensor t = {.name = "t",
                         .dtype = dtype,
                         .data = bits,
                         .bytes = bytes,
                         .count = count};
    check_ok(bf_tensor_to_float(&t, out));
}

/* Every half against its definition, (-1)^s 2^(e-15) (1 + m/2^10), and every
 * bfloat16 as the upper half of a float. */
static void test_conversions(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        const uint8_t bits[2] = {(uint8_t)h, (uint8_t)(h >> 8)};
        float half, brain;
        uint32_t brain_bits;
        convert("F16", bits, 2, &half, 1);
        convert("BF16", bits, 2, &brain, 1);
        memcpy(&brain_bits, &brain, 4);
        assert_true(brain_bits == h << 16);
        int e = h >> 10 & 31, m = h & 1023;
        double size = e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
        if (e == 31)
            assert_true(m ? isnan(half) : isinf(half));
        else
            assert_true(fabs((double)half) == size);
        if (!isnan(half)) assert_int_equal(signbit(half) != 0, h >> 15);
    }
    const uint8_t pi[] = {0xdb, 0x0f, 0x49, 0x40};
    float single;
    convert("F32", pi, 4, &single, 1);
    assert_true(single == 3.14159274f);
    const uint8_t long_pi[] = {0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21, 0x09, 0x40};
    convert("F64", long_pi, 8, &single, 1);
    assert_true(single == 3.14159274f);
    double full;
    bf_tensor t = {.name = "t", .dtype = "F64", .data = long_pi, .count = 1};
    check_ok(bf_tensor_to_double(&t, &full));
    assert_true(full == 3.141592653589793);
    t = (bf_tensor){.name = "t", .dtype = "F32", .data = pi, .count = 1};
    check_ok(bf_tensor_to_double(&t, &full));
    assert_true(full == (double)3.14159274f);
    t.dtype = "I32";
    check_fails(BF_ERR_UNSUPPORTED, "tensor t: type I32", "F64",
                bf_tensor_to_double(&t, &full));
}

static void test_round_trip(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    float weight[30], bias[3];
    for (unsigned i = 0; i < 30; i++) weight[i] = random_float(&seed, -9, 9);
    for (unsigned i = 0; i < 3; i++) bias[i] = random_float(&seed, -9, 9);
    const bf_tensor_view tensors[] = {{"weight", 2, {3, 10}, weight},
                                      {"bias \"q\"\\\n\xc3\xa9", 1, {3}, bias},
                                      {"empty", 2, {0, 7}, NULL},
                                      {"scalar", 0, {0}, bias}};
    const char *const metadata[] = {"recipe", "whitened", "n", "128", NULL};
    const char *path = path_in(folder, "model.safetensors");
    check_ok(bf_safetensors_write(path, tensors, 4, metadata));
    uint8_t *file = NULL;
    size_t bytes;
    check_ok(bf_read_file(path, 4096, &file, &bytes));
    assert_int_equal((8 + file[0] + 256 * file[1]) % 8, 0);
    assert_memory_equal(file + bytes - sizeof(float), bias, sizeof(float));
    bf_free(file);
    bf_safetensors *st = NULL;
    check_ok(bf_safetensors_open(&st, path));
    assert_int_equal(bf_safetensors_count(st), 4);
    assert_string_equal(bf_safetensors_metadata(st, "n"), "128");
    assert_int_equal(bf_safetensors_find(st, "scalar")->dims, 0);
    float *read = tensor_floats(st, "weight", 30);
    assert_memory_equal(read, weight, sizeof weight);
    bf_free(read);
    read = tensor_floats(st, tensors[1].name, 3);
    assert_memory_equal(read, bias, sizeof bias);
    bf_free(read);
    bf_safetensors_close(st);
}

static void test_files(void **state)
{
    (void)state;
    bf_safetensors *st = NULL;
    const char *path = path_in(folder, "text.safetensors");
    const bf_tensor_view huge = {"huge", 3, {1u << 31, 1u << 31, 8}, NULL};
    const bf_tensor_view plain = {"plain", 1, {0}, NULL};
    write_file(path, "this is no weight file at all", 29);
    check_fails(BF_ERR_FORMAT, path, "not a safetensors",
                bf_safetensors_open(&st, path));
    check_fails(BF_ERR_IO, folder, "absent",
                bf_safetensors_open(&st, path_in(folder, "absent")));
    check_fails(BF_ERR_ARGUMENT, "huge", "too large",
                bf_safetensors_write(path, &huge, 1, NULL));
    check_fails(
        BF_ERR_IO, "absent", "",
        bf_safetensors_write(path_in(folder, "absent/x"), &plain, 1, NULL));
    assert_null(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents),   cmocka_unit_test(test_no_metadata),
        cmocka_unit_test(test_places),     cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_headers),    cmocka_unit_test(test_deep_header),
        cmocka_unit_test(test_lengths),    cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
