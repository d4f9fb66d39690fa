//! `driftline catalogue`: every message known.

use super::args::{CatalogueFormat, Vocabulary};
use super::{Exit, outlet};
use crate::catalogue::{Fields, Message, Wording, field_names, is_reason, messages, reasons, versions, witnesses};
use crate::detect::listening;
use crate::event::Daemon;
use crate::report::vocabulary::{Entry, WordingEntry, write_json, write_table};
use crate::version::Version;

pub(super) fn run(arguments: &Vocabulary) -> Exit {
    let version = match arguments.version.as_deref().map(|word| (word, version_of(word))) {
        Some((word, None)) => {
            outlet::say(&format!(
                "driftline: failed to understand --version {word:?}: a release such as 2.2.7 or 4.9.1"
            ));
            return Exit::Failed;
        }
        Some((_, version)) => version,
        None => None,
    };
    let is_of = |message: &&Message| {
        let word = message.id.split('/').next().unwrap_or_default();
        match arguments.daemon {
            Some(wanted) => wanted.word() == word,
            None => version
                .is_none_or(|version| Daemon::of(message.id).is_some_and(|daemon| versions::is_of(daemon, version))),
        }
    };
    let of_daemons = Daemon::ALL.into_iter().flat_map(|daemon| {
        let embedded = if daemon == Daemon::Pdns { reasons() } else { &[] };
        messages(daemon).iter().copied().chain(embedded)
    });
    let entries: Vec<Entry> = of_daemons
        .chain(witnesses())
        .filter(is_of)
        .filter(|message| arguments.id.as_deref().is_none_or(|pattern| is_meant(pattern, message.id)))
        .map(|message| {
            let is_printed = |ranges: &str| version.is_none_or(|version| versions::contains(ranges, version));
            entry(message, &message.texts.iter().filter(|(ranges, _)| is_printed(ranges)).collect::<Vec<_>>())
        })
        .filter(|entry| !entry.wordings.is_empty())
        .collect();
    if entries.is_empty() {
        outlet::say("driftline: failed to find a message in the catalogue that fits");
        return Exit::Failed;
    }
    let written = outlet::print(arguments.output.as_deref(), |out| match arguments.format {
        CatalogueFormat::Table => write_table(&entries, outlet::width(arguments.output.as_deref()), out),
        CatalogueFormat::Json => write_json(&entries, out),
    });
    match written {
        Ok(()) => Exit::Clean,
        Err(error) => {
            outlet::complain(&error, "failed to write the catalogue:");
            Exit::Failed
        }
    }
}

fn entry(message: &'static Message, wordings: &[&'static Wording]) -> Entry {
    let mut fields: Vec<(&'static str, bool)> = Vec::new();
    for name in wordings.iter().flat_map(|(_, text)| field_names(text)) {
        if !fields.iter().any(|(known, _)| *known == name) {
            fields.push((name, Fields::is_number(name)));
        }
    }
    let wording = |(versions, text): &&'static Wording| WordingEntry {
        versions,
        releases: versions::in_words(versions).replace(", ", ",\n"),
        text,
    };
    Entry {
        id: message.id,
        embedded: is_reason(message),
        wordings: wordings.iter().map(wording).collect(),
        fields,
        proves: message.proves,
        example: message.sample,
        source: message.source,
        rules: listening(message.id).map(|rule| rule.id).collect(),
    }
}

/// A release has a dot: `2` alone is too little to go by.
fn version_of(word: &str) -> Option<Version> {
    let is_release =
        word.contains('.') && word.trim_start_matches('v').starts_with(|letter: char| letter.is_ascii_digit());
    Version::parse(word).filter(|_| is_release)
}

/// Whether an id is meant by a pattern with `*` and `?`, with or without the daemon in front.
fn is_meant(pattern: &str, id: &str) -> bool {
    let bare = id.split_once('/').map_or(id, |(_, bare)| bare);
    fits(pattern.as_bytes(), id.as_bytes()) || fits(pattern.as_bytes(), bare.as_bytes())
}

fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where the last `*` stands and where in the text it ends for now.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[from] => {
                at += 1;
                from += 1;
            }
            Some(_) | None => match &mut star {
                Some((place, end)) => {
                    *end += 1;
                    (at, from) = (*place + 1, *end);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn patterns_mean_ids() {
        for (pattern, id, expected) in [
            ("keepalived/state-master", "keepalived/state-master", true),
            ("state-master", "keepalived/state-master", true),
            ("state-*", "keepalived/state-master", true),
            ("*notify*", "pdns/axfr-notify-x", true),
            ("pdns/*", "keepalived/state-master", false),
            ("state-maste?", "keepalived/state-master", true),
            ("state", "keepalived/state-master", false),
            ("", "keepalived/state-master", false),
        ] {
            assert_eq!(is_meant(pattern, id), expected, "{pattern} {id}");
        }
    }
}
