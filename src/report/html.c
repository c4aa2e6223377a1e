#include "report/html.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* ---- text ---------------------------------------------------------------- */

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* U+2028 to U+202E and U+2066 to U+2069 reorder or break the text around them,
 * and U+FFFE and U+FFFF are no characters of XML. */
static bool is_format(const char *c, size_t length)
{
    unsigned char last = (unsigned char)c[length - 1];
    if (length != 3) return false;
    if (memcmp(c, "\xe2\x80", 2) == 0) return last >= 0xa8 && last <= 0xae;
    if (memcmp(c, "\xe2\x81", 2) == 0) return last >= 0xa6 && last <= 0xa9;
    return memcmp(c, "\xef\xbf", 2) == 0 && last >= 0xbe;
}

void bf_html_text(FILE *to, const char *text)
{
    char plain[BF_MESSAGE_BYTES];
    snprintf(plain, sizeof plain, "%s", text);
    bf_printable(plain);
    for (const char *c = plain; *c;) {
        size_t length = bf_utf8_length(c);
        const char *escape = escape_of(*c);
        if (escape)
            fputs(escape, to);
        else if (is_format(c, length))
            fputc('?', to);
        else
            fwrite(c, 1, length, to);
        c += length;
    }
}

static void vprint(FILE *to, const char *fmt, va_list args)
{
    char text[BF_MESSAGE_BYTES];
    vsnprintf(text, sizeof text, fmt, args);
    bf_html_text(to, text);
}

void bf_html_print(FILE *to, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vprint(to, fmt, args);
    va_end(args);
}

void bf_html_element(FILE *to, const char *tag, const char *fmt, ...)
{
    va_list args;
    fprintf(to, "<%s>", tag);
    va_start(args, fmt);
    vprint(to, fmt, args);
    va_end(args);
    fprintf(to, "</%s>\n", tag);
}

/* ---- pictures ------------------------------------------------------------ */

void bf_svg_begin(FILE *to, double height, const char *label)
{
    fprintf(to, "<svg viewBox=\"0 0 %g %.4g\" role=\"img\" aria-label=\"",
            BF_SVG_WIDTH, height);
    bf_html_text(to, label);
    fputs("\">\n", to);
}

void bf_svg_end(FILE *to)
{
    fputs("</svg>\n", to);
}

void bf_svg_rect(FILE *to, const char *style, double x, double y, double width,
                 double height)
{
    fprintf(to,
            "<rect class=\"%s\" x=\"%.4g\" y=\"%.4g\" width=\"%.4g\" "
            "height=\"%.4g\"/>\n",
            style, x, y, width, height);
}

void bf_svg_line(FILE *to, const char *style, double x1, double y1, double x2,
                 double y2)
{
    fprintf(to, "<path class=\"%s\" d=\"M%.4g %.4gL%.4g %.4g\"/>\n", style, x1,
            y1, x2, y2);
}

void bf_svg_text(FILE *to, const char *style, double x, double y,
                 const char *fmt, ...)
{
    va_list args;
    fprintf(to, "<text class=\"%s\" x=\"%.4g\" y=\"%.4g\">", style, x, y);
    va_start(args, fmt);
    vprint(to, fmt, args);
    va_end(args);
    fputs("</text>\n", to);
}

double bf_svg_share(double value, double whole)
{
    double share = value / whole;
    return isfinite(share) ? fmin(fmax(share, 0), 1) : 0;
}
