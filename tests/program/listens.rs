//! Every event with a fact has a rule that listens, or a reason why none does.

use driftline::catalogue::{messages, witnesses};
use driftline::detect::{RULES, listening, unheard, why_unheard};
use driftline::event::Daemon;
use std::collections::BTreeSet;

#[test]
fn every_event_with_a_fact_is_heard_or_says_why_not() {
    let daemons = || [Daemon::Pdns, Daemon::Keepalived].into_iter().flat_map(|daemon| messages(daemon).iter().copied());
    let all = || daemons().chain(witnesses());
    let known: BTreeSet<&str> = all().map(|message| message.id).collect();
    let listened = RULES.iter().flat_map(|rule| rule.listens.iter().flat_map(|ids| ids.iter().copied()));
    let unknown: Vec<&str> = listened.chain(unheard()).filter(|id| !known.contains(id)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for message in all() {
        let is_heard = listening(message.id).next().is_some();
        let is_argued = why_unheard(message.id).is_some();
        assert_eq!(message.read.is_some(), is_heard || is_argued, "{}", message.id);
        assert!(!(is_heard && is_argued), "{} is heard and is not", message.id);
    }
}
