/* Recipes, the owner's plaintext algebra, plaintext twins, models, metrics.
 *
 * The mathematics of a job, as both sides know it. A recipe determines (a) a
 * transform of feature rows, computed and applied by the owner in plaintext,
 * and (b) a schedule of gradient steps on transformed rows, run by the server
 * under encryption and by the twin in plaintext.
 *
 * Matrices are row-major doubles. n rows, d features, C classes; weights are C
 * x k in transformed space and C x (d+1), bias first, outside of it.
 */
#ifndef BLINDFIT_TRAIN_H
#define BLINDFIT_TRAIN_H

#include <stdbool.h>

#include "blindfit/matrix.h"
#include "blindfit/sigmoid.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BF_MAX_ITERATIONS 1024
#define BF_CLASSES_MAX 100
#define BF_SIGMOID_RANGE_MAX 1e6
#define BF_RIDGE_MAX 1e12
#define BF_CLIP_MAX 1e6

/* Features with labels 0..classes-1. */
typedef struct bf_dataset {
    bf_matrix x; /* n x d */
    int32_t *labels;
    unsigned classes;
    char **class_names; /* [classes], or NULL */
} bf_dataset;
BF_API void bf_dataset_clear(bf_dataset *d);
/* BF_ERR_RANGE naming row and column (from 1) for NaN or infinity, and if all
 * rows have the same features; BF_ERR_ARGUMENT for labels outside 0..C-1, fewer
 * than two different labels, C above BF_CLASSES_MAX, or no rows. A class
 * without rows is fine. */
BF_API BF_MUST_CHECK bf_status bf_dataset_check(const bf_dataset *d);
/* True if there are three or more rows and each is alone in its class, as when
 * row numbers stand in the place of labels. */
BF_API bool bf_dataset_labels_number_rows(const bf_dataset *d);

typedef enum bf_recipe_kind {
    BF_RECIPE_PAPER,
    BF_RECIPE_WHITENED
} bf_recipe_kind;
#define BF_RECIPE_KINDS 2
typedef enum bf_feature_map {
    BF_MAP_AUTO, /* SQRT if no value is negative, else NONE */
    BF_MAP_NONE,
    BF_MAP_SQRT
} bf_feature_map;
#define BF_FEATURE_MAPS 3

/* Names in options and files: "whitened", "sqrt". */
BF_API const char *bf_recipe_kind_name(bf_recipe_kind kind);
BF_API const char *bf_feature_map_name(bf_feature_map map);

/* Random ReLU features of a public seed, in place of the mapped ones
 * (docs/formats.md, "Random features"). */
typedef struct bf_relu {
    size_t count; /* 0: none */
    uint64_t seed;
} bf_relu;
#define BF_RELU_MAX ((size_t)1 << 16)
#define BF_RELU_SEED_MAX (((uint64_t)1 << 53) - 1)

typedef struct bf_recipe {
    bf_recipe_kind kind;
    unsigned iterations;
    bf_feature_map map;
    bf_relu expand; /* whitened */
    bf_sigmoid sigmoid;
    double lambda;       /* whitened: ridge, relative to mean eigenvalue */
    double clip;         /* whitened: row norms to clip * usual; 0 is off */
    size_t components;   /* whitened: directions kept; 0 is all */
    unsigned step_count; /* steps given; the last repeats */
    double steps[BF_MAX_ITERATIONS]; /* whitened: s of step s*4/n */
    size_t batch; /* whitened: rows per step; 0 is full batch */
    /* Scores and weights are proved to stay in range for any rows and labels,
     * and no plan is made where they are not. bf_recipe_make_safe sets it. */
    bool safe;
} bf_recipe;

/* Sets all fields to the defaults of a kind for n rows of d features
 * (docs/algorithms.md). Whitened recipes depend on n/d; src/train/recipe.c has
 * the rule and its evidence. */
BF_API BF_MUST_CHECK bf_status bf_recipe_default(bf_recipe *out,
                                                 bf_recipe_kind kind,
                                                 unsigned iterations, size_t n,
                                                 size_t d);
/* Below this many rows a column, more than three iterations lose accuracy. */
#define BF_FEW_ROWS 10
/* The aim of a recipe. BALANCE: all columns, two iterations. SPEED: one
 * iteration if there are many rows. ACCURACY: two iterations, with random
 * features if the rows suffice. */
typedef enum bf_aim { BF_AIM_BALANCE, BF_AIM_SPEED, BF_AIM_ACCURACY } bf_aim;
/* The whitened recipe for an aim, for n rows of d features. Nonzero iterations,
 * expand and components of *out stay; sets all other fields. */
BF_API BF_MUST_CHECK bf_status bf_recipe_aim(bf_recipe *out, bf_aim aim,
                                             size_t n, size_t d);
/* Sets mini-batches of `batch` rows, step sizes that fall from 3 to 1, and the
 * polynomial for them. (Twelve steps of 10,000 rows, two passes over
 * Fashion-MNIST: 91.2 %; two full steps: 91.1 %.) */
BF_API void bf_recipe_batches(bf_recipe *r, size_t batch);
/* Makes a whitened recipe for n samples of d features safe. Chooses a Chebyshev
 * polynomial and multiplies all steps but the last by one factor, at most 1.
 * The polynomial has the least degree that allows a factor of `least` (0 to 1),
 * or else degree BF_CHEBYSHEV_DEGREE_MAX with a smaller factor. BF_ERR_ARGUMENT
 * if `least` is 1 and no degree allows it, if the recipe has no clip, or if it
 * has mini-batches. A clip of 1 allows longer steps than 1.25, at the same
 * accuracy. */
#define BF_SAFE_STEPS 0.45 /* two steps of 4 become about 2 and 4 */
BF_API BF_MUST_CHECK bf_status bf_recipe_make_safe(bf_recipe *r, double least,
                                                   size_t n, size_t d);
/* BF_ERR_ARGUMENT naming a field that no trainer can follow, or that job.json
 * cannot hold. */
BF_API BF_MUST_CHECK bf_status bf_recipe_check(const bf_recipe *r);
/* The number k of columns of the transformed rows. k depends on shapes alone,
 * so that a job is planned before its data are known: paper d + 1, whitened 1 +
 * min(bf_recipe_width, n - 1, components). */
BF_API size_t bf_recipe_outputs(const bf_recipe *r, size_t n, size_t d);
/* Columns that are whitened: d, or the random features in their place. */
BF_API size_t bf_recipe_width(const bf_recipe *r, size_t d);

/* One gradient schedule in transformed space. Iteration t = 0,1,.. takes the
 * rows of block t mod ceil(n/batch), of `batch` consecutive rows each (the last
 * block may be shorter; batch 0 is one block of all rows), and
 *   G = (Y - p(U V^T))^T U
 *   T = W + step[t] * G
 *   W = (1 - eta[t]) * T + eta[t] * V
 *   V = T
 * (plain gradient descent: eta = 0 and W = V throughout). The model is W, as in
 * the paper. Y is the one-hot n x C matrix. Only v0 depends on data; all else
 * is public. */
typedef struct bf_schedule {
    unsigned iterations;
    size_t n;     /* training rows */
    size_t batch; /* rows per block; 0 for all */
    bf_sigmoid sigmoid;
    bool momentum;   /* false: eta is all 0 and W is not kept */
    bool zero_start; /* V0 = W0 = 0; else v0 below */
    double step[BF_MAX_ITERATIONS];
    double eta[BF_MAX_ITERATIONS];
    bf_matrix v0; /* C x k; empty until bf_transform_start fills it */
} bf_schedule;
BF_API BF_MUST_CHECK bf_status bf_schedule_make(bf_schedule *out,
                                                const bf_recipe *recipe,
                                                size_t n);
/* Rows [*first, *last) of iteration t. */
BF_API void bf_schedule_rows(const bf_schedule *s, unsigned t, size_t *first,
                             size_t *last);
BF_API void bf_schedule_clear(bf_schedule *s);

/* Largest magnitudes of a run, in transformed space. */
typedef struct bf_magnitudes {
    double row;                      /* Euclidean norm of a row of U */
    double entry;                    /* entry of U */
    double weight;                   /* entry of V or W, start included */
    double update;                   /* entry of step[t] * G */
    double residual;                 /* entry of Y - P */
    double logit[BF_MAX_ITERATIONS]; /* entry of U V^T entering iteration t */
} bf_magnitudes;
/* Magnitudes that a plan assumes before the data are known, for n rows and k
 * columns. src/train/bounds.c says which of them are proved and which are
 * measured. Those of a safe recipe are all proved; BF_ERR_ARGUMENT if they
 * cannot be. */
BF_API BF_MUST_CHECK bf_status bf_recipe_bounds(bf_magnitudes *out,
                                                const bf_recipe *r, size_t n,
                                                size_t k);
/* BF_ERR_RANGE naming the first magnitude that exceeds its bound or is NaN. */
BF_API BF_MUST_CHECK bf_status
bf_magnitudes_check(const bf_magnitudes *measured, const bf_magnitudes *bounds,
                    unsigned iterations);

/* The owner's fitted transform: feature map, expansion, shift, linear map, row
 * clip, constant column. Transformed rows have k = bf_recipe_outputs columns,
 * the constant one first (1 when whitened; scaled like every column in
 * `paper`). */
typedef struct bf_transform bf_transform;
/* Fits on the training rows only: at least two. Directions that the rows do
 * not span leave columns of zeros. BF_ERR_RANGE names row and column of a value
 * that is NaN, infinite, or negative under sqrt. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_transform_fit(bf_transform **out,
                                                      const bf_recipe *recipe,
                                                      const bf_matrix *x,
                                                      bf_env *env);
BF_OWNER_API void bf_transform_destroy(bf_transform *t);
BF_OWNER_API size_t bf_transform_inputs(const bf_transform *t);  /* d */
BF_OWNER_API size_t bf_transform_outputs(const bf_transform *t); /* k */
/* Number of columns that vary, but by so little that the fit counted them as
 * constant; *first is one of them, from 0. For a loaded transform the number is
 * unknown, and 0. */
BF_OWNER_API size_t bf_transform_dropped(const bf_transform *t, size_t *first);
BF_OWNER_API bf_feature_map
bf_transform_map(const bf_transform *t); /* NONE or SQRT */
/* Random features, with the numbers that standardise their inputs; NULL: none.
 */
typedef struct bf_expansion bf_expansion;
BF_OWNER_API const bf_expansion *bf_transform_expansion(const bf_transform *t);
BF_API void bf_expansion_destroy(bf_expansion *e);
/* BF_ERR_MISMATCH for rows of another number of features; BF_ERR_RANGE as in
 * fit, for a value that the map of features cannot take. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_transform_check(const bf_transform *t,
                                                        const bf_matrix *x);
/* u = rows in transformed space (n x k); errors as in fit. Training rows are
 * clipped so that the bound `row` of bf_recipe_bounds holds; other rows are not
 * clipped. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_transform_apply(bf_matrix *u,
                                                        const bf_transform *t,
                                                        const bf_matrix *x,
                                                        bool training,
                                                        bf_env *env);
/* weights (C x k) -> model space (C x (d+1), bias first): linear in the mapped
 * features, or in the random features, whose number is then d. BF_ERR_MISMATCH
 * for other widths. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_transform_unmap(
    bf_matrix *model, const bf_transform *t, const bf_matrix *weights);
/* Sets the initial weights (C x k) of a schedule that does not start from zero;
 * does not change other schedules. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_transform_start(bf_schedule *s,
                                                        const bf_transform *t,
                                                        unsigned classes);
/* A transform file, mode 0600, beside the secret key: it describes the training
 * data. A file from `encrypt` also names its upload. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_transform_save(const bf_transform *t,
                                                       const char *path);
BF_OWNER_API BF_MUST_CHECK bf_status bf_transform_load(bf_transform **out,
                                                       const char *path);

/* Plaintext twin: the schedule in double precision, same polynomial, same
 * order. Calls `each` (may be NULL) with the model weights after every
 * iteration. */
typedef bf_status (*bf_twin_fn)(void *user, unsigned iteration,
                                const bf_matrix *weights);
BF_OWNER_API BF_MUST_CHECK bf_status
bf_twin_run(bf_matrix *weights, const bf_schedule *s, const bf_matrix *u,
            const int32_t *labels, unsigned classes, bf_twin_fn each,
            void *user, bf_env *env);
/* Measures the same run. *resolution (may be NULL): the standard deviation of
 * the model's scores over the rows, per unit of a row's norm; weight errors of
 * this size change scores as much as the rows do. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_twin_magnitudes(
    bf_magnitudes *out, double *resolution, const bf_schedule *s,
    const bf_matrix *u, const int32_t *labels, unsigned classes, bf_env *env);

/* Well-converged multinomial logistic regression, in model space of the feature
 * map, standardised internally: minimises
 *   sum_i cross-entropy_i + l2/2 * |weights without biases|^2
 * by L-BFGS [LN89]. l2 > 0; BF_SOFTMAX_L2 is the usual choice (C = 1). The map
 * is NONE or SQRT. */
#define BF_SOFTMAX_L2 1.0
BF_OWNER_API BF_MUST_CHECK bf_status
bf_softmax_fit(bf_matrix *model, const bf_matrix *x, const int32_t *labels,
               unsigned classes, bf_feature_map map, double l2, bf_env *env);

/* A linear model on mapped features or, with `expand`, on random features. */
typedef struct bf_model {
    bf_matrix weights; /* C x (d+1), bias first */
    bf_feature_map map;
    char **class_names; /* [C] or NULL */
    bf_expansion *expansion; /* owned, or NULL */
} bf_model;
BF_API void bf_model_clear(bf_model *m);
BF_API size_t bf_model_inputs(const bf_model *m); /* features of a row */
/* The random features of a model as one layer on the mapped features: layer is
 * count x (d+1), offsets first; feature i is the larger of 0 and
 * layer[i][0] + sum_j layer[i][j + 1] * mapped[j]. BF_ERR_ARGUMENT if the model
 * has none. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_model_expansion(bf_matrix *layer,
                                                        const bf_model *m);
/* The extension decides the format: .npy (float64, C x (d+1)), .csv,
 * .safetensors ("weight", "bias", float32, or float64 where float32 would score
 * otherwise; map and expansion in the metadata).
 * The file appears whole or not at all. .npy and .csv carry map and expansion
 * in a sidecar PATH.json. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_model_save(const bf_model *m,
                                                   const char *path);
/* Call before the work: BF_ERR_ARGUMENT for another extension, and if an
 * existing PATH.json of .npy or .csv is not a model's sidecar, which
 * bf_model_save does not replace either. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_model_check_path(const char *path);
BF_OWNER_API BF_MUST_CHECK bf_status bf_model_load(bf_model *m,
                                                   const char *path);

typedef struct bf_metrics {
    double accuracy;      /* 0..1 */
    double sle;           /* mean over rows of sum_c (y - sigmoid(z))^2 */
    double cross_entropy; /* mean softmax cross-entropy, nats */
    unsigned classes;
    uint64_t *confusion; /* [truth][prediction]; NULL unless requested */
} bf_metrics;
BF_OWNER_API BF_MUST_CHECK bf_status
bf_model_scores(bf_matrix *scores, const bf_model *m,
                const bf_matrix *x); /* n x C logits */
/* The same for rows in any memory, which it reads in place. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_model_scores_view(bf_matrix *scores,
                                                          const bf_model *m,
                                                          const bf_view *x);
/* BF_ERR_ARGUMENT for a label that the model does not know, or no labels;
 * BF_ERR_MISMATCH for data whose class names differ from the model's, in number
 * or in text: bf_dataset_match adapts the data. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_model_evaluate(bf_metrics *out,
                                                       const bf_model *m,
                                                       const bf_dataset *data,
                                                       bool confusion);
BF_OWNER_API void bf_metrics_clear(bf_metrics *m);

#ifdef __cplusplus
}
#endif

#endif
