#include "report/page.h"

#include "report/parts.h"
#include "report/style.h"
#include "report/table.h"
#include "report/weights.h"

/* Cells of pictures take up to 8 bytes each. */
#define CELLS_MAX 8000u  /* of a run; ten images of 28 x 28 */
#define CELLS_ALL 16000u /* of all runs */

/* ---- table --------------------------------------------------------------- */

static void write_heading(FILE *to, const char *text, size_t columns)
{
    fprintf(to, "<tr><th class=\"head\" colspan=\"%zu\">", columns + 1);
    bf_html_text(to, text);
    fputs("</th></tr>\n", to);
}

static void write_line(FILE *to, const char *name, const bf_text *cells,
                       size_t columns)
{
    fputs("<tr><th>", to);
    for (; *name == ' '; name++) fputs("&#160;", to);
    bf_html_text(to, name);
    fputs("</th>", to);
    for (size_t i = 0; i < columns; i++) {
        fputs("<td class=\"n\">", to);
        bf_html_text(to, cells[i].s);
        fputs("</td>", to);
    }
    fputs("</tr>\n", to);
}

static void write_table(FILE *to, const bf_report *r)
{
    fputs("<h2>In figures</h2>\n<div class=\"wide\"><table>\n<thead><tr>"
          "<th></th>",
          to);
    for (size_t i = 0; i < r->count; i++) {
        fputs("<th class=\"n\">", to);
        bf_html_text(to, bf_run_string(r->run[i], "recipe").s);
        fputs("<br/>", to);
        bf_html_text(to, bf_run_name(r, i));
        fputs("</th>", to);
    }
    fputs("</tr></thead>\n<tbody>\n", to);
    bf_report_table(r, &(bf_report_sink){to, write_heading, write_line});
    fputs("</tbody></table></div>\n", to);
}

/* ---- content ------------------------------------------------------------- */

static void planned(FILE *to, const cJSON *run)
{
    const cJSON *members = bf_run_list(run, "members");
    if (members)
        bf_html_print(to, "a session of %d owners, ",
                      cJSON_GetArraySize(members));
    bf_html_print(to, "%s%s rows of %s features.",
                  members ? "" : "a plan for ",
                  bf_text_count(bf_run_number(run, "samples")).s,
                  bf_text_count(bf_run_number(run, "features")).s);
}

static void judged(FILE *to, const cJSON *run)
{
    const char *on = bf_run_judged_on(run);
    bool encrypted = bf_run_find(run, "accuracy.encrypted");
    const char *key =
        encrypted ? "accuracy.encrypted" : "accuracy.plaintext_same_recipe";
    if (!encrypted) bf_html_print(to, "simulated in plaintext, ");
    bf_html_print(to, "%s of ", bf_text_percent(bf_run_number(run, key)).s);
    if (bf_run_find(run, "judged_rows"))
        bf_html_print(to, "%s ",
                      bf_text_count(bf_run_number(run, "judged_rows")).s);
    bf_html_print(to, "%srows right.",
                  *on == '-'     ? ""
                  : on[1] == 'e' ? "test "
                                 : "training ");
}

static void summary(FILE *to, const bf_report *r)
{
    fputs("<p>", to);
    for (size_t i = 0; i < r->count; i++) {
        bf_html_print(to, "%s%s: ", i ? " " : "",
                      bf_run_string(r->run[i], "recipe").s);
        if (bf_run_judged(r->run[i]))
            judged(to, r->run[i]);
        else
            planned(to, r->run[i]);
    }
    fputs("</p>\n", to);
}

static bf_status one_run(FILE *to, const bf_report *r, size_t i)
{
    bool alone = r->count == 1;
    if (!alone) {
        fprintf(to, "<h2 class=\"run f%zu\">", i);
        bf_html_print(to, "%s, %s", bf_run_string(r->run[i], "recipe").s,
                      bf_run_name(r, i));
        fputs("</h2>\n", to);
    }
    bf_part_who(to, r->run[i]);
    if (alone) bf_part_accuracy(to, r);
    BF_TRY(bf_part_confusion(to, r->run[i], alone));
    if (r->weights[i])
        BF_TRY(bf_part_weights(to, r->weights[i],
                               bf_run_list(r->run[i], "class_names"),
                               alone ? CELLS_MAX : CELLS_ALL / r->count));
    bf_part_phases(to, r->run[i]);
    bf_part_levels(to, r->run[i]);
    return BF_OK;
}

static bf_status content(FILE *to, const bf_report *r)
{
    fputs("<h1>Training on encrypted data</h1>\n", to);
    summary(to, r);
    if (r->count > 1) {
        write_table(to, r);
        bf_part_accuracy(to, r);
    }
    for (size_t i = 0; i < r->count; i++) BF_TRY(one_run(to, r, i));
    if (r->count == 1) write_table(to, r);
    bf_html_element(to, "p", "Made by blindfit %s.", BF_VERSION);
    return BF_OK;
}

bf_status bf_report_fragment(FILE *to, const bf_report *r)
{
    fprintf(to, "<div class=\"blindfit\">\n<style>\n%s</style>\n",
            bf_report_style);
    BF_TRY(content(to, r));
    fputs("</div>\n", to);
    return BF_OK;
}

bf_status bf_report_page(FILE *to, const bf_report *r)
{
    /* The policy has browsers refuse scripts and anything from elsewhere, even
     * if a name from a file got past the escapes. */
    fprintf(to,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
            "<meta charset=\"utf-8\"/>\n"
            "<meta name=\"viewport\" content=\"width=device-width, "
            "initial-scale=1\"/>\n"
            "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
            "<meta http-equiv=\"Content-Security-Policy\" "
            "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
            "<title>Training on encrypted data</title>\n<style>\n%s</style>\n"
            "</head>\n<body class=\"blindfit\">\n",
            bf_report_style);
    BF_TRY(content(to, r));
    fputs("</body>\n</html>\n", to);
    return BF_OK;
}
