#include <string.h>

#include "cli.h"

/* Scripts are made from the tables of commands and options, so that no option
 * is named twice. */

/* Does something for each command; those with subcommands come after these, as
 * their names are the beginnings of longer ones. */
typedef void (*command_fn)(const cli_command *c);

static void each_command(const cli_command *const *commands, command_fn each)
{
    for (; *commands; commands++) {
        if ((*commands)->commands) each_command((*commands)->commands, each);
        each(*commands);
    }
}

/* The last word: "new" of "party new". */
static const char *word_of(const cli_command *c)
{
    const char *space = strrchr(c->name, ' ');
    return space ? space + 1 : c->name;
}

static bool takes_value(const cli_option *o)
{
    return o->kind != CLI_FLAG;
}

/* By the argument's name in --help. */
static bool takes_file(const cli_option *o)
{
    static const char *const files[] = {"FILE", "DIR", "JOB", "JOB0"};
    for (size_t i = 0; o->arg && i < sizeof files / sizeof *files; i++)
        if (strcmp(o->arg, files[i]) == 0) return true;
    return false;
}

/* Prints text, with a backslash before each character of `special`. Quotes
 * around the text are single, and a quote in it ends and begins them. */
static void print_quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            printf("%s%c", strchr(special, *text) ? "\\" : "", *text);
    }
}

/* ---- bash ---------------------------------------------------------------- */

/* Options of one kind, with something between them. */
typedef struct bash_list {
    bool (*belongs)(const cli_option *o);
    const char *between;
    size_t count;
} bash_list;

static bool any(const cli_option *o)
{
    (void)o;
    return true;
}

static bool takes_when(const cli_option *o)
{
    return o->kind == CLI_WHEN;
}

static bool takes_other(const cli_option *o)
{
    return takes_value(o) && !takes_when(o);
}

static void bash_option(void *user, const cli_option *o)
{
    bash_list *l = user;
    if (!l->belongs(o)) return;
    printf("%s--%s", l->count++ ? l->between : "", o->name);
    if (o->letter) printf("%s-%c", l->between, o->letter);
}

/* Every command has options that take other values: the common ones. */
static void bash_command(const cli_command *c)
{
    bash_list whens = {takes_when, "|", 0}, others = {takes_other, "|", 0},
              words = {any, " ", 0};
    printf("    \"%s \"*)\n        case $before in\n        ", c->name);
    cli_options_each(c, bash_option, &whens);
    if (whens.count) fputs(") words='auto yes no' ;;\n        ", stdout);
    cli_options_each(c, bash_option, &others);
    fputs(") return ;;\n        *) words='", stdout);
    for (size_t i = 0; c->commands && c->commands[i]; i++)
        printf("%s%s", i ? " " : "", word_of(c->commands[i]));
    fputs("'\n            [[ $word != -* ]] || words='", stdout);
    cli_options_each(c, bash_option, &words);
    fputs("' ;;\n        esac ;;\n", stdout);
}

/* Where nothing is listed, bash completes names of files. */
static void print_bash(const cli_command *const *commands)
{
    const char *p = cli_program();
    printf("# Completion of %s in bash: source <(%s completion bash)\n"
           "_%s_words()\n{\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
           "    local before=${COMP_WORDS[COMP_CWORD-1]} IFS=$' \\t\\n'\n"
           "    COMPREPLY=()\n"
           "    case \"${COMP_WORDS[*]:1:COMP_CWORD-1} \" in\n",
           p, p, p);
    each_command(commands, bash_command);
    fputs("    *) words='", stdout);
    for (; *commands; commands++) printf("%s ", (*commands)->name);
    printf("--help --version' ;;\n    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
           "complete -o default -F _%s_words %s\n",
           p, p);
}

/* ---- zsh ----------------------------------------------------------------- */

static void zsh_option(void *user, const cli_option *o)
{
    (void)user;
    bool again = o->kind == CLI_TEXTS;
    fputs(" \\\n            ", stdout);
    if (o->letter && again)
        printf("'*'{-%c,--%s}'", o->letter, o->name);
    else if (o->letter)
        printf("'(-%c --%s)'{-%c,--%s}'", o->letter, o->name, o->letter,
               o->name);
    else
        printf("'%s--%s", again ? "*" : "", o->name);
    putchar('[');
    print_quoted(o->help, "[]\\");
    putchar(']');
    if (takes_value(o)) {
        putchar(':');
        print_quoted(o->arg, ":\\");
        fputs(o->kind == CLI_WHEN ? ":(auto yes no)"
              : takes_file(o)     ? ":_files"
                                  : ": ",
              stdout);
    }
    putchar('\'');
}

static void zsh_described(const cli_command *const *commands)
{
    fputs("        local -a named=(", stdout);
    for (; *commands; commands++) {
        printf("\n            '%s:", word_of(*commands));
        print_quoted((*commands)->summary, "\\");
        putchar('\'');
    }
    fputs(")\n        _describe command named ;;\n", stdout);
}

static void zsh_command(const cli_command *c)
{
    int words = strchr(c->name, ' ') ? 2 : 1;
    printf("    '%s '*)\n", c->name);
    if (c->commands) {
        zsh_described(c->commands);
        return;
    }
    printf("        shift %d words; (( CURRENT -= %d ))\n        _arguments -s",
           words, words);
    cli_options_each(c, zsh_option, NULL);
    fputs(" \\\n            '*:file:_files' ;;\n", stdout);
}

static void print_zsh(const cli_command *const *commands)
{
    const char *p = cli_program();
    printf("#compdef %s\n# Completion of %s in zsh: a file _%s in $fpath\n"
           "case \"${(j: :)words[2,CURRENT-1]} \" in\n",
           p, p, p);
    each_command(commands, zsh_command);
    fputs("    *)\n", stdout);
    zsh_described(commands);
    fputs("esac\n", stdout);
}

/* ---- fish ---------------------------------------------------------------- */

static void fish_condition(const cli_command *c)
{
    const char *space = strrchr(c->name, ' ');
    printf("complete -c %s -n '__fish_seen_subcommand_from %.*s", cli_program(),
           (int)(space ? space - c->name : (long)strlen(c->name)), c->name);
    if (space) printf("; and __fish_seen_subcommand_from %s", space + 1);
    putchar('\'');
}

static void fish_option(void *user, const cli_option *o)
{
    fish_condition(user);
    printf(" -l %s", o->name);
    if (o->letter) printf(" -s %c", o->letter);
    if (takes_value(o)) fputs(takes_file(o) ? " -rF" : " -x", stdout);
    if (o->kind == CLI_WHEN) fputs(" -a 'auto yes no'", stdout);
    fputs(" -d '", stdout);
    print_quoted(o->help, "\\");
    fputs("'\n", stdout);
}

static void fish_named(const cli_command *c)
{
    printf(" -a %s -d '", word_of(c));
    print_quoted(c->summary, "\\");
    fputs("'\n", stdout);
}

static void fish_command(const cli_command *c)
{
    for (size_t i = 0; c->commands && c->commands[i]; i++) {
        fish_condition(c);
        fputs(" -f", stdout);
        fish_named(c->commands[i]);
    }
    cli_options_each(c, fish_option, (void *)c);
}

static void print_fish(const cli_command *const *commands)
{
    printf("# Completion of %s in fish: %s completion fish | source\n",
           cli_program(), cli_program());
    for (size_t i = 0; commands[i]; i++) {
        printf("complete -c %s -n __fish_use_subcommand -f", cli_program());
        fish_named(commands[i]);
    }
    each_command(commands, fish_command);
}

/* ---- command ------------------------------------------------------------- */

static const struct shell {
    const char *name;
    void (*print)(const cli_command *const *commands);
} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option none[] = {{0}};
    BF_TRY(cli_parse(self, none, argc, argv, 1, 1, operands));
    if (cli_common_options.json)
        return bf_fail(BF_ERR_ARGUMENT, "--json: completion prints a script");
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(operands[0], shells[i].name) == 0) {
            shells[i].print(cli_commands());
            return BF_OK;
        }
    return bf_fail(BF_ERR_ARGUMENT,
                   "completion: '%s' is none of bash, zsh, "
                   "fish",
                   operands[0]);
}

const cli_command cli_completion = {
    .name = "completion",
    .summary = "print a script that completes words in a shell",
    .synopsis = "bash | zsh | fish",
    .examples = "  # in ~/.bashrc\n"
                "  source <(blindfit completion bash)\n"
                "  # in a folder of zsh's $fpath\n"
                "  blindfit completion zsh > _blindfit\n"
                "  # in ~/.config/fish/config.fish\n"
                "  blindfit completion fish | source\n",
    .run = run,
};
