#include "train/inputs.h"

#include <limits.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "train/parts.h"
#include "train/upload.h"

static const char *const kind_names[] = {"rows", "labels", "initial weights"};

/* Inputs are read and verified in order, a few per thread, and then unpacked in
 * parallel. Unpacking takes longer: it expands seeds and touches fresh memory.
 */
enum { BATCH_PER_THREAD = 2 };

typedef struct reading {
    const bf_job *job;
    const bf_circuit *circuit;
    const bf_input_files *files;
    const char *path;  /* of the file being read */
    const char *whole; /* of its upload */
    unsigned part;     /* its number */
    bool own_only;     /* the files of other ranks stay with them */
    bf_ct *at[BF_INPUT_KINDS];
    size_t wanted[BF_INPUT_KINDS], found[BF_INPUT_KINDS];
    size_t (*next)[BF_INPUT_KINDS]; /* [parts], index of the next input, or of
                                     * one before those that the part has */
    uint8_t upload[BF_HASH_BYTES];  /* of the first part that was read */
    bool begun;                     /* there was one */
    size_t room, filled;
    bf_packed_input *batch; /* [room] */
    size_t done, all;
    const char *foreign; /* upload whose labels are another job's; NULL: none */
    uint8_t foreign_job[BF_HASH_BYTES];
} reading;

/* After `unpacked`, the status of making *out. */
static bf_status check(bf_status unpacked, bf_ct *out, const bf_job *job,
                       bf_rings rings, const bf_packed_input *in,
                       const char *path)
{
    bf_input wanted = bf_job_circuit(job)->input(job, in->kind);
    bf_status s = unpacked;
    if (s == BF_OK && out->ctx != rings.ring[0])
        s = bf_fail(BF_ERR_MISMATCH, "a ciphertext of another ring");
    if (s == BF_OK)
        s = bf_plan_check_ct(out, (bf_plan_ct){wanted.limbs, wanted.scale});
    if (s != BF_OK)
        return bf_fail_in(s, "%s: %s %zu", path, kind_names[in->kind],
                          in->index + 1);
    out->bound = wanted.typical; /* the bound of the noise estimate replaces
                                  * the file's */
    return BF_OK;
}

bf_status bf_input_unpack(bf_ct *out, const bf_job *job, bf_rings rings,
                          const bf_packed_input *in, const char *path)
{
    return check(bf_wire_unpack_ct(out, rings, &in->ct), out, job, rings, in,
                 path);
}

/* The same for rows that stay packed: the ciphertext has no data, and `kept`
 * becomes a copy of the bytes. */
static bf_status keep(bf_ct *out, bf_packed_ct *kept, const reading *r,
                      const bf_packed_input *in)
{
    bf_rings rings = r->files->rings;
    BF_TRY(check(bf_wire_describe_ct(out, rings, &in->ct), out, r->job, rings,
                 in, r->path));
    kept->data = bf_alloc(in->ct.bytes);
    if (!kept->data) return BF_ERR_MEMORY;
    kept->bytes = kept->capacity = in->ct.bytes;
    memcpy(kept->data, in->ct.data, in->ct.bytes);
    return BF_OK;
}

static bf_status unpack_one(void *user, size_t i)
{
    const reading *r = user;
    const bf_packed_input *p = &r->batch[i];
    bf_ct *out = &r->at[p->kind][p->index];
    if (p->kind == BF_INPUT_ROWS && r->files->rows)
        return keep(out, &r->files->rows[p->index], r, p);
    return bf_input_unpack(out, r->job, r->files->rings, p, r->path);
}

static bf_status unpack_batch(reading *r)
{
    BF_TRY(bf_parallel_for(r->filled, false, unpack_one, r));
    r->done += r->filled;
    r->filled = 0;
    bf_report("read upload", (double)r->done, (double)r->all);
    return BF_OK;
}

static const bf_ranks *ranks_of(const reading *r)
{
    return r->files->team->ranks;
}

static unsigned parts_of(const reading *r)
{
    return r->files->parts ? r->files->parts : 1;
}

/* The index of the next input of the file being read; past the last: none. */
static size_t next_index(const reading *r, bf_input_kind kind)
{
    const bf_ranks part = {.own = r->part, .count = parts_of(r)};
    size_t all = r->circuit->inputs(r->job, kind);
    size_t i = r->next[r->part][kind];
    const bf_ranks *in_file = r->files->parts ? &part : NULL;
    while (i < all && !r->circuit->has(r->job, in_file, kind, i)) i++;
    return i;
}

/* Initial weights are in every part: the same ciphertext. */
static bool is_known(const reading *r, bf_input_kind kind)
{
    return kind == BF_INPUT_START && r->found[kind] > 0;
}

/* True if the current file's inputs of this kind belong to the job. */
static bool is_ours(const reading *r, const bf_wire_reader *w,
                    bf_input_kind kind)
{
    return kind == BF_INPUT_ROWS ||
           memcmp(bf_wire_header(w)->job_id, r->files->job_id,
                  BF_HASH_BYTES) == 0;
}

static bf_status take(reading *r, bf_wire_reader *w, const bf_wire_item *item)
{
    bf_input_kind kind =
        (bf_input_kind)(item->label.kind - BF_UPLOAD_INPUT);
    if (item->kind != BF_WIRE_CIPHERTEXT ||
        item->label.kind < BF_UPLOAD_INPUT || kind >= BF_INPUT_KINDS)
        return bf_fail(BF_ERR_FORMAT, "%s: a record that is no input", r->path);
    if (!is_ours(r, w, kind)) {
        r->foreign = r->whole;
        memcpy(r->foreign_job, bf_wire_header(w)->job_id, BF_HASH_BYTES);
        return bf_wire_skip(w);
    }
    size_t index = next_index(r, kind), all = r->circuit->inputs(r->job, kind);
    if (item->label.index != index || index >= all)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: %s %llu of %zu: missing, doubled or out of order",
                       r->path, kind_names[kind],
                       (unsigned long long)item->label.index + 1, all);
    r->next[r->part][kind] = index + 1;
    if (is_known(r, kind)) return bf_wire_skip(w);
    r->found[kind]++;
    if (!r->circuit->has(r->job, ranks_of(r), kind, index)) {
        r->done++;
        return BF_OK;
    }
    bf_packed_input *p = &r->batch[r->filled];
    p->kind = kind;
    p->index = index;
    BF_TRY(bf_wire_get_packed_ct(w, &p->ct));
    return ++r->filled == r->room ? unpack_batch(r) : BF_OK;
}

static bf_status check_part(reading *r, bf_wire_reader *w)
{
    bf_rank_part p;
    BF_TRY(bf_part_get(&p, w, r->path));
    if (!r->files->parts)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: part %u of an upload in %u parts, which are read "
                       "together (--parts %u)",
                       r->path, p.own, p.count, p.count);
    if (p.count != r->files->parts || p.own != r->part)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: part %u of an upload in %u parts, not part %u of "
                       "%u",
                       r->path, p.own, p.count, r->part, r->files->parts);
    if (r->begun && memcmp(r->upload, p.upload, sizeof p.upload) != 0)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: a part of another upload than the parts before it",
                       r->path);
    memcpy(r->upload, p.upload, sizeof r->upload);
    r->begun = true;
    return BF_OK;
}

/* The first item of a part, and of no other file, says which part it is. */
static bf_status first_item(reading *r, bf_wire_reader *w, bf_wire_item *item)
{
    BF_TRY(bf_wire_next(w, item));
    if (bf_part_is(item)) {
        BF_TRY(check_part(r, w));
        return bf_wire_next(w, item);
    }
    if (!r->files->parts) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "%s: a whole upload, and no part of one",
                   r->path);
}

/* Reads up to the end record, so that the whole file is verified: by all ranks
 * together, if several read parts of it. */
static bf_status read_items(reading *r, bf_wire_reader *w)
{
    bf_wire_item item;
    BF_TRY(first_item(r, w, &item));
    while (item.kind != BF_FRAME_END) {
        BF_TRY(take(r, w, &item));
        BF_TRY(bf_wire_next(w, &item));
    }
    return unpack_batch(r);
}

static bf_status read_file(reading *r, uint8_t digest[BF_HASH_BYTES])
{
    bf_wire_reader *w;
    uint8_t data_id[BF_HASH_BYTES];
    bf_job_data_id(r->job, data_id);
    bf_wire_ids ids = {.key_id = r->files->key_id, .data_id = data_id};
    BF_TRY(bf_wire_open(&w, r->path, BF_WIRE_UPLOAD, r->files->rings, ids));
    bf_status s = read_items(r, w);
    if (s == BF_OK) memcpy(digest, bf_wire_digest(w), BF_HASH_BYTES);
    bf_wire_close(w);
    return s;
}

void bf_upload_digests_combine(uint8_t out[BF_HASH_BYTES],
                               uint8_t (*digests)[BF_HASH_BYTES], size_t count)
{
    if (count == 1)
        memcpy(out, digests[0], BF_HASH_BYTES);
    else
        bf_hash(digests, count * BF_HASH_BYTES, out);
}

/* One digest for each part. */
typedef uint8_t digests_of[BF_UPLOAD_PARTS_MAX][BF_HASH_BYTES];

static bf_status read_part(reading *r, digests_of digests, unsigned part)
{
    char name[PATH_MAX];
    r->part = part;
    r->path = r->whole;
    if (!r->files->parts) return read_file(r, digests[0]);
    BF_TRY(bf_upload_part_path(name, sizeof name, r->whole, part));
    r->path = name;
    return read_file(r, digests[part]);
}

/* Ranks that read the files of their own learn the digests of the others'. */
static bf_status share_digests(const reading *r, digests_of digests)
{
    enum { WORDS = BF_HASH_BYTES / sizeof(uint64_t) };
    uint64_t mine[WORDS], all[BF_UPLOAD_PARTS_MAX * WORDS];
    bf_team *team = r->files->team;
    BF_TRY(bf_team_agree(team, "the upload of its part", r->upload,
                         sizeof r->upload));
    memcpy(mine, digests[team->ranks->own], sizeof mine);
    BF_TRY(bf_team_tell(team, mine, WORDS, all));
    memcpy(digests, all, team->ranks->count * sizeof mine);
    return BF_OK;
}

/* The files of one upload; *digest becomes that of all. */
static bf_status read_upload(reading *r, uint8_t digest[BF_HASH_BYTES],
                             const char *path)
{
    digests_of digests = {{0}};
    unsigned parts = parts_of(r);
    unsigned first = r->own_only ? ranks_of(r)->own : 0;
    unsigned end = r->own_only ? first + 1 : parts;
    r->whole = path;
    r->begun = false;
    for (unsigned p = first; p < end; p++) BF_TRY(read_part(r, digests, p));
    if (r->own_only) BF_TRY(share_digests(r, digests));
    bf_upload_digests_combine(digest, digests, parts);
    return BF_OK;
}

static bf_status check_found(const reading *r)
{
    for (int kind = 0; kind < BF_INPUT_KINDS; kind++) {
        if (r->found[kind] == r->wanted[kind]) continue;
        if (kind != BF_INPUT_ROWS && r->foreign)
            return bf_fail_in(bf_wire_check_job(r->foreign, r->foreign_job,
                                                r->files->job_id),
                              "%zu of %zu ciphertexts of %s for this job",
                              r->found[kind], r->wanted[kind],
                              kind_names[kind]);
        return bf_fail(BF_ERR_MISMATCH,
                       "%s%s: %zu of %zu ciphertexts of %s for this job",
                       r->files->paths[0],
                       r->files->count > 1 ? " and others" : "",
                       r->found[kind], r->wanted[kind], kind_names[kind]);
    }
    return BF_OK;
}

typedef struct digest_list {
    size_t count;
    uint8_t digest[BF_UPLOADS_MAX][BF_HASH_BYTES];
} digest_list;

static bf_status read_files(reading *r, bf_upload_digests *digests)
{
    digest_list all = {0}, rows = {0};
    for (size_t i = 0; i < r->files->count; i++) {
        size_t before = r->found[BF_INPUT_ROWS];
        uint8_t *digest = all.digest[all.count++];
        BF_TRY(read_upload(r, digest, r->files->paths[i]));
        if (r->found[BF_INPUT_ROWS] > before)
            memcpy(rows.digest[rows.count++], digest, BF_HASH_BYTES);
    }
    BF_TRY(check_found(r));
    bf_upload_digests_combine(digests->all, all.digest, all.count);
    bf_upload_digests_combine(digests->rows, rows.digest, rows.count);
    return BF_OK;
}

bf_status bf_inputs_read(bf_ct *inputs, bf_upload_digests *digests,
                         const bf_job *job, const bf_input_files *files)
{
    reading r = {.job = job, .circuit = bf_job_circuit(job), .files = files,
                 .all = bf_job_inputs(job)};
    if (files->count < 1 || files->count > BF_UPLOADS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%zu uploads: 1 to %d are read",
                       files->count, BF_UPLOADS_MAX);
    if (files->parts) BF_TRY(bf_parts_check(job, files->parts));
    r.own_only = ranks_of(&r) && files->parts == ranks_of(&r)->count;
    for (int kind = 0; kind < BF_INPUT_KINDS; kind++) {
        r.at[kind] = inputs;
        r.wanted[kind] = bf_job_rank_inputs(job, (bf_input_kind)kind,
                                            r.own_only ? ranks_of(&r) : NULL);
        inputs += r.circuit->inputs(job, (bf_input_kind)kind);
    }
    r.room = (size_t)BATCH_PER_THREAD * bf_env_threads(NULL);
    r.batch = bf_alloc_zero(r.room * sizeof *r.batch);
    r.next = bf_alloc_zero(parts_of(&r) * sizeof *r.next);
    bf_status s = r.batch && r.next ? read_files(&r, digests) : BF_ERR_MEMORY;
    for (size_t i = 0; r.batch && i < r.room; i++) bf_free(r.batch[i].ct.data);
    bf_free(r.batch);
    bf_free(r.next);
    return s;
}
