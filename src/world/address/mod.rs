//! Where the moved address is and where it should be: the stretches in which the two differ.
//!
//! The owner is the only MASTER. The holder is the node whose take-over came last, unless a [`Witness`] places the address elsewhere.

mod chain;
mod elsewhere;
mod fell_back;
mod one_sided;

use super::World;
use super::group::{PeerGroup, Takeover};
use super::vrrp::Mastership;
use super::witness::{Seen, Witness};
use crate::event::{Event, Text};
use crate::moment::{Moment, Precision};
use elsewhere::{before_any_takeover, did_not_come};
use fell_back::fell_back;
use one_sided::one_sided;
use std::collections::BTreeSet;
use std::sync::Arc;

pub use one_sided::symptoms;

/// A take-over works when its script returns; the recordings show 0.7 to 1.8 s. What is shorter than this is no displacement.
const GRACE_MICROS: i64 = 5_000_000;
const SECOND_MICROS: i64 = 1_000_000;
/// A witness this soon after a take-over may speak of the moment before the script was done.
const SETTLE_MICROS: i64 = 3_000_000;
/// keepalived 1.x says that it opens a script right when it enters the state; stamps may be of whole seconds.
const SCRIPT_MICROS: i64 = 2_000_000;
/// Two scripts started within this of each other race: the slower one wins.
const RACE_MICROS: i64 = 15_000_000;
/// Stamps of two nodes closer than this leave their order unknown when one of them has whole seconds.
const COARSE_MICROS: i64 = 2_000_000;
/// A mastership longer than this was a failover, not a flap, if nothing of the other side is known.
const FLAP_MICROS: i64 = 10_000_000;
/// Symptoms of one drift on several hosts stand within this.
const SYMPTOMS_MICROS: i64 = 3_600_000_000;
/// A MASTER this young hears the last adverts of the one it replaces.
const HANDOVER_MICROS: i64 = 3_000_000;

/// Why holder and owner differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Displaced {
    /// The holder took over and fell back while the owner stayed MASTER and did nothing.
    TookAndFellBack,
    /// The owner became MASTER but the address did not come to it; `raced`: another script ran at about the same time.
    DidNotCome {
        /// Another take-over came shortly before.
        raced: bool,
    },
    /// The address was with the owner and left it without any take-over.
    MovedAway,
}

/// What ended it.
#[derive(Debug, Clone)]
pub enum Ending {
    /// A take-over by the owner (or another node): its script moved the address.
    Takeover(Arc<Event>),
    /// An observation that shows the address at the owner again: it came back before.
    Seen(Box<Witness>),
    /// The address serves the zone again that it refused.
    ServesAgain(Arc<Event>),
    /// The owner ceased to be MASTER.
    OwnerLeft(Arc<Event>),
}

impl Ending {
    /// When it is over at the latest.
    #[must_use]
    pub fn time(&self) -> Moment {
        match self {
            Ending::Takeover(event) | Ending::OwnerLeft(event) | Ending::ServesAgain(event) => event.time,
            Ending::Seen(witness) => witness.time,
        }
    }
}

/// The chain of the seed incident, where the owner's PowerDNS log is missing: the address refuses a zone, the zone's NOTIFY comes
/// from elsewhere, the address serves the zone again.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Transfer refused by the address.
    pub refused: Arc<Event>,
    /// The zone's NOTIFY from another address.
    pub notify: Arc<Event>,
    /// Transfer from the address that worked.
    pub served: Option<Arc<Event>>,
    /// The address.
    pub address: Text,
    /// No other address can be the one that moves with the group.
    pub is_of_group: bool,
}

/// One stretch of holder ≠ owner.
#[derive(Debug, Clone)]
pub struct Displacement {
    /// Where the address is.
    pub holder: Option<Text>,
    /// Where it should be.
    pub owner: Option<Text>,
    /// Why.
    pub why: Displaced,
    /// The line it begins with: the take-over that moved it, the one that did not, or the first sight of it elsewhere.
    pub first: Arc<Event>,
    /// Whether it began there or before.
    pub began_there: bool,
    /// The mastership of the take-over.
    pub taken: Option<Mastership>,
    /// The owner's mastership that lasted through it.
    pub kept: Option<Mastership>,
    /// Further flaps that moved nothing any more.
    pub flaps: Vec<Mastership>,
    /// Observations of the address away from the owner.
    pub away: Vec<Witness>,
    /// Observations of the address at the owner, before any that shows it away.
    pub home_first: Vec<Witness>,
    /// Observations by one side's lines only.
    pub hints: Vec<Witness>,
    /// The seed's chain.
    pub chain: Option<Chain>,
    /// What ended it; `None`: open.
    pub ending: Option<Ending>,
    /// A transfer from the address, after it was last seen away, of which the holder's PowerDNS, whose log is here, wrote nothing.
    pub absent: Option<Arc<Event>>,
    /// Whether both sides' keepalived lines are there.
    pub is_complete: bool,
    /// Whether the stamps tell which of two scripts ran last.
    pub order_is_known: bool,
    /// Another MASTER wrote nothing any more since the owner took over, also not that it left: it died, or hears nothing.
    pub rival_may_live: bool,
    /// Seen away only for as long as a script may take.
    pub is_brief: bool,
    /// The holder's script, or the cloud, says that the take-over failed.
    pub failed: Option<Arc<Event>>,
    /// The address, as far as any line shows which one moves with the group.
    pub address: Option<Text>,
    /// Addresses that may be the one that moves instead.
    pub rival_addresses: Vec<Text>,
}

impl Displacement {
    /// One that rests on one side's lines; the rest is to be filled in.
    fn suspicion(first: &Arc<Event>) -> Self {
        Self {
            holder: None,
            owner: None,
            why: Displaced::TookAndFellBack,
            first: Arc::clone(first),
            began_there: false,
            taken: None,
            kept: None,
            flaps: Vec::new(),
            away: Vec::new(),
            home_first: Vec::new(),
            hints: Vec::new(),
            chain: None,
            ending: None,
            absent: None,
            is_complete: false,
            order_is_known: true,
            rival_may_live: false,
            is_brief: false,
            failed: None,
            address: None,
            rival_addresses: Vec::new(),
        }
    }

    /// The first that is seen of the address shows it away from the holder: perhaps nothing was left behind.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        !self.home_first.is_empty() || self.away.is_empty() && self.chain.is_none() && self.absent.is_some()
    }

    /// How much there is to tell: what is placed before what is not; of that what was seen to end, else what is open or lasts longest.
    fn weight(&self) -> (bool, bool, i64) {
        let until = self.ending.as_ref().map_or(i64::MAX, |ending| ending.time().micros);
        let was_seen_to_end = matches!(self.ending, Some(Ending::Seen(_) | Ending::ServesAgain(_)));
        (self.is_placed(), !self.is_placed() && was_seen_to_end, until)
    }

    /// Whether independent evidence places the address.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        !self.away.is_empty() || self.chain.as_ref().is_some_and(|chain| chain.served.is_some() && chain.is_of_group)
    }
}

/// A stretch from one take-over to the next.
struct Window<'a> {
    takeover: Takeover<'a>,
    next: Option<Takeover<'a>>,
    previous: Option<Takeover<'a>>,
}

/// A peer group, and one of the addresses that move with it.
#[derive(Clone, Copy)]
struct Scope<'a> {
    world: &'a World,
    group: &'a PeerGroup,
    /// `None`: no line shows any.
    address: Option<&'a Text>,
}

impl<'a> Scope<'a> {
    /// What was seen of the address, in order of time; also what names none.
    fn seen(&self) -> impl Iterator<Item = &'a Witness> + use<'a> {
        let Self { world, group, address } = *self;
        world.seen_of(group, address)
    }
}

/// All displacements of a peer group, in order of time. Where several addresses move with it, what one line began is told of one of them.
#[must_use]
pub fn displacements(world: &World, group: &PeerGroup) -> Vec<Displacement> {
    let mut found: Vec<Displacement> = Vec::new();
    for address in group.moving.each() {
        let new = of_address(&Scope { world, group, address });
        if found.is_empty() {
            found = new;
        } else {
            new.into_iter().for_each(|new| add(&mut found, new));
        }
    }
    found
}

/// Puts one among those of another address, in order of time.
fn add(found: &mut Vec<Displacement>, new: Displacement) {
    let begun = |displacement: &Displacement| displacement.first.time.micros;
    let at = found.partition_point(|known| begun(known) < begun(&new));
    let same =
        found[at..].iter().take_while(|known| begun(known) == begun(&new)).position(|known| known.first == new.first);
    match same {
        None => found.insert(at, new),
        Some(same) if new.weight() > found[at + same].weight() => found[at + same] = new,
        Some(_) => {}
    }
}

fn of_address(scope: &Scope<'_>) -> Vec<Displacement> {
    let Scope { world, group, address } = *scope;
    let takeovers: Vec<Takeover<'_>> = group.takeovers().collect();
    let without_script = without_script(world, group);
    let mut found: Vec<Displacement> = Vec::new();
    for (index, takeover) in takeovers.iter().enumerate().filter(|(_, one)| !without_script.contains(one.node)) {
        let previous = index.checked_sub(1).map(|before| takeovers[before]);
        let window = Window { takeover: *takeover, next: takeovers.get(index + 1).copied(), previous };
        let Some(new) = fell_back(scope, &window).or_else(|| did_not_come(scope, &window)) else {
            continue;
        };
        match found.last_mut() {
            Some(last) if last.goes_on_in(&new) => last.absorb(new),
            _ => found.push(new),
        }
    }
    found.extend(before_any_takeover(scope, takeovers.first()));
    for new in one_sided(scope, &without_script) {
        // What both sides tell is told already.
        if found.iter().all(|known| known.first != new.first) {
            found.push(new);
        }
    }
    found.retain(|displacement| displacement.lasts(world.now));
    for displacement in &mut found {
        // The one that it was seen by is told, which need not be one that any other line shows to move.
        displacement.address = address.or(displacement.chain.as_ref().map(|chain| &chain.address)).cloned();
        displacement.rival_addresses = match (address, &displacement.chain) {
            (Some(own), _) => group.moving.rivals(own).cloned().collect(),
            (None, Some(chain)) => world.asked_beside(group, &chain.address).cloned().collect(),
            (None, None) => Vec::new(),
        };
    }
    found
}

impl Displacement {
    /// When it is certain that no take-over repaired it at once, to the second: then a follower tells it.
    #[must_use]
    pub fn is_settled_at(&self) -> Option<Moment> {
        let fell_back = self.taken.as_ref().and_then(Mastership::ended);
        let last = fell_back.max(Some(self.first.time)).filter(|_| self.began_there && self.is_complete)?;
        let settled = (self.first.time.micros + GRACE_MICROS).max(last.micros);
        let seconds = settled.div_euclid(SECOND_MICROS) + 2;
        Some(Moment { micros: seconds * SECOND_MICROS, precision: Precision::Second })
    }

    /// `now`: where the logs go on, the moment up to which all is known.
    fn lasts(&self, now: Option<Moment>) -> bool {
        let last_takeover = self.flaps.iter().filter_map(|flap| flap.entered.as_ref()).map(|event| event.time);
        let since = last_takeover.max().unwrap_or(self.first.time);
        match (&self.ending, now) {
            (Some(ending), _) => ending.time().micros_since(since) > GRACE_MICROS,
            (None, Some(now)) => now.micros_since(since) > GRACE_MICROS,
            // Nothing ends it in these logs, and a healthy keepalived writes nothing: the end of the log is not the end of the drift.
            (None, None) => true,
        }
    }

    /// A further flap of the same holder while the owner stays MASTER changes nothing.
    fn goes_on_in(&self, new: &Displacement) -> bool {
        let by_next_flap = matches!(&self.ending, Some(Ending::Takeover(event)) if *event == new.first);
        let fell_back = self.why == Displaced::TookAndFellBack && new.why == Displaced::TookAndFellBack;
        by_next_flap && fell_back && self.holder == new.holder && self.owner == new.owner
    }

    fn absorb(&mut self, new: Displacement) {
        self.flaps.extend(new.taken);
        self.flaps.extend(new.flaps);
        if self.away.is_empty() {
            self.home_first.extend(new.home_first);
        }
        self.away.extend(new.away);
        self.hints.extend(new.hints);
        self.chain = self.chain.take().or(new.chain);
        self.ending = new.ending;
        self.absent = new.absent.or(self.absent.take());
        self.kept = new.kept.or(self.kept.take());
        self.is_complete |= new.is_complete;
    }
}

/// Nodes whose take-overs in this group run no script: in 1.x each start of one is logged, and on them only those of other groups are.
fn without_script<'g>(world: &World, group: &'g PeerGroup) -> BTreeSet<&'g Text> {
    let runs = |one: &Mastership| {
        let (Some(entered), Some(script)) = (&one.entered, &one.script) else { return false };
        script.time.micros_since(entered.time) <= SCRIPT_MICROS
    };
    let runs_in = |group: &PeerGroup, node: &Text| group.nodes.get(node).is_some_and(|all| all.iter().any(runs));
    let is_without = |node: &&Text| !runs_in(group, node) && world.groups().iter().any(|other| runs_in(other, node));
    group.nodes.keys().filter(is_without).collect()
}

/// Sets evidence and ending of a displacement from what was seen in its window.
fn close(
    displacement: &mut Displacement,
    away: Vec<Witness>,
    home: Vec<Witness>,
    next: Option<Takeover<'_>>,
    kept: &Mastership,
) {
    let last_away = away.last().map(|witness| witness.time);
    let back = match last_away {
        Some(last) => home.iter().find(|witness| witness.time.micros > last.micros),
        None => home.first(),
    };
    let first_away = away.first().map(|witness| witness.time.micros).unwrap_or(i64::MAX);
    let first_hint = displacement.hints.first().map_or(i64::MAX, |witness| witness.time.micros);
    displacement.home_first =
        home.iter().filter(|witness| witness.time.micros < first_away.min(first_hint)).cloned().collect();
    displacement.away = away;
    let mut endings: Vec<Ending> = back.cloned().map(|witness| Ending::Seen(Box::new(witness))).into_iter().collect();
    endings.extend(displacement.chain.as_ref().and_then(|chain| chain.served.clone()).map(Ending::ServesAgain));
    endings.extend(displacement.absent.clone().map(Ending::ServesAgain));
    endings.extend(next.map(|next| Ending::Takeover(Arc::clone(next.event))));
    endings.extend(kept.end.as_ref().map(|(_, event)| Ending::OwnerLeft(Arc::clone(event))));
    displacement.ending = endings.into_iter().min_by_key(|ending| ending.time().micros);
}

fn near(moment: Moment, from: Moment, to: Moment, slack: i64) -> bool {
    moment.micros >= from.micros - slack && moment.micros <= to.micros + slack
}

/// Witnesses told apart by what they say, for sentences.
#[must_use]
pub fn first_of(witnesses: &[Witness], seen: Seen) -> Option<&Witness> {
    witnesses.iter().find(|witness| witness.seen == seen)
}
