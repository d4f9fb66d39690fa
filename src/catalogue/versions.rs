//! The ranges of releases that wordings name.

use crate::event::Daemon;
use crate::version::{Version, VersionRange};

/// Whether a daemon has releases around this one: the two count differently, so 4.1.14 can only be PowerDNS.
#[must_use]
pub fn is_of(daemon: Daemon, version: Version) -> bool {
    let oldest_pdns = Version(2, 9, 0);
    match daemon {
        Daemon::Pdns => version >= oldest_pdns,
        Daemon::Keepalived => version < oldest_pdns,
        // No row of systemd names releases.
        Daemon::Systemd => false,
    }
}

/// Whether a wording's ranges (`1.2.1..=1.4.5, 2.0.6..`) have a release. `..`, seen but not traced, has them all.
#[must_use]
pub fn contains(ranges: &str, version: Version) -> bool {
    ranges
        .split(", ")
        .map(VersionRange::parse)
        .any(|range| range.from.is_none_or(|from| from <= version) && range.to.is_none_or(|to| version <= to))
}

/// Ranges for people: `1.2.1 to 1.4.5, 2.0.6 or later`.
#[must_use]
pub fn in_words(ranges: &str) -> String {
    let words = |range: &str| match range {
        ".." => "releases not traced".to_owned(),
        range => VersionRange::parse(range).to_string(),
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
        assert!(is_of(Daemon::Pdns, version("4.1.14")) && !is_of(Daemon::Keepalived, version("4.1.14")));
    }

    #[test]
    fn ranges_are_said_in_words() {
        assert_eq!(in_words("1.3.0..=1.3.5, 2.0.6.."), "1.3.0 to 1.3.5, 2.0.6 or later");
        assert_eq!(in_words("2.0.19..=2.0.19"), "2.0.19");
        assert_eq!(in_words(".."), "releases not traced");
    }
}
