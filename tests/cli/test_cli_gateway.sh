#!/bin/sh
# blindfit-gateway: owners' requests by curl; every refusal; uploads that are cut;
# what owners cannot do to each other, to quotas and to the disk.
. "$(dirname "$0")/lib.sh"

gateway=$build/blindfit-gateway
spool=$work/spool
[ -x "$gateway" ] || { echo "skipped: built without libmicrohttpd"; exit 77; }
command -v curl >/dev/null || { echo "skipped: no curl"; exit 77; }

# ---- a gateway and its requests ----------------------------------------------

pids=
# start OPTIONS...: a gateway on a free port; sets url and pid.
start()
{
    : >"$work/log"
    "$gateway" serve "$spool" --listen 127.0.0.1:0 "$@" 2>"$work/log" &
    pid=$!
    pids="$pids $pid"
    until_true grep -q 'listening on' "$work/log" ||
        fail "no gateway: $(cat "$work/log")"
    url=http://$(sed -n 's/^listening on \([0-9.:]*\).*/\1/p' "$work/log")
}
# stop [PID]: it must end well.
stop()
{
    checks=$((checks + 1))
    kill "${1:-$pid}"
    wait "${1:-$pid}" || fail "the gateway ended with $?: $(tail -5 "$work/log")"
}
trap 'kill -9 $pids 2>/dev/null; rm -rf "$work"' EXIT

# as OWNER: whose token following requests have; as '': none.
as()
{
    owner=$1
    token=
    [ -z "$1" ] || token=$(cat "$work/$1.token")
}
# request METHOD PATH [CURL'S ARGUMENTS]: leaves code, and body and head in files.
request()
{
    method=$1 path=$2
    shift 2
    [ -z "$token" ] || set -- -H "Authorization: Bearer $token" "$@"
    case $method in
    HEAD) set -- -I "$@" ;;
    *) set -- -X "$method" "$@" ;;
    esac
    : >"$work/body"
    code=$(curl -s --path-as-is --max-time 60 -o "$work/body" -D "$work/head" \
        -w '%{http_code}' "$@" "$url$path")
}
# wants CODE METHOD PATH ...: errors have one line, in JSON.
wants()
{
    want=$1
    shift
    checks=$((checks + 1))
    request "$@"
    [ "$code" = "$want" ] ||
        fail "$owner: $*: $code, not $want: $(head -c 300 "$work/body")"
    case $want$1 in
    *HEAD | [123]*) return ;;
    esac
    [ "$(grep -c '^	"error":	"[^"]' "$work/body")" = 1 ] ||
        fail "$*: no error in: $(cat "$work/body")"
}
says() # PATTERN: in the body
{
    checks=$((checks + 1))
    grep -q -E -e "$1" "$work/body" || fail "no '$1' in: $(cat "$work/body")"
}
header() # NAME: its value
{
    sed -n "s/^$1: \\(.*\\)\r\$/\\1/p" "$work/head"
}
has() # NAME VALUE
{
    checks=$((checks + 1))
    [ "$(header "$1")" = "$2" ] || fail "$1: $(header "$1"), not $2"
}

tus='Tus-Resumable: 1.0.0'
octets='Content-Type: application/offset+octet-stream'
# create CODE COLLECTION NAME LENGTH [ARGUMENTS]
create()
{
    want=$1 collection=$2 name=$3 length=$4
    shift 4
    wants "$want" POST "$collection" -H "$tus" -H "Upload-Length: $length" \
        -H "Upload-Metadata: filename $(printf %s "$name" | base64)" "$@"
}
# send CODE FILE OFFSET BYTES [ARGUMENTS]: a PATCH with standard input
send()
{
    want=$1 path=$2 offset=$3
    shift 3
    wants "$want" PATCH "$path" -H "$tus" -H "Upload-Offset: $offset" \
        -H "$octets" --data-binary @- "$@"
}

mkdir "$spool"
for name in alice bob; do
    "$gateway" token add "$spool" $name >"$work/$name.token" 2>/dev/null ||
        fail "token add $name"
done
head -c 3000000 /dev/urandom >"$work/big"
printf '{"a": 1}' >"$work/job.json"

# ---- from a token to a model -------------------------------------------------
start
as alice
file=/v1/jobs/digits/files/upload.bf
create 201 /v1/jobs/digits/files upload.bf 3000000
has Location $file
wants 200 HEAD $file
has Upload-Offset 0
has Upload-Length 3000000
head -c 1000000 "$work/big" | send 204 $file 0
has Upload-Offset 1000000
wants 200 HEAD $file
has Upload-Offset 1000000
checks=$((checks + 1))
[ -n "$(header Upload-Expires)" ] || fail "no Upload-Expires"
wants 409 POST /v1/jobs/digits/submit
says 'upload.bf: is not complete'
tail -c +1000001 "$work/big" | send 204 $file 1000000
checks=$((checks + 1))
cmp -s "$work/big" "$spool/alice/jobs/digits/upload.bf" || fail "another file"
wants 200 HEAD $file
has Upload-Offset 3000000
has Upload-Metadata "filename $(printf upload.bf | base64)"
wants 409 POST /v1/jobs/digits/submit
says 'job.json is missing'
wants 201 PUT /v1/jobs/digits/files/job.json -T "$work/job.json"
wants 202 POST /v1/jobs/digits/submit
wants 202 POST /v1/jobs/digits/submit
says '"submitted":	true'
checks=$((checks + 1))
[ -e "$spool/alice/jobs/digits/READY" ] || fail "no READY"
wants 409 PUT /v1/jobs/digits/files/job.json -T "$work/job.json"
create 409 /v1/jobs/digits/files upload.bf 10
wants 409 DELETE $file
wants 409 GET /v1/jobs/digits/model.enc
# As the queue would.
mkdir "$spool/alice/results/digits"
cp "$work/big" "$spool/alice/results/digits/model.enc"
printf '{"owner": "alice", "job": "digits", "state": "done", "seconds": 3}' \
    >"$spool/alice/results/digits/status.json"
wants 409 GET /v1/jobs/digits/model.enc
: >"$spool/alice/results/digits/DONE"
wants 200 GET /v1/jobs/digits
says '"state":	"done"'
wants 200 GET /v1/jobs/digits/model.enc
checks=$((checks + 1))
cmp -s "$work/big" "$work/body" || fail "another model"
etag=$(header ETag)
checks=$((checks + 1))
[ "$etag" = "\"$(tail -c 32 "$work/big" | od -An -v -tx1 | tr -d ' \n')\"" ] ||
    fail "ETag: $etag"
wants 206 GET /v1/jobs/digits/model.enc -H 'Range: bytes=2999000-' \
    -H "If-Range: $etag"
has Content-Range 'bytes 2999000-2999999/3000000'
checks=$((checks + 1))
tail -c 1000 "$work/big" | cmp -s - "$work/body" || fail "another end"
wants 200 GET /v1/jobs/digits/model.enc -H 'Range: bytes=2999000-' \
    -H 'If-Range: "of another file"'
wants 206 GET /v1/jobs/digits/model.enc -H 'Range: bytes=-5'
has Content-Length 5
wants 416 GET /v1/jobs/digits/model.enc -H 'Range: bytes=3000000-'
wants 200 GET /v1/jobs
says '"used_bytes":	3000008'
wants 202 POST /v1/jobs/digits/withdraw
says '"submitted":	false'
wants 204 DELETE $file
wants 404 HEAD $file
wants 204 DELETE /v1/jobs/digits
wants 404 GET /v1/jobs/digits
wants 404 GET /v1/jobs/digits/model.enc
checks=$((checks + 1))
[ ! -e "$spool/alice/jobs/digits" ] || fail "the job is still there"

# ---- tokens ------------------------------------------------------------------
# unauthorised CODE ARGUMENTS: with no other token
as ''
wants 401 GET /v1/jobs
has WWW-Authenticate 'Bearer realm="blindfit"'
wants 401 GET /
has WWW-Authenticate 'Basic realm="blindfit"'
wants 401 GET /no/such/path
wants 401 PUT /v1/jobs/a/files/job.json -T "$work/job.json"
wants 401 GET /metrics
alice=$(cat "$work/alice.token")
for bad in "$alice" 'Bearer' 'Bearer ' "Bearer ${alice}x" \
    "Bearer ${alice%?}" "Bearer $(echo "$alice" | tr A-Za-z N-ZA-Mn-za-m)" \
    "Basic $(printf 'bob:%s' "$alice" | base64 -w0)" \
    "Basic $(printf 'alice:x' | base64 -w0)" "Basic $alice" \
    "Digest $alice"; do
    wants 401 GET /v1/jobs -H "Authorization: $bad"
done
basic="Authorization: Basic $(printf 'alice:%s' "$alice" | base64 -w0)"
wants 200 GET / -H "$basic"
wants 401 DELETE /v1/jobs/digits -H "$basic"
wants 401 POST /v1/jobs/digits/submit -H "$basic"
wants 200 GET /health
wants 204 OPTIONS /v1/jobs/a/files
has Tus-Version 1.0.0
has Tus-Extension creation,checksum,expiration,termination
has Tus-Checksum-Algorithm sha1,sha256,sha512

# Revoked, expired, added: a gateway that runs sees it.
checks=$((checks + 1))
"$gateway" token add "$spool" carol --json >"$work/carol.json" || fail "token add"
sed -n 's/.*"token":	"\(.*\)".*/\1/p' "$work/carol.json" >"$work/carol.token"
as carol
sees() # CODE: after a while, as requests have a rate
{
    sleep 0.2
    request GET /v1/jobs
    [ "$code" = "$1" ]
}
until_true sees 200 || fail "a new token: $code"
ok "$gateway" token revoke "$spool" \
    "$(sed -n 's/.*"id":	"\(.*\)".*/\1/p' "$work/carol.json")"
until_true sees 401 || fail "a revoked token: $code"
"$gateway" token add "$spool" carol --expires 3 >"$work/carol.token" 2>/dev/null
as carol
until_true sees 200 || fail "a token for three seconds: $code"
until_true sees 401 || fail "an expired token: $code"
ok "$gateway" token list "$spool"
checks=$((checks + 1))
[ "$(grep -c 'carol.* expired$' "$work/stdout")" = 1 ] || fail "list: no carol"
ok "$gateway" token revoke "$spool" --owner carol
refuse 2 'no token of carol' "$gateway" token revoke "$spool" --owner carol
refuse 2 'is no name of an owner' "$gateway" token add "$spool" ../alice
refuse 2 'needs an owner or --metrics' "$gateway" token add "$spool"
refuse 2 'is no id' "$gateway" token revoke "$spool" abc
refuse 2 'no token abcdef' "$gateway" token revoke "$spool" abcdef0123

# ---- names and methods -------------------------------------------------------
as alice
for path in /v1/jobs/ /v1/jobs/../x /v1/jobs/a/../b /v1/jobs/%61 /v1/jobs/a%2fb \
    /v1/jobs/a%00b /v1/jobs/.a /v1/jobs/-a /v1/jobs/a.b /v1/jobs/a/ \
    /v1/jobs/a//files /v1/jobs/a/files/ /v1/jobs/a/files/READY \
    /v1/jobs/a/files/.job.json.info /v1/jobs/a/files/.. \
    /v1/jobs/a/files/upload.bf.01 /v1/jobs/a/files/upload.bf.60 \
    /v1/jobs/a/files/upload.bf.-1 /v1/jobs/a/model.enc/x /v1/jobs/a/status.json \
    "/v1/jobs/$(printf %065d 0)" /v1/sessions/abc /v2/jobs /V1/jobs //v1/jobs \
    "/$(printf %0300d 0)"; do
    wants 404 GET $path
    wants 404 PUT $path --data-binary x
done
for name in READY ../x /etc/passwd x .upload.bf.part "$(printf %040d 0)" \
    upload.bf.0x; do
    create 404 /v1/jobs/a/files "$name" 5
done
wants 405 PUT /v1/jobs/a -T "$work/job.json"
wants 405 POST /v1/jobs/a/model.enc
has Allow 'GET, HEAD, OPTIONS'
wants 405 DELETE /v1/jobs
wants 405 GET /v1/jobs/a/files/job.json
wants 405 BREW /v1/jobs
wants 404 POST /v1/jobs/a/submit
wants 404 POST /v1/jobs/a/withdraw
wants 404 HEAD /v1/jobs/a/files/job.json
wants 404 DELETE /v1/jobs/a/files/job.json
wants 404 DELETE /v1/jobs/a
printf x | send 404 /v1/jobs/a/files/job.json 0
checks=$((checks + 1))
[ -z "$(ls "$spool/alice/jobs")" ] || fail "made: $(ls "$spool/alice/jobs")"

# ---- headers -----------------------------------------------------------------
files=/v1/jobs/a/files
named="Upload-Metadata: filename $(printf uses | base64)"
wants 412 POST $files -H 'Upload-Length: 5' -H "$named"
wants 412 POST $files -H 'Tus-Resumable: 0.2.2' -H 'Upload-Length: 5' -H "$named"
has Tus-Version 1.0.0
wants 400 POST $files -H "$tus" -H "$named"
for length in -1 +1 1e3 0x10 '1 1' 9007199254740992 99999999999999999999 x; do
    wants 400 POST $files -H "$tus" -H "Upload-Length: $length" -H "$named"
done
for pair in x 'filename' 'filename !' 'filename ' 'filename dXNlcw' \
    'filename dXNlcw==,' ',filename dXNlcw==' 'other dXNlcw==' \
    'filename dXMAZXM=' "filename $(head -c 2000 /dev/zero | base64 -w0)"; do
    wants 400 POST $files -H "$tus" -H 'Upload-Length: 5' \
        -H "Upload-Metadata: $pair"
done
wants 400 POST $files -H "$tus" -H 'Upload-Defer-Length: 1' -H "$named"
wants 400 POST $files -H "$tus" -H 'Upload-Length: 5' -H "$named" -d 'bytes'
create 201 $files uses 5 -H "$tus"
wants 412 HEAD $files/uses -H 'Tus-Resumable: 2.0.0'
wants 415 PATCH $files/uses -H "$tus" -H 'Upload-Offset: 0' -d x
wants 400 PATCH $files/uses -H "$tus" -H "$octets" -d x
printf x | send 409 $files/uses 1
printf 123456 | send 413 $files/uses 0
printf 1 | send 411 $files/uses 0 -H 'Transfer-Encoding: chunked'
printf x | send 400 $files/uses 0 -H 'Upload-Checksum: md5 AAAA'
printf x | send 400 $files/uses 0 -H 'Upload-Checksum: sha1 AAAA'
wants 200 HEAD $files/uses
has Upload-Offset 0
printf 12345 | send 204 $files/uses 0
printf '' | send 409 $files/uses 5
create 201 $files labels.bf 0
wants 200 HEAD $files/labels.bf
has Upload-Length 0
wants 413 POST /v1/jobs/a/submit -T "$work/big"
wants 204 DELETE /v1/jobs/a

# ---- checksums ---------------------------------------------------------------
sum() # ALGORITHM FILE
{
    echo "Upload-Checksum: $1 $(openssl dgst -"$1" -binary "$2" | base64 -w0)"
}
head -c 700000 "$work/big" >"$work/one"
tail -c +700001 "$work/big" >"$work/two"
create 201 $files upload.bf 3000000
send 460 $files/upload.bf 0 -H "$(sum sha1 "$work/two")" <"$work/one"
wants 200 HEAD $files/upload.bf
has Upload-Offset 0
send 204 $files/upload.bf 0 -H "$(sum sha256 "$work/one")" <"$work/one"
has Upload-Offset 700000
send 204 $files/upload.bf 700000 -H "$(sum sha512 "$work/two")" <"$work/two"
checks=$((checks + 1))
cmp -s "$work/big" "$spool/alice/jobs/a/upload.bf" || fail "checksums: another file"
wants 460 PUT $files/uses -T "$work/job.json" -H "$(sum sha1 "$work/big")"
wants 201 PUT $files/uses -T "$work/job.json" -H "$(sum sha1 "$work/job.json")"
wants 204 DELETE /v1/jobs/a

stop
finish
