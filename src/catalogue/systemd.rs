//! What systemd says about the units of the two daemons.
//!
//! Known by id and fields alone: a daemon says itself what state it enters, so no rule rests on these. They tell an operator
//! why a daemon fell silent. systemd's releases were not traced.

use super::message::Message;

pub(super) static TOPICS: &[&[Message]] = &[ROWS];

/// Whether a unit is one of the two daemons', by its name (`pdns@eu.service`) or, where the journal shows only that, by the
/// description their packages give it.
pub(super) fn is_ours(unit: &str) -> bool {
    let name = unit.split(' ').next().unwrap_or_default();
    super::daemon_of_unit(name.as_bytes()).is_some() || DESCRIPTIONS.iter().any(|known| unit.starts_with(known))
}

const DESCRIPTIONS: [&str; 3] =
    ["PowerDNS Authoritative Server", "Keepalive Daemon", "LVS and VRRP High Availability Monitor"];

static ROWS: &[Message] = &[
    Message {
        id: "systemd/unit-starting",
        texts: &[("..", "Starting {unit}...")],
        sample: "Starting pdns.service - PowerDNS Authoritative Server...",
        source: "src/core/service.c",
        proves: "systemd is about to run the daemon; it is not up yet.",
        read: None,
    },
    Message {
        id: "systemd/unit-started",
        texts: &[("..", "Started {unit}.")],
        sample: "Started pdns.service - PowerDNS Authoritative Server.",
        source: "src/core/service.c",
        proves: "systemd counts the daemon as up. What state keepalived enters, or which zones pdns has, is not in it.",
        read: None,
    },
    Message {
        id: "systemd/unit-stopping",
        texts: &[("..", "Stopping {unit}...")],
        sample: "Stopping keepalived.service - Keepalive Daemon (LVS and VRRP)...",
        source: "src/core/service.c",
        proves: "Somebody or something asked systemd to stop the daemon: a VRRP change that follows is no fault of the network.",
        read: None,
    },
    Message {
        id: "systemd/unit-stopped",
        texts: &[("..", "Stopped {unit}.")],
        sample: "Stopped pdns.service - PowerDNS Authoritative Server.",
        source: "src/core/service.c",
        proves: "The daemon is gone; between here and the next start its silence proves nothing.",
        read: None,
    },
    Message {
        id: "systemd/unit-reloading",
        texts: &[("..", "Reloading {unit}..."), ("..", "Reloading {unit}.")],
        sample: "Reloading keepalived.service - Keepalive Daemon (LVS and VRRP)...",
        source: "src/core/service.c",
        proves: "The daemon was told to read its configuration again.",
        read: None,
    },
    Message {
        id: "systemd/unit-reloaded",
        texts: &[("..", "Reloaded {unit}.")],
        sample: "Reloaded keepalived.service - Keepalive Daemon (LVS and VRRP).",
        source: "src/core/service.c",
        proves: "The reload command ended well; whether the daemon took the configuration is in its own lines.",
        read: None,
    },
    Message {
        id: "systemd/unit-start-failed",
        texts: &[("..", "Failed to start {unit}.")],
        sample: "Failed to start pdns.service - PowerDNS Authoritative Server.",
        source: "src/core/service.c",
        proves: "The daemon did not come up.",
        read: None,
    },
    Message {
        id: "systemd/unit-skipped",
        texts: &[
            ("..", "{unit} was skipped because of an unmet condition check ({condition})."),
            ("..", "{unit} was skipped because of a failed condition check ({condition})."),
            ("..", "Condition check resulted in {unit} being skipped."),
        ],
        sample: "keepalived.service - Keepalive Daemon (LVS and VRRP) was skipped because of an unmet condition check (ConditionFileNotEmpty=/etc/keepalived/keepalived.conf).",
        source: "src/core/job.c",
        proves: "The daemon was never started: this node takes no part.",
        read: None,
    },
    Message {
        id: "systemd/unit-succeeded",
        texts: &[("..", "{unit}: Deactivated successfully."), ("..", "{unit}: Succeeded.")],
        sample: "pdns.service: Deactivated successfully.",
        source: "src/core/unit.c",
        proves: "The daemon ended with status 0 or by the signal that stops it.",
        read: None,
    },
    Message {
        id: "systemd/unit-failed",
        texts: &[
            ("..", "{unit}: Failed with result '{result}'."),
            ("..", "{unit}: Unit entered failed state."),
            ("..", "Unit {unit} entered failed state."),
        ],
        sample: "pdns.service: Failed with result 'exit-code'.",
        source: "src/core/unit.c",
        proves: "The daemon ended in a way that systemd counts as a failure.",
        read: None,
    },
    Message {
        id: "systemd/main-process-exited",
        texts: &[
            ("..", "{unit}: Main process exited, code={code}, status={exit_status}"),
            ("..", "{unit}: main process exited, code={code}, status={exit_status}"),
        ],
        sample: "keepalived.service: Main process exited, code=killed, status=9/KILL",
        source: "src/core/service.c",
        proves: "How the daemon's main process ended: its own exit status, or the signal that killed it.",
        read: None,
    },
    Message {
        id: "systemd/control-process-exited",
        texts: &[
            ("..", "{unit}: Control process exited, code={code}, status={exit_status}"),
            ("..", "{unit}: control process exited, code={code} status={exit_status}"),
        ],
        sample: "keepalived.service: Control process exited, code=exited, status=1/FAILURE",
        source: "src/core/service.c",
        proves: "A command around the daemon (ExecStartPre, ExecReload, ExecStop) ended badly; the daemon itself may be up.",
        read: None,
    },
    Message {
        id: "systemd/restart-scheduled",
        texts: &[
            ("..", "{unit}: Scheduled restart job, restart counter is at {count}."),
            ("..", "{unit}: Service hold-off time over, scheduling restart."),
            ("..", "{unit}: Service RestartSec={delay} expired, scheduling restart."),
        ],
        sample: "pdns.service: Scheduled restart job, restart counter is at 1.",
        source: "src/core/service.c",
        proves: "systemd starts the daemon again by itself: it had died.",
        read: None,
    },
    Message {
        id: "systemd/restart-limit",
        texts: &[
            ("..", "{unit}: Start request repeated too quickly."),
            ("..", "start request repeated too quickly for {unit}"),
        ],
        sample: "pdns.service: Start request repeated too quickly.",
        source: "src/core/service.c",
        proves: "The daemon died so often that systemd gave up: it stays down.",
        read: None,
    },
    Message {
        id: "systemd/stop-timeout",
        texts: &[
            ("..", "{unit}: State '{state}' timed out. {action}"),
            ("..", "{unit} stopping timed out. {action}"),
            ("..", "{unit} stop-sigterm timed out. Killing."),
        ],
        sample: "keepalived.service: State 'stop-sigterm' timed out. Killing.",
        source: "src/core/service.c",
        proves: "The daemon did not end when asked and is killed: what it does at its end, keepalived's notify scripts among it, may not have run.",
        read: None,
    },
    Message {
        id: "systemd/start-timeout",
        texts: &[
            ("..", "{unit}: start operation timed out. Terminating."),
            ("..", "{unit}: Start operation timed out. Terminating."),
            ("..", "{unit} start operation timed out. Terminating."),
        ],
        sample: "pdns.service: start operation timed out. Terminating.",
        source: "src/core/service.c",
        proves: "The daemon did not report that it was up in time and is stopped.",
        read: None,
    },
    Message {
        id: "systemd/process-killed",
        texts: &[("..", "{unit}: Killing process {pid} ({process}) with signal {signal_name}.")],
        sample: "keepalived.service: Killing process 6793 (keepalived) with signal SIGKILL.",
        source: "src/core/unit.c",
        proves: "A process of the daemon was killed from outside; it had no time to give its addresses back.",
        read: None,
    },
    Message {
        id: "systemd/oom-kill",
        texts: &[("..", "{unit}: A process of this unit has been killed by the OOM killer.")],
        sample: "pdns.service: A process of this unit has been killed by the OOM killer.",
        source: "src/core/unit.c",
        proves: "The kernel killed a process of the daemon for want of memory.",
        read: None,
    },
    Message {
        id: "systemd/process-left-over",
        texts: &[(
            "..",
            "{unit}: Found left-over process {pid} ({process}) in control group while starting unit. Ignoring.",
        )],
        sample: "keepalived.service: Found left-over process 6793 (keepalived) in control group while starting unit. Ignoring.",
        source: "src/core/unit.c",
        proves: "An older process of the daemon still ran when it was started anew: two of them may send adverts.",
        read: None,
    },
    Message {
        id: "systemd/notification-refused",
        texts: &[
            (
                "..",
                "{unit}: Got notification message from PID {pid}, but reception only permitted for main PID {main_pid}",
            ),
            (
                "..",
                "{unit}: Got notification message from PID {pid}, but reception only permitted for main PID which is currently not known",
            ),
            ("..", "{unit}: Got notification message from PID {pid}, but reception is disabled."),
        ],
        sample: "keepalived.service: Got notification message from PID 280493, but reception only permitted for main PID 280492",
        source: "src/core/manager.c",
        proves: "A child of the daemon reported its state to systemd, which listens to another; the daemon itself is not touched.",
        read: None,
    },
    Message {
        id: "systemd/resources-consumed",
        texts: &[("..", "{unit}: Consumed {usage}.")],
        sample: "pdns.service: Consumed 1min 2.345s CPU time.",
        source: "src/core/unit.c",
        proves: "What the daemon had used when it ended.",
        read: None,
    },
    Message {
        id: "systemd/pid-file-missing",
        texts: &[
            ("..", "{unit}: Can't open PID file {path} (yet?) after start: {reason}"),
            ("..", "{unit}: PID file {path} not readable (yet?) after start: {reason}"),
            ("..", "{unit}: PID file {path} not readable (yet?) after start."),
        ],
        sample: "keepalived.service: Can't open PID file /run/keepalived.pid (yet?) after start: Operation not permitted",
        source: "src/core/service.c",
        proves: "systemd looked for the daemon's process id before the daemon had written it; harmless where `Started` follows.",
        read: None,
    },
];

#[cfg(test)]
mod tests {
    use super::super::{Fields, read_of_units};

    #[test]
    fn only_the_two_daemons_units_are_read() {
        for (line, expected) in [
            ("Started pdns.service - PowerDNS Authoritative Server.", Some("systemd/unit-started")),
            ("Started PowerDNS Authoritative Server.", Some("systemd/unit-started")),
            ("Stopped Keepalive Daemon (LVS and VRRP).", Some("systemd/unit-stopped")),
            ("Stopping LVS and VRRP High Availability Monitor...", Some("systemd/unit-stopping")),
            ("pdns@eu.service: Failed with result 'exit-code'.", Some("systemd/unit-failed")),
            (
                "keepalived.service: Main process exited, code=killed, status=9/KILL",
                Some("systemd/main-process-exited"),
            ),
            ("Started PowerDNS Recursor.", None),
            ("Started pdns-recursor.service - PowerDNS Recursor.", None),
            ("Started keepalived-exporter.service - Exporter.", None),
            ("Started Session 3 of user pdns.", None),
            ("nginx.service: Failed with result 'exit-code'.", None),
        ] {
            let read = read_of_units(line.as_bytes(), &mut Fields::default());
            assert_eq!(read.map(|message| message.id), expected, "{line}");
        }
    }
}
