//! An address (or a node) refused zone transfers to secondaries.

use super::words::{evidence, list, repeated};
use super::{Explanation, Rule, listens};
use crate::event::{Pdns, Text};
use crate::finding::{Confidence, Evidence, Finding, Rival, Role, Severity};
use crate::world::{Refusals, World};

pub(super) static RULE: Rule = Rule {
    id: "transfer-refused",
    explanation: Explanation {
        sees: "Zone transfers were asked of an address and refused: `Server Not Authoritative for zone / Not Authorized`, `Query \
               Refused`, or the refusing side's own `denied`.",
        matters: "The secondary keeps its old copy. If the address used to serve the zone, another node may be behind it now.",
        proves: "The secondary's line proves the refusal; only the refusing side's own log says who refused and why (an ACL, or a \
                 zone that is not there): PowerDNS answers both with the same code.",
        looks_like: "Time-outs, a primary that is down, a broken transfer: those are no refusals. A stranger that asks for a zone and \
                     is denied it is told as one where the logs tell whom the nodes serve.",
        prevents: "Let allow-axfr-ips and TSIG keys of all nodes that may become primary be the same, and try a transfer from each \
                   secondary after each change (dig AXFR).",
        check_next: "Which node is behind the address? On that node: is the zone there, is the secondary in allow-axfr-ips?",
    },
    listens: &[listens::REFUSALS],
    find,
};

fn find(world: &World) -> Vec<Finding> {
    world.replication.refusals().iter().filter_map(|refusals| tell(world, refusals)).collect()
}

fn tell(world: &World, refusals: &Refusals) -> Option<Finding> {
    let first = refusals.first()?;
    let asked = refusals.address.as_ref();
    let refuser = (!refusals.refusers.is_empty()).then(|| list(&refusals.refusers));
    let key = asked.cloned().or_else(|| refusals.refusers.first().cloned()).unwrap_or_else(|| Text::from("unknown"));
    let are_strangers = are_strangers(world, refusals);
    let mut finding = Finding::new(RULE.id, &key, Severity::Warning, Confidence::Confirmed, line(refusals, first));
    for other in refusals.failures.first.iter().chain(&refusals.denials.first) {
        let shown = line(refusals, other);
        finding.add(Evidence { role: Role::Supporting, ..shown });
    }
    finding.until = refusals.end.as_ref().map(|event| event.time);
    if let Some(end) = &refusals.end {
        finding.add(evidence(Role::Repair, end, "transferred again", "The last one that was refused gets its zone."));
    }
    finding.subject.address = asked.cloned();
    finding.subject.resource = asked.cloned();
    finding.subject.node = if refusals.refusers.len() == 1 { refusals.refusers.first().cloned() } else { None };
    finding.subject.nodes = refusals.refusers.iter().chain(&refusals.refused_nodes).cloned().collect();
    finding.subject.nodes.sort();
    finding.subject.nodes.dedup();
    finding.subject.zones = refusals.zones.iter().cloned().collect();
    let to_whom =
        if refusals.refused_nodes.is_empty() { list(&refusals.clients) } else { list(&refusals.refused_nodes) };
    let zones = list(&refusals.zones);
    finding.claim = match (asked, &refuser) {
        (Some(asked), Some(refuser)) => {
            format!("transfers of {zones} asked of {asked} were refused to {to_whom}, by {refuser}")
        }
        (Some(asked), None) => format!("transfers of {zones} asked of {asked} were refused to {to_whom}"),
        (None, Some(refuser)) => format!("{refuser} refused transfers of {zones} to {to_whom}"),
        (None, None) => format!("transfers of {zones} were refused to {to_whom}"),
    };
    if refuser.is_none() {
        finding.rivals = vec![Rival {
            claim: "an ACL on the right node, or the wrong node behind the address: the secondary's line is the same"
                .to_owned(),
            settled_by: format!("the PowerDNS log of the node behind {key} at {}", first.time.rfc3339()),
        }];
    }
    let master = refusals.refusers.first().and_then(|node| {
        let (group, master) = world.master_beside(node, first.time)?;
        Some((node, master, group.unit.name()))
    });
    finding.story = master.map(|(node, master, unit)| role_of(node, master, unit)).into_iter().collect();
    if are_strangers {
        finding.story.push(format!(
            "No node here serves {to_whom} or sends it NOTIFYs: probably a stranger, whom an ACL is there to refuse."
        ));
    }
    finding.next_steps = vec![match (&refuser, master) {
        _ if are_strangers => {
            format!("nothing, unless {to_whom} should have the zones: then add it to allow-axfr-ips.")
        }
        (Some(refuser), Some((node, master, _))) if node != master => {
            format!("find out why {refuser} is asked although {master} is MASTER: where is the address?")
        }
        (Some(refuser), _) => {
            format!(
                "on {refuser}: is the zone there, and is the secondary in allow-axfr-ips? A node that may become MASTER must serve."
            )
        }
        (None, _) => format!("find out which node answers at {key}."),
    }];
    Some(finding)
}

/// Whether only clients were denied that no node serves or sends NOTIFYs to, where the logs tell whom they do: anyone may ask.
fn are_strangers(world: &World, refusals: &Refusals) -> bool {
    refusals.refused_nodes.is_empty()
        && refusals.failures.count == 0
        && !refusals.clients.is_empty()
        && refusals.clients.iter().all(|client| world.is_served(client) == Some(false))
}

fn role_of(node: &Text, master: &Text, unit: &Text) -> String {
    if node == master {
        format!(
            "{node} was the only MASTER of {unit} then: it was the right one to ask, and it does not let the secondary have the zone."
        )
    } else {
        format!("{master} was MASTER of {unit} then, not {node}.")
    }
}

fn line(refusals: &Refusals, event: &std::sync::Arc<crate::event::Event>) -> Evidence {
    match event.pdns() {
        Some(Pdns::TransferDenied { zone, client }) => {
            let client = client.as_deref().unwrap_or("a client");
            let proves = format!("{} itself denies {client} the transfer of {zone}.", event.node);
            let is_first = refusals.denials.first.first() == Some(event);
            if is_first {
                repeated(Role::Primary, event, &refusals.denials, format!("denies {client} {zone}"), proves)
            } else {
                evidence(Role::Primary, event, format!("denies {client} {zone}"), proves)
            }
        }
        Some(Pdns::TransferFailed { zone, primary, reason, .. }) => {
            let from = primary.as_deref().unwrap_or("its primary");
            let proves = format!("{} is refused {zone} by {from}: {reason}.", event.node);
            let is_first = refusals.failures.first.first() == Some(event);
            if is_first {
                repeated(
                    Role::Primary,
                    event,
                    &refusals.failures,
                    format!("AXFR of {zone} from {from} refused"),
                    proves,
                )
            } else {
                evidence(Role::Primary, event, format!("AXFR of {zone} from {from} refused"), proves)
            }
        }
        Some(_) | None => evidence(Role::Primary, event, "transfer refused", "A transfer was refused."),
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::{Event, Fact, Pdns};

    #[test]
    fn both_sides_lines_are_one_finding_in_either_order() {
        let denied_first = [at("b", 0, denies()), at("s", 1, refused())];
        let refused_first = [at("s", 0, refused()), at("b", 1, denies())];
        for both in [denied_first, refused_first] {
            assert_eq!(told("transfer-refused", &both), ["confirmed open"]);
            let finding = &find("transfer-refused", &both)[0];
            assert_eq!(
                (finding.subject.node.as_deref(), finding.subject.address.as_deref()),
                (Some("b"), Some(ADDRESS))
            );
        }
    }

    #[test]
    fn ends_when_the_one_that_was_refused_is_served() {
        assert_eq!(told("transfer-refused", &[at("s", 0, refused()), at("s", 60, committed())]), ["confirmed closed"]);
        assert_eq!(told("transfer-refused", &[at("s", 0, refused()), at("t", 60, committed())]), ["confirmed open"]);
    }

    /// Scanners ask every name server for its zones.
    #[test]
    fn a_stranger_that_is_denied_is_called_one() {
        let to_secondary = Fact::Pdns(Pdns::NotifyQueued { zone: "example.com".into(), to: "203.0.113.21".into() });
        let to_another = Fact::Pdns(Pdns::NotifyQueued { zone: "example.com".into(), to: "203.0.113.22".into() });
        let is_stranger = |events: &[Event]| find("transfer-refused", events)[0].next_steps[0].starts_with("nothing");
        assert!(is_stranger(&[at("a", 0, to_another.clone()), at("a", 60, denies())]));
        assert!(!is_stranger(&[at("a", 0, to_secondary), at("a", 60, denies())]));
        assert!(!is_stranger(&[at("a", 60, denies())]), "whom it serves is not known");
        let asks = [at("a", 0, to_another), at("a", 60, denies()), at("s", 60, refused())];
        assert!(!is_stranger(&asks), "its own log says that it is a secondary");
    }

    #[test]
    fn stays_quiet_on_transfers_that_work() {
        assert!(told("transfer-refused", &[at("a", 0, serves()), at("s", 0, committed())]).is_empty());
    }
}
