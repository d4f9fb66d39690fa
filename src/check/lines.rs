//! The events of a case's logs, for what is asked of them beside the findings.

use crate::input::Source;
use crate::pipeline::{Options, events};
use crate::report::events::EventLine;
use std::collections::BTreeSet;

/// `event@node` of all lines.
#[must_use]
pub fn seen(sources: &[Source], options: &Options) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    each(sources, options, &mut |line| {
        let node = line.node;
        let short = node.split('.').next().unwrap_or_default();
        // Which of a host's names the others use is settled over all sources; here each is alone.
        seen.insert(format!("{}@{node}", line.event));
        seen.insert(format!("{}@{short}", line.event));
    });
    seen
}

/// The catalogue ids of all lines.
#[must_use]
pub fn ids(sources: &[Source], options: &Options) -> BTreeSet<&'static str> {
    let mut ids = BTreeSet::new();
    each(sources, options, &mut |line| {
        ids.insert(line.event);
    });
    ids
}

fn each(sources: &[Source], options: &Options, each: &mut dyn FnMut(&EventLine<'_>)) {
    let options = events::Options {
        stated: options.stated.clone(),
        patterns: options.patterns.clone(),
        ..events::Options::default()
    };
    for source in sources {
        // What cannot be read was said when the case was analysed.
        let _ = events::tell(source, &options, each);
    }
}
