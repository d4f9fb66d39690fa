//! Laws of the whole vocabulary: every wording is found, a regex of it agrees, no line is slow.

use super::structured::OPENING;
use super::*;
use proptest::prelude::*;
use regex::bytes::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Texts of one message that another message prints too, letter by letter, and why the reading is the right one.
///
/// `(the message, its text, the message it is read as, why)`
const OVERLAPS: &[(&str, &str, &str, &str)] = &[
    (
        "pdns/notify-in-serial-failed",
        "Unable to determine SOA serial for {zone} at {from}",
        "pdns/soa-serial-undetermined",
        "2.9 asks a NOTIFY's sender and a zone's primary with the same words; that the zone's SOA cannot be had is what counts",
    ),
    (
        "pdns/xfr-in-tsig-missing",
        "TSIG key '{key}' for domain '{zone}' not found",
        "pdns/notify-out-tsig",
        "3.4.0 to 4.3.2 say it of transfers in, 4.0.5 and later of NOTIFY out; no rule hears either",
    ),
];

const DAEMONS: [Daemon; 3] = Daemon::ALL;

/// A wording, written out: the line, and the fields it holds.
struct Line {
    message: &'static Message,
    text: &'static str,
    line: String,
    fields: Vec<(&'static str, String)>,
}

fn wordings(daemon: Daemon) -> impl Iterator<Item = (&'static Message, &'static str)> {
    texts(messages(daemon).iter().copied())
}

fn texts<'m>(
    messages: impl Iterator<Item = &'static Message> + 'm,
) -> impl Iterator<Item = (&'static Message, &'static str)> + 'm {
    messages.flat_map(|message| message.texts.iter().map(move |(_, text)| (message, *text)))
}

fn is_structured(text: &str) -> bool {
    text.as_bytes().starts_with(OPENING)
}

/// Every wording in all its alternatives, with a value for every field.
fn lines(daemon: Daemon, value: impl Fn(usize, &str) -> String + Copy) -> Vec<Line> {
    written_out(wordings(daemon), value)
}

fn written_out(
    wordings: impl Iterator<Item = (&'static Message, &'static str)>,
    value: impl Fn(usize, &str) -> String + Copy,
) -> Vec<Line> {
    let mut all = Vec::new();
    for (message, text) in wordings {
        for pieces in template::expand(text) {
            let (mut line, mut fields) = (String::new(), Vec::new());
            for piece in pieces {
                match piece {
                    template::Piece::Literal(literal) => line.push_str(std::str::from_utf8(literal).unwrap()),
                    template::Piece::Field(name) => {
                        let value = value(fields.len(), name);
                        line.push_str(&value);
                        fields.push((name, value));
                    }
                    template::Piece::Constant(name, word) => {
                        let word = std::str::from_utf8(word).unwrap();
                        line.push_str(word);
                        fields.push((name, word.to_owned()));
                    }
                }
            }
            if is_structured(text) {
                let msg_only = text.ends_with('"') && text.matches("=\"").count() == 1;
                let end = line[OPENING.len()..].find("\" ").filter(|_| !msg_only);
                let end = end.map_or(line.len(), |end| OPENING.len() + end + 1);
                line.insert_str(end, r#" subsystem="communicator" prio="Warning" ts="1781510462.121""#);
            }
            all.push(Line { message, text, line: line.trim().to_owned(), fields });
        }
    }
    all
}

fn read_as(daemon: Daemon, line: &str) -> (Option<&'static Message>, BTreeMap<&'static str, String>) {
    let mut fields = Fields::default();
    let message = read(daemon, line.as_bytes(), &mut fields);
    let mut found = BTreeMap::new();
    for (name, value) in fields.iter() {
        let before = found.insert(name, String::from_utf8_lossy(value).into_owned());
        assert_eq!(before, None, "{line} tells {name} twice");
    }
    (message, found)
}

#[test]
fn every_wording_is_found_with_its_fields() {
    let mut wrong = String::new();
    let mut met = BTreeSet::new();
    for daemon in DAEMONS {
        for Line { message, text, line, fields } in lines(daemon, |place, _| format!("x{place}")) {
            let (read_as, found) = read_as(daemon, &line);
            let read_as = read_as.map_or("nothing", |message| message.id);
            if let Some(overlap) = OVERLAPS.iter().find(|(id, told, ..)| (*id, *told) == (message.id, text)) {
                met.insert(overlap);
                assert_eq!(read_as, overlap.2, "{line}");
                continue;
            }
            let mut expected = BTreeMap::new();
            for (name, value) in fields {
                expected.entry(name).or_insert(value);
            }
            if read_as != message.id || found != expected {
                writeln!(wrong, "{} {text:?}\n    {line}\n    {read_as} {found:?}", message.id).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert_eq!(met.len(), OVERLAPS.len(), "an overlap is listed that is none");
}

/// What is thrown is found in every message that tells it, with its fields.
#[test]
fn every_reason_is_found_inside_a_line() {
    let hosts: [fn(&str) -> String; 3] = [
        |reason| format!("Unable to AXFR zone 'example.com' from remote '192.0.2.10' (resolver): {reason}"),
        |reason| {
            format!(
                "XFR-in zone: 'example.com', primary: '192.0.2.10', unable to xfr zone (ResolverException): {reason} \
                 (This was the first time. Excluding zone from slave-checks until 1795400085)"
            )
        },
        |reason| {
            format!(
                "msg=\"XFR: unable to xfr zone (ResolverException), excluding zone from secondary-checks\" error=\"{reason}\" \
                 subsystem=\"communicator\" prio=\"Warning\" ts=\"1781510470.330\" XFR zone=\"example.com\" attempt number=\"1\" \
                 end of exclusion=\"2026-06-15 10:02:10\" primary=\"192.0.2.10:53\""
            )
        },
    ];
    let written = written_out(texts(reasons().iter()), |place, _| format!("x{place}"));
    let samples = reasons().iter().map(|message| {
        let line = message.sample.to_owned();
        Line { message, text: message.sample, line, fields: Vec::new() }
    });
    for Line { message, text, line, fields } in written.into_iter().chain(samples) {
        for host in hosts {
            let whole = host(&line);
            let mut told = Fields::default();
            read(Daemon::Pdns, whole.as_bytes(), &mut told).unwrap_or_else(|| panic!("{whole} is no message"));
            let (reason, found) = reason_in(&told).unwrap_or_else(|| panic!("{whole} has no reason"));
            assert_eq!(reason.id, message.id, "{text:?} in {whole}");
            for (name, value) in &fields {
                assert_eq!(found.text(name).as_deref(), Some(value.as_str()), "{name} of {text:?} in {whole}");
            }
        }
    }
}

#[test]
fn a_reason_narrows_the_release() {
    let versions = |line: &str| {
        let mut fields = Fields::default();
        read(Daemon::Pdns, line.as_bytes(), &mut fields).expect("it is a message");
        fields.versions().to_string()
    };
    let line = "Unable to AXFR zone 'example.com' from remote '192.0.2.10' (resolver): ";
    assert_eq!(versions(&format!("{line}Timeout connecting to server")), "3.0.0 to 4.1.14");
    assert_eq!(versions(&format!("{line}AXFR chunk error: Query Refused")), "3.4.0 to 4.1.14");
    assert_eq!(versions(&format!("{line}words of a backend's own")), "3.0.0 to 4.1.14");
}

#[test]
fn every_sample_is_read_as_its_own_message() {
    for daemon in DAEMONS {
        for message in messages(daemon) {
            let (read_as, _) = read_as(daemon, message.sample);
            assert_eq!(read_as.map(|message| message.id), Some(message.id), "{}", message.sample);
        }
    }
}

/// A sample without a fact is a row whose reader declines some of its wordings: these are all.
#[test]
fn every_sample_of_a_row_with_a_reader_is_a_fact() {
    let mut declined = Vec::new();
    for daemon in DAEMONS {
        for message in messages(daemon).iter().filter(|message| message.read.is_some()) {
            let mut fields = Fields::default();
            assert!(read(daemon, message.sample.as_bytes(), &mut fields).is_some());
            if fact(message, &fields) == Fact::Other {
                declined.push(message.id);
            }
        }
    }
    assert_eq!(declined, ["pdns/axfr-out-failed", "pdns/ixfr-out-failed"]);
}

#[test]
fn rows_are_complete() {
    let ranges =
        Regex::new(r"^(\.\.|\d+(\.\d+){1,2}\.\.(=\d+(\.\d+){1,2})?(, \d+(\.\d+){1,2}\.\.(=\d+(\.\d+){1,2})?)*)$")
            .unwrap();
    let mut ids = BTreeSet::new();
    for daemon in DAEMONS {
        for message in messages(daemon) {
            assert!(ids.insert(message.id), "{} is there twice", message.id);
            assert!(Daemon::of(message.id) == Some(daemon) && !message.id.ends_with("-structured"), "{}", message.id);
            assert!(!message.texts.is_empty() && !message.source.is_empty(), "{}", message.id);
            assert!(message.proves.ends_with('.') && !message.proves.contains("  "), "{}", message.id);
            let texts: BTreeSet<_> = message.texts.iter().map(|(_, text)| text).collect();
            assert_eq!(texts.len(), message.texts.len(), "{} has a text twice", message.id);
            for (versions, text) in message.texts {
                assert!(ranges.is_match(versions.as_bytes()), "{} {versions}", message.id);
                let fields =
                    |pair: &[template::Piece]| pair.iter().all(|piece| matches!(piece, template::Piece::Field(_)));
                let whole = |pieces: &Vec<_>| {
                    let solid: Vec<_> =
                        pieces.iter().filter(|piece| **piece != template::Piece::Literal(b"")).copied().collect();
                    !solid.windows(2).any(fields)
                };
                assert!(template::expand(text).iter().all(whole), "{text}: nothing tells where a field ends");
            }
        }
    }
}

/// A crafted line takes no more steps than its length allows, however often it almost is a message.
#[test]
fn steps_are_bounded() {
    let near_misses = [
        "'",
        ": ",
        "(",
        ") ",
        " from ",
        "Received NOTIFY for ",
        "AXFR-in zone: '",
        "', primary: '",
        "Domain 'x' is fresh, ",
        "VRRP_Instance(",
        "(x) ",
        "IXFR-in zone '",
        " for zone '",
        " (PID ",
        "Unable to ",
        " scheduler: ",
        ": First received advert from ",
        " error while parsing SOA ",
        " priority 1, ours ",
    ];
    for daemon in DAEMONS {
        let trie = &Catalogue::of(daemon).plain;
        for opening in near_misses {
            for again in near_misses {
                let text = format!("{opening}{}", again.repeat(4000 / again.len()));
                for cut in [false, true] {
                    let (steps, allowed) = trie.steps(text.as_bytes(), cut);
                    assert!(steps <= allowed, "{opening}{again}… takes {steps}");
                }
            }
        }
    }
}

/// The bound is far from what real lines take.
#[test]
fn wordings_take_a_small_part_of_their_steps() {
    for daemon in DAEMONS {
        let value = |_, name: &str| match Fields::is_word(name) {
            true => "2001:db8::1,'(a)'/b".to_owned(),
            false => "Server Not Authoritative (for zone): 'a', b / c".to_owned(),
        };
        for line in lines(daemon, value) {
            let (steps, allowed) = Catalogue::of(daemon).plain.steps(line.line.as_bytes(), false);
            assert!(steps * 4 < allowed, "{} takes {steps} of {allowed}", line.line);
        }
    }
}

#[test]
fn fields_are_numbers_by_name() {
    let names: BTreeSet<&str> = DAEMONS
        .iter()
        .flat_map(|daemon| lines(*daemon, |_, _| String::new()))
        .flat_map(|line| line.fields.into_iter().map(|(name, _)| name))
        .collect();
    let numbers: Vec<&str> = names.iter().copied().filter(|name| Fields::is_number(name)).collect();
    assert_eq!(numbers.len(), 44, "a name is listed that no text has: {numbers:?}");
    for daemon in DAEMONS {
        for message in messages(daemon) {
            for (name, value) in read_as(daemon, message.sample).1 {
                assert!(
                    !Fields::is_number(name) || value.parse::<f64>().is_ok(),
                    "{}: {name} is {value}",
                    message.sample
                );
            }
        }
    }
}

/// A regex of a plain wording, anchored at both ends, and the literal it begins with.
struct Oracle {
    id: &'static str,
    opening: String,
    regex: Regex,
}

fn oracle(daemon: Daemon) -> &'static [Oracle] {
    static ORACLES: LazyLock<[Vec<Oracle>; 3]> = LazyLock::new(|| DAEMONS.map(oracles));
    let place = DAEMONS.iter().position(|known| *known == daemon).expect("all daemons are listed");
    &ORACLES[place]
}

fn oracles(daemon: Daemon) -> Vec<Oracle> {
    let hole = regex::Regex::new(r"\{\{|\{([^{}]*)\}").unwrap();
    wordings(daemon)
        .filter(|(_, text)| !is_structured(text))
        .map(|(message, text)| {
            let text = text.trim();
            let (mut pattern, mut behind) = (String::from(r"(?s-u)\A"), 0);
            for found in hole.captures_iter(text) {
                let whole = found.get(0).unwrap();
                pattern.push_str(&regex::escape(&text[behind..whole.start()]));
                behind = whole.end();
                let words = |words: &str| words.split('|').map(regex::escape).collect::<Vec<_>>().join("|");
                match found.get(1).map(|inside| inside.as_str()) {
                    None => pattern.push_str(r"\{"),
                    Some("s") => pattern.push_str("s?"),
                    Some(inside) => match inside.split_once(':') {
                        Some((_, choice)) => write!(pattern, "(?:{})", words(choice)).unwrap(),
                        None if inside.contains('|') => write!(pattern, "(?:{})", words(inside)).unwrap(),
                        None if behind == text.len() && Fields::is_word(inside) => pattern.push_str("[^ ]*?"),
                        None => pattern.push_str(".*?"),
                    },
                }
            }
            write!(pattern, r"{}\z", regex::escape(&text[behind..])).unwrap();
            let opening = text.split('{').next().unwrap_or_default().to_owned();
            Oracle { id: message.id, opening, regex: Regex::new(&pattern).unwrap() }
        })
        .collect()
}

/// The trie reads a text as one of the messages whose regex matches it, and as nothing if there is none.
fn agrees(daemon: Daemon, text: &[u8]) {
    let text = text.trim_ascii();
    let mut fields = Fields::default();
    let read_as = Catalogue::of(daemon).plain.read_whole(text, &mut fields).map(|message| message.id);
    let possible: BTreeSet<&str> = oracle(daemon)
        .iter()
        .filter(|oracle| text.starts_with(oracle.opening.as_bytes()) && oracle.regex.is_match(text))
        .map(|oracle| oracle.id)
        .collect();
    let shown = String::from_utf8_lossy(text);
    match read_as {
        Some(id) => assert!(possible.contains(id), "{shown:?} is no {id}, but one of {possible:?}"),
        None => assert!(possible.is_empty(), "{shown:?} is one of {possible:?}"),
    }
}

#[test]
fn regexes_agree_on_samples_and_wordings() {
    for daemon in DAEMONS {
        for message in messages(daemon) {
            agrees(daemon, message.sample.as_bytes());
        }
        let hostile = ["", "x", "a(b) c", "') ", "x from y", "x, y", "1"];
        for line in lines(daemon, |place, _| hostile[place % hostile.len()].to_owned()) {
            if !is_structured(line.text) {
                agrees(daemon, line.line.as_bytes());
            }
        }
    }
}

/// What fields hold and what stands around them, to make lines that are almost, or twice, a message.
const FRAGMENTS: [&str; 22] = [
    "",
    " ",
    "'",
    "(",
    ")",
    ":",
    ", ",
    " from ",
    " to ",
    "example.com",
    "a(b)",
    "192.0.2.1:53",
    "[2001:db8::1]:53",
    "0",
    "2026112301",
    " which is not a master",
    " (Refused)",
    " serial ",
    " priority ",
    "VRRP_Instance(",
    ") Entering MASTER STATE",
    "\u{e9}\u{0}",
];

fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(FRAGMENTS.to_vec())
}

fn daemon() -> impl Strategy<Value = Daemon> {
    prop::sample::select(DAEMONS.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn regexes_agree_on_mutated_lines(
        daemon in daemon(),
        which in any::<prop::sample::Index>(),
        values in prop::collection::vec(fragment(), 8),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..3, fragment()), 0..3),
    ) {
        let all: Vec<(&Message, &str)> = wordings(daemon).filter(|(_, text)| !is_structured(text)).collect();
        let (_, text) = which.get(&all);
        let mut line = Vec::new();
        let mut values = values.iter().cycle();
        for piece in &template::expand(text)[0] {
            match piece {
                template::Piece::Literal(text) | template::Piece::Constant(_, text) => line.extend_from_slice(text),
                template::Piece::Field(_) => line.extend_from_slice(values.next().unwrap().as_bytes()),
            }
        }
        for (place, removed, added) in cuts {
            let from = place.index(line.len() + 1);
            let to = (from + removed).min(line.len());
            line.splice(from..to, added.bytes());
        }
        agrees(daemon, &line);
    }

    #[test]
    fn any_bytes_are_read_without_panic_and_as_regexes_read_them(
        daemon in daemon(),
        parts in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..6),
            fragment().prop_map(|text| text.as_bytes().to_vec()),
            prop::sample::select(vec!["msg=\"", "\\", "\" ts=\"", "=\"", "Aug 17 10:22:33 ", "(x: Line 3) ", "Received unsigned NOTIFY for "])
                .prop_map(|text| text.as_bytes().to_vec()),
        ], 0..12),
    ) {
        let text = parts.concat();
        let mut fields = Fields::default();
        if let Some(message) = read(daemon, &text, &mut fields) {
            let _ = fact(message, &fields);
        }
        agrees(daemon, &text);
    }
}

/// What a pager cut off does not turn a message into another one that rules hear.
#[test]
fn a_cut_line_is_its_message_or_nothing_to_rules() {
    let mut turned = BTreeSet::new();
    for daemon in DAEMONS {
        for message in messages(daemon).iter().filter(|message| message.read.is_some()) {
            let line = message.sample.as_bytes();
            let mut fields = Fields::default();
            let whole = read(daemon, line, &mut fields).map(|message| fact(message, &fields));
            for length in 0..line.len() {
                let mut fields = Fields::default();
                let Some(cut) = read(daemon, &line[..length], &mut fields) else { continue };
                let told = fact(cut, &fields);
                if cut.id != message.id && told != Fact::Other && Some(&told) != whole.as_ref() {
                    turned.insert((message.id, cut.id));
                }
            }
        }
    }
    assert_eq!(turned.into_iter().collect::<Vec<_>>(), KIN);
}

/// Messages and the one that is their beginning: a cut between them cannot be seen.
const KIN: &[(&str, &str)] = &[
    ("keepalived/state-backup-init", "keepalived/state-backup"),
    ("pdns/soa-unretrievable-first", "pdns/soa-unretrievable"),
];

/// What a busy secondary writes all day.
const COMMON: [&str; 18] = [
    "pdns/domain-stale",
    "pdns/xfr-in-initiating",
    "pdns/domain-fresh",
    "pdns/notify-in-queued",
    "pdns/axfr-in-connect",
    "pdns/axfr-in-started",
    "pdns/axfr-in-retrieved",
    "pdns/axfr-in-done",
    "pdns/ixfr-in-start",
    "pdns/ixfr-in-done",
    "pdns/notify-in-not-primary",
    "pdns/secondary-check-queue",
    "pdns/freshness-result",
    "pdns/notify-in-not-authoritative",
    "pdns/axfr-in-failed-resolver",
    "pdns/soa-unretrievable-first",
    "pdns/axfr-out-started",
    "pdns/axfr-out-denied",
];

/// Hundreds of messages that a log does not have cost its lines next to nothing.
#[test]
fn the_size_of_the_catalogue_hardly_matters() {
    let is_common = |message: &Message| COMMON.contains(&message.id);
    let common = || messages(Daemon::Pdns).iter().copied().filter(|message| is_common(message));
    assert_eq!(common().count(), COMMON.len());
    let texts = |message: &'static Message| message.texts.iter().map(move |text| (message, text));
    let few = Trie::new(common().flat_map(texts).filter(|(_, (_, text))| !is_structured(text)));
    let steps = |trie: &Trie| -> usize {
        let value = |_, name: &str| if Fields::is_word(name) { "2026112301" } else { "a: 'b' (c), d" }.to_owned();
        let lines = lines(Daemon::Pdns, value);
        let common = lines.iter().filter(|line| is_common(line.message) && !is_structured(line.text));
        common.map(|line| trie.steps(line.line.as_bytes(), false).0).sum()
    };
    let (whole, few) = (steps(&Catalogue::of(Daemon::Pdns).plain), steps(&few));
    assert!(few > 100 && whole * 2 <= few * 3, "{whole} steps with all messages, {few} with {}", COMMON.len());
}

/// Who looks for the moments that lines tell passes over lines without these words.
#[test]
fn a_wording_that_tells_a_moment_is_found_by_its_prefilter() {
    let prefilter = Regex::new(MOMENTS_PREFILTER).unwrap();
    for daemon in DAEMONS {
        for (message, text) in wordings(daemon).filter(|(_, text)| is_structured(text) || text.contains("{until}")) {
            assert!(prefilter.is_match(text.as_bytes()), "{}: {text}", message.id);
        }
    }
}

/// A survey takes the id's word for whose line it is.
#[test]
fn facts_of_powerdns_are_its_own() {
    for Line { message, line, .. } in lines(Daemon::Pdns, |place, _| place.to_string()) {
        let mut fields = Fields::default();
        let read = read(Daemon::Pdns, line.as_bytes(), &mut fields).unwrap_or(message);
        assert!(read.id.starts_with("pdns/"), "{line}");
        assert!(matches!(fact(read, &fields), Fact::Pdns(_) | Fact::Other), "{line}");
    }
}
