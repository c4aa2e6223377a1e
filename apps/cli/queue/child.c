#include "queue/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends a child in which something failed before it became the program; 75 is
 * no exit code of train or plan. */
#define EXIT_UNBORN 75

/* Of -1000 to 1000: by half of all memory more likely than a process of the
 * same size. */
static const char oom_score[] = "500";

/* ---- in the child, until exec -------------------------------------------- */

static void prefer_to_be_killed(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t n = write(fd, oom_score, sizeof oom_score - 1);
    (void)n; /* without it the kernel chooses by size, nearly as good */
    close(fd);
}

static void default_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], SIG_DFL);
}

static bool inherit(const int *kept, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fcntl(kept[i], F_SETFD, 0) != 0) return false;
    return true;
}

static void become(const child_start *s, int errors, pid_t parent)
{
    default_signals();
    /* The terminal's Ctrl-C goes to the queue alone, which passes it on. */
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, s->death) != 0 || getppid() != parent) return;
    prefer_to_be_killed();
    if (fchdir(s->folder) != 0) return;
    int output = open(s->output, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
                                     O_CLOEXEC, 0600);
    if (output < 0 || dup2(output, STDOUT_FILENO) < 0) return;
    if (dup2(errors, STDERR_FILENO) < 0) return;
    if (!inherit(s->kept, s->kept_count)) return;
    execv(s->program, (char *const *)s->argv);
}

/* ---- in the queue -------------------------------------------------------- */

bf_status child_begin(child *c, const child_start *s)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0) return bf_fail_errno(errno, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        become(s, ends[1], parent);
        int err = errno;
        const char *why = strerror(err);
        ssize_t n = write(ends[1], why, strlen(why));
        (void)n;
        _exit(EXIT_UNBORN);
    }
    int err = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return bf_fail_errno(err, "%s: cannot start", s->program);
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    c->pid = pid;
    c->errors = ends[0];
    c->relay.length = 0;
    c->relay.message[0] = 0;
    return BF_OK;
}

bool child_listen(child *c)
{
    char text[4096];
    for (;;) {
        ssize_t n = read(c->errors, text, sizeof text);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN;
        if (n == 0) {
            /* A last line may lack its end. */
            cli_relay_take(&c->relay, "\n", 1);
            return false;
        }
        cli_relay_take(&c->relay, text, (size_t)n);
    }
}

int child_end(child *c)
{
    int status = 0;
    close(c->errors);
    while (waitpid(c->pid, &status, 0) < 0)
        if (errno != EINTR) break;
    c->pid = 0;
    return status;
}
