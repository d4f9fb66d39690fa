//! What is told of one line again is not worked out again: whoever forgets the line above must come to the same.

use super::{Line, Stated, Survey, settle};
use crate::event::{Fact, Pdns, Text};
use crate::moment::Precision;
use crate::record::Stamp;
use crate::version::VersionRange;
use chrono::NaiveDate;
use proptest::prelude::*;

fn any_stamp() -> impl Strategy<Value = Stamp> {
    let day = prop::sample::select(vec![(12, 31), (1, 1), (2, 29), (1, 1)]);
    let offset = prop::sample::select(vec![None, None, Some(3600)]);
    (day, 0..3_u32, any::<bool>(), offset).prop_map(|((month, day), second, year_known, offset_seconds)| {
        let date = NaiveDate::from_ymd_opt(2000, month, day).expect("a day");
        let written = date.and_hms_opt(23, 29 + second, 59).expect("a time of day");
        Stamp { written, year_known, offset_seconds, precision: Precision::Second }
    })
}

fn any_line() -> impl Strategy<Value = Line> {
    let fact = prop_oneof![Just(Fact::Other), Just(Fact::Pdns(Pdns::Started { version: None }))];
    let id = prop::sample::select(vec!["pdns/ready", "keepalived/state-master", "systemd/unit-started"]);
    let host = prop::sample::select(vec![None, Some(Text::from("ns1")), Some(Text::from("ns2"))]);
    let versions = prop::sample::select(vec!["..", "4.1.0..", "..=4.0.0"]);
    (fact, id, host, versions, prop::option::weighted(0.9, any_stamp())).prop_map(
        |(fact, id, host, versions, stamp)| {
            let versions = VersionRange::parse(versions);
            let (pid, repeated, line, cursor, raw, hint) = (None, 1, None, None, Text::from(""), None);
            Line { id, fact, stamp, host, pid, repeated, line, cursor, raw, hint, versions }
        },
    )
}

/// Lines, each a few times in a row.
fn any_lines() -> impl Strategy<Value = Vec<Line>> {
    let runs = prop::collection::vec((any_line(), 1..4_usize), 1..30);
    runs.prop_map(|runs| runs.into_iter().flat_map(|(line, times)| vec![line; times]).collect())
}

proptest! {
    #[test]
    fn a_line_as_the_one_above_tells_the_same(lines in any_lines(), is_alone in any::<bool>()) {
        let new = || Survey::new("log".into(), None);
        let (mut survey, mut forgetful) = (new(), new());
        if is_alone {
            survey.is_of_a_node_alone();
            forgetful.is_of_a_node_alone();
        }
        for line in &lines {
            forgetful.again = None;
            prop_assert_eq!(survey.note(line), forgetful.note(line));
        }
        (survey.again, forgetful.again) = (None, None);
        let stamps: Vec<Stamp> = lines.iter().filter_map(|line| line.stamp).collect();
        for survey in [&mut survey, &mut forgetful] {
            survey.finish(stamps.first().copied(), stamps.last().copied(), None);
        }
        prop_assert_eq!(format!("{survey:?}"), format!("{forgetful:?}"));

        let surveys = [survey];
        let frame = settle(&surveys, &Stated::default());
        let (mut placer, mut forgetful) = (frame.placer(0, &surveys[0]), frame.placer(0, &surveys[0]));
        for line in lines {
            forgetful.last = None;
            prop_assert_eq!(placer.place(line.clone()), forgetful.place(line));
        }
    }
}
