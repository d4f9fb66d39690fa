//! The address stayed on a node that is not MASTER any more.

mod advice;
mod configured;
mod proof;
mod story;

use self::advice::{next_steps, prevention, rivals};
use self::configured::Configured;
use self::proof::{add_ending, add_vrrp, add_witnesses, first_line};
use self::story::{claim, end_sentence, story};
use super::words::{add_said, evidence, length};
use super::{Explanation, Rule, listens};
use crate::event::{Daemon, Keeper, Pdns, Text};
use crate::finding::{Bound, Confidence, Finding, Rival, Role, Severity};
use crate::moment::Moment;
use crate::version::Version;
use crate::world::{Displaced, Displacement, Ending, PeerGroup, Seen, Unit, World, displacements, symptoms};

pub(super) static RULE: Rule = Rule {
    id: "eip-drift",
    explanation: Explanation {
        sees: "An address (Elastic IP, floating IP, route, record) that a notify script moves is not on the node that is MASTER: \
               usually the BACKUP became MASTER for a moment, ran its script, fell back, and the MASTER, which never left its state, \
               had no reason to run its own.",
        matters: "Nothing fails at once. When a zone changes, NOTIFYs leave from the wrong address and are refused, transfers go to \
                  the wrong node and are refused, and the secondaries serve old records until someone moves the address back.",
        proves: "Both keepalived logs show the flap (`Entering MASTER STATE`, then `Entering BACKUP STATE`, while the other side says \
                 `Received advert … lower priority` or stays MASTER in silence), and something independent places the address: a \
                 transfer asked of it and denied on the wrong node, a NOTIFY of the right node that arrived from another address.",
        looks_like: "A failover that the address followed; a 1.x `Transition to MASTER STATE` without `Entering MASTER STATE` (no \
                     script ran); a repair in silence by notify_master_rx_lower_pri; a stranger's NOTIFY; an ACL that denies a \
                     secondary on the right node; addresses that keepalived itself adds and removes (no script, nothing drifts).",
        check_next: "From which address does the MASTER leave (curl a what-is-my-address page)? Where does the cloud say the address \
                     is (aws ec2 describe-addresses)? Run the notify_master script on the MASTER by hand to bring it back. CloudTrail \
                     AssociateAddress (kept 90 days) says who moved it when.",
    },
    listens: &[
        listens::STATES,
        listens::ADVERTS,
        listens::PROCESSES,
        listens::SCRIPT_STARTS,
        listens::WITNESSES,
        listens::CLOUDS,
        listens::LOSSES,
        listens::SETTINGS,
        listens::SCRIPT_LINES,
    ],
    find,
};

/// Clocks that nothing compares are rarely off by more.
const ABOUT_MICROS: i64 = 30_000_000;
/// A silent repair exists from this keepalived on.
const RX_LOWER_PRI_SINCE: Version = Version(2, 0, 6);

fn find(world: &World) -> Vec<Finding> {
    let mut found: Vec<Finding> = world
        .groups()
        .iter()
        .flat_map(|group| {
            displacements(world, group).into_iter().map(move |displacement| tell(world, group, &displacement))
        })
        .collect();
    if found.is_empty() {
        found.extend(symptoms(world).iter().map(|displacement| tell_symptoms(world, displacement)));
    }
    found
}

/// Without keepalived's logs: what PowerDNS saw, and whose log would settle it.
fn tell_symptoms(world: &World, displacement: &Displacement) -> Finding {
    let chain = displacement.chain.as_ref();
    let address = chain.map_or_else(|| Text::from("the address"), |chain| chain.address.clone());
    let is_notify = matches!(displacement.first.pdns(), Some(Pdns::NotifyRefused { .. }));
    let brief = if is_notify { "NOTIFY not from a master".to_owned() } else { format!("AXFR from {address} refused") };
    let proves = if is_notify {
        "A NOTIFY of the zone comes from an address that is no master."
    } else {
        "The address refuses a zone it is asked for."
    };
    let line = evidence(Role::Primary, &displacement.first, brief, proves);
    let mut finding = Finding::new(RULE.id, &address, Severity::Critical, Confidence::Suspected, line);
    finding.since_is = Bound::AtMost;
    finding.until = displacement.ending.as_ref().map(Ending::time);
    finding.until_is = Bound::AtMost;
    finding.subject.resource = Some(address.clone());
    finding.subject.holder.clone_from(&displacement.holder);
    finding.subject.owner.clone_from(&displacement.owner);
    finding.subject.nodes = displacement.holder.iter().chain(&displacement.owner).cloned().collect();
    finding.subject.nodes.sort();
    add_witnesses(&mut finding, displacement);
    add_ending(&mut finding, displacement);
    let names = Names::of(&finding, displacement, Configured::default());
    let holder = displacement.holder.as_deref().unwrap_or("a node that does not serve the zone");
    let owner = displacement.owner.as_deref().unwrap_or("the primary");
    finding.claim = claim_of_suspicion(&address, holder, owner, &finding, world);
    finding.story = vec![format!(
        "Transfers asked of {address} are refused while the zone's NOTIFY comes from another address: {owner} seems not to leave from {address}."
    )];
    finding.story.extend(end_sentence(displacement, &names, &finding));
    let at = finding.since.rfc3339();
    finding.rivals = vec![
        Rival {
            claim: "the address followed an ordinary failover".to_owned(),
            settled_by: format!("keepalived's logs of the nodes behind {address} before {at}"),
        },
        Rival {
            claim: "a stranger's NOTIFY and an ACL on the right node".to_owned(),
            settled_by: format!("the PowerDNS log of the node behind {address} at {at}"),
        },
    ];
    finding.next_steps = next_steps(displacement, &names, finding.confidence);
    finding.prevention = prevention(world, displacement, &names);
    finding
}

fn claim_of_suspicion(address: &Text, holder: &str, owner: &str, finding: &Finding, world: &World) -> String {
    let place = format!("{address} may have been on {holder} instead of {owner}");
    match (finding.until, world.horizon) {
        (Some(until), _) => format!("{place} for {} or longer", length(finding.since, until)),
        (None, Some(end)) => format!("{place}, for {} or longer {}", length(finding.since, end), world.to_here()),
        (None, None) => place,
    }
}

fn tell(world: &World, group: &PeerGroup, displacement: &Displacement) -> Finding {
    let confidence = confidence(world, displacement);
    let mut finding =
        Finding::new(RULE.id, &group.key(), Severity::Critical, confidence, first_line(group, displacement));
    finding.since_is = if displacement.began_there { Bound::Exact } else { Bound::AtMost };
    if let Some(ending) = &displacement.ending {
        finding.until = Some(ending.time());
        finding.until_is = match ending {
            Ending::Takeover(_) | Ending::OwnerLeft(_) => Bound::Exact,
            Ending::Seen(witness) if witness.seen == Seen::Associated => Bound::Exact,
            Ending::Seen(_) | Ending::ServesAgain(_) => Bound::AtMost,
        };
    }
    let (instance, sync_group) = match &group.unit {
        Unit::Instance(name) => (Some(name.clone()), None),
        Unit::Group(name) => (None, Some(name.clone())),
    };
    finding.subject.instance = instance;
    finding.subject.group = sync_group;
    finding.subject.resource = displacement.address.clone().or_else(|| world.resource_of(group));
    finding.subject.holder.clone_from(&displacement.holder);
    finding.subject.owner.clone_from(&displacement.owner);
    finding.subject.nodes = group.nodes.keys().cloned().collect();
    add_vrrp(&mut finding, displacement);
    add_witnesses(&mut finding, displacement);
    add_ending(&mut finding, displacement);
    if displacement.why == Displaced::TookAndFellBack {
        let moment = displacement.first.time;
        displacement.holder.iter().for_each(|node| add_said(&mut finding, world, node, moment, Role::Supporting));
        // Where a witness places the address, what the owner's script said did not bring it back; nor did one that speaks all the time.
        let answers = !displacement.is_placed() && owner_answers(world, displacement);
        displacement
            .owner
            .iter()
            .filter(|_| answers)
            .for_each(|node| add_said(&mut finding, world, node, moment, Role::Against));
    }
    let names = Names::of(&finding, displacement, Configured::of(world, group, displacement));
    if !displacement.is_placed() && (names.configured.speaks_against_it() || owner_answers(world, displacement)) {
        finding.confidence = Confidence::Suspected;
    }
    finding.told_live = displacement.is_settled_at();
    finding.claim = claim(world, displacement, &names, &finding);
    finding.story = story(group, displacement, &names, &finding);
    finding.rivals = rivals(world, displacement, &names, &finding);
    finding.next_steps = next_steps(displacement, &names, finding.confidence);
    finding.prevention = prevention(world, displacement, &names);
    finding
}

/// Whether a script of the owner spoke when the other node took over, and not before: it may have brought the address back.
fn owner_answers(world: &World, displacement: &Displacement) -> bool {
    let owner = displacement.owner.as_ref().and_then(|owner| world.nodes.get(owner));
    displacement.why == Displaced::TookAndFellBack
        && owner.is_some_and(|facts| facts.said.answers(displacement.first.time))
}

fn confidence(world: &World, displacement: &Displacement) -> Confidence {
    let is_placed = displacement.is_placed() && displacement.is_complete && !displacement.is_brief;
    if is_placed && is_seen_about(world, displacement) {
        Confidence::Suspected
    } else if is_placed
        && (displacement.rival_may_live
            || !displacement.rival_addresses.is_empty()
            || unmeasured_owner(world, displacement).is_some())
    {
        Confidence::Likely
    } else if is_placed {
        Confidence::Confirmed
    } else if !displacement.is_complete
        || displacement.is_doubtful()
        || !displacement.order_is_known
        || displacement.failed.is_some()
        || lost_of_owner(world, displacement).is_some()
    {
        Confidence::Suspected
    } else {
        Confidence::Likely
    }
}

/// Whether the address was seen elsewhere only about when two scripts ran whose order no lines tell: it may have been before the last one.
fn is_seen_about(world: &World, displacement: &Displacement) -> bool {
    let is_measured = |node: &Option<Text>| node.as_ref().is_some_and(|node| world.is_clock_measured(node));
    let about = displacement.first.time.shifted(ABOUT_MICROS);
    !displacement.order_is_known
        && displacement.chain.is_none()
        && !(is_measured(&displacement.holder) && is_measured(&displacement.owner))
        && displacement.away.iter().all(|witness| witness.time.micros <= about.micros)
}

/// The owner, where all rests on what came after its take-over and no lines compare its clock with another: the address may have been seen
/// elsewhere before.
fn unmeasured_owner<'d>(world: &World, displacement: &'d Displacement) -> Option<&'d Text> {
    let is_after = matches!(displacement.why, Displaced::DidNotCome { .. });
    displacement.owner.as_ref().filter(|owner| is_after && !world.is_clock_measured(owner))
}

/// When lines of the owner's keepalived were thrown away meanwhile, and how many: it may have taken over among them.
fn lost_of_owner(world: &World, displacement: &Displacement) -> Option<(Moment, u64)> {
    let facts = world.nodes.get(displacement.owner.as_ref()?)?;
    let from = displacement.first.time;
    let until = displacement.ending.as_ref().map(Ending::time);
    let mut lost = facts.kept().filter_map(|(time, keeper)| match keeper {
        Keeper::Lost { messages, of: None | Some(Daemon::Keepalived) } => Some((time, messages)),
        Keeper::Lost { .. } | Keeper::ClockStepped { .. } => None,
    });
    lost.find(|(time, _)| time.micros >= from.micros && until.is_none_or(|until| time.micros <= until.micros))
}

/// The words for the three things every sentence names.
struct Names {
    address: String,
    holder: String,
    owner: String,
    configured: Configured,
}

impl Names {
    fn of(finding: &Finding, displacement: &Displacement, configured: Configured) -> Self {
        Self {
            address: finding.subject.resource.as_deref().unwrap_or("the address").to_owned(),
            holder: displacement.holder.as_deref().unwrap_or("another node").to_owned(),
            owner: displacement.owner.as_deref().unwrap_or("its peer").to_owned(),
            configured,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::{Daemon, Event, Fact, Keeper};

    fn after(mut first: Vec<Event>, rest: &[Event]) -> Vec<Event> {
        first.extend_from_slice(rest);
        first
    }

    #[test]
    fn fires_on_a_flap_that_nothing_repairs() {
        assert_eq!(told("eip-drift", &flap()), ["likely open"]);
        let finding = &find("eip-drift", &flap())[0];
        assert_eq!((finding.subject.holder.as_deref(), finding.subject.owner.as_deref()), (Some("b"), Some("a")));
    }

    #[test]
    fn what_nothing_places_is_told_with_its_condition() {
        let unplaced = &find("eip-drift", &flap())[0];
        assert!(unplaced.story[1].contains("unless something else moved it back"), "{:?}", unplaced.story);
        let denied = [at("b", 500, denies()), at("s", 500, refused())];
        let placed = &find("eip-drift", &after(flap(), &denied))[0];
        assert!(placed.story[1].ends_with("so its notify_master script did not run again: the address stayed on b."));
        let only_b: Vec<Event> = flap().into_iter().filter(|event| &*event.node == "b").collect();
        let suspected = &find("eip-drift", &only_b)[0];
        assert!(suspected.next_steps[0].starts_with("look where"), "{:?}", suspected.next_steps);
    }

    #[test]
    fn is_confirmed_by_who_answers_at_the_address() {
        let denied = [at("b", 500, denies()), at("s", 500, refused())];
        assert_eq!(told("eip-drift", &after(flap(), &denied)), ["confirmed open"]);
        let served = [at("a", 600, serves()), at("s", 600, committed())];
        assert_eq!(told("eip-drift", &after(after(flap(), &denied), &served)), ["confirmed closed"]);
    }

    #[test]
    fn an_asked_transfer_that_was_stored_shows_who_served_it() {
        // At the default level a primary logs that it was asked, and a denial, but not that it served.
        let asked = [at("a", 600, is_asked()), at("s", 600, committed()), at("b", 700, master())];
        assert_eq!(told("eip-drift", &after(flap(), &asked))[0], "suspected closed");
        // Of two that were asked at the time, nobody can tell which one served; one that denied did not.
        let denied = [at("b", 600, is_asked()), at("b", 600, denies()), at("s", 601, committed())];
        assert_eq!(told("eip-drift", &after(flap(), &denied)), ["likely open"]);
        let both = [at("a", 600, is_asked()), at("b", 600, is_asked()), at("s", 600, committed())];
        assert_eq!(told("eip-drift", &after(flap(), &both)), ["likely open"]);
    }

    #[test]
    fn is_confirmed_by_the_owners_voice_from_elsewhere() {
        let strange = [at("s", 500, turns_away(ORDINARY)), at("a", 500, is_rejected())];
        assert_eq!(told("eip-drift", &after(flap(), &strange)), ["confirmed open"]);
    }

    #[test]
    fn a_strangers_notify_confirms_nothing() {
        assert_eq!(told("eip-drift", &after(flap(), &[at("s", 500, turns_away("203.0.113.66"))])), ["likely open"]);
    }

    #[test]
    fn the_first_sight_of_the_address_at_home_makes_it_doubtful() {
        let served = [at("a", 150, serves()), at("s", 150, committed())];
        assert_eq!(told("eip-drift", &after(flap(), &served)), ["suspected closed"]);
    }

    /// What is concluded from what the owner did not say holds only where nothing it said was thrown away.
    #[test]
    fn lost_lines_of_the_owner_make_it_doubtful() {
        let lost = |node: &str, of| at(node, 150, Fact::Keeper(Keeper::Lost { messages: 7, of }));
        let keepalived = Some(Daemon::Keepalived);
        let finding = &find("eip-drift", &after(flap(), &[lost("a", keepalived)]))[0];
        assert_eq!(told("eip-drift", &after(flap(), &[lost("a", None)])), ["suspected open"]);
        assert!(finding.rivals.iter().any(|rival| rival.claim.contains("7 lines of it were thrown away")));
        assert_eq!(told("eip-drift", &after(flap(), &[lost("a", Some(Daemon::Pdns))])), ["likely open"]);
        assert_eq!(told("eip-drift", &after(flap(), &[lost("b", keepalived)])), ["likely open"]);
        let denied = [lost("a", keepalived), at("b", 500, denies()), at("s", 500, refused())];
        assert_eq!(told("eip-drift", &after(flap(), &denied)), ["confirmed open"]);
    }

    #[test]
    fn a_take_over_by_the_owner_ends_it() {
        let restarted =
            [at("a", 300, stops()), at("b", 301, master()), at("a", 310, starts()), at("a", 319, waits_for_lower())];
        let back = [at("a", 320, master()), at("b", 320, hears_higher())];
        assert_eq!(told("eip-drift", &after(after(flap(), &restarted), &back)), ["likely closed"]);
    }

    #[test]
    fn stays_quiet_on_a_failover_that_the_address_followed() {
        assert!(told("eip-drift", &failover_and_back()).is_empty());
        // Zones changed meanwhile on the node that is not MASTER: its NOTIFYs are refused, and so are transfers, rightly.
        let updates = [
            at("s", 150, turns_away(ORDINARY)),
            at("a", 150, is_rejected()),
            at("b", 151, denies()),
            at("s", 151, refused()),
        ];
        assert!(told("eip-drift", &after(failover_and_back(), &updates)).is_empty());
    }

    #[test]
    fn the_clouds_record_confirms_it_and_ends_it() {
        let moved = [at("aws", 101, associates("i-0bbb", "i-0bbb"))];
        assert_eq!(told_where(&stated(), "eip-drift", &after(flap(), &moved)), ["confirmed open"]);
        let by_hand = [at("aws", 5000, associates("i-0aaa", "alice"))];
        let all = after(after(flap(), &moved), &by_hand);
        assert_eq!(told_where(&stated(), "eip-drift", &all), ["confirmed closed"]);
        let finding = &find_where(&stated(), "eip-drift", &all)[0];
        let end = finding.story.last().cloned().unwrap_or_default();
        assert!(end.ends_with("when the cloud tied 192.0.2.10 to a, as alice asked."), "{end}");
    }

    #[test]
    fn the_clouds_record_denies_it() {
        let back = [at("aws", 101, associates("i-0bbb", "i-0bbb")), at("aws", 104, associates("i-0aaa", "i-0aaa"))];
        assert!(told_where(&stated(), "eip-drift", &after(flap(), &back)).is_empty());
        let refused = [at("aws", 101, refuses("i-0bbb"))];
        assert!(told_where(&stated(), "eip-drift", &after(flap(), &refused)).is_empty());
        assert_eq!(told_where(&stated(), "takeover-script-failed", &after(flap(), &refused)), ["confirmed closed"]);
    }

    /// Which node an instance is must be known, and which of two calls came last.
    #[test]
    fn the_clouds_record_is_never_guessed_at() {
        let moved = [at("aws", 101, associates("i-0bbb", "i-0bbb"))];
        assert_eq!(told("eip-drift", &after(flap(), &moved)), ["likely open"]);
        let at_once = [at("aws", 101, associates("i-0bbb", "i-0bbb")), at("aws", 102, associates("i-0aaa", "i-0aaa"))];
        assert_eq!(told_where(&stated(), "eip-drift", &after(flap(), &at_once)), ["likely open"]);
        // Both nodes called when they took over: that tells who is who.
        let own = [at("aws", 1, associates("i-0aaa", "i-0aaa"))];
        assert_eq!(told("eip-drift", &after(after(flap(), &own), &moved)), ["confirmed open"]);
    }

    /// Two primaries tell of each change, and a stamp is a moment off: whose NOTIFY the secondary took cannot be told.
    #[test]
    fn a_notify_that_two_nodes_sent_shows_nobody_at_the_address() {
        let first = [at("a", 150, sends_notify()), at("s", 150, takes_notify())];
        assert_eq!(told("eip-drift", &after(failover_and_back(), &first)), ["confirmed closed"]);
        let both = after(first.to_vec(), &[at("b", 151, sends_notify())]);
        assert!(told("eip-drift", &after(failover_and_back(), &both)).is_empty());
    }

    #[test]
    fn a_move_by_hand_is_told_without_any_flap() {
        let quiet = [at("a", 0, master()), at("b", 1, backup())];
        let moved = [at("aws", 5, associates("i-0aaa", "i-0aaa")), at("aws", 900, associates("i-0bbb", "bob"))];
        assert_eq!(told_where(&stated(), "eip-drift", &after(quiet.to_vec(), &moved)), ["confirmed open"]);
    }

    #[test]
    fn stays_quiet_where_the_cloud_tells_of_a_failover() {
        let moves = [at("aws", 102, associates("i-0bbb", "i-0bbb")), at("aws", 201, associates("i-0aaa", "i-0aaa"))];
        assert!(told_where(&stated(), "eip-drift", &after(failover_and_back(), &moves)).is_empty());
        // The cloud's clock is eight seconds behind the nodes'.
        let early = [at("aws", 94, associates("i-0bbb", "i-0bbb")), at("aws", 193, associates("i-0aaa", "i-0aaa"))];
        assert!(told_where(&stated(), "eip-drift", &after(failover_and_back(), &early)).is_empty());
    }

    #[test]
    fn stays_quiet_on_a_1_x_near_miss() {
        let near_miss = [
            at("a", 0, master()),
            at("b", 1, backup()),
            at("b", 100, pending()),
            at("a", 100, hears_lower()),
            at("b", 100, hears_higher()),
            at("b", 100, backup()),
        ];
        assert!(told("eip-drift", &near_miss).is_empty());
    }

    /// Seen on the old node after the take-over: by whose clock?
    #[test]
    fn what_an_unmeasured_clock_puts_after_the_take_over_confirms_nothing() {
        let failover = [at("a", 0, master()), at("b", 1, backup()), at("a", 100, stops()), at("b", 101, master())];
        let answers = [at("a", 200, serves()), at("s", 200, committed())];
        let events = [failover.as_slice(), &answers].concat();
        assert_eq!(told("eip-drift", &events), ["confirmed open"]);
        assert_eq!(told_unmeasured("eip-drift", &events), ["likely open"]);
        let rivals = &find_unmeasured("eip-drift", &events)[0].rivals;
        assert!(
            rivals.iter().any(|rival| rival.claim.contains("b's clock is 1 min 39 s or more behind")),
            "{rivals:?}"
        );
    }

    /// Which of two scripts ran last no lines tell, and when the address was seen is told by a third clock.
    #[test]
    fn what_is_seen_about_when_both_scripts_ran_confirms_nothing() {
        let both = [
            at("a", 96, master()),
            at("b", 1, backup()),
            at("b", 100, master()),
            at("a", 100, hears_lower()),
            at("b", 101, hears_higher()),
            at("b", 101, backup()),
        ];
        let seen = |second| [&both[..], &[at("b", second, denies()), at("s", second, refused())]].concat();
        assert_eq!(told_unmeasured("eip-drift", &seen(115)), ["suspected open"]);
        assert_eq!(told_unmeasured("eip-drift", &seen(500)), ["confirmed open"]);
        assert_eq!(told("eip-drift", &seen(115)), ["confirmed open"]);
    }

    /// The old MASTER was killed and wrote nothing; the new one's script does not bring the address.
    #[test]
    fn a_dead_rival_hides_no_script_that_failed() {
        let killed = [at("a", 0, master()), at("b", 1, backup()), at("b", 100, master())];
        let still_there = [at("a", 200, serves()), at("s", 200, committed())];
        let events = [killed.as_slice(), &still_there].concat();
        assert_eq!(told("eip-drift", &events), ["likely open"]);
        assert_eq!(told("takeover-script-failed", &events), ["likely open"]);
        // It lives, and both are MASTER: whose the address should be is not known.
        let alive = [events.as_slice(), &[at("a", 300, hears_lower())]].concat();
        assert!(told("takeover-script-failed", &alive).is_empty());
    }

    /// The one it yielded to had left before and entered again: its own script brought the address back.
    #[test]
    fn one_side_that_replaced_a_master_which_left_is_none() {
        let only_b: Vec<Event> = flap().into_iter().filter(|event| &*event.node == "b").collect();
        for handed_over in [at("b", 99, hears_zero()), at("b", 99, waits_for_lower()), at("b", 100, lowers_priority())]
        {
            assert!(told("eip-drift", &after(only_b.clone(), &[handed_over])).is_empty());
        }
    }

    #[test]
    fn one_side_or_symptoms_alone_are_a_suspicion() {
        let only_b: Vec<Event> = flap().into_iter().filter(|event| &*event.node == "b").collect();
        assert_eq!(told("eip-drift", &only_b), ["suspected open"]);
        let symptoms = [at("s", 500, turns_away(ORDINARY)), at("s", 510, refused())];
        assert_eq!(told("eip-drift", &symptoms), ["suspected open"]);
    }
}
