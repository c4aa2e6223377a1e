/* Sessions whose last step is held against the owners' rows: of one iteration
 * and of two. The model opens if the server did what the job says; whatever
 * else it did in the last step is found out by every owner. */
#include "train/handle.h"
#include "train/party_killed.h"

static bf_status make(bf_session **out, bf_recipe_kind kind,
                      unsigned iterations, bf_split split, unsigned receivers)
{
    bf_session_owner owners[OWNERS];
    const bf_session_options options = {.split = split, .audit = true};
    bf_recipe r;
    bf_job *job;
    make_owners(owners);
    for (unsigned k = 0; k < OWNERS; k++) {
        owners[k].receives = k < receivers;
        owners[k].labels = k == 0;
        owners[k].features = k ? 3 : 2; /* 8 in all */
    }
    check_ok(bf_recipe_default(&r, kind, iterations, ROWS, FEATURES));
    r.map = BF_MAP_NONE;
    check_ok(bf_job_plan(&job, &r, ROWS, FEATURES, CLASSES,
                         &(bf_plan_options){.owners = OWNERS}, NULL));
    bf_status s = bf_session_create(out, job, owners, OWNERS, &options);
    bf_job_destroy(job);
    return s;
}

static void round_of_all(unsigned round)
{
    char line[40];
    snprintf(line, sizeof line, "round %u: waiting for", round);
    for (unsigned k = 0; k < OWNERS; k++)
        check_fails(BF_ERR_WAITING, line, step(k));
}

static void kept_boxes(const char *from, const char *to)
{
    for (int k = 0; k < OWNERS; k++)
        check_ok(bf_remove_tree(at("%sbox-%c", to, 'a' + k).s));
    copy_tree(from, to);
}

/* Up to the server's model, with the boxes then in kept/. */
static void begin(unsigned iterations)
{
    check_ok(
        make(&session, BF_RECIPE_WHITENED, iterations, BF_SPLIT_ROWS, OWNERS));
    check_ok(bf_session_write(session, at("session.bf").s));
    for (unsigned round = 1; round <= 4; round++) {
        round_of_all(round);
        carry();
    }
    check_ok(gather());
    train(at("model.enc"));
    check_ok(bf_make_dir(at("kept").s, 0700));
    kept_boxes("", "kept/");
}

/* Rounds 5 to 7 with this model, from the kept boxes. */
static void open_rounds(path model)
{
    kept_boxes("kept/", "");
    send_model(model);
    for (unsigned round = 5; round <= 7; round++) {
        round_of_all(round);
        carry();
    }
}

static void is_caught(void (*change)(bf_label label, bf_ct *ct))
{
    build_model(at("built.enc"), change);
    open_rounds(at("built.enc"));
    for (unsigned k = 0; k < OWNERS; k++) {
        check_fails(BF_ERR_SECURITY, "the last step is not that of", step(k));
        check_fails(BF_ERR_SECURITY, "this session is over", step(k));
        assert_false(there(at("%c.npy", 'a' + (int)k)));
    }
}

static void twice(bf_ct *ct)
{
    const bf_params *p = bf_context_params(ct->ctx);
    size_t n = (size_t)2 << p->log_n;
    for (size_t i = 0; i < ct->limbs * n; i++) {
        double q = (double)p->q[i / n], v = 2 * ct->data[i];
        ct->data[i] = v < q ? v : v - q;
    }
}

/* Another model than the last step makes. */
static void twice_final(bf_label label, bf_ct *ct)
{
    if (label.kind == BF_MODEL_FINAL) twice(ct);
}

/* The model is what the owners' rows make, but not of what it starts from. */
static void twice_before(bf_label label, bf_ct *ct)
{
    if (label.kind == BF_MODEL_ITERATION && label.index == 1) twice(ct);
}

static void an_honest_run_opens(unsigned iterations)
{
    bf_party_report r;
    open_rounds(at("model.enc"));
    assert_int_equal(there(at("box-a/outbox/r5-00.before")), iterations > 1);
    for (unsigned k = 0; k < OWNERS; k++) {
        check_ok(step_report(&r, k));
        assert_true(r.done && r.opened && r.sent == 7);
        assert_int_equal(unlink(at("%c.npy", 'a' + (int)k).s), 0);
    }
}

/* The boxes as they are before owner a's message of a round. */
static void before_round(unsigned round)
{
    kept_boxes(round == 6 ? "round6/" : "round7/", "");
}

/* kill -9 in the rounds that other sessions do not have. */
static void killed_steps(void)
{
    kills seen = {0, 0};
    kept_boxes("kept/", "");
    send_model(at("model.enc"));
    round_of_all(5);
    for (unsigned round = 6; round <= 7; round++) {
        path folder_of = at("round%u", round);
        carry();
        check_ok(bf_make_dir(folder_of.s, 0700));
        kept_boxes("", round == 6 ? "round6/" : "round7/");
        round_of_all(round);
    }
    for (unsigned round = 6; round <= 7; round++)
        kill_everywhere(&seen, round, before_round);
    print_message("killed at %u places, %u times once more\n", seen.places,
                  seen.again);
    assert_true(seen.places + seen.again >= 40);
}

static void one_iteration(void **state)
{
    (void)state;
    begin(1);
    an_honest_run_opens(1);
    killed_steps();
    is_caught(twice_final);
    bf_session_destroy(session);
    session = NULL;
    check_ok(bf_remove_tree(at("server").s));
    for (int k = 0; k < OWNERS; k++)
        check_ok(bf_remove_tree(at("box-%c", 'a' + k).s));
}

static void two_iterations(void **state)
{
    (void)state;
    begin(2);
    an_honest_run_opens(2);
    is_caught(twice_final);
    is_caught(twice_before);
    /* One number of the model, by ten times its error and by a hundredth. */
    const bf_plan *plan;
    check_ok(bf_job_walked(&plan, session->job));
    moved = 10 * plan->weight_noise * bf_opening_error(OWNERS);
    is_caught(first_moves);
    moved /= 1000;
    build_model(at("built.enc"), first_moves);
    open_rounds(at("built.enc"));
    check_ok(step(0));
}

static bool sent(unsigned k, const char *round_and_kind)
{
    path p = at("box-%c/outbox/%.2s-%02u%s", 'a' + (int)k, round_and_kind, k,
                round_and_kind + 2);
    return there(p);
}

/* What b sent to a is awaited, and refused if damaged. */
static void is_checked(const char *name)
{
    char waits[40];
    path in = at("box-a/inbox/%s", name), kept = at("kept.part");
    copy_file(in, kept);
    assert_int_equal(unlink(in.s), 0);
    snprintf(waits, sizeof waits, "round %c: waiting for b", name[1]);
    check_fails(BF_ERR_WAITING, waits, step(0));
    for (int way = 0; way < WAYS; way++) {
        spoil(kept, in, way);
        is_refused(step(0), name, way);
    }
    copy_file(kept, in);
}

/* Sums are committed to by all before the model's first share leaves; they are
 * of the rows that were uploaded, and of one model. */
static void order(void **state)
{
    (void)state;
    kept_boxes("kept/", "");
    send_model(at("model.enc"));
    round_of_all(5);
    assert_false(sent(0, "r5.share"));
    carry();
    is_checked("r5-01.head");
    is_checked("r5-01.before");
    copy_file(at("model.enc"), at("kept.model"));
    labels[0] ^= 1;
    check_fails(BF_ERR_MISMATCH, "other rows or labels", step(0));
    labels[0] ^= 1;
    round_of_all(6);
    copy_files(out_of(1), in_of(0));
    is_checked("r6-01.head");
    check_fails(BF_ERR_WAITING, "round 6: waiting for c", step(0));
    copy_files(out_of(2), in_of(0));
    copy_file(at("box-b/outbox/r6-01.audit"), at("box-a/inbox/r6-02.audit"));
    check_fails(BF_ERR_FORMAT, "r6-02.audit: not the file that", step(0));
    assert_int_equal(unlink(at("box-a/inbox/r6-02.audit").s), 0);
    check_fails(BF_ERR_WAITING, "round 6: waiting for c (.audit)", step(0));
    assert_false(sent(0, "r7.share"));
    copy_files(out_of(2), in_of(0));
    is_checked("r6-01.audit");
    /* What it has named is opened, whatever comes afterwards. */
    copy_file(at("built.enc"), at("box-a/inbox/model.enc"));
    check_fails(BF_ERR_WAITING, "round 7", step(0));
    assert_true(sent(0, "r7.share"));
    carry();
    for (unsigned k = 1; k < OWNERS; k++)
        check_fails(BF_ERR_WAITING, "round 7", step(k));
    carry();
    is_checked("r7-01.head");
    is_checked("r7-01.share");
    is_checked("r5-01.before"); /* once more */
    check_ok(step(0));
}

static void sessions_without(void **state)
{
    (void)state;
    bf_session *s;
    check_fails(BF_ERR_ARGUMENT, "c has to receive it",
                make(&s, BF_RECIPE_WHITENED, 1, BF_SPLIT_ROWS, 2));
    check_fails(BF_ERR_ARGUMENT, "an audit of the last step is for",
                make(&s, BF_RECIPE_PAPER, 1, BF_SPLIT_ROWS, OWNERS));
    check_fails(BF_ERR_ARGUMENT, "an audit of the last step is for",
                make(&s, BF_RECIPE_WHITENED, 1, BF_SPLIT_COLUMNS, OWNERS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_without),
        cmocka_unit_test(one_iteration),
        cmocka_unit_test(two_iterations),
        cmocka_unit_test(order),
    };
    return cmocka_run_group_tests(tests, open_session, close_session);
}
