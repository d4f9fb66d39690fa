//! One run of a follower, from its state to a signal, a reload, or the end of the input.

use super::Asked;
use super::readers::Readers;
use super::store::{Found, Store};
use crate::cli::outlet;
use crate::follow::{Change, Follower, Named};
use crate::input::live::{Followed, Until};
use crate::pipeline::{Options, interest};
use chrono::Utc;
use chrono_tz::Tz;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// Between two looks at the clock and at signals while nothing comes.
const TICK: Duration = Duration::from_millis(200);
/// The state is written this often though nothing is announced: so much is read again after a crash.
const SAVE: Duration = Duration::from_secs(10);
/// Messages taken before the follower goes on.
const AT_ONCE: usize = 2_000;

/// Everything a run needs.
pub(super) struct Session<'s> {
    pub(super) sources: Vec<Followed>,
    pub(super) options: Options,
    pub(super) zone: Tz,
    pub(super) store: Option<&'s Store>,
    pub(super) is_ndjson: bool,
    pub(super) tells_past: bool,
    pub(super) until: Until,
    pub(super) asked: &'s Asked,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    BySignal,
    ToReload,
    AtTheEnd,
    Failed,
}

impl Session<'_> {
    pub(super) fn run(self) -> Stopped {
        let interest = interest(&self.options.patterns);
        let Ok(mut follower) = self.follower() else { return Stopped::Failed };
        let stop = Arc::new(AtomicBool::new(false));
        let readers = Readers::begin(&self.sources, &mut follower, &interest, self.until, &stop);
        if self.save(&follower, Vec::new()).is_err() {
            return Stopped::Failed;
        }
        let stopped = self.turn(&mut follower, &readers);
        stop.store(true, Ordering::Relaxed);
        if stopped != Stopped::Failed && self.save(&follower, Vec::new()).is_err() {
            return Stopped::Failed;
        }
        stopped
    }

    /// A follower that goes on where the state is; announcements that were on their way go out again.
    fn follower(&self) -> Result<Follower, ()> {
        let named: Vec<Named> = self.sources.iter().map(|source| (source.path.clone(), source.node.clone())).collect();
        let fresh =
            || Follower::new(self.options.clone(), named.clone(), self.zone, self.tells_past || !self.has_a_past());
        let mut follower = fresh();
        let Some(store) = self.store else { return Ok(follower) };
        let found = store.load().map_err(|error| {
            outlet::complain(&error, &format!("failed to read the state {}:", store.path().display()));
        })?;
        match found {
            Found::Nothing => Ok(follower),
            Found::SetAside(aside, why) => {
                self.set_aside(store, &aside.display().to_string(), &why);
                Ok(follower)
            }
            Found::State(state) => {
                let Some(pending) = follower.restore(*state) else {
                    let aside = store.set_aside().map_err(|error| {
                        outlet::complain(&error, &format!("failed to set {} aside:", store.path().display()));
                    })?;
                    self.set_aside(store, &aside.display().to_string(), "it names events that are not known");
                    return Ok(fresh());
                };
                self.tell(&pending)?;
                Ok(follower)
            }
        }
    }

    fn has_a_past(&self) -> bool {
        self.sources.iter().any(Followed::has_a_past)
    }

    fn set_aside(&self, store: &Store, aside: &str, why: &str) {
        outlet::say(&format!(
            "driftline: the state {} cannot be used, {why}; it is kept as {aside}, and the sources are read from their beginning",
            store.path().display()
        ));
    }

    fn turn(&self, follower: &mut Follower, readers: &Readers) -> Stopped {
        let mut saved = Instant::now();
        let mut is_changed = false;
        let mut is_caught_up = follower.is_caught_up();
        loop {
            if self.asked.stop.load(Ordering::Relaxed) {
                return Stopped::BySignal;
            }
            if self.asked.reload.swap(false, Ordering::Relaxed) {
                return Stopped::ToReload;
            }
            match self.take(follower, readers, &mut is_changed) {
                Ok(()) => {}
                Err(stopped) => return stopped,
            }
            loop {
                let changes = follower.step(wall(), &mut |source| readers.done(source));
                if changes.is_empty() {
                    break;
                }
                if self.announce(follower, changes).is_err() {
                    return Stopped::Failed;
                }
                saved = Instant::now();
            }
            let has_caught_up =
                follower.is_caught_up() && !std::mem::replace(&mut is_caught_up, follower.is_caught_up());
            if has_caught_up || is_changed && saved.elapsed() >= SAVE {
                if self.save(follower, Vec::new()).is_err() {
                    return Stopped::Failed;
                }
                (saved, is_changed) = (Instant::now(), false);
            }
            if follower.is_over() {
                let changes = follower.conclude();
                let told = if changes.is_empty() { Ok(()) } else { self.announce(follower, changes) };
                return if told.is_ok() { Stopped::AtTheEnd } else { Stopped::Failed };
            }
        }
    }

    /// Takes what the sources have said meanwhile.
    fn take(&self, follower: &mut Follower, readers: &Readers, is_changed: &mut bool) -> Result<(), Stopped> {
        let mut next = match readers.messages.recv_timeout(TICK) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            // All threads have ended, each with a last word.
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let mut count = 0;
        while let Some((source, item)) = next {
            match item {
                Ok(item) => {
                    *is_changed |= !matches!(item, crate::follow::Item::Rest(_));
                    follower.push(source, item, wall());
                }
                Err(error) => {
                    outlet::complain(&error, "failed to");
                    return Err(if readers.are_stopped() { Stopped::BySignal } else { Stopped::Failed });
                }
            }
            count += 1;
            next = if count < AT_ONCE { readers.messages.try_recv().ok() } else { None };
        }
        Ok(())
    }

    /// First noted as on their way, then told, then noted as told: a crash in between tells them again, not never.
    fn announce(&self, follower: &Follower, changes: Vec<Change>) -> Result<(), ()> {
        self.save(follower, changes.clone())?;
        self.tell(&changes)?;
        self.save(follower, Vec::new())
    }

    fn tell(&self, changes: &[Change]) -> Result<(), ()> {
        let mut out = io::stdout().lock();
        let written = changes.iter().try_for_each(|change| {
            let text = if self.is_ndjson { &change.json } else { &change.text };
            writeln!(out, "{text}")
        });
        match written.and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            // A closed pipe is a normal end.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.asked.stop.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                outlet::complain(&error, "failed to write standard output:");
                Err(())
            }
        }
    }

    fn save(&self, follower: &Follower, pending: Vec<Change>) -> Result<(), ()> {
        let Some(store) = self.store else { return Ok(()) };
        store.save(&follower.state(pending)).map_err(|error| {
            outlet::complain(&error, &format!("failed to write the state {}:", store.path().display()));
        })
    }
}

/// Microseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "who follows lives by the wall clock")]
pub(in crate::cli) fn wall() -> i64 {
    Utc::now().timestamp_micros()
}
