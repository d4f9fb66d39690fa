//! Whose line a record is: by its tag where a header has one, else by what it says.
//!
//! Lines reach us without a head: pasted from a terminal, quoted in a mail, printed by a container, stamped by a logger nobody
//! knows. A tag of the daemons further on is found (`daemon.info Keepalived_vrrp[137]: …`), and a text that is a whole message
//! with enough words of its own to be no other program's.

use super::patterns::{Patterns, Site};
use crate::catalogue::{
    self, Fields, Message, begins, daemon_of, is_cloud, is_keeper, is_service_manager, is_settings, is_whole, read,
    read_any_of_script, read_certain, read_cloud, read_of_keeper, read_of_script, read_of_units, read_setting,
};
use crate::event::{Daemon, Fact};
use crate::record::Record;
use std::sync::Arc;

/// Reads the records of one source in their order.
#[derive(Debug, Default)]
pub struct Listener {
    patterns: Arc<Patterns>,
    /// The daemon whose headless lines stood above.
    speaker: Option<Daemon>,
}

/// What a record was heard to be.
#[derive(Debug, Clone, Copy)]
pub enum Heard<'p> {
    /// A message of the catalogue.
    Message(&'static Message),
    /// A line of a daemon that no row reads.
    Unrecognised(Daemon),
    /// A line that one of the operator's patterns reads.
    Site(&'p Site),
    /// Another program's line.
    Stranger,
}

/// A record, heard: what it is and what its tag says.
#[derive(Debug, Clone, Copy)]
pub struct Hearing<'a, 'p> {
    /// What it is.
    pub what: Heard<'p>,
    /// The tag, by the header or found further on.
    pub identifier: Option<&'a [u8]>,
    /// The process id in it.
    pub pid: Option<u32>,
    /// The message itself, wherever in the line it was found.
    pub text: &'a [u8],
}

/// What we call ourselves in logs. Our own announcements quote others' lines: whoever read them as such would announce without an end.
const OWN_IDENTIFIER: &[u8] = b"driftline";
/// How far into a line its message may begin.
const HEAD_BYTES_MAX: usize = 240;
/// Words that may stand before a message.
const HEAD_WORDS_MAX: usize = 12;

impl Listener {
    /// One that knows an operator's patterns.
    #[must_use]
    pub fn new(patterns: Arc<Patterns>) -> Self {
        Self { patterns, speaker: None }
    }

    /// Knows these patterns from now on.
    pub(super) fn know(&mut self, patterns: Arc<Patterns>) {
        self.patterns = patterns;
    }

    /// The daemon whose headless lines stood above, if any.
    #[must_use]
    pub fn speaker(&self) -> Option<Daemon> {
        self.speaker
    }

    /// Goes on where another one was.
    pub fn set_speaker(&mut self, speaker: Option<Daemon>) {
        self.speaker = speaker;
    }

    /// Hears a record; `fields` is cleared and filled.
    pub fn hear<'a>(&mut self, record: &Record<'a>, fields: &mut Fields<'a>) -> Hearing<'a, '_> {
        let mut hearing = self.daemons(record, fields);
        if matches!(hearing.what, Heard::Stranger | Heard::Unrecognised(_))
            && hearing.identifier != Some(OWN_IDENTIFIER)
            && let Some(site) = self.patterns.read(record, hearing.identifier, fields)
        {
            hearing.what = Heard::Site(site);
            return hearing;
        }
        let may_be_script = match hearing.what {
            Heard::Stranger => is_script(record, hearing.identifier),
            Heard::Unrecognised(daemon) => daemon == Daemon::Keepalived,
            Heard::Message(_) | Heard::Site(_) => false,
        };
        if may_be_script && let Some(message) = read_of_script(hearing.text, fields) {
            hearing.what = Heard::Message(message);
        } else if matches!(hearing.what, Heard::Stranger)
            && is_of_keepalived(record, hearing.identifier)
            && let Some(message) = read_any_of_script(hearing.text, fields)
        {
            hearing.what = Heard::Message(message);
        }
        hearing
    }

    fn daemons<'a, 'p>(&mut self, record: &Record<'a>, fields: &mut Fields<'a>) -> Hearing<'a, 'p> {
        let tagged = |what| Hearing { what, identifier: record.identifier, pid: record.pid, text: record.message };
        if is_cloud_record(record) {
            return tagged(read_cloud(record.message, fields).map_or(Heard::Stranger, Heard::Message));
        }
        if let Some(file) = record.identifier.filter(|name| is_settings(name) && is_bare(record)) {
            return tagged(read_setting(file, record.message, fields).map_or(Heard::Stranger, Heard::Message));
        }
        if let Some(daemon) = daemon_of(record.identifier, record.unit) {
            return tagged(spoken(daemon, record.message, fields));
        }
        if let Some(keeper) = record.identifier.filter(|name| is_keeper(name)) {
            return tagged(read_of_keeper(keeper, record.message, fields).map_or(Heard::Stranger, Heard::Message));
        }
        if let Some(manager) = record.identifier.filter(|name| is_service_manager(name)) {
            let message = read_of_units(record.message, fields);
            return tagged(match message.or_else(|| read_of_keeper(manager, record.message, fields)) {
                Some(message) => Heard::Message(message),
                None => {
                    fields.clear();
                    Heard::Stranger
                }
            });
        }
        // A program that names itself and its host is somebody else.
        let is_named = record.identifier.is_some() && (record.host.is_some() || record.pid.is_some());
        if is_named || record.unit.is_some() {
            return tagged(Heard::Stranger);
        }
        if record.message.is_empty() {
            return tagged(Heard::Stranger);
        }
        if let Some(text) = behind_manager(line_of(record)) {
            return match read_of_units(text, fields) {
                Some(message) => {
                    Hearing { what: Heard::Message(message), identifier: Some(b"systemd"), pid: Some(1), text }
                }
                None => {
                    fields.clear();
                    tagged(Heard::Stranger)
                }
            };
        }
        if let Some(tag) = tag_in(line_of(record)) {
            let what = spoken(tag.daemon, tag.message, fields);
            return Hearing { what, identifier: Some(tag.identifier), pid: tag.pid, text: tag.message };
        }
        let (what, text) = self.headless(record, fields);
        Hearing { what, identifier: None, pid: None, text }
    }

    /// A line without a tag: whoever says it, if it is a whole message.
    fn headless<'a, 'p>(&mut self, record: &Record<'a>, fields: &mut Fields<'a>) -> (Heard<'p>, &'a [u8]) {
        if record.message.trim_ascii().is_empty() {
            return (Heard::Stranger, record.message);
        }
        let daemons = match self.speaker {
            Some(Daemon::Keepalived) => [Daemon::Keepalived, Daemon::Pdns],
            Some(Daemon::Pdns | Daemon::Systemd) | None => [Daemon::Pdns, Daemon::Keepalived],
        };
        for text in [record.message].into_iter().chain(behind_head(line_of(record))).chain(behind_host(record)) {
            for daemon in daemons {
                if let Some(message) = read_certain(daemon, text, fields) {
                    self.speaker = Some(daemon);
                    return (Heard::Message(message), text);
                }
            }
        }
        // Where a daemon speaks, a short message is its own too.
        if self.speaker.is_some() {
            for text in [record.message].into_iter().chain(behind_damaged_stamp(line_of(record))) {
                for daemon in daemons {
                    if is_whole(daemon, text)
                        && let Some(message) = read(daemon, text, fields)
                    {
                        return (Heard::Message(message), text);
                    }
                }
            }
        }
        // In a file that a daemon stamped itself there is nobody else; a container's engine stamps with a zone.
        let is_own_stamp = record.stamp.is_some_and(|stamp| stamp.offset_seconds.is_none());
        let is_own_output = is_own_stamp && record.host.is_none() && record.identifier.is_none();
        let what = match self.speaker.filter(|_| is_own_output) {
            Some(daemon) => spoken(daemon, record.message, fields),
            None => {
                fields.clear();
                Heard::Stranger
            }
        };
        (what, record.message)
    }
}

/// Whether a record is an object of a cloud's list.
fn is_cloud_record(record: &Record<'_>) -> bool {
    record.raw.first() == Some(&b'{') && is_bare(record) && record.identifier.is_some_and(is_cloud)
}

/// Whether a record has no head, so that no line of a log can be one whatever its tag is.
fn is_bare(record: &Record<'_>) -> bool {
    record.raw.len() == record.message.len() && record.pid.is_none() && record.cursor.is_none()
}

/// Words in the tags of scripts that move addresses. Other programs log what strangers send them.
const SCRIPT_WORDS: [&[u8]; 7] = [b"keepalived", b"notify", b"master", b"failover", b"takeover", b"vrrp", b"eip"];

/// Whether a record is what a script says: it stands under keepalived's unit, or its tag is a script's.
fn is_script(record: &Record<'_>, identifier: Option<&[u8]>) -> bool {
    is_under_keepalived(record) || identifier.is_some_and(|name| is_file(name) || has_script_word(name))
}

/// Whether all that a record says is of interest as a script's of keepalived: a `postfix/master` is none, nor is a `backup.sh`.
fn is_of_keepalived(record: &Record<'_>, identifier: Option<&[u8]>) -> bool {
    identifier != Some(OWN_IDENTIFIER)
        && (is_under_keepalived(record) || identifier.is_some_and(|name| is_file(name) && has_script_word(name)))
}

fn is_under_keepalived(record: &Record<'_>) -> bool {
    daemon_of(None, record.unit) == Some(Daemon::Keepalived)
}

fn is_file(name: &[u8]) -> bool {
    [&b".sh"[..], b".py", b".pl", b".rb"].iter().any(|ending| name.ends_with(ending))
}

fn has_script_word(name: &[u8]) -> bool {
    SCRIPT_WORDS.iter().any(|word| memchr::memmem::find(name, word).is_some())
}

/// Whether a line without any head, or with the tag alone, is one of the daemons'.
#[must_use]
pub(super) fn is_known(line: &[u8]) -> bool {
    let certain = |text| {
        let mut fields = Fields::default();
        [Daemon::Pdns, Daemon::Keepalived].iter().any(|daemon| read_certain(*daemon, text, &mut fields).is_some())
    };
    let wrapped = line.trim_ascii_end().strip_suffix(b"\\");
    let goes_on = wrapped.is_some_and(|text| begins(Daemon::Pdns, text) || begins(Daemon::Keepalived, text));
    goes_on || tag_in(line).is_some() || certain(line) || behind_head(line).any(certain)
}

fn spoken<'a, 'p>(daemon: Daemon, message: &'a [u8], fields: &mut Fields<'a>) -> Heard<'p> {
    match read(daemon, message, fields) {
        Some(message) => Heard::Message(message),
        None => {
            fields.clear();
            Heard::Unrecognised(daemon)
        }
    }
}

/// What a record says: its fact, [`Fact::Other`] for strangers.
#[must_use]
pub fn fact_of(heard: &Heard<'_>, fields: &Fields<'_>) -> Fact {
    match heard {
        Heard::Message(message) => catalogue::fact(message, fields),
        Heard::Unrecognised(daemon) => Fact::Unrecognised(*daemon),
        Heard::Site(site) => site.fact(fields),
        Heard::Stranger => Fact::Other,
    }
}

/// The event id of what was heard.
#[must_use]
pub fn id_of(heard: &Heard<'_>) -> &'static str {
    match heard {
        Heard::Message(message) => message.id,
        Heard::Unrecognised(daemon) => unrecognised(*daemon),
        Heard::Site(site) => site.id,
        Heard::Stranger => "other",
    }
}

/// The event id of a daemon's lines that no row reads.
pub(super) fn unrecognised(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Pdns => "pdns/unrecognised",
        Daemon::Keepalived => "keepalived/unrecognised",
        Daemon::Systemd => "systemd/unrecognised",
    }
}

/// The line; of a coloured one what is left without its head and its colours, of a quoted one what stands in the quotes.
fn line_of<'a>(record: &Record<'a>) -> &'a [u8] {
    let line = if memchr::memchr(0x1b, record.raw).is_some() { record.message } else { record.raw };
    match line.trim_ascii() {
        [first @ (b'`' | b'"'), inner @ .., last] if first == last => inner,
        _ => line,
    }
}

struct Tag<'a> {
    daemon: Daemon,
    identifier: &'a [u8],
    pid: Option<u32>,
    message: &'a [u8],
}

/// What stands behind `systemd[1]: ` at the begin of a line whose stamp and host were left out.
fn behind_manager(raw: &[u8]) -> Option<&[u8]> {
    let text = raw.trim_ascii_start();
    text.strip_prefix(b"systemd[1]: ").or_else(|| text.strip_prefix(b"systemd: "))
}

/// `Keepalived_vrrp[137]: ` or `pdns: `, wherever it begins a word near the front of the line.
fn tag_in(raw: &[u8]) -> Option<Tag<'_>> {
    let near = &raw[..raw.len().min(HEAD_BYTES_MAX)];
    let mut from = 0;
    while let Some(found) = memchr::memchr3(b'p', b'k', b'K', &near[from..]) {
        let at = from + found;
        from = at + 1;
        let begins_word = at == 0 || !(near[at - 1].is_ascii_alphanumeric() || b"_-./=".contains(&near[at - 1]));
        if begins_word && let Some(tag) = tag_at(&raw[at..]) {
            return Some(tag);
        }
    }
    None
}

fn tag_at(text: &[u8]) -> Option<Tag<'_>> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-@.".contains(byte);
    let length = text.iter().take(80).take_while(|byte| is_name(byte)).count();
    let (identifier, rest) = text.split_at(length);
    let daemon = daemon_of(Some(identifier), None)?;
    let (pid, rest) = match rest.strip_prefix(b"[") {
        None => (None, rest),
        Some(behind) => {
            let close = behind.iter().take(12).position(|byte| *byte == b']')?;
            let pid = std::str::from_utf8(&behind[..close]).ok().and_then(|pid| pid.parse().ok());
            (pid, &behind[close + 1..])
        }
    };
    Some(Tag { daemon, identifier, pid, message: rest.strip_prefix(b":")?.trim_ascii_start() })
}

/// What stands behind `20:44:56.123456789 2020: `, the end of the stamp that keepalived writes itself, where what is before it was
/// damaged: `^CTue Mar 17 20:44:56 2020: Stopping`.
fn behind_damaged_stamp(raw: &[u8]) -> Option<&[u8]> {
    const STAMP_BYTES_MAX: usize = 60;
    let near = &raw[..raw.len().min(STAMP_BYTES_MAX)];
    let colon = memchr::memmem::find(near, b": ")?;
    let (stamp, text) = (&raw[..colon], &raw[colon + 2..]);
    let mut words = stamp.rsplit(|byte| *byte == b' ');
    let (year, time) = (words.next()?, words.next()?);
    let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let whole = time.split(|byte| *byte == b'.').next()?;
    let is_time = whole.len() == 8 && whole.split(|byte| *byte == b':').all(|part| part.len() == 2 && is_number(part));
    (year.len() == 4 && is_number(year) && is_time).then_some(text)
}

/// What stands behind a host without a tag, in a line whose stamp is known.
fn behind_host<'a>(record: &Record<'a>) -> Option<&'a [u8]> {
    let is_tagless = record.stamp.is_some() && record.identifier.is_none() && record.host.is_none();
    let space = memchr::memchr(b' ', record.message).filter(|_| is_tagless)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    record.message[..space].iter().all(is_name).then(|| &record.message[space + 1..])
}

/// The places at which a message may begin: behind quotes and colours, and at each word whose predecessor ends like a head
/// does (a digit, `:`, `|`, `>`, `]`). Behind another program's tag there is none.
fn behind_head(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let near = raw.len().min(HEAD_BYTES_MAX);
    let near = memchr::memmem::find(&raw[..near], b"]: ").unwrap_or(near);
    let mut words = 0;
    (1..near).filter_map(move |at| {
        if raw[at - 1] != b' ' && raw[at - 1] != b'\t' || raw[at].is_ascii_whitespace() {
            return None;
        }
        words += 1;
        let before = raw[..at].trim_ascii_end().last();
        let ends_a_head = before.is_none_or(|byte| byte.is_ascii_digit() || b":|>]*-".contains(byte));
        (ends_a_head && words <= HEAD_WORDS_MAX).then(|| &raw[at..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: Record<'_> = Record {
        line: 1,
        raw: b"",
        stamp: None,
        host: None,
        identifier: None,
        unit: None,
        pid: None,
        message: b"",
        repeated: 1,
        cursor: None,
        stands_alone: false,
    };

    fn heard(raw: &str) -> String {
        let record = Record { raw: raw.as_bytes(), message: raw.as_bytes(), ..BARE };
        let mut fields = Fields::default();
        let mut listener = Listener::default();
        let hearing = listener.hear(&record, &mut fields);
        let name = hearing.identifier.map_or("-".to_owned(), |name| String::from_utf8_lossy(name).into_owned());
        format!("{} {name} {}", id_of(&hearing.what), hearing.pid.map_or("-".to_owned(), |pid| pid.to_string()))
    }

    #[test]
    fn lines_are_known_behind_any_head() {
        for (raw, expected) in [
            ("(VI_1) Entering MASTER STATE", "keepalived/state-master - -"),
            ("> (VI_1) Entering MASTER STATE", "keepalived/state-master - -"),
            ("ns1-keepalived-1  | (VI_1) Entering MASTER STATE", "keepalived/state-master - -"),
            ("Keepalived_vrrp[12]: (VI_1) Entering MASTER STATE", "keepalived/state-master Keepalived_vrrp 12"),
            (
                "daemon.info Keepalived_vrrp[12]: (VI_1) Entering MASTER STATE",
                "keepalived/state-master Keepalived_vrrp 12",
            ),
            ("Keepalived_vrrp:(VI_1) Entering MASTER STATE", "keepalived/state-master Keepalived_vrrp -"),
            ("Sun Dec 20:02:04.163678937 2020: (VI_1) Entering MASTER STATE", "keepalived/state-master - -"),
            ("\tpdns[7]: Domain 'example.com' is fresh", "pdns/domain-fresh pdns 7"),
            ("Domain 'example.com' is fresh", "pdns/domain-fresh - -"),
            ("`Nov 23 02:03:30 ns1 pdns[7]: Domain 'example.com' is fresh`", "pdns/domain-fresh pdns 7"),
            ("pdns[7]: Domain \u{2018}example.com\u{2019} is fresh", "pdns/domain-fresh pdns 7"),
            ("Keepalived_vrrp[7]: 1 vrrp instances on eth0 are", "keepalived/unrecognised Keepalived_vrrp 7"),
            ("pdns[7]: 4 slave domains need checking, \u{2026}", "pdns/secondary-check-queue pdns 7"),
            ("pdns: the quick brown fox", "pdns/unrecognised pdns -"),
            ("systemd[1]: Started pdns.service - PowerDNS Authoritative Server.", "systemd/unit-started systemd 1"),
            ("systemd[1]: Started cron.service - Regular background program processing daemon.", "other - -"),
            ("^CTue Mar 17 20:44:56 2020: (VI_1) Entering BACKUP STATE", "keepalived/state-backup - -"),
        ] {
            assert_eq!(heard(raw), expected, "{raw}");
        }
    }

    #[test]
    fn short_messages_are_known_where_their_daemon_speaks() {
        let mut listener = Listener::default();
        let mut fields = Fields::default();
        let mut hear = |raw: &'static str| {
            let record = Record { raw: raw.as_bytes(), message: raw.as_bytes(), ..BARE };
            id_of(&listener.hear(&record, &mut fields).what)
        };
        assert_eq!(hear("^CTue Mar 17 20:44:56 2020: Stopping"), "other");
        assert_eq!(hear("Tue Mar 17 20:44:55 2020: (VI_1) Entering MASTER STATE"), "keepalived/state-master");
        assert_eq!(hear("^CTue Mar 17 20:44:56 2020: Stopping"), "keepalived/daemon-stopping");
        assert_eq!(hear("see 12:30 2020: Stopping"), "other");
    }

    #[test]
    fn other_texts_are_left_alone() {
        for raw in [
            "",
            "   ",
            "Stopping",
            "we saw that it was Entering MASTER STATE",
            "then (VI_1) Entering MASTER STATE was printed",
            "https://example.com/keepalived: a page",
            "/etc/keepalived/check.sh exited with status 1, they said",
            "pdns-recursor[3]: Domain 'example.com' is fresh",
        ] {
            assert_eq!(heard(raw), "other - -", "{raw}");
        }
    }

    /// A follower writes to the journal that it reads.
    #[test]
    fn our_own_lines_are_no_patterns() {
        let heard = |identifier: &'static str| {
            let regex = regex::bytes::Regex::new("took (?<address>.+)").expect("a regex");
            let site = Site::new("claimed", regex, None, None, super::super::Means::AddressClaimed);
            let message: &[u8] = b"site/claimed opened: master.sh took 192.0.2.1";
            let record = Record {
                line: 1,
                raw: message,
                stamp: None,
                host: Some(b"ns1"),
                identifier: Some(identifier.as_bytes()),
                unit: None,
                pid: Some(7),
                message,
                repeated: 1,
                cursor: None,
                stands_alone: false,
            };
            let mut listener = Listener::new(Arc::new(Patterns::new(vec![site])));
            let hearing = listener.hear(&record, &mut Fields::default());
            id_of(&hearing.what)
        };
        assert_eq!((heard("master.sh"), heard("driftline")), ("site/claimed", "other"));
    }
}
