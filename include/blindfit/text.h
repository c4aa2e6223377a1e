/* Numbers for people to read, as programs and reports print them. */
#ifndef BLINDFIT_TEXT_H
#define BLINDFIT_TEXT_H

#include "blindfit/blindfit.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bf_text {
    char s[48]; /* NUL-terminated */
} bf_text;
BF_API bf_text bf_text_size(double bytes);    /* "2.7 MB", powers of 1000 */
BF_API bf_text bf_text_time(double seconds);  /* "0.42 s", "3 min 12 s" */
BF_API bf_text bf_text_percent(double share); /* "83.1 %" */
BF_API bf_text bf_text_count(double number);  /* "60,000" */

#ifdef __cplusplus
}
#endif

#endif
