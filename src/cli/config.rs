//! `driftline.toml`: what an operator tells once and for all.

mod topology;

use super::outlet::environment;
use super::outlets::settings::{Section, Settings};
use crate::pipeline::{Means, Patterns, Site, Topology};
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
    /// Who is who, and what moves between whom.
    pub(super) topology: Arc<Topology>,
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
    node: Vec<topology::Node>,
    #[serde(default)]
    instance: Vec<topology::Shared>,
    #[serde(default)]
    group: Vec<topology::Shared>,
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
    let (patterns, topology, follow) = parse(&text).map_err(|(at, what)| Error::Unfit {
        path: path.display().to_string(),
        line: line_of(&text, at),
        what,
    })?;
    Ok(Config { path: Some(path), patterns: Arc::new(patterns), topology: Arc::new(topology), follow })
}

/// What a file states, or the byte where something is wrong and what.
fn parse(text: &str) -> Result<(Patterns, Topology, Settings), (usize, String)> {
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
    let topology = topology::of(file.node, file.instance, file.group)?;
    Ok((Patterns::new(sites), topology, file.follow.read()?))
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
        let node = |lines: &str| format!("[[node]]\nname = \"a\"\n{lines}");
        for (text, expected) in [
            (
                node("roles = [\"vrrp\"]\n[[instance]]\nname = \"VI_1\"\nnodes = [\"a\", \"b\"]\npreferred = \"a\"\n"),
                "fine",
            ),
            (node("[[node]]\nname = \"a\"\n"), "4: there are two nodes called \"a\""),
            (
                node("aliases = [\"x\"]\n[[node]]\nname = \"b\"\ncloud_ids = [\"x\"]\n"),
                "6: \"x\" stands for both \"a\" and \"b\"",
            ),
            (
                node("[[instance]]\nname = \"VI_1\"\nnodes = [\"a\"]\npreferred = \"b\"\n"),
                "6: the preferred node \"b\" is none of the nodes of \"VI_1\"",
            ),
            (
                node("[[instance]]\nname = \"VI_1\"\n[[instance]]\nname = \"VI_1\"\n"),
                "6: \"VI_1\" is there twice: each needs nodes of its own",
            ),
        ] {
            assert_eq!(complaint(&text), expected, "{text}");
        }
        for (text, line, word) in [
            ("[[node]]\nname = \"a\"\naddress = \"192.0.2.1\"\n".to_owned(), "3", "address"),
            ("[[node]]\nname = \"a\"\nroles = [\"master\"]\n".to_owned(), "3", "master"),
            ("[[instance]]\nname = \"VI_1\"\nvip = \"192.0.2.1\"\n".to_owned(), "3", "vip"),
        ] {
            let told = complaint(&text);
            assert!(told.starts_with(&format!("{line}: ")) && told.contains(word), "{told}");
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
