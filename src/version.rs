//! Releases of the daemons, and ranges of them: what a wording or a banner says of the daemon that printed it.

use std::fmt;

/// A release number; what is left out is 0 (`3.0` is 3.0.0). A suffix (`-dev`, `+git`) is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Version(pub u16, pub u16, pub u16);

impl Version {
    /// Reads `2.2.7`, `v2.2.7`, `3.0`, `5.2.0-dev`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_start_matches('v');
        let end = digits.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(digits.len());
        let mut numbers = digits[..end].split('.').map(str::parse);
        let major = numbers.next()?.ok()?;
        let mut next = || numbers.next().map_or(Some(0), Result::ok);
        Some(Self(major, next()?, next()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Releases from one to another, both included. No bound: as far as anyone looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct VersionRange {
    /// Not older than this.
    pub from: Option<Version>,
    /// Not newer than this.
    pub to: Option<Version>,
}

impl VersionRange {
    /// Reads a wording's ranges: `1.3.0..=1.4.0`, `2.0.0..`, `..`; of several (`1.3.0..=1.3.5, 2.0.0..`) the range that holds all.
    /// What cannot be read bounds nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let one = |range: &str| {
            let (from, to) = range.split_once("..").unwrap_or((range, ""));
            Self { from: Version::parse(from), to: Version::parse(to.trim_start_matches('=')) }
        };
        text.split(", ").map(one).reduce(Self::hull).unwrap_or_default()
    }

    /// Exactly one release.
    #[must_use]
    pub fn only(version: Version) -> Self {
        Self { from: Some(version), to: Some(version) }
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        let from = self.from.zip(other.from).map(|(a, b)| a.min(b));
        let to = self.to.zip(other.to).map(|(a, b)| a.max(b));
        Self { from, to }
    }

    /// What both allow; `None` where they exclude each other (the daemon was replaced in between).
    #[must_use]
    pub fn narrowed(self, other: Self) -> Option<Self> {
        let from = self.from.max(other.from);
        let to = match (self.to, other.to) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let is_possible = from.zip(to).is_none_or(|(from, to)| from <= to);
        is_possible.then_some(Self { from, to })
    }

    /// Whether it says anything.
    #[must_use]
    pub fn is_bounded(self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// Whether all of it is older than `version`.
    #[must_use]
    pub fn is_before(self, version: Version) -> bool {
        self.to.is_some_and(|to| to < version)
    }

    /// Whether none of it is older than `version`.
    #[must_use]
    pub fn is_from(self, version: Version) -> bool {
        self.from.is_some_and(|from| from >= version)
    }
}

/// `2.2.7`, `1.3.0 to 1.4.0`, `2.0.0 or later`, `1.4.5 or earlier`.
impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => write!(f, "{from}"),
            (Some(from), Some(to)) => write!(f, "{from} to {to}"),
            (Some(from), None) => write!(f, "{from} or later"),
            (None, Some(to)) => write!(f, "{to} or earlier"),
            (None, None) => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Version, VersionRange};

    #[test]
    fn wordings_narrow_a_version_until_they_contradict() {
        let lower = VersionRange::parse("1.3.0..=1.4.5");
        let higher = VersionRange::parse("1.3.0..=1.4.0");
        let both = lower.narrowed(higher).expect("they overlap");
        assert_eq!(both.to_string(), "1.3.0 to 1.4.0");
        assert!(both.is_before(Version(2, 0, 6)));
        assert_eq!(both.narrowed(VersionRange::parse("2.0.0..")), None);
    }

    #[test]
    fn releases_are_read_as_they_are_written() {
        assert_eq!(Version::parse("v2.2.7"), Some(Version(2, 2, 7)));
        assert_eq!(Version::parse("3.0"), Some(Version(3, 0, 0)));
        assert_eq!(Version::parse("5.2.0-dev"), Some(Version(5, 2, 0)));
        assert_eq!(Version::parse("unknown"), None);
        assert_eq!(VersionRange::parse("5.1.0..").to_string(), "5.1.0 or later");
        assert!(!VersionRange::parse("..").is_bounded());
        assert_eq!(VersionRange::parse("1.3.0..=1.3.5, 2.0.0..").to_string(), "1.3.0 or later");
    }
}
