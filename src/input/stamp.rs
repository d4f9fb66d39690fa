//! Date and time as logs write them. Every parser takes the text from the stamp's first byte and gives the stamp and the
//! rest behind it; digits are read by hand because chrono's format strings cost twenty times as much.

use crate::moment::Precision;
use crate::record::Stamp;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime};

/// Why a text is no stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It does not have the shape of one.
    Shape,
    /// There is no such day or time of day.
    NoSuchTime,
    /// The year is outside 1970 to 2200.
    Year,
    /// No zone on Earth has this offset.
    Offset,
}

type Parsed<'a> = Result<(Stamp, &'a [u8]), Refusal>;

/// The year of a stamp that has none: a leap year, so that 29 February can be written.
const YEAR_OF_YEARLESS: i32 = 2000;

/// `Nov 23 02:12:33`, `Nov  3 02:12:33`, `Nov 23 02:12:33.123456`: RFC 3164, `journalctl -o short` and `short-precise`.
pub(super) fn yearless(text: &[u8]) -> Parsed<'_> {
    let month = month(text.first_chunk().ok_or(Refusal::Shape)?)?;
    behind_month(month, &text[3..])
}

/// The same with the month in another language, as journalctl and syslog write it in that locale: `Dez 24 14:00:10`,
/// `févr. 03 14:00:10`, `1月 11 14:00:10`.
pub(super) fn localised(text: &[u8]) -> Parsed<'_> {
    let length = text.iter().take(MONTH_BYTES_MAX + 1).position(|&byte| byte == b' ').ok_or(Refusal::Shape)?;
    // Any line may come here; the digits are cheaper to refuse by than the name.
    let (stamp, rest) = behind_month(1, &text[length..])?;
    let name = std::str::from_utf8(&text[..length]).map_err(|_| Refusal::Shape)?.to_lowercase();
    let name = name.trim_end_matches('.');
    let numbered = name.strip_suffix('月').or_else(|| name.strip_suffix('월')).and_then(|number| number.parse().ok());
    let named =
        || MONTHS.iter().find(|(_, names)| names.split(' ').any(|known| known == name)).map(|(month, _)| *month);
    let month = numbered.or_else(named).ok_or(Refusal::Shape)?;
    let written = stamp.written.with_day(1).and_then(|first| first.with_month(month));
    let written = written.and_then(|first| first.with_day(stamp.written.day())).ok_or(Refusal::NoSuchTime)?;
    Ok((Stamp { written, ..stamp }, rest))
}

const MONTH_BYTES_MAX: usize = 16;

/// Month names that are not English: German, French, Spanish, Italian, Dutch, Portuguese, Polish, Czech, Russian, Swedish, Danish,
/// Finnish, Turkish.
const MONTHS: [(u32, &str); 12] = [
    (1, "jän janv ene gen sty led янв oca tammi tammikuu"),
    (2, "févr fév feb fev lut úno фев şub helmi helmikuu"),
    (3, "mär märz mars mar mrt bře мар мрт maalis maaliskuu"),
    (4, "avr abr kwi dub апр nis huhti huhtikuu"),
    (5, "mai may mag mei maj kvě мая май touko toukokuu"),
    (6, "juin giu cze čen июн haz kesä kesäkuu juni"),
    (7, "juil lug lip čec июл tem heinä heinäkuu juli"),
    (8, "août aoû ago sie srp авг ağu elo elokuu"),
    (9, "sept set wrz zář сен eyl syys syyskuu"),
    (10, "okt ott out paź říj окт eki loka lokakuu oct"),
    (11, "lis ноя kas marras marraskuu nov"),
    (12, "dez déc dic gru pro дек ara joulu joulukuu dec"),
];

fn behind_month(month: u32, rest: &[u8]) -> Parsed<'_> {
    let rest = after(rest, b' ')?;
    let (day, rest) = match rest {
        [b' ', ones, rest @ ..] => (digit(*ones)?, rest),
        [tens, ones, rest @ ..] if ones.is_ascii_digit() => (digit(*tens)? * 10 + digit(*ones)?, rest),
        [ones, rest @ ..] => (digit(*ones)?, rest),
        [] => return Err(Refusal::Shape),
    };
    let (time, precision, rest) = time(after(rest, b' ')?)?;
    let date = NaiveDate::from_ymd_opt(YEAR_OF_YEARLESS, month, day).ok_or(Refusal::NoSuchTime)?;
    Ok((Stamp { written: date.and_time(time), year_known: false, offset_seconds: None, precision }, rest))
}

/// `2020-08-18T14:52:03.123456+00:00`, also with `+0000`, `+00`, `Z`, without fraction, without offset, and with a space in
/// place of the `T`: rsyslog, RFC 5424, `journalctl -o short-iso` and `short-iso-precise`.
pub(super) fn iso(text: &[u8]) -> Parsed<'_> {
    let (date, rest) = date(text)?;
    let (time, precision, rest) = match rest {
        [b'T' | b't' | b' ', rest @ ..] => time(rest)?,
        _ => return Err(Refusal::Shape),
    };
    let (offset_seconds, rest) = match rest {
        [b'Z' | b'z', rest @ ..] => (Some(0), rest),
        [b'+' | b'-', ..] => {
            let (seconds, rest) = offset(rest)?;
            (Some(seconds), rest)
        }
        _ => (None, rest),
    };
    Ok((Stamp { written: date.and_time(time), year_known: true, offset_seconds, precision }, rest))
}

/// `Mon 2026-11-23 02:12:33 UTC`: `journalctl -o short-full` and `with-unit`. A zone that means several things leaves the
/// offset open; a zone that is none is not taken.
pub(super) fn full(text: &[u8]) -> Parsed<'_> {
    let weekday: &[u8; 3] = text.first_chunk().ok_or(Refusal::Shape)?;
    if !WEEKDAYS.contains(&weekday) {
        return Err(Refusal::Shape);
    }
    let (date, rest) = date(after(&text[3..], b' ')?)?;
    let (time, precision, rest) = time(after(rest, b' ')?)?;
    let (offset_seconds, rest) = match rest {
        [b' ', behind @ ..] => match zone(behind) {
            Some((offset_seconds, rest)) => (offset_seconds, rest),
            None => (None, rest),
        },
        _ => (None, rest),
    };
    Ok((Stamp { written: date.and_time(time), year_known: true, offset_seconds, precision }, rest))
}

/// `Thu Mar 25 18:00:59 2021`, `Thu Mar 25 18:00:59.123456789 2021`: C's `ctime`, keepalived's `--log-console` and `--log-file`.
pub(super) fn ctime(text: &[u8]) -> Parsed<'_> {
    let weekday: &[u8; 3] = text.first_chunk().ok_or(Refusal::Shape)?;
    if !WEEKDAYS.contains(&weekday) {
        return Err(Refusal::Shape);
    }
    let (stamp, rest) = yearless(after(&text[3..], b' ')?)?;
    let [b' ', y1, y2, y3, y4, rest @ ..] = rest else { return Err(Refusal::Shape) };
    let year = i32::try_from(two_digits(*y1, *y2)? * 100 + two_digits(*y3, *y4)?).map_err(|_| Refusal::Year)?;
    if !year_is_believable(year) {
        return Err(Refusal::Year);
    }
    let written = stamp.written.with_year(year).ok_or(Refusal::NoSuchTime)?;
    Ok((Stamp { written, year_known: true, ..stamp }, rest))
}

/// `1795399953.123456`: `journalctl -o short-unix`.
pub(super) fn unix(text: &[u8]) -> Parsed<'_> {
    let seconds_length = text.iter().take(12).take_while(|byte| byte.is_ascii_digit()).count();
    if !(8..=11).contains(&seconds_length) || text.get(seconds_length) != Some(&b'.') {
        return Err(Refusal::Shape);
    }
    let seconds = number(&text[..seconds_length])?;
    let micros = number(text.get(seconds_length + 1..seconds_length + 7).ok_or(Refusal::Shape)?)?;
    let stamp = of_epoch_micros(seconds.saturating_mul(1_000_000).saturating_add(micros)).ok_or(Refusal::Year)?;
    Ok((stamp, &text[seconds_length + 7..]))
}

/// The stamp of a journal's microseconds since 1970; `None` outside the years we believe.
pub(super) fn of_epoch_micros(micros: u64) -> Option<Stamp> {
    let written: NaiveDateTime = DateTime::from_timestamp_micros(i64::try_from(micros).ok()?)?.naive_utc();
    year_is_believable(written.year()).then_some(Stamp {
        written,
        year_known: true,
        offset_seconds: Some(0),
        precision: Precision::Micro,
    })
}

fn year_is_believable(year: i32) -> bool {
    (1970..=2200).contains(&year)
}

fn digit(byte: u8) -> Result<u32, Refusal> {
    if byte.is_ascii_digit() { Ok(u32::from(byte - b'0')) } else { Err(Refusal::Shape) }
}

fn two_digits(tens: u8, ones: u8) -> Result<u32, Refusal> {
    Ok(digit(tens)? * 10 + digit(ones)?)
}

/// All of `text` as a number; at most 19 digits, so that it cannot overflow.
fn number(text: &[u8]) -> Result<u64, Refusal> {
    if text.is_empty() || text.len() > 19 {
        return Err(Refusal::Shape);
    }
    text.iter().try_fold(0, |number: u64, &byte| Ok(number * 10 + u64::from(digit(byte)?)))
}

fn after(text: &[u8], separator: u8) -> Result<&[u8], Refusal> {
    match text {
        [first, rest @ ..] if *first == separator => Ok(rest),
        _ => Err(Refusal::Shape),
    }
}

fn month(name: &[u8; 3]) -> Result<u32, Refusal> {
    Ok(match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return Err(Refusal::Shape),
    })
}

const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// `2020-08-18`
fn date(text: &[u8]) -> Result<(NaiveDate, &[u8]), Refusal> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, rest @ ..] = text else { return Err(Refusal::Shape) };
    let year = two_digits(*y1, *y2)? * 100 + two_digits(*y3, *y4)?;
    let (month, day) = (two_digits(*m1, *m2)?, two_digits(*d1, *d2)?);
    let year = i32::try_from(year).map_err(|_| Refusal::Year)?;
    if !year_is_believable(year) {
        return Err(Refusal::Year);
    }
    Ok((NaiveDate::from_ymd_opt(year, month, day).ok_or(Refusal::NoSuchTime)?, rest))
}

/// `14:52:03`, `14:52:03.123456`. A leap second is the 60th.
fn time(text: &[u8]) -> Result<(NaiveTime, Precision, &[u8]), Refusal> {
    let [h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = text else { return Err(Refusal::Shape) };
    let (hour, minute, second) = (two_digits(*h1, *h2)?, two_digits(*m1, *m2)?, two_digits(*s1, *s2)?);
    let (micros, precision, rest) = fraction(rest)?;
    let (second, micros) = if second == 60 { (59, micros + 1_000_000) } else { (second, micros) };
    let time = NaiveTime::from_hms_micro_opt(hour, minute, second, micros).ok_or(Refusal::NoSuchTime)?;
    Ok((time, precision, rest))
}

/// `.123456` in microseconds; nothing where no fraction follows. Digits beyond the sixth are dropped.
fn fraction(text: &[u8]) -> Result<(u32, Precision, &[u8]), Refusal> {
    let [b'.' | b',', rest @ ..] = text else { return Ok((0, Precision::Second, text)) };
    let count = rest.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let precision = match count {
        0 | 10.. => return Err(Refusal::Shape),
        1..3 => Precision::Second,
        3..6 => Precision::Milli,
        6..10 => Precision::Micro,
    };
    let digits = rest[..count].iter().copied().chain(std::iter::repeat(b'0')).take(6);
    let micros = digits.fold(0, |micros, digit| micros * 10 + u32::from(digit - b'0'));
    Ok((micros, precision, &rest[count..]))
}

/// `+02:00`, `+0200`, `+02` in seconds.
fn offset(text: &[u8]) -> Result<(i32, &[u8]), Refusal> {
    let [sign, h1, h2, rest @ ..] = text else { return Err(Refusal::Shape) };
    let hours = two_digits(*h1, *h2)?;
    let (minutes, rest) = match rest {
        [b':', m1, m2, rest @ ..] => (two_digits(*m1, *m2)?, rest),
        [m1, m2, rest @ ..] if m1.is_ascii_digit() => (two_digits(*m1, *m2)?, rest),
        _ => (0, rest),
    };
    if hours > 15 || minutes > 59 {
        return Err(Refusal::Offset);
    }
    let seconds = i32::try_from(hours * 3600 + minutes * 60).map_err(|_| Refusal::Offset)?;
    Ok((if *sign == b'-' { -seconds } else { seconds }, rest))
}

/// The zone word of `short-full` and the offset it stands for, if it stands for one; `None` if the word is no zone.
/// Zones without a name of their own print as `+04`.
fn zone(text: &[u8]) -> Option<(Option<i32>, &[u8])> {
    let length = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let (word, rest) = text.split_at(length);
    match word {
        [b'+' | b'-', ..] => match offset(word) {
            Ok((seconds, [])) => Some((Some(seconds), rest)),
            Ok(_) | Err(_) => None,
        },
        _ if (1..=5).contains(&length) && word.iter().all(u8::is_ascii_uppercase) => Some((zone_offset(word), rest)),
        _ => None,
    }
}

/// Seconds east of UTC. Where an abbreviation has several meanings we take the one that tzdata prints for most servers
/// (CST is Chicago's, IST India's), and none where there is no such favourite.
fn zone_offset(name: &[u8]) -> Option<i32> {
    let quarter_hours = match name {
        b"UTC" | b"GMT" | b"Z" | b"UCT" | b"WET" => 0,
        b"BST" | b"WEST" | b"CET" | b"MET" | b"WAT" => 4,
        b"CEST" | b"MEST" | b"EET" | b"SAST" | b"CAT" => 8,
        b"EEST" | b"MSK" | b"EAT" | b"IDT" | b"TRT" => 12,
        b"PKT" => 20,
        b"IST" => 22,
        b"WIB" => 28,
        b"HKT" | b"PHT" | b"SGT" | b"AWST" | b"WITA" => 32,
        b"JST" | b"KST" | b"WIT" => 36,
        b"ACST" => 38,
        b"AEST" | b"CHST" => 40,
        b"ACDT" => 42,
        b"AEDT" => 44,
        b"NZST" => 48,
        b"NZDT" => 52,
        b"NDT" => -10,
        b"ADT" => -12,
        b"NST" => -14,
        b"AST" | b"EDT" => -16,
        b"EST" | b"CDT" => -20,
        b"CST" | b"MDT" => -24,
        b"MST" | b"PDT" => -28,
        b"PST" | b"AKDT" => -32,
        b"AKST" => -36,
        b"HST" => -40,
        _ => return None,
    };
    Some(quarter_hours * 900)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parsed: Parsed<'_>) -> String {
        match parsed {
            Ok((stamp, rest)) => format!(
                "{}{} {:?} {:?} | {}",
                stamp.written,
                if stamp.year_known { "" } else { " (year guessed)" },
                stamp.offset_seconds,
                stamp.precision,
                rest.escape_ascii()
            ),
            Err(refusal) => format!("{refusal:?}"),
        }
    }

    #[test]
    fn yearless_stamps() {
        assert_eq!(shown(yearless(b"Nov 23 02:12:33 dns")), "2000-11-23 02:12:33 (year guessed) None Second |  dns");
        assert_eq!(shown(yearless(b"Nov  3 02:12:33")), "2000-11-03 02:12:33 (year guessed) None Second | ");
        assert_eq!(shown(yearless(b"Nov 3 02:12:33 x")), "2000-11-03 02:12:33 (year guessed) None Second |  x");
        assert_eq!(shown(yearless(b"Feb 29 00:00:00.5 x")), "2000-02-29 00:00:00.500 (year guessed) None Second |  x");
        assert_eq!(
            shown(yearless(b"Nov 23 02:12:33.123456 x")),
            "2000-11-23 02:12:33.123456 (year guessed) None Micro |  x"
        );
        for (text, refusal) in [
            (&b"Nov 31 02:12:33 x"[..], "NoSuchTime"),
            (b"Nov  0 02:12:33 x", "NoSuchTime"),
            (b"Nov 23 24:12:33 x", "NoSuchTime"),
            (b"Nov 23 02:12:61 x", "NoSuchTime"),
            (b"nov 23 02:12:33 x", "Shape"),
            (b"Nov 23", "Shape"),
            (b"Nov 23 2:12:33 x", "Shape"),
            (b"Nov", "Shape"),
            (b"No", "Shape"),
            (b"", "Shape"),
        ] {
            assert_eq!(shown(yearless(text)), refusal, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn iso_stamps() {
        for (text, expected) in [
            ("2020-08-18T14:52:03.123456+00:00 h", "2020-08-18 14:52:03.123456 Some(0) Micro |  h"),
            ("2020-08-18T14:52:03+0000 h", "2020-08-18 14:52:03 Some(0) Second |  h"),
            ("2020-08-18T14:52:03.123Z", "2020-08-18 14:52:03.123 Some(0) Milli | "),
            ("2020-08-18T14:52:03.123456789-09:30 h", "2020-08-18 14:52:03.123456 Some(-34200) Micro |  h"),
            ("2020-08-18T14:52:03+02 h", "2020-08-18 14:52:03 Some(7200) Second |  h"),
            ("2020-08-18 14:52:03 h", "2020-08-18 14:52:03 None Second |  h"),
            ("2016-12-31T23:59:60Z", "2016-12-31 23:59:60 Some(0) Second | "),
            ("2020-99-99T14:52:03Z", "NoSuchTime"),
            ("2021-02-29T14:52:03Z", "NoSuchTime"),
            ("2020-08-18T14:52:03+99:00", "Offset"),
            ("1969-08-18T14:52:03Z", "Year"),
            ("2201-08-18T14:52:03Z", "Year"),
            ("2020-08-18T14:52:03. h", "Shape"),
            ("2020-08-18T14:52:03.1234567890123 h", "Shape"),
            ("2020-08-18T14:52:03+ h", "Shape"),
            ("2020-8-18T14:52:03Z", "Shape"),
            ("2020-08-18", "Shape"),
        ] {
            assert_eq!(shown(iso(text.as_bytes())), expected, "{text}");
        }
    }

    #[test]
    fn full_stamps_and_their_zone_words() {
        for (text, expected) in [
            ("Mon 2026-11-23 02:12:33 UTC h", "2026-11-23 02:12:33 Some(0) Second |  h"),
            ("Mon 2026-11-23 02:12:33.123456 UTC h", "2026-11-23 02:12:33.123456 Some(0) Micro |  h"),
            ("Mon 2026-11-23 02:12:33 CEST h", "2026-11-23 02:12:33 Some(7200) Second |  h"),
            ("Mon 2026-11-23 02:12:33 PST h", "2026-11-23 02:12:33 Some(-28800) Second |  h"),
            ("Mon 2026-11-23 02:12:33 IST h", "2026-11-23 02:12:33 Some(19800) Second |  h"),
            ("Mon 2026-11-23 02:12:33 +0330 h", "2026-11-23 02:12:33 Some(12600) Second |  h"),
            ("Mon 2026-11-23 02:12:33 +04 h", "2026-11-23 02:12:33 Some(14400) Second |  h"),
            ("Mon 2026-11-23 02:12:33 LMT h", "2026-11-23 02:12:33 None Second |  h"),
            ("Mon 2026-11-23 02:12:33 dnsmaster h", "2026-11-23 02:12:33 None Second |  dnsmaster h"),
            ("Mon 2026-13-23 02:12:33 UTC h", "NoSuchTime"),
            ("Mo 2026-11-23 02:12:33 UTC h", "Shape"),
            ("Mon 2026-11-23", "Shape"),
        ] {
            assert_eq!(shown(full(text.as_bytes())), expected, "{text}");
        }
    }

    #[test]
    fn localised_stamps() {
        for (text, expected) in [
            ("1月 11 14:00:10 h", "2000-01-11 14:00:10 (year guessed) None Second |  h"),
            ("12월 31 14:00:10 h", "2000-12-31 14:00:10 (year guessed) None Second |  h"),
            ("Dez 24 14:00:10 h", "2000-12-24 14:00:10 (year guessed) None Second |  h"),
            ("févr. 29 14:00:10 h", "2000-02-29 14:00:10 (year guessed) None Second |  h"),
            ("août 03 14:00:10 h", "2000-08-03 14:00:10 (year guessed) None Second |  h"),
            ("ЯНВ 03 14:00:10.5 h", "2000-01-03 14:00:10.500 (year guessed) None Second |  h"),
            ("févr. 30 14:00:10 h", "NoSuchTime"),
            ("13月 11 14:00:10 h", "NoSuchTime"),
            ("foo 11 14:00:10 h", "Shape"),
            ("août", "Shape"),
            ("", "Shape"),
        ] {
            assert_eq!(shown(localised(text.as_bytes())), expected, "{text}");
        }
    }

    #[test]
    fn ctime_stamps() {
        for (text, expected) in [
            ("Thu Feb 10 09:49:31 2022: up", "2022-02-10 09:49:31 None Second | : up"),
            ("Thu Feb  3 09:49:31 2022: up", "2022-02-03 09:49:31 None Second | : up"),
            ("Thu Mar 25 18:00:59.123456789 2021: up", "2021-03-25 18:00:59.123456 None Micro | : up"),
            ("Mon Feb 29 18:00:59 2021: up", "NoSuchTime"),
            ("Mon Feb 28 18:00:59 1021: up", "Year"),
            ("Mon Feb 28 18:00:59: up", "Shape"),
            ("Mon", "Shape"),
            ("Moo Feb 28 18:00:59 2021", "Shape"),
        ] {
            assert_eq!(shown(ctime(text.as_bytes())), expected, "{text}");
        }
    }

    #[test]
    fn unix_stamps() {
        for (text, expected) in [
            ("1795399988.187798 h", "2026-11-23 02:13:08.187798 Some(0) Micro |  h"),
            ("99999999999.187798 h", "Year"),
            ("1795399988.18779 h", "Shape"),
            ("1795399988 h", "Shape"),
            ("0.187798 h", "Shape"),
            ("", "Shape"),
        ] {
            assert_eq!(shown(unix(text.as_bytes())), expected, "{text}");
        }
        assert_eq!(of_epoch_micros(u64::MAX), None);
    }
}
