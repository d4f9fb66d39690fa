//! Forgetting the lines that nothing rests on any more.
//!
//! A world is built over all kept lines; those it let go are ordinary (a copy that was old and was fetched) and need not be placed
//! again. It is done only if the verdict without them is the same.

use super::grown::{Grown, Place};
use super::{Dated, Listening, Live};
use crate::finding::Finding;
use crate::pipeline::{settings, settle};
use crate::timeline;
use crate::world::World;
use ahash::AHashSet;
use std::collections::{BTreeMap, BTreeSet};

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

impl Live {
    /// Forgets what nothing rests on. What is left decides when it is tried again.
    pub(super) fn forget(&mut self) {
        let frame = timeline::settle(&self.surveys, &self.options.stated);
        let mut grown = self.grow(&frame);
        let before = self.judge(&frame, &mut grown.world);
        grown.world.end_pairing();
        let alive: AHashSet<Place> = grown.held().collect();
        let gone: Vec<Vec<(usize, Dated)>> = self.sources.iter_mut().map(|source| source.part_with(&alive)).collect();
        if gone.iter().any(|gone| !gone.is_empty()) {
            let grown = self.grow(&frame);
            let after = self.judge(&frame, &mut grown.world.clone());
            if before == after {
                self.is_reshaped();
                self.grown = Some(grown).filter(Grown::can_go_on);
            } else {
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

    /// The world over all kept lines, before it is settled.
    fn grow(&mut self, frame: &timeline::Frame) -> Grown {
        Grown::over(self.grown.take(), frame, &self.surveys, &self.sources, &self.options)
    }

    /// Settles a world. What it comes to is the verdict alone: findings hold their lines.
    fn judge(&self, frame: &timeline::Frame, world: &mut World) -> BTreeSet<String> {
        settle(world, frame, &self.surveys);
        settings::give(&self.configurations(), world);
        verdict(&crate::detect::find_all(world, 1))
    }

    /// Too much matters at once: the oldest lines go, down to half of what may be kept.
    fn drop_oldest(&mut self, frame: &timeline::Frame) {
        self.is_reshaped();
        let mut times = BTreeMap::<i64, usize>::new();
        let mut placed = Vec::with_capacity(self.kept);
        for (index, source) in self.sources.iter().enumerate() {
            for dated in &source.kept {
                let time = frame.time_of(index, &self.surveys[index], &dated.line, dated.crossed);
                let time = time.map_or(i64::MIN, |time| time.micros);
                *times.entry(time).or_default() += 1;
                placed.push(time);
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
        let mut placed = placed.into_iter();
        for source in &mut self.sources {
            source.kept.retain(|_| placed.next().is_some_and(|time| time > until));
        }
        let now: usize = self.sources.iter().map(|source| source.kept.len()).sum();
        self.forgotten += u64::try_from(self.kept - now).unwrap_or(u64::MAX);
        self.kept = now;
    }
}

impl Listening {
    /// Gives away the lines that nothing rests on, each with its place among all.
    fn part_with(&mut self, alive: &AHashSet<Place>) -> Vec<(usize, Dated)> {
        // The last line of each kind says what a host is: a secondary, of this version, that asks this address.
        let mut last = AHashSet::new();
        let is_last: Vec<bool> =
            self.kept.iter().rev().map(|dated| last.insert((&dated.line.host, dated.line.id))).collect();
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
