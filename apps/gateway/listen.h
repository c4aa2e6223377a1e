/* Sockets that a gateway listens on. */
#ifndef BF_GATEWAY_LISTEN_H
#define BF_GATEWAY_LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>

#include "blindfit/blindfit.h"

#define LISTEN_NAME_BYTES 160

/* ADDRESS:PORT, with [ADDRESS] for IPv6 and no address for all; port 0: any.
 * name: where it listens. plain: BF_ERR_ARGUMENT unless the address is a
 * loopback's. */
BF_MUST_CHECK bf_status listen_tcp(int *out, char name[LISTEN_NAME_BYTES],
                                   const char *where, bool plain);
/* A Unix socket, which owner and group may use. Replaces one that nobody
 * listens on; BF_ERR_ARGUMENT for any other kind of file. */
BF_MUST_CHECK bf_status listen_unix(int *out, struct stat *made,
                                    const char *path);
/* Removes the socket, unless another one has taken its place. Its number is its
 * own while *out is open. */
void listen_unix_end(const struct stat *made, const char *path);

#endif
