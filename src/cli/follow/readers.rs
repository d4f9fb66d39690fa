//! A thread for each source, and one channel from all of them.

use crate::follow::{Follower, Item};
use crate::input::live::{Arrival, Followed, Progress, Until, follow};
use crate::input::{Error, Interest};
use crate::pipeline::Kept;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// Items of one source that nobody has taken yet; a source that is ahead of the others waits here.
const AHEAD_MAX: usize = 4096;
/// A source at rest says so this often, though nothing has changed: time goes on.
const REST: Duration = Duration::from_millis(500);
/// Between two looks whether there is room again.
const ROOM: Duration = Duration::from_millis(5);

/// What a source's thread says.
pub(in crate::cli) type Message = (usize, Result<Item, Error>);

/// The threads of all sources.
pub(in crate::cli) struct Readers {
    pub(in crate::cli) messages: Receiver<Message>,
    sender: Sender<Message>,
    ahead: Vec<Arc<AtomicUsize>>,
    interest: Interest,
    until: Until,
    stop: Arc<AtomicBool>,
}

impl Readers {
    /// Begins to read all sources, each from where the follower has it. The threads end with the process or soon after `stop`.
    pub(in crate::cli) fn begin(
        sources: &[Followed],
        follower: &mut Follower,
        interest: &Interest,
        until: Until,
        stop: &Arc<AtomicBool>,
    ) -> Self {
        let (sender, messages) = mpsc::channel();
        let (interest, stop) = (interest.clone(), Arc::clone(stop));
        let mut readers = Self { messages, sender, ahead: Vec::new(), interest, until, stop };
        sources.iter().for_each(|source| readers.add(source, follower));
        readers
    }

    /// Begins to read the follower's next source.
    pub(in crate::cli) fn add(&mut self, source: &Followed, follower: &mut Follower) {
        let index = self.ahead.len();
        let from = follower.position(index).cloned();
        follower.begin_at(index, source.beginning());
        let credit = Arc::new(AtomicUsize::new(0));
        self.ahead.push(Arc::clone(&credit));
        let reader = Reader {
            index,
            sender: self.sender.clone(),
            ahead: credit,
            stop: Arc::clone(&self.stop),
            rested: Vec::new(),
            rested_at: None,
        };
        let (source, interest, until) = (source.clone(), self.interest.clone(), self.until);
        thread::spawn(move || reader.run(&source, &interest, from.as_ref(), until));
    }

    /// What they look for.
    pub(in crate::cli) fn interest(&self) -> &Interest {
        &self.interest
    }

    /// The threads end soon.
    pub(in crate::cli) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// An item of a source is done with.
    pub(in crate::cli) fn done(&self, source: usize) {
        self.ahead[source].fetch_sub(1, Ordering::Relaxed);
    }
}

struct Reader {
    index: usize,
    sender: Sender<Message>,
    ahead: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    rested: Vec<(crate::event::Text, Progress)>,
    rested_at: Option<Instant>,
}

impl Reader {
    fn run(
        mut self,
        source: &Followed,
        interest: &Interest,
        from: Option<&crate::input::live::Position>,
        until: Until,
    ) {
        let stop = Arc::clone(&self.stop);
        let result = follow(source, interest, from, until, &stop, &mut |arrival| self.arrival(arrival));
        match result {
            Ok(()) if stop.load(Ordering::Relaxed) => {}
            Ok(()) => self.send(Ok(Item::End)),
            Err(error) => self.send(Err(error)),
        }
    }

    fn arrival(&mut self, arrival: Arrival<'_>) {
        let item = match arrival {
            Arrival::Record(path, record, mark) => Item::Record(path.clone(), Box::new(Kept::whole(record)), mark),
            Arrival::Turn(mark) => Item::Turn(mark),
            Arrival::Trouble(path, trouble) => Item::Trouble(path.clone(), trouble),
            Arrival::Rest(known) => {
                let is_news = self.rested_at.is_none_or(|at| at.elapsed() >= REST) || self.rested != known;
                if !is_news {
                    return;
                }
                self.rested_at = Some(Instant::now());
                self.rested = known.to_vec();
                return self.send(Ok(Item::Rest(known.to_vec())));
            }
        };
        self.rested_at = None;
        self.send(Ok(item));
    }

    fn send(&self, item: Result<Item, Error>) {
        while self.ahead.load(Ordering::Relaxed) >= AHEAD_MAX && !self.stop.load(Ordering::Relaxed) {
            thread::sleep(ROOM);
        }
        self.ahead.fetch_add(1, Ordering::Relaxed);
        // Nobody listens any more when the process is about to end.
        let _ = self.sender.send((self.index, item));
    }
}
