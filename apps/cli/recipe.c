/* Options that decide a plan, and plans made from them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define KIND "whitened"
#define PAPER_ITERATIONS 2
#define UNSET SIZE_MAX

static struct {
    const char *kind, *map, *steps, *expand, *aim;
    size_t iterations, batch, components, ring;
    double lambda, clip;
    cli_when refresh;
    uint64_t max_memory;
    double max_error;
    bool safe, certificate;
} given = {.kind = KIND, .iterations = UNSET, .lambda = NAN, .clip = NAN,
             .max_error = NAN};

const cli_option cli_recipe_options[] = {
    {"recipe", 'r', CLI_TEXT, &given.kind, "NAME",
     "whitened (default) or paper"},
    {"aim", 0, CLI_TEXT, &given.aim, "AIM",
     "whitened only: speed or accuracy; sets iterations and columns"},
    {"iterations", 'k', CLI_COUNT, &given.iterations, "K",
     "gradient steps (default: 2, or by --aim)"},
    {"map", 0, CLI_TEXT, &given.map, "MAP",
     "feature map: auto (default; paper: none), sqrt or none"},
    {"expand", 0, CLI_TEXT, &given.expand, "relu:COUNT[:SEED]",
     "whitened only: train on COUNT random features of a public seed"},
    {"components", 0, CLI_COUNT, &given.components, "D",
     "whitened only: directions to keep (default: all)"},
    {"lambda", 0, CLI_NUMBER, &given.lambda, "L",
     "whitened only: relative ridge (default: by n/d)"},
    {"clip", 0, CLI_NUMBER, &given.clip, "C",
     "whitened only: limit row norms to C times the usual norm (default: "
     "1.25, with --owners and one iteration 0.8; 0: no limit)"},
    {"steps", 0, CLI_TEXT, &given.steps, "S,S,...",
     "whitened only: step sizes; the last repeats (default: by n/d)"},
    {"batch", 0, CLI_COUNT, &given.batch, "B",
     "whitened only: rows of a step (default: all)"},
    {"safe", 0, CLI_FLAG, &given.safe, NULL,
     "whitened only: train with bounds on scores and weights that are proved "
     "for any rows and labels (default: clip 1, shorter steps)"},
    {"certificate", 0, CLI_FLAG, &given.certificate, NULL,
     "return sums of squared residuals with the model, which bound the scores "
     "of all rows (docs/algorithms.md)"},
    {"max-memory", 0, CLI_BYTES, &given.max_memory, "SIZE",
     "memory limit of the server, such as 12G (10^9; Gi: 2^30)"},
    {"max-error", 0, CLI_NUMBER, &given.max_error, "E",
     "largest expected error of a weight, as a part of a typical one, up to "
     "0.1: smaller ones take more time and bytes (default: by the recipe)"},
    {"refresh", 0, CLI_WHEN, &given.refresh, "WHEN",
     "bootstrap the weights after each iteration, which allows up to 1024 "
     "iterations: yes, no, or auto, if cheaper (default)"},
    {"ring", 0, CLI_COUNT, &given.ring, "N",
     "ring degree, 8192 to 65536 (default: the cheapest that fits)"},
    {0},
};

static bf_status parse_map(bf_feature_map *out)
{
    for (int m = 0; m < BF_FEATURE_MAPS; m++) {
        if (strcmp(given.map, bf_feature_map_name((bf_feature_map)m)) == 0) {
            *out = (bf_feature_map)m;
            return BF_OK;
        }
    }
    return bf_fail(BF_ERR_ARGUMENT, "--map: '%s' is none of auto, none, sqrt",
                   given.map);
}

static bf_status parse_steps(bf_recipe *r)
{
    const char *at = given.steps;
    r->step_count = 0;
    for (;;) {
        char *end;
        double v = strtod(at, &end);
        if (end == at || (*end && *end != ',') ||
            r->step_count == BF_MAX_ITERATIONS)
            return bf_fail(BF_ERR_ARGUMENT,
                           "--steps: '%s' is no list such as 4,4,2",
                           given.steps);
        r->steps[r->step_count++] = v;
        if (!*end) return BF_OK;
        at = end + 1;
    }
}

static bf_status parse_aim(bf_aim *out)
{
    static const struct {
        const char *name;
        bf_aim aim;
    } aims[] = {{"speed", BF_AIM_SPEED}, {"accuracy", BF_AIM_ACCURACY}};
    *out = BF_AIM_BALANCE;
    if (!given.aim) return BF_OK;
    for (int i = 0; i < 2; i++)
        if (strcmp(given.aim, aims[i].name) == 0) {
            *out = aims[i].aim;
            return BF_OK;
        }
    return bf_fail(BF_ERR_ARGUMENT, "--aim: '%s' is neither speed nor accuracy",
                   given.aim);
}

static bf_status parse_expand(bf_relu *out)
{
    unsigned long long count, seed = 0;
    int end = 0;
    const char *at = given.expand;
    *out = (bf_relu){0};
    if (!at) return BF_OK;
    /* Digits only: sscanf would take signs and blanks. */
    bool digits = strncmp(at, "relu:", 5) == 0 &&
                  at[5 + strspn(at + 5, "0123456789:")] == 0;
    if (!digits ||
        (sscanf(at, "relu:%18llu:%18llu%n", &count, &seed, &end) < 2 &&
         sscanf(at, "relu:%18llu%n", &count, &end) < 1) ||
        at[end] || count == 0)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--expand: '%s' is nothing such as relu:4096", at);
    *out = (bf_relu){.count = (size_t)count, .seed = seed};
    return BF_OK; /* bf_recipe_check knows the bounds */
}

/* Refuses options that only the whitened recipe has. */
static bf_status check_paper(void)
{
    const char *name = !isnan(given.lambda) ? "lambda"
                       : !isnan(given.clip) ? "clip"
                       : given.aim          ? "aim"
                       : given.expand       ? "expand"
                       : given.components   ? "components"
                       : given.steps        ? "steps"
                       : given.batch        ? "batch"
                       : given.safe         ? "safe"
                                            : NULL;
    return name ? bf_fail(BF_ERR_ARGUMENT, "--%s: recipe paper has none", name)
                : BF_OK;
}

static bf_status whitened(bf_recipe *out, size_t n, size_t d)
{
    bf_aim aim;
    bool chosen = given.iterations == UNSET;
    *out = (bf_recipe){.iterations = chosen ? 0 : (unsigned)given.iterations,
                       .components = given.components};
    BF_TRY(parse_aim(&aim));
    BF_TRY(parse_expand(&out->expand));
    BF_TRY(bf_recipe_aim(out, aim, n, d));
    if (given.batch && given.batch < n) bf_recipe_batches(out, given.batch);
    return BF_OK;
}

#define SAFE_CLIP 1.0

/* What is given stays, or is refused. */
static bf_status make_safe(bf_recipe *r, size_t n, size_t d)
{
    if (isnan(given.clip)) r->clip = SAFE_CLIP;
    bf_status s =
        bf_recipe_make_safe(r, given.steps ? 1 : BF_SAFE_STEPS, n, d);
    return s == BF_OK ? s : bf_fail_in(s, "--safe");
}

static bf_status check_iterations(void)
{
    if (given.iterations == UNSET ||
        (given.iterations > 0 && given.iterations <= BF_MAX_ITERATIONS))
        return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "--iterations: %zu is not 1 to %d",
                   given.iterations, BF_MAX_ITERATIONS);
}

bf_status cli_recipe(bf_recipe *out, size_t n, size_t d)
{
    bf_recipe_kind kind = BF_RECIPE_WHITENED;
    if (strcmp(given.kind, "paper") == 0)
        kind = BF_RECIPE_PAPER;
    else if (strcmp(given.kind, "whitened") != 0)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--recipe: '%s' is neither whitened nor paper",
                       given.kind);
    BF_TRY(check_iterations());
    if (kind == BF_RECIPE_PAPER) {
        BF_TRY(check_paper());
        unsigned iterations =
            given.iterations == UNSET ? PAPER_ITERATIONS
                                      : (unsigned)given.iterations;
        BF_TRY(bf_recipe_default(out, kind, iterations, n, d));
    } else {
        BF_TRY(whitened(out, n, d));
    }
    if (!isnan(given.lambda)) out->lambda = given.lambda;
    if (!isnan(given.clip)) out->clip = given.clip;
    if (given.map) BF_TRY(parse_map(&out->map));
    if (given.steps) BF_TRY(parse_steps(out));
    BF_TRY(bf_recipe_check(out));
    return given.safe ? make_safe(out, n, d) : BF_OK;
}

/* Refuses options that decided the encrypted rows. */
static bf_status check_over(void)
{
    const char *name = strcmp(given.kind, KIND) != 0 ? "recipe"
                       : given.map                   ? "map"
                       : given.expand                ? "expand"
                       : given.components            ? "components"
                       : !isnan(given.lambda)        ? "lambda"
                       : !isnan(given.clip)          ? "clip"
                       : given.ring                  ? "ring"
                       : given.refresh               ? "refresh"
                       : given.aim                   ? "aim"
                       : given.max_memory            ? "max-memory"
                       : !isnan(given.max_error)     ? "max-error"
                       : given.safe                  ? "safe"
                       : given.certificate           ? "certificate"
                                                     : NULL;
    return name ? bf_fail(
                      BF_ERR_ARGUMENT,
                      "--%s: decided by the rows, which --over has encrypted "
                      "already",
                      name)
                : BF_OK;
}

/* Options that are not given keep the values of `over`. */
static bf_status recipe_over(bf_recipe *out, const bf_job *over)
{
    bf_recipe r = *bf_job_recipe(over);
    const bf_sigmoid sigmoid = r.sigmoid;
    BF_TRY(check_over());
    BF_TRY(check_iterations());
    if (given.iterations != UNSET) r.iterations = (unsigned)given.iterations;
    if (given.batch && given.batch < bf_job_shape_of(over).rows)
        bf_recipe_batches(&r, given.batch);
    r.sigmoid = sigmoid; /* the chain fits this value */
    if (given.batch >= bf_job_shape_of(over).rows) r.batch = 0;
    if (given.steps) BF_TRY(parse_steps(&r));
    BF_TRY(bf_recipe_check(&r));
    *out = r;
    return BF_OK;
}

static bf_status parse_ring(unsigned *log_n)
{
    *log_n = 0;
    if (!given.ring) return BF_OK;
    for (unsigned l = BF_PLAN_LOG_N_MIN; l <= BF_PLAN_LOG_N_MAX; l++)
        if (given.ring == (size_t)1 << l) *log_n = l;
    if (*log_n) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "--ring: %zu is no power of two from %u to %u", given.ring,
                   1u << BF_PLAN_LOG_N_MIN, 1u << BF_PLAN_LOG_N_MAX);
}

bool cli_recipe_asked(void)
{
    return given.map || given.steps || given.expand || given.batch ||
           given.components || given.ring || given.max_memory ||
           given.refresh || !isnan(given.lambda) || !isnan(given.clip) ||
           !isnan(given.max_error) ||
           given.iterations != UNSET || given.aim || given.safe ||
           given.certificate ||
           strcmp(given.kind, KIND) != 0;
}

static bf_status parse_max_error(double *out)
{
    *out = 0;
    if (isnan(given.max_error)) return BF_OK;
    *out = given.max_error;
    if (given.max_error > 0 && given.max_error <= BF_PLAN_ERROR_MAX)
        return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "--max-error: %g is not above 0 and up to "
                   "%g", given.max_error, BF_PLAN_ERROR_MAX);
}

static void note_few_rows(const bf_job *job)
{
    bf_job_shape s = bf_job_shape_of(job);
    if (bf_job_recipe(job)->kind == BF_RECIPE_WHITENED && s.iterations > 3 &&
        s.rows / BF_FEW_ROWS < s.columns)
        cli_note("%s: %zu rows are few for %zu columns: more than three "
                 "iterations lose accuracy there",
                 cli_program(), s.rows, s.columns);
}

static const bf_refresh_choice refreshes[] = {[CLI_AUTO] = BF_REFRESH_AUTO,
                                              [CLI_YES] = BF_REFRESH_ALWAYS,
                                              [CLI_NO] = BF_REFRESH_NEVER};

/* The clip of jobs of one iteration over all rows of several owners, which
 * labels elsewhere take (party new --labels). The clip's unit is the root mean
 * square norm of whitened rows, whatever the rows are. Label noise is
 * proportional to the clip, while a row adds its own length to the sums, or the
 * clip if that is shorter: against the noise no row weighs less with a smaller
 * clip. The clip is a constant, as one that followed from the labels would
 * reveal something of them. Of 10,000 rows held out of the 60,000 of
 * Fashion-MNIST, clips of 0.6 to 0.9 classify equally many with epsilon 1, 2
 * and 4, to 0.2 points, and up to 0.9 points more than 1.25 does; without
 * noise, clips of 0.6 to 1.25 agree to 0.2 points after party finish. */
#define LABELS_CLIP 0.8

static bool labels_elsewhere(const bf_recipe *r, const cli_shape *s)
{
    return s->owners > 1 && !s->owner_rows && r->iterations == 1 &&
           r->kind == BF_RECIPE_WHITENED;
}

bf_status cli_plan_job(bf_job **job, const cli_shape *s)
{
    bf_recipe recipe;
    bf_plan_options options = {.max_memory = given.max_memory,
                               .labels = s->labels,
                               .owners = s->owners,
                               .owner_rows = s->owner_rows,
                               .refresh = refreshes[given.refresh],
                               .certificate = given.certificate,
                               .ranks = s->ranks};
    BF_TRY(cli_recipe(&recipe, s->rows, s->features));
    if (labels_elsewhere(&recipe, s) && isnan(given.clip) && !given.safe)
        recipe.clip = LABELS_CLIP;
    BF_TRY(parse_ring(&options.log_n));
    BF_TRY(parse_max_error(&options.max_error));
    BF_TRY(bf_job_plan(job, &recipe, s->rows, s->features, s->classes, &options,
                       &cli_env));
    note_few_rows(*job);
    return BF_OK;
}

bf_status cli_plan_over(bf_job **job, size_t classes,
                        const bf_label_columns *labels, const bf_job *over)
{
    bf_recipe recipe;
    BF_TRY(recipe_over(&recipe, over));
    BF_TRY(bf_job_plan_over(job, &recipe, classes, labels, over, &cli_env));
    note_few_rows(*job);
    return BF_OK;
}
