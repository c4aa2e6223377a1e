#include "support/declarations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void read_text(char *text, size_t room, const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, room - 1, file)] = 0;
    assert_true(feof(file));
    fclose(file);
}

static bool is_among(const char *name, const char *(*tested)(size_t i))
{
    for (size_t i = 0; tested(i); i++)
        if (!strcmp(name, tested(i))) return true;
    return false;
}

static size_t check_header(const char *path,
                           bool (*is_operation)(const char *parameters),
                           const char *(*tested)(size_t i))
{
    static const char head[] = "BF_MUST_CHECK bf_status";
    static char text[1 << 17];
    size_t found = 0;
    read_text(text, sizeof text, path);
    for (char *at = text; (at = strstr(at, head));) {
        char *name = at + strlen(head), *end = strchr(name, ';');
        char *open = strchr(name, '(');
        assert_true(open && end && open < end);
        name += strspn(name, " \n");
        at = end + 1;
        *open = *end = 0;
        if (!is_operation(open + 1)) continue;
        found++;
        if (!is_among(name, tested))
            fail_msg("%s: %s is not tested here", path, name);
    }
    return found;
}

void check_declared(const char *const *headers,
                    bool (*is_operation)(const char *parameters),
                    const char *(*tested)(size_t i))
{
    size_t found = 0, names = 0;
    for (; *headers; headers++)
        found += check_header(*headers, is_operation, tested);
    while (tested(names)) names++;
    assert_int_equal(found, names);
}
