//! What survives a restart, as bytes: all of it or nothing.
//!
//! Places, kept lines and announcements are written together, so that no moment exists in which one is ahead of the others.
//! Announcements that are on their way stand in it too: they are told again, the very same bytes, if the process dies before it can
//! note that they went out.

use super::{Change, Ledger, Notification, Pacing, Schedule};
use crate::event::Text;
use crate::pipeline::live::Stored;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::hash::{DefaultHasher, Hash, Hasher};

/// All that survives. `P` is a source's place, as the reader of its kind knows it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct State<P> {
    /// How far each source, by path, has been read and judged.
    pub places: Vec<(Text, P)>,
    /// The lines that matter.
    pub live: Stored,
    /// Stands for what was stated when they were judged last.
    pub statement: u64,
    /// What was told.
    pub ledger: Ledger,
    /// When to ask next.
    pub schedule: Schedule,
    /// Announcements that are on their way.
    pub pending: Vec<Change>,
    /// When people are told next.
    pub pacing: Pacing,
    /// Notifications that have not been delivered, by the name of the way out.
    pub waiting: Vec<(String, Notification)>,
    /// Whether the sources' past was read to its end once: from then on all is told.
    pub is_caught_up: bool,
    /// By the wall clock, in microseconds: when the last record was taken; 0 before the first one.
    pub taken_at: i64,
}

/// Why bytes are no state of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Other bytes altogether.
    #[error("it is no state of driftline")]
    Foreign,
    /// Of another build.
    #[error("it was written by another version of driftline")]
    OtherVersion,
    /// Damaged.
    #[error("it is damaged")]
    Damaged,
}

const MAGIC: &[u8] = b"driftline state\n";
/// Raise it when the form changes; what another version of the package wrote is not read either.
const FORM: &str = concat!("5 ", env!("CARGO_PKG_VERSION"), "\n");

impl<P: Serialize + DeserializeOwned> State<P> {
    /// As bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = postcard::to_stdvec(self).expect("every part has a form");
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(FORM.as_bytes());
        bytes.extend_from_slice(&sum(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// From bytes.
    ///
    /// # Errors
    /// They are not what [`to_bytes`](Self::to_bytes) of this build makes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unfit> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Unfit::Foreign)?;
        let rest = rest.strip_prefix(FORM.as_bytes()).ok_or(Unfit::OtherVersion)?;
        let (told, body) = rest.split_first_chunk::<8>().ok_or(Unfit::Damaged)?;
        if u64::from_le_bytes(*told) != sum(body) {
            return Err(Unfit::Damaged);
        }
        postcard::from_bytes(body).map_err(|_| Unfit::Damaged)
    }
}

/// Tells accidents, not attacks.
fn sum(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Options;
    use crate::pipeline::live::Live;

    fn state() -> State<u64> {
        State {
            places: vec![("ns1.log".into(), 7)],
            live: Live::new(Options::default(), &[("ns1.log".into(), None)]).store(),
            statement: 0,
            ledger: Ledger::default(),
            schedule: Schedule::default(),
            pending: Vec::new(),
            pacing: Pacing::default(),
            waiting: Vec::new(),
            is_caught_up: true,
            taken_at: 0,
        }
    }

    #[test]
    fn a_state_comes_back_or_says_why_not() {
        let bytes = state().to_bytes();
        let back = State::<u64>::from_bytes(&bytes).expect("it is whole");
        assert_eq!((back.places, back.is_caught_up), (state().places, true));
        assert_eq!(State::<u64>::from_bytes(b"hello").err(), Some(Unfit::Foreign));
        assert_eq!(State::<u64>::from_bytes(b"driftline state\n0 0\n").err(), Some(Unfit::OtherVersion));
        for cut in [bytes.len() - 1, bytes.len() - 9, MAGIC.len() + FORM.len()] {
            assert_eq!(State::<u64>::from_bytes(&bytes[..cut]).err(), Some(Unfit::Damaged), "{cut}");
        }
        for at in MAGIC.len() + FORM.len()..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(State::<u64>::from_bytes(&flipped).err(), Some(Unfit::Damaged), "{at}");
        }
    }
}
