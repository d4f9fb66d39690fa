//! The wordings that share most words with a line nobody knows.

use super::message::{Message, Wording};
use super::template::{Piece, expand};
use super::{Daemon, messages};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Less in common than this is chance …
const LIKENESS_MIN: f64 = 0.2;
/// … and so are fewer words, unless the wording has no more.
const WORDS_MIN: usize = 3;

/// Every wording with its words, and how much each word tells.
struct Index {
    entries: Vec<(Daemon, &'static Message, &'static Wording, BTreeSet<String>)>,
    weights: BTreeMap<String, f64>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut entries = Vec::new();
    for daemon in Daemon::ALL {
        for message in messages(daemon) {
            for wording in message.texts {
                let mut literals = String::new();
                for piece in expand(wording.1).into_iter().next().unwrap_or_default() {
                    match piece {
                        Piece::Literal(text) | Piece::Constant(_, text) => {
                            literals.push_str(&String::from_utf8_lossy(text))
                        }
                        Piece::Field(_) => literals.push(' '),
                    }
                }
                entries.push((daemon, *message, wording, words(&literals)));
            }
        }
    }
    let mut seen: BTreeMap<String, f64> = BTreeMap::new();
    entries.iter().flat_map(|(.., words)| words).for_each(|word| *seen.entry(word.clone()).or_default() += 1.0);
    #[expect(clippy::cast_precision_loss, reason = "some two thousand wordings")]
    let all = entries.len() as f64;
    let weights = seen.into_iter().map(|(word, times)| (word, (all / times).ln())).collect();
    Index { entries, weights }
});

/// The nearest wordings, nearest first, one for a message.
#[must_use]
pub fn nearest(daemon: Option<Daemon>, line: &str, most: usize) -> Vec<(&'static Message, &'static Wording)> {
    let told = words(line);
    let weight = |word: &String| INDEX.weights.get(word).copied().unwrap_or(1.0);
    let mut ranked: Vec<(f64, &'static Message, &'static Wording)> = INDEX
        .entries
        .iter()
        .filter(|(whose, ..)| daemon.is_none_or(|daemon| *whose == daemon))
        .filter(|(.., words)| words.intersection(&told).count() >= WORDS_MIN.min(words.len()))
        .map(|(_, message, wording, words)| {
            let shared: f64 = words.intersection(&told).map(weight).sum();
            let all: f64 = words.union(&told).map(weight).sum();
            (if all > 0.0 { shared / all } else { 0.0 }, *message, *wording)
        })
        .filter(|(likeness, ..)| *likeness >= LIKENESS_MIN)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut met = BTreeSet::new();
    ranked.retain(|(_, message, _)| met.insert(message.id));
    ranked.into_iter().take(most).map(|(_, message, wording)| (message, wording)).collect()
}

/// Words without what differs from line to line: numbers, addresses, names in quotes.
fn words(text: &str) -> BTreeSet<String> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| word.len() > 1 && !word.bytes().any(|byte| byte.is_ascii_digit()))
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wording_that_changed_a_word_is_near() {
        let near = |line| nearest(None, line, 1).first().map(|(message, _)| message.id);
        assert_eq!(
            near("(VI_1) Master got advert from 192.0.2.2 with higher priority 150, ours 100"),
            Some("keepalived/advert-higher-priority")
        );
        assert_eq!(near("Zone 'example.com' is stale, our serial 1, primary serial 2"), Some("pdns/domain-stale"));
        assert_eq!(near("segfault at 0 ip 0"), None);
        assert_eq!(near(""), None);
    }
}
