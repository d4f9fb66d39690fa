//! `driftline events`: every line as a typed event, each source for itself.

use super::analyze::{Unusable, share, sources, stated, window};
use super::args::Events;
use super::{Exit, config, outlet};
use crate::input::{Source, Watch};
use crate::pipeline::events::{Options, tell};
use crate::report::events::{EventWriter, SourceLine, write_source};
use chrono_tz::Tz;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc;
use std::{fs::File, thread};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 128 * 1024;

pub(super) fn run(arguments: &Events) -> Exit {
    let prepared = prepare(arguments);
    let (mut expanded, options) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            outlet::complain(&error, "failed to");
            return Exit::Failed;
        }
    };
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    share(&mut expanded.sources, &Watch::default(), threads, 1);
    let out: Box<dyn Write + Send> = match arguments.output.as_deref().map(create).transpose() {
        Ok(file) => file.unwrap_or_else(|| Box::new(io::stdout())),
        Err(error) => {
            outlet::complain(&error, "failed to write the output:");
            return Exit::Failed;
        }
    };
    let mut exit = if expanded.errors.is_empty() { Exit::Clean } else { Exit::Failed };
    expanded.errors.iter().for_each(|error| outlet::complain(error, "failed to"));
    // A reader that waits for standard input does not notice that nobody reads its output any more: it is left behind.
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        let mut outlet = Outlet { out, buffer: Vec::with_capacity(BUFFER_BYTES * 2), ended: sender, is_open: true };
        for error in &expanded.errors {
            let line = SourceLine::unread(error.path().clone(), None, Some(error.in_words()));
            let _ = write_source(&line, &mut outlet.buffer);
        }
        for source in &expanded.sources {
            let failed = one(source, &options, &mut outlet);
            if !outlet.is_open {
                return;
            }
            if failed {
                let _ = outlet.ended.send(End::NotWhole);
            }
        }
        outlet.flush();
        if outlet.is_open {
            let _ = outlet.ended.send(End::Done);
        }
    });
    for end in ended {
        match end {
            End::NotWhole => exit = Exit::Failed,
            End::Done | End::Closed => return exit,
            End::Broken(error) => {
                outlet::complain(&error, "failed to write the output:");
                return Exit::Failed;
            }
        }
    }
    Exit::Failed
}

/// What the reading thread has to say.
enum End {
    /// A source could not be read, or not wholly.
    NotWhole,
    /// All sources are told.
    Done,
    /// Nobody reads the output any more: a normal end.
    Closed,
    /// The output cannot be written.
    Broken(io::Error),
}

/// Output in large pieces.
struct Outlet {
    out: Box<dyn Write + Send>,
    buffer: Vec<u8>,
    ended: mpsc::Sender<End>,
    is_open: bool,
}

impl Outlet {
    fn flush(&mut self) {
        if !self.is_open {
            return;
        }
        if let Err(error) = self.out.write_all(&self.buffer).and_then(|()| self.out.flush()) {
            self.is_open = false;
            let is_closed = error.kind() == io::ErrorKind::BrokenPipe;
            let _ = self.ended.send(if is_closed { End::Closed } else { End::Broken(error) });
        }
        self.buffer.clear();
    }
}

/// Tells one source; says whether something of it is missing.
fn one(source: &Source, options: &Options, outlet: &mut Outlet) -> bool {
    let mut writer = EventWriter::default();
    let told = tell(source, options, &mut |event| {
        if outlet.is_open {
            // A `Vec` takes everything.
            let _ = writer.write(event, &mut outlet.buffer);
            if outlet.buffer.len() >= BUFFER_BYTES {
                outlet.flush();
            }
        }
    });
    match told {
        Ok(told) => {
            let _ = write_source(&told.source, &mut outlet.buffer);
            if let Some(error) = &told.broken_off {
                outlet::complain(error, "failed to");
            }
            told.broken_off.is_some()
        }
        Err(error) => {
            let is_skipped = source.found_in_directory && error.is_not_a_log();
            let told = (!is_skipped).then(|| error.in_words());
            let line = SourceLine::unread(source.path.clone(), source.node.clone(), told);
            let _ = write_source(&line, &mut outlet.buffer);
            if !is_skipped {
                outlet::complain(&error, "failed to");
            }
            !is_skipped
        }
    }
}

fn create(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    Ok(Box::new(File::create(path)?))
}

fn prepare(arguments: &Events) -> Result<(crate::input::Expanded, Options), Unusable> {
    let config = config::load(arguments.config.as_deref())?;
    let mut stated = stated(&arguments.year, &arguments.tz, &arguments.skew)?;
    let zone = stated.zones.get(&None).copied().unwrap_or(Tz::UTC);
    stated.aliases = config.topology.aliases();
    let (since, until) = window(arguments.since.as_ref(), arguments.until.as_ref(), zone)?;
    let options = Options { since, until, all: arguments.all, patterns: config.patterns, stated };
    Ok((sources(&arguments.sources, arguments.files_from.as_deref())?, options))
}
