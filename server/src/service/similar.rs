//! Similar incidents: earlier ones that are like another one, with what resolved them.

use std::collections::BTreeSet;

use domain::{
    error::Error,
    id::IncidentNumber,
    incident::Incident,
    review::Ratings,
    similar::{SimilarIncident, SimilarIncidents},
};
use engine::similar::{self, Traits};
use wording::summary::headline;

use super::{failure::refuse, inner::Inner};
use crate::{
    learned::of_kinds,
    store::{ComparedIncident, Store, StoreError},
};

/// The numbers of the incidents that are like one, the most similar first.
pub(crate) async fn similar_to(
    store: &dyn Store,
    number: IncidentNumber,
) -> Result<Vec<IncidentNumber>, StoreError> {
    let Some(asked) = store.as_past().compared(number).await? else { return Ok(Vec::new()) };
    let asked = traits(&asked);
    let problems: Vec<String> = asked.problems.iter().cloned().collect();
    let found = store.as_past().alike(number, &problems, &asked.looked_up()).await?;
    Ok(similar::rank(&asked, &found.iter().map(traits).collect::<Vec<_>>()))
}

/// The commands that helped in similar incidents, with the incident of each.
pub(crate) async fn helped_before(
    store: &dyn Store,
    number: IncidentNumber,
) -> Result<Vec<(IncidentNumber, BTreeSet<String>)>, StoreError> {
    let mut helped = Vec::new();
    for like in similar_to(store, number).await? {
        helped.extend(store.incident(like).await?.map(|one| (like, similar::helped(&one))));
    }
    Ok(helped)
}

fn traits(one: &ComparedIncident) -> Traits {
    Traits::new(one.number, &one.cause, &one.subjects, &one.problems, &one.text)
}

impl Inner {
    /// The incidents that are like one.
    pub(super) async fn list_similar(
        &self,
        number: IncidentNumber,
    ) -> Result<SimilarIncidents, Error> {
        self.check_incident(number).await?;
        let incident = self.store.incident(number).await.map_err(refuse)?;
        let Some(incident) = incident else { return Ok(SimilarIncidents::default()) };
        let incidents = self.similar(&incident).await.map_err(refuse)?;
        Ok(SimilarIncidents { incidents })
    }

    /// The incidents that are like one, with what resolved them.
    pub(super) async fn similar(
        &self,
        incident: &Incident,
    ) -> Result<Vec<SimilarIncident>, StoreError> {
        let mut alike = Vec::new();
        for number in similar_to(&*self.store, incident.number).await? {
            let Some(one) = self.store.incident(number).await? else { continue };
            let rated = of_kinds(&*self.store, Some(number), &["recommendation_rated"]).await?;
            let Some(resolution) = similar::resolution(&one, &Ratings::of(&rated)) else {
                continue;
            };
            let (signals, subjects) = similar::shared(incident, &one);
            alike.push(SimilarIncident {
                incident: number,
                headline: headline(&one.summary),
                opened_at: one.opened_at,
                signals,
                subjects,
                resolution,
            });
        }
        Ok(alike)
    }
}
