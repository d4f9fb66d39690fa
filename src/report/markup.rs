//! XML in the making: marks of ours as they are, text of others only escaped.

use super::escape::xml;
use std::fmt;

/// SVG or HTML. Nothing takes it back out but [`Markup::into_text`].
#[derive(Default)]
pub(super) struct Markup {
    text: String,
}

impl Markup {
    /// Marks, numbers and words of ours; never text of a log.
    pub(super) fn put(&mut self, ours: fmt::Arguments<'_>) -> &mut Self {
        self.text.push_str(&ours.to_string());
        self
    }

    /// Marks that stand in this file.
    pub(super) fn raw(&mut self, ours: &'static str) -> &mut Self {
        self.text.push_str(ours);
        self
    }

    /// Text, of whoever, escaped.
    pub(super) fn text(&mut self, theirs: &str) -> &mut Self {
        self.text.push_str(&xml(theirs));
        self
    }

    /// What was made elsewhere.
    pub(super) fn append(&mut self, other: &Markup) -> &mut Self {
        self.text.push_str(&other.text);
        self
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
