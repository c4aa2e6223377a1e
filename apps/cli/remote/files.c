#include "remote/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SMALL_MAX ((uint64_t)1 << 20)

void remote_files_clear(remote_files *f)
{
    free(f->at);
    *f = (remote_files){0};
}

/* Adds FOLDER/PLACE as NAME; *there: whether it exists. */
static bf_status add(remote_files *f, bool *there, const char *folder,
                     const char *place, const char *name, bool small)
{
    struct stat st;
    remote_file *file = &f->at[f->count];
    *file = (remote_file){.small = small};
    snprintf(file->name, sizeof file->name, "%s", name);
    BF_TRY(remote_path(file->path, folder, place));
    *there = stat(file->path, &st) == 0;
    if (!*there && errno == ENOENT) return BF_OK;
    if (!*there) return bf_fail_errno(errno, "%s", file->path);
    if (!S_ISREG(st.st_mode))
        return bf_fail(BF_ERR_ARGUMENT, "%s: is no regular file", file->path);
    file->bytes = (uint64_t)st.st_size;
    if (small && file->bytes > SMALL_MAX)
        return bf_fail(BF_ERR_FORMAT, "%s: is too long for what it is called",
                       file->path);
    f->bytes += file->bytes;
    f->count++;
    return BF_OK;
}

static bf_status add_parts(remote_files *f, const char *folder)
{
    char name[24];
    bool there = true;
    for (unsigned i = 0; there && i < BF_UPLOAD_PARTS_MAX; i++) {
        snprintf(name, sizeof name, "upload.bf.%u", i);
        BF_TRY(add(f, &there, folder, name, name, false));
    }
    return BF_OK;
}

static bf_status add_all(remote_files *f, const char *folder)
{
    bool there;
    BF_TRY(add(f, &there, folder, "job.json", "job.json", true));
    if (!there)
        return bf_fail(BF_ERR_IO, "%s/job.json: there is none; blindfit plan "
                       "-o writes it", folder);
    BF_TRY(add(f, &there, folder, "uses", "uses", true));
    BF_TRY(add(f, &there, folder, "eval.keys", "eval.keys", false));
    if (!there)
        BF_TRY(add(f, &there, folder, "keys/eval.keys", "eval.keys", false));
    BF_TRY(add(f, &there, folder, "labels.bf", "labels.bf", false));
    BF_TRY(add(f, &there, folder, "upload.bf", "upload.bf", false));
    return there ? BF_OK : add_parts(f, folder);
}

static bf_status check_type(const remote_file *file, const bf_file_info *info)
{
    bool keys = strcmp(file->name, "eval.keys") == 0;
    if (info->secret)
        return bf_fail(BF_ERR_SECURITY, "%s: is a secret key, which no server "
                       "may have", file->path);
    if (info->type == BF_FILE_CIPHERTEXTS &&
        (keys ? info->keys : info->ciphertexts) > 0)
        return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: is not what its name says, but: %s",
                   file->path, info->name);
}

/* A key under the name of a text is not sent. */
static bf_status check_text(const remote_file *file)
{
    bf_job *job;
    uint8_t *text;
    size_t bytes;
    if (strcmp(file->name, "job.json") == 0) {
        BF_TRY(bf_job_read(&job, file->path));
        bf_job_destroy(job);
        return BF_OK;
    }
    BF_TRY(bf_read_file(file->path, SMALL_MAX, &text, &bytes));
    text[strcspn((char *)text, "\r\n")] = 0;
    bool named = spool_job_valid((const char *)text);
    bf_free(text);
    if (named) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: its line is no name of a job",
                   file->path);
}

/* Reads all files, so that a damaged one is found before hours of sending. */
static bf_status verify(remote_files *f)
{
    const remote_file *first = NULL;
    uint8_t key[BF_FILE_KEY_BYTES] = {0};
    for (size_t i = 0; i < f->count; i++) {
        remote_file *file = &f->at[i];
        bf_file_info info;
        if (file->small) {
            BF_TRY(check_text(file));
            continue;
        }
        BF_TRY(bf_file_inspect(&info, file->path, &cli_env));
        BF_TRY(check_type(file, &info));
        memcpy(file->digest, info.digest, sizeof file->digest);
        if (first && memcmp(key, info.key, sizeof key) != 0)
            return bf_fail(BF_ERR_MISMATCH, "%s: belongs to another key than "
                           "%s", file->path, first->path);
        memcpy(key, info.key, sizeof key);
        first = file;
    }
    return BF_OK;
}

bf_status remote_files_find(remote_files *out, const char *folder)
{
    *out = (remote_files){.at = calloc(REMOTE_FILES_MAX + 1, sizeof *out->at)};
    if (!out->at) return bf_fail(BF_ERR_MEMORY, "no memory for names");
    bf_status s = add_all(out, folder);
    if (s == BF_OK) s = verify(out);
    if (s == BF_OK && out->count < 2)
        s = bf_fail(BF_ERR_IO, "%s: has neither upload.bf nor labels.bf",
                    folder);
    if (s != BF_OK) remote_files_clear(out);
    return s;
}
