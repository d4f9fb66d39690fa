//! `driftline correlate`: events of any number of machines → one report.

use super::analyze::{Unusable, exit_of, note_configuration, options, tell};
use super::args::{Analyze, Color, FailOn, Format};
use super::{Exit, config, outlet};
use crate::event::Text;
use crate::input;
use crate::pipeline::correlate::{Stream, correlate};
use clap::Args;
use std::fs::File;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

pub(super) const CORRELATE_HELP: &str = "\
Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  the job could not be done, or not wholly: a file that cannot be read, a line that is no event, events that are missing, a source
     that driftline events could not read; what could be done is printed

FILE holds what driftline events prints, of any number of machines, in any order, plain or packed with gzip, zstd, xz or bzip2. What
is told more than once counts once. Years, zones and clocks are settled over all of it; what was stated to driftline events holds.";

#[derive(Debug, Args)]
pub(super) struct Correlate {
    /// Events, in any order [default: standard input]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Tell only what touches the time from here on ("2020-08-08 21:01", "yesterday", "-2h", RFC 3339)
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,

    /// Tell only what touches the time up to here
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,

    /// Year of a source's first stamp where stamps have none
    #[arg(long, value_name = "[NODE=]YEAR")]
    year: Vec<String>,

    /// Zone of stamps that name none (Europe/Zurich, UTC, local); without NODE= also the zone of the output
    #[arg(long, value_name = "[NODE=]ZONE")]
    tz: Vec<String>,

    /// Seconds by which a node's clock is ahead (negative: behind)
    #[arg(long, value_name = "NODE=SECONDS", allow_hyphen_values = true)]
    skew: Vec<String>,

    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Write to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,

    /// Print nothing but errors: the exit code is the answer
    #[arg(short, long)]
    quiet: bool,

    /// Only these rules
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    rule: Vec<String>,

    /// Configuration [default: $DRIFTLINE_CONFIG, else /etc/driftline/driftline.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    fail_on: FailOn,

    /// Also tell the lines that nothing reads, by what they have in common
    #[arg(long)]
    unrecognised: bool,
}

impl Correlate {
    /// The same options of `analyze`.
    fn telling(&self) -> Analyze {
        Analyze {
            sources: Vec::new(),
            files_from: None,
            since: self.since.clone(),
            until: self.until.clone(),
            year: self.year.clone(),
            tz: self.tz.clone(),
            skew: self.skew.clone(),
            format: self.format,
            output: self.output.clone(),
            color: self.color,
            quiet: self.quiet,
            rule: self.rule.clone(),
            fail_on: self.fail_on,
            unrecognised: self.unrecognised,
            config: self.config.clone(),
        }
    }
}

pub(super) fn run(arguments: &Correlate) -> Exit {
    let telling = arguments.telling();
    let loaded = config::load(telling.config.as_deref()).map_err(Unusable::from);
    let prepared = loaded.and_then(|config| {
        let path = config.path.clone();
        options(&telling, config).map(|(options, zone)| (options, zone, path))
    });
    let (options, zone, config) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            outlet::complain(&error, "failed to");
            return Exit::Failed;
        }
    };
    let standard_input = [PathBuf::from("-")];
    let files = if arguments.files.is_empty() { &standard_input[..] } else { &arguments.files };
    let streams = files.iter().map(|path| stream(path)).collect();
    let mut outcome = correlate(streams, &tempfile::tempfile, &options);
    if !arguments.unrecognised {
        outcome.report.coverage.unrecognised_templates.clear();
    }
    note_configuration(&mut outcome.report, config.as_deref());
    outcome.errors.iter().for_each(|error| outlet::complain(error, "failed to"));
    let exit = exit_of(&outcome.report, outcome.errors.is_empty(), arguments.fail_on);
    tell(&outcome.report, &telling, exit, zone)
}

fn stream(path: &Path) -> Stream<'_> {
    let is_standard_input = path == Path::new("-");
    let name = if is_standard_input { Text::from("standard input") } else { Text::from(path.to_string_lossy()) };
    Stream { name, open: Box::new(move || open(path, is_standard_input)) }
}

#[expect(clippy::disallowed_methods, reason = "the events are named on the command line")]
fn open(path: &Path, is_standard_input: bool) -> io::Result<Box<dyn BufRead>> {
    if is_standard_input { input::unpacked(io::stdin()) } else { input::unpacked(File::open(path)?) }
}
