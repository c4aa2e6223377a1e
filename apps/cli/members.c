#include "members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "spool/names.h"

/* Adds the sizes of this folder's messages, r4-02.upload and the like, by the
 * owners who sent them. */
static bf_status count_folder(uint64_t sent[BF_OWNERS_MAX], const char *path)
{
    DIR *d = opendir(path);
    if (!d && errno == ENOENT) return BF_OK; /* nothing has come yet */
    if (!d)
        return bf_fail(BF_ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    for (const struct dirent *e; (e = readdir(d));) {
        spool_message m;
        struct stat st;
        if (spool_message_read(&m, e->d_name) && m.round > 0 &&
            m.from < BF_OWNERS_MAX &&
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode))
            sent[m.from] += (uint64_t)st.st_size;
    }
    closedir(d);
    return BF_OK;
}

static bf_status count_box(uint64_t sent[BF_OWNERS_MAX], const char *box)
{
    static const char *const folders[] = {"inbox", "outbox"};
    char path[PATH_MAX];
    struct stat st;
    if (stat(box, &st) != 0 || !S_ISDIR(st.st_mode))
        return bf_fail(BF_ERR_IO, "%s: is no folder", box);
    for (int i = 0; i < 2; i++) {
        int n = snprintf(path, sizeof path, "%s/%s", box, folders[i]);
        if (n < 0 || (size_t)n >= sizeof path)
            return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", box);
        BF_TRY(count_folder(sent, path));
    }
    return BF_OK;
}

bf_status cli_json_members(cJSON *o, const bf_session *s, const char *box)
{
    uint64_t sent[BF_OWNERS_MAX] = {0};
    if (box) BF_TRY(count_box(sent, box));
    cJSON *list = cJSON_AddArrayToObject(o, "members");
    for (unsigned i = 0; i < bf_session_owners(s); i++) {
        const bf_session_owner *owner = bf_session_owner_at(s, i);
        cJSON *m = cJSON_CreateObject();
        cJSON_AddStringToObject(m, "name", owner->party.name);
        cJSON_AddNumberToObject(m, "samples", (double)owner->count);
        cJSON_AddNumberToObject(m, "features", (double)owner->features);
        cJSON_AddBoolToObject(m, "labels", owner->labels);
        cJSON_AddBoolToObject(m, "receives", owner->receives);
        if (box) cJSON_AddNumberToObject(m, "sent_bytes", (double)sent[i]);
        cJSON_AddItemToArray(list, m);
    }
    return BF_OK;
}
