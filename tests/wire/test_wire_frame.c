/* The container alone. The tests damage a file of four records in memory; a
 * reader of the whole file must refuse every damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "fuzz/wire_image.h"
#include "support/env.h"

static char folder[] = "/tmp/bf_test_frame_XXXXXX";
static char path[256];
static bf_stream rng;

static const bf_frame_header header = {
    .type = 4, .context = {1, 2}, .key_id = {3}, .job_id = {4}};
#define BIG 200000 /* several leaves, the last one short */
static uint8_t big[BIG];
static const struct {
    uint32_t kind;
    bf_label label;
    const void *payload;
    size_t bytes;
} content[] = {{1, {0, 0}, "first", 5},
               {3, {7, 1}, NULL, 0},
               {3, {7, 2}, big, BIG},
               {2, {7, 1}, "last", 4}};
#define COUNT (sizeof content / sizeof *content)

static int start(void **state)
{
    (void)state;
    uint8_t seed[BF_SEED_BYTES] = {0};
    const char *given = getenv("BF_TEST_SEED");
    uint64_t number = given ? strtoull(given, NULL, 0) : 7;
    printf("seed %llu (BF_TEST_SEED)\n", (unsigned long long)number);
    memcpy(seed, &number, sizeof number);
    if (bf_random_init() != BF_OK || !mkdtemp(folder)) return -1;
    bf_stream_init(&rng, seed, "test-frame", 0, 0);
    bf_stream_bytes(&rng, big, sizeof big);
    snprintf(path, sizeof path, "%s/frame", folder);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    return bf_remove_tree(folder) == BF_OK ? 0 : -1;
}

static bf_status write_content(void)
{
    bf_frame_writer *w;
    BF_TRY(bf_frame_create(&w, path, 0644, &header));
    for (size_t i = 0; i < COUNT; i++) {
        bf_status s = bf_frame_write(w, content[i].kind, content[i].label,
                                     content[i].payload, content[i].bytes);
        if (s != BF_OK) {
            bf_frame_abort(w);
            return s;
        }
    }
    return bf_frame_commit(w);
}

/* The same by way of the image builder, the long record cut to `bytes`. */
static wire_image image_of(size_t bytes)
{
    wire_image m;
    image_start(&m, &header);
    for (size_t i = 0; i < COUNT; i++)
        image_put(&m, content[i].kind, content[i].label, content[i].payload,
                  content[i].bytes < bytes ? content[i].bytes : bytes);
    image_finish(&m);
    return m;
}

/* Reads or verifies everything; no allocation follows a claimed length. */
static bf_status consume(bf_frame_reader *r, bool verify)
{
    static uint8_t payload[BIG];
    bf_frame_record rec;
    for (;;) {
        BF_TRY(bf_frame_next(r, &rec));
        if (rec.kind == BF_FRAME_END) return BF_OK;
        if (verify || rec.bytes > sizeof payload)
            BF_TRY(bf_frame_verify(r, NULL, 0));
        else
            BF_TRY(bf_frame_read(r, payload));
    }
}

static bf_status consume_fd(int fd)
{
    bf_frame_reader *r;
    BF_TRY(bf_frame_open_fd(&r, fd, "test"));
    bf_status s = consume(r, false);
    bf_frame_close(r);
    return s;
}

static bf_status consume_bytes(const uint8_t *bytes, size_t size)
{
    int fd = image_fd(bytes, size);
    bf_status s = consume_fd(fd);
    close(fd);
    return s;
}

static bf_status consume_pipe(const uint8_t *bytes, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_true(size <= 65536); /* what a pipe holds */
    assert_int_equal(write(ends[1], bytes, size), size);
    close(ends[1]);
    bf_status s = consume_fd(ends[0]);
    close(ends[0]);
    return s;
}

static void assert_record(bf_frame_reader *r, size_t i)
{
    static uint8_t payload[BIG];
    bf_frame_record rec;
    assert_int_equal(bf_frame_next(r, &rec), BF_OK);
    assert_int_equal(rec.kind, content[i].kind);
    assert_int_equal(rec.label.kind, content[i].label.kind);
    assert_int_equal(rec.label.index, content[i].label.index);
    assert_int_equal(rec.sequence, i);
    assert_int_equal(rec.bytes, content[i].bytes);
    assert_int_equal(bf_frame_read(r, payload), BF_OK);
    if (rec.bytes)
        assert_memory_equal(payload, content[i].payload, rec.bytes);
}

static void round_trip(void **state)
{
    (void)state;
    bf_frame_reader *r;
    bf_frame_record rec;
    uint8_t *bytes, byte;
    size_t size;
    assert_int_equal(write_content(), BF_OK);
    assert_int_equal(bf_frame_open(&r, path), BF_OK);
    const bf_frame_header *h = bf_frame_header_of(r);
    assert_int_equal(h->type, header.type);
    assert_int_equal(h->records, COUNT);
    assert_memory_equal(h->context, header.context, BF_HASH_BYTES);
    assert_memory_equal(h->key_id, header.key_id, BF_FRAME_ID_BYTES);
    assert_memory_equal(h->job_id, header.job_id, BF_HASH_BYTES);
    assert_memory_equal(h->data_id, header.data_id, BF_HASH_BYTES);
    assert_int_equal(bf_frame_read(r, &byte), BF_ERR_ARGUMENT);
    for (size_t i = 0; i < COUNT; i++) assert_record(r, i);
    assert_int_equal(bf_frame_next(r, &rec), BF_OK);
    assert_int_equal(rec.kind, BF_FRAME_END);
    assert_int_equal(bf_frame_next(r, &rec), BF_ERR_ARGUMENT);
    bf_frame_close(r);
    /* The builder of the other tests makes the same file. */
    wire_image m = image_of(BIG);
    assert_int_equal(bf_read_file(path, SIZE_MAX, &bytes, &size), BF_OK);
    assert_int_equal(size, m.size);
    assert_memory_equal(bytes, m.bytes, size);
    bf_free(bytes);
    image_free(&m);
}

/* The digests by the description in docs/formats.md, in one piece each. */
static void digests_by_definition(void **state)
{
    (void)state;
    wire_image m = image_of(BIG);
    uint8_t chain[96 + BF_FRAME_HEADER_BYTES], d[BF_HASH_BYTES];
    uint8_t leaves[4 * BF_HASH_BYTES];
    bf_hash(m.bytes, 160, d);
    assert_memory_equal(d, m.bytes + 160, sizeof d);
    memcpy(chain, m.bytes, 160);
    memset(chain + 16, 0, 16); /* the lengths */
    bf_hash(chain, 160, d);
    size_t at = BF_FRAME_HEADER_BYTES;
    for (size_t i = 0; i <= COUNT; i++) {
        size_t bytes = i < COUNT ? content[i].bytes : 0, n = 0;
        for (size_t k = 0; k < bytes; k += 65536, n++)
            bf_hash(m.bytes + at + 32 + k,
                    bytes - k < 65536 ? bytes - k : 65536, leaves + 32 * n);
        memcpy(chain, d, 32);
        memcpy(chain + 32, m.bytes + at, 32);
        bf_hash(leaves, 32 * n, chain + 64);
        bf_hash(chain, 96, d);
        at += 32 + bytes;
        assert_memory_equal(d, m.bytes + at, 32);
        at += 32;
    }
    assert_int_equal(at, m.size);
    image_free(&m);
}

/* More leaves than are digested at once. */
static void long_payloads_by_definition(void **state)
{
    (void)state;
    const size_t bytes = ((size_t)17 << 20) + 1, leaves = bytes / 65536 + 1;
    uint8_t *payload = bf_alloc(bytes), *list = bf_alloc(32 * leaves);
    uint8_t want[BF_HASH_BYTES], got[BF_HASH_BYTES];
    bf_stream_bytes(&rng, payload, bytes);
    for (size_t k = 0; k < leaves; k++)
        bf_hash(payload + 65536 * k, k + 1 < leaves ? 65536 : bytes % 65536,
                list + 32 * k);
    bf_hash(list, 32 * leaves, want);
    bf_hasher root;
    bf_hasher_init(&root);
    bf_frame_leaves_update(&root, payload, bytes);
    bf_hasher_final(&root, got);
    assert_memory_equal(got, want, sizeof got);
    bf_free(payload);
    bf_free(list);
}

static void every_header_byte_counts(void **state)
{
    (void)state;
    wire_image m = image_of(64);
    int fd = image_fd(m.bytes, m.size);
    assert_int_equal(consume_fd(fd), BF_OK);
    for (unsigned i = 0; i < BF_FRAME_HEADER_BYTES; i++) {
        for (unsigned change = 1; change < 256; change++) {
            uint8_t b = m.bytes[i] ^ (uint8_t)change;
            assert_int_equal(pwrite(fd, &b, 1, i), 1);
            lseek(fd, 0, SEEK_SET);
            bf_frame_reader *r = NULL;
            assert_int_not_equal(bf_frame_open_fd(&r, fd, "test"), BF_OK);
            assert_null(r);
        }
        assert_int_equal(pwrite(fd, m.bytes + i, 1, i), 1);
    }
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(consume_fd(fd), BF_OK);
    close(fd);
    image_free(&m);
}

static void every_flip_is_refused(void **state)
{
    (void)state;
    wire_image m = image_of(64);
    for (size_t i = 0; i < m.size * 8; i++) {
        m.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_not_equal(consume_bytes(m.bytes, m.size), BF_OK);
        assert_int_not_equal(consume_pipe(m.bytes, m.size), BF_OK);
        m.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_int_equal(consume_bytes(m.bytes, m.size), BF_OK);
    assert_int_equal(consume_pipe(m.bytes, m.size), BF_OK);
    image_free(&m);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    wire_image m = image_of(64);
    for (size_t size = 0; size < m.size; size++) {
        bf_status s = consume_bytes(m.bytes, size);
        assert_int_equal(s, BF_ERR_FORMAT);
        assert_int_equal(consume_pipe(m.bytes, size), BF_ERR_FORMAT);
    }
    image_append(&m, "x", 1);
    assert_int_equal(consume_bytes(m.bytes, m.size), BF_ERR_FORMAT);
    assert_non_null(strstr(bf_last_error(), "extended"));
    assert_int_equal(consume_pipe(m.bytes, m.size), BF_ERR_FORMAT);
    image_free(&m);
    m = image_of(BIG);
    for (unsigned k = 0; k < 1000; k++) {
        size_t size = bf_stream_u64(&rng) % m.size;
        assert_int_equal(consume_bytes(m.bytes, size), BF_ERR_FORMAT);
    }
    image_free(&m);
}

/* Offset of record i of `m`, and its length with the digest. */
static uint8_t *record_at(const wire_image *m, size_t i, size_t *bytes)
{
    size_t at = BF_FRAME_HEADER_BYTES;
    for (size_t k = 0;; k++) {
        bf_frame_record rec;
        bf_frame_record_decode(&rec, m->bytes + at);
        *bytes = 32 + (size_t)rec.bytes + 32;
        if (k == i) return m->bytes + at;
        at += *bytes;
    }
}

/* Four records alike in length: swapped, doubled, dropped, or taken from a
 * file with the same header. */
static wire_image equal_records(char fill)
{
    wire_image m;
    char payload[40];
    image_start(&m, &header);
    for (size_t i = 0; i < 4; i++) {
        memset(payload, fill + (int)i, sizeof payload);
        image_put(&m, 3, (bf_label){0, i}, payload, sizeof payload);
    }
    image_finish(&m);
    return m;
}

static void order_doubles_and_splices_are_refused(void **state)
{
    (void)state;
    size_t bytes;
    wire_image other = equal_records('A');
    for (size_t a = 0; a < 4; a++) {
        for (size_t b = 0; b < 4; b++) {
            wire_image m = equal_records('a');
            uint8_t *x = record_at(&m, a, &bytes);
            uint8_t *y = record_at(&m, b, &bytes);
            if (a != b) {
                uint8_t swap[104];
                assert_int_equal(bytes, sizeof swap);
                memcpy(swap, x, bytes);
                memcpy(x, y, bytes); /* doubled */
                assert_int_not_equal(consume_bytes(m.bytes, m.size), BF_OK);
                memcpy(y, swap, bytes); /* swapped */
                assert_int_not_equal(consume_bytes(m.bytes, m.size), BF_OK);
                /* Also when their numbers are put right. */
                uint8_t number[8];
                memcpy(number, x + 16, 8);
                memcpy(x + 16, y + 16, 8);
                memcpy(y + 16, number, 8);
                assert_int_not_equal(consume_bytes(m.bytes, m.size), BF_OK);
            } else {
                memcpy(x, record_at(&other, a, &bytes), bytes);
                assert_int_not_equal(consume_bytes(m.bytes, m.size), BF_OK);
            }
            image_free(&m);
        }
    }
    wire_image m = equal_records('a');
    uint8_t *x = record_at(&m, 3, &bytes);
    memmove(x, x + bytes, (size_t)(m.bytes + m.size - x) - bytes);
    m.size -= bytes;
    assert_int_not_equal(consume_bytes(m.bytes, m.size), BF_OK);
    m.header.bytes -= bytes;
    m.header.records--;
    image_set_header(&m);
    assert_int_not_equal(consume_bytes(m.bytes, m.size), BF_OK);
    image_free(&m);
    image_free(&other);
}

/* Wrong numbers under right digests. */
static void false_claims_are_refused(void **state)
{
    (void)state;
    const uint64_t claims[] = {1, 41, 1 << 20, UINT64_C(1) << 40,
                               INT64_MAX - 1, UINT64_MAX};
    size_t before = bf_peak_rss();
    for (size_t k = 0; k < sizeof claims / sizeof *claims; k++) {
        wire_image m;
        image_start(&m, &header);
        bf_frame_record rec = {3, {0, 0}, 0, claims[k]};
        image_record(&m, &rec, "0123456789012345678901234567890123456789", 40);
        m.header.records = 1;
        image_finish(&m);
        /* Too long: refused with the header, before any allocation. */
        bf_frame_reader *r;
        int fd = image_fd(m.bytes, m.size);
        assert_int_equal(bf_frame_open_fd(&r, fd, "test"), BF_OK);
        assert_int_equal(bf_frame_next(r, &rec),
                         claims[k] > 40 ? BF_ERR_FORMAT : BF_OK);
        bf_frame_close(r);
        close(fd);
        /* The length of a pipe is unknown: the header's length is compared with
         * the data. */
        m.header.bytes = claims[k];
        image_set_header(&m);
        assert_int_equal(consume_bytes(m.bytes, m.size), BF_ERR_FORMAT);
        assert_int_equal(consume_pipe(m.bytes, m.size), BF_ERR_FORMAT);
        image_free(&m);
        m = image_of(64);
        m.header.records = claims[k];
        image_set_header(&m);
        assert_int_equal(consume_bytes(m.bytes, m.size), BF_ERR_FORMAT);
        assert_int_equal(consume_pipe(m.bytes, m.size), BF_ERR_FORMAT);
        image_free(&m);
    }
    assert_true(bf_peak_rss() - before < (size_t)8 << 20);
    /* Bytes behind the end record that the header counts in. */
    wire_image m = image_of(64);
    image_append(&m, "behind the end record", 21);
    m.header.bytes += 21;
    image_set_header(&m);
    assert_int_equal(consume_bytes(m.bytes, m.size), BF_ERR_FORMAT);
    assert_int_equal(consume_pipe(m.bytes, m.size), BF_ERR_FORMAT);
    image_free(&m);
}

static void a_sparse_giant_costs_no_memory(void **state)
{
    (void)state;
    wire_image m = image_of(64);
    bf_frame_reader *r;
    size_t before = bf_peak_rss();
    m.header.bytes = UINT64_C(1) << 40;
    m.header.records = m.header.bytes / 64 - 1;
    image_set_header(&m);
    int fd = image_fd(m.bytes, m.size);
    image_free(&m);
    if (ftruncate(fd, ((off_t)1 << 40) + BF_FRAME_HEADER_BYTES) != 0) {
        close(fd);
        printf("skipped: no sparse file of 1 TiB here\n");
        skip();
    }
    assert_int_equal(bf_frame_open_fd(&r, fd, "giant"), BF_OK);
    assert_int_equal(bf_frame_seek(r, 3, (bf_label){7, 9}), BF_ERR_FORMAT);
    bf_frame_close(r);
    close(fd);
    assert_true(bf_peak_rss() - before < (size_t)8 << 20);
}

static void other_versions_and_flags_are_unsupported(void **state)
{
    (void)state;
    const unsigned places[] = {8, 9, 12, 15, 80, 95};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        wire_image m = image_of(64);
        m.bytes[places[k]] ^= 2;
        bf_hash(m.bytes, 160, m.bytes + 160);
        assert_int_equal(consume_bytes(m.bytes, m.size), BF_ERR_UNSUPPORTED);
        image_free(&m);
    }
    assert_int_equal(consume_bytes(big, BIG), BF_ERR_FORMAT);
    assert_string_equal(bf_last_error(), "test: not a blindfit file");
}

static void messages_name_file_and_record(void **state)
{
    (void)state;
    wire_image m = image_of(64);
    size_t bytes;
    record_at(&m, 2, &bytes)[40] ^= 1;
    assert_int_equal(consume_bytes(m.bytes, m.size), BF_ERR_FORMAT);
    assert_string_equal(
        bf_last_error(),
        "test: record 2: digest does not match (file damaged or altered)");
    assert_int_equal(consume_bytes(m.bytes, 300), BF_ERR_FORMAT);
    assert_non_null(strstr(bf_last_error(), "cut short"));
    image_free(&m);
    bf_frame_reader *r;
    assert_int_equal(bf_frame_open(&r, "/nowhere/x.bfc"), BF_ERR_IO);
    assert_non_null(strstr(bf_last_error(), "/nowhere/x.bfc"));
    assert_int_equal(bf_frame_open(&r, folder), BF_ERR_IO);
}

static void records_are_found_by_label(void **state)
{
    (void)state;
    bf_frame_reader *r;
    bf_frame_record rec;
    assert_int_equal(write_content(), BF_OK);
    assert_int_equal(bf_frame_open(&r, path), BF_OK);
    const size_t order[] = {2, 0, 3, 1, 1, 2};
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        size_t i = order[k];
        assert_int_equal(bf_frame_seek(r, content[i].kind, content[i].label),
                         BF_OK);
        assert_record(r, i);
    }
    assert_record(r, 3); /* goes on behind the record sought */
    assert_int_equal(bf_frame_next(r, &rec), BF_OK);
    assert_int_equal(rec.kind, BF_FRAME_END);
    assert_int_equal(bf_frame_seek(r, 3, (bf_label){7, 3}), BF_ERR_FORMAT);
    assert_int_equal(bf_frame_seek(r, 9, (bf_label){7, 1}), BF_ERR_FORMAT);
    bf_frame_close(r);
    /* Damage in a sought record is detected; a doubled label is refused. */
    wire_image m = image_of(64);
    size_t bytes;
    uint8_t payload[64];
    record_at(&m, 2, &bytes)[33] ^= 1;
    int fd = image_fd(m.bytes, m.size);
    assert_int_equal(bf_frame_open_fd(&r, fd, "test"), BF_OK);
    assert_int_equal(bf_frame_seek(r, 3, (bf_label){7, 2}), BF_OK);
    assert_int_equal(bf_frame_next(r, &rec), BF_OK);
    assert_int_equal(bf_frame_read(r, payload), BF_ERR_FORMAT);
    for (size_t i = 0; i < 64; i++) assert_int_equal(payload[i], 0);
    bf_frame_close(r);
    close(fd);
    image_free(&m);
    image_start(&m, &header);
    for (int i = 0; i < 2; i++) image_put(&m, 3, (bf_label){1, 1}, "x", 1);
    image_finish(&m);
    fd = image_fd(m.bytes, m.size);
    assert_int_equal(bf_frame_open_fd(&r, fd, "test"), BF_OK);
    assert_int_equal(bf_frame_seek(r, 3, (bf_label){1, 1}), BF_ERR_FORMAT);
    assert_string_equal(bf_last_error(), "test: (1, 1) is there twice");
    bf_frame_close(r);
    close(fd);
    image_free(&m);
}

static void skipping_and_heads(void **state)
{
    (void)state;
    wire_image m = image_of(BIG);
    bf_frame_reader *r;
    bf_frame_record rec;
    uint8_t head[100];
    int fd = image_fd(m.bytes, m.size);
    assert_int_equal(bf_frame_open_fd(&r, fd, "test"), BF_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(bf_frame_next(r, &rec), BF_OK);
    assert_int_equal(bf_frame_verify(r, head, BIG + 1), BF_ERR_ARGUMENT);
    assert_int_equal(bf_frame_verify(r, head, sizeof head), BF_OK);
    assert_memory_equal(head, big, sizeof head);
    assert_record(r, 3);
    assert_int_equal(bf_frame_next(r, &rec), BF_OK);
    assert_memory_equal(bf_frame_digest(r), m.bytes + m.size - BF_HASH_BYTES,
                        BF_HASH_BYTES);
    bf_frame_close(r);
    close(fd);
    /* A file that begins behind other bytes. */
    FILE *f = fopen(path, "wb");
    fputs("prefix", f);
    fwrite(m.bytes, 1, m.size, f);
    fclose(f);
    fd = open(path, O_RDONLY);
    lseek(fd, 6, SEEK_SET);
    assert_int_equal(consume_fd(fd), BF_OK);
    close(fd);
    image_free(&m);
}

static int entries(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

static void failing_writes_leave_no_file(void **state)
{
    (void)state;
    for (long k = 0;; k++) {
        remove(path);
        bf_outfile_fail_for_tests(k, ENOSPC);
        bf_status s = write_content();
        bf_outfile_fail_for_tests(-1, 0);
        assert_true(entries() == (s == BF_OK));
        if (s == BF_OK) {
            assert_true(k >= 6);
            break;
        }
        assert_int_equal(s, BF_ERR_SPACE);
        assert_non_null(strstr(bf_last_error(), path));
    }
    env_interrupt(1);
    remove(path);
    bf_status s = write_content();
    env_interrupt(0);
    assert_int_equal(s, BF_ERR_INTERRUPTED);
    assert_int_equal(entries(), 0);
}

/* A real full disk, where this process may mount one. */
static void a_full_disk_leaves_no_file(void **state)
{
    (void)state;
    char dir[256], command[600], kept[256];
    snprintf(dir, sizeof dir, "%s/full", folder);
    assert_int_equal(bf_make_dir(dir, 0700), BF_OK);
    snprintf(command, sizeof command,
             "mount -t tmpfs -o size=128k tmpfs %s 2>/dev/null", dir);
    if (system(command) != 0) {
        bf_status removed = bf_remove_tree(dir);
        assert_int_equal(removed, BF_OK);
        printf("skipped: tmpfs cannot be mounted here\n");
        skip();
    }
    memcpy(kept, path, sizeof kept);
    snprintf(path, sizeof path, "%s/full/frame", folder);
    bf_status s = write_content();
    bool left = access(path, F_OK) == 0;
    memcpy(path, kept, sizeof path);
    snprintf(command, sizeof command, "umount %s", dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(s, BF_ERR_SPACE);
    assert_false(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(digests_by_definition),
        cmocka_unit_test(long_payloads_by_definition),
        cmocka_unit_test(every_header_byte_counts),
        cmocka_unit_test(every_flip_is_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(order_doubles_and_splices_are_refused),
        cmocka_unit_test(false_claims_are_refused),
        cmocka_unit_test(a_sparse_giant_costs_no_memory),
        cmocka_unit_test(other_versions_and_flags_are_unsupported),
        cmocka_unit_test(messages_name_file_and_record),
        cmocka_unit_test(records_are_found_by_label),
        cmocka_unit_test(skipping_and_heads),
        cmocka_unit_test(failing_writes_leave_no_file),
        cmocka_unit_test(a_full_disk_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, start, leave);
}
