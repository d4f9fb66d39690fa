//! The smallest part of a list that still does what the whole does: Zeller's and Hildebrandt's ddmin.

/// How much may be tried.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Trials.
    pub trials: usize,
    /// Items over all trials: what a trial costs grows with them.
    pub items: usize,
}

/// Takes out of `items` what `holds` does not need. The result holds if the whole does; while the budget lasts, it is one of which no
/// single item can be left out. Says whether the budget lasted.
pub fn shrink<T: Clone>(items: &mut Vec<T>, budget: &mut Budget, holds: &mut dyn FnMut(&[T]) -> bool) -> bool {
    let mut parts = 2;
    while items.len() >= 2 {
        let size = items.len().div_ceil(parts);
        let mut is_smaller = false;
        let mut from = 0;
        while from < items.len() {
            let to = (from + size).min(items.len());
            let rest: Vec<T> = items[..from].iter().chain(&items[to..]).cloned().collect();
            if budget.trials == 0 || budget.items < rest.len() {
                return false;
            }
            budget.trials -= 1;
            budget.items -= rest.len();
            if !rest.is_empty() && holds(&rest) {
                *items = rest;
                is_smaller = true;
            } else {
                from = to;
            }
        }
        if size == 1 && !is_smaller {
            return true;
        }
        // Halves while nothing can be left out; once single items are tried, again until none goes.
        parts = if is_smaller && size > 1 { parts.max(2) } else { parts * 2 }.min(items.len().max(1));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Budget, shrink};

    fn shrunk(count: u32, needed: &[u32], trials: usize) -> (Vec<u32>, bool) {
        let mut items: Vec<u32> = (0..count).collect();
        let mut budget = Budget { trials, items: usize::MAX };
        let whole = shrink(&mut items, &mut budget, &mut |part| needed.iter().all(|item| part.contains(item)));
        (items, whole)
    }

    #[test]
    fn only_what_is_needed_is_left() {
        for needed in [&[0][..], &[999], &[3, 500, 501, 998], &[1, 2, 3, 4, 5, 6, 7, 8, 9]] {
            assert_eq!(shrunk(1000, needed, 2000), (needed.to_vec(), true));
        }
        assert_eq!(shrunk(1, &[0], 10), (vec![0], true));
    }

    #[test]
    fn work_is_bounded() {
        let (left, whole) = shrunk(1000, &[3, 998], 5);
        assert!(!whole && left.len() < 1000 && left.contains(&3) && left.contains(&998), "{left:?}");
    }
}
