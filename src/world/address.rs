//! Where the moved address is and where it should be: the stretches in which the two differ.
//!
//! The owner is the only MASTER. The holder is the node whose take-over came last, unless a [`Witness`] places the address elsewhere.

use super::vrrp::{Begin, End, Mastership, PeerGroup, Takeover};
use super::witness::{Seen, Witness};
use super::{Behind, World};
use crate::event::{Daemon, Event, Pdns, Text};
use crate::moment::{Moment, Precision};
use std::sync::Arc;

/// A take-over works when its script returns; the recordings show 0.7 to 1.8 s. What is shorter than this is no displacement.
const GRACE_MICROS: i64 = 5_000_000;
/// A witness this soon after a take-over may speak of the moment before the script was done.
const SETTLE_MICROS: i64 = 3_000_000;
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
    /// Whether both sides' keepalived lines are there.
    pub is_complete: bool,
    /// Whether the stamps tell which of two scripts ran last.
    pub order_is_known: bool,
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
            is_complete: false,
            order_is_known: true,
        }
    }

    /// Whether independent evidence places the address.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        !self.away.is_empty() || self.chain.as_ref().is_some_and(|chain| chain.served.is_some())
    }
}

/// A stretch from one take-over to the next.
struct Window<'a> {
    takeover: Takeover<'a>,
    next: Option<Takeover<'a>>,
    previous: Option<Takeover<'a>>,
}

/// All displacements of a peer group, in order of time.
#[must_use]
pub fn displacements(world: &World, group: &PeerGroup) -> Vec<Displacement> {
    let takeovers = group.takeovers();
    let mut found: Vec<Displacement> = Vec::new();
    for (index, takeover) in takeovers.iter().enumerate() {
        let previous = index.checked_sub(1).map(|before| takeovers[before]);
        let window = Window { takeover: *takeover, next: takeovers.get(index + 1).copied(), previous };
        let Some(new) = fell_back(world, group, &window).or_else(|| did_not_come(world, group, &window)) else {
            continue;
        };
        match found.last_mut() {
            Some(last) if last.goes_on_in(&new) => last.absorb(new),
            _ => found.push(new),
        }
    }
    found.extend(before_any_takeover(world, group, takeovers.first()));
    found.extend(one_sided(world, group));
    found.retain(Displacement::lasts);
    found.sort_by_key(|displacement| displacement.first.time.micros);
    found
}

impl Displacement {
    fn lasts(&self) -> bool {
        // Nothing ends it in these logs, and a healthy keepalived writes nothing: the end of the log is not the end of the drift.
        let Some(ending) = &self.ending else { return true };
        let last_takeover = self.flaps.iter().filter_map(|flap| flap.entered.as_ref()).map(|event| event.time);
        let since = last_takeover.max().unwrap_or(self.first.time);
        ending.time().micros_since(since) > GRACE_MICROS
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
        self.kept = new.kept.or(self.kept.take());
        self.is_complete |= new.is_complete;
    }
}

/// The seed's pattern: the node that took over fell back while another MASTER stayed, which therefore ran no script.
fn fell_back(world: &World, group: &PeerGroup, window: &Window<'_>) -> Option<Displacement> {
    let Takeover { node: holder, mastership: taken, event } = window.takeover;
    let (end, end_event) = taken.end.as_ref()?;
    let fell = end_event.time;
    if window.next.is_some_and(|next| next.event.time.micros < fell.micros) {
        return None;
    }
    let stayed = group.rivals_of(holder).filter(|(_, other)| stays_through(other, event.time, fell));
    let (owner, kept) = stayed.max_by_key(|(node, other)| {
        (
            other.ended().is_none_or(|ended| ended.micros > fell.micros),
            other.heard_lower_count,
            std::cmp::Reverse((*node).clone()),
        )
    })?;
    let heard = kept.heard_lower.iter().any(|line| near(line.time, event.time, fell, HANDOVER_MICROS));
    let covered = world.nodes.get(owner).and_then(|facts| facts.last).is_some_and(|last| last.micros >= fell.micros);
    if *end == End::Died || !(heard || covered) {
        return None;
    }
    let limit = [window.next.map(|next| next.event.time), kept.ended()].into_iter().flatten().min();
    let (away, home, hints) = sightings(world, group, holder, owner, event.time, limit);
    let mut displacement = Displacement {
        holder: Some(holder.clone()),
        owner: Some(owner.clone()),
        why: Displaced::TookAndFellBack,
        first: Arc::clone(event),
        began_there: true,
        taken: Some(taken.clone()),
        kept: Some(kept.clone()),
        flaps: Vec::new(),
        away: Vec::new(),
        home_first: Vec::new(),
        hints,
        chain: None,
        ending: None,
        is_complete: true,
        order_is_known: scripts_are_ordered(kept, event),
    };
    displacement.chain = chain(world, owner, holder, event.time, limit);
    close(&mut displacement, away, home, window.next, kept);
    Some(displacement)
}

/// A mastership that began before the take-over and outlived the fall-back.
fn stays_through(other: &Mastership, taken: Moment, fell: Moment) -> bool {
    let began_before = other.start().is_none_or(|start| start.micros < taken.micros)
        && other.first.time.micros <= fell.micros + HANDOVER_MICROS;
    began_before && other.ended().is_none_or(|ended| ended.micros > fell.micros)
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
    endings.extend(next.map(|next| Ending::Takeover(Arc::clone(next.event))));
    endings.extend(kept.end.as_ref().map(|(_, event)| Ending::OwnerLeft(Arc::clone(event))));
    displacement.ending = endings.into_iter().min_by_key(|ending| ending.time().micros);
}

/// What was seen of the address in a window: away from the owner, at the owner, and by one side only.
fn sightings(
    world: &World,
    group: &PeerGroup,
    holder: &Text,
    owner: &Text,
    from: Moment,
    limit: Option<Moment>,
) -> (Vec<Witness>, Vec<Witness>, Vec<Witness>) {
    let (mut away, mut home, mut hints) = (Vec::new(), Vec::new(), Vec::new());
    let all = world.witnesses.all();
    let takeovers = group.takeovers();
    let was_expected = |moment: Moment| {
        takeovers
            .iter()
            .rev()
            .find(|takeover| takeover.event.time.micros <= moment.micros)
            .is_some_and(|last| last.node == holder)
    };
    // What was seen as well while the address was not expected there proves nothing now (an ACL, a second primary address).
    let usual = |witness: &Witness| {
        all.iter().take_while(|other| other.time.micros < from.micros).any(|other| {
            (&other.node, other.seen, &other.address) == (&witness.node, witness.seen, &witness.address)
                && !was_expected(other.time)
        })
    };
    for witness in all {
        let settled = witness.time.micros >= from.micros + SETTLE_MICROS;
        if !settled || limit.is_some_and(|limit| witness.time.micros > limit.micros) {
            continue;
        }
        let of_owner = witness.node == *owner;
        let of_holder = witness.node == *holder;
        match (witness.seen.holds(), witness.seen.is_paired()) {
            (true, true) if of_owner => home.push(witness.clone()),
            (true, true) if of_holder && !usual(witness) => away.push(witness.clone()),
            (false, true) if of_owner && !usual(witness) => away.push(witness.clone()),
            (true, false) if of_owner => home.push(witness.clone()),
            (false, false) if of_owner => hints.push(witness.clone()),
            _ => {}
        }
    }
    (away, home, hints)
}

/// The owner became the only MASTER, but the address was seen at another node of the group well after its script should be done.
fn did_not_come(world: &World, group: &PeerGroup, window: &Window<'_>) -> Option<Displacement> {
    let Takeover { node: owner, mastership: kept, event } = window.takeover;
    let limit = [window.next.map(|next| next.event.time), kept.ended()].into_iter().flatten().min();
    let alone = |moment: Moment| !group.rivals_of(owner).any(|(_, other)| other.covers(moment));
    let late = |witness: &&Witness| {
        witness.time.micros > event.time.micros + GRACE_MICROS
            && limit.is_none_or(|limit| witness.time.micros < limit.micros)
    };
    let elsewhere = |witness: &&Witness| {
        witness.seen.holds()
            && witness.seen.is_paired()
            && witness.node != *owner
            && group.nodes.contains_key(&witness.node)
    };
    let first = world.witnesses.all().iter().filter(late).filter(elsewhere).find(|witness| alone(witness.time))?;
    let holder = first.node.clone();
    let seen_home = |witness: &&Witness| witness.node == *owner && witness.seen.holds() && witness.seen.is_paired();
    let (away, home, hints) = sightings_of_holder(world, &holder, owner, event.time, limit);
    let was_home = world
        .witnesses
        .all()
        .iter()
        .filter(late)
        .filter(seen_home)
        .any(|witness| witness.time.micros < first.time.micros);
    let raced = window.previous.is_some_and(|previous| {
        previous.node == &holder && event.time.micros_since(previous.event.time) <= RACE_MICROS
    });
    let why = if was_home { Displaced::MovedAway } else { Displaced::DidNotCome { raced } };
    let begins = if was_home { Arc::clone(first.other.as_ref().unwrap_or(&first.own)) } else { Arc::clone(event) };
    let mut displacement = Displacement {
        holder: Some(holder),
        owner: Some(owner.clone()),
        why,
        first: begins,
        began_there: !was_home,
        taken: None,
        kept: Some(kept.clone()),
        flaps: Vec::new(),
        away: Vec::new(),
        home_first: Vec::new(),
        hints,
        chain: None,
        ending: None,
        is_complete: true,
        order_is_known: true,
    };
    let home = if was_home {
        home.into_iter().filter(|witness| witness.time.micros > first.time.micros).collect()
    } else {
        home
    };
    close(&mut displacement, away, home, window.next, kept);
    Some(displacement)
}

/// Like [`sightings`], but a holder that answered at the address before is just what is told.
fn sightings_of_holder(
    world: &World,
    holder: &Text,
    owner: &Text,
    from: Moment,
    limit: Option<Moment>,
) -> (Vec<Witness>, Vec<Witness>, Vec<Witness>) {
    let (mut away, mut home) = (Vec::new(), Vec::new());
    for witness in world.witnesses.all() {
        let settled = witness.time.micros >= from.micros + SETTLE_MICROS;
        if !settled || limit.is_some_and(|limit| witness.time.micros > limit.micros) || !witness.seen.is_paired() {
            continue;
        }
        if witness.node == *holder && witness.seen.holds() {
            away.push(witness.clone());
        } else if witness.node == *owner && witness.seen.holds() {
            home.push(witness.clone());
        }
    }
    (away, home, Vec::new())
}

/// A MASTER since before the log, and the address seen at another node of its group.
fn before_any_takeover(world: &World, group: &PeerGroup, first: Option<&Takeover<'_>>) -> Option<Displacement> {
    let limit = first.map(|takeover| takeover.event.time);
    let unseen = group.nodes.iter().filter_map(|(node, masterships)| {
        masterships.first().filter(|mastership| mastership.begin == Begin::Unseen).map(|mastership| (node, mastership))
    });
    let candidates: Vec<(&Text, &Mastership)> = unseen.collect();
    let [(owner, kept)] = candidates.as_slice() else { return None };
    let before =
        |witness: &&Witness| limit.is_none_or(|limit| witness.time.micros < limit.micros) && kept.covers(witness.time);
    let elsewhere = |witness: &&Witness| {
        witness.seen.holds()
            && witness.seen.is_paired()
            && witness.node != **owner
            && group.nodes.contains_key(&witness.node)
    };
    let away: Vec<Witness> = world.witnesses.all().iter().filter(before).filter(elsewhere).cloned().collect();
    let first = away.first()?.clone();
    let home = |witness: &&Witness| witness.node == **owner && witness.seen.holds() && witness.seen.is_paired();
    let home: Vec<Witness> = world.witnesses.all().iter().filter(before).filter(home).cloned().collect();
    let mut displacement = Displacement {
        holder: Some(first.node.clone()),
        owner: Some((*owner).clone()),
        why: Displaced::MovedAway,
        first: Arc::clone(first.other.as_ref().unwrap_or(&first.own)),
        began_there: false,
        taken: None,
        kept: Some((*kept).clone()),
        flaps: Vec::new(),
        away: Vec::new(),
        home_first: Vec::new(),
        hints: Vec::new(),
        chain: None,
        ending: None,
        is_complete: true,
        order_is_known: true,
    };
    close(&mut displacement, away, home, None, kept);
    Some(displacement)
}

/// Only one side's keepalived log: a flap that the other side would have to confirm.
fn one_sided(world: &World, group: &PeerGroup) -> Vec<Displacement> {
    let mut found = Vec::new();
    for (node, masterships) in &group.nodes {
        for mastership in masterships {
            found.extend(took_over_alone(world, group, node, mastership));
            found.extend(heard_a_rival(world, group, node, mastership));
        }
    }
    found
}

fn is_dark(world: &World, node: &Text, moment: Moment) -> bool {
    world
        .nodes
        .get(node)
        .and_then(|facts| facts.spans.get(&Daemon::Keepalived))
        .is_none_or(|(first, last)| first.micros > moment.micros || last.micros < moment.micros - 24 * 3_600_000_000)
}

/// The holder's log alone: it was MASTER, heard a better one and yielded. Moments of that are a flap; a longer time was perhaps a
/// failover, unless the address is seen there long after.
fn took_over_alone(world: &World, group: &PeerGroup, node: &Text, taken: &Mastership) -> Option<Displacement> {
    let event = taken.entered.as_ref()?;
    let (End::Yielded, end) = taken.end.as_ref()? else { return None };
    let others: Vec<&Text> = group.nodes.keys().filter(|other| *other != node).collect();
    if !others.iter().all(|other| is_dark(world, other, event.time)) {
        return None;
    }
    let next = group.takeovers().into_iter().find(|next| next.event.time.micros > event.time.micros);
    let limit = next.map(|next| next.event.time);
    let inside = |moment: Moment| {
        moment.micros > end.time.micros + GRACE_MICROS && limit.is_none_or(|limit| moment.micros < limit.micros)
    };
    let all = world.witnesses.all().iter();
    let here = all.filter(|witness| {
        witness.node == *node && witness.seen.holds() && witness.seen.is_paired() && inside(witness.time)
    });
    let away: Vec<Witness> = here.cloned().collect();
    let elsewhere = |after: Moment| fetched_without(world, group, node, after, limit);
    let ending = match away.last() {
        Some(last) => elsewhere(last.time),
        None if end.time.micros_since(event.time) > FLAP_MICROS => return None,
        // The first that is seen of the address shows it elsewhere: nothing was left behind.
        None if elsewhere(end.time).is_some() => return None,
        None => None,
    };
    let owner = match others.as_slice() {
        [only] => Some((*only).clone()),
        _ => None,
    };
    let chain_owner = owner.clone().unwrap_or_else(|| Text::from(""));
    let chain = chain(world, &chain_owner, node, event.time, limit);
    let endings = [
        ending.map(Ending::ServesAgain),
        chain.as_ref().and_then(|chain| chain.served.clone()).map(Ending::ServesAgain),
        next.map(|next| Ending::Takeover(Arc::clone(next.event))),
    ];
    Some(Displacement {
        holder: Some(node.clone()),
        owner,
        first: Arc::clone(event),
        began_there: true,
        taken: Some(taken.clone()),
        away,
        chain,
        ending: endings.into_iter().flatten().min_by_key(|ending| ending.time().micros),
        ..Displacement::suspicion(event)
    })
}

/// A commit from the address of the group about which this node's PowerDNS, whose log is here, wrote nothing: the address was not
/// on it. (Every asked transfer is logged, at any level.)
fn fetched_without(
    world: &World,
    group: &PeerGroup,
    node: &Text,
    after: Moment,
    limit: Option<Moment>,
) -> Option<Arc<Event>> {
    let facts = world.nodes.get(node)?;
    let address = world.resource_of(group)?;
    if !facts.spans.contains_key(&Daemon::Pdns) {
        return None;
    }
    let mut commits = world.commits_from(&address).into_iter();
    let is_later = |commit: &Arc<Event>| {
        commit.time.micros > after.micros
            && limit.is_none_or(|limit| commit.time.micros < limit.micros)
            && commit.node != *node
    };
    commits.find(|commit| is_later(commit) && !facts.was_asked_near(commit.time)).cloned()
}

/// The owner's log alone: it heard another MASTER. From 2.0 on that one has run its script; before, nobody can tell from here.
fn heard_a_rival(world: &World, group: &PeerGroup, owner: &Text, kept: &Mastership) -> Option<Displacement> {
    let young = |line: &Arc<Event>| kept.start().is_some_and(|start| line.time.micros_since(start) <= HANDOVER_MICROS);
    let heard = kept.heard_lower.iter().find(|line| !young(line))?;
    let from = super::vrrp::advert(heard)?.from.clone()?;
    let told = group.rivals_of(owner).any(|(_, other)| {
        let begins = other.first.time.micros - HANDOVER_MICROS;
        begins <= heard.time.micros
            && other.ended().is_none_or(|ended| ended.micros + HANDOVER_MICROS >= heard.time.micros)
    });
    let others: Vec<&Text> = group.nodes.keys().filter(|other| *other != owner).collect();
    if told || !others.iter().all(|other| is_dark(world, other, heard.time)) {
        return None;
    }
    let holder = match others.as_slice() {
        [only] => (*only).clone(),
        _ => from,
    };
    let limit = kept.ended();
    let (away, home, hints) = sightings(world, group, &holder, owner, heard.time, limit);
    let mut displacement = Displacement {
        holder: Some(holder.clone()),
        owner: Some(owner.clone()),
        why: Displaced::TookAndFellBack,
        first: Arc::clone(heard),
        began_there: true,
        taken: None,
        kept: Some(kept.clone()),
        flaps: Vec::new(),
        away: Vec::new(),
        home_first: Vec::new(),
        hints,
        chain: chain(world, owner, &holder, heard.time, limit),
        ending: None,
        is_complete: false,
        order_is_known: true,
    };
    close(&mut displacement, away, home, None, kept);
    Some(displacement)
}

/// Only symptoms: a primary's NOTIFY arrives from an address that is no master, and the address that the secondaries know refuses
/// the zone. Told only where no two keepalived logs can settle it.
#[must_use]
pub fn symptoms(world: &World) -> Vec<Displacement> {
    let mut found: Vec<Displacement> = Vec::new();
    for refusals in world.replication.refusals() {
        let (Some(address), Some(first)) = (&refusals.address, refusals.failures.first.first()) else { continue };
        let is_of_zone = |event: &&Arc<Event>| {
            let Some(Pdns::NotifyRefused { zone, from }) = event.pdns() else { return false };
            let last = refusals.last_time().unwrap_or(first.time);
            from != address && refusals.zones.contains(zone) && near(event.time, first.time, last, SYMPTOMS_MICROS)
        };
        let strangers = world.replication.strangers().flat_map(|strangers| &strangers.lines.first);
        let Some(notify) = strangers.filter(is_of_zone).min_by_key(|event| (event.time.micros, event.node.clone()))
        else {
            continue;
        };
        let own = world
            .witnesses
            .all()
            .iter()
            .filter(|witness| witness.seen == Seen::Strange && refusals.zones.contains(&witness.zone));
        let sender = own.map(|witness| &witness.node).next().cloned();
        let refuser = refusals.refusers.iter().find(|node| Some(*node) != sender.as_ref()).cloned();
        if refusals.refusers.len() == 1 && refuser.is_none()
            || is_settled_by_vrrp(world, sender.as_ref(), refuser.as_ref(), notify.time)
        {
            continue;
        }
        let begin = if first.time.micros <= notify.time.micros { first } else { notify };
        let away: Vec<Witness> = world
            .witnesses
            .all()
            .iter()
            .filter(|witness| {
                let strange = witness.seen == Seen::Strange && Some(&witness.node) == sender.as_ref();
                let denied = witness.seen == Seen::Denied && Some(&witness.node) == refuser.as_ref();
                (strange || denied)
                    && refusals.zones.contains(&witness.zone)
                    && witness.time.micros >= begin.time.micros
            })
            .cloned()
            .collect();
        found.push(Displacement {
            holder: refuser,
            owner: sender,
            away,
            chain: Some(Chain {
                refused: Arc::clone(first),
                notify: Arc::clone(notify),
                served: None,
                address: address.clone(),
            }),
            ending: refusals.end.clone().map(Ending::ServesAgain),
            why: Displaced::MovedAway,
            ..Displacement::suspicion(begin)
        });
    }
    found
}

/// Whether keepalived's logs say enough to judge without the symptoms: two nodes' logs, or one that shows its node in its role.
fn is_settled_by_vrrp(world: &World, sender: Option<&Text>, refuser: Option<&Text>, moment: Moment) -> bool {
    world.groups().iter().any(|group| {
        let lit = group.nodes.keys().filter(|node| !is_dark(world, node, moment)).count();
        let is_master = |node: &Text| {
            group.nodes.get(node).is_some_and(|all| all.iter().any(|mastership| mastership.covers(moment)))
        };
        let left = sender.is_some_and(|sender| group.nodes.contains_key(sender) && !is_master(sender));
        let took = refuser.is_some_and(is_master);
        lit > 1 || left || took
    })
}

/// The seed's chain, looked for where neither peer's PowerDNS log can say it directly.
fn chain(world: &World, owner: &Text, holder: &Text, from: Moment, limit: Option<Moment>) -> Option<Chain> {
    if world.has_lines_of(owner, Daemon::Pdns) || world.has_lines_of(holder, Daemon::Pdns) {
        return None;
    }
    let inside = |moment: Moment| moment.micros > from.micros && limit.is_none_or(|limit| moment.micros < limit.micros);
    let far_future = Moment { micros: i64::MAX, precision: Precision::Micro };
    let behind: Vec<Behind> = world.replication.behind(far_future);
    for stretch in behind.iter().filter(|stretch| stretch.refused) {
        let Some(refused) = stretch.failures.first.first().filter(|event| inside(event.time)) else { continue };
        for address in &stretch.asked {
            let strangers = world.replication.strangers().filter(|strangers| strangers.sender != *address);
            let mut lines = strangers.flat_map(|strangers| &strangers.lines.first);
            let is_of_zone = |event: &&Arc<Event>| matches!(event.pdns(), Some(Pdns::NotifyRefused { zone, .. }) if *zone == stretch.zone);
            let Some(notify) = lines.find(|event| is_of_zone(event) && inside(event.time)) else { continue };
            let served = world
                .served_from(&stretch.zone, address)
                .iter()
                .find(|event| inside(event.time) && event.time.micros >= refused.time.micros.max(notify.time.micros));
            return Some(Chain {
                refused: Arc::clone(refused),
                notify: Arc::clone(notify),
                served: served.cloned(),
                address: address.clone(),
            });
        }
    }
    None
}

fn near(moment: Moment, from: Moment, to: Moment, slack: i64) -> bool {
    moment.micros >= from.micros - slack && moment.micros <= to.micros + slack
}

/// Whether the owner's own script certainly ran before the one that moved the address.
fn scripts_are_ordered(kept: &Mastership, takeover: &Event) -> bool {
    kept.entered.as_ref().is_none_or(|own| {
        let apart = takeover.time.micros_since(own.time);
        let coarse = own.time.precision.min(takeover.time.precision) == Precision::Second;
        apart > if coarse { COARSE_MICROS } else { SETTLE_MICROS.min(COARSE_MICROS) }
    })
}

/// Witnesses told apart by what they say, for sentences.
#[must_use]
pub fn first_of(witnesses: &[Witness], seen: Seen) -> Option<&Witness> {
    witnesses.iter().find(|witness| witness.seen == seen)
}
