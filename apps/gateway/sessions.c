#include "gateway/sessions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "spool/at.h"

#define INFO "session.json"
#define INBOX "inbox"
#define INFO_BYTES_MAX 8192

/* ---- members ------------------------------------------------------------- */

typedef struct members {
    unsigned count;
    char name[SPOOL_MEMBERS_MAX][SPOOL_OWNER_MAX + 1];
    int began; /* the place of the one who began the session */
} members;

/* The place of the owner among them; -1 if it is none. */
static int place_of(const members *m, const char *owner)
{
    for (unsigned i = 0; i < m->count; i++)
        if (strcmp(m->name[i], owner) == 0) return (int)i;
    return -1;
}

/* NULL, or what is wrong with the text. */
static const char *parse_members(members *out, const char *text, size_t bytes)
{
    const char *wrong = NULL;
    cJSON *o = cJSON_ParseWithLength(text, bytes);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "members"), *v;
    *out = (members){.count = 0};
    if (!cJSON_IsArray(list)) wrong = "no list of members";
    cJSON_ArrayForEach(v, list)
    {
        const char *name = cJSON_GetStringValue(v);
        if (out->count == SPOOL_MEMBERS_MAX)
            wrong = "more than 16 members";
        else if (!name || !spool_owner_valid(name))
            wrong = "a member that is no name of an owner";
        else if (place_of(out, name) >= 0)
            wrong = "a member named twice";
        if (wrong) break;
        memcpy(out->name[out->count++], name, strlen(name) + 1);
    }
    if (!wrong && out->count < 2) wrong = "fewer than 2 members";
    v = cJSON_GetObjectItemCaseSensitive(o, "began");
    if (cJSON_IsString(v)) out->began = place_of(out, v->valuestring);
    cJSON_Delete(o);
    return wrong;
}

static int load(members *out, int session)
{
    char *text;
    size_t bytes;
    int err = at_read(&text, &bytes, session, INFO, INFO_BYTES_MAX);
    if (err) return err;
    if (parse_members(out, text, bytes)) err = ENOENT;
    free(text);
    return err;
}

static cJSON *names_of(const members *m)
{
    cJSON *list = cJSON_CreateArray();
    for (unsigned i = 0; i < m->count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(m->name[i]));
    return list;
}

static int save(const members *m, int session)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "members", names_of(m));
    cJSON_AddStringToObject(o, "began", m->name[m->began]);
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (!text) return ENOMEM;
    int err = at_write(session, INFO, text, strlen(text));
    cJSON_free(text);
    return err;
}

/* ---- a session ----------------------------------------------------------- */

static unsigned refuse_absent(request *r)
{
    return refuse(r, 404, "there is no such session of yours");
}

/* Opens the session's folder; *own is the place of the owner. */
static unsigned open_session(int *out, members *m, unsigned *own, request *r)
{
    int err = at_folder(out, r->g->sessions, r->to.session);
    if (err) return refuse_absent(r);
    err = load(m, *out);
    int place = err ? -1 : place_of(m, r->owner);
    if (place < 0) {
        close(*out);
        return refuse_absent(r);
    }
    *own = (unsigned)place;
    return 0;
}

static unsigned check_message(request *r, int inbox, unsigned own, bool write)
{
    spool_message m;
    if (!spool_message_read(&m, r->to.file))
        return refuse(r, 404, "'%s' is no message", r->to.file);
    if (m.model || m.from == own) return 0;
    if (write)
        return refuse(r, 403, "%s: you are owner %u of the session", r->to.file,
                      own);
    /* What others have not completed is not there yet. */
    return at_exists(inbox, r->to.file)
               ? 0
               : refuse(r, 404, "%s: is not here", r->to.file);
}

unsigned session_inbox(int *out, request *r, bool write)
{
    members m;
    unsigned own, status;
    int session;
    status = open_session(&session, &m, &own, r);
    if (status) return status;
    int err = at_folder(out, session, INBOX);
    close(session);
    if (err) return refuse_errno(r, err, "the session's inbox");
    return check_message(r, *out, own, write);
}

/* ---- bytes --------------------------------------------------------------- */

typedef struct walk {
    const gateway *g;
    const char *owner;
    request *r;
    int inbox;
    unsigned own;
    bool all;       /* of all rounds */
    unsigned round; /* else */
    uint64_t bytes;
    size_t count;
    cJSON *list;
} walk;

/* The message's name, for a complete one or a part. */
static bool read_message(char name[SPOOL_FILE_MAX + 1], spool_message *m,
                         const char *file)
{
    if (spool_message_read(m, file)) {
        snprintf(name, SPOOL_FILE_MAX + 1, "%s", file);
        return true;
    }
    return upload_part_name(name, file) && spool_message_read(m, name);
}

static void add_message(void *user, const char *file)
{
    walk *w = user;
    char name[SPOOL_FILE_MAX + 1];
    spool_message m;
    upload u;
    if (read_message(name, &m, file) && m.from == w->own &&
        upload_look(&u, w->inbox, name) == 0)
        w->bytes += u.length;
}

static void add_session(void *user, const char *id)
{
    walk *w = user;
    members m;
    int session, place;
    if (at_folder(&session, w->g->sessions, id) != 0) return;
    place = load(&m, session) == 0 ? place_of(&m, w->owner) : -1;
    if (place >= 0 && at_folder(&w->inbox, session, INBOX) == 0) {
        w->own = (unsigned)place;
        if (at_each_hidden(w->inbox, add_message, w) != 0)
            w->bytes = UINT64_MAX / 2;
        close(w->inbox);
    }
    close(session);
}

uint64_t sessions_bytes(const gateway *g, const char *owner)
{
    walk w = {.g = g, .owner = owner};
    return at_each(g->sessions, SIZE_MAX, add_session, &w) == 0
               ? w.bytes
               : UINT64_MAX / 2;
}

/* ---- listings ------------------------------------------------------------ */

static void add_etag(cJSON *o, int inbox, const char *name)
{
    char etag[ETAG_BYTES] = "";
    struct stat st;
    int fd;
    if (at_file(&fd, &st, inbox, name) == 0) {
        file_etag(etag, fd, (uint64_t)st.st_size);
        close(fd);
    }
    cJSON_AddStringToObject(o, "etag", etag);
}

static void list_message(void *user, const char *file)
{
    walk *w = user;
    char name[SPOOL_FILE_MAX + 1];
    spool_message m;
    upload u;
    if (!read_message(name, &m, file) || (!w->all && m.round != w->round))
        return;
    if (upload_look(&u, w->inbox, name) != 0) return;
    /* Listed by its part until it is complete, and then by its name. */
    if (u.complete != (strcmp(name, file) == 0)) return;
    if (!u.complete && !m.model && m.from != w->own) return;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", name);
    cJSON_AddNumberToObject(o, "from", m.from);
    cJSON_AddNumberToObject(o, "round", m.round);
    cJSON_AddNumberToObject(o, "bytes", (double)u.length);
    cJSON_AddNumberToObject(o, "offset", (double)u.offset);
    if (u.complete)
        add_etag(o, w->inbox, name);
    else
        cJSON_AddNumberToObject(o, "expires",
                                (double)u.changed + w->r->g->o.expire);
    cJSON_AddItemToArray(w->list, o);
}

static unsigned read_round(walk *w, request *r)
{
    uint64_t round;
    const char *text = MHD_lookup_connection_value(
        r->connection, MHD_GET_ARGUMENT_KIND, "round");
    w->all = !text;
    if (!text) return 0;
    if (!header_number(&round, text) || round > SPOOL_ROUNDS_MAX)
        return refuse(r, 400, "round: is no number of a round");
    w->round = (unsigned)round;
    return 0;
}

static enum MHD_Result reply_session(request *r, unsigned good)
{
    walk w = {.r = r};
    members m;
    int session;
    unsigned status = read_round(&w, r);
    if (!status) status = open_session(&session, &m, &w.own, r);
    if (status) return reply_error(r);
    int err = at_folder(&w.inbox, session, INBOX);
    close(session);
    if (err && refuse_errno(r, err, "the session's inbox"))
        return reply_error(r);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "session", r->to.session);
    cJSON_AddItemToObject(o, "members", names_of(&m));
    w.list = cJSON_AddArrayToObject(o, "messages");
    err = at_each_hidden(w.inbox, list_message, &w);
    close(w.inbox);
    if (!err || !refuse_errno(r, err, "the session's inbox"))
        return reply_json(r, good, o);
    cJSON_Delete(o);
    return reply_error(r);
}

static void list_session(void *user, const char *id)
{
    walk *w = user;
    members m;
    int session;
    if (at_folder(&session, w->g->sessions, id) != 0) return;
    if (load(&m, session) == 0 && place_of(&m, w->owner) >= 0) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "session", id);
        cJSON_AddItemToObject(o, "members", names_of(&m));
        cJSON_AddItemToArray(w->list, o);
    }
    close(session);
}

enum MHD_Result sessions_list(request *r)
{
    walk w = {.g = r->g, .owner = r->owner};
    cJSON *o = cJSON_CreateObject();
    w.list = cJSON_AddArrayToObject(o, "sessions");
    int err = at_each(r->g->sessions, SIZE_MAX, list_session, &w);
    if (!err || !refuse_errno(r, err, "sessions")) return reply_json(r, 200, o);
    cJSON_Delete(o);
    return reply_error(r);
}

/* ---- begin, remove ------------------------------------------------------- */

/* Sessions that others began count for these alone: anyone may name an owner
 * among the members. */
static void count_begun(void *user, const char *id)
{
    walk *w = user;
    members m;
    int session, place;
    if (at_folder(&session, w->g->sessions, id) != 0) return;
    place = load(&m, session) == 0 ? place_of(&m, w->owner) : -1;
    w->count += place >= 0 && place == m.began;
    close(session);
}

static unsigned make_session(request *r, const members *m)
{
    walk w = {.g = r->g, .owner = r->owner};
    int session, inbox,
        err = at_each(r->g->sessions, SIZE_MAX, count_begun, &w);
    if (!err && w.count >= r->g->o.sessions)
        return refuse(r, 413, "you began %zu sessions, which is the limit",
                      w.count);
    if (!err)
        err = at_make_folder(&session, r->g->sessions, r->to.session, 0750);
    if (err) return refuse_errno(r, err, r->to.session);
    err = at_make_folder(&inbox, session, INBOX, 0750);
    if (!err) {
        close(inbox);
        err = save(m, session);
    }
    close(session);
    return err ? refuse_errno(r, err, r->to.session) : 0;
}

/* With the lock of sessions. *good: the status of success. */
static unsigned begin_locked(request *r, const members *m, unsigned *good)
{
    members there;
    int session, err = at_folder(&session, r->g->sessions, r->to.session);
    *good = 201;
    if (!err) {
        err = load(&there, session);
        close(session);
    }
    /* A folder without members is of a gateway that was killed. */
    if (err) return make_session(r, m);
    *good = 200;
    if (place_of(&there, r->owner) < 0)
        return refuse(r, 409, "another session has this id");
    if (memcmp(there.name, m->name, sizeof there.name) != 0)
        return refuse(r, 409, "the session has other members");
    return 0;
}

static unsigned begin_session(request *r, unsigned *good)
{
    members m;
    int lock;
    const char *wrong = parse_members(&m, r->text, r->text_bytes);
    if (wrong) return refuse(r, 400, "the body has %s", wrong);
    m.began = place_of(&m, r->owner);
    if (m.began < 0) return refuse(r, 403, "you are no member of the session");
    int err = at_folder(&lock, r->g->sessions, ".");
    if (err) return refuse_errno(r, err, "sessions");
    unsigned status = flock(lock, LOCK_EX) == 0
                          ? begin_locked(r, &m, good)
                          : refuse_errno(r, errno, "sessions");
    close(lock);
    return status;
}

static unsigned remove_session(request *r)
{
    members m;
    unsigned own, status;
    int session;
    status = open_session(&session, &m, &own, r);
    if (status) return status;
    close(session);
    if (own != 0 && (int)own != m.began)
        return refuse(r, 403, "the first member, or who began it, removes a "
                      "session");
    int err = at_remove(r->g->sessions, r->to.session);
    return err ? refuse_errno(r, err, r->to.session) : 0;
}

enum MHD_Result session_end(request *r)
{
    unsigned good;
    if (r->method == METHOD_PUT)
        return begin_session(r, &good) ? reply_error(r)
                                       : reply_session(r, good);
    if (r->method == METHOD_DELETE)
        return remove_session(r) ? reply_error(r) : reply_empty(r, 204);
    return reply_session(r, 200);
}
