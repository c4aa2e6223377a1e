/* blindfit: training a classifier on encrypted images.
 *
 * Conventions of every public and internal header
 *   - Outputs come first in the argument list, or right behind the object that
 *     does the work (an evaluator, a ring, a stream).
 *   - A function that can fail returns bf_status; on failure outputs are
 *     unchanged, cleared or wiped, and bf_last_error() of the calling thread
 *     says what failed. The library never prints and never exits.
 *   - Pointers may not be NULL unless the comment says so.
 *   - Many threads may read an object at once; only one thread may write it.
 *   - `create` allocates, `destroy` frees and accepts NULL.
 */
#ifndef BLINDFIT_BLINDFIT_H
#define BLINDFIT_BLINDFIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BF_VERSION "0.1.0"

#if defined(__GNUC__)
#define BF_MUST_CHECK __attribute__((warn_unused_result))
#define BF_PRINTF(f, a) __attribute__((format(printf, f, a)))
/* Marks of exported functions: both libblindfit and libblindfit-server export
 * BF_API; only libblindfit exports BF_OWNER_API, the functions on secret keys
 * and plaintext data. */
#define BF_API __attribute__((visibility("default")))
#else
#define BF_MUST_CHECK
#define BF_PRINTF(f, a)
#define BF_API
#endif
#define BF_OWNER_API BF_API

typedef enum bf_status {
    BF_OK = 0,
    BF_ERR_ARGUMENT,    /* an invalid argument */
    BF_ERR_MEMORY,      /* out of memory, or over the planned limit */
    BF_ERR_IO,          /* the operating system refused a read or write */
    BF_ERR_SPACE,       /* the disk is full */
    BF_ERR_FORMAT,      /* damaged or malformed bytes */
    BF_ERR_MISMATCH,    /* valid, but of other parameters, key or job */
    BF_ERR_SECURITY,    /* below the required security level */
    BF_ERR_RANGE,       /* numbers that leave the range the circuit covers */
    BF_ERR_INTERRUPTED, /* stopped by the user */
    BF_ERR_UNSUPPORTED, /* valid, but this build or machine cannot do it */
    BF_ERR_INTERNAL,    /* a bug in blindfit */
    BF_ERR_WAITING      /* no fault, but others must act first */
} bf_status;

/* One word for a status ("io", "format", ...); never NULL. */
BF_API const char *bf_status_name(bf_status s);

/* Message of the last failure in this thread: one line, no newline, names the
 * file or argument and the fault. Empty if nothing failed. Never NULL. */
BF_API const char *bf_last_error(void);

/* ---- for callbacks, and programs that fail as the library does ----------- */

#define BF_MESSAGE_BYTES 1024 /* longer messages are cut */

/* Records the message for this thread and returns `s`, so that a failure is
 * one statement: return bf_fail(BF_ERR_ARGUMENT, "rotation by %d ...", r);
 * bf_printable is applied to the message. The arguments may quote
 * bf_last_error(). */
BF_API bf_status bf_fail(bf_status s, const char *fmt, ...) BF_PRINTF(2, 3);

/* Replaces by '?' each byte of a control character, which could control a
 * terminal, and each byte that is not UTF-8. Returns text. */
BF_API char *bf_printable(char *text);

/* Puts "context: " in front of this thread's message and returns `s`. */
BF_API bf_status bf_fail_in(bf_status s, const char *fmt, ...) BF_PRINTF(2, 3);

/* Like bf_fail for a failed system call: appends strerror(err); ENOSPC and
 * EDQUOT become BF_ERR_SPACE, ENOMEM BF_ERR_MEMORY, all else BF_ERR_IO. */
BF_API bf_status bf_fail_errno(int err, const char *fmt, ...) BF_PRINTF(2, 3);

/* Length in bytes, 1 to 4, of the first character of the NUL-terminated text; 0
 * if the text is empty or does not begin with UTF-8 (RFC 3629: shortest forms
 * up to U+10FFFF, no surrogates). */
BF_API size_t bf_utf8_length(const char *text);

/* Leaves the function with the status of a failed call. */
#define BF_TRY(expr)                          \
    do {                                      \
        bf_status bf_try_s_ = (expr);         \
        if (bf_try_s_ != BF_OK) return bf_try_s_; \
    } while (0)

/* Sets the local `status` and jumps to `label` when a call fails. */
#define BF_GOTO(expr, label)                       \
    do {                                           \
        if ((status = (expr)) != BF_OK) goto label; \
    } while (0)

/* ------------------------------------------------------------------------- */

/* For tests only: after this call all randomness, in all threads, comes from
 * this seed and protects nothing. */
BF_API void bf_random_fix_for_tests(uint64_t seed);

/* For programs that often allocate and free large blocks: after this call freed
 * memory stays with the process. The system clears every page that it hands
 * out, which on some machines takes longer than the work on the page. */
BF_API void bf_keep_freed_memory(void);

/* Frees an object that a comment says to free with bf_free; NULL is fine. */
BF_API void bf_free(void *p);

/* The environment of an operation: number of threads, progress and notes,
 * interruption. A program has an environment for each job that can be stopped
 * separately; {0} is a valid environment. The caller keeps the environment
 * alive while operations use it, and changes it only between operations, except
 * by bf_env_interrupt.
 *
 * A parameter `bf_env *env` may be NULL: then the operation runs under the
 * environment that its thread entered (bf_env_enter), as do operations without
 * the parameter. Two threads share no environment by this. */
typedef struct bf_env {
    unsigned threads; /* 0: all that the calling thread may use. Read when an
                       * operation begins, or a thread enters the environment */
    int interrupted;  /* by bf_env_interrupt */
    /* `done` runs from 0 to `total` (any unit). Called on the thread that
     * called the operation; a result other than 0 stops the operation, as
     * bf_env_interrupt does: after the operation's last call it stops the next
     * one. Operations run again after bf_env_interrupt(env, 0). May be NULL. */
    int (*progress)(void *user, const char *phase, double done, double total);
    /* Receives a one-line note for the user. May be NULL. */
    void (*note)(void *user, const char *line);
    void *user; /* of both */
} bf_env;

/* Makes current and later operations under env stop soon with
 * BF_ERR_INTERRUPTED; on == 0 lets operations run again. May be called from any
 * thread, and from a signal handler. */
BF_API void bf_env_interrupt(bf_env *env, int on);

/* The number of threads of operations under env: env->threads, or if 0 the
 * number that the calling thread's affinity and OMP_NUM_THREADS allow; in both
 * cases at most OMP_THREAD_LIMIT. env may be NULL. */
BF_API unsigned bf_env_threads(const bf_env *env);

/* Makes env (NULL: {0}) the environment of this thread's operations. Returns
 * the previous environment, which the same thread enters again at the end. */
BF_API bf_env *bf_env_enter(bf_env *env);

#ifdef __cplusplus
}
#endif

#endif
