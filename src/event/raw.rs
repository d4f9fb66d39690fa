//! A line as written.

use super::{Text, lossy};
use ahash::AHashMap;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A line as written. It can be told later than the event: of most lines nobody ever asks for it.
#[derive(Clone, Default)]
pub struct Raw(OnceLock<Told>);

#[derive(Debug, Clone)]
struct Told {
    /// The line, without those words that its model has in the same places; all of it where it has no model.
    own: Text,
    model: Option<Arc<Box<str>>>,
}

/// Lines that others are told by: of each kind the last one that is unlike those before it. Most words of a line are its kind's.
#[derive(Debug, Default)]
pub(crate) struct Models {
    by_id: AHashMap<&'static str, Arc<Box<str>>>,
    /// Room for the next line's own words.
    room: String,
}

impl Raw {
    /// The text; empty where it was not told.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self.0.get() {
            Some(Told { own, model: Some(model) }) => Cow::Owned(joined(own, model)),
            Some(Told { own, model: None }) => Cow::Borrowed(own),
            None => Cow::Borrowed(""),
        }
    }

    /// Tells the text of a line of this kind, once somebody has kept its event.
    pub(crate) fn tell(&self, raw: &[u8], id: &'static str, models: &mut Models) {
        self.0.get_or_init(|| models.told(&lossy(raw), id));
    }
}

impl Models {
    fn told(&mut self, line: &str, id: &'static str) -> Told {
        let known = self.by_id.get(id).filter(|model| set_apart(line, model, &mut self.room));
        let model = if let Some(model) = known {
            Arc::clone(model)
        } else {
            let model = Arc::new(Box::from(line));
            set_apart(line, line, &mut self.room);
            self.by_id.insert(id, Arc::clone(&model));
            model
        };
        Told { own: Text::from(self.room.as_str()), model: Some(model) }
    }
}

/// Makes `own` the line without the words that the model has in the same places; `false` where that would not tell the line.
fn set_apart(line: &str, model: &str, own: &mut String) -> bool {
    own.clear();
    let (bytes, modelled) = (line.as_bytes(), model.as_bytes());
    let (mut at, mut at_model) = (0, 0);
    loop {
        let begin = at;
        // Words are shorter than it takes to search for their ends with vectors.
        while bytes.get(at).is_some_and(|byte| *byte != b' ' && modelled.get(at_model) == Some(byte)) {
            (at, at_model) = (at + 1, at_model + 1);
        }
        let (left, left_of_model) = (rest_of_word(&bytes[at..]), rest_of_word(&modelled[at_model..]));
        if left + left_of_model > 0 {
            (at, at_model) = (at + left, at_model + left_of_model);
            // A word left out stands for the model's.
            if begin == at {
                return false;
            }
            own.push_str(&line[begin..at]);
        }
        match (at == bytes.len(), at_model == modelled.len()) {
            (true, true) => return true,
            (false, false) => own.push(' '),
            (true, false) | (false, true) => return false,
        }
        (at, at_model) = (at + 1, at_model + 1);
    }
}

fn rest_of_word(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte == b' ').unwrap_or(text.len())
}

fn joined(own: &str, model: &str) -> String {
    let mut line = String::with_capacity(own.len() + model.len());
    for (at, (word, same)) in own.split(' ').zip(model.split(' ')).enumerate() {
        if at > 0 {
            line.push(' ');
        }
        line.push_str(if word.is_empty() { same } else { word });
    }
    line
}

impl From<Text> for Raw {
    fn from(raw: Text) -> Self {
        // An empty one may still be told.
        if raw.is_empty() { Self::default() } else { Self(OnceLock::from(Told { own: raw, model: None })) }
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(formatter)
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Raw {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_line() -> impl Strategy<Value = String> {
        let word = prop::sample::select(vec!["", "Nov", "3", "00:00:10", "ns2", "é", "\u{fffd}", "(VI_1)", "MASTER"]);
        prop::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn a_line_is_told_as_it_was_written(lines in prop::collection::vec((any_line(), any::<bool>()), 1..20)) {
            let mut models = Models::default();
            for (line, is_of_other_kind) in lines {
                let raw = Raw::default();
                let id = if is_of_other_kind { "keepalived/state-master" } else { "keepalived/state-backup" };
                raw.tell(line.as_bytes(), id, &mut models);
                prop_assert_eq!(raw.text(), line);
            }
        }
    }

    #[test]
    fn a_line_like_the_one_before_it_takes_no_room_of_its_own() {
        let mut models = Models::default();
        let told = |second: u32, models: &mut Models| {
            let line = format!("Nov  3 00:00:{second} ns2 Keepalived_vrrp[892]: (VI_1) Entering MASTER STATE");
            models.told(&line, "keepalived/state-master")
        };
        let (first, second) = (told(10, &mut models), told(11, &mut models));
        assert_eq!(second.own, "   00:00:11      ");
        assert!(!first.own.is_heap_allocated() && !second.own.is_heap_allocated());
        assert_eq!(
            joined(&first.own, &first.model.expect("a model")),
            "Nov  3 00:00:10 ns2 Keepalived_vrrp[892]: (VI_1) Entering MASTER STATE"
        );
    }
}
