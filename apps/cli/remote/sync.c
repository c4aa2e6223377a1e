#include "remote/sync.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "remote/job.h"
#include "remote/members.h"
#include "remote/receive.h"
#include "remote/send.h"
#include "spool/at.h"

#define SESSION_FILE "session.bf"
#define MODEL_FILE "model.enc"

/* ---- what the server has ------------------------------------------------- */

/* So that sums of a listing, which has at most 4 MB, do not overflow. */
#define BYTES_MAX 0x1p46

/* False for what is no message, or not complete. */
static bool read_message(remote_message *m, const cJSON *o)
{
    const char *name = remote_text(o, "name"), *etag = remote_text(o, "etag");
    double bytes = remote_number(o, "bytes");
    size_t n = strlen(etag);
    *m = (remote_message){.bytes = 0};
    if (strlen(name) > SPOOL_FILE_MAX || !spool_message_read(&m->is, name) ||
        !(bytes >= 0 && bytes < BYTES_MAX) ||
        remote_number(o, "offset") != bytes)
        return false;
    /* The ETag becomes part of a file's name here. */
    if (n >= sizeof m->etag || strspn(etag, "0123456789abcdef") != n)
        return false;
    snprintf(m->name, sizeof m->name, "%s", name);
    snprintf(m->etag, sizeof m->etag, "%s", etag);
    m->bytes = (uint64_t)bytes;
    return true;
}

static bool find_message(remote_message *m, const cJSON *session,
                         const char *name)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(session, "messages");
    const cJSON *o;
    cJSON_ArrayForEach(o, list)
        if (strcmp(remote_text(o, "name"), name) == 0 && read_message(m, o))
            return true;
    return false;
}

static bool is_same(const remote_message *a, const remote_message *b)
{
    return a->bytes == b->bytes && strcmp(a->etag, b->etag) == 0;
}

typedef struct moving {
    const char *phase;
    uint64_t before, total; /* bytes of files before this one, and of all */
} moving;

static void moved(void *user, uint64_t bytes)
{
    const moving *m = user;
    cli_progress_bytes(m->phase, m->before + bytes, m->total);
}

/* ---- sending ------------------------------------------------------------- */

static bf_status choose_own(remote_messages *out, const remote_sync *s,
                            const remote_messages *own, const cJSON *session)
{
    for (size_t i = 0; i < own->count; i++) {
        remote_message there;
        const remote_message *m = &own->at[i];
        if (!find_message(&there, session, m->name))
            BF_TRY(remote_messages_add(out, m));
        else if (!is_same(&there, m))
            return bf_fail(BF_ERR_MISMATCH, "%s/outbox/%s: the server has "
                           "another message of this name, as after a step with "
                           "an older copy of the box", s->box.path, m->name);
    }
    return BF_OK;
}

/* Nothing that is a secret key travels, whatever its name is. */
static bf_status refuse_secret(const remote_sync *s, const char *name)
{
    char path[PATH_MAX];
    bf_file_info info;
    BF_TRY(remote_box_path(path, &s->box, true, name));
    if (bf_file_inspect(&info, path, &cli_env) != BF_OK || !info.secret)
        return BF_OK;
    return bf_fail(BF_ERR_SECURITY, "%s: is a secret key, which nobody else "
                   "may have", path);
}

static bf_status send_file(remote_sync *s, const char *name, int fd,
                           uint64_t bytes, const uint8_t *digest, moving *m)
{
    char files[REMOTE_SESSION_BYTES + 8];
    remote_session_url(files, s->session);
    strcat(files, "/files");
    remote_send f = {.files = files,
                     .name = name,
                     .fd = fd,
                     .bytes = bytes,
                     .digest = digest,
                     .moved = moved,
                     .user = m};
    bf_status status = remote_send_file(s->http, &f);
    s->bytes_sent += f.sent;
    if (status != BF_OK) return status;
    s->sent++;
    m->before += bytes;
    return BF_OK;
}

static bf_status send_message(remote_sync *s, const char *name, moving *to)
{
    remote_message m;
    bool there;
    int fd;
    BF_TRY(refuse_secret(s, name));
    BF_TRY(remote_box_look(&m, &there, &fd, &s->box, true, name));
    if (!there)
        return bf_fail(BF_ERR_IO, "%s/outbox/%s: is gone", s->box.path, name);
    bf_status status = send_file(s, name, fd, m.bytes, m.end, to);
    close(fd);
    return status;
}

/* For the server, which gathers by it. */
static bf_status send_session(remote_sync *s, const cJSON *session)
{
    remote_message there;
    moving to = {.phase = "sending"};
    if (s->me != 0 || find_message(&there, session, SESSION_FILE)) return BF_OK;
    FILE *f = fopen(s->session_path, "rbe");
    if (!f || fseeko(f, 0, SEEK_END) != 0) {
        if (f) fclose(f);
        return bf_fail(BF_ERR_IO, "%s: cannot be read", s->session_path);
    }
    to.total = (uint64_t)ftello(f);
    bf_status status = send_file(s, SESSION_FILE, fileno(f), to.total,
                                 bf_session_id(s->session), &to);
    fclose(f);
    return status;
}

static bf_status send_all(remote_sync *s, const remote_messages *own,
                          const cJSON *session)
{
    remote_messages list = {0};
    bf_status status = choose_own(&list, s, own, session);
    moving to = {.phase = "sending", .total = list.bytes};
    if (status == BF_OK) status = send_session(s, session);
    for (size_t i = 0; i < list.count && status == BF_OK; i++)
        status = send_message(s, list.at[i].name, &to);
    remote_messages_clear(&list);
    cli_progress_end();
    return status;
}

/* ---- receiving ----------------------------------------------------------- */

static bool is_one_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static bool rechecks(const remote_sync *s)
{
    return s->recheck == CLI_AUTO ? s->me == bf_session_rechecker(s->session)
                                  : s->recheck == CLI_YES;
}

/* What is for this owner: of parts, those of docs/formats.md. */
static bool is_wanted(const remote_sync *s, const remote_message *m)
{
    static const char *const parts[] = {"head",  "sums",   "rows",
                                        "square", "transform", "share",
                                        "before", "audit"};
    static const char *const long_parts[] = {"keys", "second", "upload"};
    const char *part = strchr(m->name, '.') + 1;
    if (m->is.model) return true;
    if (m->is.round == 0 || m->is.from == s->me ||
        m->is.from >= bf_session_owners(s->session))
        return false;
    return is_one_of(parts, sizeof parts / sizeof *parts, part) ||
           (rechecks(s) &&
            is_one_of(long_parts, sizeof long_parts / sizeof *long_parts,
                      part));
}

static bf_status choose_others(remote_messages *out, const remote_sync *s,
                               const cJSON *session)
{
    const cJSON *o;
    cJSON_ArrayForEach(
        o, cJSON_GetObjectItemCaseSensitive(session, "messages"))
    {
        remote_message m, here;
        bool is_here;
        if (!read_message(&m, o) || !is_wanted(s, &m)) continue;
        BF_TRY(remote_box_look(&here, &is_here, NULL, &s->box, false, m.name));
        if (!is_here)
            BF_TRY(remote_messages_add(out, &m));
        else if (!is_same(&here, &m))
            return bf_fail(BF_ERR_MISMATCH, "%s/inbox/%s: differs from the "
                           "server's, and stays; without it the server's comes",
                           s->box.path, m.name);
    }
    uint64_t room = at_disk_free(s->box.inbox);
    if (out->bytes <= room) return BF_OK;
    return bf_fail(BF_ERR_SPACE, "%s/inbox: %s are to come, and the disk has "
                   "room for %s", s->box.path,
                   bf_text_size((double)out->bytes).s,
                   bf_text_size((double)room).s);
}

/* In the box under the name that the server's listing gave it. */
static bf_status put_in_place(const remote_sync *s, const remote_receive *r,
                              const remote_message *m, const char *part)
{
    if (strcmp(r->etag, m->etag) != 0 || r->at != m->bytes) {
        unlinkat(s->box.inbox, part, 0);
        return bf_fail(BF_ERR_FORMAT, "%s: another message came than the "
                       "server had named", m->name);
    }
    if (at_exists(s->box.inbox, m->name))
        return bf_fail(BF_ERR_MISMATCH, "%s/inbox/%s: came another way at the "
                       "same time", s->box.path, m->name);
    int err = at_move(s->box.inbox, part, s->box.inbox, m->name);
    return err ? bf_fail_errno(err, "%s/inbox/%s", s->box.path, m->name)
               : BF_OK;
}

/* A part has the ETag in its name, so that only the same message continues. */
static bf_status receive(remote_sync *s, const remote_message *m, moving *to)
{
    char url[REMOTE_SESSION_BYTES], from[192], part[128], path[PATH_MAX];
    remote_session_url(url, s->session);
    snprintf(from, sizeof from, "%s/files/%s", url, m->name);
    snprintf(part, sizeof part, ".%s.%.16s.part", m->name, m->etag);
    BF_TRY(remote_box_path(path, &s->box, false, part));
    remote_receive r = {.from = from,
                        .path = path,
                        .expected = m->bytes,
                        .moved = moved,
                        .user = to};
    snprintf(r.etag, sizeof r.etag, "%s", m->etag);
    bf_status status = remote_receive_open(&r);
    uint64_t before = r.at;
    if (status == BF_OK) status = remote_receive_rest(s->http, &r);
    if (r.fd >= 0) close(r.fd);
    if (r.at > before) s->bytes_received += r.at - before;
    if (status == BF_OK) status = put_in_place(s, &r, m, part);
    if (status != BF_OK) return status;
    s->received++;
    to->before += m->bytes;
    return BF_OK;
}

static bf_status receive_all(remote_sync *s, const cJSON *session)
{
    remote_messages list = {0};
    bf_status status = choose_others(&list, s, session);
    moving to = {.phase = "receiving", .total = list.bytes};
    for (size_t i = 0; i < list.count && status == BF_OK; i++)
        status = receive(s, &list.at[i], &to);
    remote_messages_clear(&list);
    cli_progress_end();
    return status;
}

/* ---- what is awaited ----------------------------------------------------- */

/* *there is false, and the name is noted, if the box does not have it. */
static bf_status await_file(remote_sync *s, bool *there, const char *name)
{
    remote_message m;
    BF_TRY(remote_box_look(&m, there, NULL, &s->box, false, name));
    if (!*there) cJSON_AddItemToArray(s->missing, cJSON_CreateString(name));
    return BF_OK;
}

static void add_name(remote_sync *s, const char *name)
{
    size_t n = strlen(s->line);
    snprintf(s->line + n, sizeof s->line - n, "%s%s",
             cJSON_GetArraySize(s->missing) > 1 ? ", " : "", name);
}

/* Messages come with their heads last, so that heads tell what is missing. */
static bf_status await_heads(remote_sync *s)
{
    unsigned owners = bf_session_owners(s->session);
    for (unsigned k = 0; k < owners; k++) {
        char name[SPOOL_FILE_MAX + 1];
        bool there = true;
        snprintf(name, sizeof name, "r%u-%02u.head", s->round, k);
        if (k != s->me) BF_TRY(await_file(s, &there, name));
        if (!there)
            add_name(s, bf_session_owner_at(s->session, k)->party.name);
    }
    return BF_OK;
}

static bf_status await(remote_sync *s)
{
    bool there;
    cJSON_Delete(s->missing);
    s->missing = cJSON_CreateArray();
    snprintf(s->line, sizeof s->line, "round %u: waiting for ", s->round);
    /* Who receives no model needs none of the others' last messages. */
    if (s->round == bf_session_rounds(s->session) &&
        !bf_session_owner_at(s->session, s->me)->receives)
        return BF_OK;
    BF_TRY(await_heads(s));
    if (s->round == BF_ROUND_UPLOAD && cJSON_GetArraySize(s->missing) == 0) {
        BF_TRY(await_file(s, &there, MODEL_FILE));
        if (!there) add_name(s, "the server (" MODEL_FILE ")");
    }
    return cJSON_GetArraySize(s->missing) == 0
               ? BF_OK
               : bf_fail(BF_ERR_WAITING, "%s", s->line);
}

/* ---- all of it ----------------------------------------------------------- */

static bf_status exchange(remote_sync *s, const remote_messages *own,
                          const cJSON *session)
{
    s->round = own->at[own->count - 1].is.round;
    BF_TRY(send_all(s, own, session));
    BF_TRY(receive_all(s, session));
    return await(s);
}

bf_status remote_sync_run(remote_sync *s)
{
    cJSON *session;
    remote_messages own;
    BF_TRY(remote_members_find(&session, &own, s));
    bf_status status = exchange(s, &own, session);
    remote_messages_clear(&own);
    cJSON_Delete(session);
    return status;
}

#define LOOK_EVERY 1.0
#define LOOK_EVERY_LATER 5.0
#define LOOKS_SOON 120

bf_status remote_sync_wait(remote_sync *s)
{
    char shown[sizeof s->line] = "";
    for (int looks = 0;; looks++) {
        bf_status status = remote_sync_run(s);
        if (status != BF_ERR_WAITING) return status;
        if (strcmp(s->line, shown) != 0) cli_note("%s: %s", cli_program(),
                                                  s->line);
        memcpy(shown, s->line, sizeof shown);
        BF_TRY(remote_sleep(looks < LOOKS_SOON ? LOOK_EVERY
                                               : LOOK_EVERY_LATER));
    }
}

void remote_sync_clear(remote_sync *s)
{
    cJSON_Delete(s->missing);
    remote_box_close(&s->box);
}
