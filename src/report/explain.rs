//! What a rule, an event or a line is: one text for people. The same words stand in the rules and in the catalogue.

use super::page::Page;
use super::table::Look;
use super::words::visible;
use crate::catalogue::{Fields, Message, Wording, versions};
use crate::detect::{Rule, listening, why_unheard};
use crate::event::Daemon;
use crate::finding::Severity;

/// Explanations in the making.
pub struct Explainer<'a> {
    page: Page<'a>,
}

/// A line, and what it was heard to be.
#[derive(Debug, Clone, Copy)]
pub struct LineHeard<'a> {
    /// As given.
    pub raw: &'a str,
    /// The program and process its header names.
    pub program: Option<&'a str>,
    /// The host its header names.
    pub host: Option<&'a str>,
    /// What it is.
    pub what: LineIs<'a>,
}

/// What a line is.
#[derive(Debug, Clone, Copy)]
pub enum LineIs<'a> {
    /// A message of the catalogue.
    Message {
        /// The row.
        message: &'static Message,
        /// The wordings it may have.
        wordings: &'a [&'static Wording],
        /// What it tells.
        fields: &'a Fields<'a>,
        /// Whether it was cut, so that the end is missing.
        is_cut: bool,
    },
    /// A line that a pattern of the configuration reads.
    Site {
        /// `site/<name>`.
        id: &'static str,
        /// What it tells.
        fields: &'a Fields<'a>,
    },
    /// A line of a daemon that no row reads, or of nobody known.
    Unknown {
        /// Whose line it is, if its header says so.
        daemon: Option<Daemon>,
        /// The nearest wordings.
        nearest: &'a [(&'static Message, &'static Wording)],
    },
}

impl<'a> Explainer<'a> {
    /// Explanations that look like `look`.
    #[must_use]
    pub fn new(look: &'a Look) -> Self {
        Self { page: Page::new(look) }
    }

    /// What was explained so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.page.text
    }

    /// A rule, under its five headings.
    pub fn rule(&mut self, rule: &Rule) {
        self.heading(rule.id);
        let explanation = &rule.explanation;
        for (heading, text) in [
            ("What it sees", explanation.sees),
            ("Why it matters", explanation.matters),
            ("What proves it", explanation.proves),
            ("What only looks like it", explanation.looks_like),
            ("What to check next", explanation.check_next),
        ] {
            self.page.line("");
            self.page.line(heading);
            self.page.hang("  ", 2, text);
        }
    }

    /// An event: all its wordings, what it proves, who listens.
    pub fn event(&mut self, message: &'static Message) {
        self.heading(message.id);
        self.page.line("");
        self.page.labelled("proves", &[message.proves.to_owned()]);
        self.page.labelled("fields", &[field_names(message).map_or_else(|| "none".to_owned(), |names| names.join(", "))]);
        self.page.labelled("example", &[message.sample.to_owned()]);
        self.page.labelled("source", &[message.source.to_owned()]);
        self.rules(message);
        self.page.line("");
        self.page.line("  wordings");
        for (ranges, text) in message.texts {
            self.page.hang("    ", 4, &format!("{}:", versions::in_words(ranges)));
            self.page.hang("      ", 6, &visible(text));
        }
    }

    /// A line: what it is, what it tells, proves, and who prints it.
    pub fn line(&mut self, line: &LineHeard<'_>) {
        self.page.hang("", 2, &visible(line.raw));
        self.page.line("");
        let by = match (line.program, line.host) {
            (Some(program), Some(host)) => format!(", by {} on {}", visible(program), visible(host)),
            (Some(program), None) => format!(", by {}", visible(program)),
            (None, _) => String::new(),
        };
        match line.what {
            LineIs::Message { message, wordings, fields, is_cut } => {
                self.page.labelled("is", &[format!("{}{by}", message.id)]);
                self.page.labelled("says", &told(fields));
                self.page.labelled("proves", &[message.proves.to_owned()]);
                self.rules(message);
                let printed = wordings.iter().map(|(ranges, text)| printed_by(message, ranges, text));
                let cut = is_cut.then(|| "the line was cut; it may be".to_owned());
                let printed: Vec<String> = cut.into_iter().chain(printed).collect();
                self.page.labelled("printed", &printed);
                self.page.labelled("source", &[message.source.to_owned()]);
            }
            LineIs::Site { id, fields } => {
                self.page.labelled("is", &[format!("{id}{by}: a pattern of the configuration reads it")]);
                self.page.labelled("says", &told(fields));
            }
            LineIs::Unknown { daemon, nearest } => {
                let is = match daemon {
                    Some(daemon) => format!("a line of {} that no wording of the catalogue reads{by}", name(daemon)),
                    None if line.program.is_some() => format!("another program's line{by}"),
                    None => "no message of PowerDNS or keepalived that is known".to_owned(),
                };
                self.page.labelled("is", &[is]);
                let near = nearest
                    .iter()
                    .map(|(message, (ranges, text))| format!("{}, {}: {}", message.id, versions::in_words(ranges), visible(text)));
                let near: Vec<String> = near.collect();
                self.page.labelled("nearest", &if near.is_empty() { vec!["nothing like it is known".to_owned()] } else { near });
            }
        }
    }

    /// What stands between two explanations.
    pub fn gap(&mut self) {
        if !self.page.text.is_empty() {
            self.page.line("");
        }
    }

    fn heading(&mut self, id: &str) {
        let heading = self.page.tint(Severity::Info, id);
        self.page.line(&heading);
    }

    fn rules(&mut self, message: &Message) {
        let rules: Vec<&str> = listening(message.id).map(|rule| rule.id).collect();
        let said = if !rules.is_empty() {
            rules.join(", ")
        } else if let Some(why) = why_unheard(message.id) {
            format!("none: {why}")
        } else {
            "none: it is known so that it is not taken for something else".to_owned()
        };
        self.page.labelled("rules", &[said]);
    }
}

/// The fields of a message by name, in the order of the texts; `None` where it has none.
pub(super) fn field_names(message: &Message) -> Option<Vec<String>> {
    let mut names: Vec<&str> = Vec::new();
    for name in message.texts.iter().flat_map(|(_, text)| crate::catalogue::field_names(text)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let said = |name: &&str| if Fields::is_number(name) { format!("{name} (number)") } else { (*name).to_owned() };
    (!names.is_empty()).then(|| names.iter().map(said).collect())
}

fn told(fields: &Fields<'_>) -> Vec<String> {
    let said: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name} {}", visible(&String::from_utf8_lossy(value)))).collect();
    if said.is_empty() { Vec::new() } else { vec![said.join(" · ")] }
}

fn printed_by(message: &Message, ranges: &str, text: &str) -> String {
    let daemon = if message.id.starts_with("pdns/") { Daemon::Pdns } else { Daemon::Keepalived };
    format!("by {} {}: {}", name(daemon), versions::in_words(ranges), visible(text))
}

fn name(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Pdns => "PowerDNS",
        Daemon::Keepalived => "keepalived",
    }
}
