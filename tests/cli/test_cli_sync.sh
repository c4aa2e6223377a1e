#!/bin/sh
# blindfit remote sync: two owners carry a session through a gateway, to the
# opened model; cuts; and what is neither sent nor replaced.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/remote.sh"

cd "$work" || exit 1
golden=$OLDPWD/tests/golden/wire-v2
rows 128 8 3 5 >all.csv
head -60 all.csv >a.csv
tail -68 all.csv >b.csv
for k in a b; do
    ok "$blindfit" party id -o $k.id
done
ok "$blindfit" plan --rows 60,68 -d 8 -c 3 --map none --iterations 1 -o job.json
for session in session other; do
    ok "$blindfit" party new job.json --owner a.pub --owner b.pub -o $session.bf
done
ok "$blindfit" party show session.bf --json
id=$(sed -n 's/.*"id":	"\(.*\)".*/\1/p' stdout)

as() # NAME COMMAND...
{
    login=$work/config-$1
    shift
    XDG_CONFIG_HOME=$login "$blindfit" remote "$@"
}
for name in alice bob carol; do
    "$gateway" token add "$spool" $name >$name.token 2>/dev/null ||
        fail "no token"
done
serve
for name in alice bob carol; do
    ok as $name login "http://127.0.0.1:$port" --token $name.token
done
step() # OWNER [OPTION]...
{
    k=$1
    shift
    "$blindfit" party step session.bf --id $k.id --box box-$k "$@"
}
steps() # OWNER...: each has a message for the others
{
    for k; do
        refuse 75 waiting step $k $k.csv
    done
}
alice()
{
    as alice sync session.bf --box box-a "$@"
}
bob()
{
    as bob sync session.bf --box box-b "$@"
}

# ---- round 1: who is who -----------------------------------------------------

refuse 3 'box-a: No such file' alice
mkdir box-a
refuse 2 'box-a: is no box' alice
steps a
refuse 2 "knows you as 'alice', which is none" alice
refuse 2 '1 names, and session.bf has 2 owners' alice --members alice
refuse 2 "'../bob' can be no name" alice --members alice,../bob
refuse 2 "knows you as 'alice'" alice --members anna,bob
refuse 4 'is a message of owner 0, .* you are owner 1' alice \
    --members bob,alice
holds "$(requests 'PUT|POST|PATCH') == 0"
# A name that the client cannot know to be wrong: the session begins anew.
refuse 75 'waiting for b; sent' alice --members alice,bobb
refuse 4 'has other owners.*; blindfit remote cancel session.bf removes' alice \
    --members alice,bob
refuse 3 '404: there is no such session of yours' as bob cancel session.bf
refuse 4 'a.csv: ' as alice cancel a.csv
ok as alice cancel session.bf
grep -q "removed .*session 'session.bf'" stdout || fail "$(cat stdout)"
refuse 75 '^blindfit: round 1: waiting for b; sent [34] files .* received 0' \
    alice --members alice,bob
refuse 4 'other owners, or the same in another order' alice \
    --members bob,alice
sent=$(requests PATCH)
refuse 75 'waiting for b; sent 0 files' alice
holds "$(requests PATCH) == $sent"
refuse 4 'is a message of owner 0, .* you are owner 1' \
    as bob sync session.bf --box box-a
refuse 2 "knows you as 'alice'" as alice sync other.bf --box box-a
refuse 4 'r1-00.head: is a message of another session' \
    as alice sync other.bf --box box-a --members alice,bob
# It waits until b has sent its message.
alice --wait --quiet --json >waited 2>stderr &
wait=$!
steps b
ok bob --json
holds "$(number round stdout) == 1 && $(number owner stdout) == 1"
holds "$(number received stdout) == 2 && $(number bytes_received stdout) > 100"
checks=$((checks + 1))
wait $wait || fail "waiting: $(cat stderr)"
holds "$(number received waited) == 2"
checks=$((checks + 1))
cmp -s box-a/outbox/r1-00.head box-b/inbox/r1-00.head || fail "another head"

# ---- round 2: what does not travel, and what is not replaced -----------------

steps a b
mv box-a/outbox/r2-00.keys keys
ln -s "$work/keys" box-a/outbox/r2-00.keys
refuse 2 'outbox/r2-00.keys: is a symbolic link' alice
rm box-a/outbox/r2-00.keys
cp "$golden/secret.key" box-a/outbox/r2-00.keys
refuse 5 'outbox/r2-00.keys: is a secret key' alice
holds "$(requests 'r2-00.keys') == 0"
mv keys box-a/outbox/r2-00.keys
mv box-b/inbox elsewhere
ln -s ../elsewhere box-b/inbox
refuse 2 'box-b/inbox: is a symbolic link' bob
rm box-b/inbox
mv elsewhere box-b/inbox

alter() # FILE: its last byte becomes another one; `kept` is as it was
{
    cp "$1" kept
    { head -c -1 kept; printf '\377'; } >"$1"
}
alter box-a/outbox/r1-00.head
refuse 4 'outbox/r1-00.head: the server has another message' alice
cp kept box-a/outbox/r1-00.head
alter box-a/inbox/r1-01.head
cp box-a/inbox/r1-01.head wrong
refuse 4 'inbox/r1-01.head: differs from the server.s, and stays' alice
checks=$((checks + 1))
cmp -s wrong box-a/inbox/r1-01.head || fail "a message was replaced"
rm box-a/inbox/r1-01.head
refuse 75 'round 2: waiting for b; .* received 1 file' alice
checks=$((checks + 1))
cmp -s box-b/outbox/r1-01.head box-a/inbox/r1-01.head || fail "another head"

# The owner of another session, one without a token, and a full disk.
refuse 3 '409: another session has this id' as carol sync session.bf \
    --box box-b --members alice,carol
ok "$gateway" token revoke "$spool" --owner carol
refused() # the gateway has seen it
{
    as carol sync session.bf --box box-b >/dev/null 2>stderr
    [ $? = 5 ]
}
until_true refused
grep -q 'does not accept the token' stderr || fail "revoked: $(cat stderr)"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=64k none box-b/inbox \
    2>/dev/null; then
    refuse 3 'inbox: .* are to come, and the disk has room for' bob
    umount box-b/inbox
fi

# ---- cuts --------------------------------------------------------------------

# More than sockets hold of it, so that a gateway that is killed cuts it.
head -c 16000000 /dev/urandom >box-b/outbox/r2-01.before
ok bob
partly() # a part of it is there
{
    [ -n "$(find box-a/inbox -name '.r2-01.before.*.part' -size +200k)" ]
}
XDG_CONFIG_HOME=$work/config-alice "$blindfit" remote sync session.bf \
    --box box-a --rate 4M --quiet 2>stderr &
cut=$!
until_true partly || fail "nothing came"
kill -TERM $cut
wait $cut
holds "$? == 130"
here=$(cat box-a/inbox/r2-01.* box-a/inbox/.r2-01.*.part 2>/dev/null | wc -c)
alice --rate 4M --quiet --json >cut 2>stderr &
cut=$!
more()
{
    [ "$(cat box-a/inbox/r2-01.* box-a/inbox/.r2-01.*.part 2>/dev/null |
        wc -c)" -gt "$here" ]
}
until_true more || fail "no more came"
end $pid -KILL
serve
checks=$((checks + 1))
wait $cut || fail "a cut: $(cat stderr)"
holds "$(requests 'GET .*/r2-01.before 206') == 1"
holds "$(number bytes_received cut) == $(cat box-b/outbox/r2-01.* | wc -c) - $here"
absent box-a/inbox/.*.part
# Owner a, who trains once more by default, gets the long files of b, too.
for file in before keys square; do
    checks=$((checks + 1))
    cmp -s box-b/outbox/r2-01.$file box-a/inbox/r2-01.$file ||
        fail "another r2-01.$file"
done
absent box-b/inbox/r2-00.keys
rm box-?/*/r2-01.before

# ---- to the model ------------------------------------------------------------

steps a b
refuse 75 'round 3: waiting for b' alice
ok bob
ok alice
steps a b
refuse 75 'round 4: waiting for b' alice
refuse 75 'round 4: waiting for the server \(model.enc\)' bob
refuse 75 'round 4: waiting for the server \(model.enc\)' alice
there=$spool/.gateway/sessions/$id
ok "$server" gather "$there/inbox/session.bf" --box "$there" -o job
ok "$server" train job/job.json --keys job/eval.keys --box "$there" \
    -o "$there/inbox/model.enc"
ok alice
ok bob
steps a b
refuse 75 'round 5: waiting for b' alice
ok bob
ok alice
for k in a b; do
    ok step $k -o model-$k.npy
done
ok "$blindfit" evaluate model-b.npy all.csv --json
holds "$(number accuracy stdout) > 0.9"
finish
