/* Owners of a session, each in a folder of its own, for tests. */
#ifndef PARTY_TESTING_H
#define PARTY_TESTING_H

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "blindfit/party.h"
#include "blindfit/server.h"
#include "train/owner/identity.h"
#include "train/train_testing.h"

#define OWNERS 3
#define FEATURES 8
#define CLASSES 3
static const size_t owner_rows[OWNERS] = {40, 50, 38};
#define ROWS 128

typedef struct path {
    char s[512];
} path;

static path folder; /* of a test */

static inline path at(const char *format, ...)
{
    char name[256];
    path p;
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    snprintf(p.s, sizeof p.s, "%.200s/%s", folder.s, name);
    return p;
}

static inline bool there(path p)
{
    return access(p.s, F_OK) == 0;
}

static inline uint8_t *read_bytes(path p, size_t *bytes)
{
    uint8_t *data;
    check_ok(bf_read_file(p.s, (size_t)1 << 30, &data, bytes));
    return data;
}

static inline void write_bytes(path p, const void *data, size_t bytes)
{
    remove(p.s); /* it may be linked to others */
    FILE *f = fopen(p.s, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

/* By a link: files are replaced, never written into. */
static inline void copy_file(path from, path to)
{
    remove(to.s); /* a file, or an empty folder */
    if (link(from.s, to.s) != 0)
        fail_msg("%s: cannot link to %s", from.s, to.s);
}

/* All files of a folder into another. */
static inline void copy_files(path from, path to)
{
    DIR *d = opendir(from.s);
    assert_non_null(d);
    check_ok(bf_make_dir(to.s, 0700));
    for (struct dirent *e; (e = readdir(d));) {
        path a, b;
        if (e->d_name[0] == '.') continue;
        snprintf(a.s, sizeof a.s, "%.220s/%.200s", from.s, e->d_name);
        snprintf(b.s, sizeof b.s, "%.220s/%.200s", to.s, e->d_name);
        copy_file(a, b);
    }
    closedir(d);
}

static inline void flip_byte(path p, size_t at_byte)
{
    size_t bytes;
    uint8_t *data = read_bytes(p, &bytes);
    assert_true(at_byte < bytes);
    data[at_byte] ^= 1;
    write_bytes(p, data, bytes);
    bf_free(data);
}

/* Ways to spoil a file: a bit at the start, within, at the end; a byte less; a
 * pipe, which nobody writes; a device without an end; a folder. */
enum { WAYS = 7, WAYS_OF_BYTES = 4 };

static inline void spoil(path from, path to, int way)
{
    if (way >= WAYS_OF_BYTES) {
        remove(to.s);
        int failed = way == 4   ? mkfifo(to.s, 0600)
                     : way == 5 ? symlink("/dev/zero", to.s)
                                : mkdir(to.s, 0700);
        assert_int_equal(failed, 0);
        return;
    }
    size_t bytes;
    uint8_t *data = read_bytes(from, &bytes);
    if (way == 0) data[0] ^= 1;
    if (way == 1) data[bytes / 2] ^= 0x40;
    if (way == 2) data[bytes - 1] ^= 0x80;
    write_bytes(to, data, way == 3 ? bytes - 1 : bytes);
    bf_free(data);
}

/* A spoiled file is refused by name. */
static inline void is_refused(bf_status s, const char *name, int way)
{
    bool fits = way < WAYS_OF_BYTES ? s == BF_ERR_FORMAT || s == BF_ERR_SECURITY
                                    : s == BF_ERR_IO;
    if (!fits || !strstr(bf_last_error(), name))
        fail_msg("%s, %d: %s", name, way, bf_last_error());
}

/* Rows of classes that differ, labels in turn. */
static inline void make_data(bf_matrix *x, int32_t labels[ROWS])
{
    uint64_t seed = 77;
    check_ok(bf_matrix_init(x, ROWS, FEATURES));
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (int32_t)(i % CLASSES);
        for (size_t j = 0; j < FEATURES; j++)
            x->data[i * FEATURES + j] =
                random_unit(&seed) + (j % CLASSES == i % CLASSES ? 0.5 : 0);
    }
}

/* A job for these owners and data: of one iteration, in a small ring. */
static inline bf_job *plan_job_of(bf_recipe_kind kind, size_t n,
                                  const bf_plan_options *options)
{
    bf_recipe r;
    bf_job *job;
    check_ok(bf_recipe_default(&r, kind, 1, n, FEATURES));
    r.map = BF_MAP_NONE;
    check_ok(bf_job_plan(&job, &r, n, FEATURES, CLASSES, options, NULL));
    return job;
}

static inline bf_job *plan_job(bf_recipe_kind kind)
{
    return plan_job_of(kind, ROWS, &(bf_plan_options){.owners = OWNERS});
}

/* Identities a, b, c and the owners of a session. */
static inline void make_owners(bf_session_owner owners[OWNERS])
{
    memset(owners, 0, OWNERS * sizeof *owners);
    for (int k = 0; k < OWNERS; k++) {
        path id = at("%c.id", 'a' + k), publics = at("%c.pub", 'a' + k);
        char name[] = {(char)('a' + k), 0};
        if (!there(id)) check_ok(bf_identity_create(id.s, publics.s, name));
        check_ok(bf_party_read(&owners[k].party, publics.s));
        owners[k].count = owner_rows[k];
        owners[k].receives = k != 1;
    }
}

/* A session of them, at session.bf. */
static inline bf_session *make_session(bf_recipe_kind kind)
{
    bf_session_owner owners[OWNERS];
    bf_session *s;
    bf_job *job = plan_job(kind);
    make_owners(owners);
    check_ok(bf_session_create(&s, job, owners, OWNERS, NULL));
    check_ok(bf_session_write(s, at("session.bf").s));
    bf_job_destroy(job);
    return s;
}

/* The server's part, from server/inbox to the model. */
static inline bf_status gather(void)
{
    bf_gather_report r;
    return bf_session_gather(&r, at("session.bf").s, at("server").s,
                             at("server/job").s, NULL);
}

static inline void train(path model)
{
    path job = at("server/job/job.json"), keys = at("server/job/eval.keys"),
         box = at("server");
    const char *key_files[] = {keys.s};
    bf_serve_report r;
    check_ok(bf_serve_train(&r,
                            &(bf_serve_options){.job = job.s,
                                                .keys = key_files,
                                                .key_count = 1,
                                                .box = box.s,
                                                .model = model.s},
                            NULL));
}

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder.s, "/tmp/blindfit-party-XXXXXX");
    return mkdtemp(folder.s) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return bf_remove_tree(folder.s) == BF_OK ? 0 : -1;
}

#endif
