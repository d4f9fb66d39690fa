//! What is certain of a source's years and nodes before all of it is read, so that its lines can be told while they are surveyed.
//!
//! A stamp with a year and a host with a short name place their line, whatever else the source holds. Of stamps without a year a look
//! ahead says that all are of half a year and one host, and that all moments told by their lines (`… until 1795399953`) agree on a year.
//! No later line can then say otherwise. Where one is none of these, the source is read to settle the rest.

use super::events::{Options, settle, survey_of, surveyed};
use super::intake::{Reader, interest};
use crate::catalogue;
use crate::input::{Outlook, Source, look_ahead};
use crate::record::Record;
use crate::timeline::{Frame, Survey};
use regex::bytes::Regex;

/// Of more lines that tell a moment than one of these, looking ahead costs what reading costs …
const MARKED_SHARE: u64 = 4;
/// … if there are more than these.
const MARKED_FEW: u64 = 1000;

/// What places lines.
pub(super) struct Settled {
    pub(super) survey: Survey,
    pub(super) frame: Frame,
    /// Whether it places all lines, not only those that place themselves.
    pub(super) is_for_all: bool,
}

impl Settled {
    /// What a look ahead settles; `None` where the source has to be read first.
    pub(super) fn before_reading(source: &Source, options: &Options) -> Option<Self> {
        // Strangers' lines are no part of the survey; a node's clock is measured over all of it.
        if options.all || !options.stated.skews.is_empty() {
            return None;
        }
        let marks = format!("{}|e repeated", catalogue::MOMENTS_PREFILTER);
        let marks = Regex::new(&marks).expect("the prefilter is made of words");
        let mut survey = survey_of(source, options);
        let mut reader = Reader::of_textless(&options.patterns);
        let (mut marked, mut last) = (0, 0);
        let outlook = look_ahead(source, &interest(&options.patterns), &marks, &mut |record| {
            if record.is_folded_repeat() {
                // It repeats the moment that the line above tells.
                return last + 1 != record.line;
            }
            (marked, last) = (marked + 1, record.line);
            reader.record(record, &mut |line| {
                survey.note(&line);
            });
            let is_dear = marked > MARKED_FEW && marked * MARKED_SHARE > record.line;
            // Who says a line without a tag depends on those above.
            !is_dear && record.identifier.is_some() && survey.years_demanded() <= 1
        });
        let is_for_all = match outlook {
            Outlook::Dated => false,
            Outlook::Even(first) => {
                let years = &options.stated.years;
                let is_stated = years.len() == 1 && years.contains_key(&None);
                if survey.years_demanded() != 1 && !is_stated {
                    return None;
                }
                survey.finish(Some(first), Some(first), None);
                true
            }
            Outlook::Uneven => return None,
        };
        let frame = settle(&survey, &options.stated);
        Some(Self { survey, frame, is_for_all })
    }

    /// What all of the source settles.
    pub(super) fn by_reading(source: &Source, options: &Options) -> Self {
        match surveyed(source, options) {
            Ok((intake, frame)) => Self { survey: intake.survey, frame, is_for_all: true },
            // It can be read no more, and what was read of it told nothing.
            Err(_) => {
                let survey = survey_of(source, options);
                let frame = settle(&survey, &options.stated);
                Self { survey, frame, is_for_all: true }
            }
        }
    }

    /// Whether it places a record's line.
    pub(super) fn is_for(&self, record: &Record<'_>) -> bool {
        let is_dated = record.stamp.is_none_or(|stamp| stamp.year_known);
        // A long name may be that of a node with a short one.
        let is_named = self.survey.node.is_some() || record.host.is_none_or(|host| !host.contains(&b'.'));
        self.is_for_all || (is_dated && is_named)
    }
}

#[cfg(test)]
mod tests {
    use super::Settled;
    use crate::input::{self, Error, Source};
    use crate::pipeline::events::{Options, Told, tell, tell_twice_read};
    use crate::report::events::{EventLine, write_event};
    use std::io::Write;
    use std::path::Path;

    type Telling = fn(&Source, &Options, &mut dyn FnMut(&EventLine<'_>)) -> Result<Told, Error>;

    fn told(source: &Source, options: &Options, telling: Telling) -> String {
        let mut out = Vec::new();
        let told = telling(source, options, &mut |event| write_event(event, &mut out).expect("a Vec takes all"));
        let source = told.map(|told| told.source).map_err(|error| error.to_string());
        format!("{}{source:?}", String::from_utf8_lossy(&out))
    }

    /// Whether a source is read once (`Some`), and all of its lines were looked at before.
    fn settles(source: &Source, options: &Options) -> Option<bool> {
        let (once, twice) = (told(source, options, tell), told(source, options, tell_twice_read));
        assert!(once == twice, "{}: {once}\nis not\n{twice}", source.path);
        Settled::before_reading(source, options).map(|settled| settled.is_for_all)
    }

    fn settles_text(text: &str, options: &Options) -> Option<bool> {
        let mut file = tempfile::NamedTempFile::new().expect("a scratch file");
        file.write_all(text.as_bytes()).expect("room for a few lines");
        settles(&Source::file(file.path(), None), options)
    }

    #[test]
    fn what_is_read_once_is_what_is_read_twice() {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let sources = input::expand(&[samples.into_os_string()]).sources;
        assert!(sources.len() > 30);
        let once = sources.iter().filter(|source| settles(source, &Options::default()).is_some()).count();
        assert!(once > 0, "none of {}", sources.len());
    }

    const FAILED: &str = "XFR-in zone: 'example.com', primary: '192.0.2.10', unable to xfr zone (ResolverException): Timeout (This was attempt number 1. Excluding zone from slave-checks until ";

    /// 40 lines; the year that the last one's epoch tells.
    fn log(last: &str, last_year: i32) -> String {
        let mut text = String::new();
        for line in 0..40 {
            let second = 10 + line;
            let epoch = if line < 39 || last_year == 2025 { 1_762_132_000 } else { 1_730_596_000 };
            let message = if line % 13 == 0 {
                format!("{FAILED}{epoch})")
            } else {
                "Domain 'example.com' is fresh (no DNSSEC), serial is 2025110300".to_owned()
            };
            text += &format!("Nov  3 01:00:{second} ns2 pdns_server[855]: {message}\n");
        }
        text + last
    }

    #[test]
    fn a_look_ahead_settles_what_no_later_line_can_change() {
        let fresh = "Domain 'example.com' is fresh (no DNSSEC), serial is 2026010300";
        let line = |head: &str| format!("{head} pdns_server[855]: {fresh}\n");
        let repeated = "Nov  3 01:00:59 ns2 last message repeated 3 times\n";
        let failed = format!("Nov  3 01:00:58 ns2 pdns_server[855]: {FAILED}1762132000)\n");
        for (last, expected) in [
            (String::new(), Some(true)),
            (line("Nov  4 01:00:00 ns2"), Some(true)),
            (line("Jan  4 01:00:00 ns2"), None),
            (line("Nov  4 01:00:00 ns3"), None),
            (line("2025-11-04T01:00:00Z ns2"), None),
            ("goes on\n".to_owned(), None),
            (repeated.to_owned(), None),
            (line("Nov  3 01:00:58 ns2") + repeated, Some(true)),
            (failed + repeated, None),
        ] {
            assert_eq!(settles_text(&log(&last, 2025), &Options::default()), expected, "{last}");
        }
    }

    #[test]
    fn epochs_that_contradict_each_other_are_counted() {
        assert_eq!(settles_text(&log("", 2024), &Options::default()), None);
        let stated = Options {
            stated: crate::timeline::Stated { years: [(None, 2021)].into(), ..Default::default() },
            ..Options::default()
        };
        assert_eq!(settles_text(&log("", 2024), &stated), None);
        let serials = log("", 2025).replace("until", "at");
        assert_eq!(settles_text(&serials, &Options::default()), None);
        assert_eq!(settles_text(&serials, &stated), Some(true));
    }

    #[test]
    fn lines_that_place_themselves_need_no_look_ahead() {
        let dated = log("", 2025).replace("Nov  3 ", "2025-11-03T").replace(" ns2", "Z ns2");
        assert_eq!(settles_text(&dated, &Options::default()), Some(false));
        // The rest is settled when it is needed.
        assert_eq!(settles_text(&(dated.clone() + &log("", 2025)), &Options::default()), Some(false));
        let long = dated.replace(" ns2", " ns2.example");
        assert_eq!(settles_text(&(long + &dated), &Options::default()), Some(false));
    }
}
