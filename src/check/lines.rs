//! The lines of a case as the catalogue reads them, for what is asked of a log beside its findings.

use crate::catalogue::{self, Fields, Message};
use crate::event::Daemon;
use crate::input::{self, Interest, Source};
use crate::record::Record;
use regex::bytes::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Lines that may be of the two daemons; others are only counted.
static INTEREST: LazyLock<Interest> = LazyLock::new(|| {
    Interest::Matching(Regex::new(catalogue::PREFILTER).expect("the prefilter is a constant and a regex"))
});

/// Reads a record; `None`: it is none of the two daemons'. The row is `None` for a text that no row reads.
pub(super) fn read<'a>(record: &Record<'a>, fields: &mut Fields<'a>) -> Option<(Daemon, Option<&'static Message>)> {
    let daemon = catalogue::daemon_of(record.identifier, record.unit)?;
    Some((daemon, catalogue::read(daemon, record.message, fields)))
}

/// The node's name: `NODE=`, else the line's host, else the file's name without extensions.
pub(super) fn node(source: &Source, record: &Record<'_>) -> String {
    match (&source.node, record.host) {
        (Some(node), _) => node.to_string(),
        (None, Some(host)) => String::from_utf8_lossy(host).into_owned(),
        (None, None) => stem(&source.path).to_owned(),
    }
}

/// A path's last part without extensions.
pub(super) fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(file)
}

/// `event@node` of all recognised lines; a fully qualified host is named by its first label too.
#[must_use]
pub fn seen(sources: &[Source]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for source in sources {
        // What cannot be read was said when the case was analysed.
        let _ = input::read(source, &INTEREST, &mut |record| {
            let mut fields = Fields::default();
            let Some((_, Some(message))) = read(record, &mut fields) else { return };
            let node = node(source, record);
            let short = node.split('.').next().unwrap_or_default();
            seen.insert(format!("{}@{short}", message.id));
            seen.insert(format!("{}@{node}", message.id));
        });
    }
    seen
}

/// The catalogue ids of all recognised lines.
#[must_use]
pub fn ids(sources: &[Source]) -> BTreeSet<&'static str> {
    let mut ids = BTreeSet::new();
    for source in sources {
        let _ = input::read(source, &INTEREST, &mut |record| {
            let mut fields = Fields::default();
            ids.extend(read(record, &mut fields).and_then(|(_, message)| message).map(|message| message.id));
        });
    }
    ids
}
