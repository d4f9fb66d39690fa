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
use std::io::{self, Write};

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
const FORM: &str = concat!("10 ", env!("CARGO_PKG_VERSION"), "\n");

impl<P: Serialize + DeserializeOwned> State<P> {
    /// Writes it, part by part: as a whole it may be larger than all else that a follower has in memory.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(MAGIC)?;
        out.write_all(FORM.as_bytes())?;
        let mut parts = Parts { out: &mut *out, part: Vec::new(), sum: DefaultHasher::new(), failure: None };
        let written = postcard::to_io(self, &mut parts).map(drop).map_err(io::Error::other);
        let written = written.and_then(|()| parts.flush());
        let sum = parts.sum.finish();
        // Its own error does not say what went wrong.
        parts.failure.map_or(written, Err)?;
        out.write_all(&sum.to_le_bytes())
    }

    /// From bytes.
    ///
    /// # Errors
    /// They are not what [`write`](Self::write) of this build makes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unfit> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Unfit::Foreign)?;
        let rest = rest.strip_prefix(FORM.as_bytes()).ok_or(Unfit::OtherVersion)?;
        let (body, told) = rest.split_last_chunk::<8>().ok_or(Unfit::Damaged)?;
        let mut sum = DefaultHasher::new();
        body.chunks(PART_BYTES).for_each(|part| part.hash(&mut sum));
        if u64::from_le_bytes(*told) != sum.finish() {
            return Err(Unfit::Damaged);
        }
        postcard::from_bytes(body).map_err(|_| Unfit::Damaged)
    }
}

/// Bytes that are written and summed up at once, so that the sum does not depend on how they came. It tells accidents, not attacks.
const PART_BYTES: usize = 64 * 1024;

/// Passes bytes on in parts and sums them up.
struct Parts<'o> {
    out: &'o mut dyn Write,
    part: Vec<u8>,
    sum: DefaultHasher,
    failure: Option<io::Error>,
}

impl Write for Parts<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.len() == PART_BYTES {
            self.flush()?;
        }
        let count = bytes.len().min(PART_BYTES - self.part.len());
        self.part.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    /// Called before the end it would cut a part in two.
    fn flush(&mut self) -> io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        self.part.hash(&mut self.sum);
        let written = self.out.write_all(&self.part);
        self.part.clear();
        written.map_err(|error| {
            let kind = error.kind();
            self.failure = Some(error);
            kind.into()
        })
    }
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
    fn what_keeps_a_state_from_being_written_is_said() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if bytes.starts_with(MAGIC) || bytes == FORM.as_bytes() {
                    return Ok(bytes.len());
                }
                Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full"))
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = state().write(&mut Full).expect_err("there is no room");
        assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::StorageFull, "the disk is full".to_owned()));
    }

    #[test]
    fn the_sum_does_not_depend_on_how_the_bytes_came() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        let sum = |count: usize| {
            let mut out = Vec::new();
            let mut parts = Parts { out: &mut out, part: Vec::new(), sum: DefaultHasher::new(), failure: None };
            bytes.chunks(count).for_each(|bytes| parts.write_all(bytes).expect("a Vec takes all"));
            parts.flush().expect("a Vec takes all");
            let sum = parts.sum.finish();
            assert_eq!(out, bytes);
            sum
        };
        assert_eq!([1, 999, PART_BYTES, 200_000].map(sum), [sum(7); 4]);
    }

    #[test]
    fn a_state_comes_back_or_says_why_not() {
        let mut bytes = Vec::new();
        state().write(&mut bytes).expect("a Vec takes all");
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
