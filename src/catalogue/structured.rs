//! PowerDNS's structured form (5.1, `logging-structured`): `msg="…" key="…" key with spaces="…"`, values quoted as by C++
//! `std::quoted`. The message is looked up by `msg`, its keys become the fields of the plain form.

use super::message::{Fields, Message, Wording};
use super::template::{Piece, expand};
use crate::version::VersionRange;
use std::borrow::Cow;
use std::collections::HashMap;

/// How every structured text begins.
pub(super) const OPENING: &[u8] = b"msg=\"";

/// The structured texts of a daemon by their `msg`.
pub(super) struct Forms {
    by_msg: HashMap<Vec<u8>, Vec<Form>>,
}

struct Form {
    message: &'static Message,
    versions: VersionRange,
    /// Key and what its value is.
    keys: Vec<(&'static [u8], Value)>,
    /// Fields that the text of `msg` itself tells.
    told: Vec<(&'static str, &'static [u8])>,
}

enum Value {
    Field(&'static str),
    /// The form holds only if the value is this.
    Only(&'static [u8]),
}

impl Forms {
    pub(super) fn new<'m>(wordings: impl Iterator<Item = (&'static Message, &'m Wording)>) -> Self {
        let mut by_msg: HashMap<Vec<u8>, Vec<Form>> = HashMap::new();
        for (message, (versions, text)) in wordings {
            let mut pairs = pairs(text.as_bytes());
            let Some((_, msg)) = pairs.next() else { continue };
            let keys: Vec<_> = pairs.map(|(key, value)| (key, Value::of(value))).collect();
            let msg = std::str::from_utf8(msg).expect("a slice of a str that ends at ASCII");
            for pieces in expand(msg) {
                let mut form =
                    Form { message, versions: VersionRange::parse(versions), keys: Vec::new(), told: Vec::new() };
                let mut literal = Vec::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(text) => literal.extend_from_slice(&unquoted(text)),
                        Piece::Constant(name, word) => {
                            literal.extend_from_slice(word);
                            form.told.push((name, word));
                        }
                        Piece::Field(_) => unreachable!("a structured msg has no fields, they are keys"),
                    }
                }
                form.keys.extend(keys.iter().map(|(key, value)| (*key, value.copied())));
                by_msg.entry(literal).or_default().push(form);
            }
        }
        Self { by_msg }
    }

    /// The message a structured text is, and its fields under the plain form's names. Of several forms with one `msg` the one
    /// whose keys the line has most of.
    pub(super) fn read<'a>(&self, text: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
        let line: Vec<(&[u8], &'a [u8])> = pairs(text).collect();
        let (_, msg) = line.first()?;
        let value_of = |key: &[u8]| line.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
        let holds = |form: &&Form| {
            form.keys.iter().all(|(key, value)| match value {
                Value::Only(only) => value_of(key) == Some(*only),
                Value::Field(_) => true,
            })
        };
        let shared = |form: &&Form| form.keys.iter().filter(|(key, _)| value_of(key).is_some()).count();
        // `max_by_key` takes the last of equals, `rev` makes that the first row's.
        let forms = self.by_msg.get(&*unquoted(msg))?;
        let form = forms.iter().rev().filter(holds).max_by_key(shared)?;
        form.told.iter().for_each(|(name, value)| fields.push(name, *value));
        for (key, value) in &form.keys {
            if let (Value::Field(name), Some(value)) = (value, value_of(key)) {
                fields.push(name, unquoted(value));
            }
        }
        fields.printed_by(form.versions);
        Some(form.message)
    }
}

impl Value {
    fn of(printed: &'static [u8]) -> Self {
        let name = printed.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
        match name.and_then(|name| std::str::from_utf8(name).ok()) {
            Some(name) => Self::Field(name),
            None => Self::Only(printed),
        }
    }

    fn copied(&self) -> Self {
        match self {
            Self::Field(name) => Self::Field(name),
            Self::Only(value) => Self::Only(value),
        }
    }
}

/// The Unix seconds of a structured text's `ts`.
pub(super) fn said_at(text: &[u8]) -> Option<i64> {
    let (_, value) = pairs(text).find(|(key, _)| *key == b"ts")?;
    std::str::from_utf8(value).ok()?.split('.').next()?.parse().ok()
}

/// The text that `msg` holds, unescaped.
pub(super) fn msg(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    pairs(text).next().map(|(_, msg)| unquoted(msg))
}

/// Whether a text with `msg="` is a structured one. `loglevel-show=yes` wraps a classic text in the same way, without a time.
/// A quote inside a value has a backslash before it, so this cannot be met there.
pub(super) fn has_time(text: &[u8]) -> bool {
    memchr::memmem::find(text, b" ts=\"").is_some()
}

/// Keys and still quoted values, in their order. A cut line's last value ends where the line does.
fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let equals = memchr::memmem::find(rest, b"=\"")?;
        let (key, quoted) = (&rest[..equals], &rest[equals + 2..]);
        let mut end = 0;
        while let Some(found) = memchr::memchr2(b'"', b'\\', &quoted[end..]) {
            end += found;
            if quoted[end] == b'"' {
                break;
            }
            end = (end + 2).min(quoted.len());
        }
        if quoted.get(end) != Some(&b'"') {
            end = quoted.len();
        }
        rest = quoted.get(end + 1..).unwrap_or_default();
        Some((key.trim_ascii(), &quoted[..end]))
    })
}

/// What `std::quoted` was given.
fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        plain.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    Cow::Owned(plain)
}
