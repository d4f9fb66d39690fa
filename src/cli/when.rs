//! Times as operators write them: journalctl's grammar and RFC 3339.

use crate::moment::{Moment, Precision};
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// Reads a time. `now` is the one moment the wall clock was looked at; `zone` is the operator's.
///
/// Understood: RFC 3339, `YYYY-MM-DD[ HH:MM[:SS]][ UTC]`, `HH:MM[:SS]` (today), `yesterday`, `today`, `tomorrow`, `now`,
/// `2h ago`, `-2h`, `+1w`, `@1597762323`.
pub(super) fn parse(text: &str, now: DateTime<Utc>, zone: Tz) -> Option<Moment> {
    let text = text.trim();
    let local_now = now.with_timezone(&zone).naive_local();
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN);
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(Moment::new(time.naive_utc(), Precision::Micro));
    }
    if let Some(epoch) = text.strip_prefix('@') {
        let seconds: f64 = epoch.parse().ok().filter(|seconds: &f64| seconds.abs() < 1e11)?;
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        return Some(Moment { micros: (seconds * 1e6) as i64, precision: Precision::Micro });
    }
    let relative = match text.strip_suffix("ago") {
        Some(span) => Some(-span_of(span.trim())?),
        None => match (text.strip_prefix('-'), text.strip_prefix('+')) {
            (Some(span), _) => Some(-span_of(span)?),
            (None, Some(span)) => Some(span_of(span)?),
            (None, None) => None,
        },
    };
    if let Some(relative) = relative {
        return Some(Moment::new((now + relative).naive_utc(), Precision::Micro));
    }
    let local = match text {
        "now" => local_now,
        "today" => midnight(local_now.date()),
        "yesterday" => midnight(local_now.date().pred_opt()?),
        "tomorrow" => midnight(local_now.date().succ_opt()?),
        _ => {
            if let Some(utc) = text.strip_suffix(" UTC") {
                return Some(Moment::new(date_and_time(utc, local_now.date())?, Precision::Micro));
            }
            date_and_time(text, local_now.date())?
        }
    };
    let utc = zone.from_local_datetime(&local).earliest()?.naive_utc();
    Some(Moment::new(utc, Precision::Micro))
}

fn date_and_time(text: &str, today: NaiveDate) -> Option<NaiveDateTime> {
    let time =
        |text: &str| ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok());
    if let Some(time) = time(text) {
        return Some(today.and_time(time));
    }
    let (date, rest) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    Some(date.and_time(time(rest.trim())?))
}

/// systemd's time spans: `2h`, `1h 30min`, `2weeks`, `1.5h`, `90` (seconds); `M` is a month.
fn span_of(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let letters = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
        total += number * seconds_of(&after[..letters])?;
        rest = after[letters..].trim_start();
    }
    if total > 1e11 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    Some(Duration::microseconds((total * 1e6) as i64))
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "us" | "usec" => 1e-6,
        "ms" | "msec" => 1e-3,
        "" | "s" | "sec" | "second" | "seconds" => 1.0,
        "m" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        "M" | "month" | "months" => 2_629_800.0,
        "y" | "year" | "years" => 31_557_600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use chrono::{DateTime, Utc};
    use chrono_tz::Tz;

    fn read(text: &str, zone: Tz) -> Option<String> {
        let now: DateTime<Utc> = "2020-08-18T15:30:00Z".parse().expect("a date");
        parse(text, now, zone).map(|moment| moment.utc().to_rfc3339())
    }

    #[test]
    fn journalctl_and_rfc_3339_are_understood() {
        for (text, expected) in [
            ("2020-08-18T14:52:03Z", "2020-08-18T14:52:03+00:00"),
            ("2020-08-18T14:52:03+02:00", "2020-08-18T12:52:03+00:00"),
            ("2020-08-18 14:52:03", "2020-08-18T14:52:03+00:00"),
            ("2020-08-18 14:52", "2020-08-18T14:52:00+00:00"),
            ("2020-08-18", "2020-08-18T00:00:00+00:00"),
            ("14:52", "2020-08-18T14:52:00+00:00"),
            ("yesterday", "2020-08-17T00:00:00+00:00"),
            ("today", "2020-08-18T00:00:00+00:00"),
            ("now", "2020-08-18T15:30:00+00:00"),
            ("2h ago", "2020-08-18T13:30:00+00:00"),
            ("-1h 30min", "2020-08-18T14:00:00+00:00"),
            ("+1w", "2020-08-25T15:30:00+00:00"),
            ("@1597762323", "2020-08-18T14:52:03+00:00"),
        ] {
            assert_eq!(read(text, Tz::UTC).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn times_without_a_zone_are_in_the_operators() {
        assert_eq!(read("2020-08-18 14:52", Tz::Europe__Zurich).as_deref(), Some("2020-08-18T12:52:00+00:00"));
        assert_eq!(read("2020-08-18 14:52 UTC", Tz::Europe__Zurich).as_deref(), Some("2020-08-18T14:52:00+00:00"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "soon", "2020-13-01", "25:00", "-", "now-5min", "3 fortnights ago"] {
            assert_eq!(read(text, Tz::UTC), None, "{text}");
        }
    }
}
