/* Locks between processes of one machine, by flock: they end with the process
 * that holds them, however it ends. On file systems that cannot lock, and where
 * the file cannot be opened, runs do without. */
#ifndef BF_BASE_LOCK_H
#define BF_BASE_LOCK_H

#include <stdbool.h>

/* Locks what lies at `path`, a folder or a file that stays where it is. False
 * when another holds it; with `wait`, only after it was let go. *lock is given
 * to bf_lock_drop, whatever comes back. */
bool bf_lock_take(int *lock, const char *path, bool wait);
/* The same for a file that is made for nothing else, without waiting. */
bool bf_lock_make(int *lock, const char *path);
/* made: the path of a file that bf_lock_make locked, to remove it; or NULL. */
void bf_lock_drop(int lock, const char *made);

#endif
