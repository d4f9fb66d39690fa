//! Whether a frame that was settled anew places lines as the one before did.

use super::names::Names;
use super::{Frame, Survey, year};
use crate::event::Text;

/// What places lines. Two that are equal place every line alike, if the operator states the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placing {
    names: Names,
    calendars: Vec<year::Calendar>,
    /// What is taken off each node's stamps, in microseconds.
    clocks: Vec<(Text, i64)>,
}

impl Frame {
    /// What places the lines of these sources; `None` where clocks were set, so that the next line may move those before it.
    #[must_use]
    pub fn placing(&self, surveys: &[Survey]) -> Option<Placing> {
        let has_steps = surveys.iter().any(|survey| survey.steps.shift_micros_max() != 0);
        let clocks = || self.skews.iter().map(|(node, skew)| (node.clone(), skew.applied_micros)).collect();
        (!has_steps).then(|| Placing { names: self.names.clone(), calendars: self.calendars.clone(), clocks: clocks() })
    }
}
