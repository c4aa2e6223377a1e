/* Builds files of the container in memory with correct digests, from any header
 * and records, so that tests and fuzzers reach the code behind the digests.
 * Also opens memory as a file. */
#ifndef BF_TESTS_WIRE_IMAGE_H
#define BF_TESTS_WIRE_IMAGE_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wire/frame_internal.h"

typedef struct wire_image {
    uint8_t *bytes;
    size_t size;
    bf_frame_header header;
    uint8_t chain[BF_HASH_BYTES];
} wire_image;

static inline void image_append(wire_image *m, const void *data, size_t bytes)
{
    m->bytes = realloc(m->bytes, m->size + bytes + 1);
    if (!m->bytes) abort();
    if (bytes) memcpy(m->bytes + m->size, data, bytes);
    m->size += bytes;
}

static inline void image_start(wire_image *m, const bf_frame_header *h)
{
    uint8_t zero[BF_FRAME_HEADER_BYTES] = {0};
    *m = (wire_image){.header = *h};
    m->header.bytes = m->header.records = 0;
    bf_frame_header_chain(m->chain, &m->header);
    image_append(m, zero, sizeof zero);
}

/* A record as given, whatever its numbers say. */
static inline void image_record(wire_image *m, const bf_frame_record *rec,
                                const void *payload, size_t bytes)
{
    uint8_t head[BF_FRAME_RECORD_BYTES];
    bf_hasher root;
    bf_frame_record_encode(head, rec);
    bf_hasher_init(&root);
    bf_frame_leaves_update(&root, payload, bytes);
    bf_frame_chain_next(m->chain, head, &root);
    image_append(m, head, sizeof head);
    image_append(m, payload, bytes);
    image_append(m, m->chain, sizeof m->chain);
}

static inline void image_put(wire_image *m, uint32_t kind, bf_label label,
                             const void *payload, size_t bytes)
{
    bf_frame_record rec = {kind, label, m->header.records++, bytes};
    image_record(m, &rec, payload, bytes);
}

/* The header as it stands in m->header. */
static inline void image_set_header(wire_image *m)
{
    bf_frame_header_encode(m->bytes, &m->header);
}

static inline void image_finish(wire_image *m)
{
    bf_frame_record end = {.kind = BF_FRAME_END, .sequence = m->header.records};
    image_record(m, &end, NULL, 0);
    m->header.bytes = m->size - BF_FRAME_HEADER_BYTES;
    image_set_header(m);
}

static inline void image_free(wire_image *m)
{
    free(m->bytes);
    *m = (wire_image){0};
}

/* A descriptor at the start of a file of these bytes, which /proc/self/fd
 * names. */
static inline int image_fd(const uint8_t *bytes, size_t size)
{
    int fd = memfd_create("blindfit-test", MFD_CLOEXEC);
    if (fd < 0) abort();
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n <= 0) abort();
        bytes += n;
        size -= (size_t)n;
    }
    if (lseek(fd, 0, SEEK_SET) != 0) abort();
    return fd;
}

#endif
