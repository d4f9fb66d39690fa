//! NOTIFY as its sender tells it.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Pdns};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/notify-out-queued",
        texts: &[
            ("2.9.3..", "Queued notification of domain '{zone}' to {to}"),
            ("5.1.0..", r#"msg="Queued notification" address="{to}" domain="{zone}""#),
        ],
        sample: "Queued notification of domain 'example.com' to 192.0.2.20:53",
        source: "pdns/mastercommunicator.cc",
        proves: "This primary is about to send a NOTIFY to a name server of the zone; it proves neither sending nor receipt.",
        read: Some(queued),
    },
    Message {
        id: "pdns/notify-out-also-queued",
        texts: &[
            ("2.9.3..", "Queued also-notification of domain '{zone}' to {to}"),
            ("5.1.0..", r#"msg="Queued also-notification" domain="{zone}" target="{to}""#),
        ],
        sample: "Queued also-notification of domain 'example.com' to 192.0.2.20:53",
        source: "pdns/mastercommunicator.cc",
        proves: "This primary is about to send a NOTIFY to an address from also-notify; it proves neither sending nor receipt.",
        read: Some(queued),
    },
    Message {
        id: "pdns/notify-out-acked",
        texts: &[
            ("2.9.3..=3.3.3, 4.0.0..", "Removed from notification list: '{zone}' to {to} (was acknowledged)"),
            ("3.4.0..=3.4.11", "Removed from notification list: '{zone}' to {to}(was acknowledged)"),
            ("5.1.0..", r#"msg="Removed from notification list" domain="{zone}" remote="{to}" result="acknowledged""#),
        ],
        sample: "Removed from notification list: 'example.com' to 192.0.2.20:53 (was acknowledged)",
        source: "pdns/mastercommunicator.cc",
        proves: "The receiver acknowledged the NOTIFY: packets went both ways; whether it then fetched the zone is not said.",
        read: Some(acknowledged),
    },
    Message {
        id: "pdns/notify-out-rejected",
        texts: &[
            ("2.9..=2.9.22", "Received unsuccesful notification report for '{zone}' from {to}, rcode: {rcode}"),
            ("2.9.3..=3.3.3", "Removed from notification list: '{zone}' to {to}"),
            ("3.0..=3.3.3", "Received unsuccessful notification report for '{zone}' from {to}, rcode: {rcode}"),
            ("3.4.0..", "Received unsuccessful notification report for '{zone}' from {to}, error: {rcode}"),
            (
                "3.4.0..=3.4.11",
                "Removed from notification list: '{zone}' to {to}{result:Form Error|Server Failure|Non-Existent domain|Not Implemented|Query Refused|Name Exists when it should not|RR Set Exists when it should not|RR Set that should exist does not|Server Not Authoritative for zone / Not Authorized|Name not contained in zone}",
            ),
            ("4.0.0..", "Removed from notification list: '{zone}' to {to} {result}"),
            (
                "5.1.0..",
                r#"msg="Received unsucessful notification report" error="{rcode}" domain="{zone}" remote="{to}""#,
            ),
            ("5.1.0..", r#"msg="Removed from notification list" domain="{zone}" remote="{to}" result="{result}""#),
        ],
        sample: "Received unsuccessful notification report for 'example.com' from 192.0.2.20:53, error: Query Refused",
        source: "pdns/mastercommunicator.cc",
        proves: "The receiver answered the NOTIFY with an error: it was reached and refused, most often because the NOTIFY left from an address it does not know as a primary.",
        read: Some(rejected),
    },
    Message {
        id: "pdns/notify-out-failed",
        texts: &[
            ("2.9..", "Notification for {zone} to {to} failed after retries"),
            ("5.1.0..", r#"msg="Notification failed after retries" domain="{zone}" remote="{to}""#),
        ],
        sample: "Notification for example.com to 192.0.2.20:53 failed after retries",
        source: "pdns/mastercommunicator.cc",
        proves: "The receiver answered no NOTIFY within the retries: it is down, unreachable, or silent.",
        read: Some(unanswered),
    },
    Message {
        id: "pdns/notify-out-needed",
        texts: &[
            ("2.9..=4.6.4", "{count} domain{s} for which we are master need{s} notifications"),
            ("4.7.0..=4.9.17", "{count} domain{s} for which we are primary or consumer need{s} notifications"),
            ("5.0.0..", "{count} domain{s} for which we are primary or producer need{s} notifications"),
            (
                "5.1.0..",
                r#"msg="domains for which we are primary or producer in need of notification" count="{count}""#,
            ),
        ],
        sample: "1 domain for which we are primary or consumer need notifications",
        source: "pdns/auth-primarycommunicator.cc",
        proves: "So many zones changed since their secondaries were last told, and NOTIFY follows.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-none",
        texts: &[
            ("2.9..=4.6.4", "No master domains need notifications"),
            ("4.7.0..", "no primary or producer domains need notifications"),
            ("5.1.0..", r#"msg="no primary or producer domain needs notifications""#),
        ],
        sample: "no primary or producer domains need notifications",
        source: "pdns/mastercommunicator.cc",
        proves: "No zone changed since the last round; printed only after a change.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-skipped",
        texts: &[
            ("3.4.0..=3.4.11", "Skiped notification of domain '{zone}' to {to} because it does not match only-notify."),
            ("4.0.0..=4.5.5", "Skipped notification of domain '{zone}' to {to} because it does not match only-notify."),
            (
                "4.6.0..",
                "Skipped notification of domain '{zone}' to {nameserver} because {to} does not match only-notify.",
            ),
            (
                "5.1.0..",
                r#"msg="Skipped notification because address does not match only-notify" address="{to}" domain="{zone}" nameserver="{nameserver}""#,
            ),
        ],
        sample: "Skipped notification of domain 'example.com' to ns2.example.com because 192.0.2.21 does not match only-notify.",
        source: "pdns/mastercommunicator.cc",
        proves: "An address was left out because only-notify does not name it.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-ns-unresolved",
        texts: &[
            ("2.9.7..=4.5.5", "Unable to queue notification of domain '{zone}': nameservers do not resolve!"),
            ("4.0.8..=4.0.9, 4.1.10..", "Error looking up name servers for {zone}, cannot notify: {reason}"),
            (
                "4.6.0..",
                "Unable to queue notification of domain '{zone}' to nameserver '{nameserver}': nameserver does not resolve!",
            ),
            (
                "5.1.0..",
                r#"msg="Unable to queue notification, nameserver does not resolve!" domain="{zone}" nameserver="{nameserver}""#,
            ),
            ("5.1.0..", r#"msg="Error looking up name servers, cannot notify" error="{reason}" domain="{zone}""#),
        ],
        sample: "Error looking up name servers for example.com, cannot notify: Timeout waiting for answer",
        source: "pdns/mastercommunicator.cc",
        proves: "A name server of the zone has no address here, so it gets no NOTIFY.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-nobody",
        texts: &[
            (
                "3.4.0..",
                "Request to queue notification for domain '{zone}' was processed, but no valid nameservers or ALSO-NOTIFYs found. Not notifying!",
            ),
            (
                "5.1.0..",
                r#"msg="Request to queue notification was processed, but no valid nameservers or ALSO-NOTIFYs found. Not notifying!" domain="{zone}""#,
            ),
        ],
        sample: "Request to queue notification for domain 'example.com' was processed, but no valid nameservers or ALSO-NOTIFYs found. Not notifying!",
        source: "pdns/mastercommunicator.cc",
        proves: "Nobody was told of the zone's change: no name server resolves and also-notify is empty.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-bad-also",
        texts: &[
            ("3.4.0..", "Unparseable IP in ALSO-NOTIFY metadata of domain '{zone}'. Warning: {reason}"),
            ("5.1.0..", r#"msg="Unparseable IP in ALSO-NOTIFY metadata" error="{reason}" domain="{zone}""#),
        ],
        sample: "Unparseable IP in ALSO-NOTIFY metadata of domain 'example.com'. Warning: Timeout waiting for answer",
        source: "pdns/mastercommunicator.cc",
        proves: "The zone's ALSO-NOTIFY holds an address that cannot be read.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-no-domain",
        texts: &[
            ("2.9..", "No such domain '{zone}' in our database"),
            ("5.1.0..", r#"msg="No such domain in our database" domain="{zone}""#),
        ],
        sample: "No such domain 'example.com' in our database",
        source: "pdns/mastercommunicator.cc",
        proves: "A NOTIFY was asked for a zone that does not exist here.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-spurious",
        texts: &[
            ("2.9..", "Received spurious notify answer for '{zone}' from {to}"),
            ("5.1.0..", r#"msg="Received spurious notify answer" domain="{zone}" remote="{to}""#),
        ],
        sample: "Received spurious notify answer for 'example.com' from 192.0.2.20:53",
        source: "pdns/mastercommunicator.cc",
        proves: "An answer to a NOTIFY came that nothing waits for: late, doubled, or forged.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-unparsable",
        texts: &[
            ("2.9..", "Unable to parse SOA notification answer from {to}"),
            ("5.1.0..", r#"msg="Unable to parse SOA notification answer" remote="{to}""#),
        ],
        sample: "Unable to parse SOA notification answer from 192.0.2.20:53",
        source: "pdns/mastercommunicator.cc",
        proves: "An answer to a NOTIFY could not be read.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-send-error",
        texts: &[
            ("2.9.20..", "Error trying to resolve '{to}' for notifying '{zone}' to server: {reason}"),
            (
                "4.2.0..=4.3.2",
                "Unable to notify {to} for domain '{zone}', address family is disabled. Is query-local-address{|6} unset?",
            ),
            (
                "4.4.0..",
                "Unable to notify {to} for domain '{zone}', address family is disabled. Is an IPv{4|6} address set in query-local-address?",
            ),
            (
                "5.1.0..",
                r#"msg="Unable to notify due to address family being disabled. Check query-local-address for an address of the proper family" address family="{family}" domain="{zone}" remote="{to}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Error trying to resolve remote server for notifying" error="{reason}" domain="{zone}" remote="{to}""#,
            ),
        ],
        sample: "Error trying to resolve '192.0.2.20:53' for notifying 'example.com' to server: Timeout waiting for answer",
        source: "pdns/mastercommunicator.cc",
        proves: "A NOTIFY could not be sent: no socket of that family, or the address is no good.",
        read: None,
    },
    Message {
        id: "pdns/notify-out-tsig",
        texts: &[
            ("4.0.5..", "TSIG key '{key}' for domain '{zone}' not found"),
            ("4.0.5..", "Unable to Base-64 decode TSIG key '{key}' for domain '{zone}'"),
            ("5.1.0..", r#"msg="TSIG key not found" domain="{zone}" key="{key}""#),
            ("5.1.0..", r#"msg="Unable to Base-64 decode TSIG key" domain="{zone}" key="{key}""#),
        ],
        sample: "TSIG key 'transfer-key' for domain 'example.com' not found",
        source: "pdns/mastercommunicator.cc",
        proves: "The key that should sign the zone's NOTIFY is missing or unreadable.",
        read: None,
    },
];

fn queued(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::NotifyQueued { zone: fields.zone("zone")?, to: fields.address("to")? }))
}

fn acknowledged(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::NotifyAcknowledged { zone: fields.zone("zone")?, by: fields.address("to")? }))
}

/// `Removed from notification list …` repeats what `Received unsuccessful notification report …` told a line earlier: only
/// the report, which has an `rcode`, is the fact.
fn rejected(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::NotifyRejected {
        zone: fields.zone("zone")?,
        by: fields.address("to")?,
        reason: fields.text("rcode")?,
    }))
}

fn unanswered(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::NotifyUnanswered { zone: fields.zone("zone")?, by: fields.address("to")? }))
}
