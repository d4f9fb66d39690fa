//! For people: a line for each case, and below one that does not hold, what differs.

use super::judge::{Broken, Check, Difference, Kind};
use super::{Judged, Verdict, count};
use crate::report::{visible, wrap};
use std::io::{self, Write};

/// Behind a label: where text begins, also on further lines.
const TEXT: usize = "    expected  ".len();
/// A narrower terminal is treated as this wide: it breaks lines itself.
const WIDTH_MIN: usize = 40;

/// Writes all cases and a last line that counts them; lines end at `width` columns, where there is one.
///
/// # Errors
/// Only those of `out`.
pub fn write(judged: &[Judged], width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    for case in judged {
        write_case(case, width, out)?;
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
pub fn write_case(judged: &Judged, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
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
        write_broken(judged, check, broken, &mut |label, text| hang(label, text, width, out))?;
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
        [part(of(Kind::Expect), "expected"), part(of(Kind::Forbid), "forbidden"), part(of(Kind::Node), "nodes there")]
            .into_iter()
            .flatten()
            .collect();
    parts.join(", ")
}

fn write_broken(
    judged: &Judged,
    check: &Check,
    broken: &Broken,
    line: &mut dyn FnMut(&str, &str) -> io::Result<()>,
) -> io::Result<()> {
    line(&format!("  {}:{}  ", visible(&judged.expected_path()), check.line), &broken.what)?;
    line("    expected  ", &visible(&check.expected))?;
    let label = if broken.found_rule == Some(check.rule.as_str()) { "    found     " } else { "    instead   " };
    match &broken.found {
        Some(found) => line(label, &visible(found))?,
        None => line("    found     ", "nothing like it")?,
    }
    let differences: Vec<&Difference> =
        broken.differences.iter().filter(|difference| difference.key != "evidence").collect();
    let wide = differences.iter().map(|difference| difference.key.len()).max().unwrap_or(0);
    for Difference { key, expected, found } in differences {
        let said = format!("expected {}, found {}", visible(expected), visible(found));
        line(&format!("      {key:wide$}  "), &said)?;
    }
    let why = "    why       ";
    for name in &broken.gone {
        line(why, &format!("no line {} is in the logs any more", visible(name)))?;
    }
    for name in &broken.unused {
        line(why, &format!("a line {} is in the logs, but the finding does not rest on it", visible(name)))?;
    }
    let is_unexplained = check.kind == Kind::Expect && !broken.names_evidence;
    if is_unexplained {
        line(why, "unknown: the expectation names no evidence (--bless writes it where it writes a finding)")?;
    }
    Ok(())
}

/// `text` behind its label, further lines below its beginning.
fn hang(label: &str, text: &str, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let Some(width) = width else { return writeln!(out, "{label}{text}") };
    let taken = label.chars().count().saturating_sub(TEXT);
    for (at, line) in wrap(text, taken, width.max(WIDTH_MIN) - TEXT).iter().enumerate() {
        match at {
            0 => writeln!(out, "{label}{line}")?,
            _ => writeln!(out, "{:TEXT$}{line}", "")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::hang;

    #[test]
    fn lines_end_at_the_width() {
        let told = |width| {
            let mut out = Vec::new();
            hang("    expected  ", "eip-drift, confirmed; instance VI_1; node dnsmaster2", width, &mut out)
                .expect("a Vec takes all");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(told(None).lines().count(), 1);
        assert_eq!(
            told(Some(40)),
            "    expected  eip-drift, confirmed;\n              instance VI_1; node\n              dnsmaster2\n"
        );
    }
}
