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
    /// Live: the same findings as they open, change and close
    #[command(after_help = super::follow::args::FOLLOW_HELP)]
    Follow(super::follow::args::Follow),
    /// Monitoring plugin: what is open now, for Nagios and Icinga
    #[command(after_help = super::probe::args::PROBE_HELP)]
    Probe(super::probe::args::Probe),
    /// Regression over saved logs: does each case still find what it must, and nothing else?
    Check(super::check::args::Check),
    /// The same logs with names, zones and addresses replaced consistently, so that they may be shown to others
    Redact(super::redact::Redact),
    /// Every line as a typed event, one JSON object a line; each source for itself
    #[command(after_help = EVENTS_HELP)]
    Events(Events),
    /// Events of any number of machines, as `driftline events` prints them: the report of analyze over the same sources
    #[command(after_help = super::correlate::CORRELATE_HELP)]
    Correlate(super::correlate::Correlate),
    /// What a rule, an event or a log line is, and what it proves
    #[command(after_help = EXPLAIN_HELP)]
    Explain(Explain),
    /// Every message of PowerDNS and keepalived that is known, by daemon, id and version
    Catalogue(Vocabulary),
}

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  the job could not be done, or not wholly; what could be done is printed

SOURCE is a file, a directory (read recursively), a tar archive, - for standard input, or NODE=SOURCE to name the node the lines come from.
Formats are recognised by content: syslog (RFC 3164, RFC 5424, rsyslog ISO), journalctl -o short, short-precise, short-iso, short-iso-precise,
short-full, short-unix, with-unit, verbose, cat, json and export, journal files and directories, what the daemons write to a
terminal, docker and kubectl logs; plain or packed with gzip, zstd, xz or bzip2. Without a SOURCE this machine's journal is read.";

#[derive(Debug, Args)]
pub(super) struct Analyze {
    /// Logs of the DNS servers and the keepalived nodes, in any order [default: this machine's journal]
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

    /// Only these rules (ids with commas between them)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(super) rule: Vec<String>,

    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    pub(super) fail_on: FailOn,

    /// Also tell the lines that nothing reads, by what they have in common
    #[arg(long)]
    pub(super) unrecognised: bool,

    /// Configuration [default: $DRIFTLINE_CONFIG, else /etc/driftline/driftline.toml]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

const EVENTS_HELP: &str = "\
Each line is an object of schema driftline.event/1; after a source's events comes one of driftline.source/1. Lines of other programs
are left out unless --all is given.

Exit codes:
  0  all sources were read
  2  the job could not be done, or not wholly; what could be done is printed";

#[derive(Debug, Args)]
pub(super) struct Events {
    /// Logs, in any order
    #[arg(value_name = "SOURCE")]
    pub(super) sources: Vec<OsString>,

    /// Read more sources from FILE (- for standard input), one a line
    #[arg(long, value_name = "FILE")]
    pub(super) files_from: Option<PathBuf>,

    /// Other programs' lines too, as event "other"
    #[arg(short, long)]
    pub(super) all: bool,

    /// Only lines from here on; lines without a time are left out
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) since: Option<String>,

    /// Only lines up to here; lines without a time are left out
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) until: Option<String>,

    /// Year of a source's first stamp where stamps have none
    #[arg(long, value_name = "[NODE=]YEAR")]
    pub(super) year: Vec<String>,

    /// Zone of stamps that name none (Europe/Zurich, UTC, local)
    #[arg(long, value_name = "[NODE=]ZONE")]
    pub(super) tz: Vec<String>,

    /// Seconds by which a node's clock is ahead (negative: behind)
    #[arg(long, value_name = "NODE=SECONDS", allow_hyphen_values = true)]
    pub(super) skew: Vec<String>,

    /// How to print
    #[arg(long, value_enum, default_value_t = EventsFormat::Ndjson)]
    pub(super) format: EventsFormat,

    /// Write to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Configuration [default: $DRIFTLINE_CONFIG, else /etc/driftline/driftline.toml]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum EventsFormat {
    /// One JSON object a line: schema driftline.event/1
    Ndjson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For machines: schema driftline.report/1
    Json,
    /// To paste into a post-mortem
    Markdown,
    /// One file for a browser or a printer, with the picture
    Html,
    /// The picture alone: a lane per node
    Svg,
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

const EXPLAIN_HELP: &str = "\
Examples:
  driftline explain eip-drift
  driftline explain keepalived/state-master
  driftline explain 'Aug 08 21:01:16 dnsmaster2 Keepalived_vrrp[876]: VRRP_Instance(VI_1) Entering MASTER STATE'
  journalctl -u keepalived -n 20 | driftline explain -

Exit codes:
  0  explained, a line that nobody knows too
  2  no such rule or event";

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A rule's id, an event's id, a log line in quotes, or - for lines on standard input
    #[arg(value_name = "WHAT", required = true)]
    pub(super) what: Vec<OsString>,

    /// Colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,

    /// Configuration [default: $DRIFTLINE_CONFIG, else /etc/driftline/driftline.toml]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Vocabulary {
    /// Only this daemon's
    #[arg(long, value_enum)]
    pub(super) daemon: Option<DaemonName>,

    /// Only ids like this: state-*, pdns/axfr-in-*, *notify*
    #[arg(long, value_name = "GLOB")]
    pub(super) id: Option<String>,

    /// Only what this release prints: 2.2.7, 4.9.1
    #[arg(long, value_name = "RELEASE")]
    pub(super) version: Option<String>,

    /// How to print
    #[arg(long, value_enum, default_value_t = CatalogueFormat::Table)]
    pub(super) format: CatalogueFormat,

    /// Write to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DaemonName {
    /// PowerDNS Authoritative Server
    Pdns,
    /// keepalived
    Keepalived,
    /// systemd, about the units of the two
    Systemd,
    /// CloudTrail and describe-addresses
    Aws,
    /// What clouds' command lines print in scripts
    Script,
    /// journald, about entries it threw away
    Journald,
    /// rsyslog, about lines it threw away
    Rsyslog,
    /// Who sets the clock, about having done so
    Clock,
    /// Configuration files of the two daemons
    Settings,
}

impl DaemonName {
    /// The word in front of its events.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pdns => "pdns",
            Self::Keepalived => "keepalived",
            Self::Systemd => "systemd",
            Self::Aws => "aws",
            Self::Script => "script",
            Self::Journald => "journald",
            Self::Rsyslog => "rsyslog",
            Self::Clock => "clock",
            Self::Settings => "settings",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CatalogueFormat {
    /// For people: a row for each wording
    Table,
    /// For machines: an array of schema driftline.catalogue/1, a message in each line
    Json,
}
