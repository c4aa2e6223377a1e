#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/owner/party_run.h"

unsigned bf_party_sent(const bf_party_run *p)
{
    unsigned round = 0, last = bf_session_rounds(p->session);
    while (round < last && p->st.head[round][p->me].bytes) round++;
    return round;
}

static const char *name_of(const bf_party_run *p, unsigned owner)
{
    return p->session->owner[owner].party.name;
}

bf_status bf_party_over(bf_party_run *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->st.why, sizeof p->st.why, fmt, args);
    va_end(args);
    p->st.over = true;
    bf_secret_key_destroy(p->st.s);
    bf_secret_key_destroy(p->st.u);
    p->st.s = p->st.u = NULL;
    BF_TRY(bf_box_save_state(p));
    return bf_fail(BF_ERR_SECURITY, "%s; this session is over", p->st.why);
}

/* ---- waiting ------------------------------------------------------------- */

/* The names of owners whose files are missing, in one line of text. */
typedef struct waiting {
    char names[BF_OWNERS_MAX * (BF_OWNER_NAME_BYTES + 2)];
    size_t length;
} waiting;

static void wait_for(waiting *w, const bf_party_run *p, unsigned owner)
{
    w->length += (size_t)snprintf(w->names + w->length,
                                  sizeof w->names - w->length, "%s%s",
                                  w->length ? ", " : "", name_of(p, owner));
}

/* ---- heads --------------------------------------------------------------- */

static bf_status check_same(bf_party_run *p, unsigned round, unsigned owner,
                            const uint8_t *data, size_t bytes)
{
    const bf_kept_head *kept = &p->st.head[round - 1][owner];
    if (kept->bytes == bytes && memcmp(kept->data, data, bytes) == 0)
        return BF_OK;
    if (owner == p->me)
        return bf_party_over(p, "round %u: there is another message of this "
                             "owner's: an older copy of its folder was used",
                             round);
    return bf_party_over(p, "round %u: %s signed two different messages", round,
                         name_of(p, owner));
}

/* Checks a head against the session and against earlier rounds. */
static bf_status check_head(bf_party_run *p, const bf_head *h)
{
    if (memcmp(h->before, p->t[h->round - 1], BF_HASH_BYTES) != 0)
        return bf_party_over(p, "round %u: %s and this owner were shown "
                             "different messages before", h->round,
                             name_of(p, h->sender));
    const bf_part *square = bf_head_part(h, BF_PART_SQUARE);
    if (h->round != 2) return BF_OK;
    const bf_part *promised = bf_head_part(&p->head[0][h->sender],
                                           BF_PART_SQUARE);
    if (square->bytes == promised->bytes &&
        memcmp(square->digest, promised->digest, BF_HASH_BYTES) == 0)
        return BF_OK;
    return bf_party_over(p, "round 2: %s sends other shares than it promised",
                         name_of(p, h->sender));
}

/* Reads the head in a file and keeps a new head in the state. *changed becomes
 * true if the head is new. */
static bf_status take_file(bf_party_run *p, unsigned round, unsigned owner,
                           const bf_path *path, bool *changed)
{
    uint8_t *data;
    size_t bytes;
    bf_head h;
    bf_kept_head *kept = &p->st.head[round - 1][owner];
    BF_TRY(bf_read_file(path->s, BF_HEAD_BYTES_MAX, &data, &bytes));
    bf_status s = bf_head_parse(&h, p->session, round, owner, data, bytes,
                                path->s);
    if (s == BF_OK && kept->bytes)
        s = check_same(p, round, owner, data, bytes);
    else if (s == BF_OK)
        s = check_head(p, &h);
    if (s == BF_OK && !kept->bytes) {
        kept->bytes = (uint32_t)bytes;
        memcpy(kept->data, data, bytes);
        *changed = true;
    }
    bf_free(data);
    return s;
}

/* Reads all heads of `round` in the inbox; T of the round before is known. The
 * inbox may hold heads of this owner as well, from a copy of its folder. */
static bf_status take_round(bf_party_run *p, unsigned round, bool *changed)
{
    for (unsigned k = 0; k < p->session->owners; k++) {
        char name[BF_MESSAGE_NAME_BYTES];
        bool there;
        bf_path path;
        bf_message_name(name, round, k, 0);
        BF_TRY(bf_box_path(&path, p, "inbox", name));
        BF_TRY(bf_message_there(&there, path.s));
        if (there) BF_TRY(take_file(p, round, k, &path, changed));
    }
    return BF_OK;
}

/* Parses the heads that the state holds. If all owners' heads are there, the
 * round is complete and its T is computed; else w names the missing owners. */
static bf_status complete(bf_party_run *p, unsigned round, waiting *w)
{
    for (unsigned k = 0; k < p->session->owners; k++) {
        const bf_kept_head *kept = &p->st.head[round - 1][k];
        if (!kept->bytes) {
            wait_for(w, p, k);
            continue;
        }
        BF_TRY(bf_head_parse(&p->head[round - 1][k], p->session, round, k,
                             kept->data, kept->bytes, "state"));
    }
    if (w->length) return BF_OK;
    bf_transcript_next(p->t[round], p->t[round - 1], p->head[round - 1],
                       p->session->owners);
    p->seen = round;
    return BF_OK;
}

bf_status bf_party_collect(bf_party_run *p)
{
    unsigned sent = bf_party_sent(p);
    memcpy(p->t[0], p->session->id, BF_HASH_BYTES);
    p->seen = 0;
    for (unsigned round = 1; round <= sent; round++) {
        bool changed = false;
        waiting w = {.length = 0};
        BF_TRY(take_round(p, round, &changed));
        if (changed) BF_TRY(bf_box_save_state(p));
        BF_TRY(complete(p, round, &w));
        if (w.length)
            return bf_fail(BF_ERR_WAITING, "round %u: waiting for %s", round,
                           w.names);
    }
    return BF_OK;
}

/* ---- parts --------------------------------------------------------------- */

/* A missing file of this owner's own is an error: nobody sends it. */
static bf_status check_part(bf_path *out, waiting *w, const bf_party_run *p,
                            unsigned round, unsigned owner, bf_part_kind kind)
{
    bool there;
    BF_TRY(bf_box_message(out, p, round, owner, kind));
    BF_TRY(bf_message_there(&there, out->s));
    if (there || owner == p->me)
        return bf_part_check(bf_head_part(&p->head[round - 1][owner], kind),
                             out->s);
    wait_for(w, p, owner);
    return BF_OK;
}

static bf_status waits(const waiting *w, unsigned round, bf_part_kind kind)
{
    char file[BF_MESSAGE_NAME_BYTES];
    if (!w->length) return BF_OK;
    bf_message_name(file, round, 0, kind);
    return bf_fail(BF_ERR_WAITING, "round %u: waiting for %s (.%s)", round,
                   w->names, strchr(file, '.') + 1);
}

bf_status bf_party_part(bf_path *out, const bf_party_run *p, unsigned round,
                        unsigned owner, bf_part_kind kind)
{
    waiting w = {.length = 0};
    BF_TRY(check_part(out, &w, p, round, owner, kind));
    return waits(&w, round, kind);
}

bf_status bf_party_need(const bf_party_run *p, unsigned round,
                        bf_part_kind kind)
{
    waiting w = {.length = 0};
    for (unsigned k = 0; k < p->session->owners; k++) {
        bf_path path;
        if (bf_head_part(&p->head[round - 1][k], kind))
            BF_TRY(check_part(&path, &w, p, round, k, kind));
    }
    return waits(&w, round, kind);
}
