//! Sync groups: one member hears the advert, the others only follow.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, GroupState};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/group-master",
        texts: &[("1.2.1..", "VRRP_Group({group}) Syncing instances to MASTER state")],
        sample: "VRRP_Group(G1) Syncing instances to MASTER state",
        source: "keepalived/vrrp/vrrp_sync.c",
        proves: "The group's members follow one of them to MASTER; they are told so here instead of hearing an advert themselves.",
        read: Some(group_master),
    },
    Message {
        id: "keepalived/group-backup",
        texts: &[("1.2.1..", "VRRP_Group({group}) Syncing instances to BACKUP state")],
        sample: "VRRP_Group(G1) Syncing instances to BACKUP state",
        source: "keepalived/vrrp/vrrp_sync.c",
        proves: "The group's members follow one of them to BACKUP.",
        read: Some(group_backup),
    },
    Message {
        id: "keepalived/group-fault",
        texts: &[
            ("1.2.1..", "VRRP_Group({group}) Syncing instances to FAULT state"),
            ("2.0.0..=2.0.18", "VRRP_Group({group}): Syncing instances to FAULT state"),
            ("2.0.19..", "VRRP_Group({group}): Syncing {instance} to FAULT state"),
        ],
        sample: "VRRP_Group(G1): Syncing VI_2 to FAULT state",
        source: "keepalived/vrrp/vrrp_track.c",
        proves: "The group's members follow one of them to FAULT.",
        read: Some(group_fault),
    },
    Message {
        id: "keepalived/group-master-pending",
        texts: &[("1.2.1..=1.4.5", "VRRP_Group({group}) Transition to MASTER state")],
        sample: "VRRP_Group(G1) Transition to MASTER state",
        source: "keepalived/vrrp/vrrp_sync.c",
        proves: "The group's members are told to become MASTER; addresses and scripts come an interval later.",
        read: Some(group_pending),
    },
    Message {
        id: "keepalived/group-leave-fault",
        texts: &[("1.2.1..=1.4.5", "VRRP_Group({group}) Leaving FAULT state")],
        sample: "VRRP_Group(G1) Leaving FAULT state",
        source: "keepalived/vrrp/vrrp_sync.c",
        proves: "The group's members may take part in the election again.",
        read: None,
    },
    Message {
        id: "keepalived/group-up",
        texts: &[("1.2.1..=1.4.5", "Kernel is reporting: Group({group}) UP")],
        sample: "Kernel is reporting: Group(G1) UP",
        source: "keepalived/vrrp/vrrp_sync.c",
        proves: "No interface holds the group back any longer.",
        read: None,
    },
    Message {
        id: "keepalived/group-reload",
        texts: &[
            ("1.2.20..=1.4.5", "VRRP_Group({group}) - Found saved old sync-group called {old_group}"),
            ("1.2.20..=1.4.5", "VRRP_Group({group}) Detected instance removed from sync-group, forcing BACKUP"),
            ("1.2.20..=1.4.5", "VRRP_Group({group}) Restoring saved sync State : {state}"),
            ("1.2.20..=1.4.5", "VRRP_Instance({instance}) used for VRRP_Group({group}) refresh sync"),
        ],
        sample: "VRRP_Group(G1) - Found saved old sync-group called G2",
        source: "keepalived/vrrp/vrrp.c",
        proves: "After a reload a group goes on as the line says.",
        read: None,
    },
    Message {
        id: "keepalived/group-config",
        texts: &[
            ("1.2.20..=2.0.11", "Sync group {group} has only {count} virtual router(s) - removing"),
            ("1.2.20..", "Virtual router {instance} cannot exist in more than one sync group; ignoring {group}"),
            ("1.2.20..", "Virtual router {instance} specified in sync group {group} doesn't exist - ignoring"),
            (
                "1.4.0..=2.0.11",
                "Sync group {group} has only {count} virtual router(s) - this probably isn't what you want",
            ),
            ("2.0.0..=2.0.20", "Sync group {group} has no virtual router(s) - removing"),
            (
                "2.0.0..=2.0.6",
                "Sync group {group} has some member(s) as address owner and some not as address owner. This won't work",
            ),
            (
                "2.0.7..",
                "Sync group {group} has some member(s) as address owner and some not as address owner. This won't work.",
            ),
            (
                "2.0.12..=2.0.20, 2.2.3..",
                "Sync group {group} has only 1 virtual router(s) - this probably isn't what you want",
            ),
            ("2.1.0..", "Sync group {group} has no virtual router(s). removing"),
            (
                "2.1.0..=2.2.2",
                "Sync group {group} has only 1 virtual router(s) - this probably isn't what you want - removing",
            ),
            ("2.1.0..", "Sync group {group}, no matching virtual router found in group declaration - removing"),
            ("2.2.8..", "Sync group {group} has no members - removing"),
        ],
        sample: "Virtual router VI_1 cannot exist in more than one sync group; ignoring G1",
        source: "keepalived/vrrp/vrrp_parser.c",
        proves: "A group's members are wrong or too few.",
        read: None,
    },
    Message {
        id: "keepalived/group-sync-needed",
        texts: &[("1.2.1..=1.4.5", "Sync instance needed on {interface} !!!")],
        sample: "Sync instance needed on eth0 !!!",
        source: "keepalived/vrrp/vrrp.c",
        proves: "Two instances on one interface should be in one group.",
        read: None,
    },
];

fn group_master(fields: &Fields<'_>) -> Option<Fact> {
    group(fields, GroupState::Master)
}

fn group_backup(fields: &Fields<'_>) -> Option<Fact> {
    group(fields, GroupState::Backup)
}

fn group_fault(fields: &Fields<'_>) -> Option<Fact> {
    group(fields, GroupState::Fault)
}

fn group_pending(fields: &Fields<'_>) -> Option<Fact> {
    group(fields, GroupState::MasterPending)
}

fn group(fields: &Fields<'_>, state: GroupState) -> Option<Fact> {
    Some(Fact::Group { group: fields.text("group")?, instance: fields.text("instance"), state })
}
