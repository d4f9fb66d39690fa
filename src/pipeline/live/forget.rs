//! Forgetting the lines that nothing rests on any more.
//!
//! A world is built over all kept lines; those it let go are ordinary (a copy that was old and was fetched) and need not be placed
//! again. It is done only if the verdict without them is the same.

use super::{Content, Dated, Live};
use crate::event::{Event, Text};
use crate::finding::Finding;
use crate::moment::Moment;
use crate::pipeline::{Beside, believe_and_note, live::Listening, settings};
use crate::timeline;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Weak};

/// How many lines are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// So many are never too many.
    pub(super) few: usize,
    /// Never more than this, whatever rests on them.
    pub(super) most: usize,
}

/// 8,000 lines are some 25 MB together with the world over them, which must fit into 64 MiB beside all else.
impl Default for Limits {
    fn default() -> Self {
        Self { few: 1_000, most: 8_000 }
    }
}

/// Lines of the last moments, which later ones may belong to: the reach of the pairs that `world` makes.
const RECENT_MICROS: i64 = 20_000_000;
/// At most so many of those.
const RECENT_MAX: usize = 2_000;

/// Where a line stands.
type Place = (Text, Option<u64>, Option<Text>);

impl Live {
    /// Forgets what nothing rests on. What is left decides when it is tried again.
    pub(super) fn forget(&mut self) {
        let frame = timeline::settle(&self.surveys, &self.options.stated);
        let (before, alive) = self.alive(&frame);
        let gone: Vec<Vec<(usize, Dated)>> = self.sources.iter_mut().map(|source| source.part_with(&alive)).collect();
        if gone.iter().any(|gone| !gone.is_empty()) {
            let (after, _) = self.alive(&frame);
            if before != after {
                self.sources.iter_mut().zip(gone).for_each(|(source, gone)| source.take_back(gone));
            }
        }
        self.kept = self.sources.iter().map(|source| source.kept.len()).sum();
        let Limits { few, most } = self.limits;
        if self.kept > most {
            self.drop_oldest(&frame);
        }
        self.forget_at = (2 * self.kept).max(self.kept + few).min(most.max(self.kept + few / 4));
    }

    /// The verdict now, and which lines the world still holds or may still need.
    fn alive(&self, frame: &timeline::Frame) -> (BTreeSet<String>, HashSet<Place>) {
        let mut seen: Vec<(Moment, Place, Weak<Event>)> = Vec::new();
        let mut note = |event: &Arc<Event>| {
            let origin = &event.origin;
            let place = (origin.path.clone(), origin.line, origin.cursor.clone());
            seen.push((event.time, place, Arc::downgrade(event)));
        };
        let contents = self.sources.iter().map(|source| Content::Dated(&source.kept)).collect();
        let (mut world, _) =
            believe_and_note(frame, &self.surveys, contents, &self.options, &Beside::default(), &mut note);
        settings::give(&self.configurations(), &mut world);
        // Findings hold their lines: only their verdict is kept while another world is made.
        let verdict = verdict(&crate::detect::find_all(&world));
        world.end_pairing();
        let newest = seen.last().map(|(time, ..)| *time);
        let mut alive = HashSet::new();
        for (age, (time, place, event)) in seen.into_iter().rev().enumerate() {
            let is_recent = age < RECENT_MAX && newest.is_some_and(|newest| newest.micros_since(time) <= RECENT_MICROS);
            if is_recent || event.strong_count() > 0 {
                alive.insert(place);
            }
        }
        (verdict, alive)
    }

    /// Too much matters at once: the oldest lines go, down to half of what may be kept.
    fn drop_oldest(&mut self, frame: &timeline::Frame) {
        let mut times = BTreeMap::<i64, usize>::new();
        for (index, source) in self.sources.iter().enumerate() {
            for dated in &source.kept {
                let placed = frame.place_line(index, &self.surveys[index], dated.line.clone(), dated.crossed);
                *times.entry(placed.map_or(i64::MIN, |event| event.time.micros)).or_default() += 1;
            }
        }
        let mut left = self.kept;
        let mut until = i64::MIN;
        for (time, count) in times {
            if left <= self.limits.most / 2 {
                break;
            }
            left -= count;
            until = time;
        }
        for (index, source) in self.sources.iter_mut().enumerate() {
            let survey = &self.surveys[index];
            source.kept.retain(|dated| {
                let placed = frame.place_line(index, survey, dated.line.clone(), dated.crossed);
                placed.is_some_and(|event| event.time.micros > until)
            });
        }
        let now: usize = self.sources.iter().map(|source| source.kept.len()).sum();
        self.forgotten += u64::try_from(self.kept - now).unwrap_or(u64::MAX);
        self.kept = now;
    }
}

impl Listening {
    /// Gives away the lines that nothing rests on, each with its place among all.
    fn part_with(&mut self, alive: &HashSet<Place>) -> Vec<(usize, Dated)> {
        // The last line of each kind says what a host is: a secondary, of this version, that asks this address.
        let mut last = HashSet::new();
        let is_last: Vec<bool> =
            self.kept.iter().rev().map(|dated| last.insert((dated.line.host.clone(), dated.line.id))).collect();
        let mut left = Vec::new();
        let mut gone = Vec::new();
        for ((at, dated), is_last) in
            std::mem::take(&mut self.kept).into_iter().enumerate().zip(is_last.into_iter().rev())
        {
            if is_last || alive.contains(&place_of(self, &dated)) {
                left.push(dated);
            } else {
                gone.push((at, dated));
            }
        }
        self.kept = left;
        gone
    }

    /// Takes back what [`part_with`](Self::part_with) gave.
    fn take_back(&mut self, gone: Vec<(usize, Dated)>) {
        let mut left = std::mem::take(&mut self.kept).into_iter();
        for (at, dated) in gone {
            let before = at - self.kept.len();
            self.kept.extend(left.by_ref().take(before));
            self.kept.push(dated);
        }
        self.kept.extend(left);
    }
}

fn place_of(source: &Listening, dated: &Dated) -> Place {
    (source.path.clone(), dated.line.line, dated.line.cursor.clone())
}

/// What must not change.
fn verdict(findings: &[Finding]) -> BTreeSet<String> {
    findings
        .iter()
        .map(|finding| format!("{} {:?} {:?} {}", finding.id, finding.confidence, finding.until, finding.claim))
        .collect()
}
