/* Files, and the same bytes in memory. Memory is an anonymous file of the
 * system, which readers and writers of files open by its name in /proc. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/env.h"
#include "base/file.h"
#include "wire/wire.h"

/* Labels of a program's own ciphertexts: {32, 0}, {32, 1}, ... in uploads
 * (docs/formats.md). */
#define LABEL_OWN 32

/* ---- memory -------------------------------------------------------------- */

typedef struct memory_file {
    int fd;
    char path[48];
} memory_file;

static bf_status open_memory(memory_file *m)
{
    m->fd = memfd_create("blindfit", MFD_CLOEXEC);
    if (m->fd < 0) return bf_fail_errno(errno, "memory for a file");
    snprintf(m->path, sizeof m->path, "/proc/self/fd/%d", m->fd);
    return BF_OK;
}

static bf_status open_filled(memory_file *m, const void *data, size_t bytes)
{
    BF_TRY(open_memory(m));
    const char *from = data;
    for (size_t done = 0; done < bytes;) {
        ssize_t n = write(m->fd, from + done, bytes - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            bf_status status = bf_fail_errno(errno, "memory for a file");
            close(m->fd);
            return status;
        }
        done += (size_t)n;
    }
    return BF_OK;
}

static bf_status take(void **data, size_t *bytes, const memory_file *m)
{
    struct stat st;
    if (fstat(m->fd, &st)) return bf_fail_errno(errno, "memory of a file");
    size_t size = (size_t)st.st_size;
    char *to = bf_alloc(size);
    if (!to) return BF_ERR_MEMORY;
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(m->fd, to + done, size - done, (off_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            bf_free(to);
            return bf_fail_errno(n ? errno : EIO, "memory of a file");
        }
        done += (size_t)n;
    }
    *data = to;
    *bytes = size;
    return BF_OK;
}

/* Ends a `_write` function: returns the written bytes, or the error of writing.
 */
static bf_status close_written(void **data, size_t *bytes, memory_file *m,
                               bf_status status)
{
    if (status == BF_OK) status = take(data, bytes, m);
    close(m->fd);
    return status;
}

/* The caller gave bytes, and no file in /proc. */
static bf_status close_read(memory_file *m, bf_status status)
{
    const char *message = bf_last_error();
    size_t length = strlen(m->path);
    if (status != BF_OK && strncmp(message, m->path, length) == 0)
        bf_fail(status, "memory%s", message + length);
    close(m->fd);
    return status;
}

bf_status bf_ckks_read(bf_ckks **out, const void *data, size_t bytes)
{
    memory_file m;
    BF_TRY(open_filled(&m, data, bytes));
    return close_read(&m, bf_ckks_load(out, m.path));
}

/* ---- ciphertexts --------------------------------------------------------- */

static bf_status check_set(const bf_cipher *const *a, size_t count)
{
    const bf_cipher *owned = NULL;
    if (count == 0) return bf_fail(BF_ERR_ARGUMENT, "a file of no ciphertexts");
    for (size_t i = 0; i < count; i++) {
        BF_TRY(bf_api_same(a[0]->ckks, a[i]->ckks, "ciphertexts of a file"));
        if (!a[i]->ct.data)
            return bf_fail(BF_ERR_ARGUMENT,
                           "ciphertext %zu of a file has no "
                           "data",
                           i);
        if (!a[i]->owned) continue;
        if (owned && memcmp(owned->key_id, a[i]->key_id, BF_KEY_ID_BYTES))
            return bf_fail(BF_ERR_MISMATCH, "ciphertexts of a file are of "
                                            "different keys");
        owned = a[i];
    }
    return BF_OK;
}

static bf_status close_writer(bf_wire_writer *w, bf_status s)
{
    if (s == BF_OK) return bf_wire_commit(w);
    bf_wire_abort(w);
    return s;
}

bf_status bf_cipher_save(const bf_cipher *const *a, size_t count,
                         const char *path)
{
    bf_wire_writer *w;
    BF_TRY(check_set(a, count));
    BF_TRY(bf_wire_create(&w, path, BF_WIRE_UPLOAD,
                          bf_one_ring(a[0]->ckks->ctx),
                          (bf_wire_ids){.key_id = a[0]->key_id}));
    bf_status s = bf_wire_put_note(w, a[0]->ckks->note);
    for (size_t i = 0; i < count && s == BF_OK; i++)
        s = bf_wire_put_ct(w, (bf_label){LABEL_OWN, i}, &a[i]->ct);
    return close_writer(w, s);
}

static bf_status expect_ciphertext(const bf_wire_item *item, size_t i,
                                   size_t count, const char *path)
{
    if (item->kind == BF_FRAME_END)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: %zu ciphertexts, and %zu are wanted", path, i,
                       count);
    if (item->kind != BF_WIRE_CIPHERTEXT || item->label.kind != LABEL_OWN ||
        item->label.index != i)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: record %zu is none of "
                       "bf_cipher_save",
                       path, i + 1);
    return BF_OK;
}

/* The chain of parameters for bootstrapping goes on above the highest level. */
static bf_status check_limbs(const bf_ckks *c, const bf_ct *ct, size_t i,
                             const char *path)
{
    if (ct->limbs <= c->top) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: ciphertext %zu has %u limbs, the highest level %u",
                   path, i, ct->limbs, c->top);
}

static bf_status read_ciphertexts(bf_wire_reader *r, const bf_ckks *c,
                                  bf_ct *ct, size_t count, const char *path)
{
    bf_wire_item item;
    for (size_t i = 0; i < count; i++) {
        BF_TRY(i ? bf_wire_next(r, &item) : bf_wire_next_but_note(r, &item));
        BF_TRY(expect_ciphertext(&item, i, count, path));
        BF_TRY(bf_wire_get_ct(r, &ct[i]));
        BF_TRY(check_limbs(c, &ct[i], i, path));
    }
    BF_TRY(bf_wire_next(r, &item));
    if (item.kind != BF_FRAME_END)
        return bf_fail(BF_ERR_MISMATCH, "%s: more than %zu ciphertexts", path,
                       count);
    return BF_OK;
}

bf_status bf_cipher_load(bf_cipher **out, size_t count, const bf_ckks *c,
                         const char *path)
{
    bf_wire_reader *r;
    size_t bytes;
    if (count == 0 || !bf_mul_size(count, sizeof(bf_ct), &bytes))
        return bf_fail(BF_ERR_ARGUMENT, "%s: %zu ciphertexts", path, count);
    BF_TRY(bf_wire_open(&r, path, BF_WIRE_UPLOAD, bf_one_ring(c->ctx),
                        (bf_wire_ids){0}));
    bf_ct *ct = bf_alloc_zero(bytes);
    bf_status status =
        ct ? read_ciphertexts(r, c, ct, count, path) : BF_ERR_MEMORY;
    status = bf_api_fill(out, count, status);
    for (size_t i = 0; ct && i < count; i++) {
        if (status == BF_OK)
            status =
                bf_api_put(&out[i], c, &ct[i], NULL, bf_wire_header(r)->key_id);
        bf_ct_clear(&ct[i]);
    }
    bf_free(ct);
    bf_wire_close(r);
    return status;
}

bf_status bf_cipher_write(void **data, size_t *bytes, const bf_cipher *const *a,
                          size_t count)
{
    memory_file m;
    BF_TRY(open_memory(&m));
    return close_written(data, bytes, &m, bf_cipher_save(a, count, m.path));
}

bf_status bf_cipher_read(bf_cipher **out, size_t count, const bf_ckks *c,
                         const void *data, size_t bytes)
{
    memory_file m;
    BF_TRY(open_filled(&m, data, bytes));
    return close_read(&m, bf_cipher_load(out, count, c, m.path));
}

/* ---- evaluation keys ----------------------------------------------------- */

void bf_api_keys_of(bf_keys *keys, const bf_ckks *c, const uint8_t *key_id)
{
    keys->ckks = c;
    keys->set[0].ctx = c->ctx;
    keys->set[1].ctx = c->encapsulation;
    for (int i = 0; i < 2; i++)
        memcpy(keys->set[i].key_id, key_id, BF_KEY_ID_BYTES);
}

void bf_keys_destroy(bf_keys *keys)
{
    if (!keys) return;
    for (int i = 0; i < 2; i++) bf_eval_keys_clear(&keys->set[i]);
    bf_free(keys);
}

static bf_status put_smaller(bf_wire_writer *w, const bf_api_smaller *s)
{
    char text[BF_API_SMALLER_BYTES];
    if (!s->there) return BF_OK;
    bf_api_smaller_print(text, s);
    return bf_wire_put_json(w, BF_API_SMALLER, text, strlen(text));
}

bf_status bf_keys_save(const bf_keys *keys, const char *path, bf_env *env)
{
    BF_UNDER(env);
    bf_wire_writer *w;
    BF_TRY(bf_wire_create(&w, path, BF_WIRE_EVAL_KEYS,
                          bf_api_rings(keys->ckks),
                          (bf_wire_ids){.key_id = keys->set[0].key_id}));
    bf_status s = bf_wire_put_note(w, keys->ckks->note);
    if (s == BF_OK) s = put_smaller(w, &keys->smaller);
    if (s == BF_OK) s = bf_wire_put_eval_keys(w, keys->set);
    return close_writer(w, s);
}

static bf_status read_smaller(bf_wire_reader *r, bf_keys *keys,
                              const char *path)
{
    char *text;
    size_t bytes;
    if (keys->smaller.there)
        return bf_fail(BF_ERR_FORMAT, "%s: two notes on a smaller ring", path);
    BF_TRY(bf_wire_get_json(r, &text, &bytes));
    bf_status status = bf_api_smaller_parse(&keys->smaller, text, path);
    bf_free(text);
    return status;
}

static bf_status read_key(bf_wire_reader *r, bf_keys *keys, const char *path)
{
    bf_switch_key key = {0};
    BF_TRY(bf_wire_get_switch_key(r, &key));
    bf_eval_keys *set = &keys->set[key.ctx != keys->ckks->ctx];
    bf_status s = BF_OK;
    if (bf_eval_keys_find(set, key.name))
        s = bf_fail(BF_ERR_FORMAT, "%s: %s is there twice", path,
                    bf_key_text(key.name));
    if (s == BF_OK) s = bf_eval_keys_add(set, &key);
    bf_switch_key_clear(&key);
    return s;
}

static bf_status read_keys(bf_wire_reader *r, bf_keys *keys, const char *path)
{
    bf_wire_item item;
    for (;;) {
        BF_TRY(bf_wire_next(r, &item));
        if (item.kind == BF_FRAME_END) break;
        if (item.kind == BF_WIRE_SWITCH_KEY)
            BF_TRY(read_key(r, keys, path));
        else if (item.label.kind == BF_API_SMALLER.kind &&
                 item.label.index == BF_API_SMALLER.index)
            BF_TRY(read_smaller(r, keys, path));
        else
            BF_TRY(bf_wire_skip(r));
    }
    if (keys->smaller.there == bf_api_between_rings(&keys->set[0]))
        return BF_OK;
    return bf_fail(BF_ERR_FORMAT,
                   "%s: keys to a smaller ring go with a note on it", path);
}

bf_status bf_keys_load(bf_keys **out, const bf_ckks *c, const char *path,
                       bf_env *env)
{
    BF_UNDER(env);
    bf_wire_reader *r;
    BF_TRY(bf_wire_open(&r, path, BF_WIRE_EVAL_KEYS, bf_api_rings(c),
                        (bf_wire_ids){0}));
    bf_keys *made = bf_alloc_zero(sizeof *made);
    bf_status status = BF_ERR_MEMORY;
    if (made) {
        made->ckks = c;
        bf_api_keys_of(made, c, bf_wire_header(r)->key_id);
        status = read_keys(r, made, path);
    }
    bf_wire_close(r);
    if (status != BF_OK) {
        bf_keys_destroy(made);
        return status;
    }
    bf_keys_destroy(*out);
    *out = made;
    return BF_OK;
}

bf_status bf_keys_write(void **data, size_t *bytes, const bf_keys *keys,
                        bf_env *env)
{
    memory_file m;
    BF_TRY(open_memory(&m));
    return close_written(data, bytes, &m, bf_keys_save(keys, m.path, env));
}

bf_status bf_keys_read(bf_keys **out, const bf_ckks *c, const void *data,
                       size_t bytes, bf_env *env)
{
    memory_file m;
    BF_TRY(open_filled(&m, data, bytes));
    return close_read(&m, bf_keys_load(out, c, m.path, env));
}

/* ---- public keys --------------------------------------------------------- */

bf_status bf_public_save(const bf_public *key, const char *path)
{
    return bf_wire_write_public_key(path, &key->key, key->ckks->note);
}

bf_status bf_public_load(bf_public **out, const bf_ckks *c, const char *path)
{
    bf_public *made = bf_alloc_zero(sizeof *made);
    if (!made) return BF_ERR_MEMORY;
    made->ckks = c;
    bf_status status =
        bf_wire_read_public_key(&made->key, path, c->ctx, (bf_wire_ids){0});
    if (status != BF_OK) {
        bf_free(made);
        return status;
    }
    bf_public_destroy(*out);
    *out = made;
    return BF_OK;
}

bf_status bf_public_write(void **data, size_t *bytes, const bf_public *key)
{
    memory_file m;
    BF_TRY(open_memory(&m));
    return close_written(data, bytes, &m, bf_public_save(key, m.path));
}

bf_status bf_public_read(bf_public **out, const bf_ckks *c, const void *data,
                         size_t bytes)
{
    memory_file m;
    BF_TRY(open_filled(&m, data, bytes));
    return close_read(&m, bf_public_load(out, c, m.path));
}
