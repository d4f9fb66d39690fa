//! Offsets between two nodes' clocks, voted on by pairs of lines.

use super::{Meeting, Met, Sighting, TOLD_MICROS};
use crate::event::Text;
use ahash::AHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Votes within this of each other are one offset: a second of resolution on either side and the network between.
const AGREE_MICROS: i64 = 1_500_000;
/// Fewer pairs than this set no clock right.
const PAIRS_MIN: usize = 2;
/// What one pair leaves open, beside by how much it is apart.
const ONE_PAIR_MICROS: i64 = 1_000_000;

/// One possible meeting: what the two stamps differ by, and which two stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Vote {
    pub(super) offset: i64,
    pub(super) asked: i64,
    pub(super) answered: i64,
    /// Which meeting it is of.
    pub(super) kind: usize,
    /// Both sides name the priorities of both.
    pub(super) is_mutual: bool,
}

/// Every pair of stamps within reach: the true offset recurs, the others scatter.
fn votes_of(kind: usize, meeting: &Meeting, asked: &[i64], answered: &[i64]) -> Vec<Vote> {
    let (reach, is_mutual) = (meeting.reach_micros(), matches!(meeting, Meeting::Adverts(..)));
    let near = |asked: i64| {
        let from = answered.partition_point(|answered| *answered < asked - reach);
        let near = answered[from..].iter().take_while(move |answered| **answered <= asked + reach);
        near.map(move |answered| Vote { offset: asked - answered, asked, answered: *answered, kind, is_mutual })
    };
    asked.iter().flat_map(|asked| near(*asked)).collect()
}

/// Votes that agree: for each of the votes, which are in order, those from it on, and how many pairs they are.
struct Agreeing {
    votes: Range<usize>,
    /// How many different moments of both sides agree: one line that fits to several is one pair, not several.
    pairs: usize,
}

/// From each vote to the next one entry and few others come and go: tens of thousands of votes are counted once.
fn agreeing(votes: &[Vote]) -> Vec<Agreeing> {
    let (mut asked, mut answered) = (AHashMap::<i64, usize>::new(), AHashMap::<i64, usize>::new());
    let leave = |moments: &mut AHashMap<i64, usize>, moment: i64| {
        if let Some(times) = moments.get_mut(&moment) {
            *times -= 1;
            if *times == 0 {
                moments.remove(&moment);
            }
        }
    };
    let mut end = 0;
    let from_each = votes.iter().enumerate().map(|(begin, low)| {
        while let Some(vote) = votes.get(end).filter(|vote| vote.offset <= low.offset + AGREE_MICROS) {
            *asked.entry(vote.asked).or_default() += 1;
            *answered.entry(vote.answered).or_default() += 1;
            end += 1;
        }
        let pairs = asked.len().min(answered.len());
        leave(&mut asked, low.asked);
        leave(&mut answered, low.answered);
        Agreeing { votes: begin..end, pairs }
    });
    from_each.collect()
}

/// Two nodes whose stamps agree on an offset.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) ahead: Text,
    pub(super) behind: Text,
    pub(super) offset: i64,
    pub(super) pairs: usize,
    spread: i64,
    /// How far away the farthest offset is that may as well be the true one.
    doubt: i64,
    /// The asker's moments that it explains, by meeting.
    explained: BTreeSet<(usize, i64)>,
}

impl Link {
    /// Half the spread of its pairs, or as far as another offset is that is as good, and half a second for what the daemons themselves need.
    pub(super) fn uncertainty_micros(&self) -> i64 {
        self.doubt.max(self.spread / 2) + 500_000
    }

    /// The offset that most pairs agree on; of several, the smallest: clocks are more often right than wrong.
    pub(super) fn agreed(ahead: &Text, behind: &Text, votes: &[Vote]) -> Option<Self> {
        let mut votes = votes.to_vec();
        votes.sort_unstable();
        let all = agreeing(&votes);
        let mut best: Option<(usize, i64, &[Vote])> = None;
        for Agreeing { votes: some, pairs } in &all {
            let agreeing = &votes[some.clone()];
            let middle = agreeing[agreeing.len() / 2].offset;
            let is_better =
                best.is_none_or(|(known, offset, _)| *pairs > known || *pairs == known && middle.abs() < offset.abs());
            if is_better {
                best = Some((*pairs, middle, agreeing));
            }
        }
        let (pairs, offset, agreeing) = best?;
        let is_enough = pairs >= PAIRS_MIN;
        // One exchange of adverts that both sides tell of sets nothing right, but it shows that nothing need be: where no line of either may be
        // of another one.
        let mutual: Vec<i64> = votes.iter().filter(|vote| vote.is_mutual).map(|vote| vote.offset).collect();
        let is_only_one = mutual.first().zip(mutual.last()).is_some_and(|(low, high)| high - low <= AGREE_MICROS);
        let agrees = offset.abs() < TOLD_MICROS && agreeing.iter().any(|vote| vote.is_mutual);
        if !(is_enough || is_only_one && agrees) {
            return None;
        }
        let spread = agreeing.last()?.offset - agreeing.first()?.offset;
        let explained = agreeing.iter().map(|vote| (vote.kind, vote.asked)).collect();
        let doubt = if is_enough { doubt(&votes, &all, pairs, offset) } else { offset.abs() + ONE_PAIR_MICROS };
        Some(Self { ahead: ahead.clone(), behind: behind.clone(), offset, pairs, spread, doubt, explained })
    }

    /// Whether it rests on one pair: then it shows that two clocks agree, and corrects none.
    pub(super) fn is_weak(&self) -> bool {
        self.pairs < PAIRS_MIN
    }

    /// Best first: more pairs, then the smaller offset.
    fn weight(&self) -> (std::cmp::Reverse<usize>, i64, &Text, &Text) {
        (std::cmp::Reverse(self.pairs), self.offset.abs(), &self.ahead, &self.behind)
    }
}

/// How far the farthest other offset is that almost as many pairs agree on: what happens every half minute pairs as well with what
/// happened half a minute before. A clock that is off by several times as much is not believed.
fn doubt(votes: &[Vote], all: &[Agreeing], pairs_of_best: usize, offset: i64) -> i64 {
    let as_good = all.iter().filter(|some| some.pairs * 5 >= pairs_of_best * 4);
    let middles = as_good.map(|some| votes[some.votes.start + some.votes.len() / 2].offset);
    let rivals = middles.filter(|middle| middle.abs() <= 3 * offset.abs()).map(|middle| (middle - offset).abs());
    rivals.filter(|distance| *distance > AGREE_MICROS).max().unwrap_or(0)
}

/// What each pair of nodes (asker, answerer) may have met in.
pub(super) type Votes = BTreeMap<(Text, Text), Vec<Vote>>;

/// All votes between different nodes.
pub(super) fn votes(met: &Met) -> Votes {
    let mut votes = Votes::new();
    for sightings in met.sightings.chunk_by(|a, b| a.kind == b.kind) {
        let kind = sightings[0].kind;
        let of_side = |asks: bool| {
            let by_node = sightings.chunk_by(|a, b| (a.node, a.asks) == (b.node, b.asks));
            by_node.filter(move |one| one[0].asks == asks)
        };
        for asker in of_side(true) {
            for answerer in of_side(false).filter(|answerer| answerer[0].node != asker[0].node) {
                let new = votes_of(kind, &met.meetings[kind], &micros(asker), &micros(answerer));
                if !new.is_empty() {
                    let name = |one: &[Sighting]| met.nodes[one[0].node].clone();
                    votes.entry((name(asker), name(answerer))).or_default().extend(new);
                }
            }
        }
    }
    votes
}

fn micros(sightings: &[Sighting]) -> Vec<i64> {
    sightings.iter().map(|sighting| sighting.micros).collect()
}

/// The links, best first. What a node asked at one moment, one other node answered: a moment that a better link explains is no vote for
/// a worse one (two clusters that serve the same zones).
pub(super) fn links(votes: &mut Votes) -> Vec<Link> {
    let agreed = |((ahead, behind), votes): (&(Text, Text), &Vec<Vote>)| {
        Some(((ahead.clone(), behind.clone()), Link::agreed(ahead, behind, votes)?))
    };
    let mut open: BTreeMap<(Text, Text), Link> = votes.iter().filter_map(agreed).collect();
    let mut links = Vec::new();
    while let Some(pair) =
        open.iter().min_by(|(_, a), (_, b)| a.weight().cmp(&b.weight())).map(|(pair, _)| pair.clone())
    {
        let Some(best) = open.remove(&pair) else { break };
        let of_asker = (pair.0.clone(), Text::from(""))..;
        let others = votes.range_mut(of_asker).take_while(|((asker, _), _)| *asker == pair.0);
        for (other, votes) in others.filter(|(other, _)| **other != pair) {
            let before = votes.len();
            votes.retain(|vote| !best.explained.contains(&(vote.kind, vote.asked)));
            if votes.len() < before && open.contains_key(other) {
                match Link::agreed(&other.0, &other.1, votes) {
                    Some(link) => open.insert(other.clone(), link),
                    None => open.remove(other),
                };
            }
        }
        links.push(best);
    }
    links
}

#[cfg(test)]
mod tests {
    use super::{Link, Votes, links, votes_of};
    use crate::event::Text;
    use crate::timeline::skew::Meeting;

    fn zone() -> Meeting {
        Meeting::Transferred(Text::from("example.com"))
    }

    fn seconds(moments: &[i64]) -> Vec<i64> {
        moments.iter().map(|second| second * 1_000_000).collect()
    }

    fn agreed(asked: &[i64], answered: &[i64]) -> Option<(i64, usize)> {
        let votes = votes_of(0, &zone(), &seconds(asked), &seconds(answered));
        Link::agreed(&Text::from("a"), &Text::from("b"), &votes).map(|link| (link.offset / 1_000_000, link.pairs))
    }

    #[test]
    fn the_offset_most_pairs_agree_on_wins_over_chance_neighbours() {
        // Denied every 3 s; the asker's clock is 5 s ahead. Neighbours at 2 s and 8 s are chance and fewer.
        assert_eq!(agreed(&[5, 8, 11, 14, 25], &[0, 3, 6, 9, 20]), Some((5, 5)));
    }

    #[test]
    fn what_happens_in_regular_turns_leaves_a_doubt() {
        let doubted = |asked: &[i64], answered: &[i64]| {
            let votes = votes_of(0, &zone(), &seconds(asked), &seconds(answered));
            let link = Link::agreed(&Text::from("a"), &Text::from("b"), &votes).expect("they agree");
            (link.offset / 1_000_000, link.uncertainty_micros() / 1_000_000)
        };
        let every = |step: i64, ahead: i64| -> Vec<i64> { (0..20).map(|turn| turn * step + ahead).collect() };
        // Asked every 30 s by a clock that is 20 s ahead, or one that is 10 s behind: one line more or less decides.
        assert_eq!(doubted(&every(30, 20), &every(30, 0)), (20, 30));
        assert_eq!(doubted(&every(30, 20)[..19], &every(30, 0)), (-10, 30));
        // Off by 25 s is not likely where off by 5 s explains as much, and clocks that agree are right.
        assert_eq!(doubted(&every(30, 5), &every(30, 0)), (5, 0));
        assert_eq!(doubted(&every(10, 0), &every(10, 0)), (0, 0));
        // Moments that are not regular leave none.
        let moments = [3, 14, 70, 82, 133, 210, 251, 290];
        assert_eq!(doubted(&moments.map(|moment| moment + 20), &moments), (20, 0));
    }

    #[test]
    fn one_pair_corrects_nothing() {
        assert_eq!(agreed(&[4], &[0]), None);
        assert_eq!(agreed(&[1], &[0]), None);
    }

    #[test]
    fn one_exchange_that_both_sides_tell_of_shows_that_clocks_agree() {
        let agreed = |asked: i64, answered: i64| {
            let votes = votes_of(0, &Meeting::Adverts(103, 102), &seconds(&[asked]), &seconds(&[answered]));
            let link = Link::agreed(&Text::from("a"), &Text::from("b"), &votes)?;
            Some((link.offset, link.uncertainty_micros()))
        };
        let several = votes_of(0, &Meeting::Adverts(103, 102), &seconds(&[7, 9, 21]), &seconds(&[7]));
        assert!(
            Link::agreed(&Text::from("a"), &Text::from("b"), &several).is_none(),
            "which of them it is, nobody can tell"
        );
        assert_eq!(agreed(7, 7), Some((0, 1_500_000)));
        assert_eq!(agreed(8, 7), Some((1_000_000, 2_500_000)));
        assert_eq!(agreed(9, 7), None);
    }

    #[test]
    fn one_line_that_fits_to_two_is_one_pair() {
        // 1.x says "Transition to MASTER" and a second later "Entering MASTER": the advert heard 7 s later is neither's.
        assert_eq!(agreed(&[8], &[0, 1]), None);
    }

    #[test]
    fn a_moment_that_one_node_explains_is_no_vote_for_another() {
        let pair = |answerer: &str| (Text::from("asker"), Text::from(answerer));
        let mut votes: Votes = [
            (pair("its own primary"), votes_of(0, &zone(), &seconds(&[10, 40]), &seconds(&[10, 40]))),
            (pair("another cluster's"), votes_of(0, &zone(), &seconds(&[10, 40]), &seconds(&[26, 56]))),
        ]
        .into();
        let found: Vec<(Text, i64)> = links(&mut votes).into_iter().map(|link| (link.behind, link.offset)).collect();
        assert_eq!(found, [(Text::from("its own primary"), 0)]);
    }
}
