//! What belongs together is there together: a rule, its file, its explanation, its samples; and the README says what the tool says.

use crate::common::{self, analyze, cases, findings, text};
use chrono_tz::Tz;
use driftline::detect::RULES;
use driftline::finding::Severity;
use driftline::report::table::{self, Look};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn every_rule_has_its_file() {
    for rule in RULES {
        let file = Path::new("src/detect").join(rule.id.replace('-', "_")).with_extension("rs");
        assert!(file.is_file(), "{} has no {}", rule.id, file.display());
        assert!(text(&file).contains(&format!("id: \"{}\"", rule.id)), "{} does not state its id", file.display());
    }
}

#[test]
fn every_rule_explains_itself() {
    for rule in RULES {
        let parts = &rule.explanation;
        for (heading, part) in [
            ("What it sees", parts.sees),
            ("Why it matters", parts.matters),
            ("What proves it", parts.proves),
            ("What only looks like it", parts.looks_like),
            ("What to check next", parts.check_next),
        ] {
            assert!(part.len() > 20, "{}: {heading} is {part:?}", rule.id);
            assert!(part.ends_with(['.', '?']), "{}: {heading} does not end like a sentence: {part:?}", rule.id);
        }
    }
}

/// At least one case that fires and one near miss that stays quiet, both below `samples/<id>/`.
#[test]
fn every_rule_has_a_case_that_fires_and_a_near_miss() {
    for rule in RULES {
        let home = Path::new("samples").join(rule.id);
        let (mut fires, mut quiet) = (Vec::new(), Vec::new());
        for case in cases().into_iter().filter(|case| case.starts_with(&home)) {
            let is_found = findings(&analyze(&[&case]))
                .iter()
                .any(|finding| finding["rule"] == rule.id && finding["confidence"] != "suspected");
            if is_found { fires.push(case) } else { quiet.push(case) }
        }
        assert!(!fires.is_empty(), "no case below {} fires", home.display());
        assert!(!quiet.is_empty(), "no case below {} is a near miss", home.display());
    }
}

#[test]
fn every_sample_lies_below_a_rule() {
    let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    for directory in common::entries(Path::new("samples")) {
        let name = directory.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        assert!(name == "seed-incident" || ids.contains(name.as_str()), "samples/{name} is named like no rule");
    }
}

const BEGIN: &str = "<!-- begin: driftline analyze samples/seed-incident -->";
const END: &str = "<!-- end -->";

/// The README's page is the real one; `BLESS=1` writes it anew.
#[test]
fn the_readme_shows_the_real_output() {
    let look = Look {
        width: None,
        color: false,
        zone: Tz::UTC,
        fail_on: Some(Severity::Warning),
        exit: 1,
        hint: "--format json for machines, html or markdown for the post-mortem",
        threads: 2,
    };
    let mut page = Vec::new();
    table::write(&analyze(&["samples/seed-incident"]).report, &look, &mut page).expect("a Vec takes all");
    let page = String::from_utf8(page).expect("a page is UTF-8");
    let block = format!("{BEGIN}\n```console\n$ driftline analyze samples/seed-incident\n{page}```\n");
    let readme = text(Path::new("README.md"));
    let (before, rest) = readme.split_once(BEGIN).expect("the README marks where the page begins");
    let (_, after) = rest.split_once(END).expect("the README marks where the page ends");
    let wanted = format!("{before}{block}{END}{after}");
    #[expect(clippy::disallowed_methods, reason = "the one variable that rewrites expected files")]
    if std::env::var_os("BLESS").is_some() {
        std::fs::write("README.md", &wanted).expect("the README can be written");
        return;
    }
    assert!(readme == wanted, "README.md does not show what the tool prints (BLESS=1 rewrites it); it prints:\n{page}");
}

/// What the README shows of a drift that is followed is what is announced, line for line; symptoms are left out there.
#[test]
fn the_readme_shows_the_announcements_of_a_drift() {
    let readme = text(Path::new("README.md"));
    let (_, rest) = readme.split_once("$ driftline follow --replay ").expect("the README follows a recording");
    let (shown, _) = rest.split_once("```").expect("it ends what it shows");
    let (sample, shown) = shown.split_once('\n').expect("what is announced stands below the command");
    let output = Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(["follow", "--replay", "--until-end", sample])
        .output()
        .expect("the tool can be run");
    let announced = String::from_utf8(output.stdout).expect("announcements are UTF-8");
    // Lines that were broken for the page go on further in.
    let whole = shown.trim_end().replace("\n           ", " ");
    let missing: Vec<&str> = whole.lines().filter(|line| !announced.lines().any(|told| told == *line)).collect();
    assert!(missing.is_empty(), "no such announcement: {missing:#?}\n{announced}");
    let drifts = |text: &str| {
        text.lines().filter(|line| line.get(9..).is_some_and(|line| line.starts_with("EIP DRIFT"))).count()
    };
    assert_eq!(drifts(&announced), drifts(&whole));
}

/// The README's configuration is the one that a sample is checked with, so it works.
#[test]
fn the_readmes_configuration_is_a_samples() {
    let readme = text(Path::new("README.md"));
    let config = text(Path::new("samples/takeover-script-failed/refused-by-the-cloud/driftline.toml"));
    assert!(
        readme.contains(&format!("```toml\n{config}```\n")),
        "README.md shows another configuration than the sample's"
    );
}

/// The README names every option and every rule.
#[test]
fn the_readme_names_every_option_and_rule() {
    let readme = text(Path::new("README.md"));
    let files = ["args", "check/args", "follow/args", "outlets/args"];
    let arguments: String =
        files.iter().map(|file| text(&Path::new("src/cli").join(file).with_extension("rs"))).collect();
    let mut fields = Vec::new();
    let mut is_option = false;
    for line in arguments.lines().map(str::trim) {
        let field = line
            .strip_prefix("pub(super) ")
            .or(line.strip_prefix("pub(in crate::cli) "))
            .and_then(|field| field.split_once(':'));
        match field {
            Some((name, _)) if is_option => {
                fields.push(name.replace('_', "-"));
                is_option = false;
            }
            Some(_) | None => is_option |= line.starts_with("#[arg(") && line.contains("long"),
        }
    }
    assert!(fields.len() >= 10, "options were not recognised in src/cli/args.rs: {fields:?}");
    for option in fields {
        assert!(readme.contains(&format!("`--{option}")), "the README does not name --{option}");
    }
    for rule in RULES {
        assert!(readme.contains(&format!("`{}`", rule.id)), "the README does not name {}", rule.id);
    }
}
