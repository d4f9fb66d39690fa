//! The options of `driftline check`.

use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(in crate::cli) struct Check {
    /// Directories to look for cases in, recursively; none: the current directory
    #[arg(value_name = "CASE_DIR")]
    pub(super) directories: Vec<OsString>,

    /// Write what was found into expected.toml and show the difference; hand-written parts stay. A directory of fresh logs becomes a case
    #[arg(long, conflicts_with_all = ["coverage", "format", "output", "quiet"])]
    pub(super) bless: bool,

    /// Also tell which rules and which events of the catalogue no case exercises (table and json)
    #[arg(long)]
    pub(super) coverage: bool,

    /// Write the fewest lines of one case that still give its verdict, with its expected.toml, to --output DIR [default: CASE-minimised]
    #[arg(long, conflicts_with_all = ["bless", "coverage", "format", "quiet"])]
    pub(super) minimise: bool,

    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,

    /// Write to FILE instead of standard output; with --minimise, the new case's directory
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Print nothing but errors: the exit code is the answer
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: what differs, and why
    Table,
    /// For CI servers: JUnit XML
    Junit,
    /// For machines: schema driftline.check/1
    Json,
    /// For GitHub Actions: annotations on the expectations' lines
    Github,
}

const HELP: &str = "\
A case is a directory with logs (any SOURCE of analyze) and expected.toml:

  others = \"forbid\"              # or \"allow\": findings that no [[expect]] names
  nodes = [\"dnsmaster\"]          # of which a line must be in the logs
  [analyze]                      # tz, year, skew, since, until, rule, config: as of analyze
  tz = \"UTC\"
  [[expect]]                     # must be found; keys left out do not matter
  rule = \"eip-drift\"
  confidence = \"likely\"          # at least
  subject = { holder = \"dnsmaster2\", owner = \"dnsmaster\" }
  since = \"2020-08-08T21:01:16Z\"
  until = \"2020-08-18T15:23:18Z\" # \"open\" for one that must still last
  tolerance = \"2s\"
  evidence = [\"keepalived/state-master@dnsmaster2\"]  # lines it must rest on
  [[forbid]]                     # must not be found
  rule = \"master-flapping\"

Exit codes:
  0  all expectations hold
  1  an expectation does not hold
  2  a case could not be checked (the others still run): no expectation, no log, one that cannot
     be read, a key or a rule that is not known";
