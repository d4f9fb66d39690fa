//! Configuration files beside logs that grow: they are read whole and do not grow themselves.
//!
//! They are read at each start and whenever their reader wants to know them anew, so that no state holds what they said.

use super::{Listening, Live, Reached};
use crate::event::Text;
use crate::input::{Error, Source};
use crate::pipeline::Options;
use crate::pipeline::intake::{self, Budget, Intake};
use crate::pipeline::settings::Configuration;
use crate::timeline::Survey;
use std::sync::Arc;

/// A configuration file of one of the daemons, as it was read.
#[derive(Debug, Clone)]
pub struct SettingsFile(Arc<Intake>);

impl SettingsFile {
    /// Reads one; `None` if it is none, or no longer.
    ///
    /// # Errors
    /// It cannot be read, or not wholly.
    pub fn read(source: &Source) -> Result<Option<Self>, Error> {
        let mut intake = intake::take_in(source, &Arc::default(), &Budget::default())?;
        match intake.broken_off.take() {
            Some(error) => Err(error),
            None => Ok(intake.configuration.is_some().then(|| Self(Arc::new(intake)))),
        }
    }

    /// Reads these, and says what of them cannot be read.
    #[must_use]
    pub fn read_all(sources: &[Source]) -> (Vec<Self>, Vec<Error>) {
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        for source in sources {
            match Self::read(source) {
                Ok(file) => files.extend(file),
                Err(error) => errors.push(error),
            }
        }
        (files, errors)
    }

    /// Its path as given or found.
    #[must_use]
    pub fn path(&self) -> &Text {
        &self.0.survey.path
    }

    fn listening(&self, options: &Options) -> (Listening, Survey) {
        let Intake { survey, format, lines, caveats, configuration, .. } = &*self.0;
        let listening = Listening {
            reached: Reached { format, lines: *lines, modified: survey.modified, ..Reached::default() },
            caveats: caveats.clone(),
            configuration: configuration.clone(),
            ..Listening::new(survey.path.clone(), None, options)
        };
        (listening, survey.clone())
    }
}

impl Live {
    /// Puts these configuration files beside the lines, in place of those that were there.
    pub fn put_beside(&mut self, files: &[SettingsFile]) {
        let sources = std::mem::take(&mut self.sources).into_iter().zip(std::mem::take(&mut self.surveys));
        let mut all: Vec<(Listening, Survey)> = sources.filter(|(source, _)| source.configuration.is_none()).collect();
        all.extend(files.iter().map(|file| file.listening(&self.options)));
        all.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        (self.sources, self.surveys) = all.into_iter().unzip();
        self.is_rearranged();
        self.statement = self.stated();
    }

    /// What they state.
    pub(super) fn configurations(&self) -> Vec<Configuration> {
        self.sources.iter().filter_map(|source| source.configuration.clone()).collect()
    }
}
