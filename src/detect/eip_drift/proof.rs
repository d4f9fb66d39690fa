//! The lines that a drift rests on, that speak against it, and that end it.

use crate::detect::words::{evidence, heard};
use crate::event::{Event, Fact, Pdns, Vrrp};
use crate::finding::{Evidence, Finding, Role};
use crate::world::{Displaced, Displacement, Ending, Mastership, PeerGroup, Seen, Witness, first_of};
use std::sync::Arc;

/// The MASTER hears its rival this soon, clocks corrected.
const ANSWER_MICROS: i64 = 3_000_000;

pub(super) fn first_line(group: &PeerGroup, displacement: &Displacement) -> Evidence {
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

pub(super) fn add_vrrp(finding: &mut Finding, displacement: &Displacement) {
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

pub(super) fn add_witnesses(finding: &mut Finding, displacement: &Displacement) {
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
pub(super) fn called_by(witness: &Witness) -> String {
    let Fact::Cloud(cloud) = &witness.own.fact else { return String::new() };
    match &cloud.caller {
        Some(caller) if cloud.target.contains(caller) => format!(", as {} itself asked ({caller})", witness.node),
        Some(caller) => format!(", as {caller} asked"),
        None => String::new(),
    }
}

pub(super) fn add_ending(finding: &mut Finding, displacement: &Displacement) {
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
