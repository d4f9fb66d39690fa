//! Reports as they are printed: whole pages, compared with the files below `tests/data/report`. `BLESS=1` rewrites them; read the diff.

mod report_seed;

use chrono_tz::Tz;
use driftline::finding::Severity;
use driftline::report::table::Look;
use driftline::report::{Coverage, Report, json, table};
use report_seed::seed;
use std::path::Path;

const PIPED: Look = Look {
    width: None,
    color: false,
    zone: Tz::UTC,
    fail_on: Some(Severity::Warning),
    exit: 1,
    hint: "--format json for machines",
};

fn terminal(width: usize) -> Look {
    Look { width: Some(width), ..PIPED }
}

fn page(report: &Report, look: &Look) -> String {
    let mut out = Vec::new();
    table::write(report, look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a test reads what it compares with")]
fn assert_is(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/report").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "{name} is not as expected (BLESS=1 rewrites it); it is now:\n{actual}");
}

#[test]
fn seed_at_80_columns() {
    assert_is("seed.80.txt", &page(&seed(), &terminal(80)));
}

#[test]
fn seed_at_160_columns() {
    assert_is("seed.160.txt", &page(&seed(), &terminal(160)));
}

#[test]
fn seed_in_a_pipe() {
    assert_is("seed.piped.txt", &page(&seed(), &PIPED));
}
