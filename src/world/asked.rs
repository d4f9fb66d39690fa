//! The addresses that secondaries ask. They are few, and nearly every line names one, so each has a number.

use crate::event::Text;
use ahash::RandomState;
use indexmap::IndexMap;
use std::num::NonZeroU32;

/// The number of an address, from 1 on: a copy that has none needs no more room.
pub(super) type Number = NonZeroU32;

/// Addresses that secondaries asked, with how often.
#[derive(Debug, Clone, Default)]
pub struct Asked(IndexMap<Text, u64, RandomState>);

impl Asked {
    /// Counts that an address was asked. `last` is the number of the one that was asked last of the same copy: mostly the same.
    pub(super) fn count(&mut self, address: &Text, last: Option<Number>) -> Number {
        if let (Some(number), Some((known, count))) = (last, last.and_then(|last| self.0.get_index_mut(place(last))))
            && known == address
        {
            *count += 1;
            return number;
        }
        let at = self.0.get_index_of(address).unwrap_or_else(|| self.0.insert_full(address.clone(), 0).0);
        self.0[at] += 1;
        let number = u32::try_from(at + 1).ok().and_then(Number::new);
        number.expect("no memory holds as many addresses")
    }

    /// The address of a number.
    pub(super) fn address(&self, number: Number) -> Option<&Text> {
        self.0.get_index(place(number)).map(|(address, _)| address)
    }

    /// Whether any secondary asked an address.
    #[must_use]
    pub fn contains(&self, address: &str) -> bool {
        self.0.contains_key(address)
    }

    /// All of them, with how often; in the order in which lines name them first.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, u64)> {
        self.0.iter().map(|(address, count)| (address, *count))
    }
}

fn place(number: Number) -> usize {
    number.get() as usize - 1
}
