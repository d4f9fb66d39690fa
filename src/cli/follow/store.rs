//! The state file: written beside its place and moved there, so that it is always one whole state.

use crate::follow::{Delivered, State};
use crate::input::live::Position;
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};

/// Where the state is kept.
#[derive(Debug)]
pub(in crate::cli) struct Store {
    path: PathBuf,
}

/// What was found there.
pub(in crate::cli) enum Found {
    /// Nothing: this is the first start.
    Nothing,
    /// A state.
    State(Box<State<Position>>),
    /// Something else: it was set aside under this name, for this reason.
    SetAside(PathBuf, String),
}

impl Store {
    pub(in crate::cli) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads the state. What is none of ours is kept under another name: it may be somebody's only copy.
    ///
    /// # Errors
    /// The file is there and cannot be read, or not set aside.
    pub(in crate::cli) fn load(&self) -> io::Result<Found> {
        #[expect(clippy::disallowed_methods, reason = "the state is the command line's")]
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        match State::from_bytes(&bytes) {
            Ok(state) => Ok(Found::State(Box::new(state))),
            Err(unfit) => self.set_aside().map(|path| Found::SetAside(path, unfit.to_string())),
        }
    }

    /// Moves what is there out of the way.
    ///
    /// # Errors
    /// It cannot be moved.
    pub(in crate::cli) fn set_aside(&self) -> io::Result<PathBuf> {
        let aside = |number: u32| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".unfit.{number}"));
            PathBuf::from(name)
        };
        let path = (1..).map(aside).find(|path| !path.exists()).unwrap_or_else(|| aside(0));
        fs::rename(&self.path, &path)?;
        Ok(path)
    }

    /// Writes the state. Returns its size in bytes.
    ///
    /// # Errors
    /// It cannot be written; what was there before is still there.
    pub(in crate::cli) fn save(&self, state: &State<Position>) -> io::Result<u64> {
        let directory = self.path.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        state.write(&mut file)?;
        file.as_file().sync_data()?;
        let size = file.as_file().metadata()?.len();
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(size)
    }

    /// Notes behind the state that was saved last that what was on its way went out.
    ///
    /// # Errors
    /// It cannot be noted; then it goes out once more after a crash.
    pub(in crate::cli) fn note(&self, delivered: &Delivered) -> io::Result<()> {
        self.append(|bytes| delivered.append(bytes)).map(drop)
    }

    /// Puts a state behind the one that was saved last and that it goes on with. Returns its size in bytes.
    ///
    /// # Errors
    /// It cannot be put there; what was there before is still there.
    pub(in crate::cli) fn go_on(&self, state: &State<Position>) -> io::Result<u64> {
        self.append(|bytes| state.append(bytes))
    }

    /// In one piece: what a crash leaves of it is as good as nothing.
    fn append(&self, write: impl FnOnce(&mut Cursor<Vec<u8>>) -> io::Result<()>) -> io::Result<u64> {
        let mut bytes = Cursor::new(Vec::new());
        write(&mut bytes)?;
        let mut file = fs::OpenOptions::new().append(true).open(&self.path)?;
        file.write_all(bytes.get_ref())?;
        file.sync_data()?;
        Ok(bytes.get_ref().len() as u64)
    }

    pub(in crate::cli) fn path(&self) -> &Path {
        &self.path
    }
}
