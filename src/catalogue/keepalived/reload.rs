//! Reloads.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Keepalived};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/reload-requested",
        texts: &[("2.0.8..", "Reloading ...")],
        sample: "Reloading ...",
        source: "keepalived/core/main.c",
        proves: "A reload was asked for; a MASTER stays MASTER and does not run its script again.",
        read: Some(reloading),
    },
    Message {
        id: "keepalived/reload-child",
        texts: &[
            ("1.2.1..=1.2.3", "Reloading Healthchecker child process({pid}) on signal"),
            ("1.2.1..=1.2.3", "Reloading VRRP child process({pid}) on signal"),
            ("1.2.9..=2.2.1", "Got SIGHUP, reloading checker configuration"),
            ("2.0.0..", "Reloading"),
        ],
        sample: "Reloading",
        source: "keepalived/bfd/bfd_daemon.c",
        proves: "A child reloads; in 1.x a MASTER then prints `Transition to MASTER STATE` without anything happening.",
        read: Some(reloading),
    },
    Message {
        id: "keepalived/reload-complete",
        texts: &[("2.2.2..", "Reload complete"), ("2.2.2..", "Startup complete")],
        sample: "Reload complete",
        source: "keepalived/core/config_notify.c",
        proves: "A start or a reload is done.",
        read: None,
    },
    Message {
        id: "keepalived/reload-finished",
        texts: &[("2.0.0..", "Reload finished in {microseconds} usec")],
        sample: "Reload finished in 2417 usec",
        source: "keepalived/bfd/bfd_daemon.c",
        proves: "How long a child's reload took.",
        read: None,
    },
    Message {
        id: "keepalived/reload-validation",
        texts: &[
            ("2.2.0..=2.2.1", "Could not run config_test"),
            ("2.2.0..", "New config failed validation, see {reload_check_config} for details"),
            ("2.2.0..", "validate conf before Reload"),
            ("2.2.2..", "Could not run config-test"),
            ("2.2.2..", "fcntl() on config-test fd failed - errno {errno}"),
            ("2.2.2..", r#"readlink("/proc/self/exe" failed - errno {errno} - config-test aborted"#),
            ("2.2.3..", "Processing queued reload"),
            ("2.2.3..", "Reload already in progress, request queued"),
        ],
        sample: "New config failed validation, see /run/keepalived_check.log for details",
        source: "keepalived/core/config_notify.c",
        proves: "The new configuration is tried before the reload, and what came of it.",
        read: None,
    },
    Message {
        id: "keepalived/reload-scheduled",
        texts: &[
            ("2.1.0..", "Cancelling reload but no thread"),
            ("2.1.0..", "Cancelling reload scheduled for {time}"),
            ("2.1.0..", "Directory of reload timer file has disappeared. Monitoring stopped."),
            ("2.1.0..", "Invalid reload time '{time}' specified - ignoring"),
            ("2.1.0..", "Reload date/time is in the past - ignoring"),
            ("2.1.0..", "Reload date/time {time} invalid - ignoring"),
            ("2.1.0..", "Reload time updated from {old_time} to {time}"),
            ("2.1.0..", "Reload time {time} format is incorrect - ignoring"),
            ("2.1.0..", "Reload time {time} is in the past - ignoring"),
            ("2.1.0..", "Reload time {time} is not valid - ignoring"),
            ("2.1.0..", "Scheduling reload for {time}"),
            ("2.1.0..", "Unable to monitor reload timer file directory {dir}- ignoring"),
        ],
        sample: "Cancelling reload but no thread",
        source: "keepalived/core/reload_monitor.c",
        proves: "A reload at a set time was planned, changed, or refused.",
        read: None,
    },
    Message {
        id: "keepalived/reload-rejected",
        texts: &[
            ("1.2.24..", "Cannot change instance name at a reload - please restart {package}"),
            ("1.2.24..", "Cannot change network namespace at a reload - please restart {package}"),
            ("2.0.11..", "Cannot change nftables table name at a reload - please restart {package}"),
            ("2.2.0..", "Cannot change config_directory at a reload - please restart {package}"),
            ("2.2.0..", "Cannot change disable_local_igmp at a reload - please restart {package}"),
            ("2.2.2..", "Cannot change IPVS nftables table name at a reload - please restart {package}"),
            ("2.2.5..", "Cannot change IPVS network namespace at a reload - please restart {package}"),
        ],
        sample: "Cannot change instance name at a reload - please restart keepalived",
        source: "keepalived/core/main.c",
        proves: "This setting cannot change by a reload, so the old one stays.",
        read: None,
    },
];

fn reloading(_: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Keepalived(Keepalived::Reloading))
}
