#include "fit/server_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay.h"

#define SERVER "blindfit-server"
#define POLL_MS 100
#define REPORT_MAX ((size_t)1 << 20)

extern char **environ;

/* ---- finding and starting ------------------------------------------------ */

bf_status cli_server_find(char out[PATH_MAX])
{
    static const char *const places[] = {
        "%.*s/" SERVER, "%.*s/../libexec/blindfit/" SERVER};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) return bf_fail_errno(errno, "/proc/self/exe");
    self[n] = 0;
    char *slash = strrchr(self, '/');
    int folder = slash ? (int)(slash - self) : 0;
    for (int i = 0; i < 2; i++) {
        int length = snprintf(out, PATH_MAX, places[i], folder, self);
        if (length > 0 && length < PATH_MAX && access(out, X_OK) == 0)
            return BF_OK;
    }
    return bf_fail(BF_ERR_IO, "no program " SERVER " in %.*s, nor in "
                   "%.*s/../libexec/blindfit", folder, self, folder, self);
}

static bf_status spawn(pid_t *pid, char *const *argv, const char *report,
                       int errors)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGTERM); /* fit stops the server by this signal */
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, report,
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
    /* The server has a process group of its own: the terminal's Ctrl-C goes to
     * `fit`, and `fit` passes it on. */
    posix_spawnattr_setflags(&attr,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    int err = posix_spawn(pid, argv[0], &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return err ? bf_fail_errno(err, "%s: cannot start", argv[0]) : BF_OK;
}

static bf_status start(pid_t *pid, int *errors, const cli_server_run *run)
{
    char path[PATH_MAX], threads[16];
    int ends[2];
    BF_TRY(cli_server_find(path));
    snprintf(threads, sizeof threads, "%u", bf_env_threads(NULL));
    const char *argv[] = {
        path,        "train",       run->job,
        "--keys",    run->keys,     "--upload",
        run->upload, "--output",    run->model,
        "--threads", threads,       "--json",
        "--relay",   "--pack-rows", run->pack_rows ? "yes" : "auto",
        NULL};
    if (pipe2(ends, O_CLOEXEC) != 0) return bf_fail_errno(errno, "pipe");
    bf_status s = spawn(pid, (char *const *)argv, run->report, ends[1]);
    close(ends[1]);
    if (s != BF_OK)
        close(ends[0]);
    else
        *errors = ends[0];
    return s;
}

/* ---- listening ----------------------------------------------------------- */

static void take_progress(void *user, const char *phase, double done,
                          double total)
{
    (void)user;
    cli_env.progress(cli_env.user, phase, done, total);
}

static void take_note(void *user, const char *text)
{
    (void)user;
    cli_note("server: %s", text);
}

/* Reads until the server closes its end. */
static void listen_to(cli_relay *r, int errors, pid_t pid)
{
    bool told = false;
    for (;;) {
        char text[1024];
        struct pollfd p = {.fd = errors, .events = POLLIN};
        if (!told && cli_env.interrupted) {
            kill(pid, SIGTERM);
            told = true;
        }
        int ready = poll(&p, 1, POLL_MS);
        if (ready <= 0) continue;
        ssize_t n = read(errors, text, sizeof text);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        cli_relay_take(r, text, (size_t)n);
    }
}

static bf_status outcome(int status, const cli_relay *r)
{
    if (cli_env.interrupted)
        return bf_fail(BF_ERR_INTERRUPTED, "interrupted");
    if (WIFSIGNALED(status))
        return bf_fail(WTERMSIG(status) == SIGKILL ? BF_ERR_MEMORY
                                                   : BF_ERR_INTERNAL,
                       "the server was ended by signal %d%s", WTERMSIG(status),
                       WTERMSIG(status) == SIGKILL ? " (out of memory?)" : "");
    int code = WEXITSTATUS(status);
    if (code == 0) return BF_OK;
    return bf_fail(cli_status_of_exit(code), "server: %s",
                   r->message[0] ? r->message : "failed without a word");
}

/* ---- its report ---------------------------------------------------------- */

static double number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static bf_status read_report(cli_server_result *out, const char *path)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(path, REPORT_MAX, &text, &bytes));
    cJSON *o = cJSON_ParseWithLength((char *)text, bytes);
    bf_free(text);
    if (!o) return bf_fail(BF_ERR_FORMAT, "%s: no report of the server", path);
    const cJSON *seconds = cJSON_GetObjectItemCaseSensitive(o, "seconds");
    out->train_seconds = number(seconds, "train");
    out->read_seconds = number(seconds, "read");
    out->write_seconds = number(seconds, "write");
    out->peak_rss_bytes = number(o, "peak_rss_bytes");
    out->key_switches = number(o, "key_switches");
    out->tensor_products = number(o, "tensor_products");
    cJSON_Delete(o);
    return BF_OK;
}

bf_status cli_server_run_job(cli_server_result *out, const cli_server_run *run)
{
    pid_t pid;
    int errors = -1, status = 0;
    cli_relay r = {.progress = take_progress, .note = take_note};
    double begin = cli_now();
    BF_TRY(start(&pid, &errors, run));
    listen_to(&r, errors, pid);
    close(errors);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return bf_fail_errno(errno, "waiting for " SERVER);
    BF_TRY(outcome(status, &r));
    cli_server_result made = {.wall_seconds = cli_now() - begin};
    BF_TRY(read_report(&made, run->report));
    *out = made;
    return BF_OK;
}
