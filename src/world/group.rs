//! The nodes that share an instance or a sync group, and what each of them did.

use super::moving::Moving;
use super::vrrp::{Mastership, Unit};
use crate::event::{Event, Text};
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

/// One node's masterships in order of time; a link that flaps for a year leaves a hundred thousand of them.
#[derive(Debug, Clone, Default)]
pub struct Masterships {
    all: Vec<Mastership>,
    /// For each of them the latest end of it and of all before it.
    ended_by: Vec<i64>,
}

impl Masterships {
    /// Puts masterships into order.
    #[must_use]
    pub fn of(mut all: Vec<Mastership>) -> Self {
        all.sort_by_key(|one| (begun_micros(one), one.first.time.micros));
        let ends = all.iter().scan(i64::MIN, |latest, one| {
            *latest = one.ended().map_or(i64::MAX, |ended| ended.micros).max(*latest);
            Some(*latest)
        });
        Self { ended_by: ends.collect(), all }
    }

    /// Those that cover some of the stretch between two moments.
    pub fn between(&self, from: Moment, to: Moment) -> impl Iterator<Item = &Mastership> {
        let first = self.ended_by.partition_point(|ended| *ended < from.micros);
        let begun = self.all[first..].iter().take_while(move |one| begun_micros(one) <= to.micros);
        begun.filter(move |one| one.ended().is_none_or(|ended| ended.micros >= from.micros))
    }

    /// Those that cover a moment.
    pub fn at(&self, moment: Moment) -> impl Iterator<Item = &Mastership> {
        self.between(moment, moment)
    }

    /// Those that cover some of the time of another one.
    pub fn beside(&self, other: &Mastership) -> impl Iterator<Item = &Mastership> {
        let from = other.begun().unwrap_or(Moment { micros: i64::MIN, ..other.first.time });
        self.between(from, other.ended().unwrap_or(Moment { micros: i64::MAX, ..other.first.time }))
    }

    /// How many had begun before a moment.
    #[must_use]
    pub fn begun_before(&self, moment: Moment) -> usize {
        self.all.partition_point(|one| begun_micros(one) < moment.micros)
    }
}

impl Deref for Masterships {
    type Target = [Mastership];

    fn deref(&self) -> &[Mastership] {
        &self.all
    }
}

impl<'a> IntoIterator for &'a Masterships {
    type Item = &'a Mastership;
    type IntoIter = std::slice::Iter<'a, Mastership>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

fn begun_micros(one: &Mastership) -> i64 {
    one.begun().map_or(i64::MIN, |begun| begun.micros)
}

/// The nodes that share a unit, and what each of them did.
#[derive(Debug, Clone)]
pub struct PeerGroup {
    /// The shared unit (the name most of them use).
    pub unit: Unit,
    /// Masterships per node.
    pub nodes: BTreeMap<Text, Masterships>,
    /// Whether lines of two nodes prove that they are peers (adverts that match), not their instance's name alone.
    pub proven: bool,
    /// Names of all instances seen in it, sorted.
    pub instances: BTreeSet<Text>,
    /// The addresses that move with it; known once all lines are.
    pub moving: Moving,
    /// When which node entered MASTER, in order of time, and the place of that mastership among the node's.
    takeovers: Vec<(i64, Text, usize)>,
}

impl PeerGroup {
    /// A group of nodes that share a unit, with each one's masterships.
    #[must_use]
    pub fn new(unit: Unit, nodes: BTreeMap<Text, Masterships>, proven: bool, instances: BTreeSet<Text>) -> Self {
        let entered = |(node, all): (&Text, &Masterships)| -> Vec<(i64, Text, usize)> {
            let times = all.iter().enumerate().filter_map(|(at, one)| Some((one.entered.as_ref()?.time.micros, at)));
            times.map(|(micros, at)| (micros, node.clone(), at)).collect()
        };
        let mut takeovers: Vec<(i64, Text, usize)> = nodes.iter().flat_map(entered).collect();
        // Of two within one stamp the one that stayed MASTER longer came last; names decide only where both did.
        takeovers.sort_by_cached_key(|(micros, node, at)| {
            let ended = nodes[node][*at].ended().map_or(i64::MAX, |ended| ended.micros);
            (*micros, ended, node.clone())
        });
        Self { unit, nodes, proven, instances, moving: Moving::default(), takeovers }
    }

    /// A name that tells peer groups apart: unit and nodes.
    #[must_use]
    pub fn key(&self) -> String {
        let nodes: Vec<&str> = self.nodes.keys().map(|node| &**node).collect();
        format!("{}@{}", self.unit.name(), nodes.join("+"))
    }

    /// All take-overs of the group in order of time, with their nodes.
    pub fn takeovers(&self) -> impl DoubleEndedIterator<Item = Takeover<'_>> + ExactSizeIterator {
        self.takeovers.iter().map(|place| self.takeover(place))
    }

    /// The take-overs from one moment to another, both included.
    pub fn takeovers_between(&self, from: Moment, to: Moment) -> impl Iterator<Item = Takeover<'_>> {
        let first = self.takeovers.partition_point(|(micros, _, _)| *micros < from.micros);
        let until = self.takeovers[first..].iter().take_while(move |(micros, _, _)| *micros <= to.micros);
        until.map(|place| self.takeover(place))
    }

    /// The last take-over that is not later than a moment.
    #[must_use]
    pub fn last_takeover(&self, moment: Moment) -> Option<Takeover<'_>> {
        let later = self.takeovers.partition_point(|(micros, _, _)| *micros <= moment.micros);
        self.takeovers[..later].last().map(|place| self.takeover(place))
    }

    /// The first take-over after a moment.
    #[must_use]
    pub fn next_takeover(&self, moment: Moment) -> Option<Takeover<'_>> {
        let later = self.takeovers.partition_point(|(micros, _, _)| *micros <= moment.micros);
        self.takeovers.get(later).map(|place| self.takeover(place))
    }

    fn takeover(&self, (_, node, index): &(i64, Text, usize)) -> Takeover<'_> {
        let (node, all) = self.nodes.get_key_value(node).expect("a take-over is one of its group's nodes");
        let mastership = &all[*index];
        let event = mastership.entered.as_ref().expect("a take-over is of a mastership that was entered");
        Takeover { node, mastership, event }
    }

    /// Other nodes' masterships that cover some of the stretch between two moments.
    pub fn rivals_between<'a>(
        &'a self,
        node: &'a Text,
        from: Moment,
        to: Moment,
    ) -> impl Iterator<Item = (&'a Text, &'a Mastership)> {
        let others = self.nodes.iter().filter(move |(other, _)| *other != node);
        others.flat_map(move |(other, all)| all.between(from, to).map(move |mastership| (other, mastership)))
    }
}

/// A node entered MASTER and ran its script: the address is expected there from now on.
#[derive(Debug, Clone, Copy)]
pub struct Takeover<'a> {
    /// The node.
    pub node: &'a Text,
    /// Its mastership.
    pub mastership: &'a Mastership,
    /// The `Entering MASTER STATE` line.
    pub event: &'a Arc<Event>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Fact, Origin, Vrrp};
    use crate::moment::Precision;
    use crate::world::vrrp::{Begin, End};
    use proptest::prelude::*;

    fn line(second: i64) -> Arc<Event> {
        let fact = Fact::Vrrp { instance: Text::from("VI_1"), what: Vrrp::MasterEntered };
        let origin = Origin { path: Text::from("a.log"), line: None, cursor: None };
        let raw = Text::from("MASTER").into();
        let (time, node) = (moment(second), Text::from("a"));
        Arc::new(Event { id: "keepalived/state-master", fact, time, node, pid: None, repeated: 1, origin, raw })
    }

    fn moment(second: i64) -> Moment {
        Moment { micros: second * 1_000_000, precision: Precision::Second }
    }

    /// Any masterships: also such as overlap, as those of two units of one node do.
    fn any_masterships() -> impl Strategy<Value = Masterships> {
        let begins = prop::sample::select(vec![Begin::Entered, Begin::Pending, Begin::Unseen]);
        let one = (begins, any::<bool>(), 0_i64..60, prop::option::of(0_i64..10)).prop_map(
            |(begin, is_bounded, first, lasting)| Mastership {
                entered: (begin == Begin::Entered).then(|| line(first)),
                end: lasting.map(|seconds| (End::Left, line(first + seconds))),
                is_bounded,
                ..Mastership::new(begin, &line(first))
            },
        );
        prop::collection::vec(one, 0..20).prop_map(Masterships::of)
    }

    #[test]
    fn of_two_takeovers_in_one_stamp_the_one_that_stayed_came_last() {
        let entered = |end: Option<(End, Arc<Event>)>| {
            let entered = Some(line(100));
            Masterships::of(vec![Mastership { entered, end, ..Mastership::new(Begin::Entered, &line(100)) }])
        };
        for (stays, yields) in [("a", "b"), ("b", "a")] {
            let nodes = BTreeMap::from([
                (Text::from(stays), entered(None)),
                (Text::from(yields), entered(Some((End::Yielded, line(100))))),
            ]);
            let group = PeerGroup::new(Unit::Instance(Text::from("VI_1")), nodes, false, BTreeSet::new());
            let last = group.last_takeover(moment(100)).expect("there are two");
            assert_eq!(last.node, stays);
        }
    }

    proptest! {
        #[test]
        fn a_stretch_finds_what_a_look_at_each_finds(all in any_masterships(), from in 0_i64..80, lasting in 0_i64..20) {
            let (from, to) = (moment(from), moment(from + lasting));
            let is_inside = |one: &&Mastership| {
                one.begun().is_none_or(|begun| begun.micros <= to.micros)
                    && one.ended().is_none_or(|ended| ended.micros >= from.micros)
            };
            let place = |one: &Mastership| std::ptr::from_ref(one);
            let found: Vec<_> = all.between(from, to).map(place).collect();
            prop_assert_eq!(found, all.iter().filter(is_inside).map(place).collect::<Vec<_>>());
            let covering: Vec<_> = all.iter().filter(|one| one.covers(from)).map(place).collect();
            prop_assert_eq!(all.at(from).map(place).collect::<Vec<_>>(), covering);
        }

        #[test]
        fn takeovers_are_found_by_their_time(all in any_masterships(), from in 0_i64..80, lasting in 0_i64..20) {
            let nodes = BTreeMap::from([(Text::from("a"), all)]);
            let group = PeerGroup::new(Unit::Instance(Text::from("VI_1")), nodes, false, BTreeSet::new());
            let (from, to) = (moment(from), moment(from + lasting));
            let times: Vec<i64> = group.takeovers().map(|takeover| takeover.event.time.micros).collect();
            prop_assert!(times.is_sorted());
            let place = |takeover: Takeover<'_>| Arc::as_ptr(takeover.event);
            let inside = group.takeovers().filter(|one| (from.micros..=to.micros).contains(&one.event.time.micros));
            let inside: Vec<_> = inside.map(place).collect();
            prop_assert_eq!(group.takeovers_between(from, to).map(place).collect::<Vec<_>>(), inside);
            let last = group.takeovers().rfind(|one| one.event.time.micros <= from.micros).map(place);
            prop_assert_eq!(group.last_takeover(from).map(place), last);
            let next = group.takeovers().find(|one| one.event.time.micros > from.micros).map(place);
            prop_assert_eq!(group.next_takeover(from).map(place), next);
        }
    }
}
