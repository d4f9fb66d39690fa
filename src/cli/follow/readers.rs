//! A thread for each source, and one channel from all of them.

use crate::follow::{Follower, Item};
use crate::input::live::{Arrival, Followed, Progress, Until, follow};
use crate::input::{Error, Interest};
use crate::pipeline::live::{Foresight, Reached};
use crate::pipeline::{Kept, Options, interest};
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
    options: Options,
    interest: Interest,
    until: Until,
    stop: Arc<AtomicBool>,
}

impl Readers {
    /// Begins to read all sources, each from where the follower has it. The threads end with the process or soon after `stop`.
    pub(in crate::cli) fn begin(
        sources: &[Followed],
        follower: &mut Follower,
        options: &Options,
        until: Until,
        stop: &Arc<AtomicBool>,
    ) -> Self {
        let (sender, messages) = mpsc::channel();
        let (options, stop) = (options.clone(), Arc::clone(stop));
        let interest = interest(&options.patterns);
        let mut readers = Self { messages, sender, ahead: Vec::new(), options, interest, until, stop };
        sources.iter().for_each(|source| readers.add(source, follower));
        readers
    }

    /// Begins to read the follower's next source.
    pub(in crate::cli) fn add(&mut self, source: &Followed, follower: &mut Follower) {
        let index = self.ahead.len();
        let from = follower.position(index).cloned();
        follower.begin_at(index, source.beginning());
        let modified = source.modified();
        if let Some(modified) = modified {
            follower.is_written_at(index, modified);
        }
        // Where the past is told as it is read, the year of its first line must be known.
        let is_new = from.as_ref().is_none_or(|from| *from == source.beginning());
        let foresight = (is_new && follower.is_caught_up() && modified.is_some())
            .then(|| Foresight::new(source.path.clone(), source.node.clone(), &self.options));
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
        thread::spawn(move || reader.run(&source, &interest, from.as_ref(), until, foresight));
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
        foresight: Option<Foresight>,
    ) {
        if let Some(foresight) = foresight {
            self.foresee(source, interest, foresight);
        }
        let stop = Arc::clone(&self.stop);
        let result = follow(source, interest, from, until, &stop, &mut |arrival| self.arrival(arrival));
        match result {
            Ok(()) if stop.load(Ordering::Relaxed) => {}
            Ok(()) => self.send(Ok(Item::End)),
            Err(error) => self.send(Err(error)),
        }
    }

    /// Reads a log whose stamps have no year ahead of its records. What is wrong with it is said when it is read in earnest.
    fn foresee(&mut self, source: &Followed, interest: &Interest, mut foresight: Foresight) {
        let is_enough = AtomicBool::new(false);
        let result = follow(source, interest, None, Until::EndOfInput, &is_enough, &mut |arrival| match arrival {
            Arrival::Record(_, record, _) => {
                foresight.take(record);
                let is_enough_now = foresight.is_dated() || self.stop.load(Ordering::Relaxed);
                is_enough.store(is_enough_now, Ordering::Relaxed);
            }
            Arrival::Rest(known) => known.iter().for_each(|(_, progress)| foresight.reached(Reached::from(*progress))),
            Arrival::Turn(_) | Arrival::Trouble(..) => {}
        });
        if result.is_ok() && !is_enough.load(Ordering::Relaxed) {
            self.send(Ok(Item::Foreseen(source.path.clone(), Box::new(foresight))));
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
