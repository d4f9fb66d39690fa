//! The seed incident as people and scripts get it: whole pages and the whole document. `BLESS=1` rewrites them; read the diff.

use crate::common::{analyze, document, text};
use chrono_tz::Tz;
use driftline::finding::Severity;
use driftline::report::table::{self, Look};
use std::fs;
use std::path::Path;

const SEED: &str = "samples/seed-incident";

fn page(width: usize) -> String {
    let look = Look {
        width: Some(width),
        color: false,
        zone: Tz::UTC,
        fail_on: Some(Severity::Warning),
        exit: 1,
        hint: "--format json for machines",
        threads: 2,
    };
    let mut out = Vec::new();
    table::write(&analyze(&[SEED]).report, &look, &mut out).expect("a Vec takes all");
    String::from_utf8(out).expect("a page is UTF-8")
}

fn assert_is(name: &str, actual: &str) {
    let path = Path::new("tests/data/seed").join(name);
    #[expect(clippy::disallowed_methods, reason = "the one variable that rewrites expected files")]
    let bless = std::env::var_os("BLESS").is_some();
    if bless {
        fs::write(&path, actual).expect("the expected files can be written");
    }
    assert!(actual == text(&path), "{name} is not as expected (BLESS=1 rewrites it); it is now:\n{actual}");
}

#[test]
fn at_80_columns() {
    assert_is("80.txt", &page(80));
}

#[test]
fn at_160_columns() {
    assert_is("160.txt", &page(160));
}

#[test]
fn as_json() {
    assert_is("report.json", &document(&analyze(&[SEED])));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [60, 80, 100, 160] {
        let wide: Vec<String> =
            page(width).lines().filter(|line| line.chars().count() > width).map(str::to_owned).collect();
        assert!(wide.is_empty(), "wider than {width} columns:\n{}", wide.join("\n"));
    }
}
