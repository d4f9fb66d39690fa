//! What a rule, an event or a line is: one text for people. The same words stand in the rules and in the catalogue.

use super::page::Page;
use super::table::Look;
use super::words::visible;
use crate::finding::Severity;

/// Explanations in the making.
pub struct Explainer<'a> {
    page: Page<'a>,
}

/// An event of the catalogue.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// `keepalived/state-master`.
    pub id: &'static str,
    /// What a line of it proves and what not.
    pub proves: &'static str,
    /// The names of its fields.
    pub fields: Vec<String>,
    /// A line as it is really printed.
    pub example: &'static str,
    /// Where it is printed.
    pub source: &'static str,
    /// Which rules listen, or why none does.
    pub rules: String,
    /// Releases and texts.
    pub wordings: Vec<(String, &'static str)>,
}

/// A line, and what it was heard to be.
#[derive(Debug, Clone)]
pub struct LinePage<'a> {
    /// As given.
    pub raw: &'a str,
    /// The program and process its header names.
    pub program: Option<&'a str>,
    /// The host its header names.
    pub host: Option<&'a str>,
    /// What it tells.
    pub fields: Vec<(&'static str, String)>,
    /// What it is.
    pub what: LineIs,
}

/// What a line is.
#[derive(Debug, Clone)]
pub enum LineIs {
    /// A message of the catalogue, with the wordings that the line may have: `keepalived 1.3.0 to 1.4.5: …`.
    Message {
        /// The event.
        event: EventPage,
        /// Who prints it so.
        printed: Vec<String>,
        /// Whether it was cut, so that the end is missing.
        is_cut: bool,
        /// What its `{reason}` is: the id, and what it proves.
        reason: Option<(&'static str, &'static str)>,
    },
    /// A line that a pattern of the configuration reads.
    Site {
        /// `site/<name>`.
        id: &'static str,
    },
    /// A line of a daemon that no row reads, or of nobody known.
    Unknown {
        /// Whose line it is, if its header says so.
        daemon: Option<&'static str>,
        /// The nearest wordings.
        nearest: Vec<String>,
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

    /// A rule, under its headings.
    pub fn rule(&mut self, id: &str, headings: &[(&str, &str)]) {
        self.heading(id);
        for (heading, text) in headings {
            self.page.line("");
            self.page.line(heading);
            self.page.hang("  ", 2, text);
        }
    }

    /// An event: all its wordings, what it proves, who listens.
    pub fn event(&mut self, event: &EventPage) {
        self.heading(event.id);
        self.page.line("");
        self.page.labelled("proves", &[event.proves.to_owned()]);
        let fields = if event.fields.is_empty() { "none".to_owned() } else { event.fields.join(", ") };
        self.page.labelled("fields", &[fields]);
        self.page.labelled("rules", std::slice::from_ref(&event.rules));
        self.page.labelled("example", &[event.example.to_owned()]);
        self.page.labelled("source", &[event.source.to_owned()]);
        self.page.line("");
        self.page.line("  wordings");
        for (releases, text) in &event.wordings {
            self.page.hang("    ", 4, &format!("{releases}:"));
            self.page.hang("      ", 6, &visible(text));
        }
    }

    /// A line: what it is, what it tells, proves, and who prints it.
    pub fn line(&mut self, line: &LinePage<'_>) {
        self.page.hang("", 2, &visible(line.raw));
        self.page.line("");
        let by = match (line.program, line.host) {
            (Some(program), Some(host)) => format!(", by {} on {}", visible(program), visible(host)),
            (Some(program), None) => format!(", by {}", visible(program)),
            (None, _) => String::new(),
        };
        let told: Vec<String> = line.fields.iter().map(|(name, value)| format!("{name} {}", visible(value))).collect();
        let says: Vec<String> = if told.is_empty() { Vec::new() } else { vec![told.join(" · ")] };
        match &line.what {
            LineIs::Message { event, printed, is_cut, reason } => {
                self.page.labelled("is", &[format!("{}{by}", event.id)]);
                self.page.labelled("says", &says);
                self.page.labelled("proves", &[event.proves.to_owned()]);
                if let Some((id, proves)) = reason {
                    self.page.labelled("reason", &[format!("{id}: {proves}")]);
                }
                self.page.labelled("rules", std::slice::from_ref(&event.rules));
                let cut = is_cut.then(|| "the line was cut; it may be".to_owned());
                let printed = printed.iter().map(|printed| visible(printed).into_owned());
                self.page.labelled("printed", &cut.into_iter().chain(printed).collect::<Vec<_>>());
                self.page.labelled("source", &[event.source.to_owned()]);
            }
            LineIs::Site { id } => {
                self.page.labelled("is", &[format!("{id}{by}: a pattern of the configuration reads it")]);
                self.page.labelled("says", &says);
            }
            LineIs::Unknown { daemon, nearest } => {
                let is = match daemon {
                    Some(daemon) => format!("a line of {daemon} that no wording of the catalogue reads{by}"),
                    None if line.program.is_some() => format!("another program's line{by}"),
                    None => "no message of PowerDNS or keepalived that is known".to_owned(),
                };
                self.page.labelled("is", &[is]);
                let near: Vec<String> = nearest.iter().map(|near| visible(near).into_owned()).collect();
                self.page.labelled(
                    "nearest",
                    &if near.is_empty() { vec!["nothing like it is known".to_owned()] } else { near },
                );
            }
        }
    }

    fn heading(&mut self, id: &str) {
        let heading = self.page.tint(Severity::Info, id);
        self.page.line(&heading);
    }
}
