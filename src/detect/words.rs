//! Sentences that several rules share. Moments are written as RFC 3339 in UTC; the report shows them in the operator's zone.

use crate::event::{Event, Fact, Text, Vrrp};
use crate::finding::{Evidence, Finding, Role};
use crate::moment::{Moment, Precision, duration_words};
use crate::world::{Lines, PeerGroup, Unit, World, advert};
use std::sync::Arc;

/// Zones named in a sentence before the rest is counted.
const ZONES_NAMED: usize = 3;

/// A line as evidence.
pub(super) fn evidence(
    role: Role,
    event: &Arc<Event>,
    brief: impl Into<String>,
    proves: impl Into<String>,
) -> Evidence {
    let more = u64::from(event.repeated).saturating_sub(1);
    Evidence { role, event: Arc::clone(event), proves: kept(proves), brief: kept(brief), more, last: None }
}

/// A long log has a hundred thousand of these: none keeps room that it does not need.
fn kept(words: impl Into<String>) -> Box<str> {
    words.into().into_boxed_str()
}

/// The first of several like lines as evidence, the others counted.
pub(super) fn repeated(
    role: Role,
    event: &Arc<Event>,
    lines: &Lines,
    brief: impl Into<String>,
    proves: impl Into<String>,
) -> Evidence {
    let more = lines.count.saturating_sub(1);
    let last = lines.last_time().filter(|_| more > 0);
    Evidence { more, last, ..evidence(role, event, brief, proves) }
}

/// As [`repeated`], where the other first lines are told one by one: they are not counted with this one.
pub(super) fn repeated_beside(
    role: Role,
    event: &Arc<Event>,
    lines: &Lines,
    brief: impl Into<String>,
    proves: impl Into<String>,
) -> Evidence {
    let more = lines.count.saturating_sub(told_by_one(lines)) + u64::from(event.repeated) - 1;
    let last = lines.last_time().filter(|_| more > 0);
    Evidence { more, last, ..evidence(role, event, brief, proves) }
}

/// Whether a row for the first line stands for lines of other zones too, since not all of them are told one by one.
pub(super) fn is_of_several(lines: &Lines, zones: usize) -> bool {
    zones > 1 && lines.count > told_by_one(lines)
}

/// How many of them the first lines are.
fn told_by_one(lines: &Lines) -> u64 {
    lines.first.iter().map(|line| u64::from(line.repeated)).sum()
}

/// The same of lines that stand one after another.
pub(super) fn several(
    role: Role,
    lines: &[&Arc<Event>],
    brief: impl Into<String>,
    proves: impl Into<String>,
) -> Option<Evidence> {
    let (first, last) = (lines.first()?, lines.last()?);
    let count: u64 = lines.iter().map(|line| u64::from(line.repeated)).sum();
    let more = count.saturating_sub(1);
    let last = Some(last.time).filter(|_| more > 0);
    Some(Evidence { role, event: Arc::clone(first), proves: kept(proves), brief: kept(brief), more, last })
}

/// Names the instance or sync group that a finding is about.
pub(super) fn name_unit(finding: &mut Finding, group: &PeerGroup) {
    match &group.unit {
        Unit::Instance(name) => finding.subject.instance = Some(name.clone()),
        Unit::Group(name) => finding.subject.group = Some(name.clone()),
    }
}

/// A line in which a MASTER or a yielding node speaks of another node's advert.
pub(super) fn heard(role: Role, line: &Arc<Event>) -> Evidence {
    let numbers = advert(line).and_then(|advert| Some((advert.theirs?, advert.ours?)));
    let stays = matches!(&line.fact, Fact::Vrrp { what: Vrrp::HeardLower(_), .. });
    let (word, proves) = if stays {
        (
            "stays MASTER",
            format!("{} is MASTER and stays it, while another node is MASTER too; no script runs for that.", line.node),
        )
    } else {
        (
            "BACKUP",
            format!("{} falls back to BACKUP: another node is MASTER. Falling back moves no address.", line.node),
        )
    };
    let brief = match numbers {
        Some((theirs, ours)) => format!("hears {theirs}, ours {ours}; {word}"),
        None => format!("hears another MASTER; {word}"),
    };
    evidence(role, line, brief, proves)
}

/// Lines of scripts shown of one transition.
const SAID_MAX: usize = 5;
/// Words of such a line in a table cell, in letters.
const SAID_LETTERS_MAX: usize = 60;

/// Adds what scripts said on a node near a transition of it.
pub(super) fn add_said(finding: &mut Finding, world: &World, node: &Text, transition: Moment, role: Role) {
    let Some(facts) = world.nodes.get(node) else { return };
    for line in facts.said.beside(transition).take(SAID_MAX) {
        if matches!(line.fact, Fact::Unrecognised(_)) {
            let proves = "Nothing known reads this line under keepalived's tag: a script's, or a later release's.";
            finding.add(evidence(Role::Supporting, line, format!("says: {}", words_of(&line.raw.text())), proves));
            continue;
        }
        let proves = match role {
            Role::Against => format!(
                "A script of {node} spoke here: if notify_master_rx_lower_pri runs it, the address may have come back with it."
            ),
            Role::Primary | Role::Supporting | Role::Repair => {
                format!("A script of {node} spoke here. What it says is its author's and proves nothing by itself.")
            }
        };
        finding.add(evidence(role, line, format!("script: {}", words_of(&line.raw.text())), proves));
    }
}

/// What stands behind the tag of a line, cut short.
fn words_of(raw: &str) -> String {
    let words = raw.split_once("]: ").map_or(raw, |(_, words)| words).trim();
    let mut letters = words.chars();
    let short: String = letters.by_ref().take(SAID_LETTERS_MAX).collect();
    if letters.next().is_some() { short + "…" } else { short }
}

/// From one moment to another, for people.
pub(super) fn length(from: Moment, to: Moment) -> String {
    lasting(to.micros_since(from), from.precision.min(to.precision))
}

/// The same of a length. What would be read as no time at all was some.
pub(super) fn lasting(micros: i64, precision: Precision) -> String {
    let shown_micros_min = if precision == Precision::Second { 1_000_000 } else { 100_000 };
    if micros < shown_micros_min { "less than a second".to_owned() } else { duration_words(micros, precision) }
}

/// The word that goes with one, or with many: `is` or `are`.
pub(super) fn number(number: usize, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

/// `a`, `a and b`, `a, b and c`, `a, b, c and 7 more`.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a Text>) -> String {
    let names: Vec<&Text> = names.into_iter().collect();
    let (shown, rest) =
        names.split_at(names.len().min(if names.len() == ZONES_NAMED + 1 { names.len() } else { ZONES_NAMED }));
    let mut words: Vec<String> = shown.iter().map(|name| name.to_string()).collect();
    if !rest.is_empty() {
        words.push(format!("{} more", rest.len()));
    }
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// `1 zone`, `3 zones`.
pub(super) fn counted(lines: &Lines, one: &'static str, many: &'static str) -> String {
    count(usize::try_from(lines.count).unwrap_or(usize::MAX), one, many)
}

/// `1 zone`, `3 zones`.
pub(super) fn count(count: usize, one: &'static str, many: &'static str) -> String {
    format!("{count} {}", number(count, one, many))
}

#[cfg(test)]
mod tests {
    use super::{lasting, list};
    use crate::event::Text;
    use crate::moment::Precision;

    #[test]
    fn nothing_lasts_for_0_s() {
        assert_eq!(lasting(0, Precision::Second), "less than a second");
        assert_eq!(lasting(1_000_000, Precision::Second), "1 s");
        assert_eq!(lasting(40_000, Precision::Micro), "less than a second");
        assert_eq!(lasting(300_000, Precision::Micro), "0.3 s");
    }

    #[test]
    fn lists_read_as_people_write_them() {
        let names: Vec<Text> = ["a", "b", "c", "d", "e"].map(Text::from).to_vec();
        assert_eq!(list(&names[..1]), "a");
        assert_eq!(list(&names[..3]), "a, b and c");
        assert_eq!(list(&names[..4]), "a, b, c and d");
        assert_eq!(list(&names), "a, b, c and 2 more");
    }
}
