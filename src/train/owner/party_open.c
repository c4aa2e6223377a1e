/* The opening: this owner's share of the model's weights and certificates, and
 * both from all shares. */
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "blindfit/server.h"
#include "ckks/owner/open_share.h"
#include "train/certificate.h"
#include "train/handle.h"
#include "train/owner/block.h"
#include "train/owner/certified.h"
#include "train/owner/label_privacy.h"
#include "train/owner/party_part.h"
#include "train/owner/protocol.h"
#include "train/owner/rounding.h"
#include "train/owner/seal.h"
#include "train/owner/sealed.h"
#include "train/owner/session_check.h"
#include "train/upload.h"

/* A ciphertext to open. */
typedef struct to_open {
    unsigned iteration; /* whose certificate it is; 0: the weights */
    bf_layout layout;   /* of its values */
    bf_ct ct;
    uint32_t *at;
    bf_places places;
    double noise; /* of a value, before shares */
    double sd;    /* of a share's errors */
} to_open;

typedef struct opening {
    bf_part_kind kind; /* BF_PART_SHARE, BF_PART_BEFORE */
    unsigned round;    /* that shares are sent in */
    const bf_plan_step *planned; /* of the weights */
    bf_label label;              /* of their record in the model file */
    bf_path model;
    size_t count;
    to_open *of;   /* [count]: the weights, then the certificates in order */
    size_t bytes; /* of a share */
} opening;

static void clear(opening *o)
{
    for (size_t i = 0; i < o->count; i++) {
        bf_ct_clear(&o->of[i].ct);
        bf_free(o->of[i].at);
    }
    bf_free(o->of);
}

static bf_status make_places(to_open *it)
{
    size_t count = 2 * it->layout.f * it->layout.m;
    it->at = bf_alloc(count * sizeof *it->at);
    if (!it->at) return BF_ERR_MEMORY;
    bf_layout_weight_places(&it->layout, it->at);
    it->places = (bf_places){it->at, count};
    return BF_OK;
}

/* `unit` is the noise of a value of this ciphertext's scale whose coefficients
 * have errors of 1. */
static bf_status read_ct(to_open *it, bf_wire_reader *r, bf_label label,
                         bf_plan_ct planned, double noise, double unit,
                         const char *path)
{
    bf_wire_item item;
    BF_TRY(bf_wire_find(r, BF_WIRE_CIPHERTEXT, label, &item));
    BF_TRY(bf_wire_get_ct(r, &it->ct));
    bf_status s = bf_plan_check_ct(&it->ct, planned);
    if (s != BF_OK) return bf_fail_in(s, "%s: the model", path);
    it->noise = noise;
    it->sd = BF_OPEN_FLOOD * noise / unit;
    return make_places(it);
}

static bf_status read_weights(opening *o, const bf_job *job, bf_wire_reader *r)
{
    const bf_plan_step *planned = o->planned;
    const bf_ct unit = {.noise = 1, .scale = planned->output.scale};
    o->of[0].layout = job->layout;
    return read_ct(&o->of[0], r, o->label,
                   (bf_plan_ct){planned->model_limbs, planned->output.scale},
                   planned->noise,
                   bf_job_circuit(job)->output_noise(job, &unit), o->model.s);
}

static bf_status read_certificate(to_open *it, const bf_job *job,
                                  const bf_plan_step *step, unsigned iteration,
                                  bf_wire_reader *r, const char *path)
{
    const bf_ct unit = {.noise = 1, .scale = step->certificate.scale};
    it->iteration = iteration;
    it->layout = bf_certificate_layout(&job->layout);
    return read_ct(it, r, (bf_label){BF_MODEL_CERTIFICATE, iteration},
                   step->certificate, step->certificate_noise,
                   bf_job_circuit(job)->certificate_noise(job, &unit), path);
}

/* Certificates are opened once, with the final weights. */
static bf_status read_all(opening *o, const bf_party_run *p, bf_wire_reader *r)
{
    const bf_plan *plan = p->plan;
    const bf_job *job = p->session->job;
    bool final = o->kind == BF_PART_SHARE;
    o->of = bf_alloc_zero((1 + plan->step_count) * sizeof *o->of);
    if (!o->of) return BF_ERR_MEMORY;
    o->count = 1;
    for (unsigned t = 1; final && t <= plan->step_count; t++)
        if (plan->steps[t - 1].certificate.limbs)
            BF_TRY(read_certificate(&o->of[o->count++], job,
                                    &plan->steps[t - 1], t, r, o->model.s));
    return read_weights(o, job, r);
}

/* A whole, undamaged file of this session: verifies what the opening has no use
 * for as well. */
static bf_status open_whole(bf_wire_reader **out, const bf_party_run *p,
                            const bf_path *model)
{
    uint8_t key[BF_KEY_ID_BYTES], data_id[BF_HASH_BYTES];
    bf_wire_info whole;
    bf_job_data_id(p->session->job, data_id);
    bf_session_joint_key(key, p->t[2]);
    BF_TRY(bf_wire_inspect(&whole, model->s, NULL));
    return bf_wire_open(out, model->s, BF_WIRE_MODEL, bf_one_ring(p->ctx),
                        (bf_wire_ids){key, bf_job_id(p->session->job),
                                      data_id});
}

static bf_status read_model(opening *o, const bf_party_run *p)
{
    bf_wire_reader *r;
    BF_TRY(bf_box_model(&o->model, p));
    BF_TRY(open_whole(&r, p, &o->model));
    bf_status s = read_all(o, p, r);
    bf_wire_close(r);
    return s;
}

static void choose(opening *o, const bf_party_run *p, bf_part_kind kind)
{
    unsigned last = p->plan->step_count - 1;
    bool final = kind == BF_PART_SHARE;
    *o = (opening){
        .kind = kind,
        .round = final ? bf_session_rounds(p->session) : BF_ROUND_MODEL,
        .planned = &p->plan->steps[final ? last : last - 1],
        .label = final ? (bf_label){BF_MODEL_FINAL, 0}
                       : (bf_label){BF_MODEL_ITERATION, last}};
}

/* Once this owner has named a model, no other is opened. */
static bf_status check_named(const opening *o, const bf_party_run *p)
{
    if (p->seen < BF_ROUND_MODEL) return BF_OK;
    return bf_part_check(
        bf_head_part(&p->head[BF_ROUND_MODEL - 1][p->me], BF_PART_MODEL),
        o->model.s);
}

/* Values of a ciphertext's share, of all limbs. */
static size_t values_of(const to_open *it)
{
    return it->ct.limbs * it->places.count;
}

static bf_status open_model(opening *o, const bf_party_run *p,
                            bf_part_kind kind)
{
    choose(o, p, kind);
    BF_TRY(read_model(o, p));
    BF_TRY(check_named(o, p));
    for (size_t i = 0; i < o->count; i++)
        o->bytes += values_of(&o->of[i]) * sizeof(uint64_t);
    return BF_OK;
}

/* ---- this owner's share -------------------------------------------------- */

/* An owner of private labels adds the noise that hides the labels to its share.
 */
static bf_status share_error(double *sd, const bf_party_run *p,
                             const to_open *it)
{
    const bf_job *job = p->session->job;
    bf_label_privacy privacy;
    BF_TRY(bf_session_label_privacy(&privacy, p->session));
    double noise = bf_label_noise_share(privacy.sd, job->schedule.step[0],
                                        &job->layout, it->ct.scale);
    *sd = bf_party_me(p)->labels ? hypot(it->sd, noise) : it->sd;
    return BF_OK;
}

/* Owner k receives values [*from, *to) of each limb. If columns are split,
 * these are the weights of the pairs of chunks that hold columns of owner k:
 * values are ordered by pair of chunks, and within a pair by class
 * (linalg/layout.h). */
static bf_status range_of(size_t *from, size_t *to, const bf_party_run *p,
                          const to_open *it, unsigned k)
{
    const bf_layout *l = &it->layout;
    size_t each = 2 * l->f * l->classes, first, end;
    bf_column_block b;
    *from = 0;
    *to = it->places.count;
    if (!bf_party_has_block(p) || it->iteration) return BF_OK;
    BF_TRY(bf_session_block(&b, p->session, k));
    bf_column_block_pairs(&b, l, &first, &end);
    *from = first * each;
    *to = end * each;
    return BF_OK;
}

/* bytes[k] is the number of bytes that owner k receives. */
static bf_status sizes_of(size_t bytes[BF_OWNERS_MAX], const bf_party_run *p,
                          const opening *o)
{
    for (unsigned k = 0; k < p->session->owners; k++) {
        bytes[k] = 0;
        for (size_t i = 0; i < o->count; i++) {
            size_t from, to;
            BF_TRY(range_of(&from, &to, p, &o->of[i], k));
            bytes[k] += o->of[i].ct.limbs * (to - from) * 8;
        }
    }
    return BF_OK;
}

/* Appends owner k's part of a share of one ciphertext to *out. */
static bf_status cut_one(uint8_t **out, const bf_party_run *p,
                         const to_open *it, const uint8_t *values, unsigned k)
{
    size_t from, to;
    BF_TRY(range_of(&from, &to, p, it, k));
    size_t length = 8 * (to - from);
    for (unsigned m = 0; m < it->ct.limbs; m++, *out += length)
        memcpy(*out, values + 8 * (m * it->places.count + from), length);
    return BF_OK;
}

static bf_status cut(uint8_t **out, const bf_party_run *p, const opening *o,
                     const uint8_t *values, unsigned k, size_t bytes)
{
    *out = bf_secret_alloc(bytes);
    if (!*out) return BF_ERR_MEMORY;
    uint8_t *end = *out;
    for (size_t i = 0; i < o->count; i++) {
        BF_TRY(cut_one(&end, p, &o->of[i], values, k));
        values += 8 * values_of(&o->of[i]);
    }
    return BF_OK;
}

static bf_status seal_each(const bf_party_run *p, const opening *o,
                           const uint8_t *values, const char *path)
{
    uint8_t *part[BF_OWNERS_MAX] = {NULL};
    size_t bytes[BF_OWNERS_MAX] = {0};
    bf_status s = sizes_of(bytes, p, o);
    for (unsigned k = 0; k < p->session->owners && s == BF_OK; k++)
        s = cut(&part[k], p, o, values, k, bytes[k]);
    if (s == BF_OK)
        s = bf_sealed_write_each(path, p->session,
                                 (const uint8_t *const *)part, bytes);
    for (unsigned k = 0; k < p->session->owners; k++) bf_secret_free(part[k]);
    return s;
}

/* A second share of a ciphertext would give the secret away. */
static bf_status make_shares(uint64_t *values, const bf_party_run *p,
                             const opening *o)
{
    for (size_t i = 0; i < o->count; i++) {
        const to_open *it = &o->of[i];
        double sd = it->sd;
        if (!it->iteration) BF_TRY(share_error(&sd, p, it));
        BF_TRY(bf_open_share(values, p->st.s, &it->ct, it->places, sd));
        values += values_of(it);
    }
    return BF_OK;
}

static bf_status seal_share(const bf_party_run *p, const opening *o,
                            const char *path)
{
    uint64_t *values = bf_secret_alloc(o->bytes);
    if (!values) return BF_ERR_MEMORY;
    bf_status s = make_shares(values, p, o);
    uint8_t *bytes = (uint8_t *)values;
    for (size_t i = 0; i < o->bytes / 8; i++)
        bf_put_u64(bytes + 8 * i, values[i]);
    if (s == BF_OK)
        s = bf_party_has_block(p)
                ? seal_each(p, o, bytes, path)
                : bf_sealed_write(path, p->session, true, bytes, o->bytes);
    bf_secret_free(values);
    return s;
}

/* ---- the server's run, once more ----------------------------------------- */

static bf_status train_again(const bf_party_run *p, const char *folder,
                             const char *model)
{
    bf_path job, keys;
    bf_gather_report gathered;
    bf_serve_report trained;
    BF_TRY(bf_session_gather(&gathered, p->o->session, p->o->box, folder,
                             NULL));
    BF_TRY(bf_box_path(&job, p, "recheck", "job.json"));
    BF_TRY(bf_box_path(&keys, p, "recheck", "eval.keys"));
    const char *key_files[] = {keys.s};
    bf_serve_options o = {.job = job.s,
                          .keys = key_files,
                          .key_count = 1,
                          .box = p->o->box,
                          .model = model};
    return bf_serve_train(&trained, &o, NULL);
}

static bool rechecks(const bf_party_run *p)
{
    if (p->o->recheck != BF_RECHECK_ONE)
        return p->o->recheck == BF_RECHECK_ALWAYS;
    return p->me == bf_session_rechecker(p->session);
}

/* Training is deterministic: it makes the same bytes from the same bytes. A
 * model that differs from the model of the owners' messages was constructed by
 * the server, and opening a constructed model could reveal secrets. */
bf_status bf_party_recheck(bf_party_run *p)
{
    bf_path folder, made, given;
    bf_part want;
    bf_wire_reader *r;
    if (!rechecks(p)) return BF_OK;
    BF_TRY(bf_box_path(&folder, p, NULL, "recheck"));
    BF_TRY(bf_box_path(&made, p, "recheck", BF_MODEL_FILE));
    BF_TRY(bf_box_model(&given, p));
    /* What was damaged on its way is no evidence, and can be fetched again. */
    BF_TRY(open_whole(&r, p, &given));
    bf_wire_close(r);
    bf_status s = train_again(p, folder.s, made.s);
    if (s == BF_OK) s = bf_part_of_file(&want, BF_PART_MODEL, made.s);
    if (s == BF_OK && bf_part_check(&want, given.s) != BF_OK)
        s = bf_party_over(p,
                          "round 5: the server's model is not what the owners' "
                          "messages make");
    bf_status removed = bf_remove_tree(folder.s);
    return s == BF_OK ? removed : s;
}

bf_status bf_party_make_share(bf_party_run *p, bf_part_kind kind,
                              const char *path)
{
    opening o = {.count = 0};
    bf_status s = open_model(&o, p, kind);
    if (s == BF_OK) s = seal_share(p, &o, path);
    clear(&o);
    return s;
}

/* ---- all shares ---------------------------------------------------------- */

static bf_status read_share(uint64_t **out, const bf_party_run *p,
                            const opening *o, unsigned k)
{
    bf_path path;
    uint8_t *data;
    size_t bytes[BF_OWNERS_MAX];
    BF_TRY(bf_party_part(&path, p, o->round, k, o->kind));
    BF_TRY(sizes_of(bytes, p, o));
    if (bf_party_has_block(p))
        BF_TRY(bf_sealed_read_each(&data, path.s, p->session, &p->id, p->me,
                                   bytes));
    else
        BF_TRY(bf_sealed_read(&data, &bytes[p->me], path.s, p->session, true,
                              &p->id, p->me, o->bytes));
    *out = (uint64_t *)data;
    for (size_t i = 0; i < bytes[p->me] / 8; i++)
        (*out)[i] = bf_get_u64(data + 8 * i);
    return BF_OK;
}

/* All owners' shares; this owner's part of each. */
typedef struct shares {
    uint64_t *of[BF_OWNERS_MAX];
} shares;

static void shares_clear(shares *all)
{
    for (unsigned k = 0; k < BF_OWNERS_MAX; k++) bf_secret_free(all->of[k]);
}

static bf_status read_shares(shares *all, const bf_party_run *p,
                             const opening *o)
{
    for (unsigned k = 0; k < p->session->owners; k++)
        BF_TRY(read_share(&all->of[k], p, o, k));
    return BF_OK;
}

/* The plaintext of ciphertext i. */
static bf_status combine(bf_pt *pt, const bf_party_run *p, const opening *o,
                         size_t i, const shares *all)
{
    const to_open *it = &o->of[i];
    const uint64_t *share[BF_OWNERS_MAX];
    size_t from, to, before = 0;
    for (size_t k = 0; k < i; k++) {
        BF_TRY(range_of(&from, &to, p, &o->of[k], p->me));
        before += o->of[k].ct.limbs * (to - from);
    }
    BF_TRY(range_of(&from, &to, p, it, p->me));
    bf_places places = {it->at + from, to - from};
    for (unsigned k = 0; k < p->session->owners; k++)
        share[k] = all->of[k] + before;
    return bf_open_combine(pt, &it->ct, places, share, p->session->owners);
}

static double opened_noise(const bf_party_run *p, const to_open *it)
{
    return it->noise * bf_opening_error(p->session->owners);
}

/* An opened weight is the sum of the circuit's weight and the label noise. */
static bf_status unpack(bf_matrix *weights, const bf_session *s,
                        const bf_pt *pt)
{
    bf_label_privacy privacy;
    BF_TRY(bf_session_label_privacy(&privacy, s));
    bf_opened opened = {
        .pt = pt,
        .most = s->job->bounds.weight + bf_session_noise_range(s, &privacy),
        .beyond = "an owner's data or shares, or the server's run, are not "
                  "what the session says"};
    return bf_job_unpack(weights, s->job, &opened);
}

static bf_status weights_of(bf_matrix *weights, const bf_party_run *p,
                            const opening *o)
{
    shares all = {{NULL}};
    bf_pt pt = {0};
    bf_status s = read_shares(&all, p, o);
    if (s == BF_OK) s = combine(&pt, p, o, 0, &all);
    if (s == BF_OK) s = unpack(weights, p->session, &pt);
    if (s == BF_OK) bf_weights_round(weights, opened_noise(p, &o->of[0]));
    bf_pt_clear(&pt);
    shares_clear(&all);
    return s;
}

bf_status bf_party_weights(bf_matrix *weights, double *error,
                           const bf_party_run *p, bf_part_kind kind)
{
    opening o = {.count = 0};
    bf_status s = open_model(&o, p, kind);
    if (s == BF_OK) s = weights_of(weights, p, &o);
    if (s == BF_OK && error)
        *error = opened_noise(p, &o.of[0]) * BF_ROUNDING_ERROR;
    clear(&o);
    return s;
}

static bf_status report_certificate(const bf_party_run *p, const opening *o,
                                    size_t i, const shares *all)
{
    const to_open *it = &o->of[i];
    const bf_job *job = p->session->job;
    double noise = opened_noise(p, it);
    bf_pt pt = {0};
    bf_matrix sums = {0};
    bf_certificate found;
    bf_status s = combine(&pt, p, o, i, all);
    if (s == BF_OK) s = bf_certified_sums(&sums, job, &pt);
    bf_pt_clear(&pt);
    BF_TRY(s);
    bf_weights_round(&sums, noise);
    bf_certified_bound(&found, job, it->iteration, &sums, noise);
    bf_matrix_clear(&sums);
    p->o->certified(p->o->user, &found);
    return BF_OK;
}

static bf_status report_certificates(const bf_party_run *p)
{
    opening o = {.count = 0};
    shares all = {{NULL}};
    if (!p->o->certified || !p->session->job->certificate) return BF_OK;
    bf_status s = open_model(&o, p, BF_PART_SHARE);
    if (s == BF_OK) s = read_shares(&all, p, &o);
    for (size_t i = 1; i < o.count && s == BF_OK; i++)
        s = report_certificate(p, &o, i, &all);
    shares_clear(&all);
    clear(&o);
    return s;
}

static bf_status own_weights(bf_matrix *own, const bf_party_run *p,
                             const bf_matrix *weights)
{
    bf_column_block b;
    BF_TRY(bf_session_block(&b, p->session, p->me));
    return bf_block_weights(own, &b, weights);
}

bf_status bf_party_save_model(const bf_party_run *p, const bf_transform *t,
                              const bf_matrix *weights)
{
    bf_model model = {0};
    bf_matrix own = {0};
    bool block = bf_party_has_block(p);
    if (block) BF_TRY(own_weights(&own, p, weights));
    bf_status s = bf_model_of(&model, t, block ? &own : weights, NULL);
    if (s == BF_OK) s = bf_model_save(&model, p->o->model);
    bf_model_clear(&model);
    bf_matrix_clear(&own);
    return s;
}

static bf_status write_model(bf_party_run *p)
{
    bf_transform *t = NULL;
    bf_matrix weights = {0};
    bf_status s = bf_party_transform(&t, p, NULL);
    if (s == BF_OK) s = bf_party_weights(&weights, NULL, p, BF_PART_SHARE);
    if (s == BF_OK) s = bf_party_save_model(p, t, &weights);
    bf_transform_destroy(t);
    bf_matrix_clear(&weights);
    return s;
}

bf_status bf_party_check_models(bf_party_run *p)
{
    const bf_head *head = p->head[BF_ROUND_MODEL - 1];
    const bf_part *mine = bf_head_part(&head[p->me], BF_PART_MODEL);
    for (unsigned k = 0; k < p->session->owners; k++)
        if (memcmp(bf_head_part(&head[k], BF_PART_MODEL)->digest, mine->digest,
                   BF_HASH_BYTES) != 0)
            return bf_party_over(p, "round 5: %s and this owner were given "
                                 "different models",
                                 p->session->owner[k].party.name);
    return BF_OK;
}

bf_status bf_party_receive(bf_party_run *p)
{
    BF_TRY(bf_party_check_models(p));
    if (p->o->model) {
        BF_TRY(bf_party_need(p, bf_session_rounds(p->session), BF_PART_SHARE));
        BF_TRY(report_certificates(p)); /* also of weights out of range */
        if (p->session->options.audit) BF_TRY(bf_party_check_audit(p));
        BF_TRY(write_model(p));
        p->opened = true;
    } else if (!p->st.done) {
        return bf_fail(BF_ERR_ARGUMENT,
                       "all heads are here: name a file for the model");
    }
    if (p->st.done) return BF_OK;
    p->st.done = true;
    return bf_box_save_state(p);
}
