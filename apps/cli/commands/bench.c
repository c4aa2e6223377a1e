#include "blindfit/bench.h"

#include <math.h>

#include "cli.h"

typedef struct table {
    cJSON *list;     /* NULL: printed */
    double baseline; /* of the rows being printed */
} table;

static void add(cJSON *list, const bf_bench_row *r)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "operation", r->operation);
    cJSON_AddNumberToObject(o, "ring_degree", (double)r->ring_degree);
    cJSON_AddNumberToObject(o, "limbs", r->limbs);
    cJSON_AddNumberToObject(o, "special_primes", r->special_limbs);
    cJSON_AddNumberToObject(o, "threads", r->threads);
    cJSON_AddStringToObject(o, "backend", r->backend);
    cJSON_AddNumberToObject(o, "seconds", r->seconds);
    cJSON_AddItemToArray(list, o);
}

static void take(void *user, const bf_bench_row *r)
{
    table *t = user;
    if (t->list) {
        add(t->list, r);
        return;
    }
    char shape[64], faster[32] = "";
    snprintf(shape, sizeof shape, "N = 2^%.0f, %u+%u limbs",
             log2((double)r->ring_degree), r->limbs, r->special_limbs);
    if (r->baseline)
        t->baseline = r->seconds;
    else
        snprintf(faster, sizeof faster, "%.1f times the first",
                 t->baseline / r->seconds);
    printf("  %-12s %-22s %-7s %u thread%s %12s   %s\n", r->operation, shape,
           r->backend, r->threads, r->threads == 1 ? " " : "s",
           bf_text_time(r->seconds).s, faster);
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {{0}};
    table t = {0};
    BF_TRY(cli_parse(self, options, argc, argv, 0, 0, operands));
    if (!cli_common_options.json) return bf_bench(take, &t, &cli_env);
    cJSON *o = cJSON_CreateObject();
    t.list = cJSON_AddArrayToObject(o, "results");
    bf_status s = bf_bench(take, &t, &cli_env);
    if (s == BF_OK) return cli_json(o);
    cJSON_Delete(o);
    return s;
}

const cli_command cli_bench = {
    .name = "bench",
    .summary = "measure the speed of the main operations",
    .synopsis = "",
    .examples = "  blindfit bench\n"
                "  blindfit bench --threads 1 --json\n",
    .run = run,
};
