/* The search for ring, layout and digits, and for the way to lay out the chain,
 * whose scales are the circuit's.
 *
 * Example: 128 rows of 400 features, 10 classes, 2 iterations. Rings below 2^14
 * hold no chain of 128 bits of security, and by `rough_work` larger ones cost
 * too much. In N = 2^14 it leaves 20 layouts (F, K) to walk. For F = 64, K =
 * 16, the noise, as a multiple of what the recipe tolerates, and the costs are:
 *   LATE, 0 primes    8.7, 6.9, 7.8 at 6, 7, 8 bits: no better, given up
 *   LATE, 1 prime     7.4, 3.7, 1.9, 1.1, 0.73 at 6..10 bits: cost 2.86e9
 *   JOINED            7.4, 3.7, 2.0, 1.2, 0.87 at 6..10 bits: cost 2.64e9
 *   EACH              one limb more: cost 2.98e9
 * JOINED with 10 bits is the plan: no other layout is cheaper. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "blindfit/text.h"
#include "base/bits.h"
#include "base/memory.h"
#include "linalg/dense.h"
#include "train/certificate.h"
#include "train/chain.h"
#include "train/circuit.h"
#include "train/plan.h"
#include "train/refresh.h"
#include "train/usual.h"

/* What a recipe tolerates (docs/algorithms.md): the expected error of a weight,
 * relative to a typical one. The paper's weights are to agree with its
 * plaintext run to 2e-5 when scaled back. */
static const struct {
    double noise;
    int mask_bits;
} tolerance[] = {{0x1p-16, 14}, {0.022, 12}};

/* Where a column has few rows, unseen rows are longer than the rows trained on,
 * and weight errors move their scores by more. */
static double tolerated(const bf_recipe *recipe, size_t n, size_t cols)
{
    double noise = tolerance[recipe->kind].noise;
    if (recipe->kind == BF_RECIPE_PAPER) return noise;
    return noise * fmin(1, sqrt((double)n / ((double)cols * BF_MANY_ROWS)));
}

/* While scores settle, errors of refreshed weights add up (train/training.c),
 * by nearly as much in each iteration whatever the bits. So the tolerance
 * grows, to 0.040 for 20 iterations: errors of 0.033 change 0.3 % of the
 * predictions (docs/algorithms.md). */
#define TOLERATES 11
#define TOLERATES_LEAST 4

static double tolerance_of(double most, const bf_recipe *recipe,
                           bool refreshed)
{
    double iterations = fmin(recipe->iterations, BF_SETTLED);
    if (!refreshed || recipe->kind == BF_RECIPE_PAPER) return most;
    return fmin(most * fmax(iterations, TOLERATES_LEAST) / TOLERATES,
                BF_PLAN_ERROR_MAX);
}

/* Of any plan. */
static double most_tolerated(double most, const bf_recipe *recipe)
{
    return fmax(most, tolerance_of(most, recipe, true));
}

static double first_tolerance(const bf_recipe *recipe, size_t n, size_t cols,
                              unsigned owners)
{
    return tolerated(recipe, n, cols) / bf_opening_error(owners);
}

/* Where no plan keeps the tolerance (few rows, many iterations), the search
 * raises it by this factor at a time, up to BF_PLAN_ERROR_MAX. Plans say which
 * error they expect. */
#define RELAX_STEP 4

static double last_tolerance(double first)
{
    while (first * RELAX_STEP <= BF_PLAN_ERROR_MAX) first *= RELAX_STEP;
    return first;
}

/* No chain has masks of so many bits. */
#define MASK_BITS_MOST 64

/* The roundings of masks add a part of 2^-bits to every weight; of what is
 * tolerated, at most a quarter. */
static int mask_bits_of(const bf_recipe *recipe, double tolerated)
{
    double bits = ceil(log2(4 / tolerated));
    bits = fmax(bits, tolerance[recipe->kind].mask_bits);
    return (int)fmin(bits, MASK_BITS_MOST);
}

double bf_plan_tolerance(const bf_recipe *recipe, size_t n, size_t cols,
                         unsigned owners)
{
    double first = first_tolerance(recipe, n, cols, owners);
    return most_tolerated(last_tolerance(first), recipe);
}

/* Layouts of the same F and K come again in every ring and tolerance: scales of
 * their masks, of K up to 64. */
enum { MASK_PERIODS = 7 };
typedef struct mask_scale {
    int bits; /* 0: none is kept */
    double log;
} mask_scale;

typedef struct search {
    const bf_plan_options *options;
    mask_scale masks[BF_PLAN_LOG_N_MAX][MASK_PERIODS][2];
    unsigned ranks;        /* of which plans here are the busiest's */
    bool divided;          /* some layout has rows for all of them */
    double tolerance;      /* error of a weight, relative to a typical one */
    int mask_bits;         /* that go with it */
    bool lenient;          /* refreshed weights may err as much as others */
    bf_choice best[2];     /* without refreshes, with them */
    double least_error;    /* of a weight, as above, of all plans seen */
    uint64_t least_memory; /* of those precise enough */
    double most;           /* the largest tolerance */
    unsigned useful; /* iterations that a plan keeps it for, of all plans */
} search;

/* Whether the tolerance is the caller's, which is that of every plan. */
static bool strict(const search *s)
{
    return s->options->max_error > 0;
}

static bf_choice *best_of(search *s, const bf_job *job)
{
    return &s->best[job->refresh.on];
}

/* The busiest rank, in `room`; NULL for the only server. */
static const bf_ranks *busiest(const search *s, const bf_job *job,
                               bf_ranks *room)
{
    if (s->ranks == 1) return NULL;
    *room = bf_job_busiest(job, s->ranks);
    return room;
}

static bf_status walk(const search *s, bf_plan *plan, const bf_job *job,
                      bool packed)
{
    bf_ranks room;
    return bf_job_walk_rank(plan, job, packed, busiest(s, job, &room));
}

static bool fits(const search *s, const bf_plan *plan)
{
    uint64_t most = s->options->max_memory;
    return !most || plan->memory_bytes <= most;
}

/* Takes the plan over, or frees it. Where it does not fit the memory, the plan
 * is one with packed rows. */
static bf_status consider(search *s, const bf_job *job, bf_plan *plan)
{
    bf_choice *best = best_of(s, job);
    bool dear = best->found && plan->cost >= best->plan.cost;
    if (!dear && !fits(s, plan) && bf_job_packs(job)) {
        bf_plan_clear(plan);
        BF_TRY(walk(s, plan, job, true));
        dear = best->found && plan->cost >= best->plan.cost;
    }
    if (plan->memory_bytes < s->least_memory)
        s->least_memory = plan->memory_bytes;
    if (dear || !fits(s, plan)) {
        bf_plan_clear(plan);
        return BF_OK;
    }
    bf_plan_clear(&best->plan);
    *best = (bf_choice){true, *job, *plan};
    return BF_OK;
}

static double allowed(const search *s, const bf_job *job)
{
    double own = tolerance_of(s->tolerance, &job->recipe, job->refresh.on);
    if (strict(s)) return s->tolerance;
    return s->lenient ? fmax(own, s->tolerance) : own;
}

/* Of a walk: whether it is precise enough. */
static bool precise(search *s, const bf_job *job, const bf_plan *plan)
{
    double weight = bf_usual_weight(job);
    double error = plan->weight_noise / weight;
    s->least_error = fmin(s->least_error, error);
    for (unsigned t = s->useful; t < plan->step_count; t++)
        if (plan->steps[t].noise <= s->most * weight) s->useful = t + 1;
    return error <= allowed(s, job);
}

/* Digits with which ring 0 is secure; false where no digits are. */
static bool some_digits(bf_job *job, const bf_chain *c)
{
    for (unsigned alpha = 1; alpha <= c->n_q; alpha++)
        if (bf_chain_params(&job->ring[0], job->layout.log_n, c, alpha))
            return true;
    return false;
}

static void sizes(const search *s, bf_plan *plan, const bf_job *job)
{
    bf_ranks room;
    bf_plan_sizes(plan, job, busiest(s, job, &room));
}

/* The digit length of least cost: counters and needs do not depend on it. */
static bool fit_digits(const search *s, bf_job *job, const bf_chain *c,
                       bf_plan *plan)
{
    bf_params best = {0};
    double cost = INFINITY;
    for (unsigned alpha = c->n_q; alpha >= 1; alpha--) {
        if (!bf_chain_params(&job->ring[0], job->layout.log_n, c, alpha))
            continue;
        sizes(s, plan, job);
        if (plan->cost < cost) {
            cost = plan->cost;
            best = job->ring[0];
        }
    }
    if (cost == INFINITY) return false;
    job->ring[0] = best;
    sizes(s, plan, job);
    return true;
}

/* A circuit that does not fit its chain says so by these; BF_ERR_RANGE by a
 * constant that its scales do not hold. Whatever else ends a walk says nothing
 * about the job: it ends the search. */
static bool means_unfit(bf_status s)
{
    return s == BF_ERR_ARGUMENT || s == BF_ERR_SECURITY || s == BF_ERR_RANGE;
}

/* The fewest bits that keep the recipe's tolerance. */
static bf_status consider_bits(search *s, bf_job *job)
{
    bf_chain c;
    const bf_choice *best = best_of(s, job);
    double last = INFINITY;
    if (bf_job_used_limbs(job) > BF_MAX_Q) return BF_OK;
    for (int bits = BF_CHAIN_BITS_MIN; bits <= BF_CHAIN_BITS_MAX; bits++) {
        bf_plan plan;
        if (!bf_job_circuit(job)->chain(job, &c, bits)) continue;
        if (!some_digits(job, &c)) return BF_OK;
        bf_status status = walk(s, &plan, job, false);
        if (status != BF_OK) return means_unfit(status) ? BF_OK : status;
        bool hopeless =
            best->found && s->ranks * plan.work > 2 * best->plan.cost;
        if (precise(s, job, &plan) && fit_digits(s, job, &c, &plan))
            return consider(s, job, &plan);
        hopeless |= plan.weight_noise >= last;
        last = plan.weight_noise;
        bf_plan_clear(&plan);
        /* More bits make it no cheaper or no better. */
        if (hopeless) return BF_OK;
    }
    return BF_OK;
}

/* For choices between plans whose memory differs by what refreshes hold: a byte
 * of memory counts as one on the wire. */
static double cost_with_memory(const bf_plan *plan)
{
    return plan->cost + bf_bytes_cost(plan->memory_bytes);
}

/* With all the keys that a refresh is fastest with, or with fewer: where these
 * alone fit the memory, or save more than they take longer. */
static bf_status consider_keys(search *s, const bf_job *all, bf_plan *plan)
{
    const bf_choice *best = best_of(s, all);
    bf_job few = *all;
    bf_plan fewer;
    few.refresh.few_keys = few.boot.few_keys = true;
    if (best->found && plan->cost >= best->plan.cost) {
        bf_plan_clear(plan);
        return BF_OK;
    }
    bf_status status = walk(s, &fewer, &few, false);
    if (status == BF_OK) {
        bool saves = cost_with_memory(&fewer) < cost_with_memory(plan);
        bool take = saves || !fits(s, plan);
        bf_plan_clear(take ? plan : &fewer);
        return consider(s, take ? &few : all, take ? &fewer : plan);
    }
    bf_plan_clear(plan);
    return status;
}

/* Of a job whose weights are refreshed, with these bits: whether there are such
 * chain and refresh, whether they are precise enough, and whether the best plan
 * is cheaper anyway. */
typedef struct trial {
    bool fits, enough, dear;
    double noise;
} trial;

/* Considers a plan that is precise enough. */
static bf_status try_refresh(search *s, bf_job *job, double bits, trial *t)
{
    bf_chain c;
    bf_plan plan;
    const bf_choice *best = best_of(s, job);
    bool small = bf_refresh_ring(job) != 0;
    *t = (trial){.noise = INFINITY};
    if (!bf_job_circuit(job)->chain(job, &c, bits)) return BF_OK;
    if (small && !some_digits(job, &c)) return BF_ERR_SECURITY;
    BF_TRY(bf_refresh_make(job, c.prime, c.n_q));
    BF_TRY(walk(s, &plan, job, false));
    *t = (trial){.fits = true, .noise = plan.weight_noise};
    if (small) fit_digits(s, job, &c, &plan);
    t->dear = best->found && plan.cost >= best->plan.cost;
    t->enough = precise(s, job, &plan);
    if (t->enough) return consider_keys(s, job, &plan);
    bf_plan_clear(&plan);
    return BF_OK;
}

/* A bit is six or seven of the chain, which every row has. */
#define HALVINGS 5

/* Refreshed plans of more than this many times the cost of one without are
 * shown for comparison, for which whole bits do. */
#define FAR 2

static bool far_behind(const search *s)
{
    return s->best[0].found && s->best[1].found &&
           cost_with_memory(&s->best[1].plan) >
               FAR * cost_with_memory(&s->best[0].plan);
}

/* Between `bits`, which are enough, and one less, which is not. */
static bf_status shave(search *s, bf_job *job, double bits)
{
    double less = 1;
    if (far_behind(s)) return BF_OK;
    for (int i = 0; i < HALVINGS; i++) {
        trial t;
        less /= 2;
        BF_TRY(try_refresh(s, job, bits - less, &t));
        if (t.enough) bits -= less;
    }
    return BF_OK;
}

/* The fewest bits that keep the recipe's tolerance. */
static bf_status fewest_bits(search *s, bf_job *job)
{
    double last = INFINITY;
    for (int bits = BF_CHAIN_BITS_MIN; bits <= BF_CHAIN_BITS_MAX; bits++) {
        trial t;
        BF_TRY(try_refresh(s, job, bits, &t));
        if (t.enough)
            return bits > BF_CHAIN_BITS_MIN ? shave(s, job, bits) : BF_OK;
        /* What refreshes add, more bits do not take away. */
        if (t.dear || t.noise > 0.9 * last) return BF_OK;
        if (t.fits) last = t.noise;
    }
    return BF_OK;
}

static bf_status consider_refresh(search *s, bf_job *job)
{
    bf_status status = fewest_bits(s, job);
    return means_unfit(status) ? BF_OK : status;
}

/* Packed, of the 16 bytes of a coefficient at least the bits of the shortest
 * prime remain. */
static bool inputs_fit(const search *s, const bf_job *job)
{
    const bf_layout *l = &job->layout;
    uint64_t limb = (uint64_t)(bf_job_packs(job) ? 2 : 16) << l->log_n;
    uint64_t inputs = (uint64_t)l->chunks * l->pairs * bf_job_used_limbs(job);
    return !s->options->max_memory || inputs * limb <= s->options->max_memory;
}

/* Bits of masks where `whitened` is refreshed, rows are many, and no score
 * leaves the polynomial's range. Steep slopes beyond the range, and directions
 * that few rows determine, enlarge errors of masks. */
enum { FEWER_MASK_BITS = 10 };

static double mask_log_scale(search *s, const bf_layout *l, int bits, bool even)
{
    mask_scale *kept =
        &s->masks[bf_log2_ceil(l->f)][bf_log2_ceil(l->k)][even];
    if (kept->bits != bits)
        *kept = (mask_scale){bits, bf_mask_log_scale(l, bits, even)};
    return kept->log;
}

/* Sets what the layout alone decides. */
static void set_mask(search *s, bf_job *job)
{
    const bf_layout *l = &job->layout;
    bool fewer = !strict(s) && job->refresh.on &&
                 job->recipe.kind == BF_RECIPE_WHITENED &&
                 bf_refresh_many_rows(l->n, l->cols) &&
                 bf_usual_of(job, 1).reach <= job->schedule.sigmoid.range;
    int bits = fewer ? FEWER_MASK_BITS : s->mask_bits;
    job->log_mask = mask_log_scale(s, l, bits, fewer);
}

static bf_status consider_layout(search *s, const bf_job *base)
{
    const bf_circuit *circuit = bf_job_circuit(base);
    if (circuit->check_ranks(base, s->ranks) != BF_OK) return BF_OK;
    s->divided = true;
    unsigned count = circuit->ways(base);
    bf_job laid = *base;
    set_mask(s, &laid);
    for (unsigned way = 0; way < count; way++) {
        bf_job job = laid;
        if (!circuit->take_way(&job, way) || !inputs_fit(s, &job)) continue;
        BF_TRY(job.refresh.on ? consider_refresh(s, &job)
                              : consider_bits(s, &job));
    }
    return BF_OK;
}

/* A rough count of key switches times the ring's size, to leave out layouts
 * that can't win without walking them: a pack and an expansion of m elements, a
 * few switches per output. */
static double rough_work(const search *s, const bf_layout *l)
{
    double outs = (double)(l->chunks * l->classes) / s->ranks;
    return (2 * (double)l->m + 3 * outs) * exp2(l->log_n);
}

#define ROUGH_FACTOR 1.6 /* how far the rough count may mislead */

static double least_rough_work(const search *s, const bf_job *base,
                               const bf_layout_shape *shape)
{
    double least = INFINITY;
    bf_layout l;
    for (size_t f = 1; f <= (size_t)1 << (shape->log_n - 1); f *= 2)
        if (bf_job_lay_out(&l, base, shape, f, 1) == BF_OK &&
            bf_layout_most_parts(&l) >= s->ranks)
            least = fmin(least, rough_work(s, &l));
    return least;
}

static bf_status consider_ring(search *s, const bf_job *base, unsigned log_n,
                               size_t n, size_t cols, size_t classes)
{
    const bf_layout_shape shape = {log_n, n, cols, classes};
    double least = least_rough_work(s, base, &shape);
    const bf_choice *best = best_of(s, base);
    if (best->found) least = fmin(least, rough_work(s, &best->job.layout));
    for (size_t f = (size_t)1 << (log_n - 1); f >= 1; f /= 2) {
        if (s->options->f && s->options->f != f) continue;
        for (size_t k = 1; k <= f && k < (size_t)1 << MASK_PERIODS; k *= 2) {
            bf_job job = *base;
            if (s->options->k && s->options->k != k) continue;
            if (bf_job_lay_out(&job.layout, base, &shape, f, k) != BF_OK)
                continue;
            if (rough_work(s, &job.layout) <= ROUGH_FACTOR * least)
                BF_TRY(consider_layout(s, &job));
        }
    }
    return BF_OK;
}

/* Of what job.json could not hold, nothing is planned. */
static bf_status check_shapes(const bf_recipe *recipe, size_t n,
                              size_t features, size_t classes)
{
    if (n < 2 || n > BF_JOB_SAMPLES_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%zu samples; 2 to %zu are possible", n,
                       BF_JOB_SAMPLES_MAX);
    if (features < 1 || features > BF_JOB_FEATURES_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%zu features; 1 to %zu are possible",
                       features, BF_JOB_FEATURES_MAX);
    if (classes < 2 || classes > BF_CLASSES_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%zu classes; 2 to %d are possible",
                       classes, BF_CLASSES_MAX);
    return bf_recipe_check(recipe);
}

static bf_status check_layout(const bf_plan_options *o)
{
    if (o->log_n &&
        (o->log_n < BF_PLAN_LOG_N_MIN || o->log_n > BF_PLAN_LOG_N_MAX))
        return bf_fail(BF_ERR_ARGUMENT, "a ring of 2^%u; 2^%u to 2^%u",
                       o->log_n, BF_PLAN_LOG_N_MIN, BF_PLAN_LOG_N_MAX);
    if (o->f && !bf_is_power_of_two(o->f))
        return bf_fail(BF_ERR_ARGUMENT,
                       "%zu features of a ciphertext: no power of two", o->f);
    if (o->k && !bf_is_power_of_two(o->k))
        return bf_fail(BF_ERR_ARGUMENT, "%zu dense places: no power of two",
                       o->k);
    if (o->refresh > BF_REFRESH_ALWAYS)
        return bf_fail(BF_ERR_ARGUMENT, "choice %d of refreshes",
                       (int)o->refresh);
    return BF_OK;
}

static bf_status check_owners(const bf_plan_options *options,
                              const bf_recipe *recipe, size_t n)
{
    if (options->owners > BF_OWNERS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u owners; at most %d are possible",
                       options->owners, BF_OWNERS_MAX);
    if (options->owner_rows && options->owners < 2)
        return bf_fail(BF_ERR_ARGUMENT, "%u owners; two or more split rows",
                       options->owners);
    if (options->owner_rows && recipe->batch)
        return bf_fail(BF_ERR_ARGUMENT,
                       "batches of rows that are split among owners");
    if (options->owner_rows)
        BF_TRY(bf_layout_check_owners(n, options->owner_rows, options->owners));
    if (options->owners > 1 && options->refresh == BF_REFRESH_ALWAYS)
        return bf_fail(BF_ERR_ARGUMENT,
                       "weights of several owners are not refreshed: their "
                       "sparse secrets add up to more than a refresh covers");
    return BF_OK;
}

static bf_status check_ranks(const bf_plan_options *options)
{
    if (options->ranks > BF_RANKS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u ranks; at most %d are possible",
                       options->ranks, BF_RANKS_MAX);
    return BF_OK;
}

/* Rows of a refreshed job lie in the refresh's ring or in one of half its
 * degree. */
#define ROWS_LOG_N_MIN (BF_REFRESH_LOG_N - 1)
#define REFRESH_FROM 2u

static bf_status consider_refreshed(search *s, const bf_job *base, size_t n,
                                    size_t cols, size_t classes)
{
    bf_job job = *base;
    if (base->recipe.iterations < REFRESH_FROM) return BF_OK;
    job.refresh = bf_job_circuit(base)->refresh(base, n, cols);
    for (unsigned log_n = ROWS_LOG_N_MIN; log_n <= BF_REFRESH_LOG_N; log_n++)
        if (!s->options->log_n || s->options->log_n == log_n)
            BF_TRY(consider_ring(s, &job, log_n, n, cols, classes));
    return BF_OK;
}

static bf_status consider_unrefreshed(search *s, const bf_job *base, size_t n,
                                      size_t cols, size_t classes)
{
    for (unsigned log_n = BF_PLAN_LOG_N_MIN; log_n <= BF_PLAN_LOG_N_MAX;
         log_n++)
        if (!s->options->log_n || s->options->log_n == log_n)
            BF_TRY(consider_ring(s, base, log_n, n, cols, classes));
    return BF_OK;
}

/* A chain for so many iterations is short: keys of refreshes cost more than a
 * tolerance that is RELAX_STEP times as strict is worth, so that refreshes are
 * not the only way unless chains keep no tolerance at all. */
#define SHORT 2

/* Keys of refreshes have more bytes. */
#define REFRESH_KEYS_LEAST ((uint64_t)50000000)

static bool may_refresh(const search *s, const bf_job *base)
{
    bf_refresh_choice refresh = s->options->refresh;
    const bf_choice *without = &s->best[0];
    bool last = strict(s) || s->tolerance * RELAX_STEP > BF_PLAN_ERROR_MAX;
    if (refresh == BF_REFRESH_NEVER || bf_job_owners(base) > 1) return false;
    if (refresh == BF_REFRESH_AUTO && without->found &&
        without->plan.cost < bf_bytes_cost(REFRESH_KEYS_LEAST))
        return false;
    return refresh == BF_REFRESH_ALWAYS || base->recipe.iterations > SHORT ||
           without->found || last;
}

/* A tolerance that no plan of the last round keeps would be another round for
 * nothing. */
static bf_status search_all(search *s, const bf_job *base, size_t n,
                            size_t cols, size_t classes)
{
    for (bool first = true; s->tolerance <= BF_PLAN_ERROR_MAX;
         s->tolerance *= RELAX_STEP, first = false) {
        if (!first && strict(s)) break;
        if (!first &&
            s->least_error > most_tolerated(s->tolerance, &base->recipe))
            continue;
        if (s->options->refresh != BF_REFRESH_ALWAYS)
            BF_TRY(consider_unrefreshed(s, base, n, cols, classes));
        if (may_refresh(s, base))
            BF_TRY(consider_refreshed(s, base, n, cols, classes));
        if (s->best[0].found || s->best[1].found) break;
    }
    /* The errors that a chain may have are worth no chain of several times the
     * cost of refreshes. */
    s->lenient = s->best[0].found && !s->best[1].found;
    if (s->lenient && may_refresh(s, base))
        return consider_refreshed(s, base, n, cols, classes);
    return BF_OK;
}

/* Jobs of so few numbers are cheap: for as much as so many bytes on the wire
 * cost, errors are so many times smaller, and a model of the same rows hardly
 * depends on the noise of its encryption. */
#define SMALL 256
#define SMALL_BYTES ((uint64_t)20000000)
#define SMALL_FACTOR 16

/* Gives a small job such a plan. */
static bf_status refine(search *s, const bf_job *base, size_t n, size_t cols,
                        size_t classes)
{
    bf_choice *best = &s->best[0];
    search finer = *s;
    if (strict(s) || n * cols > SMALL || !best->found || s->best[1].found ||
        base->recipe.kind == BF_RECIPE_PAPER)
        return BF_OK;
    finer.tolerance /= SMALL_FACTOR;
    finer.mask_bits = mask_bits_of(&base->recipe, finer.tolerance);
    finer.best[0] = (bf_choice){0};
    bf_status status = consider_unrefreshed(&finer, base, n, cols, classes);
    bool take = status == BF_OK && finer.best[0].found &&
                finer.best[0].plan.cost <=
                    best->plan.cost + bf_bytes_cost(SMALL_BYTES);
    bf_plan_clear(take ? &best->plan : &finer.best[0].plan);
    if (take) *best = finer.best[0];
    return status;
}

static bf_status check_error(const bf_plan_options *options)
{
    if (options->max_error >= 0 && options->max_error <= BF_PLAN_ERROR_MAX)
        return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "errors of %g of a typical weight; above 0 and up to %g are "
                   "possible",
                   options->max_error, BF_PLAN_ERROR_MAX);
}

static bf_status check_refresh(const bf_recipe *recipe,
                               const bf_plan_options *options)
{
    if (options->refresh != BF_REFRESH_ALWAYS) return BF_OK;
    if (recipe->iterations < REFRESH_FROM)
        return bf_fail(BF_ERR_ARGUMENT,
                       "refreshes come between iterations, of which there is "
                       "one");
    if (options->log_n && (options->log_n < ROWS_LOG_N_MIN ||
                           options->log_n > BF_REFRESH_LOG_N))
        return bf_fail(BF_ERR_ARGUMENT,
                       "weights are refreshed at ring degree %u or %u, not %u",
                       1u << ROWS_LOG_N_MIN, 1u << BF_REFRESH_LOG_N,
                       1u << options->log_n);
    return BF_OK;
}

static bf_status make_base(bf_job *out, const bf_recipe *recipe, size_t n,
                           size_t features, size_t classes,
                           const bf_plan_options *options)
{
    size_t cols = bf_recipe_outputs(recipe, n, features);
    *out = (bf_job){.recipe = *recipe,
                    .features = features,
                    .labels = options->labels,
                    .owners = options->owners,
                    .parts = options->owners > 1 ? options->ranks : 0,
                    .certificate = options->certificate,
                    .rings = 1};
    if (options->owner_rows)
        memcpy(out->owner_rows, options->owner_rows,
               options->owners * sizeof *out->owner_rows);
    BF_TRY(bf_label_columns_fill(&out->labels, classes));
    return bf_job_circuit(out)->derive(out, n, cols);
}

/* Whether some layout of this job has a chain, of the least precision. */
static bool has_chain(search *s, const bf_job *base, size_t n,
                      size_t classes)
{
    unsigned log_n = s->options->log_n ? s->options->log_n : BF_PLAN_LOG_N_MAX;
    size_t cols = bf_recipe_outputs(&base->recipe, n, base->features);
    const bf_layout_shape shape = {log_n, n, cols, classes};
    const bf_circuit *circuit = bf_job_circuit(base);
    for (size_t f = (size_t)1 << (log_n - 1); f >= 1; f /= 2) {
        bf_job laid = *base;
        if (bf_job_lay_out(&laid.layout, base, &shape, f, 1) != BF_OK) continue;
        set_mask(s, &laid);
        for (unsigned way = 0; way < circuit->ways(&laid); way++) {
            bf_job job = laid;
            bf_chain c;
            if (circuit->take_way(&job, way) &&
                bf_job_used_limbs(&job) <= BF_MAX_Q &&
                circuit->chain(&job, &c, BF_CHAIN_BITS_MIN) &&
                some_digits(&job, &c))
                return true;
        }
    }
    return false;
}

static bool recipe_has_chain(search *s, const bf_recipe *r, size_t n,
                             size_t features, size_t classes)
{
    bf_job base;
    return make_base(&base, r, n, features, classes, s->options) == BF_OK &&
           has_chain(s, &base, n, classes);
}

/* Of the steps; a little less, so that a polynomial of half the degree serves.
 */
#define HALF 0.49

/* Says how many iterations by the same polynomial have a chain without
 * refreshes; of a safe recipe, which steps allow a polynomial that has one. */
static void tell_chains(char *text, size_t bytes, search *s,
                        const bf_recipe *r, size_t n, size_t features,
                        size_t classes)
{
    bf_recipe fewer = *r, shorter = *r;
    unsigned fit = 0, degree = 0;
    for (unsigned k = 1; k < r->iterations && fit + 2 >= k; k++) {
        fewer.iterations = k; /* with a certificate, two at least */
        if (recipe_has_chain(s, &fewer, n, features, classes)) fit = k;
    }
    if (!fit) return;
    int length = snprintf(text, bytes,
                          ": with this polynomial of degree %u, %u "
                          "iteration%s would",
                          r->sigmoid.degree, fit, fit > 1 ? "s" : "");
    while (r->safe && shorter.sigmoid.degree != degree) {
        degree = shorter.sigmoid.degree;
        if (bf_recipe_make_safe(&shorter, HALF, n, features) != BF_OK) return;
        if (!recipe_has_chain(s, &shorter, n, features, classes)) continue;
        snprintf(text + length, bytes - (size_t)length,
                 "; with steps of %.2g before the last, and so degree %u, %u",
                 shorter.steps[r->iterations - 2], shorter.sigmoid.degree,
                 r->iterations);
        return;
    }
}

static bf_status none_found(search *s, const bf_recipe *r, size_t n,
                            size_t features, size_t classes)
{
    char job[128], memory[64] = "", chains[160] = "";
    const bf_plan_options *o = s->options;
    snprintf(job, sizeof job, "%u iteration%s over %zu x %zu with %zu classes",
             r->iterations, r->iterations > 1 ? "s" : "", n, features, classes);
    if (s->useful)
        snprintf(chains, sizeof chains, "; after %u iteration%s they are",
                 s->useful, s->useful > 1 ? "s" : "");
    if (s->least_error > s->most && isfinite(s->least_error))
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: weights would be off by %.2g of a typical one, not "
                       "by %.2g or less%s",
                       job, s->least_error, s->most, chains);
    *chains = 0;
    if (s->ranks > 1 && !s->divided)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: the rows are too few for %u ranks", job, s->ranks);
    if (s->least_memory < UINT64_MAX)
        snprintf(memory, sizeof memory, " (%s would do)",
                 bf_text_size((double)s->least_memory).s);
    if (r->iterations > 1 && o->max_memory && !*memory)
        snprintf(chains, sizeof chains, " (fewer iterations may need less)");
    if (r->iterations > 1 && !o->max_memory)
        tell_chains(chains, sizeof chains, s, r, n, features, classes);
    return bf_fail(BF_ERR_ARGUMENT, "no 128-bit parameters fit %s%s%s%s%s", job,
                   o->log_n ? " at this ring degree" : "",
                   o->max_memory ? " in the memory allowed" : "", memory,
                   chains);
}

/* The cheaper one first, with the plan of one server. Digits were chosen after
 * the walk; the noise depends on them. */
static bf_status conclude(bf_choice out[2], search *s)
{
    const bf_choice *b = s->best;
    bool second = !b[0].found || (b[1].found &&
                                  cost_with_memory(&b[1].plan) <
                                      cost_with_memory(&b[0].plan));
    for (int i = 0; i < 2; i++) {
        bf_choice *c = &s->best[second ? 1 - i : i];
        bool packed = c->plan.packed;
        bf_plan_clear(&c->plan);
        if (c->found)
            BF_TRY(bf_job_walk_rank(&c->plan, &c->job, packed, NULL));
        out[i] = *c;
        c->plan = (bf_plan){0};
    }
    return BF_OK;
}

bf_status bf_job_search_both(bf_choice out[2], const bf_recipe *recipe,
                             size_t n, size_t features, size_t classes,
                             const bf_plan_options *options)
{
    BF_TRY(check_shapes(recipe, n, features, classes));
    BF_TRY(check_layout(options));
    BF_TRY(check_refresh(recipe, options));
    BF_TRY(check_owners(options, recipe, n));
    BF_TRY(check_ranks(options));
    BF_TRY(check_error(options));
    bf_job base;
    size_t cols = bf_recipe_outputs(recipe, n, features);
    BF_TRY(make_base(&base, recipe, n, features, classes, options));
    unsigned owners = bf_job_owners(&base);
    search s = {.options = options,
                .ranks = options->ranks > 1 ? options->ranks : 1,
                .tolerance = first_tolerance(recipe, n, cols, owners),
                .most = bf_plan_tolerance(recipe, n, cols, owners),
                .mask_bits = tolerance[recipe->kind].mask_bits,
                .least_error = INFINITY,
                .least_memory = UINT64_MAX};
    if (strict(&s)) {
        s.tolerance = options->max_error / bf_opening_error(owners);
        s.most = s.tolerance;
        s.mask_bits = mask_bits_of(recipe, s.tolerance);
    }
    out[0] = out[1] = (bf_choice){0};
    bf_status status = search_all(&s, &base, n, cols, classes);
    if (status == BF_OK) status = refine(&s, &base, n, cols, classes);
    if (status == BF_OK && !s.best[0].found && !s.best[1].found)
        status = none_found(&s, recipe, n, features, classes);
    if (status == BF_OK) status = conclude(out, &s);
    for (int i = 0; i < 2; i++) {
        bf_plan_clear(&s.best[i].plan);
        if (status != BF_OK) bf_plan_clear(&out[i].plan);
    }
    return status;
}

bf_status bf_job_search(bf_job *job, bf_plan *plan, const bf_recipe *recipe,
                        size_t n, size_t features, size_t classes,
                        const bf_plan_options *options)
{
    bf_choice best[2];
    BF_TRY(bf_job_search_both(best, recipe, n, features, classes, options));
    *job = best[0].job;
    *plan = best[0].plan;
    bf_plan_clear(&best[1].plan);
    return BF_OK;
}
