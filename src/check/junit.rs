//! JUnit XML: a test suite for each case, a test for each expectation. One that does not hold is a failure, a case that could
//! not be run an error. The schema is the one that Jenkins publishes (`xunit-plugin`, `junit-10.xsd`), which others share.

use super::Judged;
use super::github::explain;
use super::judge::{Check, Kind};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes the document.
///
/// # Errors
/// Only those of `out`.
pub fn write(judged: &[Judged], out: &mut dyn Write) -> io::Result<()> {
    let mut suites = String::new();
    let (mut tests, mut failures, mut errors) = (0, 0, 0);
    for case in judged {
        let (own_failures, own_errors) = (failed(case), case.problems.len());
        let own_tests = case.checks.len() + own_errors;
        (tests, failures, errors) = (tests + own_tests, failures + own_failures, errors + own_errors);
        let _ = writeln!(
            suites,
            "  <testsuite name=\"{}\" tests=\"{own_tests}\" failures=\"{own_failures}\" errors=\"{own_errors}\" skipped=\"0\">",
            escape(&case.case)
        );
        suite(case, &mut suites);
        suites.push_str("  </testsuite>\n");
    }
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    write!(
        out,
        "{head}<testsuites name=\"driftline check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">\n{suites}</testsuites>\n"
    )
}

fn failed(case: &Judged) -> usize {
    case.checks.iter().filter(|check| check.broken.is_some()).count()
}

fn suite(case: &Judged, xml: &mut String) {
    let class = escape(&case.case);
    for problem in &case.problems {
        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
        let place = escape(&format!("{}{line}", problem.path));
        let text = escape(&problem.text);
        let _ = writeln!(xml, "    <testcase name=\"the case can be checked: {place}\" classname=\"{class}\">");
        let _ = writeln!(xml, "      <error message=\"{text}\" type=\"case\">{place}: {text}</error>\n    </testcase>");
    }
    for check in &case.checks {
        let name = escape(&name(check));
        let Some(broken) = &check.broken else {
            let _ = writeln!(xml, "    <testcase name=\"{name}\" classname=\"{class}\"/>");
            continue;
        };
        let text =
            format!("{}:{}\nexpected: {}\n{}", case.expected_path(), check.line, check.expected, explain(broken));
        let _ = writeln!(xml, "    <testcase name=\"{name}\" classname=\"{class}\">");
        let _ = writeln!(
            xml,
            "      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>",
            escape(&broken.what),
            kind(check.kind),
            escape(&text)
        );
    }
}

fn name(check: &Check) -> String {
    match check.kind {
        Kind::Expect => format!("line {}: {}", check.line, check.expected),
        Kind::Forbid => format!("line {}: no {}", check.line, check.expected),
        Kind::Others => {
            let found = check.broken.as_ref().and_then(|broken| broken.found.as_deref()).unwrap_or_default();
            format!("others: no {found}")
        }
        Kind::Node => format!("line {}: {}", check.line, check.expected),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Expect => "expect",
        Kind::Forbid => "forbid",
        Kind::Others => "others",
        Kind::Node => "node",
    }
}

/// XML 1.0 has no way to write most control characters, nor U+FFFE and U+FFFF: they are dropped.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_xml_cannot_hold_is_dropped() {
        assert_eq!(escape("a<b>&\"c\"\u{1b}[31m\u{0}\u{9b}\u{ffff}\né"), "a&lt;b&gt;&amp;&quot;c&quot;[31m&#10;é");
    }
}
