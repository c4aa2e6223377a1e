/* token add, list and revoke. A gateway that runs sees changes within a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/commands.h"
#include "gateway/tokens.h"
#include "spool/at.h"

/* Hexadecimal digits of the hash that name a token. */
#define ID_CHARS 12
#define ID_CHARS_LEAST 8

typedef struct book {
    int spool, own;
    struct stat spool_stat, own_stat, queue_stat;
    tokens tokens;
} book;

/* ---- opening ------------------------------------------------------------- */

/* With a lock, so that two commands follow each other. */
static bf_status open_book(book *b, const char *spool)
{
    *b = (book){.spool = -1, .own = -1};
    umask(022);
    b->spool = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (b->spool < 0) return bf_fail_errno(errno, "%s", spool);
    int err = at_make_folder(&b->own, b->spool, ".gateway", 0700);
    if (!err && flock(b->own, LOCK_EX) != 0) err = errno;
    if (!err && (fstat(b->spool, &b->spool_stat) != 0 ||
                 fstat(b->own, &b->own_stat) != 0))
        err = errno;
    if (err) return bf_fail_errno(err, "%s/.gateway", spool);
    if (fstatat(b->spool, ".queue", &b->queue_stat, AT_SYMLINK_NOFOLLOW) != 0)
        b->queue_stat = b->own_stat;
    return tokens_read(&b->tokens, b->own);
}

static void close_book(book *b)
{
    tokens_clear(&b->tokens);
    if (b->own >= 0) close(b->own);
    if (b->spool >= 0) close(b->spool);
}

static void id_of(char out[2 * TOKEN_HASH_BYTES + 1], const token *k)
{
    sodium_bin2hex(out, 2 * TOKEN_HASH_BYTES + 1, k->hash, sizeof k->hash);
}

/* ---- add ----------------------------------------------------------------- */

/* Makes a folder that this user writes and this group reads; only root can give
 * it to another user. Leaves a folder that is there as it is. */
static int make_folder(int at, const char *name, uid_t user, gid_t group)
{
    int folder, err;
    if (at_exists(at, name)) return 0;
    err = at_make_folder(&folder, at, name, 0750);
    if (err) return err;
    if (geteuid() == 0 &&
        (fchown(folder, user, group) != 0 || fchmod(folder, 02750) != 0))
        err = errno;
    close(folder);
    return err;
}

/* The gateway writes jobs, which the queue reads by the spool's group; the
 * queue writes results, which the gateway reads by its own group. */
static bf_status make_owner(const book *b, const char *owner)
{
    int folder, err = at_make_folder(&folder, b->spool, owner, 0755);
    if (err) return bf_fail_errno(err, "%s", owner);
    err = make_folder(folder, "jobs", b->own_stat.st_uid, b->spool_stat.st_gid);
    if (!err)
        err = make_folder(folder, "results", b->queue_stat.st_uid,
                          b->own_stat.st_gid);
    close(folder);
    return err ? bf_fail_errno(err, "%s: folders of the owner", owner) : BF_OK;
}

/* Root leaves the file to the gateway. */
static bf_status save(const book *b)
{
    BF_TRY(tokens_write(&b->tokens, b->own));
    if (geteuid() != 0 ||
        fchownat(b->own, TOKENS_FILE, b->own_stat.st_uid, b->own_stat.st_gid,
                 AT_SYMLINK_NOFOLLOW) == 0)
        return BF_OK;
    return bf_fail_errno(errno, ".gateway/" TOKENS_FILE);
}

static bf_status print_added(const token *k, const char *text)
{
    char id[2 * TOKEN_HASH_BYTES + 1];
    id_of(id, k);
    id[ID_CHARS] = 0;
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "id", id);
        cJSON_AddStringToObject(o, "token", text);
        return cli_json(o);
    }
    /* The token alone on stdout, for a pipe. */
    printf("%s\n", text);
    cli_note("token %s; it is not shown again", id);
    return BF_OK;
}

static bf_status add(book *b, token *k)
{
    char text[TOKEN_CHARS + 1];
    token_make(text, k->hash);
    k->created = (double)time(NULL);
    if (k->expires > 0) k->expires += k->created;
    if (*k->owner) BF_TRY(make_owner(b, k->owner));
    BF_TRY(tokens_add(&b->tokens, k));
    BF_TRY(save(b));
    bf_status s = print_added(k, text);
    sodium_memzero(text, sizeof text);
    return s;
}

static bf_status run_add(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    token k = {.created = 0};
    uint64_t quota = 0;
    size_t rate = 0;
    bool metrics = false;
    book b;
    const cli_option options[] = {
        {"expires", 0, CLI_TIME, &k.expires, "TIME",
         "valid for this long, such as 90d (default: until revoked)"},
        {"quota", 0, CLI_BYTES, &quota, "SIZE",
         "most that all files of the owner may take (default: serve's)"},
        {"rate", 0, CLI_COUNT, &rate, "N",
         "most requests a minute (default: serve's)"},
        {"metrics", 0, CLI_FLAG, &metrics, NULL,
         "a token for /metrics, without an owner"},
        {0},
    };
    BF_TRY(cli_parse(self, options, argc, argv, 1, 2, operands));
    if (metrics == (operands[1] != NULL))
        return bf_fail(BF_ERR_ARGUMENT,
                       "token add needs an owner or --metrics");
    if (!metrics && !spool_owner_valid(operands[1]))
        return bf_fail(BF_ERR_ARGUMENT, "'%s' is no name of an owner",
                       operands[1]);
    if (!metrics) snprintf(k.owner, sizeof k.owner, "%s", operands[1]);
    k.quota_bytes = (double)quota;
    k.requests_per_minute = (double)rate;
    bf_status s = open_book(&b, operands[0]);
    if (s == BF_OK) s = add(&b, &k);
    close_book(&b);
    return s;
}

static const cli_command token_add = {
    .name = "token add",
    .summary = "make a token for an owner, and the owner's folders",
    .synopsis = "SPOOL OWNER | SPOOL --metrics",
    .examples =
        "  blindfit-gateway token add spool alice --expires 90d >alice.token\n"
        "  blindfit-gateway token add spool --metrics\n",
    .run = run_add,
};

/* ---- list ---------------------------------------------------------------- */

static void day_of(char out[16], double seconds)
{
    struct tm utc;
    time_t when = (time_t)seconds;
    strftime(out, 16, "%Y-%m-%d", gmtime_r(&when, &utc));
}

static void print_token(const token *k)
{
    char id[2 * TOKEN_HASH_BYTES + 1], made[16], ends[16] = "-";
    id_of(id, k);
    day_of(made, k->created);
    if (k->expires > 0) day_of(ends, k->expires);
    cli_print(stdout, "%.*s  %-32s  %s  %s%s", ID_CHARS, id,
              *k->owner ? k->owner : "(metrics)", made, ends,
              k->expires > 0 && k->expires <= (double)time(NULL) ? " expired"
                                                                 : "");
}

static cJSON *json_of(const token *k)
{
    char id[2 * TOKEN_HASH_BYTES + 1];
    cJSON *o = cJSON_CreateObject();
    id_of(id, k);
    id[ID_CHARS] = 0;
    cJSON_AddStringToObject(o, "id", id);
    if (*k->owner) cJSON_AddStringToObject(o, "owner", k->owner);
    cJSON_AddBoolToObject(o, "metrics", !*k->owner);
    cJSON_AddNumberToObject(o, "created", k->created);
    if (k->expires > 0) cJSON_AddNumberToObject(o, "expires", k->expires);
    return o;
}

static bf_status print_list(const tokens *t)
{
    if (!cli_common_options.json) {
        printf("%-*s  %-32s  %-10s  %s\n", ID_CHARS, "id", "owner", "made",
               "expires");
        for (size_t i = 0; i < t->count; i++) print_token(&t->at[i]);
        return BF_OK;
    }
    cJSON *o = cJSON_CreateObject(),
          *list = cJSON_AddArrayToObject(o, "tokens");
    for (size_t i = 0; i < t->count; i++)
        cJSON_AddItemToArray(list, json_of(&t->at[i]));
    return cli_json(o);
}

static bf_status run_list(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option none[] = {{0}};
    book b;
    BF_TRY(cli_parse(self, none, argc, argv, 1, 1, operands));
    bf_status s = open_book(&b, operands[0]);
    if (s == BF_OK) s = print_list(&b.tokens);
    close_book(&b);
    return s;
}

static const cli_command token_list = {
    .name = "token list",
    .summary = "list tokens, by the beginnings of their hashes",
    .synopsis = "SPOOL",
    .examples = "  blindfit-gateway token list spool\n",
    .run = run_list,
};

/* ---- revoke -------------------------------------------------------------- */

/* Whether the text names the token: by an owner, or by its id. */
static bool names(const token *k, const char *text, bool owner)
{
    char id[2 * TOKEN_HASH_BYTES + 1];
    id_of(id, k);
    return owner ? strcmp(k->owner, text) == 0
                 : strncmp(id, text, strlen(text)) == 0;
}

static bf_status revoke_one(book *b, const char *text, bool owner)
{
    tokens *t = &b->tokens;
    size_t kept = 0, count = t->count;
    for (size_t i = 0; i < count; i++)
        if (!names(&t->at[i], text, owner)) t->at[kept++] = t->at[i];
    t->count = kept;
    if (kept == count)
        return bf_fail(BF_ERR_ARGUMENT, "there is no token %s%s",
                       owner ? "of " : "", text);
    if (!owner && count - kept > 1)
        return bf_fail(BF_ERR_ARGUMENT, "%s: several tokens begin so", text);
    return save(b);
}

static bf_status run_revoke(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX], *owner = NULL;
    book b;
    const cli_option options[] = {
        {"owner", 0, CLI_TEXT, &owner, "OWNER", "revoke all of this owner"},
        {0},
    };
    BF_TRY(cli_parse(self, options, argc, argv, 1, 2, operands));
    const char *id = operands[1];
    if (!id == !owner)
        return bf_fail(BF_ERR_ARGUMENT, "token revoke needs an ID or --owner");
    if (owner ? !spool_owner_valid(owner)
              : strlen(id) < ID_CHARS_LEAST ||
                    strspn(id, "0123456789abcdef") != strlen(id))
        return bf_fail(BF_ERR_ARGUMENT, "'%s' is no %s", owner ? owner : id,
                       owner ? "name of an owner"
                             : "id, of 8 hexadecimal digits or more");
    bf_status s = open_book(&b, operands[0]);
    if (s == BF_OK) s = revoke_one(&b, owner ? owner : id, owner != NULL);
    close_book(&b);
    return s;
}

static const cli_command token_revoke = {
    .name = "token revoke",
    .summary = "make a token, or all of an owner, invalid",
    .synopsis = "SPOOL ID | SPOOL --owner OWNER",
    .examples = "  blindfit-gateway token revoke spool 3fa94c1be207\n",
    .run = run_revoke,
};

/* ---- all of them --------------------------------------------------------- */

static const cli_command *const commands[] = {&token_add, &token_list,
                                              &token_revoke, NULL};

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option none[] = {{0}};
    for (size_t i = 0; argc > 1 && commands[i]; i++)
        if (strcmp(argv[1], commands[i]->name + strlen("token ")) == 0)
            return commands[i]->run(commands[i], argc - 1, argv + 1);
    BF_TRY(cli_parse(self, none, argc, argv, 0, 0, operands));
    return bf_fail(BF_ERR_ARGUMENT,
                   "token needs add, list or revoke "
                   "(see %s token --help)",
                   cli_program());
}

const cli_command gateway_token = {
    .name = "token",
    .summary = "make, list and revoke owners' tokens",
    .synopsis = "add | list | revoke ...",
    .examples = "  blindfit-gateway token add spool alice\n"
                "  blindfit-gateway token list spool\n"
                "  blindfit-gateway token revoke spool --owner alice\n",
    .run = run,
    .commands = commands,
};
