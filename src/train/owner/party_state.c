#include "train/owner/party_state.h"

#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "wire/pack.h"

static const char magic[8] = {'B', 'F', 'P', 'A', 'R', 'T', 'Y', 0};
enum { VERSION = 1 };

/* The largest state has all heads at full length and two secrets of a ring of
 * 2^17. */
#define STATE_BYTES_MAX                                                      \
    (1024 + (size_t)BF_ROUNDS_MAX * BF_OWNERS_MAX * sizeof(bf_kept_head) +   \
     ((size_t)1 << 17) / 2)

void bf_party_state_clear(bf_party_state *st)
{
    bf_secret_key_destroy(st->s);
    bf_secret_key_destroy(st->u);
    *st = (bf_party_state){0};
}

/* ---- a cursor ------------------------------------------------------------ */

/* A cursor writes or reads fields in the order of the file. Reading a damaged
 * file stops at the file's end. */
typedef struct cursor {
    uint8_t *data;
    size_t at, bytes;
    bool writes, bad;
} cursor;

static void pass(cursor *c, void *field, size_t bytes)
{
    if (c->bad || c->bytes - c->at < bytes) {
        c->bad = true;
        return;
    }
    if (c->writes)
        memcpy(c->data + c->at, field, bytes);
    else
        memcpy(field, c->data + c->at, bytes);
    c->at += bytes;
}

static void pass_u32(cursor *c, uint32_t *v)
{
    uint8_t b[4] = {0};
    bf_put_u32(b, *v);
    pass(c, b, sizeof b);
    *v = bf_get_u32(b);
}

static void pass_flag(cursor *c, bool *flag)
{
    uint32_t v = *flag;
    pass_u32(c, &v);
    if (v > 1) c->bad = true;
    *flag = v == 1;
}

static void pass_heads(cursor *c, bf_party_state *st, const bf_session *s)
{
    for (unsigned r = 0; r < bf_session_rounds(s); r++)
        for (unsigned k = 0; k < s->owners; k++) {
            bf_kept_head *h = &st->head[r][k];
            pass_u32(c, &h->bytes);
            if (h->bytes > sizeof h->data) {
                c->bad = true;
                h->bytes = 0;
            }
            pass(c, h->data, h->bytes);
        }
}

static void pass_public(cursor *c, bf_party_state *st, const bf_session *s,
                        bool *has_s, bool *has_u)
{
    char head[sizeof magic];
    uint8_t id[BF_HASH_BYTES];
    uint32_t version = VERSION, owner = st->owner;
    memcpy(head, magic, sizeof head);
    memcpy(id, s->id, sizeof id);
    pass(c, head, sizeof head);
    pass_u32(c, &version);
    pass_u32(c, &owner);
    pass(c, id, sizeof id);
    if (memcmp(head, magic, sizeof head) != 0 || version != VERSION ||
        owner != st->owner || memcmp(id, s->id, sizeof id) != 0)
        c->bad = true;
    pass_flag(c, &st->over);
    pass_flag(c, &st->done);
    pass(c, st->why, sizeof st->why);
    if (st->why[sizeof st->why - 1]) c->bad = true;
    pass(c, st->rows, sizeof st->rows);
    pass_flag(c, has_s);
    pass_flag(c, has_u);
    pass_heads(c, st, s);
}

/* ---- writing ------------------------------------------------------------- */

static void put_secret(cursor *c, const bf_secret_key *sk)
{
    size_t n = (size_t)1 << bf_context_params(bf_secret_key_context(sk))->log_n;
    uint8_t id[BF_KEY_ID_BYTES];
    memcpy(id, bf_secret_key_id(sk), sizeof id);
    pass(c, id, sizeof id);
    if (c->bad || c->bytes - c->at < n / 4) {
        c->bad = true;
        return;
    }
    bf_pack_ternary(c->data + c->at, bf_secret_key_coeffs(sk), n);
    c->at += n / 4;
}

static void fill(cursor *c, bf_party_state *st, const bf_session *s)
{
    bool has_s = st->s != NULL, has_u = st->u != NULL;
    uint8_t digest[BF_HASH_BYTES];
    pass_public(c, st, s, &has_s, &has_u);
    if (st->s) put_secret(c, st->s);
    if (st->u) put_secret(c, st->u);
    bf_hash(c->data, c->at, digest);
    pass(c, digest, sizeof digest);
    bf_wipe_stack();
}

bf_status bf_party_state_write(bf_party_state *st, const bf_session *s,
                               const char *path)
{
    bf_outfile *f;
    cursor c = {.data = bf_secret_alloc(STATE_BYTES_MAX),
                .bytes = STATE_BYTES_MAX, .writes = true};
    if (!c.data) return BF_ERR_MEMORY;
    fill(&c, st, s);
    bf_status status = c.bad ? bf_fail(BF_ERR_INTERNAL, "%s: too large", path)
                             : bf_outfile_open(&f, path, 0600);
    if (status == BF_OK) {
        status = bf_outfile_write(f, c.data, c.at);
        if (status == BF_OK)
            status = bf_outfile_commit(f);
        else
            bf_outfile_abort(f);
    }
    bf_secret_free(c.data);
    return status;
}

/* ---- reading ------------------------------------------------------------- */

static bf_status get_secret(bf_secret_key **out, cursor *c,
                            const bf_context *ctx)
{
    size_t n = (size_t)1 << bf_context_params(ctx)->log_n;
    uint8_t id[BF_KEY_ID_BYTES];
    pass(c, id, sizeof id);
    if (c->bad || c->bytes - c->at < n / 4)
        return bf_fail(BF_ERR_FORMAT, "damaged");
    int8_t *coeffs = bf_secret_alloc(n);
    if (!coeffs) return BF_ERR_MEMORY;
    bf_unpack_ternary(coeffs, c->data + c->at, n);
    c->at += n / 4;
    bf_status s = bf_secret_key_import(out, ctx, coeffs, 0, id);
    bf_secret_free(coeffs);
    return s;
}

static bf_status parse(bf_party_state *st, cursor *c, const bf_session *s,
                       const bf_context *ctx)
{
    bool has_s = false, has_u = false;
    uint8_t digest[BF_HASH_BYTES];
    if (c->bytes < BF_HASH_BYTES) return bf_fail(BF_ERR_FORMAT, "damaged");
    c->bytes -= BF_HASH_BYTES;
    bf_hash(c->data, c->bytes, digest);
    bf_wipe_stack();
    if (memcmp(digest, c->data + c->bytes, sizeof digest) != 0)
        return bf_fail(BF_ERR_FORMAT, "damaged");
    pass_public(c, st, s, &has_s, &has_u);
    if (c->bad)
        return bf_fail(BF_ERR_MISMATCH,
                       "of another session, or of another owner");
    if (has_s) BF_TRY(get_secret(&st->s, c, ctx));
    if (has_u) BF_TRY(get_secret(&st->u, c, ctx));
    return c->at == c->bytes ? BF_OK : bf_fail(BF_ERR_FORMAT, "damaged");
}

bf_status bf_party_state_read(bf_party_state *st, const bf_session *s,
                              unsigned owner, const bf_context *ctx,
                              const char *path)
{
    cursor c = {0};
    bf_party_state made = {.owner = owner};
    BF_TRY(bf_read_file(path, STATE_BYTES_MAX, &c.data, &c.bytes));
    size_t bytes = c.bytes;
    bf_status status = parse(&made, &c, s, ctx);
    bf_wipe(c.data, bytes);
    bf_free(c.data);
    if (status != BF_OK) {
        bf_party_state_clear(&made);
        return bf_fail_in(status, "%s", path);
    }
    bf_party_state_clear(st);
    *st = made;
    return BF_OK;
}
