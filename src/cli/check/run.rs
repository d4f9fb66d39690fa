//! One case: its `expected.toml`, its logs, its verdict.

use super::find::is_named_like_a_log;
use crate::check::{self, Case, EXPECTED, Judged, Problem, Setting};
use crate::cli::analyze;
use crate::cli::args::{Command, Driftline};
use crate::cli::config::{self, Config};
use crate::input::{self, Error, Source};
use crate::pipeline::{self, Options, Outcome};
use clap::Parser;
use std::path::Path;

/// All that is known about a case that could be run.
pub(super) struct Ran {
    pub(super) case: Case,
    pub(super) sources: Vec<Source>,
    pub(super) options: Options,
    pub(super) outcome: Outcome,
}

/// Runs a case and judges it.
pub(super) fn judge(directory: &Path, threads: usize) -> (Judged, Option<Ran>) {
    let mut judged = Judged { case: directory.display().to_string(), ..Judged::default() };
    let case = match expectations(directory) {
        Ok(case) => case,
        Err(problem) => {
            judged.problems.push(problem);
            return (judged, None);
        }
    };
    let options = match options(directory, &case.settings) {
        Ok(options) => options,
        Err(problem) => {
            judged.problems.push(problem);
            return (judged, None);
        }
    };
    let (sources, outcome, problems) = analyze(directory, &options, threads);
    judged.problems = problems;
    judged.checks = check::judge(&case, &outcome.report.findings, &|| check::seen(&sources, &options));
    let there: Vec<&str> = outcome.report.nodes.iter().map(|node| &*node.name).collect();
    judged.checks.extend(check::judge_nodes(&case, &there));
    (judged, Some(Ran { case, sources, options, outcome }))
}

/// Reads the `expected.toml` of a directory.
pub(super) fn expectations(directory: &Path) -> Result<Case, Problem> {
    let path = directory.join(EXPECTED);
    let shown = path.display().to_string();
    #[expect(clippy::disallowed_methods, reason = "a case is read where its directory was named")]
    let text = std::fs::read_to_string(&path).map_err(|error| Problem {
        path: shown.clone(),
        line: None,
        text: format!("failed to read it: {error}"),
    })?;
    Case::parse(&shown, &text).map_err(|error| Problem { path: error.path, line: Some(error.line), text: error.text })
}

/// The logs of a directory, what is found in them, and what keeps the answer from being whole.
pub(super) fn analyze(directory: &Path, options: &Options, threads: usize) -> (Vec<Source>, Outcome, Vec<Problem>) {
    let expanded = input::expand(&[directory.as_os_str().to_owned()]);
    let mut sources = expanded.sources;
    // A log that has become something else (a pointer of git-lfs, an error page) must not be passed over.
    for source in &mut sources {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        source.found_in_directory &= !is_named_like_a_log(name);
    }
    let outcome = pipeline::analyze(&sources, options, threads);
    let mut problems: Vec<Problem> = expanded.errors.iter().chain(&outcome.errors).map(problem).collect();
    let coverage = &outcome.report.coverage;
    if problems.is_empty() && coverage.recognised + coverage.unrecognised == 0 {
        let text = if coverage.sources.is_empty() {
            "no log is in this directory".to_owned()
        } else {
            format!("not one line of PowerDNS or keepalived is in its {} lines of logs", coverage.lines)
        };
        problems.push(Problem { path: directory.display().to_string(), line: None, text });
    }
    (sources, outcome, problems)
}

fn problem(error: &Error) -> Problem {
    Problem { path: error.path().to_string(), line: None, text: format!("failed to {}", chain(error)) }
}

/// An error and what it comes from.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}

/// `[analyze]` through the command line's own reader, so that both understand the same. A configuration's path is relative to
/// the case; none is read that the case does not name.
pub(super) fn options(directory: &Path, settings: &[Setting]) -> Result<Options, Problem> {
    let path = directory.join(EXPECTED).display().to_string();
    for setting in settings {
        read(directory, std::slice::from_ref(setting)).map_err(|text| Problem {
            path: path.clone(),
            line: Some(setting.line),
            text,
        })?;
    }
    read(directory, settings).map_err(|text| Problem { path, line: settings.first().map(|first| first.line), text })
}

fn read(directory: &Path, settings: &[Setting]) -> Result<Options, String> {
    let words =
        settings.iter().flat_map(|setting| setting.values.iter().map(|value| format!("--{}={value}", setting.option)));
    let words = ["driftline", "analyze"].into_iter().map(str::to_owned).chain(words);
    let driftline = Driftline::try_parse_from(words).map_err(|error| {
        error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })?;
    let Command::Analyze(arguments) = driftline.command else { return Ok(Options::default()) };
    let config = match &arguments.config {
        Some(path) => config::load(Some(&directory.join(path))).map_err(|error| told(&error))?,
        None => Config::default(),
    };
    analyze::options(&arguments, config).map(|(options, _)| options).map_err(|error| told(&error))
}

fn told(error: &dyn std::error::Error) -> String {
    format!("failed to {}", chain(error))
}
