//! When a source's lines were written that lines of another node may be about as well: what tells how clocks differ.
//!
//! It only grows, so that what a state has of it need not be written again.

use super::skew::Meeting;
use super::survey::Dated;
use crate::event::Text;
use indexmap::IndexMap;

/// Moments kept per meeting, side and host: enough to vote on a clock.
const OF_ONE_MAX: usize = 256;
/// Meetings (zones, in effect) kept per source.
const MEETINGS_MAX: usize = 20_000;
/// Moments of transfers and NOTIFYs kept per source.
const OF_ZONES_MAX: usize = 40_000;
/// Moments kept per source: whatever happens to zones, some are left for VRRP.
const ALL_MAX: usize = 60_000;

/// A meeting, whether the writer is the side that hears, and the host that wrote.
type Key = (Meeting, bool, Option<Text>);

/// The moments, in the order of the lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    /// How many there are of each.
    meetings: IndexMap<Key, usize>,
    /// The number of its meeting, and when.
    all: Vec<(u32, Dated)>,
}

impl Moments {
    /// Takes one more, if there is room.
    pub(super) fn note(&mut self, meeting: Meeting, hears: bool, host: Option<Text>, dated: Dated) {
        let most = if meeting.is_of_a_zone() { OF_ZONES_MAX } else { ALL_MAX };
        let key = (meeting, hears, host);
        let is_known = self.meetings.contains_key(&key);
        if self.all.len() >= most || (!is_known && self.meetings.len() >= MEETINGS_MAX) {
            return;
        }
        let entry = self.meetings.entry(key);
        let number = entry.index();
        let count = entry.or_default();
        if *count < OF_ONE_MAX
            && let Ok(number) = u32::try_from(number)
        {
            *count += 1;
            self.all.push((number, dated));
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Dated)> {
        self.from(0)
    }

    fn from(&self, first: usize) -> impl Iterator<Item = (&Key, &Dated)> {
        let behind = self.all.get(first..).unwrap_or_default();
        behind.iter().filter_map(|(number, dated)| Some((self.meetings.get_index(*number as usize)?.0, dated)))
    }

    /// Alters those of a host.
    pub(super) fn restamp(&mut self, host: Option<&Text>, mut alter: impl FnMut(&mut Dated)) {
        for (number, dated) in &mut self.all {
            let key = self.meetings.get_index(*number as usize);
            if key.is_some_and(|((_, _, name), _)| name.as_ref() == host) {
                alter(dated);
            }
        }
    }

    /// Those from a number on, for a state.
    pub(super) fn written(&self, first: usize) -> Vec<u8> {
        self.from(first)
            .fold(Vec::new(), |bytes, moment| postcard::to_extend(&moment, bytes).expect("a Vec takes everything"))
    }

    /// Takes what [`written`](Self::written) wrote. `None`: it is something else.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
            let ((meeting, hears, host), dated);
            (((meeting, hears, host), dated), bytes) = postcard::take_from_bytes::<(Key, Dated)>(bytes).ok()?;
            self.note(meeting, hears, host, dated);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Precision;
    use crate::record::Stamp;
    use chrono::DateTime;

    fn dated(second: i64) -> Dated {
        let written = DateTime::from_timestamp(second, 0).expect("a moment").naive_utc();
        (Stamp { written, year_known: true, offset_seconds: Some(0), precision: Precision::Second }, 0)
    }

    fn told(moments: &Moments) -> Vec<(Key, Dated)> {
        moments.iter().map(|(key, dated)| (key.clone(), *dated)).collect()
    }

    #[test]
    fn what_was_added_is_written_behind_what_was_there() {
        let mut moments = Moments::default();
        let mut bytes = Vec::new();
        for second in 0..500 {
            if second % 7 == 0 {
                bytes.extend(moments.written(told_by(&bytes)));
            }
            let zone = Text::from(format!("zone{}.example", second % 3));
            moments.note(Meeting::Notified(zone), second % 2 == 0, Some("ns1".into()), dated(second));
        }
        bytes.extend(moments.written(told_by(&bytes)));
        let mut read = Moments::default();
        read.read(&bytes).expect("it is what was written");
        assert_eq!((told(&read), read.len()), (told(&moments), 500));
        assert_eq!(read.read(&bytes[..bytes.len() - 1]), None, "a part of it is damaged");
    }

    fn told_by(bytes: &[u8]) -> usize {
        let mut read = Moments::default();
        read.read(bytes).expect("it is what was written");
        read.len()
    }

    #[test]
    fn zones_leave_room_for_vrrp() {
        let mut moments = Moments::default();
        for second in 0..200_000 {
            moments.note(
                Meeting::Refused(Text::from(format!("{}.example", second % 10_000))),
                true,
                None,
                dated(second),
            );
        }
        assert_eq!(moments.len(), OF_ZONES_MAX);
        for second in 0..1000 {
            moments.note(Meeting::HandOver("VI_1".into()), true, None, dated(second));
        }
        assert_eq!(moments.len(), OF_ZONES_MAX + OF_ONE_MAX);
    }
}
