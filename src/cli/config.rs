//! `driftline.toml`: what an operator tells once and for all.

use super::outlet::environment;
use super::outlets::settings::{Section, Settings};
use crate::pipeline::{Means, Patterns, Site};
use regex::bytes::Regex;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;

const DEFAULT: &str = "/etc/driftline/driftline.toml";
const VARIABLE: &str = "DRIFTLINE_CONFIG";
/// Bytes that a pattern may compile to; what needs more is a mistake.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// A configuration, ready for use.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// The file, if there is one.
    pub(super) path: Option<PathBuf>,
    /// The site's own lines.
    pub(super) patterns: Arc<Patterns>,
    /// How `follow` announces.
    pub(super) follow: Settings,
}

/// What is wrong with a configuration file: a fragment that follows "failed to …".
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("read the configuration {path}")]
    Unreadable { path: String, source: io::Error },
    #[error("understand {path}, line {line}: {what}")]
    Unfit { path: String, line: usize, what: String },
}

/// The file as written. An unknown key is a mistake: what it was meant to do would not be done.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    pattern: Vec<Pattern>,
    #[serde(default)]
    follow: Section,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    name: Spanned<String>,
    regex: Spanned<String>,
    identifier: Option<String>,
    unit: Option<String>,
    means: Meaning,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Meaning {
    AddressClaimed,
    EgressAddress,
    TakeoverFailed,
    Note,
}

/// Reads `named`, else the file that `$DRIFTLINE_CONFIG` names, else `/etc/driftline/driftline.toml` if it exists.
pub(super) fn load(named: Option<&Path>) -> Result<Config, Error> {
    let told =
        named.map(Path::to_owned).or_else(|| environment(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from));
    let (path, must_exist) = told.map_or_else(|| (PathBuf::from(DEFAULT), false), |path| (path, true));
    #[expect(clippy::disallowed_methods, reason = "the configuration is the command line's")]
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if !must_exist && error.kind() == io::ErrorKind::NotFound => return Ok(Config::default()),
        Err(source) => return Err(Error::Unreadable { path: path.display().to_string(), source }),
    };
    let (patterns, follow) = parse(&text).map_err(|(at, what)| Error::Unfit {
        path: path.display().to_string(),
        line: line_of(&text, at),
        what,
    })?;
    Ok(Config { path: Some(path), patterns: Arc::new(patterns), follow })
}

/// The patterns and settings of a file, or the byte where something is wrong and what.
fn parse(text: &str) -> Result<(Patterns, Settings), (usize, String)> {
    let file: File = toml::from_str(text)
        .map_err(|error| (error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
    let mut names = BTreeSet::new();
    let mut sites = Vec::new();
    for pattern in file.pattern {
        let name = pattern.name.get_ref();
        let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || !name.chars().all(is_word) {
            let what = format!("the name {name:?} is not made of small letters, digits and hyphens");
            return Err((pattern.name.span().start, what));
        }
        if !names.insert(name.clone()) {
            return Err((pattern.name.span().start, format!("there are two patterns called {name:?}")));
        }
        let at = pattern.regex.span().start;
        let regex =
            regex::bytes::RegexBuilder::new(pattern.regex.get_ref()).size_limit(PATTERN_BYTES_MAX).build().map_err(
                |error| (at, format!("the regex of {name:?} cannot be used: {}", in_one_line(&error.to_string()))),
            )?;
        check_groups(name, &regex, pattern.means).map_err(|what| (at, what))?;
        let means = match pattern.means {
            Meaning::AddressClaimed => Means::AddressClaimed,
            Meaning::EgressAddress => Means::EgressAddress,
            Meaning::TakeoverFailed => Means::TakeoverFailed,
            Meaning::Note => Means::Note,
        };
        sites.push(Site::new(name, regex, pattern.identifier, pattern.unit, means));
    }
    Ok((Patterns::new(sites), file.follow.read()?))
}

/// A line that states an egress address must say which.
fn check_groups(name: &str, regex: &Regex, means: Meaning) -> Result<(), String> {
    let has_address = regex.capture_names().flatten().any(|group| group == "address");
    match means {
        Meaning::EgressAddress if !has_address => {
            Err(format!("the regex of {name:?} means \"egress-address\" and needs a group (?<address>…)"))
        }
        Meaning::EgressAddress | Meaning::AddressClaimed | Meaning::TakeoverFailed | Meaning::Note => Ok(()),
    }
}

/// regex points at the place in a picture of several lines; the last of them says what it is.
fn in_one_line(text: &str) -> &str {
    let last = text.lines().last().unwrap_or(text);
    last.strip_prefix("error: ").unwrap_or(last)
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::{line_of, parse};

    fn complaint(text: &str) -> String {
        match parse(text) {
            Ok(_) => "fine".to_owned(),
            Err((at, what)) => format!("{}: {what}", line_of(text, at)),
        }
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let pattern = |lines: &str| format!("[[pattern]]\n{lines}");
        for (text, expected) in [
            (String::new(), "fine"),
            (pattern("name = \"a\"\nregex = 'x'\nmeans = \"note\"\n"), "fine"),
            (
                pattern("name = \"a\"\nregex = '(x'\nmeans = \"note\"\n"),
                "3: the regex of \"a\" cannot be used: unclosed group",
            ),
            (
                pattern("name = \"a\"\nregex = 'x'\nmeans = \"egress-address\"\n"),
                "3: the regex of \"a\" means \"egress-address\" and needs a group (?<address>…)",
            ),
            (
                pattern("name = \"A b\"\nregex = 'x'\nmeans = \"note\"\n"),
                "2: the name \"A b\" is not made of small letters, digits and hyphens",
            ),
            (
                pattern(
                    "name = \"a\"\nregex = 'x'\nmeans = \"note\"\n[[pattern]]\nname = \"a\"\nregex = 'y'\nmeans = \"note\"\n",
                ),
                "6: there are two patterns called \"a\"",
            ),
        ] {
            assert_eq!(complaint(&text), expected, "{text}");
        }
        for (text, line, word) in [
            ("\npatern = 1\n", "2", "patern"),
            ("[[pattern]]\nname = \"a\"\nregex = 'x'\nmeans = \"note\"\nunits = \"x\"\n", "5", "units"),
            ("[[pattern]]\nname = \"a\"\nregex = 'x'\nmeans = \"claimed\"\n", "4", "claimed"),
            ("[[pattern]\n", "1", ""),
        ] {
            let told = complaint(text);
            assert!(told.starts_with(&format!("{line}: ")) && told.contains(word), "{told}");
        }
    }
}
