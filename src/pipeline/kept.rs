//! A record that outlives the next one.

use crate::event::{Text, lossy};
use crate::record::{Record, Stamp};

/// A record that outlives the next one.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Kept {
    pub(super) line: u64,
    pub(super) raw: Vec<u8>,
    pub(crate) stamp: Option<Stamp>,
    pub(super) host: Option<Vec<u8>>,
    pub(super) identifier: Option<Vec<u8>>,
    pub(super) unit: Option<Vec<u8>>,
    pub(super) pid: Option<u32>,
    pub(super) message: Vec<u8>,
    pub(super) repeated: u32,
    pub(super) cursor: Option<Vec<u8>>,
}

impl Kept {
    /// Takes another record in its place.
    pub(crate) fn set(&mut self, record: &Record<'_>) {
        let set = |kept: &mut Option<Vec<u8>>, value: Option<&[u8]>| match (kept.as_mut(), value) {
            (Some(kept), Some(value)) => {
                kept.clear();
                kept.extend_from_slice(value);
            }
            (None, _) | (_, None) => *kept = value.map(<[u8]>::to_vec),
        };
        self.line = record.line;
        set(&mut self.host, record.host);
        set(&mut self.identifier, record.identifier);
        set(&mut self.unit, record.unit);
        self.pid = record.pid;
        self.message.clear();
        self.message.extend_from_slice(record.message);
        self.raw.clear();
        self.raw.extend_from_slice(record.raw);
        self.stamp = record.stamp;
        self.repeated = record.repeated;
        set(&mut self.cursor, record.cursor);
    }

    /// A copy.
    #[must_use]
    pub fn whole(record: &Record<'_>) -> Self {
        let mut kept = Self::default();
        kept.set(record);
        kept
    }

    /// The record as it was.
    #[must_use]
    pub fn borrowed(&self) -> Record<'_> {
        Record {
            line: self.line,
            raw: &self.raw,
            stamp: self.stamp,
            host: self.host.as_deref(),
            identifier: self.identifier.as_deref(),
            unit: self.unit.as_deref(),
            pid: self.pid,
            message: &self.message,
            repeated: self.repeated,
            cursor: self.cursor.as_deref(),
        }
    }
}

/// Makes `kept` what `bytes` say. Most lines name the host that the line before named, and need no text of their own for it.
pub(super) fn keep_text(kept: &mut Option<Text>, bytes: Option<&[u8]>) {
    let is_same = kept.as_deref().map(str::as_bytes) == bytes;
    if !is_same {
        *kept = bytes.map(|bytes| Text::from(lossy(bytes)));
    }
}
