//! A transfer as the secondary tells it: begun, failed, stored.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Pdns, TransferFailure};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/xfr-in-initiating",
        texts: &[
            ("2.9.22..=4.3.2", "Initiating transfer of '{zone}' from remote '{primary}'"),
            ("4.4.0..", "XFR-in zone: '{zone}', primary: '{primary}', initiating transfer"),
            ("5.1.0..", r#"msg="XFR: initiating transfer" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', initiating transfer",
        source: "pdns/slavecommunicator.cc",
        proves: "This secondary begins to fetch the zone; nothing was sent yet.",
        read: Some(started),
    },
    Message {
        id: "pdns/axfr-in-connect",
        texts: &[
            ("4.0.0..=4.3.2", "Starting AXFR of '{zone}' from remote {primary}"),
            ("4.4.0..", "XFR-in zone: '{zone}', primary: '{primary}', starting AXFR"),
            ("5.1.0..", r#"msg="AXFR: starting" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', starting AXFR",
        source: "pdns/slavecommunicator.cc",
        proves: "This secondary is about to connect to the primary for a full transfer; it says nothing of success.",
        read: Some(started),
    },
    Message {
        id: "pdns/ixfr-in-start",
        texts: &[
            ("4.0.0..=4.3.2", "Starting IXFR of '{zone}' from remote {primary}"),
            ("4.4.0..", "IXFR-in zone: '{zone}', primary: '{primary}', starting IXFR"),
            ("5.1.0..", r#"msg="IXFR: starting" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "IXFR-in zone: 'example.com', primary: '192.0.2.10', starting IXFR",
        source: "pdns/slavecommunicator.cc",
        proves: "This secondary asks the primary for the differences; it says nothing of success.",
        read: Some(started),
    },
    Message {
        id: "pdns/axfr-in-started",
        texts: &[
            ("2.9..=3.2", "AXFR started for '{zone}', transaction started"),
            ("3.3..=4.3.2", "AXFR started for '{zone}'"),
            ("4.4.0..", "AXFR-in zone '{zone}', primary '{primary}', retrieval started"),
            ("5.1.0..", r#"msg="AXFR: retrieval started" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "AXFR-in zone 'example.com', primary '192.0.2.10', retrieval started",
        source: "pdns/slavecommunicator.cc",
        proves: "The primary let the transfer begin: its first answer was no refusal.",
        read: Some(started),
    },
    Message {
        id: "pdns/axfr-in-transaction",
        texts: &[
            ("3.3..=3.4.11", "Transaction started for '{zone}'"),
            ("4.0.0..=4.3.2", "Backend transaction started for '{zone}' storage"),
            ("4.4.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', storage transaction started"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', storage transaction started"),
            ("5.1.0..", r#"msg="AXFR: storage transaction started" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "AXFR-in zone: 'example.com', primary: '192.0.2.10', storage transaction started",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "What was received is about to be written to the backend.",
        read: Some(started),
    },
    Message {
        id: "pdns/axfr-in-retrieved",
        texts: &[
            ("4.0.0..=4.3.2", "AXFR of '{zone}' from remote {primary} done"),
            ("4.4.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', retrieval finished"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', retrieval finished"),
            ("5.1.0..", r#"msg="AXFR: retrieval finished" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "AXFR-in zone: 'example.com', primary: '192.0.2.10', retrieval finished",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The whole zone arrived from the address named, so whoever holds that address served it; it is not stored yet.",
        read: Some(retrieved),
    },
    Message {
        id: "pdns/axfr-in-done",
        texts: &[
            ("2.9..=3.0.1", "AXFR done for '{zone}', zone committed"),
            ("3.1..=4.3.2", "AXFR done for '{zone}', zone committed with serial number {serial}"),
            ("4.4.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', zone committed with serial {serial}"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', zone committed with serial {serial}"),
            ("5.1.0..", r#"msg="AXFR: zone committed" XFR zone="{zone}" primary="{primary}" serial="{serial}""#),
        ],
        sample: "AXFR-in zone: 'example.com', primary: '192.0.2.10', zone committed with serial 2026061502",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The zone was fetched and stored with this serial; from here on the secondary serves it.",
        read: Some(committed),
    },
    Message {
        id: "pdns/ixfr-in-done",
        texts: &[
            (
                "4.0.0..=4.3.2",
                "Done with IXFR of '{zone}' from remote '{primary}', got {deltas} delta{s}, serial now {serial}",
            ),
            (
                "4.4.0..=5.0.7",
                "IXFR-in zone: '{zone}', primary: '{primary}', got {deltas} delta{s}, zone committed with serial {serial}",
            ),
            (
                "5.1.0..",
                "IXFR-in zone '{zone}', primary '{primary}', got {deltas} delta{s}, zone committed with serial {serial}",
            ),
            (
                "5.1.0..",
                r#"msg="IXFR: zone commited" XFR zone="{zone}" deltas="{deltas}" primary="{primary}" serial="{serial}""#,
            ),
        ],
        sample: "IXFR-in zone: 'example.com', primary: '192.0.2.10', got 3 deltas, zone committed with serial 2026061502",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The differences were fetched and stored; from here on the secondary serves this serial.",
        read: Some(committed),
    },
    Message {
        id: "pdns/axfr-in-failed-resolver",
        texts: &[
            // The reason alone, as it is quoted without the beginning of its line.
            ("..", "AXFR chunk error: {reason}"),
            // As it is quoted without its end.
            ("..", "XFR-in zone: '{zone}', primary: '{primary}', unable to xfr zone (ResolverException): {reason}"),
            ("2.9..=2.9.21", "Unable to AXFR zone '{zone}': {reason}"),
            ("2.9.22..=2.9.22", "Unable to AXFR zone '{zone}' from remote '{primary}': {reason}"),
            ("3.0..=4.1.14", "Unable to AXFR zone '{zone}' from remote '{primary}' (resolver): {reason}"),
            (
                "4.2.0..=4.3.2",
                "Unable to AXFR zone '{zone}' from remote '{primary}' (resolver): {reason} (This was the {attempt} time. Excluding zone from slave-checks until {until})",
            ),
            (
                "4.4.0..=4.4.3",
                "XFR-in zone: '{zone}', primary: '{primary}', unable to xfr zone (ResolverException): {reason} (This was the {attempt} time. Excluding zone from slave-checks until {until})",
            ),
            (
                "4.5.0..=4.8.5",
                "XFR-in zone: '{zone}', primary: '{primary}', unable to xfr zone (ResolverException): {reason} (This was attempt number {attempt}. Excluding zone from slave-checks until {until})",
            ),
            (
                "4.9.0..",
                "XFR-in zone: '{zone}', primary: '{primary}', unable to xfr zone (ResolverException): {reason} (This was attempt number {attempt}. Excluding zone from secondary-checks until {until})",
            ),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', unable to xfr zone (ResolverException): {reason} (This was attempt number {attempt}. Excluding zone from secondary-checks until {until})",
            ),
            (
                "5.1.0..",
                r#"msg="XFR: unable to xfr zone (ResolverException), excluding zone from secondary-checks" error="{reason}" XFR zone="{zone}" attempt number="{attempt}" end of exclusion="{until}" primary="{primary}""#,
            ),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', unable to xfr zone (ResolverException): AXFR chunk error: Server Not Authoritative for zone / Not Authorized (This was attempt number 1. Excluding zone from slave-checks until 1781510530)",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The transfer failed on the wire or by the primary's answer, and the copy stays as it is. `Not Authoritative for zone / Not Authorized` means that whoever holds the address refused, for an access list or because it has no such zone: only its own log tells which, and whether the address leads to the host it should.",
        read: Some(failed),
    },
    Message {
        id: "pdns/axfr-in-failed-other",
        texts: &[
            ("3.2..=3.3.3", "Unable to AXFR zone '{zone}' from remote '{primary}' (AhuException): {reason}"),
            ("3.4.0..=4.3.2", "Unable to AXFR zone '{zone}' from remote '{primary}' (PDNSException): {reason}"),
            (
                "4.4.0..=5.0.7",
                "XFR-in zone: '{zone}', primary: '{primary}', unable to xfr zone (std::exception): {reason}",
            ),
            (
                "4.4.0..=5.0.7",
                "IXFR-in zone: '{zone}', primary: '{primary}', unable to xfr zone (std::exception): {reason}",
            ),
            (
                "4.4.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', unable to xfr zone (std::exception): {reason}",
            ),
            ("4.4.0..", "XFR-in zone: '{zone}', primary: '{primary}', unable to xfr zone (PDNSException): {reason}"),
            (
                "4.4.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', unable to xfr zone (PDNSException): {reason}",
            ),
            ("5.1.0..", "IXFR-in zone '{zone}', primary '{primary}', unable to xfr zone (std::exception): {reason}"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', unable to xfr zone (std::exception): {reason}"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', unable to xfr zone (PDNSException): {reason}"),
            (
                "5.1.0..",
                r#"msg="XFR: unable to xfr zone (std::exception)" error="{reason}" XFR zone="{zone}" primary="{primary}""#,
            ),
            (
                "5.1.0..",
                r#"msg="XFR: unable to xfr zone (PDNSException)" error="{reason}" XFR zone="{zone}" primary="{primary}""#,
            ),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', unable to xfr zone (PDNSException): Database failed to start transaction",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The transfer failed on this side or over what was received; the copy stays as it was.",
        read: Some(failed),
    },
    Message {
        id: "pdns/axfr-in-feed-failed",
        texts: &[
            ("2.9.3..=4.3.2", "Unable to feed record during incoming AXFR of '{zone}': {reason}"),
            ("4.4.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', unable to feed record: {reason}"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', unable to feed record: {reason}"),
            ("5.1.0..", r#"msg="XFR: unable to feed record" error="{reason}" XFR zone="{zone}" primary="{primary}""#),
        ],
        sample: "AXFR-in zone: 'example.com', primary: '192.0.2.10', unable to feed record: Database failed to start transaction",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The backend refused a record of the transfer, so the copy stays as it was.",
        read: Some(failed),
    },
    Message {
        id: "pdns/axfr-in-parse-failed",
        texts: &[
            ("3.0..=4.3.2", "Unable to parse record during incoming AXFR of '{zone}' (MOADNSException): {reason}"),
            ("3.0..=4.3.2", "Unable to parse record during incoming AXFR of '{zone}' (std::exception): {reason}"),
            (
                "4.4.0..=5.0.7",
                "XFR-in zone: '{zone}', primary: '{primary}', unable to parse record (MOADNSException): {reason}",
            ),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', unable to parse record (MOADNSException): {reason}",
            ),
            (
                "5.1.0..",
                r#"msg="XFR: unable to parse record (MOADNSException)" error="{reason}" XFR zone="{zone}" primary="{primary}""#,
            ),
        ],
        sample: "XFR-in zone: 'example.com', primary: '192.0.2.10', unable to parse record (MOADNSException): Error parsing record content",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The primary sent a record that cannot be read, so the copy stays as it was.",
        read: Some(failed),
    },
    Message {
        id: "pdns/ixfr-in-exception",
        texts: &[
            ("4.0.0..=4.3.2", "Got exception during IXFR: {reason}"),
            ("4.4.0..", "IXFR-in zone '{zone}', primary '{primary}', got exception (std::exception): {reason}"),
            ("4.4.0..", "IXFR-in zone '{zone}', primary '{primary}', got exception (PDNSException): {reason}"),
            (
                "5.1.0..",
                r#"msg="IXFR: got exception (std::exception)" error="{reason}" XFR zone="{zone}" primary="{primary}""#,
            ),
            (
                "5.1.0..",
                r#"msg="IXFR: got exception (PDNSException)" error="{reason}" XFR zone="{zone}" primary="{primary}""#,
            ),
        ],
        sample: "IXFR-in zone 'example.com', primary '192.0.2.10', got exception (std::exception): Timeout waiting for answer",
        source: "pdns/slavecommunicator.cc",
        proves: "Fetching the differences failed; the next line tells what becomes of the transfer.",
        read: None,
    },
];

fn started(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::TransferStarted { zone: fields.zone("zone")?, primary: fields.address("primary") }))
}

fn retrieved(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::TransferRetrieved { zone: fields.zone("zone")?, primary: fields.address("primary") }))
}

fn committed(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::ZoneCommitted {
        zone: fields.zone("zone")?,
        primary: fields.address("primary"),
        serial: fields.number("serial"),
    }))
}

fn failed(fields: &Fields<'_>) -> Option<Fact> {
    let reason = fields.text("reason")?;
    Some(Fact::Pdns(Pdns::TransferFailed {
        zone: fields.zone("zone")?,
        primary: fields.address("primary"),
        why: why(&reason),
        reason,
        until: fields.number("until"),
    }))
}

fn why(reason: &str) -> TransferFailure {
    if is_refusal(reason) {
        TransferFailure::Refused
    } else if is_unreachable(reason) {
        TransferFailure::Unreachable
    } else {
        TransferFailure::Broken
    }
}

/// Whether nobody answered: PowerDNS's own words, or the system's for a connection that did not come about.
fn is_unreachable(reason: &str) -> bool {
    const WORDS: [&str; 7] = [
        "Timeout connecting to",
        "Timeout waiting for answer",
        "Connection timed out",
        "Connection refused",
        "No route to host",
        "Network is unreachable",
        "Host is unreachable",
    ];
    WORDS.iter().any(|words| reason.contains(words))
}

/// Whether the primary answered, and the answer was no: Refused (5) or Not Authoritative / Not Authorized (9). Texts name them
/// since 3.4.0, numbers before; a number must not be the beginning of a longer one.
fn is_refusal(reason: &str) -> bool {
    const WORDS: [&str; 2] = ["Server Not Authoritative for zone / Not Authorized", "Query Refused"];
    const NUMBERED: [&str; 2] = ["non-zero rcode ", "RCODE="];
    let number = |opening: &str| {
        let (_, after) = reason.split_once(opening)?;
        after.split(|sign: char| !sign.is_ascii_digit()).next()
    };
    WORDS.iter().any(|words| reason.contains(words))
        || NUMBERED.iter().any(|opening| matches!(number(opening), Some("5" | "9")))
}
