//! One tap after resolving: whether the recommendation helped.

use commands::review::{RatedRecommendation, can_be_rated};
use domain::{access::Role, incident::Incident, review::Ratings};
use leptos::prelude::*;

use super::state::IncidentState;
use crate::routes::review::rating::asked;

/// The ratings, once the incident is resolved.
#[component]
pub(super) fn Rating(state: IncidentState) -> impl IntoView {
    let rated = Memo::new(move |_| {
        state.ratings.with(|ratings| state.incident.with(|incident| rated(incident, ratings)))
    });
    let reader = state.reader.get_value();
    let may_rate = reader.is_some_and(|reader| reader.role >= Role::Approver);
    asked(state.number(), rated, may_rate, "incident")
}

fn rated(incident: &Incident, ratings: &Ratings) -> Vec<RatedRecommendation> {
    let all = incident.recommendations.iter().filter(|one| can_be_rated(incident, one.place));
    let rated = all.map(|one| RatedRecommendation {
        place: one.place,
        title: one.title.clone(),
        rating: ratings.at(one.place),
    });
    rated.collect()
}
