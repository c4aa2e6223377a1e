#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/memory.h"
#include "wire/frame_internal.h"

/* Between calls the reader is after the header of a record (IN_RECORD), before
 * a record (BETWEEN), or after the end record (AT_END). */
enum place { BETWEEN, IN_RECORD, AT_END };

typedef struct index_entry {
    bf_frame_record record;
    uint64_t offset; /* of the record's header */
} index_entry;

struct bf_frame_reader {
    char *path;
    int fd;
    bool owns_fd;
    bool seekable;
    off_t base; /* offset of the header in a seekable file */
    bf_frame_header header;
    uint8_t first_chain[BF_HASH_BYTES];
    uint8_t chain[BF_HASH_BYTES]; /* digest of the record before this one */
    uint64_t at;                  /* bytes read after the header */
    enum place place;
    bf_frame_record record; /* IN_RECORD and later: the current record */
    uint8_t record_bytes[BF_FRAME_RECORD_BYTES];
    uint64_t next_sequence;
    bool indexed;
    index_entry *index;
    size_t index_count, index_room;
};

/* Bytes of a record without payload: header and digest. */
#define RECORD_OVERHEAD (BF_FRAME_RECORD_BYTES + BF_HASH_BYTES)

bf_status bf_frame_fail_in(const bf_frame_reader *r, bf_status s)
{
    return bf_fail_in(s, "%s: record %llu", r->path,
                      (unsigned long long)r->record.sequence);
}

/* ---- bytes -------------------------------------------------------------- */

/* BF_ERR_FORMAT when the file ends too early. */
static bf_status read_exact(bf_frame_reader *r, off_t offset, uint8_t *p,
                            size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = r->seekable ? pread(r->fd, p, bytes, offset)
                                : read(r->fd, p, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return bf_fail_errno(errno, "%s: cannot read", r->path);
        if (n == 0)
            return bf_fail(BF_ERR_FORMAT, "%s: file is cut short", r->path);
        p += n;
        offset += n;
        bytes -= (size_t)n;
    }
    return BF_OK;
}

/* Reads the next bytes after the header. */
static bf_status take(bf_frame_reader *r, void *p, size_t bytes)
{
    if (bytes > r->header.bytes - r->at)
        return bf_fail(BF_ERR_FORMAT, "%s: file is cut short", r->path);
    off_t offset = r->base + BF_FRAME_HEADER_BYTES + (off_t)r->at;
    BF_TRY(read_exact(r, offset, p, bytes));
    r->at += bytes;
    return BF_OK;
}

/* ---- opening ------------------------------------------------------------ */

/* A regular file must have exactly the length that its header states. */
static bf_status check_length(const bf_frame_reader *r, const struct stat *st)
{
    uint64_t bytes = r->header.bytes;
    if (bytes < RECORD_OVERHEAD || bytes > INT64_MAX / 2 ||
        r->header.records > (bytes - RECORD_OVERHEAD) / RECORD_OVERHEAD)
        return bf_fail(BF_ERR_FORMAT, "%s: impossible lengths in the header",
                       r->path);
    if (!S_ISREG(st->st_mode)) return BF_OK;
    uint64_t want = (uint64_t)r->base + BF_FRAME_HEADER_BYTES + bytes;
    if ((uint64_t)st->st_size != want)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: %jd bytes, its header tells %ju (%s)", r->path,
                       (intmax_t)st->st_size, (uintmax_t)want,
                       (uint64_t)st->st_size < want ? "cut short" : "extended");
    return BF_OK;
}

static bf_status read_header(bf_frame_reader *r)
{
    uint8_t bytes[BF_FRAME_HEADER_BYTES];
    struct stat st;
    if (fstat(r->fd, &st) != 0)
        return bf_fail_errno(errno, "%s: cannot read", r->path);
    if (S_ISDIR(st.st_mode))
        return bf_fail(BF_ERR_IO, "%s: is a folder", r->path);
    r->base = lseek(r->fd, 0, SEEK_CUR);
    r->seekable = r->base >= 0 && S_ISREG(st.st_mode);
    if (!r->seekable) r->base = 0;
    BF_TRY(read_exact(r, r->base, bytes, sizeof bytes));
    bf_status s = bf_frame_header_decode(&r->header, bytes);
    if (s != BF_OK) return bf_fail_in(s, "%s", r->path);
    BF_TRY(check_length(r, &st));
    bf_frame_header_chain(r->first_chain, &r->header);
    memcpy(r->chain, r->first_chain, sizeof r->chain);
    return BF_OK;
}

static bf_status open_reader(bf_frame_reader **out, int fd, const char *name,
                             bool owns)
{
    bf_frame_reader *r = calloc(1, sizeof *r);
    if (!r || !(r->path = strdup(name))) {
        free(r);
        if (owns) close(fd);
        return bf_fail(BF_ERR_MEMORY, "%s: no memory", name);
    }
    r->fd = fd;
    r->owns_fd = owns;
    bf_status s = bf_random_init();
    if (s == BF_OK) s = read_header(r);
    if (s != BF_OK) {
        bf_frame_close(r);
        return s;
    }
    *out = r;
    return BF_OK;
}

bf_status bf_frame_open(bf_frame_reader **out, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bf_fail_errno(errno, "%s: cannot open", path);
    return open_reader(out, fd, path, true);
}

bf_status bf_frame_open_fd(bf_frame_reader **out, int fd, const char *name)
{
    return open_reader(out, fd, name, false);
}

void bf_frame_close(bf_frame_reader *r)
{
    if (!r) return;
    if (r->owns_fd) close(r->fd);
    bf_free(r->index);
    free(r->path);
    free(r);
}

const bf_frame_header *bf_frame_header_of(const bf_frame_reader *r)
{
    return &r->header;
}

const char *bf_frame_reader_path(const bf_frame_reader *r)
{
    return r->path;
}

const uint8_t *bf_frame_digest(const bf_frame_reader *r)
{
    return r->chain;
}

/* ---- records in order --------------------------------------------------- */

/* The most bytes that the rest of the file leaves for this record's payload:
 * the record's digest and the end record must follow (after the end record,
 * nothing). */
static uint64_t payload_room(const bf_frame_reader *r)
{
    uint64_t rest = r->header.bytes - r->at, behind = BF_HASH_BYTES;
    if (r->record.kind != BF_FRAME_END) behind += RECORD_OVERHEAD;
    return rest < behind ? 0 : rest - behind;
}

static bf_status check_record(bf_frame_reader *r)
{
    const bf_frame_record *rec = &r->record;
    uint64_t found = rec->sequence;
    bool end = rec->kind == BF_FRAME_END;
    r->record.sequence = r->next_sequence; /* for the messages */
    if (found != r->next_sequence)
        return bf_frame_fail_in(
            r, bf_fail(BF_ERR_FORMAT,
                       "out of order: it is numbered %llu (file damaged or "
                       "altered)",
                       (unsigned long long)found));
    if (end != (r->next_sequence == r->header.records))
        return bf_frame_fail_in(
            r, bf_fail(BF_ERR_FORMAT, "the header tells %llu records",
                       (unsigned long long)r->header.records));
    if (rec->bytes > payload_room(r) || (end && rec->bytes > 0))
        return bf_frame_fail_in(
            r, bf_fail(BF_ERR_FORMAT,
                       "its length of %llu bytes does not fit the file",
                       (unsigned long long)rec->bytes));
    return BF_OK;
}

static bf_status next_header(bf_frame_reader *r)
{
    BF_TRY(take(r, r->record_bytes, sizeof r->record_bytes));
    bf_frame_record_decode(&r->record, r->record_bytes);
    BF_TRY(check_record(r));
    r->place = IN_RECORD;
    r->next_sequence++;
    return BF_OK;
}

/* Reads the digest after the payload and compares. */
static bf_status finish_record(bf_frame_reader *r, bf_hasher *root)
{
    uint8_t stored[BF_HASH_BYTES];
    BF_TRY(take(r, stored, sizeof stored));
    bf_frame_chain_next(r->chain, r->record_bytes, root);
    r->place = BETWEEN;
    if (memcmp(stored, r->chain, sizeof stored) == 0) return BF_OK;
    return bf_frame_fail_in(
        r, bf_fail(BF_ERR_FORMAT,
                   "digest does not match (file damaged or altered)"));
}

static bf_status check_end(bf_frame_reader *r)
{
    uint8_t more;
    if (r->at != r->header.bytes)
        return bf_fail(BF_ERR_FORMAT, "%s: bytes behind the end record",
                       r->path);
    if (!r->seekable && read(r->fd, &more, 1) == 1)
        return bf_fail(BF_ERR_FORMAT, "%s: bytes behind the end", r->path);
    r->place = AT_END;
    return BF_OK;
}

/* The digest after a skipped payload is not checked; later records that are
 * read are verified against it. */
static bf_status skip(bf_frame_reader *r)
{
    if (!r->seekable) return bf_frame_verify(r, NULL, 0);
    r->at += r->record.bytes;
    BF_TRY(take(r, r->chain, sizeof r->chain));
    r->place = BETWEEN;
    return BF_OK;
}

bf_status bf_frame_next(bf_frame_reader *r, bf_frame_record *rec)
{
    BF_TRY(bf_check_interrupt());
    if (r->place == IN_RECORD) BF_TRY(skip(r));
    if (r->place == AT_END)
        return bf_fail(BF_ERR_ARGUMENT, "%s: read behind the end", r->path);
    BF_TRY(next_header(r));
    if (r->record.kind == BF_FRAME_END) {
        bf_hasher root;
        bf_hasher_init(&root);
        BF_TRY(finish_record(r, &root));
        BF_TRY(check_end(r));
    }
    *rec = r->record;
    return BF_OK;
}

static bf_status need_record(const bf_frame_reader *r)
{
    if (r->place == IN_RECORD) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: no record to be read", r->path);
}

bf_status bf_frame_read(bf_frame_reader *r, void *payload)
{
    bf_hasher root;
    BF_TRY(need_record(r));
    size_t bytes = (size_t)r->record.bytes;
    bf_status s = take(r, payload, bytes);
    if (s == BF_OK) {
        bf_hasher_init(&root);
        bf_frame_leaves_update(&root, payload, bytes);
        s = finish_record(r, &root);
    }
    if (s != BF_OK && bytes) bf_wipe(payload, bytes);
    return s;
}

bf_status bf_frame_verify(bf_frame_reader *r, void *head, size_t head_bytes)
{
    const size_t span = 16 * BF_FRAME_LEAF;
    bf_hasher root;
    BF_TRY(need_record(r));
    if (head_bytes > BF_FRAME_LEAF || head_bytes > r->record.bytes)
        return bf_fail(BF_ERR_ARGUMENT, "%s: %zu bytes of a record's head",
                       r->path, head_bytes);
    uint8_t *part = bf_alloc(span);
    if (!part) return bf_fail_in(BF_ERR_MEMORY, "%s", r->path);
    bf_status s = BF_OK;
    bf_hasher_init(&root);
    for (uint64_t left = r->record.bytes; s == BF_OK && left > 0;) {
        size_t n = left < span ? (size_t)left : span;
        s = bf_check_interrupt();
        if (s == BF_OK) s = take(r, part, n);
        if (s == BF_OK && head_bytes) memcpy(head, part, head_bytes);
        head_bytes = 0;
        if (s == BF_OK) bf_frame_leaves_update(&root, part, n);
        left -= n;
    }
    if (s == BF_OK) s = finish_record(r, &root);
    bf_wipe(part, span);
    bf_free(part);
    return s;
}

/* ---- records by label --------------------------------------------------- */

static void rewind_to(bf_frame_reader *r, uint64_t at, uint64_t sequence,
                      const uint8_t chain[BF_HASH_BYTES])
{
    r->at = at;
    r->next_sequence = sequence;
    r->place = BETWEEN;
    memcpy(r->chain, chain, sizeof r->chain);
}

/* The index grows with the records found, as the number in the header may be
 * false. */
static bf_status add_entry(bf_frame_reader *r, uint64_t offset)
{
    if (r->index_count == r->index_room) {
        size_t room = r->index_room ? 2 * r->index_room : 64;
        index_entry *wider = bf_alloc(room * sizeof *wider);
        if (!wider) return bf_fail_in(BF_ERR_MEMORY, "%s", r->path);
        if (r->index_count)
            memcpy(wider, r->index, r->index_count * sizeof *wider);
        bf_free(r->index);
        r->index = wider;
        r->index_room = room;
    }
    r->index[r->index_count++] =
        (index_entry){.record = r->record, .offset = offset};
    return BF_OK;
}

static bf_status build_index(bf_frame_reader *r)
{
    bf_frame_record rec;
    r->index_count = 0;
    rewind_to(r, 0, 0, r->first_chain);
    while (r->next_sequence < r->header.records) {
        uint64_t offset = r->at;
        BF_TRY(bf_frame_next(r, &rec));
        BF_TRY(add_entry(r, offset));
        BF_TRY(skip(r));
    }
    r->indexed = true;
    return BF_OK;
}

bf_status bf_frame_seek(bf_frame_reader *r, uint32_t kind, bf_label label)
{
    const index_entry *found = NULL;
    uint8_t chain[BF_HASH_BYTES];
    if (!r->seekable)
        return bf_fail(BF_ERR_ARGUMENT, "%s: a pipe is read in order only",
                       r->path);
    if (!r->indexed) BF_TRY(build_index(r));
    for (size_t i = 0; i < r->index_count; i++) {
        const index_entry *e = &r->index[i];
        if (e->record.kind != kind || e->record.label.kind != label.kind ||
            e->record.label.index != label.index)
            continue;
        if (found)
            return bf_fail(BF_ERR_FORMAT, "%s: (%u, %llu) is there twice",
                           r->path, label.kind,
                           (unsigned long long)label.index);
        found = e;
    }
    if (!found)
        return bf_fail(BF_ERR_FORMAT, "%s: (%u, %llu) is missing", r->path,
                       label.kind, (unsigned long long)label.index);
    memcpy(chain, r->first_chain, sizeof chain);
    if (found->offset > 0) {
        r->at = found->offset - sizeof chain;
        BF_TRY(take(r, chain, sizeof chain));
    }
    rewind_to(r, found->offset, found->record.sequence, chain);
    return BF_OK;
}
