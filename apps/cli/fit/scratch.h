/* A private folder for the files of one run, gone afterwards. */
#ifndef BF_CLI_SCRATCH_H
#define BF_CLI_SCRATCH_H

#include "cli.h"

/* Makes the folder, 0700, in `parent` (NULL: $TMPDIR or /tmp). One at a time.
 * Folders there that runs of this user left when they were killed go first.
 * It is removed by cli_scratch_remove, and after a second Ctrl-C. */
BF_MUST_CHECK bf_status cli_scratch_make(const char *parent);
/* Path of a file in it; kept until removal. At most 9 different names. */
const char *cli_scratch_file(const char *name);
void cli_scratch_remove(void);

#endif
