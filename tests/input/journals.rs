//! Binary journals: whole, rotated, packed, cut and garbled.

#![cfg(feature = "compress")]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]
#![expect(clippy::disallowed_methods, reason = "a test reads its own data")]
#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use driftline::input::{Error, Helpers, Interest, Programs, Source, Summary, expand, read};
use driftline::record::Record;
use std::fs;
use std::path::{Path, PathBuf};

/// A directory that is gone when the test is.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("driftline-journals-{name}-{}", std::process::id()));
        let _absent = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// A fixture without its packing.
fn journal(name: &str) -> Vec<u8> {
    zstd::decode_all(fs::File::open(data(name)).unwrap()).unwrap()
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    stamp: String,
    host: String,
    identifier: String,
    unit: String,
    pid: Option<u32>,
    message: String,
    cursor: String,
}

fn kept(record: &Record<'_>) -> Kept {
    let text = |bytes: Option<&[u8]>| bytes.map_or("-".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned());
    Kept {
        stamp: record.stamp.map_or("-".to_owned(), |stamp| stamp.written.to_string()),
        host: text(record.host),
        identifier: text(record.identifier),
        unit: text(record.unit),
        pid: record.pid,
        message: text(Some(record.message)),
        cursor: text(record.cursor),
    }
}

/// Read alone and with a helper: there is no difference.
fn read_source(source: &Source, interest: &Interest) -> (Vec<Kept>, Result<Summary, Error>) {
    let read_with = |helpers: Helpers| {
        let mut records = Vec::new();
        let mut source = source.clone();
        source.helpers = helpers;
        let summary = read(&source, interest, &mut |record| records.push(kept(record)));
        (records, summary)
    };
    let (alone, told) = read_with(Helpers::default());
    let (helped, told_helped) = read_with(Helpers::new(2, 1));
    assert_eq!(alone, helped);
    assert_eq!(format!("{told:?}"), format!("{told_helped:?}"));
    (alone, told)
}

fn read_path(path: &Path) -> (Vec<Kept>, Summary) {
    let (records, summary) = read_source(&Source::file(path, None), &Interest::All);
    (records, summary.unwrap())
}

fn only_source(path: &Path) -> Source {
    let mut expanded = expand(&[path.as_os_str().to_owned()]);
    assert!(expanded.errors.is_empty(), "{:?}", expanded.errors);
    assert_eq!(expanded.sources.len(), 1, "{:?}", expanded.sources);
    expanded.sources.remove(0)
}

fn without_cursors(records: &[Kept]) -> Vec<Kept> {
    records.iter().cloned().map(|record| Kept { cursor: String::new(), ..record }).collect()
}

fn programs() -> Interest {
    Interest::Programs(Programs {
        pattern: regex::bytes::Regex::new("pdns|eepalived").unwrap(),
        fields: &["SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "_COMM"],
        is_known: |_| false,
    })
}

#[test]
fn a_journal_gives_the_records_of_its_export() {
    let scratch = Scratch::new("export");
    let export = |name: &str| without_cursors(&read_path(&data(name)).0);
    for (packed, exported, more) in [
        ("formats/journal.journal.zst", "formats/journal.export", 0),
        ("formats/odd.journal.zst", "formats/odd.export", 1),
    ] {
        let path = scratch.put("a.journal", &journal(packed));
        for (form, path) in [("file", path.clone()), ("packed", data(packed))] {
            let (records, summary) = read_path(&path);
            let expected = export(exported);
            assert_eq!(without_cursors(&records)[..expected.len()], expected, "{packed} {form}");
            assert_eq!((summary.format, summary.lines), ("journal", (expected.len() + more) as u64), "{packed} {form}");
            assert!(summary.broken_off.is_none(), "{summary:?}");
        }
    }
}

#[test]
fn the_index_gives_what_a_search_gives() {
    let scratch = Scratch::new("index");
    for host in ["dnsmaster", "dnsmaster2", "dnsslave1", "dnsslave2"] {
        let path = scratch.put(&format!("{host}.journal"), &journal(&format!("journals/{host}.journal.zst")));
        let (all, summary) = read_path(&path);
        let (hits, told) = read_source(&Source::file(&path, None), &programs());
        let told = told.unwrap();
        let is_ours = |record: &&Kept| {
            [&record.identifier, &record.unit].iter().any(|name| name.contains("pdns") || name.contains("eepalived"))
        };
        let expected: Vec<Kept> = all.iter().filter(is_ours).cloned().collect();
        let given: Vec<Kept> = hits.iter().filter(is_ours).cloned().collect();
        assert!(expected.len() > 10 && expected.len() < all.len(), "{host}: {}", expected.len());
        assert_eq!(given, expected, "{host}");
        assert_eq!((told.lines, told.first, told.last), (summary.lines, summary.first, summary.last), "{host}");
        assert_eq!(told.lines, all.len() as u64);
    }
}

#[test]
fn rotated_and_copied_files_are_one_journal_without_doubles() {
    let scratch = Scratch::new("rotated");
    let bytes = journal("journals/dnsmaster.journal.zst");
    let whole = read_path(&scratch.put("one/system.journal", &bytes)).0;
    scratch.put("many/0123456789abcdef0123456789abcdef/system.journal", &bytes);
    scratch.put("many/0123456789abcdef0123456789abcdef/system@b3b6-0001-0002.journal", &bytes);
    scratch.put("many/0123456789abcdef0123456789abcdef/user-1000.journal", &journal("journals/dnsslave2.journal.zst"));
    let source = only_source(&scratch.0.join("many"));
    assert_eq!(&*source.path, scratch.0.join("many").to_str().unwrap(), "the source as given");
    let (records, summary) = read_source(&source, &Interest::All);
    let slave = read_path(&scratch.put("two/a", &journal("journals/dnsslave2.journal.zst"))).0;
    let mut expected = [whole, slave].concat();
    let mut given = records;
    expected.sort_by(|a, b| a.cursor.cmp(&b.cursor));
    given.sort_by(|a, b| a.cursor.cmp(&b.cursor));
    assert_eq!(given, expected);
    assert!(summary.unwrap().broken_off.is_none());
}

#[test]
fn each_host_of_a_collection_is_a_journal_of_its_own() {
    let scratch = Scratch::new("hosts");
    scratch.put("dnsmaster.journal", &journal("journals/dnsmaster.journal.zst"));
    scratch.put("dnsslave1.journal", &journal("journals/dnsslave1.journal.zst"));
    scratch.put("notes.txt", b"nothing\n");
    let expanded = expand(&[scratch.0.clone().into_os_string()]);
    let names: Vec<String> =
        expanded.sources.iter().map(|source| source.path.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["notes.txt", "dnsmaster.journal", "dnsslave1.journal"]);
    let named = expand(&[scratch.0.clone().into_os_string(), scratch.0.join("dnsmaster.journal").into_os_string()]);
    assert_eq!(named.sources.len(), 3, "a file that is named as well is read once");
}

#[test]
fn a_namespace_beside_a_journal_is_said() {
    let scratch = Scratch::new("namespace");
    let bytes = journal("formats/journal.journal.zst");
    let id = "0123456789abcdef0123456789abcdef";
    scratch.put(&format!("{id}/system.journal"), &bytes);
    scratch.put(&format!("{id}.dns/system.journal"), &bytes);
    let (_, summary) = read_source(&only_source(&scratch.0.join(id)), &Interest::All);
    let troubles = summary.unwrap().troubles;
    assert_eq!(troubles.iter().map(|trouble| trouble.kind).collect::<Vec<_>>(), ["namespace"]);
    let both = expand(&[scratch.0.clone().into_os_string()]);
    assert_eq!(both.sources.len(), 2);
}

/// Where the last object of a journal begins.
fn tail(bytes: &[u8]) -> usize {
    usize::try_from(u64::from_le_bytes(bytes[136..144].try_into().unwrap())).unwrap()
}

fn is_damaged(summary: &Summary, read: u64, expected: u64) {
    match &summary.broken_off {
        Some(Error::Damaged { read: told, expected: promised, .. }) => assert_eq!((*told, *promised), (read, expected)),
        other => panic!("{other:?}"),
    }
    assert!(summary.troubles.iter().any(|trouble| trouble.kind == "salvaged"), "{:?}", summary.troubles);
}

#[test]
fn a_cut_journal_gives_what_is_left() {
    let scratch = Scratch::new("cut");
    let bytes = journal("journals/dnsmaster.journal.zst");
    let (whole, _) = read_path(&scratch.put("whole.journal", &bytes));
    let entries = whole.len() as u64;

    let (records, summary) = read_path(&scratch.put("eight.journal", &bytes[..bytes.len() - 8]));
    assert_eq!(records, whole);
    is_damaged(&summary, entries, entries);

    let (records, summary) = read_path(&scratch.put("tail.journal", &bytes[..tail(&bytes) + 8]));
    assert!(records.len() + 2 >= whole.len() && whole.starts_with(&records));
    is_damaged(&summary, records.len() as u64, entries);

    // In the middle of what is written; before that are 300 kB of hash tables.
    let middle = (300_000 + tail(&bytes)) / 2;
    let (records, summary) = read_path(&scratch.put("half.journal", &bytes[..middle]));
    assert!(!records.is_empty() && whole.starts_with(&records), "{}", records.len());
    is_damaged(&summary, records.len() as u64, entries);
}

/// A small generator with a seed, so that a failure comes again.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 11
    }
}

#[test]
fn a_garbled_journal_gives_all_but_what_was_hit() {
    let scratch = Scratch::new("garbled");
    let whole = journal("journals/dnsmaster.journal.zst");
    let (expected, _) = read_path(&scratch.put("whole.journal", &whole));
    for seed in 0..20 {
        for writes in [1usize, 5, 20] {
            let mut noise = Noise(seed * 100 + writes as u64);
            let mut bytes = whole.clone();
            for _ in 0..writes {
                let at = 264 + noise.next() as usize % (tail(&whole) - 264);
                let junk = (noise.next() << 20 | 0x5A5A5) ^ 0xA5A5_0000_0000_0000;
                bytes[at..at + 8].copy_from_slice(&junk.to_le_bytes());
            }
            let (records, summary) = read_path(&scratch.put("garbled.journal", &bytes));
            let untouched = records.iter().filter(|record| expected.contains(record)).count();
            let lost = expected.len() - untouched.min(expected.len());
            // A value that many entries share (a host's name) may be hit: they are read without it.
            assert!(records.len() + 3 * writes >= expected.len(), "seed {seed}, {writes} writes: {}", records.len());
            assert!(lost == 0 || summary.lines > 0);
            if records.len() < expected.len() {
                assert!(summary.broken_off.is_some(), "seed {seed}, {writes} writes: {} lost unsaid", lost);
            }
        }
    }
}

/// A size that was hit leads past everything behind it: what it passes over is looked at nevertheless.
#[test]
fn flipped_bits_cost_what_they_hit() {
    let scratch = Scratch::new("flipped");
    let whole = journal("journals/dnsmaster.journal.zst");
    let (expected, _) = read_path(&scratch.put("whole.journal", &whole));
    for seed in 0..10 {
        let mut noise = Noise(seed);
        let mut bytes = whole.clone();
        for _ in 0..400 {
            let at = 304 + noise.next() as usize % (tail(&whole) - 304);
            bytes[at] ^= 1 << (noise.next() % 8);
        }
        let (records, summary) = read_path(&scratch.put("flipped.journal", &bytes));
        // 400 of 286,000 bytes, and an entry with its message takes some hundred.
        assert!(records.len() * 5 >= expected.len() * 4, "seed {seed}: {} of {}", records.len(), expected.len());
        is_damaged(&summary, records.len() as u64, expected.len() as u64);
    }
}

#[test]
fn a_garbled_identifier_does_not_hide_its_program() {
    let scratch = Scratch::new("identifier");
    let mut bytes = journal("journals/dnsmaster.journal.zst");
    let needle = b"SYSLOG_IDENTIFIER=Keepalived_vrrp";
    let (before, _) = read_source(&Source::file(&scratch.put("a.journal", &bytes), None), &programs());
    let at = memchr::memmem::find(&bytes, needle).unwrap();
    bytes[at + 25] = b'#';
    let (after, summary) = read_source(&Source::file(&scratch.put("a.journal", &bytes), None), &programs());
    assert_eq!(after.len(), before.len(), "the unit still says whose they are");
    assert!(matches!(summary.unwrap().broken_off, Some(Error::Damaged { .. })));
}

#[test]
fn one_bad_file_does_not_spoil_a_journal() {
    let scratch = Scratch::new("bad");
    let bytes = journal("journals/dnsmaster.journal.zst");
    let id = "0123456789abcdef0123456789abcdef";
    scratch.put(&format!("{id}/system.journal"), &bytes);
    scratch.put(&format!("{id}/system@0001.journal~"), b"LPKSHHRH and nothing behind it");
    let (records, summary) = read_source(&only_source(&scratch.0.join(id)), &Interest::All);
    assert_eq!(records.len(), 96);
    let error = summary.unwrap().broken_off.unwrap().to_string();
    assert!(error.contains("system@0001.journal~"), "{error}");
}

#[test]
fn no_permission_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("permission");
    let path = scratch.put("system.journal", &journal("formats/journal.journal.zst"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::File::open(&path).is_ok() {
        eprintln!("SKIPPED no_permission_is_an_error: this user may read everything");
        return;
    }
    let error = read_source(&only_source(&scratch.0), &Interest::All).1.unwrap_err();
    assert!(matches!(error, Error::NotPermitted { .. }), "{error:?}");
}
