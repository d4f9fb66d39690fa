//! Transfers that were refused: by whom, to whom, and until when.

use super::{Lines, QUIET_MICROS, Replication, ZONES_MAX};
use crate::event::{Event, Text};
use crate::moment::Moment;
use ahash::AHashSet;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Keeps a name among others, and says whether it is a new one; `None` where there is no more room.
fn keep(names: &mut BTreeSet<Text>, name: &Text) -> Option<bool> {
    if names.contains(name) {
        return Some(false);
    }
    (names.len() < ZONES_MAX).then(|| names.insert(name.clone()))
}

/// A refusal this soon after the last refused one was served is the same trouble.
const RELAPSE_MICROS: i64 = 600 * 1_000_000;

/// Transfers refused by one address or node in one episode.
#[derive(Debug, Clone)]
pub struct Refusals {
    /// The address asked; `None` where only the refusing side's log exists.
    pub address: Option<Text>,
    /// The node that refused, where its own log says so.
    pub refusers: BTreeSet<Text>,
    /// Nodes that were refused (secondaries' own logs).
    pub refused_nodes: BTreeSet<Text>,
    /// Clients that were refused (the refusing side's log).
    pub clients: BTreeSet<Text>,
    /// Zones.
    pub zones: BTreeSet<Text>,
    /// The secondaries' lines.
    pub failures: Lines,
    /// The refusing side's lines.
    pub denials: Lines,
    /// Who (secondary, or client as the refusing side names it) still waits for which zone.
    waiting: AHashSet<(Text, Text)>,
    /// The transfer that ended it: the last of those refused got what it asked for.
    pub end: Option<Arc<Event>>,
}

impl Refusals {
    /// First line of either side.
    #[must_use]
    pub fn first(&self) -> Option<&Arc<Event>> {
        self.failures
            .first
            .iter()
            .chain(&self.denials.first)
            .min_by_key(|event| (event.time.micros, event.node.clone()))
    }

    /// Last line of either side.
    #[must_use]
    pub fn last_time(&self) -> Option<Moment> {
        self.failures.last_time().max(self.denials.last_time())
    }
}

impl Refusals {
    fn at(address: Option<Text>) -> Self {
        Self {
            address,
            refusers: BTreeSet::new(),
            refused_nodes: BTreeSet::new(),
            clients: BTreeSet::new(),
            zones: BTreeSet::new(),
            failures: Lines::default(),
            denials: Lines::default(),
            waiting: AHashSet::new(),
            end: None,
        }
    }
}

impl Replication {
    /// A transfer that a secondary was refused, and the node that denied it if its own log says so.
    pub(super) fn refused(
        &mut self,
        event: &Arc<Event>,
        zone: &Text,
        address: Option<&Text>,
        denied_by: Option<&Text>,
    ) {
        let wanted = |refusals: &Refusals| match (&refusals.address, address) {
            (Some(known), Some(asked)) => known == asked,
            (None, _) => denied_by.is_some_and(|node| refusals.refusers.contains(node)),
            (Some(_), None) => false,
        };
        let refusals = self.refusals_of(event, wanted, address);
        refusals.address = refusals.address.take().or_else(|| address.cloned());
        refusals.refusers.extend(denied_by.cloned());
        let new_zone = keep(&mut refusals.zones, zone);
        let new_node = refusals.refused_nodes.insert(event.node.clone());
        // Whoever was refused as a client is the same one: its own log names it better. No client joins them after the first node.
        if new_node {
            refusals.waiting.retain(|(who, _)| refusals.refused_nodes.contains(who));
        }
        if refusals.waiting.len() < ZONES_MAX {
            refusals.waiting.insert((event.node.clone(), zone.clone()));
        }
        refusals.failures.push(event, new_zone == Some(true) || new_node);
        self.left_out += u64::from(new_zone.is_none());
    }

    pub(super) fn denied(&mut self, event: &Arc<Event>, zone: &Text, client: Option<&Text>, asked: Option<&Text>) {
        let wanted = |refusals: &Refusals| match (&refusals.address, asked) {
            (Some(known), Some(asked)) => known == asked,
            (Some(_), None) | (None, _) => refusals.refusers.contains(&event.node),
        };
        let refusals = self.refusals_of(event, wanted, asked);
        refusals.refusers.insert(event.node.clone());
        let new_zone = keep(&mut refusals.zones, zone);
        // Whoever asks is a stranger's to choose, as the zone is.
        let new_client = client.map(|client| keep(&mut refusals.clients, client));
        let is_left_out = new_zone.is_none() || new_client == Some(None);
        let is_new = [new_zone, new_client.flatten()].contains(&Some(true));
        if let Some(client) = client.filter(|_| refusals.refused_nodes.is_empty() && refusals.waiting.len() < ZONES_MAX)
        {
            refusals.waiting.insert((client.clone(), zone.clone()));
        }
        refusals.denials.push(event, is_new);
        self.left_out += u64::from(is_left_out);
    }

    fn refusals_of(
        &mut self,
        event: &Event,
        wanted: impl Fn(&Refusals) -> bool,
        address: Option<&Text>,
    ) -> &mut Refusals {
        let is_open = |refusals: &Refusals| {
            let resting_since = refusals.end.as_ref().map(|end| (end.time, RELAPSE_MICROS));
            let (since, allowed) =
                resting_since.or_else(|| Some((refusals.last_time()?, QUIET_MICROS))).unwrap_or((event.time, 0));
            event.time.micros_since(since) <= allowed
        };
        let found = self.refusals.iter().rposition(|refusals| is_open(refusals) && wanted(refusals));
        let index = found.unwrap_or_else(|| {
            self.refusals.push(Refusals::at(address.cloned()));
            self.refusals.len() - 1
        });
        self.refusals[index].end = None;
        &mut self.refusals[index]
    }

    pub(super) fn no_longer_waiting(&mut self, event: &Arc<Event>, zone: &Text, who: &Text) {
        let mut key = None;
        for refusals in self.refusals.iter_mut().filter(|refusals| refusals.end.is_none()) {
            let key = key.get_or_insert_with(|| (who.clone(), zone.clone()));
            if refusals.waiting.remove(key) && refusals.waiting.is_empty() {
                refusals.end = Some(Arc::clone(event));
            }
        }
    }
}
