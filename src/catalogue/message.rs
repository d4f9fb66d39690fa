//! The row: one message of one daemon, all its wordings, what it proves.

use crate::event::{Fact, Text};

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
/// Rust ranges over release numbers: `a..=b`, `a..` (still printed), `..=b` (older than the first release looked at).
pub type Wording = (&'static str, &'static str);

/// The fields of one line, by the name the row gives them.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    pairs: Vec<(&'static str, &'a [u8])>,
}

impl<'a> Fields<'a> {
    /// Adds a field.
    pub(crate) fn push(&mut self, name: &'static str, value: &'a [u8]) {
        self.pairs.push((name, value));
    }

    /// Empties it, for the next line.
    pub(crate) fn clear(&mut self) {
        self.pairs.clear();
    }

    /// All fields in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'a [u8])> {
        self.pairs.iter().copied()
    }

    /// A field's bytes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// A field as text; invalid UTF-8 is replaced.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Text> {
        self.get(name).map(|value| Text::from(String::from_utf8_lossy(value)))
    }

    /// A field as a number; `None` where it is missing or none.
    #[must_use]
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok()).and_then(|value| value.trim().parse().ok())
    }
}
