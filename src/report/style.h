/* The style of pages and fragments, which touches nothing outside of elements
 * of class "blindfit". */
#ifndef BF_REPORT_STYLE_H
#define BF_REPORT_STYLE_H

extern const char bf_report_style[];

#endif
