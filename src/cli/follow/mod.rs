//! `driftline follow`: sources that grow → announcements, and a state that survives everything.

pub(in crate::cli) mod args;
mod gauges;
pub(super) mod readers;
pub(super) mod session;
pub(super) mod store;

use super::analyze::{Unusable, stated};
use super::outlets::settings::Settings;
use super::{Exit, config, outlet};
use crate::input::live::{self, Places, Until};
use crate::pipeline::Options;
use args::{Follow, FollowFormat, Reading};
use chrono_tz::Tz;
use session::{Before, Session, Stopped};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
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
    let places = Places::new(&arguments.reading.sources);
    let mut before = Before { outlets: None, state: None, places };
    let mut is_first = true;
    loop {
        let (sources, errors) = live::expand(&arguments.reading.sources)?;
        for error in &errors {
            outlet::complain(error, "failed to");
        }
        if is_first && (!errors.is_empty() || sources.is_empty()) {
            return Ok(Exit::Failed);
        }
        is_first = false;
        let session = Session {
            sources,
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
            Stopped::ToReload => match self::configured(&arguments.reading) {
                Ok(new) => {
                    outlet::say("driftline: the configuration was read again");
                    configured = new;
                    if let Some(outlets) = &mut before.outlets {
                        outlets.reconfigure(&configured.settings);
                    }
                }
                Err(error) => {
                    outlet::complain(&error, "failed to reload, the old configuration stays in use: failed to")
                }
            },
        }
    }
}

/// What the options and the configuration say, sources aside.
pub(super) struct Configured {
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
    let config::Config { patterns, topology, follow, .. } = config;
    let options = Options { stated, rules, patterns, topology, ..Options::default() };
    Ok(Configured { options, zone, settings: follow })
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
