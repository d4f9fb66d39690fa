//! Tar archives, sosreports among them: the same as the directory they were made of, and nothing that an archive claims is believed.

use crate::common::{analyze, bytes, document, findings, logs, parsed, scratch};
use driftline::input;
use driftline::pipeline::Outcome;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

const DRIFT: &str = "samples/eip-drift/brief-partition-keepalived-2.2";

fn header(size: usize, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_mtime(1_795_399_990);
    header.set_entry_type(kind);
    header
}

/// An archive of these files, in their order.
fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, bytes) in files {
        builder.append_data(&mut header(bytes.len(), EntryType::Regular), path, &bytes[..]).expect("a Vec takes all");
    }
    builder.into_inner().expect("a Vec takes all")
}

/// What `sos report` leaves of a host: its journal as text twice, listings, a program, a picture.
fn sosreport(log: &Path) -> (String, Vec<(String, Vec<u8>)>) {
    let host = log.file_stem().expect("a log has a name").to_str().expect("names are UTF-8");
    let top = format!("sosreport-{host}-2026-11-23-abcdefg");
    let journal = bytes(log);
    let part: Vec<u8> = journal.split_inclusive(|byte| *byte == b'\n').take(20).flatten().copied().collect();
    let files = [
        ("date", b"Mon Nov 23 02:20:00 UTC 2026\n".to_vec()),
        ("sos_commands/logs/journalctl_--no-pager", journal),
        ("sos_commands/logs/journalctl_--no-pager_--catalog_--boot", part),
        ("sos_commands/systemd/systemctl_list-units", b"UNIT LOAD\npdns.service loaded\n".to_vec()),
        ("usr/bin/true", [b"\x7FELF".as_slice(), &[0; 70_000]].concat()),
        ("README.txt", b"Nov 23 02:12:33 x pdns_server[1]: PowerDNS\n".to_vec()),
    ];
    (top.clone(), files.into_iter().map(|(path, bytes)| (format!("{top}/{path}"), bytes)).collect())
}

fn put(place: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = place.join(name);
    fs::create_dir_all(path.parent().expect("a file lies in a directory")).expect("a directory can be made");
    fs::write(&path, bytes).expect("a scratch file can be written");
    path
}

/// The findings without where their lines stand.
fn placeless(outcome: &Outcome) -> String {
    let mut found = findings(outcome);
    for line in found.iter_mut().flat_map(|finding| finding["evidence"].as_array_mut().into_iter().flatten()) {
        line["path"].take();
        line["line"].take();
    }
    serde_json::to_string_pretty(&found).expect("JSON can be written")
}

#[test]
fn sosreports_say_what_their_logs_say() {
    let place = scratch("sosreports");
    for log in logs(Path::new(DRIFT)) {
        let (top, files) = sosreport(&log);
        put(&place, &format!("{top}.tar"), &tar(&files));
    }
    let archives = analyze(&[&place]);
    assert!(archives.errors.is_empty(), "{:?}", archives.errors);
    assert_eq!(placeless(&archives), placeless(&analyze(&[DRIFT])));
    let report = parsed(&archives);
    let evidence = report["findings"][0]["evidence"][0]["path"].as_str().expect("a line has a path").to_owned();
    assert!(evidence.contains(".tar:sosreport-dnsmaster"), "{evidence}");
    // Listings, programs and the date are no logs, and README's are none by name.
    let skipped = report["caveats"].as_array().expect("caveats").iter().find(|caveat| caveat["kind"] == "skipped");
    assert!(skipped.is_some_and(|caveat| caveat["text"].to_string().contains("12 files in directories and archives")));
    // Once more, from the same words: the members' order and their copies change nothing.
    assert_eq!(document(&archives), document(&analyze(&[&place])));
}

#[test]
fn an_archive_is_named_with_its_node_and_may_lie_in_another() {
    let place = scratch("collected");
    let reports: Vec<(String, Vec<u8>)> = logs(Path::new(DRIFT))
        .iter()
        .map(|log| {
            let (top, files) = sosreport(log);
            (format!("sos-collector/{top}.tar"), tar(&files))
        })
        .collect();
    let collected = put(&place, "collected.tar", &tar(&reports));
    assert_eq!(placeless(&analyze(&[&collected])), placeless(&analyze(&[DRIFT])));

    let stampless = "2026-11-23T02:12:33.000001+00:00 localhost pdns_server[9]: Received NOTIFY for example.com from 192.0.2.1 which is not a master (Refused)\n";
    let named = put(&place, "named.tar", &tar(&[("var/log/pdns.log".to_owned(), stampless.into())]));
    let word = format!("ns7={}", named.display());
    assert_eq!(parsed(&analyze(&[word]))["nodes"][0]["name"], "ns7");
}

#[cfg(feature = "compress")]
#[test]
fn a_packed_archive_is_an_archive_and_a_cut_one_gives_what_came_before() {
    use std::io::Write;
    let place = scratch("packed-archives");
    let files: Vec<(String, Vec<u8>)> =
        logs(Path::new(DRIFT)).iter().map(|log| (format!("all/{}", log.display()), bytes(log))).collect();
    let mut packer = liblzma::write::XzEncoder::new(Vec::new(), 6);
    packer.write_all(&tar(&files)).expect("a Vec takes all");
    let packed = put(&place, "logs.tar.xz", &packer.finish().expect("a Vec takes all"));
    assert_eq!(placeless(&analyze(&[&packed])), placeless(&analyze(&[DRIFT])));

    let whole = tar(&files);
    let cut = put(&place, "cut.tar", &whole[..whole.len() - 8000]);
    let expanded = input::expand(&[OsString::from(&cut)]);
    assert_eq!(expanded.errors.len(), 1, "{:?}", expanded.errors);
    assert!(expanded.errors[0].to_string().contains("cut.tar"), "{:?}", expanded.errors);
    assert_eq!(expanded.sources.len(), files.len() - 1);
}

#[test]
fn nothing_that_an_archive_claims_is_believed() {
    let place = scratch("hostile-archives");
    let line = b"Nov 23 02:12:33 ns1 pdns_server[9]: Received NOTIFY for example.com from 192.0.2.1 which is not a master (Refused)\n";
    let mut builder = Builder::new(Vec::new());
    let mut add = |path: &[u8], kind: EntryType, bytes: &[u8]| {
        let mut header = header(bytes.len(), kind);
        let name = &mut header.as_old_mut().name;
        name[..path.len()].copy_from_slice(path);
        if kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").expect("it fits");
        }
        header.set_cksum();
        builder.append(&header, bytes).expect("a Vec takes all");
    };
    add(b"../../escaped.log", EntryType::Regular, line);
    add(b"link.log", EntryType::Symlink, b"");
    add(b"device.log", EntryType::Char, b"");
    add(b"holes.log", EntryType::GNUSparse, b"");
    add(b"/absolute.log", EntryType::Regular, line);
    add(b"ends\x1b[31m\xFF.log", EntryType::Regular, line);
    // A name that would fill the memory, and one that is merely long.
    add(b"x", EntryType::GNULongName, &vec![b'a'; 3_000_000]);
    add(b"short.log", EntryType::Regular, line);
    let long = format!("{}/long.log", "d".repeat(150));
    add(b"x", EntryType::GNULongName, long.as_bytes());
    add(b"short.log", EntryType::Regular, line);
    let archive = put(&place, "hostile.tar", &builder.into_inner().expect("a Vec takes all"));

    let expanded = input::expand(&[OsString::from(&archive)]);
    let paths: Vec<&str> =
        expanded.sources.iter().filter_map(|source| source.path.strip_prefix(&*archive.to_string_lossy())).collect();
    assert_eq!(paths, [":absolute.log", ":ends\u{1b}[31m\u{fffd}.log", &format!(":{long}")]);
    let errors: Vec<String> = expanded.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0]
            .ends_with("hostile.tar:holes.log: it has holes (tar --sparse), unpack the archive and name the directory")
    );
    assert!(!place.parent().expect("it has one").join("escaped.log").exists());
}

#[cfg(feature = "compress")]
#[test]
fn journals_in_an_archive_are_read() {
    let journals = crate::common::entries(Path::new("tests/data/journals"));
    let files: Vec<(String, Vec<u8>)> = journals
        .iter()
        .filter(|journal| journal.extension().is_some_and(|ending| ending == "zst"))
        .map(|journal| {
            let mut plain = Vec::new();
            zstd::stream::copy_decode(&bytes(journal)[..], &mut plain).expect("a journal can be unpacked");
            let name = journal.file_stem().expect("a journal has a name").to_str().expect("names are UTF-8");
            (format!("var/log/journal/0123456789abcdef/{name}"), plain)
        })
        .collect();
    let archive = put(&scratch("archived-journals"), "journals.tar", &tar(&files));
    let told = placeless(&analyze(&[archive]));
    assert_eq!(told, placeless(&analyze(&["tests/data/journals"])));
    assert!(told.contains("eip-drift"));
}
