//! A transfer as the primary tells it: asked, allowed or denied, served.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Pdns};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/axfr-out-denied",
        texts: &[
            ("2.9.3..=4.3.2", "AXFR of domain '{zone}' denied to {client}"),
            (
                "3.0..=4.3.2",
                "AXFR '{zone}' denied: key with name '{key}' and algorithm '{algorithm}' does not grant access to zone",
            ),
            ("3.1..=4.3.2", "AXFR of domain '{zone}' denied: client IP {client} has no permission"),
            ("3.4.0..=4.3.2", "IXFR of domain '{zone}' denied to {client}"),
            (
                "4.0.0..=4.3.2, 4.7.0..=5.0.7",
                "{kind:AXFR} of domain '{zone}' denied: TSIG signed request with principal '{principal}' and algorithm 'gss-tsig' is not permitted",
            ),
            (
                "4.4.0..",
                "{kind:AXFR|IXFR}-out zone '{zone}', client '{client}', denied: key with name '{key}' and algorithm '{algorithm}' does not grant access",
            ),
            ("4.4.0..", "{kind:AXFR|IXFR}-out zone '{zone}', client '{client}', denied: client IP has no permission"),
            (
                "5.1.0..",
                "{kind:AXFR|IXFR} of domain '{zone}' denied: TSIG signed request with principal '{principal}' and algorithm 'gss-tsig' is not permitted",
            ),
            (
                "5.1.0..",
                r#"msg="{kind:AXFR|IXFR} denied: TSIG signed request with unauthorized principal" algorithm="gss-tsig" key="{key}" principal="{principal}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="{kind:AXFR|IXFR} denied: key and algorithm do not grant access" algorithm="{algorithm}" client="{client}" key="{key}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="{kind:AXFR|IXFR} denied: client IP has no permission" client="{client}" zone="{zone}""#,
            ),
        ],
        sample: "AXFR-out zone 'example.com', client '192.0.2.20:40581', denied: client IP has no permission",
        source: "pdns/tcpreceiver.cc",
        proves: "A client asked this server for the zone and was denied: at that moment the address it asked led here.",
        read: Some(denied),
    },
    Message {
        id: "pdns/axfr-out-started",
        texts: &[
            ("2.9.3..=4.3.2", "AXFR of domain '{zone}' initiated by {client}"),
            ("4.4.0..", "AXFR-out zone '{zone}', client '{client}', transfer initiated"),
            ("5.1.0..", r#"msg="AXFR transfer initiated" client="{client}" zone="{zone}""#),
        ],
        sample: "AXFR-out zone 'example.com', client '192.0.2.20', transfer initiated",
        source: "pdns/tcpreceiver.cc",
        proves: "A client asked for the zone; the line comes before a denial as well and proves only that it asked.",
        read: Some(asked),
    },
    Message {
        id: "pdns/axfr-out-done",
        texts: &[
            ("2.9.3..=4.3.2", "AXFR of domain '{zone}' to {client} finished"),
            ("4.4.0..", "AXFR-out zone '{zone}', client '{client}', AXFR finished"),
            ("5.1.0..", r#"msg="AXFR completed" client="{client}" zone="{zone}""#),
        ],
        sample: "AXFR-out zone 'example.com', client '192.0.2.20', AXFR finished",
        source: "pdns/tcpreceiver.cc",
        proves: "The zone was served to the end, so the address the client asked led to this server.",
        read: Some(served),
    },
    Message {
        id: "pdns/ixfr-out-started",
        texts: &[
            ("3.4.0..=4.3.2", "IXFR of domain '{zone}' initiated by {client} with serial {serial}"),
            ("4.4.0..", "IXFR-out zone '{zone}', client '{client}', transfer initiated with serial {serial}"),
            ("5.1.0..", r#"msg="IXFR: transfer initiated" client="{client}" serial="{serial}" zone="{zone}""#),
        ],
        sample: "IXFR-out zone 'example.com', client '192.0.2.20', transfer initiated with serial 2026061502",
        source: "pdns/tcpreceiver.cc",
        proves: "A client asked for the differences since its serial; whether it gets them is said later.",
        read: Some(asked),
    },
    Message {
        id: "pdns/ixfr-out-done",
        texts: &[
            ("3.4.0..=4.3.2", "IXFR of domain '{zone}' to {client} finished"),
            ("4.4.0..", "IXFR-out zone '{zone}', client '{client}', IXFR finished"),
            ("5.1.0..", r#"msg="IXFR finished" client="{client}" zone="{zone}""#),
        ],
        sample: "IXFR-out zone 'example.com', client '192.0.2.20', IXFR finished",
        source: "pdns/tcpreceiver.cc",
        proves: "The differences were served to the end, so the address the client asked led to this server.",
        read: Some(served),
    },
    Message {
        id: "pdns/axfr-out-failed",
        texts: &[
            ("2.9..=4.3.2", "Backend signals error condition"),
            ("2.9.4..=3.4.11", "Error determining backend for domain '{zone}' trying to serve an AXFR"),
            ("2.9.19..=4.3.2", "AXFR of domain '{zone}' failed: {refusal:not authoritative}"),
            ("2.9.19..=4.3.2", "AXFR of domain '{zone}' failed: not authoritative in second instance"),
            ("3.0..=3.4.3", "Not doing AXFR of an NSEC3 narrow zone.."),
            ("3.4.0..=4.3.2", "Zone '{zone}' has too many empty non terminals."),
            ("3.4.4..=4.1.14", "AXFR of domain '{zone}' failed: {client} cannot request AXFR"),
            ("3.4.4..=4.3.2", "Not doing AXFR of an NSEC3 narrow zone '{zone}' for {client}"),
            ("4.0.0..=4.3.2", "Error resolving for ALIAS {content}, aborting AXFR"),
            ("4.2.0..=4.3.2", "AXFR of domain '{zone}' failed: {client} may not request AXFR"),
            ("4.4.0..", "AXFR-out zone '{zone}', client '{client}', failed: client may not request AXFR"),
            ("4.4.0..", "AXFR-out zone '{zone}', client '{client}', failed: {refusal:not authoritative}"),
            ("4.4.0..", "IXFR-out zone '{zone}', client '{client}', failed: {refusal:not authoritative}"),
            ("4.4.0..", "AXFR-out zone '{zone}', client '{client}', failed: not authoritative in second instance"),
            ("4.4.0..", "AXFR-out zone '{zone}', client '{client}', failed: not doing AXFR of an NSEC3 narrow zone"),
            ("4.4.0..", "AXFR-out zone '{zone}', client '{client}', TSIG key not found"),
            ("4.4.0..", "AXFR-out zone '{zone}', client '{client}', unable to Base-64 decode TSIG key '{key}'"),
            ("4.4.0..", "AXFR-out zone '{zone}', client '{client}', backend signals error condition, aborting AXFR"),
            (
                "4.4.0..=4.8.5",
                "AXFR-out zone '{zone}', client '{client}', error resolving for ALIAS {content}, aborting AXFR",
            ),
            (
                "4.4.0..",
                "AXFR-out zone '{zone}', client '{client}', zone has too many empty non terminals, aborting AXFR",
            ),
            (
                "4.7.5..=4.7.5, 4.8.5..=4.8.5, 4.9.4..",
                "AXFR-out zone '{zone}', client '{client}', getting catalog members failed, aborting AXFR",
            ),
            (
                "4.9.0..",
                "AXFR-out zone '{zone}', client '{client}', {record}: error resolving for ALIAS {content}, aborting AXFR",
            ),
            ("5.1.0..", r#"msg="AXFR failed: client may not request AXFR" client="{client}" zone="{zone}""#),
            ("5.1.0..", r#"msg="AXFR failed: {refusal:not authoritative}" client="{client}" zone="{zone}""#),
            ("5.1.0..", r#"msg="AXFR failed: not authoritative in second instance" client="{client}" zone="{zone}""#),
            ("5.1.0..", r#"msg="AXFR failed: not doing AXFR of an NSEC3 narrow zone" client="{client}" zone="{zone}""#),
            (
                "5.1.0..",
                r#"msg="AXFR: TSIG key not found" algorithm="{algorithm}" client="{client}" key="{key}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="AXFR: Unable to Base-64 decode TSIG key" algorithm="{algorithm}" client="{client}" key="{key}" zone="{zone}""#,
            ),
            ("5.1.0..", r#"msg="AXFR aborted: getting catalog members failed" client="{client}" zone="{zone}""#),
            ("5.1.0..", r#"msg="AXFR aborted: backend signals error condition" client="{client}" zone="{zone}""#),
            (
                "5.1.0..",
                r#"msg="AXFR aborted: error resolving for ALIAS target" client="{client}" content="{content}" record="{record}" zone="{zone}""#,
            ),
            ("5.1.0..", r#"msg="AXFR aborted, too many empty non-terminals in zone" client="{client}" zone="{zone}""#),
        ],
        sample: "AXFR-out zone 'example.com', client '192.0.2.20', failed: client may not request AXFR",
        source: "pdns/tcpreceiver.cc",
        proves: "A transfer was not served; `not authoritative` says the zone is not here, `may not request` repeats a denial.",
        read: Some(not_authoritative),
    },
    Message {
        id: "pdns/ixfr-out-failed",
        texts: &[
            ("3.4.0..=4.3.2", "Not doing IXFR of an NSEC3 narrow zone."),
            ("3.4.0..=4.3.2", "No serial in IXFR query"),
            ("3.4.0..=4.3.2", "Additional records in IXFR query, type: {type}"),
            ("3.4.0..=4.3.2", "IXFR of domain '{zone}' failed: {refusal:not authoritative}"),
            ("3.4.0..=4.3.0", "IXFR of domain '{zone}' failed: not authoritative in second instance"),
            ("3.4.0..=3.4.11", "Error determining backend for domain '{zone}' trying to serve an IXFR"),
            ("4.0.2..=4.3.2", "Invalid serial in IXFR query"),
            ("4.4.0..", "IXFR-out zone '{zone}', client '{client}', invalid serial in IXFR query"),
            ("4.4.0..", "IXFR-out zone '{zone}', client '{client}', no serial in IXFR query"),
            ("4.4.0..", "IXFR-out zone '{zone}', client '{client}', additional records in IXFR query, type: {type}"),
            ("4.4.0..", "IXFR-out zone '{zone}', client '{client}', not doing IXFR of an NSEC3 narrow zone"),
            ("4.4.0..=4.6.4", "IXFR-out zone '{zone}', client '{client}', TSIG key '{key}' not found"),
            ("5.1.0..", r#"msg="IXFR: invalid serial in query" error="{reason}" client="{client}" zone="{zone}""#),
            ("5.1.0..", r#"msg="IXFR: no serial in query" client="{client}" zone="{zone}""#),
            ("5.1.0..", r#"msg="IXFR: additional record in query" client="{client}" type="{type}" zone="{zone}""#),
            ("5.1.0..", r#"msg="IXFR failed: {refusal:not authoritative}" client="{client}" zone="{zone}""#),
            (
                "5.1.0..",
                r#"msg="IXFR refused: not doing IXFR of an NSEC3 narrow zone" client="{client}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="IXFR refused: TSIG key not found" algorithm="{algorithm}" client="{client}" key="{key}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="IXFR: Unable to Base-64 decode TSIG key" algorithm="{algorithm}" client="{client}" key="{key}" zone="{zone}""#,
            ),
        ],
        sample: "IXFR-out zone 'example.com', client '192.0.2.20', invalid serial in IXFR query",
        source: "pdns/tcpreceiver.cc",
        proves: "A request for differences was not served; `not authoritative` is printed for a denial as well.",
        read: Some(not_authoritative),
    },
    Message {
        id: "pdns/axfr-out-allowed",
        texts: &[
            ("2.9..=4.3.2", "Approved AXFR of '{zone}' from recently notified slave {client}"),
            (
                "3.0..=4.3.2",
                "AXFR of domain '{zone}' allowed: TSIG signed request with authorized key '{key}' and algorithm '{algorithm}'",
            ),
            ("3.1..=4.3.2", "AXFR of domain '{zone}' allowed: client IP {client} is in allow-axfr-ips"),
            ("3.1..=4.3.2", "AXFR of domain '{zone}' allowed: client IP {client} is in NSset"),
            ("3.1..=4.3.2", "AXFR of domain '{zone}' allowed: client IP {client} is in per-domain ACL"),
            (
                "4.0.0..=4.3.2, 4.7.0..=5.0.7",
                "{kind:AXFR} of domain '{zone}' allowed: TSIG signed request with authorized principal '{principal}' and algorithm 'gss-tsig'",
            ),
            (
                "4.4.0..",
                "{kind:AXFR|IXFR}-out zone '{zone}', client '{client}', allowed: TSIG signed request with authorized key '{key}' and algorithm '{algorithm}'",
            ),
            (
                "4.4.0..",
                "{kind:AXFR|IXFR}-out zone '{zone}', client '{client}', allowed: client IP is in allow-axfr-ips",
            ),
            ("4.4.0..", "{kind:AXFR|IXFR}-out zone '{zone}', client '{client}', allowed: client IP is in NSset"),
            ("4.4.0..", "{kind:AXFR|IXFR}-out zone '{zone}', client '{client}', allowed: client IP is in per-zone ACL"),
            (
                "4.4.0..",
                "{kind:AXFR|IXFR}-out zone '{zone}', client '{client}', allowed: client IP is from recently notified secondary",
            ),
            (
                "5.1.0..",
                "{kind:AXFR|IXFR} of domain '{zone}' allowed: TSIG signed request with authorized principal '{principal}' and algorithm 'gss-tsig'",
            ),
            (
                "5.1.0..",
                r#"msg="{kind:AXFR|IXFR} allowed: TSIG signed request with authorized principal" algorithm="gss-tsig" key="{key}" principal="{principal}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="{kind:AXFR|IXFR} allowed: TSIG signed request" algorithm="{algorithm}" client="{client}" key="{key}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="{kind:AXFR|IXFR} allowed: client IP is in allow-axfr-ips" client="{client}" zone="{zone}""#,
            ),
            ("5.1.0..", r#"msg="{kind:AXFR|IXFR} allowed: client IP is in NSset" client="{client}" zone="{zone}""#),
            (
                "5.1.0..",
                r#"msg="{kind:AXFR|IXFR} allowed: client IP is in per-zone ACL" client="{client}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="{kind:AXFR|IXFR} allowed: client IP is from recently notified secondary" client="{client}" zone="{zone}""#,
            ),
        ],
        sample: "AXFR-out zone 'example.com', client '192.0.2.20:40581', allowed: client IP is in allow-axfr-ips",
        source: "pdns/tcpreceiver.cc",
        proves: "The client passed the access list; whether the transfer ended well is said later.",
        read: None,
    },
    Message {
        id: "pdns/ixfr-out-fallback",
        texts: &[
            ("3.4.0..=4.3.2", "IXFR fallback to AXFR for domain '{zone}' our serial {our_serial}"),
            ("4.4.0..", "IXFR-out zone '{zone}', client '{client}', IXFR fallback to AXFR"),
            ("5.1.0..", r#"msg="IXFR fallback to AXFR" client="{client}" zone="{zone}""#),
        ],
        sample: "IXFR-out zone 'example.com', client '192.0.2.20', IXFR fallback to AXFR",
        source: "pdns/tcpreceiver.cc",
        proves: "The differences are not known here, so the whole zone is sent.",
        read: None,
    },
    Message {
        id: "pdns/axfr-out-outofzone",
        texts: &[
            ("3.4.0..=3.4.6", "Zone '{zone}' contains out-of-zone data '{record}'|{type}', ignoring"),
            ("3.4.7..=4.3.2", "Zone '{zone}' contains out-of-zone data '{record}|{type}', ignoring"),
            (
                "4.4.0..",
                "AXFR-out zone '{zone}', client '{client}', zone contains out-of-zone data '{record}|{type}', ignoring",
            ),
            (
                "4.9.0..",
                "AXFR-out zone '{zone}', client '{client}', {record}: error resolving A record for ALIAS target {content}, continuing AXFR",
            ),
            (
                "4.9.0..",
                "AXFR-out zone '{zone}', client '{client}', {record}: error resolving AAAA record for ALIAS target {content}, continuing AXFR",
            ),
            (
                "5.1.0..",
                r#"msg="AXFR: Error resolving A record for ALIAS target, continuing" client="{client}" content="{content}" record="{record}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="AXFR: Error resolving AAAA record for ALIAS target, continuing" client="{client}" content="{content}" record="{record}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="AXFR: ignoring out-of-zone data" client="{client}" record="{record}" type="{type}" zone="{zone}""#,
            ),
        ],
        sample: "AXFR-out zone 'example.com', client '192.0.2.20', zone contains out-of-zone data 'www.example.com|A', ignoring",
        source: "pdns/tcpreceiver.cc",
        proves: "A record could not be sent as it stands and was left out.",
        read: None,
    },
];

fn asked(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::TransferAsked { zone: fields.zone("zone")?, client: fields.address("client")? }))
}

fn denied(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::TransferDenied { zone: fields.zone("zone")?, client: fields.address("client") }))
}

/// Of the failures only `not authoritative` is a refusal of its own; `client may not request AXFR` follows a denial.
fn not_authoritative(fields: &Fields<'_>) -> Option<Fact> {
    fields.get("refusal")?;
    denied(fields)
}

fn served(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::TransferServed { zone: fields.zone("zone")?, client: fields.address("client")? }))
}
