//! Record of access: what the journal says about accounts, passkeys, sign-ins, invitations, tokens,
//! share links and contacts. What is stored about them is compared with it, and where the two differ
//! the journal counts.
//!
//! Not in the journal, and so not proven: names and labels, hashes of passwords and secrets, the keys
//! of passkeys, browsers and addresses of sign-ins, and when something was used last.

mod fold;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{AccountId, ContactId, InvitationId, PasskeyId, SessionId, ShareId, TokenId},
    time::{Span, Timestamp},
};

use crate::{
    accounts::{Account, Accounts, Invitation, Passkey, Session, Token},
    sharing::Share,
};

/// The kinds of entries that the record is made of.
pub const KINDS: &[&str] = &[
    "owner_link_made",
    "account_created",
    "role_changed",
    "account_closed",
    "signed_in",
    "signed_out",
    "password_set",
    "passkey_added",
    "passkey_removed",
    "invited",
    "invitation_withdrawn",
    "token_created",
    "token_revoked",
    "share_created",
    "share_revoked",
    "contact_set",
    "contact_removed",
    "restored",
];

/// A row's times may be so far from its entry's: a change that waits for its turn decides before it
/// is journalled.
const WAITED: Span = Span::from_mins(2);

/// A sign-in that is not ended, but older than this, may have been forgotten.
const FORGOTTEN: Span = Span::from_mins(60 * 24 * 60);

/// A stored row that lets someone in, or says what they may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    /// An account.
    Account(AccountId),
    /// A passkey.
    Passkey(PasskeyId),
    /// A sign-in.
    Session(SessionId),
    /// An invitation, or an owner link.
    Invitation(InvitationId),
    /// A token.
    Token(TokenId),
    /// A share link.
    Share(ShareId),
    /// A contact.
    Contact(ContactId),
}

/// The difference between a row and the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// The journal does not know it.
    Unknown,
    /// The journal knows it, and it is not stored.
    Missing,
    /// Something of it is not what the journal says.
    Different,
}

/// A row that is not what the journal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The row.
    pub record: Record,
    /// The difference.
    pub problem: Problem,
}

/// The rows that are compared, as they are stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredAccess {
    /// Accounts, passkeys, sign-ins, invitations and tokens.
    pub accounts: Accounts,
    /// Share links.
    pub shares: Vec<Share>,
    /// Contacts with whose they are.
    pub contacts: Vec<(ContactId, AccountId)>,
}

/// The rights of people and programs, as the journal tells them. Fields that the journal does not
/// hold are empty.
#[derive(Clone, Debug, Default)]
pub struct AccessRecord {
    /// The number of the last entry that was taken.
    number: u64,
    /// The time of the last entry that was taken.
    at: Option<Timestamp>,
    accounts: BTreeMap<AccountId, Account>,
    passkeys: BTreeMap<PasskeyId, Passkey>,
    /// Those that nobody has ended.
    sessions: BTreeMap<SessionId, Session>,
    invitations: BTreeMap<InvitationId, Invitation>,
    tokens: BTreeMap<TokenId, Token>,
    shares: BTreeMap<ShareId, Share>,
    contacts: BTreeMap<ContactId, AccountId>,
    /// Tokens whose end is not in the journal.
    endless: BTreeSet<TokenId>,
    /// Links of which the journal does not tell what they show.
    vague: BTreeSet<ShareId>,
    /// Entries about access whose content is gone; none of these kinds can be redacted.
    removed: Vec<u64>,
}

/// The stored moment where it is about that of the entry, and else the entry's.
fn near(stored: Timestamp, told: Timestamp) -> Timestamp {
    let apart = stored.since(told).max(told.since(stored));
    if apart <= WAITED { stored } else { told }
}

/// The stored moment where it is no later than that of the entry: what ends earlier allows less.
fn no_later(stored: Timestamp, told: Timestamp) -> Timestamp {
    if stored <= told { stored } else { near(stored, told) }
}

fn near_both(stored: Option<Timestamp>, told: Option<Timestamp>) -> Option<Timestamp> {
    stored.zip(told).map_or(told, |(stored, told)| Some(near(stored, told)))
}

impl AccessRecord {
    /// The number of the last entry that was taken.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Entries about access whose content was taken away: what they said is not known.
    pub fn removed(&self) -> &[u64] {
        &self.removed
    }

    /// Number of tokens and links that were journalled before all that they allow was: what is
    /// missing there is not proven.
    pub fn untold(&self) -> usize {
        self.endless.len() + self.vague.len()
    }

    /// An account as it should be; `None` if the journal does not know it.
    fn account(&self, stored: &Account) -> Option<Account> {
        let told = self.accounts.get(&stored.id)?;
        Some(Account {
            name: stored.name.clone(),
            password: stored.password.clone(),
            created_at: near(stored.created_at, told.created_at),
            closed_at: near_both(stored.closed_at, told.closed_at),
            role_since: near_both(stored.role_since, told.role_since),
            password_since: near_both(stored.password_since, told.password_since),
            ..told.clone()
        })
    }

    fn passkey(&self, stored: &Passkey) -> Option<Passkey> {
        let told = self.passkeys.get(&stored.id)?;
        Some(Passkey {
            account: told.account,
            created_at: near(stored.created_at, told.created_at),
            ..stored.clone()
        })
    }

    fn session(&self, stored: &Session) -> Option<Session> {
        let Some(told) = self.sessions.get(&stored.id) else {
            // One that has ended lets nobody in.
            return stored.ended_at.map(|_| stored.clone());
        };
        Some(Session {
            account: told.account,
            created_at: no_later(stored.created_at, told.created_at),
            proved_at: no_later(stored.proved_at, told.proved_at),
            by: stored.by.and(told.by),
            ended_at: told.ended_at,
            ..stored.clone()
        })
    }

    fn invitation(&self, stored: &Invitation) -> Option<Invitation> {
        let told = self.invitations.get(&stored.id)?;
        Some(Invitation {
            hash: stored.hash,
            created_at: near(stored.created_at, told.created_at),
            until: no_later(stored.until, told.until),
            ended_at: near_both(stored.ended_at, told.ended_at),
            ..told.clone()
        })
    }

    fn token(&self, stored: &Token) -> Option<Token> {
        let told = self.tokens.get(&stored.id)?;
        let until = match (stored.until, told.until) {
            (Some(stored), Some(told)) => Some(stored.min(told)),
            (Some(stored), None) => Some(stored),
            (None, told) => told,
        };
        Some(Token {
            label: stored.label.clone(),
            hash: stored.hash,
            used_at: stored.used_at,
            created_at: near(stored.created_at, told.created_at),
            ended_at: near_both(stored.ended_at, told.ended_at),
            until,
            ..told.clone()
        })
    }

    /// A share link as it should be; `None` if the journal does not know it.
    pub fn share(&self, stored: &Share) -> Option<Share> {
        let told = self.shares.get(&stored.id)?;
        let (audience, parts, hosts) = if self.vague.contains(&stored.id) {
            (stored.audience, stored.parts, stored.hosts)
        } else {
            (told.audience, told.parts, told.hosts)
        };
        Some(Share {
            label: stored.label.clone(),
            audience,
            parts,
            hosts,
            made_at: near(stored.made_at, told.made_at),
            revoked_at: near_both(stored.revoked_at, told.revoked_at),
            until: stored.until.min(told.until),
            last_used_at: stored.last_used_at,
            views: stored.views,
            ..told.clone()
        })
    }

    /// Whose a contact is.
    pub fn contact(&self, id: ContactId) -> Option<AccountId> {
        self.contacts.get(&id).copied()
    }

    /// Accounts as the journal allows them: what it does not know is left out, and where a row says
    /// something else the journal counts.
    #[must_use]
    pub fn restrict(&self, stored: &Accounts) -> Accounts {
        fn kept<R>(rows: &[R], right: impl Fn(&R) -> Option<R>) -> Vec<R> {
            rows.iter().filter_map(right).collect()
        }
        Accounts {
            accounts: kept(&stored.accounts, |row| self.account(row)),
            passkeys: kept(&stored.passkeys, |row| self.passkey(row)),
            sessions: kept(&stored.sessions, |row| self.session(row)),
            invitations: kept(&stored.invitations, |row| self.invitation(row)),
            tokens: kept(&stored.tokens, |row| self.token(row)),
        }
    }

    /// The rows that are not what the journal says, the others are.
    pub fn differences(&self, stored: &StoredAccess) -> Vec<Difference> {
        let StoredAccess { accounts, shares, contacts } = stored;
        let mut found = self.account_differences(accounts);
        compare(
            &mut found,
            &self.shares,
            shares,
            |one| one.id,
            |row| self.share(row),
            Record::Share,
        );
        compare(
            &mut found,
            &self.contacts,
            contacts,
            |(id, _)| *id,
            |(id, _)| self.contact(*id).map(|account| (*id, account)),
            Record::Contact,
        );
        found
    }

    /// The same of the accounts and what belongs to them, as a backup has them: without sign-ins.
    pub fn lasting_differences(&self, stored: &Accounts) -> Vec<Difference> {
        let mut found = self.account_differences(stored);
        found.retain(|one| {
            !matches!(one, Difference { record: Record::Session(_), problem: Problem::Missing })
        });
        found
    }

    fn account_differences(&self, stored: &Accounts) -> Vec<Difference> {
        let Accounts { accounts, passkeys, sessions, invitations, tokens } = stored;
        let mut found = Vec::new();
        let all = &mut found;
        compare(
            all,
            &self.accounts,
            accounts,
            |one| one.id,
            |row| self.account(row),
            Record::Account,
        );
        compare(
            all,
            &self.passkeys,
            passkeys,
            |one| one.id,
            |row| self.passkey(row),
            Record::Passkey,
        );
        compare(
            all,
            &self.sessions,
            sessions,
            |one| one.id,
            |row| self.session(row),
            Record::Session,
        );
        let right = |row: &Invitation| self.invitation(row);
        compare(all, &self.invitations, invitations, |one| one.id, right, Record::Invitation);
        compare(all, &self.tokens, tokens, |one| one.id, |row| self.token(row), Record::Token);
        // Old sign-ins are forgotten, and nobody comes in by them.
        found.retain(|one| {
            let Difference { record: Record::Session(id), problem: Problem::Missing } = one else {
                return true;
            };
            let began = self.sessions.get(id).map(|session| session.created_at);
            began.zip(self.at).is_none_or(|(began, now)| now.since(began) < FORGOTTEN)
        });
        found
    }
}

/// Adds the rows that differ from what is told of them, and those that are missing.
fn compare<K: Ord + Copy, T, R: PartialEq>(
    found: &mut Vec<Difference>,
    told: &BTreeMap<K, T>,
    stored: &[R],
    key: impl Fn(&R) -> K,
    right: impl Fn(&R) -> Option<R>,
    record: impl Fn(K) -> Record,
) {
    for row in stored {
        let problem = match right(row) {
            None => Problem::Unknown,
            Some(right) if right != *row => Problem::Different,
            Some(_) => continue,
        };
        found.push(Difference { record: record(key(row)), problem });
    }
    let there: BTreeSet<K> = stored.iter().map(key).collect();
    let missing = told.keys().filter(|id| !there.contains(id));
    found.extend(missing.map(|id| Difference { record: record(*id), problem: Problem::Missing }));
}
