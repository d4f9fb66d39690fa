//! The head of the last line, for the next one: in a busy log most lines begin as the line above, and need not be taken apart.

use super::message;
use super::sniff::Speaker;
use super::text;
use crate::record::{Record, Stamp, place_of};
use std::ops::Range;

/// Takes lines apart, one after the other.
#[derive(Debug, Default)]
pub(super) struct Heads {
    last: Option<Head>,
}

/// `Nov 23 02:12:33 ns1 pdns_server[304]: `, taken apart.
#[derive(Debug)]
struct Head {
    /// As written, its last space included.
    written: Vec<u8>,
    stamp: Stamp,
    host: Range<usize>,
    identifier: Range<usize>,
    pid: Option<u32>,
}

/// A process id and its brackets are shorter.
const PID_BYTES_MAX: usize = 16;

impl Heads {
    /// The record of a line of printable text, as [`text::record`] has it.
    pub(super) fn record<'a>(&mut self, line: u64, raw: &'a [u8], speaker: Speaker) -> Record<'a> {
        match speaker {
            Speaker::Tagged | Speaker::Untagged => {}
            Speaker::Daemon | Speaker::Container | Speaker::Nobody => return text::record(line, raw, raw, speaker),
        }
        if let Some(head) = &self.last
            && let Some(message) = raw.strip_prefix(&*head.written)
        {
            let (message, repeated) = message::unfold(message);
            return Record {
                line,
                raw,
                stamp: Some(head.stamp),
                host: Some(&raw[head.host.clone()]),
                identifier: Some(&raw[head.identifier.clone()]),
                unit: None,
                pid: head.pid,
                message: message::behind_own_stamp(message),
                repeated,
                cursor: None,
                stands_alone: false,
            };
        }
        let record = text::record(line, raw, raw, speaker);
        if let Some(head) = Head::of(&record) {
            self.last = Some(head);
        }
        record
    }
}

impl Head {
    /// The head of a line if nothing behind it could have made it another one: that is so of a stamp without a year, a host without
    /// a colon at its end, and a tag with a process id.
    fn of(record: &Record<'_>) -> Option<Self> {
        let stamp = record.stamp.filter(|stamp| !stamp.year_known)?;
        let (raw, host, identifier) = (record.raw, record.host?, record.identifier?);
        let (host, identifier) = (place_of(host, raw)?, place_of(identifier, raw)?);
        let is_behind = identifier.start == host.end + 1 && raw[host.end] == b' ' && !raw[host.clone()].ends_with(b":");
        let pid = raw.get(identifier.end..)?;
        let close = pid.iter().take(PID_BYTES_MAX).position(|byte| *byte == b']' || *byte == b' ')?;
        let end = identifier.end + close + b"]: ".len();
        let is_closed = pid.first() == Some(&b'[') && pid[close..].starts_with(b"]: ");
        let written = raw.get(..end).filter(|_| is_behind && is_closed)?.to_vec();
        Some(Self { written, stamp, host, identifier, pid: record.pid })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_same_behind_any_other() {
        let lines: [&[u8]; 20] = [
            b"Nov 23 02:12:33 ns1 pdns_server[304]: a",
            b"Nov 23 02:12:33 ns1 pdns_server[304]: [s=1] b: c",
            b"Nov 23 02:12:33 ns1 pdns_server[304]: ",
            b"Nov 23 02:12:33 ns1 pdns_server[304]:",
            b"Nov 23 02:12:33 ns1 pdns_server[304]:  two spaces",
            b"Nov 23 02:12:33 ns1 pdns_server[304]: message repeated 2 times: [ a]",
            b"Nov 23 02:12:33 ns1 pdns_server[304]: last message repeated 2 times",
            b"Nov 23 02:12:33 ns1 pdns_server[304]: Nov 23 02:12:34 own stamp",
            b"Nov 23 02:12:33 ns1 pdns_server[305]: another process",
            b"Nov 23 02:12:33 ns1 pdns_server: no process",
            b"Nov 23 02:12:33 ns1 pdns_server[30x]: no number",
            b"Nov 23 02:12:33 ns1 (systemd)[304]: odd",
            b"Nov 23 02:12:33 pdns_server[304]: no host",
            b"Nov 23 02:12:33  pdns_server[304]: no host",
            b"Nov 23 02:12:33 2001:db8:: pdns[1]: up",
            b"Nov 23 02:12:33 a: pdns[1]: up",
            b"Nov 23 02:12:33.5 ns1 pdns_server[304]: finer",
            b"<30>Nov 23 02:12:33 ns1 pdns_server[304]: prioritised",
            b"<30>1 2020-08-18T14:52:03Z ns1 pdns_server[304]: 304 - - a",
            b"2026-11-23T02:13:08Z ns1 pdns_server[304]: a",
        ];
        for speaker in [Speaker::Tagged, Speaker::Daemon] {
            for (first, second) in lines.iter().flat_map(|first| lines.iter().map(move |second| (first, second))) {
                let mut heads = Heads::default();
                for line in [first, second, second] {
                    assert_eq!(heads.record(1, line, speaker), text::record(1, line, line, speaker));
                }
            }
        }
    }
}
