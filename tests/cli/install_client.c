/* An outside program, built against the files of `make install`. */
#include <blindfit/features.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    bf_dataset data = {0};
    if (argc != 3) return 2;
    if (bf_dataset_load(&data, argv[1], NULL, (bf_rows){0, 0},
                        NULL) != BF_OK ||
        bf_dataset_check(&data) != BF_OK) {
        fprintf(stderr, "%s\n", bf_last_error());
        return 1;
    }
    printf("%s: %zu rows, %u classes\n", BF_VERSION, data.x.rows,
           data.classes);
    bf_dataset_clear(&data);
    int32_t *labels;
    size_t n;
    if (bf_labels_read(&labels, &n, argv[2]) != BF_OK || n != 60) return 1;
    bf_free(labels);
    return 0;
}
