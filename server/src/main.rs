//! The program `calm-ops`.

use std::{
    io::{stderr, stdout},
    process::ExitCode,
};

use server::{cli, config::Machine};

fn main() -> ExitCode {
    let outcome = cli::run(std::env::args_os(), &Machine, &mut stdout(), &mut stderr());
    ExitCode::from(outcome.code())
}
