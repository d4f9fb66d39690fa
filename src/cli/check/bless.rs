//! `driftline check --bless`: what was found becomes what is expected.

use super::find::{self, Found};
use super::run::{self, Ran};
use crate::check::{EXPECTED, Judged, Kind, Problem, Verdict, bless};
use crate::cli::{Exit, outlet};
use crate::report::visible;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Blesses every case found, and makes a case of a named directory of logs that holds none.
pub(super) fn run(words: &[OsString], threads: usize) -> Exit {
    let mut worst = Verdict::Holds;
    for found in find::find(words) {
        let judged = match found {
            Found::Bare(directory, _) if directory == Path::new(".") => {
                find::judged(&directory, "no case is here, and none is made of a directory that was not named")
            }
            Found::Case(directory) | Found::Bare(directory, _) => bless(&directory, threads),
            Found::Trouble(judged) => judged,
        };
        worst = worst.max(judged.verdict());
        let shown = outlet::print(None, |out| tell(&judged, out));
        if let Err(error) = shown {
            outlet::complain(&error, "failed to write standard output:");
            return Exit::Failed;
        }
    }
    match worst {
        Verdict::Holds => Exit::Clean,
        Verdict::Fails => Exit::Found,
        Verdict::Error => Exit::Failed,
    }
}

/// Writes what changes, shows it, and says how the case stands then.
fn bless(directory: &Path, threads: usize) -> Judged {
    let path = directory.join(EXPECTED);
    let old = match read(&path) {
        Ok(old) => old,
        Err(error) => return failed(directory, &path, format!("failed to read it: {error}")),
    };
    let (judged, new) = match &old {
        Some(old) => {
            let (judged, ran) = run::judge(directory, threads);
            let Some(Ran { case, outcome, .. }) = ran.filter(|_| judged.problems.is_empty()) else { return judged };
            match bless::update(old, &case, &outcome.report) {
                Ok(new) => (judged, new),
                Err(error) => return failed(directory, &path, error.to_string()),
            }
        }
        None => {
            let (_, outcome, problems) = run::analyze(directory, &crate::pipeline::Options::default(), threads);
            let judged = Judged { case: directory.display().to_string(), checks: Vec::new(), problems };
            if !judged.problems.is_empty() {
                return judged;
            }
            (judged, bless::fresh(&outcome.report))
        }
    };
    let old = old.unwrap_or_default();
    if old == new {
        return judged;
    }
    // Nothing is left expected: then the file is what a person must write.
    if let Err(error) = crate::check::Case::parse(&path.display().to_string(), &new) {
        return failed(directory, &path, format!("not written, nothing would be expected any more: {}", error.text));
    }
    if let Err(error) = replace(&path, &new) {
        return failed(directory, &path, format!("failed to write it: {error}"));
    }
    let shown = outlet::print(None, |out| {
        writeln!(out, "{}", visible(&path.display().to_string()))?;
        bless::diff(&old, &new).lines().try_for_each(|line| writeln!(out, "{}", visible(line)))
    });
    match shown {
        Ok(()) => run::judge(directory, threads).0,
        Err(error) => failed(directory, &path, format!("failed to show the difference: {error}")),
    }
}

fn failed(directory: &Path, path: &Path, text: String) -> Judged {
    let problem = Problem { path: path.display().to_string(), line: None, text };
    Judged { case: directory.display().to_string(), checks: Vec::new(), problems: vec![problem] }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    #[expect(clippy::disallowed_methods, reason = "a case is read where its directory was named")]
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whole or not at all: a hand-written file is not lost to a full disk.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory: PathBuf =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    let mut file = tempfile::Builder::new().prefix(".expected").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_or(0o644, |old| old.permissions().mode() & 0o777);
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    file.persist(path)?;
    Ok(())
}

fn tell(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    crate::check::table::write_case(judged, outlet::width(None), out)?;
    let is_forbidden = judged.checks.iter().any(|check| check.kind == Kind::Forbid && check.broken.is_some());
    if is_forbidden {
        writeln!(out, "  --bless does not lift a [[forbid]]: if it is right that this is found, take it out by hand.")?;
    }
    Ok(())
}
