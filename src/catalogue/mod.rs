//! What the daemons' lines mean: every message a row of data, all rows one trie of literals and fields.
//!
//! The smallest example of a row is `state-master` in `keepalived/state.rs`.

mod message;

pub use message::{Fields, Message, Wording};
