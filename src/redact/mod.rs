//! Lines → the same lines with names, zones and addresses replaced, so that a log may leave the company.
//!
//! Two readings. The first collects what must be replaced ([`Redactor::note`]), then all of it is numbered in its order
//! ([`Names::settle`]), so that what is equal stays equal and what comes first stays first. The second writes lines anew
//! ([`Redactor::line`]): stamp, host, tag and pid are rendered from what was read, the message keeps the words that the daemons
//! themselves print, and every other word is replaced.
//!
//! **Invariant:** nothing passes that was not read. A line that no row of the catalogue knows is dropped and counted, and so
//! is one that would not be read as the same event again.

mod line;
mod names;
mod words;

pub use line::{Redactor, host, plain, stem};
pub use names::{Map, Names};
