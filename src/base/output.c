/* Output files, checked before the work. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Whether the paths, which are no links, have the same name in the same folder.
 */
static bool same_entry(const char *a, const char *b)
{
    char folder[2][PATH_MAX];
    const char *const path[2] = {a, b};
    struct stat st[2];
    if (strcmp(last_part(a), last_part(b)) != 0) return false;
    for (int i = 0; i < 2; i++) {
        size_t n = (size_t)(last_part(path[i]) - path[i]);
        if (n >= sizeof folder[i]) return false;
        memcpy(folder[i], path[i], n);
        folder[i][n] = 0;
        if (stat(n ? folder[i] : ".", &st[i]) != 0) return false;
    }
    return st[0].st_dev == st[1].st_dev && st[0].st_ino == st[1].st_ino;
}

/* Whether two files that do not exist yet would be one. */
static bool same_place(const char *a, const char *b)
{
    char *x = bf_follow_links(a), *y = bf_follow_links(b);
    bool same = x && y && same_entry(x, y);
    free(x);
    free(y);
    return same;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (strcmp(a, b) == 0) return true;
    bool is_a = stat(a, &x) == 0, is_b = stat(b, &y) == 0;
    if (!is_a && !is_b) return same_place(a, b);
    return is_a && is_b && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
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

bf_status bf_outfile_check(const char *path, const char *const *others,
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
