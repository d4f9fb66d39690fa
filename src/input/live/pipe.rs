//! Standard input and named pipes. Reading them blocks, and so does opening a named pipe: a thread of its own does both.

use super::super::error::Error;
use super::flow::{Ended, Flow, Start, Turn};
use super::position::{Mark, Place, Position};
use super::tail::Control;
use std::cell::RefCell;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

const BLOCK_BYTES: usize = 64 * 1024;

/// 4 MiB.
const BLOCKS_KEPT: usize = 64;

/// A writer that writes line by line would otherwise wake us for each.
const REST: Duration = Duration::from_millis(5);

/// Follows a pipe until it is closed. Lines are counted on from where `from` came to.
///
/// # Errors
/// It cannot be opened or is no log.
pub(super) fn follow<R: Read>(
    flow: &mut Flow<'_>,
    from: Option<&Position>,
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> Result<(), Error> {
    let (mark, known) = match from {
        Some(Position(place @ Place::Pipe { mark, known })) => {
            flow.restore(place);
            flow.reader = None; // What comes is another stream, whose beginning is still to be judged.
            (*mark, known.clone())
        }
        Some(_) | None => (Mark::default(), flow.known(None)),
    };
    let mark = Mark { offset: 0, ..mark };
    let pipe = Pipe::new(open).map_err(|error| Error::opening(flow.path, error))?;
    let pipe = RefCell::new(pipe);
    let control = Control::new(0, Vec::new(), flow.sizes.window);
    let start = Start { place: Place::Pipe { mark, known }, control: &control };
    let ended = flow.run(&mut Shared(&pipe), start, &mut || pipe.borrow_mut().turn())?;
    if ended == Ended::Over {
        flow.rest();
    }
    Ok(())
}

struct Shared<'p>(&'p RefCell<Pipe>);

impl Read for Shared<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(into)
    }
}

/// What a thread reads for us.
pub(super) struct Pipe {
    blocks: Receiver<io::Result<Vec<u8>>>,
    /// What came last and is not yet read.
    at_hand: Vec<u8>,
    read: usize,
    failure: Option<io::Error>,
    is_closed: bool,
}

impl Pipe {
    /// Reads what `open` opens, from now on. The thread ends with its pipe, or with the process.
    ///
    /// # Errors
    /// No thread can be made.
    pub(super) fn new<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<Self> {
        let (sender, blocks) = sync_channel(BLOCKS_KEPT);
        std::thread::Builder::new().name("pipe".to_owned()).spawn(move || pass_on(open, &sender))?;
        Ok(Self { blocks, at_hand: Vec::new(), read: 0, failure: None, is_closed: false })
    }

    /// Whether there is more.
    pub(super) fn turn(&mut self) -> Turn {
        match self.blocks.try_recv() {
            Ok(block) => self.take(block),
            Err(TryRecvError::Empty) => return Turn::Wait,
            Err(TryRecvError::Disconnected) => {
                self.is_closed = true;
                return Turn::Over;
            }
        }
        Turn::More
    }

    fn take(&mut self, block: io::Result<Vec<u8>>) {
        match block {
            Ok(block) => (self.at_hand, self.read) = (block, 0),
            Err(error) => self.failure = Some(error),
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.read == self.at_hand.len()
            && !self.is_closed
            && let Ok(block) = self.blocks.try_recv()
        {
            self.take(block);
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
        }
        let rest = &self.at_hand[self.read..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        Ok(count)
    }
}

fn pass_on<R: Read>(open: impl FnOnce() -> io::Result<R>, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut stream = match open() {
        Ok(stream) => stream,
        Err(error) => {
            let _gone = sender.send(Err(error));
            return;
        }
    };
    loop {
        let mut block = vec![0; BLOCK_BYTES];
        match stream.read(&mut block) {
            Ok(0) => return,
            Ok(count) => {
                block.truncate(count);
                if sender.send(Ok(block)).is_err() {
                    return;
                }
                if count < BLOCK_BYTES {
                    std::thread::sleep(REST);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let _gone = sender.send(Err(error));
                return;
            }
        }
    }
}
