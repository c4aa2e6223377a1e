#include <sodium.h>
#include <string.h>

#include "remote/fit.h"

typedef struct places {
    char job[PATH_MAX], again[PATH_MAX], data[PATH_MAX], secret[PATH_MAX],
        keys[PATH_MAX], upload[PATH_MAX], transform[PATH_MAX];
} places;

static bf_status find_places(places *p, const char *folder)
{
    BF_TRY(remote_path(p->job, folder, "job.json"));
    BF_TRY(remote_path(p->again, folder, "job.json.again"));
    BF_TRY(remote_path(p->data, folder, "data.blake2b"));
    BF_TRY(remote_path(p->secret, folder, "secret.key"));
    BF_TRY(remote_path(p->keys, folder, "eval.keys"));
    BF_TRY(remote_path(p->upload, folder, "upload.bf"));
    return remote_path(p->transform, folder, "transform.bf");
}

/* ---- job.json ------------------------------------------------------------ */

static bf_status same_files(bool *same, const char *a, const char *b)
{
    uint8_t *at, *bt = NULL;
    size_t an, bn = 0;
    BF_TRY(bf_read_file(a, (size_t)1 << 20, &at, &an));
    bf_status s = bf_read_file(b, (size_t)1 << 20, &bt, &bn);
    if (s == BF_OK) *same = an == bn && memcmp(at, bt, an) == 0;
    bf_free(at);
    bf_free(bt);
    return s;
}

/* The digest of rows, labels and names of classes, as a line. */
static void digest(char line[2 * crypto_generichash_BYTES + 1],
                   const bf_dataset *d)
{
    uint8_t bytes[crypto_generichash_BYTES];
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, sizeof bytes);
    crypto_generichash_update(&h, (const uint8_t *)d->x.data,
                              d->x.rows * d->x.cols * sizeof *d->x.data);
    crypto_generichash_update(&h, (const uint8_t *)d->labels,
                              d->x.rows * sizeof *d->labels);
    for (unsigned c = 0; d->class_names && c < d->classes; c++)
        crypto_generichash_update(&h, (const uint8_t *)d->class_names[c],
                                  strlen(d->class_names[c]) + 1);
    crypto_generichash_final(&h, bytes, sizeof bytes);
    sodium_bin2hex(line, 2 * sizeof bytes + 1, bytes, sizeof bytes);
}

static bf_status write_digest(const char *path, const bf_dataset *d)
{
    char line[2 * crypto_generichash_BYTES + 1];
    digest(line, d);
    return cli_write_text(path, line, 0600);
}

static bf_status same_data(bool *same, const char *path, const bf_dataset *d)
{
    char line[2 * crypto_generichash_BYTES + 1];
    uint8_t *text;
    size_t bytes;
    *same = false;
    if (!remote_exists(path)) return BF_OK;
    BF_TRY(bf_read_file(path, (size_t)1 << 20, &text, &bytes));
    digest(line, d);
    *same = bytes == strlen(line) && memcmp(text, line, bytes) == 0;
    bf_free(text);
    return BF_OK;
}

static bf_status same_job(bool *same, const remote_fit *f, const places *p)
{
    BF_TRY(bf_job_write(f->job, p->again));
    bf_status s = same_files(same, p->again, p->job);
    bf_status removed = bf_remove_tree(p->again);
    return s == BF_OK ? removed : s;
}

/* A plan follows from shapes and options, so that planning once more shows,
 * with the digest, whether this call is for the same job. */
static bf_status check_again(const remote_fit *f, const places *p)
{
    bool same = false;
    BF_TRY(same_data(&same, p->data, &f->train));
    if (same) BF_TRY(same_job(&same, f, p));
    if (same) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: is a job for other rows or labels, other options or "
                   "another version of blindfit; use another folder", p->job);
}

static bf_status plan(remote_fit *f, const places *p)
{
    BF_TRY(cli_plan_job(&f->job, &(cli_shape){.rows = f->train.x.rows,
                                              .features = f->train.x.cols,
                                              .classes = f->train.classes}));
    if (remote_exists(p->job)) return check_again(f, p);
    BF_TRY(write_digest(p->data, &f->train));
    return bf_job_write(f->job, p->job);
}

/* ---- keys and upload ----------------------------------------------------- */

static bf_status lost(const char *what, const char *without)
{
    return bf_fail(BF_ERR_IO, "%s: is there without %s, which nothing can "
                   "replace; use another folder", what, without);
}

static bf_status make_keys(remote_fit *f, const places *p)
{
    if (!remote_exists(p->secret)) {
        if (remote_exists(p->upload)) return lost(p->upload, p->secret);
        /* Of a run that was killed between the two files. */
        BF_TRY(bf_remove_tree(p->keys));
        BF_TRY(bf_owner_create(&f->owner, f->job, &cli_env));
        return bf_owner_save(f->owner, p->secret, p->keys, &cli_env);
    }
    BF_TRY(bf_owner_open(&f->owner, f->job, p->secret, &cli_env));
    if (remote_exists(p->keys)) return BF_OK;
    return bf_owner_save(f->owner, NULL, p->keys, &cli_env);
}

static bf_status encrypt(const remote_fit *f, const places *p)
{
    const bf_encrypt_options o = {
        .upload = p->upload,
        .transform = p->transform,
        .class_names = (const char *const *)f->train.class_names};
    bf_prepared prepared = {0};
    bf_view x = bf_view_of(&f->train.x);
    bf_status s = bf_prepare(&prepared, f->job, &x, NULL, &cli_env);
    if (s == BF_OK) {
        cli_warn_dropped(prepared.transform);
        s = cli_check_mapped(prepared.transform, &f->test);
    }
    if (s == BF_OK)
        s = bf_owner_encrypt(f->owner, &prepared, f->train.labels, &o,
                             &cli_env);
    bf_prepared_clear(&prepared);
    return s;
}

static bf_status make_upload(const remote_fit *f, const places *p)
{
    if (remote_exists(p->upload) && remote_exists(p->transform)) return BF_OK;
    if (f->folder.name) /* the server may have the upload */
        return lost(p->job, remote_exists(p->upload) ? p->transform
                                                     : p->upload);
    /* Of a run that was killed between the two files. */
    BF_TRY(bf_remove_tree(p->upload));
    BF_TRY(bf_remove_tree(p->transform));
    return encrypt(f, p);
}

bf_status remote_fit_prepare(remote_fit *f)
{
    places p;
    BF_TRY(find_places(&p, f->folder.path));
    BF_TRY(plan(f, &p));
    BF_TRY(make_keys(f, &p));
    return make_upload(f, &p);
}
