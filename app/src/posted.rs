//! The forms of the pages as a browser without Wasm sends them: to the address of the page itself.
//! What was done leads back to the page, with a known word for what happened; what is refused is
//! answered with the page as it is now, and what was typed still stands in it.

mod health;
mod trail;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use commands::{
    command::{Approve, CancelRun, Command, Decline},
    reading::GetRecommendation,
    service::Operations,
};
use domain::{
    access::Principal,
    error::ErrorKind,
    id::{IncidentNumber, RecommendationId},
    recommendation::Stage,
};
use http::{HeaderValue, Request, StatusCode, header};
use leptos::prelude::*;

use crate::{
    deed::{Asked, Deed},
    door::{self, Known},
    facts::Refused,
    problem::{Problem, status},
};

pub use trail::{NewToken, PublicUrl, WallClock};

/// A page that has forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    /// Of an incident.
    Incident,
    /// Of one recommendation.
    Approve,
}

impl Page {
    const fn path(self) -> &'static str {
        match self {
            Self::Incident => "/ops/incidents/",
            Self::Approve => "/ops/approve/",
        }
    }

    /// The incident that the address names, with the place of the recommendation if it names one.
    fn read(self, id: &str) -> Option<(IncidentNumber, Option<u32>)> {
        match self {
            Self::Incident => id.parse().ok().map(|number| (IncidentNumber(number), None)),
            Self::Approve => {
                id.parse().ok().map(|id: RecommendationId| (id.incident, Some(id.place)))
            }
        }
    }

    /// What asks for this page.
    fn request(self, id: &str) -> Option<Request<Body>> {
        let id: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        Request::get(format!("{}{id}", self.path()))
            .header(header::ACCEPT, "text/html")
            .body(Body::empty())
            .ok()
    }
}

const INCIDENT: &str = "/ops/incidents/{id}";
const APPROVE: &str = "/ops/approve/{id}";

/// Every address that takes a form.
pub const FORMS: [&str; 5] = [INCIDENT, APPROVE, trail::SHARE, trail::REDACT, health::HEALTH];

/// The routes of the forms; `context` and `shell` as the pages have them.
pub fn forms<S, IV>(
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    let trail = trail::forms(context.clone(), shell.clone());
    let health = health::forms(context.clone(), shell.clone());
    let answer = move |page: Page| {
        let (context, shell) = (context.clone(), shell.clone());
        move |Path(id): Path<String>, body: Bytes| async move {
            posted(page, id, &body, context, shell).await
        }
    };
    Router::new()
        .route(INCIDENT, post(answer(Page::Incident)))
        .route(APPROVE, post(answer(Page::Approve)))
        .merge(trail)
        .merge(health)
}

async fn posted<IV: IntoView + 'static>(
    page: Page,
    id: String,
    body: &[u8],
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Response {
    let (mut asked, unread) =
        Asked::read(body).map_or_else(|problem| (Asked::default(), Some(problem)), |it| (it, None));
    let known = Owner::new().with(|| {
        context();
        door::known()
    });
    let done = match (page.read(&id), unread) {
        (Some(_), Some(problem)) => Err(problem),
        (Some((number, place)), None) => {
            // What the address names is what it is done to.
            asked.place = place.or(asked.place);
            act(known, number, &asked).await
        }
        (None, _) => Err(Problem {
            kind: ErrorKind::NotFound,
            sentence: "There is no such page. Nothing was changed.".to_owned(),
        }),
    };
    let problem = match done {
        Ok(deed) => return led_back(page, &id, deed),
        Err(problem) => problem,
    };
    let status = status(problem.kind);
    let refused = Refused { asked, problem };
    let context = move || {
        context();
        provide_context(refused.clone());
    };
    let Some(request) = page.request(&id) else { return status.into_response() };
    let mut answer = leptos_axum::render_app_async_with_context(context, shell)(request).await;
    if answer.status() == StatusCode::OK {
        *answer.status_mut() = status;
    }
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    answer
}

/// Does what is asked for. What the same person did a moment ago already is done: a second press,
/// or one that is sent again because the connection was lost, ends like the first.
pub(crate) async fn act(
    known: Known,
    number: IncidentNumber,
    asked: &Asked,
) -> Result<Deed, Problem> {
    let (operations, caller) = known.ok_or_else(door::lost)?;
    let command = asked.command(number)?;
    let deed = asked.deed.ok_or_else(door::lost)?;
    match operations.change(caller.clone(), command.clone()).await {
        Ok(_) => Ok(deed),
        Err(refusal) => {
            let problem = Problem::from(refusal);
            let done = problem.kind == ErrorKind::Conflict
                && is_done_already(&operations, caller, &command).await;
            if done { Ok(deed) } else { Err(problem) }
        }
    }
}

/// Whether this caller did exactly this before.
async fn is_done_already(operations: &Operations, caller: Principal, command: &Command) -> bool {
    let recommendation = match command {
        Command::Approve(Approve { recommendation, .. })
        | Command::Decline(Decline { recommendation, .. })
        | Command::CancelRun(CancelRun { recommendation }) => *recommendation,
        Command::Acknowledge(_)
        | Command::Comment(_)
        | Command::Resolve(_)
        | Command::Reopen(_)
        | Command::RetireSubject(_)
        | Command::RetireMissing(_)
        | Command::ReportChange(_)
        | Command::BeginMaintenance(_)
        | Command::EndMaintenance(_)
        | Command::Account(_)
        | Command::Redact(_)
        | Command::CreateShare(_)
        | Command::RevokeShare(_)
        | Command::SetContact(_)
        | Command::RemoveContact(_)
        | Command::TestContact(_)
        | Command::RecordDelivery(_)
        | Command::Escalate(_)
        | Command::StartRun(_)
        | Command::EndRun(_)
        | Command::Record(_) => return false,
    };
    let Some(actor) = caller.actor() else { return false };
    let Ok(page) = operations.execute(caller, GetRecommendation { recommendation }).await else {
        return false;
    };
    let one = page.recommendation;
    if let Command::Approve(Approve { binding, .. }) = command {
        return one.approvals.iter().any(|given| given.by == actor && given.binding == *binding);
    }
    match (command, &one.stage) {
        (Command::Decline(Decline { reason, .. }), Stage::Declined { by, reason: known, .. }) => {
            *by == actor && known == reason.trim()
        }
        (Command::CancelRun(_), Stage::Running { cancelled, .. }) => {
            cancelled.is_some_and(|(by, _)| by == actor)
        }
        (Command::CancelRun(_), Stage::Ended(ended)) => {
            ended.cancelled.is_some_and(|(by, _)| by == actor)
        }
        (
            _,
            Stage::Offered
            | Stage::Approved { .. }
            | Stage::Declined { .. }
            | Stage::Withdrawn { .. },
        )
        | (_, Stage::Running { .. } | Stage::Ended(_)) => false,
    }
}

/// The answer to what was done: the page is asked for with a new request, so that loading it again
/// does nothing twice.
fn led_back(page: Page, id: &str, deed: Deed) -> Response {
    let to = format!("{}{id}?done={}#{}", page.path(), deed.done(), deed.place());
    ([(header::CACHE_CONTROL, "private, no-store")], Redirect::to(&to)).into_response()
}
