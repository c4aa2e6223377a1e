/* Owner a's steps of a session, with the other owners' and the server's steps
 * in between. After each step the test searches the memory of this process for
 * a's secrets, the keys of a's identity, the masks that a shares with others,
 * a's sums, the shares of the opening, and the exact opening, and finds none.
 * Freed memory stays with the process, so that the search covers it. */
#include <sodium.h>

#include "ckks/owner/internal.h"
#include "ckks/owner/open_share.h"
#include "support/memory_witness.h"
#include "train/owner/party_state.h"
#include "train/owner/pooled.h"
#include "train/owner/sealed.h"
#include "train/party_steps.h"
#include "train/upload.h"
#include "wire/pack.h"
#include "wire/wire.h"

/* Where patterns are taken; doubles of -1, 0, 1 need more to be unlike. */
enum { AT = 1000, PIECE = 4 * sizeof(double), TERNARY = 40 };

/* ---- what must not stay: frames of their own, gone when the search begins  */

/* Seeds, the scalar of signatures, and of each other owner the product of keys,
 * the key that follows and the first of the mask. */
static void remember_pair(const bf_identity *id, unsigned other,
                          const char *name, uint8_t *secret)
{
    uint8_t *shared = secret, *key = secret + 32, *mask = secret + 64;
    bf_stream *stream = (bf_stream *)(secret + 128);
    bf_hasher h;
    const uint8_t numbers[2] = {0, (uint8_t)other};
    const uint8_t *theirs = session->owner[other].party.seal;
    assert_int_equal(crypto_scalarmult(shared, id->seal, theirs), 0);
    bf_hasher_init(&h);
    bf_hasher_update(&h, "blindfit-sum", 13);
    bf_hasher_update(&h, shared, 32);
    bf_hasher_update(&h, numbers, 2);
    bf_hasher_update(&h, id->party.seal, 32);
    bf_hasher_update(&h, theirs, 32);
    bf_hasher_update(&h, session->id, 32);
    bf_hasher_update(&h, name, strlen(name));
    bf_hasher_final(&h, key);
    bf_stream_init(stream, key, "blindfit-sum", 0, 0);
    bf_stream_bytes(stream, mask, 64);
    remember("product of two owners' keys", shared, 32);
    remember("key of a mask", key, 32);
    remember("key of a mask's stream", stream->key, 32);
    remember("mask", mask, 64);
}

static __attribute__((noinline)) void remember_identity(void)
{
    bf_identity id;
    size_t first = known, bytes = 128 + sizeof(bf_stream);
    uint8_t *secret = bf_secret_alloc(bytes);
    uint8_t *hash = bf_secret_alloc(crypto_hash_sha512_BYTES);
    check_ok(bf_identity_read(&id, at("a.id").s));
    remember("seed of signatures", id.sign, 32);
    remember("key of boxes", id.seal, 32);
    crypto_hash_sha512(hash, id.sign, 32);
    remember("nonces of signatures", hash + 32, 32);
    hash[0] &= 248;
    hash[31] = (uint8_t)((hash[31] & 63) | 64);
    remember("scalar of signatures", hash, 32);
    all_alive(first);
    bool pooled = session->options.split == BF_SPLIT_ROWS;
    for (unsigned other = 1; other < OWNERS; other++) {
        first = known;
        remember_pair(&id, other, pooled ? "moments" : "rows", secret);
        all_alive(first);
        if (!pooled) continue;
        first = known;
        remember_pair(&id, other, "products", secret);
        all_alive(first);
    }
    bf_secret_free(secret);
    bf_secret_free(hash);
    bf_identity_clear(&id);
    bf_wipe_stack();
}

static void remember_key(const bf_secret_key *sk, uint8_t *packed, double *x)
{
    const bf_ring *ring = bf_context_ring(bf_secret_key_context(sk));
    size_t n = ring->n, first = known;
    bf_derived d;
    check_ok(bf_derived_init(&d, ring));
    bf_pack_ternary(packed, bf_secret_key_coeffs(sk), n);
    bf_limb_from_i8(ring, 0, x, bf_secret_key_coeffs(sk));
    bf_limb_neg(ring, 0, x + n, bf_secret_neg(sk, 0));
    remember("packed secret", packed + AT / 4, PIECE);
    remember("secret", bf_secret_key_coeffs(sk) + AT, PIECE);
    remember("secret as doubles", x + AT, TERNARY * sizeof *x);
    remember("evaluated secret", x + n + AT, PIECE);
    remember("evaluated negative secret", bf_secret_neg(sk, 0) + AT, PIECE);
    remember("turned secret", bf_derived_image(&d, sk, 5) + AT, PIECE);
    all_alive(first);
    bf_derived_clear(&d);
}

static __attribute__((noinline)) void remember_secrets(const bf_context *ctx)
{
    bf_party_state st = {.owner = 0};
    size_t n = bf_context_ring(ctx)->n;
    uint8_t *packed = bf_secret_alloc(n / 4);
    double *x = bf_secret_alloc(2 * n * sizeof *x);
    check_ok(bf_party_state_read(&st, session, 0, ctx, at("box-a/state").s));
    remember_key(st.s, packed, x);
    remember_key(st.u, packed, x);
    bf_secret_free(packed);
    bf_secret_free(x);
    bf_party_state_clear(&st);
    bf_wipe_stack();
}

static __attribute__((noinline)) void remember_sums(void)
{
    bf_pooling pool = {.recipe = &session->job->recipe, .features = FEATURES,
                       .owners = OWNERS, .rows = {40, 50, 38}};
    bf_matrix own = {owner_rows[0], FEATURES, rows.data};
    bf_view x = bf_view_of(&own);
    size_t first = known;
    uint8_t *sums = bf_secret_alloc(2 * FEATURES * 16);
    check_ok(bf_pooled_moments(sums, &pool, 0, &x, NULL));
    remember("sums of own rows", sums, 64);
    all_alive(first);
    bf_secret_free(sums);
    bf_wipe_stack();
}

/* Of the values of each limb, [*from, *end) are opened to owner k. */
static void range_of(size_t *from, size_t *end, unsigned k)
{
    const bf_layout *l = &session->job->layout;
    size_t each = 2 * l->f * l->classes;
    bf_column_block b;
    *from = 0;
    *end = l->pairs;
    if (session->options.split == BF_SPLIT_COLUMNS) {
        check_ok(bf_session_block(&b, session, k));
        bf_column_block_pairs(&b, l, from, end);
    }
    *from *= each;
    *end *= each;
}

/* What owner k sent to owner 0. */
static void read_share(uint64_t **out, unsigned k, unsigned limbs)
{
    size_t bytes[BF_OWNERS_MAX] = {0}, got;
    path p = at("box-%c/outbox/r5-%02u.share", 'a' + (int)k, k);
    bf_identity id;
    for (unsigned i = 0; i < OWNERS; i++) {
        size_t from, end;
        range_of(&from, &end, i);
        bytes[i] = limbs * (end - from) * 8;
    }
    check_ok(bf_identity_read(&id, at("a.id").s));
    if (session->options.split == BF_SPLIT_COLUMNS)
        check_ok(bf_sealed_read_each((uint8_t **)out, p.s, session, &id, 0,
                                     bytes));
    else
        check_ok(bf_sealed_read((uint8_t **)out, &got, p.s, session, true, &id,
                                0, bytes[0]));
    bf_identity_clear(&id);
}

/* What owner a opens: every owner's share, and with the model their sum. */
static __attribute__((noinline)) void remember_opening(const bf_context *ctx)
{
    const bf_layout *l = &session->job->layout;
    size_t all = 2 * l->f * l->m, first = known, from, end;
    size_t n = bf_context_ring(ctx)->n;
    uint64_t *share[OWNERS];
    uint32_t *places = bf_alloc(all * sizeof *places);
    double *x = bf_secret_alloc((n + all) * sizeof *x), *whole = x + all;
    bf_wire_reader *r;
    bf_wire_item item;
    bf_ct ct = {0};
    bf_pt pt = {0};
    range_of(&from, &end, 0);
    bf_layout_weight_places(l, places);
    check_ok(bf_wire_open(&r, at("model.enc").s, BF_WIRE_MODEL,
                          bf_one_ring(ctx), (bf_wire_ids){0}));
    check_ok(bf_wire_find(r, BF_WIRE_CIPHERTEXT, (bf_label){BF_MODEL_FINAL, 0},
                          &item));
    check_ok(bf_wire_get_ct(r, &ct));
    for (unsigned k = 0; k < OWNERS; k++) {
        read_share(&share[k], k, ct.limbs);
        remember("share of an opening", share[k], PIECE);
    }
    check_ok(bf_open_combine(&pt, &ct, (bf_places){places + from, end - from},
                             (const uint64_t *const *)share, OWNERS));
    check_ok(bf_decode_coeffs(whole, &pt));
    remember("exact opening", whole + places[from], PIECE);
    for (size_t i = from; i < end; i++)
        x[i - from] = rint(whole[places[from] + i - from] * pt.scale);
    remember("exact opening, of integers", x, PIECE);
    remember("exact opening, evaluated", pt.data + AT, PIECE);
    all_alive(first);
    for (unsigned k = 0; k < OWNERS; k++) bf_secret_free(share[k]);
    bf_wire_close(r);
    bf_ct_clear(&ct);
    bf_pt_clear(&pt);
    bf_free(places);
    bf_secret_free(x);
    bf_wipe_stack();
}

/* ---- the session --------------------------------------------------------- */

/* A search takes long, and sessions differ in rounds 1 and 5 alone. */
static void round_of_all(unsigned round)
{
    check_fails(BF_ERR_WAITING, "waiting for", step(0));
    if (round == 1 || session->options.split == BF_SPLIT_ROWS)
        nothing_left("round 1 to 4");
    check_fails(BF_ERR_WAITING, "waiting for", step(1));
    check_fails(BF_ERR_WAITING, "waiting for", step(2));
    carry();
}

/* Owner a's steps in this session. */
static void nothing_is_left(void)
{
    bf_context *ctx;
    check_ok(bf_context_create(&ctx, &session->job->ring[0], BF_BACKEND_AUTO));
    remember_identity();
    if (session->options.split == BF_SPLIT_ROWS) remember_sums();
    nothing_left("a test that remembers");
    round_of_all(1);
    remember_secrets(ctx);
    nothing_left("round 1");
    for (unsigned round = 2; round <= 4; round++) round_of_all(round);
    check_ok(gather());
    train(at("model.enc"));
    send_model(at("model.enc"));
    for (unsigned k = 1; k < OWNERS; k++)
        assert_int_equal(step(k), session->owner[k].receives ? BF_ERR_WAITING
                                                             : BF_OK);
    check_fails(BF_ERR_WAITING, "waiting for", step(0));
    remember_opening(ctx);
    nothing_left("round 5");
    carry();
    check_ok(step(0));
    nothing_left("the opening");
    bf_context_destroy(ctx);
}

static void rows_of_owners(void **state)
{
    (void)state;
    session = make_session(BF_RECIPE_WHITENED);
    nothing_is_left();
}

static path top; /* of both sessions */

static void start_columns(void)
{
    static const size_t features[OWNERS] = {3, 2, 3};
    const bf_session_options options = {.split = BF_SPLIT_COLUMNS};
    bf_session_owner owners[OWNERS];
    bf_job *job = plan_job(BF_RECIPE_WHITENED);
    folder = at("columns");
    bf_session_destroy(session);
    known = 0;
    check_ok(bf_make_dir(folder.s, 0700));
    make_owners(owners);
    for (unsigned k = 0; k < OWNERS; k++) {
        owners[k].features = features[k];
        owners[k].labels = k == 0;
        owners[k].receives = true;
    }
    check_ok(bf_session_create(&session, job, owners, OWNERS, &options));
    check_ok(bf_session_write(session, at("session.bf").s));
    bf_job_destroy(job);
}

/* Each opens columns of its own. */
static void columns_of_owners(void **state)
{
    (void)state;
    start_columns();
    nothing_is_left();
}

static int open_folder(void **state)
{
    int status = open_session(state);
    top = folder;
    return status;
}

static int close_folder(void **state)
{
    folder = top;
    return close_session(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_owners),
        cmocka_unit_test(columns_of_owners),
    };
    memory_keep_freed();
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
