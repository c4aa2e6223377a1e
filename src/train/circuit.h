/* A circuit: what a server computes on a job's inputs, step by step.
 *
 * The circuit alone defines its inputs, what it carries from one step to the
 * next and what it gives out. Everybody else asks it: the planner walks it
 * symbolically, the owner seals inputs and makes keys for it, the server reads
 * its inputs and runs it, checkpoints store what it carries. The search asks it
 * for scales, job.json holds its part. Training is the first circuit
 * (train/training.c). */
#ifndef BF_TRAIN_CIRCUIT_H
#define BF_TRAIN_CIRCUIT_H

#include "train/ranks.h"
#include "train/world.h"

/* Inputs come in kinds, which travel apart: one set of encrypted rows serves
 * jobs with other labels. Within a job, inputs are numbered through: all rows,
 * then labels, then the start. */
typedef enum bf_input_kind {
    BF_INPUT_ROWS,   /* slots: rows of the layout */
    BF_INPUT_LABELS, /* slots: one-hot labels less 1/2 */
    BF_INPUT_START,  /* coefficients: packed initial weights */
    BF_INPUT_KINDS
} bf_input_kind;

/* What input i of a kind must be, whoever made it. */
typedef struct bf_input {
    unsigned limbs;
    double scale;
    double bound;   /* of a slot, or of a packed weight; owners keep to it */
    double typical; /* of the same, what the noise estimate assumes */
} bf_input;

struct bf_packed_ct; /* wire/wire.h */

/* The inputs of a run by kind; at[kind] may be NULL where the job has none.
 * Rows that stay packed have no data; runs unpack those that they are working
 * with (train/rows.h). */
typedef struct bf_inputs {
    const bf_ct *at[BF_INPUT_KINDS];
    bool packed;                     /* the rows are */
    const struct bf_packed_ct *rows; /* [rows] where they are, of real runs */
    bf_team *team; /* NULL: this run has all inputs; otherwise those of its rank
                    * (bf_circuit.has), and adds up with the others */
} bf_inputs;

/* Ciphertexts in the order of their numbers, as the inputs of a run. */
bf_inputs bf_job_inputs_by_kind(const bf_job *job, const bf_ct *all);

/* What lies between two steps. Zeroed at the start; a run continues a saved
 * state bit for bit. Ciphertexts belong to ring 0's evaluator; one that is
 * absent has 0 limbs. */
typedef struct bf_state {
    unsigned step; /* completed */
    unsigned reach; /* limbs of inputs that later steps still use */
    uint64_t held;  /* bytes that the run holds beside ciphertexts and keys */
    bf_ct carried[BF_CARRIED_MAX];
    /* Of the last step; runs do not go on from them. The second is absent
     * unless the job has certificates and the step scores. */
    bf_ct output, certificate;
} bf_state;
void bf_state_release(bf_eval *ev, bf_state *s);

struct bf_chain;  /* train/chain.h */
struct bf_fields; /* train/json_fields.h */
struct cJSON;

typedef struct bf_circuit {
    size_t (*inputs)(const bf_job *job, bf_input_kind kind);
    bf_input (*input)(const bf_job *job, bf_input_kind kind);
    /* Whether this rank of several (NULL: of one) has input `index` of a kind.
     * check_ranks: BF_ERR_ARGUMENT for more ranks than the inputs are for.
     * busiest: the number of the rank that has most to do. */
    bool (*has)(const bf_job *job, const bf_ranks *ranks, bf_input_kind kind,
                size_t index);
    bf_status (*check_ranks)(const bf_job *job, unsigned ranks);
    unsigned (*busiest)(const bf_job *job, unsigned ranks);
    unsigned (*steps)(const bf_job *job);
    /* Names of what is carried, for messages; NULL ends the list. */
    const char *carried[BF_CARRIED_MAX + 1];
    /* Largest magnitude of a value that an output holds, and the standard
     * deviation of such a value's error, in the value's unit. */
    double (*output_bound)(const bf_job *job);
    double (*output_noise)(const bf_job *job, const bf_ct *output);
    double (*certificate_noise)(const bf_job *job, const bf_ct *certificate);

    /* What follows from recipe and shapes, for rows of `cols` columns, before
     * there is a layout: the schedule, magnitudes, the form of polynomials. If
     * the job came with choices of the search, BF_ERR_ARGUMENT unless they can
     * be followed. */
    bf_status (*derive)(bf_job *job, size_t n, size_t cols);
    /* How such a job's state is refreshed between steps. */
    bf_refresh (*refresh)(const bf_job *job, size_t n, size_t cols);

    /* Its scales. A job has ways to lay out its chain, of which the search
     * takes the cheapest; take_way sets one, by its number below ways, or
     * returns false where the job does not have this one. limbs are those of
     * the chain that the job, with its way, uses. */
    unsigned (*ways)(const bf_job *job);
    bool (*take_way)(bf_job *job, unsigned way);
    unsigned (*limbs)(const bf_job *job);
    /* Sets the job's scales, and the primes that they take, for so many bits of
     * precision; false where no such primes exist. */
    bool (*chain)(bf_job *job, struct bf_chain *c, double bits);
    /* Sets the scales of a job over rows that are encrypted already, whose
     * chain and scale of rows are given. */
    void (*fit)(bf_job *job);

    /* Its part of job.json: members of the file's "recipe" beside the kind,
     * which says whose recipe it is; and members of the file for what the
     * search chose. What is read has the bounds of a file; bf_job_derive checks
     * whether it is a job. */
    void (*write_recipe)(struct cJSON *recipe, const bf_job *job);
    void (*write_scales)(struct cJSON *file, const bf_job *job);
    void (*read_recipe)(struct bf_fields *r, const struct cJSON *recipe,
                        bf_job *job);
    void (*read_scales)(struct bf_fields *r, const struct cJSON *file,
                        bf_job *job);

    /* A run: what its steps share. Inputs must outlive it. total is the work of
     * the whole run, to which progress is relative; 0: no progress. */
    bf_status (*open)(void **run, bf_world *w, const bf_job *job,
                      const bf_inputs *in, double total);
    bf_status (*step)(void *run, bf_state *state);
    void (*close)(void *run); /* NULL is fine */
} bf_circuit;

/* By the kind of the job's recipe. */
const bf_circuit *bf_job_circuit(const bf_job *job);

/* All inputs of a job, of all kinds; those of a rank (bf_circuit.has); and
 * which kind number i is of. */
size_t bf_job_inputs(const bf_job *job);
size_t bf_job_rank_inputs(const bf_job *job, bf_input_kind kind,
                          const bf_ranks *ranks);
/* BF_ERR_ARGUMENT unless so many ranks can train the job: as far as its inputs
 * are for so many, and the same model comes out where owners make it again. */
BF_MUST_CHECK bf_status bf_job_check_ranks(const bf_job *job, unsigned count);
/* Of so many ranks, no more than check_ranks allows, the busiest. */
bf_ranks bf_job_busiest(const bf_job *job, unsigned count);
bf_input_kind bf_job_input_kind(const bf_job *job, size_t i,
                                size_t *index /* within the kind */);

/* Runs from state->step to the last step. each (may be NULL) sees the state
 * after every step. */
typedef bf_status (*bf_step_fn)(void *user, bf_state *state);
BF_MUST_CHECK bf_status bf_circuit_run(bf_world *w, const bf_job *job,
                                       const bf_inputs *in, bf_state *state,
                                       bf_step_fn each, void *user,
                                       double total, bf_env *env);

#endif
