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

const MAGIC: &[u8] = b"driftline state\n";
/// Raise it when the form changes; what another version of the package wrote is not read either.
const FORM: &str = concat!("13 ", env!("CARGO_PKG_VERSION"), "\n");

/// What stands in a piece.
const STATE: u8 = 0;
const DELIVERED: u8 = 1;

impl Delivered {
    /// Puts it behind a state.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn append(&self, out: &mut (impl Write + Seek)) -> io::Result<()> {
        write_piece(DELIVERED, self, out)
    }
}

impl<P: Serialize + DeserializeOwned> State<P> {
    /// Whether it only says what came to the state before it.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.live.goes_on()
    }

    /// Writes it, part by part: as a whole it may be larger than all else that a follower has in memory.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write(&self, out: &mut (impl Write + Seek)) -> io::Result<()> {
        out.write_all(MAGIC)?;
        out.write_all(FORM.as_bytes())?;
        self.append(out)
    }

    /// Puts it behind the state that it goes on with.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn append(&self, out: &mut (impl Write + Seek)) -> io::Result<()> {
        write_piece(STATE, self, out)
    }

    /// From bytes: a state, and what was put behind it since.
    ///
    /// # Errors
    /// They are not what [`write`](Self::write) of this build makes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unfit> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Unfit::Foreign)?;
        let mut rest = rest.strip_prefix(FORM.as_bytes()).ok_or(Unfit::OtherVersion)?;
        let mut state: Option<Self> = None;
        while !rest.is_empty() {
            let (kind, body, behind) = match piece(rest) {
                Piece::Whole(kind, body, behind) => (kind, body, behind),
                // The process died while it wrote this: what it tells of happens again.
                Piece::Cut => break,
                Piece::Damaged => return Err(Unfit::Damaged),
            };
            state = match (kind, state) {
                (STATE, before) => {
                    let now: Self = postcard::from_bytes(body).map_err(|_| Unfit::Damaged)?;
                    Some(now.behind(before).ok_or(Unfit::Damaged)?)
                }
                (DELIVERED, Some(state)) => {
                    let Delivered { pacing, waiting } = postcard::from_bytes(body).map_err(|_| Unfit::Damaged)?;
                    Some(Self { pending: Vec::new(), pacing, waiting, ..state })
                }
                _ => return Err(Unfit::Damaged),
            };
            rest = behind;
        }
        state.ok_or(Unfit::Damaged)
    }

    fn behind(self, before: Option<Self>) -> Option<Self> {
        if !self.goes_on() {
            return Some(self);
        }
        let before = before?;
        Some(Self { live: self.live.behind(before.live), ..self })
    }
}

/// A piece: what stands in it, its length, itself, its sum.
fn write_piece(kind: u8, of: &impl Serialize, out: &mut (impl Write + Seek)) -> io::Result<()> {
    out.write_all(&[kind])?;
    let begin = out.stream_position()?;
    out.write_all(&0_u64.to_le_bytes())?;
    let mut parts = Parts { out: &mut *out, part: Vec::new(), sum: DefaultHasher::new(), length: 0, failure: None };
    let written = postcard::to_io(of, &mut parts).map(drop).map_err(io::Error::other);
    let written = written.and_then(|()| parts.flush());
    let (sum, length) = (parts.sum.finish(), parts.length);
    // Its own error does not say what went wrong.
    parts.failure.map_or(written, Err)?;
    out.write_all(&sum.to_le_bytes())?;
    let end = out.stream_position()?;
    out.seek(SeekFrom::Start(begin))?;
    out.write_all(&length.to_le_bytes())?;
    out.seek(SeekFrom::Start(end)).map(drop)
}

/// What begins a file's bytes.
enum Piece<'b> {
    /// What stands in it, itself, and what is behind it.
    Whole(u8, &'b [u8], &'b [u8]),
    /// Its end is missing, or was not written yet.
    Cut,
    Damaged,
}

fn piece(bytes: &[u8]) -> Piece<'_> {
    let whole = || {
        let (kind, rest) = bytes.split_first()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (body, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let (told, behind) = rest.split_first_chunk::<8>()?;
        Some((*kind, body, behind, u64::from_le_bytes(*told)))
    };
    match whole() {
        Some((kind, body, behind, told)) if told == sum_of(body) => Piece::Whole(kind, body, behind),
        Some((_, _, behind, _)) if !behind.is_empty() => Piece::Damaged,
        Some(_) | None => Piece::Cut,
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
    use crate::moment::Precision;
    use crate::pipeline::Options;
    use crate::pipeline::live::Live;
    use crate::record::{Record, Stamp};
    use chrono::DateTime;

    fn state() -> State<u64> {
        State {
            places: vec![("ns1.log".into(), 7)],
            live: Live::new(Options::default(), &[("ns1.log".into(), None)]).store(None).0,
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
                if bytes.starts_with(MAGIC) || bytes == FORM.as_bytes() || bytes == [STATE] || bytes == [0; 8] {
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

    fn appended(to: &[u8], write: impl FnOnce(&mut io::Cursor<Vec<u8>>) -> io::Result<()>) -> Vec<u8> {
        let mut out = io::Cursor::new(Vec::new());
        write(&mut out).expect("a Vec takes all");
        [to, out.get_ref()].concat()
    }

    #[test]
    fn what_went_out_is_noted_behind_a_state_or_not_at_all() {
        let change = crate::follow::pacing::tests::change(crate::follow::Kind::Opened, "0123", "critical");
        let before = written(&State { pending: vec![change.clone()], ..state() });
        let bytes = appended(&before, |out| Delivered::default().append(out));
        for cut in before.len()..bytes.len() {
            let back = State::<u64>::from_bytes(&bytes[..cut]).expect("the state is whole");
            assert_eq!(back.pending, std::slice::from_ref(&change), "{cut}");
        }
        assert_eq!(State::<u64>::from_bytes(&bytes).expect("all is whole").pending, []);
    }

    #[test]
    fn a_state_goes_on_with_the_one_before_it_or_is_not_there() {
        let mut live = Live::new(Options::default(), &[("ns1.log".into(), None)]);
        let (first, mark) = live.store(None);
        let message = b"Received NOTIFY for a.example from 192.0.2.1 which is not a master";
        let written = DateTime::from_timestamp(1_596_920_467, 0).expect("a moment").naive_utc();
        live.take(
            0,
            &Record {
                line: 1,
                raw: message,
                stamp: Some(Stamp { written, year_known: true, offset_seconds: Some(0), precision: Precision::Second }),
                host: Some(b"ns1"),
                identifier: Some(b"pdns_server"),
                unit: None,
                pid: Some(1),
                message,
                repeated: 1,
                cursor: None,
                stands_alone: false,
            },
        );
        live.end(0);
        let (more, _) = live.store(Some(&mark));
        assert!(more.goes_on() && !first.goes_on());
        let before = super::tests::written(&State { live: first, ..state() });
        let bytes = appended(&before, |out| State { live: more, taken_at: 9, ..state() }.append(out));
        for cut in before.len()..bytes.len() {
            assert_eq!(State::<u64>::from_bytes(&bytes[..cut]).expect("the first is whole").taken_at, 0, "{cut}");
        }
        let back = State::<u64>::from_bytes(&bytes).expect("all is whole");
        assert_eq!((back.taken_at, back.goes_on()), (9, false));
        let whole = live.store(None).0;
        assert_eq!(postcard::to_stdvec(&back.live), postcard::to_stdvec(&whole));
        // Damage behind which something else stands is no crash.
        let behind = appended(&bytes, |out| Delivered::default().append(out));
        for at in before.len() + 9..bytes.len() {
            let mut flipped = behind.clone();
            flipped[at] ^= 1;
            assert_eq!(State::<u64>::from_bytes(&flipped).err(), Some(Unfit::Damaged), "{at}");
        }
        let headless = [MAGIC, FORM.as_bytes(), &bytes[before.len()..]].concat();
        assert_eq!(State::<u64>::from_bytes(&headless).err(), Some(Unfit::Damaged), "nothing to go on with");
    }
}
