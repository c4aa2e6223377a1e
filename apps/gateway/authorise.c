#include "gateway/authorise.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cli.h"

/* Of an address without a token. */
#define FAILURES_PER_MINUTE 60
#define FAILURES_AT_ONCE 60
#define LOOK_EVERY 1.0 /* seconds */

/* ---- addresses ----------------------------------------------------------- */

static enum MHD_Result take_forwarded(void *user, enum MHD_ValueKind kind,
                                      const char *name, const char *value)
{
    const char **last = user;
    (void)kind;
    if (strcasecmp(name, "X-Forwarded-For") == 0) *last = value ? value : "";
    return MHD_YES;
}

/* Behind a Unix socket is a proxy, which appends the address that it sees, to
 * the client's line or in a line of its own. */
static void read_forwarded(request *r)
{
    const char *text = NULL, *last;
    uint8_t any[16];
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, take_forwarded,
                              &text);
    if (!text) return;
    last = strrchr(text, ',');
    text = last ? last + 1 : text;
    while (*text == ' ') text++;
    if (inet_pton(AF_INET, text, any) == 1 ||
        inet_pton(AF_INET6, text, any) == 1)
        snprintf(r->address, sizeof r->address, "%s", text);
}

static void read_address(request *r)
{
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(
        r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = i ? i->client_addr : NULL;
    snprintf(r->address, sizeof r->address, "-");
    if (!a || a->sa_family == AF_UNIX)
        read_forwarded(r);
    else if (a->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr,
                  r->address, sizeof r->address);
    else if (a->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr,
                  r->address, sizeof r->address);
}

/* Whoever has an IPv6 address usually has 2^64 of them. */
static void network_of(char out[ADDRESS_BYTES], const char *address)
{
    struct in6_addr a;
    snprintf(out, ADDRESS_BYTES, "%s", address);
    if (inet_pton(AF_INET6, address, &a) != 1) return;
    memset(a.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &a, out, ADDRESS_BYTES);
}

/* ---- tokens -------------------------------------------------------------- */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* With the lock. */
static bf_status refresh(gateway *g)
{
    struct stat st = {.st_ino = 0};
    tokens fresh;
    double now = cli_now();
    if (g->tokens_looked > 0 && now - g->tokens_looked < LOOK_EVERY)
        return BF_OK;
    g->tokens_looked = now;
    if (fstatat(g->own, TOKENS_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        is_same(&st, &g->tokens_file))
        return BF_OK;
    BF_TRY(tokens_read(&fresh, g->own));
    tokens_clear(&g->tokens);
    g->tokens = fresh;
    g->tokens_file = st;
    return BF_OK;
}

bf_status authorise_refresh(gateway *g)
{
    pthread_mutex_lock(&g->lock);
    bf_status s = refresh(g);
    pthread_mutex_unlock(&g->lock);
    return s;
}

static bool allowed(request *r, char kind, const char *name, double per_minute,
                    double burst)
{
    double wait;
    pthread_mutex_lock(&r->g->lock);
    bool free = rates_take(&r->g->rates, &wait, kind, name, per_minute, burst,
                           cli_now());
    pthread_mutex_unlock(&r->g->lock);
    if (!free) add_header(r, "Retry-After", "%.0f", ceil(wait));
    return free;
}

/* A valid token is never kept out by others' failures. */
static unsigned refuse_unknown(request *r, const char *why)
{
    char network[ADDRESS_BYTES];
    network_of(network, r->address);
    if (!allowed(r, 'a', network, FAILURES_PER_MINUTE, FAILURES_AT_ONCE))
        return refuse(r, 429, "too many requests without a token");
    add_header(r, "WWW-Authenticate", "%s",
               r->to.kind == ROUTE_PAGE ? "Basic realm=\"blindfit\""
                                        : "Bearer realm=\"blindfit\"");
    return refuse(r, 401, "%s", why);
}

/* Finds the token and takes its name and limits. */
static bool find(request *r, const credentials *c, double *rate,
                 char name[2 * TOKEN_HASH_BYTES + 1])
{
    gateway *g = r->g;
    pthread_mutex_lock(&g->lock);
    if (refresh(g) != BF_OK) cli_warn("%s; tokens stay", bf_last_error());
    const token *t = tokens_find(&g->tokens, c->token, time(NULL));
    bool good = t && (!c->basic || strcmp(c->owner, t->owner) == 0);
    if (good) {
        memcpy(r->owner, t->owner, sizeof r->owner);
        r->metrics_token = !*t->owner;
        r->quota_bytes =
            t->quota_bytes > 0 ? t->quota_bytes : (double)g->o.quota_bytes;
        *rate = t->requests_per_minute > 0 ? t->requests_per_minute
                                           : (double)g->o.rate;
        for (int i = 0; i < TOKEN_HASH_BYTES; i++)
            snprintf(name + 2 * i, 3, "%02x", t->hash[i]);
    }
    pthread_mutex_unlock(&g->lock);
    return good;
}

unsigned authorise(request *r)
{
    char name[2 * TOKEN_HASH_BYTES + 1];
    credentials c;
    double rate;
    read_address(r);
    if (r->method == METHOD_OPTIONS || r->to.kind == ROUTE_HEALTH) return 0;
    const char *header = request_header(r, "Authorization");
    if (!header) return refuse_unknown(r, "no token was sent");
    if (!header_credentials(&c, header))
        return refuse_unknown(r, "Authorization: has no token");
    /* Browsers send a password by themselves, for other sites too. */
    if (c.basic && !(r->method & (METHOD_GET | METHOD_HEAD)))
        return refuse_unknown(r, "this needs the Bearer scheme");
    if (!find(r, &c, &rate, name))
        return refuse_unknown(r, "the token is not valid");
    if (!allowed(r, 't', name, rate, fmax(rate / 4, 1)))
        return refuse(r, 429, "more than %.0f requests a minute", rate);
    if (r->metrics_token != (r->to.kind == ROUTE_METRICS))
        return refuse(r, 403, "this token is for %s",
                      r->metrics_token ? "metrics" : "an owner's jobs");
    return 0;
}
