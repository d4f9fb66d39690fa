//! What `follow` and `probe` decide, without a clock and without I/O: when to ask ([`Schedule`]), whose line is next ([`Turns`]),
//! what is news ([`Ledger`]), what is told now and what later ([`Pacing`]), what survives a restart ([`State`]).

mod follower;
mod ledger;
mod pacing;
mod schedule;
mod scope;
mod state;
mod turns;

pub use follower::{Counts, Follower, Item, Named, Outgoing};
pub use ledger::{Change, Kind, Ledger};
pub use pacing::{Limits, Notification, Pacing, Quiet, What};
pub use schedule::Schedule;
pub use state::{Delivered, State, Unfit};
pub use turns::Turns;
