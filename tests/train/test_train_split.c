/* Sessions whose owners have something of the same rows, from their identities to
 * the model, for two owners and three: labels elsewhere, finished in the clear,
 * with label noise and without; rows that are not the same ones. */
#include "blindfit/owner.h"
#include "train/handle.h"
#include "train/owner/finish.h"
#include "train/owner/transform.h"
#include "train/party_testing.h"

enum { N = 512 };

/* One session: owners a, b, .. in folders of their own. */
typedef struct world {
    unsigned owners;
    bf_session *session;
    bf_matrix x;
    int32_t labels[N];
    const char *names[BF_OWNERS_MAX]; /* of rows, files */
} world;

static path of_owner(const char *format, unsigned k)
{
    return at(format, 'a' + (int)k);
}

static void start_world(world *w, unsigned owners, const char *name)
{
    uint64_t seed = test_seed(200 + owners);
    *w = (world){.owners = owners};
    folder = at("%s", name);
    check_ok(bf_make_dir(folder.s, 0700));
    check_ok(bf_matrix_init(&w->x, N, FEATURES));
    for (size_t i = 0; i < N; i++) {
        w->labels[i] = (int32_t)random_below(&seed, CLASSES);
        for (size_t j = 0; j < FEATURES; j++)
            w->x.data[i * FEATURES + j] =
                random_normal(&seed) +
                (j % CLASSES == (size_t)w->labels[i] ? 1 : 0);
    }
}

static path top;

static void end_world(world *w)
{
    bf_session_destroy(w->session);
    bf_matrix_clear(&w->x);
    folder = top;
}

/* ---- sessions ------------------------------------------------------------------ */

static bf_job *plan(unsigned owners, size_t n, unsigned iterations,
                    bf_recipe_kind kind)
{
    bf_recipe r;
    bf_job *job;
    check_ok(bf_recipe_default(&r, kind, iterations, n, FEATURES));
    check_ok(bf_job_plan(&job, &r, n, FEATURES, CLASSES,
                         &(bf_plan_options){.owners = owners}, NULL));
    return job;
}

/* Owner b has the features of n rows; a, or a and c, the labels. */
static void label_owners(bf_session_owner *o, unsigned owners, size_t n)
{
    memset(o, 0, owners * sizeof *o);
    for (unsigned k = 0; k < owners; k++) {
        path id = of_owner("%c.id", k), publics = of_owner("%c.pub", k);
        char name[] = {(char)('a' + k), 0};
        if (!there(id)) check_ok(bf_identity_create(id.s, publics.s, name));
        check_ok(bf_party_read(&o[k].party, publics.s));
        o[k].labels = k != 1;
        o[k].receives = k == 1;
        o[k].count = k == 1 || owners == 2 ? n : k == 0 ? n / 3 : n - n / 3;
    }
}

static void make_labels_session(world *w, double epsilon)
{
    bf_session_owner o[BF_OWNERS_MAX];
    bf_job *job = plan(w->owners, N, 1, BF_RECIPE_WHITENED);
    bf_session_options options = {BF_SPLIT_LABELS, epsilon,
                                  epsilon > 0 ? 1e-6 : 0};
    label_owners(o, w->owners, N);
    check_ok(bf_session_create(&w->session, job, o, w->owners, &options));
    check_ok(bf_session_check(w->session));
    check_ok(bf_session_write(w->session, at("session.bf").s));
    bf_job_destroy(job);
}

/* ---- steps ------------------------------------------------------------------------ */

typedef struct at_hand {
    bf_party_options o;
    path session, id, box, model;
    bf_view x;
} at_hand;

static bf_party_options *options_of(at_hand *a, const world *w, unsigned k)
{
    const bf_session_owner *me = &w->session->owner[k];
    a->session = at("session.bf");
    a->id = of_owner("%c.id", k);
    a->box = of_owner("box-%c", k);
    a->model = of_owner("%c.npy", k);
    a->x = bf_view_of(&w->x);
    a->o = (bf_party_options){.session = a->session.s, .identity = a->id.s,
                              .box = a->box.s, .model = a->model.s,
                              .row_names = w->names[k]};
    if (me->features) a->o.x = &a->x;
    if (me->labels) a->o.labels = w->labels + me->first;
    a->o.label_count = me->labels ? me->count : 0;
    return &a->o;
}

static bf_status step(const world *w, unsigned k, bf_party_report *r)
{
    at_hand a;
    return bf_party_step(r, options_of(&a, w, k), NULL);
}

static void carry(const world *w)
{
    for (unsigned k = 0; k < w->owners; k++) {
        path out = of_owner("box-%c/outbox", k);
        for (unsigned to = 0; to < w->owners; to++)
            if (to != k) copy_files(out, of_owner("box-%c/inbox", to));
        copy_files(out, at("server/inbox"));
    }
}

static void round_of_all(const world *w, unsigned round)
{
    char line[40];
    bf_party_report r;
    snprintf(line, sizeof line, "round %u: waiting for", round);
    for (unsigned k = 0; k < w->owners; k++)
        check_fails(BF_ERR_WAITING, line, step(w, k, &r));
    carry(w);
}

/* All rounds; every receiver has its model in the end. */
static void run_session(const world *w)
{
    bf_party_report r;
    check_ok(bf_make_dir(at("server").s, 0700));
    for (unsigned round = 1; round <= 4; round++) round_of_all(w, round);
    check_ok(gather());
    train(at("model.enc"));
    for (unsigned k = 0; k < w->owners; k++)
        copy_file(at("model.enc"), of_owner("box-%c/inbox/model.enc", k));
    for (unsigned k = 0; k < w->owners; k++) {
        bool receives = w->session->owner[k].receives;
        assert_int_equal(step(w, k, &r), receives ? BF_ERR_WAITING : BF_OK);
    }
    carry(w);
    for (unsigned k = 0; k < w->owners; k++) {
        bool receives = w->session->owner[k].receives;
        check_ok(step(w, k, &r));
        assert_true(r.done && r.opened == receives);
        assert_int_equal(there(of_owner("%c.npy", k)), receives);
    }
}

/* ---- models ------------------------------------------------------------------------ */

/* Rows as the owner of the features has them; V_1 of the twin; its job's error of
 * an opened weight. */
typedef struct twin {
    bf_transform *t;
    bf_matrix u, v1;
    double error;
} twin;

static void make_twin(twin *o, const world *w, unsigned holder)
{
    const bf_job *job = w->session->job;
    const bf_plan *plan;
    check_ok(bf_job_walked(&plan, job));
    check_ok(bf_transform_load(&o->t, of_owner("box-%c/transform", holder).s));
    check_ok(bf_transform_apply(&o->u, o->t, &w->x, true, NULL));
    check_ok(bf_twin_run(&o->v1, &job->schedule, &o->u, w->labels, CLASSES,
                         NULL, NULL, NULL));
    /* and what rounding adds (train/owner/rounding.h) */
    o->error = plan->weight_noise * bf_opening_error(w->owners) *
               sqrt(1 + 2.0 / 12);
}

static void clear_twin(twin *o)
{
    bf_transform_destroy(o->t);
    bf_matrix_clear(&o->u);
    bf_matrix_clear(&o->v1);
}

static void scores_of(bf_matrix *scores, path model, const bf_matrix *x)
{
    bf_model m = {0};
    check_ok(bf_model_load(&m, model.s));
    check_ok(bf_model_scores(scores, &m, x));
    bf_model_clear(&m);
}

static void twin_scores(bf_matrix *scores, const twin *o, const bf_matrix *v,
                        const bf_matrix *x)
{
    bf_model m = {0};
    check_ok(bf_model_of(&m, o->t, v, NULL));
    check_ok(bf_model_scores(scores, &m, x));
    bf_model_clear(&m);
}

/* By independent errors of weights, of deviation s, scores of a row u deviate by
 * s |u|: the s that explains how the model's scores differ from the twin's. */
static double weight_error(const world *w, path model, const twin *o)
{
    bf_matrix got, want, u;
    double difference = 0, norms = 0;
    scores_of(&got, model, &w->x);
    twin_scores(&want, o, &o->v1, &w->x);
    check_ok(bf_transform_apply(&u, o->t, &w->x, false, NULL));
    for (size_t i = 0; i < N * CLASSES; i++)
        difference += pow(got.data[i] - want.data[i], 2);
    for (size_t i = 0; i < N * u.cols; i++) norms += pow(u.data[i], 2);
    bf_matrix_clear(&got);
    bf_matrix_clear(&want);
    bf_matrix_clear(&u);
    return sqrt(difference / (CLASSES * norms));
}

static double right(const world *w, path model)
{
    bf_matrix z;
    size_t hits = 0;
    scores_of(&z, model, &w->x);
    for (size_t i = 0; i < N; i++) {
        const double *row = z.data + i * CLASSES;
        int best = 0;
        for (int c = 1; c < CLASSES; c++)
            if (row[c] > row[best]) best = c;
        hits += best == w->labels[i];
    }
    bf_matrix_clear(&z);
    return (double)hits / N;
}

/* ---- labels elsewhere ---------------------------------------------------------------- */

/* What the finish makes of the twin's V_1, with everything in the clear. */
static void check_finished(const world *w, const twin *o, unsigned steps)
{
    bf_matrix better, want, got;
    double difference = 0, size = 0;
    at_hand a;
    path model = at("better.npy");
    options_of(&a, w, 1)->model = model.s;
    check_ok(bf_party_finish(&a.o, 0, NULL));
    check_ok(bf_finish(&better, &w->session->job->schedule, &o->v1, &o->u, steps,
                       NULL, NULL, NULL));
    twin_scores(&want, o, &better, &w->x);
    scores_of(&got, model, &w->x);
    for (size_t i = 0; i < N * CLASSES; i++) {
        difference += pow(got.data[i] - want.data[i], 2);
        size += pow(want.data[i], 2);
    }
    print_message("finished: %.3f of scores, right %.3f, before %.3f\n",
                  sqrt(difference / size), right(w, model),
                  right(w, at("b.npy")));
    assert_true(sqrt(difference / size) < 0.1);
    assert_true(right(w, model) >= right(w, at("b.npy")) - 0.01);
    bf_matrix_clear(&better);
    bf_matrix_clear(&want);
    bf_matrix_clear(&got);
}

static void run_labels(unsigned owners)
{
    world w;
    twin o;
    start_world(&w, owners, owners == 2 ? "labels-2" : "labels-3");
    make_labels_session(&w, 0);
    run_session(&w);
    make_twin(&o, &w, 1);
    double error = weight_error(&w, at("b.npy"), &o);
    print_message("%u owners: weights off by %.2f of what is planned\n", owners,
                  error / o.error);
    assert_true(error > 0.2 * o.error && error < 2 * o.error);
    check_finished(&w, &o, BF_FINISH_STEPS);
    clear_twin(&o);
    end_world(&w);
}

static void labels_of_one(void **state)
{
    (void)state;
    run_labels(2);
}

static void labels_of_two(void **state)
{
    (void)state;
    run_labels(3);
}

/* Two owners of labels add their noise, so it is sqrt(2) times that of one. There
 * are 27 weights: their deviation is known to 14 %. */
static void private_labels(void **state)
{
    (void)state;
    world w;
    twin o;
    bf_label_privacy p;
    start_world(&w, 3, "private");
    make_labels_session(&w, 2);
    check_ok(bf_session_label_privacy(&p, w.session));
    assert_true(p.normal_delta > 0.49e-6 && p.normal_delta <= 0.5e-6);
    /* V_1 is 4 s/n times sums over rows. */
    double step = 4 * w.session->job->recipe.steps[0] / N;
    assert_true(fabs(p.weight_sd / (step * p.sd) - 1) < 1e-9);
    run_session(&w);
    make_twin(&o, &w, 1);
    double want = hypot(sqrt(2) * p.weight_sd, o.error);
    double error = weight_error(&w, at("b.npy"), &o);
    print_message("label noise: %.2f of %.3g\n", error / want, want);
    assert_true(error > 0.4 * want && error < 1.7 * want);
    assert_true(p.weight_sd > 5 * o.error); /* it is noise that was measured */
    at_hand a;
    path model = at("better.npy");
    options_of(&a, &w, 1)->model = model.s;
    check_ok(bf_party_finish(&a.o, 0, NULL));
    clear_twin(&o);
    end_world(&w);
}

/* ---- refusals ------------------------------------------------------------------------- */

static void refuse(const bf_job *job, const bf_session_owner *o, unsigned owners,
                   bf_session_options options, const char *why)
{
    bf_session *s;
    bf_status status = bf_session_create(&s, job, o, owners, &options);
    if (status == BF_OK) {
        status = bf_session_check(s);
        bf_session_destroy(s);
    }
    check_fails(BF_ERR_ARGUMENT, why, status);
}

static void sessions_that_cannot_be(void **state)
{
    (void)state;
    bf_session_owner o[3];
    const bf_session_options plain = {BF_SPLIT_LABELS, 0, 0};
    bf_job *job = plan(3, N, 1, BF_RECIPE_WHITENED), *other;
    label_owners(o, 3, N);
    o[0].count--;
    refuse(job, o, 3, plain, "have labels of 511 rows, the job 512");
    label_owners(o, 3, N);
    o[1].count = N - 1;
    refuse(job, o, 3, plain, "b has the features of 511 rows");
    label_owners(o, 3, N);
    o[0].labels = false;
    refuse(job, o, 3, plain, "a and b have no labels");
    label_owners(o, 3, N);
    o[1].labels = true;
    refuse(job, o, 3, plain, "nobody has the features");
    label_owners(o, 3, N);
    o[0].receives = true;
    refuse(job, o, 3, plain, "opened to b, who has the features, alone");
    label_owners(o, 3, N);
    refuse(job, o, 3, (bf_session_options){BF_SPLIT_LABELS, 17, 1e-6},
           "epsilon 17");
    refuse(job, o, 3, (bf_session_options){BF_SPLIT_LABELS, 1, 0}, "delta 0");
    refuse(job, o, 3, (bf_session_options){BF_SPLIT_LABELS, 1e-9, 1e-6},
           "does not fit the job");
    refuse(job, o, 3, (bf_session_options){BF_SPLIT_ROWS, 1, 1e-6},
           "label noise is for");
    bf_job_destroy(job);
    other = plan(3, N, 2, BF_RECIPE_WHITENED);
    refuse(other, o, 3, plain, "not of 2 iterations");
    bf_job_destroy(other);
    other = plan(3, N, 1, BF_RECIPE_PAPER);
    refuse(other, o, 3, plain, "the recipe `paper`");
    bf_job_destroy(other);
}

/* 4 * 6 C k / log2 C rows at least, or noise. */
static void too_few_rows(void **state)
{
    (void)state;
    enum { LEAST = 409 }; /* 24 * 3 * 9 / log2 3 = 408.8 */
    bf_session_owner o[2];
    const bf_session_options plain = {BF_SPLIT_LABELS, 0, 0},
                             noisy = {BF_SPLIT_LABELS, 8, 1e-6};
    for (size_t n = LEAST - 1; n <= LEAST; n++) {
        bf_session *s;
        bf_job *job = plan(2, n, 1, BF_RECIPE_WHITENED);
        label_owners(o, 2, n);
        if (n < LEAST)
            refuse(job, o, 2, plain, "at least 409, or label noise");
        check_ok(bf_session_create(&s, job, o, 2, n < LEAST ? &noisy : &plain));
        check_ok(bf_session_check(s));
        bf_session_destroy(s);
        bf_job_destroy(job);
    }
}

/* An owner looks for itself, whoever made the session. */
static void steps_check_sessions(void **state)
{
    (void)state;
    world w;
    bf_session_owner o[2];
    bf_party_report r;
    bf_job *job = plan(2, 128, 1, BF_RECIPE_WHITENED);
    start_world(&w, 2, "few");
    label_owners(o, 2, 128);
    check_ok(bf_session_create(&w.session, job, o, 2,
                               &(bf_session_options){BF_SPLIT_LABELS, 0, 0}));
    check_ok(bf_session_write(w.session, at("session.bf").s));
    check_fails(BF_ERR_ARGUMENT, "128 rows: a model", step(&w, 0, &r));
    assert_false(there(at("box-a/outbox/r1-00.head")));
    bf_job_destroy(job);
    end_world(&w);
}

static void write_names(path p, unsigned first, unsigned last, unsigned swapped,
                        const char *end)
{
    FILE *f = fopen(p.s, "w");
    assert_non_null(f);
    for (unsigned i = first; i < last; i++) {
        unsigned name = i == swapped ? i + 1 : i == swapped + 1 ? i - 1 : i;
        fprintf(f, "row %u%s", name, i + 1 < last ? end : "");
    }
    assert_int_equal(fclose(f), 0);
}

/* Names of rows: the same ones in the same order pass, whatever ends a line. */
static void same_rows(void **state)
{
    (void)state;
    world w;
    bf_party_report r;
    start_world(&w, 3, "rows");
    make_labels_session(&w, 0);
    path a = at("a.txt"), b = at("b.txt"), c = at("c.txt");
    w.names[0] = a.s;
    w.names[1] = b.s;
    w.names[2] = c.s;
    write_names(a, 0, N / 3 - 1, N, "\n");
    check_fails(BF_ERR_MISMATCH, "169 names of rows, the session wants 170 from a",
                step(&w, 0, &r));
    write_names(a, 0, N / 3 + 1, N, "\n");
    check_fails(BF_ERR_MISMATCH, "more than 170 names", step(&w, 0, &r));
    write_names(a, 0, N / 3, N, "\r\n");
    write_names(b, 0, N, N, "\n");
    write_names(c, N / 3, N, 400, "\n"); /* two rows are swapped */
    round_of_all(&w, 1);
    check_fails(BF_ERR_WAITING, "round 2", step(&w, 0, &r)); /* a and b agree */
    check_fails(BF_ERR_SECURITY, "c names its rows otherwise", step(&w, 1, &r));
    check_fails(BF_ERR_SECURITY, "b names its rows otherwise", step(&w, 2, &r));
    check_fails(BF_ERR_SECURITY, "this session is over", step(&w, 2, &r));
    assert_false(there(at("box-c/outbox/r2-02.head")));
    end_world(&w);
}

/* Who gives no names does not agree with who does; another's tags, sent back, are
 * not those that are wanted. */
static void names_or_none(void **state)
{
    (void)state;
    world w;
    bf_party_report r;
    start_world(&w, 2, "none");
    make_labels_session(&w, 0);
    path a = at("a.txt");
    w.names[0] = a.s;
    write_names(a, 0, N, N, "\n");
    round_of_all(&w, 1);
    check_fails(BF_ERR_SECURITY, "b names its rows otherwise", step(&w, 0, &r));
    size_t bytes;
    uint8_t *sent = read_bytes(at("box-a/outbox/r1-00.rows"), &bytes);
    uint8_t *wanted = read_bytes(at("box-a/rows"), &bytes);
    assert_int_equal(bytes, 64);
    assert_memory_not_equal(sent + 32, wanted + 32, 32);
    bf_free(sent);
    bf_free(wanted);
    end_world(&w);
}

static void wrong_data(void **state)
{
    (void)state;
    world w;
    bf_party_report r;
    at_hand a;
    start_world(&w, 2, "data");
    make_labels_session(&w, 0);
    options_of(&a, &w, 0)->label_count = N - 1;
    check_fails(BF_ERR_MISMATCH, "511 labels, the session wants 512 from a",
                bf_party_step(&r, &a.o, NULL));
    options_of(&a, &w, 0)->labels = NULL;
    check_fails(BF_ERR_ARGUMENT, "round 1 wants this owner's labels",
                bf_party_step(&r, &a.o, NULL));
    options_of(&a, &w, 1)->x = NULL;
    check_fails(BF_ERR_ARGUMENT, "round 1 wants this owner's rows",
                bf_party_step(&r, &a.o, NULL));
    options_of(&a, &w, 1);
    a.x.rows = N - 1;
    check_fails(BF_ERR_MISMATCH, "511 rows of 8 features",
                bf_party_step(&r, &a.o, NULL));
    round_of_all(&w, 1);
    check_fails(BF_ERR_ARGUMENT, "a has no model to finish",
                bf_party_finish(options_of(&a, &w, 0), 0, NULL));
    check_fails(BF_ERR_ARGUMENT, "no model was received",
                bf_party_finish(options_of(&a, &w, 1), 0, NULL));
    end_world(&w);
}

static int begin(void **state)
{
    int failed = make_folder(state);
    top = folder;
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_of_one),
        cmocka_unit_test(labels_of_two),
        cmocka_unit_test(private_labels),
        cmocka_unit_test(sessions_that_cannot_be),
        cmocka_unit_test(too_few_rows),
        cmocka_unit_test(steps_check_sessions),
        cmocka_unit_test(same_rows),
        cmocka_unit_test(names_or_none),
        cmocka_unit_test(wrong_data),
    };
    return cmocka_run_group_tests(tests, begin, remove_folder);
}
