//! `driftline redact`: logs → the same logs with names, zones and addresses replaced.

use super::{Exit, outlet};
use crate::input::{self, Error, Source};
use crate::pipeline::{self, Patterns};
use crate::redact::{self, Map, Names, Redactor, stem};
use clap::Args;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Redact {
    /// Logs, as of analyze
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<OsString>,

    /// Directory to write to; it must be empty or not exist
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,

    /// Write what was replaced by what to FILE: for you, not for those who get the logs
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
}

const HELP: &str = "\
Hosts, zones, addresses, VRRP instances, sync groups and every word that PowerDNS and keepalived
do not print themselves are replaced, the same by the same in all files. Addresses keep their
family (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, then 10.0.0.0/8; 2001:db8::/32), zones their
suffixes; stamps, serials, priorities and pids stay. What is written analyses to the same findings.
Lines of other programs, and lines that driftline does not know, are left out and counted. Read the
result before you pass it on.

Exit codes:
  0  all sources were read and written
  2  the job could not be done, or not wholly";

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("write to {path}: the directory is not empty")]
    NotEmpty { path: String },
    #[error("write {path}")]
    Write { path: String, source: io::Error },
    #[error("read {path} twice, as redacting needs: save it to a file first")]
    NotTwice { path: String },
}

pub(super) fn run(arguments: &Redact) -> Exit {
    match write_all(arguments) {
        Ok(true) => Exit::Clean,
        Ok(false) => Exit::Failed,
        Err(trouble) => {
            outlet::complain(&trouble, "failed to");
            Exit::Failed
        }
    }
}

/// Whether all of it could be done.
fn write_all(arguments: &Redact) -> Result<bool, Trouble> {
    let output = &arguments.output;
    prepare(output)?;
    let expanded = input::expand(&arguments.sources);
    let mut errors = expanded.errors;
    if let Some(source) = expanded.sources.iter().find(|source| !source.can_be_read_again()) {
        return Err(Trouble::NotTwice { path: source.path.to_string() });
    }
    let mut names = Names::default();
    let mut readable = Vec::new();
    for source in &expanded.sources {
        match note(source, &mut names) {
            Ok(hosts) => readable.push((source, hosts)),
            Err(error) if source.found_in_directory && error.is_not_a_log() => {
                outlet::say(&format!("driftline: {} is no log and is left out", source.path));
            }
            Err(error) => errors.push(error),
        }
    }
    let map = names.settle();
    let mut taken = BTreeMap::new();
    let (mut written, mut lines) = (0, 0);
    for (source, hosts) in readable {
        let place = output.join(file_name(&hosts, &map, &mut taken));
        match write(source, &map, &place)? {
            Ok(done) if done.written == 0 => {
                fs::remove_file(&place)
                    .map_err(|source| Trouble::Write { path: place.display().to_string(), source })?;
                lines += done.lines;
                outlet::say(&format!("driftline: {}: nothing in it may be written, left out", source.path));
                errors.extend(done.broken_off);
            }
            Ok(done) => {
                (written, lines) = (written + done.written, lines + done.lines);
                let left_out = done.lines.saturating_sub(done.written);
                outlet::say(&format!("{}: {} lines written, {left_out} left out", place.display(), done.written));
                errors.extend(done.broken_off);
            }
            Err(error) => errors.push(error),
        }
    }
    if let Some(path) = &arguments.map {
        write_map(&map, path)?;
    }
    errors.iter().for_each(|error| outlet::complain(error, "failed to"));
    if written == 0 {
        outlet::say(&format!("driftline: failed to find a line of PowerDNS or keepalived in {lines} lines"));
    }
    Ok(errors.is_empty() && written > 0)
}

fn prepare(output: &Path) -> Result<(), Trouble> {
    let path = output.display().to_string();
    fs::create_dir_all(output).map_err(|source| Trouble::Write { path: path.clone(), source })?;
    let mut entries = fs::read_dir(output).map_err(|source| Trouble::Write { path: path.clone(), source })?;
    if entries.next().is_some() { Err(Trouble::NotEmpty { path }) } else { Ok(()) }
}

/// What a source's lines are called where they name no host.
fn node_of(source: &Source) -> String {
    source.node.as_ref().map_or_else(|| stem(&source.path).to_owned(), ToString::to_string)
}

/// First reading; the hosts in it.
fn note(source: &Source, names: &mut Names) -> Result<BTreeSet<String>, Error> {
    let node = node_of(source);
    let mut redactor = Redactor::default();
    let mut hosts = BTreeSet::new();
    let interest = pipeline::interest(&Patterns::default());
    pipeline::read_unwrapped(source, &interest, &mut |record| {
        let host = redact::host(source.node.as_deref(), record, &node);
        redactor.note(record, &host, names);
        hosts.insert(host);
    })?;
    Ok(hosts)
}

/// `node1.log` of a host's own file, `log.log` of one with several. Files of one name lie in numbered directories.
fn file_name(hosts: &BTreeSet<String>, map: &Map, taken: &mut BTreeMap<String, usize>) -> PathBuf {
    let only = hosts.iter().next().filter(|_| hosts.len() == 1);
    let name = only.and_then(|host| map.host(host)).unwrap_or_else(|| "log".to_owned());
    let name = name.replace([':', '/'], "_");
    let count = taken.entry(name.clone()).or_default();
    *count += 1;
    if *count == 1 { PathBuf::from(format!("{name}.log")) } else { PathBuf::from(format!("{count}/{name}.log")) }
}

struct Done {
    written: u64,
    lines: u64,
    broken_off: Option<Error>,
}

/// Second reading. The outer error is one of writing: then nothing more can be done.
fn write(source: &Source, map: &Map, place: &Path) -> Result<Result<Done, Error>, Trouble> {
    let trouble = |source| Trouble::Write { path: place.display().to_string(), source };
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent).map_err(trouble)?;
    }
    let file = File::create(place).map_err(trouble)?;
    let mut out = BufWriter::new(file);
    let node = node_of(source);
    let mut redactor = Redactor::default();
    let (mut written, mut failure) = (0, None);
    let interest = pipeline::interest(&Patterns::default());
    let summary = pipeline::read_unwrapped(source, &interest, &mut |record| {
        if failure.is_some() {
            return;
        }
        let host = redact::host(source.node.as_deref(), record, &node);
        if let Some(line) = redactor.line(record, &host, map) {
            written += 1;
            failure = writeln!(out, "{line}").err();
        }
    });
    let flushed = failure.map_or_else(|| out.flush(), Err);
    flushed.map_err(trouble)?;
    let summary = match summary {
        Ok(summary) => summary,
        Err(error) => return Ok(Err(error)),
    };
    // A year may be known from nothing but the file's date.
    if let Some(modified) = summary.modified.and_then(|seconds| u64::try_from(seconds).ok()) {
        let time = UNIX_EPOCH + Duration::from_secs(modified);
        out.get_ref().set_modified(time).map_err(trouble)?;
    }
    Ok(Ok(Done { written, lines: summary.lines, broken_off: summary.broken_off }))
}

#[derive(Serialize)]
struct WireMap<'m> {
    schema: &'static str,
    #[serde(flatten)]
    kinds: BTreeMap<&'static str, BTreeMap<String, &'m str>>,
}

fn write_map(map: &Map, path: &Path) -> Result<(), Trouble> {
    let mut kinds: BTreeMap<&'static str, BTreeMap<String, &str>> = BTreeMap::new();
    for (kind, old, new) in map.iter() {
        kinds.entry(kind).or_default().insert(old, new);
    }
    let trouble = |source| Trouble::Write { path: path.display().to_string(), source };
    let text = serde_json::to_string_pretty(&WireMap { schema: "driftline.redact/1", kinds });
    let text = text.map_err(io::Error::other).map_err(trouble)?;
    fs::write(path, text + "\n").map_err(trouble)
}
