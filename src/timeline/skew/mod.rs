//! How far each node's clock is off, measured from lines that two nodes write about the same moment.
//!
//! An advert heard as lower is answered at once, and the rival hears the answer as higher; a NOTIFY is received as it is sent; a
//! transfer is refused or stored as it is denied or served; a MASTER yields as its successor enters. Such a pair says "these two stamps
//! are one moment, give or take a second". Offsets are voted on: many pairs that agree outweigh chance neighbours.

mod links;
mod meetings;

use super::Stated;
use crate::event::Text;
use crate::report::Caveat;
use indexmap::IndexSet;
use links::{Link, Vote, Votes};
pub(super) use meetings::{Meeting, meetings};
use std::collections::{BTreeMap, BTreeSet};

/// Offsets below this are the pairs' own delay, not a clock.
const TOLD_MICROS: i64 = 2_000_000;
/// Nodes whose clocks are compared; a forged host field is anyone's choice.
const NODES_MAX: usize = 300;
/// Nodes that one caveat names.
const NAMED_MAX: usize = 12;

/// A node's clock against the others of the set.
#[derive(Debug, Clone, PartialEq)]
pub struct Skew {
    /// What was taken off the node's stamps, in microseconds (positive: its clock is ahead).
    pub applied_micros: i64,
    /// What the pairs say, in microseconds; `None` where only the operator says something.
    pub measured_micros: Option<i64>,
    /// Half-width of the agreement with the node it is measured against, in microseconds.
    pub uncertainty_micros: i64,
    /// Pairs that agree.
    pub pairs: usize,
    /// The node whose clock is taken for right; nodes with the same one can be compared.
    pub against: Option<Text>,
}

/// Each node's clock relative to the set's middle one, as far as meetings tell. Each item: what met and which side wrote it, the
/// node, and when by its own clock.
pub(super) fn measure(meetings: impl Iterator<Item = ((Meeting, bool), Text, i64)>) -> BTreeMap<Text, Skew> {
    let met = Met::of(meetings);
    let nodes: BTreeSet<Text> = met.nodes.iter().cloned().collect();
    if nodes.len() > NODES_MAX {
        return BTreeMap::new();
    }
    let mut votes = links::votes(&met);
    let (weak, links): (Vec<Link>, Vec<Link>) = links::links(&mut votes).into_iter().partition(Link::is_weak);
    let mut clocks = against_each_other(&nodes, &links);
    for node in nodes {
        if !clocks.contains_key(&node)
            && let Some(skew) = against_all(&node, &clocks, &votes)
        {
            clocks.insert(node, skew);
        }
    }
    weak.iter().for_each(|link| agree(link, &mut clocks));
    clocks
}

/// Takes that two clocks agree, where nothing better is known of one of them: it is off as the other is.
fn agree(link: &Link, clocks: &mut BTreeMap<Text, Skew>) {
    let Link { ahead, behind, pairs, .. } = link;
    let uncertainty_micros = link.uncertainty_micros();
    let known = match (clocks.get(ahead), clocks.get(behind)) {
        (Some(_), Some(_)) => return,
        (Some(known), None) | (None, Some(known)) => known.clone(),
        (None, None) => Skew {
            applied_micros: 0,
            measured_micros: Some(0),
            uncertainty_micros,
            pairs: *pairs,
            against: Some(behind.clone().min(ahead.clone())),
        },
    };
    for node in [ahead, behind].into_iter().filter(|node| !clocks.contains_key(*node)).cloned().collect::<Vec<_>>() {
        let uncertainty_micros = known.uncertainty_micros.max(uncertainty_micros);
        clocks.insert(node, Skew { uncertainty_micros, pairs: *pairs, ..known.clone() });
    }
}

/// What met, which nodes wrote of it, and when by their own clocks. There are tens of thousands, so names are numbers.
struct Met {
    /// In their order.
    meetings: Vec<Meeting>,
    /// In order of appearance.
    nodes: IndexSet<Text, ahash::RandomState>,
    sightings: Vec<Sighting>,
}

/// A line of one side of a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sighting {
    /// Which of the meetings it is.
    kind: usize,
    node: usize,
    asks: bool,
    micros: i64,
}

impl Met {
    /// Puts them in order: by meeting, node, side and time.
    fn of(met: impl Iterator<Item = ((Meeting, bool), Text, i64)>) -> Self {
        let mut meetings = IndexSet::<Meeting, ahash::RandomState>::default();
        let mut nodes = IndexSet::default();
        let mut sightings = Vec::new();
        for ((meeting, asks), node, micros) in met {
            let (kind, node) = (meetings.insert_full(meeting).0, nodes.insert_full(node).0);
            sightings.push(Sighting { kind, node, asks, micros });
        }
        // Numbers that come of names and not of the order of sources.
        let mut places: Vec<usize> = (0..meetings.len()).collect();
        places.sort_unstable_by_key(|place| &meetings[*place]);
        let mut rank = vec![0; places.len()];
        places.iter().enumerate().for_each(|(at, place)| rank[*place] = at);
        sightings.iter_mut().for_each(|sighting| sighting.kind = rank[sighting.kind]);
        sightings.sort_unstable();
        meetings.sort_unstable();
        Self { meetings: meetings.into_iter().collect(), nodes, sightings }
    }
}

/// A node that meets each of the others too seldom: all its meetings together, against those whose clocks are known.
fn against_all(node: &Text, clocks: &BTreeMap<Text, Skew>, votes: &Votes) -> Option<Skew> {
    let mut by_reference = BTreeMap::<&Text, Vec<Vote>>::new();
    for ((a, b), votes) in votes {
        let (other, sign) = match (a == node, b == node) {
            (true, false) => (b, 1),
            (false, true) => (a, -1),
            (true, true) | (false, false) => continue,
        };
        let Some(known) = clocks.get(other) else { continue };
        let Some(reference) = &known.against else { continue };
        by_reference.entry(reference).or_default().extend(votes.iter().map(|vote| Vote {
            offset: sign * vote.offset + known.applied_micros,
            asked: if sign > 0 { vote.asked } else { vote.answered },
            answered: if sign > 0 { vote.answered } else { vote.asked } - known.applied_micros,
            kind: vote.kind,
            is_mutual: vote.is_mutual,
        }));
    }
    let links = by_reference.into_iter().filter_map(|(reference, votes)| Link::agreed(node, reference, &votes));
    let links = links.filter(|link| !link.is_weak());
    let link = links.min_by_key(|link| (std::cmp::Reverse(link.pairs), link.offset.abs(), link.behind.clone()))?;
    Some(Skew {
        applied_micros: link.offset,
        measured_micros: Some(link.offset),
        uncertainty_micros: link.uncertainty_micros(),
        pairs: link.pairs,
        against: Some(link.behind),
    })
}

/// Each node's clock relative to the set's middle one, by the best-supported links first.
fn against_each_other(nodes: &BTreeSet<Text>, links: &[Link]) -> BTreeMap<Text, Skew> {
    let mut clocks = BTreeMap::<Text, Skew>::new();
    let mut left: BTreeSet<Text> = nodes.clone();
    while let Some(root) =
        links.iter().flat_map(|link| [&link.ahead, &link.behind]).find(|node| left.contains(*node)).cloned()
    {
        // Offset, uncertainty and pairs, by node.
        let mut island = BTreeMap::from([(root.clone(), (0_i64, 0_i64, 0_usize))]);
        while let Some((node, clock)) = links.iter().find_map(|link| {
            let (known, new, sign) = match (island.get(&link.ahead), island.get(&link.behind)) {
                (Some(known), None) => (known, &link.behind, -1),
                (None, Some(known)) => (known, &link.ahead, 1),
                (Some(_), Some(_)) | (None, None) => return None,
            };
            let clock = (known.0 + sign * link.offset, known.1 + link.uncertainty_micros(), link.pairs);
            Some((new.clone(), clock))
        }) {
            island.insert(node, clock);
        }
        let best = links.iter().find(|link| link.ahead == root || link.behind == root);
        if let (Some(best), Some(clock)) = (best, island.get_mut(&root)) {
            *clock = (0, best.uncertainty_micros(), best.pairs);
        }
        let mut offsets: Vec<(i64, &Text)> = island.iter().map(|(node, (offset, ..))| (*offset, node)).collect();
        offsets.sort_unstable();
        let (middle, reference) = offsets[(offsets.len() - 1) / 2];
        let reference = reference.clone();
        for (node, (offset, uncertainty_micros, pairs)) in island {
            left.remove(&node);
            let applied_micros = offset - middle;
            let measured_micros = Some(applied_micros);
            let against = Some(reference.clone());
            clocks.insert(node, Skew { applied_micros, measured_micros, uncertainty_micros, pairs, against });
        }
    }
    clocks
}

/// Decides what to correct, and says what was measured.
pub(super) fn decide(
    clocks: &BTreeMap<Text, Skew>,
    stated: &Stated,
    caveats: &mut Vec<Caveat>,
) -> BTreeMap<Text, Skew> {
    let mut settled = BTreeMap::new();
    let mut right = Vec::new();
    for (node, skew) in clocks {
        let off = skew.applied_micros.abs() >= TOLD_MICROS;
        if off && !stated.skews.contains_key(node) {
            let text = format!("{}; corrected (--skew NODE=SECONDS states it).", said(skew));
            caveats.push(Caveat { kind: "clock-skew", node: Some(node.clone()), text });
        } else if !stated.skews.contains_key(node) {
            let (offset, unsure) =
                (micros_as_seconds(skew.applied_micros.abs()), micros_as_seconds(skew.uncertainty_micros));
            // No sign where nothing is left of it.
            let sign = if skew.applied_micros < 0 && offset != micros_as_seconds(0) { "-" } else { "" };
            right.push(format!("{node} {sign}{offset} s ± {unsure} s ({} of lines)", pairs(skew.pairs)));
        }
        settled
            .insert(node.clone(), Skew { applied_micros: if off { skew.applied_micros } else { 0 }, ..skew.clone() });
    }
    if !right.is_empty() {
        let more = right.len().saturating_sub(NAMED_MAX);
        right.truncate(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let text = format!("the clocks agree as far as they can be compared: {}{more}.", right.join(", "));
        caveats.push(Caveat { kind: "clock-skew", node: None, text });
    }
    for (node, seconds) in &stated.skews {
        #[expect(clippy::cast_possible_truncation, reason = "clocks are off by less than 290,000 years")]
        let applied_micros = (seconds * 1e6).round() as i64;
        if let Some(skew) = clocks.get(node) {
            let direction = if *seconds < 0.0 { "behind" } else { "ahead" };
            let stated = format!("--skew states {} s {direction}", micros_as_seconds(applied_micros.abs()));
            let text = format!("{stated}, and that was taken; by the lines {}.", said(skew));
            caveats.push(Caveat { kind: "clock-skew", node: Some(node.clone()), text });
        }
        let measured = clocks.get(node);
        settled.insert(
            node.clone(),
            Skew {
                applied_micros,
                measured_micros: measured.and_then(|skew| skew.measured_micros),
                uncertainty_micros: 0,
                pairs: measured.map_or(0, |skew| skew.pairs),
                against: measured.and_then(|skew| skew.against.clone()),
            },
        );
    }
    settled
}

/// `its clock is 5.0 s ahead of ns1's (± 0.7 s, 4 pairs of lines agree)`.
fn said(skew: &Skew) -> String {
    let seconds = micros_as_seconds(skew.applied_micros.abs());
    let direction = if skew.applied_micros < 0 { "behind" } else { "ahead of" };
    let reference = skew.against.as_deref().unwrap_or("the other");
    let unsure = micros_as_seconds(skew.uncertainty_micros);
    format!("its clock is {seconds} s {direction} {reference}'s (± {unsure} s, {} of lines agree)", pairs(skew.pairs))
}

fn pairs(number: usize) -> String {
    if number == 1 { "1 pair".to_owned() } else { format!("{number} pairs") }
}

fn micros_as_seconds(micros: i64) -> String {
    format!("{}.{}", micros / 1_000_000, micros % 1_000_000 / 100_000)
}
