//! Journals.
use super::super::error::Error;
use super::flow::Flow;
use super::position::Position;
use std::path::PathBuf;

/// What journals are looked for in.
#[derive(Debug)]
pub(super) enum Root {
    File(PathBuf),
    Directory(PathBuf),
    Machine,
}

pub(super) fn follow(flow: &mut Flow<'_>, root: &Root, from: Option<&Position>) -> Result<(), Error> {
    let _ = (root, from);
    Err(Error::Unsupported { path: flow.path.clone(), found: "journals cannot be followed yet" })
}
