//! Releases, and the ranges of releases that wordings name.

use crate::event::Daemon;
use std::fmt;

/// A release: `2.2.7`, `4.9` (which is 4.9.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32, u32, u32);

impl Version {
    /// Reads `2.2.7`, `v2.2.7`, `4.9`, and `5.1.0-rc1` (as 5.1.0).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let text = text.split(['-', '+', '~']).next()?;
        let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
        let (major, minor, patch) = (parts.next()??, parts.next()??, parts.next());
        let patch = match patch {
            Some(patch) => patch?,
            None => 0,
        };
        parts.next().is_none().then_some(Self(major, minor, patch))
    }

    /// Whether a daemon has releases around this one: pdns and keepalived count differently, so 4.1.14 can only be PowerDNS.
    #[must_use]
    pub fn is_of(self, daemon: Daemon) -> bool {
        match daemon {
            Daemon::Pdns => self >= Self(2, 9, 0),
            Daemon::Keepalived => self < Self(2, 9, 0),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Whether a wording's ranges (`1.2.1..=1.4.5, 2.0.6..`) have a release. `..`, seen but not traced, has them all.
#[must_use]
pub fn contains(ranges: &str, version: Version) -> bool {
    ranges.split(", ").any(|range| {
        let Some((from, to)) = range.split_once("..") else { return false };
        let to = to.trim_start_matches('=');
        Version::parse(from).is_none_or(|from| from <= version) && Version::parse(to).is_none_or(|to| version <= to)
    })
}

/// Ranges for people: `1.2.1 to 1.4.5, 2.0.6 and later`.
#[must_use]
pub fn in_words(ranges: &str) -> String {
    let words = |range: &str| match range.split_once("..=") {
        Some((from, to)) if from == to => from.to_owned(),
        Some((from, to)) => format!("{from} to {to}"),
        None => match range.strip_suffix("..") {
            Some("") => "releases not traced".to_owned(),
            Some(from) => format!("{from} and later"),
            None => range.to_owned(),
        },
    };
    ranges.split(", ").map(words).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_their_releases() {
        let version = |text| Version::parse(text).expect("a version");
        for (ranges, text, expected) in [
            ("2.0.0..", "2.2.7", true),
            ("2.0.0..", "1.4.5", false),
            ("1.2.1..=1.4.5", "1.4.5", true),
            ("1.2.1..=1.4.5", "1.4.6", false),
            ("1.3.0..=1.3.5, 2.0.0..", "1.4.0", false),
            ("1.3.0..=1.3.5, 2.0.0..", "2.0", true),
            ("..", "2.2.7", true),
            ("2.9..=4.3.2", "4.1.14", true),
        ] {
            assert_eq!(contains(ranges, version(text)), expected, "{ranges} {text}");
        }
        assert!(version("4.1.14").is_of(Daemon::Pdns) && !version("4.1.14").is_of(Daemon::Keepalived));
        assert_eq!(version("v5.1.0-rc1").to_string(), "5.1.0");
        for text in ["", "2", "2.x", "2.2.7.1", "-1.2"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_are_said_in_words() {
        assert_eq!(in_words("1.3.0..=1.3.5, 2.0.6.."), "1.3.0 to 1.3.5, 2.0.6 and later");
        assert_eq!(in_words("2.0.19..=2.0.19"), "2.0.19");
        assert_eq!(in_words(".."), "releases not traced");
    }
}
