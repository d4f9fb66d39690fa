//! Adverts that a node hears or refuses again and again, a line each second for as long as it lasts: of a long stretch of them some lines are
//! kept, and how many they stand for.
//!
//! What is left out is counted by the next line that is kept ([`Event::repeated`]), as syslog's own folding does. All of the first lines
//! stay, the last one, and between them one at each doubling and those that say something new.

use super::adverts::{HEARD_QUIET_MICROS, REFUSED_QUIET_MICROS};
use crate::event::{Event, Fact, Mismatch, Text, Vrrp};
use crate::moment::Moment;
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

/// Lines at the beginning of a stretch that are all kept.
const FIRST_MAX: u64 = 64;
/// Further lines of a stretch that are kept because they say something else (another sender or priority) than the one before.
const CHANGES_MAX: u32 = 64;
/// Stretches of one node at a time.
const STRETCHES_MAX: usize = 16;

/// Stretches of like lines that go on.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats {
    stretches: Vec<Stretch>,
}

#[derive(Debug, Clone)]
struct Stretch {
    instance: Text,
    kind: Kind,
    count: u64,
    changes: u32,
    last: Moment,
    /// Where the last line is among the kept ones.
    at: usize,
    /// Whether it stays there when another one comes.
    stays: bool,
}

type Kind = (Discriminant<Vrrp>, Option<Mismatch>);

/// The kind of a line that may come again and again while nothing changes.
fn kind(what: &Vrrp) -> Option<Kind> {
    match what {
        Vrrp::HeardLower(_) | Vrrp::HeardLowerAsBackup(_) => Some((discriminant(what), None)),
        Vrrp::AdvertRejected { mismatch, .. } => Some((discriminant(what), Some(*mismatch))),
        Vrrp::MasterPending
        | Vrrp::MasterEntered
        | Vrrp::BackupEntered { .. }
        | Vrrp::FaultEntered
        | Vrrp::HeardHigher(_)
        | Vrrp::HeardZeroAsBackup
        | Vrrp::HeardZeroAsMaster
        | Vrrp::SentZero
        | Vrrp::AdvertTimedOut
        | Vrrp::PriorityChanged { .. }
        | Vrrp::ElectionForced => None,
    }
}

/// Whether a line may come again and again while nothing changes: an advert that is heard or refused.
#[must_use]
pub fn may_repeat(what: &Vrrp) -> bool {
    kind(what).is_some()
}

impl Repeats {
    /// Puts the next event of a node behind the others, in the place of the one whose repetition it is.
    pub(super) fn push(&mut self, event: &Arc<Event>, events: &mut Vec<Arc<Event>>) {
        let Fact::Vrrp { instance, what } = &event.fact else {
            self.stretches.clear();
            events.push(Arc::clone(event));
            return;
        };
        let Some(kind) = kind(what) else {
            self.stretches.retain(|stretch| stretch.instance != *instance);
            events.push(Arc::clone(event));
            return;
        };
        let times = u64::from(event.repeated.max(1));
        let known = self.stretches.iter().position(|stretch| stretch.kind == kind && stretch.instance == *instance);
        let quiet_micros = if kind.1.is_some() { REFUSED_QUIET_MICROS } else { HEARD_QUIET_MICROS };
        let goes_on = |known: &usize| event.time.micros_since(self.stretches[*known].last) <= quiet_micros;
        let Some(known) = known.filter(goes_on) else {
            self.begin(known, instance, kind, event, events.len());
            events.push(Arc::clone(event));
            return;
        };
        let stretch = &mut self.stretches[known];
        let before = &events[stretch.at];
        let count = stretch.count + times;
        let is_first = count <= FIRST_MAX;
        let says_more = !is_first && stretch.changes < CHANGES_MAX && before.fact != event.fact;
        stretch.changes += u32::from(says_more);
        let doubles = count.ilog2() > stretch.count.ilog2();
        let stood = std::mem::replace(&mut stretch.stays, is_first || says_more || doubles);
        (stretch.count, stretch.last) = (count, event.time);
        if stood {
            stretch.at = events.len();
            events.push(Arc::clone(event));
            return;
        }
        let repeated = before.repeated.saturating_add(event.repeated);
        let gone = stretch.at;
        events.remove(gone);
        self.stretches.iter_mut().filter(|stretch| stretch.at > gone).for_each(|stretch| stretch.at -= 1);
        self.stretches[known].at = events.len();
        events.push(Arc::new(Event { repeated, ..Event::clone(event) }));
    }

    /// Begins a stretch with a line that will be kept `at` this place; `known` is what it goes on with, too late.
    fn begin(&mut self, known: Option<usize>, instance: &Text, kind: Kind, event: &Event, at: usize) {
        match known {
            Some(known) => _ = self.stretches.remove(known),
            None if self.stretches.len() == STRETCHES_MAX => _ = self.stretches.remove(0),
            None => {}
        }
        self.stretches.push(Stretch {
            instance: instance.clone(),
            kind,
            count: u64::from(event.repeated.max(1)),
            changes: 0,
            last: event.time,
            at,
            stays: true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Advert, Origin};
    use crate::moment::Precision;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn line(second: i64, instance: &str, what: Vrrp) -> Arc<Event> {
        let fact = Fact::Vrrp { instance: Text::from(instance), what };
        let origin = Origin { path: Text::from("a.log"), line: u64::try_from(second).ok(), cursor: None };
        let time = Moment { micros: second * 1_000_000, precision: Precision::Second };
        let raw = Text::from("a line").into();
        let (id, node) = ("keepalived/test", Text::from("a"));
        Arc::new(Event { id, fact, time, node, pid: None, repeated: 1, origin, raw })
    }

    fn refused(sender: u8) -> Vrrp {
        let from = Some(Text::from(format!("192.0.2.{sender}")));
        Vrrp::AdvertRejected { mismatch: Mismatch::Authentication, from }
    }

    fn heard(theirs: u8) -> Vrrp {
        Vrrp::HeardLower(Advert { from: None, theirs: Some(theirs.into()), ours: Some(200) })
    }

    fn kept(lines: &[Arc<Event>]) -> Vec<Arc<Event>> {
        let (mut repeats, mut events) = (Repeats::default(), Vec::new());
        lines.iter().for_each(|line| repeats.push(line, &mut events));
        events
    }

    #[test]
    fn of_a_million_refused_adverts_a_hundred_lines_are_kept_that_count_them_all() {
        let lines: Vec<Arc<Event>> = (0..1_000_000).map(|second| line(second, "VI_1", refused(1))).collect();
        let kept = kept(&lines);
        assert!(kept.len() < 100, "{}", kept.len());
        assert_eq!(kept.iter().map(|event| event.repeated).sum::<u32>(), 1_000_000);
        assert_eq!(kept.last().map(|event| event.time), lines.last().map(|event| event.time));
    }

    #[test]
    fn senders_that_take_turns_are_kept_for_a_while_and_not_for_ever() {
        let lines: Vec<Arc<Event>> =
            (0..10_000).map(|second| line(second, "VI_1", refused((second % 7) as u8))).collect();
        assert!((130..160).contains(&kept(&lines).len()));
    }

    /// How many lines of each kind.
    fn counts(events: &[Arc<Event>]) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for event in events {
            let Fact::Vrrp { instance, what } = &event.fact else { continue };
            *counts.entry(format!("{instance} {:?}", kind(what))).or_default() += event.repeated;
        }
        counts
    }

    /// What happens on a node, and how long after the one before.
    fn any_lines() -> impl Strategy<Value = Vec<Arc<Event>>> {
        let instance = prop::sample::select(vec!["VI_1", "VI_2"]);
        let what = prop_oneof![
            60 => (0..2u8).prop_map(heard),
            60 => (0..2u8).prop_map(refused),
            1 => Just(Vrrp::MasterEntered),
        ];
        let pause = prop_oneof![200 => 0..10i64, 1 => 10..900i64];
        prop::collection::vec((instance, what, pause), 0..1_500).prop_map(|all| {
            let mut second = 0;
            let lines = all.into_iter().map(|(instance, what, pause)| {
                second += pause;
                line(second, instance, what)
            });
            lines.collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_left_out_is_counted_by_a_like_line_behind_it(lines in any_lines()) {
            let kept = kept(&lines);
            prop_assert!(kept.is_sorted_by_key(|event| event.time.micros));
            prop_assert_eq!(counts(&kept), counts(&lines));
            let states = |events: &[Arc<Event>]| -> Vec<Option<u64>> {
                let changed = |event: &&Arc<Event>| event.vrrp() == Some(&Vrrp::MasterEntered);
                events.iter().filter(changed).map(|event| event.origin.line).collect()
            };
            prop_assert_eq!(states(&lines), states(&kept));
            prop_assert!(kept.len() == lines.len() || lines.len() as u64 > FIRST_MAX);
        }
    }
}
