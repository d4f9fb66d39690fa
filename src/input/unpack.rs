//! Compressed files: gzip, zstd, xz and bzip2, recognised by their first bytes. Members that stand one behind the other, as
//! `cat a.gz b.gz` and some rotations leave them, are one stream. Each decoder's memory has a limit; a file that asks for more
//! is refused, not read in part.

#[cfg(feature = "compress")]
use std::io::{self, BufRead, Read};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

const MAGIC: [(&[u8], Packing); 5] = [
    (b"\x1F\x8B", Packing::Gzip),
    (b"\x28\xB5\x2F\xFD", Packing::Zstd),
    (b"\x50\x2A\x4D\x18", Packing::Zstd), // A skippable frame, as pzstd begins with.
    (b"\xFD7zXZ\0", Packing::Xz),
    (b"BZh", Packing::Bzip2),
];

impl Packing {
    /// Judges the first bytes of a file.
    pub(super) fn of(window: &[u8]) -> Option<Self> {
        MAGIC.iter().find(|(magic, _)| window.starts_with(magic)).map(|&(_, packing)| packing)
    }

    /// Why it is not read where decoders were left out: the end of a sentence.
    #[cfg(not(feature = "compress"))]
    pub(super) fn unsupported(self) -> &'static str {
        match self {
            Self::Gzip => "it is compressed with gzip and this driftline was built without decoders, unpack it first",
            Self::Zstd => "it is compressed with zstd and this driftline was built without decoders, unpack it first",
            Self::Xz => "it is compressed with xz and this driftline was built without decoders, unpack it first",
            Self::Bzip2 => "it is compressed with bzip2 and this driftline was built without decoders, unpack it first",
        }
    }
}

/// `zstd --long=27`, the most that `zstd -d` takes unasked.
#[cfg(feature = "compress")]
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// `xz -9` needs 65 MiB to unpack.
#[cfg(feature = "compress")]
const XZ_BYTES_MAX: u64 = 128 * 1024 * 1024;

#[cfg(feature = "compress")]
impl Packing {
    /// What was compressed.
    pub(super) fn unpack<'s>(self, packed: impl BufRead + Send + 's) -> io::Result<Box<dyn Read + Send + 's>> {
        Ok(match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            Self::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_BYTES_MAX, liblzma::stream::CONCATENATED)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(packed, stream))
            }
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
        })
    }
}
