//! The head of a line of text: stamp, host, tag. The line's first byte tells which stamp to expect, so each line is tried
//! in its own right, and a file may change its format from line to line.

use super::{container, rfc5424, stamp};
use crate::moment::Precision;
use crate::record::Stamp;

/// What stands before the message, and the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) shape: Shape,
    /// `None` only where RFC 5424 says so with `-`.
    pub(super) stamp: Option<Stamp>,
    pub(super) host: Option<&'a [u8]>,
    pub(super) identifier: Option<&'a [u8]>,
    pub(super) pid: Option<u32>,
    pub(super) message: &'a [u8],
    /// All that stands behind the stamp.
    pub(super) behind_stamp: &'a [u8],
}

/// The formats that can be told apart by a line's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Rfc3164,
    ShortPrecise,
    ShortIso,
    ShortIsoPrecise,
    RsyslogIso,
    ShortFull,
    WithUnit,
    ShortUnix,
    Rfc5424,
    Container,
    DaemonOutput,
}

impl Shape {
    pub(super) const ALL: [Self; 11] = [
        Self::Rfc3164,
        Self::ShortPrecise,
        Self::ShortIso,
        Self::ShortIsoPrecise,
        Self::RsyslogIso,
        Self::ShortFull,
        Self::WithUnit,
        Self::ShortUnix,
        Self::Rfc5424,
        Self::Container,
        Self::DaemonOutput,
    ];

    /// The name that `journalctl -o` or the standards give it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rfc3164 => "rfc3164",
            Self::ShortPrecise => "short-precise",
            Self::ShortIso => "short-iso",
            Self::ShortIsoPrecise => "short-iso-precise",
            Self::RsyslogIso => "rsyslog-iso",
            Self::ShortFull => "short-full",
            Self::WithUnit => "with-unit",
            Self::ShortUnix => "short-unix",
            Self::Rfc5424 => "rfc5424",
            Self::Container => "container",
            Self::DaemonOutput => "daemon-output",
        }
    }
}

/// The head of `line`; `None` if it has no stamp (continuation lines, boot markers, anything that is no log).
pub(super) fn parse(line: &[u8]) -> Option<Header<'_>> {
    let line = skip_decoration(line);
    match line {
        [b'<', ..] => prioritised(line),
        [b'[', b'p', ..] => container::parse_named(line),
        _ => stamped(line).or_else(|| container::parse_named(line)),
    }
}

/// Behind NUL bytes (a hole left by truncation), a byte order mark, terminal colours, indentation and the `> ` of a mail.
pub(super) fn skip_decoration(mut line: &[u8]) -> &[u8] {
    loop {
        line = match line {
            [0 | b' ' | b'\t' | b'>', rest @ ..] | [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
            [0x1B, b'[', rest @ ..] => {
                let parameters = rest.iter().take(32).take_while(|byte| matches!(byte, b'0'..=b';')).count();
                rest.get(parameters + 1..).unwrap_or_default()
            }
            _ => return line,
        }
    }
}

/// `<30>` and what it stands before.
fn prioritised(line: &[u8]) -> Option<Header<'_>> {
    let rest = line.get(1..)?;
    let length = rest.iter().take(4).position(|&byte| byte == b'>')?;
    if number_of(&rest[..length])? > 191 {
        return None;
    }
    match &rest[length + 1..] {
        [b'1', b' ', rest @ ..] => rfc5424::parse(rest),
        rest => stamped(rest),
    }
}

fn stamped(line: &[u8]) -> Option<Header<'_>> {
    let (shape, stamp, rest) = match line.first()? {
        b'0'..=b'9' if line.get(4) == Some(&b'-') => {
            let (stamp, rest) = stamp::iso(line).ok()?;
            if container::is_stamped_by_engine(line, rest) {
                return container::parse(line);
            }
            (iso_shape(stamp.precision, &line[..line.len() - rest.len()]), stamp, rest)
        }
        b'0'..=b'9' => match stamp::unix(line) {
            Ok((stamp, rest)) => (Shape::ShortUnix, stamp, rest),
            Err(_) => localised(line)?,
        },
        b'A'..=b'Z' => match stamp::yearless(line) {
            Ok((stamp, rest)) => (fine_or(stamp.precision, Shape::Rfc3164, Shape::ShortPrecise), stamp, rest),
            Err(_) => match stamp::full(line) {
                Ok((stamp, rest)) => (Shape::ShortFull, stamp, rest),
                Err(_) => match stamp::ctime(line) {
                    Ok((stamp, rest)) => {
                        let message = rest.strip_prefix(b": ");
                        return message.map(|message| unnamed(stamp, message)).or_else(|| logread(stamp, rest));
                    }
                    Err(_) => localised(line)?,
                },
            },
        },
        b'a'..=b'z' | 0x80.. => localised(line)?,
        _ => return None,
    };
    let rest = match rest {
        [b' ', rest @ ..] => rest,
        [] => rest,
        _ => return None,
    };
    if rest.starts_with(b"[s=") {
        return None; // The cursor in an entry's first line of `journalctl -o verbose`.
    }
    let header = named(shape, stamp, rest);
    let unit_named = shape == Shape::ShortFull && header.identifier.is_some_and(|name| name.ends_with(b".service"));
    Some(Header { shape: if unit_named { Shape::WithUnit } else { shape }, ..header })
}

fn localised(line: &[u8]) -> Option<(Shape, Stamp, &[u8])> {
    let (stamp, rest) = stamp::localised(line).ok()?;
    Some((fine_or(stamp.precision, Shape::Rfc3164, Shape::ShortPrecise), stamp, rest))
}

/// ` daemon.info Keepalived_vrrp[137]: message` behind the stamp: OpenWrt's `logread`.
fn logread(stamp: Stamp, behind_stamp: &[u8]) -> Option<Header<'_>> {
    let rest = behind_stamp.strip_prefix(b" ")?;
    let level = first_word(rest);
    let (facility, severity) = level.split_at(memchr::memchr(b'.', level)?);
    let is_word =
        |text: &[u8]| !text.is_empty() && text.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let tag = tag(rest.get(level.len() + 1..)?).filter(|_| is_word(facility) && is_word(&severity[1..]))?;
    Some(Header { identifier: Some(tag.identifier), pid: tag.pid, ..unnamed(stamp, tag.behind) })
}

fn fine_or(precision: Precision, coarse: Shape, fine: Shape) -> Shape {
    match precision {
        Precision::Second => coarse,
        Precision::Milli | Precision::Micro => fine,
    }
}

/// rsyslog and journalctl differ in fractions and in the offset's colon (which newer journalctl writes too).
fn iso_shape(precision: Precision, written: &[u8]) -> Shape {
    let colon_in_offset = matches!(written, [.., b'+' | b'-', _, _, b':', _, _] | [.., b'Z']);
    fine_or(precision, Shape::ShortIso, if colon_in_offset { Shape::RsyslogIso } else { Shape::ShortIsoPrecise })
}

/// `host tag[pid]: message`. Without a host there are two spaces, or (`journalctl --no-hostname`) the tag at once.
fn named(shape: Shape, stamp: Stamp, behind_stamp: &[u8]) -> Header<'_> {
    let (host, rest) = match behind_stamp {
        [b' ', rest @ ..] => (None, rest),
        rest if ends_in_single_colon(first_word(rest)) && tag(rest).is_some() => (None, rest),
        rest => {
            let host = first_word(rest);
            (Some(host), rest.get(host.len() + 1..).unwrap_or_default())
        }
    };
    let (identifier, pid, message) = match tag(rest) {
        Some(Tag { identifier, pid, behind }) => (Some(identifier), pid, behind),
        None => (None, None, rest),
    };
    let host = host.filter(|host| !host.is_empty());
    Header { shape, stamp: Some(stamp), host, identifier, pid, message, behind_stamp }
}

/// What a daemon writes to its own file or terminal: neither host nor tag.
fn unnamed(stamp: Stamp, message: &[u8]) -> Header<'_> {
    Header {
        shape: Shape::DaemonOutput,
        stamp: Some(stamp),
        host: None,
        identifier: None,
        pid: None,
        message,
        behind_stamp: message,
    }
}

/// The head of a line in a file that is known to be [`Shape::DaemonOutput`]: what looks like a host is the message's first
/// word. A line with a pid came from somewhere else.
pub(super) fn parse_daemon_output(line: &[u8]) -> Option<Header<'_>> {
    let header = parse(line)?;
    match header.shape {
        Shape::Rfc3164 | Shape::ShortPrecise if header.pid.is_none() => {
            Some(unnamed(header.stamp?, header.behind_stamp))
        }
        Shape::Rfc3164
        | Shape::ShortPrecise
        | Shape::ShortIso
        | Shape::ShortIsoPrecise
        | Shape::RsyslogIso
        | Shape::ShortFull
        | Shape::WithUnit
        | Shape::ShortUnix
        | Shape::Rfc5424
        | Shape::Container
        | Shape::DaemonOutput => Some(header),
    }
}

pub(super) fn first_word(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b' ', text).unwrap_or(text.len())]
}

/// A host may be an IPv6 address that ends in `::`.
fn ends_in_single_colon(word: &[u8]) -> bool {
    word.ends_with(b":") && !word.ends_with(b"::")
}

/// No tag is longer; what looks like one is a message with a colon in it.
const TAG_BYTES_MAX: usize = 64;

struct Tag<'a> {
    identifier: &'a [u8],
    pid: Option<u32>,
    behind: &'a [u8],
}

/// `pdns_server[304]: `, `kernel: `. A word of prose before a colon cannot be told from a tag without pid, but one with
/// brackets or quotes, like `VRRP_Instance(VI_1):`, is no tag.
fn tag(text: &[u8]) -> Option<Tag<'_>> {
    for (at, byte) in text.iter().take(TAG_BYTES_MAX + 1).enumerate() {
        match byte {
            b' ' | 0 => return None,
            b'[' => return tag_with_pid(text, at),
            b'(' | b')' | b'\'' | b'"' | b'=' | b',' | b']' | b'{' | b'}' => return tag_until_bracket(text, at),
            b':' if matches!(text.get(at + 1), None | Some(b' ')) => {
                return (at > 0).then(|| Tag {
                    identifier: &text[..at],
                    pid: None,
                    behind: behind_space(&text[at + 1..]),
                });
            }
            _ => {}
        }
    }
    None
}

/// `(systemd)[304]: `: odd bytes are fine where a pid follows.
fn tag_until_bracket(text: &[u8], from: usize) -> Option<Tag<'_>> {
    let length = text[from..].iter().take(TAG_BYTES_MAX + 1 - from).position(|&byte| byte == b'[' || byte == b' ')?;
    let tag = tag_with_pid(text, from + length)?;
    tag.pid.is_some().then_some(tag)
}

fn tag_with_pid(text: &[u8], at: usize) -> Option<Tag<'_>> {
    let behind = text.get(at..)?.strip_prefix(b"[")?;
    let length = behind.iter().take(TAG_BYTES_MAX).position(|&byte| byte == b']' || byte == b' ')?;
    let message = behind[length..].strip_prefix(b"]:")?;
    (at > 0).then(|| Tag { identifier: &text[..at], pid: number_of(&behind[..length]), behind: behind_space(message) })
}

pub(super) fn behind_space(text: &[u8]) -> &[u8] {
    text.strip_prefix(b" ").unwrap_or(text)
}

pub(super) fn number_of(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &[u8]) -> String {
        let Some(header) = parse(line) else { return "no head".to_owned() };
        let text =
            |bytes: Option<&[u8]>| bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.escape_ascii().to_string());
        format!(
            "{} | {} | {} | {} | {} | {}",
            header.shape.name(),
            header.stamp.map_or_else(|| "-".to_owned(), |stamp| stamp.written.to_string()),
            text(header.host),
            text(header.identifier),
            header.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            text(Some(header.message)),
        )
    }

    #[test]
    fn heads_of_all_formats() {
        for (line, expected) in [
            (
                "Nov 23 02:12:33 ns1 pdns_server[304]: a: b",
                "rfc3164 | 2000-11-23 02:12:33 | ns1 | pdns_server | 304 | a: b",
            ),
            ("Nov  3 02:12:33 ns1 kernel: up", "rfc3164 | 2000-11-03 02:12:33 | ns1 | kernel | - | up"),
            ("<30>Nov 23 02:12:33 ns1 pdns[1]: up", "rfc3164 | 2000-11-23 02:12:33 | ns1 | pdns | 1 | up"),
            ("Nov 23 02:12:33  pdns[1]: up", "rfc3164 | 2000-11-23 02:12:33 | - | pdns | 1 | up"),
            ("Nov 23 02:12:33 pdns[1]: up", "rfc3164 | 2000-11-23 02:12:33 | - | pdns | 1 | up"),
            ("Nov 23 02:12:33 2001:db8:: pdns[1]: up", "rfc3164 | 2000-11-23 02:12:33 | 2001:db8:: | pdns | 1 | up"),
            ("Nov 23 02:12:33.123456 ns1 a[1]: up", "short-precise | 2000-11-23 02:12:33.123456 | ns1 | a | 1 | up"),
            ("2026-11-23T02:13:08+0000 ns1 a[1]: up", "short-iso | 2026-11-23 02:13:08 | ns1 | a | 1 | up"),
            ("2026-11-23T02:13:08+00:00 ns1 a[1]: up", "short-iso | 2026-11-23 02:13:08 | ns1 | a | 1 | up"),
            ("2026-11-23T02:13:08Z ns1 a[1]: up", "short-iso | 2026-11-23 02:13:08 | ns1 | a | 1 | up"),
            (
                "2026-11-23T02:13:08.5678+0000 ns1 a: up",
                "short-iso-precise | 2026-11-23 02:13:08.567800 | ns1 | a | - | up",
            ),
            ("2026-11-23T02:13:08.567+00:00 ns1 a: up", "rsyslog-iso | 2026-11-23 02:13:08.567 | ns1 | a | - | up"),
            ("Mon 2026-11-23 02:12:33 UTC ns1 a[1]: up", "short-full | 2026-11-23 02:12:33 | ns1 | a | 1 | up"),
            (
                "Mon 2026-11-23 02:12:33 UTC ns1 pdns@a.service[1]: up",
                "with-unit | 2026-11-23 02:12:33 | ns1 | pdns@a.service | 1 | up",
            ),
            ("1795399988.187798 ns1 a[1]: up", "short-unix | 2026-11-23 02:13:08.187798 | ns1 | a | 1 | up"),
            (
                "<30>1 2020-08-18T14:52:03.123Z ns1 pdns_server 304 - - \u{FEFF}a: b",
                "rfc5424 | 2020-08-18 14:52:03.123 | ns1 | pdns_server | 304 | a: b",
            ),
            (
                r#"<30>1 2020-08-18T14:52:03Z - - - ID47 [x@1 a="\"]" b="c"][y] up"#,
                "rfc5424 | 2020-08-18 14:52:03 | - | - | - | up",
            ),
            ("<30>1 - ns1 a - - -", "rfc5424 | - | ns1 | a | - | "),
            ("\u{FEFF}\x1b[0;1;31mNov 23 02:12:33 ns1 a[1]: up", "rfc3164 | 2000-11-23 02:12:33 | ns1 | a | 1 | up"),
            ("\0\0\0Nov 23 02:12:33 ns1 a[1]: up", "rfc3164 | 2000-11-23 02:12:33 | ns1 | a | 1 | up"),
            ("  Nov 23 02:12:33 ns1 a[1]: up", "rfc3164 | 2000-11-23 02:12:33 | ns1 | a | 1 | up"),
            ("> > Nov 23 02:12:33 ns1 a[1]: up", "rfc3164 | 2000-11-23 02:12:33 | ns1 | a | 1 | up"),
            ("11月 23 02:12:33 ns1 a[1]: up", "rfc3164 | 2000-11-23 02:12:33 | ns1 | a | 1 | up"),
            ("Thu Feb 10 09:49:31 2022 daemon.info a[1]: up", "daemon-output | 2022-02-10 09:49:31 | - | a | 1 | up"),
            ("Thu Feb 10 09:49:31 2022: a: b", "daemon-output | 2022-02-10 09:49:31 | - | - | - | a: b"),
            ("Nov 23 02:12:33", "rfc3164 | 2000-11-23 02:12:33 | - | - | - | "),
            ("Nov 23 02:12:33 ns1", "rfc3164 | 2000-11-23 02:12:33 | ns1 | - | - | "),
        ] {
            assert_eq!(shown(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn tags() {
        for (behind_host, expected) in [
            ("pdns_server-inst[1]: up", "pdns_server-inst | 1 | up"),
            ("Keepalived_vrrp_ns1_red[12]: up", "Keepalived_vrrp_ns1_red | 12 | up"),
            ("user@1000.service/a.service[2]: up", "user@1000.service/a.service | 2 | up"),
            ("(systemd)[2]: up", "(systemd) | 2 | up"),
            ("a[main]: up", "a | - | up"),
            ("a[99999999999]: up", "a | - | up"),
            ("a[1]:   up", "a | 1 |   up"),
            ("a:", "a | - | "),
            ("foo::bar[3]: up", "foo::bar | 3 | up"),
            ("last message repeated 3 times", "- | - | last message repeated 3 times"),
            ("Received notify: no", "- | - | Received notify: no"),
            ("VRRP_Instance(VI_1): no", "- | - | VRRP_Instance(VI_1): no"),
            ("[gsqlite3] This: no", "- | - | [gsqlite3] This: no"),
            ("a[1] b: no", "- | - | a[1] b: no"),
            (": no", "- | - | : no"),
        ] {
            let line = format!("Nov 23 02:12:33 ns1 {behind_host}");
            assert_eq!(shown(line.as_bytes()), format!("rfc3164 | 2000-11-23 02:12:33 | ns1 | {expected}"));
        }
        let longest = "t".repeat(64);
        let tagged = |tag: &str| format!("Nov 23 02:12:33 ns1 {tag}: up");
        let identifier_length =
            |line: &str| parse(line.as_bytes()).and_then(|header| header.identifier).map(<[u8]>::len);
        assert_eq!(identifier_length(&tagged(&longest)), Some(64));
        assert_eq!(identifier_length(&tagged(&(longest + "t"))), None);
    }

    #[test]
    fn lines_without_a_head() {
        for line in [
            "-- Boot 0123456789abcdef --",
            "-- Journal begins at Mon 2026-11-23 02:12:33 UTC, ends at Mon 2026-11-23 02:14:33 UTC. --",
            "    and so on",
            "#include <stdio.h>",
            "Nov 23 02:12:33, a day",
            "2020-08-18T14:52:03Z,1,2",
            "<999>Nov 23 02:12:33 ns1 a: up",
            "<30>1 2020-08-18T14:52:03Z ns1 a 1 -",
            "<30>1 2020-08-18T14:52:03Z ns1 a 1 - [x",
            "<30>",
            "<",
            "\x1b[",
            "Mon 2026-11-23 02:13:15.571672 UTC [s=b3b602293a7546d191ea7b33dbf98c1f;i=1]",
            "",
        ] {
            assert_eq!(shown(line.as_bytes()), "no head", "{line}");
        }
    }
}
