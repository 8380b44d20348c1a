//! `calm-ops automation`: the one switch for what the agent does on its own, from a shell. A server
//! that runs on the same data obeys within some seconds.

use std::{io::Write, sync::Arc};

use clap::Subcommand;
use commands::protection::suspend;
use domain::{
    actor::{Actor, Names},
    error::Error,
    protection::{MeasureInForce, Protection},
};
use wording::{error::sentence, protection as words};

use super::{database, outcome::Outcome};
use crate::{
    clock::Clock,
    config::Config,
    service::Known,
    store::{self, About, Change, Store, StoreError},
};

/// What is done.
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

/// Why it could not be done.
enum Failure {
    Refused(Error),
    Store(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Carries the command out.
pub(super) fn automation(
    config: &Config,
    what: Automation,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let at = config.place();
    if let Err(outcome) = database::exists(&at, err) {
        return outcome;
    }
    let done = async {
        let store: Arc<dyn Store> = match what {
            Automation::Status => store::open_to_read(&at).await?,
            Automation::Off { .. } => store::open(&at).await?,
        };
        carry_out(&*store, what).await
    };
    match database::run(done, err) {
        Some(Ok(text)) => {
            let _ = writeln!(out, "{text}");
            Outcome::Fine
        }
        Some(Err(Failure::Refused(error))) => {
            let _ = writeln!(err, "error: {}", sentence(&error));
            match error {
                Error::InvalidField { .. } => Outcome::Usage,
                _ => Outcome::Failed,
            }
        }
        Some(Err(Failure::Store(error))) => {
            let _ = writeln!(err, "error: {error}");
            Outcome::Failed
        }
        None => Outcome::Failed,
    }
}

async fn carry_out(store: &dyn Store, what: Automation) -> Result<String, Failure> {
    let now = Clock::start().now().wall;
    let protection = Protection::of(&store.announced(now).await?);
    match what {
        Automation::Off { reason } => {
            let event = suspend(&protection, &reason)?;
            let lifted = protection.measures.len();
            let change = Change {
                at: now,
                actor: Actor::Local,
                about: About::Nothing,
                decide: Box::new(move |_| Ok(vec![event])),
                people: None,
                monitor: None,
            };
            store.change(change).await?;
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
    if protection.measures.is_empty() {
        lines.push(words::NO_MEASURES.to_owned());
    }
    let told = |one: &MeasureInForce| {
        format!("  incident {}: {}", one.incident, words::began(&one.measure))
    };
    lines.extend(protection.measures.iter().map(told));
    lines.push(
        protection.safe_mode.as_ref().map_or(words::NO_SAFE_MODE.to_owned(), words::safe_mode),
    );
    lines.join("\n")
}
