//! Journals that are followed: what a batch gives, whenever the process is killed, whatever arrives late, and through damage.

#![cfg(feature = "compress")]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]
#![expect(clippy::disallowed_methods, reason = "a test reads its own data")]
#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use driftline::input::live::{Arrival, Followed, Position, Until, expand, follow};
use driftline::input::{Interest, Programs, Source, read};
use driftline::record::Record;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

const FIXTURES: [&str; 6] = [
    "formats/journal.journal.zst",
    "formats/odd.journal.zst",
    "journals/dnsmaster.journal.zst",
    "journals/dnsmaster2.journal.zst",
    "journals/dnsslave1.journal.zst",
    "journals/dnsslave2.journal.zst",
];

fn journal(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    zstd::decode_all(fs::File::open(path).unwrap()).unwrap()
}

fn interests() -> [Interest; 2] {
    let programs = Programs {
        pattern: regex::bytes::Regex::new("pdns|eepalived").unwrap(),
        fields: &["SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "UNIT", "_COMM"],
        is_known: |_| false,
    };
    [Interest::All, Interest::Programs(programs)]
}

fn source(path: &Path) -> Followed {
    let mut found = expand(&[path.as_os_str().to_owned()]).unwrap();
    assert!(found.errors.is_empty() && found.logs.len() == 1, "{found:?}");
    found.logs.remove(0)
}

/// A follower that may be killed.
#[derive(Default)]
struct Lives {
    records: Vec<String>,
    troubles: Vec<String>,
    position: Option<Position>,
    lines: u64,
}

fn told(record: &Record<'_>) -> String {
    format!("{record:?}")
}

impl Lives {
    /// Reads what is there; is killed after `arrivals`.
    fn read(&mut self, source: &Followed, interest: &Interest, mut arrivals: usize) {
        let stop = AtomicBool::new(false);
        let from = self.position.as_ref().map(|position| postcard::to_stdvec(position).unwrap());
        let from: Option<Position> = from.map(|bytes| postcard::from_bytes(&bytes).unwrap());
        let (records, troubles, lines) = (&mut self.records, &mut self.troubles, &mut self.lines);
        let position = self.position.get_or_insert_with(|| source.beginning());
        follow(source, interest, from.as_ref(), Until::EndOfInput, &stop, &mut |arrival| {
            if arrivals == 0 {
                return stop.store(true, Ordering::Relaxed);
            }
            arrivals -= 1;
            match arrival {
                Arrival::Record(_, record, mark) => {
                    records.push(told(record));
                    position.advance(&mark);
                }
                Arrival::Turn(mark) => position.advance(&mark),
                Arrival::Trouble(_, trouble) => troubles.push(trouble.text),
                Arrival::Rest(known) => *lines = known.iter().map(|(_, progress)| progress.lines).sum(),
            }
        })
        .unwrap();
    }
}

fn batch(path: &Path, interest: &Interest) -> Vec<String> {
    let mut records = Vec::new();
    read(&Source::file(path, None), interest, &mut |record| records.push(told(record))).unwrap();
    records
}

#[test]
fn a_followed_journal_gives_what_a_batch_gives_whenever_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    for fixture in FIXTURES {
        let path = directory.path().join("a.journal");
        fs::write(&path, journal(fixture)).unwrap();
        for interest in interests() {
            let expected = batch(&path, &interest);
            assert!(!expected.is_empty(), "{fixture}");
            for step in [1, 2, 7, usize::MAX] {
                let mut lives = Lives::default();
                // A life that is too short to get anywhere is no life: the kill comes later each time.
                for round in 0..if step == usize::MAX { 0 } else { 12 } {
                    lives.read(&source(&path), &interest, step + round);
                }
                lives.read(&source(&path), &interest, usize::MAX);
                assert_eq!(lives.records, expected, "{fixture} {step}");
                assert_eq!(lives.troubles, Vec::<String>::new(), "{fixture} {step}");
            }
        }
    }
}

/// Bytes that are not what they should be, and a file that is cut: nothing panics, nothing is given twice, and what a batch gives of
/// it is given here.
#[test]
fn a_damaged_journal_gives_what_a_batch_can_find() {
    let directory = tempfile::tempdir().unwrap();
    let whole = journal("journals/dnsmaster.journal.zst");
    for round in 0..60_u64 {
        let mut bytes = whole.clone();
        // Places that are spread over the file, the same in each run.
        let mut place = round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for _ in 0..1 + round % 7 {
            place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = 272 + usize::try_from(place >> 33).unwrap() % (bytes.len() - 280) / 8 * 8;
            bytes[at..at + 8].fill(u8::try_from(round).unwrap().wrapping_mul(37));
        }
        if round % 3 == 0 {
            bytes.truncate(bytes.len() - 4096 * (1 + usize::try_from(round).unwrap()));
        }
        let path = directory.path().join("a.journal");
        fs::write(&path, &bytes).unwrap();
        let mut lives = Lives::default();
        lives.read(&source(&path), &Interest::All, usize::MAX);
        let mut expected = batch(&path, &Interest::All);
        let mut given = lives.records.clone();
        let count = given.len();
        given.sort();
        given.dedup();
        assert_eq!(given.len(), count, "given twice in round {round}");
        expected.sort();
        // Where one value is damaged it depends on the reader which part of the entry is left.
        let missing = expected.iter().filter(|record| given.binary_search(record).is_err()).count();
        assert!(missing <= 3, "{missing} of {} are missing in round {round}", expected.len());
    }
}

/// Entries in export form, written into a journal by systemd's own program.
fn remote(into: &Path, host: &str, seconds: std::ops::Range<u64>) {
    let mut child = Command::new("/lib/systemd/systemd-journal-remote")
        .arg(format!("--output={}", into.display()))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for second in seconds {
        write!(
            input,
            "__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID=fedcba9876543210fedcba9876543210\n_HOSTNAME={host}\n\
             SYSLOG_IDENTIFIER=pdns_server\nMESSAGE={host} {second}\n\n",
            (1_597_762_000 + second) * 1_000_000,
            second * 1_000_000,
        )
        .unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_arrives_late_and_from_new_hosts_is_given_once() {
    if !Path::new("/lib/systemd/systemd-journal-remote").exists() {
        eprintln!(
            "SKIPPED what_arrives_late_and_from_new_hosts_is_given_once: systemd-journal-remote is not installed"
        );
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path().join("remote");
    fs::create_dir(&below).unwrap();
    let [_, programs] = interests();
    let mut lives = Lives::default();
    let mut expected = Vec::new();
    // The second host's entries, and the last ones of the first host, are older than what was read before.
    let parts: [(&str, std::ops::Range<u64>); 5] =
        [("ns1", 100..110), ("ns2", 50..60), ("ns1", 110..120), ("ns1", 20..25), ("ns3", 0..5)];
    for (host, seconds) in parts {
        let file = below.join(format!("remote-{host}.journal"));
        remote(&file, host, seconds.clone());
        expected.extend(seconds.map(|second| format!("{host} {second}")));
        lives.read(&source(directory.path()), &programs, 7);
        lives.read(&source(directory.path()), &programs, usize::MAX);
    }
    let message = |record: &String| {
        let messages = expected.iter().filter(|message| record.contains(&format!("{:?}", message.as_bytes())));
        messages.map(String::clone).next().unwrap_or_else(|| panic!("{record}"))
    };
    let mut given: Vec<String> = lives.records.iter().map(message).collect();
    assert_eq!(lives.troubles, Vec::<String>::new());
    assert_eq!(given, expected);
    given.sort();
    given.dedup();
    assert_eq!(given.len(), expected.len());
    assert_eq!(lives.lines, expected.len() as u64);
}

/// A copy of a file and a file that was renamed are the file that was read.
#[test]
fn rotation_renames_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| -> PathBuf { directory.path().join(name) };
    fs::write(name("system.journal"), journal(FIXTURES[2])).unwrap();
    let [all, _] = interests();
    let mut lives = Lives::default();
    lives.read(&source(directory.path()), &all, usize::MAX);
    let given = lives.records.len();
    assert!(given > 0);
    fs::rename(name("system.journal"), name("system@0123456789abcdef0123456789abcdef-01-02.journal")).unwrap();
    fs::copy(name("system@0123456789abcdef0123456789abcdef-01-02.journal"), name("system.journal")).unwrap();
    lives.read(&source(directory.path()), &all, usize::MAX);
    assert_eq!((lives.records.len(), lives.troubles.len()), (given, 0));
}
