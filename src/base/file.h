/* Files: whole-file reads, and writes that appear complete or not at all. */
#ifndef BF_BASE_FILE_H
#define BF_BASE_FILE_H

#include "base/status.h"
#include "blindfit/files.h"

/* The path at the end of a chain of symbolic links, whether or not a file
 * exists there; or, on the way, a link of /proc to an open file. NULL with
 * errno when the chain is too long or memory is out. Free with free(). */
char *bf_follow_links(const char *path);

/* Renames a file, and flushes the target folder. */
BF_MUST_CHECK bf_status bf_move_file(const char *from, const char *to);

/* Fault loops in tests: after `successes` more system calls of bf_outfile and
 * bf_move_file (open, write, fsync, close, rename), all fail with `err`; -1
 * ends the loop. err 0: the first call kills this process as kill -9 does. */
void bf_outfile_fail_for_tests(long successes, int err);

#endif
