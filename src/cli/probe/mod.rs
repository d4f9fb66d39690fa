//! `driftline probe`: what is new since the last run → what is open now, for Nagios and Icinga.

pub(in crate::cli) mod args;
mod verdict;

use super::follow::readers::Readers;
use super::follow::session::wall;
use super::follow::store::{self, Store};
use super::follow::{Configured, configured};
use super::outlet;
use crate::follow::{Follower, Item, Named, Outgoing};
use crate::input::live::{self, Followed, Found, Until};
use crate::pipeline::live::SettingsFile;
use args::Probe;
use chrono_tz::Tz;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use verdict::Probed;
pub(super) use verdict::Status;

/// Between two looks at the clock.
const TICK: Duration = Duration::from_millis(50);

pub(super) fn run(arguments: &Probe) -> Status {
    match probe(arguments) {
        Ok(status) => status,
        Err(why) => unknown(&why),
    }
}

/// A line that says why nothing is known.
pub(super) fn unknown(why: &str) -> Status {
    let probed = Probed { unknown: vec![why.to_owned()], ..Probed::default() };
    print(&probed, Tz::UTC)
}

fn print(probed: &Probed<'_>, zone: Tz) -> Status {
    // A closed pipe is a normal end.
    let _ = std::io::stdout().write_all(probed.page(zone).as_bytes());
    probed.status()
}

fn probe(arguments: &Probe) -> Result<Status, String> {
    let begun = Instant::now();
    let Configured { options, zone, .. } = configured(&arguments.reading).map_err(|error| chain(&error))?;
    let Found { logs: sources, settings, errors } =
        live::expand(&arguments.reading.sources).map_err(|error| chain(&error))?;
    let (beside, failed) = SettingsFile::read_all(&settings);
    let mut unknown: Vec<String> = errors.iter().chain(&failed).map(|error| chain(error)).collect();
    let store = Store::at(state_path(arguments, &sources)?);
    let named: Vec<Named> = sources.iter().map(|source| (source.path.clone(), source.node.clone())).collect();
    let fresh = || Follower::new(options.clone(), &beside, named.clone(), zone, false);
    let mut follower = fresh();
    match store.load().map_err(|error| format!("failed to read the state {}: {error}", store.path().display()))? {
        store::Found::Nothing => {}
        store::Found::SetAside(aside, why) => {
            unknown.push(format!("the state could not be used, {why}; it is kept as {}", aside.display()));
        }
        store::Found::State(state) => {
            if follower.restore(*state).is_none() {
                follower = fresh();
                unknown.push("the state could not be used: it names events that are not known".to_owned());
            }
        }
    }
    let (gaps, lines) = (follower.gaps(), follower.lines_before());
    let stop = Arc::new(AtomicBool::new(false));
    let readers = Readers::begin(&sources, &mut follower, &options, Until::LastWholeLine, &stop);
    let mut failed = 0;
    while !follower.is_over() && failed < sources.len() {
        if begun.elapsed() >= Duration::from_secs(arguments.timeout) {
            unknown.push(format!("not all was read within {} s", arguments.timeout));
            break;
        }
        let mut next = readers.messages.recv_timeout(TICK).ok();
        while let Some((source, item)) = next {
            match item {
                Ok(item) => {
                    if let Item::Trouble(path, trouble) = &item
                        && trouble.is_of_whole_source()
                    {
                        unknown.push(format!("{path}: {}", trouble.text));
                    }
                    follower.push(source, item, wall());
                }
                Err(error) => {
                    unknown.push(chain(&error));
                    failed += 1;
                    follower.push(source, Item::End, wall());
                }
            }
            next = readers.messages.try_recv().ok();
        }
        while !follower.step(wall(), &mut |source| readers.done(source)).is_empty() {}
    }
    stop.store(true, Ordering::Relaxed);
    if follower.gaps() > gaps {
        unknown.push("lines were lost before they could be read".to_owned());
    }
    follower.look(wall());
    store
        .save(&follower.state(Outgoing::default(), None).0)
        .map_err(|error| format!("failed to write the state {}: {error}", store.path().display()))?;
    let Some(report) = follower.report() else { return Err("nothing was read".to_owned()) };
    let probed = Probed {
        open: report.findings.iter().filter(|finding| finding.is_open()).collect(),
        unknown,
        lines: follower.counts().lines.saturating_sub(lines),
        lag_seconds: follower.newest().map(|newest| (wall() - newest).max(0) / 1_000_000),
        warning: arguments.warning,
        critical: arguments.critical,
    };
    Ok(print(&probed, zone))
}

/// An error with what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = format!("failed to {error}");
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}

/// Where the state is: each set of sources has its own.
fn state_path(arguments: &Probe, sources: &[Followed]) -> Result<PathBuf, String> {
    if let Some(path) = &arguments.state {
        return Ok(path.clone());
    }
    let set = |name: &str| outlet::environment(name).filter(|value| !value.is_empty());
    let directory = set("STATE_DIRECTORY")
        .map(PathBuf::from)
        .or_else(|| set("XDG_STATE_HOME").map(|home| Path::new(&home).join("driftline")))
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".local/state/driftline")))
        .unwrap_or_else(|| PathBuf::from("/var/lib/driftline"));
    std::fs::create_dir_all(&directory)
        .map_err(|error| format!("failed to make {}: {error}; name a file with --state", directory.display()))?;
    Ok(directory.join(format!("probe-{:016x}.state", name_of(sources))))
}

/// The same number for the same sources.
fn name_of(sources: &[Followed]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = sources.iter().flat_map(|source| {
        source.path.bytes().chain([0]).chain(source.node.iter().flat_map(|node| node.bytes())).chain([0xff])
    });
    bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
