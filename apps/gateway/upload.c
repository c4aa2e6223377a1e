#include "gateway/upload.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "spool/at.h"

#define INFO_BYTES_MAX 8192
/* Bytes between writes to the disk, so that the last request need not wait for
 * all of them. */
#define FLUSH_EVERY ((uint64_t)16 << 20)

static void file_of(char out[UPLOAD_FILE_BYTES], const char *name,
                    const char *ending)
{
    snprintf(out, UPLOAD_FILE_BYTES, ".%.31s.%s", name, ending);
}

bool upload_part_name(char out[SPOOL_FILE_MAX + 1], const char *file)
{
    static const char ending[] = ".part";
    size_t n = strlen(file), e = sizeof ending - 1;
    if (file[0] != '.' || n <= e + 1 || n - e - 1 > SPOOL_FILE_MAX ||
        strcmp(file + n - e, ending) != 0)
        return false;
    memcpy(out, file + 1, n - e - 1);
    out[n - e - 1] = 0;
    return true;
}

/* ---- .NAME.info ---------------------------------------------------------- */

#define ALL_VERIFIED UINT64_MAX

static bool read_bytes(uint64_t *out, const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0 && v->valuedouble < 0x1p53))
        return false;
    *out = (uint64_t)v->valuedouble;
    return true;
}

static bool read_info(upload *out, uint64_t *verified, const char *text,
                      size_t bytes)
{
    cJSON *o = cJSON_ParseWithLength(text, bytes);
    const char *metadata =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "metadata"));
    bool good = read_bytes(&out->length, o, "length") && metadata &&
                (!*metadata || header_metadata(metadata));
    if (good) snprintf(out->metadata, sizeof out->metadata, "%s", metadata);
    if (!read_bytes(verified, o, "verified")) *verified = ALL_VERIFIED;
    cJSON_Delete(o);
    return good;
}

static int load_info(upload *out, uint64_t *verified, int folder,
                     const char *name)
{
    char file[UPLOAD_FILE_BYTES], *text;
    size_t bytes;
    file_of(file, name, "info");
    int err = at_read(&text, &bytes, folder, file, INFO_BYTES_MAX);
    if (err) return err;
    bool good = read_info(out, verified, text, bytes);
    free(text);
    return good ? 0 : ENOENT;
}

static int save_info(const upload *u, uint64_t verified, int folder,
                     const char *name)
{
    char file[UPLOAD_FILE_BYTES];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "length", (double)u->length);
    cJSON_AddStringToObject(o, "metadata", u->metadata);
    if (verified != ALL_VERIFIED)
        cJSON_AddNumberToObject(o, "verified", (double)verified);
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (!text) return ENOMEM;
    file_of(file, name, "info");
    int err = at_write_lazy(folder, file, text, strlen(text));
    cJSON_free(text);
    return err;
}

/* ---- parts --------------------------------------------------------------- */

/* Opens the part and locks it. */
static int lock_part(int *out, struct stat *st, int folder, const char *name)
{
    char part[UPLOAD_FILE_BYTES];
    struct stat named;
    file_of(part, name, "part");
    int fd = openat(folder, part,
                    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return errno;
    int err = 0;
    if (fstat(fd, st) != 0)
        err = errno;
    else if (!S_ISREG(st->st_mode))
        err = EINVAL;
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        err = errno == EWOULDBLOCK ? EBUSY : errno;
    /* Another writer may have completed or replaced it before the lock. */
    else if (fstatat(folder, part, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
             named.st_ino != st->st_ino || fstat(fd, st) != 0)
        err = EBUSY;
    if (err)
        close(fd);
    else
        *out = fd;
    return err;
}

static int remove_files(int folder, const char *name, bool complete)
{
    char part[UPLOAD_FILE_BYTES], info[UPLOAD_FILE_BYTES];
    file_of(part, name, "part");
    file_of(info, name, "info");
    int err = complete ? at_remove(folder, name) : 0;
    if (!err) err = at_remove(folder, part);
    if (!err) err = at_remove(folder, info);
    return err;
}

int upload_remove(int folder, const char *name)
{
    struct stat st;
    int fd = -1, err = lock_part(&fd, &st, folder, name);
    if (err == EBUSY) return err;
    err = remove_files(folder, name, true);
    if (fd >= 0) close(fd);
    return err;
}

int upload_expire(int folder, const char *name, const ages *a, double limit)
{
    struct stat st;
    int fd, err = lock_part(&fd, &st, folder, name);
    if (err) return err == ENOENT ? 0 : err;
    if (ages_over(a, fd, limit)) err = remove_files(folder, name, false);
    close(fd);
    return err;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

int upload_look(upload *out, int folder, const char *name)
{
    char part[UPLOAD_FILE_BYTES];
    struct stat st;
    uint64_t verified;
    int fd, err = at_file(&fd, &st, folder, name);
    *out = (upload){.complete = err == 0};
    if (err == ENOENT) {
        file_of(part, name, "part");
        err = at_file(&fd, &st, folder, part);
    }
    if (err) return err;
    close(fd);
    err = load_info(out, &verified, folder, name);
    out->changed = st.st_mtime;
    if (!out->complete) {
        out->offset =
            at_most(at_most((uint64_t)st.st_size, verified), out->length);
        return err;
    }
    /* Others than a gateway may have put it there. */
    if (err || out->length != (uint64_t)st.st_size) out->metadata[0] = 0;
    out->length = out->offset = (uint64_t)st.st_size;
    return 0;
}

/* Puts the complete file in its place. */
static int finish(int fd, int folder, const char *name)
{
    char part[UPLOAD_FILE_BYTES];
    file_of(part, name, "part");
    if (fsync(fd) != 0) return errno;
    if (renameat(folder, part, folder, name) != 0) return errno;
    return fsync(folder) == 0 ? 0 : errno;
}

int upload_begin(int folder, const char *name, uint64_t length,
                 const char *metadata)
{
    char part[UPLOAD_FILE_BYTES];
    upload u = {.length = length};
    snprintf(u.metadata, sizeof u.metadata, "%s", metadata);
    file_of(part, name, "part");
    int err = upload_remove(folder, name);
    if (!err) err = save_info(&u, ALL_VERIFIED, folder, name);
    if (err) return err;
    int fd = openat(folder, part,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0) return errno == EEXIST ? EBUSY : errno;
    if (length == 0) err = finish(fd, folder, name);
    close(fd);
    return err;
}

/* ---- writing ------------------------------------------------------------- */

static gnutls_digest_algorithm_t digest_of(checksum_algorithm a)
{
    return a == CHECKSUM_SHA1     ? GNUTLS_DIG_SHA1
           : a == CHECKSUM_SHA256 ? GNUTLS_DIG_SHA256
                                  : GNUTLS_DIG_SHA512;
}

static int open_hash(upload_writer *w, const checksum *expected)
{
    w->checked = expected != NULL;
    if (!expected) return 0;
    w->expected = *expected;
    if (gnutls_hash_init(&w->hash, digest_of(expected->algorithm)) != 0)
        return ENOMEM;
    int err = save_info(&w->info, w->offset, w->folder, w->name);
    if (err) gnutls_hash_deinit(w->hash, NULL);
    return err;
}

int upload_open(upload_writer *w, int folder, const char *name,
                const checksum *expected)
{
    struct stat st;
    uint64_t verified;
    *w = (upload_writer){.folder = folder};
    snprintf(w->name, sizeof w->name, "%s", name);
    int err = lock_part(&w->fd, &st, folder, name);
    if (err) return err;
    err = load_info(&w->info, &verified, folder, name);
    w->length = w->info.length;
    w->offset = at_most(at_most((uint64_t)st.st_size, verified), w->length);
    w->start = w->flushed = w->offset;
    if (!err && w->offset != (uint64_t)st.st_size &&
        ftruncate(w->fd, (off_t)w->offset) != 0)
        err = errno;
    if (!err && verified != ALL_VERIFIED)
        err = save_info(&w->info, ALL_VERIFIED, folder, name);
    if (!err) err = open_hash(w, expected);
    if (err) close(w->fd);
    return err;
}

int upload_write(upload_writer *w, const void *data, size_t bytes)
{
    const char *p = data;
    if (bytes > w->length - w->offset) return EFBIG;
    if (w->checked && gnutls_hash(w->hash, data, bytes) != 0) return EIO;
    while (bytes) {
        ssize_t n = pwrite(w->fd, p, bytes, (off_t)w->offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        p += n;
        bytes -= (size_t)n;
        w->offset += (uint64_t)n;
    }
    if (w->offset - w->flushed < FLUSH_EVERY) return 0;
    sync_file_range(w->fd, (off_t)w->flushed, (off_t)(w->offset - w->flushed),
                    SYNC_FILE_RANGE_WRITE);
    w->flushed = w->offset;
    return 0;
}

/* Counts the request's bytes, or drops them. */
static int close_hash(upload_writer *w, bool whole)
{
    uint8_t hash[CHECKSUM_BYTES_MAX];
    int err = 0;
    gnutls_hash_deinit(w->hash, hash);
    if (!whole || memcmp(hash, w->expected.hash, w->expected.bytes) != 0) {
        w->offset = w->start;
        if (ftruncate(w->fd, (off_t)w->start) != 0) err = errno;
        if (!err && whole) err = EBADMSG;
    }
    int saved = save_info(&w->info, ALL_VERIFIED, w->folder, w->name);
    return err ? err : saved;
}

/* Whether a job's file ends with the digest that its metadata has, if any. Of
 * messages, which do not change, this may be another name for the bytes. */
static bool fits(const upload_writer *w)
{
    char expected[DIGEST_CHARS + 1], found[ETAG_BYTES];
    if (!spool_file_valid(w->name) ||
        !header_digest(expected, w->info.metadata))
        return true;
    file_etag(found, w->fd, w->length);
    return strcmp(found, expected) == 0;
}

/* Two clients may send different files under one name: the bytes are not those
 * of the one that began the upload last. */
static int drop(upload_writer *w)
{
    w->offset = 0;
    return ftruncate(w->fd, 0) == 0 ? EBADMSG : errno;
}

int upload_close(upload_writer *w, bool whole)
{
    int err = 0;
    if (w->checked) err = close_hash(w, whole);
    if (!err && w->offset == w->length)
        err = fits(w) ? finish(w->fd, w->folder, w->name) : drop(w);
    close(w->fd);
    return err;
}
