//! `driftline explain`: what a rule, an event or a line is.

use super::args::Explain;
use super::{Exit, config, outlet};
use crate::catalogue::{self, Fields, Message, all_messages, field_names, nearest, versions};
use crate::detect::{RULES, Rule, listening, why_unheard};
use crate::event::Daemon;
use crate::input::{self, Interest, MAX_LINE_BYTES};
use crate::pipeline::{Heard, Listener, Patterns};
use crate::record::Record;
use crate::report::explain::{EventPage, Explainer, LineIs, LinePage};
use crate::report::table::Look;
use chrono_tz::Tz;
use std::io::{self, BufRead, Read};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// Wordings offered for a line that nobody knows.
const NEAREST: usize = 3;

/// What a word of the command line stands for.
enum Meant {
    Rule(&'static Rule),
    Events(Vec<&'static Message>),
    Line,
    /// It has the form of an id and is none.
    Nothing,
}

pub(super) fn run(arguments: &Explain) -> Exit {
    let config = match config::load(arguments.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            outlet::complain(&error, "failed to");
            return Exit::Failed;
        }
    };
    let place = outlet::place(None, arguments.color);
    let look =
        Look { width: place.width, color: place.color, zone: Tz::UTC, fail_on: None, exit: 0, hint: "", threads: 1 };
    let words: Vec<&[u8]> = arguments.what.iter().map(|word| word.as_bytes()).collect();
    let mut exit = Exit::Clean;
    let written = outlet::print(None, |out| {
        let is_stdin = |word: &&[u8]| *word == b"-";
        let joined = words.join(&b' ');
        let is_name = RULES.iter().any(|rule| is_name_of(rule, &joined));
        let all_ids = words.iter().all(|word| is_stdin(word) || !matches!(meant(word), Meant::Line));
        // A line without quotes arrives as many words.
        let words: Vec<Vec<u8>> =
            if is_name || words.len() > 1 && !all_ids && !words.iter().any(|word| word.contains(&b' ')) {
                vec![joined]
            } else {
                words.iter().map(|word| word.to_vec()).collect()
            };
        let mut is_first = true;
        let mut tell = |explain: &mut dyn FnMut(&mut Explainer<'_>), out: &mut dyn io::Write| {
            let mut explainer = Explainer::new(&look);
            explain(&mut explainer);
            if !std::mem::take(&mut is_first) {
                out.write_all(b"\n")?;
            }
            out.write_all(explainer.text().as_bytes())
        };
        for word in &words {
            if word == b"-" {
                let mut lines = io::stdin().lock();
                while let Some(line) = next_line(&mut lines)? {
                    if !line.trim_ascii().is_empty() {
                        tell(&mut |explainer| line_heard(&line, &config.patterns, explainer), out)?;
                    }
                }
                continue;
            }
            match meant(word) {
                Meant::Rule(rule) => tell(&mut |explainer| explainer.rule(rule.id, &headings(rule)), out)?,
                Meant::Events(events) => {
                    for event in events {
                        tell(&mut |explainer| explainer.event(&page(event)), out)?;
                    }
                }
                Meant::Line => tell(&mut |explainer| line_heard(word, &config.patterns, explainer), out)?,
                Meant::Nothing => {
                    exit = Exit::Failed;
                    unknown(&String::from_utf8_lossy(word));
                }
            }
        }
        Ok(())
    });
    match written {
        Ok(()) => exit,
        Err(error) => {
            outlet::complain(&error, "failed to explain:");
            Exit::Failed
        }
    }
}

/// Ids are made of small letters, digits, `-` and `/`; a line of one such word is none of a daemon's.
fn meant(word: &[u8]) -> Meant {
    if let Some(rule) = RULES.iter().find(|rule| is_name_of(rule, word)) {
        return Meant::Rule(rule);
    }
    let is_id = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/".contains(byte);
    let Some(id) = std::str::from_utf8(word).ok().filter(|id| !id.is_empty() && id.bytes().all(|byte| is_id(&byte)))
    else {
        return Meant::Line;
    };
    let is_meant =
        |message: &&Message| message.id == id || message.id.split_once('/').is_some_and(|(_, bare)| bare == id);
    let all = all_messages().chain(catalogue::reasons());
    let events: Vec<_> = all.filter(|message| is_meant(message)).collect();
    if events.is_empty() { Meant::Nothing } else { Meant::Events(events) }
}

/// Whether a word is a rule's id, or its name as reports print it: `EIP DRIFT`.
fn is_name_of(rule: &Rule, word: &[u8]) -> bool {
    let plain = |byte: &u8| if b" _".contains(byte) { b'-' } else { byte.to_ascii_lowercase() };
    word.iter().map(plain).eq(rule.id.bytes())
}

fn unknown(word: &str) {
    let ids = RULES.iter().map(|rule| rule.id);
    let ids = ids.chain(all_messages().map(|message| message.id));
    let shared = |id: &str| {
        let parts = |text: &str| -> Vec<String> { text.split(['-', '/']).map(str::to_owned).collect() };
        let told = parts(word);
        parts(id).iter().filter(|part| told.contains(part)).count()
    };
    let mut near: Vec<(usize, &str)> = ids.map(|id| (shared(id), id)).filter(|(shared, _)| *shared > 0).collect();
    near.sort_by_key(|(shared, id)| (std::cmp::Reverse(*shared), id.len()));
    let near: Vec<&str> = near.into_iter().take(NEAREST).map(|(_, id)| id).collect();
    let hint = if near.is_empty() {
        "driftline catalogue lists all events".to_owned()
    } else {
        format!("near it: {}", near.join(", "))
    };
    outlet::say(&format!("driftline: failed to find a rule or an event called {word:?}; {hint}"));
}

/// The next line, of which only the beginning is kept if it is endless.
fn next_line(lines: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if (&mut *lines).take(MAX_LINE_BYTES as u64).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop_if(|byte| *byte == b'\n').is_none() {
        loop {
            let chunk = lines.fill_buf()?;
            let end = memchr::memchr(b'\n', chunk);
            let used = end.map_or(chunk.len(), |end| end + 1);
            let is_over = chunk.is_empty() || end.is_some();
            lines.consume(used);
            if is_over {
                break;
            }
        }
    }
    let _ = line.pop_if(|byte| *byte == b'\r');
    Ok(Some(line))
}

/// Hears a line under whatever header it has.
fn line_heard(line: &[u8], patterns: &Arc<Patterns>, explainer: &mut Explainer<'_>) {
    let mut is_told = false;
    let mut stream = line;
    // A line that is no log to the reader is taken as a bare message.
    let _ = input::read_stream(&"-".into(), &mut stream, &Interest::All, &mut |record| {
        if !std::mem::replace(&mut is_told, true) {
            record_heard(record, patterns, explainer);
        }
    });
    if !is_told {
        record_heard(&bare(line), patterns, explainer);
    }
}

/// A line as a message without any head.
fn bare(line: &[u8]) -> Record<'_> {
    Record {
        line: 1,
        raw: line,
        stamp: None,
        host: None,
        identifier: None,
        unit: None,
        pid: None,
        message: line,
        repeated: 1,
        cursor: None,
        stands_alone: false,
    }
}

fn record_heard(record: &Record<'_>, patterns: &Arc<Patterns>, explainer: &mut Explainer<'_>) {
    let mut listener = Listener::new(patterns.clone());
    let mut fields = Fields::default();
    // What pdns prints to a terminal looks like a host and a tag: `Aug 18 14:52:03 XFR-in zone: …`.
    let alone = bare(record.raw);
    let is_strange = matches!(listener.hear(record, &mut fields).what, Heard::Stranger);
    let is_own =
        is_strange && record.pid.is_none() && !matches!(listener.hear(&alone, &mut fields).what, Heard::Stranger);
    let record = if is_own { &alone } else { record };
    let hearing = listener.hear(record, &mut fields);
    let raw = String::from_utf8_lossy(record.raw);
    let program = hearing.identifier.map(|name| {
        let name = String::from_utf8_lossy(name);
        hearing.pid.map_or_else(|| name.to_string(), |pid| format!("{name}[{pid}]"))
    });
    // Without a tag the word in the host's place may be any word.
    let host = record.host.filter(|_| record.identifier.is_some()).map(String::from_utf8_lossy);
    let what = match hearing.what {
        Heard::Message(message) => {
            let (wordings, is_whole) = catalogue::wordings_of(message, hearing.text);
            let daemon = Daemon::of(message.id).map_or("a daemon", Daemon::name);
            let printed =
                wordings.iter().map(|(ranges, text)| format!("by {daemon} {}: {text}", versions::in_words(ranges)));
            let reason = catalogue::reason_in(&fields).map(|(reason, _)| (reason.id, reason.proves));
            let event = page(message);
            LineIs::Message { event, printed: printed.collect(), is_cut: !is_whole, reason }
        }
        Heard::Site(site) => LineIs::Site { id: site.id },
        Heard::Unrecognised(daemon) => {
            LineIs::Unknown { daemon: Some(daemon.name()), nearest: near(Some(daemon), hearing.text) }
        }
        Heard::Stranger => LineIs::Unknown { daemon: None, nearest: near(None, hearing.text) },
    };
    let fields = fields.iter().map(|(name, value)| (name, String::from_utf8_lossy(value).into_owned())).collect();
    explainer.line(&LinePage { raw: &raw, program: program.as_deref(), host: host.as_deref(), fields, what });
}

fn near(daemon: Option<Daemon>, text: &[u8]) -> Vec<String> {
    let near = nearest(daemon, &String::from_utf8_lossy(text), NEAREST);
    near.iter()
        .map(|(message, (ranges, text))| format!("{}, {}: {text}", message.id, versions::in_words(ranges)))
        .collect()
}

fn headings(rule: &Rule) -> [(&'static str, &'static str); 6] {
    let explanation = &rule.explanation;
    [
        ("What it sees", explanation.sees),
        ("Why it matters", explanation.matters),
        ("What proves it", explanation.proves),
        ("What only looks like it", explanation.looks_like),
        ("What to check next", explanation.check_next),
        ("What keeps it from coming back", explanation.prevents),
    ]
}

fn page(message: &'static Message) -> EventPage {
    let mut fields: Vec<String> = Vec::new();
    for name in message.texts.iter().flat_map(|(_, text)| field_names(text)) {
        let said = if Fields::is_number(name) { format!("{name} (number)") } else { name.to_owned() };
        if !fields.contains(&said) {
            fields.push(said);
        }
    }
    let wording = |(ranges, text): &(&'static str, &'static str)| (versions::in_words(ranges), *text);
    EventPage {
        id: message.id,
        proves: message.proves,
        fields,
        example: message.sample,
        source: message.source,
        rules: rules(message.id),
        wordings: message.texts.iter().map(wording).collect(),
    }
}

/// Which rules listen, or why none does.
fn rules(id: &str) -> String {
    let rules: Vec<&str> = listening(id).map(|rule| rule.id).collect();
    if !rules.is_empty() {
        rules.join(", ")
    } else if catalogue::reasons().iter().any(|reason| reason.id == id) {
        "it is no line of its own: those of the line in which it stands".to_owned()
    } else if let Some(why) = why_unheard(id) {
        format!("none: {why}")
    } else {
        "none: it is known so that it is not taken for something else".to_owned()
    }
}
