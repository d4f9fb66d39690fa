//! Whether a journal file is whole: libsystemd would not say. All objects are walked over once, and every offset in them must
//! lead to a place where an object can be.

use super::super::Interest;
use super::data;
use super::file::JournalFile;
use super::object::{HEADER_BYTES_MIN, Kind, Object, u64_at};
use super::siphash::siphash24;
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What a file is fit for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody has begun.
    Open,
    /// Could not be opened once more: it is left to the one who has it open.
    Left,
    Begun,
    Done(Condition),
}

impl<'p> Checks<'p> {
    /// Of these files.
    pub(super) fn of(places: Vec<&'p Path>) -> Self {
        let states = Mutex::new(vec![State::Open; places.len()]);
        Self { places, states, changed: Condvar::new() }
    }

    /// What the file with this index is fit for.
    pub(super) fn condition(&self, index: usize, file: &mut JournalFile, interest: &Interest) -> Condition {
        let is_begun = |states: &mut Vec<State>| states[index] == State::Begun;
        let states = self.changed.wait_while(self.states(), is_begun);
        let mut states = states.unwrap_or_else(PoisonError::into_inner);
        if let State::Done(condition) = states[index] {
            return condition;
        }
        states[index] = State::Begun;
        drop(states);
        let condition = check(file, interest);
        self.states()[index] = State::Done(condition);
        condition
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
        let Some(index) = states.iter().position(|state| *state == State::Open) else { return false };
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

/// Longer values of an identifier or a unit's name are not hashed.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// Looks through the file.
fn check(file: &mut JournalFile, interest: &Interest) -> Condition {
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
    let mut items = Vec::new();
    while offset <= header.tail_object && header.objects > 0 {
        let in_flight = header.is_online && objects + OBJECTS_IN_FLIGHT_MAX >= header.objects;
        let Some(object) = file.object(offset) else { return in_flight };
        if !in_flight && !links_are_believable(file, &object, fields, &mut items) {
            return false;
        }
        objects += 1;
        entries += u64::from(object.kind == Kind::Entry);
        offset = object.end();
    }
    header.is_online || (objects == header.objects && entries == header.entries)
}

fn links_are_believable(file: &mut JournalFile, object: &Object, fields: &[&str], items: &mut Vec<u64>) -> bool {
    match object.kind {
        Kind::Data => data_is_believable(file, object),
        Kind::Field => has_links(file, object) && field_is_believable(file, object, fields),
        Kind::Entry => {
            file.items_into(object, items);
            file.entry_head(object).is_some() && items.iter().all(|&offset| file.can_hold_object(offset))
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
            let next = file.u64_at(object.offset + 16);
            next.is_some_and(|next| leads_forward(file, object, next)) && array_is_believable(file, object)
        }
        Kind::Tag => true,
    }
}

/// Entries in the order in which they were written, then unused places.
fn array_is_believable(file: &mut JournalFile, array: &Object) -> bool {
    let (is_compact, length) = (file.header.is_compact(), file.length);
    let step = if is_compact { 4 } else { 8 };
    let mut rising = Rising { last: HEADER_BYTES_MIN - 1, has_ended: false, length };
    let mut part = [0; 4096];
    let (mut at, end) = (array.offset + 24, array.offset + array.size);
    while at + step <= end {
        let room = part.len() as u64;
        let count = usize::try_from((end - at).min(room) / step * step).unwrap_or_default();
        if !file.copy(at, &mut part[..count]) {
            return false;
        }
        let goes_on = if is_compact {
            part[..count].as_chunks().0.iter().all(|place| rising.takes(u64::from(u32::from_le_bytes(*place))))
        } else {
            part[..count].as_chunks().0.iter().all(|place| rising.takes(u64::from_le_bytes(*place)))
        };
        if !goes_on {
            return false;
        }
        at += count as u64;
    }
    true
}

/// Offsets of entries, each behind the one before it; zeros behind the last. Every field of every entry is in such a list: this is
/// where a check spends its time.
struct Rising {
    last: u64,
    has_ended: bool,
    length: u64,
}

impl Rising {
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

fn is_link(file: &JournalFile, offset: u64) -> bool {
    offset == 0 || file.can_hold_object(offset)
}

/// The next field in the index, and the newest value.
fn has_links(file: &mut JournalFile, field: &Object) -> bool {
    [24, 32].into_iter().all(|at| file.u64_at(field.offset + at).is_some_and(|offset| is_link(file, offset)))
}

/// Four links and the number of entries. Chains lead forward, but for the one from a field to its older values: what leads the
/// other way is damage, or a circle made on purpose.
fn data_is_believable(file: &mut JournalFile, object: &Object) -> bool {
    let Some(head) = file.bytes_at::<64>(object.offset) else { return false };
    let [next_hash, older, entry, entry_array] = [24, 32, 40, 48].map(|at| u64_at(&head, at));
    [next_hash, entry, entry_array].into_iter().all(|offset| leads_forward(file, object, offset))
        && is_link(file, older)
        && older < object.offset
        && u64_at(&head, 56) <= file.length / 64
}

fn leads_forward(file: &JournalFile, object: &Object, offset: u64) -> bool {
    offset == 0 || (offset > object.offset && file.can_hold_object(offset))
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
