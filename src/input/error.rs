//! What can be wrong with a source. Each text is a fragment that follows "failed to …".

use crate::event::Text;
use std::io;

/// Why a source, or the rest of one, could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A named path does not exist.
    #[error("find {path}")]
    Missing {
        /// The path as given.
        path: Text,
        /// What the system said.
        source: io::Error,
    },
    /// The file or directory cannot be opened, or reading it broke off.
    #[error("read {path}{}", behind(*line))]
    Unreadable {
        /// The path as given or found.
        path: Text,
        /// The last line that was read, where reading broke off later than at the beginning.
        line: Option<u64>,
        /// What the system said.
        source: io::Error,
    },
    /// A journal is there, but not for us: without this check libsystemd would give an empty one.
    #[error("read the journal {path}: become root or a member of the group systemd-journal")]
    NotPermitted {
        /// The path as given or found.
        path: Text,
        /// What the system said.
        source: io::Error,
    },
    /// A journal file is damaged or cut. What could be read has been delivered.
    #[error("read the journal {path} whole: it is damaged, {read} of {expected} entries could be read")]
    Damaged {
        /// The path as given or found.
        path: Text,
        /// Entries that were read.
        read: u64,
        /// Entries that it should hold.
        expected: u64,
    },
    /// This machine keeps no journal, or not where journald puts it.
    #[error(
        "find this machine's journal in /var/log/journal or /run/log/journal: name a file, a directory or - (standard input)"
    )]
    NoJournal {
        /// What stands for this machine's journal.
        path: Text,
    },
    /// No line at the beginning of the file looks like a log line. For a source with `found_in_directory` this is
    /// ordinary (a picture, a script): the caller skips and counts it.
    #[error("recognise {path} as a log: {found}")]
    NotALog {
        /// The path as given or found.
        path: Text,
        /// What it is instead, as far as we can tell: the end of a sentence.
        found: &'static str,
    },
    /// The file holds logs in a form that we do not read. Skipping it silently would hide evidence, in a directory too.
    #[error("read {path}: {found}")]
    Unsupported {
        /// The path as given or found.
        path: Text,
        /// What it is and what to do about it: the end of a sentence.
        found: &'static str,
    },
    /// `journalctl -o short-monotonic`: the lines count seconds since an unknown boot.
    #[error(
        "date the lines of {path}, line {line}: short-monotonic output has no dates, \
         save the journal with -o export or -o short-iso-precise instead"
    )]
    Undated {
        /// The path as given or found.
        path: Text,
        /// The first such line.
        line: u64,
    },
    /// A journal export ends inside an entry. The entries before it have been delivered.
    #[error("read {path} to its end: the journal entry that begins at line {line} is cut")]
    Cut {
        /// The path as given or found.
        path: Text,
        /// The first line of the cut entry.
        line: u64,
    },
    /// A cloud's list ends before its last bracket. The records before it have been delivered.
    #[error("read {path} to its end: the list that goes on in line {line} is cut")]
    CutList {
        /// The path as given or found.
        path: Text,
        /// The last line.
        line: u64,
    },
}

impl Error {
    /// The path that the error is about.
    #[must_use]
    pub fn path(&self) -> &Text {
        match self {
            Self::Missing { path, .. }
            | Self::Unreadable { path, .. }
            | Self::NotALog { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Undated { path, .. }
            | Self::NotPermitted { path, .. }
            | Self::Damaged { path, .. }
            | Self::NoJournal { path }
            | Self::CutList { path, .. }
            | Self::Cut { path, .. } => path,
        }
    }

    /// It and its causes, in one line.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            text.push_str(&format!(": {inner}"));
            cause = inner.source();
        }
        text
    }

    /// Whether the file is simply something else than a log: skipped and counted when met inside a directory.
    #[must_use]
    pub fn is_not_a_log(&self) -> bool {
        matches!(self, Self::NotALog { .. })
    }

    /// As [`opening`](Self::opening), of a journal.
    pub(super) fn opening_journal(path: &Text, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::PermissionDenied {
            Self::NotPermitted { path: path.clone(), source }
        } else {
            Self::opening(path, source)
        }
    }

    /// The error of a path that could not be opened or listed.
    pub(super) fn opening(path: &Text, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound {
            Self::Missing { path: path.clone(), source }
        } else {
            Self::Unreadable { path: path.clone(), line: None, source }
        }
    }
}

fn behind(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(" behind line {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn errors_name_path_and_line_and_keep_their_source() {
        let broken = Error::Unreadable { path: "a.log".into(), line: Some(3), source: io::Error::other("bad disk") };
        assert_eq!(broken.to_string(), "read a.log behind line 3");
        assert_eq!(broken.source().map(ToString::to_string), Some("bad disk".to_owned()));
        assert_eq!(&**broken.path(), "a.log");

        let missing = Error::opening(&"b.log".into(), io::ErrorKind::NotFound.into());
        assert_eq!(missing.to_string(), "find b.log");

        let cut = Error::Cut { path: "c.export".into(), line: 27 };
        assert_eq!(cut.to_string(), "read c.export to its end: the journal entry that begins at line 27 is cut");
    }
}
