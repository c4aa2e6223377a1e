#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/owner/party_run.h"

bf_status bf_box_path(bf_path *out, const bf_party_run *p, const char *folder,
                      const char *name)
{
    int n = snprintf(out->s, sizeof out->s, "%s/%s%s%s", p->o->box,
                     folder ? folder : "", folder ? "/" : "", name);
    if (n >= 0 && (size_t)n < sizeof out->s) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", p->o->box);
}

bf_status bf_box_message(bf_path *out, const bf_party_run *p, unsigned round,
                         unsigned owner, bf_part_kind kind)
{
    char name[BF_MESSAGE_NAME_BYTES];
    bf_message_name(name, round, owner, kind);
    return bf_box_path(out, p, owner == p->me ? "outbox" : "inbox", name);
}

bf_status bf_box_new(bf_path *out, const bf_party_run *p, unsigned round,
                     bf_part_kind kind)
{
    char name[BF_MESSAGE_NAME_BYTES];
    bf_message_name(name, round, p->me, kind);
    return bf_box_path(out, p, "new", name);
}

bf_status bf_box_model(bf_path *out, const bf_party_run *p)
{
    return bf_box_path(out, p, "held", BF_MODEL_FILE);
}

static bf_status copy_stream(bf_outfile *to, FILE *from, const char *path)
{
    static const size_t block = (size_t)1 << 16;
    uint8_t *data = bf_alloc(block);
    bf_status s = data ? BF_OK : BF_ERR_MEMORY;
    for (size_t n; s == BF_OK && (n = fread(data, 1, block, from)) > 0;)
        s = bf_outfile_write(to, data, n);
    if (s == BF_OK && ferror(from))
        s = bf_fail_errno(errno, "%s: cannot read", path);
    bf_free(data);
    return s;
}

static bf_status copy_model(FILE *from, const char *path, const char *to)
{
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, to, 0644));
    bf_status s = copy_stream(f, from, path);
    if (s == BF_OK) return bf_outfile_commit(f);
    bf_outfile_abort(f);
    return s;
}

bf_status bf_box_take_model(const bf_party_run *p)
{
    bool there;
    bf_path given, kept;
    BF_TRY(bf_box_path(&given, p, "inbox", BF_MODEL_FILE));
    BF_TRY(bf_box_model(&kept, p));
    BF_TRY(bf_message_there(&there, given.s));
    if (!there)
        return bf_fail(BF_ERR_WAITING,
                       "round 4: waiting for the server (" BF_MODEL_FILE ")");
    FILE *from = fopen(given.s, "re");
    if (!from) return bf_fail_errno(errno, "%s: cannot open", given.s);
    bf_status s = copy_model(from, given.s, kept.s);
    fclose(from);
    return s;
}

/* Temporary files of the state hold secrets. */
static bf_status remove_temporaries(const bf_party_run *p)
{
    DIR *d = opendir(p->o->box);
    bf_status s = BF_OK;
    if (!d) return bf_fail_errno(errno, "%s: cannot read", p->o->box);
    for (struct dirent *e; s == BF_OK && (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        bf_path path;
        if (strncmp(e->d_name, ".blindfit-", 10) != 0 || n < 4 ||
            strcmp(e->d_name + n - 4, ".tmp") != 0)
            continue;
        s = bf_box_path(&path, p, NULL, e->d_name);
        if (s == BF_OK) s = bf_remove_tree(path.s);
    }
    closedir(d);
    return s;
}

bf_status bf_box_prepare(const bf_party_run *p)
{
    static const char *const folders[] = {"new", "held", "outbox", "inbox"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        bf_path path;
        BF_TRY(bf_box_path(&path, p, NULL, folders[i]));
        BF_TRY(bf_make_dir(path.s, 0700));
    }
    return remove_temporaries(p);
}

bf_status bf_box_empty_new(const bf_party_run *p)
{
    bf_path path;
    BF_TRY(bf_box_path(&path, p, NULL, "new"));
    BF_TRY(bf_remove_tree(path.s));
    return bf_make_dir(path.s, 0700);
}

bf_status bf_box_save_state(bf_party_run *p)
{
    bf_path path;
    BF_TRY(bf_box_path(&path, p, NULL, "state"));
    return bf_party_state_write(&p->st, p->session, path.s);
}

/* Moves a file from new/ or held/ to `folder`, unless `folder` has it. */
static bf_status show(const bf_party_run *p, const char *name,
                      const char *folder)
{
    static const char *const from[] = {"new", "held"};
    bool there;
    bf_path to, path;
    BF_TRY(bf_box_path(&to, p, folder, name));
    BF_TRY(bf_message_there(&there, to.s));
    if (there) return BF_OK;
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        BF_TRY(bf_box_path(&path, p, from[i], name));
        BF_TRY(bf_message_there(&there, path.s));
        if (there) return bf_move_file(path.s, to.s);
    }
    return bf_fail(BF_ERR_IO,
                   "%s: is gone, and cannot be made again: the session has to "
                   "begin anew",
                   to.s);
}

bf_status bf_box_publish(const bf_party_run *p)
{
    unsigned round = bf_party_sent(p);
    bf_part_kind kinds[BF_PARTS_MAX];
    char name[BF_MESSAGE_NAME_BYTES];
    if (round == 0) return BF_OK;
    unsigned count = bf_message_parts(kinds, p->session, round, p->me);
    if (round == 1) {
        bf_message_name(name, 2, p->me, BF_PART_SQUARE);
        BF_TRY(show(p, name, "held"));
    }
    for (unsigned i = 0; i < count; i++) {
        if (!bf_part_travels(kinds[i], round)) continue;
        bf_message_name(name, round, p->me, kinds[i]);
        BF_TRY(show(p, name, "outbox"));
    }
    bf_message_name(name, round, p->me, 0);
    return show(p, name, "outbox");
}
