//! The head that RFC 5424 defines: every field has its place, and `-` says that one is not known.

use super::header::{Header, Shape, behind_space, first_word, number_of};
use super::stamp;

/// Behind `<30>1 `: `stamp host app procid msgid [data] message`, `-` for what is not known.
pub(super) fn parse(text: &[u8]) -> Option<Header<'_>> {
    let (stamp, rest) = match text {
        [b'-', rest @ ..] => (None, rest),
        _ => {
            let (stamp, rest) = stamp::iso(text).ok()?;
            (Some(stamp), rest)
        }
    };
    let behind_stamp = behind_space(rest);
    let (host, rest) = field(rest)?;
    let (identifier, rest) = field(rest)?;
    let (procid, rest) = field(rest)?;
    let (_msgid, rest) = field(rest)?;
    let message = behind_space(behind_data(rest.strip_prefix(b" ")?)?);
    // rsyslog puts a second space here, the one that stood behind the tag of what it received.
    let message = behind_space(message.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(message));
    Some(Header {
        shape: Shape::Rfc5424,
        stamp,
        host,
        identifier,
        pid: procid.and_then(number_of),
        message,
        behind_stamp,
    })
}

/// A space and a word; `-` is `None`.
fn field(text: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let text = text.strip_prefix(b" ")?;
    let word = first_word(text);
    if word.is_empty() {
        return None;
    }
    Some(((word != b"-").then_some(word), &text[word.len()..]))
}

/// Behind `-` or `[id name="value"][id …]`, in which `\` escapes a quote or a bracket.
fn behind_data(mut text: &[u8]) -> Option<&[u8]> {
    if let [b'-', rest @ ..] = text {
        return Some(rest);
    }
    if text.first() != Some(&b'[') {
        return None;
    }
    while let [b'[', rest @ ..] = text {
        text = behind_element(rest)?;
    }
    Some(text)
}

fn behind_element(text: &[u8]) -> Option<&[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(&text[at + 1..]),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_their_data() {
        let message = |text: &'static str| parse(text.as_bytes()).map(|header| String::from_utf8_lossy(header.message));
        assert_eq!(message("2020-08-18T14:52:03Z ns1 a 1 - - up").as_deref(), Some("up"));
        assert_eq!(message("2020-08-18T14:52:03Z ns1 a 1 - -  \u{FEFF} up").as_deref(), Some("\u{FEFF} up"));
        assert_eq!(message("- ns1 a 1 - [x a=\"\\\"]\"][y] \u{FEFF}up").as_deref(), Some("up"));
        assert_eq!(message("- ns1 a 1 - [x]").as_deref(), Some(""));
        for refused in
            ["", "-", "- ns1 a 1 -", "- ns1 a 1 - ", "- ns1 a 1 - [x", "- ns1 a 1 - up", "-  a 1 - - up", "x y"]
        {
            assert_eq!(parse(refused.as_bytes()), None, "{refused}");
        }
    }
}
