/* Uploads by tus 1.0, a file after the other. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "remote/files.h"
#include "remote/transfer.h"

#define TUS "Tus-Resumable: 1.0.0"
#define OCTETS "Content-Type: application/offset+octet-stream"
/* For a quote, or a refusal, before anything large is sent. */
#define QUOTE_SECONDS 3.0

typedef struct push {
    remote_http *h;
    const remote_folder *f;
    remote_files files;
    uint64_t there;     /* bytes of files that are complete */
    uint64_t at;        /* of the file that is being sent */
    uint64_t *sent;     /* through the network */
    uint64_t this_time; /* of the request that runs */
} push;

static void moved(void *user, uint64_t bytes)
{
    push *p = user;
    p->this_time = bytes;
    cli_progress_bytes("sending", p->there + p->at + bytes, p->files.bytes);
}

/* ---- a file -------------------------------------------------------------- */

static void path_of(char out[192], const push *p, const char *name)
{
    snprintf(out, 192, "/v1/jobs/%s/files%s%s", p->f->name, *name ? "/" : "",
             name);
}

#define METADATA_BYTES 256
static void metadata(char out[METADATA_BYTES], const remote_file *file)
{
    char hex[2 * BF_FILE_ID_BYTES + 1], name[64], digest[128];
    const int variant = sodium_base64_VARIANT_ORIGINAL;
    sodium_bin2hex(hex, sizeof hex, file->digest, sizeof file->digest);
    sodium_bin2base64(name, sizeof name, (const uint8_t *)file->name,
                      strlen(file->name), variant);
    sodium_bin2base64(digest, sizeof digest, (const uint8_t *)hex, strlen(hex),
                      variant);
    snprintf(out, METADATA_BYTES, "filename %s,digest %s", name, digest);
}

/* Begins the upload anew. */
static bf_status create(push *p, const remote_file *file, const char *meta)
{
    char path[192], length[64], header[METADATA_BYTES + 32];
    remote_answer a = {0};
    path_of(path, p, "");
    snprintf(length, sizeof length, "Upload-Length: %llu",
             (unsigned long long)file->bytes);
    snprintf(header, sizeof header, "Upload-Metadata: %s", meta);
    const remote_request r = {
        .method = "POST", .path = path, .header = {TUS, length, header}};
    bf_status s = remote_http_ask(p->h, &r, &a, 0);
    remote_answer_clear(&a);
    return s;
}

/* How much of this file, and of no other, the server has. */
static bf_status find_offset(push *p, const remote_file *file)
{
    char path[192], meta[METADATA_BYTES];
    remote_answer a = {0};
    path_of(path, p, file->name);
    metadata(meta, file);
    const remote_request r = {.method = "HEAD", .path = path, .header = {TUS}};
    bf_status s = remote_http_ask(p->h, &r, &a, 404);
    bool same = a.code != 404 && strcmp(a.metadata, meta) == 0 &&
                a.upload_offset >= 0 &&
                (uint64_t)a.upload_offset <= file->bytes;
    p->at = same ? (uint64_t)a.upload_offset : 0;
    remote_answer_clear(&a);
    return s != BF_OK || same ? s : create(p, file, meta);
}

/* What is missing of the file; *again: it may be tried once more. */
static bf_status send_rest(push *p, const remote_file *file, int fd,
                           bool *again, double *retry_after)
{
    char path[192], offset[64];
    remote_answer a = {0};
    path_of(path, p, file->name);
    snprintf(offset, sizeof offset, "Upload-Offset: %llu",
             (unsigned long long)p->at);
    const remote_request r = {
        .method = "PATCH",
        .path = path,
        .header = {TUS, offset, OCTETS},
        .has_body = true,
        .file = fd,
        .offset = p->at,
        .bytes = file->bytes - p->at,
        .moved = moved,
        .user = p};
    p->this_time = 0;
    bf_status s = remote_http_once(p->h, &r, &a);
    *p->sent += p->this_time;
    /* Another offset than expected, or an upload that has expired: the next
     * look shows which. */
    *again = a.again || a.code == 409 || a.code == 404;
    *retry_after = a.retry_after;
    if (s == BF_OK && a.code >= 400) s = remote_http_refusal(p->h, &a);
    remote_answer_clear(&a);
    return s;
}

static bf_status send_file(push *p, const remote_file *file, int fd)
{
    remote_tries tries = {0};
    uint64_t before = 0;
    for (;;) {
        bool again;
        double retry_after;
        BF_TRY(find_offset(p, file));
        if (p->at == file->bytes) return BF_OK;
        if (p->at > before) tries = (remote_tries){0};
        before = p->at;
        bf_status s = send_rest(p, file, fd, &again, &retry_after);
        if (s == BF_OK) continue; /* and see that it is complete */
        if (!again) return s;
        BF_TRY(remote_again(p->h, &tries, s, retry_after));
    }
}

static bf_status put_small(push *p, const remote_file *file, int fd)
{
    char path[192];
    remote_answer a = {0};
    path_of(path, p, file->name);
    const remote_request r = {.method = "PUT",
                              .path = path,
                              .has_body = true,
                              .file = fd,
                              .bytes = file->bytes};
    bf_status s = remote_http_ask(p->h, &r, &a, 0);
    remote_answer_clear(&a);
    if (s == BF_OK) *p->sent += file->bytes;
    return s;
}

static bf_status send_one(push *p, const remote_file *file)
{
    p->at = 0;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bf_fail_errno(errno, "%s", file->path);
    bf_status s = file->small ? put_small(p, file, fd)
                              : send_file(p, file, fd);
    close(fd);
    if (s == BF_OK) p->there += file->bytes;
    return s;
}

/* ---- a job --------------------------------------------------------------- */

static void show_quote(const cJSON *status)
{
    const cJSON *quote = cJSON_GetObjectItemCaseSensitive(status, "quote");
    double seconds = remote_number(quote, "seconds");
    double memory = remote_number(quote, "memory_bytes");
    if (seconds >= 0 && memory > 0)
        cli_note("%s: the server takes about %s and %s of memory for this job",
                 cli_program(), bf_text_time(seconds).s,
                 bf_text_size(memory).s);
}

/* With job.json the queue says what the job takes, and why it would refuse it,
 * if so. It looks every second: until then a line may be an earlier job.json's.
 * A server without a queue at work says nothing. */
static bf_status await_quote(push *p)
{
    const char *name = p->f->name;
    for (double end = cli_now() + QUOTE_SECONDS;;) {
        cJSON *status;
        BF_TRY(remote_job_status(&status, p->h, name));
        const char *line = remote_text(status, "line");
        bool quoted = cJSON_GetObjectItemCaseSensitive(status, "quote");
        bool late = cli_now() > end, fine = quoted && !*line;
        bf_status s = BF_OK;
        if (fine)
            show_quote(status);
        else if (late && *line)
            s = bf_fail(BF_ERR_IO, "job '%s' at the server: %s", name, line);
        cJSON_Delete(status);
        if (late || fine) return s;
        BF_TRY(remote_sleep(1));
    }
}

static bf_status send_all(push *p)
{
    for (size_t i = 0; i < p->files.count; i++) {
        BF_TRY(send_one(p, &p->files.at[i]));
        if (i == 0) BF_TRY(await_quote(p));
    }
    return BF_OK;
}

/* *needed: false if the job is submitted, and has not failed. */
static bf_status look(push *p, bool known, bool *needed)
{
    cJSON *status;
    const char *name = p->f->name;
    BF_TRY(remote_job_status(&status, p->h, name));
    bool failed = remote_state_is(status, "failed") ||
                  remote_state_is(status, "refused");
    bool submitted = remote_is_submitted(status), there = status;
    cJSON_Delete(status);
    *needed = !submitted || failed;
    if (there && !known)
        return bf_fail(BF_ERR_ARGUMENT, "the server has a job '%s' already, "
                       "which is not of this folder: --name gives this one "
                       "another name, blindfit remote cancel %s removes that "
                       "one", name, name);
    if (!submitted || !failed) return BF_OK;
    BF_TRY(remote_job_do(p->h, name, "withdraw"));
    return remote_job_await_uploading(p->h, name);
}

static bf_status push_all(push *p, remote_folder *f, bool known)
{
    bool needed;
    BF_TRY(remote_files_find(&p->files, f->path));
    BF_TRY(look(p, known, &needed));
    if (needed) {
        f->submitted = false;
        BF_TRY(remote_folder_save(f));
        BF_TRY(send_all(p));
        BF_TRY(remote_job_await_uploading(p->h, f->name));
        BF_TRY(remote_job_do(p->h, f->name, "submit"));
    }
    f->submitted = true;
    return remote_folder_save(f);
}

bf_status remote_push(remote_http *h, remote_folder *f, uint64_t *bytes)
{
    char model[PATH_MAX], state[PATH_MAX];
    push p = {.h = h, .f = f, .sent = bytes};
    *bytes = 0;
    BF_TRY(remote_opened_refuse(f->path));
    BF_TRY(remote_path(model, f->path, REMOTE_MODEL));
    BF_TRY(remote_path(state, f->path, REMOTE_STATE));
    if (remote_exists(model))
        return bf_fail(BF_ERR_ARGUMENT, "%s: is there already, the model of "
                       "this folder's job; another training takes another "
                       "folder", model);
    bf_status s = push_all(&p, f, remote_exists(state));
    remote_files_clear(&p.files);
    cli_progress_end();
    return s;
}
