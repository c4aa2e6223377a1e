/* Reports by the public header: forms, refusals, lack of memory. What pages
 * show is in tests/cli/test_cli_report.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "blindfit/report.h"
#include "support/status.h"

static const char run[] =
    "{\"recipe\": \"whitened\", \"iterations\": 1,"
    " \"accuracy\": {\"encrypted\": 0.875, \"plaintext_lr\": 0.884},"
    " \"accuracy_by_iteration\": [{\"iteration\": 1, \"encrypted\": 0.875,"
    " \"plaintext_same_recipe\": 0.9}], \"confusion\": [[7, 1], [0, 8]]}";
static const char plan[] = "{\"recipe\": \"paper\", \"evaluation_keys\": 3}";
static const char simulated[] =
    "{\"recipe\": \"paper\", \"iterations\": 2,"
    " \"accuracy\": {\"plaintext_same_recipe\": 0.75}}";

static bf_status add(bf_report *r, const char *name, const char *json)
{
    return bf_report_add(r, name, json, strlen(json));
}

static bf_report *report_of(const char *json)
{
    bf_report *r;
    assert_ok(bf_report_create(&r));
    assert_ok(add(r, "dir/run.json", json));
    return r;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t n = strlen(text), m = strlen(with);
    return n >= m && strcmp(text + n - m, with) == 0;
}

/* Every selector of a style, up to the brace, must begin at an element of the
 * class, so that other parts of a notebook keep their looks. */
static void check_scoped(const char *style)
{
    size_t rules = 0;
    for (const char *c = style; *c != '<'; rules++) {
        while (isspace((unsigned char)*c) || *c == '}') c++;
        if (*c == '<') break;
        const char *brace = strchr(c, '{');
        assert_non_null(brace);
        for (const char *selector = c; *c != '@' && selector < brace;) {
            size_t n = strcspn(selector, ",{");
            const char *name = strstr(selector, ".blindfit");
            if (!name || name >= selector + n)
                fail_msg("not scoped: %.*s", (int)n, selector);
            selector += n + 1;
        }
        c = *c == '@' ? brace + 1 : strchr(brace, '}') + 1;
    }
    assert_true(rules > 20);
}

static void forms(void **state)
{
    (void)state;
    bf_report *r = report_of(run);
    char *text;
    assert_ok(bf_report_render(&text, r, BF_REPORT_PAGE));
    assert_true(begins(text, "<!DOCTYPE html>") && ends(text, "</html>\n"));
    bf_free(text);
    assert_ok(bf_report_render(&text, r, BF_REPORT_FRAGMENT));
    assert_true(begins(text, "<div class=\"blindfit\">\n<style>\n"));
    assert_true(ends(text, "</div>\n"));
    assert_null(strstr(text, "<html"));
    assert_null(strstr(text, "<meta"));
    assert_non_null(strstr(text, "87.5 %"));
    check_scoped(strstr(text, "<style>") + strlen("<style>"));
    bf_free(text);
    assert_ok(bf_report_render(&text, r, BF_REPORT_TABLE));
    assert_non_null(strstr(text, "  trained encrypted"));
    assert_null(strchr(text, '<'));
    bf_free(text);
    assert_ok(bf_report_render(&text, r, BF_REPORT_CURVE));
    assert_non_null(strstr(text, "\n1 87.5000 90.0000 88.4000\n"));
    bf_free(text);
    bf_report_destroy(r);
    bf_report_destroy(NULL);
}

static void refusals(void **state)
{
    (void)state;
    bf_report *r;
    char *text = NULL;
    assert_ok(bf_report_create(&r));
    assert_fails(bf_report_render(&text, r, BF_REPORT_PAGE), BF_ERR_ARGUMENT,
                 "without a run");
    assert_fails(add(r, "a.json", "{\"recipe\": "), BF_ERR_FORMAT,
                 "a.json: no JSON");
    assert_fails(add(r, "a.json", "[1]"), BF_ERR_FORMAT, "a.json: no report");
    assert_fails(add(r, "a.json", "{\"recipe\": \"paper\"}"), BF_ERR_FORMAT,
                 "a.json: no report of fit, and no plan");
    assert_fails(add(r, "a.json", "{\"accuracy\": {\"encrypted\": 1}}"),
                 BF_ERR_FORMAT, "a.json: no report");
    for (int i = 0; i < BF_REPORT_RUNS_MAX; i++) assert_ok(add(r, "p", plan));
    assert_fails(add(r, "e.json", plan), BF_ERR_ARGUMENT, "e.json: ");
    assert_fails(bf_report_render(&text, r, BF_REPORT_CURVE), BF_ERR_FORMAT,
                 "p: made without");
    assert_null(text);
    bf_report_destroy(r);
}

/* The strokes of a class's picture of a colour, in the order of shades. */
static const char *picture(const char *page, int which)
{
    for (; which >= 0; which--) {
        page = strstr(page, "<svg class=\"px\"");
        assert_non_null(page);
        page = strchr(page, '\n') + 1;
    }
    return page;
}

#define STROKES(run, opacity, at)                                             \
    "<path class=\"s" run "\" stroke-opacity=\"" opacity "\" d=\"" at "\"/>\n"

/* Two classes over images of 2 x 3. One weight in ten, here that of 100, is
 * beyond the scale, which is 4; what is less than a tenth of it is nothing. */
static void weights(void **state)
{
    (void)state;
    double w[2 * 7] = {9, 4, 0.3, -4, 0, 2, 2, /* bias first */
                       9, 4, 4,   4,  4, 4, 100};
    bf_model m = {.weights = {2, 7, w}, .map = BF_MAP_NONE};
    bf_report *r = report_of(plan);
    char *text;
    assert_ok(bf_report_weights(r, 0, &m, &(bf_pixels){2, 3, 1, false}));
    assert_ok(bf_report_render(&text, r, BF_REPORT_PAGE));
    assert_true(begins(picture(text, 0),
                       STROKES("1", "1", "M2 0h1") STROKES("0", "0.6", "M1 1h2")
                           STROKES("0", "1", "M0 0h1") "</svg>"));
    assert_true(begins(picture(text, 1),
                       STROKES("0", "1", "M0 0h3M0 1h3") "</svg>"));
    bf_free(text);
    bf_report_destroy(r);
}

/* Three colours of one pixel high and two wide, first or last. */
static void colours(void **state)
{
    (void)state;
    double w[2 * 7] = {0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    bf_model m = {.weights = {2, 7, w}, .map = BF_MAP_SQRT};
    bf_report *r = report_of(plan);
    static const char left[] = STROKES("0", "1", "M0 0h1") "</svg>";
    static const char right[] = STROKES("0", "1", "M1 0h1") "</svg>";
    char *text;
    for (int first = 0; first < 2; first++) {
        assert_ok(bf_report_weights(r, 0, &m, &(bf_pixels){1, 2, 3, first}));
        assert_ok(bf_report_render(&text, r, BF_REPORT_PAGE));
        assert_non_null(strstr(text, "square roots"));
        assert_true(begins(picture(text, 0), left));
        /* The second class has its weight at the second feature. */
        assert_true(first ? begins(picture(text, 3), right)
                          : begins(picture(text, 4), left));
        bf_free(text);
    }
    bf_report_destroy(r);
}

/* A hundred classes of noise leave room for a page. */
static void many_weights(void **state)
{
    (void)state;
    static double w[100 * 785];
    for (size_t i = 0; i < sizeof w / sizeof *w; i++)
        w[i] = (double)((i * 7919 + i / 785 * 31) % 1009) - 504;
    bf_model m = {.weights = {100, 785, w}, .map = BF_MAP_NONE};
    bf_report *r = report_of(plan);
    char *text;
    for (int i = 0; i < BF_REPORT_RUNS_MAX; i++) {
        if (i) assert_ok(add(r, "p", plan));
        assert_ok(bf_report_weights(r, (size_t)i, &m,
                                    &(bf_pixels){28, 28, 1, false}));
        assert_ok(bf_report_render(&text, r, BF_REPORT_PAGE));
        assert_true(strlen(text) < 300000);
        bf_free(text);
    }
    bf_report_destroy(r);
}

static void wrong_weights(void **state)
{
    (void)state;
    double w[2 * 7] = {0};
    bf_model m = {.weights = {2, 7, w}, .map = BF_MAP_NONE};
    bf_report *r = report_of("{\"recipe\": \"paper\", \"evaluation_keys\": 3, "
                             "\"classes\": 2, \"features\": 6}");
    assert_fails(bf_report_weights(r, 0, &m, &(bf_pixels){2, 2, 1, false}),
                 BF_ERR_MISMATCH, "6 features, but images of 2 x 2 x 1 have 4");
    assert_fails(bf_report_weights(r, 1, &m, &(bf_pixels){2, 3, 1, false}),
                 BF_ERR_ARGUMENT, "weights of run 2: there are 1");
    assert_fails(bf_report_weights(r, 0, &m, &(bf_pixels){1, 3, 2, false}),
                 BF_ERR_ARGUMENT, "1 x 3 x 2");
    assert_fails(bf_report_weights(r, 0, &m, &(bf_pixels){0, 3, 1, false}),
                 BF_ERR_ARGUMENT, "0 x 3 x 1");
    m.weights.rows = 1;
    assert_fails(bf_report_weights(r, 0, &m, &(bf_pixels){2, 3, 1, false}),
                 BF_ERR_MISMATCH, "has 2 classes, but the model has 1");
    bf_report_destroy(r);
}

/* Simulated runs have a twin alone. */
static void twin_alone(void **state)
{
    (void)state;
    bf_report *r = report_of(simulated);
    char *text;
    assert_ok(bf_report_render(&text, r, BF_REPORT_PAGE));
    assert_non_null(strstr(text, "simulated in plaintext, 75.0 %"));
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, ", encrypted"));
    bf_free(text);
    bf_report_destroy(r);
}

static bf_status make(bool weighed)
{
    bf_report *r;
    char *text;
    double w[2 * 7] = {0, 1};
    bf_model m = {.weights = {2, 7, w}, .map = BF_MAP_NONE};
    BF_TRY(bf_report_create(&r));
    bf_status s = add(r, "run.json", run);
    if (s == BF_OK && weighed)
        s = bf_report_weights(r, 0, &m, &(bf_pixels){2, 3, 1, false});
    if (s == BF_OK) s = bf_report_render(&text, r, BF_REPORT_PAGE);
    if (s == BF_OK) bf_free(text);
    bf_report_destroy(r);
    return s;
}

/* Both, as a failure stays: what follows fails too, and may hide that the first
 * was not heeded. */
static void lack_of_memory(void **state)
{
    (void)state;
    const long plenty = 1000;
    for (int weighed = 0; weighed < 2; weighed++) {
        bf_alloc_fail_for_tests(plenty);
        assert_ok(make(weighed));
        long wanted = plenty - bf_alloc_left_for_tests();
        assert_true(wanted >= 3);
        for (long successes = 0; successes < wanted; successes++) {
            bf_alloc_fail_for_tests(successes);
            assert_int_equal(make(weighed), BF_ERR_MEMORY);
        }
        bf_alloc_fail_for_tests(-1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(refusals),
        cmocka_unit_test(twin_alone),
        cmocka_unit_test(weights),
        cmocka_unit_test(colours),
        cmocka_unit_test(many_weights),
        cmocka_unit_test(wrong_weights),
        cmocka_unit_test(lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
