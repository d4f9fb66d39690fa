//! Which state a VRRP instance is in.
//!
//! The smallest example of a row is `state-master`.

use super::vrrp;
use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Vrrp};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/state-master",
        texts: &[
            ("1.2.1..=1.4.5", "VRRP_Instance({instance}) Entering MASTER STATE"),
            ("2.0.0..", "({instance}) Entering MASTER STATE"),
        ],
        sample: "(VI_1) Entering MASTER STATE",
        source: "keepalived/vrrp/vrrp.c",
        proves: "From now on this node is MASTER, and notify_master starts right after: what it moves comes here. It is printed once per mastership and does not prove that the script succeeded.",
        read: Some(master),
    },
    Message {
        id: "keepalived/state-master-pending",
        texts: &[
            ("1.2.1..=1.4.5", "VRRP_Instance({instance}) Transition to MASTER STATE"),
            ("1.2.22..=1.4.5", "VRRP_Instance({instance}): Transition to MASTER STATE"),
        ],
        sample: "VRRP_Instance(VI_1) Transition to MASTER STATE",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "This node won the election and sent an advert, but has neither the addresses nor run notify_master; it may still fall back without either.",
        read: Some(master_pending),
    },
    Message {
        id: "keepalived/state-backup",
        texts: &[
            ("1.2.1..=1.4.5", "VRRP_Instance({instance}) Entering BACKUP STATE"),
            ("1.2.22..=1.4.5", "VRRP_Instance({instance}): Entering BACKUP STATE"),
            ("2.0.0..", "({instance}) Entering BACKUP STATE"),
        ],
        sample: "(VI_1) Entering BACKUP STATE",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node is BACKUP from now on; notify_master's work is not undone by that. After an advert of higher priority it proves that it was MASTER, but 1.x also prints it at a start and at the end of a fault.",
        read: Some(backup),
    },
    Message {
        id: "keepalived/state-backup-init",
        texts: &[("2.0.0..", "({instance}) Entering BACKUP STATE (init)")],
        sample: "(VI_1) Entering BACKUP STATE (init)",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "This node starts as BACKUP; it is no demotion.",
        read: Some(backup_at_start),
    },
    Message {
        id: "keepalived/state-backup-now",
        texts: &[("1.2.1..=1.4.5", "VRRP_Instance({instance}) Now in BACKUP state")],
        sample: "VRRP_Instance(VI_1) Now in BACKUP state",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "This node is BACKUP after a fault.",
        read: Some(backup),
    },
    Message {
        id: "keepalived/state-fault",
        texts: &[
            ("1.2.1..=1.4.5", "VRRP_Instance({instance}) Entering FAULT STATE"),
            ("2.0.0..", "({instance}) Entering FAULT STATE"),
        ],
        sample: "(VI_1) Entering FAULT STATE",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node left the election: it is not MASTER from now on, and notify_fault starts.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-init",
        texts: &[("2.0.0..", "({instance}) Entering FAULT STATE (init)")],
        sample: "(VI_1) Entering FAULT STATE (init)",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "This node starts in FAULT; it is no demotion.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-now",
        texts: &[("1.2.1..=1.4.5", "VRRP_Instance({instance}) Now in FAULT state")],
        sample: "VRRP_Instance(VI_1) Now in FAULT state",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "This node is in FAULT and takes no part in the election.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-script",
        texts: &[("2.0.19..", "({instance}): entering FAULT state due to script {script}")],
        sample: "(VI_1): entering FAULT state due to script chk_pdns",
        source: "keepalived/vrrp/vrrp_track.c",
        proves: "This node leaves the election because a tracked script fails.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-interface",
        texts: &[("2.0.19..", "({instance}): entering FAULT state (interface {interface} down)")],
        sample: "(VI_1): entering FAULT state (interface eth0 down)",
        source: "keepalived/vrrp/vrrp_track.c",
        proves: "This node leaves the election because an interface it needs is down.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-no-address",
        texts: &[
            ("2.0.19..=2.0.19", "({instance}) entering FAULT state (no IPv4 address for interface)"),
            ("2.0.20..", "({instance}) entering FAULT state (no IPv{ip_version} address for interface)"),
        ],
        sample: "(VI_1) entering FAULT state (no IPv4 address for interface)",
        source: "keepalived/vrrp/vrrp_track.c",
        proves: "This node takes no part in the election because its interface has no address.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-src-address",
        texts: &[("2.1.0..", "({instance}): entering FAULT state (src address not configured)")],
        sample: "(VI_1): entering FAULT state (src address not configured)",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node takes no part in the election because the address it should send from is not on the interface.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-process",
        texts: &[("2.0.19..", "({instance}) entering FAULT state (tracked process {process} quorum not achieved)")],
        sample: "(VI_1) entering FAULT state (tracked process haproxy quorum not achieved)",
        source: "keepalived/vrrp/vrrp_track.c",
        proves: "This node takes no part in the election because too few processes of a tracked kind run.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-file",
        texts: &[("2.0.19..", "({instance}): entering FAULT state (tracked file {file} has status {status})")],
        sample: "(VI_1): entering FAULT state (tracked file gateway has status 1)",
        source: "keepalived/vrrp/vrrp_track.c",
        proves: "This node leaves the election because of what a tracked file holds.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-config",
        texts: &[("2.0.0..", "({instance}) entering FAULT state")],
        sample: "(VI_1) entering FAULT state",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node starts in FAULT; the reason stands in the line before.",
        read: Some(fault),
    },
    Message {
        id: "keepalived/state-fault-ah-sync",
        texts: &[("1.2.1..=1.4.5", "VRRP_Instance({instance}) in FAULT state jump to AH sync")],
        sample: "VRRP_Instance(VI_1) in FAULT state jump to AH sync",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "This node, in FAULT, caught up with a peer's AH sequence numbers.",
        read: None,
    },
    Message {
        id: "keepalived/state-bug",
        texts: &[("2.0.0..", "({instance}) vrrp_state_leave_master called with invalid wantstate {wantstate}")],
        sample: "(VI_1) vrrp_state_leave_master called with invalid wantstate 3",
        source: "keepalived/vrrp/vrrp.c",
        proves: "keepalived met a state it cannot have; its later lines deserve doubt.",
        read: None,
    },
];

fn master(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::MasterEntered)
}

fn master_pending(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::MasterPending)
}

fn backup(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::BackupEntered { at_start: false })
}

fn backup_at_start(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::BackupEntered { at_start: true })
}

fn fault(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::FaultEntered)
}
