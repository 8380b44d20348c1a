//! `calm-ops maintenance`: windows begun, listed and ended from a shell or a script. A server that
//! runs on the same data obeys within some seconds.

use std::{io::Write, sync::Arc};

use clap::Subcommand;
use commands::maintenance::{Covered, MaintenanceRequest, WithheldList, check_open};
use domain::{
    actor::Actor,
    announcements::{Announcements, OpenWindow},
    error::{Error, Unavailable},
    journal::Event,
    time::{BadSpan, BadTimestamp, Span, Timestamp},
};
use wording::{error::sentence, maintenance};

use super::{database, outcome::Outcome};
use crate::{
    clock::Clock,
    config::Config,
    monitor::kept::Kept,
    store::{self, About, Change, Decide, Store, StoreError},
};

/// What is done.
#[derive(Debug, Subcommand)]
pub(super) enum Maintenance {
    /// Start a window: problems of its subjects open no incident until it ends.
    #[command(group = clap::ArgGroup::new("end").required(true))]
    Begin {
        /// Its length, such as '90 min' or '2 h'; at most 7 d.
        #[arg(long = "for", value_name = "DURATION", group = "end", value_parser = span)]
        length: Option<Span>,
        /// Its end, such as 2026-11-22T10:00:00Z.
        #[arg(long, value_name = "TIME", group = "end", value_parser = moment)]
        until: Option<Timestamp>,
        /// The reason, in a few words.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The subjects, such as 'host:web-1'; '*' matches anything, as in '*@web-1'.
        #[arg(required = true, value_name = "SUBJECT")]
        subjects: Vec<String>,
    },
    /// List the open windows and what would have alerted during each.
    List,
    /// End a window now. Problems that continue open an incident.
    End {
        /// Its number.
        number: u64,
    },
}

fn span(text: &str) -> Result<Span, BadSpan> {
    text.parse()
}

fn moment(text: &str) -> Result<Timestamp, BadTimestamp> {
    text.parse()
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
pub(super) fn maintenance(
    config: &Config,
    what: Maintenance,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let at = config.place();
    if let Err(outcome) = database::exists(&at, err) {
        return outcome;
    }
    let done = async {
        let store: Arc<dyn Store> = match what {
            Maintenance::List => store::open_to_read(&at).await?,
            Maintenance::Begin { .. } | Maintenance::End { .. } => store::open(&at).await?,
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

async fn carry_out(store: &dyn Store, what: Maintenance) -> Result<String, Failure> {
    let now = Clock::start().now().wall;
    let mut open = Announcements::default();
    store.announced(now).await?.iter().for_each(|entry| open.take(entry));
    let kept = store.opening().await?.monitor;
    let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
    let kept = kept.unwrap_or_default();
    let present = kept.collected.iter().chain(kept.engine.subjects()).collect();
    let mut withheld = kept.withheld;
    match what {
        Maintenance::Begin { length, until, reason, subjects } => {
            let until = until.unwrap_or_else(|| now.plus(length.unwrap_or_default()));
            let request = MaintenanceRequest { subjects, until, reason };
            let window = Box::new(request.checked(&open, now)?);
            let text = maintenance::until(&window);
            let covers = maintenance::covers(&Covered::of(&window, &present));
            let number = write(store, Event::MaintenanceBegun { window }, now).await?;
            Ok(format!("Maintenance window {number} is open {text}\n{covers}"))
        }
        Maintenance::List if open.windows.is_empty() => {
            Ok("No maintenance window is open.".to_owned())
        }
        Maintenance::List => {
            let none = WithheldList::default();
            let told = |one: &OpenWindow| {
                maintenance::listed(one, withheld.get(&one.number).unwrap_or(&none))
            };
            Ok(open.windows.iter().map(told).collect::<Vec<_>>().join("\n"))
        }
        Maintenance::End { number } => {
            check_open(&open, number)?;
            let list = withheld.remove(&number).unwrap_or_default();
            let text = maintenance::ended(number, &list.breaches, list.more);
            write(store, list.ended(number), now).await?;
            Ok(text)
        }
    }
}

/// Writes an event as whoever sits at this machine; the number of its entry.
async fn write(store: &dyn Store, event: Event, at: Timestamp) -> Result<u64, Failure> {
    let decide: Decide = Box::new(move |_| Ok(vec![event]));
    let change = Change {
        at,
        actor: Actor::Local,
        about: About::Nothing,
        decide,
        people: None,
        monitor: None,
    };
    let entries = store.change(change).await?;
    Ok(entries.last().map(|entry| entry.number).ok_or(Error::from(Unavailable::Unclear))?)
}
