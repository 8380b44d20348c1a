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
            .summary("Sign in by name and password. The session lies in a cookie.")
            .body::<SignIn>(r#"{"name":"Ada","password":"three words in a row"}"#)
            .json::<CameIn>()
            .answer("Who signed in."),
        Route::post_with("/api/people/join", join)
            .public()
            .summary("Come in by an invitation or the owner link.")
            .body::<Join>(r#"{"secret":"0f…","name":"Ada","password":"three words in a row"}"#)
            .json::<CameIn>()
            .answer("Who came in."),
        Route::post_with("/api/people/sign-out", sign_out)
            .executes::<EndSession>()
            .summary("End this sign-in.")
            .body::<Empty>("{}")
            .answer("The journal position after it."),
        Route::get("/api/people/me", || GetSettings {})
            .summary("Oneself; for an owner also everyone who is here, invitations and tokens.")
            .answer("Sign-ins, passkeys, people, invitations, tokens."),
        Route::post_with("/api/people/password", set_password)
            .executes::<SetPassword>()
            .summary("Set one's own password. It asks for the present one, or for a sign-in by passkey within the last 5 minutes. Other sign-ins end, and what `end` names: `passkeys`, `contacts` (ways to be called), `tokens` (with invitations).")
            .body::<NewPassword>(r#"{"present":"three words in a row","password":"four other words here"}"#)
            .answer("The journal position after it."),
        Route::post("/api/people/sessions/{id}/end", |IdPath(session)| EndSession { session })
            .summary("End a sign-in of one's own; an owner ends any.")
            .body::<Empty>("{}"),
        Route::post_with("/api/people/passkeys/ask", ask_for_passkey)
            .public()
            .summary("Begin a sign-in by passkey.")
            .body::<Empty>("{}")
            .answer("What `navigator.credentials.get` takes, as `parseRequestOptionsFromJSON` reads it."),
        Route::post_with("/api/people/passkeys/sign-in", sign_in_by_passkey)
            .public()
            .summary("Sign in by passkey: the body is what the browser answered, as `toJSON()` writes it.")
            .body::<Empty>("{}")
            .json::<CameIn>()
            .answer("Who signed in."),
        Route::post_with("/api/people/passkeys/begin", begin_passkey)
            .needs::<AddPasskey>()
            .summary("Begin to make a passkey.")
            .body::<Empty>("{}")
            .answer("What `navigator.credentials.create` takes, as `parseCreationOptionsFromJSON` reads it."),
        Route::post_with("/api/people/passkeys/add", add_passkey)
            .executes::<AddPasskey>()
            .summary("Keep a passkey that the browser made.")
            .body::<NewPasskey>(r#"{"label":"Phone","credential":{}}"#)
            .answer("The journal position after it."),
        Route::post("/api/people/passkeys/{id}/remove", |IdPath(passkey)| RemovePasskey { passkey })
            .summary("Remove a passkey of one's own.")
            .body::<Empty>("{}"),
        Route::post_with("/api/people/invitations", invite)
            .needs::<Invite>()
            .summary("Invite someone. The secret is the last part of the link `/join/…`, and is shown once.")
            .body::<OfRole>(r#"{"role":"responder"}"#)
            .json::<Secret>()
            .answer("The secret."),
        Route::post("/api/people/invitations/{id}/withdraw", |IdPath(invitation)| {
            WithdrawInvitation { invitation }
        })
        .summary("Take an invitation back.")
        .body::<Empty>("{}"),
        Route::post(
            "/api/people/accounts/{id}/role",
            |IdPath(account), ApiJson(OfRole { role })| SetRole { account, role },
        )
        .summary("Change what someone may do.")
        .example(r#"{"role":"approver"}"#),
        Route::post("/api/people/accounts/{id}/close", |IdPath(account)| SetClosed {
            account,
            closed: true,
        })
        .summary("Close an account; its sign-ins end.")
        .body::<Empty>("{}"),
        Route::post("/api/people/accounts/{id}/open", |IdPath(account)| SetClosed {
            account,
            closed: false,
        })
        .summary("Open a closed account again.")
        .body::<Empty>("{}"),
        Route::post_with("/api/people/tokens", create_token)
            .needs::<CreateToken>()
            .summary("Make a token for a program. The secret is shown once.")
            .body::<NewToken>(r#"{"label":"imports","scopes":["ingest"],"days":365}"#)
            .json::<Secret>()
            .answer("The secret."),
        Route::post("/api/people/tokens/{id}/revoke", |IdPath(token)| RevokeToken { token })
            .summary("End a token.")
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

/// Who signed in. The session lies in a cookie.
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
    /// What ends with it, beside other sign-ins: for when somebody else had one.
    #[serde(default)]
    end: BTreeSet<Foothold>,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
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
struct Secret {
    secret: String,
}

/// A passkey that the browser made.
#[derive(Deserialize, ToSchema)]
struct NewPasskey {
    /// What the person calls it.
    label: String,
    /// What `navigator.credentials.create` answered, as `toJSON()` writes it.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
}

fn came_in(signed_in: &SignedIn) -> Answer {
    let mut response = json(&CameIn { account: signed_in.account });
    for cookie in &signed_in.cookies {
        let cookie = HeaderValue::from_str(cookie)
            .map_err(|_| Problem::new(Kind::Internal, "The cookie can't be written.".to_owned()))?;
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
