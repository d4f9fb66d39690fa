//! Whose turn it is: several sources that are caught up at different speed → one stream, nearly in order of time.
//!
//! While a source still has old lines to give, no younger line of another one is taken: what was written while nobody read is judged in
//! the order in which it happened. A source that has nothing more to give keeps nobody waiting.

use std::collections::VecDeque;

/// Items of several sources, waiting for their turn.
#[derive(Debug)]
pub struct Turns<T> {
    lanes: Vec<Lane<T>>,
}

#[derive(Debug)]
struct Lane<T> {
    waiting: VecDeque<(i64, T)>,
    /// Nothing more for now, or for good.
    is_resting: bool,
    /// Time of its newest item: one without a time of its own follows it.
    newest: i64,
}

impl<T> Turns<T> {
    /// For so many sources, all of which have something to give.
    #[must_use]
    pub fn new(sources: usize) -> Self {
        let mut turns = Self { lanes: Vec::new() };
        (0..sources).for_each(|_| turns.add());
        turns
    }

    /// One more source.
    pub fn add(&mut self) {
        self.lanes.push(Lane { waiting: VecDeque::new(), is_resting: false, newest: i64::MIN });
    }

    /// An item of a source, in the source's order; `time` in microseconds, if it has one.
    pub fn push(&mut self, source: usize, time: Option<i64>, item: T) {
        let lane = &mut self.lanes[source];
        lane.newest = time.unwrap_or(lane.newest);
        lane.is_resting = false;
        lane.waiting.push_back((lane.newest, item));
    }

    /// A source has nothing more, for now or for good.
    pub fn rest(&mut self, source: usize) {
        self.lanes[source].is_resting = true;
    }

    /// How many items of a source wait.
    #[must_use]
    pub fn waiting(&self, source: usize) -> usize {
        self.lanes[source].waiting.len()
    }

    /// Whether every source has given what it has.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.lanes.iter().all(|lane| lane.is_resting && lane.waiting.is_empty())
    }

    /// The next item and its source; `None` while an earlier one may still come.
    pub fn take(&mut self) -> Option<(usize, T)> {
        let mut first: Option<(i64, usize)> = None;
        for (index, lane) in self.lanes.iter().enumerate() {
            match lane.waiting.front() {
                Some((time, _)) => first = Some(first.map_or((*time, index), |known| known.min((*time, index)))),
                None if lane.is_resting => {}
                None => return None,
            }
        }
        let (_, index) = first?;
        self.lanes[index].waiting.pop_front().map(|(_, item)| (index, item))
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;

    #[test]
    fn the_earlier_line_has_its_turn_first() {
        let mut turns = Turns::new(2);
        turns.push(0, Some(5), "late");
        assert_eq!(turns.take(), None, "the other source may have an earlier one");
        turns.push(1, Some(3), "early");
        turns.push(1, None, "its second line");
        assert_eq!((turns.take(), turns.take()), (Some((1, "early")), Some((1, "its second line"))));
        assert_eq!(turns.take(), None);
        turns.rest(1);
        assert_eq!(turns.take(), Some((0, "late")));
        turns.rest(0);
        assert!(turns.is_caught_up());
    }
}
