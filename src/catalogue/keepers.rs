//! What the keepers of logs and clocks say of their own work: entries they threw away, a clock they set. Neither is of a daemon, but
//! both bound what a daemon's silence and its stamps prove.

use super::daemon_of;
use super::message::{Fields, Message};
use crate::event::{Fact, Keeper};

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "journald/suppressed",
        texts: &[("..", "Suppressed {messages} messages from {unit}")],
        sample: "Suppressed 163 messages from pdns.service",
        source: "src/journal/journald-server.c",
        proves: "journald threw away entries of this unit, written shortly before: what it did not say there proves nothing.",
        read: Some(suppressed),
    },
    Message {
        id: "rsyslog/messages-lost",
        texts: &[
            ("..", "{input}: {messages} messages lost due to rate-limiting ({limit})"),
            ("..", "{input}: {messages} messages lost due to rate-limiting"),
        ],
        sample: "imuxsock[pid: 4711, name: /usr/sbin/pdns_server]: 236 messages lost due to rate-limiting (20000 allowed within 300 seconds)",
        source: "runtime/ratelimit.c",
        proves: "rsyslog threw away lines, of one process or (imjournal) of all: what was not said shortly before proves nothing.",
        read: Some(lost),
    },
    Message {
        id: "clock/stepped",
        texts: &[("..", "System clock was stepped by {seconds} seconds"), ("..", "Time has been changed")],
        sample: "System clock was stepped by -3.250112 seconds",
        source: "reference.c (chrony), src/core/manager.c (systemd)",
        proves: "The clock was set: a stamp before this line and one after it do not tell how much time lay between them.",
        read: Some(stepped),
    },
];

/// Reads a whole line of such a program; `fields` is cleared and filled.
pub(super) fn read<'a>(identifier: &[u8], message: &'a [u8], fields: &mut Fields<'a>) -> Option<&'static Message> {
    fields.clear();
    let text = message.trim_ascii();
    let row = match identifier {
        b"systemd-journald" | b"systemd-journal" => as_suppressed(text, fields).map(|()| &ROWS[0]),
        b"rsyslogd" => as_lost(text, fields).map(|()| &ROWS[1]),
        // Old releases write their error's number behind their name.
        _ if identifier.starts_with(b"rsyslogd-") => as_lost(text, fields).map(|()| &ROWS[1]),
        b"chronyd" => as_stepped(text, fields).map(|()| &ROWS[2]),
        b"systemd" => (text == b"Time has been changed").then_some(&ROWS[2]),
        _ => None,
    };
    if row.is_none() {
        fields.clear();
    }
    row
}

/// Whether a tag is of such a program.
pub(super) fn is_keeper(identifier: &[u8]) -> bool {
    identifier.starts_with(b"systemd-journal") || identifier.starts_with(b"rsyslogd") || identifier == b"chronyd"
}

fn as_suppressed<'a>(text: &'a [u8], fields: &mut Fields<'a>) -> Option<()> {
    let (messages, rest) = number(text.strip_prefix(b"Suppressed ")?)?;
    let unit = rest.strip_prefix(b" messages from ")?;
    // A control group, by its path in old releases.
    let unit = unit.rsplit(|byte| *byte == b'/').next().filter(|name| !name.is_empty()).unwrap_or(unit);
    fields.push("messages", messages);
    fields.push("unit", unit);
    Some(())
}

fn as_lost<'a>(text: &'a [u8], fields: &mut Fields<'a>) -> Option<()> {
    let at = memchr::memmem::rfind(text, b": ")?;
    let (input, rest) = text.split_at(at);
    let (messages, rest) = number(&rest[2..])?;
    let rest = rest.strip_prefix(b" messages lost due to rate-limiting")?;
    let limit = match rest {
        b"" => None,
        _ => Some(rest.strip_prefix(b" (")?.strip_suffix(b")")?),
    };
    fields.push("input", input);
    fields.push("messages", messages);
    if let Some(limit) = limit {
        fields.push("limit", limit);
    }
    Some(())
}

fn as_stepped<'a>(text: &'a [u8], fields: &mut Fields<'a>) -> Option<()> {
    let seconds = text.strip_prefix(b"System clock was stepped by ")?.strip_suffix(b" seconds")?;
    std::str::from_utf8(seconds).ok()?.parse::<f64>().ok()?;
    fields.push("seconds", seconds);
    Some(())
}

fn number(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| text.split_at(digits))
}

fn messages(fields: &Fields<'_>) -> u64 {
    fields.text("messages").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX)
}

/// Another unit's entries are none of ours.
fn suppressed(fields: &Fields<'_>) -> Option<Fact> {
    let unit = fields.text("unit")?;
    let of = match &*unit {
        // All of the system's; early releases name no unit.
        "system.slice" | "/" => None,
        unit => Some(daemon_of(None, Some(unit.as_bytes()))?),
    };
    Some(Fact::Keeper(Keeper::Lost { messages: messages(fields), of }))
}

/// Of the process that rsyslog names, where it does.
fn lost(fields: &Fields<'_>) -> Option<Fact> {
    let input = fields.text("input")?;
    let of = match input.split_once("name: ") {
        Some((_, name)) => {
            let path = name.split(']').next().unwrap_or(name);
            let name = path.rsplit('/').next().unwrap_or(path);
            Some(daemon_of(Some(name.as_bytes()), None)?)
        }
        None => None,
    };
    Some(Fact::Keeper(Keeper::Lost { messages: messages(fields), of }))
}

fn stepped(fields: &Fields<'_>) -> Option<Fact> {
    let micros = fields.text("seconds").and_then(|text| text.parse::<f64>().ok()).map(|seconds| seconds * 1e6);
    #[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates, and no clock is off by an age")]
    let micros = micros.map(|micros| micros.round() as i64);
    Some(Fact::Keeper(Keeper::ClockStepped { micros }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Daemon;

    fn told(identifier: &str, message: &str) -> Option<(&'static str, Fact)> {
        let mut fields = Fields::default();
        let row = read(identifier.as_bytes(), message.as_bytes(), &mut fields)?;
        Some((row.id, super::super::fact(row, &fields)))
    }

    fn lost(messages: u64, of: Option<Daemon>) -> Fact {
        Fact::Keeper(Keeper::Lost { messages, of })
    }

    #[test]
    fn what_was_thrown_away_is_read_with_whose_it_was() {
        let journald = |message| told("systemd-journald", message).map(|(_, fact)| fact);
        assert_eq!(journald("Suppressed 163 messages from pdns.service"), Some(lost(163, Some(Daemon::Pdns))));
        let old = "Suppressed 917 messages from /system.slice/keepalived.service";
        assert_eq!(told("systemd-journal", old).map(|(_, fact)| fact), Some(lost(917, Some(Daemon::Keepalived))));
        assert_eq!(journald("Suppressed 917 messages from /"), Some(lost(917, None)));
        assert_eq!(journald("Suppressed 9 messages from nginx.service"), Some(Fact::Other));
        assert_eq!(journald("Suppressed many messages from pdns.service"), None);
    }

    #[test]
    fn rsyslogs_losses_are_of_a_process_or_of_all() {
        let of = |message| told("rsyslogd", message).map(|(_, fact)| fact);
        let named = "imuxsock[pid: 51, name: /usr/sbin/pdns_server]: 48 messages lost due to rate-limiting (200 allowed within 5 seconds)";
        assert_eq!(of(named), Some(lost(48, Some(Daemon::Pdns))));
        let stranger = "imuxsock[pid: 51, name: /usr/sbin/nginx]: 48 messages lost due to rate-limiting (200 allowed within 5 seconds)";
        assert_eq!(of(stranger), Some(Fact::Other));
        assert_eq!(of("imjournal: 84667 messages lost due to rate-limiting"), Some(lost(84667, None)));
        let old = told("rsyslogd-2177", "imuxsock[pid 22830]: 6 messages lost due to rate-limiting");
        assert_eq!(old.map(|(_, fact)| fact), Some(lost(6, None)));
        assert_eq!(of("imjournal: begin to drop messages due to rate-limiting"), None);
    }

    #[test]
    fn a_clock_that_was_set_is_read_with_by_how_much() {
        let step = |micros| Some(("clock/stepped", Fact::Keeper(Keeper::ClockStepped { micros })));
        assert_eq!(told("chronyd", "System clock was stepped by -3.250112 seconds"), step(Some(-3_250_112)));
        assert_eq!(told("systemd", "Time has been changed"), step(None));
        assert_eq!(told("chronyd", "System clock was stepped by a lot of seconds"), None);
        assert_eq!(told("nginx", "Time has been changed"), None);
    }
}
