/* A training job in one process: a model that was trained on ciphertexts
 * classifies three kinds of points.
 *
 * The two sides exchange files: the owner writes keys and an upload, the server
 * reads both and writes an encrypted model. */
#include <blindfit/owner.h>
#include <blindfit/server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 90, FEATURES = 4, KINDS = 3 };

static char folder[] = "/tmp/blindfit-example-XXXXXX";

static void ok(bf_status status)
{
    if (status == BF_OK) return;
    fprintf(stderr, "%s\n", bf_last_error());
    exit(1);
}

/* A path in the folder, kept until the end. */
static char *in_folder(const char *name)
{
    char *path = malloc(sizeof folder + 32);
    if (!path) exit(1);
    snprintf(path, sizeof folder + 32, "%s/%.30s", folder, name);
    return path;
}

/* Points of kind c are near 2 in coordinate c and near 1 in the others. */
static void make_points(float x[ROWS][FEATURES], int32_t kind[ROWS])
{
    uint32_t state = 1;
    for (int i = 0; i < ROWS; i++) {
        kind[i] = i % KINDS;
        for (int j = 0; j < FEATURES; j++) {
            state = state * 1664525 + 1013904223;
            x[i][j] = (float)(state >> 8) / (1 << 24) + 0.5f +
                      (j == kind[i] ? 1.0f : 0.0f);
        }
    }
}

/* The server's part: the server has paths of public files, and no secret. */
static void serve(const char *job, const char *keys, const char *upload,
                  const char *model)
{
    bf_serve_report report;
    ok(bf_serve_train(&report,
                      &(bf_serve_options){.job = job,
                                          .keys = &keys,
                                          .key_count = 1,
                                          .uploads = &upload,
                                          .upload_count = 1,
                                          .model = model},
                      NULL));
    printf("trained on %zu encrypted rows\n", report.job.shape.rows);
}

static void judge(const bf_model *model, float x[ROWS][FEATURES],
                  int32_t kind[ROWS])
{
    bf_dataset rows = {.labels = kind, .classes = KINDS};
    bf_view view = {x, ROWS, FEATURES, FEATURES, BF_FLOAT32};
    bf_metrics m;
    ok(bf_matrix_from(&rows.x, &view));
    ok(bf_model_evaluate(&m, model, &rows, false));
    printf("%.0f of %d points are told apart\n", m.accuracy * ROWS, ROWS);
    bf_metrics_clear(&m);
    bf_matrix_clear(&rows.x);
}

int main(void)
{
    static float x[ROWS][FEATURES];
    static int32_t kind[ROWS];
    const bf_view view = {x, ROWS, FEATURES, FEATURES, BF_FLOAT32};
    bf_recipe recipe;
    bf_job *job;
    bf_job_figures figures;
    bf_owner *owner;
    bf_prepared rows;
    bf_model model;
    if (!mkdtemp(folder)) return 1;
    char *job_file = in_folder("job.json"), *keys = in_folder("eval.keys"),
         *upload = in_folder("upload.bf"), *trained = in_folder("model.enc"),
         *transform = in_folder("transform.bf");
    make_points(x, kind);

    /* The plan depends on shapes alone. */
    ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, ROWS, FEATURES));
    ok(bf_job_plan(&job, &recipe, ROWS, FEATURES, KINDS, NULL, NULL));
    ok(bf_job_write(job, job_file));
    ok(bf_job_figures_of(&figures, job, NULL));
    printf("ring degree %zu, at least 128 bits of security: %s\n",
           figures.ring_degree, figures.security_bits >= 128 ? "yes" : "no");

    /* The owner's part: a key, which stays in memory here, and an upload. */
    ok(bf_owner_create(&owner, job, NULL));
    ok(bf_owner_save(owner, NULL, keys, NULL));
    ok(bf_prepare(&rows, job, &view, NULL, NULL));
    ok(bf_owner_encrypt(
        owner, &rows, kind,
        &(bf_encrypt_options){.upload = upload, .transform = transform}, NULL));

    serve(job_file, keys, upload, trained);

    ok(bf_owner_decrypt(&model, owner, trained, transform, 0, NULL));
    judge(&model, x, kind);

    bf_model_clear(&model);
    bf_prepared_clear(&rows);
    bf_owner_destroy(owner);
    bf_job_destroy(job);
    char *files[] = {job_file, keys, upload, trained, transform};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        unlink(files[i]);
        free(files[i]);
    }
    rmdir(folder);
    return 0;
}
