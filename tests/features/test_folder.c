/* Folders of images: which files are read as which images, and the reports
 * about the other files. */
#include "picture_testing.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "blindfit/features.h"
#include "features/folder_names.h"
#include "features/regnet_layers.h"

static char folder[] = "/tmp/bf_test_folder_XXXXXX";

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

static int empty_folder(void **state)
{
    (void)state;
    return bf_remove_tree(folder) == BF_OK && mkdir(folder, 0700) == 0 ? 0 : -1;
}

static void make_folder(const char *name)
{
    assert_int_equal(mkdir(path_in(folder, name), 0700), 0);
}

/* A grey image of one value. */
static void put_png(const char *name, unsigned width, unsigned height,
                    uint8_t value)
{
    const png_shape shape = {.width = width,
                             .height = height,
                             .bits = 8,
                             .type = PNG_COLOR_TYPE_GRAY};
    uint8_t *samples = must_alloc((size_t)width * height);
    memset(samples, value, (size_t)width * height);
    bytes png = make_png(&shape, samples);
    write_file(path_in(folder, name), png.data, png.count);
    bytes_clear(&png);
    bf_free(samples);
}

static void put_jpeg(const char *name, uint8_t value)
{
    uint8_t samples[16 * 8 * 3];
    memset(samples, value, sizeof samples);
    bytes jpeg = make_jpeg(16, 8, JCS_RGB, false, samples);
    write_file(path_in(folder, name), jpeg.data, jpeg.count);
    bytes_clear(&jpeg);
}

static void put_text(const char *name)
{
    write_file(path_in(folder, name), "not an image\n", 13);
}

static char notes[8][512];
static size_t note_count;

static void hear(void *user, const char *line)
{
    (void)user;
    snprintf(notes[note_count++ % 8], sizeof notes[0], "%s", line);
}

/* Opens the folder and keeps what is said. */
static bf_images *open_told(bool strict)
{
    bf_env env = {.note = hear}, *before = bf_env_enter(&env);
    bf_images *images = NULL;
    note_count = 0;
    check_ok(bf_images_open(&images, folder, NULL, strict));
    bf_env_enter(before);
    return images;
}

static void refused(bool strict, const char *one, const char *two)
{
    bf_images *images = NULL;
    check_fails(BF_ERR_FORMAT, one, two,
                bf_images_open(&images, folder, NULL, strict));
    assert_null(images);
}

/* Bytewise, upper case before lower, but "9" before "10". */
static void test_order(void **state)
{
    (void)state;
    static const char *const expected[] = {"B/z.png", "b/9.jpg", "b/10.png",
                                           "b/a b.PNG", "\xc3\xa9/1.png"};
    static const int32_t labels[] = {0, 1, 1, 1, 2};
    make_folder("b");
    make_folder("B");
    make_folder("\xc3\xa9");
    make_folder(".hidden");
    put_png(".hidden/1.png", 1, 1, 0);
    put_png("b/9.jpg", 3, 2, 20); /* a PNG, whatever its name */
    put_png("b/10.png", 4, 5, 10);
    put_jpeg("b/a b.PNG", 30);
    put_png("b/.hidden.png", 1, 1, 0);
    put_png("B/z.png", 1, 1, 40);
    put_png("\xc3\xa9/1.png", 1, 1, 50);
    bf_images *images = NULL;
    check_ok(bf_images_open(&images, folder, NULL, true));
    assert_int_equal(bf_images_count(images), 5);
    assert_int_equal(bf_images_classes(images), 3);
    assert_string_equal(bf_images_class_names(images)[0], "B");
    assert_string_equal(bf_images_class_names(images)[2], "\xc3\xa9");
    for (size_t i = 0; i < 5; i++) {
        bf_image img = {0};
        check_ok(bf_images_read(images, i, &img));
        assert_string_equal(img.name, path_in(folder, expected[i]));
        assert_int_equal(img.label, labels[i]);
        assert_int_equal(bf_images_label(images, i), labels[i]);
        bf_image_clear(&img);
    }
    bf_image img = {0};
    check_ok(bf_images_read(images, 2, &img));
    assert_true(img.width == 4 && img.height == 5 && img.channels == 1);
    assert_true(img.pixels[19] == 10.0f / 255.0f);
    bf_image_clear(&img);
    bf_images_close(images);
}

static void test_order_of_names(void **state)
{
    (void)state;
    static const char *const sorted[] = {
        "",
        "-1",
        "0",
        "00",
        "1",
        "01a",
        "1b",
        "2",
        "10",
        "a",
        "a1b2",
        "a1b10",
        "a2",
        "a100000000000000000000",
        "a200000000000000000000",
        "b",
        "\xc3\xa9",
    };
    enum { COUNT = sizeof sorted / sizeof *sorted };
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) {
            int order = bf_folder_order(sorted[i], sorted[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
}

/* Class 2 belongs to folder 2; a note says that the order is by number. */
static void test_numbers(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "%d", i);
        make_folder(name);
        snprintf(name, sizeof name, "%d/1.png", i);
        put_png(name, 1, 1, 1);
    }
    bf_images *images;
    images = open_told(true);
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_string_equal(bf_images_class_names(images)[i], name);
        assert_int_equal(bf_images_label(images, (size_t)i), i);
    }
    assert_int_equal(note_count, 1);
    assert_non_null(strstr(notes[0], "9 comes before 10"));
    bf_images_close(images);
}

static void test_numbered_pictures(void **state)
{
    (void)state;
    bf_images *images;
    bf_image img = {0};
    put_png("img_2.png", 2, 1, 1);
    put_png("img_11.png", 11, 1, 1);
    put_png("img_1.png", 1, 1, 1);
    images = open_told(true);
    for (size_t i = 0; i < 3; i++) {
        check_ok(bf_images_read(images, i, &img));
        assert_int_equal(img.width, i < 2 ? i + 1 : 11);
        bf_image_clear(&img);
    }
    assert_non_null(strstr(notes[0], "img_2.png comes before img_11.png"));
    bf_images_close(images);
    assert_int_equal(unlink(path_in(folder, "img_11.png")), 0);
    images = open_told(true);
    assert_int_equal(note_count, 0);
    bf_images_close(images);
}

/* @eaDir in every folder of a NAS, __MACOSX of a zip, and the like. */
static void test_folders_of_systems(void **state)
{
    (void)state;
    bf_images *images;
    make_folder("@eaDir");
    make_folder("__MACOSX");
    put_text("__MACOSX/._1.png");
    put_text("__MACOSX/1.png");
    put_png("1.png", 1, 1, 1);
    images = open_told(false);
    assert_int_equal(bf_images_count(images), 1);
    assert_int_equal(bf_images_classes(images), 0);
    assert_non_null(strstr(notes[0], "/@eaDir: skipped"));
    assert_non_null(strstr(notes[1], "/__MACOSX: skipped"));
    bf_images_close(images);
    make_folder("cat");
    make_folder("cat/@eaDir");
    make_folder("__pycache__");
    put_text("__pycache__/x.pyc");
    make_folder("lost+found");
    put_png("cat/1.png", 1, 1, 1);
    images = open_told(false);
    assert_int_equal(bf_images_count(images), 1);
    assert_int_equal(bf_images_classes(images), 1);
    assert_string_equal(bf_images_class_names(images)[0], "cat");
    assert_int_equal(note_count, 5);
    bf_images_close(images);
    assert_int_equal(unlink(path_in(folder, "1.png")), 0);
    refused(true, "@eaDir", "a folder of the system");
    assert_int_equal(unlink(path_in(folder, "cat/1.png")), 0);
    refused(false, "/cat", "without images");
}

/* Dangling and circular links in class folders, beside them and in a folder of
 * images alone: skipped and counted like undecodable files. */
static void test_links_to_nothing(void **state)
{
    (void)state;
    bf_images *images = NULL;
    bf_image img = {0};
    put_png("1.png", 1, 1, 1);
    assert_int_equal(symlink("nowhere.png", path_in(folder, "2.png")), 0);
    assert_int_equal(symlink("3.png", path_in(folder, "3.png")), 0);
    check_ok(bf_images_open(&images, folder, NULL, false));
    assert_int_equal(bf_images_count(images), 3);
    check_ok(bf_images_read(images, 0, &img));
    bf_image_clear(&img);
    check_fails(BF_ERR_FORMAT, "2.png", "No such file",
                bf_images_read(images, 1, &img));
    check_fails(BF_ERR_FORMAT, "3.png", "symbolic links",
                bf_images_read(images, 2, &img));
    bf_images_close(images);
    make_folder("cat");
    put_png("cat/1.png", 1, 1, 1);
    assert_int_equal(symlink("/nowhere", path_in(folder, "cat/2.png")), 0);
    check_ok(bf_images_open(&images, folder, NULL, false));
    assert_int_equal(bf_images_count(images), 2);
    check_fails(BF_ERR_FORMAT, "cat/2.png", "No such file",
                bf_images_read(images, 1, &img));
    bf_images_close(images);
    refused(true, "/1.png", "beside class folders");
}

/* Latin-1. Images may have such names, but classes may not, as class names go
 * into JSON. */
static void test_names_not_utf8(void **state)
{
    (void)state;
    bf_images *images = NULL;
    bf_image img = {0};
    make_folder("cat");
    put_png("cat/\xe9.png", 1, 1, 1);
    check_ok(bf_images_open(&images, folder, NULL, true));
    check_ok(bf_images_read(images, 0, &img));
    bf_image_clear(&img);
    bf_images_close(images);
    make_folder("caf\xe9");
    put_png("caf\xe9/1.png", 1, 1, 1);
    images = NULL;
    refused(false, "/caf?", "not UTF-8");
}

static void test_unlabelled(void **state)
{
    (void)state;
    bf_images *images = NULL;
    put_png("b.png", 2, 2, 1);
    put_png("a.png", 2, 2, 2);
    check_ok(bf_images_open(&images, folder, NULL, true));
    assert_int_equal(bf_images_count(images), 2);
    assert_int_equal(bf_images_classes(images), 0);
    assert_null(bf_images_class_names(images));
    assert_int_equal(bf_images_label(images, 0), -1);
    bf_images_close(images);
    const int32_t labels[] = {4, 2};
    char outside[64];
    snprintf(outside, sizeof outside, "%s.npy", folder);
    check_ok(bf_npy_write_labels(outside, labels, 2));
    check_ok(bf_images_open(&images, folder, outside, true));
    assert_int_equal(bf_images_classes(images), 5);
    assert_int_equal(bf_images_label(images, 0), 4);
    bf_images_close(images);
    put_png("c.png", 2, 2, 2);
    check_fails(BF_ERR_MISMATCH, "2 labels", "3 images",
                bf_images_open(&images, folder, outside, true));
    make_folder("class");
    put_png("class/1.png", 1, 1, 1);
    check_fails(BF_ERR_ARGUMENT, folder, outside,
                bf_images_open(&images, folder, outside, false));
    unlink(outside);
}

static void test_wrong_folders(void **state)
{
    (void)state;
    refused(false, folder, "no images");
    make_folder("cat");
    put_png("cat/1.png", 1, 1, 1);
    make_folder("dog");
    refused(false, "/dog", "without images");
    put_png("dog/.hidden.png", 1, 1, 1);
    refused(false, "/dog", "without images");
    put_png("dog/1.png", 1, 1, 1);
    put_text("README");
    refused(true, "/README", "beside class folders");
    bf_images *images = NULL;
    check_ok(bf_images_open(&images, folder, NULL, false));
    assert_int_equal(bf_images_count(images), 2);
    bf_images_close(images);
    make_folder("dog/more");
    refused(false, "/dog/more", "a folder among images");
    assert_int_equal(rmdir(path_in(folder, "dog/more")), 0);
    assert_int_equal(mkfifo(path_in(folder, "dog/pipe"), 0600), 0);
    refused(false, "/dog/pipe", "neither a file nor a folder");
}

static void test_too_many_classes(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < 101; i++) {
        snprintf(name, sizeof name, "%d", i);
        make_folder(name);
        snprintf(name, sizeof name, "%d/1.png", i);
        put_png(name, 1, 1, 1);
    }
    refused(false, folder, "more than 100 class folders");
}

/* An image that vanishes after the folder was read. */
static void test_vanished(void **state)
{
    (void)state;
    bf_images *images = NULL;
    bf_image img = {0};
    put_png("a.png", 1, 1, 1);
    check_ok(bf_images_open(&images, folder, NULL, true));
    assert_int_equal(unlink(path_in(folder, "a.png")), 0);
    check_fails(BF_ERR_FORMAT, "a.png", folder,
                bf_images_read(images, 0, &img));
    bf_images_close(images);
}

/* No descriptor is left: the same image can be read a moment later. */
static void test_too_many_open(void **state)
{
    (void)state;
    bf_images *images = NULL;
    bf_image img = {0};
    struct rlimit before, none;
    put_png("a.png", 1, 1, 1);
    check_ok(bf_images_open(&images, folder, NULL, true));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bf_status s = bf_images_read(images, 0, &img);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    check_fails(BF_ERR_IO, "a.png", "Too many open files", s);
    check_ok(bf_images_read(images, 0, &img));
    bf_image_clear(&img);
    bf_images_close(images);
}

static char reports[8][512];
static size_t report_count;

static void note(void *user, size_t image, const char *why)
{
    (void)user;
    (void)image;
    snprintf(reports[report_count++ % 8], sizeof reports[0], "%s", why);
}

/* Weights of zero: only the set of extracted images matters here. */
static const char *write_simple_weights(const char *path)
{
    static const char *const suffixes[] = {".0.weight", ".1.weight", ".1.bias",
                                           ".1.running_mean", ".1.running_var"};
    static char names[BF_REGNET_LAYERS * 5][96];
    static bf_tensor_view t[BF_REGNET_LAYERS * 5];
    bf_regnet_layer layers[BF_REGNET_LAYERS];
    float *zeros = bf_alloc_zero(400 * 400 * sizeof *zeros);
    assert_non_null(zeros);
    bf_regnet_describe(layers);
    for (unsigned i = 0; i < BF_REGNET_LAYERS * 5; i++) {
        const bf_regnet_layer *l = &layers[i / 5];
        snprintf(names[i], sizeof names[i], "%s%s", l->name, suffixes[i % 5]);
        t[i] =
            (bf_tensor_view){names[i],
                             i % 5 ? 1 : 4,
                             {l->out, l->in / l->groups, l->kernel, l->kernel},
                             zeros};
    }
    check_ok(bf_safetensors_write(path, t, BF_REGNET_LAYERS * 5, NULL));
    bf_free(zeros);
    return path;
}

/* Mixed sizes and kinds through the backbone: a file that is no image is
 * skipped with a line that names it, or ends the extraction with --strict. */
static void test_extraction(void **state)
{
    (void)state;
    char weights[64];
    snprintf(weights, sizeof weights, "%s.safetensors", folder);
    make_folder("cat");
    make_folder("dog");
    put_png("cat/1.png", 20, 30, 1);
    put_png("cat/2.png", 1, 1, 2);
    put_text("cat/3.png");
    put_jpeg("dog/1.jpg", 100);
    put_png("dog/2.png", 300, 7, 3);
    put_text("dog/Thumbs.db");
    bf_images *images = NULL;
    bf_backbone *b = NULL;
    bf_dataset data = {0};
    size_t skipped = 0;
    const bf_backbone_options options = {
        .name = "regnet_x_400mf", .weights = write_simple_weights(weights)};
    check_ok(bf_backbone_create(&b, &options));
    check_ok(bf_images_open(&images, folder, NULL, false));
    assert_int_equal(bf_images_count(images), 6);
    check_ok(bf_extract(&data, b, images, false, &skipped,
                        (bf_skip_report){note, NULL}, NULL));
    assert_int_equal(skipped, 2);
    assert_int_equal(report_count, 2);
    assert_non_null(strstr(reports[0], "cat/3.png: neither"));
    assert_non_null(strstr(reports[1], "dog/Thumbs.db: neither"));
    assert_int_equal(data.x.rows, 4);
    assert_int_equal(data.classes, 2);
    const int32_t expected[] = {0, 0, 1, 1};
    assert_memory_equal(data.labels, expected, sizeof expected);
    assert_string_equal(data.class_names[1], "dog");
    bf_dataset_clear(&data);
    check_fails(BF_ERR_FORMAT, "cat/3.png", "neither",
                bf_extract(&data, b, images, true, &skipped,
                           (bf_skip_report){note, NULL}, NULL));
    bf_images_close(images);
    bf_backbone_destroy(b);
    unlink(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order, empty_folder),
        cmocka_unit_test(test_order_of_names),
        cmocka_unit_test_setup(test_numbers, empty_folder),
        cmocka_unit_test_setup(test_numbered_pictures, empty_folder),
        cmocka_unit_test_setup(test_folders_of_systems, empty_folder),
        cmocka_unit_test_setup(test_links_to_nothing, empty_folder),
        cmocka_unit_test_setup(test_names_not_utf8, empty_folder),
        cmocka_unit_test_setup(test_unlabelled, empty_folder),
        cmocka_unit_test_setup(test_wrong_folders, empty_folder),
        cmocka_unit_test_setup(test_too_many_classes, empty_folder),
        cmocka_unit_test_setup(test_vanished, empty_folder),
        cmocka_unit_test_setup(test_too_many_open, empty_folder),
        cmocka_unit_test_setup(test_extraction, empty_folder),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
