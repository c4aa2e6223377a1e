#include "train/serve.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "blindfit/text.h"
#include "base/cpu.h"
#include "base/env.h"
#include "base/file.h"
#include "base/host.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "train/checkpoint.h"
#include "train/handle.h"
#include "train/import.h"
#include "train/message.h"
#include "train/parts.h"

typedef struct server {
    const bf_serve_options *o;
    bf_backend backend;
    bf_job job;
    bf_plan plan;
    uint8_t job_id[BF_HASH_BYTES], data_id[BF_HASH_BYTES];
    uint8_t key_id[BF_KEY_ID_BYTES];
    bf_world world;
    size_t count; /* of inputs */
    bf_ct *inputs;
    size_t packed_count;
    bf_packed_ct *packed; /* rows that stay packed; NULL: they do not */
    bf_upload_digests digests;
    bf_run_state state;
    bf_team team;
    unsigned saved; /* iterations in the checkpoint */
} server;

static bf_wire_ids ids_of(const server *s)
{
    return (bf_wire_ids){s->key_id, s->job_id, s->data_id};
}

/* Weights live in ring 0. */
static bf_rings model_rings(const server *s)
{
    return bf_one_ring(s->world.ctx[0]);
}

static bf_run_ids run_ids(const server *s)
{
    return (bf_run_ids){ids_of(s), s->digests.all};
}

/* ---- what comes from the owner ------------------------------------------- */

static bf_status check_uploads(const server *s)
{
    unsigned owners = bf_job_owners(&s->job);
    if (owners > 1 && !s->o->box)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: a job of %u owners, whose uploads come from a box",
                       s->o->job, owners);
    if (owners == 1 && s->o->box)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: a job of one owner, whose upload is no box",
                       s->o->job);
    return BF_OK;
}

/* Import keys are needed here alone, and not kept. */
static bf_status read_import_keys(bf_eval_keys *sets, const server *s)
{
    bf_wire_ids ids = {.key_id = s->key_id, .data_id = s->data_id};
    bf_key_need needs[BF_OWNERS_MAX];
    unsigned owners = bf_job_owners(&s->job);
    for (unsigned k = 0; k < owners; k++)
        needs[k] = bf_import_need(&s->job, k);
    return bf_wire_read_eval_keys(sets, s->o->keys, s->o->key_count,
                                  bf_world_rings(&s->world), ids, needs,
                                  owners, NULL);
}

static bf_status find_uploads(bf_owner_upload uploads[BF_OWNERS_MAX],
                              bf_message_path paths[BF_OWNERS_MAX],
                              const server *s)
{
    for (unsigned k = 0; k < bf_job_owners(&s->job); k++) {
        char name[24];
        snprintf(name, sizeof name, "owner %u", k + 1);
        BF_TRY(bf_message_find(&paths[k], s->o->box, BF_ROUND_UPLOAD, k,
                               BF_PART_UPLOAD, name));
        uploads[k] = (bf_owner_upload){paths[k].s, NULL};
    }
    return BF_OK;
}

static bf_status import_uploads(server *s)
{
    bf_message_path paths[BF_OWNERS_MAX];
    bf_owner_upload uploads[BF_OWNERS_MAX];
    bf_eval_keys keys[BF_RINGS_MAX] = {{0}};
    bf_import_options o = {.job = &s->job,
                           .job_id = s->job_id,
                           .ctx = s->world.ctx[0],
                           .keys = &keys[0],
                           .uploads = uploads,
                           .ranks = s->o->ranks,
                           .owners = bf_job_owners(&s->job)};
    bf_status status;
    BF_TRY(find_uploads(uploads, paths, s));
    BF_GOTO(read_import_keys(keys, s), done);
    status = bf_import_inputs(s->inputs, &s->digests, &o);
done:
    for (unsigned r = 0; r < s->world.count; r++) bf_eval_keys_clear(&keys[r]);
    return status;
}

static bf_status read_upload(server *s)
{
    bf_input_files files = {.paths = s->o->uploads,
                            .count = s->o->upload_count,
                            .rings = bf_one_ring(s->world.ctx[0]),
                            .key_id = s->key_id,
                            .job_id = s->job_id,
                            .parts = s->o->parts,
                            .team = &s->team};
    if (s->plan.packed) {
        s->packed_count =
            bf_job_circuit(&s->job)->inputs(&s->job, BF_INPUT_ROWS);
        s->packed = bf_alloc_zero(s->packed_count * sizeof *s->packed);
        if (!s->packed) return BF_ERR_MEMORY;
        files.rows = s->packed;
    }
    s->count = bf_job_inputs(&s->job);
    s->inputs = bf_alloc_zero(s->count * sizeof(bf_ct));
    if (!s->inputs) return BF_ERR_MEMORY;
    if (s->o->box) return import_uploads(s);
    return bf_inputs_read(s->inputs, &s->digests, &s->job, &files);
}

static bf_status read_keys(server *s)
{
    bf_wire_ids ids = {.data_id = s->data_id};
    if (s->o->key_count < 1)
        return bf_fail(BF_ERR_ARGUMENT, "no file of evaluation keys");
    BF_TRY(bf_wire_read_eval_keys(s->world.keys, s->o->keys, s->o->key_count,
                                  bf_world_rings(&s->world), ids, s->plan.keys,
                                  s->plan.key_count, NULL));
    memcpy(s->key_id, s->world.keys[0].key_id, sizeof s->key_id);
    return bf_world_evaluators(&s->world);
}

/* ---- files that must get written ----------------------------------------- */

#define RETRY_SECONDS 3

static bf_status wait_for_space(void)
{
    for (double end = bf_now() + RETRY_SECONDS; bf_now() < end;) {
        BF_TRY(bf_check_interrupt());
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return BF_OK;
}

/* A full disk may get space again; a full device cannot. */
static bool may_get_space(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 || S_ISREG(st.st_mode);
}

/* Repeats the write until it succeeds, or fails for another reason than space.
 */
static bf_status persist(server *s, const char *path,
                         bf_status (*write)(server *s))
{
    bool waited = false;
    for (;;) {
        bf_status status = write(s);
        if (status != BF_ERR_SPACE || !may_get_space(path)) {
            if (waited && status == BF_OK)
                bf_note("%s: written, the run continues", path);
            return status;
        }
        if (!waited)
            bf_note("%s; paused until there is room (Ctrl-C stops the run)",
                    bf_last_error());
        waited = true;
        BF_TRY(wait_for_space());
    }
}

static bf_status write_checkpoint(server *s)
{
    BF_TRY(bf_checkpoint_write(s->o->checkpoint, model_rings(s), run_ids(s),
                               &s->state));
    s->saved = s->state.circuit.step;
    return BF_OK;
}

static bf_status read_checkpoint(server *s)
{
    BF_TRY(bf_checkpoint_read(&s->state, s->o->checkpoint, s->world.ev[0],
                              run_ids(s),
                              bf_job_circuit(&s->job), &s->plan));
    s->saved = s->state.circuit.step;
    return BF_OK;
}

static bf_status write_model(server *s)
{
    bf_run_ids ids = {ids_of(s), s->digests.rows};
    return bf_encrypted_model_write(s->o->model, model_rings(s), ids,
                                    &s->state);
}

/* ---- run ----------------------------------------------------------------- */

/* Frees the limbs of inputs that no later step uses. */
static bf_status drop_limbs(server *s, unsigned limbs)
{
    size_t limb = (size_t)2 * sizeof(double) << s->job.ring[0].log_n;
    for (size_t i = 0; i < s->count; i++) {
        bf_ct *ct = &s->inputs[i];
        if (ct->limbs <= limbs) continue;
        if (!ct->data) { /* packed */
            ct->limbs = limbs;
            continue;
        }
        void *data = ct->data;
        ct->limbs = limbs;
        ct->bytes = limbs * limb;
        bf_status status = bf_shrink(&data, ct->bytes);
        ct->data = data;
        BF_TRY(status);
    }
    return BF_OK;
}

static bf_status after_step(void *user, bf_state *state)
{
    server *s = user;
    BF_TRY(drop_limbs(s, state->reach));
    if (!bf_team_first(&s->team)) return BF_OK;
    BF_TRY(bf_run_state_keep(&s->state, &s->plan));
    return s->o->checkpoint
               ? persist(s, s->o->checkpoint, write_checkpoint)
               : BF_OK;
}

/* Checks that the file can be created, and that the disk has room. */
static bf_status check_target(const char *path, uint64_t bytes)
{
    bf_outfile *f;
    uint64_t left = bf_disk_available(path);
    BF_TRY(bf_refuse_pipe(path));
    BF_TRY(bf_outfile_open(&f, path, 0644));
    bf_outfile_abort(f);
    if (bytes <= left) return BF_OK;
    return bf_fail(BF_ERR_SPACE,
                   "%s: up to %.1f MB will be written, the disk has %.1f MB",
                   path, (double)bytes / 1e6, (double)left / 1e6);
}

/* A new checkpoint is complete before it replaces the old one. If model and
 * checkpoint are on one disk, both need room at the end. */
static bf_status check_resources(const server *s)
{
    uint64_t model = s->plan.model_bytes;
    uint64_t saved = 2 * bf_checkpoint_bytes(&s->plan, &s->job.ring[0]);
    if (!bf_team_first(&s->team)) return BF_OK;
    BF_TRY(check_target(s->o->model, model));
    if (!s->o->checkpoint) return BF_OK;
    return check_target(s->o->checkpoint, model + saved);
}

static bf_status plan_packed(server *s)
{
    bf_plan_clear(&s->plan);
    BF_TRY(bf_job_walk_rank(&s->plan, &s->job, true, s->o->ranks));
    return bf_plan_check_memory(&s->plan, s->o->max_memory);
}

/* Plans with rows packed, or not, and checks the memory. */
static bf_status plan_run(server *s)
{
    const bf_serve_options *o = s->o;
    bool packs = bf_job_packs(&s->job);
    if (o->pack_rows == BF_PACK_ALWAYS && !packs)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: rows of several owners are sums, which can't stay "
                       "packed",
                       o->job);
    if (o->pack_rows == BF_PACK_ALWAYS) return plan_packed(s);
    BF_TRY(bf_job_walk_rank(&s->plan, &s->job, false, o->ranks));
    bf_status status = bf_plan_check_memory(&s->plan, o->max_memory);
    if (status != BF_ERR_MEMORY || o->pack_rows == BF_PACK_NEVER || !packs)
        return status;
    bf_text unpacked = bf_text_size((double)s->plan.memory_bytes);
    BF_TRY(plan_packed(s));
    bf_note("rows stay packed, in %s of memory instead of %s, and are unpacked "
            "in each iteration",
            bf_text_size((double)s->plan.memory_bytes).s, unpacked.s);
    return BF_OK;
}

static bf_status run_circuit(server *s)
{
    bf_inputs in = bf_job_inputs_by_kind(&s->job, s->inputs);
    in.packed = s->packed != NULL;
    in.rows = s->packed;
    if (s->o->ranks) in.team = &s->team;
    return bf_circuit_run(&s->world, &s->job, &in, &s->state.circuit,
                          after_step, s, s->plan.work, NULL);
}

/* Ranks that do not agree are told apart before they read for minutes. */
static bf_status load_job(server *s)
{
    const bf_serve_options *o = s->o;
    BF_TRY(
        bf_team_agree(&s->team, "the version", BF_VERSION, sizeof BF_VERSION));
    BF_TRY(bf_job_load(&s->job, o->job, s->job_id));
    BF_TRY(bf_team_agree(&s->team, "the job", s->job_id, sizeof s->job_id));
    BF_TRY(check_uploads(s));
    bf_job_data_id(&s->job, s->data_id);
    if (o->ranks) BF_TRY(bf_job_check_ranks(&s->job, o->ranks->count));
    BF_TRY(bf_job_check_memory(&s->job, o->ranks, o->max_memory));
    return plan_run(s);
}

/* Whether all ranks have these inputs, and begin with the same state. */
static bf_status agree_on_inputs(server *s)
{
    const bf_ct *v = &s->state.circuit.carried[0];
    uint8_t state[BF_HASH_BYTES] = {0};
    size_t bytes =
        v->data ? v->limbs * ((size_t)16 << s->job.ring[0].log_n) : 0;
    bf_hash(v->data, bytes, state);
    BF_TRY(bf_team_agree(&s->team, "the key", s->key_id, sizeof s->key_id));
    BF_TRY(bf_team_agree(&s->team, "the upload", s->digests.all,
                         sizeof s->digests.all));
    return bf_team_agree(&s->team, "the checkpoint", state, sizeof state);
}

static bf_status read_all(server *s)
{
    BF_TRY(load_job(s));
    BF_TRY(check_resources(s));
    BF_TRY(bf_world_open(&s->world, &s->job, s->backend));
    BF_TRY(read_keys(s));
    BF_TRY(read_upload(s));
    BF_TRY(drop_limbs(s, bf_job_used_limbs(&s->job)));
    if (s->o->resume) BF_TRY(read_checkpoint(s));
    return agree_on_inputs(s);
}

static bf_status run(server *s, bf_serve_report *report)
{
    double start = bf_now();
    BF_TRY(read_all(s));
    report->read_seconds = bf_now() - start;
    start = bf_now();
    BF_TRY(run_circuit(s));
    report->train_seconds = bf_now() - start;
    if (!bf_team_first(&s->team)) return BF_OK;
    start = bf_now();
    BF_TRY(persist(s, s->o->model, write_model));
    report->write_seconds = bf_now() - start;
    return BF_OK;
}

/* The message of an interrupted run: the iterations kept, and how to continue.
 */
static bf_status interrupted(const server *s)
{
    if (s->saved == 0)
        return bf_fail(BF_ERR_INTERRUPTED,
                       "interrupted before an iteration was kept%s",
                       s->o->checkpoint ? "" : " (no --checkpoint was given)");
    return bf_fail(BF_ERR_INTERRUPTED,
                   "interrupted; %s keeps %u of %u iterations, --resume goes "
                   "on",
                   s->o->checkpoint, s->saved, s->job.schedule.iterations);
}

/* One run for each checkpoint, as two runs would overwrite each other's
 * checkpoint. The checkpoint file is replaced during the run, so that the lock
 * is on a file beside it.
 */
static bf_status lock_path(char out[PATH_MAX], const char *checkpoint)
{
    int n = snprintf(out, PATH_MAX, "%s.lock", checkpoint);
    if (n >= 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", checkpoint);
}

/* The end of the run removes the lock, which is an empty file. */
static bf_status lock_checkpoint(int *lock, const char *made, const char *path)
{
    struct stat st;
    if (stat(made, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size))
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: is there already, and is no lock of %s", made,
                       path);
    if (bf_lock_make(lock, made)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: another run keeps its state in it (it holds %s)", path,
                   made);
}

static bf_status check_parts(const char *path, const bf_serve_options *o)
{
    char name[PATH_MAX];
    const char *const part = name;
    for (size_t i = 0; i < o->upload_count; i++)
        for (unsigned p = 0; p < o->parts; p++) {
            BF_TRY(bf_upload_part_path(name, sizeof name, o->uploads[i], p));
            BF_TRY(bf_outfile_check(path, &part, 1));
        }
    return BF_OK;
}

static bf_status check_output(const char *path, const bf_serve_options *o,
                              const char *other, const char *lock)
{
    const char *const files[] = {o->job, other, lock};
    BF_TRY(bf_outfile_check(path, files, 3));
    BF_TRY(bf_outfile_check(path, o->keys, o->key_count));
    BF_TRY(check_parts(path, o));
    return bf_outfile_check(path, o->uploads, o->upload_count);
}

static bf_status check_options(const bf_serve_options *o)
{
    const char *missing = !o->job          ? "job"
                          : !o->model      ? "model"
                          : !o->key_count  ? "file of keys"
                          : !o->box && !o->upload_count ? "upload"
                          : o->resume && !o->checkpoint ? "checkpoint"
                                                        : NULL;
    if (missing)
        return bf_fail(BF_ERR_ARGUMENT, "training: no %s is named", missing);
    if (o->parts > BF_UPLOAD_PARTS_MAX || (o->parts && o->box))
        return bf_fail(BF_ERR_ARGUMENT, "training: %u parts of %s", o->parts,
                       o->box ? "a box" : "an upload");
    if (o->pack_rows > BF_PACK_ALWAYS)
        return bf_fail(BF_ERR_ARGUMENT, "training: choice %d of packing",
                       (int)o->pack_rows);
    return BF_OK;
}

/* Outputs replace none of the run's other files. */
static bf_status check_outputs(const bf_serve_options *o)
{
    char lock[PATH_MAX];
    if (!o->checkpoint) return check_output(o->model, o, NULL, NULL);
    BF_TRY(lock_path(lock, o->checkpoint));
    BF_TRY(check_output(o->model, o, o->checkpoint, lock));
    return check_output(o->checkpoint, o, NULL, lock);
}

/* A run that begins anew would replace what an earlier one has kept. */
static bf_status check_anew(const bf_serve_options *o)
{
    struct stat st;
    if (o->resume || stat(o->checkpoint, &st) != 0 || !S_ISREG(st.st_mode) ||
        !st.st_size)
        return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: is there already: --resume goes on from it; to begin "
                   "anew, remove it",
                   o->checkpoint);
}

static bf_status locked_run(server *s, bf_serve_report *report)
{
    char path[PATH_MAX];
    int lock;
    BF_TRY(check_options(s->o));
    if (bf_team_first(&s->team)) BF_TRY(check_outputs(s->o));
    if (!s->o->checkpoint || !bf_team_first(&s->team)) return run(s, report);
    BF_TRY(lock_path(path, s->o->checkpoint));
    BF_TRY(lock_checkpoint(&lock, path, s->o->checkpoint));
    bf_status status = check_anew(s->o);
    if (status == BF_OK) status = run(s, report);
    bf_lock_drop(lock, path);
    return status;
}

/* Fills in the report of the run, except for times. */
static void fill_report(bf_serve_report *out, const server *s)
{
    bf_counters made[BF_RINGS_MAX];
    memset(made, 0, sizeof made);
    for (unsigned r = 0; r < s->world.count; r++)
        bf_eval_counters(s->world.ev[r], &made[r]);
    out->recipe = s->job.recipe;
    bf_job_describe(&out->job, &s->job, &s->plan);
    out->key_switches = bf_counters_key_switches(made);
    out->ciphertext_products = made[0].tensor_products;
    out->peak_ciphertext_bytes = bf_world_peak_bytes(&s->world);
}

bf_status bf_serve_train_on(bf_serve_report *report, const bf_serve_options *o,
                            bf_backend backend, bf_env *env)
{
    BF_UNDER(env);
    server s = {.o = o, .backend = backend, .team = {.ranks = o->ranks}};
    bf_serve_report made = {0};
    bf_status status = bf_team_meet(&s.team, locked_run(&s, &made));
    if (status == BF_ERR_INTERRUPTED) status = interrupted(&s);
    if (status == BF_OK) {
        fill_report(&made, &s);
        *report = made;
    }
    bf_run_state_release(s.world.ev[0], &s.state);
    for (size_t i = 0; s.inputs && i < s.count; i++) bf_ct_clear(&s.inputs[i]);
    bf_free(s.inputs);
    for (size_t i = 0; i < s.packed_count && s.packed; i++)
        bf_free(s.packed[i].data);
    bf_free(s.packed);
    bf_plan_clear(&s.plan);
    bf_world_close(&s.world);
    return status;
}

bf_status bf_serve_train(bf_serve_report *report, const bf_serve_options *o,
                         bf_env *env)
{
    return bf_serve_train_on(report, o, BF_BACKEND_AUTO, env);
}
