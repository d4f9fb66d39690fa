//! `driftline follow`: sources that grow → announcements, and a state that survives everything.

pub(in crate::cli) mod args;
mod gauges;
pub(super) mod readers;
pub(super) mod session;
pub(super) mod store;

use super::analyze::{Unusable, stated};
use super::outlets::settings::Settings;
use super::{Exit, config, outlet};
use crate::event::Text;
use crate::input::live::{self, Followed, Found, Places, Until};
use crate::pipeline::Options;
use crate::pipeline::live::SettingsFile;
use args::{Follow, FollowFormat, Reading};
use chrono_tz::Tz;
use session::{Before, Session, Stopped};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::Store;

/// What signals ask for.
#[derive(Debug, Clone, Default)]
struct Asked {
    stop: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
}

pub(super) fn run(arguments: &Follow) -> Exit {
    match follow(arguments) {
        Ok(exit) => exit,
        Err(error) => {
            outlet::complain(&error, "failed to");
            Exit::Failed
        }
    }
}

fn follow(arguments: &Follow) -> Result<Exit, Unusable> {
    let asked = Asked::default();
    if let Err(error) = listen(&asked) {
        outlet::complain(&error, "failed to listen for signals:");
    }
    let store = arguments.state.clone().or_else(state_directory).map(Store::at);
    // A reload that fails leaves the old configuration in use.
    let mut configured = configured(&arguments.reading)?;
    let words = &arguments.reading.sources;
    let Found { logs: mut sources, settings: files, mut errors } = live::expand(words)?;
    let (mut settings, failed) = SettingsFile::read_all(&files);
    errors.extend(failed);
    for error in &errors {
        outlet::complain(error, "failed to");
    }
    if errors.is_empty() && sources.is_empty() {
        outlet::say("driftline: there is no log among the sources: a configuration is read beside logs");
    }
    if !errors.is_empty() || sources.is_empty() {
        return Ok(Exit::Failed);
    }
    // From here on what cannot be read is said, and what was there before stays.
    let mut before = Before::new(Places::new(words));
    loop {
        let session = Session {
            sources: sources.clone(),
            settings: &settings,
            configured: &configured,
            outgoing: &arguments.outgoing,
            store: store.as_ref(),
            is_ndjson: arguments.format == FollowFormat::Ndjson,
            tells_past: arguments.replay,
            until: if arguments.until_end { Until::EndOfInput } else { Until::Stopped },
            asked: &asked,
        };
        match session.run(&mut before) {
            Stopped::BySignal | Stopped::AtTheEnd => return Ok(Exit::Clean),
            Stopped::Failed => return Ok(Exit::Failed),
            Stopped::ForNewLogs => outlet::say("driftline: there are new logs, they are followed too"),
            Stopped::ToReload => {
                match self::configured(&arguments.reading) {
                    Ok(new) => {
                        say_reloaded(&configured, &new);
                        configured = new;
                    }
                    Err(error) => {
                        outlet::complain(&error, "failed to reload, the old configuration stays in use: failed to");
                    }
                }
                if let Some(outlets) = &mut before.outlets {
                    outlets.reconfigure(&configured.settings);
                }
            }
        }
        look_again(words, &mut sources, &mut settings);
    }
}

/// Adds the logs that have come to stand there, and reads configuration files again. Logs that are followed go on to be, also where they are
/// missing for now; a file that cannot be read says what it said.
fn look_again(words: &[OsString], sources: &mut Vec<Followed>, settings: &mut Vec<SettingsFile>) {
    let Found { logs, settings: files, errors } = match live::expand(words) {
        Ok(found) => found,
        Err(error) => return outlet::complain(&error, "failed to"),
    };
    let (read, failed) = SettingsFile::read_all(&files);
    failed.iter().for_each(|error| outlet::complain(error, "failed to"));
    let mut before = std::mem::replace(settings, read);
    before.retain(|known| !settings.iter().any(|file| file.path() == known.path()));
    for error in errors.iter().filter(|error| !sources.iter().any(|source| source.path == *error.path())) {
        outlet::complain(error, "failed to");
    }
    // What is gone from a directory is gone.
    let is_there = |path: &Text| {
        let is_failed = errors.iter().any(|error| error.path() == path);
        is_failed || files.iter().any(|file| file.path == *path) || logs.iter().any(|log| log.path == *path)
    };
    before.retain(|known| is_there(known.path()));
    for known in &before {
        outlet::say(&format!(
            "driftline: {} cannot be read as a configuration any more; what it said stays in use",
            known.path()
        ));
    }
    settings.extend(before);
    let is_settings = |log: &Followed| settings.iter().any(|known| *known.path() == log.path);
    let new: Vec<Followed> = logs.into_iter().filter(|log| log.is_new(sources) && !is_settings(log)).collect();
    sources.extend(new);
}

fn say_reloaded(before: &Configured, now: &Configured) {
    outlet::say(match (&before.path, &now.path) {
        (_, Some(_)) => "driftline: the configuration was read again",
        (Some(_), None) => "driftline: the configuration is gone: from now on nothing is stated",
        (None, None) => "driftline: there is no configuration",
    });
}

/// What the options and the configuration say, sources aside.
pub(super) struct Configured {
    /// The configuration, if there is one.
    path: Option<PathBuf>,
    pub(super) options: Options,
    /// Of the output.
    pub(super) zone: Tz,
    /// How announcements go out.
    pub(super) settings: Settings,
}

/// Reads the configuration.
///
/// # Errors
/// It, or an option, cannot be used.
pub(super) fn configured(reading: &Reading) -> Result<Configured, Unusable> {
    let config = config::load(reading.config.as_deref())?;
    let mut stated = stated(&reading.year, &reading.tz, &reading.skew)?;
    let zone = stated.zones.get(&None).copied().unwrap_or(Tz::UTC);
    let rules = super::analyze::rules(&reading.rule)?;
    let rules = (!rules.is_empty()).then(|| rules.into_iter().collect());
    stated.aliases = config.topology.aliases();
    let config::Config { path, patterns, topology, follow } = config;
    let options = Options { stated, rules, patterns, topology, ..Options::default() };
    Ok(Configured { path, options, zone, settings: follow })
}

fn listen(asked: &Asked) -> std::io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&asked.stop))?;
    }
    flag::register(SIGHUP, Arc::clone(&asked.reload))?;
    Ok(())
}

/// Where a service manager wants the state to be.
fn state_directory() -> Option<PathBuf> {
    let directory = outlet::environment("STATE_DIRECTORY")?;
    let first = directory.split(':').next().filter(|path| !path.is_empty())?;
    Some(PathBuf::from(first).join("follow.state"))
}
