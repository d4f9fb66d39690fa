//! Opening what may be no file: whoever opens or reads a pipe waits for whoever writes it, and must be able to be called off.

use super::watch::Watch;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How often whoever waits looks whether it is still to wait.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// A regular file; `None` if something else stands there, or nothing that can be opened.
pub(super) fn regular(path: &Path) -> Option<File> {
    // Before it is opened: a pipe's writer would find a reader that leaves at once.
    if !std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return None;
    }
    #[expect(clippy::disallowed_methods, reason = "it is looked at before it is a source")]
    File::open(path).ok()
}

/// Opens whatever stands there, without waiting for a writer.
pub(super) fn at_once(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// A stream that may have nothing to give for long.
pub(super) struct Patient<'w, F> {
    pub(super) stream: F,
    pub(super) watch: &'w Watch,
}

impl<F: AsFd> Read for Patient<'_, F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut waiting = [PollFd::new(&self.stream, PollFlags::IN)];
            match poll(&mut waiting, Some(&PATIENCE)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => self.watch.go_on()?,
                Ok(_) => match rustix::io::read(&self.stream, &mut *into) {
                    // Another reader of the same pipe was faster.
                    Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                    result => return Ok(result?),
                },
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A pipe whose writer has not come, or says nothing, keeps nobody who is called off.
    #[test]
    fn a_pipe_is_waited_for_until_somebody_calls() {
        let directory = tempfile::tempdir().expect("a directory for a test");
        let path = directory.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from(0o600)).expect("a pipe");
        assert!(regular(&path).is_none());
        let watch = Watch::default();
        let mut stream = Patient { stream: at_once(&path).expect("nobody is waited for"), watch: &watch };
        let mut writer = OpenOptions::new().write(true).open(&path).expect("its reader is there");
        writer.write_all(b"a line").expect("there is room");
        let mut read = [0; 16];
        assert_eq!(stream.read(&mut read).expect("it was written"), 6);
        watch.stop();
        assert_eq!(stream.read(&mut read).map_err(|error| error.to_string()), Err("stopped by a signal".to_owned()));
        drop(writer);
        assert_eq!(stream.read(&mut read).expect("its end is there"), 0);
    }
}
