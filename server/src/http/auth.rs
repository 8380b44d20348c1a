//! Finds out who a request comes from, before anything else looks at it. What they may do is
//! decided by the service.

use std::{sync::Arc, time::Duration};

use app::is_page;
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    access::{Permission, Principal},
    authorization::authorize,
    error::Error,
};
use http::{Method, Uri, request::Parts};
use tokio::sync::watch;

use crate::{
    http::{
        client_info::ClientInfo,
        error::{Kind, Problem},
        places::{Connection, Holder},
        state::Site,
    },
    people::{Device, People, Shown},
};

/// The interval of looks whether what a reader of the stream showed has ended by its time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

tokio::task_local! {
    /// The caller of the request that is answered right now, and the way it came: for the pages,
    /// which are drawn where the request is out of sight.
    static CALLER: (Principal, ClientInfo);
}

/// The caller of the request that is answered right now.
pub fn current() -> Principal {
    CALLER.try_with(|(caller, _)| caller.clone()).unwrap_or(Principal::Nobody)
}

/// The way in which the request came that is answered right now.
pub fn client() -> Option<ClientInfo> {
    CALLER.try_with(|(_, client)| client.clone()).ok()
}

/// The principal that a request comes from.
#[derive(Clone, Debug)]
pub struct RequestPrincipal(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for RequestPrincipal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Without the layer nobody is known, and nobody may do nearly nothing.
        Ok(Self(parts.extensions.get::<Principal>().cloned().unwrap_or(Principal::Nobody)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientInfo {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::SignIn.into())
    }
}

impl FromRequestParts<Site> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let client = ClientInfo::from_request_parts(parts, site).await?;
        Ok(Self::of(&parts.headers, &client, &site.people.cookie))
    }
}

impl FromRequestParts<Site> for Shown {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let client = ClientInfo::from_request_parts(parts, site).await?;
        Ok(Self::by(&parts.headers, &client, &site.people.cookie))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Holder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| Error::SignIn.into())
    }
}

/// Puts the caller into the request, and counts it for them until it is answered. Whoever is not
/// signed in and opens a page is led to the sign-in, and from there back.
pub async fn resolve(
    State(site): State<Site>,
    shown: Shown,
    client: ClientInfo,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match site.people.caller(shown).await {
        Ok(caller) => caller,
        Err(refusal) => return Problem::from(refusal).into_response(),
    };
    if caller == Principal::Nobody
        && request.method() == Method::GET
        && is_page(request.uri().path())
    {
        return Redirect::to(&sign_in_for(request.uri())).into_response();
    }
    let browser = if caller == Principal::Nobody {
        let device = Device::of(request.headers(), &client, &site.people.cookie);
        site.people.browser(&device).await
    } else {
        None
    };
    let holder = Holder::of(&caller, browser, client.from);
    if let Some(connection) = request.extensions().get::<Connection>() {
        connection.belongs_to(holder);
    }
    let Some(_in_flight) = site.requests.begin(holder) else {
        let detail = "Too many requests at a time from this account, token or address. Try again in a moment.";
        return Problem::new(Kind::TooManyRequests, detail.to_owned()).into_response();
    };
    request.extensions_mut().insert(holder);
    request.extensions_mut().insert(caller.clone());
    let mut response = CALLER.scope((caller, client), next.run(request)).await;
    // What one person may see is not for a cache that others share.
    response
        .headers_mut()
        .entry(http::header::VARY)
        .or_insert(http::HeaderValue::from_static("cookie, authorization"));
    response
}

/// The sign-in that leads back to an address.
fn sign_in_for(uri: &Uri) -> String {
    let to = uri.path_and_query().map_or("/", |to| to.as_str());
    if to == "/" {
        return "/sign-in".to_owned();
    }
    let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
    format!("/sign-in?to={to}")
}

/// Waits until whoever shows this may no longer do something: their sign-in or token has ended.
/// There is one of these for each reader of the stream, so it keeps little.
pub async fn until_refused(
    people: Arc<People>,
    mut changed: watch::Receiver<u64>,
    shown: Shown,
    need: Permission,
) {
    loop {
        // What ends by its time is noticed as well.
        let _ = tokio::time::timeout(LOOK_AGAIN, changed.changed()).await;
        match Box::pin(people.caller(shown)).await {
            Ok(caller) if authorize(&caller, need).is_ok() => {}
            // Without the database it goes on: nothing can have been revoked in it.
            Err(Error::Unavailable(_)) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_back_to_the_page_that_was_asked_for() {
        assert_eq!(
            sign_in_for(&"/ops/approve/42-1?a=b&c".parse().unwrap()),
            "/sign-in?to=%2Fops%2Fapprove%2F42-1%3Fa%3Db%26c"
        );
        assert_eq!(sign_in_for(&"/".parse().unwrap()), "/sign-in");
    }
}
