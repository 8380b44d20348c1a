//! Organizations in sentences: their plans, overrides, and what limits or affects them now.

use commands::organizations::{OrganizationPage, QuotaState, QuotaView};
use domain::{
    protection::{PlanOverride, PlanSource},
    subject::Subject,
    time::{Span, Timestamp},
};

use crate::{humanize, impact, protection};

/// A plan that was set, or is set no longer.
pub(crate) fn plan_set(organization: &Subject, plan: Option<&str>, who: &str) -> String {
    let name = humanize::name(organization);
    match plan {
        Some(plan) => format!("{who} set the plan of {name} to {plan}."),
        None => format!("{who} removed the plan that was set for {name}."),
    }
}

/// An override that began; the reason follows.
pub(crate) fn override_begun(
    organization: &Subject,
    plan: &str,
    until: Timestamp,
    who: &str,
) -> String {
    format!(
        "{who} gave {} the plan {plan} until {}:",
        humanize::name(organization),
        humanize::moment(until)
    )
}

/// An override whose time is over.
pub(crate) fn override_expired(organization: &Subject) -> String {
    format!("The override for {} ended as planned.", humanize::name(organization))
}

/// An override that a person ended.
pub(crate) fn override_ended(organization: &Subject, who: &str) -> String {
    format!("{who} ended the override for {}.", humanize::name(organization))
}

/// A quota: `at most 5 requests/s, 20 at once, 10 at a time; only observed`.
pub fn quota(of: &QuotaView) -> String {
    let per_second = f64::from(of.requests) / of.per.as_secs_f64().max(f64::MIN_POSITIVE);
    let at_a_time =
        of.at_a_time.map(|most| format!(", {most} under way at a time")).unwrap_or_default();
    let state = match of.state {
        QuotaState::Off => "; switched off",
        QuotaState::Observe => "; only observed, nothing is refused",
        QuotaState::On => "",
    };
    format!("{}, {} at once{at_a_time}{state}", protection::rate(per_second), of.burst)
}

/// One sentence of status: what limits or affects the organization now.
pub fn status(page: &OrganizationPage, now: Timestamp) -> String {
    let name = humanize::name(&page.plans.organization);
    let mut told = Vec::new();
    if let Some(stage) = page.safe_mode {
        told.push(format!("Safe mode is in force: {}.", protection::stage(stage)));
    }
    let measures: Vec<String> = page
        .measures
        .iter()
        .map(|one| {
            format!(
                "{} to {} until {}",
                one.measure.requests.class,
                protection::rate(one.measure.rate),
                humanize::moment(one.measure.until)
            )
        })
        .collect();
    if !measures.is_empty() {
        told.push(format!("Calm Ops limits {name}: {}.", humanize::list(&measures)));
    }
    for one in &page.incidents {
        let Some(affected) = &one.effects else { continue };
        let effects: Vec<String> =
            affected.holding().map(|effect| impact::effect(&effect.evidence)).collect();
        if !effects.is_empty() {
            let number = one.incident;
            let effects = humanize::list(&effects);
            told.push(format!("Incident {number} affects {name} ({effects})."));
        }
    }
    if let Some(one) = page.plans.override_at(now) {
        told.push(override_in_force(&name, one, page.source));
    }
    told.extend(
        page.batch.filter(|one| one.state == QuotaState::On).as_ref().map(protection::batch),
    );
    if told.is_empty() {
        let is_on = |quota: &QuotaView| quota.state == QuotaState::On;
        let by_plan = page.quotas.iter().any(|one| one.quota.as_ref().is_some_and(is_on));
        told.push(if by_plan {
            format!("Nothing but its plan limits {name}.")
        } else {
            format!("Nothing limits {name}.")
        });
    }
    told.join(" ")
}

fn override_in_force(name: &str, one: &PlanOverride, source: PlanSource) -> String {
    let (plan, until) = (&one.plan, humanize::moment(one.until));
    if source == PlanSource::Override {
        format!("{name} has the plan {plan} until {until}.")
    } else {
        format!(
            "An override gives {name} the plan {plan} until {until}, but limits.md has no such plan any more, so it has no effect."
        )
    }
}

/// The plan in force and where it comes from.
pub fn plan(page: &OrganizationPage) -> String {
    let Some(plan) = &page.plan else {
        return "limits.md has no plan for it, not even a default one, so no plan limits it."
            .to_owned();
    };
    let assigned = page.plans.assigned.as_ref();
    match page.source {
        PlanSource::Override => format!("Its plan is {plan}, by an override."),
        PlanSource::Assigned if assigned.is_some_and(|one| one.plan != *plan) => format!(
            "Its plan was set to {}, which limits.md does not have any more: {plan} counts until another one is set.",
            assigned.map(|one| one.plan.as_str()).unwrap_or_default()
        ),
        PlanSource::Assigned => format!("Its plan is {plan}: it was set for it."),
        PlanSource::Document => format!("Its plan is {plan}, by its row in limits.md."),
        PlanSource::Header => format!("Its plan is {plan}: the proxy names it."),
        PlanSource::Default => {
            format!("Its plan is {plan}, unless the proxy names another one with a request.")
        }
    }
}

/// The effect of an override on everything else.
pub fn about_overrides(longest: Span) -> String {
    format!(
        "An override gives it another plan of limits.md for at most {} days, and counts before every other plan and before its own rows in limits.md. It is not above what protects everybody else: a limit that Calm Ops sets in an incident still counts until it ends or a person lifts it, and so does safe mode.",
        longest.as_secs() / 86_400
    )
}

#[cfg(test)]
mod tests {
    use commands::organizations::{BatchBound, ClassQuota, IncidentOfOrganization};
    use domain::{
        actor::{Actor, Names},
        breach::BreachKey,
        id::IncidentNumber,
        impact::{AffectedOrganization, EffectOn, Evidence},
        journal::Cursor,
        protection::{
            AssignedPlan, LimitedRequests, Measure, MeasureInForce, OrganizationPlans,
            organization_named,
        },
    };

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_795_348_800 + seconds)
    }

    fn acme() -> OrganizationPage {
        let organization = organization_named("acme").unwrap();
        OrganizationPage {
            cursor: Cursor::default(),
            checked_at: at(0),
            plans: OrganizationPlans::none(organization),
            plan: Some("default".to_owned()),
            source: PlanSource::Default,
            quotas: Vec::new(),
            batch: None,
            measures: Vec::new(),
            safe_mode: None,
            incidents: Vec::new(),
            traffic: None,
            signals: Vec::new(),
            timeline: Vec::new(),
            older: None,
            known_plans: Vec::new(),
            names: Names::default(),
            may_stop: false,
            may_override: false,
        }
    }

    fn uploads(state: QuotaState) -> ClassQuota {
        let quota = QuotaView {
            requests: 600,
            per: Span::from_mins(1),
            burst: 20,
            at_a_time: Some(5),
            state,
        };
        ClassQuota { class: "uploads".to_owned(), quota: Some(quota) }
    }

    #[test]
    fn the_status_says_what_limits_and_affects_it_and_never_that_nothing_does_then() {
        let told = |page: &OrganizationPage| status(page, at(0));
        let mut page = acme();
        page.quotas = vec![uploads(QuotaState::Observe)];
        assert_eq!(told(&page), "Nothing limits acme.");
        page.batch = Some(BatchBound { at_a_time: 40, state: QuotaState::Observe });
        assert_eq!(told(&page), "Nothing limits acme.");
        page.batch = Some(BatchBound { at_a_time: 40, state: QuotaState::On });
        assert_eq!(
            told(&page),
            "Batch requests of all organizations together are limited to 40 at a time."
        );
        page.batch = None;
        page.quotas = vec![uploads(QuotaState::On)];
        assert_eq!(told(&page), "Nothing but its plan limits acme.");
        page.plans.overridden = Some(PlanOverride {
            number: 1,
            organization: page.plans.organization.clone(),
            plan: "large".to_owned(),
            until: at(60),
            reason: "They move.".to_owned(),
            by: Actor::Local,
            began_at: at(-60),
        });
        assert!(told(&page).contains("but limits.md has no such plan any more"), "{}", told(&page));
        page.source = PlanSource::Override;
        assert_eq!(told(&page), "acme has the plan large until 22 Nov 2026, 12:01:00 UTC.");
        assert_eq!(status(&page, at(60)), "Nothing but its plan limits acme.");
        let organization = page.plans.organization.clone();
        page.measures = vec![MeasureInForce {
            incident: IncidentNumber(12),
            began_at: at(0),
            measure: Measure {
                requests: LimitedRequests {
                    organization: organization.clone(),
                    class: "uploads".to_owned(),
                },
                rate: 4.0,
                sent: 50.0,
                usual: None,
                because: BreachKey {
                    subject: organization.clone(),
                    signal: "organization.batch".parse().unwrap(),
                },
                stage: 0,
                returns: 0,
                until: at(300),
            },
        }];
        let evidence = Evidence::Refused { refused: 40, of: 100 };
        page.incidents = vec![IncidentOfOrganization {
            incident: IncidentNumber(12),
            effects: Some(AffectedOrganization {
                organization,
                effects: vec![EffectOn { evidence, since: at(0), until: None, last_seen: None }],
            }),
        }];
        assert_eq!(
            told(&page),
            "Calm Ops limits acme: uploads to 4 requests/s until 22 Nov 2026, 12:05:00 UTC. \
             Incident 12 affects acme (limited: 40% of requests refused). \
             acme has the plan large until 22 Nov 2026, 12:01:00 UTC."
        );
    }

    #[test]
    fn a_plan_says_where_it_comes_from() {
        let mut page = acme();
        assert!(plan(&page).starts_with("Its plan is default, unless the proxy"));
        let assigned = AssignedPlan { plan: "pro".to_owned(), by: Actor::Local, at: at(0) };
        (page.source, page.plans.assigned) = (PlanSource::Assigned, Some(assigned));
        assert_eq!(
            plan(&page),
            "Its plan was set to pro, which limits.md does not have any more: default counts until another one is set."
        );
        page.plan = Some("pro".to_owned());
        assert_eq!(plan(&page), "Its plan is pro: it was set for it.");
        page.plan = None;
        assert!(plan(&page).contains("no plan limits it"));
    }

    #[test]
    fn a_quota_is_told_with_what_becomes_of_it() {
        let told = |state| quota(&uploads(state).quota.unwrap());
        assert_eq!(told(QuotaState::On), "10 requests/s, 20 at once, 5 under way at a time");
        assert!(told(QuotaState::Observe).ends_with("; only observed, nothing is refused"));
        assert!(told(QuotaState::Off).ends_with("; switched off"));
    }
}
