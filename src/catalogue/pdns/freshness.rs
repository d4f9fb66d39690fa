//! How current a secondary is: the SOA checks, and what they found.

use crate::catalogue::message::{Fields, Message};
use crate::event::{Fact, Pdns};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/domain-stale",
        texts: &[
            ("2.9..=3.1", "Domain {zone} is stale, master serial {primary_serial}, our serial {our_serial}"),
            ("3.2..=4.3.2", "Domain '{zone}' is stale, master serial {primary_serial}, our serial {our_serial}"),
            (
                "4.4.0..=4.8.5",
                "Domain '{zone}' is stale, master {primary} serial {primary_serial}, our serial {our_serial}",
            ),
            ("4.9.0..", "Domain '{zone}' is stale, primary {primary} serial {primary_serial}, our serial {our_serial}"),
            (
                "5.1.0..",
                r#"msg="Domain is stale" checked against="{primary}" primary serial="{primary_serial}" serial="{our_serial}" zone="{zone}""#,
            ),
        ],
        sample: "Domain 'example.com' is stale, master 192.0.2.10 serial 2026112301, our serial 2026112001",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The primary that was asked has a newer serial, so a transfer is due; an ordinary change looks the same. It does not tell which host answered at that address: a replica answers too.",
        read: Some(stale),
    },
    Message {
        id: "pdns/domain-empty",
        texts: &[
            ("4.2.0..=4.3.2", "Domain '{zone}' is empty, master serial {primary_serial}"),
            ("4.4.0..=4.8.5", "Domain '{zone}' is empty, master {primary} serial {primary_serial}"),
            ("4.9.0..", "Domain '{zone}' is empty, primary {primary} serial {primary_serial}"),
            (
                "5.1.0..",
                r#"msg="Domain is empty" checked against="{primary}" primary serial="{primary_serial}" zone="{zone}""#,
            ),
        ],
        sample: "Domain 'example.com' is empty, master 192.0.2.10 serial 2026061502",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "This secondary has no copy of the zone yet and a primary offers one.",
        read: Some(stale),
    },
    Message {
        id: "pdns/domain-stale-unsigned",
        texts: &[
            ("4.0.4..=4.1.14", "Domain '{zone}' is stale, master is no longer signed and all signatures have expired"),
            ("4.0.4..=4.1.14", "Domain '{zone}' is stale, master has signed"),
            (
                "4.2.0..=4.3.2",
                "Domain '{zone}' is stale, master is no longer signed and all signatures have expired, serial is {our_serial}",
            ),
            ("4.2.0..=4.3.2", "Domain '{zone}' is stale, master has signed, serial is {our_serial}"),
            (
                "4.4.0..=4.8.5",
                "Domain '{zone}' is stale, master {primary} is no longer signed and all signatures have expired, serial is {our_serial}",
            ),
            ("4.4.0..=4.8.5", "Domain '{zone}' is stale, master {primary} has signed, serial is {our_serial}"),
            (
                "4.9.0..",
                "Domain '{zone}' is stale, primary {primary} is no longer signed and all signatures have expired, serial is {our_serial}",
            ),
            ("4.9.0..", "Domain '{zone}' is stale, primary {primary} has signed, serial is {our_serial}"),
            (
                "5.1.0..",
                r#"msg="Domain is stale, primary is no longer signed and all signatures have expired" checked against="{primary}" serial="{our_serial}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Domain is stale, primary has signed" checked against="{primary}" serial="{our_serial}" zone="{zone}""#,
            ),
        ],
        sample: "Domain 'example.com' is stale, master 192.0.2.10 is no longer signed and all signatures have expired, serial is 2026061501",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The signatures of the copy no longer go with the primary's, so the zone is fetched again although the serial may be the same.",
        read: Some(stale),
    },
    Message {
        id: "pdns/domain-dnssec-stale",
        texts: &[
            ("3.0..=3.1", "Domain {zone} is fresh, but RRSIGS differ, so DNSSEC stale"),
            ("3.2..=4.0.3", "Domain '{zone}' is fresh, but RRSIGS differ, so DNSSEC stale"),
            ("4.0.4..=4.1.14", "Domain '{zone}' is fresh, but RRSIGs differ, so DNSSEC is stale"),
            (
                "4.2.0..=4.3.2",
                "Domain '{zone}' is fresh, but RRSIGs differ, so DNSSEC is stale, serial is {our_serial}",
            ),
            (
                "4.4.0..=4.5.5",
                "Domain '{zone}' is fresh, but RRSIGs differ on master{primary}, so DNSSEC is stale, serial is {our_serial}",
            ),
            (
                "4.6.0..=4.8.5",
                "Domain '{zone}' is fresh, but RRSIGs differ on master {primary}, so DNSSEC is stale, serial is {our_serial}",
            ),
            (
                "4.9.0..",
                "Domain '{zone}' is fresh, but RRSIGs differ on primary {primary}, so DNSSEC is stale, serial is {our_serial}",
            ),
            (
                "5.1.0..",
                r#"msg="Domain is fresh, but RRSIGs differ on primary, so DNSSEC is stale" checked against="{primary}" serial="{our_serial}" zone="{zone}""#,
            ),
        ],
        sample: "Domain 'example.com' is fresh, but RRSIGs differ on master 192.0.2.10, so DNSSEC is stale, serial is 2026061501",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The serial is current, but the primary's signature of the SOA differs, so the zone is fetched again.",
        read: Some(stale),
    },
    Message {
        id: "pdns/domain-newer-than-primary",
        texts: &[
            (
                "2.9..=3.1",
                "Domain {zone} more recent than master, our serial {our_serial} > their serial {primary_serial}",
            ),
            (
                "3.2..=4.3.2",
                "Domain '{zone}' more recent than master, our serial {our_serial} > their serial {primary_serial}",
            ),
            (
                "4.4.0..=4.8.5",
                "Domain '{zone}' more recent than master {primary}, our serial {our_serial} > their serial {primary_serial}",
            ),
            (
                "4.9.0..",
                "Domain '{zone}' more recent than primary {primary}, our serial {our_serial} > their serial {primary_serial}",
            ),
            (
                "5.1.0..",
                r#"msg="Domain more recent than primary" our serial="{our_serial}" primary serial="{primary_serial}" zone="{zone}""#,
            ),
        ],
        sample: "Domain 'example.com' more recent than master 192.0.2.10, our serial 2026061501 > their serial 2026061502",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The copy is ahead of the primary that was asked: the serial went backwards there, or somebody else answered.",
        read: Some(newer),
    },
    Message {
        id: "pdns/domain-fresh",
        texts: &[
            ("2.9..=2.9.22", "Domain {zone} is fresh"),
            ("3.0..=3.1", "Domain {zone} is fresh (not presigned, no RRSIG check)"),
            ("3.0..=3.1", "Domain {zone} is fresh and apex RRSIGs match"),
            ("3.2..=4.0.3", "Domain '{zone}' is fresh (not presigned, no RRSIG check)"),
            ("3.2..=4.0.3", "Domain '{zone}' is fresh and apex RRSIGs match"),
            ("4.0.4..=4.1.14", "Domain '{zone}' is fresh (no DNSSEC)"),
            ("4.0.4..=4.1.14", "Domain '{zone}' is fresh and SOA RRSIGs match"),
            (
                "4.0.4..=4.1.14",
                "Domain '{zone}' is fresh, master is no longer signed but (some) signatures are still vallid",
            ),
            ("4.2.0..=4.3.2", "Domain '{zone}' is fresh (no DNSSEC), serial is {our_serial}"),
            ("4.2.0..=4.3.2", "Domain '{zone}' is fresh and SOA RRSIGs match, serial is {our_serial}"),
            (
                "4.2.0..=4.3.2",
                "Domain '{zone}' is fresh, master is no longer signed but (some) signatures are still vallid, serial is {our_serial}",
            ),
            (
                "4.4.0..=4.8.5",
                "Domain '{zone}' is fresh (no DNSSEC), serial is {our_serial} (checked master {primary})",
            ),
            (
                "4.4.0..=4.8.5",
                "Domain '{zone}' is fresh and SOA RRSIGs match, serial is {our_serial} (checked master {primary})",
            ),
            (
                "4.4.0..=4.4.3",
                "Domain '{zone}' is fresh, master {primary} is no longer signed but (some) signatures are still vallid, serial is {our_serial}",
            ),
            (
                "4.5.0..=4.8.5",
                "Domain '{zone}' is fresh, master {primary} is no longer signed but (some) signatures are still valid, serial is {our_serial}",
            ),
            ("4.9.0..", "Domain '{zone}' is fresh (no DNSSEC), serial is {our_serial} (checked primary {primary})"),
            (
                "4.9.0..",
                "Domain '{zone}' is fresh and SOA RRSIGs match, serial is {our_serial} (checked primary {primary})",
            ),
            (
                "4.9.0..",
                "Domain '{zone}' is fresh, primary {primary} is no longer signed but (some) signatures are still valid, serial is {our_serial}",
            ),
            (
                "5.1.0..",
                r#"msg="Domain is fresh (no DNSSEC)" checked against="{primary}" serial="{our_serial}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Domain is fresh and SOA RRSIGs match" checked against="{primary}" serial="{our_serial}" zone="{zone}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Domain is fresh, primary is no longer signed but (some) signatures are still valid" checked against="{primary}" serial="{our_serial}" zone="{zone}""#,
            ),
        ],
        sample: "Domain 'example.com' is fresh (no DNSSEC), serial is 2026112001 (checked master 192.0.2.10)",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "A host at the primary's address answered with the serial of the copy; it does not tell which host.",
        read: Some(fresh),
    },
    Message {
        id: "pdns/soa-unretrievable-first",
        texts: &[
            (
                "4.1.4..=5.1.4",
                "Unable to retrieve SOA for {zone}, this was the first time. NOTE: For every subsequent failed SOA check the domain will be suspended from freshness checks for 'num-errors x {tick} seconds', with a maximum of {max_seconds} seconds. Skipping SOA checks until {until}",
            ),
            (
                "5.2.0..",
                "Unable to retrieve SOA for {zone} from {primary}, this was the first time. NOTE: For every subsequent failed SOA check the domain will be suspended from freshness checks for 'num-errors x {tick} seconds', with a maximum of {max_seconds} seconds. Skipping SOA checks until {until}",
            ),
            (
                "5.1.0..=5.1.4",
                r#"msg="Unable to retrieve SOA for the first time" SOA checks skipped until="{until}" zone="{zone}""#,
            ),
            (
                "5.2.0..",
                r#"msg="Unable to retrieve SOA for the first time" SOA checks skipped until="{until}" remote="{primary}" zone="{zone}""#,
            ),
        ],
        sample: "Unable to retrieve SOA for example.com, this was the first time. NOTE: For every subsequent failed SOA check the domain will be suspended from freshness checks for 'num-errors x 60 seconds', with a maximum of 3600 seconds. Skipping SOA checks until 1781510530",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The primary's SOA could not be fetched for the first time; why is not said, and the zone is not checked again before the time named.",
        read: Some(soa_unretrievable_first),
    },
    Message {
        id: "pdns/soa-unretrievable",
        texts: &[
            ("4.1.0..=4.1.3", "Unable to retrieve SOA for {zone}, this was the {attempt} time."),
            (
                "4.1.4..=5.1.4",
                "Unable to retrieve SOA for {zone}, this was the {attempt}th time. Skipping SOA checks until {until}",
            ),
            (
                "5.2.0..",
                "Unable to retrieve SOA for {zone} from {primary}, this was the {attempt}th time. Skipping SOA checks until {until}",
            ),
            (
                "5.1.0..=5.1.4",
                r#"msg="Unable to retrieve SOA" SOA checks skipped until="{until}" attempt number="{attempt}" zone="{zone}""#,
            ),
            (
                "5.2.0..",
                r#"msg="Unable to retrieve SOA" SOA checks skipped until="{until}" attempt number="{attempt}" remote="{primary}" zone="{zone}""#,
            ),
        ],
        sample: "Unable to retrieve SOA for example.com, this was the 10th time. Skipping SOA checks until 1781510530",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The primary's SOA could not be fetched again; only the first and every tenth failure is printed.",
        read: Some(soa_unretrievable),
    },
    Message {
        id: "pdns/freshness-result",
        texts: &[
            ("3.0..=3.4.11", "Received serial number updates for {count} zones, had {timeouts} timeouts"),
            ("4.0.0..", "Received serial number updates for {count} zone{s}, had {timeouts} timeout{s}"),
            ("4.4.0..", "Received serial number updates for {count} zone{s}"),
            ("5.1.0..", r#"msg="Received serial number updates" timeouts="{timeouts}" updated zones="{count}""#),
            ("5.1.0..", r#"msg="Received serial number updates" updated zones="{count}""#),
        ],
        sample: "Received serial number updates for 3 zones, had 1 timeout",
        source: "pdns/slavecommunicator.cc",
        proves: "A round of SOA checks ended: so many zones had an answer; from 4.4.0 on time-outs are told only where there were any.",
        read: Some(checked),
    },
    Message {
        id: "pdns/freshness-exception",
        texts: &[
            ("2.9.4..=2.9.22", "Error trying to retrieve/refresh '{zone}': {reason}"),
            ("3.0..", "While checking domain freshness: {reason}"),
            ("5.1.0..", r#"msg="Error while checking domain freshness" error="{reason}""#),
        ],
        sample: "While checking domain freshness: Query to '192.0.2.10' for SOA of 'example.com' produced no answers",
        source: "pdns/slavecommunicator.cc",
        proves: "A SOA check was broken off by an error; from 3.0 on the zone stands only inside the reason.",
        read: Some(broken_off),
    },
    Message {
        id: "pdns/soa-serial-undetermined",
        texts: &[("2.9..=2.9.20", "Unable to determine SOA serial for {zone} at {primary}")],
        sample: "Unable to determine SOA serial for example.com at 192.0.2.10",
        source: "pdns/communicator.cc",
        proves: "The address named gave no usable SOA for the zone.",
        read: Some(soa_unretrievable),
    },
    Message {
        id: "pdns/soa-check-skipped",
        texts: &[
            ("4.1.4..", "Zone '{zone}' is on the list of failed SOA checks. Skipping SOA checks until {until}"),
            (
                "5.1.0..",
                r#"msg="Zone is on the list of failed SOA checks, skipping" end of exclusion="{until}" zone="{zone}""#,
            ),
        ],
        sample: "Zone 'example.com' is on the list of failed SOA checks. Skipping SOA checks until 1781510530",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "The zone failed before and is left alone until the time named, so nothing was asked of its primary.",
        read: None,
    },
    Message {
        id: "pdns/secondary-check-queue",
        texts: &[
            ("2.9..=2.9.22", "{count} slave domain{s} need{s} checking"),
            ("3.0..=4.8.5", "{count} slave domain{s} need{s} checking, {queued} queued for AXFR"),
            ("4.9.0..", "{count} secondary domain{s} need{s} checking, {queued} queued for AXFR"),
            ("5.1.0..", r#"msg="queuing domains in need of checking for AXFR" domain count="{count}""#),
        ],
        sample: "4 slave domains need checking, 0 queued for AXFR",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "So many secondary zones are about to be checked; it proves that the communicator works through them, not that any is behind.",
        read: None,
    },
    Message {
        id: "pdns/secondary-check-none",
        texts: &[
            ("2.9..=2.9.22", "All slave domains are fresh"),
            ("3.0..=3.4.11", "No new unfresh slave domains, {queued} queued for AXFR already"),
            (
                "4.0.0..=4.8.5",
                "No new unfresh slave domains, {queued} queued for AXFR already, {in_progress} in progress",
            ),
            (
                "4.9.0..",
                "No new unfresh secondary domains, {queued} queued for AXFR already, {in_progress} in progress",
            ),
            (
                "5.1.0..",
                r#"msg="No new unfresh secondary domains" in progress="{in_progress}" number of queued domains="{queued}""#,
            ),
        ],
        sample: "No new unfresh slave domains, 0 queued for AXFR already, 0 in progress",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "No secondary zone is due for a check; printed only after a change.",
        read: None,
    },
    Message {
        id: "pdns/notify-queue-check",
        texts: &[
            ("4.1.2..", "Got NOTIFY for {zone} while AXFR in progress, requeueing SOA check"),
            ("4.1.2..", "Got NOTIFY for {zone}, going to check SOA serial"),
            ("4.1.4..=4.1.14", "Got NOTIFY for {zone}, going to check SOA serial, our serial is {our_serial}"),
            (
                "4.1.4..=4.8.5",
                "Got NOTIFY for {zone}, removing zone from list of failed slave-checks and going to check SOA serial",
            ),
            (
                "4.9.0..",
                "Got NOTIFY for {zone}, removing zone from list of failed secondary-checks and going to check SOA serial",
            ),
            ("5.1.0..", r#"msg="Got NOTIFY while AXFR in progress, requeuing SOA check" zone="{zone}""#),
            (
                "5.1.0..",
                r#"msg="Got NOTIFY, removing zone from list of failed secondary-checks and about to check SOA serial" zone="{zone}""#,
            ),
            ("5.1.0..", r#"msg="Got NOTIFY, about to check SOA serial" zone="{zone}""#),
        ],
        sample: "Got NOTIFY for example.com while AXFR in progress, requeueing SOA check",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "A NOTIFY was accepted earlier and now leads to a SOA check; it also ends the zone's back-off.",
        read: None,
    },
    Message {
        id: "pdns/freshness-next-primary",
        texts: &[("2.9.21..=2.9.22", "Trying next master '{primary}' for '{zone}'")],
        sample: "Trying next master '192.0.2.10' for 'example.com'",
        source: "pdns/communicator.cc",
        proves: "One primary failed to answer and the next in the list is asked.",
        read: None,
    },
    Message {
        id: "pdns/domain-removed",
        texts: &[
            ("3.2..", "Ignore domain {zone} since it has been removed from our backend"),
            ("5.1.0..", r#"msg="Ignoring domain since it has been removed from our backend" zone="{zone}""#),
        ],
        sample: "Ignore domain example.com since it has been removed from our backend",
        source: "pdns/slavecommunicator.cc",
        proves: "The zone was deleted from the backend while its check was under way.",
        read: None,
    },
    Message {
        id: "pdns/freshness-tsig-missing",
        texts: &[
            ("4.0.5..", "TSIG key '{key}' for domain '{zone}' not found, can not AXFR."),
            ("4.0.5..", "Unable to Base-64 decode TSIG key '{key}' for domain '{zone}', can not AXFR."),
            ("5.1.0..", r#"msg="TSIG key not found, unable to AXFR" key="{key}" zone="{zone}""#),
            ("5.1.0..", r#"msg="Unable to Base-64 decode TSIG key, unable to AXFR" key="{key}" zone="{zone}""#),
        ],
        sample: "TSIG key 'transfer-key' for domain 'example.com' not found, can not AXFR.",
        source: "pdns/slavecommunicator.cc",
        proves: "The key for this zone's transfers is missing or unreadable here, so the zone is not even checked.",
        read: None,
    },
    Message {
        id: "pdns/freshness-source",
        texts: &[
            ("3.4.0..", "Freshness check source (AXFR-SOURCE) for domain '{zone}' set to {source}"),
            ("3.4.0..", "Failed to load freshness check source '{source}' for '{zone}': {reason}"),
            ("5.1.0..", r#"msg="Freshness check source (AXFR-SOURCE) set" source="{source}" zone="{zone}""#),
            ("5.1.0..", r#"msg="Failed to load freshness check source" error="{reason}" zone="{zone}""#),
        ],
        sample: "Freshness check source (AXFR-SOURCE) for domain 'example.com' set to 192.0.2.2",
        source: "pdns/slavecommunicator.cc",
        proves: "The address from which the zone's primary is asked was set by its metadata, or could not be.",
        read: None,
    },
];

fn stale(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::ZoneStale {
        zone: fields.zone("zone")?,
        primary: fields.address("primary"),
        primary_serial: fields.number("primary_serial"),
        our_serial: fields.number("our_serial"),
    }))
}

fn newer(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::ZoneNewer {
        zone: fields.zone("zone")?,
        primary: fields.address("primary"),
        primary_serial: fields.number("primary_serial"),
        our_serial: fields.number("our_serial"),
    }))
}

fn fresh(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::ZoneFresh {
        zone: fields.zone("zone")?,
        primary: fields.address("primary"),
        serial: fields.number("our_serial"),
    }))
}

/// From 4.4.0 on time-outs are told only where there were any.
fn checked(fields: &Fields<'_>) -> Option<Fact> {
    let timeouts = if fields.get("timeouts").is_some() { fields.number("timeouts")? } else { 0 };
    Some(Fact::Pdns(Pdns::FreshnessChecked { zones: fields.number("count")?, timeouts }))
}

fn soa_unretrievable(fields: &Fields<'_>) -> Option<Fact> {
    Some(Fact::Pdns(Pdns::SoaUnretrievable {
        zone: fields.zone("zone")?,
        primary: fields.address("primary"),
        until: fields.number("until"),
        attempt: fields.number("attempt"),
        answered: false,
    }))
}

fn soa_unretrievable_first(fields: &Fields<'_>) -> Option<Fact> {
    let mut fact = soa_unretrievable(fields)?;
    if let Fact::Pdns(Pdns::SoaUnretrievable { attempt, .. }) = &mut fact {
        *attempt = Some(1);
    }
    Some(fact)
}

/// From 3.0 on zone and primary stand only in the reason: `Query to '192.0.2.10' for SOA of 'example.com' produced …`. All such reasons
/// are about an answer that came: time-outs have none.
fn broken_off(fields: &Fields<'_>) -> Option<Fact> {
    if fields.get("zone").is_some() {
        return soa_unretrievable(fields);
    }
    let reason = fields.text("reason")?;
    let (primary, about) = reason.strip_prefix("Query to '")?.split_once("' for SOA of '")?;
    let (zone, _) = about.split_once("' ")?;
    let mut told = Fields::default();
    told.push("primary", primary.as_bytes());
    told.push("zone", zone.as_bytes());
    Some(Fact::Pdns(Pdns::SoaUnretrievable {
        zone: told.zone("zone")?,
        primary: told.address("primary"),
        until: None,
        attempt: None,
        answered: true,
    }))
}
