/* tus 1.0 on files of jobs and on messages of sessions. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "gateway/gateway.h"
#include "gateway/sessions.h"
#include "spool/at.h"

static bool is_message(const request *r)
{
    return r->to.kind == ROUTE_SESSION_FILES ||
           r->to.kind == ROUTE_SESSION_FILE;
}

/* ---- headers ------------------------------------------------------------- */

static unsigned check_version(request *r)
{
    const char *version = request_header(r, "Tus-Resumable");
    bool needed = r->method & (METHOD_POST | METHOD_PATCH);
    if (version ? strcmp(version, "1.0.0") == 0 : !needed) return 0;
    add_header(r, "Tus-Version", "1.0.0");
    return refuse(r, 412, "Tus-Resumable: is not 1.0.0");
}

static unsigned read_number(request *r, uint64_t *out, const char *name)
{
    const char *text = request_header(r, name);
    if (!text) return refuse(r, 400, "%s: is missing", name);
    if (!header_number(out, text))
        return refuse(r, 400, "%s: is no number", name);
    return 0;
}

/* *has: there is a checksum. */
static unsigned read_checksum(request *r, checksum *out, bool *has)
{
    const char *text = request_header(r, "Upload-Checksum");
    *has = text != NULL;
    if (!text || header_checksum(out, text)) return 0;
    return refuse(r, 400, "Upload-Checksum: is not of " CHECKSUM_ALGORITHMS);
}

static void add_expiry(request *r, time_t changed)
{
    char text[40];
    struct tm utc;
    time_t when = changed + (time_t)r->g->o.expire;
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT",
             gmtime_r(&when, &utc));
    add_header(r, "Upload-Expires", "%s", text);
}

static void add_offset(request *r, uint64_t offset)
{
    add_header(r, "Upload-Offset", "%llu", (unsigned long long)offset);
}

/* ---- the folder ---------------------------------------------------------- */

static unsigned check_name(request *r)
{
    spool_message m;
    const char *name = r->to.file;
    if (is_message(r) ? spool_message_read(&m, name) : spool_file_valid(name))
        return 0;
    return refuse(r, 404, "'%s' is no file of a %s", name,
                  is_message(r) ? "session" : "job");
}

/* Opens the file's folder as r->folder. make: a job's, if it is missing. */
static unsigned open_folder(request *r, bool make)
{
    bool write = !(r->method & (METHOD_GET | METHOD_HEAD));
    if (is_message(r)) return session_inbox(&r->folder, r, write);
    unsigned status = job_folder(&r->folder, r, make);
    if (status || !write || !job_is_submitted(r->folder)) return status;
    return refuse(r, 409, "%s is submitted: withdraw it first", r->to.job);
}

/* Messages stay as they are. */
static unsigned check_replaceable(request *r)
{
    upload u;
    if (is_message(r) && upload_look(&u, r->folder, r->to.file) == 0 &&
        u.complete)
        return refuse(r, 409, "%s: is complete, and stays", r->to.file);
    return 0;
}

/* ---- the writer ---------------------------------------------------------- */

static unsigned open_writer(request *r, const checksum *expected)
{
    int err = upload_open(&r->writer, r->folder, r->to.file, expected);
    upload u;
    if (err == ENOENT && upload_look(&u, r->folder, r->to.file) == 0 &&
        u.complete)
        return refuse(r, 409, "%s: is complete", r->to.file);
    if (err) return refuse_errno(r, err, r->to.file);
    r->writing = true;
    return 0;
}

/* Closes the writer; whole: the request has all its bytes. */
static unsigned close_writer(request *r, bool whole)
{
    r->writing = false;
    int err = upload_close(&r->writer, whole);
    if (err) return refuse_errno(r, err, r->to.file);
    if (whole && r->writer.offset == r->writer.length)
        atomic_fetch_add(&r->g->metrics.files, 1);
    return 0;
}

/* ---- begin --------------------------------------------------------------- */

/* What the file at hand counts in the quota. */
static uint64_t counted(int folder, const char *name)
{
    upload u;
    return folder >= 0 && upload_look(&u, folder, name) == 0 ? u.length : 0;
}

static unsigned check_room(request *r, int jobs, uint64_t length)
{
    uint64_t used = quota_used(r->g, r->owner, jobs), free;
    used -= counted(r->folder, r->to.file);
    if ((double)used + (double)length > r->quota_bytes)
        return refuse(r, 413, "beyond the quota: %s are used, of %s",
                      bf_text_size((double)used).s,
                      bf_text_size(r->quota_bytes).s);
    free = at_disk_free(jobs);
    if (length > free || free - length < r->g->o.free_bytes)
        return refuse(r, 507, "the server's disk has no room for %s",
                      bf_text_size((double)length).s);
    return 0;
}

typedef struct beginning {
    uint64_t length;
    const char *metadata;
    bool write; /* with the bytes of this request */
    const checksum *expected;
} beginning;

/* The writer of the upload that this request has begun. Another member of a
 * session, who has another lock, may have begun the model's anew. */
static unsigned open_begun(request *r, const beginning *b)
{
    unsigned status = open_writer(r, b->expected);
    if (status || (r->writer.offset == 0 && r->writer.length == b->length))
        return status;
    unsigned closed = close_writer(r, false);
    return closed ? closed : refuse_errno(r, EBUSY, r->to.file);
}

/* With the lock of the owner's jobs. */
static unsigned begin_locked(request *r, int jobs, const beginning *b)
{
    unsigned status = open_folder(r, true);
    if (!status) status = check_replaceable(r);
    if (!status) status = check_room(r, jobs, b->length);
    if (!status) {
        int err = upload_begin(r->folder, r->to.file, b->length, b->metadata);
        if (err) status = refuse_errno(r, err, r->to.file);
    }
    if (!status && b->write && b->length) status = open_begun(r, b);
    /* This fails if there are files. */
    if (status && r->made_job) unlinkat(jobs, r->to.job, AT_REMOVEDIR);
    return status;
}

static unsigned begin_file(request *r, const beginning *b)
{
    int jobs;
    if (b->length > r->g->o.file_bytes)
        return refuse(r, 413, "files may have at most %s",
                      bf_text_size((double)r->g->o.file_bytes).s);
    /* Quotas hold for all requests of the owner together. */
    int err = owner_lock(&jobs, r->g, r->owner);
    if (err) return refuse_errno(r, err, "the owner's folder");
    unsigned status = begin_locked(r, jobs, b);
    close(jobs);
    return status;
}

/* ---- bytes --------------------------------------------------------------- */

static unsigned begin_patch(request *r)
{
    const char *type = request_header(r, "Content-Type");
    uint64_t offset;
    checksum c;
    bool has;
    if (!type || strcmp(type, "application/offset+octet-stream") != 0)
        return refuse(r, 415,
                      "Content-Type: is not application/offset+octet-stream");
    unsigned status = read_number(r, &offset, "Upload-Offset");
    if (!status) status = read_checksum(r, &c, &has);
    if (!status) status = open_folder(r, false);
    if (!status) status = open_writer(r, has ? &c : NULL);
    if (status) return status;
    const upload_writer *w = &r->writer;
    if (offset != w->offset)
        status = refuse(r, 409, "Upload-Offset: %llu bytes are here",
                        (unsigned long long)w->offset);
    else if (r->content_length > w->length - w->offset)
        status = refuse(r, 413, "more bytes than Upload-Length");
    if (!status) return 0;
    unsigned closed = close_writer(r, false);
    return closed ? closed : status;
}

static unsigned begin_put(request *r)
{
    const char *metadata = request_header(r, "Upload-Metadata");
    checksum c;
    bool has;
    if (metadata && !header_metadata(metadata))
        return refuse(r, 400, "Upload-Metadata: is malformed");
    unsigned status = read_checksum(r, &c, &has);
    if (status) return status;
    const beginning b = {.length = r->content_length,
                         .metadata = metadata ? metadata : "",
                         .write = true,
                         .expected = has ? &c : NULL};
    return begin_file(r, &b);
}

unsigned files_begin(request *r)
{
    unsigned status = check_version(r);
    if (!status && r->method != METHOD_POST) status = check_name(r);
    if (status) return status;
    if (r->method == METHOD_PATCH) return begin_patch(r);
    if (r->method == METHOD_PUT) return begin_put(r);
    return 0;
}

/* ---- end ----------------------------------------------------------------- */

static unsigned create(request *r)
{
    char name[FILENAME_MAX_BYTES + 1];
    const char *metadata = request_header(r, "Upload-Metadata");
    uint64_t length;
    if (r->text_bytes) return refuse(r, 400, "POST takes no bytes; PATCH does");
    if (request_header(r, "Upload-Defer-Length"))
        return refuse(r, 400, "Upload-Defer-Length: is not supported");
    unsigned status = read_number(r, &length, "Upload-Length");
    if (status) return status;
    if (!header_filename(name, metadata))
        return refuse(r, 400, "Upload-Metadata: has no filename");
    if (strlen(name) > SPOOL_FILE_MAX)
        return refuse(r, 404, "'%s' is no name of a file", name);
    snprintf(r->to.file, sizeof r->to.file, "%.31s", name);
    status = check_name(r);
    const beginning b = {.length = length, .metadata = metadata};
    if (!status) status = begin_file(r, &b);
    if (status) return status;
    add_header(r, "Location", "%s/%s", r->path, r->to.file);
    if (length) add_expiry(r, time(NULL));
    return 0;
}

/* A gateway that was killed may have left a part that has all bytes. */
static unsigned complete(request *r)
{
    unsigned status = open_writer(r, NULL);
    return status ? status : close_writer(r, true);
}

static unsigned head(request *r)
{
    upload u;
    unsigned status = open_folder(r, false);
    if (status) return status;
    int err = upload_look(&u, r->folder, r->to.file);
    if (err) return refuse_errno(r, err, r->to.file);
    if (!u.complete && u.offset == u.length) {
        status = complete(r);
        if (status == 460)
            u.offset = 0;
        else if (status)
            return status;
    }
    add_offset(r, u.offset);
    add_header(r, "Upload-Length", "%llu", (unsigned long long)u.length);
    if (*u.metadata) add_header(r, "Upload-Metadata", "%s", u.metadata);
    if (u.offset < u.length) add_expiry(r, u.changed);
    return 0;
}

static unsigned remove_file(request *r)
{
    upload u;
    unsigned status = open_folder(r, false);
    if (!status) status = check_replaceable(r);
    if (status) return status;
    int err = upload_look(&u, r->folder, r->to.file);
    if (err != ENOENT) err = upload_remove(r->folder, r->to.file);
    return err ? refuse_errno(r, err, r->to.file) : 0;
}

static enum MHD_Result get(request *r)
{
    struct stat st;
    int fd;
    unsigned status = open_folder(r, false);
    if (status) return reply_error(r);
    int err = at_file(&fd, &st, r->folder, r->to.file);
    if (err && refuse_errno(r, err, r->to.file)) return reply_error(r);
    return download(r, fd, (uint64_t)st.st_size);
}

enum MHD_Result files_end(request *r)
{
    unsigned status = 0, good = 204;
    switch (r->method) {
    case METHOD_GET:
        return get(r);
    case METHOD_HEAD:
        status = head(r);
        good = 200;
        break;
    case METHOD_POST:
        status = create(r);
        good = 201;
        break;
    case METHOD_PUT:
        if (r->writing) status = close_writer(r, true);
        good = 201;
        break;
    case METHOD_PATCH:
        status = close_writer(r, true);
        add_offset(r, r->writer.offset);
        if (r->writer.offset < r->writer.length) add_expiry(r, time(NULL));
        break;
    default:
        status = owner_locked(r, remove_file);
    }
    return status ? reply_error(r) : reply_empty(r, good);
}
