/* The parameters for bootstrapping as the note in files of these parameters
 * (docs/formats.md, 4.8). The file's parameters hold the ring. */
#include <math.h>
#include <string.h>

#include "api/api.h"
#include "base/json.h"
#include "base/number.h"

#define VERSION 1

/* The members after the version, in the order of the text; all are numbers. */
enum {
    LIMBS,
    LOG_SLOTS,
    GROUPS,
    FROM_SLOTS_PRIMES,
    ARCSINE,
    FEW_KEYS,
    SPECIAL,
    WHOLE, /* integers above */
    LARGEST = WHOLE,
    BOUND,
    TYPICAL,
    RATIO,
    COUNT
};

static const struct {
    const char *name;
    double low, high;
} members[COUNT] = {
    [LIMBS] = {"limbs", 1, BF_MAX_Q},
    [LOG_SLOTS] = {"log2_slots", 1, BF_LOG_N_MAX - 1},
    [GROUPS] = {"groups", 1, BF_DFT_GROUPS_MAX},
    [FROM_SLOTS_PRIMES] = {"from_slots_primes", 1, BF_DFT_GROUPS_MAX},
    [ARCSINE] = {"arcsine", 0, 1},
    [FEW_KEYS] = {"few_keys", 0, 1},
    [SPECIAL] = {"encapsulation_special_prime", 3, 0x1p49},
    [LARGEST] = {"largest", 0, 0x1p60},
    [BOUND] = {"largest_coefficient", 0, 0x1p60},
    [TYPICAL] = {"typical_coefficient", 0, 0x1p60},
    [RATIO] = {"log2_modulus_over_message", 5, 12},
};

bf_status bf_api_boot_print(char **text, const bf_api_boot *boot)
{
    const bf_boot_params *p = &boot->p;
    const double value[COUNT] = {
        [LIMBS] = p->limbs,
        [LOG_SLOTS] = p->c2s.log_slots,
        [GROUPS] = p->c2s.groups,
        [FROM_SLOTS_PRIMES] = p->s2c_primes,
        [ARCSINE] = p->arcsine,
        [FEW_KEYS] = p->few_keys,
        [SPECIAL] = (double)p->encapsulation.p[0], /* below 2^49: exact */
        [LARGEST] = boot->largest,
        [BOUND] = p->bound,
        [TYPICAL] = p->typical,
        [RATIO] = p->ratio,
    };
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "blindfit_bootstrapping", VERSION);
    for (unsigned i = 0; i < COUNT; i++) {
        char number[BF_NUMBER_BYTES];
        cJSON_AddItemToObject(
            o, members[i].name,
            cJSON_CreateRaw(bf_number_print(number, value[i])));
    }
    char *json = o ? cJSON_PrintUnformatted(o) : NULL;
    cJSON_Delete(o);
    size_t bytes = json ? strlen(json) + 1 : 0;
    char *copy = json ? bf_alloc(bytes) : NULL;
    if (copy) memcpy(copy, json, bytes);
    cJSON_free(json);
    if (!copy) return bf_fail(BF_ERR_MEMORY, "no memory for a note");
    *text = copy;
    return BF_OK;
}

static bf_status read_number(double *out, const cJSON *o, unsigned i,
                             const char *path)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, members[i].name);
    double v = cJSON_IsNumber(m) ? m->valuedouble : NAN;
    if (!(v >= members[i].low && v <= members[i].high) ||
        (i < WHOLE && v != floor(v)))
        return bf_fail(BF_ERR_FORMAT,
                       "%s: its note on bootstrapping: \"%s\" must be a %s "
                       "from %g to %g",
                       path, members[i].name,
                       i < WHOLE ? "whole number" : "number", members[i].low,
                       members[i].high);
    *out = v;
    return BF_OK;
}

static bf_status read_numbers(double value[COUNT], const cJSON *o,
                              const char *path)
{
    const cJSON *version =
        cJSON_GetObjectItemCaseSensitive(o, "blindfit_bootstrapping");
    if (!cJSON_IsNumber(version) || version->valuedouble != VERSION)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: its note is none on bootstrapping of version %d",
                       path, VERSION);
    for (unsigned i = 0; i < COUNT; i++)
        BF_TRY(read_number(&value[i], o, i, path));
    return BF_OK;
}

bf_status bf_api_boot_parse(bf_api_boot *out, const char *text,
                            const bf_params *ring, const char *path)
{
    double value[COUNT];
    cJSON *o = bf_json_parse(text, strlen(text));
    bf_status status = read_numbers(value, o, path);
    cJSON_Delete(o);
    BF_TRY(status);
    bf_boot_params p = {.ring = *ring,
                        .limbs = (unsigned)value[LIMBS],
                        .s2c_primes = (unsigned)value[FROM_SLOTS_PRIMES],
                        .arcsine = value[ARCSINE] != 0,
                        .few_keys = value[FEW_KEYS] != 0,
                        .bound = value[BOUND],
                        .typical = value[TYPICAL],
                        .ratio = value[RATIO]};
    bf_boot_params_split(&p, (unsigned)value[LOG_SLOTS],
                         (unsigned)value[GROUPS]);
    bf_boot_params_encapsulate(&p, (uint64_t)value[SPECIAL]);
    p.scale = 1; /* follows from the primes */
    status = bf_boot_params_check(&p);
    if (status == BF_ERR_ARGUMENT) status = BF_ERR_FORMAT;
    if (status != BF_OK) return bf_fail_in(status, "%s", path);
    *out = (bf_api_boot){p, value[LARGEST]};
    return BF_OK;
}
