//! The address stayed on a node that is not MASTER any more.

use super::words::{evidence, heard, length};
use super::{Explanation, Rule, listens};
use crate::event::{Daemon, Event, Fact, Keepalived, Pdns, Text, Vrrp};
use crate::finding::{Bound, Confidence, Evidence, Finding, Rival, Role, Severity};
use crate::moment::Moment;
use crate::version::{Version, VersionRange};
use crate::world::{
    Displaced, Displacement, Ending, Mastership, PeerGroup, Seen, Unit, Witness, World, displacements, first_of,
    symptoms,
};
use std::sync::Arc;

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
    ],
    find,
};

/// A silent repair exists from this keepalived on.
const RX_LOWER_PRI_SINCE: Version = Version(2, 0, 6);

/// The MASTER hears its rival this soon, clocks corrected.
const ANSWER_MICROS: i64 = 3_000_000;

fn find(world: &World) -> Vec<Finding> {
    let mut found: Vec<Finding> = world
        .groups()
        .iter()
        .flat_map(|group| {
            let resource = world.resource_of(group);
            displacements(world, group)
                .into_iter()
                .map(move |displacement| tell(world, group, resource.as_ref(), &displacement))
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
    let names = Names::of(&finding, displacement);
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
    finding.next_steps = next_steps(displacement, &names);
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

fn tell(world: &World, group: &PeerGroup, resource: Option<&Text>, displacement: &Displacement) -> Finding {
    let confidence = confidence(displacement);
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
    finding.subject.resource =
        resource.cloned().or_else(|| displacement.chain.as_ref().map(|chain| chain.address.clone()));
    finding.subject.holder.clone_from(&displacement.holder);
    finding.subject.owner.clone_from(&displacement.owner);
    finding.subject.nodes = group.nodes.keys().cloned().collect();
    add_vrrp(&mut finding, displacement);
    add_witnesses(&mut finding, displacement);
    add_ending(&mut finding, displacement);
    let names = Names::of(&finding, displacement);
    finding.claim = claim(world, displacement, &names, &finding);
    finding.story = story(group, displacement, &names, &finding);
    finding.rivals = rivals(world, displacement, &names, &finding);
    finding.next_steps = next_steps(displacement, &names);
    finding.prevention = prevention(world, displacement, &names);
    finding
}

fn confidence(displacement: &Displacement) -> Confidence {
    if displacement.is_placed() && displacement.is_complete && !displacement.is_brief {
        Confidence::Confirmed
    } else if !displacement.is_complete
        || displacement.is_doubtful()
        || !displacement.order_is_known
        || displacement.failed.is_some()
    {
        Confidence::Suspected
    } else {
        Confidence::Likely
    }
}

/// The words for the three things every sentence names.
struct Names {
    address: String,
    holder: String,
    owner: String,
}

impl Names {
    fn of(finding: &Finding, displacement: &Displacement) -> Self {
        Self {
            address: finding.subject.resource.as_deref().unwrap_or("the address").to_owned(),
            holder: displacement.holder.as_deref().unwrap_or("another node").to_owned(),
            owner: displacement.owner.as_deref().unwrap_or("its peer").to_owned(),
        }
    }
}

fn first_line(group: &PeerGroup, displacement: &Displacement) -> Evidence {
    let unit = group.unit.name();
    let event = &displacement.first;
    let is_takeover = matches!(event.vrrp(), Some(Vrrp::MasterEntered));
    match (displacement.why, is_takeover) {
        (Displaced::TookAndFellBack, true) => {
            let script = displacement.taken.as_ref().and_then(|taken| taken.script.as_ref());
            let brief = if script.is_some() { "MASTER, opens its script" } else { "MASTER; notify_master runs" };
            let text = format!(
                "{} becomes MASTER of {unit}: the address moves here, its notify_master script runs on entering MASTER.",
                event.node
            );
            evidence(Role::Primary, event, brief, text)
        }
        (Displaced::DidNotCome { .. }, true) => {
            let text = format!(
                "{} becomes MASTER of {unit}: its notify_master script should bring the address here.",
                event.node
            );
            evidence(Role::Primary, event, "MASTER", text)
        }
        (Displaced::TookAndFellBack, false) => heard(Role::Primary, event),
        (Displaced::MovedAway | Displaced::DidNotCome { .. }, _) => evidence(
            Role::Primary,
            event,
            "sees the address elsewhere",
            "A first line that shows the address away from the MASTER.",
        ),
    }
}

fn add_vrrp(finding: &mut Finding, displacement: &Displacement) {
    if let Some(taken) = &displacement.taken {
        if let Some(script) = &taken.script {
            let proves = format!("{} starts its notify script, which moves the address.", script.node);
            finding.add(evidence(Role::Supporting, script, "opens the script file", proves));
        }
        add_fall_back(finding, taken);
    }
    for flap in &displacement.flaps {
        if let Some(entered) = &flap.entered {
            let proves = format!("{} becomes MASTER once more and runs its script again.", entered.node);
            finding.add(evidence(Role::Supporting, entered, "MASTER again", proves));
        }
    }
    let Some(kept) = &displacement.kept else { return };
    let since = displacement.first.time.micros - ANSWER_MICROS;
    let lower: Vec<&Arc<Event>> = kept.heard_lower.iter().filter(|line| line.time.micros >= since).collect();
    if displacement.why == Displaced::TookAndFellBack && !lower.is_empty() {
        for line in lower {
            finding.add(heard(Role::Primary, line));
        }
    } else if let Some(entered) = &kept.entered {
        let role = if displacement.why == Displaced::TookAndFellBack { Role::Primary } else { Role::Supporting };
        let proves = format!(
            "{} is MASTER from here on; nothing in its log ends that before the address is left.",
            entered.node
        );
        finding.add(evidence(role, entered, "MASTER", proves));
    }
}

fn add_fall_back(finding: &mut Finding, taken: &Mastership) {
    if let Some(higher) = &taken.heard_higher {
        finding.add(heard(Role::Primary, higher));
    } else if let Some((_, end)) = &taken.end {
        let proves = format!("{} is not MASTER any more. That moves no address.", end.node);
        finding.add(evidence(Role::Primary, end, "no longer MASTER", proves));
    }
}

fn add_witnesses(finding: &mut Finding, displacement: &Displacement) {
    for seen in [
        Seen::Associated,
        Seen::Disassociated,
        Seen::Listed,
        Seen::Claimed,
        Seen::Leaves,
        Seen::LeavesElsewhere,
        Seen::Denied,
        Seen::Served,
        Seen::Strange,
        Seen::Heard,
    ] {
        if let Some(witness) = first_of(&displacement.away, seen) {
            add_witness(finding, witness, Role::Supporting);
        }
    }
    if let Some(witness) = displacement.home_first.first() {
        add_witness(finding, witness, Role::Against);
    }
    if let Some(failed) = &displacement.failed {
        let proves = "The script's call to the cloud is refused: unless it was tried again, the address did not move.";
        finding.add(evidence(Role::Against, failed, "the take-over fails", proves));
    }
    if displacement.away.is_empty()
        && let Some(witness) =
            first_of(&displacement.hints, Seen::Claimed).or_else(|| first_of(&displacement.hints, Seen::Rejected))
    {
        add_witness(finding, witness, Role::Supporting);
    }
    if let Some(chain) = &displacement.chain {
        let refused = format!("{} refuses a zone here: the node behind it does not serve it.", chain.address);
        finding.add(evidence(
            Role::Supporting,
            &chain.refused,
            format!("AXFR from {} refused", chain.address),
            refused,
        ));
        let notify = "The zone's NOTIFY comes from another address: the primary does not leave from its own.";
        let brief = if let Some(Pdns::NotifyRefused { zone, from }) = chain.notify.pdns() {
            format!("NOTIFY of {zone} from {from}: not a master")
        } else {
            "NOTIFY not from a master".to_owned()
        };
        finding.add(evidence(Role::Supporting, &chain.notify, brief, notify));
    }
}

fn add_witness(finding: &mut Finding, witness: &Witness, role: Role) {
    let (node, zone) = (&witness.node, &witness.zone);
    let address = witness.address.as_deref().unwrap_or("the primary's address");
    let (own_brief, own, other_brief, other) = match witness.seen {
        Seen::Denied => (
            format!("denies AXFR of {zone}"),
            format!("{node} gets the transfer that was asked of {address}: the address is on {node}."),
            format!("AXFR of {zone} from {address} refused"),
            format!("The transfer was asked of {address}."),
        ),
        Seen::Served => (
            format!("serves AXFR of {zone}"),
            format!("{node} serves the transfer that was asked of {address}: the address is on {node}."),
            format!("{zone} committed from {address}"),
            format!("The transfer was asked of {address}."),
        ),
        Seen::Heard => (
            format!("NOTIFY of {zone} sent"),
            format!("{node} sends a NOTIFY that arrives from {address}: it leaves from the address."),
            format!("NOTIFY of {zone} from {address}"),
            format!("The NOTIFY arrives from {address}, a primary of the zone."),
        ),
        Seen::Strange => (
            format!("NOTIFY of {zone} refused by its receiver"),
            format!(
                "{node} sends a NOTIFY that arrives from {address}, which is not a master: {node} does not leave from the address."
            ),
            format!("NOTIFY of {zone} from {address}: not a master"),
            format!("The NOTIFY arrives from {address}, which is not a master."),
        ),
        Seen::Claimed => (
            "takes the address".to_owned(),
            format!("{node}'s script says that it took the address."),
            String::new(),
            String::new(),
        ),
        Seen::Leaves => (
            format!("leaves from {address}"),
            format!("{node} leaves from {address}: the address is on {node}."),
            String::new(),
            String::new(),
        ),
        Seen::LeavesElsewhere => (
            format!("leaves from {address}"),
            format!("{node} leaves from {address}, which is not the address that moves."),
            String::new(),
            String::new(),
        ),
        Seen::Associated => (
            format!("ties the address to {node}"),
            format!("The cloud ties the address to {node}{}: it is there from here on.", called_by(witness)),
            String::new(),
            String::new(),
        ),
        Seen::Disassociated => (
            format!("unties the address from {node}"),
            format!("The cloud unties the address from {node}{}: it was there until here.", called_by(witness)),
            String::new(),
            String::new(),
        ),
        Seen::Listed => (
            format!("lists the address at {node}"),
            format!("The cloud lists the address as tied to {node}."),
            String::new(),
            String::new(),
        ),
        Seen::Acknowledged => (
            format!("NOTIFY of {zone} acknowledged"),
            format!("A secondary takes {node} for its primary: {node} leaves from the address."),
            String::new(),
            String::new(),
        ),
        Seen::Rejected => (
            format!("NOTIFY of {zone} refused by its receiver"),
            format!("A secondary refuses a NOTIFY of {node}: perhaps {node} does not leave from the address."),
            String::new(),
            String::new(),
        ),
    };
    finding.add(evidence(role, &witness.own, own_brief, own));
    if let Some(line) = &witness.other {
        finding.add(evidence(role, line, other_brief, other));
    }
}

/// `, as alice asked`: who called the cloud, where its record says so.
fn called_by(witness: &Witness) -> String {
    let Fact::Cloud(cloud) = &witness.own.fact else { return String::new() };
    match &cloud.caller {
        Some(caller) if cloud.target.contains(caller) => format!(", as {} itself asked ({caller})", witness.node),
        Some(caller) => format!(", as {caller} asked"),
        None => String::new(),
    }
}

fn add_ending(finding: &mut Finding, displacement: &Displacement) {
    match &displacement.ending {
        None => {}
        Some(Ending::Takeover(event)) => {
            let proves = format!("{} becomes MASTER and runs its script: the address moves again.", event.node);
            finding.add(evidence(Role::Repair, event, "MASTER", proves));
        }
        Some(Ending::OwnerLeft(event)) => {
            let proves = format!("{} is not MASTER any more.", event.node);
            finding.add(evidence(Role::Repair, event, "no longer MASTER", proves));
        }
        Some(Ending::ServesAgain(event)) if displacement.is_doubtful() => {
            let holder = displacement.holder.as_deref().unwrap_or("the other node");
            let proves =
                format!("A transfer from the address works, and {holder} wrote nothing of it: it is not there.");
            finding.add(evidence(Role::Against, event, "transferred from elsewhere", proves));
        }
        Some(Ending::ServesAgain(event)) => {
            finding.add(evidence(
                Role::Repair,
                event,
                "transferred again",
                "The address serves the zone again: it is back.",
            ));
        }
        Some(Ending::Seen(witness)) if displacement.home_first.is_empty() => {
            add_witness(finding, witness, Role::Repair)
        }
        Some(Ending::Seen(_)) => {}
    }
}

fn claim(world: &World, displacement: &Displacement, names: &Names, finding: &Finding) -> String {
    let Names { address, holder, owner } = names;
    let verb = if finding.is_open() { "is" } else { "was" };
    let place = match finding.confidence {
        Confidence::Confirmed => format!("{address} {verb} on {holder} instead of {owner}"),
        Confidence::Likely => format!("{address} {verb} most likely on {holder} instead of {owner}"),
        Confidence::Suspected => format!("{address} may have been left on {holder} instead of {owner}"),
    };
    let silent = if displacement.is_placed() { String::new() } else { silent_reading(world, displacement, names) };
    match (finding.until, finding.until_is, world.horizon) {
        (Some(until), Bound::Exact, _) => format!("{place} for {}{silent}", length(finding.since, until)),
        (Some(until), Bound::AtMost, _) => format!("{place} for at most {}{silent}", length(finding.since, until)),
        (None, _, Some(end)) => format!("{place}, for {} {}{silent}", length(finding.since, end), world.to_here()),
        (None, _, None) => format!("{place}{silent}"),
    }
}

/// The other reading, in the claim's own sentence: nothing in keepalived's log tells a repaired flap from a drift.
fn silent_reading(world: &World, displacement: &Displacement, names: &Names) -> String {
    if displacement.why != Displaced::TookAndFellBack {
        return String::new();
    }
    let owner = &names.owner;
    if keepalived_of(world, displacement.owner.as_ref()).is_before(RX_LOWER_PRI_SINCE) {
        return format!(
            ", unless someone moved it back by hand ({owner}'s keepalived has no notify_master_rx_lower_pri)"
        );
    }
    format!(", unless notify_master_rx_lower_pri on {owner} or a hand moved it back, which no line would tell")
}

fn keepalived_of(world: &World, node: Option<&Text>) -> VersionRange {
    node.map_or_else(VersionRange::default, |node| world.version(node, Daemon::Keepalived))
}

fn story(group: &PeerGroup, displacement: &Displacement, names: &Names, finding: &Finding) -> Vec<String> {
    let Names { address, holder, owner } = names;
    let unit = group.unit.name();
    let mut story = Vec::new();
    match displacement.why {
        Displaced::TookAndFellBack => {
            story.push(flap_sentence(unit, displacement, names));
            story.push(if displacement.is_complete {
                format!(
                    "{owner} never left MASTER, so its notify_master script did not run again: the address stayed on {holder}."
                )
            } else {
                format!(
                    "If {owner} stayed MASTER meanwhile, its notify_master script did not run again, and the address stayed on {holder}."
                )
            });
        }
        Displaced::DidNotCome { raced } => {
            let began = finding.since.rfc3339();
            story.push(format!("{owner} became the only MASTER of {unit} at {began}, but {address} was still seen on {holder} after that."));
            story.push(if raced {
                format!("{holder}'s own script had started moments before: of two scripts that run at once, the slower one wins.")
            } else {
                "Its notify_master script failed, was too slow, or moves nothing.".to_owned()
            });
        }
        Displaced::MovedAway => story.push(format!(
            "{owner} was MASTER of {unit} all the time and {address} was seen on {holder} from {} on: somebody or something moved it without VRRP.",
            finding.since.rfc3339()
        )),
    }
    story.extend(end_sentence(displacement, names, finding));
    story
}

fn flap_sentence(unit: &Text, displacement: &Displacement, names: &Names) -> String {
    let holder = &names.holder;
    let Some(taken) = &displacement.taken else {
        let heard = displacement.first.time.rfc3339();
        return format!(
            "At {heard} {} heard a rival MASTER of {unit} with a lower priority; {holder}'s keepalived log is not here.",
            names.owner
        );
    };
    let entered = displacement.first.time;
    let script = match script_of(displacement) {
        Some(path) => format!("opened {path}"),
        None => "ran its notify_master script".to_owned(),
    };
    let fell = taken.ended().map_or(String::new(), |fell| {
        let micros = fell.micros_since(entered);
        if micros < 1_000_000 && fell.precision.min(entered.precision) == crate::moment::Precision::Second {
            " within the same second".to_owned()
        } else {
            format!(" {} later", length(entered, fell))
        }
    });
    let again = match displacement.flaps.len() {
        0 => String::new(),
        1 => " The same happened once more.".to_owned(),
        more => format!(" The same happened {more} more times."),
    };
    format!("{holder} became MASTER of {unit} at {}, {script}, and was BACKUP again{fell}.{again}", entered.rfc3339())
}

/// The notify script as 1.x names it when it opens it.
fn script_of(displacement: &Displacement) -> Option<&Text> {
    let opened = displacement.taken.as_ref()?.script.as_ref()?;
    if let Some(Keepalived::ScriptOpened { path }) = opened.keepalived() { Some(path) } else { None }
}

fn end_sentence(displacement: &Displacement, names: &Names, finding: &Finding) -> Option<String> {
    let Names { address, owner, .. } = names;
    let last_away = displacement.away.last().map(|witness| witness.time);
    let chain_away = displacement.chain.as_ref().map(|chain| chain.refused.time.max(chain.notify.time));
    let bracket = |until: Moment| match last_away.max(chain_away) {
        Some(away) => format!("between {} and {}", away.rfc3339(), until.rfc3339()),
        None => format!("at {} at the latest", until.rfc3339()),
    };
    Some(match displacement.ending.as_ref() {
        None => "Nothing in these logs ends it.".to_owned(),
        Some(Ending::Takeover(event)) => {
            format!("It ended at {}, when {} became MASTER and ran its script.", event.time.rfc3339(), event.node)
        }
        Some(Ending::OwnerLeft(event)) => {
            format!("It ended at {}, when {owner} ceased to be MASTER.", event.time.rfc3339())
        }
        Some(Ending::ServesAgain(event)) => {
            format!("It ended {}, when a transfer from {address} succeeded.", bracket(event.time))
        }
        Some(Ending::Seen(witness)) => match witness.seen {
            Seen::Served | Seen::Denied => {
                format!("It ended {}, when {owner} answered a transfer asked of {address}.", bracket(witness.time))
            }
            Seen::Associated => format!(
                "It ended at {}, when the cloud tied {address} to {}{}.",
                witness.time.rfc3339(),
                witness.node,
                called_by(witness)
            ),
            Seen::Claimed | Seen::Leaves | Seen::LeavesElsewhere | Seen::Disassociated | Seen::Listed => {
                format!("It ended {}, when {} had the address again.", bracket(witness.time), witness.node)
            }
            Seen::Heard | Seen::Strange | Seen::Acknowledged | Seen::Rejected => {
                format!("It ended {}, when a secondary accepted {owner}'s NOTIFY.", bracket(witness.time))
            }
        },
    })
    .filter(|_| finding.confidence != Confidence::Suspected || displacement.ending.is_some())
}

fn rivals(world: &World, displacement: &Displacement, names: &Names, finding: &Finding) -> Vec<Rival> {
    let Names { address, owner, holder } = names;
    let cloud = format!("CloudTrail AssociateAddress for {address} (kept 90 days), or the cloud's own record of moves");
    let mut rivals = Vec::new();
    let can_repair_silently = !keepalived_of(world, displacement.owner.as_ref()).is_before(RX_LOWER_PRI_SINCE);
    if !displacement.is_placed() && displacement.why == Displaced::TookAndFellBack {
        if can_repair_silently {
            rivals.push(Rival {
                claim: format!("{owner} moved it back at once: notify_master_rx_lower_pri runs in silence"),
                settled_by: format!("keepalived.conf of {owner}, or {cloud}"),
            });
        }
        rivals.push(Rival {
            claim: "nothing moves but keepalived's own addresses: without a notify_master script nothing can drift"
                .to_owned(),
            settled_by: format!("keepalived.conf of {holder}"),
        });
    }
    if !displacement.order_is_known {
        rivals.push(Rival {
            claim: format!("{owner}'s own script ran last: the stamps leave the order of the two scripts open"),
            settled_by: cloud.clone(),
        });
    }
    if !displacement.is_complete {
        let missing = if displacement.taken.is_some() { owner } else { holder };
        rivals.push(Rival {
            claim: "an ordinary failover or failback that one log alone cannot tell from a flap".to_owned(),
            settled_by: format!("{missing}'s keepalived log around {}", finding.since.rfc3339()),
        });
    }
    if finding.until_is == Bound::AtMost || displacement.why == Displaced::MovedAway {
        rivals.push(Rival { claim: "moved by hand in between".to_owned(), settled_by: cloud });
    }
    rivals
}

fn next_steps(displacement: &Displacement, names: &Names) -> Vec<String> {
    let Names { address, owner, .. } = names;
    let script = script_of(displacement).map_or_else(|| "the notify_master script".to_owned(), |path| path.to_string());
    if displacement.ending.is_some() {
        vec![format!("nothing to repair. Verify: {owner} must leave from {address}.")]
    } else {
        vec![
            format!("run {script} on {owner} by hand: it brings {address} back."),
            format!(
                "verify that {owner} leaves from {address}; then pdns_control notify ZONE for each zone that is behind."
            ),
        ]
    }
}

fn prevention(world: &World, displacement: &Displacement, names: &Names) -> Vec<String> {
    let owner = &names.owner;
    let mut advice = Vec::new();
    if displacement.why == Displaced::TookAndFellBack {
        let version = keepalived_of(world, displacement.owner.as_ref());
        let known = displacement
            .owner
            .as_ref()
            .map_or_else(|| version.to_string(), |node| world.version_in_words(node, Daemon::Keepalived));
        advice.push(if version.is_before(RX_LOWER_PRI_SINCE) {
            format!("keepalived 2.0.6 or later with notify_master_rx_lower_pri on {owner} (here: {known}, which lacks it).")
        } else if version.is_from(RX_LOWER_PRI_SINCE) {
            format!(
                "notify_master_rx_lower_pri on {owner} (its keepalived, {known}, has it); mind that both scripts then run at once and the slower one wins."
            )
        } else {
            format!("keepalived 2.0.6 or later with notify_master_rx_lower_pri on {owner} (here: {known}).")
        });
    } else {
        advice.push("let the notify script check what it did, try again, and log the outcome (logger -t).".to_owned());
    }
    advice.push("an ownership check every minute that fails when the MASTER does not leave from the address: driftline explain eip-drift.".to_owned());
    advice
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::Event;

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

    #[test]
    fn one_side_or_symptoms_alone_are_a_suspicion() {
        let only_b: Vec<Event> = flap().into_iter().filter(|event| &*event.node == "b").collect();
        assert_eq!(told("eip-drift", &only_b), ["suspected open"]);
        let symptoms = [at("s", 500, turns_away(ORDINARY)), at("s", 510, refused())];
        assert_eq!(told("eip-drift", &symptoms), ["suspected open"]);
    }
}
