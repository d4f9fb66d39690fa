//! What stands in the picture of one block: lanes, bars on their tracks, marks. No coordinates yet.

use super::super::Masterships;
use super::super::told::Part;
use crate::event::Text;
use crate::finding::{Bound, Finding, Role, ZoneImpact};
use crate::moment::Moment;
use std::collections::BTreeSet;

/// Marks of one picture; supporting ones beyond are left to the list of the evidence.
const MARKS_MAX: usize = 60;
/// Lanes of one picture.
const LANES_MAX: usize = 16;
/// Zones drawn for one node.
const ZONES_MAX: usize = 4;
/// Stretches of one node: more cannot be told apart.
const STRETCHES_MAX: usize = 64;

pub(super) struct Scene<'a> {
    pub(super) lanes: Vec<Lane<'a>>,
    /// First and last moment of all.
    pub(super) window: (Moment, Moment),
    /// What did not fit, a sentence each.
    pub(super) left_out: Vec<String>,
}

pub(super) struct Lane<'a> {
    pub(super) node: &'a Text,
    /// Each with bars that do not overlap by their nature (one node is MASTER of an instance, or is not).
    pub(super) tracks: Vec<Vec<Bar>>,
    pub(super) marks: Vec<Mark>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Proven by lines.
    Master,
    /// Neither begin nor end is in the log: MASTER as far as lines tell.
    MasterUnseen,
    /// The address is here.
    Holder,
    /// The address should be here.
    Owner,
    /// A zone is behind.
    Stale,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Exact,
    /// By then at the latest.
    Ragged,
    /// Goes on outside.
    Open,
}

pub(super) struct Bar {
    pub(super) kind: Kind,
    pub(super) from: Moment,
    pub(super) to: Moment,
    pub(super) left: Edge,
    pub(super) right: Edge,
    /// The longest that fits is written.
    pub(super) labels: Vec<String>,
}

pub(super) struct Mark {
    pub(super) number: usize,
    pub(super) at: Moment,
    /// Lines like it go on to here.
    pub(super) last: Moment,
    pub(super) role: Role,
    pub(super) what: String,
}

impl<'a> Scene<'a> {
    pub(super) fn new(part: &Part<'a>, masterships: &'a [Masterships]) -> Self {
        let window = window(part);
        let findings: Vec<&Finding> = part.block.findings().collect();
        let of_group = |all: &&Masterships| {
            let mut named = findings.iter().filter_map(|f| f.subject.instance.as_ref().or(f.subject.group.as_ref()));
            let known = named.clone().next().is_some();
            !known || named.any(|name| *name == all.instance)
        };
        let masterships: Vec<&Masterships> = masterships.iter().filter(of_group).collect();
        let mut left_out = Vec::new();
        let mut nodes = nodes(part, &masterships);
        if nodes.len() > LANES_MAX {
            left_out.push(format!("{} more nodes are not drawn.", nodes.len() - LANES_MAX));
            nodes.truncate(LANES_MAX);
        }
        let drawn = drawn(part);
        let marks = part.entries.len() + part.left_out;
        if drawn.len() < marks {
            left_out.push(format!("{} more marks are not drawn.", marks - drawn.len()));
        }
        let lanes = nodes.into_iter().map(|node| {
            let mut tracks = masters(node, &masterships, window);
            tracks.extend(address(node, &findings, window));
            let (zones, more) = stale(node, &findings, window);
            tracks.extend(zones);
            if more > 0 {
                left_out.push(format!("{more} more zones of {} are not drawn.", super::super::visible(node)));
            }
            let marks = part.entries.iter().filter(|entry| entry.node == node && drawn.contains(&entry.number));
            let marks = marks
                .map(|entry| Mark {
                    number: entry.number,
                    at: entry.time,
                    last: entry.last,
                    role: entry.role,
                    what: entry.what.clone(),
                })
                .collect();
            Lane { node, tracks, marks }
        });
        let lanes = lanes.collect();
        Self { lanes, window, left_out }
    }
}

/// All that is told: the evidence, and what lasts.
fn window(part: &Part<'_>) -> (Moment, Moment) {
    let lead = part.block.lead;
    let lasting = part.block.findings().flat_map(|finding| {
        let zones = finding.impact.iter().flat_map(|zone| [Some(zone.since), zone.until]);
        [Some(finding.since), finding.until].into_iter().chain(zones).flatten().collect::<Vec<_>>()
    });
    let told = part.entries.iter().flat_map(|entry| [entry.time, entry.last]);
    let all: Vec<Moment> = lasting.chain(told).collect();
    let first = all.iter().copied().min().unwrap_or(lead.since);
    (first, all.into_iter().max().unwrap_or(first))
}

/// Those that matter here, VRRP's first.
fn nodes<'a>(part: &Part<'a>, masterships: &[&'a Masterships]) -> Vec<&'a Text> {
    let mut named: BTreeSet<&Text> = part.entries.iter().map(|entry| entry.node).collect();
    let mut vrrp: BTreeSet<&Text> = BTreeSet::new();
    for finding in part.block.findings() {
        named.extend(finding.impact.iter().map(|zone| &zone.node));
        named.extend(&finding.subject.node);
        let of_vrrp = finding.subject.owner.iter().chain(&finding.subject.holder);
        vrrp.extend(of_vrrp.chain(finding.subject.nodes.iter().filter(|_| finding.subject.instance.is_some())));
    }
    vrrp.extend(masterships.iter().map(|all| &all.node).filter(|node| named.contains(node)));
    let others = named.into_iter().filter(|node| !vrrp.contains(node)).collect::<Vec<_>>();
    vrrp.iter().copied().chain(others).collect()
}

/// Numbers of the marks there is room for, the decisive ones first.
fn drawn(part: &Part<'_>) -> BTreeSet<usize> {
    let decisive = part.entries.iter().filter(|entry| entry.role != Role::Supporting);
    let supporting = part.entries.iter().filter(|entry| entry.role == Role::Supporting);
    decisive.chain(supporting).map(|entry| entry.number).take(MARKS_MAX).collect()
}

/// A track per instance. Only what lines prove is a full bar; what lies before the first and after the last line is told apart.
fn masters(node: &Text, masterships: &[&Masterships], (first, last): (Moment, Moment)) -> Vec<Vec<Bar>> {
    let own: Vec<&&Masterships> = masterships.iter().filter(|all| all.node == *node).collect();
    let mut tracks = Vec::new();
    for all in &own {
        let mut bars = Vec::new();
        let name = if own.len() > 1 { format!("MASTER of {}", all.instance) } else { "MASTER".to_owned() };
        let labels = vec![name, "MASTER".to_owned()];
        let touching = all.stretches.iter().filter(|stretch| {
            stretch.since.is_none_or(|since| since.micros <= last.micros)
                && stretch.until.is_none_or(|until| until.micros >= first.micros)
        });
        for stretch in touching.take(STRETCHES_MAX) {
            let seen = all.seen_until.unwrap_or(stretch.proven).max(stretch.proven);
            let (from, to) = (stretch.since.unwrap_or(stretch.proven), stretch.until.unwrap_or(seen));
            if stretch.since.is_none() && from.micros > first.micros {
                bars.push(unseen(first, from.min(last), Edge::Open, Edge::Exact));
            }
            if from.micros <= last.micros && to.micros >= first.micros {
                let end = if stretch.until_is == Bound::AtMost { Edge::Ragged } else { Edge::Exact };
                let is_before = from.micros < first.micros || (stretch.since.is_none() && from.micros == first.micros);
                bars.push(Bar {
                    kind: Kind::Master,
                    from: from.max(first),
                    to: to.min(last),
                    left: match stretch.since {
                        _ if is_before => Edge::Open,
                        Some(_) => edge(stretch.since_is),
                        None => Edge::Exact,
                    },
                    right: if to.micros > last.micros || (stretch.until.is_none() && to.micros >= last.micros) {
                        Edge::Open
                    } else {
                        end
                    },
                    labels: labels.clone(),
                });
            }
            if stretch.until.is_none() && to.micros < last.micros {
                bars.push(unseen(to.max(first), last, Edge::Exact, Edge::Open));
            }
        }
        tracks.push(bars);
    }
    tracks
}

fn unseen(from: Moment, to: Moment, left: Edge, right: Edge) -> Bar {
    let words = if right == Edge::Open { "no line ends it" } else { "no line begins it" };
    Bar { kind: Kind::MasterUnseen, from, to, left, right, labels: vec![words.to_owned()] }
}

/// Where the address was, and where it should have been: of findings that say both.
fn address(node: &Text, findings: &[&Finding], (first, last): (Moment, Moment)) -> Option<Vec<Bar>> {
    let mut bars: Vec<Bar> = Vec::new();
    for finding in findings {
        let subject = &finding.subject;
        let (Some(holder), Some(owner)) = (&subject.holder, &subject.owner) else { continue };
        let what = subject.resource.as_deref().map_or("the address".into(), super::super::visible);
        let (kind, short) = match node {
            node if node == holder => (Kind::Holder, "is here".to_owned()),
            node if node == owner => (Kind::Owner, "belongs here".to_owned()),
            _ => continue,
        };
        let until = finding.until.unwrap_or(last);
        let is_told = bars.iter().any(|bar| bar.from == finding.since && bar.kind == kind);
        if !is_told {
            bars.push(Bar {
                kind,
                from: finding.since.max(first),
                to: until.min(last),
                left: edge(finding.since_is),
                right: if finding.until.is_none() { Edge::Open } else { edge(finding.until_is) },
                labels: vec![format!("{what} {short}"), short],
            });
        }
    }
    (!bars.is_empty()).then_some(bars)
}

fn edge(bound: Bound) -> Edge {
    match bound {
        Bound::Exact => Edge::Exact,
        Bound::AtMost => Edge::Ragged,
    }
}

/// A track per zone, and how many zones more there are.
fn stale(node: &Text, findings: &[&Finding], (_, last): (Moment, Moment)) -> (Vec<Vec<Bar>>, usize) {
    let mut zones: Vec<(&Text, Vec<&ZoneImpact>)> = Vec::new();
    for impact in findings.iter().flat_map(|finding| &finding.impact).filter(|impact| impact.node == *node) {
        match zones.iter_mut().find(|(zone, _)| **zone == impact.zone) {
            Some((_, spans)) if spans.iter().any(|span| span.since == impact.since) => {}
            Some((_, spans)) => spans.push(impact),
            None => zones.push((&impact.zone, vec![impact])),
        }
    }
    let more = zones.len().saturating_sub(ZONES_MAX);
    let bar = |impact: &&ZoneImpact| {
        let zone = super::super::visible(&impact.zone);
        let mut labels = vec![format!("{zone} is behind"), zone.into_owned()];
        if let (Some(ours), Some(primary)) = (impact.our_serial, impact.primary_serial) {
            labels.insert(0, format!("{}: {ours} instead of {primary}", labels[1]));
        }
        Bar {
            kind: Kind::Stale,
            from: impact.since,
            to: impact.until.unwrap_or(last),
            left: Edge::Ragged,
            right: if impact.until.is_none() { Edge::Open } else { Edge::Exact },
            labels,
        }
    };
    (zones.into_iter().take(ZONES_MAX).map(|(_, spans)| spans.iter().map(bar).collect()).collect(), more)
}
