//! A source alone, read once: its lines flow from the reader through timeline and world while the survey goes on.
//!
//! What places a line is settled by the source's beginning, and at the end once more by all of it. Where the whole says otherwise
//! (another year, another host, stamps that go back), what has flowed is thrown away, and the source is read again as one of many.

use super::batch::Batch;
use super::intake::{self, Intake, is_listened_to};
use super::{BATCHES_AHEAD, Options};
use crate::event::{Event, Fact, Models};
use crate::input::{Error, Source};
use crate::record::Stamp;
use crate::timeline::{self, Frame, Line, Survey};
use crate::world::World;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Lines by which year and node are settled. A source that has no more is kept.
const BEGINNING_LINES: usize = 8192;

/// A world that the lines of one source flowed into, and what their places rest on.
#[derive(Debug)]
pub(super) struct Flowed {
    world: World,
    early: Survey,
    frame: Frame,
    first: Stamp,
}

impl Flowed {
    /// The world, if the whole source places its lines as its beginning did.
    pub(super) fn if_it_holds(self, frame: &Frame, survey: &Survey) -> Option<World> {
        let holds = self.frame.places_alike(&self.early, frame, survey, &self.first);
        holds.then_some(self.world)
    }
}

/// What came of reading a source once.
enum Taken {
    All(Box<Intake>, Option<Box<Flowed>>),
    /// It is no source that can flow, and its survey is not whole.
    Nothing,
}

/// Reads a source that is alone, and surveys it. Its lines are kept if they are few; else they have flowed into a world, if they can.
pub(super) fn take_in(source: &Source, options: &Options) -> Result<(Intake, Option<Box<Flowed>>), Error> {
    if source.can_be_read_again()
        && let Taken::All(intake, flowed) = flow(source, options, BEGINNING_LINES, intake::BATCH)?
    {
        return Ok((*intake, flowed));
    }
    Ok((intake::take_in(source, &options.patterns, &intake::Budget::default())?, None))
}

/// The beginning is more than `few` lines, in whole batches; no more are kept.
fn flow(source: &Source, options: &Options, few: usize, batch_lines: usize) -> Result<Taken, Error> {
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(BATCHES_AHEAD);
        let reading = scope.spawn(move || intake::read_lines(source, &options.patterns, batch_lines, &sender));
        let mut survey = Survey::new(source.path.clone(), source.node.clone());
        let mut beginning = Vec::new();
        while beginning.len() <= few {
            let Ok(Batch { lines, texts }) = receiver.recv() else { break };
            for (line, raw) in lines.into_iter().zip(texts.iter()) {
                if is_of_more(&line) {
                    return Ok(Taken::Nothing);
                }
                survey.note(&line);
                beginning.push(Line { raw: intake::text(raw), ..line });
            }
        }
        let is_all = beginning.len() <= few;
        let first = beginning.first().and_then(|line| line.stamp);
        let mut flowed = None;
        if is_all {
            beginning.retain(|line| is_listened_to(&line.fact));
        } else if let Some(first) = first.filter(|_| may_flow(&survey)) {
            survey.is_of_a_node_alone();
            source.is_wanted_again(false);
            let beginning = std::mem::take(&mut beginning);
            match let_flow(source, options, &mut survey, first, beginning, &receiver) {
                Ok(all) => flowed = all,
                Err(NotAlone) => {
                    source.is_wanted_again(true);
                    return Ok(Taken::Nothing);
                }
            }
        } else {
            drop(std::mem::take(&mut beginning));
            for line in receiver.iter().flat_map(|batch| batch.lines) {
                if is_of_more(&line) {
                    return Ok(Taken::Nothing);
                }
                survey.note(&line);
            }
        }
        let (reader, summary) = reading.join().expect("a reader does not panic on any input")?;
        if intake::is_of_no_host(summary.format) {
            return Ok(Taken::Nothing);
        }
        let intake = reader.finish(source, summary, survey, is_all.then_some(beginning));
        Ok(Taken::All(Box::new(intake), flowed.map(Box::new)))
    })
}

/// More than the lines of one host: the survey that was begun is not whole.
struct NotAlone;

/// A line that is no host's own: what a cloud tells may have no time, and is then listed.
fn is_of_more(line: &Line) -> bool {
    matches!(line.fact, Fact::Cloud(_) | Fact::Setting(_))
}

/// Nobody to compare clocks with, and nothing to put in order.
fn may_flow(survey: &Survey) -> bool {
    survey.is_of_one_host() && survey.is_in_order()
}

/// Lets all lines flow into a world, as long as they can, and surveys them to the end.
fn let_flow(
    source: &Source,
    options: &Options,
    survey: &mut Survey,
    first: Stamp,
    beginning: Vec<Line>,
    rest: &Receiver<Batch>,
) -> Result<Option<Flowed>, NotAlone> {
    let mut early = survey.clone();
    early.finish(Some(first), Some(first), source.modified());
    let frame = timeline::settle(std::slice::from_ref(&early), &options.stated);
    let mut placer = frame.placer(0, &early);
    let mut world = Filling { world: World::of(options.topology.clone()), last: None, models: Models::default() };
    world.world.is_of_one_node();
    let mut flows = true;
    for line in beginning {
        // The walker follows every stamp, as the survey did.
        let is_wanted = is_listened_to(&line.fact);
        let event = placer.place(line).filter(|_| is_wanted);
        flows &= event.is_none_or(|event| world.take(event, b""));
    }
    for Batch { lines, texts } in rest {
        let mut texts = texts.iter();
        for line in lines {
            let raw = texts.next().unwrap_or_default();
            survey.note(&line);
            if is_of_more(&line) || !survey.is_of_one_host() {
                return Err(NotAlone);
            }
            if flows {
                let is_wanted = is_listened_to(&line.fact);
                flows = survey.is_in_order();
                if let Some(event) = placer.place(line)
                    && is_wanted
                {
                    flows &= world.take(event, raw);
                }
            }
        }
    }
    let Filling { world, .. } = world;
    Ok(flows.then_some(Flowed { world, early, frame, first }))
}

/// A world that is being filled.
struct Filling {
    world: World,
    /// The last event: if the world did not keep it, the next one takes its place.
    last: Option<Arc<Event>>,
    models: Models,
}

impl Filling {
    /// Lets the world see the next event, and tells it the line's text if it keeps it; says whether it came in order.
    fn take(&mut self, event: Event, raw: &[u8]) -> bool {
        let before = self.last.as_ref().map_or(i64::MIN, |last| last.time.micros);
        let is_in_order = event.time.micros >= before;
        let event = match self.last.take() {
            Some(mut last) => match Arc::get_mut(&mut last) {
                Some(place) => {
                    *place = event;
                    last
                }
                None => Arc::new(event),
            },
            None => Arc::new(event),
        };
        self.world.observe(&event);
        let is_kept = Arc::strong_count(&event) > 1;
        if is_kept && !raw.is_empty() {
            event.raw.tell(raw, event.id, &mut self.models);
        }
        self.last = Some(event);
        is_in_order
    }
}

#[cfg(test)]
mod tests {
    use super::super::conclude;
    use super::{Taken, flow};
    use crate::input::{self, Source};
    use crate::pipeline::{Options, intake};
    use std::fmt::Write as _;
    use std::io::Write as _;
    use std::path::Path;

    /// Whether a world that the lines flowed into holds, once its report is that of the source read twice.
    fn flows(source: &Source, options: &Options, few: usize) -> bool {
        let budget = intake::Budget::default();
        let Ok(twice) = intake::take_in(source, &options.patterns, &budget) else { return false };
        let twice = intake::Intake { kept: None, ..twice };
        let expected = conclude(vec![(source, twice, None)], &[], options, 1);
        let Taken::All(once, flowed) = flow(source, options, few, few + 1).expect("it is a log") else { return false };
        let frame = crate::timeline::settle(std::slice::from_ref(&once.survey), &options.stated);
        let holds =
            |flowed: &super::Flowed| flowed.frame.places_alike(&flowed.early, &frame, &once.survey, &flowed.first);
        let flows = flowed.as_deref().is_some_and(holds);
        let report = conclude(vec![(source, *once, flowed)], &[], options, 2);
        assert_eq!(format!("{report:?}"), format!("{expected:?}"), "{} {few}", source.path);
        flows
    }

    fn sources(path: &Path) -> Vec<Source> {
        input::expand(&[path.as_os_str().to_owned()]).sources
    }

    /// A log whose 40 lines change in one thing behind the middle.
    fn log(change: impl Fn(usize) -> (&'static str, &'static str, u32)) -> tempfile::NamedTempFile {
        let mut text = String::new();
        for line in 0..40 {
            let (day, host, year) = change(line);
            let (minute, zone) = (line % 60, line % 3);
            let message = match line % 4 {
                0 => format!("is stale, primary 192.0.2.1 serial {year}010203, our serial {year}010202"),
                1 => format!("is fresh (no DNSSEC), serial is {year}010203 (checked primary 192.0.2.1)"),
                _ => format!("is stale, primary 192.0.2.1 serial {year}010209, our serial {year}010203"),
            };
            writeln!(text, "{day} 10:{minute:02}:00 {host} pdns_server[7]: Domain 'zone{zone}.example' {message}")
                .expect("a String takes all");
        }
        let mut file = tempfile::NamedTempFile::new().expect("a scratch file");
        file.write_all(text.as_bytes()).expect("room for a few lines");
        file
    }

    #[test]
    fn what_flows_is_what_is_read_twice() {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let all = sources(&cases);
        assert!(all.len() > 30);
        let flowed = all.iter().filter(|source| flows(source, &Options::default(), 3)).count();
        assert!(flowed > all.len() / 3, "{flowed} of {}", all.len());
    }

    #[test]
    fn what_the_beginning_did_not_tell_is_read_again() {
        type Line = (&'static str, &'static str, u32);
        let ordinary = |_: usize| ("Mar  3", "ns1", 2021);
        type Case<'c> = (&'static str, &'c dyn Fn(usize) -> Line, bool);
        let cases: [Case<'_>; 6] = [
            ("nothing", &ordinary, true),
            ("a new year", &|line| if line < 20 { ("Nov 30", "ns1", 2021) } else { ("Jan  4", "ns1", 2021) }, true),
            ("another host", &|line| if line < 20 { ordinary(line) } else { ("Mar  3", "ns2", 2021) }, false),
            (
                "stamps that go back",
                &|line| if line != 20 { ("Mar  3", "ns1", 2021) } else { ("Mar  2", "ns1", 2021) },
                false,
            ),
            ("another year", &|line| if line < 20 { ordinary(line) } else { ("Mar  3", "ns1", 2024) }, false),
            ("a day later", &|line| if line < 20 { ordinary(line) } else { ("Mar  4", "ns1", 2021) }, true),
        ];
        for (name, change, expected) in cases {
            let file = log(change);
            for few in [1, 4, 15] {
                assert_eq!(flows(&sources(file.path())[0], &Options::default(), few), expected, "{name} {few}");
            }
            assert!(!flows(&sources(file.path())[0], &Options::default(), 40), "all lines are kept: {name}");
        }
    }
}
