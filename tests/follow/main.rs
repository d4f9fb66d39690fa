//! `driftline follow` as a process. These tests wait more than they work, and are told apart from those that work: beside them a
//! follower would not be in time.

#[path = "../common/mod.rs"]
mod common;

mod journald;
mod kills;
mod process;
mod unit;
mod uploads;
mod webhook;
