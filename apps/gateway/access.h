/* The access log: a line for each request, with no header and no query, and so
 * without tokens. */
#ifndef BF_GATEWAY_ACCESS_H
#define BF_GATEWAY_ACCESS_H

#include "gateway/gateway.h"

/* Counts the request, and prints it unless --quiet. cut: it did not end. */
void access_log(const request *r, bool cut);

#endif
