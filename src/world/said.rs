//! What scripts said near what keepalived did: lines whose words are their author's, kept as context.
//!
//! A check that runs every two seconds says more in a day than the rest of a log, so only what stands beside an event of VRRP is kept.

use crate::event::{Daemon, Event, Fact, SiteFact};
use crate::moment::Moment;
use std::collections::VecDeque;
use std::sync::Arc;

/// A script that was started by an event speaks within this.
const BEHIND_MICROS: i64 = 30_000_000;
/// A check that failed spoke within this before the event.
const BEFORE_MICROS: i64 = 5_000_000;
/// Lines that wait for an event behind them.
const WAITING_MAX: usize = 8;
/// Lines kept of one event and those that follow it closely.
const EACH_MAX: usize = 16;
/// Lines kept of a node.
const ALL_MAX: usize = 1000;

/// The lines of one node.
#[derive(Debug, Clone, Default)]
pub struct Said {
    lines: Vec<Arc<Event>>,
    waiting: VecDeque<Arc<Event>>,
    /// The event that lines are kept of, and how many were.
    beside: Option<(Moment, usize)>,
}

impl Said {
    /// Whether a line is a script's, or keepalived's in words that nobody knows.
    #[must_use]
    pub fn is_of(fact: &Fact) -> bool {
        matches!(fact, Fact::Site { what: SiteFact::Note, .. } | Fact::Unrecognised(Daemon::Keepalived))
    }

    /// Takes an event of VRRP.
    pub(super) fn mark(&mut self, time: Moment) {
        if self.beside.is_none_or(|(begin, _)| time.micros_since(begin) > BEHIND_MICROS) {
            self.beside = Some((time, 0));
        }
        for line in std::mem::take(&mut self.waiting) {
            if time.micros_since(line.time) <= BEFORE_MICROS {
                self.keep(line);
            }
        }
    }

    /// Takes a line.
    pub(super) fn take(&mut self, line: &Arc<Event>) {
        let is_beside = self.beside.is_some_and(|(begin, _)| line.time.micros_since(begin) <= BEHIND_MICROS);
        if is_beside {
            return self.keep(Arc::clone(line));
        }
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Arc::clone(line));
    }

    fn keep(&mut self, line: Arc<Event>) {
        if let Some((_, kept)) = &mut self.beside
            && *kept < EACH_MAX
            && self.lines.len() < ALL_MAX
        {
            *kept += 1;
            self.lines.push(line);
        }
    }

    /// Whether a script spoke soon after a moment that had been silent before it: what speaks all the time was not started then.
    #[must_use]
    pub fn answers(&self, time: Moment) -> bool {
        let mut scripts = self.beside(time).filter(|line| matches!(line.fact, Fact::Site { .. })).peekable();
        scripts.peek().is_some_and(|line| line.time >= time)
    }

    /// The lines from just before a moment to the end of what an event at that moment may have started, in order.
    pub fn beside(&self, time: Moment) -> impl Iterator<Item = &Arc<Event>> {
        let span = -BEFORE_MICROS..=BEHIND_MICROS;
        self.lines.iter().filter(move |line| span.contains(&line.time.micros_since(time)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Origin, Text};
    use crate::moment::Precision;

    fn line(second: i64) -> Arc<Event> {
        let fact = Fact::Site { name: Text::from("script"), what: SiteFact::Note };
        let time = moment(second);
        let origin = Origin { path: Text::from("a.log"), line: None, cursor: None };
        let raw = Text::from("moved").into();
        Arc::new(Event { id: "script/line", fact, time, node: Text::from("a"), pid: None, repeated: 1, origin, raw })
    }

    fn moment(second: i64) -> Moment {
        Moment { micros: second * 1_000_000, precision: Precision::Second }
    }

    fn kept(said: &Said, second: i64) -> Vec<i64> {
        said.beside(moment(second)).map(|line| line.time.micros / 1_000_000).collect()
    }

    #[test]
    fn what_stands_beside_an_event_is_kept() {
        let mut said = Said::default();
        for second in [10, 97, 99] {
            said.take(&line(second));
        }
        said.mark(moment(100));
        for second in [101, 129, 131, 500] {
            said.take(&line(second));
        }
        assert_eq!(kept(&said, 100), [97, 99, 101, 129]);
        assert_eq!(kept(&said, 500), [0; 0]);
        assert!(!said.answers(moment(100)) && !said.answers(moment(500)));
    }

    #[test]
    fn a_script_that_was_silent_before_answers() {
        let mut said = Said::default();
        said.take(&line(10));
        said.mark(moment(100));
        said.take(&line(101));
        assert!(said.answers(moment(100)));
    }

    #[test]
    fn a_chatty_script_takes_no_more_than_its_room() {
        let mut said = Said::default();
        for second in 0..100_000 {
            if second % 40 == 0 {
                said.mark(moment(second));
            }
            said.take(&line(second));
        }
        assert_eq!(said.lines.len(), ALL_MAX);
        assert!(said.waiting.len() <= WAITING_MAX);
        assert_eq!(kept(&said, 40).len(), EACH_MAX);
    }
}
