#include "remote/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_SECONDS 30L
/* Without a byte for so long a connection counts as cut. Longer than a server
 * needs to flush a file of many gigabytes before it answers. */
#define SILENT_SECONDS 120L
#define TEXT_MAX ((size_t)4 << 20)

struct remote_http {
    CURL *curl;
    const remote_login *login;
    remote_options o;
    char error[CURL_ERROR_SIZE];
};

/* ---- opening ------------------------------------------------------------- */

#define SET(h, option, value)                                                  \
    if (curl_easy_setopt((h)->curl, option, value) != CURLE_OK)                \
    return bf_fail(BF_ERR_INTERNAL, "libcurl: " #option " fails")

/* libcurl reads a hundred buffers before it looks at the rate again. */
#define READS 100

static bf_status limit_rate(remote_http *h)
{
    uint64_t rate = h->o.rate;
    if (!rate) return BF_OK;
    SET(h, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)rate);
    SET(h, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)rate);
    if (rate / READS < CURL_MAX_READ_SIZE)
        SET(h, CURLOPT_BUFFERSIZE, (long)(rate / READS));
    return BF_OK;
}

/* The certificate is checked against the login's authorities alone, if it has
 * some. Redirections are not followed, as they could lead the token away, and
 * no proxy sees what goes to this machine itself, which may be plaintext. */
static bf_status set_up(remote_http *h)
{
    const remote_login *l = h->login;
    SET(h, CURLOPT_ERRORBUFFER, h->error);
    SET(h, CURLOPT_NOSIGNAL, 1L);
    SET(h, CURLOPT_USERAGENT, "blindfit/" BF_VERSION);
    SET(h, CURLOPT_PROTOCOLS_STR, "https,http");
    SET(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(h, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(h, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(h, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    SET(h, CURLOPT_XOAUTH2_BEARER, l->token);
    SET(h, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    SET(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(h, CURLOPT_LOW_SPEED_TIME, SILENT_SECONDS);
    SET(h, CURLOPT_TCP_KEEPALIVE, 1L);
    if (remote_url_plaintext(l->url)) SET(h, CURLOPT_NOPROXY, "*");
    BF_TRY(limit_rate(h));
    if (!l->ca) return BF_OK;
    struct curl_blob pem = {.data = l->ca,
                            .len = strlen(l->ca),
                            .flags = CURL_BLOB_NOCOPY};
    SET(h, CURLOPT_CAINFO_BLOB, &pem);
    SET(h, CURLOPT_CAPATH, NULL);
    return BF_OK;
}

bf_status remote_http_open(remote_http **out, const remote_login *login,
                           const remote_options *o)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return bf_fail(BF_ERR_INTERNAL, "libcurl does not start");
    BF_TRY(remote_url_check(login->url));
    remote_http *h = calloc(1, sizeof *h);
    if (!h) return bf_fail(BF_ERR_MEMORY, "no memory for a connection");
    *h = (remote_http){.curl = curl_easy_init(), .login = login, .o = *o};
    bf_status s = h->curl ? set_up(h)
                          : bf_fail(BF_ERR_MEMORY, "no memory for libcurl");
    if (s == BF_OK)
        *out = h;
    else
        remote_http_close(h);
    return s;
}

void remote_http_close(remote_http *h)
{
    if (!h) return;
    if (h->curl) curl_easy_cleanup(h->curl);
    free(h);
}

/* ---- what libcurl calls -------------------------------------------------- */

typedef struct transfer {
    remote_http *h;
    const remote_request *r;
    remote_answer *a;
    uint64_t sent;    /* of the body */
    bf_status failed; /* of a callback, with its message */
    bool begun;       /* headers are in the answer */
} transfer;

static const char *header(CURL *curl, const char *name)
{
    struct curl_header *h;
    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
        return NULL;
    return h->value;
}

/* Digits, and then the end or `after`; -1 for all else. */
static int64_t whole(const char *text, char after)
{
    char *end;
    if (!text || *text < '0' || *text > '9') return -1;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    return errno || (*end && *end != after) ? -1 : v;
}

static void take_headers(transfer *t)
{
    CURL *curl = t->h->curl;
    remote_answer *a = t->a;
    long code = 0;
    if (t->begun) return;
    t->begun = true;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    a->code = (int)code;
    a->upload_offset = whole(header(curl, "Upload-Offset"), 0);
    int64_t wait = whole(header(curl, "Retry-After"), 0);
    a->retry_after = wait > 0 ? (double)wait : 0;
    const char *range = header(curl, "Content-Range");
    if (range && strncmp(range, "bytes ", 6) == 0)
        a->range_start = whole(range + 6, '-');
    const char *metadata = header(curl, "Upload-Metadata");
    if (metadata)
        snprintf(a->metadata, sizeof a->metadata, "%s", metadata);
    const char *etag = header(curl, "ETag");
    size_t n = etag ? strlen(etag) : 0;
    if (n > 2 && n < sizeof a->etag && etag[0] == '"' && etag[n - 1] == '"')
        snprintf(a->etag, sizeof a->etag, "%.*s", (int)n - 2, etag + 1);
}

static bf_status keep_text(remote_answer *a, const void *data, size_t bytes)
{
    if (bytes > TEXT_MAX - a->text_bytes)
        return bf_fail(BF_ERR_FORMAT, "the answer is too long");
    char *more = realloc(a->text, a->text_bytes + bytes + 1);
    if (!more) return bf_fail(BF_ERR_MEMORY, "no memory for an answer");
    a->text = more;
    memcpy(more + a->text_bytes, data, bytes);
    a->text_bytes += bytes;
    more[a->text_bytes] = 0;
    return BF_OK;
}

static size_t on_received(char *data, size_t one, size_t bytes, void *user)
{
    transfer *t = user;
    (void)one;
    take_headers(t);
    bool taken = t->r->take && (t->a->code == 200 || t->a->code == 206);
    t->failed = taken ? t->r->take(t->r->user, t->a, data, bytes)
                      : keep_text(t->a, data, bytes);
    return t->failed == BF_OK ? bytes : CURL_WRITEFUNC_ERROR;
}

static size_t on_send(char *to, size_t one, size_t room, void *user)
{
    transfer *t = user;
    uint64_t left = t->r->bytes - t->sent;
    (void)one;
    if (room > left) room = left;
    ssize_t n;
    do n = pread(t->r->file, to, room, (off_t)(t->r->offset + t->sent));
    while (n < 0 && errno == EINTR);
    if (n < 0 || (n == 0 && left > 0)) {
        t->failed = n < 0 ? bf_fail_errno(errno, "reading what to send")
                          : bf_fail(BF_ERR_IO, "a file got shorter while it "
                                               "was sent");
        return CURL_READFUNC_ABORT;
    }
    t->sent += (uint64_t)n;
    return (size_t)n;
}

/* libcurl sends a body again if the server had closed an idle connection. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
    transfer *t = user;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->r->bytes)
        return CURL_SEEKFUNC_FAIL;
    t->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static int on_moved(void *user, curl_off_t dl_total, curl_off_t dl,
                    curl_off_t ul_total, curl_off_t ul)
{
    transfer *t = user;
    (void)dl_total;
    (void)ul_total;
    if (t->r->moved && (ul > 0 || dl > 0))
        t->r->moved(t->r->user, (uint64_t)(t->r->has_body ? ul : dl));
    return cli_env.interrupted;
}

/* ---- one try ------------------------------------------------------------- */

static bf_status set_body(transfer *t)
{
    remote_http *h = t->h;
    const remote_request *r = t->r;
    SET(h, CURLOPT_HTTPGET, 1L);
    SET(h, CURLOPT_UPLOAD, 0L);
    SET(h, CURLOPT_NOBODY, 0L);
    if (r->text) {
        SET(h, CURLOPT_POSTFIELDS, r->text);
        SET(h, CURLOPT_POSTFIELDSIZE, (long)strlen(r->text));
    } else if (r->has_body) {
        SET(h, CURLOPT_UPLOAD, 1L);
        SET(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->bytes);
        SET(h, CURLOPT_READFUNCTION, on_send);
        SET(h, CURLOPT_READDATA, t);
        SET(h, CURLOPT_SEEKFUNCTION, on_seek);
        SET(h, CURLOPT_SEEKDATA, t);
    } else if (strcmp(r->method, "POST") == 0) {
        SET(h, CURLOPT_POSTFIELDS, "");
        SET(h, CURLOPT_POSTFIELDSIZE, 0L);
    } else if (strcmp(r->method, "HEAD") == 0) {
        SET(h, CURLOPT_NOBODY, 1L);
    }
    SET(h, CURLOPT_CUSTOMREQUEST, r->method);
    return BF_OK;
}

static bf_status set_request(transfer *t, const char *url,
                             struct curl_slist *headers)
{
    remote_http *h = t->h;
    BF_TRY(set_body(t));
    SET(h, CURLOPT_URL, url);
    SET(h, CURLOPT_HTTPHEADER, headers);
    SET(h, CURLOPT_WRITEFUNCTION, on_received);
    SET(h, CURLOPT_WRITEDATA, t);
    SET(h, CURLOPT_NOPROGRESS, 0L);
    SET(h, CURLOPT_XFERINFOFUNCTION, on_moved);
    SET(h, CURLOPT_XFERINFODATA, t);
    return BF_OK;
}

/* Without Expect, curl's wait before a body, of which gateways need nothing. */
static bf_status list_headers(struct curl_slist **out, const remote_request *r)
{
    *out = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; *out && i < REMOTE_HEADERS_MAX && r->header[i]; i++) {
        struct curl_slist *more = curl_slist_append(*out, r->header[i]);
        if (!more) curl_slist_free_all(*out);
        *out = more;
    }
    return *out ? BF_OK : bf_fail(BF_ERR_MEMORY, "no memory for a request");
}

static bf_status failure(transfer *t, CURLcode code)
{
    remote_http *h = t->h;
    const char *reason = h->error[0] ? h->error : curl_easy_strerror(code);
    if (cli_env.interrupted) return bf_fail(BF_ERR_INTERRUPTED, "interrupted");
    if (t->failed != BF_OK) return t->failed;
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return bf_fail(BF_ERR_SECURITY, "%s: its certificate is not accepted: "
                       "%s", h->login->url, reason);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return bf_fail(BF_ERR_SECURITY, "%s: %s", h->login->url, reason);
    case CURLE_OUT_OF_MEMORY:
        return bf_fail(BF_ERR_MEMORY, "no memory for a transfer");
    default:
        t->a->again = true;
        return bf_fail(BF_ERR_IO, "%s: %s", h->login->url, reason);
    }
}

static bool asks_for_time(int code)
{
    return code == 423 || code == 429 || code == 500 || code == 502 ||
           code == 503 || code == 504 || code == 507;
}

static bf_status perform(transfer *t, const char *url)
{
    struct curl_slist *headers;
    BF_TRY(list_headers(&headers, t->r));
    bf_status s = set_request(t, url, headers);
    if (s == BF_OK) {
        t->h->error[0] = 0;
        CURLcode code = curl_easy_perform(t->h->curl);
        take_headers(t);
        /* A server may refuse a body and close before it has read all. */
        if (code != CURLE_OK && t->a->code < 400) s = failure(t, code);
    }
    curl_easy_setopt(t->h->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (s == BF_OK) t->a->again = asks_for_time(t->a->code);
    return s;
}

bf_status remote_http_once(remote_http *h, const remote_request *r,
                           remote_answer *a)
{
    char *url;
    transfer t = {.h = h, .r = r, .a = a};
    remote_answer_clear(a);
    if (cli_env.interrupted) return bf_fail(BF_ERR_INTERRUPTED, "interrupted");
    if (asprintf(&url, "%s%s", h->login->url, r->path) < 0)
        return bf_fail(BF_ERR_MEMORY, "no memory for a request");
    bf_status s = perform(&t, url);
    free(url);
    return s;
}

/* ---- answers ------------------------------------------------------------- */

void remote_answer_clear(remote_answer *a)
{
    free(a->text);
    *a = (remote_answer){.upload_offset = -1, .range_start = -1};
}

static bf_status read_json(cJSON **out, const remote_answer *a)
{
    *out = cJSON_ParseWithLength(a->text ? a->text : "", a->text_bytes);
    if (cJSON_IsObject(*out)) return BF_OK;
    cJSON_Delete(*out);
    *out = NULL;
    return bf_fail(BF_ERR_FORMAT, "the server's answer is no JSON object; is "
                                  "it a blindfit-gateway?");
}

bf_status remote_http_refusal(const remote_http *h, const remote_answer *a)
{
    cJSON *o = cJSON_ParseWithLength(a->text ? a->text : "", a->text_bytes);
    const cJSON *line = cJSON_GetObjectItemCaseSensitive(o, "error");
    const char *why = cJSON_IsString(line) ? line->valuestring : "no reason";
    const char *url = h->login->url;
    bf_status s;
    if (a->code == 401)
        s = bf_fail(BF_ERR_SECURITY, "%s: does not accept the token (401: %s)",
                    url, why);
    else if (a->code == 403)
        s = bf_fail(BF_ERR_SECURITY, "%s: 403: %s", url, why);
    else
        s = bf_fail(a->code == 413 || a->code == 507 ? BF_ERR_SPACE : BF_ERR_IO,
                    "%s: %d: %s", url, a->code, why);
    cJSON_Delete(o);
    return s;
}

/* ---- another try --------------------------------------------------------- */

#define DELAY_FIRST 0.25
#define DELAY_MOST 30.0
#define SLICE 0.1

bf_status remote_sleep(double seconds)
{
    for (double end = cli_now() + seconds, left = seconds;
         left > 0 && !cli_env.interrupted; left = end - cli_now()) {
        double slice = fmin(left, SLICE);
        nanosleep(&(struct timespec){.tv_nsec = (long)(slice * 1e9)}, NULL);
    }
    return cli_env.interrupted ? bf_fail(BF_ERR_INTERRUPTED, "interrupted")
                               : BF_OK;
}

bf_status remote_again(const remote_http *h, remote_tries *t, bf_status s,
                       double retry_after)
{
    double now = cli_now();
    if (t->since == 0) {
        t->since = now;
        t->delay = DELAY_FIRST;
    }
    double wait = fmax(t->delay, retry_after);
    if (now + wait - t->since > h->o.patience) return s;
    cli_note("%s: %s; trying again", cli_program(), bf_last_error());
    BF_TRY(remote_sleep(wait));
    t->delay = fmin(2 * t->delay, DELAY_MOST);
    return BF_OK;
}

bf_status remote_http_ask(remote_http *h, const remote_request *r,
                          remote_answer *a, int expected)
{
    remote_tries tries = {0};
    for (;;) {
        bf_status s = remote_http_once(h, r, a);
        if (s == BF_OK && (a->code < 400 || a->code == expected)) return BF_OK;
        if (s == BF_OK) s = remote_http_refusal(h, a);
        if (!a->again) return s;
        BF_TRY(remote_again(h, &tries, s, a->retry_after));
    }
}

bf_status remote_http_json(cJSON **out, remote_http *h, const remote_request *r,
                           int expected)
{
    remote_answer a = {0};
    bf_status s = remote_http_ask(h, r, &a, expected);
    *out = NULL;
    if (s == BF_OK && a.code != expected) s = read_json(out, &a);
    remote_answer_clear(&a);
    return s;
}
