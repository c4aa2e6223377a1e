/* Jobs trained by several ranks, here threads: every number of ranks gives the
 * model of one process, up to the rounding of each rank's packing; ranks that
 * differ or fail end all of them, with one message. */
#include <math.h>
#include <pthread.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "linalg/layout.h"
#include "support/env.h"
#include "train/checkpoint.h"
#include "train/serve.h"
#include "train/train_testing.h"
#include "support/owner_files.h"
#include "train/upload.h"

#define OK check_ok

enum { MOST_RANKS = 5, STEPS = 3 };

/* ---- a job and its files ------------------------------------------------- */

typedef struct shape {
    bf_recipe_kind kind;
    size_t rows, features, batch;
    unsigned classes, iterations;
    bf_plan_options options;
    bool twice; /* there is another upload of the same rows */
    unsigned parts;  /* of the uploads; 0: they are files */
    unsigned packed; /* parts in which the job packs gradients; 0: one */
} shape;

static job_files at;
static struct {
    char again[96];
    bf_job made;
    bf_plan plan;
    uint8_t id[BF_HASH_BYTES];
    bf_matrix twin[STEPS];
} files;

static bf_status keep_twin(void *user, unsigned t, const bf_matrix *w)
{
    (void)user;
    BF_TRY(bf_matrix_init(&files.twin[t], w->rows, w->cols));
    memcpy(files.twin[t].data, w->data, w->rows * w->cols * sizeof(double));
    return BF_OK;
}

static void encrypt(const shape *s, const bf_matrix *x, const int32_t *labels)
{
    bf_prepared p;
    bf_matrix last;
    owner_prepare(&p, &files.made, x);
    OK(bf_twin_run(&last, &p.schedule, &p.rows, labels, s->classes, keep_twin,
                   NULL, NULL));
    bf_uploaded u = {.rows = &p.rows,
                     .labels = labels,
                     .schedule = &p.schedule,
                     .path = at.upload,
                     .parts = s->parts};
    OK(owner_upload(&files.made, files.id, at.secret, &u));
    u.path = files.again;
    if (s->twice) OK(owner_upload(&files.made, files.id, at.secret, &u));
    bf_matrix_clear(&last);
    bf_prepared_clear(&p);
}

static void open_job(const shape *s)
{
    bf_recipe recipe;
    bf_matrix x;
    uint64_t seed = 3;
    int32_t *labels = bf_alloc(s->rows * sizeof *labels);
    job_files_open(&at);
    path_in(files.again, at.dir, "again.bf");
    OK(bf_random_init());
    OK(bf_recipe_default(&recipe, s->kind, s->iterations, s->rows,
                         s->features));
    recipe.batch = s->batch;
    OK(bf_job_search(&files.made, &files.plan, &recipe, s->rows, s->features,
                     s->classes, &s->options));
    files.made.parts = s->packed;
    owner_start(&files.made, files.id, &at);
    random_matrix(&x, s->rows, s->features, &seed);
    for (size_t i = 0; i < s->rows; i++) {
        labels[i] = (int32_t)random_below(&seed, s->classes);
        for (size_t j = 0; j < s->features; j++)
            x.data[i * s->features + j] = fabs(x.data[i * s->features + j] +
                                               (j % 3 == (size_t)labels[i]));
    }
    encrypt(s, &x, labels);
    bf_matrix_clear(&x);
    bf_free(labels);
}

static void close_job(void)
{
    for (unsigned t = 0; t < STEPS; t++) bf_matrix_clear(&files.twin[t]);
    bf_plan_clear(&files.plan);
    OK(bf_remove_tree(at.dir));
}

/* ---- ranks as threads ---------------------------------------------------- */

typedef struct meeting {
    pthread_barrier_t barrier;
    pthread_mutex_t lock;
    uint64_t *total;
    size_t count;
    unsigned sums;    /* so far */
    unsigned fail_at; /* rank 1 is interrupted before this sum; 0: never */
} meeting;

typedef struct rank {
    meeting *m;
    bf_ranks ranks;
    bf_serve_options o;
    bf_env env;
    bf_status status;
    char message[BF_MESSAGE_BYTES];
} rank;

static bf_status add_up(void *user, uint64_t *words, size_t count)
{
    rank *r = user;
    meeting *m = r->m;
    pthread_barrier_wait(&m->barrier);
    if (r->ranks.own == 0) {
        m->total = bf_alloc_zero(count * sizeof *words);
        m->count = count;
        m->sums++;
    }
    pthread_barrier_wait(&m->barrier);
    if (r->ranks.own == 1 && m->sums == m->fail_at)
        bf_env_interrupt(&r->env, 1);
    pthread_mutex_lock(&m->lock);
    bool fits = m->total && count == m->count;
    for (size_t i = 0; fits && i < count; i++) m->total[i] += words[i];
    pthread_mutex_unlock(&m->lock);
    pthread_barrier_wait(&m->barrier);
    if (fits) memcpy(words, m->total, count * sizeof *words);
    pthread_barrier_wait(&m->barrier);
    if (r->ranks.own == 0) bf_free(m->total);
    return fits ? BF_OK : bf_fail(BF_ERR_INTERNAL, "sums of other lengths");
}

static void *serve(void *user)
{
    rank *r = user;
    bf_serve_report report;
    r->o.ranks = &r->ranks;
    r->status = bf_serve_train(&report, &r->o, &r->env);
    snprintf(r->message, sizeof r->message, "%s",
             r->status == BF_OK ? "" : bf_last_error());
    return NULL;
}

/* Rank `other` (0: none) has another job or upload; without one
 * `upload` is that of all. */
typedef struct launch {
    unsigned count, other, fail_at, parts;
    bool checkpoint, resume, packed;
    const char *job, *upload;
} launch;

static bf_status run_ranks(const launch *l, char message[BF_MESSAGE_BYTES])
{
    meeting m = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail_at = l->fail_at};
    rank r[MOST_RANKS];
    pthread_t thread[MOST_RANKS];
    const char *const keys[] = {at.keys};
    const char *const upload[] = {l->upload && !l->other ? l->upload
                                                         : at.upload};
    const char *const other_upload[] = {l->upload};
    pthread_barrier_init(&m.barrier, NULL, l->count);
    for (unsigned i = 0; i < l->count; i++) {
        bool other = l->other && i == l->other;
        r[i] = (rank){
            .m = &m,
            .ranks = {i, l->count, add_up, &r[i]},
            .o = {.job = other && l->job ? l->job : at.job,
                  .keys = keys,
                  .key_count = 1,
                  .uploads = other && l->upload ? other_upload : upload,
                  .upload_count = 1,
                  .parts = l->parts,
                  .model = at.model,
                  .checkpoint = l->checkpoint ? at.checkpoint : NULL,
                  .resume = l->resume,
                  .pack_rows = l->packed ? BF_PACK_ALWAYS : BF_PACK_NEVER},
            .env = {.threads = 1}};
        assert_int_equal(pthread_create(&thread[i], NULL, serve, &r[i]), 0);
    }
    for (unsigned i = 0; i < l->count; i++) pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&m.barrier);
    for (unsigned i = 1; i < l->count; i++)
        assert_int_equal(r[i].status, r[0].status);
    memcpy(message, r[0].message, sizeof r[0].message);
    return r[0].status;
}

static void trains(launch l)
{
    char message[BF_MESSAGE_BYTES];
    if (run_ranks(&l, message) != BF_OK) fail_msg("%s", message);
}

static void refuses(launch l, bf_status status, const char *words)
{
    char message[BF_MESSAGE_BYTES];
    bf_status s = run_ranks(&l, message);
    if (s != status || !strstr(message, words))
        fail_msg("wanted %s '%s', got %s: %s", bf_status_name(status), words,
                 bf_status_name(s), message);
    assert_int_not_equal(access(at.model, F_OK), 0);
}

/* ---- models -------------------------------------------------------------- */

typedef struct models {
    uint8_t *file;
    size_t bytes;
    bf_matrix w[STEPS]; /* as decrypted, without the owner's rounding */
} models;

static void open_models(models *m)
{
    owner_key k;
    bf_wire_reader *r;
    bf_wire_item item;
    OK(bf_read_file(at.model, (size_t)1 << 30, &m->file, &m->bytes));
    OK(owner_open(&k, &files.made, at.secret));
    OK(bf_wire_open(&r, at.model, BF_WIRE_MODEL, bf_one_ring(k.ctx),
                    (bf_wire_ids){0}));
    for (unsigned t = 0; t < files.plan.step_count; t++) {
        bf_ct ct = {0};
        OK(bf_wire_find(r, BF_WIRE_CIPHERTEXT,
                        (bf_label){BF_MODEL_ITERATION, t + 1}, &item));
        OK(bf_wire_get_ct(r, &ct));
        OK(bf_job_open(&m->w[t], &files.made, k.sk, &ct));
        bf_ct_clear(&ct);
    }
    bf_wire_close(r);
    owner_close(&k);
    assert_int_equal(unlink(at.model), 0);
}

static void clear_models(models *m)
{
    for (unsigned t = 0; t < STEPS; t++) bf_matrix_clear(&m->w[t]);
    bf_free(m->file);
    *m = (models){0};
}

static bool same_file(const models *a, const models *b)
{
    return a->bytes == b->bytes && memcmp(a->file, b->file, a->bytes) == 0;
}

static double apart(const bf_matrix *a, const bf_matrix *b)
{
    double sum = 0;
    size_t count = a->rows * a->cols;
    assert_int_equal(b->rows * b->cols, count);
    for (size_t i = 0; i < count; i++)
        sum += (a->data[i] - b->data[i]) * (a->data[i] - b->data[i]);
    return sqrt(sum / (double)count);
}

/* The variances of a weight after the first step, by roundings alone: of one
 * rank's packing, and of the rescale, which follows the sum. Weights are
 * step*gradient, a weight's error sqrt(F) times that of a coefficient. */
typedef struct rounding {
    double pack, rescale;
} rounding;

static rounding first_rounding(void)
{
    const bf_job *job = &files.made;
    const bf_layout *l = &job->layout;
    bf_world w = {0};
    bf_ct *g = bf_alloc_zero(l->m * sizeof *g), out = {0};
    OK(bf_world_open_symbolic(&w, job));
    for (size_t i = 0; i < l->m; i++)
        g[i] = (bf_ct){.ctx = w.ctx[0],
                       .polys = 3,
                       .bound = 1,
                       .limbs = bf_job_y_limbs(job),
                       .scale = exp2(job->log_x + job->log_labels +
                                     (l->f > 1 ? job->log_mask : 0))};
    OK(bf_pack(w.ev[0], &out, g, l->m, l->log_m, (unsigned)l->f, 1));
    double unit = job->schedule.step[0] * sqrt((double)l->f);
    double pack = unit * out.noise / out.scale;
    OK(bf_rescale(w.ev[0], &out, &out));
    double both = unit * out.noise / out.scale;
    bf_eval_release(w.ev[0], &out);
    bf_free(g);
    bf_world_close(&w);
    return (rounding){pack * pack, both * both - pack * pack};
}

/* Estimates of noise are from above, by up to a factor of five here. */
#define FIRST_LEAST 0.6
#define FIRST_MOST 1.4

/* The first step's models differ by roundings alone. Later steps begin with
 * different ciphertexts, and so all of their errors differ: each model is off
 * by what the plan expects, to which other ranks add at most as much each. */
static void check_apart(const models *one, const models *many, unsigned ranks)
{
    rounding r = first_rounding();
    double first = sqrt((1 + ranks) * r.pack + 2 * r.rescale);
    double got = apart(&one->w[0], &many->w[0]);
    print_message("  %u ranks: after the first step %.2e apart, %.2f of the "
                  "bound; expected error %.2e\n",
                  ranks, got, got / first, files.plan.steps[0].noise);
    if (files.made.schedule.zero_start)
        assert_true(got >= FIRST_LEAST * first && got <= FIRST_MOST * first);
    for (unsigned t = 0; t < files.plan.step_count; t++) {
        double noise = files.plan.steps[t].noise, root = sqrt(1.0 + ranks);
        double to_one = apart(&one->w[t], &many->w[t]) / noise;
        double to_twin = apart(&files.twin[t], &many->w[t]) / noise;
        print_message("  step %u: %.2f from one rank, %.2f from the twin\n",
                      t + 1, to_one, to_twin);
        assert_true(to_one <= 2 * root && to_twin <= 2 * root);
    }
}

/* ---- tests --------------------------------------------------------------- */

/* The model of one process, without ranks. */
static void train_alone(models *out)
{
    bf_serve_report report;
    const char *const keys[] = {at.keys}, *const uploads[] = {at.upload};
    bf_serve_options o = {.job = at.job,
                          .keys = keys,
                          .key_count = 1,
                          .uploads = uploads,
                          .upload_count = 1,
                          .model = at.model};
    OK(bf_serve_train(&report, &o, NULL));
    open_models(out);
}

static void train_by(models *out, unsigned ranks, bool packed)
{
    trains((launch){.count = ranks, .packed = packed});
    open_models(out);
}

static void check_ranks(const models *alone, unsigned ranks)
{
    models m = {0};
    train_by(&m, ranks, false);
    assert_false(same_file(alone, &m));
    check_apart(alone, &m, ranks);
    clear_models(&m);
}

static void check_same(const models *want, unsigned ranks, bool packed)
{
    models m = {0};
    train_by(&m, ranks, packed);
    assert_true(same_file(want, &m));
    clear_models(&m);
}

static void check_refusals(void)
{
    char other[96], missing[96];
    bf_job job = files.made;
    path_in(other, at.dir, "other.json");
    path_in(missing, at.dir, "missing.bf");
    job.recipe.step_count = 2;
    job.recipe.steps[1] = job.recipe.steps[0] / 2;
    OK(bf_job_save(&job, other));
    refuses((launch){.count = 3, .other = 2, .job = other}, BF_ERR_MISMATCH,
            "rank 2: the job is not that of rank 0");
    refuses((launch){.count = 3, .other = 1, .upload = files.again},
            BF_ERR_MISMATCH, "rank 1: the upload is not that of rank 0");
    refuses((launch){.count = 3, .other = 1, .upload = missing}, BF_ERR_IO,
            "missing.bf: cannot open");
    refuses((launch){.count = 5}, BF_ERR_ARGUMENT,
            "5 ranks, but the ciphertexts of the rows are for 4 at most");
}

/* Seven chunks in four periods, groups that begin within chunks, certificates.
 */
static void test_whitened(void **state)
{
    (void)state;
    static const shape s = {BF_RECIPE_WHITENED,
                            13000,
                            24,
                            0,
                            6,
                            2,
                            {.log_n = 14,
                             .f = 4,
                             .k = 4,
                             .refresh = BF_REFRESH_NEVER,
                             .certificate = true},
                            true,
                            0,
                            0};
    models alone = {0}, two = {0};
    open_job(&s);
    assert_int_equal(files.made.layout.chunks, 7);
    train_alone(&alone);
    check_same(&alone, 1, false);
    train_by(&two, 2, false);
    check_apart(&alone, &two, 2);
    check_same(&two, 2, true);
    check_ranks(&alone, 4);
    check_refusals();
    clear_models(&alone);
    clear_models(&two);
    close_job();
}

/* Batches of 6,000 and 3,000 rows, three chunks and two, packed in three parts:
 * one process and three ranks make the same file, and in the second batch a
 * rank has nothing to do. */
static void test_batches(void **state)
{
    (void)state;
    static const shape s = {BF_RECIPE_WHITENED,
                            9000,
                            40,
                            6000,
                            2,
                            2,
                            {.log_n = 14,
                             .f = 4,
                             .k = 2,
                             .refresh = BF_REFRESH_NEVER,
                             .certificate = true},
                            false,
                            0,
                            3};
    models alone = {0}, two = {0};
    open_job(&s);
    train_alone(&alone);
    check_same(&alone, 3, false);
    train_by(&two, 2, false);
    check_apart(&alone, &two, 4); /* five packings, as of one and of four */
    clear_models(&two);
    clear_models(&alone);
    close_job();
}

/* Of the paper's recipe, which has initial weights and momentum. Two ranks are
 * interrupted after the fourteenth sum, the last of the first step, and one
 * goes on; the job is packed in two parts, so that all make the same file. */
static void test_resumed(void **state)
{
    (void)state;
    static const shape s = {
        BF_RECIPE_PAPER,
        6000,
        17,
        0,
        2,
        2,
        {.log_n = 14, .f = 2, .k = 1, .refresh = BF_REFRESH_NEVER},
        false,
        0,
        2};
    models alone = {0}, m = {0};
    open_job(&s);
    train_alone(&alone);
    refuses((launch){.count = 2, .checkpoint = true, .fail_at = 14},
            BF_ERR_INTERRUPTED, "state.bf keeps 1 of 2 iterations");
    trains((launch){.count = 1, .checkpoint = true, .resume = true});
    open_models(&m);
    assert_true(same_file(&alone, &m));
    clear_models(&m);
    clear_models(&alone);
    close_job();
}

/* ---- uploads in parts ---------------------------------------------------- */

enum { PARTS = 3 };

static void part(char out[96], const char *upload, unsigned i)
{
    OK(bf_upload_part_path(out, 96, upload, i));
}

static void rename_part(const char *from, unsigned i, const char *to,
                        unsigned j)
{
    char old[96], new[96];
    part(old, from, i);
    part(new, to, j);
    assert_int_equal(rename(old, new), 0);
}

/* The same ciphertexts in one file. */
static void join(const char *upload)
{
    owner_key k;
    bf_wire_reader *r;
    bf_wire_writer *w;
    bf_wire_item item;
    size_t count = bf_job_inputs(&files.made);
    bf_ct *ct = bf_alloc_zero(count * sizeof *ct);
    OK(owner_open(&k, &files.made, at.secret));
    bf_rings rings = bf_one_ring(k.ctx);
    bf_inputs in = bf_job_inputs_by_kind(&files.made, ct);
    uint8_t data_id[BF_HASH_BYTES];
    bf_job_data_id(&files.made, data_id);
    bf_wire_ids ids = {bf_secret_key_id(k.sk), files.id, data_id};
    for (unsigned i = 0; i < PARTS; i++) {
        char path[96];
        part(path, upload, i);
        OK(bf_wire_open(&r, path, BF_WIRE_UPLOAD, rings, ids));
        for (;;) {
            OK(bf_wire_next(r, &item));
            if (item.kind == BF_FRAME_END) break;
            if (item.kind != BF_WIRE_CIPHERTEXT) continue;
            OK(bf_wire_get_ct(r,
                              (bf_ct *)&in.at[item.label.kind - BF_UPLOAD_INPUT]
                                             [item.label.index]));
        }
        bf_wire_close(r);
    }
    OK(bf_wire_create(&w, upload, BF_WIRE_UPLOAD, rings, ids));
    for (size_t i = 0; i < count; i++) {
        bf_label label;
        label.kind =
            BF_UPLOAD_INPUT + bf_job_input_kind(&files.made, i, &label.index);
        OK(bf_wire_put_ct(w, label, &ct[i]));
        bf_ct_clear(&ct[i]);
    }
    OK(bf_wire_commit(w));
    bf_free(ct);
    owner_close(&k);
}

/* From its parts, in the files of this upload, `count` ranks train the weights
 * that they train from one file. */
static void check_parts(unsigned count, const char *upload, unsigned other)
{
    models parts = {0}, whole = {0};
    trains((launch){
        .count = count, .parts = PARTS, .upload = upload, .other = other});
    open_models(&parts);
    train_by(&whole, count, false);
    for (unsigned t = 0; t < files.plan.step_count; t++)
        assert_true(apart(&parts.w[t], &whole.w[t]) == 0);
    clear_models(&parts);
    clear_models(&whole);
}

static void check_part_refusals(void)
{
    char first[96];
    part(first, at.upload, 0);
    refuses((launch){.count = 1, .parts = PARTS - 1}, BF_ERR_MISMATCH,
            "upload.bf.0: part 0 of an upload in 3 parts, not part 0 of 2");
    refuses((launch){.count = 1, .parts = PARTS + 1}, BF_ERR_ARGUMENT,
            "an upload in 4 parts: 4 ranks, but the ciphertexts of the rows "
            "are for 3 at most");
    refuses((launch){.count = 1, .upload = first}, BF_ERR_MISMATCH,
            "upload.bf.0: part 0 of an upload in 3 parts, which are read "
            "together (--parts 3)");
    rename_part(at.upload, 1, at.upload, 9);
    refuses((launch){.count = 1, .parts = PARTS}, BF_ERR_IO,
            "upload.bf.1: cannot open");
    refuses((launch){.count = PARTS, .parts = PARTS}, BF_ERR_IO, "rank 1: ");
    rename_part(at.upload, 2, at.upload, 1);
    refuses((launch){.count = 1, .parts = PARTS}, BF_ERR_MISMATCH,
            "upload.bf.1: part 2 of an upload in 3 parts, not part 1 of 3");
    rename_part(at.upload, 1, at.upload, 2);
    rename_part(files.again, 1, at.upload, 1);
    refuses((launch){.count = 1, .parts = PARTS}, BF_ERR_MISMATCH,
            "upload.bf.1: a part of another upload than the parts before it");
    refuses((launch){.count = PARTS, .parts = PARTS}, BF_ERR_MISMATCH,
            "rank 1: the upload of its part is not that of rank 0");
    OK(bf_move_file(at.upload, first));
    refuses((launch){.count = 1, .parts = PARTS}, BF_ERR_MISMATCH,
            "upload.bf.0: a whole upload, and no part of one");
}

/* With initial weights, which all parts have. Rank 1 finds no part but its own.
 */
static void test_parts(void **state)
{
    (void)state;
    static const shape s = {
        BF_RECIPE_PAPER,
        PARTS * 4096,
        5,
        0,
        2,
        1,
        {.log_n = 14, .f = 2, .k = 1, .refresh = BF_REFRESH_NEVER},
        true,
        PARTS,
        0};
    char elsewhere[96];
    open_job(&s);
    path_in(elsewhere, at.dir, "elsewhere");
    join(at.upload);
    check_parts(1, at.upload, 0);
    rename_part(at.upload, 1, elsewhere, 1);
    check_parts(PARTS, elsewhere, 1);
    rename_part(elsewhere, 1, at.upload, 1);
    check_part_refusals();
    close_job();
}

/* The fourth of eight ranks has one of eleven ciphertexts of a batch, but two
 * of ten. */
static void test_parts_of_packed_batches(void **state)
{
    (void)state;
    enum { ROWS_IN_ONE = 16384, LONG = 11, SHORT = 10, FEATURES = 1 };
    const size_t rows = (LONG + SHORT) * ROWS_IN_ONE;
    const bf_ranks fourth = {.own = 3, .count = 8};
    bf_plan_options options = {.log_n = 15, .refresh = BF_REFRESH_NEVER};
    bf_recipe recipe;
    bf_job job;
    bf_plan plan;
    OK(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, rows, FEATURES));
    recipe.batch = LONG * ROWS_IN_ONE;
    OK(bf_job_search(&job, &plan, &recipe, rows, FEATURES, 2, &options));
    bf_plan_clear(&plan);
    assert_int_equal(bf_layout_part(&job.layout, 0, 3, 8).chunks, 1);
    assert_int_equal(bf_layout_part(&job.layout, 1, 3, 8).chunks, 2);
    OK(bf_job_walk_rank(&plan, &job, true, &fourth));
    bf_plan_clear(&plan);
}

static bf_status plan_for(bf_job *job, bf_plan *plan, size_t rows,
                          const bf_plan_options *o)
{
    bf_recipe recipe;
    OK(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 1, rows, 60));
    return bf_job_search(job, plan, &recipe, rows, 60, 10, o);
}

static double busiest_work(const bf_job *job, unsigned count)
{
    const bf_ranks busiest = bf_job_busiest(job, count);
    bf_plan plan;
    OK(bf_job_walk_rank(&plan, job, false, &busiest));
    double work = plan.work;
    bf_plan_clear(&plan);
    return work;
}

/* Eight ranks pack eight times, and so want few elements. */
static void test_plans_for_ranks(void **state)
{
    (void)state;
    enum { COUNT = 8, MANY = 40000, FEW = 20000 };
    bf_plan_options o = {.log_n = 13};
    bf_job one, eight, none;
    bf_plan for_one, for_eight, plan;
    OK(plan_for(&one, &for_one, MANY, &o));
    o.ranks = COUNT;
    OK(plan_for(&eight, &for_eight, MANY, &o));
    assert_true(busiest_work(&eight, COUNT) < busiest_work(&one, COUNT) / 2);
    assert_true(bf_layout_most_parts(&eight.layout) >= COUNT);
    /* The plan that comes with the job is that of one server. */
    OK(bf_job_walk(&plan, &eight));
    assert_true(plan.work == for_eight.work);
    assert_true(plan.weight_noise < 1.1 * for_one.weight_noise);
    bf_plan_clear(&plan);
    bf_plan_clear(&for_one);
    bf_plan_clear(&for_eight);
    o.f = 1;
    assert_int_equal(plan_for(&none, &plan, FEW, &o), BF_ERR_ARGUMENT);
    assert_non_null(strstr(bf_last_error(), "too few for 8 ranks"));
}

/* Owners make the model again, alone: their job says in how many parts. */
static void test_plans_of_owners(void **state)
{
    (void)state;
    bf_plan_options o = {.log_n = 13, .f = 8, .k = 1, .owners = 2, .ranks = 2};
    bf_job job, back;
    bf_plan plan, again;
    char *text;
    OK(plan_for(&job, &plan, 3000, &o));
    OK(bf_job_print(&text, &job));
    OK(bf_job_parse(&back, text, strlen(text), "job.json"));
    assert_int_equal(back.parts, 2);
    back.parts = 0;
    OK(bf_job_walk(&again, &back));
    assert_true(again.work < plan.work); /* it packs once */
    OK(bf_job_check_ranks(&job, 1));
    OK(bf_job_check_ranks(&job, 2));
    assert_int_equal(bf_job_check_ranks(&job, 3), BF_ERR_ARGUMENT);
    assert_non_null(strstr(bf_last_error(), "planned it for 2 ranks (or one)"));
    assert_int_equal(bf_job_check_ranks(&back, 2), BF_ERR_ARGUMENT);
    assert_non_null(strstr(bf_last_error(), "planned it for one"));
    strstr(text, "\"parts\":\t2")[9] = '9';
    assert_int_equal(bf_job_parse(&back, text, strlen(text), "job.json"),
                     BF_ERR_ARGUMENT);
    assert_non_null(strstr(bf_last_error(), "job.json: 9 ranks, but"));
    bf_free(text);
    bf_plan_clear(&plan);
    bf_plan_clear(&again);
}

/* Of parts that differ by chunks. */
static void test_busiest(void **state)
{
    (void)state;
    const bf_plan_options o = {.log_n = 13, .f = 4, .k = 4};
    bf_job job;
    bf_plan plan;
    OK(plan_for(&job, &plan, 40000, &o));
    bf_plan_clear(&plan);
    for (unsigned count = 1; count <= 8; count++) {
        bf_ranks busiest = bf_job_busiest(&job, count);
        size_t most = bf_job_rank_inputs(&job, BF_INPUT_ROWS, &busiest);
        for (unsigned i = 0; i < count; i++) {
            const bf_ranks r = {.own = i, .count = count};
            assert_true(bf_job_rank_inputs(&job, BF_INPUT_ROWS, &r) <= most);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whitened),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_parts_of_packed_batches),
        cmocka_unit_test(test_plans_for_ranks),
        cmocka_unit_test(test_plans_of_owners),
        cmocka_unit_test(test_busiest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
