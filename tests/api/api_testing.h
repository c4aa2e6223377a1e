/* What tests of the public interface share. */
#ifndef API_TESTING_H
#define API_TESTING_H

#define OK(expr)                                                               \
    do {                                                                       \
        bf_status ok_s_ = (expr);                                              \
        if (ok_s_ != BF_OK)                                                    \
            fail_msg("%s: %s: %s", #expr, bf_status_name(ok_s_),               \
                     bf_last_error());                                         \
    } while (0)
#define FAILS(status, words, expr)                                             \
    do {                                                                       \
        bf_status fails_s_ = (expr);                                           \
        if (fails_s_ != (status) || !strstr(bf_last_error(), (words)))         \
            fail_msg("%s: %s: %s", #expr, bf_status_name(fails_s_),            \
                     bf_last_error());                                         \
    } while (0)

static char test_folder[64];

/* A path in the test's folder, of a few at a time. */
static inline const char *in(const char *name)
{
    static char path[16][128];
    static unsigned next;
    char *p = path[next++ % 16];
    snprintf(p, sizeof path[0], "%s/%s", test_folder, name);
    return p;
}

static inline void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(test_folder, sizeof test_folder, "%.40s/bf-api-XXXXXX",
             tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    assert_non_null(mkdtemp(test_folder));
}

/* The twin is separate code: plain loops in double precision. The difference
 * between the model's weights and the twin's is not zero, and less than `part`
 * of the twin's weights, rms. */
static inline void close_to_twin(const bf_model *m, const bf_prepared *p,
                                 const bf_schedule *s, const int32_t *labels,
                                 unsigned classes, double part)
{
    bf_matrix w;
    bf_model twin;
    double square = 0, error = 0;
    OK(bf_twin_run(&w, s, &p->rows, labels, classes, NULL, NULL, NULL));
    OK(bf_model_of(&twin, p->transform, &w, NULL));
    assert_int_equal(m->weights.rows, classes);
    assert_int_equal(m->weights.cols, twin.weights.cols);
    for (size_t i = 0; i < m->weights.rows * m->weights.cols; i++) {
        double e = m->weights.data[i] - twin.weights.data[i];
        square += twin.weights.data[i] * twin.weights.data[i];
        error += e * e;
    }
    assert_true(error > 0 && error < part * part * square);
    bf_matrix_clear(&w);
    bf_model_clear(&twin);
}

static inline int remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", test_folder);
    return system(command);
}

#endif
