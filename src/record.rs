//! One line or journal entry, as a source wrote it: the border between `input` and everything that knows a daemon.

use crate::moment::Precision;
use chrono::NaiveDateTime;

/// A stamp as written: what it leaves out (year, zone) is filled in by `timeline`, never here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Date and time as written. Where the year is missing it is 2000, which has a 29 February.
    pub written: NaiveDateTime,
    /// Whether the source wrote the year.
    pub year_known: bool,
    /// Seconds east of UTC, where the source says so (`Some(0)` for `Z`); `None` needs `--tz` or the UTC assumption.
    pub offset_seconds: Option<i32>,
    /// How finely it was written.
    pub precision: Precision,
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
}
