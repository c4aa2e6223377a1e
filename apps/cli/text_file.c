#include <string.h>

#include "cli.h"

bf_status cli_write_text(const char *path, const char *text, unsigned mode)
{
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, path, mode));
    bf_status s = bf_outfile_write(f, text, strlen(text));
    if (s == BF_OK) return bf_outfile_commit(f);
    bf_outfile_abort(f);
    return s;
}
