#include "report/text.h"

#include "report/table.h"

#define COLUMN 18

static void heading(FILE *to, const char *text, size_t columns)
{
    (void)columns;
    fprintf(to, "%s\n", text);
}

static void line(FILE *to, const char *name, const bf_text *cells,
                 size_t columns)
{
    fprintf(to, "  %-36s", name);
    for (size_t i = 0; i < columns; i++) fprintf(to, "%*s", COLUMN, cells[i].s);
    putc('\n', to);
}

void bf_report_print_table(FILE *to, const bf_report *r)
{
    fprintf(to, "%-38s", "");
    for (size_t i = 0; i < r->count; i++)
        fprintf(to, "%*s", COLUMN, bf_run_string(r->run[i], "recipe").s);
    putc('\n', to);
    bf_report_table(r, &(bf_report_sink){to, heading, line});
}

void bf_report_print_curve(FILE *to, const bf_report *r)
{
    fputs("# iteration, encrypted %, same recipe in plaintext %, logistic "
          "regression %\n",
          to);
    for (size_t i = 0; i < r->count; i++) {
        bf_run_curve c;
        bf_run_curve_of(&c, r->run[i]);
        /* A block of its own for gnuplot's `index`. */
        fprintf(to, "%s\"%s\"\n", i ? "\n\n" : "",
                bf_run_string(r->run[i], "recipe").s);
        for (size_t j = 0; j < c.count; j++)
            fprintf(to, "%.0f %.4f %.4f %.4f\n", c.at[j].iteration,
                    100 * c.at[j].encrypted, 100 * c.at[j].twin,
                    100 * bf_run_number(r->run[i], "accuracy.plaintext_lr"));
    }
}
