/* Any bytes as the JSON of class names that lies beside labels. What is
 * accepted is written and read again. */
#include "memory_file.h"

#include <string.h>

/* The reader belongs to the program; nothing it prints is wanted here. */
#include "../../apps/cli/data.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *cli_program(void)
{
    return "fuzz";
}

void cli_note(const char *fmt, ...)
{
    (void)fmt;
}

void cli_warn(const char *fmt, ...)
{
    (void)fmt;
}

bf_env cli_env;

bf_status cli_check_output(const char *path, const char *const *others,
                           size_t count)
{
    (void)path, (void)others, (void)count;
    return BF_OK;
}

static void write_and_read(const bf_dataset *d)
{
    char labels[64];
    bf_dataset again = {.classes = d->classes};
    fuzz_path(labels, "again.npy");
    if (cli_commit_with_names(NULL, 0, labels, d) != BF_OK ||
        cli_read_class_names(&again, labels) != BF_OK ||
        again.classes != d->classes)
        abort();
    for (unsigned c = 0; c < d->classes; c++)
        if (strcmp(d->class_names[c], again.class_names[c]) != 0) abort();
    bf_dataset_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char labels[64], names[64];
    bf_dataset d = {.classes = 2};
    fuzz_path(labels, "y.npy");
    fuzz_path(names, "y.npy.json");
    fuzz_write(names, data, size);
    if (cli_read_class_names(&d, labels) == BF_OK) {
        if (d.classes < 2 || d.classes > BF_CLASSES_MAX) abort();
        write_and_read(&d);
    }
    bf_dataset_clear(&d);
    return 0;
}
