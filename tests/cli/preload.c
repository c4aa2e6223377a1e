/* A library that tests load into a program, for faults that a shell cannot
 * cause. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* INTERRUPT_REMOVAL: two Ctrl-C at the first file of a folder's removal. */
int remove(const char *path)
{
    static int done;
    int (*next)(const char *) =
        (int (*)(const char *))dlsym(RTLD_NEXT, "remove");
    if (getenv("INTERRUPT_REMOVAL") && strstr(path, "/blindfit-") && !done) {
        done = 1;
        raise(SIGINT);
        raise(SIGINT);
    }
    return next(path);
}

/* FAIL_FSYNC=N: the Nth fails. */
int fsync(int fd)
{
    static int calls;
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    const char *which = getenv("FAIL_FSYNC");
    if (!which || ++calls != atoi(which)) return next(fd);
    errno = EIO;
    return -1;
}

/* TELL_DUMPABLE: a line in this file when the program ends. */
__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("TELL_DUMPABLE");
    FILE *f = path ? fopen(path, "a") : NULL;
    if (!f) return;
    fprintf(f, "dumpable %d\n", prctl(PR_GET_DUMPABLE));
    fclose(f);
}
