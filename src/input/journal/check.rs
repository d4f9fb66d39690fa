//! Whether a journal file is whole: libsystemd would not say. All objects are walked over once, and every offset in them must
//! lead to a place where an object can be.

use super::super::Interest;
use super::data;
use super::file::{JournalFile, Kind, Object, u64_at};
use super::siphash::siphash24;

/// What a file is fit for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// The index can be trusted.
    Whole,
    /// Something in it is not what it should be, or the file is cut.
    Damaged,
}

/// journald may be in the middle of writing this many objects (an entry and what is new in it) when we look.
const OBJECTS_IN_FLIGHT_MAX: u64 = 64;

/// Looks through the file.
pub(super) fn check(file: &mut JournalFile, interest: &Interest) -> Condition {
    if is_whole(file, interest) { Condition::Whole } else { Condition::Damaged }
}

fn is_whole(file: &mut JournalFile, interest: &Interest) -> bool {
    let header = file.header;
    let (mut offset, header_is_believable) = file.first_object();
    let is_cut = header.size.saturating_add(header.arena) > file.length;
    if !header_is_believable || is_cut {
        return false;
    }
    let fields = match interest {
        Interest::Programs(programs) => programs.fields,
        Interest::All | Interest::AllKnowing(_) | Interest::Matching(_) => &[],
    };
    let (mut objects, mut entries) = (0, 0);
    while offset <= header.tail_object && header.objects > 0 {
        let in_flight = header.is_online && objects + OBJECTS_IN_FLIGHT_MAX >= header.objects;
        let Some(object) = file.object(offset) else { return in_flight };
        if !in_flight && !links_are_believable(file, &object, fields) {
            return false;
        }
        objects += 1;
        entries += u64::from(object.kind == Kind::Entry);
        offset = object.end();
    }
    header.is_online || (objects == header.objects && entries == header.entries)
}

fn links_are_believable(file: &mut JournalFile, object: &Object, fields: &[&str]) -> bool {
    match object.kind {
        Kind::Data => data_is_believable(file, object),
        Kind::Field => links(file, object, 24, 2) && field_is_believable(file, object, fields),
        Kind::Entry => {
            file.entry_head(object).is_some() && file.items(object).iter().all(|&offset| file.can_hold_object(offset))
        }
        Kind::HashTable => {
            let mut at = object.offset + 16;
            let mut part = [0; 4096];
            while at < object.offset + object.size {
                let length =
                    usize::try_from(object.offset + object.size - at).map_or(part.len(), |left| left.min(part.len()));
                if !file.copy(at, &mut part[..length])
                    || !(0..length / 8).all(|index| is_link(file, u64_at(&part, index * 8)))
                {
                    return false;
                }
                at += length as u64;
            }
            true
        }
        Kind::EntryArray => {
            let offsets = file.array(object);
            let used = offsets.iter().position(|&offset| offset == 0).unwrap_or(offsets.len());
            links(file, object, 16, 1)
                && offsets[..used].windows(2).all(|pair| pair[0] < pair[1])
                && offsets[used..].iter().all(|&offset| offset == 0)
                && offsets[..used].iter().all(|&offset| file.can_hold_object(offset))
        }
        Kind::Tag => true,
    }
}

fn is_link(file: &JournalFile, offset: u64) -> bool {
    offset == 0 || file.can_hold_object(offset)
}

/// `count` offsets, `from` bytes into the object.
fn links(file: &mut JournalFile, object: &Object, from: u64, count: u64) -> bool {
    (0..count).all(|index| file.u64_at(object.offset + from + index * 8).is_some_and(|offset| is_link(file, offset)))
}

/// Four links and the number of entries.
fn data_is_believable(file: &mut JournalFile, object: &Object) -> bool {
    let mut head = [0; 64];
    file.copy(object.offset, &mut head)
        && (0..4).all(|index| is_link(file, u64_at(&head, 24 + index * 8)))
        && u64_at(&head, 56) <= file.length / 64
}

/// The values of a field that we ask the index for are what they were when they were written: one garbled identifier would hide
/// all entries of its program.
fn field_is_believable(file: &mut JournalFile, object: &Object, fields: &[&str]) -> bool {
    let mut name = vec![0; usize::try_from(object.size - 40).unwrap_or_default().min(256)];
    if !file.copy(object.offset + 40, &mut name) {
        return false;
    }
    if !fields.iter().any(|field| field.as_bytes() == name) {
        return true;
    }
    let key = file.header.file_id;
    let mut next = file.u64_at(object.offset + 32).unwrap_or_default();
    let mut left = file.header.objects;
    while next != 0 {
        let Some(value) = file.object(next).filter(|value| value.kind == Kind::Data) else { return false };
        let Some(text) = data::payload(file, &value, usize::MAX) else { return false };
        let is_named = text.strip_prefix(name.as_slice()).is_some_and(|rest| rest.starts_with(b"="));
        let hash = file.u64_at(value.offset + 16);
        if !is_named || (file.header.is_keyed() && hash != Some(siphash24(&key, &text))) || left == 0 {
            return false;
        }
        left -= 1;
        next = file.u64_at(value.offset + 32).unwrap_or_default();
    }
    true
}
