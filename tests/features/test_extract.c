/* The driver: rows, labels, names, images that cannot be read. */
#include "data_testing.h"

#include "features/backbone.h"
#include "features/image_source.h"
#include "support/env.h"

#define IMAGES "data/digits-test-images.idx.gz"
#define LABELS "data/digits-test-labels.idx.gz"

/* ---- a source and a backbone made for the purpose -------------------- */

typedef struct source {
    unsigned side[64];    /* of image i; its pixels are all i */
    bf_status status[64]; /* of reading it */
    bool unlabelled;
} source;

static bf_status source_read(void *self, size_t i, bf_image *out)
{
    const source *s = self;
    if (s->status[i] != BF_OK)
        return bf_fail(s->status[i], "image %zu is torn", i);
    BF_TRY(bf_image_alloc(out, s->side[i], s->side[i], 1, "test"));
    for (unsigned k = 0; k < s->side[i] * s->side[i]; k++)
        out->pixels[k] = (float)i;
    out->label = (int32_t)(i % 3);
    return BF_OK;
}

static int32_t source_label(const void *self, size_t i)
{
    const source *s = self;
    return s->unlabelled ? -1 : (int32_t)(i % 3);
}

static void source_close(void *self)
{
    (void)self;
}

static const bf_image_source_ops source_ops = {source_read, source_label,
                                               source_close};
static char zero[] = "zero", one[] = "one", two[] = "two";
static char *source_names[] = {zero, one, two};

static source good_source(void)
{
    source s = {0};
    for (int i = 0; i < 64; i++) s.side[i] = 4;
    return s;
}

static bf_images source_images(source *s, size_t count)
{
    return (bf_images){.ops = &source_ops,
                       .self = s,
                       .count = count,
                       .classes = 3,
                       .class_names = source_names};
}

/* Features of an image: its side, and its first pixel. Side 1 is refused;
 * side 9 gives one feature more. */
static bf_status plain_outputs(const void *self, unsigned width,
                               unsigned height, size_t *outputs)
{
    (void)self;
    if (width == 1 || height == 1) return bf_fail(BF_ERR_ARGUMENT, "too small");
    *outputs = width == 9 ? 3 : 2;
    return BF_OK;
}

static size_t plain_input(const void *self)
{
    (void)self;
    return 2;
}

static bf_status plain_prepare(const void *self, const bf_image *img,
                               float *input)
{
    (void)self;
    input[0] = (float)img->width;
    input[1] = img->pixels[0];
    return BF_OK;
}

static bf_status plain_forward(void *self, const float *input, size_t count,
                               float *output)
{
    ++*(unsigned *)self;
    memcpy(output, input, 2 * count * sizeof *output);
    return BF_OK;
}

static void plain_destroy(void *self)
{
    (void)self;
}

static const bf_backbone_ops plain_ops = {"plain",       plain_outputs,
                                          plain_input,   plain_prepare,
                                          plain_forward, plain_destroy};

typedef struct report {
    size_t count, image[64];
    char why[64][256];
} report;

static void note_skip(void *user, size_t image, const char *why)
{
    report *r = user;
    r->image[r->count] = image;
    snprintf(r->why[r->count++], sizeof r->why[0], "%s", why);
}

typedef struct outcome {
    bf_status status;
    bf_dataset data;
    size_t skipped;
    report report;
    unsigned forwards;
} outcome;

static outcome run(source *s, size_t count, unsigned batch, bool strict)
{
    outcome o = {0};
    bf_images images = source_images(s, count);
    bf_backbone b = {&plain_ops, &o.forwards, batch};
    o.status =
        bf_extract(&o.data, &b, &images, strict, &o.skipped,
                   (bf_skip_report){note_skip, &o.report}, NULL);
    return o;
}

/* ---- tests ----------------------------------------------------------- */

static void test_rows_in_order(void **state)
{
    (void)state;
    source s = good_source();
    for (unsigned batch = 1; batch <= 70; batch += 23) {
        outcome o = run(&s, 64, batch, true);
        check_ok(o.status);
        assert_int_equal(o.skipped, 0);
        assert_int_equal(o.forwards, (64 + batch - 1) / batch);
        assert_true(o.data.x.rows == 64 && o.data.x.cols == 2);
        for (int i = 0; i < 64; i++) {
            assert_true(o.data.x.data[2 * i] == 4);
            assert_true(o.data.x.data[2 * i + 1] == i);
            assert_int_equal(o.data.labels[i], i % 3);
        }
        assert_int_equal(o.data.classes, 3);
        for (int c = 0; c < 3; c++) {
            assert_string_equal(o.data.class_names[c], source_names[c]);
            assert_ptr_not_equal(o.data.class_names[c], source_names[c]);
        }
        bf_dataset_clear(&o.data);
    }
}

static void check_skips(const outcome *o, size_t count, const size_t *image,
                        const char *const *why)
{
    check_ok(o->status);
    assert_int_equal(o->skipped, count);
    assert_int_equal(o->report.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(o->report.image[i], image[i]);
        assert_non_null(strstr(o->report.why[i], why[i]));
    }
}

static void test_skips(void **state)
{
    (void)state;
    source s = good_source();
    static const size_t bad[5] = {0, 7, 8, 20, 63};
    static const char *const why[5] = {
        "image 0 is torn", "image 7: too small", "image 8: gives 3 features",
        "image 20 is torn", "image 63"};
    s.status[0] = BF_ERR_FORMAT;
    s.side[7] = 1;
    s.side[8] = 9;
    s.status[20] = BF_ERR_UNSUPPORTED;
    s.status[63] = BF_ERR_RANGE;
    for (unsigned batch = 1; batch <= 70; batch += 3) {
        outcome o = run(&s, 64, batch, false);
        check_skips(&o, 5, bad, why);
        assert_int_equal(o.data.x.rows, 59);
        size_t next = 0;
        for (size_t i = 0, row = 0; i < 64; i++) {
            if (next < 5 && i == bad[next]) {
                next++;
                continue;
            }
            assert_true(o.data.x.data[2 * row + 1] == (double)i);
            assert_int_equal(o.data.labels[row++], i % 3);
        }
        bf_dataset_clear(&o.data);
    }
}

static void check_stop(outcome o, bf_status status, const char *why)
{
    check_fails(status, why, "", o.status);
    assert_null(o.data.x.data);
    assert_null(o.data.labels);
}

static void test_strict(void **state)
{
    (void)state;
    source s = good_source();
    s.status[40] = BF_ERR_FORMAT;
    s.side[50] = 1;
    check_stop(run(&s, 64, 8, true), BF_ERR_FORMAT, "image 40 is torn");
    s.status[40] = BF_OK;
    check_stop(run(&s, 64, 8, true), BF_ERR_ARGUMENT, "image 50: too small");
}

/* Troubles of the machine stop the run, strict or not. */
static void test_troubles_of_the_machine(void **state)
{
    (void)state;
    static const bf_status bad[] = {BF_ERR_MEMORY, BF_ERR_INTERRUPTED,
                                    BF_ERR_IO, BF_ERR_INTERNAL};
    for (int i = 0; i < 4; i++) {
        source s = good_source();
        s.status[33] = bad[i];
        check_stop(run(&s, 64, 8, false), bad[i], "image 33");
    }
}

static void test_nothing_to_read(void **state)
{
    (void)state;
    source s = good_source();
    s.unlabelled = true;
    for (int i = 0; i < 64; i++) s.status[i] = BF_ERR_FORMAT;
    outcome o = run(&s, 64, 8, false);
    assert_int_equal(o.skipped, 64);
    check_stop(o, BF_ERR_FORMAT, "no image could be read: image 63");
}

/* Class 1 loses all of its images, number 61 last; one readable image is
 * enough. */
static void test_class_without_a_picture(void **state)
{
    (void)state;
    source s = good_source();
    for (int i = 1; i < 64; i += 3) s.status[i] = BF_ERR_FORMAT;
    for (unsigned batch = 1; batch <= 70; batch += 23) {
        outcome o = run(&s, 64, batch, false);
        assert_int_equal(o.skipped, 21);
        check_stop(o, BF_ERR_FORMAT,
                   "class 1, one: no image of it could be read, the last as: "
                   "image 61 is torn");
    }
    s.status[4] = BF_OK;
    outcome o = run(&s, 64, 8, false);
    check_ok(o.status);
    assert_int_equal(o.skipped, 20);
    bf_dataset_clear(&o.data);
    /* Image numbers beyond the end of the stream are refused. */
    s.status[4] = BF_ERR_FORMAT;
    o = run(&s, 1, 8, false);
    check_ok(o.status);
    bf_dataset_clear(&o.data);
}

static void test_interrupt(void **state)
{
    (void)state;
    source s = good_source();
    env_interrupt(1);
    outcome o = run(&s, 64, 8, false);
    env_interrupt(0);
    assert_int_equal(o.status, BF_ERR_INTERRUPTED);
    assert_int_equal(o.forwards, 0);
    assert_null(o.data.x.data);
}

typedef struct steps {
    double done, total;
    unsigned calls;
} steps;

static int note_progress(void *user, const char *phase, double done,
                         double total)
{
    steps *s = user;
    assert_string_equal(phase, "extract");
    assert_true(done > s->done && done <= total);
    *s = (steps){done, total, s->calls + 1};
    return 0;
}

static bf_dataset extract_digits(const char *labels_path, unsigned batch,
                                 unsigned threads, steps *s)
{
    bf_images *images;
    bf_backbone *b;
    bf_dataset d;
    size_t skipped;
    env_threads(threads);
    check_ok(bf_images_open(&images, IMAGES, labels_path, true));
    check_ok(bf_backbone_create(
        &b, &(bf_backbone_options){.name = "scattering", .batch = batch}));
    check_ok(bf_extract(&d, b, images, true, &skipped, (bf_skip_report){0},
                        &(bf_env){.threads = threads, .progress = note_progress,
                                  .user = s}));
    assert_int_equal(skipped, 0);
    bf_backbone_destroy(b);
    bf_images_close(images);
    env_threads(0);
    return d;
}

static size_t nearest_mean(const bf_dataset *d, const double *means,
                           const double *row)
{
    size_t best = 0;
    double least = INFINITY;
    for (size_t c = 0; c < 10; c++) {
        double distance = 0;
        for (size_t k = 0; k < d->x.cols; k++) {
            double gap = sqrt(row[k]) - means[c * d->x.cols + k];
            distance += gap * gap;
        }
        if (distance >= least) continue;
        least = distance;
        best = c;
    }
    return best;
}

/* The features are useful: the nearest of ten class means, the simplest
 * classifier, is right for three images of four (measured: 80.8 %). */
static void check_told_apart(const bf_dataset *d)
{
    size_t half = d->x.rows / 2, cols = d->x.cols, right = 0, count[10] = {0};
    double *means = must_alloc(10 * cols * sizeof *means);
    memset(means, 0, 10 * cols * sizeof *means);
    for (size_t i = 0; i < half; i++) count[d->labels[i]]++;
    for (size_t i = 0; i < half; i++)
        for (size_t k = 0; k < cols; k++)
            means[(size_t)d->labels[i] * cols + k] +=
                sqrt(d->x.data[i * cols + k]) / (double)count[d->labels[i]];
    for (size_t i = half; i < d->x.rows; i++)
        right += nearest_mean(d, means, d->x.data + i * cols) ==
                 (size_t)d->labels[i];
    print_message("nearest class mean: %.1f %%\n",
                  100.0 * (double)right / (double)(d->x.rows - half));
    assert_true(right * 4 >= (d->x.rows - half) * 3);
    bf_free(means);
}

/* Bit for bit the same on any number of threads and in any batches. */
static void test_digits(void **state)
{
    (void)state;
    steps s = {0}, t = {0};
    bf_dataset a = extract_digits(LABELS, 0, 1, &s);
    bf_dataset b = extract_digits(NULL, 77, 3, &t);
    assert_true(a.x.rows == 2000 && a.x.cols == 925 && a.classes == 10);
    assert_true(b.x.rows == 2000 && b.x.cols == 925 && b.classes == 0);
    assert_memory_equal(a.x.data, b.x.data,
                        a.x.rows * a.x.cols * sizeof *a.x.data);
    assert_true(a.labels && !b.labels);
    assert_null(a.class_names);
    check_told_apart(&a);
    assert_true(s.done == 2000 && s.total == 2000 && t.calls == 26);
    bf_dataset_clear(&a);
    bf_dataset_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_in_order),
        cmocka_unit_test(test_skips),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_troubles_of_the_machine),
        cmocka_unit_test(test_nothing_to_read),
        cmocka_unit_test(test_class_without_a_picture),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
