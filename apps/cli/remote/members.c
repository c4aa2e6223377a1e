#include "remote/members.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "remote/job.h"

void remote_session_url(char out[REMOTE_SESSION_BYTES], const bf_session *s)
{
    char id[2 * BF_FILE_ID_BYTES + 1];
    sodium_bin2hex(id, sizeof id, bf_session_id(s), BF_FILE_ID_BYTES);
    snprintf(out, REMOTE_SESSION_BYTES, "/v1/sessions/%s", id);
}

/* ---- names --------------------------------------------------------------- */

static bf_status add_name(cJSON *list, const char *name, size_t n)
{
    char text[SPOOL_OWNER_MAX + 1] = "";
    if (n <= SPOOL_OWNER_MAX) snprintf(text, sizeof text, "%.*s", (int)n, name);
    if (!spool_owner_valid(text))
        return bf_fail(BF_ERR_ARGUMENT, "--members: '%.*s' can be no name of "
                       "an owner at a server; this option gives other names",
                       (int)n, name);
    cJSON_AddItemToArray(list, cJSON_CreateString(text));
    return BF_OK;
}

/* As given, or as in the session. */
static bf_status name_members(cJSON *list, const remote_sync *s)
{
    unsigned owners = bf_session_owners(s->session);
    const char *text = s->members;
    if (!text)
        for (unsigned i = 0; i < owners; i++) {
            const char *name = bf_session_owner_at(s->session, i)->party.name;
            BF_TRY(add_name(list, name, strlen(name)));
        }
    while (text && *text) {
        size_t n = strcspn(text, ",");
        BF_TRY(add_name(list, text, n));
        text += n + (text[n] == ',');
    }
    if ((unsigned)cJSON_GetArraySize(list) == owners) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "--members: %d names, and %s has %u owners",
                   cJSON_GetArraySize(list), s->session_path, owners);
}

/* The place of a name; -1 without it. */
static int place_of(const cJSON *list, const char *name)
{
    const cJSON *v;
    int i = 0;
    cJSON_ArrayForEach(v, list)
    {
        if (cJSON_IsString(v) && strcmp(v->valuestring, name) == 0) return i;
        i++;
    }
    return -1;
}

static const cJSON *members_of(const cJSON *session)
{
    return cJSON_GetObjectItemCaseSensitive(session, "members");
}

/* ---- the session --------------------------------------------------------- */

static bf_status put(cJSON **out, const remote_sync *s, const char *url,
                     const cJSON *body)
{
    char *text = cJSON_PrintUnformatted(body);
    if (!text) return bf_fail(BF_ERR_MEMORY, "no memory for a request");
    const remote_request r = {.method = "PUT", .path = url, .text = text};
    bf_status status = remote_http_json(out, s->http, &r, 0);
    cJSON_free(text);
    return status;
}

/* The server keeps the list as it is first given, so that this owner's place in
 * it must be that of its messages before. */
static bf_status choose(cJSON *list, remote_messages *own, remote_sync *s)
{
    BF_TRY(name_members(list, s));
    int me = place_of(list, s->owner);
    if (me < 0)
        return bf_fail(BF_ERR_ARGUMENT, "the server knows you as '%s', which "
                       "is none of the owners: --members names all of them "
                       "as the server does", s->owner);
    s->me = (unsigned)me;
    return remote_box_own(own, &s->box, s->me, bf_session_id(s->session));
}

static bf_status begin(cJSON **out, remote_messages *own, remote_sync *s,
                       const char *url)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(body, "members");
    bf_status status = choose(list, own, s);
    if (status == BF_OK) status = put(out, s, url, body);
    cJSON_Delete(body);
    return status;
}

static bf_status check_named(const remote_sync *s, const cJSON *there)
{
    cJSON *list = cJSON_CreateArray();
    bf_status status = name_members(list, s);
    if (status == BF_OK && !cJSON_Compare(members_of(there), list, true))
        status = bf_fail(BF_ERR_MISMATCH, "--members: the session at the "
                         "server has other owners, or the same in another "
                         "order; blindfit remote cancel %s removes it there",
                         s->session_path);
    cJSON_Delete(list);
    return status;
}

static bf_status check(remote_sync *s, const cJSON *there)
{
    const cJSON *list = members_of(there);
    int me = place_of(list, s->owner), count = cJSON_GetArraySize(list);
    if (count != (int)bf_session_owners(s->session))
        return bf_fail(BF_ERR_MISMATCH, "the session at the server has %d "
                       "owners, and %s has %u", count, s->session_path,
                       bf_session_owners(s->session));
    if (me < 0)
        return bf_fail(BF_ERR_FORMAT, "the server's session does not have "
                       "'%s', whose token this is", s->owner);
    s->me = (unsigned)me;
    return s->members ? check_named(s, there) : BF_OK;
}

static bf_status find(cJSON **out, remote_messages *own, remote_sync *s)
{
    char url[REMOTE_SESSION_BYTES];
    remote_session_url(url, s->session);
    const remote_request r = {.method = "GET", .path = url};
    BF_TRY(remote_http_json(out, s->http, &r, 404));
    if (!*out) BF_TRY(begin(out, own, s, url));
    BF_TRY(check(s, *out));
    if (own->count) return BF_OK;
    return remote_box_own(own, &s->box, s->me, bf_session_id(s->session));
}

/* Whose token this is. */
static bf_status find_owner(remote_sync *s)
{
    cJSON *jobs;
    BF_TRY(remote_jobs(&jobs, s->http));
    snprintf(s->owner, sizeof s->owner, "%s", remote_text(jobs, "owner"));
    cJSON_Delete(jobs);
    return BF_OK;
}

bf_status remote_members_find(cJSON **out, remote_messages *own,
                              remote_sync *s)
{
    cJSON *session = NULL;
    *own = (remote_messages){0};
    if (!*s->owner) BF_TRY(find_owner(s));
    bf_status status = find(&session, own, s);
    if (status == BF_OK) {
        *out = session;
    } else {
        remote_messages_clear(own);
        cJSON_Delete(session);
    }
    return status;
}
