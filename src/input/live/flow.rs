//! One growing stream through the readers of a batch, and what came out of it, to whoever follows.

use super::super::blocks::Blocks;
use super::super::buffer::Buffer;
use super::super::error::Error;
use super::super::sniff::{self, Verdict};
use super::super::summary::{Summary, TROUBLES_KEPT, Trouble};
use super::super::{Interest, Sizes, not_a_log, skip_hole, window};
use super::position::{BEGINNING_BYTES_MAX, Beginning, Known, Mark, Place, Position};
use super::reader::{Growing, Kind, format_named};
use super::tail::{Control, Tail};
use super::{Arrival, Mark as Marked, Progress, Until};
use crate::event::Text;
use crate::record::Record;
use memchr::{memchr, memrchr};
use std::io::Read;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// How fast we go; tests are in a hurry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How often a source is looked at while nothing comes.
    pub(super) poll: Duration,
    /// The first lines of a new stream are judged when they have stood alone for so long: what follows may tell more of them.
    pub(super) settle: Duration,
    /// So long nobody says that there is nothing more while there are lines to be judged: it would hide them.
    pub(super) hush: Duration,
    /// Bytes that are read before the reader is asked where it is: what is read again after a restart.
    pub(super) portion: usize,
}

impl Default for Pace {
    fn default() -> Self {
        let settle = Duration::from_millis(500);
        Self { poll: Duration::from_millis(200), settle, hush: settle, portion: 4 * 1024 * 1024 }
    }
}

/// Whom to tell, and what is known so far.
pub(super) struct Flow<'f> {
    pub(super) path: &'f Text,
    pub(super) interest: &'f Interest,
    pub(super) sizes: Sizes,
    pub(super) pace: Pace,
    pub(super) until: Until,
    pub(super) stop: &'f AtomicBool,
    pub(super) each: &'f mut dyn FnMut(Arrival<'_>),
    pub(super) progress: Progress,
    /// Where what has not been given can be read from.
    pub(super) position: Position,
    /// How its lines are read, once that is known: what comes in another file of the same log is read alike.
    pub(super) reader: Option<Kind>,
    /// Troubles with single lines are told until there were so many.
    pub(super) troubles_left: usize,
    /// Looks since the last line, and how many lines there were then.
    pub(super) in_vain: u32,
    pub(super) rested_at_line: u64,
}

/// A source that is quiet is looked at this often at least.
const QUIET_POLL_MAX: Duration = Duration::from_millis(500);

/// Where to begin in a stream.
pub(super) struct Start<'c> {
    /// Of a file or a pipe; its mark is where the stream begins.
    pub(super) place: Place,
    pub(super) control: &'c Control,
}

/// What to do at the end of what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// There is more.
    More,
    /// There may be more later.
    Wait,
    /// Nothing will be added: what is there is the whole.
    Over,
    /// What has been read so far goes on in another place.
    Leave,
}

/// Why the reading of a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It is read to its end.
    Over,
    /// It goes on elsewhere, from the progress's position.
    Left,
    /// Somebody asked for it.
    Stopped,
}

/// What a look at the end of what is there led to.
enum Step {
    Go,
    End(Ended),
}

/// The place that a position has a mark in: all but journals.
struct Parts<'p> {
    mark: &'p mut Mark,
    given: u64,
    told: u64,
    known: &'p mut Known,
}

impl Place {
    fn parts(&mut self) -> Option<Parts<'_>> {
        match self {
            Self::File { mark, given, told, known, .. } => Some(Parts { mark, given: *given, told: *told, known }),
            Self::Pipe { mark, known } => Some(Parts { mark, given: 0, told: 0, known }),
            Self::Begin | Self::Journals(_) => None,
        }
    }

    /// Another record is given; a pipe's need not be told apart.
    fn give(&mut self, line: u64) {
        if let Self::File { given, .. } = self {
            *given = line;
        }
    }

    fn tell(&mut self, count: u64) {
        if let Self::File { told, .. } = self {
            *told = count;
        }
    }
}

impl Flow<'_> {
    /// Goes on from what was known at a restart.
    pub(super) fn restore(&mut self, place: &Place) {
        let known = match place {
            Place::File { known, .. } | Place::Pipe { known, .. } => known,
            Place::Begin | Place::Journals(_) => return,
        };
        self.reader = known.reader;
        let progress = &mut self.progress;
        progress.format = format_named(&known.format);
        progress.lines = known.lines;
        progress.first = known.first;
        progress.last = known.last;
        self.position = Position(place.clone());
    }

    /// From now on the reading goes on from here.
    pub(super) fn go_to(&mut self, place: Place) {
        self.position = Position(place);
        self.tell_position();
    }

    pub(super) fn tell_position(&mut self) {
        (self.each)(Arrival::Turn(Marked::At(Box::new(self.position.clone()))));
    }

    /// Whether to end.
    pub(super) fn is_stopped(&self) -> bool {
        super::is_stopped(self.stop)
    }

    pub(super) fn rest(&mut self) {
        (self.each)(Arrival::Rest(&[(self.path.clone(), self.progress)]));
    }

    /// Tells trouble with the source as a whole.
    pub(super) fn trouble(&mut self, kind: &'static str, text: String) {
        (self.each)(Arrival::Trouble(self.path, Trouble { line: None, kind, text }));
    }

    /// Nothing to read for now: says so, and sleeps.
    pub(super) fn wait(&mut self) {
        self.rest();
        self.in_vain = if self.rested_at_line == self.progress.lines { self.in_vain + 1 } else { 0 };
        self.rested_at_line = self.progress.lines;
        std::thread::sleep(super::patience(self.pace.poll, self.in_vain).min(QUIET_POLL_MAX));
    }

    /// Reads a stream from `start` on until `turn`, which is asked at the end of what is there, ends it.
    ///
    /// # Errors
    /// Its beginning says that its lines are of no use.
    pub(super) fn run(
        &mut self,
        stream: &mut dyn Read,
        start: Start<'_>,
        turn: &mut dyn FnMut() -> Turn,
    ) -> Result<Ended, Error> {
        let Start { place, control } = start;
        self.go_to(place);
        let Some(Parts { mark, given, told, known }) = self.position.0.parts() else {
            return Ok(Ended::Over);
        };
        let (mark, before) = (*mark, known.lines - known.lines.min(mark.records));
        let mut summary = Summary {
            format: format_named(&known.format),
            lines: mark.records,
            first: known.first,
            last: known.last,
            ..Summary::default()
        };
        let reader = known.reader.filter(|_| mark.offset > 0);
        let mut passed = Passed { given, told, seen: 0 };
        let mut tail = Tail { stream, control };
        let mut buffer = Buffer::growing(&mut tail, self.sizes.block, mark.offset);
        let mut judged = match reader {
            Some(kind) => Judged { kind, format: summary.format, bytes: 0 },
            None => match self.judge(&mut buffer, control, turn, &mut summary)? {
                Ok(judged) => judged,
                Err(ended) => {
                    self.note(&summary, before, control);
                    return Ok(ended);
                }
            },
        };
        let mut blocks = Blocks::new(&mut buffer, self.sizes.line);
        let mut growing = Growing::new(judged.kind, mark.line);
        loop {
            summary.format = judged.format;
            self.reader = Some(judged.kind);
            control.refill(self.pace.portion);
            let (path, interest, limit) = (self.path, self.interest, self.sizes.line);
            growing.read(&mut blocks, limit, interest, &mut summary, &mut |record| self.give(record, &passed));
            let is_over = !blocks.buffer().is_dry();
            if is_over {
                growing.end(path, interest, &mut summary, &mut |record| self.give(record, &passed));
            }
            self.note(&summary, before, control);
            self.tell(&mut summary, &mut passed);
            if is_over {
                let failure = blocks.buffer().take_failure();
                let failure = failure.map(|source| Error::Unreadable {
                    path: self.path.clone(),
                    line: Some(summary.lines),
                    source,
                });
                for error in summary.broken_off.take().into_iter().chain(failure) {
                    self.broken(&error);
                }
                return Ok(Ended::Over);
            }
            if let Some(mark) = growing.mark(&mut blocks, &summary) {
                self.set_mark(mark, judged.kind, control, &mut passed);
            }
            if let Some(better) = self.judge_again(&judged, control) {
                growing = if better.kind == judged.kind { growing } else { Growing::new(better.kind, summary.lines) };
                judged = better;
            }
            if let Step::End(ended) = self.step(control, turn, true) {
                return Ok(ended);
            }
        }
    }

    /// What to do when the stream has run dry, or a portion of it is read. `rests`: all that is there was given.
    fn step(&mut self, control: &Control, turn: &mut dyn FnMut() -> Turn, rests: bool) -> Step {
        if self.is_stopped() {
            return Step::End(Ended::Stopped);
        }
        if control.is_paused() {
            return Step::Go;
        }
        match turn() {
            Turn::More => {}
            Turn::Wait if rests => self.wait(),
            Turn::Wait => std::thread::sleep(self.pace.poll),
            Turn::Over => control.end(),
            Turn::Leave => return Step::End(Ended::Left),
        }
        Step::Go
    }

    /// Waits until the beginning of the stream says what it is.
    fn judge(
        &mut self,
        buffer: &mut Buffer<'_>,
        control: &Control,
        turn: &mut dyn FnMut() -> Turn,
        summary: &mut Summary,
    ) -> Result<Result<Judged, Ended>, Error> {
        let mut seen_at = None;
        loop {
            let mut is_judging = false;
            control.refill(self.pace.portion);
            if skip_hole(buffer, self.sizes.window) {
                summary.trouble(1, "nul-bytes", "A run of NUL bytes before the line is skipped.");
            }
            let length = window(buffer, self.sizes).len();
            let bytes = &buffer.filled()[..length];
            let is_full =
                length >= self.sizes.line || (length >= self.sizes.window && memchr(b'\n', &bytes[..length]).is_some());
            let is_over = !is_full && !buffer.is_dry();
            let is_all = is_full || is_over;
            let whole = if is_all { length } else { memrchr(b'\n', bytes).map_or(0, |at| at + 1) };
            if is_all || whole > 0 {
                let elapsed = seen_at.get_or_insert_with(Instant::now).elapsed();
                let is_settled = elapsed >= self.pace.settle;
                is_judging = elapsed < self.pace.hush;
                let verdict = sniff::sniff(&bytes[..whole], self.interest.is_known());
                if let Some(judged) = self.verdict(&verdict, whole, is_all, is_settled) {
                    return Ok(Ok(judged));
                }
                if is_over && verdict == Verdict::Empty {
                    summary.format = "empty";
                    return Ok(Err(Ended::Over));
                }
                // A document is not growing, and its last line may have no end.
                let is_document = matches!(verdict, Verdict::Cloud(_) | Verdict::Settings(_)) && is_settled;
                if is_all || is_document {
                    return Err(refused(self.path, verdict, buffer));
                }
            }
            if let Step::End(ended) = self.step(control, turn, !is_judging) {
                if ended != Ended::Left || whole == 0 {
                    return Ok(Err(ended));
                }
                // Whoever leaves does not come back to judge by more.
                let verdict = sniff::sniff(&buffer.filled()[..whole], self.interest.is_known());
                return match self.verdict(&verdict, whole, false, true) {
                    Some(judged) => Ok(Ok(judged)),
                    None if self.until == Until::LastWholeLine => Err(refused(self.path, verdict, buffer)),
                    // It was emptied under our hands, and goes on.
                    None => Ok(Err(ended)),
                };
            }
        }
    }

    /// What the lines so far are, if that can be told. A line of text may be any daemon's own; what the rest of the log was counts
    /// for more.
    fn verdict(&self, verdict: &Verdict, bytes: usize, is_all: bool, is_settled: bool) -> Option<Judged> {
        let found = Kind::of(verdict).map(|(kind, format)| Judged { kind, format, bytes });
        let known = self.reader.map(|kind| Judged { kind, format: self.progress.format, bytes });
        match (found, known) {
            (Some(found), Some(known)) if found.kind.is_text() && known.kind.is_text() => Some(known),
            (None, Some(known)) if *verdict != Verdict::Empty => Some(known),
            (Some(found), _) if is_all || is_settled || !found.kind.is_text() => Some(found),
            (_, _) => None,
        }
    }

    /// A better judgement, where the first was one on few lines.
    fn judge_again(&self, judged: &Judged, control: &Control) -> Option<Judged> {
        let head = control.head.borrow();
        let is_full = head.len() >= self.sizes.window;
        let is_more = judged.bytes < self.sizes.window && (is_full || head.len() >= judged.bytes.saturating_mul(2));
        if !judged.kind.is_text() || !is_more {
            return None;
        }
        let whole = memrchr(b'\n', &head).map_or(0, |at| at + 1);
        let bytes = if is_full { self.sizes.window } else { whole };
        let verdict = sniff::sniff(&head[..bytes.min(head.len())], self.interest.is_known());
        let found = Kind::of(&verdict).filter(|(kind, _)| kind.is_text());
        let (kind, format) = found.unwrap_or((judged.kind, judged.format));
        Some(Judged { kind, format, bytes })
    }

    fn give(&mut self, record: &Record<'_>, passed: &Passed) {
        if record.line > passed.given {
            self.position.0.give(record.line);
            (self.each)(Arrival::Record(self.path, record, Marked::Line(record.line)));
        }
    }

    /// Tells what is odd about the lines that were read; `summary` forgets it.
    fn tell(&mut self, summary: &mut Summary, passed: &mut Passed) {
        summary.further_troubles = 0;
        let told = passed.told;
        for trouble in summary.troubles.drain(..) {
            passed.seen += 1;
            if passed.seen <= passed.told || self.troubles_left == 0 {
                continue;
            }
            passed.told = passed.seen;
            self.troubles_left -= 1;
            self.position.0.tell(passed.seen);
            (self.each)(Arrival::Trouble(self.path, trouble));
            if self.troubles_left == 0 {
                self.trouble("limit", format!("{TROUBLES_KEPT} lines were odd: further ones are not told."));
            }
        }
        if passed.told > told {
            self.tell_position();
        }
    }

    /// The end of the stream lacks something.
    pub(super) fn broken(&mut self, error: &Error) {
        self.trouble("unread", format!("Failed to {}.", error.in_words()));
    }

    /// Takes over what is known of the stream.
    fn note(&mut self, summary: &Summary, before: u64, control: &Control) {
        let progress = &mut self.progress;
        progress.modified = control.modified.get().map(|nanos| nanos.div_euclid(1_000_000_000));
        progress.format = summary.format;
        // Lines of another file of the same log are of other days.
        progress.covers = progress.covers.or_else(|| sniff::covered(&control.head.borrow()));
        progress.lines = before + summary.lines;
        progress.first = summary.first;
        progress.last = summary.last;
    }

    fn set_mark(&mut self, mark: Mark, reader: Kind, control: &Control, passed: &mut Passed) {
        let (now, before) = (self.known(Some(reader)), self.position.clone());
        if let Place::File { file, .. } = &mut self.position.0 {
            file.modified = control.modified.get().unwrap_or(file.modified);
            if file.beginning.bytes < BEGINNING_BYTES_MAX {
                file.beginning = Beginning::of(&control.head.borrow());
            }
        }
        if let Some(parts) = self.position.0.parts() {
            *parts.mark = mark;
            *parts.known = now;
        }
        (passed.told, passed.seen) = (passed.told.saturating_sub(passed.seen), 0);
        self.position.0.tell(passed.told);
        if self.position != before {
            self.tell_position();
        }
    }

    /// What is known, as it is saved.
    pub(super) fn known(&self, reader: Option<Kind>) -> Known {
        Known {
            reader,
            format: self.progress.format.to_owned(),
            lines: self.progress.lines,
            first: self.progress.first,
            last: self.progress.last,
        }
    }
}

/// What was given and told before a restart, from the mark on.
struct Passed {
    given: u64,
    told: u64,
    seen: u64,
}

/// How the lines are read, and how many bytes that was judged by.
struct Judged {
    kind: Kind,
    format: &'static str,
    bytes: usize,
}

/// An archive is not followed.
pub(super) fn archive(path: Text) -> Error {
    Error::Unsupported { path, found: "it is an archive, which does not grow: analyze reads it" }
}

fn refused(path: &Text, verdict: Verdict, buffer: &mut Buffer<'_>) -> Error {
    let path = path.clone();
    match verdict {
        Verdict::Undated { line } => Error::Undated { path, line },
        Verdict::Archive => archive(path),
        Verdict::Other(found) => not_a_log(&path, found, buffer),
        Verdict::Packed(_) => {
            Error::Unsupported { path, found: "what is packed cannot be followed through a pipe, unpack it first" }
        }
        Verdict::Journal => Error::Unsupported {
            path,
            found: "a binary journal cannot be followed through a pipe, name its file or send journalctl -f -o export",
        },
        Verdict::Settings(_) => Error::NotALog { path, found: "it is a configuration, name its file beside the logs" },
        Verdict::Cloud(_) => Error::Unsupported {
            path,
            found: "a cloud's records are documents and are not followed, analyze reads them",
        },
        Verdict::Empty | Verdict::Text { .. } | Verdict::Export | Verdict::Verbose | Verdict::Json(_) => {
            Error::NotALog { path, found: "it has no lines" }
        }
    }
}
