//! Which two nodes' lines tie them to each other as VRRP peers, and how strongly.
//!
//! Each advert that was heard has one sender: the line of another node that answers it best. Only what no line answers is left to the
//! instance's name.

use super::{Seat, Sitting};
use crate::event::{Event, Fact, Text, Vrrp};
use crate::moment::Moment;
use crate::world::vrrp::{End, advert};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An answer to an advert is heard within this, clocks corrected.
const ANSWER_MICROS: i64 = 3_000_000;
/// A BACKUP enters MASTER within this of the MASTER's stop: three advert intervals of a second, and then some.
const HAND_OVER_MICROS: i64 = 5_000_000;
/// Two MASTERs that hear nothing of each other for this long are peers only if something else says so.
const STRANGERS_MICROS: i64 = 10_000_000;

/// What ties two seats to each other. Ordered by weight: one answer outweighs any number of weaker signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Tie {
    /// Adverts with the same two priorities that answer each other: as good as proof.
    pub(super) answered: u32,
    /// Adverts heard as the other one, and no third, entered MASTER.
    pub(super) entered: u32,
    /// Adverts heard while the other one, and no third, was MASTER with that priority; hand-overs to the other one and no third.
    fits: u32,
    /// The same where several nodes would do.
    possible: u32,
}

type Sign = fn(&mut Tie) -> &mut u32;

/// How strongly pairs of seats are tied; each pair once, the lesser seat first.
pub(super) fn between(seats: &BTreeMap<Seat, Sitting>) -> BTreeMap<(Seat, Seat), Tie> {
    let moments = Moments::of(seats);
    let mut ties = BTreeMap::<(Seat, Seat), Tie>::new();
    let possible: Sign = |tie| &mut tie.possible;
    let mut tie = |a: &Seat, others: &[&Seat], sign: Sign| {
        let sign = if others.len() == 1 { sign } else { possible };
        for b in others {
            let pair = if a < *b { (a.clone(), (*b).clone()) } else { ((*b).clone(), a.clone()) };
            let count = sign(ties.entry(pair).or_default());
            *count = count.saturating_add(1);
        }
    };
    let heard = moments.lower.0.iter().chain(&moments.higher.0);
    let heard: Vec<_> = heard.map(|(seat, event)| (*seat, *event, moments.answers(seat, event))).collect();
    let contested = contested(&heard);
    for (seat, event, answered) in &heard {
        if answered.iter().any(|other| contested.contains(other)) {
            continue;
        }
        let entered = moments.entered.nearest(event.time, |other, _| may_be_peers(seat, other));
        if !answered.is_empty() {
            tie(seat, answered, |tie| &mut tie.answered);
        } else if !entered.is_empty() {
            tie(seat, &entered, |tie| &mut tie.entered);
        } else {
            tie(seat, &fitting(seats, seat, event), |tie| &mut tie.fits);
        }
    }
    for (seat, event) in &moments.waited.0 {
        tie(seat, &fitting(seats, seat, event), |tie| &mut tie.fits);
    }
    for (seat, stopped) in &moments.stopped.0 {
        let is_next = |event: &Event| (0..=HAND_OVER_MICROS).contains(&event.time.micros_since(stopped.time));
        let around = moments.entered.around(stopped.time, HAND_OVER_MICROS);
        let next = around.filter(|(other, event)| may_be_peers(seat, other) && is_next(event)).map(|(other, _)| *other);
        let next: BTreeSet<&Seat> = next.collect();
        tie(seat, &next.into_iter().collect::<Vec<_>>(), |tie| &mut tie.fits);
    }
    ties
}

/// Seats that answer adverts from addresses of which no two hearers name the same: each is one sender, so one of them means another node.
fn contested<'a>(heard: &[(&'a Seat, &Arc<Event>, Vec<&'a Seat>)]) -> BTreeSet<&'a Seat> {
    let mut senders = BTreeMap::<&Seat, BTreeMap<&Seat, BTreeSet<&Text>>>::new();
    for (hearer, event, answered) in heard {
        let Some(from) = advert(event).and_then(|advert| advert.from.as_ref()) else { continue };
        for seat in answered {
            senders.entry(seat).or_default().entry(hearer).or_default().insert(from);
        }
    }
    let is_contested = |of_hearers: &BTreeMap<&Seat, BTreeSet<&Text>>| {
        let all: Vec<_> = of_hearers.values().collect();
        all.iter().enumerate().any(|(at, one)| all[at + 1..].iter().any(|other| one.is_disjoint(other)))
    };
    senders.into_iter().filter(|(_, of_hearers)| is_contested(of_hearers)).map(|(seat, _)| seat).collect()
}

/// The nodes that were MASTER with the priority that was heard.
fn fitting<'a>(seats: &'a BTreeMap<Seat, Sitting>, seat: &Seat, event: &Event) -> Vec<&'a Seat> {
    let theirs = advert(event).and_then(|advert| advert.theirs);
    let fits = |sitting: &Sitting| {
        let priority = sitting.priority_at(event.time);
        sitting.is_master_at(event.time) && (priority.is_none() || theirs.is_none() || priority == theirs)
    };
    let fitting = seats.iter().filter(|(other, sitting)| may_be_peers(seat, other) && fits(sitting));
    fitting.map(|(other, _)| other).collect()
}

/// Whether two nodes were MASTER for long at the same time without a word of each other: then they are no peers, or a partition let
/// nothing through.
pub(super) fn are_strangers(a: &Sitting, b: &Sitting) -> bool {
    let reach = |sitting: &Sitting, ended: Option<Moment>| ended.or(sitting.last).map_or(i64::MIN, |end| end.micros);
    a.masterships.iter().any(|one| {
        let until = one.ended().or(a.last).unwrap_or(one.first.time);
        b.masterships.between(one.first.time, until).any(|other| {
            let from = one.first.time.micros.max(other.first.time.micros);
            let to = reach(a, one.ended()).min(reach(b, other.ended()));
            to.saturating_sub(from) > STRANGERS_MICROS
        })
    })
}

fn may_be_peers(a: &Seat, b: &Seat) -> bool {
    a.0 != b.0 && a.1 == b.1
}

/// Lines of all seats that tie them together, each kind in order of time.
struct Moments<'a> {
    lower: Ordered<'a>,
    higher: Ordered<'a>,
    /// A BACKUP hears the MASTER it is about to replace.
    waited: Ordered<'a>,
    entered: Ordered<'a>,
    stopped: Ordered<'a>,
}

impl<'a> Moments<'a> {
    fn of(seats: &'a BTreeMap<Seat, Sitting>) -> Self {
        let all = || {
            seats
                .iter()
                .flat_map(|(seat, sitting)| sitting.masterships.iter().map(move |mastership| (seat, mastership)))
        };
        let is_entry = |event: &&Arc<Event>| {
            matches!(event.fact, Fact::Vrrp { what: Vrrp::MasterEntered | Vrrp::MasterPending, .. })
        };
        Self {
            lower: Ordered::of(all().flat_map(|(seat, one)| one.heard_lower.iter().map(move |event| (seat, event)))),
            higher: Ordered::of(all().filter_map(|(seat, one)| Some((seat, one.heard_higher.as_ref()?)))),
            waited: Ordered::of(all().filter_map(|(seat, one)| Some((seat, one.waited.as_ref()?)))),
            entered: Ordered::of(all().map(|(seat, one)| (seat, &one.first)).filter(|(_, event)| is_entry(event))),
            stopped: Ordered::of(all().filter_map(|(seat, one)| match &one.end {
                Some((End::Stopped | End::Left, event)) => Some((seat, event)),
                Some((End::Yielded | End::Died, _)) | None => None,
            })),
        }
    }

    /// The seats whose adverts answer the one that a line speaks of. Clusters made from one template have the same priorities: one of the
    /// same name comes first.
    fn answers(&self, seat: &Seat, event: &Event) -> Vec<&'a Seat> {
        let is_lower = matches!(event.vrrp(), Some(Vrrp::HeardLower(_)));
        let others = if is_lower { &self.higher } else { &self.lower };
        let answers = |other: &Seat, line: &Event| other.0 != seat.0 && answer_each_other(event, line);
        let of_its_name = others.wanted(event.time, |other, line| other.1 == seat.1 && answers(other, line));
        if of_its_name.is_empty() { others.wanted(event.time, answers) } else { of_its_name }
    }
}

/// Lines in order of time.
struct Ordered<'a>(Vec<(&'a Seat, &'a Arc<Event>)>);

impl<'a> Ordered<'a> {
    fn of(lines: impl Iterator<Item = (&'a Seat, &'a Arc<Event>)>) -> Self {
        let mut lines: Vec<_> = lines.collect();
        lines.sort_by_key(|(_, event)| event.time.micros);
        Self(lines)
    }

    fn around(&self, moment: Moment, micros: i64) -> impl Iterator<Item = &(&'a Seat, &'a Arc<Event>)> {
        let from = self.0.partition_point(|(_, event)| event.time.micros < moment.micros - micros);
        self.0[from..].iter().take_while(move |(_, event)| event.time.micros <= moment.micros + micros)
    }

    /// The seats of the wanted lines around a moment.
    fn wanted(&self, moment: Moment, is_wanted: impl Fn(&Seat, &Event) -> bool) -> Vec<&'a Seat> {
        let wanted = self.around(moment, ANSWER_MICROS).filter(|(seat, event)| is_wanted(seat, event));
        let seats: BTreeSet<&Seat> = wanted.map(|(seat, _)| *seat).collect();
        seats.into_iter().collect()
    }

    /// Those nearest to it.
    fn nearest(&self, moment: Moment, is_wanted: impl Fn(&Seat, &Event) -> bool) -> Vec<&'a Seat> {
        let mut best = i64::MAX;
        let mut found: Vec<&'a Seat> = Vec::new();
        for (seat, event) in self.around(moment, ANSWER_MICROS).filter(|(seat, event)| is_wanted(seat, event)) {
            let distance = event.time.micros_since(moment).abs();
            if distance < best {
                best = distance;
                found.clear();
            }
            if distance == best && !found.contains(seat) {
                found.push(seat);
            }
        }
        found
    }
}

/// One heard lower, the other heard higher, with the same two priorities.
fn answer_each_other(one: &Event, other: &Event) -> bool {
    match (advert(one), advert(other)) {
        (Some(a), Some(b)) => a.ours.is_some() && a.theirs.is_some() && a.ours == b.theirs && a.theirs == b.ours,
        _ => false,
    }
}
