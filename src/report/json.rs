//! `driftline.report/1`: the report as one JSON document, from structs of its own.
//!
//! **Invariant:** keys are only ever added here. Inner types change freely; what scripts read does not.

use super::words::{self, is_hidden};
use super::{Group, OwnAddress, Report};
use crate::event::Text;
use crate::finding::{Bound, Evidence, Finding, Role, ZoneImpact};
use crate::moment::Moment;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::io::{self, Write};

const SCHEMA: &str = "driftline.report/1";

/// Writes the report: two spaces of indent, one newline at the end.
///
/// # Errors
/// Only those of `out`.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut harmless = io::BufWriter::new(Harmless(out));
    serde_json::to_writer_pretty(&mut harmless, &WireReport::new(report))?;
    harmless.write_all(b"\n")?;
    harmless.flush()
}

/// Passes JSON on as [`escape_hidden`] has it, piece by piece: a report may have a hundred megabytes.
struct Harmless<'o>(&'o mut dyn Write);

impl Write for Harmless<'_> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        // serde hands over whole texts, and a `BufWriter` cuts none in two.
        let whole = std::str::from_utf8(json).expect("whole texts are UTF-8");
        self.0.write_all(escape_hidden(whole).as_bytes())?;
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// One finding as it stands in the report, on one line without its end.
#[must_use]
pub fn finding(finding: &Finding) -> String {
    escape_hidden(&serde_json::to_string(&WireFinding::new(finding)).expect("strings and numbers have a form"))
}

/// serde escapes only what JSON demands. DEL, C1 and bidi characters would still steer the terminal that shows the file; outside of
/// ASCII they can only stand inside strings, so escaping them changes no value.
pub(crate) fn escape_hidden(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// A list whose items are made as they are written.
struct Each<'a, T, W>(&'a [T], fn(&'a T) -> W);

impl<T, W: Serialize> Serialize for Each<'_, T, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

#[derive(Serialize)]
struct WireReport<'a> {
    schema: &'static str,
    findings: Each<'a, Finding, WireFinding<'a>>,
    nodes: Vec<WireNode<'a>>,
    groups: Vec<WireGroup<'a>>,
    caveats: Vec<WireCaveat<'a>>,
    coverage: WireCoverage<'a>,
}

#[derive(Serialize)]
pub(super) struct WireFinding<'a> {
    id: &'a str,
    rule: &'static str,
    severity: &'static str,
    confidence: &'static str,
    state: &'static str,
    claim: &'a str,
    story: &'a [String],
    since: Stamp,
    since_is: &'static str,
    until: Option<Stamp>,
    until_is: Option<&'static str>,
    subject: WireSubject<'a>,
    evidence: Each<'a, Evidence, WireEvidence<'a>>,
    cause: Option<&'a str>,
    rivals: Vec<WireRival<'a>>,
    impact: WireImpact<'a>,
    next_steps: &'a [String],
    prevention: &'a [String],
}

#[derive(Serialize)]
struct WireSubject<'a> {
    instance: Option<&'a str>,
    group: Option<&'a str>,
    resource: Option<&'a str>,
    holder: Option<&'a str>,
    owner: Option<&'a str>,
    node: Option<&'a str>,
    nodes: Vec<&'a str>,
    zones: Vec<&'a str>,
    address: Option<&'a str>,
}

#[derive(Serialize)]
struct WireEvidence<'a> {
    role: &'static str,
    event: &'static str,
    node: &'a str,
    time: Stamp,
    path: &'a str,
    line: Option<u64>,
    cursor: Option<&'a str>,
    raw: Cow<'a, str>,
    proves: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Stamp>,
}

#[derive(Serialize)]
struct WireRival<'a> {
    claim: &'a str,
    settled_by: &'a str,
}

#[derive(Serialize)]
struct WireImpact<'a> {
    zones: Each<'a, ZoneImpact, WireZone<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_symptom: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_to_symptom: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_to_repair: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    told_live: Option<Stamp>,
}

#[derive(Serialize)]
struct WireZone<'a> {
    zone: &'a str,
    node: &'a str,
    since: Stamp,
    until: Option<Stamp>,
    our_serial: Option<u32>,
    primary_serial: Option<u32>,
    failed_transfers: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_lag: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_behind: Option<i64>,
}

#[derive(Serialize)]
struct WireNode<'a> {
    name: &'a str,
    roles: &'a [&'static str],
    #[serde(serialize_with = "as_object")]
    versions: &'a [(&'static str, String)],
    #[serde(serialize_with = "as_object")]
    versions_by: &'a [(&'static str, &'static str)],
    addresses: Vec<&'a str>,
    addresses_known: Vec<WireAddress<'a>>,
    asks: Vec<&'a str>,
}

#[derive(Serialize)]
struct WireAddress<'a> {
    address: &'a str,
    by: &'static str,
    since: Option<Stamp>,
}

#[derive(Serialize)]
struct WireGroup<'a> {
    instance: Option<&'a str>,
    group: Option<&'a str>,
    nodes: Vec<&'a str>,
    proven: bool,
    masters: Vec<&'a str>,
    preferred: Option<&'a str>,
    resource: Option<&'a str>,
}

#[derive(Serialize)]
struct WireCaveat<'a> {
    kind: &'static str,
    node: Option<&'a str>,
    text: &'a str,
}

#[derive(Serialize)]
struct WireCoverage<'a> {
    lines: u64,
    recognised: u64,
    unrecognised: u64,
    other: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unrecognised_templates: Vec<WireUnread<'a>>,
    sources: Vec<WireSource<'a>>,
}

#[derive(Serialize)]
struct WireUnread<'a> {
    daemon: &'static str,
    template: &'a str,
    lines: u64,
    path: &'a str,
    line: Option<u64>,
    raw: &'a str,
}

#[derive(Serialize)]
struct WireSource<'a> {
    path: &'a str,
    format: &'static str,
    node: Option<&'a str>,
    lines: u64,
    first: Option<Stamp>,
    last: Option<Stamp>,
}

/// RFC 3339, UTC, with the precision of the source.
struct Stamp(Moment);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.rfc3339())
    }
}

fn as_object<S: Serializer, V: Serialize>(pairs: &&[(&'static str, V)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(daemon, value)| (daemon, value)))
}

impl<'a> WireReport<'a> {
    fn new(report: &'a Report) -> Self {
        let coverage = &report.coverage;
        Self {
            schema: SCHEMA,
            findings: Each(&report.findings, WireFinding::new),
            nodes: report
                .nodes
                .iter()
                .map(|node| WireNode {
                    name: &node.name,
                    roles: &node.roles,
                    versions: &node.versions,
                    versions_by: &node.versions_by,
                    addresses: node.addresses.iter().map(|own| &*own.address).collect(),
                    addresses_known: node.addresses.iter().map(WireAddress::new).collect(),
                    asks: texts(&node.asks),
                })
                .collect(),
            groups: report.groups.iter().map(WireGroup::new).collect(),
            caveats: report
                .caveats
                .iter()
                .map(|caveat| WireCaveat { kind: caveat.kind, node: caveat.node.as_deref(), text: &caveat.text })
                .collect(),
            coverage: WireCoverage {
                lines: coverage.lines,
                recognised: coverage.recognised,
                unrecognised: coverage.unrecognised,
                other: coverage.other,
                unrecognised_templates: coverage
                    .unrecognised_templates
                    .iter()
                    .map(|unread| WireUnread {
                        daemon: unread.daemon.word(),
                        template: &unread.template,
                        lines: unread.lines,
                        path: &unread.path,
                        line: unread.line,
                        raw: &unread.raw,
                    })
                    .collect(),
                sources: coverage
                    .sources
                    .iter()
                    .map(|source| WireSource {
                        path: &source.path,
                        format: source.format,
                        node: source.node.as_deref(),
                        lines: source.lines,
                        first: source.first.map(Stamp),
                        last: source.last.map(Stamp),
                    })
                    .collect(),
            },
        }
    }
}

impl<'a> WireAddress<'a> {
    fn new(own: &'a OwnAddress) -> Self {
        Self { address: &own.address, by: own.by, since: own.since.map(Stamp) }
    }
}

impl<'a> WireGroup<'a> {
    fn new(group: &'a Group) -> Self {
        let name = Some(&*group.name);
        Self {
            instance: name.filter(|_| !group.is_sync_group),
            group: name.filter(|_| group.is_sync_group),
            nodes: texts(&group.nodes),
            proven: group.is_proven,
            masters: texts(&group.masters),
            preferred: group.preferred.as_deref(),
            resource: group.resource.as_deref(),
        }
    }
}

impl<'a> WireFinding<'a> {
    pub(super) fn new(finding: &'a Finding) -> Self {
        let subject = &finding.subject;
        Self {
            id: &finding.id,
            rule: finding.rule,
            severity: words::severity(finding.severity),
            confidence: words::confidence(finding.confidence),
            state: if finding.is_open() { "open" } else { "closed" },
            claim: &finding.claim,
            story: &finding.story,
            since: Stamp(finding.since),
            since_is: match finding.since_is {
                Bound::Exact => "exact",
                Bound::AtMost => "at the latest",
            },
            until: finding.until.map(Stamp),
            until_is: finding.until.map(|_| match finding.until_is {
                Bound::Exact => "exact",
                Bound::AtMost => "at most",
            }),
            subject: WireSubject {
                instance: subject.instance.as_deref(),
                group: subject.group.as_deref(),
                resource: subject.resource.as_deref(),
                holder: subject.holder.as_deref(),
                owner: subject.owner.as_deref(),
                node: subject.node.as_deref(),
                nodes: texts(&subject.nodes),
                zones: texts(&subject.zones),
                address: subject.address.as_deref(),
            },
            evidence: Each(finding.evidence(), WireEvidence::new),
            cause: finding.cause.as_deref(),
            rivals: finding
                .rivals
                .iter()
                .map(|rival| WireRival { claim: &rival.claim, settled_by: &rival.settled_by })
                .collect(),
            impact: WireImpact {
                zones: Each(&finding.impact, WireZone::new),
                first_symptom: finding.first_symptom.map(Stamp),
                seconds_to_symptom: finding.first_symptom.map(|first| seconds(finding.since, first)),
                seconds_to_repair: finding.until.map(|until| seconds(finding.since, until)),
                told_live: finding.told_live.map(Stamp),
            },
            next_steps: &finding.next_steps,
            prevention: &finding.prevention,
        }
    }
}

fn seconds(from: Moment, to: Moment) -> i64 {
    to.micros_since(from).max(0).div_euclid(1_000_000)
}

impl<'a> WireEvidence<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        Self {
            role: match evidence.role {
                Role::Primary => "primary",
                Role::Supporting => "supporting",
                Role::Against => "against",
                Role::Repair => "repair",
            },
            event: evidence.event.id,
            node: &evidence.event.node,
            time: Stamp(evidence.event.time),
            path: &evidence.event.origin.path,
            line: evidence.event.origin.line,
            cursor: evidence.event.origin.cursor.as_deref(),
            raw: evidence.event.raw.text(),
            proves: &evidence.proves,
            more: (evidence.more > 0).then_some(evidence.more),
            last: if evidence.more > 0 { evidence.last.map(Stamp) } else { None },
        }
    }
}

impl<'a> WireZone<'a> {
    fn new(zone: &'a ZoneImpact) -> Self {
        Self {
            zone: &zone.zone,
            node: &zone.node,
            since: Stamp(zone.since),
            until: zone.until.map(Stamp),
            our_serial: zone.our_serial,
            primary_serial: zone.primary_serial,
            failed_transfers: zone.failed_transfers,
            serial_lag: zone.our_serial.zip(zone.primary_serial).map(|(ours, theirs)| theirs.wrapping_sub(ours)),
            seconds_behind: zone.until.map(|until| seconds(zone.since, until)),
        }
    }
}

fn texts(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(|text| &**text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces may be of any length, and buffers end anywhere.
    #[test]
    fn what_is_written_piece_by_piece_is_escaped_as_the_whole_is() {
        let text: String = (0..5_000).map(|number| ["ä", "\u{202e}", "x", "\u{7f}", "😀"][number * 7 % 5]).collect();
        let texts: Vec<&str> = (0..60).map(|from| &text[text.floor_char_boundary(from * 150)..]).collect();
        let mut pieces = Vec::new();
        let mut harmless = io::BufWriter::new(Harmless(&mut pieces));
        serde_json::to_writer_pretty(&mut harmless, &texts).expect("a vector takes all");
        harmless.flush().expect("a vector takes all");
        drop(harmless);
        let whole = escape_hidden(&serde_json::to_string_pretty(&texts).expect("texts have a form"));
        assert!(String::from_utf8(pieces).is_ok_and(|pieces| pieces == whole));
    }
}
