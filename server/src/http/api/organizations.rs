//! Organizations: plans that the product's billing sets, overrides of people, and what is known.

use axum::{extract::State, response::IntoResponse as _};
use commands::{
    command::{BeginPlanOverride, EndPlanOverride, SetOrganizationPlan},
    impact::OrganizationImpact,
    organizations::OverrideRequest,
    reading::{GetOrganization, GetOrganizationImpact, ListImpact, ListOrganizations},
};
use domain::{
    access::Principal,
    error::{Entity, Error},
    protection::organization_of_segment,
    subject::Subject,
    time::Timestamp,
};
use http::header;
use serde::Deserialize;
use utoipa::ToSchema;
use wording::customer;

use crate::http::{
    api::route::{Answer, Empty, Route, json},
    auth::RequestPrincipal,
    error::Problem,
    extract::{ApiJson, ApiQuery, Fields, FromQuery, IdPath, PathId},
    schema::{Content, Parameter},
    state::Site,
};

/// Number of organizations on a page of the list.
const LISTED: u32 = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/organizations", |ApiQuery(list): ApiQuery<ListOrganizations>| list)
            .summary("The organizations that have a plan that is set or an override, or are watched now, in the order of their names' bytes.")
            .answer("`organizations`, and `next` if there is another page."),
        Route::get(
            "/api/ops/organizations/{id}",
            |ApiQuery(Older(before)): ApiQuery<Older>, IdPath(Named(organization)): IdPath<Named>| GetOrganization {
                organization,
                before,
            },
        )
        .summary("An organization: its plan and where that comes from, its quotas, what limits and affects it now, its traffic, and what happened to it. The name is percent-encoded; '.' and '..' are written as 'organization:..'.")
        .answer("The organization; `older` is `before` of the next page of its timeline."),
        Route::get_with("/api/ops/organizations/{id}/impact", impact)
            .needs::<GetOrganizationImpact>()
            .query(Days::PARAMETERS)
            .json::<OrganizationImpact>()
            .summary("How long an organization was affected in the last days, and by which incidents: `known` where an effect was counted for it, `likely` beside that.")
            .answer("The times, in microseconds, and what is not known. A time counts once, however many incidents it is part of."),
        Route::get_with("/api/ops/organizations/{id}/report.md", report)
            .needs::<GetOrganizationImpact>()
            .query(Days::PARAMETERS)
            .content(Content::Markdown)
            .summary("The same as a plain report to share with that customer: facts about it only. Nothing sends it.")
            .answer("The document."),
        Route::get_with("/api/ops/impact.csv", csv)
            .needs::<ListImpact>()
            .query(Days::PARAMETERS)
            .content(Content::Csv)
            .summary("How long each organization was affected in the last days, as CSV (RFC 4180). A name that a spreadsheet could take for a formula begins with an apostrophe.")
            .answer("A line for each organization that was affected, with minutes. The last line has no organization: it tells of the period itself, and whether all was read."),
        Route::put(
            "/api/ops/organizations/{id}",
            |IdPath(Named(organization)): IdPath<Named>, ApiJson(PlanOf { plan })| SetOrganizationPlan {
                organization,
                plan,
            },
        )
        .summary("Set the plan of an organization, for the product's billing; `null` removes it. The plan must be one of limits.md. Setting what is set already changes nothing and is not journalled.")
        .example(r#"{"plan":"large"}"#),
        Route::post(
            "/api/ops/organizations/{id}/override",
            |IdPath(Named(organization)): IdPath<Named>, ApiJson(NewOverride { plan, until, reason })| BeginPlanOverride {
                organization,
                request: OverrideRequest { plan, until, reason },
            },
        )
        .summary("Give an organization another plan of limits.md until a moment, at most 30 days ahead. It takes the place of an override in force. Limits of Calm Ops in an incident, and safe mode, still count.")
        .example(r#"{"plan":"large","until":"2026-12-01T18:00:00Z","reason":"They move their archive today."}"#),
        Route::post(
            "/api/ops/organizations/{id}/override/end",
            |IdPath(Named(organization)): IdPath<Named>| EndPlanOverride { organization },
        )
        .summary("End the override of an organization now.")
        .body::<Empty>("{}"),
    ]
}

/// An organization in a path.
struct Named(Subject);

impl PathId for Named {
    const UNKNOWN: &'static str =
        "No organization can have this name: at most 100 visible characters without '@'.";

    fn parse(text: &str) -> Option<Self> {
        organization_of_segment(text).map(Self)
    }
}

/// The length of a period.
struct Days(u32);

impl FromQuery for Days {
    const PARAMETERS: &'static [Parameter] = &[Parameter::optional::<u32>(
        "days",
        "the length of the period that ends now, 1 to 366; 30 if left out",
    )];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        Ok(Self(fields.number("days")?.unwrap_or(30)))
    }
}

fn document(kind: &'static str, name: &str, text: String) -> Answer {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, text).into_response())
}

/// The impact of one period.
async fn impact_of(
    site: &Site,
    principal: Principal,
    organization: Subject,
    days: u32,
) -> Result<OrganizationImpact, Problem> {
    let asked = GetOrganizationImpact { organization: organization.clone(), days: vec![days] };
    let mut periods = site.service.execute(principal, asked).await?;
    let unknown = || Error::NotFound(Entity::Subject(organization));
    Ok(periods.pop().ok_or_else(unknown)?)
}

async fn impact(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    ApiQuery(Days(days)): ApiQuery<Days>,
    IdPath(Named(organization)): IdPath<Named>,
) -> Answer {
    Ok(json(&impact_of(&site, principal, organization, days).await?))
}

async fn report(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    ApiQuery(Days(days)): ApiQuery<Days>,
    IdPath(Named(organization)): IdPath<Named>,
) -> Answer {
    let text = customer::report(&impact_of(&site, principal, organization, days).await?);
    document("text/markdown; charset=utf-8", "service-report.md", text)
}

async fn csv(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    ApiQuery(Days(days)): ApiQuery<Days>,
) -> Answer {
    let list = site.service.execute(principal, ListImpact { days }).await?;
    document("text/csv; charset=utf-8; header=present", "calm-ops-impact.csv", customer::csv(&list))
}

/// The entry before which a timeline begins.
struct Older(Option<u64>);

impl FromQuery for Older {
    const PARAMETERS: &'static [Parameter] = &[Parameter::optional::<u64>(
        "before",
        "entries of the timeline with a smaller number: `older` of the previous page",
    )];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        Ok(Self(fields.number("before")?))
    }
}

impl FromQuery for ListOrganizations {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::optional::<String>("after", "names after this one: `next` of the previous page"),
        Parameter::optional::<u32>("limit", "at most so many, 1 to 1,000; 100 if left out"),
    ];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        let limit = fields.number("limit")?.unwrap_or(LISTED);
        Ok(Self { after: fields.get("after")?, limit })
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanOf {
    /// The name of a plan of limits.md; `null` removes the plan that is set.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    plan: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOverride {
    /// The name of a plan of limits.md.
    plan: String,
    /// The end, at most 30 days ahead.
    until: Timestamp,
    /// The reason; it stays in the journal.
    reason: String,
}
