/* A child process of this program, which dies with it. */
#ifndef BF_CLI_QUEUE_CHILD_H
#define BF_CLI_QUEUE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "blindfit/blindfit.h"
#include "relay.h"

typedef struct child_start {
    const char *program;
    const char *const *argv; /* ends with NULL */
    int folder;              /* where it runs */
    const char *output;      /* file there, for its standard output */
    const int *kept;         /* descriptors that it inherits */
    size_t kept_count;
    int death; /* the signal that it gets when this process ends */
} child_start;

typedef struct child {
    pid_t pid; /* 0: none */
    int errors; /* its standard error */
    cli_relay relay; /* whose callbacks the caller sets beforehand */
} child;

/* Starts a child with a process group of its own, which the kernel kills first
 * when memory is short. */
BF_MUST_CHECK bf_status child_begin(child *c, const child_start *s);
/* Takes what the child has written; false at its end. Does not block. */
bool child_listen(child *c);
/* Waits for the end of a child that has closed its pipe; its wait status. */
int child_end(child *c);

#endif
