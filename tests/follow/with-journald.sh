#!/bin/bash
# Runs a command with a journald of its own: `with-journald.sh COMMAND…`, as root. Nothing of it is seen outside, and nothing is left.
#
# The private mount and process namespaces hide the machine's own journal behind empty file systems. Inside,
# `logger -u /run/systemd/journal/dev-log` writes, `journalctl --sync` waits until it is on disk, and $JOURNALD is the daemon's pid.
set -euo pipefail
exec unshare --mount --propagation private --pid --fork --mount-proc --kill-child bash -euo pipefail -c '
  work=$(mktemp -d)
  mount -t tmpfs none /run
  mkdir -p /run/systemd/journal /run/log /var/log/journal
  mount -t tmpfs -o size=256m none /var/log/journal
  # Says that /var is there, so that nothing is kept in memory first.
  touch /run/systemd/journal/flushed
  machine=$(tr -d - </proc/sys/kernel/random/uuid)
  echo "$machine" >"$work/machine-id"
  touch /etc/machine-id
  mount --bind "$work/machine-id" /etc/machine-id
  getent group systemd-journal >/dev/null || groupadd --system systemd-journal
  install -d -m 2755 -g systemd-journal /var/log/journal "/var/log/journal/$machine"
  printf "[Journal]\nStorage=persistent\nReadKMsg=no\nAudit=no\nForwardToSyslog=no\nRateLimitIntervalSec=0\nSyncIntervalSec=1s\n" >"$work/journald.conf"
  touch /etc/systemd/journald.conf
  mount --bind "$work/journald.conf" /etc/systemd/journald.conf
  /lib/systemd/systemd-journald &
  export JOURNALD=$!
  for _ in $(seq 100); do
    [ -S /run/systemd/journal/io.systemd.journal ] && break
    sleep 0.05
  done
  code=0
  "$@" || code=$?
  kill "$JOURNALD" 2>/dev/null || true
  exit "$code"
' with-journald "$@"
