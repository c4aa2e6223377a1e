#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define OPTIONS_MAX 48
#define FIRST_CODE 256 /* getopt's value of option i is FIRST_CODE + i */

cli_common cli_common_options;
static bool help_wanted;
static const char *seed_text;

static const cli_option common[] = {
    {"json", 0, CLI_FLAG, &cli_common_options.json, NULL,
     "print one JSON object instead of a table"},
    {"threads", 0, CLI_COUNT, &cli_common_options.threads, "T",
     "threads to use (default: all)"},
    {"quiet", 'q', CLI_FLAG, &cli_common_options.quiet, NULL,
     "print no progress and no notes; warnings stay"},
    {"seed", 0, CLI_TEXT, &seed_text, "S",
     "for tests only: fixed randomness, which protects nothing"},
    {"help", 'h', CLI_FLAG, &help_wanted, NULL, "print this text"},
    {0},
};

/* Set: cli_parse lists options and parses nothing. */
static void (*list_option)(void *user, const cli_option *o);
static void *list_user;

/* ---- values -------------------------------------------------------------- */

static bf_status bad(const char *name, const char *text, const char *wanted)
{
    return bf_fail(BF_ERR_ARGUMENT, "--%s: '%s' is no %s", name, text, wanted);
}

/* Digits only, so that neither a sign nor a blank slips through strtoull. */
static bool read_count(const char *text, size_t length, uint64_t *out)
{
    uint64_t v = 0;
    if (length == 0 || length > 18) return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        v = 10 * v + (uint64_t)(text[i] - '0');
    }
    *out = v;
    return true;
}

static bool read_counts(const char *text, cli_counts *out)
{
    cli_counts made = {.count = 0};
    for (;;) {
        uint64_t count;
        size_t length = strcspn(text, ",");
        if (made.count == CLI_COUNTS_MAX || !read_count(text, length, &count))
            return false;
        made.at[made.count++] = count;
        if (!text[length]) break;
        text += length + 1;
    }
    *out = made;
    return true;
}

/* At least one: less, and a forgotten unit, would mean that none was given. */
static bool read_bytes(const char *text, uint64_t *out)
{
    static const char units[] = "kMGT";
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    if (end == text || errno || !isfinite(v)) return false;
    if (*end) {
        char unit = *end == 'K' ? 'k' : *end;
        const char *at = strchr(units, unit);
        if (!at) return false;
        bool binary = end[1] == 'i';
        v *= pow(binary ? 1024 : 1000, (double)(at - units + 1));
        end += binary ? 2 : 1;
        if (*end == 'B') end++;
        if (*end) return false;
    }
    if (!(v >= 1 && v < 0x1p62)) return false;
    *out = (uint64_t)v;
    return true;
}

/* Without a unit, seconds. */
static bool read_time(const char *text, double *out)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    char *end;
    double v = strtod(text, &end);
    if (end == text || !isfinite(v)) return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].unit) != 0) continue;
        v *= units[i].seconds;
        if (!(v > 0) || v > 1e9) return false;
        *out = v;
        return true;
    }
    return false;
}

/* A:B, A: or :B, both from 1 and included. */
static bool read_rows(const char *text, bf_rows *out)
{
    const char *colon = strchr(text, ':');
    uint64_t first = 1, last = 0;
    if (!colon) return false;
    size_t before = (size_t)(colon - text), after = strlen(colon + 1);
    if (before && !read_count(text, before, &first)) return false;
    if (after && !read_count(colon + 1, after, &last)) return false;
    if (first == 0 || (after && last < first)) return false;
    *out = (bf_rows){first - 1, last};
    return true;
}

static bool read_when(const char *text, cli_when *out)
{
    static const char *const words[] = {"auto", "yes", "no"};
    for (cli_when i = CLI_AUTO; i <= CLI_NO; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return true;
        }
    return false;
}

/* Refuses `-`, which stands for a standard stream in other programs. */
static bf_status check_text(const char *text)
{
    if (strcmp(text, "-") != 0) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "-: standard input and output have no place here; name a "
                   "file (one called '-' is ./-)");
}

static bf_status assign(const cli_option *o, const char *text)
{
    uint64_t count;
    char *end;
    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)o->value = true;
        return BF_OK;
    case CLI_TEXT:
        BF_TRY(check_text(text));
        *(const char **)o->value = text;
        return BF_OK;
    case CLI_TEXTS: {
        cli_texts *texts = o->value;
        BF_TRY(check_text(text));
        if (texts->count == CLI_TEXTS_MAX)
            return bf_fail(BF_ERR_ARGUMENT, "--%s: given more than %d times",
                           o->name, CLI_TEXTS_MAX);
        texts->at[texts->count++] = text;
        return BF_OK;
    }
    case CLI_COUNT:
        if (!read_count(text, strlen(text), &count) || count == 0)
            return bad(o->name, text, "whole number from 1");
        *(size_t *)o->value = count;
        return BF_OK;
    case CLI_COUNTS:
        if (!read_counts(text, o->value))
            return bf_fail(BF_ERR_ARGUMENT,
                           "--%s: '%s' is neither a number such as 10 nor a "
                           "list such as 10,2", o->name, text);
        return BF_OK;
    case CLI_NUMBER:
        *(double *)o->value = strtod(text, &end);
        if (end == text || *end || !isfinite(*(double *)o->value))
            return bad(o->name, text, "number");
        return BF_OK;
    case CLI_BYTES:
        if (!read_bytes(text, o->value))
            return bad(o->name, text, "size such as 12G or 500M");
        return BF_OK;
    case CLI_TIME:
        if (!read_time(text, o->value))
            return bad(o->name, text, "time such as 90s, 30m or 2h");
        return BF_OK;
    case CLI_ROWS:
        if (!read_rows(text, o->value))
            return bad(o->name, text, "range of rows such as 1:128");
        return BF_OK;
    case CLI_WHEN:
        if (!read_when(text, o->value))
            return bf_fail(BF_ERR_ARGUMENT,
                           "--%s: '%s' is none of yes, no, auto", o->name,
                           text);
        return BF_OK;
    case CLI_TABLE:
        break;
    }
    return bf_fail(BF_ERR_INTERNAL, "--%s: unknown kind", o->name);
}

/* ---- help ---------------------------------------------------------------- */

enum { HELP_COLUMN = 30, HELP_WIDTH = 80 };

/* The text from HELP_COLUMN on, in lines of at most HELP_WIDTH characters. */
static void print_wrapped(const char *text)
{
    const size_t room = HELP_WIDTH - HELP_COLUMN;
    while (strlen(text) > room) {
        size_t end = room;
        while (end > 0 && text[end] != ' ') end--;
        if (end == 0) break;
        printf("%.*s\n%*s", (int)end, text, HELP_COLUMN, "");
        text += end + 1;
    }
    printf("%s\n", text);
}

static void print_options(const cli_option *o)
{
    for (; o->name; o++) {
        char left[64], letter[8] = "    ";
        if (o->kind == CLI_TABLE) print_options(o->value);
        if (o->kind == CLI_TABLE || !o->help) continue;
        if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name,
                 o->arg ? " " : "", o->arg ? o->arg : "");
        if (strlen(left) > HELP_COLUMN - 4)
            printf("  %s\n%*s", left, HELP_COLUMN, "");
        else
            printf("  %-*s  ", HELP_COLUMN - 4, left);
        print_wrapped(o->help);
    }
}

static void print_help(const cli_command *c, const cli_option *options)
{
    printf("%s %s: %s\n\nUsage: %s %s%s%s\n\nOptions\n", cli_program(),
           c->name, c->summary, cli_program(), c->name, *c->synopsis ? " " : "",
           c->synopsis);
    print_options(options);
    print_options(common);
    printf("\nExamples\n%s", c->examples);
}

/* ---- parsing ------------------------------------------------------------- */

typedef struct tables {
    const cli_option *option[OPTIONS_MAX];
    struct option longs[OPTIONS_MAX + 1];
    char letters[2 * OPTIONS_MAX + 3];
    bool given[OPTIONS_MAX];
    size_t count;
} tables;

static void add_options(tables *t, const cli_option *o)
{
    for (; o->name && t->count < OPTIONS_MAX; o++) {
        if (o->kind == CLI_TABLE) {
            add_options(t, o->value);
            continue;
        }
        size_t i = t->count++;
        bool takes = o->kind != CLI_FLAG;
        t->option[i] = o;
        t->longs[i] = (struct option){
            o->name, takes ? required_argument : no_argument, NULL,
            FIRST_CODE + (int)i};
        if (o->letter)
            strcat(t->letters, (char[]){o->letter, takes ? ':' : 0, 0});
    }
}

/* t->count if there is none. */
static size_t index_of(const tables *t, int code)
{
    size_t i = 0;
    if (code >= FIRST_CODE) return (size_t)(code - FIRST_CODE);
    while (i < t->count && t->option[i]->letter != code) i++;
    return i;
}

/* Refuses a second value, since nothing says which of the two is meant. */
static bf_status take_option(tables *t, int code, const char *text)
{
    size_t i = index_of(t, code);
    const cli_option *o = t->option[i];
    if (t->given[i] && o->kind != CLI_FLAG && o->kind != CLI_TEXTS)
        return bf_fail(BF_ERR_ARGUMENT, "--%s: given twice", o->name);
    t->given[i] = true;
    return assign(o, text);
}

static bf_status bad_option(const cli_command *self, const tables *t, int code,
                            char **argv)
{
    size_t i = code == ':' ? index_of(t, optopt) : t->count;
    if (i < t->count)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--%s needs a value (see %s %s --help)",
                       t->option[i]->name, cli_program(), self->name);
    if (optopt && optopt < FIRST_CODE)
        return bf_fail(BF_ERR_ARGUMENT, "no option -%c (see %s %s --help)",
                       optopt, cli_program(), self->name);
    return bf_fail(BF_ERR_ARGUMENT, "no option %s (see %s %s --help)",
                   argv[optind - 1], cli_program(), self->name);
}

static bf_status apply_common(void)
{
    uint64_t seed;
    cli_env.threads = (unsigned)(cli_common_options.threads < 4096
                                     ? cli_common_options.threads
                                     : 4096);
    bf_env_enter(&cli_env);
    if (!seed_text) return BF_OK;
    if (!read_count(seed_text, strlen(seed_text), &seed))
        return bad("seed", seed_text, "whole number");
    fprintf(stderr,
            "%s: warning: --seed makes every secret predictable; for tests "
            "only\n",
            cli_program());
    bf_random_fix_for_tests(seed);
    return BF_OK;
}

static bf_status take_operands(const cli_command *self, int argc, char **argv,
                               size_t least, size_t most, const char **operands)
{
    size_t given = (size_t)(argc - optind);
    if (given < least || given > most)
        return bf_fail(BF_ERR_ARGUMENT, "usage: %s %s%s%s", cli_program(),
                       self->name, *self->synopsis ? " " : "", self->synopsis);
    for (size_t i = 0; i < CLI_OPERANDS_MAX; i++) {
        operands[i] = i < given ? argv[optind + (int)i] : NULL;
        if (operands[i]) BF_TRY(check_text(operands[i]));
    }
    return BF_OK;
}

static void list_options(const cli_option *o)
{
    for (; o->name; o++) {
        if (o->kind == CLI_TABLE) list_options(o->value);
        if (o->kind != CLI_TABLE && o->help) list_option(list_user, o);
    }
}

void cli_options_each(const cli_command *c,
                      void (*each)(void *user, const cli_option *o),
                      void *user)
{
    list_option = each;
    list_user = user;
    bf_status s = c->run(c, 1, (char *[]){(char *)c->name, NULL});
    (void)s; /* it always fails */
    list_option = NULL;
}

bf_status cli_parse(const cli_command *self, const cli_option *options,
                    int argc, char **argv, size_t least, size_t most,
                    const char *operands[CLI_OPERANDS_MAX])
{
    tables t = {.letters = ":"};
    if (list_option) {
        list_options(options);
        list_options(common);
        return BF_ERR_ARGUMENT; /* nobody reads a message */
    }
    add_options(&t, options);
    add_options(&t, common);
    unsetenv("POSIXLY_CORRECT"); /* options may follow operands */
    opterr = 0;
    optind = 1;
    for (;;) {
        int code = getopt_long(argc, argv, t.letters, t.longs, NULL);
        if (code == -1) break;
        if (code == '?' || code == ':')
            return bad_option(self, &t, code, argv);
        BF_TRY(take_option(&t, code, optarg));
        if (help_wanted) {
            print_help(self, options);
            BF_TRY(cli_close_stdout());
            exit(0);
        }
    }
    BF_TRY(take_operands(self, argc, argv, least, most, operands));
    return apply_common();
}

bf_status cli_need(const char *value, const char *name)
{
    if (value && *value) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "--%s is missing", name);
}

bf_status cli_parts(unsigned *out, size_t given)
{
    if (given > BF_UPLOAD_PARTS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "--parts: at most %d",
                       BF_UPLOAD_PARTS_MAX);
    *out = (unsigned)given;
    return BF_OK;
}
