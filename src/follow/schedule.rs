//! When the question is put: a function of the lines' own times, so that a run that was killed puts it where an undisturbed one did.
//!
//! Lines of one second belong together: the question is put when the next second begins. What a rule concludes from silence (no
//! take-over followed, no transfer followed) is asked again after that silence, in event time; where no line brings it, the clock does.

use crate::pipeline::live::Weight;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const SECOND_MICROS: i64 = 1_000_000;
/// After this without a further line a rule may conclude something: the grace time of a take-over, and the two refresh cycles after which
/// a copy that was found old is told; each with a second for the lines' own resolution.
const SILENCES_MICROS: [i64; 2] = [7_000_000, 122_000_000];
/// What ends by silence alone is over after this: a split-brain of which one side is heard, flapping, NOTIFYs of a stranger. When it is seen
/// that it is over may wait for the second number.
const ENDS_MICROS: [(i64, i64); 3] =
    [(61_000_000, 10_000_000), (301_000_000, 30_000_000), (86_401_000_000, 3_600_000_000)];
/// Ordinary steps are looked after together, this often.
const ORDINARY_MICROS: i64 = 30_000_000;
/// What comes in floods is looked after together, this often.
const REPEATED_MICROS: i64 = 10_000_000;
/// Moments to ask at that are remembered: a flood of remarkable lines asks every second anyway.
const DUE_MAX: usize = 1_000;

/// What ordinary steps may end, from what can wait to what cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Open {
    /// No finding is open.
    Nothing,
    /// Some are.
    Something,
    /// An address is on the wrong node.
    Drift,
}

/// When to ask, from what was taken so far. Times are microseconds of event time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Schedule {
    /// The newest line.
    newest: Option<i64>,
    /// Something remarkable was taken since the question was put last.
    is_asked_for: bool,
    /// The newest line when the question was put last.
    judged: Option<i64>,
    /// A line was taken since that belongs before it: what was judged may be otherwise.
    is_revised: bool,
    /// How long a witness, and how long any ordinary step may wait: something is open that it may end.
    patience: Option<[i64; 2]>,
    due: BTreeSet<i64>,
}

impl Schedule {
    /// Called before a line of this time is taken: how long the silence since the newest line was, where the question must be
    /// put first.
    pub fn before(&mut self, time: i64) -> Option<i64> {
        let newest = self.newest?;
        if self.is_asked_for && second(time) > second(newest) {
            self.is_asked_for = false;
            // A silence that is over with this second needs no question of its own.
            let end = ((second(newest) + 1) * SECOND_MICROS).min(time);
            return Some(self.due_by(end).map_or(0, |due| (due - newest).max(0)));
        }
        self.due_by(time).map(|due| (due - newest).max(0))
    }

    /// A line of this time was taken.
    pub fn took(&mut self, time: i64, weight: Weight) {
        self.newest = Some(self.newest.map_or(time, |newest| newest.max(time)));
        self.is_revised |= self.judged.is_some_and(|judged| time < judged);
        match weight {
            Weight::None => {}
            Weight::Ordinary | Weight::Witness => {
                if let Some([witness, ordinary]) = self.patience {
                    let patience = if weight == Weight::Witness { witness } else { ordinary };
                    self.ask_at((time.div_euclid(patience) + 1) * patience);
                }
                let at = time + SILENCES_MICROS[1];
                let is_near = self.due.range(at - ORDINARY_MICROS..=at + ORDINARY_MICROS).next().is_some();
                if !is_near {
                    self.ask_at(at);
                }
            }
            Weight::Repeated => {
                let at = (time.div_euclid(REPEATED_MICROS) + 1) * REPEATED_MICROS;
                self.ask_at(at);
                self.ask_at(at + SILENCES_MICROS[1]);
                self.ask_for_ends(at);
            }
            Weight::Remarkable => {
                self.is_asked_for = true;
                SILENCES_MICROS.iter().for_each(|silence| self.ask_at(second(time) * SECOND_MICROS + silence));
                self.ask_for_ends(time);
            }
        }
    }

    /// Nothing came for a while, and by event time it is `now`: whether to put the question.
    pub fn rested(&mut self, now: i64) -> bool {
        let is_due = self.due_by(now).is_some();
        std::mem::take(&mut self.is_asked_for) || is_due
    }

    /// Whether a line came late since the question was put last, and belongs to what was judged then.
    #[must_use]
    pub fn is_revised(&self) -> bool {
        self.is_revised
    }

    /// The question was put, and this is open now.
    pub fn put(&mut self, open: Open) {
        self.patience = match open {
            Open::Nothing => None,
            Open::Something => Some([REPEATED_MICROS; 2]),
            Open::Drift => Some([SECOND_MICROS, REPEATED_MICROS]),
        };
        self.judged = self.newest;
        self.is_revised = false;
    }

    /// The time of the newest line.
    #[must_use]
    pub fn newest(&self) -> Option<i64> {
        self.newest
    }

    /// Whether something remarkable waits for its second to end.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        self.is_asked_for
    }

    /// The latest moment to ask at that is past by then; it and those before are done.
    fn due_by(&mut self, time: i64) -> Option<i64> {
        // Asked for each line, and mostly there is nothing to be taken out.
        self.due.first().filter(|due| **due <= time)?;
        let later = self.due.split_off(&(time.saturating_add(1)));
        std::mem::replace(&mut self.due, later).pop_last()
    }

    fn ask_for_ends(&mut self, time: i64) {
        for (quiet, together) in ENDS_MICROS {
            self.ask_at(((time + quiet).div_euclid(together) + 1) * together);
        }
    }

    fn ask_at(&mut self, time: i64) {
        if self.due.len() < DUE_MAX {
            self.due.insert(time);
        }
    }
}

fn second(micros: i64) -> i64 {
    micros.div_euclid(SECOND_MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_second_are_judged_together() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.before(100_000), None);
        schedule.took(100_000, Weight::Remarkable);
        assert_eq!(schedule.before(900_000), None);
        schedule.took(900_000, Weight::None);
        assert_eq!(schedule.before(1_000_000), Some(0));
        assert_eq!(schedule.before(1_000_000), None);
    }

    #[test]
    fn silence_is_asked_about_in_event_time() {
        let mut schedule = Schedule::default();
        schedule.took(0, Weight::Remarkable);
        assert_eq!(schedule.before(10_000_000), Some(0));
        assert_eq!(schedule.before(10_000_000), Some(7_000_000), "the grace time is over before the next line");
        assert_eq!(schedule.before(10_000_000), None);
        assert!(schedule.rested(122_000_000) && !schedule.rested(122_000_000));
        assert!(schedule.rested(331_000_000) && !schedule.rested(86_400_000_000));
        assert!(schedule.rested(90_000_000_000), "a day and an hour later");
    }

    #[test]
    fn a_silence_that_is_over_with_the_second_is_judged_with_it() {
        let mut schedule = Schedule::default();
        let mut asked = Vec::new();
        for second in 0..20 {
            let time = second * SECOND_MICROS + 400_000;
            asked.extend(std::iter::from_fn(|| schedule.before(time)));
            schedule.took(time, Weight::Remarkable);
        }
        // Each second is judged once; from the eighth on the grace time of an earlier one is over as well.
        assert_eq!(asked, [[0; 6].as_slice(), &[600_000; 13]].concat());
    }

    #[test]
    fn a_late_line_is_one_that_belongs_before_the_last_question() {
        let mut schedule = Schedule::default();
        schedule.took(5_000_000, Weight::None);
        schedule.took(4_000_000, Weight::None);
        let put = |schedule: &mut Schedule| {
            let is_revised = schedule.is_revised();
            schedule.put(Open::Nothing);
            is_revised
        };
        assert!(!put(&mut schedule), "nothing was judged before");
        schedule.took(5_000_000, Weight::None);
        assert!(!put(&mut schedule));
        schedule.took(4_000_000, Weight::None);
        assert!(put(&mut schedule) && !put(&mut schedule));
    }

    #[test]
    fn a_witness_is_heard_within_the_second_while_an_address_is_adrift() {
        let mut schedule = Schedule::default();
        schedule.took(1_500_000, Weight::Witness);
        assert!(!schedule.rested(100_000_000) && schedule.rested(123_500_000));
        schedule.put(Open::Drift);
        schedule.took(200_500_000, Weight::Witness);
        assert!(!schedule.rested(200_900_000) && schedule.rested(201_000_000) && !schedule.rested(202_000_000));
        schedule.put(Open::Something);
        schedule.took(301_000_000, Weight::Ordinary);
        assert!(!schedule.rested(309_000_000) && schedule.rested(310_000_000) && !schedule.rested(320_000_000));
    }

    #[test]
    fn a_flood_asks_every_ten_seconds() {
        let mut schedule = Schedule::default();
        let asked = (0..200).filter(|second| {
            let time = second * SECOND_MICROS;
            let asked = schedule.before(time).is_some();
            schedule.took(time, Weight::Repeated);
            asked
        });
        assert!((18..=40).contains(&asked.count()));
    }

    #[test]
    fn ordinary_steps_ask_seldom() {
        let mut schedule = Schedule::default();
        let asked = (0..600).filter(|second| {
            let time = second * SECOND_MICROS;
            let asked = schedule.before(time).is_some();
            schedule.took(time, Weight::Ordinary);
            asked
        });
        assert!((10..=20).contains(&asked.count()));
    }
}
