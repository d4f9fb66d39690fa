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

/// Gives the entries of interest with a sequence number above `after`, up to `last` (an id and a number). `kept` is the open
/// file of the reading before.
///
/// # Errors
/// libsystemd cannot go on; what it gave before has been passed on.
pub(super) fn read_on(
    kept: &mut Option<Journal>,
    place: &Path,
    last: (u128, u64),
    after: Option<u64>,
    interest: &Interest,
    each: &mut dyn FnMut(&Record<'_>, u64),
) -> Result<(), Error> {
    let mut journal = match kept.take() {
        Some(journal) => journal,
        None => open(place)?,
    };
    journal.match_flush()?;
    let is_chosen = match interest {
        Interest::Programs(programs) => choose(&mut journal, programs)?,
        Interest::All | Interest::AllKnowing(_) | Interest::Matching(_) => true,
    };
    if is_chosen {
        match after {
            Some(after) => journal.seek_cursor(format!("s={:032x};i={after:x}", last.0))?,
            None => journal.seek_head()?,
        }
        let mut entry = Entry::default();
        while journal.next()? > 0 {
            let cursor = journal.cursor()?;
            let number = number_of(&cursor);
            if number > last.1 {
                break;
            }
            if after.is_some_and(|after| number <= after) {
                continue;
            }
            take(&mut journal, &cursor, &mut entry)?;
            each(&entry.record(), number);
        }
    }
    *kept = Some(journal);
    Ok(())
}

fn open(place: &Path) -> Result<Journal, Error> {
    let place = CString::new(place.as_os_str().as_bytes()).map_err(Error::other)?;
    let mut journal = OpenFilesOptions::default().open_files([place.as_c_str()])?;
    journal.set_data_threshold(0)?;
    Ok(journal)
}
