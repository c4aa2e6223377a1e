/* Removal of what was begun and not continued. */
#ifndef BF_GATEWAY_SWEEP_H
#define BF_GATEWAY_SWEEP_H

#include "gateway/gateway.h"

#define SWEEP_EVERY 60.0 /* seconds */

/* Removes incomplete files of owners who have or had tokens, and sessions, that
 * are too old. */
void sweep(gateway *g);

#endif
