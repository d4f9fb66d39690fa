//! What clouds tell as JSON → records: CloudTrail's files (`{"Records":[…]}`, also one record a line), what
//! `aws cloudtrail lookup-events` prints (`{"Events":[…]}`, each with its record as a string), and `aws ec2 describe-addresses`
//! (`{"Addresses":[…]}`).
//!
//! Each object of the list is a record, whose raw text is the object without its white space. CloudTrail writes whole files as one
//! line, so objects are cut out of the stream by their braces, one at a time.
//!
//! A listing of addresses names no time. One that stands behind a line with a time (`date -u +%FT%TZ; aws ec2 describe-addresses`)
//! is of that time.

use super::buffer::Buffer;
use super::error::Error;
use super::stamp;
use super::summary::Summary;
use super::{Interest, header};
use crate::event::Text;
use crate::record::{Record, Stamp};
use serde::Deserialize;
use std::borrow::Cow;

/// An object of a list that is larger than this is passed over: CloudTrail's own limit of a record is 256 KiB.
const OBJECT_BYTES_MAX: usize = 1024 * 1024;

/// The host of a record that no host wrote.
const HOST: &[u8] = b"aws";

/// Which list it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// Calls of the API.
    CloudTrail,
    /// Addresses and what they are tied to.
    Addresses,
}

impl Listing {
    /// Its name among the formats.
    pub(super) fn format(self) -> &'static str {
        match self {
            Self::CloudTrail => "cloudtrail",
            Self::Addresses => "describe-addresses",
        }
    }

    /// The tag of its records.
    fn identifier(self) -> &'static [u8] {
        match self {
            Self::CloudTrail => b"cloudtrail",
            Self::Addresses => b"describe-addresses",
        }
    }
}

/// Whose list begins in a window, if it is one of a cloud. A line that is a time may stand before it.
pub(super) fn listing(window: &[u8]) -> Option<Listing> {
    let text = header::skip_decoration(window).trim_ascii_start();
    let text = taken_at(text).map_or(text, |(_, rest)| rest).trim_ascii_start();
    if !text.starts_with(b"{") {
        return None;
    }
    let has = |part: &str| memchr::memmem::find(text, part.as_bytes()).is_some();
    let first_key = text[1..].trim_ascii_start();
    let is_first = |key: &str| first_key.starts_with(key.as_bytes());
    if is_first("\"Addresses\"") {
        return Some(Listing::Addresses);
    }
    let is_trail = is_first("\"Records\"") || is_first("\"Events\"") || has("\"CloudTrailEvent\"");
    let is_record = has("\"eventSource\"") && has("\"eventName\"");
    let is_empty = is_first("\"Records\"") || is_first("\"Events\"");
    (is_trail && (is_record || is_empty || has("\"CloudTrailEvent\"")) || is_record).then_some(Listing::CloudTrail)
}

/// A line that is nothing but a time, and what stands behind it.
fn taken_at(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let end = memchr::memchr(b'\n', text.get(..64.min(text.len()))?)?;
    let (stamp, rest) = stamp::iso(text[..end].trim_ascii()).ok()?;
    rest.is_empty().then_some((stamp, &text[end + 1..]))
}

/// Reads all objects of the list.
pub(super) fn read(
    buffer: &mut Buffer<'_>,
    listing: Listing,
    path: &Text,
    interest: &Interest,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) {
    let mut cutter = Cutter::default();
    buffer.fill_to(64);
    if let Some((stamp, rest)) = taken_at(header::skip_decoration(buffer.filled())) {
        cutter.taken_at = Some(stamp);
        let used = buffer.filled().len() - rest.len();
        buffer.consume(used);
        cutter.line = 2;
    }
    loop {
        for &byte in buffer.filled() {
            if let Some(line) = cutter.take(byte) {
                let stamp = cutter.taken_at;
                deliver(&cutter.object, line, listing, stamp, interest, summary, each);
            }
        }
        if cutter.too_long > 0 {
            summary.trouble(cutter.too_long, "truncated", "The record is too long and is passed over.");
            cutter.too_long = 0;
        }
        let used = buffer.filled().len();
        buffer.consume(used);
        if !buffer.fill() {
            break;
        }
    }
    if cutter.depth > 0 {
        summary.broken_off = Some(Error::CutList { path: path.clone(), line: cutter.line });
    }
}

fn deliver(
    object: &[u8],
    line: u64,
    listing: Listing,
    taken_at: Option<Stamp>,
    interest: &Interest,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) {
    summary.lines += 1;
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(object) else {
        summary.trouble(line, "unread", "What stands here is no record in JSON.");
        return;
    };
    let inner = envelope.inner.as_deref().map(str::as_bytes);
    let times = inner.and_then(|inner| serde_json::from_slice::<Envelope<'_>>(inner).ok());
    let written = times.and_then(|inner| inner.time).or(envelope.time);
    let stamp = written.and_then(|time| stamp::iso(time.as_bytes()).ok().map(|(stamp, _)| stamp)).or(taken_at);
    if let Some(stamp) = stamp {
        // A list has no order: first and last are the earliest and the latest.
        let is_earlier = summary.first.is_none_or(|first| stamp.written < first.written);
        let is_later = summary.last.is_none_or(|last| stamp.written > last.written);
        summary.first = if is_earlier { Some(stamp) } else { summary.first };
        summary.last = if is_later { Some(stamp) } else { summary.last };
    }
    let raw = inner.unwrap_or(object);
    // A list of addresses names no call that could be searched for.
    if listing == Listing::CloudTrail && !interest.is_in(raw) {
        return;
    }
    summary.examine(line, raw);
    each(&Record {
        line,
        raw,
        stamp,
        host: Some(HOST),
        identifier: Some(listing.identifier()),
        unit: None,
        pid: None,
        message: raw,
        repeated: 1,
        cursor: None,
        stands_alone: false,
    });
}

/// What of an object tells when it happened.
#[derive(Deserialize)]
struct Envelope<'t> {
    #[serde(rename = "eventTime", borrow, default)]
    time: Option<Cow<'t, str>>,
    #[serde(rename = "CloudTrailEvent", borrow, default)]
    inner: Option<Cow<'t, str>>,
}

/// Cuts the objects out of a document, byte by byte: those in a list at its top, or the document itself where it has none (one
/// record a line).
#[derive(Debug)]
struct Cutter {
    /// Open braces and brackets.
    depth: u32,
    /// The depth at which an object begins that is a record; 0 while it is not known.
    begins_at: u32,
    in_string: bool,
    is_escaped: bool,
    object: Vec<u8>,
    is_whole: bool,
    /// Line of the byte at hand, 1-based.
    line: u64,
    object_line: u64,
    /// Line of an object that was too long; 0: none.
    too_long: u64,
    taken_at: Option<Stamp>,
    /// Bytes since the document began, until it is known whether it is a list.
    head: Vec<u8>,
}

impl Default for Cutter {
    fn default() -> Self {
        Self {
            depth: 0,
            begins_at: 0,
            in_string: false,
            is_escaped: false,
            object: Vec::new(),
            is_whole: true,
            line: 1,
            object_line: 1,
            too_long: 0,
            taken_at: None,
            head: Vec::new(),
        }
    }
}

/// `{"Records":[`, with room for white space; a name longer than that is no list's.
const HEAD_BYTES_MAX: usize = 32;

impl Cutter {
    /// Takes a byte; where it ends an object, says at which line that began. The object is in `object` until the next byte.
    fn take(&mut self, byte: u8) -> Option<u64> {
        self.line += u64::from(byte == b'\n');
        if self.depth == 0 {
            if byte == b'{' {
                self.depth = 1;
                self.begins_at = 0;
                self.head.clear();
                self.begin_object();
                self.keep(byte);
            }
            return None;
        }
        if self.begins_at == 0 {
            self.judge(byte);
        }
        let is_inside = self.depth >= self.begins_at.max(1);
        if self.in_string {
            if is_inside {
                self.keep(byte);
            }
            self.in_string = self.is_escaped || byte != b'"';
            self.is_escaped = !self.is_escaped && byte == b'\\';
            return None;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                if byte == b'{' && self.depth == self.begins_at {
                    self.begin_object();
                }
            }
            b'}' | b']' => {
                if is_inside {
                    self.keep(byte);
                }
                let ended = byte == b'}' && self.depth == self.begins_at.max(1);
                self.depth -= 1;
                return (ended && self.is_record()).then_some(self.object_line);
            }
            byte if byte.is_ascii_whitespace() => return None,
            _ => {}
        }
        if self.depth >= self.begins_at.max(1) {
            self.keep(byte);
        }
        None
    }

    /// Whether what has ended is a record: the document itself is none where its list ended.
    fn is_record(&self) -> bool {
        self.is_whole && !self.object.is_empty()
    }

    /// `{"Records":[`: the objects of a list that is the first thing in the document are the records.
    fn judge(&mut self, byte: u8) {
        if byte.is_ascii_whitespace() {
            return;
        }
        if self.head.len() > HEAD_BYTES_MAX {
            self.begins_at = 1;
            return;
        }
        self.head.push(byte);
        let is_list = [&b"\"Records\":["[..], b"\"Events\":[", b"\"Addresses\":["].contains(&&*self.head);
        if is_list {
            self.begins_at = 3;
            self.object.clear();
        } else if byte == b'[' || byte == b'{' || byte == b',' {
            self.begins_at = 1;
        }
    }

    fn begin_object(&mut self) {
        self.object.clear();
        self.object_line = self.line;
        self.is_whole = true;
    }

    fn keep(&mut self, byte: u8) {
        if self.object.len() < OBJECT_BYTES_MAX {
            self.object.push(byte);
        } else if self.is_whole {
            self.is_whole = false;
            self.too_long = self.object_line;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_stream;
    use super::*;

    fn records(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut stream = text.as_bytes();
        let summary = read_stream(&"trail.json".into(), &mut stream, &Interest::All, &mut |record| {
            let time = record.stamp.map_or("-".to_owned(), |stamp| stamp.written.time().to_string());
            found.push(format!("{} {time} {}", record.line, String::from_utf8_lossy(record.raw)));
        })
        .expect("it is a cloud's list");
        found.push(format!("{} {}", summary.format, summary.lines));
        if let Some(error) = summary.broken_off {
            found.push(error.to_string());
        }
        found
    }

    #[test]
    fn records_are_cut_out_of_every_form() {
        let record = r#"{"eventTime":"2020-08-08T21:01:17Z","eventSource":"ec2.amazonaws.com","eventName":"A \"{[","x":{"y":[{}]}}"#;
        let expected = format!("1 21:01:17 {record}");
        let file = format!("{{\"Records\":[{record},{record}]}}");
        assert_eq!(records(&file), [&expected, &expected, "cloudtrail 2"]);
        let lines = format!("{record}\n{record}\n");
        assert_eq!(records(&lines)[1], format!("2 21:01:17 {record}"));
        let pretty = format!("{{\n  \"Records\": [\n    {}\n  ]\n}}\n", record.replace(",\"event", ",\n   \"event"));
        assert_eq!(records(&pretty), [format!("3 21:01:17 {record}"), "cloudtrail 1".to_owned()]);
        let quoted = serde_json::to_string(record).expect("a string");
        let event = format!(r#"{{"Events": [{{"EventId": "1", "EventTime": 1.0, "CloudTrailEvent": {quoted}}}]}}"#);
        assert_eq!(records(&event), [&expected, "cloudtrail 1"]);
        assert_eq!(records("{\"Records\": []}"), ["cloudtrail 0"]);
    }

    #[test]
    fn a_listing_of_addresses_has_the_time_above_it() {
        let addresses = "{\"Addresses\": [{\"PublicIp\": \"192.0.2.10\"}, {\"PublicIp\": \"192.0.2.11\"}]}";
        let told = |time: &str, line: u64| {
            [
                format!("{line} {time} {{\"PublicIp\":\"192.0.2.10\"}}"),
                format!("{line} {time} {{\"PublicIp\":\"192.0.2.11\"}}"),
                "describe-addresses 2".to_owned(),
            ]
        };
        assert_eq!(records(addresses), told("-", 1));
        assert_eq!(records(&format!("2020-08-18T15:00:00Z\n{addresses}")), told("15:00:00", 2));
    }

    #[test]
    fn what_is_cut_or_no_record_is_said() {
        let cut = "{\"Records\":[{\"eventName\":\"a\",\"eventSource\":\"b\"},{\"eventName\":\"a";
        assert_eq!(
            records(cut).last().map(String::as_str),
            Some("read trail.json to its end: the list that goes on in line 1 is cut")
        );
        assert_eq!(records("{\"Records\":[{\"a\" 1},[{}],2,{}]}").last().map(String::as_str), Some("cloudtrail 2"));
        for strange in ["{\"key\":\"value\"}", "{}", "[]", "{\"Recordings\":[]}"] {
            assert_eq!(listing(strange.as_bytes()), None, "{strange}");
        }
    }
}
