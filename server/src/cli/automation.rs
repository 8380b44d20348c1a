//! `calm-ops automation`: the one switch for what the agent does on its own, from a shell. A server
//! that runs on the same data obeys within some seconds.

use std::io::Write;

use clap::Subcommand;
use commands::protection::suspend;
use domain::{
    actor::Names,
    protection::{MeasureInForce, Protection},
};
use wording::protection as words;

use super::{
    database::{Failure, work_on, write},
    outcome::Outcome,
};
use crate::{clock::Clock, config::Config, service::Known, store::Store};

/// The action.
#[derive(Debug, Subcommand)]
pub(super) enum Automation {
    /// Suspend every automatic measure, and lift those in force. A person resumes them on the pages.
    /// Safe mode stays as it is.
    Off {
        /// The reason, in a few words.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Show whether Calm Ops may take measures on its own, those in force, and safe mode.
    Status,
}

/// Carries the command out.
pub(super) fn automation(
    config: &Config,
    what: Automation,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let reads = matches!(what, Automation::Status);
    work_on(config, reads, async |store| carry_out(store, what).await, out, err)
}

async fn carry_out(store: &dyn Store, what: Automation) -> Result<String, Failure> {
    let now = Clock::start().now().wall;
    let protection = Protection::of(&store.announced(now).await?);
    match what {
        Automation::Off { reason } => {
            let event = suspend(&protection, &reason)?;
            let lifted = protection.measures.len();
            write(store, event, now).await?;
            Ok(words::switched_off(lifted))
        }
        Automation::Status => {
            let known = Known::new(store.roster().await?, 0, 0);
            Ok(status(&protection, &known.names))
        }
    }
}

fn status(protection: &Protection, names: &Names) -> String {
    let mut lines = vec![match &protection.suspension {
        Some(suspension) => {
            format!("{} Reason: {}", words::suspended(suspension, names), suspension.reason)
        }
        None => words::AUTOMATION_ON.to_owned(),
    }];
    if protection.in_effect().next().is_none() {
        lines.push(words::NO_MEASURES.to_owned());
    }
    let told = |one: &MeasureInForce| {
        format!("  incident {}: {}", one.incident, words::began(&one.measure))
    };
    lines.extend(protection.in_effect().map(told));
    lines.push(
        protection.safe_mode.as_ref().map_or(words::NO_SAFE_MODE.to_owned(), words::safe_mode),
    );
    lines.join("\n")
}
