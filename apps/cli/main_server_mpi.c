/* The server's training on several machines: one process, a rank, for each.
 * Ranks exchange sums by MPI; everything else is as in blindfit-server. */
#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "ranks.h"

/* A rank that waits longer than this sleeps between looks, as others may want
 * the processor. */
#define SPIN_SECONDS 0.001
#define SLEEP_NANOSECONDS 100000
/* After an interruption ranks that still run come this soon; mpirun kills after
 * a second. */
#define GRACE_SECONDS 0.5

static bool met;     /* this rank took part in a sum */
static bool gave_up; /* on a sum that others may still wait for */

static bool interrupted(void)
{
    return __atomic_load_n(&cli_env.interrupted, __ATOMIC_RELAXED) != 0;
}

static bf_status wait_for(MPI_Request *sum)
{
    int done = 0;
    double start = cli_now(), asked = 0;
    for (;;) {
        MPI_Test(sum, &done, MPI_STATUS_IGNORE);
        if (done) return BF_OK;
        double now = cli_now();
        if (asked == 0 && interrupted()) asked = now;
        if (asked > 0 && now - asked > GRACE_SECONDS) break;
        if (now - start > SPIN_SECONDS)
            nanosleep(&(struct timespec){.tv_nsec = SLEEP_NANOSECONDS}, NULL);
    }
    gave_up = true;
    return bf_fail(BF_ERR_INTERRUPTED, "interrupted while ranks are missing");
}

static bf_status sum(void *user, uint64_t *words, size_t count)
{
    (void)user;
    met = true;
    for (size_t i = 0; i < count; i += INT_MAX) {
        size_t n = count - i < INT_MAX ? count - i : INT_MAX;
        MPI_Request request;
        MPI_Iallreduce(MPI_IN_PLACE, words + i, (int)n, MPI_UINT64_T, MPI_SUM,
                       MPI_COMM_WORLD, &request);
        BF_TRY(wait_for(&request));
    }
    return BF_OK;
}

/* At exit, as --help leaves the program at once. MPI_Finalize waits for all
 * ranks. */
static void leave(void)
{
    if (!gave_up) MPI_Finalize();
}

static bool join(void)
{
    int level, own, count;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &own);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    cli_ranks =
        (bf_ranks){.own = (unsigned)own, .count = (unsigned)count, .sum = sum};
    atexit(leave);
    if (level >= MPI_THREAD_FUNNELED) return true;
    fprintf(stderr,
            "blindfit-server-mpi: rank %d: this MPI does not support programs "
            "with threads\n",
            own);
    return false;
}

int main(int argc, char **argv)
{
    static const cli_command *const commands[] = {&cli_train, NULL};
    if (!join()) return CLI_EXIT_UNSUPPORTED;
    if (!cli_speaks() && !freopen("/dev/null", "w", stdout)) return CLI_EXIT_IO;
    int code = cli_main("blindfit-server-mpi",
                        "blindfit-server-mpi: trains on several machines, "
                        "started by mpirun or srun",
                        commands, argc, argv);
    /* Where only this rank's arguments are wrong, others wait. */
    if (code != 0 && !met &&
        bf_ranks_meet(&cli_ranks, cli_status_of_exit(code)) == BF_OK)
        return CLI_EXIT_INTERNAL;
    return code;
}
