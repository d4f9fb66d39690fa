//! Whether two nodes' masterships overlap whatever their clocks are, or only if the clocks agree.

use super::ELECTION_MICROS;
use crate::moment::Moment;
use crate::world::{Begin, Mastership};

/// Clocks are tried at this distance of each other.
const STEP_MICROS: i64 = 500_000;
/// Masterships within this of the overlap must fit together too.
const AROUND_MICROS: i64 = 120_000_000;

/// Whether some offset of two clocks that nothing compares makes an ordinary sequence of hand-overs out of the masterships around a
/// moment. `slack_micros`: by how much the clocks may differ; clocks that were compared are not doubted.
pub(super) fn explain(moment: Moment, a_all: &[Mastership], b_all: &[Mastership], slack_micros: i64) -> bool {
    if slack_micros <= ELECTION_MICROS {
        return false;
    }
    let (a, b) = (stretches(a_all, moment), stretches(b_all, moment));
    let steps = slack_micros / STEP_MICROS;
    (-steps..=steps).any(|step| {
        let shifted =
            |(from, to): &(i64, i64)| (from.saturating_add(step * STEP_MICROS), to.saturating_add(step * STEP_MICROS));
        !a.iter().any(|one| b.iter().map(shifted).any(|other| clash(*one, other)))
    })
}

/// Begin and end of the masterships near a moment; one that has none of its own lasts for ever.
fn stretches(all: &[Mastership], moment: Moment) -> Vec<(i64, i64)> {
    let entered = all.iter().filter(|one| one.begin != Begin::Pending || one.entered.is_some());
    let stretches = entered.map(|one| {
        let from = one.start().or_else(|| one.is_bounded.then_some(one.first.time));
        (from.map_or(i64::MIN, |from| from.micros), one.ended().map_or(i64::MAX, |to| to.micros))
    });
    let reach = |(from, to): &(i64, i64)| {
        *from <= moment.micros.saturating_add(AROUND_MICROS) && *to >= moment.micros.saturating_sub(AROUND_MICROS)
    };
    stretches.filter(reach).collect()
}

/// More than an election: both were MASTER for longer, and it was not the older one that yielded to the newer.
fn clash(a: (i64, i64), b: (i64, i64)) -> bool {
    let ((_, first_to), (from, to)) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    first_to.min(to).saturating_sub(from) > ELECTION_MICROS
}
