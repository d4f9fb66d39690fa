//! Which overlaps of two masterships are told together.

use super::{Overlap, QUIET_MICROS, confidence};
use crate::finding::Confidence;
use std::collections::VecDeque;

/// An overlap that begins this soon after the end of another, as lines tell it, goes on with it.
const NEAR_MICROS: i64 = 10_000_000;
/// So many overlaps before one, the first of them no longer ago than [`STORM_MICROS`], are a storm.
const STORM: usize = 3;
const STORM_MICROS: i64 = 300_000_000;

/// Overlaps of one group, in order of their begins, as they are told: two flaps are two findings, a link that flaps all the time is one.
pub(super) fn of(overlaps: Vec<Overlap<'_>>) -> Vec<Vec<Overlap<'_>>> {
    let mut episodes: Vec<Vec<Overlap<'_>>> = Vec::new();
    let mut end = i64::MIN;
    let mut begins = VecDeque::<i64>::new();
    for overlap in overlaps {
        // What is only suspected to last keeps nothing open that is known to have ended.
        let is_doubt = |one: &Overlap<'_>| one.to.is_none() && confidence(one) == Confidence::Suspected;
        // Of one episode either all are such or none is.
        let is_like = |episode: &Vec<Overlap<'_>>| is_doubt(&overlap) == episode.first().is_some_and(is_doubt);
        // Two flaps are two findings: each took the address. Of a storm of them one tells all.
        let is_storm =
            begins.len() == STORM && begins.front().is_some_and(|at| overlap.from.micros - at <= STORM_MICROS);
        let has_no_end = |episode: &Vec<Overlap<'_>>| episode.last().is_some_and(|last| last.ends_by_silence);
        let is_told_with_it = is_storm || episodes.last().is_some_and(has_no_end);
        let quiet = if is_told_with_it { QUIET_MICROS } else { NEAR_MICROS };
        let goes_on = overlap.from.micros.saturating_sub(end) <= quiet && episodes.last().is_none_or(is_like);
        if begins.len() == STORM {
            begins.pop_front();
        }
        begins.push_back(overlap.from.micros);
        let until = overlap.to.map_or(i64::MAX, |to| to.micros);
        end = if goes_on { end.max(until) } else { until };
        match episodes.last_mut().filter(|_| goes_on) {
            Some(episode) => episode.push(overlap),
            None => episodes.push(vec![overlap]),
        }
    }
    episodes
}
