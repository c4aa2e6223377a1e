#include "train/session.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "train/handle.h"

#define SESSION_BYTES_MAX ((size_t)2 << 20)
#define FIRST_LINE "blindfit-session 1"
#define PARTY_WORD "blindfit-owner 1"

void bf_session_hash(uint8_t out[BF_HASH_BYTES], const char *tag,
                     const uint8_t data[BF_HASH_BYTES])
{
    bf_hasher h;
    bf_hasher_init(&h);
    bf_hasher_update(&h, tag, strlen(tag) + 1);
    bf_hasher_update(&h, data, BF_HASH_BYTES);
    bf_hasher_final(&h, out);
}

void bf_session_joint_key(uint8_t out[BF_KEY_ID_BYTES],
                          const uint8_t t2[BF_HASH_BYTES])
{
    uint8_t all[BF_HASH_BYTES];
    bf_session_hash(all, "blindfit-joint", t2);
    memcpy(out, all, BF_KEY_ID_BYTES);
}

/* ---- words --------------------------------------------------------------- */

static bool is_name_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool bf_party_name_valid(const char *name)
{
    size_t n = strnlen(name, BF_OWNER_NAME_BYTES);
    if (n == 0 || n == BF_OWNER_NAME_BYTES || name[0] == '-') return false;
    for (size_t i = 0; i < n; i++)
        if (!is_name_letter(name[i])) return false;
    return true;
}

/* The rest of a line, or of the text. */
typedef struct words {
    const char *at, *end;
} words;

static bool take_line(words *text, words *line)
{
    const char *end = memchr(text->at, '\n', (size_t)(text->end - text->at));
    if (!end) return false;
    *line = (words){text->at, end};
    text->at = end + 1;
    return true;
}

/* Reads the next word, which ends at a blank or at the end of the line. */
static bool take_word(words *line, char *out, size_t room)
{
    size_t n = 0;
    while (line->at + n < line->end && line->at[n] != ' ') n++;
    if (n == 0 || n >= room) return false;
    memcpy(out, line->at, n);
    out[n] = 0;
    line->at += n;
    if (line->at < line->end) line->at++;
    return true;
}

static bool take_this(words *line, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(line->end - line->at) < n || memcmp(line->at, word, n) != 0)
        return false;
    line->at += n;
    if (line->at < line->end && *line->at == ' ') line->at++;
    return true;
}

static bool take_hex(words *line, uint8_t *out, size_t bytes)
{
    char word[2 * BF_HASH_BYTES + 1];
    size_t got;
    return take_word(line, word, sizeof word) && strlen(word) == 2 * bytes &&
           sodium_hex2bin(out, bytes, word, 2 * bytes, NULL, &got, NULL) == 0 &&
           got == bytes;
}

static bool take_count(words *line, size_t *out)
{
    char word[19];
    if (!take_word(line, word, sizeof word)) return false;
    *out = 0;
    for (const char *c = word; *c; c++) {
        if (*c < '0' || *c > '9') return false;
        *out = 10 * *out + (size_t)(*c - '0');
    }
    return true;
}

/* ---- owners -------------------------------------------------------------- */

void bf_party_print(char out[BF_PARTY_TEXT_BYTES], const bf_party *p)
{
    char sign[65], seal[65];
    sodium_bin2hex(sign, sizeof sign, p->sign, sizeof p->sign);
    sodium_bin2hex(seal, sizeof seal, p->seal, sizeof p->seal);
    snprintf(out, BF_PARTY_TEXT_BYTES, PARTY_WORD " %s %s %s\n", p->name, sign,
             seal);
}

static bool take_party(words *line, bf_party *out)
{
    return take_word(line, out->name, sizeof out->name) &&
           bf_party_name_valid(out->name) &&
           take_hex(line, out->sign, sizeof out->sign) &&
           take_hex(line, out->seal, sizeof out->seal);
}

bf_status bf_party_parse(bf_party *out, const char *text, size_t bytes,
                         const char *name)
{
    words all = {text, text + bytes}, line;
    char again[BF_PARTY_TEXT_BYTES];
    bf_party p = {{0}, {0}, {0}};
    if (take_line(&all, &line) && take_this(&line, PARTY_WORD) &&
        take_party(&line, &p)) {
        bf_party_print(again, &p);
        if (strlen(again) == bytes && memcmp(again, text, bytes) == 0) {
            *out = p;
            return BF_OK;
        }
    }
    return bf_fail(BF_ERR_FORMAT, "%s: not an owner's public keys", name);
}

bf_status bf_party_read(bf_party *out, const char *path)
{
    uint8_t *data;
    size_t bytes;
    BF_TRY(bf_read_file(path, BF_PARTY_TEXT_BYTES, &data, &bytes));
    bf_status s = bf_party_parse(out, (char *)data, bytes, path);
    bf_free(data);
    return s;
}

/* ---- what a session may be ----------------------------------------------- */

static bool same_party(const bf_party *a, const bf_party *b)
{
    return strcmp(a->name, b->name) == 0 ||
           memcmp(a->sign, b->sign, sizeof a->sign) == 0 ||
           memcmp(a->seal, b->seal, sizeof a->seal) == 0;
}

static bf_status check_owner(const bf_session_owner *o, unsigned i)
{
    if (!bf_party_name_valid(o[i].party.name))
        return bf_fail(BF_ERR_ARGUMENT, "owner %u has no valid name", i);
    for (unsigned j = 0; j < i; j++)
        if (same_party(&o[i].party, &o[j].party))
            return bf_fail(BF_ERR_ARGUMENT,
                           "owners %s and %s have the same name or key",
                           o[j].party.name, o[i].party.name);
    if (o[i].count == 0 || o[i].count > BF_JOB_SAMPLES_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "owner %s has %zu rows",
                       o[i].party.name, o[i].count);
    return BF_OK;
}

static bf_status check_count(unsigned owners)
{
    if (owners >= 2 && owners <= BF_OWNERS_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%u owners: 2 to %d can train together",
                   owners, BF_OWNERS_MAX);
}

static bf_status check_session(const bf_session *s)
{
    bool received = false;
    if (bf_job_owners(s->job) != s->owners)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%u owners, the job is planned for %u (plan --owners)",
                       s->owners, bf_job_owners(s->job));
    for (unsigned i = 0; i < s->owners; i++) {
        BF_TRY(check_owner(s->owner, i));
        received = received || s->owner[i].receives;
    }
    if (received) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "nobody receives the model");
}

/* ---- text ---------------------------------------------------------------- */

#define SPLIT_BYTES (64 + 2 * BF_NUMBER_BYTES)

static void print_split(char out[SPLIT_BYTES], const bf_session_options *o)
{
    char epsilon[BF_NUMBER_BYTES], delta[BF_NUMBER_BYTES];
    char sample[32] = "";
    bf_number_print(epsilon, o->epsilon);
    bf_number_print(delta, o->delta);
    bool noise = o->epsilon > 0;
    if (o->sample_rows)
        snprintf(sample, sizeof sample, " sample %zu", o->sample_rows);
    snprintf(out, SPLIT_BYTES, "%s%s%s%s%s%s%s", bf_split_name(o->split),
             noise ? " " : "", noise ? epsilon : "", noise ? " " : "",
             noise ? delta : "", o->audit ? " audit" : "", sample);
}

static bf_status print_session(bf_session *s)
{
    const bf_job_handle *job = s->job->handle;
    size_t room = 512 + s->owners * (BF_PARTY_TEXT_BYTES + 64) + job->bytes;
    char hex[2 * BF_NONCE_BYTES + 1], split[SPLIT_BYTES];
    bool labels = s->options.split != BF_SPLIT_ROWS;
    bool columns = s->options.split == BF_SPLIT_COLUMNS;
    char *text = bf_alloc(room);
    if (!text) return BF_ERR_MEMORY;
    sodium_bin2hex(hex, sizeof hex, s->nonce, sizeof s->nonce);
    print_split(split, &s->options);
    int n = snprintf(text, room, FIRST_LINE "\nnonce %s\nsplit %s\n", hex,
                     split);
    for (unsigned i = 0; i < s->owners; i++) {
        const bf_session_owner *o = &s->owner[i];
        char party[BF_PARTY_TEXT_BYTES];
        bf_party_print(party, &o->party);
        n += snprintf(text + n, room - (size_t)n, "owner%.*s %zu%s%s%s\n",
                      (int)(strlen(party) - strlen(PARTY_WORD) - 1),
                      party + strlen(PARTY_WORD),
                      columns ? o->features : o->count,
                      labels && o->labels ? " labels" : "",
                      o->receives ? " receives" : "",
                      o->whitens ? " whitens" : "");
    }
    n += snprintf(text + n, room - (size_t)n, "job %zu\n", job->bytes);
    memcpy(text + n, job->text, job->bytes);
    bf_free(s->text);
    s->text = text;
    s->bytes = (size_t)n + job->bytes;
    return BF_OK;
}

static bf_status finish(bf_session *s)
{
    BF_TRY(check_count(s->owners));
    if (s->options.split == BF_SPLIT_COLUMNS) /* of all rows each */
        for (unsigned i = 0; i < s->owners; i++)
            s->owner[i].count = s->job->layout.n;
    BF_TRY(check_session(s));
    BF_TRY(bf_session_divide(s));
    BF_TRY(print_session(s));
    bf_hash(s->text, s->bytes, s->id);
    bf_session_hash(s->crs, "blindfit-crs", s->id);
    return BF_OK;
}

static bool take_owner(words *line, bf_session_owner *o)
{
    if (!take_party(line, &o->party) || !take_count(line, &o->count))
        return false;
    o->features = o->count;
    o->labels = take_this(line, "labels");
    o->receives = take_this(line, "receives");
    o->whitens = take_this(line, "whitens");
    return o->count <= BF_JOB_SAMPLES_MAX;
}

static bool take_number(words *line, double *out)
{
    char word[BF_NUMBER_BYTES];
    const char *at = word;
    return take_word(line, word, sizeof word) && bf_number_read(&at, out) &&
           *at == 0;
}

static bool take_split(words *line, bf_session_options *o)
{
    static const bf_split splits[] = {BF_SPLIT_ROWS, BF_SPLIT_LABELS,
                                      BF_SPLIT_COLUMNS};
    if (!take_this(line, "split")) return false;
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        if (!take_this(line, bf_split_name(splits[i]))) continue;
        o->split = splits[i];
        o->audit = take_this(line, "audit");
        if (take_this(line, "sample") && !take_count(line, &o->sample_rows))
            return false;
        return line->at == line->end || (take_number(line, &o->epsilon) &&
                                         take_number(line, &o->delta));
    }
    return false;
}

static bool take_owners(words *text, bf_session *s, words *line)
{
    while (take_line(text, line) && take_this(line, "owner")) {
        if (s->owners == BF_OWNERS_MAX ||
            !take_owner(line, &s->owner[s->owners++]))
            return false;
    }
    return true;
}

static bf_status parse(bf_session *s, words text, const char *name)
{
    words line;
    size_t job;
    if (!take_line(&text, &line) || !take_this(&line, FIRST_LINE))
        return bf_fail(BF_ERR_FORMAT, "%s: not a session of this version",
                       name);
    if (!take_line(&text, &line) || !take_this(&line, "nonce") ||
        !take_hex(&line, s->nonce, sizeof s->nonce) ||
        !take_line(&text, &line) || !take_split(&line, &s->options) ||
        !take_owners(&text, s, &line) || !take_this(&line, "job") ||
        !take_count(&line, &job) || job != (size_t)(text.end - text.at))
        return bf_fail(BF_ERR_FORMAT, "%s: damaged session", name);
    BF_TRY(bf_job_of_text(&s->job, text.at, job, name));
    bf_status status = finish(s);
    if (status == BF_ERR_ARGUMENT) status = BF_ERR_FORMAT;
    return status == BF_OK ? BF_OK : bf_fail_in(status, "%s", name);
}

bf_status bf_session_parse(bf_session **out, const char *text, size_t bytes,
                           const char *name)
{
    BF_TRY(bf_random_init());
    bf_session *s = bf_alloc_zero(sizeof *s);
    if (!s) return BF_ERR_MEMORY;
    bf_status status = parse(s, (words){text, text + bytes}, name);
    if (status == BF_OK &&
        (s->bytes != bytes || memcmp(s->text, text, bytes) != 0))
        status = bf_fail(BF_ERR_FORMAT, "%s: damaged session", name);
    if (status == BF_OK)
        *out = s;
    else
        bf_session_destroy(s);
    return status;
}

/* ---- public -------------------------------------------------------------- */

bf_status bf_session_create(bf_session **out, const bf_job *job,
                            const bf_session_owner *owners, unsigned count,
                            const bf_session_options *options)
{
    BF_TRY(bf_random_init());
    bf_session *s = bf_alloc_zero(sizeof *s);
    if (!s) return BF_ERR_MEMORY;
    bf_random_bytes(s->nonce, sizeof s->nonce);
    s->owners = count;
    if (options) s->options = *options;
    for (unsigned i = 0; i < count && i < BF_OWNERS_MAX; i++) {
        s->owner[i] = owners[i];
        s->owner[i].first = 0;
    }
    bf_status status = bf_job_of_text(&s->job, job->handle->text,
                                      job->handle->bytes, "job");
    if (status == BF_OK) status = finish(s);
    if (status == BF_OK)
        *out = s;
    else
        bf_session_destroy(s);
    return status;
}

bf_status bf_session_read(bf_session **out, const char *path)
{
    uint8_t *data;
    size_t bytes;
    BF_TRY(bf_read_file(path, SESSION_BYTES_MAX, &data, &bytes));
    bf_status s = bf_session_parse(out, (char *)data, bytes, path);
    bf_free(data);
    return s;
}

bf_status bf_session_write(const bf_session *s, const char *path)
{
    return bf_job_text_write(s->text, s->bytes, path);
}

void bf_session_destroy(bf_session *s)
{
    if (!s) return;
    bf_job_destroy(s->job);
    bf_free(s->text);
    bf_free(s);
}

const bf_job *bf_session_job(const bf_session *s)
{
    return s->job;
}

bf_session_options bf_session_options_of(const bf_session *s)
{
    return s->options;
}

unsigned bf_session_owners(const bf_session *s)
{
    return s->owners;
}

const bf_session_owner *bf_session_owner_at(const bf_session *s, unsigned i)
{
    return &s->owner[i];
}

unsigned bf_session_rechecker(const bf_session *s)
{
    unsigned one = 0;
    while (one < s->owners && s->owner[one].receives) one++;
    return one % s->owners;
}

const uint8_t *bf_session_id(const bf_session *s)
{
    return s->id;
}

void bf_session_fingerprint(char out[BF_FINGERPRINT_BYTES], const bf_session *s)
{
    char hex[33], *to = out;
    sodium_bin2hex(hex, sizeof hex, s->id, 16);
    for (unsigned i = 0; i < 32; i += 4) {
        if (i) *to++ = ' ';
        memcpy(to, hex + i, 4);
        to += 4;
    }
    *to = 0;
}
