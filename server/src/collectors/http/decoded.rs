//! Contents that a server sends compressed, whether it was asked for that or not: read as browsers
//! read them.

use std::io::{self, Write as _};

use brotli::DecompressorWriter;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

/// A part is taken in pieces of this size, so that none grows beyond all bounds.
const PIECE: usize = 1024;

/// Reads the contents of a body part by part.
#[derive(Default)]
pub(super) enum Decoder {
    #[default]
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Deflate(Box<ZlibDecoder<Vec<u8>>>),
    Brotli(Box<DecompressorWriter<Vec<u8>>>),
}

impl Decoder {
    /// Finds the one for an answer; what browsers don't know either is read as it is.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let coding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        match coding.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            "deflate" => Self::Deflate(Box::new(ZlibDecoder::new(Vec::new()))),
            "br" => Self::Brotli(Box::new(DecompressorWriter::new(Vec::new(), PIECE))),
            _ => Self::Plain,
        }
    }

    /// Its name, as servers write it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Plain => "identity",
            Self::Gzip(_) => "gzip",
            Self::Deflate(_) => "deflate",
            Self::Brotli(_) => "br",
        }
    }

    /// The contents of a part, at most so many bytes and a little more; an error if it is not what
    /// the answer says.
    pub(super) fn take(&mut self, part: &[u8], most: usize) -> io::Result<Vec<u8>> {
        let mut contents = Vec::new();
        for piece in part.chunks(PIECE) {
            if contents.len() >= most {
                break;
            }
            match self {
                Self::Plain => contents.extend_from_slice(piece),
                Self::Gzip(decoder) => {
                    decoder.write_all(piece)?;
                    decoder.flush()?;
                    contents.append(decoder.get_mut());
                }
                Self::Deflate(decoder) => {
                    decoder.write_all(piece)?;
                    decoder.flush()?;
                    contents.append(decoder.get_mut());
                }
                Self::Brotli(decoder) => {
                    decoder.write_all(piece)?;
                    decoder.flush()?;
                    contents.append(decoder.get_mut());
                }
            }
        }
        Ok(contents)
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};

    use super::*;

    fn decoder(coding: &str) -> Decoder {
        Decoder::of(&HeaderMap::from_iter([(CONTENT_ENCODING, coding.parse().unwrap())]))
    }

    fn text() -> Vec<u8> {
        (0..2_000).flat_map(|n: u32| format!("line {n}\n").into_bytes()).collect()
    }

    fn compressed(coding: &str, plain: &[u8]) -> Vec<u8> {
        match coding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            "br" => {
                let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4_096, 5, 20);
                encoder.write_all(plain).unwrap();
                encoder.into_inner()
            }
            _ => plain.to_vec(),
        }
    }

    #[test]
    fn what_is_compressed_is_read_in_any_parts() {
        for coding in ["gzip", "deflate", "br", "identity", "x-unknown"] {
            let bytes = compressed(coding, &text());
            for size in [7, 1_500, bytes.len()] {
                let mut decoder = decoder(coding);
                let parts = bytes.chunks(size).map(|part| decoder.take(part, usize::MAX).unwrap());
                assert_eq!(parts.collect::<Vec<_>>().concat(), text(), "{coding} {size}");
            }
        }
    }

    #[test]
    fn a_bomb_is_left_and_what_is_not_as_told_is_an_error() {
        let bomb = compressed("gzip", &vec![0; 64 * 1024 * 1024]);
        let taken = decoder("gzip").take(&bomb, 1024 * 1024).unwrap();
        assert!(taken.len() < 4 * 1024 * 1024, "{}", taken.len());
        for coding in ["gzip", "deflate", "br"] {
            assert!(decoder(coding).take(&[0x3c; 3_000], usize::MAX).is_err(), "{coding}");
        }
    }
}
