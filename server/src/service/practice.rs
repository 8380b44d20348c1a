//! Practice: what keeps one from beginning, and what readiness tells of it.

use commands::{
    command::{BeginPractice, EndPractice},
    operation::Operation as _,
    practice::{PracticeState, begin, obstacle, refused},
};
use domain::{
    access::Principal,
    authorization::authorize,
    error::{Conflict, Error},
    practice::PracticeRefusal,
    time::Span,
};
use wording::error::sentence;

use super::{failure::refuse, inner::Inner};
use crate::{
    practice,
    store::{About, Decide},
};

impl Inner {
    /// The beginning of a practice, or what is in its way.
    pub(super) async fn begin_practice(&self, length: Span) -> Result<(About, Decide), Error> {
        let now = self.clock.now().wall;
        let known = self.at_hand().await.map_err(refuse)?;
        begin(known.announcements.practice.as_ref(), &known.incidents, length, now)?;
        self.check_documents()?;
        Ok(practice::beginning(length, now))
    }

    /// The end of a practice by a person.
    pub(super) async fn end_practice(&self) -> Result<(About, Decide), Error> {
        let known = self.at_hand().await.map_err(refuse)?;
        practice::ending(known.announcements.practice.as_ref())
    }

    /// Looks whether the documents in force have what a practice needs.
    fn check_documents(&self) -> Result<(), Error> {
        let thresholds = self.board.thresholds().ok_or_else(|| refused(PracticeRefusal::NoRow))?;
        let catalogue = self.recovery.catalogue().ok_or(Conflict::CatalogueInvalid)?;
        policy::practice::check(&thresholds, &catalogue).map_err(refused)
    }

    /// The last practice, and what the next one needs.
    pub(super) async fn practice_state(&self, who: &Principal) -> Result<PracticeState, Error> {
        let at_hand = self.at_hand().await.map_err(refuse)?;
        let open = at_hand.announcements.practice.clone();
        let in_the_way = obstacle(open.as_ref(), &at_hand.incidents)
            .filter(|obstacle| *obstacle != PracticeRefusal::InForce);
        let in_the_way = match in_the_way {
            Some(obstacle) => Some(refused(obstacle)),
            None => self.check_documents().err(),
        };
        Ok(PracticeState {
            last: practice::last(&*self.store).await.map_err(refuse)?,
            open,
            notified: practice::notified(&*self.store).await.map_err(refuse)?,
            obstacle: in_the_way.map(|error| sentence(&error)),
            may_decide: authorize(who, BeginPractice::PERMISSION).is_ok(),
            may_end: authorize(who, EndPractice::PERMISSION).is_ok(),
        })
    }
}
