//! Organizations: plans that the product's billing sets, overrides of people, and what is known.

use commands::{
    command::{BeginPlanOverride, EndPlanOverride, SetOrganizationPlan},
    organizations::OverrideRequest,
    reading::{GetOrganization, ListOrganizations},
};
use domain::{protection::organization_of_segment, subject::Subject, time::Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    api::route::{Empty, Route},
    error::Problem,
    extract::{ApiJson, ApiQuery, Fields, FromQuery, IdPath, PathId},
    schema::Parameter,
};

/// How many organizations a page of the list has.
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
