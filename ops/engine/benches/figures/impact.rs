//! The organizations that incidents name, beside those that were really affected.

use crate::world::{Affected, Kind, World};

/// Worlds of each kind.
const WORLDS: u64 = 50;

/// Pairs that were named, and that were true.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    named: usize,
    really: usize,
    both: usize,
}

impl Score {
    fn add(&mut self, named: &Affected, really: &Affected) {
        self.named += named.len();
        self.really += really.len();
        self.both += named.intersection(really).count();
    }

    fn precision(self) -> f64 {
        self.both as f64 / self.named as f64
    }

    fn recall(self) -> f64 {
        self.both as f64 / self.really as f64
    }
}

pub fn measure() {
    let (mut known, mut likely) = (Score::default(), Score::default());
    for kind in Kind::ALL {
        let mut of_kind = Score::default();
        for seed in 1..=WORLDS {
            let (named, truth) = World::new(kind, seed).run();
            of_kind.add(&named.known, &truth.counted);
            known.add(&named.known, &truth.counted);
            likely.add(&named.likely, &truth.failed);
        }
        println!(
            "  {kind:?}: known {} effects, really {}, both {}",
            of_kind.named, of_kind.really, of_kind.both
        );
    }
    println!(
        "impact in {} simulated incidents: known with a precision of {:.3} and a recall of {:.3} ({} effects); likely with a precision of {:.3} ({} organizations; where up to 15 % of them never use the endpoint that fails)",
        WORLDS * Kind::ALL.len() as u64,
        known.precision(),
        known.recall(),
        known.really,
        likely.precision(),
        likely.named,
    );
}
