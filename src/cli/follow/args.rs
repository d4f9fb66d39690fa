//! The options of `follow` and `probe`.

use crate::cli::outlets::args::Outgoing;
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

pub(in crate::cli) const FOLLOW_HELP: &str = "\
Journals are followed through rotation and vacuum, files through rotation and truncation, standard input to its end. Logs that appear
later in a directory are followed too; a cloud's records (JSON documents) and archives are not. keepalived.conf and pdns.conf, named or found in a
directory, are read at the start, with SIGHUP and when new logs appear. What closed before
anybody followed is not announced; what is open is. With a state file a restart goes on where the last run was: nothing is lost, and
nothing is announced twice but what was on its way when the process died, with the same bytes.

SIGHUP reads the configuration and the files of --webhook @FILE again; one that cannot be used is said, and the old one stays in use.

Exit codes:
  0  stopped by a signal, or at the end of the input
  2  the job could not be done";

/// What both read.
#[derive(Debug, Args)]
pub(in crate::cli) struct Reading {
    /// Journal directories, log files, - for standard input, NODE=SOURCE, the nodes' configuration files [default: this machine's journal]
    #[arg(value_name = "SOURCE")]
    pub(in crate::cli) sources: Vec<OsString>,

    /// Year of a source's first stamp where stamps have none
    #[arg(long, value_name = "[NODE=]YEAR")]
    pub(in crate::cli) year: Vec<String>,

    /// Zone of stamps that name none (Europe/Zurich, UTC, local); without NODE= also the zone of the output
    #[arg(long, value_name = "[NODE=]ZONE")]
    pub(in crate::cli) tz: Vec<String>,

    /// Seconds by which a node's clock is ahead (negative: behind)
    #[arg(long, value_name = "NODE=SECONDS", allow_hyphen_values = true)]
    pub(in crate::cli) skew: Vec<String>,

    /// Only these rules
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(in crate::cli) rule: Vec<String>,

    /// Configuration [default: $DRIFTLINE_CONFIG, else /etc/driftline/driftline.toml]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Follow {
    #[command(flatten)]
    pub(in crate::cli) reading: Reading,

    /// How to announce on standard output
    #[arg(long, value_enum, default_value_t = FollowFormat::Text)]
    pub(in crate::cli) format: FollowFormat,

    /// Keep what must survive a restart in FILE [default: follow.state in $STATE_DIRECTORY, where that is set]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) state: Option<PathBuf>,

    /// Announce the past as if it happened now, what has closed since too
    #[arg(long)]
    pub(in crate::cli) replay: bool,

    /// End when what is there now has been read
    #[arg(long)]
    pub(in crate::cli) until_end: bool,

    #[command(flatten)]
    pub(in crate::cli) outgoing: Outgoing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FollowFormat {
    /// A few lines for people
    Text,
    /// For machines: schema driftline.change/1, one object a line
    Ndjson,
}
