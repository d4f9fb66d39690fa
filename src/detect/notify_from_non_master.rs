//! NOTIFYs were turned away because their sender is no primary of the zone.

use super::words::{counted, is_of_several, list, number, repeated_beside};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Pdns};
use crate::finding::{Bound, Confidence, Finding, Rival, Role, Severity};
use crate::world::{Seen, Strangers, World};
use std::collections::BTreeSet;

pub(super) static RULE: Rule = Rule {
    id: "notify-from-non-master",
    explanation: Explanation {
        sees: "A secondary received NOTIFYs from an address that is not configured as a primary of the zone, and refused them.",
        matters: "If the sender is the primary under another address, updates wait for the next refresh (hours), and the primary's \
                  address is probably not where it should be.",
        proves: "The secondary's own line (`which is not a master`, `which is not a primary`). Who sent it is proven only where the \
                 sender's own log shows the same NOTIFY refused.",
        looks_like: "Strangers and scanners: anyone may send a NOTIFY for any zone. A former primary after a planned failover.",
        prevents: "Let primaries leave from an address that the secondaries know (query-local-address, or all own addresses listed \
                   as primaries), and tell strangers apart by a list of your own addresses.",
        check_next: "Is the address one of ours? If it is the primary's ordinary address: where is its Elastic IP? If it is a \
                     stranger's: nothing to do.",
    },
    listens: &[listens::STRANGERS],
    find,
};

fn find(world: &World) -> Vec<Finding> {
    world.replication.strangers().filter_map(|strangers| tell(world, strangers)).collect()
}

fn tell(world: &World, strangers: &Strangers) -> Option<Finding> {
    let first = strangers.lines.first.first()?;
    let sender = &strangers.sender;
    let until = strangers.lines.last_time();
    let own: BTreeSet<_> = world
        .witnesses
        .all()
        .iter()
        .filter(|witness| witness.seen == Seen::Strange && witness.address.as_ref() == Some(sender))
        .filter(|witness| {
            witness.time.micros >= first.time.micros
                && until.is_none_or(|until| witness.time.micros <= until.micros + 5_000_000)
        })
        .map(|witness| witness.node.clone())
        .collect();
    let proves = format!("{} refuses a NOTIFY from {sender}, which is no primary of the zone.", first.node);
    let brief = |zone: &str| format!("NOTIFY of {zone} from {sender}: not a master");
    let zone_of = |event: &Event| match event.pdns() {
        Some(Pdns::NotifyRefused { zone, .. }) => zone.to_string(),
        Some(_) | None => String::new(),
    };
    let of_first = if is_of_several(&strangers.lines, strangers.zones.len()) {
        format!("NOTIFYs from {sender}: not a master")
    } else {
        brief(&zone_of(first))
    };
    let line = repeated_beside(Role::Primary, first, &strangers.lines, of_first, proves);
    let mut finding = Finding::new(RULE.id, sender, Severity::Warning, Confidence::Confirmed, line);
    for other in strangers.lines.first.iter().skip(1) {
        let proves = format!("{} refuses it too.", other.node);
        finding.add(super::words::evidence(Role::Supporting, other, brief(&zone_of(other)), proves));
    }
    finding.until = until.and_then(|last| world.over_at(last, Strangers::QUIET_MICROS));
    finding.until_is = Bound::Exact;
    finding.subject.address = Some(sender.clone());
    finding.subject.nodes = strangers.nodes.iter().cloned().collect();
    finding.subject.zones = strangers.zones.iter().cloned().collect();
    let by = list(&strangers.nodes);
    let times = counted(&strangers.lines, "NOTIFY", "NOTIFYs");
    let who = if own.is_empty() { String::new() } else { format!(", sent by {}", list(&own)) };
    finding.claim = format!("{times} of {} from {sender}{who}, refused by {by}: not a master", list(&strangers.zones));
    if own.is_empty() {
        finding.rivals = vec![Rival {
            claim: format!("{sender} is a stranger: anyone may send a NOTIFY"),
            settled_by: "the list of our own addresses".to_owned(),
        }];
        finding.next_steps = vec![format!("find out whose address {sender} is.")];
    } else {
        finding.story = vec![if own.len() == 1 {
            format!(
                "{}'s own log shows the same NOTIFY refused: it does not leave from the address the secondaries know.",
                list(&own)
            )
        } else {
            format!(
                "The logs of {} show the same NOTIFYs refused: they do not leave from the address the secondaries know.",
                list(&own)
            )
        }];
        let failed_over = own.iter().find_map(|node| {
            let (group, master) = world.master_beside(node, first.time)?;
            (master != node).then(|| (node, master, group.unit.name()))
        });
        if let Some((node, master, unit)) = failed_over {
            finding.story.push(format!(
                "{master} was MASTER of {unit} then, not {node}: the address had followed a failover, and zones were changed on a node \
                 without it."
            ));
            finding.next_steps = vec![format!(
                "change zones on the MASTER's side, or wait for the failback: then {node} notifies from the address again."
            )];
        } else {
            let leave = number(own.len(), "leaves", "leave");
            finding.next_steps = vec![format!("find out why {} {leave} from {sender}.", list(&own))];
        }
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;

    #[test]
    fn fires_once_per_sender_and_names_it() {
        let strangers = [at("s", 0, turns_away("203.0.113.66")), at("s", 60, turns_away("203.0.113.66"))];
        assert_eq!(told("notify-from-non-master", &strangers), ["confirmed closed"]);
        let finding = &find("notify-from-non-master", &strangers)[0];
        assert_eq!(finding.subject.address.as_deref(), Some("203.0.113.66"));
        assert!(!finding.claim.contains("sent by"), "nobody's own log shows who sent it: {}", finding.claim);
    }

    #[test]
    fn names_the_sender_whose_own_log_shows_it_refused() {
        let ours = [at("s", 0, turns_away(ORDINARY)), at("a", 0, is_rejected())];
        assert!(find("notify-from-non-master", &ours)[0].claim.contains("sent by a"));
    }

    #[test]
    fn goes_on_while_the_sender_may_come_again_or_until_the_drift_behind_it_is_over() {
        let strangers = [at("s", 0, turns_away("203.0.113.66"))];
        let told_after = |seconds| told_while_it_goes_on("notify-from-non-master", &strangers, seconds);
        assert_eq!(
            (told_after(1), told_after(86_401)),
            (vec!["confirmed open".into()], vec!["confirmed closed".into()])
        );
        let ours = [&flap()[..], &[at("s", 500, turns_away(ORDINARY)), at("a", 500, is_rejected())]].concat();
        assert_eq!(told_while_it_goes_on("notify-from-non-master", &ours, 60), ["confirmed open"]);
        let repaired = [&ours[..], &[at("a", 600, serves()), at("s", 600, committed())]].concat();
        assert_eq!(told_while_it_goes_on("eip-drift", &repaired, 60), ["confirmed closed"]);
        assert_eq!(told_while_it_goes_on("notify-from-non-master", &repaired, 60), ["confirmed closed"]);
    }

    #[test]
    fn a_day_of_silence_begins_a_new_episode() {
        let day = 86_400;
        let twice = [at("s", 0, turns_away("203.0.113.66")), at("s", day + 1, turns_away("203.0.113.66"))];
        assert_eq!(told("notify-from-non-master", &twice).len(), 2);
    }
}
