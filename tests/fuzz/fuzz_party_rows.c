/* Any bytes as names of rows and as the tags that another owner sent. Names are
 * taken if there is a line for each row; two owners agree exactly if they have
 * the same names. Any other tags end the session. */
#include "party_stub.h"

#include <sys/stat.h>

#include "memory_file.h"
#include "train/owner/party_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 4, TAGS = STUB_OWNERS * BF_HASH_BYTES };

/* Owner 0 has the features of all rows, owner 1 their labels. */
typedef struct owners {
    bf_session session;
    char box[64];
    bf_party_options o[STUB_OWNERS];
    bf_party_run run[STUB_OWNERS];
} owners;

static const double features[2 * ROWS];
static const int32_t labels[ROWS];
static const bf_view rows = {features, ROWS, 2, 2, BF_FLOAT64};

static void make_box(owners *w)
{
    char inbox[80];
    fuzz_path(w->box, "box");
    snprintf(inbox, sizeof inbox, "%s/inbox", w->box);
    if (bf_make_dir(w->box, 0700) != BF_OK || bf_make_dir(inbox, 0700) != BF_OK)
        abort();
}

static void make_owners(owners *w, const char *names, const char *others)
{
    const party_stub *stub = stub_session();
    w->session = stub->session;
    w->session.options.split = BF_SPLIT_LABELS;
    make_box(w);
    for (unsigned k = 0; k < STUB_OWNERS; k++) {
        bf_session_owner *o = &w->session.owner[k];
        o->first = 0;
        o->count = ROWS;
        o->labels = k == 1;
        o->features = k == 0 ? 2 : 0;
        w->o[k] = (bf_party_options){.box = w->box,
                                     .x = &rows,
                                     .labels = labels,
                                     .label_count = ROWS,
                                     .row_names = k ? others : names};
        w->run[k] = (bf_party_run){.o = &w->o[k],
                                   .session = &w->session,
                                   .id = stub->id[k],
                                   .me = k,
                                   .st = {.owner = k}};
    }
}

/* As owner `to`, after bf_party_make_rows: `data` as the other owner's tags. */
static bf_status receive(owners *w, unsigned to, const uint8_t *data,
                         size_t size)
{
    unsigned from = 1 - to;
    bf_party_run *p = &w->run[to];
    bf_head *h = &p->head[0][from];
    bf_path path;
    if (bf_box_message(&path, p, 1, from, BF_PART_ROWS) != BF_OK) abort();
    fuzz_write(path.s, data, size);
    h->parts = 1;
    if (bf_part_of_file(&h->part[0], BF_PART_ROWS, path.s) != BF_OK) abort();
    return bf_party_check_rows(p);
}

static bool agree(owners *w, const char *sent)
{
    uint8_t *tags;
    size_t bytes;
    char own[64];
    fuzz_path(own, "own");
    if (bf_party_make_rows(&w->run[0], sent) != BF_OK ||
        bf_party_make_rows(&w->run[1], own) != BF_OK ||
        bf_read_file(sent, TAGS, &tags, &bytes) != BF_OK || bytes != TAGS)
        abort();
    bf_status s = receive(w, 1, tags, bytes);
    bf_free(tags);
    return s == BF_OK;
}

/* Lines a, b, c, d, whatever ends them. */
static bool usual_names(const uint8_t *data, size_t size)
{
    size_t at = 0;
    for (uint8_t name = 'a'; name < 'a' + ROWS; name++) {
        if (at == size || data[at++] != name) return false;
        while (at < size && data[at] == '\r') at++;
        if (at < size && data[at++] != '\n') return false;
    }
    return at == size;
}

static size_t lines(const uint8_t *data, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) count += data[i] == '\n';
    return count + (size && data[size - 1] != '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t usual[] = "a\nb\nc\nd";
    static owners w;
    char sent[64];
    memory_file given = memory_file_open(data, size),
                own = memory_file_open(usual, sizeof usual - 1);
    fuzz_path(sent, "sent");
    make_owners(&w, given.path, given.path);
    bool taken = bf_party_make_rows(&w.run[0], sent) == BF_OK;
    if (taken != (lines(data, size) == ROWS)) abort();
    if (taken && !agree(&w, sent)) abort();
    make_owners(&w, given.path, own.path);
    if (taken && agree(&w, sent) != usual_names(data, size)) abort();
    make_owners(&w, own.path, own.path);
    if (!agree(&w, sent)) abort();
    if (receive(&w, 1, data, size) == BF_OK) abort();
    if (w.run[1].st.over != (size == TAGS)) abort();
    memory_file_close(&given);
    memory_file_close(&own);
    return 0;
}
