//! Large logs for measuring: deterministic, realistic, with the counts that whoever reads them must find.
//!
//! `mixed` is a busy host on which 3 of 100 lines are PowerDNS's or keepalived's, and some others only mention them. `secondary` is
//! PowerDNS alone, with the transfers of many zones under way at the same time. The same options give the same bytes everywhere.

mod daemons;
mod others;

use daemons::{Keepalived, Pdns};
use std::io::{self, Write};

/// What a host does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Most lines are other programs'.
    Mixed,
    /// All lines are PowerDNS's.
    Secondary,
}

/// How its lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// RFC 3164.
    Syslog,
    /// rsyslog's ISO form.
    Iso,
    /// `journalctl -o export`, for systemd-journal-remote.
    Export,
}

/// What to write.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    pub(crate) format: Format,
    /// Lines are written until there are so many bytes…
    pub(crate) bytes: u64,
    /// …or so many lines.
    pub(crate) lines: u64,
    pub(crate) seed: u64,
    pub(crate) host: String,
    pub(crate) zones: usize,
    /// How much of a mixed log is ours.
    pub(crate) share: f64,
    /// How much of that is keepalived's.
    pub(crate) vrrp: f64,
    /// Lines a second; 0: the log is about a day long, whatever its size.
    pub(crate) rate: f64,
}

impl Default for Wanted {
    fn default() -> Self {
        let (kind, format, host) = (Kind::Mixed, Format::Syslog, "ns2".to_owned());
        let (bytes, lines, zones) = (u64::MAX, u64::MAX, 200_000);
        Self { kind, format, bytes, lines, seed: 1, host, zones, share: 0.03, vrrp: 0.2, rate: 0.0 }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Truth {
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    pub(crate) pdns: u64,
    pub(crate) vrrp: u64,
    /// `Domain … is stale`.
    pub(crate) stale: u64,
}

impl Truth {
    /// Lines of either daemon.
    pub(crate) fn ours(&self) -> u64 {
        self.pdns + self.vrrp
    }
}

/// SplitMix64: any seed will do.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    pub(crate) fn one_of<'a, T: ?Sized>(&mut self, choice: &[&'a T]) -> &'a T {
        choice[usize::try_from(self.below(choice.len() as u64)).unwrap_or_default()]
    }
}

/// 2025-11-03T00:00:00Z.
const BEGIN_SECONDS: u64 = 1_762_128_000;
const DAY_MICROS: u64 = 86_400_000_000;
/// What lines are chosen by.
const WHOLE: f64 = 65_536.0;

/// One message and who wrote it.
pub(crate) struct Said {
    pub(crate) program: &'static str,
    pub(crate) pid: Option<u64>,
    pub(crate) text: String,
}

/// Writes a log.
pub(crate) fn write(wanted: &Wanted, out: &mut dyn Write) -> io::Result<Truth> {
    let mut random = Random(wanted.seed);
    let zones = if wanted.kind == Kind::Secondary { wanted.zones } else { wanted.zones.min(5_000) };
    let (mut pdns, mut keepalived) = (Pdns::new(&mut random, zones), Keepalived::default());
    let (pdns_share, ours_share) = (wanted.share * (1.0 - wanted.vrrp) * WHOLE, wanted.share * WHOLE);
    let mut truth = Truth::default();
    let mean_bytes = if wanted.format == Format::Export { 900 } else { 128 };
    let expected = wanted.lines.min(wanted.bytes / mean_bytes).max(1);
    let step = if wanted.rate > 0.0 { (2_000_000.0 / wanted.rate) as u64 } else { 2 * DAY_MICROS / expected }.max(2);
    let mut micros = BEGIN_SECONDS * 1_000_000;
    let mut buffer = Vec::with_capacity(1 << 20);
    while truth.lines < wanted.lines && truth.bytes < wanted.bytes {
        micros += random.below(step);
        let chosen = (random.bits() >> 48) as f64;
        let said = if wanted.kind == Kind::Secondary || chosen < pdns_share {
            truth.pdns += 1;
            let text = pdns.next(&mut random);
            truth.stale += u64::from(text.contains("' is stale, "));
            Said { program: "pdns_server", pid: Some(855), text }
        } else if chosen < ours_share {
            truth.vrrp += 1;
            Said { program: "Keepalived_vrrp", pid: Some(892), text: keepalived.next(&mut random) }
        } else {
            others::say(&mut random, truth.lines)
        };
        let before = buffer.len();
        put(wanted, micros, truth.lines, &said, &mut buffer);
        truth.lines += 1;
        truth.bytes += (buffer.len() - before) as u64;
        if buffer.len() > 1 << 20 {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)?;
    out.flush()?;
    Ok(truth)
}

fn put(wanted: &Wanted, micros: u64, line: u64, said: &Said, into: &mut Vec<u8>) {
    let Said { program, pid, text } = said;
    let host = &wanted.host;
    let tag = pid.map_or_else(|| (*program).to_owned(), |pid| format!("{program}[{pid}]"));
    let days = (micros / 1_000_000 - BEGIN_SECONDS) / 86_400;
    let (hour, minute, second) = (micros / 3_600_000_000 % 24, micros / 60_000_000 % 60, micros / 1_000_000 % 60);
    let fraction = micros % 1_000_000;
    // A `Vec` takes everything. November has 30 days, and no log is longer than that.
    let day = 3 + days.min(27);
    let _ = match wanted.format {
        Format::Syslog => writeln!(into, "Nov {day:2} {hour:02}:{minute:02}:{second:02} {host} {tag}: {text}"),
        Format::Iso => writeln!(
            into,
            "2025-11-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}+00:00 {host} {tag}: {text}"
        ),
        Format::Export => entry(host, micros, line, said, into),
    };
}

const BOOT: &str = "3f1c0d2e4b5a69788796a5b4c3d2e1f0";

/// As journald would have stored it, with the fields that it adds itself.
fn entry(host: &str, micros: u64, line: u64, said: &Said, into: &mut Vec<u8>) -> io::Result<()> {
    let Said { program, pid, text } = said;
    let (number, monotonic) = (line + 1, micros - BEGIN_SECONDS * 1_000_000 + DAY_MICROS);
    writeln!(
        into,
        "__CURSOR=s=0123456789abcdef0123456789abcdef;i={number:x};b={BOOT};m={monotonic:x};t={micros:x};x={line:x}"
    )?;
    writeln!(into, "__REALTIME_TIMESTAMP={micros}\n__MONOTONIC_TIMESTAMP={monotonic}\n_BOOT_ID={BOOT}")?;
    writeln!(into, "_MACHINE_ID=9a8b7c6d5e4f30211203f4e5d6c7b8a9\n_HOSTNAME={host}\nPRIORITY=6\nSYSLOG_FACILITY=3")?;
    writeln!(into, "SYSLOG_IDENTIFIER={program}")?;
    if let Some(pid) = pid {
        let comm = program.rsplit('/').next().unwrap_or(program);
        let (comm, unit) = match *program {
            "pdns_server" => ("pdns_server", "pdns.service"),
            "Keepalived_vrrp" => ("keepalived", "keepalived.service"),
            _ => (comm, "session-4.scope"),
        };
        writeln!(
            into,
            "_PID={pid}\nSYSLOG_PID={pid}\n_TRANSPORT=syslog\n_UID=0\n_GID=0\n_COMM={comm}\n_EXE=/usr/sbin/{comm}"
        )?;
        writeln!(
            into,
            "_CMDLINE=/usr/sbin/{comm} --daemon=no\n_CAP_EFFECTIVE=1ffffffffff\n_SELINUX_CONTEXT=unconfined"
        )?;
        writeln!(into, "_SYSTEMD_CGROUP=/system.slice/{unit}\n_SYSTEMD_UNIT={unit}\n_SYSTEMD_SLICE=system.slice")?;
        writeln!(into, "_SYSTEMD_INVOCATION_ID=d41d8cd98f00b204e9800998ecf8427e")?;
    } else {
        writeln!(into, "_TRANSPORT=kernel")?;
    }
    writeln!(into, "_SOURCE_REALTIME_TIMESTAMP={}\nMESSAGE={text}\n", micros - 37)
}
