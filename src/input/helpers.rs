//! Threads beside those that read the sources of a run, lent to whoever has work for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many threads are idle; clones are the same threads. By default there are none.
#[derive(Debug, Clone, Default)]
pub struct Helpers(Arc<AtomicUsize>);

/// Two sources are the same whoever helps to read them.
impl PartialEq for Helpers {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Helpers {}

impl Helpers {
    /// So many threads.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(count)))
    }

    /// Whether any thread is idle now.
    pub(super) fn are_there(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// At most `wanted` of those that are idle, until they are given back.
    pub(super) fn lend(&self, wanted: usize) -> Lent<'_> {
        let before =
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |idle| Some(idle.saturating_sub(wanted)));
        Lent { helpers: self, count: before.unwrap_or_default().min(wanted) }
    }
}

/// Threads that are lent.
pub(super) struct Lent<'h> {
    helpers: &'h Helpers,
    count: usize,
}

impl Lent<'_> {
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.helpers.0.fetch_add(self.count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Helpers;

    #[test]
    fn what_is_lent_comes_back() {
        let helpers = Helpers::new(3);
        let first = helpers.lend(2);
        assert_eq!((first.count(), helpers.clone().lend(2).count()), (2, 1));
        drop(first);
        assert_eq!(helpers.lend(9).count(), 3);
    }
}
