//! The year of stamps that have none.
//!
//! In order of weight: what the operator states; an epoch in the log's own text (exact); the days that `journalctl` names in its first
//! line; dated logs of the set; date-coded SOA
//! serials (a floor, the newest of the set counts); the file's own time of writing. Banners are floors too, but years old.

use super::names::Names;
use super::{DateHint, Stated, Survey, in_year};
use crate::event::Text;
use crate::record::Stamp;
use crate::report::Caveat;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use std::collections::{BTreeMap, BTreeSet};

/// A stamp this much earlier than the one before it in the file has crossed New Year; less is disorder.
const ROLLOVER_DAYS: i64 = 182;
/// A serial is dated by an operator's local calendar: it may be a day ahead of UTC.
const SERIAL_SLACK_DAYS: i64 = 1;
/// Leap years are at most this far apart (1896 and 1904).
const LEAP_YEARS_APART: i32 = 8;
/// How many serials a caveat quotes.
const QUOTED_SERIALS: usize = 2;

/// The years of one source's stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calendar {
    /// Year of the first stamp.
    pub(super) first_year: i32,
    start: Option<NaiveDateTime>,
    years_crossed: i32,
    lead: i32,
}

impl Calendar {
    pub(super) fn walker(&self) -> Walker {
        Walker { first_year: self.first_year, year: self.first_year, latest: self.start }
    }

    /// Year of a line before which the survey counted so many New Years.
    pub(super) fn year_after(&self, crossed: i32) -> i32 {
        self.first_year + self.lead + crossed
    }

    /// Year of the source's last stamp.
    pub(super) fn last_year(&self) -> i32 {
        self.first_year + self.years_crossed
    }
}

/// Follows a source's stamps over New Year.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Walker {
    first_year: i32,
    year: i32,
    latest: Option<NaiveDateTime>,
}

impl Walker {
    /// One that counts years from 0.
    pub(super) fn from_start() -> Self {
        Self { first_year: 0, year: 0, latest: None }
    }

    /// New Years crossed so far.
    pub(super) fn crossed(&self) -> i32 {
        self.year - self.first_year
    }

    pub(super) fn year_of(&mut self, stamp: &Stamp) -> i32 {
        if stamp.year_known {
            return stamp.written.year();
        }
        if let Some(latest) = self.latest {
            // The difference of dates is dear, and mostly there is none.
            let is_same_day = stamp.written.date() == latest.date();
            let days = if is_same_day { 0 } else { (stamp.written - latest).num_days() };
            if days < -ROLLOVER_DAYS {
                self.year += 1;
            } else if days > ROLLOVER_DAYS {
                // A late line from before New Year.
                return self.year - 1;
            } else if stamp.written < latest {
                return self.year;
            }
        }
        self.latest = Some(stamp.written);
        self.year
    }
}

/// What a yearless source tells about its own year.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Clues {
    /// First stamp of any line.
    pub(super) start: Option<NaiveDateTime>,
    /// First stamp of a line of the daemons: New Years are counted from there.
    pub(super) noted: Option<Stamp>,
    /// New Years between the two.
    pub(super) lead: i32,
    pub(super) end: Option<(i32, NaiveDateTime)>,
    pub(super) years_crossed: i32,
    /// First years that an epoch in the text demands, and how many lines demand them.
    exact: BTreeMap<i32, u64>,
    /// Smallest first year that serials allow.
    floor: Option<i32>,
    /// Smallest first year that banners allow.
    banner_floor: Option<i32>,
    /// The newest serials.
    serials: BTreeSet<u32>,
    /// How many New Years lay before the first line of a 29 February.
    leap_day_after: Option<i32>,
}

impl Clues {
    /// Takes what a line's text says about its date.
    pub(super) fn take_hint(&mut self, written: NaiveDateTime, crossed: i32, hint: Option<DateHint>) {
        self.note_leap_day(written, crossed);
        match hint {
            Some(DateHint::Exact(epoch)) => {
                if let Some(year) = year_by_epoch(written, epoch) {
                    *self.exact.entry(year - crossed).or_default() += 1;
                }
            }
            Some(DateHint::Serial(serial)) => {
                let Some(date) = serial_date(serial) else { return };
                let is_quoted = self.serials.len() < QUOTED_SERIALS || self.serials.first() < Some(&serial);
                if is_quoted && self.serials.insert(serial) && self.serials.len() > QUOTED_SERIALS {
                    self.serials.pop_first();
                }
                self.floor = self.floor.max(Some(first_year_not_before(written, date) - crossed));
            }
            Some(DateHint::Banner(year)) => self.banner_floor = self.banner_floor.max(Some(year - crossed)),
            None => {}
        }
    }

    /// Counts the New Years between the first stamp of any line and the first of the daemons'.
    pub(super) fn take_lead(&mut self) {
        let Some((start, noted)) = self.start.zip(self.noted) else { return };
        let mut walker = Walker { latest: Some(start), ..Walker::from_start() };
        // A log of others may begin half a year earlier: that is no line from before New Year.
        self.lead = walker.year_of(&noted).max(0);
    }

    /// Takes a stamp: a 29 February is in leap years only.
    pub(super) fn note_leap_day(&mut self, written: NaiveDateTime, crossed: i32) {
        if written.month() == 2 && written.day() == 29 {
            self.leap_day_after.get_or_insert(crossed);
        }
    }

    /// Whether all its days exist if the first stamp is of this year.
    fn fits(&self, first_year: i32) -> bool {
        let exists = |crossed| NaiveDate::from_ymd_opt(first_year + self.lead + crossed, 2, 29).is_some();
        self.leap_day_after.is_none_or(exists)
    }

    /// The first year, from the serials' and banners' on, in which all its days exist. Banners alone are years old and no estimate.
    fn earliest(&self) -> Option<i32> {
        self.floor?;
        self.not_before()
    }

    /// The same, by banners alone where there is nothing else.
    fn not_before(&self) -> Option<i32> {
        let floor = self.floor.max(self.banner_floor)? - self.lead;
        (floor..floor + LEAP_YEARS_APART).find(|year| self.fits(*year))
    }

    pub(super) fn years_demanded(&self) -> usize {
        self.exact.len()
    }

    fn demanded(&self) -> Option<i32> {
        let year = self.exact.iter().max_by_key(|(year, count)| (**count, std::cmp::Reverse(**year)));
        year.map(|(year, _)| *year - self.lead)
    }
}

/// Settles each source's calendar, in the order given.
pub(super) fn resolve(surveys: &[Survey], names: &Names, stated: &Stated, caveats: &mut Vec<Caveat>) -> Vec<Calendar> {
    let whole: Vec<&Survey> = surveys.iter().map(Survey::whole).collect();
    let dated = reference_of_dated(&whole);
    let is_told = |survey: &Survey| survey.clues.demanded().or_else(|| within(&survey.clues, survey.covers));
    let exact_span = whole.iter().filter_map(|survey| span(&survey.clues, is_told(survey)?)).fold(dated, widen);
    let floor_span =
        whole.iter().filter_map(|survey| span(&survey.clues, survey.clues.earliest()?)).max_by_key(|(_, end)| *end);

    let mut calendars = Vec::with_capacity(surveys.len());
    for (survey, read) in whole.into_iter().zip(surveys) {
        let clue = &survey.clues;
        let node =
            survey.node.clone().or_else(|| survey.hosts().next().map(|host| names.of_host(survey, host).clone()));
        let (year, reason) = if let Some(year) = stated_year(stated, node.as_ref()) {
            (year, None)
        } else if let Some(year) = clue.demanded() {
            (year, Some("epochs in its lines (exact)".to_owned()))
        } else if let Some(year) = within(clue, survey.covers) {
            (year, Some("the days between which its journal reaches, by journalctl's first line".to_owned()))
        } else if let Some(reference) = exact_span {
            (nearest(clue, reference), Some("the dated lines of the set".to_owned()))
        } else if let (Some(floor), Some(reference)) = (clue.earliest(), floor_span) {
            (nearest(clue, reference).max(floor), Some(serial_reason(clue)))
        } else if let Some(reference) = floor_span {
            (nearest(clue, reference), Some("the SOA serials of the set's other logs".to_owned()))
        } else if let Some(year) = by_modification(clue, survey.modified) {
            (year, Some("the time the file was last written, for want of anything better".to_owned()))
        } else {
            (leap_near(clue, 1970), Some("nothing: no line and no file of the set tells it".to_owned()))
        };
        if !clue.fits(year) {
            let text = format!("{}: 29 February is not in {year}; its lines could not be placed in time.", survey.path);
            caveats.push(Caveat { kind: "undated", node: node.clone(), text });
        }
        if let (true, Some(reason)) = (survey.is_yearless(), reason) {
            let text =
                format!("the stamps have none; {year} is inferred from {reason} (--year [NODE=]YEAR states it).");
            caveats.push(Caveat { kind: "year-inferred", node: node.or_else(|| Some(survey.path.clone())), text });
        }
        let Clues { start, noted, years_crossed, .. } = read.clues;
        let noted = noted.map(|stamp| stamp.written).filter(|_| clue.lead == 0);
        calendars.push(Calendar { first_year: year, start: noted.or(start), years_crossed, lead: clue.lead });
    }
    caveats.sort();
    caveats.dedup();
    calendars
}

/// Date coded as YYYYMMDDnn, if it is one.
pub(super) fn serial_date(serial: u32) -> Option<NaiveDate> {
    let (year, month, day) = (serial / 1_000_000, serial / 10_000 % 100, serial / 100 % 100);
    if !(1990..=2199).contains(&year) {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn first_year_not_before(written: NaiveDateTime, floor: NaiveDate) -> i32 {
    let same_year = in_year(written, floor.year()).map_or(floor, |time| time.date());
    if (same_year - floor).num_days() >= -SERIAL_SLACK_DAYS { floor.year() } else { floor.year() + 1 }
}

fn year_by_epoch(written: NaiveDateTime, epoch: i64) -> Option<i32> {
    let told = DateTime::from_timestamp(epoch, 0)?.naive_utc();
    (told.year() - 1..=told.year() + 1)
        .filter_map(|year| in_year(written, year).map(|time| ((time - told).num_seconds().abs(), year)))
        .min()
        .map(|(_, year)| year)
}

type Stretch<T = NaiveDateTime> = (T, T);

fn widen(known: Option<Stretch>, new: Stretch) -> Option<Stretch> {
    Some(known.map_or(new, |(from, to)| (from.min(new.0), to.max(new.1))))
}

fn span(clue: &Clues, first_year: i32) -> Option<Stretch> {
    let from = in_year(clue.start?, first_year)?;
    let to = clue.end.and_then(|(crossed, end)| in_year(end, first_year + clue.lead + crossed)).unwrap_or(from);
    Some((from.min(to), from.max(to)))
}

fn reference_of_dated(surveys: &[&Survey]) -> Option<Stretch> {
    let stamps = surveys.iter().flat_map(|survey| survey.first.into_iter().chain(survey.last));
    stamps.filter(|stamp| stamp.year_known).map(|stamp| (stamp.written, stamp.written)).fold(None, widen)
}

/// The latest first year with which all lines are of the days that the journal reached to; its first line is in local time.
fn within(clue: &Clues, covers: Option<Stretch<NaiveDate>>) -> Option<i32> {
    let (begin, end) = covers?;
    let slack = chrono::Days::new(1);
    let (begin, end) = (begin.checked_sub_days(slack)?, end.checked_add_days(slack)?);
    let is_inside = |year: &i32| span(clue, *year).is_some_and(|(from, to)| begin <= from.date() && to.date() <= end);
    (begin.year()..=end.year()).rev().filter(|year| clue.fits(*year)).find(is_inside)
}

/// The first year that brings a log closest to `reference`; the earlier of two equally close.
fn nearest(clue: &Clues, reference: Stretch) -> i32 {
    let candidates = reference.0.year() - LEAP_YEARS_APART..=reference.1.year() + LEAP_YEARS_APART;
    candidates
        .filter(|year| clue.fits(*year))
        .filter_map(|year| {
            let (from, to) = span(clue, year)?;
            let gap = (from - reference.1).max(reference.0 - to).num_seconds().max(0);
            Some((gap, year))
        })
        .min()
        .map_or(reference.1.year(), |(_, year)| year)
}

fn by_modification(clue: &Clues, modified: Option<i64>) -> Option<i32> {
    let modified = DateTime::from_timestamp(modified?, 0)?.naive_utc() + chrono::Duration::days(1);
    let is_written = |first_year: &i32| span(clue, *first_year).is_some_and(|(_, end)| end <= modified);
    let newest = modified.year() - clue.years_crossed;
    let first_year = (newest - LEAP_YEARS_APART..=newest).rev().filter(|year| clue.fits(*year)).find(is_written);
    // A file cannot be older than the programs that wrote it; then its time of writing is wrong.
    first_year.max(clue.not_before())
}

fn leap_near(clue: &Clues, year: i32) -> i32 {
    (0..LEAP_YEARS_APART).map(|step| year - step).find(|year| clue.fits(*year)).unwrap_or(year)
}

fn stated_year(stated: &Stated, node: Option<&Text>) -> Option<i32> {
    node.and_then(|node| stated.years.get(&Some(node.clone()))).or_else(|| stated.years.get(&None)).copied()
}

fn serial_reason(clue: &Clues) -> String {
    if let Some(banner) = clue.banner_floor.filter(|banner| clue.floor.is_none_or(|floor| floor < *banner)) {
        return format!(
            "the {banner} in a daemon's banner, which is later than the SOA serials (it may be later still)"
        );
    }
    let newest: Vec<String> = clue.serials.iter().rev().map(u32::to_string).collect();
    match newest.as_slice() {
        [] => "the newest date named in the set (it may be later)".to_owned(),
        [one] => format!("the SOA serial {one} (it may be later)"),
        several => format!("the SOA serials {} (it may be later)", several.join(" and ")),
    }
}
