#include "remote/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STATE_MAX ((size_t)1 << 16)

bf_status remote_path(char out[PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    if (n > 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", folder);
}

bool remote_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* ---- remote.json --------------------------------------------------------- */

static char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? strdup(v->valuestring) : NULL;
}

static bool is_true(const cJSON *o, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, key));
}

static bf_status take(remote_folder *f, const cJSON *o, const char *path)
{
    char *etag = text_of(o, "etag");
    f->url = text_of(o, "url");
    f->name = text_of(o, "job");
    f->submitted = is_true(o, "submitted");
    f->pulled = is_true(o, "pulled");
    if (etag) snprintf(f->etag, sizeof f->etag, "%s", etag);
    free(etag);
    if (f->url && f->name && spool_job_valid(f->name)) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: names no server and job", path);
}

static bf_status read_state(remote_folder *f)
{
    char path[PATH_MAX];
    uint8_t *text;
    size_t bytes;
    BF_TRY(remote_path(path, f->path, REMOTE_STATE));
    if (!remote_exists(path)) return BF_OK;
    BF_TRY(bf_read_file(path, STATE_MAX, &text, &bytes));
    cJSON *o = cJSON_ParseWithLength((const char *)text, bytes);
    bf_free(text);
    bf_status s = take(f, o, path);
    cJSON_Delete(o);
    return s;
}

static char *print(const remote_folder *f)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "url", f->url);
    cJSON_AddStringToObject(o, "job", f->name);
    cJSON_AddBoolToObject(o, "submitted", f->submitted);
    cJSON_AddBoolToObject(o, "pulled", f->pulled);
    if (f->etag[0]) cJSON_AddStringToObject(o, "etag", f->etag);
    char *text = cJSON_Print(o);
    cJSON_Delete(o);
    return text;
}

bf_status remote_folder_save(const remote_folder *f)
{
    char path[PATH_MAX], *text = print(f);
    if (!text) return bf_fail(BF_ERR_MEMORY, "no memory for %s", f->path);
    bf_status s = remote_path(path, f->path, REMOTE_STATE);
    if (s == BF_OK) s = cli_write_text(path, text, 0644);
    cJSON_free(text);
    return s;
}

/* ---- folders ------------------------------------------------------------- */

bf_status remote_folder_open(remote_folder *out, const char *path)
{
    char lock[PATH_MAX];
    struct stat st;
    *out = (remote_folder){.path = path, .lock = -1};
    if (stat(path, &st) != 0) return bf_fail_errno(errno, "%s", path);
    if (!S_ISDIR(st.st_mode))
        return bf_fail(BF_ERR_ARGUMENT, "%s: is no folder of a job", path);
    bf_status s = remote_path(lock, path, REMOTE_LOCK);
    if (s == BF_OK && !bf_lock_make(&out->lock, lock)) {
        bf_lock_drop(out->lock, NULL);
        return bf_fail(BF_ERR_IO, "%s: another blindfit remote is at work here",
                       path);
    }
    if (s == BF_OK) s = read_state(out);
    if (s != BF_OK) remote_folder_close(out);
    return s;
}

void remote_folder_close(remote_folder *f)
{
    char lock[PATH_MAX];
    free(f->url);
    free(f->name);
    if (f->path && remote_path(lock, f->path, REMOTE_LOCK) == BF_OK)
        bf_lock_drop(f->lock, lock);
    *f = (remote_folder){.lock = -1};
}

/* The last part of the folder's real path. */
static bf_status name_of(char **out, const char *folder)
{
    char real[PATH_MAX];
    if (!realpath(folder, real)) return bf_fail_errno(errno, "%s", folder);
    *out = strdup(strrchr(real, '/') + 1);
    return *out ? BF_OK : bf_fail(BF_ERR_MEMORY, "no memory for a name");
}

static bf_status choose_name(remote_folder *f, const char *name)
{
    if (!name) BF_TRY(name_of(&f->name, f->path));
    if (name) f->name = strdup(name);
    if (f->name && spool_job_valid(f->name)) return BF_OK;
    bf_status s = bf_fail(BF_ERR_ARGUMENT,
                          "'%s' is no name of a job (letters, digits, - and _, "
                          "at most 64)%s", f->name ? f->name : "",
                          name ? "" : ": choose one with --name");
    free(f->name);
    f->name = NULL;
    return s;
}

bf_status remote_folder_name(remote_folder *f, const char *url,
                             const char *name)
{
    if (!f->name) {
        BF_TRY(choose_name(f, name));
        f->url = strdup(url);
        return f->url ? BF_OK : bf_fail(BF_ERR_MEMORY, "no memory for a URL");
    }
    if (name && strcmp(name, f->name) != 0)
        return bf_fail(BF_ERR_ARGUMENT, "--name: the job in %s is called '%s' "
                       "already", f->path, f->name);
    return remote_folder_sent(f, url);
}

bf_status remote_folder_sent(const remote_folder *f, const char *url)
{
    if (!f->name)
        return bf_fail(BF_ERR_ARGUMENT, "%s: its job has not been pushed to a "
                       "server", f->path);
    if (strcmp(f->url, url) == 0) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: its job is at %s, and you are logged "
                   "in at %s", f->path, f->url, url);
}
