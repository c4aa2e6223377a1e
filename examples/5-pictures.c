/* Features from pictures: handwritten digits through the scattering network,
 * which needs no weights. The other examples encrypt such features.
 *
 *   5-pictures [IMAGES LABELS]   IDX files, a folder of pictures, CIFAR, .npy
 */
#include <blindfit/features.h>
#include <stdio.h>
#include <stdlib.h>

static void ok(bf_status status)
{
    if (status == BF_OK) return;
    fprintf(stderr, "%s\n", bf_last_error());
    exit(1);
}

static void tell_skipped(void *user, size_t image, const char *why)
{
    (void)user;
    fprintf(stderr, "picture %zu: %s\n", image, why);
}

int main(int argc, char **argv)
{
    const char *path = "data/digits-train-images.idx.gz";
    const char *labels = "data/digits-train-labels.idx.gz";
    bf_images *images;
    bf_backbone *scattering;
    bf_dataset data;
    bf_model model = {.map = BF_MAP_SQRT};
    bf_metrics metrics;
    size_t skipped;
    if (argc == 3) {
        path = argv[1];
        labels = argv[2];
    }

    ok(bf_images_open(&images, path, labels, false));
    ok(bf_backbone_create(&scattering,
                          &(bf_backbone_options){.name = "scattering"}));
    ok(bf_extract(&data, scattering, images, false, &skipped,
                  (bf_skip_report){.fn = tell_skipped}, NULL));
    printf("%zu pictures of %u classes, %zu features each\n", data.x.rows,
           data.classes, data.x.cols);

    /* The accuracy that the features allow, in plaintext. */
    ok(bf_softmax_fit(&model.weights, &data.x, data.labels, data.classes,
                      model.map, BF_SOFTMAX_L2, NULL));
    ok(bf_model_evaluate(&metrics, &model, &data, false));
    printf("logistic regression fits %.0f %% of them\n",
           100 * metrics.accuracy);

    bf_metrics_clear(&metrics);
    bf_model_clear(&model);
    bf_dataset_clear(&data);
    bf_backbone_destroy(scattering);
    bf_images_close(images);
    return 0;
}
