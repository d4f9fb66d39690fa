//! `driftline.event/1` and `driftline.source/1`: events as lines of JSON, for other programs and for `driftline correlate`.
//!
//! **Invariant:** keys are only ever added here, and no line holds a character that steers a terminal.

use super::words::is_hidden;
use super::{Caveat, SourceCoverage};
use crate::event::lossy;
use crate::moment::Moment;
use serde::Serialize;
use std::io;

/// One line of a source, read.
#[derive(Debug, Clone, Copy)]
pub struct EventLine<'a> {
    /// When; `None` where the line has no stamp.
    pub time: Option<Moment>,
    /// Whether the stamp names no year and none was stated.
    pub assumes_year: bool,
    /// Whether the stamp names no zone and none was stated.
    pub assumes_zone: bool,
    /// The node it happened on.
    pub node: &'a str,
    /// The identifier of its program, where it has one.
    pub program: Option<&'a [u8]>,
    /// Its process.
    pub pid: Option<u32>,
    /// `pdns/domain-stale`, `keepalived/unrecognised`, `site/claimed`, `other`.
    pub event: &'static str,
    /// What it tells.
    pub fields: &'a [Field<'a>],
    /// How often it occurred.
    pub repeated: u32,
    /// Where it stands.
    pub path: &'a str,
    /// 1-based line; `None` for journals.
    pub line: Option<u64>,
    /// Journal cursor.
    pub cursor: Option<&'a [u8]>,
    /// As written.
    pub raw: &'a [u8],
}

/// A field of an event.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value as printed.
    pub value: &'a [u8],
    /// Whether fields of this name are numbers.
    pub is_number: bool,
}

/// What follows a source's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// The entry of a report's coverage.
    pub coverage: SourceCoverage,
    /// Lines that a row of the catalogue reads.
    pub recognised: u64,
    /// Lines of the two daemons that no row reads.
    pub unrecognised: u64,
    /// What had to be assumed, and what could not be read.
    pub caveats: Vec<Caveat>,
}

/// Appends an event and a newline.
///
/// # Errors
/// Only those of serde, which a `Vec` gives no cause for.
pub fn write_event(event: &EventLine<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    out.extend_from_slice(br#"{"schema":"driftline.event/1","time":"#);
    match event.time {
        Some(time) => put_text(time.rfc3339().as_bytes(), out)?,
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(match (event.assumes_year, event.assumes_zone) {
        (true, true) => br#","assumed":["year","zone"]"#,
        (true, false) => br#","assumed":["year"]"#,
        (false, true) => br#","assumed":["zone"]"#,
        (false, false) => b"",
    });
    out.extend_from_slice(br#","node":"#);
    put_text(event.node.as_bytes(), out)?;
    if let Some(program) = event.program {
        out.extend_from_slice(br#","program":"#);
        put_text(program, out)?;
    }
    if let Some(pid) = event.pid {
        out.extend_from_slice(br#","pid":"#);
        put(&pid, out)?;
    }
    out.extend_from_slice(br#","event":"#);
    put_text(event.event.as_bytes(), out)?;
    out.extend_from_slice(br#","fields":"#);
    put_fields(event.fields, out)?;
    if event.repeated > 1 {
        out.extend_from_slice(br#","repeated":"#);
        put(&event.repeated, out)?;
    }
    out.extend_from_slice(br#","path":"#);
    put_text(event.path.as_bytes(), out)?;
    if let Some(line) = event.line {
        out.extend_from_slice(br#","line":"#);
        put(&line, out)?;
    }
    if let Some(cursor) = event.cursor {
        out.extend_from_slice(br#","cursor":"#);
        put_text(cursor, out)?;
    }
    out.extend_from_slice(br#","raw":"#);
    put_text(event.raw, out)?;
    out.extend_from_slice(b"}\n");
    Ok(())
}

/// Appends a source and a newline.
///
/// # Errors
/// Only those of serde, which a `Vec` gives no cause for.
pub fn write_source(source: &SourceLine, out: &mut Vec<u8>) -> io::Result<()> {
    let SourceLine { coverage, recognised, unrecognised, caveats } = source;
    let wire = WireSource {
        schema: "driftline.source/1",
        path: &coverage.path,
        format: coverage.format,
        node: coverage.node.as_deref(),
        lines: coverage.lines,
        recognised: *recognised,
        unrecognised: *unrecognised,
        other: coverage.lines.saturating_sub(recognised + unrecognised),
        first: coverage.first.map(Moment::rfc3339),
        last: coverage.last.map(Moment::rfc3339),
        caveats: caveats
            .iter()
            .map(|caveat| WireCaveat { kind: caveat.kind, node: caveat.node.as_deref(), text: &caveat.text })
            .collect(),
    };
    write(&wire, out)
}

fn write(value: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    put(value, out)?;
    out.push(b'\n');
    Ok(())
}

fn put(value: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Harmless)).map_err(io::Error::other)
}

#[derive(Serialize)]
struct WireSource<'a> {
    schema: &'static str,
    path: &'a str,
    format: &'static str,
    node: Option<&'a str>,
    lines: u64,
    recognised: u64,
    unrecognised: u64,
    other: u64,
    first: Option<String>,
    last: Option<String>,
    caveats: Vec<WireCaveat<'a>>,
}

#[derive(Serialize)]
struct WireCaveat<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    text: &'a str,
}

/// A string, quotes included. Most need no escape, and to see that takes a tenth of the time of looking for one.
fn put_text(text: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let is_bare = |byte: u8| (byte >= b' ') & (byte < 0x7f) & (byte != b'"') & (byte != b'\\');
    if !text.iter().fold(true, |bare, byte| bare & is_bare(*byte)) {
        return put(&lossy(text), out);
    }
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
    Ok(())
}

fn put_fields(fields: &[Field<'_>], out: &mut Vec<u8>) -> io::Result<()> {
    out.push(b'{');
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        put_text(field.name.as_bytes(), out)?;
        out.push(b':');
        if is_number(field) {
            out.extend_from_slice(field.value);
        } else {
            put_text(field.value, out)?;
        }
    }
    out.push(b'}');
    Ok(())
}

/// Whether the field is a number and its text is how JSON writes that number: `007` stays text.
fn is_number(field: &Field<'_>) -> bool {
    let digits = field.value.strip_prefix(b"-").unwrap_or(field.value);
    let is_canonical = match digits {
        [b'0'] => digits.len() == field.value.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let fits = || std::str::from_utf8(field.value).is_ok_and(|text| text.parse::<i64>().is_ok());
    field.is_number && is_canonical && (digits.len() < 19 || fits())
}

/// JSON without DEL, C1 and bidi characters: serde escapes only what JSON demands.
struct Harmless;

impl serde_json::ser::Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        if fragment.bytes().all(|byte| byte.is_ascii() && byte != 0x7f) {
            return out.write_all(fragment.as_bytes());
        }
        for (at, letter) in fragment.char_indices().filter(|(_, letter)| is_hidden(*letter)) {
            out.write_all(&fragment.as_bytes()[from..at])?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            from = at + letter.len_utf8();
        }
        out.write_all(&fragment.as_bytes()[from..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers_where_they_are_written_so() {
        for (value, named, expected) in [
            (&b"2020081701"[..], true, true),
            (b"0", true, true),
            (b"-12", true, true),
            (b"9223372036854775807", true, true),
            (b"9223372036854775808", true, false),
            (b"007", true, false),
            (b"-0", true, false),
            (b"+1", true, false),
            (b"", true, false),
            (b"-", true, false),
            (b"1x", true, false),
            (b"12", false, false),
            (b"\xff", true, false),
        ] {
            let field = Field { name: "serial", value, is_number: named };
            assert_eq!(is_number(&field), expected, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn an_event_is_the_object_that_its_parts_make() {
        let fields = [
            Field { name: "zone", value: b"a\"\\\x1b\xff.example", is_number: false },
            Field { name: "serial", value: b"7", is_number: true },
            Field { name: "count", value: b"07", is_number: true },
        ];
        let mut event = EventLine {
            time: None,
            assumes_year: false,
            assumes_zone: false,
            node: "ns1",
            program: None,
            pid: None,
            event: "pdns/domain-fresh",
            fields: &fields,
            repeated: 1,
            path: "\u{202e}.log",
            line: None,
            cursor: None,
            raw: b"a\tb",
        };
        let mut out = Vec::new();
        write_event(&event, &mut out).expect("a Vec takes all");
        let expected = serde_json::json!({
            "schema": "driftline.event/1", "time": null, "node": "ns1", "event": "pdns/domain-fresh",
            "fields": {"zone": "a\"\\\u{1b}\u{fffd}.example", "serial": 7, "count": "07"},
            "path": "\u{202e}.log", "raw": "a\tb",
        });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).ok(), Some(expected));
        event = EventLine {
            time: Some(Moment { micros: 1_000_000, precision: crate::moment::Precision::Second }),
            assumes_year: true,
            assumes_zone: true,
            program: Some(b"pdns"),
            pid: Some(7),
            fields: &[],
            repeated: 2,
            line: Some(3),
            cursor: Some(b"s=1"),
            ..event
        };
        out.clear();
        write_event(&event, &mut out).expect("a Vec takes all");
        let expected = concat!(
            r#"{"schema":"driftline.event/1","time":"1970-01-01T00:00:01Z","assumed":["year","zone"],"node":"ns1","program":"pdns","#,
            r#""pid":7,"event":"pdns/domain-fresh","fields":{},"repeated":2,"path":"\u202e.log","line":3,"cursor":"s=1","raw":"a\tb"}"#,
            "\n"
        );
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn nothing_hidden_is_left() {
        let mut out = Vec::new();
        write(&"a\u{7f}\u{9b}31m\u{202e}\u{e0001} \u{1b}\n漢", &mut out).expect("a Vec takes all");
        assert_eq!(String::from_utf8_lossy(&out), "\"a\\u007f\\u009b31m\\u202e\\udb40\\udc01 \\u001b\\n漢\"\n");
    }
}
