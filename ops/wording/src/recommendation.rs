//! The sentences about a recommendation: its facts as sentences, the same on every page.

use commands::view::Viewer;
use domain::{
    access::Role,
    actor::{Actor, Names},
    breach::BreachKey,
    id::RecommendationId,
    incident::Incident,
    long_query::LongQuery,
    recommendation::{
        Approval, Awaited, Ended, Reason, Recommendation, RunOutcome, Stage, Undo, Withdrawn,
    },
    severity::Severity,
    signal::Signal,
    subject::Subject,
    text,
    time::{Span, Timestamp},
};
use policy::catalogue::quoted;

use crate::{
    humanize,
    summary::{self, Reader as Audience},
};

/// One recommendation of an incident, with how those who decided are called.
#[derive(Clone, Copy)]
pub struct Advice<'a> {
    /// The incident that it is for.
    pub incident: &'a Incident,
    /// The recommendation.
    pub one: &'a Recommendation,
    /// The names of actors.
    pub names: &'a Names,
}

/// The choices of a person about a recommendation that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Decide.
    Decide,
    /// Decide, after signing in again.
    SignInAgain,
    /// Decline; they have approved it already.
    Decline,
    /// Look at it.
    Look,
}

impl<'a> Advice<'a> {
    /// Its name: `42-1`.
    pub const fn id(&self) -> RecommendationId {
        RecommendationId { incident: self.incident.number, place: self.one.place }
    }

    /// The address of the decision.
    pub fn address(&self) -> String {
        format!("/ops/approve/{}", self.id())
    }

    /// Its effect and subject: `Reload one app (api on web-1)`.
    pub fn what(&self) -> String {
        let Recommendation { title, subject, host, .. } = self.one;
        let name = text::isolated(&text::clip(subject.name(), 60));
        if title.to_lowercase().contains(&name.to_lowercase()) || name == *host {
            format!("{title} on {host}")
        } else {
            format!("{title} ({name} on {host})")
        }
    }

    /// The same inside a sentence: `reload one app (api on web-1)`.
    pub fn lower_what(&self) -> String {
        lower(&self.what())
    }

    /// The host and the user: `on web-1 as the user root`.
    pub fn place(&self) -> String {
        match self.one.user.as_str() {
            "Calm Ops" => format!("on {} as the user that Calm Ops runs as", self.one.host),
            user => format!("on {} as the user {user}", self.one.host),
        }
    }

    /// The check that has to succeed first.
    pub fn check(&self) -> Option<String> {
        self.one.check.as_deref().map(quoted)
    }

    /// The risk: `low risk`.
    pub const fn risk(&self) -> &'static str {
        match self.one.risk {
            domain::recommendation::Risk::Low => "low risk",
            domain::recommendation::Risk::Medium => "medium risk",
            domain::recommendation::Risk::High => "high risk",
        }
    }

    /// The proof that it worked.
    pub fn proof(&self) -> String {
        format!("Confirmed if {} within {}.", recovers(&self.one.proof), self.one.proof.within)
    }

    /// The way to undo it.
    pub fn undo(&self) -> String {
        match &self.one.undo {
            Undo::By(command) => format!(
                "With the approved command {command}, which is offered here if this does not help."
            ),
            Undo::Never(why) => {
                let why = lower(why.trim_end_matches('.'));
                format!("It can't be undone: {}.", why.strip_prefix("because ").unwrap_or(&why))
            }
        }
    }

    /// The reasons for it, the most telling first.
    pub fn reasons(&self) -> Vec<String> {
        self.one.reasons.iter().map(|reason| self.reason(reason)).collect()
    }

    fn reason(&self, reason: &Reason) -> String {
        match reason {
            Reason::Helps { breach } => {
                let signal = humanize::lower_label(&breach.signal);
                let on = if breach.subject.kind() == "host" { "on" } else { "of" };
                format!(
                    "It is meant for problems with the {signal} {on} {}.",
                    humanize::subject(&breach.subject)
                )
            }
            Reason::Named { breach } => format!(
                "Your thresholds file suggests this command {}.",
                occasion(&breach.signal, &breach.subject)
            ),
            Reason::Worked { of: 0, days, .. } => format!(
                "It has not been used in the last {days} days, so there is no track record."
            ),
            Reason::Worked { times: 1, of: 1, days } => {
                format!("It was used once in the last {days} days, and it worked.")
            }
            Reason::Worked { times: 0, of: 1, days } => {
                format!("It was used once in the last {days} days and did not help.")
            }
            Reason::Worked { times: 0, of, days } => {
                format!("It was used {of} times in the last {days} days and never helped.")
            }
            Reason::Worked { times, of, days } => {
                format!("It worked {times} of {of} times in the last {days} days.")
            }
            Reason::Rated { signal, fixed, of } => {
                let times = if *of == 1 { "time" } else { "times" };
                let about = humanize::lower_label(signal);
                format!(
                    "People rated it \u{201c}fixed it\u{201d} {fixed} of {of} {times} for {about}."
                )
            }
            Reason::HelpedBefore { incident } => {
                format!("It helped in incident {incident}, which was similar.")
            }
            Reason::Largest { signal, bytes } => {
                let most = humanize::value(*bytes as f64, &domain::unit::Unit::Bytes);
                let of = match signal.as_str() {
                    "app.memory" | "host.memory.used" => "memory".to_owned(),
                    _ => humanize::lower_label(signal),
                };
                format!("This is the largest candidate: {most} of {of}.")
            }
            Reason::LongQuery { query: LongQuery { running_for, user, application, text } } => {
                let by = if application.is_empty() {
                    user.clone()
                } else {
                    format!("{user} ({application})")
                };
                let what = if text.is_empty() {
                    "the database does not show it to Calm Ops".to_owned()
                } else {
                    text::clip(text, 300)
                };
                let time = humanize::seconds(running_for.as_secs_f64());
                format!(
                    "When this was recommended, the query had been running for {time}, started by {by}: {what}"
                )
            }
            Reason::AllProcesses { count } => {
                format!(
                    "All {count} processes of this app are restarted, not only the one with the problem."
                )
            }
            Reason::Undoes { recommendation } => {
                match self.incident.recommendation(recommendation.place) {
                    Some(before) if recommendation.incident == self.incident.number => {
                        format!("It undoes \"{}\" ({recommendation}).", before.title)
                    }
                    Some(_) | None => format!("It undoes an earlier command ({recommendation})."),
                }
            }
        }
    }

    /// The number of approvals it needs.
    pub fn approval(&self) -> String {
        match self.one.approval {
            Approval::One => "Needs one approval.".to_owned(),
            Approval::Two => "Needs two approvals, because the risk is high.".to_owned(),
        }
    }

    /// The person who approved it as it is now while one more approval is needed; `None` while
    /// nobody did.
    pub fn first_yes(&self) -> Option<(Actor, Timestamp)> {
        let binding = self.one.binding(self.incident);
        let given = self.one.approvals.iter().rfind(|given| given.binding == binding)?;
        (self.one.is_offered() && self.one.approvals_missing() > 0).then_some((given.by, given.at))
    }

    /// The consequences if nobody acts: what the summary says of it.
    pub fn if_nobody_acts(&self) -> String {
        let sections = summary::render(&self.incident.summary, Audience::Team);
        let told = sections
            .into_iter()
            .find(|section| section.heading.to_lowercase().contains("nobody acts"));
        told.map(|section| section.sentences.join(" ")).filter(|text| !text.is_empty()).unwrap_or_else(|| {
            match self.incident.severity {
                Severity::Critical => "It stays critical. Calm Ops keeps watching and runs nothing without approval.",
                Severity::Warning => "It stays a warning. Calm Ops keeps watching and runs nothing without approval.",
            }
            .to_owned()
        })
    }

    /// The reason that it is not offered any more; `None` where it waits, runs or ran.
    pub fn gone(&self) -> Option<String> {
        Some(match &self.one.stage {
            Stage::Declined { by, .. } => format!("{} declined it.", self.names.of(*by)),
            Stage::Withdrawn { why: Withdrawn::Expired, .. } => {
                "It expired without a decision.".to_owned()
            }
            Stage::Withdrawn { why: Withdrawn::NotNeeded, .. } => {
                "It is no longer needed.".to_owned()
            }
            Stage::Withdrawn { why: Withdrawn::Changed, .. } => {
                "The situation has changed, so it was withdrawn.".to_owned()
            }
            Stage::Withdrawn { why: Withdrawn::RuledOut, .. } => {
                "The cause is a different one now, so it was withdrawn: it would not help."
                    .to_owned()
            }
            Stage::Withdrawn { why: Withdrawn::TooLate, .. } => {
                "It was approved but could not be started in time, so it was not run.".to_owned()
            }
            Stage::Offered | Stage::Approved { .. } | Stage::Running { .. } | Stage::Ended(_) => {
                return None;
            }
        })
    }

    /// The choices of a reader.
    pub fn may(&self, reader: Option<&Viewer>) -> May {
        let Some(reader) = reader.filter(|reader| reader.role >= Role::Approver) else {
            return May::Look;
        };
        let is_mine = |by: Actor| by == Actor::Account(reader.account);
        let binding = self.one.binding(self.incident);
        if self.one.approvals.iter().any(|given| is_mine(given.by) && given.binding == binding) {
            May::Decline
        } else if reader.recently_authenticated {
            May::Decide
        } else {
            May::SignInAgain
        }
    }

    /// The parts of the decision, as label and value, one for each part of what an approval binds:
    /// so that it can be told what has changed.
    pub fn decided_upon(&self) -> Vec<(&'static str, String)> {
        let Recommendation { shown, host, user, risk, blast_radius, catalogue, .. } = self.one;
        let mut beyond: Vec<String> = self
            .incident
            .holding()
            .map(|breach| humanize::signal_of(&breach.key.signal, &breach.key.subject))
            .collect();
        beyond.sort();
        vec![
            ("Command", shown.clone()),
            ("Check before it runs", self.check().unwrap_or_else(|| "no check".to_owned())),
            ("Host", host.clone()),
            ("User", user.clone()),
            ("Risk", risk.as_str().to_owned()),
            ("Who notices", blast_radius.clone()),
            ("Severity", self.incident.severity.as_str().to_owned()),
            ("Past their thresholds", beyond.join(", ")),
            ("Approved commands", catalogue.chars().take(12).collect()),
        ]
    }

    /// Until when it is watched whether it worked, and by what; `None` where that is known, or
    /// nothing is to be proven.
    pub fn watched_until(&self) -> Option<(String, Timestamp)> {
        let Stage::Ended(ended) = &self.one.stage else { return None };
        let Awaited { breach, within } = &self.one.proof;
        let what = match breach.signal.as_str() {
            "app.restarts" => format!("restarts of {}", humanize::name(&breach.subject)),
            "app.up" | "endpoint.up" => humanize::subject(&breach.subject),
            _ => humanize::lower_signal_of(&breach.signal, &breach.subject),
        };
        // Who resolved it did not wait for the proof.
        (self.one.awaits_proof() && self.incident.is_active())
            .then(|| (what, ended.at.plus(*within)))
    }

    /// The end of a run, as a sentence.
    pub fn ended(&self, ended: &Ended) -> String {
        let after = humanize::seconds(ended.duration.as_secs_f64());
        match &ended.outcome {
            RunOutcome::Exited { code: 0 } => format!("It finished successfully in {after}."),
            RunOutcome::Exited { code } => format!("It failed after {after} (exit code {code})."),
            RunOutcome::Signalled { signal } => format!(
                "It was killed after {after} by signal {signal}, not by Calm Ops."
            ),
            RunOutcome::TimedOut => {
                format!("It was stopped after the {} limit.", self.one.time_limit)
            }
            RunOutcome::Cancelled => match ended.cancelled {
                Some((by, _)) => format!("{} stopped it early, after {after}.", self.names.of(by)),
                None => format!("It was stopped early, after {after}."),
            },
            RunOutcome::NotStarted { why } => format!(
                "It was not started: {}. Nothing was changed.",
                lower(why.trim_end_matches('.'))
            ),
            RunOutcome::Unknown => {
                "The outcome is unknown, because Calm Ops did not see it finish. It will not be run again."
                    .to_owned()
            }
        }
    }

    /// Tells whether it helped, once that is known.
    pub fn worked(&self, ended: &Ended, worked: bool) -> String {
        let Awaited { breach: _, within } = &self.one.proof;
        let has = recovered(&self.one.proof);
        let has_not = not_recovered(&self.one.proof);
        match (&ended.outcome, worked) {
            (RunOutcome::Unknown | RunOutcome::Cancelled, true) => {
                format!("The problem is over: {has}.")
            }
            (_, true) if ended.began_before => {
                "The problem is over, but it had begun to recover before this ran, so it is unclear whether the command helped.".to_owned()
            }
            (_, true) => format!("It worked: {has}."),
            (RunOutcome::Exited { code: 0 }, false) => {
                format!("It did not help: {has_not} within {within}.")
            }
            (RunOutcome::Unknown, false) => {
                format!("The problem continues: {has_not} within {within}.")
            }
            (
                RunOutcome::Exited { .. }
                | RunOutcome::Signalled { .. }
                | RunOutcome::TimedOut
                | RunOutcome::Cancelled
                | RunOutcome::NotStarted { .. },
                false,
            ) => self.ended(ended),
        }
    }

    /// A command that only looks, to see by hand what became of it.
    pub fn look(&self) -> String {
        let argv = &self.one.argv;
        let program = argv.first().map_or("", |path| path.rsplit('/').next().unwrap_or(path));
        let last =
            || argv.last().map(|last| quoted(std::slice::from_ref(last))).unwrap_or_default();
        match program {
            "pm2" => format!("pm2 describe {}", last()),
            "systemctl" => format!("systemctl status {}", last()),
            "nginx" => "nginx -t".to_owned(),
            "journalctl" => "journalctl --disk-usage".to_owned(),
            "certbot" => "certbot certificates".to_owned(),
            "" => "select pid, state, query_start, query from pg_stat_activity".to_owned(),
            other => format!("pgrep -a -f {}", quoted(&[other.to_owned()])),
        }
    }

    /// True if the offer still stands at this time.
    pub fn stands_at(&self, now: Timestamp) -> bool {
        self.one.is_offered() && self.incident.is_active() && now < self.one.expires_at
    }

    /// The time limit of a run.
    pub fn limit(&self) -> Span {
        self.one.time_limit
    }
}

/// On which occasion the thresholds name a command: `when memory of leaky is high`.
fn occasion(signal: &Signal, subject: &Subject) -> String {
    let name = humanize::name(subject);
    match signal.as_str() {
        "app.restarts" => "when an app keeps restarting".to_owned(),
        "app.up" => "when an app is down".to_owned(),
        "app.memory" => format!("when memory of {name} is high"),
        "host.memory.used" => format!("when memory on {name} is high"),
        "endpoint.up" => "when an endpoint does not answer".to_owned(),
        "disk.used" => "when a disk fills up".to_owned(),
        _ => format!("for {}", humanize::lower_signal_of(signal, subject)),
    }
}

/// The event that confirms a run, as a clause.
fn recovers(proof: &Awaited) -> String {
    let BreachKey { subject, signal } = &proof.breach;
    match signal.as_str() {
        "app.restarts" => format!("{} stops restarting", humanize::name(subject)),
        "app.up" => format!("{} is running again", humanize::name(subject)),
        "endpoint.up" => format!("{} answers again", humanize::name(subject)),
        _ => format!("{} recovers", humanize::lower_signal_of(signal, subject)),
    }
}

/// The same as something that has happened.
fn recovered(proof: &Awaited) -> String {
    let BreachKey { subject, signal } = &proof.breach;
    match signal.as_str() {
        "app.restarts" => format!("{} has stopped restarting", humanize::name(subject)),
        "app.up" => format!("{} is running again", humanize::name(subject)),
        "endpoint.up" => format!("{} answers again", humanize::name(subject)),
        _ => format!("{} has recovered", humanize::lower_signal_of(signal, subject)),
    }
}

/// The same as something that has not happened.
fn not_recovered(proof: &Awaited) -> String {
    let BreachKey { subject, signal } = &proof.breach;
    match signal.as_str() {
        "app.restarts" => format!("{} did not stop restarting", humanize::name(subject)),
        "app.up" => format!("{} was not running again", humanize::name(subject)),
        "endpoint.up" => format!("{} did not answer again", humanize::name(subject)),
        _ => format!("{} did not recover", humanize::lower_signal_of(signal, subject)),
    }
}

/// A text with its first letter small, unless it begins with an abbreviation.
pub fn lower(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}
