/* Training by several processes. */
#ifndef BF_CLI_RANKS_H
#define BF_CLI_RANKS_H

#include "blindfit/server.h"

/* This process among those that `train` together; count 0: it trains alone. */
extern bf_ranks cli_ranks;

/* False on all ranks but the first, which speaks for all. */
static inline bool cli_speaks(void)
{
    return cli_ranks.own == 0;
}

#endif
