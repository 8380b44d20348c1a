//! Accounts, kept at hand: every request asks for them. They are read again as soon as something about
//! people was written, so that what was revoked ends at once.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use commands::accounts::Account;
use domain::{
    access::{Principal, Role},
    actor::Actor,
    error::Error,
    incident::Incident,
    journal::{Entry, Event, EventGroup},
    recommendation::{Approval, Given, Recommendation},
    time::Timestamp,
};

use super::{directory::Known, failure::refuse, handle::Service, inner::Inner};

/// True if an event changes who is here.
const fn is_about_people(event: &Event) -> bool {
    matches!(event.group(), EventGroup::Account(_))
}

impl Service {
    /// Whose yes to a recommendation does not count any more: their role was changed, their account
    /// was closed, or they set another password since, as one does whose sign-in someone else had.
    pub async fn no_approvers(
        &self,
        incident: &Incident,
        one: &Recommendation,
    ) -> Result<Vec<Actor>, Error> {
        let known = self.inner.known().await?;
        let counts = |given: &Given| {
            let Actor::Account(id) = given.by else { return false };
            known.roster.account(id).is_some_and(|account| {
                let before = one.approval == Approval::One
                    || account.role_since() < incident.first_offered_at(one);
                let same = account.password_since.is_none_or(|since| since <= given.at);
                account.closed_at.is_none() && account.role >= Role::Approver && before && same
            })
        };
        Ok(one.approvals.iter().filter(|given| !counts(given)).map(|given| given.by).collect())
    }
}

impl Inner {
    /// Since when a caller has their role, if it is a person.
    pub(super) async fn role_since(&self, caller: &Principal) -> Result<Option<Timestamp>, Error> {
        let Some(id) = caller.account() else { return Ok(None) };
        Ok(self.known().await?.roster.account(id).map(Account::role_since))
    }

    /// Called before anyone learns that the entries were written.
    pub(super) fn people_changed(&self, entries: &[Entry]) {
        if entries.iter().filter_map(|entry| entry.event.as_ref()).any(is_about_people) {
            self.people_unclear();
        }
    }

    /// A change may have been carried out though its answer was lost, and it may have revoked
    /// something: what is known of people is read again before it is trusted.
    pub(super) fn people_unclear(&self) {
        self.people_version.fetch_add(1, Ordering::Release);
        self.people.send_modify(|count| *count += 1);
    }

    /// The accounts. While the database is away, as it was known last, unless something about
    /// people may have been written since.
    pub(super) async fn known(&self) -> Result<Arc<Known>, Error> {
        let version = self.people_version.load(Ordering::Acquire);
        let seen = self.seen_version.load(Ordering::Acquire);
        let last = self.roster.read().unwrap_or_else(PoisonError::into_inner).clone();
        let last = last.filter(|last| last.version == version);
        if let Some(last) = &last
            && last.seen == seen
        {
            return Ok(Arc::clone(last));
        }
        match self.ask(self.store.roster()).await {
            Ok(roster) => {
                let known = Arc::new(Known::new(roster, version, seen));
                *self.roster.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(Arc::clone(&known));
                Ok(known)
            }
            // Better nobody than someone whose sign-in may have ended.
            Err(error) => last.ok_or_else(|| refuse(error)),
        }
    }
}
