//! The same log, packed in every way: what comes out does not change.

#![cfg(feature = "compress")]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]
#![expect(clippy::disallowed_methods, reason = "a test reads its own data")]

use driftline::input::{Error, Interest, Summary, read_stream};
use std::io::Write;
use std::path::Path;

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats").join(name)).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = liblzma::write::XzEncoder::new(Vec::new(), 6);
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

type Pack = fn(&[u8]) -> Vec<u8>;
const PACKS: [(&str, Pack); 4] = [("gz", gzip), ("zst", zstd), ("xz", xz), ("bz2", bzip2)];

/// Line and text of a record.
type Kept = (u64, Vec<u8>);

/// All records, and the summary.
fn read_bytes(bytes: &[u8]) -> (Vec<Kept>, Result<Summary, Error>) {
    let mut records = Vec::new();
    let summary = read_stream(&"a.log.packed".into(), &mut &bytes[..], &Interest::All, &mut |record| {
        records.push((record.line, record.raw.to_vec()));
    });
    (records, summary)
}

#[test]
fn a_packed_log_gives_the_records_of_the_log() {
    for name in ["short.log", "journal.export", "journal.json", "verbose.log", "rfc5424.log"] {
        let plain = sample(name);
        let (expected, told) = read_bytes(&plain);
        let told = told.unwrap();
        for (ending, pack) in PACKS {
            let (records, summary) = read_bytes(&pack(&plain));
            let summary = summary.unwrap();
            assert_eq!(records, expected, "{name}.{ending}");
            assert_eq!((summary.format, summary.lines, summary.first), (told.format, told.lines, told.first));
            assert!(summary.broken_off.is_none(), "{name}.{ending}: {summary:?}");
        }
    }
}

#[test]
fn members_behind_one_another_are_one_log() {
    let plain = sample("short.log");
    let (first, second) = plain.split_at(plain.len() / 2);
    let expected = read_bytes(&plain).0;
    for (ending, pack) in PACKS {
        let (records, summary) = read_bytes(&[pack(first), pack(second)].concat());
        assert_eq!(records, expected, "{ending}");
        assert!(summary.unwrap().broken_off.is_none(), "{ending}");
    }
}

#[test]
fn an_archive_in_an_archive_is_unpacked_but_not_for_ever() {
    let plain = sample("short.log");
    assert_eq!(read_bytes(&gzip(&xz(&plain))).0, read_bytes(&plain).0);
    let nested = (0..4).fold(plain, |packed, _| gzip(&packed));
    let error = read_bytes(&nested).1.unwrap_err();
    assert_eq!(error.to_string(), "read a.log.packed: it is packed too many times over, unpack it first");
}

/// Lines that do not compress, so that a cut leaves some of them whole.
fn noisy_log() -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state
    };
    let line = |at: usize, noise: [u64; 4]| format!("Nov 23 02:12:{:02} ns1 pdns_server[304]: {noise:x?}\n", at % 60);
    (0..8_000).flat_map(|at| line(at, std::array::from_fn(|_| next())).into_bytes()).collect()
}

#[test]
fn a_cut_archive_gives_what_was_whole_and_says_so() {
    let plain = noisy_log();
    let expected = read_bytes(&plain).0;
    for (ending, pack) in PACKS {
        let packed = pack(&plain);
        for cut in [packed.len() - 1, packed.len() * 9 / 10] {
            let (records, summary) = read_bytes(&packed[..cut]);
            let summary = summary.unwrap();
            let whole = records.len() - 1;
            assert!(records.len() > expected.len() / 3, "{ending} cut at {cut}: {} records", records.len());
            assert_eq!(records[..whole], expected[..whole], "{ending} cut at {cut}");
            let error = summary.broken_off.unwrap();
            assert_eq!(error.to_string(), format!("read a.log.packed behind line {}", records.len()), "{ending}");
        }
        let error = read_bytes(&packed[..12]).1.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{ending}: {error:?}");
    }
}

#[test]
fn what_is_packed_and_no_log_is_no_log() {
    for (ending, pack) in PACKS {
        assert!(read_bytes(&pack(b"#include <stdio.h>\n")).1.unwrap_err().is_not_a_log(), "{ending}");
        assert_eq!(read_bytes(&pack(b"")).1.unwrap().format, "empty", "{ending}");
    }
}

#[test]
fn a_decoder_does_not_take_all_memory() {
    // A window of 2 GiB, as `zstd --ultra --long=31` writes it.
    let mut packer = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    packer.window_log(31).unwrap();
    packer.write_all(&sample("short.log")).unwrap();
    packer.flush().unwrap();
    let error = read_bytes(&packer.finish().unwrap()).1.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");

    // A bomb: one letter without a line end.
    let bomb = gzip(&vec![b'x'; 16 * 1024 * 1024]);
    assert!(read_bytes(&bomb).1.unwrap_err().is_not_a_log());
}
