//! The page of a threshold, without a server.

use std::collections::BTreeMap;

use commands::threshold::{EditableRow, ThresholdPage as View, WriteObstacle};
use domain::{
    backtest::Benefit,
    error::ErrorKind,
    hash::Hash,
    id::IncidentNumber,
    journal::Cursor,
    threshold::{
        ProposalEvidence, ProposalState, ThresholdCells, ThresholdProposal, ThresholdRow,
        ThresholdWay,
    },
    time::Span,
};
use leptos::prelude::*;

use super::{
    form, others,
    state::{Asked, SentThreshold, State, address, said},
    trial::outcome,
};
use crate::{problem::Problem, sample};

fn cells(warning: &str) -> ThresholdCells {
    let text = |text: &str| text.to_owned();
    ThresholdCells {
        warning: text(warning),
        critical: text("-"),
        held: text("5 min"),
        recovers_at: text("-"),
    }
}

fn row(way: ThresholdWay, line: u32) -> ThresholdRow {
    let signal = sample::reading().signal;
    ThresholdRow { signal, subjects: "service:*".to_owned(), way, line }
}

fn page() -> View {
    let reading = sample::reading();
    let (level, rise) = (row(ThresholdWay::Level, 9), row(ThresholdWay::Rise, 12));
    View {
        cursor: Cursor { epoch: 1, number: 9 },
        subject: reading.subject,
        signal: reading.signal,
        document: "alerts/thresholds.md".to_owned(),
        hash: Hash::GENESIS,
        rows: vec![
            EditableRow { row: level, cells: cells("above 1000 jobs") },
            EditableRow { row: rise.clone(), cells: cells("rises 5 jobs in 5 min") },
        ],
        mistake: None,
        obstacle: None,
        proposals: vec![ThresholdProposal {
            number: 7,
            at: sample::at(0),
            row: rise,
            before: cells("rises 5 jobs in 5 min"),
            after: cells("rises 4 jobs in 5 min"),
            evidence: ProposalEvidence {
                from: sample::at(0),
                until: sample::at(90 * 86_400),
                benefit: Benefit::Earlier { incident: IncidentNumber(3), by: Span::from_mins(9) },
                interruptions_today: 2,
                interruptions_proposed: 2,
                missed: Vec::new(),
            },
            state: ProposalState::Open,
        }],
        may_try: true,
        may_change: true,
    }
}

fn sent(what: &str, warning: &str, kind: ErrorKind) -> SentThreshold {
    let fields = [("line", "9"), ("warning", warning), ("for", "2 min"), ("reason", "Too late.")];
    let fields = fields.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let problem = Problem { kind, sentence: "Not so.".to_owned() };
    SentThreshold { what: what.to_owned(), fields: BTreeMap::from(fields), outcome: Err(problem) }
}

fn shown<T>(asked: Asked, sent: Option<SentThreshold>, show: impl FnOnce(State, &View) -> T) -> T {
    let page = page();
    Owner::new().with(|| show(State::new(page.clone(), asked, sent), &page))
}

fn html(view: impl IntoView) -> String {
    view.into_view().to_html().replace("<!>", "")
}

#[test]
fn the_form_holds_the_row_a_proposal_or_what_was_typed() {
    let warning = |asked: Asked, sent: Option<SentThreshold>| {
        shown(asked, sent, |state, page| {
            let row = state.chosen(page).unwrap();
            (row.row.line, state.cells(page, &row).warning)
        })
    };
    assert_eq!(warning(Asked::default(), None), (9, "above 1000 jobs".to_owned()));
    let line = Asked { line: Some(12), ..Asked::default() };
    assert_eq!(warning(line, None), (12, "rises 5 jobs in 5 min".to_owned()));
    let proposal = Asked { proposal: Some(7), ..Asked::default() };
    assert_eq!(warning(proposal.clone(), None), (12, "rises 4 jobs in 5 min".to_owned()));
    let typed = sent("try", "above \"5", ErrorKind::Invalid);
    assert_eq!(warning(proposal, Some(typed)), (9, "above \"5".to_owned()));
}

#[test]
fn what_was_typed_is_no_markup_and_is_bound_to_what_was_shown() {
    let typed = sent("try", "above <b>", ErrorKind::Invalid);
    let (text, told) = shown(Asked::default(), Some(typed), |state, page| {
        let row = state.chosen(page).unwrap();
        let here = address(&page.subject, &page.signal);
        (html(form(state, page, &row, &here)), html(said(state, &here)))
    });
    assert!(!text.contains("<b>") && text.contains("above &lt;b"), "{text}");
    assert!(text.contains("now above 1000 jobs"), "{text}");
    assert!(text.contains(&format!("value=\"{}\"", Hash::GENESIS)), "{text}");
    assert!(told.contains("Not so.") && !told.contains("Sign in"), "{told}");
    let links = shown(Asked::default(), None, |state, page| {
        html(others(page, state.chosen(page).as_ref(), "/x?subject=y"))
    });
    assert!(links.contains("line=12") && !links.contains("line=9"), "{links}");
}

#[test]
fn an_acceptance_for_which_the_sign_in_was_too_old_can_be_pressed_again() {
    let accept = |kind, change: fn(&mut View)| {
        let typed = sent("change", "above 5", kind);
        shown(Asked::default(), Some(typed), |state, page| {
            let mut page = page.clone();
            change(&mut page);
            html(outcome(state, &page, "/x"))
        })
    };
    let text = accept(ErrorKind::SignInAgain, |_| {});
    assert!(text.contains("value=\"above 5\"") && text.contains("value=\"Too late.\""), "{text}");
    let text = accept(ErrorKind::Conflict, |_| {});
    assert!(!text.contains("above 5"), "the row is looked at again first: {text}");
    let text = accept(ErrorKind::SignInAgain, |page| {
        page.obstacle = Some(WriteObstacle::ReadOnly);
    });
    assert!(!text.contains("above 5"), "{text}");
}
