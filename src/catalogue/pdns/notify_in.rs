//! NOTIFY as its receiver tells it.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Pdns};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/notify-in-not-primary",
        texts: &[
            ("2.9..=4.1.14", "Received NOTIFY for {zone} from {from} which is not a master"),
            ("4.2.0..=4.8.5", "Received NOTIFY for {zone} from {from} which is not a master (Refused)"),
            ("4.9.0..", "Received NOTIFY for {zone} from {from} which is not a primary (Refused)"),
            ("5.1.0..", r#"msg="Received NOTIFY but not a primary zone (Refused)" from="{from}" zone="{zone}""#),
        ],
        sample: "Received NOTIFY for example.com from 192.0.2.11 which is not a master (Refused)",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY came from an address that is not among the zone's primaries, and was refused: the zone is not checked for it. Anyone can send one; if the address is a primary's other one, that primary no longer leaves from the address it should.",
        read: Some(refused),
    },
    Message {
        id: "pdns/notify-in-not-allowed",
        texts: &[
            ("3.4.3..=3.4.11", "Received NOTIFY for {zone} from {from} but remote is not in allow-notify-from"),
            (
                "4.0.0..=4.1.14",
                "Received NOTIFY for {zone} from {from} but remote is not permitted by TSIG or allow-notify-from",
            ),
            (
                "4.2.0..",
                "Received NOTIFY for {zone} from {from} but the remote is not providing a TSIG key or in allow-notify-from (Refused)",
            ),
            (
                "5.1.0..",
                r#"msg="Received NOTIFY but remote is either not providing a TSIG key or not listed in allow-notify-from (Refused)" from="{from}" zone="{zone}""#,
            ),
        ],
        sample: "Received NOTIFY for example.com from 192.0.2.11 but the remote is not providing a TSIG key or in allow-notify-from (Refused)",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY was refused because its sender neither signed it nor is in allow-notify-from; the zone's primaries were not looked at.",
        read: Some(forbidden),
    },
    Message {
        id: "pdns/notify-in-queued",
        texts: &[
            (
                "2.9..=2.9.22",
                "Received valid NOTIFY for {zone} (id={domain_id}) from master {from}: {primary_serial} > {our_serial}",
            ),
            ("4.1.2..=4.3.2", "Queueing slave check for {zone}"),
            ("4.4.0..", "Received NOTIFY for {zone} from {from} - queueing check"),
            ("5.1.0..", r#"msg="Received NOTIFY, queueing check" from="{from}" zone="{zone}""#),
        ],
        sample: "Received NOTIFY for example.com from 192.0.2.11 - queueing check",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY from one of the zone's primaries was accepted and a check queued; its sender held that address at that moment.",
        read: Some(accepted),
    },
    Message {
        id: "pdns/notify-in-up-to-date",
        texts: &[
            (
                "2.9..=2.9.21",
                "Received NOTIFY for {zone} from master {from}, we are up to date: {primary_serial}<={our_serial}",
            ),
            (
                "2.9.22..=2.9.22",
                "Received NOTIFY for {zone} from {primary}, we are up to date: {primary_serial}<={our_serial}",
            ),
        ],
        sample: "Received NOTIFY for example.com from 192.0.2.10, we are up to date: 2026061502<=2026061501",
        source: "packethandler.cc",
        proves: "A primary announced a serial that this secondary already had.",
        read: Some(accepted),
    },
    Message {
        id: "pdns/notify-in-we-are-primary",
        texts: &[
            ("4.0.0..=4.1.14", "Received NOTIFY for {zone} from {from} but we are master, rejecting"),
            ("4.2.0..=4.6.4", "Received NOTIFY for {zone} from {from} but we are master (Refused)"),
            ("4.7.0..", "Received NOTIFY for {zone} from {from} but we are primary (Refused)"),
            ("5.1.0..", r#"msg="Received NOTIFY but we are primary (Refused)" from="{from}" zone="{zone}""#),
        ],
        sample: "Received NOTIFY for example.com from 192.0.2.11 but we are primary (Refused)",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY came for a zone of which this server is itself the primary: two servers think so, or somebody errs.",
        read: None,
    },
    Message {
        id: "pdns/notify-in-not-authoritative",
        texts: &[
            ("2.9..=4.1.14", "Received NOTIFY for {zone} from {from} for which we are not authoritative"),
            ("4.1.9..", "Received NOTIFY for {zone} from {from} for which we are not authoritative (Refused)"),
            (
                "4.2.0..=4.8.5",
                "Received NOTIFY for {zone} from {from} for which we are not authoritative, trying supermaster",
            ),
            (
                "4.9.0..",
                "Received NOTIFY for {zone} from {from} for which we are not authoritative, trying autoprimary",
            ),
            (
                "5.1.0..",
                r#"msg="Received NOTIFY for a zone for which we are not authoritative, trying autoprimary" from="{from}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Received NOTIFY for a zone for which we are not authoritative (Refused)" from="{from}" zone="{zone}""#,
            ),
        ],
        sample: "Received NOTIFY for example.com from 192.0.2.11 for which we are not authoritative (Refused)",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY came for a zone that does not exist here; it is refused or handed to autoprimary.",
        read: None,
    },
    Message {
        id: "pdns/notify-in-unsigned",
        texts: &[
            (
                "4.0.0..=4.1.14",
                "Received unsigned NOTIFY for {zone} from {from}: permitted because allow-unsigned-notify",
            ),
            ("4.0.0..=4.1.14", "Received unsigned NOTIFY for {zone} from {from}: refused"),
            ("4.2.0..", "Received unsigned NOTIFY for {zone} from {from} while a TSIG key was required (Refused)"),
            (
                "5.1.0..",
                r#"msg="Received unsigned NOTIFY while a TSIG key was required (Refused)" from="{from}" zone="{zone}""#,
            ),
        ],
        sample: "Received unsigned NOTIFY for example.com from 192.0.2.11 while a TSIG key was required (Refused)",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY came without the key that the zone demands; before 4.2.0 it may have been let through.",
        read: None,
    },
    Message {
        id: "pdns/notify-in-signed",
        texts: &[
            ("4.0.0..=4.1.14", "Received secure NOTIFY for {zone} from {from}, allowed by TSIG key '{key}'"),
            ("4.2.0..", "Received secure NOTIFY for {zone} from {from}, with TSIG key '{key}'"),
            ("5.1.0..", r#"msg="Received secure NOTIFY" from="{from}" tsig key="{key}" zone="{zone}""#),
        ],
        sample: "Received secure NOTIFY for example.com from 192.0.2.11, with TSIG key 'transfer-key'",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY was signed with a key that validates; whether it is accepted is said by the next line.",
        read: None,
    },
    Message {
        id: "pdns/notify-in-wrong-key",
        texts: &[
            (
                "4.0.0..=4.1.14",
                "Received secure NOTIFY for {zone} from {from}: expected TSIG key '{expected_key}, got '{key}'",
            ),
            (
                "4.2.0..",
                "Received secure NOTIFY for {zone} from {from}: expected TSIG key '{expected_key}', got '{key}' (Refused)",
            ),
            (
                "5.1.0..",
                r#"msg="Received secure NOTIFY with unexpected TSIG key (Refused)" expected="{expected_key}" from="{from}" key received="{key}" zone="{zone}""#,
            ),
        ],
        sample: "Received secure NOTIFY for example.com from 192.0.2.11: expected TSIG key 'transfer-key', got 'transfer-key' (Refused)",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY was signed with another key than the zone's and was refused.",
        read: Some(forbidden),
    },
    Message {
        id: "pdns/notify-in-disabled",
        texts: &[
            (
                "2.9..=4.8.5",
                "Received NOTIFY for {zone} from {from} but slave support is disabled in the configuration",
            ),
            (
                "4.9.0..",
                "Received NOTIFY for {zone} from {from} but secondary support is disabled in the configuration",
            ),
            (
                "5.1.0..",
                r#"msg="Received NOTIFY but secondary support is currently disabled" from="{from}" zone="{zone}""#,
            ),
        ],
        sample: "Received NOTIFY for example.com from 192.0.2.11 but slave support is disabled in the configuration",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY was dropped because this server is not a secondary at all.",
        read: None,
    },
    Message {
        id: "pdns/notify-in-proxy",
        texts: &[
            ("2.9.22..", "Received NOTIFY for {zone} from trusted-notification-proxy {from}"),
            ("2.9.22..=4.1.14", "However, {zone} does not have any masters defined"),
            ("4.2.0..=4.3.2", "However, {zone} does not have any masters defined (Refused)"),
            (
                "4.4.0..=4.8.5",
                "Received NOTIFY for {zone} from trusted-notification-proxy {from}, zone does not have any masters defined (Refused)",
            ),
            (
                "4.9.0..",
                "Received NOTIFY for {zone} from trusted-notification-proxy {from}, zone does not have any primaries defined (Refused)",
            ),
            (
                "5.1.0..",
                r#"msg="Received NOTIFY from trusted-notification-proxy, but zone does not have any primaries defined (Refused)" from="{from}" zone="{zone}""#,
            ),
            ("5.1.0..", r#"msg="Received NOTIFY from trusted-notification-proxy" from="{from}" zone="{zone}""#),
        ],
        sample: "Received NOTIFY for example.com from trusted-notification-proxy 192.0.2.11",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY came through the trusted proxy, which stands in for the primary's address.",
        read: None,
    },
    Message {
        id: "pdns/notify-in-relay",
        texts: &[
            ("4.1.0..", "Relaying notification of domain {zone} from {from} to {to}"),
            ("5.1.0..", r#"msg="Relaying notification" from="{from}" to="{to}" zone="{zone}""#),
        ],
        sample: "Relaying notification of domain example.com from 192.0.2.11 to 192.0.2.20:53",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY was passed on to another server.",
        read: None,
    },
    Message {
        id: "pdns/notify-in-serial-failed",
        texts: &[
            ("2.9..=2.9.20", "Unable to determine SOA serial for {zone} at potential supermaster {from}"),
            ("2.9..=2.9.20", "Unable to determine SOA serial for {zone} at {from}"),
        ],
        sample: "Unable to determine SOA serial for example.com at potential supermaster 192.0.2.10",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY came, but its sender could not be asked for the SOA.",
        read: None,
    },
    Message {
        id: "pdns/notify-in-debug",
        texts: &[
            ("4.1.2..", "Received NOTIFY for {zone} from {from}"),
            ("5.1.0..", r#"msg="Received NOTIFY" from="{from}" zone="{zone}""#),
        ],
        sample: "Received NOTIFY for example.com from 192.0.2.11",
        source: "pdns/packethandler.cc",
        proves: "A NOTIFY arrived; what became of it stands in another line.",
        read: None,
    },
];

fn refused(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::NotifyRefused { zone: fields.zone("zone")?, from: fields.address("from")? }))
}

fn forbidden(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::NotifyForbidden { zone: fields.zone("zone")?, from: fields.address("from")? }))
}

fn accepted(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::NotifyAccepted { zone: fields.zone("zone")?, from: fields.address("from") }))
}
