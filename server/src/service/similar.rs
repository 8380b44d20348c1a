//! Similar incidents: earlier ones that are like another one, with what resolved them.

use domain::{
    error::Error,
    id::IncidentNumber,
    incident::Incident,
    review::Ratings,
    similar::{SimilarIncident, SimilarIncidents},
};
use engine::{
    recommender::HelpedIn,
    similar::{self, Traits},
};
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
) -> Result<Vec<HelpedIn>, StoreError> {
    let mut found = Vec::new();
    for like in similar_to(store, number).await? {
        let Some(one) = store.incident(like).await? else { continue };
        let ratings = ratings_of(store, like).await?;
        found.push((like, similar::helped(&one, &ratings)));
    }
    Ok(found)
}

/// The ratings of an incident's recommendations.
async fn ratings_of(store: &dyn Store, incident: IncidentNumber) -> Result<Ratings, StoreError> {
    Ok(Ratings::of(&of_kinds(store, Some(incident), &["recommendation_rated"]).await?))
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
            let ratings = ratings_of(&*self.store, number).await?;
            let Some(resolution) = similar::resolution(&one, &ratings) else { continue };
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
