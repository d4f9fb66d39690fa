# The unit of the package under a real systemd. Runs inside of with-systemd.sh.
set -euo pipefail
PATH=/usr/sbin:/usr/bin:/sbin:/bin

fail() {
    printf 'unit.sh: %s\n' "$1"
    systemctl status --no-pager --full driftline || true
    journalctl --no-pager --boot | tail -40
    exit 1
}
say() { logger -u /run/systemd/journal/dev-log -t "$1" -- "$2"; }
property() { systemctl show --value --property "$1" driftline; }
# Waits until a command succeeds.
await() {
    local what=$1
    shift
    for _ in $(seq 150); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    fail "$what"
}
get() {
    exec 3<>/dev/tcp/127.0.0.1/9119
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
    cat <&3
    exec 3>&-
}
is_healthy() { get /healthz | grep -q '^HTTP/1.1 200 '; }
OPENED=7240fb5c9e184a5a91d07ce35c532fc2
entries() { journalctl --no-pager --output json MESSAGE_ID="$OPENED" "$@"; }
is_announced() { entries DRIFTLINE_RULE=notify-from-non-master | grep -q "$1"; }

# Started: systemd waits until it says that it is ready. The past holds a drift that has closed: nothing of it is announced.
systemctl start driftline || fail 'it does not start'
[ "$(property ActiveState)" = active ] || fail 'it is not active'
await 'it says nothing to systemctl status' sh -c '[ -n "$(systemctl show --value --property StatusText driftline)" ]'
await 'it is not healthy' is_healthy
get /metrics | grep -q '^driftline_findings_open{rule="eip-drift"} 0' || fail 'there are no metrics'
[ -z "$(entries)" ] || fail 'it announces what has closed'
get /report | grep -q '"rule": "eip-drift"' || fail 'it has not read the past'

# It has no rights but those it needs.
pid=$(property MainPID)
grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$pid/status" || fail 'it may get privileges'
[ "$(stat --format %u "/proc/$pid")" != 0 ] || fail 'it is root'

# A line of the journal is announced in the journal, with fields and an explanation, and to the program.
say pdns_server 'Received NOTIFY for a.example from 192.0.2.1 which is not a master'
await 'nothing is announced' is_announced 192.0.2.1
journalctl --update-catalog
journalctl --no-pager --catalog MESSAGE_ID="$OPENED" | grep -q 'Subject: notify-from-non-master was found' || fail 'nothing explains it'
await 'the program was not run' grep -q 'opened notify-from-non-master' /var/lib/private/driftline/paged
await 'the program has no JSON' grep -q '"schema":"driftline.change/1"' /var/lib/private/driftline/paged
is_counted() { get /metrics | grep -q '^driftline_findings_total{rule="notify-from-non-master",severity="warning"} 1'; }
await 'the metrics do not know it' is_counted

# It shows that it is alive as often as the unit wants.
beat=$(property WatchdogTimestampMonotonic)
is_beating() { [ "$(property WatchdogTimestampMonotonic)" != "$beat" ]; }
await 'it shows no sign of life' is_beating

# Reloaded: the same process, another configuration; one that cannot be used is said and changes nothing.
has_said() { journalctl --no-pager --output cat _PID="$pid" | grep -q "$1"; }
systemctl reload driftline
await 'it does not reload' has_said 'the configuration was read again'
await 'it is not active after a reload' sh -c '[ "$(systemctl show --value --property ActiveState driftline)" = active ]'
echo 'nonsense = 1' >>/etc/driftline/driftline.toml
systemctl reload driftline
await 'it does not say what is wrong' has_said 'nonsense'
say pdns_server 'Received NOTIFY for b.example from 192.0.2.2 which is not a master'
await 'nothing is announced after a reload' is_announced 192.0.2.2
[ "$(property MainPID)" = "$pid" ] || fail 'it is another process now'
[ "$(entries | wc -l)" = 2 ] || fail 'something was announced twice'

# Stopped and started: it ends well, goes on where it was, and tells what was written meanwhile.
systemctl stop driftline
[ "$(property Result)/$(property ExecMainStatus)" = success/0 ] || fail 'it does not end well'
[ -s /var/lib/private/driftline/follow.state ] || fail 'it keeps no state'
say pdns_server 'Received NOTIFY for c.example from 192.0.2.3 which is not a master'
sed -i /nonsense/d /etc/driftline/driftline.toml
systemctl start driftline || fail 'it does not start again'
await 'what was written meanwhile is not announced' is_announced 192.0.2.3
[ "$(entries | wc -l)" = 3 ] || fail 'something was announced twice'
[ "$(property NRestarts)" = 0 ] || fail 'it had to be restarted'
systemctl stop driftline
echo 'unit.sh: all of it holds'
