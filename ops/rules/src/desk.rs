//! What can be asked of the desk, the one door: every change is a [`Command`], every reading a
//! [`Query`]. [`decide`] says what a person's command does to an incident, or why not; it is pure,
//! so that page and server agree.

mod approve;

use serde::{Deserialize, Serialize};

pub use approve::in_the_way;
use approve::{approve, busy};

use crate::{
    call::{Call, Contacts, WantedContact},
    incident::{Incident, IncidentNumber},
    journal::{Cursor, Event, Hash},
    lifecycle::{State, Step},
    people::{ContactId, ShareId, roster::Change},
    recommendation::{Recommendation, RecommendationId, RunOutcome, Stage},
    share::Wanted,
    time::{Span, Timestamp},
    trail::TrailFilter,
    view,
    words::{AccountId, Actor, Severity, Signal, Subject, is_hidden},
};

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Take note of an incident.
    Acknowledge {
        /// Which.
        incident: IncidentNumber,
    },
    /// Write something on an incident's timeline.
    Comment {
        /// Which.
        incident: IncidentNumber,
        /// What.
        text: String,
    },
    /// End an incident.
    Resolve {
        /// Which.
        incident: IncidentNumber,
        /// Why it is over; kept for learning.
        note: String,
    },
    /// Open a resolved incident again.
    Reopen {
        /// Which.
        incident: IncidentNumber,
        /// Why.
        note: String,
    },
    /// Stop expecting a subject to report.
    RetireSubject {
        /// Which.
        subject: Subject,
    },
    /// Say yes to a recommendation, exactly as it was shown.
    Approve {
        /// Which.
        recommendation: RecommendationId,
        /// The hash of what was shown; see [`Recommendation::binding`].
        binding: Hash,
    },
    /// Say no to a recommendation; the next best one comes up.
    Decline {
        /// Which.
        recommendation: RecommendationId,
        /// Why; kept for learning.
        reason: String,
    },
    /// End a run early.
    CancelRun {
        /// Of which recommendation.
        recommendation: RecommendationId,
    },
    /// A change about people.
    People(Change),
    /// An approved command is about to be started. Only for Calm Ops itself.
    StartRun {
        /// Of which recommendation.
        recommendation: RecommendationId,
    },
    /// A run is over. Only for Calm Ops itself.
    EndRun {
        /// Of which recommendation.
        recommendation: RecommendationId,
        /// How.
        outcome: RunOutcome,
        /// How long it ran.
        duration: Span,
        /// What it printed, without secrets, bounded.
        output: String,
    },
    /// Remove the content of an entry: a pasted secret, the words of someone who is to be
    /// forgotten.
    Redact {
        /// Which entry.
        entry: u64,
        /// Why; it stays.
        reason: String,
    },
    /// Make a link that shows an incident without an account.
    CreateShare {
        /// Which incident.
        incident: IncidentNumber,
        /// What it is to show, for how long.
        wanted: Wanted,
        /// SHA-256 of its token; the token itself is shown once and kept nowhere.
        token_hash: Hash,
    },
    /// End a link at once.
    RevokeShare {
        /// Which.
        share: ShareId,
    },
    /// Set a way by which oneself is called, or change one.
    SetContact {
        /// Which; a new one without.
        contact: Option<ContactId>,
        /// How it is to be.
        wanted: WantedContact,
    },
    /// Remove a way by which oneself is called; what waits for it is dropped.
    RemoveContact {
        /// Which.
        contact: ContactId,
    },
    /// Send a test by a way by which oneself is called.
    TestContact {
        /// Which.
        contact: ContactId,
    },
    /// A call was sent, or given up. Only for Calm Ops itself.
    EndCall {
        /// Which.
        call: Call,
        /// Whom.
        account: AccountId,
        /// By which of their ways.
        contact: ContactId,
        /// Why it was given up; `None` if it was sent.
        failed: Option<String>,
    },
    /// What the rules decided in one tick, all of it or nothing. Only for the agent and for Calm
    /// Ops itself.
    Record {
        /// The decisions, in order.
        events: Vec<Event>,
        /// The rules' state that belongs to them, so that how long a breach has held survives a
        /// restart.
        monitor: Option<Vec<u8>>,
    },
}

/// What a change came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Done {
    /// The journal's head after it.
    pub cursor: Cursor,
}

/// A reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "query", rename_all = "snake_case")]
pub enum Query {
    /// What is watched, as it is now.
    Health,
    /// Active incidents, and the last resolved ones.
    Incidents,
    /// One incident with its timeline.
    Incident {
        /// Which.
        incident: IncidentNumber,
    },
    /// Which incident has this UUID.
    IncidentById {
        /// The id.
        id: uuid::Uuid,
    },
    /// Incidents of all times.
    History {
        /// Which of them.
        filter: HistoryFilter,
    },
    /// The course of one signal.
    Course {
        /// About whom.
        subject: Subject,
        /// Which signal.
        signal: Signal,
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// A document for people, such as `runbooks/when-things-break.md`.
    Document {
        /// Its path inside the documents' directory.
        name: String,
    },
    /// Journal entries after a position.
    Journal {
        /// After which number.
        after: u64,
        /// At most how many.
        limit: u32,
    },
    /// One recommendation, with all that a person needs to decide.
    Recommendation {
        /// Which.
        recommendation: RecommendationId,
    },
    /// What the rules saw and decided around an incident, as a file.
    Bundle {
        /// Which.
        incident: IncidentNumber,
    },
    /// Oneself and, for an owner, everyone who is here.
    Settings,
    /// The journal as people look through it, newest first.
    Trail {
        /// Which entries.
        filter: TrailFilter,
    },
    /// Prove the chain of the journal now.
    Verify,
    /// The links that share an incident.
    Shares {
        /// Which incident.
        incident: IncidentNumber,
    },
    /// What a share link shows.
    Shared {
        /// Of which incident.
        incident: IncidentNumber,
    },
    /// The ways by which oneself is called.
    Contacts,
}

/// Which incidents of the past are wanted. Every field narrows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryFilter {
    /// Words that the headline, a subject, a comment or a note must contain.
    pub text: Option<String>,
    /// This severity.
    pub severity: Option<Severity>,
    /// A subject, or the beginning of one.
    pub subject: Option<String>,
    /// Opened at or after.
    pub from: Option<Timestamp>,
    /// Opened before.
    pub to: Option<Timestamp>,
    /// Incidents with a smaller number than this: the next page.
    pub before: Option<IncidentNumber>,
}

/// The answer to a [`Query`], one kind for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Query::Health`].
    Health(Box<view::Health>),
    /// To [`Query::Incidents`].
    Incidents(Box<view::Incidents>),
    /// To [`Query::Incident`].
    Incident(Box<view::IncidentPage>),
    /// To [`Query::IncidentById`].
    Number(view::Number),
    /// To [`Query::History`].
    History(Box<view::History>),
    /// To [`Query::Course`].
    Course(Box<view::CoursePage>),
    /// To [`Query::Document`].
    Document(Box<view::Document>),
    /// To [`Query::Journal`].
    Journal(Box<view::JournalPage>),
    /// To [`Query::Recommendation`].
    Recommendation(Box<view::RecommendationPage>),
    /// To [`Query::Bundle`].
    Bundle(Vec<u8>),
    /// To [`Query::Settings`].
    Settings(Box<view::Settings>),
    /// To [`Query::Trail`].
    Trail(Box<view::TrailPage>),
    /// To [`Query::Verify`].
    Verified(Box<view::Verified>),
    /// To [`Query::Shares`].
    Shares(Box<view::Shares>),
    /// To [`Query::Shared`].
    Shared(Box<view::SharedPage>),
    /// To [`Query::Contacts`].
    Contacts(Box<Contacts>),
}

/// Why the desk does not do it. Each says what to do next; none carries what only the log may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// Nobody is signed in.
    #[error("Sign in first.")]
    SignIn,
    /// The sign-in is too old for this.
    #[error("Sign in again: your last sign-in is too long ago for this decision.")]
    SignInAgain,
    /// The caller may not.
    #[error("This needs {needs}.")]
    Forbidden {
        /// Who could, such as `an approver`.
        needs: String,
    },
    /// Too many tries.
    #[error("Too many tries. Wait {seconds} s, then try again.")]
    Throttled {
        /// How long to wait.
        seconds: u32,
    },
    /// There is no such thing.
    #[error("There is no {what}.")]
    NotFound {
        /// What was looked for, such as `incident 42`.
        what: String,
    },
    /// A field is wrong.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: String,
        /// What was wrong, and what was expected.
        problem: String,
    },
    /// It does not fit how things stand now.
    #[error("{problem}")]
    Conflict {
        /// How things stand.
        problem: String,
    },
    /// The database can't be reached.
    #[error("{advice}")]
    Unavailable {
        /// What is wrong, whether something was changed as far as known, and what to do.
        advice: String,
    },
}

/// The longest comment or note, in characters.
pub const LONGEST_TEXT: usize = 4_000;

/// A text as it is kept: lines end as they do here, whatever the browser sends, so that what a form
/// lets through fits.
pub fn checked(field: &str, text: &str, required: bool) -> Result<Option<String>, Refusal> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    let length = text.chars().count();
    let problem = if length > LONGEST_TEXT {
        format!("at most {LONGEST_TEXT} characters, this has {length}")
    } else if let Some(hidden) = text.chars().find(|c| is_hidden(*c)) {
        let code = u32::from(hidden);
        format!(
            "holds the character U+{code:04X}, which is not seen and can change how the text around it reads; take it out"
        )
    } else if let Some(control) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'))
    {
        format!("holds the control character U+{:04X}; write plain text", u32::from(control))
    } else if text.is_empty() && required {
        "is empty; write at least a word".to_owned()
    } else {
        return Ok((!text.is_empty()).then(|| text.to_owned()));
    };
    Err(Refusal::Invalid { field: field.to_owned(), problem })
}

/// What else a decision depends on, read in the same transaction.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Who decides.
    pub actor: Actor,
    /// When.
    pub now: Timestamp,
    /// The incidents with a command that runs or may still run.
    pub others: &'a [Incident],
    /// The version of the catalogue in force; `None` while it is invalid, and nothing may run.
    pub catalogue: Option<&'a str>,
    /// Since when whoever decides has their role, if it is a person.
    pub role_since: Option<Timestamp>,
}

/// What a command does to an incident.
pub fn decide(
    incident: &Incident,
    command: &Command,
    situation: Situation<'_>,
) -> Result<Vec<Event>, Refusal> {
    let number = incident.number;
    match command {
        Command::Acknowledge { .. } => {
            if !incident.is_active() {
                return Err(conflict(format!(
                    "Incident {number} is resolved. Reopen it if it is not over."
                )));
            }
            if incident.acknowledged.is_some() {
                return Err(conflict(format!("Incident {number} is acknowledged already.")));
            }
            Ok(vec![Event::Acknowledged { incident: number }])
        }
        Command::Comment { text, .. } => {
            let text = checked("text", text, true)?.unwrap_or_default();
            Ok(vec![Event::Commented { incident: number, text }])
        }
        Command::Resolve { note, .. } => {
            let note = checked("note", note, false)?;
            if !incident.is_active() {
                return Err(conflict(format!("Incident {number} is resolved already.")));
            }
            // What runs is seen to its end first, so that nothing goes on behind the back of those
            // who think that it is over.
            if let Some(one) = incident.recommendations.iter().find(|one| one.is_under_way()) {
                return Err(conflict(format!(
                    "\"{}\" runs for incident {number}. Wait for its end, or cancel it.",
                    one.title
                )));
            }
            Ok(vec![Event::Resolved { incident: number, step: Step::PersonResolved, note }])
        }
        Command::Reopen { note, .. } => {
            let note = checked("note", note, false)?;
            if incident.state != State::Resolved {
                return Err(conflict(format!(
                    "Incident {number} is open already: it is {}.",
                    incident.state
                )));
            }
            Ok(vec![Event::Reopened { incident: number, note }])
        }
        Command::Approve { recommendation, binding } => {
            approve(incident, *recommendation, *binding, situation)
        }
        Command::Decline { recommendation, reason } => {
            let place = recommendation.place;
            let reason = checked("reason", reason, true)?.unwrap_or_default();
            offered(incident, *recommendation, situation.now)?;
            Ok(vec![Event::RecommendationDeclined { incident: number, place, reason }])
        }
        Command::CancelRun { recommendation } => {
            let place = recommendation.place;
            match &known(incident, *recommendation)?.stage {
                Stage::Running { cancelled: None, .. } => {
                    Ok(vec![Event::RunCancelled { incident: number, place }])
                }
                Stage::Running { cancelled: Some(_), .. } => {
                    Err(conflict("It is being ended already.".to_owned()))
                }
                Stage::Approved { .. } => {
                    Err(conflict("It starts this moment. Try again in a second.".to_owned()))
                }
                Stage::Offered
                | Stage::Declined { .. }
                | Stage::Withdrawn { .. }
                | Stage::Ended(_) => {
                    Err(conflict("It does not run, so there is nothing to end.".to_owned()))
                }
            }
        }
        Command::StartRun { recommendation } => {
            let place = recommendation.place;
            let one = known(incident, *recommendation)?;
            match &one.stage {
                Stage::Approved { .. } if incident.is_active() => {
                    busy(one, situation.others, incident, situation.now)?;
                    Ok(vec![Event::RunStarted { incident: number, place }])
                }
                _ => Err(conflict(format!("Recommendation {recommendation} is not about to run."))),
            }
        }
        Command::EndRun { recommendation, outcome, duration, output } => {
            let place = recommendation.place;
            let Stage::Running { .. } = known(incident, *recommendation)?.stage else {
                return Err(conflict(format!("Recommendation {recommendation} does not run.")));
            };
            let (outcome, duration, output) = (outcome.clone(), *duration, output.clone());
            let worked = outcome.is_success();
            let mut events =
                vec![Event::RunEnded { incident: number, place, outcome, duration, output }];
            if worked && let Some(to) = incident.state.after(Step::CommandRan) {
                events.push(Event::Moved {
                    incident: number,
                    from: incident.state,
                    step: Step::CommandRan,
                    to,
                });
            }
            Ok(events)
        }
        // What these do is not done to an incident: the desk and the store see to it.
        Command::RetireSubject { .. }
        | Command::Record { .. }
        | Command::People(_)
        | Command::Redact { .. }
        | Command::CreateShare { .. }
        | Command::RevokeShare { .. }
        | Command::SetContact { .. }
        | Command::RemoveContact { .. }
        | Command::TestContact { .. }
        | Command::EndCall { .. } => Ok(Vec::new()),
    }
}

const fn conflict(problem: String) -> Refusal {
    Refusal::Conflict { problem }
}

fn known(incident: &Incident, id: RecommendationId) -> Result<&Recommendation, Refusal> {
    incident
        .recommendation(id.place)
        .ok_or_else(|| Refusal::NotFound { what: format!("recommendation {id}") })
}

/// The recommendation, if it still waits for a decision; else what became of it.
fn offered(
    incident: &Incident,
    id: RecommendationId,
    now: Timestamp,
) -> Result<&Recommendation, Refusal> {
    let one = known(incident, id)?;
    let problem = match &one.stage {
        Stage::Offered if !incident.is_active() => format!("Incident {} is resolved, so nothing is to be run.", incident.number),
        Stage::Offered if now >= one.expires_at => {
            "This offer has ended. Look at the incident: it says what is recommended now.".to_owned()
        }
        Stage::Offered => return Ok(one),
        Stage::Declined { .. } => "It was declined. The incident shows what is recommended now.".to_owned(),
        Stage::Withdrawn { .. } => {
            "It is no longer offered, because things have changed. The incident shows what is recommended now.".to_owned()
        }
        Stage::Approved { .. } | Stage::Running { .. } => "It is approved already and runs. It runs once; look at its output.".to_owned(),
        Stage::Ended(_) => "It was approved and has run already. It ran once; look at its output.".to_owned(),
    };
    Err(conflict(problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_in_a_text_is_refused_by_its_name() {
        for hidden in [
            '\u{202e}', '\u{202a}', '\u{2066}', '\u{2069}', '\u{200b}', '\u{200f}', '\u{2060}',
            '\u{feff}', '\u{2028}',
        ] {
            let refusal = checked("text", &format!("a {hidden} b"), true).unwrap_err().to_string();
            assert!(
                refusal
                    .starts_with(&format!("text: holds the character U+{:04X}", u32::from(hidden))),
                "{refusal}"
            );
        }
        let refusal = checked("note", "a\u{7}b", false).unwrap_err().to_string();
        assert_eq!(refusal, "note: holds the control character U+0007; write plain text");
        let fine = "Zürich, 東京, مرحبا\n\tand 🙂";
        assert_eq!(checked("text", fine, true).unwrap().as_deref(), Some(fine));
    }

    #[test]
    fn lines_end_alike_and_what_a_form_lets_through_fits() {
        assert_eq!(
            checked("text", "one\r\ntwo\rthree\n", true).unwrap().as_deref(),
            Some("one\ntwo\nthree")
        );
        // A browser counts each end of a line once, and sends it as two characters.
        let longest = format!("{}x", "x\r\n".repeat(LONGEST_TEXT / 2 - 1)) + "y";
        assert_eq!(checked("text", &longest, true).unwrap().unwrap().chars().count(), LONGEST_TEXT);
        let refusal = checked("text", &format!("{longest}z"), true).unwrap_err().to_string();
        assert_eq!(refusal, "text: at most 4000 characters, this has 4001");
        assert!(checked("text", " \r\n ", true).is_err());
    }
}
