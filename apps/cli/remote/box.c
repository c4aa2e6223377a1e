#include "remote/box.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/at.h"

/* docs/formats.md: "BFHEAD", a version, three numbers, and the session's id. */
#define HEAD_ID 24

static const char *folder_name(bool outbox)
{
    return outbox ? "outbox" : "inbox";
}

bf_status remote_box_path(char out[PATH_MAX], const remote_box *b, bool outbox,
                          const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s/%s", b->path, folder_name(outbox),
                     name);
    if (n > 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", b->path);
}

/* ---- opening ------------------------------------------------------------- */

static bf_status fail(const remote_box *b, bool outbox, const char *name,
                      int err)
{
    const char *why = err == ELOOP                     ? "is a symbolic link"
                      : err == EISDIR || err == EINVAL ? "is no regular file"
                      : err == ENOTDIR                 ? "is no folder"
                                                       : NULL;
    if (why)
        return bf_fail(BF_ERR_ARGUMENT, "%s/%s%s%s: %s", b->path,
                       folder_name(outbox), *name ? "/" : "", name, why);
    return bf_fail_errno(err, "%s/%s%s%s", b->path, folder_name(outbox),
                         *name ? "/" : "", name);
}

static bf_status open_folders(remote_box *b)
{
    int box = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (box < 0) return bf_fail_errno(errno, "%s", b->path);
    int err = at_folder(&b->outbox, box, "outbox");
    bf_status s = BF_OK;
    if (err == ENOENT)
        s = bf_fail(BF_ERR_ARGUMENT, "%s: is no box of a session; blindfit "
                    "party step makes it", b->path);
    else if (err)
        s = fail(b, true, "", err);
    if (s == BF_OK) {
        err = at_make_folder(&b->inbox, box, "inbox", 0700);
        if (err) s = fail(b, false, "", err);
    }
    close(box);
    return s;
}

bf_status remote_box_open(remote_box *out, const char *path)
{
    char lock[PATH_MAX];
    *out = (remote_box){.path = path, .outbox = -1, .inbox = -1, .lock = -1};
    bf_status s = open_folders(out);
    if (s == BF_OK) s = remote_path(lock, path, REMOTE_LOCK);
    if (s == BF_OK && !bf_lock_make(&out->lock, lock)) {
        bf_lock_drop(out->lock, NULL);
        out->lock = -1;
        s = bf_fail(BF_ERR_IO, "%s: another blindfit remote is at work here",
                    path);
    }
    if (s != BF_OK) remote_box_close(out);
    return s;
}

void remote_box_close(remote_box *b)
{
    char lock[PATH_MAX];
    if (b->outbox >= 0) close(b->outbox);
    if (b->inbox >= 0) close(b->inbox);
    if (b->lock >= 0 && remote_path(lock, b->path, REMOTE_LOCK) == BF_OK)
        bf_lock_drop(b->lock, lock);
    *b = (remote_box){.outbox = -1, .inbox = -1, .lock = -1};
}

/* ---- a message ----------------------------------------------------------- */

static bool read_end(remote_message *m, int fd)
{
    const size_t n = sizeof m->end;
    if (m->bytes < n) return true;
    errno = 0; /* as it stays if the file has become shorter */
    if (pread(fd, m->end, n, (off_t)(m->bytes - n)) != (ssize_t)n) return false;
    sodium_bin2hex(m->etag, sizeof m->etag, m->end, n);
    return true;
}

bf_status remote_box_look(remote_message *out, bool *there, int *fd,
                          const remote_box *b, bool outbox, const char *name)
{
    struct stat st;
    int file, err = at_file(&file, &st, outbox ? b->outbox : b->inbox, name);
    *out = (remote_message){.bytes = 0};
    *there = err == 0;
    if (fd) *fd = -1;
    if (err == ENOENT) return BF_OK;
    if (err) return fail(b, outbox, name, err);
    snprintf(out->name, sizeof out->name, "%s", name);
    out->bytes = (uint64_t)st.st_size;
    bf_status s = BF_OK;
    if (!spool_message_read(&out->is, name) || !read_end(out, file))
        s = fail(b, outbox, name, errno ? errno : EIO);
    if (fd && s == BF_OK)
        *fd = file;
    else
        close(file);
    return s;
}

/* ---- lists --------------------------------------------------------------- */

void remote_messages_clear(remote_messages *m)
{
    free(m->at);
    *m = (remote_messages){0};
}

bf_status remote_messages_add(remote_messages *m, const remote_message *one)
{
    remote_message *more = realloc(m->at, (m->count + 1) * sizeof *more);
    if (!more) return bf_fail(BF_ERR_MEMORY, "no memory for names");
    m->at = more;
    more[m->count++] = *one;
    m->bytes += one->bytes;
    return BF_OK;
}

typedef struct walk {
    const remote_box *box;
    unsigned me;
    remote_messages *out;
    bf_status s;
} walk;

static void add_own(void *user, const char *name)
{
    walk *w = user;
    spool_message is;
    remote_message m;
    bool there;
    if (w->s != BF_OK) return;
    if (!spool_message_read(&is, name) || is.round == 0) {
        cli_note("%s: %s/outbox/%s: is no message of an owner, and is not sent",
                 cli_program(), w->box->path, name);
        return;
    }
    if (is.from != w->me) {
        w->s = bf_fail(BF_ERR_MISMATCH, "%s/outbox/%s: is a message of owner "
                       "%u, and at the server you are owner %u: another "
                       "owner's box, or --members had another order (blindfit "
                       "remote cancel removes a session)",
                       w->box->path, name, is.from, w->me);
        return;
    }
    w->s = remote_box_look(&m, &there, NULL, w->box, true, name);
    if (w->s == BF_OK && there) w->s = remote_messages_add(w->out, &m);
}

static bool is_head(const remote_message *m)
{
    return strcmp(strrchr(m->name, '.'), ".head") == 0;
}

static int by_round(const void *a, const void *b)
{
    const remote_message *x = a, *y = b;
    if (x->is.round != y->is.round) return x->is.round < y->is.round ? -1 : 1;
    if (is_head(x) != is_head(y)) return is_head(x) ? 1 : -1;
    return strcmp(x->name, y->name);
}

/* Whether the head of round 1 is of this session. */
static bf_status check_session(const remote_box *b, unsigned me,
                               const uint8_t *id)
{
    char name[SPOOL_FILE_MAX + 1];
    uint8_t there[BF_FILE_ID_BYTES];
    remote_message m;
    bool is_there;
    int fd;
    snprintf(name, sizeof name, "r1-%02u.head", me);
    BF_TRY(remote_box_look(&m, &is_there, &fd, b, true, name));
    if (!is_there)
        return bf_fail(BF_ERR_ARGUMENT, "%s/outbox/%s: there is none; blindfit "
                       "party step comes first", b->path, name);
    bool same = pread(fd, there, sizeof there, HEAD_ID) == sizeof there &&
                memcmp(there, id, sizeof there) == 0;
    close(fd);
    if (same) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "%s/outbox/%s: is a message of another "
                   "session", b->path, name);
}

bf_status remote_box_own(remote_messages *out, const remote_box *b, unsigned me,
                         const uint8_t *id)
{
    walk w = {.box = b, .me = me, .out = out};
    *out = (remote_messages){0};
    int err = at_each(b->outbox, SIZE_MAX, add_own, &w);
    if (err) w.s = fail(b, true, "", err);
    if (w.s == BF_OK) w.s = check_session(b, me, id);
    if (w.s == BF_OK)
        qsort(out->at, out->count, sizeof *out->at, by_round);
    else
        remote_messages_clear(out);
    return w.s;
}
