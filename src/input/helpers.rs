//! Threads beside those that read the sources of a run, lent to whoever has work for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many threads are idle; clones are the same threads. By default there are none, and none will be.
#[derive(Debug, Clone, Default)]
pub struct Helpers(Option<Arc<AtomicUsize>>);

/// Two sources are the same whoever helps to read them.
impl PartialEq for Helpers {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Helpers {}

impl Helpers {
    /// Those of so many threads that read no source, where so many sources are to be read.
    #[must_use]
    pub fn new(threads: usize, sources: usize) -> Self {
        Self((threads > 1).then(|| Arc::new(AtomicUsize::new(threads.saturating_sub(sources)))))
    }

    /// A thread that read sources is idle from now on.
    pub fn one_more(&self) {
        if let Self(Some(idle)) = self {
            idle.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a thread is idle now, or may be before a large source has been read.
    pub(super) fn may_come(&self) -> bool {
        self.0.is_some()
    }

    /// One of those that are idle, until it is given back.
    pub(super) fn lend(&self) -> Option<Lent<'_>> {
        let idle = self.0.as_deref()?;
        idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |idle| idle.checked_sub(1)).ok()?;
        Some(Lent(idle))
    }
}

/// A thread that is lent.
pub(super) struct Lent<'h>(&'h AtomicUsize);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Helpers;

    #[test]
    fn what_is_lent_comes_back() {
        let helpers = Helpers::new(3, 1);
        let clone = helpers.clone();
        let (first, second) = (helpers.lend(), clone.lend());
        assert!(first.is_some() && second.is_some() && helpers.lend().is_none());
        drop(first);
        assert!(helpers.lend().is_some());
    }

    #[test]
    fn who_has_read_its_source_helps_with_the_others() {
        let helpers = Helpers::new(2, 4);
        assert!(helpers.may_come() && helpers.lend().is_none());
        helpers.one_more();
        assert!(helpers.lend().is_some());
    }

    #[test]
    fn one_thread_has_no_help() {
        for alone in [Helpers::default(), Helpers::new(1, 4)] {
            alone.one_more();
            assert!(!alone.may_come() && alone.lend().is_none());
        }
    }
}
