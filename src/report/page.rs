//! A page of text for people: lines of a given width, labels with hanging text, colour where wanted.

use super::table::Look;
use super::words::{columns, sentence, wrap};
use crate::finding::Severity;
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

/// Where the text of a label begins.
const LABEL: usize = "  caused by ".len();
/// A narrower terminal is treated as this wide: it breaks lines itself.
const WIDTH_MIN: usize = 40;
/// On a terminal one sentence may not push the rest out of sight: longer ones (a zone name of 1000 escapes) are cut, and say so. Never in a pipe.
const SENTENCE_COLUMNS_MAX: usize = 800;

/// Text in the making.
pub(super) struct Page<'a> {
    pub(super) look: &'a Look,
    pub(super) text: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(look: &'a Look) -> Self {
        Self { look, text: String::new() }
    }

    /// Columns there are, `None` where lines do not end.
    pub(super) fn width(&self) -> Option<usize> {
        self.look.width.map(|width| width.max(WIDTH_MIN))
    }

    /// Hands over what is written so far: a page of many findings need not be in memory as a whole.
    pub(super) fn give(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// `text` after `first`, broken to the width, further lines indented by `indent`.
    pub(super) fn hang(&mut self, first: &str, indent: usize, text: &str) {
        let Some(width) = self.width() else {
            self.line(&format!("{first}{text}"));
            return;
        };
        let taken = columns(first).saturating_sub(indent);
        for (at, line) in wrap(text, taken, width.saturating_sub(indent)).iter().enumerate() {
            match at {
                0 => self.line(&format!("{first}{line}")),
                _ => self.line(&format!("{:indent$}{line}", "")),
            }
        }
    }

    /// A label and its paragraphs; nothing if there are none.
    pub(super) fn labelled(&mut self, label: &str, paragraphs: &[String]) {
        for (at, paragraph) in paragraphs.iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            self.hang(&format!("  {label:<width$}", width = LABEL - 2), LABEL, paragraph);
        }
    }

    /// A sentence of a finding, in the reader's zone, harmless, and on a terminal not endless.
    pub(super) fn said(&self, text: &str) -> String {
        self.short(sentence(text, self.look.zone))
    }

    /// What is fit to print; on a terminal not endless.
    pub(super) fn short(&self, said: String) -> String {
        if self.look.width.is_none() || columns(&said) <= SENTENCE_COLUMNS_MAX {
            return said;
        }
        let kept: String = said.chars().take(SENTENCE_COLUMNS_MAX / 2).collect();
        let more = said.chars().count() - kept.chars().count();
        format!("{kept}… ({more} more characters)")
    }

    /// `text` in the colour of a severity, where colour is wanted.
    pub(super) fn tint(&self, severity: Severity, text: &str) -> String {
        if !self.look.color {
            return text.to_owned();
        }
        let style = match severity {
            Severity::Critical => AnsiColor::Red.on_default().bold(),
            Severity::Warning => AnsiColor::Yellow.on_default().bold(),
            Severity::Info => Style::new().bold(),
        };
        format!("{style}{text}{style:#}")
    }
}
