//! The evidence of a block in order of time, silences and dates between its rows, and the list that leads from each number to its lines.

use super::blocks::Block;
use super::columns::{Cells, Layout};
use super::page::Page;
use super::words::{self, columns, pad, visible};
use crate::event::{Event, Origin, Text};
use crate::finding::{Evidence, Role};
use crate::moment::Moment;
use std::io::{self, Write};

/// From here on a silence is said: ten quiet days must not look like ten quiet minutes.
pub(super) const SILENCE_MICROS_MIN: i64 = 3_600_000_000;
/// Rows on a terminal before supporting ones are left to the other formats; in a pipe there are all.
const ROWS_MAX: usize = 48;
/// Rows of one block in a document: a browser and a reader have an end. JSON has all.
const DOCUMENT_ROWS_MAX: usize = 500;
/// Places named for one row on a terminal; all of them in a pipe.
const PLACES_MAX: usize = 3;

/// The rows of a block, and how many were left out.
pub(super) struct Timeline<'a> {
    rows: Vec<Row<'a>>,
    pub(super) left_out: usize,
}

/// A row for documents: all its words fit to read, none of them escaped for a format.
pub(super) struct Entry<'a> {
    /// As the references count.
    pub(super) number: usize,
    pub(super) time: Moment,
    /// The last of its lines.
    pub(super) last: Moment,
    pub(super) node: &'a Text,
    pub(super) role: Role,
    pub(super) what: String,
    pub(super) proves: String,
    /// `dnsmaster.log:1-2`.
    pub(super) places: String,
    pub(super) lines: Vec<&'a Event>,
    /// The silence before it, where it is long enough to be said.
    pub(super) silence: Option<String>,
}

/// One line of evidence, or several in a row that say the same.
struct Row<'a> {
    first: &'a Evidence,
    /// The lines themselves, as far as they are known.
    lines: Vec<&'a Event>,
    /// Weight in this block: what a finding told inside rests on only supports the leading one.
    role: Role,
    places: Vec<&'a Origin>,
    /// Lines that are counted without their places being known.
    more: u64,
    times: u64,
    last: Moment,
    number: usize,
}

impl<'a> Timeline<'a> {
    /// As the page has room for.
    pub(super) fn new(block: &Block<'a>, page: &Page<'_>) -> Self {
        Self::of(block, page, page.look.width.map_or(usize::MAX, |_| ROWS_MAX))
    }

    /// As a document has room for.
    pub(super) fn of_document(block: &Block<'a>, page: &Page<'_>) -> Self {
        Self::of(block, page, DOCUMENT_ROWS_MAX)
    }

    fn of(block: &Block<'a>, page: &Page<'_>, rows_max: usize) -> Self {
        let mut rows: Vec<Row<'a>> = Vec::new();
        for (evidence, role) in gather(block) {
            match rows.last_mut() {
                Some(row) if row.continues_with(evidence, page) => row.absorb(evidence, role),
                _ => rows.push(Row::new(evidence, role)),
            }
        }
        let left_out = thin_out(&mut rows, rows_max);
        for (at, row) in rows.iter_mut().enumerate() {
            row.number = at + 1;
        }
        Self { rows, left_out }
    }

    /// All rows, for formats that have room for them.
    pub(super) fn entries(&self, page: &Page<'_>) -> Vec<Entry<'a>> {
        let mut end: Option<Moment> = None;
        let mut entries = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let time = row.first.event.time;
            let silence = end.filter(|end| time.micros_since(*end) >= SILENCE_MICROS_MIN);
            entries.push(Entry {
                number: row.number,
                time,
                last: row.last,
                node: &row.first.event.node,
                role: row.role,
                what: row.what(page),
                proves: page.said(&row.first.proves),
                places: row.places(false),
                lines: row.lines.clone(),
                silence: silence.map(|end| words::duration(end, time)),
            });
            end = end.max(Some(row.last));
        }
        entries
    }

    /// `[8] what speaks against it`, a paragraph each.
    pub(super) fn against(&self, page: &Page<'_>) -> Vec<String> {
        let against = self.rows.iter().filter(|row| row.role == Role::Against);
        against.map(|row| format!("[{}] {}", row.number, page.said(&row.first.proves))).collect()
    }

    /// The rows, with dates and silences between them.
    pub(super) fn write(&self, page: &mut Page<'_>) {
        let rows: Vec<Cells> = self.rows.iter().map(|row| row.cells(page)).collect();
        let layout = Layout::new(&rows, page);
        layout.write_header(page);
        let mut day = String::new();
        let mut end: Option<Moment> = None;
        let mut written = 0;
        for (at, row) in self.rows.iter().enumerate() {
            let silence = end.filter(|end| row.first.event.time.micros_since(*end) >= SILENCE_MICROS_MIN);
            let date = words::date(row.first.event.time, page.look.zone);
            if silence.is_some() || date != day {
                layout.write(&rows[written..at], page);
                written = at;
            }
            if let Some(end) = silence {
                let silent = words::duration(end, row.first.event.time);
                page.line(&format!("      {silent} without a line told here"));
            }
            if date != day {
                page.line(&format!("  {date}"));
                day = date;
            }
            end = end.max(Some(row.last));
        }
        layout.write(&rows[written..], page);
        if self.left_out > 0 {
            let lines = words::count(self.left_out, "more row", "more rows");
            page.line(&format!("      {lines} among these not shown on a terminal: a pipe or --format json has them"));
        }
    }

    /// From each number to its lines, and what they prove. Handed over row by row: there may be a hundred thousand.
    pub(super) fn write_references(&self, page: &mut Page<'_>, out: &mut dyn Write) -> io::Result<()> {
        let places: Vec<String> = self.rows.iter().map(|row| row.places(page.width().is_some())).collect();
        let number_columns = self.rows.last().map_or(0, |row| columns(&row.tag()));
        let third = page.width().map_or(usize::MAX, |width| width / 3);
        let place_columns = places.iter().map(|place| columns(place)).filter(|wide| *wide <= third).max().unwrap_or(0);
        for (row, place) in self.rows.iter().zip(&places) {
            let first = format!("  {} {}", pad(&row.tag(), number_columns), pad(place, place_columns));
            let indent = 2 + number_columns + 1 + place_columns + 2;
            let proves = page.said(&row.first.proves);
            if columns(place) > place_columns {
                // A path is never broken: it is there to be copied.
                page.line(&first);
                page.hang(&format!("{:indent$}", ""), indent, &proves);
            } else {
                page.hang(&format!("{first}  "), indent, &proves);
            }
            page.give(out)?;
        }
        Ok(())
    }
}

/// Leaves `most` rows: supporting ones go first, and of too many decisive ones those in the middle. Says how many went.
fn thin_out(rows: &mut Vec<Row<'_>>, most: usize) -> usize {
    let all = rows.len();
    if all <= most {
        return 0;
    }
    let decisive = rows.iter().filter(|row| row.role != Role::Supporting).count();
    let mut room = most.saturating_sub(decisive);
    // How it began tells more than how it went on, and how it ended must not be lost.
    let last = if decisive > most { most / 4 } else { 0 };
    let middle = if decisive > most { most - last..decisive - last } else { 0..0 };
    let mut at = 0;
    rows.retain(|row| {
        if row.role == Role::Supporting {
            let is_kept = room > 0;
            room = room.saturating_sub(1);
            return is_kept;
        }
        at += 1;
        !middle.contains(&(at - 1))
    });
    all - rows.len()
}

/// All lines of a block in order of time, each once, with its role for the leading finding.
fn gather<'a>(block: &Block<'a>) -> Vec<(&'a Evidence, Role)> {
    let mut gathered: Vec<(&Evidence, Role)> = block.evidence().collect();
    gathered.sort_by(|(a, _), (b, _)| {
        let key = |e: &'a Evidence| (e.event.time.micros, &e.event.node, &e.event.origin);
        key(a).cmp(&key(b))
    });
    // The sort is stable, so of one line told twice the leading finding's words stay.
    gathered.dedup_by(|(later, _), (kept, _)| later.event == kept.event);
    gathered
}

impl<'a> Row<'a> {
    fn new(evidence: &'a Evidence, role: Role) -> Self {
        // What a folded line stands for is among them.
        let times = 1 + evidence.more;
        let last = evidence.last.unwrap_or(evidence.event.time).max(evidence.event.time);
        Self {
            first: evidence,
            role,
            lines: vec![&evidence.event],
            places: vec![&evidence.event.origin],
            more: evidence.more,
            times,
            last,
            number: 0,
        }
    }

    fn continues_with(&self, evidence: &Evidence, page: &Page<'_>) -> bool {
        let (ours, theirs) = (&self.first.event, &evidence.event);
        ours.node == theirs.node
            && self.first.brief == evidence.brief
            && self.first.proves == evidence.proves
            && theirs.time.micros_since(self.last) < SILENCE_MICROS_MIN
            && words::date(ours.time, page.look.zone) == words::date(theirs.time, page.look.zone)
    }

    fn absorb(&mut self, evidence: &'a Evidence, role: Role) {
        let other = Self::new(evidence, role);
        self.role = self.role.min(role);
        self.lines.extend(other.lines);
        self.places.extend(other.places);
        self.more += other.more;
        self.times += other.times;
        self.last = self.last.max(other.last);
    }

    fn tag(&self) -> String {
        format!("[{}]", self.number)
    }

    fn cells(&self, page: &Page<'_>) -> Cells {
        Cells {
            clock: words::clock(self.first.event.time, page.look.zone),
            number: self.tag(),
            node: visible(&self.first.event.node).into_owned(),
            what: self.what(page),
        }
    }

    /// `MASTER, opens master.sh`, with ` (2 times, to :16)` for repeats.
    fn what(&self, page: &Page<'_>) -> String {
        let brief = page.said(&self.first.brief);
        let brief = if brief.is_empty() { self.first.event.id.to_owned() } else { brief };
        let from = self.first.event.time;
        match self.times {
            1 => brief,
            times if self.last == from => format!("{brief} ({times} times)"),
            times => format!("{brief} ({times} times, to {})", words::shortest_after(from, self.last, page.look.zone)),
        }
    }

    /// `dnsmaster.log:1-2`.
    fn places(&self, short: bool) -> String {
        let mut named: Vec<String> = Vec::new();
        let mut unnamed = self.more;
        let mut at = 0;
        while let Some(first) = self.places.get(at) {
            let mut end = at;
            while self.places.get(end + 1).is_some_and(|next| follows(self.places[end], next)) {
                end += 1;
            }
            if short && named.len() == PLACES_MAX {
                unnamed += (end - at + 1) as u64;
            } else {
                let same_path = at > 0 && self.places[at - 1].path == first.path;
                named.push(place(first, self.places[end], same_path));
            }
            at = end + 1;
        }
        let named = named.join(", ");
        if unnamed == 0 { named } else { format!("{named} and {unnamed} more") }
    }
}

fn follows(one: &Origin, next: &Origin) -> bool {
    one.path == next.path && one.line.is_some_and(|line| next.line == line.checked_add(1))
}

fn place(first: &Origin, end: &Origin, same_path: bool) -> String {
    let path = if same_path { "".into() } else { visible(&first.path) };
    let colon = if same_path { "" } else { ":" };
    match (first.line, end.line, &first.cursor) {
        (Some(from), Some(to), _) if from != to => format!("{path}{colon}{from}-{to}"),
        (Some(line), ..) => format!("{path}{colon}{line}"),
        (None, _, Some(cursor)) => format!("{path}{}{}", if same_path { "" } else { " " }, entry(cursor)),
        (None, _, None) => path.into_owned(),
    }
}

/// `i=4f3690`: the sequence number of a journal's entry; the rest of a cursor (130 characters) is in the JSON.
fn entry(cursor: &Text) -> String {
    let number = cursor.split(';').find(|part| part.starts_with("i="));
    visible(number.unwrap_or(cursor)).into_owned()
}
