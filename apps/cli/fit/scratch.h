/* A private folder for the files of one run, removed at the end. */
#ifndef BF_CLI_SCRATCH_H
#define BF_CLI_SCRATCH_H

#include "cli.h"

/* Makes the folder, mode 0700, in `parent` (NULL: $TMPDIR or /tmp). One at a
 * time. First removes folders that killed runs of this user left in `parent`.
 * cli_scratch_remove, or a second Ctrl-C, removes the folder. */
BF_MUST_CHECK bf_status cli_scratch_make(const char *parent);
/* Path of a file in the folder; valid until removal. At most 9 different names.
 */
const char *cli_scratch_file(const char *name);
void cli_scratch_remove(void);

#endif
