//! What the logs could not show, said as caveats.

use crate::event::{Cloud, Daemon, Fact, Keepalived, Keeper, Text};
use crate::input::Sequence;
use crate::moment::Moment;
use crate::record::Stamp;
use crate::report::Caveat;
use crate::timeline::{Frame, Survey};
use crate::world::{NodeFacts, World, addresses};
use chrono::Duration;
use std::collections::BTreeSet;

/// Paths named before the rest is counted.
const NAMED: usize = 3;

/// Files in named directories that are no logs.
pub(super) fn of_skipped(skipped: &[Text]) -> Option<Caveat> {
    if skipped.is_empty() {
        return None;
    }
    let names: Vec<&str> = skipped.iter().take(NAMED).map(|path| &**path).collect();
    let more = if skipped.len() > names.len() { ", …" } else { "" };
    let text = match skipped.len() {
        1 => format!("1 file in directories and archives is no log and was skipped ({}).", names.join(", ")),
        count => format!(
            "{count} files in directories and archives are no logs and were skipped ({}{more}).",
            names.join(", ")
        ),
    };
    Some(Caveat { kind: "skipped", node: None, text })
}

/// Addresses that a cloud listed without a time.
pub(super) fn of_listing(path: &Text, listed: &[Cloud]) -> Option<Caveat> {
    let text = format!(
        "{path}: the listing of addresses names no time: it tells which machine is which, not where the address was when (a line with `date -u +%FT%TZ` above it tells when)."
    );
    (!listed.is_empty()).then_some(Caveat { kind: "undated", node: None, text })
}

/// Entries that a source lacks, by the numbers that journald gave them.
pub(super) fn of_sequence(path: &Text, node: Option<&Text>, sequence: &Sequence) -> Vec<Caveat> {
    let caveat = |text| Caveat { kind: "gap", node: node.cloned(), text };
    if let Some((entries, missing)) = sequence.filtered() {
        let all = entries.saturating_add(missing);
        let text = format!(
            "{path}: {entries} of the {all} entries that the journal had in this time; the others were filtered out or lost."
        );
        return vec![caveat(text)];
    }
    let at = |stamp: Option<Stamp>| {
        stamp.map_or("?".to_owned(), |stamp| {
            let utc = stamp.written - Duration::seconds(i64::from(stamp.offset_seconds.unwrap_or(0)));
            Moment::new(utc, stamp.precision).rfc3339()
        })
    };
    let told = sequence.gaps().iter().map(|gap| {
        let (entries, verb) = if gap.entries == 1 { ("entry", "is") } else { ("entries", "are") };
        caveat(format!(
            "{path}: {} {entries} {verb} missing between {} and {}.",
            gap.entries,
            at(gap.after),
            at(gap.before)
        ))
    });
    told.collect()
}

/// What these logs could not have shown.
pub(super) fn of(frame: &Frame, surveys: &[Survey], world: &World) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    for node in frame.coarse_nodes(surveys) {
        let text =
            "the stamps have whole seconds: what happened first within one second on two hosts is unknown.".to_owned();
        caveats.push(Caveat { kind: "order", node: Some(node), text });
    }
    for (name, facts) in &world.nodes {
        let checks_are_hidden = facts.is_secondary && !facts.shows_freshness;
        caveats.extend(of_keepers(name, facts));
        caveats.extend(of_keepalived(name, facts));
        if checks_are_hidden {
            let level = facts.settings.pdns(&["loglevel"]).map_or_else(
                || "loglevel 4, the default, hides".to_owned(),
                |stated| format!("loglevel={}, {}, hides", stated.value, stated.place()),
            );
            let text = format!(
                "its PowerDNS logs no freshness checks ({level} them from 4.4 on): when a copy fell behind is known only from failed transfers."
            );
            caveats.push(Caveat { kind: "level-hides", node: Some(name.clone()), text });
        }
    }
    for group in world.groups() {
        if let Some(only) = group.nodes.keys().next().filter(|_| group.nodes.len() == 1) {
            let text = format!(
                "no other node's keepalived log of {} is here: what its peers did is unknown.",
                group.unit.name()
            );
            caveats.push(Caveat { kind: "missing", node: Some(only.clone()), text });
        }
    }
    caveats.extend(secondaries_elsewhere(world));
    for text in &world.clouds.undecided {
        caveats.push(Caveat { kind: "undecided", node: None, text: text.clone() });
    }
    if world.groups().is_empty() && !world.nodes.is_empty() {
        let text = "no keepalived log is here: who was MASTER when is unknown.".to_owned();
        caveats.push(Caveat { kind: "missing", node: None, text });
    }
    if world.replication.left_out > 0 {
        let text = format!(
            "{} lines name more zones, senders or clients than are kept by name: they were counted, not told.",
            world.replication.left_out
        );
        caveats.push(Caveat { kind: "limit", node: None, text });
    }
    caveats
}

/// A primary that serves or notifies more addresses than there are secondaries with a log here.
fn secondaries_elsewhere(world: &World) -> Vec<Caveat> {
    let secondaries = world.nodes.values().filter(|facts| facts.is_secondary).count();
    let own: BTreeSet<Text> = addresses(world).into_values().flatten().map(|known| known.address).collect();
    let moving: BTreeSet<Text> = world.groups().iter().filter_map(|group| world.resource_of(group)).collect();
    let is_others = |address: &&Text| {
        let bare = without_port(address);
        !own.contains(bare) && !moving.contains(bare) && !world.asked.contains(bare)
    };
    let mut caveats = Vec::new();
    for (name, facts) in &world.nodes {
        let others: BTreeSet<&str> = facts.receivers().filter(is_others).map(|address| without_port(address)).collect();
        // A secondary may be asked by either of its families.
        let (v6, v4): (Vec<&str>, Vec<&str>) = others.iter().partition(|address| address.contains(':'));
        let number = v4.len().max(v6.len());
        if secondaries == 0 || number <= secondaries {
            continue;
        }
        let named: Vec<&str> = others.into_iter().take(NAMED).collect();
        let more = if v4.len() + v6.len() > named.len() { ", …" } else { "" };
        let logs = if secondaries == 1 {
            "the log of 1 secondary is"
        } else {
            &format!("logs of {secondaries} secondaries are")
        };
        let text = format!(
            "it serves or notifies {number} addresses ({}{more}), and {logs} here: what became of the others' zones is unknown.",
            named.join(", ")
        );
        caveats.push(Caveat { kind: "missing", node: Some(name.clone()), text });
    }
    caveats
}

/// `192.0.2.1:53` and `[2001:db8::1]:53` without their port.
fn without_port(address: &str) -> &str {
    if let Some((inner, _)) = address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return inner;
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        _ => address,
    }
}

/// Lines that were thrown away before they reached the log, and a clock that was set.
fn of_keepers(node: &Text, facts: &NodeFacts) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    for of in [None, Some(Daemon::Pdns), Some(Daemon::Keepalived)] {
        let lost: Vec<(Moment, u64)> = facts
            .kept()
            .filter_map(|(time, keeper)| match keeper {
                Keeper::Lost { messages, of: whose } if whose == of => Some((time, messages)),
                Keeper::Lost { .. } | Keeper::ClockStepped { .. } => None,
            })
            .collect();
        let (Some((first, _)), Some((last, _))) = (lost.first(), lost.last()) else { continue };
        let messages = lost.iter().fold(0, |all: u64, (_, messages)| all.saturating_add(*messages));
        let whose = of.map_or("any program", Daemon::name);
        let when = match lost.len() {
            1 => format!("shortly before {}", first.rfc3339()),
            times => format!("{times} times, from {} to {}", first.rfc3339(), last.rfc3339()),
        };
        let text = format!(
            "{messages} lines of {whose} were thrown away by a limit of rate, {when}: what is not there proves nothing."
        );
        caveats.push(Caveat { kind: "suppressed", node: Some(node.clone()), text });
    }
    for (time, keeper) in facts.kept() {
        let Keeper::ClockStepped { micros } = keeper else { continue };
        let by = micros.map_or(String::new(), |micros| {
            let sign = if micros < 0 { '-' } else { '+' };
            format!(" by {sign}{}.{:03} s", micros.abs() / 1_000_000, micros.abs() / 1000 % 1000)
        });
        let at = time.rfc3339();
        let text = format!("its clock was set{by} at {at}: stamps before and after do not measure the time between.");
        caveats.push(Caveat { kind: "clock-step", node: Some(node.clone()), text });
    }
    caveats
}

/// What a node's keepalived does not log, and ends of it that nothing tells.
fn of_keepalived(node: &Text, facts: &NodeFacts) -> Vec<Caveat> {
    let mut lacks_detail = false;
    let mut deaths: Vec<Moment> = Vec::new();
    let mut runs = false;
    for event in facts.vrrp.events() {
        if let Fact::Keepalived(Keepalived::CommandLine { log_detail }) = &event.fact {
            lacks_detail |= !log_detail;
        } else if let Fact::Keepalived(Keepalived::Stopping | Keepalived::Stopped) = &event.fact {
            runs = false;
        } else if let Fact::Keepalived(Keepalived::Starting { .. }) = &event.fact {
            deaths.extend(runs.then_some(event.time));
            runs = false;
        } else if matches!(event.fact, Fact::Vrrp { .. } | Fact::Group { .. }) {
            runs = true;
        }
    }
    let mut caveats = Vec::new();
    if lacks_detail {
        let text =
            "its keepalived runs without -D: adverts that timed out before a take-over, and priority 0 sent, are not logged."
                .to_owned();
        caveats.push(Caveat { kind: "level-hides", node: Some(node.clone()), text });
    }
    if let (Some(first), number) = (deaths.first(), deaths.len()) {
        let when = match number {
            1 => format!("was started at {}", first.rfc3339()),
            times => format!("was started {times} times, first at {}", first.rfc3339()),
        };
        let text = format!("its keepalived {when}, without a line that it stopped: when it ended is unknown.");
        caveats.push(Caveat { kind: "restart", node: Some(node.clone()), text });
    }
    caveats
}
