//! What several sources tell → once: rotated sets that overlap, a log and its copy, the same journal as text and as a file.
//!
//! Two events of different sources are one if the same process of one node said the same at the same time, as far as the coarser
//! of the two stamps tells; the k-th such event of one source is the k-th of the other. The finer stamp is kept. Entries that both
//! have a cursor need no guess: it holds boot and clock. Two plain logs that only meet, the one ending in the second in which
//! the other begins, are a rotation: what they both have in that second was said twice.
//!
//! Events are held back for as long as a coarse stamp may stand before a fine one, and pass on in order. Nothing is held where no
//! node is in two sources.

use super::{Frame, Survey};
use crate::event::{Event, Text};
use crate::moment::{Moment, Precision};
use crate::report::Caveat;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::hash::{Hash, Hasher};

/// A stamp of whole seconds stands up to a second before a fine one of the same event.
const HOLD_MICROS: i64 = 1_000_000 + TOLERANCE_MICROS;

/// syslog daemons and journald stamp the same message some milliseconds apart, and a few fall into the next second.
const TOLERANCE_MICROS: i64 = 100_000;

/// Events held back at once; beyond that the oldest pass on early.
const HELD_MAX: usize = 20_000;

/// Passes each event on once.
#[derive(Debug)]
pub struct Doubles {
    /// Nodes that several sources tell of.
    shared: BTreeSet<Text>,
    /// What time each source covers.
    covers: BTreeMap<Text, (Option<Moment>, Option<Moment>)>,
    /// By time and arrival.
    held: BTreeMap<Place, Held>,
    /// By what was said.
    alike: HashMap<u64, Vec<Place>>,
    arrivals: u64,
    newest_micros: i64,
    dropped: BTreeMap<Text, (u64, BTreeSet<Text>)>,
    passed_early: bool,
}

type Place = (i64, u64);

#[derive(Debug)]
struct Held {
    event: Event,
    said: u64,
    /// Sources in which it was met.
    sources: Vec<Text>,
}

impl Doubles {
    /// For the events of these sources.
    #[must_use]
    pub fn new(frame: &Frame, surveys: &[Survey]) -> Self {
        let mut nodes = BTreeMap::<&Text, BTreeSet<usize>>::new();
        for (index, survey) in surveys.iter().enumerate() {
            for host in survey.hosts() {
                nodes.entry(frame.names.of_host(survey, host)).or_default().insert(index);
            }
        }
        let shared = nodes.into_iter().filter(|(_, sources)| sources.len() > 1).map(|(node, _)| node.clone()).collect();
        let covers =
            surveys.iter().zip(&frame.spans).map(|(survey, span)| (survey.path.clone(), (span.first, span.last)));
        Self::of(shared, covers.collect())
    }

    fn of(shared: BTreeSet<Text>, covers: BTreeMap<Text, (Option<Moment>, Option<Moment>)>) -> Self {
        Self {
            shared,
            covers,
            held: BTreeMap::new(),
            alike: HashMap::new(),
            arrivals: 0,
            newest_micros: i64::MIN,
            dropped: BTreeMap::new(),
            passed_early: false,
        }
    }

    /// Whether anything may be in two sources.
    #[must_use]
    pub fn are_looked_for(&self) -> bool {
        !self.shared.is_empty()
    }

    /// Takes the next event, in order of time, and passes on those before it that can have no double any more.
    pub fn take(&mut self, event: Event, each: &mut dyn FnMut(Event)) {
        if self.shared.is_empty() {
            return each(event);
        }
        self.newest_micros = self.newest_micros.max(event.time.micros);
        self.pass(self.newest_micros.saturating_sub(HOLD_MICROS), each);
        let place = (event.time.micros, self.arrivals);
        self.arrivals += 1;
        let said = if self.shared.contains(&event.node) { said(&event) } else { 0 };
        let mut sources = vec![event.origin.path.clone()];
        if let Some(known) = self.double_of(&event, said) {
            let (_, paths) = self.note(&event.node);
            paths.insert(event.origin.path.clone());
            let Some(double) = self.held.get_mut(&known) else { return };
            if double.event.time.precision >= event.time.precision {
                return double.sources.push(event.origin.path);
            }
            let Some(double) = self.forget(known) else { return };
            sources.extend(double.sources);
        }
        if said != 0 {
            self.alike.entry(said).or_default().push(place);
        }
        self.held.insert(place, Held { event, said, sources });
    }

    /// Passes on what is left, and says what was dropped.
    pub fn finish(mut self, each: &mut dyn FnMut(Event)) -> Vec<Caveat> {
        self.pass(i64::MAX, each);
        let mut caveats: Vec<Caveat> = self
            .dropped
            .into_iter()
            .map(|(node, (count, paths))| {
                let paths: Vec<&str> = paths.iter().take(3).map(|path| &**path).collect();
                let (lines, are) = if count == 1 { ("line", "is") } else { ("lines", "are") };
                let text =
                    format!("{count} {lines} of {} {are} in another source as well and told once.", paths.join(", "));
                Caveat { kind: "doubles", node: Some(node), text }
            })
            .collect();
        if self.passed_early {
            let text = format!(
                "more than {HELD_MAX} lines were written within a second: not all that are in several sources were told once."
            );
            caveats.push(Caveat { kind: "limit", node: None, text });
        }
        caveats
    }

    fn note(&mut self, node: &Text) -> &mut (u64, BTreeSet<Text>) {
        let dropped = self.dropped.entry(node.clone()).or_default();
        dropped.0 += 1;
        dropped
    }

    fn pass(&mut self, until_micros: i64, each: &mut dyn FnMut(Event)) {
        while let Some((&place, _)) = self.held.first_key_value() {
            let is_settled = place.0 < until_micros;
            if !is_settled && self.held.len() < HELD_MAX {
                return;
            }
            self.passed_early |= !is_settled;
            if let Some(held) = self.forget(place) {
                each(held.event);
            }
        }
    }

    fn forget(&mut self, place: Place) -> Option<Held> {
        let held = self.held.remove(&place)?;
        if let Some(places) = self.alike.get_mut(&held.said) {
            places.retain(|known| *known != place);
            if places.is_empty() {
                self.alike.remove(&held.said);
            }
        }
        Some(held)
    }

    /// The held event that this one is: the one whose stamp says so most exactly, the earliest of those.
    fn double_of(&self, event: &Event, said: u64) -> Option<Place> {
        let doubt = |place: &Place| {
            let held = self.held.get(place)?;
            let is_other = held.sources.contains(&event.origin.path) || !is_said_alike(&held.event, event);
            if is_other { None } else { self.doubt_micros(held, event) }
        };
        let candidates = self.alike.get(&said)?.iter().filter_map(|place| Some((doubt(place)?, *place)));
        candidates.min().map(|(_, place)| place)
    }

    /// How far two events may be apart although their stamps say the same; `None` where the stamps say that they are two.
    fn doubt_micros(&self, held: &Held, event: &Event) -> Option<i64> {
        if let (Some(a), Some(b)) = (&held.event.origin.cursor, &event.origin.cursor) {
            return (written_at(a) == written_at(b)).then_some(0);
        }
        let (a, b) = (held.event.time, event.time);
        let granule = granule_micros(a.precision.min(b.precision));
        if a.micros.div_euclid(granule) == b.micros.div_euclid(granule) {
            let are_two = held.sources.iter().any(|source| self.only_meet(source, &held.event, event));
            return (!are_two).then_some(granule);
        }
        let has_cursor = |event: &Event| event.origin.cursor.is_some();
        let differ_in_kind = has_cursor(&held.event) != has_cursor(event) || a.precision != b.precision;
        let is_near = differ_in_kind && gap_micros(a, b) <= TOLERANCE_MICROS && self.both_cover(held, event);
        is_near.then_some(granule + TOLERANCE_MICROS)
    }

    /// Whether two plain logs have nothing in common but the second in which one ends and the other begins.
    fn only_meet(&self, source: &Text, held: &Event, event: &Event) -> bool {
        let is_one_kind = held.origin.cursor.is_none()
            && event.origin.cursor.is_none()
            && (held.time.precision, event.time.precision) == (Precision::Second, Precision::Second);
        let cover = |path: &Text| {
            let (first, last) = self.covers.get(path).copied()?;
            let granule = granule_micros(event.time.precision);
            Some((first?.micros.div_euclid(granule), last?.micros.div_euclid(granule)))
        };
        let (Some(a), Some(b)) = (cover(source), cover(&event.origin.path)) else { return false };
        let in_common = a.1.min(b.1) - a.0.max(b.0);
        // A log of a single second is an excerpt.
        is_one_kind && in_common <= 0 && a.0 < a.1 && b.0 < b.1
    }

    /// Whether either source goes on to where the other has the event: else it is another one.
    fn both_cover(&self, held: &Held, event: &Event) -> bool {
        let covers = |path: &Text, time: Moment| {
            let Some((Some(first), Some(last))) = self.covers.get(path) else { return true };
            (first.micros..last.micros + granule_micros(last.precision)).contains(&time.micros)
        };
        covers(&event.origin.path, held.event.time) && held.sources.iter().any(|source| covers(source, event.time))
    }
}

fn granule_micros(precision: Precision) -> i64 {
    match precision {
        Precision::Second => 1_000_000,
        Precision::Milli => 1000,
        Precision::Micro => 1,
    }
}

/// How far the granules of two moments are apart.
fn gap_micros(a: Moment, b: Moment) -> i64 {
    let end = |moment: Moment| moment.micros + granule_micros(moment.precision) - 1;
    (a.micros - end(b)).max(b.micros - end(a)).max(0)
}

/// Boot, monotonic and wall clock: a journal that was sent elsewhere numbers its entries anew, but keeps these.
fn written_at(cursor: &str) -> &str {
    let from = cursor.find(";b=").unwrap_or(0);
    let until = cursor.find(";x=").unwrap_or(cursor.len());
    cursor.get(from..until).unwrap_or(cursor)
}

fn is_said_alike(a: &Event, b: &Event) -> bool {
    let is_one_process = a.pid.is_none() || b.pid.is_none() || a.pid == b.pid;
    is_one_process
        && a.repeated == b.repeated
        && a.id == b.id
        && a.node == b.node
        && a.fact == b.fact
        && ends_alike(a.raw.text().trim_end(), b.raw.text().trim_end())
}

/// Whether two lines are the same message behind different heads: one is the end of the other (an entry's message and a line of
/// text), or they are alike from the end of a head on.
fn ends_alike(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let common = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    common == a.len().min(b.len()) || memchr::memmem::find(&a[a.len() - common..], b": ").is_some()
}

/// A hash of node, id and fact; never 0.
fn said(event: &Event) -> u64 {
    struct Into(DefaultHasher);
    impl Write for Into {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut into = Into(DefaultHasher::new());
    event.node.hash(&mut into.0);
    event.id.hash(&mut into.0);
    // Writing into a hasher cannot fail.
    let _ = write!(into, "{:?}", event.fact);
    into.0.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Fact, Origin};
    use proptest::prelude::*;

    /// How a source writes the stream.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Form {
        Journal,
        Syslog,
        Iso,
    }

    /// Something said: when, in microseconds, and which of a few texts.
    type Said = (i64, u8);

    fn event(path: &str, form: Form, at: usize, (micros, text): Said) -> Event {
        let message = format!("Domain 'zone{text}.example' is fresh");
        let (micros, precision, raw, cursor) = match form {
            Form::Journal => {
                let cursor = format!("s=1;i={at:x};b=2;m={at:x};t={micros:x};x=3");
                (micros, Precision::Micro, message, Some(Text::from(cursor)))
            }
            Form::Syslog => {
                let raw = format!("Nov 23 00:00:{:02} ns1 pdns[7]: {message}", micros / 1_000_000);
                (micros / 1_000_000 * 1_000_000, Precision::Second, raw, None)
            }
            Form::Iso => (micros, Precision::Micro, format!("1970-01-01T{micros} ns1 pdns[7]: {message}"), None),
        };
        Event {
            id: "pdns/domain-fresh",
            fact: Fact::Other,
            time: Moment { micros, precision },
            node: Text::from("ns1"),
            pid: Some(7),
            repeated: 1,
            origin: Origin { path: Text::from(path), line: None, cursor },
            raw: Text::from(raw).into(),
        }
    }

    /// The times and messages that pass, and how many lines were dropped.
    fn told(stream: &[Said], pieces: &[(std::ops::Range<usize>, Form)]) -> (Vec<Said>, Vec<Caveat>) {
        let mut events = Vec::new();
        let mut covers = BTreeMap::new();
        for (index, (range, form)) in pieces.iter().enumerate() {
            let path = format!("{index:02}");
            let own: Vec<Event> = range.clone().map(|at| event(&path, *form, at, stream[at])).collect();
            if let (Some(first), Some(last)) = (own.first(), own.last()) {
                covers.insert(Text::from(path), (Some(first.time), Some(last.time)));
            }
            events.extend(own);
        }
        events.sort_by_key(|event| event.time.micros);
        let mut doubles = Doubles::of(BTreeSet::from([Text::from("ns1")]), covers);
        let mut passed = Vec::new();
        let mut each = |event: Event| {
            let raw = event.raw.text();
            let zone = raw.split("zone").nth(1).and_then(|rest| rest.split('.').next()).expect("a zone");
            passed.push((event.time.micros, zone.parse().expect("a number")));
        };
        events.into_iter().for_each(|event| doubles.take(event, &mut each));
        let caveats = doubles.finish(&mut each);
        (passed, caveats)
    }

    fn form() -> impl Strategy<Value = Form> {
        prop_oneof![Just(Form::Journal), Just(Form::Syslog), Just(Form::Iso)]
    }

    /// Bursts and pauses.
    fn stream() -> impl Strategy<Value = Vec<Said>> {
        let step = prop_oneof![3 => 0i64..300_000, 1 => 0i64..5_000_000, 1 => Just(0i64)];
        prop::collection::vec((step, 0u8..3), 1..60).prop_map(|steps| {
            let mut now = 5_000_000;
            let said = |(step, text)| {
                now += step;
                (now, text)
            };
            steps.into_iter().map(said).collect()
        })
    }

    /// Where one may cut: between two seconds. Inside a second nobody could tell a repeated message from a repeated line.
    fn cuts(stream: &[Said]) -> Vec<usize> {
        let second = |at: usize| stream[at].0 / 1_000_000;
        let inner = (1..stream.len()).filter(|&at| second(at - 1) != second(at));
        [0].into_iter().chain(inner).chain([stream.len()]).collect()
    }

    /// Two plain logs with one second in common: a rotation in it, for all that can be seen.
    fn is_ambiguous(stream: &[Said], a: &(std::ops::Range<usize>, Form), b: &(std::ops::Range<usize>, Form)) -> bool {
        let second = |at: usize| stream[at].0 / 1_000_000;
        let is_plain = a.1 == b.1 && a.1 == Form::Syslog && !a.0.is_empty() && !b.0.is_empty();
        is_plain && {
            let (a, b) = ((second(a.0.start), second(a.0.end - 1)), (second(b.0.start), second(b.0.end - 1)));
            a.1.min(b.1) == a.0.max(b.0)
        }
    }

    proptest! {
        /// Pieces that overlap or not, in any forms, and that together hold the stream: each thing said is told once.
        #[test]
        fn nothing_is_lost_and_nothing_is_told_twice(
            stream in stream(),
            picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), form()), 0..5),
            rotated in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
            base in form(),
        ) {
            let cuts = cuts(&stream);
            // A rotated set in one form holds all of it…
            let mut borders: Vec<usize> = rotated.iter().map(|pick| cuts[pick.index(cuts.len())]).collect();
            borders.extend([0, stream.len()]);
            borders.sort_unstable();
            let mut pieces: Vec<_> = borders.windows(2).map(|pair| (pair[0]..pair[1], base)).collect();
            // … and other pieces hold parts of it again.
            for (from, to, form) in picks {
                let (from, to) = (cuts[from.index(cuts.len())], cuts[to.index(cuts.len())]);
                let piece = (from.min(to)..from.max(to), form);
                if !pieces.iter().any(|other| is_ambiguous(&stream, other, &piece)) {
                    pieces.push(piece);
                }
            }
            let (passed, caveats) = told(&stream, &pieces);
            let mut expected: Vec<(i64, u8)> = stream.iter().map(|&(micros, text)| (micros / 1_000_000, text)).collect();
            let mut seconds: Vec<(i64, u8)> = passed.iter().map(|&(micros, text)| (micros / 1_000_000, text)).collect();
            expected.sort_unstable();
            seconds.sort_unstable();
            prop_assert_eq!(seconds, expected, "{:?}", pieces);
            prop_assert!(passed.is_sorted_by_key(|(micros, _)| *micros));
            let lines: usize = pieces.iter().map(|(range, _)| range.len()).sum();
            prop_assert_eq!(caveats.is_empty(), lines == stream.len());
        }
    }

    #[test]
    fn the_finer_stamp_is_kept_and_the_rest_is_said() {
        let stream = [(5_300_000, 1), (5_300_000, 1), (7_999_000, 2)];
        let (passed, caveats) = told(&stream, &[(0..3, Form::Syslog), (0..3, Form::Journal)]);
        assert_eq!(passed, stream);
        assert_eq!(caveats[0].text, "3 lines of 01 are in another source as well and told once.");
    }

    #[test]
    fn a_message_that_fell_into_the_next_second_is_known_again() {
        let mut syslog = event("a.log", Form::Syslog, 0, (8_000_000, 1));
        syslog.time.micros = 8_000_000;
        let journal = event("a.journal", Form::Journal, 0, (7_998_000, 1));
        let (first, last) = (Moment { micros: 0, ..journal.time }, Moment { micros: 20_000_000, ..journal.time });
        let cover = |path: &str| (Text::from(path), (Some(first), Some(last)));
        let covers = BTreeMap::from([cover("a.log"), cover("a.journal")]);
        let mut doubles = Doubles::of(BTreeSet::from([Text::from("ns1")]), covers);
        let mut times = Vec::new();
        for event in [journal, syslog] {
            doubles.take(event, &mut |event| times.push(event.time.micros));
        }
        doubles.finish(&mut |event| times.push(event.time.micros));
        assert_eq!(times, [7_998_000]);
    }

    #[test]
    fn two_logs_that_only_meet_are_a_rotation() {
        let stream = [(4_000_000, 0), (5_100_000, 1), (5_200_000, 1), (6_000_000, 2)];
        let rotated = told(&stream, &[(0..2, Form::Syslog), (2..4, Form::Syslog)]);
        assert_eq!((rotated.0.len(), rotated.1.len()), (4, 0));
        let meeting = told(&stream, &[(0..3, Form::Syslog), (1..4, Form::Syslog)]);
        assert_eq!(meeting.0.len(), 6, "rather twice than lost, where one second cannot tell");
        let overlapping = told(&stream, &[(0..4, Form::Syslog), (1..4, Form::Syslog)]);
        assert_eq!(overlapping.0.len(), 4);
    }
}
