//! What holds for every input, tried on realistic fragments in any order and on noise.

use super::*;
use crate::record::Stamp;
use chrono::{Datelike, NaiveDate, Timelike};
use proptest::prelude::*;

const LINE: usize = 200;
const SMALL: Sizes = Sizes { block: 64, line: LINE, window: 150, large: 300 };

/// A record that outlives its buffer.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    line: u64,
    raw: Vec<u8>,
    stamp: Option<Stamp>,
    host: Option<Vec<u8>>,
    identifier: Option<Vec<u8>>,
    pid: Option<u32>,
    message: Vec<u8>,
    repeated: u32,
}

/// All that reading gives, but for texts of errors.
#[derive(Debug, PartialEq)]
struct Outcome {
    records: Vec<Kept>,
    told: Result<Told, String>,
    broken_off: Option<String>,
}

#[derive(Debug, PartialEq)]
struct Told {
    format: &'static str,
    lines: u64,
    first: Option<Stamp>,
    last: Option<Stamp>,
    troubles: Vec<Trouble>,
    further_troubles: u64,
}

/// Gives its bytes in pieces of the given sizes.
struct Pieces<'a> {
    rest: &'a [u8],
    sizes: Vec<usize>,
    next: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()].min(into.len());
        self.next += 1;
        self.rest.read(&mut into[..size])
    }
}

/// Cannot be read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("broken"))
    }
}

fn outcome(sizes: Sizes, stream: &mut (dyn Read + Send), interest: &Interest) -> Outcome {
    outcome_helped(sizes, None, stream, interest)
}

fn outcome_helped(
    sizes: Sizes,
    helpers: Option<&Helpers>,
    stream: &mut (dyn Read + Send),
    interest: &Interest,
) -> Outcome {
    let mut records = Vec::new();
    let result = Layer { sizes, path: &"a.log".into(), location: None, depth: 0, helpers }.read(
        stream,
        interest,
        &mut |record| {
            let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
            records.push(Kept {
                line: record.line,
                raw: record.raw.to_vec(),
                stamp: record.stamp,
                host: owned(record.host),
                identifier: owned(record.identifier),
                pid: record.pid,
                message: record.message.to_vec(),
                repeated: record.repeated,
            });
        },
    );
    match result {
        Ok(summary) => Outcome {
            records,
            broken_off: summary.broken_off.map(|error| error.to_string()),
            told: Ok(Told {
                format: summary.format,
                lines: summary.lines,
                first: summary.first,
                last: summary.last,
                troubles: summary.troubles,
                further_troubles: summary.further_troubles,
            }),
        },
        Err(error) => Outcome { records, broken_off: None, told: Err(error.to_string()) },
    }
}

fn interests() -> [Interest; 2] {
    [Interest::All, Interest::Matching(Regex::new("(?-u)pdns|eepalived|repeated").unwrap())]
}

/// Fragments of logs as they are found, with and without line ends.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&'static [u8]> = vec![
        b"Nov 23 02:12:33 ns1 pdns_server[304]: Domain 'example.com' is stale\n",
        b"Nov  3 02:12:33 ns1 CRON[17]: (root) CMD (true)\r\n",
        b"2020-08-18T14:52:03.123456+00:00 ns1 Keepalived_vrrp[8947]: (VI_1) Entering MASTER STATE\n",
        b"<30>1 2020-08-18T14:52:03Z ns1 pdns_server 304 - [a b=\"\\]\"] \xEF\xBB\xBFup\n",
        b"Mon 2026-11-23 02:12:33 CET ns1 pdns.service[304]: up\n",
        b"1795399988.187798 ns1 pdns_server[401]: message repeated 3 times: [ up]\n",
        b"Nov 23 02:12:33 ns1 last message repeated 2 times\n",
        b"\x1B[31mNov 23 02:12:33 ns1 pdns[1]: red\x1B[0m\n",
        b"-- Boot 0123456789abcdef --\n",
        b"        of several lines\n",
        b"2020-99-99T99:99:99Z pdns\n",
        b"\0\0\0\0\0\0\0",
        b"\n",
        b"\n\n",
        b"\r",
        b"caf\xE9 keepalived\n",
        b"pdns",
        b"__CURSOR=s=b3;i=1\n__REALTIME_TIMESTAMP=1795399951472342\n_HOSTNAME=ns1\n",
        b"SYSLOG_IDENTIFIER=pdns_server\n_PID=304\nMESSAGE=up\n\n",
        b"MESSAGE\n\x05\0\0\0\0\0\0\0up\n\nx\n",
        b"COREDUMP\n\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        b"COREDUMP\n\xFF\xFF\x00\x00\x00\x00\x00\x00",
        b"no field\n",
    ];
    prop_oneof![
        8 => proptest::sample::select(known).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => (prop_oneof![Just(0u8), Just(b'x')], LINE - 20..LINE * 3).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

fn log() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(fragment(), 0..25).prop_map(|fragments| fragments.concat())
}

/// A log that begins as one, so that it is read as text.
fn text_log() -> impl Strategy<Value = Vec<u8>> {
    log().prop_map(|rest| [&b"Nov 23 02:12:33 ns1 pdns_server[304]: up\n"[..], &rest].concat())
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same(
        log in log(),
        block in 1usize..400,
        sizes in proptest::collection::vec(1usize..100, 1..5),
    ) {
        for interest in interests() {
            let whole = outcome(SMALL, &mut log.as_slice(), &interest);
            let mut pieces = Pieces { rest: &log, sizes: sizes.clone(), next: 0 };
            prop_assert_eq!(&whole, &outcome(Sizes { block, ..SMALL }, &mut pieces, &interest));
        }
    }

    /// Failures too: what came before is read.
    #[test]
    fn helpers_change_nothing(
        log in text_log(),
        block in 1usize..400,
        threads in 2usize..5,
        sources in 1usize..3,
        sizes in proptest::collection::vec(1usize..100, 1..5),
        breaks_off in any::<bool>(),
    ) {
        let tagged = b"Nov 23 02:12:33 ns1 CRON[17]: (root) CMD (true)\n".repeat(10);
        let log = [tagged, log].concat();
        let stream = || {
            let whole: Box<dyn Read + Send> = if breaks_off { Box::new(Broken) } else { Box::new(io::empty()) };
            Pieces { rest: &log, sizes: sizes.clone(), next: 0 }.chain(whole)
        };
        for interest in interests() {
            let alone = outcome(SMALL, &mut stream(), &interest);
            prop_assert!(alone.told.is_ok());
            let helpers = Helpers::new(threads, sources);
            let helped = outcome_helped(Sizes { block, ..SMALL }, Some(&helpers), &mut stream(), &interest);
            prop_assert_eq!(alone, helped);
        }
    }

    #[test]
    fn no_line_is_lost_or_doubled(log in text_log()) {
        let outcome = outcome(Sizes::default(), &mut log.as_slice(), &Interest::All);
        let written: Vec<&[u8]> = sniff::lines(&log).collect();
        let read: Vec<&[u8]> = outcome.records.iter().map(|record| record.raw.as_slice()).collect();
        prop_assert_eq!(read, written);
        prop_assert!(outcome.records.iter().map(|record| record.line).eq(1..=outcome.records.len() as u64));
        prop_assert_eq!(outcome.told.map(|told| told.lines), Ok(outcome.records.len() as u64));
    }

    #[test]
    fn long_lines_are_cut_and_counted_once(log in text_log()) {
        let outcome = outcome(SMALL, &mut log.as_slice(), &Interest::All);
        let lines = sniff::lines(&log).count();
        prop_assert!(outcome.records.iter().map(|record| record.line).eq(1..=lines as u64));
        prop_assert!(outcome.records.iter().all(|record| record.raw.len() <= LINE));
    }

    #[test]
    fn the_prefilter_gives_the_matching_lines_of_all(log in text_log()) {
        let tagged = b"Nov 23 02:12:33 ns1 CRON[17]: (root) CMD (true)\n".repeat(30); // Most lines name their program.
        let log = [tagged, log].concat();
        let [all, matching] = interests();
        let Interest::Matching(pattern) = &matching else { unreachable!("interests() makes one of each") };
        let mut expected = outcome(Sizes::default(), &mut log.as_slice(), &all);
        expected.records.retain(|record| pattern.is_match(&record.raw));
        let given = outcome(Sizes::default(), &mut log.as_slice(), &matching);
        prop_assert_eq!(&given.records, &expected.records);
        let bounds = |outcome: Outcome| outcome.told.map(|told| (told.format, told.lines, told.first, told.last));
        prop_assert_eq!(bounds(given), bounds(expected));
    }

    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..600), block in 1usize..99) {
        let _any = header::parse(&noise);
        let _any = message::unfold(&noise);
        for head in [&b""[..], b"__CURSOR=s=1\n", b"Nov 23 02:12:33 ", b"<30>1 2020-08-18T14:52:03Z "] {
            let log = [head, &noise].concat();
            let _any = outcome(Sizes { block, ..SMALL }, &mut log.as_slice(), &Interest::All);
            let _any = header::parse(&log);
        }
    }

    #[test]
    fn what_is_parsed_lies_in_the_line(log in log()) {
        for line in sniff::lines(&log) {
            if let Some(header) = header::parse(line) {
                let (message, repeated) = message::unfold(header.message);
                prop_assert!(repeated > 0);
                for part in [header.host, header.identifier, Some(message)].into_iter().flatten() {
                    prop_assert!(memchr::memmem::find(line, part).is_some());
                }
                prop_assert!(header.identifier.is_none_or(|tag| header.shape == header::Shape::Rfc5424 || tag.len() <= 64));
            }
        }
    }

    #[test]
    fn written_stamps_are_read_back(
        days in 0i32..84_000,
        micros in 0u64..86_400_000_000,
        minutes in -15 * 60i32..15 * 60,
    ) {
        let date = NaiveDate::from_num_days_from_ce_opt(719_163 + days).unwrap();
        let written = date.and_time(chrono::NaiveTime::MIN) + chrono::TimeDelta::microseconds(micros as i64);
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hour, minute) = (minutes.abs() / 60, minutes.abs() % 60);
        let (iso, clock) = (written.format("%Y-%m-%dT%H:%M:%S%.6f"), written.format("%Y-%m-%d %H:%M:%S"));
        let seconds = written.with_nanosecond(0).unwrap();
        for (text, expected, offset) in [
            (format!("{iso}{sign}{hour:02}:{minute:02}"), written, Some(minutes * 60)),
            (format!("{iso}{sign}{hour:02}{minute:02}"), written, Some(minutes * 60)),
            (format!("{} {clock} UTC", written.format("%a")), seconds, Some(0)),
            (format!("{}.{:06}", written.and_utc().timestamp(), micros % 1_000_000), written, Some(0)),
        ] {
            if text.len() < 15 || written.and_utc().timestamp() < 100_000_000 {
                continue; // journalctl itself printed fewer digits then; we do not take them for a stamp.
            }
            let line = format!("{text} ns1 a[1]: up");
            let header = header::parse(line.as_bytes()).unwrap();
            prop_assert_eq!(header.host, Some(&b"ns1"[..]), "{}", line);
            let stamp = header.stamp.unwrap();
            prop_assert_eq!((stamp.written, stamp.offset_seconds, stamp.year_known), (expected, offset, true), "{}", line);
        }
        let line = format!("{} ns1 a[1]: up", written.format("%b %e %H:%M:%S"));
        let stamp = header::parse(line.as_bytes()).unwrap().stamp.unwrap();
        prop_assert_eq!((stamp.written.with_year(written.year()), stamp.year_known), (Some(seconds), false));
    }
}

/// The odd export, cut at every byte: whole entries are given, a cut one is told.
#[test]
fn an_export_cut_anywhere_gives_its_whole_entries() {
    let export = include_bytes!("../../tests/data/formats/odd.export");
    let whole = outcome(Sizes::default(), &mut export.as_slice(), &Interest::All);
    assert_eq!((whole.records.len(), &whole.broken_off), (6, &None));
    let starts: Vec<usize> = memchr::memmem::find_iter(export, b"__CURSOR=").collect();
    let ends: Vec<usize> = starts[1..].iter().copied().chain([export.len()]).collect();
    for cut in starts[0] + 64..export.len() {
        let outcome = outcome(SMALL_EXPORT, &mut &export[..cut], &Interest::All);
        let entries = ends.iter().filter(|&&end| end <= cut).count();
        assert_eq!(outcome.records, whole.records[..entries], "cut at {cut}");
        assert_eq!(outcome.broken_off.is_none(), ends.contains(&cut), "cut at {cut}");
    }
}

const SMALL_EXPORT: Sizes = Sizes { block: 100, line: 4096, window: 64, large: 300 };

#[test]
fn a_damaged_export_goes_on_behind_the_damage() {
    let export = b"__REALTIME_TIMESTAMP=1795399951472342\nMESSAGE=one\nthis is no field\nCOREDUMP\n\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\n\n\
        __REALTIME_TIMESTAMP=1795399951472343\nMESSAGE=two\n\n";
    let outcome = outcome(Sizes::default(), &mut export.as_slice(), &Interest::All);
    let messages: Vec<&[u8]> = outcome.records.iter().map(|record| record.message.as_slice()).collect();
    assert_eq!(messages, [b"one", b"two"]);
    let troubles = outcome.told.map(|told| told.troubles).unwrap();
    let kinds: Vec<_> = troubles.iter().map(|trouble| (trouble.line, trouble.kind)).collect();
    assert_eq!(kinds, [(Some(3), "unread"), (Some(4), "unread"), (Some(5), "unread")]);
}

#[test]
fn a_ten_megabyte_line_costs_one_trouble() {
    let mut log = b"Nov 23 02:12:33 ns1 pdns_server[304]: ".to_vec();
    log.resize(10_000_000, b'x');
    log.extend_from_slice(b"\nNov 23 02:12:34 ns1 pdns_server[304]: up");
    for interest in interests() {
        let outcome = outcome(Sizes::default(), &mut log.as_slice(), &interest);
        assert_eq!(outcome.records.iter().map(|record| record.raw.len()).collect::<Vec<_>>(), [MAX_LINE_BYTES, 40]);
        assert_eq!(outcome.records[0].pid, Some(304));
        let Told { lines, last, troubles, .. } = outcome.told.unwrap();
        assert_eq!((lines, last), (2, outcome.records[1].stamp));
        assert_eq!(
            troubles.iter().map(|trouble| (trouble.line, trouble.kind)).collect::<Vec<_>>(),
            [(Some(1), "truncated")]
        );
    }
}

#[test]
fn a_hole_of_nul_bytes_hides_no_line() {
    let mut log = vec![0; 3_000_000];
    log.extend_from_slice(b"Nov 23 02:12:34 ns1 pdns_server[304]: up\n");
    let outcome = outcome(Sizes::default(), &mut log.as_slice(), &Interest::All);
    assert_eq!(outcome.records.iter().map(|record| record.pid).collect::<Vec<_>>(), [Some(304)]);
    let Told { lines, troubles, .. } = outcome.told.unwrap();
    assert_eq!(lines, 1);
    assert!(troubles.iter().all(|trouble| trouble.kind == "nul-bytes") && !troubles.is_empty());
}

#[test]
fn troubles_are_bounded_and_counted() {
    let log = b"Nov 23 02:12:34 ns1 pdns_server[304]: caf\xE9\n".repeat(150);
    let told = outcome(Sizes::default(), &mut log.as_slice(), &Interest::All).told.unwrap();
    assert_eq!((told.lines, told.troubles.len(), told.further_troubles), (150, TROUBLES_KEPT, 50));
}

#[test]
fn a_daemons_own_output_is_given_whole_and_has_no_host() {
    let log =
        b"Nov 23 02:12:33 Guardian is launching\nNov 23 02:12:34 UDP: bound\nNov 23 02:12:34 Done launching threads\n";
    let [_, matching] = interests();
    let records = outcome(Sizes::default(), &mut log.as_slice(), &matching).records;
    let messages: Vec<&[u8]> = records.iter().map(|record| record.message.as_slice()).collect();
    assert_eq!(messages, [&b"Guardian is launching"[..], b"UDP: bound", b"Done launching threads"]);
    assert!(
        records.iter().all(|record| record.stamp.is_some() && record.host.is_none() && record.identifier.is_none())
    );
}

#[test]
fn an_empty_stream_is_no_error() {
    let outcome = outcome(Sizes::default(), &mut io::empty(), &Interest::All);
    let told = outcome.told.unwrap();
    assert_eq!((told.format, told.lines, told.troubles.len()), ("empty", 0, 0));
}

/// Gives some bytes, then fails.
struct BadDisk(&'static [u8]);

impl Read for BadDisk {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::Error::other("bad disk")) } else { self.0.read(into) }
    }
}

#[test]
fn a_bad_disk_breaks_off_behind_what_it_gave() {
    let log = b"Nov 23 02:12:33 ns1 pdns_server[304]: up\nNov 23 02:12:33 ns1 pd";
    let broken = outcome(Sizes::default(), &mut BadDisk(log), &Interest::All);
    assert_eq!((broken.records.len(), broken.broken_off.as_deref()), (2, Some("read a.log behind line 2")));
    let at_once = outcome(Sizes::default(), &mut BadDisk(b""), &Interest::All);
    assert_eq!(at_once.told, Err("read a.log".to_owned()));
}
