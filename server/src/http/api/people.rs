//! People over REST: coming in, and who else is here.

use axum::{
    Json,
    extract::{Extension, Path, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use commands::{
    account_change::{
        AddPasskey, EndSession, RemovePasskey, RevokeToken, SetClosed, SetRole, WithdrawInvitation,
    },
    reading::GetSettings,
};
use domain::{
    access::{Role, Scope},
    error::Error,
    id::{AccountId, InvitationId, PasskeyId, SessionId, TokenId},
    time::Span,
};
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{body, execute};
use crate::{
    http::{
        auth::As,
        client_info::ClientInfo,
        error::{Kind, Problem},
        state::Site,
    },
    people::{Device, SignedIn, no_cookie},
};

type Answer = Result<Response, Problem>;

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    name: String,
    password: String,
}

/// An invitation's secret, and who comes in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The last part of the link.
    secret: String,
    name: String,
    password: String,
}

/// Who signed in. The session lies in a cookie.
#[derive(Serialize, ToSchema)]
pub struct CameIn {
    account: AccountId,
}

/// A role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfRole {
    role: Role,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    password: String,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    label: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// After how many days it ends; never if left out.
    #[serde(default)]
    days: Option<u32>,
}

/// A secret that is shown once.
#[derive(Serialize, ToSchema)]
pub struct Secret {
    secret: String,
}

/// A passkey that the browser made.
#[derive(Deserialize, ToSchema)]
pub struct NewPasskey {
    /// What the person calls it.
    label: String,
    /// What `navigator.credentials.create` answered, as `toJSON()` writes it.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
}

fn came_in(signed_in: &SignedIn) -> Answer {
    let mut response = Json(CameIn { account: signed_in.account }).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let cookie = HeaderValue::from_str(&signed_in.cookie())
        .map_err(|_| Problem::new(Kind::Internal, "The cookie can't be written.".to_owned()))?;
    headers.insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn secret(secret: String) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(Secret { secret })).into_response()
}

/// JSON that the browser's own functions take.
fn options(json: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], json)
        .into_response()
}

fn number<T>(text: &str, make: impl Fn(u32) -> T, what: &str) -> Result<T, Problem> {
    text.parse().map(make).map_err(|_| {
        Problem::from(Error::NotFound { what: format!("{what} like that: a number names one") })
    })
}

pub(super) async fn sign_in(
    State(site): State<Site>,
    Extension(client): Extension<ClientInfo>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let SignIn { name, password } = body(&headers, &bytes)?;
    came_in(&site.people.sign_in(&name, password, &Device::of(&headers, &client)).await?)
}

pub(super) async fn join(
    State(site): State<Site>,
    Extension(client): Extension<ClientInfo>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let Join { secret, name, password } = body(&headers, &bytes)?;
    came_in(&site.people.join(&secret, &name, password, &Device::of(&headers, &client)).await?)
}

pub(super) async fn sign_out(
    State(site): State<Site>,
    Extension(client): Extension<ClientInfo>,
    As(caller): As,
) -> Answer {
    let domain::access::Principal::Account { session, .. } = caller else {
        return Err(Error::SignIn.into());
    };
    let mut response = execute(&site, caller, EndSession { session }).await?;
    if let Ok(cookie) = HeaderValue::from_str(&no_cookie(&client)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

pub(super) async fn settings(State(site): State<Site>, As(caller): As) -> Answer {
    execute(&site, caller, GetSettings {}).await
}

pub(super) async fn password(
    State(site): State<Site>,
    As(caller): As,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let NewPassword { password } = body(&headers, &bytes)?;
    let done = site.people.set_password(caller, password).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(done)).into_response())
}

pub(super) async fn end_session(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
) -> Answer {
    let session = number(&id, SessionId, "sign-in")?;
    execute(&site, caller, EndSession { session }).await
}

pub(super) async fn ask_for_passkey(
    State(site): State<Site>,
    Extension(client): Extension<ClientInfo>,
    headers: HeaderMap,
) -> Answer {
    Ok(options(site.people.ask_for_passkey(&Device::of(&headers, &client))?))
}

pub(super) async fn sign_in_by_passkey(
    State(site): State<Site>,
    Extension(client): Extension<ClientInfo>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    came_in(&site.people.sign_in_by_passkey(&bytes, &Device::of(&headers, &client)).await?)
}

pub(super) async fn begin_passkey(
    State(site): State<Site>,
    Extension(client): Extension<ClientInfo>,
    As(caller): As,
) -> Answer {
    site.service.check::<AddPasskey>(&caller)?;
    Ok(options(site.people.begin_passkey(&caller, &client).await?))
}

pub(super) async fn add_passkey(
    State(site): State<Site>,
    Extension(client): Extension<ClientInfo>,
    As(caller): As,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    site.service.check::<AddPasskey>(&caller)?;
    let NewPasskey { label, credential } = body(&headers, &bytes)?;
    let answer = serde_json::to_vec(&credential).unwrap_or_default();
    let done = site.people.add_passkey(caller, &client, label, &answer).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(done)).into_response())
}

pub(super) async fn remove_passkey(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
) -> Answer {
    let passkey = number(&id, PasskeyId, "passkey")?;
    execute(&site, caller, RemovePasskey { passkey }).await
}

pub(super) async fn invite(
    State(site): State<Site>,
    As(caller): As,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let OfRole { role } = body(&headers, &bytes)?;
    Ok(secret(site.people.invite(caller, role).await?))
}

pub(super) async fn withdraw(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
) -> Answer {
    let invitation = number(&id, InvitationId, "invitation")?;
    execute(&site, caller, WithdrawInvitation { invitation }).await
}

pub(super) async fn set_role(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let account = number(&id, AccountId, "account")?;
    let OfRole { role } = body(&headers, &bytes)?;
    execute(&site, caller, SetRole { account, role }).await
}

pub(super) async fn close(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
) -> Answer {
    let account = number(&id, AccountId, "account")?;
    execute(&site, caller, SetClosed { account, closed: true }).await
}

pub(super) async fn open(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
) -> Answer {
    let account = number(&id, AccountId, "account")?;
    execute(&site, caller, SetClosed { account, closed: false }).await
}

pub(super) async fn create_token(
    State(site): State<Site>,
    As(caller): As,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let NewToken { label, scopes, days } = body(&headers, &bytes)?;
    let until = days.map(|days| {
        site.clock.now().wall.plus(Span::from_mins(u64::from(days.min(3_650)) * 24 * 60))
    });
    Ok(secret(site.people.create_token(caller, label, scopes.into_iter().collect(), until).await?))
}

pub(super) async fn revoke_token(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
) -> Answer {
    let token = number(&id, TokenId, "token")?;
    execute(&site, caller, RevokeToken { token }).await
}
