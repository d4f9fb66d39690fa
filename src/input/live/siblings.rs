//! What rotation leaves beside a log: `name.1`, `name-20201123`, the same packed. A file is known again by device and inode, and a
//! copy of it by its first bytes.

use super::super::unpack::Packing;
use super::position::{BEGINNING_BYTES_MAX, Beginning, FileId};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What packed files are called.
const PACKED: [&[u8]; 4] = [b".gz", b".zst", b".xz", b".bz2"];

/// One file beside the log.
#[derive(Debug)]
pub(super) struct Sibling {
    pub(super) path: PathBuf,
    identity: (u64, u64),
    modified: i64,
    size: u64,
    /// `1` of `name.1`.
    number: Option<u64>,
}

/// Device and inode.
pub(super) fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// When a file was last written to, in nanoseconds since 1970.
pub(super) fn modified(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

/// The rotated files of the log at `location`, in the order of their names.
pub(super) fn beside(location: &Path) -> Vec<Sibling> {
    let Some(name) = location.file_name().map(OsStr::as_bytes) else { return Vec::new() };
    let directory = location.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let listed = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<Sibling> = listed
        .filter_map(|entry| {
            let number = behind(name, entry.file_name().as_bytes())?;
            let metadata = fs::metadata(entry.path()).ok().filter(Metadata::is_file)?;
            let (identity, modified) = (identity(&metadata), modified(&metadata));
            Some(Sibling { path: entry.path(), identity, modified, size: metadata.len(), number })
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether `other` is what rotation makes of `name`, and its number if it has one.
pub(super) fn behind(name: &[u8], other: &[u8]) -> Option<Option<u64>> {
    let rest = other.strip_prefix(name)?;
    let rest = PACKED.iter().find_map(|packed| rest.strip_suffix(*packed)).unwrap_or(rest);
    match rest {
        [b'.' | b'-' | b'_', number @ ..] if !number.is_empty() => {
            Some(std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).filter(|_| rest[0] == b'.'))
        }
        // `name` packed where it stood.
        [] if other != name => Some(None),
        _ => None,
    }
}

/// Whether a file is called as rotation calls what it has put aside: nothing is added to it any more.
pub(super) fn is_put_aside(path: &Path) -> bool {
    let name = path.file_name().map_or(&b""[..], OsStr::as_bytes);
    if PACKED.iter().any(|packed| name.ends_with(packed)) {
        return true;
    }
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && matches!(name.get(..name.len() - digits), Some([_, .., b'.' | b'-']))
}

/// The file itself under another name, or a copy of it that has at least `size` bytes, also packed.
pub(super) fn same(siblings: &[Sibling], file: &FileId, size: u64) -> Option<usize> {
    let is_itself = |sibling: &Sibling| {
        sibling.identity == (file.device, file.inode)
            && sibling.size >= size
            && begins_alike(&sibling.path, &file.beginning)
    };
    siblings.iter().position(is_itself).or_else(|| copy(siblings, file, size))
}

/// The youngest copy.
pub(super) fn copy(siblings: &[Sibling], file: &FileId, size: u64) -> Option<usize> {
    if file.beginning.bytes < COPY_BYTES_MIN {
        return None;
    }
    let is_copy = |sibling: &Sibling| {
        sibling.identity != (file.device, file.inode)
            && (sibling.size >= size || is_packed(&sibling.path))
            && begins_alike(&sibling.path, &file.beginning)
    };
    let copies = siblings.iter().enumerate().filter(|(_, sibling)| is_copy(sibling));
    copies.max_by_key(|(_, sibling)| sibling.modified).map(|(at, _)| at)
}

/// A stamp and a host: what is shorter may begin many logs.
const COPY_BYTES_MIN: usize = 32;

/// Those that were the log after `old` was and before the log was what it is now (`current`), the oldest first.
pub(super) fn between(
    siblings: Vec<Sibling>,
    old: &FileId,
    found: Option<usize>,
    current: Option<(u64, u64)>,
) -> Vec<PathBuf> {
    let number = found.and_then(|at| siblings.get(at)).and_then(|sibling| sibling.number);
    let place = found.and_then(|at| siblings.get(at)).map(|sibling| sibling.path.clone());
    let mut later: Vec<Sibling> = siblings
        .into_iter()
        .filter(|sibling| Some(&sibling.path) != place.as_ref() && Some(sibling.identity) != current)
        .filter(|sibling| match (number, sibling.number) {
            (Some(old), Some(number)) => number < old,
            (_, _) => sibling.modified > old.modified,
        })
        .collect();
    later.sort_by_key(|sibling| (sibling.modified, sibling.number.map(|number| u64::MAX - number)));
    later.into_iter().map(|sibling| sibling.path).collect()
}

/// Whether a file begins as one did that was read before, packed since or not.
pub(super) fn begins_alike(path: &Path, beginning: &Beginning) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this room opens sources")]
    let Ok(mut file) = File::open(path) else { return false };
    let head = head(&mut file);
    beginning.is_of(&head)
        || Packing::of(&head)
            .filter(|_| file.rewind().is_ok())
            .and_then(|packing| unpacked(packing, file))
            .is_some_and(|mut stream| beginning.is_of(&self::head(&mut stream)))
}

fn head(stream: &mut dyn Read) -> Vec<u8> {
    let mut head = Vec::new();
    let _broken_off = stream.take(BEGINNING_BYTES_MAX as u64).read_to_end(&mut head);
    head
}

/// Whether a file begins as a packed one does.
pub(super) fn is_packed(path: &Path) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this room opens sources")]
    let file = File::open(path);
    let mut head = Vec::new();
    file.is_ok_and(|file| file.take(8).read_to_end(&mut head).is_ok()) && Packing::of(&head).is_some()
}

#[cfg(feature = "compress")]
fn unpacked(packing: Packing, file: File) -> Option<Box<dyn Read>> {
    let stream = packing.unpack(std::io::BufReader::new(file)).ok()?;
    Some(stream)
}

#[cfg(not(feature = "compress"))]
fn unpacked(_packing: Packing, _file: File) -> Option<Box<dyn Read>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_names_are_known() {
        for (other, expected) in [
            ("syslog.1", Some(Some(1))),
            ("syslog.12.gz", Some(Some(12))),
            ("syslog-20201123", Some(None)),
            ("syslog-20201123.xz", Some(None)),
            ("syslog.old", Some(None)),
            ("syslog.gz", Some(None)),
            ("syslog", None),
            ("syslogd", None),
            ("syslog.", None),
            ("auth.log", None),
        ] {
            assert_eq!(behind(b"syslog", other.as_bytes()), expected, "{other}");
        }
    }

    #[test]
    fn what_is_put_aside_is_told_from_what_is_written_to() {
        for name in ["syslog.1", "syslog.2.gz", "syslog-20201123", "a.log.zst"] {
            assert!(is_put_aside(Path::new(name)), "{name}");
        }
        for name in ["syslog", "ns1.log", "ns1", "1"] {
            assert!(!is_put_aside(Path::new(name)), "{name}");
        }
    }
}
