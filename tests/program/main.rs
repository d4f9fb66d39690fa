//! The program as it is installed: its command line, its package, and what belongs together in its source.

#[path = "../common/mod.rs"]
mod common;

mod arrow;
mod catalogue;
mod cli;
mod events;
mod explain;
mod listens;
mod packaging;
mod parity;
mod probe;
mod samples;
