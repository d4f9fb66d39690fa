//! `driftline` reads the journals of PowerDNS and keepalived and says which node held what, and when.
//!
//! The rooms, in the order in which a line passes through them (a room imports only from those before it):
//!
//! ```text
//! bytes → Record → Event → Timeline → World → Finding → Report → bytes
//!         input    catalogue timeline   world   detect    report
//! ```
//!
//! [`record`], [`event`], [`moment`], [`version`], [`finding`] and [`report`] hold the types at the borders; ARCHITECTURE.md has the map.

pub mod catalogue;
pub mod check;
pub mod cli;
pub mod detect;
pub mod event;
pub mod finding;
pub mod follow;
pub mod input;
pub mod moment;
pub mod parallel;
pub mod pipeline;
pub mod record;
pub mod redact;
pub mod report;
pub mod timeline;
pub mod version;
pub mod world;
