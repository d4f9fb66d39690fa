//! Many sources' events, each nearly in order → one stream exactly in order.

use crate::event::{Event, Text};
use crate::moment::Moment;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// One source's events, in file order.
pub struct Lane<'a> {
    /// Orders sources of one node at equal instants.
    pub rank: Rank,
    /// Not before this does the source have an event: it is opened when the merge gets there.
    pub opens_at: Moment,
    /// How far back in time its events may jump, in microseconds.
    pub disorder_micros: i64,
    /// Opens the source.
    pub open: Box<dyn FnOnce() -> Box<dyn Iterator<Item = Event> + 'a> + 'a>,
}

/// Orders sources at equal instants: the one that begins earlier first, then the one that ends earlier, then the older of a rotated
/// set (`syslog.2` before `syslog.1` before `syslog`), then by path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    first: Option<Moment>,
    last: Option<Moment>,
    name: Text,
    age: Reverse<u64>,
    path: Text,
}

impl Rank {
    /// The rank of a source that covers a time and has a path.
    #[must_use]
    pub fn new(first: Option<Moment>, last: Option<Moment>, path: &Text) -> Self {
        let (name, age) = rotation(path);
        Self { first, last, name: Text::from(name), age: Reverse(age), path: path.clone() }
    }
}

/// A log's name without what rotation and compression append, and how many rotations ago it was begun.
fn rotation(path: &str) -> (&str, u64) {
    const PACKED: [&str; 4] = [".gz", ".zst", ".xz", ".bz2"];
    let plain = PACKED.iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path);
    match plain.rsplit_once('.').and_then(|(name, digits)| Some((name, digits.parse().ok()?))) {
        Some((name, age)) => (name, age),
        None => (plain, 0),
    }
}

/// Total order of events: time, node, source, position in the source.
type Key = (i64, Text, usize, u64);

struct Waiting(Key, Event);

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

/// Events that may still be overtaken. Most come in order, also the thousands of a second that a coarse stamp tells: a heap would carry
/// each of them up and down.
#[derive(Default)]
struct Queue {
    in_order: VecDeque<Waiting>,
    overtaking: BinaryHeap<Reverse<Waiting>>,
}

impl Queue {
    fn push(&mut self, waiting: Waiting) {
        match self.in_order.back() {
            Some(last) if waiting < *last => self.overtaking.push(Reverse(waiting)),
            Some(_) | None => self.in_order.push_back(waiting),
        }
    }

    fn overtakes(&self) -> bool {
        let Some(Reverse(other)) = self.overtaking.peek() else { return false };
        self.in_order.front().is_none_or(|first| other < first)
    }

    fn first(&self) -> Option<&Key> {
        let overtaking = || self.overtaking.peek().map(|Reverse(waiting)| waiting);
        let first = if self.overtakes() { overtaking() } else { self.in_order.front() };
        first.map(|Waiting(key, _)| key)
    }

    fn pop(&mut self) -> Option<Event> {
        let overtaking = |heap: &mut BinaryHeap<Reverse<Waiting>>| heap.pop().map(|Reverse(waiting)| waiting);
        let first = if self.overtakes() { overtaking(&mut self.overtaking) } else { self.in_order.pop_front() };
        first.map(|Waiting(_, event)| event)
    }
}

/// An open source.
struct Open<'a> {
    lane: usize,
    events: Box<dyn Iterator<Item = Event> + 'a>,
    waiting: Queue,
    disorder_micros: i64,
    newest: i64,
    position: u64,
    is_over: bool,
}

impl Open<'_> {
    /// Reads on until its earliest waiting event cannot be overtaken any more.
    fn fill(&mut self) {
        while !self.is_over {
            let settled = self.newest.saturating_sub(self.disorder_micros);
            if self.waiting.first().is_some_and(|(micros, ..)| *micros < settled) {
                return;
            }
            match self.events.next() {
                Some(event) => {
                    self.newest = self.newest.max(event.time.micros);
                    let key = (event.time.micros, event.node.clone(), self.lane, self.position);
                    self.position += 1;
                    self.waiting.push(Waiting(key, event));
                }
                None => self.is_over = true,
            }
        }
    }
}

/// Gives all lanes' events to `each`, in order of time, node, source and position.
pub fn merge(mut lanes: Vec<Lane<'_>>, each: &mut dyn FnMut(Event)) {
    lanes.sort_by(|a, b| a.rank.cmp(&b.rank));
    let mut closed: Vec<(usize, Lane<'_>)> = lanes.into_iter().enumerate().collect();
    closed.sort_by_key(|(rank, lane)| (lane.opens_at, *rank));
    let mut closed = VecDeque::from(closed);
    let mut open: Vec<Open<'_>> = Vec::new();
    // Earliest event of each open lane, and which lane it is.
    let mut heads: BinaryHeap<Reverse<(Key, usize)>> = BinaryHeap::new();
    loop {
        while let Some((rank, lane)) = closed.pop_front() {
            let is_due = heads.peek().is_none_or(|Reverse((key, _))| lane.opens_at.micros <= key.0);
            if !is_due {
                closed.push_front((rank, lane));
                break;
            }
            let mut opened = Open {
                lane: rank,
                disorder_micros: lane.disorder_micros,
                events: (lane.open)(),
                waiting: Queue::default(),
                newest: i64::MIN,
                position: 0,
                is_over: false,
            };
            opened.fill();
            if let Some(key) = opened.waiting.first() {
                heads.push(Reverse((key.clone(), open.len())));
                open.push(opened);
            }
        }
        // No source that is still closed can hold an earlier event: it would have been opened.
        let Some(Reverse((_, index))) = heads.pop() else { return };
        let lane = &mut open[index];
        if let Some(event) = lane.waiting.pop() {
            each(event);
        }
        lane.fill();
        if let Some(key) = lane.waiting.first() {
            heads.push(Reverse((key.clone(), index)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lane, Rank, merge, rotation};
    use crate::event::{Event, Fact, Origin, Text};
    use crate::moment::{Moment, Precision};
    use proptest::prelude::*;

    fn moment(micros: i64) -> Moment {
        Moment { micros, precision: Precision::Micro }
    }

    fn event(path: &str, line: usize, micros: i64) -> Event {
        Event {
            id: "pdns/ready",
            fact: Fact::Other,
            time: moment(micros),
            node: Text::from("ns1"),
            pid: None,
            repeated: 1,
            origin: Origin { path: Text::from(path), line: u64::try_from(line).ok(), cursor: None },
            raw: Text::from("").into(),
        }
    }

    #[test]
    fn rotated_parts_come_oldest_first() {
        assert_eq!(rotation("logs/syslog.2.gz"), ("logs/syslog", 2));
        let rank = |path: &str| Rank::new(None, None, &Text::from(path));
        assert!(
            rank("syslog.10") < rank("syslog.2")
                && rank("syslog.2") < rank("syslog.1.gz")
                && rank("syslog.1.gz") < rank("syslog")
        );
    }

    proptest! {
        /// No event is lost or doubled, and the order is that of a stable sort, whatever the disorder inside a source.
        #[test]
        fn merging_equals_sorting(sources in prop::collection::vec(prop::collection::vec(0i64..40, 0..30), 0..6)) {
            let mut expected: Vec<(i64, usize, usize)> = sources
                .iter()
                .enumerate()
                .flat_map(|(rank, times)| times.iter().enumerate().map(move |(line, time)| (*time, rank, line)))
                .collect();
            expected.sort_unstable();
            let lanes = sources.iter().enumerate().map(|(rank, times)| {
                let path = format!("{rank:02}.log");
                let disorder = times.iter().enumerate().map(|(at, time)| times[..at].iter().max().map_or(0, |max| max - time)).max();
                let events: Vec<Event> = times.iter().enumerate().map(|(line, time)| event(&path, line, *time)).collect();
                Lane {
                    rank: Rank::new(None, None, &Text::from(path)),
                    opens_at: moment(times.iter().min().copied().unwrap_or(0)),
                    disorder_micros: disorder.unwrap_or(0).max(0),
                    open: Box::new(move || Box::new(events.into_iter())),
                }
            });
            let mut merged = Vec::new();
            merge(lanes.collect(), &mut |event| {
                let rank = event.origin.path[..2].parse::<usize>().expect("a number");
                let line = usize::try_from(event.origin.line.expect("a line")).expect("small");
                merged.push((event.time.micros, rank, line));
            });
            prop_assert_eq!(merged, expected);
        }
    }
}
