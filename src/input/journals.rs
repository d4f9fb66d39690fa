//! Which files make one journal, and where this machine's is. journald names the files by who wrote them: `system.journal` and
//! `user-1000.journal` are one machine's, `remote-192.0.2.7.journal` is another's; what was rotated has `@` and numbers behind that,
//! and what was found damaged ends in `~`.

use super::error::Error;
use super::expand::{Place, Source};
use super::summary::{Summary, Trouble};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where journald keeps journals: on disk, and in memory until the disk is there.
const ROOTS: [&str; 2] = ["/var/log/journal", "/run/log/journal"];

/// Whether a file in a directory is one of a journal's, by its name.
pub(super) fn is_journal(path: &Path) -> bool {
    let name = path.file_name().map_or(&b""[..], OsStr::as_bytes);
    name.ends_with(b".journal") || name.ends_with(b".journal~")
}

/// The files of each journal, under the name by which it stays known: the directory of a machine's own journal, the file that
/// is written to of any other.
pub(super) fn group(files: impl Iterator<Item = PathBuf>) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut journals = BTreeMap::<PathBuf, Vec<PathBuf>>::new();
    for file in files {
        let name = file.file_name().map_or(&b""[..], OsStr::as_bytes);
        let writer = name.split(|&byte| byte == b'@').next().unwrap_or(name);
        let writer = writer.strip_suffix(b"~").unwrap_or(writer);
        let writer = writer.strip_suffix(b".journal").unwrap_or(writer);
        let directory = file.parent().unwrap_or(Path::new(""));
        let key = if writer == b"system" || writer.starts_with(b"user-") {
            directory.to_owned()
        } else {
            directory.join(OsStr::from_bytes(&[writer, b".journal"].concat()))
        };
        journals.entry(key).or_default().push(file);
    }
    journals
}

/// This machine's journal with all its namespaces: what is read when no source is named. The journals that others sent here
/// are not this machine's.
///
/// # Errors
/// There is none, or its directories cannot be listed.
pub fn this_machine() -> Result<Source, Error> {
    let mut files = Vec::new();
    for directory in own_directories()? {
        files.extend(list(&directory)?.into_iter().filter(|path| is_journal(path)));
    }
    if files.is_empty() {
        return Err(Error::NoJournal { path: THIS_MACHINE.into() });
    }
    files.sort();
    Ok(Source::at(Place::Journal(files), THIS_MACHINE.into(), None))
}

fn own_directories() -> Result<Vec<PathBuf>, Error> {
    let own = machine_id();
    let is_own = |directory: &PathBuf| {
        let is_named = |own| directory.file_name().is_some_and(|name| name.as_bytes().starts_with(own));
        is_machine(directory) && own.as_deref().is_none_or(is_named)
    };
    let mut directories = Vec::new();
    for root in ROOTS {
        directories.extend(subdirectories(Path::new(root))?.into_iter().filter(is_own));
    }
    Ok(directories)
}

/// The directories of this machine's journal, as far as they can be listed now.
pub(super) fn machine_directories() -> Vec<PathBuf> {
    own_directories().unwrap_or_default()
}

fn machine_id() -> Option<Vec<u8>> {
    #[expect(clippy::disallowed_methods, reason = "which of the journals kept here is this machine's")]
    let id = fs::read("/etc/machine-id").ok()?;
    Some(id.trim_ascii().to_vec()).filter(|id| id.len() == 32)
}

/// What this machine's journal is called in a report.
const THIS_MACHINE: &str = "journal";

fn subdirectories(root: &Path) -> Result<Vec<PathBuf>, Error> {
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    Ok(list(root)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn list(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.map_err(|error| Error::opening_journal(&directory.to_string_lossy().into(), error))
}

/// `0123456789abcdef0123456789abcdef`, or that with a namespace behind a dot.
fn is_machine(directory: &Path) -> bool {
    let name = directory.file_name().map_or(&b""[..], OsStr::as_bytes);
    let id = name.split(|&byte| byte == b'.').next().unwrap_or(name);
    id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit)
}

impl Source {
    /// Says that the machine whose journal this is has log namespaces beside it that were not named.
    pub(super) fn note_namespaces(&self, summary: &mut Summary) {
        let Place::Journal(files) = &self.place else { return };
        let mut beside = Vec::new();
        for directory in files.iter().filter_map(|file| file.parent()).collect::<std::collections::BTreeSet<_>>() {
            let Some(name) = directory.file_name().filter(|_| is_machine(directory)) else { continue };
            let prefix = [name.as_bytes(), b"."].concat();
            let siblings = directory.parent().and_then(|parent| list(parent).ok()).unwrap_or_default();
            beside.extend(siblings.into_iter().filter(|sibling| {
                let is_namespace = sibling.file_name().is_some_and(|name| name.as_bytes().starts_with(&prefix));
                is_namespace && sibling.is_dir() && !files.iter().any(|file| file.starts_with(sibling))
            }));
        }
        beside.sort();
        for directory in beside {
            let text =
                format!("{} beside it is a log namespace and was not read: name it as well.", directory.display());
            summary.troubles.push(Trouble { line: None, kind: "namespace", text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_machine_wrote_is_one_journal() {
        let id = "0123456789abcdef0123456789abcdef";
        let files = [
            format!("j/{id}/system.journal"),
            format!("j/{id}/system@b3b602293a7546d191ea7b33dbf98c1f-0000000000000001-000660e820565702.journal"),
            format!("j/{id}/system@000660e820565702-0123456789abcdef.journal~"),
            format!("j/{id}/user-1000.journal"),
            format!("j/{id}.dns/system.journal"),
            "j/remote/remote-192.0.2.7.journal".to_owned(),
            "j/remote/remote-192.0.2.7@b3b6-01-02.journal".to_owned(),
            "j/remote/remote-192.0.2.8.journal".to_owned(),
            "j/ns1.journal".to_owned(),
        ];
        let grouped = group(files.iter().map(PathBuf::from));
        let shown: Vec<(String, usize)> =
            grouped.iter().map(|(path, files)| (path.display().to_string(), files.len())).collect();
        let expected = [
            (format!("j/{id}"), 4),
            (format!("j/{id}.dns"), 1),
            ("j/ns1.journal".to_owned(), 1),
            ("j/remote/remote-192.0.2.7.journal".to_owned(), 2),
            ("j/remote/remote-192.0.2.8.journal".to_owned(), 1),
        ];
        assert_eq!(shown.into_iter().collect::<std::collections::BTreeSet<_>>(), expected.into_iter().collect());
        assert!(is_machine(Path::new("/x").join(format!("{id}.dns")).as_path()) && !is_machine(Path::new("remote")));
    }
}
