//! Zones that make themselves: autoprimary, once called supermaster.

use crate::catalogue::message::Message;

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/autoprimary-created",
        texts: &[
            ("2.9.7..=3.3.3", "Created new slave zone '{zone}' from supermaster {autoprimary}, queued axfr"),
            ("3.4.0..=4.8.5", "Created new slave zone '{zone}' from supermaster {autoprimary}"),
            ("4.9.0..", "Created new secondary zone '{zone}' from autoprimary {autoprimary}"),
            (
                "5.1.0..",
                r#"msg="Created new secondary zone from autoprimary" autoprimary="{autoprimary}" zone="{zone}""#,
            ),
        ],
        sample: "Created new slave zone 'example.com' from supermaster 192.0.2.10",
        source: "pdns/packethandler.cc",
        proves: "A zone made itself after a NOTIFY from an autoprimary; its first transfer follows.",
        read: None,
    },
    Message {
        id: "pdns/autoprimary-error",
        texts: &[
            ("2.9..=2.9.20", "Error resolving SOA or NS for '{zone}' at {autoprimary}"),
            ("2.9..=3.1", "Unable to find backend willing to host {zone} for potential supermaster {autoprimary}"),
            ("2.9.21..=3.0.1", "Error resolving SOA or NS at: {autoprimary}: {reason}"),
            ("3.1..", "Error resolving SOA or NS for {zone} at: {autoprimary}: {reason}"),
            (
                "3.2..=3.4.11",
                "Unable to find backend willing to host {zone} for potential supermaster {autoprimary}. {count} remote nameservers: ",
            ),
            ("3.2..=4.8.5", "Database error trying to create {zone} for potential supermaster {autoprimary}: {reason}"),
            ("4.0.0..=4.8.5", "While checking for supermaster, did not find NS for {zone} at: {autoprimary}"),
            (
                "4.0.0..=4.8.5",
                "Received unsigned NOTIFY for {zone} from potential supermaster {autoprimary}. Refusing.",
            ),
            (
                "4.0.0..=4.8.5",
                "Unable to find backend willing to host {zone} for potential supermaster {autoprimary}. Remote nameservers: ",
            ),
            ("4.5.0..=4.8.5", "Failed to create {zone} for potential supermaster {autoprimary}"),
            ("4.9.0..", "While checking for autoprimary, did not find NS for {zone} at: {autoprimary}"),
            ("4.9.0..", "Received unsigned NOTIFY for {zone} from potential autoprimary {autoprimary}. Refusing."),
            (
                "4.9.0..",
                "Unable to find backend willing to host {zone} for potential autoprimary {autoprimary}. Remote nameservers: ",
            ),
            ("4.9.0..", "Failed to create {zone} for potential autoprimary {autoprimary}"),
            ("4.9.0..", "Database error trying to create {zone} for potential autoprimary {autoprimary}: {reason}"),
            ("5.1.0..", r#"msg="Error resolving SOA or NS" error="{reason}" domain="{zone}" remote="{autoprimary}""#),
            (
                "5.1.0..",
                r#"msg="While checking for autoprimary, did not find NS" domain="{zone}" remote="{autoprimary}""#,
            ),
            ("5.1.0..", r#"msg="Received unsigned NOTIFY" domain="{zone}" potential autoprimary="{autoprimary}""#),
            (
                "5.1.0..",
                r#"msg="Unable to find backend willing to host domain" domain="{zone}" potential autoprimary="{autoprimary}" remote nameservers="{nameservers}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Failed to create zone for potential autoprimary" potential autoprimary="{autoprimary}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Database error trying to create zone for potential autoprimary" error="{reason}" potential autoprimary="{autoprimary}" zone="{zone}""#,
            ),
        ],
        sample: "Unable to find backend willing to host example.com for potential supermaster 192.0.2.10. Remote nameservers:",
        source: "pdns/packethandler.cc",
        proves: "A zone did not make itself, although a NOTIFY asked for it.",
        read: None,
    },
];
