//! `driftline probe` over files: what a monitoring system sees of them.

use crate::common::{scratch, text};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

fn probe(state: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_driftline"))
        .arg("probe")
        .args(words)
        .arg("--state")
        .arg(state)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

/// The exit code and the first line, which is all that many a monitoring system shows.
fn told(output: &Output) -> (Option<i32>, String) {
    let page = String::from_utf8_lossy(&output.stdout);
    (output.status.code(), page.lines().next().unwrap_or_default().to_owned())
}

/// A log of a few kilobytes is read by the first run, in whatever form its lines are, and only once.
#[test]
fn plain_logs_are_read_and_an_open_finding_is_critical_until_it_closes() {
    let home = scratch("probe-plain");
    let state = home.join("state");
    for name in ["dnsmaster", "dnsmaster2", "dnsslave"] {
        let log = text(Path::new(&format!("samples/seed-incident/{name}.log")));
        // The address is still away at the end of these.
        let lines: Vec<&str> = log.lines().filter(|line| !line.contains("Aug 18 15:")).collect();
        fs::write(home.join(format!("{name}.log")), lines.join("\n") + "\n").expect("a test writes its own files");
    }
    let place = home.to_str().expect("its path is UTF-8");
    let (code, first) = told(&probe(&state, &[place]));
    assert_eq!(code, Some(2), "{first}");
    assert!(first.starts_with("DRIFTLINE CRITICAL - eip-drift"), "{first}");
    assert!(first.contains(" lines=11c;"), "{first}");
    let (code, again) = told(&probe(&state, &[place]));
    assert_eq!(code, Some(2), "it is open still: {again}");
    assert!(again.contains(" lines=0c;"), "{again}");
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let home = scratch("probe-unknown");
    let notes = home.join("notes.txt");
    fs::write(&notes, "the new switch comes on Monday\nand the old one goes\n").expect("a test writes its own files");
    let (code, first) = told(&probe(&home.join("state"), &[notes.to_str().expect("its path is UTF-8")]));
    assert_eq!(code, Some(3), "{first}");
    assert!(first.contains("notes.txt"), "{first}");
    let (code, first) = told(&probe(&home.join("state"), &["--bogus"]));
    assert_eq!(code, Some(3));
    assert!(first.contains("--bogus"), "the line that is shown says what is wrong: {first}");
}

#[cfg(feature = "compress")]
#[test]
fn a_packed_log_that_is_cut_short_is_unknown() {
    let home = scratch("probe-cut");
    let log = text(Path::new("samples/seed-incident/dnsslave.log")).into_bytes();
    let cut = home.join("cut.log.gz");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, &log.repeat(50)).expect("a Vec takes all");
    let packed = packed.finish().expect("a Vec takes all");
    fs::write(&cut, &packed[..packed.len() * 2 / 3]).expect("a test writes its own files");
    let (code, first) = told(&probe(&home.join("state"), &[cut.to_str().expect("its path is UTF-8")]));
    assert_ne!(code, Some(0), "{first}");
    let page = probe(&home.join("other"), &[cut.to_str().expect("its path is UTF-8")]).stdout;
    assert!(
        String::from_utf8_lossy(&page).contains("cut.log.gz: Failed to read"),
        "{}",
        String::from_utf8_lossy(&page)
    );
}

/// A pipe that nobody writes to does not outlast the time that the plugin was given.
#[test]
fn a_pipe_without_a_writer_is_given_up_in_time() {
    let home = scratch("probe-pipe");
    let pipe = home.join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from(0o600)).expect("a pipe can be made");
    let begun = Instant::now();
    let (code, first) = told(&probe(&home.join("state"), &["-t", "1", pipe.to_str().expect("its path is UTF-8")]));
    assert_eq!(code, Some(3), "{first}");
    assert!(first.contains("not all was read within 1 s"), "{first}");
    assert!(begun.elapsed().as_secs() < 30, "it did not wait for a writer");
}
