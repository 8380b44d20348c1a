//! `calm-ops practice`: begins a practice, follows it, and reports how it went. A server that runs on
//! the same data obeys within some seconds.

use std::{io::Write, sync::Arc, time::Duration};

use clap::{Args, Subcommand};
use commands::practice::{begin, refused};
use domain::{
    announcements::Announcements,
    error::Error,
    id::IncidentNumber,
    incident::Incident,
    journal::{Entry, Event},
    practice::USUAL,
    time::{BadSpan, Span, Timestamp},
};
use wording::{error::sentence, practice as words, timeline};

use super::{
    database::{self, Failure, decide},
    outcome::Outcome,
};
use crate::{
    clock::Clock,
    config::Config,
    documents::Documents,
    practice,
    service::Known,
    store::{self, Store},
};

/// The interval at which the journal is read.
const EVERY: Duration = Duration::from_millis(500);
/// The most entries that are read at a time.
const PAGE: u32 = 200;
/// An incident that did not open by then will probably not.
const OPENS_WITHIN: Span = Span::from_secs(20);

/// The action; without a word a practice begins.
#[derive(Args, Debug)]
pub(super) struct Practice {
    #[command(subcommand)]
    what: Option<What>,
    /// Its length, such as '15 min'; at most 2 h. It ends by itself.
    #[arg(long = "for", value_name = "DURATION", value_parser = span)]
    length: Option<Span>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// End the practice in progress. Its incident recovers.
    End,
}

fn span(text: &str) -> Result<Span, BadSpan> {
    text.parse()
}

/// Carries the command out.
pub(super) fn practice(
    config: &Config,
    asked: &Practice,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let at = config.place();
    if let Err(outcome) = database::exists(&at, err) {
        return outcome;
    }
    if asked.what.is_none()
        && let Err(outcome) = check_documents(config, err)
    {
        return outcome;
    }
    let length = asked.length.unwrap_or(USUAL);
    let done = async {
        let store: Arc<dyn Store> = store::open(&at).await?;
        match asked.what {
            Some(What::End) => stop(&*store, out).await,
            None => run(&*store, length, out).await,
        }
    };
    match database::run(done, err) {
        Some(Ok(outcome)) => outcome,
        Some(Err(Failure::Refused(error))) => {
            let _ = writeln!(err, "error: {}", sentence(&error));
            if matches!(error, Error::InvalidField { .. }) {
                Outcome::Usage
            } else {
                Outcome::Failed
            }
        }
        Some(Err(Failure::Store(error))) => {
            let _ = writeln!(err, "error: {error}");
            Outcome::Failed
        }
        None => Outcome::Failed,
    }
}

/// Looks whether the documents, as they are on the disk, have what a practice needs.
fn check_documents(config: &Config, err: &mut dyn Write) -> Result<(), Outcome> {
    let loaded = Documents::load_with(
        config.ops_dir.as_deref(),
        &config.data_dir.join("documents"),
        &config.scripts,
        Timestamp::default(),
    );
    let documents = match loaded {
        Ok((documents, _)) => documents,
        Err(error) => {
            let _ = writeln!(err, "{error}");
            return Err(Outcome::Wrong);
        }
    };
    let Some(catalogue) = documents.catalogue() else {
        let _ = writeln!(
            err,
            "error: {} has an error, so nothing could be approved. Check it with 'calm-ops check'.",
            crate::documents::COMMANDS
        );
        return Err(Outcome::Wrong);
    };
    policy::practice::check(documents.thresholds(), &catalogue).map_err(|refusal| {
        let _ = writeln!(err, "error: {}", sentence(&refused(refusal)));
        Outcome::Wrong
    })
}

async fn announced(store: &dyn Store, now: Timestamp) -> Result<Announcements, Failure> {
    Ok(Announcements::of(&store.announced(now).await?))
}

async fn stop(store: &dyn Store, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let now = Clock::start().now().wall;
    decide(store, practice::ending(announced(store, now).await?.practice.as_ref())?, now).await?;
    let _ = writeln!(out, "The practice ends. Its incident recovers within seconds.");
    Ok(Outcome::Fine)
}

async fn run(store: &dyn Store, length: Span, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let clock = Clock::start();
    let now = clock.now().wall;
    let open = announced(store, now).await?.practice;
    begin(open.as_ref(), &practice::recent(store, now).await?, length, now)?;
    let until = now.plus(length);
    for line in words::announced(until, &practice::notified(store).await?) {
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out);
    let number = decide(store, practice::beginning(length, now), now).await?;
    let known = Known::new(store.roster().await?, 0, 0);
    let mut followed = Followed::new(number, now);
    let mut is_doubted = false;
    loop {
        for entry in store.entries(followed.after, PAGE).await? {
            if followed.take(&entry) {
                let line = timeline::line(&entry, &known.names);
                let _ = writeln!(out, "{}  {}", time(entry.at, now), said(&line));
            }
        }
        let _ = out.flush();
        let passed = clock.now().wall.since(now);
        if followed.incident.is_none() && passed > OPENS_WITHIN && !is_doubted {
            is_doubted = true;
            let _ = writeln!(out, "No incident has opened yet. Is Calm Ops running?");
        }
        let is_left = followed.incident.is_none() && passed > length.plus(OPENS_WITHIN);
        if followed.is_over() || is_left {
            break;
        }
        tokio::time::sleep(EVERY).await;
    }
    report(store, &followed, out).await
}

/// `09:12:04 UTC   +3.2 s`.
fn time(at: Timestamp, begun_at: Timestamp) -> String {
    let text = at.to_seconds_text();
    let clock = text.get(11..19).unwrap_or(&text);
    format!("{clock} UTC {:>8}", format!("+{:.1} s", at.since(begun_at).as_secs_f64()))
}

fn said(line: &timeline::Line) -> String {
    match &line.words {
        Some(words) => format!("{} {words}", line.sentence),
        None => line.sentence.clone(),
    }
}

async fn report(
    store: &dyn Store,
    followed: &Followed,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let incident: Option<Incident> = match followed.incident {
        Some(number) => store.incident(number).await?,
        None => None,
    };
    let steps = practice::steps(store, followed.begun_at, incident.as_ref()).await?;
    let _ = writeln!(
        out,
        "\nHow it went. The first time counts from the beginning, the others from the opening:"
    );
    for line in words::report(&steps) {
        let _ = writeln!(out, "{line}");
    }
    let is_complete = steps.acknowledged.is_some() && steps.ran.is_some();
    Ok(if is_complete { Outcome::Fine } else { Outcome::Wrong })
}

/// A practice as its entries tell it.
struct Followed {
    number: u64,
    begun_at: Timestamp,
    /// The number of the last entry that was read.
    after: u64,
    incident: Option<IncidentNumber>,
    is_resolved: bool,
    is_ended: bool,
}

impl Followed {
    const fn new(number: u64, begun_at: Timestamp) -> Self {
        Self {
            number,
            begun_at,
            after: number.saturating_sub(1),
            incident: None,
            is_resolved: false,
            is_ended: false,
        }
    }

    /// Takes the next entry; whether it is to be told.
    fn take(&mut self, entry: &Entry) -> bool {
        self.after = entry.number;
        let Some(event) = &entry.event else { return false };
        match event {
            // A later one takes its place, and the end of this one is not journalled any more.
            Event::PracticeBegun { .. } => {
                self.is_ended |= entry.number > self.number;
                true
            }
            Event::PracticeEnded { practice, .. } => {
                self.is_ended |= *practice == self.number;
                *practice == self.number
            }
            Event::IncidentOpened { incident } if incident.is_practice() => {
                self.incident = Some(incident.number);
                true
            }
            event if event.incident().is_some() && event.incident() == self.incident => {
                match event {
                    Event::Resolved { .. } => self.is_resolved = true,
                    Event::Reopened { .. } => self.is_resolved = false,
                    _ => {}
                }
                !matches!(event, Event::SummaryWritten { .. } | Event::SnapshotSaved { .. })
            }
            _ => false,
        }
    }

    const fn is_over(&self) -> bool {
        self.is_ended && (self.is_resolved || self.incident.is_none())
    }
}

#[cfg(test)]
mod tests {
    use domain::actor::Actor;

    use super::*;

    #[test]
    fn a_later_practice_ends_the_one_that_is_followed() {
        let begun = |number| Entry {
            number,
            at: Timestamp::from_secs(0),
            actor: Actor::Local,
            event: Some(Event::PracticeBegun { until: Timestamp::from_secs(900) }),
        };
        let mut followed = Followed::new(7, Timestamp::from_secs(0));
        assert!(followed.take(&begun(7)) && !followed.is_over());
        assert!(followed.take(&begun(8)) && followed.is_over());
    }
}
