//! Where output goes: standard output or a file, its width, its colour; messages to standard error.

use super::args::Color;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

/// What is known about the place output goes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Columns of the terminal; `None` where there is none.
    pub(super) width: Option<usize>,
    /// Whether to colour.
    pub(super) color: bool,
}

/// Looks at standard output, or knows that a file is no terminal.
pub(super) fn place(output: Option<&Path>, color: Color) -> Place {
    let is_terminal = output.is_none() && io::stdout().is_terminal();
    let width = is_terminal.then(terminal_width);
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !is_set("NO_COLOR") && !is_dumb(),
    };
    Place { width, color }
}

/// Columns of the terminal that standard output (or what stands for it) is.
pub(super) fn width(output: Option<&Path>) -> Option<usize> {
    place(output, Color::Never).width
}

const WIDTH_UNKNOWN: usize = 80;

fn terminal_width() -> usize {
    let told = environment("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)).or(told).unwrap_or(WIDTH_UNKNOWN)
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn is_set(name: &str) -> bool {
    environment(name).is_some_and(|value| !value.is_empty())
}

fn is_dumb() -> bool {
    environment("TERM").is_some_and(|term| term == "dumb")
}

/// Runs `write` on standard output or on the named file. A closed pipe is a normal end.
///
/// # Errors
/// The file cannot be written.
pub(super) fn print(output: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out: BufWriter<Box<dyn Write>> = BufWriter::new(match output {
        Some(path) => Box::new(File::create(path)?),
        None => Box::new(io::stdout().lock()),
    });
    let done = write(&mut out).and_then(|()| out.flush());
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Says something on standard error.
pub(super) fn complain(error: &dyn std::error::Error, verb: &str) {
    let mut text = format!("driftline: {verb} {error}");
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    say(&text);
}

/// Replaces the status line of a terminal; an empty one clears it.
pub(super) fn show_status(text: &str) {
    let width = terminal_width().saturating_sub(1);
    let shown: String = crate::report::visible(text).chars().take(width).collect();
    let mut out = io::stderr().lock();
    let _ = write!(out, "\r\x1b[K{shown}");
    let _ = out.flush();
}

/// A line on standard error; nothing of it may reach the terminal raw, a path may hold anything.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", crate::report::visible(text));
}
