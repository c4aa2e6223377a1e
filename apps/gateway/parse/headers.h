/* Values of HTTP headers: text of an attacker, also of one without a token.
 * Functions return false for text that does not have the form; *out is then
 * unspecified. NULL, a missing header, has no form. */
#ifndef BF_GATEWAY_HEADERS_H
#define BF_GATEWAY_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/names.h"

#define TOKEN_CHARS 43 /* 32 bytes in base64url */
#define METADATA_MAX 1024u
#define FILENAME_MAX_BYTES 64u
#define DIGEST_CHARS 64u
#define CHECKSUM_BYTES_MAX 64u

/* Decimal digits alone, below 2^53. */
bool header_number(uint64_t *out, const char *text);

typedef struct credentials {
    bool basic;
    char owner[SPOOL_OWNER_MAX + 1]; /* of the Basic scheme; or empty */
    char token[TOKEN_CHARS + 1];     /* of this form, not yet believed */
} credentials;
/* Authorization, of the schemes Bearer and Basic (RFC 6750, RFC 7617). */
bool header_credentials(credentials *out, const char *text);

/* Upload-Metadata of tus: pairs "KEY BASE64" between commas. */
bool header_metadata(const char *text);
/* The value of `filename` in such text. */
bool header_filename(char out[FILENAME_MAX_BYTES + 1], const char *text);
/* The value of `digest`: 32 bytes in small hexadecimal digits. */
bool header_digest(char out[DIGEST_CHARS + 1], const char *text);

typedef enum checksum_algorithm {
    CHECKSUM_SHA1,
    CHECKSUM_SHA256,
    CHECKSUM_SHA512
} checksum_algorithm;
typedef struct checksum {
    checksum_algorithm algorithm;
    uint8_t hash[CHECKSUM_BYTES_MAX];
    size_t bytes; /* 0: none */
} checksum;
#define CHECKSUM_ALGORITHMS "sha1,sha256,sha512"
/* Upload-Checksum of tus: "sha1 BASE64". */
bool header_checksum(checksum *out, const char *text);

typedef enum range_kind {
    RANGE_ALL,   /* no range, or one that may be ignored (RFC 9110, 14.2) */
    RANGE_PART,  /* first to last, both included */
    RANGE_BEYOND /* begins behind the end */
} range_kind;
typedef struct range {
    range_kind kind;
    uint64_t first, last;
} range;
/* Range, of a file of so many bytes: one range; several are ignored. */
range header_range(const char *text, uint64_t bytes);

#endif
