//! The commands about what may be run. Neither of them runs anything, and neither writes anything.

use std::{fmt::Write as _, fs, io::Write, os::unix::fs::MetadataExt as _, path::Path, sync::Arc};

use commands::view::Plan;
use domain::{
    id::RecommendationId,
    incident::Incident,
    recommendation::{Ended, Recommendation, RunOutcome, Stage, Withdrawn},
    redact,
    time::Timestamp,
};
use policy::catalogue::{self, Catalogue, UserName};

use super::{database, outcome::Outcome, people};
use crate::{
    clock::Clock,
    collectors::pm2::Pm2Collector,
    config::Config,
    documents,
    exec::{SUDO, User},
    remediation::{Place, Recovery, STALE, host_inventory},
    store::{self, Store},
};

/// `calm-ops run --dry-run ID`: the same way to what is executed as the run itself takes, up to the
/// start.
pub(super) fn dry_run(
    config: &Config,
    id: RecommendationId,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let at = config.place();
    let checked = database::exists(&at, err)
        .and_then(|()| same_user(&config.data_dir, err))
        .and_then(|()| approved_commands(config, err));
    let catalogue = match checked {
        Ok(catalogue) => catalogue,
        Err(outcome) => return outcome,
    };
    let looked = async {
        let store: Arc<dyn Store> =
            store::open_to_read(&at).await.map_err(|error| error.to_string())?;
        let incident = store.incident(id.incident).await.map_err(|error| error.to_string())?;
        let incident = incident.ok_or_else(|| {
            format!(
                "Incident {} does not exist. A recommendation's page shows its number, such as 42-1.",
                id.incident
            )
        })?;
        let one =
            incident.recommendation(id.place).cloned().ok_or_else(|| no_such(&incident, id))?;
        let (place, recovery) = (Place::here(config), Recovery::default());
        let pm2_home = place.pm2_home.clone().filter(|_| config.collectors.pm2.enabled);
        recovery.set_facts(Arc::new(
            host_inventory::once(&Place { pm2_home, ..place.clone() }, Some(&*store)).await,
        ));
        recovery.set_hints(Arc::default());
        recovery.set_catalogue(Some(catalogue));
        recovery.set_place(place);
        let plan = recovery.plan(&one);
        Ok::<_, String>((incident, one, plan))
    };
    match database::run(looked, err) {
        Some(Ok((incident, one, plan))) => {
            let page = format!("{}/ops/approve/{id}", people::origin(config));
            told(&incident, &one, plan, &page, out, err)
        }
        Some(Err(error)) => {
            let _ = writeln!(err, "error: {error}");
            Outcome::Failed
        }
        None => Outcome::Failed,
    }
}

fn no_such(incident: &Incident, id: RecommendationId) -> String {
    let known: Vec<String> = incident
        .recommendations
        .iter()
        .map(|one| RecommendationId { place: one.place, ..id }.to_string())
        .collect();
    match &known[..] {
        [] => format!(
            "Recommendation {id} does not exist: nothing has been recommended for incident {} yet.",
            id.incident
        ),
        known => format!(
            "Recommendation {id} does not exist. Incident {} has {}.",
            id.incident,
            known.join(", ")
        ),
    }
}

/// A command without a user of its own runs as the one that Calm Ops runs as, and how one becomes
/// another depends on that too: told by anyone else, it would not be what is executed.
fn same_user(data_dir: &Path, err: &mut dyn Write) -> Result<(), Outcome> {
    let owner = match fs::metadata(data_dir) {
        Ok(data) => data.uid(),
        Err(error) => {
            let _ = writeln!(
                err,
                "error: the data directory {} can't be read: {error}. Set it with --data-dir.",
                data_dir.display()
            );
            return Err(Outcome::Failed);
        }
    };
    if owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let name = User::numbered(owner).map_or_else(|_| format!("'#{owner}'"), |user| user.name);
    let _ = writeln!(
        err,
        "error: the data in {} belongs to another user, and the result depends on the user. Run this as that user: sudo -u {name} calm-ops run --dry-run ID",
        data_dir.display()
    );
    Err(Outcome::Failed)
}

fn told(
    incident: &Incident,
    one: &Recommendation,
    plan: Plan,
    page: &str,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let now = Clock::start().now().wall;
    let id = RecommendationId { incident: incident.number, place: one.place };
    let mut text =
        format!("Recommendation {id}: {} ({}), for {}\n", one.title, one.command, one.subject);
    let ready = matches!(plan, Plan::Ready { .. });
    if let Plan::Ready { text: what } = &plan {
        let when = match standing(one, now) {
            Standing::Waits => "once it is approved",
            Standing::UnderWay => "for its approval",
            Standing::Over => "if it were recommended again; this recommendation no longer runs",
        };
        let _ = writeln!(
            text,
            "\nOn {}, exactly this would be executed now, {when}:\n\n{what}",
            one.host
        );
    }
    let _ = writeln!(text, "\n  stands       {}", stands(one, now));
    let binding = one.binding(incident);
    let counting = one.approvals.iter().filter(|given| given.binding == binding).count();
    let _ = write!(text, "  approvals    {counting} of {}", one.approval.people());
    match one.approvals.len() - counting {
        0 => text.push('\n'),
        // Given before, for what was shown then.
        old => {
            let _ = writeln!(
                text,
                "; {old} earlier ones do not count, because the recommendation has changed since"
            );
        }
    }
    let _ = writeln!(
        text,
        "  offer        {}",
        if ready { "exactly as recommended" } else { "no longer as recommended" }
    );
    let _ = writeln!(text, "  binding      {binding}");
    let _ = writeln!(
        text,
        "  bound to     this, severity {}, version {:.12} of the commands, {}",
        incident.severity,
        one.catalogue,
        holding(incident)
    );
    let _ = writeln!(text, "\nNothing was executed. To decide, open {page}");
    // What is stored was checked when it came in; a terminal is no place to rely on that.
    for line in text.lines() {
        let _ = writeln!(out, "{}", redact::clean(line));
    }
    match plan {
        Plan::Ready { .. } => Outcome::Fine,
        Plan::Refused { why } => {
            let _ = writeln!(
                err,
                "error: recommendation {id} would not be executed. {}",
                redact::clean(&why)
            );
            Outcome::Wrong
        }
    }
}

enum Standing {
    Waits,
    UnderWay,
    Over,
}

fn standing(one: &Recommendation, now: Timestamp) -> Standing {
    match &one.stage {
        Stage::Offered if now < one.expires_at => Standing::Waits,
        Stage::Approved { at } if now.since(*at) < STALE => Standing::UnderWay,
        Stage::Running { .. } => Standing::UnderWay,
        Stage::Offered
        | Stage::Approved { .. }
        | Stage::Declined { .. }
        | Stage::Withdrawn { .. }
        | Stage::Ended(_) => Standing::Over,
    }
}

fn stands(one: &Recommendation, now: Timestamp) -> String {
    match &one.stage {
        Stage::Offered if now >= one.expires_at => {
            format!("expired at {}; it can no longer be approved", one.expires_at)
        }
        Stage::Offered => format!("waiting for a decision until {}", one.expires_at),
        Stage::Declined { at, reason, .. } => {
            format!("declined at {at}: {}", redact::clean(reason))
        }
        Stage::Withdrawn { at, why } => {
            let why = match why {
                Withdrawn::Expired => "it expired without a decision",
                Withdrawn::NotNeeded => "it is no longer needed",
                Withdrawn::Changed => "the command or its target has changed",
                Withdrawn::RuledOut => "the cause is a different one now, and it would not help",
                Withdrawn::TooLate => "it was approved but could not be started in time",
            };
            format!("withdrawn at {at}: {why}")
        }
        Stage::Approved { at } if now.since(*at) >= STALE => {
            format!("approved at {at}, which is too long ago to be started now")
        }
        Stage::Approved { at } => format!("approved at {at}, about to run"),
        Stage::Running { started_at, cancelled: None } => format!("running since {started_at}"),
        Stage::Running { started_at, cancelled: Some((_, at)) } => {
            format!("running since {started_at}, being stopped since {at}")
        }
        Stage::Ended(ended) => ran(ended),
    }
}

fn ran(ended: &Ended) -> String {
    let Ended { started_at, at, outcome, .. } = ended;
    let how = match outcome {
        RunOutcome::Exited { code } => format!("it exited with code {code}"),
        RunOutcome::Signalled { signal } => format!("it was killed by signal {signal}"),
        RunOutcome::TimedOut => "it reached its time limit and was stopped".to_owned(),
        RunOutcome::Cancelled => "it was stopped".to_owned(),
        RunOutcome::NotStarted { why } => {
            return format!("was not started, at {at}: {}", redact::clean(why));
        }
        RunOutcome::Unknown => {
            return format!("started at {started_at}, outcome unknown: check manually");
        }
    };
    let worked = match ended.worked {
        Some(true) if ended.began_before => "the problem is over",
        Some(true) => "confirmed: it worked",
        Some(false) => "it did not help",
        None => "still checking whether it helped",
    };
    format!("ran from {started_at} to {at}: {how}; {worked}")
}

fn holding(incident: &Incident) -> String {
    let holding = incident.breaches.iter().filter(|known| known.cleared_at.is_none());
    let mut keys: Vec<String> = holding
        .map(|known| format!("{} of {}", known.breach.key.signal, known.breach.key.subject))
        .collect();
    keys.sort();
    if keys.is_empty() {
        "no current problem".to_owned()
    } else {
        format!("and these problems: {}", keys.join(", "))
    }
}

/// `calm-ops init --sudoers [USER]`: the lines for exactly what the catalogue can make of this
/// machine.
pub(super) fn sudoers(
    config: &Config,
    user: Option<&str>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    const NEXT: &str = "Give the user that Calm Ops runs as: calm-ops init --sudoers USER";
    let user = match user.map_or_else(User::ours, User::named) {
        Ok(known) if known.uid == 0 => {
            let _ = match user {
                Some(_) => writeln!(err, "error: root needs no sudo lines."),
                // Most often it is not whom Calm Ops runs as.
                None => writeln!(err, "error: you are root, which needs no sudo lines. {NEXT}"),
            };
            return Outcome::Usage;
        }
        Ok(known) => known,
        Err(refusal) => {
            let _ = writeln!(err, "error: {refusal}. {NEXT}");
            return Outcome::Usage;
        }
    };
    let name = match user.name.parse::<UserName>() {
        Ok(name) => name,
        Err(refused) => {
            let _ = writeln!(err, "error: {refused}. {NEXT}");
            return Outcome::Usage;
        }
    };
    let catalogue = match approved_commands(config, err) {
        Ok(catalogue) => catalogue,
        Err(outcome) => return outcome,
    };
    let here = Place::here(config);
    // Whoever asks may be root: then it is not root's PM2 that counts.
    let ours = rustix::process::geteuid().as_raw() == user.uid;
    let home = if ours {
        here.pm2_home.clone()
    } else {
        config
            .collectors
            .pm2
            .home
            .clone()
            .or_else(|| Pm2Collector::home(None, Some(user.home.into())))
    };
    let place = Place { pm2_home: home.filter(|_| config.collectors.pm2.enabled), ..here };
    let Some(facts) = database::run(host_inventory::once(&place, None), err) else {
        return Outcome::Failed;
    };
    let _ = write!(out, "{}", catalogue::sudoers(&catalogue, &facts, &name));
    if !Path::new(SUDO).exists() {
        let _ = writeln!(
            err,
            "note: there is no {SUDO} on this machine; without it nothing runs as another user (Debian: apt-get install sudo)."
        );
    }
    Outcome::Fine
}

/// The approved commands, as a server that runs reads them this moment.
fn approved_commands(config: &Config, err: &mut dyn Write) -> Result<Arc<Catalogue>, Outcome> {
    documents::catalogue(config.ops_dir.as_deref(), &config.scripts).map(Arc::new).map_err(|error| {
        let _ = writeln!(
            err,
            "{error}\n\nNo recovery command runs until {} is fixed. Check it with 'calm-ops check'.",
            documents::COMMANDS
        );
        Outcome::Wrong
    })
}
