//! `driftline.event/1`: an event as a line of JSON. There are millions of them, so what a line has in common with the last one is kept
//! as it was written.

use super::events::{EventLine, Field, put};
use crate::event::lossy;
use crate::moment::{Moment, Precision};
use crate::record::place_of;
use std::io;

/// Appends an event and a newline.
///
/// # Errors
/// Only those of serde, which a `Vec` gives no cause for.
pub fn write_event(event: &EventLine<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    EventWriter::default().write(event, out)
}

/// Appends events, one after the other.
#[derive(Debug, Default)]
pub struct EventWriter {
    second: Second,
    whose: Whose,
    /// The path of the last event, and as it is written.
    path: String,
    path_written: Vec<u8>,
}

/// What the keys around an event's own take, and room for its fields' names.
const KEYS_BYTES: usize = 512;

impl EventWriter {
    /// Appends an event and a newline.
    ///
    /// # Errors
    /// Only those of serde, which a `Vec` gives no cause for.
    pub fn write(&mut self, event: &EventLine<'_>, out: &mut Vec<u8>) -> io::Result<()> {
        out.reserve(2 * event.raw.len() + KEYS_BYTES);
        out.extend_from_slice(br#"{"schema":"driftline.event/1","time":"#);
        match event.time {
            Some(time) => self.second.put(time, out),
            None => out.extend_from_slice(b"null"),
        }
        self.whose.put(event, out)?;
        out.extend_from_slice(br#","event":"#);
        put_word(event.event, out);
        if let Some(means) = event.means {
            out.extend_from_slice(br#","means":"#);
            put_text(means.as_bytes(), out)?;
        }
        let bare = if is_bare(event.raw) { event.raw } else { b"" };
        out.extend_from_slice(br#","fields":"#);
        put_fields(event.fields, bare, out)?;
        if let Some((id, fields)) = event.reason {
            out.extend_from_slice(br#","reason":{"event":"#);
            put_word(id, out);
            out.extend_from_slice(br#","fields":"#);
            put_fields(fields, bare, out)?;
            out.push(b'}');
        }
        if event.repeated > 1 {
            out.extend_from_slice(br#","repeated":"#);
            put_number(event.repeated.into(), out);
        }
        self.put_path(event.path, out)?;
        if let Some(line) = event.line {
            out.extend_from_slice(br#","line":"#);
            put_number(line, out);
        }
        if let Some(entry) = event.entry {
            out.extend_from_slice(br#","entry":"#);
            put_number(entry, out);
        }
        if let Some(cursor) = event.cursor {
            out.extend_from_slice(br#","cursor":"#);
            put_text(cursor, out)?;
        }
        out.extend_from_slice(br#","raw":"#);
        put_part(event.raw, bare, out)?;
        out.extend_from_slice(b"}\n");
        Ok(())
    }

    fn put_path(&mut self, path: &str, out: &mut Vec<u8>) -> io::Result<()> {
        if self.path_written.is_empty() || self.path != path {
            path.clone_into(&mut self.path);
            self.path_written.clear();
            self.path_written.extend_from_slice(br#","path":"#);
            put_text(path.as_bytes(), &mut self.path_written)?;
        }
        out.extend_from_slice(&self.path_written);
        Ok(())
    }
}

/// The second of the last event, and as it is written, from its quote on and without a zone.
#[derive(Debug, Default)]
struct Second {
    since_1970: i64,
    written: Vec<u8>,
}

const SECOND_MICROS: i64 = 1_000_000;

impl Second {
    fn put(&mut self, time: Moment, out: &mut Vec<u8>) {
        let second = time.micros.div_euclid(SECOND_MICROS);
        if self.written.is_empty() || self.since_1970 != second {
            let whole = Moment { micros: second.saturating_mul(SECOND_MICROS), precision: Precision::Second }.rfc3339();
            self.since_1970 = second;
            self.written.clear();
            self.written.push(b'"');
            self.written.extend_from_slice(whole.strip_suffix('Z').unwrap_or(&whole).as_bytes());
        }
        out.extend_from_slice(&self.written);
        let micros = time.micros.rem_euclid(SECOND_MICROS);
        match time.precision {
            Precision::Second => {}
            Precision::Milli => put_fraction(micros / 1000, 100, out),
            Precision::Micro => put_fraction(micros, 100_000, out),
        }
        out.extend_from_slice(b"Z\"");
    }
}

/// A point and as many digits as `first`, the value of the first one, has.
fn put_fraction(fraction: i64, first: i64, out: &mut Vec<u8>) {
    out.push(b'.');
    let mut value = first;
    while value > 0 {
        out.push(b"0123456789"[usize::try_from(fraction / value % 10).unwrap_or_default()]);
        value /= 10;
    }
}

/// Whose the last event is and what its time assumes, and as that is written.
#[derive(Debug, Default)]
struct Whose {
    assumes: (bool, bool),
    node: String,
    program: Option<Vec<u8>>,
    pid: Option<u32>,
    written: Vec<u8>,
}

impl Whose {
    fn put(&mut self, event: &EventLine<'_>, out: &mut Vec<u8>) -> io::Result<()> {
        let is_same = self.pid == event.pid
            && self.assumes == (event.assumes_year, event.assumes_zone)
            && self.node == event.node
            && self.program.as_deref() == event.program;
        if !is_same || self.written.is_empty() {
            self.assumes = (event.assumes_year, event.assumes_zone);
            event.node.clone_into(&mut self.node);
            self.program = event.program.map(<[u8]>::to_vec);
            self.pid = event.pid;
            self.written.clear();
            self.write()?;
        }
        out.extend_from_slice(&self.written);
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        let out = &mut self.written;
        out.extend_from_slice(match self.assumes {
            (true, true) => br#","assumed":["year","zone"]"#,
            (true, false) => br#","assumed":["year"]"#,
            (false, true) => br#","assumed":["zone"]"#,
            (false, false) => b"",
        });
        out.extend_from_slice(br#","node":"#);
        put_text(self.node.as_bytes(), out)?;
        if let Some(program) = &self.program {
            out.extend_from_slice(br#","program":"#);
            put_text(program, out)?;
        }
        if let Some(pid) = self.pid {
            out.extend_from_slice(br#","pid":"#);
            put_number(pid.into(), out);
        }
        Ok(())
    }
}

fn put_number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Whether a text needs no escape: most do not, and to see that takes a tenth of the time of looking for one.
fn is_bare(text: &[u8]) -> bool {
    let is_bare = |byte: u8| (b' '..0x7f).contains(&byte) & (byte != b'"') & (byte != b'\\');
    text.iter().fold(true, |bare, byte| bare & is_bare(*byte))
}

/// A string, quotes included.
fn put_text(text: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    if !is_bare(text) {
        return put(&lossy(text), out);
    }
    put_bare(text, out);
    Ok(())
}

/// As [`put_text`], of what may be a part of a text that needs no escape.
fn put_part(text: &[u8], bare: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    if place_of(text, bare).is_some() {
        put_bare(text, out);
        return Ok(());
    }
    put_text(text, out)
}

/// An id or a field's name. They are the catalogue's or a pattern's, whose names and groups have no character that needs an escape.
fn put_word(word: &str, out: &mut Vec<u8>) {
    debug_assert!(word.chars().all(|c| !c.is_control() && c != '"' && c != '\\'), "{word:?}");
    put_bare(word.as_bytes(), out);
}

fn put_bare(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

fn put_fields(fields: &[Field<'_>], bare: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    out.push(b'{');
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        put_word(field.name, out);
        out.push(b':');
        if is_number(field) {
            out.extend_from_slice(field.value);
        } else {
            put_part(field.value, bare, out)?;
        }
    }
    out.push(b'}');
    Ok(())
}

/// Whether the field is a number and its text is how JSON writes that number: `007` stays text.
fn is_number(field: &Field<'_>) -> bool {
    if !field.is_number {
        return false;
    }
    let digits = field.value.strip_prefix(b"-").unwrap_or(field.value);
    let is_canonical = match digits {
        [b'0'] => digits.len() == field.value.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let fits = || std::str::from_utf8(field.value).is_ok_and(|text| text.parse::<i64>().is_ok());
    is_canonical && (digits.len() < 19 || fits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers_where_they_are_written_so() {
        let read = |value, is_number| super::is_number(&Field { name: "serial", value, is_number });
        assert!(read(b"2020081701", true) && read(b"0", true) && read(b"-7", true));
        for (value, is_number) in [(&b"007"[..], true), (b"+1", true), (b"x", true), (b"12", false), (b"\xff", true)] {
            assert!(!read(value, is_number), "{}", value.escape_ascii());
        }
    }

    #[test]
    fn numbers_have_all_their_digits() {
        let mut out = Vec::new();
        for number in [0, 7, 10, u64::MAX] {
            put_number(number, &mut out);
            out.push(b' ');
        }
        assert_eq!(String::from_utf8_lossy(&out), format!("0 7 10 {} ", u64::MAX));
    }

    /// Lines that share all, something or nothing with the one before.
    #[test]
    fn what_is_kept_of_the_last_line_does_not_show() {
        let fields = [Field { name: "zone", value: b"a\"b", is_number: false }];
        let base = EventLine {
            time: None,
            assumes_year: false,
            assumes_zone: true,
            node: "ns1",
            program: None,
            pid: None,
            event: "other",
            means: None,
            fields: &fields,
            reason: None,
            repeated: 1,
            path: "ns1.log",
            line: Some(1),
            entry: None,
            cursor: None,
            raw: b"a line",
        };
        let at = |micros, precision| EventLine { time: Some(Moment { micros, precision }), ..base };
        let events = [
            base,
            at(0, Precision::Second),
            at(7, Precision::Micro),
            at(999_999, Precision::Milli),
            at(1_000_000, Precision::Milli),
            at(-1, Precision::Micro),
            EventLine { node: "ns2", ..at(-1, Precision::Second) },
            EventLine { program: Some(b"pdns"), ..base },
            EventLine { program: Some(b"pdns"), pid: Some(0), ..base },
            EventLine { assumes_year: true, assumes_zone: false, path: "b\u{7f}", ..base },
            EventLine { fields: &[], raw: b"caf\xe9 \"", ..base },
        ];
        let mut writer = EventWriter::default();
        for (first, second) in events.iter().flat_map(|first| events.iter().map(move |second| (first, second))) {
            let (mut kept, mut alone) = (Vec::new(), Vec::new());
            writer.write(first, &mut Vec::new()).expect("a Vec takes all");
            writer.write(second, &mut kept).expect("a Vec takes all");
            write_event(second, &mut alone).expect("a Vec takes all");
            assert_eq!(String::from_utf8_lossy(&kept), String::from_utf8_lossy(&alone));
            let time = second.time.map_or("null".to_owned(), |time| format!("\"{}\"", time.rfc3339()));
            let begin = format!(r#"{{"schema":"driftline.event/1","time":{time},"#);
            assert!(alone.starts_with(begin.as_bytes()), "{}", String::from_utf8_lossy(&alone));
        }
    }
}
