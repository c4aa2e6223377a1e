/* Writes HTML with SVG. The page is also well-formed XML, so that other
 * programs check that its tags balance: markup closes every element and quotes
 * every attribute.
 *
 * Text from files goes through bf_html_text alone, which escapes it. */
#ifndef BF_REPORT_HTML_H
#define BF_REPORT_HTML_H

#include <stdio.h>

#include "blindfit/blindfit.h"

/* Text or a quoted attribute's value: escapes markup, and replaces control
 * characters and bytes that are not UTF-8. */
void bf_html_text(FILE *to, const char *text);
/* The same for printf's result, of which it keeps BF_MESSAGE_BYTES. */
void bf_html_print(FILE *to, const char *fmt, ...) BF_PRINTF(2, 3);
/* <tag>text</tag> */
void bf_html_element(FILE *to, const char *tag, const char *fmt, ...)
    BF_PRINTF(3, 4);

/* Pictures have this width in units that are about a pixel on a phone. */
#define BF_SVG_WIDTH 380.0
/* `label` says to those who cannot see it what the picture shows. */
void bf_svg_begin(FILE *to, double height, const char *label);
void bf_svg_end(FILE *to);
/* `style` is a class of the page's CSS (style.c). */
void bf_svg_rect(FILE *to, const char *style, double x, double y, double width,
              double height);
void bf_svg_line(FILE *to, const char *style, double x1, double y1, double x2,
              double y2);
void bf_svg_text(FILE *to, const char *style, double x, double y,
                 const char *fmt, ...) BF_PRINTF(5, 6);

/* value / whole, from 0 to 1, whatever the numbers are. */
double bf_svg_share(double value, double whole);

#endif
