#include "remote/login.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define TOKEN_CHARACTERS 43 /* 32 bytes in base64url */

void remote_login_clear(remote_login *l)
{
    if (l->token) sodium_memzero(l->token, strlen(l->token));
    free(l->url);
    free(l->token);
    free(l->ca);
    *l = (remote_login){0};
}

/* ---- where it lies ------------------------------------------------------- */

static bf_status find(char out[PATH_MAX], const char *name)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n;
    if (config && config[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/blindfit%s", config, name);
    else if (home && home[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/.config/blindfit%s", home, name);
    else
        return bf_fail(BF_ERR_ARGUMENT,
                       "neither XDG_CONFIG_HOME nor HOME names a folder");
    if (n > 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "XDG_CONFIG_HOME or HOME is too long");
}

/* ---- writing ------------------------------------------------------------- */

bf_status remote_login_write(const remote_login *l)
{
    char path[PATH_MAX];
    BF_TRY(find(path, ""));
    BF_TRY(bf_make_dir(path, 0700));
    BF_TRY(find(path, "/server.json"));
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "url", l->url);
    cJSON_AddStringToObject(o, "token", l->token);
    if (l->ca) cJSON_AddStringToObject(o, "ca", l->ca);
    char *text = cJSON_Print(o);
    cJSON_Delete(o);
    bf_status s = text ? cli_write_text(path, text, 0600)
                       : bf_fail(BF_ERR_MEMORY, "no memory for %s", path);
    if (text) sodium_memzero(text, strlen(text));
    cJSON_free(text);
    return s;
}

/* ---- reading ------------------------------------------------------------- */

static bool take(char **out, const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    *out = cJSON_IsString(v) ? strdup(v->valuestring) : NULL;
    return *out != NULL;
}

static bf_status check_mode(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        if (errno != ENOENT) return bf_fail_errno(errno, "%s", path);
        return bf_fail(BF_ERR_IO, "no server is known: blindfit remote login "
                                  "URL --token FILE comes first");
    }
    if ((st.st_mode & 077) == 0) return BF_OK;
    return bf_fail(BF_ERR_SECURITY, "%s: others may read or change the token "
                                    "in it (chmod 600, and ask for another "
                                    "token)", path);
}

bf_status remote_login_read(remote_login *out)
{
    char path[PATH_MAX];
    uint8_t *text;
    size_t bytes;
    *out = (remote_login){0};
    BF_TRY(find(path, "/server.json"));
    BF_TRY(check_mode(path));
    BF_TRY(bf_read_file(path, FILE_MAX_BYTES, &text, &bytes));
    cJSON *o = cJSON_ParseWithLength((const char *)text, bytes);
    sodium_memzero(text, bytes);
    bf_free(text);
    bool whole = take(&out->url, o, "url") && take(&out->token, o, "token");
    take(&out->ca, o, "ca");
    cJSON_Delete(o);
    if (whole) return BF_OK;
    remote_login_clear(out);
    return bf_fail(BF_ERR_FORMAT, "%s: has no url and token; log in again",
                   path);
}

/* ---- tokens -------------------------------------------------------------- */

static bf_status read_input(char *to, size_t room, size_t *bytes)
{
    if (isatty(STDIN_FILENO))
        return bf_fail(BF_ERR_ARGUMENT, "--token FILE is missing; without it "
                                        "standard input holds the token, and "
                                        "that is a terminal");
    for (*bytes = 0; *bytes < room;) {
        ssize_t n = read(STDIN_FILENO, to + *bytes, room - *bytes);
        if (n < 0 && errno == EINTR && !cli_env.interrupted) continue;
        if (n < 0) return bf_fail_errno(errno, "standard input");
        if (n == 0) break;
        *bytes += (size_t)n;
    }
    return BF_OK;
}

static bool is_of_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bf_status take_token(char **out, const char *text, size_t bytes,
                            const char *path)
{
    size_t n = 0;
    while (n < bytes && is_of_token(text[n])) n++;
    size_t rest = n;
    while (rest < bytes && (text[rest] == '\n' || text[rest] == '\r')) rest++;
    if (n != TOKEN_CHARACTERS || rest != bytes)
        return bf_fail(BF_ERR_ARGUMENT, "%s: holds no token, 43 letters, "
                       "digits, - and _",
                       path ? path : "standard input");
    *out = strndup(text, n);
    return *out ? BF_OK : bf_fail(BF_ERR_MEMORY, "no memory for a token");
}

bf_status remote_token_read(char **out, const char *path)
{
    char input[256];
    uint8_t *text;
    size_t bytes;
    if (!path) {
        BF_TRY(read_input(input, sizeof input, &bytes));
        bf_status s = take_token(out, input, bytes, NULL);
        sodium_memzero(input, sizeof input);
        return s;
    }
    BF_TRY(bf_read_file(path, 4096, &text, &bytes));
    bf_status s = take_token(out, (const char *)text, bytes, path);
    sodium_memzero(text, bytes);
    bf_free(text);
    return s;
}
