//! Whether a journal file is whole: libsystemd would not say. All objects are walked over once, and every offset in them must
//! lead to a place where an object can be. What is of interest in the file is worked out on the way.

use super::super::Interest;
use super::choice::{Choice, Place, VALUE_BYTES_MAX, first_half, items};
use super::data;
use super::file::JournalFile;
use super::object::{
    ARRAY_HEAD_BYTES, EntryHead, HEADER_BYTES_MIN, Header, Kind, OBJECT_HEADER_BYTES, Object, can_hold_object, u64_at,
};
use super::siphash::siphash24;
use super::window::{WINDOW_BYTES, Window};
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What a file is fit for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// It is as journald writes it, and these are its entries of interest.
    Plain(Vec<Place>),
    /// The index can be trusted.
    Whole,
    /// Something in it is not what it should be, or the file is cut.
    Damaged,
}

/// The checks of a journal's files, each made once by whoever comes first.
pub(super) struct Checks<'p> {
    places: Vec<&'p Path>,
    states: Mutex<Vec<State>>,
    changed: Condvar,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Nobody has begun.
    Open,
    /// Could not be opened once more: it is left to the one who has it open.
    Left,
    Begun,
    Done(Condition),
    /// The reader has it.
    Told,
}

/// Files that may be checked before the reader has come to them: what is of interest in each is kept until then.
const FILES_AHEAD: usize = 4;

impl<'p> Checks<'p> {
    /// Of these files.
    pub(super) fn of(places: Vec<&'p Path>) -> Self {
        let states = Mutex::new(places.iter().map(|_| State::Open).collect());
        Self { places, states, changed: Condvar::new() }
    }

    /// What the file with this index is fit for; it is asked once, and in the order of the files. While somebody else is at it, the
    /// next ones are checked.
    pub(super) fn condition(&self, index: usize, file: &mut JournalFile, interest: &Interest) -> Condition {
        let is_at_it = || matches!(self.states()[index], State::Begun);
        while is_at_it() && self.check_one(interest) {}
        let is_begun = |states: &mut Vec<State>| states[index] == State::Begun;
        let states = self.changed.wait_while(self.states(), is_begun);
        let mut states = states.unwrap_or_else(PoisonError::into_inner);
        if let State::Done(condition) = std::mem::replace(&mut states[index], State::Told) {
            return condition;
        }
        drop(states);
        check(file, interest)
    }

    /// The next part that comes in, `None` after the last one; as long as there is none, files are checked.
    pub(super) fn check_until<T>(&self, parts: &Receiver<T>, interest: &Interest) -> Option<T> {
        loop {
            match parts.try_recv() {
                Ok(part) => return Some(part),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if !self.check_one(interest) {
                return parts.recv().ok();
            }
        }
    }

    /// Checks a file that nobody has begun with; says whether there was one.
    fn check_one(&self, interest: &Interest) -> bool {
        let mut states = self.states();
        let told = states.iter().take_while(|state| **state == State::Told).count();
        let near = &states[..states.len().min(told + FILES_AHEAD)];
        let Some(index) = near.iter().position(|state| *state == State::Open) else { return false };
        states[index] = State::Begun;
        drop(states);
        let state = match super::open(self.places[index]) {
            Ok(mut file) => State::Done(check(&mut file, interest)),
            Err(_) => State::Left,
        };
        self.states()[index] = state;
        self.changed.notify_all();
        true
    }

    fn states(&self) -> MutexGuard<'_, Vec<State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// journald may be in the middle of writing this many objects (an entry and what is new in it) when we look.
const OBJECTS_IN_FLIGHT_MAX: u64 = 64;

/// Looks through the file.
fn check(file: &mut JournalFile, interest: &Interest) -> Condition {
    let mut choice = Choice::new(interest, &file.header);
    let Some(is_counted) = walk(file, &mut choice) else { return Condition::Damaged };
    if let Some(entries) = choice.made().filter(|_| is_counted) {
        return Condition::Plain(entries);
    }
    let fields = match interest {
        Interest::Programs(programs) => programs.fields,
        Interest::All | Interest::AllKnowing(_) | Interest::Matching(_) => &[],
    };
    let is_whole = fields.is_empty() || fields_are_believable(file, fields);
    if is_whole { Condition::Whole } else { Condition::Damaged }
}

/// Walks over all objects; `None` if one of them is damaged. Else whether there are as many as the header says.
fn walk(file: &JournalFile, choice: &mut Choice<'_>) -> Option<bool> {
    let header = file.header;
    let (mut offset, header_is_believable) = file.first_object();
    let is_cut = header.size.saturating_add(header.arena) > file.length;
    if !header_is_believable || is_cut {
        return None;
    }
    let (mut objects, mut entries) = (0, 0);
    let mut window = Window::default();
    while offset <= header.tail_object && header.objects > 0 {
        let in_flight = is_in_flight(&header, objects);
        let Some((object, bytes)) = window.object(file, offset) else { return in_flight.then_some(false) };
        let links_are_believable = match object.kind {
            Kind::Data => {
                choice.data(&header, &object, bytes);
                data_is_believable(file.length, &object, bytes)
            }
            Kind::Field => {
                choice.field(&object, bytes);
                // The next field in the index, and the newest value.
                is_link(u64_at(bytes, 24), file.length) && is_link(u64_at(bytes, 32), file.length)
            }
            Kind::Entry => {
                choice.entry(&header, &object, bytes);
                entry_is_believable(file, &object, bytes)
            }
            Kind::HashTable => in_flight || table_is_believable(&mut window, file, &object),
            Kind::EntryArray => in_flight || array_is_believable(&mut window, file, &object),
            Kind::Tag => true,
        };
        if !in_flight && !links_are_believable {
            return None;
        }
        objects += 1;
        entries += u64::from(object.kind == Kind::Entry);
        offset = object.end();
    }
    let is_counted = objects == header.objects && entries == header.entries;
    (header.is_online || is_counted).then_some(is_counted)
}

fn is_in_flight(header: &Header, objects_before: u64) -> bool {
    header.is_online && objects_before + OBJECTS_IN_FLIGHT_MAX >= header.objects
}

#[inline]
fn is_link(offset: u64, length: u64) -> bool {
    offset == 0 || can_hold_object(offset, length)
}

/// Four links and the number of entries. Chains lead forward, but for the one from a field to its older values: what leads the
/// other way is damage, or a circle made on purpose.
fn data_is_believable(length: u64, object: &Object, bytes: &[u8]) -> bool {
    let (next_hash, older) = (u64_at(bytes, 24), u64_at(bytes, 32));
    let (entry, entry_array) = (u64_at(bytes, 40), u64_at(bytes, 48));
    leads_forward(length, object, next_hash)
        && leads_forward(length, object, entry)
        && leads_forward(length, object, entry_array)
        && is_link(older, length)
        && older < object.offset
        && u64_at(bytes, 56) <= length / 64
}

#[inline]
fn leads_forward(length: u64, object: &Object, offset: u64) -> bool {
    offset == 0 || (offset > object.offset && can_hold_object(offset, length))
}

/// Its own numbers can be true, and all its fields can be objects.
fn entry_is_believable(file: &JournalFile, object: &Object, bytes: &[u8]) -> bool {
    let (header, length) = (&file.header, file.length);
    let head = bytes.first_chunk().and_then(|head| EntryHead::parse(head, object.size, header));
    let items = items(header, object, bytes);
    // All are looked at, so that many are at once.
    let mut are_believable = head.is_some();
    if header.is_compact() {
        let items = items.as_chunks().0.iter().map(|item| u32::from_le_bytes(*item).into());
        items.for_each(|item| are_believable &= can_hold_object(item, length));
    } else {
        items.as_chunks().0.iter().for_each(|item| are_believable &= can_hold_object(first_half(item), length));
    }
    are_believable
}

/// Gives the parts of what stands between two offsets to `takes`, each a multiple of 8 bytes long, until it does not take one.
fn all_parts(
    window: &mut Window,
    file: &JournalFile,
    (from, to): (u64, u64),
    mut takes: impl FnMut(&[u8]) -> bool,
) -> bool {
    let mut at = from;
    while at < to {
        let left = usize::try_from(to - at).unwrap_or(WINDOW_BYTES);
        let Some(held) = window.from(file, at, left.min(8)) else { return false };
        let count = if left <= held.len() { left } else { held.len() & !7 };
        if !takes(&held[..count]) {
            return false;
        }
        at += count as u64;
    }
    true
}

fn table_is_believable(window: &mut Window, file: &JournalFile, table: &Object) -> bool {
    let between = (table.offset + OBJECT_HEADER_BYTES, table.offset + table.size);
    all_parts(window, file, between, |part| {
        let mut are_links = true;
        part.as_chunks().0.iter().for_each(|link| are_links &= is_link(u64::from_le_bytes(*link), file.length));
        are_links
    })
}

/// Entries in the order in which they were written, then unused places.
fn array_is_believable(window: &mut Window, file: &JournalFile, array: &Object) -> bool {
    let Some(next) = window.from(file, array.offset, 24).map(|head| u64_at(head, 16)) else { return false };
    let mut rising = Rising { last: HEADER_BYTES_MIN - 1, has_ended: false, length: file.length };
    let between = (array.offset + ARRAY_HEAD_BYTES, array.offset + array.size);
    leads_forward(file.length, array, next)
        && if file.header.is_compact() {
            all_parts(window, file, between, |part| {
                rising.takes_all(part.as_chunks().0, |place| u32::from_le_bytes(place).into())
            })
        } else {
            all_parts(window, file, between, |part| rising.takes_all(part.as_chunks().0, u64::from_le_bytes))
        }
}

/// Offsets of entries, each behind the one before it; zeros behind the last. Every field of every entry is in such a list: this is
/// where a check spends its time.
struct Rising {
    last: u64,
    has_ended: bool,
    length: u64,
}

impl Rising {
    /// Takes the next places of a list; says whether they go on as they should.
    fn takes_all<const N: usize>(&mut self, places: &[[u8; N]], offset: impl Fn([u8; N]) -> u64) -> bool {
        let Some(last) = places.last().map(|place| offset(*place)) else { return true };
        if last == 0 || self.has_ended {
            return places.iter().all(|place| self.takes(offset(*place)));
        }
        // All are looked at, so that many are at once: if they rise, the first and the last tell where all are.
        let rise = places.windows(2).fold(true, |rise, two| rise & (offset(two[0]) < offset(two[1])));
        let bits = places.iter().fold(0, |bits, place| bits | offset(*place));
        let goes_on = rise && bits.is_multiple_of(8) && offset(places[0]) > self.last && last < self.length;
        self.last = last;
        goes_on
    }

    fn takes(&mut self, offset: u64) -> bool {
        if offset == 0 {
            self.has_ended = true;
            return true;
        }
        let goes_on = offset > self.last && offset < self.length && offset.is_multiple_of(8) && !self.has_ended;
        self.last = offset;
        goes_on
    }
}

/// Looks at the values of the fields by following the chain of each; those that are being written are not looked at.
fn fields_are_believable(file: &mut JournalFile, fields: &[&str]) -> bool {
    let header = file.header;
    let (mut offset, mut objects) = (header.size, 0);
    while offset <= header.tail_object && header.objects > 0 && !is_in_flight(&header, objects) {
        let Some(object) = file.object(offset) else { return false };
        if object.kind == Kind::Field && !field_is_believable(file, &object, fields) {
            return false;
        }
        objects += 1;
        offset = object.end();
    }
    true
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
    while next != 0 {
        let Some(value) = file.object(next).filter(|value| value.kind == Kind::Data) else { return false };
        let Some(text) = data::payload(file, &value, VALUE_BYTES_MAX) else { return false };
        let is_named = text.strip_prefix(name.as_slice()).is_some_and(|rest| rest.starts_with(b"="));
        let hash = file.u64_at(value.offset + 16);
        let can_be_hashed = file.header.is_keyed() && text.len() < VALUE_BYTES_MAX;
        let older = file.u64_at(value.offset + 32).unwrap_or_default();
        if !is_named || (can_be_hashed && hash != Some(siphash24(&key, &text))) || older >= next {
            return false;
        }
        next = older;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Rising;

    /// Looked at many at once or one by one, lists are taken alike.
    #[test]
    fn lists_rise_and_then_end() {
        let lists: [(&[u64], bool); 9] = [
            (&[], true),
            (&[208], true),
            (&[200], false),
            (&[208, 216, 304], true),
            (&[208, 208], false),
            (&[208, 220, 304], false),
            (&[208, 0, 304], false),
            (&[208, 304, 0, 0], true),
            (&[208, 1000], false),
        ];
        for (list, expected) in lists {
            for cut in 0..=list.len() {
                let places: Vec<[u8; 8]> = list.iter().map(|offset| offset.to_le_bytes()).collect();
                let mut rising = Rising { last: 207, has_ended: false, length: 1000 };
                let (before, behind) = places.split_at(cut);
                let goes_on =
                    rising.takes_all(before, u64::from_le_bytes) && rising.takes_all(behind, u64::from_le_bytes);
                assert_eq!(goes_on, expected, "{list:?} {cut}");
            }
        }
    }
}
