#!/bin/bash
# What a follower sees of a real journald. Runs inside of with-journald.sh: `journald.sh DRIFTLINE`.
set -euo pipefail
driftline=$1
work=$(mktemp -d)
export DRIFTLINE_CONFIG=
unset STATE_DIRECTORY

say() { logger -u /run/systemd/journal/dev-log -t "$1" -- "$2"; }
fail() { printf 'journald.sh: %s\n' "$1" >&2; cat "$work"/*.out "$work"/*.err >&2 || true; exit 1; }
# Waits until a file holds a text, for SECONDS.
await() {
    local until=$((SECONDS + $3))
    while ! grep -q "$2" "$1" 2>/dev/null; do
        [ "$SECONDS" -lt "$until" ] || fail "$4"
        sleep 0.1
    done
}
refused() { say pdns_server "Received NOTIFY for $1 from $2 which is not a master"; }

# An own NOTIFY that is refused is a finding of its own, at once.
"$driftline" follow --format ndjson --journal --state "$work/state" >"$work/a.out" 2>"$work/a.err" & pid=$!
sleep 1.5
refused a.example 192.0.2.1
await "$work/a.out" '192.0.2.1' 6 'a line was not seen'

# Rotated and vacuumed: nothing is lost.
journalctl --rotate
refused b.example 192.0.2.2
await "$work/a.out" '192.0.2.2' 6 'a line behind a rotation was not seen'
journalctl --vacuum-files=1 >/dev/null 2>&1
refused c.example 192.0.2.3
await "$work/a.out" '192.0.2.3' 6 'a line behind a vacuum was not seen'

# journald dies and comes back.
kill -9 "$JOURNALD"
sleep 0.3
/lib/systemd/systemd-journald & journald=$!
for _ in $(seq 100); do [ -S /run/systemd/journal/io.systemd.journal ] && say x y 2>/dev/null && break; sleep 0.05; done
sleep 0.3
refused d.example 192.0.2.4
await "$work/a.out" '192.0.2.4' 8 'a line behind a crash of journald was not seen'

# The announcements stand in the journal, and the follower does not follow itself.
journalctl --sync
sleep 1
journalctl --sync
journalctl -t driftline -o json --no-pager >"$work/journal.json"
grep -q DRIFTLINE_RULE "$work/journal.json" || fail 'the journal has no announcement'

# What is written while nobody follows is announced afterwards, and nothing twice.
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
refused e.example 192.0.2.5
journalctl --sync
"$driftline" follow --format ndjson --journal --state "$work/state" >"$work/b.out" 2>"$work/b.err" & pid=$!
await "$work/b.out" '192.0.2.5' 6 'a line that was written meanwhile was not seen'
if grep -q '"change":"opened".*192.0.2.1"' "$work/b.out"; then fail 'something was announced twice'; fi
kill -TERM "$pid"
wait "$pid" || fail 'it did not end well'

# A user's journal is numbered with the system's: what is missing in one stands in the other, and nothing is lost.
as_user() { setpriv --reuid 1234 --regid 1234 --clear-groups logger -u /run/systemd/journal/dev-log -t pdns_server -- "$1"; }
as_user 'a line of a user'
journalctl --sync
"$driftline" probe --state "$work/state" >"$work/u.out" 2>"$work/u.err" || true
for number in $(seq 20); do say other "line $number of the system"; done
journalctl --sync
journalctl --rotate
as_user 'another line of a user'
journalctl --sync
ls /var/log/journal/*/user-1234.journal >/dev/null || fail 'the user has no journal'
"$driftline" probe --state "$work/state" >"$work/u.out" 2>"$work/u.err" || true
if grep -q 'lost' "$work/u.out" "$work/u.err"; then fail 'lines of the system were taken for lost ones of a user'; fi

# Entries that are gone are counted.
for number in $(seq 30); do say pdns_server "Received NOTIFY for gone.example from 192.0.2.$((number + 100)) which is not a master"; done
journalctl --sync
journalctl --rotate
say other 'the head of a new file'
journalctl --rotate
journalctl --vacuum-files=1 >/dev/null 2>&1
say other 'and another'
journalctl --sync
"$driftline" probe --state "$work/state" >"$work/c.out" 2>"$work/c.err" && fail 'lost entries are no OK'
grep -q 'lost' "$work/c.out" || fail 'it was not said that entries are lost'

# Who may read the journal, reads it; whoever may not is told so.
refused f.example 192.0.2.6
journalctl --sync
"$driftline" analyze --format json --fail-on never >"$work/d.out" 2>"$work/d.err" || fail 'analyze failed'
chmod 755 "$work"
cp "$driftline" "$work/driftline"
if setpriv --reuid 65534 --regid 65534 --clear-groups "$work/driftline" analyze >"$work/e.out" 2>"$work/e.err"; then
    fail 'nobody may not read the journal'
fi
grep -q 'systemd-journal' "$work/e.err" || fail 'the error does not say what to do'
setpriv --reuid 65534 --regid 65534 --groups "$(getent group systemd-journal | cut -d: -f3)" \
    "$work/driftline" analyze --format json --fail-on never >"$work/f.out" 2>"$work/f.err" || fail 'a member of systemd-journal may'
cmp "$work/d.out" "$work/f.out" || fail 'a member reads the same'
kill "$journald" 2>/dev/null || true
echo 'journald.sh: all of it holds'
