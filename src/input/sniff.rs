//! What a file is, judged by its first bytes.

use super::cloud::{self, Listing};
use super::header::{self, Header, Shape};
use super::json::{self, Dialect};
use super::settings::{self, Settings};
use super::unpack::Packing;
use super::verbose;
use chrono::NaiveDate;

/// What the beginning of a stream looks like.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No bytes at all.
    Empty,
    /// Lines of text, most of them of the named format.
    Text { format: &'static str, speaker: Speaker },
    /// `journalctl -o export`.
    Export,
    /// `journalctl -o verbose`.
    Verbose,
    /// `journalctl -o json`, or what docker writes.
    Json(Dialect),
    /// What a cloud's API or its command line tells as JSON.
    Cloud(Listing),
    /// A configuration file of one of the daemons.
    Settings(Settings),
    /// A binary journal.
    Journal,
    /// To be unpacked first.
    Packed(Packing),
    /// `journalctl -o short-monotonic`, first at this line.
    Undated { line: u64 },
    /// A tar archive.
    Archive,
    /// No log: the end of a sentence that says what else.
    Other(&'static str),
}

/// Whether lines of text say who wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    /// Most lines name their program, so that it can be searched for.
    Tagged,
    /// Most lines do not.
    Untagged,
    /// A program stamped its own output: there is no host either.
    Daemon,
    /// A container engine stamped what programs wrote to their terminals.
    Container,
    /// There is nothing but messages.
    Nobody,
}

/// Judges `window`, the beginning of a stream. Its last line may be cut. `is_known` knows messages that stand alone.
pub(super) fn sniff(window: &[u8], is_known: Option<fn(&[u8]) -> bool>) -> Verdict {
    if window.is_empty() {
        return Verdict::Empty;
    }
    if window.iter().all(|&byte| byte == 0) {
        return Verdict::Other("it holds nothing but NUL bytes");
    }
    if let Some(packing) = Packing::of(window) {
        return Verdict::Packed(packing);
    }
    if window.starts_with(JOURNAL_MAGIC) {
        return Verdict::Journal;
    }
    if window.get(257..262) == Some(b"ustar") {
        return Verdict::Archive;
    }
    if let Some((_, found)) = STRANGERS.iter().find(|(magic, _)| window.starts_with(magic)) {
        return Verdict::Other(found);
    }
    if let Some(listing) = cloud::listing(window) {
        return Verdict::Cloud(listing);
    }
    if let Some(settings) = settings::settings(window) {
        return Verdict::Settings(settings);
    }
    let mut tally = Tally::default();
    for (at, line) in lines(window).enumerate() {
        if is_export_head(line) && tally.shapes == [0; Shape::ALL.len()] {
            return Verdict::Export;
        }
        if tally.shapes == [0; Shape::ALL.len()] {
            if verbose::cursor(line).is_some() {
                return Verdict::Verbose;
            }
            if let Some(dialect) = json_dialect(line) {
                return Verdict::Json(dialect);
            }
        }
        tally.add(at, line, is_known);
    }
    let is_bare = tally.headed == 0 && tally.undated.is_none();
    if is_bare && is_known.is_some_and(|is_known| is_spoken(window, is_known)) {
        return Verdict::Text { format: "cat", speaker: Speaker::Nobody };
    }
    tally.verdict()
}

/// At least every second line of `journalctl -o cat` of one daemon is a message that its catalogue knows.
fn is_spoken(window: &[u8], is_known: fn(&[u8]) -> bool) -> bool {
    let (mut all, mut known) = (0u32, 0u32);
    for line in
        lines(window).filter(|line| !line.trim_ascii().is_empty() && !is_marker(line)).take(SPOKEN_LINES_MAX as usize)
    {
        all += 1;
        known += u32::from(is_known(header::skip_decoration(line)));
    }
    known > 0 && known * 2 >= all
}

/// Whether all behind the stamp is one message: then what looks like its host and tag (`XFR-in zone: …`) is none.
fn is_own(header: &Header<'_>, is_known: fn(&[u8]) -> bool) -> bool {
    let text = header.behind_stamp;
    let behind_host = text.get(header::first_word(text).len() + 1..).unwrap_or_default();
    header.pid.is_none() && is_known(text) && !is_known(behind_host)
}

/// Lines that are looked up before a file of bare messages is believed to be one.
const SPOKEN_LINES_MAX: u32 = 200;

/// The first bytes of a binary journal.
pub(super) const JOURNAL_MAGIC: &[u8] = b"LPKSHHRH";

/// The lines of `bytes`, without their line ends.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest);
        let line = &rest[..end.unwrap_or(rest.len())];
        rest = end.map_or(&[][..], |end| &rest[end + 1..]);
        Some(without_return(line))
    })
}

/// The line without the carriage return of a CR LF line end.
pub(super) fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[derive(Default)]
struct Tally<'a> {
    shapes: [u32; Shape::ALL.len()],
    headed: u32,
    tagged: u32,
    with_pid: u32,
    /// Lines, of the first ones, that are a program's own output under its own stamp.
    spoken: u32,
    host: Option<&'a [u8]>,
    hosts_differ: bool,
    markers: u32,
    undated: Option<u64>,
}

impl<'a> Tally<'a> {
    fn add(&mut self, at: usize, line: &'a [u8], is_known: Option<fn(&[u8]) -> bool>) {
        match header::parse(line) {
            Some(header) => {
                self.add_header(&header);
                self.spoken += u32::from(
                    self.headed <= SPOKEN_LINES_MAX && is_known.is_some_and(|is_known| is_own(&header, is_known)),
                );
            }
            None if is_marker(line) => self.markers += 1,
            None if self.undated.is_none() && is_monotonic(line) => self.undated = Some(at as u64 + 1),
            None => {}
        }
    }

    fn add_header(&mut self, header: &Header<'a>) {
        self.shapes[header.shape as usize] += 1;
        self.headed += 1;
        self.tagged += u32::from(header.identifier.is_some());
        self.with_pid += u32::from(header.pid.is_some());
        match (self.host, header.host) {
            (None, host) => self.host = host,
            (Some(known), Some(host)) => self.hosts_differ |= known != host,
            (Some(_), None) => {}
        }
    }

    /// A daemon that stamps its own output like syslog gives itself away: no pid, hardly a tag, and a "host" that is each
    /// message's first word.
    fn speaker(&self) -> Speaker {
        let yearless = self.shapes[Shape::Rfc3164 as usize] + self.shapes[Shape::ShortPrecise as usize];
        let is_unnamed = yearless == self.headed && self.with_pid == 0;
        let is_spoken = self.headed > 0 && self.spoken * 2 >= self.headed.min(SPOKEN_LINES_MAX);
        if self.shapes[Shape::Container as usize] * 2 > self.headed {
            Speaker::Container
        } else if self.shapes[Shape::DaemonOutput as usize] > 0 || (is_unnamed && is_spoken) {
            Speaker::Daemon
        } else if self.tagged * 2 >= self.headed {
            Speaker::Tagged
        } else if is_unnamed && self.hosts_differ {
            Speaker::Daemon
        } else {
            Speaker::Untagged
        }
    }

    fn verdict(&self) -> Verdict {
        let mut most: Option<(u32, Shape)> = None;
        for shape in Shape::ALL {
            let count = self.shapes[shape as usize];
            if count > most.map_or(0, |(count, _)| count) {
                most = Some((count, shape));
            }
        }
        match (most, self.undated) {
            (Some((_, shape)), _) => {
                let speaker = self.speaker();
                let shape = if speaker == Speaker::Daemon { Shape::DaemonOutput } else { shape };
                Verdict::Text { format: shape.name(), speaker }
            }
            (None, Some(line)) => Verdict::Undated { line },
            (None, None) if self.markers > 0 => Verdict::Text { format: "journalctl", speaker: Speaker::Tagged },
            (None, None) => Verdict::Other("no line at its beginning has the stamp of a known log format"),
        }
    }
}

/// What `journalctl` writes between entries.
fn is_marker(line: &[u8]) -> bool {
    [&b"-- Boot "[..], b"-- Reboot --", b"-- No entries --", b"-- Journal begins at ", b"-- Logs begin at "]
        .iter()
        .any(|marker| line.starts_with(marker))
}

/// The days that `journalctl` names in its first line: `-- Logs begin at Mon 2020-08-03 10:00:00 UTC, end at Wed 2020-08-19 … --`,
/// of all that the journal held when it was printed.
pub(super) fn covered(bytes: &[u8]) -> Option<(NaiveDate, NaiveDate)> {
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let is_of_both = line.starts_with(b"-- Journal begins at ") || line.starts_with(b"-- Logs begin at ");
    let line = std::str::from_utf8(line.get(..line.len().min(200))?).ok().filter(|_| is_of_both)?;
    let mut days = line.split([' ', ',']).filter_map(|word| NaiveDate::parse_from_str(word, "%Y-%m-%d").ok());
    days.next().zip(days.next()).filter(|(begin, end)| begin <= end)
}

/// `__REALTIME_TIMESTAMP=1795399951472342` or `__CURSOR=s=…`; one of them stands near the top even if the head is cut off.
fn is_export_head(line: &[u8]) -> bool {
    let line = header::skip_decoration(line);
    match line.strip_prefix(b"__REALTIME_TIMESTAMP=") {
        Some(digits) => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        None => line.starts_with(b"__CURSOR=s="),
    }
}

/// `[731653.938914] ns1 pdns_server[401]: …`. The kernel's own `dmesg` has no host and no pid there and does not count.
fn is_monotonic(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"[") else { return false };
    let Some(close) = rest.iter().take(24).position(|&byte| byte == b']') else { return false };
    let (seconds, rest) = (rest[..close].trim_ascii_start(), &rest[close + 1..]);
    let mut words = rest.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let (host, tag) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    matches!(seconds, [b'0'..=b'9', .., b'.', _, _, _, _, _, _])
        && seconds.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && !host.ends_with(b":")
        && tag.ends_with(b"]:")
}

const STRANGERS: [(&[u8], &str); 3] =
    [(b"\x89PNG", "it is a picture"), (b"\x7FELF", "it is a program"), (b"SQLite format 3\0", "it is a database")];

/// Whose JSON object begins in this line, if it is one of a log. A pretty-printed object shows it only in a later line.
fn json_dialect(line: &[u8]) -> Option<Dialect> {
    let text = json::bare(line);
    let has = |part: &str| memchr::memmem::find(text, part.as_bytes()).is_some();
    let is_field =
        |name: &str| text.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"));
    if text.starts_with(b"{") {
        if has("\"__REALTIME_TIMESTAMP\"") || has("\"__CURSOR\"") {
            return Some(Dialect::Journal);
        }
        return (has("\"log\"") && has("\"stream\"") && has("\"time\"")).then_some(Dialect::Docker);
    }
    (is_field("\"__REALTIME_TIMESTAMP\"") || is_field("\"__CURSOR\"")).then_some(Dialect::Journal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniff_it(window: &[u8]) -> Verdict {
        sniff(window, Some(|line| line == b"Done launching threads"))
    }

    fn text(format: &'static str) -> Verdict {
        Verdict::Text { format, speaker: Speaker::Tagged }
    }

    #[test]
    fn formats_are_recognised_behind_junk() {
        assert_eq!(sniff_it(b"-- Boot 1 --\nNov 23 02:12:33 ns1 a[1]: up\n"), text("rfc3164"));
        assert_eq!(sniff_it(b"tail of a line\n\n2020-08-18T14:52:03.1234+00:00 ns1 a: up"), text("rsyslog-iso"));
        assert_eq!(
            sniff_it(b"Nov 23 02:12:33 ns1 a: up\n1795399988.187798 ns1 a: up\n1795399988.187798 ns1 a: up\n"),
            text("short-unix")
        );
        assert_eq!(sniff_it(b"_PID=303\n\n__CURSOR=s=b3b6;i=1\n__REALTIME_TIMESTAMP=17\n"), Verdict::Export);
        assert_eq!(sniff_it(b"_PID=303\n\n__REALTIME_TIMESTAMP=1795399951472342\n"), Verdict::Export);
        assert_eq!(sniff_it(b"Nov 23 02:12:33 ns1 a: up\n__CURSOR=s=b3b6;i=1\n"), text("rfc3164"));
        assert_eq!(sniff_it(b"-- No entries --\n"), text("journalctl"));
        let speaker = Speaker::Untagged;
        assert_eq!(sniff_it(b"Nov 23 02:12:33 ns1 up"), Verdict::Text { format: "rfc3164", speaker });
    }

    #[test]
    fn a_daemon_that_stamps_its_own_output_is_recognised() {
        let daemon = Verdict::Text { format: "daemon-output", speaker: Speaker::Daemon };
        assert_eq!(sniff_it(b"Thu Feb 10 09:49:31 2022: (VI_1) Entering MASTER STATE\n"), daemon);
        let pdns =
            b"Nov 23 02:12:33 Guardian is launching\nNov 23 02:12:34 gsqlite3: connected\nNov 23 02:12:34 UDP server\n";
        assert_eq!(sniff_it(pdns), daemon);
        let old_keepalived = b"Nov 23 02:12:33 ns1 Keepalived: up\nNov 23 02:12:34 ns2 Keepalived_vrrp: up\n";
        assert_eq!(sniff_it(old_keepalived), text("rfc3164"));
    }

    #[test]
    fn what_is_no_log_is_said() {
        assert_eq!(sniff_it(b""), Verdict::Empty);
        assert_eq!(sniff_it(b"-- Boot 1 --\n[   53.938914] ns1 pdns_server[401]: up\n"), Verdict::Undated { line: 2 });
        assert_eq!(sniff_it(b"\x89PNG\r\n\x1A\n"), Verdict::Other("it is a picture"));
        for other in [
            &b"#include <stdio.h>\nint main(void) { return 0; }\n"[..],
            b"[    0.000000] Command line: BOOT_IMAGE=/vmlinuz\n[    1.000000] a[1]: segfault at 0\n",
            b"{\"key\":\"value\"}\n",
            b"\0\0\0\0",
            b"\n\n",
        ] {
            assert!(matches!(sniff_it(other), Verdict::Other(_)), "{}", other.escape_ascii());
        }
    }

    #[test]
    fn journals_in_other_clothes_are_recognised() {
        for (window, expected) in [
            (&b"{\"_PID\":\"1\",\"__REALTIME_TIMESTAMP\":\"1795399951472342\"}\n"[..], Verdict::Json(Dialect::Journal)),
            (b"\x1E{\"__CURSOR\":\"s=b3\"}\n", Verdict::Json(Dialect::Journal)),
            (b"data: {\"__CURSOR\":\"s=b3\"}\n\n", Verdict::Json(Dialect::Journal)),
            (b"{\n\t\"_PID\" : \"1\",\n\t\"__CURSOR\" : \"s=b3\"\n}\n", Verdict::Json(Dialect::Journal)),
            (
                b"{\"log\":\"up\\n\",\"stream\":\"stderr\",\"time\":\"2020-08-18T14:52:03.1Z\"}\n",
                Verdict::Json(Dialect::Docker),
            ),
            (b"Mon 2026-11-23 02:13:15.571672 UTC [s=b3b6;i=1;b=a14b]\n    MESSAGE=up\n", Verdict::Verbose),
            (b"LPKSHHRH\0\0", Verdict::Journal),
            (b"\x1F\x8B\x08\0", Verdict::Packed(Packing::Gzip)),
        ] {
            assert_eq!(sniff_it(window), expected, "{}", window.escape_ascii());
        }
        let bare = Verdict::Text { format: "cat", speaker: Speaker::Nobody };
        assert_eq!(sniff_it(b"-- Boot 1 --\nDone launching threads\nwhatever\n"), bare);
        assert!(matches!(sniff_it(b"Done launching threads\nwhatever\nelse\n"), Verdict::Other(_)));
        assert!(matches!(sniff(b"Done launching threads\n", None), Verdict::Other(_)));
    }
}
