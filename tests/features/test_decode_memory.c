/* libpng and libjpeg without memory: a fault of the machine, not of the image.
 * This program replaces malloc; under sanitizers malloc is theirs. */
#include "picture_testing.h"

#include <errno.h>

#include "features/decode.h"
#include "support/sanitized.h"

#define SIDE 40

#ifndef BF_SANITIZED
void *__libc_malloc(size_t count);

static long calls_left = -1; /* -1: it never fails */

__attribute__((visibility("default"))) void *malloc(size_t count)
{
    if (calls_left == 0) {
        errno = ENOMEM;
        return NULL;
    }
    if (calls_left > 0) calls_left--;
    return __libc_malloc(count);
}

/* Fails the first call, the second, ... until all calls succeed. */
static void fail_each(const bytes *file)
{
    long failures = 0;
    for (long successes = 0;; successes++) {
        bf_image img = {0};
        calls_left = successes;
        bf_status s = bf_decode_picture(&img, file->data, file->count, "a.x");
        bool enough = calls_left > 0;
        calls_left = -1;
        if (s == BF_OK) {
            bf_image_clear(&img);
            if (enough) break;
            continue; /* libpng continues without optional data */
        }
        assert_int_equal(s, BF_ERR_MEMORY);
        assert_non_null(strstr(bf_last_error(), "a.x: no memory for lib"));
        assert_null(img.pixels);
        failures++;
    }
    assert_true(failures >= 2);
}

static void test_png(void **state)
{
    (void)state;
    static uint8_t samples[SIDE * SIDE * 3];
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        bytes png = make_png(&(png_shape){.width = SIDE,
                                          .height = SIDE,
                                          .bits = 8,
                                          .type = PNG_COLOR_TYPE_RGB,
                                          .interlaced = interlaced != 0},
                             samples);
        fail_each(&png);
        bytes_clear(&png);
    }
}

static void test_jpeg(void **state)
{
    (void)state;
    static uint8_t samples[SIDE * SIDE * 3];
    for (int progressive = 0; progressive < 2; progressive++) {
        bytes jpeg = make_jpeg(SIDE, SIDE, JCS_RGB, progressive != 0, samples);
        fail_each(&jpeg);
        bytes_clear(&jpeg);
    }
}
#endif

int main(void)
{
#ifdef BF_SANITIZED
    puts("skipped: malloc is the sanitizer's");
    return 77;
#else
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_jpeg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#endif
}
