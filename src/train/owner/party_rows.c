/* Owners who hold parts of the same rows compare digests of the names of these
 * rows, so that all of them use the same rows in the same order. An outsider
 * could guess names of rows and compare digests; therefore the key that owners
 * i and j share (secure_sum.h) goes into each digest:
 *   tag from i to j = BLAKE2b-256(k_ij || i || names of rows that both have),
 * where each name is a line that ends in a line feed. An owner who gives no
 * names hashes no lines. The part holds the tags to all owners, in the order of
 * owners. The box keeps the tags that the others must send, so that only the
 * first step reads names. */
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "train/owner/party_part.h"
#include "train/owner/secure_sum.h"

#define NAMES_MAX ((size_t)1 << 32)

/* The lines of a file. The line of row first + i is text[start[i]] to
 * text[start[i + 1]]. */
typedef struct names {
    uint8_t *text; /* NULL: there are none */
    size_t *start;
} names;

static void clear(names *n)
{
    bf_free(n->text);
    bf_free(n->start);
}

/* Finds the starts of at most count + 1 lines and returns the number of lines
 * found. */
static size_t find_lines(names *n, size_t bytes, size_t count)
{
    size_t lines = 0, at = bf_utf8_mark(n->text, bytes);
    while (at < bytes && lines <= count) {
        const uint8_t *end = memchr(n->text + at, '\n', bytes - at);
        n->start[lines++] = at;
        at = end ? (size_t)(end - n->text) + 1 : bytes;
    }
    if (lines <= count) n->start[lines] = at;
    return lines;
}

static bf_status read_names(names *n, const bf_party_run *p)
{
    size_t bytes, count = bf_party_me(p)->count;
    const char *path = p->o->row_names;
    if (!path) return BF_OK;
    BF_TRY(bf_read_file(path, NAMES_MAX, &n->text, &bytes));
    n->start = bf_alloc((count + 1) * sizeof *n->start);
    if (!n->start) return BF_ERR_MEMORY;
    size_t lines = find_lines(n, bytes, count);
    if (lines == count) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: %s%zu names of rows, the session wants %zu from %s",
                   path, lines > count ? "more than " : "",
                   lines > count ? count : lines, count,
                   bf_party_me(p)->party.name);
}

/* The rows of which this owner and another both hold a part; true if there are
 * any. */
static bool common(const bf_party_run *p, unsigned other, size_t *first,
                   size_t *end)
{
    const bf_session_owner *a = bf_party_me(p), *b = &p->session->owner[other];
    *first = a->first > b->first ? a->first : b->first;
    *end = a->first + a->count < b->first + b->count ? a->first + a->count
                                                      : b->first + b->count;
    return other != p->me && *first < *end;
}

/* Hashes each line with a line feed at its end, whatever ends the line in the
 * file. */
static void add_names(bf_hasher *h, const names *n, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        size_t at = n->start[i], last = n->start[i + 1];
        while (last > at &&
               (n->text[last - 1] == '\n' || n->text[last - 1] == '\r'))
            last--;
        bf_hasher_update(h, n->text + at, last - at);
        bf_hasher_update(h, "\n", 1);
    }
}

static bf_status make_tag(uint8_t tag[BF_HASH_BYTES], const bf_party_run *p,
                          unsigned other, unsigned sender, const names *n)
{
    bf_sum_owner own = {.secret = p->id.seal, .owners = p->session->owners,
                        .number = p->me, .session = p->session->id};
    uint8_t *key, from = (uint8_t)sender;
    size_t first, end, base = bf_party_me(p)->first;
    bf_hasher h;
    memset(tag, 0, BF_HASH_BYTES);
    if (!common(p, other, &first, &end)) return BF_OK;
    for (unsigned k = 0; k < own.owners; k++)
        own.publics[k] = p->session->owner[k].party.seal;
    key = bf_secret_alloc(BF_HASH_BYTES);
    if (!key) return BF_ERR_MEMORY;
    bf_status s = bf_sum_pair_key(key, &own, other, "rows");
    if (s == BF_OK) {
        bf_hasher_init(&h);
        bf_hasher_update(&h, key, BF_HASH_BYTES);
        bf_hasher_update(&h, &from, 1);
        if (n->text) add_names(&h, n, first - base, end - base);
        bf_hasher_final(&h, tag);
        bf_wipe(&h, sizeof h);
    }
    bf_secret_free(key);
    return s;
}

static bf_status write_tags(const char *path, unsigned mode,
                            const uint8_t *tags, size_t bytes)
{
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, path, mode));
    bf_status s = bf_outfile_write(f, tags, bytes);
    if (s == BF_OK) return bf_outfile_commit(f);
    bf_outfile_abort(f);
    return s;
}

static bf_status kept_path(bf_path *out, const bf_party_run *p)
{
    return bf_box_path(out, p, NULL, "rows");
}

static bf_status make_tags(const bf_party_run *p, const names *n,
                           const char *path)
{
    uint8_t sent[BF_OWNERS_MAX][BF_HASH_BYTES];
    uint8_t wanted[BF_OWNERS_MAX][BF_HASH_BYTES];
    size_t bytes = p->session->owners * (size_t)BF_HASH_BYTES;
    bf_path kept;
    for (unsigned k = 0; k < p->session->owners; k++) {
        BF_TRY(make_tag(sent[k], p, k, p->me, n));
        BF_TRY(make_tag(wanted[k], p, k, k, n));
    }
    BF_TRY(kept_path(&kept, p));
    BF_TRY(write_tags(kept.s, 0600, wanted[0], bytes));
    return write_tags(path, 0644, sent[0], bytes);
}

bf_status bf_party_make_rows(bf_party_run *p, const char *path)
{
    names n = {NULL, NULL};
    bf_status s = read_names(&n, p);
    if (s == BF_OK) s = make_tags(p, &n, path);
    clear(&n);
    return s;
}

static bf_status read_tags(uint8_t tags[BF_OWNERS_MAX][BF_HASH_BYTES],
                           const bf_party_run *p, const char *path)
{
    size_t bytes, want = p->session->owners * (size_t)BF_HASH_BYTES;
    uint8_t *data;
    BF_TRY(bf_read_file(path, want, &data, &bytes));
    bf_status s = BF_OK;
    if (bytes == want)
        memcpy(tags, data, want);
    else
        s = bf_fail(BF_ERR_FORMAT, "%s: %zu bytes, expected %zu", path, bytes,
                    want);
    bf_free(data);
    return s;
}

static bf_status check_rows(bf_party_run *p, unsigned other,
                            const uint8_t wanted[BF_HASH_BYTES])
{
    uint8_t tags[BF_OWNERS_MAX][BF_HASH_BYTES];
    bf_path path;
    BF_TRY(bf_party_part(&path, p, 1, other, BF_PART_ROWS));
    BF_TRY(read_tags(tags, p, path.s));
    if (memcmp(tags[p->me], wanted, BF_HASH_BYTES) == 0) return BF_OK;
    return bf_party_over(p, "round 1: %s names its rows otherwise than this "
                         "owner, or has them in another order",
                         p->session->owner[other].party.name);
}

bf_status bf_party_check_rows(bf_party_run *p)
{
    uint8_t wanted[BF_OWNERS_MAX][BF_HASH_BYTES];
    bf_path kept;
    if (p->session->options.split == BF_SPLIT_ROWS) return BF_OK;
    BF_TRY(kept_path(&kept, p));
    BF_TRY(read_tags(wanted, p, kept.s));
    for (unsigned k = 0; k < p->session->owners; k++) {
        size_t first, end;
        if (common(p, k, &first, &end)) BF_TRY(check_rows(p, k, wanted[k]));
    }
    return BF_OK;
}
