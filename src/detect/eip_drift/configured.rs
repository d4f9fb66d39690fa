//! What keepalived.conf states of a drift's two nodes, where it is beside the logs. It has no time, so it makes nothing certain.

use super::RX_LOWER_PRI_SINCE;
use super::story::keepalived_of;
use crate::event::{Daemon, Scope, Text};
use crate::world::{Displacement, NodeFacts, PeerGroup, Settings, Stated, World};

/// What a take-over runs.
const NOTIFIES: [&str; 2] = ["notify_master", "notify"];
/// What a MASTER runs that hears a lower advert.
const RX_LOWER_PRI: &str = "notify_master_rx_lower_pri";

/// Whether the owner may have moved the address back without a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum SilentRepair {
    /// Nothing says that it could not.
    #[default]
    Possible,
    /// Its configuration says that it does, here.
    Configured(String),
    /// It cannot; the reason stands in brackets behind a sentence.
    Impossible(String),
}

/// What is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Configured {
    pub(super) silent_repair: SilentRepair,
    /// Where the holder's configuration names what its take-over runs; an inner `None`: it names nothing.
    pub(super) holder_notifies: Option<Option<String>>,
}

impl Configured {
    pub(super) fn of(world: &World, group: &PeerGroup, displacement: &Displacement) -> Self {
        let holder = displacement.holder.as_ref().and_then(|holder| facts(world, group, holder));
        let holder_notifies = holder.map(|facts| facts.settings.unit(&group.unit, &NOTIFIES).map(Stated::place));
        Self { silent_repair: silent_repair(world, group, displacement), holder_notifies }
    }

    /// Whether, as the files have it, the holder's take-over moves nothing or the owner brings it back at once.
    pub(super) fn speaks_against_it(&self) -> bool {
        self.holder_notifies == Some(None) || matches!(self.silent_repair, SilentRepair::Configured(_))
    }
}

/// A node whose keepalived.conf has the group's unit, whole: what a file lacks may stand in one that it includes.
fn facts<'w>(world: &'w World, group: &PeerGroup, node: &Text) -> Option<&'w NodeFacts> {
    let is_whole = |settings: &Settings| settings.of(Daemon::Keepalived, &Scope::Global, "include").is_empty();
    world.nodes.get(node).filter(|facts| facts.settings.knows(&group.unit) && is_whole(&facts.settings))
}

fn silent_repair(world: &World, group: &PeerGroup, displacement: &Displacement) -> SilentRepair {
    let Some(owner) = &displacement.owner else { return SilentRepair::Possible };
    if keepalived_of(world, Some(owner)).is_before(RX_LOWER_PRI_SINCE) {
        return SilentRepair::Impossible(format!("{owner}'s keepalived has no {RX_LOWER_PRI}"));
    }
    match facts(world, group, owner).map(|facts| facts.settings.unit(&group.unit, &[RX_LOWER_PRI])) {
        Some(Some(stated)) => SilentRepair::Configured(stated.place()),
        Some(None) => SilentRepair::Impossible(format!("{owner}'s keepalived.conf names no {RX_LOWER_PRI}")),
        None => SilentRepair::Possible,
    }
}
