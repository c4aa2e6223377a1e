/* Random features: against the stream that docs/formats.md describes, in plain
 * loops, and against an ordinary recipe on the features they make. */
#include <sodium.h>
#include <unistd.h>

#include "base/file.h"
#include "base/random.h"
#include "train/expansion.h"
#include "train/job.h"
#include "train/owner/transform.h"
#include "train/train_testing.h"

enum { ROWS = 70, INPUTS = 6, COUNT = 24, CLASSES = 3 };
#define SEED 12345678901ull

static char folder[] = "/tmp/blindfit-expand-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return bf_random_init() == BF_OK && mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return bf_remove_tree(folder) == BF_OK ? 0 : -1;
}

static const char *in_folder(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Word w of the stream of feature i, as the document says. */
static double coins(uint64_t seed, uint64_t i, size_t w)
{
    uint8_t wide[32] = {0}, message[15 + 16] = "blindfit-relu", key[32];
    static const uint8_t nonce[8];
    static uint8_t stream[8 * 1024];
    for (int b = 0; b < 8; b++) {
        wide[b] = (uint8_t)(seed >> 8 * b);
        message[14 + b] = (uint8_t)(i >> 8 * b);
    }
    crypto_generichash(key, 32, message, 14 + 16, wide, 32);
    crypto_stream_chacha20(stream, sizeof stream, nonce, key);
    int ones = 0;
    for (int b = 0; b < 64; b++) ones += stream[8 * w + b / 8] >> b % 8 & 1;
    return ones - 32;
}

/* features[rows][count] of x, standardised by the moments of `of`. */
static void expand(bf_matrix *f, const bf_matrix *x, const bf_matrix *of,
                   size_t count, bool root)
{
    double mean[INPUTS], sd[INPUTS];
    size_t vary = 0;
    for (size_t j = 0; j < INPUTS; j++) {
        long double sum = 0, square = 0;
        for (size_t i = 0; i < of->rows; i++) {
            double v = of->data[i * INPUTS + j];
            sum += root ? sqrt(v) : v;
        }
        sum /= of->rows;
        for (size_t i = 0; i < of->rows; i++) {
            double v = of->data[i * INPUTS + j];
            v = root ? sqrt(v) : v;
            square += (v - sum) * (v - sum);
        }
        mean[j] = (double)sum;
        sd[j] = (double)sqrtl(square / of->rows);
        vary += sd[j] > 1e-12;
    }
    check_ok(bf_matrix_init(f, x->rows, count));
    for (size_t c = 0; c < count; c++) {
        double r[INPUTS], b = coins(SEED, c, INPUTS) / 8;
        for (size_t j = 0; j < INPUTS; j++) r[j] = coins(SEED, c, j) / 4;
        for (size_t i = 0; i < x->rows; i++) {
            double sum = b;
            for (size_t j = 0; j < INPUTS; j++) {
                double v = x->data[i * INPUTS + j];
                if (sd[j] > 1e-12)
                    sum += ((root ? sqrt(v) : v) - mean[j]) / sd[j] /
                           sqrt((double)vary) * r[j];
            }
            f->data[i * count + c] = fmax(0, sum);
        }
    }
}

static bf_recipe recipe_of(size_t count, bf_feature_map map)
{
    bf_recipe r;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 2, ROWS, INPUTS));
    r.lambda = 0.01;
    r.map = map;
    r.expand = (bf_relu){.count = count, .seed = SEED};
    return r;
}

/* A column that does not vary, and nothing negative. */
static void make_data(bf_dataset *data, uint64_t *seed)
{
    random_dataset(data, ROWS, INPUTS, CLASSES, seed);
    for (size_t i = 0; i < ROWS * INPUTS; i++)
        data->x.data[i] = i % INPUTS == 2 ? 3 : fabs(data->x.data[i]);
}

static void train(bf_model *m, const bf_recipe *recipe, const bf_matrix *x,
                  const int32_t *labels, bf_transform **t)
{
    bf_schedule s;
    bf_matrix u, w;
    check_ok(bf_transform_fit(t, recipe, x, NULL));
    check_ok(bf_transform_apply(&u, *t, x, true, NULL));
    check_ok(bf_schedule_make(&s, recipe, x->rows));
    check_ok(bf_twin_run(&w, &s, &u, labels, CLASSES, NULL, NULL, NULL));
    *m = (bf_model){.map = bf_transform_map(*t)};
    check_ok(bf_transform_unmap(&m->weights, *t, &w));
    if ((*t)->expansion)
        check_ok(bf_expansion_copy(&m->expansion, (*t)->expansion));
    bf_matrix_clear(&u);
    bf_matrix_clear(&w);
    bf_schedule_clear(&s);
}

static void test_rows(void **state)
{
    (void)state;
    uint64_t seed = test_seed(71);
    bf_dataset data;
    make_data(&data, &seed);
    const bf_view view = bf_view_of(&data.x);
    for (int map = BF_MAP_NONE; map <= BF_MAP_SQRT; map++) {
        bf_expansion *e;
        bf_mapped m;
        bf_matrix want;
        double got[ROWS * COUNT];
        check_ok(bf_expansion_create(&e, (bf_relu){COUNT, SEED}, INPUTS));
        check_ok(bf_expansion_fit(e, (bf_feature_map)map, &view));
        check_ok(bf_mapped_init(&m, (bf_feature_map)map, &view, e));
        assert_int_equal(m.cols, COUNT);
        bf_mapped_rows(got, &m, 0, ROWS);
        expand(&want, &data.x, &data.x, COUNT, map == BF_MAP_SQRT);
        check_close(got, want.data, ROWS * COUNT, 1e-12);
        bf_mapped_rows(got, &m, 9, 4);
        check_close(got, want.data + 9 * COUNT, 4 * COUNT, 1e-12);
        bf_matrix_clear(&want);
        bf_mapped_clear(&m);
        bf_expansion_destroy(e);
    }
    free_dataset(&data);
}

/* The model's random features f of these rows as one layer; the model `plain`
 * has none. */
static void check_layer(const bf_model *m, const bf_model *plain,
                        const bf_matrix *f, const bf_matrix *x)
{
    bf_matrix layer, got;
    check_ok(bf_model_expansion(&layer, m));
    check_ok(bf_matrix_init(&got, f->rows, f->cols));
    assert_int_equal(layer.rows, f->cols);
    assert_int_equal(layer.cols, INPUTS + 1);
    for (size_t i = 0; i < f->rows; i++)
        for (size_t c = 0; c < f->cols; c++) {
            const double *row = layer.data + c * layer.cols;
            double sum = row[0];
            for (size_t j = 0; j < INPUTS; j++)
                sum += row[j + 1] * sqrt(x->data[i * INPUTS + j]);
            got.data[i * f->cols + c] = fmax(0, sum);
        }
    check_close(got.data, f->data, f->rows * f->cols, 1e-12);
    assert_int_equal(bf_model_expansion(&layer, plain), BF_ERR_ARGUMENT);
    bf_matrix_clear(&layer);
    bf_matrix_clear(&got);
}

/* The recipe trains what an ordinary one trains on the features; both ways of
 * whitening, as other rotations of the same columns, give the same scores:
 * rows than features more (with and without a root) and fewer. */
static void test_training(void **state)
{
    (void)state;
    uint64_t seed = test_seed(72);
    bf_dataset data;
    make_data(&data, &seed);
    static const struct {
        size_t count, components;
        double lambda;
    } cases[] = {{COUNT, 0, 0.01}, {COUNT, 0, 0}, {COUNT, 9, 0.01},
                 {ROWS + 30, 0, 0.5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t count = cases[i].count;
        bf_recipe r = recipe_of(count, BF_MAP_SQRT), plain;
        r.components = cases[i].components;
        r.lambda = cases[i].lambda;
        plain = r;
        plain.map = BF_MAP_NONE;
        plain.expand = (bf_relu){0};
        bf_matrix f, got, want;
        bf_model a, b;
        bf_transform *ta, *tb;
        expand(&f, &data.x, &data.x, count, true);
        train(&a, &r, &data.x, data.labels, &ta);
        train(&b, &plain, &f, data.labels, &tb);
        assert_int_equal(bf_transform_inputs(ta), INPUTS);
        assert_int_equal(bf_transform_outputs(ta), bf_transform_outputs(tb));
        assert_int_equal(a.weights.cols, count + 1);
        assert_int_equal(bf_model_inputs(&a), INPUTS);
        check_ok(bf_model_scores(&got, &a, &data.x));
        check_ok(bf_model_scores(&want, &b, &f));
        check_close(got.data, want.data, ROWS * CLASSES, 1e-6);
        check_layer(&a, &b, &f, &data.x);
        bf_matrix_clear(&f);
        bf_matrix_clear(&got);
        bf_matrix_clear(&want);
        bf_model_clear(&a);
        bf_model_clear(&b);
        bf_transform_destroy(ta);
        bf_transform_destroy(tb);
    }
    free_dataset(&data);
}

static void test_files(void **state)
{
    (void)state;
    uint64_t seed = test_seed(73);
    static const char *const files[] = {"m.npy", "m.csv", "m.safetensors"};
    bf_dataset data;
    bf_recipe r = recipe_of(COUNT, BF_MAP_NONE);
    bf_model m, back;
    bf_transform *t, *again;
    bf_matrix want, got;
    make_data(&data, &seed);
    train(&m, &r, &data.x, data.labels, &t);
    check_ok(bf_model_scores(&want, &m, &data.x));
    for (int i = 0; i < 3; i++) {
        check_ok(bf_model_save(&m, in_folder(files[i])));
        check_ok(bf_model_load(&back, in_folder(files[i])));
        assert_true(back.expansion && back.expansion->of.seed == SEED);
        check_ok(bf_model_scores(&got, &back, &data.x));
        check_close(got.data, want.data, ROWS * CLASSES, i == 2 ? 1e-4 : 0);
        bf_matrix_clear(&got);
        bf_model_clear(&back);
    }
    bf_matrix u, v;
    check_ok(bf_transform_save(t, in_folder("t.bf")));
    check_ok(bf_transform_load(&again, in_folder("t.bf")));
    check_ok(bf_transform_apply(&u, t, &data.x, true, NULL));
    check_ok(bf_transform_apply(&v, again, &data.x, true, NULL));
    check_close(u.data, v.data, u.rows * u.cols, 0);
    bf_matrix_clear(&u);
    bf_matrix_clear(&v);
    bf_matrix_clear(&want);
    bf_transform_destroy(t);
    bf_transform_destroy(again);
    bf_model_clear(&m);
    free_dataset(&data);
}

static void refuse_model(const char *text, const char *words)
{
    bf_model m = {.map = BF_MAP_NONE}, back;
    check_ok(bf_matrix_init(&m.weights, 2, 4));
    check_ok(bf_model_save(&m, in_folder("bad.npy")));
    bf_model_clear(&m);
    FILE *f = fopen(in_folder("bad.npy.json"), "w");
    assert_non_null(f);
    fprintf(f, "{\"feature_map\":\"none\",\"expand\":%s}", text);
    fclose(f);
    check_fails(BF_ERR_FORMAT, words,
                bf_model_load(&back, in_folder("bad.npy")));
}

static void test_refusals(void **state)
{
    (void)state;
    bf_recipe r;
    check_ok(bf_recipe_default(&r, BF_RECIPE_PAPER, 1, 9, 4));
    r.expand.count = 5;
    check_fails(BF_ERR_ARGUMENT, "no random features", bf_recipe_check(&r));
    r = recipe_of(BF_RELU_MAX + 1, BF_MAP_NONE);
    check_fails(BF_ERR_ARGUMENT, "at most 65536", bf_recipe_check(&r));
    r = recipe_of(8, BF_MAP_NONE);
    r.expand.seed = BF_RELU_SEED_MAX + 1;
    check_fails(BF_ERR_ARGUMENT, "at most 2^53 - 1", bf_recipe_check(&r));
    refuse_model("3", "no kind but relu");
    refuse_model("{\"kind\":\"tanh\"}", "no kind but relu");
    refuse_model("{\"kind\":\"relu\",\"count\":0,\"seed\":1}", "a count of 1");
    refuse_model("{\"kind\":\"relu\",\"count\":3,\"seed\":1.5}", "a seed of 0");
    refuse_model("{\"kind\":\"relu\",\"count\":3,\"seed\":1}", "no list");
    refuse_model("{\"kind\":\"relu\",\"count\":3,\"seed\":1,\"mean\":[1,2],"
                 "\"scale\":[1]}",
                 "not 2 finite numbers");
    refuse_model("{\"kind\":\"relu\",\"count\":2,\"seed\":1,\"mean\":[1,2],"
                 "\"scale\":[1,1]}",
                 "2 random features, the model has weights for 3");
}

/* The file of a job says it, and it makes another data set of the rows. */
static void test_job(void **state)
{
    (void)state;
    bf_job job, back;
    bf_plan plan;
    uint8_t id[BF_HASH_BYTES], data_id[2][BF_HASH_BYTES];
    bf_plan_options options = {.log_n = 13};
    bf_recipe r = recipe_of(16, BF_MAP_NONE);
    r.iterations = 1;
    for (int i = 0; i < 2; i++) {
        r.expand.seed = SEED + (uint64_t)i;
        check_ok(
            bf_job_search(&job, &plan, &r, ROWS, INPUTS, CLASSES, &options));
        assert_int_equal(job.layout.cols, 17);
        assert_int_equal(job.features, INPUTS);
        check_ok(bf_job_save(&job, in_folder("job.json")));
        check_ok(bf_job_load(&back, in_folder("job.json"), id));
        assert_int_equal(back.recipe.expand.count, 16);
        assert_true(back.recipe.expand.seed == SEED + (uint64_t)i);
        bf_job_data_id(&back, data_id[i]);
        bf_plan_clear(&plan);
    }
    assert_memory_not_equal(data_id[0], data_id[1], BF_HASH_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_training),
        cmocka_unit_test(test_files),    cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_job),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
