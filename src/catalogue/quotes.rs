//! What word processors, blogs and web pages make of quotation marks, undone: `Domain ‘example.com’ is stale`.

/// As the web writes it, as a daemon writes it.
const MARKS: [(&str, &str); 13] = [
    ("\u{2018}", "'"),
    ("\u{2019}", "'"),
    ("\u{201a}", "'"),
    ("\u{201c}", "\""),
    ("\u{201d}", "\""),
    ("\u{201e}", "\""),
    ("\u{2032}", "'"),
    ("&#39;", "'"),
    ("&#039;", "'"),
    ("&apos;", "'"),
    ("&quot;", "\""),
    ("&lt;", "<"),
    ("&gt;", ">"),
];

/// The text with a daemon's own marks; `None` where it has no other.
pub(super) fn straight(text: &[u8]) -> Option<Vec<u8>> {
    let may_have = memchr::memchr(b'&', text).is_some() || memchr::memmem::find(text, b"\xe2\x80").is_some();
    if !may_have {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let mut straight = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        match MARKS.iter().find(|(mark, _)| rest.starts_with(mark)) {
            Some((mark, own)) => {
                straight.push_str(own);
                rest = &rest[mark.len()..];
            }
            None => {
                straight.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
    }
    (straight != text).then(|| straight.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::straight;

    #[test]
    fn marks_of_the_web_are_undone() {
        for (text, expected) in [
            ("Domain \u{2018}example.com\u{2019} is fresh", Some("Domain 'example.com' is fresh")),
            ("Domain &#39;example.com&#39; is fresh", Some("Domain 'example.com' is fresh")),
            ("msg=&quot;x&quot;", Some("msg=\"x\"")),
            ("a & b \u{2026}", None),
            ("Domain 'example.com' is fresh", None),
        ] {
            assert_eq!(straight(text.as_bytes()).as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }
}
