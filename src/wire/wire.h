/* Files of keys, ciphertexts and models.
 *
 * All files use one container (wire/frame.h); docs/formats.md describes the
 * bytes. The first record of every file is the parameter literal; the header
 * carries the context's hash, the key's id and the job's hash. Residues are
 * packed to the bit length of their prime. A uniform half that was expanded
 * from a seed is stored as the seed.
 *
 * Readers trust nothing. They check type, parameters, key and job when they
 * open a file, a record's length against the parameters before they allocate,
 * the record's digest before they use the record, and every residue against its
 * prime. Errors name file and record: BF_ERR_FORMAT for damage, BF_ERR_MISMATCH
 * for a sound file of other type, parameters, key or job.
 *
 * Outputs of struct type are zeroed objects or earlier results, whose memory
 * is reused where it fits; on failure they are unchanged or cleared. A writer
 * or reader belongs to one thread, and uses all threads for its work.
 * wire/owner/owner_wire.h reads and writes secret keys. */
#ifndef BF_WIRE_WIRE_H
#define BF_WIRE_WIRE_H

#include "ckks/ckks.h"
#include "ckks/encrypt.h"
#include "wire/frame.h"

typedef enum bf_wire_type {
    BF_WIRE_SECRET_KEY = 1,
    BF_WIRE_EVAL_KEYS,
    BF_WIRE_PUBLIC_KEY,
    BF_WIRE_UPLOAD,    /* ciphertexts and JSON, from the owner */
    BF_WIRE_MODEL,     /* the same, back to the owner */
    BF_WIRE_CHECKPOINT /* the same, of a running job */
} bf_wire_type;
/* "secret key", "evaluation keys", ...; "unknown" for other numbers. */
const char *bf_wire_type_name(unsigned type);

/* Kinds of records, and the types of files that may hold them. */
typedef enum bf_wire_kind {
    BF_WIRE_PARAMS = 1,       /* all: first, once */
    BF_WIRE_JSON,             /* all; secret and public key: a note at most */
    BF_WIRE_CIPHERTEXT,       /* upload, model, checkpoint */
    BF_WIRE_SWITCH_KEY,       /* evaluation keys */
    BF_WIRE_PUBLIC_KEY_DATA,  /* public key, once */
    BF_WIRE_SECRET_KEY_DATA   /* secret key, once */
} bf_wire_kind;

#define BF_WIRE_JSON_MAX ((size_t)16 << 20)

/* The ids of a file. For NULL a writer writes zeros, and a reader accepts any
 * id. */
typedef struct bf_wire_ids {
    const uint8_t *key_id;  /* BF_KEY_ID_BYTES */
    const uint8_t *job_id;  /* BF_HASH_BYTES: BLAKE2b-256 of job.json */
    const uint8_t *data_id; /* BF_HASH_BYTES: bf_job_data_id */
} bf_wire_ids;

/* BF_ERR_MISMATCH "PATH: of another key ..." (job, data set, upload) unless
 * `found`, from the file, equals the expected id; NULL expects nothing.
 * `upload` is a digest. */
BF_MUST_CHECK bf_status bf_wire_check_key(const char *path,
                                          const uint8_t *found,
                                          const uint8_t *wanted);
BF_MUST_CHECK bf_status bf_wire_check_job(const char *path,
                                          const uint8_t *found,
                                          const uint8_t *wanted);
BF_MUST_CHECK bf_status bf_wire_check_data(const char *path,
                                           const uint8_t *found,
                                           const uint8_t *wanted);
BF_MUST_CHECK bf_status bf_wire_check_upload(const char *path,
                                             const uint8_t *found,
                                             const uint8_t *wanted);

/* A JSON record that directly follows the parameters and describes them, in
 * files whose ring is made for bootstrapping (docs/formats.md, 4.8). */
#define BF_WIRE_NOTE ((bf_label){33, 0})
#define BF_WIRE_NOTE_MAX 4096

/* ---- writing ------------------------------------------------------------ */

/* Begins a file of objects of these rings, which must outlive the writer. The
 * file appears at commit, with mode 0644. */
typedef struct bf_wire_writer bf_wire_writer;
BF_MUST_CHECK bf_status bf_wire_create(bf_wire_writer **out, const char *path,
                                       bf_wire_type type, bf_rings rings,
                                       bf_wire_ids ids);
/* Writes 2 or 3 polynomials; of a seeded ciphertext, c0 and the seed. The label
 * is the caller's name for the record; bf_wire_find needs unique labels. */
BF_MUST_CHECK bf_status bf_wire_put_ct(bf_wire_writer *w, bf_label label,
                                       const bf_ct *ct);
/* Any text of at most BF_WIRE_JSON_MAX bytes. */
BF_MUST_CHECK bf_status bf_wire_put_json(bf_wire_writer *w, bf_label label,
                                         const char *text, size_t bytes);
/* Labelled by its name: {use, ring * 2^32 + element}. The ring is that of the
 * key's context, whatever the name says. */
BF_MUST_CHECK bf_status bf_wire_put_switch_key(bf_wire_writer *w,
                                               const bf_switch_key *key);
/* A set for each ring, key by key. Reports progress. */
BF_MUST_CHECK bf_status bf_wire_put_eval_keys(bf_wire_writer *w,
                                              const bf_eval_keys *sets);
/* A text labelled BF_WIRE_NOTE; nothing for NULL. */
BF_MUST_CHECK bf_status bf_wire_put_note(bf_wire_writer *w, const char *note);
BF_MUST_CHECK bf_status bf_wire_commit(bf_wire_writer *w); /* always frees w */
/* As bf_wire_commit, but leaves the commit to bf_outfile_commit_all. digest
 * receives the file's digest; may be NULL. */
BF_MUST_CHECK bf_status bf_wire_finish(bf_outfile **out,
                                       uint8_t digest[BF_HASH_BYTES],
                                       bf_wire_writer *w);
void bf_wire_abort(bf_wire_writer *w);                     /* NULL is fine */

/* ---- reading ------------------------------------------------------------ */

typedef struct bf_wire_reader bf_wire_reader;
typedef struct bf_wire_item {
    uint32_t kind; /* bf_wire_kind, or BF_FRAME_END */
    bf_label label;
    uint64_t bytes; /* of the payload */
} bf_wire_item;

/* The rings are those of the file, all of them and in this order. They must
 * outlive the reader and the objects that it reads. */
BF_MUST_CHECK bf_status bf_wire_open(bf_wire_reader **out, const char *path,
                                     bf_wire_type type, bf_rings rings,
                                     bf_wire_ids ids);
/* From a descriptor, as bf_frame_open_fd. */
BF_MUST_CHECK bf_status bf_wire_open_fd(bf_wire_reader **out, int fd,
                                        const char *name, bf_wire_type type,
                                        bf_rings rings, bf_wire_ids ids);
void bf_wire_close(bf_wire_reader *r); /* NULL is fine */
const bf_frame_header *bf_wire_header(const bf_wire_reader *r);
/* The digest of the last item read; after the end, the digest of the file. */
const uint8_t *bf_wire_digest(const bf_wire_reader *r); /* BF_HASH_BYTES */

/* The next item after the parameters. item->kind is BF_FRAME_END at the end;
 * the whole file is then verified if every item was read. Skips unread items.
 */
BF_MUST_CHECK bf_status bf_wire_next(bf_wire_reader *r, bf_wire_item *item);
/* Finds the item of this kind and label anywhere in the file; bf_wire_next
 * continues after it. BF_ERR_FORMAT when the item is missing, or there twice.
 */
BF_MUST_CHECK bf_status bf_wire_find(bf_wire_reader *r, uint32_t kind,
                                     bf_label label, bf_wire_item *item);
/* Verifies the current item. */
BF_MUST_CHECK bf_status bf_wire_skip(bf_wire_reader *r);
/* As bf_wire_next, but skips a note. */
BF_MUST_CHECK bf_status bf_wire_next_but_note(bf_wire_reader *r,
                                              bf_wire_item *item);
/* Reads the current item. BF_ERR_FORMAT when the item has another kind. */
BF_MUST_CHECK bf_status bf_wire_get_ct(bf_wire_reader *r, bf_ct *out);
/* The same in two steps, so that threads can unpack several ciphertexts side by
 * side. bf_wire_get_packed_ct verifies the bytes and stores them in *out, whose
 * buffer is reused (zeroed at first; free data with bf_free). bf_wire_unpack_ct
 * makes the ciphertext, on any thread; its messages name no file. */
typedef struct bf_packed_ct {
    uint8_t *data;
    size_t bytes, capacity;
} bf_packed_ct;
BF_MUST_CHECK bf_status bf_wire_get_packed_ct(bf_wire_reader *r,
                                              bf_packed_ct *out);
BF_MUST_CHECK bf_status bf_wire_unpack_ct(bf_ct *out, bf_rings rings,
                                          const bf_packed_ct *packed);
/* For a ciphertext that stays packed. bf_wire_describe_ct makes it without
 * data, after the checks of bf_wire_unpack_ct, every residue included.
 * bf_wire_fill_ct then writes its lowest limbs to `out`, which has data and not
 * more limbs. Both on any thread. */
BF_MUST_CHECK bf_status bf_wire_describe_ct(bf_ct *out, bf_rings rings,
                                            const bf_packed_ct *packed);
BF_MUST_CHECK bf_status bf_wire_fill_ct(bf_ct *out, const bf_packed_ct *packed);
/* NUL-terminated; freed with bf_free. */
BF_MUST_CHECK bf_status bf_wire_get_json(bf_wire_reader *r, char **text,
                                         size_t *bytes);
BF_MUST_CHECK bf_status bf_wire_get_switch_key(bf_wire_reader *r,
                                               bf_switch_key *out);

/* ---- whole files -------------------------------------------------------- */

/* Keys under one secret, a set for each ring with keys. The file has the key id
 * of the sets. */
BF_MUST_CHECK bf_status bf_wire_write_eval_keys(const char *path,
                                                const bf_eval_keys *sets,
                                                bf_rings rings,
                                                bf_wire_ids ids,
                                                bf_env *env);
/* The same file, complete but not committed. */
BF_MUST_CHECK bf_status bf_wire_prepare_eval_keys(bf_outfile **out,
                                                  const char *path,
                                                  const bf_eval_keys *sets,
                                                  bf_rings rings,
                                                  bf_wire_ids ids,
                                                  bf_env *env);
/* Reads the keys that needs names, each at the limbs in needs, into a set for
 * each ring, from one or more files of one secret. Each name occurs once in
 * needs, and use OTHER never. Skips keys that needs does not name, which may
 * belong to other jobs over the same data, and keys that an earlier file had.
 * BF_ERR_FORMAT when a file has a needed key twice, BF_ERR_MISMATCH when a key
 * is missing or has fewer limbs. */
BF_MUST_CHECK bf_status bf_wire_read_eval_keys(bf_eval_keys *sets,
                                               const char *const *paths,
                                               size_t path_count,
                                               bf_rings rings, bf_wire_ids ids,
                                               const bf_key_need *needs,
                                               size_t count, bf_env *env);
/* note may be NULL. */
BF_MUST_CHECK bf_status bf_wire_write_public_key(const char *path,
                                                 const bf_public_key *pk,
                                                 const char *note);
BF_MUST_CHECK bf_status bf_wire_read_public_key(bf_public_key *out,
                                                const char *path,
                                                const bf_context *ctx,
                                                bf_wire_ids ids);

/* The parameters of the first ring of any file. Checks the bounds of every
 * number; bf_context_create checks the rest, security included. */
BF_MUST_CHECK bf_status bf_wire_read_params(bf_params *out, const char *path);
/* The same and the file's note: NULL without a note, else free it with bf_free.
 */
BF_MUST_CHECK bf_status bf_wire_read_noted(bf_params *out, char **note,
                                           const char *path);

/* ---- sizes and inspection ----------------------------------------------- */

/* Bytes in a file: of a record with its header and digest, and of a file
 * without records (header, parameters, end). limbs must be in range. */
size_t bf_wire_ct_bytes(const bf_params *p, unsigned limbs, unsigned polys,
                        bool seeded);
size_t bf_wire_switch_key_bytes(const bf_params *p, unsigned limbs, bool whole);
size_t bf_wire_public_key_bytes(const bf_params *p);
size_t bf_wire_json_bytes(size_t bytes);
size_t bf_wire_file_bytes(const bf_params *rings, unsigned count);

/* Type and contents of a file. Nothing here is derived from a secret. */
typedef struct bf_wire_info {
    bf_wire_type type;
    unsigned version;
    uint64_t file_bytes;
    uint8_t context_hash[BF_HASH_BYTES];
    uint8_t key_id[BF_KEY_ID_BYTES];
    uint8_t job_id[BF_HASH_BYTES];
    uint8_t data_id[BF_HASH_BYTES];
    unsigned rings;
    bf_params ring[BF_RINGS_MAX];
    uint64_t records; /* parameters included */
    uint64_t ciphertexts, seeded, keys, texts;
    uint64_t ciphertext_bytes, key_bytes;       /* of payloads */
    unsigned limbs_min, limbs_max;              /* of ciphertexts or keys */
    unsigned polys_max;                         /* of ciphertexts */
    double scale_min, scale_max, noise_max, bound_max; /* of ciphertexts */
    uint8_t digest[BF_HASH_BYTES]; /* of the file; zero for a secret key */
} bf_wire_info;
/* Reads and verifies the whole file with little memory; residues are not
 * compared with their primes. */
BF_MUST_CHECK bf_status bf_wire_inspect(bf_wire_info *out, const char *path,
                                        bf_env *env);

#endif
