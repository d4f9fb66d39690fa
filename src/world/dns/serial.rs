//! Which of two serials is newer.

/// RFC 1982: whether serial `a` is newer than `b`.
#[must_use]
pub fn is_newer(a: u32, b: u32) -> bool {
    let ahead = a.wrapping_sub(b);
    ahead != 0 && ahead < 1 << 31
}

pub(super) fn newer(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if is_newer(b, a) { b } else { a }),
        (a, None) => a,
        (None, b) => b,
    }
}

#[cfg(test)]
mod tests {
    use super::is_newer;

    #[test]
    fn serials_compare_by_rfc_1982() {
        assert!(is_newer(2020081701, 2020080601));
        assert!(is_newer(1, u32::MAX));
        assert!(!is_newer(u32::MAX, 1));
        assert!(!is_newer(7, 7));
    }
}
