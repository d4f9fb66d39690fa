//! Which events each rule rests on, by the ids of the catalogue; `driftline explain` tells it.
//!
//! `tests/program/listens.rs` holds every event with a fact to it: a rule listens, or [`UNHEARD`] says why none does.

pub(super) type Ids = &'static [&'static str];

/// Which state a node or a group is in.
pub(super) const STATES: Ids = &[
    "keepalived/state-master",
    "keepalived/state-master-pending",
    "keepalived/state-backup",
    "keepalived/state-backup-init",
    "keepalived/state-backup-now",
    "keepalived/state-fault",
    "keepalived/state-fault-init",
    "keepalived/state-fault-now",
    "keepalived/state-fault-script",
    "keepalived/state-fault-interface",
    "keepalived/state-fault-no-address",
    "keepalived/state-fault-src-address",
    "keepalived/state-fault-process",
    "keepalived/state-fault-file",
    "keepalived/state-fault-config",
    "keepalived/group-master",
    "keepalived/group-master-pending",
    "keepalived/group-backup",
    "keepalived/group-fault",
];

/// What an advert proves about the speaker or its rival.
pub(super) const ADVERTS: Ids = &[
    "keepalived/advert-lower-priority",
    "keepalived/advert-higher-priority",
    "keepalived/advert-equal-priority-higher-ip",
    "keepalived/advert-lower-priority-in-backup",
    "keepalived/advert-priority-zero-in-backup",
    "keepalived/advert-priority-zero-in-master",
    "keepalived/advert-priority-zero-or-higher",
    "keepalived/advert-timeout",
    "keepalived/sent-priority-zero",
];

/// What ends a mastership without a line of its own.
pub(super) const PROCESSES: Ids = &[
    "keepalived/daemon-start",
    "keepalived/daemon-stopping",
    "keepalived/daemon-stopped",
    "keepalived/child-died-respawn",
    "keepalived/child-died-exit",
    "keepalived/child-stopping",
];

/// Where a reload explains what looks like a transition.
pub(super) const RELOADS: Ids = &["keepalived/reload-requested", "keepalived/reload-child"];

/// An advert that did not count here.
pub(super) const REFUSED_ADVERTS: Ids = &[
    "keepalived/advert-auth",
    "keepalived/advert-interval-mismatch",
    "keepalived/advert-vip-mismatch",
    "keepalived/advert-vrid-mismatch",
    "keepalived/advert-unknown-unicast-peer",
    "keepalived/advert-cast-mismatch",
    "keepalived/advert-invalid-ttl",
    "keepalived/advert-bad-checksum",
    "keepalived/advert-bad-type",
    "keepalived/advert-bad-version",
    "keepalived/advert-bad-length",
    "keepalived/advert-dropped",
    "keepalived/advert-ignored-in-backup",
];

/// A process that was paused believes what was true before.
pub(super) const PAUSES: Ids = &["keepalived/timer-late"];

/// A notify script that starts, or cannot.
pub(super) const SCRIPT_STARTS: Ids = &["keepalived/script-opened"];
pub(super) const SCRIPT_FAILURES: Ids = &[
    "keepalived/script-open-failed",
    "keepalived/script-exec-failed",
    "keepalived/script-fork-failed",
    "keepalived/script-disabled",
];

/// PowerDNS lines of two hosts that together tell where an address is.
pub(super) const WITNESSES: Ids = &[
    "pdns/axfr-in-failed-resolver",
    "pdns/axfr-out-denied",
    "pdns/axfr-out-failed",
    "pdns/ixfr-out-failed",
    "pdns/xfr-in-initiating",
    "pdns/axfr-in-connect",
    "pdns/ixfr-in-start",
    "pdns/axfr-in-started",
    "pdns/axfr-in-transaction",
    "pdns/axfr-in-retrieved",
    "pdns/axfr-in-done",
    "pdns/ixfr-in-done",
    "pdns/axfr-out-done",
    "pdns/ixfr-out-done",
    "pdns/notify-in-not-primary",
    "pdns/notify-in-not-allowed",
    "pdns/notify-in-wrong-key",
    "pdns/notify-in-queued",
    "pdns/notify-in-up-to-date",
    "pdns/notify-out-queued",
    "pdns/notify-out-also-queued",
    "pdns/notify-out-acked",
    "pdns/notify-out-rejected",
];

/// A cloud's own records of the address, and what its command line prints in a script.
pub(super) const CLOUDS: Ids = &[
    "aws/associate-address",
    "aws/disassociate-address",
    "aws/address-snapshot",
    "script/address-associated",
    "script/address-refused",
];

/// What scripts say near a transition.
pub(super) const SCRIPT_LINES: Ids = &["script/line"];

/// What a configuration file beside the logs states.
pub(super) const SETTINGS: Ids = &["settings/keepalived"];

/// Lines that are not there because someone threw them away.
pub(super) const LOSSES: Ids = &["journald/suppressed", "rsyslog/messages-lost"];

/// How far a copy is, and why it stays there.
pub(super) const COPIES: Ids = &[
    "pdns/domain-stale",
    "pdns/domain-empty",
    "pdns/domain-stale-unsigned",
    "pdns/domain-dnssec-stale",
    "pdns/domain-fresh",
    "pdns/axfr-in-failed-resolver",
    "pdns/axfr-in-failed-other",
    "pdns/axfr-in-feed-failed",
    "pdns/axfr-in-parse-failed",
    "pdns/axfr-in-done",
    "pdns/ixfr-in-done",
    "pdns/notify-in-not-primary",
    "pdns/notify-in-not-allowed",
    "pdns/notify-in-wrong-key",
];

/// A copy that is ahead of its primary.
pub(super) const NEWER: Ids = &["pdns/domain-newer-than-primary"];

/// Nobody answered, or only with an error.
pub(super) const UNREACHABLE: Ids = &[
    "pdns/soa-unretrievable-first",
    "pdns/soa-unretrievable",
    "pdns/soa-serial-undetermined",
    "pdns/freshness-exception",
    "pdns/freshness-result",
    "pdns/axfr-in-failed-resolver",
    "pdns/axfr-in-failed-other",
];

/// Somebody answered.
pub(super) const ANSWERS: Ids = &[
    "pdns/domain-stale",
    "pdns/domain-fresh",
    "pdns/domain-newer-than-primary",
    "pdns/axfr-in-retrieved",
    "pdns/axfr-in-done",
    "pdns/ixfr-in-done",
];

/// What became of a NOTIFY that was sent.
pub(super) const UNHEEDED: Ids = &["pdns/notify-out-failed", "pdns/notify-out-rejected", "pdns/notify-out-acked"];

pub(super) const STRANGERS: Ids = &["pdns/notify-in-not-primary"];

pub(super) const REFUSALS: Ids = &[
    "pdns/axfr-in-failed-resolver",
    "pdns/axfr-out-denied",
    "pdns/axfr-out-failed",
    "pdns/ixfr-out-failed",
    "pdns/axfr-out-done",
    "pdns/ixfr-out-done",
];

const CHECK: &str = "a check changes nothing by itself: what follows of it stands in the lines on priority and state";
const LINK: &str = "an interface changes nothing by itself: what follows of it stands in the line that enters FAULT";
const ROLE: &str = "it is no fault: it tells that the node speaks and what it is, which every rule takes into account";

/// Events with a fact to which no rule listens, and why.
pub(super) const UNHEARD: &[(&str, &str)] = &[
    ("keepalived/preempt-forced", "a preferred node that takes over is no split; that it does is told by the states"),
    (
        "keepalived/priority-changed",
        "who is MASTER is judged by what the nodes say they are; priorities only explain it",
    ),
    (
        "keepalived/child-start",
        "it is no fault; it tells which process is the parent, whose `Stopping` ends masterships",
    ),
    ("keepalived/child-stopped", "the mastership had ended before, with `Stopping`"),
    ("keepalived/interface-down", LINK),
    ("keepalived/interface-up", LINK),
    ("keepalived/interface-linkbeat", LINK),
    (
        "keepalived/daemon-command-line",
        "it is no fault; it tells what this log can show (-D), so how much a missing line means",
    ),
    ("keepalived/track-script-down", CHECK),
    ("keepalived/track-script-timeout", CHECK),
    ("keepalived/track-script-up", CHECK),
    ("keepalived/track-script-reload", CHECK),
    (
        "pdns/process-banner",
        "it is no fault; it tells the version, on which the advice rests, and a floor for the year",
    ),
    ("pdns/backend-threads-ready", ROLE),
    ("pdns/communicator-start", ROLE),
    (
        "pdns/control-notify",
        "it is no fault; it tells that somebody asked for the NOTIFYs that follow, so that they are not taken for a change",
    ),
    ("clock/stepped", "it is no fault; it tells that stamps before and after it do not measure the time between"),
    ("settings/pdns", "it has no time and is no fault; a caveat tells where it contradicts what was refused"),
    ("pdns/axfr-out-started", "it comes before a denial as well, so it proves only that somebody asked"),
    ("pdns/ixfr-out-started", "it comes before a denial as well, so it proves only that somebody asked"),
];
