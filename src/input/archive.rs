//! Tar archives, packed or not: each of their files is a source, as if the archive were a directory. That is how sosreport hands
//! over a machine, and how people hand over logs.
//!
//! Members are laid into one file without a name, so that a run that is killed leaves nothing behind. Nothing is written to where
//! an archive says: a member's path is only shown. What stands behind names (links, devices) is not followed, and neither memory nor
//! disk goes beyond a limit, whatever an archive claims.

use super::error::Error;
use super::expand::{is_never_a_log, shown};
use super::opening;
use super::sniff::{self, Verdict};
use super::unpack::Packing;
use crate::event::Text;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tar::EntryType;

/// Archives in archives; `sos collect` makes one of sosreports.
const DEPTH_MAX: u32 = 3;
/// The longest path of a member.
const PATH_BYTES_MAX: u64 = 4096;
/// The longest list of what does not fit a member's head.
const HEAD_BYTES_MAX: u64 = 64 * 1024;
/// Members of all archives of a run.
const MEMBERS_MAX: usize = 100_000;
/// What all of them may take on disk.
const SPOOL_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// What says that a member is no text; the rest of it is not kept.
const WINDOW_BYTES: usize = 64 * 1024;
/// Where a tar archive says that it is one.
const MAGIC: std::ops::Range<usize> = 257..262;

/// A file in an archive.
#[derive(Debug, Clone)]
pub(super) struct Member {
    file: Arc<File>,
    start: u64,
    bytes: u64,
    modified: Option<i64>,
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file) && self.start == other.start
    }
}

impl Eq for Member {}

impl Member {
    /// Its size.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When it was last written, in Unix seconds.
    pub(super) fn modified(&self) -> Option<i64> {
        self.modified
    }

    /// Its bytes from the first on.
    pub(super) fn open(&self) -> impl Read + Send + use<> {
        Opened { member: self.clone(), at: 0 }
    }
}

struct Opened {
    member: Member,
    at: u64,
}

impl Read for Opened {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.member.bytes - self.at;
        let most = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = self.member.file.read_at(&mut into[..most], self.member.start + self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Takes archives apart; all members of a run lie in one file.
#[derive(Default)]
pub(super) struct Archives {
    file: Option<Arc<File>>,
    bytes: u64,
    members: usize,
}

/// What was in an archive.
#[derive(Default)]
pub(super) struct Contents {
    /// Paths as shown, in the order of the archive.
    pub(super) members: Vec<(Text, Member)>,
    /// What could not be had of it.
    pub(super) errors: Vec<Error>,
}

impl Archives {
    /// The files of an archive; `None` if the file is none, or cannot be opened: then reading it says what is wrong.
    pub(super) fn contents(&mut self, path: &Path) -> Option<Contents> {
        let open = || opening::regular(path);
        let shown = shown(path);
        if !is_archive(open()?) {
            return None;
        }
        let mut contents = Contents::default();
        match super::unpacked(open()?) {
            Ok(stream) => self.take(stream, &shown, 0, &mut contents),
            Err(source) => contents.errors.push(Error::opening(&shown, source)),
        }
        Some(contents)
    }

    fn take(&mut self, stream: impl Read, path: &Text, depth: u32, contents: &mut Contents) {
        if let Err(source) = self.take_members(stream, path, depth, contents) {
            contents.errors.push(Error::Unreadable { path: path.clone(), line: None, source });
        }
    }

    fn take_members(&mut self, stream: impl Read, path: &Text, depth: u32, contents: &mut Contents) -> io::Result<()> {
        let mut archive = tar::Archive::new(stream);
        // Names that do not fit a head come before it as members of their own; the crate would read them whole, however long.
        let mut long_name: Option<Vec<u8>> = None;
        for entry in archive.entries()?.raw(true) {
            let mut entry = entry?;
            let kind = entry.header().entry_type();
            if kind == EntryType::GNULongName {
                long_name = Some(head(&mut entry)?);
            } else if kind == EntryType::XHeader {
                long_name = path_of_pax(&head(&mut entry)?).or(long_name);
            } else if kind != EntryType::GNULongLink && kind != EntryType::XGlobalHeader {
                let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
                self.take_member(&mut entry, &name, path, depth, contents)?;
            }
        }
        Ok(())
    }

    fn take_member(
        &mut self,
        entry: &mut tar::Entry<'_, impl Read>,
        name: &[u8],
        archive: &Text,
        depth: u32,
        contents: &mut Contents,
    ) -> io::Result<()> {
        let Some(name) = plain(name) else { return Ok(()) };
        let path = Text::from(format!("{archive}:{}", name.display()));
        let kind = entry.header().entry_type();
        if kind == EntryType::GNUSparse {
            let found = "it has holes (tar --sparse), unpack the archive and name the directory";
            contents.errors.push(Error::Unsupported { path, found });
        } else if kind == EntryType::Regular || kind == EntryType::Continuous {
            let modified = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
            let member = self.keep(entry, modified)?;
            if depth == DEPTH_MAX || !is_archive(member.open()) {
                contents.members.push((path, member));
            } else {
                match super::unpacked(member.open()) {
                    Ok(stream) => self.take(stream, &path, depth + 1, contents),
                    Err(source) => contents.errors.push(Error::opening(&path, source)),
                }
            }
        }
        Ok(())
    }

    /// Lays a member behind the others; of what is no text nor journal only the beginning, which says so.
    fn keep(&mut self, entry: &mut impl Read, modified: Option<i64>) -> io::Result<Member> {
        self.members += 1;
        if self.members > MEMBERS_MAX {
            return Err(io::Error::other("archives of more than 100,000 files must be unpacked first"));
        }
        let file = match &self.file {
            Some(file) => file.clone(),
            None => self.file.insert(Arc::new(tempfile::tempfile()?)).clone(),
        };
        let mut member = Member { file, start: self.bytes, bytes: 0, modified };
        let mut window = Vec::with_capacity(WINDOW_BYTES);
        entry.take(WINDOW_BYTES as u64).read_to_end(&mut window)?;
        self.append(&window, &mut member)?;
        if is_foreign(&window) {
            return Ok(member);
        }
        loop {
            window.clear();
            if entry.take(WINDOW_BYTES as u64).read_to_end(&mut window)? == 0 {
                return Ok(member);
            }
            self.append(&window, &mut member)?;
        }
    }

    fn append(&mut self, bytes: &[u8], member: &mut Member) -> io::Result<()> {
        if self.bytes + bytes.len() as u64 > SPOOL_BYTES_MAX {
            return Err(io::Error::other("archives that hold more than 16 GiB must be unpacked first"));
        }
        member.file.write_all_at(bytes, self.bytes)?;
        self.bytes += bytes.len() as u64;
        member.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// Whether a file is an archive, packed or not.
pub(super) fn is_at(path: &Path) -> bool {
    opening::regular(path).is_some_and(is_archive)
}

/// Whether a stream, unpacked, begins as an archive does. Of a plain one, as most are, no more is read than tells it.
fn is_archive(mut stream: impl Read + Send) -> bool {
    // A damaged stream may give enough before it breaks: what it gave is judged.
    let begin = |stream: &mut dyn Read| {
        let mut bytes = Vec::with_capacity(MAGIC.end);
        drop(stream.take(MAGIC.end as u64).read_to_end(&mut bytes));
        bytes
    };
    let is_one = |head: &[u8]| head.get(MAGIC) == Some(b"ustar");
    let head = begin(&mut stream);
    match Packing::of(&head) {
        None => is_one(&head),
        Some(_) => super::unpacked(head.chain(stream)).is_ok_and(|mut inner| is_one(&begin(&mut inner))),
    }
}

/// What a member holds that belongs to the next.
fn head(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(HEAD_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The path that a list of the PAX format gives the next member.
fn path_of_pax(list: &[u8]) -> Option<Vec<u8>> {
    let records = tar::PaxExtensions::new(list);
    let path = records.filter_map(Result::ok).find(|record| record.key_bytes() == b"path")?;
    Some(path.value_bytes().to_owned())
}

/// A member's path below its archive; `None` where nothing there would be a log.
fn plain(name: &[u8]) -> Option<PathBuf> {
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    if name.len() as u64 > PATH_BYTES_MAX {
        return None;
    }
    let path = Path::new(OsStr::from_bytes(name));
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) if !is_never_a_log(part) => plain.push(part),
            Component::RootDir | Component::CurDir => {}
            Component::Normal(_) | Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    (!plain.as_os_str().is_empty()).then_some(plain)
}

/// Whether the beginning of a member shows that nothing in it is a log's.
fn is_foreign(window: &[u8]) -> bool {
    // A log that was cut while its writer kept its place begins with a hole.
    let is_hole = window.iter().all(|byte| *byte == 0);
    !is_hole && memchr::memchr(0, window).is_some() && matches!(sniff::sniff(window, None), Verdict::Other(_))
}
