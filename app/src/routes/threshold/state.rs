//! State of the page: the rows, what the address asks for, and what came of a form.

use std::collections::BTreeMap;

use commands::threshold::{EditableRow, ThresholdPage, ThresholdTrial};
use domain::{hash::Hash, signal::Signal, subject::Subject, threshold::ThresholdCells};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    address::percent_encode,
    problem::{Problem, SIGN_IN},
};

/// The route of the page, which also takes its forms.
#[cfg(feature = "ssr")]
pub(crate) const PATH: &str = "/ops/signals/{signal}/threshold";

/// The address of the page of a signal's threshold.
pub(crate) fn address(subject: &Subject, signal: &Signal) -> String {
    format!("/ops/signals/{signal}/threshold?subject={}", percent_encode(subject.as_str()))
}

/// A form that was sent, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SentThreshold {
    /// The word of the form: `try`, `change` or `decline`.
    pub what: String,
    /// The fields, by their names.
    pub fields: BTreeMap<String, String>,
    /// The trial, or why the form was refused.
    pub outcome: Result<Box<ThresholdTrial>, Problem>,
}

impl SentThreshold {
    /// A field as it was sent.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn cells(&self) -> ThresholdCells {
        let text = |name| self.field(name).to_owned();
        ThresholdCells {
            warning: text("warning"),
            critical: text("critical"),
            held: text("for"),
            recovers_at: text("recovers_at"),
        }
    }

    fn is_about_a_row(&self) -> bool {
        self.what == "try" || self.what == "change"
    }
}

/// The requests of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The line of a row.
    pub line: Option<u32>,
    /// The number of a proposal.
    pub proposal: Option<u64>,
    /// The word that a form led back with.
    pub done: String,
}

/// The page, what its address asks for, and what came of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdAnswer {
    /// The page, or why there is none.
    pub page: Result<Box<ThresholdPage>, Problem>,
    /// The requests of the address.
    pub asked: Asked,
    /// The form.
    pub sent: Option<SentThreshold>,
}

/// Reads the page of an address.
#[cfg(feature = "ssr")]
pub(super) async fn read(signal: &str, query: &str) -> Result<ThresholdAnswer, Problem> {
    use commands::reading::GetThreshold;
    use domain::error::{Error, ErrorKind, FieldReason};

    use crate::{
        backend::{check, execute, refuse},
        urlencoded::Form,
    };
    check::<GetThreshold>()?;
    let named = || {
        let form = Form::read(query.trim_start_matches('?').as_bytes())?;
        let malformed = |field, bad| Error::invalid(field, FieldReason::Malformed(bad));
        let signal = signal.parse().map_err(|bad| malformed("signal", bad))?;
        let subject = form.get("subject").parse().map_err(|bad| malformed("subject", bad))?;
        let asked = Asked {
            line: form.get("line").parse().ok(),
            proposal: form.get("proposal").parse().ok(),
            done: form.get("done").to_owned(),
        };
        Ok::<_, Error>((GetThreshold { subject, signal }, asked))
    };
    let sent = use_context::<SentThreshold>();
    match named() {
        Err(error) => {
            let page = Err(refuse(Problem::from(error)));
            Ok(ThresholdAnswer { page, asked: Asked::default(), sent })
        }
        Ok((reading, asked)) => match execute(reading).await {
            Err(problem) if !matches!(problem.kind, ErrorKind::Invalid | ErrorKind::NotFound) => {
                Err(problem)
            }
            page => Ok(ThresholdAnswer { page: page.map(Box::new), asked, sent }),
        },
    }
}

/// State of the page. What was typed is no part of it.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub page: RwSignal<ThresholdPage>,
    asked: StoredValue<Asked>,
    pub sent: StoredValue<Option<SentThreshold>>,
}

impl State {
    pub fn new(page: ThresholdPage, asked: Asked, sent: Option<SentThreshold>) -> Self {
        Self {
            page: RwSignal::new(page),
            asked: StoredValue::new(asked),
            sent: StoredValue::new(sent),
        }
    }

    /// Takes a page that was loaded again. An answer may be older than the last one, or of another
    /// signal.
    pub fn take(self, page: &ThresholdPage) {
        let is_newer = |known: &ThresholdPage| {
            known.subject == page.subject
                && known.signal == page.signal
                && known.cursor.number <= page.cursor.number
        };
        if self.page.with_untracked(is_newer) {
            self.page.set(page.clone());
        }
    }

    /// Asks again when a document came into force, or somebody decided about a threshold.
    #[cfg(feature = "hydrate")]
    pub fn listen(self) {
        use domain::journal::EventGroup;

        let live = crate::live::live();
        live.on_entry(move |entry| {
            let group = entry.event.as_ref().map(|event| event.group());
            if let Some(EventGroup::Document(_) | EventGroup::Threshold(_)) = group {
                live.refresh_soon();
            }
        });
    }

    /// The proposal that fills the form.
    pub fn proposal(self) -> Option<u64> {
        let sent = self.sent.with_value(|sent| {
            sent.as_ref()
                .filter(|sent| sent.is_about_a_row())
                .map(|sent| sent.field("proposal").parse().ok())
        });
        sent.unwrap_or_else(|| self.asked.with_value(|asked| asked.proposal))
    }

    /// The row that the form is about.
    pub fn chosen(self, page: &ThresholdPage) -> Option<EditableRow> {
        let of_proposal = || {
            let number = self.proposal()?;
            let one = page.proposals.iter().find(|one| one.number == number)?;
            page.rows.iter().find(|row| row.row.is_same(&one.row))
        };
        let sent = self.sent.with_value(|sent| sent.as_ref()?.field("line").parse::<u32>().ok());
        let line = sent.or_else(|| self.asked.with_value(|asked| asked.line));
        let named = page.rows.iter().find(|row| Some(row.row.line) == line);
        named.or_else(of_proposal).or_else(|| page.rows.first()).cloned()
    }

    /// The texts of the form: what was sent, a proposal's, or the row's.
    pub fn cells(self, page: &ThresholdPage, row: &EditableRow) -> ThresholdCells {
        let sent = self.sent.with_value(|sent| {
            sent.as_ref().filter(|sent| sent.is_about_a_row()).map(SentThreshold::cells)
        });
        let of_proposal = || {
            let number = self.proposal()?;
            let one = page.proposals.iter().find(|one| one.number == number)?;
            one.row.is_same(&row.row).then(|| one.after.clone())
        };
        sent.or_else(of_proposal).unwrap_or_else(|| row.cells.clone())
    }

    /// The days that were chosen.
    pub fn days(self) -> Option<u32> {
        self.sent.with_value(|sent| sent.as_ref()?.field("days").parse().ok())
    }
}

/// The outcome of a form, unless it is a trial.
pub(super) fn said(state: State, here: &str) -> Option<AnyView> {
    if let Some(sent) = state.sent.get_value() {
        let problem = sent.outcome.err()?;
        let link = sign_in(&problem, here);
        return Some(
            view! { <p class="said refused" role="status">{problem.sentence} {link}</p> }
                .into_any(),
        );
    }
    let sentence = match state.asked.with_value(|asked| asked.done.clone()).as_str() {
        "changed" => "The document is written. It takes effect within seconds.",
        "declined" => "Declined. It is not proposed again unless there is new evidence.",
        _ => return None,
    };
    Some(view! { <p class="said done" role="status">{sentence}</p> }.into_any())
}

/// The fields that bind a form to a row of the document as it was shown.
pub(super) fn hidden(
    page: &ThresholdPage,
    line: u32,
    document: Hash,
    proposal: Option<u64>,
) -> AnyView {
    let proposal = proposal.map(|number| {
        view! { <input type="hidden" name="proposal" value=number.to_string()/> }
    });
    view! {
        <input type="hidden" name="subject" value=page.subject.as_str().to_owned()/>
        <input type="hidden" name="signal" value=page.signal.as_str().to_owned()/>
        <input type="hidden" name="document" value=document.to_string()/>
        <input type="hidden" name="line" value=line/>
        {proposal}
    }
    .into_any()
}

/// The fields of a row: name of the field, label, text.
pub(super) fn fields(cells: &ThresholdCells) -> [(&'static str, &'static str, String); 4] {
    [
        ("warning", "Warning", cells.warning.clone()),
        ("critical", "Critical", cells.critical.clone()),
        ("for", "For", cells.held.clone()),
        ("recovers_at", "Recovers at", cells.recovers_at.clone()),
    ]
}

/// A link by which a person signs in, where that solves a problem.
fn sign_in(problem: &Problem, here: &str) -> Option<AnyView> {
    problem.asks_for_sign_in().then(|| {
        let href = format!("{SIGN_IN}{}", percent_encode(here));
        view! { " " <a href=href rel="external">"Sign in"</a> }.into_any()
    })
}
