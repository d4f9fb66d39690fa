//! `driftline analyze`: all sources → one report.

use super::args::{Analyze, FailOn, Format};
use super::config::{self, Config};
use super::progress::Progress;
use super::{Exit, outlet, when};
use crate::detect::RULES;
use crate::event::Text;
use crate::finding::Severity;
use crate::input::{self, Expanded, Helpers, Scratch, Source, Watch};
use crate::moment::Moment;
use crate::pipeline::{self, Options};
use crate::report::table::Look;
use crate::report::{Caveat, Report, html, json, markdown, svg, table};
use crate::timeline::Stated;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::ffi::OsString;
use std::io::{self, BufRead};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::{fs::File, thread};

/// A word of the command line that cannot be what it should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("understand {option} {word:?}: {wanted}")]
    Word { option: &'static str, word: String, wanted: String },
    #[error("read the list of sources {path}")]
    List { path: String, source: io::Error },
    #[error("know what to read: the list of sources is empty")]
    NoSource,
    #[error("understand the window: --since ({since}) is after --until ({until})")]
    Window { since: String, until: String },
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Journal(#[from] input::Error),
}

pub(super) fn run(arguments: &Analyze) -> Exit {
    let (mut expanded, options, zone, config) = match prepare(arguments) {
        Ok(prepared) => prepared,
        Err(error) => {
            outlet::complain(&error, "failed to");
            return Exit::Failed;
        }
    };
    let threads = threads();
    let watch = Watch::default();
    let at_once = expanded.sources.len();
    share(&mut expanded.sources, &watch, threads, at_once);
    let progress = Progress::begin(&expanded.sources, &watch, arguments.quiet);
    if let Err(error) = &progress {
        outlet::complain(error, "failed to listen for signals:");
    }
    let mut outcome = pipeline::analyze(&expanded.sources, &options, threads);
    drop(progress);
    outcome.errors.extend(expanded.errors);
    if !arguments.unrecognised {
        outcome.report.coverage.unrecognised_templates.clear();
    }
    note_configuration(&mut outcome.report, config.as_deref());
    note_unread(&mut outcome.report, &outcome.errors);
    for error in &outcome.errors {
        outlet::complain(error, "failed to");
    }
    let mut exit = exit_of(&outcome.report, outcome.errors.is_empty(), arguments.fail_on);
    if watch.is_stopped() {
        outlet::say("driftline: stopped by a signal; what follows rests on what was read until then");
        exit = Exit::Failed;
    }
    tell(&outcome.report, arguments, exit, zone)
}

/// As many threads as there are cores.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Names the configuration that a report rests on.
pub(super) fn note_configuration(report: &mut Report, path: Option<&Path>) {
    if let Some(path) = path {
        let text = format!("{} is the configuration that was used.", path.display());
        report.caveats.push(Caveat { kind: "configuration", node: None, text });
        report.caveats.sort();
    }
}

/// Says in the report, which is kept longer than what stands on the terminal, what of the sources is not in it.
fn note_unread(report: &mut Report, errors: &[input::Error]) {
    for error in errors {
        let text = format!("failed to {}.", error.in_words());
        report.caveats.push(Caveat { kind: "unread", node: None, text });
    }
    report.caveats.sort();
    report.caveats.dedup();
}

/// Gives all sources of a run what they share, where so many of them are read at once if there are as many threads.
pub(super) fn share(sources: &mut [Source], watch: &Watch, threads: usize, at_once: usize) {
    let (helpers, scratch) = (Helpers::new(threads, at_once), Scratch::new());
    for source in sources {
        source.watch = watch.clone();
        source.helpers = helpers.clone();
        source.scratch = scratch.clone();
    }
}

/// Prints a report, and says how the run ends.
pub(super) fn tell(report: &Report, arguments: &Analyze, exit: Exit, zone: Tz) -> Exit {
    if arguments.quiet {
        return exit;
    }
    let output = arguments.output.as_deref();
    match outlet::print(output, |out| write(report, arguments, exit, zone, out)) {
        Ok(()) => exit,
        Err(error) => {
            let place = output.map_or("standard output".to_owned(), |path| path.display().to_string());
            outlet::complain(&error, &format!("failed to write {place}:"));
            Exit::Failed
        }
    }
}

fn write(report: &Report, arguments: &Analyze, exit: Exit, zone: Tz, out: &mut dyn io::Write) -> io::Result<()> {
    match arguments.format {
        Format::Json => json::write(report, out),
        Format::Markdown => markdown::write(report, zone, out),
        Format::Html => html::write(report, zone, out),
        Format::Svg => svg::write(report, zone, out),
        Format::Table => {
            let place = outlet::place(arguments.output.as_deref(), arguments.color);
            let look = Look {
                width: place.width,
                color: place.color,
                zone,
                fail_on: threshold(arguments.fail_on),
                exit: exit.code(),
                hint: "--format json for machines, html or markdown for the post-mortem",
                threads: threads(),
            };
            table::write(report, &look, out)
        }
    }
}

fn threshold(fail_on: FailOn) -> Option<Severity> {
    match fail_on {
        FailOn::Critical => Some(Severity::Critical),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Info => Some(Severity::Info),
        FailOn::Never => None,
    }
}

/// 2 outranks 1. Sources without a line of either daemon leave nothing to judge by: that is no "nothing found".
pub(super) fn exit_of(report: &Report, is_whole: bool, fail_on: FailOn) -> Exit {
    let coverage = &report.coverage;
    if coverage.recognised + coverage.unrecognised == 0 {
        outlet::say(&format!(
            "driftline: failed to find a line of PowerDNS or keepalived (lines: {}, sources: {})",
            coverage.lines,
            coverage.sources.len()
        ));
        return Exit::Failed;
    }
    let worst = report.findings.iter().map(|finding| finding.severity).max();
    if !is_whole {
        Exit::Failed
    } else if threshold(fail_on).is_some_and(|threshold| worst >= Some(threshold)) {
        Exit::Found
    } else {
        Exit::Clean
    }
}

fn prepare(arguments: &Analyze) -> Result<(Expanded, Options, Tz, Option<PathBuf>), Unusable> {
    let config = config::load(arguments.config.as_deref())?;
    let path = config.path.clone();
    let (options, zone) = options(arguments, config)?;
    Ok((sources(&arguments.sources, arguments.files_from.as_deref())?, options, zone, path))
}

/// What the options say, sources aside; with the zone of the page.
pub(super) fn options(arguments: &Analyze, config: Config) -> Result<(Options, Tz), Unusable> {
    let mut stated = stated(&arguments.year, &arguments.tz, &arguments.skew)?;
    stated.aliases = config.topology.aliases();
    let zone = stated.zones.get(&None).copied().unwrap_or(Tz::UTC);
    let (since, until) = window(arguments.since.as_ref(), arguments.until.as_ref(), zone)?;
    let options = Options {
        since,
        until,
        patterns: config.patterns,
        topology: config.topology,
        rules: if arguments.rule.is_empty() { None } else { Some(rules(&arguments.rule)?.into_iter().collect()) },
        stated,
    };
    Ok((options, zone))
}

/// The sources that the words of the command line and the list stand for.
pub(super) fn sources(words: &[OsString], files_from: Option<&Path>) -> Result<Expanded, Unusable> {
    let mut words = words.to_vec();
    if let Some(path) = files_from {
        words.extend(listed(path).map_err(|source| Unusable::List { path: path.display().to_string(), source })?);
    }
    if words.is_empty() && files_from.is_some() {
        return Err(Unusable::NoSource);
    }
    if words.is_empty() {
        return Ok(Expanded { sources: vec![input::this_machine()?], errors: Vec::new() });
    }
    Ok(input::expand(&words))
}

/// What `--since` and `--until` stand for.
pub(super) fn window(
    since: Option<&String>,
    until: Option<&String>,
    zone: Tz,
) -> Result<(Option<Moment>, Option<Moment>), Unusable> {
    let (since, until) = (moment_of("--since", since, zone)?, moment_of("--until", until, zone)?);
    if let (Some(since), Some(until)) = (since, until)
        && since.micros > until.micros
    {
        return Err(Unusable::Window { since: since.rfc3339(), until: until.rfc3339() });
    }
    Ok((since, until))
}

/// The time that an option's word stands for.
fn moment_of(option: &'static str, word: Option<&String>, zone: Tz) -> Result<Option<Moment>, Unusable> {
    let Some(word) = word else { return Ok(None) };
    let wanted = "a time such as \"2020-08-08 21:01\", \"yesterday\", \"-2h\" or 2020-08-08T21:01:16Z";
    when::parse(word, now(), zone).map(Some).ok_or_else(|| unusable(option, word, wanted))
}

fn unusable(option: &'static str, word: &str, wanted: impl Into<String>) -> Unusable {
    Unusable::Word { option, word: word.to_owned(), wanted: wanted.into() }
}

pub(super) fn rules(words: &[String]) -> Result<Vec<String>, Unusable> {
    let known: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    for word in words {
        if !known.contains(&word.as_str()) {
            return Err(unusable("--rule", word, format!("one of {}", known.join(", "))));
        }
    }
    Ok(words.to_vec())
}

/// `[NODE=]VALUE`.
fn for_node(word: &str) -> (Option<Text>, &str) {
    match word.split_once('=') {
        Some((node, value)) => (Some(Text::from(node)), value),
        None => (None, word),
    }
}

pub(super) fn stated(years: &[String], zones: &[String], skews: &[String]) -> Result<Stated, Unusable> {
    let mut stated = Stated::default();
    for word in years {
        let (node, value) = for_node(word);
        let year = value.parse().ok().filter(|year| (1970..=2200).contains(year));
        stated
            .years
            .insert(node, year.ok_or_else(|| unusable("--year", word, "a year from 1970 to 2200, or NODE=YEAR"))?);
    }
    for word in zones {
        let (node, value) = for_node(word);
        let zone = if value == "local" { local_zone() } else { value.parse().ok() };
        let wanted = "a zone such as Europe/Zurich, UTC or local, or NODE=ZONE";
        stated.zones.insert(node, zone.ok_or_else(|| unusable("--tz", word, wanted))?);
    }
    for word in skews {
        let seconds =
            |value: &str| value.trim_end_matches('s').parse().ok().filter(|seconds: &f64| seconds.abs() < 1e9);
        let (Some(node), value) = for_node(word) else {
            return Err(unusable("--skew", word, "NODE=SECONDS, + where the node's clock is ahead"));
        };
        let seconds = seconds(value)
            .ok_or_else(|| unusable("--skew", word, "NODE=SECONDS, + where the node's clock is ahead"))?;
        stated.skews.insert(node, seconds);
    }
    Ok(stated)
}

/// This machine's zone, asked for by name only.
fn local_zone() -> Option<Tz> {
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    let named = std::env::var("TZ").ok().and_then(|name| name.trim_start_matches(':').parse().ok());
    named.or_else(|| {
        let link = std::fs::read_link("/etc/localtime").ok()?;
        let path = link.to_str()?;
        path.split_once("zoneinfo/")?.1.parse().ok()
    })
}

fn listed(path: &Path) -> io::Result<Vec<OsString>> {
    #[expect(clippy::disallowed_methods, reason = "the list of sources is named on the command line")]
    let lines: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(io::BufReader::new(File::open(path)?))
    };
    let lines = lines.split(b'\n').collect::<io::Result<Vec<_>>>()?;
    Ok(lines.into_iter().filter(|line| !line.is_empty()).map(OsString::from_vec).collect())
}

#[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is looked at")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
