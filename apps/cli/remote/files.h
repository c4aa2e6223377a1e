/* The files of a job that go to a server. */
#ifndef BF_REMOTE_FILES_H
#define BF_REMOTE_FILES_H

#include "remote/folder.h"

typedef struct remote_file {
    char name[32]; /* at the server */
    char path[PATH_MAX];
    uint64_t bytes;
    bool small; /* text, sent by one request */
    uint8_t digest[BF_FILE_ID_BYTES]; /* of others */
} remote_file;

#define REMOTE_FILES_MAX (BF_UPLOAD_PARTS_MAX + 4)
typedef struct remote_files {
    remote_file *at;
    size_t count;
    uint64_t bytes; /* of all */
} remote_files;

/* Finds and verifies them, job.json first. Fails for a job that could not run
 * with them: without a file that it takes, with one of another kind or job, or
 * with files that belong to different keys. */
BF_MUST_CHECK bf_status remote_files_find(remote_files *out,
                                          const char *folder);
void remote_files_clear(remote_files *f);

#endif
