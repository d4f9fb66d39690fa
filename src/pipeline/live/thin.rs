//! What goes when more matters at once than may be kept: of the commonest kinds of lines the oldest, so that a flood of one kind does not
//! take the place of the few lines that a drift of ten days ago rests on.

use super::forget::{Like, place_of};
use super::{Listening, Live};
use crate::event::Fact;
use crate::finding::Finding;
use crate::timeline::Frame;
use crate::world::may_repeat;
use ahash::AHashSet;
use std::collections::BTreeMap;

/// Lines of an open finding, at its beginning and at its end, that stay whatever else goes.
const OF_OPEN_MAX: usize = 32;

/// What shares the room that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// States of keepalived on all nodes: what one was is known by the others.
    States,
    /// Of one source all lines of this kind.
    Kind(usize, &'static str),
}

fn class(source: usize, id: &'static str, fact: &Fact) -> Class {
    let is_state = match fact {
        Fact::Vrrp { what, .. } => !may_repeat(what),
        Fact::Group { .. } | Fact::Keepalived(_) => true,
        Fact::Pdns(_)
        | Fact::Site { .. }
        | Fact::Cloud(_)
        | Fact::Keeper(_)
        | Fact::Setting(_)
        | Fact::Unrecognised(_)
        | Fact::Other => false,
    };
    if is_state { Class::States } else { Class::Kind(source, id) }
}

impl Live {
    /// Leaves half of what may be kept. What says the same as a line that stays is counted with it.
    pub(super) fn thin_out(&mut self, frame: &Frame) {
        let mut world = self.grow(frame).world;
        let findings = self.judge(frame, &mut world);
        let stays = of_open(&findings);
        let mut classes = BTreeMap::<Class, Vec<(i64, usize, usize)>>::new();
        for (index, source) in self.sources.iter().enumerate() {
            for (at, dated) in source.kept.iter().enumerate() {
                let time = frame.time_of(index, &self.surveys[index], &dated.line, dated.crossed);
                let time = time.map_or(i64::MIN, |time| time.micros);
                classes.entry(class(index, dated.line.id, &dated.line.fact)).or_default().push((time, index, at));
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

/// Where lines of findings that are open stand.
fn of_open(findings: &[Finding]) -> AHashSet<super::grown::Place> {
    let open = findings.iter().filter(|finding| finding.is_open());
    let ends = open.flat_map(|finding| {
        let all = finding.evidence();
        let first = all.iter().take(OF_OPEN_MAX);
        first.chain(all.iter().rev().take(OF_OPEN_MAX))
    });
    ends.map(|evidence| {
        let origin = &evidence.event.origin;
        (origin.path.clone(), origin.line, origin.cursor.clone())
    })
    .collect()
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
