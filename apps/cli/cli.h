/* Shared by the subcommands: options, progress, output, exit codes.
 *
 * A subcommand is a table of options and a function. The result goes to stdout,
 * as a table or (--json) as one JSON object in SI units; all other output goes
 * to stderr. The function returns a status, which program.c turns into one line
 * on stderr and an exit code. */
#ifndef BF_CLI_H
#define BF_CLI_H

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "blindfit/features.h"
#include "blindfit/files.h"
#include "blindfit/owner.h"
#include "blindfit/text.h"

/* ---- commands (program.c) ------------------------------------------------ */

typedef struct cli_command {
    const char *name;
    const char *summary;  /* one line */
    const char *synopsis; /* text after the name */
    const char *examples; /* lines */
    bf_status (*run)(const struct cli_command *self, int argc, char **argv);
    const struct cli_command *const *commands; /* "party new", ..; or NULL */
} cli_command;

extern const cli_command cli_extract, cli_plan, cli_keygen, cli_encrypt,
    cli_train, cli_decrypt, cli_evaluate, cli_predict, cli_fit, cli_report,
    cli_inspect, cli_bench, cli_completion, cli_party, cli_party_new,
    cli_party_show, cli_gather, cli_queue, cli_remote, cli_remote_push,
    cli_remote_pull, cli_remote_fit, cli_remote_sync;

/* The body of main(): finds the command, runs it, and reports errors. */
int cli_main(const char *program, const char *about,
             const cli_command *const *commands, int argc, char **argv);
/* What could not be written there is an error. */
bf_status cli_close_stdout(void);
const char *cli_program(void);
const cli_command *const *cli_commands(void); /* ends with NULL */

/* Exit codes; docs/man/blindfit.1 lists them. */
enum {
    CLI_EXIT_INTERNAL = 1,
    CLI_EXIT_USAGE = 2,
    CLI_EXIT_IO = 3,
    CLI_EXIT_FORMAT = 4,
    CLI_EXIT_SECURITY = 5,
    CLI_EXIT_RANGE = 6,
    CLI_EXIT_MEMORY = 7,
    CLI_EXIT_UNSUPPORTED = 8,
    CLI_EXIT_WAITING = 75,
    CLI_EXIT_INTERRUPTED = 130
};
int cli_exit_code(bf_status s);
bf_status cli_status_of_exit(int code); /* the inverse, for a child process */

/* For processes that hold secrets: no core files, no debugger. */
void cli_hold_secrets(void);

/* Largest resident set of this program. (getrusage would include the parent
 * before exec.) */
size_t cli_peak_rss(void);

/* Removes files that must not outlive a second Ctrl-C; async-signal-safe. */
extern void (*_Atomic cli_emergency)(void);

/* ---- options (term/options.c) -------------------------------------------- */

typedef enum cli_kind {
    CLI_FLAG,   /* bool */
    CLI_TEXT,   /* const char * */
    CLI_TEXTS,  /* cli_texts; the option may be repeated */
    CLI_COUNT,  /* size_t, at least 1: 0 stands for an option not given */
    CLI_COUNTS, /* cli_counts; with commas between */
    CLI_NUMBER, /* double */
    CLI_BYTES,  /* uint64_t; 12G, 500M, 64k: powers of 1000; Gi: 1024 */
    CLI_TIME,   /* double, seconds above 0; 90, 90s, 30m, 2h, 1d */
    CLI_ROWS,   /* bf_rows; A:B, from 1, B included */
    CLI_WHEN,   /* cli_when */
    CLI_TABLE   /* value is another table of options */
} cli_kind;

typedef enum cli_when { CLI_AUTO, CLI_YES, CLI_NO } cli_when;

#define CLI_TEXTS_MAX 64
typedef struct cli_texts {
    const char *at[CLI_TEXTS_MAX];
    size_t count;
} cli_texts;

/* Numbers of owners, or of columns of labels. */
#define CLI_COUNTS_MAX BF_OWNERS_MAX
_Static_assert(CLI_COUNTS_MAX <= BF_LABEL_COLUMNS_MAX, "read into either");
typedef struct cli_counts {
    size_t at[CLI_COUNTS_MAX];
    unsigned count; /* 0: not given */
} cli_counts;

typedef struct cli_option {
    const char *name; /* NULL ends a table */
    char letter;      /* 0 for none */
    cli_kind kind;
    void *value;
    const char *arg;  /* name of the argument in --help */
    const char *help; /* NULL hides it from --help */
} cli_option;

/* Options of every command. */
typedef struct cli_common {
    bool json, quiet;
    size_t threads;
} cli_common;
extern cli_common cli_common_options;

/* Parses argv (argv[0] is the command's name) with the command's table and the
 * common table; applies --threads, --seed and --quiet. Stores the operands in
 * operands[]; BF_ERR_ARGUMENT unless their number is from least to most. --help
 * prints help and exits. */
#define CLI_OPERANDS_MAX 4
BF_MUST_CHECK bf_status cli_parse(const cli_command *self,
                                  const cli_option *options, int argc,
                                  char **argv, size_t least, size_t most,
                                  const char *operands[CLI_OPERANDS_MAX]);
/* Calls `each` with every option that --help shows, the common ones last. Runs
 * the command up to cli_parse, which every command calls before its work, and
 * which then fails. Options are valid during a call. */
void cli_options_each(const cli_command *c,
                      void (*each)(void *user, const cli_option *o),
                      void *user);
/* BF_ERR_ARGUMENT "--NAME is missing" when value is NULL or empty. */
BF_MUST_CHECK bf_status cli_need(const char *value, const char *name);
/* The value of --parts; BF_ERR_ARGUMENT above BF_UPLOAD_PARTS_MAX. */
BF_MUST_CHECK bf_status cli_parts(unsigned *out, size_t given);

/* Files, for bf_outfile_check. */
#define CLI_FILES(...)                                                         \
    (const char *const[]){__VA_ARGS__},                                        \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

/* ---- recipes and plans (recipe.c) ---------------------------------------- */

/* --recipe, --iterations and all other options of a plan. */
extern const cli_option cli_recipe_options[];
/* The recipe from these options, for n rows of d features. */
BF_MUST_CHECK bf_status cli_recipe(bf_recipe *out, size_t n, size_t d);
bool cli_recipe_asked(void); /* true if an option differs from its default */
typedef struct cli_shape {
    size_t rows, features, classes;
    bf_label_columns labels; /* as in bf_plan_options */
    unsigned owners;         /* 0: one */
    const size_t *owner_rows;
    unsigned ranks; /* as in bf_plan_options */
} cli_shape;
BF_MUST_CHECK bf_status cli_plan_job(bf_job **job, const cli_shape *shape);
/* A further job over the rows of `over`. Options that are not given keep the
 * values of `over`. */
BF_MUST_CHECK bf_status cli_plan_over(bf_job **job, size_t classes,
                                      const bf_label_columns *labels,
                                      const bf_job *over);

/* ---- owner's data (data.c) ----------------------------------------------- */

/* Reads and checks labelled training rows. */
BF_MUST_CHECK bf_status cli_load_training(bf_dataset *out, const char *path,
                                          const char *labels, bf_rows rows);
/* Labelled rows to test a model of d features and these classes on; names may
 * be NULL. Their labels are matched by name. */
BF_MUST_CHECK bf_status cli_load_test(bf_dataset *out, const char *path,
                                      const char *labels, bf_rows rows,
                                      size_t d, char *const *names,
                                      size_t classes);
/* Warns of rows of `test`, read from this file, that equal training rows: such
 * rows say nothing of unseen ones. repeats.c */
BF_MUST_CHECK bf_status cli_warn_repeats(const bf_matrix *test,
                                         const bf_matrix *train,
                                         const char *path);
/* What fit commands train on, and judge by. */
typedef struct cli_data_files {
    const char *train, *labels, *test, *test_labels;
    bf_rows rows, test_rows;
} cli_data_files;
/* Loads both; without a test file test_rows choose rows of the training file,
 * and without these `test` stays empty. BF_ERR_ARGUMENT for test_rows of the
 * training file that are trained on; warns of test rows that equal one. */
BF_MUST_CHECK bf_status cli_load_data(bf_dataset *train, bf_dataset *test,
                                      const cli_data_files *files);
/* For class names in BESIDE.json, beside a file of labels or a transform. Call
 * before the work: bf_outfile_check for BESIDE.json, and BF_ERR_ARGUMENT when
 * an existing BESIDE.json holds no class names. */
BF_MUST_CHECK bf_status cli_check_class_names(const char *beside,
                                              const char *const *others,
                                              size_t count);
/* BF_ERR_MISMATCH unless the data has the job's rows and features, and at most
 * the classes of this column of labels or, if they have names, as many. path
 * and labels are the files. */
BF_MUST_CHECK bf_status cli_check_shapes(const bf_job *job, unsigned column,
                                         const bf_matrix *x,
                                         const bf_dataset *data,
                                         const char *path, const char *labels);
/* Notes that labels have fewer than the job's classes. */
void cli_note_empty(const bf_dataset *data, unsigned classes,
                    const char *labels);
/* Training rows of a job with labels in all of its columns (training.c). */
typedef struct cli_training {
    bf_dataset column[BF_LABEL_COLUMNS_MAX]; /* rows are in column[0] */
    unsigned columns;
    int32_t *labels; /* [columns][rows], joined */
    const char *names[BF_CLASSES_MAX];
    char number[BF_CLASSES_MAX][12];
    bool named;
} cli_training;
/* Reads a file of labels for each column; without files, the labels in the file
 * of rows. *out must be zeroed; clear *out even after a failure. */
BF_MUST_CHECK bf_status cli_training_load(cli_training *out, const bf_job *job,
                                          const char *path,
                                          const cli_texts *labels,
                                          bf_rows rows);
/* Checks shapes, and joins labels and names of all columns. */
BF_MUST_CHECK bf_status cli_training_join(cli_training *t, const bf_job *job,
                                          const char *path,
                                          const cli_texts *labels);
/* Names of all classes; NULL if no class has a name. */
const char *const *cli_training_names(const cli_training *t);
void cli_training_clear(cli_training *t);
/* Adds `confusion` and, if the classes have names, `class_names`
 * (confusion.c). */
void cli_json_confusion(cJSON *o, const bf_metrics *m, char *const *names);
/* Warns if columns vary too little for the transform. */
void cli_warn_dropped(const bf_transform *t);
/* bf_transform_check of test rows, if there are some: call before the training.
 */
BF_MUST_CHECK bf_status cli_check_mapped(const bf_transform *t,
                                         const bf_dataset *test);
/* Call before the work: bf_outfile_check for a model and for the file beside
 * it, and bf_model_check_path. */
BF_MUST_CHECK bf_status cli_check_model(const char *path,
                                        const char *const *others,
                                        size_t count);

/* Call before the work: BF_ERR_ARGUMENT if the file to write is what lies
 * beside one of `others` (NULLs are fine): models, labels or transforms. */
BF_MUST_CHECK bf_status cli_check_beside(const char *path,
                                         const char *const *others,
                                         size_t count);

/* inspect, of files of numbers by their extension: features, labels and models.
 * NULL in the server's program, which cannot read them. */
extern bf_status (*const cli_inspect_data)(bool *known, const char *path);
bf_status cli_inspect_owned(bool *known, const char *path);

/* Writes a whole file; mode 0600 or 0644 (text_file.c). */
BF_MUST_CHECK bf_status cli_write_text(const char *path, const char *text,
                                       unsigned mode);

/* ---- time (term/clock.c) ------------------------------------------------- */

double cli_now(void); /* seconds, monotonic */

/* ---- processors (affinity.c) --------------------------------------------- */

/* Restores the processors on which the program was started. Call first in main.
 */
void cli_restore_affinity(void);

/* ---- progress (term/progress.c) ------------------------------------------ */

/* The environment of the program's operations. It shows phases that last more
 * than two seconds, with the time left: on a terminal one line that is
 * rewritten, else a line every few seconds. */
extern bf_env cli_env;
/* A phase of bytes that travel: also shows how many, and their speed. */
void cli_progress_bytes(const char *phase, uint64_t done, uint64_t total);
void cli_progress_end(void); /* clears the line; before anything is printed */
/* Writes "progress DONE TOTAL PHASE" and "note TEXT" lines to stderr instead,
 * for a parent process. */
void cli_progress_relay(void);
/* Prints a line on stderr between progress; with --quiet, nothing. */
void cli_note(const char *fmt, ...) BF_PRINTF(1, 2);
/* Prints a line on stderr about data that are probably a mistake, also with
 * --quiet. */
void cli_warn(const char *fmt, ...) BF_PRINTF(1, 2);

/* ---- results (term/results.c) -------------------------------------------- */

/* Prints one line, made printable by bf_printable, as names of files and
 * classes may come from elsewhere. */
void cli_print(FILE *to, const char *fmt, ...) BF_PRINTF(2, 3);
void cli_vprint(FILE *to, const char *fmt, va_list args) BF_PRINTF(2, 0);
/* "  name   value" with the values in one column. */
void cli_row(const char *name, const char *fmt, ...) BF_PRINTF(2, 3);

/* Prints the object, the only output on stdout, and deletes it. */
BF_MUST_CHECK bf_status cli_json(cJSON *object);
void cli_json_hex(cJSON *object, const char *key, const uint8_t *data,
                  size_t bytes);

#endif
