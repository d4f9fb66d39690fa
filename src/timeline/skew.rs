//! How far each node's clock is off, measured from lines that two nodes write about the same moment.
//!
//! An advert heard as lower is answered at once, and the rival hears the answer as higher; a NOTIFY is received as it is sent; a
//! transfer is refused or stored as it is denied or served; a MASTER yields as its successor enters. Such a pair says "these two stamps are one moment, give or take a
//! second". Offsets are voted on: many pairs that agree outweigh chance neighbours.

use super::Stated;
use crate::event::{Fact, Keepalived, Pdns, Text, Vrrp};
use crate::report::Caveat;
use std::collections::{BTreeMap, BTreeSet};

/// Stamps of one moment may be this far apart before nobody would think of pairing them.
const REACH_MICROS: i64 = 30_000_000;
/// Votes within this of each other are one offset: a second of resolution on either side and the network between.
const AGREE_MICROS: i64 = 1_500_000;
/// Fewer pairs than this correct nothing.
const PAIRS_MIN: usize = 2;
/// Offsets below this are the pairs' own delay, not a clock.
const TOLD_MICROS: i64 = 2_000_000;

/// A node's clock against the others of the set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skew {
    /// What was taken off the node's stamps, in microseconds (positive: its clock is ahead).
    pub applied_micros: i64,
    /// Half-width of the agreement, in microseconds.
    pub uncertainty_micros: i64,
    /// Pairs that agree.
    pub pairs: usize,
}

/// What two lines of one moment have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(super) enum Meeting {
    /// One transfer of a zone refused.
    Refused(Text),
    /// One transfer of a zone completed.
    Transferred(Text),
    /// One NOTIFY of a zone.
    Notified(Text),
    /// One exchange of adverts: (higher, lower) priority.
    Adverts(u32, u32),
    /// A node enters MASTER, and the one it replaces hears its first advert.
    HandOver(Text),
    /// A MASTER is stopped, and a BACKUP takes over within a second.
    StepDown,
}

impl Meeting {
    /// How far apart stamps of one such moment may be. Masters change often enough for chance neighbours.
    fn reach_micros(&self) -> i64 {
        match self {
            Meeting::Refused(_) | Meeting::Transferred(_) | Meeting::Notified(_) | Meeting::Adverts(..) => REACH_MICROS,
            Meeting::HandOver(_) | Meeting::StepDown => REACH_MICROS / 3,
        }
    }
}

/// Each node's clock relative to the set's middle one, as far as meetings tell. Each item: what met and which side wrote it, the
/// node, and when by its own clock.
pub(super) fn measure(meetings: impl Iterator<Item = ((Meeting, bool), Text, i64)>) -> BTreeMap<Text, Skew> {
    let mut moments = BTreeMap::<(Meeting, bool), BTreeMap<Text, Vec<i64>>>::new();
    for (key, node, micros) in meetings {
        moments.entry(key).or_default().entry(node).or_default().push(micros);
    }
    for by_node in moments.values_mut() {
        by_node.values_mut().for_each(|known| known.sort_unstable());
    }
    let mut votes = Votes::new();
    for ((meeting, asks), askers) in &moments {
        if !asks {
            continue;
        }
        let Some(answerers) = moments.get(&(meeting.clone(), false)) else { continue };
        for (asker, asked) in askers {
            for (answerer, answered) in answerers {
                if asker != answerer {
                    let new = votes_of(asked, answered, meeting.reach_micros());
                    votes.entry((asker.clone(), answerer.clone())).or_default().extend(new);
                }
            }
        }
    }
    let nodes: BTreeSet<Text> = moments.values().flat_map(|by_node| by_node.keys().cloned()).collect();
    let links: Vec<Link> =
        votes.iter().filter_map(|((a, b), votes)| Link::agreed(a.clone(), b.clone(), votes.clone())).collect();
    let mut clocks = against_each_other(&nodes, &links);
    for node in nodes {
        if !clocks.contains_key(&node)
            && let Some(skew) = against_all(&node, &clocks, &votes)
        {
            clocks.insert(node, skew);
        }
    }
    clocks
}

type Votes = BTreeMap<(Text, Text), Vec<Vote>>;

/// A node that meets each of the others too seldom: all its meetings together, against those whose clocks are known.
fn against_all(node: &Text, clocks: &BTreeMap<Text, Skew>, votes: &Votes) -> Option<Skew> {
    let mut all = Vec::new();
    for ((a, b), votes) in votes {
        let (other, sign) = match (a == node, b == node) {
            (true, false) => (b, 1),
            (false, true) => (a, -1),
            (true, true) | (false, false) => continue,
        };
        let Some(known) = clocks.get(other) else { continue };
        all.extend(votes.iter().map(|vote| Vote {
            offset: sign * vote.offset + known.applied_micros,
            asked: if sign > 0 { vote.asked } else { vote.answered },
            answered: if sign > 0 { vote.answered } else { vote.asked } - known.applied_micros,
        }));
    }
    let link = Link::agreed(node.clone(), Text::from(""), all)?;
    Some(Skew { applied_micros: link.offset, uncertainty_micros: link.uncertainty_micros(), pairs: link.pairs })
}

/// The moments a fact belongs to, and whether its writer is the side that hears (asks, receives).
pub(super) fn meetings(fact: &Fact) -> [Option<(Meeting, bool)>; 2] {
    match fact {
        Fact::Pdns(pdns) => [of_pdns(pdns), None],
        Fact::Vrrp { instance, what } => of_vrrp(instance, what),
        Fact::Keepalived(Keepalived::Stopping) => [Some((Meeting::StepDown, false)), None],
        Fact::Keepalived(_)
        | Fact::Group { .. }
        | Fact::Site { .. }
        | Fact::Cloud(_)
        | Fact::Other
        | Fact::Unrecognised(_) => [None, None],
    }
}

fn of_pdns(pdns: &Pdns) -> Option<(Meeting, bool)> {
    if let Pdns::TransferFailed { zone, refused: true, .. } = pdns {
        Some((Meeting::Refused(zone.clone()), true))
    } else if let Pdns::TransferDenied { zone, .. } = pdns {
        Some((Meeting::Refused(zone.clone()), false))
    } else if let Pdns::ZoneCommitted { zone, .. } = pdns {
        Some((Meeting::Transferred(zone.clone()), true))
    } else if let Pdns::TransferServed { zone, .. } = pdns {
        Some((Meeting::Transferred(zone.clone()), false))
    } else if let Pdns::NotifyRefused { zone, .. } | Pdns::NotifyAccepted { zone, .. } = pdns {
        Some((Meeting::Notified(zone.clone()), true))
    } else if let Pdns::NotifyQueued { zone, .. } = pdns {
        Some((Meeting::Notified(zone.clone()), false))
    } else {
        None
    }
}

fn of_vrrp(instance: &Text, what: &Vrrp) -> [Option<(Meeting, bool)>; 2] {
    match what {
        Vrrp::HeardLower(advert) => {
            let numbers = advert.ours.zip(advert.theirs);
            [numbers.map(|(high, low)| (Meeting::Adverts(high, low), true)), None]
        }
        Vrrp::HeardHigher(advert) => {
            let numbers = advert.theirs.zip(advert.ours);
            [
                numbers.map(|(high, low)| (Meeting::Adverts(high, low), false)),
                Some((Meeting::HandOver(instance.clone()), true)),
            ]
        }
        Vrrp::MasterPending => [Some((Meeting::HandOver(instance.clone()), false)), Some((Meeting::StepDown, true))],
        Vrrp::MasterEntered => [Some((Meeting::HandOver(instance.clone()), false)), Some((Meeting::StepDown, true))],
        Vrrp::BackupEntered { .. }
        | Vrrp::FaultEntered
        | Vrrp::HeardLowerAsBackup(_)
        | Vrrp::HeardZeroAsBackup
        | Vrrp::HeardZeroAsMaster
        | Vrrp::SentZero
        | Vrrp::AdvertTimedOut
        | Vrrp::PriorityChanged { .. }
        | Vrrp::ElectionForced
        | Vrrp::AdvertRejected => [None, None],
    }
}

/// One possible meeting: what the two stamps differ by, and which two stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Vote {
    offset: i64,
    asked: i64,
    answered: i64,
}

/// Every pair of stamps within reach: the true offset recurs, the others scatter.
fn votes_of(asked: &[i64], answered: &[i64], reach: i64) -> Vec<Vote> {
    asked
        .iter()
        .flat_map(|asked| {
            let from = answered.partition_point(|answered| *answered < asked - reach);
            answered[from..].iter().take_while(move |answered| **answered <= asked + reach).map(move |answered| Vote {
                offset: asked - answered,
                asked: *asked,
                answered: *answered,
            })
        })
        .collect()
}

/// How many different moments of both sides agree: one line that fits to several is one pair, not several.
fn pairs(votes: &[Vote]) -> usize {
    let asked: BTreeSet<i64> = votes.iter().map(|vote| vote.asked).collect();
    let answered: BTreeSet<i64> = votes.iter().map(|vote| vote.answered).collect();
    asked.len().min(answered.len())
}

/// Two nodes whose stamps agree on an offset.
struct Link {
    ahead: Text,
    behind: Text,
    offset: i64,
    spread: i64,
    pairs: usize,
}

impl Link {
    /// Half the spread of its pairs, and half a second for what the daemons themselves need.
    fn uncertainty_micros(&self) -> i64 {
        self.spread / 2 + 500_000
    }

    /// The offset that most pairs agree on; of several, the smallest: clocks are more often right than wrong.
    fn agreed(ahead: Text, behind: Text, mut votes: Vec<Vote>) -> Option<Self> {
        votes.sort_unstable();
        let mut best: Option<(usize, i64, i64)> = None;
        for (index, low) in votes.iter().enumerate() {
            let end = votes.partition_point(|other| other.offset <= low.offset + AGREE_MICROS);
            let agreeing = &votes[index..end];
            if best.is_some_and(|(count, ..)| agreeing.len() < count) {
                continue;
            }
            let count = pairs(agreeing);
            let middle = agreeing[agreeing.len() / 2].offset;
            let is_better =
                best.is_none_or(|(known, offset, _)| count > known || count == known && middle.abs() < offset.abs());
            if is_better {
                best = Some((count, middle, agreeing[agreeing.len() - 1].offset - low.offset));
            }
        }
        let (pairs, offset, spread) = best?;
        (pairs >= PAIRS_MIN).then_some(Self { ahead, behind, offset, spread, pairs })
    }
}

/// Each node's clock relative to the set's middle one, by the best-supported links first.
fn against_each_other(nodes: &BTreeSet<Text>, links: &[Link]) -> BTreeMap<Text, Skew> {
    let mut order: Vec<&Link> = links.iter().collect();
    order.sort_by(|a, b| b.pairs.cmp(&a.pairs).then_with(|| (&a.ahead, &a.behind).cmp(&(&b.ahead, &b.behind))));
    let mut clocks = BTreeMap::<Text, Skew>::new();
    let mut left: BTreeSet<Text> = nodes.clone();
    while let Some(root) =
        order.iter().flat_map(|link| [&link.ahead, &link.behind]).find(|node| left.contains(*node)).cloned()
    {
        let mut island = BTreeMap::from([(root.clone(), Skew { applied_micros: 0, uncertainty_micros: 0, pairs: 0 })]);
        while let Some((node, skew)) = order.iter().find_map(|link| {
            let (known, new, sign) = match (island.get(&link.ahead), island.get(&link.behind)) {
                (Some(known), None) => (known, &link.behind, -1),
                (None, Some(known)) => (known, &link.ahead, 1),
                (Some(_), Some(_)) | (None, None) => return None,
            };
            let applied_micros = known.applied_micros + sign * link.offset;
            Some((
                new.clone(),
                Skew { applied_micros, uncertainty_micros: link.uncertainty_micros(), pairs: link.pairs },
            ))
        }) {
            island.insert(node, skew);
        }
        let mut offsets: Vec<i64> = island.values().map(|skew| skew.applied_micros).collect();
        offsets.sort_unstable();
        let middle = offsets[(offsets.len() - 1) / 2];
        for (node, skew) in island {
            left.remove(&node);
            clocks.insert(node, Skew { applied_micros: skew.applied_micros - middle, ..skew });
        }
    }
    clocks
}

/// Decides what to correct, and says so.
pub(super) fn decide(
    clocks: &BTreeMap<Text, Skew>,
    stated: &Stated,
    caveats: &mut Vec<Caveat>,
) -> BTreeMap<Text, Skew> {
    let mut settled = BTreeMap::new();
    for (node, skew) in clocks {
        let off = skew.applied_micros.abs() >= TOLD_MICROS;
        if off && !stated.skews.contains_key(node) {
            let seconds = micros_as_seconds(skew.applied_micros.abs());
            let direction = if skew.applied_micros > 0 { "ahead of" } else { "behind" };
            let text = format!(
                "its clock is {seconds} s {direction} the others (± {} s, {} pairs of lines agree); corrected (--skew NODE=SECONDS states it).",
                micros_as_seconds(skew.uncertainty_micros),
                skew.pairs
            );
            caveats.push(Caveat { kind: "clock-skew", node: Some(node.clone()), text });
        }
        settled.insert(node.clone(), Skew { applied_micros: if off { skew.applied_micros } else { 0 }, ..*skew });
    }
    for (node, seconds) in &stated.skews {
        #[expect(clippy::cast_possible_truncation, reason = "clocks are off by less than 290,000 years")]
        let applied_micros = (seconds * 1e6).round() as i64;
        settled.insert(node.clone(), Skew { applied_micros, uncertainty_micros: 0, pairs: 0 });
    }
    settled
}

fn micros_as_seconds(micros: i64) -> String {
    format!("{}.{}", micros / 1_000_000, micros % 1_000_000 / 100_000)
}

#[cfg(test)]
mod tests {
    use super::{Link, REACH_MICROS, votes_of};
    use std::sync::Arc;

    fn agreed(asked: &[i64], answered: &[i64]) -> Option<(i64, usize)> {
        let seconds = |moments: &[i64]| moments.iter().map(|second| second * 1_000_000).collect::<Vec<i64>>();
        let votes = votes_of(&seconds(asked), &seconds(answered), REACH_MICROS);
        Link::agreed(Arc::from("a"), Arc::from("b"), votes).map(|link| (link.offset / 1_000_000, link.pairs))
    }

    #[test]
    fn the_offset_most_pairs_agree_on_wins_over_chance_neighbours() {
        // Denied every 3 s; the asker's clock is 5 s ahead. Neighbours at 2 s and 8 s are chance and fewer.
        assert_eq!(agreed(&[5, 8, 11, 14, 25], &[0, 3, 6, 9, 20]), Some((5, 5)));
    }

    #[test]
    fn one_pair_corrects_nothing() {
        assert_eq!(agreed(&[4], &[0]), None);
    }

    #[test]
    fn one_line_that_fits_to_two_is_one_pair() {
        // 1.x says "Transition to MASTER" and a second later "Entering MASTER": the advert heard 7 s later is neither's.
        assert_eq!(agreed(&[8], &[0, 1]), None);
    }
}
