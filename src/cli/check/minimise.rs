//! `driftline check --minimise`: the fewest lines of a case that still give its verdict.

use super::run::{self, Ran};
use crate::check::{self, Budget, EXPECTED, Judged, Verdict, shrink};
use crate::cli::{Exit, outlet};
use crate::detect;
use crate::finding::Finding;
use crate::input::{self, Source};
use crate::pipeline::{self, Heard, Listener};
use crate::record::{Record, place_of};
use crate::redact;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Lines held in memory.
const LINES_MAX: usize = 200_000;
/// What may be tried: some minutes at most.
const BUDGET: Budget = Budget { trials: 4_000, items: 20_000_000 };

/// How likely a line is to be needed; what is likelier is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// A finding rests on it.
    Evidence,
    /// A rule listens to such lines.
    Heard,
    /// A line of one of the daemons: it may tell a year or a version.
    Own,
}

/// A line of the case.
#[derive(Debug, Clone)]
struct Line {
    file: usize,
    need: Need,
    text: Vec<u8>,
}

/// The lines of a case, in the order of its files.
#[derive(Default)]
struct Lines {
    files: Vec<PathBuf>,
    lines: Vec<Line>,
    read: u64,
    /// There were more than [`LINES_MAX`].
    is_cut: bool,
}

pub(super) fn run(directory: &Path, output: Option<&Path>, threads: usize) -> Exit {
    let output = output.map_or_else(|| beside(directory), Path::to_owned);
    match minimise(directory, &output, threads) {
        Ok(verdict) => match verdict {
            Verdict::Holds => Exit::Clean,
            Verdict::Fails => Exit::Found,
            Verdict::Error => Exit::Failed,
        },
        Err(text) => {
            outlet::say(&format!("driftline: failed to minimise {}: {text}", directory.display()));
            Exit::Failed
        }
    }
}

/// `incidents/eip` → `incidents/eip-minimised`.
fn beside(directory: &Path) -> PathBuf {
    let real = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let parent = directory.parent().filter(|_| directory.file_name().is_some()).unwrap_or(Path::new(".."));
    parent.join(format!("{name}-minimised"))
}

fn minimise(directory: &Path, output: &Path, threads: usize) -> Result<Verdict, String> {
    if fs::read_dir(output).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{} is not empty", output.display()));
    }
    let (judged, ran) = run::judge(directory, threads);
    let Some(ran) = ran.filter(|_| judged.verdict() == Verdict::Holds) else {
        show(&judged).map_err(|error| error.to_string())?;
        return Err("the case does not hold as it is".to_owned());
    };
    if ran.case.expects.is_empty() {
        return Err("it expects no finding: there is no verdict to keep".to_owned());
    }
    let lines = collect(directory, &ran)?;
    let verdicts: BTreeSet<String> = check::met(&ran.case, &ran.outcome.report.findings).map(verdict).collect();
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut failure = None;
    let mut holds = |part: &[Line]| match holds(part, &lines, scratch.path(), &ran, &verdicts, threads) {
        Ok(holds) => holds,
        Err(error) => {
            failure = Some(error);
            false
        }
    };
    let start = [Need::Evidence, Need::Heard, Need::Own]
        .into_iter()
        .map(|need| lines.lines.iter().filter(|line| line.need <= need).cloned().collect::<Vec<_>>())
        .find(|part| holds(part));
    let Some(mut part) = start else {
        return Err(match failure {
            Some(error) => error.to_string(),
            None if lines.is_cut => format!("more than {LINES_MAX} lines are needed"),
            None => "the lines of the two daemons alone give another verdict; if the year is known from nothing but the files' dates, state it \
                     ([analyze] year)"
                .to_owned(),
        });
    };
    let mut budget = BUDGET;
    let is_smallest = shrink(&mut part, &mut budget, &mut holds);
    if let Some(error) = failure {
        return Err(error.to_string());
    }
    write(&part, &lines, output, None).map_err(|error| format!("{}: {error}", output.display()))?;
    copy_expectations(directory, output, &ran, threads).map_err(|error| format!("{}: {error}", output.display()))?;
    let (judged, _) = run::judge(output, threads);
    let bound = if is_smallest { "" } else { "; there may be fewer, the search was stopped" };
    outlet::say(&format!("{}: {} of {} lines{bound}", output.display(), part.len(), lines.read));
    show(&judged).map_err(|error| error.to_string())?;
    Ok(judged.verdict())
}

fn show(judged: &Judged) -> io::Result<()> {
    outlet::print(None, |out| check::table::write_case(judged, outlet::width(None), out))
}

/// What must not change.
fn verdict(finding: &Finding) -> String {
    let until = finding.until.map_or(String::new(), |until| until.rfc3339());
    let confidence = check::confidence_word(finding.confidence);
    format!("{} {confidence} {} {until} {:?}", finding.rule, finding.since.rfc3339(), finding.subject)
}

fn holds(
    part: &[Line],
    lines: &Lines,
    scratch: &Path,
    ran: &Ran,
    verdicts: &BTreeSet<String>,
    threads: usize,
) -> io::Result<bool> {
    if part.is_empty() {
        return Ok(false);
    }
    let place = scratch.join("case");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    // A file's date is not among its lines: a year that is known from nothing else is not known.
    write(part, lines, &place, Some(UNIX_EPOCH))?;
    let sources = input::expand(&[place.into_os_string()]).sources;
    let outcome = pipeline::analyze(&sources, &ran.options, threads);
    let findings = &outcome.report.findings;
    let found: BTreeSet<String> = findings.iter().map(verdict).collect();
    let judged = check::judge(&ran.case, findings, &BTreeSet::new);
    let holds = judged.iter().all(|check| check.broken.is_none());
    Ok(outcome.errors.is_empty() && holds && found.is_superset(verdicts))
}

/// The lines of the two daemons.
fn collect(directory: &Path, ran: &Ran) -> Result<Lines, String> {
    let evidence = evidence(ran);
    let mut lines = Lines::default();
    let mut taken = BTreeSet::new();
    let interest = pipeline::interest(&ran.options.patterns);
    for source in &ran.sources {
        let file = lines.files.len();
        let mut listener = Listener::new(ran.options.patterns.clone());
        let mut is_as_written = true;
        let summary = input::read(source, &interest, &mut |record| {
            let key = (source.path.to_string(), cited(record));
            let need = need(&mut listener, record, evidence.contains(&key));
            let Some(need) = need.filter(|need| *need == Need::Evidence || lines.lines.len() < LINES_MAX) else {
                lines.is_cut |= need.is_some();
                return;
            };
            let (text, as_written) = written(source, record);
            is_as_written &= as_written;
            if let Some(text) = text {
                lines.lines.push(Line { file, need, text });
            }
        });
        match summary {
            Ok(summary) => lines.read += summary.lines,
            Err(error) if source.found_in_directory && error.is_not_a_log() => {}
            Err(error) => return Err(run::chain(&error)),
        }
        lines.files.push(name(directory, source, is_as_written, &mut taken));
    }
    Ok(lines)
}

/// Path, and line or cursor.
fn evidence(ran: &Ran) -> BTreeSet<(String, String)> {
    let origin = |event: &crate::event::Event| {
        let place = event.origin.cursor.as_ref().map(ToString::to_string);
        (event.origin.path.to_string(), place.unwrap_or_else(|| event.origin.line.unwrap_or_default().to_string()))
    };
    check::met(&ran.case, &ran.outcome.report.findings)
        .flat_map(|finding| finding.evidence().iter().map(|evidence| origin(&evidence.event)).collect::<Vec<_>>())
        .collect()
}

fn cited(record: &Record<'_>) -> String {
    let cursor = record.cursor.map(|cursor| String::from_utf8_lossy(cursor).into_owned());
    cursor.unwrap_or_else(|| record.line.to_string())
}

fn need(listener: &mut Listener, record: &Record<'_>, is_evidence: bool) -> Option<Need> {
    let is_repeat = record.is_folded_repeat();
    let mut fields = crate::catalogue::Fields::default();
    let heard = listener.hear(record, &mut fields).what;
    match heard {
        _ if is_evidence => Some(Need::Evidence),
        _ if is_repeat => Some(Need::Heard),
        Heard::Message(row) if detect::listening(row.id).next().is_some() => Some(Need::Heard),
        Heard::Site(_) => Some(Need::Heard),
        Heard::Message(_) | Heard::Unrecognised(_) => Some(Need::Own),
        Heard::Stranger => None,
    }
}

/// A line as it was written, or, of a journal entry, in syslog's form; and which of the two.
fn written(source: &Source, record: &Record<'_>) -> (Option<Vec<u8>>, bool) {
    let place = place_of(record.host.unwrap_or(record.message), record.raw);
    if record.cursor.is_none() && place.is_some_and(|place| place.start > 0) {
        return (Some(record.raw.to_vec()), true);
    }
    let host = redact::host(source.node.as_deref(), record, redact::stem(&source.path));
    (redact::plain(record, &host).filter(|line| !line.contains('\n')).map(String::into_bytes), false)
}

/// The file's name below the case; one that was packed or a journal becomes a log of text.
fn name(directory: &Path, source: &Source, is_as_written: bool, taken: &mut BTreeSet<PathBuf>) -> PathBuf {
    let path = Path::new(&*source.path);
    let below = path.strip_prefix(directory).unwrap_or(path);
    let is_packed =
        below.extension().is_some_and(|last| ["gz", "zst", "xz", "bz2"].iter().any(|packed| last == *packed));
    let stem = below.file_name().and_then(|name| name.to_str()).map_or("log", redact::stem);
    let mut name =
        if is_as_written && !is_packed { below.to_owned() } else { below.with_file_name(format!("{stem}.log")) };
    let mut count = 1;
    while !taken.insert(name.clone()) {
        count += 1;
        name = below.with_file_name(format!("{stem}.{count}.log"));
    }
    name
}

fn write(part: &[Line], lines: &Lines, place: &Path, date: Option<SystemTime>) -> io::Result<()> {
    let mut by_file: BTreeMap<usize, Vec<&[u8]>> = BTreeMap::new();
    for line in part {
        by_file.entry(line.file).or_default().push(&line.text);
    }
    for (file, texts) in by_file {
        let path = place.join(&lines.files[file]);
        fs::create_dir_all(path.parent().unwrap_or(place))?;
        let mut out = BufWriter::new(File::create(path)?);
        for text in texts {
            out.write_all(text)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        if let Some(date) = date {
            out.get_ref().set_modified(date)?;
        }
    }
    Ok(())
}

/// The expectations as they are, with the configuration that they name.
fn copy_expectations(directory: &Path, output: &Path, ran: &Ran, threads: usize) -> io::Result<()> {
    // A node whose lines are not needed is not asked for.
    let (_, outcome, _) = run::analyze(output, &ran.options, threads);
    let there: Vec<&str> = outcome.report.nodes.iter().map(|node| &*node.name).collect();
    #[expect(clippy::disallowed_methods, reason = "a case is read where its directory was named")]
    let whole = fs::read_to_string(directory.join(EXPECTED))?;
    let text = check::bless::without_nodes(&whole, &there).map_err(io::Error::other)?;
    fs::write(output.join(EXPECTED), text)?;
    let configs = ran.case.settings.iter().filter(|setting| setting.option == "config");
    for config in configs.flat_map(|setting| &setting.values).map(Path::new).filter(|path| path.is_relative()) {
        let target = output.join(config);
        fs::create_dir_all(target.parent().unwrap_or(output))?;
        fs::copy(directory.join(config), target)?;
    }
    Ok(())
}
