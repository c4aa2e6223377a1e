/* The owner's program: "send" before the server's run, "receive" after it.
 * Files in public/ travel to the server and back; files in private/ never
 * leave. run.sh runs both programs. */
#include <blindfit/features.h>
#include <blindfit/owner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void ok(bf_status status)
{
    if (status == BF_OK) return;
    fprintf(stderr, "owner: %s\n", bf_last_error());
    exit(1);
}

static void send(const bf_dataset *data)
{
    bf_job *job;
    bf_owner *owner;
    bf_prepared rows;
    const bf_view x = bf_view_of(&data->x);
    ok(bf_job_plan_for(&job, NULL, data, NULL, NULL));
    ok(bf_job_write(job, "public/job.json"));
    ok(bf_owner_create(&owner, job, NULL));
    ok(bf_owner_save(owner, "private/secret.key", "public/eval.keys", NULL));
    ok(bf_prepare(&rows, job, &x, NULL, NULL));
    ok(bf_owner_encrypt(
        owner, &rows, data->labels,
        &(bf_encrypt_options){.upload = "public/upload.bf",
                              .transform = "private/transform.bf"},
        NULL));
    printf("owner: %zu rows of %zu features are encrypted\n", data->x.rows,
           data->x.cols);
    bf_prepared_clear(&rows);
    bf_owner_destroy(owner);
    bf_job_destroy(job);
}

static void receive(const bf_dataset *data)
{
    bf_job *job;
    bf_owner *owner;
    bf_model model;
    bf_metrics metrics;
    ok(bf_job_read(&job, "public/job.json"));
    ok(bf_owner_open(&owner, job, "private/secret.key", NULL));
    ok(bf_owner_decrypt(&model, owner, "public/model.enc",
                        "private/transform.bf", 0, NULL));
    ok(bf_model_save(&model, "private/model.npy"));
    ok(bf_model_evaluate(&metrics, &model, data, false));
    printf("owner: the model is right on %.0f of %zu rows\n",
           metrics.accuracy * (double)data->x.rows, data->x.rows);
    bf_metrics_clear(&metrics);
    bf_model_clear(&model);
    bf_owner_destroy(owner);
    bf_job_destroy(job);
}

int main(int argc, char **argv)
{
    bf_dataset data;
    bool sends = argc == 3 && strcmp(argv[1], "send") == 0;
    if (!sends && (argc != 3 || strcmp(argv[1], "receive") != 0)) {
        fprintf(stderr, "usage: %s send|receive ROWS.csv\n", argv[0]);
        return 2;
    }
    ok(bf_dataset_load(&data, argv[2], NULL, (bf_rows){0, 0}, NULL));
    if (sends)
        send(&data);
    else
        receive(&data);
    bf_dataset_clear(&data);
    return 0;
}
