//! The same report while lines keep coming: sources that grow, and the question asked again and again.
//!
//! What is kept is not the world but the lines that it may rest on ([`Dated`]) and each source's survey, so that every report is
//! worked out as [`analyze`](super::analyze) works it out, over all of them: late lines, clocks that are measured better, years that
//! become known revise it by construction. Lines that nothing rests on any more are forgotten (`forget`).
//!
//! **Invariant:** after the last line the report is that of `analyze` over the same lines, unless a limit was met, which is a caveat.

mod beside;
mod flood;
mod foresight;
mod forget;
mod grown;
mod stored;
mod thin;

use super::intake::{Reader, caveat_of, is_listened_to};
use super::settings::Configuration;
use super::unwrap::Unwrapper;
use super::{Beside, Options, Told, report, unread};
pub use crate::detect::is_of_address;
use crate::event::{Daemon, Fact, Keepalived, Keeper, Pdns, Text, Vrrp};
use crate::input::Trouble;
use crate::input::live::Progress;
use crate::record::{Record, Stamp};
use crate::report::{Caveat, Coverage, Report};
use crate::timeline::{Line, Survey};
use crate::world::Said;
pub use beside::SettingsFile;
use chrono::NaiveDate;
use flood::Floods;
pub use foresight::Foresight;
use forget::Limits;
use grown::Grown;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;
pub use stored::{Mark, Stored};

/// A line that still matters, and how many New Years the source had seen before it.
#[derive(Debug, Clone)]
pub struct Dated {
    pub(super) line: Line,
    pub(super) crossed: i32,
    /// As the state has it, once it was written: a line that matters for days is written thousands of times.
    written: OnceLock<Box<[u8]>>,
}

impl Dated {
    fn new(line: Line, crossed: i32) -> Self {
        Self { line, crossed, written: OnceLock::new() }
    }
}

/// How far a source has been read, also over lines that are of no interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached {
    /// Format as recognised; empty until it is.
    pub format: &'static str,
    /// From which day to which the journal reached that `journalctl` printed, where the first line says so.
    pub covers: Option<(NaiveDate, NaiveDate)>,
    /// Lines or entries.
    pub lines: u64,
    /// First stamp of any line.
    pub first: Option<Stamp>,
    /// Last stamp of any line.
    pub last: Option<Stamp>,
    /// When a file was last written to (Unix seconds).
    pub modified: Option<i64>,
}

impl From<Progress> for Reached {
    fn from(progress: Progress) -> Self {
        let Progress { format, covers, lines, first, last, modified } = progress;
        Self { format, covers, lines, first, last, modified }
    }
}

/// How much a line asks for the question to be put again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing a rule rests on.
    None,
    /// An ordinary step (a copy found old, fetched, stored), which matters only together with others or by what does not follow.
    Ordinary,
    /// An ordinary step that shows where an address is: who served, who was heard. It may end a drift.
    Witness,
    /// As `Remarkable`, but one more of a flood of the same kind: it can wait for the others.
    Repeated,
    /// Something that may open, change or close a finding by itself.
    Remarkable,
}

/// Troubles told per source; more are only counted.
const TROUBLES_MAX: usize = 100;

/// Sources that are read as they grow.
#[derive(Debug)]
pub struct Live {
    options: Options,
    /// Ordered by path, as the surveys are.
    sources: Vec<Listening>,
    surveys: Vec<Survey>,
    limits: Limits,
    /// The world of the last question, which the next one goes on with.
    grown: Option<Grown>,
    /// How often the sources became others, and the lines that are kept others than they were and more: what a state has of them no
    /// longer is their beginning.
    rearranged: u64,
    reshaped: u64,
    /// Lines kept, over all sources.
    kept: usize,
    /// Forget when more than this many are kept.
    forget_at: usize,
    /// Lines that a limit made us forget although something may still rest on them.
    forgotten: u64,
    /// Messages that their keepers threw away.
    suppressed: u64,
    /// Stands for what is stated, by options and configuration files.
    statement: u64,
}

#[derive(Debug)]
struct Listening {
    path: Text,
    node: Option<Text>,
    reader: Reader,
    unwrapper: Unwrapper,
    kept: Vec<Dated>,
    reached: Reached,
    caveats: Vec<Caveat>,
    further_troubles: u64,
    floods: Floods,
    /// What it states, where it is no log but a configuration file.
    configuration: Option<Configuration>,
}

impl Listening {
    fn new(path: Text, node: Option<Text>, options: &Options) -> Self {
        Self {
            path,
            node,
            reader: Reader::new(&options.patterns),
            unwrapper: Unwrapper::default(),
            kept: Vec::new(),
            reached: Reached::default(),
            caveats: Vec::new(),
            further_troubles: 0,
            floods: Floods::default(),
            configuration: None,
        }
    }
}

impl Live {
    /// For these sources (path, and the node that `NODE=` named), before their first line.
    #[must_use]
    pub fn new(options: Options, sources: &[(Text, Option<Text>)]) -> Self {
        let mut sources = sources.to_vec();
        sources.sort();
        sources.dedup();
        let surveys = sources.iter().map(|(path, node)| Survey::new(path.clone(), node.clone())).collect();
        let sources = sources.into_iter().map(|(path, node)| Listening::new(path, node, &options)).collect();
        let limits = Limits::default();
        let live = Self {
            options,
            sources,
            surveys,
            limits,
            grown: None,
            rearranged: 0,
            reshaped: 0,
            kept: 0,
            forget_at: limits.few,
            forgotten: 0,
            suppressed: 0,
            statement: 0,
        };
        Self { statement: live.stated(), ..live }
    }

    /// From now on this is stated: what is kept is judged by it, what comes is read by it. Lines that only a pattern knew that is gone
    /// are forgotten.
    pub fn restate(&mut self, options: Options) {
        for source in &mut self.sources {
            source.reader.know(&options.patterns);
        }
        self.options = options;
        let ids = stored::ids(&self.options.patterns);
        for source in &mut self.sources {
            source.kept.retain(|dated| ids.contains_key(dated.line.id));
        }
        self.kept = self.sources.iter().map(|source| source.kept.len()).sum();
        self.is_reshaped();
        self.statement = self.stated();
    }

    /// Stands for what is stated: another one where kept lines may come to something else. In one build only.
    #[must_use]
    pub fn statement(&self) -> u64 {
        self.statement
    }

    fn stated(&self) -> u64 {
        let Options { stated, since, until, rules, patterns, topology } = &self.options;
        let ids: Vec<&str> = patterns.ids().collect();
        let mut hasher = DefaultHasher::new();
        format!("{stated:?} {since:?} {until:?} {rules:?} {ids:?} {topology:?}").hash(&mut hasher);
        format!("{:?}", self.configurations()).hash(&mut hasher);
        hasher.finish()
    }

    /// The number of a source, by its path.
    #[must_use]
    pub fn index_of(&self, path: &str) -> Option<usize> {
        self.sources.iter().position(|source| &*source.path == path)
    }

    /// The same; a source that is not known yet is one from now on.
    pub fn index_of_or_new(&mut self, path: &Text, node: Option<Text>) -> usize {
        if let Some(index) = self.index_of(path) {
            return index;
        }
        let index = self.sources.partition_point(|source| source.path < *path);
        self.sources.insert(index, Listening::new(path.clone(), node.clone(), &self.options));
        self.surveys.insert(index, Survey::new(path.clone(), node));
        self.is_rearranged();
        index
    }

    /// Messages that journald or rsyslog said they threw away.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.suppressed
    }

    /// Lines that a limit made it forget although something may still rest on them.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How many sources there are.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Takes the next record of a source.
    pub fn take(&mut self, index: usize, record: &Record<'_>) -> Weight {
        if let Some(stamp) = record.stamp {
            // Now, not when the source rests: a question must not know the source's end by when it was read.
            self.surveys[index].reached(stamp);
        }
        self.hear(index, |unwrapper, each| unwrapper.feed(record, each))
    }

    /// Nothing more has come for a while: what is certain without its next line is taken now.
    pub fn rest(&mut self, index: usize) -> Weight {
        self.hear(index, |unwrapper, each| unwrapper.rest(each))
    }

    /// Nothing more will come of a source.
    pub fn end(&mut self, index: usize) -> Weight {
        self.surveys[index].has_read(u64::MAX);
        self.hear(index, |unwrapper, each| unwrapper.flush(each))
    }

    /// Takes what stands in a source already, before its lines are taken one by one: a year that a later one of them tells is known
    /// from the first on.
    pub fn foresee(&mut self, index: usize, foresight: Foresight) {
        let (survey, lines) = foresight.told();
        self.surveys[index].foresee(survey, lines);
    }

    /// Takes that a source was still written to then (Unix seconds). Until more is known, a stamp without a year is of the latest year that
    /// this allows.
    pub fn is_written_at(&mut self, index: usize, seconds: i64) {
        self.surveys[index].is_written_at(seconds);
    }

    /// When a source was written to last, as far as that is known (Unix seconds).
    #[must_use]
    pub fn written_at(&self, index: usize) -> Option<i64> {
        self.surveys[index].modified
    }

    /// Takes how far a source has been read.
    pub fn reached(&mut self, index: usize, reached: Reached) {
        let survey = &mut self.surveys[index];
        survey.has_read(reached.lines);
        self.sources[index].reached = reached;
        survey.finish(reached.first, reached.last, reached.modified);
        survey.covers = reached.covers.or(survey.covers);
    }

    /// Takes trouble with a source.
    pub fn trouble(&mut self, index: usize, trouble: &Trouble) {
        let source = &mut self.sources[index];
        if source.caveats.len() < TROUBLES_MAX {
            source.caveats.push(caveat_of(trouble, &source.path, source.node.as_ref()));
        } else {
            source.further_troubles += 1;
        }
    }

    /// Everything there is to say now. `silence`: how long nothing has been written since the newest line, in microseconds, where
    /// the reading goes on.
    #[must_use]
    pub fn report(&mut self, silence: Option<i64>) -> Report {
        let mut coverage = Coverage::default();
        let mut caveats = Vec::new();
        let mut formats = Vec::new();
        let mut templates = Vec::new();
        for source in &self.sources {
            coverage.lines += source.reached.lines;
            coverage.recognised += source.reader.recognised;
            coverage.unrecognised += source.reader.unrecognised;
            formats.push((source.reached.format, source.reached.lines));
            templates.push(source.reader.templates.of_source(&source.path));
            caveats.extend(source.caveats.iter().cloned());
            if source.further_troubles > 0 {
                let text = format!("{}: {} more lines are damaged.", source.path, source.further_troubles);
                caveats.push(Caveat { kind: "unread", node: source.node.clone(), text });
            }
        }
        if self.forgotten > 0 {
            let text = format!(
                "more than {} lines mattered at once: {} of them, the oldest of what there was most of, are no longer known one by one.",
                self.limits.most, self.forgotten
            );
            caveats.push(Caveat { kind: "limit", node: None, text });
        }
        coverage.unrecognised_templates = unread::merge(templates);
        let beside = Beside { configurations: self.configurations(), ..Beside::default() };
        let Self { sources, surveys, options, grown: before, .. } = self;
        report(surveys, Told { coverage, formats, caveats, silence, beside }, options, 1, |frame, _| {
            let grown = Grown::over(before.take(), frame, surveys, sources, options);
            let believed = (grown.world.clone(), grown.caveats.clone());
            *before = Some(grown).filter(Grown::can_go_on);
            believed
        })
    }

    /// How many lines a source has, how many of them a row of the catalogue reads, and how many of PowerDNS' and keepalived's none.
    #[must_use]
    pub fn counts(&self, index: usize) -> (u64, u64, [u64; 2]) {
        let Listening { reader, reached, .. } = &self.sources[index];
        let keepalived = reader.templates.lines_of(Daemon::Keepalived);
        (reached.lines, reader.recognised, [reader.unrecognised.saturating_sub(keepalived), keepalived])
    }

    fn is_rearranged(&mut self) {
        self.is_reshaped();
        self.rearranged += 1;
    }

    /// What is kept is another: nothing goes on with what it was.
    fn is_reshaped(&mut self) {
        self.grown = None;
        self.reshaped += 1;
    }

    fn hear(&mut self, index: usize, feed: impl FnOnce(&mut Unwrapper, &mut dyn FnMut(&Record<'_>))) -> Weight {
        let Listening { reader, unwrapper, kept, floods, .. } = &mut self.sources[index];
        let survey = &mut self.surveys[index];
        let before = kept.len();
        let mut weight = Weight::None;
        let mut suppressed = 0u64;
        feed(unwrapper, &mut |record| {
            reader.record(record, &mut |line| {
                let crossed = survey.note(&line);
                if let Fact::Keeper(Keeper::Lost { messages, .. }) = line.fact {
                    suppressed = suppressed.saturating_add(messages);
                }
                if is_listened_to(&line.fact) {
                    weight = weight.max(floods.weigh(&line, weight_of(&line.fact)));
                    kept.push(Dated::new(line, crossed));
                }
            });
        });
        self.kept += kept.len() - before;
        self.suppressed = self.suppressed.saturating_add(suppressed);
        if self.kept > self.forget_at {
            self.forget();
        }
        weight
    }
}

fn weight_of(fact: &Fact) -> Weight {
    match fact {
        Fact::Vrrp { what: Vrrp::PriorityChanged { .. }, .. } => Weight::Ordinary,
        Fact::Keepalived(Keepalived::TrackScript { .. } | Keepalived::Interface { .. }) => Weight::Ordinary,
        // Context alone decides nothing, and a check may speak every second.
        fact if Said::is_of(fact) => Weight::None,
        Fact::Vrrp { .. } | Fact::Group { .. } | Fact::Site { .. } | Fact::Keepalived(_) => Weight::Remarkable,
        Fact::Cloud(_) | Fact::Keeper(_) => Weight::Remarkable,
        Fact::Pdns(pdns) => {
            if is_witness(pdns) {
                Weight::Witness
            } else if is_ordinary(pdns) {
                Weight::Ordinary
            } else {
                Weight::Remarkable
            }
        }
        Fact::Setting(_) | Fact::Other | Fact::Unrecognised(_) => Weight::None,
    }
}

/// One half of what `world` pairs to tell who is behind an address, where all goes well.
fn is_witness(pdns: &Pdns) -> bool {
    matches!(
        pdns,
        Pdns::ZoneCommitted { .. }
            | Pdns::TransferAsked { .. }
            | Pdns::TransferServed { .. }
            | Pdns::NotifyAccepted { .. }
            | Pdns::NotifyAcknowledged { .. }
    )
}

/// Another step of a refresh that goes well. All others, and those of which we do not know, are remarkable.
fn is_ordinary(pdns: &Pdns) -> bool {
    matches!(
        pdns,
        Pdns::ZoneFresh { .. }
            | Pdns::ZoneStale { .. }
            | Pdns::FreshnessChecked { .. }
            | Pdns::TransferStarted { .. }
            | Pdns::TransferRetrieved { .. }
            | Pdns::NotifyQueued { .. }
            | Pdns::NotifyOrdered { .. }
            | Pdns::Started { .. }
            | Pdns::Ready
            | Pdns::CommunicatorStarted
    )
}

#[cfg(test)]
mod tests;
