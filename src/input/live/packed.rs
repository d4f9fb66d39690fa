//! A packed file is whole: it is read as a batch reads it.

use super::super::error::Error;
use super::super::expand::modified;
use super::super::{Layer, Sizes};
use super::flow::Flow;
use super::position::{Mark, Place};
use super::{Arrival, Mark as Marked};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Reads what has not been given of it.
///
/// # Errors
/// It is no log.
pub(super) fn read(flow: &mut Flow<'_>, path: &Path, file: File, mut place: Place) -> Result<(), Error> {
    let Place::File { mark, given, known, .. } = &mut place else { return Ok(()) };
    // What was read before it was packed is counted again.
    let (given, before, is_read) = (*given, known.lines - known.lines.min(mark.records), *mark == Mark::END);
    if !is_read {
        *mark = Mark { records: mark.records, ..Mark::default() };
    }
    flow.go_to(place);
    // For want of anything better the year of its stamps.
    flow.progress.modified = file.metadata().ok().and_then(|metadata| modified(&metadata));
    if is_read {
        return Ok(());
    }
    let (interest, sizes): (_, Sizes) = (flow.interest, flow.sizes);
    let mut stream = Stoppable { file, stop: flow.stop };
    let layer = Layer { sizes, path: flow.path, location: Some(path), depth: 0, helpers: None };
    let (each, position, name) = (&mut *flow.each, &mut flow.position, flow.path);
    let result = layer.read(&mut stream, interest, &mut |record| {
        if record.line > given {
            let mark = Marked::Line(record.line);
            position.advance(&mark);
            each(Arrival::Record(name, record, mark));
        }
    });
    if flow.is_stopped() {
        return Ok(());
    }
    let mut summary = result?;
    flow.progress.format = summary.format;
    flow.progress.lines = before + summary.lines;
    flow.progress.first = flow.progress.first.or(summary.first);
    flow.progress.last = summary.last.or(flow.progress.last);
    flow.progress.covers = flow.progress.covers.or(summary.covers);
    for trouble in summary.troubles.drain(..) {
        (flow.each)(Arrival::Trouble(name, trouble));
    }
    if let Some(error) = summary.broken_off.take() {
        flow.broken(&error);
    }
    let now = flow.known(flow.reader);
    if let Place::File { mark, known, .. } = &mut flow.position.0 {
        *mark = Mark::END;
        *known = now;
    }
    flow.tell_position();
    Ok(())
}

struct Stoppable<'s> {
    file: File,
    stop: &'s AtomicBool,
}

impl Read for Stoppable<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("stopped"));
        }
        self.file.read(into)
    }
}
