//! `--journal`: announcements as entries of this machine's journal, in journald's native protocol.
//!
//! The follower that reads the same journal is not to hear itself: nothing that says `driftline` of itself is ever an event.

use super::metrics::Way;
use crate::cli::outlet;
use crate::follow::{Notification, What};
use crate::report::visible;
use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// Where journald listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";
/// Entries that wait while journald is away (it restarts).
const WAITING_MAX: usize = 200;
/// What is longer is left out of the entry; standard output has it. A socket takes about 200 KiB at once.
const JSON_BYTES_MAX: usize = 64 * 1024;
/// Of the claim: names in it are chosen by others.
const CLAIM_CHARACTERS_MAX: usize = 4_000;

/// The way to journald.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    waiting: VecDeque<Vec<u8>>,
    failures: u64,
    dropped: u64,
}

/// The class of an announcement, which the catalog of messages explains (`journalctl --catalog`).
pub(super) fn message_id(what: What) -> &'static str {
    match what {
        What::Opened => "7240fb5c9e184a5a91d07ce35c532fc2",
        What::Changed => "c3e2f89a810c4932b3e9d9b6f95d6821",
        What::Closed => "fd0f317c5f4741f0ab207e4906ee17e0",
        What::Reminder => "9a643110841045f1a793f91ddefb327f",
        What::Flood => "7430bdba195647c4bc26577f5b1ff091",
    }
}

impl Journal {
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), socket: None, waiting: VecDeque::new(), failures: 0, dropped: 0 }
    }

    pub(super) fn tell(&mut self, notification: Notification) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(entry(&notification));
        self.tick();
    }

    /// Sends what waits.
    pub(super) fn tick(&mut self) {
        while let Some(entry) = self.waiting.front() {
            match send(&mut self.socket, &self.path, entry) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.socket = None;
                    self.failures += 1;
                    if self.failures == 1 {
                        outlet::say(&format!("driftline: failed to write to the journal: {error}; it is tried again"));
                    }
                    return;
                }
            }
            self.waiting.pop_front();
        }
    }

    pub(super) fn way(&self) -> Way {
        Way {
            outlet: "journal",
            name: "journal".to_owned(),
            failures: self.failures,
            waiting: self.waiting.len(),
            dropped: self.dropped,
        }
    }
}

fn send(socket: &mut Option<UnixDatagram>, path: &Path, entry: &[u8]) -> io::Result<()> {
    let socket = match socket {
        Some(socket) => socket,
        None => {
            let new = UnixDatagram::unbound()?;
            new.set_nonblocking(true)?;
            new.connect(path)?;
            socket.insert(new)
        }
    };
    socket.send(entry).map(|_| ())
}

/// The fields, in journald's form.
fn entry(told: &Notification) -> Vec<u8> {
    let priority = match (told.what, told.severity.as_str()) {
        (What::Closed, _) => "5",
        (_, "critical") => "2",
        (_, "warning") => "4",
        _ => "6",
    };
    let claim: String = visible(&told.claim).chars().take(CLAIM_CHARACTERS_MAX).collect();
    let message = match told.what {
        What::Flood => claim.clone(),
        What::Opened | What::Changed | What::Closed | What::Reminder => {
            format!("{} {}, {}: {claim}", told.rule, told.what.word(), told.confidence)
        }
    };
    let mut entry = Vec::new();
    field(&mut entry, "MESSAGE", &message);
    field(&mut entry, "PRIORITY", priority);
    field(&mut entry, "SYSLOG_IDENTIFIER", "driftline");
    field(&mut entry, "MESSAGE_ID", message_id(told.what));
    field(&mut entry, "DRIFTLINE_CHANGE", told.what.word());
    field(&mut entry, "DRIFTLINE_SEVERITY", &told.severity);
    field(&mut entry, "DRIFTLINE_CLAIM", &claim);
    for (name, value) in [
        ("DRIFTLINE_RULE", &told.rule),
        ("DRIFTLINE_FINDING_ID", &told.id),
        ("DRIFTLINE_CONFIDENCE", &told.confidence),
        ("DRIFTLINE_TEXT", &told.text),
    ] {
        if !value.is_empty() && value.len() <= JSON_BYTES_MAX {
            field(&mut entry, name, value);
        }
    }
    for node in told.nodes.iter().take(100) {
        field(&mut entry, "DRIFTLINE_NODE", &visible(node));
    }
    if told.json.len() <= JSON_BYTES_MAX {
        field(&mut entry, "DRIFTLINE_JSON", &told.json);
    }
    entry
}

/// `NAME=value`, or with its length where the value has lines.
fn field(entry: &mut Vec<u8>, name: &str, value: &str) {
    entry.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        entry.push(b'=');
    }
    entry.extend_from_slice(value.as_bytes());
    entry.push(b'\n');
}
