//! A row's text, taken apart: [`Piece`]s in their order, one list for every combination of its alternatives.

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Printed as it stands.
    Literal(&'static [u8]),
    /// A value, by name.
    Field(&'static str),
    /// A field that can only be this word: `{kind:AXFR|IXFR}`, `{child:VRRP}`.
    Constant(&'static str, &'static [u8]),
}

impl Piece {
    /// What it prints whatever the line is about.
    pub(super) fn literal(&self) -> &'static [u8] {
        match self {
            Self::Literal(text) | Self::Constant(_, text) => text,
            Self::Field(_) => b"",
        }
    }

    /// The field it is, if it is one.
    pub(super) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Literal(_) => None,
            Self::Field(name) | Self::Constant(name, _) => Some(name),
        }
    }
}

/// All that a text can stand for. `{s}` and `{A|B}` double the number, so they are kept few.
pub(super) fn expand(text: &'static str) -> Vec<Vec<Piece>> {
    let mut all: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        extend(&mut all, &[Piece::Literal(before.as_bytes())]);
        if let Some(after) = from.strip_prefix("{{") {
            extend(&mut all, &[Piece::Literal(b"{")]);
            rest = after;
            continue;
        }
        let (inside, after) = from[1..].split_once('}').expect("a row's text closes its braces");
        extend(&mut all, &choices(inside));
        rest = after;
    }
    extend(&mut all, &[Piece::Literal(rest.as_bytes())]);
    all
}

fn choices(inside: &'static str) -> Vec<Piece> {
    if inside == "s" {
        return vec![Piece::Literal(b""), Piece::Literal(b"s")];
    }
    if let Some((name, words)) = inside.split_once(':') {
        return words.split('|').map(|word| Piece::Constant(name, word.as_bytes())).collect();
    }
    if inside.contains('|') {
        return inside.split('|').map(|word| Piece::Literal(word.as_bytes())).collect();
    }
    vec![Piece::Field(inside)]
}

fn extend(all: &mut Vec<Vec<Piece>>, choices: &[Piece]) {
    if let [only] = choices {
        all.iter_mut().for_each(|so_far| so_far.push(*only));
        return;
    }
    let longer = |so_far: &Vec<Piece>, piece: &Piece| so_far.iter().chain([piece]).copied().collect();
    *all = all.iter().flat_map(|so_far| choices.iter().map(move |piece| longer(so_far, piece))).collect();
}
