/* A job's folder on the owner's machine, from which a command that was
 * interrupted continues: files of the job, under the names of a spool, and
 * remote.json, what has been done at the server. */
#ifndef BF_REMOTE_FOLDER_H
#define BF_REMOTE_FOLDER_H

#include <limits.h>

#include "remote/http.h"
#include "remote/opened.h"
#include "spool/names.h"

/* keygen, encrypt and party step lock the folder itself. */
#define REMOTE_LOCK ".remote.lock"

typedef struct remote_folder {
    const char *path;
    char *url;  /* of the server; NULL before the first push */
    char *name; /* of the job there */
    bool submitted;               /* as far as this machine knows */
    bool pulled;                  /* model.enc is here and whole */
    char etag[REMOTE_ETAG_BYTES]; /* of what model.enc.part is a part */
    int lock;
} remote_folder;

/* Locks the folder, which must exist, against other commands, and reads
 * remote.json if it is there. The path must outlive the object. */
BF_MUST_CHECK bf_status remote_folder_open(remote_folder *out,
                                           const char *path);
BF_MUST_CHECK bf_status remote_folder_save(const remote_folder *f);
void remote_folder_close(remote_folder *f);

/* Names server and job before the first push: `name`, or by default the
 * folder's. Later BF_ERR_ARGUMENT if either differs. */
BF_MUST_CHECK bf_status remote_folder_name(remote_folder *f, const char *url,
                                           const char *name);
/* BF_ERR_ARGUMENT unless the folder's job is at this server. */
BF_MUST_CHECK bf_status remote_folder_sent(const remote_folder *f,
                                           const char *url);

/* "FOLDER/NAME" */
BF_MUST_CHECK bf_status remote_path(char out[PATH_MAX], const char *folder,
                                    const char *name);
bool remote_exists(const char *path);

#endif
