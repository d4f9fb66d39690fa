//! Whole journal files through libsystemd: its index finds the entries of interest, and each of them is gone through once.

use super::super::entry::Entry;
use super::super::{Interest, Programs};
use super::{Reader, number_of, stored};
use crate::record::Record;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use systemd::Error;
use systemd::journal::{Journal, OpenFilesOptions};

/// Gives all entries of interest.
///
/// # Errors
/// libsystemd cannot go on; what it gave before has been passed on.
pub(super) fn read(place: &Path, reader: &mut Reader<'_>) -> Result<(), Error> {
    let mut journal = open(place)?;
    if let Interest::Programs(programs) = reader.interest
        && !choose(&mut journal, programs)?
    {
        return Ok(());
    }
    journal.seek_head()?;
    let mut entry = Entry::default();
    while journal.next()? > 0 {
        let cursor = journal.cursor()?;
        if reader.is_double(&cursor) {
            continue;
        }
        take(&mut journal, &cursor, &mut entry)?;
        if is_chosen(reader.interest) {
            reader.summary.examine_entry(entry.record().raw);
            (reader.each)(&entry.record());
        } else {
            entry.deliver(reader.interest, reader.summary, reader.each);
        }
    }
    Ok(())
}

/// Whether the index has done the choosing.
fn is_chosen(interest: &Interest) -> bool {
    match interest {
        Interest::Programs(_) => true,
        Interest::All | Interest::AllKnowing(_) | Interest::Matching(_) => false,
    }
}

/// Asks for the entries that have one of the values in which the pattern occurs; `false` if there is no such value.
fn choose(journal: &mut Journal, programs: &Programs) -> Result<bool, Error> {
    let mut chosen = Vec::new();
    for field in programs.fields {
        journal.query_unique(*field)?;
        while let Some(found) = journal.enumerate_unique()? {
            let value = found.value().unwrap_or_default();
            if programs.pattern.is_match(value) {
                chosen.push((*field, value.to_vec()));
            }
        }
    }
    for (at, (field, value)) in chosen.iter().enumerate() {
        if at > 0 {
            journal.match_or()?;
        }
        journal.match_add(field, value.clone())?;
    }
    Ok(!chosen.is_empty())
}

fn take(journal: &mut Journal, cursor: &str, entry: &mut Entry) -> Result<(), Error> {
    entry.clear();
    entry.begin(number_of(cursor));
    entry.set(b"__CURSOR", cursor.as_bytes());
    if let Some(micros) = stored(cursor) {
        entry.set(b"__REALTIME_TIMESTAMP", micros.to_string().as_bytes());
    }
    journal.restart_data();
    while let Some(field) = journal.enumerate_data()? {
        entry.set(field.name(), field.value().unwrap_or_default());
    }
    Ok(())
}

/// The entries of interest of a file that grows, one after the other.
pub(super) struct Entries {
    journal: Journal,
    entry: Entry,
    number: u64,
    /// Entries up to this one have been given.
    after: Option<u64>,
    /// The last one to give.
    last: u64,
}

impl Entries {
    /// Opens a file.
    ///
    /// # Errors
    /// libsystemd cannot.
    pub(super) fn open(place: &Path) -> Result<Self, Error> {
        Ok(Self { journal: open(place)?, entry: Entry::default(), number: 0, after: None, last: 0 })
    }

    /// Begins to give the entries with a sequence number above `after`, up to `last` of sequence `id`; `false` if there are none
    /// of interest. The index is asked anew for what is of interest.
    ///
    /// # Errors
    /// libsystemd cannot go on.
    pub(super) fn begin(
        &mut self,
        id: u128,
        last: u64,
        after: Option<u64>,
        interest: &Interest,
    ) -> Result<bool, Error> {
        self.journal.match_flush()?;
        (self.after, self.last) = (after, last);
        if let Interest::Programs(programs) = interest
            && !choose(&mut self.journal, programs)?
        {
            return Ok(false);
        }
        match after {
            Some(after) => self.journal.seek_cursor(format!("s={id:032x};i={after:x}"))?,
            None => self.journal.seek_head()?,
        }
        Ok(true)
    }

    /// Goes to the next entry; `false` behind the last one.
    ///
    /// # Errors
    /// libsystemd cannot go on.
    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        while self.journal.next()? > 0 {
            let cursor = self.journal.cursor()?;
            let number = number_of(&cursor);
            if number > self.last {
                return Ok(false);
            }
            if self.after.is_none_or(|after| number > after) {
                take(&mut self.journal, &cursor, &mut self.entry)?;
                self.number = number;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The entry it is at, and its sequence number.
    pub(super) fn record(&self) -> (Record<'_>, u64) {
        (self.entry.record(), self.number)
    }
}

fn open(place: &Path) -> Result<Journal, Error> {
    let place = CString::new(place.as_os_str().as_bytes()).map_err(Error::other)?;
    let mut journal = OpenFilesOptions::default().open_files([place.as_c_str()])?;
    journal.set_data_threshold(0)?;
    Ok(journal)
}
