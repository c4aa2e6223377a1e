/* The server's work of whole jobs: the training circuit on ciphertexts of
 * random rows, on one thread and on all, and what their plans count.
 *
 * --filter chooses jobs by name. docs/performance.md has figures of whole runs
 * with files, from `blindfit fit --json`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/timing.h"
#include "train/circuit.h"
#include "train/owner/seal.h"

typedef struct shape {
    const char *name;
    bf_recipe_kind recipe;
    unsigned iterations;
    size_t n, d, classes;
} shape;

static const shape shapes[] = {
    {"whitened 128x400x10 2", BF_RECIPE_WHITENED, 2, 128, 400, 10},
    {"paper 128x400x10 2", BF_RECIPE_PAPER, 2, 128, 400, 10},
    {"whitened 1000x400x10 3", BF_RECIPE_WHITENED, 3, 1000, 400, 10},
};

typedef struct work {
    bf_job job;
    bf_plan plan;
    bf_world world;
    bf_ct *inputs;
    size_t count;
} work;

static void need(bf_status s)
{
    if (s == BF_OK) return;
    fprintf(stderr, "bench_train: %s\n", bf_last_error());
    exit(1);
}

static bf_recipe recipe_of(const shape *s)
{
    bf_recipe r;
    need(bf_recipe_default(&r, s->recipe, s->iterations, s->n, s->d));
    return r;
}

/* Encrypted rows of an owner, from random features. */
static void make_rows(bf_matrix *u, int32_t **labels, bf_schedule *schedule,
                      const shape *s)
{
    bf_matrix x;
    bf_transform *t;
    bf_recipe r = recipe_of(s);
    need(bf_matrix_init(&x, s->n, s->d));
    *labels = bf_alloc(s->n * sizeof **labels);
    if (!*labels) need(BF_ERR_MEMORY);
    for (size_t i = 0; i < s->n; i++) {
        (*labels)[i] = (int32_t)(i % s->classes);
        for (size_t j = 0; j < s->d; j++) {
            uint32_t bits;
            bf_random_bytes(&bits, sizeof bits);
            x.data[i * s->d + j] = bits * 0x1p-32;
        }
    }
    need(bf_transform_fit(&t, &r, &x, NULL));
    need(bf_transform_apply(u, t, &x, true, NULL));
    need(bf_schedule_make(schedule, &r, s->n));
    need(bf_transform_start(schedule, t, (unsigned)s->classes));
    bf_transform_destroy(t);
    bf_matrix_clear(&x);
}

static void encrypt(work *w, const bf_secret_key *sk, const shape *s)
{
    bf_matrix u;
    int32_t *labels;
    bf_schedule schedule;
    make_rows(&u, &labels, &schedule, s);
    w->count = bf_job_inputs(&w->job);
    w->inputs = bf_alloc_zero(w->count * sizeof *w->inputs);
    if (!w->inputs) need(BF_ERR_MEMORY);
    bf_pt room = {.secret = true};
    for (size_t i = 0; i < w->count; i++)
        need(bf_job_seal(&w->inputs[i], &room, &w->job, sk, &u, labels,
                         &schedule.v0, i));
    bf_pt_clear(&room);
    bf_schedule_clear(&schedule);
    bf_matrix_clear(&u);
    bf_free(labels);
}

static void start(work *w, const shape *s)
{
    bf_plan_options options = {0};
    bf_secret_key *sk;
    bf_recipe r = recipe_of(s);
    need(
        bf_job_search(&w->job, &w->plan, &r, s->n, s->d, s->classes, &options));
    need(bf_world_open(&w->world, &w->job, BF_BACKEND_AUTO));
    need(bf_secret_key_generate(&sk, w->world.ctx[0], 0));
    need(bf_eval_keys_generate(&w->world.keys[0], sk, w->plan.keys,
                               w->plan.key_count, NULL));
    encrypt(w, sk, s);
    bf_secret_key_destroy(sk);
    need(bf_world_evaluators(&w->world));
}

static void finish(work *w)
{
    for (size_t i = 0; i < w->count; i++) bf_ct_clear(&w->inputs[i]);
    bf_free(w->inputs);
    bf_world_close(&w->world);
    bf_plan_clear(&w->plan);
}

static void train(void *arg)
{
    work *w = arg;
    bf_state state = {0};
    bf_inputs in = bf_job_inputs_by_kind(&w->job, w->inputs);
    need(bf_circuit_run(&w->world, &w->job, &in, &state, NULL, NULL, 0,
                        NULL));
    bf_state_release(w->world.ev[0], &state);
}

/* `blindfit plan` turns these into seconds. */
static void print_plan(const shape *s, const bf_plan *p)
{
    uint64_t switches = 0;
    for (unsigned l = 0; l <= BF_MAX_Q; l++)
        switches += p->counters[0].key_switches[l];
    fprintf(stderr,
            "%s: planned %llu key switches, %llu ciphertext products, %.1f MB "
            "of keys, %.1f MB sent, %.0f MB of memory\n",
            s->name, (unsigned long long)switches,
            (unsigned long long)p->counters[0].tensor_products,
            (double)p->key_bytes / 1e6, (double)p->upload_bytes / 1e6,
            (double)p->memory_bytes / 1e6);
}

static void measure(bf_bench *b, const shape *s)
{
    work w = {0};
    char variant[64];
    unsigned all = bf_env_threads(NULL);
    start(&w, s);
    print_plan(s, &w.plan);
    bf_bench_threads(1);
    bf_timing one = bf_bench_time(b, train, &w);
    snprintf(variant, sizeof variant, "N=2^%u, 1 thread", w.job.ring[0].log_n);
    bf_bench_row(b, s->name, variant, one, NULL);
    bf_bench_threads(all);
    if (all > 1) {
        bf_timing more = bf_bench_time(b, train, &w);
        snprintf(variant, sizeof variant, "N=2^%u, %u threads",
                 w.job.ring[0].log_n, all);
        bf_bench_row(b, s->name, variant, more, &one);
    }
    finish(&w);
}

int main(int argc, char **argv)
{
    bf_bench b;
    need(bf_random_init());
    bf_bench_begin(&b, argc, argv);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (bf_bench_wants(&b, shapes[i].name)) measure(&b, &shapes[i]);
    return bf_bench_end(&b);
}
