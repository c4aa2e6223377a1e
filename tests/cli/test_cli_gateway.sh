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
stop

finish
