#!/bin/sh
# The server links nothing that makes, reads or uses a secret key: neither its
# programs nor its libraries. The same search finds these symbols in the owner's
# program and shared library, so that a stale list would fail.
. "$(dirname "$0")/lib.sh"

# One symbol from each object of the owner's folders.
owners='bf_decrypt bf_encrypt_symmetric bf_secret_key_generate
  bf_secret_key_import bf_secret_key_coeffs bf_galois_key_generate
  bf_eval_keys_generate bf_public_key_generate bf_wire_read_secret_key
  bf_wire_write_secret_key bf_job_seal bf_job_open bf_owner_open
  bf_protocol_upload bf_owner_decrypt bf_transform_fit bf_transform_load
  bf_identity_read bf_party_step bf_open_share bf_share_linear'

symbols()
{
    # Data, text and undefined alike.
    nm "$1" 2>/dev/null | awk 'NF >= 2 { print $NF }' | LC_ALL=C sort -u
}

command -v nm >/dev/null || { echo "skipped: no nm"; exit 77; }
symbols "$build/blindfit" >"$work/owner"
symbols "$build/blindfit-server" >"$work/server"
symbols "$build/libblindfit-server.a" >"$work/archive"
symbols "$build/libblindfit.so" >"$work/owner_shared"
mpi=
if [ -e "$build/blindfit-server-mpi" ]; then
    symbols "$build/blindfit-server-mpi" >"$work/mpi"
    mpi=mpi
fi
gateway=
if [ -e "$build/blindfit-gateway" ]; then
    symbols "$build/blindfit-gateway" >"$work/gateway"
    gateway=gateway
fi
symbols "$build/libblindfit-server.so" >"$work/shared"
for list in owner server archive owner_shared shared; do
    checks=$((checks + 1))
    [ "$(wc -l <"$work/$list")" -gt 100 ] || fail "$list: no symbols to look at"
done
for s in $owners; do
    checks=$((checks + 5))
    grep -q -x "$s" "$work/owner" || fail "blindfit lacks $s: a stale list?"
    grep -q -x "$s" "$work/owner_shared" || fail "libblindfit.so lacks $s"
    ! grep -q -x "$s" "$work/server" || fail "blindfit-server has $s"
    ! grep -q -x "$s" "$work/archive" || fail "libblindfit-server.a has $s"
    ! grep -q -x "$s" "$work/shared" || fail "libblindfit-server.so has $s"
done

# Of ckks.h, which the programs do not use.
for s in bf_secret_generate bf_secret_decrypt bf_keys_create bf_public_create; do
    checks=$((checks + 3))
    grep -q -x "$s" "$work/owner_shared" || fail "libblindfit.so lacks $s"
    ! grep -q -x "$s" "$work/archive" || fail "libblindfit-server.a has $s"
    ! grep -q -x "$s" "$work/shared" || fail "libblindfit-server.so has $s"
done

# All other symbols that an owner's object defines.
nm "$build/libblindfit.a" 2>/dev/null | awk '
    /^[^ ]*\.o:$/ { object = $1 }
    NF == 3 && $2 == "T" { print $3 }' | LC_ALL=C sort -u >"$work/all"
awk 'NF >= 3 && $2 == "T" { print $3 }' <<LIST | LC_ALL=C sort -u >"$work/public"
$(nm "$build/libblindfit-server.a" 2>/dev/null)
LIST
comm -23 "$work/all" "$work/public" >"$work/private"
checks=$((checks + 3))
[ "$(wc -l <"$work/private")" -gt 50 ] || fail "too few owner's symbols"
for list in server shared $mpi $gateway; do
    found=$(comm -12 "$work/private" "$work/$list")
    [ -z "$found" ] || fail "$list has $found"
done
finish
