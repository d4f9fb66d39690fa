//! For people: a line for each case, and below one that does not hold, what differs.

use super::judge::{Broken, Check, Difference, Kind};
use super::{Judged, Verdict, count};
use crate::report::visible;
use std::io::{self, Write};

/// Writes all cases and a last line that counts them.
///
/// # Errors
/// Only those of `out`.
pub fn write(judged: &[Judged], out: &mut dyn Write) -> io::Result<()> {
    for case in judged {
        write_case(case, out)?;
    }
    let (hold, fail, errors) = count(judged);
    let mut said = vec![format!("{} {}", cases(hold), if hold == 1 { "holds" } else { "hold" })];
    if fail > 0 {
        said.push(format!("{fail} {}", if fail == 1 { "fails" } else { "fail" }));
    }
    if errors > 0 {
        said.push(format!("{errors} could not be checked"));
    }
    let exit = if errors > 0 { 2 } else { u8::from(fail > 0) };
    writeln!(out, "{}: exit {exit}.", said.join(", "))
}

fn cases(number: usize) -> String {
    format!("{number} {}", if number == 1 { "case" } else { "cases" })
}

/// Writes one case.
///
/// # Errors
/// Only those of `out`.
pub fn write_case(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let case = visible(&judged.case);
    match judged.verdict() {
        Verdict::Holds => writeln!(out, "holds  {case}  ({})", asked(&judged.checks))?,
        Verdict::Fails => {
            writeln!(out, "FAILS  {case}  ({} of {} do not hold)", broken(judged).count(), judged.checks.len())?
        }
        Verdict::Error => writeln!(out, "ERROR  {case}")?,
    }
    for problem in &judged.problems {
        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
        writeln!(out, "       {}{line}: {}", visible(&problem.path), visible(&problem.text))?;
    }
    for (check, broken) in broken(judged) {
        write_broken(judged, check, broken, out)?;
    }
    Ok(())
}

fn broken(judged: &Judged) -> impl Iterator<Item = (&Check, &Broken)> {
    judged.checks.iter().filter_map(|check| Some((check, check.broken.as_ref()?)))
}

fn asked(checks: &[Check]) -> String {
    let of = |kind| checks.iter().filter(|check| check.kind == kind).count();
    let part = |number: usize, word: &str| (number > 0).then(|| format!("{number} {word}"));
    let parts: Vec<String> =
        [part(of(Kind::Expect), "expected"), part(of(Kind::Forbid), "forbidden")].into_iter().flatten().collect();
    parts.join(", ")
}

fn write_broken(judged: &Judged, check: &Check, broken: &Broken, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {}:{}  {}", visible(&judged.expected_path()), check.line, broken.what)?;
    writeln!(out, "    expected  {}", visible(&check.expected))?;
    let word = if broken.found_rule == Some(check.rule.as_str()) { "found   " } else { "instead " };
    match &broken.found {
        Some(found) => writeln!(out, "    {word}  {}", visible(found))?,
        None => writeln!(out, "    found     nothing like it")?,
    }
    let differences: Vec<&Difference> =
        broken.differences.iter().filter(|difference| difference.key != "evidence").collect();
    let wide = differences.iter().map(|difference| difference.key.len()).max().unwrap_or(0);
    for Difference { key, expected, found } in differences {
        writeln!(out, "      {key:wide$}  expected {}, found {}", visible(expected), visible(found))?;
    }
    for name in &broken.gone {
        writeln!(out, "    why       no line {} is in the logs any more", visible(name))?;
    }
    for name in &broken.unused {
        writeln!(out, "    why       a line {} is in the logs, but the finding does not rest on it", visible(name))?;
    }
    let is_unexplained = check.kind == Kind::Expect && !broken.names_evidence;
    if is_unexplained {
        writeln!(
            out,
            "    why       unknown: the expectation names no evidence (--bless writes it where it writes a finding)"
        )?;
    }
    Ok(())
}
