#include "owner_job.h"

#include "features/class_names.h"
#include "train/owner/transform.h"

/* Whose transform it is does not matter, as long as it is one that the job could
 * have had fitted. */
static bf_status check_recipe(const bf_transform *t, const bf_recipe *recipe,
                              const char *fitted)
{
    if (t->kind != recipe->kind)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: a transform of recipe %s, the job's is %s", fitted,
                       cli_recipe_name(t->kind), cli_recipe_name(recipe->kind));
    bf_relu of = t->expansion ? t->expansion->of : (bf_relu){0};
    if (of.count != recipe->expand.count || of.seed != recipe->expand.seed)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: a transform with %zu random features of seed %llu, "
                       "the job's has %zu of seed %llu",
                       fitted, of.count, (unsigned long long)of.seed,
                       recipe->expand.count,
                       (unsigned long long)recipe->expand.seed);
    if (recipe->map == BF_MAP_AUTO || t->map == recipe->map) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: a transform with feature map %s, the job's is %s",
                   fitted, cli_map_name(t->map), cli_map_name(recipe->map));
}

static void warn_dropped(const bf_transform *t)
{
    size_t first, count = bf_transform_dropped(t, &first);
    if (count)
        cli_warn("%s: feature %zu%s varies by less than double precision "
                 "tells and is left out",
                 cli_program(), first + 1,
                 count > 1 ? ", like others," : "");
}

static bf_status get_transform(cli_prepared *p, const bf_job *job,
                               const bf_dataset *data, const char *fitted)
{
    if (!fitted) {
        BF_TRY(bf_transform_fit(&p->transform, &job->recipe, &data->x,
                                &cli_env));
        warn_dropped(p->transform);
        return BF_OK;
    }
    BF_TRY(bf_transform_load(&p->transform, fitted));
    BF_TRY(check_recipe(p->transform, &job->recipe, fitted));
    if (bf_transform_inputs(p->transform) == job->features &&
        bf_transform_outputs(p->transform) == job->layout.cols)
        return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: takes %zu features to %zu columns, the job %zu to %zu",
                   fitted, bf_transform_inputs(p->transform),
                   bf_transform_outputs(p->transform), job->features,
                   job->layout.cols);
}

bf_status cli_prepare(cli_prepared *out, const bf_job *job,
                      const bf_dataset *data, const char *fitted)
{
    cli_prepared p = {0};
    bf_status status;
    BF_GOTO(get_transform(&p, job, data, fitted), fail);
    BF_GOTO(bf_transform_apply(&p.rows, p.transform, &data->x, true,
                               &cli_env),
            fail);
    BF_GOTO(bf_schedule_make(&p.schedule, &job->recipe, data->x.rows), fail);
    BF_GOTO(bf_transform_start(&p.schedule, p.transform,
                               (unsigned)job->layout.classes),
            fail);
    *out = p;
    return BF_OK;
fail:
    cli_prepared_clear(&p);
    return status;
}

void cli_prepared_clear(cli_prepared *p)
{
    bf_transform_destroy(p->transform);
    bf_matrix_clear(&p->rows);
    bf_schedule_clear(&p->schedule);
    *p = (cli_prepared){0};
}

bf_status cli_check_shapes(const bf_job *job, const bf_dataset *data,
                           const char *path)
{
    const bf_layout *l = &job->layout;
    if (data->x.rows != l->n || data->x.cols != job->features)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: %zu rows of %zu features, the job is for %zu of "
                       "%zu",
                       path, data->x.rows, data->x.cols, l->n, job->features);
    if (data->classes > l->classes)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: labels 0 to %u, the job is for %zu classes", path,
                       data->classes - 1, l->classes);
    if (data->classes == l->classes) return BF_OK;
    if (data->class_names)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: %u classes have names, the job is for %zu (plan "
                       "--classes %u)",
                       path, data->classes, l->classes, data->classes);
    cli_note("%s: %s: labels 0 to %u, the job is for %zu classes: of the "
             "others nothing is learnt",
             cli_program(), path, data->classes - 1, l->classes);
    return BF_OK;
}

bf_status cli_make_model(bf_model *out, const bf_transform *t,
                         const bf_matrix *weights, char *const *names)
{
    bf_model m = {.map = bf_transform_map(t)};
    BF_TRY(bf_transform_unmap(&m.weights, t, weights));
    bf_status s = t->expansion ? bf_expansion_copy(&m.expansion, t->expansion)
                               : BF_OK;
    if (s == BF_OK && names)
        s = bf_class_names_copy(&m.class_names, (const char *const *)names,
                                m.weights.rows);
    if (s == BF_OK)
        *out = m;
    else
        bf_model_clear(&m);
    return s;
}
