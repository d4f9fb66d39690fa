//! `driftline check` over the project's own cases.

use crate::common::{cases, text};
use std::process::Command;

#[test]
fn every_case_holds() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_driftline")).args(["check", "samples"]).output().expect("the binary starts");
    let page = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{page}{}", String::from_utf8_lossy(&output.stderr));
    let count = cases().len();
    assert!(count >= 20, "only {count} cases were found below samples/");
    assert!(page.ends_with(&format!("{count} cases hold: exit 0.\n")), "each case was checked: {page}");
}

#[test]
fn every_case_says_what_it_is() {
    for case in cases() {
        let about = text(&case.join("ABOUT.md"));
        assert!(about.starts_with("# "), "{}: ABOUT.md begins with a title", case.display());
        let origins = ["Real:", "Reproduced:", "Synthetic:"].iter().filter(|word| about.contains(**word)).count();
        assert_eq!(origins, 1, "{}: ABOUT.md says whether the case is real, reproduced or synthetic", case.display());
        assert!(about.contains("What must be found:"), "{}: ABOUT.md says what must be found", case.display());
    }
}
