//! One observation of where the address is: of which node, what it says, and on which lines it rests.

use crate::event::{Event, Text};
use crate::moment::{Moment, Precision};
use std::sync::Arc;

/// What a witness says of its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// Denied a transfer that was asked of the address: the address is on this node.
    Denied,
    /// Served a transfer that was asked of the address: the address is on this node.
    Served,
    /// Its NOTIFY arrived from an address that the receiver takes for its primary: it leaves from the address.
    Heard,
    /// Its NOTIFY arrived from an address that is no primary: it does not leave from the address.
    Strange,
    /// Its NOTIFY was acknowledged: the receiver takes it for its primary. (Only its own log says so.)
    Acknowledged,
    /// Its NOTIFY was answered `Query Refused`. (Only its own log says so.)
    Rejected,
    /// Its take-over script says that it took the address.
    Claimed,
    /// A check on it says that it leaves from the address.
    Leaves,
    /// A check on it says that it leaves from another address.
    LeavesElsewhere,
    /// The cloud's record says that the address was tied to it.
    Associated,
    /// The cloud's record says that the address was tied to it until then.
    Disassociated,
    /// The cloud listed the address as tied to it.
    Listed,
}

impl Seen {
    /// Whether it places the address on the node (or denies it).
    #[must_use]
    pub fn holds(self) -> bool {
        match self {
            Seen::Denied | Seen::Served | Seen::Heard | Seen::Acknowledged | Seen::Claimed | Seen::Leaves => true,
            Seen::Associated | Seen::Disassociated | Seen::Listed => true,
            Seen::Strange | Seen::Rejected | Seen::LeavesElsewhere => false,
        }
    }

    /// Whether a cloud's own record says it: where the address is by definition.
    #[must_use]
    pub fn is_of_cloud(self) -> bool {
        matches!(self, Seen::Associated | Seen::Disassociated | Seen::Listed)
    }

    /// Whether it says that a move was done: anything else may still speak of the moment before.
    #[must_use]
    pub fn is_of_a_move(self) -> bool {
        matches!(self, Seen::Claimed | Seen::Associated)
    }

    /// Whether two hosts' lines agree on it, or a line states it outright; one host's line of something else is weaker.
    #[must_use]
    pub fn is_paired(self) -> bool {
        match self {
            Seen::Denied
            | Seen::Served
            | Seen::Heard
            | Seen::Strange
            | Seen::Claimed
            | Seen::Leaves
            | Seen::LeavesElsewhere
            | Seen::Associated
            | Seen::Disassociated
            | Seen::Listed => true,
            Seen::Acknowledged | Seen::Rejected => false,
        }
    }
}

/// One observation of where the address is.
#[derive(Debug, Clone)]
pub struct Witness {
    /// The node it speaks of.
    pub node: Text,
    /// What it says.
    pub seen: Seen,
    /// Address that was asked, or that the NOTIFY came from.
    pub address: Option<Text>,
    /// Zone.
    pub zone: Text,
    /// When (the later of the two lines).
    pub time: Moment,
    /// That node's own line.
    pub own: Arc<Event>,
    /// The other side's line.
    pub other: Option<Arc<Event>>,
}

impl Witness {
    /// The latest moment that its time may stand for: a cloud's record of a whole second is of any moment in it, and the line before it
    /// has microseconds.
    pub(in crate::world) fn latest(&self) -> i64 {
        let is_coarse = self.seen.is_of_cloud() && self.time.precision == Precision::Second;
        self.time.micros.saturating_add(if is_coarse { 999_999 } else { 0 })
    }
}
