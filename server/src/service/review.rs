//! Reviews of incidents: facts made of journal and history, and what people write, rate and plan
//! beside them.

mod facts;

use commands::{
    accounts::Account,
    command::{
        AddPreventionStep, Command, DropPreventionStep, FinishPreventionStep, RateRecommendation,
        SaveReview,
    },
    operation::Operation as _,
    review::{
        PreventionList, RatedRecommendation, ReviewPage, StepOwner, add_step, can_be_rated,
        drop_step, finish_step, save,
    },
    view::Series,
};
use domain::{
    access::{Principal, Role},
    actor::Actor,
    authorization::authorize,
    error::{Entity, Error},
    id::IncidentNumber,
    incident::Incident,
    journal::{Entry, Event},
    review::{DueDate, PreventionCounts, PreventionStep, Ratings, ReviewVersions, StepState},
    time::Span,
};
use wording::{generated::MARK, summary::headline};

use super::{failure::refuse, inner::Inner, readings::without_body};
use crate::{
    learned::{ENTRIES, of_kinds, prevention_steps},
    store::{About, StoreError},
};

/// The most entries of a kind that are shown of those before the newest.
const FIRST: usize = 20;
/// The most steps that are over and listed.
const ENDED: usize = 50;
/// The most earlier versions that are shown.
const EARLIER: usize = 20;
/// The most charts.
const CHARTS: usize = 6;
/// The time before and after an incident that charts show.
const BEFORE: Span = Span::from_mins(30);
const AFTER: Span = Span::from_mins(10);

/// The kinds of entries that tell of steps of an incident, for one with many entries.
const STEPS: [&str; 7] = [
    "breach_joined",
    "called",
    "acknowledged",
    "recommended",
    "approved",
    "recommendation_declined",
    "measure_began",
];

impl Inner {
    /// The review of an incident.
    pub(super) async fn review(
        &self,
        caller: &Principal,
        number: IncidentNumber,
    ) -> Result<ReviewPage, Error> {
        // Read before everything else: what comes meanwhile is told by the next reading.
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let incident = self.real_incident(number).await?;
        let (timeline, newest_only) = self.review_timeline(number).await.map_err(refuse)?;
        let (facts, compared) = self.review_facts(&incident, &timeline).await?;
        let versions = self.review_versions(number).await.map_err(refuse)?;
        let rated = of_kinds(&*self.store, Some(number), &["recommendation_rated"])
            .await
            .map_err(refuse)?;
        let ratings = Ratings::of(&rated);
        let ran = incident.recommendations.iter().filter(|one| can_be_rated(&incident, one.place));
        let saved = versions.last().cloned();
        let signals = incident.breaches.iter().map(|known| &known.breach.key);
        let signals =
            signals.map(|key| (key.subject.clone(), key.signal.clone())).collect::<Vec<_>>();
        let newest = saved.as_ref().map(|saved| saved.number);
        let earlier = versions.versions.into_iter().rev().filter(|one| Some(one.number) != newest);
        Ok(ReviewPage {
            proposals: self.offered_thresholds(signals).await?,
            cursor,
            checked_at: self.clock.now().wall,
            incident: number,
            headline: headline(&incident.summary),
            opened_at: incident.opened_at,
            resolved_at: incident.resolution.as_ref().map(|end| end.at),
            facts,
            compared,
            timeline: timeline.into_iter().map(without_body).collect(),
            newest_only,
            series: self.review_series(&incident).await,
            saved,
            earlier: earlier.take(EARLIER).collect(),
            // That they can't be read is no reason not to show the review.
            similar: self.similar(&incident).await.unwrap_or_default(),
            ratings: ran
                .map(|one| RatedRecommendation {
                    place: one.place,
                    title: one.title.clone(),
                    rating: ratings.at(one.place),
                })
                .collect(),
            steps: prevention_steps(&*self.store, Some(number)).await.map_err(refuse)?.0,
            owners: self.step_owners().await?,
            issue_url: self.issue_url(),
            names: self.names().await?,
            may_write: authorize(caller, SaveReview::PERMISSION).is_ok(),
            may_rate: authorize(caller, RateRecommendation::PERMISSION).is_ok(),
        })
    }

    /// The prevention steps of all incidents.
    pub(super) async fn prevention(&self, caller: &Principal) -> Result<PreventionList, Error> {
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let steps = prevention_steps(&*self.store, None).await.map_err(refuse)?;
        let open = steps.open().into_iter().cloned().collect();
        let mut ended: Vec<PreventionStep> =
            steps.0.into_iter().filter(|one| !one.is_open()).collect();
        ended.sort_by_key(|one| match one.state {
            StepState::Done { entry, .. } | StepState::Dropped { entry, .. } => {
                std::cmp::Reverse(entry)
            }
            StepState::Open { .. } => std::cmp::Reverse(0),
        });
        ended.truncate(ENDED);
        Ok(PreventionList {
            cursor,
            today: self.today(),
            open,
            ended,
            issue_url: self.issue_url(),
            names: self.names().await?,
            may_write: authorize(caller, FinishPreventionStep::PERMISSION).is_ok(),
        })
    }

    /// The numbers of prevention steps that are open; nothing while the database is away.
    pub(super) async fn prevention_counts(&self) -> Option<PreventionCounts> {
        let steps = self.ask(prevention_steps(&*self.store, None)).await.ok()?;
        Some(steps.counts(self.today()))
    }

    /// The events of a change of a review, and the condition under which they are written.
    pub(super) async fn review_events(
        &self,
        actor: Actor,
        incident: IncidentNumber,
        command: Command,
    ) -> Result<(About, Vec<Event>), Error> {
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        // Nothing is learned from what was no incident.
        self.check_incident(incident).await?;
        let steps =
            || async { prevention_steps(&*self.store, Some(incident)).await.map_err(refuse) };
        let events = match command {
            Command::SaveReview(SaveReview { replaces, sections, .. }) => {
                let known = self.review_versions(incident).await.map_err(refuse)?;
                save(incident, &known, replaces, &sections, actor)?
            }
            Command::AddPreventionStep(AddPreventionStep { text, plan, .. }) => {
                let owners = self.step_owners().await?;
                let owners: Vec<_> = owners.into_iter().map(|one| one.account).collect();
                add_step(incident, &steps().await?, &text, &plan, &owners, self.today())?
            }
            Command::FinishPreventionStep(FinishPreventionStep { step, evidence, .. }) => {
                finish_step(&steps().await?, step, &evidence)?
            }
            Command::DropPreventionStep(DropPreventionStep { step, reason, .. }) => {
                drop_step(&steps().await?, step, &reason)?
            }
            _ => Vec::new(),
        };
        Ok((About::Review { incident, after: cursor.number }, events))
    }

    /// An incident that something can be learned from.
    async fn real_incident(&self, number: IncidentNumber) -> Result<Incident, Error> {
        self.check_incident(number).await?;
        let incident = self.store.incident(number).await.map_err(refuse)?;
        incident.ok_or(Error::NotFound(Entity::Incident(number)))
    }

    /// The newest entries of an incident, its opening, and the first entries of its steps; and how
    /// many are the newest, if those before them are left out.
    async fn review_timeline(
        &self,
        number: IncidentNumber,
    ) -> Result<(Vec<Entry>, Option<u32>), StoreError> {
        let mut timeline = of_kinds(&*self.store, Some(number), &["incident_opened"]).await?;
        let opening = timeline.last().map_or(0, |entry| entry.number);
        let mut newest = self.store.timeline(number, ENTRIES + 1).await?;
        newest.retain(|entry| entry.number > opening);
        if newest.len() <= ENTRIES as usize {
            timeline.extend(newest);
            return Ok((timeline, None));
        }
        let last_left_out = newest.remove(0).number;
        for kind in STEPS {
            let found = of_kinds(&*self.store, Some(number), &[kind]).await?;
            timeline
                .extend(found.into_iter().filter(|one| one.number <= last_left_out).take(FIRST));
        }
        timeline.sort_by_key(|entry| entry.number);
        timeline.extend(newest);
        Ok((timeline, Some(ENTRIES)))
    }

    async fn review_series(&self, incident: &Incident) -> Vec<Series> {
        let now = self.clock.now().wall;
        let until = incident.resolution.as_ref().map_or(now, |end| end.at.plus(AFTER));
        let from = incident.began_at.minus(BEFORE);
        let mut series = Vec::new();
        for known in incident.breaches.iter().take(CHARTS) {
            let key = &known.breach.key;
            let course = self.course(key.subject.clone(), key.signal.clone(), from, until);
            series.extend(course.await.ok());
        }
        series
    }

    async fn review_versions(&self, number: IncidentNumber) -> Result<ReviewVersions, StoreError> {
        Ok(ReviewVersions::of(&of_kinds(&*self.store, Some(number), &["review_saved"]).await?))
    }

    /// The people who may own a step: those who may do something.
    async fn step_owners(&self) -> Result<Vec<StepOwner>, Error> {
        let known = self.known().await?;
        let may_own = |one: &&Account| one.closed_at.is_none() && one.role >= Role::Responder;
        let accounts = known.roster.accounts.iter().filter(may_own);
        let mut owners: Vec<StepOwner> =
            accounts.map(|one| StepOwner { account: one.id, name: one.name.clone() }).collect();
        owners.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(owners)
    }

    fn today(&self) -> DueDate {
        DueDate::of(self.clock.now().wall)
    }

    fn issue_url(&self) -> Option<String> {
        let template = self.set_up.get().and_then(|set_up| set_up.issue_url.clone())?;
        if !self.is_generated() {
            return Some(template);
        }
        let mark = MARK.replace(' ', "%20");
        Some(template.replace("{body}", &format!("{mark}%0A%0A{{body}}")))
    }
}
