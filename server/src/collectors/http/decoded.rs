//! Contents that a server sends compressed, whether it was asked for that or not: read as browsers
//! read them.

use std::io::{self, Write};

use brotli::DecompressorWriter;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

/// The size of the buffer of one way to compress.
const BUFFER: usize = 1024;

/// Reads the contents of a body part by part.
#[derive(Default)]
pub(super) enum Decoder {
    #[default]
    Plain,
    Gzip(Box<MultiGzDecoder<Contents>>),
    Deflate(Box<ZlibDecoder<Contents>>),
    Brotli(Box<DecompressorWriter<Contents>>),
}

/// The decoded bytes, with an end: a few bytes can stand for gigabytes.
#[derive(Default)]
pub(super) struct Contents {
    bytes: Vec<u8>,
    room: usize,
}

impl Write for Contents {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() == self.room && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.room - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Decoder {
    /// Finds the one for an answer; what browsers don't know either is read as it is.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let coding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        match coding.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Self::Gzip(Box::new(MultiGzDecoder::new(Contents::default()))),
            "deflate" => Self::Deflate(Box::new(ZlibDecoder::new(Contents::default()))),
            "br" => Self::Brotli(Box::new(DecompressorWriter::new(Contents::default(), BUFFER))),
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

    /// The contents of a part, at most so many bytes; an error if it is not what the answer says.
    /// Nothing comes after a part that held more.
    pub(super) fn take(&mut self, part: &[u8], most: usize) -> io::Result<Vec<u8>> {
        let taken = match self {
            Self::Plain => return Ok(part[..part.len().min(most)].to_vec()),
            Self::Gzip(decoder) => read(&mut **decoder, MultiGzDecoder::get_mut, part, most),
            Self::Deflate(decoder) => read(&mut **decoder, ZlibDecoder::get_mut, part, most),
            Self::Brotli(decoder) => read(&mut **decoder, DecompressorWriter::get_mut, part, most),
        };
        match taken {
            (Err(error), contents) if contents.len() < most => Err(error),
            (_, contents) => Ok(contents),
        }
    }
}

/// Writes a part into a decoder; what came out, at most so many bytes, also where it failed.
fn read<W: Write>(
    decoder: &mut W,
    contents: impl Fn(&mut W) -> &mut Contents,
    part: &[u8],
    most: usize,
) -> (io::Result<()>, Vec<u8>) {
    contents(decoder).room = most;
    let written = decoder.write_all(part).and_then(|()| decoder.flush());
    (written, std::mem::take(&mut contents(decoder).bytes))
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
        for coding in ["gzip", "deflate", "br"] {
            let bomb = compressed(coding, &vec![0; 64 * 1024 * 1024]);
            let mut decoder = decoder(coding);
            assert_eq!(decoder.take(&bomb, 1024 * 1024).unwrap().len(), 1024 * 1024, "{coding}");
        }
        for coding in ["gzip", "deflate", "br"] {
            assert!(decoder(coding).take(&[0x3c; 3_000], usize::MAX).is_err(), "{coding}");
        }
    }
}
