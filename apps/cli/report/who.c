#include "report/parts.h"

static void card(FILE *to, const char *who)
{
    fputs("<div>\n", to);
    html_element(to, "h3", "%s", who);
    fputs("<ul>\n", to);
}

static void end_card(FILE *to)
{
    fputs("</ul></div>\n", to);
}

static cli_text count_of(const cJSON *run, const char *key)
{
    const cJSON *v = report_find(run, key);
    return v ? cli_count(v->valuedouble) : (cli_text){"?"};
}

static cli_text size_of(const cJSON *run, const char *key)
{
    const cJSON *v = report_find(run, key);
    return v ? cli_size(v->valuedouble) : (cli_text){"of unknown size"};
}

void report_who(FILE *to, const cJSON *run)
{
    cli_text rows = count_of(run, "samples");
    cli_text features = count_of(run, "features");
    cli_text ciphertexts = count_of(run, "ciphertexts_uploaded");
    cli_text upload = size_of(run, "bytes.upload");
    cli_text keys = size_of(run, "bytes.keys");
    cli_text model = size_of(run, "bytes.model");
    fputs("<h2>Who saw what</h2>\n<div class=\"cards\">\n", to);
    card(to, "The owner");
    html_element(to, "li", "%s rows of %s features, and their labels", rows.s,
                 features.s);
    html_element(to, "li", "the secret key, which went nowhere");
    html_element(to, "li", "the model, decrypted here");
    end_card(to);
    card(to, "The wire");
    html_element(to, "li", "evaluation keys, %s, to the server", keys.s);
    html_element(to, "li",
                 "%s ciphertexts of rows and labels, %s, to the "
                 "server",
                 ciphertexts.s, upload.s);
    html_element(to, "li", "the encrypted model, %s, to the owner", model.s);
    end_card(to);
    card(to, "The server");
    html_element(to, "li",
                 "the job: %s rows, %s features, %s classes, %s "
                 "iterations",
                 rows.s, features.s, count_of(run, "classes").s,
                 count_of(run, "iterations").s);
    html_element(to, "li", "what was on the wire, and nothing that opens it");
    html_element(to, "li", "no row, no label, no weight");
    end_card(to);
    fputs("</div>\n", to);
    if (!report_find(run, "security_bits")) return;
    fputs("<p>What the server saw keeps its secrets against attacks of an "
          "estimated 2<sup>",
          to);
    html_print(to, "%.0f", report_number(run, "security_bits"));
    fputs("</sup> operations.</p>\n", to);
}
