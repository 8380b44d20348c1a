//! Times in which the organization was affected, the incidents behind them, and the report.

use commands::impact::{ImpactOfIncident, OrganizationImpact};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::use_params_map;
use wording::customer;

use crate::{
    codec::Json,
    components::{awaited::awaited, prose::prose, time::At},
    problem::Problem,
    status::organization_href,
};

/// The periods that are shown, in days.
#[cfg(feature = "ssr")]
const SHOWN_DAYS: [u32; 2] = [30, 90];
/// The most incidents that are listed.
const LISTED: usize = 20;

/// The periods; `None` where nothing is known of the organization.
type Periods = Option<Vec<OrganizationImpact>>;

/// The periods as they are loaded.
pub(super) type Loaded = Resource<Result<Periods, Problem>, Json>;

/// The times in which an organization was affected; `id` is the part of the address that names it.
#[server(prefix = "/api/pages", endpoint = "organization-impact", input = GetUrl)]
pub async fn get_organization_impact(
    #[server(default)] id: String,
) -> Result<Option<Vec<OrganizationImpact>>, Problem> {
    use commands::reading::GetOrganizationImpact;
    use domain::error::ErrorKind;

    crate::backend::check::<GetOrganizationImpact>()?;
    let Some(organization) = domain::protection::organization_of_segment(&id) else {
        return Ok(None);
    };
    let asked = GetOrganizationImpact { organization, days: SHOWN_DAYS.to_vec() };
    match crate::backend::read(asked).await {
        Ok(periods) => Ok(Some(periods)),
        Err(Problem { kind: ErrorKind::NotFound, .. }) => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Loads the impact of the organization in the address, and only that of another one again: the
/// page is asked for again at every event that may concern it, and this takes longer.
pub(super) fn load() -> Loaded {
    let params = use_params_map();
    let organization = Memo::new(move |before: Option<&String>| {
        let id = params.with(|params| params.get("id").unwrap_or_default());
        // The address of the next page names none.
        before.filter(|_| id.is_empty()).cloned().unwrap_or(id)
    });
    Resource::new_with_options(move || organization.get(), get_organization_impact, false)
}

/// The section; nothing where nothing is known of the organization.
pub(super) fn impact(loaded: Loaded) -> AnyView {
    awaited(move || async move {
        match loaded.await {
            Ok(periods) => periods.as_deref().and_then(shown),
            Err(_) => Some(section(view! { <p>{customer::UNREADABLE}</p> }.into_any())),
        }
    })
}

fn section(content: AnyView) -> AnyView {
    view! {
        <section class="impact" aria-labelledby="impact">
            <h2 id="impact">"Impact"</h2>
            {content}
        </section>
    }
    .into_any()
}

fn shown(periods: &[OrganizationImpact]) -> Option<AnyView> {
    let longest = periods.last()?;
    let quiet = |sentence: String| view! { <p class="quiet">{prose(&sentence)}</p> }.into_any();
    let content = view! {
        {periods.iter().map(period).collect_view()}
        {incidents(longest)}
        {customer::left_out(longest, LISTED).map(quiet)}
        {customer::gaps(longest).into_iter().map(quiet).collect_view()}
        <p class="links">{periods.iter().map(report).collect_view()}</p>
    };
    Some(section(content.into_any()))
}

fn period(one: &OrganizationImpact) -> AnyView {
    view! { <p>{prose(&customer::period(one))}</p> }.into_any()
}

fn report(one: &OrganizationImpact) -> AnyView {
    let page = organization_href(&one.organization);
    let days = one.days;
    let address = format!("/api{page}/report.md?days={days}");
    view! {
        <a href=address rel="external" download="">"Report for this customer, " {days} " days"</a> " "
    }
    .into_any()
}

fn incidents(longest: &OrganizationImpact) -> Option<AnyView> {
    let rows = longest.incidents.iter().take(LISTED).map(row).collect_view();
    (!longest.incidents.is_empty()).then(|| {
        view! {
            <table class="affected">
                <caption>{customer::caption(longest)}</caption>
                <thead>
                    <tr><th scope="col">"Incident"</th><th scope="col">"Opened"</th><th scope="col">"Affected"</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    })
}

fn row(one: &ImpactOfIncident) -> AnyView {
    let number = one.incident.0;
    view! {
        <tr>
            <td><a href=format!("/ops/incidents/{number}")>"Incident " {number}</a></td>
            <td data-label="Opened"><At at=Signal::stored(one.opened_at)/></td>
            <td data-label="Affected">{customer::time(one.time)}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::{
        id::IncidentNumber,
        impact::{AffectedTime, Evidence},
        protection::organization_named,
        time::{Span, Timestamp},
    };

    use super::*;

    fn impact(days: u32, incidents: u32) -> OrganizationImpact {
        let at = |day: u32| Timestamp::from_secs(1_795_341_600 + i64::from(day) * 86_400);
        let time = AffectedTime { known: Span::from_mins(2), likely: Span::ZERO };
        let incident = |number| ImpactOfIncident {
            incident: IncidentNumber(number),
            opened_at: at(number),
            resolved_at: None,
            time,
            evidence: vec![Evidence::Results { failed: 5, of: 10 }],
            unknown_since: None,
        };
        OrganizationImpact {
            organization: organization_named("acme").unwrap(),
            days,
            from: at(0),
            to: at(days),
            time,
            incidents: (1..=incidents).rev().map(incident).collect(),
            not_watched: Span::ZERO,
            unnamed: 0,
            undecided: 0,
            complete: true,
        }
    }

    fn html(periods: &[OrganizationImpact]) -> String {
        let owner = Owner::new();
        let html = owner.with(|| shown(periods).map(|view| view.to_html())).unwrap_or_default();
        html.replace("<!>", "").replace("<!---->", "")
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let html = html(&[impact(30, 3), impact(90, 35)]);
        assert_eq!(html.matches("/ops/incidents/").count(), 20, "{html}");
        assert!(html.contains("/ops/incidents/35\"") && !html.contains("/ops/incidents/15\""));
        assert!(html.contains("15 earlier ones are in the report."), "{html}");
        assert!(html.contains("<caption>Incidents of the last 90 days, newest first</caption>"));
        assert!(html.contains("report.md?days=30") && html.contains("report.md?days=90"));
    }

    #[test]
    fn a_quiet_period_has_no_table() {
        let html = html(&[impact(30, 0), impact(90, 0)]);
        assert!(!html.contains("<table") && !html.contains("earlier"), "{html}");
    }
}
