//! The journal and share links.

use commands::{
    audit::{AuditPage, Verified},
    reading::{ListShares, SearchAudit, VerifyJournal},
    sharing::Shares,
    view::IncidentPage,
};
use domain::{error::ErrorKind, id::IncidentNumber};
use leptos::prelude::*;

use super::reply::sheet;
use crate::{
    door::{execute, refuse},
    drawn,
    page::Sheet,
    problem::Problem,
    seek::{Linked, NotRemoved, Seek},
};

pub(crate) async fn journal(query: &str) -> Result<Sheet, Problem> {
    let seek = Seek::read(query).map_err(refuse)?;
    let refused = use_context::<NotRemoved>();
    let answer = match seek.filter() {
        Ok(filter) => {
            let proof = if seek.verify { Some(verified().await) } else { None };
            let page = execute(SearchAudit { filter }).await;
            match proof {
                Some(Err(problem)) => Err(problem),
                Some(Ok(found)) => page.map(|page| AuditPage { verified: Some(found), ..page }),
                None => page,
            }
        }
        Err(problem) => Err(refuse(problem)),
    };
    // What was typed stays in the form.
    let cursor = answer.as_ref().ok().map(|page| page.cursor);
    Ok(sheet(cursor, "Journal", drawn::trail::page(&seek, answer.as_ref(), refused.as_ref())))
}

async fn verified() -> Result<Verified, Problem> {
    execute(VerifyJournal {}).await
}

async fn shares_of(incident: IncidentNumber) -> Result<Shares, Problem> {
    execute(ListShares { incident }).await
}

pub(crate) async fn shares(id: &str, done: &str) -> Result<Sheet, Problem> {
    let Ok(number) = id.parse::<u32>() else {
        return Err(refuse(Problem {
            kind: ErrorKind::NotFound,
            sentence: "There is no such incident. Its address ends in a number.".into(),
        }));
    };
    let came = use_context::<Linked>();
    let answer = shares_of(IncidentNumber(number)).await;
    // A link that was made is told whatever else can't be.
    if let (Err(problem), None) = (&answer, &came) {
        return Err(problem.clone());
    }
    let cursor = answer.as_ref().ok().map(|shares| shares.cursor);
    let html = drawn::share::page(number, answer.as_ref(), came.as_ref(), done == "ended");
    Ok(sheet(cursor, format!("Share incident {number}"), html))
}

/// The fold about sharing on an incident's page. That its links can't be read is no reason not to
/// show the incident.
pub(super) async fn sharing(page: &IncidentPage) -> String {
    let incident = page.incident.number;
    let query = ListShares { incident };
    let shares = crate::door::look(query).await;
    drawn::share::fold(incident.0, shares.as_ref(), page.reader.as_ref()).to_html()
}
