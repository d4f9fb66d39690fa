//! The edge: arguments, files, terminal, clock. Everything that touches the outside of the process starts here.

mod analyze;
mod args;
mod catalogue;
mod check;
mod config;
mod correlate;
mod events;
mod explain;
mod follow;
mod outlet;
mod outlets;
mod probe;
mod progress;
mod redact;
mod when;

use args::{Command, Driftline};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use std::ffi::OsString;
use std::process::ExitCode;

/// How a run ends. The numbers are the contract with people's scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing at or above `--fail-on`.
    Clean,
    /// Findings at or above `--fail-on`.
    Found,
    /// The job could not be done, or not wholly.
    Failed,
    /// What a monitoring plugin says.
    Probed(u8),
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Found => 1,
            Exit::Failed => 2,
            Exit::Probed(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// The command line as a whole: man pages and completions are made from it.
#[must_use]
pub fn command() -> clap::Command {
    Driftline::command()
}

/// Runs one command line (its first word is the program's name).
pub fn run(words: impl IntoIterator<Item = OsString>) -> Exit {
    let words: Vec<OsString> = words.into_iter().collect();
    let is_probe = words.get(1).is_some_and(|word| word == "probe");
    let driftline = match Driftline::try_parse_from(words) {
        Ok(driftline) => driftline,
        Err(error) => {
            let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // To a monitoring system 2 is CRITICAL: what is wrong with the options is no finding.
            if is_probe && !is_answer {
                let _ = error.print();
                // Its first line is what a monitoring system shows.
                let text = error.to_string();
                let why = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
                return Exit::Probed(probe::unknown(&format!("the options are wrong: {why}")).code());
            }
            // A closed pipe is a normal end, also of --help.
            let _ = error.print();
            return if is_answer { Exit::Clean } else { Exit::Failed };
        }
    };
    match driftline.command {
        Command::Analyze(options) => analyze::run(&options),
        Command::Follow(options) => follow::run(&options),
        Command::Probe(options) => Exit::Probed(probe::run(&options).code()),
        Command::Check(options) => check::run(&options),
        Command::Redact(options) => redact::run(&options),
        Command::Events(options) => events::run(&options),
        Command::Correlate(options) => correlate::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Catalogue(options) => catalogue::run(&options),
    }
}
