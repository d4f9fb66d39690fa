//! What container engines put before a program's line: `2020-08-18T14:52:03.123456789Z stdout F …` in the files of a kubelet,
//! `2020-08-18T14:52:03.123456789Z …` from `docker logs -t` and `kubectl logs --timestamps`, and a name before that where several
//! containers speak: `[pod/ns1-0/keepalived] …` (`kubectl logs --prefix`), `ns1-1  | …` (`docker compose logs`), `ns1-0 keepalived …`
//! (`stern`). The name is taken for the host; what kind of program speaks inside is not said.

use super::header::{Header, Shape, behind_space, first_word};
use super::message;
use super::stamp;
use crate::record::Stamp;

/// The head of a line that an engine wrote; `None` if it is none.
pub(super) fn parse(line: &[u8]) -> Option<Header<'_>> {
    if let Ok((stamp, rest)) = stamp::iso(line) {
        return Some(header(None, Some(stamp), behind_stream(behind_space(rest))));
    }
    parse_named(line)
}

/// The head of a line that begins with a container's name.
pub(super) fn parse_named(line: &[u8]) -> Option<Header<'_>> {
    let (name, rest) = named(line)?;
    match stamp::iso(rest) {
        Ok((stamp, rest)) => Some(header(Some(name), Some(stamp), behind_stream(behind_space(rest)))),
        Err(_) => {
            let (stamp, rest) = own_stamp(rest)?;
            Some(header(Some(name), Some(stamp), rest))
        }
    }
}

/// Whether an ISO stamp is an engine's: they write nanoseconds, without the zeros at the end, or name the stream behind it.
pub(super) fn is_stamped_by_engine(line: &[u8], behind: &[u8]) -> bool {
    let written = &line[..line.len() - behind.len()];
    let fraction =
        written.iter().skip_while(|&&byte| byte != b'.').skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    fraction > 6 || stream(behind_space(behind)).is_some()
}

fn header<'a>(host: Option<&'a [u8]>, stamp: Option<Stamp>, message: &'a [u8]) -> Header<'a> {
    Header { shape: Shape::Container, stamp, host, identifier: None, pid: None, message, behind_stamp: message }
}

/// `[pod/ns1-0/keepalived] `, `ns1-1  | `, or two words before a stamp.
fn named(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(rest) = line.strip_prefix(b"[pod/") {
        let close = rest.iter().take(NAME_BYTES_MAX).position(|&byte| byte == b']')?;
        let pod = rest[..close].split(|&byte| byte == b'/').next()?;
        return Some((pod, behind_space(&rest[close + 1..])));
    }
    let name = first_word(line);
    let rest = line.get(name.len()..)?.trim_ascii_start();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.iter().all(is_name_byte) {
        return None;
    }
    if let Some(rest) = rest.strip_prefix(b"| ") {
        return Some((name, rest));
    }
    let container = first_word(rest);
    let rest = behind_space(&rest[container.len()..]);
    let behind = stamp::iso(rest).ok()?.1;
    (container.iter().all(is_name_byte) && is_stamped_by_engine(rest, behind)).then_some((name, rest))
}

/// Kubernetes and docker take no longer names.
const NAME_BYTES_MAX: usize = 253;

fn is_name_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(byte)
}

/// Behind `stdout F ` or `stderr P `.
fn behind_stream(text: &[u8]) -> &[u8] {
    stream(text).unwrap_or(text)
}

fn stream(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"stdout ").or_else(|| text.strip_prefix(b"stderr "))?;
    rest.strip_prefix(b"F ").or_else(|| rest.strip_prefix(b"P "))
}

/// The stamp that a daemon wrote itself, where the engine wrote none.
fn own_stamp(text: &[u8]) -> Option<(Stamp, &[u8])> {
    if let Ok((stamp, rest)) = stamp::ctime(text) {
        return Some((stamp, rest.strip_prefix(b": ")?));
    }
    let (stamp, _) = stamp::yearless(text).ok()?;
    let message = message::behind_own_stamp(text);
    (message.len() < text.len()).then_some((stamp, message))
}

#[cfg(test)]
mod tests {
    use super::super::header;

    #[test]
    fn names_and_stamps_are_taken_off() {
        for (line, expected) in [
            ("2020-08-18T14:52:03.123456789Z stdout F (VI_1) Entering", "14:52:03.123456 | - | (VI_1) Entering"),
            ("2020-08-18T14:52:03Z stderr P cut", "14:52:03 | - | cut"),
            ("2020-08-18T16:52:03.123456789+02:00 stdout F ", "16:52:03.123456 | - | "),
            ("2020-08-18T14:52:03.1234567Z Domain 'a' is fresh", "14:52:03.123456 | - | Domain 'a' is fresh"),
            ("[pod/ns1-0/main] 2020-08-18T14:52:03.123456789Z up: now", "14:52:03.123456 | ns1-0 | up: now"),
            ("[pod/ns1-0/main] Thu Feb 10 09:49:31 2022: up", "09:49:31 | ns1-0 | up"),
            ("ns1-1  | 2020-08-18T14:52:03.123456789Z up", "14:52:03.123456 | ns1-1 | up"),
            ("ns1-1  | Aug 18 14:52:03 up", "14:52:03 | ns1-1 | up"),
            ("ns1-0 main 2020-08-18T14:52:03.123456789Z up", "14:52:03.123456 | ns1-0 | up"),
            ("2020-08-18T14:52:03.123456Z ns1 pdns[1]: up", "14:52:03.123456 | ns1 | up"),
            ("a word of 2020-08-18T14:52:03.123456789Z", "no head"),
            ("| 2020-08-18T14:52:03Z", "no head"),
            ("[pod/ns1-0/main up", "no head"),
            ("[pod/ns1-0/main] up", "no head"),
        ] {
            let text = |bytes: Option<&[u8]>| {
                bytes.map_or("-".to_owned(), |bytes| bytes.escape_ascii().to_string().replace("\\'", "'"))
            };
            let shown = header::parse(line.as_bytes()).map_or("no head".to_owned(), |header| {
                let time = header.stamp.map_or("-".to_owned(), |stamp| stamp.written.time().to_string());
                format!("{time} | {} | {}", text(header.host), text(Some(header.message)))
            });
            assert_eq!(shown, expected, "{line}");
        }
    }
}
