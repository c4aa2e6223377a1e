/* Who a request is from. */
#ifndef BF_GATEWAY_AUTHORISE_H
#define BF_GATEWAY_AUTHORISE_H

#include "gateway/gateway.h"

/* Finds address and owner. 401, or 429 beyond a rate. */
BF_MUST_CHECK unsigned authorise(request *r);
/* Reads the tokens if their file has changed. */
BF_MUST_CHECK bf_status authorise_refresh(gateway *g);

#endif
