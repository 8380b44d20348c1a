//! Random numbers that a seed determines.

/// The generator SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014): the same numbers for the same seed on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator of its own for each pair of seed and stream.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut one = Self(seed);
        Self(one.bits() ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 to 1, 1 excluded.
    pub fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_publication() {
        // The first outputs of the reference implementation for the seed 1234567.
        let mut random = Random(1_234_567);
        let known = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([random.bits(), random.bits()], known);
    }

    #[test]
    fn streams_differ_and_their_mean_is_half() {
        let mean = |stream| {
            let mut random = Random::new(1, stream);
            (0..10_000).map(|_| random.share()).sum::<f64>() / 1e4
        };
        for stream in 0..4 {
            assert!((mean(stream) - 0.5).abs() < 0.02);
        }
        assert_ne!(Random::new(1, 1).share(), Random::new(1, 2).share());
        assert_ne!(Random::new(1, 1).share(), Random::new(2, 1).share());
    }
}
