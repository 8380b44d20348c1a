//! The phone's page: one recommendation, to be decided upon.

use commands::{reading::GetRecommendation, view::RecommendationPage};
use domain::{actor::Actor, error::ErrorKind, id::RecommendationId, recommendation::Stage};
use leptos::prelude::use_context;

use super::reply::sheet;
use crate::{
    deed::Deed,
    door::{execute, refuse},
    drawn,
    facts::{Refused, Told},
    page::Sheet,
    problem::Problem,
};

pub(crate) async fn approve(id: &str, done: &str) -> Result<Sheet, Problem> {
    let refused = use_context::<Refused>();
    let place = format!("Approve {id}");
    match (recommendation(id).await, refused) {
        (Ok(page), refused) => {
            let told = match (refused, Deed::of_done(done)) {
                (Some(refused), _) => Told::Refused(refused),
                (None, Some(deed)) if is_so(&page, deed) => Told::Done(deed),
                (None, _) => Told::Nothing,
            };
            Ok(sheet(Some(page.cursor), place, drawn::approve::page(&page, &told)))
        }
        // What was typed is kept also where the page can't be shown.
        (Err(problem), Some(refused)) => {
            Ok(sheet(None, place, drawn::approve::lost(id, &problem, &refused)))
        }
        (Err(problem), None) => Err(problem),
    }
}

async fn recommendation(id: &str) -> Result<RecommendationPage, Problem> {
    let Ok(recommendation) = id.parse::<RecommendationId>() else {
        let sentence = "There is no such recommendation. Its address ends like 42-1.".to_owned();
        return Err(refuse(Problem { kind: ErrorKind::NotFound, sentence }));
    };
    execute(GetRecommendation { recommendation }).await
}

/// Whether the reader did what the address says was done: an address is only believed where the
/// journal agrees.
fn is_so(page: &RecommendationPage, deed: Deed) -> bool {
    let Some(reader) = &page.reader else { return false };
    let is_mine = |by: Actor| by == Actor::Account(reader.account);
    let one = &page.recommendation;
    match (deed, &one.stage) {
        (Deed::Approve, _) => one.approvals.iter().any(|given| is_mine(given.by)),
        (Deed::Decline, Stage::Declined { by, .. }) => is_mine(*by),
        (Deed::Cancel, Stage::Running { cancelled: Some((by, _)), .. }) => is_mine(*by),
        (Deed::Acknowledge | Deed::Comment | Deed::Resolve | Deed::Reopen, _)
        | (
            Deed::Decline | Deed::Cancel,
            Stage::Offered | Stage::Approved { .. } | Stage::Withdrawn { .. } | Stage::Ended(_),
        )
        | (Deed::Decline, Stage::Running { .. })
        | (Deed::Cancel, Stage::Declined { .. } | Stage::Running { cancelled: None, .. }) => false,
    }
}
