//! A primary's NOTIFYs get no answer, or an error, again and again.

use super::words::{counted, is_of_several, length, list, repeated_beside};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Pdns, Text};
use crate::finding::{Bound, Confidence, Finding, Rival, Role, Severity};
use crate::moment::Moment;
use crate::world::{Seen, Unheeded, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "notify-unacknowledged",
    explanation: Explanation {
        sees: "A receiver does not acknowledge a primary's NOTIFYs: they are given up after all retries, or answered with an error, more \
               than once within a time in which none was acknowledged.",
        matters: "The receiver learns of changes at its next refresh only, hours later, and serves old records until then.",
        proves: "The primary's own lines: `Notification for … failed after retries`, `Received unsuccessful notification report`. Why, \
                 only the receiver's log tells.",
        looks_like: "A receiver that is restarted (retries that are acknowledged in the end). A NOTIFY whose sender the receiver does not \
                     take for a primary, where the receiver's log shows it: that is told as notify-from-non-master. A name server of the \
                     zone that is no secondary of this primary: take it out with only-notify.",
        prevents: "Compare SOA serials from outside: a NOTIFY that was lost shows as a late refresh only. Keep the list of who is \
                   notified (NS records, also-notify) to servers that answer.",
        check_next: "Is the receiver up, and does UDP port 53 pass both ways? Does it have the zone, and this primary's address among the \
                     zone's primaries? pdns_control notify-host ZONE RECEIVER sends one more.",
    },
    listens: &[listens::UNHEEDED],
    find,
};

/// Episodes of several receivers that begin within this of one another have one cause.
const TOGETHER_MICROS: i64 = 600_000_000;
/// Both sides' lines about one NOTIFY.
const SLACK_MICROS: i64 = 5_000_000;

fn find(world: &World) -> Vec<Finding> {
    let mut by_sender = BTreeMap::<(&Text, bool), Vec<&Unheeded>>::new();
    for unheeded in world.unheeded.repeated() {
        if !is_told_by_receiver(world, unheeded) {
            by_sender.entry((&unheeded.node, unheeded.is_rejected)).or_default().push(unheeded);
        }
    }
    by_sender.values().flat_map(|all| episodes(all)).filter_map(|together| tell(&together)).collect()
}

/// The receiver's own log shows why it refused: the sender is no primary. Then that is the finding.
fn is_told_by_receiver(world: &World, unheeded: &Unheeded) -> bool {
    let Some((first, last)) = unheeded.lines.first_time().zip(unheeded.lines.last_time()) else { return false };
    let inside = first.micros - SLACK_MICROS..=last.micros + SLACK_MICROS;
    let strange = world.witnesses.all().iter().filter(|witness| witness.seen == Seen::Strange);
    unheeded.is_rejected
        && strange.into_iter().any(|witness| witness.node == unheeded.node && inside.contains(&witness.time.micros))
}

fn episodes<'a>(all: &[&'a Unheeded]) -> Vec<Vec<&'a Unheeded>> {
    let mut episodes: Vec<Vec<&Unheeded>> = Vec::new();
    for unheeded in all {
        let first = |one: &Unheeded| one.lines.first_time().map_or(i64::MIN, |time| time.micros);
        let goes_on =
            episodes.last().is_some_and(|known| first(unheeded).saturating_sub(first(known[0])) <= TOGETHER_MICROS);
        match episodes.last_mut().filter(|_| goes_on) {
            Some(known) => known.push(unheeded),
            None => episodes.push(vec![unheeded]),
        }
    }
    episodes
}

fn tell(together: &[&Unheeded]) -> Option<Finding> {
    let first = together.first()?;
    let node = &first.node;
    let line = shown(first, first.lines.first.first()?);
    let key = format!("{node}>{}", first.receiver);
    let mut finding = Finding::new(RULE.id, &key, Severity::Warning, Confidence::Confirmed, line);
    for unheeded in together {
        for event in &unheeded.lines.first {
            finding.add(shown(unheeded, event));
        }
        if let Some(end) = &unheeded.end {
            let proves = format!("{} acknowledges a NOTIFY of {node}.", unheeded.receiver);
            finding.add(super::words::evidence(Role::Repair, end, "NOTIFY acknowledged", proves));
        }
    }
    let ends: Vec<Option<Moment>> = together.iter().map(|one| one.end.as_ref().map(|end| end.time)).collect();
    let is_open = ends.iter().any(Option::is_none);
    finding.until = ends.into_iter().flatten().max_by_key(|end| end.micros).filter(|_| !is_open);
    finding.until_is = Bound::AtMost;
    let receivers: BTreeSet<&Text> = together.iter().map(|one| &one.receiver).collect();
    let zones: BTreeSet<&Text> = together.iter().flat_map(|one| &one.zones).collect();
    finding.subject.node = Some(node.clone());
    finding.subject.nodes = vec![node.clone()];
    finding.subject.zones = zones.iter().map(|zone| (*zone).clone()).collect();
    finding.subject.address = Some(first.receiver.clone()).filter(|_| receivers.len() == 1);
    let whom = list(receivers.iter().copied());
    let about = list(zones.iter().copied());
    let last = together.iter().filter_map(|one| one.lines.last_time()).max_by_key(|last| last.micros)?;
    let within = length(finding.since, last);
    let times = match together {
        [one] => counted(&one.lines, "time", "times"),
        several => format!("{} times", several.iter().map(|one| one.lines.count).sum::<u64>()),
    };
    finding.claim = match (first.is_rejected, reason(first)) {
        (true, Some(reason)) => {
            format!(
                "{node}'s NOTIFYs of {about} were answered with an error by {whom} ({reason}), {times} within {within}"
            )
        }
        (true, None) => {
            format!("{node}'s NOTIFYs of {about} were answered with an error by {whom}, {times} within {within}")
        }
        (false, _) => {
            format!("{node}'s NOTIFYs of {about} to {whom} were given up without an answer, {times} within {within}")
        }
    };
    finding.story = vec![format!("{whom} learns of changes at the next refresh only.")];
    let claim = if first.is_rejected {
        "the receiver does not take this sender for a primary, or has no such zone: the answer is the same"
    } else {
        "the receiver got it and its answer was lost, or it is no secondary of this primary at all"
    };
    finding.rivals = vec![Rival {
        claim: claim.to_owned(),
        settled_by: format!("the DNS server's log of {whom} at {}", first_time(first)),
    }];
    finding.next_steps = vec![if first.is_rejected {
        format!("on {whom}: is the zone there, and is the address that {node} leaves from among its primaries?")
    } else {
        format!(
            "find out whether {whom} is up and UDP port 53 passes both ways; if it is no secondary, leave it out with only-notify."
        )
    }];
    finding.prevention = vec!["monitor the SOA serial of every secondary against the primary's.".to_owned()];
    Some(finding)
}

fn first_time(unheeded: &Unheeded) -> String {
    unheeded.lines.first_time().map_or_else(String::new, Moment::rfc3339)
}

fn reason(unheeded: &Unheeded) -> Option<&Text> {
    match unheeded.lines.first.first()?.pdns() {
        Some(Pdns::NotifyRejected { reason, .. }) => Some(reason),
        Some(_) | None => None,
    }
}

fn shown(unheeded: &Unheeded, event: &Arc<Event>) -> crate::finding::Evidence {
    let (node, receiver) = (&unheeded.node, &unheeded.receiver);
    let zone = match event.pdns() {
        Some(Pdns::NotifyUnanswered { zone, .. } | Pdns::NotifyRejected { zone, .. }) => zone.to_string(),
        Some(_) | None => "a zone".to_owned(),
    };
    let (what, proves) = if unheeded.is_rejected {
        ("answered with an error", format!("{receiver} answers {node}'s NOTIFY of {zone} with an error."))
    } else {
        ("given up", format!("{node} has no answer of {receiver} after all retries of the NOTIFY of {zone}."))
    };
    let brief = format!("NOTIFY of {zone} to {receiver}: {what}");
    if unheeded.lines.first.first() == Some(event) {
        let is_of_several = is_of_several(&unheeded.lines, unheeded.zones.len());
        let brief = if is_of_several { format!("NOTIFYs to {receiver}: {what}") } else { brief };
        repeated_beside(Role::Primary, event, &unheeded.lines, brief, proves)
    } else {
        super::words::evidence(Role::Supporting, event, brief, proves)
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;

    #[test]
    fn fires_on_notifies_given_up_again_and_again_and_ends_with_an_acknowledgement() {
        let given_up = [at("a", 0, gives_up()), at("a", 3000, gives_up())];
        assert_eq!(told("notify-unacknowledged", &given_up), ["confirmed open"]);
        let acknowledged = [given_up.as_slice(), &[at("a", 3600, is_acknowledged())]].concat();
        assert_eq!(told("notify-unacknowledged", &acknowledged), ["confirmed closed"]);
    }

    #[test]
    fn fires_on_errors_whose_reason_no_receiver_tells() {
        let rejected = [at("a", 0, is_rejected()), at("a", 600, is_rejected())];
        let finding = &find("notify-unacknowledged", &rejected)[0];
        assert!(finding.claim.contains("(Query Refused), 2 times"), "{}", finding.claim);
    }

    #[test]
    fn leaves_what_the_receiver_explains_to_the_other_rule() {
        let strange = [
            at("s", 0, turns_away(ORDINARY)),
            at("a", 0, is_rejected()),
            at("s", 600, turns_away(ORDINARY)),
            at("a", 600, is_rejected()),
        ];
        assert!(told("notify-unacknowledged", &strange).is_empty());
        assert_eq!(told("notify-from-non-master", &strange).len(), 1);
    }

    #[test]
    fn stays_quiet_on_a_restart_and_on_what_is_acknowledged_in_between() {
        let restart = [at("a", 0, gives_up()), at("a", 60, gives_up()), at("a", 120, is_acknowledged())];
        assert!(told("notify-unacknowledged", &restart).is_empty());
        let twice = [at("a", 0, gives_up()), at("a", 60, is_acknowledged()), at("a", 86_000, gives_up())];
        assert!(told("notify-unacknowledged", &twice).is_empty());
        let unseen = [at("a", 0, gives_up()), at("a", 86_000, gives_up())];
        assert!(
            told("notify-unacknowledged", &unseen).is_empty(),
            "its level may hide the acknowledgements in between"
        );
    }
}
