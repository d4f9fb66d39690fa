//! Which lines of two nodes are about one moment.

use crate::event::{Fact, Keepalived, Pdns, Text, TransferFailure, Vrrp};

/// Stamps of one moment may be this far apart before nobody would think of pairing them.
const REACH_MICROS: i64 = 30_000_000;
/// MASTERs change often enough for chance neighbours: two clocks, each off by five seconds, and what the daemons need themselves.
const CHANGE_REACH_MICROS: i64 = 12_500_000;

/// What two lines of one moment have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(in crate::timeline) enum Meeting {
    /// One transfer of a zone refused.
    Refused(Text),
    /// One transfer of a zone completed.
    Transferred(Text),
    /// One NOTIFY of a zone.
    Notified(Text),
    /// One exchange of adverts: (higher, lower) priority.
    Adverts(u32, u32),
    /// A node enters MASTER, and the one it replaces hears its first advert.
    HandOver(Text),
    /// A MASTER is stopped, and a BACKUP takes over within a second.
    StepDown,
    /// A rival enters MASTER, and the MASTER hears its first advert.
    Challenge(Text),
}

impl Meeting {
    /// Whether it is of a zone: there may be as many as anybody names.
    pub(in crate::timeline) fn is_of_a_zone(&self) -> bool {
        match self {
            Meeting::Refused(_) | Meeting::Transferred(_) | Meeting::Notified(_) => true,
            Meeting::Adverts(..) | Meeting::HandOver(_) | Meeting::StepDown | Meeting::Challenge(_) => false,
        }
    }

    /// How far apart stamps of one such moment may be.
    pub(super) fn reach_micros(&self) -> i64 {
        match self {
            Meeting::Refused(_) | Meeting::Transferred(_) | Meeting::Notified(_) | Meeting::Adverts(..) => REACH_MICROS,
            Meeting::HandOver(_) | Meeting::StepDown | Meeting::Challenge(_) => CHANGE_REACH_MICROS,
        }
    }
}

/// The moments a fact belongs to, and whether its writer is the side that hears (asks, receives).
pub(in crate::timeline) fn meetings(fact: &Fact) -> [Option<(Meeting, bool)>; 3] {
    match fact {
        Fact::Pdns(pdns) => [of_pdns(pdns), None, None],
        Fact::Vrrp { instance, what } => of_vrrp(instance, what),
        Fact::Keepalived(Keepalived::Stopping) => [Some((Meeting::StepDown, false)), None, None],
        Fact::Keepalived(_)
        | Fact::Group { .. }
        | Fact::Site { .. }
        | Fact::Cloud(_)
        | Fact::Keeper(_)
        | Fact::Setting(_)
        | Fact::Other
        | Fact::Unrecognised(_) => [None, None, None],
    }
}

fn of_pdns(pdns: &Pdns) -> Option<(Meeting, bool)> {
    if let Pdns::TransferFailed { zone, why: TransferFailure::Refused, .. } = pdns {
        Some((Meeting::Refused(zone.clone()), true))
    } else if let Pdns::TransferDenied { zone, .. } = pdns {
        Some((Meeting::Refused(zone.clone()), false))
    } else if let Pdns::ZoneCommitted { zone, .. } = pdns {
        Some((Meeting::Transferred(zone.clone()), true))
    } else if let Pdns::TransferServed { zone, .. } = pdns {
        Some((Meeting::Transferred(zone.clone()), false))
    } else if let Pdns::NotifyRefused { zone, .. } | Pdns::NotifyAccepted { zone, .. } = pdns {
        Some((Meeting::Notified(zone.clone()), true))
    } else if let Pdns::NotifyQueued { zone, .. } = pdns {
        Some((Meeting::Notified(zone.clone()), false))
    } else {
        None
    }
}

fn of_vrrp(instance: &Text, what: &Vrrp) -> [Option<(Meeting, bool)>; 3] {
    match what {
        Vrrp::HeardLower(advert) => {
            let numbers = advert.ours.zip(advert.theirs);
            [
                numbers.map(|(high, low)| (Meeting::Adverts(high, low), true)),
                Some((Meeting::Challenge(instance.clone()), true)),
                None,
            ]
        }
        Vrrp::HeardHigher(advert) => {
            let numbers = advert.theirs.zip(advert.ours);
            [
                numbers.map(|(high, low)| (Meeting::Adverts(high, low), false)),
                Some((Meeting::HandOver(instance.clone()), true)),
                None,
            ]
        }
        Vrrp::MasterPending | Vrrp::MasterEntered => [
            Some((Meeting::HandOver(instance.clone()), false)),
            Some((Meeting::StepDown, true)),
            Some((Meeting::Challenge(instance.clone()), false)),
        ],
        Vrrp::BackupEntered { .. }
        | Vrrp::FaultEntered
        | Vrrp::HeardLowerAsBackup(_)
        | Vrrp::HeardZeroAsBackup
        | Vrrp::HeardZeroAsMaster
        | Vrrp::SentZero
        | Vrrp::AdvertTimedOut
        | Vrrp::PriorityChanged { .. }
        | Vrrp::ElectionForced
        | Vrrp::AdvertRejected { .. } => [None, None, None],
    }
}
