/* The opening: this owner's share of the model's weights, and the model from
 * all shares. */
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "blindfit/server.h"
#include "ckks/owner/open_share.h"
#include "train/handle.h"
#include "train/owner/block.h"
#include "train/owner/label_privacy.h"
#include "train/owner/party_part.h"
#include "train/owner/protocol.h"
#include "train/owner/rounding.h"
#include "train/owner/seal.h"
#include "train/owner/sealed.h"
#include "train/owner/session_check.h"
#include "train/upload.h"

typedef struct opening {
    bf_part_kind kind; /* BF_PART_SHARE, BF_PART_BEFORE */
    unsigned round;    /* that shares are sent in */
    const bf_plan_step *planned;
    bf_label label; /* of the record in the model file */
    bf_path model;
    bf_ct ct;
    uint32_t *at;
    bf_places places;
    double noise; /* of a weight, before shares */
    double sd;    /* of a share's errors */
    size_t bytes; /* of a share */
} opening;

static void clear(opening *o)
{
    bf_ct_clear(&o->ct);
    bf_free(o->at);
}

static bf_status read_weights(opening *o, const bf_party_run *p,
                            bf_wire_reader *r)
{
    bf_wire_item item;
    const bf_plan_step *planned = o->planned;
    BF_TRY(bf_wire_find(r, BF_WIRE_CIPHERTEXT, o->label, &item));
    BF_TRY(bf_wire_get_ct(r, &o->ct));
    bf_status s = bf_plan_check_ct(
        &o->ct, (bf_plan_ct){planned->model_limbs, planned->output.scale});
    if (s != BF_OK) return bf_fail_in(s, "%s: the model", o->model.s);
    bf_ct unit = {.noise = 1, .scale = o->ct.scale};
    o->noise = planned->noise;
    o->sd = BF_OPEN_FLOOD * o->noise /
            bf_job_circuit(p->session->job)
                ->output_noise(p->session->job, &unit);
    return BF_OK;
}

static bf_status read_model(opening *o, const bf_party_run *p)
{
    uint8_t key[BF_KEY_ID_BYTES], data_id[BF_HASH_BYTES];
    bf_wire_reader *r;
    bf_wire_info whole; /* verifies what the opening has no use for as well */
    bf_job_data_id(p->session->job, data_id);
    bf_session_joint_key(key, p->t[2]);
    BF_TRY(bf_box_path(&o->model, p, "inbox", BF_MODEL_FILE));
    BF_TRY(bf_wire_inspect(&whole, o->model.s, NULL));
    BF_TRY(bf_wire_open(&r, o->model.s, BF_WIRE_MODEL, bf_one_ring(p->ctx),
                        (bf_wire_ids){key, bf_job_id(p->session->job),
                                      data_id}));
    bf_status s = read_weights(o, p, r);
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

static bf_status open_model(opening *o, const bf_party_run *p,
                            bf_part_kind kind)
{
    const bf_layout *l = &p->session->job->layout;
    size_t count = 2 * l->f * l->m;
    choose(o, p, kind);
    BF_TRY(read_model(o, p));
    BF_TRY(check_named(o, p));
    o->at = bf_alloc(count * sizeof *o->at);
    if (!o->at) return BF_ERR_MEMORY;
    bf_layout_weight_places(l, o->at);
    o->places = (bf_places){o->at, count};
    o->bytes = o->ct.limbs * count * sizeof(uint64_t);
    return BF_OK;
}

/* ---- this owner's share -------------------------------------------------- */

/* An owner of private labels adds the noise that hides the labels to its share.
 */
static bf_status share_error(double *sd, const bf_party_run *p,
                             const opening *o)
{
    const bf_job *job = p->session->job;
    bf_label_privacy privacy;
    BF_TRY(bf_session_label_privacy(&privacy, p->session));
    double noise = bf_label_noise_share(privacy.sd, job->schedule.step[0],
                                        &job->layout, o->ct.scale);
    *sd = bf_party_me(p)->labels ? hypot(o->sd, noise) : o->sd;
    return BF_OK;
}

/* Owner k receives values [*from, *to) of each limb. If columns are split,
 * these are the values of the pairs of chunks that hold columns of owner k:
 * values are ordered by pair of chunks, and within a pair by class
 * (linalg/layout.h). */
static bf_status range_of(size_t *from, size_t *to, const bf_party_run *p,
                          const opening *o, unsigned k)
{
    const bf_layout *l = &p->session->job->layout;
    size_t each = 2 * l->f * l->classes, first, end;
    bf_column_block b;
    *from = 0;
    *to = o->places.count;
    if (!bf_party_has_block(p)) return BF_OK;
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
        size_t from, to;
        BF_TRY(range_of(&from, &to, p, o, k));
        bytes[k] = o->ct.limbs * (to - from) * 8;
    }
    return BF_OK;
}

static bf_status cut(uint8_t **out, const bf_party_run *p, const opening *o,
                     const uint8_t *values, unsigned k)
{
    size_t from, to;
    BF_TRY(range_of(&from, &to, p, o, k));
    size_t length = 8 * (to - from);
    *out = bf_secret_alloc(o->ct.limbs * length);
    if (!*out) return BF_ERR_MEMORY;
    for (unsigned m = 0; m < o->ct.limbs; m++)
        memcpy(*out + m * length, values + 8 * (m * o->places.count + from),
               length);
    return BF_OK;
}

static bf_status seal_each(const bf_party_run *p, const opening *o,
                           const uint8_t *values, const char *path)
{
    uint8_t *part[BF_OWNERS_MAX] = {NULL};
    size_t bytes[BF_OWNERS_MAX] = {0};
    bf_status s = sizes_of(bytes, p, o);
    for (unsigned k = 0; k < p->session->owners && s == BF_OK; k++)
        s = cut(&part[k], p, o, values, k);
    if (s == BF_OK)
        s = bf_sealed_write_each(path, p->session,
                                 (const uint8_t *const *)part, bytes);
    for (unsigned k = 0; k < p->session->owners; k++) bf_secret_free(part[k]);
    return s;
}

static bf_status seal_share(const bf_party_run *p, const opening *o,
                            const char *path)
{
    double sd;
    BF_TRY(share_error(&sd, p, o));
    uint64_t *values = bf_secret_alloc(o->bytes);
    if (!values) return BF_ERR_MEMORY;
    bf_status s = bf_open_share(values, p->st.s, &o->ct, o->places, sd);
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

/* Training is deterministic: it makes the same bytes from the same bytes. A
 * model that differs from the model of the owners' messages was constructed by
 * the server, and opening a constructed model could reveal secrets. */
bf_status bf_party_recheck(bf_party_run *p)
{
    bf_path folder, made, given;
    bf_part want;
    if (!p->o->recheck) return BF_OK;
    BF_TRY(bf_box_path(&folder, p, NULL, "recheck"));
    BF_TRY(bf_box_path(&made, p, "recheck", BF_MODEL_FILE));
    BF_TRY(bf_box_path(&given, p, "inbox", BF_MODEL_FILE));
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
    opening o = {.noise = 0};
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
    BF_TRY(bf_box_message(&path, p, o->round, k, o->kind));
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

static bf_status combine(bf_pt *pt, const bf_party_run *p, const opening *o)
{
    uint64_t *share[BF_OWNERS_MAX] = {NULL};
    size_t from, to;
    BF_TRY(range_of(&from, &to, p, o, p->me));
    bf_places places = {o->places.at + from, to - from};
    bf_status s = BF_OK;
    for (unsigned k = 0; k < p->session->owners && s == BF_OK; k++)
        s = read_share(&share[k], p, o, k);
    if (s == BF_OK)
        s = bf_open_combine(pt, &o->ct, places,
                            (const uint64_t *const *)share,
                            p->session->owners);
    for (unsigned k = 0; k < p->session->owners; k++) bf_secret_free(share[k]);
    return s;
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
    bf_pt pt = {0};
    bf_status s = combine(&pt, p, o);
    if (s == BF_OK) s = unpack(weights, p->session, &pt);
    if (s == BF_OK)
        bf_weights_round(weights,
                         o->noise * bf_opening_error(p->session->owners));
    bf_pt_clear(&pt);
    return s;
}

bf_status bf_party_weights(bf_matrix *weights, double *error,
                           const bf_party_run *p, bf_part_kind kind)
{
    opening o = {.noise = 0};
    bf_status s = open_model(&o, p, kind);
    if (s == BF_OK) s = weights_of(weights, p, &o);
    if (error)
        *error = o.noise * bf_opening_error(p->session->owners) *
                 BF_ROUNDING_ERROR;
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
