/* CIFAR binaries made record by record. */
#include "regnet_testing.h"

#include "blindfit/features.h"

static char folder[] = "/tmp/bf_test_cifar_XXXXXX";

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

/* Record r: its label bytes (a coarse one of 7 first, of two), then pixel k of
 * value (k + r) mod 251. */
static const char *write_records(const char *name, unsigned count,
                                 size_t label_bytes, unsigned classes)
{
    size_t record = label_bytes + 3072;
    uint8_t *data = must_alloc(count * record);
    for (unsigned r = 0; r < count; r++) {
        uint8_t *to = data + r * record;
        to[0] = 7;
        to[label_bytes - 1] = (uint8_t)(r % classes);
        for (unsigned k = 0; k < 3072; k++)
            to[label_bytes + k] = (uint8_t)((k + r) % 251);
    }
    const char *path = path_in(folder, name);
    write_file(path, data, count * record);
    bf_free(data);
    return path;
}

static void check_images(bf_images *images, size_t count, unsigned classes)
{
    assert_int_equal(bf_images_count(images), count);
    assert_int_equal(bf_images_classes(images), classes);
    for (size_t i = 0; i < count; i++) {
        bf_image img = {0};
        check_ok(bf_images_read(images, i, &img));
        assert_true(img.width == 32 && img.height == 32 && img.channels == 3);
        assert_int_equal(img.label, i % classes);
        assert_int_equal(bf_images_label(images, i), i % classes);
        for (unsigned k = 0; k < 3072; k++)
            assert_true(img.pixels[k] == (float)((k + i) % 251) / 255.0f);
        bf_image_clear(&img);
    }
}

static void test_ten(void **state)
{
    (void)state;
    static const char names[] = "airplane\nautomobile\nbird\ncat\ndeer\ndog\n"
                                "frog\nhorse\nship\ntruck\n\n";
    bf_images *images = NULL;
    const char *path = write_records("data_batch_1.bin", 23, 1, 10);
    check_ok(bf_images_open(&images, path, NULL, true));
    check_images(images, 23, 10);
    assert_null(bf_images_class_names(images));
    bf_images_close(images);
    write_file(path_in(folder, "batches.meta.txt"), names, sizeof names - 1);
    check_ok(bf_images_open(&images, path, NULL, true));
    assert_string_equal(bf_images_class_names(images)[0], "airplane");
    assert_string_equal(bf_images_class_names(images)[9], "truck");
    bf_images_close(images);
    write_file(path_in(folder, "batches.meta.txt"), names, 20);
    check_fails(BF_ERR_FORMAT, "batches.meta.txt", "expected 10",
                bf_images_open(&images, path, NULL, true));
    assert_int_equal(unlink(path_in(folder, "batches.meta.txt")), 0);
}

static void test_hundred(void **state)
{
    (void)state;
    bf_images *images = NULL;
    const char *path = write_records("train.bin", 105, 2, 100);
    check_ok(bf_images_open(&images, path, NULL, true));
    check_images(images, 105, 100);
    bf_images_close(images);
}

/* 3074 records of CIFAR-10 are as long as 3073 of CIFAR-100: the first label
 * bytes decide. */
static void test_ambiguous_length(void **state)
{
    (void)state;
    bf_images *images = NULL;
    check_ok(bf_images_open(&images, write_records("both.bin", 3074, 1, 10),
                            NULL, true));
    assert_int_equal(bf_images_classes(images), 10);
    assert_int_equal(bf_images_count(images), 3074);
    bf_images_close(images);
}

static void test_wrong_files(void **state)
{
    (void)state;
    bf_images *images = NULL;
    const char *path = write_records("test.bin", 3, 1, 10);
    check_fails(BF_ERR_ARGUMENT, path, "labels.npy",
                bf_images_open(&images, path, "labels.npy", true));
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, 2 * 3073, SEEK_SET);
    fputc(10, f);
    fclose(f);
    check_fails(BF_ERR_FORMAT, path, "image 2 has label 10",
                bf_images_open(&images, path, NULL, true));
    assert_int_equal(truncate(path, 3 * 3073 - 1), 0);
    check_fails(BF_ERR_FORMAT, path, "cut short",
                bf_images_open(&images, path, NULL, true));
    assert_null(images);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten),
        cmocka_unit_test(test_hundred),
        cmocka_unit_test(test_ambiguous_length),
        cmocka_unit_test(test_wrong_files),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
