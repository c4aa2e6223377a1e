#include "remote/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a request that runs. */
typedef struct receiving {
    remote_receive *f;
    bool begun; /* its first bytes came */
} receiving;

/* At the first bytes of an answer. */
static bf_status begin(receiving *r, const remote_answer *a)
{
    remote_receive *f = r->f;
    r->begun = true;
    if (a->code == 206) {
        if (a->range_start == (int64_t)f->at) return BF_OK;
        return bf_fail(BF_ERR_FORMAT, "the server sent another range than was "
                                      "asked for");
    }
    f->at = 0;
    if (ftruncate(f->fd, 0) != 0) return bf_fail_errno(errno, "%s", f->path);
    snprintf(f->etag, sizeof f->etag, "%s", a->etag);
    return f->anew ? f->anew(f->user) : BF_OK;
}

static bf_status take(void *user, const remote_answer *a, const void *data,
                      size_t bytes)
{
    receiving *r = user;
    remote_receive *f = r->f;
    const uint8_t *from = data;
    if (!r->begun) BF_TRY(begin(r, a));
    if (bytes > f->expected - f->at)
        return bf_fail(BF_ERR_FORMAT, "%s: the server sends more than %llu "
                       "bytes", f->from, (unsigned long long)f->expected);
    while (bytes > 0) {
        ssize_t n = pwrite(f->fd, from, bytes, (off_t)f->at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return bf_fail_errno(errno, "%s", f->path);
        from += n;
        bytes -= (size_t)n;
        f->at += (uint64_t)n;
    }
    return BF_OK;
}

static void moved(void *user, uint64_t bytes)
{
    receiving *r = user;
    (void)bytes;
    r->f->moved(r->f->user, r->f->at);
}

static bf_status ask_rest(remote_http *h, remote_receive *f, bool *again,
                          double *retry_after)
{
    char range[64], etag[REMOTE_ETAG_BYTES + 16];
    remote_answer a = {0};
    receiving to = {.f = f};
    snprintf(range, sizeof range, "Range: bytes=%llu-",
             (unsigned long long)f->at);
    snprintf(etag, sizeof etag, "If-Range: \"%s\"", f->etag);
    remote_request r = {.method = "GET",
                        .path = f->from,
                        .take = take,
                        .moved = moved,
                        .user = &to};
    if (f->at > 0) {
        r.header[0] = range;
        r.header[1] = etag;
    }
    bf_status s = remote_http_once(h, &r, &a);
    *again = a.again || (f->soon && a.code == 409);
    *retry_after = a.retry_after;
    if (s == BF_OK && a.code >= 400) s = remote_http_refusal(h, &a);
    remote_answer_clear(&a);
    return s;
}

bf_status remote_receive_rest(remote_http *h, remote_receive *f)
{
    remote_tries tries = {0};
    while (f->at < f->expected) {
        bool again;
        double retry_after;
        uint64_t before = f->at;
        bf_status s = ask_rest(h, f, &again, &retry_after);
        if (s == BF_OK && f->at < f->expected)
            return bf_fail(BF_ERR_FORMAT, "%s: the server's has %llu bytes "
                           "instead of %llu", f->from,
                           (unsigned long long)f->at,
                           (unsigned long long)f->expected);
        if (s == BF_OK) break;
        if (!again) return s;
        if (f->at > before) tries = (remote_tries){0};
        BF_TRY(remote_again(h, &tries, s, retry_after));
    }
    if (fsync(f->fd) != 0) return bf_fail_errno(errno, "%s", f->path);
    return BF_OK;
}

bf_status remote_receive_open(remote_receive *f)
{
    struct stat st;
    f->fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (f->fd < 0 || fstat(f->fd, &st) != 0)
        return bf_fail_errno(errno, "%s", f->path);
    f->at = (uint64_t)st.st_size;
    if ((f->etag[0] && f->at <= f->expected) || f->at == 0) return BF_OK;
    f->at = 0;
    if (ftruncate(f->fd, 0) != 0) return bf_fail_errno(errno, "%s", f->path);
    return BF_OK;
}
