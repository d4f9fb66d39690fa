//! What happened, as past-tense facts with the daemons' own nouns: the border between `catalogue` and everything after.
//!
//! A [`Fact`] knows no text: whatever wording, version or form (plain, structured) said it, the fact is the same.

mod cloud;
mod keepalived;
mod keeper;
mod pdns;
mod raw;
mod setting;
mod site;

use crate::moment::Moment;
use smol_str::SmolStr;
use std::borrow::Cow;

pub use cloud::{Cloud, CloudFact};
pub use keepalived::{Advert, GroupState, Keepalived, Mismatch, Vrrp};
pub use keeper::Keeper;
pub use pdns::{Pdns, TransferFailure};
pub(crate) use raw::Models;
pub use raw::Raw;
pub use setting::{Scope, Setting};
pub use site::SiteFact;

/// Text that costs little to copy: names of zones, nodes, instances and addresses are repeated millions of times. Short ones are kept in
/// place, longer ones are shared.
pub type Text = SmolStr;

/// Bytes of a log as text; what is not UTF-8 is replaced. (`from_utf8_lossy` takes four times as long for what is.)
#[must_use]
pub fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Who a line comes from: the two daemons, and the service manager where it speaks of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Daemon {
    /// PowerDNS Authoritative Server (`pdns_server`).
    Pdns,
    /// keepalived, all of its processes.
    Keepalived,
    /// systemd's service manager, about the units of the two.
    Systemd,
}

impl Daemon {
    /// All, in the order the catalogue has them.
    pub const ALL: [Self; 3] = [Self::Pdns, Self::Keepalived, Self::Systemd];

    /// Whose an event id is, by the word in front of it.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let is_of = |daemon: &Self| id.strip_prefix(daemon.word()).is_some_and(|rest| rest.starts_with('/'));
        Self::ALL.into_iter().find(is_of)
    }

    /// The contract's word for it, which begins its events' ids.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pdns => "pdns",
            Self::Keepalived => "keepalived",
            Self::Systemd => "systemd",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdns => "PowerDNS",
            Self::Keepalived => "keepalived",
            Self::Systemd => "systemd",
        }
    }
}

/// Where a record stands: enough for an operator to find the line again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The source's path as given (or as found below a given directory).
    pub path: Text,
    /// 1-based line; `None` for journal entries.
    pub line: Option<u64>,
    /// Journal cursor.
    pub cursor: Option<Text>,
}

/// A line of one of the daemons, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Catalogue id with its daemon in front: `keepalived/state-master`.
    pub id: &'static str,
    /// What it says.
    pub fact: Fact,
    /// When, in event time (UTC, year resolved, skew corrected).
    pub time: Moment,
    /// The node it happened on.
    pub node: Text,
    /// The process that wrote it.
    pub pid: Option<u32>,
    /// How often it occurred in a row where the log folded repeats; 1 otherwise.
    pub repeated: u32,
    /// Where it stands.
    pub origin: Origin,
    /// The line as written, invalid UTF-8 replaced.
    pub raw: Raw,
}

impl Event {
    /// What PowerDNS said, if it is PowerDNS's line.
    #[must_use]
    pub fn pdns(&self) -> Option<&Pdns> {
        if let Fact::Pdns(pdns) = &self.fact { Some(pdns) } else { None }
    }

    /// What a keepalived process said of itself, if the line does.
    #[must_use]
    pub fn keepalived(&self) -> Option<&Keepalived> {
        if let Fact::Keepalived(keepalived) = &self.fact { Some(keepalived) } else { None }
    }

    /// What happened to a VRRP instance, if the line says so.
    #[must_use]
    pub fn vrrp(&self) -> Option<&Vrrp> {
        if let Fact::Vrrp { what, .. } = &self.fact { Some(what) } else { None }
    }
}

/// A typed past-tense fact. Lines that are known but that no rule listens to are [`Fact::Other`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Fact {
    /// Something about one VRRP instance.
    Vrrp {
        /// Instance name (`VI_1`), without prefix or parentheses.
        instance: Text,
        /// What happened to it.
        what: Vrrp,
    },
    /// A sync group moved: its member instances move with it.
    Group {
        /// Group name.
        group: Text,
        /// The member that set it off (`Syncing instances to …` names only the group; then `None`).
        instance: Option<Text>,
        /// Where to.
        state: GroupState,
    },
    /// Something about a keepalived process.
    Keepalived(Keepalived),
    /// Something PowerDNS said.
    Pdns(Pdns),
    /// A site's own line, read by a pattern of its configuration, or a script's in words that are a cloud's command line's.
    Site {
        /// The pattern's name; that of the command line where no pattern was needed.
        name: Text,
        /// What it says.
        what: SiteFact,
    },
    /// What a cloud's own records say of an address that can be moved.
    Cloud(Box<Cloud>),
    /// What a program that keeps logs or a clock says of its own work.
    Keeper(Keeper),
    /// What a configuration file of a daemon states.
    Setting(Box<Setting>),
    /// A line of the catalogue that no rule needs.
    Other,
    /// A line of one of the two daemons that no row reads.
    Unrecognised(Daemon),
}
