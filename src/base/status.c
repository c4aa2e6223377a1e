#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static _Thread_local char last_error[BF_MESSAGE_BYTES];

static bool is_control(const char *c, size_t length)
{
    if (length == 1) return (unsigned char)*c < 0x20 || *c == 0x7f;
    return length == 2 && c[0] == '\xc2' && c[1] <= '\x9f'; /* C1 */
}

char *bf_printable(char *text)
{
    for (char *c = text; *c;) {
        size_t length = bf_utf8_length(c);
        size_t wrong = length == 0 ? 1 : is_control(c, length) ? length : 0;
        memset(c, '?', wrong);
        c += wrong ? wrong : length;
    }
    return text;
}

/* Messages quote paths and file contents; store keeps them to one printable
 * line. */
static void store(const char *text)
{
    size_t n = strnlen(text, BF_MESSAGE_BYTES - 1);
    memcpy(last_error, text, n);
    last_error[n] = 0;
    bf_printable(last_error);
}

const char *bf_last_error(void)
{
    return last_error;
}

const char *bf_status_name(bf_status s)
{
    switch (s) {
    case BF_OK: return "ok";
    case BF_ERR_ARGUMENT: return "argument";
    case BF_ERR_MEMORY: return "memory";
    case BF_ERR_IO: return "io";
    case BF_ERR_SPACE: return "space";
    case BF_ERR_FORMAT: return "format";
    case BF_ERR_MISMATCH: return "mismatch";
    case BF_ERR_SECURITY: return "security";
    case BF_ERR_RANGE: return "range";
    case BF_ERR_INTERRUPTED: return "interrupted";
    case BF_ERR_UNSUPPORTED: return "unsupported";
    case BF_ERR_INTERNAL: return "internal";
    case BF_ERR_WAITING: return "waiting";
    }
    return "unknown";
}

bf_status bf_fail(bf_status s, const char *fmt, ...)
{
    /* The arguments may quote last_error itself. */
    char text[BF_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    store(text);
    return s;
}

bf_status bf_fail_in(bf_status s, const char *fmt, ...)
{
    char text[2 * BF_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    int used = vsnprintf(text, BF_MESSAGE_BYTES, fmt, args);
    va_end(args);
    size_t at = used < 0 ? 0 : strnlen(text, BF_MESSAGE_BYTES);
    snprintf(text + at, sizeof text - at, ": %s", last_error);
    store(text);
    return s;
}

bf_status bf_fail_errno(int err, const char *fmt, ...)
{
    char text[2 * BF_MESSAGE_BYTES], reason[128];
    va_list args;
    va_start(args, fmt);
    int used = vsnprintf(text, BF_MESSAGE_BYTES, fmt, args);
    va_end(args);
    size_t at = used < 0 ? 0 : strnlen(text, BF_MESSAGE_BYTES);
    snprintf(text + at, sizeof text - at, ": %s",
             strerror_r(err, reason, sizeof reason));
    store(text);
    if (err == ENOSPC || err == EDQUOT) return BF_ERR_SPACE;
    return err == ENOMEM ? BF_ERR_MEMORY : BF_ERR_IO;
}

void bf_first_error_keep(bf_first_error *first, bf_status s)
{
    if (s == BF_OK) return;
    int none = BF_OK;
    if (!atomic_compare_exchange_strong(&first->status, &none, (int)s)) return;
    memcpy(first->message, last_error, sizeof first->message);
}

bool bf_first_error_seen(const bf_first_error *first)
{
    return atomic_load_explicit(&first->status, memory_order_relaxed) != BF_OK;
}

bf_status bf_first_error_raise(const bf_first_error *first)
{
    int s = atomic_load(&first->status);
    if (s != BF_OK) store(first->message);
    return (bf_status)s;
}
