//! What the daemons' lines mean: every message a row of data, all rows one trie of literals and fields.
//!
//! The smallest example of a row is `state-master` in `keepalived/state.rs`. To add a message, add a row to the file of its
//! topic; the trie, the structured form and `driftline catalogue` find it there. **Invariant:** after this room nothing knows
//! a daemon's text.

mod aws;
mod keepalived;
mod keepers;
mod message;
mod nearest;
mod pdns;
mod prefix;
mod quotes;
mod script;
mod settings;
mod structured;
mod systemd;
mod template;
#[cfg(test)]
mod tests;
mod trie;
pub mod versions;

pub use message::{Fields, Message, Wording};
pub use nearest::nearest;

use crate::event::{Daemon, Fact};
use std::borrow::Cow;
use std::sync::LazyLock;
use structured::Forms;
use trie::Trie;

/// The tag of a script that bears its file's name.
macro_rules! script_tag {
    ($ending:literal) => {
        concat!(r"\.", $ending, r"(?:\[[0-9]{1,10}\])?(?::|(?m:$))")
    };
}

/// What a line of the two daemons, of systemd about them, or of another witness contains, as alternatives of a regex: a block of log where
/// none is found may be passed over. Not chronyd's name: it writes all day.
///
/// The search looks for the first three bytes of each alternative: words begin where no frequent word does (`yslogd`, since `sys` is in
/// every line of systemd). It does so for eight groups at once, to which the alternatives are dealt out in this order, and looks
/// closer wherever bytes could be of any of a group. So the order matters: of some hundreds this was the fastest over logs and English
/// texts, twice as fast as by rooms. Measure when one is added (`cargo bench --bench speed -- prefilter`).
pub const PREFILTER: [&str; 18] = [
    "\"AssociationId\"",
    "LVS and VRRP",
    "teAddress operation",
    "eepalived",
    script_tag!("rb"),
    "pdns",
    "k was stepped",
    "PowerDNS Auth",
    "d-journal",
    script_tag!("py"),
    "me has been changed",
    script_tag!("pl"),
    "teAddress\"",
    script_tag!("sh"),
    "gned to server",
    "yslogd",
    "eepalive Daemon",
    r"\(gcloud\.",
];

/// A regex of what a line contains that tells the moment it was written: the `ts` of the structured form, and until when something is
/// put off.
pub const MOMENTS_PREFILTER: &str = "until|msg=\"";

/// Everything one daemon says.
struct Catalogue {
    messages: Vec<&'static Message>,
    plain: Trie,
    structured: Forms,
}

static PDNS: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(pdns::TOPICS));
static KEEPALIVED: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(keepalived::TOPICS));
static SYSTEMD: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(systemd::TOPICS));

/// What stands in the `{reason}` of PowerDNS's messages.
static REASONS: LazyLock<Trie> = LazyLock::new(|| {
    Trie::new(pdns::REASONS.iter().flat_map(|message| message.texts.iter().map(move |text| (message, text))))
});

impl Catalogue {
    fn new(topics: &[&'static [Message]]) -> Self {
        let messages: Vec<&'static Message> = topics.iter().flat_map(|rows| rows.iter()).collect();
        let wordings = || messages.iter().flat_map(|message| message.texts.iter().map(move |text| (*message, text)));
        let is_structured = |text: &str| text.as_bytes().starts_with(structured::OPENING);
        let plain = Trie::new(wordings().filter(|(_, (_, text))| !is_structured(text)));
        let structured = Forms::new(wordings().filter(|(_, (_, text))| is_structured(text)));
        Self { plain, structured, messages }
    }

    /// One wording alone.
    fn alone(message: &'static Message, wording: &Wording) -> Self {
        let is_structured = wording.1.as_bytes().starts_with(structured::OPENING);
        let one = || std::iter::once((message, wording));
        Self {
            plain: Trie::new(one().filter(|_| !is_structured)),
            structured: Forms::new(one().filter(|_| is_structured)),
            messages: Vec::new(),
        }
    }

    fn of(daemon: Daemon) -> &'static Self {
        match daemon {
            Daemon::Pdns => &PDNS,
            Daemon::Keepalived => &KEEPALIVED,
            Daemon::Systemd => &SYSTEMD,
        }
    }
}

/// Reads one message of a daemon; `None` is a text that no row knows. `fields` is cleared and filled.
pub fn read<'a>(daemon: Daemon, message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    read_as_written(daemon, message, fields).or_else(|| {
        let straight = quotes::straight(message)?;
        let mut found = Fields::default();
        let message = read_as_written(daemon, &straight, &mut found)?;
        fields.clear();
        fields.printed_by(found.versions());
        found.iter().for_each(|(name, value)| fields.push(name, value.to_vec()));
        Some(message)
    })
}

fn read_as_written<'a>(daemon: Daemon, message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    fields.clear();
    let catalogue = Catalogue::of(daemon);
    let text = message.trim_ascii();
    match daemon {
        Daemon::Pdns => {
            let message = read_pdns(catalogue, prefix::without_pdns_stamp(text), fields)?;
            narrow_by_reason(fields);
            Some(message)
        }
        Daemon::Keepalived => {
            let text = prefix::without_keepalived_stamp(text);
            catalogue.plain.read(prefix::without_place(text), fields)
        }
        Daemon::Systemd => catalogue.plain.read_whole(text, fields),
    }
}

/// A few plain messages of a daemon and no others: what the speed of the whole catalogue is measured against.
pub struct Few(Trie);

impl Few {
    /// Those with these ids.
    #[must_use]
    pub fn of(daemon: Daemon, ids: &[&str]) -> Self {
        let messages = Catalogue::of(daemon).messages.iter().filter(|message| ids.contains(&message.id));
        let wordings = messages.flat_map(|message| message.texts.iter().map(move |text| (*message, text)));
        Self(Trie::new(wordings.filter(|(_, (_, text))| !text.as_bytes().starts_with(structured::OPENING))))
    }

    /// As [`read`], among these.
    pub fn read<'a>(&self, message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
        fields.clear();
        self.0.read(message.trim_ascii(), fields)
    }
}

/// The message in a line's `{reason}`: what PowerDNS threw, which is no line of its own.
#[must_use]
pub fn reason_in<'f>(fields: &'f Fields<'_>) -> Option<(&'static Message, Fields<'f>)> {
    let reason = fields.get("reason")?.trim_ascii();
    let mut told = Fields::default();
    let message = REASONS.read(reason, &mut told)?;
    Some((message, told))
}

/// All messages that [`reason_in`] reads.
#[must_use]
pub fn reasons() -> &'static [Message] {
    pdns::REASONS
}

/// Whether a message is no line of its own, but the `{reason}` of others.
#[must_use]
pub fn is_reason(message: &Message) -> bool {
    reasons().iter().any(|reason| reason.id == message.id)
}

/// A reason has releases of its own.
fn narrow_by_reason(fields: &mut Fields<'_>) {
    let narrowed = reason_in(fields).and_then(|(_, told)| fields.versions().narrowed(told.versions()));
    if let Some(narrowed) = narrowed {
        fields.printed_by(narrowed);
    }
}

/// Whether a text is a message from its first word to its last.
#[must_use]
pub fn is_whole(daemon: Daemon, message: &[u8]) -> bool {
    let text = message.trim_ascii();
    let plain = &Catalogue::of(daemon).plain;
    let mut fields = Fields::default();
    match daemon {
        Daemon::Pdns if text.starts_with(structured::OPENING) => text.ends_with(b"\""),
        Daemon::Pdns => plain.read_whole(prefix::without_pdns_stamp(text), &mut fields).is_some(),
        Daemon::Keepalived => {
            let text = prefix::without_place(prefix::without_keepalived_stamp(text));
            plain.read_whole(text, &mut fields).is_some()
        }
        Daemon::Systemd => read(daemon, message, &mut fields).is_some(),
    }
}

/// Whether a message of a daemon begins like a text.
#[must_use]
pub fn begins(daemon: Daemon, text: &[u8]) -> bool {
    Catalogue::of(daemon).plain.begins(text.trim_ascii())
}

/// As [`read`], but only a text that is all of a message with words enough to be nobody else's: for lines that do not say who
/// wrote them.
pub fn read_certain<'a>(daemon: Daemon, message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    fields.clear();
    let catalogue = Catalogue::of(daemon);
    let text = message.trim_ascii();
    match daemon {
        Daemon::Pdns if text.starts_with(structured::OPENING) && structured::has_time(text) => {
            catalogue.structured.read(text, fields)
        }
        Daemon::Pdns => catalogue.plain.read_certain(prefix::without_pdns_stamp(text), fields),
        Daemon::Keepalived => {
            let text = prefix::without_keepalived_stamp(text);
            catalogue.plain.read_certain(prefix::without_place(text), fields)
        }
        // Who stops a unit is known by its tag alone.
        Daemon::Systemd => None,
    }
}

/// The fields of a wording's text, in its order.
#[must_use]
pub fn field_names(text: &'static str) -> Vec<&'static str> {
    let pieces = template::expand(text).into_iter().next().unwrap_or_default();
    pieces.iter().filter_map(template::Piece::name).collect()
}

/// The wordings of a message that a text of it has, and whether the text is all of them; more than one where releases differ only
/// in what the text leaves open.
#[must_use]
pub fn wordings_of(message: &'static Message, text: &[u8]) -> (Vec<&'static Wording>, bool) {
    let is_pdns = message.id.starts_with("pdns/");
    let text = text.trim_ascii();
    let text = if is_pdns {
        prefix::without_pdns_stamp(text)
    } else {
        prefix::without_place(prefix::without_keepalived_stamp(text))
    };
    let mut fits: Vec<(usize, &'static Wording)> = Vec::new();
    let mut cut = Vec::new();
    for wording in message.texts {
        let alone = Catalogue::alone(message, wording);
        let mut fields = Fields::default();
        let is_whole = if is_pdns && text.starts_with(structured::OPENING) {
            read_pdns(&alone, text, &mut fields).is_some()
        } else {
            alone.plain.read_whole(text, &mut fields).is_some()
        };
        if is_whole {
            let told: usize = fields.iter().map(|(_, value)| value.len()).sum();
            fits.push((text.len().saturating_sub(told), wording));
        } else if alone.plain.read(text, &mut fields).is_some() {
            cut.push(wording);
        }
    }
    // The most literal reading is the catalogue's.
    let most = fits.iter().map(|(own, _)| *own).max();
    match most {
        Some(most) => (fits.into_iter().filter(|(own, _)| *own == most).map(|(_, wording)| wording).collect(), true),
        None => (cut, false),
    }
}

/// What the line says; [`Fact::Other`] where no rule needs it or a field is not what it should be.
#[must_use]
pub fn fact(message: &Message, fields: &Fields<'_>) -> Fact {
    message.read.and_then(|read| read(fields)).unwrap_or(Fact::Other)
}

/// The time that a structured PowerDNS text itself states, in Unix seconds.
#[must_use]
pub fn said_at(message: &[u8]) -> Option<i64> {
    let text = message.trim_ascii();
    text.starts_with(structured::OPENING).then(|| structured::said_at(text)).flatten()
}

/// All rows of a daemon, those that rules rest on first.
#[must_use]
pub fn messages(daemon: Daemon) -> &'static [&'static Message] {
    &Catalogue::of(daemon).messages
}

/// All rows of the witnesses that are no daemon: a cloud's records, and what its command line prints in a script.
pub fn witnesses() -> impl Iterator<Item = &'static Message> {
    aws::ROWS.iter().chain(script::ROWS).chain([&script::LINE]).chain(keepers::ROWS).chain(settings::ROWS)
}

/// Every row there is.
pub fn all_messages() -> impl Iterator<Item = &'static Message> {
    Daemon::ALL.into_iter().flat_map(|daemon| messages(daemon).iter().copied()).chain(witnesses())
}

/// Reads a record of a cloud; `fields` is cleared and filled.
pub fn read_cloud(message: &[u8], fields: &mut Fields<'_>) -> Option<&'static Message> {
    aws::read(message, fields)
}

/// Reads a script's line that a cloud's command line printed; `fields` is cleared and filled.
pub fn read_of_script<'a>(message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    script::read(message, fields)
}

/// Reads any line of a script; `fields` is cleared and filled.
pub fn read_any_of_script<'a>(message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    script::read_any(message, fields)
}

/// Reads a statement of a configuration file; `fields` is cleared and filled.
pub fn read_setting<'a>(identifier: &[u8], message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    settings::read(identifier, message, fields)
}

/// Whether a tag is of statements of a configuration file.
#[must_use]
pub fn is_settings(identifier: &[u8]) -> bool {
    settings::is_settings(identifier)
}

/// Reads a line of a program that keeps logs or a clock; `fields` is cleared and filled.
pub fn read_of_keeper<'a>(identifier: &[u8], message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    keepers::read(identifier, message, fields)
}

/// Whether a tag is of a program that keeps logs or a clock.
#[must_use]
pub fn is_keeper(identifier: &[u8]) -> bool {
    keepers::is_keeper(identifier)
}

/// Whether a tag is of records of a cloud.
#[must_use]
pub fn is_cloud(identifier: &[u8]) -> bool {
    matches!(identifier, b"cloudtrail" | b"describe-addresses")
}

/// Whether a tag is the service manager's.
#[must_use]
pub fn is_service_manager(identifier: &[u8]) -> bool {
    identifier == b"systemd"
}

/// As [`read`] for a line of the service manager: only what it says of the two daemons' units.
pub fn read_of_units<'a>(message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    read(Daemon::Systemd, message, fields).filter(|_| fields.text("unit").is_some_and(|unit| systemd::is_ours(&unit)))
}

/// The daemon a record belongs to, by its identifier and unit. keepalived's scripts log under `keepalived.service` with names
/// of their own, so there a name decides; without one a script's line may be among the daemon's. pdns runs no scripts: under
/// its unit another name is a `SyslogIdentifier=` that somebody changed.
#[must_use]
pub fn daemon_of(identifier: Option<&[u8]>, unit: Option<&[u8]>) -> Option<Daemon> {
    let by_unit = unit.and_then(daemon_of_unit);
    match identifier {
        None => by_unit,
        Some(name) if is_service_manager(name) => None,
        Some(name) if name.ends_with(b".service") => daemon_of_unit(name),
        Some(name) => daemon_of_identifier(name).or(by_unit.filter(|daemon| *daemon == Daemon::Pdns)),
    }
}

fn daemon_of_identifier(name: &[u8]) -> Option<Daemon> {
    if let Some(rest) = name.strip_prefix(b"Keepalived") {
        // `Keepalived_vrrp_ns1_red`: 1.2.24 and later append the network namespace and the instance.
        return matches!(rest.first(), None | Some(b'_')).then_some(Daemon::Keepalived);
    }
    if name == b"keepalived" {
        return Some(Daemon::Keepalived);
    }
    let rest = name.strip_prefix(b"pdns_server").or_else(|| name.strip_prefix(b"pdns"))?;
    let is_instance = rest.first() == Some(&b'-') && !rest.starts_with(b"-recursor");
    (rest.is_empty() || is_instance).then_some(Daemon::Pdns)
}

fn daemon_of_unit(unit: &[u8]) -> Option<Daemon> {
    let name = unit.strip_suffix(b".service")?;
    match name.split(|byte| *byte == b'@').next()? {
        b"pdns" => Some(Daemon::Pdns),
        b"keepalived" => Some(Daemon::Keepalived),
        _ => None,
    }
}

fn read_pdns<'a>(catalogue: &Catalogue, text: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    if text.starts_with(structured::OPENING) {
        if structured::has_time(text) {
            if let Some(message) = catalogue.structured.read(text, fields) {
                return Some(message);
            }
            fields.clear();
        }
        // `loglevel-show=yes` wraps a classic text; some structured lines, the banner for one, hold one too.
        return match structured::msg(text)? {
            Cow::Borrowed(inner) => catalogue.plain.read(inner.trim_ascii(), fields),
            Cow::Owned(inner) => {
                let mut found = Fields::default();
                let message = catalogue.plain.read(inner.trim_ascii(), &mut found);
                found.iter().for_each(|(name, value)| fields.push(name, value.to_vec()));
                message
            }
        };
    }
    let Some((first, next)) = prefix::glued(text) else { return catalogue.plain.read(text, fields) };
    // The permission is only a prelude: what followed it is the news.
    catalogue.plain.read(next, fields).or_else(|| catalogue.plain.read(first, fields))
}
