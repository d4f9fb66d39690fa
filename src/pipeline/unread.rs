//! Lines that no row reads, by what they have in common.

use crate::event::{Daemon, Text};
use crate::record::Record;
use crate::report::Unread;
use std::collections::BTreeMap;

/// Templates kept per source; what comes after these is counted in one of its own.
const TEMPLATES_MAX: usize = 500;
/// Bytes of a template; what stands behind is left out.
const TEMPLATE_BYTES_MAX: usize = 200;
/// Bytes of an example.
const EXAMPLE_BYTES_MAX: usize = 2_000;
/// The template of all lines beyond [`TEMPLATES_MAX`].
const FURTHER: &str = "(further ones)";

/// The templates of one source.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Templates {
    known: BTreeMap<(Daemon, String), Example>,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Example {
    lines: u64,
    line: Option<u64>,
    raw: Text,
}

impl Templates {
    pub(super) fn note(&mut self, daemon: Daemon, record: &Record<'_>) {
        let message = &record.message[..record.message.len().min(4 * TEMPLATE_BYTES_MAX)];
        let mut key = (daemon, template(&String::from_utf8_lossy(message)));
        if self.known.len() >= TEMPLATES_MAX && !self.known.contains_key(&key) {
            key.1 = FURTHER.to_owned();
        }
        let raw = || Text::from(String::from_utf8_lossy(&record.raw[..record.raw.len().min(EXAMPLE_BYTES_MAX)]));
        let line = record.cursor.is_none().then_some(record.line);
        self.known.entry(key).or_insert_with(|| Example { lines: 0, line, raw: raw() }).lines += 1;
    }

    /// How many lines of a daemon there are.
    pub(super) fn lines_of(&self, daemon: Daemon) -> u64 {
        self.known.iter().filter(|((known, _), _)| *known == daemon).map(|(_, example)| example.lines).sum()
    }

    pub(super) fn of_source(&self, path: &Text) -> Vec<Unread> {
        let unread = |((daemon, template), example): (&(Daemon, String), &Example)| Unread {
            daemon: *daemon,
            template: Text::from(template.as_str()),
            lines: example.lines,
            path: path.clone(),
            line: example.line,
            raw: example.raw.clone(),
        };
        self.known.iter().map(unread).collect()
    }
}

/// The templates of all sources, most frequent first; the example is that of the first source, by path.
pub(super) fn merge(sources: Vec<Vec<Unread>>) -> Vec<Unread> {
    let mut all: BTreeMap<(Daemon, Text), Unread> = BTreeMap::new();
    for unread in sources.into_iter().flatten() {
        match all.get_mut(&(unread.daemon, unread.template.clone())) {
            Some(known) => {
                let lines = known.lines + unread.lines;
                if (&unread.path, unread.line) < (&known.path, known.line) {
                    *known = unread;
                }
                known.lines = lines;
            }
            None => {
                all.insert((unread.daemon, unread.template.clone()), unread);
            }
        }
    }
    let mut all: Vec<Unread> = all.into_values().collect();
    all.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.cmp(b)));
    all
}

/// The text with `…` for each word that holds a digit and for what stands in quotes.
fn template(text: &str) -> String {
    let mut said = String::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        if said.len() > TEMPLATE_BYTES_MAX {
            said.push('…');
            break;
        }
        if matches!(first, '\'' | '"' | '`') {
            let closing = if first == '`' { ['`', '\''] } else { [first, first] };
            if let Some(end) = rest[1..].find(closing) {
                said.push(first);
                said.push('…');
                said.push(first);
                rest = &rest[1 + end + 1..];
                continue;
            }
        }
        let is_part =
            |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | ':' | '/' | '-' | '@' | '%');
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        if end == 0 {
            said.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(end);
        let bare = word.trim_end_matches(['.', ':']);
        if bare.contains(|letter: char| letter.is_ascii_digit()) || bare.starts_with('/') || is_masked(bare) {
            said.push('…');
            said.push_str(&word[bare.len()..]);
        } else {
            said.push_str(word);
        }
        rest = after;
    }
    said
}

/// `x.x.x.44` has a digit; `xxx.xxx.xxx.xxx` has none.
fn is_masked(word: &str) -> bool {
    word.contains('.') && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte == b'x'))
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn templates_leave_out_what_differs() {
        for (text, expected) in [
            (
                "Remote 192.0.2.7 wants 'example.com|A', do = 0, bufsize = 512",
                "Remote … wants '…', do = …, bufsize = …",
            ),
            ("it's 5 o'clock", "it'…'clock"),
            ("segfault at 7f3c80 ip 00007f: /usr/lib/x.so", "segfault at … ip …: …"),
            ("from [2001:db8::1]:53 and xxx.xxx.xxx.xxx.", "from […]… and …."),
            ("  unknown 'quote", "unknown 'quote"),
            ("", ""),
        ] {
            assert_eq!(template(text), expected, "{text}");
        }
        assert!(template(&"a ".repeat(4000)).len() < 300);
    }
}
