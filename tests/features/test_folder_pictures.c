/* Decoding of PNG and JPEG files of every kind, whole and damaged. */
#include "picture_testing.h"

#include "features/decode.h"
#include "features/image_source.h"

#define W 13
#define H 11

typedef float (*expected_sample)(const uint8_t *samples, unsigned c, unsigned y,
                                 unsigned x);

static uint8_t samples[W * H * 8]; /* up to RGBA of 16 bits */
static png_color palette[256];

static int enter(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    for (size_t i = 0; i < sizeof samples; i++)
        samples[i] = (uint8_t)random_u64(&seed);
    for (unsigned i = 0; i < 256; i++)
        palette[i] = (png_color){(png_byte)(3 * i + 1), (png_byte)(7 * i),
                                 (png_byte)(255 - i)};
    return 0;
}

/* Decodes and compares each value, exactly, with count channels expected. */
static void check_png(png_shape shape, unsigned channels,
                      expected_sample expected)
{
    shape.width = W;
    shape.height = H;
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        bf_image img = {0};
        shape.interlaced = interlaced != 0;
        bytes png = make_png(&shape, samples);
        check_ok(bf_decode_picture(&img, png.data, png.count, "made.png"));
        assert_int_equal(img.width, W);
        assert_int_equal(img.height, H);
        assert_int_equal(img.channels, channels);
        assert_int_equal(img.label, -1);
        for (unsigned i = 0; i < channels * W * H; i++) {
            unsigned c = i / (W * H), y = i / W % H, x = i % W;
            float should = expected(samples, c, y, x);
            if (img.pixels[i] != should)
                fail_msg("type %d of %d bits, channel %u, row %u, column %u: "
                         "%g, not %g",
                         shape.type, shape.bits, c, y, x, img.pixels[i],
                         should);
        }
        bf_image_clear(&img);
        bytes_clear(&png);
    }
}

static float from_byte(unsigned v)
{
    return (float)v / 255.0f;
}

static float grey8(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    (void)c;
    return from_byte(s[y * W + x]);
}

static float rgb8(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    return from_byte(s[3 * (y * W + x) + c]);
}

static float grey_alpha8(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    (void)c;
    return from_byte(s[2 * (y * W + x)]);
}

static float rgba8(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    return from_byte(s[4 * (y * W + x) + c]);
}

/* 16 bits to 8, to nearest: v / 257. */
static float from_word(const uint8_t *s)
{
    return from_byte((unsigned)floor((s[0] * 256 + s[1]) / 257.0 + 0.5));
}

static float grey16(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    (void)c;
    return from_word(s + 2 * (y * W + x));
}

static float rgb16(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    return from_word(s + 6 * (y * W + x) + 2 * c);
}

static float rgba16(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    return from_word(s + 8 * (y * W + x) + 2 * c);
}

static float grey1(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    (void)c;
    return s[y * ((W + 7) / 8) + x / 8] >> (7 - x % 8) & 1 ? 1.0f : 0.0f;
}

static float grey4(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    (void)c;
    return from_byte(17 *
                     (s[y * ((W + 1) / 2) + x / 2] >> (4 - x % 2 * 4) & 15u));
}

static float colour_of(unsigned index, unsigned c)
{
    const png_color *p = &palette[index];
    return from_byte(c == 0 ? p->red : c == 1 ? p->green : p->blue);
}

static float palette8(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    return colour_of(s[y * W + x], c);
}

static float palette2(const uint8_t *s, unsigned c, unsigned y, unsigned x)
{
    return colour_of(s[y * ((W + 3) / 4) + x / 4] >> (6 - x % 4 * 2) & 3u, c);
}

static void test_png_kinds(void **state)
{
    (void)state;
    check_png((png_shape){.bits = 8, .type = PNG_COLOR_TYPE_GRAY}, 1, grey8);
    check_png((png_shape){.bits = 8, .type = PNG_COLOR_TYPE_RGB}, 3, rgb8);
    check_png((png_shape){.bits = 1, .type = PNG_COLOR_TYPE_GRAY}, 1, grey1);
    check_png((png_shape){.bits = 4, .type = PNG_COLOR_TYPE_GRAY}, 1, grey4);
    check_png((png_shape){.bits = 16, .type = PNG_COLOR_TYPE_GRAY}, 1, grey16);
    check_png((png_shape){.bits = 16, .type = PNG_COLOR_TYPE_RGB}, 3, rgb16);
    check_png((png_shape){.bits = 8,
                          .type = PNG_COLOR_TYPE_PALETTE,
                          .palette = palette},
              3, palette8);
    check_png((png_shape){.bits = 2,
                          .type = PNG_COLOR_TYPE_PALETTE,
                          .palette = palette},
              3, palette2);
}

/* Alpha goes; the colour below it stays. */
static void test_png_alpha(void **state)
{
    (void)state;
    check_png((png_shape){.bits = 8, .type = PNG_COLOR_TYPE_GRAY_ALPHA}, 1,
              grey_alpha8);
    check_png((png_shape){.bits = 8, .type = PNG_COLOR_TYPE_RGB_ALPHA}, 3,
              rgba8);
    check_png((png_shape){.bits = 16, .type = PNG_COLOR_TYPE_RGB_ALPHA}, 3,
              rgba16);
    check_png((png_shape){.bits = 8,
                          .type = PNG_COLOR_TYPE_GRAY,
                          .transparent = true},
              1, grey8);
    check_png((png_shape){.bits = 16,
                          .type = PNG_COLOR_TYPE_RGB,
                          .transparent = true},
              3, rgb16);
    check_png((png_shape){.bits = 2,
                          .type = PNG_COLOR_TYPE_PALETTE,
                          .palette = palette,
                          .transparent = true},
              3, palette2);
}

/* A smooth image survives JPEG at its best quality almost unchanged. */
static void check_jpeg(J_COLOR_SPACE space, bool progressive)
{
    enum { SIDE = 40 };
    unsigned channels = space == JCS_GRAYSCALE ? 1 : 3;
    uint8_t smooth[SIDE * SIDE * 3];
    bf_image img = {0};
    for (unsigned i = 0; i < SIDE * SIDE * channels; i++) {
        unsigned c = i % channels, x = i / channels % SIDE,
                 y = i / channels / SIDE;
        smooth[i] = (uint8_t)(40 + 60 * c + 2 * x + (c == 1 ? 0 : y));
    }
    bytes jpeg = make_jpeg(SIDE, SIDE, space, progressive, smooth);
    check_ok(bf_decode_picture(&img, jpeg.data, jpeg.count, "made.jpg"));
    assert_int_equal(img.channels, channels);
    assert_int_equal(img.width, SIDE);
    for (unsigned i = 0; i < SIDE * SIDE * channels; i++) {
        float is = img.pixels[i % channels * SIDE * SIDE + i / channels];
        assert_true(fabsf(is - smooth[i] / 255.0f) < 3.1f / 255);
    }
    bf_image_clear(&img);
    bytes_clear(&jpeg);
}

static void test_jpeg_kinds(void **state)
{
    (void)state;
    check_jpeg(JCS_GRAYSCALE, false);
    check_jpeg(JCS_RGB, false);
    check_jpeg(JCS_RGB, true);
}

static void refused(const void *data, size_t count, const char *word)
{
    bf_image img = {.label = 77};
    uint8_t *exact = must_alloc(count + 1); /* for the address checker */
    memcpy(exact, data, count);
    check_fails(BF_ERR_FORMAT, "odd.picture: ", word,
                bf_decode_picture(&img, exact, count, "odd.picture"));
    assert_null(img.pixels);
    assert_int_equal(img.label, 77);
    bf_free(exact);
}

static void test_cmyk(void **state)
{
    (void)state;
    bytes jpeg = make_jpeg(8, 8, JCS_CMYK, false, samples);
    refused(jpeg.data, jpeg.count, "CMYK");
    bytes_clear(&jpeg);
}

/* A file that is cut anywhere gives no image; the last bytes of a JPEG mark
 * only its end. */
static void test_cut_short(void **state)
{
    (void)state;
    const png_shape shape = {
        .width = W, .height = H, .bits = 8, .type = PNG_COLOR_TYPE_RGB};
    const png_shape laced = {.width = W,
                             .height = H,
                             .bits = 8,
                             .type = PNG_COLOR_TYPE_RGB,
                             .interlaced = true};
    bytes made[] = {make_png(&shape, samples), make_png(&laced, samples),
                    make_jpeg(W, H, JCS_RGB, false, samples),
                    make_jpeg(W, H, JCS_RGB, true, samples)};
    for (unsigned k = 0; k < 4; k++) {
        for (size_t cut = 0; cut < made[k].count; cut++)
            refused(made[k].data, cut, "");
        bytes_clear(&made[k]);
    }
}

/* Checksums cover each byte of a PNG, except lengths and names of optional
 * chunks: a changed file is refused or gives the same image. */
static void test_damaged_png(void **state)
{
    (void)state;
    const png_shape shape = {
        .width = W, .height = H, .bits = 8, .type = PNG_COLOR_TYPE_RGB};
    bytes png = make_png(&shape, samples);
    for (size_t i = 0; i < png.count; i++) {
        bf_image img = {0};
        png.data[i] ^= 0x10;
        if (bf_decode_picture(&img, png.data, png.count, "x") == BF_OK) {
            for (unsigned k = 0; k < 3 * W * H; k++)
                assert_true(img.pixels[k] ==
                            rgb8(samples, k / (W * H), k / W % H, k % W));
        }
        bf_image_clear(&img);
        png.data[i] ^= 0x10;
    }
    bytes_clear(&png);
}

/* Only memory checkers can find faults here: damage that is no JPEG error gives
 * other pixels. */
static void test_damaged_jpeg(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    for (int progressive = 0; progressive < 2; progressive++) {
        bytes jpeg = make_jpeg(W, H, JCS_RGB, progressive, samples);
        for (unsigned k = 0; k < 3000; k++) {
            bf_image img = {0};
            size_t at = random_u64(&seed) % jpeg.count;
            uint8_t kept = jpeg.data[at];
            jpeg.data[at] = (uint8_t)random_u64(&seed);
            bf_status s = bf_decode_picture(&img, jpeg.data, jpeg.count, "x");
            assert_true((s == BF_OK) == (img.pixels != NULL));
            bf_image_clear(&img);
            jpeg.data[at] = kept;
        }
        bytes_clear(&jpeg);
    }
}

/* Sizes that the header declares: no pixels need be there to refuse them. */
static void test_declared_sizes(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        const char *word;
    } cases[] = {{20000, 20000, "20000 x 20000"},
                 {32769, 1, "damaged"}, /* libpng's own limit */
                 {0, 5, "damaged"},
                 {16384, 16384, "cut short"}};
    for (unsigned k = 0; k < 4; k++) {
        uint8_t header[] =
            "\x89PNG\r\n\x1a\n\0\0\0\rIHDR........\x08\2\0\0\0CRC.";
        for (unsigned i = 0; i < 4; i++) {
            header[16 + i] = (uint8_t)(cases[k].width >> (24 - 8 * i));
            header[20 + i] = (uint8_t)(cases[k].height >> (24 - 8 * i));
        }
        uint32_t crc = (uint32_t)crc32(0, header + 12, 17);
        for (unsigned i = 0; i < 4; i++)
            header[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
        bytes file = {0};
        bytes_add(&file, header, 33);
        bytes_add(&file, "\0\0\0\0IDAT\x35\xaf\x06\x1e", 12);
        refused(file.data, file.count, cases[k].word);
        bytes_clear(&file);
    }
    uint8_t grey[32] = {0};
    bytes jpeg = make_jpeg(4, 4, JCS_GRAYSCALE, false, grey);
    for (size_t i = 0; i + 8 < jpeg.count; i++) {
        if (jpeg.data[i] != 0xff || jpeg.data[i + 1] != 0xc0) continue;
        jpeg.data[i + 5] = jpeg.data[i + 7] = 20000 / 256; /* height, width */
        jpeg.data[i + 6] = jpeg.data[i + 8] = 20000 % 256;
    }
    refused(jpeg.data, jpeg.count, "20000 x 20000");
    bytes_clear(&jpeg);
}

static void test_smallest(void **state)
{
    (void)state;
    const png_shape shape = {
        .width = 1, .height = 1, .bits = 8, .type = PNG_COLOR_TYPE_RGB};
    bf_image img = {0};
    bytes png = make_png(&shape, samples);
    bytes jpeg = make_jpeg(1, 1, JCS_GRAYSCALE, false, samples);
    check_ok(bf_decode_picture(&img, png.data, png.count, "x"));
    assert_true(img.pixels[2] == from_byte(samples[2]));
    bf_image_clear(&img);
    check_ok(bf_decode_picture(&img, jpeg.data, jpeg.count, "x"));
    assert_true(img.width == 1 && img.height == 1);
    bf_image_clear(&img);
    bytes_clear(&jpeg);
    bytes_clear(&png);
}

static void test_no_pictures(void **state)
{
    (void)state;
    refused("", 0, "empty file");
    refused("hello", 5, "neither a PNG nor a JPEG");
    refused("\x89PNG\r\n\x1a\n", 8, "damaged PNG");
    refused("\xff\xd8\xff", 3, "damaged JPEG");
    refused("GIF89a\1\0\1\0", 10, "neither");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_kinds),
        cmocka_unit_test(test_png_alpha),
        cmocka_unit_test(test_jpeg_kinds),
        cmocka_unit_test(test_cmyk),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_damaged_png),
        cmocka_unit_test(test_damaged_jpeg),
        cmocka_unit_test(test_declared_sizes),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_no_pictures),
    };
    return cmocka_run_group_tests(tests, enter, NULL);
}
