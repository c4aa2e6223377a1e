#include "queue/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/at.h"

#define JOB_BYTES_MAX ((size_t)16 << 20)
#define USES_BYTES_MAX 256

/* Of every file of keys and ciphertexts (docs/formats.md, section 1). */
enum { HEADER_BYTES = 192, LENGTH_AT = 16, MAGIC_BYTES = 8, TAIL_BYTES = 32 };

/* ---- one file ------------------------------------------------------------ */

bf_status queue_bad_file(int err, const char *name)
{
    switch (err) {
    case ENOENT: return bf_fail(BF_ERR_FORMAT, "%s is missing", name);
    case ELOOP:
        return bf_fail(BF_ERR_FORMAT, "%s: a symbolic link is not followed",
                       name);
    case EISDIR: return bf_fail(BF_ERR_FORMAT, "%s: is a folder", name);
    case ENOTDIR: return bf_fail(BF_ERR_FORMAT, "%s: is no folder", name);
    case ENXIO: /* a socket */
    case EINVAL: return bf_fail(BF_ERR_FORMAT, "%s: is no regular file", name);
    case EFBIG: return bf_fail(BF_ERR_FORMAT, "%s: is too large", name);
    case EACCES:
        return bf_fail(BF_ERR_FORMAT,
                       "%s: the server may not read it (chmod 644)", name);
    default: return bf_fail_errno(err, "%s", name);
    }
}

bf_status queue_job_text(char **text, size_t *bytes, int folder)
{
    int err = at_read(text, bytes, folder, "job.json", JOB_BYTES_MAX);
    return err ? queue_bad_file(err, "job.json") : BF_OK;
}

static bf_status check_length(int fd, const struct stat *st, const char *name)
{
    uint8_t head[HEADER_BYTES];
    uint64_t length = 0, size = (uint64_t)st->st_size;
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n < 0) return queue_bad_file(errno, name);
    if (n < MAGIC_BYTES)
        return bf_fail(BF_ERR_FORMAT, "%s: only %zd bytes are here", name, n);
    if (memcmp(head, "BLINDFIT", MAGIC_BYTES) != 0)
        return bf_fail(BF_ERR_FORMAT, "%s: is no file of keys or ciphertexts",
                       name);
    if (n < HEADER_BYTES)
        return bf_fail(BF_ERR_FORMAT, "%s: only %zd bytes are here", name, n);
    for (int i = 7; i >= 0; i--) length = length << 8 | head[LENGTH_AT + i];
    if (length > UINT64_MAX - HEADER_BYTES || size > length + HEADER_BYTES)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: %llu bytes, which is not the length in its header",
                       name, (unsigned long long)size);
    if (size < length + HEADER_BYTES)
        return bf_fail(BF_ERR_FORMAT, "%s: %llu of %llu bytes are here", name,
                       (unsigned long long)size,
                       (unsigned long long)(length + HEADER_BYTES));
    return BF_OK;
}

/* Adds a file; `of` is the earlier job that it belongs to, or empty. */
static bf_status add(queue_inputs *in, int folder, const char *of,
                     const char *name)
{
    queue_input *file = &in->file[in->count];
    struct stat st;
    snprintf(file->name, sizeof file->name, "%s%s%s", of, *of ? "/" : "", name);
    int err = at_file(&file->fd, &st, folder, name);
    if (err) return queue_bad_file(err, file->name);
    in->count++;
    return check_length(file->fd, &st, file->name);
}

/* ---- all files ----------------------------------------------------------- */

static void part_name(char out[24], unsigned part)
{
    snprintf(out, 24, "upload.bf.%u", part);
}

static bf_status add_upload(queue_inputs *in, int folder)
{
    char name[24];
    part_name(name, 0);
    if (!at_exists(folder, name)) return add(in, folder, "", "upload.bf");
    if (at_exists(folder, "upload.bf"))
        return bf_fail(BF_ERR_FORMAT,
                       "upload.bf: is here, and upload.bf.0 too");
    while (at_exists(folder, name)) {
        if (in->parts == BF_UPLOAD_PARTS_MAX)
            return bf_fail(BF_ERR_FORMAT, "%s: at most %d parts", name,
                           BF_UPLOAD_PARTS_MAX);
        BF_TRY(add(in, folder, "", name));
        part_name(name, ++in->parts);
    }
    return BF_OK;
}

/* The name in the file `uses`, with or without a line's end. */
static bf_status read_uses(char out[SPOOL_JOB_MAX + 1], int folder)
{
    char *text;
    size_t bytes;
    int err = at_read(&text, &bytes, folder, "uses", USES_BYTES_MAX);
    if (err) return queue_bad_file(err, "uses");
    while (bytes && (text[bytes - 1] == '\n' || text[bytes - 1] == '\r'))
        text[--bytes] = 0;
    bool valid = strlen(text) == bytes && spool_job_valid(text);
    if (valid) memcpy(out, text, bytes + 1);
    free(text);
    return valid ? BF_OK
                 : bf_fail(BF_ERR_FORMAT, "uses: has no name of a job");
}

static bf_status add_earlier(queue_inputs *in, int jobs, int folder)
{
    int earlier;
    BF_TRY(read_uses(in->uses, folder));
    int err = at_folder(&earlier, jobs, in->uses);
    if (err)
        return bf_fail(BF_ERR_FORMAT, "uses: there is no job %s", in->uses);
    bf_status s = BF_OK;
    if (at_exists(earlier, "upload.bf.0"))
        s = bf_fail(BF_ERR_FORMAT, "uses: the upload of %s is in parts",
                    in->uses);
    if (s == BF_OK) s = add(in, earlier, in->uses, "eval.keys");
    if (s == BF_OK) s = add(in, earlier, in->uses, "upload.bf");
    close(earlier);
    BF_TRY(s);
    BF_TRY(add(in, folder, "", "labels.bf"));
    in->more_keys = at_exists(folder, "eval.keys");
    return in->more_keys ? add(in, folder, "", "eval.keys") : BF_OK;
}

bf_status queue_inputs_open(queue_inputs *out, int jobs, int folder)
{
    queue_inputs made = {.count = 0};
    bf_status s;
    if (at_exists(folder, "uses")) {
        s = add_earlier(&made, jobs, folder);
    } else {
        s = add(&made, folder, "", "eval.keys");
        if (s == BF_OK) s = add_upload(&made, folder);
    }
    if (s != BF_OK)
        queue_inputs_close(&made);
    else
        *out = made;
    return s;
}

void queue_inputs_close(queue_inputs *in)
{
    for (size_t i = 0; i < in->count; i++) close(in->file[i].fd);
    in->count = 0;
}

/* ---- digests ------------------------------------------------------------- */

void queue_digest(uint8_t out[QUEUE_DIGEST_BYTES], const void *data,
                  size_t bytes)
{
    crypto_generichash(out, QUEUE_DIGEST_BYTES, data, bytes, NULL, 0);
}

typedef crypto_generichash_state digest;

static void put(digest *d, const void *data, size_t bytes)
{
    crypto_generichash_update(d, data, bytes);
}

static void put_number(digest *d, uint64_t value)
{
    put(d, &value, sizeof value);
}

static void put_content(digest *d, int folder, const char *name)
{
    struct stat st;
    uint8_t tail[TAIL_BYTES];
    int fd;
    put(d, name, strlen(name) + 1);
    int err = at_file(&fd, &st, folder, name);
    put_number(d, (uint64_t)err);
    if (err) return;
    off_t from = st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
    ssize_t n = pread(fd, tail, sizeof tail, from);
    put_number(d, (uint64_t)st.st_size);
    if (n > 0) put(d, tail, (size_t)n);
    close(fd);
}

static void put_stat(digest *d, int folder, const char *name)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        put_number(d, (uint64_t)errno);
        return;
    }
    put_number(d, st.st_ino);
    put_number(d, (uint64_t)st.st_size);
    put_number(d, (uint64_t)st.st_mode);
    put(d, &st.st_mtim, sizeof st.st_mtim);
    put(d, &st.st_ctim, sizeof st.st_ctim);
}

typedef void (*put_fn)(digest *d, int folder, const char *name);

static void put_all(digest *d, int folder, put_fn each)
{
    static const char *const names[] = {"eval.keys", "upload.bf", "labels.bf",
                                        "uses"};
    char part[24];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        each(d, folder, names[i]);
    for (unsigned p = 0; p < BF_UPLOAD_PARTS_MAX; p++) {
        part_name(part, p);
        if (!at_exists(folder, part)) break;
        each(d, folder, part);
    }
}

void queue_inputs_stamp(uint8_t out[QUEUE_DIGEST_BYTES], int jobs, int folder)
{
    digest d;
    char *text, uses[SPOOL_JOB_MAX + 1];
    size_t bytes;
    int earlier;
    crypto_generichash_init(&d, NULL, 0, QUEUE_DIGEST_BYTES);
    if (queue_job_text(&text, &bytes, folder) == BF_OK) {
        put(&d, text, bytes);
        free(text);
    }
    put_all(&d, folder, put_content);
    if (at_exists(folder, "uses") && read_uses(uses, folder) == BF_OK &&
        at_folder(&earlier, jobs, uses) == 0) {
        put_all(&d, earlier, put_content);
        close(earlier);
    }
    crypto_generichash_final(&d, out, QUEUE_DIGEST_BYTES);
}

void queue_inputs_look(uint8_t out[QUEUE_DIGEST_BYTES], int folder, bool all)
{
    digest d;
    crypto_generichash_init(&d, NULL, 0, QUEUE_DIGEST_BYTES);
    put_stat(&d, folder, "READY");
    if (all) {
        put_stat(&d, folder, "job.json");
        put_all(&d, folder, put_stat);
    }
    crypto_generichash_final(&d, out, QUEUE_DIGEST_BYTES);
}
