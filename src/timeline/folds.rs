//! Local times that a clock change doubles or skips, where stamps name no offset.

use super::year::Calendar;
use super::{Frame, Survey, in_year};
use crate::event::Text;
use crate::report::Caveat;
use chrono::{Duration, LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// What a change of clocks did to a local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Doubled,
    Skipped,
}

/// Says which lines of a source stand in an hour that their zone had twice, or not at all.
pub(super) fn note(survey: &Survey, calendar: &Calendar, frame: &mut Frame) {
    let nodes: BTreeSet<Text> = survey.zoneless_hosts().map(|host| frame.names.of_host(survey, host).clone()).collect();
    let mut zones = BTreeMap::<&str, (Tz, Text)>::new();
    for node in nodes {
        let zone = frame.stated.zone(Some(&node));
        if zone != Tz::UTC {
            zones.entry(zone.name()).or_insert((zone, node));
        }
    }
    for (zone, node) in zones.into_values() {
        for ((change, day), (from, to, lines)) in changed(survey, calendar, zone) {
            let (day, from, to) = (day.format("%Y-%m-%d"), from.format("%H:%M"), to.format("%H:%M"));
            let verb = if lines == 1 { "line stands" } else { "lines stand" };
            let text = match change {
                Change::Doubled => format!(
                    "{}: {lines} {verb} between {from} and {to} of {day}, which {zone} had twice: read as the first time, and perhaps an \
                     hour later.",
                    survey.path
                ),
                Change::Skipped => format!(
                    "{}: {lines} {verb} between {from} and {to} of {day}, which {zone} skipped: the zone is not the one the stamps are in, or \
                     the clock was set late.",
                    survey.path
                ),
            };
            frame.caveats.push(Caveat { kind: "clock-change", node: Some(node.clone()), text });
        }
    }
}

type Changed = BTreeMap<(Change, chrono::NaiveDate), (NaiveDateTime, NaiveDateTime, u64)>;

fn changed(survey: &Survey, calendar: &Calendar, zone: Tz) -> Changed {
    let mut found = Changed::new();
    for (crossed, written, lines) in survey.half_hours() {
        // The year of stamps that have one is their own.
        let local = if survey.is_yearless() { in_year(written, calendar.year_after(crossed)) } else { Some(written) };
        let Some(local) = local else { continue };
        let change = match zone.from_local_datetime(&local) {
            LocalResult::Single(_) => continue,
            LocalResult::Ambiguous(..) => Change::Doubled,
            LocalResult::None => Change::Skipped,
        };
        let end = local + Duration::minutes(30);
        let known = found.entry((change, local.date())).or_insert((local, end, 0));
        *known = (known.0.min(local), known.1.max(end), known.2 + lines);
    }
    found
}
