//! What is said of a recommendation: its facts as sentences, the same on every page.

use commands::view::Viewer;
use domain::{
    access::Role,
    actor::{Actor, Names},
    id::RecommendationId,
    incident::Incident,
    long_query::LongQuery,
    recommendation::{
        Approval, Awaited, Ended, Reason, Recommendation, RunOutcome, Stage, Undo, Withdrawn,
    },
    severity::Severity,
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
    /// How actors are called.
    pub names: &'a Names,
}

/// What a person may do about a recommendation that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Decide.
    Decide,
    /// Decide, after a sign-in that is not so long ago.
    SignInAgain,
    /// Say no; their yes is given already.
    Decline,
    /// Look at it.
    Look,
}

impl<'a> Advice<'a> {
    /// Its name: `42-1`.
    pub const fn id(&self) -> RecommendationId {
        RecommendationId { incident: self.incident.number, place: self.one.place }
    }

    /// Where it is decided.
    pub fn address(&self) -> String {
        format!("/ops/approve/{}", self.id())
    }

    /// What it does, to what: `Reload one app (api on web-1)`.
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

    /// Where and as whom: `on web-1, as root`.
    pub fn place(&self) -> String {
        format!("on {}, as {}", self.one.host, self.one.user)
    }

    /// What has to succeed first.
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

    /// What will prove that it worked.
    pub fn proof(&self) -> String {
        let Awaited { breach, within } = &self.one.proof;
        format!(
            "{} of {} recovers within {within} after it ran.",
            humanize::label(&breach.signal),
            humanize::subject(&breach.subject)
        )
    }

    /// How it is undone.
    pub fn undo(&self) -> String {
        match &self.one.undo {
            Undo::By(command) => format!(
                "By the approved command {command}. It is offered here if this does not help."
            ),
            Undo::Never(why) => {
                let why = why.trim_end_matches('.');
                let because = if why.starts_with("because") { "" } else { "because " };
                format!("It can't be undone, {because}{}.", lower(why))
            }
        }
    }

    /// Why it is recommended, the most telling first.
    pub fn reasons(&self) -> Vec<String> {
        self.one.reasons.iter().map(|reason| self.reason(reason)).collect()
    }

    fn reason(&self, reason: &Reason) -> String {
        match reason {
            Reason::Helps { breach } => {
                format!(
                    "It is made for trouble with {} of {}.",
                    humanize::lower_label(&breach.signal),
                    humanize::subject(&breach.subject)
                )
            }
            Reason::Named { breach } => {
                let (signal, subject) =
                    (humanize::lower_label(&breach.signal), humanize::subject(&breach.subject));
                format!("Your page of thresholds recommends it for {signal} of {subject}.")
            }
            Reason::Worked { of: 0, days, .. } => format!(
                "It has not run in the last {days} days, so nothing is known from experience."
            ),
            Reason::Worked { times: 1, of: 1, days } => {
                format!("It worked the one time that it ran in the last {days} days.")
            }
            Reason::Worked { times: 0, of: 1, days } => {
                format!("It did not help the one time that it ran in the last {days} days.")
            }
            Reason::Worked { times: 0, of, days } => {
                format!("It did not help in {of} runs in the last {days} days.")
            }
            Reason::Worked { times, of, days } => {
                format!("It worked {times} of {of} times in the last {days} days.")
            }
            Reason::Largest { signal, bytes } => {
                let most = humanize::value(*bytes as f64, &domain::unit::Unit::Bytes);
                format!(
                    "Of all that it could act upon, this uses the most: {most} ({}).",
                    humanize::lower_label(signal)
                )
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
                    "The query had been running for {time} when this was offered, asked for by {by}: {what}"
                )
            }
            Reason::AllProcesses { count } => {
                format!(
                    "All {count} processes of this app are restarted, not only the one in trouble."
                )
            }
            Reason::Undoes { recommendation } => {
                match self.incident.recommendation(recommendation.place) {
                    Some(before) if recommendation.incident == self.incident.number => {
                        format!(
                            "It takes back \"{}\", which ran before ({recommendation}).",
                            before.title
                        )
                    }
                    Some(_) | None => format!("It takes back what ran before ({recommendation})."),
                }
            }
        }
    }

    /// Who has to say yes.
    pub fn approval(&self) -> String {
        match self.one.approval {
            Approval::One => "One approver says yes.".to_owned(),
            Approval::Two => {
                "Two different approvers say yes, because the risk is high.".to_owned()
            }
        }
    }

    /// Who said yes to it as it is now while one more person is needed; `None` while nobody did.
    pub fn first_yes(&self) -> Option<(Actor, Timestamp)> {
        let binding = self.one.binding(self.incident);
        let given = self.one.approvals.iter().rfind(|given| given.binding == binding)?;
        (self.one.is_offered() && self.one.approvals_missing() > 0).then_some((given.by, given.at))
    }

    /// What happens if nobody acts: what the summary says of it.
    pub fn if_nobody_acts(&self) -> String {
        let sections = summary::render(&self.incident.summary, Audience::Team);
        let told = sections
            .into_iter()
            .find(|section| section.heading.to_lowercase().contains("nobody acts"));
        told.map(|section| section.sentences.join(" ")).filter(|text| !text.is_empty()).unwrap_or_else(|| {
            match self.incident.severity {
                Severity::Critical => "It stays critical, and Calm Ops goes on watching. Nothing is run by itself.",
                Severity::Warning => "It stays a warning, and Calm Ops goes on watching. Nothing is run by itself.",
            }
            .to_owned()
        })
    }

    /// Why it is not offered any more; `None` where it waits, runs or ran.
    pub fn gone(&self) -> Option<String> {
        Some(match &self.one.stage {
            Stage::Declined { by, .. } => format!("{} declined it.", self.names.of(*by)),
            Stage::Withdrawn { why: Withdrawn::Expired, .. } => {
                "Nobody decided in time, so the offer ended.".to_owned()
            }
            Stage::Withdrawn { why: Withdrawn::NotNeeded, .. } => {
                "It is not needed any more.".to_owned()
            }
            Stage::Withdrawn { why: Withdrawn::Changed, .. } => {
                "What it was about has changed, so it is no longer offered as it was.".to_owned()
            }
            Stage::Withdrawn { why: Withdrawn::RuledOut, .. } => {
                "It fails for another reason now, against which this does not help.".to_owned()
            }
            Stage::Withdrawn { why: Withdrawn::TooLate, .. } => {
                "It was approved, but could not be started in time, so it was not run.".to_owned()
            }
            Stage::Offered | Stage::Approved { .. } | Stage::Running { .. } | Stage::Ended(_) => {
                return None;
            }
        })
    }

    /// What someone who reads it may do.
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

    /// What is decided upon, as label and value, one for each part of what an approval binds: so
    /// that it can be told what has changed.
    pub fn decided_upon(&self) -> Vec<(&'static str, String)> {
        let Recommendation { shown, host, user, risk, blast_radius, catalogue, .. } = self.one;
        let mut beyond: Vec<String> = self
            .incident
            .holding()
            .map(|breach| {
                format!(
                    "{} of {}",
                    humanize::label(&breach.key.signal),
                    humanize::subject(&breach.key.subject)
                )
            })
            .collect();
        beyond.sort();
        vec![
            ("Command", shown.clone()),
            ("First", self.check().unwrap_or_else(|| "no check".to_owned())),
            ("Host", host.clone()),
            ("User", user.clone()),
            ("Risk", risk.as_str().to_owned()),
            ("Who notices", blast_radius.clone()),
            ("Severity", self.incident.severity.as_str().to_owned()),
            ("Beyond their levels", beyond.join(", ")),
            ("Page of approved commands", catalogue.chars().take(12).collect()),
        ]
    }

    /// Until when it is watched whether it worked, and by what; `None` where that is known, or
    /// nothing is to be proven.
    pub fn watched_until(&self) -> Option<(String, Timestamp)> {
        let Stage::Ended(ended) = &self.one.stage else { return None };
        let Awaited { breach, within } = &self.one.proof;
        let what = format!(
            "{} of {}",
            humanize::lower_label(&breach.signal),
            humanize::subject(&breach.subject)
        );
        // Who resolved it did not wait for the proof.
        (self.one.awaits_proof() && self.incident.is_active())
            .then(|| (what, ended.at.plus(*within)))
    }

    /// How a run ended, as a sentence.
    pub fn ended(&self, ended: &Ended) -> String {
        let after = humanize::seconds(ended.duration.as_secs_f64());
        match &ended.outcome {
            RunOutcome::Exited { code: 0 } => format!("It ended well after {after}."),
            RunOutcome::Exited { code } => format!(
                "It ended after {after} with the code {code}: it did not do what it should."
            ),
            RunOutcome::Signalled { signal } => format!(
                "It was ended after {after} by the signal {signal}, which is not from Calm Ops."
            ),
            RunOutcome::TimedOut => format!(
                "It took longer than the {} that it may take, and was ended.",
                self.one.time_limit
            ),
            RunOutcome::Cancelled => match ended.cancelled {
                Some((by, _)) => format!("{} ended it early, after {after}.", self.names.of(by)),
                None => format!("It was ended early, after {after}."),
            },
            RunOutcome::NotStarted { why } => format!(
                "It was not started: {}. Nothing was changed.",
                lower(why.trim_end_matches('.'))
            ),
            RunOutcome::Unknown => {
                "Its end was not seen, so its outcome is unknown. It is not run a second time."
                    .to_owned()
            }
        }
    }

    /// Whether it helped, once that is known.
    pub fn worked(&self, ended: &Ended, worked: bool) -> String {
        let Awaited { breach, within } = &self.one.proof;
        let what = format!(
            "{} of {}",
            humanize::lower_label(&breach.signal),
            humanize::subject(&breach.subject)
        );
        match (&ended.outcome, worked) {
            (RunOutcome::Unknown | RunOutcome::Cancelled, true) => {
                format!("{} has recovered.", humanize::capital(&what))
            }
            (_, true) if ended.began_before => {
                format!(
                    "{} has recovered, and had begun to before this ran: it says nothing about the command.",
                    humanize::capital(&what)
                )
            }
            (_, true) => format!("It worked: {what} has recovered."),
            (RunOutcome::Exited { code: 0 }, false) => {
                format!("It did not help: {what} has not recovered within {within}.")
            }
            (RunOutcome::Unknown, false) => {
                format!("{} has not recovered within {within}.", humanize::capital(&what))
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

    /// Whether the offer still stands at this time.
    pub fn stands_at(&self, now: Timestamp) -> bool {
        self.one.is_offered() && self.incident.is_active() && now < self.one.expires_at
    }

    /// How long a run may take.
    pub fn limit(&self) -> Span {
        self.one.time_limit
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
