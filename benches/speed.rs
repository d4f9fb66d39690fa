//! In-process measures, in lines per second: `cargo bench --bench speed`. Each counts what it finds and knows how much that must be.
//!
//! `catalogue/whole` and `catalogue/few` belong together: how many messages are known must not matter to how fast one is read.

#[path = "generate/mod.rs"]
mod generate;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use driftline::catalogue::{self, Few, Fields};
use driftline::event::Daemon;
use driftline::input::{Interest, read_stream};
use driftline::pipeline::{Patterns, interest};
use driftline::record::Record;
use generate::{Format, Kind, Truth, Wanted};
use std::collections::BTreeMap;
use std::sync::LazyLock;

fn main() {
    divan::main();
}

struct Log {
    bytes: Vec<u8>,
    truth: Truth,
}

const LINES: u64 = 100_000;

fn log(kind: Kind, format: Format) -> Log {
    let mut bytes = Vec::new();
    let wanted = Wanted { kind, format, lines: LINES, ..Wanted::default() };
    let truth = generate::write(&wanted, &mut bytes).expect("a Vec takes everything");
    Log { bytes, truth }
}

static SECONDARY: LazyLock<Log> = LazyLock::new(|| log(Kind::Secondary, Format::Syslog));
static MIXED: LazyLock<Log> = LazyLock::new(|| log(Kind::Mixed, Format::Syslog));
static ISO: LazyLock<Log> = LazyLock::new(|| log(Kind::Mixed, Format::Iso));

/// Reads a log; gives how many records there were.
fn records(log: &[u8], interest: &Interest, each: &mut dyn FnMut(&Record<'_>)) -> u64 {
    let mut count = 0;
    let summary = read_stream(&"a.log".into(), &mut &*log, interest, &mut |record| {
        count += 1;
        each(record);
    });
    let summary = summary.expect("it is a log");
    assert_eq!(summary.lines, memchr::memchr_iter(b'\n', log).count() as u64, "all lines are counted");
    count
}

/// The messages of one program.
fn messages(log: &Log, program: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    records(&log.bytes, &Interest::All, &mut |record| {
        if record.identifier == Some(program.as_bytes()) {
            found.push(record.message.to_vec());
        }
    });
    found
}

fn recognise(bencher: Bencher<'_, '_>, daemon: Daemon, messages: &[Vec<u8>], expected: u64) {
    bencher.counter(ItemsCount::new(messages.len())).bench_local(|| {
        let mut fields = Fields::default();
        let known = messages.iter().filter(|message| catalogue::read(daemon, message, &mut fields).is_some()).count();
        assert_eq!(known as u64, expected);
    });
}

mod recognition {
    use super::*;

    #[divan::bench]
    fn secondary(bencher: Bencher<'_, '_>) {
        recognise(bencher, Daemon::Pdns, &messages(&SECONDARY, "pdns_server"), SECONDARY.truth.pdns);
    }

    #[divan::bench]
    fn vrrp(bencher: Bencher<'_, '_>) {
        recognise(bencher, Daemon::Keepalived, &messages(&MIXED, "Keepalived_vrrp"), MIXED.truth.vrrp);
    }
}

/// The whole catalogue against the thirty commonest messages of the same log.
mod size {
    use super::*;

    #[divan::bench]
    fn whole(bencher: Bencher<'_, '_>) {
        recognise(bencher, Daemon::Pdns, &messages(&SECONDARY, "pdns_server"), SECONDARY.truth.pdns);
    }

    #[divan::bench]
    fn few(bencher: Bencher<'_, '_>) {
        let messages = messages(&SECONDARY, "pdns_server");
        let mut seen = BTreeMap::<&str, usize>::new();
        let mut fields = Fields::default();
        for message in &messages {
            if let Some(known) = catalogue::read(Daemon::Pdns, message, &mut fields) {
                *seen.entry(known.id).or_default() += 1;
            }
        }
        assert!(seen.len() <= 30, "the log has no more kinds of messages");
        let few = Few::of(Daemon::Pdns, &seen.into_keys().collect::<Vec<_>>());
        bencher.counter(ItemsCount::new(messages.len())).bench_local(|| {
            let mut fields = Fields::default();
            let known = messages.iter().filter(|message| few.read(message, &mut fields).is_some()).count();
            assert_eq!(known, messages.len());
        });
    }
}

fn read_all(bencher: Bencher<'_, '_>, log: &[u8]) {
    let lines = records(log, &Interest::All, &mut |_| {});
    bencher.counter(ItemsCount::new(lines)).bench_local(|| {
        assert_eq!(
            records(log, &Interest::All, &mut |record| {
                black_box(record.stamp);
            }),
            lines
        );
    });
}

/// Each line cut into stamp, host, tag and message.
#[divan::bench]
fn header(bencher: Bencher<'_, '_>) {
    read_all(bencher, &MIXED.bytes);
}

/// Lines that are little more than a stamp.
mod timestamp {
    use super::*;

    fn short(log: &Log, stamp_bytes: usize) -> Vec<u8> {
        let line = |line: &[u8]| [&line[..stamp_bytes], b" h a: b\n"].concat();
        log.bytes.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()).flat_map(line).collect()
    }

    #[divan::bench]
    fn rfc3164(bencher: Bencher<'_, '_>) {
        read_all(bencher, &short(&MIXED, "Nov  3 00:00:00".len()));
    }

    #[divan::bench]
    fn iso(bencher: Bencher<'_, '_>) {
        read_all(bencher, &short(&ISO, "2025-11-03T00:00:00.000000+00:00".len()));
    }
}

mod prefilter {
    use super::*;

    /// What is not ours is only counted; what mentions us is looked at.
    #[divan::bench]
    fn mixed(bencher: Bencher<'_, '_>) {
        let interest = interest(&Patterns::default());
        let ours = |record: &Record<'_>| matches!(record.identifier, Some(b"pdns_server" | b"Keepalived_vrrp"));
        bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
            let mut found = 0;
            records(&MIXED.bytes, &interest, &mut |record| found += u64::from(ours(record)));
            assert_eq!(found, MIXED.truth.ours());
        });
    }
}
