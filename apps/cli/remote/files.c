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

static bool has(const remote_files *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->at[i].name, name) == 0) return true;
    return false;
}

static bf_status check_type(const remote_file *file, const bf_file_info *info)
{
    bool keys = strcmp(file->name, "eval.keys") == 0;
    if (info->secret)
        return bf_fail(BF_ERR_SECURITY, "%s: is a secret key, which no server "
                       "may have", file->path);
    if (info->type == BF_FILE_CIPHERTEXTS &&
        strcmp(info->name, keys ? "evaluation keys" : "upload") == 0)
        return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: is not what its name says, but: %s",
                   file->path, info->name);
}

/* A key under the name of a text is not sent. */
static bf_status check_uses(const remote_file *file)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(file->path, SMALL_MAX, &text, &bytes));
    text[strcspn((char *)text, "\r\n")] = 0;
    bool named = spool_job_valid((const char *)text);
    bf_free(text);
    if (named) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: its line is no name of a job",
                   file->path);
}

/* What the files are checked by, and found to hold. */
typedef struct content {
    bf_job *job;
    bool uses;
    const remote_file *first; /* of those that have a key */
    uint8_t key[BF_FILE_KEY_BYTES];
    uint64_t inputs; /* ciphertexts of this job's upload, or labels */
} content;

/* Of an upload or labels that the queue reads, as it reads either. Keys serve
 * other jobs of their rows, too. */
static bf_status add_inputs(content *c, const remote_file *file,
                            const bf_file_info *info)
{
    bool labels = strcmp(file->name, "labels.bf") == 0;
    if (strcmp(file->name, "eval.keys") == 0 || labels != c->uses) return BF_OK;
    if (memcmp(info->job, bf_job_id(c->job), sizeof info->job) != 0)
        return bf_fail(BF_ERR_MISMATCH, "%s: belongs to another job than "
                       "job.json, or has rows alone", file->path);
    c->inputs += info->ciphertexts;
    return BF_OK;
}

static bf_status check_file(content *c, remote_file *file)
{
    bf_file_info info;
    BF_TRY(bf_file_inspect(&info, file->path, &cli_env));
    BF_TRY(check_type(file, &info));
    memcpy(file->digest, info.digest, sizeof file->digest);
    if (c->first && memcmp(c->key, info.key, sizeof c->key) != 0)
        return bf_fail(BF_ERR_MISMATCH, "%s: belongs to another key than %s",
                       file->path, c->first->path);
    memcpy(c->key, info.key, sizeof c->key);
    c->first = file;
    return add_inputs(c, file, &info);
}

/* Whether they are those of docs/server.md, with which the job can run. */
static bf_status check_all(const content *c, const remote_files *f,
                           const char *folder)
{
    bool upload = has(f, "upload.bf") || has(f, "upload.bf.0");
    bool labels = has(f, "labels.bf");
    if (!upload && !labels)
        return bf_fail(BF_ERR_IO, "%s: has neither upload.bf nor labels.bf",
                       folder);
    if (c->uses ? !labels : !upload)
        return bf_fail(BF_ERR_IO, c->uses ? "%s: has 'uses', and no labels.bf"
                                          : "%s: has labels.bf, and no 'uses' "
                                            "that names the job of its rows",
                       folder);
    if (!c->uses && !has(f, "eval.keys"))
        return bf_fail(BF_ERR_IO, "%s/eval.keys: there is none; blindfit "
                       "keygen writes it", folder);
    size_t wanted = bf_upload_ciphertexts(c->job, c->uses ? BF_UPLOAD_LABELS
                                                          : BF_UPLOAD_ALL);
    /* All parts have the initial weights. */
    if (c->inputs == wanted || (c->inputs > wanted && has(f, "upload.bf.0")))
        return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "%s/%s: %llu ciphertexts, the job takes "
                   "%zu", folder, c->uses ? "labels.bf" : "upload.bf",
                   (unsigned long long)c->inputs, wanted);
}

/* Reads all files, so that a damaged one is found before hours of sending. */
static bf_status verify(remote_files *f, const char *folder)
{
    content c = {.uses = has(f, "uses")};
    BF_TRY(bf_job_read(&c.job, f->at[0].path));
    bf_status s = BF_OK;
    for (size_t i = 1; i < f->count && s == BF_OK; i++)
        s = f->at[i].small ? check_uses(&f->at[i]) : check_file(&c, &f->at[i]);
    if (s == BF_OK) s = check_all(&c, f, folder);
    bf_job_destroy(c.job);
    return s;
}

bf_status remote_files_find(remote_files *out, const char *folder)
{
    *out = (remote_files){.at = calloc(REMOTE_FILES_MAX + 1, sizeof *out->at)};
    if (!out->at) return bf_fail(BF_ERR_MEMORY, "no memory for names");
    bf_status s = add_all(out, folder);
    if (s == BF_OK) s = verify(out, folder);
    if (s != BF_OK) remote_files_clear(out);
    return s;
}
