//! journald numbers its entries: numbers that are missing between two entries of a source are entries that are not in it.

use crate::record::Stamp;

/// Gaps that are told one by one.
const GAPS_KEPT: usize = 5;
/// A source that lacks more than every tenth of the entries it spans was filtered (`journalctl -u`), which is no loss.
const FILTERED_SHARE: u64 = 10;

/// Entries that are missing between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// How many.
    pub entries: u64,
    /// Stamp of the entry before.
    pub after: Option<Stamp>,
    /// Stamp of the entry behind.
    pub before: Option<Stamp>,
}

/// The numbers of a source's entries, in the order in which they stand.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    /// The journal that numbers (`s=` of the cursor), the last number and its stamp.
    last: Option<([u8; 32], u64, Option<Stamp>)>,
    entries: u64,
    missing: u64,
    /// The largest gaps.
    gaps: Vec<Gap>,
}

impl Sequence {
    /// Takes the next entry.
    pub(super) fn note(&mut self, cursor: &[u8], stamp: Option<Stamp>) {
        let Some((journal, number)) = parse(cursor) else { return };
        self.entries += 1;
        if let Some((known, last, after)) = self.last
            && known == journal
        {
            // `journalctl -r` counts down.
            let entries = number.abs_diff(last).saturating_sub(1);
            if entries > 0 {
                self.missing = self.missing.saturating_add(entries);
                let (after, before) = if number > last { (after, stamp) } else { (stamp, after) };
                self.keep(Gap { entries, after, before });
            }
        }
        self.last = Some((journal, number, stamp));
    }

    fn keep(&mut self, gap: Gap) {
        self.gaps.push(gap);
        if self.gaps.len() > GAPS_KEPT {
            let least = self.gaps.iter().enumerate().min_by_key(|(_, gap)| gap.entries).map(|(at, _)| at);
            least.map(|at| self.gaps.remove(at));
        }
    }

    /// Entries read and entries missing, where so many are missing that the source was filtered.
    #[must_use]
    pub fn filtered(&self) -> Option<(u64, u64)> {
        (self.missing > 0 && self.missing.saturating_mul(FILTERED_SHARE) > self.entries)
            .then_some((self.entries, self.missing))
    }

    /// The largest gaps in a source that was not filtered, in the order of the source.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        if self.filtered().is_some() { &[] } else { &self.gaps }
    }

    /// Entries missing in all.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }
}

/// `s=` and `i=` of a cursor: which journal numbers, and the number.
fn parse(cursor: &[u8]) -> Option<([u8; 32], u64)> {
    let field = |name: &[u8]| {
        cursor.split(|byte| *byte == b';').find_map(|part| part.strip_prefix(name).filter(|value| !value.is_empty()))
    };
    let journal = field(b"s=")?.try_into().ok()?;
    let number = std::str::from_utf8(field(b"i=")?).ok()?;
    Some((journal, u64::from_str_radix(number, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::Sequence;

    fn sequence(numbers: impl IntoIterator<Item = u64>) -> Sequence {
        let mut sequence = Sequence::default();
        for number in numbers {
            let cursor = format!("s=b3b602293a7546d191ea7b33dbf98c1f;i={number:x};b=0");
            sequence.note(cursor.as_bytes(), None);
        }
        sequence
    }

    #[test]
    fn numbers_that_are_missing_are_entries_that_are() {
        let holed = sequence((1..100).filter(|number| !(40..45).contains(number)));
        assert_eq!((holed.missing(), holed.gaps().len(), holed.filtered()), (5, 1, None));
        assert_eq!(sequence((1..100).rev()).missing(), 0);
    }

    #[test]
    fn a_filtered_journal_has_no_gaps() {
        let filtered = sequence((1..100).step_by(3));
        assert_eq!((filtered.gaps().len(), filtered.filtered()), (0, Some((33, 64))));
    }
}
