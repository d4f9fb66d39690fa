//! `driftline check`: cases → which expectations hold.

pub(super) mod args;
mod bless;
mod find;
mod minimise;
mod run;

use super::{Exit, outlet};
use crate::check::{self, Coverage, Judged, Verdict};
use args::{Check, Format};
use find::Found;
use run::Ran;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub(super) fn run(arguments: &Check) -> Exit {
    let words = if arguments.directories.is_empty() { vec![".".into()] } else { arguments.directories.clone() };
    if arguments.minimise {
        let [case] = &words[..] else {
            outlet::say("driftline: failed to minimise more than one case: name one directory");
            return Exit::Failed;
        };
        return minimise::run(Path::new(case), arguments.output.as_deref(), threads());
    }
    if arguments.bless {
        return bless::run(&words, threads());
    }
    let (judged, ran): (Vec<Judged>, Vec<Option<Ran>>) = judge_all(find::find(&words)).into_iter().unzip();
    let coverage = arguments.coverage.then(|| coverage(&ran));
    let exit = match judged.iter().map(Judged::verdict).max() {
        Some(Verdict::Holds) => Exit::Clean,
        Some(Verdict::Fails) => Exit::Found,
        Some(Verdict::Error) | None => Exit::Failed,
    };
    if arguments.quiet {
        for problem in judged.iter().flat_map(|judged| &judged.problems) {
            let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
            outlet::say(&format!("driftline: {}{line}: {}", problem.path, problem.text));
        }
        return exit;
    }
    let output = arguments.output.as_deref();
    let width = outlet::width(output);
    match outlet::print(output, |out| write(&judged, coverage.as_ref(), arguments.format, width, out)) {
        Ok(()) => exit,
        Err(error) => {
            let place = output.map_or("standard output".to_owned(), |path| path.display().to_string());
            outlet::complain(&error, &format!("failed to write {place}:"));
            Exit::Failed
        }
    }
}

/// What the cases that could be run exercise together.
fn coverage(ran: &[Option<Ran>]) -> Coverage {
    let ran: Vec<&Ran> = ran.iter().flatten().collect();
    let seen = ran.iter().flat_map(|ran| check::ids(&ran.sources, &ran.options)).collect();
    Coverage::of(ran.iter().map(|ran| (&ran.case, &ran.outcome.report.findings[..])), &seen)
}

fn write(
    judged: &[Judged],
    coverage: Option<&Coverage>,
    format: Format,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => {
            check::table::write(judged, width, out)?;
            coverage.map_or(Ok(()), |coverage| coverage.write(out))
        }
        Format::Junit => check::junit::write(judged, out),
        Format::Json => check::json::write(judged, coverage, out),
        Format::Github => check::github::write(judged, out),
    }
}

/// A case's verdict, and all that is known of it if it could be run.
type Done = (Judged, Option<Ran>);

/// Runs all cases, in parallel; the answers stand in the order of the cases.
fn judge_all(found: Vec<Found>) -> Vec<Done> {
    let machine = threads();
    let workers = machine.clamp(1, found.len().max(1));
    let threads_each = (machine / workers).max(1);
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Done>>> = found.iter().map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((found, slot)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    found.get(index).zip(slots.get(index))
                } {
                    let done = judge_one(found, threads_each);
                    *slot.lock().expect("no case panics while it stores its answer") = Some(done);
                }
            });
        }
    });
    let done = |slot: Mutex<Option<_>>| slot.into_inner().expect("no case panics").expect("each case was run");
    slots.into_iter().map(done).collect()
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn judge_one(found: &Found, threads: usize) -> Done {
    match found {
        Found::Case(directory) => run::judge(Path::new(directory), threads),
        Found::Bare(directory, text) => (find::judged(directory, text), None),
        Found::Trouble(judged) => (judged.clone(), None),
    }
}
