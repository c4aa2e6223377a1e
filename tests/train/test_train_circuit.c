/* The whole job in one process: plan, keys, encryption, the circuit, and after
 * every iteration the decrypted weights against the plaintext twin, over fixed
 * and random shapes; run and plan agree. */
#include <stdlib.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/random.h"
#include "blindfit/features.h"
#include "train/circuit.h"
#include "train/owner/certified.h"
#include "train/owner/protocol.h"
#include "train/owner/seal.h"
#include "train/train_testing.h"
#include "train/usual.h"

#define OK check_ok

typedef struct run {
    bf_job job;
    bf_plan plan;
    bf_secret_key *sk;
    const bf_matrix *twin; /* weights after every iteration */
    const bf_matrix *u;
    const int32_t *labels;
    const bf_schedule *schedule;
    double error[BF_MAX_ITERATIONS]; /* rms over the weights, as a part of the
                                      * one expected */
    unsigned iterations;
    bf_certificate proved; /* the last */
    double largest;        /* of the scores that the certificate is of */
} run;

static bf_status keep_twin(void *user, unsigned t, const bf_matrix *w)
{
    bf_matrix *copy = (bf_matrix *)user + t;
    BF_TRY(bf_matrix_init(copy, w->rows, w->cols));
    memcpy(copy->data, w->data, w->rows * w->cols * sizeof(double));
    return BF_OK;
}

static double rms_difference(const bf_matrix *a, const bf_matrix *b)
{
    size_t count = a->rows * a->cols;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (a->data[i] - b->data[i]) * (a->data[i] - b->data[i]);
    return sqrt(sum / (double)count);
}

/* V_t of the twin's weights: W_t = (1-eta) V_t + eta V_{t-1}. */
static void entering(bf_matrix *v, const run *r, unsigned t)
{
    const bf_schedule *s = r->schedule;
    const bf_matrix *w = r->twin;
    size_t count = w->rows * w->cols;
    OK(bf_matrix_init(v, w->rows, w->cols));
    if (s->v0.data) memcpy(v->data, s->v0.data, count * sizeof(double));
    for (unsigned k = 0; k < t; k++) {
        double eta = s->momentum ? s->eta[k] : 0;
        for (size_t i = 0; i < count; i++)
            v->data[i] = (w[k].data[i] - eta * v->data[i]) / (1 - eta);
    }
}

/* Of class c, by weights v over the rows of step t; *largest grows to the
 * largest score. */
static double squared_residuals(const run *r, const bf_matrix *v, unsigned t,
                                size_t c, double *largest)
{
    size_t first, end, cols = v->cols;
    double sum = 0;
    bf_schedule_rows(r->schedule, t, &first, &end);
    for (size_t i = first; i < end; i++) {
        double z = 0;
        for (size_t j = 0; j < cols; j++)
            z += r->u->data[i * cols + j] * v->data[c * cols + j];
        *largest = fmax(*largest, fabs(z));
        double e = (r->labels[i] == (int32_t)c) -
                   bf_sigmoid_value(&r->schedule->sigmoid, z);
        sum += e * e;
    }
    return sum;
}

/* By how much an error of weights changes the square root of a sum: by U'U <=
 * 2n, and a slope of the polynomial of at most 1/2, or of more far outside. */
static double weight_error(const run *r, unsigned t, double largest)
{
    const bf_matrix *w = r->twin;
    const bf_sigmoid *p = &r->schedule->sigmoid;
    double n = (double)r->u->rows, cols = (double)w->cols, h = 1e-3;
    double slope = (bf_sigmoid_value(p, largest + h) -
                    bf_sigmoid_value(p, largest - h)) / (2 * h);
    return t ? r->plan.steps[t - 1].noise * sqrt(2 * n * cols) *
                   fmax(0.5, fabs(slope))
             : 0;
}

#define DEVIATIONS 5
enum { MOST_CLASSES = 100 };

/* Decrypted sums against those of the twin. The planned error is a deviation;
 * squared it is that of the mean, too, as of residuals of 1/2 each has an error
 * of noise/sqrt(n). */
static void check_certificate(run *r, const bf_ct *certificate, unsigned t)
{
    bf_matrix sums, v;
    double noise = r->plan.steps[t].certificate_noise, worst = 0, largest = 0;
    double wants[MOST_CLASSES];
    OK(bf_plan_check_ct(certificate, r->plan.steps[t].certificate));
    OK(bf_certified_open(&sums, &r->job, r->sk, certificate));
    entering(&v, r, t);
    assert_int_equal(sums.cols, v.rows);
    assert_true(v.rows <= MOST_CLASSES);
    for (size_t c = 0; c < v.rows; c++)
        wants[c] = squared_residuals(r, &v, t, c, &largest);
    double moved = weight_error(r, t, largest);
    for (size_t c = 0; c < v.rows; c++) {
        double want = wants[c], off = sums.data[c] - want;
        double most = DEVIATIONS * noise + noise * noise +
                      moved * (2 * sqrt(want) + moved);
        worst = fmax(worst, fabs(off) / noise);
        if (!(fabs(off) <= most))
            fail_msg("iteration %u, class %zu: squared residuals %g, not %g to "
                     "%g", t + 1, c, sums.data[c], want, most);
    }
    bf_certified_bound(&r->proved, &r->job, t + 1, &sums, noise);
    r->largest = largest;
    printf("  certificate of %g: within %.2f deviations of %.2g; scores of "
           "%.1f, at most %.1f\n",
           sums.data[0], worst, noise, largest, r->proved.score);
    assert_true(largest <= r->proved.score);
    bf_matrix_clear(&sums);
    bf_matrix_clear(&v);
}

/* What estimates of runs without refreshes leave out (docs/algorithms.md): of
 * 2^log_m places of a packing only M have an error, and the weights lie there;
 * slots without a row hold zeros, and add no error. */
static double left_out(const run *r, unsigned t)
{
    const bf_layout *l = &r->job.layout;
    size_t first, end;
    if (r->job.refresh.on) return 1;
    bf_schedule_rows(r->schedule, t, &first, &end);
    size_t slots = bf_layout_block(l, t % l->blocks).chunks * l->t;
    return sqrt(exp2(l->log_m) / (double)l->m * (double)(end - first) /
                (double)slots);
}

static bf_status compare(void *user, bf_state *state)
{
    run *r = user;
    unsigned t = state->step - 1;
    const bf_plan_step *planned = &r->plan.steps[t];
    bf_matrix w = {0};
    assert_int_equal(bf_plan_check_ct(&state->output, planned->output), BF_OK);
    BF_TRY(bf_job_open(&w, &r->job, r->sk, &state->output));
    double rms = rms_difference(&w, &r->twin[t]);
    r->error[t] = rms / (planned->noise * left_out(r, t));
    printf("  iteration %u: rms error %.2e, %.3f times the expected\n", t + 1,
           rms, r->error[t]);
    r->iterations++;
    bf_matrix_clear(&w);
    bool certified = r->job.certificate && (t || !r->schedule->zero_start);
    assert_int_equal(state->certificate.data != NULL, certified);
    if (certified) check_certificate(r, &state->certificate, t);
    return BF_OK;
}

/* Rows like features after a ReLU, with class structure. */
static void make_data(bf_matrix *x, int32_t **labels, size_t n, size_t d,
                      unsigned classes, uint64_t seed)
{
    OK(bf_matrix_init(x, n, d));
    *labels = bf_alloc(n * sizeof(int32_t));
    for (size_t i = 0; i < n; i++) {
        (*labels)[i] = (int32_t)(i % classes);
        for (size_t j = 0; j < d; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            double u = (double)(seed >> 11) * 0x1p-53;
            x->data[i * d + j] = u * u + (j % classes == i % classes ? 0.3 : 0);
        }
    }
}

static void check_counters(const bf_counters *a, const bf_counters *b)
{
    assert_memory_equal(a->key_switches, b->key_switches,
                        sizeof a->key_switches);
    assert_memory_equal(a->mod_ups, b->mod_ups, sizeof a->mod_ups);
    assert_memory_equal(a->mod_downs, b->mod_downs, sizeof a->mod_downs);
    assert_int_equal(a->tensor_products, b->tensor_products);
    assert_int_equal(a->tensor_limbs, b->tensor_limbs);
    assert_int_equal(a->plain_products, b->plain_products);
    assert_int_equal(a->rescales, b->rescales);
}

/* Memory of threads beside the circuit's ciphertexts, as the plan counts it: a
 * quarter, and 192 MiB. */
#define PEAK_FACTOR 1.25
#define PEAK_FIXED ((double)(192 << 20))

static void encrypted_run(run *r, const bf_matrix *u, const int32_t *labels,
                          const bf_matrix *v0, bf_step_fn each)
{
    bf_world world = {0};
    bf_counters counters;
    size_t uploads = bf_job_inputs(&r->job);
    bf_ct *ct = bf_alloc_zero(uploads * sizeof *ct);
    bf_state state = {0};
    OK(bf_world_open(&world, &r->job, BF_BACKEND_AUTO));
    OK(bf_secret_key_generate(&r->sk, world.ctx[0], 0));
    OK(bf_protocol_make_keys(world.keys, bf_world_rings(&world), r->sk,
                             r->plan.keys, r->plan.key_count));
    bf_pt room = {.secret = true};
    for (size_t i = 0; i < uploads; i++)
        OK(bf_job_seal(&ct[i], &room, &r->job, r->sk, u, labels, v0, i));
    bf_pt_clear(&room);
    bf_inputs in = bf_job_inputs_by_kind(&r->job, ct);
    OK(bf_world_evaluators(&world));
    bf_eval *ev = world.ev[0];
    double start = bf_now();
    OK(bf_circuit_run(&world, &r->job, &in, &state, each, r, 0, NULL));
    printf("  circuit %.3f s, peak %.1f MB of ciphertexts, %.1f planned\n",
           bf_now() - start, (double)bf_world_peak_bytes(&world) / 1e6,
           (double)r->plan.circuit_bytes / 1e6);
    double planned = (double)r->plan.circuit_bytes;
    assert_true((double)bf_world_peak_bytes(&world) >= planned);
    assert_true((double)bf_world_peak_bytes(&world) <=
                PEAK_FACTOR * planned + PEAK_FIXED);
    for (unsigned ring = 0; ring < world.count; ring++) {
        bf_eval_counters(world.ev[ring], &counters);
        check_counters(&counters, &r->plan.counters[ring]);
    }
    assert_int_equal(state.output.limbs, 1);
    bf_state_release(ev, &state);
    for (size_t i = 0; i < uploads; i++) bf_ct_clear(&ct[i]);
    bf_free(ct);
    bf_secret_key_destroy(r->sk);
    bf_world_close(&world);
}

static void print_plan(const run *r)
{
    const bf_layout *l = &r->job.layout;
    uint64_t ks = 0;
    for (unsigned i = 0; i <= BF_MAX_Q; i++)
        ks += r->plan.counters[0].key_switches[i];
    printf(
        "  N=2^%u F=%zu K=%zu M=%zu chunks %zu; q %u limbs, alpha %u, P %u; "
        "logQP %.0f (%.0f bits); %llu key switches, %zu keys %.1f MB; upload "
        "%zu, %.2f MB; log2 scales: mask %.1f, rows %.1f, dense %.1f, start "
        "%.1f\n",
        l->log_n, l->f, l->k, l->m, l->chunks, r->job.ring[0].n_q,
        r->job.ring[0].digit_limbs, r->job.ring[0].n_p, r->plan.log2_qp,
        r->plan.security_bits, (unsigned long long)ks, r->plan.key_count,
        (double)r->plan.key_bytes / 1e6, r->plan.ciphertexts,
        (double)r->plan.upload_bytes / 1e6, r->job.log_mask, r->job.log_x,
        r->job.log_dense, r->job.log_v0);
}

/* Around means over several seeds, where the rows are fixed: keys and
 * encryption change them by 4 % (one deviation). A key's noise that is a third
 * too large moves the whitened recipe's first error by a fifth. */
#define ERROR_WITHIN 0.12

static bool certified;      /* whether jobs have certificates */
static bool refreshed;      /* whether jobs refresh their weights */
static unsigned rows_log_n; /* of the rows' ring; 0: the plan chooses */
/* What safe recipes may shorten steps to; 0: others. */
static double safe;

/* A test that fails leaves these for the next one. Keys and errors are those of
 * one seed for each test, so that no limit fails by chance. */
static int plain(void **state)
{
    (void)state;
    bf_random_fix_for_tests(test_seed(2));
    certified = refreshed = false;
    rows_log_n = 0;
    safe = 0;
    return 0;
}

/* Of the error of an iteration over the expected one, for many weights. */
typedef struct limits {
    double low, high;
} limits;

/* Whitened without refreshes: in the first iteration residuals are 1/2, as the
 * estimate has them, and what is left are the estimates of operations. Later
 * ones are those of the data: residuals of a half to all of 1/2, and slopes. */
static const limits first = {0.75, 1.25}, later = {0.5, 1.7};
/* Of `paper` how large entries of columns are differs by far, and with them
 * where errors come from. */
static const limits paper = {0.1, 2.0};
/* Polynomials in the Chebyshev basis: the estimate is a bound
 * (ckks/polyeval.c). */
static const limits chebyshev = {0.07, 1.7};
/* Refreshed: the estimate is an upper one in slopes and decay (train/usual.c,
 * docs/algorithms.md). Of `paper` weights of few classes grow faster than the
 * estimate assumes. */
static const limits followed = {0.4, 1.0}, paper_followed = {0.3, 1.15};
/* The first error may be that of few roundings of masks, which are the same for
 * every key: each at most sqrt(3) times its rms. */
static const limits first_followed = {0.4, 1.74};
/* By and by errors decay in more directions, of some data sooner, and once
 * scores have settled in all. */
enum { SOONER = 10 };
static const limits long_followed = {0.25, 1.0}, settled = {0.15, 1.0};
/* Where a long first step takes scores out of the polynomial's range, the rows
 * out there decide on all later errors of a short run. Of a class, these rows
 * lie along its weights and the constant column, so that an error has two
 * degrees of freedom per class: six for the three classes or more of the shapes
 * here. So the error of one draw in a thousand is less than sqrt(0.381/6) =
 * 0.25 of the rms over draws, or more than sqrt(22.5/6) = 1.9 times that; 0.381
 * and 22.5 are quantiles of chi squared. Over draws it is 0.5 to 0.95. */
static const limits far_out = {0.12, 1.8};

static limits limits_of(const run *r, unsigned t)
{
    const bf_sigmoid *p = &r->schedule->sigmoid;
    bool is_paper = r->job.recipe.kind == BF_RECIPE_PAPER;
    if (t > 0 && p->chebyshev) return chebyshev;
    if (!refreshed) return is_paper ? paper : t ? later : first;
    if (t > 0 && bf_usual_of(&r->job, 1).reach > p->range) return far_out;
    if (is_paper) return paper_followed;
    if (t == 0) return first_followed;
    return t < SOONER ? followed : t < BF_SETTLED ? long_followed : settled;
}

/* How far the rms of so many normal numbers is from that of all: four
 * deviations, 1/sqrt(2 count) each. */
static double spread_of(const run *r)
{
    double count = (double)(r->twin->rows * r->twin->cols);
    return 1 + 4 / sqrt(2 * count);
}

/* `known`: the error of each iteration over the expected one, or NULL. */
static void check_errors(const run *r, const double *known)
{
    for (unsigned t = 0; t < r->iterations; t++) {
        limits l = limits_of(r, t);
        double spread = spread_of(r);
        double low = known ? known[t] * (1 - ERROR_WITHIN) : l.low / spread;
        double high = known ? known[t] * (1 + ERROR_WITHIN) : l.high * spread;
        if (!(r->error[t] >= low && r->error[t] <= high))
            fail_msg("iteration %u: rms error of weights %.3f times the "
                     "expected, not %.3f to %.3f",
                     t + 1, r->error[t], low, high);
    }
}

/* From the second iteration until scores have settled errors grow at most as
 * expected: an estimate whose errors decay where real ones do not lets the
 * ratio rise. Later the limits alone hold it. */
static void check_growth(const run *r)
{
    for (unsigned t = 2; t < r->iterations && t < BF_SETTLED; t++)
        if (!(r->error[t] <= r->error[1]))
            fail_msg("iteration %u: the error over the expected one has grown "
                     "from %.3f to %.3f",
                     t + 1, r->error[1], r->error[t]);
}

/* Mean slope of the polynomial over the scores of the second iteration. */
static double mean_slope(const run *r)
{
    const bf_sigmoid *p = &r->schedule->sigmoid;
    const bf_matrix *u = r->u, *w = &r->twin[0];
    double sum = 0, h = 1e-4;
    for (size_t i = 0; i < u->rows; i++)
        for (size_t c = 0; c < w->rows; c++) {
            double z = 0;
            for (size_t j = 0; j < u->cols; j++)
                z += u->data[i * u->cols + j] * w->data[c * u->cols + j];
            sum += (bf_sigmoid_value(p, z + h) - bf_sigmoid_value(p, z - h)) /
                   (2 * h);
        }
    return sum / (double)(u->rows * w->rows);
}

/* Plans assume slopes no steeper than those of the rows: steeper ones would
 * pull errors back. */
#define FLATTER 0.01

static void check_slopes(const run *r)
{
    bf_usual usual = bf_usual_of(&r->job, 1);
    double assumed = bf_usual_slope(&usual, &r->schedule->sigmoid).mean;
    double rows = mean_slope(r);
    if (!(assumed <= rows + FLATTER))
        fail_msg("a mean slope of %.3f is assumed, that of the rows is %.3f",
                 assumed, rows);
}

enum { RANDOM_SHAPES = 4, LONGEST = 100 };

/* False where the owner would have refused to encrypt. */
static bool check_data(bf_recipe_kind kind, unsigned iterations, bf_matrix x,
                       const int32_t *labels, unsigned classes, size_t batch,
                       const double *known)
{
    run r = {0};
    bf_transform *transform = NULL;
    bf_recipe recipe;
    size_t n = x.rows, d = x.cols;
    bf_matrix u = {0}, twin[LONGEST] = {{0}}, last = {0};
    bf_schedule schedule;
    bf_plan_options options = {
        .refresh = refreshed ? BF_REFRESH_ALWAYS : BF_REFRESH_NEVER,
        .log_n = rows_log_n,
        .certificate = certified};
    printf("%s: %u iterations, %zu x %zu, %u classes, batch %zu\n",
           kind == BF_RECIPE_PAPER ? "paper" : "whitened", iterations, n, d,
           classes, batch);
    OK(bf_recipe_default(&recipe, kind, iterations, n, d));
    recipe.batch = batch;
    if (safe > 0) {
        recipe.clip = 1;
        OK(bf_recipe_make_safe(&recipe, safe, n, d));
        printf("  scores to %.1f by degree %u\n", recipe.sigmoid.range,
               recipe.sigmoid.degree);
    }
    OK(bf_job_search(&r.job, &r.plan, &recipe, n, d, classes, &options));
    print_plan(&r);
    assert_int_equal(r.job.refresh.on, refreshed);
    OK(bf_transform_fit(&transform, &recipe, &x, NULL));
    OK(bf_transform_apply(&u, transform, &x, true, NULL));
    OK(bf_schedule_make(&schedule, &recipe, n));
    OK(bf_transform_start(&schedule, transform, classes));
    OK(bf_twin_run(&last, &schedule, &u, labels, classes, keep_twin, twin,
                   NULL));
    r.twin = twin;
    r.u = &u;
    r.labels = labels;
    r.schedule = &schedule;
    bf_status fits = bf_protocol_check_bounds(&r.job, &u, labels, &schedule);
    if (fits == BF_OK) {
        encrypted_run(&r, &u, labels,
                      schedule.zero_start ? NULL : &schedule.v0, compare);
        assert_int_equal(r.iterations, iterations);
    } else {
        assert_int_equal(fits, BF_ERR_RANGE);
        printf("  refused: %s\n", bf_last_error());
    }
    check_errors(&r, known);
    if (refreshed && kind == BF_RECIPE_WHITENED) {
        check_growth(&r);
        if (!recipe.sigmoid.chebyshev) check_slopes(&r);
    }
    for (unsigned t = 0; t < iterations; t++) bf_matrix_clear(&twin[t]);
    bf_matrix_clear(&last);
    bf_matrix_clear(&u);
    bf_schedule_clear(&schedule);
    bf_transform_destroy(transform);
    bf_plan_clear(&r.plan);
    return fits == BF_OK;
}

static bool check_run(bf_recipe_kind kind, unsigned iterations, size_t n,
                      size_t d, unsigned classes, size_t batch)
{
    bf_matrix x = {0};
    int32_t *labels;
    make_data(&x, &labels, n, d, classes, 11 * n + d);
    bool done = check_data(kind, iterations, x, labels, classes, batch, NULL);
    bf_matrix_clear(&x);
    bf_free(labels);
    return done;
}

enum { SIDE = 28 };

/* Means of pool x pool pixels of the digits in data/. */
static void load_digits(bf_matrix *x, int32_t **labels, const char *images_path,
                        const char *labels_path, size_t pool)
{
    bf_images *images;
    size_t side = SIDE / pool;
    OK(bf_images_open(&images, images_path, labels_path, true));
    size_t n = bf_images_count(images);
    OK(bf_matrix_init(x, n, side * side));
    *labels = bf_alloc(n * sizeof(int32_t));
    for (size_t i = 0; i < n; i++) {
        bf_image image = {0};
        OK(bf_images_read(images, i, &image));
        assert_int_equal(image.width, SIDE);
        assert_int_equal(image.height, SIDE);
        for (size_t k = 0; k < SIDE * SIDE; k++) {
            size_t row = k / SIDE / pool, column = k % SIDE / pool;
            x->data[(i * side + row) * side + column] +=
                image.pixels[k] / (double)(pool * pool);
        }
        (*labels)[i] = image.label;
        bf_image_clear(&image);
    }
    bf_images_close(images);
}

/* 128 digits. In later iterations their residuals are 0.25 and 0.12 where plans
 * assume 0.5. */
static void test_digits(void **state)
{
    (void)state;
    bf_matrix x = {0};
    int32_t *labels;
    load_digits(&x, &labels, "data/digits-train-images.idx.gz",
                "data/digits-train-labels.idx.gz", 2);
    static const double twice[] = {1.07, 0.87}, two[] = {0.89, 0.68},
                        three[] = {1.02, 0.71, 0.56};
    assert_true(check_data(BF_RECIPE_PAPER, 2, x, labels, 10, 0, twice));
    assert_true(check_data(BF_RECIPE_WHITENED, 2, x, labels, 10, 0, two));
    assert_true(check_data(BF_RECIPE_WHITENED, 3, x, labels, 10, 0, three));
    bf_matrix_clear(&x);
    bf_free(labels);
}

static void test_whitened(void **state)
{
    (void)state;
    assert_true(check_run(BF_RECIPE_WHITENED, 1, 50, 20, 3, 0));
    assert_true(check_run(BF_RECIPE_WHITENED, 2, 128, 400, 10, 0));
    assert_true(check_run(BF_RECIPE_WHITENED, 3, 700, 33, 2, 0));
    assert_true(check_run(BF_RECIPE_WHITENED, 2, 301, 17, 5, 100));
}

/* Of 2,000 digits, enough for the degree 13 and steps of 3, whose scores lie
 * where the polynomial is flat: errors of weights hardly decay. */
static void run_digits_refreshed(unsigned iterations)
{
    bf_matrix x = {0};
    int32_t *labels;
    refreshed = true;
    load_digits(&x, &labels, "data/digits-test-images.idx.gz",
                "data/digits-test-labels.idx.gz", 4);
    assert_true(
        check_data(BF_RECIPE_WHITENED, iterations, x, labels, 10, 0, NULL));
    bf_matrix_clear(&x);
    bf_free(labels);
}

static void test_digits_refreshed(void **state)
{
    (void)state;
    run_digits_refreshed(6);
}

/* Minutes: only where BLINDFIT_TEST_LONG is set. */
static void test_long(void **state)
{
    (void)state;
    if (!getenv("BLINDFIT_TEST_LONG")) skip();
    run_digits_refreshed(20);
    run_digits_refreshed(100);
}

/* The rows of the paper. */
static void test_long_paper(void **state)
{
    static const char path[] = "../shared/data/regnet_mnist_512.csv";
    (void)state;
    bf_dataset d;
    if (!getenv("BLINDFIT_TEST_LONG")) skip();
    if (access(path, R_OK) != 0) {
        printf("skipped: no %s\n", path);
        skip();
    }
    OK(bf_dataset_load(&d, path, NULL, (bf_rows){1, 128}, NULL));
    refreshed = true;
    assert_true(check_data(BF_RECIPE_PAPER, 100, d.x, d.labels, 10, 0, NULL));
    bf_dataset_clear(&d);
}

/* More iterations than a chain is made for: the weights are refreshed, in the
 * rows' ring or in one of twice its degree. */
static void test_refreshed(void **state)
{
    (void)state;
    refreshed = true;
    rows_log_n = 14;
    assert_true(check_run(BF_RECIPE_PAPER, 5, 128, 100, 3, 0));
    assert_true(check_run(BF_RECIPE_WHITENED, 2, 301, 17, 5, 100));
    rows_log_n = 15;
    assert_true(check_run(BF_RECIPE_WHITENED, 3, 300, 12, 3, 0));
    assert_true(check_run(BF_RECIPE_PAPER, 2, 128, 60, 3, 0));
}

static bf_status compare_certificate(void *user, bf_state *state)
{
    run *r = user;
    if (state->certificate.data)
        check_certificate(r, &state->certificate, state->step - 1);
    r->iterations++;
    return BF_OK;
}

/* Of 700 rows, which no transform was fitted to, every FAR-th is long and along
 * the direction of ALONG columns, by its class to one side or the other. */
enum { FAR = 14, ALONG = 5, FAR_ROWS = 700, FAR_COLUMNS = 20, FAR_CLASSES = 2 };

static void make_far(bf_matrix *u, int32_t *labels, double length,
                     uint64_t seed)
{
    random_matrix(u, FAR_ROWS, FAR_COLUMNS + 1, &seed);
    for (size_t i = 0; i < FAR_ROWS; i++) {
        double *row = u->data + i * u->cols;
        labels[i] = (int32_t)(i / FAR % FAR_CLASSES);
        row[0] = 1;
        for (size_t j = 1; j < u->cols; j++)
            row[j] = i % FAR ? fmin(fmax(row[j], -2), 2) : 0;
        for (size_t j = 1; i % FAR == 0 && j <= ALONG; j++)
            row[j] = labels[i] ? length : -length;
    }
}

/* The largest score by itself, and as proved; both over the score that the job
 * covers. */
static void run_far(double *largest, double *proved, double length)
{
    bf_matrix u, twin[2] = {{0}}, last = {0};
    int32_t labels[FAR_ROWS];
    bf_recipe recipe;
    bf_schedule schedule;
    const bf_plan_options options = {.certificate = true};
    run r = {.twin = twin, .u = &u, .labels = labels, .schedule = &schedule};
    make_far(&u, labels, length, 5);
    OK(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, FAR_ROWS,
                         FAR_COLUMNS));
    OK(bf_job_search(&r.job, &r.plan, &recipe, FAR_ROWS, FAR_COLUMNS,
                     FAR_CLASSES, &options));
    OK(bf_schedule_make(&schedule, &recipe, FAR_ROWS));
    OK(bf_twin_run(&last, &schedule, &u, labels, FAR_CLASSES, keep_twin, twin,
                   NULL));
    encrypted_run(&r, &u, labels, NULL, compare_certificate);
    assert_int_equal(r.iterations, 2);
    *largest = r.largest / r.proved.covered;
    *proved = r.proved.score / r.proved.covered;
    for (int t = 0; t < 2; t++) bf_matrix_clear(&twin[t]);
    bf_matrix_clear(&last);
    bf_matrix_clear(&u);
    bf_schedule_clear(&schedule);
    bf_plan_clear(&r.plan);
}

/* A certificate proves scores in range where they are, and not where they are
 * not. */
static void test_far_rows(void **state)
{
    (void)state;
    double largest, proved;
    run_far(&largest, &proved, 2);
    assert_true(largest < 0.5 && proved < 1);
    run_far(&largest, &proved, 3.8);
    assert_true(largest > 1 && proved >= largest);
}

/* Every way to divide; classes that fill a group's places, and that do not;
 * steps over some of the rows; momentum. */
static void test_certified(void **state)
{
    (void)state;
    certified = true;
    assert_true(check_run(BF_RECIPE_WHITENED, 2, 128, 400, 10, 0));
    assert_true(check_run(BF_RECIPE_WHITENED, 3, 3000, 33, 2, 0));
    assert_true(check_run(BF_RECIPE_WHITENED, 2, 301, 17, 5, 100));
    assert_true(check_run(BF_RECIPE_PAPER, 2, 128, 40, 7, 0));
    refreshed = true;
    assert_true(check_run(BF_RECIPE_WHITENED, 3, 128, 400, 10, 0));
}

/* Polynomials of degree 15, 31, 63 and 127, in the Chebyshev basis; the last of
 * them twice in a run, and in a run that is refreshed. */
static void test_safe(void **state)
{
    (void)state;
    safe = BF_SAFE_STEPS;
    assert_true(check_run(BF_RECIPE_WHITENED, 2, 128, 400, 10, 0));
    assert_true(check_run(BF_RECIPE_WHITENED, 2, 700, 33, 2, 0));
    assert_true(check_run(BF_RECIPE_WHITENED, 3, 700, 20, 3, 0));
    safe = 0.9;
    assert_true(check_run(BF_RECIPE_WHITENED, 3, 700, 33, 2, 0));
    refreshed = true;
    assert_true(check_run(BF_RECIPE_WHITENED, 2, 700, 33, 2, 0));
}

static void test_paper(void **state)
{
    (void)state;
    assert_true(check_run(BF_RECIPE_PAPER, 2, 128, 400, 10, 0));
    assert_true(check_run(BF_RECIPE_PAPER, 1, 37, 5, 2, 0));
}

/* As many classes as there may be, and more features than slots of a ring. */
static void test_wide(void **state)
{
    (void)state;
    assert_true(check_run(BF_RECIPE_WHITENED, 2, 130, 30, 100, 0));
    assert_true(check_run(BF_RECIPE_PAPER, 1, 24, 2100, 3, 0));
    assert_true(check_run(BF_RECIPE_WHITENED, 1, 40, 2100, 100, 0));
}

/* From low to high, each power of two as likely as the next. */
static size_t random_size(uint64_t *seed, size_t low, size_t high)
{
    double ratio = ((double)high + 1) / (double)low;
    return (size_t)((double)low * pow(ratio, random_unit(seed)));
}

/* Fewer classes with more iterations, to take seconds. */
static void test_random_shapes(void **state)
{
    static const size_t most_classes[] = {100, 50, 10};
    (void)state;
    uint64_t seed = test_seed(64);
    int i = 0, draws = 0;
    while (i < RANDOM_SHAPES) {
        assert_true(++draws <= 3 * RANDOM_SHAPES);
        bf_recipe_kind kind = i % 2 ? BF_RECIPE_PAPER : BF_RECIPE_WHITENED;
        unsigned iterations = 1 + (unsigned)random_below(&seed, 3);
        unsigned classes =
            (unsigned)random_size(&seed, 2, most_classes[iterations - 1]);
        size_t n = random_size(&seed, 8, 500), d = random_size(&seed, 2, 300);
        size_t batch = i % 4 ? 0 : 1 + n / (1 + random_below(&seed, 4));
        i += check_run(kind, iterations, n, d, classes, batch);
    }
}

#define TEST(function) cmocka_unit_test_setup(function, plain)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_wide),      TEST(test_random_shapes),
        TEST(test_whitened),  TEST(test_paper),
        TEST(test_digits),    TEST(test_digits_refreshed),
        TEST(test_refreshed), TEST(test_safe),
        TEST(test_certified), TEST(test_far_rows),
        TEST(test_long),      TEST(test_long_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
