//! What the tests over whole logs share: the cases below `samples/`, one run as the command line would do it, places to write to.

#![allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]

use driftline::input;
use driftline::pipeline::{self, Options, Outcome};
use driftline::report::json;
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

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

/// An empty directory that belongs to one test.
pub(crate) fn scratch(name: &str) -> PathBuf {
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
