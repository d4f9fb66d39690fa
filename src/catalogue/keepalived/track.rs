//! Tracked scripts, files, processes and BFD sessions.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Keepalived};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/track-script-down",
        texts: &[
            ("1.2.1..=1.3.9", "VRRP_Script({script}) failed"),
            ("1.4.0..", "VRRP_Script({script}) failed (due to signal {signal})"),
            ("1.4.0..", "VRRP_Script({script}) failed (exited with status {status})"),
        ],
        sample: "VRRP_Script(chk_pdns) failed (exited with status 1)",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "A tracked check fails now; what follows for the priority is said in another line.",
        read: Some(check_failed),
    },
    Message {
        id: "keepalived/track-script-timeout",
        texts: &[("1.2.1..=1.3.9", "VRRP_Script({script}) timed out"), ("1.4.0..", "VRRP_Script({script}) timed_out")],
        sample: "VRRP_Script(chk_pdns) timed_out",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "A tracked check took too long and counts as failed.",
        read: Some(check_failed),
    },
    Message {
        id: "keepalived/track-script-up",
        texts: &[("1.2.1..", "VRRP_Script({script}) succeeded")],
        sample: "VRRP_Script(chk_pdns) succeeded",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "A tracked check succeeds now.",
        read: Some(check_succeeded),
    },
    Message {
        id: "keepalived/track-script-reload",
        texts: &[
            ("1.2.1..", "VRRP_Script({script}) considered {result:successful} on reload"),
            ("2.0.0..", "VRRP_Script({script}) considered {result:unsuccessful} on reload"),
        ],
        sample: "VRRP_Script(chk_pdns) considered successful on reload",
        source: "keepalived/vrrp/vrrp.c",
        proves: "What a reload takes a tracked check's result to be until it runs again.",
        read: Some(check_on_reload),
    },
    Message {
        id: "keepalived/track-script-exit-change",
        texts: &[("2.0.0..", "Script `{script}` now returning {status}")],
        sample: "Script `chk_pdns` now returning 1",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "A tracked check ends with another status than before, which may change the priority.",
        read: None,
    },
    Message {
        id: "keepalived/track-script-overrun",
        texts: &[
            ("1.4.0..", "Track script {script} is already running, expect idle - skipping run"),
            ("1.4.0..", "Track script {script} is being timed out, expect idle - skipping run"),
        ],
        sample: "Track script chk_pdns is already running, expect idle - skipping run",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "A tracked check was due while its last run was still under way.",
        read: None,
    },
    Message {
        id: "keepalived/track-script-kill",
        texts: &[
            ("1.2.1..=1.3.9", "Process [{pid}] didn't respond to SIGTERM"),
            ("1.4.0..", "Child (PID {pid}) failed to terminate after kill"),
            ("1.4.0..", "Child thread pid {pid} timeout with unknown script state {state}"),
            ("2.0.6..", "kill -{signal} of process {script}({pid}) with new state {state} failed with errno {errno}"),
            ("2.0.19..", "Script {script} child (PID {pid}) failed to terminate after kill"),
            ("2.0.19..", "Script {script} child (PID {pid}) lost"),
            ("2.0.19..", "Script {script} child thread pid {pid} timeout with unknown script state {state}"),
            (
                "2.1.0..=2.1.5",
                "kill -{signal} of {type} script ({pid}) with new state {state} failed with errno {errno}",
            ),
            ("2.2.0..", "kill -{signal} of {type} ({pid}) with new state {state} failed with errno {errno}"),
        ],
        sample: "Child (PID 4711) failed to terminate after kill",
        source: "keepalived/core/main.c",
        proves: "A tracked check that took too long could not be ended cleanly.",
        read: None,
    },
    Message {
        id: "keepalived/track-file",
        texts: &[
            ("2.0.19..", "({instance}): tracked file {file} leaving FAULT state"),
            ("2.0.19..", "({instance}): tracked file {file} now FAULT state"),
        ],
        sample: "(VI_1): tracked file gateway now FAULT state",
        source: "keepalived/trackers/track_file.c",
        proves: "A tracked file took an instance into FAULT or out of it.",
        read: None,
    },
    Message {
        id: "keepalived/track-process",
        texts: &[
            ("2.0.11..", "Process {process}, number of current processes changed from {old_count} to {count}"),
            (
                "2.0.11..",
                "Process {process}, number of current processes changed from {old_count} to {count}, quorum down",
            ),
            (
                "2.0.11..",
                "Process {process}, number of current processes changed from {old_count} to {count}, quorum up",
            ),
            ("2.0.11..", "Quorum gained for tracked process {process}"),
            ("2.0.11..", "Quorum lost for tracked process {process}"),
        ],
        sample: "Quorum lost for tracked process haproxy",
        source: "keepalived/vrrp/vrrp_track.c",
        proves: "How many processes of a tracked kind run, and whether they suffice.",
        read: None,
    },
    Message {
        id: "keepalived/track-process-unavailable",
        texts: &[
            ("2.0.12..", "track_process not available - is CONFIG_PROC_EVENTS enabled in kernel config?"),
            ("2.2.0..", "WARNING - the kernel does not support proc events - track_process will not work"),
            ("2.2.0..", "proc_events has confirmed it is configured"),
        ],
        sample: "track_process not available - is CONFIG_PROC_EVENTS enabled in kernel config?",
        source: "keepalived/core/track_process.c",
        proves: "Whether the kernel can tell of processes at all.",
        read: None,
    },
    Message {
        id: "keepalived/track-process-missed",
        texts: &[("2.0.11..", "Missed {missed} messages on CPU {cpu}")],
        sample: "Missed 4 messages on CPU 0",
        source: "keepalived/core/track_process.c",
        proves: "The kernel's news of processes were lost, and they are counted anew.",
        read: None,
    },
    Message {
        id: "keepalived/track-bfd",
        texts: &[
            ("2.0.0..", "VRRP_Instance({instance}) Tracked BFD instance {bfd} is DOWN"),
            ("2.0.0..", "VRRP_Instance({instance}) Tracked BFD instance {bfd} is UP"),
        ],
        sample: "VRRP_Instance(VI_1) Tracked BFD instance bfd1 is DOWN",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "A tracked BFD session went down or came up.",
        read: None,
    },
];

fn check_failed(fields: &Fields<'_>) -> Option<Fact> {
    check(fields, false)
}

fn check_succeeded(fields: &Fields<'_>) -> Option<Fact> {
    check(fields, true)
}

fn check_on_reload(fields: &Fields<'_>) -> Option<Fact> {
    check(fields, fields.get("result")? == b"successful")
}

fn check(fields: &Fields<'_>, succeeds: bool) -> Option<Fact> {
    Some(Fact::Keepalived(Keepalived::TrackScript { script: fields.text("script")?, succeeds }))
}
