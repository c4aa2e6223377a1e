/* The gateway (docs/server.md, "HTTP"): owners' requests on a spool.
 *
 * A thread for each connection, of libmicrohttpd, takes a request through
 * answer.c: route, authorisation, limits, body, reply. What lasts lies in files
 * that other gateways may change at any moment; memory has counters alone. All
 * that comes from a connection is an attacker's until its token is found, and
 * an owner's afterwards. */
#ifndef BF_GATEWAY_H
#define BF_GATEWAY_H

#include <cjson/cJSON.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "blindfit/blindfit.h"
#include "gateway/metrics.h"
#include "gateway/parse/route.h"
#include "gateway/rates.h"
#include "gateway/tokens.h"
#include "gateway/upload.h"

typedef struct options {
    const char *spool, *listen, *socket, *tls_cert, *tls_key;
    uint64_t quota_bytes, file_bytes, free_bytes;
    size_t jobs, sessions; /* of an owner */
    size_t connections, connections_per_address;
    size_t rate; /* requests a minute of a token */
    double timeout, expire, expire_sessions;
} options;

typedef struct gateway {
    options o;
    int spool, own, sessions; /* SPOOL, .gateway, .gateway/sessions */
    pthread_mutex_t lock;     /* of the rest */
    tokens tokens;
    struct stat tokens_file; /* as it was read */
    double tokens_looked;    /* cli_now */
    rates rates;
    metrics metrics;
} gateway;

/* ---- requests ------------------------------------------------------------ */

#define ADDRESS_BYTES 64
#define REPLY_HEADERS_MAX 8
#define BODY_TEXT_MAX ((size_t)8192)

struct watched; /* watch.h */

typedef struct request {
    gateway *g;
    struct MHD_Connection *connection;
    struct watched *watched;
    char path[256]; /* without query; for the log */
    bool has_path;  /* all of it fits */
    method method;
    route to;
    char address[ADDRESS_BYTES];
    bool begun, ended;
    /* Of the token. */
    bool metrics_token;
    char owner[SPOOL_OWNER_MAX + 1];
    double quota_bytes;
    /* Of the body. */
    uint64_t content_length; /* UINT64_MAX: none was sent */
    upload_writer writer;
    bool writing;
    int folder; /* of the file; -1 */
    bool made_job;
    char text[BODY_TEXT_MAX + 1];
    size_t text_bytes;
    uint64_t received, sent;
    /* Of the reply. */
    unsigned status;
    char line[256]; /* of an error */
    unsigned headers;
    struct {
        const char *name;
        char value[METADATA_MAX + 1];
    } header[REPLY_HEADERS_MAX];
    double start;
} request;

/* A header of the request; NULL if it is missing. */
const char *request_header(const request *r, const char *name);

/* ---- replies (reply.c) --------------------------------------------------- */

/* Functions on requests return 0, or the status of the error that they left in
 * the request for reply_error. */
BF_MUST_CHECK unsigned refuse(request *r, unsigned status, const char *fmt, ...)
    BF_PRINTF(3, 4);
/* What a failed system call on a file of the owner's means to the owner. */
BF_MUST_CHECK unsigned refuse_errno(request *r, int err, const char *what);
void add_header(request *r, const char *name, const char *fmt, ...)
    BF_PRINTF(3, 4);

enum MHD_Result reply_error(request *r);
enum MHD_Result reply_empty(request *r, unsigned status);
/* Deletes the object. */
enum MHD_Result reply_json(request *r, unsigned status, cJSON *o);
/* Frees the text with free(). */
enum MHD_Result reply_text(request *r, unsigned status, const char *type,
                           char *text);
/* Part of an open file, which it closes. */
enum MHD_Result reply_file(request *r, unsigned status, int fd, uint64_t first,
                           uint64_t bytes);
enum MHD_Result reply_any(request *r, unsigned status,
                          struct MHD_Response *response);

/* ---- what routes do ------------------------------------------------------ */

/* Every route has an `end`, after the body; those that take one have a `begin`,
 * before it. */
typedef struct action {
    unsigned (*begin)(request *r); /* 0, or as refuse */
    enum MHD_Result (*end)(request *r);
} action;

/* files.c: tus on files of jobs and messages of sessions */
unsigned files_begin(request *r);
enum MHD_Result files_end(request *r);
/* jobs.c */
unsigned job_folder(int *out, request *r, bool make);
bool job_is_submitted(int folder);
enum MHD_Result jobs_list(request *r);
enum MHD_Result job_end(request *r);
enum MHD_Result job_submit(request *r);
enum MHD_Result job_withdraw(request *r);
/* download.c */
enum MHD_Result model_end(request *r);
/* What names the bytes of a file, without quotes: its last 32 bytes, which of
 * keys and ciphertexts are the digest of the whole file, in hexadecimal. "" for
 * a file that is shorter. */
#define DIGEST_BYTES 32
#define ETAG_BYTES (2 * DIGEST_BYTES + 1)
void file_etag(char out[ETAG_BYTES], int fd, uint64_t bytes);
/* Sends a file, with ranges; closes fd. */
enum MHD_Result download(request *r, int fd, uint64_t bytes);
/* status.c */
/* An object in a file; NULL if there is none. */
cJSON *status_read(int folder, const char *name);
cJSON *status_of_owner(request *r);
cJSON *status_of_job(request *r, const char *job, int jobs, int results);
/* page.c */
enum MHD_Result page_end(request *r);
/* gauges.c: in the text format of Prometheus */
void gauges_put(FILE *f, const gateway *g);
/* health.c */
enum MHD_Result health_end(request *r);
enum MHD_Result metrics_end(request *r);

/* ---- spool (folders.c) --------------------------------------------------- */

/* SPOOL/OWNER/WHICH; 0 or an errno. */
BF_MUST_CHECK int owner_folder(int *out, const gateway *g, const char *owner,
                               const char *which);
/* The owner's folder of jobs, locked until it is closed: meanwhile no other
 * request begins or removes a file, or submits a job. 0 or an errno. */
BF_MUST_CHECK int owner_lock(int *out, const gateway *g, const char *owner);
/* Calls `work` under this lock; the status of both. */
BF_MUST_CHECK unsigned owner_locked(request *r, unsigned (*work)(request *r));
/* What files of the owner take or will take: in jobs, and messages. jobs: the
 * owner's folder of jobs. */
uint64_t quota_used(const gateway *g, const char *owner, int jobs);

#endif
