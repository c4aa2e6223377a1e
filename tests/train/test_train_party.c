/* A session of three owners in folders of their own and a server, from their
 * identities to the opened model; reactions to missing, damaged and forged
 * messages; and that no message is made twice. */
#include <errno.h>
#include <sodium.h>

#include "train/owner/party_state.h"
#include "train/owner/pooled.h"
#include "train/owner/sealed.h"
#include "train/owner/session_check.h"
#include "train/owner/transform.h"
#include "train/party_killed.h"

/* ---- stages: all owners have sent round r, nothing of it is carried ------ */

static void restore(unsigned stage)
{
    char from[32];
    snprintf(from, sizeof from, "stage%u/", stage);
    for (int k = 0; k < OWNERS; k++)
        check_ok(bf_remove_tree(at("box-%c", 'a' + k).s));
    copy_tree(from, "");
}

static void make_stages(void)
{
    for (unsigned stage = 1; stage <= 4; stage++) {
        char to[32];
        for (unsigned k = 0; k < OWNERS; k++)
            check_fails(BF_ERR_WAITING, "waiting for", step(k));
        snprintf(to, sizeof to, "stage%u/", stage);
        copy_tree("", to);
        carry();
    }
    check_ok(gather());
    train(at("model.enc"));
    send_model(at("model.enc"));
}

/* ---- the model ----------------------------------------------------------- */

/* The rows of owner k to which the transform is fitted; if one owner whitens
 * alone, k is 0. */
static bf_view fitted_rows(unsigned k)
{
    if (session->options.sample_rows) return *sample;
    return view_of(bf_session_whitener(session) ? bf_session_transforms(session)
                                                : k);
}

/* The transform of the pooled rows, by sums in the clear. */
static bf_transform *pooled_transform(void)
{
    bf_pooling pool = bf_session_pooling(session);
    bf_transform *t;
    size_t m = bf_pooled_count(&pool, BF_POOLED_MOMENTS),
           q = bf_pooled_count(&pool, BF_POOLED_PRODUCTS);
    uint8_t *moments = bf_alloc_zero(16 * m),
            *products = bf_alloc_zero(8 * q + 1),
            *one = bf_alloc(16 * m + 8 * q);
    for (int pass = 0; pass < (q ? 2 : 1); pass++)
        for (unsigned k = 0; k < pool.owners; k++) {
            bf_view x = fitted_rows(k);
            if (pass == 0)
                check_ok(bf_pooled_moments(one, &pool, k, &x, NULL));
            else
                check_ok(bf_pooled_products(one, &pool, k, &x, moments, NULL));
            if (pass == 0) bf_sum_add(moments, one, m, 16);
            else bf_sum_add(products, one, q, 8);
        }
    check_ok(bf_pooled_fit(&t, &pool, moments, q ? products : NULL, NULL));
    bf_free(moments);
    bf_free(products);
    bf_free(one);
    return t;
}

/* The rows of all owners. */
static bf_matrix all_rows(void)
{
    return (bf_matrix){session->job->layout.n, FEATURES, rows.data};
}

static void twin_scores(bf_matrix *scores)
{
    bf_transform *t = pooled_transform();
    bf_matrix all = all_rows(), u = {0}, w = {0};
    bf_schedule schedule = {0};
    bf_model m = {0};
    check_ok(bf_transform_apply(&u, t, &all, true, NULL));
    check_ok(bf_schedule_make(&schedule, &session->job->recipe, all.rows));
    check_ok(bf_transform_start(&schedule, t, CLASSES));
    check_ok(bf_twin_run(&w, &schedule, &u, labels, CLASSES, NULL, NULL, NULL));
    m.map = BF_MAP_NONE;
    check_ok(bf_transform_unmap(&m.weights, t, &w));
    check_ok(bf_model_scores(scores, &m, &all));
    bf_model_clear(&m);
    bf_schedule_clear(&schedule);
    bf_matrix_clear(&u);
    bf_matrix_clear(&w);
    bf_transform_destroy(t);
}

/* Scores of the opened model against those of the twin of all rows: errors of
 * weights are planned to be some percent of them. */
static void check_model(path model, const bf_matrix *want)
{
    bf_model m = {0};
    bf_matrix all = all_rows(), scores = {0};
    double error = 0, size = 0;
    check_ok(bf_model_load(&m, model.s));
    check_ok(bf_model_scores(&scores, &m, &all));
    for (size_t i = 0; i < all.rows * CLASSES; i++) {
        error += pow(scores.data[i] - want->data[i], 2);
        size += pow(want->data[i], 2);
    }
    print_message("scores differ from the twin's by %.2f %%\n",
                  100 * sqrt(error / size));
    assert_true(sqrt(error / size) < 0.1);
    bf_matrix_clear(&scores);
    bf_model_clear(&m);
}

static void open_and_compare(void)
{
    bf_matrix want = {0};
    bf_party_report r = {0};
    for (unsigned k = 0; k < OWNERS; k++) {
        bf_status s = step_report(&r, k);
        assert_int_equal(s, k == 1 ? BF_OK : BF_ERR_WAITING);
        assert_int_equal(r.done, k == 1); /* b receives nothing */
    }
    copy_tree("", "stage5/");
    carry();
    twin_scores(&want);
    for (unsigned k = 0; k < OWNERS; k++) {
        check_ok(step_report(&r, k));
        assert_true(r.done && r.opened == (k != 1));
        if (k == 1) continue;
        check_model(at("%c.npy", 'a' + (int)k), &want);
        check_ok(step_report(&r, k)); /* once more: the same model */
    }
    assert_false(there(at("b.npy")));
    bf_matrix_clear(&want);
}

static void whitened(void **state)
{
    (void)state;
    session = make_session(BF_RECIPE_WHITENED);
    make_stages();
    open_and_compare();
}

/* A session beside the one of all tests, in a folder of its own. */
typedef struct aside {
    bf_session *kept;
    path was;
} aside;

static aside begin_aside(const char *name)
{
    aside a = {session, folder};
    path inner = at("%s", name);
    check_ok(bf_make_dir(inner.s, 0700));
    folder = inner;
    return a;
}

static void end_aside(aside a)
{
    bf_session_destroy(session);
    folder = a.was;
    session = a.kept;
}

static void paper(void **state)
{
    (void)state;
    aside a = begin_aside("paper");
    session = make_session(BF_RECIPE_PAPER);
    make_stages();
    open_and_compare();
    end_aside(a);
}

static size_t upload_bytes(unsigned k)
{
    path sent = at("stage4/box-%c/outbox/r4-%02u.upload", 'a' + (int)k, k);
    size_t bytes;
    bf_free(read_bytes(sent, &bytes));
    return bytes;
}

/* The job says how many rows each owner has, so that b, whose rows would begin
 * in the ciphertext of a's, begins with the next, and shares it with c: each
 * sends one ciphertext of rows. */
static void planned_rows(void **state)
{
    (void)state;
    static const size_t planned[OWNERS] = {40, 26, 24};
    const bf_plan_options options = {
        .owners = OWNERS, .owner_rows = planned, .log_n = 13, .f = 64, .k = 1};
    const bf_session_options elsewhere = {.split = BF_SPLIT_LABELS};
    bf_session_owner owners[OWNERS];
    bf_session *s;
    aside a = begin_aside("planned");
    bf_job *job = plan_job_of(BF_RECIPE_WHITENED, 90, &options);
    assert_true(job->layout.t == 64 && job->layout.places == 64 + 26 + 24);
    make_owners(owners);
    for (int k = 0; k < OWNERS; k++) owners[k].count = 30;
    check_fails(BF_ERR_ARGUMENT, "a has 30 rows, the job is planned for 40",
                bf_session_create(&s, job, owners, OWNERS, NULL));
    for (int k = 0; k < OWNERS; k++) owners[k].count = planned[k];
    check_fails(BF_ERR_ARGUMENT, "planned for rows that are split",
                bf_session_create(&s, job, owners, OWNERS, &elsewhere));
    check_ok(bf_session_create(&session, job, owners, OWNERS, NULL));
    check_ok(bf_session_write(session, at("session.bf").s));
    bf_job_destroy(job);
    make_stages();
    for (unsigned k = 1; k < OWNERS; k++)
        assert_int_equal(upload_bytes(k), upload_bytes(0));
    open_and_compare();
    end_aside(a);
}

/* ---- files that are missing or damaged ----------------------------------- */

/* Files of others that owner c (number 2) needs to get on from round r. */
static const char *const needed[] = {
    "r1-00.head", "r1-01.sums", "r2-01.head",      "r2-00.square",
    "r2-01.sums", "r3-01.head", "r3-00.transform", "r4-01.head",
    "r5-00.head", "r5-00.share"};
enum { NEEDED = sizeof needed / sizeof *needed };
/* Files of owner b (number 1) that the server needs. */
static const char *const served[] = {"r1-01.head",   "r2-01.head",
                                     "r3-01.head",   "r4-01.head",
                                     "r2-01.square", "r2-01.keys",
                                     "r3-01.second", "r4-01.upload"};
enum { SERVED = sizeof served / sizeof *served };

static unsigned round_of(const char *name)
{
    return (unsigned)(name[1] - '0');
}

static path in_c(const char *name)
{
    return at("box-c/inbox/%s", name);
}

/* Owner c's step with all that it needs of this round. */
static void goes_on_from(unsigned round)
{
    char line[40];
    snprintf(line, sizeof line, "round %u: waiting for", round + 1);
    if (round == 5)
        check_ok(step(2));
    else
        check_fails(BF_ERR_WAITING,
                    round == 4 ? "round 4: waiting for the server" : line,
                    step(2));
}

static void missing_files_are_awaited(void **state)
{
    (void)state;
    for (int i = 0; i < NEEDED; i++) {
        char who[40];
        unsigned round = round_of(needed[i]);
        restore(round);
        carry();
        copy_file(in_c(needed[i]), at("kept"));
        assert_int_equal(unlink(in_c(needed[i]).s), 0);
        snprintf(who, sizeof who, "round %u: waiting for %c", round,
                 'a' + needed[i][4] - '0');
        check_fails(BF_ERR_WAITING, who, step(2));
        copy_file(at("kept"), in_c(needed[i]));
        goes_on_from(round);
    }
}

/* Whatever is wrong with a file, it is refused, and may be fetched again. */
static void damaged_files_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < NEEDED; i++)
        for (int way = 0; way < WAYS; way++) {
            restore(round_of(needed[i]));
            carry();
            copy_file(in_c(needed[i]), at("kept"));
            spoil(at("kept"), in_c(needed[i]), way);
            is_refused(step(2), needed[i], way);
            copy_file(at("kept"), in_c(needed[i]));
            goes_on_from(round_of(needed[i]));
        }
}

/* The same of the server, and files of owner a in b's place. Nothing is written
 * in place of what was gathered before. */
static void the_server_refuses_them_too(void **state)
{
    (void)state;
    bf_part keys;
    path made = at("server/job/eval.keys");
    check_ok(bf_part_of_file(&keys, BF_PART_KEYS, made.s));
    for (int i = 0; i < SERVED; i++) {
        path in = at("server/inbox/%s", served[i]), kept = at("kept");
        copy_file(in, kept);
        assert_int_equal(unlink(in.s), 0);
        check_fails(BF_ERR_WAITING, served[i], gather());
        for (int way = 0; way < WAYS; way++) {
            spoil(kept, in, way);
            is_refused(gather(), served[i], way);
        }
        copy_file(at("server/inbox/r%u-00%s", round_of(served[i]),
                     served[i] + strlen("r1-01")), in);
        is_refused(gather(), served[i], 0);
        copy_file(kept, in);
    }
    check_ok(bf_part_check(&keys, made.s));
    check_ok(gather());
}

static void wrong_places(void **state)
{
    (void)state;
    restore(2);
    /* Messages of a later round are ignored. */
    copy_file(at("stage3/box-b/outbox/r3-01.head"), in_c("r3-01.head"));
    check_fails(BF_ERR_WAITING, "round 2: waiting for a, b", step(2));
    /* Of another round, or of somebody else. */
    copy_file(at("stage2/box-b/outbox/r1-01.head"), in_c("r2-01.head"));
    check_fails(BF_ERR_SECURITY, "holds the message of round 1", step(2));
    copy_file(at("stage2/box-a/outbox/r2-00.head"), in_c("r2-01.head"));
    check_fails(BF_ERR_SECURITY, "not signed by b", step(2));
    unlink(in_c("r2-01.head").s);
    /* Twice the same is once. */
    carry();
    check_fails(BF_ERR_WAITING, "round 3", step(2));
    carry();
    check_fails(BF_ERR_WAITING, "round 3", step(2));
    /* Other rows than in round 1. */
    restore(3);
    carry();
    labels[ROWS - 1] = (labels[ROWS - 1] + 1) % CLASSES;
    check_fails(BF_ERR_MISMATCH, "other rows or labels", step(2));
    labels[ROWS - 1] = (labels[ROWS - 1] + CLASSES - 1) % CLASSES;
    check_fails(BF_ERR_WAITING, "round 4", step(2));
}

static void another_session(void **state)
{
    (void)state;
    bf_session *kept = session;
    path was = folder, inner = at("other");
    check_ok(bf_make_dir(inner.s, 0700));
    for (int k = 0; k < OWNERS; k++) {
        path id = at("%c.id", 'a' + k), publics = at("%c.pub", 'a' + k);
        folder = inner;
        copy_file(id, at("%c.id", 'a' + k));
        copy_file(publics, at("%c.pub", 'a' + k));
        folder = was;
    }
    folder = inner;
    session = make_session(BF_RECIPE_WHITENED);
    check_fails(BF_ERR_WAITING, "round 1", step(1));
    bf_session_destroy(session);
    folder = was;
    session = kept;
    restore(1);
    carry();
    copy_file(at("other/box-b/outbox/r1-01.head"), in_c("r1-01.head"));
    check_fails(BF_ERR_MISMATCH, "of another session", step(2));
    copy_file(at("other/box-b/state"), at("box-b/state"));
    check_fails(BF_ERR_MISMATCH, "of another session", step(1));
}

/* ---- cheats -------------------------------------------------------------- */

/* The session is over for owner k: always, without secrets, nothing new in its
 * outbox. */
static void check_over(unsigned k, const char *why)
{
    size_t before, after;
    bf_party_state st = {.owner = k};
    bf_context *ctx;
    path last = at("box-%c/outbox/r3-%02u.second", 'a' + (int)k, k);
    bool sent = there(last);
    check_fails(BF_ERR_SECURITY, why, step(k));
    assert_int_equal(there(last), sent);
    bf_free(read_bytes(at("box-%c/state", 'a' + (int)k), &before));
    carry();
    check_fails(BF_ERR_SECURITY, "this session is over", step(k));
    bf_free(read_bytes(at("box-%c/state", 'a' + (int)k), &after));
    assert_int_equal(before, after);
    check_ok(bf_context_create(&ctx, &session->job->ring[0], BF_BACKEND_AUTO));
    check_ok(bf_party_state_read(&st, session, k, ctx,
                                 at("box-%c/state", 'a' + (int)k).s));
    assert_true(st.over && !st.s && !st.u);
    bf_party_state_clear(&st);
    bf_context_destroy(ctx);
}

/* The head of a file, changed by `change` and signed again by its sender. */
static void resign(path file, unsigned round, unsigned sender,
                   void (*change)(bf_head *h))
{
    size_t bytes;
    bf_head h;
    bf_identity id;
    uint8_t out[BF_HEAD_BYTES_MAX], *data = read_bytes(file, &bytes);
    check_ok(bf_head_parse(&h, session, round, sender, data, bytes, file.s));
    change(&h);
    check_ok(bf_identity_read(&id, at("%c.id", 'a' + (int)sender).s));
    bytes = bf_identity_sign(out, &id, session, &h);
    write_bytes(file, out, bytes);
    bf_identity_clear(&id);
    bf_free(data);
}

static void other_square(bf_head *h)
{
    h->part[0].digest[3] ^= 1;
}

static void other_sums(bf_head *h)
{
    h->part[h->parts - 1].digest[3] ^= 1;
}

static void other_transcript(bf_head *h)
{
    h->before[0] ^= 1;
}

/* The message of b that c gets in this round. */
static path head_of(unsigned round)
{
    return at("box-c/inbox/r%u-01.head", round);
}

static path sent_by_b(unsigned round)
{
    return at("stage%u/box-b/outbox/r%u-01.head", round, round);
}

/* b's message of this round, signed for another session of the same owners. */
static void sign_elsewhere(path file, unsigned round)
{
    size_t bytes;
    bf_head h;
    bf_identity id;
    bf_session *other;
    bf_session_owner owners[OWNERS];
    uint8_t out[BF_HEAD_BYTES_MAX], *data = read_bytes(file, &bytes);
    make_owners(owners);
    check_ok(bf_session_create(&other, session->job, owners, OWNERS, NULL));
    check_ok(bf_head_parse(&h, session, round, 1, data, bytes, file.s));
    check_ok(bf_identity_read(&id, at("b.id").s));
    bytes = bf_identity_sign(out, &id, other, &h);
    write_bytes(file, out, bytes);
    bf_identity_clear(&id);
    bf_session_destroy(other);
    bf_free(data);
}

/* Of every round: b's message is another session's, a's, late, early, there
 * twice, and there with two contents. */
static void every_round(void **state)
{
    (void)state;
    static const char *const last[] = {"r5-01.head", "r5-01.share"};
    for (unsigned round = 1; round <= BF_ROUND_MODEL; round++) {
        char waits[40];
        path own = at("stage%u/box-a/outbox/r%u-00.head", round, round);
        restore(round);
        for (int i = 0; i < SERVED + 2; i++) {
            const char *name = i < SERVED ? served[i] : last[i - SERVED];
            unsigned later = round_of(name);
            if (later > round)
                copy_file(at("stage%u/box-b/outbox/%s", later, name),
                          in_c(name));
        }
        snprintf(waits, sizeof waits, "round %u: waiting for a", round);
        check_fails(BF_ERR_WAITING, waits, step(2));
        restore(round);
        carry();
        sign_elsewhere(head_of(round), round);
        check_fails(BF_ERR_MISMATCH, "of another session", step(2));
        copy_file(own, head_of(round));
        check_fails(BF_ERR_SECURITY, "not signed by b", step(2));
        for (unsigned other = 1; other <= BF_ROUND_MODEL; other++) {
            if (other == round) continue;
            copy_file(sent_by_b(other), head_of(round));
            check_fails(BF_ERR_SECURITY, "holds the message of round", step(2));
        }
        copy_file(sent_by_b(round), head_of(round));
        goes_on_from(round);
        carry();
        goes_on_from(round);
        resign(head_of(round), round, 1, other_sums);
        check_over(2, "b signed two different messages");
    }
}

/* b chooses its shares after it saw the others'. */
static void late_commitment(void **state)
{
    (void)state;
    restore(2);
    carry();
    resign(in_c("r2-01.head"), 2, 1, other_square);
    check_over(2, "other shares than it promised");
}

/* The carrier replaces b's shares by h0 = 2^20: the file is no longer b's. */
static void forged_shares(void **state)
{
    (void)state;
    restore(2);
    carry();
    copy_file(at("stage2/box-a/outbox/r2-00.square"), in_c("r2-01.square"));
    check_fails(BF_ERR_FORMAT, "not the file that its sender signed", step(2));
    assert_false(there(at("box-c/outbox/r3-02.second")));
}

/* b sends a and c different first messages, both of them whole. */
static void two_faces(void **state)
{
    (void)state;
    restore(1);
    carry();
    check_ok(bf_remove_tree(at("box-b").s));
    check_fails(BF_ERR_WAITING, "round 1", step(1));
    copy_files(out_of(1), in_of(2));
    check_fails(BF_ERR_WAITING, "round 2", step(0));
    check_fails(BF_ERR_WAITING, "round 2", step(2));
    copy_files(out_of(0), in_of(2));
    copy_files(out_of(2), in_of(0));
    check_over(0, "c and this owner were shown different messages");
    check_over(2, "this owner were shown different messages");
}

static void two_messages(void **state)
{
    (void)state;
    restore(2);
    carry();
    check_fails(BF_ERR_WAITING, "round 3", step(2));
    resign(in_c("r2-01.head"), 2, 1, other_sums);
    check_over(2, "b signed two different messages");
    restore(3);
    carry();
    resign(in_c("r1-01.head"), 1, 1, other_sums);
    check_over(2, "b signed two different messages");
    restore(2);
    carry();
    resign(in_c("r2-01.head"), 2, 1, other_transcript);
    check_over(2, "were shown different messages");
}

/* c's folder is an old copy: c's next message would be a second answer. */
static void restored_backup(void **state)
{
    (void)state;
    restore(2);
    copy_file(at("stage3/box-c/outbox/r2-02.head"), at("kept"));
    check_ok(bf_remove_tree(at("box-c").s));
    check_fails(BF_ERR_WAITING, "round 1", step(2));
    copy_file(at("stage3/box-c/outbox/r1-02.head"), in_c("r1-02.head"));
    check_over(2, "an older copy of its folder");
    restore(3);
    assert_int_equal(unlink(at("box-c/state").s), 0);
    check_fails(BF_ERR_IO, "box-c/state: is gone", step(2));
    assert_false(there(at("box-c/state")));
}

/* No share is asked for twice: with the same messages there is nothing to make,
 * with others the session is over. */
static void second_share(void **state)
{
    (void)state;
    size_t bytes, again;
    restore(2);
    carry();
    check_fails(BF_ERR_WAITING, "round 3", step(2));
    uint8_t *first = read_bytes(at("box-c/outbox/r3-02.second"), &bytes);
    check_fails(BF_ERR_WAITING, "round 3", step(2));
    uint8_t *second = read_bytes(at("box-c/outbox/r3-02.second"), &again);
    assert_int_equal(bytes, again);
    assert_memory_equal(first, second, bytes);
    assert_int_equal(unlink(at("box-c/outbox/r3-02.second").s), 0);
    check_fails(BF_ERR_IO, "cannot be made again", step(2));
    bf_free(first);
    bf_free(second);
}

/* Files that were checked in an earlier round are checked again, or awaited,
 * where they are used. */
static void replaced_sums(void **state)
{
    (void)state;
    restore(3);
    carry();
    copy_file(in_c("r1-00.sums"), in_c("r1-01.sums"));
    check_fails(BF_ERR_FORMAT, "r1-01.sums: not the file that", step(2));
    assert_int_equal(unlink(in_c("r1-01.sums").s), 0);
    check_fails(BF_ERR_WAITING, "round 1: waiting for b (.sums)", step(2));
    copy_file(at("stage3/box-b/outbox/r1-01.sums"), in_c("r1-01.sums"));
    check_fails(BF_ERR_WAITING, "round 4", step(2));
}

static bf_part forged;

static void other_part(bf_head *h)
{
    h->part[h->parts - 1] = forged;
}

/* Its owner signs, for c, another transform than the right one. */
static void forge_transform(double first, double all)
{
    unsigned from = bf_session_transforms(session);
    path plain = at("plain"), in = at("box-c/inbox/r3-%02u.transform", from);
    bf_transform *t = pooled_transform();
    size_t bytes;
    restore(3);
    carry();
    t->linear[0] *= first;
    bf_transform_scale(t, all);
    check_ok(bf_transform_save(t, plain.s));
    bf_transform_destroy(t);
    uint8_t *data = read_bytes(plain, &bytes);
    unlink(in.s); /* it is linked to others */
    check_ok(bf_sealed_write(in.s, session, false, data, bytes));
    bf_free(data);
    check_ok(bf_part_of_file(&forged, BF_PART_TRANSFORM, in.s));
    resign(at("box-c/inbox/r3-%02u.head", from), 3, from, other_part);
}

static void another_transform(void **state)
{
    (void)state;
    forge_transform(1.001, 1);
    check_over(2, "the transform of a is not that of the sums");
}

/* ---- one owner whitens alone --------------------------------------------- */

/* A session in which b does, by so many public rows, or 0. */
static void make_whitened_session(size_t sample_rows)
{
    const bf_session_options options = {.sample_rows = sample_rows};
    bf_session_owner owners[OWNERS];
    bf_job *job = plan_job(BF_RECIPE_WHITENED);
    make_owners(owners);
    owners[1].whitens = true;
    check_ok(bf_session_create(&session, job, owners, OWNERS, &options));
    check_ok(bf_session_write(session, at("session.bf").s));
    bf_job_destroy(job);
}

/* Nobody sends sums, and b the transform. Without a sample, others cannot tell
 * that a transform is not of b's rows, but that their own rows leave the range:
 * b's transform, or b's rows, may be too unlike theirs. */
static void whitened_by_its_rows(void **state)
{
    (void)state;
    aside a = begin_aside("alone");
    make_whitened_session(0);
    make_stages();
    assert_false(there(at("stage4/box-b/outbox/r1-01.sums")));
    assert_false(there(at("stage4/box-b/outbox/r2-01.sums")));
    assert_false(there(at("stage4/box-a/outbox/r3-00.transform")));
    open_and_compare();
    forge_transform(1, 3);
    check_fails(BF_ERR_RANGE, "rows of c differ too much from those that b "
                "fitted the transform to: make a session in which another",
                step(2));
    assert_false(there(at("box-c/outbox/r4-02.head")));
    end_aside(a);
}

/* As many rows like those of the owners. */
static void make_sample(bf_matrix *x)
{
    int32_t of[ROWS];
    make_data(x, of);
    for (size_t i = 0; i < ROWS * FEATURES; i++)
        x->data[i] = 0.9 * x->data[i] + 0.1 * x->data[ROWS * FEATURES - 1 - i];
}

/* Who has the sample notices another transform; who does not, goes on. */
static void whitened_by_a_sample(void **state)
{
    (void)state;
    bf_matrix x;
    make_sample(&x);
    bf_view all = bf_view_of(&x);
    aside a = begin_aside("sample");
    make_whitened_session(ROWS);
    for (unsigned k = 0; k < OWNERS; k++)
        check_fails(BF_ERR_WAITING, "round 1", step(k));
    carry();
    for (unsigned k = 0; k < OWNERS; k++)
        check_fails(BF_ERR_WAITING, "round 2", step(k));
    carry();
    check_fails(BF_ERR_ARGUMENT, "wants the public sample of 128 rows",
                step(1));
    for (int k = 0; k < OWNERS; k++)
        check_ok(bf_remove_tree(at("box-%c", 'a' + k).s));
    sample = &all;
    make_stages();
    open_and_compare();
    forge_transform(1.001, 1);
    check_fails(BF_ERR_MISMATCH, "the transform of b and the sample", step(2));
    assert_false(there(at("box-c/outbox/r4-02.head")));
    sample = NULL;
    check_fails(BF_ERR_WAITING, "round 4", step(2));
    end_aside(a);
    sample = &all;
    check_fails(BF_ERR_ARGUMENT, "without a public sample", step(2));
    sample = NULL;
    bf_matrix_clear(&x);
}

static void swapped_upload(void **state)
{
    (void)state;
    copy_file(at("server/inbox/r4-01.upload"), at("kept"));
    copy_file(at("server/inbox/r4-02.upload"), at("server/inbox/r4-01.upload"));
    check_fails(BF_ERR_FORMAT, "not the file that its sender signed", gather());
    assert_int_equal(unlink(at("server/inbox/r4-01.upload").s), 0);
    check_fails(BF_ERR_WAITING, "waiting for b", gather());
    copy_file(at("kept"), at("server/inbox/r4-01.upload"));
    resign(at("server/inbox/r3-01.head"), 3, 1, other_transcript);
    check_fails(BF_ERR_SECURITY, "shown other messages", gather());
    copy_file(at("stage4/box-b/outbox/r3-01.head"),
              at("server/inbox/r3-01.head"));
    check_ok(gather());
}

static void altered_model(void **state)
{
    (void)state;
    restore(5);
    carry();
    resign(at("box-a/inbox/r5-02.head"), 5, 2, other_square);
    check_over(0, "given different models");
    restore(4);
    carry();
    copy_file(at("model.enc"), in_c("model.enc"));
    flip_byte(in_c("model.enc"), 100000);
    assert_int_equal(step(2), BF_ERR_FORMAT);
    assert_false(there(at("box-c/outbox/r5-02.share")));
}

/* All ciphertexts but for one residue. */
static void other_residue(bf_label label, bf_ct *ct)
{
    (void)label;
    ct->data[1] = ct->data[1] == 0;
}

/* The constant 2^14: every opened number is a coefficient of the owners'
 * secrets, times as much. */
static void built_c1(bf_label label, bf_ct *ct)
{
    size_t n = (size_t)1 << bf_context_params(ct->ctx)->log_n;
    (void)label;
    for (size_t i = 0; i < ct->limbs * 2 * n; i++)
        ct->data[i] = i / n % 2 ? 0x1p14 : 0;
}

/* b, who receives nothing, repeats the server's run unless it is told not to:
 * the owners' messages lead to another model. Receivers do not. */
static void rechecked(void **state)
{
    (void)state;
    path keys = at("box-b/inbox/r2-02.keys");
    path model = at("box-b/inbox/model.enc");
    recheck = BF_RECHECK_ONE;
    restore(4);
    carry();
    send_model(at("model.enc"));
    copy_file(keys, at("kept"));
    assert_int_equal(unlink(keys.s), 0);
    assert_int_equal(unlink(in_c("r2-01.keys").s), 0);
    check_fails(BF_ERR_WAITING, "round 5", step(2));
    check_fails(BF_ERR_WAITING, "waiting for c (r2-02.keys)", step(1));
    assert_false(there(at("box-b/outbox/r5-01.share")));
    copy_file(at("kept"), keys);
    /* What was damaged on its way does not end the session. */
    for (int way = 0; way < WAYS; way++) {
        spoil(at("model.enc"), model, way);
        is_refused(step(1), "model.enc", way);
    }
    copy_file(at("model.enc"), model);
    check_ok(step(1));
    assert_true(there(at("box-b/outbox/r5-01.share")));
    assert_false(there(at("box-b/recheck")));
    for (int i = 0; i < 2; i++) {
        restore(4);
        carry();
        build_model(at("built.enc"), i ? built_c1 : other_residue);
        copy_file(at("built.enc"), model);
        check_over(1, "not what the owners' messages make");
        assert_false(there(at("box-b/outbox/r5-01.share")));
    }
    recheck = BF_RECHECK_NEVER;
}

/* Weights that no run of the job has, as where a modulus wrapped, are not
 * written. */
static void weights_out_of_range(void **state)
{
    (void)state;
    restore(4);
    carry();
    moved = 3 * session->job->bounds.weight;
    build_model(at("built.enc"), first_moves);
    send_model(at("built.enc"));
    for (unsigned k = 0; k < OWNERS; k++)
        assert_int_equal(step(k), k == 1 ? BF_OK : BF_ERR_WAITING);
    carry();
    unlink(at("a.npy").s);
    check_fails(BF_ERR_RANGE, "are not what the session says", step(0));
    assert_false(there(at("a.npy")));
}

/* ---- what is cut off ----------------------------------------------------- */

/* Owner 0 before it makes the message of a round: in round 1 with an empty box.
 * */
static void before_round(unsigned round)
{
    if (round == 1) {
        restore(1);
        check_ok(bf_remove_tree(at("box-a").s));
        return;
    }
    restore(round - 1);
    carry();
    if (round == 5) copy_file(at("model.enc"), at("box-a/inbox/model.enc"));
}

/* Writes, flushes and renames of a message fail: every third of them. */
static void failing_calls(void **state)
{
    (void)state;
    for (unsigned round = 1; round <= BF_ROUND_MODEL; round++) {
        bool failed = true;
        int calls = 0;
        for (; failed; calls += 3) {
            before_round(round);
            bf_outfile_fail_for_tests(calls, EIO);
            failed = step(0) == BF_ERR_IO;
            bf_outfile_fail_for_tests(-1, 0);
            check_sent(round);
        }
        print_message("round %u: %d calls\n", round, calls - 3);
        assert_true(calls > 8);
    }
}

static bool gather_killed_at(int call)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bf_outfile_fail_for_tests(call, 0);
        _exit(gather() == BF_OK ? 0 : 1);
    }
    return was_killed(child);
}

/* Every seventh call of the server's: its files are whole, or absent. */
static void gather_killed(void)
{
    static const char *const name[] = {"job.json", "eval.keys"};
    bf_part whole[2];
    bool cut = true;
    int call = 0;
    for (int i = 0; i < 2; i++)
        check_ok(bf_part_of_file(&whole[i], BF_PART_KEYS,
                                 at("server/job/%s", name[i]).s));
    for (; cut; call += 7) {
        check_ok(bf_remove_tree(at("server/job").s));
        cut = gather_killed_at(call);
        for (int i = 0; i < 2; i++) {
            path p = at("server/job/%s", name[i]);
            if (there(p)) check_ok(bf_part_check(&whole[i], p.s));
        }
        check_ok(gather());
        for (int i = 0; i < 2; i++)
            check_ok(
                bf_part_check(&whole[i], at("server/job/%s", name[i]).s));
    }
    print_message("gather: %d calls\n", call - 7);
    assert_true(call > 7);
}

static void killed(void **state)
{
    (void)state;
    kills seen = {0, 0};
    for (unsigned round = 1; round <= BF_ROUND_MODEL; round++)
        kill_everywhere(&seen, round, before_round);
    print_message("killed at %u places, %u times once more\n", seen.places,
                  seen.again);
    assert_true(seen.places + seen.again >= 200);
    gather_killed();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whitened),
        cmocka_unit_test(paper),
        cmocka_unit_test(planned_rows),
        cmocka_unit_test(missing_files_are_awaited),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(the_server_refuses_them_too),
        cmocka_unit_test(wrong_places),
        cmocka_unit_test(another_session),
        cmocka_unit_test(every_round),
        cmocka_unit_test(late_commitment),
        cmocka_unit_test(forged_shares),
        cmocka_unit_test(two_faces),
        cmocka_unit_test(two_messages),
        cmocka_unit_test(restored_backup),
        cmocka_unit_test(second_share),
        cmocka_unit_test(replaced_sums),
        cmocka_unit_test(another_transform),
        cmocka_unit_test(whitened_by_its_rows),
        cmocka_unit_test(whitened_by_a_sample),
        cmocka_unit_test(swapped_upload),
        cmocka_unit_test(altered_model),
        cmocka_unit_test(rechecked),
        cmocka_unit_test(weights_out_of_range),
        cmocka_unit_test(failing_calls),
        cmocka_unit_test(killed),
    };
    return cmocka_run_group_tests(tests, open_session, close_session);
}
