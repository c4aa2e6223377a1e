/* Views are read in place. Each row of a view is a memory page of its own, with
 * an unreadable page behind it, so that reading past a row ends the test; and
 * while the library reads a view, no block that it allocates is as large as the
 * rows in single precision. The library takes large blocks from posix_memalign
 * (base/memory.c), which this program replaces. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "blindfit/owner.h"
#include "blindfit/party.h"

#include "api/api_testing.h"
#include "support/sanitized.h"

#ifndef BF_SANITIZED
/* A row of doubles fills the smallest page. The library takes blocks of 1,024
 * rows (BF_ROW_BLOCK), half of the rows in single precision, and the
 * transformed rows, of few components. */
enum { ROWS = 4096, FEATURES = 512, COMPONENTS = 4, CLASSES = 2 };
#define COPY ((size_t)ROWS * FEATURES * sizeof(float))

static atomic_size_t largest_block;

int posix_memalign(void **out, size_t align, size_t bytes)
{
    size_t seen = atomic_load(&largest_block);
    while (bytes > seen &&
           !atomic_compare_exchange_weak(&largest_block, &seen, bytes)) {
    }
    *out = aligned_alloc(align, bytes);
    return *out ? 0 : ENOMEM;
}

static size_t page;
static int32_t labels[ROWS];

/* Multiples of 1/64, which float holds; the first columns tell the classes. */
static double entry(size_t i, size_t j)
{
    uint64_t h = (i * FEATURES + j + 1) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return (double)(h >> 58) / 64 + (j < COMPONENTS && labels[i] ? 1 : 0);
}

/* The rows, a page each, with unreadable pages between. */
static bf_view spread(bf_number type)
{
    size_t size = type == BF_FLOAT32 ? sizeof(float) : sizeof(double);
    uint8_t *at = mmap(NULL, 2 * page * ROWS, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(at != MAP_FAILED);
    for (size_t i = 0; i < ROWS; i++) {
        /* The row ends where its page does. */
        uint8_t *row = at + 2 * page * i + page - FEATURES * size;
        assert_int_equal(
            mprotect(at + 2 * page * i, page, PROT_READ | PROT_WRITE), 0);
        for (size_t j = 0; j < FEATURES; j++)
            if (type == BF_FLOAT32)
                ((float *)row)[j] = (float)entry(i, j);
            else
                ((double *)row)[j] = entry(i, j);
    }
    return (bf_view){at + page - FEATURES * size, ROWS, FEATURES,
                     2 * page / size, type};
}

static void unmap(const bf_view *v)
{
    uintptr_t at = (uintptr_t)v->data & ~(uintptr_t)(page - 1);
    munmap((void *)at, 2 * page * ROWS);
}

static int setup(void **state)
{
    (void)state;
    page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < ROWS; i++) labels[i] = (int32_t)(i % CLASSES);
    make_folder();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return remove_folder();
}

static bf_job *planned(size_t rows, unsigned owners)
{
    bf_recipe r;
    bf_job *job;
    OK(bf_recipe_default(&r, BF_RECIPE_WHITENED, 1, rows, FEATURES));
    r.map = BF_MAP_NONE;
    r.components = COMPONENTS;
    OK(bf_job_plan(&job, &r, rows, FEATURES, CLASSES,
                   &(bf_plan_options){.owners = owners}, NULL));
    return job;
}

/* The rows that bf_prepare makes of a matrix, which are those of a view. */
static void prepared_of(bf_prepared *out, const bf_job *job)
{
    bf_matrix x;
    OK(bf_matrix_init(&x, ROWS, FEATURES));
    for (size_t i = 0; i < ROWS * FEATURES; i++)
        x.data[i] = entry(i / FEATURES, i % FEATURES);
    bf_view v = bf_view_of(&x);
    OK(bf_prepare(out, job, &v, NULL, NULL));
    bf_matrix_clear(&x);
}

static void rows_are_prepared_in_place(void **state)
{
    (void)state;
    bf_job *job = planned(ROWS, 1);
    bf_prepared want, got;
    prepared_of(&want, job);
    for (int type = BF_FLOAT64; type <= BF_FLOAT32; type++) {
        bf_view v = spread((bf_number)type);
        atomic_store(&largest_block, 0);
        OK(bf_prepare(&got, job, &v, NULL, NULL));
        assert_in_range(largest_block, 1, COPY - 1);
        assert_int_equal(got.rows.cols, want.rows.cols);
        assert_memory_equal(got.rows.data, want.rows.data,
                            ROWS * want.rows.cols * sizeof *want.rows.data);
        bf_prepared_clear(&got);
        unmap(&v);
    }
    bf_prepared_clear(&want);
    bf_job_destroy(job);
}

/* Of two owners of ROWS rows each. */
static void write_session(void)
{
    bf_session_owner owner[2] = {{.count = ROWS, .receives = true},
                                 {.count = ROWS, .receives = true}};
    bf_job *job = planned(2 * ROWS, 2);
    bf_session *s;
    OK(bf_identity_create(in("a.id"), in("a.pub"), "a"));
    OK(bf_identity_create(in("b.id"), in("b.pub"), "b"));
    OK(bf_party_read(&owner[0].party, in("a.pub")));
    OK(bf_party_read(&owner[1].party, in("b.pub")));
    OK(bf_session_create(&s, job, owner, 2, NULL));
    OK(bf_session_write(s, in("session.bf")));
    bf_session_destroy(s);
    bf_job_destroy(job);
}

/* Round 1, of digests and sums of columns. */
static void owners_of_rows_read_in_place(void **state)
{
    (void)state;
    write_session();
    for (int type = BF_FLOAT64; type <= BF_FLOAT32; type++) {
        bf_view v = spread((bf_number)type);
        bf_party_report r;
        bf_party_options o = {.session = in("session.bf"),
                              .identity = in("a.id"),
                              .box = in(type ? "box-floats" : "box-doubles"),
                              .x = &v,
                              .labels = labels};
        atomic_store(&largest_block, 0);
        FAILS(BF_ERR_WAITING, "waiting for b", bf_party_step(&r, &o, NULL));
        assert_int_equal(r.sent, 1);
        assert_in_range(largest_block, 1, COPY - 1);
        unmap(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_prepared_in_place),
        cmocka_unit_test(owners_of_rows_read_in_place),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
#else
int main(void)
{
    printf("skipped: sanitizers have an allocator of their own\n");
    return 77;
}
#endif
