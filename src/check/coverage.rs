//! What no case exercises: rules without a case that fires or without a near miss, events without a line.

use super::case::{Case, Others};
use crate::catalogue;
use crate::detect::RULES;
use crate::finding::Finding;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// What a set of cases leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Rules that no `[[expect]]` names.
    pub rules_without_a_case: Vec<&'static str>,
    /// Rules that no case has in a `[[forbid]]`, nor stays quiet in where others are forbidden.
    pub rules_without_a_near_miss: Vec<&'static str>,
    /// Catalogue ids that are in no log.
    pub events_without_a_line: Vec<&'static str>,
    /// Catalogue ids known.
    pub events_known: usize,
}

impl Coverage {
    /// Over cases with what was found in them; `seen` are the ids in all their logs.
    pub fn of<'c>(cases: impl Iterator<Item = (&'c Case, &'c [Finding])>, seen: &BTreeSet<&'static str>) -> Self {
        let mut fires = BTreeSet::new();
        let mut quiet = BTreeSet::new();
        for (case, findings) in cases {
            fires.extend(case.expects.iter().map(|claim| claim.rule.as_str()));
            quiet.extend(case.forbids.iter().map(|claim| claim.rule.as_str()));
            let is_quiet = |rule: &str| !findings.iter().any(|finding| finding.rule == rule);
            if case.others == Others::Forbid {
                quiet.extend(RULES.iter().map(|rule| rule.id).filter(|rule| is_quiet(rule)));
            }
        }
        let without = |has: &BTreeSet<&str>| RULES.iter().map(|rule| rule.id).filter(|id| !has.contains(id)).collect();
        let known: BTreeSet<&'static str> = catalogue::all_messages().map(|message| message.id).collect();
        Self {
            rules_without_a_case: without(&fires),
            rules_without_a_near_miss: without(&quiet),
            events_without_a_line: known.difference(seen).copied().collect(),
            events_known: known.len(),
        }
    }

    /// For people.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let rules = |rules: &[&str]| if rules.is_empty() { "none".to_owned() } else { rules.join(", ") };
        writeln!(out, "\nrules without a case that expects them: {}", rules(&self.rules_without_a_case))?;
        writeln!(out, "rules without a case that they stay quiet in: {}", rules(&self.rules_without_a_near_miss))?;
        let unseen = self.events_without_a_line.len();
        writeln!(out, "events without a line in any case: {unseen} of {}", self.events_known)?;
        self.events_without_a_line.iter().try_for_each(|id| writeln!(out, "  {id}"))
    }
}
