//! The command line. Help texts are the documentation of the options; the README quotes them.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Finds the Elastic IP that stayed on the wrong node, in the journals of PowerDNS and keepalived.
#[derive(Debug, Parser)]
#[command(name = "driftline", version, about, max_term_width = 100)]
pub(super) struct Driftline {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Post-incident forensics: one report over all sources
    #[command(after_help = EXIT_CODES)]
    Analyze(Analyze),
    /// Regression over saved logs: does each case still find what it must, and nothing else?
    Check(super::check::args::Check),
}

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  the job could not be done, or not wholly; what could be done is printed

SOURCE is a file, a directory (read recursively), - for standard input, or NODE=SOURCE to name the node the lines come from.
Formats are recognised by content: syslog (RFC 3164, RFC 5424, rsyslog ISO), journalctl -o short, short-iso, short-precise,
short-full, short-unix, with-unit and export.";

#[derive(Debug, Args)]
pub(super) struct Analyze {
    /// Logs of the DNS servers and the keepalived nodes, in any order
    #[arg(value_name = "SOURCE")]
    pub(super) sources: Vec<OsString>,

    /// Read more sources from FILE (- for standard input), one a line
    #[arg(long, value_name = "FILE")]
    pub(super) files_from: Option<PathBuf>,

    /// Tell only what touches the time from here on ("2020-08-08 21:01", "yesterday", "-2h", RFC 3339)
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) since: Option<String>,

    /// Tell only what touches the time up to here
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) until: Option<String>,

    /// Year of a source's first stamp where stamps have none
    #[arg(long, value_name = "[NODE=]YEAR")]
    pub(super) year: Vec<String>,

    /// Zone of stamps that name none (Europe/Zurich, UTC, local); without NODE= also the zone of the output
    #[arg(long, value_name = "[NODE=]ZONE")]
    pub(super) tz: Vec<String>,

    /// Seconds by which a node's clock is ahead (negative: behind)
    #[arg(long, value_name = "NODE=SECONDS", allow_hyphen_values = true)]
    pub(super) skew: Vec<String>,

    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,

    /// Write to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,

    /// Print nothing but errors: the exit code is the answer
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Only these rules
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(super) rule: Vec<String>,

    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    pub(super) fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For machines: schema driftline.report/1
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Critical,
    Warning,
    Info,
    Never,
}
