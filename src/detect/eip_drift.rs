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
        prevents: "Do not leave it to the state changes alone: every minute a timer on each node compares. On the MASTER (`ip` or \
                   keepalived's own state file says who is), a what-is-my-address page or the cloud's describe call must name the \
                   address; if it does not, run the notify_master script again and tell somebody. keepalived 2.0.6 and later can \
                   also run a script when the MASTER hears a lower advert (notify_master_rx_lower_pri). Let every script log that \
                   it ran and how it ended (logger -t), and state the pattern in the configuration: then driftline hears it.",
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
    // Without a flap an address of the old node's own, which stays where it is, is as likely.
    let may_be_own = !displacement.rival_addresses.is_empty() && displacement.why != Displaced::TookAndFellBack;
    if is_placed && (is_seen_about(world, displacement) || may_be_own) {
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
mod tests;
