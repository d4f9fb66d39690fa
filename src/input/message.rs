//! What others put round a program's message: repeats that syslog daemons fold into one line, and the program's own stamp.

use super::header::{behind_space, number_of};
use super::stamp;

/// Behind the stamp that some programs put before each message although syslog or journald stamps it too
/// (`Aug 17 10:22:33 Domain …`, PowerDNS 4.0 under systemd).
pub(super) fn behind_own_stamp(message: &[u8]) -> &[u8] {
    match stamp::yearless(message) {
        Ok((_, [b' ', rest @ ..])) => rest,
        Ok(_) | Err(_) => message,
    }
}

/// The message that a folded repeat stands for, and how often it occurred. `message repeated 3 times: [ text]` has the text
/// in it; `last message repeated 3 times` stands for the message before and gives an empty one. Any other message: itself, once.
pub(super) fn unfold(message: &[u8]) -> (&[u8], u32) {
    folded(message).unwrap_or((message, 1))
}

fn folded(message: &[u8]) -> Option<(&[u8], u32)> {
    let (last, rest) = match message.strip_prefix(b"last ") {
        Some(rest) => (true, rest),
        None => (false, message),
    };
    let rest = rest.strip_prefix(b"message repeated ")?;
    let length = rest.iter().take(11).take_while(|byte| byte.is_ascii_digit()).count();
    let repeated = number_of(&rest[..length]).filter(|&count| count > 0)?;
    let rest = rest[length..].strip_prefix(b" time")?;
    let rest = rest.strip_prefix(b"s").unwrap_or(rest);
    if last {
        return rest.is_empty().then_some((rest, repeated));
    }
    let text = behind_space(rest.strip_prefix(b": [")?);
    Some((text.strip_suffix(b"]").unwrap_or(text), repeated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_stamps() {
        assert_eq!(behind_own_stamp(b"Aug 17 10:22:33 Domain 'a' is fresh"), b"Domain 'a' is fresh");
        for message in [&b"Aug 17 10:22:33"[..], b"Aug 17 10:22:33, a day", b"August 17", b""] {
            assert_eq!(behind_own_stamp(message), message);
        }
    }

    #[test]
    fn folded_repeats() {
        for (message, expected, repeated) in [
            ("message repeated 3 times: [ Domain 'a' is fresh]", "Domain 'a' is fresh", 3),
            ("message repeated 2 times: [  two spaces [x]]", " two spaces [x]", 2),
            ("message repeated 2 times: [cut", "cut", 2),
            ("last message repeated 5 times", "", 5),
            ("last message repeated 1 time", "", 1),
            ("message repeated 99999999999 times: [ x]", "message repeated 99999999999 times: [ x]", 1),
            ("message repeated 0 times: [ x]", "message repeated 0 times: [ x]", 1),
            ("last message repeated 5 times or so", "last message repeated 5 times or so", 1),
            ("message repeated", "message repeated", 1),
        ] {
            assert_eq!(unfold(message.as_bytes()), (expected.as_bytes(), repeated));
        }
    }
}
