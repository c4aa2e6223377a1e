#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "gateway/answer.h"
#include "gateway/authorise.h"
#include "gateway/commands.h"
#include "gateway/listen.h"
#include "gateway/sessions.h"
#include "gateway/sweep.h"
#include "gateway/watch.h"
#include "spool/at.h"

#define LOOK_MS 200
#define WATCH_EVERY 1.0 /* seconds */
#define TLS_BYTES_MAX ((size_t)1 << 20)
/* Of each connection: head, and a block of the body. */
#define CONNECTION_BYTES ((size_t)64 << 10)
#define STACK_BYTES ((size_t)1 << 20)
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

typedef struct server {
    gateway g;
    watch watch;
    int socket;
    struct stat made; /* of a Unix socket */
    char name[LISTEN_NAME_BYTES];
    char *cert, *key;
    struct MHD_Daemon *daemon;
} server;

/* ---- the spool ----------------------------------------------------------- */

static bf_status open_spool(gateway *g)
{
    const char *spool = g->o.spool;
    struct stat st;
    /* Owners' names need not be readable here. */
    g->spool = open(spool, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (g->spool < 0) return bf_fail_errno(errno, "%s", spool);
    int err = at_make_folder(&g->own, g->spool, ".gateway", 0700);
    if (err) return bf_fail_errno(err, "%s/.gateway", spool);
    if (fstat(g->own, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 022))
        return bf_fail(BF_ERR_IO,
                       "%s/.gateway: belongs to another user, or others may "
                       "write to it",
                       spool);
    err = at_make_folder(&g->sessions, g->own, SESSIONS_FOLDER, 0750);
    if (err) return bf_fail_errno(err, "%s/.gateway/" SESSIONS_FOLDER, spool);
    return authorise_refresh(g);
}

/* ---- TLS and the daemon -------------------------------------------------- */

static bf_status read_tls(server *s)
{
    uint8_t *data;
    size_t bytes;
    if (!s->g.o.tls_cert) return BF_OK;
    BF_TRY(bf_read_file(s->g.o.tls_cert, TLS_BYTES_MAX, &data, &bytes));
    s->cert = (char *)data;
    BF_TRY(bf_read_file(s->g.o.tls_key, TLS_BYTES_MAX, &data, &bytes));
    s->key = (char *)data;
    return BF_OK;
}

static char daemon_said[BF_MESSAGE_BYTES];

/* Of connections it says what any stranger can cause; of the start, the reason
 * of a failure. */
static void hear(void *user, const char *fmt, va_list args)
{
    server *s = user;
    if (s->daemon) return;
    vsnprintf(daemon_said, sizeof daemon_said, fmt, args);
    daemon_said[strcspn(daemon_said, "\n")] = 0;
}

static bf_status start(server *s)
{
    const options *o = &s->g.o;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
                     MHD_USE_ERROR_LOG;
    if (s->cert) flags |= MHD_USE_TLS;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, s->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL}};
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, answer, &s->g, MHD_OPTION_EXTERNAL_LOGGER, hear,
        s, MHD_OPTION_LISTEN_SOCKET, s->socket, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)o->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)o->connections_per_address, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)ceil(o->timeout), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_BYTES, MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        answer_path, &s->g, MHD_OPTION_NOTIFY_COMPLETED, answer_ended, &s->g,
        MHD_OPTION_NOTIFY_CONNECTION, answer_connection, &s->watch,
        MHD_OPTION_ARRAY, s->cert ? tls : tls + 3, MHD_OPTION_END);
    if (s->daemon) return BF_OK;
    return bf_fail(BF_ERR_IO, "the HTTP server does not start: %s",
                   *daemon_said ? daemon_said : "bad certificate or key?");
}

static void work(server *s)
{
    double looked = 0, swept = 0;
    while (!cli_env.interrupted) {
        double now = cli_now();
        if (now - looked >= WATCH_EVERY) {
            watch_look(&s->watch);
            looked = now;
        }
        if (now - swept >= SWEEP_EVERY) {
            sweep(&s->g);
            swept = now;
        }
        poll(NULL, 0, LOOK_MS);
    }
}

static bf_status open_socket(server *s)
{
    const options *o = &s->g.o;
    if (o->listen) return listen_tcp(&s->socket, s->name, o->listen, !s->cert);
    snprintf(s->name, sizeof s->name, "%s", o->socket);
    return listen_unix(&s->socket, &s->made, o->socket);
}

static bf_status serve(server *s)
{
    BF_TRY(open_spool(&s->g));
    BF_TRY(read_tls(s));
    BF_TRY(open_socket(s));
    BF_TRY(start(s));
    cli_note("listening on %s%s", s->name, s->cert ? ", TLS 1.3" : "");
    work(s);
    if (s->g.o.socket) listen_unix_end(&s->made, s->g.o.socket);
    MHD_stop_daemon(s->daemon); /* also closes the socket */
    s->socket = -1;
    return BF_OK;
}

static void close_server(server *s)
{
    const int open[] = {s->socket, s->g.sessions, s->g.own, s->g.spool};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (open[i] >= 0) close(open[i]);
    bf_free(s->cert);
    if (s->key) sodium_memzero(s->key, strlen(s->key));
    bf_free(s->key);
    tokens_clear(&s->g.tokens);
}

/* ---- options ------------------------------------------------------------- */

static bf_status check_options(const options *o)
{
    if (!o->listen == !o->socket)
        return bf_fail(BF_ERR_ARGUMENT, "serve needs --listen or --socket");
    if (!o->tls_cert != !o->tls_key)
        return bf_fail(BF_ERR_ARGUMENT, "--tls-cert needs --tls-key");
    if (o->tls_cert && o->socket)
        return bf_fail(BF_ERR_ARGUMENT, "--socket: TLS is its proxy's");
    if (o->connections > 100000 || o->connections_per_address > 100000)
        return bf_fail(BF_ERR_ARGUMENT, "--connections: at most 100000");
    if (o->timeout > 86400)
        return bf_fail(BF_ERR_ARGUMENT, "--timeout: at most a day");
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    static server s;
    const char *operands[CLI_OPERANDS_MAX];
    s = (server){.socket = -1, .g = {.spool = -1, .own = -1, .sessions = -1}};
    options *o = &s.g.o;
    *o = (options){.quota_bytes = 200000000000,
                   .file_bytes = 100000000000,
                   .free_bytes = 1000000000,
                   .jobs = 100,
                   .sessions = 100,
                   .connections = 512,
                   .connections_per_address = 64,
                   .rate = 1200,
                   .timeout = 30,
                   .expire = 7 * 86400,
                   .expire_sessions = 30 * 86400};
    const cli_option table[] = {
        {"listen", 0, CLI_TEXT, &o->listen, "ADDRESS:PORT",
         "where to listen; without TLS only 127.0.0.1 or [::1]"},
        {"socket", 0, CLI_TEXT, &o->socket, "FILE",
         "listen on a Unix socket instead, for a proxy that has TLS"},
        {"tls-cert", 0, CLI_TEXT, &o->tls_cert, "FILE",
         "certificate and those that it needs, PEM"},
        {"tls-key", 0, CLI_TEXT, &o->tls_key, "FILE", "its key, PEM"},
        {"quota", 0, CLI_BYTES, &o->quota_bytes, "SIZE",
         "most that all files of an owner may take (default: 200G)"},
        {"max-file", 0, CLI_BYTES, &o->file_bytes, "SIZE",
         "most that a file may take (default: 100G)"},
        {"min-free", 0, CLI_BYTES, &o->free_bytes, "SIZE",
         "begin no file that leaves less of the disk (default: 1G)"},
        {"max-jobs", 0, CLI_COUNT, &o->jobs, "N",
         "most jobs of an owner (default: 100)"},
        {"max-sessions", 0, CLI_COUNT, &o->sessions, "N",
         "most sessions that an owner began (default: 100)"},
        {"connections", 0, CLI_COUNT, &o->connections, "N",
         "most connections at once (default: 512)"},
        {"connections-per-address", 0, CLI_COUNT, &o->connections_per_address,
         "N", "of them from one address (default: 64)"},
        {"rate", 0, CLI_COUNT, &o->rate, "N",
         "most requests a minute with one token (default: 1200)"},
        {"timeout", 0, CLI_TIME, &o->timeout, "TIME",
         "cut connections that are silent, or too slow, for this long "
         "(default: 30s)"},
        {"expire", 0, CLI_TIME, &o->expire, "TIME",
         "remove incomplete files after this long (default: 7d)"},
        {"expire-sessions", 0, CLI_TIME, &o->expire_sessions, "TIME",
         "remove sessions after this long without a message (default: 30d)"},
        {0},
    };
    cli_hold_secrets();
    BF_TRY(cli_parse(self, table, argc, argv, 1, 1, operands));
    o->spool = operands[0];
    BF_TRY(check_options(o));
    umask(027);
    rates_init(&s.g.rates);
    pthread_mutex_init(&s.g.lock, NULL);
    pthread_mutex_init(&s.watch.lock, NULL);
    s.watch.timeout = o->timeout;
    s.watch.metrics = &s.g.metrics;
    bf_status status = serve(&s);
    close_server(&s);
    return status;
}

const cli_command gateway_serve = {
    .name = "serve",
    .summary = "serve owners of a spool by HTTP",
    .synopsis = "SPOOL --listen ADDRESS:PORT | --socket FILE",
    .examples =
        "  blindfit-gateway token add spool alice\n"
        "  # with TLS 1.3, to everybody\n"
        "  blindfit-gateway serve spool --listen :8443 \\\n"
        "      --tls-cert fullchain.pem --tls-key privkey.pem\n"
        "  # behind a proxy on the same machine\n"
        "  blindfit-gateway serve spool --socket /run/blindfit/gateway.sock\n",
    .run = run,
};
