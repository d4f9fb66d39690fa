//! A drift in sentences: the claim, and what happened in its order.

use super::Names;
use super::configured::SilentRepair;
use super::proof::called_by;
use crate::detect::words::length;
use crate::event::{Daemon, Keepalived, Text};
use crate::finding::{Bound, Confidence, Finding};
use crate::moment::{Moment, Precision};
use crate::version::VersionRange;
use crate::world::{Displaced, Displacement, Ending, PeerGroup, Seen, World};

pub(super) fn claim(world: &World, displacement: &Displacement, names: &Names, finding: &Finding) -> String {
    let Names { address, holder, owner, .. } = names;
    let verb = if finding.is_open() { "is" } else { "was" };
    let place = match finding.confidence {
        Confidence::Confirmed => format!("{address} {verb} on {holder} instead of {owner}"),
        Confidence::Likely => format!("{address} {verb} most likely on {holder} instead of {owner}"),
        Confidence::Suspected => format!("{address} may have been left on {holder} instead of {owner}"),
    };
    let silent = if displacement.is_placed() { String::new() } else { silent_reading(displacement, names) };
    // The script that won a race moved the address some time after the take-over it is told from.
    let at_most = if matches!(displacement.why, Displaced::DidNotCome { raced: true }) { "at most " } else { "" };
    match (finding.until, finding.until_is, world.horizon) {
        (Some(until), Bound::Exact, _) => format!("{place} for {at_most}{}{silent}", length(finding.since, until)),
        (Some(until), Bound::AtMost, _) => format!("{place} for at most {}{silent}", length(finding.since, until)),
        (None, _, Some(end)) => {
            format!("{place}, for {at_most}{} {}{silent}", length(finding.since, end), world.to_here())
        }
        (None, _, None) => format!("{place}{silent}"),
    }
}

/// The other reading, in the claim's own sentence: nothing in keepalived's log tells a repaired flap from a drift.
fn silent_reading(displacement: &Displacement, names: &Names) -> String {
    if displacement.why != Displaced::TookAndFellBack {
        return String::new();
    }
    let owner = &names.owner;
    match &names.configured.silent_repair {
        SilentRepair::Impossible(why) => format!(", unless someone moved it back by hand ({why})"),
        SilentRepair::Configured(place) => {
            format!(", unless notify_master_rx_lower_pri on {owner} ({place}) moved it back, which no line would tell")
        }
        SilentRepair::Possible => {
            format!(", unless notify_master_rx_lower_pri on {owner} or a hand moved it back, which no line would tell")
        }
    }
}

pub(super) fn keepalived_of(world: &World, node: Option<&Text>) -> VersionRange {
    node.map_or_else(VersionRange::default, |node| world.version(node, Daemon::Keepalived))
}

pub(super) fn story(group: &PeerGroup, displacement: &Displacement, names: &Names, finding: &Finding) -> Vec<String> {
    let Names { address, holder, owner, .. } = names;
    let unit = group.unit.name();
    let mut story = Vec::new();
    match displacement.why {
        Displaced::TookAndFellBack => {
            story.push(flap_sentence(unit, displacement, names));
            let stayed = match (displacement.is_complete, displacement.is_placed()) {
                (true, true) => format!(
                    "{owner} never left MASTER, so its notify_master script did not run again: the address stayed on {holder}."
                ),
                (true, false) => format!(
                    "{owner} never left MASTER, so its notify_master script did not run again; unless something else moved it back, the address stayed on {holder}."
                ),
                (false, _) => format!(
                    "If {owner} stayed MASTER meanwhile, its notify_master script did not run again, and the address stayed on {holder}."
                ),
            };
            story.push(stayed);
        }
        Displaced::DidNotCome { raced } => {
            let began = finding.since.rfc3339();
            let seen = displacement.away.first().map_or(began.clone(), |seen| seen.time.rfc3339());
            story.push(format!(
                "{owner} became the only MASTER of {unit} at {began}, but {address} was seen on {holder} after that, first at {seen}."
            ));
            story.push(if raced {
                format!("{holder}'s own script had started moments before: of two scripts that run at once, the slower one wins.")
            } else {
                "Its notify_master script failed, was too slow, or moves nothing; or the address was moved again afterwards."
                    .to_owned()
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
        if micros < 1_000_000 && fell.precision.min(entered.precision) == Precision::Second {
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
pub(super) fn script_of(displacement: &Displacement) -> Option<&Text> {
    let opened = displacement.taken.as_ref()?.script.as_ref()?;
    if let Some(Keepalived::ScriptOpened { path }) = opened.keepalived() { Some(path) } else { None }
}

pub(super) fn end_sentence(displacement: &Displacement, names: &Names, finding: &Finding) -> Option<String> {
    let Names { address, owner, .. } = names;
    let it_ended = if finding.confidence == Confidence::Suspected { "If so, it ended" } else { "It ended" };
    let last_away = displacement.away.last().map(|witness| witness.time);
    let chain_away = displacement.chain.as_ref().map(|chain| chain.refused.time.max(chain.notify.time));
    let bracket = |until: Moment| match last_away.max(chain_away) {
        Some(away) => format!("between {} and {}", away.rfc3339(), until.rfc3339()),
        None => format!("at {} at the latest", until.rfc3339()),
    };
    Some(match displacement.ending.as_ref() {
        None => "Nothing in these logs ends it.".to_owned(),
        Some(Ending::Takeover(event)) => {
            format!("{it_ended} at {}, when {} became MASTER and ran its script.", event.time.rfc3339(), event.node)
        }
        Some(Ending::OwnerLeft(event)) => {
            format!("{it_ended} at {}, when {owner} ceased to be MASTER.", event.time.rfc3339())
        }
        Some(Ending::ServesAgain(event)) => {
            format!("{it_ended} {}, when a transfer from {address} succeeded.", bracket(event.time))
        }
        Some(Ending::Seen(witness)) => match witness.seen {
            Seen::Served | Seen::Denied => {
                format!("{it_ended} {}, when {owner} answered a transfer asked of {address}.", bracket(witness.time))
            }
            Seen::Associated => format!(
                "{it_ended} at {}, when the cloud tied {address} to {}{}.",
                witness.time.rfc3339(),
                witness.node,
                called_by(witness)
            ),
            Seen::Claimed | Seen::Leaves | Seen::LeavesElsewhere | Seen::Disassociated | Seen::Listed => {
                format!("{it_ended} {}, when {} had the address again.", bracket(witness.time), witness.node)
            }
            Seen::Heard | Seen::Strange | Seen::Acknowledged | Seen::Rejected => {
                format!("{it_ended} {}, when a secondary accepted {owner}'s NOTIFY.", bracket(witness.time))
            }
        },
    })
    .filter(|_| finding.confidence != Confidence::Suspected || displacement.ending.is_some())
}
