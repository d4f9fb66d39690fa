//! A queue with a thread that delivers one notification after the other, and again if that fails.
//!
//! In order, one at a time, each at least once. The queue has an end: if the other side stays away, the oldest are dropped and counted.

use super::metrics::Way;
use crate::cli::outlet;
use crate::follow::Notification;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Notifications that wait.
const WAITING_MAX: usize = 1_000;
/// Bytes of them.
const WAITING_BYTES_MAX: usize = 8 * 1024 * 1024;
/// After the first failure; doubled with each one after it.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// Between two tries at most.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// Tries where nobody is there: six hours.
const ABSENT_TRIES: u32 = 80;
/// Tries where somebody answers, and the answer is no: eight minutes.
const REFUSED_TRIES: u32 = 10;

/// Why a delivery failed, and so whether another try makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// Nobody was there.
    Absent(String),
    /// It was there and failed.
    Refused(String),
    /// It will never take this one.
    ForGood(String),
}

/// Delivers one notification; `is_over` says whether the time for it has ended.
pub(super) type Deliver = Box<dyn FnMut(&Notification, &dyn Fn() -> bool) -> Result<(), Failed> + Send>;

/// One receiver.
#[derive(Debug)]
pub(super) struct Courier {
    kind: &'static str,
    name: String,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    /// With the number of each: what is being delivered may be dropped meanwhile.
    waiting: VecDeque<(u64, Arc<Notification>)>,
    bytes: usize,
    next: u64,
    failures: u64,
    dropped: u64,
    /// Deliver what is there, do not try twice, then end.
    is_hastened: bool,
    is_over: bool,
    is_done: bool,
}

impl Courier {
    /// `kind` is its name in the metrics, `name` the one for people and for the state.
    pub(super) fn begin(kind: &'static str, name: String, mut deliver: Deliver) -> Self {
        let shared = Arc::new(Shared::default());
        let (theirs, theirs_name) = (Arc::clone(&shared), name.clone());
        thread::spawn(move || {
            theirs.run(&theirs_name, &mut deliver);
            theirs.lock().is_done = true;
            theirs.changed.notify_all();
        });
        Self { kind, name, shared }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Appends it to the queue.
    pub(super) fn send(&self, notification: &Arc<Notification>) {
        let mut queue = self.shared.lock();
        let number = queue.next;
        queue.next += 1;
        queue.bytes += size(notification);
        queue.waiting.push_back((number, Arc::clone(notification)));
        let before = queue.dropped;
        while queue.waiting.len() > WAITING_MAX || queue.bytes > WAITING_BYTES_MAX && queue.waiting.len() > 1 {
            queue.pop();
            queue.dropped += 1;
        }
        if before == 0 && queue.dropped > 0 {
            outlet::say(&format!(
                "driftline: more than {WAITING_MAX} announcements wait for {}; the oldest are dropped",
                self.name
            ));
        }
        self.shared.changed.notify_all();
    }

    /// What has not been delivered, in its order.
    pub(super) fn waiting(&self) -> Vec<Arc<Notification>> {
        self.shared.lock().waiting.iter().map(|(_, notification)| Arc::clone(notification)).collect()
    }

    /// From now on each is tried once.
    pub(super) fn hasten(&self) {
        self.shared.lock().is_hastened = true;
        self.shared.changed.notify_all();
    }

    /// Waits until the thread has ended; after `end` it is told to stop what it is at.
    pub(super) fn wait(&self, end: Instant) {
        const LAST_BREATH: Duration = Duration::from_millis(500);
        let is_done = self.shared.wait_until(end, |queue| queue.is_done);
        if !is_done {
            self.shared.lock().is_over = true;
            self.shared.changed.notify_all();
            self.shared.wait_until(Instant::now() + LAST_BREATH, |queue| queue.is_done);
        }
    }

    pub(super) fn way(&self) -> Way {
        let queue = self.shared.lock();
        Way {
            outlet: self.kind,
            name: self.name.clone(),
            failures: queue.failures,
            waiting: queue.waiting.len(),
            dropped: queue.dropped,
        }
    }
}

impl Shared {
    fn run(&self, name: &str, deliver: &mut Deliver) {
        let mut tries = 0;
        let mut last = None;
        while let Some((number, notification)) = self.first() {
            if last != Some(number) {
                (tries, last) = (0, Some(number));
            }
            tries += 1;
            match deliver(&notification, &|| self.lock().is_over) {
                Ok(()) => {
                    if tries > 1 {
                        outlet::say(&format!("driftline: announced to {name} at try {tries}"));
                    }
                    self.lock().remove(number);
                }
                Err(failed) => {
                    if !self.fail(name, number, tries, &failed) {
                        return;
                    }
                }
            }
        }
    }

    /// The first that waits, as soon as there is one; `None`: it is time to end.
    fn first(&self) -> Option<(u64, Arc<Notification>)> {
        let mut queue = self.lock();
        loop {
            if queue.is_over {
                return None;
            }
            if let Some(first) = queue.waiting.front() {
                return Some(first.clone());
            }
            if queue.is_hastened {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives up, or waits for the next try; `false`: it is time to end.
    fn fail(&self, name: &str, number: u64, tries: u32, failed: &Failed) -> bool {
        let (why, tries_max) = match failed {
            Failed::Absent(why) => (why, ABSENT_TRIES),
            Failed::Refused(why) => (why, REFUSED_TRIES),
            Failed::ForGood(why) => (why, 1),
        };
        let mut queue = self.lock();
        queue.failures += 1;
        let is_given_up = tries >= tries_max;
        if is_given_up {
            queue.remove(number);
            queue.dropped += 1;
        }
        let is_hastened = queue.is_hastened;
        drop(queue);
        let next = if is_given_up {
            format!("given up after {tries} {}", if tries == 1 { "try" } else { "tries" })
        } else if is_hastened {
            "it waits for the next start".to_owned()
        } else {
            "it is tried again".to_owned()
        };
        if is_given_up || is_hastened || tries == 1 {
            outlet::say(&format!("driftline: failed to announce to {name}: {why}; {next}"));
        }
        if is_hastened {
            return is_given_up;
        }
        if !is_given_up {
            let pause = pause(tries);
            self.wait_until(Instant::now() + pause, |queue| queue.is_hastened || queue.is_over);
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until(&self, end: Instant, holds: impl Fn(&Queue) -> bool) -> bool {
        let mut queue = self.lock();
        loop {
            if holds(&queue) {
                return true;
            }
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return false;
            };
            queue = self.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Queue {
    fn pop(&mut self) {
        if let Some((_, notification)) = self.waiting.pop_front() {
            self.bytes -= size(&notification);
        }
    }

    fn remove(&mut self, number: u64) {
        if self.waiting.front().is_some_and(|(first, _)| *first == number) {
            self.pop();
        }
    }
}

fn size(notification: &Notification) -> usize {
    notification.json.len() + notification.text.len() + notification.claim.len()
}

/// After so many failures.
fn pause(tries: u32) -> Duration {
    PAUSE_FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(PAUSE_MAX)
}
