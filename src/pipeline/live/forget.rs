//! Forgetting the lines that nothing rests on any more.
//!
//! A world is built over all kept lines; those it let go are ordinary (a copy that was old and was fetched) and need not be placed
//! again. Those of a flood are counted: of like ones the last stands for all. Either is done only if the verdict is the same then.

pub(super) use super::grown::Place;
use super::grown::{Grown, place_of_event};
use super::{Dated, Listening, Live};
use crate::finding::Finding;
use crate::moment::Moment;
use crate::pipeline::{settings, settle};
use crate::timeline::{self, Line};
use crate::world::{Strangers, World};
use ahash::{AHashMap, AHashSet};
use chrono::NaiveDateTime;
use std::collections::BTreeSet;

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
        Self { few: 2_000, most: 8_000 }
    }
}

impl Limits {
    /// At how many lines it is tried again to forget, where so many are left.
    pub(super) fn next(self, kept: usize) -> usize {
        let Self { few, most } = self;
        (2 * kept).max(kept + few).min(most.max(kept + few / 4))
    }
}

/// Of how many kept lines one must go, for the world to be made again to see whether that is right.
const WORTH_IT: usize = 8;

/// What was taken from a source's kept lines, each line with its place among all.
#[derive(Debug, Default)]
pub(super) struct Parted {
    gone: Vec<(usize, Dated)>,
    /// Lines as they were before they stood for others too.
    altered: Vec<(usize, Dated)>,
}

impl Live {
    /// Forgets what nothing rests on. What is left decides when it is tried again.
    pub(super) fn forget(&mut self) {
        let frame = timeline::settle(&self.surveys, &self.options.stated);
        let mut grown = self.grow(&frame);
        let findings = self.judge(&frame, &mut grown.world);
        let (before, of_open) = (verdict(&findings), of_open(&findings, grown.world.horizon));
        // Findings hold their lines, which does not count.
        drop(findings);
        grown.world.end_pairing();
        let alive: AHashSet<Place> = grown.held().collect();
        // Of a flood nothing can go that is counted, but one line can stand for many.
        if !self.part_if_the_same(&frame, &before, 1, |source| source.part_with(&alive)) {
            self.part_if_the_same(&frame, &before, self.kept / WORTH_IT, |source| source.fold(&alive));
        }
        self.kept = self.sources.iter().map(|source| source.kept.len()).sum();
        let Limits { few, most } = self.limits;
        if self.kept + few / 4 > most {
            self.thin_out(&frame, &of_open);
            // Thousands of open findings alone may rest on more than there is room for.
            if self.kept > most / 4 * 3 {
                self.thin_out(&frame, &AHashSet::new());
            }
        }
        self.forget_at = self.limits.next(self.kept);
    }

    /// Takes lines from all sources, if they are as many, and gives them back if that alters the verdict.
    fn part_if_the_same(
        &mut self,
        frame: &timeline::Frame,
        before: &BTreeSet<String>,
        at_least: usize,
        part: impl FnMut(&mut Listening) -> Parted,
    ) -> bool {
        let parted: Vec<Parted> = self.sources.iter_mut().map(part).collect();
        let gone: usize = parted.iter().map(|parted| parted.gone.len()).sum();
        let grown = (gone > 0 && gone >= at_least).then(|| self.grow(frame));
        let same = grown.filter(|grown| *before == verdict(&self.judge(frame, &mut grown.world.clone())));
        let is_the_same = same.is_some() || gone == 0;
        if let Some(grown) = same {
            self.is_reshaped();
            self.grown = Some(grown).filter(Grown::can_go_on);
        } else {
            self.sources.iter_mut().zip(parted).for_each(|(source, parted)| source.take_back(parted));
        }
        is_the_same
    }

    /// The world over all kept lines, before it is settled.
    fn grow(&mut self, frame: &timeline::Frame) -> Grown {
        Grown::over(self.grown.take(), frame, &self.surveys, &self.sources, &self.options)
    }

    /// Settles a world, and says what it comes to.
    fn judge(&self, frame: &timeline::Frame, world: &mut World) -> Vec<Finding> {
        settle(world, frame, &self.surveys);
        settings::give(&self.configurations(), world);
        crate::detect::find_all(world, 1)
    }
}

impl Listening {
    /// Gives away the lines that nothing rests on.
    fn part_with(&mut self, alive: &AHashSet<Place>) -> Parted {
        let is_gone: Vec<bool> = self.needed(alive).into_iter().map(|is_needed| !is_needed).collect();
        self.let_go(&is_gone, &vec![0; is_gone.len()])
    }

    /// Gives away those of them that the last one that says the same can stand for.
    fn fold(&mut self, alive: &AHashSet<Place>) -> Parted {
        let needed = self.needed(alive);
        let mut like = Like::default();
        let mut is_gone = vec![false; self.kept.len()];
        let mut stands_for = vec![0u32; self.kept.len()];
        for (at, dated) in self.kept.iter().enumerate().rev().filter(|(at, _)| !needed[*at]) {
            if let Some(other) = like.behind(dated) {
                is_gone[at] = true;
                stands_for[other] = stands_for[other].saturating_add(dated.line.repeated);
            } else {
                like.stays(at, dated);
            }
        }
        self.let_go(&is_gone, &stands_for)
    }

    /// Gives away these lines; others stand for so many more from now on.
    pub(super) fn let_go(&mut self, is_gone: &[bool], stands_for: &[u32]) -> Parted {
        let mut parted = Parted::default();
        let mut left = Vec::new();
        for (at, dated) in std::mem::take(&mut self.kept).into_iter().enumerate() {
            if is_gone[at] {
                parted.gone.push((at, dated));
            } else if stands_for[at] > 0 {
                let repeated = dated.line.repeated.saturating_add(stands_for[at]);
                left.push(Dated::new(Line { repeated, ..dated.line.clone() }, dated.crossed));
                parted.altered.push((at, dated));
            } else {
                left.push(dated);
            }
        }
        self.kept = left;
        parted
    }

    /// Of each line whether it must stay.
    fn needed(&self, alive: &AHashSet<Place>) -> Vec<bool> {
        // The last line of each kind says what a host is: a secondary, of this version, that asks this address.
        let mut last = AHashSet::new();
        let is_last = |dated: &Dated| last.insert((dated.line.host.clone(), dated.line.id));
        let is_last: Vec<bool> = self.kept.iter().rev().map(is_last).collect();
        let lines = self.kept.iter().zip(is_last.into_iter().rev());
        lines.map(|(dated, is_last)| is_last || alive.contains(&place_of(self, dated))).collect()
    }

    /// Takes back what was given away.
    fn take_back(&mut self, Parted { gone, altered }: Parted) {
        let mut left = std::mem::take(&mut self.kept).into_iter();
        for (at, dated) in gone {
            let before = at - self.kept.len();
            self.kept.extend(left.by_ref().take(before));
            self.kept.push(dated);
        }
        self.kept.extend(left);
        altered.into_iter().for_each(|(at, dated)| self.kept[at] = dated);
    }
}

/// Like lines this far apart are two matters: the shortest silence that ends an episode of PowerDNS's refusals.
const FAR_MICROS: i64 = 600_000_000;

/// Lines that those before them which say the same can be counted with, while a source is gone through from its end.
#[derive(Debug, Default)]
pub(super) struct Like {
    /// By what they say: where the nearest such line is that stays, and when the earliest was written that it stands for.
    lines: AHashMap<Vec<u8>, (usize, NaiveDateTime)>,
}

impl Like {
    /// Where the line is that this one can be counted with.
    pub(super) fn behind(&mut self, dated: &Dated) -> Option<usize> {
        let (at, earliest) = self.lines.get_mut(&said(dated))?;
        let written = dated.line.stamp?.written;
        let apart = (*earliest - written).num_microseconds()?;
        if !(0..=FAR_MICROS).contains(&apart) {
            return None;
        }
        *earliest = written;
        Some(*at)
    }

    /// Takes a line that stays.
    pub(super) fn stays(&mut self, at: usize, dated: &Dated) {
        if let Some(stamp) = dated.line.stamp {
            self.lines.insert(said(dated), (at, stamp.written));
        }
    }
}

fn said(dated: &Dated) -> Vec<u8> {
    let Line { id, fact, host, pid, .. } = &dated.line;
    postcard::to_stdvec(&(id, fact, host, pid, dated.crossed)).expect("a Vec takes everything")
}

pub(super) fn place_of(source: &Listening, dated: &Dated) -> Place {
    (source.path.clone(), dated.line.line, dated.line.cursor.clone())
}

/// Lines of an open finding, at its beginning and at its end, that stay whatever else goes.
const OF_OPEN_MAX: usize = 32;

/// Where lines of findings stand that are open, or may be again.
fn of_open(findings: &[Finding], newest: Option<Moment>) -> AHashSet<Place> {
    // What ends by silence has the longest of them to go on.
    let is_over = |until: Moment| newest.is_some_and(|newest| newest.micros_since(until) > Strangers::QUIET_MICROS);
    let open = findings.iter().filter(|finding| !finding.until.is_some_and(is_over));
    let ends = open.flat_map(|finding| {
        let all = finding.evidence();
        all.iter().take(OF_OPEN_MAX).chain(all.iter().rev().take(OF_OPEN_MAX))
    });
    ends.map(|evidence| place_of_event(&evidence.event)).collect()
}

/// What must not change.
fn verdict(findings: &[Finding]) -> BTreeSet<String> {
    findings
        .iter()
        .map(|finding| format!("{} {:?} {:?} {}", finding.id, finding.confidence, finding.until, finding.claim))
        .collect()
}
