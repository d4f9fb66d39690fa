//! A node became MASTER, but its notify script did not bring the address.

use super::words::{add_said, evidence, length};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Fact, Keepalived, Text};
use crate::finding::{Bound, Confidence, Finding, Rival, Role, Severity};
use crate::moment::Moment;
use crate::world::{
    Displaced, Displacement, Ending, PeerGroup, Seen, Takeover, Unit, Witness, World, displacements, first_of,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "takeover-script-failed",
    explanation: Explanation {
        sees: "A node entered MASTER, so its notify_master script ran (or should have), but the address did not come.",
        matters: "VRRP believes that the failover worked. The address still points to the old node, which may be the broken one.",
        proves: "keepalived's own line that the script could not be started; or PowerDNS lines of two hosts that show the address on \
                 the old node well after the take-over. keepalived logs no exit status of a notify script, in no version.",
        looks_like: "A track script that fails (a health check); a script that is only slow; two scripts that race.",
        prevents: "Let the script check that the address came, try again, log how it ended (logger -t), and fail loudly; run it by \
                   hand after each change of credentials, roles and paths.",
        check_next: "Run the script by hand as the user keepalived runs it (script_security, enable_script_security): credentials, \
                     region, path, permissions. Let it log its outcome with logger.",
    },
    listens: &[
        listens::STATES,
        listens::ADVERTS,
        listens::PROCESSES,
        listens::SCRIPT_FAILURES,
        listens::WITNESSES,
        listens::CLOUDS,
        listens::SCRIPT_LINES,
    ],
    find,
};

/// A line about a script that could not be started belongs to the take-over this close before it.
const BESIDE_MICROS: i64 = 5_000_000;
/// An address that is seen on the old node later than this after a take-over may have been moved there since.
const SOON_MICROS: i64 = 300_000_000;
/// Clocks that may differ by more do not tell whose take-over came last.
const CLOCKS_MICROS: i64 = 3_000_000;
/// keepalived looks at the scripts of its configuration this soon after it starts or reloads.
const LOAD_MICROS: i64 = 5_000_000;

fn find(world: &World) -> Vec<Finding> {
    let mut found = Vec::new();
    for group in world.groups() {
        let mut of_group = Vec::new();
        for displacement in displacements(world, group) {
            if let Displaced::DidNotCome { raced } = displacement.why {
                let told = did_not_come(world, group, &displacement, raced);
                of_group.extend(told.map(|finding| (Arc::clone(&displacement.first), finding)));
            }
        }
        of_group.extend(could_not_start(world, group));
        of_group.extend(was_disabled(world, group));
        found.extend(one_of_each(of_group));
    }
    found
}

/// What several signs tell of one take-over is one finding: that of the surest sign, with the lines of the others.
fn one_of_each(found: Vec<(Arc<Event>, Finding)>) -> Vec<Finding> {
    let mut told: Vec<Finding> = Vec::new();
    let mut places = BTreeMap::<*const Event, usize>::new();
    for (takeover, new) in found {
        let place = *places.entry(Arc::as_ptr(&takeover)).or_insert(told.len());
        let Some(known) = told.get_mut(place) else {
            told.push(new);
            continue;
        };
        let is_surer = new.confidence > known.confidence;
        let other = if is_surer { std::mem::replace(known, new) } else { new };
        known.subject.holder = known.subject.holder.take().or(other.subject.holder.clone());
        known.subject.resource = known.subject.resource.take().or(other.subject.resource.clone());
        if other.until.is_some_and(|until| known.until.is_none_or(|known| until.micros < known.micros)) {
            (known.until, known.until_is) = (other.until, other.until_is);
        }
        other.evidence().iter().for_each(|line| known.add(line.clone()));
    }
    told
}

/// When the moving address was first seen on a node after its take-over, while it was MASTER.
fn came(world: &World, group: &PeerGroup, takeover: &Takeover<'_>) -> Option<Moment> {
    // They are in order of time.
    let seen = world.witnesses.all().iter().find(|witness| {
        witness.node == *takeover.node
            && group.moving.is_of_any(witness)
            && witness.seen.holds()
            && witness.time.micros > takeover.event.time.micros
            && takeover.mastership.ended().is_none_or(|end| witness.time.micros < end.micros)
    });
    seen.map(|witness| witness.time)
}

/// The address was seen on the old node after the take-over.
fn did_not_come(world: &World, group: &PeerGroup, displacement: &Displacement, raced: bool) -> Option<Finding> {
    let owner = displacement.owner.as_ref()?;
    let holder = displacement.holder.as_ref()?;
    // That the address did not come is as sure as its drift; that the script failed is not, where another ran at the same time.
    // Nor where the address came in the end without another take-over: then it was slow, or somebody helped.
    let came_late = matches!(displacement.ending, Some(Ending::Seen(_) | Ending::ServesAgain(_)));
    // Nor where nothing shows that the address was on the other node before: then it may have come, and been moved there since.
    let seen_after = displacement.away.first().map_or(0, |seen| seen.time.micros_since(displacement.first.time));
    // Nor where another address may be the one that moves.
    let may_be_own = !displacement.rival_addresses.is_empty();
    let confidence = if raced || came_late || may_be_own || !had_it(world, group, holder, displacement) {
        Confidence::Suspected
    } else if displacement.is_brief
        || displacement.rival_may_live
        || seen_after > SOON_MICROS
        || world.clock_slack_micros(holder, owner) > CLOCKS_MICROS
    {
        Confidence::Likely
    } else {
        Confidence::Confirmed
    };
    let brief = "MASTER; its script should bring the address";
    let proves = format!("{owner} becomes MASTER: its notify_master script runs now.");
    let line = evidence(Role::Primary, &displacement.first, brief, proves);
    let mut finding = Finding::new(RULE.id, &format!("{owner}/{}", group.key()), Severity::Critical, confidence, line);
    for seen in [
        Seen::Denied,
        Seen::Served,
        Seen::Heard,
        Seen::Claimed,
        Seen::Leaves,
        Seen::Associated,
        Seen::Disassociated,
        Seen::Listed,
    ] {
        let Some(witness) = first_of(&displacement.away, seen) else { continue };
        let proves = format!(
            "{holder} answers or speaks from the address, {} after {owner} took over.",
            length(finding.since, witness.time)
        );
        finding.add(evidence(Role::Primary, &witness.own, "still has the address", proves));
        if let Some(other) = &witness.other {
            finding.add(evidence(
                Role::Supporting,
                other,
                "sees the address there",
                "The other side of the same moment.",
            ));
        }
    }
    add_said(&mut finding, world, owner, displacement.first.time, Role::Supporting);
    finding.until = displacement.ending.as_ref().map(Ending::time);
    finding.until_is = match displacement.ending {
        Some(Ending::Seen(_) | Ending::ServesAgain(_)) => Bound::AtMost,
        Some(Ending::Takeover(_) | Ending::OwnerLeft(_)) | None => Bound::Exact,
    };
    name_subject(&mut finding, group, owner);
    finding.subject.holder = Some(holder.clone());
    finding.subject.owner = Some(owner.clone());
    finding.subject.resource = displacement.address.clone().or_else(|| world.resource_of(group));
    let resource = finding.subject.resource.clone();
    let address = resource.as_deref().unwrap_or("the address");
    let unit = group.unit.name();
    finding.claim = if confidence == Confidence::Suspected {
        format!(
            "{owner} became MASTER of {unit} but its script may not have brought {address}, which was seen on {holder} afterwards"
        )
    } else {
        format!("{owner} became MASTER of {unit} but its script did not bring {address}, which stayed on {holder}")
    };
    finding.rivals = vec![Rival {
        claim: if raced {
            format!("{owner}'s script worked and {holder}'s, started moments before, finished later")
        } else {
            "the script was only slow, or somebody moved the address by hand".to_owned()
        },
        settled_by: "the script's own log, or CloudTrail AssociateAddress (also the denied calls)".to_owned(),
    }];
    advise(&mut finding, owner);
    Some(finding)
}

/// Whether the address was on a node before it was displaced, as far as these logs show: it took it over, or was seen with it.
fn had_it(world: &World, group: &PeerGroup, node: &Text, displacement: &Displacement) -> bool {
    let moment = displacement.first.time;
    let was_master =
        group.nodes.get(node).is_some_and(|all| all.iter().any(|one| one.first.time.micros < moment.micros));
    let is_before = |seen: &Witness| seen.node == *node && seen.seen.holds() && seen.time.micros < moment.micros;
    was_master || world.seen_of(group, displacement.address.as_ref()).any(is_before)
}

/// The script says that it failed, or keepalived that it could not start it.
fn could_not_start(world: &World, group: &PeerGroup) -> Vec<(Arc<Event>, Finding)> {
    let mut found = Vec::new();
    // Take-overs and events are many, failures few: each is looked for once.
    let is_start = |event: &&Arc<Event>| matches!(event.keepalived(), Some(Keepalived::ScriptFailed { .. }));
    let starts = |node: &Text| Some(world.nodes.get(node)?.vrrp.events().iter().filter(is_start).collect::<Vec<_>>());
    let starts: BTreeMap<&Text, Vec<&Arc<Event>>> =
        group.nodes.keys().filter_map(|node| Some((node, starts(node)?))).collect();
    for takeover in group.takeovers() {
        let Some(starts) = starts.get(takeover.node) else { continue };
        let is_beside =
            |event: &&Arc<Event>| (0..=BESIDE_MICROS).contains(&event.time.micros_since(takeover.event.time));
        let stated = world.failed_takeover(takeover.node, takeover.event.time, None);
        let unstarted = || starts.iter().copied().find(is_beside);
        let Some(failed) = stated.or_else(unstarted) else { continue };
        let confidence = if stated.is_some() { Confidence::Confirmed } else { Confidence::Likely };
        let owner = takeover.node;
        let refusal = if let Fact::Cloud(cloud) = &failed.fact { cloud.refused.as_deref() } else { None };
        let (brief, proves, what) = if let Some(code) = refusal {
            let proves =
                format!("The cloud refuses {owner}'s call to move the address ({code}): this call moved nothing.");
            ("the cloud refuses the call", proves, "the cloud refused its call to move the address")
        } else if stated.is_some() {
            (
                "the take-over fails",
                format!("{owner}'s own script says that the take-over failed."),
                "its script says that it failed",
            )
        } else {
            let proves = format!("{owner}'s keepalived says that it could not run a script.");
            ("script could not be started", proves, "a script could not be started")
        };
        let line = evidence(Role::Primary, failed, brief, proves);
        let key = format!("{owner}/{}", group.key());
        let mut finding = Finding::new(RULE.id, &key, Severity::Critical, confidence, line);
        finding.add(evidence(
            Role::Supporting,
            takeover.event,
            "MASTER",
            format!("{owner} becomes MASTER: its notify_master script is due."),
        ));
        add_said(&mut finding, world, owner, takeover.event.time, Role::Supporting);
        let came = came(world, group, &takeover);
        finding.until = came.or(takeover.mastership.ended());
        finding.until_is = if came.is_some() { Bound::AtMost } else { Bound::Exact };
        name_subject(&mut finding, group, owner);
        finding.subject.owner = Some(owner.clone());
        finding.claim = format!("{owner} became MASTER of {} but {what}", group.unit.name());
        if stated.is_none() {
            finding.rivals = vec![Rival {
                claim: "the line is about another script (a check)".to_owned(),
                settled_by: format!("keepalived.conf of {owner}"),
            }];
        }
        advise(&mut finding, owner);
        found.push((Arc::clone(takeover.event), finding));
    }
    found
}

/// keepalived found at its last load that a script cannot be run, and runs it no more: perhaps the one that moves the address.
fn was_disabled(world: &World, group: &PeerGroup) -> Vec<(Arc<Event>, Finding)> {
    let mut found = Vec::new();
    let mut told: BTreeSet<*const Event> = BTreeSet::new();
    let loads = loads(world, group);
    for takeover in group.takeovers() {
        let (owner, mastership) = (takeover.node, takeover.mastership);
        let Some(of_owner) = loads.get(owner) else { continue };
        let before = of_owner.partition_point(|(load, _)| load.micros <= takeover.event.time.micros);
        let disabled = of_owner[..before].last().and_then(|(_, disabled)| *disabled);
        let Some((line, path)) = disabled.filter(|(line, _)| line.time.micros <= takeover.event.time.micros) else {
            continue;
        };
        if mastership.script.is_some() || came(world, group, &takeover).is_some() || !told.insert(Arc::as_ptr(line)) {
            continue;
        }
        let proves = format!("{owner}'s keepalived finds that {path} cannot be run, and runs it no more.");
        let key = format!("{owner}/{}", group.key());
        let disabled = evidence(Role::Supporting, line, "disables a script", proves);
        let proves = format!("{owner} becomes MASTER: its notify_master script is due.");
        let master = evidence(Role::Primary, takeover.event, "MASTER", proves);
        let mut finding = Finding::new(RULE.id, &key, Severity::Critical, Confidence::Suspected, master);
        finding.add(disabled);
        finding.until = mastership.ended();
        name_subject(&mut finding, group, owner);
        finding.subject.owner = Some(owner.clone());
        finding.claim = format!(
            "{owner} became MASTER of {}, and its keepalived had disabled {path} when it loaded",
            group.unit.name()
        );
        finding.rivals = vec![Rival {
            claim: format!("{path} is not what notify_master runs"),
            settled_by: format!("keepalived.conf of {owner}"),
        }];
        advise(&mut finding, owner);
        found.push((Arc::clone(takeover.event), finding));
    }
    found
}

/// Per node when its keepalived loaded its configuration, in order of time, and the line that disabled a script then, with the script's
/// path. Loads are few, take-overs many.
type Loads<'w> = BTreeMap<&'w Text, Vec<(Moment, Option<(&'w Arc<Event>, &'w Text)>)>>;

fn loads<'w>(world: &'w World, group: &'w PeerGroup) -> Loads<'w> {
    let is_load =
        |event: &&Arc<Event>| matches!(event.keepalived(), Some(Keepalived::Starting { .. } | Keepalived::Reloading));
    let of_node = |node: &'w Text| {
        let vrrp = &world.nodes.get(node)?.vrrp;
        let disabled = |load: Moment| {
            vrrp.between(load, load.shifted(LOAD_MICROS)).find_map(|event| {
                let Some(Keepalived::ScriptFailed { path }) = event.keepalived() else { return None };
                Some((event, path.as_ref()?))
            })
        };
        let loads = vrrp.events().iter().filter(is_load).map(|event| (event.time, disabled(event.time)));
        Some((node, loads.collect()))
    };
    group.nodes.keys().filter_map(of_node).collect()
}

fn name_subject(finding: &mut Finding, group: &PeerGroup, owner: &Text) {
    match &group.unit {
        Unit::Instance(name) => finding.subject.instance = Some(name.clone()),
        Unit::Group(name) => finding.subject.group = Some(name.clone()),
    }
    finding.subject.node = Some(owner.clone());
    finding.subject.nodes = group.nodes.keys().cloned().collect();
}

fn advise(finding: &mut Finding, owner: &Text) {
    finding.next_steps = vec![format!(
        "run the notify_master script on {owner} by hand, as the user keepalived uses, and read its error."
    )];
    finding.prevention =
        vec!["let the script check that the address came, try again, and log the outcome (logger -t).".to_owned()];
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::{Event, Fact, Keepalived};

    fn failover() -> Vec<Event> {
        vec![at("a", 0, master()), at("b", 1, backup()), at("a", 100, stops()), at("b", 101, master())]
    }

    #[test]
    fn fires_where_the_old_node_still_answers_at_the_address() {
        let answers = [at("a", 200, serves()), at("s", 200, committed())];
        assert_eq!(told("takeover-script-failed", &[failover(), answers.to_vec()].concat()), ["confirmed open"]);
        assert_eq!(told("eip-drift", &[failover(), answers.to_vec()].concat()), ["confirmed open"]);
    }

    /// Somebody may have moved the address by hand: `a` never had it in these logs, or was seen with it long after.
    #[test]
    fn is_less_sure_where_the_address_may_have_been_moved_since() {
        let never_had_it =
            [at("b", 0, master()), at("a", 1, backup()), at("a", 200, serves()), at("s", 200, committed())];
        assert_eq!(told("takeover-script-failed", &never_had_it), ["suspected open"]);
        assert_eq!(told("eip-drift", &never_had_it), ["confirmed open"]);
        let long_after = [at("a", 2000, serves()), at("s", 2000, committed())];
        assert_eq!(told("takeover-script-failed", &[failover(), long_after.to_vec()].concat()), ["likely open"]);
    }

    #[test]
    fn fires_where_keepalived_could_not_start_it() {
        let failed = at("b", 102, Fact::Keepalived(Keepalived::ScriptFailed { path: None }));
        assert_eq!(told("takeover-script-failed", &[failover(), vec![failed]].concat()), ["likely open"]);
    }

    #[test]
    fn fires_where_keepalived_disabled_a_script_when_it_loaded() {
        let loaded = [at("b", 0, starts()), at("b", 0, disables_script())];
        assert_eq!(told("takeover-script-failed", &[failover(), loaded.to_vec()].concat()), ["suspected open"]);
        let mended = [loaded.to_vec(), vec![at("b", 50, reloads())]].concat();
        assert!(told("takeover-script-failed", &[failover(), mended].concat()).is_empty());
        let came = [loaded.to_vec(), vec![at("b", 200, serves()), at("s", 200, committed())]].concat();
        assert!(told("takeover-script-failed", &[failover(), came].concat()).is_empty());
    }

    #[test]
    fn stays_quiet_while_the_script_may_still_run_and_when_it_worked() {
        let early = [at("a", 102, serves()), at("s", 102, committed())];
        assert!(told("takeover-script-failed", &[failover(), early.to_vec()].concat()).is_empty());
        let worked = [at("b", 200, serves()), at("s", 200, committed())];
        assert!(told("takeover-script-failed", &[failover(), worked.to_vec()].concat()).is_empty());
    }
}
