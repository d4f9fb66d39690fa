//! Lines that wait for what the other side wrote about the same moment: the last seconds' lines of each zone.

use super::line::{address_of, sender};
use super::{NOTIFY_MICROS, WAITING_MAX, Witnesses, ZONES_MAX};
use crate::event::{Event, Pdns, Text};
use crate::moment::Moment;
use std::sync::Arc;

impl Witnesses {
    /// Keeps a line that only a line of another node can meet.
    pub(super) fn keep_for_others(&mut self, zone: &Text, event: &Arc<Event>) {
        if !self.is_of_one_node {
            self.keep(zone, event);
        }
    }

    pub(super) fn keep(&mut self, zone: &Text, event: &Arc<Event>) {
        self.sweep(event.time);
        if self.waiting.len() >= ZONES_MAX && !self.waiting.contains_key(zone) {
            return;
        }
        let lines = self.waiting.entry(zone.clone()).or_default();
        while lines.len() >= WAITING_MAX
            || lines.front().is_some_and(|line| event.time.micros_since(line.time) > NOTIFY_MICROS)
        {
            lines.pop_front();
        }
        lines.push_back(Arc::clone(event));
    }

    /// Lets go of the zones of which no line can be paired any more. What waits is what the last seconds told, however long the log is.
    fn sweep(&mut self, now: Moment) {
        if now.micros.saturating_sub(self.swept_micros) <= NOTIFY_MICROS {
            return;
        }
        self.swept_micros = now.micros;
        self.waiting.retain(|_, lines| lines.back().is_some_and(|line| now.micros_since(line.time) <= NOTIFY_MICROS));
    }

    /// The latest wanted line about the zone within reach, if one node alone wrote such lines.
    pub(super) fn by_one_node(
        &self,
        zone: &Text,
        event: &Event,
        reach: i64,
        is_wanted: impl Fn(&Pdns) -> bool,
    ) -> Option<Arc<Event>> {
        let near = self.near(zone, event, reach, is_wanted);
        let first = near.first()?;
        near.iter().all(|line| line.node == first.node).then(|| Arc::clone(first))
    }

    /// The latest wanted line about the zone on another node, if all such lines name one address.
    pub(super) fn at_one_address(
        &self,
        zone: &Text,
        event: &Event,
        is_wanted: impl Fn(&Pdns) -> bool,
    ) -> Option<Arc<Event>> {
        let near: Vec<_> = self
            .near(zone, event, NOTIFY_MICROS, is_wanted)
            .into_iter()
            .filter(|line| line.node != event.node)
            .collect();
        let first = near.first()?;
        let address = |line: &Event| sender(line).or_else(|| address_of(line, None));
        near.iter().all(|line| address(line) == address(first)).then(|| Arc::clone(first))
    }

    pub(super) fn near(
        &self,
        zone: &Text,
        event: &Event,
        reach: i64,
        is_wanted: impl Fn(&Pdns) -> bool,
    ) -> Vec<Arc<Event>> {
        let Some(lines) = self.waiting.get(zone) else { return Vec::new() };
        let near = lines.iter().rev().take_while(|line| event.time.micros_since(line.time) <= reach);
        near.filter(|line| line.pdns().is_some_and(&is_wanted)).cloned().collect()
    }
}
