//! The codec of history: the roll-ups of one series in one period, as one compressed block.
//!
//! **Nothing is lost**: each value comes back with the same 64 bits. A block is written by columns
//! (gaps, counts, minima, maxima, last values, means), each as differences of integers, byte by
//! byte of equal weight, and each of these planes by DEFLATE (RFC 1951) where that makes it
//! shorter.
//!
//! Numbers with few decimals, which is what programs report and count, become integers exactly, in
//! the manner of ALP (Afroozeh, Kuffó, Boncz: "ALP: Adaptive Lossless floating-Point Compression",
//! SIGMOD 2023): all of a block, or none. The mean of such numbers is told by their sum, and by how
//! many representable numbers the quotient is away from it, mostly none. Other blocks hold
//! differences of the bits of the numbers, where Gorilla (Pelkonen et al., VLDB 2015) takes their
//! XOR: neighbours differ in the lower bits only.
//!
//! | bytes | content, little-endian |
//! | --- | --- |
//! | 1 | version of the form: 1 |
//! | 4 | CRC-32 of all bytes after it |
//! | 4 | the number of bytes after it |
//! | 2 | the number of roll-ups |
//! | 1 | 0: bits; d + 1: integers, of d decimals |
//! | for each column: 1 | planes of the words in this column, the lowest first; the others are 0 |
//! | for each plane: 2 | its length: the number of roll-ups if it is as it is, less if compressed |

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

/// The version that is written.
const VERSION: u8 = 1;
/// Version, checksum and length.
const HEADER: usize = 9;
/// The most decimals of a number that is taken as an integer.
const MOST_DECIMALS: u8 = 9;
/// From here on a float does not tell each integer from the next.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A roll-up at its place in a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// The step of the period, from 0.
    pub slot: u16,
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    pub last: f64,
    pub count: u32,
}

impl Point {
    /// Joins it with what came later of the same step.
    pub(super) fn join(&mut self, later: &Self) {
        let (a, b) = (f64::from(self.count), f64::from(later.count));
        self.mean = (self.mean * a + later.mean * b) / (a + b);
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.last = later.last;
        self.count = self.count.saturating_add(later.count);
    }
}

/// The reason for which bytes are no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadBlock {
    #[error("its version is {0}, but this Calm Ops reads version {VERSION}")]
    Version(u8),
    #[error("it has {found} bytes after its header instead of {told}")]
    Length { told: u32, found: usize },
    #[error("its checksum does not match its content")]
    Checksum,
    #[error("it ends too early")]
    Short,
    #[error("it does not end with its last column")]
    Long,
    #[error("it has {found} roll-ups, but its period has {most}")]
    Crowded { found: u16, most: u16 },
    #[error("a roll-up is outside of its period")]
    Outside,
    #[error("its form {0} is unknown")]
    Form(u8),
    #[error("a column is damaged")]
    Column,
    #[error("a roll-up has no values")]
    Empty,
}

/// The forms in which the numbers of a block are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As their bits.
    Bits,
    /// As integers: the numbers times a power of ten.
    Decimal(u8),
}

impl Form {
    const fn code(self) -> u8 {
        match self {
            Self::Bits => 0,
            Self::Decimal(decimals) => decimals + 1,
        }
    }

    fn read(code: u8) -> Result<Self, BadBlock> {
        match code {
            0 => Ok(Self::Bits),
            _ if code <= MOST_DECIMALS + 1 => Ok(Self::Decimal(code - 1)),
            _ => Err(BadBlock::Form(code)),
        }
    }

    /// The form in which all minima, maxima and last values are the same afterwards.
    fn of(points: &[Point]) -> Self {
        let fits = |decimals: &u8| {
            let form = Self::Decimal(*decimals);
            points.iter().flat_map(|point| [point.min, point.max, point.last]).all(|value| {
                let integer = form.integer(value);
                integer.unsigned_abs() < EXACT as u64
                    && form.value(integer).to_bits() == value.to_bits()
            })
        };
        (0..=MOST_DECIMALS).find(fits).map_or(Self::Bits, Self::Decimal)
    }

    fn integer(self, value: f64) -> i64 {
        match self {
            Self::Bits => value.to_bits().cast_signed(),
            // Saturates beyond the range, and is 0 for what is no number.
            Self::Decimal(decimals) => (value * power(decimals)).round() as i64,
        }
    }

    fn value(self, integer: i64) -> f64 {
        match self {
            Self::Bits => f64::from_bits(integer.cast_unsigned()),
            Self::Decimal(decimals) => integer as f64 / power(decimals),
        }
    }

    /// The mean of numbers with this sum.
    fn mean(self, sum: i64, count: u32) -> f64 {
        match self {
            Self::Bits => self.value(sum),
            Self::Decimal(_) => self.value(sum) / f64::from(count),
        }
    }

    /// The number that tells the means of a step: the bits of it, or the sum that it comes from.
    fn sum(self, point: &Point) -> i64 {
        match self {
            Self::Bits => self.integer(point.mean),
            Self::Decimal(_) => self.integer(point.mean * f64::from(point.count)),
        }
    }

    /// The value that a sum is near to.
    fn about(self, min: i64, count: u32) -> i64 {
        match self {
            Self::Bits => min,
            Self::Decimal(_) => min.wrapping_mul(i64::from(count)),
        }
    }
}

fn power(decimals: u8) -> f64 {
    10_f64.powi(i32::from(decimals))
}

/// Small for small numbers of either sign.
const fn folded(difference: i64) -> u64 {
    ((difference << 1) ^ (difference >> 63)).cast_unsigned()
}

const fn unfolded(word: u64) -> i64 {
    (word >> 1).cast_signed() ^ -((word & 1).cast_signed())
}

const fn difference(value: i64, from: i64) -> u64 {
    folded(value.wrapping_sub(from))
}

const fn applied(from: i64, word: u64) -> i64 {
    from.wrapping_add(unfolded(word))
}

/// The columns, in the order in which they are written. `is_min` says that the last value is the
/// smallest one; otherwise it is told by its difference from the largest.
#[derive(Debug, Default)]
struct Columns {
    gap: Vec<u64>,
    count: Vec<u64>,
    min: Vec<u64>,
    max: Vec<u64>,
    is_min: Vec<u64>,
    last: Vec<u64>,
    mean: Vec<u64>,
    /// From the mean that follows from the sum, in representable numbers.
    off: Vec<u64>,
}

impl Columns {
    fn all(&self) -> [&Vec<u64>; 8] {
        let Self { gap, count, min, max, is_min, last, mean, off } = self;
        [gap, count, min, max, is_min, last, mean, off]
    }

    fn of(form: Form, points: &[Point]) -> Self {
        let mut columns = Self::default();
        let (mut next_slot, mut count, mut min) = (0, 0, 0);
        for point in points {
            columns.gap.push(u64::from(point.slot.wrapping_sub(next_slot)));
            next_slot = point.slot.wrapping_add(1);
            columns.count.push(difference(i64::from(point.count), count));
            count = i64::from(point.count);
            let smallest = form.integer(point.min);
            let (largest, last) = (form.integer(point.max), form.integer(point.last));
            columns.min.push(difference(smallest, min));
            min = smallest;
            columns.max.push(difference(largest, min));
            let is_min = last == min && last != largest;
            columns.is_min.push(u64::from(is_min));
            columns.last.push(if is_min { 0 } else { difference(last, largest) });
            let total = form.sum(point);
            columns.mean.push(difference(total, form.about(min, point.count)));
            let told = form.mean(total, point.count).to_bits().cast_signed();
            columns.off.push(difference(point.mean.to_bits().cast_signed(), told));
        }
        columns
    }

    fn points(&self, form: Form, slots: u16) -> Result<Vec<Point>, BadBlock> {
        let Self { gap, count, min, max, is_min, last, mean, off } = self;
        let mut points = Vec::with_capacity(gap.len());
        let (mut slot, mut number, mut smallest) = (0_u64, 0, 0);
        for (at, gap) in gap.iter().enumerate() {
            slot = slot.checked_add(*gap).ok_or(BadBlock::Outside)?;
            let place = u16::try_from(slot).ok().filter(|slot| *slot < slots);
            let place = place.ok_or(BadBlock::Outside)?;
            slot += 1;
            number = applied(number, count[at]);
            let count = u32::try_from(number).map_err(|_| BadBlock::Column)?;
            if count == 0 {
                return Err(BadBlock::Empty);
            }
            smallest = applied(smallest, min[at]);
            let largest = applied(smallest, max[at]);
            let last = match is_min[at] {
                0 => applied(largest, last[at]),
                1 => smallest,
                _ => return Err(BadBlock::Column),
            };
            let told = form.mean(applied(form.about(smallest, count), mean[at]), count);
            let mean = applied(told.to_bits().cast_signed(), off[at]);
            points.push(Point {
                slot: place,
                min: form.value(smallest),
                max: form.value(largest),
                mean: f64::from_bits(mean.cast_unsigned()),
                last: form.value(last),
                count,
            });
        }
        Ok(points)
    }
}

/// Writes the roll-ups of a period as a block. They are in the order of their slots, each slot
/// once, and each has at least one value.
pub(super) fn encode(points: &[Point]) -> Vec<u8> {
    let form = Form::of(points);
    let mut body = u16::try_from(points.len()).unwrap_or(u16::MAX).to_le_bytes().to_vec();
    body.push(form.code());
    let mut deflate = Compress::new(Compression::best(), false);
    for words in Columns::of(form, points).all() {
        write_column(words, &mut deflate, &mut body);
    }
    let mut block = vec![VERSION];
    block.extend(checksum(&body).to_le_bytes());
    block.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    block.extend(body);
    block
}

fn checksum(body: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(body);
    crc.sum()
}

fn write_column(words: &[u64], deflate: &mut Compress, out: &mut Vec<u8>) {
    let most = words.iter().fold(0, |all, word| all | word);
    let planes = 8 - most.leading_zeros() / 8;
    out.push(planes as u8);
    let mut packed = Vec::with_capacity(words.len() + 64);
    for plane in 0..planes {
        let bytes: Vec<u8> = words.iter().map(|word| (word >> (8 * plane)) as u8).collect();
        packed.clear();
        deflate.reset();
        let done = deflate.compress_vec(&bytes, &mut packed, FlushCompress::Finish);
        let is_shorter = matches!(done, Ok(Status::StreamEnd)) && packed.len() < bytes.len();
        let plane = if is_shorter { &packed } else { &bytes };
        out.extend(u16::try_from(plane.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend(plane);
    }
}

/// Reads a block of a period of so many steps. Whatever the bytes are, what it takes of the memory
/// is bounded by `slots`.
pub(super) fn decode(block: &[u8], slots: u16) -> Result<Vec<Point>, BadBlock> {
    let mut bytes = Bytes(block);
    let [version] = bytes.array()?;
    if version != VERSION {
        return Err(BadBlock::Version(version));
    }
    let told = u32::from_le_bytes(bytes.array()?);
    let length = u32::from_le_bytes(bytes.array()?);
    let found = block.len() - HEADER;
    if u32::try_from(found) != Ok(length) {
        return Err(BadBlock::Length { told: length, found });
    }
    if checksum(bytes.0) != told {
        return Err(BadBlock::Checksum);
    }
    let count = u16::from_le_bytes(bytes.array()?);
    if count > slots {
        return Err(BadBlock::Crowded { found: count, most: slots });
    }
    let [form] = bytes.array()?;
    let form = Form::read(form)?;
    let mut inflate = Decompress::new(false);
    let mut column = || bytes.column(usize::from(count), &mut inflate);
    let columns = Columns {
        gap: column()?,
        count: column()?,
        min: column()?,
        max: column()?,
        is_min: column()?,
        last: column()?,
        mean: column()?,
        off: column()?,
    };
    if !bytes.0.is_empty() {
        return Err(BadBlock::Long);
    }
    columns.points(form, slots)
}

/// The bytes that are left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], BadBlock> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BadBlock::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadBlock> {
        self.take(N)?.try_into().map_err(|_| BadBlock::Short)
    }

    fn column(&mut self, count: usize, inflate: &mut Decompress) -> Result<Vec<u64>, BadBlock> {
        let [planes] = self.array()?;
        if planes > 8 {
            return Err(BadBlock::Column);
        }
        let mut words = vec![0_u64; count];
        let mut plain = vec![0; count];
        for plane in 0..planes {
            let length = usize::from(u16::from_le_bytes(self.array()?));
            if length > count {
                return Err(BadBlock::Column);
            }
            let stored = self.take(length)?;
            let bytes = if length == count {
                stored
            } else {
                inflate.reset(false);
                let done = inflate.decompress(stored, &mut plain, FlushDecompress::Finish);
                let is_whole = inflate.total_out() == count as u64
                    && inflate.total_in() == length as u64
                    && matches!(done, Ok(Status::StreamEnd));
                if !is_whole {
                    return Err(BadBlock::Column);
                }
                &plain
            };
            for (word, byte) in words.iter_mut().zip(bytes) {
                *word |= u64::from(*byte) << (8 * plane);
            }
        }
        Ok(words)
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests;
