#include <string.h>

#include "blindfit/job.h"
#include "report/parts.h"

static void card(FILE *to, const char *who)
{
    fputs("<div>\n", to);
    bf_html_element(to, "h3", "%s", who);
    fputs("<ul>\n", to);
}

static void end_card(FILE *to)
{
    fputs("</ul></div>\n", to);
}

static bf_text count_of(const cJSON *run, const char *key)
{
    const cJSON *v = bf_run_find(run, key);
    return v ? bf_text_count(v->valuedouble) : (bf_text){"?"};
}

static bf_text size_of(const cJSON *run, const char *key)
{
    const cJSON *v = bf_run_find(run, key);
    return v ? bf_text_size(v->valuedouble) : (bf_text){"of unknown size"};
}

/* An owner of a session (`party show`). */
static void member(FILE *to, const cJSON *m)
{
    bf_text rows = count_of(m, "samples"), features = count_of(m, "features");
    card(to, bf_run_string(m, "name").s);
    if (bf_run_number(m, "features") == 0)
        bf_html_element(to, "li", "labels of %s rows", rows.s);
    else
        bf_html_element(to, "li", "%s rows of %s features%s", rows.s,
                        features.s,
                        bf_run_true(m, "labels") ? ", and their labels" : "");
    bf_html_element(to, "li",
                    "its share of the secret key, which goes nowhere");
    bf_html_element(to, "li", "%s",
                    bf_run_true(m, "receives")
                        ? "the model, which takes the shares of all to open"
                        : "no model");
    if (bf_run_find(m, "sent_bytes"))
        bf_html_element(to, "li", "sent %s to the others and the server",
                        size_of(m, "sent_bytes").s);
    end_card(to);
}

static void owners(FILE *to, const cJSON *run)
{
    const cJSON *members = bf_run_list(run, "members"), *m;
    int shown = 0;
    if (members) {
        cJSON_ArrayForEach(m, members) if (shown++ < BF_OWNERS_MAX)
            member(to, m);
        return;
    }

    bf_text rows = count_of(run, "samples");
    bf_text features = count_of(run, "features");
    if (bf_run_number(run, "owners") > 1) {
        card(to, "Each of the owners");
        bf_html_element(to, "li",
                        "its part of %s rows of %s features and their labels",
                        rows.s, features.s);
        bf_html_element(to, "li",
                        "its share of the secret key, which goes nowhere");
        bf_html_element(to, "li", "the model, which they open together");
    } else {
        card(to, "The owner");
        bf_html_element(to, "li", "%s rows of %s features, and their labels",
                        rows.s, features.s);
        bf_html_element(to, "li", "the secret key, which goes nowhere");
        bf_html_element(to, "li", "the model, decrypted here");
    }
    end_card(to);
}

/* Of messages of a session, which are counted with a box. */
static bool is_past(const cJSON *run)
{
    const cJSON *members = bf_run_list(run, "members");
    return bf_run_judged(run) ||
           (members && bf_run_find(members->child, "sent_bytes"));
}

static void wire(FILE *to, const cJSON *run)
{
    bool several = bf_run_number(run, "owners") > 1;
    card(to, "The wire");
    if (bf_run_list(run, "members")) {
        if (strcmp(bf_run_string(run, "split").s, "rows") == 0 &&
            !bf_run_find(run, "whitened_by"))
            bf_html_element(to, "li",
                            "sums over rows, masked, and sealed from owner to "
                            "owner: all learn the sums over all rows");
        bf_html_element(to, "li",
                        "shares of keys, of which the server makes evaluation "
                        "keys, %s",
                        size_of(run, "bytes.keys").s);
    } else {
        bf_html_element(to, "li", "evaluation keys, %s, to the server",
                        size_of(run, "bytes.keys").s);
    }
    bf_html_element(to, "li",
                    "%s ciphertexts of rows and labels, %s, to the server",
                    count_of(run, "ciphertexts_uploaded").s,
                    size_of(run, "bytes.upload").s);
    bf_html_element(to, "li", "the encrypted model, %s, to the owner%s",
                    size_of(run, "bytes.model").s, several ? "s" : "");
    end_card(to);
}

void bf_part_who(FILE *to, const cJSON *run)
{
    fputs(is_past(run) ? "<h2>Who saw what</h2>\n"
                       : "<h2>Who will see what</h2>\n",
          to);
    fputs("<div class=\"cards\">\n", to);
    owners(to, run);
    wire(to, run);
    card(to, "The server");
    bf_html_element(to, "li",
                    "the job: %s rows, %s features, %s classes, %s "
                    "iteration%s",
                    count_of(run, "samples").s, count_of(run, "features").s,
                    count_of(run, "classes").s, count_of(run, "iterations").s,
                    bf_run_number(run, "iterations") == 1 ? "" : "s");
    bf_html_element(to, "li", "what is on the wire, and nothing that opens it");
    bf_html_element(to, "li", "no row, no label, no weight");
    end_card(to);
    fputs("</div>\n", to);
    if (!bf_run_find(run, "security_bits")) return;
    fputs("<p>What the server sees keeps its secrets against attacks of an "
          "estimated 2<sup>",
          to);
    bf_html_print(to, "%.0f", bf_run_number(run, "security_bits"));
    fputs("</sup> operations.</p>\n", to);
}
