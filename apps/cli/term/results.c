/* Results, as lines and as JSON. */
#include <errno.h>
#include <sodium.h>

#include "cli.h"

void cli_vprint(FILE *to, const char *fmt, va_list args)
{
    char text[2 * BF_MESSAGE_BYTES];
    vsnprintf(text, sizeof text, fmt, args);
    fprintf(to, "%s\n", bf_printable(text));
}

void cli_print(FILE *to, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    cli_vprint(to, fmt, args);
    va_end(args);
}

void cli_row(const char *name, const char *fmt, ...)
{
    cli_progress_end();
    printf("  %-22s ", name);
    va_list args;
    va_start(args, fmt);
    cli_vprint(stdout, fmt, args);
    va_end(args);
}

/* JSON is UTF-8, but names of files may not be: prints U+FFFD for each byte
 * that is not UTF-8. */
static void put_utf8(const char *text)
{
    while (*text) {
        size_t n = bf_utf8_length(text);
        if (n)
            fwrite(text, 1, n, stdout);
        else
            fputs("\xef\xbf\xbd", stdout);
        text += n ? n : 1;
    }
}

bf_status cli_json(cJSON *object)
{
    char *text = cJSON_Print(object);
    cli_progress_end();
    cJSON_Delete(object);
    if (!text) return bf_fail(BF_ERR_MEMORY, "no memory for the JSON output");
    put_utf8(text);
    cJSON_free(text);
    if (putchar('\n') == EOF) return bf_fail_errno(errno, "standard output");
    return BF_OK;
}

void cli_json_hex(cJSON *object, const char *key, const uint8_t *data,
                  size_t bytes)
{
    char text[2 * 64 + 1];
    if (bytes > 64) bytes = 64;
    sodium_bin2hex(text, sizeof text, data, bytes);
    cJSON_AddStringToObject(object, key, text);
}
