/* The server's run of blindfit/server.h, on chosen kernels. */
#ifndef BF_TRAIN_SERVE_H
#define BF_TRAIN_SERVE_H

#include "blindfit/server.h"
#include "ring/ring.h"

BF_MUST_CHECK bf_status bf_serve_train_on(bf_serve_report *report,
                                          const bf_serve_options *o,
                                          bf_backend backend, bf_env *env);

#endif
