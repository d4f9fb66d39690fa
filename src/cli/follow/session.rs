//! One run of a follower, from its state to a signal, a reload, or the end of the input.

use super::gauges::{self, Totals};
use super::readers::Readers;
use super::store::{Found, Store};
use super::{Asked, Configured};
use crate::cli::outlet;
use crate::cli::outlets::Outlets;
use crate::cli::outlets::args::Outgoing as Ways;
use crate::follow::{Change, Delivered, Follower, Item, Kind, Named, Outgoing, State};
use crate::input::Interest;
use crate::input::live::{Followed, Places, Position, Until};
use crate::pipeline::interest;
use crate::pipeline::live::{Mark, SettingsFile};
use crate::report::announcement::{closed_at_once, fit};
use chrono::Utc;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two looks at the clock and at signals while nothing comes.
const TICK: Duration = Duration::from_millis(200);
/// The state is written this often though nothing is announced: so much is read again after a crash.
const SAVE: Duration = Duration::from_secs(10);
/// What can be seen from outside is renewed this often.
const SHOW: Duration = Duration::from_secs(1);
/// Announcements that are on their way out when a signal comes have this long.
const GRACE: Duration = Duration::from_secs(5);
/// Messages taken before the follower goes on.
const AT_ONCE: usize = 2_000;

/// Everything a run needs.
pub(super) struct Session<'s> {
    /// Those of the run before come first.
    pub(super) sources: Vec<Followed>,
    /// Configuration files beside them.
    pub(super) settings: &'s [SettingsFile],
    pub(super) configured: &'s Configured,
    pub(super) outgoing: &'s Ways,
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
    /// Logs have come to stand in a directory that is followed.
    ForNewLogs,
    AtTheEnd,
    Failed,
}

/// It was said why.
#[derive(Debug)]
struct Failed;

impl Session<'_> {
    /// Runs, and goes on where the run before was, if there was one.
    pub(super) fn run(self, before: &mut Before) -> Stopped {
        self.begin(before).unwrap_or(Stopped::Failed)
    }

    fn begin(&self, before: &mut Before) -> Result<Stopped, Failed> {
        let Before { outlets, places, totals, under_way } = before;
        let interest = interest(&self.configured.options.patterns);
        let (mut follower, outgoing, going) = match under_way.take() {
            Some(under_way) if self.can_go_on(&under_way, &interest) => {
                let (follower, readers) = self.go_on(under_way);
                (follower, Outgoing::default(), Some(readers))
            }
            ended => {
                let (follower, outgoing) = self.follower(ended.map(UnderWay::end))?;
                (follower, outgoing, None)
            }
        };
        let pending = outgoing.pending.clone();
        let outlets = match outlets {
            Some(outlets) => outlets,
            None => outlets.insert(self.open(outgoing)?),
        };
        let mut run =
            Run { session: self, outlets, places, totals, saved: Instant::now(), is_changed: false, written: None };
        // What was on its way when the last run died goes out again, the same bytes.
        run.tell(&pending)?;
        let readers = going.unwrap_or_else(|| {
            let stop = Arc::new(AtomicBool::new(false));
            Readers::begin(&self.sources, &mut follower, &self.configured.options, self.until, &stop)
        });
        run.save(&follower, Vec::new())?;
        let stopped = run.turn(&mut follower, &readers);
        if let Ok(Stopped::ToReload | Stopped::ForNewLogs) = stopped {
            run.save(&follower, Vec::new())?;
            *under_way = Some(UnderWay { follower, readers, sources: self.sources.clone() });
            return stopped;
        }
        readers.stop();
        run.outlets.close(GRACE);
        run.save(&follower, Vec::new())?;
        stopped
    }

    /// Whether the threads of the run before look for what is wanted now, or must not be ended: who begins anew would not find again
    /// what a pipe said meanwhile.
    fn can_go_on(&self, under_way: &UnderWay, interest: &Interest) -> bool {
        let is_same = under_way.readers.interest().is_as(interest);
        let has_pipe = !under_way.sources.iter().all(Followed::can_be_read_again);
        if has_pipe && !is_same {
            outlet::say(
                "driftline: a pipe is followed: lines that only the patterns of now look for are heard after the next start",
            );
        }
        is_same || has_pipe
    }

    /// Goes on with the threads of the run before.
    fn go_on(&self, under_way: UnderWay) -> (Follower, Readers) {
        let UnderWay { mut follower, mut readers, sources } = under_way;
        follower.restate(self.configured.options.clone(), self.settings, self.configured.zone);
        for source in &self.sources[sources.len()..] {
            follower.add((source.path.clone(), source.node.clone()));
            readers.add(source, &mut follower);
        }
        (follower, readers)
    }

    fn open(&self, outgoing: Outgoing) -> Result<Outlets, Failed> {
        let Outgoing { pacing, waiting, .. } = outgoing;
        Outlets::open(self.outgoing, &self.configured.settings, pacing, waiting).map_err(|error| {
            outlet::complain(&error, "failed to");
            Failed
        })
    }

    /// A follower that goes on where the state is, with what was on its way out.
    fn follower(&self, before: Option<State<Position>>) -> Result<(Follower, Outgoing), Failed> {
        let named: Vec<Named> = self.sources.iter().map(|source| (source.path.clone(), source.node.clone())).collect();
        let Configured { options, zone, .. } = self.configured;
        let tells_past = self.tells_past || !self.sources.iter().any(Followed::has_a_past);
        let fresh = || Follower::new(options.clone(), self.settings, named.clone(), *zone, tells_past);
        let mut follower = fresh();
        let (None, Some(store)) = (&before, self.store) else {
            let outgoing = before.and_then(|state| follower.restore(state)).unwrap_or_default();
            return Ok((follower, outgoing));
        };
        match store.load().map_err(|error| store_failed(store, &error, "read"))? {
            Found::Nothing => {}
            Found::SetAside(aside, why) => set_aside(store, &aside.display().to_string(), &why),
            Found::State(state) => {
                if let Some(outgoing) = follower.restore(*state) {
                    return Ok((follower, outgoing));
                }
                let aside = store.set_aside().map_err(|error| store_failed(store, &error, "set aside"))?;
                set_aside(store, &aside.display().to_string(), "it names events that are not known");
                follower = fresh();
            }
        }
        Ok((follower, Outgoing::default()))
    }
}

fn set_aside(store: &Store, aside: &str, why: &str) {
    outlet::say(&format!(
        "driftline: the state {} cannot be used, {why}; it is kept as {aside}, and the sources are read from their beginning",
        store.path().display()
    ));
}

fn store_failed(store: &Store, error: &io::Error, verb: &str) -> Failed {
    outlet::complain(error, &format!("failed to {verb} the state {}:", store.path().display()));
    Failed
}

/// What a run leaves to the next one of the same process.
pub(super) struct Before {
    pub(super) outlets: Option<Outlets>,
    places: Places,
    totals: Totals,
    under_way: Option<UnderWay>,
}

impl Before {
    /// Before the first run.
    pub(super) fn new(places: Places) -> Self {
        Self { outlets: None, places, totals: Totals::default(), under_way: None }
    }
}

/// Who follows and who reads: a reload does not interrupt them.
struct UnderWay {
    follower: Follower,
    readers: Readers,
    sources: Vec<Followed>,
}

impl UnderWay {
    /// Ends the threads: others go on from here.
    fn end(self) -> State<Position> {
        self.readers.stop();
        let (state, _) = self.follower.state(Outgoing::default(), None);
        state
    }
}

/// A run under way.
struct Run<'r> {
    session: &'r Session<'r>,
    outlets: &'r mut Outlets,
    places: &'r mut Places,
    totals: &'r mut Totals,
    saved: Instant,
    is_changed: bool,
    /// What stands in the state file; `None` where nothing may be put behind it.
    written: Option<Written>,
}

/// What was written of a state.
struct Written {
    mark: Mark,
    /// How large it was as a whole, and what was put behind it since.
    whole: u64,
    behind: u64,
}

impl Run<'_> {
    fn turn(&mut self, follower: &mut Follower, readers: &Readers) -> Result<Stopped, Failed> {
        let mut shown: Option<Instant> = None;
        let mut is_ready = false;
        loop {
            if self.session.asked.stop.load(Ordering::Relaxed) {
                return Ok(Stopped::BySignal);
            }
            if self.session.asked.reload.swap(false, Ordering::Relaxed) {
                self.outlets.is_reloading();
                return Ok(Stopped::ToReload);
            }
            self.take(follower, readers)?;
            loop {
                let changes = follower.step(wall(), &mut |source| readers.done(source));
                if changes.is_empty() {
                    break;
                }
                self.announce(follower, changes)?;
                shown = None;
            }
            if follower.is_caught_up() && !std::mem::replace(&mut is_ready, true) {
                self.outlets.is_ready();
                self.save(follower, Vec::new())?;
            }
            if self.is_changed && self.saved.elapsed() >= SAVE {
                self.save(follower, Vec::new())?;
            }
            if follower.is_over() {
                let changes = follower.conclude();
                self.announce(follower, changes)?;
                self.show(follower);
                return Ok(Stopped::AtTheEnd);
            }
            if shown.is_none_or(|shown| shown.elapsed() >= SHOW) {
                self.show(follower);
                shown = Some(Instant::now());
                if self.session.until == Until::Stopped && self.places.have_new(&self.session.sources) {
                    return Ok(Stopped::ForNewLogs);
                }
            }
            if self.outlets.tick(wall()) {
                self.save(follower, Vec::new())?;
            }
        }
    }

    /// Takes what the sources have said meanwhile.
    fn take(&mut self, follower: &mut Follower, readers: &Readers) -> Result<(), Failed> {
        let mut next = readers.messages.recv_timeout(TICK).ok();
        let mut count = 0;
        while let Some((source, item)) = next {
            match item {
                Ok(item) => {
                    self.is_changed |= !matches!(item, Item::Rest(_));
                    if let Item::Trouble(path, trouble) = &item
                        && trouble.kind == "unread"
                    {
                        outlet::say(&format!("driftline: {path}: {}", trouble.text));
                    }
                    follower.push(source, item, wall());
                }
                Err(error) => {
                    outlet::complain(&error, "failed to");
                    return Err(Failed);
                }
            }
            count += 1;
            next = if count < AT_ONCE { readers.messages.try_recv().ok() } else { None };
        }
        Ok(())
    }

    /// First noted as on their way, then told, then noted as told: a crash in between tells them again, not never.
    fn announce(&mut self, follower: &Follower, changes: Vec<Change>) -> Result<(), Failed> {
        if changes.is_empty() {
            return Ok(());
        }
        self.save(follower, changes.clone())?;
        self.tell(&changes)?;
        self.outlets.hurry();
        let Some(store) = self.session.store else { return Ok(()) };
        let delivered = Delivered { pacing: self.outlets.pacing().clone(), waiting: self.outlets.waiting() };
        store.note(&delivered).or_else(|_| {
            self.written = None;
            self.save(follower, Vec::new())
        })
    }

    fn tell(&mut self, changes: &[Change]) -> Result<(), Failed> {
        // Asked each time: a window may have been made narrower meanwhile.
        let width = outlet::width(None);
        let mut out = io::stdout().lock();
        let written = changes.iter().enumerate().try_for_each(|(at, change)| match self.session.is_ndjson {
            true => writeln!(out, "{}", change.json),
            false => writeln!(out, "{}", for_people(at.checked_sub(1).map(|at| &changes[at]), change, width)),
        });
        match written.and_then(|()| out.flush()) {
            Ok(()) => {}
            // A closed pipe is a normal end.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.session.asked.stop.store(true, Ordering::Relaxed);
            }
            Err(error) => {
                outlet::complain(&error, "failed to write standard output:");
                return Err(Failed);
            }
        }
        let now = wall();
        for change in changes {
            self.totals.count(change);
            self.outlets.tell(change, now);
        }
        Ok(())
    }

    fn show(&mut self, follower: &Follower) {
        let gauges = gauges::of(follower, self.totals, wall());
        let open: u64 = gauges.findings_open.values().sum();
        let health = if follower.is_caught_up() { Ok(()) } else { Err("the past is still being read".to_owned()) };
        self.outlets.status(&format!("{open} findings open, {} lines read", gauges.entries));
        self.outlets.show(gauges, follower.report().cloned(), health);
    }

    fn save(&mut self, follower: &Follower, pending: Vec<Change>) -> Result<(), Failed> {
        (self.saved, self.is_changed) = (Instant::now(), false);
        let Some(store) = self.session.store else { return Ok(()) };
        let outgoing = || {
            let (pacing, waiting) = (self.outlets.pacing().clone(), self.outlets.waiting());
            Outgoing { pending: pending.clone(), pacing, waiting }
        };
        // Where most of the file is what was put behind a state, it is written anew.
        if let Some(Written { mark, whole, behind }) = self.written.take().filter(|before| before.behind < before.whole)
        {
            let (state, mark) = follower.state(outgoing(), Some(&mark));
            // A state that somebody took away meanwhile is written anew as well.
            if state.goes_on()
                && let Ok(size) = store.go_on(&state)
            {
                self.written = Some(Written { mark, whole, behind: behind + size });
                return Ok(());
            }
        }
        let (state, mark) = follower.state(outgoing(), None);
        let whole = store.save(&state).map_err(|error| store_failed(store, &error, "write"))?;
        self.written = Some(Written { mark, whole, behind: 0 });
        Ok(())
    }
}

/// A change as standard output has it for people, below the one before it.
fn for_people(before: Option<&Change>, change: &Change, width: Option<usize>) -> String {
    let is_end_of_it = |before: &Change| before.kind == Kind::Opened && before.id == change.id;
    // It came and went between two looks: nothing is told twice in a row.
    if change.kind == Kind::Closed && before.is_some_and(is_end_of_it) {
        return fit(&closed_at_once(&change.rule, &change.confidence), width);
    }
    fit(&change.text, width)
}

/// Microseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "who follows lives by the wall clock")]
pub(in crate::cli) fn wall() -> i64 {
    Utc::now().timestamp_micros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outlets::tests::change;

    #[test]
    fn the_end_of_what_was_over_when_it_was_found_is_one_line() {
        let opened = change("0123");
        let text =
            "CLOSED   EIP DRIFT, likely · it was on ns2\n         over: 2020-08-08 21:01:16; times are UTC".to_owned();
        let closed = Change { kind: Kind::Closed, text: text.clone(), ..change("0123") };
        let at_once = "CLOSED   EIP DRIFT, likely · over when it was found, see above";
        assert_eq!(for_people(Some(&opened), &closed, None), at_once);
        for before in [None, Some(&change("4567")), Some(&closed)] {
            assert_eq!(for_people(before, &closed, None), text);
        }
        assert_eq!(for_people(None, &opened, Some(80)), opened.text);
    }
}
