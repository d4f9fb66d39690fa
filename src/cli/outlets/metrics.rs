//! What can be counted, as Prometheus reads it: over HTTP or from a file for node_exporter's textfile collector.
//!
//! **Invariant:** a label's values are few. Zones and strangers' addresses are no labels; of nodes and instances there is a stated number.

use crate::cli::outlet;
use crate::detect::RULES;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The metrics file is written at least this often: its age shows that somebody is alive.
const EVERY: Duration = Duration::from_secs(15);
/// Not more often, however much changes.
const EVERY_MIN: Duration = Duration::from_secs(1);
/// Nodes and instances told by name.
const MASTERS_MAX: usize = 200;
/// Characters of a name in a label.
const LABEL_CHARACTERS_MAX: usize = 200;

/// The numbers of this moment. Counters count since the process began.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::cli) struct Gauges {
    /// Open findings by rule; rules that have none may be left out.
    pub(in crate::cli) findings_open: BTreeMap<String, u64>,
    /// Findings announced as opened, by rule and severity.
    pub(in crate::cli) findings_total: BTreeMap<(String, String), u64>,
    /// Entries and lines that were read.
    pub(in crate::cli) entries: u64,
    /// Of those, the daemons' that a row of the catalogue reads.
    pub(in crate::cli) recognised: u64,
    /// Of those, the daemons' that no row reads, by daemon.
    pub(in crate::cli) unrecognised: BTreeMap<String, u64>,
    /// Entries that were lost before they were read.
    pub(in crate::cli) lost: u64,
    /// Messages that journald or rsyslog threw away.
    pub(in crate::cli) suppressed: u64,
    /// Time of the newest entry, in microseconds since 1970.
    pub(in crate::cli) last_entry: Option<i64>,
    /// How far the newest entry that was read lies behind the newest there is, in seconds.
    pub(in crate::cli) lag_seconds: f64,
    /// By node and instance (or sync group): whether it is MASTER.
    pub(in crate::cli) masters: BTreeMap<(String, String), bool>,
    /// How long the oldest open EIP drift has lasted, in seconds; 0 if there is none.
    pub(in crate::cli) drift_seconds: f64,
    /// Set by [`super::Outlets::show`].
    pub(in crate::cli) ways: Vec<Way>,
}

/// How one way out is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Way {
    /// `exec`, `webhook`, `journal`, `metrics-file`.
    pub(in crate::cli) outlet: &'static str,
    /// Which one, without secrets.
    pub(in crate::cli) name: String,
    /// Tries that failed.
    pub(in crate::cli) failures: u64,
    /// Announcements that wait.
    pub(in crate::cli) waiting: usize,
    /// Announcements that were given up.
    pub(in crate::cli) dropped: u64,
}

impl Gauges {
    /// In Prometheus' text format.
    pub(super) fn text(&self) -> String {
        let mut page = Page::default();
        page.gauge(
            "driftline_build_info",
            "The version that runs.",
            [(vec![("version", env!("CARGO_PKG_VERSION"))], 1.0)],
        );
        let open = |rule: &str| self.findings_open.get(rule).copied().unwrap_or(0);
        page.gauge(
            "driftline_findings_open",
            "Findings that are open.",
            RULES.iter().map(|rule| (vec![("rule", rule.id)], count(open(rule.id)))),
        );
        let totals = self.findings_total.iter();
        page.counter(
            "driftline_findings_total",
            "Findings that were announced as opened.",
            totals.map(|((rule, severity), total)| (vec![("rule", &**rule), ("severity", &**severity)], count(*total))),
        );
        page.gauge(
            "driftline_drift_seconds",
            "How long the oldest open EIP drift has lasted.",
            [(vec![], self.drift_seconds)],
        );
        page.gauge(
            "driftline_vrrp_master",
            "Whether a node is MASTER of an instance, as its lines say.",
            self.masters.iter().take(MASTERS_MAX).map(|((node, instance), is_master)| {
                (vec![("node", &**node), ("instance", &**instance)], count(u64::from(*is_master)))
            }),
        );
        page.counter(
            "driftline_journal_entries_total",
            "Entries and lines that were read.",
            [(vec![], count(self.entries))],
        );
        page.counter(
            "driftline_recognised_lines_total",
            "Lines of the daemons that are known.",
            [(vec![], count(self.recognised))],
        );
        page.counter(
            "driftline_unrecognised_lines_total",
            "Lines of the daemons that nothing reads.",
            self.unrecognised.iter().map(|(daemon, lines)| (vec![("daemon", &**daemon)], count(*lines))),
        );
        page.counter(
            "driftline_journal_gap_entries_total",
            "Entries that were lost before they were read, as far as their number is known; a file that is gone counts as one.",
            [(vec![], count(self.lost))],
        );
        page.counter(
            "driftline_suppressed_messages_total",
            "Messages of the daemons, or of anybody, that journald or rsyslog say they threw away.",
            [(vec![], count(self.suppressed))],
        );
        page.gauge(
            "driftline_last_entry_timestamp_seconds",
            "Time of the newest entry that was read.",
            self.last_entry.map(|micros| (vec![], seconds(micros))),
        );
        page.gauge("driftline_lag_seconds", "How far reading lies behind writing.", [(vec![], self.lag_seconds)]);
        let ways = |number: fn(&Way) -> u64| {
            self.ways.iter().map(move |way| (vec![("outlet", way.outlet), ("name", &*way.name)], count(number(way))))
        };
        page.counter("driftline_outlet_failures_total", "Tries to announce that failed.", ways(|way| way.failures));
        page.counter("driftline_outlet_dropped_total", "Announcements that were given up.", ways(|way| way.dropped));
        page.gauge(
            "driftline_outlet_waiting",
            "Announcements that wait to be delivered.",
            ways(|way| way.waiting as u64),
        );
        page.text
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows floating point numbers only")]
fn count(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows floating point numbers only")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[derive(Default)]
struct Page {
    text: String,
}

type Labels<'a> = Vec<(&'static str, &'a str)>;

impl Page {
    fn gauge<'a>(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = (Labels<'a>, f64)>) {
        self.family(name, "gauge", help, samples);
    }

    fn counter<'a>(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = (Labels<'a>, f64)>) {
        self.family(name, "counter", help, samples);
    }

    fn family<'a>(&mut self, name: &str, kind: &str, help: &str, samples: impl IntoIterator<Item = (Labels<'a>, f64)>) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(self.text, "{name}{labels} {value}");
        }
    }
}

/// What a label's value needs, after what would steer a terminal is written out.
fn escaped(value: &str) -> String {
    let shown: String = crate::report::visible(value).chars().take(LABEL_CHARACTERS_MAX).collect();
    shown.replace('\\', "\\\\").replace('"', "\\\"")
}

/// A file that always holds a whole page.
#[derive(Debug)]
pub(super) struct MetricsFile {
    path: PathBuf,
    written: Option<Instant>,
    is_hurried: bool,
    failures: u64,
}

impl MetricsFile {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, written: None, is_hurried: false, failures: 0 }
    }

    /// Something changed that should be seen soon.
    pub(super) fn hurry(&mut self) {
        self.is_hurried = true;
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        let every = if self.is_hurried { EVERY_MIN } else { EVERY };
        self.written.is_none_or(|written| now.duration_since(written) >= every)
    }

    pub(super) fn write(&mut self, page: &str, now: Instant) {
        self.written = Some(now);
        self.is_hurried = false;
        if let Err(error) = replace(&self.path, page) {
            self.failures += 1;
            if self.failures == 1 {
                let path = self.path.display();
                outlet::say(&format!("driftline: failed to write {path}: {error}; it is tried again"));
            }
        }
    }

    pub(super) fn way(&self) -> Way {
        Way {
            outlet: "metrics-file",
            name: self.path.display().to_string(),
            failures: self.failures,
            waiting: 0,
            dropped: 0,
        }
    }
}

/// Written beside it and renamed: a reader sees the old page or the new one. The collector ignores names that do not end in `.prom`.
fn replace(path: &Path, page: &str) -> io::Result<()> {
    const READABLE: u32 = 0o644;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".driftline-metrics-").tempfile_in(directory)?;
    file.write_all(page.as_bytes())?;
    // The collector is another user.
    file.as_file().set_permissions(Permissions::from_mode(READABLE))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauges() -> Gauges {
        let word = str::to_owned;
        Gauges {
            findings_open: [(word("eip-drift"), 1)].into(),
            findings_total: [((word("eip-drift"), word("critical")), 2)].into(),
            entries: 1_000,
            recognised: 16,
            unrecognised: [(word("pdns"), 3)].into(),
            suppressed: 77,
            last_entry: Some(1_596_920_476_500_000),
            lag_seconds: 0.5,
            masters: [((word("a\\\"b\n"), word("VI_1")), true)].into(),
            drift_seconds: 90.0,
            ways: vec![Way { outlet: "exec", name: word("exec 0 mail"), failures: 4, waiting: 1, dropped: 0 }],
            ..Gauges::default()
        }
    }

    #[test]
    fn numbers_have_names_labels_and_values() {
        let text = gauges().text();
        let is_sample = |line: &&str| !line.starts_with('#') && !line.contains("findings_open");
        let samples: Vec<&str> = text.lines().filter(is_sample).collect();
        let expected = [
            &format!("driftline_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")),
            r#"driftline_findings_total{rule="eip-drift",severity="critical"} 2"#,
            "driftline_drift_seconds 90",
            r#"driftline_vrrp_master{node="a\\\"b\\n",instance="VI_1"} 1"#,
            "driftline_journal_entries_total 1000",
            "driftline_recognised_lines_total 16",
            r#"driftline_unrecognised_lines_total{daemon="pdns"} 3"#,
            "driftline_journal_gap_entries_total 0",
            "driftline_suppressed_messages_total 77",
            "driftline_last_entry_timestamp_seconds 1596920476.5",
            "driftline_lag_seconds 0.5",
            r#"driftline_outlet_failures_total{outlet="exec",name="exec 0 mail"} 4"#,
            r#"driftline_outlet_dropped_total{outlet="exec",name="exec 0 mail"} 0"#,
            r#"driftline_outlet_waiting{outlet="exec",name="exec 0 mail"} 1"#,
        ];
        assert_eq!(samples, expected);
        for rule in RULES {
            let open = u8::from(rule.id == "eip-drift");
            assert!(text.contains(&format!("\ndriftline_findings_open{{rule=\"{}\"}} {open}\n", rule.id)), "{text}");
        }
    }

    #[test]
    fn every_family_says_what_it_is() {
        let text = gauges().text();
        let names = |prefix: &str| -> Vec<String> {
            let name = |line: &str| line.strip_prefix(prefix)?.split(' ').next().map(str::to_owned);
            text.lines().filter_map(name).collect()
        };
        assert_eq!(names("# HELP "), names("# TYPE "));
        for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
            assert_eq!(line.ends_with(" counter"), line.contains("_total "), "{line}");
        }
    }

    #[test]
    fn names_in_labels_have_an_end() {
        let mut gauges = Gauges::default();
        for number in 0..2 * MASTERS_MAX {
            gauges.masters.insert((number.to_string(), "x".repeat(10_000)), true);
        }
        let text = gauges.text();
        assert_eq!(text.matches("driftline_vrrp_master{").count(), MASTERS_MAX);
        assert!(text.lines().all(|line| line.len() < 2 * LABEL_CHARACTERS_MAX));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what the collector would read")]
    fn the_file_is_whole_and_readable_by_others() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("driftline.prom");
        let mut file = MetricsFile::at(path.clone());
        let now = Instant::now();
        assert!(file.is_due(now));
        file.write("a 1\n", now);
        file.write("a 2\n", now);
        assert_eq!(std::fs::read_to_string(&path).expect("a page"), "a 2\n");
        assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o644);
        assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), 1);
        assert!(!file.is_due(now + Duration::from_secs(14)) && file.is_due(now + Duration::from_secs(15)));
        file.hurry();
        assert!(!file.is_due(now) && file.is_due(now + Duration::from_secs(1)));
        std::fs::remove_dir_all(directory.path()).expect("it can go");
        file.write("a 3\n", now);
        assert_eq!(file.way().failures, 1);
    }
}
