/* Images through a backbone, a batch at a time.
 *
 * A batch is decoded and prepared by all threads, one image each, then goes
 * through the network on all threads. Besides the result, memory is one batch
 * of prepared images and, for each thread, one decoded image. */
#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "features/backbone.h"
#include "features/class_names.h"
#include "features/image_source.h"

#define WHY_BYTES 512

/* The result for one image of the batch. */
typedef struct slot {
    bf_status status;
    size_t image;   /* number in the stream */
    size_t outputs; /* features of the image */
    int32_t label;
    char why[WHY_BYTES];
} slot;

typedef struct extraction {
    bf_backbone *b;
    bf_images *images;
    bool strict;
    bf_skip_report report;
    size_t first;  /* image of the batch */
    slot *slots;   /* [batch] */
    float *input;  /* [batch][floats] */
    float *output; /* [batch][x.cols], once the first image is known */
    size_t floats;
    bf_dataset data; /* x.rows counts the filled rows */
    size_t skipped;
    size_t left[BF_CLASSES_MAX]; /* images of each class still to be read */
    bool seen[BF_CLASSES_MAX];   /* classes with an image that was read */
} extraction;

/* Puts the image's name, or its number in the opened path, in front of a
 * message. */
static bf_status fail_in_picture(const extraction *e, bf_status s,
                                 const char *name, size_t image)
{
    const bf_images *all = e->images;
    if (name) return bf_fail_in(s, "%s", name);
    s = bf_fail_in(s, "image %zu", all->first + image);
    return all->path ? bf_fail_in(s, "%s", all->path) : s;
}

static bf_status take_picture(extraction *e, slot *s, float *input)
{
    const bf_backbone_ops *ops = e->b->ops;
    bf_image img = {0};
    BF_TRY(bf_images_read(e->images, s->image, &img));
    s->label = img.label;
    bf_status status =
        ops->outputs(e->b->self, img.width, img.height, &s->outputs);
    if (status == BF_OK) status = ops->prepare(e->b->self, &img, input);
    if (status != BF_OK)
        status = fail_in_picture(e, status, img.name, s->image);
    bf_image_clear(&img);
    return status;
}

static void take_slot(void *user, size_t k)
{
    extraction *e = user;
    slot *s = &e->slots[k];
    s->image = e->first + k;
    s->status = take_picture(e, s, e->input + k * e->floats);
    if (s->status != BF_OK)
        snprintf(s->why, sizeof s->why, "%s", bf_last_error());
}

/* True for faults of the image; false for faults of the machine. */
static bool may_skip(bf_status s)
{
    return s == BF_ERR_FORMAT || s == BF_ERR_UNSUPPORTED ||
           s == BF_ERR_ARGUMENT || s == BF_ERR_RANGE;
}

/* The first good image determines the width of the matrix. */
static bf_status make_room(extraction *e, size_t outputs)
{
    size_t n = bf_images_count(e->images);
    BF_TRY(bf_matrix_init(&e->data.x, n, outputs));
    e->data.x.rows = 0;
    e->output = bf_alloc(e->b->batch * outputs * sizeof *e->output);
    if (!e->output) return BF_ERR_MEMORY;
    if (bf_images_classes(e->images) == 0) return BF_OK;
    e->data.labels = bf_alloc(n * sizeof *e->data.labels);
    return e->data.labels ? BF_OK : BF_ERR_MEMORY;
}

static bf_status check_picture(extraction *e, slot *s)
{
    if (s->status != BF_OK) return bf_fail(s->status, "%s", s->why);
    if (!e->data.x.data) BF_TRY(make_room(e, s->outputs));
    if (s->outputs == e->data.x.cols) return BF_OK;
    bf_fail(BF_ERR_ARGUMENT, "gives %zu features, the first one %zu",
            s->outputs, e->data.x.cols);
    return fail_in_picture(e, BF_ERR_ARGUMENT, NULL, s->image);
}

static void count_classes(extraction *e)
{
    for (size_t i = 0; i < bf_images_count(e->images); i++) {
        int32_t label = bf_images_label(e->images, i);
        if (label >= 0 && label < BF_CLASSES_MAX) e->left[label]++;
    }
}

/* A class without a readable image would still be a class of models. This check
 * fails as soon as the last image of a class has failed. */
static bf_status check_class(extraction *e, size_t image, bool readable)
{
    int32_t label = bf_images_label(e->images, image);
    if (label < 0 || label >= BF_CLASSES_MAX) return BF_OK;
    e->seen[label] |= readable;
    if (--e->left[label] > 0 || e->seen[label]) return BF_OK;
    const char *const *names = bf_images_class_names(e->images);
    return bf_fail_in(BF_ERR_FORMAT,
                      "class %d%s%s: no image of it could be "
                      "read, the last as",
                      label, names ? ", " : "", names ? names[label] : "");
}

/* Closes the gaps of unreadable images: the *kept good images move to the
 * front. */
static bf_status close_gaps(extraction *e, size_t count, size_t *kept)
{
    *kept = 0;
    for (size_t k = 0; k < count; k++) {
        slot *s = &e->slots[k];
        bf_status status = check_picture(e, s);
        if (status != BF_OK) {
            if (e->strict || !may_skip(status)) return status;
            e->skipped++;
            if (e->report.fn)
                e->report.fn(e->report.user, s->image, bf_last_error());
            BF_TRY(check_class(e, s->image, false));
            continue;
        }
        BF_TRY(check_class(e, s->image, true));
        if (*kept != k)
            memcpy(e->input + *kept * e->floats, e->input + k * e->floats,
                   e->floats * sizeof *e->input);
        if (e->data.labels) e->data.labels[e->data.x.rows + *kept] = s->label;
        ++*kept;
    }
    return BF_OK;
}

static bf_status run_batch(extraction *e, size_t first, size_t count)
{
    size_t kept;
    BF_TRY(bf_check_interrupt());
    e->first = first;
    bf_parallel(count, take_slot, e);
    BF_TRY(close_gaps(e, count, &kept));
    if (kept == 0) return BF_OK;
    BF_TRY(e->b->ops->forward(e->b->self, e->input, kept, e->output));
    bf_matrix *x = &e->data.x;
    double *to = x->data + x->rows * x->cols;
    for (size_t i = 0; i < kept * x->cols; i++) to[i] = (double)e->output[i];
    x->rows += kept;
    return BF_OK;
}

static bf_status run_all(extraction *e)
{
    size_t n = bf_images_count(e->images), batch = e->b->batch;
    for (size_t first = 0; first < n; first += batch) {
        size_t count = n - first < batch ? n - first : batch;
        BF_TRY(run_batch(e, first, count));
        bf_report("extract", (double)(first + count),
                           (double)n);
    }
    if (e->data.x.rows == 0)
        return bf_fail_in(BF_ERR_FORMAT, "no image could be read");
    return BF_OK;
}

static bf_status copy_class_names(bf_dataset *d, const bf_images *images)
{
    const char *const *names = bf_images_class_names(images);
    d->classes = bf_images_classes(images);
    if (!names || d->classes == 0) return BF_OK;
    return bf_class_names_copy(&d->class_names, names, d->classes);
}

static bf_status allocate(extraction *e)
{
    size_t values;
    e->floats = e->b->ops->input_floats(e->b->self);
    if (!bf_mul_size(e->b->batch, e->floats * sizeof *e->input, &values))
        return bf_fail(BF_ERR_MEMORY, "batch %u is too large", e->b->batch);
    e->slots = bf_alloc_zero(e->b->batch * sizeof *e->slots);
    e->input = bf_alloc(values);
    return e->slots && e->input ? BF_OK : BF_ERR_MEMORY;
}

bf_status bf_extract(bf_dataset *out, bf_backbone *b, bf_images *images,
                     bool strict, size_t *skipped, bf_skip_report report,
                     bf_env *env)
{
    BF_UNDER(env);
    extraction e = {.b = b,
                    .images = images,
                    .strict = strict,
                    .report = report};
    bf_status status = allocate(&e);
    count_classes(&e);
    if (status == BF_OK) status = run_all(&e);
    if (status == BF_OK) status = copy_class_names(&e.data, images);
    bf_free(e.slots);
    bf_free(e.input);
    bf_free(e.output);
    *skipped = e.skipped;
    if (status != BF_OK) {
        bf_dataset_clear(&e.data);
        return status;
    }
    *out = e.data;
    return BF_OK;
}
