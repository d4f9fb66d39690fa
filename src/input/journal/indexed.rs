//! Whole journal files through libsystemd: its index finds the entries of interest, and each of them is gone through once.

use super::super::entry::Entry;
use super::super::{Interest, Programs};
use super::{Cursor, Reader};
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
    let place = CString::new(place.as_os_str().as_bytes()).map_err(Error::other)?;
    let mut journal = OpenFilesOptions::default().open_files([place.as_c_str()])?;
    journal.set_data_threshold(0)?;
    if let Interest::Programs(programs) = reader.interest
        && !choose(&mut journal, programs)?
    {
        return Ok(());
    }
    journal.seek_head()?;
    let mut entry = Entry::default();
    while journal.next()? > 0 {
        let cursor = journal.cursor()?;
        let known = Cursor::parse(&cursor);
        if reader.is_double(known.as_ref()) {
            continue;
        }
        take(&mut journal, &cursor, known.as_ref(), &mut entry)?;
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

fn take(journal: &mut Journal, cursor: &str, known: Option<&Cursor>, entry: &mut Entry) -> Result<(), Error> {
    entry.clear();
    // The sequence number.
    entry.begin(known.map_or(1, |known| known.id.1));
    entry.set(b"__CURSOR", cursor.as_bytes());
    if let Some(micros) = known.and_then(|known| known.stored) {
        entry.set(b"__REALTIME_TIMESTAMP", micros.to_string().as_bytes());
    }
    journal.restart_data();
    while let Some(field) = journal.enumerate_data()? {
        entry.set(field.name(), field.value().unwrap_or_default());
    }
    Ok(())
}
