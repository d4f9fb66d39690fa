//! Words for people: durations, times, plurals, text from logs made harmless, lines broken where they still read well.

use crate::finding::{Confidence, Severity};
use crate::moment::{Moment, Precision};
use chrono::{DateTime, Timelike, Utc};
use chrono_tz::Tz;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The contract's word for a severity.
#[must_use]
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// The contract's word for a confidence.
#[must_use]
pub fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Confirmed => "confirmed",
        Confidence::Likely => "likely",
        Confidence::Suspected => "suspected",
    }
}

/// `EIP DRIFT` of `eip-drift`.
pub(super) fn title(rule: &str) -> String {
    rule.replace('-', " ").to_uppercase().replace("NON MASTER", "NON-MASTER").replace("ONE WAY", "ONE-WAY")
}

/// `9 d 18 h 22 min`, `3 min 20 s`, `19.6 s`, `40 ms`: two or three units, cut and never rounded up, so that "at most" stays true to the second.
#[must_use]
pub fn duration(from: Moment, to: Moment) -> String {
    let micros = to.micros_since(from).max(0);
    let fine = from.precision.min(to.precision) > Precision::Second;
    match micros {
        0 if fine => "under 1 ms".to_owned(),
        0 => "under 1 s".to_owned(),
        1..SECOND if !fine => "under 1 s".to_owned(),
        1..1_000 => "under 1 ms".to_owned(),
        1_000..SECOND => format!("{} ms", micros / 1_000),
        SECOND..MINUTE => match micros % SECOND / 100_000 {
            tenth if fine && tenth > 0 => format!("{}.{tenth} s", micros / SECOND),
            _ => format!("{} s", micros / SECOND),
        },
        MINUTE..HOUR => units(&[(micros / MINUTE, "min"), (micros % MINUTE / SECOND, "s")]),
        HOUR..DAY => units(&[(micros / HOUR, "h"), (micros % HOUR / MINUTE, "min")]),
        _ => units(&[(micros / DAY, "d"), (micros % DAY / HOUR, "h"), (micros % HOUR / MINUTE, "min")]),
    }
}

fn units(parts: &[(i64, &str)]) -> String {
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    said.join(" ")
}

/// `1 line`, `2 lines`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `2020-08-08` in the reader's zone.
pub(super) fn date(moment: Moment, zone: Tz) -> String {
    moment.utc().with_timezone(&zone).date_naive().to_string()
}

/// `21:01:16`, with milliseconds where the source had them: no fraction is invented, and none finer is of use to people.
pub(super) fn clock(moment: Moment, zone: Tz) -> String {
    let time = moment.utc().with_timezone(&zone).time();
    // A page has thousands of them, and a format is taken apart each time.
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    match moment.precision {
        Precision::Second => format!("{hour:02}:{minute:02}:{second:02}"),
        Precision::Milli | Precision::Micro => {
            format!("{hour:02}:{minute:02}:{second:02}.{:03}", time.nanosecond() / 1_000_000)
        }
    }
}

/// `2020-08-08 21:01:16`.
pub(super) fn date_and_clock(moment: Moment, zone: Tz) -> String {
    format!("{} {}", date(moment, zone), clock(moment, zone))
}

/// `later` beside `earlier`: `15:23:18` on the same day, else with its date.
pub(super) fn clock_after(earlier: Moment, later: Moment, zone: Tz) -> String {
    if date(earlier, zone) == date(later, zone) { clock(later, zone) } else { date_and_clock(later, zone) }
}

/// The same where every column counts: `:18` in the same minute.
pub(super) fn shortest_after(earlier: Moment, later: Moment, zone: Tz) -> String {
    const TO_MINUTE: usize = "21:01".len();
    let (from, to) = (clock(earlier, zone), clock_after(earlier, later, zone));
    match to.get(TO_MINUTE..) {
        Some(seconds) if from.get(..TO_MINUTE) == to.get(..TO_MINUTE) => seconds.to_owned(),
        _ => to,
    }
}

/// A sentence of ours for a reader in `zone`: times in it stand as RFC 3339 UTC (`2020-08-08T21:01:16Z`) and become
/// `2020-08-08 21:01:16`; a second one on the same day loses its date. Everything else is kept, made [`visible`].
#[must_use]
pub fn sentence(text: &str, zone: Tz) -> String {
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    let mut day = String::new();
    while let Some((before, moment, after)) = next_stamp(rest) {
        said.push_str(&visible(before));
        let date = date(moment, zone);
        if date != day {
            said.push_str(&date);
            said.push(' ');
            day = date;
        }
        said.push_str(&clock(moment, zone));
        rest = after;
    }
    said.push_str(&visible(rest));
    said
}

/// The first RFC 3339 UTC time of `text`, with what stands before and after it.
fn next_stamp(text: &str) -> Option<(&str, Moment, &str)> {
    const SHORTEST: usize = "2020-08-08T21:01:16Z".len();
    const LONGEST: usize = "2020-08-08T21:01:16.123456Z".len();
    for (sign, _) in text.match_indices('T') {
        let Some(start) = sign.checked_sub("2020-08-08".len()) else { continue };
        let Some(tail) = text.get(start..) else { continue };
        let Some(length) = tail.bytes().take(LONGEST).position(|byte| byte == b'Z').map(|at| at + 1) else { continue };
        if length < SHORTEST {
            continue;
        }
        let Some(stamp) = tail.get(..length) else { continue };
        let Ok(time) = DateTime::parse_from_rfc3339(stamp) else { continue };
        let precision = match length - SHORTEST {
            0 => Precision::Second,
            1..=4 => Precision::Milli,
            _ => Precision::Micro,
        };
        let moment = Moment { micros: time.with_timezone(&Utc).timestamp_micros(), precision };
        return Some((text.get(..start)?, moment, tail.get(length..)?));
    }
    None
}

/// Text with every character that would steer a terminal or hide from the eye written out: `\n`, `\x1b`, `\u{202e}`. All text from
/// logs passes here before it is printed; printable Unicode stays.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if !is_hidden(c) => shown.push(c),
            c if u32::from(c) < 0x100 => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => shown.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    Cow::Owned(shown)
}

/// Whether a character is a control, a space that is not the plain one, or one that is not seen (Unicode's format characters, fillers,
/// variation selectors, tags).
pub(super) fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Columns that a text takes on a terminal.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// `text` with spaces up to `width` columns (`{:<}` counts characters, not columns).
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{:gap$}", "", gap = width.saturating_sub(columns(text)))
}

/// `text` in lines of at most `width` columns, of which the first has `taken` in use; broken at spaces (not between `9` and `d`), and a
/// word longer than a line where the line ends.
#[must_use]
pub fn wrap(text: &str, taken: usize, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut left = width.saturating_sub(taken);
    for word in unbroken(text) {
        let long = columns(word);
        let gap = usize::from(!line.is_empty());
        if gap + long <= left {
            line.push_str(if gap == 1 { " " } else { "" });
            line.push_str(word);
            left -= gap + long;
            continue;
        }
        if gap == 1 || (lines.is_empty() && long <= width) {
            lines.push(std::mem::take(&mut line));
            left = width;
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if wide > left && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                left = width;
            }
            line.push(c);
            left = left.saturating_sub(wide);
        }
    }
    lines.push(line);
    lines
}

/// Words, a number and its unit being one.
fn unbroken(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_start_matches(' ');
    std::iter::from_fn(move || {
        let mut end = rest.find(' ').unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end)?;
        let unit = after.trim_start_matches(' ').split([' ', ',', ';', '.', ':', ')']).next()?;
        if word.ends_with(|c: char| c.is_ascii_digit()) && matches!(unit, "d" | "h" | "min" | "s" | "ms") {
            end += rest.get(end + 1..)?.find(' ').map_or(rest.len() - end, |more| more + 1);
        }
        let (word, after) = rest.split_at_checked(end)?;
        rest = after.trim_start_matches(' ');
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64, precision: Precision) -> Moment {
        Moment { micros, precision }
    }

    #[test]
    fn durations_are_those_people_say() {
        let said = |micros, precision| duration(at(0, precision), at(micros, precision));
        assert_eq!(said(0, Precision::Second), "under 1 s");
        assert_eq!(said(45 * SECOND, Precision::Second), "45 s");
        assert_eq!(said(19_690_000, Precision::Milli), "19.6 s");
        assert_eq!(said(19_050_000, Precision::Micro), "19 s");
        assert_eq!(said(40_000, Precision::Milli), "40 ms");
        assert_eq!(said(200 * SECOND, Precision::Second), "3 min 20 s");
        assert_eq!(said(HOUR, Precision::Second), "1 h");
        assert_eq!(said(9 * DAY + 18 * HOUR + 22 * MINUTE + 2 * SECOND, Precision::Second), "9 d 18 h 22 min");
        assert_eq!(said(10 * DAY + 2 * MINUTE, Precision::Second), "10 d 2 min");
    }

    #[test]
    fn no_fraction_is_invented_beside_a_coarse_stamp() {
        assert_eq!(duration(at(0, Precision::Second), at(19_690_000, Precision::Milli)), "19 s");
    }

    #[test]
    fn what_steers_or_hides_is_written_out() {
        assert_eq!(
            visible("a\x1b[31m\x07\0\n\t\u{9b}\u{202e}\u{200d}\u{a0}\u{feff}"),
            r"a\x1b[31m\x07\x00\n\t\x9b\u{202e}\u{200d}\xa0\u{feff}"
        );
        assert!(matches!(visible("zürich 漢 | ' \" \\ \u{301} \u{fffd}"), Cow::Borrowed(_)));
    }

    #[test]
    fn times_in_sentences_are_in_the_readers_zone() {
        let text =
            "From 2020-08-08T22:30:00Z to 2020-08-08T22:30:01.25Z, not 2020-08-09T22:30:00Z; T, 2020-13-08T22:30:00Z";
        let zurich = "From 2020-08-09 00:30:00 to 00:30:01.250, not 2020-08-10 00:30:00; T, 2020-13-08T22:30:00Z";
        assert_eq!(sentence(text, Tz::Europe__Zurich), zurich);
        assert_eq!(
            sentence("漢漢漢漢漢T22:30:00Z TTTTTTTTTTTTTTTTTTTTTTTZ", Tz::UTC),
            "漢漢漢漢漢T22:30:00Z TTTTTTTTTTTTTTTTTTTTTTTZ"
        );
    }

    #[test]
    fn later_times_say_only_what_is_new() {
        let said = |micros| shortest_after(at(0, Precision::Second), at(micros, Precision::Second), Tz::UTC);
        assert_eq!([said(SECOND), said(HOUR), said(DAY)], [":01", "01:00:00", "1970-01-02 00:00:00"]);
    }

    #[test]
    fn lines_break_at_spaces_and_not_before_units() {
        assert_eq!(wrap("was there for 9 d 18 h, they say", 0, 16), ["was there for", "9 d 18 h, they", "say"]);
        assert_eq!(wrap("one two", 4, 6), ["", "one", "two"]);
        assert_eq!(wrap("漢漢漢漢", 0, 4), ["漢漢", "漢漢"]);
        assert_eq!(wrap("a bbbbbbbb c", 0, 4), ["a", "bbbb", "bbbb", "c"]);
        assert_eq!(wrap("", 0, 4), [""]);
    }
}
