//! Forms as a browser without Wasm sends them: what was carried out leads back to the page, with a
//! known word for what happened; what is refused is answered with the page as it is now, and what was
//! typed still stands in it.

mod audit;
mod health;
mod messages;
mod organization;
mod practice;
mod protection;
mod reply;
mod report;
mod review;
mod settings;
mod status_page;
mod threshold;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use leptos::prelude::*;

pub use reply::{NewToken, PublicUrl, WallClock, shown as page_at};

pub(crate) use reply::{NotRetired, RefusedWindow};
use reply::{led_to, shown};

use crate::{
    actions::{Act, ChangeSettings, Refused, Sent},
    backend, routes,
    urlencoded::Form,
};

/// Every address that takes a form of a page, besides the server functions.
pub const FORMS: [&str; 12] = [
    audit::SHARE,
    audit::REDACT,
    health::HEALTH,
    routes::organization::PATH,
    routes::protection::PATH,
    routes::status_page::PATH,
    routes::settings::readiness::PATH,
    routes::messages::PATH,
    routes::review::PATH,
    routes::prevention::PATH,
    routes::threshold::PATH,
    routes::reports::PATH,
];

/// The routes of the forms; `context` and `shell` as the pages have them.
pub fn forms<S, IV>(
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    // A page that takes its own forms: its address, what carries a form out, and what is shown then.
    macro_rules! taken_by {
        ($path:expr, $page:ident) => {
            reply::taken_by($path, context.clone(), shell.clone(), $page::act, $page::answer)
        };
    }
    audit::forms(context.clone(), shell.clone())
        .merge(messages::forms(context.clone(), shell.clone()))
        .merge(review::forms(context.clone(), shell.clone()))
        .merge(taken_by!(health::HEALTH, health))
        .merge(taken_by!(routes::organization::PATH, organization))
        .merge(taken_by!(routes::protection::PATH, protection))
        .merge(taken_by!(routes::settings::readiness::PATH, practice))
        .merge(taken_by!(routes::status_page::PATH, status_page))
        .merge(taken_by!(routes::reports::PATH, report))
        .merge(taken_by!(routes::threshold::PATH, threshold))
}

/// Answers a form that a browser without Wasm sent to a server function: with the page on which it
/// stands. Everything else goes on to `next`.
pub async fn without_wasm<IV: IntoView + 'static>(
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
    request: Request,
    next: Next,
) -> Response {
    let accepts_html = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let path = request.uri().path();
    let is_of_settings = path == ChangeSettings::PATH;
    if request.method() != Method::POST || !accepts_html || !is_of_settings && path != Act::PATH {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    // The whole body was read already, up to its limit.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let form = Form::read(&body);
    let page = form.as_ref().ok().and_then(|form| page_of(form.get("page")));
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    if is_of_settings {
        return match form {
            Ok(form) => settings::answer(&form, answer, context, shell).await,
            Err(_) => answer,
        };
    }
    let (Some(page), Ok(form)) = (page, form) else { return answer };
    let sent = Sent::read(&form);
    if answer.status() == StatusCode::OK {
        let Some(step) = sent.step else { return answer };
        return led_to(&format!("{page}?done={}#{}", step.done(), step.place().id()));
    }
    let code = answer.status();
    let problem = match to_bytes(answer.into_body(), 64 * 1024).await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|_| backend::lost()),
        Err(_) => backend::lost(),
    };
    let refused = Refused { sent, problem };
    shown(&page, code, context, move || provide_context(refused.clone()), shell).await
}

impl Act {
    /// Address of the server function.
    const PATH: &str = "/api/pages/act";
}

/// Address of a page with such forms, as a form names it; nothing else is led to.
fn page_of(text: &str) -> Option<String> {
    let id = ["/ops/incidents/", "/ops/approve/"].iter().find_map(|at| text.strip_prefix(at))?;
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!id.is_empty() && id.chars().all(is_id)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_its_own_page_and_to_no_other_site() {
        for good in ["/ops/incidents/7", "/ops/approve/42-1"] {
            assert_eq!(page_of(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "/",
            "/ops/incidents/",
            "/ops/settings",
            "//evil.example/ops/incidents/7",
            "https://evil.example/ops/incidents/7",
            "/ops/incidents/7/../../x",
            "/ops/incidents/7?done=resolved",
            "/ops/incidents/7\r\nset-cookie: a=b",
        ] {
            assert_eq!(page_of(bad), None, "{bad}");
        }
    }
}
