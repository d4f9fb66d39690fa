//! For GitHub Actions: an annotation on the line of each expectation that does not hold.

use super::Judged;
use super::judge::{Broken, Kind};
use std::io::{self, Write};

/// Writes a `::error` command for everything that is wrong, and nothing where all is well.
///
/// # Errors
/// Only those of `out`.
pub fn write(judged: &[Judged], out: &mut dyn Write) -> io::Result<()> {
    for case in judged {
        for problem in &case.problems {
            let title = format!("{} could not be checked", case.case);
            annotate(&problem.path, problem.line.unwrap_or(1), &title, &problem.text, out)?;
        }
        for check in &case.checks {
            let Some(broken) = &check.broken else { continue };
            let about = if check.kind == Kind::Node { "nodes" } else { check.rule.as_str() };
            let title = format!("{about} {}", broken.what);
            let text = format!("expected: {}\n{}", check.expected, explain(broken));
            annotate(&case.expected_path(), check.line, &title, text.trim_end(), out)?;
        }
    }
    Ok(())
}

/// What differs, a line each.
pub(super) fn explain(broken: &Broken) -> String {
    let mut text = format!("found: {}\n", broken.found.as_deref().unwrap_or("nothing like it"));
    for difference in broken.differences.iter().filter(|difference| difference.key != "evidence") {
        text.push_str(&format!("{}: expected {}, found {}\n", difference.key, difference.expected, difference.found));
    }
    for name in &broken.gone {
        text.push_str(&format!("no line {name} is in the logs any more\n"));
    }
    for name in &broken.unused {
        text.push_str(&format!("a line {name} is in the logs, but the finding does not rest on it\n"));
    }
    text
}

fn annotate(path: &str, line: usize, title: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let path = path.strip_prefix("./").unwrap_or(path);
    writeln!(out, "::error file={},line={line},title={}::{}", property(path), property(title), message(text))
}

/// Line ends are carried by their escapes; every other control character is dropped, the log shows in a browser and a terminal.
fn message(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '%' => safe.push_str("%25"),
            '\r' => safe.push_str("%0D"),
            '\n' => safe.push_str("%0A"),
            letter if letter.is_control() => {}
            letter => safe.push(letter),
        }
    }
    safe
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_property_is_escaped() {
        let mut out = Vec::new();
        annotate("./a,b:c%.toml", 3, "x\r", "50%\nnext \u{1b}[31m::error::", &mut out).expect("a Vec takes all");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text, "::error file=a%2Cb%3Ac%25.toml,line=3,title=x%0D::50%25%0Anext [31m::error::\n");
    }
}
