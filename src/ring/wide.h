/* 128-bit integers, for set-up code. */
#ifndef BF_RING_WIDE_H
#define BF_RING_WIDE_H

__extension__ typedef unsigned __int128 bf_u128;

#endif
