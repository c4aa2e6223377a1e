#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct extract_args {
    bf_backbone_options backbone;
    const char *images, *labels, *classes, *features, *labels_out, *normalize;
    bf_rows rows;
    size_t first, batch;
    bool strict, float32;
} extract_args;

static bf_status select_rows(bf_images **images, const extract_args *a)
{
    size_t count = bf_images_count(*images);
    bf_rows rows = a->rows;
    if (a->first) rows = (bf_rows){0, a->first < count ? a->first : count};
    return bf_images_select(images, rows);
}

/* ---- extraction ---------------------------------------------------------- */

typedef struct outcome {
    bf_dataset data;
    size_t images, skipped;
    double seconds;
} outcome;

static void note_skip(void *user, size_t image, const char *why)
{
    (void)user;
    (void)image;
    cli_note("%s: skipped %s", cli_program(), why);
}

/* Checks before the work. */
static bf_status check_labels(const bf_images *images, const extract_args *a)
{
    if (!a->labels_out || bf_images_classes(images) > 0) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: has no labels to write", a->images);
}

static bf_status open_images(bf_images **out, const extract_args *a)
{
    char **names;
    size_t count;
    if (!a->classes)
        return bf_images_open(out, a->images, a->labels, a->strict);
    BF_TRY(bf_class_names_load(&names, &count, a->classes));
    bf_status s = bf_images_open_as(out, a->images, a->labels, a->strict,
                                    (const char *const *)names, count);
    bf_class_names_free(names, count);
    return s;
}

static bf_status extract(outcome *out, const extract_args *a)
{
    bf_backbone *b;
    bf_images *images = NULL;
    BF_TRY(bf_backbone_create(&b, &a->backbone));
    bf_status s = open_images(&images, a);
    if (s == BF_OK) s = check_labels(images, a);
    if (s == BF_OK) s = select_rows(&images, a);
    if (s == BF_OK) {
        double start = cli_now();
        out->images = bf_images_count(images);
        s = bf_extract(&out->data, b, images, a->strict, &out->skipped,
                       (bf_skip_report){note_skip, NULL}, &cli_env);
        out->seconds = cli_now() - start;
    }
    bf_images_close(images);
    bf_backbone_destroy(b);
    return s;
}

/* Notes labels that no other file holds, or whose file has more rows than the
 * features. */
static void note_labels(const outcome *o, const extract_args *a)
{
    if (!o->data.labels || a->labels_out || (a->labels && !o->skipped)) return;
    cli_note("%s: the labels of %u classes are not written; --labels-out FILE "
             "writes them",
             cli_program(), o->data.classes);
}

static bf_status report(const outcome *o, const extract_args *a)
{
    double rate = (double)o->images / o->seconds;
    if (cli_common_options.json) {
        cJSON *j = cJSON_CreateObject();
        cJSON_AddStringToObject(j, "backbone", a->backbone.name);
        cJSON_AddNumberToObject(j, "images", (double)o->data.x.rows);
        cJSON_AddNumberToObject(j, "skipped", (double)o->skipped);
        cJSON_AddNumberToObject(j, "features", (double)o->data.x.cols);
        cJSON_AddNumberToObject(j, "classes", o->data.classes);
        cJSON_AddNumberToObject(j, "threads", bf_env_threads(NULL));
        cJSON_AddNumberToObject(j, "seconds", o->seconds);
        cJSON_AddNumberToObject(j, "images_per_second", rate);
        cJSON_AddNumberToObject(j, "peak_rss_bytes", (double)cli_peak_rss());
        cJSON_AddStringToObject(j, "output", a->features);
        return cli_json(j);
    }
    cli_row("features", "%s: %s images, %zu features each", a->features,
            bf_text_count((double)o->data.x.rows).s, o->data.x.cols);
    if (o->skipped) cli_row("skipped", "%zu images", o->skipped);
    cli_row("time", "%s, %.0f images a second", bf_text_time(o->seconds).s,
            rate);
    return BF_OK;
}

static bf_status check_output(const extract_args *a, const char *path,
                              const char *other)
{
    if (!bf_path_has_extension(path, ".npy"))
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: features and labels are written as .npy", path);
    return bf_outfile_check(path, CLI_FILES(a->images, a->labels, a->classes,
                                            a->backbone.weights, other));
}

static bf_status check(extract_args *a)
{
    BF_TRY(cli_need(a->features, "output"));
    BF_TRY(check_output(a, a->features, a->labels_out));
    if (a->labels_out) {
        BF_TRY(check_output(a, a->labels_out, NULL));
        BF_TRY(cli_check_class_names(
            a->labels_out, CLI_FILES(a->images, a->labels, a->classes,
                                     a->backbone.weights, a->features)));
    }
    if (a->first && a->rows.last + a->rows.first)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--first and --rows exclude each other");
    if (a->normalize) {
        if (strcmp(a->normalize, "imagenet") != 0)
            return bf_fail(BF_ERR_ARGUMENT, "--normalize: '%s' is not imagenet",
                           a->normalize);
        a->backbone.normalize_imagenet = true;
    }
    if (a->batch > 65536)
        return bf_fail(BF_ERR_ARGUMENT, "--batch: at most 65536");
    a->backbone.batch = (unsigned)a->batch;
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    extract_args a = {.backbone.name = "scattering"};
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"backbone", 'b', CLI_TEXT, &a.backbone.name, "NAME",
         "scattering (default) or regnet_x_400mf"},
        {"weights", 'w', CLI_TEXT, &a.backbone.weights, "FILE",
         "weights of the backbone, .safetensors"},
        {"labels", 'l', CLI_TEXT, &a.labels, "FILE",
         "labels of the images (IDX or .npy)"},
        {"classes", 'c', CLI_TEXT, &a.classes, "FILE",
         "number classes as in a training set: its labels, a model, or a .txt "
         "of names"},
        {"output", 'o', CLI_TEXT, &a.features, "FILE",
         "features to write, .npy"},
        {"labels-out", 0, CLI_TEXT, &a.labels_out, "FILE",
         "labels to write, .npy"},
        {"normalize", 0, CLI_TEXT, &a.normalize, "imagenet",
         "subtract ImageNet's mean, divide by its deviation"},
        {"rows", 0, CLI_ROWS, &a.rows, "A:B", "only images A to B, from 1"},
        {"first", 0, CLI_COUNT, &a.first, "N", "only the first N images"},
        {"batch", 0, CLI_COUNT, &a.batch, "B", "number of images in a batch"},
        {"float32", 0, CLI_FLAG, &a.float32, NULL,
         "write single precision"},
        {"strict", 0, CLI_FLAG, &a.strict, NULL,
         "stop at the first image that cannot be read"},
        {0},
    };
    outcome o = {0};
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    a.images = operands[0];
    BF_TRY(check(&a));
    BF_TRY(extract(&o, &a));
    bf_status s = bf_dataset_save_npy(&o.data, a.features, a.labels_out,
                                      a.float32);
    if (s == BF_OK) note_labels(&o, &a);
    if (s == BF_OK) s = report(&o, &a);
    bf_dataset_clear(&o.data);
    return s;
}

const cli_command cli_extract = {
    .name = "extract",
    .summary = "turn images into features",
    .synopsis = "IMAGES -o FEATURES.npy",
    .examples =
        "  # IDX files, plain or gz\n"
        "  blindfit extract images.idx.gz --labels labels.idx.gz \\\n"
        "      -o x.npy --labels-out y.npy\n"
        "  # a folder of images with one subfolder per class\n"
        "  blindfit extract photos/ --backbone regnet_x_400mf \\\n"
        "      --weights regnet_x_400mf.safetensors -o x.npy "
        "--labels-out y.npy\n"
        "  # test images, with the same classes\n"
        "  blindfit extract more/ --classes y.npy -o tx.npy "
        "--labels-out ty.npy\n",
    .run = run,
};
