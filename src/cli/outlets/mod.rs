//! What leaves a follower, apart from its standard output: programs, web hooks, the journal, metrics, a small HTTP server, the service
//! manager. Nothing here ever keeps the follower waiting: what takes time has a thread and a queue with an end.

pub(in crate::cli) mod args;
mod courier;
mod exec;
mod journal;
mod listen;
pub(in crate::cli) mod metrics;
mod notify;
pub(in crate::cli) mod settings;
#[cfg(feature = "webhook")]
mod webhook;

use super::follow::session::wall;
use super::outlet;
use crate::follow::{Change, Notification, Pacing};
use crate::report::Report;
use args::Outgoing;
use courier::Courier;
use journal::Journal;
use listen::Board;
use metrics::{Gauges, MetricsFile, Way};
use notify::ServiceManager;
use settings::{Patience, Settings};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What makes an outlet unusable from the start: a fragment that follows "failed to …".
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Unusable {
    #[error("find the program {path} of --exec")]
    Program { path: String, source: io::Error },
    #[error("listen on {address}")]
    Address { address: String, source: io::Error },
    #[cfg(feature = "webhook")]
    #[error("read the web hook's file {path}")]
    HookFile { path: String, source: io::Error },
    #[cfg(feature = "webhook")]
    #[error("use the web hook {url}: {why}")]
    Url { url: String, why: String },
    #[cfg(feature = "webhook")]
    #[error("send to {to} instead of {from} while it runs: restart driftline")]
    Elsewhere { from: String, to: String },
}

/// All ways out. `Pacing` and what waits are the state's: [`Outlets::pacing`], [`Outlets::waiting`].
#[derive(Debug)]
pub(in crate::cli) struct Outlets {
    couriers: Vec<Courier>,
    patience: Arc<Patience>,
    #[cfg(feature = "webhook")]
    hooks: Vec<webhook::Target>,
    journal: Option<Journal>,
    metrics_file: Option<MetricsFile>,
    board: Arc<Board>,
    manager: ServiceManager,
    pacing: Pacing,
    /// Announcements that left the queues, as the state knows.
    settled: u64,
}

/// A notification that an outlet has not got rid of, by the outlet's name.
pub(in crate::cli) type Waiting = (String, Notification);

impl Outlets {
    /// Opens what the command line and the configuration name. `pacing` and `waiting` are those of an earlier run.
    ///
    /// # Errors
    /// A program does not exist, a URL is none, an address cannot be listened on.
    pub(in crate::cli) fn open(
        arguments: &Outgoing,
        settings: &Settings,
        mut pacing: Pacing,
        waiting: Vec<Waiting>,
    ) -> Result<Self, Unusable> {
        pacing.limit(settings.limits.clone());
        pacing.begin(wall());
        let patience = Arc::new(Patience::of(settings));
        let mut couriers = Vec::new();
        for (at, program) in arguments.exec.iter().enumerate() {
            exec::check(program)?;
            couriers.push(Courier::begin(
                "exec",
                format!("exec {at} {}", program.display()),
                exec::deliver(program.clone(), Arc::clone(&patience)),
            ));
        }
        #[cfg(feature = "webhook")]
        let mut hooks = Vec::new();
        #[cfg(feature = "webhook")]
        for (at, word) in arguments.webhook.iter().enumerate() {
            let hook = webhook::WebHook::new(word, Arc::clone(&patience))?;
            hooks.push(hook.target());
            couriers.push(Courier::begin("webhook", format!("webhook {at} {}", hook.shown()), hook.deliver()));
        }
        for (name, notification) in waiting {
            match couriers.iter().find(|courier| courier.name() == name) {
                Some(courier) => courier.send(&Arc::new(notification)),
                None => {
                    outlet::say(&format!("driftline: an announcement for {name} is dropped: it is not told any more"))
                }
            }
        }
        let board = Arc::new(Board::default());
        for address in &arguments.listen {
            listen::begin(address, &board).map_err(|source| Unusable::Address { address: address.clone(), source })?;
        }
        Ok(Self {
            couriers,
            patience,
            #[cfg(feature = "webhook")]
            hooks,
            journal: arguments.journal.then(|| Journal::at(Path::new(journal::SOCKET))),
            metrics_file: arguments.metrics_file.clone().map(MetricsFile::at),
            board,
            manager: ServiceManager::of_environment(),
            pacing,
            settled: 0,
        })
    }

    /// A changed configuration: when people are told, how long programs and web hooks may take, and what the web hooks' files say.
    /// What the command line names stays what it is.
    pub(in crate::cli) fn reconfigure(&mut self, settings: &Settings) {
        self.pacing.limit(settings.limits.clone());
        self.patience.set(settings);
        #[cfg(feature = "webhook")]
        for error in self.hooks.iter().filter_map(|hook| hook.read_again().err()) {
            outlet::complain(&error, "failed to reload, the web hook stays what it was: failed to");
        }
    }

    /// Tells a change: the journal at once, programs and web hooks when people want to be told. `now`: microseconds since 1970.
    pub(in crate::cli) fn tell(&mut self, change: &Change, now: i64) {
        if let Some(journal) = &mut self.journal {
            journal.tell(change);
        }
        let told = self.pacing.take(change.clone(), now);
        self.send(told);
    }

    /// To be called a few times a second: what became due, the metrics file, the journal's leftovers, the watchdog. `true`: something
    /// was delivered or became due, which the state should know.
    pub(in crate::cli) fn tick(&mut self, now: i64) -> bool {
        let told = self.pacing.due(now);
        let settled = self.couriers.iter().map(Courier::settled).sum();
        let is_changed = !told.is_empty() || settled != self.settled;
        self.settled = settled;
        self.send(told);
        if let Some(journal) = &mut self.journal {
            journal.tick();
        }
        self.board.beat();
        if self.metrics_file.as_ref().is_some_and(|file| file.is_due(Instant::now())) {
            self.write_metrics();
        }
        self.manager.beat(Instant::now());
        is_changed
    }

    /// What can be seen from outside from now on. `health`: why the sources are not read, if they are not. The report stays what it
    /// was where none is given.
    pub(in crate::cli) fn show(&mut self, mut gauges: Gauges, report: Option<Arc<Report>>, health: Result<(), String>) {
        gauges.ways = self.ways();
        self.board.show(gauges, report, health);
    }

    /// Makes the next [`tick`](Self::tick) write the metrics file: something changed.
    pub(in crate::cli) fn hurry(&mut self) {
        if let Some(file) = &mut self.metrics_file {
            file.hurry();
        }
    }

    /// The service manager: the sources have been read up to now.
    pub(in crate::cli) fn is_ready(&mut self) {
        self.manager.ready();
    }

    /// The service manager: one line for `systemctl status`.
    pub(in crate::cli) fn status(&mut self, line: &str) {
        self.manager.status(line);
    }

    /// The service manager: the configuration is read again; [`is_ready`](Self::is_ready) ends it.
    pub(in crate::cli) fn is_reloading(&mut self) {
        self.manager.reloading();
    }

    /// For the state: reminders, quiet hours, floods.
    pub(in crate::cli) fn pacing(&self) -> &Pacing {
        &self.pacing
    }

    /// For the state: what has not been delivered.
    pub(in crate::cli) fn waiting(&self) -> Vec<Waiting> {
        let of = |courier: &Courier| -> Vec<Waiting> {
            let name = courier.name().to_owned();
            courier.waiting().into_iter().map(|letter| (name.clone(), Notification::clone(&letter))).collect()
        };
        self.couriers.iter().flat_map(of).collect()
    }

    /// Delivers what can be delivered within `grace`; what is left is still in [`waiting`](Self::waiting).
    pub(in crate::cli) fn close(&mut self, grace: Duration) {
        self.manager.stopping();
        let end = Instant::now() + grace;
        for courier in &self.couriers {
            courier.hasten();
        }
        for courier in &self.couriers {
            courier.wait(end);
            courier.tell_left();
        }
        if let Some(journal) = &mut self.journal {
            journal.tick();
        }
        self.write_metrics();
    }

    fn write_metrics(&mut self) {
        self.board.show_ways(self.ways());
        if let Some(file) = &mut self.metrics_file {
            file.write(&self.board.metrics(), Instant::now());
        }
    }

    fn send(&self, told: Vec<Notification>) {
        for notification in told {
            let notification = Arc::new(notification);
            for courier in &self.couriers {
                courier.send(&notification);
            }
        }
    }

    fn ways(&self) -> Vec<Way> {
        let mut ways: Vec<Way> = self.couriers.iter().map(Courier::way).collect();
        ways.extend(self.journal.as_ref().map(Journal::way));
        ways.extend(self.metrics_file.as_ref().map(MetricsFile::way));
        ways
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::follow::{Kind, What};

    pub(in crate::cli) fn change(id: &str) -> Change {
        let told = notification(id);
        Change {
            kind: Kind::Opened,
            id: told.id,
            rule: told.rule,
            severity: told.severity,
            confidence: told.confidence,
            claim: told.claim,
            nodes: told.nodes,
            is_open: true,
            cause: None,
            json: told.json,
            text: told.text,
        }
    }

    /// One that says everything an outlet hands on.
    pub(in crate::cli) fn notification(id: &str) -> Notification {
        Notification {
            what: What::Opened,
            key: format!("{id}-opened-1"),
            id: id.to_owned(),
            rule: "eip-drift".to_owned(),
            severity: "critical".to_owned(),
            confidence: "likely".to_owned(),
            claim: "it moved\n$(reboot)".to_owned(),
            nodes: vec!["dnsmaster".to_owned(), "dnsmaster2".to_owned()],
            has_cause: false,
            json: r#"{"schema":"driftline.change/1"}"#.to_owned(),
            text: "OPENED   EIP DRIFT".to_owned(),
        }
    }
}
