//! One line or journal entry, as a source wrote it: the border between `input` and everything that knows a daemon.

use crate::moment::Precision;
use chrono::NaiveDateTime;
use std::ops::Range;

/// A stamp as written: what it leaves out (year, zone) is filled in by `timeline`, never here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Date and time as written. Where the year is missing it is 2000, which has a 29 February.
    #[serde(with = "as_numbers")]
    pub written: NaiveDateTime,
    /// Whether the source wrote the year.
    pub year_known: bool,
    /// Seconds east of UTC, where the source says so (`Some(0)` for `Z`); `None` needs `--tz` or the UTC assumption.
    pub offset_seconds: Option<i32>,
    /// How finely it was written.
    pub precision: Precision,
}

/// A stamp put aside: chrono writes dates for people, which is most of the work of writing a line.
mod as_numbers {
    use chrono::{DateTime, NaiveDateTime};
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(written: &NaiveDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        let written = written.and_utc();
        (written.timestamp(), written.timestamp_subsec_nanos()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDateTime, D::Error> {
        let (seconds, nanos) = Deserialize::deserialize(deserializer)?;
        let written = DateTime::from_timestamp(seconds, nanos).ok_or_else(|| D::Error::custom("no such moment"))?;
        Ok(written.naive_utc())
    }
}

/// One line of text or one journal entry. Borrowed from the reader's buffer; copy what must outlive the next record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// 1-based line in the file (of the entry's first line for export and verbose); for journals the entry's number.
    pub line: u64,
    /// The line as written, without its line end; for journal entries the message.
    pub raw: &'a [u8],
    /// Stamp, where the line has one.
    pub stamp: Option<Stamp>,
    /// Host as written (`_HOSTNAME` or the syslog host); empty host fields are `None`.
    pub host: Option<&'a [u8]>,
    /// Syslog identifier or tag without pid (`pdns_server`, `Keepalived_vrrp`); with `-o with-unit` the unit's name.
    pub identifier: Option<&'a [u8]>,
    /// systemd unit, where the source tells it apart from the identifier (journal, export).
    pub unit: Option<&'a [u8]>,
    /// Process id.
    pub pid: Option<u32>,
    /// The message itself, behind stamp, host and tag; folded repeats are already unfolded (see `repeated`).
    pub message: &'a [u8],
    /// How often the source says the message occurred (`message repeated N times: [ … ]`): 1 for an ordinary line.
    pub repeated: u32,
    /// Journal cursor, where the source has one.
    pub cursor: Option<&'a [u8]>,
    /// Whether the next line is known not to be about this one: it has a head of its own and is no folded repeat. Who reads on line
    /// by line need not keep such a record.
    pub stands_alone: bool,
}

impl Record<'_> {
    /// Whether the record is a line that says only that the one above was repeated.
    #[must_use]
    pub fn is_folded_repeat(&self) -> bool {
        self.message.is_empty() && self.repeated > 1
    }

    /// Whether the record is a line that says itself when or by whom it was written, and so is a record of its own.
    #[must_use]
    pub fn has_head(&self) -> bool {
        self.stamp.is_some() || self.identifier.is_some() || self.cursor.is_some()
    }
}

/// Where in a line a part of it lies; `None` if it is somewhere else. Nothing is compared: equal words elsewhere are none of its parts.
#[must_use]
pub fn place_of(part: &[u8], line: &[u8]) -> Option<Range<usize>> {
    let from = (part.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    let to = from.checked_add(part.len())?;
    (to <= line.len()).then_some(from..to)
}

#[cfg(test)]
mod tests {
    use super::{Precision, Stamp, place_of};
    use chrono::{NaiveDate, NaiveTime};
    use proptest::prelude::*;

    #[test]
    fn a_part_lies_in_its_line_and_nowhere_else() {
        let all = b"ns1 ns1 up".to_vec();
        let line = &all[2..8];
        assert_eq!(place_of(&line[2..5], line), Some(2..5));
        assert_eq!(place_of(line, line), Some(0..6));
        assert_eq!(place_of(&line[6..], line), Some(6..6));
        let elsewhere = [&all[0..3], &all[7..10], &all, b"ns1"];
        assert_eq!(elsewhere.map(|part| place_of(part, line)), [None, None, None, None]);
    }

    proptest! {
        #[test]
        fn a_stamp_that_was_put_aside_comes_back(
            (year, day) in (-262_000_i32..262_000, 1_u32..366),
            (second, nano) in (0_u32..86_400, 0_u32..2_000_000_000),
        ) {
            // A leap second stands behind the last second of a minute.
            let nano = if second % 60 == 59 { nano } else { nano % 1_000_000_000 };
            let time = NaiveTime::from_num_seconds_from_midnight_opt(second, nano).expect("a time of day");
            let written = NaiveDate::from_yo_opt(year, day).expect("a day of the year").and_time(time);
            let stamp = Stamp { written, year_known: true, offset_seconds: None, precision: Precision::Micro };
            let bytes = postcard::to_stdvec(&stamp).expect("a Vec takes everything");
            prop_assert_eq!(postcard::from_bytes(&bytes), Ok(stamp));
        }
    }
}
