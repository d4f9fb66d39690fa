//! Text that no field describes: words that the daemons themselves print pass, names that are known are replaced, and so is
//! every other word.

use super::names::Kind;
use crate::catalogue;
use crate::event::Daemon;
use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Says what stands for a name.
pub(super) trait Replace {
    /// For one that is a name of this kind; `None`: it was never noted.
    fn named(&mut self, kind: Kind, text: &str) -> Option<String>;
    /// For one that may be; `None`: it is none that is known.
    fn known(&self, kind: Kind, text: &str) -> Option<String>;
}

/// What stands in structured lines beside their message, and what the C library, resolvers and releases say.
const FURTHER_WORDS: &str = "subsystem prio ts msg error Info Notice Warning Error Debug Critical Alert Emergency \
    Authoritative Authorized Not Server Failure Query Refused Non Existent domain Form Implemented Connection refused timed out No \
    route to host Network is unreachable Resource temporarily unavailable Permission denied such file or directory Address \
    already in use Cannot assign requested address Operation not permitted Broken pipe reset by peer Timeout EOF alpha beta rc \
    etc keepalived sh bash usr local bin sbin libexec var lib run scripts notify master backup fault eth0 eth1 ens3 ens5 lo \
    pdns service PowerDNS Keepalive Daemon LVS and VRRP High Availability Monitor";

static VOCABULARY: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let rows = || Daemon::ALL.into_iter().flat_map(catalogue::messages);
    let mut words: BTreeSet<&str> = rows().flat_map(|row| pieces(row.sample)).collect();
    // Samples name things that somebody may really have.
    words.retain(|word| word.chars().all(char::is_alphabetic));
    for name in ["example", "com", "org", "net", "test", "localhost"] {
        words.remove(name);
    }
    words.extend(rows().flat_map(|row| row.texts.iter().flat_map(|(_, text)| pieces(text))));
    words.extend(FURTHER_WORDS.split_whitespace());
    words
});

fn is_inside(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '.' | ':' | '_' | '-')
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|piece| !piece.is_empty())
}

/// A text with its words replaced. What stands between words is kept, control characters aside.
pub(super) fn replaced(text: &str, replace: &mut dyn Replace) -> String {
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = rest.find(|letter| !is_inside(letter)).unwrap_or(rest.len());
        if length == 0 {
            if !letter.is_control() {
                new.push(letter);
            }
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        atom(&rest[..length], replace, &mut new);
        rest = &rest[length..];
    }
    new
}

/// Something without a space in it: an address, a name, or pieces of words.
fn atom(text: &str, replace: &mut dyn Replace, new: &mut String) {
    if let Some(address) = address(text, replace) {
        return new.push_str(&address);
    }
    let inner = text.trim_matches(['.', ':', '-']);
    if inner.is_empty() {
        return new.push_str(text);
    }
    let start = text.find(inner).unwrap_or(0);
    new.push_str(&text[..start]);
    whole(inner, replace, new);
    new.push_str(&text[start + inner.len()..]);
}

fn whole(text: &str, replace: &mut dyn Replace, new: &mut String) {
    if let Some(address) = address(text, replace) {
        return new.push_str(&address);
    }
    if VOCABULARY.contains(text) {
        return new.push_str(text);
    }
    let names: &[Kind] =
        if text.contains('.') { &[Kind::Zone, Kind::Host] } else { &[Kind::Instance, Kind::Group, Kind::Host] };
    for kind in names {
        if let Some(name) = replace.known(*kind, text) {
            return new.push_str(&name);
        }
    }
    let hides_an_address = may_hold_an_address(text);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = rest.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(rest.len());
        if length == 0 {
            new.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        let piece = &rest[..length];
        let passes = if is_number(piece) { !hides_an_address } else { VOCABULARY.contains(piece) };
        if passes {
            new.push_str(piece);
        } else {
            // A word that was not noted is not told: the line will not be the one that was read, and be dropped.
            new.push_str(&replace.named(Kind::Word, piece).unwrap_or_default());
        }
        rest = &rest[length..];
    }
}

/// `5.6.7.8-5.6.7.9`, `ip-10-0-1-241`: numbers that are parted like an address are told no more than other words. Dates, times and
/// releases have fewer parts.
fn may_hold_an_address(text: &str) -> bool {
    ['.', '-', '_', ':'].into_iter().any(|separator| text.matches(separator).count() >= 3)
}

/// `42`, and `v2` or `rc1` of releases.
fn is_number(piece: &str) -> bool {
    let digits = ["v", "rc", "alpha", "beta", ""].iter().find_map(|prefix| piece.strip_prefix(prefix)).unwrap_or(piece);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// An address, with its port if it has one.
pub(super) fn address(text: &str, replace: &mut dyn Replace) -> Option<String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return replace.named(Kind::Address, &address.to_string());
    }
    if let Ok(SocketAddr::V4(address)) = text.parse::<SocketAddr>() {
        let new = replace.named(Kind::Address, &address.ip().to_string())?;
        return Some(format!("{new}:{}", address.port()));
    }
    let (bare, port) = match text.split_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (bare, &text[bare.len()..]),
        Some(_) => return None,
        None => (text, ""),
    };
    is_masked(bare).then(|| replace.named(Kind::Address, bare)).flatten().map(|new| format!("{new}{port}"))
}

/// `18.xxx.xxx.xxx`.
fn is_masked(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_mask = |part: &str| !part.is_empty() && part.bytes().all(|byte| matches!(byte, b'x' | b'X'));
    let is_part = |part: &&str| is_mask(part) || part.parse::<u8>().is_ok();
    parts.len() == 4 && parts.iter().all(is_part) && parts.iter().any(|part| is_mask(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Noted(Vec<(Kind, String)>);

    impl Replace for Noted {
        fn named(&mut self, kind: Kind, text: &str) -> Option<String> {
            self.0.push((kind, text.to_owned()));
            Some("X".to_owned())
        }

        fn known(&self, _: Kind, _: &str) -> Option<String> {
            None
        }
    }

    #[test]
    fn only_words_of_the_daemons_pass() {
        let mut replace = Noted(Vec::new());
        let text = "Opening script file /etc/keepalived/acme-move.sh [2a01::7]:53, 5.6.7.8:53(1.2.3.4) 18.xxx.xxx.xxx:53 v2.2.7 \u{1b}[m \
                    5.6.7.8-9 ip-10-0-1-241 15:23:18";
        let new = replaced(text, &mut replace);
        assert_eq!(
            new,
            "Opening script file /etc/keepalived/X-X.sh [X]:53, X:53(X) X:53 v2.2.7 [X X.X.X.X-X ip-X-X-X-X 15:23:18"
        );
        let words: Vec<&str> =
            replace.0.iter().filter(|(kind, _)| *kind == Kind::Word).map(|(_, word)| word.as_str()).collect();
        assert_eq!(words[..5], ["acme", "move", "m", "5", "6"]);
    }
}
