//! The row: one message of one daemon, all its wordings, what it proves.

use crate::event::{Fact, Text, lossy};
use crate::version::VersionRange;
use std::borrow::Cow;

/// One message of a daemon. Adding one is adding a row (and a variant of [`Fact`] if the fact is new).
#[derive(Debug)]
pub struct Message {
    /// Id with the daemon in front: `keepalived/state-master`. A structured wording carries the id of its plain twin.
    pub id: &'static str,
    /// Every wording, oldest first.
    pub texts: &'static [Wording],
    /// A line the daemon really prints (message only), of a common version.
    pub sample: &'static str,
    /// Where in the daemon's source it is printed.
    pub source: &'static str,
    /// What the line proves and what it does not, in a sentence.
    pub proves: &'static str,
    /// How fields become a fact; `None` where no rule needs one (the event is [`Fact::Other`]).
    pub read: Option<fn(&Fields<'_>) -> Option<Fact>>,
}

/// Versions and text: `("1.2.1..=1.4.5", "VRRP_Instance({instance}) Entering MASTER STATE")`. Version ranges are written as
/// Rust ranges over release numbers: `a..=b`, `a..` (still printed), `..` (seen in real logs, its releases not traced). Nothing
/// older than PowerDNS 2.9 and keepalived 1.2.1 was looked at, so these stand for "or older". A text that was away for some
/// releases has several ranges.
///
/// In a text `{zone}` is a field, `{AXFR|IXFR}` one of several words, `{kind:AXFR|IXFR}` a field that can only be one of
/// these words, `{s}` a plural s or nothing, and `{{` a brace. A text that begins with `msg="` is PowerDNS's structured form;
/// the keys `subsystem`, `prio` and `ts`, which every such line has, are left out.
pub type Wording = (&'static str, &'static str);

/// The fields of one line, by the name the row gives them.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    pairs: Vec<(&'static str, Cow<'a, [u8]>)>,
    /// Releases that print the wording.
    versions: VersionRange,
    /// Where the trie notes what each field spans: kept here so that a line costs no allocation.
    pub(super) spans: Vec<(usize, usize)>,
}

impl<'a> Fields<'a> {
    /// Adds a field.
    pub(crate) fn push(&mut self, name: &'static str, value: impl Into<Cow<'a, [u8]>>) {
        self.pairs.push((name, value.into()));
    }

    /// Empties it, for the next line.
    pub(crate) fn clear(&mut self) {
        self.pairs.clear();
        self.versions = VersionRange::default();
    }

    /// Empties it, for a line of another lifetime; the memory stays (the collecting is in place).
    pub(crate) fn emptied<'b>(mut self) -> Fields<'b> {
        self.pairs.clear();
        let pairs = self.pairs.into_iter().map(|(name, value)| (name, Cow::Owned(value.into_owned()))).collect();
        Fields { pairs, versions: VersionRange::default(), spans: self.spans }
    }

    /// Notes which releases print the wording that was read.
    pub(super) fn printed_by(&mut self, versions: VersionRange) {
        self.versions = versions;
    }

    /// Releases that print the wording that was read; unbounded for a cut line.
    #[must_use]
    pub fn versions(&self) -> VersionRange {
        self.versions
    }

    /// All fields in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.pairs.iter().map(|(name, value)| (*name, &**value))
    }

    /// A field's bytes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    /// A field as text; invalid UTF-8 is replaced.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Text> {
        self.get(name).map(|value| Text::from(lossy(value)))
    }

    /// A field as a number; `None` where it is missing or none.
    #[must_use]
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        let value = std::str::from_utf8(self.get(name)?).ok()?;
        value.parse().ok().or_else(|| value.trim().parse().ok())
    }

    /// An address as text, without port, brackets and what a proxy or a client subnet adds: `[2001:db8::1]:53` is
    /// `2001:db8::1`, `192.0.2.7:53(192.0.2.99)` is `192.0.2.7`, a masked `18.xxx.xxx.xxx:53` is `18.xxx.xxx.xxx`.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<Text> {
        let printed = self.get(name)?;
        // Most are `192.0.2.7:53`.
        let digits = printed.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        if let [] | [b':', ..] = &printed[digits..]
            && printed[digits..].iter().skip(1).all(u8::is_ascii_digit)
        {
            return Some(Text::from(lossy(&printed[..digits])));
        }
        let printed = lossy(printed);
        let outer = printed.split(['(', '<']).next().unwrap_or_default().trim();
        let bare = match outer.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
            None => match outer.split_once(':') {
                Some((host, port)) if !port.contains(':') => host,
                Some(_) | None => outer,
            },
        };
        Some(Text::from(bare))
    }

    /// A zone as text: names compare case-insensitively, and only the root ends in a dot. A name in quotes is none: a line of
    /// 3.2 or later that was cut looks like one of 2.9, which had no quotes.
    #[must_use]
    pub fn zone(&self, name: &str) -> Option<Text> {
        let printed = self.get(name)?;
        if printed.starts_with(b"'") {
            return None;
        }
        let zone = lossy(printed);
        // All bytes are looked at, so that the loop is made of vectors.
        let has_capitals = zone.bytes().fold(false, |has, byte| has | byte.is_ascii_uppercase());
        if !has_capitals && !zone.ends_with('.') {
            return Some(Text::from(zone));
        }
        let mut zone = zone.into_owned();
        zone.make_ascii_lowercase();
        if zone.len() > 1 && zone.ends_with('.') && !zone.ends_with("\\.") && !zone.ends_with("..") {
            zone.pop();
        }
        Some(Text::from(zone))
    }

    /// Whether a field of this name is one word wherever it is told.
    pub(super) fn is_word(name: &str) -> bool {
        WORDS.contains(&name)
    }

    /// Whether a field of this name is a number wherever it is told, so that machines get it as one: serials, priorities, counts, ids
    /// and durations. `until` is none: since 5.1.0 it is a local time.
    #[must_use]
    pub fn is_number(name: &str) -> bool {
        // A `match` looks at the length first: each field of each line is asked.
        matches!(
            name,
            "primary_serial"
                | "our_serial"
                | "serial"
                | "their_priority"
                | "our_priority"
                | "old_priority"
                | "new_priority"
                | "owner_priority"
                | "base_priority"
                | "count"
                | "messages"
                | "old_count"
                | "timeouts"
                | "queued"
                | "in_progress"
                | "attempt"
                | "deltas"
                | "limit"
                | "pid"
                | "status"
                | "signal"
                | "seconds"
                | "microseconds"
                | "milliseconds"
                | "vrid"
                | "expected_vrid"
                | "errno"
                | "our_interval"
                | "their_interval"
                | "old_interval"
                | "new_interval"
                | "received_count"
                | "expected_count"
                | "ttl"
                | "expected_ttl"
                | "min_ttl"
                | "max_ttl"
                | "weight"
                | "uid"
                | "gid"
                | "bufsize"
                | "domain_id"
                | "bytes"
                | "quorum"
                | "retries"
        )
    }
}

/// Fields that hold names, addresses and serials: never a space.
const WORDS: &[&str] = &["zone", "from", "primary", "client", "to", "source", "serial", "primary_serial", "our_serial"];
