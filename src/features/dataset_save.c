/* Writes features, labels and class names as files that change together. */
#include "features/class_names.h"
#include "features/npy.h"

static bf_status write(bf_outfile *const f[2], const bf_dataset *d,
                       bool float32)
{
    BF_TRY(bf_npy_write_to(f[0], &d->x, float32));
    return f[1] ? bf_npy_write_labels_to(f[1], d->labels, d->x.rows) : BF_OK;
}

/* Features and labels change together, so that labels never lie beside other
 * features. */
bf_status bf_dataset_save_npy(const bf_dataset *d, const char *path,
                              const char *labels_path, bool float32)
{
    bf_outfile *f[2] = {NULL};
    if (labels_path) {
        char names[PATH_MAX];
        if (!d->labels)
            return bf_fail(BF_ERR_ARGUMENT, "%s: no labels", labels_path);
        BF_TRY(bf_sidecar_path(names, labels_path));
        const char *const others[] = {labels_path, names};
        BF_TRY(bf_outfile_check(path, others, 2));
    }
    bf_status s = bf_outfile_open(&f[0], path, 0644);
    if (s == BF_OK && labels_path)
        s = bf_outfile_open(&f[1], labels_path, 0644);
    if (s == BF_OK) s = write(f, d, float32);
    if (s == BF_OK)
        return labels_path ? bf_class_names_commit(f, 2, labels_path, d, true)
                           : bf_outfile_commit(f[0]);
    bf_outfile_abort(f[0]);
    bf_outfile_abort(f[1]);
    return s;
}
