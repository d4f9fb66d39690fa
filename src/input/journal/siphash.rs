//! SipHash-2-4, by which a journal of systemd 246 and later finds a field's value; the key is the file's id.

/// The hash of `bytes` under `key`.
pub(super) fn siphash24(key: &[u8; 16], bytes: &[u8]) -> u64 {
    let half = |part: &[u8]| part.iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
    let (k0, k1) = (half(&key[..8]), half(&key[8..]));
    let mut state = State {
        v0: k0 ^ 0x736f_6d65_7073_6575,
        v1: k1 ^ 0x646f_7261_6e64_6f6d,
        v2: k0 ^ 0x6c79_6765_6e65_7261,
        v3: k1 ^ 0x7465_6462_7974_6573,
    };
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        state.absorb(half(chunk));
    }
    state.absorb(half(chunks.remainder()) | (bytes.len() as u64) << 56);
    state.v2 ^= 0xff;
    (0..4).for_each(|_| state.round());
    state.v0 ^ state.v1 ^ state.v2 ^ state.v3
}

struct State {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl State {
    fn absorb(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.round();
        self.v0 ^= word;
    }

    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v2 = self.v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::siphash24;

    /// From the reference implementation (<https://github.com/veorq/SipHash>), `vectors.h`.
    #[test]
    fn the_reference_vectors_come_out() {
        let key: [u8; 16] = std::array::from_fn(|at| at as u8);
        let message: Vec<u8> = (0..15).collect();
        assert_eq!(siphash24(&key, &message), 0xa129_ca61_49be_45e5);
        assert_eq!(siphash24(&key, &[]), 0x726f_db47_dd0e_0e31);
    }
}
