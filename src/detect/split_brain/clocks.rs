//! Whether two nodes' masterships overlap whatever their clocks are, or only if the clocks agree.

use super::{ELECTION_MICROS, has_died};
use crate::moment::Moment;
use crate::world::{Begin, End, Mastership, Masterships};

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
    let is_in_order = |a: &[Stretch], b: &[Stretch], micros: i64| {
        // Of two that are alone, one yields to the other, which is MASTER by then.
        a_yields.iter().all(|yielded| is_master(b, yielded.saturating_sub(micros)))
            && b_yields.iter().all(|yielded| is_master(a, yielded.saturating_add(micros)))
            && !a.iter().any(|one| b.iter().any(|other| clash(*one, other.shifted(micros), may_be_deaf)))
    };
    let steps = slack_micros / STEP_MICROS;
    if (-steps..=steps).any(|step| is_in_order(&a, &b, step * STEP_MICROS)) {
        return true;
    }
    // Clocks may be minutes apart: then the end of one mastership is the begin of another, and all the others fit too.
    let (a, b) = (nearest(a_all, moment), nearest(b_all, moment));
    a.iter().any(|one| {
        let shifts = b.iter().flat_map(|other| [one.from.saturating_sub(other.to), one.to.saturating_sub(other.from)]);
        shifts.into_iter().filter(|micros| micros.abs() <= FAR_MICROS).any(|micros| is_in_order(&a, &b, micros))
    })
}

/// One mastership, and what its node's lines say of how it began and ended.
#[derive(Clone, Copy)]
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

impl Stretch {
    fn shifted(self, micros: i64) -> Self {
        Self {
            from: self.from.saturating_add(micros),
            to: self.to.saturating_add(micros),
            surely_to: self.surely_to.saturating_add(micros),
            ..self
        }
    }
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

/// No hand-over: both were MASTER for more than an election, and it was not the older one that yielded to the newer; or it was, but
/// the newer one, which waits for as long as it hears a MASTER, had not heard it.
fn clash(a: Stretch, b: Stretch, may_be_deaf: bool) -> bool {
    let (first, second) = if a.from <= b.from { (a, b) } else { (b, a) };
    let yields_to_second = first.yielded && first.to.abs_diff(second.from) <= ELECTION_MICROS.unsigned_abs();
    first.surely_to.min(second.surely_to).saturating_sub(second.from) > ELECTION_MICROS
        || yields_to_second && second.heard_nobody && !may_be_deaf
}

/// Whether a node was MASTER at a moment, give or take an election.
fn is_master(all: &[Stretch], at: i64) -> bool {
    let (from, to) = (at.saturating_sub(ELECTION_MICROS), at.saturating_add(ELECTION_MICROS));
    all.iter().any(|one| one.from <= to && one.to >= from)
}
