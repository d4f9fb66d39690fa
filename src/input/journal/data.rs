//! `NAME=value` of a data object, decompressed.

use super::file::JournalFile;
use super::object::Object;

const XZ: u8 = 1;
const LZ4: u8 = 2;
const ZSTD: u8 = 4;

/// The payload, at most `limit` bytes of it; `None` if it cannot be read.
pub(super) fn payload(file: &mut JournalFile, object: &Object, limit: usize) -> Option<Vec<u8>> {
    let start = file.header.data_head_bytes();
    // What was not made smaller would not have been compressed.
    let kept = (object.size - start).min(limit as u64 + 64 * 1024);
    let mut bytes = vec![0; usize::try_from(kept).ok()?];
    if !file.copy(object.offset + start, &mut bytes) {
        return None;
    }
    match object.flags {
        0 => {
            bytes.truncate(limit);
            Some(bytes)
        }
        ZSTD => unzstd(&bytes, limit),
        XZ => unxz(&bytes, limit),
        LZ4 => {
            let (_, block) = bytes.split_at_checked(8)?;
            unlz4(block, limit)
        }
        _ => None,
    }
}

#[cfg(feature = "compress")]
fn unzstd(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    unpacked(super::super::unpack::Packing::Zstd, bytes, limit)
}

#[cfg(feature = "compress")]
fn unxz(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    unpacked(super::super::unpack::Packing::Xz, bytes, limit)
}

#[cfg(feature = "compress")]
fn unpacked(packing: super::super::unpack::Packing, bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut text = Vec::new();
    packing.unpack(bytes).ok()?.take(limit as u64).read_to_end(&mut text).ok()?;
    Some(text)
}

#[cfg(not(feature = "compress"))]
fn unzstd(_bytes: &[u8], _limit: usize) -> Option<Vec<u8>> {
    None
}

#[cfg(not(feature = "compress"))]
fn unxz(_bytes: &[u8], _limit: usize) -> Option<Vec<u8>> {
    None
}

/// One LZ4 block (<https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md>), as systemd wrote them before zstd.
fn unlz4(block: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut text: Vec<u8> = Vec::new();
    let mut rest = block.iter();
    while text.len() < limit {
        let Some(&token) = rest.next() else { return Some(text) };
        let literals = length(usize::from(token >> 4), &mut rest)?;
        let (part, behind) = rest.as_slice().split_at_checked(literals)?;
        text.extend_from_slice(part);
        rest = behind.iter();
        let Some(&low) = rest.next() else { return Some(text) };
        let distance = usize::from(low) | usize::from(*rest.next()?) << 8;
        let count = length(usize::from(token & 15), &mut rest)? + 4;
        let from = text.len().checked_sub(distance).filter(|_| distance > 0)?;
        for at in from..from + count.min(limit) {
            text.push(text[at]);
        }
    }
    text.truncate(limit);
    Some(text)
}

/// 15 says that more follows, byte by byte, until one is not 255.
fn length(first: usize, rest: &mut std::slice::Iter<'_, u8>) -> Option<usize> {
    let mut length = first;
    if first == 15 {
        loop {
            let more = *rest.next()?;
            length += usize::from(more);
            if more < 255 {
                break;
            }
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::unlz4;

    #[test]
    fn an_lz4_block_is_literals_and_repeats() {
        // `MESSAGE=` and `ab` four times over: ten literals, then a match of 6 bytes, 2 bytes back; a last literal.
        let block = b"\xA2MESSAGE=ab\x02\x00\x10!";
        assert_eq!(unlz4(block, 100), Some(b"MESSAGE=abababab!".to_vec()));
        assert_eq!(unlz4(block, 12), Some(b"MESSAGE=abab".to_vec()));
        assert_eq!(unlz4(b"\xF0", 100), None);
        assert_eq!(unlz4(b"\x12a\x09\x00", 100), None);
    }
}
