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
    #[cfg(any(feature = "webhook", test))]
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
    /// Left the queue, delivered or not.
    settled: u64,
    /// Deliver what is there, do not try twice, then end.
    is_hastened: bool,
    is_over: bool,
    is_done: bool,
}

impl Courier {
    /// `kind` is its name in the metrics, `name` the one for people and for the state.
    pub(super) fn begin(kind: &'static str, name: String, deliver: Deliver) -> Self {
        Self::with_pauses(kind, name, deliver, pause)
    }

    fn with_pauses(kind: &'static str, name: String, mut deliver: Deliver, pause: fn(u32) -> Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let (theirs, theirs_name) = (Arc::clone(&shared), name.clone());
        thread::spawn(move || {
            theirs.run(&theirs_name, &mut deliver, pause);
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

    /// Says what could not be delivered before the end.
    pub(super) fn tell_left(&self) {
        let left = self.shared.lock().waiting.len();
        if left > 0 {
            let (announcements, are) = if left == 1 { ("announcement", "is") } else { ("announcements", "are") };
            outlet::say(&format!(
                "driftline: {left} {announcements} for {} {are} not delivered; with a state they go out after the next start",
                self.name
            ));
        }
    }

    /// How many have left the queue.
    pub(super) fn settled(&self) -> u64 {
        self.shared.lock().settled
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
    fn run(&self, name: &str, deliver: &mut Deliver, pause: fn(u32) -> Duration) {
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
                    self.changed.notify_all();
                }
                Err(failed) => {
                    if !self.fail(name, number, tries, &failed) {
                        return;
                    }
                    self.wait_until(Instant::now() + pause(tries), |queue| {
                        queue.is_hastened || queue.is_over || !queue.is_first(number)
                    });
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

    /// Notes a failure, and gives up where that is due; `false`: it is time to end.
    fn fail(&self, name: &str, number: u64, tries: u32, failed: &Failed) -> bool {
        let (why, tries_max) = match failed {
            Failed::Absent(why) => (why, ABSENT_TRIES),
            Failed::Refused(why) => (why, REFUSED_TRIES),
            #[cfg(any(feature = "webhook", test))]
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
        self.changed.notify_all();
        let next = if is_given_up {
            format!("given up after {tries} {}", if tries == 1 { "try" } else { "tries" })
        } else if is_hastened {
            "there is no time to try again".to_owned()
        } else {
            "it is tried again".to_owned()
        };
        if is_given_up || is_hastened || tries == 1 {
            outlet::say(&format!("driftline: failed to announce to {name}: {why}; {next}"));
        }
        is_given_up || !is_hastened
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
            self.settled += 1;
        }
    }

    fn is_first(&self, number: u64) -> bool {
        self.waiting.front().is_some_and(|(first, _)| *first == number)
    }

    fn remove(&mut self, number: u64) {
        if self.is_first(number) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outlets::tests::notification;
    use std::sync::mpsc::{self, Receiver};

    /// A courier whose receiver answers as told, and what it was asked.
    fn courier(answers: Vec<Result<(), Failed>>) -> (Courier, Receiver<String>) {
        let (asked, told) = mpsc::channel();
        let mut answers = answers.into_iter();
        let deliver: Deliver = Box::new(move |notification, _| {
            let _ = asked.send(notification.id.clone());
            answers.next().unwrap_or(Ok(()))
        });
        (Courier::with_pauses("exec", "a program".to_owned(), deliver, |_| Duration::ZERO), told)
    }

    fn send(courier: &Courier, ids: &[&str]) {
        for id in ids {
            courier.send(&Arc::new(notification(id)));
        }
    }

    /// Ends it when all is delivered or given up; what it was asked.
    fn end(courier: &Courier, told: &Receiver<String>) -> Vec<String> {
        assert!(courier.shared.wait_until(Instant::now() + Duration::from_secs(60), |queue| queue.waiting.is_empty()));
        courier.hasten();
        courier.wait(Instant::now() + Duration::from_secs(60));
        told.try_iter().collect()
    }

    #[test]
    fn what_fails_is_tried_again_before_what_follows() {
        let absent = || Err(Failed::Absent("nobody".to_owned()));
        let (courier, told) = courier(vec![absent(), absent(), Ok(())]);
        send(&courier, &["a", "b"]);
        assert_eq!(end(&courier, &told), ["a", "a", "a", "b"]);
        assert_eq!((courier.way().failures, courier.way().dropped), (2, 0));
    }

    #[test]
    fn what_is_refused_is_given_up_in_the_end() {
        let (courier, told) = courier(vec![Err(Failed::Refused("no".to_owned())); 10]);
        send(&courier, &["a", "b"]);
        let asked = end(&courier, &told);
        assert_eq!(asked.iter().filter(|id| *id == "a").count(), 10);
        assert_eq!(asked.last().map(String::as_str), Some("b"));
        assert_eq!((courier.way().failures, courier.way().dropped), (10, 1));
    }

    #[test]
    fn what_can_never_be_taken_is_tried_once() {
        let (courier, told) = courier(vec![Err(Failed::ForGood("what is this".to_owned()))]);
        send(&courier, &["a", "b"]);
        assert_eq!(end(&courier, &told), ["a", "b"]);
    }

    #[test]
    fn what_cannot_be_delivered_in_time_still_waits() {
        let (asked, told) = mpsc::channel();
        let deliver: Deliver = Box::new(move |_, is_over| {
            let _ = asked.send(());
            while !is_over() {
                thread::sleep(Duration::from_millis(1));
            }
            Err(Failed::Refused("ended".to_owned()))
        });
        let courier = Courier::begin("exec", "a program".to_owned(), deliver);
        send(&courier, &["a", "b"]);
        told.recv().expect("the first is being delivered");
        courier.hasten();
        courier.wait(Instant::now());
        let ids: Vec<String> = courier.waiting().iter().map(|waiting| waiting.id.clone()).collect();
        assert_eq!(ids, ["a", "b"]);
    }

    #[test]
    fn the_queue_has_an_end() {
        let (go, wait) = mpsc::channel::<()>();
        let deliver: Deliver = Box::new(move |_, _| {
            let _ = wait.recv();
            Ok(())
        });
        let courier = Courier::begin("exec", "a program".to_owned(), deliver);
        for number in 0..WAITING_MAX + 5 {
            send(&courier, &[&number.to_string()]);
        }
        let waiting = courier.waiting();
        assert_eq!((waiting.len(), &*waiting[0].id, courier.way().dropped), (WAITING_MAX, "5", 5));
        drop(go);
    }

    #[test]
    fn pauses_grow_and_have_an_end() {
        let pauses: Vec<u64> = [1, 2, 3, 9, 10, 80].iter().map(|tries| pause(*tries).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 256, 300, 300]);
    }
}
