//! `calm-ops maintenance`: windows begun, listed and ended from a shell or a script. A server that
//! runs on the same data obeys within some seconds.

use std::io::Write;

use clap::Subcommand;
use commands::maintenance::{Covered, MaintenanceRequest, WithheldList, check_open};
use domain::{
    announcements::{Announcements, OpenWindow},
    journal::Event,
    time::{BadSpan, BadTimestamp, Span, Timestamp},
};
use wording::maintenance;

use super::{
    database::{Failure, work_on, write},
    outcome::Outcome,
};
use crate::{clock::Clock, config::Config, monitor::kept::Kept, store::Store};

/// The action.
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

/// Carries the command out.
pub(super) fn maintenance(
    config: &Config,
    what: Maintenance,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let reads = matches!(what, Maintenance::List);
    work_on(config, reads, async |store| carry_out(store, what).await, out, err)
}

async fn carry_out(store: &dyn Store, what: Maintenance) -> Result<String, Failure> {
    let now = Clock::start().now().wall;
    let open = Announcements::of(&store.announced(now).await?);
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
