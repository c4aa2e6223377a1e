#include "gateway/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- TCP ----------------------------------------------------------------- */

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 ==
               127;
    return a->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

/* getaddrinfo takes a larger port, and drops its higher bits. */
#define PORT_MAX 65535

/* Splits at the last colon; *host is NULL for all addresses. */
static bool split(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':');
    size_t n;
    if (!colon || !colon[1]) return false;
    *colon = 0;
    *port = colon + 1;
    *host = *text ? text : NULL;
    n = strlen(text);
    if (text[0] == '[') {
        if (text[n - 1] != ']') return false;
        text[n - 1] = 0;
        *host = text + 1;
    }
    return strspn(*port, "0123456789") == strlen(*port) &&
           strtoul(*port, NULL, 10) <= PORT_MAX;
}

static int open_tcp(const struct addrinfo *a)
{
    int on = 1, off = 0;
    int fd =
        socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int err = errno;
    close(fd);
    errno = err;
    return -1;
}

static void name_of(char name[LISTEN_NAME_BYTES], int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    char host[INET6_ADDRSTRLEN] = "?", port[16] = "?";
    if (getsockname(fd, (struct sockaddr *)&a, &n) == 0)
        getnameinfo((struct sockaddr *)&a, n, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(name, LISTEN_NAME_BYTES, strchr(host, ':') ? "[%s]:%s" : "%s:%s",
             host, port);
}

bf_status listen_tcp(int *out, char name[LISTEN_NAME_BYTES], const char *where,
                     bool plain)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_PASSIVE |
                                               AI_NUMERICSERV};
    struct addrinfo *a, *best;
    char text[LISTEN_NAME_BYTES], *host, *port;
    snprintf(text, sizeof text, "%s", where);
    if (!split(text, &host, &port) || getaddrinfo(host, port, &hints, &a) != 0)
        return bf_fail(BF_ERR_ARGUMENT, "--listen: '%s' is no ADDRESS:PORT",
                       where);
    /* All addresses: a socket for IPv6 takes IPv4 too. */
    for (best = a; best->ai_next && best->ai_family != AF_INET6;)
        best = best->ai_next;
    bf_status s = BF_OK;
    if (plain && !is_loopback(best->ai_addr))
        s = bf_fail(BF_ERR_ARGUMENT,
                    "--listen: %s is no loopback address, and needs "
                    "--tls-cert and --tls-key",
                    where);
    else if ((*out = open_tcp(best)) < 0)
        s = bf_fail_errno(errno, "--listen %s", where);
    else
        name_of(name, *out);
    freeaddrinfo(a);
    return s;
}

/* ---- Unix ---------------------------------------------------------------- */

/* A gateway that was killed leaves its socket behind. connect refuses other
 * kinds of files by the same number. */
static bool is_dead(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool dead = connect(fd, (const struct sockaddr *)a, sizeof *a) != 0 &&
                errno == ECONNREFUSED;
    close(fd);
    return dead;
}

static int bind_unix(int fd, const struct sockaddr_un *a)
{
    mode_t before = umask(0117);
    int result = bind(fd, (const struct sockaddr *)a, sizeof *a);
    umask(before);
    return result;
}

bf_status listen_unix(int *out, struct stat *made, const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path)
        return bf_fail(BF_ERR_ARGUMENT, "--socket: the path is too long");
    memcpy(a.sun_path, path, strlen(path) + 1);
    if (lstat(path, made) == 0 && !S_ISSOCK(made->st_mode))
        return bf_fail(BF_ERR_ARGUMENT, "--socket %s: exists, and is no socket",
                       path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return bf_fail_errno(errno, "--socket");
    int bound = bind_unix(fd, &a);
    if (bound != 0 && errno == EADDRINUSE && is_dead(&a) && unlink(path) == 0)
        bound = bind_unix(fd, &a);
    if (bound == 0 && listen(fd, SOMAXCONN) == 0 && lstat(path, made) == 0) {
        *out = fd;
        return BF_OK;
    }
    bf_status s = bf_fail_errno(errno, "--socket %s", path);
    close(fd);
    return s;
}

void listen_unix_end(const struct stat *made, const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && st.st_dev == made->st_dev &&
        st.st_ino == made->st_ino)
        unlink(path);
}
