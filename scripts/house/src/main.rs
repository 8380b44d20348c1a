//! Measures the code of the workspace: `house [ROOT]`.
//!
//! Prints the places that count, a table of the measures with their limits, and what passes its
//! limit. The exit code is 1 when something does, and 2 when the code could not be read.

mod attributes;
mod count;
mod graph;
mod house;
#[cfg(test)]
mod messages;
mod read;
mod resolve;
#[cfg(test)]
mod tests;
mod tree;
mod workspace;

use std::{env, path::PathBuf, process::ExitCode};

use house::Measure;

/// Places of a measure that keeps its limit, as far as they are printed.
const SOME: usize = 25;

/// Measures the workspace in the folder that is the argument, or in this one.
fn main() -> ExitCode {
    let root = env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    match house::measures(&root) {
        Ok(measures) => print(&measures),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Prints measures. Returns whether all limits are kept.
fn print(measures: &[Measure]) -> ExitCode {
    for measure in measures.iter().filter(|measure| !measure.places.is_empty()) {
        let all = measure.places.len();
        let shown = if measure.is_kept() { all.min(SOME) } else { all };
        println!("{}:", measure.name);
        measure.places[..shown].iter().for_each(|place| println!("    {place}"));
        if shown < all {
            println!("    and {} more", all - shown);
        }
    }
    println!("\n| measure | value | limit |\n| --- | --- | --- |");
    measures.iter().for_each(|measure| println!("{measure}"));
    let passed: Vec<_> = measures.iter().filter(|measure| !measure.is_kept()).collect();
    if passed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\nPast its limit; the places are listed above:");
    passed.iter().for_each(|measure| println!("{measure}"));
    ExitCode::FAILURE
}
