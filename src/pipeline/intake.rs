//! One source → what the catalogue makes of its lines; twice where it is too large to be kept.

use super::batch::Batch;
use super::blind_spots;
use super::kept::{Kept, keep_text};
use super::listener::{Heard, Hearing, Listener, fact_of, id_of, is_known};
use super::patterns::Patterns;
use super::settings::Configuration;
use super::unread::Templates;
use super::unwrap;
use crate::catalogue::{self, Fields, Message};
use crate::event::{Cloud, Daemon, Event, Fact, Keepalived, Pdns, Text, lossy};
use crate::input::{Error, Interest, Programs, Source, Summary, Trouble};
use crate::record::Record;
use crate::report::{Caveat, Unread};
use crate::timeline::{DateHint, Line, Placer, Survey};
use chrono::NaiveDateTime;
use regex::bytes::Regex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;

/// Lines of all sources that are kept between the survey and the merge (some 20 MB); sources beyond that are read again.
const KEPT_MAX: usize = 50_000;
/// Events handed over at once by a source that is read again.
pub(super) const BATCH: usize = 512;

/// Lines of other programs are passed over in blocks; a folded repeat does not name the program it repeats.
#[must_use]
pub fn interest(patterns: &Patterns) -> Interest {
    let daemons = format!("{}|e repeated", catalogue::PREFILTER.join("|"));
    let pattern = match patterns.prefilter() {
        Some(sites) if patterns.is_empty() || sites.is_empty() => daemons,
        Some(sites) => format!("{daemons}|{sites}"),
        None => return everything(),
    };
    Interest::Programs(Programs {
        pattern: Regex::new(&pattern).expect("the prefilter is made of words"),
        // `UNIT` is whom an entry of systemd is about.
        fields: &["SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "UNIT", "_COMM"],
        is_known,
    })
}

/// Other programs' lines too.
pub(super) fn everything() -> Interest {
    Interest::AllKnowing(is_known)
}

/// How many lines may still be kept, over all sources.
#[derive(Debug)]
pub(super) struct Budget(AtomicUsize);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicUsize::new(KEPT_MAX))
    }
}

impl Budget {
    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn give_back(&self, lines: usize) {
        self.0.fetch_add(lines, Ordering::Relaxed);
    }
}

/// What was read of one source.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) survey: Survey,
    /// The lines that rules may rest on; `None` where they are read again.
    pub(super) kept: Option<Vec<Line>>,
    pub(super) format: &'static str,
    pub(super) lines: u64,
    pub(super) recognised: u64,
    pub(super) unrecognised: u64,
    pub(super) templates: Vec<Unread>,
    pub(super) caveats: Vec<Caveat>,
    /// What a cloud listed without a time.
    pub(super) listed: Vec<Cloud>,
    /// What it states, where it is a configuration file.
    pub(super) configuration: Option<Configuration>,
    pub(super) broken_off: Option<Error>,
}

/// Reads one source and surveys it. Its lines are kept as far as `budget` goes, or where the source cannot be read twice.
pub(super) fn take_in(source: &Source, patterns: &Arc<Patterns>, budget: &Budget) -> Result<Intake, Error> {
    let mut survey = Survey::new(source.path.clone(), source.node.clone());
    let mut kept = Some(Vec::new());
    let mut listed = Vec::new();
    let mut stated = Vec::new();
    let mut reader = Reader::new(patterns);
    let summary = unwrap::read(source, &interest(patterns), &mut |record| {
        reader.record(record, &mut |line| {
            if let (Fact::Cloud(cloud), None) = (&line.fact, line.stamp) {
                listed.push(Cloud::clone(cloud));
                return;
            }
            if matches!(line.fact, Fact::Setting(_)) {
                stated.push(line);
                return;
            }
            survey.note(&line);
            if !is_listened_to(&line.fact) {
                return;
            }
            if let Some(lines) = &mut kept {
                if budget.take() || !source.can_be_read_again() {
                    lines.push(line);
                } else {
                    budget.give_back(lines.len());
                    kept = None;
                }
            }
        });
    })?;
    if is_of_no_host(summary.format) {
        survey.is_of_no_node();
    }
    let is_configuration = catalogue::is_settings(summary.format.as_bytes());
    let mut intake = reader.finish(source, summary, survey, kept);
    intake.caveats.extend(blind_spots::of_listing(&source.path, &listed));
    intake.listed = listed;
    intake.configuration = is_configuration.then(|| Configuration {
        path: source.path.clone(),
        named: source.node.clone(),
        lines: stated,
    });
    Ok(intake)
}

/// Whether what a source tells is no host's own log: a cloud's records, a configuration.
pub(super) fn is_of_no_host(format: &str) -> bool {
    catalogue::is_cloud(format.as_bytes()) || catalogue::is_settings(format.as_bytes())
}

/// Reads a source and sends its lines on, in file order; passes over the rest when nobody listens any more.
pub(super) fn read_lines(
    source: &Source,
    patterns: &Arc<Patterns>,
    batch_lines: usize,
    batches: &SyncSender<Batch>,
) -> Result<(Reader, Summary), Error> {
    let mut reader = Reader::of_textless(patterns);
    let mut batch = Batch::with_room(batch_lines);
    let mut is_heard = true;
    let summary = unwrap::read(source, &interest(patterns), &mut |record| {
        if !is_heard {
            return;
        }
        reader.record(record, &mut |line| batch.push(line, record.raw));
        if batch.lines.len() >= batch_lines {
            is_heard = batches.send(std::mem::replace(&mut batch, Batch::with_room(batch_lines))).is_ok();
            reader.share_anew();
        }
    })?;
    let _ = batches.send(batch);
    Ok((reader, summary))
}

/// Reads a source again and sends its events on, in file order. Stops when nobody listens any more.
pub(super) fn replay(
    source: &Source,
    patterns: &Arc<Patterns>,
    mut placer: Placer<'_>,
    events: &SyncSender<Vec<Event>>,
) {
    let mut reader = Reader::new(patterns);
    let mut batch = Vec::with_capacity(BATCH);
    let mut is_heard = true;
    unwrap::read_again(source, &interest(patterns), &mut |record| {
        reader.record(record, &mut |line| {
            // The walker follows every stamp, as the survey did.
            let is_wanted = is_listened_to(&line.fact);
            let placed = placer.place(line);
            if let Some(event) = placed.filter(|_| is_wanted && is_heard) {
                batch.push(event);
                if batch.len() == BATCH {
                    is_heard = events.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_ok();
                }
            }
        });
    });
    let _ = events.send(batch);
}

pub(super) fn is_listened_to(fact: &Fact) -> bool {
    match fact {
        Fact::Vrrp { .. } | Fact::Group { .. } | Fact::Keepalived(_) | Fact::Pdns(_) => true,
        Fact::Site { .. } | Fact::Cloud(_) | Fact::Keeper(_) => true,
        // Of no moment: it is put beside the lines.
        Fact::Setting(_) => false,
        // What a script says under keepalived's tag reads like this.
        Fact::Unrecognised(daemon) => *daemon == Daemon::Keepalived,
        Fact::Other => false,
    }
}

/// Which facts are worked out: who only surveys a source wants its daemons and dates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Facts {
    /// Each line's.
    #[default]
    All,
    /// Of PowerDNS's messages those whose stamps have no year.
    Yearless,
    /// Of PowerDNS's messages those that tell a moment: it settles the year, and nothing else can.
    Moments,
}

impl Facts {
    /// Whether the fact of a line that is such a message tells anything beyond its id.
    fn has(self, message: &Message, record: &Record<'_>, fields: &Fields<'_>) -> bool {
        let tells = match self {
            Self::All => true,
            Self::Yearless => record.stamp.is_some_and(|stamp| !stamp.year_known),
            Self::Moments => fields.get("until").is_some() || catalogue::said_at(record.message).is_some(),
        };
        tells || !message.id.starts_with("pdns/")
    }
}

/// Takes a line, how it was heard and what it tells.
pub(super) type HeardLine<'e> = dyn FnMut(&Line, &Hearing<'_, '_>, &Fields<'_>) + 'e;

/// Records → lines.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) listener: Listener,
    pub(super) recognised: u64,
    pub(super) unrecognised: u64,
    pub(super) templates: Templates,
    /// The last record that was a line and may be repeated by the next one.
    pub(super) last: Option<Kept>,
    /// The last line's host.
    host: Option<Text>,
    /// Room for the next line's fields.
    room: Fields<'static>,
    pub(super) facts: Facts,
    /// What stands for each line's text where it is not told here.
    no_raw: Option<Text>,
}

impl Reader {
    pub(super) fn new(patterns: &Arc<Patterns>) -> Self {
        Self { listener: Listener::new(patterns.clone()), ..Self::default() }
    }

    /// Reads on by these patterns.
    pub(super) fn know(&mut self, patterns: &Arc<Patterns>) {
        self.listener.know(patterns.clone());
    }

    /// One whose lines do without their text.
    pub(super) fn of_textless(patterns: &Arc<Patterns>) -> Self {
        Self { no_raw: Some(Text::from("")), ..Self::new(patterns) }
    }

    /// Lets go of what the lines so far share: two threads that count how many share it would wait for each other.
    fn share_anew(&mut self) {
        self.host = None;
        self.no_raw = self.no_raw.take().map(|_| Text::from(""));
    }

    pub(super) fn record(&mut self, record: &Record<'_>, each: &mut dyn FnMut(Line)) {
        if record.is_folded_repeat() {
            self.repeat(record, each);
            return;
        }
        let mut fields = std::mem::take(&mut self.room);
        // Handed on from where it is made: a line is hundreds of bytes.
        if self.line_in(record, true, &mut fields, |line, _, _| each(line)).is_some() {
            self.keep(record);
        }
        self.room = fields.emptied();
    }

    /// As [`record`](Self::record), for one who also wants to know how it was heard. A folded repeat is not heard.
    pub(super) fn hear(&mut self, record: &Record<'_>, each: &mut HeardLine<'_>) {
        let mut fields = std::mem::take(&mut self.room);
        if self.line_in(record, true, &mut fields, |line, hearing, fields| each(&line, hearing, fields)).is_some() {
            self.keep(record);
        }
        self.room = fields.emptied();
    }

    /// Keeps a record that the next line may repeat.
    fn keep(&mut self, record: &Record<'_>) {
        if !record.stands_alone {
            self.last.get_or_insert_default().set(record);
        }
    }

    /// `last message repeated N times` repeats the line right above it, whatever program that was.
    fn repeat(&mut self, record: &Record<'_>, each: &mut dyn FnMut(Line)) {
        let Some(last) = self.last.as_mut().filter(|last| last.line + 1 == record.line) else { return };
        last.line = record.line;
        let last = self.last.take().unwrap_or_default();
        // What is read again does not count.
        let again = self.line_in(&last.borrowed(), false, &mut Fields::default(), |line, _, _| line);
        self.last = Some(last);
        self.recognised += 1;
        if let Some(again) = again {
            each(Line {
                stamp: record.stamp,
                repeated: record.repeated,
                line: Some(record.line),
                raw: self.text_of(record),
                ..again
            });
        }
    }

    /// Gives the line that a record is on, if it is no stranger's.
    fn line_in<'r, T>(
        &mut self,
        record: &Record<'r>,
        counts: bool,
        fields: &mut Fields<'r>,
        then: impl FnOnce(Line, &Hearing<'_, '_>, &Fields<'_>) -> T,
    ) -> Option<T> {
        let hearing = self.listener.hear(record, fields);
        let has_fact = match hearing.what {
            Heard::Message(message) => self.facts.has(message, record, fields),
            Heard::Unrecognised(_) | Heard::Site(_) | Heard::Stranger => true,
        };
        let fact = if has_fact { fact_of(&hearing.what, fields) } else { Fact::Other };
        let hint = match hearing.what {
            Heard::Message(_) => {
                self.recognised += u64::from(counts);
                // A stamp with a year needs no hint.
                let is_yearless = record.stamp.is_some_and(|stamp| !stamp.year_known);
                if is_yearless && has_fact { hint(record.message, &fact, fields) } else { None }
            }
            Heard::Unrecognised(daemon) => {
                if counts {
                    self.unrecognised += 1;
                    self.templates.note(daemon, record);
                }
                None
            }
            Heard::Site(_) => None,
            Heard::Stranger => return None,
        };
        keep_text(&mut self.host, record.host);
        let line = Line {
            id: id_of(&hearing.what),
            fact,
            stamp: record.stamp,
            host: self.host.clone(),
            pid: hearing.pid,
            repeated: record.repeated,
            line: record.cursor.is_none().then_some(record.line),
            cursor: record.cursor.map(text),
            raw: self.no_raw.clone().unwrap_or_else(|| text(record.raw)),
            hint,
            versions: fields.versions(),
        };
        Some(then(line, &hearing, fields))
    }

    fn text_of(&self, record: &Record<'_>) -> Text {
        self.no_raw.clone().unwrap_or_else(|| text(record.raw))
    }

    pub(super) fn finish(
        self,
        source: &Source,
        summary: Summary,
        mut survey: Survey,
        kept: Option<Vec<Line>>,
    ) -> Intake {
        survey.finish(summary.first, summary.last, summary.modified);
        survey.covers = summary.covers;
        let mut caveats: Vec<Caveat> =
            summary.troubles.iter().map(|trouble| caveat_of(trouble, &source.path, source.node.as_ref())).collect();
        if summary.further_troubles > 0 {
            let text = format!("{}: {} more lines are damaged.", source.path, summary.further_troubles);
            caveats.push(Caveat { kind: "unread", node: source.node.clone(), text });
        }
        if summary.lines == 0 {
            caveats.push(Caveat {
                kind: "empty",
                node: source.node.clone(),
                text: format!("{}: the file is empty.", source.path),
            });
        }
        caveats.extend(blind_spots::of_sequence(&source.path, source.node.as_ref(), &summary.sequence));
        Intake {
            survey,
            kept,
            format: summary.format,
            lines: summary.lines,
            // A configuration is no line of a daemon: it leaves nothing to judge by.
            recognised: if catalogue::is_settings(summary.format.as_bytes()) { 0 } else { self.recognised },
            unrecognised: self.unrecognised,
            templates: self.templates.of_source(&source.path),
            caveats,
            listed: Vec::new(),
            configuration: None,
            broken_off: summary.broken_off,
        }
    }
}

pub(super) fn caveat_of(trouble: &Trouble, path: &Text, node: Option<&Text>) -> Caveat {
    let place = trouble.line.map_or(String::new(), |line| format!(":{line}"));
    Caveat { kind: trouble.kind, node: node.cloned(), text: format!("{path}{place}: {}", trouble.text) }
}

pub(super) fn text(bytes: &[u8]) -> Text {
    Text::from(lossy(bytes))
}

/// What a line's text tells about its date.
pub(super) fn hint(message: &[u8], fact: &Fact, fields: &Fields<'_>) -> Option<DateHint> {
    if let Some(epoch) = catalogue::said_at(message) {
        return Some(DateHint::Exact(epoch));
    }
    let local = fields.get("until").and_then(local_datetime);
    if let Some(epoch) = local {
        return Some(DateHint::Exact(epoch));
    }
    if matches!(fact, Fact::Keepalived(Keepalived::Starting { .. }) | Fact::Pdns(Pdns::Started { .. })) {
        return newest_year(message).map(DateHint::Banner);
    }
    let Fact::Pdns(pdns) = fact else { return None };
    let excluded = pdns.excluded_until().map(DateHint::Exact);
    excluded.or_else(|| pdns.newest_serial().map(DateHint::Serial))
}

/// The newest year in a banner: `(C) 2001-2022 PowerDNS.COM BV`, `Keepalived v2.2.7 (01/16,2022)`.
fn newest_year(banner: &[u8]) -> Option<i32> {
    let numbers = banner.split(|byte| !byte.is_ascii_digit()).filter(|digits| digits.len() == 4);
    let years = numbers.filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    years.filter(|year| (1998..=2199).contains(year)).max()
}

/// `YYYY-MM-DD HH:MM:SS`, the form of 5.1's exclusions, as Unix seconds of that reading in UTC: near enough for a year.
fn local_datetime(value: &[u8]) -> Option<i64> {
    let is_shaped = value.len() == 19 && value[4] == b'-' && value[10] == b' ';
    let value = std::str::from_utf8(if is_shaped { value } else { return None }).ok()?;
    let parsed = NaiveDateTime::parse_from_str(value, "%Y-%m-%d %H:%M:%S").ok()?;
    Some(parsed.and_utc().timestamp())
}
