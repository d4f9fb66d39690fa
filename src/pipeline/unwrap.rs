//! Records that somebody wrapped: a mail, a wiki, a terminal. What stands on the next lines, without a head, belongs to the line
//! above if that is no message without it and is one with it, or if a backslash says so.

use super::kept::Kept;
use crate::catalogue::{daemon_of, is_whole};
use crate::event::Daemon;
use crate::input::{self, Error, Interest, Source, Summary};
use crate::record::Record;

/// Lines that one record may be wrapped over, after its first.
const FURTHER_MAX: usize = 6;
/// A longer line is not a wrapped one.
const LINE_BYTES_MAX: usize = 2_000;

/// Reads a source as [`input::read`] does, wrapped records put together.
///
/// # Errors
/// As of [`input::read`].
pub(crate) fn read(source: &Source, interest: &Interest, each: &mut dyn FnMut(&Record<'_>)) -> Result<Summary, Error> {
    let mut unwrapper = Unwrapper::default();
    let summary = input::read(source, interest, &mut |record| unwrapper.feed(record, each))?;
    unwrapper.flush(each);
    Ok(summary)
}

/// Gives what [`read`] gave once more, as [`input::read_again`] does.
pub(super) fn read_again(source: &Source, interest: &Interest, each: &mut dyn FnMut(&Record<'_>)) {
    let mut unwrapper = Unwrapper::default();
    input::read_again(source, interest, &mut |record| unwrapper.feed(record, each));
    unwrapper.flush(each);
}

/// Hands records on, a wrapped one as one; the lines that were taken into it follow as records without a message, so that
/// every line still gives one.
#[derive(Debug, Default)]
pub(super) struct Unwrapper {
    is_holding: bool,
    held: Kept,
    further: Vec<Kept>,
}

impl Unwrapper {
    /// Takes the next record of a source.
    pub(super) fn feed(&mut self, record: &Record<'_>, each: &mut dyn FnMut(&Record<'_>)) {
        if self.is_holding {
            if self.may_go_on(record) {
                self.further.push(Kept::whole(record));
                return;
            }
            self.flush(each);
        }
        if !record.stands_alone && may_be_wrapped(record) {
            self.held.set(record);
            self.is_holding = true;
        } else {
            each(record);
        }
    }

    /// Hands on what is held if no further line can change it; no next line has come yet.
    pub(super) fn rest(&mut self, each: &mut dyn FnMut(&Record<'_>)) {
        if self.is_holding
            && self.further.is_empty()
            && self.is_message(self.held.message())
            && !goes_on(self.held.message())
        {
            self.flush(each);
        }
    }

    /// What is held, for another one to go on with.
    pub(super) fn held(&self) -> (Option<&Kept>, &[Kept]) {
        (self.is_holding.then_some(&self.held), &self.further)
    }

    /// Goes on where another one was.
    pub(super) fn hold(&mut self, held: Option<Kept>, further: Vec<Kept>) {
        self.is_holding = held.is_some();
        self.held = held.unwrap_or_default();
        self.further = further;
    }

    /// Hands on what is still held.
    pub(super) fn flush(&mut self, each: &mut dyn FnMut(&Record<'_>)) {
        if !std::mem::take(&mut self.is_holding) {
            return;
        }
        let taken = if self.further.is_empty() { 0 } else { self.wrapped_over() };
        if taken == 0 {
            each(&self.held.borrowed());
        } else {
            let message = joined(self.held.message(), &self.further[..taken]);
            let mut raw = self.held.borrowed().raw.to_vec();
            for line in &self.further[..taken] {
                raw.push(b'\n');
                raw.extend_from_slice(line.borrowed().raw);
            }
            each(&Record { message: &message, raw: &raw, ..self.held.borrowed() });
        }
        for (at, line) in self.further.drain(..).enumerate() {
            let record = line.borrowed();
            each(&if at < taken { Record { message: b"", ..record } } else { record });
        }
    }

    fn may_go_on(&self, record: &Record<'_>) -> bool {
        let above = self.further.last().map_or(self.held.line, |line| line.line);
        !record.has_head()
            && record.line == above + 1
            && self.further.len() < FURTHER_MAX
            && record.raw.len() <= LINE_BYTES_MAX
            && !record.raw.trim_ascii().is_empty()
    }

    /// Whether a text is a whole message of the daemon that wrote the held line.
    fn is_message(&self, text: &[u8]) -> bool {
        let held = self.held.borrowed();
        match daemon_of(held.identifier, held.unit) {
            Some(daemon) => is_whole(daemon, text),
            None => is_whole(Daemon::Pdns, text) || is_whole(Daemon::Keepalived, text),
        }
    }

    /// How many of the further lines belong to the held one.
    fn wrapped_over(&self) -> usize {
        let marked = std::iter::once(self.held.message()).chain(self.further.iter().map(Kept::message));
        let marked = marked.take_while(|line| goes_on(line)).count();
        if marked > 0 {
            return marked.min(self.further.len());
        }
        let is_message = |text: &[u8]| self.is_message(text);
        if is_message(self.held.message()) {
            return 0;
        }
        // A line that is a message of its own is no part of another.
        let own = self.further.iter().take_while(|line| !is_message(line.message())).count();
        (1..=own).find(|count| is_message(&joined(self.held.message(), &self.further[..*count]))).unwrap_or(0)
    }
}

/// Whether a line says itself that it goes on.
fn goes_on(line: &[u8]) -> bool {
    line.trim_ascii_end().ends_with(b"\\")
}

/// A line of one of the daemons, or one that says itself that it goes on.
fn may_be_wrapped(record: &Record<'_>) -> bool {
    let is_short = record.raw.len() <= LINE_BYTES_MAX && record.cursor.is_none() && record.stamp.is_some();
    let is_headless = record.identifier.is_none() && record.unit.is_none();
    is_short && (is_headless || daemon_of(record.identifier, record.unit).is_some())
}

fn joined(first: &[u8], further: &[Kept]) -> Vec<u8> {
    let mut text = Vec::new();
    for part in std::iter::once(first).chain(further.iter().map(Kept::message)) {
        let part = part.trim_ascii();
        let part = part.strip_suffix(b"\\").unwrap_or(part).trim_ascii_end();
        if !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::listener::is_known;
    use super::Unwrapper;
    use crate::input::{Interest, read_stream};
    use crate::record::Record;

    fn messages(log: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut each = |record: &Record<'_>| {
            found.push(format!("{} {}", record.line, String::from_utf8_lossy(record.message)));
        };
        let mut unwrapper = Unwrapper::default();
        let mut bytes = log.as_bytes();
        let read = read_stream(&"log".into(), &mut bytes, &Interest::AllKnowing(is_known), &mut |record| {
            unwrapper.feed(record, &mut each)
        });
        assert!(read.is_ok(), "it is a log");
        unwrapper.flush(&mut each);
        found
    }

    #[test]
    fn wrapped_records_are_put_together() {
        let marked = "Nov 21 22:05:42 XFR-in zone: 'example.com', \\\n  primary: '192.0.2.3', unable to xfr zone (ResolverException): \\\n  Timeout\nNov 21 22:05:43 x\n";
        assert_eq!(
            messages(marked),
            [
                "1 XFR-in zone: 'example.com', primary: '192.0.2.3', unable to xfr zone (ResolverException): Timeout",
                "2 ",
                "3 ",
                "4 x"
            ]
        );
        let unmarked = "Nov 21 22:05:42 ns1 Keepalived_vrrp[7]: VRRP_Instance(VI_1) Received advert with\nlower priority 102, ours 103, forcing new election\nand so on\n";
        assert_eq!(
            messages(unmarked),
            [
                "1 VRRP_Instance(VI_1) Received advert with lower priority 102, ours 103, forcing new election",
                "2 ",
                "3 and so on"
            ]
        );
    }

    #[test]
    fn what_is_whole_is_left_alone() {
        let log = "Nov 21 22:05:42 ns1 Keepalived_vrrp[7]: VRRP_Instance(VI_1) Entering BACKUP STATE\n(init)\n\nNov 21 22:05:43 ns1 x[1]: y\n";
        assert_eq!(messages(log), ["1 VRRP_Instance(VI_1) Entering BACKUP STATE", "2 (init)", "3 ", "4 y"]);
    }
}
