//! Joins the rooms: sources → lines → timeline → world → findings → report. Opens nothing itself and knows no clock.

use crate::catalogue::{self, Fields};
use crate::detect;
use crate::event::{Daemon, Fact, Pdns, Text};
use crate::finding::Finding;
use crate::input::{self, Error, Interest, Programs, Source, Summary};
use crate::moment::{Moment, Precision};
use crate::record::Record;
use crate::report::{Caveat, Coverage, Node, Report, SourceCoverage};
use crate::timeline::{self, DateHint, Line, Log, Stated, Timeline};
use crate::world::World;
use chrono::NaiveDateTime;
use regex::bytes::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Lines of other programs are passed over in blocks; a folded repeat does not name the program it repeats.
static INTEREST: LazyLock<Interest> = LazyLock::new(|| {
    let pattern = format!("{}|last message repeated", catalogue::PREFILTER);
    Interest::Programs(Programs {
        pattern: Regex::new(&pattern).expect("the prefilter is a constant and a regex"),
        fields: &["SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "_COMM"],
        is_known: |text| unnamed(Daemon::Keepalived, text).is_some(),
    })
});

/// What is told, and what the operator states.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Years, zones and clocks as stated.
    pub stated: Stated,
    /// Only findings that touch the time from here…
    pub since: Option<Moment>,
    /// …to here.
    pub until: Option<Moment>,
    /// Only these rules.
    pub rules: Option<BTreeSet<String>>,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// All there is to say.
    pub report: Report,
    /// Sources that could not be read, or not wholly: exit code 2.
    pub errors: Vec<Error>,
}

/// What was read of one source.
#[derive(Debug)]
pub struct Intake {
    log: Log,
    format: &'static str,
    lines: u64,
    recognised: u64,
    unrecognised: u64,
    caveats: Vec<Caveat>,
    broken_off: Option<Error>,
}

/// Reads all sources, `threads` at a time; the result does not depend on how many.
#[must_use]
pub fn analyze(sources: &[Source], options: &Options, threads: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let mut intakes = Vec::new();
    let mut skipped = Vec::new();
    for (source, result) in sources.iter().zip(read_all(sources, threads)) {
        match result {
            Ok(mut intake) => {
                outcome.errors.extend(intake.broken_off.take());
                intakes.push(intake);
            }
            Err(error) if source.found_in_directory && error.is_not_a_log() => skipped.push(source.path.clone()),
            Err(error) => outcome.errors.push(error),
        }
    }
    intakes.sort_by(|a, b| a.log.path.cmp(&b.log.path));
    skipped.sort();
    outcome.errors.sort_by(|a, b| a.path().cmp(b.path()));
    outcome.report = conclude(intakes, &skipped, options);
    outcome
}

fn read_all(sources: &[Source], threads: usize) -> Vec<Result<Intake, Error>> {
    let next = AtomicUsize::new(0);
    let workers = threads.clamp(1, sources.len().max(1));
    if workers == 1 {
        return sources.iter().map(take_in).collect();
    }
    let mut slots: Vec<Option<Result<Intake, Error>>> = sources.iter().map(|_| None).collect();
    let results = thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(source) = sources.get(index) else { return done };
                        done.push((index, take_in(source)));
                    }
                })
            })
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("a reader does not panic on any input")).collect::<Vec<_>>()
    });
    for (index, result) in results {
        slots[index] = Some(result);
    }
    slots.into_iter().map(|slot| slot.expect("each source was read once")).collect()
}

/// Reads one source: every line of the two daemons as the catalogue understands it.
///
/// # Errors
/// As [`input::read`]: the source is missing, unreadable, or no log.
pub fn take_in(source: &Source) -> Result<Intake, Error> {
    let mut taken = Taken { lines: Vec::new(), recognised: 0, unrecognised: 0, last_line: 0, last_daemon: Daemon::Keepalived };
    let summary = input::read(source, &INTEREST, &mut |record| taken.record(record))?;
    Ok(taken.finish(source, summary))
}

struct Taken {
    lines: Vec<Line>,
    recognised: u64,
    unrecognised: u64,
    /// Line number of the last record that became a line.
    last_line: u64,
    /// Who spoke last.
    last_daemon: Daemon,
}

impl Taken {
    fn record(&mut self, record: &Record<'_>) {
        if record.message.is_empty() && record.repeated > 1 {
            self.repeat(record);
            return;
        }
        let is_named = record.identifier.is_some() || record.unit.is_some();
        let daemon =
            if is_named { catalogue::daemon_of(record.identifier, record.unit) } else { unnamed(self.last_daemon, record.message) };
        let Some(daemon) = daemon else { return };
        self.last_daemon = daemon;
        let mut fields = Fields::default();
        let (id, fact, hint) = match catalogue::read(daemon, record.message, &mut fields) {
            Some(message) => {
                self.recognised += 1;
                let fact = catalogue::fact(message, &fields);
                let hint = hint(&fact, &fields);
                (message.id, fact, hint)
            }
            None => {
                self.unrecognised += 1;
                let id = match daemon {
                    Daemon::Pdns => "pdns/unrecognised",
                    Daemon::Keepalived => "keepalived/unrecognised",
                };
                (id, Fact::Unrecognised(daemon), None)
            }
        };
        self.last_line = record.line;
        self.lines.push(Line {
            id,
            fact,
            stamp: record.stamp,
            host: record.host.map(text),
            pid: record.pid,
            repeated: record.repeated,
            line: record.cursor.is_none().then_some(record.line),
            cursor: record.cursor.map(text),
            raw: text(record.raw),
            hint,
        });
    }

    /// `last message repeated N times` repeats the line right above it, whatever program that was.
    fn repeat(&mut self, record: &Record<'_>) {
        let Some(last) = self.lines.last().filter(|_| self.last_line + 1 == record.line) else { return };
        let again = Line { stamp: record.stamp, repeated: record.repeated, line: Some(record.line), ..last.clone() };
        self.last_line = record.line;
        self.recognised += 1;
        self.lines.push(again);
    }

    fn finish(self, source: &Source, summary: Summary) -> Intake {
        let mut caveats: Vec<Caveat> = summary
            .troubles
            .iter()
            .map(|trouble| {
                let place = trouble.line.map_or(String::new(), |line| format!(":{line}"));
                Caveat { kind: trouble.kind, node: source.node.clone(), text: format!("{}{place}: {}", source.path, trouble.text) }
            })
            .collect();
        if summary.further_troubles > 0 {
            let text = format!("{}: {} more lines are damaged.", source.path, summary.further_troubles);
            caveats.push(Caveat { kind: "unread", node: source.node.clone(), text });
        }
        if summary.lines == 0 {
            caveats.push(Caveat { kind: "empty", node: source.node.clone(), text: format!("{}: the file is empty.", source.path) });
        }
        Intake {
            log: Log {
                path: source.path.clone(),
                node: source.node.clone(),
                lines: self.lines,
                first: summary.first,
                last: summary.last,
                modified: summary.modified,
            },
            format: summary.format,
            lines: summary.lines,
            recognised: self.recognised,
            unrecognised: self.unrecognised,
            caveats,
            broken_off: summary.broken_off,
        }
    }
}

/// Whose message it is where nothing but the message tells: `first`'s if both could have said it.
fn unnamed(first: Daemon, message: &[u8]) -> Option<Daemon> {
    let second = match first {
        Daemon::Pdns => Daemon::Keepalived,
        Daemon::Keepalived => Daemon::Pdns,
    };
    let mut fields = Fields::default();
    [first, second].into_iter().find(|daemon| catalogue::read(*daemon, message, &mut fields).is_some())
}

fn text(bytes: &[u8]) -> Text {
    Text::from(String::from_utf8_lossy(bytes))
}

/// What a line's text tells about its date.
fn hint(fact: &Fact, fields: &Fields<'_>) -> Option<DateHint> {
    let said = fields.get("ts").and_then(|value| std::str::from_utf8(value).ok()).and_then(|value| value.split('.').next()?.parse().ok());
    if let Some(epoch) = said {
        return Some(DateHint::Exact(epoch));
    }
    let local = fields.iter().filter_map(|(_, value)| std::str::from_utf8(value).ok()).find_map(local_datetime);
    if let Some(epoch) = local {
        return Some(DateHint::Exact(epoch));
    }
    let Fact::Pdns(pdns) = fact else { return None };
    match pdns {
        Pdns::TransferFailed { until: Some(epoch), .. } | Pdns::SoaUnretrievable { until: Some(epoch), .. } => Some(DateHint::Exact(*epoch)),
        Pdns::ZoneStale { primary_serial, our_serial, .. } => primary_serial.or(*our_serial).map(DateHint::Serial),
        Pdns::ZoneCommitted { serial, .. } | Pdns::ZoneFresh { serial, .. } => serial.map(DateHint::Serial),
        _ => None,
    }
}

/// `YYYY-MM-DD HH:MM:SS`, the form of 5.1's exclusions, as Unix seconds of that reading in UTC: near enough for a year.
fn local_datetime(value: &str) -> Option<i64> {
    let is_shaped = value.len() == 19 && value.as_bytes()[4] == b'-' && value.as_bytes()[10] == b' ';
    let parsed = is_shaped.then(|| NaiveDateTime::parse_from_str(value, "%Y-%m-%d %H:%M:%S").ok())??;
    Some(parsed.and_utc().timestamp())
}

/// Everything after the reading: place, believe, find, report.
fn conclude(intakes: Vec<Intake>, skipped: &[Text], options: &Options) -> Report {
    let mut caveats: Vec<Caveat> = intakes.iter().flat_map(|intake| intake.caveats.iter().cloned()).collect();
    if !skipped.is_empty() {
        let names: Vec<&str> = skipped.iter().take(3).map(|path| &**path).collect();
        let more = if skipped.len() > names.len() { ", …" } else { "" };
        let text = format!("{} files in the directories are no logs and were skipped ({}{more}).", skipped.len(), names.join(", "));
        caveats.push(Caveat { kind: "skipped", node: None, text });
    }
    let mut coverage = Coverage::default();
    let mut formats = Vec::new();
    for intake in &intakes {
        coverage.lines += intake.lines;
        coverage.recognised += intake.recognised;
        coverage.unrecognised += intake.unrecognised;
        formats.push((intake.log.path.clone(), intake.format, intake.lines));
    }
    coverage.other = coverage.lines.saturating_sub(coverage.recognised + coverage.unrecognised);
    let logs = intakes.into_iter().map(|intake| intake.log).collect();
    let timeline = timeline::assemble(logs, &options.stated);
    coverage.sources = formats
        .into_iter()
        .zip(&timeline.spans)
        .map(|((path, format, lines), span)| {
            let (first, last) = (span.first, span.last);
            SourceCoverage { path, format, node: span.node.clone(), lines, first, last }
        })
        .collect();
    caveats.extend(timeline.caveats.iter().cloned());
    let world = believe(&timeline);
    caveats.extend(blind_spots(&timeline, &world));
    caveats.sort();
    caveats.dedup();
    let findings = detect::find_all(&world).into_iter().filter(|finding| is_told(finding, options)).collect();
    Report { findings, nodes: nodes(&world), caveats, coverage }
}

fn believe(timeline: &Timeline) -> World {
    let mut world = World::default();
    for event in &timeline.events {
        world.observe(event);
    }
    let mut ends = BTreeMap::<Text, Moment>::new();
    for span in &timeline.spans {
        if let (Some(node), Some(last)) = (&span.node, span.last) {
            let skew = timeline.skews.get(node).map_or(0, |skew| skew.applied_micros);
            let last = last.shifted(-skew);
            let known = ends.entry(node.clone()).or_insert(last);
            *known = (*known).max(last);
        }
    }
    world.settle(&ends.into_iter().collect::<Vec<_>>());
    world
}

fn is_told(finding: &Finding, options: &Options) -> bool {
    let by_rule = options.rules.as_ref().is_none_or(|rules| rules.contains(finding.rule));
    let ends_in_time = options.since.is_none_or(|since| finding.until.is_none_or(|until| until.micros >= since.micros));
    let begins_in_time = options.until.is_none_or(|until| finding.since.micros <= until.micros);
    by_rule && ends_in_time && begins_in_time
}

fn nodes(world: &World) -> Vec<Node> {
    let daemon_name = |daemon: &Daemon| match daemon {
        Daemon::Pdns => "pdns",
        Daemon::Keepalived => "keepalived",
    };
    world
        .nodes
        .iter()
        .map(|(name, facts)| Node {
            name: name.clone(),
            roles: facts.roles(),
            versions: facts.versions.iter().map(|(daemon, version)| (daemon_name(daemon), version.to_string())).collect(),
            addresses: Vec::new(),
        })
        .collect()
}

/// What these logs could not have shown.
fn blind_spots(timeline: &Timeline, world: &World) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    let coarse: BTreeSet<&Text> =
        timeline.events.iter().filter(|event| event.time.precision == Precision::Second).map(|event| &event.node).collect();
    for node in coarse {
        let text = "the stamps have whole seconds: what happened first within one second on two hosts is unknown.".to_owned();
        caveats.push(Caveat { kind: "order", node: Some(node.clone()), text });
    }
    for (name, facts) in &world.nodes {
        let checks_are_hidden = facts.is_secondary && !facts.shows_freshness;
        if checks_are_hidden {
            let text = "its PowerDNS logs no freshness checks (loglevel 4, the default, hides them from 4.4 on): when a copy fell behind is known \
                        only from failed transfers."
                .to_owned();
            caveats.push(Caveat { kind: "level-hides", node: Some(name.clone()), text });
        }
    }
    for group in world.groups() {
        if let Some(only) = group.nodes.keys().next().filter(|_| group.nodes.len() == 1) {
            let text = format!("no other node's keepalived log of {} is here: what its peers did is unknown.", group.unit.name());
            caveats.push(Caveat { kind: "missing", node: Some(only.clone()), text });
        }
    }
    if world.groups().is_empty() && !world.nodes.is_empty() {
        let text = "no keepalived log is here: who was MASTER when is unknown.".to_owned();
        caveats.push(Caveat { kind: "missing", node: None, text });
    }
    if world.replication.left_out > 0 {
        let text = format!("{} NOTIFYs or zones beyond what is kept per sender were counted, not told.", world.replication.left_out);
        caveats.push(Caveat { kind: "limit", node: None, text });
    }
    caveats
}
