#include "train/message.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/env.h"
#include "base/file.h"
#include "base/memory.h"

static const char magic[6] = {'B', 'F', 'H', 'E', 'A', 'D'};
enum { HEAD_VERSION = 1 };

/* ---- what a message holds ------------------------------------------------ */

unsigned bf_session_rounds(const bf_session *s)
{
    return s->options.audit ? BF_ROUNDS_MAX : BF_ROUND_MODEL;
}

unsigned bf_message_parts(bf_part_kind kinds[BF_PARTS_MAX], const bf_session *s,
                          unsigned round, unsigned sender)
{
    bool rows = s->options.split == BF_SPLIT_ROWS;
    bool pooled = rows && !bf_session_whitener(s);
    bool whitened = s->job->recipe.kind == BF_RECIPE_WHITENED;
    unsigned n = 0;
    switch (round) {
    case 1:
        kinds[n++] = BF_PART_SQUARE;
        if (pooled) kinds[n++] = BF_PART_SUMS;
        if (!rows) kinds[n++] = BF_PART_ROWS;
        break;
    case 2:
        kinds[n++] = BF_PART_SQUARE;
        kinds[n++] = BF_PART_KEYS;
        if (pooled && whitened) kinds[n++] = BF_PART_SUMS;
        break;
    case 3:
        kinds[n++] = BF_PART_SECOND;
        if (rows && whitened && sender == bf_session_transforms(s))
            kinds[n++] = BF_PART_TRANSFORM;
        break;
    case 4:
        kinds[n++] = BF_PART_UPLOAD;
        break;
    case BF_ROUND_MODEL:
        kinds[n++] = BF_PART_MODEL;
        if (!s->options.audit)
            kinds[n++] = BF_PART_SHARE;
        else if (s->job->schedule.iterations > 1)
            kinds[n++] = BF_PART_BEFORE;
        break;
    case 6:
        kinds[n++] = BF_PART_AUDIT;
        break;
    default:
        kinds[n++] = BF_PART_SHARE;
    }
    return n;
}

bool bf_part_travels(bf_part_kind kind, unsigned round)
{
    return kind != BF_PART_MODEL && !(kind == BF_PART_SQUARE && round == 1);
}

const bf_part *bf_head_part(const bf_head *h, bf_part_kind kind)
{
    for (unsigned i = 0; i < h->parts; i++)
        if (h->part[i].kind == kind) return &h->part[i];
    return NULL;
}

void bf_message_name(char out[BF_MESSAGE_NAME_BYTES], unsigned round,
                     unsigned sender, bf_part_kind kind)
{
    static const char *const names[BF_PART_KINDS] = {
        "head",      "square", "keys",  "second", "sums",
        "transform", "upload", "model", "share",  "rows",
        "before",    "audit"};
    snprintf(out, BF_MESSAGE_NAME_BYTES, "r%u-%02u.%s", round, sender,
             names[kind]);
}

bf_status bf_message_path_join(bf_message_path *out, const char *folder,
                               const char *name)
{
    int n = snprintf(out->s, sizeof out->s, "%s/%s", folder, name);
    if (n >= 0 && (size_t)n < sizeof out->s) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", folder);
}

bf_status bf_message_there(bool *there, const char *path)
{
    struct stat st;
    *there = stat(path, &st) == 0;
    if (!*there)
        return errno == ENOENT
                   ? BF_OK
                   : bf_fail_errno(errno, "%s: cannot read", path);
    return S_ISREG(st.st_mode)
               ? BF_OK
               : bf_fail(BF_ERR_IO, "%s: is no regular file", path);
}

/* Nothing will come into a folder whose name is mistyped. */
static bf_status check_box(const char *box)
{
    struct stat st;
    if (stat(box, &st) == 0 && S_ISDIR(st.st_mode)) return BF_OK;
    return bf_fail(BF_ERR_IO, "%s: is no folder", box);
}

bf_status bf_message_find(bf_message_path *out, const char *box, unsigned round,
                          unsigned owner, bf_part_kind kind, const char *name)
{
    static const char *const folders[] = {"inbox", "outbox"};
    bool there;
    char file[BF_MESSAGE_NAME_BYTES], within[BF_MESSAGE_NAME_BYTES + 8];
    bf_message_name(file, round, owner, kind);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(within, sizeof within, "%s/%s", folders[i], file);
        BF_TRY(bf_message_path_join(out, box, within));
        BF_TRY(bf_message_there(&there, out->s));
        if (there) return BF_OK;
    }
    BF_TRY(check_box(box));
    return bf_fail(BF_ERR_WAITING, "round %u: waiting for %s (%s)", round, name,
                   file);
}

/* ---- heads --------------------------------------------------------------- */

size_t bf_head_print(uint8_t out[BF_HEAD_BYTES_MAX], const bf_session *s,
                     const bf_head *h)
{
    uint8_t *to = out + BF_HEAD_FIXED;
    memset(out, 0, BF_HEAD_BYTES_MAX);
    memcpy(out, magic, sizeof magic);
    bf_put_u16(out + 6, HEAD_VERSION);
    bf_put_u32(out + 8, h->round);
    bf_put_u32(out + 12, h->sender);
    bf_put_u32(out + 16, h->parts);
    memcpy(out + 24, s->id, BF_HASH_BYTES);
    memcpy(out + 24 + BF_HASH_BYTES, h->before, BF_HASH_BYTES);
    for (unsigned i = 0; i < h->parts; i++, to += BF_HEAD_PART) {
        bf_put_u32(to, (uint32_t)h->part[i].kind);
        bf_put_u64(to + 8, h->part[i].bytes);
        memcpy(to + 16, h->part[i].digest, BF_HASH_BYTES);
    }
    return (size_t)(to - out);
}

size_t bf_head_signed(uint8_t out[BF_HEAD_SIGNED_MAX], const uint8_t *head,
                      size_t bytes)
{
    memcpy(out, BF_HEAD_TAG, sizeof BF_HEAD_TAG);
    memcpy(out + sizeof BF_HEAD_TAG, head, bytes);
    return sizeof BF_HEAD_TAG + bytes;
}

static bf_status check_signature(const bf_party *from, const uint8_t *data,
                                 size_t bytes, const char *name)
{
    uint8_t text[BF_HEAD_SIGNED_MAX];
    size_t n = bf_head_signed(text, data, bytes);
    if (crypto_sign_verify_detached(data + bytes, text, n, from->sign) == 0)
        return BF_OK;
    return bf_fail(BF_ERR_SECURITY, "%s: not signed by %s", name, from->name);
}

/* A head has exactly one form: if printing the parsed head gives other bytes,
 * the head that was read is malformed. */
static bf_status check_form(const bf_head *h, const bf_session *s,
                            const uint8_t *data, size_t bytes, const char *name)
{
    uint8_t again[BF_HEAD_BYTES_MAX];
    bf_part_kind kinds[BF_PARTS_MAX];
    unsigned parts = bf_message_parts(kinds, s, h->round, h->sender);
    bool same = parts == h->parts &&
                bf_head_print(again, s, h) == bytes &&
                memcmp(again, data, bytes) == 0;
    for (unsigned i = 0; same && i < parts; i++)
        same = h->part[i].kind == kinds[i];
    if (same) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: not what a message of round %u holds",
                   name, h->round);
}

static bf_status damaged(const char *name)
{
    return bf_fail(BF_ERR_FORMAT, "%s: damaged: fetch it again", name);
}

bf_status bf_head_parse(bf_head *out, const bf_session *s, unsigned round,
                        unsigned sender, const uint8_t *data, size_t bytes,
                        const char *name)
{
    bf_head h = {0};
    if (bytes < BF_HEAD_FIXED + BF_SIGNATURE_BYTES ||
        bytes > BF_HEAD_BYTES_MAX || memcmp(data, magic, sizeof magic) != 0)
        return damaged(name);
    if (bf_get_u16(data + 6) != HEAD_VERSION)
        return bf_fail(BF_ERR_UNSUPPORTED, "%s: a message of version %u", name,
                       bf_get_u16(data + 6));
    h.round = bf_get_u32(data + 8);
    h.sender = bf_get_u32(data + 12);
    h.parts = bf_get_u32(data + 16);
    size_t signature = bytes - BF_SIGNATURE_BYTES;
    if (h.parts > BF_PARTS_MAX ||
        signature != BF_HEAD_FIXED + h.parts * (size_t)BF_HEAD_PART)
        return damaged(name);
    if (memcmp(data + 24, s->id, BF_HASH_BYTES) != 0)
        return bf_fail(BF_ERR_MISMATCH, "%s: of another session", name);
    BF_TRY(check_signature(&s->owner[sender].party, data, signature, name));
    if (h.round != round || h.sender != sender)
        return bf_fail(BF_ERR_SECURITY,
                       "%s: holds the message of round %u of owner %u", name,
                       h.round, h.sender);
    memcpy(h.before, data + 24 + BF_HASH_BYTES, BF_HASH_BYTES);
    for (unsigned i = 0; i < h.parts; i++) {
        const uint8_t *from = data + BF_HEAD_FIXED + i * BF_HEAD_PART;
        h.part[i].kind = (bf_part_kind)bf_get_u32(from);
        h.part[i].bytes = bf_get_u64(from + 8);
        memcpy(h.part[i].digest, from + 16, BF_HASH_BYTES);
    }
    BF_TRY(check_form(&h, s, data, signature, name));
    bf_hash(data, bytes, h.digest);
    *out = h;
    return BF_OK;
}

void bf_transcript_next(uint8_t out[BF_HASH_BYTES],
                        const uint8_t before[BF_HASH_BYTES],
                        const bf_head *heads, unsigned owners)
{
    bf_hasher h;
    bf_hasher_init(&h);
    bf_hasher_update(&h, before, BF_HASH_BYTES);
    for (unsigned i = 0; i < owners; i++)
        bf_hasher_update(&h, heads[i].digest, BF_HASH_BYTES);
    bf_hasher_final(&h, out);
}

/* ---- parts --------------------------------------------------------------- */

#define BLOCK_BYTES ((size_t)1 << 20)

static bf_status hash_stream(bf_part *out, FILE *f, const char *path)
{
    uint8_t *block = bf_alloc(BLOCK_BYTES);
    size_t n;
    bf_hasher h;
    bf_status status = BF_OK;
    if (!block) return BF_ERR_MEMORY;
    bf_hasher_init(&h);
    out->bytes = 0;
    while (status == BF_OK && (n = fread(block, 1, BLOCK_BYTES, f)) > 0) {
        bf_hasher_update(&h, block, n);
        out->bytes += n;
        status = bf_check_interrupt();
    }
    if (status == BF_OK && ferror(f))
        status = bf_fail_errno(errno, "%s: cannot read", path);
    bf_hasher_final(&h, out->digest);
    bf_free(block);
    return status;
}

bf_status bf_part_of_file(bf_part *out, bf_part_kind kind, const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f) return bf_fail_errno(errno, "%s: cannot open", path);
    out->kind = kind;
    bf_status s = hash_stream(out, f, path);
    fclose(f);
    return s;
}

bf_status bf_part_check(const bf_part *part, const char *path)
{
    bf_part found;
    BF_TRY(bf_part_of_file(&found, part->kind, path));
    if (found.bytes == part->bytes &&
        memcmp(found.digest, part->digest, BF_HASH_BYTES) == 0)
        return BF_OK;
    return bf_fail(BF_ERR_FORMAT,
                   "%s: not the file that its sender signed: fetch it again",
                   path);
}

