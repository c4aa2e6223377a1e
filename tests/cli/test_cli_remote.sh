#!/bin/sh
# blindfit remote with a gateway and a queue: from a login to an opened model;
# cuts and Ctrl-C in every phase; certificates, tokens and quotas that fail; what
# is opened once is never sent again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/remote.sh"

mkdir "$work/config"
export XDG_CONFIG_HOME="$work/config"
cd "$work" || exit 1
login=$work/config/blindfit/server.json

# ---- a server ----------------------------------------------------------------

train_jobs() # starts a queue
{
    "$server" queue "$spool" 2>queue.log &
    queue=$!
    pids="$pids $queue"
}
remote()
{
    "$blindfit" remote "$@"
}

"$gateway" token add "$spool" alice >token 2>/dev/null || fail "no token"

# first: the files of a job; job FOLDER: the same in another folder.
rows 360 6 2 1 >rows.csv
mkdir first
head -300 rows.csv >first/train.csv
ok "$blindfit" plan -n 300 -d 6 -c 2 -o first/job.json
ok "$blindfit" keygen first/job.json -o first/keys
ok "$blindfit" encrypt first/job.json first/train.csv \
    --key first/keys/secret.key -o first/upload.bf
job()
{
    mkdir "$1"
    cp -al first/. "$1"
}
keys=$(stat -c %s first/keys/eval.keys)

# partly NAME: the server has a part of the keys of a job.
partly()
{
    [ -n "$(find "$spool/alice/jobs/$1" -name '.eval.keys.part' \
        -size +2000k 2>/dev/null)" ]
}
# resumed NAME: the last PATCH of keys had less than all of them.
resumed()
{
    holds "$(sed -n "s/.* PATCH .*$1.files.eval.keys 204 \\([0-9]*\\) .*/\\1/p" \
        log | tail -1) < $keys"
}
# interrupt PID: as by Ctrl-C, which the shell makes background jobs ignore.
interrupt()
{
    checks=$((checks + 1))
    kill -TERM "$1"
    wait "$1"
    got=$?
    [ $got = 130 ] || fail "interrupted, ended with $got: $(cat stderr)"
}

# ---- from a login to an opened model -----------------------------------------

serve
url=http://127.0.0.1:$port
train_jobs
ok remote login "$url/" --token token
holds "$(stat -c %a "$login") == 600"
ok remote fit rows.csv --rows 1:300 --test-rows 301:360 --job digits \
    -o model.npy --json
holds "$(number accuracy stdout) > 0.8 && $(number bytes_sent stdout) > 1.2e7"
holds "$(number server_peak_rss_bytes stdout) > 1e6"
ok "$blindfit" evaluate model.npy rows.csv
checks=$((checks + 1))
[ ! -e "$spool/alice/jobs/digits" ] || fail "the server keeps the job"
# The job is gone before the model is opened, and nothing comes after that.
opened=$(wc -l <log)
refuse 5 'model of this job has been opened' remote fit rows.csv --rows 1:300 \
    --job digits -o model.npy
refuse 5 'model of this job has been opened' remote push digits
refuse 5 'model of this job has been opened' remote pull digits
holds "$opened == $(wc -l <log)"
end $queue

# ---- cuts while files travel -------------------------------------------------

job cut
"$blindfit" remote push cut --rate 8M --quiet 2>stderr &
push=$!
until_true partly cut || fail "nothing was sent"
end $pid -KILL
serve
checks=$((checks + 1))
wait $push || fail "push after a cut: $(cat stderr)"
resumed cut
ok remote push cut # once more changes nothing
holds "$(requests 'POST .*/submit 202') == 1"
ok remote status cut --json
grep -q '"submitted":	true' stdout || fail "not submitted: $(cat stdout)"
refuse 75 'submitted' remote pull cut

job stop
for signal in TERM KILL; do
    "$blindfit" remote push stop --rate 8M --quiet 2>stderr &
    push=$!
    until_true partly stop || fail "nothing was sent"
    kill -$signal $push
    wait $push
    holds "$? == $([ $signal = TERM ] && echo 130 || echo 137)"
done
ok remote push stop
resumed stop
ok remote cancel stop

train_jobs
"$blindfit" remote pull cut --wait --rate 50k --quiet 2>stderr &
pull=$!
until_true [ -s cut/model.enc.part ] || fail "nothing came"
interrupt $pull
absent cut/model.enc
# The rest, while the gateway is killed: it continues with another one.
had=$(stat -c %s cut/model.enc.part)
"$blindfit" remote pull cut --rate 100k --quiet 2>stderr &
pull=$!
more() { [ "$(stat -c %s cut/model.enc.part)" -gt "$had" ]; }
until_true more || fail "no more came"
answered() { [ "$(requests 'GET /v1/jobs/cut/model.enc 206')" = 1 ]; }
until_true answered || fail "the download began anew"
end $pid -KILL
serve
checks=$((checks + 1))
wait $pull || fail "pull after a cut: $(cat stderr)"
holds "$(requests 'DELETE /v1/jobs/cut 204') == 1"
absent cut/model.enc.part "$spool/alice/jobs/cut"
ok "$server" train first/job.json --keys first/keys/eval.keys \
    --upload first/upload.bf -o first.enc
checks=$((checks + 1))
cmp -s first.enc cut/model.enc || fail "another model came"
ok remote pull cut # is here already
ok "$blindfit" decrypt cut/job.json cut/model.enc --key cut/keys/secret.key \
    --transform cut/keys/transform.bf -o cut.npy
refuse 5 'model of this job has been opened' remote push cut
end $queue

# ---- Ctrl-C in every phase of fit, and the same command after it -------------

# fit_until COMMAND...: fit, and Ctrl-C when this holds.
fit_until()
{
    "$blindfit" remote fit rows.csv --rows 1:300 --job phases -o phases.npy \
        --rate 8M --quiet 2>stderr &
    fit=$!
    checks=$((checks + 1))
    until_true [ -e phases/.remote.lock ] # its signals are handled
    until_true "$@" || fail "fit does not come so far: $* $(cat stderr)"
    interrupt $fit
    absent phases.npy phases/OPENED
}
fit_until [ -e phases/job.json ]
fit_until [ -e phases/secret.key ]
fit_until [ -e phases/upload.bf ]
fit_until partly phases
fit_until [ -e "$spool/alice/jobs/phases/READY" ]
refuse 4 'is a job for other rows or labels, other options' remote fit rows.csv \
    --rows 1:300 --job phases -o phases.npy --iterations 1
awk -F, -v OFS=, 'NR == 9 { $1 = 1 - $1 } 1' rows.csv >relabelled.csv
sed '9s/$/1/' rows.csv >changed.csv
for other in relabelled changed; do
    refuse 4 'is a job for other rows or labels, other options' remote fit \
        $other.csv --rows 1:300 --job phases -o phases.npy
done
end $pid
# The model is opened when the server has said that the job is gone.
"$server" queue "$spool" --once 2>queue.log
serve
ok remote pull phases
sed -i 's/"pulled":	true/"pulled":	false/' phases/remote.json
end $pid
refuse 3 'Could.* connect' remote fit rows.csv --rows 1:300 --job phases \
    -o phases.npy --patience 0.1s --quiet
absent phases.npy phases/OPENED
serve
ok remote fit rows.csv --rows 1:300 --job phases -o phases.npy --quiet
holds "$(tail -1 log | grep -c 'DELETE /v1/jobs/phases') == 1"

# ---- jobs that end otherwise -------------------------------------------------

job ends
refuse 2 'holds no job|neither a folder nor a name' remote status ../ends.bf
refuse 2 'is no name of a job' remote push ends --name a/b
ok remote push ends --name end
refuse 2 'is called .end. already' remote push ends --name other
refuse 2 'has a job .end. already, which is not of this folder' \
    remote push first --name end
absent first/remote.json
"$blindfit" remote pull ends --wait --quiet 2>stderr &
pull=$!
until_true requests 'GET /v1/jobs/end ' >/dev/null
ok remote cancel end
checks=$((checks + 1))
wait $pull
# The server takes back the submission first, and then the files.
grep -q -E "has no job 'end'|'end' is not submitted" stderr || fail "cancelled: $(cat stderr)"
refuse 3 "has no job 'end'" remote cancel end
# Refused before anything large is sent; sent where limits allow it.
"$server" queue "$spool" --max-memory 1M 2>queue.log &
queue=$!
pids="$pids $queue"
refuse 3 'will be refused: .*memory' remote push ends --quiet
absent "$spool/alice/jobs/end/eval.keys"
end $queue
# No queue is at work, so none says that it will be refused.
ok remote status ends --json
checks=$((checks + 1))
! grep -q 'refused' stdout || fail "a queue that ended: $(cat stdout)"
# A job that fails is submitted again by the owner alone.
ok remote push ends
there=$spool/alice/jobs/end/upload.bf
swap() # FILE PLACE: its bytes, to the bytes at 1000
{
    dd if="$1" of="$there" bs=1 skip="$2" seek=1000 count=8 conv=notrunc \
        2>/dev/null
}
swap token 0
train_jobs
refuse 3 "job 'end' at the server: failed: .*upload.bf" \
    remote pull ends --wait --quiet
refuse 3 "job 'end' at the server: failed: .*upload.bf" remote pull ends
absent ends/model.enc
swap first/upload.bf 1000
# What an earlier push sent, and the folder does not have, goes.
cp first/upload.bf "$spool/alice/jobs/end/upload.bf.0"
ok remote push ends
absent "$spool/alice/jobs/end/upload.bf.0"
holds "$(requests 'end/withdraw 202') == 1 && $(requests 'end/submit 202') == 3"
end $pid
serve --quota 1M
ok remote pull ends --wait
job full
refuse 3 '413: ' remote push full --quiet
end $pid
end $queue

# ---- what is not sent --------------------------------------------------------

serve
job bad
rm bad/keys/eval.keys
cp first/keys/secret.key bad/keys/eval.keys
refuse 5 'eval.keys: is a secret key' remote push bad
cp first/keys/secret.key bad/uses
refuse 4 'uses: its line is no name' remote push bad
rm bad/uses bad/keys/eval.keys
cp first/upload.bf bad/keys/eval.keys
refuse 4 'is not what its name says' remote push bad
rm bad/keys/eval.keys bad/upload.bf
head -c 400000 first/upload.bf >bad/upload.bf
refuse 4 'upload.bf: ' remote push bad
rm bad/upload.bf
refuse 3 'neither upload.bf nor labels.bf' remote push bad
rm bad/job.json
refuse 3 'job.json: there is none' remote push bad
ok "$blindfit" keygen first/job.json -o other
rm -r bad
job bad
rm bad/keys/eval.keys
cp other/eval.keys bad/keys
refuse 4 'belongs to another key' remote push bad
# Files of another kind or job, or too few: the job could not run.
rm bad/keys/eval.keys
refuse 3 'bad/eval.keys: there is none' remote push bad
ln first/keys/eval.keys bad/keys
rm bad/upload.bf
cp cut/model.enc bad/upload.bf
refuse 4 'upload.bf: is not what its name says, but: encrypted model' \
    remote push bad
ok "$blindfit" plan --over first/job.json --steps 0.5 -o over.json
ok "$blindfit" encrypt over.json first/train.csv --only labels \
    --key first/keys/secret.key --fitted first/keys/transform.bf -o over.bf
ok "$blindfit" encrypt first/job.json first/train.csv --only labels \
    --key first/keys/secret.key --fitted first/keys/transform.bf -o labels.bf
ok "$blindfit" encrypt first/job.json first/train.csv --only rows \
    --key first/keys/secret.key --transform rows.transform -o rows.bf
for file in over.bf rows.bf; do
    cp $file bad/upload.bf
    refuse 4 'upload.bf: belongs to another job' remote push bad
done
cp labels.bf bad/upload.bf
refuse 4 'bad/upload.bf: .* ciphertexts, the job takes' remote push bad
mv bad/upload.bf bad/labels.bf
refuse 3 "bad: has labels.bf, and no 'uses'" remote push bad
echo digits >bad/uses
cp first/upload.bf bad/labels.bf
refuse 4 'bad/labels.bf: .* ciphertexts, the job takes' remote push bad
cp over.bf bad/labels.bf
refuse 4 'labels.bf: belongs to another job' remote push bad
mv bad/labels.bf bad/upload.bf
refuse 3 "bad: has 'uses', and no labels.bf" remote push bad
holds "$(requests 'PUT|POST') == 0"
# Labels over an earlier job's rows, without keys, and an upload in parts.
mkdir over parts
cp over.json over/job.json
cp over.bf over/labels.bf
cp bad/uses over
rows 9000 6 2 1 >many.csv
ok "$blindfit" plan -n 9000 -d 6 -c 2 --iterations 1 -o parts/job.json
ok "$blindfit" keygen parts/job.json -o parts/keys
ok "$blindfit" encrypt parts/job.json many.csv --parts 2 \
    --key parts/keys/secret.key -o parts/upload.bf
for job in over parts; do
    ok remote push $job --quiet
    ok remote cancel $job
done
rm parts/upload.bf.1
refuse 4 'parts/upload.bf: .* ciphertexts, the job takes' remote push parts

# ---- tokens, and plaintext ---------------------------------------------------

cp "$login" before
tr 'a-zA-Z' 'n-za-mN-ZA-M' <token >wrong
refuse 5 'does not accept the token' remote login "$url" --token wrong
head -20 rows.csv >rows
refuse 2 'holds no token' remote login "$url" --token rows
refuse 5 'unencrypted to another machine' remote login http://127.0.0.1.example
refuse 5 'unencrypted to another machine' remote login http://server.example
refuse 2 'no more than host, port and path' remote login https://a:b@c.example
refuse 2 'neither https nor http' remote login ftp://server.example
refuse 2 'is no URL' remote login 'https://server .example'
checks=$((checks + 1))
cmp -s before "$login" || fail "a login that failed replaced another"
ok remote login "$url" <token
ok remote status
chmod 644 "$login"
refuse 5 'others may read' remote status
refuse 3 'no server is known' env XDG_CONFIG_HOME=/nonexistent \
    "$blindfit" remote status
end $pid

# ---- certificates ------------------------------------------------------------

curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
for ca in ours theirs; do
    ok openssl req -x509 $curve -keyout $ca.key -out $ca.pem -days 2 \
        -subj /CN=$ca
done
ok openssl req -new $curve -keyout tls.key -out tls.csr -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost
certificate() # VALIDITY...
{
    ok openssl x509 -req -in tls.csr -CA ours.pem -CAkey ours.key \
        "$@" -copy_extensions copy -out tls.pem
}
# Since OpenSSL 3.4 days cannot be negative, and dates can be given.
expired='-days -1'
! openssl x509 -help 2>&1 | grep -q -e -not_before ||
    expired='-not_before 20200101000000Z -not_after 20200102000000Z'
rm "$login"
certificate -days 1
serve --tls-cert tls.pem --tls-key tls.key
url=https://localhost:$port
refuse 5 'certificate is not accepted' remote login "$url" --token token
refuse 5 'certificate is not accepted' remote login "$url" --token token \
    --ca theirs.pem
refuse 5 'certificate is not accepted' remote login "https://127.0.0.1:$port" \
    --token token --ca ours.pem
refuse 4 'holds no certificate' remote login "$url" --token token --ca token
absent "$login"
ok remote login "$url" --token token --ca ours.pem
ok remote status
refuse 2 'its job is at http:' remote pull full
end $pid
certificate $expired
serve --tls-cert tls.pem --tls-key tls.key
refuse 5 'certificate is not accepted.*expired' remote status
finish
