#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "spool/at.h"

void file_etag(char out[ETAG_BYTES], int fd, uint64_t bytes)
{
    uint8_t digest[DIGEST_BYTES];
    out[0] = 0;
    if (bytes < DIGEST_BYTES ||
        pread(fd, digest, DIGEST_BYTES, (off_t)(bytes - DIGEST_BYTES)) !=
            DIGEST_BYTES)
        return;
    sodium_bin2hex(out, ETAG_BYTES, digest, DIGEST_BYTES);
}

enum MHD_Result download(request *r, int fd, uint64_t bytes)
{
    char etag[ETAG_BYTES], quoted[ETAG_BYTES + 2];
    const char *same = request_header(r, "If-Range");
    range part = header_range(request_header(r, "Range"), bytes);
    file_etag(etag, fd, bytes);
    snprintf(quoted, sizeof quoted, "\"%s\"", etag);
    if (same && (!*etag || strcmp(same, quoted) != 0)) part.kind = RANGE_ALL;
    add_header(r, "Accept-Ranges", "bytes");
    if (*etag) add_header(r, "ETag", "%s", quoted);
    if (part.kind == RANGE_BEYOND) {
        close(fd);
        add_header(r, "Content-Range", "bytes */%llu",
                   (unsigned long long)bytes);
        return refuse(r, 416, "the file has %llu bytes",
                      (unsigned long long)bytes)
                   ? reply_error(r)
                   : MHD_NO;
    }
    if (part.kind == RANGE_ALL) return reply_file(r, 200, fd, 0, bytes);
    add_header(r, "Content-Range", "bytes %llu-%llu/%llu",
               (unsigned long long)part.first, (unsigned long long)part.last,
               (unsigned long long)bytes);
    return reply_file(r, 206, fd, part.first, part.last - part.first + 1);
}

/* Opens the model of a job that is done. */
static unsigned open_model(request *r, int *fd, uint64_t *bytes)
{
    struct stat st;
    int results, folder;
    unsigned status = job_folder(&r->folder, r, false);
    if (status) return status;
    int err = owner_folder(&results, r->g, r->owner, "results");
    if (err) return refuse_errno(r, err, "results");
    err = at_folder(&folder, results, r->to.job);
    close(results);
    if (!err) {
        err = at_exists(folder, "DONE") ? at_file(fd, &st, folder, "model.enc")
                                        : ENOENT;
        close(folder);
    }
    if (err == ENOENT) return refuse(r, 409, "%s: is not done", r->to.job);
    if (err) return refuse_errno(r, err, "model.enc");
    *bytes = (uint64_t)st.st_size;
    return 0;
}

enum MHD_Result model_end(request *r)
{
    uint64_t bytes = 0;
    int fd = -1;
    return open_model(r, &fd, &bytes) ? reply_error(r) : download(r, fd, bytes);
}
