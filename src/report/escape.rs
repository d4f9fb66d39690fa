//! Text in documents: what cannot be seen is written out first ([`visible`]), then what a format would obey is escaped.

use super::words::visible;

/// For XML and HTML, in text and in quoted attributes.
pub(super) fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// An empty comment: parts a word from what would turn it into a link, a mention or a reference, and is not seen.
const PART: &str = "<!-- -->";

/// For Markdown (CommonMark, and what GitHub and GitLab add): a paragraph, a list item or a table cell.
pub(super) fn markdown(text: &str) -> String {
    let text = visible(text);
    let text = text.trim();
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        let next = rest.chars().next().unwrap_or(' ');
        match c {
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' => safe.extend(['\\', c]),
            // Inside of a word it stands for itself everywhere: notify_master.
            '_' if before.is_alphanumeric() && next.is_alphanumeric() => safe.push('_'),
            '_' => safe.push_str("\\_"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '$' => safe.push_str("&#36;"),
            '@' => safe.push_str(&format!("@{PART}")),
            '#' | '!' | '%' | '^' => {
                safe.extend(['\\', c]);
                if next.is_alphanumeric() {
                    safe.push_str(PART);
                }
            }
            ':' if rest.starts_with("//") => safe.push_str(&format!(":{PART}")),
            '.' if at >= 3 && text.get(at - 3..at).is_some_and(|www| www.eq_ignore_ascii_case("www")) => {
                safe.push_str(&format!("{PART}."));
            }
            '-' | '+' | '=' if at == 0 => safe.extend(['\\', c]),
            '.' | ')' if at > 0 && next == ' ' && text.bytes().take(at).all(|byte| byte.is_ascii_digit()) => {
                safe.extend(['\\', c])
            }
            c => safe.push(c),
        }
        before = c;
    }
    safe
}

/// A fence for code that no run of backticks inside can close.
pub(super) fn fence(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_would_obey_is_text() {
        let hostile = "<script>alert('1')</script>\"&\u{1b}]]>\u{ffff}";
        let shown = r"&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;\x1b]]&gt;\u{ffff}";
        assert_eq!(xml(hostile), shown);
    }

    #[test]
    fn what_markdown_would_obey_is_text() {
        for (text, shown) in [
            ("[x](javascript:1) ![y](z)", r"\[x\](javascript:1) \!\[y\](z)"),
            ("a|b `c` *d* _e_ notify_master ~f~", r"a\|b \`c\` \*d\* \_e\_ notify_master \~f\~"),
            ("<img src=x>&amp;", "&lt;img src=x&gt;&amp;amp;"),
            ("http://a www.b c@d", "http:<!-- -->//a www<!-- -->.b c@<!-- -->d"),
            ("# 1 #12 !3 $x$", r"\# 1 \#<!-- -->12 \!<!-- -->3 &#36;x&#36;"),
            ("- a", r"\- a"),
            ("12. b 12.", r"12\. b 12."),
            ("192.0.2.1 is", "192.0.2.1 is"),
        ] {
            assert_eq!(markdown(text), shown);
        }
    }

    #[test]
    fn a_fence_is_longer_than_any_run_inside() {
        assert_eq!([fence("a"), fence("a ``` b"), fence("`````")], ["```", "````", "``````"]);
    }
}
