/* A job: everything public about one training run, fixed before any data is
 * encrypted. Owner and server work from the same job; its file (job.json) is
 * what `plan` writes, and the BLAKE2b digest of the file is the job id that
 * keys, uploads and models carry. */
#ifndef BF_TRAIN_JOB_H
#define BF_TRAIN_JOB_H

#include <math.h>

#include "blindfit/server.h"
#include "ckks/bootstrap.h"
#include "linalg/layout.h"
#include "linalg/sigmoid.h"

struct bf_job_handle;

/* How weights are refreshed (train/refresh.h). */
typedef struct bf_refresh {
    bool on;
    double ratio;     /* as in bf_boot_request */
    double log_scale; /* log2 of the scale of refreshed weights */
    double precision; /* rms error, in bits below the bound of packed weights */
    bool few_keys;
    unsigned log_slots; /* that the primes are made for; 0: of the layout */
} bf_refresh;

struct bf_job {
    bf_recipe recipe;
    bf_schedule schedule; /* v0 empty */
    bf_sigmoid_form form; /* of the schedule's sigmoid */
    size_t features;      /* before the transform */
    bf_label_columns labels; /* one at least, classes of the layout in all */
    unsigned owners; /* whose secrets make up the key's; 0 or 1: one */
    /* [owners]: how many rows each owner has; all 0: not decided yet, or rows
     * are not split. */
    size_t owner_rows[BF_OWNERS_MAX];
    /* Every gradient is packed in so many parts of the rows, whose sum 1 or as
     * many ranks make with the same roundings; 0 or 1: one part, with which
     * models of ranks differ from that of one server. */
    unsigned parts;
    bf_layout layout;
    unsigned log_places; /* layout.log_m is this at least */
    unsigned rings;
    bf_params ring[BF_RINGS_MAX]; /* rows and weights live in ring 0 */
    bf_magnitudes bounds;         /* what the circuit covers */
    bf_magnitudes typical;        /* what its noise estimate assumes */
    /* log2 of the scales chosen; q is made to fit them (chain.c). */
    double log_x;    /* rows */
    double log_mask;
    double log_labels;
    double log_dense; /* z' */
    double log_v0;    /* initial weights, when the start is not zero */
    bool certificate; /* iterations return theirs (train/certificate.h) */
    bf_refresh refresh;
    bf_boot_params boot; /* where refresh.on */
    struct bf_job_handle *handle; /* of jobs of the public interface
                                   * (handle.c); else NULL */
};

/* The standard deviation of the error of an opening share over that of the
 * message's error. A share's error hides the message's error, which is an
 * equation in all owners' secrets (docs/security.md). */
#define BF_OPEN_FLOOD 4.0
/* The error of a message opened by the shares of so many owners, over the error
 * of the message; 1 for one owner, who decrypts. */
static inline double bf_opening_error(unsigned owners)
{
    return owners > 1 ? sqrt(1 + BF_OPEN_FLOOD * BF_OPEN_FLOOD * owners) : 1;
}

/* Most ciphertexts that a circuit carries from one step to the next. */
#define BF_CARRIED_MAX 2

/* What a ciphertext of a run must be; limbs 0: there is none. */
typedef struct bf_plan_ct {
    unsigned limbs;
    double scale;
} bf_plan_ct;

/* What a step leaves behind. */
typedef struct bf_plan_step {
    bf_plan_ct carried[BF_CARRIED_MAX];
    bf_plan_ct output;
    unsigned model_limbs; /* of the output in the model file */
    double noise;  /* expected rms error of a value of it: of a weight, in
                    * transformed space */
    bf_plan_ct certificate;
    double certificate_noise; /* the same of its sums */
} bf_plan_step;

/* What running a job takes, found by the symbolic walk. Bytes of files are
 * exact. / */
typedef struct bf_plan {
    bf_counters counters[BF_RINGS_MAX]; /* by ring */
    size_t key_count;
    bf_key_need *keys; /* owned */
    size_t ciphertexts; /* uploaded */
    uint64_t upload_bytes, key_bytes, model_bytes;
    uint64_t read_bytes;    /* of the upload, what the walked rank reads */
    uint64_t labels_bytes;  /* of an upload without rows */
    bool packed;            /* the server keeps rows packed in memory */
    uint64_t memory_bytes;  /* server, peak, an estimate from above */
    uint64_t circuit_bytes; /* of it, ciphertexts made on the way */
    uint64_t held_bytes;    /* of it, what the circuit holds beside them */
    uint64_t added_bytes;   /* of the largest sum over ranks */
    double log2_qp, security_bits;
    unsigned step_count;
    bf_plan_step steps[BF_MAX_ITERATIONS];
    double weight_noise; /* of the last of them */
    double work; /* of the server; one limb's transform has N log2 N of it */
    double cost;         /* what the search minimised: work and bytes */
} bf_plan;
void bf_plan_clear(bf_plan *p);
/* BF_ERR_MISMATCH unless a ciphertext from a file has two polynomials, and the
 * limbs and (to 1e-9) the scale that the job wants of the ciphertext. */
BF_MUST_CHECK bf_status bf_plan_check_ct(const bf_ct *ct, bf_plan_ct wanted);
/* BF_ERR_MEMORY when the server would need more than is allowed (bytes, 0: no
 * limit) or than this machine has free. */
BF_MUST_CHECK bf_status bf_plan_check_memory(const bf_plan *plan,
                                             uint64_t allowed);
/* The same for the inputs alone, before a walk, which takes memory and time for
 * every input. */
BF_MUST_CHECK bf_status bf_job_check_memory(const bf_job *job,
                                            const bf_ranks *ranks,
                                            uint64_t allowed);

/* Most that job.json can hold; classes have BF_CLASSES_MAX. */
#define BF_JOB_SAMPLES_MAX ((size_t)1 << 30)
#define BF_JOB_FEATURES_MAX ((size_t)1 << 20)
/* Of log2_scales. */
#define BF_MASK_LOG_MAX 40
#define BF_LABELS_LOG_MIN 10
#define BF_SCALE_LOG_MAX 60

/* Chooses ring, chain and layout for these shapes: the cheapest of the
 * candidates that are secure, precise enough and fit. BF_ERR_ARGUMENT says why
 * nothing fits. */
typedef struct bf_choice {
    bool found;
    bf_job job;
    bf_plan plan; /* owned */
} bf_choice;
/* The best without refreshes and the best with them, the cheaper first. The
 * second need not be there: options may forbid it, or it is less precise. */
BF_MUST_CHECK bf_status bf_job_search_both(bf_choice out[2],
                                           const bf_recipe *recipe, size_t n,
                                           size_t features, size_t classes,
                                           const bf_plan_options *options);
BF_MUST_CHECK bf_status bf_job_search(bf_job *job, bf_plan *plan,
                                    const bf_recipe *recipe, size_t n,
                                    size_t features, size_t classes,
                                    const bf_plan_options *options);
/* One column of all classes where there is none; BF_ERR_ARGUMENT where classes
 * do not add up, or a column has fewer than two. */
BF_MUST_CHECK bf_status bf_label_columns_fill(bf_label_columns *c,
                                              size_t classes);
/* The layout of a job's rows. BF_ERR_ARGUMENT as bf_layout_make and, if the job
 * says how many rows each owner has, as bf_layout_divide. */
typedef struct bf_layout_shape {
    unsigned log_n;
    size_t n, cols, classes;
} bf_layout_shape;
BF_MUST_CHECK bf_status bf_job_lay_out(bf_layout *out, const bf_job *job,
                                       const bf_layout_shape *s, size_t f,
                                       size_t k);
/* Fills in what follows from recipe, features, params, scales and these
 * shapes: schedule, bounds, layout; checks that the chain has the limbs the
 * circuit needs and 128 bits of security. */
BF_MUST_CHECK bf_status bf_job_derive(bf_job *job, size_t n, size_t classes,
                                      size_t f, size_t k);
/* A further job over the rows of `over`: BF_ERR_MISMATCH where the recipe asks
 * for other rows than those, BF_ERR_ARGUMENT where their chain does not fit. */
BF_MUST_CHECK bf_status bf_job_search_over(bf_job *job, bf_plan *plan,
                                           const bf_recipe *recipe,
                                           size_t classes,
                                           const bf_label_columns *labels,
                                           const bf_job *over);
/* The plan of a job that is already fixed: one symbolic walk. */
BF_MUST_CHECK bf_status bf_job_walk(bf_plan *plan, const bf_job *job);
/* The same for a server that keeps rows packed, as they came, and unpacks them
 * a few at a time in each iteration (train/rows.h): less memory, more work, the
 * same steps. Only for a job of one owner: rows of several owners are sums of
 * what came. */
bool bf_job_packs(const bf_job *job);
BF_MUST_CHECK bf_status bf_job_walk_packed(bf_plan *plan, const bf_job *job);
/* The same, with rows packed or not, for a rank (NULL: the only one): its work
 * and memory. Files are those of the whole job, and the expected errors those
 * of the whole job nearly. BF_ERR_ARGUMENT for more ranks than the job has
 * parts. */
BF_MUST_CHECK bf_status bf_job_walk_rank(bf_plan *plan, const bf_job *job,
                                         bool packed, const bf_ranks *ranks);

/* What a step of a key switch takes at one modulus of the extended basis: ModUp
 * of a digit, inner product with a digit of a key, ModDown of a result; and a
 * tensor product and the unpacking of a row at one limb. */
typedef struct bf_prices {
    double up, inner, down, tensor, unpack;
} bf_prices;
double bf_counters_price(const bf_params *p, const bf_counters *c,
                         const bf_prices *prices);
/* Server work in a ring up to these counters, in the unit of bf_plan.work, at
 * prices that hold nearly everywhere. */
double bf_job_work(const bf_params *p, const bf_counters *c);
/* What so many bytes on the wire cost, in the same unit. */
double bf_bytes_cost(uint64_t bytes);

static inline unsigned bf_job_owners(const bf_job *job)
{
    return job->owners > 1 ? job->owners : 1;
}

/* Limbs that the circuit uses, and at which rows and labels travel. */
unsigned bf_job_used_limbs(const bf_job *job);
unsigned bf_job_x_limbs(const bf_job *job); /* as many, or more */
unsigned bf_job_y_limbs(const bf_job *job);

/* The id of the data set that a job trains on: BLAKE2b of shapes, transform,
 * layout of rows, their scale and limbs, and the parameters of ring 0. Uploads
 * of rows carry it and jobs name it, so that other jobs, with other labels,
 * recipes or iterations, can use the same rows. */
void bf_job_data_id(const bf_job *job, uint8_t id[BF_HASH_BYTES]);

/* The text of job.json, freed with bf_free; and of such a text the job.
 * Parsing checks everything that a hostile file could get wrong; name is the
 * file's, for messages. */
BF_MUST_CHECK bf_status bf_job_print(char **text, const bf_job *job);
BF_MUST_CHECK bf_status bf_job_parse(bf_job *job, const char *text,
                                     size_t bytes, const char *name);
/* The same in a file; id is the BLAKE2b digest of the file. */
BF_MUST_CHECK bf_status bf_job_save(const bf_job *job, const char *path);
BF_MUST_CHECK bf_status bf_job_load(bf_job *job, const char *path,
                                    uint8_t id[BF_HASH_BYTES]);
/* The file's text, freed with bf_free. */
BF_MUST_CHECK bf_status bf_job_text_read(char **text, size_t *bytes,
                                         const char *path);
BF_MUST_CHECK bf_status bf_job_text_write(const char *text, size_t bytes,
                                          const char *path);

#endif
