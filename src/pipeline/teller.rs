//! Records → the events that are told of them.

use super::events::Options;
use super::intake::Reader;
use super::kept::{Kept, keep_text};
use super::listener::{Heard, Hearing, Listener, id_of};
use crate::catalogue::{self, Fields};
use crate::event::Text;
use crate::record::{Record, Stamp};
use crate::report::events::{EventLine, Field};
use crate::timeline::{Frame, Placed, Placer, Survey};

/// Turns the records of a source whose years and nodes are settled into events.
pub(super) struct Teller<'a> {
    placer: Placer<'a>,
    listener: Listener,
    /// The last record: what a folded repeat repeats.
    last: Kept,
    /// The last line's host.
    host: Option<Text>,
    /// Stamp and host of the last line, and where they place it: many lines are written in one second.
    at: Option<(Option<Stamp>, Option<Text>, Placed)>,
    /// Room for the next line's fields.
    room: Fields<'static>,
    mouth: Mouth<'a>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(frame: &'a Frame, survey: &'a Survey, options: &'a Options) -> Self {
        let listener = Listener::new(options.patterns.clone());
        let (last, room) = (Kept::default(), Fields::default());
        let mouth = Mouth { options, path: &survey.path, told: 0, room: Vec::new() };
        Self { placer: frame.placer(0, survey), listener, last, host: None, at: None, room, mouth }
    }

    /// Events told, strangers' not counted.
    pub(super) fn told(&self) -> u64 {
        self.mouth.told
    }

    /// Places lines by another frame from now on, where no line told so far rests on either.
    pub(super) fn settle(&mut self, frame: &'a Frame, survey: &'a Survey) {
        self.placer = frame.placer(0, survey);
        self.at = None;
    }

    /// Tells the next record of a source that was surveyed.
    pub(super) fn tell(&mut self, record: &Record<'_>, each: &mut dyn FnMut(&EventLine<'_>)) {
        if record.is_folded_repeat() {
            if self.last.line + 1 != record.line {
                return;
            }
            self.last.line = record.line;
            let last = std::mem::take(&mut self.last);
            self.event(&repeated(&last, record), each);
            self.last = last;
            return;
        }
        self.event(record, each);
        if !record.stands_alone {
            self.last.set(record);
        }
    }

    /// Tells the next record of a source that is surveyed meanwhile by `reader`, which hears for both. Nothing is told of strangers.
    pub(super) fn tell_and_note(
        &mut self,
        record: &Record<'_>,
        reader: &mut Reader,
        survey: &mut Survey,
        each: &mut dyn FnMut(&EventLine<'_>),
    ) {
        if record.is_folded_repeat() {
            let last = reader.last.clone().filter(|last| last.line + 1 == record.line);
            reader.record(record, &mut |line| {
                survey.note(&line);
            });
            if let Some(last) = last {
                self.listener.set_speaker(reader.listener.speaker());
                self.event(&repeated(&last, record), each);
            }
            return;
        }
        reader.hear(record, &mut |line, hearing, fields| {
            survey.note(line);
            let is_as_last = self.at.as_ref().is_some_and(|(at, host, _)| *at == line.stamp && *host == line.host);
            let (_, _, placed) = match &mut self.at {
                Some(at) if is_as_last => at,
                at => {
                    let placed = self.placer.when(line.stamp, line.host.as_ref(), true);
                    at.insert((line.stamp, line.host.clone(), placed))
                }
            };
            self.mouth.tell(record, hearing, fields, placed, each);
        });
    }

    fn event(&mut self, record: &Record<'_>, each: &mut dyn FnMut(&EventLine<'_>)) {
        let mut fields = std::mem::take(&mut self.room);
        self.event_in(record, &mut fields, each);
        self.room = fields.emptied();
    }

    fn event_in<'r>(&mut self, record: &Record<'r>, fields: &mut Fields<'r>, each: &mut dyn FnMut(&EventLine<'_>)) {
        let hearing = self.listener.hear(record, fields);
        // The walker follows every stamp that the survey followed.
        let is_surveyed = !matches!(hearing.what, Heard::Stranger);
        if is_surveyed || self.mouth.options.all {
            keep_text(&mut self.host, record.host);
            let placed = self.placer.when(record.stamp, self.host.as_ref(), is_surveyed);
            self.mouth.tell(record, &hearing, fields, &placed, each);
        }
    }
}

/// The record that a folded repeat of the last one stands for.
fn repeated<'r>(last: &'r Kept, record: &Record<'r>) -> Record<'r> {
    let last = last.borrowed();
    let again = Record { message: last.message, identifier: last.identifier, pid: last.pid, ..*record };
    Record { host: last.host, unit: last.unit, ..again }
}

/// Tells what was heard and placed.
struct Mouth<'a> {
    options: &'a Options,
    path: &'a Text,
    told: u64,
    /// Room for the next event's fields.
    room: Vec<Field<'static>>,
}

impl Mouth<'_> {
    fn tell(
        &mut self,
        record: &Record<'_>,
        hearing: &Hearing<'_, '_>,
        fields: &Fields<'_>,
        placed: &Placed,
        each: &mut dyn FnMut(&EventLine<'_>),
    ) {
        let after = self.options.since.is_none_or(|since| placed.time.is_some_and(|time| time.micros >= since.micros));
        let before = self.options.until.is_none_or(|until| placed.time.is_some_and(|time| time.micros <= until.micros));
        if !(after && before) {
            return;
        }
        let mut told = std::mem::take(&mut self.room);
        told.extend(told_fields(fields));
        let reason = matches!(hearing.what, Heard::Message(_)).then(|| catalogue::reason_in(fields)).flatten();
        let reason = reason.as_ref().map(|(message, fields)| (message.id, told_fields(fields).collect::<Vec<_>>()));
        self.told += u64::from(!matches!(hearing.what, Heard::Stranger));
        each(&EventLine {
            time: placed.time,
            assumes_year: placed.assumes_year,
            assumes_zone: placed.assumes_zone,
            node: &placed.node,
            program: hearing.identifier,
            pid: hearing.pid,
            event: id_of(&hearing.what),
            means: match hearing.what {
                Heard::Site(site) => Some(site.means().word()),
                Heard::Message(_) | Heard::Unrecognised(_) | Heard::Stranger => None,
            },
            fields: &told,
            reason: reason.as_ref().map(|(id, fields)| (*id, &fields[..])),
            repeated: record.repeated,
            path: self.path,
            line: record.cursor.is_none().then_some(record.line),
            entry: record.cursor.is_some().then_some(record.line),
            cursor: record.cursor,
            raw: record.raw,
        });
        self.room = emptied(told);
    }
}

fn told_fields<'a>(fields: &'a Fields<'_>) -> impl Iterator<Item = Field<'a>> {
    fields.iter().map(|(name, value)| {
        let may_be_number = value.first().is_some_and(|first| first.is_ascii_digit() || *first == b'-');
        Field { name, value, is_number: may_be_number && Fields::is_number(name) }
    })
}

/// Room for fields of another lifetime (the collecting is in place).
fn emptied(mut fields: Vec<Field<'_>>) -> Vec<Field<'static>> {
    fields.clear();
    fields.into_iter().map(|_| Field { name: "", value: b"", is_number: false }).collect()
}
