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
by=
start()
{
    : >"$work/log"
    $by "$gateway" serve "$spool" --listen 127.0.0.1:0 "$@" 2>"$work/log" &
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
# A client may name the server in the first line of a request, too.
for target in http://gateway HTTPS://gateway:8443; do
    wants 200 GET / --request-target $target/v1/jobs
    says '"jobs":	\[\]'
    wants 200 GET / --request-target "$target?a=/v1/jobs"
    wants 404 GET / --request-target $target/v1/jobs/a
done
wants 404 GET / --request-target ftp://gateway/v1/jobs
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

# ---- digests -----------------------------------------------------------------
# A client sends on under the digest of another, that began the upload anew.
digest() # FILE
{
    printf 'Upload-Metadata: filename %s,digest %s' \
        "$(printf upload.bf | base64)" "$(tail -c 32 "$1" |
        od -An -v -tx1 | tr -d ' \n' | base64 -w0)"
}
head -c 1000 "$work/big" >"$work/one"
tail -c 1000 "$work/big" >"$work/two"
for name in one two; do
    wants 201 POST $files -H "$tus" -H 'Upload-Length: 1000' \
        -H "$(digest "$work/$name")"
done
send 460 $files/upload.bf 0 <"$work/one"
wants 200 HEAD $files/upload.bf
has Upload-Offset 0
send 204 $files/upload.bf 0 <"$work/two"
wants 460 PUT $files/upload.bf -T "$work/one" -H "$(digest "$work/two")"
# A gateway that was killed before it compared.
mv "$work/one" "$spool/alice/jobs/a/.upload.bf.part"
wants 200 HEAD $files/upload.bf
has Upload-Offset 0
send 204 $files/upload.bf 0 <"$work/two"
checks=$((checks + 1))
cmp -s "$work/two" "$spool/alice/jobs/a/upload.bf" || fail "digests: another file"
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

# ---- other owners ------------------------------------------------------------
wants 201 PUT /v1/jobs/mine/files/job.json -T "$work/job.json"
as bob
for request in 'GET /v1/jobs/mine' 'DELETE /v1/jobs/mine' \
    'HEAD /v1/jobs/mine/files/job.json' 'DELETE /v1/jobs/mine/files/job.json' \
    'POST /v1/jobs/mine/submit' 'POST /v1/jobs/mine/withdraw' \
    'GET /v1/jobs/mine/model.enc'; do
    wants 404 $request
done
printf x | send 404 /v1/jobs/mine/files/job.json 8
wants 200 GET /v1/jobs
says '"jobs":	\[\]'
wants 403 GET /metrics
as alice
wants 204 DELETE /v1/jobs/mine

# ---- links that an owner planted by other means ------------------------------
jobs=$spool/alice/jobs
mkdir -p "$spool/bob/jobs/his" "$jobs/links"
echo secret >"$work/outside"
cp "$work/outside" "$spool/bob/jobs/his/job.json"
ln -s ../../bob/jobs/his "$jobs/his"
wants 409 HEAD /v1/jobs/his/files/job.json
wants 409 PUT /v1/jobs/his/files/job.json -T "$work/job.json"
wants 404 GET /v1/jobs/his
rm "$jobs/his"
ln -s "$work/outside" "$jobs/links/upload.bf"
ln -s "$work/outside" "$jobs/links/.uses.part"
ln -s "$work/outside" "$jobs/links/.labels.bf.info"
mkfifo "$jobs/links/.eval.keys.part"
wants 409 HEAD /v1/jobs/links/files/upload.bf
wants 409 HEAD /v1/jobs/links/files/uses
wants 409 HEAD /v1/jobs/links/files/eval.keys
printf x | send 409 /v1/jobs/links/files/uses 0
printf x | send 409 /v1/jobs/links/files/eval.keys 0
for name in upload.bf uses labels.bf eval.keys; do
    wants 201 PUT /v1/jobs/links/files/$name -T "$work/job.json"
done
wants 204 DELETE /v1/jobs/links
mkdir -p "$jobs/links" "$spool/alice/results/links"
: >"$spool/alice/results/links/DONE"
ln -s "$work/outside" "$spool/alice/results/links/model.enc"
ln -s "$work/outside" "$spool/alice/results/links/status.json"
wants 409 GET /v1/jobs/links/model.enc
wants 200 GET /v1/jobs/links
rm -r "$jobs/links" "$spool/alice/results/links"
checks=$((checks + 1))
[ "$(cat "$work/outside" "$spool/bob/jobs/his/job.json")" = 'secret
secret' ] || fail "written through a link"

# ---- what a page shows is text -----------------------------------------------
mkdir -p "$jobs/page" "$spool/alice/results/page"
printf '{"job": "page", "state": "running", "line": "<script>&\\"", "progress": 0.5,
    "seconds_left": 200, "jobs_ahead": 2}' >"$spool/alice/results/page/status.json"
wants 200 GET /
says '&lt;script&gt;&amp;&quot;'
says 'left: 3 min 20 s'
has Content-Security-Policy "default-src 'none'; style-src 'unsafe-inline'"
checks=$((checks + 1))
! grep -q '<script' "$work/body" || fail "a page with script"
rm -r "$jobs/page" "$spool/alice/results/page"

# ---- uploads that are cut ----------------------------------------------------
# A Content-Length that is longer than the body, then silence: bytes count.
cut_after() # BYTES ARGUMENTS: with a checksum they don't
{
    bytes=$1
    shift
    head -c "$bytes" "$work/big" | curl -s --max-time 0.3 -X PATCH \
        -H "Authorization: Bearer $token" -H "$tus" -H "$octets" \
        -H 'Upload-Offset: 0' -H 'Content-Length: 3000000' "$@" \
        --data-binary @- "$url$files/upload.bf" >"$work/body"
}
# For until_true, so no check: the number of tries depends on time.
offset_is()
{
    request HEAD $files/upload.bf
    [ "$(header Upload-Offset)" = "$1" ]
}
create 201 $files upload.bf 3000000
cut_after 500000 -H "$(sum sha1 "$work/big")"
until_true offset_is 0 || fail "a cut before a checksum: $(header Upload-Offset)"
cut_after 500000
until_true offset_is 500000 || fail "a cut: $(header Upload-Offset)"

# A gateway that is killed, with and without a checksum; another one continues.
# slow ARGUMENTS: a PATCH of the rest that takes long, in the background.
slow()
{
    tail -c +500001 "$work/big" | curl -s --limit-rate 400k -X PATCH \
        -H "Authorization: Bearer $token" -H "$tus" -H "$octets" \
        -H 'Upload-Offset: 500000' "$@" --data-binary @- \
        "$url$files/upload.bf" >/dev/null 2>&1 &
    slow=$!
}
grows() { [ "$(stat -c %s "$jobs/a/.upload.bf.part")" -gt 500000 ]; }
tail -c +500001 "$work/big" >"$work/rest"
slow -H "$(sum sha256 "$work/rest")"
until_true grows || fail "no bytes came"
# One writer at a time, also of another gateway.
first_url=$url first=$pid
start
head -c 5 "$work/big" | send 423 $files/upload.bf 500000
wants 423 DELETE $files/upload.bf
create 423 $files upload.bf 3000000
wants 200 HEAD $files/upload.bf
has Upload-Offset 500000
kill -9 "$first"
wait "$first" "$slow" 2>/dev/null
until_true offset_is 500000 || fail "unverified: $(header Upload-Offset)"
slow
more_than_500000() { ! offset_is 500000 && [ "$code" = 200 ]; }
until_true more_than_500000 || fail "no bytes came"
kill -9 "$pid"
wait "$pid" "$slow" 2>/dev/null
start
wants 200 HEAD $files/upload.bf
offset=$(header Upload-Offset)
holds "$offset > 500000 && $offset < 3000000"
tail -c +$((offset + 1)) "$work/big" | send 204 $files/upload.bf "$offset"
checks=$((checks + 1))
cmp -s "$work/big" "$jobs/a/upload.bf" || fail "after a kill: another file"
# All bytes were here, but not their end.
mv "$jobs/a/upload.bf" "$jobs/a/.upload.bf.part"
wants 200 HEAD $files/upload.bf
checks=$((checks + 1))
[ -e "$jobs/a/upload.bf" ] || fail "not completed"
wants 204 DELETE /v1/jobs/a

# ---- two gateways on one spool -----------------------------------------------
second_url=$url second=$pid
start
create 201 $files uses 6
printf abc | send 204 $files/uses 0
first_url=$url url=$second_url
wants 200 HEAD $files/uses
has Upload-Offset 3
printf def | send 204 $files/uses 3
url=$first_url
wants 200 HEAD $files/uses
has Upload-Offset 6
# While one begins a file, no other removes one or submits the job.
wants 201 PUT $files/job.json -T "$work/job.json"
if command -v flock >/dev/null; then
    for request in "204 DELETE $files/uses" '202 POST /v1/jobs/a/submit'; do
        rm -f "$work/held" "$work/released"
        flock "$jobs" sh -c "
            : >'$work/held'; sleep 0.3; : >'$work/released'" &
        until_true [ -e "$work/held" ]
        wants $request
        checks=$((checks + 1))
        [ -e "$work/released" ] || fail "$request: did not wait"
        wait $!
    done
fi
wants 204 DELETE /v1/jobs/a
stop "$second"
stop

# ---- limits ------------------------------------------------------------------
"$gateway" token add "$spool" dora --quota 1000 >"$work/dora.token" 2>/dev/null
"$gateway" token add "$spool" rob --rate 4 >"$work/rob.token" 2>/dev/null
start --max-file 2000 --max-jobs 2 --min-free 1k
as dora
create 201 $files upload.bf 999
create 201 $files uses 1
create 413 $files labels.bf 1
says 'beyond the quota'
create 413 $files upload.bf 1000
create 201 $files upload.bf 998
create 201 $files labels.bf 1
wants 413 PUT /v1/jobs/b/files/uses -T "$work/job.json"
wants 200 GET /v1/jobs
says '"used_bytes":	1000'
checks=$((checks + 1))
[ ! -e "$spool/dora/jobs/b" ] || fail "a job beyond the quota"
as alice
create 413 $files upload.bf 2001
create 201 /v1/jobs/a/files upload.bf 2000
create 201 /v1/jobs/b/files upload.bf 2000
create 413 /v1/jobs/c/files upload.bf 1
says 'at most 2 jobs'
wants 204 DELETE /v1/jobs/b
as rob
wants 200 GET /v1/jobs
wants 429 GET /v1/jobs
holds "$(header Retry-After) >= 1 && $(header Retry-After) <= 16"
as ''
code=401 tries=0
while [ "$code" = 401 ] && [ $tries -lt 200 ]; do
    request GET /v1/jobs
    tries=$((tries + 1))
done
checks=$((checks + 1))
[ "$code" = 429 ] || fail "200 requests without a token: $code"
holds "$tries > 30"
as alice
wants 200 GET /v1/jobs
stop

# Old parts are removed, others stay.
"$gateway" token add "$spool" zoe >/dev/null 2>&1
printf 123 >"$jobs/a/.uses.part"
touch -d '8 days ago' "$jobs/a/.upload.bf.part"
start
until_true [ ! -e "$jobs/a/.upload.bf.part" ] || fail "did not expire"
checks=$((checks + 1))
[ -e "$jobs/a/.uses.part" ] || fail "expired too soon"
wants 404 HEAD $files/upload.bf
stop
# Those of an owner whose tokens are revoked, too.
ok "$gateway" token revoke "$spool" --owner zoe
mkdir "$spool/zoe/jobs/a"
printf 123 >"$spool/zoe/jobs/a/.uses.part"
touch -d '8 days ago' "$spool/zoe/jobs/a/.uses.part"
start
until_true [ ! -e "$spool/zoe/jobs/a/.uses.part" ] || fail "did not expire"
stop

# What changed a minute before the last sweep is still young if the clock has leapt
# by years, and after it has leapt back; what was old remains so.
old_session=$spool/.gateway/sessions/$(printf %064d 5)
mkdir -p "$old_session/inbox"
printf 123 >"$jobs/a/.labels.bf.part"
touch -d 'now 2 years ago' "$spool/.gateway/swept"
touch -d 'now 2 years ago 1 minute ago' "$jobs/a/.uses.part"
touch -d 'now 2 years ago 8 days ago' "$jobs/a/.labels.bf.part"
touch -d 'now 2 years ago 29 days ago' "$old_session/inbox"
start
until_true [ ! -e "$jobs/a/.labels.bf.part" ] || fail "did not expire"
stop
checks=$((checks + 3))
[ -e "$jobs/a/.uses.part" ] || fail "expired as the clock was set"
[ -e "$old_session" ] || fail "a session expired as the clock was set"
touch -d '2 years' "$jobs/a/.uses.part"
touch -d '31 days ago' "$old_session/inbox"
start
until_true [ ! -e "$old_session" ] || fail "a session did not expire"
stop
checks=$((checks + 2))
[ -e "$jobs/a/.uses.part" ] || fail "expired as the clock was set back"
[ "$(find "$jobs/a/.uses.part" -newermt '+1 hour')" = '' ] ||
    fail "changed in the future"
rm -r "$jobs/a"

# A disk that fills.
start --min-free 1000T
create 507 $files upload.bf 1
request GET /health
checks=$((checks + 1))
[ "$code" = 503 ] || fail "health with a full disk: $code"
stop
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m none "$spool/dora/jobs" \
    2>/dev/null; then
    "$gateway" token add "$spool" dora >"$work/dora.token" 2>/dev/null
    start --min-free 1
    as dora
    create 507 $files upload.bf 3000000
    create 201 $files uses 900000
    create 201 $files upload.bf 900000
    head -c 900000 "$work/big" | send 204 $files/uses 0
    head -c 900000 "$work/big" | send 507 $files/upload.bf 0
    wants 204 DELETE $files/uses
    wants 200 HEAD $files/upload.bf
    offset=$(header Upload-Offset)
    head -c 900000 "$work/big" | tail -c +$((offset + 1)) |
        send 204 $files/upload.bf "$offset"
    checks=$((checks + 1))
    head -c 900000 "$work/big" | cmp -s - "$spool/dora/jobs/a/upload.bf" ||
        fail "after a full disk: another file"
    stop
    umount "$spool/dora/jobs"
fi

# ---- slow clients ------------------------------------------------------------
if command -v bash >/dev/null; then
    start --timeout 1 --connections-per-address 3
    # drip TEXT: a byte at a time, for at most eight seconds; prints how long.
    cat >"$work/drip" <<'DRIP'
trap '' PIPE
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
start=$SECONDS
printf "$2" >&3
while printf x >&3 && [ $((SECONDS - start)) -lt 8 ]; do sleep 0.2; done 2>/dev/null
echo $((SECONDS - start))
DRIP
    port=${url##*:}
    as alice
    create 201 $files upload.bf 3000000
    head=$(printf 'GET /health HTTP/1.1\\r\\nHost: x\\r\\nX: ')
    body=$(printf 'PATCH %s HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer %s' \
        "$files/upload.bf" "$token")
    body="$body\\r\\n$tus\\r\\n$octets\\r\\nUpload-Offset: 0\\r\\n"
    body="${body}Content-Length: 3000000\\r\\n\\r\\n"
    for text in '' "$head" "$body"; do
        seconds=$(bash "$work/drip" "$port" "$text")
        holds "$seconds < 7"
    done
    # No more connections of one address than that.
    for i in 1 2 3; do
        bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; : >$work/open.$i; sleep 9" &
        pids="$pids $!"
    done
    open() { [ -e "$work/open.1" ] && [ -e "$work/open.2" ] && [ -e "$work/open.3" ]; }
    until_true open
    full() { request GET /health; [ "$code" = 000 ]; }
    free() { ! full; }
    until_true full || fail "a fourth connection"
    until_true free || fail "idle connections stay"
    wants 204 DELETE /v1/jobs/a
    "$gateway" token add "$spool" --metrics >"$work/metrics.token" 2>/dev/null
    as metrics
    # What a queue would say of jobs and owners.
    job_is() # OWNER JOB STATE [MORE]
    {
        mkdir -p "$spool/$1/results/$2"
        printf '{"state": "%s"%s}' "$3" "${4:-}" \
            >"$spool/$1/results/$2/status.json"
    }
    job_is alice one running ', "quote": {"memory_bytes": 5e9}'
    job_is alice two waiting ', "quote": {"memory_bytes": 7e9}'
    job_is bob one waiting
    job_is bob two failed
    job_is bob three no-state
    for name in alice bob; do
        printf '{"disk_bytes": 1500}' >"$spool/$name/results/status.json"
    done
    printf '{"disk_bytes": "many"}' >"$spool/dora/results/status.json"
    scrapes() { sleep 0.2; request GET /metrics; [ "$code" = 200 ]; }
    until_true scrapes || fail "no metrics: $code"
    says '^blindfit_gateway_cut_total [1-9]'
    says '^blindfit_gateway_requests_total\{status="2xx"\} [1-9]'
    says '^blindfit_queue_jobs\{state="waiting"\} 2$'
    says '^blindfit_queue_jobs\{state="running"\} 1$'
    says '^blindfit_queue_jobs\{state="done"\} 1$'
    says '^blindfit_queue_jobs\{state="failed"\} 1$'
    says '^blindfit_queue_disk_bytes 3000$'
    says '^blindfit_queue_running_memory_bytes 5000000000$'
    says '^blindfit_queue_incomplete 0$'
    (cd "$spool/dora/results" && mkdir $(seq -f job%g 2000))
    until_true scrapes
    says '^blindfit_queue_incomplete 1$'
    rm -r "$spool/dora/results/"job*
    wants 403 GET /v1/jobs
    stop
    # A spool that may not be listed: owners with tokens count.
    chmod 311 "$spool"
    [ "$(id -u)" != 0 ] ||
        by="setpriv --bounding-set=-dac_override,-dac_read_search"
    start
    by=
    until_true [ -d "$spool/.gateway/owners/dora" ] || fail "no sweep"
    until_true scrapes || fail "no metrics: $code"
    says '^blindfit_queue_jobs\{state="waiting"\} 2$'
    says '^blindfit_queue_disk_bytes 3000$'
    says '^blindfit_queue_incomplete 1$'
    stop
    chmod 755 "$spool"
fi

# ---- sessions ----------------------------------------------------------------
id=$(printf %064d 7)
session=/v1/sessions/$id
start --max-sessions 1
as alice
wants 400 PUT $session -d '{'
wants 400 PUT $session -d '{"members": "alice"}'
wants 400 PUT $session -d '{"members": ["alice"]}'
wants 400 PUT $session -d '{"members": ["alice", "alice"]}'
wants 400 PUT $session -d '{"members": ["alice", "../bob"]}'
wants 403 PUT $session -d '{"members": ["bob", "carol"]}'
wants 404 GET $session
wants 201 PUT $session -d '{"members": ["alice", "bob"]}'
wants 200 PUT $session -d '{"members": ["alice", "bob"]}'
wants 409 PUT $session -d '{"members": ["bob", "alice"]}'
wants 413 PUT "/v1/sessions/$(printf %064d 8)" -d '{"members": ["alice", "bob"]}'
wants 201 PUT $session/files/session.bf -T "$work/job.json"
wants 201 PUT $session/files/r1-00.head -T "$work/job.json"
wants 409 PUT $session/files/r1-00.head -T "$work/job.json"
wants 409 DELETE $session/files/r1-00.head
wants 403 PUT $session/files/r1-01.head -T "$work/job.json"
create 403 $session/files r1-01.head 5
for name in r0-00.head r1-0.head r1-000.head r01-00.head r1-00.HEAD r1-16.head \
    r1-00 r100-00.head r1-00.head.x -r1-00.head session.json; do
    wants 404 PUT $session/files/$name --data-binary x
done
create 201 $session/files r2-00.keys 6
printf abc | send 204 $session/files/r2-00.keys 0
as bob
wants 200 GET /v1/sessions
says "$id"
wants 200 GET $session
says 'r1-00.head'
checks=$((checks + 1))
! grep -q r2-00 "$work/body" || fail "lists what is not complete"
wants 200 GET $session/files/r1-00.head
checks=$((checks + 1))
cmp -s "$work/body" "$work/job.json" || fail "another message"
wants 404 GET $session/files/r2-00.keys
wants 404 HEAD $session/files/r2-00.keys
printf def | send 403 $session/files/r2-00.keys 3
wants 403 PUT $session/files/session.bf -T "$work/job.json"
wants 201 PUT $session/files/r1-01.head -T "$work/job.json"
wants 403 DELETE $session
# A session counts for the one who began it.
wants 201 PUT "/v1/sessions/$(printf %064d 9)" -d '{"members": ["alice", "bob"]}'
wants 413 PUT "/v1/sessions/$(printf %064d 8)" -d '{"members": ["alice", "bob"]}'
as alice
printf def | send 204 $session/files/r2-00.keys 3
wants 200 GET "$session?round=2"
says '"bytes":	6'
checks=$((checks + 1))
[ "$(grep -c '"name"' "$work/body")" = 1 ] || fail "another round"
wants 400 GET "$session?round=x"
as rob
sleep 0.1
for request in "GET $session" "DELETE $session" "GET $session/files/r1-00.head" \
    "HEAD $session/files/r1-00.head"; do
    request $request
    case $code in 404 | 429) ;; *) fail "no member: $request: $code" ;; esac
done
as dora
for request in "GET $session" "DELETE $session" "GET $session/files/r1-00.head" \
    "HEAD $session/files/r1-00.head"; do
    wants 404 $request
done
wants 409 PUT $session -d '{"members": ["dora", "alice"]}'
as alice
wants 204 DELETE $session
wants 404 GET $session
wants 201 PUT "/v1/sessions/$(printf %064d 8)" -d '{"members": ["alice", "bob"]}'
wants 204 DELETE "/v1/sessions/$(printf %064d 8)"
as bob # who began it, and is not the first member
wants 204 DELETE "/v1/sessions/$(printf %064d 9)"
stop

# ---- TLS and sockets ---------------------------------------------------------
refuse 2 'is no loopback address' \
    "$gateway" serve "$spool" --listen 0.0.0.0:0
refuse 2 'is no loopback address' "$gateway" serve "$spool" --listen :0
refuse 2 'is no ADDRESS:PORT' "$gateway" serve "$spool" --listen 127.0.0.1
refuse 2 'is no ADDRESS:PORT' "$gateway" serve "$spool" --listen localhost:80
refuse 2 'is no ADDRESS:PORT' \
    timeout 5 "$gateway" serve "$spool" --listen 127.0.0.1:99999
refuse 2 'needs --listen or --socket' "$gateway" serve "$spool"
refuse 2 'needs --tls-key' \
    "$gateway" serve "$spool" --listen :0 --tls-cert "$work/cert"
refuse 3 'No such file' "$gateway" serve "$work/none" --listen 127.0.0.1:0
if command -v openssl >/dev/null; then
    ok openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        -keyout "$work/key" -out "$work/cert"
    refuse 3 'does not start' "$gateway" serve "$spool" --listen :0 \
        --tls-cert "$work/key" --tls-key "$work/cert"
    start --tls-cert "$work/cert" --tls-key "$work/key"
    url=https://${url#http://}
    as alice
    wants 200 GET /v1/jobs --cacert "$work/cert" --tlsv1.3
    wants 201 PUT $files/upload.bf --cacert "$work/cert" -T "$work/big"
    checks=$((checks + 1))
    cmp -s "$work/big" "$jobs/a/upload.bf" || fail "by TLS another file"
    wants 204 DELETE /v1/jobs/a --cacert "$work/cert"
    for old in 1.0 1.1 1.2; do
        checks=$((checks + 1))
        request GET /health --cacert "$work/cert" --tls-max $old
        [ "$code" = 000 ] || fail "TLS $old: $code"
    done
    url=http://${url#https://}
    checks=$((checks + 1))
    request GET /health
    [ "$code" = 000 ] || fail "no TLS: $code"
    stop
fi
: >"$work/log"
"$gateway" serve "$spool" --socket "$work/socket" 2>"$work/log" &
pid=$!
pids="$pids $pid"
until_true grep -q 'listening on' "$work/log"
url=http://gateway
as alice
wants 200 GET /v1/jobs --unix-socket "$work/socket" \
    -H 'X-Forwarded-For: 10.0.0.1, 192.0.2.7'
until_true grep -q ' 192.0.2.7 alice GET /v1/jobs 200 ' "$work/log" ||
    fail "log: $(cat "$work/log")"
# A proxy may have a line of its own, behind those that a client forges.
wants 200 GET /v1/jobs --unix-socket "$work/socket" \
    -H 'X-Forwarded-For: 10.0.0.1' -H 'X-Forwarded-For: 192.0.2.8'
until_true grep -q ' 192.0.2.8 alice GET /v1/jobs 200 ' "$work/log" ||
    fail "log: $(cat "$work/log")"
checks=$((checks + 1))
[ "$(stat -c %a "$work/socket")" = 660 ] || fail "the socket's mode"
cp "$work/log" "$work/all"
refuse 3 'Address already in use' \
    "$gateway" serve "$spool" --socket "$work/socket"
kill -9 "$pid"
wait "$pid" 2>/dev/null
: >"$work/log"
"$gateway" serve "$spool" --socket "$work/socket" 2>"$work/log" &
pid=$!
pids="$pids $pid"
until_true grep -q 'listening on' "$work/log" || fail "a dead gateway's socket"
# Another gateway's socket in its place stays.
first=$pid
rm "$work/socket"
: >"$work/log"
"$gateway" serve "$spool" --socket "$work/socket" 2>"$work/log" &
pid=$!
pids="$pids $pid"
until_true grep -q 'listening on' "$work/log"
stop "$first"
wants 200 GET /v1/jobs --unix-socket "$work/socket"
stop
checks=$((checks + 1))
[ ! -e "$work/socket" ] || fail "the socket stays"
echo rows >"$work/notes"
ln -s notes "$work/link"
for file in notes link; do
    refuse 2 "--socket .*$file: exists, and is no socket" \
        timeout 5 "$gateway" serve "$spool" --socket "$work/$file"
done
refuse 2 'exists, and is no socket' \
    timeout 5 "$gateway" serve "$spool" --socket "$work"
checks=$((checks + 1))
[ "$(cat "$work/link")" = rows ] || fail "a file was replaced by a socket"

# ---- as root sets it up: users of their own, and the unit --------------------
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 711 "$work"
    spool=$work/shared
    install -d -m 751 -g 65533 "$spool"
    install -d -m 700 -o 65534 -g 65534 "$spool/.gateway"
    install -d -m 700 -o 65532 "$spool/.queue"
    "$gateway" token add "$spool" eve >"$work/eve.token" 2>/dev/null
    checks=$((checks + 2))
    [ "$(stat -c '%u %g %a' "$spool/eve/jobs" "$spool/eve/results")" = \
        '65534 65533 2750
65532 65534 2750' ] || fail "modes: $(stat -c '%u %g %a' "$spool/eve"/*)"
    : >"$work/log"
    # What the user cannot read is the build's folder, maybe.
    cp "$gateway" "$work/gateway"
    setpriv --reuid 65534 --regid 65534 --clear-groups "$work/gateway" serve \
        "$spool" --listen 127.0.0.1:0 2>"$work/log" &
    pid=$!
    pids="$pids $pid"
    until_true grep -q 'listening on' "$work/log" ||
        fail "as a user: $(cat "$work/log")"
    url=http://$(sed -n 's/^listening on \([0-9.:]*\).*/\1/p' "$work/log")
    as eve
    wants 201 PUT $files/job.json -T "$work/job.json"
    wants 202 POST /v1/jobs/a/submit
    [ "$(stat -c '%u %g %a' "$spool/eve/jobs/a/job.json")" = '65534 65533 640' ] ||
        fail "modes: $(stat -c '%u %g %a' "$spool/eve/jobs/a/job.json")"
    wants 200 GET /v1/jobs
    stop
    spool=$work/spool
fi
unit blindfit-gateway "$gateway" 20

# Neither the log nor the spool has a token.
checks=$((checks + 1))
for name in alice bob rob; do
    ! grep -rqF -e "$(cat "$work/$name.token")" "$work/all" "$spool" ||
        fail "the token of $name is in the log or the spool"
done

finish
