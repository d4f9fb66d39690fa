//! keepalived, 1.2.1 to 2.4.3: its messages, a file per topic.
//!
//! The texts were read from the release tags of `github.com/acassen/keepalived`. Prefixes differ: `VRRP_Instance(X) `,
//! `VRRP_Instance(X): `, `(X): ` and `(X) ` are one instance, and X may hold anything, parentheses too.

mod address;
mod advert;
mod advert_detail;
mod advert_rejected;
mod bfd;
mod child;
mod config;
mod config_instance;
mod config_tracking;
mod group;
mod interface;
mod other;
mod process;
mod reload;
mod script;
mod socket;
mod state;
mod track;
mod vmac;

use super::message::{Fields, Message};
use crate::event::{Fact, Vrrp};

/// The rows that rules rest on come first.
pub(super) static TOPICS: &[&[Message]] = &[
    state::ROWS,
    advert::ROWS,
    advert_rejected::ROWS,
    advert_detail::ROWS,
    group::ROWS,
    process::ROWS,
    child::ROWS,
    reload::ROWS,
    script::ROWS,
    track::ROWS,
    interface::ROWS,
    address::ROWS,
    socket::ROWS,
    bfd::ROWS,
    vmac::ROWS,
    config::ROWS,
    config_instance::ROWS,
    config_tracking::ROWS,
    other::ROWS,
];

/// A fact about the instance that the line names.
fn vrrp(fields: &Fields<'_>, what: Vrrp) -> Option<Fact> {
    Some(Fact::Vrrp { instance: fields.text("instance")?, what })
}
