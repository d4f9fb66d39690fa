//! All wordings of a daemon in one trie of literals and fields: the time a line takes does not depend on how many there are.
//!
//! At a field the walk jumps to the next byte that can begin one of the literals behind it; if that road fails it tries the
//! next such byte, then the next shallower field. A field may be empty; a wording that ends in a field takes the rest of the
//! line, but only when nothing more literal fits. So the most literal wording wins: `… from {from} which is not a master`
//! before `… from {from}`.
//!
//! A pager, a terminal or a fixed buffer may have cut the line: a text that is the beginning of one message only is read as that
//! message, without the field in which it was cut.

use super::message::{Fields, Message, Wording};
use super::template::{Piece, expand};
use crate::version::VersionRange;

/// Steps a line may take per byte, so that no crafted line is slow; a real one takes less than a third of one. A step is a place
/// tried, or [`BYTES_PER_STEP`] searched for one.
const STEPS_PER_BYTE: usize = 8;
/// Steps any line may take.
const STEPS_AT_LEAST: usize = 1024;
/// Children that are looked through one by one.
const FEW_CHILDREN: usize = 8;
/// Literals in a row that are walked without a call; few wordings have more.
const ROAD_MAX: usize = 16;
/// Bytes that are searched in the time a place is tried.
const BYTES_PER_STEP: usize = 16;
/// How programs mark what they left out.
const CUT_MARKS: [&str; 3] = ["\u{2026}", "...", ">"];
/// A shorter text is not taken for the beginning of a longer one.
const CUT_BYTES_MIN: usize = 20;
/// Nor is one that has fewer bytes of the longer one's own words.
const CUT_OWN_BYTES_MIN: usize = 6;
/// A longer text is not taken for one that was cut: terminals and keepalived's buffer (255 bytes) are narrower.
const CUT_BYTES_MAX: usize = 512;

/// A wording with fewer bytes of its own is too common to be known without its daemon's name.
const CERTAIN_BYTES_MIN: usize = 14;
/// The same for one that begins with a field.
const CERTAIN_AFTER_FIELD_BYTES_MIN: usize = 24;

/// The beginning of a wording that is known without its daemon's name is longer than this.
const CERTAIN_CUT_BYTES_MIN: usize = 40;

/// See the module.
pub(super) struct Trie {
    nodes: Vec<Node>,
    ends: Vec<End>,
}

/// A place in a wording, reached by a literal or, with an empty label, by a field.
#[derive(Default)]
struct Node {
    label: &'static [u8],
    /// The first bytes of the literals behind it, in order.
    firsts: Vec<u8>,
    /// The nodes behind these.
    children: Vec<u32>,
    /// The node behind a field.
    field: Option<u32>,
    /// The wording that ends here.
    end: Option<u32>,
    /// What can begin a literal child; only needed behind a field.
    starts: Starts,
    /// A wording that ends here or further on, if all of these are wordings of one message.
    only: Option<u32>,
}

struct End {
    message: &'static Message,
    versions: VersionRange,
    slots: Vec<Piece>,
    /// It ends in a field that holds no space: what goes on behind it is another wording, and may say the opposite.
    ends_in_word: bool,
}

impl End {
    /// Whether the text alone says that it is this message: it has enough words of its own, and more of them if it does not begin
    /// with one.
    fn is_certain(&self, text: &[u8], spans: &[(usize, usize)]) -> bool {
        let own: usize = self.slots.iter().map(|slot| slot.literal().len()).sum();
        if self.slots.first().is_some_and(|first| !first.literal().is_empty()) {
            return own >= CERTAIN_BYTES_MIN;
        }
        let begins_with_word =
            spans.first().is_some_and(|(from, to)| to > from && memchr::memchr(b' ', &text[*from..*to]).is_none());
        begins_with_word && own >= CERTAIN_AFTER_FIELD_BYTES_MIN
    }
}

/// The bytes to jump to from within a field.
#[derive(Default)]
enum Starts {
    #[default]
    None,
    One(u8),
    Two(u8, u8),
    Three(u8, u8, u8),
    Many(Box<[bool; 256]>),
}

impl Starts {
    fn of(bytes: &[u8]) -> Self {
        match *bytes {
            [] => Self::None,
            [a] => Self::One(a),
            [a, b] => Self::Two(a, b),
            [a, b, c] => Self::Three(a, b, c),
            _ => {
                let mut table = Box::new([false; 256]);
                bytes.iter().for_each(|byte| table[usize::from(*byte)] = true);
                Self::Many(table)
            }
        }
    }

    fn find(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::None => None,
            Self::One(a) => memchr::memchr(*a, text),
            Self::Two(a, b) => memchr::memchr2(*a, *b, text),
            Self::Three(a, b, c) => memchr::memchr3(*a, *b, *c, text),
            Self::Many(table) => text.iter().position(|byte| table[usize::from(*byte)]),
        }
    }
}

/// One line on its way through the trie.
struct Walk<'t> {
    text: &'t [u8],
    /// Whether the text may end before a wording does.
    cut: bool,
    /// Whether it is enough that some wording begins like it.
    any: bool,
    spans: &'t mut Vec<(usize, usize)>,
    /// Bytes of the field in which the text was cut.
    cut_field: usize,
    steps_left: usize,
}

impl Walk<'_> {
    /// Pays for a search and for the place it found. `None` once the line has had its steps; it stays so, and the line stays
    /// unread.
    fn spend(&mut self, searched: usize) -> Option<()> {
        self.steps_left = self.steps_left.saturating_sub(1 + searched / BYTES_PER_STEP);
        (self.steps_left > 0).then_some(())
    }

    /// The message that a text is the beginning of, if it ends here. The most literal road comes here first: if several messages
    /// begin like this, a less literal road must not pretend that it is only one.
    fn cut_at(&mut self, node: &Node) -> Option<u32> {
        if self.any {
            return Some(0);
        }
        if node.only.is_none() {
            self.steps_left = 0;
        }
        node.only
    }
}

impl Trie {
    /// Compiles the plain wordings. Of two that read the same lines the first row's wins.
    pub(super) fn new<'m>(wordings: impl Iterator<Item = (&'static Message, &'m Wording)>) -> Self {
        let mut trie = Self { nodes: vec![Node::default()], ends: Vec::new() };
        for (message, (versions, text)) in wordings {
            for pieces in expand(text) {
                trie.insert(message, VersionRange::parse(versions), trimmed(pieces));
            }
        }
        for node in 0..trie.nodes.len() {
            if let Some(behind) = trie.nodes[node].field {
                trie.nodes[behind as usize].starts = Starts::of(&trie.nodes[behind as usize].firsts);
            }
        }
        trie.settle(0);
        trie
    }

    /// The message a text is, and its fields.
    pub(super) fn read<'a>(&self, text: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
        self.read_whole(text, fields).or_else(|| self.read_cut(text, fields))
    }

    pub(super) fn read_whole<'a>(&self, text: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
        let mut spans = std::mem::take(&mut fields.spans);
        let (end, _) = self.find(text, false, &mut spans);
        let end = end.map(|end| &self.ends[end as usize]);
        if let Some(end) = end {
            fill(fields, &end.slots, text, &spans);
            fields.printed_by(end.versions);
        }
        fields.spans = spans;
        end.map(|end| end.message)
    }

    /// As `read_whole`, for a text of which the daemon is not known.
    pub(super) fn read_certain<'a>(&self, text: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
        let mut spans = std::mem::take(&mut fields.spans);
        let (end, _) = self.find(text, false, &mut spans);
        let end = end.map(|end| &self.ends[end as usize]).filter(|end| end.is_certain(text, &spans));
        if let Some(end) = end {
            fill(fields, &end.slots, text, &spans);
        }
        fields.spans = spans;
        end.map(|end| end.message).or_else(|| {
            let is_long = text.len() >= CERTAIN_CUT_BYTES_MIN;
            is_long.then(|| self.read_cut(text, fields)).flatten()
        })
    }

    /// Whether some wording begins like a text.
    pub(super) fn begins(&self, text: &[u8]) -> bool {
        let spans = &mut Vec::new();
        text.len() >= CUT_BYTES_MIN
            && self
                .at(
                    0,
                    0,
                    &mut Walk { text, cut: true, any: true, spans, cut_field: 0, steps_left: Self::allowed(text) },
                )
                .is_some()
    }

    /// The message of which a text is the beginning. `less` marks a cut by `>`, others by dots; `systemctl status` leaves out
    /// the middle.
    fn read_cut<'a>(&self, text: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
        let text = CUT_MARKS.iter().find_map(|mark| text.strip_suffix(mark.as_bytes())).unwrap_or(text);
        if let Some((before, behind)) = without_middle(text) {
            let message = self.read_beginning(before, fields).filter(|message| is_end_of(message, behind));
            if message.is_some() {
                return message;
            }
            fields.clear();
        }
        self.read_beginning(text, fields)
    }

    fn read_beginning<'a>(&self, text: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
        if !(CUT_BYTES_MIN..=CUT_BYTES_MAX).contains(&text.len()) {
            return None;
        }
        let mut spans = std::mem::take(&mut fields.spans);
        let (end, _) = self.find(text, true, &mut spans);
        let end = end.map(|end| &self.ends[end as usize]);
        if let Some(end) = end {
            fill(fields, before_cut(&end.slots, spans.len()), text, &spans);
        }
        fields.spans = spans;
        end.map(|end| end.message)
    }

    /// The steps a text takes, and those it is allowed.
    #[cfg(test)]
    pub(super) fn steps(&self, text: &[u8], cut: bool) -> (usize, usize) {
        let (_, steps) = self.find(text, cut, &mut Vec::new());
        (steps, Self::allowed(text))
    }

    fn allowed(text: &[u8]) -> usize {
        text.len().saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS_AT_LEAST)
    }

    /// The end a text leads to, and the steps it took.
    fn find(&self, text: &[u8], cut: bool, spans: &mut Vec<(usize, usize)>) -> (Option<u32>, usize) {
        let allowed = Self::allowed(text);
        spans.clear();
        let mut walk = Walk { text, cut, any: false, spans, cut_field: 0, steps_left: allowed };
        let end = self.at(0, 0, &mut walk);
        let fields: usize = walk.spans.iter().map(|(from, to)| to - from).sum();
        let own = text.len().saturating_sub(fields + walk.cut_field);
        let begins_with_field = walk.spans.first().is_some_and(|(from, _)| *from == 0);
        let is_enough = match walk.spans.first() {
            Some((_, to)) if begins_with_field => {
                own >= CERTAIN_AFTER_FIELD_BYTES_MIN && memchr::memchr(b' ', &text[..*to]).is_none()
            }
            Some(_) | None => own >= CUT_OWN_BYTES_MIN,
        };
        (end.filter(|_| !cut || is_enough), allowed - walk.steps_left)
    }

    /// Goes on from a node: the literal way, then the end, then the field.
    fn at(&self, node: u32, position: usize, walk: &mut Walk<'_>) -> Option<u32> {
        self.literal(node, position, walk).or_else(|| self.end_or_field(node, position, walk))
    }

    /// Ends in a node that was reached, or goes on by a field.
    fn end_or_field(&self, node: u32, position: usize, walk: &mut Walk<'_>) -> Option<u32> {
        let is_root = node == 0;
        let node = &self.nodes[node as usize];
        if position == walk.text.len() {
            let end = if walk.cut { walk.cut_at(node) } else { node.end };
            if end.is_some() {
                return end;
            }
        }
        // Any text begins like a wording that begins with a field.
        if walk.any && is_root {
            return None;
        }
        self.field(node.field?, position, walk)
    }

    /// Lets a field end at each byte that can begin what follows it, shortest first; at last lets it take the rest.
    fn field(&self, behind: u32, position: usize, walk: &mut Walk<'_>) -> Option<u32> {
        let node = &self.nodes[behind as usize];
        let depth = walk.spans.len();
        let mut from = position;
        while let Some(found) = node.starts.find(&walk.text[from..]) {
            walk.spend(found)?;
            let to = from + found;
            walk.spans.push((position, to));
            if let Some(end) = self.literal(behind, to, walk) {
                return Some(end);
            }
            walk.spans.truncate(depth);
            from = to + 1;
        }
        walk.spend(walk.text.len() - from)?;
        if walk.cut {
            // A field that holds spaces up to the cut is more likely a wording that no row has.
            let is_word = memchr::memchr(b' ', &walk.text[position..]).is_none();
            walk.cut_field = walk.text.len() - position;
            return if is_word { walk.cut_at(node) } else { None };
        }
        let end = node.end?;
        let is_whole = !self.ends[end as usize].ends_in_word || is_whole_word(&walk.text[position..]);
        walk.spans.push((position, walk.text.len()));
        is_whole.then_some(end)
    }

    /// Goes on from a node by literals as far as they go, or ends in one if the text is cut there; then by what else leads on from the
    /// nodes on that road, the last one first.
    fn literal(&self, node: u32, position: usize, walk: &mut Walk<'_>) -> Option<u32> {
        let mut road = [(0, 0); ROAD_MAX];
        let mut length = 0;
        let (mut node, mut position) = (node, position);
        let mut end = loop {
            let left = &walk.text[position..];
            let Some(child) = self.child(&self.nodes[node as usize], left) else { break None };
            let label = self.nodes[child as usize].label;
            if !left.starts_with(label) {
                walk.cut_field = 0;
                let is_cut = walk.cut && label.starts_with(left);
                break if is_cut { walk.cut_at(&self.nodes[child as usize]) } else { None };
            }
            let behind = position + label.len();
            let Some(place) = road.get_mut(length) else { break self.at(child, behind, walk) };
            (*place, length) = ((node, position), length + 1);
            (node, position) = (child, behind);
        };
        while end.is_none() && length > 0 {
            end = self.end_or_field(node, position, walk);
            length -= 1;
            (node, position) = road[length];
        }
        end
    }

    /// The child that begins like a text.
    fn child(&self, node: &Node, text: &[u8]) -> Option<u32> {
        let first = *text.first()?;
        // Most nodes have a child or two, for which a search of many bytes at once is not worth its beginning.
        let place = if node.firsts.len() <= FEW_CHILDREN {
            node.firsts.iter().position(|known| *known == first)?
        } else {
            node.firsts.binary_search(&first).ok()?
        };
        Some(node.children[place])
    }

    /// Notes for every place which message alone can follow; tells whether there is one.
    fn settle(&mut self, node: u32) -> Option<u32> {
        let node = node as usize;
        // Nothing is behind a place that no wording was found for so far; `Some(None)` is more than one message.
        let mut found = self.nodes[node].end.map(Some);
        for child in 0..=self.nodes[node].children.len() {
            let place = &self.nodes[node];
            let Some(next) =
                place.children.get(child).copied().or(place.field.filter(|_| child == place.children.len()))
            else {
                continue;
            };
            let behind = self.settle(next);
            found = Some(match found {
                None => behind,
                Some(known) => known.filter(|known| behind.is_some_and(|behind| self.is_same(*known, behind))),
            });
        }
        let only = found.flatten();
        self.nodes[node].only = only;
        only
    }

    /// Whether two wordings are of one message.
    fn is_same(&self, one: u32, other: u32) -> bool {
        std::ptr::eq(self.ends[one as usize].message, self.ends[other as usize].message)
    }

    fn insert(&mut self, message: &'static Message, versions: VersionRange, pieces: Vec<Piece>) {
        let mut at = 0;
        for piece in &pieces {
            at = match *piece {
                Piece::Literal(text) | Piece::Constant(_, text) => self.insert_literal(at, text),
                Piece::Field(_) => match self.nodes[at as usize].field {
                    Some(behind) => behind,
                    None => {
                        let behind = self.push(Node::default());
                        self.nodes[at as usize].field = Some(behind);
                        behind
                    }
                },
            };
        }
        match self.nodes[at as usize].end {
            // The same text again, in other releases.
            Some(end) => self.ends[end as usize].versions = self.ends[end as usize].versions.hull(versions),
            None => {
                self.nodes[at as usize].end = Some(id(self.ends.len()));
                let ends_in_word = matches!(pieces.last(), Some(Piece::Field(name)) if Fields::is_word(name));
                self.ends.push(End { message, versions, slots: told_once(pieces), ends_in_word });
            }
        }
    }

    fn insert_literal(&mut self, mut at: u32, mut text: &'static [u8]) -> u32 {
        while let Some(first) = text.first() {
            match self.nodes[at as usize].firsts.binary_search(first) {
                Err(place) => {
                    let child = self.push(Node { label: text, ..Node::default() });
                    self.nodes[at as usize].firsts.insert(place, *first);
                    self.nodes[at as usize].children.insert(place, child);
                    return child;
                }
                Ok(place) => {
                    at = self.nodes[at as usize].children[place];
                    let label = self.nodes[at as usize].label;
                    let common = label.iter().zip(text).take_while(|(a, b)| a == b).count();
                    if common < label.len() {
                        self.split(at, common);
                    }
                    text = &text[common..];
                }
            }
        }
        at
    }

    /// Cuts a node's label in two; the node keeps its place as the upper half.
    fn split(&mut self, upper: u32, common: usize) {
        let whole = std::mem::take(&mut self.nodes[upper as usize]);
        let (above, below) = whole.label.split_at(common);
        let lower = self.push(Node { label: below, ..whole });
        let firsts = vec![below[0]];
        self.nodes[upper as usize] = Node { label: above, firsts, children: vec![lower], ..Node::default() };
    }

    fn push(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        id(self.nodes.len() - 1)
    }
}

/// A word of which nothing was left out.
fn is_whole_word(text: &[u8]) -> bool {
    let is_marked = text.ends_with(b">") || without_middle(text).is_some();
    !is_marked && memchr::memchr(b' ', text).is_none()
}

/// What stands before and behind an ellipsis.
fn without_middle(text: &[u8]) -> Option<(&[u8], &[u8])> {
    CUT_MARKS.iter().filter(|mark| mark.len() > 1).find_map(|mark| {
        let at = memchr::memmem::find(text, mark.as_bytes())?;
        Some((&text[..at], &text[at + mark.len()..]))
    })
}

/// Whether a wording of a message ends, or may end, like this.
fn is_end_of(message: &Message, behind: &[u8]) -> bool {
    let ends_so = |pieces: Vec<Piece>| match trimmed(pieces).last() {
        Some(Piece::Field(_)) => true,
        Some(Piece::Literal(text) | Piece::Constant(_, text)) => text.ends_with(behind) || behind.ends_with(text),
        None => false,
    };
    message.texts.iter().flat_map(|(_, text)| expand(text)).any(ends_so)
}

fn id(index: usize) -> u32 {
    u32::try_from(index).expect("a catalogue has fewer than four milliard places")
}

fn fill<'a>(fields: &mut Fields<'a>, slots: &[Piece], text: &'a [u8], spans: &[(usize, usize)]) {
    let mut values = spans.iter().map(|(from, to)| &text[*from..*to]);
    for slot in slots {
        match *slot {
            Piece::Field(name) => {
                let value = values.next().unwrap_or_default();
                if !name.is_empty() {
                    fields.push(name, value);
                }
            }
            Piece::Constant(name, value) => fields.push(name, value),
            Piece::Literal(_) => {}
        }
    }
}

/// The slots up to the last field that the text holds whole. What stands behind a cut is unknown, a constant too.
fn before_cut(slots: &[Piece], whole: usize) -> &[Piece] {
    let fields = slots.iter().enumerate().filter(|(_, slot)| matches!(slot, Piece::Field(_)));
    let last = fields.take(whole).last().map_or(0, |(place, _)| place + 1);
    &slots[..last]
}

/// Where a text tells a field twice (`zone '{zone}' … new catalog '{zone}'`) the second is nameless and not kept.
fn told_once(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let names: Vec<Option<&str>> = pieces.iter().map(Piece::name).collect();
    for (place, piece) in pieces.iter_mut().enumerate() {
        if let Piece::Field(name) = piece
            && names[..place].contains(&Some(name))
        {
            *name = "";
        }
    }
    pieces
}

/// Without space at either end: journald and syslog daemons trim it, so the texts that have some are found without.
fn trimmed(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.retain(|piece| *piece != Piece::Literal(b""));
    if let Some(Piece::Literal(text)) = pieces.first_mut() {
        *text = text.trim_ascii_start();
    }
    if let Some(Piece::Literal(text)) = pieces.last_mut() {
        *text = text.trim_ascii_end();
    }
    pieces
}
