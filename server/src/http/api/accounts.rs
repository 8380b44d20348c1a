//! Accounts: coming in, oneself, and who else is here.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use commands::{
    account_change::{
        AddPasskey, CreateToken, EndSession, Invite, RemovePasskey, RevokeToken, SetClosed,
        SetPassword, SetRole, WithdrawInvitation,
    },
    reading::GetSettings,
};
use domain::{
    access::{Foothold, Principal, Role, Scope},
    error::Error,
    id::AccountId,
    time::Span,
};
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        api::route::{Answer, Empty, Route, execute, json},
        auth::RequestPrincipal,
        client_info::ClientInfo,
        error::{Kind, Problem},
        extract::{ApiJson, IdPath},
        state::Site,
    },
    people::{Device, SignedIn},
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post_with("/api/people/sign-in", sign_in)
            .public()
            .summary("Sign in with name and password. The session is set as a cookie.")
            .body::<SignIn>(r#"{"name":"Ada","password":"three random words"}"#)
            .json::<CameIn>()
            .answer("The signed-in member."),
        Route::post_with("/api/people/join", join)
            .public()
            .summary("Join with an invitation or the owner link.")
            .body::<Join>(r#"{"secret":"0f…","name":"Ada","password":"three random words"}"#)
            .json::<CameIn>()
            .answer("The new member."),
        Route::post_with("/api/people/sign-out", sign_out)
            .executes::<EndSession>()
            .summary("Sign out.")
            .body::<Empty>("{}")
            .answer("The journal position after it."),
        Route::get("/api/people/me", || GetSettings {})
            .summary("Your own account; for owners also members, invitations and tokens.")
            .answer("Sign-ins, passkeys, members, invitations and tokens."),
        Route::post_with("/api/people/password", set_password)
            .executes::<SetPassword>()
            .summary("Change your password. This needs the current one, or a sign-in with a passkey within the last 5 minutes. You are signed out everywhere else. `end` also removes `passkeys`, `contacts` or `tokens` (with invitations).")
            .body::<NewPassword>(r#"{"present":"three random words","password":"four other words here"}"#)
            .answer("The journal position after it."),
        Route::post("/api/people/sessions/{id}/end", |IdPath(session)| EndSession { session })
            .summary("Sign out one of your devices. Owners can sign out any.")
            .body::<Empty>("{}"),
        Route::post_with("/api/people/passkeys/ask", ask_for_passkey)
            .public()
            .summary("Start a sign-in with a passkey.")
            .body::<Empty>("{}")
            .answer("Options for `navigator.credentials.get`, for `parseRequestOptionsFromJSON`."),
        Route::post_with("/api/people/passkeys/sign-in", sign_in_by_passkey)
            .public()
            .summary("Sign in with a passkey. The body is the browser's answer, as `toJSON()` returns it.")
            .body::<Empty>("{}")
            .json::<CameIn>()
            .answer("The signed-in member."),
        Route::post_with("/api/people/passkeys/begin", begin_passkey)
            .needs::<AddPasskey>()
            .summary("Start adding a passkey.")
            .body::<Empty>("{}")
            .answer("Options for `navigator.credentials.create`, for `parseCreationOptionsFromJSON`."),
        Route::post_with("/api/people/passkeys/add", add_passkey)
            .executes::<AddPasskey>()
            .summary("Add a passkey that the browser created.")
            .body::<NewPasskey>(r#"{"label":"Phone","credential":{}}"#)
            .answer("The journal position after it."),
        Route::post("/api/people/passkeys/{id}/remove", |IdPath(passkey)| RemovePasskey { passkey })
            .summary("Remove one of your passkeys.")
            .body::<Empty>("{}"),
        Route::post_with("/api/people/invitations", invite)
            .needs::<Invite>()
            .summary("Invite someone. The secret is the last part of the link `/join/…` and is shown only once.")
            .body::<OfRole>(r#"{"role":"responder"}"#)
            .json::<Secret>()
            .answer("The secret."),
        Route::post("/api/people/invitations/{id}/withdraw", |IdPath(invitation)| {
            WithdrawInvitation { invitation }
        })
        .summary("Withdraw an invitation.")
        .body::<Empty>("{}"),
        Route::post(
            "/api/people/accounts/{id}/role",
            |IdPath(account), ApiJson(OfRole { role })| SetRole { account, role },
        )
        .summary("Change someone's role.")
        .example(r#"{"role":"approver"}"#),
        Route::post("/api/people/accounts/{id}/close", |IdPath(account)| SetClosed {
            account,
            closed: true,
        })
        .summary("Deactivate an account and sign it out.")
        .body::<Empty>("{}"),
        Route::post("/api/people/accounts/{id}/open", |IdPath(account)| SetClosed {
            account,
            closed: false,
        })
        .summary("Reactivate an account.")
        .body::<Empty>("{}"),
        Route::post_with("/api/people/tokens", create_token)
            .needs::<CreateToken>()
            .summary("Create an API token. The secret is shown only once.")
            .body::<NewToken>(r#"{"label":"imports","scopes":["ingest"],"days":365}"#)
            .json::<Secret>()
            .answer("The secret."),
        Route::post("/api/people/tokens/{id}/revoke", |IdPath(token)| RevokeToken { token })
            .summary("Revoke a token.")
            .body::<Empty>("{}"),
    ]
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    name: String,
    password: String,
}

/// An invitation's secret, and who comes in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Join {
    /// The last part of the link.
    secret: String,
    name: String,
    password: String,
}

/// The person who signed in. The session lies in a cookie.
#[derive(Serialize, ToSchema)]
struct CameIn {
    account: AccountId,
}

/// A role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfRole {
    role: Role,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// The present one; left out within 5 minutes of a sign-in by passkey.
    #[serde(default)]
    present: String,
    password: String,
    /// The means of access that end with it, beside other sign-ins: for when somebody else had one.
    #[serde(default)]
    end: BTreeSet<Foothold>,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// Its purpose.
    label: String,
    /// Its rights.
    scopes: Vec<Scope>,
    /// After how many days it ends; never if left out.
    #[serde(default)]
    days: Option<u32>,
}

/// A secret that is shown once.
#[derive(Serialize, ToSchema)]
struct Secret {
    secret: String,
}

/// A passkey that the browser made.
#[derive(Deserialize, ToSchema)]
struct NewPasskey {
    /// The name that the person chose.
    label: String,
    /// The answer of `navigator.credentials.create`, as `toJSON()` writes it.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
}

fn came_in(signed_in: &SignedIn) -> Answer {
    let mut response = json(&CameIn { account: signed_in.account });
    for cookie in &signed_in.cookies {
        let cookie = HeaderValue::from_str(cookie)
            .map_err(|_| Problem::new(Kind::Internal, "The cookie can't be set.".to_owned()))?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// JSON that the browser's own functions take.
fn options(json: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], json)
        .into_response()
}

async fn sign_in(
    State(site): State<Site>,
    device: Device,
    ApiJson(SignIn { name, password }): ApiJson<SignIn>,
) -> Answer {
    came_in(&site.people.sign_in(&name, password, &device).await?)
}

async fn join(
    State(site): State<Site>,
    device: Device,
    ApiJson(Join { secret, name, password }): ApiJson<Join>,
) -> Answer {
    came_in(&site.people.join(&secret, &name, password, &device).await?)
}

async fn sign_out(
    State(site): State<Site>,
    client: ClientInfo,
    principal: RequestPrincipal,
) -> Answer {
    let Principal::Account { session, .. } = principal.0 else {
        return Err(Error::SignIn.into());
    };
    let mut response = execute(&site, principal, EndSession { session }).await?;
    if let Ok(cookie) = HeaderValue::from_str(&site.people.cookie.forgotten(&client)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn set_password(
    State(site): State<Site>,
    client: ClientInfo,
    RequestPrincipal(principal): RequestPrincipal,
    ApiJson(NewPassword { present, password, end }): ApiJson<NewPassword>,
) -> Answer {
    Ok(json(&site.people.set_password(principal, present, password, end, client.from).await?))
}

async fn ask_for_passkey(State(site): State<Site>, device: Device) -> Answer {
    Ok(options(site.people.ask_for_passkey(&device).await?))
}

async fn sign_in_by_passkey(State(site): State<Site>, device: Device, answer: Bytes) -> Answer {
    came_in(&site.people.sign_in_by_passkey(&answer, &device).await?)
}

async fn begin_passkey(
    State(site): State<Site>,
    client: ClientInfo,
    RequestPrincipal(principal): RequestPrincipal,
) -> Answer {
    site.service.check::<AddPasskey>(&principal)?;
    Ok(options(site.people.begin_passkey(&principal, &client).await?))
}

async fn add_passkey(
    State(site): State<Site>,
    client: ClientInfo,
    RequestPrincipal(principal): RequestPrincipal,
    ApiJson(NewPasskey { label, credential }): ApiJson<NewPasskey>,
) -> Answer {
    site.service.check::<AddPasskey>(&principal)?;
    let answer = serde_json::to_vec(&credential).unwrap_or_default();
    Ok(json(&site.people.add_passkey(principal, &client, label, &answer).await?))
}

async fn invite(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    ApiJson(OfRole { role }): ApiJson<OfRole>,
) -> Answer {
    Ok(json(&Secret { secret: site.people.invite(principal, role).await? }))
}

async fn create_token(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    ApiJson(NewToken { label, scopes, days }): ApiJson<NewToken>,
) -> Answer {
    let until = days.map(|days| {
        site.clock.now().wall.plus(Span::from_mins(u64::from(days.min(3_650)) * 24 * 60))
    });
    let scopes = scopes.into_iter().collect();
    Ok(json(&Secret { secret: site.people.create_token(principal, label, scopes, until).await? }))
}
