//! The record, entry by entry.

use domain::{
    access::{Audience, Expiry, Role, SharePart},
    actor::Actor,
    id::{AccountId, InvitationId},
    journal::{
        AccountEvent, Entry, Event, EventGroup, JournalEvent, NotificationEvent, ShareEvent,
    },
    time::{Span, Timestamp},
};

use super::{AccessRecord, FORGOTTEN};
use crate::{
    accounts::{
        Account, Invitation, LONGEST_INVITATION, OWNER_LINK, Passkey, PasswordHash, SecretHash,
        Session, Token,
    },
    sharing::{Parts, Share},
};

/// In place of a secret's hash, which the journal does not hold.
const NO_HASH: SecretHash = SecretHash([0; 32]);

const fn person(actor: Actor) -> Option<AccountId> {
    if let Actor::Account(id) = actor { Some(id) } else { None }
}

impl AccessRecord {
    /// Takes the next entry. One that is not about access changes nothing.
    pub fn take(&mut self, entry: &Entry) {
        self.number = self.number.max(entry.number);
        self.at = Some(entry.at);
        let Some(event) = &entry.event else { return };
        self.event(event, entry.actor, entry.at);
    }

    /// Takes an entry whose content is gone.
    pub fn take_removed(&mut self, number: u64, kind: &str) {
        self.number = self.number.max(number);
        if super::KINDS.contains(&kind) {
            self.removed.push(number);
        }
    }

    fn event(&mut self, event: &Event, actor: Actor, at: Timestamp) {
        match event.group() {
            EventGroup::Account(event) => self.account_event(event, actor, at),
            EventGroup::Share(event) => self.share_event(event, actor, at),
            EventGroup::Notification(NotificationEvent::ContactSet { account, contact }) => {
                self.contacts.insert(*contact, *account);
            }
            EventGroup::Notification(NotificationEvent::ContactRemoved { contact, .. }) => {
                self.contacts.remove(contact);
            }
            // They are not in a backup.
            EventGroup::Journal(JournalEvent::Restored { .. }) => {
                self.sessions.clear();
                self.shares.clear();
                self.vague.clear();
                self.contacts.clear();
            }
            EventGroup::Incident(_)
            | EventGroup::Recommendation(_)
            | EventGroup::Notification(_)
            | EventGroup::Journal(_)
            | EventGroup::Document(_)
            | EventGroup::Threshold(_)
            | EventGroup::System(_)
            | EventGroup::Change(_)
            | EventGroup::Maintenance(_)
            | EventGroup::Practice(_)
            | EventGroup::Protection(_)
            | EventGroup::StatusPage(_)
            | EventGroup::Message(_)
            | EventGroup::Review(_)
            | EventGroup::Report(_) => {}
        }
    }

    fn account_event(&mut self, event: AccountEvent<'_>, actor: Actor, at: Timestamp) {
        match event {
            AccountEvent::OwnerLinkMade => {
                // Earlier ones end with it.
                for one in self.invitations.values_mut() {
                    if one.role == Role::Owner && one.ended_at.is_none() {
                        one.ended_at = Some(at);
                    }
                }
                let last = self.invitations.last_key_value().map_or(0, |(id, _)| id.0);
                let id = InvitationId(last.saturating_add(1));
                self.invite(id, Role::Owner, at, OWNER_LINK, None);
            }
            AccountEvent::Invited { invitation, role } => {
                self.invite(*invitation, *role, at, LONGEST_INVITATION, person(actor));
            }
            AccountEvent::InvitationWithdrawn { invitation } => self.used(*invitation, at),
            AccountEvent::AccountCreated { account, role, invitation } => {
                let made = Account {
                    id: *account,
                    name: String::new(),
                    role: *role,
                    created_at: at,
                    closed_at: None,
                    password: PasswordHash(String::new()),
                    role_since: None,
                    password_since: None,
                };
                self.accounts.insert(*account, made);
                if let Some(invitation) = invitation {
                    self.used(*invitation, at);
                }
            }
            AccountEvent::RoleChanged { account, role } => {
                self.with_account(*account, |one| {
                    (one.role, one.role_since) = (*role, Some(at));
                });
            }
            AccountEvent::AccountClosed { account, closed } => {
                self.with_account(*account, |one| {
                    one.closed_at = closed.then_some(at);
                    if !closed {
                        one.role_since = Some(at);
                    }
                });
            }
            AccountEvent::PasswordSet { account } => {
                self.with_account(*account, |one| one.password_since = Some(at));
            }
            AccountEvent::SignedIn { account, session, by, .. } => {
                let begun = Session {
                    id: *session,
                    account: *account,
                    hash: NO_HASH,
                    created_at: at,
                    seen_at: at,
                    proved_at: at,
                    by: Some(*by),
                    agent: String::new(),
                    address: String::new(),
                    ended_at: None,
                };
                self.sessions.retain(|_, one| at.since(one.created_at) < FORGOTTEN);
                self.sessions.insert(*session, begun);
            }
            AccountEvent::SignedOut { session, .. } => {
                self.sessions.remove(session);
            }
            AccountEvent::PasskeyAdded { account, passkey } => {
                let added = Passkey {
                    id: *passkey,
                    account: *account,
                    label: String::new(),
                    credential: Vec::new(),
                    key: Vec::new(),
                    state: Vec::new(),
                    created_at: at,
                    used_at: None,
                };
                self.passkeys.insert(*passkey, added);
            }
            AccountEvent::PasskeyRemoved { passkey, .. } => {
                self.passkeys.remove(passkey);
            }
            AccountEvent::TokenCreated { token, scopes, expiry } => {
                let until = match expiry {
                    Some(Expiry::At(until)) => Some(*until),
                    Some(Expiry::Never) => None,
                    None => {
                        self.endless.insert(*token);
                        None
                    }
                };
                let made = Token {
                    id: *token,
                    label: String::new(),
                    scopes: scopes.iter().copied().collect(),
                    hash: NO_HASH,
                    created_at: at,
                    until,
                    used_at: None,
                    ended_at: None,
                    made_by: person(actor),
                };
                self.tokens.insert(*token, made);
            }
            AccountEvent::TokenRevoked { token } => {
                if let Some(one) = self.tokens.get_mut(token) {
                    one.ended_at = Some(at);
                }
            }
        }
    }

    fn share_event(&mut self, event: ShareEvent<'_>, actor: Actor, at: Timestamp) {
        match event {
            ShareEvent::ShareCreated { incident, share, until, audience, shows } => {
                if audience.is_none() {
                    self.vague.insert(*share);
                }
                let made = Share {
                    id: *share,
                    incident: *incident,
                    label: String::new(),
                    audience: audience.unwrap_or(Audience::Customer),
                    parts: Parts {
                        summary: shows.contains(&SharePart::Summary),
                        timeline: shows.contains(&SharePart::Timeline),
                        now: shows.contains(&SharePart::Now),
                    },
                    hosts: shows.contains(&SharePart::Hosts),
                    made_by: actor,
                    made_at: at,
                    until: *until,
                    revoked_at: None,
                    last_used_at: None,
                    views: 0,
                };
                self.shares.insert(*share, made);
            }
            ShareEvent::ShareRevoked { share, .. } => {
                if let Some(one) = self.shares.get_mut(share) {
                    one.revoked_at = Some(at);
                }
            }
        }
    }

    fn invite(
        &mut self,
        id: InvitationId,
        role: Role,
        at: Timestamp,
        open: Span,
        made_by: Option<AccountId>,
    ) {
        let made = Invitation {
            id,
            role,
            hash: NO_HASH,
            created_at: at,
            until: at.plus(open),
            ended_at: None,
            made_by,
        };
        self.invitations.insert(id, made);
    }

    fn used(&mut self, id: InvitationId, at: Timestamp) {
        if let Some(one) = self.invitations.get_mut(&id) {
            one.ended_at = Some(at);
        }
    }

    fn with_account(&mut self, id: AccountId, change: impl FnOnce(&mut Account)) {
        if let Some(one) = self.accounts.get_mut(&id) {
            change(one);
        }
    }
}
