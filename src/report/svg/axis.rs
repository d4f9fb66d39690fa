//! Time from left to right, not to scale: a column for each moment that something stands at, wide enough for it, and gaps between them
//! that grow slowly with their length. Ten quiet days take as much room as their length in words does.

use super::super::timeline::SILENCE_MICROS_MIN;
use super::super::words;
use super::{LETTER, letters};
use crate::moment::Moment;
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// From here on the length of a gap is written.
const SAID_MICROS_MIN: i64 = 60_000_000;

pub(super) struct Axis {
    columns: Vec<Column>,
    pub(super) right: i64,
}

struct Column {
    at: Moment,
    left: i64,
    right: i64,
}

/// A gap whose length is written.
pub(super) struct Gap {
    pub(super) middle: i64,
    pub(super) words: String,
    /// Long enough to be cut.
    pub(super) is_cut: bool,
}

/// A moment with its name.
pub(super) struct Tick {
    pub(super) x: i64,
    /// Empty where the one before leaves no room.
    pub(super) clock: String,
    /// Where a day begins.
    pub(super) date: Option<String>,
}

impl Axis {
    /// `needed`: each moment and the width of what stands at it. Gaps share what is left of `room`.
    pub(super) fn new(needed: &BTreeMap<Moment, i64>, left: i64, room: i64) -> Self {
        let tight = Self::spread(needed, left, 0, 1);
        let gaps: i64 = tight.columns.windows(2).map(|pair| pair[1].left - pair[0].right).sum();
        let spare = (room - (tight.right - left)).clamp(0, 2 * gaps);
        if gaps == 0 { tight } else { Self::spread(needed, left, spare, gaps) }
    }

    fn spread(needed: &BTreeMap<Moment, i64>, left: i64, spare: i64, gaps: i64) -> Self {
        let mut columns: Vec<Column> = Vec::new();
        let mut x = left;
        for (at, width) in needed {
            if let Some(before) = columns.last_mut() {
                if before.at.micros == at.micros {
                    before.right = before.right.max(before.left + width);
                    x = before.right;
                    continue;
                }
                let gap = gap_width(before.at, *at);
                x += gap + gap * spare / gaps;
            }
            columns.push(Column { at: *at, left: x, right: x + width });
            x += width;
        }
        Self { columns, right: x }
    }

    /// Where a moment begins.
    pub(super) fn left(&self, moment: Moment) -> i64 {
        self.place(moment, |column| column.left)
    }

    /// Where it ends: what stands at one moment has a width.
    pub(super) fn right(&self, moment: Moment) -> i64 {
        self.place(moment, |column| column.right)
    }

    fn place(&self, moment: Moment, of: impl Fn(&Column) -> i64) -> i64 {
        let after = self.columns.partition_point(|column| column.at.micros < moment.micros);
        match (after.checked_sub(1).and_then(|before| self.columns.get(before)), self.columns.get(after)) {
            (_, Some(column)) if column.at.micros == moment.micros => of(column),
            (Some(before), Some(column)) => {
                let (all, part) = (column.at.micros_since(before.at), moment.micros_since(before.at));
                let share = i128::from(column.left - before.right) * i128::from(part) / i128::from(all.max(1));
                before.right + i64::try_from(share).unwrap_or(0)
            }
            (Some(before), None) => before.right,
            (None, Some(column)) => column.left,
            (None, None) => 0,
        }
    }

    pub(super) fn gaps(&self) -> Vec<Gap> {
        let pairs = self.columns.iter().zip(self.columns.iter().skip(1));
        pairs
            .filter(|(before, after)| after.at.micros_since(before.at) >= SAID_MICROS_MIN)
            .map(|(before, after)| Gap {
                middle: i64::midpoint(before.right, after.left),
                words: words::duration(before.at, after.at),
                is_cut: after.at.micros_since(before.at) >= SILENCE_MICROS_MIN,
            })
            .collect()
    }

    pub(super) fn ticks(&self, zone: Tz) -> Vec<Tick> {
        let (mut day, mut free) = (String::new(), i64::MIN);
        let mut named: Option<Moment> = None;
        let mut ticks = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let date = words::date(column.at, zone);
            let is_new_day = date != day;
            let clock = match named {
                Some(before) if !is_new_day => words::shortest_after(before, column.at, zone),
                Some(_) | None => words::clock(column.at, zone),
            };
            let x = i64::midpoint(column.left, column.right);
            let half = letters(&clock) * LETTER / 2;
            let clock = if x - half >= free || is_new_day {
                (free, named) = (x + half + LETTER, Some(column.at));
                clock
            } else {
                String::new()
            };
            ticks.push(Tick { x, clock, date: is_new_day.then(|| date.clone()) });
            day = date;
        }
        ticks
    }
}

fn gap_width(from: Moment, to: Moment) -> i64 {
    let micros = to.micros_since(from);
    let words = letters(&words::duration(from, to)) * LETTER;
    match micros {
        ..1_000_000 => 10,
        1_000_000..10_000_000 => 30,
        10_000_000..SAID_MICROS_MIN => 46,
        SAID_MICROS_MIN..SILENCE_MICROS_MIN => 46.max(words + 12),
        _ => words + 28,
    }
}
