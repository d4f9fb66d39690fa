//! Journal files read by ourselves, entry by entry: the damaged ones, of which libsystemd gives a part or nothing, without a
//! word. Objects are looked for from the beginning of the file to its end; behind damage, at every eighth byte.

use super::super::MAX_LINE_BYTES;
use super::super::entry::{Entry, Field, NAME_BYTES_MAX};
use super::data;
use super::file::JournalFile;
use super::object::{Kind, Object};
use super::{Cursor, Damage, Reader};
use std::collections::HashMap;
use std::rc::Rc;

/// Passes on each entry whose message can be read, in the order of their sequence numbers.
pub(super) fn read(file: &mut JournalFile, reader: &mut Reader<'_>) -> Damage {
    let entries = entries(file);
    let mut damage = Damage { read: 0, in_part: 0, expected: 0 };
    let mut values = Values::default();
    let mut entry = Entry::default();
    let mut lost = 0;
    for (seqnum, offset) in entries {
        let Some((cursor, missing)) = take(file, offset, &mut values, &mut entry) else {
            lost += 1;
            continue;
        };
        if missing > 0 && entry.value(Field::Message).is_none() {
            lost += 1;
            continue;
        }
        damage.read += 1;
        damage.in_part += u64::from(missing > 0);
        if !reader.is_double(Cursor::parse(&cursor).as_ref()) {
            entry.begin(seqnum);
            entry.deliver(reader.interest, reader.summary, reader.each);
        }
    }
    // The header may be what is damaged: an entry takes more than 64 bytes.
    let promised = Some(file.header.entries).filter(|&count| count <= file.length / 64).unwrap_or_default();
    damage.expected = promised.max(damage.read + lost);
    damage
}

/// Sequence number and offset of all entries that can be found, in order.
pub(super) fn entries(file: &mut JournalFile) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    let (mut offset, _) = file.first_object();
    let mut in_step = true;
    while offset < file.length {
        let object = if in_step { file.object(offset) } else { resumed(file, offset) };
        let Some(object) = object else {
            in_step = false;
            offset = file.next_byte(offset + 8);
            continue;
        };
        let head = file.entry_head(&object);
        found.extend(head.map(|head| (head.seqnum, offset)));
        // A size that was hit leads anywhere: what it passes over is looked at, unless an object stands where it leads.
        let is_sound = object.kind != Kind::Entry || head.is_some();
        in_step = is_sound && file.object(object.end()).is_some();
        offset = if in_step { object.end() } else { offset + 8 };
    }
    found.sort_unstable();
    found.dedup_by_key(|(seqnum, _)| *seqnum);
    found
}

/// An object behind damage: text can look like one by chance, so the next one must stand right behind it, or it must be an entry
/// whose fields are data.
fn resumed(file: &mut JournalFile, offset: u64) -> Option<Object> {
    let object = file.object(offset)?;
    if object.kind == Kind::Entry && file.entry_head(&object).is_some() {
        let first = *file.items(&object).first()?;
        return file.object(first).filter(|data| data.kind == Kind::Data).map(|_| object);
    }
    file.object(object.end()).map(|_| object)
}

/// Fills `entry`; gives its cursor and how many of its fields could not be read.
fn take(file: &mut JournalFile, offset: u64, values: &mut Values, entry: &mut Entry) -> Option<(String, u64)> {
    let object = file.object(offset)?;
    let head = file.entry_head(&object)?;
    let cursor = head.cursor(file.header.seqnum_id);
    entry.clear();
    entry.begin(head.seqnum);
    entry.set(b"__CURSOR", cursor.as_bytes());
    entry.set(b"__REALTIME_TIMESTAMP", head.realtime.to_string().as_bytes());
    let mut missing = 0;
    for at in file.items(&object) {
        match values.get(file, at) {
            Some(Value::Needed(text)) => {
                if let Some(end) = memchr::memchr(b'=', &text) {
                    entry.set(&text[..end], &text[end + 1..]);
                }
            }
            Some(Value::Other) => {}
            None => missing += 1,
        }
    }
    Some((cursor, missing))
}

/// What was read last: most entries share most of their fields.
#[derive(Debug, Default)]
struct Values {
    known: HashMap<u64, Option<Value>>,
    bytes: usize,
}

#[derive(Debug, Clone)]
enum Value {
    /// `NAME=value` of a field that records need.
    Needed(Rc<[u8]>),
    Other,
}

/// 16 MiB, and as much again for what stands round it.
const VALUE_BYTES_KEPT: usize = 16 * 1024 * 1024;

impl Values {
    fn get(&mut self, file: &mut JournalFile, offset: u64) -> Option<Value> {
        if let Some(known) = self.known.get(&offset) {
            return known.clone();
        }
        let value = value(file, offset);
        self.bytes += 64
            + value.as_ref().map_or(0, |value| match value {
                Value::Needed(text) => text.len(),
                Value::Other => 0,
            });
        if self.bytes > VALUE_BYTES_KEPT {
            self.known.clear();
            self.bytes = 0;
        }
        self.known.insert(offset, value.clone());
        value
    }
}

fn value(file: &mut JournalFile, offset: u64) -> Option<Value> {
    let object = file.object(offset).filter(|object| object.kind == Kind::Data)?;
    if object.flags == 0 {
        // The name is enough to pass over the many fields that nobody needs.
        let head = data::payload(file, &object, NAME_BYTES_MAX + 1)?;
        let name = &head[..memchr::memchr(b'=', &head)?];
        if !is_name(name) {
            return None;
        }
        if Field::named(name).is_none() {
            return Some(Value::Other);
        }
    }
    let text = data::payload(file, &object, MAX_LINE_BYTES + NAME_BYTES_MAX + 1)?;
    let name = &text[..memchr::memchr(b'=', &text)?];
    if !is_name(name) {
        return None;
    }
    Some(if Field::named(name).is_some() { Value::Needed(text.into()) } else { Value::Other })
}

pub(super) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}
