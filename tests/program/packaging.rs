//! What the package says is what the binary does: the unit's command line, its hardening, the man pages, the catalog of messages.

use crate::common::text;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

const UNIT: &str = "packaging/driftline.service";

/// Set where skipping is no excuse: everything that is needed is there.
const MUST_RUN: &str = "DRIFTLINE_MUST_RUN";

/// Runs a program that may not be there; `None`, loudly, if it is not.
#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "what is skipped is said aloud")]
fn run(program: &str, words: &[&str]) -> Option<Output> {
    match Command::new(program).args(words).output() {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(std::env::var_os(MUST_RUN).is_none(), "{program} cannot be run: {error}");
            eprintln!("SKIPPED: {program} cannot be run: {error}");
            None
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The words of each command line of driftline in a text: `ExecStart=`, `DRIFTLINE_OPTIONS="…"`, commented or not.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let words = |line: &str| -> Vec<String> {
        line.split_whitespace().filter(|word| *word != "$DRIFTLINE_OPTIONS").map(str::to_owned).collect()
    };
    let mut lines = Vec::new();
    for line in text.lines().map(|line| line.trim_start_matches('#')) {
        if let Some(command) = line.strip_prefix("ExecStart=").filter(|command| !command.is_empty()) {
            lines.push(words(command));
        }
        if let Some(options) = line.strip_prefix("DRIFTLINE_OPTIONS=") {
            lines.push(words(&format!("driftline follow {}", options.trim_matches('"'))));
        }
    }
    lines
}

#[test]
fn the_unit_and_its_examples_are_command_lines() {
    for (file, count) in [(UNIT, 1), ("packaging/driftline.default", 3), ("packaging/local.conf", 1)] {
        let mut lines = command_lines(&text(Path::new(file)));
        if cfg!(not(feature = "webhook")) {
            lines.retain(|line| !line.iter().any(|word| word == "--webhook"));
        } else {
            assert_eq!(lines.len(), count, "{file}: {lines:?}");
        }
        for line in lines {
            let parsed = driftline::cli::command().try_get_matches_from(&line);
            assert!(parsed.is_ok(), "{file}: {line:?}: {}", parsed.expect_err("it is not"));
        }
    }
}

#[test]
fn the_check_of_icinga_is_a_command_line() {
    let text = text(Path::new("packaging/icinga2.conf"));
    let (_, command) = text.split_once("command = [").expect("there is a command");
    let (command, _) = command.split_once(']').expect("it ends");
    let words: Vec<&str> = command.split(',').map(|word| word.trim().trim_matches('"')).collect();
    let options = text.lines().filter_map(|line| line.trim().strip_prefix("\"--")?.split('"').next());
    let options: Vec<String> = options.map(|option| format!("--{option}=1")).collect();
    assert!(options.len() >= 5, "{options:?}");
    let words = words.into_iter().map(str::to_owned).chain(options);
    let parsed = driftline::cli::command().try_get_matches_from(words);
    assert!(parsed.is_ok(), "{}", parsed.expect_err("it is not"));
}

#[test]
fn the_example_configuration_is_one() {
    let example = text(Path::new("packaging/driftline.toml"));
    let active: String = example.lines().map(|line| line.strip_prefix('#').unwrap_or(line).to_owned() + "\n").collect();
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in [("as-shipped.toml", example.clone()), ("all-active.toml", uncommented(&active))] {
        let path = directory.path().join(name);
        std::fs::write(&path, &text).expect("a file is written");
        let words = ["events", "--config", path.to_str().expect("UTF-8"), "samples/seed-incident/dnsmaster.log"];
        let output = Command::new(env!("CARGO_BIN_EXE_driftline")).args(words).output().expect("the binary runs");
        assert!(output.status.success(), "{name}: {}", said(&output));
    }
    for key in ["remind", "quiet", "quiet-zone", "quiet-critical", "per-minute", "exec-timeout", "webhook-timeout"] {
        assert!(example.contains(&format!("\n#{key} = ")), "{key} is not shown");
    }
}

/// Without the sentences, which are comments of comments.
fn uncommented(text: &str) -> String {
    let is_toml =
        |line: &&str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    text.lines().filter(is_toml).map(|line| format!("{line}\n")).collect()
}

/// Exposure of 1.5 at most.
#[test]
fn the_unit_is_hardened() {
    let words = ["security", "--offline=true", "--no-pager", "--threshold=15", UNIT];
    let Some(output) = run("systemd-analyze", &words) else { return };
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_unit_is_understood() {
    let directory = tempfile::tempdir().expect("a directory");
    let unit = directory.path().join("driftline.service");
    // The manual is there when the package is, and so is the binary.
    let text: String = text(Path::new(UNIT))
        .lines()
        .filter(|line| !line.starts_with("Documentation="))
        .map(|line| line.replace("/usr/bin/driftline", env!("CARGO_BIN_EXE_driftline")) + "\n")
        .collect();
    std::fs::write(&unit, text).expect("a unit is written");
    let Some(output) = run("systemd-analyze", &["verify", unit.to_str().expect("UTF-8")]) else { return };
    let about_it: Vec<String> =
        said(&output).lines().filter(|line| line.contains("driftline.service")).map(str::to_owned).collect();
    assert!(output.status.success() && about_it.is_empty(), "{}", said(&output));
}

/// The catalog explains each class of announcement that is written, and nothing else.
#[test]
fn the_catalog_explains_what_is_written() {
    let catalog = text(Path::new("packaging/driftline.catalog"));
    let ids: BTreeSet<&str> = catalog.lines().filter_map(|line| line.strip_prefix("-- ")).collect();
    let source = text(Path::new("src/cli/outlets/journal.rs"));
    let written: BTreeSet<&str> = source
        .split('"')
        .filter(|word| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .collect();
    assert_eq!((ids.len(), &ids), (3, &written));
    for field in catalog.split('@').skip(1).step_by(2) {
        assert!(source.contains(&format!("\"{field}\"")), "no entry has the field {field}");
    }
    let Some(output) = run("journalctl", &["--version"]) else { return };
    assert!(output.status.success());
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().join("usr/lib/systemd/catalog");
    std::fs::create_dir_all(&place).expect("a directory");
    std::fs::create_dir_all(directory.path().join("var/lib/systemd/catalog")).expect("a directory");
    std::fs::copy("packaging/driftline.catalog", place.join("driftline.catalog")).expect("a copy");
    let root = format!("--root={}", directory.path().display());
    let updated = run("journalctl", &[&root, "--update-catalog"]).expect("it ran before");
    assert!(updated.status.success() && said(&updated).is_empty(), "{}", said(&updated));
    let listed = run("journalctl", &[&root, "--list-catalog"]).expect("it ran before");
    assert_eq!(said(&listed).lines().count(), 3, "{}", said(&listed));
}

/// Each command has its page, and the first page names them all.
#[test]
fn there_is_a_man_page_for_each_command() {
    let directory = tempfile::tempdir().expect("a directory");
    let command = driftline::cli::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command.clone(), directory.path()).expect("pages are written");
    let page = |name: &str| text(&directory.path().join(name)).replace("\\-", "-");
    let first = page("driftline.1");
    let mut count = 0;
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        assert!(first.contains(&format!("driftline-{name}(1)")), "driftline.1 does not name {name}");
        let own = page(&format!("driftline-{name}.1"));
        for option in subcommand.get_arguments().filter_map(|argument| argument.get_long()) {
            assert!(own.contains(&format!("--{option}")), "driftline-{name}.1 does not name --{option}");
        }
        count += 1;
    }
    assert!(count >= 7, "there are {count} commands");
    assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), count + 1);
}

/// What the package is made of is there.
#[test]
fn the_package_names_files_that_exist() {
    let cargo: toml::Table = text(Path::new("Cargo.toml")).parse().expect("TOML");
    let deb = &cargo["package"]["metadata"]["deb"];
    let assets = deb["assets"].as_array().expect("assets");
    for asset in assets {
        let source = asset[0].as_str().expect("a path");
        assert!(source.starts_with("target/") || Path::new(source).is_file(), "{source} is not there");
    }
    for script in ["postinst", "postrm"] {
        let path = Path::new("packaging/debian").join(script);
        assert!(text(&path).contains("\n#DEBHELPER#\n"), "{script} leaves no place for what is generated");
    }
}
