//! What makes a change of a finding, and what of it differs from what was told.
//!
//! A change is what an operator would act on: how sure, how bad, whom it concerns, whether it lasts. A finding that is worded anew, or
//! lasts a minute longer, is not news.

use crate::finding::Finding;
use crate::report;
use crate::report::announcement::News;
use serde::{Deserialize, Serialize};

/// What makes a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Scope {
    pub(super) rule: String,
    pub(super) severity: String,
    pub(super) confidence: String,
    pub(super) is_open: bool,
    pub(super) has_cause: bool,
    pub(super) nodes: Vec<String>,
    /// Of zones the names, as long as they are few.
    zones: Vec<String>,
    zones_count: usize,
    who: [Option<String>; 4],
}

/// Zones compared by name; of more only the number counts, by powers of two: a flood that grows is not a thousand changes.
const ZONES_NAMED: usize = 20;
/// What stands in `who`, in its order.
const WHO: [&str; 4] = ["holder", "owner", "address that moves", "address"];

impl Scope {
    pub(super) fn of(finding: &Finding) -> Self {
        let subject = &finding.subject;
        let mut nodes: Vec<String> = subject.nodes.iter().chain(&subject.node).map(|node| node.to_string()).collect();
        nodes.sort();
        nodes.dedup();
        let are_few = subject.zones.len() <= ZONES_NAMED;
        Self {
            rule: finding.rule.to_owned(),
            severity: report::severity(finding.severity).to_owned(),
            confidence: report::confidence(finding.confidence).to_owned(),
            is_open: finding.is_open(),
            has_cause: finding.cause.is_some(),
            nodes,
            zones: if are_few { subject.zones.iter().map(|zone| zone.to_string()).collect() } else { Vec::new() },
            zones_count: if are_few { subject.zones.len() } else { subject.zones.len().next_power_of_two() },
            who: [&subject.holder, &subject.owner, &subject.resource, &subject.address]
                .map(|who| who.as_ref().map(|who| who.to_string())),
        }
    }

    /// What differs from what was told.
    pub(super) fn news<'a>(&'a self, told: &'a Self) -> News<'a> {
        let mut gained = missing(&self.nodes, &told.nodes);
        let mut lost = missing(&told.nodes, &self.nodes);
        let are_named = self.zones_count.max(told.zones_count) <= ZONES_NAMED;
        if are_named {
            gained.extend(missing(&self.zones, &told.zones));
            lost.extend(missing(&told.zones, &self.zones));
        }
        let who = WHO.into_iter().zip(told.who.iter().zip(&self.who)).filter(|(_, (before, now))| before != now);
        News {
            severity: (self.severity != told.severity).then_some(&*told.severity),
            confidence: (self.confidence != told.confidence).then_some(&*told.confidence),
            had_closed: self.is_open && !told.is_open,
            has_cause: (self.has_cause != told.has_cause).then_some(self.has_cause),
            gained,
            lost,
            zones: (!are_named && self.zones_count != told.zones_count)
                .then_some((told.zones_count, told.zones_count > ZONES_NAMED)),
            who: who.map(|(what, (before, now))| (what, before.as_deref(), now.as_deref())).collect(),
        }
    }
}

/// What `others` do not have.
fn missing<'a>(names: &'a [String], others: &[String]) -> Vec<&'a str> {
    names.iter().filter(|name| !others.contains(name)).map(|name| &**name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(zones: &[&str]) -> Scope {
        Scope {
            rule: "eip-drift".to_owned(),
            severity: "critical".to_owned(),
            confidence: "likely".to_owned(),
            is_open: true,
            has_cause: false,
            nodes: vec!["ns1".to_owned(), "ns2".to_owned()],
            zones: zones.iter().map(|&zone| zone.to_owned()).collect(),
            zones_count: zones.len(),
            who: [Some("ns2"), Some("ns1"), None, None].map(|who| who.map(str::to_owned)),
        }
    }

    #[test]
    fn only_what_differs_is_news() {
        let told = scope(&["a.example", "b.example"]);
        assert_eq!(told.news(&told), News::default());
        let mut now = Scope { confidence: "confirmed".to_owned(), ..scope(&["b.example", "c.example"]) };
        now.who[2] = Some("192.0.2.53".to_owned());
        let news = News {
            confidence: Some("likely"),
            gained: vec!["c.example"],
            lost: vec!["a.example"],
            who: vec![("address that moves", None, Some("192.0.2.53"))],
            ..News::default()
        };
        assert_eq!(now.news(&told), news);
    }

    #[test]
    fn of_many_zones_only_the_number_is_news() {
        let (few, many) = (scope(&["a.example"]), Scope { zones_count: 32, ..scope(&[]) });
        assert_eq!(many.news(&few), News { zones: Some((1, false)), ..News::default() });
        assert_eq!(few.news(&many), News { zones: Some((32, true)), ..News::default() });
    }

    #[test]
    fn what_opens_again_had_closed() {
        let closed = Scope { is_open: false, ..scope(&[]) };
        assert_eq!(scope(&[]).news(&closed), News { had_closed: true, ..News::default() });
        assert_eq!(closed.news(&scope(&[])), News::default());
    }
}
