//! `--journal`: announcements as entries of this machine's journal, in journald's native protocol.
//!
//! The follower that reads the same journal is not to hear itself: nothing that says `driftline` of itself is ever an event.

use super::metrics::Way;
use crate::cli::outlet;
use crate::follow::{Change, Kind};
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
fn message_id(kind: Kind) -> &'static str {
    match kind {
        Kind::Opened => "7240fb5c9e184a5a91d07ce35c532fc2",
        Kind::Changed => "c3e2f89a810c4932b3e9d9b6f95d6821",
        Kind::Closed => "fd0f317c5f4741f0ab207e4906ee17e0",
    }
}

impl Journal {
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), socket: None, waiting: VecDeque::new(), failures: 0, dropped: 0 }
    }

    pub(super) fn tell(&mut self, change: &Change) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(entry(change));
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
fn entry(told: &Change) -> Vec<u8> {
    let priority = match (told.kind, told.severity.as_str()) {
        (Kind::Closed, _) => "5",
        (_, "critical") => "2",
        (_, "warning") => "4",
        _ => "6",
    };
    let claim: String = visible(&told.claim).chars().take(CLAIM_CHARACTERS_MAX).collect();
    let message = format!("{} {}, {}: {claim}", told.rule, told.kind.word(), told.confidence);
    let mut entry = Vec::new();
    field(&mut entry, "MESSAGE", &message);
    field(&mut entry, "PRIORITY", priority);
    field(&mut entry, "SYSLOG_IDENTIFIER", "driftline");
    field(&mut entry, "MESSAGE_ID", message_id(told.kind));
    field(&mut entry, "DRIFTLINE_CHANGE", told.kind.word());
    field(&mut entry, "DRIFTLINE_SEVERITY", &told.severity);
    field(&mut entry, "DRIFTLINE_CLAIM", &claim);
    for (name, value) in [
        ("DRIFTLINE_RULE", &told.rule),
        ("DRIFTLINE_FINDING_ID", &told.id),
        ("DRIFTLINE_CONFIDENCE", &told.confidence),
        ("DRIFTLINE_TEXT", &told.text),
    ] {
        if value.len() <= JSON_BYTES_MAX {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outlets::tests::change;

    fn told(socket: &UnixDatagram) -> String {
        let mut bytes = vec![0; 256 * 1024];
        let count = socket.recv(&mut bytes).expect("an entry");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[test]
    fn an_announcement_is_an_entry_with_fields() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("socket");
        let mut journal = Journal::at(&path);
        journal.tell(&change("0123"));
        assert_eq!((journal.way().failures, journal.way().waiting), (1, 1), "nobody listens");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        journal.tick();
        let expected = [
            "MESSAGE=eip-drift opened, likely: it moved\\n$(reboot)",
            "PRIORITY=2",
            "SYSLOG_IDENTIFIER=driftline",
            &format!("MESSAGE_ID={}", message_id(Kind::Opened)),
            "DRIFTLINE_CHANGE=opened",
            "DRIFTLINE_SEVERITY=critical",
            "DRIFTLINE_CLAIM=it moved\\n$(reboot)",
            "DRIFTLINE_RULE=eip-drift",
            "DRIFTLINE_FINDING_ID=0123",
            "DRIFTLINE_CONFIDENCE=likely",
            "DRIFTLINE_TEXT=OPENED   EIP DRIFT",
            "DRIFTLINE_NODE=dnsmaster",
            "DRIFTLINE_NODE=dnsmaster2",
            r#"DRIFTLINE_JSON={"schema":"driftline.change/1"}"#,
        ];
        assert_eq!(told(&socket).lines().collect::<Vec<_>>(), expected);
        assert_eq!(journal.way().waiting, 0);
    }

    #[test]
    fn a_value_of_several_lines_has_its_length() {
        let mut bytes = Vec::new();
        field(&mut bytes, "DRIFTLINE_TEXT", "a\nPRIORITY=0");
        assert_eq!(bytes, b"DRIFTLINE_TEXT\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n");
    }

    #[test]
    fn what_is_too_long_for_an_entry_is_left_out() {
        let mut long = change("0123");
        long.json = "x".repeat(JSON_BYTES_MAX + 1);
        long.claim = "y".repeat(CLAIM_CHARACTERS_MAX * 2);
        let entry = entry(&long);
        assert!(entry.len() < JSON_BYTES_MAX && !entry.windows(5).any(|part| part == b"_JSON"), "{}", entry.len());
    }
}
