//! In which state each node of a peer group was, as far as its lines prove it: also when it was not MASTER, and since when.
//!
//! A healthy node writes nothing, so a state holds from the line that says it to the next one; what no line proves is [`Stand::Unknown`].

use super::World;
use super::group::PeerGroup;
use crate::event::{Event, Fact, GroupState, Keepalived, Text, Vrrp};
use crate::moment::Moment;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A state, as a line proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// MASTER, or about to be (1.x `Transition to MASTER STATE`).
    Master,
    /// BACKUP: takes over when it hears no adverts.
    Backup,
    /// FAULT: does not take over.
    Fault,
    /// keepalived does not run.
    Stopped,
    /// No line tells.
    Unknown,
}

/// One stretch of a state.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The state.
    pub stand: Stand,
    /// The line that says so; it begins here.
    pub line: Arc<Event>,
    /// Where the next one begins; `None`: it is the last.
    pub to: Option<Moment>,
}

/// What a group's nodes were, and when adverts of somebody reached one of them.
#[derive(Debug, Clone, Default)]
pub struct Standings {
    /// Per node, in order of time.
    pub nodes: BTreeMap<Text, Vec<Standing>>,
    /// Moments at which a node heard another one that was MASTER, sorted.
    pub heard: Vec<Moment>,
}

impl Standings {
    /// Reads the states off the lines of a group's nodes.
    #[must_use]
    pub fn of(world: &World, group: &PeerGroup) -> Self {
        let mut standings = Self::default();
        for (node, events) in world.events_of(group, |_| true) {
            let mut all: Vec<Standing> = Vec::new();
            for event in events {
                if is_another_master(event) {
                    standings.heard.push(event.time);
                }
                take(&mut all, event);
            }
            standings.nodes.insert(node.clone(), all);
        }
        standings.heard.sort();
        standings
    }

    /// The states that begin at a moment.
    pub fn beginning_at(&self, moment: Moment) -> impl Iterator<Item = &Standing> {
        self.nodes.values().flat_map(move |all| {
            let first = all.partition_point(|standing| standing.line.time.micros < moment.micros);
            let same = all[first..].iter().take_while(move |standing| standing.line.time.micros == moment.micros);
            same.filter(move |standing| standing.line.time == moment)
        })
    }

    /// Where a node stood at a moment.
    #[must_use]
    pub fn at(&self, node: &Text, moment: Moment) -> Option<&Standing> {
        let all = self.nodes.get(node)?;
        all[..all.partition_point(|standing| standing.line.time.micros <= moment.micros)].last()
    }
}

fn take(all: &mut Vec<Standing>, event: &Arc<Event>) {
    let Some((stand, before)) = proven(&event.fact) else { return };
    if let Some(last) = all.last_mut() {
        // Priority 0 is sent on the way out: the line may stand behind the one that says where to.
        let has_left = matches!(last.stand, Stand::Fault | Stand::Stopped);
        if has_left && matches!(event.vrrp(), Some(Vrrp::SentZero)) {
            return;
        }
        // What this line says of the time before it may contradict what was thought: then a line between is missing.
        if before.is_some_and(|before| before != last.stand) {
            last.stand = Stand::Unknown;
        }
        if last.stand == stand {
            return;
        }
        last.to = Some(event.time);
    }
    all.push(Standing { stand, line: Arc::clone(event), to: None });
}

/// The state from a line on, and the one before it where the line proves that too.
fn proven(fact: &Fact) -> Option<(Stand, Option<Stand>)> {
    match fact {
        Fact::Vrrp { what, .. } => match what {
            Vrrp::MasterPending | Vrrp::MasterEntered => Some((Stand::Master, None)),
            Vrrp::HeardLower(_) | Vrrp::HeardZeroAsMaster => Some((Stand::Master, Some(Stand::Master))),
            Vrrp::HeardHigher(_) | Vrrp::SentZero => Some((Stand::Backup, Some(Stand::Master))),
            Vrrp::HeardLowerAsBackup(_) | Vrrp::HeardZeroAsBackup | Vrrp::AdvertTimedOut => {
                Some((Stand::Backup, Some(Stand::Backup)))
            }
            Vrrp::BackupEntered { .. } => Some((Stand::Backup, None)),
            Vrrp::FaultEntered => Some((Stand::Fault, None)),
            Vrrp::PriorityChanged { .. } | Vrrp::ElectionForced | Vrrp::AdvertRejected { .. } => None,
        },
        Fact::Group { state, .. } => match state {
            GroupState::MasterPending | GroupState::Master => Some((Stand::Master, None)),
            GroupState::Backup => Some((Stand::Backup, None)),
            GroupState::Fault => Some((Stand::Fault, None)),
        },
        Fact::Keepalived(what) => match what {
            Keepalived::Stopping | Keepalived::Stopped | Keepalived::VrrpChildDied => Some((Stand::Stopped, None)),
            // Runs, and says what it is a moment later.
            Keepalived::Starting { .. } | Keepalived::VrrpChildStarted { .. } => Some((Stand::Unknown, None)),
            Keepalived::Reloading
            | Keepalived::TimerLate { .. }
            | Keepalived::ScriptOpened { .. }
            | Keepalived::ScriptFailed { .. }
            | Keepalived::TrackScript { .. }
            | Keepalived::Interface { .. }
            | Keepalived::CommandLine { .. } => None,
        },
        Fact::Pdns(_)
        | Fact::Site { .. }
        | Fact::Cloud(_)
        | Fact::Keeper(_)
        | Fact::Setting(_)
        | Fact::Other
        | Fact::Unrecognised(_) => None,
    }
}

/// Whether somebody else's advert arrived: a MASTER is out there, whoever it is.
fn is_another_master(event: &Event) -> bool {
    match event.vrrp() {
        Some(
            Vrrp::HeardLower(_) | Vrrp::HeardHigher(_) | Vrrp::HeardLowerAsBackup(_) | Vrrp::AdvertRejected { .. },
        ) => true,
        Some(
            Vrrp::MasterPending
            | Vrrp::MasterEntered
            | Vrrp::BackupEntered { .. }
            | Vrrp::FaultEntered
            | Vrrp::HeardZeroAsBackup
            | Vrrp::HeardZeroAsMaster
            | Vrrp::SentZero
            | Vrrp::AdvertTimedOut
            | Vrrp::PriorityChanged { .. }
            | Vrrp::ElectionForced,
        )
        | None => false,
    }
}
