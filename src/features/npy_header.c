#include "features/npy_header.h"

#include <string.h>

#include "base/memory.h"

typedef struct cursor {
    const char *p, *end;
} cursor;

static void skip_space(cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n')) c->p++;
}

static bool accept(cursor *c, const char *token)
{
    skip_space(c);
    size_t n = strlen(token);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, token, n) != 0)
        return false;
    c->p += n;
    return true;
}

/* A quoted string without escapes, as numpy writes keys and types. */
static bool parse_string(cursor *c, char *out, size_t room)
{
    skip_space(c);
    if (c->p == c->end || (*c->p != '\'' && *c->p != '"')) return false;
    char quote = *c->p++;
    const char *close = memchr(c->p, quote, (size_t)(c->end - c->p));
    if (!close || (size_t)(close - c->p) >= room) return false;
    memcpy(out, c->p, (size_t)(close - c->p));
    out[close - c->p] = '\0';
    c->p = close + 1;
    return true;
}

/* Python 2 writes long integers as 20L. */
static bool parse_size(cursor *c, size_t *out)
{
    skip_space(c);
    const char *start = c->p;
    *out = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
        size_t digit = (size_t)(*c->p - '0');
        if (*out > (SIZE_MAX - digit) / 10) return false;
        *out = *out * 10 + digit;
    }
    if (c->p == start) return false;
    if (c->p < c->end && *c->p == 'L') c->p++;
    return true;
}

static bool parse_shape(cursor *c, bf_npy *a)
{
    if (!accept(c, "(")) return false;
    a->dims = 0;
    while (!accept(c, ")")) {
        if (a->dims == BF_NPY_DIMS_MAX) return false;
        if (!parse_size(c, &a->dim[a->dims++])) return false;
        if (!accept(c, ",")) return accept(c, ")");
    }
    return true;
}

/* "<f8": byte order, kind and size. Native order is little-endian, as on all
 * machines that this library supports. */
static bool known_type(const char *descr, bf_npy *a)
{
    static const struct {
        const char *kind;
        bf_npy_type type;
        size_t item;
    } types[] = {
        {"f2", BF_NPY_F2, 2}, {"f4", BF_NPY_F4, 4}, {"f8", BF_NPY_F8, 8},
        {"i1", BF_NPY_I1, 1}, {"i2", BF_NPY_I2, 2}, {"i4", BF_NPY_I4, 4},
        {"i8", BF_NPY_I8, 8}, {"u1", BF_NPY_U1, 1}, {"u2", BF_NPY_U2, 2},
        {"u4", BF_NPY_U4, 4}, {"u8", BF_NPY_U8, 8}, {"b1", BF_NPY_BOOL, 1},
    };
    if (*descr == '\0' || !strchr("<>=|", *descr)) return false;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].kind, descr + 1) != 0) continue;
        if (*descr == '|' && types[i].item > 1) return false;
        a->type = types[i].type;
        a->item = types[i].item;
        a->big_endian = *descr == '>';
        return true;
    }
    return false;
}

/* Names of other types that numpy stores. */
static const char *kind_name(const char *descr)
{
    static const struct {
        char kind;
        const char *name;
    } kinds[] = {{'O', "Python objects"}, {'U', "strings"},
                 {'S', "strings"},        {'a', "strings"},
                 {'c', "complex numbers"}, {'M', "dates"},
                 {'m', "times"},          {'V', "records"},
                 {'f', "floats of another size"}};
    for (size_t i = 0; *descr && i < sizeof kinds / sizeof *kinds; i++)
        if (descr[1] == kinds[i].kind) return kinds[i].name;
    return "of another kind";
}

/* A type without a name of its own (a record) is a list, not a string. */
static bf_status parse_type(cursor *c, bf_npy *a, const char *path)
{
    char descr[16] = "";
    bool record = accept(c, "[");
    if (!record && parse_string(c, descr, sizeof descr) &&
        known_type(descr, a))
        return BF_OK;
    if (record) strcpy(descr, "|V");
    return bf_fail(BF_ERR_UNSUPPORTED,
                   "%s: its type of values is '%s' (%s), which is not read; "
                   "floats of 16, 32 and 64 bits, integers and booleans are",
                   path, record ? "[...]" : descr, kind_name(descr));
}

static bf_status malformed(const char *path)
{
    return bf_fail(BF_ERR_FORMAT, "%s: malformed .npy header", path);
}

bf_status bf_npy_parse_header(bf_npy *out, const char *text, size_t bytes,
                              const char *path)
{
    cursor c = {text, text + bytes};
    bool type = false, order = false, shape = false;
    if (!accept(&c, "{")) return malformed(path);
    while (!accept(&c, "}")) {
        char key[16];
        if (!parse_string(&c, key, sizeof key) || !accept(&c, ":"))
            return malformed(path);
        if (!type && strcmp(key, "descr") == 0) {
            BF_TRY(parse_type(&c, out, path));
            type = true;
        } else if (!order && strcmp(key, "fortran_order") == 0) {
            out->fortran = accept(&c, "True");
            order = out->fortran || accept(&c, "False");
            if (!order) return malformed(path);
        } else if (!shape && strcmp(key, "shape") == 0) {
            shape = parse_shape(&c, out);
            if (!shape) return malformed(path);
        } else {
            return malformed(path);
        }
        if (accept(&c, ",")) continue;
        if (!accept(&c, "}")) return malformed(path);
        break;
    }
    skip_space(&c);
    if (c.p != c.end || !type || !order || !shape) return malformed(path);
    out->count = 1;
    for (unsigned i = 0; i < out->dims; i++)
        if (!bf_mul_size(out->count, out->dim[i], &out->count))
            return bf_fail(BF_ERR_FORMAT, "%s: impossible sizes", path);
    return BF_OK;
}
