//! What rotation, truncation and removal do to a log that is followed, while it is and while it is not.

use super::super::Sizes;
use super::Until;
use super::flow::Pace;
use super::testing::{Lives, Scratch, append, followed};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const QUICK: (Pace, Sizes) = (
    Pace { poll: Duration::from_millis(1), settle: Duration::ZERO, hush: Duration::ZERO, portion: 1 << 20 },
    Sizes { block: 1 << 18, line: 1 << 20, window: 1 << 16, large: 1 << 20 },
);

/// A log that is followed over several lives of the follower.
struct Followed {
    scratch: Scratch,
    path: PathBuf,
    source: super::Followed,
    lives: Lives,
}

fn line(number: u32) -> String {
    format!("Nov 23 02:12:{number:02} ns1.example pdns_server[304]: line {number}\n")
}

fn lines(numbers: std::ops::RangeInclusive<u32>) -> String {
    numbers.map(line).collect()
}

impl Followed {
    fn new() -> Self {
        let scratch = Scratch::new();
        let path = scratch.path("a.log");
        let source = followed(&path);
        Self { scratch, path, source, lives: Lives::new() }
    }

    fn put(&self, name: &str, text: &str) {
        append(&self.scratch.path(name), text.as_bytes());
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.scratch.path(from), self.scratch.path(to)).unwrap();
    }

    fn empty(&self) {
        fs::OpenOptions::new().write(true).truncate(true).open(&self.path).unwrap();
    }

    /// Follows; each time nothing is left to read the next step is taken.
    fn steps(&mut self, steps: &mut [&mut dyn FnMut()]) -> &mut Self {
        let mut steps = steps.iter_mut();
        let (mut quiet, source) = (0, &self.source);
        self.lives
            .live(QUICK, source, Until::Stopped, usize::MAX, &mut || {
                quiet += 1;
                if quiet % 4 != 0 {
                    return true; // What is new is seen at one of the next looks.
                }
                steps.next().map(|step| step()).is_some()
            })
            .unwrap();
        self
    }

    /// As another process that reads what is there and ends.
    fn read(&mut self) -> &mut Self {
        self.lives.live(QUICK, &self.source, Until::EndOfInput, usize::MAX, &mut || true).unwrap();
        self
    }

    fn numbers(&self) -> Vec<u32> {
        let number = |raw: &[u8]| String::from_utf8_lossy(raw).rsplit(' ').next().and_then(|word| word.parse().ok());
        self.lives.records.iter().map(|record| number(&record.raw).unwrap_or(0)).collect()
    }

    fn troubles(&self) -> Vec<&str> {
        self.lives.troubles.iter().map(|trouble| trouble.kind).collect()
    }
}

fn all(last: u32) -> Vec<u32> {
    (1..=last).collect()
}

fn pack(path: &Path) {
    let status = std::process::Command::new("gzip").arg(path).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_file_is_waited_for() {
    let mut followed = Followed::new();
    let path = followed.path.clone();
    followed.steps(&mut [&mut || append(&path, lines(1..=2).as_bytes()), &mut || {}]);
    assert_eq!((followed.numbers(), followed.troubles()), (all(2), vec![]));
}

#[test]
fn a_rotated_file_is_read_to_its_end_and_the_new_one_from_its_beginning() {
    let mut followed = Followed::new();
    followed.put("a.log", &lines(1..=2));
    let (path, old) = (followed.path.clone(), followed.scratch.path("a.log.1"));
    followed.steps(&mut [
        &mut || {
            fs::rename(&path, &old).unwrap();
            append(&old, line(3).as_bytes()); // The writer has not noticed yet.
        },
        &mut || append(&old, b"Nov 23 02:12:04 ns1.example pdns_server[304]: line 4"),
        &mut || append(&path, lines(5..=6).as_bytes()),
        &mut || append(&path, line(7).as_bytes()),
        &mut || {},
    ]);
    assert_eq!((followed.numbers(), followed.troubles()), (all(7), vec![]));
    let numbers: Vec<u64> = followed.lives.records.iter().map(|record| record.line).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 1, 2, 3]);
    assert_eq!(followed.lives.last.as_ref().map(|progress| progress.lines), Some(7));
}

#[test]
fn rotations_while_nobody_follows_lose_nothing() {
    for (is_packed, names) in [
        (false, ["a.log.3", "a.log.2", "a.log.1"]),
        (true, ["a.log.3", "a.log.2", "a.log.1"]),
        (false, ["a.log-20201123", "a.log-20201124", "a.log-20201125"]),
        (true, ["a.log-20201123", "a.log-20201124", "a.log-20201125"]),
    ] {
        let mut followed = Followed::new();
        followed.put("a.log.4", &lines(50..=51)); // Older than what was followed.
        std::thread::sleep(Duration::from_millis(20));
        followed.put("a.log", &lines(1..=2));
        followed.read();
        followed.put("a.log", &line(3));
        followed.rename("a.log", names[0]);
        for (at, name) in [(4, names[1]), (6, names[2])] {
            std::thread::sleep(Duration::from_millis(20));
            followed.put(name, &lines(at..=at + 1));
        }
        if is_packed && cfg!(feature = "compress") {
            names.iter().for_each(|name| pack(&followed.scratch.path(name)));
        }
        followed.put("a.log", &line(8));
        followed.read();
        assert_eq!((followed.numbers(), followed.troubles()), (all(8), vec![]), "{names:?} {is_packed}");
        followed.read().put("a.log", &line(9));
        followed.read();
        assert_eq!((followed.numbers(), followed.troubles()), (all(9), vec![]), "{names:?} {is_packed}");
        assert_eq!(followed.lives.last.as_ref().map(|progress| progress.lines), Some(9));
    }
}

#[test]
fn what_is_gone_is_said() {
    let mut followed = Followed::new();
    followed.put("a.log", &lines(1..=3));
    followed.read();
    fs::remove_file(&followed.path).unwrap();
    followed.put("a.log", &lines(11..=12));
    followed.read();
    assert_eq!((followed.numbers(), followed.troubles()), (vec![1, 2, 3, 11, 12], vec!["gap"]));
    assert!(followed.lives.troubles[0].text.contains("after line 3 was read"), "{:?}", followed.lives.troubles);
}

#[test]
fn copied_and_emptied_loses_nothing_that_is_in_the_copy() {
    // While it is followed.
    let mut followed = Followed::new();
    followed.put("a.log", &lines(1..=2));
    let (path, copy) = (followed.path.clone(), followed.scratch.path("a.log.1"));
    followed.steps(&mut [
        &mut || {
            append(&path, lines(3..=4).as_bytes());
            fs::copy(&path, &copy).unwrap();
            fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
        },
        &mut || append(&path, line(5).as_bytes()),
        &mut || {},
    ]);
    assert_eq!((followed.numbers(), followed.troubles()), (all(5), vec![]));
    // And while it is not.
    followed.put("a.log", &lines(6..=7));
    fs::copy(&followed.path, followed.scratch.path("a.log.1")).unwrap();
    followed.empty();
    followed.put("a.log", &line(8));
    followed.read();
    assert_eq!((followed.numbers(), followed.troubles()), (all(8), vec![]));
}

#[test]
fn an_emptied_file_is_read_from_its_beginning_and_said() {
    let mut followed = Followed::new();
    followed.put("a.log", &lines(1..=5));
    let path = followed.path.clone();
    let empty = || drop(fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap());
    followed.steps(&mut [
        &mut || {
            empty();
            append(&path, line(11).as_bytes());
        },
        &mut || {
            // More than was there: only the beginning tells.
            empty();
            append(&path, lines(21..=25).as_bytes());
        },
        &mut || {},
    ]);
    let expected = [1, 2, 3, 4, 5, 11, 21, 22, 23, 24, 25];
    assert_eq!((followed.numbers(), followed.troubles()), (expected.to_vec(), vec!["gap", "gap"]));
}

#[test]
fn a_removed_file_may_come_back() {
    let mut followed = Followed::new();
    followed.put("a.log", &lines(1..=2));
    let path = followed.path.clone();
    followed.steps(&mut [
        &mut || fs::remove_file(&path).unwrap(),
        &mut || {},
        &mut || append(&path, lines(3..=4).as_bytes()),
        &mut || {},
    ]);
    assert_eq!((followed.numbers(), followed.troubles()), (all(4), vec![]));
}

#[test]
fn a_link_is_followed_to_where_it_leads() {
    let mut followed = Followed::new();
    followed.put("day-1", &lines(1..=2));
    followed.put("day-2", &line(3));
    let (path, one, two) = (followed.path.clone(), followed.scratch.path("day-1"), followed.scratch.path("day-2"));
    std::os::unix::fs::symlink(&one, &path).unwrap();
    followed.steps(&mut [
        &mut || {
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(&two, &path).unwrap();
        },
        &mut || append(&two, line(4).as_bytes()),
        &mut || {},
    ]);
    assert_eq!((followed.numbers(), followed.troubles()), (all(4), vec![]));
}

#[test]
fn the_next_file_may_have_another_format() {
    let mut followed = Followed::new();
    followed.put("a.log", &lines(1..=1));
    let (path, old) = (followed.path.clone(), followed.scratch.path("a.log.1"));
    followed.steps(&mut [
        &mut || {
            fs::rename(&path, &old).unwrap();
            append(&path, b"{\"__REALTIME_TIMESTAMP\":\"1795399951472342\",\"MESSAGE\":\"line 2\"}\n");
        },
        &mut || {},
    ]);
    assert_eq!((followed.numbers(), followed.troubles()), (all(2), vec![]));
}

#[test]
fn what_is_no_log_is_refused_and_a_file_that_is_missing_too() {
    let mut followed = Followed::new();
    let missing = followed.lives.live(QUICK, &followed.source, Until::EndOfInput, usize::MAX, &mut || true);
    assert_eq!(missing.map_err(|error| error.to_string()), Err("find a.log".to_owned()));
    followed.put("a.log", "no line of a log\n");
    let refused = followed.lives.live(QUICK, &followed.source, Until::EndOfInput, usize::MAX, &mut || true);
    assert!(refused.is_err_and(|error| error.is_not_a_log()));
}
