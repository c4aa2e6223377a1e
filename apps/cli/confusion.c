#include "cli.h"

void cli_json_confusion(cJSON *o, const bf_metrics *m, char *const *names)
{
    cJSON *table = cJSON_AddArrayToObject(o, "confusion");
    for (unsigned t = 0; t < m->classes; t++) {
        cJSON *row = cJSON_CreateArray();
        for (unsigned p = 0; p < m->classes; p++)
            cJSON_AddItemToArray(
                row,
                cJSON_CreateNumber((double)m->confusion[t * m->classes + p]));
        cJSON_AddItemToArray(table, row);
    }
    if (names)
        cJSON_AddItemToObject(o, "class_names",
                              cJSON_CreateStringArray(
                                  (const char *const *)names, (int)m->classes));
}
