/* The scattering backbone: images of one size form groups of BF_LANES; threads
 * share out the groups. */
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "features/backbone.h"
#include "features/scattering_picture.h"
#include "features/scattering_transform.h"

#define BATCH_DEFAULT 512
#define SIDES (BF_SCAT_SIDE_MAX + 1)
#define PLANS_MAX 64 /* kept from one batch to the next */

/* A prepared image: width, height, pixels. */
#define INPUT_FLOATS (2 + BF_SCAT_SIDE_MAX * BF_SCAT_SIDE_MAX)

typedef struct group {
    const bf_scat_plan *plan;
    size_t member[BF_LANES];
    unsigned count;
} group;

typedef struct scattering {
    bf_scat_plan *plan[SIDES][SIDES]; /* [height][width], made when needed */
    unsigned plans;
    bf_scat_work **work; /* [threads] */
    unsigned threads;
    group *groups; /* [batch] */
    bool *grouped; /* [batch] */
} scattering;

static void forget_plans(scattering *s)
{
    for (int h = 0; h < SIDES; h++)
        for (int w = 0; w < SIDES; w++) {
            bf_scat_plan_destroy(s->plan[h][w]);
            s->plan[h][w] = NULL;
        }
    s->plans = 0;
}

static bf_status find_plan(scattering *s, unsigned w, unsigned h,
                           const bf_scat_plan **out)
{
    if (!s->plan[h][w]) {
        BF_TRY(bf_scat_plan_create(&s->plan[h][w], w, h));
        s->plans++;
    }
    *out = s->plan[h][w];
    return BF_OK;
}

static bf_status scattering_outputs(const void *self, unsigned width,
                                    unsigned height, size_t *outputs)
{
    (void)self;
    if (width < BF_SCAT_SIDE_MIN || height < BF_SCAT_SIDE_MIN)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%u x %u pixels; scattering takes %u x %u and more",
                       width, height, BF_SCAT_SIDE_MIN, BF_SCAT_SIDE_MIN);
    *outputs = BF_SCAT_OUTPUTS;
    return BF_OK;
}

static size_t scattering_input_floats(const void *self)
{
    (void)self;
    return INPUT_FLOATS;
}

static bf_status scattering_prepare(const void *self, const bf_image *img,
                                    float *input)
{
    (void)self;
    input[0] = (float)bf_scat_side(img->width);
    input[1] = (float)bf_scat_side(img->height);
    bf_scat_picture(img, input + 2);
    return BF_OK;
}

static bool same_size(const float *a, const float *b)
{
    return a[0] == b[0] && a[1] == b[1];
}

static bf_status make_groups(scattering *s, const float *input, size_t count,
                             size_t *groups)
{
    *groups = 0;
    memset(s->grouped, 0, count * sizeof *s->grouped);
    for (size_t i = 0; i < count; i++) {
        if (s->grouped[i]) continue;
        const float *head = input + i * INPUT_FLOATS;
        group *g = &s->groups[(*groups)++];
        g->count = 0;
        BF_TRY(find_plan(s, (unsigned)head[0], (unsigned)head[1], &g->plan));
        for (size_t k = i; k < count && g->count < BF_LANES; k++) {
            if (s->grouped[k] || !same_size(head, input + k * INPUT_FLOATS))
                continue;
            g->member[g->count++] = k;
            s->grouped[k] = true;
        }
    }
    return BF_OK;
}

/* Makes sure that there is a workspace for each thread. */
static bf_status need_workspaces(scattering *s, unsigned threads)
{
    if (threads <= s->threads) return BF_OK;
    bf_scat_work **wider = bf_alloc_zero(threads * sizeof *wider);
    if (!wider) return BF_ERR_MEMORY;
    if (s->work) memcpy(wider, s->work, s->threads * sizeof *wider);
    bf_free(s->work);
    s->work = wider;
    for (; s->threads < threads; s->threads++)
        BF_TRY(bf_scat_work_create(&s->work[s->threads]));
    return BF_OK;
}

typedef struct forward_job {
    const scattering *s;
    const float *input;
    float *output;
} forward_job;

static void run_group(void *user, size_t i)
{
    const forward_job *job = user;
    const group *g = &job->s->groups[i];
    const float *pixels[BF_LANES];
    float *rows[BF_LANES];
    for (unsigned l = 0; l < g->count; l++) {
        pixels[l] = job->input + g->member[l] * INPUT_FLOATS + 2;
        rows[l] = job->output + g->member[l] * BF_SCAT_OUTPUTS;
    }
    bf_scat_transform(g->plan, job->s->work[bf_worker()], pixels, rows,
                      g->count);
}

static bf_status scattering_forward(void *self, const float *input,
                                    size_t count, float *output)
{
    scattering *s = self;
    size_t groups;
    if (s->plans > PLANS_MAX) forget_plans(s);
    BF_TRY(need_workspaces(s, bf_env_threads(NULL)));
    BF_TRY(make_groups(s, input, count, &groups));
    forward_job job = {s, input, output};
    bf_parallel(groups, run_group, &job);
    return BF_OK;
}

static void scattering_destroy(void *self)
{
    scattering *s = self;
    forget_plans(s);
    for (unsigned t = 0; t < s->threads; t++) bf_scat_work_destroy(s->work[t]);
    bf_free(s->work);
    bf_free(s->groups);
    bf_free(s->grouped);
    bf_free(s);
}

static const bf_backbone_ops ops = {
    .name = "scattering",
    .outputs = scattering_outputs,
    .input_floats = scattering_input_floats,
    .prepare = scattering_prepare,
    .forward = scattering_forward,
    .destroy = scattering_destroy,
};

bf_status bf_scattering_open(struct bf_backbone *out,
                             const bf_backbone_options *opt)
{
    if (opt->weights)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: the scattering backbone takes no weights",
                       opt->weights);
    if (opt->normalize_imagenet)
        return bf_fail(BF_ERR_ARGUMENT,
                       "the scattering backbone takes no normalisation");
    unsigned batch = opt->batch ? opt->batch : BATCH_DEFAULT;
    scattering *s = bf_alloc_zero(sizeof *s);
    if (!s) return BF_ERR_MEMORY;
    s->groups = bf_alloc(batch * sizeof *s->groups);
    s->grouped = bf_alloc(batch * sizeof *s->grouped);
    if (!s->groups || !s->grouped) {
        scattering_destroy(s);
        return BF_ERR_MEMORY;
    }
    *out = (struct bf_backbone){.ops = &ops, .self = s, .batch = batch};
    return BF_OK;
}
