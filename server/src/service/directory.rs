//! Who is here, kept at hand: every request asks for it. It is read again as soon as something
//! about people was written, so that what was revoked ends at once.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use commands::{
    accounts::{Account, Accounts, SecretHash, Session, Token},
    view,
};
use domain::{
    access::{Principal, Role},
    actor::{Actor, Names},
    error::Error,
    incident::Incident,
    journal::{Entry, Event, EventGroup},
    recommendation::{Approval, Given, Recommendation},
    time::Timestamp,
};

use super::{Inner, Service, refuse};

/// The roster with what is looked up in it.
#[derive(Debug)]
pub struct Known {
    /// Everyone.
    pub roster: Accounts,
    /// How everyone is called.
    pub names: Names,
    sessions: HashMap<SecretHash, usize>,
    tokens: HashMap<SecretHash, usize>,
    version: u64,
}

impl Known {
    fn new(roster: Accounts, version: u64) -> Self {
        let mut names = Names::default();
        names
            .0
            .extend(roster.accounts.iter().map(|one| (Actor::Account(one.id), one.name.clone())));
        names.0.extend(
            roster
                .tokens
                .iter()
                .map(|one| (Actor::Token(one.id), format!("The program \"{}\"", one.label))),
        );
        let sessions =
            roster.sessions.iter().enumerate().map(|(place, one)| (one.hash, place)).collect();
        let tokens =
            roster.tokens.iter().enumerate().map(|(place, one)| (one.hash, place)).collect();
        Self { roster, names, sessions, tokens, version }
    }

    /// The sign-in of a token, with its account, if both are open.
    pub fn session(&self, hash: SecretHash) -> Option<(&Session, &Account)> {
        let session = self.roster.sessions.get(*self.sessions.get(&hash)?)?;
        let account = self.roster.account(session.account)?;
        (session.ended_at.is_none() && account.closed_at.is_none()).then_some((session, account))
    }

    /// The API token of a secret, if it was not ended.
    pub fn token(&self, hash: SecretHash) -> Option<&Token> {
        self.roster.tokens.get(*self.tokens.get(&hash)?).filter(|token| token.ended_at.is_none())
    }

    /// Who reads, if it is a person who signed in.
    pub fn reader(&self, caller: &Principal) -> Option<view::Viewer> {
        let Principal::Account { id, role, recently_authenticated, .. } = caller else {
            return None;
        };
        let name = self.names.of(Actor::Account(*id));
        Some(view::Viewer {
            account: *id,
            name,
            role: *role,
            recently_authenticated: *recently_authenticated,
        })
    }
}

/// Whether an event changes who is here.
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

    /// Who is here. While the database is away, as it was known last, unless something about people
    /// may have been written since.
    pub(super) async fn known(&self) -> Result<Arc<Known>, Error> {
        let version = self.people_version.load(Ordering::Acquire);
        let last = self.roster.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(last) = &last
            && last.version == version
        {
            return Ok(Arc::clone(last));
        }
        match self.store.roster().await {
            Ok(roster) => {
                let known = Arc::new(Known::new(roster, version));
                *self.roster.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(Arc::clone(&known));
                Ok(known)
            }
            // Better nobody than someone whose sign-in may have ended.
            Err(error) => Err(refuse(error)),
        }
    }
}
