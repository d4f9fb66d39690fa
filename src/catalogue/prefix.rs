//! What may stand before a message: a stamp of the daemon's own, the place of a configuration error, another message.

/// Without `Aug 17 10:22:33 `, which pdns 4.0 prints under systemd too.
pub(super) fn without_pdns_stamp(text: &[u8]) -> &[u8] {
    strip(text, b"Aaa dd 00:00:00 ")
}

/// Without `Thu Feb 10 09:49:31 2022: ` or, from 2.1.4 on, `Thu Mar 25 18:00:59.123456789 2021: `.
pub(super) fn without_keepalived_stamp(text: &[u8]) -> &[u8] {
    let coarse = strip(text, b"Aaa Aaa dd 00:00:00 0000: ");
    if coarse.len() < text.len() { coarse } else { strip(text, b"Aaa Aaa dd 00:00:00.000000000 0000: ") }
}

/// Without `(Line 12) ` or `(/etc/keepalived/keepalived.conf: Line 12) `, which say where a configuration error is.
pub(super) fn without_place(text: &[u8]) -> &[u8] {
    let Some(inside) = text.strip_prefix(b"(") else { return text };
    let Some(found) = memchr::memmem::find(inside, b"Line ") else { return text };
    let is_place = found == 0 || inside[..found].ends_with(b": ");
    let after = &inside[found + b"Line ".len()..];
    let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match after[digits..].strip_prefix(b") ") {
        Some(rest) if is_place && digits > 0 => rest,
        Some(_) | None => text,
    }
}

/// Two texts in one line: pdns 4.0 and 4.1 end this one message without an end of line, and the thread's next one stands right
/// behind it.
pub(super) fn glued(text: &[u8]) -> Option<(&[u8], &[u8])> {
    const OPENING: &[u8] = b"Received unsigned NOTIFY for ";
    const END: &[u8] = b"permitted because allow-unsigned-notify";
    if !text.starts_with(OPENING) {
        return None;
    }
    let (first, next) = text.split_at(memchr::memmem::find(text, END)? + END.len());
    (!next.is_empty()).then_some((first, next))
}

/// Strips a prefix of a shape: `A` and `a` are letters, `0` a digit, `d` a digit or space, the rest stands for itself.
fn strip<'a>(text: &'a [u8], shape: &[u8]) -> &'a [u8] {
    let Some((prefix, rest)) = text.split_at_checked(shape.len()) else { return text };
    let fits = prefix.iter().zip(shape).all(|(byte, shape)| match shape {
        b'A' => byte.is_ascii_uppercase(),
        b'a' => byte.is_ascii_lowercase(),
        b'0' => byte.is_ascii_digit(),
        b'd' => byte.is_ascii_digit() || *byte == b' ',
        literal => byte == literal,
    });
    if fits { rest } else { text }
}
