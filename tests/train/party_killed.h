/* Steps and other work in processes that are killed while they write. */
#ifndef PARTY_KILLED_H
#define PARTY_KILLED_H

#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>

#include "train/party_steps.h"

/* ---- what others may have seen ------------------------------------------- */

typedef struct files {
    unsigned count;
    path name[64];
    uint8_t digest[64][32];
} files;

static inline void outbox_digests(files *f, unsigned k)
{
    DIR *d = opendir(out_of(k).s);
    f->count = 0;
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        size_t bytes;
        path p;
        if (e->d_name[0] == '.') continue;
        snprintf(p.s, sizeof p.s, "%.220s/%.200s", out_of(k).s, e->d_name);
        uint8_t *data = read_bytes(p, &bytes);
        crypto_generichash(f->digest[f->count], 32, data, bytes, NULL, 0);
        f->name[f->count++] = p;
        bf_free(data);
    }
    closedir(d);
}

/* The published messages are still there, unchanged. */
static inline void check_kept(const files *before, unsigned k)
{
    files after;
    outbox_digests(&after, k);
    for (unsigned i = 0; i < before->count; i++) {
        unsigned j = 0;
        while (j < after.count &&
               strcmp(before->name[i].s, after.name[j].s) != 0)
            j++;
        if (j == after.count ||
            memcmp(before->digest[i], after.digest[j], 32) != 0)
            fail_msg("%s has changed", before->name[i].s);
    }
}

static inline void check_sent(unsigned round)
{
    char line[40];
    files shown;
    outbox_digests(&shown, 0);
    snprintf(line, sizeof line, "round %u: waiting for", round);
    check_fails(BF_ERR_WAITING, line, step(0));
    check_kept(&shown, 0);
    assert_true(there(at("box-a/outbox/r%u-00.head", round)));
}

/* ---- what is cut off ----------------------------------------------------- */

/* False if the process ended by itself, well. */
static inline bool was_killed(pid_t child)
{
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (!WIFSIGNALED(how)) assert_int_equal(WEXITSTATUS(how), 0);
    return WIFSIGNALED(how);
}

/* Takes a step of owner k in a process that is killed in place of this call;
 * false if the step makes fewer calls. */
static inline bool killed_at(unsigned k, int call)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bf_outfile_fail_for_tests(call, 0);
        _exit(step(k) == BF_ERR_WAITING ? 0 : 1);
    }
    return was_killed(child);
}

typedef struct kills {
    unsigned places, again;
} kills;

/* kill -9 in place of every system call that writes a's message of a round, and
 * after every other one in place of a call of the next step. `before` makes a's
 * box as it is before this message. */
static inline void kill_everywhere(kills *seen, unsigned round,
                                   void (*before)(unsigned round))
{
    bool cut = true;
    for (int call = 0; cut; call++) {
        files shown;
        before(round);
        cut = killed_at(0, call);
        seen->places += cut;
        outbox_digests(&shown, 0);
        if (cut && call % 2) seen->again += killed_at(0, call % 7);
        check_kept(&shown, 0);
        outbox_digests(&shown, 0);
        check_sent(round);
        check_kept(&shown, 0);
    }
}

#endif
