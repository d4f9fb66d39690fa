//! What the programs that keep logs and the clock say of their own work.

use super::Daemon;

/// What bounds the worth of a node's silence and of its stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Keeper {
    /// Lines were thrown away, shortly before.
    Lost {
        /// How many.
        messages: u64,
        /// Whose; `None`: anybody's.
        of: Option<Daemon>,
    },
    /// The clock was set.
    ClockStepped {
        /// By how much (+ is forward), in microseconds, where it is said.
        micros: Option<i64>,
    },
}
