//! `journalctl -o json` → records: one object a line, also as `json-seq`, `json-sse` and `json-pretty`; and the files of docker's
//! own `json-file` driver.
//!
//! What journalctl cannot write as text is an array of byte numbers, a repeated field an array of its values, and a field of
//! 4096 bytes or more `null` (unless `--all` was given): then it is said that the text is missing.

use super::Interest;
use super::blocks::{Block, Blocks};
use super::entry::{Entry, Field};
use super::error::Error;
use super::sniff::without_return;
use super::summary::Summary;
use super::{header, stamp};
use crate::event::Text;
use crate::record::Record;
use memchr::{memchr, memchr2};

/// A pretty-printed object is given up beyond this.
const OBJECT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Whose objects they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `journalctl -o json` and its sisters.
    Journal,
    /// docker's `json-file`: `{"log":"…\n","stream":"stdout","time":"…"}`.
    Docker,
}

/// Reads all objects. Only those in whose text the interest occurs are parsed; docker's name no program and are all given.
pub(super) fn read(
    blocks: &mut Blocks<'_, '_>,
    dialect: Dialect,
    path: &Text,
    interest: &Interest,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) {
    let mut state = State::default();
    state.read(blocks, dialect, interest, summary, each);
    state.end(path, summary);
}

/// What is kept while the stream has run dry.
#[derive(Default)]
pub(super) struct State {
    /// Lines so far.
    pub(super) line: u64,
    /// An object over several lines: where it began, and its text so far.
    open: Option<(u64, Vec<u8>)>,
    /// The last object that was of no interest: its stamp may be the file's last.
    passed: Vec<u8>,
    parser: Parser,
}

impl State {
    /// Reads all blocks that are there.
    pub(super) fn read(
        &mut self,
        blocks: &mut Blocks<'_, '_>,
        dialect: Dialect,
        interest: &Interest,
        summary: &mut Summary,
        each: &mut dyn FnMut(&Record<'_>),
    ) {
        let interest = match dialect {
            Dialect::Journal => interest,
            Dialect::Docker => &Interest::All,
        };
        let mut reader = Reader { interest, summary, each, state: self };
        while let Some(block) = blocks.next() {
            reader.block(block);
        }
        self.note_passed(summary);
    }

    /// Whether an object has begun and not yet ended.
    pub(super) fn is_inside(&self) -> bool {
        self.open.is_some()
    }

    /// Behind the last block.
    pub(super) fn end(&mut self, path: &Text, summary: &mut Summary) {
        if let Some((line, _)) = self.open.take() {
            summary.broken_off = Some(Error::Cut { path: path.clone(), line });
        }
    }

    fn note_passed(&mut self, summary: &mut Summary) {
        let passed = std::mem::take(&mut self.passed);
        if !passed.is_empty() && self.parser.object(&passed, 0).is_ok() {
            summary.last = self.parser.entry.stamp().or(summary.last);
        }
    }
}

/// How an object's text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// With its line.
    Whole,
    /// With the file, in the middle of a line.
    EndOfFile,
    /// Where we stopped keeping it.
    Cut,
}

struct Reader<'r> {
    interest: &'r Interest,
    summary: &'r mut Summary,
    each: &'r mut dyn FnMut(&Record<'_>),
    state: &'r mut State,
}

impl Reader<'_> {
    fn block(&mut self, block: Block<'_>) {
        match block {
            Block::Lines(bytes) => {
                for line in bytes.split_inclusive(|&byte| byte == b'\n') {
                    self.state.line += 1;
                    let whole = line.ends_with(b"\n");
                    self.line(without_return(line.strip_suffix(b"\n").unwrap_or(line)), whole);
                }
            }
            Block::LongLine(part) => {
                self.state.line += 1;
                let line = self.state.line;
                self.summary.trouble(line, "truncated", "The line is too long: only its first part is read.");
                self.object(part, line, Ending::Cut);
            }
            Block::Hole => {
                let line = self.state.line + 1;
                self.summary.trouble(line, "nul-bytes", "A run of NUL bytes before the line is skipped.");
            }
        }
    }

    fn line(&mut self, line: &[u8], whole: bool) {
        if let Some((begin, mut text)) = self.state.open.take() {
            text.extend_from_slice(line);
            text.push(b'\n');
            if line.starts_with(b"}") {
                self.object(&text, begin, Ending::Whole);
            } else if text.len() > OBJECT_BYTES_MAX {
                self.summary.trouble(begin, "truncated", "The entry is too long: only its first part is read.");
                self.object(&text, begin, Ending::Cut);
            } else {
                self.state.open = Some((begin, text));
            }
            return;
        }
        let number = self.state.line;
        let text = bare(line);
        match text {
            b"{" => self.state.open = Some((number, b"{\n".to_vec())),
            [b'{', ..] => self.object(text, number, if whole { Ending::Whole } else { Ending::EndOfFile }),
            [] | b"[" | b"]" => {}
            [b'-', b'-', b' ', ..] => {}
            _ => self.summary.trouble(number, "unread", "What stands here is no journal entry in JSON."),
        }
    }

    fn object(&mut self, text: &[u8], line: u64, ending: Ending) {
        if !self.interest.is_in(text) {
            self.summary.lines += 1;
            if self.summary.first.is_some() {
                self.state.passed.clear();
                self.state.passed.extend_from_slice(text);
                return;
            }
        }
        let parsed = self.state.parser.object(text, line);
        match (parsed, ending) {
            (Ok(()), _) | (Err(Malformed), Ending::Cut) => {}
            (Err(Malformed), Ending::EndOfFile) => {
                self.state.open = Some((line, Vec::new()));
                return;
            }
            (Err(Malformed), Ending::Whole) => {
                self.summary.trouble(line, "unread", "What stands here is no journal entry in JSON.");
                return;
            }
        }
        self.summary.lines += 1;
        self.state.passed.clear();
        if self.state.parser.message_left_out {
            let text = "The message has 4096 bytes or more and journalctl left it out: save the journal with --all, or with -o export.";
            self.summary.trouble(line, "unread", text);
        }
        self.state.parser.entry.deliver(self.interest, self.summary, self.each);
    }
}

/// Without what `json-seq` and `json-sse` put before an object.
pub(super) fn bare(line: &[u8]) -> &[u8] {
    let line = header::skip_decoration(line);
    let line = line.strip_prefix(b"\x1E").unwrap_or(line);
    let line = line.strip_prefix(b"data: ").unwrap_or(line).trim_ascii();
    line.strip_suffix(b",").unwrap_or(line)
}

/// The text is no JSON object, or ends inside one.
#[derive(Debug, PartialEq, Eq)]
struct Malformed;

/// Takes the fields that a record needs out of an object, without building it.
#[derive(Debug, Default)]
struct Parser {
    entry: Entry,
    /// A value without its escapes.
    plain: Vec<u8>,
    message_left_out: bool,
}

impl Parser {
    fn object(&mut self, text: &[u8], line: u64) -> Result<(), Malformed> {
        self.entry.clear();
        self.entry.begin(line);
        self.message_left_out = false;
        let mut rest = token(text, b'{')?;
        if let Ok(rest) = token(rest, b'}') {
            return end(rest);
        }
        loop {
            let (name, behind) = string(rest.trim_ascii_start())?;
            rest = self.value(name, token(behind, b':')?.trim_ascii_start())?;
            match rest.trim_ascii_start() {
                [b',', behind @ ..] => rest = behind,
                [b'}', behind @ ..] => return end(behind),
                _ => return Err(Malformed),
            }
        }
    }

    fn value<'t>(&mut self, name: &[u8], text: &'t [u8]) -> Result<&'t [u8], Malformed> {
        match (name, text.first()) {
            (b"log", Some(b'"')) => {
                let (value, rest) = string(text)?;
                let plain = unescaped(value, &mut self.plain);
                self.entry.set(b"MESSAGE", plain.strip_suffix(b"\n").unwrap_or(plain));
                Ok(rest)
            }
            (b"time", Some(b'"')) => {
                let (value, rest) = string(text)?;
                self.entry.written_at(stamp::iso(value).ok().map(|(stamp, _)| stamp));
                Ok(rest)
            }
            _ => match Field::named(name) {
                Some(field) => self.field(field, name, text),
                None => skipped(text),
            },
        }
    }

    fn field<'t>(&mut self, field: Field, name: &[u8], text: &'t [u8]) -> Result<&'t [u8], Malformed> {
        match text.first() {
            Some(b'"') => {
                let (value, rest) = string(text)?;
                self.entry.set(name, unescaped(value, &mut self.plain));
                Ok(rest)
            }
            Some(b'[') => match text[1..].trim_ascii_start().first() {
                Some(b'0'..=b'9') => {
                    let rest = bytes(text, &mut self.plain)?;
                    self.entry.set(name, &self.plain);
                    Ok(rest)
                }
                // The field occurs several times: its first value counts, as in the export.
                Some(b'"' | b'[' | b'n') => {
                    self.field(field, name, text[1..].trim_ascii_start())?;
                    skipped(text)
                }
                _ => skipped(text),
            },
            Some(b'n') => {
                self.message_left_out |= field == Field::Message;
                skipped(text)
            }
            _ => {
                let rest = skipped(text)?;
                self.entry.set(name, &text[..text.len() - rest.len()]);
                Ok(rest)
            }
        }
    }
}

fn token(text: &[u8], token: u8) -> Result<&[u8], Malformed> {
    match text.trim_ascii_start() {
        [first, rest @ ..] if *first == token => Ok(rest),
        _ => Err(Malformed),
    }
}

fn end(rest: &[u8]) -> Result<(), Malformed> {
    if matches!(rest.trim_ascii(), [] | b",") { Ok(()) } else { Err(Malformed) }
}

/// A string's inside, escapes and all, and what stands behind it.
fn string(text: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let text = text.strip_prefix(b"\"").ok_or(Malformed)?;
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..).ok_or(Malformed)?).ok_or(Malformed)?;
        if text[at] == b'"' {
            return Ok((&text[..at], &text[at + 1..]));
        }
        at += 2;
    }
}

/// The bytes that a string's inside stands for; `into` holds them where they are not the text itself.
fn unescaped<'v>(text: &'v [u8], into: &'v mut Vec<u8>) -> &'v [u8] {
    if memchr(b'\\', text).is_none() {
        return text;
    }
    into.clear();
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        into.extend_from_slice(&rest[..at]);
        rest = unescape(&rest[at + 1..], into);
    }
    into.extend_from_slice(rest);
    into
}

/// One escape, without its backslash.
fn unescape<'t>(text: &'t [u8], into: &mut Vec<u8>) -> &'t [u8] {
    let Some((&first, rest)) = text.split_first() else { return text };
    let byte = match first {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => {
            let (unit, rest) = unit(rest);
            let (character, rest) = match (unit, rest) {
                (0xD800..0xDC00, [b'\\', b'u', low @ ..]) => {
                    let (low, behind) = self::unit(low);
                    let joined = 0x10000 + ((unit - 0xD800) << 10) + low.wrapping_sub(0xDC00).min(0x3FF);
                    (char::from_u32(joined), behind)
                }
                _ => (char::from_u32(unit), rest),
            };
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return rest;
        }
        other => other,
    };
    into.push(byte);
    rest
}

fn unit(text: &[u8]) -> (u32, &[u8]) {
    let Some((digits, rest)) = text.split_at_checked(4) else { return (0xFFFD, &[]) };
    let value = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    (value.unwrap_or(0xFFFD), rest)
}

/// `[104,105]` as bytes.
fn bytes<'t>(text: &'t [u8], into: &mut Vec<u8>) -> Result<&'t [u8], Malformed> {
    into.clear();
    let mut rest = token(text, b'[')?;
    loop {
        rest = rest.trim_ascii_start();
        let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let value = header::number_of(&rest[..digits]).and_then(|value| u8::try_from(value).ok());
        into.push(value.ok_or(Malformed)?);
        match rest[digits..].trim_ascii_start() {
            [b',', behind @ ..] => rest = behind,
            [b']', behind @ ..] => return Ok(behind),
            _ => return Err(Malformed),
        }
    }
}

/// What stands behind any value.
fn skipped(text: &[u8]) -> Result<&[u8], Malformed> {
    let mut rest = text;
    let mut depth = 0usize;
    loop {
        rest = match rest.first().ok_or(Malformed)? {
            b'"' => string(rest)?.1,
            b'[' | b'{' => {
                depth += 1;
                &rest[1..]
            }
            b']' | b'}' => {
                depth = depth.checked_sub(1).ok_or(Malformed)?;
                &rest[1..]
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth > 0 => {
                rest = &rest[1..];
                continue;
            }
            _ => {
                let length =
                    rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
                if length == 0 {
                    return Err(Malformed);
                }
                &rest[length..]
            }
        };
        if depth == 0 {
            return Ok(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(String, Option<u32>), Malformed> {
        let mut parser = Parser::default();
        parser.object(text.as_bytes(), 1)?;
        let record = parser.entry.record();
        Ok((record.message.escape_ascii().to_string(), record.pid))
    }

    #[test]
    fn what_journalctl_writes_is_read() {
        for (text, message, pid) in [
            (r#"{"MESSAGE":"up","_PID":"304"}"#, "up", Some(304)),
            (
                r#"{ "_PID" : "304" , "MESSAGE" : "a \"b\" \\ \u0009\t\u20ac\ud83d\ude00" }"#,
                r#"a \"b\" \\ \t\t\xe2\x82\xac\xf0\x9f\x98\x80"#,
                Some(304),
            ),
            (r#"{"MESSAGE":[99,97,102,233],"_PID":"1"}"#, r"caf\xe9", Some(1)),
            (r#"{"MESSAGE":[ 104, 105 ]}"#, "hi", None),
            (r#"{"MESSAGE":["first","second"],"_PID":["7","8"]}"#, "first", Some(7)),
            (r#"{"MESSAGE":[[104,105],"second"]}"#, "hi", None),
            (r#"{"X":[null,{"a":[1,-2.5e3,true]},"]"],"MESSAGE":"up","_PID":12}"#, "up", Some(12)),
            (r#"{"MESSAGE":null}"#, "", None),
            ("{}", "", None),
        ] {
            assert_eq!(parsed(text), Ok((message.to_owned(), pid)), "{text}");
        }
    }

    #[test]
    fn what_is_cut_or_damaged_is_refused() {
        let whole = r#"{"A":[1,"x\"y"],"MESSAGE":"u\np","_PID":"304"}"#;
        assert!(parsed(whole).is_ok());
        for cut in 0..whole.len() {
            assert_eq!(parsed(&whole[..cut]), Err(Malformed), "{}", &whole[..cut]);
        }
        for text in ["[]", "{\"a\" 1}", "{\"a\":1 2}", "{\"MESSAGE\":[256]}", "{\"a\":1}}", "{\"a\":]}"] {
            assert_eq!(parsed(text), Err(Malformed), "{text}");
        }
    }
}
