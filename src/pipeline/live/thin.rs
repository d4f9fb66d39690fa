//! What goes when more matters at once than may be kept: of what there is most the oldest, so that a flood of one kind does not take the
//! place of the few lines that a drift of ten days ago rests on.
//!
//! What ends something stands behind what began it: within a class only the oldest goes, so no end goes before its begin.

use super::forget::{Like, Place, place_of};
use super::{Listening, Live};
use crate::event::{Fact, Vrrp};
use crate::timeline::Frame;
use ahash::AHashSet;
use std::collections::BTreeMap;

/// What shares the room that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// What nodes were, and where the address was: keepalived's lines, a site's, a cloud's.
    States,
    /// Adverts that were refused: one a second, until somebody looks.
    Refusals,
    /// PowerDNS's lines: whoever sends datagrams can have them written.
    Replication,
}

impl Class {
    fn of(fact: &Fact) -> Self {
        match fact {
            Fact::Vrrp { what: Vrrp::AdvertRejected { .. }, .. } => Self::Refusals,
            Fact::Pdns(_) => Self::Replication,
            Fact::Vrrp { .. }
            | Fact::Group { .. }
            | Fact::Keepalived(_)
            | Fact::Site { .. }
            | Fact::Cloud(_)
            | Fact::Keeper(_)
            | Fact::Setting(_)
            | Fact::Unrecognised(_)
            | Fact::Other => Self::States,
        }
    }
}

impl Live {
    /// Leaves half of what may be kept. What says the same as a line that stays is counted with it; what open findings rest on `stays`.
    pub(super) fn thin_out(&mut self, frame: &Frame, stays: &AHashSet<Place>) {
        let mut classes = BTreeMap::<Class, Vec<(i64, usize, usize)>>::new();
        for (index, source) in self.sources.iter().enumerate() {
            for (at, dated) in source.kept.iter().enumerate() {
                let time = frame.time_of(index, &self.surveys[index], &dated.line, dated.crossed);
                let time = time.map_or(i64::MIN, |time| time.micros);
                classes.entry(Class::of(&dated.line.fact)).or_default().push((time, index, at));
            }
        }
        let room = room(classes.values().map(Vec::len).collect(), self.limits.most / 2);
        let mut is_gone: Vec<Vec<bool>> = self.sources.iter().map(|source| vec![false; source.kept.len()]).collect();
        for lines in classes.values_mut() {
            let too_many = lines.len().saturating_sub(room);
            lines.sort_unstable();
            let may_go = lines.iter().filter(|(_, index, at)| {
                let source = &self.sources[*index];
                !stays.contains(&place_of(source, &source.kept[*at]))
            });
            may_go.take(too_many).for_each(|(_, index, at)| is_gone[*index][*at] = true);
        }
        for (source, is_gone) in self.sources.iter_mut().zip(&is_gone) {
            source.thin_out(is_gone);
        }
        let now: usize = self.sources.iter().map(|source| source.kept.len()).sum();
        self.forgotten += u64::try_from(self.kept - now).unwrap_or(u64::MAX);
        self.kept = now;
        self.is_reshaped();
    }
}

impl Listening {
    fn thin_out(&mut self, is_gone: &[bool]) {
        let mut like = Like::default();
        let mut stands_for = vec![0u32; self.kept.len()];
        for (at, dated) in self.kept.iter().enumerate().rev() {
            if !is_gone[at] {
                like.stays(at, dated);
            } else if let Some(other) = like.behind(dated) {
                stands_for[other] = stands_for[other].saturating_add(dated.line.repeated);
            }
        }
        self.let_go(is_gone, &stands_for);
    }
}

/// How many lines of each class may stay, so that all together are no more than `most`.
fn room(mut classes: Vec<usize>, most: usize) -> usize {
    classes.sort_unstable();
    let (mut left, mut others) = (most, classes.len());
    for lines in classes {
        if lines > left / others {
            return left / others;
        }
        (left, others) = (left - lines, others - 1);
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn the_commonest_kinds_make_room_for_the_rare_ones() {
        assert_eq!(room(vec![10, 20, 8_000], 4_000), 3_970);
        assert_eq!(room(vec![3_000, 20, 8_000, 3_000], 4_000), 1_326);
        assert_eq!(room(vec![10, 20, 30], 4_000), usize::MAX);
        assert_eq!(room(vec![], 4_000), usize::MAX);
    }
}
