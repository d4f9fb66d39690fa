//! A claim about the nodes, with the lines it rests on: the border between `detect` and `report`.
//!
//! **Invariant:** no [`Finding`] exists without primary evidence ([`Finding::new`] takes it).

use crate::event::{Event, Text};
use crate::moment::Moment;
use std::sync::Arc;

/// How bad it is, if true. Ordered: `Critical` is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Someone should look.
    Warning,
    /// Service is or was wrong, or will be.
    Critical,
}

/// How sure we are. Ordered: `Confirmed` is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// One side's logs only, or symptoms only.
    Suspected,
    /// The sequence is complete and nothing contradicts it, but nothing independent confirms it.
    Likely,
    /// Independent evidence agrees.
    Confirmed,
}

/// Whether a bound of a finding is known or only bracketed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A line says so.
    Exact,
    /// `since`: at the latest; `until`: at most. The truth lies on the inner side.
    AtMost,
}

/// What a line is to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The claim rests on it.
    Primary,
    /// It agrees with the claim from elsewhere.
    Supporting,
    /// It speaks against the claim.
    Against,
    /// It shows the end.
    Repair,
}

/// One line and what it proves here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it is to the finding.
    pub role: Role,
    /// The line.
    pub event: Arc<Event>,
    /// One sentence: what it proves, in this finding.
    pub proves: Box<str>,
    /// A few words for a table cell, in the operator's nouns: "MASTER, opens master.sh".
    pub brief: Box<str>,
    /// How many more lines like it followed, up to `last` (0: it stands alone).
    pub more: u64,
    /// The last of those.
    pub last: Option<Moment>,
}

/// Another reading of the same lines, and what would decide between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rival {
    /// The other reading, one sentence.
    pub claim: String,
    /// What would settle it.
    pub settled_by: String,
}

/// What a finding is about. What does not apply is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// VRRP instance.
    pub instance: Option<Text>,
    /// Sync group (then `instance` is `None`).
    pub group: Option<Text>,
    /// The thing that moves: the Elastic IP.
    pub resource: Option<Text>,
    /// Node where the resource is.
    pub holder: Option<Text>,
    /// Node where it should be.
    pub owner: Option<Text>,
    /// The one node concerned.
    pub node: Option<Text>,
    /// All nodes concerned, sorted.
    pub nodes: Vec<Text>,
    /// Zones concerned, sorted.
    pub zones: Vec<Text>,
    /// An address concerned (a NOTIFY's sender, an asked primary).
    pub address: Option<Text>,
}

/// What happened to one zone on one secondary because of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneImpact {
    /// Zone.
    pub zone: Text,
    /// Secondary.
    pub node: Text,
    /// Behind from here at the latest.
    pub since: Moment,
    /// Current again; `None` while it is not.
    pub until: Option<Moment>,
    /// Serial it had.
    pub our_serial: Option<u32>,
    /// Serial it should have had.
    pub primary_serial: Option<u32>,
    /// Transfers that failed meanwhile.
    pub failed_transfers: u64,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable hash of rule, peer group or node, and the first primary evidence (node, stamp as written or cursor, text).
    pub id: String,
    /// Rule id: `eip-drift`.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence.
    pub claim: String,
    /// The story in order, a sentence each (what happened, why, what it hit, how it ended). Written for a tired person.
    pub story: Vec<String>,
    /// Begin.
    pub since: Moment,
    /// Whether `since` is exact or "at the latest".
    pub since_is: Bound,
    /// End; `None`: open at the end of the logs.
    pub until: Option<Moment>,
    /// Whether `until` is exact or "at most".
    pub until_is: Bound,
    /// What it is about.
    pub subject: Subject,
    /// The lines, in order of time.
    evidence: Vec<Evidence>,
    /// The finding that explains this one.
    pub cause: Option<String>,
    /// Readings that the lines do not exclude.
    pub rivals: Vec<Rival>,
    /// Zones hit.
    pub impact: Vec<ZoneImpact>,
    /// The first thing that anybody could have noticed of it, where it led to something.
    pub first_symptom: Option<Moment>,
    /// When one who follows the logs is told of it, where its beginning is in them.
    pub told_live: Option<Moment>,
    /// What to do now.
    pub next_steps: Vec<String>,
    /// How to keep it from coming back.
    pub prevention: Vec<String>,
}

impl Finding {
    /// A finding on `first`, its first primary evidence. `key` names the peer group or node: with rule and first evidence it makes the id.
    #[must_use]
    pub fn new(rule: &'static str, key: &str, severity: Severity, confidence: Confidence, first: Evidence) -> Self {
        let since = first.event.time;
        let id = stable_id(rule, key, &first.event);
        let evidence = vec![Evidence { role: Role::Primary, ..first }];
        Self {
            id,
            rule,
            severity,
            confidence,
            claim: String::new(),
            story: Vec::new(),
            since,
            since_is: Bound::Exact,
            until: None,
            until_is: Bound::Exact,
            subject: Subject::default(),
            evidence,
            cause: None,
            rivals: Vec::new(),
            impact: Vec::new(),
            first_symptom: None,
            told_live: None,
            next_steps: Vec::new(),
            prevention: Vec::new(),
        }
    }

    /// The lines it rests on, in order of time (ties: node, path, line).
    #[must_use]
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// Adds a line; the same line twice is kept once, with its weightier role.
    pub fn add(&mut self, evidence: Evidence) {
        let place = order_key(&evidence.event);
        let from = self.evidence.partition_point(|known| order_key(&known.event) < place);
        let to = from + self.evidence[from..].partition_point(|known| order_key(&known.event) == place);
        // Lines of one place in the order: one, but where nothing tells where they stand.
        if let Some(known) = self.evidence[from..to].iter_mut().find(|known| known.event == evidence.event) {
            if evidence.role < known.role {
                *known = evidence;
            }
            return;
        }
        self.evidence.insert(to, evidence);
        self.evidence[from..=to].sort_by_key(|known| known.role);
    }

    /// Whether it still lasted when the logs ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.until.is_none()
    }
}

fn order_key(event: &Event) -> (i64, &str, &str, Option<u64>, Option<&str>) {
    (event.time.micros, &event.node, &event.origin.path, event.origin.line, event.origin.cursor.as_deref())
}

/// FNV-1a over rule, key, node and the line as written, with its stamp or cursor: no path, so that a renamed file keeps its findings' ids, and
/// not the time it is placed at, which a clock that is measured better moves.
fn stable_id(rule: &str, key: &str, first: &Event) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let written = match (&first.origin.cursor, first.origin.line) {
        (Some(cursor), _) => cursor.to_string(),
        (None, Some(_)) => String::new(),
        (None, None) => first.time.rfc3339(),
    };
    let mut hash = OFFSET;
    for part in [rule, key, &first.node, &written, &first.raw.text()] {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }
    format!("{hash:016x}")
}
