/* Backends: which table of kernels a ring uses. */
#ifndef BF_RING_BACKEND_H
#define BF_RING_BACKEND_H

#include "ring/kernels/kernels.h"

/* Table of a resolved backend; NULL if this build or machine lacks it. */
const bf_kernels *bf_backend_kernels(bf_backend b);

#endif
