//! Following gives what a batch gives, however the bytes come and whenever the process is killed.

use super::super::{Interest, Layer, Sizes, Summary};
use super::Until;
use super::flow::Pace;
use super::testing::{Kept, Lives, Scratch, append, followed, kept};
use crate::input::{Error, Trouble};
use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const SMALL: Sizes = Sizes { block: 300, line: 2000, window: 1200, large: usize::MAX };

/// In no hurry to judge: only then is the judgement the batch's.
const FAST: Pace = Pace { poll: Duration::ZERO, settle: Duration::MAX, hush: Duration::ZERO, portion: 900 };

fn batch(sizes: Sizes, bytes: &[u8]) -> Result<(Vec<Kept>, Summary), Error> {
    let mut records = Vec::new();
    let layer = Layer { sizes, path: &"a.log".into(), location: None, depth: 0, helpers: None };
    let summary = layer.read(&mut &bytes[..], &Interest::All, &mut |record| records.push(kept(record)))?;
    Ok((records, summary))
}

/// The logs that tests have.
fn samples() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from("samples"), PathBuf::from("tests/data")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.starts_with("samples") && path.extension().is_some_and(|kind| kind == "json") {
                // What a cloud tells is no log that grows.
            } else if path.extension().is_some_and(|kind| kind == "log" || kind == "export" || kind == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn compare(sizes: Sizes, bytes: &[u8], chunks: &[usize], kills: &[usize]) -> Result<(), TestCaseError> {
    let scratch = Scratch::new();
    let path = scratch.path("a.log");
    let source = followed(&path);
    let mut lives = Lives::new();
    let mut chunks = chunks.iter().cycle();
    let mut written = 0;
    let mut grow = || {
        let size = chunks.next().copied().unwrap_or(bytes.len()).min(bytes.len() - written);
        append(&path, &bytes[written..written + size]);
        written += size;
        written < bytes.len()
    };
    let mut result = Ok(());
    for &kill in kills {
        result = result.and_then(|()| lives.live((FAST, sizes), &source, Until::Stopped, kill, &mut grow));
    }
    result = result.and_then(|()| lives.live((FAST, sizes), &source, Until::Stopped, usize::MAX, &mut grow));
    let result = result.and_then(|()| lives.live((FAST, sizes), &source, Until::EndOfInput, usize::MAX, &mut || true));
    match batch(sizes, bytes) {
        Ok((records, summary)) => {
            prop_assert!(result.is_ok(), "{result:?}");
            prop_assert_eq!(&lives.records, &records);
            let last = lives.last.unwrap();
            prop_assert_eq!(
                (last.format, last.lines, last.first, last.last),
                (summary.format, summary.lines, summary.first, summary.last)
            );
            let broken = summary.broken_off.map(|error| (None, format!("Failed to {error}.")));
            let line = |trouble: Trouble| (trouble.line, trouble.text);
            let told: Vec<_> = summary.troubles.into_iter().map(line).chain(broken).collect();
            // One that was being told when the process was killed may be told again.
            let mut given: Vec<_> = lives.troubles.into_iter().map(line).collect();
            given.dedup();
            prop_assert_eq!(given, told);
        }
        Err(error) => prop_assert_eq!(result.map_err(|error| error.to_string()), Err(error.to_string())),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_growing_file_gives_what_a_batch_gives(
        at in any::<proptest::sample::Index>(),
        block in 50usize..700,
        window in 300usize..3000,
        chunks in proptest::collection::vec(1usize..4000, 1..6),
        kills in proptest::collection::vec(1usize..60, 0..8),
    ) {
        let samples = samples();
        let path = &samples[at.index(samples.len())];
        #[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
        let mut bytes = fs::read(path).unwrap();
        bytes.truncate(12_000);
        compare(Sizes { block, window, ..SMALL }, &bytes, &chunks, &kills)?;
    }
}
