//! Lines about adverts that come again and again: each stretch of them on one node is a [`Run`].

use super::group::PeerGroup;
use super::{Mastership, World};
use crate::event::{Event, Fact, Text, Vrrp};
use crate::moment::Moment;
use std::sync::Arc;

/// Like lines of one node about one peer group, none far from the next.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The node that wrote them.
    pub node: &'a Text,
    /// The lines in order of time; never empty.
    pub lines: Vec<&'a Arc<Event>>,
}

impl Run<'_> {
    /// Moment of the first line.
    #[must_use]
    pub fn first(&self) -> Moment {
        self.lines[0].time
    }

    /// Moment of the last line.
    #[must_use]
    pub fn last(&self) -> Moment {
        self.lines[self.lines.len() - 1].time
    }

    /// Whether the next line is no further than `quiet_micros` from the last one. What is refused is refused for as long as configurations
    /// differ: of refusals a line that stands for several may be further away.
    fn goes_on_with(&self, event: &Event, quiet_micros: i64) -> bool {
        let is_refusal = matches!(event.vrrp(), Some(Vrrp::AdvertRejected { .. }));
        let times = if is_refusal { i64::from(event.repeated.max(1)) } else { 1 };
        event.time.micros_since(self.last()) <= quiet_micros.saturating_mul(times)
    }

    /// How many lines, folded repeats included.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.repeated)).sum()
    }
}

impl World {
    /// What the nodes of a group said of its instances and `is_wanted`, in runs of lines at most `quiet_micros` apart.
    pub fn runs<'a>(
        &'a self,
        group: &'a PeerGroup,
        quiet_micros: i64,
        is_wanted: impl Fn(&Vrrp) -> bool,
    ) -> Vec<Run<'a>> {
        let mut runs: Vec<Run<'a>> = Vec::new();
        for (node, events) in self.events_of(group, |event| event.vrrp().is_some_and(&is_wanted)) {
            let mut current: Option<Run<'a>> = None;
            for event in events {
                match &mut current {
                    Some(run) if run.goes_on_with(event, quiet_micros) => run.lines.push(event),
                    Some(_) | None => runs.extend(current.replace(Run { node, lines: vec![event] })),
                }
            }
            runs.extend(current);
        }
        runs
    }

    /// Each node of a group with those of its lines about the group's instances and its own keepalived that are wanted, in order of time.
    pub fn events_of<'a>(
        &'a self,
        group: &'a PeerGroup,
        is_wanted: impl Fn(&Event) -> bool + Copy,
    ) -> impl Iterator<Item = (&'a Text, impl Iterator<Item = &'a Arc<Event>>)> {
        group.nodes.keys().filter_map(move |node| {
            let events = self.nodes.get(node)?.vrrp.events();
            Some((node, events.iter().filter(move |event| is_wanted(event) && is_about(group, event))))
        })
    }

    /// The same of the stretch from one moment to another, both included.
    pub fn events_between<'a>(
        &'a self,
        group: &'a PeerGroup,
        from: Moment,
        to: Moment,
    ) -> impl Iterator<Item = (&'a Text, impl Iterator<Item = &'a Arc<Event>>)> {
        group.nodes.keys().filter_map(move |node| {
            let events = self.nodes.get(node)?.vrrp.between(from, to);
            Some((node, events.filter(|event| is_about(group, event))))
        })
    }

    /// The last line that a node's logs hold, of whatever program.
    #[must_use]
    pub fn last_of(&self, node: &Text) -> Option<Moment> {
        self.nodes.get(node)?.last
    }

    /// Nodes of a group that were MASTER at a moment, with that mastership.
    pub fn masters_at<'a>(
        &'a self,
        group: &'a PeerGroup,
        moment: Moment,
    ) -> impl Iterator<Item = (&'a Text, &'a Mastership)> {
        group.nodes.iter().flat_map(move |(node, all)| all.at(moment).map(move |mastership| (node, mastership)))
    }
}

/// Whether a line is about a group's instances, or about all of the process.
fn is_about(group: &PeerGroup, event: &Event) -> bool {
    if let Fact::Vrrp { instance, .. } = &event.fact {
        group.instances.contains(instance)
    } else if let Fact::Group { group: name, .. } = &event.fact {
        group.unit.name() == name
    } else {
        event.keepalived().is_some()
    }
}
