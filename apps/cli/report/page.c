#include "report/page.h"

#include <string.h>

#include "report/parts.h"
#include "report/table.h"

/* c0 to c3 are runs: blue, vermilion, green and purple, which those who see few
 * colours tell apart, darker on white and lighter on black. Text has a contrast
 * of 4.5 or more to its ground, but 3.4 on some cells of the matrix. */
static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--ink:#1a1e22;--soft:#56606a;"
    "--rule:#d3d9df;--card:#f4f6f8;"
    "--c0:#0067a5;--c1:#b84a00;--c2:#007a58;--c3:#9c3d80}\n"
    "@media (prefers-color-scheme:dark){:root{--bg:#14171a;--ink:#e5e8eb;"
    "--soft:#9ea8b2;--rule:#3a4249;--card:#1e2327;"
    "--c0:#63b7ee;--c1:#f0954e;--c2:#3fc79b;--c3:#dd93c4}}\n"
    "body{margin:0 auto;max-width:44rem;padding:1rem;"
    "font:1rem/1.5 system-ui,sans-serif;background:var(--bg);"
    "color:var(--ink);overflow-wrap:anywhere}\n"
    "h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}\n"
    "h2{font-size:1.2rem;margin:2.2rem 0 .5rem}\n"
    "h2.run{border-top:3px solid var(--c);padding-top:.8rem;margin-top:3rem;"
    "font-size:1.4rem}\n"
    "h3{font-size:1rem;margin:.2rem 0}\n"
    "p{margin:.5rem 0}\n"
    ".soft{color:var(--soft)}\n"
    ".cards{display:grid;gap:.8rem;"
    "grid-template-columns:repeat(auto-fit,minmax(12rem,1fr))}\n"
    ".cards>div{background:var(--card);border-radius:.5rem;padding:.8rem}\n"
    "ul{margin:.3rem 0;padding-left:1.1rem}\n"
    ".key{list-style:none;padding:0;display:flex;flex-wrap:wrap;"
    "gap:.2rem 1.2rem}\n"
    ".key svg{margin:0 .4rem 0 0;display:inline-block;width:1.8rem;"
    "height:.8rem;vertical-align:middle}\n"
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "td,th{padding:.15rem .8rem .15rem 0;text-align:left;font-weight:400;"
    "vertical-align:top}\n"
    "td.n,th.n{text-align:right;white-space:nowrap}\n"
    "thead th,th.head{font-weight:600}\n"
    "thead th{border-bottom:1px solid var(--rule)}\n"
    "th.head{padding-top:.8rem}\n"
    "summary{cursor:pointer}\n"
    "svg{display:block;margin:.6rem 0;width:100%;max-width:34rem;height:auto;"
    "font:11px system-ui,sans-serif}\n"
    "text{fill:var(--ink)}\n"
    "text.soft{fill:var(--soft)}\n"
    "text.on{fill:var(--bg)}\n"
    "text.end{text-anchor:end}\n"
    "text.mid{text-anchor:middle}\n"
    ".rule{stroke:var(--rule);fill:none}\n"
    ".s0,.f0{--c:var(--c0)}.s1,.f1{--c:var(--c1)}.s2,.f2{--c:var(--c2)}"
    ".s3,.f3{--c:var(--c3)}\n"
    ".s0,.s1,.s2,.s3{stroke:var(--c);fill:none;stroke-width:1.8}\n"
    ".f0,.f1,.f2,.f3{fill:var(--c)}\n"
    ".dash{stroke-dasharray:5 4}\n";

/* ---- table --------------------------------------------------------------- */

static void write_heading(FILE *to, const char *text, size_t columns)
{
    fprintf(to, "<tr><th class=\"head\" colspan=\"%zu\">", columns + 1);
    html_text(to, text);
    fputs("</th></tr>\n", to);
}

static void write_line(FILE *to, const char *name, const cli_text *cells,
                       size_t columns)
{
    fputs("<tr><th>", to);
    for (; *name == ' '; name++) fputs("&#160;", to);
    html_text(to, name);
    fputs("</th>", to);
    for (size_t i = 0; i < columns; i++) {
        fputs("<td class=\"n\">", to);
        html_text(to, cells[i].s);
        fputs("</td>", to);
    }
    fputs("</tr>\n", to);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void write_table(FILE *to, const report_runs *r)
{
    fputs("<h2>In figures</h2>\n<div class=\"wide\"><table>\n<thead><tr>"
          "<th></th>",
          to);
    for (size_t i = 0; i < r->count; i++) {
        fputs("<th class=\"n\">", to);
        html_text(to, report_string(r->run[i], "recipe").s);
        fputs("<br/>", to);
        html_text(to, base_name(r->path[i]));
        fputs("</th>", to);
    }
    fputs("</tr></thead>\n<tbody>\n", to);
    report_table(r, &(report_sink){to, write_heading, write_line});
    fputs("</tbody></table></div>\n", to);
}

/* ---- page ---------------------------------------------------------------- */

static void begin(FILE *to)
{
    /* The policy has browsers refuse scripts and anything from elsewhere, even
     * if a name from a file got past the escapes. */
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
          "<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, "
          "initial-scale=1\"/>\n"
          "<meta http-equiv=\"Content-Security-Policy\" "
          "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
          "<title>Training on encrypted data</title>\n<style>\n",
          to);
    fputs(style, to);
    fputs("</style>\n</head>\n<body>\n<h1>Training on encrypted data</h1>\n",
          to);
}

static void summary(FILE *to, const report_runs *r)
{
    fputs("<p>", to);
    for (size_t i = 0; i < r->count; i++) {
        const cJSON *run = r->run[i];
        const char *on = report_judged_on(run);
        html_print(to, "%s%s: ", i ? " " : "", report_string(run, "recipe").s);
        html_print(to, "%s of ",
                   cli_percent(report_number(run, "accuracy.encrypted")).s);
        if (report_find(run, "judged_rows"))
            html_print(to, "%s ",
                       cli_count(report_number(run, "judged_rows")).s);
        html_print(to, "%srows right.",
                   *on == '-'     ? ""
                   : on[1] == 'e' ? "test "
                                  : "training ");
    }
    fputs("</p>\n", to);
}

static void one_run(FILE *to, const report_runs *r, size_t i)
{
    bool alone = r->count == 1;
    if (!alone) {
        fprintf(to, "<h2 class=\"run f%zu\">", i);
        html_print(to, "%s, %s", report_string(r->run[i], "recipe").s,
                   base_name(r->path[i]));
        fputs("</h2>\n", to);
    }
    report_who(to, r->run[i]);
    if (alone) report_accuracy(to, r);
    report_confusion(to, r->run[i], alone);
    report_phases(to, r->run[i]);
    report_levels(to, r->run[i]);
}

void report_page(FILE *to, const report_runs *r)
{
    begin(to);
    summary(to, r);
    if (r->count > 1) {
        write_table(to, r);
        report_accuracy(to, r);
    }
    for (size_t i = 0; i < r->count; i++) one_run(to, r, i);
    if (r->count == 1) write_table(to, r);
    html_element(to, "p", "Made by blindfit %s from the output of fit --json.",
                 BF_VERSION);
    fputs("</body>\n</html>\n", to);
}
