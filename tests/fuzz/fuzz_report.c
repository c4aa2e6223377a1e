/* Any bytes as the report of a run: every form, or a refusal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "blindfit/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render(const bf_report *r)
{
    for (int form = BF_REPORT_PAGE; form <= BF_REPORT_CURVE; form++) {
        char *text;
        if (bf_report_render(&text, r, (bf_report_form)form) != BF_OK) continue;
        if (form == BF_REPORT_PAGE && strlen(text) >= 300000) abort();
        bf_free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bf_report *r;
    if (bf_report_create(&r) != BF_OK) return 0;
    if (bf_report_add(r, "fuzz", (const char *)data, size) == BF_OK) render(r);
    bf_report_destroy(r);
    return 0;
}
