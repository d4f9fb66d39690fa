//! Event time: microseconds since 1970 in UTC, together with how finely the source wrote it.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

/// How finely a source writes its stamps. Coarser is smaller, so `min` of two is the honest precision of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Precision {
    /// Whole seconds (RFC 3164): the order inside a second is unknown across nodes.
    Second,
    /// Three digits.
    Milli,
    /// Six digits or more.
    Micro,
}

/// A point in event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Microseconds since 1970-01-01T00:00:00Z; a coarse stamp is the beginning of its second.
    pub micros: i64,
    /// How finely it was written.
    pub precision: Precision,
}

impl Moment {
    /// The moment of a UTC date and time.
    #[must_use]
    pub fn new(utc: NaiveDateTime, precision: Precision) -> Self {
        Self { micros: utc.and_utc().timestamp_micros(), precision }
    }

    /// The calendar form, UTC.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros).unwrap_or_default()
    }

    /// RFC 3339 in UTC with the precision the source had.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let format = match self.precision {
            Precision::Second => SecondsFormat::Secs,
            Precision::Milli => SecondsFormat::Millis,
            Precision::Micro => SecondsFormat::Micros,
        };
        self.utc().to_rfc3339_opts(format, true)
    }

    /// Microseconds from `earlier` to `self`; negative when `self` is the earlier one.
    #[must_use]
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.micros.saturating_sub(earlier.micros)
    }

    /// The same moment, `micros` later (earlier when negative).
    #[must_use]
    pub fn shifted(self, micros: i64) -> Self {
        Self { micros: self.micros.saturating_add(micros), ..self }
    }
}

/// Whether the stamps of two nodes tell which of two moments came first: whole seconds hide the order within one.
#[must_use]
pub fn order_is_known(a: Moment, b: Moment) -> bool {
    let is_coarse = a.precision.min(b.precision) == Precision::Second;
    a.micros_since(b).abs() >= if is_coarse { 1_000_000 } else { 1 }
}

/// A length of time for people: `9 d 18 h 22 min`, `3 min 20 s`, `19.6 s`, `45 s`. Tenths are shown below a minute, and only where
/// `precision` has them.
#[must_use]
pub fn duration_words(micros: i64, precision: Precision) -> String {
    let micros = micros.max(0);
    let seconds = micros / 1_000_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    if days > 0 {
        format!("{days} d {hours} h {minutes} min")
    } else if hours > 0 {
        format!("{hours} h {minutes} min")
    } else if minutes > 0 {
        format!("{minutes} min {} s", seconds % 60)
    } else if precision == Precision::Second || micros % 1_000_000 / 100_000 == 0 {
        format!("{seconds} s")
    } else {
        format!("{seconds}.{} s", micros % 1_000_000 / 100_000)
    }
}
