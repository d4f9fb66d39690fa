//! The options of `probe`.

use crate::cli::follow::args::Reading;
use clap::Args;
use std::path::PathBuf;

pub(in crate::cli) const PROBE_HELP: &str = "\
The first line is for Nagios and Icinga: SERVICE STATUS - text | performance data. A finding that is open stays WARNING or CRITICAL
until it closes; what was read before is not read again. A quiet node whose journal can be read is OK.

Exit codes:
  0  OK        nothing is open
  1  WARNING   a finding of severity warning is open, or a critical one that is only suspected
  2  CRITICAL  a critical finding is open
  3  UNKNOWN   a source could not be read, lines were lost, it took too long, or the options are wrong";

#[derive(Debug, Args)]
pub(in crate::cli) struct Probe {
    #[command(flatten)]
    pub(in crate::cli) reading: Reading,

    /// Keep what was read in FILE [default: one for each set of sources, in $STATE_DIRECTORY, else below $XDG_STATE_HOME or ~/.local/state, else in /var/lib/driftline]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) state: Option<PathBuf>,

    /// Give up after so many seconds; what was read by then is kept
    #[arg(short, long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(in crate::cli) timeout: u64,

    /// WARNING from so many open findings on that are not critical
    #[arg(short, long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) warning: u64,

    /// CRITICAL from so many open critical findings on
    #[arg(short, long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) critical: u64,
}
