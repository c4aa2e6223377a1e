/* Members of JSON objects, as job.json has them: written exactly, and read from
 * an untrusted file with bounds. */
#ifndef BF_TRAIN_JSON_FIELDS_H
#define BF_TRAIN_JSON_FIELDS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/random.h"

/* The numbers are read back bit for bit. */
void bf_put_number(cJSON *o, const char *name, double v);
void bf_put_numbers(cJSON *o, const char *name, const double *v,
                    unsigned count);

/* A series of reads from one file. A member that is missing, of another type or
 * out of bounds sets status, with a message that names file and member. */
typedef struct bf_fields {
    const char *path;
    bf_status status; /* of the first failure; later reads do nothing */
} bf_fields;

/* On failure the values are 0, false or NULL, or what the member is. */
const cJSON *bf_get_member(bf_fields *r, const cJSON *o, const char *name);
const cJSON *bf_get_object(bf_fields *r, const cJSON *o, const char *name);
double bf_get_real(bf_fields *r, const cJSON *o, const char *name, double low,
                   double high);
size_t bf_get_whole(bf_fields *r, const cJSON *o, const char *name, double low,
                    double high);
/* The number of the word among `count` words. */
unsigned bf_get_word(bf_fields *r, const cJSON *o, const char *name,
                     const char *const *words, unsigned count);
bool bf_get_flag(bf_fields *r, const cJSON *o, const char *name);
/* 1 to `most` finite numbers; returns how many. */
unsigned bf_get_list(bf_fields *r, const cJSON *o, const char *name,
                     double *out, unsigned most);
/* The same of whole numbers from 0 to `high`, at most 2^53. */
#define BF_LIST_MAX 16
unsigned bf_get_wholes(bf_fields *r, const cJSON *o, const char *name,
                       size_t out[BF_LIST_MAX], unsigned most, double high);

/* From BF_HASH_BYTES pairs of hexadecimal digits; false for NULL and any other
 * text. */
bool bf_read_digest(uint8_t out[BF_HASH_BYTES], const char *hex);

#endif
