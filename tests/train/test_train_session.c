/* Sessions, identities and heads: their content, and refusal of anything else.
 */
#include <sodium.h>

#include "train/message.h"
#include "train/party_testing.h"

/* ---- sessions ------------------------------------------------------------ */

/* Computed with libsodium: the id is the digest of the file, and the common
 * seed is the digest of a tag and the id. */
static void ids_are_digests(void **state)
{
    (void)state;
    bf_session *s = make_session(BF_RECIPE_WHITENED), *again;
    uint8_t want[32], text[64] = "blindfit-crs";
    size_t bytes;
    uint8_t *file = read_bytes(at("session.bf"), &bytes);
    crypto_generichash(want, 32, file, bytes, NULL, 0);
    assert_memory_equal(s->id, want, 32);
    memcpy(text + 13, s->id, 32);
    crypto_generichash(want, 32, text, 45, NULL, 0);
    assert_memory_equal(s->crs, want, 32);
    check_ok(bf_session_read(&again, at("session.bf").s));
    assert_memory_equal(again->id, s->id, 32);
    assert_int_equal(again->owner[2].first, owner_rows[0] + owner_rows[1]);
    assert_memory_equal(again->owner[1].party.seal, s->owner[1].party.seal, 32);
    char print[BF_FINGERPRINT_BYTES], hex[5];
    bf_session_fingerprint(print, s);
    assert_int_equal(strlen(print), 39);
    snprintf(hex, sizeof hex, "%02x%02x", s->id[14], s->id[15]);
    assert_string_equal(print + 35, hex);
    bf_free(file);
    bf_session_destroy(again);
    bf_session_destroy(s);
}

static bf_status parse(const char *text, size_t bytes)
{
    bf_session *s;
    bf_status status = bf_session_parse(&s, text, bytes, "x");
    if (status == BF_OK) bf_session_destroy(s);
    return status;
}

/* Another spelling of a session is refused. */
static void sessions_have_one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"blindfit-session 1", "blindfit-session 2"},
        {"blindfit-session 1", "blindfit-session 1 "},
        {"\nnonce ", "\nnonce  "},
        {"\nnonce ", "\r\nnonce "},
        {"\nsplit rows", "\nsplit columns"},
        {"\nsplit rows", ""},
        {"\nowner b", "\nowner a"},
        {"\nowner b", "\nowner b/"},
        {"\nowner b", "\nowner -b"},
        {"\nowner b", "\nowner "},
        {"\nowner b", "\nowner abcdefghijklmnopqrstuvwxyzabcdef"},
        {" 50\n", " 050\n"},
        {" 50\n", " 51\n"},
        {" 50\n", " 0\n"},
        {" 50\n", " -50\n"},
        {" 50\n", " 18446744073709551666\n"},
        {" 50\n", " 50 receives \n"},
        {" 50\n", " 50 labels\n"}, /* which owners of rows do not say */
        {"split rows", "split labels"},
        {"split rows", "split columns"}, /* 40 and more of 8 */
        {"split rows", "split rows 1 0.5"},
        {"split rows", "split"},
        {" 50\n", " 50 receive\n"},
        {"\njob ", "\njob 0"},
        {"\n{", "\n {"},
    };
    bf_session *s = make_session(BF_RECIPE_WHITENED);
    assert_int_equal(parse(s->text, s->bytes), BF_OK);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *text = bf_alloc_zero(s->bytes + 64), *found;
        memcpy(text, s->text, s->bytes);
        found = strstr(text, changes[i].from);
        assert_non_null(found);
        size_t tail = strlen(found + strlen(changes[i].from)) + 1;
        memmove(found + strlen(changes[i].to),
                found + strlen(changes[i].from), tail);
        memcpy(found, changes[i].to, strlen(changes[i].to));
        if (parse(text, strlen(text)) != BF_ERR_FORMAT)
            fail_msg("'%s' for '%s' was taken: %s", changes[i].to,
                     changes[i].from, bf_last_error());
        bf_free(text);
    }
    for (size_t n = 0; n < s->bytes; n += n < 600 ? 1 : 97)
        assert_int_not_equal(parse(s->text, n), BF_OK);
    bf_session_destroy(s);
}

/* Digits of keys in capitals are the same numbers, and another file. */
static void capitals_are_refused(void **state)
{
    (void)state;
    bf_session *s = make_session(BF_RECIPE_WHITENED);
    size_t changed = 0;
    for (size_t i = strstr(s->text, "nonce ") - s->text + 6; i < 400; i++) {
        char *c = s->text + i, kept = *c;
        if (kept < 'a' || kept > 'f' || c[-1] == ' ') continue;
        *c = (char)(kept - 32);
        assert_int_equal(parse(s->text, s->bytes), BF_ERR_FORMAT);
        *c = kept;
        changed++;
    }
    assert_true(changed > 50);
    bf_session_destroy(s);
}

static void sessions_that_cannot_be(void **state)
{
    (void)state;
    bf_session *s;
    bf_session_owner owners[OWNERS], many[BF_OWNERS_MAX + 1] = {{.count = 0}};
    bf_job *job = plan_job(BF_RECIPE_WHITENED);
    make_owners(owners);
    check_fails(BF_ERR_ARGUMENT, "1 owners",
                bf_session_create(&s, job, owners, 1, NULL));
    check_fails(BF_ERR_ARGUMENT, "17 owners",
                bf_session_create(&s, job, many, BF_OWNERS_MAX + 1, NULL));
    check_fails(BF_ERR_ARGUMENT, "2 owners, the job is planned for 3",
                bf_session_create(&s, job, owners, 2, NULL));
    owners[1].count--;
    check_fails(BF_ERR_ARGUMENT, "127 rows, the job 128",
                bf_session_create(&s, job, owners, OWNERS, NULL));
    owners[1].count = SIZE_MAX;
    check_fails(BF_ERR_ARGUMENT, "owner b has",
                bf_session_create(&s, job, owners, OWNERS, NULL));
    owners[1].count = owner_rows[1];
    owners[0].receives = owners[2].receives = false;
    check_fails(BF_ERR_ARGUMENT, "nobody receives",
                bf_session_create(&s, job, owners, OWNERS, NULL));
    owners[0].receives = true;
    memcpy(owners[2].party.seal, owners[0].party.seal, 32);
    check_fails(BF_ERR_ARGUMENT, "same name or key",
                bf_session_create(&s, job, owners, OWNERS, NULL));
    make_owners(owners);
    const bf_session_options by_sample = {.sample_rows = 2 * FEATURES};
    check_fails(BF_ERR_ARGUMENT, "no owner who whitens",
                bf_session_create(&s, job, owners, OWNERS, &by_sample));
    const bf_session_options far = {.sample_rows = SIZE_MAX};
    owners[1].whitens = true;
    check_fails(BF_ERR_ARGUMENT, "a sample of",
                bf_session_create(&s, job, owners, OWNERS, &far));
    owners[2].whitens = true;
    check_fails(BF_ERR_ARGUMENT, "b and c whiten",
                bf_session_create(&s, job, owners, OWNERS, &by_sample));
    make_owners(owners);
    owners[0].count = 5, owners[1].count = ROWS - 5 - owner_rows[2];
    check_ok(bf_session_create(&s, job, owners, OWNERS, NULL));
    check_fails(BF_ERR_ARGUMENT, "a has 5 rows of 8 features",
                bf_session_check(s));
    bf_session_destroy(s);
    owners[1].whitens = true; /* nobody sees sums over a's five rows */
    check_ok(bf_session_create(&s, job, owners, OWNERS, &by_sample));
    check_ok(bf_session_check(s));
    assert_int_equal(parse(s->text, s->bytes), BF_OK);
    bf_session_destroy(s);
    owners[0].whitens = true, owners[1].whitens = false;
    check_ok(bf_session_create(&s, job, owners, OWNERS, NULL));
    check_fails(BF_ERR_ARGUMENT, "by 5 rows of 8 features: at least 16",
                bf_session_check(s));
    bf_session_destroy(s);
    bf_job_destroy(job);
}

/* ---- identities ---------------------------------------------------------- */

static void identities(void **state)
{
    (void)state;
    struct stat st;
    bf_identity id;
    bf_party p;
    path file = at("a.id"), publics = at("a.pub");
    bf_session_owner owners[OWNERS];
    make_owners(owners);
    assert_int_equal(stat(file.s, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    check_ok(bf_identity_read(&id, file.s));
    check_ok(bf_party_read(&p, publics.s));
    assert_memory_equal(&p, &id.party, sizeof p);
    uint8_t sealed[3 + crypto_box_SEALBYTES], open[3];
    assert_int_equal(crypto_box_seal(sealed, (const uint8_t *)"abc", 3, p.seal),
                     0);
    assert_int_equal(crypto_box_seal_open(open, sealed, sizeof sealed, p.seal,
                                          id.seal), 0);
    assert_memory_equal(open, "abc", 3);
    bf_identity_clear(&id);
    check_fails(BF_ERR_ARGUMENT, "is there already",
                bf_identity_create(file.s, publics.s, "a"));
    check_fails(BF_ERR_ARGUMENT, "is no name",
                bf_identity_create(at("z.id").s, at("z.pub").s, "z z"));
    assert_false(there(at("z.id")));
    size_t bytes;
    uint8_t *data = read_bytes(file, &bytes);
    for (size_t i = 0; i < bytes; i++) {
        data[i] ^= 16;
        write_bytes(at("bad.id"), data, bytes);
        /* Only a letter of the name can become another valid one; the flipped
         * bit is none of those that X25519 sets in a secret. */
        bf_status s = bf_identity_read(&id, at("bad.id").s);
        if (s == BF_OK && i != 16) fail_msg("byte %zu was changed", i);
        if (s == BF_OK) bf_identity_clear(&id);
        data[i] ^= 16;
    }
    bf_free(data);
}

/* ---- heads --------------------------------------------------------------- */

typedef struct signed_head {
    uint8_t data[BF_HEAD_BYTES_MAX + 1];
    size_t bytes;
} signed_head;

static signed_head sign(const bf_session *s, unsigned round, unsigned sender,
                        unsigned signer)
{
    signed_head out;
    bf_identity id;
    bf_part_kind kinds[BF_PARTS_MAX];
    bf_head h = {.round = round, .sender = sender};
    h.parts = bf_message_parts(kinds, s, round, sender);
    for (unsigned i = 0; i < h.parts; i++) {
        h.part[i].kind = kinds[i];
        h.part[i].bytes = 1000 + i;
        memset(h.part[i].digest, (int)i, BF_HASH_BYTES);
    }
    memcpy(h.before, s->id, BF_HASH_BYTES);
    check_ok(bf_identity_read(&id, at("%c.id", 'a' + (int)signer).s));
    out.bytes = bf_identity_sign(out.data, &id, s, &h);
    bf_identity_clear(&id);
    return out;
}

static bf_status read_head(bf_head *h, const bf_session *s, unsigned round,
                           unsigned sender, const signed_head *of)
{
    return bf_head_parse(h, s, round, sender, of->data, of->bytes, "x");
}

static void heads(void **state)
{
    (void)state;
    bf_session *s = make_session(BF_RECIPE_WHITENED);
    for (unsigned round = 1; round <= BF_ROUND_MODEL; round++)
        for (unsigned k = 0; k < OWNERS; k++) {
            bf_head h;
            uint8_t want[32];
            signed_head good = sign(s, round, k, k);
            assert_true(good.bytes <= 1024);
            check_ok(read_head(&h, s, round, k, &good));
            crypto_generichash(want, 32, good.data, good.bytes, NULL, 0);
            assert_memory_equal(h.digest, want, 32);
            assert_int_equal(h.part[h.parts - 1].bytes, 999 + h.parts);
            signed_head other = sign(s, round, k, (k + 1) % OWNERS);
            check_fails(BF_ERR_SECURITY, "not signed by",
                        read_head(&h, s, round, k, &other));
            check_fails(BF_ERR_SECURITY, "not signed by",
                        read_head(&h, s, round, (k + 1) % OWNERS, &good));
            check_fails(BF_ERR_SECURITY, "holds the message of",
                        read_head(&h, s, round % BF_ROUND_MODEL + 1, k, &good));
        }
    bf_session_destroy(s);
}

static void damaged_heads(void **state)
{
    (void)state;
    bf_session *s = make_session(BF_RECIPE_WHITENED);
    signed_head good = sign(s, 2, 1, 1), bad;
    bf_head h;
    for (size_t i = 0; i < good.bytes; i++) {
        bad = good;
        bad.data[i] ^= (uint8_t)(1 << i % 8);
        assert_int_not_equal(read_head(&h, s, 2, 1, &bad), BF_OK);
        bad = good;
        bad.bytes = i;
        assert_int_not_equal(read_head(&h, s, 2, 1, &bad), BF_OK);
    }
    bad = good;
    bad.bytes++;
    check_fails(BF_ERR_FORMAT, "damaged", read_head(&h, s, 2, 1, &bad));
    bf_session *other = make_session(BF_RECIPE_WHITENED);
    check_fails(BF_ERR_MISMATCH, "of another session",
                read_head(&h, other, 2, 1, &good));
    bf_session_destroy(other);
    bf_session_destroy(s);
}

/* Signed by its owner, but no message of the round. */
static void signed_nonsense(void **state)
{
    (void)state;
    bf_session *s = make_session(BF_RECIPE_WHITENED);
    signed_head good = sign(s, 2, 1, 1), bad;
    bf_identity id;
    bf_head h;
    static const size_t reserved[] = {20, 88 + 4, 88 + 48};
    check_ok(bf_identity_read(&id, at("b.id").s));
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        uint8_t text[BF_HEAD_SIGNED_MAX];
        size_t bytes = good.bytes - BF_SIGNATURE_BYTES;
        bad = good;
        bad.data[reserved[i]] ^= 4;
        size_t n = bf_head_signed(text, bad.data, bytes);
        crypto_sign_detached(bad.data + bytes, NULL, text, n, id.sign);
        check_fails(BF_ERR_FORMAT, "not what a message of round 2 holds",
                    read_head(&h, s, 2, 1, &bad));
    }
    bf_identity_clear(&id);
    bf_session_destroy(s);
}

static void transcripts(void **state)
{
    (void)state;
    uint8_t want[32], got[32], text[32 * (OWNERS + 1)];
    bf_head h[OWNERS] = {{0}};
    memset(text, 9, 32);
    for (int k = 0; k < OWNERS; k++) {
        memset(h[k].digest, 20 + k, 32);
        memset(text + 32 * (k + 1), 20 + k, 32);
    }
    crypto_generichash(want, 32, text, sizeof text, NULL, 0);
    bf_transcript_next(got, text, h, OWNERS);
    assert_memory_equal(got, want, 32);
    memcpy(text, "blindfit-joint", 15);
    memcpy(text + 15, want, 32); /* were this T_2 */
    crypto_generichash(want, 32, text, 47, NULL, 0);
    bf_session_joint_key(got, text + 15);
    assert_memory_equal(got, want, BF_KEY_ID_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_digests),
        cmocka_unit_test(sessions_have_one_spelling),
        cmocka_unit_test(capitals_are_refused),
        cmocka_unit_test(sessions_that_cannot_be),
        cmocka_unit_test(identities),
        cmocka_unit_test(heads),
        cmocka_unit_test(damaged_heads),
        cmocka_unit_test(signed_nonsense),
        cmocka_unit_test(transcripts),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
