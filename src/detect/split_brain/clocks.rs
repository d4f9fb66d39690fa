//! Whether two nodes' masterships overlap whatever their clocks are, or only if the clocks agree.

use super::{ELECTION_MICROS, has_died};
use crate::moment::Moment;
use crate::world::{Begin, End, Mastership, Masterships};
use std::cell::OnceCell;

/// Clocks are tried at this distance of each other.
const STEP_MICROS: i64 = 500_000;
/// Masterships within this of the overlap must fit together too.
const AROUND_MICROS: i64 = 120_000_000;
/// Clocks that nobody sets are minutes apart; a zone that was not stated is half a day.
const FAR_MICROS: i64 = 14 * 3_600_000_000;
/// Masterships of each node that must fit together.
const NEAREST_MAX: usize = 16;

/// What is taken for possible.
#[derive(Clone, Copy)]
pub(super) struct Possible {
    /// By how much the clocks may differ; clocks that were compared are not doubted.
    pub(super) slack_micros: i64,
    /// The two are peers, and there is no third one.
    pub(super) are_alone: bool,
    /// A node may enter without hearing the MASTER that hears it at once: packets pass one way only.
    pub(super) may_be_deaf: bool,
}

/// That two nodes' masterships overlap on paper only. Worked out when it is asked for, and once.
pub(super) struct Doubt<'a> {
    from: Moment,
    a: &'a Masterships,
    b: &'a Masterships,
    possible: Possible,
    /// How the two clocks differ was concluded from their lines alone.
    is_inferred: bool,
    holds: OnceCell<bool>,
}

impl<'a> Doubt<'a> {
    /// Of the overlap that begins `from` this moment on.
    pub(super) fn new(
        from: Moment,
        (a, b): (&'a Masterships, &'a Masterships),
        possible: Possible,
        is_inferred: bool,
    ) -> Self {
        Self { from, a, b, possible, is_inferred, holds: OnceCell::new() }
    }

    /// Whether clocks explain it.
    pub(super) fn holds(&self) -> bool {
        self.is_inferred || *self.holds.get_or_init(|| explain(self.from, self.a, self.b, self.possible))
    }
}

/// Whether some offset of two clocks that nothing compares makes an ordinary sequence of hand-overs out of the masterships around a
/// moment.
pub(super) fn explain(moment: Moment, a_all: &Masterships, b_all: &Masterships, possible: Possible) -> bool {
    let Possible { slack_micros, are_alone, may_be_deaf } = possible;
    if slack_micros <= ELECTION_MICROS {
        return false;
    }
    let (a, b) = (stretches(a_all, moment), stretches(b_all, moment));
    let yields_of = |all: &[Stretch]| -> Vec<i64> {
        let here = |one: &&Stretch| one.yielded && one.from <= moment.micros && one.to >= moment.micros;
        all.iter().filter(|_| are_alone).filter(here).map(|one| one.to).collect()
    };
    let (a_yields, b_yields) = (yields_of(&a), yields_of(&b));
    let fits = |a: &[Stretch], b: &[Stretch], micros: i64| {
        // Of two that are alone, one yields to the other, which is MASTER by then.
        a_yields.iter().all(|yielded| is_master(b, yielded.saturating_sub(micros)))
            && b_yields.iter().all(|yielded| is_master(a, yielded.saturating_add(micros)))
    };
    let steps = slack_micros / STEP_MICROS;
    let steps = (-steps..=steps).map(|step| step * STEP_MICROS).collect();
    if in_order(&a, &b, steps, may_be_deaf).into_iter().any(|micros| fits(&a, &b, micros)) {
        return true;
    }
    // Clocks may be minutes apart: then the end of one mastership is the begin of another, and all the others fit too.
    let (a, b) = (nearest(a_all, moment), nearest(b_all, moment));
    let pairs = a.iter().flat_map(|one| b.iter().map(move |other| (one, other)));
    let shifts = pairs.flat_map(|(one, other)| [one.from.saturating_sub(other.to), one.to.saturating_sub(other.from)]);
    let shifts = shifts.filter(|micros| micros.saturating_abs() <= FAR_MICROS).collect();
    in_order(&a, &b, shifts, may_be_deaf).into_iter().any(|micros| fits(&a, &b, micros))
}

/// Of these shifts of the second node's clock those with which no two masterships clash.
fn in_order(a: &[Stretch], b: &[Stretch], mut shifts: Vec<i64>, may_be_deaf: bool) -> Vec<i64> {
    for (one, other) in a.iter().flat_map(|one| b.iter().map(move |other| (one, other))) {
        for (from, to) in clashes(one, other, may_be_deaf) {
            shifts.retain(|micros| !(from..=to).contains(micros));
        }
        if shifts.is_empty() {
            break;
        }
    }
    shifts
}

/// One mastership, and what its node's lines say of how it began and ended.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: i64,
    to: i64,
    /// Until when it was MASTER at least: one that died did so at any moment since it last wrote.
    surely_to: i64,
    /// It entered without having heard a MASTER: it replaces nobody whose adverts reached it.
    heard_nobody: bool,
    /// It yielded to a better advert.
    yielded: bool,
}

/// The masterships near a moment; one that has no begin or end of its own lasts for ever.
fn stretches(all: &Masterships, moment: Moment) -> Vec<Stretch> {
    all.between(moment.shifted(-AROUND_MICROS), moment.shifted(AROUND_MICROS)).filter_map(stretch).collect()
}

/// The masterships that begin nearest to a moment.
fn nearest(all: &Masterships, moment: Moment) -> Vec<Stretch> {
    let (before, after) = all.split_at(all.begun_before(moment));
    let before = before.iter().rev().filter_map(stretch).take(NEAREST_MAX);
    let mut stretches: Vec<Stretch> = before.chain(after.iter().filter_map(stretch).take(NEAREST_MAX)).collect();
    stretches.sort_by_key(|one| one.from.saturating_sub(moment.micros).saturating_abs());
    stretches.truncate(NEAREST_MAX);
    stretches
}

fn stretch(one: &Mastership) -> Option<Stretch> {
    if one.begin == Begin::Pending && one.entered.is_none() {
        return None;
    }
    let from = one.begun();
    let to = one.ended().map_or(i64::MAX, |to| to.micros);
    let last_wrote = one.heard_lower.last().unwrap_or(&one.first).time.micros;
    Some(Stretch {
        from: from.map_or(i64::MIN, |from| from.micros),
        to,
        surely_to: if has_died(one) { last_wrote.min(to) } else { to },
        // 1.x advertises before it enters, and is MASTER at once where its configuration says so.
        heard_nobody: one.begin == Begin::Entered && !one.preempts(),
        yielded: matches!(one.end, Some((End::Yielded, _))),
    })
}

/// The shifts of `b` (from, to, both included) with which the two are no hand-over: both were MASTER for more than an election, or the
/// older one yielded to the newer, which waits for as long as it hears a MASTER, and had not heard it. What ends before it begins is none.
fn clashes(a: &Stretch, b: &Stretch, may_be_deaf: bool) -> impl Iterator<Item = (i64, i64)> {
    let more = ELECTION_MICROS + 1;
    let lasts = |one: &Stretch| one.surely_to.saturating_sub(one.from) >= more;
    let together = (lasts(a) && lasts(b)).then(|| {
        let from = a.from.saturating_sub(b.surely_to).saturating_add(more);
        (from, a.surely_to.saturating_sub(b.from).saturating_sub(more))
    });
    let is_deaf = |older: &Stretch, newer: &Stretch| older.yielded && newer.heard_nobody && !may_be_deaf;
    let near = |micros: i64| (micros.saturating_sub(ELECTION_MICROS), micros.saturating_add(ELECTION_MICROS));
    // From here on `b` is the newer one.
    let turn = a.from.saturating_sub(b.from);
    let to_b = is_deaf(a, b).then(|| near(a.to.saturating_sub(b.from))).map(|(from, to)| (from.max(turn), to));
    let to_a = is_deaf(b, a).then(|| near(a.from.saturating_sub(b.to)));
    let to_a = to_a.map(|(from, to)| (from, to.min(turn.saturating_sub(1))));
    [together, to_b, to_a].into_iter().flatten()
}

/// Whether a node was MASTER at a moment, give or take an election.
fn is_master(all: &[Stretch], at: i64) -> bool {
    let (from, to) = (at.saturating_sub(ELECTION_MICROS), at.saturating_add(ELECTION_MICROS));
    all.iter().any(|one| one.from <= to && one.to >= from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the rule is said: of the two, as the shifted clock has them.
    fn clash(a: &Stretch, b: &Stretch, micros: i64, may_be_deaf: bool) -> bool {
        let b = Stretch {
            from: b.from.saturating_add(micros),
            to: b.to.saturating_add(micros),
            surely_to: b.surely_to.saturating_add(micros),
            ..*b
        };
        let (first, second) = if a.from <= b.from { (*a, b) } else { (b, *a) };
        let yields_to_second = first.yielded && first.to.abs_diff(second.from) <= ELECTION_MICROS.unsigned_abs();
        first.surely_to.min(second.surely_to).saturating_sub(second.from) > ELECTION_MICROS
            || yields_to_second && second.heard_nobody && !may_be_deaf
    }

    fn stretches() -> impl Strategy<Value = Vec<Stretch>> {
        let second = 1_000_000i64;
        let one = (0..60i64, 0..20i64, 0..20i64, any::<[bool; 4]>()).prop_map(
            move |(from, lasts, dead, [heard_nobody, yielded, is_old, is_open])| {
                let to = if is_open { i64::MAX } else { (from + lasts) * second };
                Stretch {
                    from: if is_old { i64::MIN } else { from * second },
                    to,
                    surely_to: if is_open { to } else { ((from + lasts.max(dead) - dead) * second).min(to) },
                    heard_nobody,
                    yielded: yielded && !is_open,
                }
            },
        );
        proptest::collection::vec(one, 0..6)
    }

    proptest! {
        #[test]
        fn shifts_in_order_are_those_with_which_no_two_clash(
            a in stretches(),
            b in stretches(),
            shifts in proptest::collection::btree_set(-60..60i64, 0..60),
            may_be_deaf: bool,
        ) {
            let shifts: Vec<i64> = shifts.into_iter().map(|half| half * STEP_MICROS).collect();
            let is_free = |micros: &i64| {
                !a.iter().any(|one| b.iter().any(|other| clash(one, other, *micros, may_be_deaf)))
            };
            let free: Vec<i64> = shifts.iter().copied().filter(is_free).collect();
            prop_assert_eq!(in_order(&a, &b, shifts, may_be_deaf), free);
        }
    }
}
