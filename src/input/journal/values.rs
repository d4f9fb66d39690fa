//! What is known of a file's values, by where they stand: most entries share most of their fields, and a value is never written anew.

use super::super::entry::Field;

/// A value that was met.
#[derive(Debug)]
pub(super) enum Value {
    /// No record needs it.
    Other,
    /// `NAME=value`, and how long the name is.
    Needed { field: Field, name_bytes: usize, text: Box<[u8]> },
}

/// The values met last, each in one of two slots that its offset tells. So a look costs the same whatever the offsets are.
#[derive(Debug)]
pub(super) struct Values {
    /// By twos: the one met later first.
    slots: Vec<Option<(u64, Value)>>,
}

const SLOT_BITS: u32 = 12;
/// Longer ones are read each time: all that is kept is some 2 MiB.
const TEXT_BYTES_MAX: usize = 256;

impl Default for Values {
    fn default() -> Self {
        Self { slots: (0..2 << SLOT_BITS).map(|_| None).collect() }
    }
}

impl Values {
    #[inline]
    pub(super) fn get(&mut self, offset: u64) -> Option<&Value> {
        let first = slot(offset);
        let is_at = |slot: &Option<(u64, Value)>| slot.as_ref().is_some_and(|(known, _)| *known == offset);
        if !is_at(&self.slots[first]) {
            if !is_at(&self.slots[first + 1]) {
                return None;
            }
            self.slots.swap(first, first + 1);
        }
        self.slots[first].as_ref().map(|(_, value)| value)
    }

    /// Takes a value: its field, the length of its name and all of its text, if a record needs it.
    pub(super) fn add(&mut self, offset: u64, needed: Option<(Field, usize, &[u8])>) {
        let value = match needed {
            None => Value::Other,
            Some((_, _, text)) if text.len() > TEXT_BYTES_MAX => return,
            Some((field, name_bytes, text)) => Value::Needed { field, name_bytes, text: text.into() },
        };
        let first = slot(offset);
        self.slots.swap(first, first + 1);
        self.slots[first] = Some((offset, value));
    }
}

#[inline]
fn slot(offset: u64) -> usize {
    let mixed = (offset / 8).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (64 - SLOT_BITS)) as usize * 2
}

#[cfg(test)]
mod tests {
    use super::{Values, slot};

    #[test]
    fn what_is_met_often_outlives_what_is_met_once() {
        let mut values = Values::default();
        let of_one_slot: Vec<u64> = (0u64..).step_by(8).filter(|&offset| slot(offset) == slot(64)).take(100).collect();
        values.add(64, None);
        for &offset in of_one_slot.iter().filter(|&&offset| offset != 64) {
            values.add(offset, None);
            assert!(values.get(offset).is_some() && values.get(64).is_some());
        }
        assert!(values.get(of_one_slot[1]).is_none() || of_one_slot[1] == 64);
    }
}
