//! What can be asked of the desk, the one door: every change is a [`Command`], every reading a [`Query`].
//! [`decide`] says what a person's command does to an incident, or why not; it is pure, so that page and server agree.

use serde::{Deserialize, Serialize};

use crate::{
    incident::{Incident, IncidentNumber},
    journal::{Cursor, Event},
    lifecycle::{State, Step},
    time::Timestamp,
    view,
    words::{Actor, Severity, Signal, Subject, is_hidden},
};

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
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
    /// What the rules decided in one tick, all of it or nothing. Only for the agent and for Calm Ops itself.
    Record {
        /// The decisions, in order.
        events: Vec<Event>,
        /// The rules' state that belongs to them, so that how long a breach has held survives a restart.
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
}

/// Why the desk does not do it. Each says what to do next; none carries what only the log may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The actor may not.
    #[error("{actor} may not do this.")]
    Forbidden {
        /// Who asked.
        actor: Actor,
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

/// A text as it is kept: lines end as they do here, whatever the browser sends, so that what a form lets through fits.
fn checked(field: &str, text: &str, required: bool) -> Result<Option<String>, Refusal> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    let length = text.chars().count();
    let problem = if length > LONGEST_TEXT {
        format!("at most {LONGEST_TEXT} characters, this has {length}")
    } else if let Some(hidden) = text.chars().find(|c| is_hidden(*c)) {
        let code = u32::from(hidden);
        format!("holds the character U+{code:04X}, which is not seen and can change how the text around it reads; take it out")
    } else if let Some(control) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        format!("holds the control character U+{:04X}; write plain text", u32::from(control))
    } else if text.is_empty() && required {
        "is empty; write at least a word".to_owned()
    } else {
        return Ok((!text.is_empty()).then(|| text.to_owned()));
    };
    Err(Refusal::Invalid { field: field.to_owned(), problem })
}

/// What a person's command does to an incident.
pub fn decide(incident: &Incident, command: &Command) -> Result<Vec<Event>, Refusal> {
    let number = incident.number;
    match command {
        Command::Acknowledge { .. } => {
            if !incident.is_active() {
                return Err(Refusal::Conflict { problem: format!("Incident {number} is resolved. Reopen it if it is not over.") });
            }
            if incident.acknowledged.is_some() {
                return Err(Refusal::Conflict { problem: format!("Incident {number} is acknowledged already.") });
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
                return Err(Refusal::Conflict { problem: format!("Incident {number} is resolved already.") });
            }
            Ok(vec![Event::Resolved { incident: number, step: Step::PersonResolved, note }])
        }
        Command::Reopen { note, .. } => {
            let note = checked("note", note, false)?;
            if incident.state != State::Resolved {
                return Err(Refusal::Conflict { problem: format!("Incident {number} is open already: it is {}.", incident.state) });
            }
            Ok(vec![Event::Reopened { incident: number, note }])
        }
        Command::RetireSubject { .. } | Command::Record { .. } => Ok(Vec::new()),
    }
}

/// Whether an actor may do this at all.
pub fn may_act(actor: Actor, command: &Command) -> bool {
    match (actor, command) {
        (Actor::Agent | Actor::System, Command::Record { .. }) => true,
        (Actor::Agent | Actor::System, _) | (Actor::Local, Command::Record { .. }) => false,
        (
            Actor::Local,
            Command::Acknowledge { .. }
            | Command::Comment { .. }
            | Command::Resolve { .. }
            | Command::Reopen { .. }
            | Command::RetireSubject { .. },
        ) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_in_a_text_is_refused_by_its_name() {
        for hidden in ['\u{202e}', '\u{202a}', '\u{2066}', '\u{2069}', '\u{200b}', '\u{200f}', '\u{2060}', '\u{feff}', '\u{2028}'] {
            let refusal = checked("text", &format!("a {hidden} b"), true).unwrap_err().to_string();
            assert!(refusal.starts_with(&format!("text: holds the character U+{:04X}", u32::from(hidden))), "{refusal}");
        }
        let refusal = checked("note", "a\u{7}b", false).unwrap_err().to_string();
        assert_eq!(refusal, "note: holds the control character U+0007; write plain text");
        let fine = "Zürich, 東京, مرحبا\n\tand 🙂";
        assert_eq!(checked("text", fine, true).unwrap().as_deref(), Some(fine));
    }

    #[test]
    fn lines_end_alike_and_what_a_form_lets_through_fits() {
        assert_eq!(checked("text", "one\r\ntwo\rthree\n", true).unwrap().as_deref(), Some("one\ntwo\nthree"));
        // A browser counts each end of a line once, and sends it as two characters.
        let longest = format!("{}x", "x\r\n".repeat(LONGEST_TEXT / 2 - 1)) + "y";
        assert_eq!(checked("text", &longest, true).unwrap().unwrap().chars().count(), LONGEST_TEXT);
        let refusal = checked("text", &format!("{longest}z"), true).unwrap_err().to_string();
        assert_eq!(refusal, "text: at most 4000 characters, this has 4001");
        assert!(checked("text", " \r\n ", true).is_err());
    }
}
