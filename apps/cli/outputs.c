/* Output files, checked before the work. */
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (strcmp(a, b) == 0) return true;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Pipes and devices must be opened only once. */
static bf_status probe(const char *path)
{
    struct stat st;
    bf_outfile *f;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return BF_OK;
    BF_TRY(bf_outfile_open(&f, path, 0644));
    bf_outfile_abort(f);
    return BF_OK;
}

bf_status cli_check_output(const char *path, const char *const *others,
                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (others[i] && same_file(path, others[i]))
            return bf_fail(BF_ERR_ARGUMENT,
                           "%s: to be written, but this run needs it for "
                           "something else",
                           path);
    return probe(path);
}
