/* This owner's messages: parts, head, and the order in which files are written.
 */
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "ckks/owner/key_share.h"
#include "train/owner/party_part.h"
#include "train/owner/protocol.h"

static bf_share_secrets own_secrets(const bf_party_run *p)
{
    return (bf_share_secrets){p->st.s, p->st.u, p->me};
}

/* ---- keys ---------------------------------------------------------------- */

static bf_status draw_secrets(bf_party_run *p)
{
    bf_secret_key_destroy(p->st.s);
    bf_secret_key_destroy(p->st.u);
    p->st.s = p->st.u = NULL;
    BF_TRY(bf_secret_key_generate(&p->st.s, p->ctx, 0));
    return bf_secret_key_generate(&p->st.u, p->ctx, 0);
}

static bf_status write_shares(const bf_party_run *p, bf_eval_keys *shares,
                              const char *path)
{
    bf_outfile *f;
    BF_TRY(bf_share_file_prepare(&f, p->session, shares, path));
    return bf_outfile_commit(f);
}

static bf_status make_square(bf_party_run *p, const char *path)
{
    bf_eval_keys shares = {0};
    BF_TRY(bf_share_squares(&shares, own_secrets(p), p->square.need,
                            p->square.count, p->session->crs, NULL));
    bf_status s = write_shares(p, &shares, path);
    bf_eval_keys_clear(&shares);
    return s;
}

static bf_status make_keys(bf_party_run *p, const char *path)
{
    bf_eval_keys shares = {0};
    BF_TRY(bf_share_linear(&shares, own_secrets(p), p->linear.need,
                           p->linear.count, p->session->crs, NULL));
    bf_status s = write_shares(p, &shares, path);
    bf_eval_keys_clear(&shares);
    return s;
}

static bf_status add_squares(bf_eval_keys *sum, const bf_party_run *p,
                             bf_share_reader *readers)
{
    *sum = (bf_eval_keys){.ctx = p->ctx};
    sum->keys = bf_alloc_zero((p->square.count + 1) * sizeof *sum->keys);
    if (!sum->keys) return BF_ERR_MEMORY;
    for (; sum->count < p->square.count; sum->count++) {
        bf_eval_keys one = {0};
        BF_TRY(bf_share_next_sum(readers, p->session->owners, &one));
        sum->keys[sum->count] = one.keys[0];
        one.count = 0; /* what it held is the sum's */
        bf_eval_keys_clear(&one);
    }
    for (unsigned k = 0; k < p->session->owners; k++)
        BF_TRY(bf_share_end(&readers[k]));
    return BF_OK;
}

/* The sum of all owners' (h0, h1), read from the files that p->head[1] names.
 */
static bf_status sum_squares(bf_eval_keys *sum, const bf_party_run *p)
{
    bf_share_reader readers[BF_OWNERS_MAX] = {{0}};
    bf_path path[BF_OWNERS_MAX];
    bf_status status = BF_OK;
    for (unsigned k = 0; k < p->session->owners && status == BF_OK; k++) {
        status = bf_box_message(&path[k], p, 2, k, BF_PART_SQUARE);
        if (status == BF_OK)
            status = bf_share_open(&readers[k], p->session, p->ctx, &p->square,
                                   BF_KEY_A_WHOLE, path[k].s);
    }
    if (status == BF_OK) status = add_squares(sum, p, readers);
    for (unsigned k = 0; k < p->session->owners; k++)
        bf_share_close(&readers[k]);
    return status;
}

static bf_status make_second(bf_party_run *p, const char *path)
{
    bf_eval_keys sum = {0}, shares = {0};
    bf_status s = sum_squares(&sum, p);
    if (s == BF_OK)
        s = bf_share_squares_second(&shares, own_secrets(p), &sum, NULL);
    if (s == BF_OK) s = write_shares(p, &shares, path);
    bf_eval_keys_clear(&sum);
    bf_eval_keys_clear(&shares);
    return s;
}

/* ---- parts --------------------------------------------------------------- */

static bf_status make_part(bf_party_run *p, unsigned round, bf_part_kind kind,
                           const char *path)
{
    switch (kind) {
    case BF_PART_SQUARE:
        return round == 1 ? make_square(p, path) : BF_OK;
    case BF_PART_KEYS: return make_keys(p, path);
    case BF_PART_SECOND: return make_second(p, path);
    case BF_PART_SUMS: return bf_party_make_sums(p, round, path);
    case BF_PART_ROWS: return bf_party_make_rows(p, path);
    case BF_PART_TRANSFORM: return bf_party_make_transform(p, path);
    case BF_PART_UPLOAD: return bf_party_make_upload(p, path);
    case BF_PART_MODEL: return bf_party_recheck(p);
    case BF_PART_BEFORE:
    case BF_PART_SHARE: return bf_party_make_share(p, kind, path);
    case BF_PART_AUDIT: return bf_party_make_audit(p, path);
    }
    return bf_fail(BF_ERR_INTERNAL, "a part of kind %d", (int)kind);
}

/* The path of a part before the message is shown. SQUARE of round 1 is held
 * back until round 2; MODEL is the server's file in the inbox. */
static bf_status part_path(bf_path *out, const bf_party_run *p, unsigned round,
                           bf_part_kind kind)
{
    char name[BF_MESSAGE_NAME_BYTES];
    if (kind == BF_PART_MODEL)
        return bf_box_model(out, p);
    if (kind != BF_PART_SQUARE) return bf_box_new(out, p, round, kind);
    bf_message_name(name, 2, p->me, kind);
    return bf_box_path(out, p, round == 1 ? "new" : "held", name);
}

/* Checks that everything is here on which the message of `round` depends. */
static bf_status check_ready(bf_party_run *p, unsigned round)
{
    switch (round) {
    case 1: return bf_party_check_data(p, 1);
    case 2:
        BF_TRY(bf_party_need(p, 1, BF_PART_SUMS));
        BF_TRY(bf_party_need(p, 1, BF_PART_ROWS));
        return bf_party_check_rows(p);
    case 3:
        BF_TRY(bf_party_need(p, 2, BF_PART_SQUARE));
        return bf_party_need(p, 2, BF_PART_SUMS);
    case 4: return bf_party_need(p, 3, BF_PART_TRANSFORM);
    case 5: return bf_box_take_model(p);
    case 6:
        BF_TRY(bf_party_check_models(p));
        return bf_party_need(p, 5, BF_PART_BEFORE);
    case 7: return bf_party_need(p, 6, BF_PART_AUDIT);
    default: return BF_OK;
    }
}

/* ---- the head ------------------------------------------------------------ */

static bf_status sign_head(bf_party_run *p, bf_head *h, bf_kept_head *kept)
{
    bf_path path;
    bf_outfile *f;
    kept->bytes = (uint32_t)bf_identity_sign(kept->data, &p->id, p->session, h);
    BF_TRY(bf_box_new(&path, p, h->round, 0));
    BF_TRY(bf_outfile_open(&f, path.s, 0644));
    bf_status s = bf_outfile_write(f, kept->data, kept->bytes);
    if (s == BF_OK) return bf_outfile_commit(f);
    bf_outfile_abort(f);
    return s;
}

static bf_status make_message(bf_party_run *p, bf_head *h, bf_kept_head *kept)
{
    bf_part_kind kinds[BF_PARTS_MAX];
    h->parts = bf_message_parts(kinds, p->session, h->round, p->me);
    if (h->round == 1) BF_TRY(draw_secrets(p));
    for (unsigned i = 0; i < h->parts; i++) {
        bf_path path;
        BF_TRY(part_path(&path, p, h->round, kinds[i]));
        BF_TRY(make_part(p, h->round, kinds[i], path.s));
        BF_TRY(bf_part_of_file(&h->part[i], kinds[i], path.s));
    }
    return sign_head(p, h, kept);
}

/* Wipes each secret after the last message that needs the secret. */
static void give_up_secrets(bf_party_run *p, unsigned round)
{
    if (round < 3) return;
    bf_secret_key_destroy(p->st.u);
    p->st.u = NULL;
    if (round < bf_session_rounds(p->session)) return;
    bf_secret_key_destroy(p->st.s);
    p->st.s = NULL;
}

bf_status bf_party_send(bf_party_run *p)
{
    unsigned round = p->seen + 1;
    bf_head h = {.round = round, .sender = p->me};
    bf_kept_head kept = {0};
    BF_TRY(check_ready(p, round));
    memcpy(h.before, p->t[round - 1], sizeof h.before);
    BF_TRY(bf_box_empty_new(p));
    BF_TRY(make_message(p, &h, &kept));
    p->st.head[round - 1][p->me] = kept;
    give_up_secrets(p, round);
    BF_TRY(bf_box_save_state(p));
    return bf_box_publish(p);
}
