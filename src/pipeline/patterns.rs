//! Operators' own lines: what a site's scripts log, read by patterns from its configuration file.

use crate::catalogue::Fields;
use crate::event::{Fact, SiteFact, Text};
use crate::record::Record;
use regex::bytes::Regex;

/// All patterns of a configuration, in its order: the first that fits reads the line.
#[derive(Debug, Default)]
pub struct Patterns {
    sites: Vec<Site>,
}

/// One pattern, ready for use.
#[derive(Debug)]
pub struct Site {
    /// `site/<name>`.
    pub id: &'static str,
    regex: Regex,
    groups: Vec<(usize, &'static str)>,
    identifier: Option<String>,
    unit: Option<String>,
    means: Means,
}

/// What a line says that a pattern reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// A node took the address: groups `address` and `node`, both optional.
    AddressClaimed,
    /// The node leaves from this address: group `address`.
    EgressAddress,
    /// The take-over did not work.
    TakeoverFailed,
    /// Worth a line of its own, no more.
    Note,
}

impl Means {
    const ALL: [Self; 4] = [Self::AddressClaimed, Self::EgressAddress, Self::TakeoverFailed, Self::Note];

    /// The word for it in a configuration and in events.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AddressClaimed => "address-claimed",
            Self::EgressAddress => "egress-address",
            Self::TakeoverFailed => "takeover-failed",
            Self::Note => "note",
        }
    }

    /// What a word stands for.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|means| means.word() == word)
    }

    /// What a line says that the pattern called `name` reads.
    pub(super) fn fact(self, name: &str, fields: &Fields<'_>) -> Fact {
        let what = match self {
            Self::AddressClaimed => {
                SiteFact::AddressClaimed { address: fields.address("address"), node: fields.text("node") }
            }
            Self::EgressAddress => match fields.address("address") {
                Some(address) => SiteFact::EgressAddress { address },
                None => SiteFact::Note,
            },
            Self::TakeoverFailed => {
                SiteFact::TakeoverFailed { address: fields.address("address"), node: fields.text("node") }
            }
            Self::Note => SiteFact::Note,
        };
        Fact::Site { name: Text::from(name), what }
    }
}

impl Site {
    /// A pattern called `name`. Its name and its groups' names are kept for the rest of the run: there are as many as a
    /// configuration file has.
    #[must_use]
    pub fn new(name: &str, regex: Regex, identifier: Option<String>, unit: Option<String>, means: Means) -> Self {
        let kept = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let named = regex.capture_names().enumerate().filter_map(|(at, name)| Some((at, name?.to_owned())));
        let groups = named.map(|(at, name)| (at, kept(name))).collect();
        Self { id: kept(format!("site/{name}")), regex, groups, identifier, unit, means }
    }

    /// What the line says.
    #[must_use]
    pub fn fact(&self, fields: &Fields<'_>) -> Fact {
        self.means.fact(self.id.trim_start_matches("site/"), fields)
    }

    /// What it means.
    #[must_use]
    pub fn means(&self) -> Means {
        self.means
    }

    fn read<'a>(&self, record: &Record<'a>, identifier: Option<&[u8]>, fields: &mut Fields<'a>) -> bool {
        let same = |wanted: &Option<String>, told: Option<&[u8]>| {
            wanted.as_ref().is_none_or(|wanted| told.is_some_and(|told| told == wanted.as_bytes()))
        };
        if !same(&self.identifier, identifier) || !same(&self.unit, record.unit.or(record.identifier)) {
            return false;
        }
        let Some(captures) = self.regex.captures(record.message) else { return false };
        fields.clear();
        for (at, name) in &self.groups {
            if let Some(group) = captures.get(*at) {
                fields.push(name, group.as_bytes());
            }
        }
        true
    }
}

impl Patterns {
    /// Patterns in the order of their file.
    #[must_use]
    pub fn new(sites: Vec<Site>) -> Self {
        Self { sites }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// The ids of the events they read.
    pub(super) fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.sites.iter().map(|site| site.id)
    }

    /// A regex of what a line must contain for one of the patterns to read it; `None` if any line may be one.
    #[must_use]
    pub fn prefilter(&self) -> Option<String> {
        let names: Option<Vec<String>> =
            self.sites.iter().map(|site| site.identifier.as_deref().map(regex::escape)).collect();
        names.map(|names| names.join("|"))
    }

    pub(super) fn read<'a>(
        &self,
        record: &Record<'a>,
        identifier: Option<&[u8]>,
        fields: &mut Fields<'a>,
    ) -> Option<&Site> {
        self.sites.iter().find(|site| site.read(record, identifier, fields))
    }
}
