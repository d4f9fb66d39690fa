//! Adverts that decide who is MASTER, and priorities.
//!
//! `Received advert … lower priority` is a MASTER speaking, `received lower priority (N) advert` a BACKUP: never compare without case.

use super::vrrp;
use crate::catalogue::message::{Fields, Message};
use crate::event::{Advert, Fact, Vrrp};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "keepalived/advert-lower-priority",
        texts: &[
            ("1.2.1..=1.2.20", "VRRP_Instance({instance}) Received lower prio advert, forcing new election"),
            ("1.2.14..=1.2.15", "VRRP_Instance({instance}) Received lower prio advert in nopreempt mode"),
            (
                "1.2.21..=1.2.24",
                "VRRP_Instance({instance}) Received lower prio advert {their_priority}, forcing new election",
            ),
            (
                "1.3.0..=1.4.5",
                "VRRP_Instance({instance}) Received advert with lower priority {their_priority}, ours {our_priority}, forcing new election",
            ),
            (
                "2.0.0..",
                "({instance}) Received advert from {source} with lower priority {their_priority}, ours {our_priority}",
            ),
            (
                "2.0.0..",
                "({instance}) Received advert from {source} with lower priority {their_priority}, ours {our_priority}, forcing new election",
            ),
        ],
        sample: "(VI_1) Received advert from 192.0.2.2 with lower priority 102, ours 103, forcing new election",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node is MASTER and stays MASTER, and at this moment another node believes it is MASTER too. Since this node's state does not change, its notify_master does not run again: what the other node's script moved stays moved (in 1.x the other node ran it only if its own log says `Entering MASTER STATE`).",
        read: Some(heard_lower),
    },
    Message {
        id: "keepalived/advert-higher-priority",
        texts: &[
            ("1.2.1..=1.2.20", "VRRP_Instance({instance}) Received higher prio advert"),
            ("1.2.21..=1.2.24", "VRRP_Instance({instance}) Received higher prio advert {their_priority}"),
            (
                "1.3.0..=1.4.0",
                "VRRP_Instance({instance}) Received advert with higher priority {their_priority}, ours {our_priority}",
            ),
            (
                "1.4.1..=1.4.5",
                "VRRP_Instance({instance}) Master received advert with higher priority {their_priority}, ours {our_priority}",
            ),
            (
                "2.0.0..",
                "({instance}) Master received advert from {source} with higher priority {their_priority}, ours {our_priority}",
            ),
        ],
        sample: "(VI_1) Master received advert from 192.0.2.1 with higher priority 103, ours 102",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node was MASTER, another node is, and this one yields now. What its own notify_master moved stays where it put it, unless the other node's script runs after this; a node that was MASTER all along does not run it.",
        read: Some(heard_higher),
    },
    Message {
        id: "keepalived/advert-equal-priority-higher-ip",
        texts: &[
            (
                "1.4.1..=1.4.5",
                "VRRP_Instance({instance}) Master received advert with same priority {their_priority} but higher IP address than ours ({source})",
            ),
            (
                "2.0.0..",
                "({instance}) Master received advert from {source} with same priority {their_priority} but higher IP address than ours",
            ),
        ],
        sample: "(VI_1) Master received advert from 192.0.2.2 with same priority 100 but higher IP address than ours",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node was MASTER, another of the same priority with a higher address is, and this one yields now.",
        read: Some(heard_higher),
    },
    Message {
        id: "keepalived/advert-lower-priority-in-backup",
        texts: &[(
            "2.0.0..",
            "({instance}) received lower priority ({their_priority}) advert from {source} - discarding",
        )],
        sample: "(VI_1) received lower priority (102) advert from 192.0.2.2 - discarding",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node is BACKUP and waits to preempt a MASTER of lower priority, as a preferred node does after a start; it proves no rival.",
        read: Some(heard_lower_as_backup),
    },
    Message {
        id: "keepalived/advert-priority-zero-in-backup",
        texts: &[("2.0.0..", "({instance}) Backup received priority 0 advertisement")],
        sample: "(VI_1) Backup received priority 0 advertisement",
        source: "keepalived/vrrp/vrrp.c",
        proves: "The MASTER stepped down on purpose, and this BACKUP takes over within a second.",
        read: Some(heard_zero_as_backup),
    },
    Message {
        id: "keepalived/advert-priority-zero-in-master",
        texts: &[("2.0.0..=2.0.7, 2.1.0..", "({instance}) Master received priority 0 message")],
        sample: "(VI_1) Master received priority 0 message",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node is MASTER and heard another MASTER step down.",
        read: Some(heard_zero_as_master),
    },
    Message {
        id: "keepalived/advert-priority-zero-or-higher",
        texts: &[("2.0.8..=2.0.20", "({instance}) Master received priority 0 or lower priority advert")],
        sample: "(VI_1) Master received priority 0 or lower priority advert",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node is MASTER and heard priority 0, or in these releases a higher one that it is about to answer; `lower priority` in the text is wrong.",
        read: Some(heard_zero_as_master),
    },
    Message {
        id: "keepalived/advert-timeout",
        texts: &[("2.0.3..", "({instance}) Receive advertisement timeout")],
        sample: "(VI_1) Receive advertisement timeout",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "This node was BACKUP and heard no acceptable advert for about three intervals; only with -D, so its absence proves nothing.",
        read: Some(timed_out),
    },
    Message {
        id: "keepalived/sent-priority-zero",
        texts: &[
            ("1.2.6..=1.2.19", "VRRP_Instance({instance}) sending 0 priority"),
            ("1.2.20..=1.4.5", "VRRP_Instance({instance}) sent 0 priority"),
            ("2.0.0..", "({instance}) sent 0 priority"),
        ],
        sample: "(VI_1) sent 0 priority",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node stepped down on purpose; from 2.x on only with -D.",
        read: Some(sent_zero),
    },
    Message {
        id: "keepalived/preempt-forced",
        texts: &[("1.2.1..=1.4.5", "VRRP_Instance({instance}) forcing a new MASTER election")],
        sample: "VRRP_Instance(VI_1) forcing a new MASTER election",
        source: "keepalived/vrrp/vrrp.c",
        proves: "A preferred node that came back takes over from a MASTER of lower priority; that is no split.",
        read: Some(election_forced),
    },
    Message {
        id: "keepalived/preempt-from-fault",
        texts: &[("1.2.1..=1.4.5", "VRRP_Instance({instance}) prio is higher than received advert")],
        sample: "VRRP_Instance(VI_1) prio is higher than received advert",
        source: "keepalived/vrrp/vrrp_scheduler.c",
        proves: "This node left FAULT and found the MASTER's priority below its own.",
        read: None,
    },
    Message {
        id: "keepalived/preempt-delay-start",
        texts: &[
            ("1.2.17..=2.0.7", "VRRP_Instance({instance}) start preempt delay({seconds})"),
            ("2.0.8..", "({instance}) start preempt delay ({seconds}.{microseconds})"),
        ],
        sample: "(VI_1) start preempt delay (3.000123)",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node would preempt, but waits as configured.",
        read: None,
    },
    Message {
        id: "keepalived/preempt-delay-stop",
        texts: &[
            ("1.2.17..=1.4.5", "VRRP_Instance({instance}) reset preempt delay"),
            ("2.0.0..=2.0.7", "VRRP_Instance({instance}) stop preempt delay"),
            ("2.0.8..", "({instance}) stop preempt delay"),
        ],
        sample: "(VI_1) stop preempt delay",
        source: "keepalived/vrrp/vrrp.c",
        proves: "The wait before preempting is over, or was called off because a better MASTER is there.",
        read: None,
    },
    Message {
        id: "keepalived/priority-changed",
        texts: &[
            ("1.2.21..=1.2.24", "VRRP_Instance({instance}) Effective priority = {new_priority}"),
            (
                "1.3.0..=1.4.5",
                "VRRP_Instance({instance}) Changing effective priority from {old_priority} to {new_priority}",
            ),
            ("2.0.0..", "({instance}) Changing effective priority from {old_priority} to {new_priority}"),
        ],
        sample: "(VI_1) Changing effective priority from 101 to 103",
        source: "keepalived/vrrp/vrrp_track.c",
        proves: "A tracked object changed this node's effective priority, which explains the priorities in later adverts.",
        read: Some(priority_changed),
    },
    Message {
        id: "keepalived/priority-set-by-file",
        texts: &[("2.0.20..", "({instance}) Setting effective priority to {our_priority}")],
        sample: "(VI_1) Setting effective priority to 100",
        source: "keepalived/trackers/track_file.c",
        proves: "A tracked file set this node's effective priority.",
        read: None,
    },
    Message {
        id: "keepalived/priority-restored",
        texts: &[
            (
                "2.3.3..",
                "({instance}) Restoring our priority to {owner_priority} since other address owner has disappeared",
            ),
            (
                "2.3.3..",
                "({instance}) Restoring our priority to {owner_priority} since received advert with lower priority",
            ),
        ],
        sample: "(VI_1) Restoring our priority to 255 since received advert with lower priority",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node has its own priority back after another address owner went away.",
        read: None,
    },
    Message {
        id: "keepalived/master-observed",
        texts: &[
            ("2.3.3..", "({instance}) master changed from {old_source} to {source}"),
            ("2.3.3..", "({instance}) master set to {source}"),
        ],
        sample: "(VI_1) master set to 192.0.2.2",
        source: "keepalived/vrrp/vrrp.c",
        proves: "Which node this BACKUP takes for MASTER; only 2.3.3 and later, with -D.",
        read: None,
    },
    Message {
        id: "keepalived/advert-own-address",
        texts: &[
            ("1.2.22..=1.2.23", "({instance}): WARNING - advert received from remote host with our IP address."),
            (
                "1.2.24..=1.4.5",
                "({instance}): WARNING - equal priority advert received from remote host with our IP address.",
            ),
            ("2.0.0..", "({instance}) WARNING - equal priority advert received from remote host with our IP address."),
        ],
        sample: "(VI_1) WARNING - equal priority advert received from remote host with our IP address.",
        source: "keepalived/vrrp/vrrp.c",
        proves: "An advert came that claims this node's own address: an address is doubled or packets come back.",
        read: None,
    },
    Message {
        id: "keepalived/advert-dual-address-owner",
        texts: &[
            (
                "1.2.22..=1.4.5",
                "({instance}): CONFIGURATION ERROR: local instance and a remote instance are both configured as address owner, please fix - reducing local priority",
            ),
            (
                "2.0.0..=2.3.2",
                "({instance}) CONFIGURATION ERROR: local instance and a remote instance are both configured as address owner, please fix - reducing local priority",
            ),
            (
                "2.3.3..",
                "({instance}) CONFIGURATION ERROR: local instance and {source} are both configured as address owner, please resolve",
            ),
        ],
        sample: "(VI_1) CONFIGURATION ERROR: local instance and a remote instance are both configured as address owner, please fix - reducing local priority",
        source: "keepalived/vrrp/vrrp.c",
        proves: "Two nodes are configured with priority 255, and both think that the addresses are theirs.",
        read: None,
    },
    Message {
        id: "keepalived/advert-rogue-owner",
        texts: &[(
            "2.3.3..",
            "({instance}) {source} is still advertising as address owner, please resolve - reducing our priority",
        )],
        sample: "(VI_1) 192.0.2.2 is still advertising as address owner, please resolve - reducing our priority",
        source: "keepalived/vrrp/vrrp.c",
        proves: "Another node still claims to own the addresses, so this one lowers its priority.",
        read: None,
    },
    Message {
        id: "keepalived/rogue-owner-gone",
        texts: &[("2.3.3..", "({instance}): rogue address owner appears to have stopped advertising")],
        sample: "(VI_1): rogue address owner appears to have stopped advertising",
        source: "keepalived/vrrp/vrrp.c",
        proves: "The other node that claimed to own the addresses fell silent.",
        read: None,
    },
    Message {
        id: "keepalived/advert-owner-ignored",
        texts: &[("2.3.3..", "({instance}) Dropping packet(s) from {source} since we are address owner")],
        sample: "(VI_1) Dropping packet(s) from 192.0.2.2 since we are address owner",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node owns the addresses and drops what others send.",
        read: None,
    },
    Message {
        id: "keepalived/send-error-multicast",
        texts: &[("2.0.16..", "({instance}): send advert error {errno} ({errno_text})")],
        sample: "(VI_1): send advert error 1 (Operation not permitted)",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node could not send its adverts, so others may take over while it stays MASTER.",
        read: None,
    },
    Message {
        id: "keepalived/send-error-unicast",
        texts: &[
            ("1.2.8..=1.2.19", "VRRP_Instance({instance}) Cant sent advert to {peer} ({errno_text})"),
            ("1.2.20..=1.4.5", "VRRP_Instance({instance}) Cant send advert to {peer} ({errno_text})"),
            ("2.0.0..", "({instance}) Cant send advert to {peer} ({errno_text})"),
        ],
        sample: "(VI_1) Cant send advert to 192.0.2.2 (Invalid argument)",
        source: "keepalived/vrrp/vrrp.c",
        proves: "This node could not send its advert to this peer, which may take over while it stays MASTER.",
        read: None,
    },
    Message {
        id: "keepalived/send-no-address",
        texts: &[("2.0.17..", "No address yet for {interface}")],
        sample: "No address yet for eth0",
        source: "keepalived/vrrp/vrrp.c",
        proves: "The interface has no address to send adverts from yet.",
        read: None,
    },
];

fn heard_lower(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::HeardLower(advert(fields)))
}

fn heard_higher(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::HeardHigher(advert(fields)))
}

fn heard_lower_as_backup(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::HeardLowerAsBackup(advert(fields)))
}

fn heard_zero_as_backup(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::HeardZeroAsBackup)
}

fn heard_zero_as_master(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::HeardZeroAsMaster)
}

fn timed_out(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::AdvertTimedOut)
}

fn sent_zero(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::SentZero)
}

fn election_forced(fields: &Fields<'_>) -> Option<Fact> {
    vrrp(fields, Vrrp::ElectionForced)
}

fn priority_changed(fields: &Fields<'_>) -> Option<Fact> {
    let (from, to) = (fields.number("old_priority")?, fields.number("new_priority")?);
    vrrp(fields, Vrrp::PriorityChanged { from, to })
}

fn advert(fields: &Fields<'_>) -> Advert {
    Advert {
        from: fields.address("source"),
        theirs: fields.number("their_priority"),
        ours: fields.number("our_priority"),
    }
}
