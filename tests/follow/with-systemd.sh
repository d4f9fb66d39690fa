#!/bin/bash
# Boots a systemd of its own and runs a script in it: `with-systemd.sh STAGE SCRIPT`, as root. What lies below STAGE is laid over a copy
# of this machine that nobody else sees and that is thrown away; SCRIPT's exit code is this one's.
#
# Only journald, what it needs, and the units that STAGE has in run/units exist inside. `systemctl`, `journalctl` and
# `logger -u /run/systemd/journal/dev-log` speak to that systemd; the network is a loopback of its own.
set -euo pipefail
stage=$(realpath "$1") script=$(realpath "$2")
work=$(mktemp -d)
cgroups=/sys/fs/cgroup/unified
[ -d "$cgroups" ] || cgroups=/sys/fs/cgroup
cgroup=$cgroups/driftline-test.$$
boot=
clean() {
    # The first process of a namespace takes all others with it.
    [ -z "$boot" ] || { kill -9 "$boot" 2>/dev/null || true; wait "$boot" 2>/dev/null || true; }
    for _ in $(seq 50); do
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -d "$cgroup" ] || break
        sleep 0.1
    done
    rm -rf "$work"
}
trap clean EXIT
mkdir "$cgroup"

# The units that are not under test: journald, less what a namespace cannot give, and names for others to refer to.
units=$work/units
mkdir "$units"
for unit in systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket; do
    grep -vE '^(IPAddressDeny|WatchdogSec|SystemCallFilter|ConditionPath|Conflicts)' "/lib/systemd/system/$unit" >"$units/$unit"
done
for target in sysinit basic sockets shutdown umount final multi-user; do
    printf '[Unit]\nDefaultDependencies=no\n' >"$units/$target.target"
done
printf '[Unit]\nDefaultDependencies=no\nWants=systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service\n' \
    >"$units/test.target"

boot() {
    local root=$work/root
    mkdir "$work/upper" "$work/layer" "$root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/layer" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    mount -t tmpfs tmpfs "$root/tmp"
    mkdir -p "$root/run/units" "$root/run/systemd/journal"
    # Says that /var is there, so that nothing is kept in memory first.
    touch "$root/run/systemd/journal/flushed"
    cp -r "$units/." "$root/run/units/"
    local machine
    machine=$(tr -d - </proc/sys/kernel/random/uuid)
    echo "$machine" >"$root/etc/machine-id"
    rm -rf "$root/var/log/journal"
    install -d -m 2755 -g systemd-journal "$root/var/log/journal" "$root/var/log/journal/$machine"
    printf '[Journal]\nStorage=persistent\nReadKMsg=no\nAudit=no\n' >"$root/etc/systemd/journald.conf"
    cp -r "$stage/." "$root/"
    cp "$script" "$root/run/script"
    cd "$root"
    mkdir .before
    # Not chroot: PrivateUsers= does not work in one.
    pivot_root . .before
    umount -l /.before
    (
        until systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.1; done
        code=0
        bash /run/script >/output 2>&1 || code=$?
        echo "$code" >/code.new
        mv /code.new /code
    ) &
    export container=test SYSTEMD_UNIT_PATH=/run/units SYSTEMD_LOG_TARGET=journal
    exec /lib/systemd/systemd --system --unit=test.target --show-status=0
}
export -f boot
export work stage script units

(
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child --propagation private bash -euc boot
) &
boot=$!
for _ in $(seq 1200); do
    [ -s "$work/upper/code" ] && break
    kill -0 "$boot" 2>/dev/null || break
    sleep 0.1
done
cat "$work/upper/output" 2>/dev/null || true
[ -s "$work/upper/code" ] || { echo 'with-systemd.sh: it did not come to an end' >&2; exit 99; }
exit "$(cat "$work/upper/code")"
