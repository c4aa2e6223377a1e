/* Names in a folder of images. */
#ifndef BF_FEATURES_FOLDER_NAMES_H
#define BF_FEATURES_FOLDER_NAMES_H

#include <stdbool.h>

/* As strcmp, bytewise in any locale, except that runs of digits compare as
 * numbers: "2" before "10", "img_9.png" before "img_10.png". Only identical
 * names compare equal. */
int bf_folder_order(const char *a, const char *b);

/* True for names of folders that file systems, network storage, archivers and
 * interpreters create; such a folder is no class. */
bool bf_folder_is_systems(const char *name);

#endif
