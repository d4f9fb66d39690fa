//! PowerDNS Authoritative Server, 2.9 to 5.2: its messages, a file per topic.
//!
//! The texts were read from the release history of `github.com/PowerDNS/pdns`. What is thrown as an exception is never a line of its
//! own: it is the `{reason}` of another message ([`REASONS`]).

mod autoprimary;
mod backend;
mod catalog_zone;
mod control;
mod freshness;
mod network;
mod notify_in;
mod notify_out;
mod process;
mod reasons;
mod transfer_in;
mod transfer_in_detail;
mod transfer_out;

use super::message::Message;

/// What the `{reason}` of other messages says.
pub(super) static REASONS: &[Message] = reasons::ROWS;

/// The rows that rules rest on come first.
pub(super) static TOPICS: &[&[Message]] = &[
    freshness::ROWS,
    notify_in::ROWS,
    notify_out::ROWS,
    transfer_in::ROWS,
    transfer_in_detail::ROWS,
    transfer_out::ROWS,
    process::ROWS,
    control::ROWS,
    network::ROWS,
    backend::ROWS,
    autoprimary::ROWS,
    catalog_zone::ROWS,
];
