//! What is read: forms of text, archives, journals.

#[path = "../common/mod.rs"]
mod common;

mod archives;
mod expand;
mod formats;
mod forms;
mod journals;
mod live_journals;
mod tar;
