//! What survives a restart, as bytes: all of it or nothing.
//!
//! Places, kept lines and announcements are written together, so that no moment exists in which one is ahead of the others.
//! Announcements that are on their way stand in it too: they are told again, the very same bytes, if the process dies before it can
//! note that they went out. That note ([`Delivered`]) is put behind the state instead of writing all of it anew.

use super::{Change, Ledger, Notification, Pacing, Schedule};
use crate::event::Text;
use crate::pipeline::live::Stored;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Seek, SeekFrom, Write};

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

/// The announcements that were on their way went out, and this is when people are told next and what has not been delivered since.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Delivered {
    /// As in [`State`].
    pub pacing: Pacing,
    /// As in [`State`].
    pub waiting: Vec<(String, Notification)>,
}

impl Delivered {
    /// What is put behind a state, in one piece: a part of it is as good as nothing.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = postcard::to_stdvec(self).expect("a Vec takes everything");
        bytes.extend_from_slice(&sum_of(&bytes).to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, told) = bytes.split_last_chunk::<8>()?;
        let is_whole = u64::from_le_bytes(*told) == sum_of(body);
        is_whole.then(|| postcard::from_bytes(body).ok()).flatten()
    }
}

const MAGIC: &[u8] = b"driftline state\n";
/// Raise it when the form changes; what another version of the package wrote is not read either.
const FORM: &str = concat!("12 ", env!("CARGO_PKG_VERSION"), "\n");

impl<P: Serialize + DeserializeOwned> State<P> {
    /// Writes it, part by part: as a whole it may be larger than all else that a follower has in memory.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write(&self, out: &mut (impl Write + Seek)) -> io::Result<()> {
        out.write_all(MAGIC)?;
        out.write_all(FORM.as_bytes())?;
        out.write_all(&0_u64.to_le_bytes())?;
        let mut parts = Parts { out: &mut *out, part: Vec::new(), sum: DefaultHasher::new(), length: 0, failure: None };
        let written = postcard::to_io(self, &mut parts).map(drop).map_err(io::Error::other);
        let written = written.and_then(|()| parts.flush());
        let (sum, length) = (parts.sum.finish(), parts.length);
        // Its own error does not say what went wrong.
        parts.failure.map_or(written, Err)?;
        out.write_all(&sum.to_le_bytes())?;
        out.seek(SeekFrom::Start((MAGIC.len() + FORM.len()) as u64))?;
        out.write_all(&length.to_le_bytes())
    }

    /// From bytes, with what was noted behind it.
    ///
    /// # Errors
    /// They are not what [`write`](Self::write) of this build makes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unfit> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Unfit::Foreign)?;
        let rest = rest.strip_prefix(FORM.as_bytes()).ok_or(Unfit::OtherVersion)?;
        let (length, rest) = rest.split_first_chunk::<8>().ok_or(Unfit::Damaged)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| Unfit::Damaged)?;
        let (body, rest) = rest.split_at_checked(length).ok_or(Unfit::Damaged)?;
        let (told, behind) = rest.split_first_chunk::<8>().ok_or(Unfit::Damaged)?;
        if u64::from_le_bytes(*told) != sum_of(body) {
            return Err(Unfit::Damaged);
        }
        let state: Self = postcard::from_bytes(body).map_err(|_| Unfit::Damaged)?;
        Ok(match Delivered::from_bytes(behind) {
            Some(Delivered { pacing, waiting }) => Self { pending: Vec::new(), pacing, waiting, ..state },
            // The process died while it noted it: what was on its way goes out again.
            None => state,
        })
    }
}

fn sum_of(bytes: &[u8]) -> u64 {
    let mut sum = DefaultHasher::new();
    bytes.chunks(PART_BYTES).for_each(|part| part.hash(&mut sum));
    sum.finish()
}

/// Bytes that are written and summed up at once, so that the sum does not depend on how they came. It tells accidents, not attacks.
const PART_BYTES: usize = 64 * 1024;

/// Passes bytes on in parts and sums them up.
struct Parts<'o> {
    out: &'o mut dyn Write,
    part: Vec<u8>,
    sum: DefaultHasher,
    length: u64,
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
        self.length += self.part.len() as u64;
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
                if bytes.starts_with(MAGIC) || bytes == FORM.as_bytes() || bytes == [0; 8] {
                    return Ok(bytes.len());
                }
                Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full"))
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        impl Seek for Full {
            fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
                Ok(0)
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
            let mut parts =
                Parts { out: &mut out, part: Vec::new(), sum: DefaultHasher::new(), length: 0, failure: None };
            bytes.chunks(count).for_each(|bytes| parts.write_all(bytes).expect("a Vec takes all"));
            parts.flush().expect("a Vec takes all");
            let sum = parts.sum.finish();
            assert_eq!(out, bytes);
            sum
        };
        assert_eq!([1, 999, PART_BYTES, 200_000].map(sum), [sum(7); 4]);
    }

    fn written(state: &State<u64>) -> Vec<u8> {
        let mut out = io::Cursor::new(Vec::new());
        state.write(&mut out).expect("a Vec takes all");
        out.into_inner()
    }

    #[test]
    fn a_state_comes_back_or_says_why_not() {
        let bytes = written(&state());
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

    #[test]
    fn what_went_out_is_noted_behind_a_state_or_not_at_all() {
        let change = crate::follow::pacing::tests::change(crate::follow::Kind::Opened, "0123", "critical");
        let mut bytes = written(&State { pending: vec![change.clone()], ..state() });
        let before = bytes.len();
        bytes.extend(Delivered::default().to_bytes());
        for cut in before..bytes.len() {
            let back = State::<u64>::from_bytes(&bytes[..cut]).expect("the state is whole");
            assert_eq!(back.pending, std::slice::from_ref(&change), "{cut}");
        }
        assert_eq!(State::<u64>::from_bytes(&bytes).expect("all is whole").pending, []);
    }
}
