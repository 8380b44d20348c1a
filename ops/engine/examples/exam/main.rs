//! The exam: how well the engine with its baselines finds labelled events of others, and how often
//! it is wrong.
//!
//! `make exam DIR=FOLDER`, or `cargo run --release -p engine --example exam -- DIR`. Each series
//! or server goes through a backtest of the product: its baselines, evaluation and agent, row by row,
//! under `series.md` or `hosts.md` beside this file. An event is found if a breach of an incident holds during it; an
//! incident without such a breach is false.

mod data;
mod run;

use std::{error::Error, path::Path, process::ExitCode, sync::Arc, time::Instant};

use domain::usual::{LEAST_AGE_HOURS, LEAST_LEARNED_HOURS};
use engine::baseline::WeeklyBaseline;
use policy::thresholds::Thresholds;

use crate::{
    data::{Set, Subject},
    run::Outcome,
};

/// From which age on baselines are trusted.
#[derive(Clone, Copy)]
enum Trust {
    /// As in the product.
    Week,
    /// From the end of the part that a set says may be learned from, where that is sooner.
    LearningPart,
}

impl Trust {
    /// In hours.
    fn age(self, subject: &Subject) -> u32 {
        let learning =
            u32::try_from(subject.learning.as_secs().div_ceil(3_600)).unwrap_or(u32::MAX);
        match self {
            Self::Week => LEAST_AGE_HOURS.max(learning),
            Self::LearningPart => LEAST_LEARNED_HOURS.max(learning),
        }
    }
}

/// Figures of several subjects.
#[derive(Default)]
struct Sum {
    subjects: usize,
    days: f64,
    events: usize,
    false_incidents: usize,
    false_breaches: usize,
    delays: Vec<i64>,
    held_days: f64,
}

impl Sum {
    fn add(&mut self, outcome: &Outcome) {
        self.subjects += 1;
        self.days += outcome.days;
        self.events += outcome.events;
        self.false_incidents += outcome.false_incidents;
        self.false_breaches += outcome.false_breaches;
        self.delays.extend(&outcome.delays);
        self.held_days += outcome.held_days;
    }

    fn line(&mut self, name: &str) -> String {
        self.delays.sort_unstable();
        let found = self.delays.len();
        let share = found as f64 / self.events.max(1) as f64;
        let per_month = self.false_incidents as f64 / self.days.max(1.0) * 30.0;
        let outside = self.false_breaches as f64 / self.days.max(1.0) * 30.0;
        let delay = self.delays.get(found / 2).map_or(0.0, |seconds| *seconds as f64 / 60.0);
        format!(
            "  {name:<14} {:>3} subjects, {:>4.0} days: found {found:>3} of {:>3} ({share:.2}), false incidents {:>3} ({per_month:.2} per subject and 30 days; of all incidents, {outside:.1} breaches outside of events), median delay {delay:.0} min, breaches held {:.1}% of the time",
            self.subjects,
            self.days,
            self.events,
            self.false_incidents,
            100.0 * self.held_days / self.days.max(1.0),
        )
    }
}

fn examine(thresholds: &Arc<Thresholds>, set: &Set, trust: Trust) -> Result<(), Box<dyn Error>> {
    let mut halves = [Sum::default(), Sum::default()];
    let mut all = Sum::default();
    for (place, subject) in set.subjects.iter().enumerate() {
        let outcome = run::run(thresholds, subject, trust.age(subject))?;
        if std::env::var_os("EXAM_DETAILS").is_some() {
            println!("    {:<40} {outcome}", subject.name);
        }
        halves[place % 2].add(&outcome);
        all.add(&outcome);
    }
    let [tuning, other] = &mut halves;
    println!("{}", tuning.line("tuning half"));
    println!("{}", other.line("other half"));
    println!("{}", all.line("all"));
    Ok(())
}

fn exam(folder: &Path) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    println!("Baseline: {} bytes a series.", WeeklyBaseline::BYTES);
    for name in ["nab", "smd"] {
        let set = Set::read(folder, name)?;
        let metrics = set.subjects.iter().map(|one| one.metrics).max().unwrap_or(1);
        let thresholds = run::thresholds(metrics)?;
        println!("{name}, trusted after its learning part:");
        examine(&thresholds, &set, Trust::LearningPart)?;
        if set.subjects.iter().any(|subject| Trust::LearningPart.age(subject) < LEAST_AGE_HOURS) {
            println!("{name}, trusted after a week, as in the product:");
            examine(&thresholds, &set, Trust::Week)?;
        }
    }
    println!("{:.1} s on one core, reading included.", began.elapsed().as_secs_f64());
    Ok(())
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        println!("exam: no folder with labelled data was named: make exam DIR=FOLDER");
        return ExitCode::SUCCESS;
    };
    let folder = Path::new(&folder);
    if !folder.join("series.csv").is_file() {
        println!("exam: there is no labelled data in {}; nothing was measured.", folder.display());
        return ExitCode::SUCCESS;
    }
    match exam(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("exam: {error}");
            ExitCode::FAILURE
        }
    }
}
