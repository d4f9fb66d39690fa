//! What a terminal shows of long work, and how a signal ends it.

use super::outlet;
use crate::input::{Source, Watch};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Shorter work shows nothing.
const QUIET: Duration = Duration::from_secs(1);
/// Between two looks.
const TICK: Duration = Duration::from_millis(200);
/// A second signal ends the process at once, with the code of contract's "not wholly done".
const KILLED: i32 = 2;

/// Watches a run: shows its progress and passes a signal on. Ends when dropped.
pub(super) struct Progress {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins to watch. Nothing is shown where standard error is no terminal, or nobody wants to see anything.
    pub(super) fn begin(sources: &[Source], watch: &Watch, is_quiet: bool) -> io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, KILLED, Arc::clone(&stopped))?;
            flag::register(signal, Arc::clone(&stopped))?;
        }
        let is_shown = !is_quiet && io::stderr().is_terminal();
        let total = sources.iter().map(Source::bytes).sum();
        let (end, ended) = mpsc::channel::<()>();
        let watch = watch.clone();
        let thread = thread::spawn(move || {
            let begun = Instant::now();
            let mut is_dirty = false;
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(TICK) {
                if stopped.load(Ordering::Relaxed) {
                    watch.stop();
                }
                if is_shown && begun.elapsed() >= QUIET {
                    outlet::show_status(&status(&watch, total, begun.elapsed()));
                    is_dirty = true;
                }
            }
            if is_dirty {
                outlet::show_status("");
            }
        });
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn status(watch: &Watch, total: u64, elapsed: Duration) -> String {
    let read = watch.bytes();
    let path = watch.path().map_or(String::new(), |path| format!(", {path}"));
    let rate = u128::from(read) * 1000 / elapsed.as_millis().max(1);
    let rate = size(u64::try_from(rate).unwrap_or(u64::MAX));
    if total > 0 && read <= total {
        format!("reading {} of {} ({} %), {rate}/s{path}", size(read), size(total), read.saturating_mul(100) / total)
    } else if total > 0 {
        format!("reading again what is too large to keep: {} of {}, {rate}/s{path}", size(read - total), size(total))
    } else {
        format!("reading {}, {rate}/s{path}", size(read))
    }
}

/// `12 kB`, `3.4 MB`, `5.6 GB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1000),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            [size(999), size(12_345), size(3_450_000), size(5_600_000_000)],
            ["0 kB", "12 kB", "3.4 MB", "5.6 GB"]
        );
    }
}
