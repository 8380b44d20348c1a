//! The entries that tell a person that something about their account was changed: what lets someone
//! in, and how they are called. The first few are told at once and the others together, so that
//! whoever has a stolen sign-in floods nobody.

use std::collections::BTreeMap;

use domain::{
    id::AccountId,
    journal::Entry,
    severity::Severity,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::notifications::{
    Notification, Reason,
    access_change::{AccessChange, AccessChanges},
};

/// So many are told one by one...
const ONE_BY_ONE: usize = 5;
/// ... in this time; what comes beyond waits, and is told together.
const WITHIN: Span = Span::from_mins(10);

/// News that wait to be told, and what was told a moment ago, for each account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AccessNotices(BTreeMap<AccountId, Notices>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Notices {
    told: Vec<Timestamp>,
    waiting: Option<Waiting>,
}

/// Changes that are told together, by the last of them: a contact that one of them has made is told
/// of those that came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    entry: u64,
    at: Timestamp,
    changes: AccessChanges,
}

impl Notices {
    fn may_tell(&self, now: Timestamp) -> bool {
        // What lies ahead is from before the clock was set back.
        let recent = |at: &&Timestamp| **at <= now && now.since(**at) < WITHIN;
        self.told.iter().filter(recent).count() < ONE_BY_ONE
    }
}

impl AccessNotices {
    /// True if something waits that may be told now.
    pub(super) fn is_waiting(&self, now: Timestamp) -> bool {
        self.0.values().any(|one| one.waiting.is_some() && one.may_tell(now))
    }

    /// Takes the next entries, and says who is to be told now.
    pub(super) fn take<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Entry>,
        now: Timestamp,
    ) -> Vec<Notification> {
        for entry in entries {
            let changed =
                entry.event.as_ref().and_then(|event| AccessChange::of(event, entry.actor));
            let Some((account, change)) = changed else { continue };
            let first =
                Waiting { entry: entry.number, at: entry.at, changes: AccessChanges::default() };
            let waiting = self.0.entry(account).or_default().waiting.get_or_insert(first);
            (waiting.entry, waiting.changes) = (entry.number, waiting.changes.with(change));
        }
        let mut due = Vec::new();
        for (account, one) in &mut self.0 {
            if one.may_tell(now)
                && let Some(Waiting { entry, at, changes }) = one.waiting.take()
            {
                one.told.push(now);
                due.push(Notification::about_access(entry, *account, changes, at));
            }
        }
        self.0.retain(|_, one| {
            one.told.retain(|at| *at <= now && now.since(*at) < WITHIN);
            one.waiting.is_some() || !one.told.is_empty()
        });
        due
    }
}

impl Notification {
    /// Tells a person of changes of their account.
    pub fn about_access(
        entry: u64,
        account: AccountId,
        changes: AccessChanges,
        at: Timestamp,
    ) -> Self {
        Self {
            entry,
            incident: domain::id::IncidentNumber(0),
            why: Reason::Access { account, changes },
            severity: Severity::Warning,
            at,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        actor::Actor,
        id::{ContactId, TokenId},
        journal::Event,
    };

    use super::*;

    fn entry(number: u64, account: u32, event: Event) -> Entry {
        let at = Timestamp::from_secs(1_790_000_000).plus(Span::from_millis(number));
        Entry { number, at, actor: Actor::Account(AccountId(account)), event: Some(event) }
    }

    fn toggled(number: u64) -> Entry {
        let (account, contact) = (AccountId(1), ContactId(1));
        let event = if number.is_multiple_of(2) {
            Event::ContactSet { account, contact }
        } else {
            Event::ContactRemoved { account, contact }
        };
        entry(number, 1, event)
    }

    #[test]
    fn one_commit_is_one_message_and_a_thousand_changes_are_a_few() {
        let mut notices = AccessNotices::default();
        let start = Timestamp::from_secs(1_790_000_000);
        let account = AccountId(1);
        let commit = [
            entry(5, 1, Event::PasswordSet { account }),
            entry(6, 1, Event::TokenRevoked { token: TokenId(3) }),
            entry(7, 1, Event::SignedOut { account, session: domain::id::SessionId(1) }),
        ];
        let told = notices.take(commit.iter(), start);
        let changes =
            AccessChanges::default().with(AccessChange::Password).with(AccessChange::TokenRevoked);
        // By the last of them: what the first of several has made is told of the others.
        assert_eq!(told, [Notification::about_access(6, account, changes, commit[0].at)]);

        let mut told = Vec::new();
        // Half an hour, a change every two seconds.
        for number in 0..900_u64 {
            let now = start.plus(Span::from_secs(2 * number));
            told.extend(notices.take([toggled(8 + number)].iter(), now));
        }
        assert!((10..=17).contains(&told.len()), "{}", told.len());
        let end = start.plus(Span::from_mins(60));
        assert!(notices.is_waiting(end), "the last change is told as well");
        assert_eq!(notices.take([].iter(), end).len(), 1);
        assert!(!notices.is_waiting(end));
        notices.take([].iter(), end.plus(WITHIN));
        assert_eq!(notices, AccessNotices::default(), "nothing is remembered for ever");
    }

    #[test]
    fn a_token_is_told_to_whoever_made_it_and_another_account_does_not_wait() {
        let mut notices = AccessNotices::default();
        let now = Timestamp::from_secs(1_790_000_000);
        for number in 0..10 {
            notices.take([toggled(number)].iter(), now);
        }
        let made = Event::TokenCreated { token: TokenId(1), scopes: Vec::new(), expiry: None };
        let told = notices.take([entry(20, 2, made)].iter(), now);
        assert!(
            matches!(told[..], [Notification { why: Reason::Access { account: AccountId(2), changes }, .. }]
            if changes.iter().eq([AccessChange::TokenCreated])),
            "{told:?}"
        );
    }
}
