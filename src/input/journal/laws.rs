//! What is owed where a file is read by ourselves: libsystemd gives the same of it, entry by entry.

use super::check::{Checks, Condition};
use super::{HashSet, Reader, open};
use crate::input::{Interest, Programs, Summary};
use std::io::Write;
use std::path::Path;

fn programs() -> Interest {
    Interest::Programs(Programs {
        pattern: regex::bytes::Regex::new("pdns|eepalived").expect("it is a regex"),
        fields: &["SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "UNIT", "_COMM"],
        is_known: |_| false,
    })
}

#[expect(clippy::disallowed_methods, reason = "what is unpacked here is no source")]
fn fixtures() -> Vec<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let names = ["journals/dnsmaster", "journals/dnsslave1", "formats/journal", "formats/odd"];
    let packed = |name| std::fs::File::open(data.join(format!("{name}.journal.zst"))).expect("the file is there");
    names.map(|name| zstd::decode_all(packed(name)).expect("it is packed")).into()
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".journal").tempfile().expect("there is room");
    file.write_all(bytes).expect("there is room");
    file
}

fn condition(place: &Path, interest: &Interest) -> Condition {
    Checks::of(vec![place]).condition(0, &mut open(place).expect("it is there"), interest)
}

/// What is given of a file as if it were in this condition, and what is said of it.
fn given(place: &Path, condition: &Condition, interest: &Interest) -> (Vec<String>, String) {
    let (mut records, mut summary) = (Vec::new(), Summary::default());
    let mut each = |record: &crate::record::Record<'_>| records.push(format!("{record:?}"));
    let (summary_of, each) = (&mut summary, &mut each as &mut dyn FnMut(&crate::record::Record<'_>));
    let (seen, have_doubles, given) = (HashSet::new(), false, None);
    let mut reader = Reader { seen, have_doubles, given, interest, summary: summary_of, each };
    let ended = reader.file(place, open(place).expect("it is there"), condition);
    (records, format!("{ended:?} {summary:?}"))
}

#[test]
fn a_plain_file_gives_what_libsystemd_gives() {
    for (at, bytes) in fixtures().iter().enumerate() {
        let journal = file(bytes);
        for interest in [Interest::All, programs()] {
            let found = condition(journal.path(), &interest);
            assert!(matches!(found, Condition::Plain(_)), "{at}");
            let (ours, theirs) =
                [&found, &Condition::Whole].map(|found| given(journal.path(), found, &interest)).into();
            assert_eq!(ours, theirs, "{at}");
        }
    }
}

/// Values that were hit, and offsets that lead elsewhere: what passes for plain gives what it gives by its index, or all that was there
/// before. An index that was hit hides entries from libsystemd.
#[test]
fn what_passes_for_plain_is_so() {
    let bytes = &fixtures()[0];
    let whole = file(bytes);
    let mut noise = 7u64;
    let mut next = || {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(noise >> 33).expect("31 bits")
    };
    let tail = usize::try_from(super::object::u64_at(bytes, 136)).expect("a journal in memory");
    let mut plain = 0;
    for _ in 0..400 {
        let mut garbled = bytes.clone();
        garbled[300_000.min(tail / 2)..tail][next() % (tail - 300_000.min(tail / 2))] ^= 1 << (next() % 8);
        let journal = file(&garbled);
        for interest in [Interest::All, programs()] {
            let found = condition(journal.path(), &interest);
            if matches!(found, Condition::Plain(_)) {
                plain += 1;
                let (ours, theirs): ((Vec<String>, String), _) =
                    [&found, &Condition::Whole].map(|found| given(journal.path(), found, &interest)).into();
                let is_all = || ours == given(whole.path(), &condition(whole.path(), &interest), &interest);
                assert!(ours == theirs || is_all(), "{} of ours, {} of theirs", ours.0.len(), theirs.0.len());
            }
        }
    }
    assert!(plain > 100, "{plain}");
}
