#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"
#include "ranks.h"

static const char *program_name = "blindfit";
static const cli_command *const *program_commands;
bf_ranks cli_ranks;
void (*_Atomic cli_emergency)(void);
_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "read in a signal handler");

const char *cli_program(void)
{
    return program_name;
}

const cli_command *const *cli_commands(void)
{
    return program_commands;
}

int cli_exit_code(bf_status s)
{
    switch (s) {
    case BF_OK: return 0;
    case BF_ERR_ARGUMENT: return CLI_EXIT_USAGE;
    case BF_ERR_MEMORY: return CLI_EXIT_MEMORY;
    case BF_ERR_IO:
    case BF_ERR_SPACE: return CLI_EXIT_IO;
    case BF_ERR_FORMAT:
    case BF_ERR_MISMATCH: return CLI_EXIT_FORMAT;
    case BF_ERR_SECURITY: return CLI_EXIT_SECURITY;
    case BF_ERR_RANGE: return CLI_EXIT_RANGE;
    case BF_ERR_INTERRUPTED: return CLI_EXIT_INTERRUPTED;
    case BF_ERR_UNSUPPORTED: return CLI_EXIT_UNSUPPORTED;
    case BF_ERR_WAITING: return CLI_EXIT_WAITING;
    case BF_ERR_INTERNAL: break;
    }
    return CLI_EXIT_INTERNAL;
}

bf_status cli_status_of_exit(int code)
{
    switch (code) {
    case 0: return BF_OK;
    case CLI_EXIT_USAGE: return BF_ERR_ARGUMENT;
    case CLI_EXIT_IO: return BF_ERR_IO;
    case CLI_EXIT_FORMAT: return BF_ERR_FORMAT;
    case CLI_EXIT_SECURITY: return BF_ERR_SECURITY;
    case CLI_EXIT_RANGE: return BF_ERR_RANGE;
    case CLI_EXIT_MEMORY: return BF_ERR_MEMORY;
    case CLI_EXIT_UNSUPPORTED: return BF_ERR_UNSUPPORTED;
    case CLI_EXIT_WAITING: return BF_ERR_WAITING;
    case CLI_EXIT_INTERRUPTED: return BF_ERR_INTERRUPTED;
    default: return BF_ERR_INTERNAL;
    }
}

void cli_hold_secrets(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    /* If core_pattern is a pipe, the kernel ignores the limit. */
    prctl(PR_SET_DUMPABLE, 0);
}

size_t cli_peak_rss(void)
{
    size_t kib = 0;
    char line[128];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %zu kB", &kib) == 1) break;
    if (f) fclose(f);
    return kib * 1024;
}

/* ---- signals ------------------------------------------------------------- */

/* The first signal asks running operations to stop and removes unfinished
 * files; the second signal does not wait for operations. */
static void on_signal(int number)
{
    static volatile sig_atomic_t seen;
    (void)number;
    bf_files_abort_all();
    if (seen) {
        void (*emergency)(void) = cli_emergency;
        if (emergency) emergency();
        _exit(CLI_EXIT_INTERRUPTED);
    }
    seen = 1;
    bf_env_interrupt(&cli_env, 1);
}

static void install_signals(void)
{
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction stop = {.sa_handler = on_signal}, before;
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        if (sigaction(stops[i], NULL, &before) == 0 &&
            before.sa_handler != SIG_IGN) /* as nohup leaves SIGHUP */
            sigaction(stops[i], &stop, NULL);
    /* A closed pipe and a file at its size limit make the write fail, instead
     * of killing the program. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* ---- main ---------------------------------------------------------------- */

static void print_commands(FILE *to, const char *about,
                           const cli_command *const *commands)
{
    fprintf(to, "%s\n\nUsage: %s COMMAND [OPTIONS] [ARGUMENTS]\n\n", about,
            program_name);
    for (size_t i = 0; commands[i]; i++)
        fprintf(to, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(to,
            "\n'%s COMMAND --help' shows options and examples.\n",
            program_name);
}

static const cli_command *find(const cli_command *const *commands,
                               const char *name)
{
    for (; *commands; commands++)
        if (strcmp((*commands)->name, name) == 0) return *commands;
    return NULL;
}

bf_status cli_close_stdout(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return bf_fail_errno(errno ? errno : EIO, "standard output");
    return BF_OK;
}

static bf_status run(const char *about, const cli_command *const *commands,
                     int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr, about, commands);
        return bf_fail(BF_ERR_ARGUMENT, "no command given");
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("%s " BF_VERSION "\n", program_name);
        return cli_close_stdout();
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        print_commands(stdout, about, commands);
        return cli_close_stdout();
    }
    const cli_command *command = find(commands, argv[1]);
    if (!command)
        return bf_fail(BF_ERR_ARGUMENT, "no command '%s' (see %s --help)",
                       argv[1], program_name);
    BF_TRY(command->run(command, argc - 1, argv + 1));
    return cli_close_stdout();
}

/* If a standard stream is closed, the next file opened would take its place,
 * and output or a child could write into that file: into a key, for example. */
static bool open_standard_files(void)
{
    int fd;
    do fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0) return false;
    close(fd);
    return true;
}

int cli_main(const char *program, const char *about,
             const cli_command *const *commands, int argc, char **argv)
{
    program_name = program;
    program_commands = commands;
    if (!open_standard_files()) return CLI_EXIT_IO;
    cli_restore_affinity();
    bf_env_enter(&cli_env);
    install_signals();
    bf_status s = run(about, commands, argc, argv);
    cli_progress_end();
    if (s == BF_OK) return 0;
    if (cli_speaks()) fprintf(stderr, "%s: %s\n", program, bf_last_error());
    return cli_exit_code(s);
}
