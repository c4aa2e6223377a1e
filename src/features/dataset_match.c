/* Gives the same class the same number: renumbers the labels of one file by the
 * class names of another. */
#include "base/memory.h"
#include "features/class_names.h"

/* Without names, the numbers of classes must match. */
static bf_status check_numbers(const bf_dataset *d, unsigned classes)
{
    for (size_t i = 0; i < d->x.rows; i++)
        if (d->labels[i] < 0 || (unsigned)d->labels[i] >= classes)
            return bf_fail(BF_ERR_MISMATCH,
                           "row %zu has label %d, expected are 0 to %u", i + 1,
                           d->labels[i], classes - 1);
    return BF_OK;
}

static bf_status check_rows(const bf_dataset *d, const int32_t *map,
                            const char *const *names, unsigned classes)
{
    char known[256];
    for (size_t i = 0; i < d->x.rows; i++)
        if (map[d->labels[i]] < 0)
            return bf_fail(
                BF_ERR_MISMATCH,
                "row %zu is of class '%s', which is none of the "
                "expected: %s",
                i + 1, d->class_names[d->labels[i]],
                bf_class_names_text(names, classes, known, sizeof known));
    return BF_OK;
}

static bf_status match_names(bf_dataset *d, const char *const *names,
                             unsigned classes)
{
    int32_t map[BF_CLASSES_MAX];
    char **copy;
    BF_TRY(bf_class_names_check(names, classes, "class names"));
    BF_TRY(bf_class_names_check((const char *const *)d->class_names, d->classes,
                                "class names"));
    BF_TRY(check_numbers(d, d->classes));
    BF_TRY(bf_class_names_map(map, (const char *const *)d->class_names,
                              d->classes, names, classes));
    BF_TRY(check_rows(d, map, names, classes));
    BF_TRY(bf_class_names_copy(&copy, names, classes));
    for (size_t i = 0; i < d->x.rows; i++) d->labels[i] = map[d->labels[i]];
    bf_class_names_free(d->class_names, d->classes);
    d->class_names = copy;
    d->classes = classes;
    return BF_OK;
}

bf_status bf_dataset_match(bf_dataset *d, const char *const *names,
                           unsigned classes)
{
    if (!d->labels)
        return bf_fail(BF_ERR_ARGUMENT, "the data set has no labels");
    if (d->class_names && names) return match_names(d, names, classes);
    if (d->class_names && d->classes != classes)
        return bf_fail(BF_ERR_MISMATCH,
                       "names of %u classes, and %u without names that they "
                       "could be compared with",
                       d->classes, classes);
    BF_TRY(check_numbers(d, classes));
    d->classes = classes;
    return BF_OK;
}
