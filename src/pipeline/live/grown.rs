//! A world that grows with the lines that are kept: what it has seen is not placed again while new lines come behind it.
//!
//! **Invariant:** it is the world that all kept lines would make now. Where it cannot be told that what is new leaves the rest as it was (a
//! late line, a year or a clock that is known better, two sources of one node) it is made anew.

use super::Listening;
use crate::event::{Event, Origin, Text};
use crate::moment::Moment;
use crate::pipeline::Options;
use crate::report::Caveat;
use crate::timeline::{Doubles, Frame, Placing, Rank, Survey};
use crate::world::World;
use std::sync::{Arc, Weak};

/// Time, node, source by its rank, place among its kept lines: the order in which [`timeline::merge`](crate::timeline::merge) gives them.
type Key = (i64, Text, usize, usize);

/// Where a line stands.
pub(super) type Place = (Text, Option<u64>, Option<Text>);

/// A world before it is settled, and how it came about.
#[derive(Debug)]
pub(super) struct Grown {
    pub(super) world: World,
    /// What the lines are in several sources of one node.
    pub(super) caveats: Vec<Caveat>,
    /// What it saw, in order, but for what it let go long ago.
    pub(super) seen: Vec<Seen>,
    /// `None` where it cannot go on.
    placing: Option<Placing>,
    /// Of each source: its rank among all.
    ranks: Vec<usize>,
    /// Of each source: how many of its kept lines it has seen.
    taken: Vec<usize>,
    last: Option<Key>,
}

/// An event that the world saw, and may have let go.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) time: Moment,
    pub(super) place: Place,
    pub(super) event: Weak<Event>,
}

impl Seen {
    fn new(event: &Arc<Event>) -> Self {
        Self { time: event.time, place: place_of_event(event), event: Arc::downgrade(event) }
    }
}

/// Lines of the last moments, which later ones may belong to: the reach of the pairs that `world` makes.
const RECENT_MICROS: i64 = 20_000_000;
/// At most so many of those.
const RECENT_MAX: usize = 2_000;

impl Grown {
    /// The world over what these sources have kept: the one before, if it can go on, else another one.
    pub(super) fn over(
        before: Option<Self>,
        frame: &Frame,
        surveys: &[Survey],
        sources: &[Listening],
        options: &Options,
    ) -> Self {
        let placing = frame.placing(surveys);
        let ranks = ranks(frame, surveys);
        if let Some(mut grown) = before
            && grown.placing.is_some()
            && grown.placing == placing
            && grown.ranks == ranks
        {
            let new = grown.placed(frame, surveys, sources);
            let is_behind = new.first().is_none_or(|(key, _)| grown.last.as_ref().is_none_or(|last| last < key));
            if is_behind && !Doubles::new(frame, surveys).are_looked_for() {
                new.into_iter().for_each(|(key, event)| grown.observe(key, event));
                grown.forget_the_gone();
                return grown;
            }
        }
        let mut grown = Self {
            world: World::of(options.topology.clone()),
            caveats: Vec::new(),
            seen: Vec::new(),
            placing,
            ranks,
            taken: vec![0; sources.len()],
            last: None,
        };
        let mut doubles = Doubles::new(frame, surveys);
        let new = grown.placed(frame, surveys, sources);
        if doubles.are_looked_for() {
            grown.placing = None;
            let Self { world, seen, .. } = &mut grown;
            let mut observe = |event| {
                let event = Arc::new(event);
                world.observe(&event);
                seen.push(Seen::new(&event));
            };
            new.into_iter().for_each(|(_, event)| doubles.take(event, &mut observe));
            grown.caveats = doubles.finish(&mut observe);
        } else {
            new.into_iter().for_each(|(key, event)| grown.observe(key, event));
        }
        grown
    }

    /// Whether it may be of use for the next question.
    pub(super) fn can_go_on(&self) -> bool {
        self.placing.is_some()
    }

    /// Where the lines stand that the world still holds, or may still need. The world is gone then.
    pub(super) fn held(self) -> impl Iterator<Item = Place> {
        let Self { world, seen, .. } = self;
        let newest = seen.last().map(|seen| seen.time);
        // The last report holds lines as well, which does not count.
        let holders: Vec<usize> = seen.iter().map(|seen| seen.event.strong_count()).collect();
        drop(world);
        let ages = (0..seen.len()).rev();
        let all = seen.into_iter().zip(holders).zip(ages);
        all.filter_map(move |((seen, holders), age)| {
            let is_held = seen.event.strong_count() < holders;
            (is_held || seen.is_recent(age, newest)).then_some(seen.place)
        })
    }

    /// Takes the sources' new lines, in order.
    fn placed(&mut self, frame: &Frame, surveys: &[Survey], sources: &[Listening]) -> Vec<(Key, Event)> {
        let mut new = Vec::new();
        for (index, (source, survey)) in sources.iter().zip(surveys).enumerate() {
            let taken = std::mem::replace(&mut self.taken[index], source.kept.len());
            for (at, dated) in source.kept.iter().enumerate().skip(taken) {
                if let Some(event) = frame.place_line(index, survey, dated.line.clone(), dated.crossed) {
                    let key = (event.time.micros, event.node.clone(), self.ranks[index], at);
                    new.push((key, event));
                }
            }
        }
        new.sort_by(|(a, _), (b, _)| a.cmp(b));
        new
    }

    fn observe(&mut self, key: Key, event: Event) {
        let event = Arc::new(event);
        self.world.observe(&event);
        self.seen.push(Seen::new(&event));
        self.last = Some(key);
    }

    /// Takes out what the world let go and cannot need: each keeps the room of its event.
    fn forget_the_gone(&mut self) {
        let newest = self.seen.last().map(|seen| seen.time);
        let mut age = self.seen.len();
        self.seen.retain(|seen| {
            age -= 1;
            seen.event.strong_count() > 0 || seen.is_recent(age, newest)
        });
    }
}

impl Seen {
    /// Whether it is of the last moments, with so many behind it.
    fn is_recent(&self, age: usize, newest: Option<Moment>) -> bool {
        age < RECENT_MAX && newest.is_some_and(|newest| newest.micros_since(self.time) <= RECENT_MICROS)
    }
}

pub(super) fn place_of_event(event: &Event) -> Place {
    let Origin { path, line, cursor } = &event.origin;
    (path.clone(), *line, cursor.clone())
}

/// Each source's place in the order of all.
fn ranks(frame: &Frame, surveys: &[Survey]) -> Vec<usize> {
    let rank = |index: usize| {
        let span = &frame.spans[index];
        Rank::new(span.first, span.last, &surveys[index].path)
    };
    let mut order: Vec<usize> = (0..surveys.len()).collect();
    order.sort_by_cached_key(|index| rank(*index));
    let mut ranks = vec![0; order.len()];
    for (rank, index) in order.into_iter().enumerate() {
        ranks[index] = rank;
    }
    ranks
}
