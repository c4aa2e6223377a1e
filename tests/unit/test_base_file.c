#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "support/sanitized.h"
#include "support/status.h"

static char folder[] = "/tmp/bf_test_file_XXXXXX";
static char path[512], other[512];

static int enter(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/out.bin", folder);
    snprintf(other, sizeof other, "%s/other.bin", folder);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    return bf_remove_tree(folder) == BF_OK && access(folder, F_OK) != 0 ? 0
                                                                        : -1;
}

static int empty_folder(void **state)
{
    (void)state;
    return bf_remove_tree(folder) == BF_OK && mkdir(folder, 0700) == 0 ? 0 : -1;
}

static int entries(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

static void put(const char *where, const char *text)
{
    bf_outfile *f;
    assert_int_equal(bf_outfile_open(&f, where, 0644), BF_OK);
    assert_int_equal(bf_outfile_write(f, text, strlen(text)), BF_OK);
    assert_int_equal(bf_outfile_commit(f), BF_OK);
}

static void assert_content(const char *where, const char *text)
{
    uint8_t *data;
    size_t bytes;
    assert_int_equal(bf_read_file(where, 1 << 20, &data, &bytes), BF_OK);
    assert_int_equal(bytes, strlen(text));
    assert_string_equal((char *)data, text);
    bf_free(data);
}

static void committed_files_replace(void **state)
{
    (void)state;
    struct stat st;
    put(path, "first");
    put(path, "second");
    assert_content(path, "second");
    assert_int_equal(entries(), 1);
    bf_outfile *f;
    mode_t mask = umask(022);
    assert_int_equal(bf_outfile_open(&f, path, 0600), BF_OK);
    assert_string_equal(bf_outfile_path(f), path);
    assert_true(fprintf(bf_outfile_stream(f), "%d apples", 3) > 0);
    assert_content(path, "second");
    assert_int_equal(bf_outfile_commit(f), BF_OK);
    assert_content(path, "3 apples");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    put(other, "");
    assert_int_equal(stat(other, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    umask(mask);
}

static mode_t mode_of(const char *where)
{
    struct stat st;
    assert_int_equal(stat(where, &st), 0);
    return st.st_mode & 07777;
}

/* A replaced file stays private or shared; a secret is never shared, whatever
 * the old file's mode. */
static void replaced_files_keep_their_mode(void **state)
{
    (void)state;
    static const struct {
        mode_t before, asked, after;
    } cases[] = {{0600, 0644, 0600}, {0664, 0644, 0664}, {0640, 0644, 0640},
                 {0644, 0600, 0600}, {0400, 0600, 0400}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_outfile *f;
        put(path, "old");
        assert_int_equal(chmod(path, cases[i].before), 0);
        assert_int_equal(bf_outfile_open(&f, path, cases[i].asked), BF_OK);
        assert_int_equal(bf_outfile_commit(f), BF_OK);
        assert_int_equal(mode_of(path), cases[i].after);
        assert_int_equal(unlink(path), 0);
    }
}

/* Written through a link, the file that it points to changes. */
static void links_stay_links(void **state)
{
    (void)state;
    char sub[600], link[600], chain[600];
    struct stat st;
    snprintf(sub, sizeof sub, "%s/sub", folder);
    snprintf(link, sizeof link, "%s/sub/link", folder);
    snprintf(chain, sizeof chain, "%s/chain", folder);
    assert_int_equal(mkdir(sub, 0700), 0);
    assert_int_equal(symlink("../out.bin", link), 0);
    assert_int_equal(symlink("sub/link", chain), 0);
    put(chain, "made"); /* at first the chain ends in nothing */
    assert_content(path, "made");
    assert_int_equal(chmod(path, 0600), 0);
    put(chain, "replaced");
    assert_content(path, "replaced");
    assert_int_equal(mode_of(path), 0600);
    assert_true(lstat(chain, &st) == 0 && S_ISLNK(st.st_mode));
    assert_true(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    assert_int_equal(entries(), 3); /* sub, chain, out.bin */
    bf_outfile *f = NULL;
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("link", link), 0);
    assert_int_equal(bf_outfile_open(&f, link, 0644), BF_ERR_IO);
    assert_null(f);
}

static void patches_keep_the_place(void **state)
{
    (void)state;
    bf_outfile *f;
    assert_int_equal(bf_outfile_open(&f, path, 0644), BF_OK);
    assert_int_equal(bf_outfile_write(f, "01234", 5), BF_OK);
    assert_int_equal(bf_outfile_patch(f, 1, "ab", 2), BF_OK);
    assert_int_equal(bf_outfile_write(f, "5", 1), BF_OK);
    bf_outfile_fail_for_tests(1, EIO); /* the flush passes, the patch fails */
    assert_int_equal(bf_outfile_patch(f, 1, "xx", 2), BF_ERR_IO);
    bf_outfile_fail_for_tests(-1, 0);
    assert_int_equal(bf_outfile_commit(f), BF_ERR_IO);
    assert_int_equal(entries(), 0);
    assert_int_equal(bf_outfile_open(&f, path, 0644), BF_OK);
    assert_int_equal(bf_outfile_write(f, "01234", 5), BF_OK);
    assert_int_equal(bf_outfile_patch(f, 1, "ab", 2), BF_OK);
    assert_int_equal(bf_outfile_write(f, "5", 1), BF_OK);
    assert_fails(bf_outfile_patch(f, 5, "67", 2), BF_ERR_ARGUMENT, "2 bytes");
    assert_fails(bf_outfile_patch(f, 7, "7", 1), BF_ERR_ARGUMENT, "6 written");
    assert_int_equal(bf_outfile_commit(f), BF_OK);
    assert_content(path, "0ab345");
}

static void open_both(bf_outfile *f[2])
{
    assert_int_equal(bf_outfile_open(&f[0], path, 0644), BF_OK);
    assert_int_equal(bf_outfile_open(&f[1], other, 0644), BF_OK);
    assert_int_equal(bf_outfile_write(f[0], "new", 3), BF_OK);
    assert_int_equal(bf_outfile_write(f[1], "too", 3), BF_OK);
}

/* If anything fails before the first of two files is in place, both old files
 * stay, and no other file is left. */
static void files_commit_together(void **state)
{
    (void)state;
    bf_outfile *f[2];
    put(path, "old");
    /* Each: write, fsync, close; then the first rename. */
    for (long calls = 0; calls < 7; calls++) {
        open_both(f);
        bf_outfile_fail_for_tests(calls, EIO);
        assert_int_equal(bf_outfile_commit_all(f, 2), BF_ERR_IO);
        bf_outfile_fail_for_tests(-1, 0);
        assert_content(path, "old");
        assert_int_equal(entries(), 1);
    }
    open_both(f);
    bf_files_abort_all();
    assert_int_equal(bf_outfile_commit_all(f, 2), BF_ERR_INTERRUPTED);
    assert_content(path, "old");
    assert_int_equal(entries(), 1);
    open_both(f);
    assert_int_equal(bf_outfile_commit_all(f, 2), BF_OK);
    assert_content(path, "new");
    assert_content(other, "too");
    assert_int_equal(entries(), 2);
}

static void write_and_remove(bf_outfile *f[2])
{
    assert_int_equal(bf_outfile_remove(&f[0], other), BF_OK);
    assert_int_equal(bf_outfile_open(&f[1], path, 0644), BF_OK);
    assert_int_equal(bf_outfile_write(f[1], "new", 3), BF_OK);
}

/* A file goes when the others are in place, and not before. */
static void removals_commit_together(void **state)
{
    (void)state;
    bf_outfile *f[2];
    put(path, "old");
    put(other, "of the old");
    /* write, fsync, close; set aside; move. */
    for (long calls = 0; calls < 5; calls++) {
        write_and_remove(f);
        bf_outfile_fail_for_tests(calls, EIO);
        assert_int_equal(bf_outfile_commit_all(f, 2), BF_ERR_IO);
        bf_outfile_fail_for_tests(-1, 0);
        assert_content(path, "old");
        assert_content(other, "of the old");
        assert_int_equal(entries(), 2);
    }
    write_and_remove(f);
    bf_files_abort_all();
    assert_int_equal(bf_outfile_commit_all(f, 2), BF_ERR_INTERRUPTED);
    assert_content(other, "of the old");
    write_and_remove(f);
    bf_outfile_abort(f[0]);
    bf_outfile_abort(f[1]);
    assert_content(other, "of the old");
    for (int times = 0; times < 2; times++) { /* the second finds it gone */
        write_and_remove(f);
        assert_int_equal(bf_outfile_commit_all(f, 2), BF_OK);
        assert_content(path, "new");
        assert_int_equal(entries(), 1);
    }
}

static void removals_take_no_bytes(void **state)
{
    (void)state;
    bf_outfile *f = NULL;
    put(path, "old");
    assert_int_equal(bf_outfile_remove(&f, path), BF_OK);
    assert_fails(bf_outfile_write(f, "x", 1), BF_ERR_ARGUMENT, path);
    assert_fails(bf_outfile_patch(f, 0, "x", 1), BF_ERR_ARGUMENT, path);
    assert_null(bf_outfile_stream(f));
    assert_string_equal(bf_outfile_path(f), path);
    assert_int_equal(bf_outfile_commit(f), BF_OK);
    assert_int_equal(entries(), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_fails(bf_outfile_remove(&f, path), BF_ERR_IO, "is a folder");
}

static void aborted_files_leave_nothing(void **state)
{
    (void)state;
    bf_outfile *f;
    put(path, "old");
    assert_int_equal(bf_outfile_open(&f, path, 0644), BF_OK);
    assert_int_equal(bf_outfile_write(f, "new", 3), BF_OK);
    bf_outfile_abort(f);
    bf_outfile_abort(NULL);
    assert_content(path, "old");
    assert_int_equal(entries(), 1);
}

static void abort_all_removes_temporaries(void **state)
{
    (void)state;
    bf_outfile *f[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bf_outfile_open(&f[i], path, 0600), BF_OK);
        assert_int_equal(bf_outfile_write(f[i], "x", 1), BF_OK);
    }
    assert_int_equal(entries(), 3);
    bf_files_abort_all();
    assert_int_equal(entries(), 0);
    assert_int_equal(bf_outfile_commit(f[0]), BF_ERR_INTERRUPTED);
    bf_outfile_abort(f[1]);
    assert_int_equal(bf_outfile_commit(f[2]), BF_ERR_INTERRUPTED);
    assert_int_equal(entries(), 0);
    put(path, "works again");
    assert_content(path, "works again");
}

static atomic_bool opening;

static void *abort_all_the_time(void *user)
{
    (void)user;
    while (atomic_load(&opening)) bf_files_abort_all();
    return NULL;
}

/* Where a signal may come between any two steps of opening, nothing is left. */
static void abort_all_while_opening(void **state)
{
    (void)state;
    pthread_t thread;
    atomic_store(&opening, true);
    assert_int_equal(pthread_create(&thread, NULL, abort_all_the_time, NULL),
                     0);
    for (int i = 0; i < 3000; i++) {
        bf_outfile *f;
        bf_status s = bf_outfile_open(&f, path, 0644);
        if (s == BF_OK)
            bf_outfile_abort(f);
        else
            assert_int_equal(s, BF_ERR_INTERRUPTED);
    }
    atomic_store(&opening, false);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(entries(), 0);
}

/* A process of sanitizers takes ten times as long to fork. */
#ifdef BF_SANITIZED
enum { MOMENTS = 50 };
#else
enum { MOMENTS = 200 };
#endif

static void on_signal(int sig)
{
    (void)sig;
    bf_files_abort_all();
    _exit(99);
}

/* `work` in a process of its own, interrupted after so many microseconds if it
 * has not ended by then. */
static void interrupt_after(unsigned delay, void (*work)(void))
{
    int ready[2], how;
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, on_signal);
        if (write(ready[1], "", 1) != 1) _exit(1);
        work();
        _exit(99);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    usleep(delay);
    kill(child, SIGINT);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 99);
    close(ready[0]);
    close(ready[1]);
}

static void write_for_ever(void)
{
    for (;;) put(path, "complete");
}

static void signal_at_any_moment(void **state)
{
    (void)state;
    put(path, "complete");
    for (unsigned round = 0; round < MOMENTS; round++) {
        interrupt_after(3800 / MOMENTS * round, write_for_ever);
        assert_int_equal(entries(), 1);
        assert_content(path, "complete");
    }
}

static void write_pair(void)
{
    bf_outfile *f[2];
    open_both(f);
    assert_int_equal(bf_outfile_commit_all(f, 2), BF_OK);
}

static void signal_keeps_files_together(void **state)
{
    (void)state;
    for (unsigned round = 0; round < MOMENTS; round++) {
        interrupt_after(1000 / MOMENTS * round, write_pair);
        assert_int_equal(access(path, F_OK), access(other, F_OK));
        assert_int_equal(entries(), access(path, F_OK) == 0 ? 2 : 0);
        unlink(path);
        unlink(other);
    }
}

static void every_failing_call_is_reported(void **state)
{
    (void)state;
    static char big[600000];
    memset(big, 'b', sizeof big);
    put(path, "old");
    for (long k = 0;; k++) {
        bf_outfile *f = NULL;
        bf_outfile_fail_for_tests(k, k % 2 ? ENOSPC : EIO);
        bf_status s = bf_outfile_open(&f, path, 0644);
        if (s == BF_OK) {
            s = bf_outfile_write(f, big, sizeof big);
            if (s == BF_OK) s = bf_outfile_commit(f);
            else bf_outfile_abort(f);
        }
        bf_outfile_fail_for_tests(-1, 0);
        if (s == BF_OK) {
            assert_true(k >= 5); /* open, writes, fsync, close, rename */
            break;
        }
        assert_int_equal(s, k % 2 ? BF_ERR_SPACE : BF_ERR_IO);
        assert_non_null(strstr(bf_last_error(), path));
        assert_int_equal(entries(), 1);
        assert_content(path, "old");
    }
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, sizeof big);
}

static void size_limit_stops_a_short_write(void **state)
{
    (void)state;
    struct rlimit old, low;
    static char big[1 << 20];
    bf_outfile *f;
    getrlimit(RLIMIT_FSIZE, &old);
    low = old;
    low.rlim_cur = 300001; /* the kernel writes a part, then refuses */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    assert_int_equal(bf_outfile_open(&f, path, 0644), BF_OK);
    bf_status s = bf_outfile_write(f, big, sizeof big);
    bf_status c = bf_outfile_commit(f);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(s, BF_ERR_IO);
    assert_int_equal(c, BF_ERR_IO);
    assert_int_equal(entries(), 0);
}

static void devices_are_written_directly(void **state)
{
    (void)state;
    bf_outfile *f;
    struct stat st;
    assert_int_equal(bf_outfile_open(&f, "/dev/full", 0644), BF_OK);
    assert_int_equal(bf_outfile_write(f, "x", 1), BF_OK); /* buffered */
    assert_int_equal(bf_outfile_commit(f), BF_ERR_SPACE);
    assert_int_equal(stat("/dev/full", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    put("/dev/null", "gone");
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

static void bad_targets_are_refused(void **state)
{
    (void)state;
    bf_outfile *f = NULL;
    char deep[600];
    assert_int_equal(bf_outfile_open(&f, folder, 0644), BF_ERR_IO);
    assert_int_equal(bf_outfile_open(&f, "", 0644), BF_ERR_ARGUMENT);
    snprintf(deep, sizeof deep, "%s/no/such/file", folder);
    assert_int_equal(bf_outfile_open(&f, deep, 0644), BF_ERR_IO);
    assert_non_null(strstr(bf_last_error(), "No such file"));
    char *long_path = malloc(10000);
    memset(long_path, 'x', 9999);
    long_path[9999] = 0;
    assert_int_equal(bf_outfile_open(&f, long_path, 0644), BF_ERR_IO);
    memset(long_path, '/', 9998); /* longer than any path may be */
    assert_int_equal(bf_outfile_open(&f, long_path, 0644), BF_ERR_IO);
    free(long_path);
    assert_null(f);
    if (geteuid() != 0) {
        assert_int_equal(chmod(folder, 0500), 0);
        assert_int_equal(bf_outfile_open(&f, path, 0644), BF_ERR_IO);
        assert_int_equal(chmod(folder, 0700), 0);
    }
    /* The longest legal name is fine. */
    char name[256];
    memset(name, 'n', 255);
    name[255] = 0;
    snprintf(deep, sizeof deep, "%s/%s", folder, name);
    put(deep, "long");
    assert_content(deep, "long");
}

static void too_many_files_are_refused(void **state)
{
    (void)state;
    bf_outfile *f[65];
    for (int i = 0; i < 64; i++)
        assert_int_equal(bf_outfile_open(&f[i], path, 0600), BF_OK);
    assert_int_equal(bf_outfile_open(&f[64], path, 0600), BF_ERR_IO);
    for (int i = 0; i < 64; i++) bf_outfile_abort(f[i]);
    put(path, "again");
}

static void whole_files_are_limited(void **state)
{
    (void)state;
    uint8_t *data = NULL;
    size_t bytes;
    put(path, "0123456789");
    assert_int_equal(bf_read_file(path, 10, &data, &bytes), BF_OK);
    assert_int_equal(bytes, 10);
    assert_int_equal(data[10], 0);
    bf_free(data);
    data = NULL;
    assert_int_equal(bf_read_file(path, 9, &data, &bytes), BF_ERR_FORMAT);
    assert_int_equal(bf_read_file(other, 9, &data, &bytes), BF_ERR_IO);
    assert_int_equal(bf_read_file(folder, 9, &data, &bytes), BF_ERR_IO);
    assert_int_equal(bf_read_file("/dev/zero", 1 << 20, &data, &bytes),
                     BF_ERR_FORMAT);
    assert_null(data);
    assert_int_equal(bf_read_file("/proc/self/stat", 1 << 20, &data, &bytes),
                     BF_OK);
    assert_true(bytes > 20);
    bf_free(data);
    bf_alloc_fail_for_tests(0);
    assert_int_equal(bf_read_file(path, 10, &data, &bytes), BF_ERR_MEMORY);
    bf_alloc_fail_for_tests(-1);
}

static void folders_are_made_and_removed(void **state)
{
    (void)state;
    char deep[600];
    struct stat st;
    snprintf(deep, sizeof deep, "%s/a//b/c/", folder);
    assert_int_equal(bf_make_dir(deep, 0700), BF_OK);
    assert_int_equal(bf_make_dir(deep, 0700), BF_OK);
    assert_true(stat(deep, &st) == 0 && S_ISDIR(st.st_mode));
    put(other, "kept");
    snprintf(deep, sizeof deep, "%s/a/b/link", folder);
    assert_int_equal(symlink(other, deep), 0);
    snprintf(deep, sizeof deep, "%s/a", folder);
    assert_int_equal(bf_remove_tree(deep), BF_OK);
    assert_int_equal(bf_remove_tree(deep), BF_OK);
    assert_true(stat(deep, &st) != 0);
    assert_content(other, "kept");
    assert_int_equal(bf_make_dir(other, 0700), BF_ERR_IO);
    assert_int_equal(bf_make_dir("", 0700), BF_ERR_ARGUMENT);
}

#define FILE_TEST(f) cmocka_unit_test_setup(f, empty_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(committed_files_replace),
        FILE_TEST(replaced_files_keep_their_mode),
        FILE_TEST(links_stay_links),
        FILE_TEST(patches_keep_the_place),
        FILE_TEST(files_commit_together),
        FILE_TEST(removals_commit_together),
        FILE_TEST(removals_take_no_bytes),
        FILE_TEST(aborted_files_leave_nothing),
        FILE_TEST(abort_all_removes_temporaries),
        FILE_TEST(abort_all_while_opening),
        FILE_TEST(signal_at_any_moment),
        FILE_TEST(signal_keeps_files_together),
        FILE_TEST(every_failing_call_is_reported),
        FILE_TEST(size_limit_stops_a_short_write),
        FILE_TEST(devices_are_written_directly),
        FILE_TEST(bad_targets_are_refused),
        FILE_TEST(too_many_files_are_refused),
        FILE_TEST(whole_files_are_limited),
        FILE_TEST(folders_are_made_and_removed),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
