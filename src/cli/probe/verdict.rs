//! What is open → one line for a monitoring system, and its exit code.

use crate::finding::{Confidence, Finding, Severity};
use crate::report::{sentence, visible};
use chrono_tz::Tz;
use std::fmt::Write;

/// The states of the plugin interface; the numbers are its exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Status {
    Ok,
    Warning,
    Critical,
    Unknown,
}

impl Status {
    pub(in crate::cli) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// What was found by one run.
#[derive(Debug, Default)]
pub(super) struct Probed<'p> {
    /// Open findings.
    pub(super) open: Vec<&'p Finding>,
    /// Why the answer is not known, if it is not.
    pub(super) unknown: Vec<String>,
    /// Lines read by this run.
    pub(super) lines: u64,
    /// Seconds since the newest line of the daemons; `None` where there is none.
    pub(super) lag_seconds: Option<i64>,
    pub(super) warning: u64,
    pub(super) critical: u64,
}

impl Probed<'_> {
    /// What is open outranks what is not known: it is known to be wrong.
    pub(super) fn status(&self) -> Status {
        let is_critical =
            |finding: &&&Finding| finding.severity == Severity::Critical && finding.confidence > Confidence::Suspected;
        let critical = self.open.iter().filter(is_critical).count() as u64;
        let others = self.open.iter().filter(|finding| finding.severity > Severity::Info).count() as u64 - critical;
        if critical > 0 && critical >= self.critical {
            Status::Critical
        } else if critical + others > 0 && critical + others >= self.warning {
            Status::Warning
        } else if !self.unknown.is_empty() {
            Status::Unknown
        } else {
            Status::Ok
        }
    }

    /// The page: a first line with performance data, then a line for each finding and for what is not known.
    pub(super) fn page(&self, zone: Tz) -> String {
        let status = self.status();
        // A finding that another one explains is not what has to be looked at.
        let told: Vec<&&Finding> = self.open.iter().filter(|finding| finding.cause.is_none()).collect();
        let head = match (told.first().or(self.open.first().as_ref()), self.unknown.first()) {
            (Some(first), _) => {
                let more = match self.open.len() - 1 {
                    0 => String::new(),
                    1 => "; 1 more finding is open".to_owned(),
                    more => format!("; {more} more findings are open"),
                };
                format!("{}, {}: {}{more}", first.rule, confidence(first.confidence), sentence(&first.claim, zone))
            }
            (None, Some(unknown)) => visible(unknown).into_owned(),
            (None, None) => "nothing is open".to_owned(),
        };
        let mut page = format!("DRIFTLINE {} - {} | {}\n", status.word(), without_bars(&head), self.performance());
        for finding in self.open.iter().skip(1) {
            let since = finding.since.rfc3339();
            let claim = sentence(&finding.claim, zone);
            let _ = writeln!(page, "{}", without_bars(&format!("{} since {since}: {claim}", finding.rule)));
        }
        let is_told = usize::from(self.open.is_empty());
        for unknown in self.unknown.iter().skip(is_told) {
            let _ = writeln!(page, "{}", without_bars(&visible(unknown)));
        }
        page
    }

    fn performance(&self) -> String {
        let zones: usize = self
            .open
            .iter()
            .filter(|finding| finding.rule == "stale-serial")
            .map(|finding| finding.subject.zones.len())
            .sum();
        let mut data = format!(
            "findings={};{};{};0 stale_zones={zones};;;0 lines={}c;;;0",
            self.open.len(),
            self.warning,
            self.critical,
            self.lines
        );
        if let Some(lag) = self.lag_seconds {
            let _ = write!(data, " lag={lag}s;;;0");
        }
        data
    }
}

fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Confirmed => "confirmed",
        Confidence::Likely => "likely",
        Confidence::Suspected => "suspected",
    }
}

/// A bar begins the performance data.
fn without_bars(text: &str) -> String {
    text.replace('|', "/")
}
