//! `driftline follow` over the directory of a systemd-journal-remote, to which hosts upload over HTTP: what `driftline analyze` finds in it
//! afterwards was announced, whether they upload as it happens or one after the other.

#![cfg(feature = "compress")]

use crate::common::{self, PATIENCE, Running, analyze, announced, bytes, findings, logs};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const REMOTE: &str = "/lib/systemd/systemd-journal-remote";
/// Set where skipping is no excuse: everything that is needed is there.
const MUST_RUN: &str = "DRIFTLINE_MUST_RUN";
/// Long enough for a second of lines to be judged and announced.
const JUDGED: Duration = Duration::from_millis(2500);
/// Between what hosts upload of one second and of the next.
const SECOND: Duration = Duration::from_millis(20);

#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "what is skipped is said aloud")]
fn is_skipped() -> bool {
    let is_there = Path::new(REMOTE).exists();
    assert!(is_there || std::env::var_os(MUST_RUN).is_none(), "there is no {REMOTE}");
    if !is_there {
        eprintln!("SKIPPED: systemd-journal-remote is not installed");
    }
    !is_there
}

/// A central host: hosts upload to `port`, and what they upload comes to stand in `uploaded`, which is followed.
struct Central {
    place: TempDir,
    uploaded: PathBuf,
    port: u16,
    _remote: Running,
}

impl Central {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a directory can be made");
        let uploaded = place.path().join("remote");
        fs::create_dir(&uploaded).expect("a directory can be made");
        let (remote, port) = remote(&uploaded);
        Self { place, uploaded, port, _remote: remote }
    }

    fn follow(&self) -> Running {
        common::follow(self.place.path(), &["remote"])
    }

    fn upload(&self, from: Ipv4Addr) -> Upload {
        let stream = reach(from, self.port).expect("the port is open");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        let mut upload = Upload(stream);
        upload.write(
            b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/vnd.fdo.journal\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        upload
    }

    /// What was said last of each finding that was not withdrawn.
    fn announced(&self) -> BTreeMap<String, String> {
        let mut held = BTreeMap::new();
        for line in announced(self.place.path()) {
            let change: Value = serde_json::from_str(&line).expect("each line is an object");
            let finding = &change["finding"];
            if finding["withdrawn"] == true {
                held.remove(word(finding, "id"));
            } else {
                held.insert(word(finding, "id").to_owned(), verdict(finding));
            }
        }
        held
    }

    fn found(&self) -> BTreeMap<String, String> {
        let findings = findings(&analyze(&[&self.uploaded]));
        findings.iter().map(|finding| (word(finding, "id").to_owned(), verdict(finding))).collect()
    }

    /// Waits until what can be found in what was uploaded so far is announced, and nothing else.
    fn catches_up(&self) {
        let found = self.found();
        let begun = Instant::now();
        let mut announced = self.announced();
        while announced != found && begun.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(50));
            announced = self.announced();
        }
        assert_eq!(announced, found);
    }

    /// All is uploaded: that it is announced stays so.
    fn ends(&self, follower: Running) -> BTreeMap<String, String> {
        self.catches_up();
        thread::sleep(JUDGED);
        follower.terminate();
        let announced = self.announced();
        assert_eq!(announced, self.found());
        announced
    }
}

fn word<'f>(finding: &'f Value, key: &str) -> &'f str {
    finding[key].as_str().unwrap_or("?")
}

/// What ends by silence alone: to `analyze` it is over where the journals end, to a follower it may still go on.
const ENDS_BY_SILENCE: [&str; 3] = ["notify-from-non-master", "master-flapping", "split-brain"];

fn verdict(finding: &Value) -> String {
    let rule = word(finding, "rule");
    let state = if ENDS_BY_SILENCE.contains(&rule) { "open or closed" } else { word(finding, "state") };
    [rule, word(finding, "confidence"), state, word(finding, "since")].join(" ")
}

/// Ports that a test of this process has taken.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A systemd-journal-remote that listens, and where.
fn remote(uploaded: &Path) -> (Running, u16) {
    loop {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = free.expect("there is a free port").port();
        // Another test's may not listen there yet: then both would be reached at the one that is first.
        if !GIVEN.lock().expect("nobody panics with it").insert(port) {
            continue;
        }
        let child = Command::new(REMOTE)
            .arg(format!("--listen-http=127.0.0.1:{port}"))
            .arg(format!("--output={}", uploaded.display()))
            .arg("--split-mode=host")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it can be run");
        let mut remote = Running(child);
        let begun = Instant::now();
        // It ends where another one took the port meanwhile.
        while remote.0.try_wait().expect("it is asked").is_none() {
            if reach(Ipv4Addr::LOCALHOST, port).is_ok() {
                return (remote, port);
            }
            assert!(begun.elapsed() < PATIENCE, "it never listens");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A connection from one of this machine's own addresses: systemd-journal-remote names a host's file by it.
fn reach(from: Ipv4Addr, port: u16) -> rustix::io::Result<TcpStream> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddrV4::new(from, 0))?;
    connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    Ok(socket.into())
}

/// An upload under way.
struct Upload(TcpStream);

impl Upload {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the upload is taken");
    }

    fn send(&mut self, entries: &[u8]) {
        let chunk = [format!("{:x}\r\n", entries.len()).as_bytes(), entries, b"\r\n"].concat();
        self.write(&chunk);
    }

    /// Ends it, and returns when all of it is written.
    fn end(mut self) {
        self.write(b"0\r\n\r\n");
        let mut answer = [0; 12];
        self.0.read_exact(&mut answer).expect("there is an answer");
        assert_eq!(answer, *b"HTTP/1.1 202", "{}", String::from_utf8_lossy(&answer));
    }
}

/// The entries of a host's export, and when each was written, in microseconds.
fn entries(export: &Path) -> Vec<(u64, Vec<u8>)> {
    let export = bytes(export);
    let begins: Vec<usize> = memchr::memmem::find_iter(&export, b"__CURSOR=").collect();
    let ends = begins.iter().skip(1).copied().chain([export.len()]);
    let entry = |(begin, end): (usize, usize)| {
        let entry = &export[begin..end];
        let stamp = memchr::memmem::find(entry, b"__REALTIME_TIMESTAMP=").expect("an entry has a stamp") + 21;
        let digits = entry[stamp..].iter().take_while(|byte| byte.is_ascii_digit());
        (digits.fold(0, |micros, digit| micros * 10 + u64::from(digit - b'0')), entry.to_vec())
    };
    begins.iter().copied().zip(ends).map(entry).collect()
}

fn journals(directory: &Path) -> usize {
    common::entries(directory).len()
}

/// Each host from an address of its own, into a file of its own, as things happen.
#[test]
fn what_hosts_upload_as_it_happens_is_announced() {
    if is_skipped() {
        return;
    }
    let hosts = logs(Path::new("samples/split-brain/address-left-behind-export"));
    let central = Central::new();
    let follower = central.follow();
    let address = |host: usize| Ipv4Addr::new(127, 0, 0, u8::try_from(host + 2).expect("a few hosts"));
    let mut uploads: Vec<Upload> = (0..hosts.len()).map(|host| central.upload(address(host))).collect();
    let of = |(host, export): (usize, &PathBuf)| entries(export).into_iter().map(move |(at, entry)| (at, host, entry));
    let mut all: Vec<(u64, usize, Vec<u8>)> = hosts.iter().enumerate().flat_map(of).collect();
    all.sort();
    for second in all.chunk_by(|(a, ..), (b, ..)| a / 1_000_000 == b / 1_000_000) {
        second.iter().for_each(|(_, host, entry)| uploads[*host].send(entry));
        thread::sleep(SECOND);
    }
    uploads.into_iter().for_each(Upload::end);
    assert_eq!(journals(&central.uploaded), hosts.len());
    let announced = central.ends(follower);
    assert!(announced.values().any(|verdict| verdict.starts_with("eip-drift confirmed open")), "{announced:?}");
}

/// All from one address, so into one file, each its whole backlog, and the follower is not there all the time. What is concluded from the
/// first ones alone is withdrawn where the others know better.
#[test]
fn what_hosts_upload_one_after_the_other_is_announced() {
    if is_skipped() {
        return;
    }
    let hosts = logs(Path::new("samples/eip-drift/brief-partition-keepalived-1.3-export"));
    let central = Central::new();
    let mut follower = central.follow();
    for (number, host) in hosts.iter().enumerate() {
        let is_away = number == 2;
        if is_away {
            follower.kill();
        }
        let mut upload = central.upload(Ipv4Addr::LOCALHOST);
        entries(host).iter().for_each(|(_, entry)| upload.send(entry));
        upload.end();
        if is_away {
            follower = central.follow();
        }
        central.catches_up();
    }
    assert_eq!(journals(&central.uploaded), 1);
    let announced = central.ends(follower);
    assert!(announced.values().any(|verdict| verdict.starts_with("eip-drift confirmed closed")), "{announced:?}");
}
