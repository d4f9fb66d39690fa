//! What the tests over whole logs share: the cases below `samples/`, one run as the command line would do it, places to write to, a
//! follower.

#![allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]

use driftline::input;
use driftline::pipeline::{self, Options, Outcome};
use driftline::report::json;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Every directory below `samples/` that holds an `expected.toml`, sorted.
pub(crate) fn cases() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from("samples")];
    while let Some(directory) = open.pop() {
        if directory.join("expected.toml").is_file() {
            found.push(directory.clone());
        }
        open.extend(entries(&directory).into_iter().filter(|path| path.is_dir()));
    }
    found.sort();
    found
}

/// The cases that hold logs alone: what a cloud tells is one document, and has no lines to cut, to copy or to rename.
pub(crate) fn log_cases() -> Vec<PathBuf> {
    let is_document = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    cases().into_iter().filter(|case| !entries(case).iter().any(is_document)).collect()
}

/// What is in a directory, sorted.
pub(crate) fn entries(directory: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(directory).unwrap_or_else(|error| panic!("cannot list {}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.expect("a listed entry can be read").path()).collect();
    paths.sort();
    paths
}

/// The logs of a case, sorted.
pub(crate) fn logs(case: &Path) -> Vec<PathBuf> {
    let is_log = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "log" || extension == "export");
    entries(case).into_iter().filter(is_log).collect()
}

/// A file as bytes.
#[expect(clippy::disallowed_methods, reason = "a test reads what it compares with")]
pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// A file as text.
#[expect(clippy::disallowed_methods, reason = "a test reads what it compares with")]
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// Who has taken which directory: tests run side by side, each in a thread of its own.
static TAKEN: Mutex<BTreeMap<String, ThreadId>> = Mutex::new(BTreeMap::new());

/// An empty directory that belongs to one test.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let here = thread::current().id();
    let owner = *TAKEN.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_insert(here);
    assert_eq!(owner, here, "another test has the directory {name}");
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if place.exists() {
        fs::remove_dir_all(&place).expect("a test's own directory can be emptied");
    }
    fs::create_dir_all(&place).expect("a test's own directory can be made");
    place
}

/// `driftline analyze WORDS` without options, two threads.
pub(crate) fn analyze<P: AsRef<Path>>(words: &[P]) -> Outcome {
    analyze_with(words, &Options::default(), 2)
}

/// `driftline analyze WORDS`.
pub(crate) fn analyze_with<P: AsRef<Path>>(words: &[P], options: &Options, threads: usize) -> Outcome {
    let words: Vec<OsString> = words.iter().map(|word| word.as_ref().as_os_str().to_owned()).collect();
    let expanded = input::expand(&words);
    assert!(expanded.errors.is_empty(), "sources cannot be opened: {:?}", expanded.errors);
    pipeline::analyze(&expanded.sources, options, threads)
}

/// The report as `--format json` prints it.
pub(crate) fn document(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    json::write(&outcome.report, &mut out).expect("a Vec takes all");
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// The report as scripts see it.
pub(crate) fn parsed(outcome: &Outcome) -> Value {
    serde_json::from_str(&document(outcome)).expect("the report is JSON")
}

/// Its findings.
pub(crate) fn findings(outcome: &Outcome) -> Vec<Value> {
    parsed(outcome)["findings"].as_array().expect("findings are a list").clone()
}

/// Rank of a confidence word.
pub(crate) fn confidence(word: &str) -> usize {
    ["suspected", "likely", "confirmed"]
        .iter()
        .position(|known| *known == word)
        .unwrap_or_else(|| panic!("{word:?} is no confidence"))
}

/// A finding in one line, for messages.
pub(crate) fn line(finding: &Value) -> String {
    let word = |key: &str| finding[key].as_str().unwrap_or("open").to_owned();
    format!("{} {} {} .. {}: {}", word("rule"), word("confidence"), word("since"), word("until"), word("claim"))
}

/// A process that ends with its test.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }

    /// Ends it as a service manager does.
    pub(crate) fn terminate(mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().expect("kill can be run");
        assert!(sent.success());
        assert_eq!(self.0.wait().expect("it ends").code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// `driftline follow WORDS` in `place`, which keeps its state and, one object a line, what it announces (`out`). Returns when it has read what
/// is there, and says so as to a service manager.
pub(crate) fn follow<W: AsRef<OsStr>>(place: &Path, words: &[W]) -> Running {
    let notify = place.join("notify");
    let _absent = fs::remove_file(&notify);
    let manager = UnixDatagram::bind(&notify).expect("a socket can be made");
    manager.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    let out = OpenOptions::new().create(true).append(true).open(place.join("out")).expect("it can be opened");
    let follower = Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(["follow", "--format", "ndjson", "--state", "state"])
        .args(words)
        .current_dir(place)
        .env_remove("DRIFTLINE_CONFIG")
        .env_remove("STATE_DIRECTORY")
        .env("NOTIFY_SOCKET", &notify)
        .stdin(Stdio::null())
        .stdout(out)
        .spawn()
        .expect("the binary starts");
    let follower = Running(follower);
    let mut told = [0; 1024];
    while !told.starts_with(b"READY=1") {
        manager.recv(&mut told).expect("it begins");
    }
    follower
}

/// What a follower in `place` has announced; the last line may be on its way, and is none yet.
pub(crate) fn announced(place: &Path) -> Vec<String> {
    let out = text(&place.join("out"));
    out.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect()
}
