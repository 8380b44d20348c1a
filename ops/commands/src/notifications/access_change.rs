//! Changes of an account: what lets someone in, and how its person is called.

use domain::{
    actor::Actor,
    id::AccountId,
    journal::{AccountEvent, Event, EventGroup, NotificationEvent},
};
use serde::{Deserialize, Serialize};

/// The changes of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessChange {
    /// A password was set.
    Password,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// Somebody signed in, neither from a known place nor with a known browser.
    UnfamiliarSignIn,
    /// A contact was added or changed.
    ContactSet,
    /// A contact was removed.
    ContactRemoved,
    /// The contact that the message goes to gets no other one.
    LastMessage,
    /// A token was made.
    TokenCreated,
    /// A token was ended.
    TokenRevoked,
    /// Somebody was invited.
    Invited,
}

impl AccessChange {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::LastMessage,
        Self::UnfamiliarSignIn,
        Self::Password,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::ContactSet,
        Self::ContactRemoved,
        Self::TokenCreated,
        Self::TokenRevoked,
        Self::Invited,
    ];

    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Whose account an entry changes, and what about it.
    pub(super) fn of(event: &Event, actor: Actor) -> Option<(AccountId, Self)> {
        // Tokens and invitations have no account of their own: they are told to whoever acted.
        let by = if let Actor::Account(id) = actor { Some(id) } else { None };
        match event.group() {
            EventGroup::Account(event) => match event {
                AccountEvent::PasswordSet { account } => Some((*account, Self::Password)),
                AccountEvent::PasskeyAdded { account, .. } => Some((*account, Self::PasskeyAdded)),
                AccountEvent::PasskeyRemoved { account, .. } => {
                    Some((*account, Self::PasskeyRemoved))
                }
                AccountEvent::SignedIn { account, unfamiliar: true, .. } => {
                    Some((*account, Self::UnfamiliarSignIn))
                }
                AccountEvent::TokenCreated { .. } => Some((by?, Self::TokenCreated)),
                AccountEvent::TokenRevoked { .. } => Some((by?, Self::TokenRevoked)),
                AccountEvent::Invited { .. } => Some((by?, Self::Invited)),
                AccountEvent::OwnerLinkMade
                | AccountEvent::AccountCreated { .. }
                | AccountEvent::RoleChanged { .. }
                | AccountEvent::AccountClosed { .. }
                | AccountEvent::SignedIn { .. }
                | AccountEvent::SignedOut { .. }
                | AccountEvent::InvitationWithdrawn { .. } => None,
            },
            EventGroup::Notification(NotificationEvent::ContactSet { account, .. }) => {
                Some((*account, Self::ContactSet))
            }
            EventGroup::Notification(NotificationEvent::ContactRemoved { account, .. }) => {
                Some((*account, Self::ContactRemoved))
            }
            _ => None,
        }
    }
}

/// Several changes, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessChanges(u16);

impl AccessChanges {
    /// With one more.
    #[must_use]
    pub const fn with(self, change: AccessChange) -> Self {
        Self(self.0 | change.bit())
    }

    /// The changes.
    pub fn iter(self) -> impl Iterator<Item = AccessChange> {
        AccessChange::ALL.into_iter().filter(move |change| self.0 & change.bit() != 0)
    }
}
