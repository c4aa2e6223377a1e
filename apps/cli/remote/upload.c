/* The files of a job, one after the other. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "remote/files.h"
#include "remote/send.h"
#include "remote/transfer.h"

/* For a quote, or a refusal, before anything large is sent. */
#define QUOTE_SECONDS 3.0

typedef struct push {
    remote_http *h;
    const remote_folder *f;
    remote_files files;
    uint64_t there; /* bytes of files that are complete */
    uint64_t *sent; /* through the network */
} push;

static void moved(void *user, uint64_t bytes)
{
    const push *p = user;
    cli_progress_bytes("sending", p->there + bytes, p->files.bytes);
}

/* ---- a file -------------------------------------------------------------- */

static bf_status send_large(push *p, const remote_file *file, int fd)
{
    char files[128];
    snprintf(files, sizeof files, "/v1/jobs/%s/files", p->f->name);
    remote_send to = {.files = files,
                      .name = file->name,
                      .fd = fd,
                      .bytes = file->bytes,
                      .digest = file->digest,
                      .moved = moved,
                      .user = p};
    bf_status s = remote_send_file(p->h, &to);
    *p->sent += to.sent;
    return s;
}

/* A request on a file of the job; expected: as in remote_http_ask. */
static bf_status ask_file(push *p, const char *name, remote_request r,
                          int expected)
{
    char path[192];
    remote_answer a = {0};
    snprintf(path, sizeof path, "/v1/jobs/%s/files/%s", p->f->name, name);
    r.path = path;
    bf_status s = remote_http_ask(p->h, &r, &a, expected);
    remote_answer_clear(&a);
    return s;
}

static bf_status put_small(push *p, const remote_file *file, int fd)
{
    const remote_request r = {.method = "PUT",
                              .has_body = true,
                              .file = fd,
                              .bytes = file->bytes};
    bf_status s = ask_file(p, file->name, r, 0);
    if (s == BF_OK) *p->sent += file->bytes;
    return s;
}

static bf_status send_one(push *p, const remote_file *file)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bf_fail_errno(errno, "%s", file->path);
    bf_status s = file->small ? put_small(p, file, fd)
                              : send_large(p, file, fd);
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

/* *status is the job's, NULL if the server has none; *needed: false if the job
 * is submitted, and has not failed. */
static bf_status look(push *p, bool known, cJSON **status, bool *needed)
{
    const char *name = p->f->name;
    BF_TRY(remote_job_status(status, p->h, name));
    bool failed = remote_state_is(*status, "failed") ||
                  remote_state_is(*status, "refused");
    bool submitted = remote_is_submitted(*status);
    *needed = !submitted || failed;
    if (*status && !known)
        return bf_fail(BF_ERR_ARGUMENT, "the server has a job '%s' already, "
                       "which is not of this folder: --name gives this one "
                       "another name, blindfit remote cancel %s removes that "
                       "one", name, name);
    if (!submitted || !failed) return BF_OK;
    BF_TRY(remote_job_do(p->h, name, "withdraw"));
    return remote_job_await_uploading(p->h, name);
}

static bool is_here(const push *p, const char *name)
{
    for (size_t i = 0; i < p->files.count; i++)
        if (strcmp(p->files.at[i].name, name) == 0) return true;
    return false;
}

/* Removes what an earlier push sent and the folder no longer has: the parts of
 * an upload that is one file by now would be refused beside it. */
static bf_status remove_others(push *p, const cJSON *status)
{
    const remote_request r = {.method = "DELETE"};
    const cJSON *file;
    cJSON_ArrayForEach(file, cJSON_GetObjectItemCaseSensitive(status, "files"))
    {
        const char *name = remote_text(file, "name");
        if (spool_file_valid(name) && !is_here(p, name))
            BF_TRY(ask_file(p, name, r, 404));
    }
    return BF_OK;
}

static bf_status send_job(push *p, remote_folder *f, const cJSON *status)
{
    f->submitted = false;
    BF_TRY(remote_folder_save(f));
    BF_TRY(remove_others(p, status));
    BF_TRY(send_all(p));
    BF_TRY(remote_job_await_uploading(p->h, f->name));
    return remote_job_do(p->h, f->name, "submit");
}

static bf_status push_all(push *p, remote_folder *f, bool known)
{
    cJSON *status = NULL;
    bool needed;
    BF_TRY(remote_files_find(&p->files, f->path));
    bf_status s = look(p, known, &status, &needed);
    if (s == BF_OK && needed) s = send_job(p, f, status);
    cJSON_Delete(status);
    BF_TRY(s);
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
