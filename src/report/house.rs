//! Who is who, in words: which nodes share what moves, and who fetches zones from where.

use super::words::{count, visible};
use super::{Group, Node, Report};
use crate::event::Text;

/// Heading of [`who_is_who`].
pub(super) const WHO_IS_WHO: &str = "Who is who in these logs";

/// Groups and nodes told; the others are counted.
const TOLD_MAX: usize = 12;
/// Nodes or addresses named in one sentence.
const NAMED_MAX: usize = 4;

/// A label and a sentence for each group and each node that fetches.
pub(super) fn who_is_who(report: &Report) -> Vec<(String, String)> {
    let groups = report.groups.iter().map(|group| (visible(&group.name).into_owned(), shared(group, report)));
    let fetching = report.nodes.iter().filter(|node| !node.asks.is_empty());
    let fetching = fetching.enumerate().map(|(at, node)| {
        let label = if at == 0 { "zones".to_owned() } else { String::new() };
        (label, format!("{} fetches from {}", with_addresses(node), named(node.asks.iter().map(|asked| &**asked))))
    });
    let all: Vec<(String, String)> = groups.chain(fetching).collect();
    let left = all.len().saturating_sub(TOLD_MAX);
    let more = (left > 0).then(|| (String::new(), format!("{}: --format json", count(left, "more", "more"))));
    all.into_iter().take(TOLD_MAX).chain(more).collect()
}

/// `dnsmaster (192.0.2.1; MASTER at the end), dnsmaster2; 198.51.100.1 moves with it`.
fn shared(group: &Group, report: &Report) -> String {
    let node = |name: &Text| {
        let addresses = report.nodes.iter().find(|node| node.name == *name).map(addresses).unwrap_or_default();
        let is_master = group.masters.contains(name);
        let is_preferred = group.preferred.as_ref() == Some(name);
        let notes = [addresses, word(is_master, "MASTER at the end"), word(is_preferred, "preferred")];
        let notes: Vec<String> = notes.into_iter().filter(|note| !note.is_empty()).collect();
        match notes.as_slice() {
            [] => visible(name).into_owned(),
            notes => format!("{} ({})", visible(name), notes.join("; ")),
        }
    };
    let nodes: Vec<String> = group.nodes.iter().map(node).collect();
    let moves = match &group.resource {
        Some(resource) => format!("{} moves with it", visible(resource)),
        None => "no line shows which address moves with it".to_owned(),
    };
    let by_name = if group.is_proven || group.nodes.len() < 2 { "" } else { " (peers by its name only)" };
    format!("{}{by_name}; {moves}", nodes.join(", "))
}

fn word(holds: bool, word: &str) -> String {
    if holds { word.to_owned() } else { String::new() }
}

fn with_addresses(node: &Node) -> String {
    match addresses(node) {
        addresses if addresses.is_empty() => visible(&node.name).into_owned(),
        addresses => format!("{} ({addresses})", visible(&node.name)),
    }
}

fn addresses(node: &Node) -> String {
    named(node.addresses.iter().map(|own| &*own.address))
}

fn named<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    let first: Vec<String> = words.iter().take(NAMED_MAX).map(|word| visible(word).into_owned()).collect();
    match words.len().saturating_sub(NAMED_MAX) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
