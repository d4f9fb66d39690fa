//! What stands in a source already, read ahead of its lines for what tells their years.
//!
//! A log without years may tell its year in its last line only. Who is told what happened while the log is read again must not be told
//! another year first.

use super::Reached;
use crate::event::Text;
use crate::pipeline::Options;
use crate::pipeline::intake::Reader;
use crate::pipeline::unwrap::Unwrapper;
use crate::record::Record;
use crate::timeline::Survey;

/// A source that is being read ahead.
#[derive(Debug)]
pub struct Foresight {
    reader: Reader,
    unwrapper: Unwrapper,
    survey: Survey,
    reached: Reached,
    is_dated: bool,
}

impl Foresight {
    /// Of a source, before its first line.
    #[must_use]
    pub fn new(path: Text, node: Option<Text>, options: &Options) -> Self {
        let mut survey = Survey::new(path, node);
        // Nobody's clock is compared here.
        survey.is_of_a_node_alone();
        let reader = Reader::of_textless(&options.patterns);
        Self { reader, unwrapper: Unwrapper::default(), survey, reached: Reached::default(), is_dated: false }
    }

    /// Takes the next record.
    pub fn take(&mut self, record: &Record<'_>) {
        self.is_dated |= record.stamp.is_some_and(|stamp| stamp.year_known);
        let Self { reader, unwrapper, survey, .. } = self;
        unwrapper.feed(record, &mut |record| {
            reader.record(record, &mut |line| {
                survey.note(&line);
            });
        });
    }

    /// Takes how far it has been read.
    pub fn reached(&mut self, reached: Reached) {
        self.reached = reached;
    }

    /// Whether it is of no use: the stamps have years.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.is_dated
    }

    /// What it came to, and how many lines that is about.
    pub(super) fn told(self) -> (Survey, u64) {
        let Self { mut reader, mut unwrapper, mut survey, reached, .. } = self;
        unwrapper.flush(&mut |record| {
            reader.record(record, &mut |line| {
                survey.note(&line);
            });
        });
        survey.covers = reached.covers;
        survey.finish(reached.first, reached.last, reached.modified);
        (survey, reached.lines)
    }
}
