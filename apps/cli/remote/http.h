/* Requests to a gateway (docs/server.md, "HTTP"), by libcurl, which only http.c
 * and url.c know. */
#ifndef BF_REMOTE_HTTP_H
#define BF_REMOTE_HTTP_H

#include "cli.h"
#include "remote/login.h"

/* What transfers of a command have in common. */
typedef struct remote_options {
    uint64_t rate;   /* most bytes a second; 0: no limit */
    double patience; /* seconds without progress, until a command gives up */
} remote_options;
#define REMOTE_PATIENCE 600.0

typedef struct remote_http remote_http;
/* The login must outlive it. */
BF_MUST_CHECK bf_status remote_http_open(remote_http **out,
                                         const remote_login *login,
                                         const remote_options *o);
void remote_http_close(remote_http *h); /* NULL is fine */

/* ---- a request ----------------------------------------------------------- */

#define REMOTE_ETAG_BYTES 80

/* Fields are valid as far as the header was sent. */
typedef struct remote_answer {
    int code; /* 0: no answer came */
    bool again; /* the request may be repeated: it was cut, or the server asks
                 * for time */
    double retry_after;                 /* seconds; 0: not said */
    int64_t upload_offset, range_start; /* -1: not sent */
    char etag[REMOTE_ETAG_BYTES];       /* without quotes; "" */
    char metadata[512];                 /* Upload-Metadata; "" */
    char *text; /* body, unless `take` took it; NULL without one */
    size_t text_bytes;
} remote_answer;
void remote_answer_clear(remote_answer *a);

#define REMOTE_HEADERS_MAX 4
typedef struct remote_request {
    const char *method, *path; /* the path begins with "/v1" */
    const char *header[REMOTE_HEADERS_MAX]; /* "Name: value" */
    /* Body: a text, or bytes of an open file. */
    const char *text;
    bool has_body;
    int file;
    uint64_t offset, bytes;
    /* Receives the body of an answer 200 or 206; NULL: the answer keeps it. */
    bf_status (*take)(void *user, const remote_answer *a, const void *data,
                      size_t bytes);
    /* Called while bytes travel: how many of this request's have. */
    void (*moved)(void *user, uint64_t bytes);
    void *user;
} remote_request;

/* One try. BF_OK if an answer came, whatever its code is. After a failure
 * a->again says whether another try makes sense. */
BF_MUST_CHECK bf_status remote_http_once(remote_http *h,
                                         const remote_request *r,
                                         remote_answer *a);
/* Repeats the request until it has an answer that is final, or patience ends.
 * BF_OK for codes below 400, and for `expected`; others fail as
 * remote_http_refusal. */
BF_MUST_CHECK bf_status remote_http_ask(remote_http *h, const remote_request *r,
                                        remote_answer *a, int expected);
/* The same for a body that is a JSON object, which the caller deletes; NULL for
 * `expected`. BF_ERR_FORMAT for another body. */
BF_MUST_CHECK bf_status remote_http_json(cJSON **out, remote_http *h,
                                         const remote_request *r, int expected);
/* The failure that an answer of 400 or more means, with the server's line. */
BF_MUST_CHECK bf_status remote_http_refusal(const remote_http *h,
                                            const remote_answer *a);

/* ---- another try --------------------------------------------------------- */

typedef struct remote_tries {
    double since, delay; /* {0}: nothing has failed since it last moved */
} remote_tries;
/* After a failure s that may be repeated: waits longer each time, and then
 * returns BF_OK; or s when patience has ended. */
BF_MUST_CHECK bf_status remote_again(const remote_http *h, remote_tries *t,
                                     bf_status s, double retry_after);
/* BF_ERR_INTERRUPTED after Ctrl-C. */
BF_MUST_CHECK bf_status remote_sleep(double seconds);

#endif
