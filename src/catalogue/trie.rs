//! All wordings of a daemon in one trie of literals and fields: the time a line takes does not depend on how many there are.
//!
//! At a field the walk jumps to the next byte that can begin one of the literals behind it; if that road fails it tries the
//! next such byte, then the next shallower field. A field may be empty; a wording that ends in a field takes the rest of the
//! line, but only when nothing more literal fits. So the most literal wording wins: `… from {from} which is not a master`
//! before `… from {from}`.

use super::message::{Fields, Message, Wording};
use super::template::{Piece, expand};

/// Steps a line may take per byte, so that no crafted line is slow. A step is a byte searched for the end of a field, or a place
/// tried.
const STEPS_PER_BYTE: usize = 64;
/// Steps any line may take.
const STEPS_AT_LEAST: usize = 4096;

/// See the module.
pub(super) struct Trie {
    nodes: Vec<Node>,
    ends: Vec<End>,
}

/// A place in a wording, reached by a literal or, with an empty label, by a field.
#[derive(Default)]
struct Node {
    label: &'static [u8],
    /// Nodes behind literals, ordered by their first byte.
    children: Vec<u32>,
    /// The node behind a field.
    field: Option<u32>,
    /// The wording that ends here.
    end: Option<u32>,
    /// What can begin a literal child; only needed behind a field.
    starts: Starts,
}

struct End {
    message: &'static Message,
    slots: Vec<Piece>,
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
    spans: &'t mut Vec<(usize, usize)>,
    steps_left: usize,
}

impl Walk<'_> {
    /// `None` once the line has had its steps; it stays so, and the line stays unread.
    fn spend(&mut self, steps: usize) -> Option<()> {
        self.steps_left = self.steps_left.saturating_sub(steps);
        (self.steps_left > 0).then_some(())
    }
}

impl Trie {
    /// Compiles the plain wordings. Of two that read the same lines the first row's wins.
    pub(super) fn new<'m>(wordings: impl Iterator<Item = (&'static Message, &'m Wording)>) -> Self {
        let mut trie = Self { nodes: vec![Node::default()], ends: Vec::new() };
        for (message, (_, text)) in wordings {
            for pieces in expand(text) {
                trie.insert(message, trimmed(pieces));
            }
        }
        for node in 0..trie.nodes.len() {
            if let Some(behind) = trie.nodes[node].field {
                let starts: Vec<u8> = trie.children(behind).map(|child| child.label[0]).collect();
                trie.nodes[behind as usize].starts = Starts::of(&starts);
            }
        }
        trie
    }

    /// The message a text is, and its fields.
    pub(super) fn read<'a>(&self, text: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
        let mut spans = std::mem::take(&mut fields.spans);
        let (end, _) = self.find(text, &mut spans);
        let end = end.map(|end| &self.ends[end as usize]);
        if let Some(end) = end {
            let mut values = spans.iter().map(|(from, to)| &text[*from..*to]);
            for slot in &end.slots {
                match *slot {
                    Piece::Field(name) => fields.push(name, values.next().unwrap_or_default()),
                    Piece::Constant(name, value) => fields.push(name, value),
                    Piece::Literal(_) => {}
                }
            }
        }
        fields.spans = spans;
        end.map(|end| end.message)
    }

    /// The end a text leads to, and the steps it took.
    fn find(&self, text: &[u8], spans: &mut Vec<(usize, usize)>) -> (Option<u32>, usize) {
        let allowed = text.len().saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS_AT_LEAST);
        spans.clear();
        let mut walk = Walk { text, spans, steps_left: allowed };
        let end = self.at(0, 0, &mut walk);
        (end, allowed - walk.steps_left)
    }

    /// Goes on from a node: the literal way, then the end, then the field.
    fn at(&self, node: u32, position: usize, walk: &mut Walk<'_>) -> Option<u32> {
        let node = &self.nodes[node as usize];
        if let Some(child) = self.child(node, &walk.text[position..]) {
            let behind = position + self.nodes[child as usize].label.len();
            if let Some(end) = self.at(child, behind, walk) {
                return Some(end);
            }
        }
        if position == walk.text.len() && node.end.is_some() {
            return node.end;
        }
        self.field(node.field?, position, walk)
    }

    /// Lets a field end at each byte that can begin what follows it, shortest first; at last lets it take the rest.
    fn field(&self, behind: u32, position: usize, walk: &mut Walk<'_>) -> Option<u32> {
        let node = &self.nodes[behind as usize];
        let depth = walk.spans.len();
        let mut from = position;
        while let Some(found) = node.starts.find(&walk.text[from..]) {
            walk.spend(found + 1)?;
            let to = from + found;
            if let Some(child) = self.child(node, &walk.text[to..]) {
                walk.spans.push((position, to));
                if let Some(end) = self.at(child, to + self.nodes[child as usize].label.len(), walk) {
                    return Some(end);
                }
                walk.spans.truncate(depth);
            }
            from = to + 1;
        }
        walk.spend(walk.text.len() - from + 1)?;
        let end = node.end?;
        walk.spans.push((position, walk.text.len()));
        Some(end)
    }

    fn child(&self, node: &Node, text: &[u8]) -> Option<u32> {
        let first = text.first()?;
        let place = node.children.binary_search_by_key(first, |child| self.nodes[*child as usize].label[0]).ok()?;
        let child = node.children[place];
        text.starts_with(self.nodes[child as usize].label).then_some(child)
    }

    fn children(&self, node: u32) -> impl Iterator<Item = &Node> {
        self.nodes[node as usize].children.iter().map(|child| &self.nodes[*child as usize])
    }

    fn insert(&mut self, message: &'static Message, pieces: Vec<Piece>) {
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
        if self.nodes[at as usize].end.is_none() {
            self.nodes[at as usize].end = Some(id(self.ends.len()));
            self.ends.push(End { message, slots: pieces });
        }
    }

    fn insert_literal(&mut self, mut at: u32, mut text: &'static [u8]) -> u32 {
        while let Some(first) = text.first() {
            let place = self.nodes[at as usize]
                .children
                .binary_search_by_key(first, |child| self.nodes[*child as usize].label[0]);
            match place {
                Err(place) => {
                    let child = self.push(Node { label: text, ..Node::default() });
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
        self.nodes[upper as usize] = Node { label: above, children: vec![lower], ..Node::default() };
    }

    fn push(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        id(self.nodes.len() - 1)
    }
}

fn id(index: usize) -> u32 {
    u32::try_from(index).expect("a catalogue has fewer than four milliard places")
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
