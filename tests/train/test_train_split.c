/* Sessions whose owners have parts of the same rows, from identities to model,
 * for two owners, three and eight: labels elsewhere, finished in the clear,
 * with label noise and without; columns split; rows that do not match. */
#include "blindfit/owner.h"
#include "support/sanitized.h"
#include "train/handle.h"
#include "train/owner/block.h"
#include "train/owner/finish.h"
#include "train/owner/transform.h"
#include "train/party_testing.h"

enum { N = 512 };

/* The most owners, and the columns of each: sanitizers, which take longer, see
 * the same code with three. */
#ifdef BF_SANITIZED
enum { MOST = 3 };
#define MOST_FEATURES 2, 3, 3
#else
enum { MOST = 8 };
#define MOST_FEATURES 1, 1, 1, 1, 1, 1, 1, 1
#endif

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
    folder = at("%s-%u", name, owners);
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

/* ---- sessions ------------------------------------------------------------ */

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

/* Owner b has the features of n rows; a the labels, or of a third of them, and
 * the other owners the rest in equal parts. */
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
        o[k].count = k == 1 || owners == 2 ? n : n / 3;
        if (k > 1)
            o[k].count = (n - n / 3) * (k - 1) / (owners - 2) -
                         (n - n / 3) * (k - 2) / (owners - 2);
    }
}

static void make_labels_session(world *w, double epsilon)
{
    bf_session_owner o[BF_OWNERS_MAX];
    bf_job *job = plan(w->owners, N, 1, BF_RECIPE_WHITENED);
    bf_session_options options = {BF_SPLIT_LABELS, epsilon,
                                  epsilon > 0 ? 1e-6 : 0, false, 0};
    label_owners(o, w->owners, N);
    check_ok(bf_session_create(&w->session, job, o, w->owners, &options));
    check_ok(bf_session_check(w->session));
    check_ok(bf_session_write(w->session, at("session.bf").s));
    bf_job_destroy(job);
}

/* ---- steps --------------------------------------------------------------- */

typedef struct at_hand {
    bf_party_options o;
    path session, id, box, model;
    bf_view x;
} at_hand;

/* What owner k has of the rows' features. */
static bf_view view_of(const world *w, unsigned k)
{
    const bf_session *s = w->session;
    size_t before = 0;
    if (s->options.split == BF_SPLIT_COLUMNS)
        for (unsigned i = 0; i < k; i++) before += s->owner[i].features;
    return (bf_view){w->x.data + before, N, s->owner[k].features, FEATURES,
                     BF_FLOAT64};
}

static bf_party_options *options_of(at_hand *a, const world *w, unsigned k)
{
    const bf_session_owner *me = &w->session->owner[k];
    a->session = at("session.bf");
    a->id = of_owner("%c.id", k);
    a->box = of_owner("box-%c", k);
    a->model = of_owner("%c.npy", k);
    a->x = view_of(w, k);
    a->o = (bf_party_options){.session = a->session.s, .identity = a->id.s,
                              .box = a->box.s, .model = a->model.s,
                              .row_names = w->names[k],
                              .recheck = BF_RECHECK_NEVER};
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

/* A part that another sent to owner k is awaited, and refused if damaged. */
static void part_is_checked(const world *w, unsigned k, const char *name)
{
    bf_party_report r;
    path in = at("box-%c/inbox/%s", 'a' + (int)k, name), kept = at("kept");
    copy_file(in, kept);
    assert_int_equal(unlink(in.s), 0);
    check_fails(BF_ERR_WAITING, strchr(name, '.'), step(w, k, &r));
    for (int way = 0; way < WAYS; way++) {
        spoil(kept, in, way);
        is_refused(step(w, k, &r), name, way);
    }
    copy_file(kept, in);
}

/* All rounds; every receiver has its model in the end. */
static void run_session(const world *w)
{
    bf_party_report r;
    check_ok(bf_make_dir(at("server").s, 0700));
    round_of_all(w, 1);
    if (w->owners == 2) part_is_checked(w, 0, "r1-01.rows");
    for (unsigned round = 2; round <= 4; round++) round_of_all(w, round);
    check_ok(gather());
    train(at("model.enc"));
    for (unsigned k = 0; k < w->owners; k++)
        copy_file(at("model.enc"), of_owner("box-%c/inbox/model.enc", k));
    for (unsigned k = 0; k < w->owners; k++) {
        bool receives = w->session->owner[k].receives;
        assert_int_equal(step(w, k, &r), receives ? BF_ERR_WAITING : BF_OK);
    }
    carry(w);
    if (w->owners == 2) part_is_checked(w, 1, "r5-00.share");
    for (unsigned k = 0; k < w->owners; k++) {
        bool receives = w->session->owner[k].receives;
        check_ok(step(w, k, &r));
        assert_true(r.done && r.opened == receives);
        assert_int_equal(there(of_owner("%c.npy", k)), receives);
    }
}

/* ---- models -------------------------------------------------------------- */

/* The rows of the owner of the features, V_1 of the twin, and the job's error
 * of an opened weight. */
typedef struct twin {
    bf_transform *t;
    bf_matrix u, v1;
    double error;
} twin;

/* What is printed, and what rounding adds (train/owner/rounding.h). */
static double planned_error(const bf_job *job)
{
    bf_job_figures f;
    check_ok(bf_job_figures_of(&f, job, NULL));
    return f.weight_error * sqrt(1 + 2.0 / 12);
}

static void make_twin(twin *o, const world *w, unsigned holder)
{
    const bf_job *job = w->session->job;
    check_ok(bf_transform_load(&o->t, of_owner("box-%c/transform", holder).s));
    check_ok(bf_transform_apply(&o->u, o->t, &w->x, true, NULL));
    check_ok(bf_twin_run(&o->v1, &job->schedule, &o->u, w->labels, CLASSES,
                         NULL, NULL, NULL));
    o->error = planned_error(job);
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

/* Independent errors of weights, of standard deviation s, change the scores of
 * a row u by s |u|. Returns the s that explains the difference of the model's
 * scores from the twin's. */
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

/* ---- labels elsewhere ---------------------------------------------------- */

/* What the finish makes of the twin's V_1, with everything in the clear. */
static void check_finished(const world *w, const twin *o, unsigned steps)
{
    bf_matrix better, want, got;
    double difference = 0, size = 0;
    at_hand a;
    path model = at("better.npy");
    options_of(&a, w, 1)->model = model.s;
    check_ok(bf_party_finish(&a.o, 0, NULL));
    check_ok(bf_finish(&better, &w->session->job->schedule, &o->v1, &o->u,
                       steps, NULL, NULL, NULL));
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
    start_world(&w, owners, "labels");
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

static void labels_of_several(void **state)
{
    (void)state;
    run_labels(MOST);
}

/* Two owners of labels add their noise: sqrt(2) times the noise of one owner.
 * The standard deviation of 27 weights is known to 14 %. */
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

/* ---- columns split ------------------------------------------------------- */

/* Sessions of owners of columns, four in a chunk, so that borders lie within a
 * pair of chunks. */
static void make_columns_session(world *w, const size_t *features,
                                 unsigned labels)
{
    bf_session_owner o[BF_OWNERS_MAX];
    bf_recipe r;
    bf_job *job;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 2, N, FEATURES));
    check_ok(bf_job_plan(&job, &r, N, FEATURES, CLASSES,
                         &(bf_plan_options){.owners = w->owners, .f = 4},
                         NULL));
    label_owners(o, w->owners, N);
    for (unsigned k = 0; k < w->owners; k++) {
        o[k].features = features[k];
        o[k].labels = k == labels;
        o[k].receives = true;
    }
    check_ok(bf_session_create(&w->session, job, o, w->owners,
                               &(bf_session_options){BF_SPLIT_COLUMNS, 0, 0,
                                                     false, 0}));
    check_ok(bf_session_check(w->session));
    check_ok(bf_session_write(w->session, at("session.bf").s));
    assert_int_equal(job->layout.pairs, 2); /* 0 to 7, and 8 */
    bf_job_destroy(job);
}

/* *sum += what is at `part`. */
static void add(bf_matrix *sum, bf_matrix *part)
{
    if (!sum->data) check_ok(bf_matrix_init(sum, part->rows, part->cols));
    for (size_t i = 0; i < part->rows * part->cols; i++)
        sum->data[i] += part->data[i];
    bf_matrix_clear(part);
}

/* Each owner's transform and rows, and the sums over all parts: rows to train
 * on, and rows as they are. */
typedef struct columns_twin {
    bf_transform *t[BF_OWNERS_MAX];
    bf_column_block b[BF_OWNERS_MAX];
    bf_matrix u, whole;
} columns_twin;

static void own_columns(bf_matrix *x, const world *w, unsigned k)
{
    bf_view v = view_of(w, k);
    *x = (bf_matrix){0};
    check_ok(bf_matrix_from(x, &v));
}

static void sum_parts(columns_twin *o, const world *w)
{
    for (unsigned k = 0; k < w->owners; k++) {
        bf_matrix x, part;
        own_columns(&x, w, k);
        bf_view v = bf_view_of(&x);
        check_ok(bf_session_block(&o->b[k], w->session, k));
        check_ok(
            bf_transform_load(&o->t[k], of_owner("box-%c/transform", k).s));
        check_ok(bf_block_apply(&part, o->t[k], &o->b[k], &v, true, NULL));
        add(&o->u, &part);
        check_ok(bf_block_apply(&part, o->t[k], &o->b[k], &v, false, NULL));
        add(&o->whole, &part);
        bf_matrix_clear(&x);
    }
}

/* The scores of all owners' models add up to the scores of the twin on all
 * columns, but for the errors of weights, as in weight_error. */
static double columns_error(const world *w, const columns_twin *o)
{
    bf_matrix v = {0}, scores = {0};
    double difference = 0, norms = 0;
    check_ok(bf_twin_run(&v, &w->session->job->schedule, &o->u, w->labels,
                         CLASSES, NULL, NULL, NULL));
    for (unsigned k = 0; k < w->owners; k++) {
        bf_matrix x, z;
        own_columns(&x, w, k);
        scores_of(&z, of_owner("%c.npy", k), &x);
        add(&scores, &z);
        bf_matrix_clear(&x);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < CLASSES; c++) {
            double z = 0;
            for (size_t j = 0; j < v.cols; j++)
                z += o->whole.data[i * v.cols + j] * v.data[c * v.cols + j];
            difference += pow(z - scores.data[i * CLASSES + c], 2);
        }
    for (size_t i = 0; i < N * v.cols; i++) norms += pow(o->whole.data[i], 2);
    bf_matrix_clear(&v);
    bf_matrix_clear(&scores);
    return sqrt(difference / (CLASSES * norms));
}

/* A share holds for each receiver what its columns take, a key and a tag. */
static void check_shares(const world *w, const columns_twin *o)
{
    const bf_layout *l = &w->session->job->layout;
    const bf_plan *plan;
    size_t want = 0, whole = 0, bytes;
    check_ok(bf_job_walked(&plan, w->session->job));
    unsigned limbs = plan->steps[plan->step_count - 1].model_limbs;
    for (unsigned k = 0; k < w->owners; k++) {
        size_t first, end;
        bf_column_block_pairs(&o->b[k], l, &first, &end);
        want += 80 + 16 + 8 * limbs * 2 * l->f * CLASSES * (end - first);
        whole += 80 + 16 + 8 * limbs * 2 * l->f * CLASSES * l->pairs;
    }
    bf_free(read_bytes(at("box-a/outbox/r5-00.share"), &bytes));
    assert_int_equal(bytes, want);
    assert_true(want < whole);
}

static void run_columns(unsigned owners, const size_t *features,
                        unsigned labels)
{
    world w;
    columns_twin o = {.u = {0}};
    start_world(&w, owners, "columns");
    make_columns_session(&w, features, labels);
    run_session(&w);
    sum_parts(&o, &w);
    double error = columns_error(&w, &o);
    double planned = planned_error(w.session->job);
    print_message("%u owners: weights off by %.2f of what is planned\n", owners,
                  error / planned);
    assert_true(error > 0.2 * planned && error < 2 * planned);
    check_shares(&w, &o);
    for (unsigned k = 0; k < owners; k++) bf_transform_destroy(o.t[k]);
    bf_matrix_clear(&o.u);
    bf_matrix_clear(&o.whole);
    end_world(&w);
}

/* Columns 0 to 8, of which the first pair of chunks holds eight. */
static void columns_of_two(void **state)
{
    (void)state;
    run_columns(2, (const size_t[]){5, 3}, 0); /* 0 to 5, 6 to 8 */
}

static void columns_of_several(void **state)
{
    (void)state;
    static const size_t features[] = {MOST_FEATURES}; /* four in a chunk */
    run_columns(MOST, features, MOST - 2);
}

/* ---- refusals ------------------------------------------------------------ */

static void refuse(const bf_job *job, const bf_session_owner *o,
                   unsigned owners, bf_session_options options, const char *why)
{
    bf_session *s;
    bf_status status = bf_session_create(&s, job, o, owners, &options);
    if (status == BF_OK) {
        status = bf_session_check(s);
        bf_session_destroy(s);
    }
    check_fails(BF_ERR_ARGUMENT, why, status);
}

static void columns_that_cannot_be(void)
{
    bf_session_owner o[2];
    const bf_session_options columns = {BF_SPLIT_COLUMNS, 0, 0, false, 0};
    bf_job *job = plan(2, N, 1, BF_RECIPE_WHITENED);
    label_owners(o, 2, N);
    o[0].features = 5;
    o[1].features = 4;
    o[1].receives = true;
    refuse(job, o, 2, columns, "have 9 columns, the job 8");
    o[1].features = 0;
    refuse(job, o, 2, columns, "owner 1 has 0 columns");
    o[1].features = 3;
    o[1].labels = true;
    refuse(job, o, 2, columns, "2 have labels");
    bf_job_destroy(job);
    job = plan(2, N, 1, BF_RECIPE_PAPER);
    o[1].labels = false;
    refuse(job, o, 2, columns, "the recipe `paper`");
    bf_job_destroy(job);
}

static void sessions_that_cannot_be(void **state)
{
    (void)state;
    bf_session_owner o[3];
    const bf_session_options plain = {BF_SPLIT_LABELS, 0, 0, false, 0};
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
    refuse(job, o, 3, (bf_session_options){BF_SPLIT_LABELS, 17, 1e-6, false, 0},
           "epsilon 17");
    refuse(job, o, 3, (bf_session_options){BF_SPLIT_LABELS, 1, 0, false, 0},
           "delta 0");
    refuse(job, o, 3,
           (bf_session_options){BF_SPLIT_LABELS, 1e-9, 1e-6, false, 0},
           "does not fit the job");
    refuse(job, o, 3, (bf_session_options){BF_SPLIT_ROWS, 1, 1e-6, false, 0},
           "label noise is for");
    bf_job_destroy(job);
    other = plan(3, N, 2, BF_RECIPE_WHITENED);
    refuse(other, o, 3, plain, "not of 2 iterations");
    bf_job_destroy(other);
    other = plan(3, N, 1, BF_RECIPE_PAPER);
    refuse(other, o, 3, plain, "the recipe `paper`");
    bf_job_destroy(other);
    columns_that_cannot_be();
}

/* 4 * 6 C k / log2 C rows at least, or noise. */
static void too_few_rows(void **state)
{
    (void)state;
    enum { LEAST = 409 }; /* 24 * 3 * 9 / log2 3 = 408.8 */
    bf_session_owner o[2];
    const bf_session_options plain = {BF_SPLIT_LABELS, 0, 0, false, 0},
                             noisy = {BF_SPLIT_LABELS, 8, 1e-6, false, 0};
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
                               &(bf_session_options){BF_SPLIT_LABELS, 0, 0,
                                                     false, 0}));
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
    check_fails(BF_ERR_MISMATCH,
                "169 names of rows, the session wants 170 from a",
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

/* An owner who gives no names does not agree with an owner who does. Another
 * owner's tags, sent back to this owner, are not the tags that this owner
 * wants. */
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
        cmocka_unit_test(labels_of_several),
        cmocka_unit_test(private_labels),
        cmocka_unit_test(columns_of_two),
        cmocka_unit_test(columns_of_several),
        cmocka_unit_test(sessions_that_cannot_be),
        cmocka_unit_test(too_few_rows),
        cmocka_unit_test(steps_check_sessions),
        cmocka_unit_test(same_rows),
        cmocka_unit_test(names_or_none),
        cmocka_unit_test(wrong_data),
    };
    return cmocka_run_group_tests(tests, begin, remove_folder);
}
