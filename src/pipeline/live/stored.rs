//! What survives a restart: the lines that matter and each source's survey, in a form of their own.
//!
//! The form is private to one build: whoever writes it puts a version in front, and what another build wrote is not read. The
//! inner types derive it for that reason alone; nothing that others read is made of them.

use super::flood::Floods;
use super::{Dated, Live};
use crate::catalogue;
use crate::event::{Daemon, Fact, Text};
use crate::pipeline::kept::Kept;
use crate::pipeline::patterns::Patterns;
use crate::pipeline::unread::Templates;
use crate::record::Stamp;
use crate::report::Caveat;
use crate::timeline::{DateHint, Line, Survey};
use crate::version::VersionRange;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::borrow::Cow;
use std::collections::HashMap;

/// A [`Live`] at rest, or what came to it since an earlier one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stored {
    sources: Vec<StoredSource>,
    forgotten: u64,
    /// Of the sources' moments only those behind the earlier one's.
    goes_on: bool,
    /// And of their lines.
    has_only_more: bool,
}

impl Stored {
    /// Whether it only says what came to an earlier one.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// The whole of an earlier one and this, which goes on with it.
    #[must_use]
    pub fn behind(mut self, before: Self) -> Self {
        let before = before.sources.into_iter().map(|source| (source.path.clone(), source));
        let mut before: HashMap<Text, StoredSource> = before.collect();
        for source in &mut self.sources {
            let Some(StoredSource { mut kept, mut moments, .. }) = before.remove(&source.path) else { continue };
            moments.extend_from_slice(&source.moments);
            source.moments = moments;
            if self.has_only_more {
                kept.0.extend_from_slice(&source.kept.0);
                source.kept = kept;
            }
        }
        Self { goes_on: false, has_only_more: false, ..self }
    }
}

/// How much of a [`Live`] was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    rearranged: u64,
    reshaped: u64,
    /// Of each source: lines, moments, and how often these were altered.
    sources: Vec<(usize, usize, u64)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredSource {
    path: Text,
    node: Option<Text>,
    /// Written at once: a copy of it would cost as much.
    survey: ByteBuf,
    moments: ByteBuf,
    recognised: u64,
    unrecognised: u64,
    templates: Templates,
    speaker: Option<Daemon>,
    /// What a folded repeat would repeat.
    last: Option<Kept>,
    /// A record that may be wrapped, and the lines behind it.
    held: Option<Kept>,
    further: Vec<Kept>,
    kept: StoredLines,
    troubles: Vec<(String, String)>,
    further_troubles: u64,
    floods: Floods,
}

/// Kept lines, one after the other, each as it is written once and for all.
#[derive(Debug, Serialize, Deserialize)]
struct StoredLines(ByteBuf);

impl StoredLines {
    fn of(kept: &[Dated]) -> Self {
        let mut bytes = Vec::new();
        kept.iter().for_each(|dated| bytes.extend_from_slice(dated.written()));
        Self(ByteBuf::from(bytes))
    }

    /// The lines, and `None` for each that is of a kind that is not known here.
    fn lines(&self, ids: &HashMap<&str, &'static str>) -> impl Iterator<Item = Option<Dated>> {
        let mut rest: &[u8] = &self.0;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let Ok(((line, crossed), behind)) = postcard::take_from_bytes::<(StoredLine, i32)>(rest) else {
                    rest = &[];
                    return Some(None);
                };
                rest = behind;
                let is_of_gone_pattern = line.id.starts_with("site/") && !ids.contains_key(&*line.id);
                if !is_of_gone_pattern {
                    return Some(line.line(ids).map(|line| Dated::new(line, crossed)));
                }
            }
            None
        })
    }
}

/// As large as most lines are in the state.
const LINE_BYTES: usize = 512;

impl Dated {
    fn written(&self) -> &[u8] {
        self.written.get_or_init(|| {
            let stored = (StoredLine::of(&self.line), self.crossed);
            let bytes = postcard::to_extend(&stored, Vec::with_capacity(LINE_BYTES)).expect("a Vec takes everything");
            bytes.into_boxed_slice()
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredLine<'l> {
    id: Cow<'l, str>,
    fact: Cow<'l, Fact>,
    stamp: Option<Stamp>,
    host: Option<Text>,
    pid: Option<u32>,
    repeated: u32,
    line: Option<u64>,
    cursor: Option<Text>,
    raw: Text,
    hint: Option<DateHint>,
    versions: VersionRange,
}

impl<'l> StoredLine<'l> {
    fn of(line: &'l Line) -> Self {
        let Line { id, fact, stamp, host, pid, repeated, line, cursor, raw, hint, versions } = line;
        Self {
            id: Cow::Borrowed(id),
            fact: Cow::Borrowed(fact),
            stamp: *stamp,
            host: host.clone(),
            pid: *pid,
            repeated: *repeated,
            line: *line,
            cursor: cursor.clone(),
            raw: raw.clone(),
            hint: *hint,
            versions: *versions,
        }
    }

    fn line(self, ids: &HashMap<&str, &'static str>) -> Option<Line> {
        let id = ids.get(&*self.id)?;
        let Self { fact, stamp, host, pid, repeated, line, cursor, raw, hint, versions, .. } = self;
        Some(Line { id, fact: fact.into_owned(), stamp, host, pid, repeated, line, cursor, raw, hint, versions })
    }
}

impl Mark {
    /// Whether of the same sources' moments there are only more than there were.
    fn goes_on_with(&self, earlier: &Self) -> bool {
        let mut sources = self.sources.iter().zip(&earlier.sources);
        self.rearranged == earlier.rearranged && sources.all(|((_, _, now), (_, _, then))| now == then)
    }
}

impl Live {
    /// How much there is.
    fn mark(&self) -> Mark {
        let sources = self.sources.iter().zip(&self.surveys).map(|(source, survey)| {
            let (moments, altered) = survey.moments();
            (source.kept.len(), moments, altered)
        });
        Mark { rearranged: self.rearranged, reshaped: self.reshaped, sources: sources.collect() }
    }

    /// All that must survive a restart, and how much that is; where only more came since an earlier one, what came.
    #[must_use]
    pub fn store(&self, earlier: Option<&Mark>) -> (Stored, Mark) {
        let mark = self.mark();
        let earlier = earlier.filter(|earlier| mark.goes_on_with(earlier));
        let has_only_more = earlier.is_some_and(|earlier| earlier.reshaped == mark.reshaped);
        let logs = self.sources.iter().zip(&self.surveys).enumerate();
        let logs = logs.filter(|(_, (source, _))| source.configuration.is_none());
        let sources = logs.map(|(index, (source, survey))| {
            let (lines, moments, _) = earlier.map_or((0, 0, 0), |earlier| earlier.sources[index]);
            let (held, further) = source.unwrapper.held();
            StoredSource {
                path: source.path.clone(),
                node: source.node.clone(),
                survey: ByteBuf::from(postcard::to_stdvec(survey).expect("a Vec takes everything")),
                moments: ByteBuf::from(survey.written_moments(moments)),
                recognised: source.reader.recognised,
                unrecognised: source.reader.unrecognised,
                templates: source.reader.templates.clone(),
                speaker: source.reader.listener.speaker(),
                last: source.reader.last.clone(),
                held: held.cloned(),
                further: further.to_vec(),
                kept: StoredLines::of(&source.kept[if has_only_more { lines } else { 0 }..]),
                troubles: source.caveats.iter().map(|caveat| (caveat.kind.to_owned(), caveat.text.clone())).collect(),
                further_troubles: source.further_troubles,
                floods: source.floods.clone(),
            }
        });
        let goes_on = earlier.is_some();
        (Stored { sources: sources.collect(), forgotten: self.forgotten, goes_on, has_only_more }, mark)
    }

    /// Goes on where a stored one was. Returns its sources' paths; `None` if a line is of a kind that is not known here, so that
    /// nothing was taken. Lines of an operator's pattern that is gone are left out.
    #[must_use]
    pub fn restore(&mut self, stored: Stored) -> Option<Vec<Text>> {
        let is_configuration =
            |path: &Text| self.sources.iter().any(|source| source.path == *path && source.configuration.is_some());
        let restored: Vec<StoredSource> =
            stored.sources.into_iter().filter(|source| !is_configuration(&source.path)).collect();
        let ids = ids(&self.options.patterns);
        let mut taken = Vec::new();
        for source in &restored {
            let kept: Option<Vec<Dated>> = source.kept.lines(&ids).collect();
            let mut survey: Survey = postcard::from_bytes(&source.survey).ok()?;
            survey.read_moments(&source.moments)?;
            taken.push((kept?, survey));
        }
        let mut paths = Vec::new();
        for (source, (kept, survey)) in restored.into_iter().zip(taken) {
            let index = self.index_of_or_new(&source.path, source.node.clone());
            let listening = &mut self.sources[index];
            paths.push(source.path);
            listening.reader.recognised = source.recognised;
            listening.reader.unrecognised = source.unrecognised;
            listening.reader.templates = source.templates;
            listening.reader.listener.set_speaker(source.speaker);
            listening.reader.last = source.last;
            listening.unwrapper.hold(source.held, source.further);
            listening.caveats = source
                .troubles
                .into_iter()
                .map(|(kind, text)| Caveat { kind: kind_named(&kind), node: listening.node.clone(), text })
                .collect();
            listening.further_troubles = source.further_troubles;
            listening.floods = source.floods;
            self.kept += kept.len();
            listening.kept = kept;
            self.surveys[index] = survey;
        }
        self.is_rearranged();
        self.forgotten += stored.forgotten;
        self.forget_at = self.limits.next(self.kept);
        Some(paths)
    }
}

/// The ids of all events that a line may be.
pub(super) fn ids(patterns: &Patterns) -> HashMap<&'static str, &'static str> {
    let messages = catalogue::all_messages().map(|message| message.id);
    let others = ["pdns/unrecognised", "keepalived/unrecognised", "systemd/unrecognised", "other"];
    messages.chain(others).chain(patterns.ids()).map(|id| (id, id)).collect()
}

/// The word for a trouble, of those that a reader uses.
fn kind_named(word: &str) -> &'static str {
    const KINDS: [&str; 9] =
        ["truncated", "nul-bytes", "invalid-utf8", "salvaged", "namespace", "gap", "suppressed", "rotated", "limit"];
    KINDS.into_iter().find(|kind| *kind == word).unwrap_or("unread")
}
