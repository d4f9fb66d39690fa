//! Small timelines of two nodes, `a` and `b`, and a secondary `s`.

use crate::detect::testing::*;
use crate::event::{Daemon, Event, Fact, Keepalived, Keeper, Pdns, Text, Vrrp};
use crate::finding::{Confidence, Finding};
use crate::world::{StatedNode, StatedUnit, Topology, Unit};

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
    assert!(rivals.iter().any(|rival| rival.claim.contains("b's clock is 1 min 39 s or more behind")), "{rivals:?}");
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
    for handed_over in [at("b", 99, hears_zero()), at("b", 99, waits_for_lower()), at("b", 100, lowers_priority())] {
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

/// The same line about another address: of a zone that is asked of it.
fn of(address: &str, fact: Fact) -> Fact {
    let Fact::Pdns(mut pdns) = fact else { unreachable!("addresses are asked by PowerDNS") };
    let new_zone = Text::from(format!("{address}.example"));
    if let Pdns::ZoneCommitted { zone, primary, .. } | Pdns::TransferFailed { zone, primary, .. } = &mut pdns {
        *primary = Some(Text::from(address));
        *zone = new_zone;
    } else if let Pdns::TransferServed { zone, .. } | Pdns::TransferDenied { zone, .. } = &mut pdns {
        *zone = new_zone;
    } else {
        unreachable!("{pdns:?} is of no address");
    }
    Fact::Pdns(pdns)
}

/// A node serves what is asked of an address.
fn serves_at(node: &str, address: &str, second: i64) -> [Event; 2] {
    [at(node, second, of(address, serves())), at("s", second, of(address, committed()))]
}

/// A node refuses what is asked of an address.
fn denies_at(node: &str, address: &str, second: i64) -> [Event; 2] {
    [at(node, second, of(address, denies())), at("s", second, of(address, refused()))]
}

fn all(parts: &[&[Event]]) -> Vec<Event> {
    parts.concat()
}

const MOVING: &str = "192.0.2.10";
const OWN_OF_A: &str = "198.51.100.11";
const OWN_OF_B: &str = "198.51.100.12";

fn failover() -> Vec<Event> {
    vec![at("a", 0, master()), at("b", 1, backup()), at("a", 100, stops()), at("b", 101, master())]
}

/// What a node answers at an address of its own says nothing of the one that moves.
#[test]
fn a_nodes_own_address_is_never_adrift() {
    // The old node goes on to serve at its own address; the moving one followed.
    let followed = all(&[
        &failover(),
        &serves_at("a", MOVING, 50),
        &serves_at("b", MOVING, 200),
        &serves_at("a", OWN_OF_A, 210),
        &serves_at("a", OWN_OF_A, 300),
    ]);
    assert!(find("eip-drift", &followed).is_empty());
    assert!(find("takeover-script-failed", &followed).is_empty());
    // The standby is a primary of its own, or refuses who asks it, all along.
    let quiet = [at("a", 0, master()), at("b", 1, backup())];
    for own in [serves_at("b", OWN_OF_B, 100), denies_at("b", OWN_OF_B, 100)] {
        assert!(find("eip-drift", &all(&[&quiet, &serves_at("a", MOVING, 50), &own])).is_empty());
    }
    // Where nothing else is seen, it is the one that moves.
    assert_eq!(told("eip-drift", &all(&[&quiet, &denies_at("b", MOVING, 100)])), ["confirmed open"]);
}

/// Service at another address neither ends a drift nor casts doubt on it.
#[test]
fn another_address_ends_no_drift() {
    let own = [serves_at("a", OWN_OF_A, 300), serves_at("a", OWN_OF_A, 600)].concat();
    let seen_before = all(&[&flap(), &serves_at("a", MOVING, 50), &denies_at("b", MOVING, 200), &own]);
    let found = &find("eip-drift", &seen_before)[0];
    assert_eq!(told("eip-drift", &seen_before), ["confirmed open"]);
    assert_eq!(found.subject.resource.as_deref(), Some(MOVING));
    // Nothing shows which of the two moves: then it is told, and not sworn to, unless it is stated.
    let unsure = all(&[&flap(), &denies_at("b", MOVING, 200), &own]);
    assert_eq!(told("eip-drift", &unsure), ["likely open"]);
    let rivals = &find("eip-drift", &unsure)[0].rivals;
    assert!(rivals.iter().any(|rival| rival.claim.starts_with(OWN_OF_A)), "{rivals:?}");
    assert_eq!(told_where(&moves(&[("VI_1", MOVING)]), "eip-drift", &unsure), ["confirmed open"]);
    assert_eq!(told_where(&owns("a", OWN_OF_A), "eip-drift", &unsure), ["confirmed open"]);
    // It is stated to be the other one: of that one nothing is seen away.
    assert_eq!(told_where(&moves(&[("VI_1", OWN_OF_B)]), "eip-drift", &unsure), ["likely open"]);
}

/// Addresses that are stated to move with instances.
fn moves(units: &[(&str, &str)]) -> Topology {
    let unit = |(name, address): &(&str, &str)| StatedUnit {
        unit: Unit::Instance(Text::from(*name)),
        nodes: [Text::from("a"), Text::from("b")].into(),
        preferred: None,
        resource: Some(Text::from(*address)),
        resource_ids: [].into(),
    };
    Topology { units: units.iter().map(unit).collect(), ..Topology::default() }
}

fn owns(node: &str, address: &str) -> Topology {
    let stated = StatedNode { addresses: [Text::from(address)].into(), ..StatedNode::default() };
    Topology { nodes: [(Text::from(node), stated)].into(), ..Topology::default() }
}

/// The same events, of another instance.
fn of_instance(name: &str, events: Vec<Event>) -> Vec<Event> {
    let renamed = |mut event: Event| {
        if let Fact::Vrrp { instance, .. } = &mut event.fact {
            *instance = Text::from(name);
        }
        event
    };
    events.into_iter().map(renamed).collect()
}

/// `a` has one address and `b` the other, each with an instance of its own.
fn each_has_one() -> Vec<Event> {
    all(&[
        &[at("a", 0, master()), at("b", 1, backup())],
        &of_instance("VI_2", vec![at("b", 2, master()), at("a", 3, backup())]),
    ])
}

#[test]
fn each_instance_has_its_own_address() {
    let other = [serves_at("b", OWN_OF_B, 60), serves_at("b", OWN_OF_B, 700)].concat();
    let healthy = all(&[&each_has_one(), &serves_at("a", MOVING, 50), &other]);
    assert!(find("eip-drift", &healthy).is_empty());
    assert!(find_where(&moves(&[("VI_1", MOVING), ("VI_2", OWN_OF_B)]), "eip-drift", &healthy).is_empty());
    // One drifts: it is told once, of its own instance.
    let adrift = all(&[&healthy, &flap()[2..], &denies_at("b", MOVING, 200)]);
    let found = find("eip-drift", &adrift);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].subject.instance.as_deref(), found[0].subject.resource.as_deref()),
        (Some("VI_1"), Some(MOVING))
    );
    assert_eq!((found[0].confidence, found[0].is_open()), (Confidence::Confirmed, true));
}

/// 1.x logs each script that it starts: an instance without such a line beside one with it moves nothing.
#[test]
fn an_instance_without_a_script_moves_nothing() {
    let script = || Fact::Keepalived(Keepalived::ScriptOpened { path: Text::from("/etc/keepalived/master.sh") });
    let other = of_instance("VI_2", vec![at("b", 0, pending()), at("b", 1, master()), at("a", 5, backup())]);
    let with_script = all(&[&other, &[at("b", 1, script()), at("b", 40, Fact::Other)]]);
    assert_eq!(told("eip-drift", &all(&[&other, &flap()])), ["likely open"]);
    assert!(find("eip-drift", &all(&[&with_script, &flap()])).is_empty());
    assert_eq!(told("eip-drift", &all(&[&with_script, &flap(), &[at("b", 100, script())]])), ["likely open"]);
}

/// The seed's chain at one of two addresses that are asked: which of them moves, no line tells.
#[test]
fn a_chain_at_one_of_several_addresses_proves_nothing() {
    let chain =
        [at("s", 200, stale()), at("s", 201, refused()), at("s", 210, turns_away(ORDINARY)), at("s", 300, committed())];
    assert_eq!(told("eip-drift", &all(&[&flap(), &chain])), ["confirmed closed"]);
    let other = [at("s", 150, of(OWN_OF_A, committed()))];
    assert_eq!(told("eip-drift", &all(&[&flap(), &chain, &other])), ["likely closed"]);
    assert_eq!(
        told_where(&moves(&[("VI_1", MOVING)]), "eip-drift", &all(&[&flap(), &chain, &other])),
        ["confirmed closed"]
    );
}

/// A third node is nobody's whose log is here: one side is a suspicion then, too.
#[test]
fn a_third_node_may_be_missing() {
    let hears = |from: &str, fact: Fact| {
        let Fact::Vrrp { instance, what: Vrrp::HeardLower(mut advert) | Vrrp::HeardHigher(mut advert) } = fact.clone()
        else {
            unreachable!("adverts are heard")
        };
        advert.from = Some(Text::from(from));
        let is_lower = matches!(fact, Fact::Vrrp { what: Vrrp::HeardLower(_), .. });
        let what = if is_lower { Vrrp::HeardLower(advert) } else { Vrrp::HeardHigher(advert) };
        Fact::Vrrp { instance, what }
    };
    let quiet = [at("b", 1, backup()), at("b", 50, reloads()), at("b", 150, reloads())];
    let owner = [at("a", 0, master()), at("a", 100, hears("10.0.0.3", hears_lower()))];
    let found = find("eip-drift", &all(&[&quiet, &owner]));
    assert_eq!(told("eip-drift", &all(&[&quiet, &owner])), ["suspected open"]);
    assert_eq!(found[0].subject.holder.as_deref(), Some("10.0.0.3"));
    let holder = [
        at("a", 1, backup()),
        at("a", 100, master()),
        at("a", 101, hears("10.0.0.3", hears_higher())),
        at("a", 101, backup()),
    ];
    let found = find("eip-drift", &all(&[&quiet, &holder]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].subject.holder.as_deref(), found[0].subject.owner.as_deref()), (Some("a"), Some("10.0.0.3")));
}

/// Two clusters made from one template flap together: `b` while `a` is MASTER, and `d` while `c` is, a second longer.
fn clusters(other: &str) -> Vec<Event> {
    let flap = |owner: &str, holder: &str, until: i64| {
        let quiet = vec![at(owner, 0, master()), at(holder, 1, backup()), at(holder, 98, master())];
        let heard = (98..=until).map(|second| at(owner, second, hears_lower()));
        let back = [at(holder, until, hears_higher()), at(holder, until, backup())];
        quiet.into_iter().chain(heard).chain(back).collect::<Vec<Event>>()
    };
    all(&[&flap("a", "b", 101), &of_instance(other, flap("c", "d", 102))])
}

fn holders_and_owners(events: &[Event]) -> Vec<String> {
    let word = |node: &Option<Text>| node.as_deref().unwrap_or("?").to_owned();
    let found = find("eip-drift", events);
    found.iter().map(|finding| format!("{} {}", word(&finding.subject.holder), word(&finding.subject.owner))).collect()
}

#[test]
fn clusters_that_flap_together_stay_apart() {
    assert_eq!(holders_and_owners(&clusters("VI_9")), ["b a", "d c"]);
    // Of one name, and lines that say who sent what: nobody is taken for the peer of one whose adverts come from elsewhere.
    let senders = [("a", "10.0.0.2"), ("b", "10.0.0.1"), ("c", "10.9.0.2"), ("d", "10.9.0.1")];
    let mut named = clusters("VI_1");
    for event in &mut named {
        let from = senders.iter().find(|(node, _)| *node == &*event.node).map(|(_, from)| Text::from(*from));
        if let Fact::Vrrp { what: Vrrp::HeardLower(advert) | Vrrp::HeardHigher(advert), .. } = &mut event.fact {
            advert.from = from;
        }
    }
    let is_suspicion = |finding: &Finding| finding.confidence == Confidence::Suspected;
    assert!(find("eip-drift", &named).iter().all(is_suspicion), "{:?}", holders_and_owners(&named));
}

/// keepalived's child died while it was MASTER beside the other one, and was started anew: nothing brings the address back.
#[test]
fn a_rival_that_dies_and_returns_leaves_the_address() {
    let died = [at("b", 101, Fact::Keepalived(Keepalived::VrrpChildDied)), at("b", 101, backup())];
    let quiet = [at("a", 0, master()), at("a", 600, Fact::Other), at("b", 1, backup()), at("b", 100, master())];
    let denied = [at("b", 500, denies()), at("s", 500, refused())];
    let heard = [at("a", 100, hears_lower())];
    assert_eq!(told("eip-drift", &all(&[&quiet, &heard, &died, &denied])), ["confirmed open"]);
    // Where the other one logs no advert of it, its new start shows that it was MASTER until then.
    assert_eq!(told("eip-drift", &all(&[&quiet, &died, &denied])), ["confirmed open"]);
}
